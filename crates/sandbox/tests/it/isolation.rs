//! Nothing leads out: native calls of a sealed process, and scripts that look for a way.

use std::process::{Command, Stdio};

use sandbox::{Mode, NoHost, Sandbox};
use serde_json::json;

use crate::kit::{code, context, evaluate, items, options, sandbox};

#[cfg(target_os = "linux")]
#[test]
fn native_calls_of_a_sealed_process_fail() {
    use std::os::fd::AsRawFd;

    // A descriptor that a careless server would hand down.
    let secret = std::fs::File::open("/etc/hostname").or_else(|_| std::fs::File::open("/etc/passwd")).unwrap();
    // SAFETY: the descriptor is open.
    unsafe { libc::fcntl(secret.as_raw_fd(), libc::F_SETFD, 0) };
    let output = Command::new(env!("CARGO_BIN_EXE_sandbox-probe"))
        .args(["sandbox-worker", "67108864", "30"])
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{} {report}", output.status);
    let mut lines = report.lines();
    assert!(
        lines.next().unwrap().contains(&secret.as_raw_fd().to_string()),
        "the descriptor was handed down: {report}"
    );
    let refused: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("executable-memory")).collect();
    assert!(refused.len() >= 43, "{report}");
    for line in refused {
        assert!(line.ends_with(&format!("={}", libc::EPERM)), "{line}");
    }
    assert!(report.contains(&format!("executable-memory={}", libc::EPERM)), "{report}");
    assert!(report.contains("memory=33554432") && report.contains("time=0"), "{report}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn children_have_no_environment_and_no_further_descriptors() {
    let sandbox = sandbox();
    sandbox.run("main", code("return []", Mode::All, context(&[])), &NoHost).await.unwrap();
    let id = sandbox.idle_process_ids("main")[0];
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned()).unwrap()
    };
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2");
    assert_eq!(field("Threads:"), "1");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn isolation_says_what_holds() {
    let isolation = sandbox().isolation();
    assert!(isolation.process);
    assert_eq!(isolation.syscall_filter, cfg!(target_os = "linux"));
}

#[tokio::test]
async fn scripts_find_no_way_out() {
    for source in [
        "this.constructor.constructor('return process')()",
        "Function('return process')()",
        "(0, eval)('process')",
        "new Function('return require(\"fs\").readFileSync(\"/etc/passwd\")')()",
        "require('child_process').execSync('id')",
        "require('node:fs')",
        "await import('fs')",
        "await import('core')",
        "await import('std')",
        "await import('os')",
        "new Error().constructor.constructor('return globalThis.process.env')().PATH.x",
        "$input.constructor.constructor('return process')().exit()",
        "$('x').constructor.constructor('return native')()",
        "console.log.constructor('return native')()",
        "arguments.callee.caller.caller.x",
        "globalThis.std.loadFile('/etc/passwd')",
        "os.open('/etc/passwd')",
        "fetch('http://localhost')",
        "new XMLHttpRequest()",
        "new Worker('x')",
        "WebAssembly.compile(new Uint8Array())",
        "Buffer.from('x').constructor.constructor('return process')()",
        "({}).__proto__.__defineGetter__('x', () => process); ({}).x",
        "Object.prototype.toString.constructor('return this.process.mainModule')().x",
    ] {
        let source =
            format!("let found; try {{ {source}; found = true }} catch (error) {{ found = false }} return {{ found }}");
        assert_eq!(items(&source, &[]).await, json!([{"json": {"found": false}}]), "{source}");
    }
}

#[tokio::test]
async fn globals_hold_nothing_of_a_host() {
    let source = "return { names: ['process', 'std', 'os', 'native', '__host', 'Worker', 'module', 'exports', 'fetch', \
                  'WebAssembly', 'gc', 'print', 'load'].filter((name) => name in globalThis) }";
    assert_eq!(items(source, &[]).await, json!([{"json": {"names": []}}]));
    assert_eq!(evaluate("{{ process.env.PATH }}", json!({})).await, sandbox::Cell::Undefined);
}

#[tokio::test]
async fn a_step_leaves_nothing_to_the_next() {
    let sandbox = sandbox();
    let spoil = "globalThis.left = 1; Object.prototype.left = 2; Array.prototype.map = () => 'spoiled'; \
                 JSON.parse = () => 'spoiled'; Promise.resolve().then(() => { globalThis.later = 3 }); \
                 setTimeout(() => { globalThis.later = 4 }, 5); return []";
    sandbox.run("main", code(spoil, Mode::All, context(&[])), &NoHost).await.unwrap();
    let look = "return { left: globalThis.left ?? null, proto: ({}).left ?? null, later: globalThis.later ?? null, \
                map: [1].map(x => x + 1), parsed: JSON.parse('[1]') }";
    let outcome = sandbox.run("main", code(look, Mode::All, context(&[])), &NoHost).await.unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&outcome.result).unwrap(),
        json!([{"json": {"left": null, "proto": null, "later": null, "map": [2], "parsed": [1]}}])
    );
    assert_eq!(sandbox.children(), 1);
    sandbox.shutdown().await;
}

#[tokio::test]
async fn what_a_step_broke_is_whole_for_the_next() {
    let sandbox = sandbox();
    let look = "return { json: { \
                iso: new Date(0).toISOString(), zone: DateTime.now().zoneName, buffer: Buffer.from('a').toString('hex'), \
                all: $input.all().length, text: 'b'.localeCompare('a'), number: (1.5).toLocaleString(), \
                math: typeof Math.max, hash: require('crypto').createHash('md5').update('x').digest('hex'), \
                id: $execution.id, data: $execution.customData.getAll(), kept: $getWorkflowStaticData('global'), \
                symbol: Symbol.for('left').description, keys: Object.keys(globalThis).filter((key) => key < 'a').length, \
                open: Object.isExtensible(Object.prototype), random: Math.random(), log: typeof console.log } }";
    let ask = async || {
        let outcome = sandbox.run("main", code(look, Mode::All, context(&[json!({})])), &NoHost).await.unwrap();
        outcome.result
    };
    let whole = ask().await;
    for spoil in [
        "for (const name of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[name] } catch {} return []",
        "Date.prototype.toISOString = () => 'x'; luxon.Settings.defaultZone = 'Asia/Tokyo'; DateTime.now = null; \
         Buffer.from = null; $input.all = () => []; String.prototype.localeCompare = () => 9; return []",
        "$execution.customData.set('a', 'b'); $getWorkflowStaticData('global').x = 1; console.log = 1; return []",
        "Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(globalThis); return []",
        "Object.setPrototypeOf(globalThis, null); Object.setPrototypeOf(Function.prototype, null); return []",
        "Object.defineProperty(Object.prototype, 'json', { get() { return { spoiled: 1 } }, set() {} }); return []",
        "Object.defineProperty(Object.prototype, '__proto__', { get: null }); Promise.prototype.then = 1; return []",
        "Symbol.for('left').x; globalThis[Symbol.for('left')] = 1; for (let i = 0; i < 2000; i++) Symbol.for('s' + i); return []",
        "const big = []; for (let i = 0; i < 3e5; i++) big.push({ ['k' + i % 5000]: 'v' + i }); return []",
        "const held = Array.from({ length: 20 }, () => new ArrayBuffer(1 << 20)); globalThis.held = held; return []",
        "setInterval(() => {}, 1); this.helpers.httpRequest({ url: 'x' }).catch(() => {}); return []",
        "throw new Error('on the way')",
        "return 5",
        "return [{ json: { get a() { throw new Error('late') } } }]",
        "this is no JavaScript",
        "const a = {}; a.a = a; return [{ json: a }]",
        "(function deep() { deep() })()",
    ] {
        // Whether the step itself fails is its own business.
        let _ = sandbox.run("main", code(spoil, Mode::All, context(&[json!({})])), &NoHost).await;
        assert_eq!(ask().await, whole, "{spoil}");
        assert_eq!(sandbox.children(), 1, "{spoil}");
    }
    sandbox.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_does_not_grow_with_its_jobs() {
    let sandbox = sandbox();
    let source = "const big = Array.from({ length: 2000 }, (_, i) => ({ i, text: 'x'.repeat(200) + i })); \
                  const bytes = Buffer.alloc(1 << 18); require('crypto').createHash('sha256').update(bytes).digest(); \
                  const text = bytes.toString('base64'); Buffer.from(text, 'base64'); luxon.DateTime.now().toISO(); \
                  return big.slice(0, 100).map((json) => ({ json }))";
    let resident = || {
        let id = sandbox.idle_process_ids("main")[0];
        let status = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap();
        status.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap() * 4
    };
    let run = async |times: u32| {
        for _ in 0..times {
            sandbox.run("main", code(source, Mode::All, context(&[])), &NoHost).await.unwrap();
        }
    };
    run(10).await;
    let early = resident();
    run(60).await;
    let late = resident();
    // A leak of a single one of the buffers for each job would be 15 MiB.
    assert!(late < early + (8 << 10), "{early} KiB, then {late} KiB");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn workspaces_never_share_a_process() {
    let sandbox = Sandbox::new(sandbox::Options { max_children: 1, ..options() });
    let job = || code("return []", Mode::All, context(&[]));
    let mut seen = Vec::new();
    for workspace in ["red", "blue", "red", "red"] {
        sandbox.run(workspace, job(), &NoHost).await.unwrap();
        let ids = sandbox.idle_process_ids(workspace);
        assert_eq!(ids.len(), 1, "{workspace}");
        assert_eq!(sandbox.children(), 1);
        seen.push((workspace, ids[0]));
    }
    assert_ne!(seen[0].1, seen[1].1);
    assert_ne!(seen[1].1, seen[2].1);
    assert_eq!(seen[2].1, seen[3].1, "the same workspace uses its process again");
    sandbox.shutdown().await;
}
