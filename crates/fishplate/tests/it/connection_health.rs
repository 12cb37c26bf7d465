//! How the calls with a connection go, as a person sees it, and what they can do by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{Answer, Server};

/// A service that states its quota; from its third request on it fails.
async fn service() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 8192]).await;
            let number = counted.fetch_add(1, SeqCst);
            let status = if number < 2 { "200 OK" } else { "503 Down" };
            let left = 9_usize.saturating_sub(number);
            let quota = format!("RateLimit-Limit: 10\r\nRateLimit-Remaining: {left}\r\nRateLimit-Reset: 60\r\n");
            let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n{quota}\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (format!("http://{address}/"), count)
}

/// Reads the address with the connection. A refusal tells our own client to wait, which forgets it for the next question.
async fn tried(server: &mut Server, url: &str) -> Answer {
    let answer = server.ask("POST", "/connections/crm/test", json!({ "url": url })).await;
    server.forget();
    answer
}

async fn hold(server: &Server, how: &str) -> Answer {
    server.ask("POST", "/connections/crm/breaker", json!({ "breaker": how })).await
}

#[tokio::test]
async fn a_connection_shows_how_its_calls_go_and_takes_a_persons_hand() {
    let mut server = Server::start().await;
    let (url, count) = service().await;
    let spec = json!({ "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"], "allowPrivate": true });
    server.ask("PUT", "/connections/crm", json!({ "spec": spec })).await.ok();
    server.ask("PUT", "/connections/crm/secrets/token", json!({ "value": "t" })).await.ok();
    let health = server.get("/connections/crm/health").await;
    assert_eq!((&health["callCount"], &health["breaker"]), (&json!(0), &json!("closed")));
    assert_eq!(health.get("lastSuccessAt"), None);
    assert_eq!(server.ask("GET", "/connections/nobody/health", Value::Null).await.status, 404);

    for _ in 0..3 {
        tried(&mut server, &url).await.ok();
    }
    let health = server.get("/connections/crm/health").await;
    assert_eq!(
        (&health["callCount"], &health["errorCount"], &health["waitingCount"]),
        (&json!(3), &json!(1), &json!(0))
    );
    assert_eq!(health["lastFailure"], "the service answered 503");
    assert_eq!((&health["quota"]["limit"], &health["quota"]["remaining"]), (&json!(10), &json!(7)));
    assert!(health["slowMillis"].as_f64() >= health["medianMillis"].as_f64());
    assert!(health["quota"]["resetsAt"].as_u64() > health["lastSuccessAt"].as_u64());

    assert_eq!(hold(&server, "open").await.ok()["breaker"], "heldOpen");
    let held = tried(&mut server, &url).await;
    assert_eq!((held.status, count.load(SeqCst)), (503, 3), "nothing was sent");
    assert_eq!(hold(&server, "closed").await.ok()["breaker"], "heldClosed");
    assert_eq!(tried(&mut server, &url).await.ok()["answered"], 503);
    assert_eq!(hold(&server, "auto").await.ok()["breaker"], "closed");
    assert_eq!(hold(&server, "shut").await.status, 400);
    let log = server.get("/audit?action=connection.breaker").await;
    assert_eq!(log["items"].as_array().map(Vec::len), Some(3), "{log}");

    let forgotten = server.ask("POST", "/connections/crm/forget-answers", Value::Null).await.ok();
    assert_eq!(forgotten["count"], 0, "nothing was kept");
}
