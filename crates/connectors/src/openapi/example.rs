//! Values that a schema takes: examples of the document where they fit, else the least that must be there.

use std::cell::Cell;

use model::{Map, Value};
use serde_json::json;

use super::schema::{alternatives, fits, in_bounds, kind, matches, merged};
use super::{DEEP, Document, pattern};

/// Steps that are spent on one value. After that, the first of several alternatives is taken.
const STEPS: usize = 4_000;
/// Longest example of the document that is taken over, as JSON.
const LONGEST: usize = 2_000;
/// Alternatives of which the first that fits is taken.
const TRIED: usize = 12;

/// Makes values of a document's schemas.
pub struct Examples<'a> {
    document: &'a Document,
    left: Cell<usize>,
}

impl<'a> Examples<'a> {
    /// For one value.
    pub fn new(document: &'a Document) -> Examples<'a> {
        Examples { document, left: Cell::new(STEPS) }
    }

    /// A value that is sent: one of `given` if it fits, else what the schema gives.
    pub fn of(&self, schema: &Value, given: &[&Value]) -> Value {
        let fit = given.iter().copied().find(|value| is_usable(value) && self.fits(schema, value));
        fit.cloned().unwrap_or_else(|| self.made(schema, 0))
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        !value.is_null() && *value != "" && fits(self.document, schema, value, 0)
    }

    fn made(&self, schema: &Value, depth: usize) -> Value {
        let whole = merged(self.document, schema, 0);
        if depth > DEEP || self.left.get() == 0 {
            return match kind(&whole) {
                Some("array") => json!([]),
                Some("object") | None => json!({}),
                Some(_) => self.said(schema, &whole).unwrap_or_else(|| self.plain(&whole, depth, false)),
            };
        }
        self.left.set(self.left.get() - 1);
        if let Some(value) = self.said(schema, &whole) {
            return value;
        }
        let lists = alternatives(&whole);
        if !lists.is_empty() {
            return self.chosen(schema, &whole, &lists, depth);
        }
        let least = self.plain(&whole, depth, false);
        if whole.get("properties").is_none() || depth > 3 || self.fits(schema, &least) {
            return least;
        }
        // Something of what may be there must be.
        let full = self.plain(&whole, depth, true);
        if self.fits(schema, &full) { full } else { least }
    }

    /// What the document itself gives as a value.
    fn said(&self, schema: &Value, whole: &Value) -> Option<Value> {
        let first = |key: &str| whole[key].as_array().and_then(|values| values.first());
        let values = whole["enum"].as_array().into_iter().flatten();
        let said = [whole.get("const")].into_iter().flatten().chain(values);
        if let Some(value) =
            said.filter(|value| !value.is_null() && **value != "").find(|value| self.fits(schema, value))
        {
            return Some(value.clone());
        }
        let examples = [whole.get("example"), first("examples"), whole.get("default"), whole.get("x-example")];
        let fit = examples.into_iter().flatten().find(|value| is_usable(value) && self.fits(schema, value));
        // Where values are of another type than the schema says, they still are the only ones.
        let any = || whole["enum"].as_array()?.iter().find(|value| !value.is_null() && **value != "");
        fit.or_else(any).cloned()
    }

    /// A value of the first alternative with which the whole fits.
    fn chosen(&self, schema: &Value, whole: &Value, lists: &[&Vec<Value>], depth: usize) -> Value {
        let mut rest: Map = whole.as_object().cloned().unwrap_or_default();
        ["oneOf", "anyOf", "x-further", "discriminator"].iter().for_each(|key| drop(rest.shift_remove(*key)));
        let rest = Value::Object(rest);
        let others = lists[1..].iter().filter_map(|list| list.first());
        let others: Vec<Value> = others.cloned().collect();
        let (mut first, mut tried) = (None, Vec::new());
        for alternative in lists[0].iter().filter(|one| one["type"] != "null").take(TRIED) {
            let parts: Vec<Value> =
                [rest.clone(), alternative.clone()].into_iter().chain(others.iter().cloned()).collect();
            let both = json!({ "allOf": parts });
            let mut value = self.made(&both, depth + 1);
            self.tell(whole, alternative, &mut value);
            if self.fits(schema, &value) {
                return value;
            }
            first.get_or_insert(value);
            tried.push(both);
            if self.left.get() == 0 {
                break;
            }
        }
        // What fits several alternatives as it is may fit one of them with all that may be there.
        for both in tried.iter().filter(|_| depth < 3).take(4) {
            let value = self.plain(&merged(self.document, both, 0), depth + 1, true);
            if self.fits(schema, &value) {
                return value;
            }
        }
        first.unwrap_or_else(|| self.plain(&rest, depth, false))
    }

    /// Puts the word that tells an alternative from the others to its place.
    fn tell(&self, whole: &Value, alternative: &Value, value: &mut Value) {
        let Some(name) = whole["discriminator"]["propertyName"].as_str() else { return };
        let Some(place) = alternative["$ref"].as_str() else { return };
        let last = place.rsplit('/').next().unwrap_or_default();
        let mapping = whole["discriminator"]["mapping"].as_object();
        let word = mapping.into_iter().flatten().find(|(_, leads)| *leads == place || *leads == last);
        let word = word.map_or(last, |(word, _)| word.as_str());
        let property = merged(self.document, alternative, 0)["properties"][name].clone();
        let word = Value::from(word);
        if let Some(fields) = value.as_object_mut()
            && (property.is_null() || fits(self.document, &property, &word, 0))
        {
            fields.insert(name.to_owned(), word);
        }
    }

    /// A value of a schema that has no alternatives: with all that may be there (`full`), or with what must be.
    fn plain(&self, whole: &Value, depth: usize, full: bool) -> Value {
        match kind(whole) {
            Some("object") => self.object(whole, depth, full),
            Some("array") => self.list(whole, depth),
            Some("string") => text(whole).into(),
            Some("integer") => number(whole, true),
            Some("number") => number(whole, false),
            Some("boolean") => true.into(),
            Some("file") => "content".into(),
            _ if depth == 0 => json!({}),
            _ => "a".into(),
        }
    }

    fn object(&self, whole: &Value, depth: usize, full: bool) -> Value {
        let none = Map::new();
        let properties = whole["properties"].as_object().unwrap_or(&none);
        let required: Vec<&str> =
            whole["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let more = whole.get("additionalProperties").filter(|more| more.is_object());
        let mut fields = Map::new();
        for name in &required {
            let value = match properties.get(*name) {
                Some(property) if self.is_read_only(property) => continue,
                Some(property) => self.made(property, depth + 1),
                None => more.map_or_else(|| "a".into(), |more| self.made(more, depth + 1)),
            };
            fields.insert((*name).to_owned(), value);
        }
        let least = whole["minProperties"].as_u64().unwrap_or_default().min(20) as usize;
        for (name, property) in properties {
            if (full || fields.len() < least) && !fields.contains_key(name) && !self.is_read_only(property) {
                fields.insert(name.clone(), self.made(property, depth + 1));
            }
        }
        let mut names = ('a'..='z').map(String::from);
        while let (true, Some(name)) = (fields.len() < least, names.next()) {
            let value = more.map_or_else(|| "a".into(), |more| self.made(more, depth + 1));
            fields.entry(name).or_insert(value);
        }
        fields.into()
    }

    fn is_read_only(&self, property: &Value) -> bool {
        property["readOnly"] == true || merged(self.document, property, 0)["readOnly"] == true
    }

    fn list(&self, whole: &Value, depth: usize) -> Value {
        let first: Vec<Value> =
            whole["prefixItems"].as_array().into_iter().flatten().map(|one| self.made(one, depth + 1)).collect();
        let least = whole["minItems"].as_u64().unwrap_or_default().min(50) as usize;
        let most = whole["maxItems"].as_u64().unwrap_or(u64::MAX) as usize;
        let items = &whole["items"];
        let mut values = first;
        // One shows what is wanted, unless it goes down without an end.
        let wanted = if depth >= DEEP / 2 { least } else { least.max(1) };
        while values.len() < wanted.min(most) {
            let mut value = if items.is_null() { "a".into() } else { self.made(items, depth + 1) };
            if values.contains(&value) {
                value = self.another(items, &value, &values);
            }
            values.push(value);
        }
        values.into()
    }

    /// A value that is not there yet.
    fn another(&self, items: &Value, value: &Value, there: &[Value]) -> Value {
        let whole = merged(self.document, items, 0);
        let known = whole["enum"].as_array().into_iter().flatten().find(|known| !there.contains(known));
        let count = there.len();
        known.cloned().unwrap_or_else(|| match value {
            Value::String(text) => format!("{text}{count}").into(),
            Value::Number(number) => json!(number.as_i64().unwrap_or_default() + count as i64),
            other => other.clone(),
        })
    }
}

/// Whether an example can be sent: it is not long, and no blank that somebody has yet to fill in.
fn is_usable(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let blank = text.contains("{{") || (text.starts_with('<') && text.ends_with('>'));
            text.len() <= LONGEST && !blank
        }
        Value::Object(_) | Value::Array(_) => value.to_string().len() <= LONGEST,
        _ => true,
    }
}

/// A text of a schema.
fn text(whole: &Value) -> String {
    let usual = match whole["format"].as_str().unwrap_or_default() {
        "date-time" => "2026-03-02T10:00:00Z",
        "date" => "2026-03-02",
        "time" => "10:00:00Z",
        "duration" => "P1D",
        "uri" | "url" | "iri" | "uri-reference" | "uri-template" => "https://example.com",
        "email" | "idn-email" => "a@example.com",
        "uuid" | "guid" => "00000000-0000-4000-8000-000000000000",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" | "ip" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" | "base64" => "YWJj",
        "int32" | "int64" => "1",
        "json-pointer" => "/a",
        "relative-json-pointer" => "0",
        _ => "a",
    };
    let least = whole["minLength"].as_u64().unwrap_or_default().min(LONGEST as u64) as usize;
    let most = whole["maxLength"].as_u64().unwrap_or(u64::MAX) as usize;
    let is_good = |text: &str| (least..=most).contains(&text.chars().count());
    match whole["pattern"].as_str() {
        Some(pattern) => {
            if matches(pattern, usual) == Some(true) && is_good(usual) {
                return usual.to_owned();
            }
            let tried = (0..8).chain([16, 32, 64, 128, 256]).map(|more| pattern::text(pattern, more));
            let fit = tried.into_iter().find(|text| is_good(text) && !text.is_empty());
            fit.unwrap_or_else(|| stretched(&pattern::text(pattern, 0), least, most))
        }
        None if is_good(usual) => usual.to_owned(),
        None => match whole["format"].as_str() {
            Some("uri" | "url") if least > usual.len() => format!("{usual}/{}", "a".repeat(least - usual.len())),
            Some("email") if least > usual.len() => format!("{}{usual}", "a".repeat(least - usual.len())),
            Some("byte" | "base64") => "YWJj".repeat(least.div_ceil(4)),
            _ => stretched(usual, least, most),
        },
    }
}

fn stretched(text: &str, least: usize, most: usize) -> String {
    let filled = text.chars().chain(std::iter::repeat('a'));
    filled.take(text.chars().count().clamp(least.max(1), most.max(least).max(1))).collect()
}

/// A number of a schema: 1, or the next one within its bounds.
fn number(whole: &Value, is_whole: bool) -> Value {
    let none = Map::new();
    let schema = whole.as_object().unwrap_or(&none);
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = bound("minimum").or(bound("exclusiveMinimum"));
    let most = bound("maximum").or(bound("exclusiveMaximum"));
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let unit = step.unwrap_or(if is_whole { 1.0 } else { 0.5 });
    let next = |from: f64| (from / unit).ceil() * unit;
    let before = |to: f64| (to / unit).floor() * unit;
    let lower = least.map(|least| [next(least), next(least) + unit]);
    let upper = most.map(|most| [before(most), before(most) - unit]);
    let between = least.zip(most).map(|(least, most)| least.midpoint(most));
    let tried = [1.0, unit].into_iter().chain(lower.into_iter().flatten()).chain(upper.into_iter().flatten());
    let fit = tried.chain(between).find(|number| in_bounds(schema, *number) && (!is_whole || number.fract() == 0.0));
    let number = fit.unwrap_or(1.0);
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of a schema, which it must fit.
    fn check(schema: Value, expect: Value) {
        let root = json!({ "openapi": "3.1.0", "s": {
            "tree": { "type": "object", "required": ["name"], "properties": {
                "name": { "type": "string" }, "children": { "type": "array", "items": { "$ref": "#/s/tree" } } } },
            "cat": { "type": "object", "required": ["kind", "lives"], "properties": {
                "kind": { "type": "string" }, "lives": { "type": "integer", "minimum": 2 } } },
        } });
        let document = Document { root, old: false, lost: Vec::new() };
        let value = Examples::new(&document).of(&schema, &[]);
        assert!(fits(&document, &schema, &value, 0), "{schema}: {value}");
        assert_eq!(value, expect, "{schema}");
    }

    #[test]
    fn values_fit_their_schemas() {
        check(json!({ "type": "string", "minLength": 3 }), json!("aaa"));
        check(json!({ "type": "string", "pattern": "^[A-Z]{2}\\d+$", "minLength": 5 }), json!("AA111"));
        check(json!({ "type": "string", "nullable": true, "enum": ["", null, "b"] }), json!("b"));
        check(json!({ "type": "string", "format": "uuid" }), json!("00000000-0000-4000-8000-000000000000"));
        check(json!({ "type": "integer", "minimum": 0, "maximum": 0 }), json!(0));
        check(json!({ "type": "integer", "exclusiveMinimum": 4, "multipleOf": 5 }), json!(5));
        check(
            json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "exclusiveMaximum": true }),
            json!(0.5),
        );
        check(
            json!({ "type": "array", "minItems": 2, "uniqueItems": true, "items": { "enum": ["a", "b", "c"] } }),
            json!(["a", "b"]),
        );
        check(json!({ "type": "string", "example": "too long", "maxLength": 3 }), json!("a"));
        check(json!({ "type": "string", "example": "two" }), json!("two"));
    }

    #[test]
    fn objects_have_what_must_be_there() {
        check(json!({ "$ref": "#/s/tree" }), json!({ "name": "a" }));
        check(
            json!({ "type": "object", "required": ["id", "a"], "properties": {
            "id": { "type": "integer", "readOnly": true }, "a": { "type": "boolean" } } }),
            json!({ "a": true }),
        );
        check(
            json!({ "type": "object", "minProperties": 1, "additionalProperties": { "type": "integer" } }),
            json!({ "a": 1 }),
        );
        check(
            json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "integer" } },
            "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] }),
            json!({ "a": "a" }),
        );
        check(
            json!({ "type": "object", "properties": { "a": { "type": "string" } }, "not": { "maxProperties": 0 } }),
            json!({ "a": "a" }),
        );
    }

    #[test]
    fn the_alternative_that_fits_is_taken() {
        check(json!({ "oneOf": [{ "type": "null" }, { "type": "string", "maxLength": 1 }] }), json!("a"));
        check(
            json!({ "discriminator": { "propertyName": "kind", "mapping": { "feline": "#/s/cat" } },
            "oneOf": [{ "$ref": "#/s/cat" }] }),
            json!({ "kind": "feline", "lives": 2 }),
        );
        check(
            json!({ "allOf": [
            { "anyOf": [{ "type": "object", "required": ["a"], "properties": { "a": { "const": 1 } } }] },
            { "oneOf": [{ "type": "object", "required": ["b"], "properties": { "b": { "const": 2 } } }] },
        ] }),
            json!({ "a": 1, "b": 2 }),
        );
    }
}
