//! What is wrong with a connector that can be read: what refers to nothing, what nobody can understand, what nobody
//! has tried.

use std::collections::BTreeSet;
use std::path::Path;

use crate::catalog::Connector;
use crate::manifest::{Auth, Manifest, Param};

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
    {
        faults.push(format!("the fixture `{name}` belongs to no operation"));
    }
    if !folder.join("icon.svg").is_file() {
        faults.push("there is no `icon.svg`".into());
    }
    faults
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
        params(name, &operation.params, faults);
    }
    for (name, trigger) in &manifest.triggers {
        if !named(name) {
            faults.push(format!("trigger `{name}` should read like `message.received`"));
        }
        if trigger.poll.is_some() == trigger.hook.is_some() {
            faults.push(format!("trigger `{name}` either asks (`poll`) or is called (`hook`)"));
        }
        params(name, &trigger.params, faults);
    }
}

fn params(operation: &str, params: &indexmap::IndexMap<String, Param>, faults: &mut Vec<String>) {
    let schema = serde_json::Value::Object(crate::schema::of(params));
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
    for (name, choices) in manifest.choices.iter().filter(|(_, choices)| !operation(&choices.operation)) {
        faults.push(format!("choices `{name}`: there is no operation `{}`", choices.operation));
    }
    let all = manifest.operations.iter().map(|(name, operation)| (name, &operation.params));
    for (name, params) in all.chain(manifest.triggers.iter().map(|(name, trigger)| (name, &trigger.params))) {
        for (param, choices) in params.iter().filter_map(|(param, spec)| Some((param, spec.choices.as_ref()?))) {
            if !manifest.choices.contains_key(choices) {
                faults.push(format!("`{name}`: `{param}` offers choices `{choices}`, which are not there"));
            }
        }
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
