//! `core.note`: says something to the reader of the graph.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Ports};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lift::{self, Names};

/// What `core.note` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "shown by the editor, never run")]
struct Params {
    /// Text in Markdown.
    #[serde(default)]
    content: String,
    /// Height on the canvas.
    #[serde(default)]
    height: Option<f64>,
    /// Width on the canvas.
    #[serde(default)]
    width: Option<f64>,
    /// Colour: a number of the palette, or a CSS colour.
    #[serde(default)]
    color: Value,
}

const NAMES: Names = &[("content", "content"), ("height", "height"), ("width", "width"), ("color", "color")];

/// Says something to the reader of the graph.
pub struct Note;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.note",
    version: 1,
    title: "Note",
    summary: "Says something to the reader of the graph",
    group: Group::Note,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["sticky", "comment", "markdown"],
};

impl NodeType for Note {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        // Never evaluated: a note that begins with `=` is a text like any other.
        match serde_json::from_value::<Params>(Value::Object(node.params.clone())) {
            Ok(_) => Ok(Arc::new(Prepared)),
            Err(error) => Err(vec![Problem::new(model::Code::InvalidParameter, error.to_string()).at("/params")]),
        }
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.stickyNote", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(lift::named(node, NAMES)))
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        lift::renamed(&node.params, NAMES)
    }
}

struct Prepared;

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(0, 0)
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, _ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(std::future::ready(Ok(Outcome::Done(Vec::new()))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::Bench;

    use super::*;

    #[test]
    fn a_note_has_no_ports_and_any_text() {
        contract::check(&Note);
        let bench = Bench::new(&Note, json!({ "content": "={{ not evaluated", "height": 320, "color": 7 })).unwrap();
        assert_eq!(bench.node().ports(), Ports::of(0, 0));
        assert!(Bench::new(&Note, json!({ "height": "tall" })).is_err());
    }
}
