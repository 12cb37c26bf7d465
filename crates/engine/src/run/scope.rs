//! What expressions of a step can see, borrowed from the run's data.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use model::expr::{Data, Execution, ItemList, Meta, NodeData, NodeLookup, PrevNode, Workflow};
use model::template::Params;
use model::{Item, Map, Value};

use part::NodeError;

use super::core::Shared;
use super::data::{Lost, StepData};
use crate::event::{Inputs, NodeIndex, StepNumber};
use crate::ports::VariableSet;

/// What the expressions of one step see, whatever the item.
pub struct StepScope {
    shared: Arc<Shared>,
    inputs: Inputs,
    input: Option<List>,
    variables: Arc<VariableSet>,
    params: Arc<Map>,
    step: StepPlace,
    /// Made when an expression looks at it, which few do.
    meta: OnceLock<Meta>,
    nodes: HashMap<String, Entry>,
    far: Mutex<Far>,
}

/// The item that another one came from, or why that cannot be told.
type Paired = Result<Option<Arc<Item>>, String>;

/// Ancestors that were not in memory when an expression asked for them.
#[derive(Default)]
struct Far {
    /// What was found since, by node and position in the input.
    known: HashMap<(NodeIndex, usize), Paired>,
    /// What has to be looked up before the expression is evaluated again.
    wanted: Vec<(NodeIndex, usize)>,
}

/// What [`Meta`] is made of, beside the run.
#[derive(Clone, Copy)]
struct StepPlace {
    step: StepNumber,
    node: NodeIndex,
    run_index: u32,
    now: i64,
    address: bool,
}

enum Entry {
    Unknown,
    NotExecuted,
    Done(Box<DoneNode>),
}

struct DoneNode {
    index: NodeIndex,
    step: Arc<StepData>,
    items: Option<List>,
    params: Arc<Map>,
}

struct List(Arc<[Arc<Item>]>);

impl ItemList for List {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn get(&self, index: usize) -> Option<&Item> {
        self.0.get(index).map(|item| &**item)
    }
}

/// The step that a scope is made for.
pub struct StepRef<'a> {
    /// Its number.
    pub step: StepNumber,
    /// Its node.
    pub node: NodeIndex,
    /// How often the node ran before.
    pub run_index: u32,
    /// Where its input comes from.
    pub inputs: &'a Inputs,
    /// Clock reading.
    pub now: i64,
}

impl StepScope {
    /// The scope of a step, with the nodes at hand that these parameters name.
    pub fn new(
        shared: &Arc<Shared>,
        step: &StepRef<'_>,
        input: Option<Arc<[Arc<Item>]>>,
        variables: Arc<VariableSet>,
        params: &Params,
    ) -> Self {
        let names = params.nodes();
        let address = params.templates().iter().any(|compiled| compiled.template.reads().resume_url);
        let definition = &shared.definition;
        let core = shared.core();
        let mut nodes = HashMap::with_capacity(names.len());
        for name in names {
            let entry = match definition.graph.index(name) {
                None => Entry::Unknown,
                Some(index) => match core.machine.last_done(index).and_then(|done| core.data.step(done)) {
                    None => Entry::NotExecuted,
                    Some(done) => {
                        let output = definition.output_towards(index, step.node);
                        let port = done.outputs.get(output as usize);
                        let items = port.and_then(|port| in_memory(&port.items)).map(List);
                        let params = definition.node(index).seen.clone();
                        Entry::Done(Box::new(DoneNode { index, step: done.clone(), items, params }))
                    }
                },
            };
            nodes.insert(name.clone(), entry);
        }
        drop(core);
        StepScope {
            shared: shared.clone(),
            inputs: step.inputs.clone(),
            input: input.map(List),
            variables,
            params: definition.node(step.node).seen.clone(),
            step: StepPlace { step: step.step, node: step.node, run_index: step.run_index, now: step.now, address },
            meta: OnceLock::new(),
            nodes,
            far: Mutex::default(),
        }
    }

    fn far(&self) -> MutexGuard<'_, Far> {
        self.far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up what the last evaluation missed; false when it missed nothing. Evaluate again when it did.
    pub async fn fetch(&self, spool: &dyn part::Spool) -> Result<bool, NodeError> {
        let wanted = std::mem::take(&mut self.far().wanted);
        for (node, position) in &wanted {
            let found = self.shared.ancestor(&self.inputs, *position, *node).await?;
            let item = match found {
                Err(lost) => Err(lost_text(&self.shared.definition.node(*node).name, lost)),
                Ok(place) => {
                    let items = self.shared.look_up(|data| data.find_items(place.feed)).await?;
                    Ok(items.get(place.item, spool).await?)
                }
            };
            self.far().known.insert((*node, *position), item);
        }
        Ok(!wanted.is_empty())
    }

    /// The last evaluation missed something that has to be looked up.
    pub fn has_missed(&self) -> bool {
        !self.far().wanted.is_empty()
    }

    fn meta(&self) -> &Meta {
        self.meta.get_or_init(|| {
            let StepPlace { step, node, run_index, now, address } = self.step;
            let step = StepRef { step, node, run_index, inputs: &self.inputs, now };
            meta(&self.shared, &step, &self.shared.core(), address)
        })
    }

    /// The view for one item.
    pub fn at<'a>(&'a self, item: &'a Item, index: usize) -> ItemScope<'a> {
        let views = self.nodes.iter().filter_map(|(name, entry)| match entry {
            Entry::Done(node) => Some((name.as_str(), NodeView { scope: self, node, index, paired: OnceCell::new() })),
            _ => None,
        });
        ItemScope { scope: self, item, index, views: views.collect() }
    }
}

/// What is the same for every item of a step.
/// The resume address is signed, so it is made only where it is asked for.
pub fn meta(shared: &Shared, step: &StepRef<'_>, core: &super::core::Core, address: bool) -> Meta {
    let definition = &shared.definition;
    let first = step.inputs.iter().flatten().next();
    let prev_node = first.and_then(|feed| Some((feed, core.data.step(feed.step)?))).and_then(|(feed, data)| {
        let name = definition.nodes.get(data.node as usize)?.name.to_string();
        let (output_index, run_index) = (feed.output as usize, data.run_index as usize);
        Some(PrevNode { name, output_index, run_index })
    });
    Meta {
        run_index: step.run_index as usize,
        execution: Execution {
            id: shared.head.id.to_string(),
            mode: execution_mode(&shared.head.mode).into(),
            resume_url: match address {
                true => shared.engine.resume_url(&shared.scope, shared.head.id, step.step),
                false => None,
            },
        },
        workflow: Workflow {
            id: shared.head.workflow.clone(),
            name: title(definition),
            active: definition.revision.is_some(),
        },
        prev_node,
        now_millis: Some(step.now),
        timezone: definition.timezone.to_string(),
    }
}

fn title(definition: &crate::definition::Definition) -> String {
    let title = &definition.spec.title;
    if title.is_empty() { definition.name.clone() } else { title.clone() }
}

/// n8n's word for how a run was started: a person's try is `test`, everything else `production`.
pub fn execution_mode(mode: &str) -> &'static str {
    if matches!(mode, "manual" | "cli" | "test") { "test" } else { "production" }
}

fn in_memory(items: &part::Items) -> Option<Arc<[Arc<Item>]>> {
    match items.segments() {
        [] => Some(Vec::new().into()),
        [segment] => segment.in_memory(),
        segments => {
            let parts: Option<Vec<_>> = segments.iter().map(part::Segment::in_memory).collect();
            Some(parts?.iter().flat_map(|part| part.iter().cloned()).collect())
        }
    }
}

/// What the expressions of one item see.
pub struct ItemScope<'a> {
    scope: &'a StepScope,
    item: &'a Item,
    index: usize,
    views: Vec<(&'a str, NodeView<'a>)>,
}

struct NodeView<'a> {
    scope: &'a StepScope,
    node: &'a DoneNode,
    index: usize,
    paired: OnceCell<Paired>,
}

impl Data for ItemScope<'_> {
    fn item(&self) -> Option<&Item> {
        Some(self.item)
    }
    fn item_index(&self) -> usize {
        self.index
    }
    fn input(&self) -> Option<&dyn ItemList> {
        self.scope.input.as_ref().map(|list| list as &dyn ItemList)
    }
    fn node(&self, name: &str) -> NodeLookup<'_> {
        if let Some((_, view)) = self.views.iter().find(|(known, _)| *known == name) {
            return NodeLookup::Node(view);
        }
        match self.scope.nodes.get(name) {
            Some(Entry::Unknown) => NodeLookup::Unknown,
            Some(Entry::NotExecuted) => NodeLookup::NotExecuted,
            _ => NodeLookup::Unavailable,
        }
    }
    fn var(&self, name: &str) -> Option<&Value> {
        self.scope.variables.vars.get(name)
    }
    fn env(&self, name: &str) -> Option<&str> {
        self.scope.variables.env.get(name).map(String::as_str)
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.scope.params)
    }
    fn meta(&self) -> &Meta {
        self.scope.meta()
    }
}

impl NodeData for NodeView<'_> {
    fn paired(&self) -> Result<Option<&Item>, String> {
        let found = self.paired.get_or_init(|| {
            let wanted = (self.node.index, self.index);
            let mut far = self.scope.far();
            if let Some(known) = far.known.get(&wanted) {
                return known.clone();
            }
            let name = &self.scope.shared.definition.node(self.node.index).name;
            match self.near(name) {
                Some(found) => found,
                None => {
                    far.wanted.push(wanted);
                    Err(format!("the items of node '{name}' are being read"))
                }
            }
        });
        found.as_ref().map(Option::as_deref).map_err(Clone::clone)
    }
    fn items(&self) -> Option<&dyn ItemList> {
        self.node.items.as_ref().map(|list| list as &dyn ItemList)
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.node.params)
    }
    fn run_index(&self) -> usize {
        self.node.step.run_index as usize
    }
}

impl NodeView<'_> {
    /// The ancestor, when it and everything on the way to it is in memory.
    fn near(&self, name: &str) -> Option<Paired> {
        let core = self.scope.shared.core();
        let mut walk = core.data.walk(&self.scope.inputs, self.index, self.node.index);
        let place = match core.data.ancestor(&mut walk).ok()? {
            Ok(place) => place,
            Err(lost) => return Some(Err(lost_text(name, lost))),
        };
        let items = core.data.find_items(place.feed).ok()?;
        match items.as_slice() {
            Some(items) => Some(Ok(items.get(place.item).cloned())),
            None => Some(Ok(in_memory(&items)?.get(place.item).cloned())),
        }
    }
}

/// n8n's words for an ancestor that cannot be told.
pub fn lost_text(node: &str, lost: Lost) -> String {
    match lost {
        Lost::Unknown => format!(
            "Paired item data for item from node '{node}' is unavailable. Ensure '{node}' is providing the required output."
        ),
        Lost::NoAncestor => format!("Invalid expression: there is no connection back to the node '{node}'"),
    }
}
