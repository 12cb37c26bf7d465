//! What a webhook answers by itself: at once, or with the items of the last node. Pure, so that `inbound` (before
//! the run) and `engine` (at its end) agree on every byte.

use std::sync::Arc;

use model::{Item, Map, Value};

use crate::trigger::{Called, Respond, ResponseData, Webhook};
use crate::{Answer, AnswerBody};

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

impl Webhook {
    /// The answer of [`Respond::Immediately`]: the fixed body, or n8n's message that the workflow was started.
    pub fn answer_started(&self) -> Answer {
        match self.body.as_deref() {
            Some("") => self.answer(None, AnswerBody::Empty),
            Some(text) => self.answer(Some(HTML), AnswerBody::Text(text.to_owned())),
            None => self.answer(Some(JSON), AnswerBody::Text(r#"{"message":"Workflow was started"}"#.into())),
        }
    }

    /// The answer of a run that has completed with these items at its last node and was not answered before.
    /// Streaming and respond-node endpoints end here when no node answered.
    pub fn answer_completed(&self, items: &[Arc<Item>]) -> Answer {
        let Respond::LastNode { data } = self.respond else {
            return message(200, "Workflow executed successfully");
        };
        match data {
            // Without a body, and with the type that n8n names all the same.
            ResponseData::NoData => self.answer(Some(JSON), AnswerBody::Empty),
            ResponseData::AllEntries => {
                let all: Vec<&Map> = items.iter().map(|item| &item.json).collect();
                self.answer_json(&all)
            }
            ResponseData::FirstEntryJson => {
                let Some(first) = items.first() else { return message(500, "No item to return was found") };
                match self.property.as_deref() {
                    None => self.answer_json(&first.json),
                    Some(path) => match look_up(&first.json, path) {
                        Some(Value::String(text)) => self.answer(Some(HTML), AnswerBody::Text(text.clone())),
                        Some(value) => self.answer_json(value),
                        None => self.answer(None, AnswerBody::Empty),
                    },
                }
            }
            ResponseData::FirstEntryBinary => {
                let Some(first) = items.first() else { return message(500, "No item was found to return") };
                let Some((file, digest)) = first.file(&self.response_file).and_then(|file| Some((file, file.blob?)))
                else {
                    let name = &self.response_file;
                    return message(
                        500,
                        &format!("The binary property \"{name}\" which should be returned does not exist"),
                    );
                };
                self.answer(Some(&file.mime_type), AnswerBody::Blob { digest, size: file.size })
            }
        }
    }

    /// The answer of a run that failed and was not answered before. It tells nothing about why.
    pub fn answer_failed(&self) -> Answer {
        message(500, "Error in workflow")
    }

    /// The answer to a request that a node should answer, in a workflow where no such node comes after the trigger.
    pub fn answer_missing() -> Answer {
        let body = serde_json::json!({ "code": 0, "message": "No Respond to Webhook node found in the workflow" });
        let headers = vec![("content-type".into(), JSON.into())];
        Answer { status: 500, headers, body: AnswerBody::Text(body.to_string()) }
    }

    fn answer_json(&self, value: &impl serde::Serialize) -> Answer {
        // Maps with string keys always have a JSON text.
        let text = serde_json::to_string(value).unwrap_or_default();
        self.answer(Some(JSON), AnswerBody::Text(text))
    }

    fn answer(&self, content_type: Option<&str>, body: AnswerBody) -> Answer {
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        let content_type = self.content_type.as_deref().filter(|_| body != AnswerBody::Empty).or(content_type);
        if let Some(content_type) = content_type
            && !headers.iter().any(|(name, _)| name == "content-type")
        {
            headers.push(("content-type".into(), content_type.to_owned()));
        }
        Answer { status: self.status, headers, body }
    }
}

fn message(status: u16, text: &str) -> Answer {
    let body = serde_json::json!({ "message": text }).to_string();
    Answer { status, headers: vec![("content-type".into(), JSON.into())], body: AnswerBody::Text(body) }
}

/// A field by dots and list positions, as n8n's "property name" reads it; a field of that whole name comes first.
fn look_up<'a>(map: &'a Map, path: &str) -> Option<&'a Value> {
    if let Some(value) = map.get(path) {
        return Some(value);
    }
    let mut steps = path.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let first = map.get(steps.next()?)?;
    steps.try_fold(first, |value, step| match value {
        Value::Array(values) => values.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

impl Called {
    /// The item that the trigger puts out for one that a caller gave: with declared fields exactly those, `null`
    /// where the caller gave none.
    pub fn accept(&self, item: &Item) -> Item {
        if self.fields.is_empty() {
            return item.clone();
        }
        let field = |name: &str| item.json.get(name).cloned().unwrap_or(Value::Null);
        let json = self.fields.iter().map(|declared| (declared.name.clone(), field(&declared.name))).collect();
        Item { json, binary: item.binary.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn webhook(spec: Value) -> Webhook {
        serde_json::from_value(spec).unwrap()
    }

    fn text(answer: &Answer) -> &str {
        match &answer.body {
            AnswerBody::Text(text) => text,
            AnswerBody::Empty => "",
            other => panic!("no text: {other:?}"),
        }
    }

    #[test]
    fn an_immediate_answer_is_fixed_empty_or_the_default() {
        let base = json!({ "methods": ["POST"], "path": "a", "status": 202 });
        let with = |body: Value| {
            let mut spec = base.clone();
            spec["body"] = body;
            webhook(spec).answer_started()
        };
        assert_eq!(text(&webhook(base.clone()).answer_started()), r#"{"message":"Workflow was started"}"#);
        assert_eq!((with(json!("got it")).status, text(&with(json!("got it")))), (202, "got it"));
        assert!(with(json!("")).headers.is_empty());
    }

    #[test]
    fn the_last_node_is_answered_as_the_endpoint_says() {
        let items =
            [json!({ "a": { "b": [1, "two"] } }), json!({ "a": 2 })].map(|json| Arc::new(Item::from_value(json)));
        let answer = |data: &str, property: Option<&str>| {
            webhook(json!({
                "methods": ["GET"], "path": "a", "respond": { "when": "lastNode", "data": data },
                "property": property, "headers": [["X-One", "1"]],
            }))
            .answer_completed(&items)
        };
        assert_eq!(text(&answer("allEntries", None)), r#"[{"a":{"b":[1,"two"]}},{"a":2}]"#);
        assert_eq!(text(&answer("firstEntryJson", None)), r#"{"a":{"b":[1,"two"]}}"#);
        assert_eq!(text(&answer("firstEntryJson", Some("a.b[1]"))), "two");
        assert_eq!(text(&answer("firstEntryJson", Some("a.c"))), "");
        assert_eq!(text(&answer("noData", None)), "");
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(answer("noData", None).headers, [header("x-one", "1"), header("content-type", JSON)]);
        assert_eq!(answer("firstEntryBinary", None).status, 500);
    }

    #[test]
    fn declared_fields_are_picked_and_missing_ones_are_null() {
        let called: Called = serde_json::from_value(json!({ "fields": [{ "name": "a" }, { "name": "b" }] })).unwrap();
        let item = Item::from_value(json!({ "b": 1, "c": 2 }));
        assert_eq!(Value::Object(called.accept(&item).json), json!({ "a": null, "b": 1 }));
        assert_eq!(Called::default().accept(&item), item);
    }
}
