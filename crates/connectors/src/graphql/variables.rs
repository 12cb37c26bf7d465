//! Whether what an operation sends fits its variables.

use indexmap::IndexMap;
use model::Value;

use super::document::{Operation, Type};
use super::schema::{Inputs, Known, Schema};
use super::{Fault, below};
use crate::drift::Kind;
use crate::drift::sent::{Sendings, Sent};
use crate::manifest::{self, Param, Place, Values};

/// Deepest value that is compared.
const DEEP: usize = 12;

/// What is sent for a variable, or for a field inside one.
#[derive(Default)]
struct Given<'a> {
    /// It is sent whatever a person fills in.
    always: bool,
    /// A person fills it in.
    param: Option<&'a Param>,
    /// It is always this.
    fixed: Option<&'a Value>,
    /// An object of these is sent.
    fields: IndexMap<&'a str, Given<'a>>,
}

/// What is wrong with what is sent for the variables of an operation. `paged` are variables that the reading of lists
/// sends, with whether it sends them from the first page on.
pub fn faults<'a>(
    operation: &Operation,
    schema: Option<&Schema>,
    sendings: &'a Sendings<'a>,
    paged: &[(&'a str, bool)],
) -> Vec<Fault> {
    let mut whole = Given::default();
    for sent in sendings.all.iter().filter(|sent| sent.place == Place::Body) {
        whole.put(&sent.wire, sent);
    }
    for (name, always) in paged {
        whole.fields.entry(*name).or_default().always |= *always;
    }
    let mut held = Held { schema, faults: Vec::new() };
    for variable in &operation.variables {
        let path = format!("${}", variable.name);
        let given = whole.fields.get(variable.name.as_str());
        if variable.kind.is_required() && variable.default.is_none() && !sendings.open_body {
            held.required(given, true, &path, &format!("`${}`, a `{}`", variable.name, variable.kind));
        }
        if let Some(given) = given {
            held.value(given, &variable.kind, &path, 0);
        }
    }
    for name in whole.fields.keys() {
        if !operation.variables.iter().any(|variable| variable.name == *name) {
            let names = operation.variables.iter().map(|variable| variable.name.as_str());
            let says = format!("`{name}` is sent, and the document declares no `${name}`");
            held.faults.push(Fault::new(Kind::ParameterUnknown, format!("${name}"), says).near(name, names));
        }
    }
    held.faults
}

impl<'a> Given<'a> {
    fn put(&mut self, wire: &'a [String], sent: &Sent<'a>) {
        let always = match sent.param {
            Some((_, param)) => (param.required || param.default.is_some()) && param.when.is_empty(),
            None => true,
        };
        self.always |= always;
        match wire.split_first() {
            Some((first, rest)) => self.fields.entry(first).or_default().put(rest, sent),
            None => {
                self.param = sent.param.map(|(_, param)| param);
                self.fixed = sent.fixed;
            }
        }
    }
}

/// What a type by its name is.
enum Named<'s> {
    Text,
    Id,
    Int,
    Float,
    Boolean,
    Words(&'s IndexMap<String, Option<String>>),
    Fields(&'s Inputs),
    /// Only the service knows, or the schema is not there.
    Any,
}

struct Held<'s> {
    schema: Option<&'s Schema>,
    faults: Vec<Fault>,
}

impl<'s> Held<'s> {
    fn found(&mut self, kind: Kind, path: &str, says: String) {
        self.faults.push(Fault::new(kind, path, says));
    }

    fn named(&self, name: &str) -> Named<'s> {
        match name {
            "String" => Named::Text,
            "ID" => Named::Id,
            "Int" => Named::Int,
            "Float" => Named::Float,
            "Boolean" => Named::Boolean,
            other => match self.schema.and_then(|schema| schema.types.get(other)) {
                Some(Known::Enum(values)) => Named::Words(values),
                Some(Known::Input(fields)) => Named::Fields(fields),
                _ => Named::Any,
            },
        }
    }

    /// Something that must be sent. `certain`: what it belongs to is always sent.
    fn required(&mut self, given: Option<&Given<'_>>, certain: bool, path: &str, what: &str) {
        let fault = match given {
            Some(given) if given.always => return,
            None => Fault::new(Kind::RequiredMissing, path, format!("{what} must be sent")),
            // Only whoever fills in nothing at all sends nothing.
            Some(given) if given.param.is_none() => {
                let says = format!("{what} must be sent, and nothing of it is when nothing is filled in");
                Fault::new(Kind::RequiredOptional, path, says)
            }
            Some(_) => {
                let says = format!("{what} must be sent, and the form does not ask for it");
                Fault::new(Kind::RequiredOptional, path, says).breaks()
            }
        };
        self.faults.push(if certain { fault } else { fault.warns() });
    }

    fn value(&mut self, given: &Given<'_>, kind: &Type, path: &str, depth: usize) {
        if depth >= DEEP {
            return;
        }
        if let Some(param) = given.param {
            self.param(param, kind, path, depth);
        }
        if let Some(fixed) = given.fixed {
            self.fixed(fixed, kind, path);
        }
        if given.fields.is_empty() {
            return;
        }
        let kind = kind.plain();
        let fields = match (kind, self.named(kind.name())) {
            (Type::Named(_), Named::Fields(fields)) => fields,
            (Type::Named(_), Named::Any) => return,
            _ => return self.found(Kind::TypeChanged, path, format!("fields are sent, and it is a `{kind}`")),
        };
        for (name, inner) in &given.fields {
            let path = below(path, name);
            match fields.get(*name) {
                Some(input) => {
                    self.deprecated(input.deprecated.as_ref(), kind.name(), name, &path);
                    self.value(inner, &input.kind, &path, depth + 1);
                }
                None => self.gone(fields, kind.name(), name, &path),
            }
        }
        for (name, _) in fields.iter().filter(|(_, input)| input.is_required()) {
            let path = below(path, name);
            let what = format!("`{name}` of `{}`", kind.name());
            self.required(given.fields.get(name.as_str()), given.always, &path, &what);
        }
    }

    fn gone(&mut self, fields: &Inputs, of: &str, name: &str, path: &str) {
        let fault = Fault::new(Kind::ArgumentGone, path, format!("`{of}` has no field `{name}`"));
        self.faults.push(fault.near(name, fields.keys().map(String::as_str)));
    }

    fn deprecated(&mut self, reason: Option<&String>, of: &str, name: &str, path: &str) {
        if let Some(reason) = reason {
            self.found(Kind::Deprecated, path, format!("`{name}` of `{of}` is going to be taken away: {reason}"));
        }
    }

    /// What a person fills in.
    fn param(&mut self, param: &Param, kind: &Type, path: &str, depth: usize) {
        use manifest::Type as Ours;
        // An expression makes something else of it.
        if param.send.is_some() || depth >= DEEP || matches!(param.kind, Ours::Any | Ours::File) {
            return;
        }
        let kind = kind.plain();
        let as_text = param.json || param.join.is_some();
        if let Type::List(inner) = kind {
            return match (param.kind, &param.items) {
                (Ours::Array, Some(items)) if !as_text => self.param(items, inner, &format!("{path}[]"), depth + 1),
                (Ours::Array, None) if !as_text => {}
                // One value stands for a list of one.
                _ => self.param(param, inner, path, depth + 1),
            };
        }
        let ours = if as_text { Ours::String } else { param.kind };
        let named = self.named(kind.name());
        let fits = match &named {
            Named::Any => true,
            Named::Text => matches!(ours, Ours::String | Ours::Date | Ours::DateTime),
            Named::Id => matches!(ours, Ours::String | Ours::Integer),
            Named::Int => ours == Ours::Integer,
            Named::Float => matches!(ours, Ours::Integer | Ours::Number),
            Named::Boolean => ours == Ours::Boolean,
            Named::Words(_) => ours == Ours::String,
            Named::Fields(_) => ours == Ours::Object,
        };
        if !fits {
            let ours = format!("{ours:?}").to_lowercase();
            return self.found(Kind::TypeChanged, path, format!("it is of the type `{ours}` here, and `{kind}` there"));
        }
        match named {
            Named::Words(words) => {
                for value in param.values.iter().flat_map(listed).chain(param.default.iter().map(text)) {
                    self.word(words, kind.name(), &value, path);
                }
            }
            Named::Fields(fields) if !param.fields.is_empty() => self.fields(param, fields, kind.name(), path, depth),
            _ => {}
        }
    }

    fn fields(&mut self, param: &Param, fields: &Inputs, of: &str, path: &str, depth: usize) {
        let wire = |name: &String, field: &Param| field.wire.clone().unwrap_or_else(|| name.clone());
        // What is spread, or lies deeper than its name says, nobody can name here.
        if param.fields.iter().any(|(name, field)| field.spread || wire(name, field).contains('.')) {
            return;
        }
        for (name, field) in &param.fields {
            let name = wire(name, field);
            let path = below(path, &name);
            match fields.get(&name) {
                Some(input) => {
                    self.deprecated(input.deprecated.as_ref(), of, &name, &path);
                    self.param(field, &input.kind, &path, depth + 1);
                    if input.is_required() && !field.required && field.default.is_none() {
                        let says = format!("`{name}` of `{of}` must be sent, and the form does not ask for it");
                        self.faults.push(Fault::new(Kind::RequiredOptional, path, says).breaks());
                    }
                }
                None => self.gone(fields, of, &name, &path),
            }
        }
        let named: Vec<String> = param.fields.iter().map(|(name, field)| wire(name, field)).collect();
        for (name, _) in fields.iter().filter(|(name, input)| input.is_required() && !named.contains(name)) {
            self.found(Kind::RequiredMissing, &below(path, name), format!("`{name}` of `{of}` must be sent"));
        }
    }

    fn word(&mut self, words: &IndexMap<String, Option<String>>, of: &str, value: &str, path: &str) {
        match words.get(value) {
            Some(Some(reason)) => {
                let says = format!("the value `{value}` of `{of}` is going to be taken away: {reason}");
                self.found(Kind::Deprecated, path, says);
            }
            Some(None) => {}
            None => {
                let fault = Fault::new(Kind::ValueGone, path, format!("`{of}` has no value `{value}`"));
                self.faults.push(fault.near(value, words.keys().map(String::as_str)));
            }
        }
    }

    /// What is always sent.
    fn fixed(&mut self, value: &Value, kind: &Type, path: &str) {
        let kind = kind.plain();
        if let Type::List(inner) = kind {
            return self.fixed(value, inner, path);
        }
        let fits = match self.named(kind.name()) {
            Named::Any => true,
            Named::Text => value.is_string(),
            Named::Id => value.is_string() || value.is_i64() || value.is_u64(),
            Named::Int => value.is_i64() || value.is_u64(),
            Named::Float => value.is_number(),
            Named::Boolean => value.is_boolean(),
            Named::Fields(_) => false,
            Named::Words(words) => match value.as_str() {
                Some(word) => return self.word(words, kind.name(), word, path),
                None => false,
            },
        };
        if !fits {
            self.found(Kind::TypeChanged, path, format!("it is always {value}, and a `{kind}` there"));
        }
    }
}

fn listed(values: &Values) -> Vec<String> {
    match values {
        Values::List(list) => list.iter().map(text).collect(),
        Values::Titled(titles) => titles.keys().cloned().collect(),
    }
}

fn text(value: &Value) -> String {
    part::lenient::to_text(value.clone())
}
