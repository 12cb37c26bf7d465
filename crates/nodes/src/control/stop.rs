//! `core.stop`: ends the run with an error that the workflow's author wrote.

use model::{Code, Map, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Category, Ctx, Descriptor, Group, NodeError, Outcome, Plain, Ports, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lift::{copy, put};

pub(super) struct Stop;

/// What the run fails with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The message.
    #[serde(default, deserialize_with = "crate::lenient::text")]
    message: String,
    /// An error object (or its JSON text) instead of the message. Its `message`, `description` or `error` becomes the
    /// message, and all of it the error's context.
    #[serde(default)]
    object: Value,
}

impl Plain for Stop {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["throw", "abort", "fail", "end"],
        ..Descriptor::pure::<Params>(
            "core.stop",
            Group::Flow,
            "Stop and error",
            "Fails the run with a message of your own",
        )
    };
    const PORTS: Ports = Ports::of(1, 0);
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.stopAndError", versions: &[1.0] }];

    const IDLE: &'static [&'static str] = &["errorType", "errorMessage", "errorObject"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = Map::new();
        match node.text("errorType", "errorMessage") {
            "errorObject" => put(&mut params, "object", node.value("errorObject", "{}")),
            _ => copy(node, "errorMessage", &mut params, "message"),
        }
        Lifted::plain(params)
    }

    fn lower(params: &Map, _: &Version) -> Map {
        let mut lowered = Map::new();
        match params.get("object").filter(|object| !object.is_null()) {
            Some(object) => {
                put(&mut lowered, "errorType", "errorObject");
                let text = if object.is_string() { object.clone() } else { object.to_string().into() };
                put(&mut lowered, "errorObject", text);
            }
            None => put(&mut lowered, "errorMessage", params.get("message").cloned().unwrap_or_default()),
        }
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(params).await?;
        let (message, context) = match &params.object {
            Value::Null => (params.message.clone(), None),
            object => {
                let object = crate::lenient::json(object, "the error object")?;
                (message_of(&object), Some(object))
            }
        };
        let message = if message.is_empty() { "the workflow stopped itself".into() } else { message };
        let mut error = NodeError::new(Code::StopRequested, Category::BadData, message).permanent();
        error.context = context;
        Err(error)
    }
}

fn message_of(object: &Value) -> String {
    let field = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    match object {
        Value::String(text) => text.clone(),
        _ => field("message")
            .or_else(|| field("description"))
            .or_else(|| field("error"))
            .unwrap_or_else(|| format!("Error: {object}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_message_of_an_object_is_looked_for_where_people_put_it() {
        assert_eq!(message_of(&json!({ "message": "m", "error": "e" })), "m");
        assert_eq!(message_of(&json!({ "error": "e" })), "e");
        assert_eq!(message_of(&json!("plain")), "plain");
        assert_eq!(message_of(&json!({ "code": 1 })), "Error: {\"code\":1}");
    }

    #[test]
    fn lowering_undoes_lifting() {
        crate::lift::check_round_trip(&Stop, 1.0, json!({ "errorMessage": "no" }));
        crate::lift::check_round_trip(&Stop, 1.0, json!({ "errorType": "errorObject", "errorObject": "{\"a\":1}" }));
    }

    #[test]
    fn it_fails_for_good_with_what_was_written() {
        testkit::contract::check(&Stop);
        let input = [json!([{ "why": "stock" }])];
        let fail = |params: Value| testkit::step::run(&Stop, params, &input).unwrap_err();
        let error = fail(json!({ "message": "={{ $json.why }} is empty" }));
        assert_eq!((error.problem.detail.as_str(), error.permanent), ("stock is empty", true));
        assert_eq!(error.problem.code, Code::StopRequested);
        let error = fail(json!({ "object": "{\"error\": \"e\", \"n\": 1}" }));
        assert_eq!((error.problem.detail.as_str(), error.context), ("e", Some(json!({ "error": "e", "n": 1 }))));
        assert!(fail(json!({ "object": "{" })).problem.detail.contains("not valid JSON"));
    }
}
