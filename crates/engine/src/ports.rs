//! What the engine needs from the rest of the house, as traits: texts, variables, time, tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Map, Name, Problem, Scope, ScopeId, Value, WorkflowSpec};
use part::{NodeError, WorkflowRef};

/// A workflow text and where it comes from.
#[derive(Clone, Debug)]
pub struct WorkflowText {
    /// Name of the resource, or of the file.
    pub name: String,
    /// Revision; absent for drafts and files.
    pub revision: Option<u64>,
    /// The text.
    pub spec: Arc<WorkflowSpec>,
    /// Whose authority its runs act under: of an active revision, who made it live.
    pub runs_as: String,
}

/// Finds workflow texts.
pub trait Workflows: Send + Sync {
    /// The active revision, out of an in-memory snapshot. `share` in 0..100 picks one when two revisions share the
    /// traffic.
    fn active(&self, scope: &Scope, name: &str, share: u8) -> Option<WorkflowText>;
    /// Any text, read from the store where it has to be.
    fn load<'a>(&'a self, scope: &'a Scope, workflow: &'a WorkflowRef) -> BoxFuture<'a, Result<WorkflowText, Problem>>;
}

/// What `$vars` and `$env` show.
#[derive(Clone, Debug, Default)]
pub struct VariableSet {
    /// Position of the newest change; journaled with each step.
    pub position: u64,
    /// `$vars`.
    pub vars: Map,
    /// `$env`: declared ones only.
    pub env: BTreeMap<String, String>,
}

/// Finds variables.
pub trait Variables: Send + Sync {
    /// The current ones. Asked at each step.
    fn current(&self, scope: ScopeId) -> Arc<VariableSet>;
    /// Those of a position, for replays.
    fn at<'a>(&'a self, scope: &'a Scope, position: u64) -> BoxFuture<'a, Result<Arc<VariableSet>, Problem>>;
}

/// No variables at all.
pub struct NoVariables;

impl Variables for NoVariables {
    fn current(&self, _: ScopeId) -> Arc<VariableSet> {
        Arc::default()
    }

    fn at<'a>(&'a self, _: &'a Scope, _: u64) -> BoxFuture<'a, Result<Arc<VariableSet>, Problem>> {
        Box::pin(async { Ok(Arc::default()) })
    }
}

/// Knows whether those in whose name runs act may still let them.
pub trait Authority: Send + Sync {
    /// Refuses with [`model::Code::GrantGone`] when `runs_as` may not, or no longer, let runs act in the scope. Answers
    /// from memory: every event asks, and every run that goes on.
    fn delegates(&self, scope: &Scope, runs_as: &str) -> Result<(), Problem>;
}

/// Trusts everybody: a workflow of one's own, run by oneself.
pub struct Trusting;

impl Authority for Trusting {
    fn delegates(&self, _: &Scope, _: &str) -> Result<(), Problem> {
        Ok(())
    }
}

/// Time and chance. Everything that a node sees of them is journaled.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now(&self) -> i64;
    /// 64 random bits.
    fn random(&self) -> u64;
}

/// Signs and checks on behalf of a node, which does not see the key, and hands out those keys that nodes work with.
pub trait Tokens: Send + Sync {
    /// A JSON web token, signed with the key of a `jwt` connection.
    fn sign<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        request: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>>;
    /// The claims of a JSON web token that is good, as the key of a `jwt` connection says.
    fn check<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        token: &'a str,
        checks: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>>;
    /// A key of a `keys` connection, by its field.
    fn key<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        field: &'a str,
    ) -> BoxFuture<'a, Result<auth::Key, NodeError>>;
    /// The address that resumes a step of a run, if the server has a public one.
    fn resume_url(&self, scope: &Scope, run: model::RunId, step: u32) -> Option<String>;
    /// The address at which people look at a run, if the server has a public one.
    fn run_url(&self, _: model::RunId) -> Option<String> {
        None
    }
}

/// The machine's clock, and a generator that is seeded from the operating system once.
pub struct SystemClock {
    state: std::sync::atomic::AtomicU64,
}

impl Default for SystemClock {
    fn default() -> Self {
        use std::hash::{BuildHasher, Hasher};
        // The standard library's hash keys are the one source of system randomness without a dependency.
        let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        SystemClock { state: std::sync::atomic::AtomicU64::new(hasher.finish()) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map(|since| since.as_millis() as i64).unwrap_or_default()
    }

    fn random(&self) -> u64 {
        let step = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, std::sync::atomic::Ordering::Relaxed);
        mix(step.wrapping_add(0x9E37_79B9_7F4A_7C15))
    }
}

/// SplitMix64's finisher.
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
