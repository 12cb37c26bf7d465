//! Commands on runs and dead letters.

use clap::{Args, Subcommand};
use model::{Code, Problem, Value};
use serde_json::json;

use super::client::Client;
use super::resources::report;
use super::{Exit, Global, Output, output};

/// Dead letters that one request works on.
const BULK: usize = 100;

/// Look at runs and steer them.
#[derive(Subcommand, Debug)]
pub enum Runs {
    /// Newest runs first
    List(List),
    /// A run with its steps, timings and data
    Show {
        /// Id of the run
        run: String,
        /// With the items at each output port
        #[arg(long)]
        items: bool,
    },
    /// Follow a run until it ends
    Watch {
        /// Id of the run
        run: String,
    },
    /// Execute a recorded run again with the network off, and compare
    Replay {
        /// Id of the run
        run: String,
    },
    /// Run again from the failed step, or from elsewhere
    Retry(Retry),
    /// Run again as a new run
    Fork(Retry),
    /// Ask a run to stop
    Cancel {
        /// Id of the run
        run: String,
    },
    /// Start nothing new until it is resumed
    Pause {
        /// Id of the run
        run: String,
    },
    /// End a pause, or let a held run go on; one that nobody answers for is taken over
    Resume {
        /// Id of the run
        run: String,
    },
}

/// Which runs.
#[derive(Args, Debug)]
pub struct List {
    /// Of this workflow
    #[arg(long)]
    workflow: Option<String>,
    /// In this state; may be repeated
    #[arg(long)]
    status: Vec<String>,
    /// Most runs
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// How to run again.
#[derive(Args, Debug)]
pub struct Retry {
    /// Id of the run
    run: String,
    /// Node from which to run again
    #[arg(long, value_name = "NODE")]
    from: Option<String>,
    /// From the trigger on
    #[arg(long)]
    from_start: bool,
    /// On the newest active revision
    #[arg(long)]
    newest: bool,
    /// File with the items that replace the input
    #[arg(long, value_name = "FILE")]
    input: Option<std::path::PathBuf>,
}

/// Work on runs that failed.
#[derive(Subcommand, Debug)]
pub enum Dead {
    /// Those that wait for somebody
    List(List),
    /// Run them again
    Redrive(Choice),
    /// Put them aside
    Discard(Choice),
}

/// Which dead letters.
#[derive(Args, Debug)]
pub struct Choice {
    /// Ids of runs; none means all that match the filters
    runs: Vec<String>,
    /// Of this workflow
    #[arg(long)]
    workflow: Option<String>,
    /// Really all of them
    #[arg(long)]
    all: bool,
}

/// `fishplate runs`.
pub async fn runs(global: &Global, verb: Runs) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    match verb {
        Runs::List(list) => show_list(global, &client, &["runs"], list).await,
        Runs::Show { run, items } => show(global, &client, &run, items).await,
        Runs::Watch { run } => watch(global, &client, &run).await,
        Runs::Replay { run } => replay(global, &client, &run).await,
        Runs::Retry(retry) => again(global, &client, retry, false).await,
        Runs::Fork(retry) => again(global, &client, retry, true).await,
        Runs::Cancel { run } => steer(global, &client, &run, "cancel").await,
        Runs::Pause { run } => steer(global, &client, &run, "pause").await,
        Runs::Resume { run } => steer(global, &client, &run, "resume").await,
    }
}

/// `fishplate dead`.
pub async fn dead(global: &Global, verb: Dead) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    match verb {
        Dead::List(list) => show_list(global, &client, &["dead"], list).await,
        Dead::Redrive(choice) => bulk(global, &client, "redrive", choice).await,
        Dead::Discard(choice) => bulk(global, &client, "discard", choice).await,
    }
}

async fn show_list(global: &Global, client: &Client, path: &[&str], list: List) -> Result<Exit, Problem> {
    let mut ask = client.get(path).query("limit", list.limit.to_string()).maybe("workflow", list.workflow);
    if !list.status.is_empty() {
        ask = ask.query("status", list.status.join(","));
    }
    let page = ask.value().await?;
    if global.output == Output::Json {
        output::json(&page);
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|run| {
            let field = |name| output::text(run, name).to_owned();
            let took = match (run["startedAt"].as_i64(), run["endedAt"].as_i64()) {
                (Some(start), Some(end)) => format!("{} ms", end - start),
                _ => String::new(),
            };
            let steps = run["stepCount"].to_string();
            vec![field("id"), field("workflow"), field("status"), output::time(&run["createdAt"]), steps, took]
        })
        .collect();
    output::table(&["id", "workflow", "status", "created", "steps", "took"], &rows);
    Ok(Exit::Done)
}

async fn show(global: &Global, client: &Client, run: &str, items: bool) -> Result<Exit, Problem> {
    let ask = client.get(&["runs", run]).query("items", if items { "true" } else { "false" });
    let detail = ask.query("limit", "1000").value().await?;
    if global.output == Output::Json {
        output::json(&detail);
        return Ok(Exit::Done);
    }
    let workflow = output::text(&detail, "workflow");
    output::line(format!("{run}  {workflow}  {}", output::text(&detail, "status")));
    let (by, runs_as) = (output::text(&detail, "startedBy"), output::text(&detail, "runsAs"));
    output::line(format!("started by {by}, acts for {runs_as}"));
    let rows: Vec<Vec<String>> = detail["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|step| {
            let field = |name| output::text(step, name).to_owned();
            let took = step["durationMicros"].as_u64().map(|micros| format!("{:.3} ms", micros as f64 / 1000.0));
            let counts = step["outputCounts"].as_array().into_iter().flatten().map(Value::to_string);
            let counts = counts.collect::<Vec<_>>().join(", ");
            vec![step["step"].to_string(), field("node"), field("status"), took.unwrap_or_default(), counts]
        })
        .collect();
    output::table(&["step", "node", "status", "took", "items"], &rows);
    for step in detail["steps"].as_array().into_iter().flatten() {
        if let Some(ports) = step["outputs"].as_array() {
            for (port, list) in ports.iter().enumerate() {
                output::line(format!("{} [{port}] {list}", output::text(step, "node")));
            }
        }
        if let Some(error) = step.get("error").filter(|error| !error.is_null()) {
            output::line(format!("{} failed: {error}", output::text(step, "node")));
        }
    }
    if let Some(error) = detail.get("error").filter(|error| !error.is_null()) {
        output::line(format!("error: {error}"));
    }
    if let Some(answer) = detail.get("answer").filter(|answer| !answer.is_null()) {
        output::line(format!("answer: {answer}"));
    }
    Ok(Exit::Done)
}

async fn watch(global: &Global, client: &Client, run: &str) -> Result<Exit, Problem> {
    let output = global.output;
    let ask = client.get(&["runs", run, "watch"]).query("after", "0");
    ask.events(|id, event, data| {
        match output {
            Output::Json => output::line(json!({ "id": id, "event": event, "data": data }).to_string()),
            Output::Text => output::line(format!("{:>8}  {event}  {data}", id.unwrap_or("-"))),
        }
        true
    })
    .await?;
    let end = client.get(&["runs", run]).query("limit", "1").value().await?;
    let failed = matches!(output::text(&end, "status"), "failed" | "canceled");
    Ok(if failed { Exit::RunFailed } else { Exit::Done })
}

async fn replay(global: &Global, client: &Client, run: &str) -> Result<Exit, Problem> {
    let found = client.post(&["runs", run, "replay"]).value().await?;
    let differences = found["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    match global.output {
        Output::Json => output::json(&found),
        Output::Text => {
            output::line(format!("{} steps executed again, {} differ", found["steps"], differences.len()));
            for difference in differences {
                let field = |name| output::text(difference, name);
                output::line(format!("{} (step {})", field("node"), difference["step"]));
                output::line(format!("  recorded {}", field("recorded")));
                output::line(format!("  replayed {}", field("replayed")));
            }
        }
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Failed })
}

async fn again(global: &Global, client: &Client, retry: Retry, fork: bool) -> Result<Exit, Problem> {
    let mut body = json!({ "fork": fork, "fromStart": retry.from_start, "newest": retry.newest });
    if let Some(from) = retry.from {
        body["from"] = json!(from);
    }
    if let Some(path) = &retry.input {
        body["input"] = json!(read_items(path)?);
    }
    let answer = client.post(&["runs", &retry.run, "retry"]).json(&body).value().await?;
    report(global, &answer, |answer| format!("{} goes on", output::text(answer, "run")));
    Ok(Exit::Done)
}

async fn steer(global: &Global, client: &Client, run: &str, verb: &str) -> Result<Exit, Problem> {
    client.post(&["runs", run, verb]).send().await?;
    report(global, &json!({ "run": run, "asked": verb }), |_| format!("{run} is asked to {verb}"));
    Ok(Exit::Done)
}

async fn bulk(global: &Global, client: &Client, verb: &str, choice: Choice) -> Result<Exit, Problem> {
    if choice.runs.is_empty() && choice.workflow.is_none() && !choice.all {
        return Err(Problem::new(Code::Malformed, "name runs, or choose by `--workflow`, or say `--all`"));
    }
    let runs = match choice.runs.is_empty() {
        true => open_letters(client, choice.workflow).await?,
        false => choice.runs,
    };
    let bar = output::progress(Some(runs.len() as u64), verb);
    let (mut done, mut refused) = (0, Vec::new());
    // In slices, so that the bar moves, and so that an interrupt leaves the rest as it is.
    for slice in runs.chunks(BULK) {
        let answer = client.post(&["dead", verb]).json(&json!({ "runs": slice })).value().await?;
        done += answer["done"].as_u64().unwrap_or_default();
        refused.extend(answer["refused"].as_array().into_iter().flatten().cloned());
        bar.inc(slice.len() as u64);
    }
    bar.finish_and_clear();
    report(global, &json!({ "done": done, "refused": refused }), |_| format!("{done} done, {} refused", refused.len()));
    Ok(Exit::Done)
}

/// Ids of all dead letters that wait for somebody, of one workflow or of all.
async fn open_letters(client: &Client, workflow: Option<String>) -> Result<Vec<String>, Problem> {
    let mut runs = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let ask = client.get(&["dead"]).query("limit", "1000").maybe("workflow", workflow.as_ref());
        let page = ask.maybe("cursor", cursor.as_ref()).value().await?;
        let items = page["items"].as_array().into_iter().flatten();
        runs.extend(items.map(|run| output::text(run, "id").to_owned()));
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(runs);
        }
    }
}

/// Reads a file of items: an array of objects, or of `{json, binary}` as n8n writes them.
pub fn read_items(path: &std::path::Path) -> Result<Vec<Value>, Problem> {
    let unreadable = |detail: String| Problem::new(Code::UnreadableFile, format!("`{}`: {detail}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    match serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))? {
        Value::Array(items) => Ok(items),
        one @ Value::Object(_) => Ok(vec![one]),
        _ => Err(unreadable("items are a JSON array of objects".into())),
    }
}
