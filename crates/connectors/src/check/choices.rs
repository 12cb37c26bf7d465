//! Lists of choices: that they can be asked for where they are offered, only read, and give what they say.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::files::CHOICES;
use super::{Notes, absent};
use crate::choices::Listing;
use crate::fixture::Case;
use crate::manifest::{Choices, Effect, Manifest, Param};
use crate::written::Place;
use crate::{fixture, node, path};

pub(super) fn faults(manifest: &Arc<Manifest>, folder: &Path, notes: &mut Notes<'_>) {
    for (name, list) in &manifest.choices {
        let at = Place::at(["choices", name]);
        if list.operation.as_ref().is_some_and(|operation| notes.is_broken(operation)) {
            continue;
        }
        match Listing::compile(manifest, list) {
            Err(fault) => {
                let gone = list.operation.as_ref().filter(|name| !manifest.operations.contains_key(*name));
                match gone {
                    Some(gone) => {
                        notes.at(at.field("operation"), absent("operation", gone, manifest.operations.keys()));
                    }
                    None => notes.at(at, fault),
                }
            }
            Ok(listing) => {
                let said = asked(manifest, list).into_iter().chain(given(name, list, folder));
                said.for_each(|fault| notes.at(at.clone(), fault));
                if !offered(manifest, name, listing.needs(), notes) {
                    notes.at(at, "no parameter offers them; say `choices` at one, or take them away");
                }
            }
        }
    }
    for (at, params) in everywhere(manifest) {
        for (param, list) in offers(params) {
            if !manifest.choices.contains_key(list) {
                notes.at(at.field("params").field(param), absent("list of choices", list, manifest.choices.keys()));
            }
        }
    }
}

/// Parameters of all operations and triggers, with the places of those.
fn everywhere(manifest: &Manifest) -> impl Iterator<Item = (Place, &IndexMap<String, Param>)> {
    let all = manifest.operations.iter().map(|(name, of)| (Place::at(["operations", name]), &of.params));
    all.chain(manifest.triggers.iter().map(|(name, of)| (Place::at(["triggers", name]), &of.params)))
}

/// What is wrong with what a list asks for.
fn asked(manifest: &Manifest, list: &Choices) -> Vec<String> {
    let Some((name, operation)) = list.operation.as_ref().and_then(|name| Some((name, manifest.operations.get(name)?)))
    else {
        let only_reads = list.own.as_ref().is_none_or(|own| {
            let reads = |exchange| node::usual_effect(exchange) == Effect::Read;
            own.reads
                || if own.steps.is_empty() {
                    reads(&own.exchange)
                } else {
                    own.steps.iter().all(|step| reads(&step.exchange))
                }
        });
        return if only_reads { Vec::new() } else { vec!["it must only read".into()] };
    };
    let mut faults = Vec::new();
    if node::effect(operation) != Effect::Read {
        faults.push(format!("`{name}` does more than read"));
    }
    let paged = |name: &String| name == "all" || name == "limit";
    for param in list.params.keys().chain(&list.search).filter(|param| !operation.params.contains_key(*param)) {
        if !paged(param) {
            faults.push(format!("`{name}` has no parameter `{param}`"));
        }
    }
    for (param, _) in operation.params.iter().filter(|(_, param)| param.required && param.default.is_none()) {
        if !list.params.contains_key(param) {
            faults.push(format!("`{name}` cannot be asked without `{param}`"));
        }
    }
    faults
}

/// Whether a list gives values, as fixtures tell: those of its operation, or its own.
fn given(name: &str, list: &Choices, folder: &Path) -> Option<String> {
    let of =
        |fixture: &str| fixture::read(&folder.join("fixtures").join(format!("{fixture}.yaml"))).unwrap_or_default();
    let own = of(CHOICES).into_iter().any(|case| case.choices.as_deref() == Some(name) && gives(&case, "value"));
    match &list.operation {
        _ if own => None,
        None => Some(format!("it has no case in `fixtures/{CHOICES}.yaml`")),
        Some(operation) => {
            let known = of(operation).iter().any(|case| gives(case, &list.value));
            (!known).then(|| format!("nothing that `{operation}` gives in its fixtures has a `{}`", list.value))
        }
    }
}

fn gives(case: &Case, place: &str) -> bool {
    let items = match &case.items {
        Some(serde_json::Value::Array(list)) => list.clone(),
        other => other.iter().cloned().collect(),
    };
    items.iter().any(|item| path::at(item, place).is_some_and(|value| !value.is_null()))
}

/// Whether a list is offered; and that what it depends on can be chosen wherever it is.
fn offered(manifest: &Manifest, list: &str, needs: &[String], notes: &mut Notes<'_>) -> bool {
    let mut somewhere = false;
    for (at, params) in everywhere(manifest) {
        for (param, _) in offers(params).into_iter().filter(|(_, offered)| *offered == list) {
            somewhere = true;
            for lacks in needs.iter().filter(|need| !params.contains_key(*need)) {
                let said =
                    format!("it offers choices `{list}`, which depend on a parameter `{lacks}` that is not there");
                notes.at(at.field("params").field(param), said);
            }
        }
    }
    somewhere
}

/// Parameters that offer lists, however deep they lie, with the lists' names.
fn offers(params: &IndexMap<String, Param>) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (name, param) in params {
        let items = param.items.as_deref();
        for part in [Some(param), items].into_iter().flatten() {
            found.extend(part.choices.as_deref().map(|list| (name.as_str(), list)));
            found.extend(offers(&part.fields));
        }
    }
    found
}
