//! From answers to items, as n8n makes them.

use model::{Code, Item, Map, Value};
use part::exchange::answer;
use part::{Category, Ctx, NodeError, Origin, Outputs};
use serde_json::json;

use super::params::{Format, Params};
use super::send::format_of;

/// The text of an answer.
pub use part::exchange::answer::body_text;

/// Puts the items of an item's answers out.
pub async fn push(
    ctx: &Ctx,
    outputs: &mut Outputs,
    params: &Params,
    item: &Item,
    position: usize,
    answers: Vec<Value>,
) -> Result<(), NodeError> {
    let origin = || Origin::item(position);
    for given in answers {
        let content_type = given["headers"]["content-type"].as_str().unwrap_or_default();
        let full = || {
            let mut map = Map::new();
            for (from, to) in [("headers", "headers"), ("status", "statusCode"), ("statusText", "statusMessage")] {
                map.insert(to.into(), given[from].clone());
            }
            map
        };
        match format_of(params, content_type) {
            Format::File => {
                let mut made = Item { json: item.json.clone(), binary: item.binary.clone() };
                if params.response.full {
                    made.json = full();
                }
                made.set_file(
                    params.response.field.clone(),
                    answer::file(&given, content_type, &params.url, &params.response.field)?,
                );
                outputs.push(0, made, origin()).await?;
            }
            Format::Text => {
                let text = body_text(ctx, &given, content_type).await?;
                let mut map = if params.response.full { full() } else { Map::new() };
                if !text.is_empty() || params.response.format == Format::Text {
                    map.insert(params.response.field.clone(), text.into());
                }
                outputs.push(0, Item::new(map), origin()).await?;
            }
            Format::Json | Format::Auto => {
                let text = body_text(ctx, &given, content_type).await?;
                let value = json_body(params, &text)?;
                match value {
                    value if params.response.full => {
                        let mut map = Map::new();
                        map.insert("body".into(), value);
                        map.extend(full());
                        outputs.push(0, Item::new(map), origin()).await?;
                    }
                    Value::Array(values) if params.response.split => {
                        for value in values {
                            outputs.push(0, element(value), origin()).await?;
                        }
                    }
                    value => outputs.push(0, made_of(value), origin()).await?,
                }
            }
        }
    }
    Ok(())
}

fn made_of(value: Value) -> Item {
    match value {
        Value::Null => Item::default(),
        other => Item::from_value(other),
    }
}

/// An element of a list. One that is a list itself keeps its positions as names: n8n makes the list the item's JSON,
/// and `$json[4]` finds its fifth value there as here.
fn element(value: Value) -> Item {
    match value {
        Value::Array(values) => {
            let numbered = values.into_iter().enumerate();
            Item::new(numbered.map(|(position, value)| (position.to_string(), value)).collect())
        }
        other => made_of(other),
    }
}

fn json_body(params: &Params, text: &str) -> Result<Value, NodeError> {
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) if params.response.never_error && params.response.format == Format::Auto => Ok(json!({})),
        Err(error) => {
            let detail = format!("the response body is not valid JSON: {error}");
            Err(NodeError::new(Code::UpstreamProtocol, Category::BadData, detail)
                .hint("set the response format to `text`")
                .permanent())
        }
    }
}

/// The body as pagination expressions see it: JSON where it is JSON, text where it is text, `null` for a file.
pub async fn body_value(ctx: &Ctx, params: &Params, answer: &Value) -> Result<Value, NodeError> {
    let content_type = answer["headers"]["content-type"].as_str().unwrap_or_default();
    match format_of(params, content_type) {
        Format::File => Ok(answer["body"].clone()),
        format => {
            let text = body_text(ctx, answer, content_type).await?;
            if format == Format::Json || content_type.contains("json") {
                return Ok(serde_json::from_str(&text).unwrap_or_else(|_| json!({})));
            }
            Ok(text.into())
        }
    }
}
