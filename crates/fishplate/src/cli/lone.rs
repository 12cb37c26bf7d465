//! An engine without a server: on a throw-away store, in this process, for as long as a command lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use engine::engine::Ports;
use engine::ports::{WorkflowText, Workflows};
use futures_util::future::BoxFuture;
use model::{Code, Map, Problem, RunId, Scope, Value, WorkflowSpec};
use part::runs::{Admit, Admitted, Runs, WorkflowRef};
use sandbox::Sandbox;
use serde_json::json;
use store::Store;

/// Steps read at a time.
const PAGE: u32 = 500;

/// The engine, and what has to end with it.
pub struct Lone {
    engine: engine::Engine,
    sandbox: Sandbox,
    store: Store,
}

/// How a run begins.
#[derive(Debug, Default)]
pub struct Start {
    /// Items of the trigger.
    pub input: Vec<Value>,
    /// Node to start at, instead of the trigger.
    pub start_at: Option<String>,
    /// Nodes with pinned data give it instead of running.
    pub use_pins: bool,
    /// Output of the trigger that the items leave through.
    pub output: u16,
}

impl Lone {
    /// Starts it. `ports` says what nodes may reach beside the sandbox.
    pub async fn start(
        store: Store,
        workflows: BTreeMap<String, Arc<WorkflowSpec>>,
        ports: impl FnOnce(&mut Ports),
    ) -> Result<Lone, Problem> {
        let mut given = Ports::new(store.clone(), crate::parts::catalogue(), Arc::new(FileWorkflows(workflows)));
        ports(&mut given);
        let children = sandbox::Options::this_executable()
            .map_err(|error| Problem::new(Code::SandboxUnavailable, error.to_string()))?;
        let sandbox = Sandbox::new(children);
        given.sandbox = Some(sandbox.clone());
        let engine = engine::Engine::new(engine::Options::default(), given);
        engine.start().await?;
        Ok(Lone { engine, sandbox, store })
    }

    /// Runs a workflow to its end, which is asked for when it takes longer than `patience`, and shows what came of it.
    pub async fn run(
        &self,
        name: &str,
        spec: &WorkflowSpec,
        start: Start,
        patience: Duration,
    ) -> Result<Value, Problem> {
        let scope = Scope::default();
        let admitted = self.engine.admit(Admit {
            scope: scope.clone(),
            workflow: WorkflowRef::Inline(name.to_owned(), Box::new(WorkflowSpec::clone(spec))),
            trigger: None,
            input: engine::definition::items_of(&start.input),
            mode: "cli",
            started_by: "cli".into(),
            dedupe: None,
            reply_to: None,
            output: start.output,
            destination: None,
            start_at: start.start_at,
            use_pins: start.use_pins,
        });
        let (Admitted::New(id) | Admitted::Known { run: id, .. }) = admitted.await?;
        match tokio::time::timeout(patience, self.engine.wait(&scope, id)).await {
            Ok(end) => drop(end?),
            Err(_) => {
                self.engine.cancel(&scope, id, "cli").await?;
                self.engine.wait(&scope, id).await?;
            }
        }
        describe(&self.engine, &scope, id, spec).await
    }

    /// Ends everything.
    pub async fn stop(self) {
        self.engine.stop().await;
        self.sandbox.shutdown().await;
        self.store.close().await;
    }
}

/// The workflows of the files, by name.
struct FileWorkflows(BTreeMap<String, Arc<WorkflowSpec>>);

impl FileWorkflows {
    fn text(&self, name: &str) -> Option<WorkflowText> {
        let spec = self.0.get(name)?.clone();
        Some(WorkflowText { name: name.to_owned(), revision: None, spec, runs_as: "cli".into() })
    }
}

impl Workflows for FileWorkflows {
    fn active(&self, _: &Scope, name: &str, _: u8) -> Option<WorkflowText> {
        self.text(name)
    }

    fn load<'a>(&'a self, _: &'a Scope, workflow: &'a WorkflowRef) -> BoxFuture<'a, Result<WorkflowText, Problem>> {
        Box::pin(async move {
            let name = match workflow {
                WorkflowRef::Active(name) | WorkflowRef::Revision(name, _) | WorkflowRef::Draft(name) => name.as_str(),
                WorkflowRef::Inline(name, spec) => {
                    return Ok(WorkflowText {
                        name: name.clone(),
                        revision: None,
                        spec: Arc::new(WorkflowSpec::clone(spec)),
                        runs_as: "cli".into(),
                    });
                }
            };
            self.text(name).ok_or_else(|| {
                Problem::new(Code::NotFound, format!("no workflow `{name}` is in the files"))
                    .hint("name the file that holds it with `--with`")
            })
        })
    }
}

/// `{run: {id, status, error}, nodes: {"Name": [{runIndex, outputs: [[item…]…], error}]}}`
async fn describe(engine: &engine::Engine, scope: &Scope, id: RunId, spec: &WorkflowSpec) -> Result<Value, Problem> {
    let mut nodes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut from = 0;
    let summary = loop {
        let detail = engine.show(scope, id, from, PAGE, true).await?;
        for step in detail.steps {
            let mut entry = json!({ "runIndex": step.run_index, "outputs": step.outputs.unwrap_or_default() });
            if let Some(error) = step.error {
                entry["error"] = error;
            }
            if !step.logs.is_empty() {
                entry["logs"] = json!(step.logs);
            }
            nodes.entry(step.node).or_default().push(entry);
        }
        match detail.next_step {
            Some(next) => from = next,
            None => break detail.summary,
        }
    };
    // In the order of the workflow, then whatever else ran.
    let mut ordered = Map::new();
    let drawn: Vec<&str> = spec.nodes.iter().map(|node| node.name.as_str()).collect();
    let known: BTreeSet<&str> = drawn.iter().copied().collect();
    for name in drawn {
        if let Some(runs) = nodes.get(name) {
            ordered.insert(name.to_owned(), json!(runs));
        }
    }
    for (name, runs) in nodes.iter().filter(|(name, _)| !known.contains(name.as_str())) {
        ordered.insert(name.clone(), json!(runs));
    }
    Ok(json!({
        "run": { "id": summary.id, "status": summary.status, "error": summary.error },
        "nodes": ordered,
    }))
}
