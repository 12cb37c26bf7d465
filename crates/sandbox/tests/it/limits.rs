//! Limits: what is too long, too big or too deep ends, and only its own step.

use std::time::Duration;

use sandbox::{Error, Mode, NoHost};
use serde_json::json;

use crate::kit::{code, context, run, sandbox};

#[tokio::test]
async fn endless_code_is_stopped() {
    for source in ["for (;;) {}", "await new Promise(() => { for (;;) {} })", "/^(a+)+$/.test('a'.repeat(40) + 'b')"] {
        let mut job = code(source, Mode::All, context(&[]));
        job.limits.wall = Duration::from_millis(50);
        assert!(matches!(run(job).await, Err(Error::Timeout)), "{source}");
    }
}

#[tokio::test]
async fn a_pool_lives_on_after_a_failed_job() {
    let sandbox = sandbox();
    let mut job = code("const all = []; for (;;) all.push(new Array(1000).fill(1.5))", Mode::All, context(&[]));
    job.limits.memory = 32 << 20;
    assert!(matches!(sandbox.run("main", job, &NoHost).await, Err(Error::Memory)));
    let outcome = sandbox.run("main", code("return { ok: true }", Mode::All, context(&[])), &NoHost).await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&outcome.result).unwrap(), json!([{"json": {"ok": true}}]));
    sandbox.shutdown().await;
    assert_eq!(sandbox.children(), 0);
}
