//! Runs one node without an engine: table tests of node types are one line each.
//!
//! ```ignore
//! let outputs = step::run(&Limit::default(), json!({ "maxItems": 1 }), &[json!([{ "n": 1 }, { "n": 2 }])]);
//! assert_eq!(outputs.unwrap(), [json!([{ "n": 1 }])]);
//! ```
//!
//! Expressions are evaluated natively where they can be, and in a sandbox process otherwise.

mod host;
mod script;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::workflow::OnError;
use model::{Item, NodeSpec, Problem, RunId, Scope, ScopeId, Value};
use part::{Ctx, Items, Node, NodeError, NodeType, Origin, Outcome, PortOutput, Resumed, StepInfo, Suspend};

pub use host::{Made, Memory};
pub use script::worker;

/// The step's journaled clock reading unless a test says otherwise: 2024-05-06T07:08:09.010Z.
pub const NOW: i64 = 1_714_979_289_010;

/// Runs a node of that type once and gives the JSON of the items at each output port.
///
/// # Errors
/// What the step failed with; a refusal of the parameters included.
pub fn run(node_type: &dyn NodeType, params: Value, inputs: &[Value]) -> Result<Vec<Value>, NodeError> {
    Ok(Bench::new(node_type, params)?.run(inputs)?.json())
}

/// The text that a step fails with.
///
/// # Panics
/// When it does not fail.
pub fn failure(node_type: &dyn NodeType, params: Value, inputs: &[Value]) -> String {
    match run(node_type, params, inputs) {
        Ok(outputs) => panic!("the step should fail and put out {outputs:?}"),
        Err(error) => error.problem.detail,
    }
}

/// Items from a JSON array. An element with the fields `json` and `binary` alone is a whole item.
///
/// # Panics
/// When it is no array.
pub fn items(list: &Value) -> Items {
    let list = list.as_array().expect("a port's items are an array");
    let whole = |value: &Value| value.as_object().is_some_and(|map| map.len() == 2 && map.contains_key("binary"));
    let item = |value: &Value| match whole(value) {
        true => serde_json::from_value(value.clone()).expect("an item with files"),
        false => Item::from_value(value.clone()),
    };
    Items::from_vec(list.iter().map(item).collect())
}

/// A node on the bench: it keeps its host, so that several runs of it see one state.
pub struct Bench {
    node: Arc<dyn Node>,
    host: Arc<Memory>,
    info: StepInfo,
}

/// What one run of the node gave.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub outcome: Outcome,
    inputs: Vec<Items>,
    lists: BTreeMap<String, Items>,
    host: Arc<Memory>,
}

impl Bench {
    /// A node of that type with these parameters.
    ///
    /// # Errors
    /// When the type refuses them.
    pub fn new(node_type: &dyn NodeType, params: Value) -> Result<Bench, Problem> {
        let params = params.as_object().cloned().unwrap_or_default();
        let node_type_id = node_type.descriptor().id.to_owned();
        Bench::of(node_type, NodeSpec { name: "Node".into(), node_type: node_type_id, params, ..NodeSpec::default() })
    }

    /// That node.
    ///
    /// # Errors
    /// When its type refuses it.
    pub fn of(node_type: &dyn NodeType, spec: NodeSpec) -> Result<Bench, Problem> {
        let node = node_type
            .prepare(&spec)
            .map_err(|problems| Problem::from_many(problems).expect("a refusal names its problems"))?;
        let info = StepInfo {
            scope: Scope::default(),
            scope_id: ScopeId(1),
            run: RunId::from_parts(NOW as u64, 7),
            workflow: "bench".into(),
            step: 1,
            node: spec.name.as_str().into(),
            run_index: 0,
            attempt: 1,
            tries: spec.retry.map_or(1, |retry| retry.tries),
            now: NOW,
            seed: 42,
            on_error: spec.on_error,
            timezone: "UTC".into(),
            mode: "manual".into(),
            connections: Arc::new(spec.connections.clone()),
        };
        Ok(Bench { node, host: Arc::new(Memory::new(&spec)), info })
    }

    /// Says what follows a failure.
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Bench {
        self.info.on_error = on_error;
        self
    }

    /// Changes what is fixed for the attempts.
    #[must_use]
    pub fn info(mut self, change: impl FnOnce(&mut StepInfo)) -> Bench {
        change(&mut self.info);
        self
    }

    /// Gives expressions another node to look at: what it has put out.
    #[must_use]
    pub fn beside(self, name: &str, output: Value) -> Bench {
        self.host.add_node(name, items(&output));
        self
    }

    /// Gives the step a folder for files.
    #[must_use]
    pub fn folder(mut self, folder: part::folder::Folder) -> Bench {
        self.host.set_folder(folder);
        self
    }

    /// Lets the step do these things to machines.
    #[must_use]
    pub fn allow(mut self, powers: impl IntoIterator<Item = part::powers::Power>) -> Bench {
        self.host.set_powers(part::powers::Powers::of(powers));
        self
    }

    /// Gives the step the data tables of a store.
    #[must_use]
    pub fn tables(mut self, store: &store::Store) -> Bench {
        self.host.set_tables(part::Tables::new(store.clone()));
        self
    }

    /// Gives the step the event types of a store.
    #[must_use]
    pub fn events(mut self, store: &store::Store) -> Bench {
        self.host.set_events(part::Events::new(store.clone()));
        self
    }

    /// Gives the step a house to ask.
    #[must_use]
    pub fn house(mut self, house: Arc<dyn part::house::House>) -> Bench {
        self.host.set_house(house);
        self
    }

    /// Gives it an account of another protocol than HTTP, in that slot. Takes the place of [`Bench::outbound`].
    ///
    /// # Panics
    /// When the slot is no name.
    #[must_use]
    pub fn login(mut self, slot: &str, login: outbound::Login) -> Bench {
        let name: model::Name = slot.parse().expect("a slot in small letters");
        self.host.set_outbound(crate::logins::outbound([(name.clone(), login)].into()));
        self.info(|info| {
            Arc::make_mut(&mut info.connections).insert(slot.to_owned(), name);
        })
    }

    /// Gives the step's connection of type `keys` a key.
    #[must_use]
    pub fn key(self, field: &str, key: &str) -> Bench {
        self.host.keep_key(field, key);
        self
    }

    /// Gives the step a way out.
    #[must_use]
    pub fn outbound(mut self, outbound: outbound::Outbound) -> Bench {
        self.host.set_outbound(outbound);
        self
    }

    /// Id of the run that the step belongs to.
    pub fn run_id(&self) -> String {
        self.info.run.to_string()
    }

    /// The engine's side, to set up and to look at afterwards.
    pub fn host(&self) -> &Arc<Memory> {
        &self.host
    }

    /// The prepared node.
    pub fn node(&self) -> &Arc<dyn Node> {
        &self.node
    }

    /// Runs the node, then counts its run index up.
    ///
    /// # Errors
    /// What the step failed with.
    pub fn run(&mut self, inputs: &[Value]) -> Result<Ran, NodeError> {
        let ran = self.attempt(inputs.iter().map(items).collect(), None)?;
        self.info.run_index += 1;
        self.info.step += 1;
        Ok(ran)
    }

    /// One attempt at the step, after which it can be attempted again with the same calls.
    ///
    /// # Errors
    /// What the step failed with.
    pub fn attempt(&self, inputs: Vec<Items>, resumed: Option<Resumed>) -> Result<Ran, NodeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(self.attempt_async(inputs, resumed))
    }

    /// [`Bench::attempt`] inside a test's own runtime.
    ///
    /// # Errors
    /// What the step failed with.
    pub async fn attempt_async(&self, inputs: Vec<Items>, resumed: Option<Resumed>) -> Result<Ran, NodeError> {
        self.host.begin(&self.info, &inputs);
        let host: Arc<dyn part::StepHost> = self.host.clone();
        let mut ctx = Ctx::new(host, self.info.clone(), inputs.clone().into(), resumed);
        let outcome = self.node.run(&mut ctx).await?;
        let lists = self.host.lists();
        self.host.commit();
        Ok(Ran { outcome, inputs, lists, host: self.host.clone() })
    }
}

impl Ran {
    /// What was put out at each port.
    ///
    /// # Panics
    /// When the step was suspended.
    pub fn outputs(&self) -> &[PortOutput] {
        match &self.outcome {
            Outcome::Done(outputs) => outputs,
            Outcome::Suspend(suspend) => panic!("the step waits: {suspend:?}"),
        }
    }

    /// What the step waits for.
    pub fn suspended(&self) -> Option<&Suspend> {
        match &self.outcome {
            Outcome::Done(_) => None,
            Outcome::Suspend(suspend) => Some(suspend),
        }
    }

    /// The items at a port.
    pub fn items(&self, port: usize) -> Vec<Arc<Item>> {
        let handle = match &self.outputs()[port] {
            PortOutput::Items { items, .. } => items.clone(),
            PortOutput::Select { input, indices } => {
                self.inputs.get(*input as usize).cloned().unwrap_or_default().select(indices)
            }
            PortOutput::Held { list, indices } => self.lists.get(*list).cloned().unwrap_or_default().select(indices),
            PortOutput::Nothing => Items::empty(),
        };
        self.host.load_all(&handle)
    }

    /// The JSON of the items at each port, an array a port; `null` where [`PortOutput::Nothing`] came.
    pub fn json(&self) -> Vec<Value> {
        let port = |port: usize| match &self.outputs()[port] {
            PortOutput::Nothing => Value::Null,
            _ => self.items(port).iter().map(|item| Value::Object(item.json.clone())).collect(),
        };
        (0..self.outputs().len()).map(port).collect()
    }

    /// Where each item at a port came from, as (input port, position) pairs; none for an unknown origin.
    pub fn origins(&self, port: usize) -> Vec<Vec<(u16, u32)>> {
        match &self.outputs()[port] {
            PortOutput::Items { items, origins } => {
                assert_eq!(items.len(), origins.len(), "every item has an origin");
                (0..origins.len()).map(|at| origins.get(at).map(sources).unwrap_or_default()).collect()
            }
            PortOutput::Select { input, indices } => indices.iter().map(|at| vec![(*input, at)]).collect(),
            PortOutput::Held { .. } | PortOutput::Nothing => Vec::new(),
        }
    }

    /// Whether the port only refers to items that exist already.
    pub fn selects(&self, port: usize) -> bool {
        matches!(self.outputs()[port], PortOutput::Select { .. } | PortOutput::Held { .. })
    }

    /// Files of the item at a position, by name.
    pub fn files(&self, port: usize, position: usize) -> BTreeMap<String, model::Binary> {
        self.items(port)[position].binary.as_deref().cloned().unwrap_or_default()
    }
}

fn sources(origin: Origin) -> Vec<(u16, u32)> {
    match origin {
        Origin::None | Origin::Unknown => Vec::new(),
        Origin::One(source) => vec![(source.input, source.item)],
        Origin::Many(sources) => sources.into_iter().map(|source| (source.input, source.item)).collect(),
    }
}
