//! `fishplate import --from-n8n`, against a real n8n or what one answered.

use std::process::{Command, Output};

use serde_json::{Value, json};
use world::recorder::{Recorder, Rule};

use crate::n8n::N8n;
use crate::server::{BINARY, Server, whole};

fn import(server: &Server, url: &str, key: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(["--output", "json", "--data"]).arg(server.data()).args(["--server", &server.url]);
    command.args(["import", "--from-n8n", url]).args(arguments);
    command.env("FISHPLATE_N8N_API_KEY", key).env_remove("FISHPLATE_TOKEN").output().unwrap()
}

#[track_caller]
fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// `name: decision`, sorted.
fn decisions(report: &Value) -> Vec<String> {
    let workflows = report["workflows"].as_array().unwrap().iter();
    let mut all: Vec<String> = workflows
        .map(|one| format!("{}: {}", one["name"].as_str().unwrap(), one["decision"].as_str().unwrap()))
        .collect();
    let others = report["others"].as_array().unwrap().iter();
    all.extend(
        others.map(|one| format!("{}: {}", one["resource"].as_str().unwrap(), one["decision"].as_str().unwrap())),
    );
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_n8n_comes_over_whole_and_a_second_time_changes_nothing() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    let looked = import(&server, &n8n.url, &n8n.key, &["--dry-run"]);
    assert_eq!(looked.status.code(), Some(0), "{}", String::from_utf8_lossy(&looked.stderr));
    assert_eq!(report(&looked)["dryRun"], true);
    assert_eq!(server.get("/workflows").await["items"], json!([]), "a dry run writes nothing");

    let markdown = server.folder.path().join("report.md");
    let first = import(&server, &n8n.url, &n8n.key, &["--report", markdown.to_str().unwrap()]);
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let first = report(&first);
    assert_eq!(
        decisions(&first),
        [
            "connection/crm-2: created",
            "connection/crm: created",
            "connection/gate: created",
            "connection/team-chat: created",
            "door: created",
            "greeting: created",
            "nightly-sync: created",
            "order-total: created",
            "part-notify: created",
        ]
    );
    assert_eq!(first["totals"]["workflows"], 5);
    assert_eq!(first["totals"]["placeholders"], 0, "{first}");
    assert_eq!(first["idleTags"], json!(["unused"]));
    let find = |name: &str| first["workflows"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(find("order-total")["activeThere"], true);
    assert!(find("order-total")["notHonoured"].as_array().unwrap().is_empty(), "{}", find("order-total"));

    // Workflows are drafts here, with their tags, and call each other by the names that they have here.
    let sync = server.get("/workflows/nightly-sync").await;
    assert_eq!(sync["labels"]["tag.shop"], "shop");
    let tell = sync["spec"]["nodes"].as_array().unwrap().iter().find(|node| node["name"] == "Tell").unwrap();
    assert_eq!(tell["params"]["workflow"], "part-notify");
    let activation = server.ask("GET", "/workflows/order-total/activation", Value::Null).await;
    assert_eq!(activation.status, 404, "nothing is live unasked");

    // Two credentials of one title stay two accounts, and each may be sent only where its workflows send it.
    let crm = server.get("/connections/crm").await;
    assert_eq!(crm["spec"]["hosts"], json!(["crm.example.com"]));
    assert_eq!(server.get("/connections/crm-2").await["spec"]["hosts"], json!(["other.example.com"]));
    let accounts = first["accounts"].as_array().unwrap();
    let account = |name: &str| accounts.iter().find(|account| account["connection"] == name).unwrap();
    assert_eq!(account("gate")["secrets"], json!(["password"]));
    assert!(account("gate")["commands"].to_string().contains("fishplate secret gate password"));
    assert_eq!(account("team-chat")["secrets"], json!(["token"]));
    assert_eq!(server.get("/connections/team-chat").await["spec"]["connector"], "slack");
    assert!(account("team-chat")["fields"].to_string().contains("accessToken"));
    let written = std::fs::read_to_string(&markdown).unwrap();
    for part in ["Nightly sync", "fishplate secret crm value", "feat:variables"] {
        assert!(written.contains(part), "the report does not say {part}: {written}");
    }

    let second = import(&server, &n8n.url, &n8n.key, &[]);
    assert_eq!(second.status.code(), Some(0));
    assert!(
        decisions(&report(&second)).iter().all(|one| one.ends_with("unchanged")),
        "{:?}",
        decisions(&report(&second))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_here_is_kept_and_what_was_filled_in_is_not_asked_for_again() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    import(&server, &n8n.url, &n8n.key, &[]);
    let mut greeting = server.get("/workflows/greeting").await;
    greeting["spec"]["title"] = json!("Mine");
    let body = json!({ "labels": greeting["labels"], "spec": greeting["spec"] });
    server.ask("PUT", "/workflows/greeting", body).await.ok();
    let mut gate = server.get("/connections/gate").await;
    gate["spec"]["auth"]["username"] = json!("gate");
    server.ask("PUT", "/connections/gate", json!({ "labels": gate["labels"], "spec": gate["spec"] })).await.ok();
    server.ask("PUT", "/connections/gate/secrets/password", json!({ "value": "open" })).await;

    let again = report(&import(&server, &n8n.url, &n8n.key, &["--name", "g*", "--name", "Door"]));
    assert_eq!(decisions(&again), ["connection/gate: kept", "door: unchanged", "greeting: kept"]);
    assert_eq!(again["totals"]["leftOut"], 3);
    let gate = again["accounts"].as_array().unwrap().iter().find(|account| account["connection"] == "gate").unwrap();
    assert_eq!((&gate["secrets"], &gate["commands"]), (&json!([]), &json!([])), "{gate}");
    assert_eq!(server.get("/workflows/greeting").await["spec"]["title"], "Mine");

    let forced = report(&import(&server, &n8n.url, &n8n.key, &["--name", "greeting", "--force"]));
    assert_eq!(decisions(&forced), ["greeting: forced"]);
    assert_eq!(server.get("/workflows/greeting").await["spec"]["title"], "Greeting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workflows_that_are_active_there_go_live_when_that_is_asked_for() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    let moved = report(&import(&server, &n8n.url, &n8n.key, &["--active", "--tag", "shop", "--activate"]));
    assert_eq!(decisions(&moved), ["greeting: created", "order-total: created"]);
    assert_eq!(moved["totals"]["activated"], 2, "{moved}");
    let answer = server.send("GET", "/webhook/greeting?name=Ada", &[], b"").await;
    assert_eq!(answer.headers.get("x-source").unwrap(), "greeting");
    let answer = whole(answer).await;
    assert_eq!((answer.status, &answer.bytes[..]), (201, &b"Hello Ada!"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_that_is_here_from_elsewhere_is_not_overwritten() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    let own = json!({ "spec": { "nodes": [{ "name": "Start", "type": "core.manual" }] } });
    server.ask("PUT", "/workflows/greeting", own).await.ok();
    let output = import(&server, &n8n.url, &n8n.key, &["--name", "Greeting"]);
    assert_eq!(output.status.code(), Some(5), "a conflict has its exit code");
    let moved = report(&output);
    assert_eq!(decisions(&moved), ["greeting: conflict"]);
    assert!(moved["workflows"][0]["problems"].to_string().contains("does not come from this n8n"), "{moved}");
    assert_eq!(server.get("/workflows/greeting").await["spec"]["nodes"][0]["name"], "Start");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_n8n_that_cannot_be_read_is_told_from_one_that_refuses() {
    let (server, n8n) = (Server::start().await, N8n::start().await);
    let check = |url: &str, key: &str, arguments: &[&str], exit: i32, said: &[&str]| {
        let output = import(&server, url, key, arguments);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(exit), "{text}");
        said.iter().for_each(|part| assert!(text.contains(part), "{part} is not in {text}"));
        assert!(!text.contains("sealed-key"), "a key is never shown");
    };
    check(&n8n.url, "sealed-key", &[], 6, &["refuses the key", "Settings > n8n API"]);
    check(&n8n.url, "", &[], 6, &["FISHPLATE_N8N_API_KEY"]);
    check("n8n.example.com", "sealed-key", &[], 3, &["is no address of an n8n"]);
    check("http://127.0.0.1:1", "sealed-key", &[], 7, &["the connection was refused"]);
    check(&n8n.url, "sealed-key", &["--report", "x.pdf"], 3, &[".md or .json"]);

    let other = Recorder::start().await.unwrap();
    let page = |status: u16, body: &str| Rule::Answer { status, headers: Vec::new(), body: body.into() };
    other.on("/page", page(200, "<!doctype html>"));
    check(&other.url("/page"), "sealed-key", &[], 1, &["it answers with a page"]);
    other.on("/old", page(404, "{\"message\":\"not found\"}"));
    check(&other.url("/old"), "sealed-key", &[], 1, &["does not give its workflows", "N8N_PUBLIC_API_DISABLED"]);
    other.on(
        "/moved",
        Rule::Answer { status: 302, headers: vec![("location".into(), "/page".into())], body: String::new() },
    );
    check(&other.url("/moved"), "sealed-key", &[], 1, &["it sends elsewhere"]);
    other.on("/ring", Rule::json(&json!({ "data": [], "nextCursor": "x" })));
    check(&other.url("/ring"), "sealed-key", &["--dry-run"], 0, &["\"workflows\": 0"]);
    let slow = Rule::Hold(Box::new(Rule::Echo));
    other.on("/slow", slow);
    check(&other.url("/slow"), "sealed-key", &["--n8n-timeout", "1"], 1, &["did not answer within"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_n8n_that_is_busy_is_asked_again() {
    let server = Server::start().await;
    let busy = Recorder::start().await.unwrap();
    let later = Rule::Answer { status: 429, headers: vec![("retry-after".into(), "1".into())], body: String::new() };
    let then = Box::new(Rule::json(&json!({ "data": [], "nextCursor": null })));
    busy.on("/api/v1/", then.as_ref().clone());
    busy.on("/api/v1/workflows", Rule::Failing { times: 1, first: Box::new(later), then: then.clone() });
    busy.on("/api/v1/tags", Rule::Failing { times: 2, first: Box::new(Rule::status(503)), then });
    let output = import(&server, &busy.url(""), "key", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let asked = |path: &str| busy.requests().iter().filter(|request| request.path == path).count();
    assert_eq!((asked("/api/v1/workflows"), asked("/api/v1/tags")), (2, 3));
}
