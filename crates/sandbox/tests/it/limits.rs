//! Limits: what is too long, too big or too deep ends, and only its own step.

use std::time::Duration;

use sandbox::{Cell, Error, Host, Json, Mode, NoHost, Options, Sandbox};
use serde_json::json;

use crate::kit::{code, context, expressions, options, run, sandbox};

#[tokio::test]
async fn endless_code_is_stopped() {
    for source in [
        "for (;;) {}",
        "await new Promise(() => { for (;;) {} })",
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "const again = () => Promise.resolve().then(again); await again()",
        "const again = () => setTimeout(again, 1); again(); await new Promise(() => {})",
        "'x'.repeat(1 << 20).replace(/(x+x+)+y/, '')",
        "try { for (;;) {} } catch {} finally { for (;;) {} }",
        "while (true) { try { while (true) {} } catch (error) {} }",
    ] {
        let mut job = code(source, Mode::All, context(&[]));
        job.limits.wall = Duration::from_millis(50);
        let failed = run(job).await;
        assert!(matches!(failed, Err(Error::Timeout)), "{source}: {failed:?}");
    }
}

#[tokio::test]
async fn endless_expressions_are_stopped() {
    let mut job = expressions(&["{{ (() => { for (;;) {} })() }}"], 1, context(&[json!({})]));
    job.limits.cpu = Duration::from_millis(30);
    assert!(matches!(run(job).await, Err(Error::Timeout)));
}

#[tokio::test]
async fn a_child_that_ignores_its_limit_is_killed() {
    // Native code without interrupts: sorting with a comparison that never ends is the script's, joining is not.
    let mut job = code(
        "const s = 'x'.repeat(1 << 24); let n = 0; for (;;) n += s.indexOf('y'); return []",
        Mode::All,
        context(&[]),
    );
    job.limits.wall = Duration::from_millis(20);
    assert!(matches!(run(job).await, Err(Error::Timeout)));
}

#[tokio::test]
async fn memory_is_bounded() {
    for source in [
        "const all = []; for (;;) all.push(new Array(1000).fill(1.5))",
        "let text = 'x'; for (;;) text += text",
        "new ArrayBuffer(1e9)",
        "const map = new Map(); for (let i = 0; ; i++) map.set(i, { i })",
        "return 'x'.repeat(2 ** 29)",
        "for (let all = []; ; ) { try { for (;;) all.push('x'.repeat(1 << 16) + all.length) } catch { throw all.pop } }",
    ] {
        let mut job = code(source, Mode::All, context(&[]));
        job.limits.memory = 32 << 20;
        let failed = run(job).await;
        assert!(matches!(failed, Err(Error::Memory | Error::Script { .. } | Error::Timeout)), "{source}: {failed:?}");
    }
}

#[tokio::test]
async fn deep_recursion_is_an_error_of_the_script() {
    let job = code("const deep = () => deep() + 1; return { n: deep() }", Mode::All, context(&[]));
    match run(job).await {
        Err(Error::Script { error, .. }) => {
            assert!(error.message.contains("call stack"), "{error:?}");
            assert_eq!(error.hint.as_deref(), Some("a function calls itself without end"));
        }
        other => panic!("{other:?}"),
    }
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000));
    let cell =
        run(expressions(&[&nested], 1, context(&[json!({})]))).await.unwrap().cells().unwrap().remove(0).remove(0);
    assert!(matches!(cell, Cell::Error(_)), "{cell:?}");
    let deep = "[".repeat(50_000) + &"]".repeat(50_000);
    let outcome = run(code(
        "return { n: items.length }",
        Mode::All,
        sandbox::Context { items: Json::from_text(deep), ..context(&[]) },
    ))
    .await;
    assert!(matches!(outcome, Err(Error::Script { .. })), "{outcome:?}");
}

#[tokio::test]
async fn output_is_bounded() {
    let mut job = code("return { text: 'x'.repeat(100000) }", Mode::All, context(&[]));
    job.limits.output = 1000;
    assert!(matches!(run(job).await, Err(Error::OutputTooLarge { size, limit: 1000 }) if size > 100_000));
    // Small in the script's memory, and endless as text.
    for source in [
        "const s = 'x'.repeat(1 << 20); return { all: Array(10000).fill(s) }",
        "let one = ['xxxxxxxxxx']; for (let i = 0; i < 30; i++) one = [one, one]; return { one }",
        "const s = 'x'.repeat(1 << 20); return Array(10000).fill({ json: { s } })",
    ] {
        let mut job = code(source, Mode::All, context(&[]));
        job.limits.output = 4 << 20;
        let failed = run(job).await;
        assert!(matches!(failed, Err(Error::OutputTooLarge { size, .. }) if size < 8 << 20), "{source}: {failed:?}");
    }
}

#[tokio::test]
async fn the_console_is_bounded() {
    let job =
        code("for (let i = 0; i < 5000; i++) console.log(i, 'x'.repeat(500)); return []", Mode::All, context(&[]));
    let logs = run(job).await.unwrap().logs;
    assert!(logs.len() <= 1000 && logs.iter().map(|line| line.text.len()).sum::<usize>() < 300_000);
}

#[tokio::test]
async fn a_pool_lives_on_after_a_failed_job() {
    let sandbox = sandbox();
    let mut job = code("const all = []; for (;;) all.push(new Array(1000).fill(1.5))", Mode::All, context(&[]));
    job.limits.memory = 32 << 20;
    let failed = sandbox.run("main", job, &NoHost).await;
    assert!(matches!(failed, Err(Error::Memory)), "{failed:?}");
    let outcome = sandbox.run("main", code("return { ok: true }", Mode::All, context(&[])), &NoHost).await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&outcome.result).unwrap(), json!([{"json": {"ok": true}}]));
    sandbox.shutdown().await;
    assert_eq!(sandbox.children(), 0);
}

/// Kills the child that asks.
#[cfg(unix)]
struct Killer(std::sync::Mutex<Option<u32>>);

#[cfg(unix)]
impl Host for Killer {
    fn call<'a>(
        &'a self,
        _: &'a str,
        _: serde_json::Value,
    ) -> futures_util::future::BoxFuture<'a, Result<Json, String>> {
        let id = self.0.lock().unwrap().take().unwrap();
        // SAFETY: the number is that of a child of this test, which waits for this answer.
        unsafe { libc::kill(id as libc::pid_t, libc::SIGKILL) };
        Box::pin(std::future::pending())
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_crash_is_the_error_of_one_step() {
    let sandbox = Sandbox::new(Options { max_children: 1, ..options() });
    let job = || code("return { a: $('Other').all() }", Mode::All, context(&[]));
    sandbox.run("main", code("return []", Mode::All, context(&[])), &NoHost).await.unwrap();
    let killer = Killer(std::sync::Mutex::new(sandbox.idle_process_ids("main").first().copied()));
    let failed = sandbox.run("main", job(), &killer).await;
    assert!(matches!(&failed, Err(Error::Crashed { status }) if status.contains("9")), "{failed:?}");
    assert_eq!(sandbox.children(), 0);
    sandbox.run("main", code("return []", Mode::All, context(&[])), &NoHost).await.unwrap();
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_missing_worker_is_told() {
    let sandbox = Sandbox::new(Options::with_worker("/no/such/worker".into()));
    let failed = sandbox.run("main", code("return []", Mode::All, context(&[])), &NoHost).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    assert_eq!(failed.unwrap_err().code(), model::Code::SandboxUnavailable);
}

#[tokio::test]
async fn idle_children_leave() {
    let sandbox = Sandbox::new(Options { idle: Duration::from_millis(1), ..options() });
    assert_eq!(sandbox.children(), 0, "children start on first use");
    sandbox.run("main", code("return []", Mode::All, context(&[])), &NoHost).await.unwrap();
    sandbox.watch_children().wait_for(|count| *count == 0).await.unwrap();
}

#[tokio::test]
async fn no_more_children_than_allowed() {
    let sandbox = sandbox();
    let job = || code("let n = 0; for (let i = 0; i < 1e4; i++) n += i; return { n }", Mode::All, context(&[]));
    let runs = (0..12).map(|index| {
        let sandbox = sandbox.clone();
        async move { sandbox.run(["a", "b", "c"][index % 3], job(), &NoHost).await.unwrap() }
    });
    let outcomes = futures_util::future::join_all(runs).await;
    assert_eq!(outcomes.len(), 12);
    assert!(sandbox.children() <= 2);
    sandbox.shutdown().await;
    let late = sandbox.run("a", job(), &NoHost).await;
    assert!(matches!(late, Err(Error::Canceled)), "{late:?}");
}

#[tokio::test]
async fn a_dropped_run_ends_its_child() {
    let sandbox = sandbox();
    let mut children = sandbox.watch_children();
    let endless = sandbox.run("main", code("for (;;) {}", Mode::All, context(&[])), &NoHost);
    // The guard that `wait_for` gives must be gone before the run is dropped, which changes the count.
    let started = async { children.wait_for(|count| *count == 1).await.map(drop) };
    tokio::select! {
        biased;
        started = started => started.unwrap(),
        outcome = endless => panic!("{outcome:?}"),
    }
    assert_eq!(sandbox.children(), 0);
}

#[tokio::test]
async fn queries_and_patterns_in_expressions_meet_the_limits_of_scripts() {
    let doubling = ["[@,@]"; 40].join(" | ");
    let deep = "[".repeat(20_000);
    let crossed = ["a[*]"; 12].join(".");
    for (expression, limit) in [
        (format!("{{{{ $jmespath({{ a: 1 }}, '{doubling}') }}}}"), "output"),
        // What JavaScript throws reads as nothing in an expression, as in n8n.
        (format!("{{{{ $jmespath({{ a: 1 }}, '{deep}') }}}}"), "fine"),
        (
            format!(
                "{{{{ (() => {{ let a = 1; for (let n = 0; n < 12; n++) a = Array(10).fill({{ a }}); return $jmespath({{ a }}, '{crossed}') }})() }}}}"
            ),
            "output",
        ),
        ("{{ ('a'.repeat(60) + 'b').extractEmail() }}".into(), "fine"),
        ("{{ 'x'.repeat(1 << 16).replace(/(x+x+)+y/, '') }}".into(), "time"),
        ("{{ ('@a.'.repeat(20000) + '!').isEmail() }}".into(), "fine"),
        ("{{ ('http://' + 'a.'.repeat(20000) + '!').extractUrl() }}".into(), "fine"),
    ] {
        let mut job = expressions(&[&expression], 1, context(&[json!({})]));
        (job.limits.cpu, job.limits.output, job.limits.memory) = (Duration::from_secs(1), 4 << 20, 64 << 20);
        let ended = match run(job).await {
            Err(Error::Timeout) => "time",
            Err(Error::OutputTooLarge { .. } | Error::Memory) => "output",
            Err(error) => panic!("{expression}: {error:?}"),
            Ok(outcome) => match outcome.cells().unwrap().remove(0).remove(0) {
                Cell::Error(_) => "error",
                _ => "fine",
            },
        };
        assert!(ended == limit || limit == "output" && ended == "time", "{expression:.80}: {ended} and not {limit}");
    }
}
