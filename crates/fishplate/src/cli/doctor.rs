//! `fishplate doctor`: whether everything that Fishplate needs is there.

use clap::Args;
use model::Problem;
use part::powers::Power;
use serde_json::json;

use super::client::Client;
use super::{Exit, Global, Output, output};

/// What `doctor` takes.
#[derive(Args, Debug)]
pub struct Doctor {
    /// Address of a PostgreSQL database; without it, SQLite in the data folder
    #[arg(long, env = "FISHPLATE_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// Bucket for large blobs; without it, the data folder
    #[arg(long, env = "FISHPLATE_BLOBS", value_name = "ADDRESS")]
    blobs: Option<String>,
    /// What workflows may do to machines, as `up` is told
    #[arg(long, env = "FISHPLATE_ALLOW", value_name = "POWER", value_delimiter = ',')]
    allow: Vec<Power>,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Weak,
    Bad,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Weak => "weak",
            State::Bad => "bad",
        }
    }
}

/// `fishplate doctor`.
pub async fn doctor(global: &Global, options: Doctor) -> Result<Exit, Problem> {
    let running = Client::new(global)?.get(&["health"]).value().await.is_ok();
    let findings = [
        server(global, running),
        store(global, &options, running).await,
        folder(global),
        disk(global),
        sandbox(),
        clock(),
        powers(&options.allow),
        held(global, running).await,
    ];
    match global.output {
        Output::Json => {
            let list: Vec<_> = findings
                .iter()
                .map(|finding| json!({ "what": finding.what, "state": finding.state.word(), "detail": finding.detail }))
                .collect();
            output::json(&json!({ "items": list }));
        }
        Output::Text => {
            let row = |finding: &Finding| {
                vec![finding.state.word().to_owned(), finding.what.to_owned(), finding.detail.clone()]
            };
            output::table(&["state", "what", "detail"], &findings.iter().map(row).collect::<Vec<_>>());
        }
    }
    let bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(if bad { Exit::Failed } else { Exit::Done })
}

fn server(global: &Global, running: bool) -> Finding {
    let what = "server";
    if running {
        return Finding { what, state: State::Good, detail: format!("answers at {}", global.server) };
    }
    let address = url::Url::parse(&global.server).ok().and_then(|url| url.socket_addrs(|| None).ok()?.pop());
    let (state, detail) = match address.map(std::net::TcpListener::bind) {
        Some(Ok(_)) => (State::Good, format!("does not run; its port at {} is free", global.server)),
        Some(Err(error)) => (State::Bad, format!("does not run, and its port cannot be taken: {error}")),
        None => (State::Bad, format!("`{}` is no address", global.server)),
    };
    Finding { what, state, detail }
}

async fn store(global: &Global, options: &Doctor, running: bool) -> Finding {
    let what = "store";
    let embedded = options.database.is_none();
    if running && embedded {
        return Finding { what, state: State::Good, detail: "is used by the running server".into() };
    }
    if embedded && !global.data.join("fishplate.db").exists() {
        let detail = format!("there is none yet in `{}`; the first start makes it", global.data.display());
        return Finding { what, state: State::Good, detail };
    }
    let place = crate::backup::store_options(&global.data, options.database.as_deref());
    let opened = crate::backup::open_store(place, options.blobs.as_deref()).await;
    let (state, detail) = match opened {
        Err(problem) => (State::Bad, problem.detail),
        Ok(store) => {
            let backup = store.last_backup().await.ok().flatten();
            let chain = match store.scope(&model::Scope::default()).await {
                Ok(Some(scope)) => store.verify_audit(scope).await.ok(),
                _ => None,
            };
            store.close().await;
            match (chain, backup) {
                (Some(store::Chain::Broken { seq }), _) => {
                    (State::Bad, format!("opens, but the audit log was changed at entry {seq}"))
                }
                (_, None) => (State::Weak, "opens; no backup was ever taken".into()),
                (_, Some(at)) => (State::Good, format!("opens; last backup {}", crate::resources::rfc3339(at))),
            }
        }
    };
    Finding { what, state, detail }
}

#[cfg(unix)]
fn folder(global: &Global) -> Finding {
    use std::os::unix::fs::MetadataExt;
    let what = "secrets";
    for name in ["key", "token"] {
        let path = global.data.join(name);
        if let Ok(meta) = std::fs::metadata(&path)
            && meta.mode() & 0o077 != 0
        {
            let detail = format!("`{}` can be read by others; run `chmod 600` on it", path.display());
            return Finding { what, state: State::Bad, detail };
        }
    }
    Finding { what, state: State::Good, detail: "key and token can be read by their owner only".into() }
}

#[cfg(not(unix))]
fn folder(_: &Global) -> Finding {
    let detail = "who may read key and token is up to the folder's own rights".into();
    Finding { what: "secrets", state: State::Weak, detail }
}

#[cfg(unix)]
fn disk(global: &Global) -> Finding {
    let what = "disk";
    let folder = global.data.ancestors().find(|path| path.exists()).unwrap_or(std::path::Path::new("."));
    let Ok(path) = std::ffi::CString::new(folder.as_os_str().as_encoded_bytes()) else {
        return Finding { what, state: State::Bad, detail: "the data folder's name has a zero byte".into() };
    };
    // SAFETY: an all-zero `statvfs` is a valid value, and the system fills it before it is read.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` ends with a zero byte and both pointers live over the call.
    if unsafe { libc::statvfs(path.as_ptr(), &mut stat) } != 0 {
        let detail = std::io::Error::last_os_error().to_string();
        return Finding { what, state: State::Bad, detail };
    }
    let free = (stat.f_bavail as u64).saturating_mul(stat.f_frsize as u64);
    let state = match free >> 20 {
        0..=255 => State::Bad,
        256..=2047 => State::Weak,
        _ => State::Good,
    };
    Finding { what, state, detail: format!("{} MiB free at `{}`", free >> 20, folder.display()) }
}

#[cfg(not(unix))]
fn disk(_: &Global) -> Finding {
    Finding { what: "disk", state: State::Weak, detail: "this system is not asked how much is free".into() }
}

fn sandbox() -> Finding {
    let isolation = sandbox::Isolation::of_this_system();
    let parts = [
        ("own process", isolation.process),
        ("system call filter", isolation.syscall_filter),
        ("no new privileges", isolation.no_new_privileges),
        ("resource limits", isolation.resource_limits),
        ("closed descriptors", isolation.descriptors_closed),
    ];
    let missing: Vec<&str> = parts.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    let (state, detail) = match missing.as_slice() {
        [] => (State::Good, "user code is isolated by every means".to_owned()),
        missing => (State::Weak, format!("this system does not offer: {}", missing.join(", "))),
    };
    Finding { what: "sandbox", state, detail }
}

/// Runs that wait for somebody to answer for them.
async fn held(global: &Global, running: bool) -> Finding {
    let what = "held runs";
    let asked = match (running, Client::new(global)) {
        (true, Ok(client)) => client.get(&["runs"]).query("status", "held").query("limit", "1000").value().await.ok(),
        _ => None,
    };
    let Some(page) = asked else {
        let detail = "not looked at: that needs a running server, and a token that it takes".to_owned();
        return Finding { what, state: State::Good, detail };
    };
    let runs = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lacking = runs.iter().filter(|run| run["error"]["code"] == model::Code::GrantGone.as_str()).count();
    let more = if page["nextCursor"].is_string() { "more than " } else { "" };
    let (state, detail) = match (runs.len(), lacking) {
        (0, _) => (State::Good, "none".to_owned()),
        (all, 0) => (State::Weak, format!("{more}{all}; `fishplate runs list --status held` names them")),
        (all, lacking) => {
            (State::Weak, format!("{more}{all}, {lacking} of them because who they act for may not act any more"))
        }
    };
    Finding { what, state, detail }
}

/// What workflows may do to machines.
fn powers(allowed: &[Power]) -> Finding {
    let names: Vec<&str> = allowed.iter().map(|power| power.name()).collect();
    let (state, detail) = match names.as_slice() {
        [] => (State::Good, "workflows may run no commands and no `git`; `up --allow` lets them".to_owned()),
        names => (State::Good, format!("whoever may edit a workflow may use: {}", names.join(", "))),
    };
    Finding { what: "powers", state, detail }
}

fn clock() -> Finding {
    let what = "clock";
    let now = crate::resources::now_millis();
    // The day on which this was written: no right clock is before it.
    let (state, detail) = if now < 1_795_000_000_000 {
        (State::Bad, format!("says {}, which is in the past", crate::resources::rfc3339(now)))
    } else {
        (State::Good, format!("says {}", crate::resources::rfc3339(now)))
    };
    Finding { what, state, detail }
}
