//! `fishplate connector record`: what an operation and its service said to each other, kept as a fixture.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use connectors::manifest::Manifest;
use connectors::mask::Masks;
use connectors::record::{self, Taken, Tape, Way, Wish, Written};
use connectors::{Connector, account, catalog, fixture};
use http::Method;
use model::{Code, Map, Name, Problem, Value};
use outbound::{EgressRules, Outbound};
use part::exchange::Told;
use part::exchange::answer::parsed;
use sandbox::Sandbox;
use serde_json::json;
use store::Store;

use super::super::accounts::{Alone, alone};
use super::super::client::Client;
use super::super::{Exit, Global, Output, output};
use super::{folder_of, sandbox};

/// What follows the options in `--help`.
const EXAMPLES: &str = "\
Examples:
  fishplate connector record ticketbox ticket.list --param status=open --connection ticketbox.json
      with the account of a file: {\"secrets\": {\"token\": \"…\"}, \"settings\": {\"subdomain\": \"acme\"}}
  fishplate connector record ticketbox ticket.list --connection support
      with the connection `support` of the server, which performs it; its secrets stay there
  fishplate connector record --from-run run_… 3
      from the third step of a run, or from a node by its name; `--item 4` takes another item than the first

The operation is really performed, so one that writes does write. Secrets are replaced wherever they stand, in every
form; addresses of mail and numbers of telephones get stand-ins, unless `--keep` is there; lists are cut to three.";

/// What `record` takes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Record {
    /// Folder of a connector, or its name in the catalogue's folder
    #[arg(required_unless_present = "from_run")]
    connector: Option<PathBuf>,
    /// The operation, such as `ticket.list`
    #[arg(required_unless_present = "from_run")]
    operation: Option<String>,
    /// Parameter of the operation; the value is JSON, or else a text
    #[arg(long = "param", value_name = "NAME=VALUE", conflicts_with = "from_run")]
    params: Vec<String>,
    /// The account: a file with secrets and settings, or the name of a connection of the server
    #[arg(long, value_name = "FILE_OR_NAME", conflicts_with = "from_run")]
    connection: Option<String>,
    /// Take the exchange from a step of a run, by its number or by the name of its node
    #[arg(long, num_args = 2, value_names = ["RUN", "STEP"])]
    from_run: Option<Vec<String>>,
    /// Position of the item, with `--from-run`
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    item: u32,
    /// Name of the case
    #[arg(long, value_name = "TEXT", default_value = "recorded")]
    name: String,
    /// Page of the vendor's documents about the operation
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Leave addresses of mail and numbers of telephones as they are
    #[arg(long)]
    keep: bool,
    /// Put it in the place of a case of the same name without asking
    #[arg(long)]
    yes: bool,
    /// Folder that connectors lie in
    #[arg(long, value_name = "FOLDER", default_value = "catalog/connectors")]
    catalog: PathBuf,
}

/// `fishplate connector record`.
pub async fn record(global: &Global, options: &Record) -> Result<Exit, Problem> {
    let sandbox = sandbox()?;
    let made = recorded(global, options, &sandbox).await;
    sandbox.shutdown().await;
    let (file, operation, written) = made?;
    match global.output {
        Output::Json => output::json(&json!({
            "file": file, "operation": operation, "case": options.name, "calls": written.calls,
            "secrets": written.secrets, "people": people(&written), "kept": options.keep, "failure": written.failure,
        })),
        Output::Text => {
            output::line(format!("{}: `{}` with {} calls", file.display(), options.name, written.calls));
            if let Some(failure) = &written.failure {
                output::line(format!("  the service said no, and so does the case: {failure}"));
            }
            if !written.secrets.is_empty() {
                output::line(format!("  secrets have stand-ins: {}", written.secrets.join(", ")));
            }
            for (person, stand_in) in &written.people {
                match options.keep {
                    true => output::line(format!("  {person} is kept")),
                    false => output::line(format!("  {person} became {stand_in}")),
                }
            }
            output::line("  look through it before you share it, then: fishplate connector test");
        }
    }
    Ok(Exit::Done)
}

fn people(written: &Written) -> Value {
    written.people.iter().map(|(person, stand_in)| json!({ "found": person, "standIn": stand_in })).collect()
}

async fn recorded(global: &Global, options: &Record, sandbox: &Sandbox) -> Result<(PathBuf, String, Written), Problem> {
    let (folder, connector, operation, tape, masks) = match &options.from_run {
        Some(place) => from_run(global, options, place).await?,
        None => performed(global, options, sandbox).await?,
    };
    let file = folder.join("fixtures").join(format!("{operation}.yaml"));
    let kept = Kept::read(&file, &options.name)?;
    let wish = Wish { name: options.name.clone(), source: options.source.clone(), keep_people: options.keep };
    let written = record::write(&connector, &operation, &tape, masks, &wish, sandbox).await;
    let written = written.map_err(|fault| {
        Problem::new(Code::InvalidSpec, format!("what went to and fro makes no case of `{operation}`: {fault}"))
    })?;
    kept.save(&file, &written.case)?;
    Ok((file, operation, written))
}

/// The connector of a folder, with everything that a recording needs.
type Recorded = (PathBuf, Connector, String, Tape, Masks);

/// Performs the operation here, or lets the server do it.
async fn performed(global: &Global, options: &Record, sandbox: &Sandbox) -> Result<Recorded, Problem> {
    let (Some(given), Some(operation)) = (&options.connector, &options.operation) else {
        return Err(Problem::new(Code::Malformed, "name a connector and one of its operations"));
    };
    let folder = folder_of(given, &options.catalog)?;
    let connector = catalog::of_folder(&folder).map_err(|fault| Problem::new(Code::InvalidSpec, fault))?;
    let manifest = connector.manifest.clone();
    let prefix = format!("{}.", manifest.connector);
    let operation = operation.strip_prefix(&prefix).unwrap_or(operation).to_owned();
    if !manifest.operations.contains_key(&operation) {
        let problem = Problem::new(Code::NotFound, format!("`{}` has no operation `{operation}`", manifest.connector));
        let known: Vec<&str> = manifest.operations.keys().map(String::as_str).take(20).collect();
        return Err(problem.hint(format!("it has {}", known.join(", "))));
    }
    // Before the service is asked: what it does is not done for nothing.
    let file = folder.join("fixtures").join(format!("{operation}.yaml"));
    Kept::read(&file, &options.name)?.may_be_replaced(options, &file)?;
    let params = params(&options.params)?;
    let on_server = options.connection.as_ref().filter(|given| !Path::new(given).is_file());
    if let Some(name) = on_server {
        let name: Name = name.parse().map_err(|_| {
            Problem::new(Code::NotFound, format!("`{name}` is neither a file nor the name of a connection"))
        })?;
        let node_type = format!("{prefix}{operation}");
        let (shown, settings) = on_the_server(global, &node_type, &params, &name).await?;
        let tape = tape_of(&shown, 0, settings)?;
        // What was given here is what was asked for.
        return Ok((folder, connector, operation, Tape { params, ..tape }, Masks::default()));
    }
    let store = Store::temporary().await?;
    let mut masks = Masks::default();
    let (tape, vault);
    match &options.connection {
        None if !manifest.auth.is_empty() => {
            let problem = Problem::new(Code::ConnectionMissing, format!("{} asks for an account", manifest.title));
            return Err(problem.hint("give one with `--connection`, a file or the name of a connection of the server"));
        }
        None => {
            let outbound = way_out(Arc::new(outbound::NoCredentials))?;
            let way = Way {
                outbound: &outbound,
                scope: model::ScopeId(1),
                connection: None,
                settings: Map::new(),
                sandbox,
                now: auth::now_millis(),
            };
            tape = record::take(&connector, &operation, params, &way).await;
        }
        Some(file) => {
            let ready = alone(&store, Path::new(file), &manifest.connector, |given| offered(&manifest, given)).await?;
            for (field, secret) in ready.vault.to_mask(ready.scope, &manifest.connector).await? {
                masks.add(&field, &String::from_utf8_lossy(secret.bytes()));
            }
            let Alone { scope, settings, vault: held } = ready;
            vault = held;
            let outbound = way_out(Arc::new(vault.clone()))?;
            vault.go_out(&outbound).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
            let connection = Some(manifest.connector.clone());
            let way = Way { outbound: &outbound, scope, connection, settings, sandbox, now: auth::now_millis() };
            tape = record::take(&connector, &operation, params, &way).await;
            // Tokens that were got on the way.
            for (field, secret) in vault.to_mask(scope, &manifest.connector).await? {
                masks.add(&field, &String::from_utf8_lossy(secret.bytes()));
            }
        }
    }
    store.close().await;
    let tape = tape.map_err(|error| Problem { detail: masks.text(&error.problem.detail), ..error.problem })?;
    Ok((folder, connector, operation, tape, masks))
}

/// The spec of a connection by the first way to show an account, for the hosts that the settings lead to.
fn offered(manifest: &Manifest, given: &Map) -> Value {
    let Some(auth) = manifest.auth.values().next() else { return Value::Null };
    let mut spec = account::offer(manifest, auth).spec;
    let mut settings = manifest.defaults();
    settings.extend(given.clone());
    spec["hosts"] = json!(account::hosts(manifest, &settings));
    spec
}

fn way_out(credentials: Arc<dyn outbound::Credentials>) -> Result<Outbound, Problem> {
    let options = outbound::Options { egress: EgressRules::private(), ..outbound::Options::default() };
    Outbound::new(options, credentials).map_err(|error| Problem::new(Code::Internal, error.to_string()))
}

fn params(given: &[String]) -> Result<Map, Problem> {
    let mut params = Map::new();
    for given in given {
        let both = given.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = both.ok_or_else(|| Problem::new(Code::Malformed, "`--param` is written as NAME=VALUE"))?;
        params.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
    }
    Ok(params)
}

/// Lets the server perform an operation, as a draft that is gone afterwards. Gives the exchanges of its step, and the
/// settings of its connection.
async fn on_the_server(
    global: &Global,
    node_type: &str,
    params: &Map,
    connection: &Name,
) -> Result<(Value, Map), Problem> {
    let client = Client::new(global)?;
    let settings = settings_of(&client, connection.as_str()).await?;
    let name = format!("record-{:012x}", auth::random_u128() >> 80);
    let spec = json!({
        "nodes": [
            { "name": "Start", "type": "core.manual" },
            { "name": "Call", "type": node_type, "params": params, "connections": { connectors::node::SLOT: connection } },
        ],
        "edges": [{ "from": "Start", "to": "Call" }],
    });
    client.ask(Method::PUT, &["workflows", &name, "draft"]).json(&json!({ "spec": spec })).value().await?;
    let shown = tried(&client, &name).await;
    let gone = client.ask(Method::DELETE, &["workflows", &name, "draft"]).send().await;
    let shown = shown?;
    gone?;
    Ok((shown, settings))
}

async fn tried(client: &Client, workflow: &str) -> Result<Value, Problem> {
    let body = json!({ "draft": true, "input": [{}] });
    let started = client.post(&["workflows", workflow, "run"]).json(&body).value().await?;
    let run = output::text(&started, "run");
    client.get(&["runs", run, "watch"]).events(|_, _, _| true).await?;
    exchanges(client, run, "Call", 0).await
}

/// Settings of a connection of the server.
async fn settings_of(client: &Client, connection: &str) -> Result<Map, Problem> {
    let shown = client.get(&["connections", connection]).value().await?;
    Ok(shown["spec"]["settings"].as_object().cloned().unwrap_or_default())
}

/// What a step sent and got, by its number or its node.
async fn exchanges(client: &Client, run: &str, step: &str, item: u32) -> Result<Value, Problem> {
    let number = match step.parse::<u32>() {
        Ok(number) => number.to_string(),
        Err(_) => step_of(client, run, step).await?,
    };
    client.get(&["runs", run, "steps", &number, "exchanges"]).query("item", item.to_string()).value().await
}

/// The last step of a node.
async fn step_of(client: &Client, run: &str, node: &str) -> Result<String, Problem> {
    let (mut from, mut found) = (0, None);
    loop {
        let page = client.get(&["runs", run]).query("from", from.to_string()).query("limit", "1000").value().await?;
        let steps = page["steps"].as_array().into_iter().flatten();
        found =
            steps.filter(|step| step["node"] == node).filter_map(|step| step["step"].as_u64()).next_back().or(found);
        match page["nextStep"].as_u64() {
            Some(next) => from = next,
            None => break,
        }
    }
    let missing = || Problem::new(Code::NotFound, format!("the run has no step of a node `{node}`"));
    Ok(found.ok_or_else(missing)?.to_string())
}

/// Takes the exchange of a step of a run.
async fn from_run(global: &Global, options: &Record, place: &[String]) -> Result<Recorded, Problem> {
    let [run, step] = place else { return Err(Problem::new(Code::Malformed, "`--from-run` takes RUN and STEP")) };
    let client = Client::new(global)?;
    let shown = exchanges(&client, run, step, options.item).await?;
    let node_type = output::text(&shown, "nodeType");
    let Some((connector, operation)) = node_type.split_once('.') else {
        return Err(Problem::new(Code::InvalidSpec, format!("`{node_type}` is no operation of a connector")));
    };
    let folder = folder_of(options.connector.as_deref().unwrap_or(Path::new(connector)), &options.catalog);
    let folder = folder.map_err(|problem| {
        problem.hint(format!("the step is of the type `{node_type}`: name the folder that its connector lies in"))
    })?;
    let connector = catalog::of_folder(&folder).map_err(|fault| Problem::new(Code::InvalidSpec, fault))?;
    let file = folder.join("fixtures").join(format!("{operation}.yaml"));
    Kept::read(&file, &options.name)?.may_be_replaced(options, &file)?;
    let settings = match shown["connections"][0].as_str() {
        Some(connection) => settings_of(&client, connection).await?,
        None => Map::new(),
    };
    let tape = tape_of(&shown, options.item, settings)?;
    let operation = operation.to_owned();
    Ok((folder, connector, operation, tape, Masks::default()))
}

/// What took place, of what the server shows.
fn tape_of(shown: &Value, item: u32, settings: Map) -> Result<Tape, Problem> {
    let refuse = |detail: String| Err(Problem::new(Code::InvalidSpec, detail));
    let Some(params) = shown["params"].as_object().cloned() else {
        let why = shown["notes"][0].as_str().unwrap_or("the server does not tell them");
        return refuse(format!("the parameters of the step are not known: {why}"));
    };
    let mut answers = Vec::new();
    let all = shown["exchanges"].as_array().into_iter().flatten();
    for exchange in all.filter(|exchange| exchange["item"].as_u64().is_none_or(|of| of == u64::from(item))) {
        let call = output::text(exchange, "name").to_owned();
        let answer = &exchange["answer"];
        let Some(status) = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()) else {
            let why = exchange["error"].as_str().unwrap_or("nothing is known of its answer");
            return refuse(format!("the call `{call}` has no answer: {why}"));
        };
        let Some(text) = answer["body"]["text"].as_str() else {
            return refuse(format!("the answer to the call `{call}` is a file, or is too long"));
        };
        let headers = answer["headers"].as_object().cloned().unwrap_or_default();
        answers.push(Taken { call, told: Told { status, headers, body: parsed(text) } });
    }
    if answers.is_empty() {
        return refuse(format!("the step made no call for item {item}"));
    }
    Ok(Tape { settings, params, answers })
}

/// The cases that a fixture has already.
struct Kept {
    text: String,
    cases: Vec<Value>,
    /// Position of the one that has the name.
    same: Option<usize>,
}

impl Kept {
    fn read(file: &Path, name: &str) -> Result<Kept, Problem> {
        if !file.exists() {
            return Ok(Kept { text: String::new(), cases: Vec::new(), same: None });
        }
        let unreadable = |fault: String| Problem::new(Code::UnreadableFile, format!("{}: {fault}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        fixture::parsed(text.as_bytes()).map_err(unreadable)?;
        let cases: Vec<Value> = serde_yaml_ng::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let same = cases.iter().position(|case| case["name"] == name);
        Ok(Kept { text, cases, same })
    }

    /// Asks whether a case may go that has the name.
    fn may_be_replaced(&self, options: &Record, file: &Path) -> Result<(), Problem> {
        if self.same.is_none() || options.yes {
            return Ok(());
        }
        let question = format!("{} has a case `{}`", file.display(), options.name);
        let refused = || {
            let problem = Problem::new(Code::NotUnique, question.clone());
            problem.hint("`--yes` puts the new one in its place, and `--name` gives it another name")
        };
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(refused());
        }
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "{question}. Put the new one in its place? [y/N] ");
        let _ = err.flush();
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        match read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
            true => Ok(()),
            false => Err(refused()),
        }
    }

    /// Writes the file with the case: in the place of the one of its name, else at the end, where all else stays as it
    /// was written.
    fn save(mut self, file: &Path, case: &Value) -> Result<(), Problem> {
        let unwritable =
            |fault: String| Problem::new(Code::Unavailable, format!("{} cannot be written: {fault}", file.display()));
        let yaml = |cases: &[Value]| serde_yaml_ng::to_string(cases).map_err(|error| unwritable(error.to_string()));
        let mut text = String::new();
        if self.same.is_none() {
            text = format!(
                "{}{}{}",
                self.text,
                if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" },
                yaml(std::slice::from_ref(case))?
            );
        }
        match self.same {
            Some(at) => self.cases[at] = case.clone(),
            None => self.cases.push(case.clone()),
        }
        // A list that is written in brackets has no end that something can be put to.
        let reads_back = fixture::parsed(text.as_bytes()).is_ok_and(|cases| cases.len() == self.cases.len());
        if !reads_back {
            text = yaml(&self.cases)?;
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unwritable(error.to_string()))?;
        }
        std::fs::write(file, text).map_err(|error| unwritable(error.to_string()))
    }
}
