//! A short round of `make torture`: the server is killed under load and keeps its promises.

use std::path::Path;
use std::time::Duration;

use testkit::postgres;
use testkit::torture::{Report, kills, resend, tear};

use crate::server::BINARY;

/// Printed with every fault, so that a round can be had again.
const SEED: u64 = 20_261_121;

fn options(kills: u32) -> kills::Options {
    kills::Options {
        seed: SEED,
        kills,
        senders: 6,
        pause: Duration::from_millis(40),
        life: Duration::from_millis(500),
        patience: Duration::from_secs(60),
    }
}

#[track_caller]
fn held(report: &Report) {
    println!("{report}");
    assert!(report.is_good(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_server_is_killed_on_sqlite() {
    let report = kills::torment(Path::new(BINARY), None, &options(15)).await.unwrap();
    held(&report);
    assert_eq!(report.figures.kills, 15);
    assert!(report.figures.accepted > 0 && report.figures.children > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_server_is_killed_on_postgres() {
    // Without a server this says so loudly by itself.
    let Some(server) = postgres::server() else { return };
    let database = server.database().unwrap();
    held(&kills::torment(Path::new(BINARY), Some(database.url.clone()), &options(8)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_saw_is_given_again() {
    let report = resend::torment(Path::new(BINARY), None, SEED, 4, Duration::from_secs(60)).await.unwrap();
    held(&report);
    assert!(report.figures.answers_again >= 4, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_log_is_recovered_from_or_called_corrupt() {
    held(&tear::torment(Path::new(BINARY), SEED, 3).await.unwrap());
}
