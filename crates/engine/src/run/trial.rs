//! Expressions evaluated one by one, as a step of their node would evaluate them.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use model::expr::{Part, Template};
use model::template::Params;
use model::{Code, Item, Map, Problem, Value};
use part::runs::{ExpressionFault, ResolvedParameter, StepParameters, Tried};
use part::{Category, Items, NodeError};

use super::core::Shared;
use super::drive;
use super::host::StepRun;
use crate::event::{Feed, Inputs, NodeIndex, StepNumber};
use crate::ports::VariableSet;

/// How long a try may take: somebody waits for it while they write.
const PATIENCE: Duration = Duration::from_secs(3);

/// Expressions of one step that are shown.
const MOST_PARAMETERS: usize = 200;

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
    let step = shared.core().machine.next_step();
    let (now, seed) = (shared.engine.clock.now(), shared.engine.clock.random());
    let variables = shared.variables();
    let run = StepRun::new(shared.clone(), (step, node, 0), inputs, [input].into(), (now, seed), variables, None);
    let items = run.input_items[0].len();
    let mut tried = Tried { items, ..Tried::default() };
    match item_at(&run, position).await? {
        Some(item) => {
            let outcome = outcome(&run, expression, item, position).await?;
            (tried.value, tried.error, tried.notes) = (outcome.value, outcome.error, outcome.notes);
        }
        None => {
            let detail = format!("there is no item {position}: {items} came in");
            tried.error = Some(ExpressionFault { detail, hint: None, from: None, to: None });
        }
    }
    Ok(tried)
}

/// What the expressions of a step that has begun came to. The run stands at its beginning.
pub async fn resolved(
    shared: &Arc<Shared>,
    step: StepNumber,
    variables: Arc<VariableSet>,
    position: usize,
) -> Result<StepParameters, NodeError> {
    *shared.recorded_variables.lock().unwrap_or_else(PoisonError::into_inner) = Some(variables.clone());
    let run = {
        let core = shared.core();
        let live = core.machine.live_step(step).ok_or_else(|| NodeError::bug("a step that has begun is there"))?;
        drive::prepare(shared, &core, step, live, variables)
    };
    let items = run.input_items.first().map_or(0, Items::len);
    let Some(item) = item_at(&run, position).await? else {
        let detail = format!("there is no item {position}: {items} came in");
        return Err(NodeError::new(Code::NotFound, Category::BadData, detail));
    };
    let params = Params::compile(&shared.definition.node(run.node).params);
    let mut parameters = Vec::new();
    for compiled in params.iter().flat_map(Params::templates).take(MOST_PARAMETERS) {
        let expression = format!("={}", compiled.template.source());
        let outcome = outcome(&run, &expression, item.clone(), position).await?;
        let pointer = compiled.pointer.clone();
        let Outcome { value, error, notes } = outcome;
        parameters.push(ResolvedParameter { pointer, expression, value, error, notes });
    }
    Ok(StepParameters { item: position, items, parameters })
}

/// The item of a position; an empty one where nothing came in, as a trigger's expressions see.
async fn item_at(run: &StepRun, position: usize) -> Result<Option<Arc<Item>>, NodeError> {
    match run.input_items.first().filter(|items| !items.is_empty()) {
        Some(items) => items.get(position, run).await,
        None => Ok(Some(Arc::new(Item::default()))),
    }
}

/// What an expression came to.
#[derive(Default)]
struct Outcome {
    value: Option<Value>,
    error: Option<ExpressionFault>,
    notes: Vec<String>,
}

async fn outcome(run: &StepRun, expression: &str, item: Arc<Item>, position: usize) -> Result<Outcome, NodeError> {
    let params: Map = [(VALUE.to_owned(), Value::from(expression))].into_iter().collect();
    let params = match Params::compile(&params) {
        Ok(params) => params,
        Err(problems) => {
            return Ok(Outcome { error: Some(unreadable(expression, problems)), ..Outcome::default() });
        }
    };
    at_hand(&run.shared, &run.inputs, params.nodes()).await?;
    let tried = tokio::time::timeout(PATIENCE, run.try_out(&params, item, position)).await;
    let tried = tried.unwrap_or_else(|_| {
        let detail = format!("it took longer than the {} seconds that a try may take", PATIENCE.as_secs());
        Err(NodeError::new(Code::CodeTimeout, Category::Code, detail))
    });
    Ok(match tried {
        Ok((map, notes)) => Outcome { value: map.get(VALUE).cloned(), notes, error: None },
        Err(error) => {
            let Problem { detail, hint, .. } = error.problem;
            let (from, to) = only_code(expression).unzip();
            Outcome { error: Some(ExpressionFault { detail, hint, from, to }), ..Outcome::default() }
        }
    })
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
