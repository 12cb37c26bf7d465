//! What a hot commit costs: a webhook run of four steps that is admitted, journaled and ended in one commit, with a
//! dedupe key, by 64 callers at once.
//!
//! `cargo run -p store --release --example commit [count] [postgres url]` prints microseconds of CPU and wall time per
//! commit: of this process on SQLite (in the folder `FISHPLATE_BENCH_FOLDER`, else a temporary one), and, with an
//! address, of this process on PostgreSQL, to which the server's own time must be added.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use model::{RunId, ScopeId};
use store::{
    Admission, DeadState, DedupeClaim, Fence, JournalChunk, Options, RunCommit, RunHead, RunState, RunStatus, Store,
};

const CALLERS: u64 = 64;
const NOW: i64 = 1_700_000_000_000;
const TEXT: &str = r#"{"nodes":[],"edges":[]}"#;

fn commit(fence: Fence, number: u64, journal: &Bytes) -> RunCommit {
    // Random low bits, as real ids have.
    let random = u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let id = RunId::from_parts(NOW as u64 + number / 10, random << 8 | u128::from(number & 255));
    let state = RunState {
        status: RunStatus::Completed,
        last_seq: 14,
        started_at: Some(NOW),
        ended_at: Some(NOW + 2),
        wake_at: None,
        step_count: 4,
        handled_error_count: 0,
        uncertain_count: 0,
        bytes: journal.len() as u64,
        error: None,
        answer: Some(r#"{"status":200,"headers":{"content-type":"application/json"},"body":{"ok":true}}"#.into()),
        dead: DeadState::None,
    };
    let head = RunHead {
        scope: ScopeId(1),
        id,
        workflow: "orders-to-crm".into(),
        definition: store::digest(TEXT.as_bytes()),
        revision: Some(12),
        mode: "webhook".into(),
        partition: fence.partition,
        priority: 0,
        fairness_key: String::new(),
        lane: None,
        started_by: "trigger/orders-to-crm/webhook".into(),
        runs_as: "token:owner".into(),
        created_at: NOW,
        parent: None,
        origin: None,
    };
    let dedupe = DedupeClaim {
        trigger: "orders-to-crm/webhook".into(),
        key: format!("{random:032x}"),
        fingerprint: store::digest(&number.to_le_bytes()),
        expires_at: NOW + 86_400_000,
    };
    RunCommit {
        scope: ScopeId(1),
        run: id,
        fence,
        admit: Some(Box::new(Admission {
            head,
            state: state.clone(),
            definition: TEXT.into(),
            dedupe: Some(dedupe),
            blobs: Vec::new(),
        })),
        state,
        journal: Some(JournalChunk { first_seq: 1, count: 14, data: journal.clone() }),
        snapshot: None,
        blobs: Vec::new(),
        consumed: Vec::new(),
        children: Vec::new(),
        signals: Vec::new(),
        local: Vec::new(),
    }
}

/// Seconds of CPU that this process has used, from the kernel's account in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|number| number.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

async fn measure(name: &str, store: Store, count: u64) {
    let fences = Arc::new(store.acquire_partitions("bench", 64, 3_600_000, NOW).await.expect("leases"));
    let journal = Bytes::from(vec![b'j'; 1200]);
    let next = Arc::new(AtomicU64::new(0));
    for round in ["warm up", "measured"] {
        let end = next.load(Ordering::Relaxed) + if round == "warm up" { count / 10 } else { count };
        let begin = next.load(Ordering::Relaxed);
        let (cpu, wall) = (cpu_seconds(), Instant::now());
        let callers = (0..CALLERS).map(|_| {
            let (store, fences, journal, next) = (store.clone(), fences.clone(), journal.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return;
                    }
                    let fence = fences[(number % 64) as usize];
                    store.commit(commit(fence, number, &journal)).await.expect("a commit");
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("a caller");
        }
        let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
        let done = (end - begin) as f64;
        if round == "measured" {
            println!(
                "{name}: {:.1} us CPU, {:.1} us wall a commit, {:.0} commits a second",
                cpu * 1e6 / done,
                wall * 1e6 / done,
                done / wall
            );
        }
        next.store(end, Ordering::Relaxed);
    }
    store.close().await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = std::env::var_os("FISHPLATE_BENCH_FOLDER").map_or_else(|| temporary.path().join("sqlite"), Into::into);
    let store = Store::open(Options::sqlite(folder)).await.expect("a store");
    measure("SQLite", store, count).await;
    if let Some(url) = std::env::args().nth(2) {
        let store = Store::open(Options::postgres(url, temporary.path().join("blobs"))).await.expect("a store");
        measure("PostgreSQL", store, count).await;
    }
}
