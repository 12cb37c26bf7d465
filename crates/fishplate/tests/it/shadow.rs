//! `fishplate shadow`, beside a real n8n or what one answered.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use world::recorder::{Recorder, Rule};

use crate::n8n::N8n;
use crate::server::{BINARY, Server, whole};

fn shadow(server: &Server, n8n: &N8n, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["--output", "json", "--data"]).arg(server.data()).args(["--server", &server.url]);
    command.args(["shadow", "--n8n", &n8n.url]).args(arguments);
    command.env("FISHPLATE_N8N_API_KEY", &n8n.key).env_remove("FISHPLATE_TOKEN");
    command
}

fn moved(server: &Server, n8n: &N8n) {
    let mut command = Command::new(BINARY);
    command.arg("--data").arg(server.data()).args(["--server", &server.url]);
    command.args(["import", "--from-n8n", &n8n.url, "--tag", "shop", "--activate"]);
    let output = command.env("FISHPLATE_N8N_API_KEY", &n8n.key).env_remove("FISHPLATE_TOKEN").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A shadowing that listens, and where.
fn listen(mut command: Command) -> (Child, String, BufReader<std::process::ChildStdout>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).expect("it says where it listens");
    (child, said["address"].as_str().unwrap().to_owned(), out)
}

fn end(mut child: Child, mut out: BufReader<std::process::ChildStdout>) -> (Option<i32>, Value) {
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

const ORDER: &str = "{\"lines\":[{\"article\":\"tie\",\"amount\":10,\"each\":7}]}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_get_the_answers_of_n8n_and_the_report_says_what_differs() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    moved(&server, &n8n);
    let log = server.folder.path().join("shadow.jsonl");
    let log_name = log.to_str().unwrap();
    let command = shadow(
        &server,
        &n8n,
        &["--listen", "127.0.0.1:0", "--count", "3", "--ignore", "$.at", "--header", "X-Source", "--log", log_name],
    );
    let (child, address, out) = listen(command);
    // The client of the tests asks any address; the server beside it is not the one that is asked.
    let ask = async |method: &str, path: &str, body: &str| {
        let mut request = outbound::Request::new(method.parse().unwrap(), format!("{address}{path}").parse().unwrap())
            .body(body.to_owned());
        request.headers.insert("content-type", "application/json".parse().unwrap());
        request.headers.insert("authorization", "Bearer nobody-else".parse().unwrap());
        let meta = outbound::Meta::new(model::ScopeId(1));
        whole(crate::server::client().send(request, meta).await.unwrap()).await
    };
    let order = ask("POST", "/webhook/order-total", ORDER).await;
    assert_eq!((order.status, &order.json()["total"]), (200, &json!(70)));
    let greeting = ask("GET", "/webhook/greeting?name=Ada", "").await;
    assert_eq!((greeting.status, &greeting.bytes[..]), (201, &b"Hello Ada!"[..]));
    let nothing = ask("GET", "/webhook/no-such-path", "").await;
    assert_eq!(nothing.status, 404);

    let (exit, report) = end(child, out);
    assert_eq!(report["total"]["events"], 3, "{report}");
    let address = |event: &str| {
        let found = report["addresses"].as_array().unwrap().iter().find(|sum| sum["event"] == event);
        found.unwrap_or_else(|| panic!("{event}: {report}")).clone()
    };
    assert_eq!(address("POST /webhook/order-total")["same"], 1, "{report}");
    assert_eq!(address("GET /webhook/greeting")["same"], 1, "{report}");
    assert!(address("POST /webhook/order-total")["n8n"]["p95"].as_f64().unwrap() > 0.0);
    // Both have no such address, and say so in words of their own.
    assert_eq!(address("GET /webhook/no-such-path")["different"], 1, "{report}");
    assert_eq!(exit, Some(1), "a difference has its exit code");
    let lines: Vec<Value> =
        std::fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert!(
        !std::fs::read_to_string(&log).unwrap().contains("nobody-else"),
        "what lets somebody in is not written down"
    );

    // What was written down is sent once more: only what answers the same is left in the file.
    let good: Vec<String> = lines.iter().filter(|line| line["same"] == true).map(Value::to_string).collect();
    std::fs::write(&log, good.join("\n")).unwrap();
    let again = shadow(&server, &n8n, &["--replay", log_name, "--ignore", "$..at"]).output().unwrap();
    let report: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((again.status.code(), &report["total"]["same"]), (Some(0), &json!(2)), "{report}");
    let strict = shadow(&server, &n8n, &["--replay", log_name]).output().unwrap();
    let report: Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!((strict.status.code(), &report["differences"][0]["path"]), (Some(1), &json!("$.at")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_change_something_go_to_one_side_when_that_is_asked_for() {
    let server = Server::start().await;
    let (there, here) = (Recorder::start().await.unwrap(), Recorder::start().await.unwrap());
    there.on("/", Rule::json(&json!({ "from": "n8n" })));
    here.on("/", Rule::json(&json!({ "from": "here" })));
    let mut command = Command::new(BINARY);
    command.args(["--output", "json", "--data"]).arg(server.data());
    command.args(["shadow", "--n8n", &there.url(""), "--here", &here.url(""), "--listen", "127.0.0.1:0"]);
    command.args(["--only", "GET", "--mark", "--answer", "here", "--count", "2"]);
    let (child, address, out) = listen(command);
    for method in ["POST", "GET"] {
        let request =
            outbound::Request::new(method.parse().unwrap(), format!("{address}/webhook/x?a=1").parse().unwrap());
        let answer = crate::server::client().send(request, outbound::Meta::new(model::ScopeId(1))).await.unwrap();
        assert_eq!(whole(answer).await.json()["from"], "here");
    }
    let (exit, report) = end(child, out);
    assert_eq!((exit, &report["total"]["passed"], &report["total"]["different"]), (Some(1), &json!(1), &json!(1)));
    assert_eq!(report["differences"][0]["path"], "$.from");
    let there: Vec<_> = there.requests();
    assert_eq!((there.len(), there[0].method.as_str(), there[0].query.as_str()), (1, "GET", "a=1"));
    assert_eq!(there[0].header("x-fishplate-shadow"), Some("1"));
    assert!(here.requests().iter().all(|request| request.header("x-fishplate-shadow").is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_n8n_has_recorded_is_run_again_here_and_comes_to_the_same() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    // `new Date()` in code is the one thing that two runs cannot share.
    let all = shadow(&server, &n8n, &["--from-executions", "20", "--slack", "1m"]).output().unwrap();
    let report: Value = serde_json::from_slice(&all.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&all.stderr)));
    assert!(report["total"]["events"].as_u64().unwrap() >= 3, "{report}");
    assert_eq!((&report["total"]["different"], &report["skipped"]), (&json!(0), &json!([])), "{report}");
    assert_eq!(all.status.code(), Some(0));
    assert!(report["addresses"].to_string().contains("Order total"), "{report}");

    let none = shadow(&server, &n8n, &["--from-executions", "20", "--workflow", "No such"]).output().unwrap();
    assert_eq!(none.status.code(), Some(4));
    let nothing = shadow(&server, &n8n, &[]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&nothing.stdout).contains("--from-executions"));
}
