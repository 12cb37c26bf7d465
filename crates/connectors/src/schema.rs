//! The form of an operation: its parameters as JSON Schema with the editor's hints (`part::hints`).

use indexmap::IndexMap;
use model::{Map, Value};
use serde_json::json;

use crate::choices;
use crate::manifest::{Choices, Param, Type, Values};

/// The schema of parameters, which may offer these lists of choices.
pub fn of(params: &IndexMap<String, Param>, choices: &IndexMap<String, Choices>) -> Map {
    let mut properties = Map::new();
    for (name, param) in params {
        properties.insert(name.clone(), Value::Object(one(name, param, choices)));
    }
    let required: Vec<&String> =
        params.iter().filter(|(_, param)| param.required && param.default.is_none()).map(|(name, _)| name).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("additionalProperties".into(), false.into());
    schema
}

fn one(name: &str, param: &Param, choices: &IndexMap<String, Choices>) -> Map {
    let mut schema = match (param.kind, param.fields.is_empty()) {
        (Type::Object, false) => of(&param.fields, choices),
        _ => Map::new(),
    };
    let kind = match param.kind {
        Type::String | Type::Date | Type::DateTime | Type::File => Some("string"),
        Type::Integer => Some("integer"),
        Type::Number => Some("number"),
        Type::Boolean => Some("boolean"),
        Type::Array => Some("array"),
        Type::Object => Some("object"),
        Type::Any => None,
    };
    if let Some(kind) = kind {
        schema.insert("type".into(), kind.into());
    }
    match param.kind {
        Type::Date => drop(schema.insert("format".into(), "date".into())),
        Type::DateTime => drop(schema.insert("format".into(), "date-time".into())),
        _ => {}
    }
    schema.insert("title".into(), param.title.clone().unwrap_or_else(|| title(name)).into());
    if let Some(about) = &param.about {
        schema.insert("description".into(), about.as_str().into());
    }
    if let Some(default) = &param.default {
        schema.insert("default".into(), default.clone());
    }
    if let Some(example) = &param.example {
        schema.insert("examples".into(), json!([example]));
    }
    match &param.values {
        Some(Values::List(list)) => drop(schema.insert("enum".into(), list.clone().into())),
        Some(Values::Titled(titles)) => {
            let each = titles.iter().map(|(value, title)| json!({ "const": value, "title": title }));
            schema.insert("oneOf".into(), each.collect::<Vec<_>>().into());
        }
        None => {}
    }
    for (key, bound) in [("minimum", param.minimum), ("maximum", param.maximum)] {
        schema.extend(bound.map(|bound| (key.to_owned(), json!(bound))));
    }
    if let Some(items) = &param.items {
        schema.insert("items".into(), Value::Object(one("", items, choices)));
    }
    let mut hints = Map::new();
    if !param.when.is_empty() {
        hints.insert("when".into(), Value::Object(param.when.clone()));
    }
    let control = match (&param.control, param.kind) {
        (Some(control), _) => Some(control.as_str()),
        (None, Type::Object | Type::Any) if param.fields.is_empty() => Some("json"),
        (None, Type::DateTime) => Some("moment"),
        _ => None,
    };
    hints.extend(control.map(|control| ("as".to_owned(), Value::from(control))));
    if let Some(offered) = param.choices.as_ref().and_then(|name| choices.get(name)) {
        let hint = json!({ "from": choices::from(offered), "search": offered.search.is_some() });
        hints.insert("choices".into(), hint);
    }
    if param.more {
        hints.insert("more".into(), true.into());
    }
    if !hints.is_empty() {
        schema.insert(part::hints::KEY.into(), hints.into());
    }
    schema
}

/// `firstName` as people write it.
pub fn title(name: &str) -> String {
    let mut title = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        match letter {
            _ if at == 0 => title.extend(letter.to_uppercase()),
            letter if letter.is_uppercase() => {
                title.push(' ');
                title.extend(letter.to_lowercase());
            }
            '_' | '-' => title.push(' '),
            letter => title.push(letter),
        }
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_types_titles_choices_and_hints() {
        let params: IndexMap<String, Param> = serde_json::from_value(json!({
            "channelId": { "required": true, "about": "Where.", "example": "C1" },
            "kind": { "values": { "a": "First", "b": "Second" }, "default": "a" },
            "tags": { "type": "array", "items": { "type": "string" }, "choices": "tags", "more": true },
            "extra": { "type": "object", "when": { "kind": ["b"] } },
        }))
        .unwrap();
        let choices = serde_json::from_value(json!({
            "tags": { "operation": "tag.list", "params": { "channel": "={{ $params.channelId }}" }, "value": "id", "label": "name" },
        }))
        .unwrap();
        let schema = Value::Object(of(&params, &choices));
        assert_eq!(schema["required"], json!(["channelId"]));
        assert_eq!(schema["properties"]["channelId"]["title"], "Channel id");
        assert_eq!(schema["properties"]["kind"]["oneOf"][1], json!({ "const": "b", "title": "Second" }));
        let hints = json!({ "choices": { "from": ["channelId"], "search": false }, "more": true });
        assert_eq!(schema["properties"]["tags"]["x-form"], hints);
        assert_eq!(part::hints::faults(&schema), Vec::<String>::new());
    }
}
