//! Schemas as SDL.

use std::collections::{BTreeMap, BTreeSet};

use apollo_parser::cst;
use indexmap::IndexMap;

use super::document::{Directive, Literal, Root, directives, kind, name, named, parsed};
use super::schema::{Input, Inputs, Known, Output, Schema};

/// Reads a schema.
///
/// # Errors
/// What is wrong with its grammar, and where.
pub fn read(text: &str) -> Result<Schema, String> {
    let mut schema = Schema { directives: Some(BTreeMap::new()), ..Schema::default() };
    for definition in parsed(text)?.document().definitions() {
        take(&mut schema, definition)?;
    }
    // Without a definition of the schema, types of the usual names are where operations begin.
    if schema.roots.is_empty() {
        let usual = [(Root::Query, "Query"), (Root::Mutation, "Mutation"), (Root::Subscription, "Subscription")];
        let there = usual.into_iter().filter(|(_, name)| schema.types.contains_key(*name));
        schema.roots = there.map(|(root, name)| (root, name.to_owned())).collect();
    }
    Ok(schema)
}

fn take(schema: &mut Schema, definition: cst::Definition) -> Result<(), String> {
    use cst::Definition as Is;
    match definition {
        Is::OperationDefinition(_) | Is::FragmentDefinition(_) => {
            return Err("it has operations, which belong to a document".into());
        }
        Is::SchemaDefinition(found) => roots(schema, found.root_operation_type_definitions()),
        Is::SchemaExtension(found) => roots(schema, found.root_operation_type_definitions()),
        Is::DirectiveDefinition(found) => {
            let all = schema.directives.get_or_insert_default();
            all.insert(name(found.name()), arguments(found.arguments_definition()));
        }
        Is::ScalarTypeDefinition(found) => drop(schema.types.insert(name(found.name()), Known::Scalar)),
        Is::ScalarTypeExtension(_) => {}
        Is::ObjectTypeDefinition(found) => {
            add(
                schema,
                found.name(),
                Known::Object(outputs(found.fields_definition()), all(found.implements_interfaces())),
            );
        }
        Is::ObjectTypeExtension(found) => {
            add(
                schema,
                found.name(),
                Known::Object(outputs(found.fields_definition()), all(found.implements_interfaces())),
            );
        }
        Is::InterfaceTypeDefinition(found) => {
            add(schema, found.name(), Known::Interface(outputs(found.fields_definition())));
        }
        Is::InterfaceTypeExtension(found) => {
            add(schema, found.name(), Known::Interface(outputs(found.fields_definition())));
        }
        Is::UnionTypeDefinition(found) => add(schema, found.name(), Known::Union(members(found.union_member_types()))),
        Is::UnionTypeExtension(found) => add(schema, found.name(), Known::Union(members(found.union_member_types()))),
        Is::EnumTypeDefinition(found) => add(schema, found.name(), Known::Enum(words(found.enum_values_definition()))),
        Is::EnumTypeExtension(found) => add(schema, found.name(), Known::Enum(words(found.enum_values_definition()))),
        Is::InputObjectTypeDefinition(found) => {
            let fields = found.input_fields_definition().into_iter().flat_map(|all| all.input_value_definitions());
            add(schema, found.name(), Known::Input(fields.map(input).collect()));
        }
        Is::InputObjectTypeExtension(found) => {
            let fields = found.input_fields_definition().into_iter().flat_map(|all| all.input_value_definitions());
            add(schema, found.name(), Known::Input(fields.map(input).collect()));
        }
    }
    Ok(())
}

/// Puts a type in, or what an extension says of it beside what is known.
fn add(schema: &mut Schema, called: Option<cst::Name>, more: Known) {
    let called = name(called);
    match (schema.types.get_mut(&called), more) {
        (Some(Known::Object(fields, interfaces)), Known::Object(new, others)) => {
            fields.extend(new);
            interfaces.extend(others);
        }
        (Some(Known::Interface(fields)), Known::Interface(new)) => fields.extend(new),
        (Some(Known::Union(types)), Known::Union(new)) => types.extend(new),
        (Some(Known::Enum(values)), Known::Enum(new)) => values.extend(new),
        (Some(Known::Input(fields)), Known::Input(new)) => fields.extend(new),
        (_, more) => drop(schema.types.insert(called, more)),
    }
}

fn roots(schema: &mut Schema, found: impl Iterator<Item = cst::RootOperationTypeDefinition>) {
    for one in found {
        let root = match one.operation_type() {
            Some(kind) if kind.mutation_token().is_some() => Root::Mutation,
            Some(kind) if kind.subscription_token().is_some() => Root::Subscription,
            _ => Root::Query,
        };
        schema.roots.insert(root, named(one.named_type()));
    }
}

fn all(found: Option<cst::ImplementsInterfaces>) -> BTreeSet<String> {
    found.into_iter().flat_map(|all| all.named_types()).map(|one| named(Some(one))).collect()
}

fn members(found: Option<cst::UnionMemberTypes>) -> BTreeSet<String> {
    found.into_iter().flat_map(|all| all.named_types()).map(|one| named(Some(one))).collect()
}

fn words(found: Option<cst::EnumValuesDefinition>) -> IndexMap<String, Option<String>> {
    let all = found.into_iter().flat_map(|all| all.enum_value_definitions());
    all.map(|one| (name(one.enum_value().and_then(|value| value.name())), reason(&directives(one.directives()))))
        .collect()
}

fn outputs(found: Option<cst::FieldsDefinition>) -> IndexMap<String, Output> {
    let output = |field: cst::FieldDefinition| {
        let deprecated = reason(&directives(field.directives()));
        let arguments = arguments(field.arguments_definition());
        (name(field.name()), Output { kind: kind(field.ty()), arguments, deprecated })
    };
    found.into_iter().flat_map(|all| all.field_definitions()).map(output).collect()
}

fn arguments(found: Option<cst::ArgumentsDefinition>) -> Inputs {
    found.into_iter().flat_map(|all| all.input_value_definitions()).map(input).collect()
}

fn input(found: cst::InputValueDefinition) -> (String, Input) {
    let deprecated = reason(&directives(found.directives()));
    let has_default = found.default_value().is_some();
    (name(found.name()), Input { kind: kind(found.ty()), has_default, deprecated })
}

/// Why something is going to be taken away, if it is.
fn reason(said: &[Directive]) -> Option<String> {
    let directive = said.iter().find(|directive| directive.name == "deprecated")?;
    let reason = directive.arguments.iter().find(|(name, _)| name == "reason");
    Some(match reason {
        Some((_, Literal::Text(text))) => text.trim().to_owned(),
        _ => "No longer supported".into(),
    })
}
