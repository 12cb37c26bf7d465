//! Forms from outside, against a fake engine.

use std::sync::Arc;

use http::Request;
use model::{RunId, Scope};
use part::trigger::FormTrigger;
use serde_json::json;

use super::*;
use crate::routes::Face;
use crate::routes::tests::endpoint;
use crate::webhooks::tests::{World, get, post, read, with, world, world_with};
use crate::{Endpoint, Rehearsal};

fn form_at(webhook: Value, form: Value) -> Endpoint {
    let mut settings = json!({ "methods": ["GET", "HEAD", "POST"], "path": "ask" });
    settings.as_object_mut().unwrap().extend(webhook.as_object().unwrap().clone());
    let form = Arc::new(serde_json::from_value(form).unwrap());
    Endpoint { form: Some(Face { form, timezone: "Europe/Vienna".into() }), ..endpoint(settings) }
}

fn trigger(endpoint: &Endpoint) -> Trigger {
    let form = Form::clone(&endpoint.form.as_ref().unwrap().form);
    Trigger::Form(Box::new(FormTrigger { webhook: endpoint.webhook.clone(), form }))
}

fn asks() -> Value {
    json!({ "title": "Apply", "fields": [
        { "label": "Name", "required": true }, { "label": "CV", "type": "file" }, { "label": "ref", "type": "hiddenField", "value": "web" },
    ] })
}

/// A form as a browser sends it; a value with a `/` in it is a file of that name.
fn sent(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = String::new();
    for (name, value) in fields {
        let (more, content) = match value.strip_prefix('/') {
            Some(file) => (format!("; filename=\"{file}\"\r\ncontent-type: text/plain"), "hello"),
            None => (String::new(), *value),
        };
        body.push_str(&format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n"));
    }
    post(path, "multipart/form-data; boundary=b", body + "--b--\r\n")
}

async fn location(world: &World, request: Request<Body>) -> String {
    let response = world.receiver.receive(request, None).await;
    let status = response.status();
    let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    location.unwrap_or_else(|| panic!("{status} leads nowhere"))
}

fn nonce_in(page: &str) -> String {
    let at = page.find("name=form-page value=\"").expect("a page has a nonce") + 22;
    page[at..at + 32].to_owned()
}

#[tokio::test]
async fn a_form_is_shown_sent_once_and_its_visitor_led_on() {
    let world = world(vec![form_at(json!({}), asks())]);
    for path in ["/forms/main/prod/ask", "/form/ask", "/webhook/ask/n8n-form"] {
        let shown = world.receiver.receive(get(path), None).await;
        let policy = shown.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(shown.headers()["x-frame-options"], "SAMEORIGIN");
        let (status, page) = read(shown).await;
        assert!(status == 200 && page.contains("<h1>Apply</h1>") && !page.contains("<script"), "{page}");
        assert!(!page.contains("http://") && !page.contains("https://"), "it asks nothing of others: {page}");
    }
    let nonce = nonce_in(&world.send(get("/form/ask?Name=Eve&utm=x")).await.1);
    let fields = [("form-page", nonce.as_str()), ("field-0", "Ada"), ("field-1", "/cv.txt"), ("field-2", "forged")];
    let to = location(&world, sent("/form/ask?Name=Eve&utm=x", &fields)).await;
    let (path, query) = to.split_once('?').unwrap();
    assert!(path.starts_with("/form-run/main/prod/run_") && query == "Name=Eve&utm=x", "{to}");
    assert_eq!(location(&world, sent("/form/ask?Name=Eve&utm=x", &fields)).await, to, "the same page is the same run");
    let events = world.fake.admitted();
    assert_eq!(events.len(), 1);
    let item = world.item(0);
    assert_eq!((&item["Name"], &item["ref"], &item["formMode"]), (&json!("Ada"), &json!("web"), &json!("production")));
    assert_eq!(item["CV"], json!({ "filename": "cv.txt", "mimetype": "text/plain", "size": 5 }));
    assert_eq!(item["formQueryParameters"], json!({ "Name": "Eve", "utm": "x" }));
    assert!(item["submittedAt"].as_str().unwrap().contains('+'), "in the zone of the workflow: {item}");
    assert_eq!(events[0].started_by, "form:ask");
    let other = [("form-page", nonce.as_str()), ("field-0", "Bob")];
    let (status, page) = world.send(sent("/form/ask?Name=Eve&utm=x", &other)).await;
    assert!(status == Code::DuplicateEvent.status() && page.contains("You have sent this already"), "{page}");
}

#[tokio::test]
async fn what_is_refused_is_shown_again_with_what_was_entered() {
    let form = json!({ "title": "T", "fields": [
        { "label": "Age", "type": "number" }, { "label": "Why", "type": "textarea" }, { "label": "Secret", "type": "password" },
        { "label": "Pick", "type": "checkbox", "options": ["a", "b"], "most": 1 }, { "label": "Size", "type": "dropdown", "options": ["S", "L"] },
    ] });
    let world = world(vec![form_at(json!({}), form)]);
    let fields = [
        ("field-0", "old"),
        ("field-1", "Because"),
        ("field-2", "hush"),
        ("field-3", "a"),
        ("field-3", "b"),
        ("field-4", "L"),
    ];
    let (status, page) = world.send(sent("/form/ask", &fields)).await;
    assert_eq!(status, 422);
    for part in [
        "<title>Error: T</title>",
        "role=alert tabindex=-1 autofocus",
        "<a href=\"#field-0\">Age: “old” is no number</a>",
        "aria-describedby=\"field-0-problem\" aria-invalid=true",
        "<fieldset class=field aria-describedby=\"field-3-hint field-3-problem\">",
        "Because</textarea>",
        "value=\"a\" checked",
        "value=\"b\" checked",
        "<option value=\"L\" selected>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("hush"), "a secret is not written back");
    assert!(world.fake.admitted().is_empty());
}

#[tokio::test]
async fn nothing_that_people_write_becomes_markup() {
    let bad = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
    let form = json!({
        "title": bad, "description": bad, "button": bad, "completion": bad, "css": "</style><script>alert(1)</script>",
        "fields": [
            { "label": bad, "placeholder": bad, "value": bad }, { "label": "a", "type": "textarea", "value": format!("</textarea>{bad}") },
            { "label": format!("{bad}c"), "type": "dropdown", "options": [bad], "value": bad }, { "label": "r", "type": "radio", "options": [bad] },
            { "label": "f", "type": "file", "accept": bad }, { "type": "html", "html": bad }, { "label": "q" },
        ],
    });
    let endpoint = form_at(json!({}), form);
    let trigger = trigger(&endpoint);
    let world = world(vec![endpoint]);
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let first = world.send(get(&format!("/form/ask?q={hostile}"))).await.1;
    let again = world
        .send(sent("/form/ask", &[("field-0", bad), ("field-2", bad), ("field-3", "none of them"), ("field-6", bad)]))
        .await
        .1;
    world.fake.stand(RunStatus::Completed, Some(trigger), None);
    let visit = Visit { scope: Scope::default(), run: RunId::from_parts(5, 6), from: None };
    let done = world.send(get(&world.signer.visit(&visit))).await.1;
    for page in [first, again, done] {
        assert!(page.contains("<main>"), "{page}");
        assert!(!page.contains("<script") && !page.contains("onerror=alert(1)>\""), "{page}");
        // In text the words may stand; no element has them.
        let elements: Vec<&str> = page.split('<').filter(|part| part.starts_with("img")).collect();
        assert!(elements.iter().all(|element| !element.split('>').next().unwrap().contains("onerror")), "{page}");
        assert!(!page.contains("</style><script"), "{page}");
    }
}

#[tokio::test]
async fn too_much_at_once_is_told_on_a_page() {
    let world = world_with(vec![form_at(json!({ "bodyLimit": 2_000 }), asks())], |_| {});
    let large = "x".repeat(5_000);
    for announced in [true, false] {
        let mut request = sent("/form/ask", &[("field-0", &large)]);
        if announced {
            request = with(request, "content-length", "5200");
        }
        let (status, page) = world.send(request).await;
        assert!(status == 413 && page.contains("may have up to 2 KiB") && page.contains("<main>"), "{page}");
    }
    assert!(world.send(get("/form/ask")).await.1.contains("All that is sent together may have up to 2 KiB."));
    assert!(world.fake.admitted().is_empty());
}

#[tokio::test]
async fn who_may_not_come_in_sees_a_page_that_says_so() {
    let auth =
        json!({ "auth": { "kind": "basic", "connection": "sesame" }, "senders": ["192.0.2.0/24"], "ignoreBots": true });
    let world = world(vec![form_at(auth, asks())]);
    let ask = || get("/form/ask");
    let response = world.receiver.receive(ask(), Some("192.0.2.1".parse().unwrap())).await;
    assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    assert_eq!(response.status(), 401);
    assert_eq!(world.send_from(with(ask(), "x-key", "sesame"), "192.0.2.1").await.0, 200);
    assert_eq!(world.send_from(with(ask(), "x-key", "sesame"), "198.51.100.1").await.0, 403);
    let bot = with(with(ask(), "x-key", "sesame"), "user-agent", "Googlebot");
    assert_eq!(world.send_from(bot, "192.0.2.1").await.0, 403);
    let forged =
        with(with(sent("/form/ask", &[("field-0", "Ada")]), "x-key", "sesame"), "sec-fetch-site", "cross-site");
    assert_eq!(world.send_from(forged, "192.0.2.1").await.0, 403, "a browser shows a password on its own");
    assert!(world.fake.admitted().is_empty());
}

#[tokio::test]
async fn addresses_without_a_form_lead_to_a_page() {
    let world = world(vec![form_at(json!({}), asks()), endpoint(json!({ "methods": ["POST"], "path": "ask" }))]);
    for path in
        ["/form/other", "/forms/main/dev/ask", "/form-test/ask", "/form-run/main/prod/run_1/start/00", "/form-run/x"]
    {
        let (status, page) = world.send(get(path)).await;
        assert!(status == 404 && page.contains("There is no form here"), "{path}: {status} {page}");
    }
    assert_eq!(
        world.send(post("/webhook/ask", "application/json", "{}")).await.0,
        200,
        "webhooks have paths of their own"
    );
    assert_eq!(world.send(Request::put("/form/ask").body(Body::empty()).unwrap()).await.0, 405);
}

#[tokio::test]
async fn a_draft_is_tried_once() {
    let draft = Rehearsal::new("ada", i64::MAX, true);
    let world = world(vec![Endpoint { draft: Some(draft), ..form_at(json!({}), asks()) }]);
    let (status, page) = world.send(get("/forms-test/main/prod/ask")).await;
    assert!(status == 200 && page.contains("This is a test"), "{page}");
    location(&world, sent("/forms-test/main/prod/ask", &[("field-0", "Ada")])).await;
    let event = &world.fake.admitted()[0];
    assert!(event.mode == "test" && event.use_pins && world.item(0)["formMode"] == "test");
    assert_eq!(world.send(get("/forms-test/main/prod/ask")).await.0, 404);
}

fn page_of(form: Value) -> Suspend {
    let door = json!({ "webhook": { "path": "", "methods": ["GET", "HEAD", "POST"] }, "form": form });
    Suspend::Signal { name: "form".into(), until: None, door: Some(door) }
}

fn wait(step: u32) -> Wait {
    Wait { scope: Scope::default(), run: RunId::from_parts(5, 6), step }
}

#[tokio::test]
async fn a_page_of_a_run_is_sent_once() {
    let first = form_at(json!({}), json!({ "title": "Apply", "button": "Go on" }));
    let world = world(vec![]);
    world.fake.stand(RunStatus::Waiting, Some(trigger(&first)), None);
    world.fake.wait_at(4, page_of(json!({ "fields": [{ "label": "Name", "required": true }] })));
    let path = world.signer.path(&wait(4));
    let page = world.send(get(&format!("{path}?Name=Ada"))).await.1;
    assert!(
        page.contains("<h1>Apply</h1>") && page.contains("<button>Go on</button>"),
        "what it does not say, the first page says"
    );
    assert!(page.contains("value=\"Ada\""), "{page}");
    let nonce = nonce_in(&page);
    assert_eq!(world.send(sent(&path, &[("form-page", &nonce)])).await.0, 422);
    let fields = [("form-page", nonce.as_str()), ("field-0", "Ada")];
    let to = location(&world, sent(&path, &fields)).await;
    assert!(to.contains("/4/"), "{to}");
    world.fake.go_on(4);
    assert_eq!(location(&world, sent(&path, &fields)).await, to, "sent twice at once, it is sent once");
    let signals = world.fake.signals();
    assert_eq!(signals.len(), 1);
    let payload = &signals[0].4;
    assert_eq!(
        (&payload["json"]["Name"], &payload["door"], &payload["page"]),
        (&json!("Ada"), &json!(true), &json!(4))
    );
    let (status, page) = world.send(sent(&path, &[("form-page", "other"), ("field-0", "Eve")])).await;
    assert!(status == 409 && page.contains("answered already") && page.contains(&to), "{page}");
    assert_eq!(world.send(get(&path)).await.0, 409);
    assert_eq!(world.fake.signals().len(), 1);
}

#[tokio::test]
async fn a_page_whose_time_is_over_says_so() {
    let world = world(vec![]);
    world.fake.wait_at(4, page_of(json!({})));
    world.fake.go_on(4);
    let (status, page) = world.send(get(&world.signer.path(&wait(4)))).await;
    assert!(status == 410 && page.contains("The time for this page is over"), "{page}");
}

#[tokio::test]
async fn an_address_that_was_shown_before_leads_to_the_page() {
    let world = world(vec![]);
    world.fake.wait_at(9, page_of(json!({ "title": "Nine" })));
    let path = world.signer.path(&wait(9));
    assert_eq!(location(&world, get(&world.signer.path(&wait(4)))).await, path);
    assert!(world.send(get(&path)).await.1.contains("Nine"));
}

#[tokio::test]
async fn a_visitor_sees_what_the_run_has_come_to() {
    let form = json!({ "title": "Apply", "completion": "Thank <b>you</b>" });
    let visit = |from| Visit { scope: Scope::default(), run: RunId::from_parts(5, 6), from };
    let seen = async |webhook: Value, form: Value, status: RunStatus, answer: Option<Answer>| {
        let endpoint = form_at(webhook, form);
        let world = world(vec![]);
        world.fake.stand(status, Some(trigger(&endpoint)), answer);
        world.send(get(&world.signer.visit(&visit(None)))).await
    };
    let at_end = json!({ "respond": { "when": "lastNode", "data": "noData" } });
    let by_node = json!({ "respond": { "when": "respondNode" } });
    let text = |text: &str| {
        Some(Answer {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: AnswerBody::Text(text.into()),
        })
    };
    for (webhook, form, status, answer, expect) in [
        (json!({}), form.clone(), RunStatus::Running, None, "Thank <b>you</b>"),
        (json!({}), json!({}), RunStatus::Failed, None, "This did not work"),
        (
            json!({}),
            json!({ "redirect": "https://a.example/x" }),
            RunStatus::Completed,
            None,
            "content=\"0;url=https://a.example/x\"",
        ),
        (
            json!({}),
            json!({ "redirect": "javascript:alert(1)" }),
            RunStatus::Completed,
            None,
            "Your response has been recorded",
        ),
        (at_end.clone(), form.clone(), RunStatus::Running, None, "form-waiting=1"),
        (at_end.clone(), form.clone(), RunStatus::Completed, None, "Thank <b>you</b>"),
        (at_end.clone(), form.clone(), RunStatus::Held, None, "This form is on hold"),
        (at_end, form.clone(), RunStatus::Canceled, None, "This form is closed"),
        (by_node.clone(), form.clone(), RunStatus::Running, text("{\"formSubmittedText\":\"Number <7>\"}"), "Number "),
        (
            by_node.clone(),
            form.clone(),
            RunStatus::Running,
            text("{\"redirectURL\":\"https://b.example\"}"),
            "url=https://b.example/",
        ),
        (by_node, form.clone(), RunStatus::Running, text("{\"a\":1}"), "{\"a\":1}"),
        (json!({}), form, RunStatus::Running, text("{\"secret\":1}"), "Thank <b>you</b>"),
    ] {
        let (code, page) = seen(webhook.clone(), form, status, answer).await;
        assert!(page.contains(expect), "{webhook} {status:?} {code}: {expect} is not in {page}");
    }
    let world = world(vec![]);
    world.fake.stand(RunStatus::Waiting, Some(trigger(&form_at(json!({}), json!({})))), None);
    world.fake.wait_at(4, page_of(json!({})));
    assert_eq!(
        location(&world, get(&(world.signer.visit(&visit(None)) + "?a=1&form-waiting=1"))).await,
        world.signer.path(&wait(4)) + "?a=1"
    );
}

#[tokio::test]
async fn an_ending_is_shown_with_its_files() {
    let world = world(vec![]);
    let stand = |ending: Value| {
        let ending: Ending = serde_json::from_value(ending).unwrap();
        world.fake.stand(
            RunStatus::Completed,
            Some(trigger(&form_at(json!({}), json!({ "title": "Apply" })))),
            Some(ending.answer()),
        );
    };
    let path = world.signer.visit(&Visit { scope: Scope::default(), run: RunId::from_parts(5, 6), from: None });
    let file =
        json!({ "mimeType": "text/html", "fileName": "ü \"a.txt", "fileSize": "2 B", "data": "aGk=", "size": 2 });
    stand(
        json!({ "title": "Done", "text": "Take <b>this</b><script>1</script>", "attribution": true, "files": [file] }),
    );
    let page = world.send(get(&path)).await.1;
    for part in
        ["<h1>Done</h1>", "Take <b>this</b></div>", "form-file=0", "ü &quot;a.txt", "Form automated with Fishplate"]
    {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let saved = world.receiver.receive(get(&format!("{path}?form-file=0")), None).await;
    assert!(
        saved.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename*=UTF-8''%C3%BC%20%22a.txt")
    );
    assert!(saved.headers()["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert_eq!(read(saved).await.1, "hi");
    assert_eq!(world.send(get(&format!("{path}?form-file=7"))).await.0, 404);
    stand(json!({ "bare": true, "text": "<style>b{color:red}</style><b>mine</b><script>1</script>" }));
    let bare = world.receiver.receive(get(&path), None).await;
    let policy = bare.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("sandbox") && policy.contains("default-src 'none'") && !policy.contains("script"),
        "{policy}"
    );
    assert!(read(bare).await.1.contains("<style>"));
}
