//! `fishplate import --from-n8n`: everything of a running n8n, and what is to be done by hand after it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use http::Method;
use model::resource::{Manifest, Resource};
use model::{Code, Problem};
use serde_json::json;

use super::client::Client;
use super::{Exit, Global, Output, output};
use crate::peer::accounts;
use crate::peer::api::{Address, Peer};
use crate::peer::convert::{self, All, Chosen, Stored};
use crate::peer::pull::{self, Pulled};
use crate::peer::report::{Moved, Other, Workflow};
use crate::peer::settle::{Decision, Settled, settle};

/// How a running n8n is reached.
#[derive(Args, Debug, Clone)]
pub struct Reach {
    /// Key of n8n's API; `-` reads it from standard input. Better there or in the environment than among arguments,
    /// which other users of the machine can see
    #[arg(long, value_name = "KEY", env = "FISHPLATE_N8N_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Take any certificate of n8n, such as one that it signed itself
    #[arg(long)]
    insecure: bool,
    /// How long n8n may take for an answer, in seconds
    #[arg(long = "n8n-timeout", value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

/// What of a running n8n is taken.
#[derive(Args, Debug)]
pub struct From {
    /// Read everything from the n8n at this address, instead of files
    #[arg(long, value_name = "URL", conflicts_with = "files")]
    from_n8n: Option<String>,
    #[command(flatten)]
    reach: Reach,
    /// Only workflows with this tag; may be said more than once
    #[arg(long, value_name = "TAG", requires = "from_n8n")]
    tag: Vec<String>,
    /// Only workflows of this title, `*` for any letters; may be said more than once
    #[arg(long, value_name = "TITLE", requires = "from_n8n")]
    name: Vec<String>,
    /// Only workflows that are active in n8n
    #[arg(long, requires = "from_n8n")]
    active: bool,
    /// Make live here what is active in n8n; without it, nothing starts by itself
    #[arg(long, requires = "from_n8n")]
    activate: bool,
    /// Overwrite what was changed here since the last import
    #[arg(long, requires = "from_n8n")]
    force: bool,
    /// File to write the report to, in the form that its ending says: .md or .json; may be said more than once
    #[arg(long, value_name = "FILE", requires = "from_n8n")]
    report: Vec<PathBuf>,
}

impl Reach {
    /// The address, with the key from where it is kept.
    pub fn address(&self, url: &str) -> Result<Address, Problem> {
        let key = match self.api_key.as_deref() {
            Some("-") => std::io::read_to_string(std::io::stdin())
                .map_err(|error| Problem::new(Code::Malformed, format!("standard input cannot be read: {error}")))?,
            Some(key) => key.to_owned(),
            None => String::new(),
        };
        if key.trim().is_empty() {
            let problem = Problem::new(Code::Unauthenticated, "n8n's API wants a key, and none was given");
            let hint = "make one in n8n under Settings > n8n API, then put it into FISHPLATE_N8N_API_KEY, or pipe it \
                        in with `--api-key -`";
            return Err(problem.hint(hint));
        }
        Address::new(url, key, self.insecure, self.timeout())
    }
}

impl Reach {
    /// Take any certificate.
    pub fn insecure(&self) -> bool {
        self.insecure
    }

    /// How long an answer may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.max(1))
    }
}

impl From {
    /// The address, when it is meant.
    pub fn url(&self) -> Option<&str> {
        self.from_n8n.as_deref()
    }
}

/// Pulls, converts, decides, writes and reports.
pub async fn import(global: &Global, from: &From, url: &str, dry_run: bool) -> Result<Exit, Problem> {
    for path in &from.report {
        Form::of(path)?;
    }
    let peer = Peer::new(from.reach.address(url)?)?;
    let origin = peer.address().origin();
    let bar = output::progress(None, "asking n8n");
    let pulled = pull::pull(&peer, |what, count| {
        bar.set_message(format!("asking n8n: {what}"));
        bar.set_position(count as u64);
    })
    .await;
    bar.finish_and_clear();
    let pulled = pulled?;

    let client = Client::new(global)?;
    let stored = stored(&client).await;
    let (stored, unseen) = match (stored, dry_run) {
        (Ok(stored), _) => (stored, None),
        // A dry run tells what of n8n runs here even where no server is.
        (Err(problem), true) => (Stored::default(), Some(problem)),
        (Err(problem), false) => return Err(problem),
    };
    let catalogue = crate::parts::catalogue().snapshot();
    let chosen = Chosen { tags: from.tag.clone(), names: from.name.clone(), active: from.active };
    let bar = output::progress(Some(pulled.workflows.len() as u64), "reading");
    let mut all = convert::convert(&pulled, &stored, &origin, &chosen, &catalogue, || bar.inc(1));
    bar.finish_and_clear();
    accounts::compare(&mut all.accounts, &stored.connections);

    let mut settled = decide(&all, &stored, from.force, &origin);
    if !dry_run {
        write(&client, &mut settled).await?;
    }
    let mut moved = entries(&all, &settled);
    moved.from = origin;
    moved.dry_run = dry_run;
    moved.notes = notes(&pulled, &all, unseen.as_ref());
    let used = |tag: &String| all.workflows.iter().any(|one| one.flow.tags.contains(tag));
    moved.idle_tags = pulled.tags.iter().filter(|tag| !used(tag)).cloned().collect();
    if !dry_run && from.activate {
        activate(&client, &mut moved.workflows).await?;
    }
    moved.count(all.left_out);
    print(global, from, &moved)?;
    let refused = moved.workflows.iter().any(|one| one.decision == Decision::Refused);
    Ok(match (refused, moved.totals.conflicts) {
        (true, _) => Exit::Refused,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Conflict,
    })
}

async fn stored(client: &Client) -> Result<Stored, Problem> {
    let all = async |plural: &str| -> Result<Vec<Resource>, Problem> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let ask = client.get(&[plural]).query("limit", "500").maybe("cursor", cursor.as_deref());
            let page = ask.value().await?;
            for entry in page["items"].as_array().into_iter().flatten() {
                found.push(serde_json::from_value(entry.clone()).map_err(|error| {
                    Problem::new(Code::UpstreamProtocol, format!("the server's {plural} cannot be read: {error}"))
                })?);
            }
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(found);
            }
        }
    };
    Ok(Stored {
        workflows: all("workflows").await?,
        variables: all("variables").await?,
        connections: all("connections").await?,
    })
}

/// What becomes of each resource, connections and variables first: workflows refer to them.
fn decide(all: &All, stored: &Stored, force: bool, origin: &str) -> Vec<Settled> {
    let kinds = crate::parts::kinds();
    let find = |among: &[Resource], manifest: &Manifest| {
        let here = among.iter().find(|resource| resource.name == manifest.name);
        settle(&kinds, manifest.clone(), here, force)
    };
    let connections = accounts::manifests(&all.accounts, origin);
    let connections = connections.iter().map(|manifest| find(&stored.connections, manifest));
    let variables = all.variables.iter().map(|manifest| find(&stored.variables, manifest));
    let workflows = all.workflows.iter().filter_map(|one| one.manifest.as_ref());
    connections.chain(variables).chain(workflows.map(|manifest| find(&stored.workflows, manifest))).collect()
}

fn entries(all: &All, settled: &[Settled]) -> Moved {
    let mut moved = Moved { accounts: all.accounts.clone(), ..Moved::default() };
    let of = |one: &Settled| (one.manifest.kind.clone(), one.manifest.name.clone());
    for one in settled.iter().filter(|one| one.manifest.kind != "workflow") {
        moved.others.push(Other {
            resource: format!("{}/{}", one.manifest.kind, one.manifest.name),
            decision: one.decision,
            problem: one.problem.clone(),
        });
    }
    for one in &all.workflows {
        let decided = settled.iter().find(|settled| of(settled) == ("workflow".to_owned(), one.name.clone()));
        moved.workflows.push(Workflow::new(one, decided));
    }
    moved
}

fn notes(pulled: &Pulled, all: &All, unseen: Option<&Problem>) -> Vec<String> {
    let mut notes = Vec::new();
    for (what, why) in &pulled.closed {
        notes.push(format!("n8n does not give its {what}: {why}"));
    }
    if pulled.archived > 0 {
        notes.push(format!("{} archived workflows were left in n8n", pulled.archived));
    }
    if all.left_out > 0 {
        notes.push(format!("{} workflows were not asked for", all.left_out));
    }
    notes.extend(all.notes.iter().cloned());
    notes.extend(unseen.map(|problem| format!("what is stored here was not compared: {}", problem.detail)));
    notes
}

/// Writes what is to be written, each on top of the revision that was looked at. What is refused stops nothing else:
/// it is told beside the resource.
async fn write(client: &Client, settled: &mut [Settled]) -> Result<(), Problem> {
    let bar = output::progress(Some(settled.len() as u64), "writing");
    for one in settled.iter_mut() {
        bar.inc(1);
        if !one.decision.writes() {
            continue;
        }
        let Manifest { kind, name, labels, spec, .. } = &one.manifest;
        let kinds = crate::parts::kinds();
        let plural = kinds.named(kind).map_or(kind.as_str(), |kind| kind.plural);
        let ask = client.ask(Method::PUT, &[plural, name.as_str()]).json(&json!({ "labels": labels, "spec": spec }));
        let ask = match one.revision {
            Some(revision) => ask.header("if-match", format!("\"{revision}\"")),
            None => ask.header("if-none-match", "*"),
        };
        match ask.value().await {
            Ok(_) => {}
            Err(problem) if matches!(problem.code.status(), 400 | 409 | 412 | 413 | 422) => {
                let overtaken = matches!(problem.code.status(), 409 | 412);
                one.decision = if overtaken { Decision::Conflict } else { Decision::Refused };
                one.problem = Some(problem);
            }
            Err(problem) => return Err(problem),
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Makes live here what is active in n8n. What cannot be made live says why, and stops nothing.
async fn activate(client: &Client, workflows: &mut [Workflow]) -> Result<(), Problem> {
    let wanted = |one: &&mut Workflow| {
        one.active_there && !matches!(one.decision, Decision::Refused | Decision::Conflict | Decision::Kept)
    };
    for one in workflows.iter_mut().filter(wanted) {
        match client.post(&["workflows", one.name.as_str(), "activate"]).json(&json!({})).value().await {
            Ok(_) => one.activated = true,
            Err(problem) if problem.code == Code::DialFailed => return Err(problem),
            Err(problem) => one.problems.push(problem),
        }
    }
    Ok(())
}

/// A form of the report.
enum Form {
    Markdown,
    Json,
}

impl Form {
    fn of(path: &Path) -> Result<Form, Problem> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("md") => Ok(Form::Markdown),
            Some("json") => Ok(Form::Json),
            _ => {
                let detail = format!("the form of a report `{}` is not known", path.display());
                Err(Problem::new(Code::Unsupported, detail).hint("give it a name that ends in .md or .json"))
            }
        }
    }
}

fn print(global: &Global, from: &From, moved: &Moved) -> Result<(), Problem> {
    let value = serde_json::to_value(moved)
        .map_err(|error| Problem::new(Code::Internal, format!("the report cannot be written: {error}")))?;
    for path in &from.report {
        let text = match Form::of(path)? {
            Form::Markdown => moved.markdown(),
            Form::Json => serde_json::to_string_pretty(&value).unwrap_or_default() + "\n",
        };
        std::fs::write(path, text).map_err(|error| {
            Problem::new(Code::UnreadableFile, format!("`{}` cannot be written: {error}", path.display()))
        })?;
    }
    match global.output {
        Output::Json => output::json(&value),
        Output::Text => moved.text().iter().for_each(output::line),
    }
    Ok(())
}
