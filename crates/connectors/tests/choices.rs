//! Lists of choices, against a server on this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use connectors::choices::{Lists, Offered, Question};
use connectors::manifest::Manifest;
use model::{Map, Problem, ScopeId, Value};
use outbound::Clock;
use sandbox::{Options, Sandbox};
use serde_json::json;
use testkit::recorder::{Made, Recorded, Recorder, Rule};

/// A clock that a test moves.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_767_225_600 + self.0.load(Ordering::Relaxed))
    }
}

struct Desk {
    server: Recorder,
    manifest: Arc<Manifest>,
    clock: Arc<Hand>,
    lists: Lists,
}

fn made(body: &Value) -> Made {
    (200, vec![("content-type".into(), "application/json".into())], Bytes::from(body.to_string()))
}

/// 250 rooms of a house, a hundred on a page; `q` is searched here.
fn rooms(request: &Recorded, _: usize) -> Made {
    let query: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let offset: usize = query.get("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let sought = query.get("q").cloned().unwrap_or_default();
    let house = request.path.split('/').nth(3).unwrap_or_default();
    let all: Vec<Value> = (1..=250)
        .map(|number| json!({ "id": number, "name": format!("Room {number}"), "floor": format!("{house}, floor {}", number / 100) }))
        .filter(|room| room["name"].as_str().is_some_and(|name| name.contains(&sought)))
        .collect();
    made(&json!({ "rooms": all.iter().skip(offset).take(100).collect::<Vec<_>>(), "total": all.len() }))
}

fn houses(_: &Recorded, _: usize) -> Made {
    made(
        &json!({ "houses": [{ "id": "h1", "title": "North" }, { "id": "h2", "title": "", "code": "S" }, { "id": null }] }),
    )
}

fn says_no(_: &Recorded, count: usize) -> Made {
    match count {
        1 => (429, vec![("retry-after".into(), "90".into())], Bytes::new()),
        _ => (403, Vec::new(), Bytes::from(r#"{"message":"not yours"}"#)),
    }
}

impl Desk {
    async fn open() -> Desk {
        let server = Recorder::start().await.unwrap();
        for (path, rule) in [
            ("/api/houses", Rule::By(houses)),
            ("/api/houses/h1/rooms", Rule::By(rooms)),
            ("/api/houses/h2/rooms", Rule::By(rooms)),
            ("/api/keys", Rule::By(says_no)),
        ] {
            server.on(path, rule);
        }
        let list = |request: &str, items: &str, params: Value| json!({ "title": "List", "summary": "Lists", "request": request, "items": items, "params": params });
        let mut rooms = list("GET /houses/{house}/rooms", "rooms", json!({ "house": { "required": true }, "q": {} }));
        rooms["paging"] = "offset".into();
        let manifest = json!({
            "connector": "desk", "title": "Desk", "summary": "Rooms.", "docs": "https://desk.example",
            "base": server.url("/api"),
            "paging": { "offset": { "type": "offset", "param": "offset", "total": "total" } },
            "choices": {
                "houses": { "operation": "house.list", "value": "id", "label": ["title", "code"] },
                "rooms": { "operation": "room.list", "params": { "house": "={{ $params.house }}", "all": true },
                    "value": "id", "label": "name", "about": "floor" },
                "sought": { "operation": "room.list", "params": { "house": "={{ $params.house }}" }, "search": "q",
                    "value": "id", "label": "name" },
                "keys": { "operation": "key.list", "value": "id", "label": "name" },
                "initials": { "own": { "request": "GET /houses", "items": "houses",
                    "output": "={{ $items.filter(h => h.title).map(h => ({ v: h.title[0] + $params.more })) }}" },
                    "params": { "more": "={{ $params.house ?? '!' }}" }, "value": "v", "label": "v" },
            },
            "operations": {
                "house.list": list("GET /houses", "houses", json!({})),
                "room.list": rooms,
                "key.list": list("GET /keys", "keys", json!({})),
                "room.book": { "title": "Book", "summary": "Books", "request": "POST /book", "params": {
                    "house": { "required": true, "choices": "houses" },
                    "room": { "choices": "rooms" }, "sought": { "choices": "sought" }, "key": { "choices": "keys" },
                    "initial": { "choices": "initials" }, "plain": {},
                    "guests": { "type": "array", "items": { "type": "object", "fields": { "room": { "choices": "rooms" } } } },
                    "others": { "type": "array", "items": { "type": "string" }, "choices": "rooms" } } },
            },
        });
        let clock = Arc::<Hand>::default();
        let sandbox = Sandbox::new(Options::with_worker(testkit::step::worker().unwrap()));
        let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
        let lists = Lists::new(outbound, sandbox, clock.clone());
        Desk { server, manifest: Arc::new(serde_json::from_value(manifest).unwrap()), clock, lists }
    }

    async fn ask(&self, parameter: &str, params: Value, search: &str, after: usize) -> Result<Offered, Problem> {
        let params: Map = params.as_object().cloned().unwrap();
        let known = &self.manifest.operations["room.book"].params;
        let question = Question {
            scope: ScopeId(1),
            workspace: "default",
            node_type: "desk.room.book",
            parameter,
            params,
            connection: None,
            search,
            after,
            anew: false,
        };
        self.lists.of(&self.manifest, known, question).await
    }

    fn asked(&self) -> Vec<String> {
        self.server.requests().into_iter().map(|one| format!("{}?{}", one.path, one.query)).collect()
    }
}

fn labels(offered: &Offered) -> Vec<&str> {
    offered.items.iter().map(|choice| choice.label.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_have_the_first_label_with_a_text_and_what_has_no_value_is_none() {
    let desk = Desk::open().await;
    let offered = desk.ask("/params/house", json!({}), "", 0).await.unwrap();
    assert_eq!(json!(offered.items), json!([{ "value": "h1", "label": "North" }, { "value": "h2", "label": "S" }]));
    assert_eq!(offered.next, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_as_far_as_somebody_looks_and_once_in_a_minute() {
    let desk = Desk::open().await;
    let house = json!({ "house": "h1" });
    let first = desk.ask("/params/room", house.clone(), "", 0).await.unwrap();
    assert_eq!((first.items.len(), first.next), (100, Some(100)));
    assert_eq!(json!(first.items[0]), json!({ "value": 1, "label": "Room 1", "about": "h1, floor 0" }));
    assert_eq!(desk.asked(), ["/api/houses/h1/rooms?"]);
    let second = desk.ask("/params/room", house.clone(), "", 100).await.unwrap();
    assert_eq!((labels(&second)[0], second.next), ("Room 101", Some(200)));
    let third = desk.ask("/params/room", house.clone(), "", 200).await.unwrap();
    assert_eq!((third.items.len(), third.next), (50, None));
    // The same for elements of lists, and for a list of values.
    for parameter in ["/params/guests/3/room", "/params/others", "/params/others/0"] {
        assert_eq!(desk.ask(parameter, house.clone(), "", 200).await.unwrap().items.len(), 50, "{parameter}");
    }
    assert_eq!(desk.asked().len(), 3);
    let sought = desk.ask("/params/room", house.clone(), " room 24 ", 0).await.unwrap();
    assert_eq!(labels(&sought)[..3], ["Room 24", "Room 124", "Room 224"]);
    assert_eq!(labels(&desk.ask("/params/room", house.clone(), "FLOOR 250", 0).await.unwrap()), ["Room 250"]);
    assert_eq!(desk.asked().len(), 3, "what was read is searched");
    desk.clock.0.store(61, Ordering::Relaxed);
    desk.ask("/params/room", house, "", 0).await.unwrap();
    desk.ask("/params/room", json!({ "house": "h2" }), "", 0).await.unwrap();
    assert_eq!(desk.asked()[3..], ["/api/houses/h1/rooms?", "/api/houses/h2/rooms?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_searches_is_asked_for_what_is_sought() {
    let desk = Desk::open().await;
    let found = desk.ask("/params/sought", json!({ "house": "h1" }), "Room 25", 0).await.unwrap();
    assert_eq!(labels(&found), ["Room 25", "Room 250"]);
    assert_eq!(desk.asked(), ["/api/houses/h1/rooms?q=Room%2025"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_its_own_makes_choices_by_an_expression() {
    let desk = Desk::open().await;
    assert_eq!(labels(&desk.ask("/params/initial", json!({}), "", 0).await.unwrap()), ["N!"]);
    assert_eq!(labels(&desk.ask("/params/initial", json!({ "house": "h1" }), "", 0).await.unwrap()), ["Nh1"]);
    // An expression of the form is not known here, so it is as if it were not there.
    assert_eq!(labels(&desk.ask("/params/initial", json!({ "house": "={{ 1 }}" }), "", 0).await.unwrap()), ["N!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_list_from_being_read_is_told_with_a_way_out() {
    let desk = Desk::open().await;
    let says = async |parameter: &str, params: Value| {
        let problem = desk.ask(parameter, params, "", 0).await.unwrap_err();
        let (pointer, hint) = (problem.pointer.unwrap_or_default(), problem.hint.unwrap_or_default());
        (problem.code.as_str(), problem.detail, pointer, hint, problem.retry_after)
    };
    let (code, detail, pointer, hint, _) = says("/params/room", json!({})).await;
    assert_eq!((code, pointer.as_str(), hint.as_str()), ("FP0203", "/params/house", "set `house` first"), "{detail}");
    let (_, detail, pointer, ..) = says("/params/room", json!({ "house": "={{ $json.house }}" })).await;
    assert!(detail.contains("known only when the workflow runs"), "{detail}");
    assert_eq!(pointer, "/params/house");
    let (code, detail, ..) = says("/params/plain", json!({})).await;
    assert_eq!((code, detail.as_str()), ("FP0004", "no list is offered for `/params/plain`"));
    assert!(desk.asked().is_empty());
    let (code, _, _, hint, after) = says("/params/key", json!({})).await;
    assert_eq!((code, after), ("FP0505", Some(90)), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_needs_an_account_is_not_asked_for_without_one() {
    let desk = Desk::open().await;
    let mut manifest = Manifest::clone(&desk.manifest);
    manifest.auth =
        serde_json::from_value(json!({ "token": { "type": "bearer", "title": "Token", "help": "There." } })).unwrap();
    let desk = Desk { manifest: Arc::new(manifest), ..desk };
    let problem = desk.ask("/params/house", json!({}), "", 0).await.unwrap_err();
    assert_eq!((problem.code.as_str(), problem.pointer.as_deref()), ("FP0509", Some("/connections/account")));
    assert!(desk.asked().is_empty());
}

#[test]
fn a_check_says_what_is_wrong_with_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let desk = folder.path().join("desk");
    std::fs::create_dir_all(desk.join("fixtures")).unwrap();
    std::fs::write(desk.join("icon.svg"), "<svg viewBox=\"0 0 24 24\"/>").unwrap();
    for (fixture, items) in [("house.list", "[{ id: h1 }]"), ("room.list", "[{ id: 1 }]"), ("room.book", "[]")] {
        std::fs::write(desk.join(format!("fixtures/{fixture}.yaml")), format!("[{{ name: a, items: {items} }}]"))
            .unwrap();
    }
    let manifest = json!({
        "connector": "desk", "title": "Desk", "summary": "Rooms.", "docs": "https://desk.example", "base": "https://desk.example",
        "choices": {
            "houses": { "operation": "house.list", "search": "words", "value": "number", "label": "name" },
            "rooms": { "operation": "room.list", "params": { "house": "={{ $params.house }}" }, "value": "id", "label": "name" },
            "every": { "operation": "room.list", "value": "id", "label": "name" },
            "books": { "operation": "room.book", "value": "id", "label": "name" },
            "none": { "value": "id", "label": "name" },
            "gone": { "operation": "gone", "value": "id", "label": "name" },
            "own": { "own": { "request": "POST /houses" }, "value": "id", "label": "name" },
            "idle": { "operation": "house.list", "value": "id", "label": "name" },
        },
        "operations": {
            "house.list": { "title": "List", "summary": "Lists", "request": "GET /houses" },
            "room.list": { "title": "List", "summary": "Lists", "request": "GET /houses/{house}/rooms",
                "params": { "house": { "required": true, "choices": "houses" } } },
            "room.book": { "title": "Book", "summary": "Books", "request": "POST /book", "params": {
                "room": { "choices": "rooms" }, "any": { "choices": "every" }, "book": { "choices": "books" },
                "own": { "choices": "own" }, "strange": { "choices": "strange" },
                "guests": { "type": "array", "items": { "type": "object", "fields": { "who": { "choices": "guests" } } } } } },
        },
    });
    std::fs::write(desk.join("connector.yaml"), manifest.to_string()).unwrap();
    let mut faults: Vec<String> =
        connectors::check::folder(&desk).faults.iter().map(|fault| format!("{}: {}", fault.at, fault.said)).collect();
    faults.sort();
    assert_eq!(
        faults,
        [
            "choices.books: `room.book` does more than read",
            "choices.books: nothing that `room.book` gives in its fixtures has a `id`",
            "choices.every: `room.list` cannot be asked without `house`",
            "choices.gone.operation: there is no operation `gone`; there are `house.list`, `room.list`, `room.book`",
            "choices.houses: `house.list` has no parameter `words`",
            "choices.houses: nothing that `house.list` gives in its fixtures has a `number`",
            "choices.idle: no parameter offers them; say `choices` at one, or take them away",
            "choices.none: it names an `operation`, or a request of its `own`",
            "choices.own: it has no case in `fixtures/choices.yaml`",
            "choices.own: it must only read",
            "operations.room.book.params.room: it offers choices `rooms`, which depend on a parameter `house` that is not there",
            "operations.room.book.params.strange: there is no list of choices `strange`; there are `houses`, `rooms`, `every`, `books`, `none`, `gone`, `own`, `idle`",
            "operations.room.book.params.who: there is no list of choices `guests`; there are `houses`, `rooms`, `every`, `books`, `none`, `gone`, `own`, `idle`",
        ]
    );
}
