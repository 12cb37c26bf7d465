//! Expressions of manifests outside of a run: where fixtures are tried, and where triggers listen.

use std::collections::{BTreeMap, HashMap};

use model::expr::{Data, Execution, ItemList, Meta, NodeLookup, Workflow};
use model::template::{ParamError, Params};
use model::{Item, Map, Value};
use part::NodeError;
use sandbox::{Cell, Context, Job, Json, Kind, Limits, NoHost, Sandbox};

/// When expressions are evaluated, as they see it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub now: i64,
    /// IANA zone.
    pub zone: String,
}

/// Evaluates parameters in a process of the sandbox. `workspace` keeps processes of tenants apart.
pub async fn evaluate(
    sandbox: &Sandbox,
    workspace: &str,
    item: Item,
    moment: Moment,
    params: &Params,
    globals: &Map,
) -> Result<Map, NodeError> {
    let context = Context {
        items: json(&[&item]),
        globals: globals.iter().map(|(name, value)| (name.clone(), json(value))).collect::<BTreeMap<_, _>>(),
        now_millis: moment.now,
        seed: moment.now as u64,
        timezone: moment.zone.clone(),
        ..Context::default()
    };
    let sources = params.templates().iter().map(|compiled| compiled.template.source().to_owned()).collect();
    let job = Job { kind: Kind::Expressions { sources, items: 0..1 }, context, limits: Limits::default() };
    let outcome = sandbox.run(workspace, job, &NoHost).await.map_err(|error| NodeError::from(error.problem()))?;
    let row = outcome.cells().ok().and_then(|mut rows| rows.pop()).unwrap_or_default();
    let mut cells: HashMap<usize, Cell> = row.into_iter().enumerate().collect();
    let mut answer = |index: usize| {
        Some(match cells.remove(&index)? {
            Cell::Value(value) => Ok(Some(value)),
            Cell::Undefined => Ok(None),
            Cell::Error(error) => Err(error.message),
        })
    };
    let alone = Alone { item, meta: meta(moment) };
    params.eval(&alone, &mut answer).map_err(|error| match error {
        ParamError::Failed { message, .. } => NodeError::bad_data(message),
        other @ ParamError::NeedsJavaScript { .. } => NodeError::bug(other.to_string()),
    })
}

/// Evaluates parameters whose expressions are all plain, without a process.
pub fn plain(item: Item, moment: Moment, params: &Params) -> Result<Map, NodeError> {
    let alone = Alone { item, meta: meta(moment) };
    params.eval(&alone, &mut |_| None).map_err(|error| match error {
        ParamError::Failed { message, .. } => NodeError::bad_data(message),
        other @ ParamError::NeedsJavaScript { .. } => NodeError::bug(other.to_string()),
    })
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Json {
    Json::of(value).unwrap_or_else(|_| Json::from_text("null"))
}

/// The item and nothing else, for plain expressions; the sandbox has answered the others already.
struct Alone {
    item: Item,
    meta: Meta,
}

fn meta(moment: Moment) -> Meta {
    Meta {
        run_index: 0,
        execution: Execution { id: String::new(), mode: "trigger".into(), resume_url: None },
        workflow: Workflow { id: String::new(), name: String::new(), active: false },
        prev_node: None,
        now_millis: Some(moment.now),
        timezone: moment.zone,
    }
}

impl Data for Alone {
    fn item(&self) -> Option<&Item> {
        Some(&self.item)
    }
    fn item_index(&self) -> usize {
        0
    }
    fn input(&self) -> Option<&dyn ItemList> {
        None
    }
    fn node(&self, _: &str) -> NodeLookup<'_> {
        NodeLookup::Unknown
    }
    fn var(&self, _: &str) -> Option<&Value> {
        None
    }
    fn env(&self, _: &str) -> Option<&str> {
        None
    }
    fn params(&self) -> Option<&Map> {
        None
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
}
