//! What runs may ask of this server: its resources, activations and runs, in the name of whom they act for.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use auth::{Grant, Permission, Tokens};
use futures_util::future::BoxFuture;
use model::resource::Ref;
use model::{Code, Name, Problem, Scope, Value};
use part::house::{Act, House};
use part::runs::RetryOptions;
use part::tables::DataTableKind;
use part::{Catalogue, Runs};
use serde_json::json;
use store::{RunFilter, Store};

use crate::resources::activation::Activate;
use crate::resources::write::{Expectation, Put};
use crate::resources::{Resources, reference};
use crate::transfer::n8n;

/// Most resources of one kind that an answer lists.
const MOST_LISTED: usize = 10_000;
/// Resources read at once.
const PAGE: usize = 500;

/// This server, as runs see it.
pub struct Household {
    store: Store,
    resources: Resources,
    catalogue: Catalogue,
    tokens: Tokens,
    /// The engine holds the household, so the household must not hold the engine.
    runs: OnceLock<Weak<dyn Runs>>,
}

impl Household {
    /// The household of a server whose engine is not there yet.
    pub fn new(store: Store, resources: Resources, catalogue: Catalogue, tokens: Tokens) -> Arc<Household> {
        Arc::new(Household { store, resources, catalogue, tokens, runs: OnceLock::new() })
    }

    /// Says who knows the runs.
    pub fn meet(&self, runs: &Arc<dyn Runs>) {
        // Said once, when the server is put together.
        let _ = self.runs.set(Arc::downgrade(runs));
    }

    fn runs(&self) -> Result<Arc<dyn Runs>, Problem> {
        let runs = self.runs.get().and_then(Weak::upgrade);
        runs.ok_or_else(|| Problem::new(Code::Unavailable, "the server is stopping"))
    }

    async fn answer(&self, scope: &Scope, grant: &Grant, act: Act) -> Result<Value, Problem> {
        match act {
            Act::List { kind } => {
                grant.require(Permission::ResourceRead, scope)?;
                self.list(scope, &kind).await
            }
            Act::Get { kind, name, revision } => {
                grant.require(Permission::ResourceRead, scope)?;
                let of = reference(&kind, &name);
                value(&match revision {
                    Some(revision) => self.resources.revision(scope, &of, revision).await?,
                    None => self.resources.get(scope, &of).await?,
                })
            }
            Act::Put { manifest, create } => {
                let expect = if create { Expectation::Absent } else { Expectation::Present };
                value(&self.resources.put(grant, scope, Put::new(manifest, expect), false).await?.resource)
            }
            Act::Delete { kind, name } => {
                // A workflow that deletes a table uses it, too, and means it.
                let forced = kind == DataTableKind::KIND;
                let of = reference(&kind, &name);
                value(&self.resources.delete(grant, scope, of, Expectation::Any, forced, false).await?)
            }
            Act::Rename { kind, name, to } => {
                let of = reference(&kind, &name);
                value(&self.resources.rename(grant, scope, &of, to, Expectation::Any).await?)
            }
            Act::Active => {
                grant.require(Permission::ResourceRead, scope)?;
                self.active(scope).await
            }
            Act::Activate { name, revision } => {
                let wanted = Activate { revision, share: None };
                value(&self.resources.activate(grant, scope, &name, wanted).await?)
            }
            Act::Deactivate { name } => value(&self.resources.deactivate(grant, scope, &name).await?),
            Act::FromN8n { workflow } => self.imported(&workflow),
            Act::ToN8n { spec, name } => self.to_n8n(spec, &name),
            act => self.about_runs(scope, grant, act).await,
        }
    }

    async fn list(&self, scope: &Scope, kind: &str) -> Result<Value, Problem> {
        let mut all = Vec::new();
        let mut after: Option<Ref> = None;
        loop {
            let page = self.resources.list(scope, Some(kind), BTreeMap::new(), after.take(), PAGE).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|last| reference(&last.kind, &last.name));
            all.extend(page);
            if !full {
                return value(&all);
            }
            if all.len() >= MOST_LISTED {
                let detail = format!("there are more than {MOST_LISTED} resources of the kind `{kind}`");
                return Err(Problem::new(Code::TooLarge, detail));
            }
        }
    }

    async fn active(&self, scope: &Scope) -> Result<Value, Problem> {
        let id = self.resources.scope(scope).await?;
        let rows = self.store.activations().await?;
        let live = rows.into_iter().filter(|row| row.scope == id && row.enabled);
        Ok(live.map(|row| (row.workflow.to_string(), Value::from(row.revision))).collect::<model::Map>().into())
    }

    fn imported(&self, workflow: &Value) -> Result<Value, Problem> {
        let bytes = workflow.to_string().into_bytes();
        let converted = n8n::convert(vec![("workflow.json".into(), bytes)], &self.catalogue.snapshot(), || ());
        if converted.manifests.is_empty() {
            let detail = "the text is no workflow of n8n: it has no `nodes`";
            return Err(Problem::new(Code::UnreadableFile, detail).at("/workflow"));
        }
        value(&converted.manifests)
    }

    fn to_n8n(&self, spec: Value, name: &Name) -> Result<Value, Problem> {
        let spec = part::kind::parse(spec)?;
        Ok(engine::n8n::export(&spec, name, &self.catalogue.snapshot()).workflow)
    }

    async fn about_runs(&self, scope: &Scope, grant: &Grant, act: Act) -> Result<Value, Problem> {
        let runs = self.runs()?;
        match act {
            Act::Runs { workflow, status, before, limit } => {
                grant.require(Permission::RunRead, scope)?;
                let id = self.resources.scope(scope).await?;
                let filter = RunFilter { workflow, status, ..RunFilter::default() };
                let page = self.store.runs(id, filter, before, limit).await?;
                value(&page.runs.iter().map(engine::engine::summary).collect::<Vec<_>>())
            }
            Act::Run { run, items } => {
                grant.require(Permission::RunRead, scope)?;
                value(&runs.show(scope, run, 0, 1_000, items).await?)
            }
            Act::Retry { run, newest } => {
                grant.require(Permission::RunControl, scope)?;
                let run = runs.retry(scope, run, RetryOptions { newest, ..RetryOptions::default() }, grant).await?;
                Ok(json!({ "run": run }))
            }
            Act::DeleteRun { run } => {
                grant.require(Permission::RunControl, scope)?;
                let id = self.resources.scope(scope).await?;
                let gone = self.store.delete_runs(id, &[run]).await?;
                match gone.runs {
                    0 => Err(Problem::new(Code::NotFound, format!("there is no run `{run}` that has ended"))),
                    _ => Ok(Value::Null),
                }
            }
            other => Err(Problem::new(Code::Unsupported, format!("nobody does {other:?} here"))),
        }
    }
}

fn value<T: serde::Serialize>(value: &T) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::new(Code::Internal, error.to_string()))
}

impl House for Household {
    fn ask<'a>(&'a self, scope: &'a Scope, runs_as: &'a str, act: Act) -> BoxFuture<'a, Result<Value, Problem>> {
        Box::pin(async move {
            let grant = self.tokens.acting(runs_as)?;
            self.answer(scope, &grant, act).await
        })
    }
}
