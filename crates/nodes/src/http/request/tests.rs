//! `http.request` against a server that records what it was asked.

use std::collections::BTreeMap;

use model::workflow::OnError;
use model::{Item, NodeSpec, Value};
use outbound::{EgressRules, NoCredentials, Options, Outbound};
use part::{Items, NodeError, NodeType, Suspend};
use serde_json::json;
use testkit::recorder::{Recorder, Rule};
use testkit::step::{Bench, NOW, Ran, items};

use super::Request;

fn bench(params: Value) -> Bench {
    bench_of(NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() })
}

fn bench_of(spec: NodeSpec) -> Bench {
    let options = Options { egress: EgressRules::private(), ..Options::default() };
    let outbound = Outbound::new(options, std::sync::Arc::new(NoCredentials)).unwrap();
    Bench::of(&Request, spec).unwrap_or_else(|problem| panic!("{problem}")).outbound(outbound)
}

async fn run(bench: &Bench, input: Value) -> Result<Ran, NodeError> {
    bench.attempt_async(vec![items(&input)], None).await
}

#[test]
fn it_keeps_the_contract() {
    testkit::contract::check(&Request);
}

#[tokio::test]
async fn each_item_is_a_call_with_its_own_key_and_answers_keep_the_order() {
    let server = Recorder::start().await.unwrap();
    let bench = bench(json!({
        "method": "POST", "url": format!("={}", server.url("/echo/{{ $json.n }}")),
        "body": { "type": "json", "value": [{ "name": "a.b", "value": "={{ $json.n }}" }] },
        "headers": [{ "name": "X-One", "value": "1" }], "query": { "q": [1, 2] },
    }));
    let input: Value = (0..40).map(|n| json!({ "n": n })).collect();
    let ran = run(&bench, input).await.unwrap();
    let out = ran.json()[0].clone();
    for (n, item) in out.as_array().unwrap().iter().enumerate() {
        assert_eq!((&item["path"], &item["body"]), (&json!(format!("/echo/{n}")), &json!({ "a": { "b": n } })));
    }
    assert_eq!(ran.origins(0)[39], [(0, 39)]);
    let log = server.requests();
    let keys: BTreeMap<_, _> =
        log.iter().map(|call| (call.header("idempotency-key").unwrap().to_owned(), ())).collect();
    assert_eq!((log.len(), keys.len()), (40, 40));
    assert_eq!((log[0].header("x-one"), log[0].query.as_str()), (Some("1"), "q%5B%5D=1&q%5B%5D=2"));
    assert_eq!(log[0].header("content-type"), Some("application/json"));
    run(&bench, (0..40).map(|n| json!({ "n": n })).collect()).await.unwrap();
    assert_eq!(server.requests().len(), 40, "finished calls answer from the journal");
}

#[tokio::test]
async fn answers_become_items_as_their_type_says() {
    let server = Recorder::start().await.unwrap();
    let answer = |mime: &str, body: &str| Rule::Answer {
        status: 200,
        headers: vec![("content-type".into(), mime.into())],
        body: body.into(),
    };
    server.on("/list", Rule::json(&json!([{ "a": 1 }, 2, null])));
    server.on("/rows", Rule::json(&json!([["a", 1], ["b", 2]])));
    server.on("/text", answer("text/plain", "hello"));
    server.on("/empty", answer("application/json", ""));
    server.on("/broken", answer("application/json", "{"));
    server.on("/image", answer("image/png", "PNG"));
    let call = |path: &str, response: Value| {
        let bench = bench(json!({ "url": server.url(path), "response": response }));
        async move { run(&bench, json!([{ "in": 1 }])).await }
    };
    let json_of = |ran: Result<Ran, NodeError>| ran.unwrap().json()[0].clone();
    assert_eq!(json_of(call("/list", json!({})).await), json!([{ "a": 1 }, { "data": 2 }, {}]));
    assert_eq!(json_of(call("/rows", json!({})).await), json!([{ "0": "a", "1": 1 }, { "0": "b", "1": 2 }]));
    assert_eq!(json_of(call("/list", json!({ "split": false })).await), json!([{ "data": [{ "a": 1 }, 2, null] }]));
    assert_eq!(json_of(call("/text", json!({})).await), json!([{ "data": "hello" }]));
    assert_eq!(json_of(call("/text", json!({ "format": "text", "field": "t" })).await), json!([{ "t": "hello" }]));
    assert_eq!(json_of(call("/empty", json!({})).await), json!([{}]));
    let full = json_of(call("/list", json!({ "full": true })).await);
    assert_eq!((&full[0]["statusCode"], &full[0]["statusMessage"]), (&json!(200), &json!("OK")));
    assert_eq!(full[0]["body"], json!([{ "a": 1 }, 2, null]));
    let error = call("/broken", json!({})).await.unwrap_err();
    assert!(error.problem.hint.unwrap().contains("text"));
    let ran = call("/image", json!({})).await.unwrap();
    assert_eq!(ran.json()[0], json!([{ "in": 1 }]));
    let file = &ran.files(0, 0)["data"];
    assert_eq!((file.mime_type.as_str(), file.file_name.as_deref(), file.size), ("image/png", Some("image.png"), 3));
}

#[tokio::test]
async fn a_long_answer_goes_through_the_store() {
    let server = Recorder::start().await.unwrap();
    let long = json!({ "text": "x".repeat(200_000) });
    server.on("/long", Rule::json(&long));
    let bench = bench(json!({ "url": server.url("/long") }));
    assert_eq!(run(&bench, json!([{}])).await.unwrap().json()[0], json!([long]));
}

#[tokio::test]
async fn bodies_of_all_kinds_are_sent() {
    let server = Recorder::start().await.unwrap();
    let file = json!([{ "json": {}, "binary": { "up": { "mimeType": "text/csv", "fileName": "a.csv", "data": "YSxi", "size": 3 } } }]);
    let send = |body: Value| {
        let bench = bench(json!({ "method": "POST", "url": server.url("/"), "body": body }));
        let file = file.clone();
        async move { run(&bench, file).await.map(|_| ()) }
    };
    send(json!({ "type": "form", "fields": [{ "name": "a", "value": "b c" }, { "name": "d", "value": 1 }] }))
        .await
        .unwrap();
    send(json!({ "type": "form", "fields": "x=1&y=2" })).await.unwrap();
    send(json!({ "type": "raw", "contentType": "text/xml", "text": "<a/>" })).await.unwrap();
    send(json!({ "type": "file", "field": "up" })).await.unwrap();
    send(json!({ "type": "json", "value": "{\"a\": [1]}" })).await.unwrap();
    send(json!({ "type": "multipart", "parts": [{ "name": "t", "value": "v" }, { "name": "f", "file": "up" }] }))
        .await
        .unwrap();
    let log = server.requests();
    let seen: Vec<(&str, &str)> =
        log.iter().map(|call| (call.header("content-type").unwrap_or_default(), call.body.as_str())).collect();
    assert_eq!(seen[0], ("application/x-www-form-urlencoded", "a=b%20c&d=1"));
    assert_eq!(seen[1].1, "x=1&y=2");
    assert_eq!(seen[2], ("text/xml", "<a/>"));
    assert_eq!(seen[3], ("text/csv", "a,b"));
    assert_eq!(seen[4], ("application/json", "{\"a\":[1]}"));
    let boundary = seen[5].0.split_once("boundary=").unwrap().1;
    assert_eq!(
        seen[5].1,
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nv\r\n--{boundary}\r\nContent-Disposition: \
             form-data; name=\"f\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n--{boundary}--\r\n"
        )
    );
    let error = send(json!({ "type": "file", "field": "nope" })).await.unwrap_err();
    assert!(error.problem.detail.contains("no file `nope`"));
    assert!(send(json!({ "type": "json", "value": "{" })).await.unwrap_err().problem.detail.contains("not valid JSON"));
}

#[tokio::test]
async fn errors_say_what_kind_they_are() {
    let server = Recorder::start().await.unwrap();
    let call = |status: u16, response: Value| {
        let body = json!({ "error": { "message": "because" } }).to_string();
        let headers = vec![("retry-after".to_owned(), "30".to_owned())];
        let headers = if status == 429 { headers } else { Vec::new() };
        server.on(&format!("/{status}"), Rule::Answer { status, headers, body });
        let bench = bench(json!({ "url": server.url(&format!("/{status}")), "response": response }));
        async move { run(&bench, json!([{}])).await }
    };
    use part::Category::{Auth, BadData, RateLimit, Unavailable};
    for (status, category) in [(401, Auth), (404, BadData), (500, Unavailable), (429, RateLimit), (302, BadData)] {
        let error = call(status, json!({})).await.unwrap_err();
        assert_eq!((error.category, error.item), (category, Some(0)), "{status}: {error}");
        if status == 404 {
            assert!(error.problem.detail.ends_with("could not be found: because"), "{error}");
            assert_eq!(error.context.unwrap()["status"], 404);
        }
    }
    assert_eq!(call(429, json!({})).await.unwrap_err().later_millis, Some(30_000));
    let full = call(500, json!({ "neverError": true, "full": true, "format": "text" })).await.unwrap();
    assert_eq!(full.json()[0][0]["statusCode"], 500);
}

#[tokio::test]
async fn failed_items_go_on_when_asked_and_no_call_is_begun_after_a_stop() {
    let server = Recorder::start().await.unwrap();
    server.on("/bad", Rule::Answer { status: 404, headers: Vec::new(), body: r#"{"message":"none"}"#.into() });
    let url = format!("={}", server.url("{{ $json.path }}"));
    let input = || json!([{ "path": "/a" }, { "path": "/bad" }, { "path": "/c" }]);
    let on = bench(json!({ "url": url })).on_error(OnError::Continue);
    let out = run(&on, input()).await.unwrap().json()[0].clone();
    // As n8n's HTTP client says it: workflows look at the status, and at the body in the message.
    let error = json!({
        "message": r#"404 - "{\"message\":\"none\"}""#, "name": "AxiosError", "code": "ERR_BAD_REQUEST", "status": 404,
    });
    assert_eq!(out[1], json!({ "error": error }));
    assert_eq!((&out[0]["path"], &out[2]["path"]), (&json!("/a"), &json!("/c")));
    let nowhere = run(&bench(json!({ "url": "={{ $json.nowhere }}" })), json!([{}])).await.unwrap_err();
    assert_eq!(nowhere.problem.detail, "the URL is empty", "an expression that finds nothing");
    let stop = bench(json!({ "url": url, "batch": { "size": 1, "interval": 0 } }));
    assert_eq!(run(&stop, input()).await.unwrap_err().item, Some(1));
    let asked: Vec<String> = server.requests()[3..].iter().map(|call| call.path.clone()).collect();
    assert_eq!(asked, ["/a", "/bad"]);
}

#[tokio::test]
async fn a_failed_item_goes_on_only_when_all_tries_are_used_up() {
    let server = Recorder::start().await.unwrap();
    server.on("/", Rule::status(500));
    let at = |attempt| {
        let bench = bench(json!({ "url": server.url("/") })).on_error(OnError::Continue);
        bench.info(|info| (info.attempt, info.tries) = (attempt, 2))
    };
    assert_eq!(run(&at(1), json!([{}])).await.unwrap_err().category, part::Category::Unavailable);
    assert_eq!(run(&at(2), json!([{}])).await.unwrap().json()[0][0]["error"]["status"], 500);
}

#[tokio::test]
async fn long_pauses_between_batches_are_durable_timers() {
    let server = Recorder::start().await.unwrap();
    let bench = bench(json!({ "url": server.url("/"), "batch": { "size": 2, "interval": "10s" } }));
    let input = || json!([{}, {}, {}, {}, {}]);
    let mut timers = Vec::new();
    let done = loop {
        let ran = run(&bench, input()).await.unwrap();
        match ran.suspended() {
            Some(Suspend::Timer { at }) => timers.push((at - NOW, server.requests().len())),
            _ => break ran,
        }
    };
    assert_eq!(timers, [(10_000, 2), (20_000, 4)]);
    assert_eq!((done.items(0).len(), server.requests().len()), (5, 5));
}

#[tokio::test]
async fn pages_are_followed_until_the_answer_says_so() {
    let server = Recorder::start().await.unwrap();
    for (path, rows, next) in [("/p0", 2, Some("/p1")), ("/p1", 1, None)] {
        let rows: Vec<Value> = (0..rows).map(|n| json!({ "n": n })).collect();
        let next = next.map(|next| server.url(next));
        server.on(path, Rule::json(&json!({ "rows": rows, "next": next })));
    }
    let bench = bench(json!({
        "url": server.url("/p0"),
        "pagination": {
            "mode": "nextUrl", "nextUrl": "={{ $response.body.next }}",
            "completeWhen": "expression", "complete": "={{ !$response.body.next }}",
        },
    }));
    let ran = run(&bench, json!([{}])).await.unwrap();
    assert_eq!(ran.items(0).len(), 2);
    assert_eq!(server.requests().iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), ["/p0", "/p1"]);
    let names: Vec<String> = bench.host().made().iter().map(|made| made.spec.name.clone()).collect();
    assert_eq!(names, ["page 1", "page 2"]);
}

#[tokio::test]
async fn a_parameter_is_updated_from_page_to_page() {
    let server = Recorder::start().await.unwrap();
    let bench = bench(json!({
        "url": server.url("/"), "query": [{ "name": "size", "value": "5" }],
        "pagination": {
            "parameters": [{ "name": "page", "value": "={{ $pageCount + 1 }}" }], "maxPages": 3,
        },
    }));
    run(&bench, json!([{}])).await.unwrap();
    let asked: Vec<String> = server.requests().iter().map(|call| call.query.clone()).collect();
    assert_eq!(asked, ["size=5&page=1", "size=5&page=2", "size=5&page=3"]);
}

#[tokio::test]
async fn pages_that_never_change_are_stopped() {
    let server = Recorder::start().await.unwrap();
    server.on("/same", Rule::json(&json!([1])));
    let bench = bench(json!({
        "url": server.url("/same"),
        "pagination": { "parameters": [{ "in": "header", "name": "x-page", "value": "={{ $pageCount }}" }] },
    }));
    let error = run(&bench, json!([{}])).await.unwrap_err();
    assert!(error.problem.detail.contains("the same 5 times"), "{error}");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn a_lost_outcome_is_repeated_under_its_key() {
    let server = Recorder::start().await.unwrap();
    let url = server.url("/");
    tokio::task::spawn_blocking(move || {
        let bench = bench(json!({ "method": "POST", "url": url }));
        testkit::contract::repeats_under_one_key(&bench, &[json!([{}, {}])]);
    })
    .await
    .unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn egress_rules_hold() {
    let spec = NodeSpec {
        params: json!({ "url": "http://169.254.169.254/" }).as_object().unwrap().clone(),
        ..NodeSpec::default()
    };
    let error = bench_of(spec).attempt_async(vec![Items::from_vec(vec![Item::default()])], None).await.unwrap_err();
    assert_eq!((error.problem.code, error.permanent), (model::Code::EgressRefused, true));
}

#[test]
fn wrong_settings_are_refused_where_they_are() {
    let check = |params: Value| -> Vec<String> {
        let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
        let problems = Request.prepare(&spec).map_or_else(|problems| problems, |node| node.incomplete());
        problems.into_iter().map(|problem| problem.pointer.unwrap_or_default()).collect()
    };
    assert_eq!(check(json!({ "url": "" })), ["/params/url"]);
    assert_eq!(check(json!({ "url": "ftp://a" })), ["/params/url"]);
    assert_eq!(check(json!({ "url": "http://a", "method": "GE T" })), ["/params/method"]);
    assert_eq!(check(json!({ "url": "http://a", "authentication": "generic" })), ["/connections/auth"]);
    assert_eq!(check(json!({ "url": "http://a", "response": { "format": "yaml" } })), ["/params/response/format"]);
    assert_eq!(
        check(json!({ "url": "http://a", "pagination": { "mode": "update" } })),
        ["/params/pagination/parameters"]
    );
    assert_eq!(check(json!({ "url": "http://a", "more": 1 })).len(), 1);
}

#[test]
fn lowering_undoes_lifting() {
    for (version, parameters) in [
        (4.2, json!({ "url": "https://a.example" })),
        (
            4.2,
            json!({
                "method": "POST", "url": "=https://a.example/{{ $json.id }}", "authentication": "genericCredentialType",
                "genericAuthType": "httpHeaderAuth", "sendQuery": true,
                "queryParameters": { "parameters": [{ "name": "a", "value": "b" }] }, "sendHeaders": true,
                "specifyHeaders": "json", "jsonHeaders": "{\"x\": 1}", "sendBody": true, "specifyBody": "json",
                "jsonBody": "={{ $json }}",
                "options": {
                    "batching": { "batch": { "batchSize": 10, "batchInterval": 2000 } },
                    "redirect": { "redirect": { "followRedirects": false, "maxRedirects": 5 } },
                    "response": { "response": { "fullResponse": true, "neverError": true, "responseFormat": "file", "outputPropertyName": "x" } },
                    "proxy": "http://p:1", "timeout": 10000, "allowUnauthorizedCerts": true,
                },
            }),
        ),
        (
            4.2,
            json!({ "method": "POST", "url": "http://a", "sendBody": true, "contentType": "multipart-form-data",
            "bodyParameters": { "parameters": [{ "name": "t", "value": "v" }, { "parameterType": "formBinaryData", "name": "f", "inputDataFieldName": "data" }] } }),
        ),
        (
            3.0,
            json!({ "url": "http://a", "sendBody": true, "contentType": "raw", "rawContentType": "text/plain", "body": "x" }),
        ),
        (
            4.3,
            json!({ "url": "http://a", "sendBody": true, "contentType": "binaryData", "inputDataFieldName": "data" }),
        ),
        (
            4.1,
            json!({ "url": "http://a", "options": { "pagination": { "pagination": {
            "parameters": { "parameters": [{ "name": "page", "value": "={{ $pageCount }}" }] },
            "paginationCompleteWhen": "other", "completeExpression": "={{ true }}", "limitPagesFetched": true,
            "maxRequests": 2, "requestInterval": 250,
        } } } }),
        ),
        (
            1.0,
            json!({ "requestMethod": "POST", "url": "http://a", "jsonParameters": true, "bodyParametersJson": "={{ $json }}" }),
        ),
        (
            2.0,
            json!({ "requestMethod": "POST", "url": "http://a", "bodyParametersUi": { "parameter": [{ "name": "a", "value": 1 }] },
            "responseFormat": "file", "options": { "fullResponse": true, "splitIntoItems": true } }),
        ),
    ] {
        let mut parameters = parameters;
        // The connection is chosen after an import, so preparing is checked without one.
        if parameters["authentication"].is_string() {
            let node = crate::lift::node("n8n-nodes-base.httpRequest", version, parameters.clone());
            let lifted = Request.lift(&node).unwrap();
            assert_eq!(lifted.slots, [("httpHeaderAuth".to_owned(), "auth".to_owned())].into());
            let spec = NodeSpec { params: lifted.params, ..NodeSpec::default() };
            let to = part::n8n::Version { node_type: node.node_type, version };
            assert_eq!(Value::Object(Request.lower(&spec, &to)), parameters);
            parameters.as_object_mut().unwrap().retain(|key, _| key != "authentication" && key != "genericAuthType");
        }
        crate::lift::check_round_trip(&Request, version, parameters);
    }
}
