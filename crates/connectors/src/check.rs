//! What is wrong with a connector that can be read: what refers to nothing, what nobody can understand, what nobody
//! has tried.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::catalog::Connector;
use crate::choices::Listing;
use crate::drift::{self, Finding, Level};
use crate::fixture::Case;
use crate::manifest::{Auth, Choices, Effect, Manifest, Param};
use crate::{fixture, node, path};

/// The fixture of lists of choices.
const CHOICES: &str = "choices";

/// Everything that is wrong; each says where.
pub fn faults(connector: &Connector, folder: &Path) -> Vec<String> {
    let manifest = &*connector.manifest;
    let mut faults = Vec::new();
    words(manifest, &mut faults);
    references(manifest, &mut faults);
    sessions(manifest, &mut faults);
    let fixtures: BTreeSet<String> = std::fs::read_dir(folder.join("fixtures"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    for name in manifest.operations.keys().filter(|name| !fixtures.contains(*name)) {
        faults.push(format!("operation `{name}` has no fixture"));
    }
    for name in fixtures
        .iter()
        .filter(|name| !manifest.operations.contains_key(*name) && !manifest.triggers.contains_key(*name))
        .filter(|name| *name != CHOICES)
    {
        faults.push(format!("the fixture `{name}` belongs to no operation"));
    }
    choices(&connector.manifest, folder, &mut faults);
    documents(manifest, folder, &mut faults);
    if !folder.join("icon.svg").is_file() {
        faults.push("there is no `icon.svg`".into());
    }
    faults
}

/// What is wrong with documents of GraphQL, and with what is sent for their variables; against the vendor's schema where
/// it lies in the folder.
fn documents(manifest: &Manifest, folder: &Path, faults: &mut Vec<String>) {
    let file = manifest.graphql_schema.as_ref().and_then(|schema| schema.file.as_ref());
    let drift = match file.map(|file| std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"))) {
        None => Ok(drift::without_schema(manifest)),
        Some(Ok(schema)) => drift::against_schema(manifest, &[], &schema).map_err(|problem| problem.detail),
        Some(Err(fault)) => Err(fault),
    };
    match drift {
        Err(fault) => faults.push(format!("`graphqlSchema`: {fault}")),
        Ok(drift) => {
            let breaks = drift.findings.into_iter().filter(|finding| finding.level == Level::Breaks);
            let said = |finding: Finding| format!("`{}`: {}", finding.operation.unwrap_or_default(), finding.detail);
            faults.extend(breaks.map(said));
        }
    }
}

/// What is wrong with logins; what they lack a person fills in.
fn sessions(manifest: &Manifest, faults: &mut Vec<String>) {
    for (name, auth) in manifest.auth.iter().filter(|(_, auth)| matches!(auth, Auth::Session { .. })) {
        match serde_json::from_value::<auth::Connection>(crate::account::offer(manifest, auth).spec) {
            Ok(connection) => {
                let found = connection.check().0.into_iter();
                faults.extend(found.map(|problem| format!("account `{name}`: {}", problem.detail)));
            }
            Err(error) => faults.push(format!("account `{name}`: {error}")),
        }
    }
}

fn words(manifest: &Manifest, faults: &mut Vec<String>) {
    let named = |name: &str| {
        let plain = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        name.split('.').all(plain)
    };
    for (name, operation) in &manifest.operations {
        if !named(name) {
            faults.push(format!("operation `{name}` should read like `message.post`"));
        }
        if operation.title.is_empty() || operation.summary.is_empty() {
            faults.push(format!("operation `{name}` needs a title and a summary"));
        }
        params(name, &operation.params, &manifest.choices, faults);
    }
    for (name, trigger) in &manifest.triggers {
        if !named(name) {
            faults.push(format!("trigger `{name}` should read like `message.received`"));
        }
        if trigger.poll.is_some() == trigger.hook.is_some() {
            faults.push(format!("trigger `{name}` either asks (`poll`) or is called (`hook`)"));
        }
        params(name, &trigger.params, &manifest.choices, faults);
    }
}

fn params(
    operation: &str,
    params: &IndexMap<String, Param>,
    lists: &IndexMap<String, Choices>,
    faults: &mut Vec<String>,
) {
    let schema = serde_json::Value::Object(crate::schema::of(params, lists));
    faults.extend(part::hints::faults(&schema).into_iter().map(|fault| format!("`{operation}`: {fault}")));
    for (name, param) in params {
        if name.chars().any(|c| !c.is_ascii_alphanumeric() && c != '_') {
            faults.push(format!("`{operation}`: `{name}` is no name that an expression can use"));
        }
        if param.values.is_some() && param.choices.is_some() {
            faults.push(format!("`{operation}`: `{name}` has values of its own and a list of the service's"));
        }
    }
}

fn references(manifest: &Manifest, faults: &mut Vec<String>) {
    let operation = |name: &str| manifest.operations.contains_key(name);
    if let Some(probe) = manifest.probe.as_deref().filter(|probe| !operation(probe)) {
        faults.push(format!("`probe`: there is no operation `{probe}`"));
    }
    let from = manifest.operations.iter().map(|(name, operation)| (name, &operation.n8n, &operation.params, true));
    let from = from.chain(manifest.triggers.iter().map(|(name, trigger)| (name, &trigger.n8n, &trigger.params, false)));
    for (name, mappings, params, operation) in from {
        for mapping in mappings {
            match crate::lift::type_of(manifest, mapping) {
                None => faults.push(format!("`{name}`: the manifest names no node of n8n")),
                Some(kind) if !manifest.n8n.iter().any(|n8n| crate::lift::full(&n8n.node_type) == kind) => {
                    faults.push(format!("`{name}`: the manifest does not list the node `{kind}` under `n8n`"));
                }
                Some(_) => {}
            }
            for param in mapping.params.keys() {
                let first = param.split('.').next().unwrap_or_default();
                let paging = operation && (first == "all" || first == "limit");
                if !params.contains_key(first) && !paging {
                    faults.push(format!("`{name}`: n8n's node becomes a parameter `{first}`, which is not there"));
                }
            }
        }
    }
}

/// Lists of choices: that they can be asked for where they are offered, only read, and give what they say.
fn choices(manifest: &Arc<Manifest>, folder: &Path, faults: &mut Vec<String>) {
    for (name, list) in &manifest.choices {
        match Listing::compile(manifest, list) {
            Err(fault) => faults.push(format!("choices `{name}`: {fault}")),
            Ok(listing) => {
                let said = asked(manifest, list).into_iter().chain(given(name, list, folder));
                faults.extend(said.map(|fault| format!("choices `{name}`: {fault}")));
                if !offered(manifest, name, listing.needs(), faults) {
                    faults.push(format!("choices `{name}`: no parameter offers them"));
                }
            }
        }
    }
    let all = manifest.operations.iter().map(|(name, operation)| (name, &operation.params));
    for (name, params) in all.chain(manifest.triggers.iter().map(|(name, trigger)| (name, &trigger.params))) {
        for (param, list) in offers(params) {
            if !manifest.choices.contains_key(list) {
                faults.push(format!("`{name}`: `{param}` offers choices `{list}`, which are not there"));
            }
        }
    }
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
fn offered(manifest: &Manifest, list: &str, needs: &[String], faults: &mut Vec<String>) -> bool {
    let mut somewhere = false;
    let all = manifest.operations.iter().map(|(name, operation)| (name, &operation.params));
    for (name, params) in all.chain(manifest.triggers.iter().map(|(name, trigger)| (name, &trigger.params))) {
        for (param, _) in offers(params).into_iter().filter(|(_, offered)| *offered == list) {
            somewhere = true;
            for lacks in needs.iter().filter(|need| !params.contains_key(*need)) {
                let depends = format!("offers choices `{list}`, which depend on a parameter `{lacks}`");
                faults.push(format!("`{name}`: `{param}` {depends}"));
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
