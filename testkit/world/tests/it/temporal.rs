use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::temporal::{Fault, Status, Temporal};

/// Asks by hand; the status and what was answered, or nothing when the stream was closed.
async fn ask(temporal: &Temporal, line: &str, body: Value) -> Option<(u16, Value)> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut stream = TcpStream::connect(temporal.address()).await.unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let request = format!(
        "{method} /api/v1/namespaces/default{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: \
         application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).unwrap_or_default()))
}

async fn good(temporal: &Temporal, line: &str, body: Value) -> Value {
    let (status, body) = ask(temporal, line, body).await.expect("an answer");
    assert_eq!(status, 200, "{line}: {body}");
    body
}

async fn refused(temporal: &Temporal, line: &str, body: Value) -> (u16, u64, String) {
    let (status, body) = ask(temporal, line, body).await.expect("an answer");
    (status, body["code"].as_u64().unwrap_or_default(), body["message"].as_str().unwrap_or_default().to_owned())
}

fn ship(more: Value) -> Value {
    let mut body =
        json!({ "workflowType": { "name": "Ship" }, "taskQueue": { "name": "orders" }, "input": [{ "a": 1 }] });
    more.as_object().into_iter().flatten().for_each(|(name, value)| body[name] = value.clone());
    body
}

#[tokio::test]
async fn a_workflow_of_one_id_starts_as_its_policies_say() {
    let temporal = Temporal::start().await.unwrap();
    let start = "POST /workflows/a";
    let first = good(&temporal, start, ship(json!({ "requestId": "k1" }))).await;
    assert_eq!((&first["started"], &first["status"]), (&json!(true), &json!("WORKFLOW_EXECUTION_STATUS_RUNNING")));
    let again = good(&temporal, start, ship(json!({ "requestId": "k1" }))).await;
    assert_eq!(again["runId"], first["runId"], "a request that is made twice starts one");
    let (status, body) = ask(&temporal, start, ship(json!({ "requestId": "k2" }))).await.unwrap();
    assert_eq!((status, &body["code"], &body["details"][0]["runId"]), (409, &json!(6), &first["runId"]));
    let policy = |name: &str| json!({ "workflowIdConflictPolicy": format!("WORKFLOW_ID_CONFLICT_POLICY_{name}") });
    let there = good(&temporal, start, ship(policy("USE_EXISTING"))).await;
    assert_eq!((&there["runId"], &there["started"]), (&first["runId"], &json!(false)));
    let other = good(&temporal, start, ship(policy("TERMINATE_EXISTING"))).await;
    assert_ne!(other["runId"], first["runId"]);
    assert_eq!(temporal.look(|state| state.runs[0].status), Status::Terminated);

    temporal.complete("a", json!({ "done": true }));
    let reuse = |name: &str| json!({ "workflowIdReusePolicy": format!("WORKFLOW_ID_REUSE_POLICY_{name}") });
    for name in ["REJECT_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY"] {
        let (status, code, said) = refused(&temporal, start, ship(reuse(name))).await;
        assert_eq!((status, code), (409, 6), "{said}");
    }
    good(&temporal, start, ship(reuse("ALLOW_DUPLICATE"))).await;
    temporal.fail("a", "no parcel", "NoParcel");
    good(&temporal, start, ship(reuse("ALLOW_DUPLICATE_FAILED_ONLY"))).await;
    assert_eq!(refused(&temporal, start, json!({})).await, (400, 3, "WorkflowType is not set on request.".into()));
    assert_eq!(temporal.wrong(), Vec::<String>::new());
    let (status, code, _) = refused(&temporal, start, ship(json!({ "colour": "red" }))).await;
    assert_eq!((status, code, temporal.wrong().len()), (400, 3, 1), "what the document does not know is refused");
}

#[tokio::test]
async fn signals_queries_and_updates_reach_the_run() {
    let temporal = Temporal::start().await.unwrap();
    temporal.answers_query("Ship", "signals", |run, _| json!(run.signals().len()));
    temporal.answers_update("Ship", "address", |_, given| match given[0].as_str() {
        Some(street) => Ok(json!(street.len())),
        None => Err("no street".into()),
    });
    assert_eq!(refused(&temporal, "POST /workflows/a/signal/go", json!({})).await.0, 404);
    let both = "POST /workflows/a/signal-with-start/go";
    let started = good(&temporal, both, ship(json!({ "signalInput": [1], "requestId": "k" }))).await;
    assert_eq!(started["started"], true);
    good(&temporal, both, ship(json!({ "signalInput": [1], "requestId": "k" }))).await;
    for key in ["s1", "s1", "s2"] {
        good(&temporal, "POST /workflows/a/signal/go", json!({ "input": [2], "requestId": key })).await;
    }
    let asked = good(&temporal, "POST /workflows/a/query/signals", json!({})).await;
    assert_eq!(asked["queryResult"], json!([3]), "what is sent twice counts once");
    let (status, _, said) = refused(&temporal, "POST /workflows/a/query/nothing", json!({})).await;
    assert_eq!((status, said.as_str()), (400, "unknown queryType nothing. KnownQueryTypes=[signals]"));
    let update = |args: Value| json!({ "request": { "meta": { "updateId": "u1" }, "input": { "args": args } } });
    let told = good(&temporal, "POST /workflows/a/update/address", update(json!(["Main"]))).await;
    assert_eq!(told["outcome"], json!({ "success": [4] }));
    let told = good(&temporal, "POST /workflows/a/update/address", update(json!([]))).await;
    assert_eq!(told["outcome"], json!({ "success": [4] }), "an update of the same id is the same");
    temporal.complete("a", json!(null));
    assert_eq!(refused(&temporal, "POST /workflows/a/signal/go", json!({})).await.0, 404);
    let gone = json!({ "queryRejectCondition": "QUERY_REJECT_CONDITION_NOT_OPEN" });
    let asked = good(&temporal, "POST /workflows/a/query/signals", gone).await;
    assert_eq!(asked["queryRejected"]["status"], "WORKFLOW_EXECUTION_STATUS_COMPLETED");
    assert_eq!(temporal.wrong(), Vec::<String>::new());
}

#[tokio::test]
async fn a_history_is_waited_for_and_read_in_pages() {
    let temporal = Temporal::start().await.unwrap();
    temporal.holds(Duration::ZERO);
    good(&temporal, "POST /workflows/a", ship(json!({}))).await;
    let closed = "GET /workflows/a/history?waitNewEvent=true&historyEventFilterType=2";
    let nothing = good(&temporal, closed, Value::Null).await;
    assert_eq!(nothing["history"]["events"], json!([]));
    assert!(nothing["nextPageToken"].is_string());
    temporal.holds(Duration::from_secs(600));
    let (end, ()) = tokio::join!(good(&temporal, closed, Value::Null), async {
        temporal.until(|_, seen| (seen.len() == 3).then_some(())).await;
        temporal.complete("a", json!({ "parcel": "p1" }));
    });
    let event = &end["history"]["events"][0];
    assert_eq!(event["workflowExecutionCompletedEventAttributes"]["result"], json!([{ "parcel": "p1" }]));
    let first = good(&temporal, "GET /workflows/a/history?maximumPageSize=3", Value::Null).await;
    let token = first["nextPageToken"].as_str().unwrap();
    let path = format!("GET /workflows/a/history?maximumPageSize=100&nextPageToken={token}");
    let rest = good(&temporal, &path, Value::Null).await;
    let ids = |page: &Value| -> Vec<String> {
        let events = page["history"]["events"].as_array().unwrap();
        events.iter().map(|event| event["eventId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids(&first), ids(&rest)[0].as_str()), (vec!["1".into(), "2".into(), "3".into()], "4"));
    let reverse = good(&temporal, "GET /workflows/a/history-reverse", Value::Null).await;
    assert_eq!(reverse["history"]["events"][0]["eventType"], "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED");

    // What goes on as another run is found by its id, and by that of the workflow the new one.
    good(&temporal, "POST /workflows/b", ship(json!({}))).await;
    let old = temporal.run("b").run;
    let new = temporal.continue_as_new("b", json!([2]));
    let by_run = format!("GET /workflows/b/history?historyEventFilterType=2&execution.runId={old}");
    let end = good(&temporal, &by_run, Value::Null).await;
    let attributes = &end["history"]["events"][0]["workflowExecutionContinuedAsNewEventAttributes"];
    assert_eq!((&attributes["newExecutionRunId"], temporal.run("b").run), (&json!(new), new.clone()));
    assert_eq!(temporal.run("b").first, old);
}

#[tokio::test]
async fn runs_are_listed_counted_and_ended() {
    let temporal = Temporal::start().await.unwrap();
    for (id, customer) in [("a", "c1"), ("b", "c1"), ("c", "c2")] {
        let attributes = json!({ "searchAttributes": { "indexedFields": { "CustomerId": customer } } });
        good(&temporal, &format!("POST /workflows/{id}"), ship(attributes)).await;
    }
    let list = async |query: &str| {
        let (mut ids, mut token) = (Vec::new(), String::new());
        loop {
            let query = query.replace(' ', "%20").replace('\'', "%27").replace('>', "%3E");
            let path = format!("GET /workflows?pageSize=2&query={query}{token}");
            let page = good(&temporal, &path, Value::Null).await;
            let found = page["executions"].as_array().cloned().unwrap_or_default();
            ids.extend(found.iter().map(|one| one["execution"]["workflowId"].as_str().unwrap().to_owned()));
            match page["nextPageToken"].as_str() {
                Some(next) => token = format!("&nextPageToken={next}"),
                None => return ids,
            }
        }
    };
    assert_eq!(list("").await, ["c", "b", "a"]);
    good(&temporal, "POST /workflows/a/terminate", json!({ "reason": "enough" })).await;
    good(&temporal, "POST /workflows/b/cancel", json!({ "reason": "please" })).await;
    assert_eq!(temporal.run("b").status, Status::Running, "it may clean up");
    temporal.give_in("b");
    temporal.time_out("c");
    assert_eq!(list("CloseTime >= '2020-01-01T00:00:00Z' AND CustomerId = 'c1'").await, ["b", "a"]);
    assert_eq!(list("ExecutionStatus IN ('TimedOut', 'Failed')").await, ["c"]);
    let path = "GET /workflow-count?query=CustomerId%20=%20%27c1%27%20GROUP%20BY%20ExecutionStatus";
    let count = good(&temporal, path, Value::Null).await;
    assert_eq!(count["count"], "2");
    assert_eq!(count["groups"][0], json!({ "groupValues": ["Canceled"], "count": "1" }));
    assert_eq!(refused(&temporal, "GET /workflows?query=Nonsense", Value::Null).await.0, 400);

    let task =
        temporal.run("c").events.iter().position(|event| event["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED");
    let reset = json!({ "workflowTaskFinishEventId": (task.unwrap() + 1).to_string(), "reason": "a mistake" });
    let new = good(&temporal, "POST /workflows/c/reset", reset).await;
    assert_eq!((&json!(temporal.run("c").run), temporal.run("c").status), (&new["runId"], Status::Running));
    let told = good(&temporal, "GET /workflows/c", Value::Null).await;
    assert_eq!(told["workflowExecutionInfo"]["status"], "WORKFLOW_EXECUTION_STATUS_RUNNING");
    for word in ["pause", "unpause"] {
        good(&temporal, &format!("POST /workflows/c/{word}"), json!({ "reason": "lunch" })).await;
        assert_eq!(temporal.run("c").paused, word == "pause");
    }
    assert_eq!(temporal.wrong(), Vec::<String>::new());
}

#[tokio::test]
async fn activities_are_completed_from_outside() {
    let temporal = Temporal::start().await.unwrap();
    good(&temporal, "POST /workflows/a", ship(json!({}))).await;
    let token = temporal.activity("a", "1", "Ask");
    let told = good(&temporal, "GET /workflows/a", Value::Null).await;
    assert_eq!(told["pendingActivities"][0]["activityId"], "1");
    let beat = good(&temporal, "POST /activity-heartbeat", json!({ "taskToken": token, "details": [1] })).await;
    assert_eq!(beat["cancelRequested"], false);
    let result = json!({ "taskToken": token, "result": [{ "yes": true }] });
    good(&temporal, "POST /activity-complete", result.clone()).await;
    assert_eq!(temporal.run("a").activities[0].ended, Some(Ok(json!([{ "yes": true }]))));
    assert_eq!(refused(&temporal, "POST /activity-complete", result).await.0, 404, "it has ended");
    temporal.activity("a", "2", "Ask");
    let failure = json!({ "failure": { "message": "no", "applicationFailureInfo": { "type": "Refused" } } });
    good(&temporal, "POST /workflows/a/activities/2/fail", failure).await;
    assert_eq!(refused(&temporal, "POST /workflows/a/activities/9/complete", json!({})).await.0, 404);
}

#[tokio::test]
async fn schedules_are_kept_paused_and_triggered() {
    let temporal = Temporal::start().await.unwrap();
    let action = json!({ "startWorkflow": { "workflowId": "clean", "workflowType": { "name": "Clean" },
        "taskQueue": { "name": "house" } } });
    let schedule = json!({ "schedule": { "spec": { "interval": [{ "interval": "3600s" }] }, "action": action } });
    let made = good(&temporal, "POST /schedules/nightly", schedule.clone()).await;
    assert_eq!(refused(&temporal, "POST /schedules/nightly", schedule.clone()).await.1, 6);
    let patch = |what: Value| json!({ "patch": what });
    good(&temporal, "POST /schedules/nightly/patch", patch(json!({ "pause": "lunch" }))).await;
    temporal.tick("nightly");
    assert_eq!(temporal.look(|state| state.runs.len()), 0, "it is paused");
    let told = good(&temporal, "GET /schedules/nightly", Value::Null).await;
    assert_eq!(told["schedule"]["state"], json!({ "paused": true, "notes": "lunch" }));
    let listed = good(&temporal, "GET /schedules?query=TemporalSchedulePaused%20=%20true", Value::Null).await;
    assert_eq!(listed["schedules"][0]["scheduleId"], "nightly");
    let mut stale = schedule.clone();
    stale["conflictToken"] = made["conflictToken"].clone();
    assert_eq!(refused(&temporal, "POST /schedules/nightly/update", stale).await.1, 9);
    good(&temporal, "POST /schedules/nightly/update", schedule).await;
    good(&temporal, "POST /schedules/nightly/patch", patch(json!({ "triggerImmediately": {} }))).await;
    temporal.tick("nightly");
    let started = temporal.look(|state| state.runs.iter().map(|run| run.kind.clone()).collect::<Vec<_>>());
    assert_eq!(started, ["Clean"], "the second is left out while the first runs");
    let between = "?startTime=2026-03-01T00:00:00Z&endTime=2026-03-01T02:00:00Z";
    let times = good(&temporal, &format!("GET /schedules/nightly/matching-times{between}"), Value::Null).await;
    let hours = ["2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z"];
    assert_eq!(times["startTime"], json!(hours));
    good(&temporal, "DELETE /schedules/nightly?identity=me", Value::Null).await;
    assert_eq!(refused(&temporal, "GET /schedules/nightly", Value::Null).await.0, 404);
    assert_eq!(temporal.wrong(), Vec::<String>::new());
}

#[tokio::test]
async fn it_goes_wrong_when_it_is_told_to() {
    let temporal = Temporal::start().await.unwrap();
    let start = "StartWorkflowExecution";
    temporal.faults(start, &[Fault::Unavailable, Fault::Busy(3), Fault::Cut, Fault::Lost]);
    let body = ship(json!({ "requestId": "k" }));
    assert_eq!(refused(&temporal, "POST /workflows/a", body.clone()).await.1, 14);
    assert_eq!(refused(&temporal, "POST /workflows/a", body.clone()).await.1, 8);
    assert_eq!(ask(&temporal, "POST /workflows/a", body.clone()).await, None);
    assert_eq!(temporal.look(|state| state.runs.len()), 0);
    assert_eq!(ask(&temporal, "POST /workflows/a", body.clone()).await, None);
    assert_eq!(temporal.look(|state| state.runs.len()), 1, "it was done, and nobody heard of it");
    good(&temporal, "POST /workflows/a", body).await;
    assert_eq!(temporal.look(|state| state.runs.len()), 1);
    let seen: Vec<_> = temporal.seen_of(start).iter().map(|seen| seen.status).collect();
    assert_eq!(seen, [Some(503), Some(429), None, None, Some(200)]);
    assert_eq!(refused(&temporal, "GET /batch-operations", Value::Null).await.0, 501, "what it does not know it says");
    assert!(Temporal::operations().contains(&start));
    temporal.takes("secret");
    assert_eq!(refused(&temporal, "GET /workflows/a", Value::Null).await.0, 401);
}
