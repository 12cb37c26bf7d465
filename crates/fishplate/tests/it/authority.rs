use serde_json::{Value, json};

use crate::server::{Server, whole};

/// A token of its own for somebody.
struct Person {
    id: String,
    token: String,
}

impl Server {
    async fn person(&self, name: &str, role: &str) -> Person {
        let made = self.ask("POST", "/tokens", json!({ "name": name, "rules": [{ "role": role }] })).await.ok();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Person { id: text("id"), token: text("token") }
    }

    async fn revoke(&self, person: &Person) {
        assert_eq!(self.ask("DELETE", &format!("/tokens/{}", person.id), Value::Null).await.status, 204);
    }

    /// Writes a workflow and makes it live in somebody's name.
    async fn live(&self, person: &Person, name: &str, spec: &Value) {
        let path = format!("/workflows/{name}");
        self.ask_as(&person.token, "PUT", &path, &[], &json!({ "spec": spec })).await.ok();
        self.ask_as(&person.token, "POST", &format!("{path}/activate"), &[], &json!({})).await.ok();
    }

    async fn begin(&self, name: &str) -> String {
        let started = self.ask("POST", &format!("/workflows/{name}/run"), json!({})).await.ok();
        started["run"].as_str().unwrap().to_owned()
    }

    /// Resolves when the run has had this event.
    async fn heard(&self, run: &str, event: &str) {
        self.heard_times(run, event, 1).await;
    }

    async fn heard_times(&self, run: &str, event: &str, times: usize) {
        let bearer = format!("Bearer {}", self.token);
        let path = format!("/api/v1/runs/{run}/watch?after=0");
        let mut watching = self.send("GET", &path, &[("authorization", &bearer)], b"").await;
        let mut text = String::new();
        let wanted = format!("event: {event}\n");
        while text.matches(&wanted).count() < times {
            let chunk = futures_util::StreamExt::next(&mut watching.body).await;
            let chunk = chunk.unwrap_or_else(|| panic!("the run ended before `{event}`: {text}")).unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn call_back(&self, run: &str) {
        let signal = json!({ "name": "resume:1", "payload": { "json": {} } });
        self.ask("POST", &format!("/runs/{run}/signals"), signal).await.ok();
    }

    async fn run_of(&self, run: &str) -> Value {
        self.get(&format!("/runs/{run}")).await
    }
}

/// Waits for a call, then ends.
fn waiting(title: &str) -> Value {
    json!({ "title": title, "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Wait", "type": "core.wait", "params": { "until": "call" } },
        { "name": "End", "type": "core.noop" }
    ], "edges": [{ "from": "Start", "to": "Wait" }, { "from": "Wait", "to": "End" }] })
}

#[tokio::test]
async fn a_run_is_held_while_who_it_acts_for_has_no_grant_and_goes_on_when_it_is_back() {
    let server = Server::start().await;
    let ann = server.person("ann", "editor").await;
    server.live(&ann, "flow", &waiting("")).await;
    let run = server.begin("flow").await;
    server.heard(&run, "step.suspended").await;
    let detail = server.run_of(&run).await;
    assert_eq!((&detail["startedBy"], &detail["runsAs"]), (&json!("token:owner"), &json!("token:ann")));

    server.revoke(&ann).await;
    server.call_back(&run).await;
    server.heard(&run, "run.held").await;
    let held = server.run_of(&run).await;
    assert_eq!(
        (&held["status"], &held["error"]["code"], &held["dead"]),
        (&json!("held"), &json!("FP0312"), &json!("none"))
    );
    assert!(held["error"]["detail"].as_str().unwrap().contains("`token:ann`"), "{held}");
    assert!(held["error"]["detail"].as_str().unwrap().contains("revoked"), "{held}");
    assert!(held["error"]["hint"].as_str().unwrap().contains("connection:use"), "{held}");

    // A weaker token of the name is not enough; one that may use connections is, and the signal was not lost.
    server.person("ann", "operator").await;
    server.person("ann", "editor").await;
    server.heard(&run, "run.completed").await;
    let ended = server.run_of(&run).await;
    assert_eq!(
        (&ended["status"], &ended["runsAs"], ended.get("error")),
        (&json!("completed"), &json!("token:ann"), None)
    );
}

#[tokio::test]
async fn events_without_a_grant_are_kept_and_go_on_when_somebody_else_makes_the_text_live() {
    let server = Server::start().await;
    let ann = server.person("ann", "editor").await;
    let spec = json!({ "nodes": [
        { "name": "Hook", "type": "http.webhook", "params": { "path": "a", "methods": ["POST"], "respond": { "when": "respondNode" } } },
        { "name": "Answer", "type": "http.respond", "params": { "with": "json", "json": { "done": true } } }
    ], "edges": [{ "from": "Hook", "to": "Answer" }] });
    server.live(&ann, "flow", &spec).await;
    assert_eq!(whole(server.send("POST", "/hooks/main/prod/a", &[], b"{}").await).await.ok(), json!({ "done": true }));
    server.revoke(&ann).await;
    let kept = whole(server.send("POST", "/hooks/main/prod/a", &[("idempotency-key", "k")], b"{}").await).await;
    assert_eq!((kept.status, kept.code()), (202, "FP0604".into()));
    assert!(!String::from_utf8_lossy(&kept.bytes).contains("ann"), "a sender learns nothing of tokens");
    let again = whole(server.send("POST", "/hooks/main/prod/a", &[("idempotency-key", "k")], b"{}").await).await;
    assert_eq!((again.status, &again.bytes), (202, &kept.bytes), "the same event is answered in the same way");
    let held = server.get("/runs?status=held").await;
    let held = held["items"].as_array().unwrap();
    assert_eq!((held.len(), &held[0]["error"]["code"]), (1, &json!("FP0312")));
    let run = held[0]["id"].as_str().unwrap().to_owned();

    server.ask("POST", "/workflows/flow/activate", json!({})).await.ok();
    server.heard(&run, "run.completed").await;
    assert_eq!(server.run_of(&run).await["runsAs"], "token:owner");
    let audit = server.get("/audit").await;
    let taken = audit["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "run.takeOver").unwrap();
    assert_eq!((&taken["actor"], &taken["detail"]["from"]), (&json!("token:owner"), &json!("token:ann")));
    assert_eq!(whole(server.send("POST", "/hooks/main/prod/a", &[], b"{}").await).await.ok(), json!({ "done": true }));
}

#[tokio::test]
async fn a_held_run_is_taken_over_by_who_resumes_it_with_connection_use() {
    let server = Server::start().await;
    let (ann, bob) = (server.person("ann", "editor").await, server.person("bob", "editor").await);
    let eve = server.person("eve", "operator").await;
    server.live(&ann, "flow", &waiting("one")).await;
    let run = server.begin("flow").await;
    server.heard(&run, "step.suspended").await;
    // What somebody else makes live now is another text, so it says nothing about this run.
    server.live(&bob, "flow", &waiting("two")).await;
    server.revoke(&ann).await;
    server.call_back(&run).await;
    server.heard(&run, "run.held").await;
    let path = format!("/runs/{run}/resume");
    let refused = server.ask_as(&eve.token, "POST", &path, &[], &Value::Null).await;
    assert_eq!((refused.status, refused.code()), (409, "FP0312".into()));
    assert_eq!(server.run_of(&run).await["status"], "held");
    assert_eq!(server.ask_as(&bob.token, "POST", &path, &[], &Value::Null).await.status, 202);
    server.heard(&run, "run.completed").await;
    let ended = server.run_of(&run).await;
    assert_eq!((&ended["runsAs"], &ended["startedBy"]), (&json!("token:bob"), &json!("token:owner")));
}

#[tokio::test]
async fn a_downgraded_grant_holds_a_child_and_whoever_cancels_needs_none() {
    let server = Server::start().await;
    let ann = server.person("ann", "editor").await;
    server.live(&ann, "child", &waiting("")).await;
    let parent = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Call", "type": "core.call", "params": { "workflow": "child" } }
    ], "edges": [{ "from": "Start", "to": "Call" }] });
    server.ask("PUT", "/workflows/parent", json!({ "spec": parent })).await.ok();
    server.ask("POST", "/workflows/parent/activate", json!({})).await.ok();
    server.person("ann", "viewer").await;
    server.revoke(&ann).await;
    let run = server.begin("parent").await;
    server.heard(&run, "child.started").await;
    let children = server.get("/runs?workflow=child").await;
    let child = children["items"][0]["id"].as_str().unwrap().to_owned();
    server.heard(&child, "run.held").await;
    let held = server.run_of(&child).await;
    assert!(held["error"]["detail"].as_str().unwrap().contains("is only `viewer`"), "{held}");
    assert_eq!(server.run_of(&run).await["status"], "waiting", "its parent waits for it and has not failed");
    let eve = server.person("eve", "operator").await;
    server.ask_as(&eve.token, "POST", &format!("/runs/{child}/cancel"), &[], &Value::Null).await;
    server.heard(&child, "run.canceled").await;
    server.heard(&run, "run.failed").await;
}

#[tokio::test]
async fn drafts_forks_and_edited_input_need_connection_use_for_what_is_named() {
    let server = Server::start().await;
    let eve = server.person("eve", "operator").await;
    let connection = json!({ "spec": { "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"] } });
    server.ask("PUT", "/connections/crm", connection).await.ok();
    server.ask("PUT", "/connections/crm/secrets/token", json!({ "value": "t" })).await;
    let uses = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Hold", "type": "core.noop", "connections": { "auth": "crm" } }
    ], "edges": [{ "from": "Start", "to": "Hold" }] });
    let calls = |workflow: &str| {
        json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Call", "type": "core.call", "params": { "workflow": workflow } }
    ], "edges": [{ "from": "Start", "to": "Call" }] })
    };
    let plain = json!({ "nodes": [{ "name": "Start", "type": "core.manual" }, { "name": "End", "type": "core.noop" }],
                        "edges": [{ "from": "Start", "to": "End" }] });
    for (name, spec) in [("uses", uses), ("calls", calls("uses")), ("any", calls("={{ 'uses' }}")), ("plain", plain)] {
        server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": spec })).await.ok();
        server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await.ok();
        server.ask("PUT", &format!("/workflows/{name}/draft"), json!({ "spec": spec })).await.ok();
        let run = server.begin(name).await;
        server.heard(&run, "run.completed").await;
        let asked = [
            (format!("/workflows/{name}/run"), json!({ "draft": true })),
            (format!("/workflows/{name}/run"), json!({ "startAt": "Start" })),
            (format!("/runs/{run}/retry"), json!({ "fork": true, "from": spec["edges"][0]["to"] })),
            (format!("/runs/{run}/retry"), json!({ "fromStart": true, "input": [{ "a": 1 }] })),
        ];
        for (path, body) in asked {
            let answer = server.ask_as(&eve.token, "POST", &path, &[], &body).await;
            let text = String::from_utf8_lossy(&answer.bytes).into_owned();
            match name {
                "plain" => assert!(answer.status < 300, "{path} {body}: {text}"),
                "any" => {
                    assert!(answer.status == 403 && text.contains("chosen while it runs"), "{path} {body}: {text}")
                }
                _ => assert!(answer.status == 403 && text.contains("connection `crm`"), "{path} {body}: {text}"),
            }
            // Who may use connections may do all of it, and answers for the run.
            let answer = server.ask("POST", &path, body).await.ok();
            let detail = server.run_of(answer["run"].as_str().unwrap()).await;
            assert_eq!(detail["runsAs"], "token:owner");
        }
        // The same event once more is no way of one's own.
        let (path, body) = (format!("/runs/{run}/retry"), json!({ "fromStart": true }));
        let again = server.ask_as(&eve.token, "POST", &path, &[], &body).await.ok();
        let detail = server.run_of(again["run"].as_str().unwrap()).await;
        assert_eq!((&detail["runsAs"], &detail["origin"]), (&json!("token:owner"), &json!(run)));
        assert_eq!(detail["revision"], server.get(&format!("/workflows/{name}/activation")).await["revision"]);
    }
}

#[tokio::test]
async fn a_replay_sees_variables_as_the_run_saw_them() {
    let server = Server::start().await;
    let spec = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Set", "type": "core.set", "params": { "fields": [
            { "name": "rate", "value": "={{ $vars.rate }}" }, { "name": "gone", "value": "={{ $vars.gone ?? 'none' }}" }
        ] } }
    ], "edges": [{ "from": "Start", "to": "Set" }] });
    let written = server.ask("PUT", "/workflows/flow", json!({ "spec": spec })).await.ok();
    assert_eq!(written.get("problems"), None, "{written}");
    server.ask("POST", "/workflows/flow/activate", json!({})).await.ok();
    let mut runs = Vec::new();
    let change = async |method: &str, name: &str, value: Value| {
        let answer = server.ask(method, &format!("/variables/{name}"), value).await;
        assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.bytes));
    };
    let value = |value: Value| json!({ "spec": { "value": value } });
    for step in 0..4 {
        match step {
            0 => change("PUT", "gone", value(json!("here"))).await,
            1 => change("PUT", "rate", value(json!(1))).await,
            2 => change("PUT", "rate", value(json!(2))).await,
            _ => change("DELETE", "gone", Value::Null).await,
        }
        let run = server.begin("flow").await;
        server.heard(&run, "run.completed").await;
        runs.push(run);
    }
    let mut seen = Vec::new();
    for run in runs {
        let detail = server.get(&format!("/runs/{run}?items=true")).await;
        seen.push(detail["steps"][1]["outputs"][0][0]["json"].clone());
        let replay = server.ask("POST", &format!("/runs/{run}/replay"), Value::Null).await.ok();
        assert_eq!(replay, json!({ "steps": 1, "differences": [] }));
        let told = server.command(&["runs", "replay", &run]);
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    }
    let line = |rate: Value, gone: &str| json!({ "rate": rate, "gone": gone });
    let expected =
        [line(Value::Null, "here"), line(json!("1"), "here"), line(json!("2"), "here"), line(json!("2"), "none")];
    assert_eq!(seen, expected);
}
