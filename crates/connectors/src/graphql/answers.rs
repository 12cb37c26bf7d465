//! Whether what is read of an answer, and what fixtures answer, is what the document asks for.

use model::Value;

use super::document::{Document, Field, Selection, Type};
use super::schema::{Known, Schema};
use super::{Fault, below};
use crate::drift::Kind;

/// Deepest value that is compared, and deepest chain of fragments.
const DEEP: usize = 32;

/// Where in an answer one is: the fields that are asked for there, each with the type that it is a field of.
type Asked<'a> = Vec<(&'a Field, Option<&'a str>)>;

/// The first step of a path below `data` that the document does not ask for. Numbers and `*` go into lists.
pub fn gone(document: &Document, path: &str) -> Option<String> {
    let operation = document.operations.first()?;
    let mut here = Vec::new();
    fields(document, &operation.selection, None, &mut here, 0);
    let mut before = String::new();
    let mut at_leaf = false;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        // Inside of a value without fields, and in what every list has, nobody knows.
        if at_leaf || step == "length" {
            return None;
        }
        if step == "*" || step.parse::<i64>().is_ok() {
            continue;
        }
        before = below(&before, step);
        let found: Asked<'_> = here.into_iter().filter(|(field, _)| field.answered() == step).collect();
        if found.is_empty() {
            return Some(before);
        }
        at_leaf = found.iter().all(|(field, _)| field.selection.is_empty());
        here = Vec::new();
        for (field, _) in found {
            fields(document, &field.selection, None, &mut here, 0);
        }
    }
    None
}

/// What a fixture's answer has that the document does not ask for, or that is of another type than the schema says.
pub fn faults(document: &Document, schema: Option<&Schema>, data: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(operation) = document.operations.first() {
        let on = schema.and_then(|schema| schema.roots.get(&operation.root)).map(String::as_str);
        let mut here = Vec::new();
        fields(document, &operation.selection, on, &mut here, 0);
        object(document, schema, &here, data, "", &mut faults, 0);
    }
    faults
}

/// All fields of a selection, those of fragments among them.
fn fields<'a>(document: &'a Document, all: &'a [Selection], on: Option<&'a str>, found: &mut Asked<'a>, depth: usize) {
    if depth >= DEEP {
        return;
    }
    for one in all {
        match one {
            Selection::Field(field) => found.push((field, on)),
            Selection::Inline(condition, _, inner) => {
                fields(document, inner, condition.as_deref().or(on), found, depth + 1);
            }
            Selection::Spread(name, _) => {
                if let Some(fragment) = document.fragments.get(name) {
                    fields(document, &fragment.selection, Some(&fragment.on), found, depth + 1);
                }
            }
        }
    }
}

fn object(
    document: &Document,
    schema: Option<&Schema>,
    here: &Asked<'_>,
    value: &Value,
    path: &str,
    faults: &mut Vec<Fault>,
    depth: usize,
) {
    let Some(map) = value.as_object().filter(|_| depth < DEEP) else { return };
    for (name, inner) in map {
        let path = below(path, name);
        let asked: Vec<_> = here.iter().filter(|(field, _)| field.answered() == name).collect();
        if asked.is_empty() {
            let says = format!("a fixture answers with `{path}`, which the document does not ask for");
            let fault = Fault::new(Kind::FieldGone, path, says).warns();
            faults.push(fault.near(name, here.iter().map(|(field, _)| field.answered())));
            continue;
        }
        let known = asked.iter().find_map(|(field, on)| Some(&schema?.fields((*on)?)?.get(&field.name)?.kind));
        let mut below = Vec::new();
        for (field, on) in asked {
            let inside = schema.and_then(|schema| Some(schema.fields((*on)?)?.get(&field.name)?.kind.name()));
            fields(document, &field.selection, inside, &mut below, 0);
        }
        one(document, schema, &below, known, inner, &path, faults, depth + 1);
    }
}

fn one(
    document: &Document,
    schema: Option<&Schema>,
    here: &Asked<'_>,
    kind: Option<&Type>,
    value: &Value,
    path: &str,
    faults: &mut Vec<Fault>,
    depth: usize,
) {
    if depth >= DEEP {
        return;
    }
    let mut wrong = |says: String| faults.push(Fault::new(Kind::TypeChanged, path, says).warns());
    if value.is_null() {
        if let Some(kind) = kind.filter(|kind| kind.is_required()) {
            wrong(format!("a fixture answers `{path}` with null, and it is a `{kind}`"));
        }
        return;
    }
    let plain = kind.map(Type::plain);
    match (value, plain) {
        (Value::Array(list), Some(Type::List(inner))) => {
            for element in list {
                one(document, schema, here, Some(inner), element, &format!("{path}[]"), faults, depth + 1);
            }
        }
        (Value::Array(list), None) => {
            for element in list {
                one(document, schema, here, None, element, &format!("{path}[]"), faults, depth + 1);
            }
        }
        (_, Some(Type::List(_))) => {
            wrong(format!("a fixture answers `{path}` with {}, and it is a list", shown(value)))
        }
        (_, Some(Type::Named(name))) if !could_be(schema, name, value) => {
            wrong(format!("a fixture answers `{path}` with {}, and it is a `{name}`", shown(value)));
        }
        // A value that has no fields of its own may be any JSON.
        (Value::Object(_), _) if here.is_empty() => {}
        _ => object(document, schema, here, value, path, faults, depth),
    }
}

/// Whether a value that is answered can be of a type.
fn could_be(schema: Option<&Schema>, name: &str, value: &Value) -> bool {
    match name {
        "Int" => value.is_i64() || value.is_u64(),
        "Float" => value.is_number(),
        "String" => value.is_string(),
        "ID" => value.is_string() || value.is_i64() || value.is_u64(),
        "Boolean" => value.is_boolean(),
        other => match schema.and_then(|schema| schema.types.get(other)) {
            Some(Known::Enum(values)) => value.as_str().is_some_and(|word| values.contains_key(word)),
            Some(Known::Object(..) | Known::Interface(_) | Known::Union(_)) => value.is_object(),
            _ => true,
        },
    }
}

/// The beginning of a value.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
