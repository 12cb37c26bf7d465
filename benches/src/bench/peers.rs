//! The neighbours, set up from their registry packages and measured in the same run by the same load generator.
//!
//! The scripts that set up, start and stop them live beside the checkout, in `../shared/peers` (or where
//! `PEERS_SCRIPTS` says); they keep everything in `PEERS_DIR`. `PEERS=n8n,restate,node-red` names whom to measure.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::{CONNECTIONS, Case, Options, measure};
use crate::load::Load;
use crate::processes::Processes;
use crate::report::{Ratio, Report, Row};
use crate::workflows;

/// A neighbour: its name, its scripts, how it is set up, where it listens, and what it is asked to do.
struct Peer {
    name: &'static str,
    script: &'static str,
    /// What the scripts are told, and how the table calls it. n8n at its best: the engine for expressions that makes
    /// no isolate for each run; executions are saved, as ours are.
    settings: &'static [(&'static str, &'static str)],
    setup: &'static str,
    port: u16,
    /// Files with the ids of its processes, below `PEERS_DIR/run`.
    processes: &'static [&'static str],
    cases: &'static [PeerCase],
    /// What its folder below `PEERS_DIR` holds once it is installed.
    installed: &'static str,
}

/// A case that stands against one of ours.
struct PeerCase {
    path: &'static str,
    body: Body,
    /// Name of our own case.
    ours: &'static str,
    steps: Option<u32>,
}

#[derive(Clone, Copy)]
enum Body {
    Order,
    Items,
    Number,
}

const fn case(path: &'static str, body: Body, ours: &'static str, steps: Option<u32>) -> PeerCase {
    PeerCase { path, body, ours, steps }
}

const PEERS: &[Peer] = &[
    Peer {
        name: "n8n",
        script: "n8n",
        settings: &[("MODE", "sqlite"), ("SAVE", "all"), ("EXPR", "legacy")],
        setup: "sqlite, saving all, legacy expressions",
        port: 18086,
        processes: &["n8n"],
        cases: &[
            case("/webhook/b_set_if", Body::Order, "webhook → set → if → respond", None),
            case("/webhook/e_chain40", Body::Order, "chain of 40 set nodes", Some(40)),
            case("/webhook/d_code1000", Body::Items, "code over 1,000 items", None),
        ],
        installed: "n8n/node_modules/sqlite3/build/Release/node_sqlite3.node",
    },
    Peer {
        name: "node-red",
        script: "nodered",
        settings: &[],
        setup: "saving nothing",
        port: 18083,
        processes: &["nodered"],
        cases: &[
            case("/b_set_if", Body::Order, "webhook → set → if → respond", None),
            case("/e_chain40", Body::Order, "chain of 40 set nodes", Some(40)),
            case("/d_code1000", Body::Items, "code over 1,000 items", None),
        ],
        installed: "nodered/node_modules/node-red/red.js",
    },
    Peer {
        name: "restate",
        script: "restate",
        settings: &[],
        setup: "defaults",
        port: 18081,
        processes: &["restate", "restate-svc"],
        cases: &[
            case("/bench/s1", Body::Number, "durable steps × 1, no HTTP", Some(1)),
            case("/bench/s3", Body::Number, "durable steps × 3, no HTTP", Some(3)),
            case("/bench/s40", Body::Number, "durable steps × 40, no HTTP", Some(40)),
        ],
        installed: "restate/node_modules/@restatedev/restate-sdk/package.json",
    },
];

pub fn run(options: &Options, report: &mut Report) -> Result<()> {
    if options.peers.is_empty() {
        return Ok(());
    }
    let scripts = scripts()?;
    for name in &options.peers {
        let Some(peer) = PEERS.iter().find(|peer| peer.name == name) else {
            bail!("there is no peer `{name}`; expected n8n, node-red or restate")
        };
        // One neighbour that cannot be set up here must not cost the others.
        if let Err(error) = one(peer, &scripts, options, report) {
            report.missing(format!("{name}: {error:#}"));
        }
    }
    compare(report);
    Ok(())
}

/// The folder of the scripts.
fn scripts() -> Result<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/peers");
    let folder = std::env::var_os("PEERS_SCRIPTS").map_or(beside, PathBuf::from);
    ensure!(
        folder.join("lib.sh").is_file(),
        "no peers are measured: their scripts are not beside the checkout; name their folder in PEERS_SCRIPTS"
    );
    Ok(folder)
}

/// The folder that the peers are installed in.
fn home() -> PathBuf {
    std::env::var_os("PEERS_DIR").map_or_else(|| PathBuf::from("/opt/peers"), PathBuf::from)
}

fn one(peer: &Peer, scripts: &Path, options: &Options, report: &mut Report) -> Result<()> {
    if !home().join(peer.installed).exists() {
        eprintln!("bench: setting up {} from its registry packages (minutes, gigabytes)", peer.name);
        call(peer, scripts, "setup", None)?;
    }
    let started = call(peer, scripts, "run", Some("start"));
    let measured = started.and_then(|()| cases(peer, options, report));
    call(peer, scripts, "run", Some("stop"))?;
    measured
}

fn call(peer: &Peer, scripts: &Path, verb: &str, argument: Option<&str>) -> Result<()> {
    let script = scripts.join(format!("{verb}_{}.sh", peer.script));
    let mut command = Command::new(&script);
    // The table of this program is the only thing on standard output.
    command.args(argument).envs(peer.settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
    let done = command.status().with_context(|| format!("`{}`", script.display()))?;
    ensure!(done.success(), "`{} {}` failed", script.display(), argument.unwrap_or_default());
    Ok(())
}

fn cases(peer: &Peer, options: &Options, report: &mut Report) -> Result<()> {
    let mut roots = Vec::new();
    for name in peer.processes {
        let file = home().join("run").join(format!("{name}.pid"));
        let text = std::fs::read_to_string(&file).with_context(|| format!("`{}`", file.display()))?;
        roots.push(text.trim().parse::<u32>().with_context(|| format!("`{}`", file.display()))?);
    }
    let processes = Processes::below(roots);
    for case in peer.cases {
        let body = match case.body {
            Body::Order => workflows::ORDER.to_owned(),
            Body::Items => workflows::items1000(),
            Body::Number => r#"{"id":1}"#.to_owned(),
        };
        for connections in CONNECTIONS {
            let load = Load {
                address: SocketAddr::from(([127, 0, 0, 1], peer.port)),
                path: case.path.into(),
                body: body.clone(),
                headers: String::new(),
                keyed: false,
                connections,
                time: options.time.max(Duration::from_secs(5)),
                most: 0,
            };
            let figures = Case { name: case.ours, store: peer.setup, steps: case.steps, goal_cpu_ms: None };
            let (row, _) = measure(&figures, &load, &processes)?;
            report.row(Row { system: peer.name.into(), ..row });
        }
    }
    Ok(())
}

/// Our rows on SQLite beside a peer's, with what the design wants.
fn compare(report: &mut Report) {
    let rows = report.rows.clone();
    for theirs in rows.iter().filter(|row| row.system != "fishplate") {
        let same = |row: &&Row| {
            row.system == "fishplate"
                && row.store == "sqlite"
                && row.case == theirs.case
                && row.connections == theirs.connections
        };
        let Some(ours) = rows.iter().find(same) else { continue };
        let mut ratio = |what: &str, times: f64, goal: Option<f64>| {
            let what = format!("{}, {} connections: {what}", ours.case, ours.connections);
            report.ratios.push(Ratio { what, peer: theirs.system.clone(), times, goal });
        };
        let case = ours.case.as_str();
        let goal_cpu = match (theirs.system.as_str(), case) {
            ("n8n", "webhook → set → if → respond") => Some(300.0),
            ("n8n", "chain of 40 set nodes") => Some(150.0),
            ("n8n", "code over 1,000 items") => Some(40.0),
            ("node-red", "webhook → set → if → respond") => Some(1.0),
            _ => None,
        };
        ratio("CPU", theirs.cpu_ms / ours.cpu_ms.max(1e-9), goal_cpu);
        let steps = theirs.system == "restate";
        let goal_rate = (steps && ours.connections == 64).then_some(5.0);
        ratio(
            if steps { "steps a second" } else { "throughput" },
            ours.per_second / theirs.per_second.max(1e-9),
            goal_rate,
        );
        let goal_p99 =
            (theirs.system == "n8n" && ours.connections == 64 && case.starts_with("webhook")).then_some(30.0);
        ratio("p99", theirs.p99 / ours.p99.max(1e-9), goal_p99);
        let goal_median = (steps && ours.connections == 1 && ours.steps == Some(3)).then_some(2.0);
        ratio("median", theirs.p50 / ours.p50.max(1e-9), goal_median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_compared_with_our_row_of_the_same_case_and_connections() {
        let row = |system: &str, connections, cpu_ms| Row {
            system: system.into(),
            case: "webhook → set → if → respond".into(),
            store: "sqlite".into(),
            connections,
            cpu_ms,
            ..Row::default()
        };
        let mut report = Report::new();
        report.rows = vec![row("fishplate", 1, 0.5), row("fishplate", 16, 0.1), row("n8n", 16, 40.0)];
        compare(&mut report);
        assert_eq!(report.ratios.len(), 4);
        assert!((report.ratios[0].times - 400.0).abs() < 1e-6);
        assert_eq!(report.ratios[0].goal, Some(300.0));
    }
}
