//! Names: that they can be used, and that what they refer to is there.

use std::path::Path;

use indexmap::IndexMap;

use super::{Notes, absent};
use crate::manifest::{Auth, Choices, Effect, Exchange, Manifest, Operation, Param, Step};
use crate::node;
use crate::written::Place;

pub(super) fn faults(manifest: &Manifest, folder: &Path, notes: &mut Notes<'_>) {
    itself(manifest, folder, notes);
    offers(manifest, notes);
    probe(manifest, notes);
    sessions(manifest, notes);
    n8n(manifest, notes);
}

/// The connector's own name and address.
fn itself(manifest: &Manifest, folder: &Path, notes: &mut Notes<'_>) {
    let name = manifest.connector.as_str();
    let own = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let own = own.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name != own {
        notes.at(
            Place::at(["connector"]),
            format!("the folder is `{own}` and the connector `{name}`; give them the same name"),
        );
    }
    if !is_word(name) {
        notes.at(
            Place::at(["connector"]),
            format!(
                "`{name}` is the first part of the names of node types; it is made of small letters, digits and `-`"
            ),
        );
    }
    if manifest.operations.is_empty() && manifest.triggers.is_empty() {
        notes.at(Place::default(), "there are neither `operations` nor `triggers`, so it offers nothing");
    }
    for (word, text) in [("title", &manifest.title), ("summary", &manifest.summary), ("docs", &manifest.docs)] {
        if text.trim().is_empty() {
            notes.at(Place::at([word]), format!("`{word}` is empty"));
        }
    }
    if manifest.reads.is_some_and(|reads| reads.stale_on_error.is_some() && reads.cache.is_none()) {
        notes.at(
            Place::at(["reads", "staleOnError"]),
            "nothing is kept that could be given; say for how long with `cache`",
        );
    }
    let base = &manifest.base;
    if !base.starts_with("https://") && !base.starts_with("http://") && !base.starts_with('{') {
        notes.at(
            Place::at(["base"]),
            format!("`{base}` is no address; it begins with `https://`, or with a setting such as `{{address}}`"),
        );
    }
    if base.ends_with('/') {
        notes.at(Place::at(["base"]), "`base` does not end in `/`, because paths begin with it; take it away");
    }
    for (index, host) in manifest.hosts.iter().enumerate() {
        if let Some((_, rest)) = host.split_once("://").or_else(|| host.split_once('/').map(|(host, _)| ("", host))) {
            let host = rest.split('/').next().unwrap_or_default();
            notes.at(
                Place::at(["hosts"]).element(index),
                format!("a host has no `https://` and no path; write `{host}`"),
            );
        }
    }
}

/// Operations and triggers.
fn offers(manifest: &Manifest, notes: &mut Notes<'_>) {
    for (name, operation) in &manifest.operations {
        let at = Place::at(["operations", name]);
        if !is_name(name) {
            notes.at(at.clone(), misnamed("operation", name, "message.post"));
        }
        if manifest.triggers.contains_key(name) {
            notes.at(at.clone(), format!("there is a trigger `{name}`, too; one of them needs another name"));
        }
        if operation.title.is_empty() || operation.summary.is_empty() {
            notes.at(at.clone(), "it needs a `title` and a `summary`, and one of them is empty");
        }
        steps(&at, &operation.exchange, &operation.steps, notes);
        reads(manifest, &at, operation, notes);
        params(&at, &operation.params, &manifest.choices, notes);
    }
    for (name, trigger) in &manifest.triggers {
        let at = Place::at(["triggers", name]);
        if !is_name(name) {
            notes.at(at.clone(), misnamed("trigger", name, "message.received"));
        }
        if trigger.poll.is_some() == trigger.hook.is_some() {
            let both = if trigger.poll.is_some() { "both" } else { "neither" };
            notes.at(at.clone(), format!("it either asks (`poll`) or is called (`hook`), and here is {both} of them"));
        }
        if let Some(poll) = &trigger.poll {
            steps(&at.field("poll"), &poll.exchange, &poll.steps, notes);
        }
        params(&at, &trigger.params, &manifest.choices, notes);
    }
}

/// Only what reads is given from memory, or asked for twice.
fn reads(manifest: &Manifest, at: &Place, operation: &Operation, notes: &mut Notes<'_>) {
    let said = [
        ("cache", operation.cache.is_some()),
        ("staleOnError", operation.stale_on_error.is_some()),
        ("hedge", operation.hedge.is_some()),
    ];
    let only_reads = node::effect(operation) == Effect::Read;
    let again = operation.steps.iter().any(|step| step.until.is_some());
    for (word, _) in said.into_iter().filter(|(_, said)| *said) {
        if !only_reads {
            let why = "this one does more; take the word away, or say `effect: read` where it only reads";
            notes.at(at.field(word), format!("`{word}` is for operations that only read, and {why}"));
        } else if again {
            notes.at(
                at.field(word),
                format!("`{word}` and `until` do not go together: what is asked again is to be new"),
            );
        }
    }
    if operation.stale_on_error.is_some() && crate::reads::said(manifest, operation).cache.is_none() {
        notes.at(at.field("staleOnError"), "nothing is kept that could be given; say for how long with `cache`");
    }
}

/// Steps have names of their own, and stand in place of a request.
fn steps(at: &Place, exchange: &Exchange, steps: &[Step], notes: &mut Notes<'_>) {
    if steps.is_empty() {
        return;
    }
    if exchange.request.is_some() || exchange.graphql.is_some() {
        notes.at(at.clone(), "`request` beside `steps` is never made; put it into a step of its own");
    }
    for (index, step) in steps.iter().enumerate() {
        if steps[..index].iter().any(|before| before.name == step.name) {
            notes.at(
                at.field("steps").element(index),
                format!(
                    "a step before has the name `{}`, too, and `$steps.{}` would be only one of them",
                    step.name, step.name
                ),
            );
        }
    }
}

fn params(at: &Place, params: &IndexMap<String, Param>, lists: &IndexMap<String, Choices>, notes: &mut Notes<'_>) {
    let schema = serde_json::Value::Object(crate::schema::of(params, lists));
    for fault in part::hints::faults(&schema) {
        notes.at(at.field("params"), fault.replace("/properties/", "").replace("properties/", ""));
    }
    for (name, param) in params {
        let at = at.field("params").field(name);
        if name.is_empty() || name.chars().any(|c| !c.is_ascii_alphanumeric() && c != '_') {
            notes.at(
                at.clone(),
                format!(
                    "`{name}` is no name that an expression can use; write it in letters and digits (`{}`), with \
                     `as: {name}` for what is sent",
                    camel(name)
                ),
            );
        }
        if param.values.is_some() && param.choices.is_some() {
            notes.at(at.clone(), "it has `values` of its own and `choices` of the service's; take one of them away");
        }
    }
}

fn probe(manifest: &Manifest, notes: &mut Notes<'_>) {
    let Some(name) = &manifest.probe else { return };
    let at = Place::at(["probe"]);
    let Some(operation) = manifest.operations.get(name) else {
        return notes.at(at, absent("operation", name, manifest.operations.keys()));
    };
    if notes.is_broken(name) {
        return;
    }
    if node::effect(operation) != Effect::Read {
        notes.at(at.clone(), format!("`{name}` does more than read; name an operation that only looks"));
    }
    let lacks = operation.params.iter().find(|(_, param)| param.required && param.default.is_none());
    if let Some((lacks, _)) = lacks {
        notes.at(at, format!("`{name}` cannot be asked without `{lacks}`; name an operation that needs no parameters"));
    }
}

/// What is wrong with logins; what they lack a person fills in.
fn sessions(manifest: &Manifest, notes: &mut Notes<'_>) {
    for (name, auth) in manifest.auth.iter().filter(|(_, auth)| matches!(auth, Auth::Session { .. })) {
        let at = Place::at(["auth", name]);
        match serde_json::from_value::<auth::Connection>(crate::account::offer(manifest, auth).spec) {
            Ok(connection) => {
                connection.check().0.into_iter().for_each(|problem| notes.at(at.clone(), problem.detail));
            }
            Err(error) => notes.at(at, error.to_string()),
        }
    }
}

/// Mappings of n8n's nodes.
fn n8n(manifest: &Manifest, notes: &mut Notes<'_>) {
    let of = manifest.operations.iter().map(|(name, of)| ("operations", name, &of.n8n, &of.params));
    let of = of.chain(manifest.triggers.iter().map(|(name, of)| ("triggers", name, &of.n8n, &of.params)));
    for (kind, name, mappings, params) in of {
        for (index, mapping) in mappings.iter().enumerate() {
            let at = Place::at([kind, name, "n8n"]).element(index);
            match crate::lift::type_of(manifest, mapping) {
                None => notes.at(at.clone(), "the manifest names no node of n8n; list it at the top, under `n8n`"),
                Some(kind) if !manifest.n8n.iter().any(|n8n| crate::lift::full(&n8n.node_type) == kind) => {
                    notes.at(at.clone(), format!("the manifest does not list the node `{kind}` under `n8n`"));
                }
                Some(_) => {}
            }
            for (param, from) in &mapping.params {
                let at = at.field("params").field(param);
                let first = param.split('.').next().unwrap_or_default();
                let paging = kind == "operations" && (first == "all" || first == "limit");
                if !params.contains_key(first) && !paging {
                    notes.at(at.clone(), absent("parameter", first, params.keys()));
                }
                for (pattern, error) in bad_patterns(from) {
                    notes.at(at.clone(), format!("`url` is no regular expression: `{pattern}`: {error}"));
                }
            }
        }
    }
}

/// Regular expressions that cannot be read, and why.
fn bad_patterns(from: &crate::manifest::From) -> Vec<(&str, String)> {
    use crate::manifest::From;
    match from {
        From::Path(_) => Vec::new(),
        From::First(list) => list.iter().flat_map(bad_patterns).collect(),
        From::Source(source) => {
            let mut bad: Vec<(&str, String)> = source.fields.values().flat_map(bad_patterns).collect();
            if let Some(pattern) = &source.url {
                match regex::Regex::new(pattern) {
                    Err(error) => {
                        // The last line says why; those before draw where.
                        let said = error.to_string();
                        let why = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
                        bad.push((pattern, why.to_owned()));
                    }
                    Ok(known) if known.captures_len() < 2 => {
                        bad.push((pattern, "it has no group in round brackets that is the value".to_owned()));
                    }
                    Ok(_) => {}
                }
            }
            bad
        }
    }
}

/// A part of a name: small letters, digits and hyphens.
fn is_word(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_name(name: &str) -> bool {
    name.split('.').all(is_word)
}

fn misnamed(what: &str, name: &str, like: &str) -> String {
    let mut better = String::new();
    for letter in name.chars() {
        match letter {
            'A'..='Z' if better.is_empty() || better.ends_with(['.', '-']) => better.push(letter.to_ascii_lowercase()),
            'A'..='Z' => better.extend(['-', letter.to_ascii_lowercase()]),
            'a'..='z' | '0'..='9' | '.' | '-' => better.push(letter),
            _ => better.push('-'),
        }
    }
    let better = better.trim_matches(['-', '.']);
    let advice = if is_name(better) { format!("; write `{better}`") } else { String::new() };
    format!("names of a {what} read like `{like}`, in small letters, digits and `-`{advice}")
        .replace("a operation", "an operation")
}

/// A name that an expression can use.
fn camel(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let mut made = String::new();
    for part in parts {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if !made.is_empty() => made.extend(first.to_uppercase().chain(letters)),
            Some(first) => made.extend(first.to_lowercase().chain(letters)),
            None => {}
        }
    }
    made
}
