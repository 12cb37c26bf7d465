//! Short ways to run a script.

use std::path::PathBuf;

use sandbox::{Cell, Context, Error, Host, Job, Json, Kind, Limits, Mode, NoHost, Options, Outcome, Sandbox};
use serde_json::{Value, json};

/// A pool of two children.
pub fn sandbox() -> Sandbox {
    Sandbox::new(options())
}

pub fn options() -> Options {
    Options { max_children: 2, ..Options::with_worker(PathBuf::from(env!("CARGO_BIN_EXE_sandbox-worker"))) }
}

/// A context with these items: each value is an item's `json`.
pub fn context(items: &[Value]) -> Context {
    let items: Vec<Value> = items.iter().map(|item| json!({ "json": item })).collect();
    Context {
        items: Json::of(&items).unwrap(),
        now_millis: 1_700_000_000_000,
        seed: 42,
        timezone: "Europe/Berlin".into(),
        ..Context::default()
    }
}

pub fn code(source: &str, mode: Mode, context: Context) -> Job {
    Job { kind: Kind::Code { source: source.into(), mode }, context, limits: Limits::default() }
}

pub fn expressions(sources: &[&str], items: u32, context: Context) -> Job {
    let sources = sources.iter().map(|source| (*source).to_owned()).collect();
    Job { kind: Kind::Expressions { sources, items: 0..items }, context, limits: Limits::default() }
}

pub async fn run(job: Job) -> Result<Outcome, Error> {
    run_with(job, &NoHost).await
}

pub async fn run_with(job: Job, host: &dyn Host) -> Result<Outcome, Error> {
    let sandbox = sandbox();
    let outcome = sandbox.run("main", job, host).await;
    sandbox.shutdown().await;
    outcome
}

/// The items that the code returns, once for all items.
pub async fn items(source: &str, input: &[Value]) -> Value {
    let outcome =
        run(code(source, Mode::All, context(input))).await.unwrap_or_else(|error| panic!("{error}: {source}"));
    serde_json::from_str(&outcome.result).unwrap()
}

/// One template for one item.
pub async fn evaluate(template: &str, item: Value) -> Cell {
    let outcome = run(expressions(&[template], 1, context(&[item]))).await.unwrap();
    outcome.cells().unwrap().remove(0).remove(0)
}

/// The error of a code node.
pub async fn fails(source: &str) -> sandbox::ScriptError {
    match run(code(source, Mode::All, context(&[]))).await {
        Err(Error::Script { error, .. } | Error::Items(error)) => *error,
        other => panic!("{other:?}"),
    }
}
