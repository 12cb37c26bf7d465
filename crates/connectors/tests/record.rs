//! An operation is performed once against a server on this machine, and what went to and fro becomes a case that holds.

use std::path::Path;

use bytes::Bytes;
use connectors::mask::Masks;
use connectors::record::{Tape, Way, Wish, take, write};
use connectors::{Connector, catalog, fixture};
use model::{Map, Value};
use sandbox::{Options, Sandbox};
use serde_json::json;
use testkit::recorder::{Made, Recorded, Recorder, Rule};

fn sandbox() -> Sandbox {
    Sandbox::new(Options::with_worker(testkit::step::worker().unwrap()))
}

fn connector(place: &Path, server: &Recorder) -> Connector {
    let folder = place.join("desk");
    std::fs::create_dir_all(folder.join("fixtures")).unwrap();
    let manifest = json!({
        "connector": "desk", "title": "Desk", "summary": "Tickets.", "docs": "https://desk.example", "base": server.url("/api"),
        "errors": [{ "path": "error", "message": "error" }],
        "paging": { "cursor": { "type": "cursor", "from": "nextPageToken", "param": "pageToken" } },
        "operations": {
            "ticket.list": { "title": "List", "summary": "Lists.", "request": "GET /tickets", "items": "tickets", "paging": "cursor" },
            "ticket.find": { "title": "Find", "summary": "Finds.",
                "params": { "mail": { "required": true }, "since": {} },
                "steps": [
                    { "name": "who", "request": "GET /people", "send": { "query": { "mail": "={{ $params.mail }}", "at": "={{ $now.toISO() }}" } } },
                    { "name": "each", "over": "={{ $steps.who.people }}", "request": "GET /people/{=$each.id}/tickets" },
                ],
                "output": "={{ $response.flatMap((answer) => answer.tickets) }}" },
            "ticket.open": { "title": "Open", "summary": "Opens.", "request": "POST /tickets", "params": { "subject": { "required": true } } },
        },
    });
    std::fs::write(folder.join("connector.yaml"), serde_yaml_ng::to_string(&manifest).unwrap()).unwrap();
    catalog::of_folder(&folder).unwrap()
}

async fn taken(connector: &Connector, operation: &str, params: Value, sandbox: &Sandbox) -> Tape {
    let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
    let way = Way {
        outbound: &outbound,
        scope: model::ScopeId(1),
        connection: None,
        settings: Map::new(),
        sandbox,
        now: 1_780_000_000_000,
    };
    take(connector, operation, params.as_object().unwrap().clone(), &way).await.unwrap()
}

fn wish() -> Wish {
    Wish { name: "recorded".into(), source: None, keep_people: false }
}

fn made(status: u16, body: &Value) -> Made {
    (
        status,
        vec![
            ("content-type".into(), "application/json".into()),
            ("set-cookie".into(), "sid=cookie-of-a-session; Path=/".into()),
        ],
        Bytes::from(body.to_string()),
    )
}

fn pages(request: &Recorded, _: usize) -> Made {
    let tickets = |from: u32| -> Vec<Value> {
        (from..from + 5).map(|id| json!({ "id": id, "to": "ada@lovelace.org" })).collect()
    };
    made(
        200,
        &match request.query.contains("pageToken") {
            false => {
                json!({ "tickets": tickets(1), "nextPageToken": "the-second-page", "access_token": "a-token-that-leaked" })
            }
            true => json!({ "tickets": tickets(6), "echo": "a-token-that-leaked" }),
        },
    )
}

fn people(request: &Recorded, _: usize) -> Made {
    match request.path.ends_with("/tickets") {
        true => made(200, &json!({ "tickets": [{ "of": request.path, "sid": "cookie-of-a-session" }] })),
        false => made(
            200,
            &json!({ "people": (1..=5).map(|id| json!({ "id": id, "mail": request.query })).collect::<Vec<_>>() }),
        ),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_become_a_case_with_short_lists_and_without_secrets_and_people() {
    let (server, place, sandbox) = (Recorder::start().await.unwrap(), tempfile::tempdir().unwrap(), sandbox());
    server.on("/api/tickets", Rule::By(pages));
    let connector = connector(place.path(), &server);
    let tape = taken(&connector, "ticket.list", json!({ "all": true }), &sandbox).await;
    assert_eq!(tape.answers.len(), 2);
    let written = write(&connector, "ticket.list", &tape, Masks::default(), &wish(), &sandbox).await.unwrap();
    let case = &written.case;
    assert_eq!(written.calls, 2);
    assert_eq!(case["calls"][1]["query"], json!({ "pageToken": "the-second-page" }), "what leads on is no secret");
    assert_eq!(case["items"].as_array().unwrap().len(), 6, "three of each page");
    assert_eq!(case["items"][0], json!({ "id": 1, "to": "person1@example.com" }));
    assert_eq!(case["calls"][1]["answer"]["body"]["echo"], "masked-access-token");
    assert!(case["calls"][0]["answer"].get("headers").is_none(), "{case}");
    assert_eq!(written.people, [("ada@lovelace.org".to_owned(), "person1@example.com".to_owned())]);
    let text = case.to_string();
    assert!(!text.contains("lovelace") && !text.contains("a-token-that-leaked") && !text.contains("cookie"), "{text}");
    let keep = Wish { keep_people: true, ..wish() };
    let kept = write(&connector, "ticket.list", &tape, Masks::default(), &keep, &sandbox).await.unwrap();
    assert_eq!(kept.case["items"][0]["to"], "ada@lovelace.org");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_follow_from_answers_and_from_the_time_hold_again() {
    let (server, place, sandbox) = (Recorder::start().await.unwrap(), tempfile::tempdir().unwrap(), sandbox());
    server.on("/api/people", Rule::By(people));
    let connector = connector(place.path(), &server);
    let tape = taken(&connector, "ticket.find", json!({ "mail": "ada@lovelace.org" }), &sandbox).await;
    assert_eq!(tape.answers.len(), 6);
    assert!(server.requests()[0].query.contains("at=2026-05-28"), "the service is asked at its own time");
    let written = write(&connector, "ticket.find", &tape, Masks::default(), &wish(), &sandbox).await.unwrap();
    assert_eq!(written.calls, 4, "one for each of the three that are left");
    let case = &written.case;
    assert_eq!(case["params"], json!({ "mail": "person1@example.com" }));
    assert_eq!(case["calls"][0]["query"]["mail"], "person1@example.com");
    assert!(case["calls"][0]["query"]["at"].as_str().unwrap().starts_with("2026-01-01T00:00"), "the time of fixtures");
    assert!(
        case["calls"][0]["answer"]["body"]["people"][0]["mail"].as_str().unwrap().contains("person1%40example.com")
    );
    assert_eq!(case["items"].as_array().unwrap().len(), 3);
    assert_eq!(case["items"][0]["sid"], "masked-cookie", "what a cookie held is a secret elsewhere, too");
    // As a file, it is what `connector test` runs.
    let file = place.path().join("desk/fixtures/ticket.find.yaml");
    std::fs::write(&file, serde_yaml_ng::to_string(&json!([case])).unwrap()).unwrap();
    let outcomes = fixture::run_all(&place.path().join("desk"), &connector, &sandbox).await.unwrap();
    assert_eq!(outcomes.into_iter().map(|outcome| outcome.fault).collect::<Vec<_>>(), [None]);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_says_no_is_a_case_and_one_that_is_not_there_is_none() {
    let (server, place, sandbox) = (Recorder::start().await.unwrap(), tempfile::tempdir().unwrap(), sandbox());
    server.on("/api/tickets", Rule::By(|_, _| made(422, &json!({ "error": "the subject is taken" }))));
    let connector = connector(place.path(), &server);
    let tape = taken(&connector, "ticket.open", json!({ "subject": "No hot water" }), &sandbox).await;
    let written = write(&connector, "ticket.open", &tape, Masks::default(), &wish(), &sandbox).await.unwrap();
    assert_eq!(written.case["calls"][0]["body"], json!({ "subject": "No hot water" }));
    assert_eq!(written.case["calls"][0]["answer"]["status"], 422);
    assert_eq!(written.case["error"]["category"], "badData");
    assert!(written.failure.unwrap().contains("the subject is taken"));
    drop(server);
    let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
    let way = Way {
        outbound: &outbound,
        scope: model::ScopeId(1),
        connection: None,
        settings: Map::new(),
        sandbox: &sandbox,
        now: 0,
    };
    let params = json!({ "subject": "x" });
    let lost = take(&connector, "ticket.open", params.as_object().unwrap().clone(), &way).await;
    assert!(lost.is_err());
    let missing = take(&connector, "ticket.close", Map::new(), &way).await.unwrap_err();
    assert!(missing.to_string().contains("no operation `ticket.close`"));
    sandbox.shutdown().await;
}
