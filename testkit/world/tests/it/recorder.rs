use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::recorder::{Recorder, Rule};

/// Sends a request by hand; the status and body, or nothing when the stream was closed.
async fn call(recorder: &Recorder, line: &str, headers: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(recorder.address()).await.unwrap();
    let length = body.len();
    let request =
        format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

#[tokio::test]
async fn requests_are_echoed_and_recorded_in_order() {
    let recorder = Recorder::start().await.unwrap();
    let (status, body) = call(&recorder, "POST /a?x=1", "X-Own: 1\r\nX-Own: 2\r\n", r#"{"b":[1]}"#).await.unwrap();
    let echo: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &echo["method"], &echo["body"]), (200, &json!("POST"), &json!({"b": [1]})));
    call(&recorder, "GET /b", "", "").await.unwrap();
    let seen = recorder.wait_for(2).await;
    assert_eq!((seen[0].path.as_str(), seen[0].query.as_str(), seen[0].header("x-own")), ("/a", "x=1", Some("1, 2")));
    assert_eq!((seen[0].json(), seen[1].number, recorder.count()), (json!({"b": [1]}), 1, 2));
    recorder.clear();
    assert_eq!((recorder.count(), recorder.requests().len()), (0, 0));
}

#[tokio::test]
async fn the_last_rule_for_a_prefix_wins() {
    let recorder = Recorder::start().await.unwrap();
    recorder.on("/a", Rule::status(500)).on("/a/b", Rule::json(&json!(1))).on("/lost", Rule::Lose);
    assert_eq!(call(&recorder, "GET /a/c", "", "").await, Some((500, String::new())));
    assert_eq!(call(&recorder, "GET /a/b", "", "").await, Some((200, "1".into())));
    assert_eq!(call(&recorder, "GET /lost", "", "").await, None);
    assert_eq!(recorder.count(), 3, "a lost answer was executed");
}

#[tokio::test]
async fn flaky_and_failing_paths_follow_their_count() {
    let recorder = Recorder::start().await.unwrap();
    let (bad, good) = (|| Box::new(Rule::status(503)), || Box::new(Rule::status(200)));
    recorder.on("/flaky", Rule::Flaky { every: 2, bad: bad(), good: good() });
    recorder.on("/failing", Rule::Failing { times: 2, first: bad(), then: good() });
    for (path, expected) in [("/flaky", [200, 503, 200, 503]), ("/failing", [503, 503, 200, 200])] {
        for status in expected {
            assert_eq!(call(&recorder, &format!("GET {path}"), "", "").await.unwrap().0, status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_key_is_executed_once_and_its_answer_repeated() {
    let recorder = Recorder::start().await.unwrap();
    recorder.on("/pay", Rule::Idempotent { header: "idempotency-key".into(), rule: Box::new(Rule::Echo) });
    let first = call(&recorder, "POST /pay", "Idempotency-Key: k\r\n", "1").await.unwrap();
    let again = call(&recorder, "POST /pay", "Idempotency-Key: k\r\n", "1").await.unwrap();
    let other = call(&recorder, "POST /pay", "Idempotency-Key: l\r\n", "1").await.unwrap();
    let none = call(&recorder, "POST /pay", "", "1").await.unwrap();
    assert!(first == again && first != other && other != none);
    let executed: Vec<bool> = recorder.requests().iter().map(|seen| seen.executed).collect();
    assert_eq!(executed, [true, false, true, true]);
}

#[tokio::test]
async fn held_requests_wait_for_their_release() {
    let recorder = Recorder::start().await.unwrap();
    let rule = Rule::Hold(Box::new(Rule::status(204)));
    recorder.on("/", Rule::Idempotent { header: "key".into(), rule: Box::new(rule) });
    let held = call(&recorder, "GET /", "Key: 1\r\n", "");
    let same = call(&recorder, "GET /", "Key: 1\r\n", "");
    let release = async {
        recorder.wait_for(2).await;
        recorder.release(1);
    };
    let (held, same, ()) = tokio::join!(held, same, release);
    assert_eq!((held.unwrap().0, same.unwrap().0), (204, 204));
}
