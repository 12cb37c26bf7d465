//! Whether a document is one that the service takes.

use std::collections::BTreeSet;

use super::document::{Directive, Document, Field, Literal, Operation, Selection, Type};
use super::schema::{Inputs, Known, Schema};
use super::{Fault, below};
use crate::drift::Kind;

/// Directives that every service has.
const EVERYWHERE: &[&str] = &["include", "skip"];
/// Types that every service has.
const BUILT_IN: &[&str] = &["Boolean", "Float", "ID", "Int", "String"];

/// What is wrong with a document; without a schema, what is wrong whatever the schema is.
pub fn faults(document: &Document, schema: Option<&Schema>) -> Vec<Fault> {
    let broken = |says: &str| vec![Fault::new(Kind::DocumentInvalid, "", says)];
    let operation = match document.operations.as_slice() {
        [operation] => operation,
        [] => return broken("the document has no operation"),
        _ => return broken("the document has several operations, and nothing says which one is asked for"),
    };
    let mut walk = Walk { document, schema, operation, used: BTreeSet::new(), spread: Vec::new(), faults: Vec::new() };
    walk.variables();
    walk.directives(&operation.directives, "");
    let root = schema.map(|schema| schema.roots.get(&operation.root));
    match root {
        Some(None) => {
            walk.invalid("", format!("the schema has no {}", operation.root.word()));
            walk.selection(&operation.selection, None, "", &mut Vec::new());
        }
        Some(Some(name)) => walk.selection(&operation.selection, Some(name), "", &mut Vec::new()),
        None => walk.selection(&operation.selection, None, "", &mut Vec::new()),
    }
    walk.unused();
    walk.faults
}

struct Walk<'a> {
    document: &'a Document,
    schema: Option<&'a Schema>,
    operation: &'a Operation,
    /// Variables that are used.
    used: BTreeSet<&'a str>,
    /// Fragments that are spread.
    spread: Vec<&'a str>,
    faults: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn found(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn invalid(&mut self, path: &str, says: impl Into<String>) {
        self.found(Fault::new(Kind::DocumentInvalid, path, says));
    }

    fn deprecated(&mut self, path: &str, what: String, reason: Option<&String>) {
        if let Some(reason) = reason {
            self.found(Fault::new(Kind::Deprecated, path, format!("{what} is going to be taken away: {reason}")));
        }
    }

    fn variables(&mut self) {
        let (operation, mut seen) = (self.operation, BTreeSet::new());
        for variable in &operation.variables {
            let path = format!("${}", variable.name);
            if !seen.insert(&variable.name) {
                self.invalid(&path, format!("`${}` is declared twice", variable.name));
            }
            self.directives(&variable.directives, &path);
            let name = variable.kind.name();
            if let Some(schema) = self.schema
                && !BUILT_IN.contains(&name)
            {
                match schema.types.get(name) {
                    Some(Known::Scalar | Known::Enum(_) | Known::Input(_)) => {}
                    Some(_) => {
                        let says = format!("`${}` is a `{name}`, which can be asked for and not sent", variable.name);
                        self.found(Fault::new(Kind::TypeChanged, &path, says));
                    }
                    None => {
                        let sendable = schema
                            .types
                            .iter()
                            .filter(|(_, known)| matches!(known, Known::Scalar | Known::Enum(_) | Known::Input(_)));
                        let names = sendable.map(|(name, _)| name.as_str()).chain(BUILT_IN.iter().copied());
                        let says = format!("`${}` is a `{name}`, a type that is not there", variable.name);
                        self.found(Fault::new(Kind::TypeGone, &path, says).near(name, names));
                    }
                }
            }
            if let Some(default) = &variable.default {
                self.literal(default, Some(&variable.kind), &path);
            }
        }
    }

    fn unused(&mut self) {
        for variable in self.operation.variables.iter().filter(|variable| !self.used.contains(variable.name.as_str())) {
            let says = format!("`${}` is declared, and used nowhere", variable.name);
            self.faults.push(Fault::new(Kind::DocumentInvalid, format!("${}", variable.name), says));
        }
        for name in self.document.fragments.keys().filter(|name| !self.spread.contains(&name.as_str())) {
            let says = format!("the fragment `{name}` is spread nowhere");
            self.faults.push(Fault::new(Kind::DocumentInvalid, "", says));
        }
    }

    /// Fields of a type; `on` is unknown without a schema, and below what the schema does not have.
    fn selection(&mut self, all: &'a [Selection], on: Option<&'a str>, path: &str, within: &mut Vec<&'a str>) {
        for one in all {
            match one {
                Selection::Field(field) => self.field(field, on, path, within),
                Selection::Inline(condition, directives, inner) => {
                    self.directives(directives, path);
                    let narrower = match condition {
                        Some(condition) => self.condition(condition, on, path),
                        None => on,
                    };
                    self.selection(inner, narrower, path, within);
                }
                Selection::Spread(name, directives) => {
                    self.directives(directives, path);
                    let Some(fragment) = self.document.fragments.get(name) else {
                        let names = self.document.fragments.keys().map(String::as_str);
                        let fault = Fault::new(Kind::DocumentInvalid, path, format!("there is no fragment `{name}`"));
                        self.found(fault.near(name, names));
                        continue;
                    };
                    if within.contains(&name.as_str()) {
                        self.invalid(path, format!("the fragment `{name}` spreads itself"));
                        continue;
                    }
                    self.spread.push(name);
                    self.directives(&fragment.directives, path);
                    let narrower = self.condition(&fragment.on, on, path);
                    within.push(name);
                    self.selection(&fragment.selection, narrower, path, within);
                    within.pop();
                }
            }
        }
    }

    /// The type that a fragment is for, where a value of `on` can be one.
    fn condition(&mut self, name: &'a str, on: Option<&'a str>, path: &str) -> Option<&'a str> {
        let schema = self.schema?;
        match schema.types.get(name) {
            Some(Known::Object(..) | Known::Interface(_) | Known::Union(_)) => {
                let possible = schema.possible(name);
                if let Some(on) = on.filter(|on| *on != name && schema.possible(on).is_disjoint(&possible)) {
                    self.invalid(path, format!("fields of `{name}` are asked for, and a `{on}` can be none"));
                }
                Some(name)
            }
            _ => {
                let says = format!("fields of `{name}` are asked for, a type that is not there");
                let fault = Fault::new(Kind::TypeGone, path, says);
                self.found(fault.near(name, schema.types.keys().map(String::as_str)));
                None
            }
        }
    }

    fn field(&mut self, field: &'a Field, on: Option<&'a str>, above: &str, within: &mut Vec<&'a str>) {
        let path = below(above, field.answered());
        self.directives(&field.directives, &path);
        let known = self.schema.zip(on).and_then(|(schema, on)| schema.types.get(on).map(|known| (schema, on, known)));
        let output = match known {
            _ if field.name.starts_with("__") => None,
            Some((_, on, Known::Object(fields, _) | Known::Interface(fields))) => match fields.get(&field.name) {
                Some(output) => Some(output),
                None => {
                    let fault = Fault::new(Kind::FieldGone, &path, format!("`{on}` has no field `{}`", field.name));
                    self.found(fault.near(&field.name, fields.keys().map(String::as_str)));
                    None
                }
            },
            Some((_, on, Known::Union(_))) => {
                let says = format!("`{on}` is one of several types, and has no field `{}` of its own", field.name);
                self.found(Fault::new(Kind::FieldGone, &path, says));
                None
            }
            _ => None,
        };
        let Some(output) = output else {
            for (_, value) in &field.arguments {
                self.literal(value, None, &path);
            }
            self.selection(&field.selection, None, &path, within);
            return;
        };
        self.deprecated(&path, format!("the field `{}`", field.name), output.deprecated.as_ref());
        self.arguments(&field.arguments, &output.arguments, &path, &format!("`{}`", field.name));
        let inner = output.kind.name();
        let has_fields = match self.schema.and_then(|schema| schema.types.get(inner)) {
            Some(Known::Object(..) | Known::Interface(_) | Known::Union(_)) => Some(true),
            Some(_) => Some(false),
            None => BUILT_IN.contains(&inner).then_some(false),
        };
        match has_fields {
            Some(true) if field.selection.is_empty() => {
                self.invalid(&path, format!("`{}` is a `{inner}`, and none of its fields is asked for", field.name));
            }
            Some(false) if !field.selection.is_empty() => {
                self.invalid(&path, format!("`{}` is a `{inner}`, which has no fields", field.name));
            }
            _ => {}
        }
        self.selection(&field.selection, Some(inner).filter(|_| has_fields == Some(true)), &path, within);
    }

    fn directives(&mut self, all: &'a [Directive], path: &str) {
        for directive in all {
            let known = self.schema.and_then(|schema| schema.directives.as_ref());
            match known.map(|known| (known, known.get(&directive.name))) {
                Some((_, Some(arguments))) => {
                    self.arguments(&directive.arguments, arguments, path, &format!("`@{}`", directive.name));
                    continue;
                }
                Some((known, None)) if !EVERYWHERE.contains(&directive.name.as_str()) => {
                    let fault =
                        Fault::new(Kind::DirectiveGone, path, format!("there is no directive `@{}`", directive.name));
                    self.found(fault.near(&directive.name, known.keys().map(String::as_str)));
                }
                _ => {}
            }
            for (_, value) in &directive.arguments {
                self.literal(value, None, path);
            }
        }
    }

    fn arguments(&mut self, given: &'a [(String, Literal)], known: &'a Inputs, path: &str, of: &str) {
        for (name, value) in given {
            let Some(input) = known.get(name) else {
                let fault = Fault::new(Kind::ArgumentGone, path, format!("{of} takes no argument `{name}`"));
                self.found(fault.near(name, known.keys().map(String::as_str)));
                self.literal(value, None, path);
                continue;
            };
            self.deprecated(path, format!("the argument `{name}` of {of}"), input.deprecated.as_ref());
            self.sent(value, &input.kind, input.has_default, path, &format!("the argument `{name}` of {of}"));
        }
        for (name, _) in known.iter().filter(|(_, input)| input.is_required()) {
            if !given.iter().any(|(there, _)| there == name) {
                let says = format!("{of} must be asked with the argument `{name}`");
                self.found(Fault::new(Kind::RequiredMissing, path, says));
            }
        }
    }

    /// A value where a type is wanted that has a default or has none.
    fn sent(&mut self, value: &'a Literal, kind: &'a Type, has_default: bool, path: &str, what: &str) {
        let Literal::Variable(name) = value else { return self.literal(value, Some(kind), path) };
        self.used(name, path);
        let Some(variable) = self.operation.variables.iter().find(|variable| variable.name == *name) else { return };
        let filled = has_default || variable.default.as_ref().is_some_and(|default| *default != Literal::Null);
        let wanted = if filled && !variable.kind.is_required() { kind.plain() } else { kind };
        if !fits(&variable.kind, wanted) {
            let says = format!("{what} is a `{kind}`, and `${name}` a `{}`", variable.kind);
            self.found(Fault::new(Kind::TypeChanged, path, says));
        }
    }

    fn used(&mut self, name: &'a str, path: &str) {
        self.used.insert(name);
        if !self.operation.variables.iter().any(|variable| variable.name == *name) {
            let names = self.operation.variables.iter().map(|variable| variable.name.as_str());
            let fault = Fault::new(Kind::DocumentInvalid, path, format!("`${name}` is used, and not declared"));
            self.found(fault.near(name, names));
        }
    }

    /// A value that stands in the document; `kind` is unknown without a schema.
    fn literal(&mut self, value: &'a Literal, kind: Option<&'a Type>, path: &str) {
        let known = kind.and_then(|kind| self.schema?.types.get(kind.name()));
        match (value, kind.map(Type::plain)) {
            (Literal::Variable(name), None) => self.used(name, path),
            (Literal::Variable(_), Some(_)) => {
                if let Some(kind) = kind {
                    self.sent(value, kind, false, path, "the value");
                }
            }
            (Literal::Null, Some(_)) if kind.is_some_and(Type::is_required) => self.no_such(value, kind, path),
            (Literal::Null, _) => {}
            (Literal::List(all), Some(Type::List(inner))) => {
                all.iter().for_each(|one| self.literal(one, Some(inner), path));
            }
            // One value stands for a list of one.
            (_, Some(Type::List(inner))) => self.literal(value, Some(inner), path),
            (Literal::List(all), _) => {
                let has_no_lists = kind.is_some_and(|kind| BUILT_IN.contains(&kind.name()));
                if has_no_lists || matches!(known, Some(Known::Enum(_) | Known::Input(_))) {
                    self.no_such(value, kind, path);
                }
                all.iter().for_each(|one| self.literal(one, None, path));
            }
            (Literal::Object(given), Some(_)) if matches!(known, Some(Known::Input(_))) => {
                if let Some(Known::Input(fields)) = known {
                    self.object(given, fields, path, kind.map(Type::name).unwrap_or_default());
                }
            }
            (Literal::Object(given), _) => {
                if kind.is_some_and(|kind| BUILT_IN.contains(&kind.name())) || matches!(known, Some(Known::Enum(_))) {
                    self.no_such(value, kind, path);
                }
                given.iter().for_each(|(_, one)| self.literal(one, None, path));
            }
            (_, Some(Type::Named(name))) => match known {
                Some(Known::Enum(values)) => self.word(value, name, values, path),
                Some(Known::Input(_)) => self.no_such(value, kind, path),
                _ if !built_in(name, value) => self.no_such(value, kind, path),
                _ => {}
            },
            _ => {}
        }
    }

    fn no_such(&mut self, value: &Literal, kind: Option<&Type>, path: &str) {
        if let Some(kind) = kind {
            self.found(Fault::new(Kind::TypeChanged, path, format!("{value} is no `{kind}`")));
        }
    }

    fn word(
        &mut self,
        value: &Literal,
        name: &str,
        values: &'a indexmap::IndexMap<String, Option<String>>,
        path: &str,
    ) {
        let Literal::Enum(word) = value else {
            return self.found(Fault::new(Kind::TypeChanged, path, format!("{value} is no word of `{name}`")));
        };
        match values.get(word) {
            Some(reason) => self.deprecated(path, format!("the value `{word}` of `{name}`"), reason.as_ref()),
            None => {
                let fault = Fault::new(Kind::ValueGone, path, format!("`{name}` has no value `{word}`"));
                self.found(fault.near(word, values.keys().map(String::as_str)));
            }
        }
    }

    fn object(&mut self, given: &'a [(String, Literal)], fields: &'a Inputs, path: &str, of: &str) {
        for (name, value) in given {
            match fields.get(name) {
                Some(input) => {
                    self.deprecated(path, format!("`{name}` of `{of}`"), input.deprecated.as_ref());
                    self.sent(value, &input.kind, input.has_default, path, &format!("`{name}` of `{of}`"));
                }
                None => {
                    let fault = Fault::new(Kind::ArgumentGone, path, format!("`{of}` has no field `{name}`"));
                    self.found(fault.near(name, fields.keys().map(String::as_str)));
                    self.literal(value, None, path);
                }
            }
        }
        for (name, _) in fields.iter().filter(|(_, input)| input.is_required()) {
            if !given.iter().any(|(there, _)| there == name) {
                self.found(Fault::new(Kind::RequiredMissing, path, format!("`{name}` of `{of}` must be sent")));
            }
        }
    }
}

/// Whether what a variable holds can stand where a type is wanted.
fn fits(ours: &Type, wanted: &Type) -> bool {
    match (wanted, ours) {
        (Type::NonNull(wanted), Type::NonNull(ours)) => fits(ours, wanted),
        (Type::NonNull(_), _) => false,
        (wanted, Type::NonNull(ours)) => fits(ours, wanted),
        (Type::List(wanted), Type::List(ours)) => fits(ours, wanted),
        (Type::Named(wanted), Type::Named(ours)) => wanted == ours,
        _ => false,
    }
}

/// Whether a value can be of a type that every service has. Of other types nobody knows.
fn built_in(name: &str, value: &Literal) -> bool {
    match name {
        "Int" => matches!(value, Literal::Int(_)),
        "Float" => matches!(value, Literal::Int(_) | Literal::Float(_)),
        "String" => matches!(value, Literal::Text(_)),
        "ID" => matches!(value, Literal::Text(_) | Literal::Int(_)),
        "Boolean" => matches!(value, Literal::Boolean(_)),
        _ => true,
    }
}
