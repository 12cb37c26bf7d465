//! Documents out of items and queries out of texts, and back.

use base64::Engine;
use model::{Item, Map, Value};
use mongodb::bson::{Bson, DateTime, Document, oid::ObjectId};
use part::{NodeError, lenient};
use serde_json::json;

use super::params::Params;

/// Names with commas between them.
pub fn names(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// A document that an item asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// What finds the document that is changed.
    pub filter: Document,
    /// The document.
    pub document: Document,
}

/// Makes a document of an item's fields; nothing when the item has no key and is left out.
///
/// `flat`: a name with dots stays one, since that is how a change says what it changes.
pub fn make(params: &Params, item: &Item, key: Option<&str>, flat: bool) -> Result<Option<Made>, NodeError> {
    let mut fields = names(&params.fields);
    if let Some(key) = key {
        if !fields.contains(&key) {
            fields.push(key);
        }
        if item.json.get(key).is_none() && params.skip_without_key {
            return Ok(None);
        }
        if item.json.get(key).is_none() {
            return Err(NodeError::bad_data("Item is missing the updateKey field")
                .hint(format!("add `{key}` to the item before this node, or name another field"))
                .permanent());
        }
    }
    let dates = names(&params.date_fields);
    let mut document = Document::new();
    for field in fields {
        let value = match params.use_dot_notation {
            true => reach(&item.json, field).cloned().unwrap_or_default(),
            false => item.json.get(field).cloned().unwrap_or_default(),
        };
        if key == Some(field) && (value.is_object() || value.is_array()) {
            let detail = format!("The value of \"{field}\" must be a string, number, boolean, or date");
            return Err(NodeError::bad_data(detail)
                .hint("objects and lists are not taken as the value by which a document is found")
                .permanent());
        }
        let value = if dates.contains(&field) { date(field, &value)? } else { plain(value) };
        match params.use_dot_notation && !flat {
            true => put(&mut document, field, value),
            false => _ = document.insert(field, value),
        }
    }
    let Some(key) = key else { return Ok(Some(Made { filter: Document::new(), document })) };
    let mut found = document.get(key).cloned().unwrap_or(Bson::Null);
    if key == "_id" {
        document.remove("_id");
        found = id(&found)?;
    }
    Ok(Some(Made { filter: Document::from_iter([(key.to_owned(), found)]), document }))
}

fn reach<'v>(map: &'v Map, path: &str) -> Option<&'v Value> {
    if let Some(value) = map.get(path) {
        return Some(value);
    }
    let mut steps = path.split('.');
    let mut value = map.get(steps.next()?)?;
    for step in steps {
        value = match value {
            Value::Array(list) => list.get(step.parse::<usize>().ok()?)?,
            other => other.get(step)?,
        };
    }
    Some(value)
}

fn put(document: &mut Document, path: &str, value: Bson) {
    let Some((first, rest)) = path.split_once('.') else {
        document.insert(path, value);
        return;
    };
    if !matches!(document.get(first), Some(Bson::Document(_))) {
        document.insert(first, Document::new());
    }
    if let Ok(inner) = document.get_document_mut(first) {
        put(inner, rest, value);
    }
}

/// A value of an item, as it is: what looks like extended JSON in somebody's data is data.
fn plain(value: Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32),
            None => number.as_f64().map_or(Bson::Null, Bson::Double),
        },
        Value::String(text) => Bson::String(text),
        Value::Array(list) => Bson::Array(list.into_iter().map(plain).collect()),
        Value::Object(map) => Bson::Document(map.into_iter().map(|(name, value)| (name, plain(value))).collect()),
    }
}

fn date(field: &str, value: &Value) -> Result<Bson, NodeError> {
    let millis = match value {
        Value::Null => return Ok(Bson::Null),
        Value::Number(number) => number.as_f64().map(|millis| millis as i64),
        Value::String(text) if text.is_empty() => return Ok(Bson::String(String::new())),
        Value::String(text) => instant(text.trim()),
        _ => None,
    };
    let date = millis.map(|millis| Bson::DateTime(DateTime::from_millis(millis)));
    date.ok_or_else(|| {
        let shown = lenient::to_text(value.clone());
        NodeError::bad_data(format!("the field `{field}` is to be a date, and `{shown}` is none"))
            .hint("write dates as `2024-05-06T07:08:09Z`, or in milliseconds since 1970")
            .permanent()
    })
}

/// A moment, where the text says one; a date alone begins in UTC.
fn instant(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().as_millisecond())
}

/// A document's id out of its text.
fn id(value: &Bson) -> Result<Bson, NodeError> {
    let text = match value {
        Bson::ObjectId(_) => return Ok(value.clone()),
        Bson::String(text) => text.clone(),
        other => other.to_string(),
    };
    ObjectId::parse_str(&text).map(Bson::ObjectId).map_err(|_| {
        NodeError::bad_data(format!("`{text}` is no id of a document: 24 hexadecimal digits were expected")).permanent()
    })
}

/// A query out of its JSON, with its placeholders bound: one stands for a whole value or the whole name of a field, so
/// that no value can change what the query does.
pub fn query(label: &str, text: &Value, parameters: &[Value]) -> Result<Bson, NodeError> {
    let mut value = match text {
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(text)
            .map_err(|error| NodeError::bad_data(format!("Invalid JSON in '{label}': {error}")).permanent())?,
        Value::Null => json!({}),
        other => other.clone(),
    };
    if !parameters.is_empty() {
        let mut binding = Binding { label, parameters, used: vec![false; parameters.len()] };
        binding.check()?;
        value = binding.bind(value)?;
        if let Some(unused) = binding.used.iter().position(|used| !used) {
            return Err(binding.refuse(format!("parameter {} is not used", unused + 1)));
        }
    }
    meant(value)
}

/// A value of a query: `{ "$oid": … }` and `{ "$date": … }` are what they say, and everything else is as it is.
fn meant(value: Value) -> Result<Bson, NodeError> {
    match value {
        Value::Array(list) => Ok(Bson::Array(list.into_iter().map(meant).collect::<Result<_, _>>()?)),
        Value::Object(map) if map.len() == 1 && map.contains_key("$oid") => id(&plain(map["$oid"].clone())),
        Value::Object(map) if map.len() == 1 && map.contains_key("$date") => date("$date", &map["$date"]),
        Value::Object(map) => {
            let field = |(name, value)| Ok((name, meant(value)?));
            Ok(Bson::Document(map.into_iter().map(field).collect::<Result<_, NodeError>>()?))
        }
        other => Ok(plain(other)),
    }
}

/// The same where only an object will do.
pub fn document(label: &str, text: &Value, parameters: &[Value]) -> Result<Document, NodeError> {
    match query(label, text, parameters)? {
        Bson::Document(document) => Ok(document),
        _ => Err(NodeError::bad_data(format!("'{label}' is no JSON object")).permanent()),
    }
}

/// A text in the `_id` of a query is an id.
pub fn with_id(mut filter: Document) -> Result<Document, NodeError> {
    if let Some(text @ Bson::String(_)) = filter.get("_id") {
        let id = id(text)?;
        filter.insert("_id", id);
    }
    Ok(filter)
}

struct Binding<'a> {
    label: &'a str,
    parameters: &'a [Value],
    used: Vec<bool>,
}

impl Binding<'_> {
    fn refuse(&self, what: String) -> NodeError {
        NodeError::bad_data(format!("{} {what}", self.label)).permanent()
    }

    fn check(&self) -> Result<(), NodeError> {
        let scalar = |value: &Value| !value.is_object() && !value.is_array();
        let fits = |value: &Value| scalar(value) || value.as_array().is_some_and(|list| list.iter().all(scalar));
        match self.parameters.iter().position(|value| !fits(value)) {
            None => Ok(()),
            Some(at) => Err(self.refuse(format!("parameter {} must be a scalar or an array of scalars", at + 1))),
        }
    }

    fn take(&mut self, text: &str) -> Result<Option<Value>, NodeError> {
        let digits = text.strip_prefix('$').filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        let Some(digits) = digits else { return Ok(None) };
        let at = digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match at.and_then(|at| Some((at, self.parameters.get(at)?.clone()))) {
            Some((at, value)) => {
                self.used[at] = true;
                Ok(Some(value))
            }
            None => Err(self.refuse(format!("placeholder {text} has no matching value"))),
        }
    }

    fn bind(&mut self, value: Value) -> Result<Value, NodeError> {
        Ok(match value {
            Value::String(text) => self.take(&text)?.unwrap_or(Value::String(text)),
            Value::Array(list) => list.into_iter().map(|value| self.bind(value)).collect::<Result<_, _>>()?,
            Value::Object(map) => {
                let mut bound = Map::new();
                for (name, value) in map {
                    let name = match self.take(&name)? {
                        None => name,
                        Some(Value::String(field)) if !field.is_empty() && !field.starts_with('$') => field,
                        Some(_) => return Err(self.refuse(format!("placeholder {name} is not a valid field name"))),
                    };
                    let value = self.bind(value)?;
                    if bound.insert(name.clone(), value).is_some() {
                        return Err(self.refuse(format!("field name \"{name}\" is used more than once")));
                    }
                }
                Value::Object(bound)
            }
            other => other,
        })
    }
}

/// A document as an item shows it: ids in hexadecimal, dates in ISO's form, bytes in base64.
pub fn shown(document: Document) -> Map {
    document.into_iter().map(|(name, value)| (name, show(value))).collect()
}

fn show(value: Bson) -> Value {
    match value {
        Bson::Null | Bson::Undefined => Value::Null,
        Bson::Boolean(flag) => flag.into(),
        Bson::Int32(whole) => whole.into(),
        Bson::Int64(whole) => whole.into(),
        // JavaScript knows no other numbers: one without a fraction is written without.
        Bson::Double(real) if real.fract() == 0.0 && real.abs() < 9e15 => (real as i64).into(),
        Bson::Double(real) => serde_json::Number::from_f64(real).map_or(Value::Null, Value::Number),
        Bson::String(text) | Bson::Symbol(text) => text.into(),
        Bson::ObjectId(id) => id.to_hex().into(),
        Bson::DateTime(at) => match jiff::Timestamp::from_millisecond(at.timestamp_millis()) {
            Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into(),
            Err(_) => at.timestamp_millis().into(),
        },
        Bson::Binary(binary) => base64::engine::general_purpose::STANDARD.encode(binary.bytes).into(),
        Bson::Array(list) => list.into_iter().map(show).collect(),
        Bson::Document(document) => Value::Object(shown(document)),
        // Decimals, patterns and what is rarer still, as MongoDB itself writes them in JSON.
        other => serde_json::to_value(&other).unwrap_or_default(),
    }
}
