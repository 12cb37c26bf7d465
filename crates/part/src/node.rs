//! The contract of a node type: what it is ([`NodeType`]), and what it does once its parameters are known ([`Node`]).
//!
//! A node type MUST be deterministic but for what it takes from [`Ctx`]: clock, randomness, calls, files.
//! It MUST make every outward effect through [`Ctx::call`]. It MUST NOT keep anything between two steps but in
//! [`Ctx::set_state`] and staged local writes. It SHOULD read its input chunk by chunk.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, Name, NodeSpec, Problem, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trigger::Trigger;
use crate::{Ctx, Indices, Items, NodeError, Origins};

/// What a step of the node type may do to the world, and so what must be durable before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Nobody outside can tell that it ran.
    Pure,
    /// Writes to our own store only, staged and committed together with the step's result.
    Local,
    /// Calls out; making the same call twice under one key leaves one effect.
    Idempotent,
    /// Calls out, and a call made twice may have two effects.
    Effect,
}

/// Where a node type stands in the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Starts runs.
    Trigger,
    /// Directs items.
    Flow,
    /// Changes items.
    Transform,
    /// Talks to the outside.
    Action,
    /// Models, tools, memories: attached to another node and called by it.
    Attachment,
    /// Says something to the reader of the graph and does nothing.
    Note,
}

/// A node type as the palette, the checks and the forms see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Id, for example `core.set`.
    pub id: &'static str,
    /// Version; released versions stay runnable.
    pub version: u32,
    /// Title in the palette.
    pub title: &'static str,
    /// One sentence in the palette.
    pub summary: &'static str,
    /// Place in the palette.
    pub group: Group,
    /// The most that any configuration of it may do.
    pub effect: Effect,
    /// What happens to a call whose outcome a crash has hidden, unless the node says otherwise.
    pub on_uncertain: OnUncertain,
    /// JSON Schema of the parameters. Any value in it may be written as an expression (`=…`).
    #[serde(skip)]
    pub params: fn() -> schemars::Schema,
    /// Words that people search it by, besides title and id.
    pub keywords: &'static [&'static str],
}

impl Descriptor {
    /// A first version without effects and keywords.
    pub const fn pure<P: JsonSchema>(
        id: &'static str,
        group: Group,
        title: &'static str,
        summary: &'static str,
    ) -> Descriptor {
        Descriptor {
            id,
            version: 1,
            title,
            summary,
            group,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: schema_of::<P>,
            keywords: &[],
        }
    }
}

/// The JSON Schema of a parameters struct.
pub fn schema_of<P: JsonSchema>() -> schemars::Schema {
    schemars::schema_for!(P)
}

/// A connection that nodes of a type may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slot {
    /// Name of the slot, the key in a node's `connections`.
    pub slot: &'static str,
    /// Schemes of the connections that fit, as their `type` names them.
    pub kinds: &'static [&'static str],
}

/// Schemes of connections that show an account in a request of HTTP.
pub const SHOWN: [&str; 10] =
    ["oauth2", "basic", "digest", "header", "bearer", "query", "jwt", "custom", "awsSigV4", "session"];

/// A kind of node. Registered in a list; a provider may add more while the server runs.
pub trait NodeType: Send + Sync {
    /// What it is.
    fn descriptor(&self) -> &Descriptor;

    /// JSON Schema of its parameters.
    fn schema(&self) -> schemars::Schema {
        (self.descriptor().params)()
    }

    /// Checks a node's parameters and makes it ready to run. All problems are returned, with pointers below the
    /// node (`/params/…`).
    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>>;

    /// The connections that its nodes may hold.
    fn connections(&self) -> &'static [Slot] {
        &[]
    }

    /// The n8n node types and versions that it stands for; the first is the one that exports are written as.
    fn n8n(&self) -> &'static [crate::n8n::Mapping] {
        &[]
    }

    /// Whether it stands for this node of n8n, whose type and version it understands: several types of ours may share
    /// one of n8n's, by its operations. Higher is better.
    fn fits(&self, _node: &crate::n8n::Node) -> Option<usize> {
        Some(0)
    }

    /// Places of n8n's parameters (paths of dots, `*` for any step) that change nothing of what its node does:
    /// leftovers of its editor, and defaults that files spell out. The importer names every other place that our
    /// parameters do not bring back.
    fn n8n_idle(&self) -> &'static [&'static str] {
        &[]
    }

    /// Our parameters for a node of n8n. Called only for types and versions that [`Self::n8n`] names.
    fn lift(&self, node: &crate::n8n::Node) -> Result<crate::n8n::Lifted, Problem> {
        Ok(crate::n8n::Lifted::plain(node.parameters.clone()))
    }

    /// n8n's parameters for a node of ours, for the type and version that it came from or the newest ones.
    /// What it leaves out is put back by the exporter from `foreign`.
    fn lower(&self, node: &NodeSpec, _to: &crate::n8n::Version) -> Map {
        node.params.clone()
    }
}

/// The ports of a prepared node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Number of item inputs.
    pub inputs: u16,
    /// Number of item outputs, the error branch not counted.
    pub outputs: u16,
    /// When the node may run although some inputs got nothing.
    pub required: Required,
    /// Kinds of attachment that it takes (`model`, `tool` …).
    pub attachments: &'static [&'static str],
    /// It is itself attached to another node, and never scheduled by items.
    pub attached_as: Option<&'static str>,
}

impl Ports {
    /// One input, one output.
    pub const ONE: Ports =
        Ports { inputs: 1, outputs: 1, required: Required::Any, attachments: &[], attached_as: None };

    /// A trigger: no input, one output.
    pub const TRIGGER: Ports = Ports { inputs: 0, ..Ports::ONE };

    /// That many inputs and outputs.
    pub const fn of(inputs: u16, outputs: u16) -> Ports {
        Ports { inputs, outputs, ..Ports::ONE }
    }
}

/// Inputs that must have data before a node with several inputs runs, once nothing else can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// At least one.
    Any,
    /// Each connected one.
    All,
    /// These.
    These(Vec<u16>),
}

/// A node with its parameters compiled, shared by all runs of a definition.
pub trait Node: Send + Sync {
    /// Its ports under these parameters.
    fn ports(&self) -> Ports {
        Ports::ONE
    }

    /// What it may do under these parameters; never more than its descriptor says.
    fn effect(&self) -> Effect;

    /// One attempt at one step. Called again with the same input after a suspension or a crash: finished calls and
    /// invocations then answer from the journal.
    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>>;

    /// Whether it hands its items to a script as text, and looks at none of them itself. What comes before it may then
    /// put text out ([`crate::items::Text`]).
    fn takes_text(&self) -> bool {
        false
    }

    /// How it starts runs, if it does.
    fn trigger(&self) -> Option<&Trigger> {
        None
    }

    /// It may show a page to whoever has sent the form before it, so that such a visitor is kept waiting for it.
    fn shows_pages(&self) -> bool {
        false
    }

    /// What is not set yet, with pointers below the node. Activation asks for it to be set; a run can be tried all the
    /// same and fails where it gets to the node, unless that is a trigger.
    fn incomplete(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Names of workflows that it calls, as far as they are fixed.
    fn workflows(&self) -> Vec<String> {
        Vec::new()
    }

    /// Names of data tables that it works with, as far as they are fixed.
    fn tables(&self) -> Vec<Name> {
        Vec::new()
    }

    /// The parameter by which it calls workflows that are only known while it runs, if it does.
    fn calls_any(&self) -> Option<&'static str> {
        None
    }
}

/// What an attempt came to.
#[derive(Debug)]
pub enum Outcome {
    /// The step is done.
    Done(Vec<PortOutput>),
    /// The step waits; it is run again when what it waits for has happened.
    Suspend(Suspend),
}

/// What a step puts out at one port.
#[derive(Clone, Debug)]
pub enum PortOutput {
    /// New items and where they came from.
    Items {
        /// The items.
        items: Items,
        /// One origin for each.
        origins: Origins,
    },
    /// Items of an input, as they are. Journaled as the index list alone.
    Select {
        /// Input port.
        input: u16,
        /// Positions on it.
        indices: Indices,
    },
    /// Items of a list that the node holds ([`crate::StepHost::hold`]), as they are. Journaled as references to the
    /// steps that made them; each item's origin is the one that it was held with.
    Held {
        /// Name of the list.
        list: &'static str,
        /// Positions in it.
        indices: Indices,
    },
    /// Nothing ever came here: the branch was not taken, and a join does not count it as empty data.
    Nothing,
}

impl PortOutput {
    /// Number of items.
    pub fn len(&self) -> usize {
        match self {
            PortOutput::Items { items, .. } => items.len(),
            PortOutput::Select { indices, .. } | PortOutput::Held { indices, .. } => indices.len(),
            PortOutput::Nothing => 0,
        }
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All items of the first input.
    pub fn pass(len: usize) -> PortOutput {
        PortOutput::Select { input: 0, indices: Indices::all(len) }
    }
}

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "on")]
pub enum Suspend {
    /// A time (milliseconds since 1970).
    Timer {
        /// When to go on.
        at: i64,
    },
    /// A signal to this step: its resume address is called, a form is sent, a person answers.
    Signal {
        /// What a resume address must carry to reach this wait; the node gives meaning to it (`webhook`, `form`).
        name: String,
        /// When to go on without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// What stands at the resume address meanwhile, a [`crate::door::Door`] as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        door: Option<Value>,
    },
    /// All children that the step started and did not detach.
    Children,
}

/// Why a suspended step runs again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Resumed {
    /// The time came.
    Timer,
    /// The signal came.
    Signal {
        /// Its content; for a resume address the request as a webhook trigger would show it.
        payload: Value,
    },
    /// `until` came before the signal.
    TimedOut,
    /// The children have ended.
    Children,
}
