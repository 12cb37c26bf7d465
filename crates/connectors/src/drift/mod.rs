//! Whether a manifest still says what the vendor's own document says (OpenAPI 3.x or Swagger 2.0), or its schema of
//! GraphQL.
//!
//! What a manifest asks for is looked up in the document, and what it sends and reads is held against the schemas there.
//! What the document does not say is no finding: a document that is silent about a field knows nothing of it.

mod graphql;
mod published;
pub(crate) mod sent;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use indexmap::IndexMap;
use model::{Problem, Value};
use regex::Regex;
use serde::Serialize;

pub use self::graphql::{against_schema, fixtures_without_schema, without_schema};
use self::published::{Api, Described, Found, Shape, host_and_path, steps};
use self::sent::{Sendings, Sent};
use crate::fixture::Case;
use crate::manifest::{Exchange, Manifest, Paging, Param, Place, Step, Type, Values};
use crate::openapi::Document;

/// Deepest value that is compared.
const DEEP: usize = 12;
/// Headers that the transport and the account set.
const OWN_HEADERS: &[&str] = &["authorization", "accept", "content-type", "content-length", "host", "user-agent"];

/// What a finding means for calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Calls fail, or will.
    Breaks,
    /// Somebody should look at it.
    Warns,
    /// It is good to know.
    Tells,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The path is not there any more.
    PathGone,
    /// The path does not take the method any more.
    MethodGone,
    /// A parameter must be sent, and is not.
    RequiredMissing,
    /// A parameter must be sent, and a person may leave it out.
    RequiredOptional,
    /// A parameter is sent that is not there.
    ParameterUnknown,
    /// A value is offered or sent that is not there any more.
    ValueGone,
    /// It is of another type.
    TypeChanged,
    /// It is going to be taken away.
    Deprecated,
    /// A field of the answer is read that is not there.
    FieldGone,
    /// The service is at another host.
    BaseMoved,
    /// A fixture does not hold.
    FixtureFails,
    /// An operation that the manifest does not have.
    OperationNew,
    /// A document of GraphQL is one that no service takes.
    DocumentInvalid,
    /// An argument, or a field of an input, is sent that is not there any more; GraphQL refuses it.
    ArgumentGone,
    /// A type is named that is not there any more.
    TypeGone,
    /// A directive is used that is not there any more.
    DirectiveGone,
}

impl Kind {
    /// What it means for calls.
    pub fn level(self) -> Level {
        match self {
            Kind::PathGone
            | Kind::MethodGone
            | Kind::RequiredMissing
            | Kind::ValueGone
            | Kind::TypeChanged
            | Kind::FieldGone
            | Kind::FixtureFails
            | Kind::DocumentInvalid
            | Kind::ArgumentGone
            | Kind::TypeGone
            | Kind::DirectiveGone => Level::Breaks,
            Kind::RequiredOptional | Kind::ParameterUnknown | Kind::Deprecated | Kind::BaseMoved => Level::Warns,
            Kind::OperationNew => Level::Tells,
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it means for calls.
    pub level: Level,
    /// What it is.
    pub kind: Kind,
    /// The operation or trigger of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// In GraphQL, where it is: fields of the selection, or a variable and its fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The name that is there and most like the one that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// In a sentence.
    pub detail: String,
}

impl Finding {
    /// A finding of the level of its kind.
    pub fn new(kind: Kind, operation: Option<&str>, detail: impl Into<String>) -> Finding {
        let operation = operation.map(str::to_owned);
        Finding { level: kind.level(), kind, operation, path: None, nearest: None, detail: detail.into() }
    }
}

/// What was found, and how much of the manifest could be looked at.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// What breaks first.
    pub findings: Vec<Finding>,
    /// Requests of the manifest that were found in the document.
    pub compared: usize,
    /// Operations that could not be judged, because they ask elsewhere, or otherwise than the document describes: by
    /// GraphQL, or not by it.
    pub skipped: Vec<String>,
    /// Operations that the document describes.
    pub described: usize,
}

impl Drift {
    /// What two documents of a vendor say together; what one of them judges is not skipped.
    #[must_use]
    pub fn and(mut self, other: Drift) -> Drift {
        self.findings.extend(other.findings);
        self.findings.sort_by_key(|finding| finding.level);
        self.skipped.retain(|name| other.skipped.contains(name));
        self.compared += other.compared;
        self.described += other.described;
        self
    }
}

/// Holds a manifest and its fixtures against a document.
///
/// # Errors
/// The document cannot be read.
pub fn against(manifest: &Manifest, fixtures: &[(String, Vec<Case>)], document: &[u8]) -> Result<Drift, Problem> {
    let document = Document::read(document)?;
    let api = Api::new(&document);
    let account = api.account().into_iter().chain(shown_by(manifest)).map(|name| name.to_ascii_lowercase()).collect();
    let described = api.operations.len();
    let mut look = Look { manifest, api, account, used: BTreeSet::new(), drift: Drift::default(), name: String::new() };
    look.drift.described = described;
    look.base();
    for (name, operation) in &manifest.operations {
        look.name.clone_from(name);
        if operation.steps.is_empty() {
            let sends: Vec<&str> = operation.params.keys().map(String::as_str).collect();
            let at = look.exchange(&operation.exchange, &operation.params, &sends);
            look.expression(operation.output.as_deref(), at.map(|at| ("$response", at)));
        } else {
            look.steps(&operation.steps, &operation.params, operation.output.as_deref());
        }
    }
    for (name, trigger) in &manifest.triggers {
        look.name.clone_from(name);
        if let Some(poll) = &trigger.poll {
            if poll.steps.is_empty() {
                let sends: Vec<&str> = trigger.params.keys().map(String::as_str).collect();
                let at = look.exchange(&poll.exchange, &trigger.params, &sends);
                look.expression(poll.output.as_deref(), at.map(|at| ("$response", at)));
            } else {
                look.steps(&poll.steps, &trigger.params, poll.output.as_deref());
            }
        }
        if let Some(hook) = &trigger.hook {
            look.steps(&hook.register, &trigger.params, None);
            look.steps(&hook.unregister, &trigger.params, None);
        }
    }
    look.fixtures(fixtures);
    look.news();
    let mut drift = look.drift;
    drift.findings.sort_by_key(|finding| finding.level);
    Ok(drift)
}

/// Names of headers and query parameters by which the manifest shows an account.
fn shown_by(manifest: &Manifest) -> impl Iterator<Item = String> + '_ {
    use crate::manifest::Auth;
    manifest.auth.values().flat_map(|auth| match auth {
        Auth::Header { name, .. } | Auth::Query { name, .. } => vec![name.clone()],
        Auth::Custom { headers, query, body, .. } => {
            headers.keys().chain(query.keys()).chain(body.keys()).cloned().collect()
        }
        _ => Vec::new(),
    })
}

struct Look<'a> {
    manifest: &'a Manifest,
    api: Api<'a>,
    account: BTreeSet<String>,
    /// Operations of the document that the manifest asks for.
    used: BTreeSet<usize>,
    drift: Drift,
    /// The operation that is looked at.
    name: String,
}

impl<'a> Look<'a> {
    fn found(&mut self, kind: Kind, detail: String) {
        let finding = Finding::new(kind, Some(&self.name), detail);
        if !self.drift.findings.contains(&finding) {
            self.drift.findings.push(finding);
        }
    }

    fn base(&mut self) {
        let (host, _) = host_and_path(&self.manifest.base);
        let Some(host) = host.filter(|host| !host.contains('{') && !self.api.hosts.is_empty()) else { return };
        if !self.api.hosts.contains(&host) {
            let hosts: Vec<&str> = self.api.hosts.iter().map(String::as_str).collect();
            let detail = format!("the manifest asks `{host}`, and the document names {}", quoted(&hosts));
            self.drift.findings.push(Finding::new(Kind::BaseMoved, None, detail));
        }
    }

    /// Several requests. Expressions see the answers by their names.
    fn steps(&mut self, steps: &'a [Step], known: &'a IndexMap<String, Param>, output: Option<&str>) {
        let mut last = None;
        for step in steps {
            let sends: Vec<&str> = step.params.iter().map(String::as_str).collect();
            let at = self.exchange(&step.exchange, known, &sends);
            last = at.map(|at| ("$response", at));
            // An element of `over` gives a list of answers, and pages give their items.
            if let Some(at) = at.filter(|_| step.over.is_none() && step.exchange.paging.is_none()) {
                let all = [output].into_iter().chain(steps.iter().map(|step| step.when.as_deref()));
                let root = format!("$steps.{}", step.name);
                all.for_each(|text| self.expression(text, Some((&root, at))));
            }
        }
        self.expression(output, last.filter(|_| steps.last().is_some_and(|step| step.over.is_none())));
    }

    /// One request and what is read of its answer; gives the operation that it is.
    fn exchange(
        &mut self,
        exchange: &'a Exchange,
        known: &'a IndexMap<String, Param>,
        sends: &[&str],
    ) -> Option<usize> {
        let at = self.look_up(exchange)?;
        self.used.insert(at);
        self.drift.compared += 1;
        let what = format!("{} {}", self.api.operations[at].method, self.api.operations[at].path);
        if self.api.operations[at].is_deprecated() {
            self.found(Kind::Deprecated, format!("`{what}` is going to be taken away"));
        }
        let sendings = sent::of(self.manifest, exchange, known, sends);
        self.parameters(at, &what, &sendings);
        self.body(at, &what, &sendings);
        let mut places: Vec<(&str, &str)> = Vec::new();
        places.extend(exchange.items.as_deref().map(|place| ("items", place)));
        if let Some(paging) = exchange.paging.as_ref().and_then(|name| self.manifest.paging.get(name)) {
            places.extend(read_by(paging));
        }
        let answers = self.api.answers(&self.api.operations[at]);
        for (word, place) in places {
            self.place(&answers, word, place, &what);
        }
        if let Some(each) = exchange.each.as_deref() {
            let place =
                exchange.items.as_deref().map_or_else(|| format!("0.{each}"), |items| format!("{items}.0.{each}"));
            self.place(&answers, "each", &place, &what);
        }
        Some(at)
    }

    /// The operation of the document that a request asks for.
    fn look_up(&mut self, exchange: &Exchange) -> Option<usize> {
        let skipped = |look: &mut Self| {
            if !look.drift.skipped.contains(&look.name) {
                look.drift.skipped.push(look.name.clone());
            }
            None
        };
        let Some((method, address)) = exchange.request.as_deref().and_then(|request| request.split_once(' ')) else {
            return skipped(self);
        };
        let address = address.trim();
        let whole = address.contains("://") || address.starts_with("{=");
        let (own_host, path) = host_and_path(address);
        let (base_host, base) = host_and_path(&self.manifest.base);
        let elsewhere = own_host.as_ref().is_some_and(|host| {
            !host.contains('{') && base_host.as_ref() != Some(host) && !self.api.hosts.contains(host)
        });
        if address.starts_with("{=") || elsewhere {
            return skipped(self);
        }
        let mut routes = vec![steps(&path)];
        if !whole {
            routes.push(steps(&format!("{}{address}", base.trim_end_matches('/'))));
        }
        match self.api.find(method, &routes) {
            Found::Here(at) => Some(at),
            Found::OtherMethods(methods) => {
                let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
                self.found(Kind::MethodGone, format!("`{method} {address}`: the path takes {} only", quoted(&methods)));
                None
            }
            Found::Nowhere => {
                self.found(Kind::PathGone, format!("`{method} {address}`: the document has no such path"));
                None
            }
        }
    }

    /// Parameters in the query and in headers.
    fn parameters(&mut self, at: usize, what: &str, sendings: &Sendings<'a>) {
        let theirs = self.api.parameters(&self.api.operations[at]);
        let of = |place: &str| -> Vec<(&'a str, &'a Value)> {
            let there = theirs.iter().filter(|parameter| parameter["in"] == place);
            there.filter_map(|parameter| Some((parameter["name"].as_str()?, *parameter))).collect()
        };
        for (place, word) in [(Place::Query, "query"), (Place::Header, "header")] {
            let theirs = of(word);
            let same = |ours: &str, theirs: &str| match place {
                Place::Header => ours.eq_ignore_ascii_case(theirs),
                // A list may be written with its brackets.
                _ => {
                    ours == theirs || theirs.strip_suffix("[]") == Some(ours) || ours.strip_suffix("[]") == Some(theirs)
                }
            };
            let mut sent: Vec<String> = Vec::new();
            for ours in sendings.all.iter().filter(|sent| sent.place == place) {
                let name = in_query(&ours.wire);
                sent.push(name.clone());
                let low = name.to_ascii_lowercase();
                let first = ours.wire.first().map(String::as_str).unwrap_or_default();
                let found = theirs.iter().find(|(theirs, _)| same(&name, theirs));
                match found.or_else(|| theirs.iter().find(|(theirs, _)| *theirs == first)) {
                    Some((known, parameter)) => {
                        sent.push((*known).to_owned());
                        if parameter["deprecated"] == true {
                            self.found(Kind::Deprecated, format!("`{what}`: the parameter `{name}` in the {word}"));
                        }
                        if same(&name, known) {
                            self.optional(
                                ours,
                                parameter["required"] == true,
                                &format!("`{what}`: `{name}` in the {word}"),
                            );
                            let schema = self.api.schema_of(parameter);
                            self.value(&[schema], ours, &format!("`{what}`: `{name}` in the {word}"), false);
                        }
                    }
                    None if place == Place::Header && OWN_HEADERS.contains(&low.as_str()) => {}
                    None if self.account.contains(&low) => {}
                    None => self.found(
                        Kind::ParameterUnknown,
                        format!("`{what}`: `{name}` is sent in the {word}, and the document does not have it"),
                    ),
                }
            }
            if place == Place::Query && sendings.open_query {
                continue;
            }
            let always = |name: &str| {
                place == Place::Header && self.manifest.headers.keys().any(|known| known.eq_ignore_ascii_case(name))
            };
            let key = self.manifest.idempotency_header.as_deref();
            let missing: Vec<&str> = theirs
                .iter()
                .filter(|(name, parameter)| parameter["required"] == true && !sent.iter().any(|sent| same(sent, name)))
                .map(|(name, _)| *name)
                .filter(|name| {
                    let low = name.to_ascii_lowercase();
                    !always(name)
                        && !self.account.contains(&low)
                        && !OWN_HEADERS.contains(&low.as_str())
                        && !key.is_some_and(|key| key.eq_ignore_ascii_case(name))
                })
                .collect();
            for name in missing {
                self.found(Kind::RequiredMissing, format!("`{what}`: `{name}` in the {word} must be sent"));
            }
        }
    }

    /// A parameter that must be sent, which a person may leave out.
    fn optional(&mut self, ours: &Sent<'a>, required: bool, what: &str) {
        let Some((_, param)) = ours.param.filter(|_| required) else { return };
        if !param.required && param.default.is_none() {
            self.found(Kind::RequiredOptional, format!("{what} must be sent, and the form does not ask for it"));
        }
    }

    fn body(&mut self, at: usize, what: &str, sendings: &Sendings<'a>) {
        let Some((shape, required)) = self.api.body(&self.api.operations[at]) else { return };
        if !shape.kinds.is_empty() && !shape.kinds.contains("object") {
            return;
        }
        let ours: Vec<&Sent<'a>> = sendings.all.iter().filter(|sent| sent.place == Place::Body).collect();
        let asked = required || !ours.is_empty();
        for sent in &ours {
            self.field(&shape, sent, &sent.wire, what);
        }
        if !asked || sendings.open_body {
            return;
        }
        let named =
            |name: &String| ours.iter().any(|sent| sent.wire.first() == Some(name)) || self.account.contains(name);
        for name in self.must(&shape).into_iter().filter(|name| !named(name)).collect::<Vec<_>>() {
            self.found(Kind::RequiredMissing, format!("`{what}`: `{name}` in the body must be sent"));
        }
    }

    /// Fields that must be given, as far as the document describes them and they can be.
    fn must(&self, shape: &Shape<'a>) -> Vec<String> {
        let writable = |name: &String| {
            let schemas = shape.fields.get(name)?;
            (!schemas.iter().any(|schema| self.api.resolved(schema)["readOnly"] == true)).then(|| name.clone())
        };
        shape.required.iter().filter_map(writable).collect()
    }

    /// A field of the body, below a shape.
    fn field(&mut self, shape: &Shape<'a>, sent: &Sent<'a>, wire: &[String], what: &str) {
        let Some((first, rest)) = wire.split_first() else { return };
        let name = sent.wire.join(".");
        match shape.fields.get(first) {
            None if shape.may_have_others() || self.account.contains(first) => {}
            None => self.found(
                Kind::ParameterUnknown,
                format!("`{what}`: `{name}` is sent in the body, and the document does not have it"),
            ),
            Some(schemas) if rest.is_empty() => {
                let what = format!("`{what}`: `{name}` in the body");
                self.optional(sent, self.must(shape).contains(first), &what);
                self.value(schemas, sent, &what, true);
            }
            Some(schemas) => {
                let below = self.api.shape(schemas);
                self.field(&below, sent, rest, what);
            }
        }
    }

    /// A value that is sent: its type, its values, and what is inside.
    fn value(&mut self, schemas: &[&'a Value], sent: &Sent<'a>, what: &str, in_body: bool) {
        let shape = self.api.shape(schemas);
        if let Some(fixed) = sent.fixed
            && shape.values.as_ref().is_some_and(|values| !values.iter().any(|value| alike(value, fixed)))
        {
            self.found(Kind::ValueGone, format!("{what} is always {fixed}, which is no value of it any more"));
        }
        if let Some((_, param)) = sent.param {
            self.param(&shape, param, what, in_body, 0);
        }
    }

    fn param(&mut self, shape: &Shape<'a>, param: &Param, what: &str, in_body: bool, depth: usize) {
        if shape.deprecated {
            self.found(Kind::Deprecated, format!("{what} is going to be taken away"));
        }
        // An expression makes something else of it.
        if param.send.is_some() || depth >= DEEP {
            return;
        }
        if !fits(param, &shape.kinds, in_body) {
            let kinds: Vec<&str> = shape.kinds.iter().map(String::as_str).collect();
            let ours = format!("{:?}", param.kind).to_lowercase();
            self.found(Kind::TypeChanged, format!("{what} is of the type `{ours}` here, and {} there", quoted(&kinds)));
            return;
        }
        if let (Some(values), Some(theirs)) = (&param.values, self.values_of(shape, param)) {
            let gone: Vec<String> = listed(values).into_iter().filter(|value| !theirs.contains(value)).collect();
            if !gone.is_empty() {
                let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
                self.found(
                    Kind::ValueGone,
                    format!("{what} has the values {}, which are not there any more", quoted(&gone)),
                );
            }
        }
        if !in_body || param.json {
            return;
        }
        if let Some(items) = param.items.as_deref().filter(|items| !items.fields.is_empty() || items.values.is_some()) {
            let below = self.api.shape(&shape.items);
            self.param(&below, items, &format!("{what}: each element"), in_body, depth + 1);
        }
        if param.fields.is_empty() || shape.fields.is_empty() {
            return;
        }
        let name_of =
            |name: &String, field: &Param| field.wire.clone().unwrap_or_else(|| name.clone()).replace("\\.", ".");
        for (name, field) in &param.fields {
            let wire = name_of(name, field);
            let what = format!("{what}: its `{wire}`");
            match shape.fields.get(&wire) {
                Some(schemas) => {
                    let below = self.api.shape(schemas);
                    self.param(&below, field, &what, in_body, depth + 1);
                }
                None if field.spread || wire.contains('.') || shape.may_have_others() => {}
                None => self.found(Kind::ParameterUnknown, format!("{what} is not in the document")),
            }
        }
        if !param.fields.values().any(|field| field.spread) {
            let named: Vec<String> = param.fields.iter().map(|(name, field)| name_of(name, field)).collect();
            let named = |name: &String| named.iter().any(|ours| ours.split('.').next() == Some(name));
            for name in self.must(shape).into_iter().filter(|name| !named(name)) {
                self.found(Kind::RequiredMissing, format!("{what}: its `{name}` must be sent"));
            }
        }
    }

    /// The values that the document has for a parameter, as texts: of a list, those of its elements.
    fn values_of(&self, shape: &Shape<'a>, param: &Param) -> Option<Vec<String>> {
        let values = match param.kind {
            Type::Array => self.api.shape(&shape.items).values,
            _ => shape.values.clone().or_else(|| self.api.shape(&shape.items).values),
        };
        Some(values?.into_iter().map(|value| part::lenient::to_text(value.clone())).collect())
    }

    /// A path that is read of an answer.
    fn place(&mut self, answers: &[&'a Value], word: &str, place: &str, what: &str) {
        if let Some(gone) = self.walk(answers, place) {
            self.found(Kind::FieldGone, format!("`{what}`: `{word}` reads `{place}`, and the answer has no `{gone}`"));
        }
    }

    /// The first step of a path that the document does not have, where it describes the value before it.
    fn walk(&self, answers: &[&'a Value], place: &str) -> Option<String> {
        let mut at: Vec<&Value> = answers.to_vec();
        let mut rest = place;
        let mut before = String::new();
        while !rest.is_empty() {
            let shape = self.api.shape(&at);
            let (step, after) = rest.split_once('.').unwrap_or((rest, ""));
            if step == "*" || step.parse::<i64>().is_ok() {
                if shape.items.is_empty() {
                    return None;
                }
                at = shape.items;
            } else if let Some(schemas) = shape.fields.get(rest) {
                at = schemas.clone();
                return at.is_empty().then(|| rest.to_owned());
            } else if let Some(schemas) = shape.fields.get(step) {
                at = schemas.clone();
            } else if shape.may_have_others() || shape.kinds.contains("array") {
                return None;
            } else {
                return Some(format!("{before}{step}"));
            }
            before = format!("{before}{step}.");
            rest = after;
        }
        None
    }

    /// What an expression reads of an answer that stands there as `root`.
    fn expression(&mut self, text: Option<&str>, root: Option<(&str, usize)>) {
        let Some((text, (root, at))) = text.zip(root) else { return };
        let answers = self.api.answers(&self.api.operations[at]);
        let what = format!("{} {}", self.api.operations[at].method, self.api.operations[at].path);
        for (from, _) in text.match_indices(root) {
            let after = &text[from + root.len()..];
            let Some(found) = PATH.find(after) else { continue };
            let mut place: Vec<&str> = found.as_str().split('.').map(|step| step.trim_end_matches('?')).collect();
            place.retain(|step| !step.is_empty());
            // The name of what is called is none of a field.
            if after[found.end()..].starts_with('(') {
                place.pop();
            }
            let place = place.join(".");
            if let Some(gone) = self.walk(&answers, &place) {
                let detail = format!("`{what}`: an expression reads `{root}.{place}`, and the answer has no `{gone}`");
                self.found(Kind::FieldGone, detail);
            }
        }
    }

    /// Answers of fixtures: what they have that the document does not.
    fn fixtures(&mut self, fixtures: &[(String, Vec<Case>)]) {
        let base = steps(&host_and_path(&self.manifest.base).1).len();
        for (name, cases) in fixtures {
            self.name.clone_from(name);
            for call in cases.iter().flat_map(|case| &case.calls) {
                let good = call.answer.status.is_none_or(|status| (200..300).contains(&status));
                let Some((method, address)) = call.request.split_once(' ').filter(|_| good) else { continue };
                let (_, path) = host_and_path(address);
                let whole = steps(&path);
                let below = whole.iter().skip(base).cloned().collect();
                let Found::Here(at) = self.api.find(method, &[whole, below]) else { continue };
                let what = format!("{method} {}", self.api.operations[at].path);
                let answers = self.api.answers(&self.api.operations[at]);
                if !answers.is_empty() {
                    self.answered(&answers, &call.answer.body, "", &what, 0);
                }
            }
        }
    }

    fn answered(&mut self, schemas: &[&'a Value], value: &Value, at: &str, what: &str, depth: usize) {
        // An empty answer is what a fixture has that nobody has filled in yet.
        let empty = depth == 0 && value.as_object().is_some_and(model::Map::is_empty);
        if depth >= DEEP || value.is_null() || empty {
            return;
        }
        let shape = self.api.shape(schemas);
        let shown = if at.is_empty() { "the body" } else { at };
        let kind = match value {
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            _ => "object",
        };
        let fits = shape.kinds.is_empty()
            || shape.kinds.contains(kind)
            || kind == "integer" && shape.kinds.contains("number")
            || kind == "number" && shape.kinds.contains("integer") && value.as_f64().is_some_and(|n| n.fract() == 0.0);
        if !fits {
            let kinds: Vec<&str> = shape.kinds.iter().map(String::as_str).collect();
            let detail =
                format!("`{what}`: a fixture answers `{shown}` as `{kind}`, and the document as {}", quoted(&kinds));
            self.warn(Kind::TypeChanged, detail);
            return;
        }
        match value {
            Value::Object(map) => {
                for (name, inner) in map {
                    let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    match shape.fields.get(name) {
                        Some(schemas) => self.answered(schemas, inner, &place, what, depth + 1),
                        None if shape.may_have_others() => {}
                        None => {
                            self.warn(
                                Kind::FieldGone,
                                format!("`{what}`: a fixture answers with `{place}`, which the document does not have"),
                            );
                        }
                    }
                }
            }
            Value::Array(list) if !shape.items.is_empty() => {
                for inner in list {
                    self.answered(&shape.items, inner, &format!("{at}[]"), what, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// The same kind of finding where nothing fails by it.
    fn warn(&mut self, kind: Kind, detail: String) {
        let finding = Finding { level: Level::Warns, ..Finding::new(kind, Some(&self.name), detail) };
        if !self.drift.findings.contains(&finding) {
            self.drift.findings.push(finding);
        }
    }

    fn news(&mut self) {
        let fresh =
            self.api.operations.iter().enumerate().filter(|(at, new)| !self.used.contains(at) && !new.is_deprecated());
        let finding = |(_, new): (usize, &Described<'_>)| {
            let summary = Some(new.summary()).filter(|summary| !summary.is_empty());
            let summary =
                summary.map(|summary| format!(": {}", crate::openapi::sentence(Some(summary), ""))).unwrap_or_default();
            Finding::new(Kind::OperationNew, None, format!("`{} {}`{summary}", new.method, new.path))
        };
        self.drift.findings.extend(fresh.map(finding).collect::<Vec<_>>());
    }
}

/// Fields behind the root of an expression.
static PATH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\??\.[A-Za-z_][A-Za-z0-9_]*)+").expect("the pattern is fixed"));

/// Paths of an answer that paging reads.
fn read_by(paging: &Paging) -> Vec<(&'static str, &str)> {
    match paging {
        Paging::Cursor { from, more, .. } => {
            [("from", Some(from.as_str())), ("more", more.as_deref())].into_iter().filter_map(named).collect()
        }
        Paging::Page { more, pages, .. } => {
            [("more", more.as_deref()), ("pages", pages.as_deref())].into_iter().filter_map(named).collect()
        }
        Paging::Offset { more, total, .. } => {
            [("more", more.as_deref()), ("total", total.as_deref())].into_iter().filter_map(named).collect()
        }
        Paging::Next { from, .. } => vec![("from", from)],
        Paging::Link { .. } | Paging::Graphql { .. } | Paging::Window { .. } => Vec::new(),
    }
}

fn named<'a>((word, place): (&'static str, Option<&'a str>)) -> Option<(&'static str, &'a str)> {
    Some((word, place?))
}

/// A name as a query has it: `filter[state]`.
fn in_query(wire: &[String]) -> String {
    let rest: String = wire.iter().skip(1).map(|step| format!("[{step}]")).collect();
    format!("{}{rest}", wire.first().map(String::as_str).unwrap_or_default())
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn listed(values: &Values) -> Vec<String> {
    match values {
        Values::List(list) => list.iter().map(|value| part::lenient::to_text(value.clone())).collect(),
        Values::Titled(titles) => titles.keys().cloned().collect(),
    }
}

fn alike(theirs: &Value, ours: &Value) -> bool {
    theirs == ours || part::lenient::to_text(theirs.clone()) == part::lenient::to_text(ours.clone())
}

/// Whether what a parameter holds can stand where the document has one of these types. Outside of a body all is text.
fn fits(param: &Param, kinds: &BTreeSet<String>, in_body: bool) -> bool {
    let any = |wanted: &[&str]| wanted.iter().any(|kind| kinds.contains(*kind));
    if kinds.is_empty() {
        return true;
    }
    if param.json || param.join.is_some() && in_body {
        return any(&["string"]);
    }
    match (param.kind, in_body) {
        (Type::Any | Type::File, _) | (Type::String | Type::Date | Type::DateTime, false) => true,
        (Type::String, true) => any(&["string"]),
        (Type::Date | Type::DateTime, true) => any(&["string", "integer", "number"]),
        (Type::Integer | Type::Number, true) => any(&["integer", "number"]),
        (Type::Integer | Type::Number, false) => any(&["integer", "number", "string", "array"]),
        (Type::Boolean, true) => any(&["boolean"]),
        (Type::Boolean, false) => any(&["boolean", "string"]),
        (Type::Array, true) => any(&["array"]),
        (Type::Array, false) => any(&["array", "string"]),
        (Type::Object, true) => any(&["object"]),
        (Type::Object, false) => any(&["object", "string", "array"]),
    }
}
