//! Files that come, change, move and go in a folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::{PATIENCE, Runs, activate, is, is_soon_dead, listens_after, now};
use crate::server::Server;

async fn begin(folder: TempDir, files: &Path) -> Server {
    Server::with(folder, &[OsStr::new("--files"), files.as_os_str()]).await
}

/// Puts a file there in the way of its number: at once, half and then whole, or under another name first.
fn put(folder: &Path, number: u32) {
    let place = folder.join(number.to_string());
    match number % 3 {
        0 => fs::write(place, "whole").unwrap(),
        1 => {
            let mut file = File::create(place).unwrap();
            file.write_all(b"half").unwrap();
            file.sync_all().unwrap();
            file.write_all(b" and half").unwrap();
        }
        _ => {
            let part = folder.join(format!("{number}.part"));
            fs::write(&part, "whole").unwrap();
            fs::rename(part, place).unwrap();
        }
    }
}

/// What happened, as the trigger tells it.
fn event(item: &Value) -> String {
    format!("{} {}", item["event"].as_str().unwrap_or_default(), item["path"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn changes_of_files_are_neither_lost_nor_doubled() {
    let place = tempfile::tempdir().unwrap();
    let folder: PathBuf = place.path().join("in");
    fs::create_dir(&folder).unwrap();
    // What is there before the trigger is, and of which each is changed, moved or removed once.
    for round in 0..10 {
        for name in ["changes", "moves", "goes"] {
            fs::write(folder.join(format!("{name}-{round}")), "before").unwrap();
        }
    }
    let mut server = begin(tempfile::tempdir().unwrap(), place.path()).await;
    let events = ["add", "change", "unlink", "addDir"];
    let params = json!({ "path": "in", "events": events, "awaitWriteFinish": true, "ignored": "**/*.part" });
    activate(&server, json!({ "type": "files.trigger", "params": params })).await;

    let mut expected = Vec::new();
    let mut sent = 0;
    let mut more = |count: u32, expected: &mut Vec<String>| {
        expected.extend((sent..sent + count).map(|number| format!("add in/{number}")));
        sent += count;
        sent - count..sent
    };
    for round in 0..10 {
        let numbers = more(25, &mut expected);
        let into = folder.clone();
        let putting = spawn_blocking(move || numbers.for_each(|number| put(&into, number)));
        let stopped = if round % 2 == 0 { server.stop() } else { server.kill() };
        // While nobody looks: a change, a new name, a removal, and a folder with a file in it.
        let named = |name: &str| folder.join(format!("{name}-{round}"));
        fs::write(named("changes"), "after").unwrap();
        fs::rename(named("moves"), named("moved")).unwrap();
        fs::remove_file(named("goes")).unwrap();
        fs::create_dir(named("deep")).unwrap();
        fs::write(named("deep").join("file"), "x").unwrap();
        for told in ["change in/changes", "unlink in/moves", "add in/moved", "unlink in/goes", "addDir in/deep"] {
            expected.push(format!("{told}-{round}"));
        }
        expected.push(format!("add in/deep-{round}/file"));
        server = begin(stopped, place.path()).await;
        putting.await.unwrap();
        is(&server, "listening").await;
    }
    // One that is half there when the server is killed, and whole when it is back.
    let mut half = File::create(folder.join("half")).unwrap();
    half.write_all(b"half").unwrap();
    let stopped = server.kill();
    half.write_all(b" and half").unwrap();
    expected.push("add in/half".into());
    server = begin(stopped, place.path()).await;
    is(&server, "listening").await;
    // A disk that is away: people are told, and its files have not gone.
    fs::rename(&folder, place.path().join("away")).unwrap();
    is_soon_dead(&server).await;
    for number in more(25, &mut expected) {
        put(&place.path().join("away"), number);
    }
    fs::rename(place.path().join("away"), &folder).unwrap();
    listens_after(&server, now()).await;

    expected.sort();
    let mut runs = Runs::default();
    let until = tokio::time::Instant::now() + PATIENCE;
    let told = loop {
        let mut told: Vec<String> = runs.items(&server).await.map(event).collect();
        told.sort();
        if told.len() >= expected.len() || tokio::time::Instant::now() > until {
            break told;
        }
    };
    let count = |all: &[String]| {
        let mut counts = BTreeMap::<String, i32>::new();
        all.iter().for_each(|one| *counts.entry(one.clone()).or_default() += 1);
        counts
    };
    let (told, expected) = (count(&told), count(&expected));
    let odd: Vec<_> = told.iter().filter(|(event, count)| expected.get(*event) != Some(count)).collect();
    let missing: Vec<_> = expected.keys().filter(|event| !told.contains_key(*event)).collect();
    assert!(odd.is_empty() && missing.is_empty(), "missing {missing:?}, not once {odd:?}");
    eprintln!("{} changes, one run each", expected.len());
}
