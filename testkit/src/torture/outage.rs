//! The database is gone for a while: a proxy between the server and PostgreSQL is cut, or lets nothing through.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Report;
use super::chance::Chance;
use super::rig::Rig;
use super::server::Site;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// They are carried.
    Open,
    /// They are closed, and further ones at once.
    Cut,
    /// They stay, and no byte moves.
    Dumb,
}

/// Takes the database away twice for so long, once with closed and once with silent connections. The server goes on
/// afterwards, by itself, and has lost nothing.
pub async fn torment(binary: &Path, database: &str, seed: u64, gone: Duration) -> Result<Report> {
    let mut report = Report::new(format!("database gone twice for {} s", gone.as_secs()), seed);
    let mut chance = Chance::new(seed);
    let target = address_of(database).context("the database's address")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let through = database.replacen(&target, &listener.local_addr()?.to_string(), 1);
    let line = watch::Sender::new(Line::Open);
    let mut proxy = JoinSet::new();
    proxy.spawn(carry(listener, target, line.subscribe()));

    let rig = Rig::start(Site::new(binary, Some(through))?, format!("o{seed}"), &mut chance).await?;
    for state in [Line::Cut, Line::Dumb] {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let before = rig.ledger.count();
        line.send_replace(state);
        tokio::time::sleep(gone).await;
        line.send_replace(Line::Open);
        report.note(format!("{state:?}: {} events were tried meanwhile", rig.ledger.count() - before));
        let begun = tokio::time::Instant::now();
        while rig.health().await.is_err() {
            if begun.elapsed() > Duration::from_secs(60) {
                report.fault(format!("{state:?}: the server does not work a minute after the database came back"));
                return Ok(report);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        report.note(format!("{state:?}: worked again {} ms after the database", begun.elapsed().as_millis()));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.finish(Duration::from_secs(120), &mut report).await?;
    Ok(report)
}

/// `host:port` of an address.
fn address_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    Some(authority.rsplit('@').next()?.to_owned())
}

async fn carry(listener: TcpListener, target: String, line: watch::Receiver<Line>) {
    let mut streams = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        while streams.try_join_next().is_some() {}
        let (target, mut line) = (target.clone(), line.clone());
        streams.spawn(async move {
            loop {
                let now = *line.borrow_and_update();
                match now {
                    Line::Cut => return,
                    Line::Dumb => drop(line.changed().await),
                    Line::Open => break,
                }
            }
            let Ok(address) = target.parse::<SocketAddr>() else { return };
            let Ok(mut far) = TcpStream::connect(address).await else { return };
            loop {
                // Dropping the copy loses what it has read and not written: a line that was silent is cut, too, when
                // it had something under way. Real networks do the same.
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => return,
                    changed = line.changed() => if changed.is_err() { return },
                }
                let mut now = *line.borrow_and_update();
                while now == Line::Dumb {
                    if line.changed().await.is_err() {
                        return;
                    }
                    now = *line.borrow_and_update();
                }
                if now == Line::Cut {
                    return;
                }
            }
        });
    }
}
