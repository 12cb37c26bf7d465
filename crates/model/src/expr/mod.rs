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
//! # What it costs
//! Data is borrowed; a plain path such as `$json.a.b` costs one map look-up per step and the clone of its result.
//! Work in proportion to data is paid from a budget per `{{ }}`; what exceeds it goes to the sandbox, which limits
//! time and memory.
//!
//! # How errors end
//! As n8n does: JavaScript's own errors (reading a property of `undefined`, calling what is no function) make the
//! value of their `{{ }}` `undefined`; errors that n8n raises itself (an unknown node, an extension method on the
//! wrong type) fail the expression. One thing is not imitated: n8n refuses to read fields called `arguments`,
//! `constructor` and the like, to protect itself; here such a field of the data is data.

mod ast;
mod builtin;
mod call;
mod classify;
mod data;
mod eval;
mod extension;
mod host;
mod json;
mod lexer;
mod methods;
mod number;
mod parser;
mod split;
mod uri;
mod value;

use std::fmt;
use std::sync::Arc;

pub use data::{Data, Execution, ItemList, Meta, NodeData, NodeLookup, PrevNode, Workflow};
pub use split::Part;

use ast::{Expr, Key, Root};
use eval::Evaluator;
use value::{Stop, Val};

use crate::Value;

/// A parsed template. Cloning is cheap.
#[derive(Clone)]
pub struct Template {
    inner: Arc<Inner>,
}

struct Inner {
    source: String,
    engine: Engine,
    parts: Vec<Piece>,
    nodes: Vec<String>,
    reads: Reads,
}

/// A part of a template, ready to be evaluated.
enum Piece {
    Text(String),
    Code(Expr),
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
        let (mut parts, mut nodes, mut reads) = (Vec::new(), Vec::new(), Reads::default());
        let mut engine = Engine::Literal;
        for part in split::split(text) {
            let (code, offset) = match part {
                Part::Text(text) => {
                    parts.push(Piece::Text(text));
                    continue;
                }
                Part::Code { text, offset } => (text, offset),
            };
            classify::scan(&code, &mut reads, &mut nodes);
            match parser::parse(&code) {
                Ok(Some(expr)) => parts.push(Piece::Code(expr)),
                Ok(None) => return Err(ParseError { message: "there is no expression in `{{ }}`".into(), offset }),
                Err(parser::Stop::Unsupported) => engine = Engine::JavaScript,
                Err(parser::Stop::Syntax { message, offset: inner }) => {
                    return Err(ParseError { message, offset: offset + inner });
                }
            }
            if engine == Engine::Literal {
                engine = Engine::Native;
            }
        }
        Ok(Template { inner: Arc::new(Inner { source: text.to_owned(), engine, parts, nodes, reads }) })
    }

    /// The text that was parsed, without the leading `=`.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The value, when there is nothing to evaluate.
    pub fn literal(&self) -> Option<&str> {
        match (&self.inner.engine, self.inner.parts.as_slice()) {
            (Engine::Literal, [Piece::Text(text)]) => Some(text),
            _ => None,
        }
    }

    /// Who can evaluate it.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Evaluates it for one item. `None` is JavaScript's `undefined`.
    pub fn eval(&self, data: &dyn Data) -> Result<Option<Value>, EvalError> {
        self.eval_noting(data, &mut |_| {})
    }

    /// Evaluates it like [`Template::eval`] and tells the JavaScript errors that made a `{{ }}` `undefined`, for
    /// people who wonder why, for example `Cannot read properties of undefined (reading 'x')`.
    pub fn eval_noting(&self, data: &dyn Data, note: &mut dyn FnMut(&str)) -> Result<Option<Value>, EvalError> {
        match (self.inner.engine, self.inner.parts.as_slice()) {
            (Engine::JavaScript, _) => Err(EvalError::NeedsJavaScript),
            (_, [Piece::Text(text)]) => Ok(Some(Value::String(text.clone()))),
            (_, [Piece::Text(text), Piece::Code(expr)]) if text.is_empty() => {
                if let Some(value) = plain_path(expr, data) {
                    return Ok(Some(value));
                }
                match evaluate(expr, data, note)?.into_json() {
                    Ok(value) => Ok(value),
                    Err(stop) => Err(failure(stop)),
                }
            }
            (_, parts) => {
                let mut whole = String::new();
                for part in parts {
                    match part {
                        Piece::Text(text) => whole.push_str(text),
                        Piece::Code(expr) => push_text(&mut whole, &evaluate(expr, data, note)?)?,
                    }
                    if whole.len() > value::MAX_TEXT {
                        return Err(EvalError::NeedsJavaScript);
                    }
                }
                Ok(Some(Value::String(whole)))
            }
        }
    }

    /// Literal texts and code in order, the first always a text, for an evaluator of JavaScript. It has to join them
    /// as this module's documentation says. The template is split anew at each call.
    pub fn parts(&self) -> Vec<Part> {
        split::split(&self.inner.source)
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

/// Evaluates the code of one `{{ }}`; an error of JavaScript's own makes it `undefined`.
fn evaluate<'a>(expr: &'a Expr, data: &'a dyn Data, note: &mut dyn FnMut(&str)) -> Result<Val<'a>, EvalError> {
    match Evaluator::new(data).expr(expr) {
        Ok(value) => Ok(value),
        Err(Stop::Throw(message)) => {
            note(&message);
            Ok(Val::Undefined)
        }
        Err(stop) => Err(failure(stop)),
    }
}

fn failure(stop: Stop) -> EvalError {
    match stop {
        Stop::Fail(message) | Stop::Throw(message) => EvalError::Failed { message: message.into() },
        Stop::JavaScript | Stop::Nothing => EvalError::NeedsJavaScript,
    }
}

/// The short way for `$json.a.b`: the value is cloned as it is, so that numbers beyond 2^53 survive.
/// `None` when it is no such path, or when the path leads to nothing and the long way has to say what.
fn plain_path(expr: &Expr, data: &dyn Data) -> Option<Value> {
    let Expr::Member(base, steps) = expr else { return None };
    let (Expr::Root(Root::Json), Some((first, rest))) = (&**base, steps.split_first()) else { return None };
    let Key::Name(name) = &first.key else { return None };
    let mut value = data.item()?.json.get(&**name)?;
    for step in rest {
        value = match (&step.key, value) {
            (Key::Name(name), Value::Object(map)) => map.get(&**name)?,
            (Key::Index(index), Value::Array(values)) => values.get(*index)?,
            _ => return None,
        };
    }
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map(value::number_to_json),
        other => Some(other.clone()),
    }
}

/// Appends a value as text; what is nothing becomes nothing.
fn push_text(whole: &mut String, value: &Val<'_>) -> Result<(), EvalError> {
    match value {
        Val::Undefined | Val::Null => {}
        Val::Number(number) if number.is_nan() => {}
        Val::String(text) => whole.push_str(text),
        other => whole.push_str(&other.to_text().map_err(failure)?),
    }
    Ok(())
}
