//! What goes to and fro between an operation and its service is shown without secrets, and kept as a fixture; and a
//! connector is held against its vendor's document.

use std::path::Path;
use std::process::{Command, Output};

use bytes::Bytes;
use part::params::to_base64;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::recorder::{Made, Recorded, Recorder, Rule};

use crate::server::{BINARY, Server};

/// A secret with letters that are written otherwise elsewhere.
const SECRET: &str = "s3cr3t+of/the \"desk\"&more";

/// Runs a command without a server, where nobody can be asked.
fn fishplate(arguments: &[&str]) -> Output {
    let command = &mut Command::new(BINARY);
    command.args(arguments).env_remove("FISHPLATE_TOKEN").stdin(std::process::Stdio::null()).output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
    said(&output.stdout)
}

/// How a secret may be written.
fn writings(secret: &str) -> Vec<String> {
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut all = vec![
        secret.to_owned(),
        encoded.clone(),
        encoded.replace('+', "%20"),
        encoded.to_lowercase(),
        Value::from(secret).to_string().trim_matches('"').to_owned(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for before in ["", "u", "us"] {
        let whole = to_base64(format!("{before}{secret}").as_bytes());
        // What does not depend on what stands beside it.
        let inner = whole[4..whole.len() - 4].to_owned();
        all.extend([inner.replace('+', "-").replace('/', "_"), inner]);
    }
    all
}

#[track_caller]
fn holds_no_secret(text: &str, secret: &str) {
    for written in writings(secret) {
        assert!(!text.to_lowercase().contains(&written.to_lowercase()), "{written} stands in\n{text}");
    }
}

/// Tells everything that it was told, in every form.
fn echo(request: &Recorded, _: usize) -> Made {
    let shown = request.header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
    let encoded: String = url::form_urlencoded::byte_serialize(shown.as_bytes()).collect();
    let body = json!({
        "tickets": (0..5).map(|id| json!({ "id": id, "by": "ada@lovelace.org", "openedAt": "2026-03-02T10:00:00Z" })).collect::<Vec<_>>(),
        "echo": { "plain": shown, "url": format!("https://desk.example/?token={encoded}"), "basic": to_base64(format!("me:{shown}").as_bytes()),
            "inner": json!({ "token": shown }).to_string(), "hex": shown.bytes().map(|byte| format!("{byte:02X}")).collect::<String>() },
    });
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("set-cookie".to_owned(), "sid=a-cookie-of-the-desk; Path=/".to_owned()),
        ("link".to_owned(), format!("<https://desk.example/?token={encoded}>; rel=\"self\"")),
    ];
    (200, headers, Bytes::from(body.to_string()))
}

/// A catalogue with a help desk.
fn catalog(server: &Recorder) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("desk");
    std::fs::create_dir_all(folder.join("fixtures")).unwrap();
    let manifest = json!({
        "connector": "desk", "title": "Desk", "summary": "Tickets.", "docs": "https://desk.example", "base": "{server}/api",
        "settings": { "server": { "required": true } },
        "auth": { "token": { "type": "bearer", "title": "Token", "help": "There." } },
        "operations": { "ticket.list": { "title": "List tickets", "summary": "Lists tickets", "request": "GET /tickets",
            "params": { "by": {} }, "output": "={{ $response.tickets }}" } },
    });
    std::fs::write(folder.join("connector.yaml"), serde_yaml_ng::to_string(&manifest).unwrap()).unwrap();
    std::fs::write(folder.join("icon.svg"), "<svg viewBox=\"0 0 24 24\"/>").unwrap();
    let account = json!({ "secrets": { "token": SECRET }, "settings": { "server": server.url("") } });
    std::fs::write(place.path().join("account.json"), account.to_string()).unwrap();
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_performed_once_and_becomes_a_fixture_without_secrets() {
    let recorder = Recorder::start().await.unwrap();
    recorder.on("/api/tickets", Rule::By(echo));
    let place = catalog(&recorder);
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (all, account) = (path(""), path("account.json"));
    let record = |more: &[&str]| {
        let first =
            ["connector", "record", "desk", "desk.ticket.list", "--catalog", &all, "--param", "by=ada@lovelace.org"];
        fishplate(&[&first[..], more].concat())
    };
    let without = record(&[]);
    assert_eq!(without.status.code(), Some(3), "{}", String::from_utf8_lossy(&without.stderr));
    let said = done(&record(&["--connection", &account]));
    assert!(said.contains("masked-token") && said.contains("ada@lovelace.org became person1@example.com"), "{said}");
    assert_eq!(recorder.requests()[0].header("authorization"), Some(format!("Bearer {SECRET}").as_str()));
    let file = place.path().join("desk/fixtures/ticket.list.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    holds_no_secret(&text, SECRET);
    assert!(!text.contains("lovelace") && !text.contains("a-cookie-of-the-desk"), "{text}");
    let cases: Value = serde_yaml_ng::from_str(&text).unwrap();
    assert_eq!(cases[0]["name"], "recorded");
    assert_eq!(cases[0]["calls"][0]["query"], json!({ "by": "person1@example.com" }));
    assert_eq!(cases[0]["calls"][0]["answer"]["body"]["echo"]["plain"], "masked-token");
    assert_eq!(cases[0]["items"].as_array().unwrap().len(), 3, "long lists are cut");
    assert_eq!(cases[0]["items"][2]["openedAt"], "2026-03-02T10:00:00Z", "dates stay");
    done(&fishplate(&["connector", "test", "desk", "--catalog", &all]));

    // Nobody is there to be asked; the service is not asked either.
    let asked = recorder.count();
    let again = record(&["--connection", &account]);
    assert_eq!(again.status.code(), Some(5), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!((recorder.count(), std::fs::read_to_string(&file).unwrap()), (asked, text.clone()));
    done(&record(&["--connection", &account, "--name", "kept", "--keep"]));
    let more = std::fs::read_to_string(&file).unwrap();
    assert!(more.starts_with(&text) && more.contains("ada@lovelace.org"), "what was there stays as it was written");
    done(&record(&["--connection", &account, "--name", "kept", "--yes"]));
    let cases: Vec<Value> = serde_yaml_ng::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(cases.len(), 2);
    holds_no_secret(&serde_yaml_ng::to_string(&cases).unwrap(), SECRET);
    assert_eq!(cases[1]["params"]["by"], "person1@example.com");
    let wrong = fishplate(&["connector", "record", "desk", "ticket.close", "--catalog", &all]);
    assert_eq!(wrong.status.code(), Some(4));
}

/// A chat server that knows people.
fn chat(request: &Recorded, count: usize) -> Made {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let shown = request.header("authorization").unwrap_or_default().to_owned();
    let body = match request.path.as_str() {
        "/api/v4/users/me" => json!({ "id": "u1", "email": "ada@lovelace.org", "shown": shown }),
        path if path.starts_with("/plain/") && count == 1 => {
            return (503, headers, Bytes::from_static(b"{\"message\":\"not yet\"}"));
        }
        _ => json!({ "id": "c1", "asked": request.path, "long": "x".repeat(100_000), "shown": shown }),
    };
    (200, headers, Bytes::from(body.to_string()))
}

/// Copies the shipped connector of that name into an empty catalogue.
fn copied(name: &str) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/connectors").join(name);
    std::fs::create_dir_all(place.path().join(name).join("fixtures")).unwrap();
    for file in ["connector.yaml", "icon.svg"] {
        std::fs::copy(from.join(file), place.path().join(name).join(file)).unwrap();
    }
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_sent_and_got_is_shown_and_becomes_a_fixture() {
    let recorder = Recorder::start().await.unwrap();
    recorder.on("/", Rule::By(chat));
    let server = Server::start().await;
    let spec = json!({ "connector": "mattermost", "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"], "allowPrivate": true,
        "settings": { "server": recorder.url("") } });
    server.ask("PUT", "/connections/chat", json!({ "spec": spec })).await.ok();
    server.ask("PUT", "/connections/chat/secrets/token", json!({ "value": SECRET })).await.ok();
    let flow = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Plain", "type": "http.request", "connections": { "auth": "chat" }, "params": {
            "method": "POST", "url": format!("={}/plain/{{{{ $json.n }}}}?api_key=a-key-in-the-address", recorder.url("")),
            "authentication": "generic", "body": { "type": "json", "value": "={{ $json }}" } }, "retry": { "tries": 2, "wait": "1ms" } },
        { "name": "Channel", "type": "mattermost.channel.get", "connections": { "account": "chat" },
            "params": { "channel": "={{ 'c' + $itemIndex }}" } },
    ], "edges": [{ "from": "Start", "to": "Plain" }, { "from": "Plain", "to": "Channel" }] });
    server.ask("PUT", "/workflows/flow/draft", json!({ "spec": flow })).await.ok();
    let started = server
        .ask("POST", "/workflows/flow/run", json!({ "draft": true, "input": [{ "n": 1 }, { "n": 2 }] }))
        .await
        .ok();
    let run = started["run"].as_str().unwrap().to_owned();
    while server.get(&format!("/runs/{run}")).await["endedAt"].is_null() {
        tokio::task::yield_now().await;
    }
    let detail = server.get(&format!("/runs/{run}")).await;
    let step_of = |node: &str| {
        let steps = detail["steps"].as_array().unwrap();
        steps.iter().find(|step| step["node"] == node).unwrap_or_else(|| panic!("{detail}"))["step"].as_u64().unwrap()
    };
    assert_eq!(detail["status"], "completed", "{detail}");
    let asked = recorder.count();

    let shown = server.get(&format!("/runs/{run}/steps/{}/exchanges?item=1", step_of("Plain"))).await;
    assert_eq!(
        (&shown["node"], &shown["nodeType"], &shown["attempts"]),
        (&json!("Plain"), &json!("http.request"), &json!(2))
    );
    assert_eq!(shown["connections"], json!(["chat"]));
    assert!(shown["durationMicros"].as_u64().is_some() && shown.get("notes").is_none(), "{shown}");
    assert!(shown["params"]["url"].as_str().unwrap().contains("/plain/2?"), "{shown}");
    let exchanges = shown["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 2, "{shown}");
    for (item, exchange) in exchanges.iter().enumerate() {
        let address = format!("{}/plain/{}?api_key=masked-api-key", recorder.url(""), item + 1);
        assert_eq!((&exchange["request"]["method"], &exchange["request"]["url"]), (&json!("POST"), &json!(address)));
        assert_eq!(exchange["request"]["body"], json!({ "json": { "n": item + 1 } }));
        assert_eq!((&exchange["asSent"], &exchange["status"]), (&json!(true), &json!("completed")), "{exchange}");
        assert_eq!(exchange["answer"]["status"], 200);
        let text = exchange["answer"]["body"]["text"].as_str().unwrap();
        assert!(text.len() > 100_000 && text.contains("Bearer masked-token"), "a body that lies apart is read, too");
    }
    assert_eq!(
        exchanges.iter().map(|one| one["attempts"].as_u64().unwrap()).max(),
        Some(2),
        "one of them was made twice"
    );
    let whole = shown.to_string();
    holds_no_secret(&whole, SECRET);
    assert!(!whole.contains("a-key-in-the-address"), "{whole}");
    assert_eq!(recorder.count(), asked, "nothing is sent again");
    let start = server.get(&format!("/runs/{run}/steps/{}/exchanges", step_of("Start"))).await;
    assert_eq!(start["exchanges"], json!([]));
    assert_eq!(server.ask("GET", &format!("/runs/{run}/steps/99/exchanges"), Value::Null).await.code(), "FP0004");

    // The same as a fixture of the connector that the step is of.
    let place = copied("mattermost");
    let all = place.path().to_str().unwrap().to_owned();
    let made = server
        .command_async(&["connector", "record", "--from-run", &run, "Channel", "--item", "1", "--catalog", &all])
        .await;
    done(&made);
    let text = std::fs::read_to_string(place.path().join("mattermost/fixtures/channel.get.yaml")).unwrap();
    holds_no_secret(&text, SECRET);
    let cases: Value = serde_yaml_ng::from_str(&text).unwrap();
    assert_eq!(cases[0]["params"], json!({ "channel": "c1" }));
    assert_eq!(cases[0]["calls"][0]["request"], format!("GET {}/api/v4/channels/c1", recorder.url("")));
    assert_eq!(cases[0]["items"][0]["asked"], "/api/v4/channels/c1");
    let of_another =
        server.command_async(&["connector", "record", "--from-run", &run, "Plain", "--catalog", &all]).await;
    assert!(!of_another.status.success(), "a plain request is no operation of a connector");

    // The server performs an operation, and keeps its secret to itself.
    let made = server
        .command_async(&["connector", "record", "mattermost", "user.me", "--connection", "chat", "--catalog", &all])
        .await;
    done(&made);
    let text = std::fs::read_to_string(place.path().join("mattermost/fixtures/user.me.yaml")).unwrap();
    holds_no_secret(&text, SECRET);
    assert!(text.contains("person1@example.com") && text.contains("Bearer masked-token"), "{text}");
    let tested = fishplate(&["--output", "json", "connector", "test", "mattermost", "--catalog", &all]);
    let tested: Value = serde_json::from_slice(&tested.stdout).unwrap();
    let faults = tested["items"][0]["faults"].as_array().unwrap();
    assert_eq!(tested["items"][0]["cases"], 2);
    // Only what lacks its fixtures in this copy, and lists that are judged by them.
    let of_copy = |fault: &str| fault.contains("is untested") || fault.contains("`choices.");
    assert!(faults.iter().filter_map(Value::as_str).all(of_copy), "{faults:?}");
    let drafts = server.get("/workflows").await.to_string();
    assert!(!drafts.contains("record-"), "{drafts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_held_against_its_vendor_s_document() {
    let recorder = Recorder::start().await.unwrap();
    let document = json!({ "openapi": "3.0.0", "info": { "title": "Desk" }, "paths": {
        "/tickets": { "get": { "parameters": [{ "name": "by", "in": "query", "schema": { "type": "string" } }] },
            "post": { "summary": "Open a ticket" } } } });
    recorder.on("/openapi.json", Rule::json(&document));
    recorder.on("/api/tickets", Rule::By(echo));
    let place = catalog(&recorder);
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (all, address) = (path(""), recorder.url("/openapi.json"));
    done(&fishplate(&[
        "connector",
        "record",
        "desk",
        "ticket.list",
        "--connection",
        &path("account.json"),
        "--catalog",
        &all,
    ]));
    let none = fishplate(&["connector", "drift", "desk", "--catalog", &all]);
    assert_eq!(none.status.code(), Some(3), "the manifest names no document");
    let said = done(&fishplate(&["connector", "drift", "desk", "--catalog", &all, "--openapi", &address]));
    assert!(said.contains("nothing has changed") && said.contains("`POST /tickets`: Open a ticket"), "{said}");

    // The manifest names it, and it has changed.
    let manifest = place.path().join("desk/connector.yaml");
    let named = format!("{}openapi: {{ file: desk.json }}\n", std::fs::read_to_string(&manifest).unwrap());
    std::fs::write(&manifest, named).unwrap();
    let changed = document.to_string().replace("\"by\"", "\"author\"").replace("/tickets", "/issues");
    std::fs::write(place.path().join("desk/desk.json"), changed).unwrap();
    let broken = fishplate(&["--output", "json", "connector", "drift", "desk", "--catalog", &all]);
    assert_eq!(broken.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!(
        (&told["ok"], &told["breaks"], &told["items"][0]["kind"]),
        (&json!(false), &json!(1), &json!("pathGone"))
    );
    assert_eq!(told["items"][0]["operation"], "ticket.list");

    // A fixture that does not hold is a part of it.
    let fixture = place.path().join("desk/fixtures/ticket.list.yaml");
    let text = std::fs::read_to_string(&fixture).unwrap().replace("GET http", "POST http");
    std::fs::write(&fixture, text).unwrap();
    let broken =
        fishplate(&["--output", "json", "connector", "drift", "desk", "--catalog", &all, "--openapi", &address]);
    let told: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!((&told["breaks"], &told["items"][0]["kind"]), (&json!(1), &json!("fixtureFails")), "{told}");
}

#[test]
fn graphql_is_held_against_the_vendor_s_schema_and_the_rest_against_its_document() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("desk");
    std::fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let manifest = "connector: desk\ntitle: Desk\nsummary: Tickets.\ndocs: https://desk.example\n\
                    base: https://desk.example\ngraphql: /graphql\noperations:\n  ticket.list:\n    title: List tickets\n    \
                    summary: All tickets\n    graphql: 'query { tickets { id } }'\n    items: tickets\n  me.get:\n    \
                    title: Get me\n    summary: Who I am\n    request: GET /me\n";
    write("connector.yaml", manifest);
    write("openapi.json", r#"{"openapi":"3.0.0","info":{"title":"Desk"},"paths":{"/me":{"get":{}}}}"#);
    write("schema.graphql", "type Query { tickets: [Ticket!]! } type Ticket { id: ID! }");
    let (all, schema) = (place.path().to_str().unwrap(), folder.join("schema.graphql"));
    let drift = ["connector", "drift", "desk", "--catalog", all];
    let none = fishplate(&drift);
    let hint = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(none.status.code() == Some(3) && hint.contains("graphqlSchema"), "{hint}");
    let said = done(&fishplate(&[&drift[..], &["--schema", schema.to_str().unwrap()]].concat()));
    assert!(said.contains("1 requests against 1 operations") && said.contains("otherwise: me.get"), "{said}");

    write(
        "connector.yaml",
        &format!("{manifest}openapi: {{ file: openapi.json }}\ngraphqlSchema: {{ file: schema.graphql }}\n"),
    );
    write("schema.graphql", "type Query { tickets: [Ticket!]! } type Ticket { ids: ID! }");
    let broken = fishplate(&[&["--output", "json"][..], &drift[..]].concat());
    let told: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!((broken.status.code(), &told["compared"], &told["skipped"]), (Some(3), &json!(2), &json!([])), "{told}");
    let item = &told["items"][0];
    assert_eq!(
        (&item["kind"], &item["path"], &item["nearest"]),
        (&json!("fieldGone"), &json!("tickets.id"), &json!("ids"))
    );
}
