//! Lists of choices through the API: a connector that is shipped, a connection, and a service on this machine.

use bytes::Bytes;
use serde_json::{Value, json};
use world::recorder::{Made, Recorded, Recorder, Rule};

use crate::server::{Answer, Server};

/// Three repositories on two pages, for whom the token is good.
fn repositories(request: &Recorded, _: usize) -> Made {
    if request.header("authorization") != Some("Bearer good") {
        return (401, json_type(), Bytes::from(json!({ "message": "Bad credentials" }).to_string()));
    }
    let repository =
        |name: &str| json!({ "id": 1, "name": name, "full_name": format!("ada/{name}"), "description": null });
    let (list, mut headers) = match request.query.contains("page=2") {
        false => (json!([repository("engine"), repository("notes")]), json_type()),
        true => (json!([repository("loom")]), json_type()),
    };
    if !request.query.contains("page=2") {
        let host = request.header("host").unwrap_or_default();
        headers.push(("link".into(), format!("<http://{host}/user/repos?page=2>; rel=\"next\"")));
    }
    (200, headers, Bytes::from(list.to_string()))
}

fn json_type() -> Vec<(String, String)> {
    vec![("content-type".into(), "application/json".into())]
}

fn wanted(more: Value) -> Value {
    let mut wanted = json!({
        "type": "github.issue.create", "parameter": "/params/repository", "params": { "owner": "ada" },
        "connections": { "account": "code" },
    });
    wanted.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    wanted
}

async fn served(token: &str) -> (Server, Recorder) {
    let (server, service) = (Server::start().await, Recorder::start().await.unwrap());
    service.on("/user/repos", Rule::By(repositories));
    let connection = json!({ "spec": {
        "connector": "github", "auth": { "type": "bearer" }, "settings": { "server": service.url("") }, "hosts": ["127.0.0.1"] } });
    server.ask("PUT", "/connections/code", connection).await.ok();
    server.ask("PUT", "/connections/code/secrets/token", json!({ "value": token })).await.ok();
    (server, service)
}

impl Server {
    async fn choices(&self, more: Value) -> Answer {
        self.ask("POST", "/node-choices", wanted(more)).await
    }
}

#[tokio::test]
async fn values_of_a_parameter_are_read_with_the_connection_and_kept_for_a_while() {
    let (server, service) = served("good").await;
    let listed = server.choices(json!({})).await.ok();
    let choice = |name: &str| json!({ "value": name, "label": format!("ada/{name}") });
    assert_eq!(listed, json!({ "items": [choice("engine"), choice("notes"), choice("loom")] }));
    let read = service.count();
    assert_eq!(server.choices(json!({ "search": "LOOM" })).await.ok(), json!({ "items": [choice("loom")] }));
    assert_eq!(server.choices(json!({ "cursor": "2" })).await.ok(), json!({ "items": [choice("loom")] }));
    assert_eq!(service.count(), read);
    server.choices(json!({ "fresh": true })).await.ok();
    assert_eq!(service.count(), 2 * read);
    // Another account is another list.
    server.ask("PUT", "/connections/code/secrets/token", json!({ "value": "bad" })).await.ok();
    assert_eq!(server.choices(json!({ "fresh": true })).await.status, 409);
}

#[tokio::test]
async fn what_keeps_a_list_from_being_read_is_a_problem_with_a_hint() {
    let (server, service) = served("bad").await;
    let says = async |more: Value| {
        let problem = server.choices(more).await.json();
        assert!(
            problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()) || problem["code"] == "FP0004",
            "{problem}"
        );
        (problem["code"].as_str().unwrap().to_owned(), problem["pointer"].as_str().unwrap_or_default().to_owned())
    };
    let missing = ("FP0509".to_owned(), "/connections/account".to_owned());
    assert_eq!(says(json!({ "connections": {} })).await, missing);
    assert_eq!(says(json!({ "connections": { "account": "gone" } })).await, missing);
    assert_eq!(says(json!({ "parameter": "/params/title" })).await, ("FP0004".into(), "/parameter".into()));
    assert_eq!(says(json!({ "type": "core.set" })).await, ("FP0004".into(), "/type".into()));
    let depends = json!({ "parameter": "/params/labels", "params": { "owner": "ada" } });
    assert_eq!(says(depends).await, ("FP0203".into(), "/params/repository".into()));
    assert_eq!(service.count(), 0);
    // The service does not take the account, so the connection is dead from then on.
    assert_eq!(says(json!({})).await.0, "FP0511");
    assert_eq!(says(json!({})).await.0, "FP0511");
    assert_eq!(service.count(), 1);
    assert_eq!(server.choices(json!({ "cursor": "x" })).await.status, 400);
}

#[tokio::test]
async fn a_form_knows_which_parameters_offer_lists() {
    let server = Server::start().await;
    let types = server.get("/node-types").await;
    let kind = types["items"].as_array().unwrap().iter().find(|kind| kind["id"] == "github.issue.create").unwrap();
    let hints = &kind["params"]["properties"]["labels"]["x-form"]["choices"];
    assert_eq!(hints, &json!({ "from": ["owner", "repository"], "search": false }));
}
