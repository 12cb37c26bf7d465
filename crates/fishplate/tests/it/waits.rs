//! A run that waits for people, seen from their browsers.

use serde_json::{Value, json};

use crate::server::{Server, whole};

fn workflow(wait: Value) -> Value {
    json!({
        "nodes": [
            { "name": "In", "type": "http.webhook",
              "params": { "methods": ["POST"], "path": "ask", "respond": { "when": "respondNode" } } },
            { "name": "Where", "type": "http.respond",
              "params": { "with": "text", "text": "={{ $execution.resumeFormUrl }}" } },
            { "name": "Ask", "type": "core.wait", "params": wait },
            { "name": "Thank", "type": "core.set", "params": { "fields": [
                { "name": "thanks", "value": "={{ 'Thanks, ' + ($json.Name ?? $json.body.name) }}" },
            ] } },
        ],
        "edges": [
            { "from": "In", "to": "Where" }, { "from": "Where", "to": "Ask" }, { "from": "Ask", "to": "Thank" },
        ],
    })
}

/// Starts a run and gives the path of its resume address.
async fn asked(server: &Server, wait: Value) -> String {
    server.ask("PUT", "/workflows/ask", json!({ "spec": workflow(wait) })).await.ok();
    server.ask("POST", "/workflows/ask/activate", json!({})).await.ok();
    let answer = whole(server.send("POST", "/webhook/ask", &[], b"").await).await;
    let address = String::from_utf8(answer.bytes).unwrap();
    assert_eq!(answer.status, 200, "{address}");
    let path = address.split_once("/resume/").expect("the run shows its resume address").1;
    format!("/resume/{path}")
}

/// The page that stands at the address once the run waits.
async fn page(server: &Server, path: &str) -> String {
    loop {
        let answer = whole(server.send("GET", path, &[], b"").await).await;
        let text = String::from_utf8(answer.bytes).unwrap();
        // The address was shown before the wait; what comes too soon is no visit of the form.
        if answer.status == 200 && text.contains("<form") {
            return text;
        }
        tokio::task::yield_now().await;
    }
}

fn entered(name: &str) -> Vec<u8> {
    format!("--b\r\ncontent-disposition: form-data; name=\"field-0\"\r\n\r\n{name}\r\n--b--\r\n").into_bytes()
}

const FORM: &[(&str, &str)] = &[("content-type", "multipart/form-data; boundary=b")];

#[tokio::test]
async fn a_form_is_filled_in_and_the_run_goes_on_with_it() {
    let server = Server::start().await;
    let form = json!({ "title": "Who are you?", "fields": [{ "label": "Name", "required": true }] });
    let path = asked(&server, json!({ "until": "form", "form": form })).await;
    assert!(page(&server, &path).await.contains("Who are you?"));
    let refused = whole(server.send("POST", &path, FORM, &entered("")).await).await;
    assert_eq!(refused.status, 422);
    let sent = whole(server.send("POST", &path, FORM, &entered("Ada")).await).await;
    assert_eq!(sent.status, 200, "{}", String::from_utf8_lossy(&sent.bytes));
    let run = server.get("/runs").await["items"][0]["id"].as_str().unwrap().to_owned();
    let last = loop {
        let detail = server.get(&format!("/runs/{run}?items=true")).await;
        if detail["status"] == "completed" {
            let item = detail["steps"].as_array().unwrap().last().unwrap()["outputs"][0][0].clone();
            break item.get("json").cloned().unwrap_or(item);
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(last["thanks"], "Thanks, Ada", "{last}");
    let again = whole(server.send("POST", &path, FORM, &entered("Eve")).await).await;
    assert_eq!(again.status, 409, "the page was answered");
}

#[tokio::test]
async fn a_visitor_waits_for_the_end_of_the_run_where_the_form_says_so() {
    let server = Server::start().await;
    let door = json!({ "methods": [], "path": "", "respond": { "when": "lastNode", "data": "noData" } });
    let form = json!({ "completion": "It is done", "fields": [{ "label": "Name" }] });
    let path = asked(&server, json!({ "until": "form", "form": form, "door": door })).await;
    page(&server, &path).await;
    let answer = whole(server.send("POST", &path, FORM, &entered("Ada")).await).await;
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(answer.status == 200 && text.contains("It is done"), "{text}");
    let run = server.get("/runs").await["items"][0].clone();
    assert_eq!(run["status"], "completed", "the page came after the end");
}
