use auth::{Permission, Role};
use serde_json::{Value, json};

use crate::people::Browser;
use crate::server::Server;

/// Every operation with who may call it, as one line each.
fn matrix(document: &Value) -> Vec<(String, String, String, String)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, entry) in methods.as_object().unwrap() {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            assert!(!text("summary").is_empty(), "{method} {path} has no description");
            assert!(!entry["tags"][0].as_str().unwrap_or_default().is_empty(), "{method} {path} has no tag");
            all.push((text("operationId"), method.to_uppercase(), path.clone(), text("x-access")));
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn every_operation_is_in_the_access_matrix_and_keeps_to_it() {
    let server = Server::start().await;
    let document = server.get("/openapi.json").await;
    let matrix = matrix(&document);
    let ids: std::collections::BTreeSet<&String> = matrix.iter().map(|(id, ..)| id).collect();
    assert_eq!(ids.len(), matrix.len(), "two operations have one name");
    let lines: Vec<String> =
        matrix.iter().map(|(id, method, path, access)| format!("{access:<18} {method:<6} {path}  {id}")).collect();
    insta::assert_snapshot!("access-matrix", lines.join("\n"));

    // Who asks: an installation's token, and a person in a browser, of every role; and one whose role is elsewhere.
    let owner = crate::people::owner(&server).await;
    let elsewhere = json!([{ "workspace": "elsewhere", "role": "owner" }]);
    let stranger = json!({ "name": "stranger", "rules": elsewhere });
    let stranger = server.ask("POST", "/tokens", stranger).await.ok()["token"].as_str().unwrap().to_owned();
    let foreigner = crate::people::invited(&server, &owner, "stranger@example.com", elsewhere).await;
    let mut ranks = Vec::new();
    for role in Role::ALL {
        let rules = json!([{ "role": role.as_str() }]);
        let token = json!({ "name": role.as_str(), "rules": rules });
        let token = server.ask("POST", "/tokens", token).await.ok()["token"].as_str().unwrap().to_owned();
        let email = format!("{}@example.com", role.as_str());
        ranks.push((*role, token, crate::people::invited(&server, &owner, &email, rules).await));
    }
    let mut asked = 0;
    for (_, method, path, access) in &matrix {
        let address: String = path
            .trim_start_matches("/api/v1")
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        if access == "public" {
            continue;
        }
        let what = format!("{method} {path}");
        let nobody = server.ask_as("fpt_nobody", method, &address, &[], &Value::Null).await;
        assert_eq!(nobody.status, 401, "{what}");
        let out = Browser::default().ask(&server, method, &address, &Value::Null).await.0;
        assert_eq!(out.status, 401, "{what}");
        if access == "session" {
            let token = server.ask_as(&server.token, method, &address, &[], &Value::Null).await;
            assert_eq!((token.status, token.code()), (403, "FP0003".into()), "{what}: not for tokens");
            continue;
        }
        let foreign = server.ask_as(&stranger, method, &address, &[], &Value::Null).await;
        let visiting = foreigner.ask(&server, method, &address, &Value::Null).await.0;
        let Some(permission) = Permission::parse(access) else {
            assert_eq!(access, "any token", "{what}");
            assert!(![401, 403].contains(&foreign.status), "{what}: {}", foreign.status);
            continue;
        };
        assert_eq!((foreign.status, visiting.status), (404, 404), "{what}: a scope without a role does not exist");
        // A stream never ends, so it cannot be read whole; everybody with a role may open each of them.
        if document["paths"][path][method.to_lowercase()].to_string().contains("text/event-stream") {
            assert!(Role::Viewer.has(permission), "{what}");
            continue;
        }
        for (role, token, browser) in &ranks {
            let by_token = server.ask_as(token, method, &address, &[], &Value::Null).await;
            let by_session = browser.ask(&server, method, &address, &Value::Null).await.0;
            for (credential, answer) in [("token", by_token), ("session", by_session)] {
                let refused = (answer.status, answer.code()) == (403, "FP0003".into());
                assert_ne!(answer.status, 401, "{what} as {credential} of {}", role.as_str());
                assert_eq!(
                    refused,
                    !role.has(permission),
                    "{what} as {credential} of {}: {}",
                    role.as_str(),
                    answer.status
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 500, "the matrix was walked through: {asked}");
}

/// `cargo xtask openapi` sets `FISHPLATE_WRITE_OPENAPI` and so brings the file up to date.
#[tokio::test]
async fn the_web_app_knows_this_api() {
    let server = Server::start().await;
    let document = server.get("/openapi.json").await;
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/api/openapi.json");
    if std::env::var_os("FISHPLATE_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(known == document, "ui/src/api/openapi.json is older than the API: run `cargo xtask openapi`");
}

#[tokio::test]
async fn a_token_ends_when_it_is_revoked() {
    let server = Server::start().await;
    let made = server.ask("POST", "/tokens", json!({ "name": "ci", "rules": [{ "role": "editor" }] })).await;
    assert_eq!(made.status, 201);
    let (id, token) = (made.json()["id"].clone(), made.json()["token"].as_str().unwrap().to_owned());
    let me = server.ask_as(&token, "GET", "/me", &[], &Value::Null).await.ok();
    assert_eq!(me, json!({ "actor": "token:ci", "rules": [{ "role": "editor" }] }));
    assert!(!String::from_utf8_lossy(&server.ask("GET", "/tokens", Value::Null).await.bytes).contains(&token));
    let page = server.get("/tokens?limit=1").await;
    let cursor = page["nextCursor"].as_str().unwrap();
    let next = server.get(&format!("/tokens?limit=1&cursor={cursor}")).await;
    assert_eq!((&page["items"][0]["name"], &next["items"][0]["name"]), (&json!("owner"), &json!("ci")));
    assert_eq!((next["items"].as_array().unwrap().len(), next.get("nextCursor")), (1, None));
    assert_eq!(server.ask("DELETE", &format!("/tokens/{}", id.as_str().unwrap()), Value::Null).await.status, 204);
    assert_eq!(server.ask_as(&token, "GET", "/me", &[], &Value::Null).await.status, 401);
}

#[tokio::test]
async fn scopes_are_apart() {
    let server = Server::start().await;
    let elsewhere = "?workspace=acme&environment=dev";
    assert_eq!(server.ask("GET", &format!("/variables{elsewhere}"), Value::Null).await.status, 404);
    let scope = json!({ "workspace": "acme", "environment": "dev" });
    assert_eq!(server.ask("POST", "/scopes", scope.clone()).await.status, 201);
    assert_eq!(server.ask("POST", "/scopes", scope.clone()).await.status, 200, "it is there already");
    let audit = server.get(&format!("/audit{elsewhere}")).await;
    assert_eq!(
        (&audit["items"][0]["action"], &audit["items"][0]["subject"]),
        (&json!("scope.create"), &json!("acme/dev"))
    );
    let variable = json!({ "spec": { "value": "acme's" } });
    server.ask("PUT", &format!("/variables/a{elsewhere}"), variable).await.ok();
    assert_eq!(server.get("/variables").await["items"], json!([]));
    assert_eq!(server.get(&format!("/variables{elsewhere}")).await["items"][0]["scope"], scope);
    let headers = [("fishplate-workspace", "acme"), ("fishplate-environment", "dev")];
    let found = server.ask_as(&server.token, "GET", "/variables/a", &headers, &Value::Null).await.ok();
    assert_eq!(found["spec"]["value"], "acme's");
}

#[tokio::test]
async fn no_memory_of_idempotency_keys_keeps_a_token() {
    let server = Server::start().await;
    let body = json!({ "name": "ci", "rules": [{ "role": "editor" }] });
    let make = || server.ask_as(&server.token, "POST", "/tokens", &[("idempotency-key", "one")], &body);
    assert!(make().await.ok()["token"].is_string());
    let again = make().await;
    assert_eq!((again.status, again.code()), (422, "FP0011".into()), "it is not made twice, and not shown again");
    let folder = server.stop();
    let store = store::Store::open(store::Options::sqlite(folder.path().join("data"))).await.unwrap();
    let kept = store.local_list(model::ScopeId(1), "http:idempotency", None, 10, 0).await.unwrap();
    let kept: Value = serde_json::from_slice(&kept[0].value).unwrap();
    assert_eq!((&kept["status"], &kept["body"]), (&json!(201), &Value::Null));
    store.close().await;
}
