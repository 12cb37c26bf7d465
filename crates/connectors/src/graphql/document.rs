//! A document of operations, as it is judged. The parser is Apollo's; nothing else here knows it but [`super::sdl`].

use std::fmt;

use apollo_parser::cst::{self, CstNode};
use apollo_parser::{Parser, SyntaxTree};
use indexmap::IndexMap;

/// Deepest nesting that is read.
const DEEP: usize = 100;

/// Operations and the fragments that they spread.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What can be asked for.
    pub operations: Vec<Operation>,
    /// Fragments by their names.
    pub fragments: IndexMap<String, Fragment>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it does.
    pub root: Root,
    /// What is sent beside the document.
    pub variables: Vec<Variable>,
    /// What is said about it.
    pub directives: Vec<Directive>,
    /// What it asks for.
    pub selection: Vec<Selection>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// It reads.
    Query,
    /// It writes.
    Mutation,
    /// It goes on.
    Subscription,
}

impl Root {
    /// As GraphQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            Root::Query => "query",
            Root::Mutation => "mutation",
            Root::Subscription => "subscription",
        }
    }
}

/// A part of a selection with a name.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// The type that it is for.
    pub on: String,
    /// What is said about it.
    pub directives: Vec<Directive>,
    /// What it asks for.
    pub selection: Vec<Selection>,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name, without `$`.
    pub name: String,
    /// What it must be.
    pub kind: Type,
    /// What counts when it is not sent.
    pub default: Option<Literal>,
    /// What is said about it.
    pub directives: Vec<Directive>,
}

/// A type as a document names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// By its name; it may be null.
    Named(String),
    /// A list; it may be null.
    List(Box<Type>),
    /// What may not be null.
    NonNull(Box<Type>),
}

impl Type {
    /// The type without its `!`.
    pub fn plain(&self) -> &Type {
        match self {
            Type::NonNull(inner) => inner,
            other => other,
        }
    }

    /// The name inside of all lists.
    pub fn name(&self) -> &str {
        match self {
            Type::Named(name) => name,
            Type::List(inner) | Type::NonNull(inner) => inner.name(),
        }
    }

    /// Whether null is refused.
    pub fn is_required(&self) -> bool {
        matches!(self, Type::NonNull(_))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Named(name) => out.write_str(name),
            Type::List(inner) => write!(out, "[{inner}]"),
            Type::NonNull(inner) => write!(out, "{inner}!"),
        }
    }
}

/// A part of what is asked for.
#[derive(Clone, Debug)]
pub enum Selection {
    /// A field.
    Field(Field),
    /// A fragment by its name.
    Spread(String, Vec<Directive>),
    /// Fields of a type, or of the same one.
    Inline(Option<String>, Vec<Directive>, Vec<Selection>),
}

/// A field that is asked for.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in the answer, where it is another.
    pub alias: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is asked with.
    pub arguments: Vec<(String, Literal)>,
    /// What is said about it.
    pub directives: Vec<Directive>,
    /// What is asked for inside.
    pub selection: Vec<Selection>,
}

impl Field {
    /// Its name in the answer.
    pub fn answered(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// `@name(…)`.
#[derive(Clone, Debug)]
pub struct Directive {
    /// Its name, without `@`.
    pub name: String,
    /// What it is given.
    pub arguments: Vec<(String, Literal)>,
}

/// A value that stands in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// What is sent for the variable.
    Variable(String),
    /// A whole number.
    Int(String),
    /// A number.
    Float(String),
    /// A text.
    Text(String),
    /// True or false.
    Boolean(bool),
    /// Nothing.
    Null,
    /// A word.
    Enum(String),
    /// A list.
    List(Vec<Literal>),
    /// Fields.
    Object(Vec<(String, Literal)>),
}

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Variable(name) => write!(out, "${name}"),
            Literal::Int(text) | Literal::Float(text) | Literal::Enum(text) => out.write_str(text),
            Literal::Text(text) => write!(out, "{text:?}"),
            Literal::Boolean(value) => write!(out, "{value}"),
            Literal::Null => out.write_str("null"),
            Literal::List(_) => out.write_str("a list"),
            Literal::Object(_) => out.write_str("an object"),
        }
    }
}

/// Reads a document.
///
/// # Errors
/// What is wrong with its grammar, and where.
pub fn read(text: &str) -> Result<Document, String> {
    let mut document = Document::default();
    for definition in parsed(text)?.document().definitions() {
        match definition {
            cst::Definition::OperationDefinition(operation) => {
                let root = match operation.operation_type() {
                    Some(kind) if kind.mutation_token().is_some() => Root::Mutation,
                    Some(kind) if kind.subscription_token().is_some() => Root::Subscription,
                    _ => Root::Query,
                };
                let variables = operation.variable_definitions();
                let variables = variables.into_iter().flat_map(|all| all.variable_definitions()).filter_map(variable);
                document.operations.push(Operation {
                    root,
                    variables: variables.collect(),
                    directives: directives(operation.directives()),
                    selection: selection(operation.selection_set()),
                });
            }
            cst::Definition::FragmentDefinition(fragment) => {
                let name = name(fragment.fragment_name().and_then(|found| found.name()));
                let on = named(fragment.type_condition().and_then(|condition| condition.named_type()));
                let directives = directives(fragment.directives());
                let selection = selection(fragment.selection_set());
                document.fragments.insert(name, Fragment { on, directives, selection });
            }
            _ => return Err("it has types, which belong to a schema".into()),
        }
    }
    Ok(document)
}

/// What Apollo's parser makes of a text.
///
/// # Errors
/// The first thing that is wrong with its grammar, and where.
pub(super) fn parsed(text: &str) -> Result<SyntaxTree, String> {
    let tree = Parser::new(text).recursion_limit(DEEP).parse();
    let fault = tree.errors().next().map(|error| {
        let before = text.get(..error.index()).unwrap_or(text);
        let (line, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |at| at + 1));
        let column = before[start..].chars().count() + 1;
        format!("{} (line {line}, column {column}, at `{:.40}`)", error.message(), error.data())
    });
    fault.map_or(Ok(tree), Err)
}

pub(super) fn name(name: Option<cst::Name>) -> String {
    name.map(|name| name.text().to_string()).unwrap_or_default()
}

pub(super) fn named(kind: Option<cst::NamedType>) -> String {
    name(kind.and_then(|kind| kind.name()))
}

pub(super) fn kind(found: Option<cst::Type>) -> Type {
    match found {
        Some(cst::Type::NamedType(named_type)) => Type::Named(named(Some(named_type))),
        Some(cst::Type::ListType(list)) => Type::List(Box::new(kind(list.ty()))),
        Some(cst::Type::NonNullType(required)) => Type::NonNull(Box::new(match required.list_type() {
            Some(list) => Type::List(Box::new(kind(list.ty()))),
            None => Type::Named(named(required.named_type())),
        })),
        None => Type::Named(String::new()),
    }
}

pub(super) fn directives(found: Option<cst::Directives>) -> Vec<Directive> {
    let all = found.into_iter().flat_map(|all| all.directives());
    all.map(|directive| Directive { name: name(directive.name()), arguments: arguments(directive.arguments()) })
        .collect()
}

fn variable(found: cst::VariableDefinition) -> Option<Variable> {
    Some(Variable {
        name: name(found.variable()?.name()),
        kind: kind(found.ty()),
        default: found.default_value().and_then(|default| default.value()).map(literal),
        directives: directives(found.directives()),
    })
}

fn arguments(found: Option<cst::Arguments>) -> Vec<(String, Literal)> {
    let all = found.into_iter().flat_map(|all| all.arguments());
    all.filter_map(|argument| Some((name(argument.name()), literal(argument.value()?)))).collect()
}

fn selection(found: Option<cst::SelectionSet>) -> Vec<Selection> {
    let all = found.into_iter().flat_map(|all| all.selections());
    all.map(|one| match one {
        cst::Selection::Field(field) => Selection::Field(Field {
            alias: field.alias().map(|alias| name(alias.name())),
            name: name(field.name()),
            arguments: arguments(field.arguments()),
            directives: directives(field.directives()),
            selection: selection(field.selection_set()),
        }),
        cst::Selection::FragmentSpread(spread) => Selection::Spread(
            name(spread.fragment_name().and_then(|found| found.name())),
            directives(spread.directives()),
        ),
        cst::Selection::InlineFragment(inline) => Selection::Inline(
            inline.type_condition().map(|condition| named(condition.named_type())),
            directives(inline.directives()),
            selection(inline.selection_set()),
        ),
    })
    .collect()
}

fn literal(value: cst::Value) -> Literal {
    match value {
        cst::Value::Variable(variable) => Literal::Variable(name(variable.name())),
        cst::Value::StringValue(value) => Literal::Text(String::from(&value)),
        cst::Value::FloatValue(value) => Literal::Float(value.source_string().trim().to_owned()),
        cst::Value::IntValue(value) => Literal::Int(value.source_string().trim().to_owned()),
        cst::Value::BooleanValue(value) => Literal::Boolean(value.true_token().is_some()),
        cst::Value::NullValue(_) => Literal::Null,
        cst::Value::EnumValue(value) => Literal::Enum(name(value.name())),
        cst::Value::ListValue(list) => Literal::List(list.values().map(literal).collect()),
        cst::Value::ObjectValue(object) => {
            let fields = object.object_fields();
            Literal::Object(fields.filter_map(|field| Some((name(field.name()), literal(field.value()?)))).collect())
        }
    }
}
