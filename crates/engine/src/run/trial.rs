//! An expression evaluated by itself, as a step of its node would evaluate it.

use std::sync::Arc;
use std::time::Duration;

use model::expr::{Part, Template};
use model::template::Params;
use model::{Code, Item, Map, Problem, Value};
use part::runs::{ExpressionFault, Tried};
use part::{Category, Items, NodeError};

use super::core::Shared;
use super::host::StepRun;
use crate::event::{Feed, Inputs, NodeIndex};

/// How long a try may take: somebody waits for it while they write.
const PATIENCE: Duration = Duration::from_secs(3);

/// Name of the only parameter.
const VALUE: &str = "value";

/// Evaluates `expression` at a node for the item of that position: of the given items, of those pinned before the node,
/// or of those that came to it last. Without any it is evaluated on an empty item, as a trigger's would be.
pub async fn try_out(
    shared: &Arc<Shared>,
    node: NodeIndex,
    expression: &str,
    given: Option<Items>,
    position: usize,
) -> Result<Tried, NodeError> {
    let (inputs, input) = match given {
        Some(items) => (Inputs::default(), items),
        None => came_to(shared, node).await?,
    };
    let mut tried = Tried { items: input.len(), ..Tried::default() };
    let params: Map = [(VALUE.to_owned(), Value::from(expression))].into_iter().collect();
    let params = match Params::compile(&params) {
        Ok(params) => params,
        Err(problems) => {
            tried.error = Some(unreadable(expression, problems));
            return Ok(tried);
        }
    };
    at_hand(shared, &inputs, params.nodes()).await?;
    let step = shared.core().machine.next_step();
    let (now, seed) = (shared.engine.clock.now(), shared.engine.clock.random());
    let variables = shared.variables();
    let run = StepRun::new(shared.clone(), (step, node, 0), inputs, [input].into(), (now, seed), variables, None);
    let item = match run.input_items[0].get(position, &*run).await? {
        Some(item) => item,
        None if tried.items == 0 => Arc::new(Item::default()),
        None => {
            let detail = format!("there is no item {position}: {} came in", tried.items);
            tried.error = Some(ExpressionFault { detail, hint: None, from: None, to: None });
            return Ok(tried);
        }
    };
    let outcome = match tokio::time::timeout(PATIENCE, run.try_out(&params, item, position)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let detail = format!("it took longer than the {} seconds that a try may take", PATIENCE.as_secs());
            Err(NodeError::new(Code::CodeTimeout, Category::Code, detail))
        }
    };
    match outcome {
        Ok((map, notes)) => {
            tried.value = map.get(VALUE).cloned();
            tried.notes = notes;
        }
        Err(error) => {
            let Problem { detail, hint, .. } = error.problem;
            let (from, to) = only_code(expression).unzip();
            tried.error = Some(ExpressionFault { detail, hint, from, to });
        }
    }
    Ok(tried)
}

/// What would come to the node now: from the first of the outputs drawn to it that has anything.
async fn came_to(shared: &Arc<Shared>, node: NodeIndex) -> Result<(Inputs, Items), NodeError> {
    let definition = &shared.definition;
    let sources = definition.graph.node(node).predecessors.first().cloned().unwrap_or_default();
    for (source, output) in sources {
        if let Some(pinned) = &definition.node(source).pinned {
            return Ok((Inputs::default(), pinned.clone()));
        }
        let Some(step) = shared.core().machine.last_done(source) else { continue };
        let feed = Feed { step, output };
        let items = shared.look_up(|data| data.find_items(feed)).await?;
        if items.is_empty() {
            continue;
        }
        return Ok((Inputs::one(feed), items));
    }
    Ok((Inputs::default(), Items::default()))
}

/// Brings back the steps that the expression names, and those that its input came from: of a long run they may be away.
async fn at_hand(shared: &Arc<Shared>, inputs: &Inputs, names: &[String]) -> Result<(), NodeError> {
    let graph = &shared.definition.graph;
    let named = names.iter().filter_map(|name| shared.core().machine.last_done(graph.index(name)?));
    let mut wanted: Vec<_> = named.collect();
    wanted.extend(inputs.iter().flatten().map(|feed| feed.step));
    shared.look_up(|data| data.bring_back(wanted.iter().copied())).await
}

/// Why an expression cannot be read, and where.
fn unreadable(expression: &str, mut problems: Vec<Problem>) -> ExpressionFault {
    let error = Template::parse(expression.strip_prefix('=').unwrap_or(expression)).err();
    let from = error.map(|error| units(expression, error.offset));
    let first = if problems.is_empty() { None } else { Some(problems.swap_remove(0)) };
    let Problem { detail, hint, .. } =
        first.unwrap_or_else(|| Problem::new(Code::InvalidExpression, "the expression cannot be read"));
    ExpressionFault { detail, hint, from, to: None }
}

/// From where to where the only code of an expression stands; nothing when there are several, and any may be meant.
fn only_code(expression: &str) -> Option<(usize, usize)> {
    let template = Template::parse(expression.strip_prefix('=')?).ok()?;
    let mut codes = template.parts().into_iter().filter_map(|part| match part {
        Part::Code { text, offset } => Some((units(expression, offset), units(expression, offset + text.len()))),
        Part::Text(_) => None,
    });
    codes.next().filter(|_| codes.next().is_none())
}

/// The place of a byte of the template in the whole parameter, in the units of JavaScript's strings.
fn units(expression: &str, byte: usize) -> usize {
    let template = expression.strip_prefix('=').unwrap_or(expression);
    let before = template.get(..byte).unwrap_or(template);
    before.encode_utf16().count() + (expression.len() - template.len())
}
