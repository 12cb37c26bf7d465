//! What an expression can see: the engine's data, borrowed.

use crate::{Item, Map, Value};

/// The data around one item, as expressions see it. Property access through it borrows and never clones.
///
/// Implementations that cannot answer at once (items spooled to disk, nodes not loaded) say so with `None` or
/// [`NodeLookup::Unavailable`]; the expression then answers [`EvalError::NeedsJavaScript`](super::EvalError) and
/// the caller evaluates it where everything is at hand.
pub trait Data {
    /// The current item: `$json`, `$binary`, `$input.item`. `None` when the step has no input.
    fn item(&self) -> Option<&Item>;
    /// Zero-based position of the current item in the step's input: `$itemIndex`.
    fn item_index(&self) -> usize;
    /// All input items: `$input.all()`, `.first()`, `.last()`. `None` when they are not in memory.
    fn input(&self) -> Option<&dyn ItemList>;
    /// What the node of that name has put out: `$('name')`, `$node["name"]`.
    fn node(&self, name: &str) -> NodeLookup<'_>;
    /// A variable: `$vars.name`. `None` reads as `undefined`.
    fn var(&self, name: &str) -> Option<&Value>;
    /// A declared environment variable: `$env.name`. `None` reads as `undefined`.
    fn env(&self, name: &str) -> Option<&str>;
    /// The node's own parameters as stored: `$parameter`. `None` when the caller does not offer them.
    fn params(&self) -> Option<&Map> {
        None
    }
    /// What is the same for every item of a step.
    fn meta(&self) -> &Meta;
}

/// A list of items in memory, with access by position.
pub trait ItemList {
    /// How many there are.
    fn len(&self) -> usize;
    /// The item at a zero-based position.
    fn get(&self, index: usize) -> Option<&Item>;
    /// There are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ItemList for Vec<Item> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }
    fn get(&self, index: usize) -> Option<&Item> {
        self.as_slice().get(index)
    }
}

impl ItemList for &[Item] {
    fn len(&self) -> usize {
        (**self).len()
    }
    fn get(&self, index: usize) -> Option<&Item> {
        (**self).get(index)
    }
}

/// The answer to a look-up of a node by name.
#[derive(Clone, Copy)]
pub enum NodeLookup<'a> {
    /// The workflow has no such node.
    Unknown,
    /// It exists and has not run in this execution.
    NotExecuted,
    /// It has run.
    Node(&'a dyn NodeData),
    /// It may have run; its data is not loaded here.
    Unavailable,
}

/// What a node that has run shows to expressions.
pub trait NodeData {
    /// The item that the current one came from: `.item`. `Err` carries the message why it cannot be told.
    fn paired(&self) -> Result<Option<&Item>, String>;
    /// The items of its last run at the output that leads here: `.first()`, `.last()`, `.all()`, `.json`.
    /// `None` when they are not in memory.
    fn items(&self) -> Option<&dyn ItemList>;
    /// Its parameters as stored: `.params`. `None` when they are not at hand.
    fn params(&self) -> Option<&Map>;
    /// Number of its last run, from 0: `.runIndex`.
    fn run_index(&self) -> usize {
        0
    }
}

/// What is the same for every item of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// `$runIndex`: how often the node has run before in this execution.
    pub run_index: usize,
    /// `$execution`.
    pub execution: Execution,
    /// `$workflow`.
    pub workflow: Workflow,
    /// `$prevNode`. `None` when nothing came before.
    pub prev_node: Option<PrevNode>,
    /// The step's journaled clock reading in milliseconds since 1970, for `$now` and `$today`.
    pub now_millis: Option<i64>,
    /// IANA name of the workflow's time zone, for example `Europe/Vienna`.
    pub timezone: String,
}

/// `$execution`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Execution {
    /// The run's id.
    pub id: String,
    /// How it was started: `manual`, `trigger`, `webhook` …
    pub mode: String,
    /// Address that resumes a waiting run, when one was made.
    pub resume_url: Option<String>,
}

/// `$workflow`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workflow {
    /// The workflow's id.
    pub id: String,
    /// Its title.
    pub name: String,
    /// Whether it is activated.
    pub active: bool,
}

/// `$prevNode`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrevNode {
    /// Name of the node that the input came from.
    pub name: String,
    /// Which of its outputs, from 0.
    pub output_index: usize,
    /// Which of its runs, from 0.
    pub run_index: usize,
}
