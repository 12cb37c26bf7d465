//! Prints what jobs cost: `cargo run --release -p sandbox --example throughput`.
//!
//! CPU time is that of this process and of the child, serialisation at both ends included.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sandbox::{Context, Job, Json, Kind, Limits, Mode, NoHost, Options, Sandbox};
use serde_json::{Value, json};

fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives over the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.parent()?.join("sandbox-worker")));
    let worker = std::env::args().nth(1).map(PathBuf::from).or(beside).expect("the path of `sandbox-worker`");
    let sandbox = Sandbox::new(Options::with_worker(worker));
    let items: Vec<Value> =
        (0..1000).map(|index| json!({ "json": { "id": index, "name": format!("customer {index}") } })).collect();
    let code = |source: &str| Kind::Code { source: source.into(), mode: Mode::All };
    let each = Kind::Code { source: "return { id: $json.id * 2 }".into(), mode: Mode::EachItem };
    let templates = |source: &str, end| Kind::Expressions { sources: vec![source.into()], items: 0..end };
    let map = "for (const item of $input.all()) { item.json.total = item.json.id * 1.19; } return $input.all();";
    let make =
        "return $input.all().map(i => ({ json: { id: i.json.id, total: i.json.id * 1.25, tag: 'x' + i.json.id } }))";
    for (name, count, kind) in [
        ("empty code, no items", 0, code("return []")),
        ("one template, one item", 1, templates("{{ $json.name.toUpperCase() }}", 1)),
        ("one template with an extension, one item", 1, templates("{{ $json.name.toTitleCase() }}", 1)),
        ("one template with Luxon, one item", 1, templates("{{ $now.toISO() }}", 1)),
        ("one template, 1,000 items", 1000, templates("{{ $json.name.toUpperCase() }}", 1000)),
        ("code that ignores 1,000 items", 1000, code("return []")),
        ("code that returns 1,000 items", 1000, code("return items")),
        ("code over 1,000 items", 1000, code(map)),
        ("code that makes 1,000 items of others", 1000, code(make)),
        ("code for each of 1,000 items", 1000, each),
    ] {
        let rounds = 200;
        let mut child = 0;
        let (mut here, mut wall) = (Duration::ZERO, Duration::ZERO);
        for round in 0..rounds + 20 {
            if round == 20 {
                (child, here, wall) = (0, Duration::ZERO, Duration::ZERO);
            }
            let (cpu_before, started) = (cpu(), Instant::now());
            let context = Context { items: Json::of(&items[..count]).expect("items are JSON"), ..Context::default() };
            let job = Job { kind: kind.clone(), context, limits: Limits::default() };
            let outcome = sandbox.run("main", job, &NoHost).await.expect("the job runs");
            let parsed: Value = serde_json::from_str(&outcome.result).expect("the result is JSON");
            std::hint::black_box(parsed);
            here += cpu() - cpu_before;
            wall += started.elapsed();
            child += outcome.cpu_micros;
        }
        println!(
            "{name:42} child {:>6} µs, server {:>6} µs CPU; {:>6} µs wall",
            child / rounds,
            here.as_micros() as u64 / rounds,
            wall.as_micros() as u64 / rounds
        );
    }
    sandbox.shutdown().await;
}
