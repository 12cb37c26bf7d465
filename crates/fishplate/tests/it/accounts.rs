use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use world::recorder::{Recorder, Rule};

use crate::server::BINARY;

/// The word that must appear nowhere but on the wire.
const SECRET: &str = "open-sesame-4711";

struct Bench {
    folder: TempDir,
    recorder: Recorder,
}

impl Bench {
    async fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap(), recorder: Recorder::start().await.unwrap() };
        // An echo would bring the secret back as data, which is no word of ours.
        bench.recorder.on("/", Rule::json(&json!({ "orders": [] })));
        let flow = json!({ "kind": "workflow", "name": "flow", "spec": { "nodes": [
            { "name": "Start", "type": "core.manual" },
            { "name": "Call", "type": "http.request", "connections": { "auth": "crm" },
              "params": { "url": "={{ $vars.base }}/orders?region={{ $env.region }}", "authentication": "generic" } }
        ], "edges": [{ "from": "Start", "to": "Call" }] } });
        bench.write("flow.json", &flow);
        bench
    }

    fn write(&self, name: &str, content: &Value) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs the workflow; whatever is said, the secret is not in it.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let base = format!("base={}", self.recorder.url("").trim_end_matches('/'));
        let flow = self.folder.path().join("flow.json");
        let ran = Command::new(BINARY)
            .args(["--output", "json", "run"])
            .arg(flow)
            .args(["--variable", &base, "--variable", "region=eu"])
            .args(arguments)
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        for said in [&ran.stdout, &ran.stderr] {
            assert!(!String::from_utf8_lossy(said).contains(SECRET), "{}", String::from_utf8_lossy(said));
        }
        ran
    }
}

fn crm(secrets: Value) -> Value {
    json!({ "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"], "allowPrivate": true, "secrets": secrets })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_runs_with_an_account_whose_secret_is_nowhere_printed() {
    let bench = Bench::new().await;
    let with = format!("crm={}", bench.write("crm.json", &crm(json!({ "token": SECRET }))));
    let bare = format!("crm={}", bench.write("bare.json", &crm(Value::Null)));
    for (connection, environment) in [(&with, None), (&bare, Some(("FISHPLATE_SECRET_CRM_TOKEN", SECRET)))] {
        let environment: Vec<(&str, &str)> = environment.into_iter().collect();
        let ran = bench.run(&["--connection", connection], &environment);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    }
    let requests = bench.recorder.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.header("authorization"), Some(&*format!("Bearer {SECRET}")));
        assert_eq!((request.path.as_str(), request.query.as_str()), ("/orders", "region=eu"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_not_complete_is_refused_before_anything_runs() {
    let bench = Bench::new().await;
    let refused = |content: &Value| {
        let connection = format!("crm={}", bench.write("crm.json", content));
        let ran = bench.run(&["--connection", &connection], &[]);
        assert_eq!(ran.status.code(), Some(3), "{}", String::from_utf8_lossy(&ran.stdout));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    assert!(refused(&crm(Value::Null)).contains("FISHPLATE_SECRET_CRM_TOKEN"), "it says where the value may stand");
    assert!(refused(&crm(json!({ "tokn": SECRET, "token": "x" }))).contains("no secret `tokn`"));
    assert!(refused(&crm(json!({ "token": { "value": SECRET } }))).contains("object of texts"));
    assert!(refused(&crm(json!(SECRET))).contains("object of texts"));
    let loose = bench.run(&["--connection", SECRET], &[]);
    assert!(String::from_utf8_lossy(&loose.stdout).contains("NAME=FILE"));
    std::fs::write(bench.folder.path().join("crm.json"), format!("{{\"auth\": {SECRET}}}")).unwrap();
    let broken = bench.run(&["--connection", &format!("crm={}/crm.json", bench.folder.path().display())], &[]);
    assert!(String::from_utf8_lossy(&broken.stdout).contains("line 1"), "{}", String::from_utf8_lossy(&broken.stdout));
    assert_eq!(bench.recorder.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_called_is_narrowed_and_opened() {
    let bench = Bench::new().await;
    let closed = json!({ "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"], "secrets": { "token": SECRET } });
    let connection = format!("crm={}", bench.write("crm.json", &closed));
    let run = |arguments: &[&str]| {
        let ran = bench.run(&[&["--connection", connection.as_str()], arguments].concat(), &[]);
        (ran.status.code(), String::from_utf8_lossy(&ran.stdout).contains("FP0501"))
    };
    assert_eq!(run(&[]), (Some(0), false));
    assert_eq!(run(&["--no-private"]), (Some(8), true));
    assert_eq!(run(&["--no-private", "--open-host", "127.0.0.1"]), (Some(0), false));
    assert_eq!(run(&["--only-host", "api.example.com"]), (Some(8), true));
    assert_eq!(run(&["--deny-host", "127.0.0.0/8"]), (Some(8), true));
}
