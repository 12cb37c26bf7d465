//! Parameters compiled to what a node does with them, so that an item costs no more than its own expressions.
//!
//! [`Typed`] evaluates a whole parameter tree for each item and reads it anew. Where names, types and options are
//! fixed and only values differ, a [`Plan`] is compiled once and each item gets a [`Row`] of values.

use std::sync::Arc;

use model::template::Params;
use model::workflow::NodeSpec;
use model::{Item, Map, Problem, Value};
use part::ctx::ValueRow;
use part::{Ctx, NodeError, Typed};
use serde::de::DeserializeOwned;

/// What a node does, compiled from its parameters.
pub trait Plan: Sized + Send + Sync {
    /// The parameters that it is compiled from.
    type Params: DeserializeOwned + Send + Sync;

    /// Compiles parameters. Places whose value may differ from item to item go through `leaves`.
    ///
    /// # Errors
    /// When the values do not fit together; the problem's pointer lies below `/params`.
    fn compile(params: &Self::Params, leaves: &mut Leaves) -> Result<Self, Problem>;
}

/// A place of the parameters: fixed, or a value of each item's [`Row`].
#[derive(Clone, Debug)]
pub enum Leaf {
    /// The same for all items.
    Fixed(Value),
    /// Index into the row.
    Slot(usize),
}

/// Collects the places with expressions while a plan is compiled.
pub struct Leaves {
    expressions: Map,
    pointers: Vec<String>,
    taken: usize,
    literal: bool,
}

/// The values of one item.
#[derive(Debug, Default)]
pub struct Row(Vec<Option<Value>>);

/// A node's plan, and the way to the values of its items.
pub struct Planned<P: Plan> {
    typed: Typed<P::Params>,
    fixed: Option<Fixed<P>>,
}

struct Fixed<P> {
    plan: Arc<P>,
    values: Option<Params>,
    pointers: Vec<String>,
}

impl Leaves {
    /// A value at a JSON pointer below `/params`.
    pub fn leaf(&mut self, value: &Value, pointer: impl FnOnce() -> String) -> Leaf {
        let count = expressions(value);
        if self.literal || count == 0 {
            return Leaf::Fixed(value.clone());
        }
        self.taken += count;
        let slot = self.pointers.len();
        self.expressions.insert(slot.to_string(), value.clone());
        self.pointers.push(pointer());
        Leaf::Slot(slot)
    }

    /// One text whose parts (`{{ … }}` or plain) are evaluated each on its own. `None`: it is evaluated already.
    pub fn parts<'t>(&mut self, parts: impl Iterator<Item = &'t str>, pointer: &str) -> Option<Vec<Leaf>> {
        if self.literal {
            return None;
        }
        self.taken += 1;
        let leaf = |part: &str| {
            if !part.starts_with("{{") {
                return Leaf::Fixed(Value::from(part));
            }
            let slot = self.pointers.len();
            self.expressions.insert(slot.to_string(), Value::String(format!("={part}")));
            self.pointers.push(pointer.to_owned());
            Leaf::Slot(slot)
        };
        Some(parts.map(leaf).collect())
    }

    /// [`Leaves::leaf`] for a text.
    pub fn text(&mut self, text: &str, pointer: impl FnOnce() -> String) -> Leaf {
        self.leaf(&Value::String(text.to_owned()), pointer)
    }
}

/// Number of expressions in a tree of parameters.
fn expressions(value: &Value) -> usize {
    match value {
        Value::String(text) => usize::from(text.starts_with('=')),
        Value::Array(values) => values.iter().map(expressions).sum(),
        Value::Object(map) => map.values().map(expressions).sum(),
        _ => 0,
    }
}

impl Row {
    /// The value of a place; `None` is `undefined`.
    pub fn get<'a>(&'a self, leaf: &'a Leaf) -> Option<&'a Value> {
        match leaf {
            Leaf::Fixed(value) => Some(value),
            Leaf::Slot(slot) => self.0.get(*slot)?.as_ref(),
        }
    }

    /// The value of a place, which the row then has no longer.
    pub fn take(&mut self, leaf: &Leaf) -> Option<Value> {
        match leaf {
            Leaf::Fixed(value) => Some(value.clone()),
            Leaf::Slot(slot) => self.0.get_mut(*slot)?.take(),
        }
    }
}

impl<P: Plan> Planned<P> {
    /// Checks and compiles a node's parameters.
    ///
    /// # Errors
    /// All problems that were found, with pointers below the node.
    pub fn compile(node: &NodeSpec) -> Result<Planned<P>, Vec<Problem>> {
        let typed = Typed::<P::Params>::compile(&node.params)?;
        let mut leaves = Leaves { expressions: Map::new(), pointers: Vec::new(), taken: 0, literal: false };
        // An expression in the place of a number or a choice does not fit its type: then each item is read anew.
        let Ok(params) = serde_json::from_value::<P::Params>(Value::Object(node.params.clone())) else {
            return Ok(Planned { typed, fixed: None });
        };
        let plan = P::compile(&params, &mut leaves).map_err(|problem| vec![problem])?;
        let all = node.params.values().map(expressions).sum::<usize>();
        if leaves.taken != all {
            return Ok(Planned { typed, fixed: None });
        }
        let values = (!leaves.expressions.is_empty()).then(|| Params::compile(&leaves.expressions)).transpose();
        let values = values.map_err(|problems| below(problems, &leaves.pointers))?;
        Ok(Planned { typed, fixed: Some(Fixed { plan: Arc::new(plan), values, pointers: leaves.pointers }) })
    }

    /// The plan, when it is the same for all items.
    pub fn fixed(&self) -> Option<&Arc<P>> {
        self.fixed.as_ref().map(|fixed| &fixed.plan)
    }

    /// Plan and values of consecutive items of the first input, of which the first is at `first`.
    ///
    /// # Errors
    /// What stops the step; an item's own error is in its place.
    pub async fn rows(
        &self,
        ctx: &Ctx,
        items: &[Arc<Item>],
        first: usize,
    ) -> Result<Vec<Result<(Arc<P>, Row), NodeError>>, NodeError> {
        let Some(fixed) = &self.fixed else {
            let all = ctx.typed(&self.typed, items, first).await?;
            return Ok(all.into_iter().map(|params| Self::read(&*params?)).collect());
        };
        let Some(values) = &fixed.values else {
            return Ok(items.iter().map(|_| Ok((fixed.plan.clone(), Row::default()))).collect());
        };
        // Slots are numbered in the order in which they were compiled, which is the order of the values.
        let rows = ctx.host().resolve_rows(values, items, first).await?;
        let row = |(offset, row): (usize, Result<ValueRow, NodeError>)| match row {
            Ok(row) => Ok((fixed.plan.clone(), Row(row))),
            Err(error) => Err(fixed.place(error).on_item(first + offset)),
        };
        Ok(rows.into_iter().enumerate().map(row).collect())
    }

    fn read(params: &P::Params) -> Result<(Arc<P>, Row), NodeError> {
        let mut leaves = Leaves { expressions: Map::new(), pointers: Vec::new(), taken: 0, literal: true };
        let plan = P::compile(params, &mut leaves).map_err(NodeError::from)?;
        Ok((Arc::new(plan), Row::default()))
    }
}

impl<P> Fixed<P> {
    /// Says where the expression stands in the node's own parameters.
    fn place(&self, mut error: NodeError) -> NodeError {
        if let Some(pointer) = &error.problem.pointer {
            error.problem.pointer = Some(replace(pointer, &self.pointers));
        }
        error
    }
}

fn below(problems: Vec<Problem>, pointers: &[String]) -> Vec<Problem> {
    let place = |mut problem: Problem| {
        problem.pointer = problem.pointer.map(|pointer| replace(&pointer, pointers));
        problem
    };
    problems.into_iter().map(place).collect()
}

/// `/params/3/x` or `/3/x` → the pointer of slot 3, then `/x`.
fn replace(pointer: &str, pointers: &[String]) -> String {
    let inner = pointer.strip_prefix("/params").unwrap_or(pointer).trim_start_matches('/');
    let (slot, rest) = inner.split_once('/').map_or((inner, String::new()), |(slot, rest)| (slot, format!("/{rest}")));
    match slot.parse::<usize>().ok().and_then(|slot| pointers.get(slot)) {
        Some(place) => format!("{place}{rest}"),
        None => pointer.to_owned(),
    }
}
