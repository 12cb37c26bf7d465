//! A vendor's schema: as SDL (`schema.graphql`), or as the answer to an introspection.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use model::{Code, Problem, Value};

use super::document::{Root, Type};
use super::sdl;

/// Deepest type of an introspection.
const DEEP: usize = 16;

/// Types of a service, by their names.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// What operations begin at.
    pub roots: BTreeMap<Root, String>,
    /// The types.
    pub types: BTreeMap<String, Known>,
    /// Directives with their arguments. None: the schema does not say.
    pub directives: Option<BTreeMap<String, Inputs>>,
}

/// Arguments, or fields of an input, in the schema's order.
pub type Inputs = IndexMap<String, Input>;

/// A type.
#[derive(Clone, Debug)]
pub enum Known {
    /// A value that has no parts. What it may be, only the service knows.
    Scalar,
    /// Fields that can be asked for, with the interfaces that they fulfil.
    Object(IndexMap<String, Output>, BTreeSet<String>),
    /// Fields that several types have.
    Interface(IndexMap<String, Output>),
    /// One of several types.
    Union(BTreeSet<String>),
    /// Words, with the reason why one is going to be taken away.
    Enum(IndexMap<String, Option<String>>),
    /// Fields that can be sent.
    Input(Inputs),
}

/// A field that can be asked for.
#[derive(Clone, Debug)]
pub struct Output {
    /// What it is.
    pub kind: Type,
    /// What it can be asked with.
    pub arguments: Inputs,
    /// Why it is going to be taken away.
    pub deprecated: Option<String>,
}

/// Something that can be sent.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it must be.
    pub kind: Type,
    /// Whether something counts when it is not sent.
    pub has_default: bool,
    /// Why it is going to be taken away.
    pub deprecated: Option<String>,
}

impl Input {
    /// Whether it must be sent.
    pub fn is_required(&self) -> bool {
        self.kind.is_required() && !self.has_default
    }
}

impl Schema {
    /// Reads SDL, or the answer to an introspection as JSON.
    ///
    /// # Errors
    /// It is neither, or has no type to begin at.
    pub fn read(text: &[u8]) -> Result<Schema, Problem> {
        let refused = |detail: String| Problem::new(Code::UnreadableFile, detail);
        let text = std::str::from_utf8(text).map_err(|_| refused("the schema is no text of UTF-8".into()))?;
        let text = text.trim_start_matches('\u{feff}');
        let schema = if text.trim_start().starts_with('{')
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        {
            let whole: Value = serde_json::from_str(text).map_err(|error| refused(format!("the schema: {error}")))?;
            let places = ["/data/__schema", "/__schema"];
            let Some(found) = places.iter().find_map(|place| whole.pointer(place)) else {
                let problem = refused("the JSON is no answer to an introspection: it has no `__schema`".into());
                return Err(problem.hint("give SDL, or what the service answers to an introspection query"));
            };
            introspected(found)
        } else {
            sdl::read(text).map_err(|fault| refused(format!("the schema cannot be read: {fault}")))?
        };
        match schema.roots.get(&Root::Query).and_then(|name| schema.types.get(name)) {
            Some(_) => Ok(schema),
            None => Err(refused("the schema has no type that queries begin at".into())),
        }
    }

    /// Fields that can be asked for of a type.
    pub fn fields(&self, name: &str) -> Option<&IndexMap<String, Output>> {
        match self.types.get(name)? {
            Known::Object(fields, _) | Known::Interface(fields) => Some(fields),
            _ => None,
        }
    }

    /// Fields that operations begin at.
    pub fn beginnings(&self) -> impl Iterator<Item = (Root, &String, &Output)> {
        self.roots.iter().flat_map(|(root, name)| {
            self.fields(name).into_iter().flatten().map(move |(field, output)| (*root, field, output))
        })
    }

    /// Objects that a value of a type can be.
    pub fn possible<'s>(&'s self, name: &'s str) -> BTreeSet<&'s str> {
        match self.types.get(name) {
            Some(Known::Union(types)) => types.iter().map(String::as_str).collect(),
            Some(Known::Interface(_)) => {
                let fulfils = |(object, known): (&'s String, &Known)| match known {
                    Known::Object(_, interfaces) if interfaces.contains(name) => Some(object.as_str()),
                    _ => None,
                };
                self.types.iter().filter_map(fulfils).collect()
            }
            Some(_) => [name].into(),
            None => BTreeSet::new(),
        }
    }
}

fn introspected(found: &Value) -> Schema {
    let root = |word: &str| found[word]["name"].as_str().map(str::to_owned);
    let roots =
        [(Root::Query, "queryType"), (Root::Mutation, "mutationType"), (Root::Subscription, "subscriptionType")];
    let roots = roots.into_iter().filter_map(|(kind, word)| Some((kind, root(word)?))).collect();
    let types = found["types"].as_array().into_iter().flatten().filter_map(|entry| {
        let name = entry["name"].as_str()?.to_owned();
        let names = |word: &str| entry[word].as_array().into_iter().flatten().filter_map(name_of).collect();
        let known = match entry["kind"].as_str()? {
            "OBJECT" => Known::Object(outputs(&entry["fields"]), names("interfaces")),
            "INTERFACE" => Known::Interface(outputs(&entry["fields"])),
            "UNION" => Known::Union(names("possibleTypes")),
            "ENUM" => {
                let values = entry["enumValues"].as_array().into_iter().flatten();
                Known::Enum(values.filter_map(|value| Some((name_of(value)?, deprecated(value)))).collect())
            }
            "INPUT_OBJECT" => Known::Input(inputs(&entry["inputFields"])),
            _ => Known::Scalar,
        };
        Some((name, known))
    });
    let directives = found["directives"].as_array().map(|all| {
        all.iter().filter_map(|directive| Some((name_of(directive)?, inputs(&directive["args"])))).collect()
    });
    Schema { roots, types: types.collect(), directives }
}

fn name_of(value: &Value) -> Option<String> {
    value["name"].as_str().map(str::to_owned)
}

fn deprecated(value: &Value) -> Option<String> {
    (value["isDeprecated"] == true)
        .then(|| value["deprecationReason"].as_str().unwrap_or("No longer supported").trim().to_owned())
}

fn outputs(list: &Value) -> IndexMap<String, Output> {
    let output = |field: &Value| {
        let (kind, arguments) = (kind(&field["type"], 0), inputs(&field["args"]));
        Some((name_of(field)?, Output { kind, arguments, deprecated: deprecated(field) }))
    };
    list.as_array().into_iter().flatten().filter_map(output).collect()
}

fn inputs(list: &Value) -> Inputs {
    let input = |field: &Value| {
        let has_default = field.get("defaultValue").is_some_and(|default| !default.is_null());
        Some((name_of(field)?, Input { kind: kind(&field["type"], 0), has_default, deprecated: deprecated(field) }))
    };
    list.as_array().into_iter().flatten().filter_map(input).collect()
}

fn kind(found: &Value, depth: usize) -> Type {
    let inner = || Box::new(kind(&found["ofType"], depth + 1));
    match found["kind"].as_str() {
        Some("NON_NULL") if depth < DEEP => Type::NonNull(inner()),
        Some("LIST") if depth < DEEP => Type::List(inner()),
        _ => Type::Named(name_of(found).unwrap_or_default()),
    }
}
