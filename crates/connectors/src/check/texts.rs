//! Texts of a manifest: what expressions name, paths into answers, and settings in braces.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use model::Value;
use regex::Regex;

use super::{Notes, absent};
use crate::manifest::{Auth, Manifest, Paging, Paths, Told};
use crate::written::{Place, nearest};

/// What expressions of manifests see, without its dollar. What a workflow's expressions see is there, too.
const GLOBALS: [&str; 23] = [
    "params",
    "settings",
    "steps",
    "response",
    "items",
    "item",
    "value",
    "each",
    "headers",
    "cursor",
    "since",
    "webhook",
    "state",
    "request",
    "batch",
    "batchItems",
    "now",
    "today",
    "json",
    "binary",
    "input",
    "jmespath",
    "vars",
];

/// Words whose text is nothing but an expression.
const EXPRESSIONS: [&str; 8] = ["output", "when", "over", "state", "filter", "holds", "done", "cursor"];

pub(super) fn faults(manifest: &Manifest, notes: &mut Notes<'_>) {
    braces(manifest, notes);
    let Ok((whole, _)) = notes.lines.value() else { return };
    // What several operations share by an anchor names steps that only some of them have.
    let mut steps = BTreeSet::from(["answer".to_owned()]);
    steps_of(&whole, &mut steps);
    for kind in ["operations", "triggers"] {
        for (name, of) in whole[kind].as_object().into_iter().flatten() {
            let at = Place::at([kind, name]);
            let remembers = of["poll"].is_null() || of["poll"]["cursor"].is_string();
            let mut seen = Seen { manifest, params: names_of(&of["params"]), steps: &steps, remembers };
            seen.params.extend(["all", "limit", "every"].map(str::to_owned));
            for (word, value) in of.as_object().into_iter().flatten() {
                if !matches!(word.as_str(), "n8n" | "title" | "summary" | "docs" | "graphql") {
                    seen.look(word, value, at.field(word), notes);
                }
            }
        }
    }
    paths(manifest, notes);
}

fn names_of(map: &Value) -> BTreeSet<String> {
    map.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// Names of all steps, wherever they stand.
fn steps_of(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (word, inner) in map {
                if matches!(word.as_str(), "steps" | "register" | "unregister") {
                    let steps = inner.as_array().into_iter().flatten();
                    names.extend(steps.filter_map(|step| Some(step["name"].as_str()?.to_owned())));
                }
                steps_of(inner, names);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| steps_of(inner, names)),
        _ => {}
    }
}

/// What the expressions of an operation or trigger see.
struct Seen<'m> {
    manifest: &'m Manifest,
    params: BTreeSet<String>,
    steps: &'m BTreeSet<String>,
    /// `$cursor` is ever more than null.
    remembers: bool,
}

impl Seen<'_> {
    fn look(&self, word: &str, value: &Value, at: Place, notes: &mut Notes<'_>) {
        match value {
            Value::String(text) => self.text(word, text, at, notes),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, inner)| self.look("", inner, at.element(index), notes));
            }
            Value::Object(map) => {
                for (word, inner) in map {
                    if !matches!(word.as_str(), "about" | "example" | "examples" | "title" | "help" | "graphql") {
                        self.look(word, inner, at.field(word), notes);
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&self, word: &str, text: &str, at: Place, notes: &mut Notes<'_>) {
        let is_expression = text.starts_with('=');
        // `params`, `send` and the like hold words of the service's, which may be called as ours are.
        let is_ours = at.0.len() <= 4 && EXPRESSIONS.contains(&word) && !at.to_string().contains(".send.");
        if !is_expression && (is_ours || text.trim_start().starts_with("{{")) {
            let inner = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            let said =
                format!("an expression begins with `={{{{` and ends with `}}}}`; write `\"={{{{ {inner} }}}}\"`");
            return notes.at(at, said);
        }
        if !is_expression && !text.contains("{=") && !text.contains("{+=") {
            return;
        }
        for found in names().captures_iter(text) {
            let name = &found[1];
            if !GLOBALS.contains(&name) {
                let near = nearest(name, GLOBALS).map(|near| format!("; did you mean `${near}`?")).unwrap_or_default();
                notes.at(at.clone(), format!("an expression sees no `${name}`{near}"));
                continue;
            }
            if name == "cursor" && !self.remembers {
                let said = "`$cursor` is always null, because nothing is remembered; say what is with `poll.cursor`";
                notes.at(at.clone(), said);
                continue;
            }
            let Some(field) = found.get(2) else { continue };
            let field = field.as_str().to_owned();
            // What may be absent is asked for like that: `$params.a?.b`, `$params.a ?? 1`.
            let doubts = |mark: &str| text.contains(&format!("${name}.{field}{mark}"));
            if ["?", " ?"].into_iter().any(doubts) {
                continue;
            }
            let said = match name {
                "params" if !self.params.contains(&field) => absent("parameter", &field, self.params.iter()),
                "steps" if !self.steps.contains(&field) => absent("step", &field, self.steps.iter()),
                "settings" if !self.manifest.settings.contains_key(&field) => {
                    absent("setting", &field, self.manifest.settings.keys())
                }
                _ => continue,
            };
            notes.at(at.clone(), said);
        }
    }
}

/// `$name.field`.
fn names() -> &'static Regex {
    static NAMES: OnceLock<Regex> = OnceLock::new();
    NAMES.get_or_init(|| {
        Regex::new(r"\$([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z_][A-Za-z0-9_]*))?").expect("the pattern is one")
    })
}

/// Names in braces: settings, and secrets of an account.
fn braces(manifest: &Manifest, notes: &mut Notes<'_>) {
    let settings: Vec<&String> = manifest.settings.keys().collect();
    let mut filled = |at: Place, text: &str, more: &[&String]| {
        for name in in_braces(text).filter(|name| !name.starts_with("secret.")) {
            if !settings.iter().chain(more).any(|known| *known == name) {
                let said = absent("setting", name, settings.iter().chain(more).copied());
                notes.at(at, format!("`{{{name}}}`: {said}"));
                return;
            }
        }
    };
    filled(Place::at(["base"]), &manifest.base, &[]);
    for (index, host) in manifest.hosts.iter().enumerate() {
        filled(Place::at(["hosts"]).element(index), host, &[]);
    }
    for (name, text) in &manifest.headers {
        filled(Place::at(["headers", name]), text, &[]);
    }
    for (name, auth) in &manifest.auth {
        let at = Place::at(["auth", name]);
        match auth {
            Auth::Oauth2(oauth) => {
                let addresses = [
                    ("authorizeUrl", oauth.authorize_url.as_ref()),
                    ("tokenUrl", Some(&oauth.token_url)),
                    ("deviceUrl", oauth.device_url.as_ref()),
                    ("revokeUrl", oauth.revoke_url.as_ref()),
                ];
                for (word, text) in addresses {
                    text.into_iter().for_each(|text| filled(at.field(word), text, &[]));
                }
            }
            Auth::Basic { username: Some(username), .. } => filled(at.field("username"), username, &[]),
            Auth::Custom { secrets, headers, query, body, path, .. } => {
                let secrets: Vec<&String> = secrets.keys().collect();
                for (word, texts) in [("headers", headers), ("query", query), ("body", body)] {
                    texts.iter().for_each(|(name, text)| filled(at.field(word).field(name), text, &secrets));
                }
                path.iter().for_each(|text| filled(at.field("path"), text, &secrets));
            }
            _ => {}
        }
    }
}

fn in_braces(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// Paths into answers.
fn paths(manifest: &Manifest, notes: &mut Notes<'_>) {
    let mut look = |at: Place, path: &str| {
        if let Some(better) = straightened(path) {
            let said = format!(
                "`{path}` is no path: steps stand with dots between, numbers are places in a list and `*` is each of \
                 its elements; write `{better}`"
            );
            notes.at(at, said);
        }
    };
    let exchange = |at: &Place, exchange: &crate::manifest::Exchange| -> Vec<(Place, String)> {
        let words = [("items", &exchange.items), ("each", &exchange.each)];
        words.into_iter().filter_map(|(word, path)| Some((at.field(word), path.clone()?))).collect()
    };
    for (name, operation) in &manifest.operations {
        let at = Place::at(["operations", name]);
        let mut all = exchange(&at, &operation.exchange);
        for (index, step) in operation.steps.iter().enumerate() {
            all.extend(exchange(&at.field("steps").element(index), &step.exchange));
        }
        all.iter().for_each(|(at, path)| look(at.clone(), path));
    }
    for (name, trigger) in &manifest.triggers {
        let at = Place::at(["triggers", name]);
        if let Some(poll) = &trigger.poll {
            let at = at.field("poll");
            let mut all = exchange(&at, &poll.exchange);
            for (index, step) in poll.steps.iter().enumerate() {
                all.extend(exchange(&at.field("steps").element(index), &step.exchange));
            }
            all.push((at.field("key"), poll.key.clone()));
            all.iter().filter(|(_, path)| !path.starts_with('=')).for_each(|(at, path)| look(at.clone(), path));
        }
        if let Some(key) = trigger.hook.as_ref().and_then(|hook| hook.key.as_ref()).filter(|key| !key.starts_with('='))
        {
            look(at.field("hook").field("key"), key);
        }
    }
    for (name, paging) in &manifest.paging {
        let at = Place::at(["paging", name]);
        let words: Vec<(&str, Option<&String>)> = match paging {
            Paging::Cursor { from, more, .. } => vec![("from", Some(from)), ("more", more.as_ref())],
            Paging::Page { more, pages, .. } => vec![("more", more.as_ref()), ("pages", pages.as_ref())],
            Paging::Offset { more, total, .. } => vec![("more", more.as_ref()), ("total", total.as_ref())],
            Paging::Next { from, .. } => vec![("from", Some(from))],
            Paging::Graphql { connection, .. } => vec![("connection", Some(connection))],
            Paging::Link { .. } | Paging::Window { .. } => Vec::new(),
        };
        for (word, path) in words {
            path.into_iter().for_each(|path| look(at.field(word), path));
        }
    }
    for (index, rule) in manifest.errors.iter().enumerate() {
        let at = Place::at(["errors"]).element(index);
        let words =
            [("path", &rule.path), ("message", &rule.message), ("code", &rule.code), ("retryAfter", &rule.retry_after)];
        for (word, path) in words {
            path.iter().for_each(|path| look(at.field(word), path));
        }
    }
    if let Some(cost) = &manifest.limits.cost {
        let words = [
            ("left", Some(&cost.left)),
            ("most", cost.most.as_ref()),
            ("restore", cost.restore.as_ref()),
            ("reset", cost.reset.as_ref()),
            ("cost", cost.cost.as_ref()),
        ];
        for (word, told) in words {
            if let Some(Told::Body(path)) = told {
                look(Place::at(["limits", "cost", word]), path);
            }
        }
    }
    for (name, list) in &manifest.choices {
        let at = Place::at(["choices", name]);
        look(at.field("value"), &list.value);
        for (word, paths) in [("label", Some(&list.label)), ("about", list.about.as_ref())] {
            paths.into_iter().flat_map(Paths::all).for_each(|path| look(at.field(word), path));
        }
    }
}

/// The path that somebody has meant who wrote it as JSONPath, as a pointer or as JavaScript.
fn straightened(path: &str) -> Option<String> {
    let odd =
        path.starts_with(['$', '/', '.']) || path.ends_with('.') || path.contains("..") || path.contains(['[', ']']);
    if !odd {
        return None;
    }
    let plain = path.replace(['[', ']', '/', '\'', '"'], ".");
    let steps = plain.split('.').filter(|step| !step.is_empty() && *step != "$" && *step != "$response");
    let straight = steps.collect::<Vec<_>>().join(".");
    Some(straight.trim_end_matches(".*").to_owned())
}
