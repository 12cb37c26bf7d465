//! What a run may ask of the house that it runs in: to look at what is configured and change it, to see runs. It acts
//! in the name of whom the run acts for (`runsAs`), and may exactly what that one may.

use futures_util::future::BoxFuture;
use model::resource::Manifest;
use model::{Name, Problem, RunId, Scope, Value};
pub use store::RunStatus;

/// Something to ask.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Resources of a kind, in the order of their names.
    List {
        /// The kind.
        kind: String,
    },
    /// A resource, or an earlier revision of it.
    Get {
        /// Its kind.
        kind: String,
        /// Its name.
        name: Name,
        /// The revision; absent: the newest.
        revision: Option<u64>,
    },
    /// Writes a resource.
    Put {
        /// The resource.
        manifest: Manifest,
        /// It must not be there yet; otherwise it must be there.
        create: bool,
    },
    /// Deletes a resource.
    Delete {
        /// Its kind.
        kind: String,
        /// Its name.
        name: Name,
    },
    /// Gives a resource another name.
    Rename {
        /// Its kind.
        kind: String,
        /// Its name.
        name: Name,
        /// Its new one.
        to: Name,
    },
    /// Which workflows are active: their names, each with its live revision.
    Active,
    /// Makes a revision of a workflow live.
    Activate {
        /// The workflow.
        name: Name,
        /// The revision; absent: the newest.
        revision: Option<u64>,
    },
    /// Takes a workflow out of service.
    Deactivate {
        /// The workflow.
        name: Name,
    },
    /// A workflow of n8n as manifests of ours, without writing them.
    FromN8n {
        /// As n8n writes it.
        workflow: Value,
    },
    /// A workflow as n8n writes it.
    ToN8n {
        /// The workflow.
        spec: Value,
        /// Its name.
        name: Name,
    },
    /// Runs, newest first.
    Runs {
        /// Of this workflow.
        workflow: Option<String>,
        /// In one of these states; empty: any.
        status: Vec<store::RunStatus>,
        /// Before this one.
        before: Option<RunId>,
        /// Most of them.
        limit: usize,
    },
    /// A run, with the items of its steps where they are wanted.
    Run {
        /// The run.
        run: RunId,
        /// With items.
        items: bool,
    },
    /// Runs a run again.
    Retry {
        /// The run.
        run: RunId,
        /// On the newest revision instead of its own.
        newest: bool,
    },
    /// Deletes a run that has ended.
    DeleteRun {
        /// The run.
        run: RunId,
    },
}

impl Act {
    /// Whether it changes nothing.
    pub fn only_looks(&self) -> bool {
        use Act::{Active, FromN8n, Get, List, Run, Runs, ToN8n};
        matches!(self, List { .. } | Get { .. } | Active | FromN8n { .. } | ToN8n { .. } | Runs { .. } | Run { .. })
    }
}

/// Who knows everything: resources, activations, runs.
pub trait House: Send + Sync {
    /// Does an act in a scope, in the name of whom a run acts for.
    fn ask<'a>(&'a self, scope: &'a Scope, runs_as: &'a str, act: Act) -> BoxFuture<'a, Result<Value, Problem>>;
}
