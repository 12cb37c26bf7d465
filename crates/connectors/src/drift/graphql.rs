//! What GraphQL asks for, held against the vendor's schema; without one, against itself.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use model::Problem;

use super::{Drift, Finding, Kind, Level, PATH, sent};
use crate::fixture::Case;
use crate::graphql::document::{self, Document, Root, Selection};
use crate::graphql::schema::Schema;
use crate::graphql::{Fault, answers, valid, variables};
use crate::manifest::{Exchange, Manifest, Paging, Param, Step};

/// Holds the GraphQL of a manifest and its fixtures against a schema: SDL, or the answer to an introspection.
///
/// # Errors
/// The schema cannot be read.
pub fn against_schema(manifest: &Manifest, fixtures: &[(String, Vec<Case>)], schema: &[u8]) -> Result<Drift, Problem> {
    let schema = Schema::read(schema)?;
    let mut drift = judged(manifest, Some(&schema));
    answered(fixtures, Some(&schema), &mut drift.findings);
    let mut used = BTreeSet::new();
    for asked in asked(manifest) {
        let Some(Ok(document)) = asked.exchange.graphql.as_deref().map(document::read) else { continue };
        for operation in &document.operations {
            let names = operation.selection.iter().filter_map(|one| match one {
                Selection::Field(field) => Some((operation.root, field.name.clone())),
                _ => None,
            });
            used.extend(names);
        }
    }
    for (root, name, output) in schema.beginnings().filter(|(root, ..)| *root != Root::Subscription) {
        drift.described += 1;
        if output.deprecated.is_none() && !used.contains(&(root, name.clone())) {
            drift.findings.push(Finding::new(Kind::OperationNew, None, format!("`{} {name}`", root.word())));
        }
    }
    drift.findings.sort_by_key(|finding| finding.level);
    Ok(drift)
}

/// What can be said of a manifest's GraphQL without a schema.
pub fn without_schema(manifest: &Manifest) -> Drift {
    judged(manifest, None)
}

/// What fixtures answer that the documents do not ask for.
pub fn fixtures_without_schema(fixtures: &[(String, Vec<Case>)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    answered(fixtures, None, &mut findings);
    findings
}

/// A request of a manifest, with what is known of it.
struct Asked<'a> {
    /// The operation, the trigger or the list of choices.
    name: String,
    exchange: &'a Exchange,
    /// Parameters that it sends by themselves. None: nobody can name them.
    sends: Option<(&'a IndexMap<String, Param>, Vec<&'a str>)>,
    /// Expressions that read its answer, with what it is called in them.
    reads: Vec<(&'a str, String)>,
}

/// Every request of a manifest.
fn asked(manifest: &Manifest) -> Vec<Asked<'_>> {
    let mut all = Vec::new();
    for (name, operation) in &manifest.operations {
        let output = operation.output.as_deref();
        several(&mut all, name, Some(&operation.params), &operation.exchange, &operation.steps, &[output]);
    }
    for (name, trigger) in &manifest.triggers {
        if let Some(poll) = &trigger.poll {
            let reads = [poll.output.as_deref(), poll.cursor.as_deref()];
            several(&mut all, name, Some(&trigger.params), &poll.exchange, &poll.steps, &reads);
        }
        if let Some(hook) = &trigger.hook {
            let none = &NOTHING;
            several(&mut all, name, Some(&trigger.params), none, &hook.register, &[hook.state.as_deref()]);
            several(&mut all, name, Some(&trigger.params), none, &hook.unregister, &[]);
            if let Some(confirm) = &hook.confirm {
                several(&mut all, name, Some(&trigger.params), none, &confirm.steps, &[Some(confirm.holds.as_str())]);
            }
        }
    }
    for (name, list) in &manifest.choices {
        if let Some(own) = &list.own {
            let name = format!("choices.{name}");
            several(&mut all, &name, None, &own.exchange, &own.steps, &[own.output.as_deref()]);
        }
    }
    all
}

/// No request.
static NOTHING: std::sync::LazyLock<Exchange> = std::sync::LazyLock::new(Exchange::default);

fn several<'a>(
    all: &mut Vec<Asked<'a>>,
    name: &str,
    params: Option<&'a IndexMap<String, Param>>,
    exchange: &'a Exchange,
    steps: &'a [Step],
    reads: &[Option<&'a str>],
) {
    let reads: Vec<&str> = reads.iter().flatten().copied().collect();
    if steps.is_empty() {
        let sends = params.map(|params| (params, params.keys().map(String::as_str).collect()));
        let reads = reads.into_iter().map(|text| (text, "$response".to_owned())).collect();
        all.push(Asked { name: name.to_owned(), exchange, sends, reads });
        return;
    }
    for (at, step) in steps.iter().enumerate() {
        let sends = params.map(|params| (params, step.params.iter().map(String::as_str).collect()));
        let mut found = Vec::new();
        // An element of `over` gives a list of answers, and pages give their items.
        if step.over.is_none() && step.exchange.paging.is_none() {
            let texts = reads.iter().copied().chain(steps.iter().filter_map(|step| step.when.as_deref()));
            found.extend(texts.map(|text| (text, format!("$steps.{}", step.name))));
            if at + 1 == steps.len() {
                found.extend(reads.iter().map(|text| (*text, "$response".to_owned())));
            }
        }
        found.extend(step.until.iter().map(|until| (until.done.as_str(), "$response".to_owned())));
        all.push(Asked { name: name.to_owned(), exchange: &step.exchange, sends, reads: found });
    }
}

fn judged(manifest: &Manifest, schema: Option<&Schema>) -> Drift {
    let mut drift = Drift::default();
    for asked in asked(manifest) {
        let Some(text) = asked.exchange.graphql.as_deref() else {
            let counts = asked.exchange.request.is_some() && asked.sends.is_some();
            if counts && !drift.skipped.contains(&asked.name) {
                drift.skipped.push(asked.name);
            }
            continue;
        };
        drift.compared += 1;
        let faults = match document::read(text) {
            Err(fault) => {
                let says = format!("the document cannot be read: {fault}");
                let finding = Finding::new(Kind::DocumentInvalid, Some(&asked.name), says);
                drift.findings.push(finding);
                continue;
            }
            Ok(document) => {
                let mut faults = valid::faults(&document, schema);
                faults.extend(sending(manifest, &asked, &document, schema));
                faults.extend(reading(manifest, &asked, &document));
                faults
            }
        };
        keep(&mut drift.findings, &asked.name, faults);
    }
    drift
}

/// Findings of faults, each once.
fn keep(findings: &mut Vec<Finding>, name: &str, faults: Vec<Fault>) {
    for fault in faults {
        let place = Some(&fault.path).filter(|path| !path.is_empty() && !fault.says.contains(&format!("`{path}`")));
        let place = place.map(|path| format!("`{path}`: ")).unwrap_or_default();
        let like = fault.nearest.as_ref().map(|name| format!("; there is `{name}`")).unwrap_or_default();
        let finding = Finding {
            level: fault.level,
            path: Some(fault.path).filter(|path| !path.is_empty()),
            nearest: fault.nearest,
            ..Finding::new(fault.kind, Some(name), format!("{place}{}{like}", fault.says))
        };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

/// What is sent, against the variables.
fn sending(manifest: &Manifest, asked: &Asked<'_>, document: &Document, schema: Option<&Schema>) -> Vec<Fault> {
    let Some((params, sends)) = &asked.sends else { return Vec::new() };
    let Some(operation) = document.operations.first() else { return Vec::new() };
    let mut sendings = sent::of(manifest, asked.exchange, params, sends);
    // Paging of other kinds writes into the whole body, where variables lie below their name.
    let of_body =
        |sent: &&mut sent::Sent<'_>| sent.param.is_none() && sent.wire.len() > 1 && sent.wire[0] == "variables";
    for sent in sendings.all.iter_mut().filter(of_body) {
        sent.wire.remove(0);
    }
    let mut paged = Vec::new();
    if let Some(Paging::Graphql { variable, size, .. }) = paging(manifest, asked.exchange) {
        paged.push((variable.as_str(), false));
        paged.extend(size.as_ref().and_then(|size| Some((size.param.as_deref()?, true))));
    }
    variables::faults(operation, schema, &sendings, &paged)
}

/// What is read of the answer, against what is asked for.
fn reading(manifest: &Manifest, asked: &Asked<'_>, document: &Document) -> Vec<Fault> {
    let exchange = asked.exchange;
    let mut places: Vec<(String, String)> = Vec::new();
    places.extend(exchange.items.iter().map(|place| ("`items`".to_owned(), place.clone())));
    if let Some(each) = &exchange.each {
        let items = exchange.items.as_deref().unwrap_or_default();
        places.push(("`each`".into(), format!("{items}.{each}")));
    }
    if let Some(Paging::Graphql { connection, .. }) = paging(manifest, exchange) {
        for field in ["hasNextPage", "endCursor"] {
            places.push(("the reading of lists".into(), format!("{connection}.pageInfo.{field}")));
        }
    }
    for (text, root) in &asked.reads {
        for (from, _) in text.match_indices(root.as_str()) {
            let after = &text[from + root.len()..];
            let Some(found) = PATH.find(after) else { continue };
            let mut steps: Vec<&str> = found.as_str().split('.').map(|step| step.trim_end_matches('?')).collect();
            steps.retain(|step| !step.is_empty());
            // The name of what is called is none of a field.
            if after[found.end()..].starts_with('(') {
                steps.pop();
            }
            if let Some(("data", rest)) = steps.split_first().map(|(first, rest)| (*first, rest)) {
                places.push(("an expression".into(), rest.join(".")));
            }
        }
    }
    let missing = |(word, place): (String, String)| {
        let gone = answers::gone(document, &place)?;
        let says = format!("{word} reads `{place}`, and the document does not ask for `{gone}`");
        Some(Fault { level: Kind::FieldGone.level(), kind: Kind::FieldGone, path: gone, says, nearest: None })
    };
    places.into_iter().filter_map(missing).collect()
}

fn paging<'m>(manifest: &'m Manifest, exchange: &Exchange) -> Option<&'m Paging> {
    manifest.paging.get(exchange.paging.as_ref()?)
}

/// Answers of fixtures, each against the document that it answers.
fn answered(fixtures: &[(String, Vec<Case>)], schema: Option<&Schema>, findings: &mut Vec<Finding>) {
    for (name, cases) in fixtures {
        for call in cases.iter().flat_map(|case| &case.calls) {
            let data = &call.answer.body["data"];
            let Some(text) = call.body["query"].as_str().filter(|_| data.is_object()) else { continue };
            if let Ok(document) = document::read(text) {
                let faults = answers::faults(&document, schema, data);
                debug_assert!(faults.iter().all(|fault| fault.level == Level::Warns));
                keep(findings, name, faults);
            }
        }
    }
}
