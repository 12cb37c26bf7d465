//! Files of items are downloads.

use serde_json::{Value, json};

use crate::server::{Server, whole};

#[tokio::test]
async fn a_file_that_code_made_is_kept_and_given_as_a_download_in_which_nothing_runs() {
    let server = Server::start().await;
    let code = "const data = Buffer.from('<script>alert(1)</script>').toString('base64');\n\
                return [{ json: {}, binary: { page: { data, mimeType: 'text/html', fileName: 'a \"b\".html' } } }]";
    let spec = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Make", "type": "core.code", "params": { "code": code } }
    ], "edges": [{ "from": "Start", "to": "Make" }] });
    server.ask("PUT", "/workflows/flow/draft", json!({ "spec": spec })).await.ok();
    let started = server.ask("POST", "/workflows/flow/run", json!({ "draft": true })).await.ok();
    let run = started["run"].as_str().unwrap().to_owned();
    while server.get(&format!("/runs/{run}")).await["endedAt"].is_null() {
        tokio::task::yield_now().await;
    }
    let items = server.get(&format!("/runs/{run}/steps/1/items")).await;
    let file = &items["items"][0]["binary"]["page"];
    assert_eq!((&file["size"], &file["data"]), (&json!(25), &Value::Null), "the bytes are in the store: {file}");
    assert!(file["blob"].as_str().is_some(), "{file}");

    let bearer = format!("Bearer {}", server.token);
    let get = async |path: &str| {
        let path = format!("/api/v1/runs/{run}/steps/{path}");
        server.send("GET", &path, &[("authorization", bearer.as_str())], b"").await
    };
    let answer = get("1/files/0/0/page").await;
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap();
    assert_eq!(header("content-type"), "text/html");
    assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''a%20%22b%22.html");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-length"), "25");
    assert_eq!(whole(answer).await.bytes, b"<script>alert(1)</script>");
    for nothing in ["1/files/0/0/other", "1/files/0/1/page", "1/files/4/0/page", "9/files/0/0/page"] {
        assert_eq!(get(nothing).await.status.as_u16(), 404, "{nothing}");
    }
}
