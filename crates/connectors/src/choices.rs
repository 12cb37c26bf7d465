//! Lists of choices: what a parameter may be, asked from the service while a person fills in the form.
//!
//! Nothing is run and nothing is journaled. A list is read page after page, only as far as somebody looks, and what was
//! read is kept for a minute, so that who types and scrolls does not use the account's allowance up.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use model::{Code, Map, Name, Problem, ScopeId, Value};
use outbound::{Clock, Meta, Outbound};
use part::lenient::to_text;
use part::{Category, NodeError};
use sandbox::Sandbox;
use schemars::JsonSchema;
use serde::Serialize;

use crate::manifest::{Asked, Choices, Manifest, Param, Paths, Step};
use crate::operate::{Call, Procedure, World};
use crate::outside::Outside;
use crate::paging::Position;
use crate::template::Template;
use crate::value::{self, Reading};
use crate::{catalog, node, path};

/// Choices of an answer at most.
const PAGE: usize = 100;
/// Choices of a list at most; who wants others searches for them, or writes the value.
const MOST: usize = 1_000;
/// Requests for pages that one question makes at most.
const MOST_PAGES: usize = 5;
/// How long is kept what was read.
const KEPT: Duration = Duration::from_secs(60);
/// Lists that are kept at most.
const MOST_LISTS: usize = 200;
/// Longest time that a question takes, however many requests it needs: a person waits.
const PATIENCE: Duration = Duration::from_secs(45);
/// Letters of a label at most.
const LONGEST: usize = 200;

/// A value that a parameter may have.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "OfferedChoice")]
pub struct Choice {
    /// The value, a text or a number.
    pub value: Value,
    /// What people see.
    pub label: String,
    /// What tells it from others of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// Parameters of a form that a list depends on, by name, in the order in which it takes them.
pub fn from(choices: &Choices) -> Vec<String> {
    let mut from: Vec<String> = Vec::new();
    for text in choices.params.values().flat_map(texts).filter(|text| text.starts_with('=')) {
        for after in text.split("$params.").skip(1) {
            let name: String = after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            if !name.is_empty() && !from.contains(&name) {
                from.push(name);
            }
        }
    }
    from
}

/// The texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// A list of a manifest, compiled.
pub struct Listing {
    procedure: Procedure,
    /// Parameters of what is asked.
    known: IndexMap<String, Param>,
    /// What they are set to.
    set: IndexMap<String, Template>,
    /// Parameters of the form without which nothing can be asked.
    needs: Vec<String>,
    search: Option<String>,
    value: String,
    label: Paths,
    about: Option<Paths>,
}

impl Listing {
    /// Compiles a list.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn compile(manifest: &Arc<Manifest>, choices: &Choices) -> Result<Listing, String> {
        let set = choices.params.iter().filter(|(name, _)| *name != "all" && *name != "limit");
        let set: Result<IndexMap<String, Template>, String> =
            set.map(|(name, value)| Ok((name.clone(), Template::compile(value)?))).collect();
        let set = set?;
        let (procedure, known) = match (&choices.operation, &choices.own) {
            (Some(name), None) => {
                let operation =
                    manifest.operations.get(name).ok_or_else(|| format!("there is no operation `{name}`"))?;
                (Procedure::compile(manifest, operation)?, operation.params.clone())
            }
            (None, Some(own)) => {
                let known = known_of(choices, &set);
                (
                    Procedure::of_steps(
                        manifest,
                        &known,
                        &steps_of(own, choices.search.as_ref()),
                        own.output.as_deref(),
                    )?,
                    known,
                )
            }
            _ => return Err("it names an `operation`, or a request of its `own`".into()),
        };
        let needed = |(name, template): (&String, &Template)| match template {
            Template::Path { global, path } if global == "$params" && !path.is_empty() => {
                let wanted = known.get(name).is_some_and(|param| param.required && param.default.is_none());
                wanted.then(|| path.split('.').next().unwrap_or_default().to_owned())
            }
            _ => None,
        };
        let needs = set.iter().filter_map(needed).collect();
        let (value, label, about) = (choices.value.clone(), choices.label.clone(), choices.about.clone());
        Ok(Listing { procedure, known, set, needs, search: choices.search.clone(), value, label, about })
    }

    /// Parameters of the form without which nothing can be asked.
    pub fn needs(&self) -> &[String] {
        &self.needs
    }

    /// A page of the list, and where the next one begins.
    ///
    /// # Errors
    /// The form lacks what the list is of, or the first failure of a call.
    pub async fn page(
        &self,
        world: &dyn World,
        settings: &Map,
        form: &Map,
        search: &str,
        from: Option<Position>,
    ) -> Result<(Vec<Choice>, Option<Position>), NodeError> {
        for name in &self.needs {
            let pointer = format!("/params/{}", model::problem::pointer_step(name));
            match form.get(name) {
                None | Some(Value::Null) => {
                    let error =
                        NodeError::parameter(&pointer, format!("the list depends on `{name}`, which is not set"));
                    return Err(error.hint(format!("set `{name}` first")));
                }
                Some(Value::String(text)) if text.is_empty() => {
                    let error = NodeError::parameter(&pointer, format!("the list depends on `{name}`, which is empty"));
                    return Err(error.hint(format!("set `{name}` first")));
                }
                Some(value) if is_expression(value) => {
                    let detail =
                        format!("the list depends on `{name}`, whose value is known only when the workflow runs");
                    return Err(
                        NodeError::parameter(&pointer, detail).hint("write the value by hand, or as an expression")
                    );
                }
                Some(_) => {}
            }
        }
        let form: Map =
            form.iter().filter(|(_, value)| !is_expression(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut globals = Map::new();
        globals.insert("$params".into(), Value::Object(form));
        globals.insert("$settings".into(), Value::Object(settings.clone()));
        let mut params = Map::new();
        for (name, template) in &self.set {
            let value = template.value(world, &globals).await?;
            if !value.is_null() {
                params.insert(name.clone(), value);
            }
        }
        if let Some(name) = self.search.as_ref().filter(|_| !search.is_empty()) {
            params.insert(name.clone(), search.into());
        }
        let read = value::read(&self.known, params, &Reading { zone: TimeZone::UTC }, "/params");
        let params = read.map_err(|mut error| {
            // It points at a parameter of what is asked, not of the form.
            error.problem.pointer = None;
            error
        })?;
        let limit = if self.procedure.is_paged() { PAGE } else { MOST } as u64;
        let call = Call { world, settings, params: &params, more: Map::new(), limit: Some(limit) };
        let (items, next) = self.procedure.page(call, from).await?;
        Ok((items.iter().filter_map(|item| self.choice(item)).collect(), next))
    }

    /// What an item is in the list; one without a value is none.
    fn choice(&self, item: &Value) -> Option<Choice> {
        let value = path::at(item, &self.value)?;
        let shown = match &value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let label = first_text(item, &self.label).unwrap_or(shown);
        let about = self.about.as_ref().and_then(|paths| first_text(item, paths)).filter(|about| *about != label);
        Some(Choice { value, label, about })
    }
}

fn first_text(item: &Value, paths: &Paths) -> Option<String> {
    let text = |path: &String| match path::at(item, path)? {
        text @ (Value::String(_) | Value::Number(_)) => Some(to_text(text)).filter(|text| !text.trim().is_empty()),
        _ => None,
    };
    Some(paths.all().iter().find_map(text)?.trim().chars().take(LONGEST).collect())
}

fn is_expression(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('='))
}

/// Parameters of a request of its own: those that the list sets, and the one that takes what is searched.
fn known_of(choices: &Choices, set: &IndexMap<String, Template>) -> IndexMap<String, Param> {
    let param = |required| Param { required, kind: crate::manifest::Type::Any, ..Param::default() };
    let mut known: IndexMap<String, Param> =
        set.iter().map(|(name, template)| (name.clone(), param(matches!(template, Template::Path { .. })))).collect();
    if let Some(search) = &choices.search {
        known.entry(search.clone()).or_insert_with(|| param(false));
    }
    known
}

/// Its requests. Of its parameters, only what is searched is sent by itself.
fn steps_of(own: &Asked, search: Option<&String>) -> Vec<Step> {
    if !own.steps.is_empty() {
        return own.steps.clone();
    }
    let params = search.into_iter().cloned().collect();
    vec![Step { name: "answer".into(), when: None, over: None, exchange: own.exchange.clone(), params, until: None }]
}

/// What somebody wants to know.
#[derive(Debug)]
pub struct Question<'a> {
    /// Where the connection is.
    pub scope: ScopeId,
    /// Its workspace, which keeps processes of the sandbox apart.
    pub workspace: &'a str,
    /// The node type.
    pub node_type: &'a str,
    /// The parameter: a pointer below the node (`/params/channel`).
    pub parameter: &'a str,
    /// The node's parameters as they are in the form.
    pub params: Map,
    /// The connection, and what changes whenever it does.
    pub connection: Option<(Name, u64)>,
    /// What the person types; empty: everything.
    pub search: &'a str,
    /// How many choices the person has already.
    pub after: usize,
    /// Forgets what is kept.
    pub anew: bool,
}

/// Some choices of a list.
#[derive(Debug)]
pub struct Offered {
    /// Them.
    pub items: Vec<Choice>,
    /// How many there are up to here, where there may be more.
    pub next: Option<usize>,
}

/// What was read of a list.
struct Kept {
    items: Vec<Choice>,
    next: Next,
    /// Milliseconds since 1970 when it began.
    began: u128,
}

/// Where reading goes on.
enum Next {
    Begin,
    At(Box<Position>),
    End,
}

/// Asks services for lists, and keeps for a while what they have told. Cheap to clone.
#[derive(Clone)]
pub struct Lists {
    inner: Arc<Inner>,
}

struct Inner {
    outbound: Outbound,
    sandbox: Sandbox,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<String, Kept>>,
}

impl Lists {
    /// Asks by that way out; expressions of manifests run in that sandbox.
    pub fn new(outbound: Outbound, sandbox: Sandbox, clock: Arc<dyn Clock>) -> Lists {
        Lists { inner: Arc::new(Inner { outbound, sandbox, clock, kept: Mutex::default() }) }
    }

    /// Choices of a parameter of a connector that is shipped.
    ///
    /// # Errors
    /// There is no such list, the form lacks what it is of, or the service says no.
    pub async fn ask(&self, question: Question<'_>) -> Result<Offered, Problem> {
        let unknown = |detail: String| Problem::new(Code::NotFound, detail).at("/type");
        let (connector, name) = question.node_type.split_once('.').unwrap_or((question.node_type, ""));
        let shipped = catalog::named(connector);
        let shipped = shipped.ok_or_else(|| unknown(format!("there is no connector `{connector}`")))?;
        let manifest = &shipped.connector().map_err(|fault| Problem::new(Code::Internal, fault))?.manifest;
        let params = params_of(manifest, name);
        let params = params.ok_or_else(|| unknown(format!("there is no node type `{}`", question.node_type)))?;
        self.of(manifest, &params, question).await
    }

    /// Choices of one of these parameters.
    ///
    /// # Errors
    /// As [`Lists::ask`].
    pub async fn of(
        &self,
        manifest: &Arc<Manifest>,
        params: &IndexMap<String, Param>,
        question: Question<'_>,
    ) -> Result<Offered, Problem> {
        let found = offered_at(params, question.parameter).and_then(|name| Some((name, manifest.choices.get(name)?)));
        let (name, choices) = found.ok_or_else(|| {
            let detail = format!("no list is offered for `{}`", question.parameter);
            Problem::new(Code::NotFound, detail).at("/parameter")
        })?;
        if !manifest.auth.is_empty() && question.connection.is_none() {
            let detail = format!("the list is read with an account of {}", manifest.title);
            let problem = Problem::new(Code::ConnectionMissing, detail).at(format!("/connections/{}", node::SLOT));
            return Err(problem.hint("choose a connection first, or write the value by hand"));
        }
        let listing = Listing::compile(manifest, choices).map_err(|fault| Problem::new(Code::Internal, fault))?;
        let mut form = question.params;
        for (name, default) in params.iter().filter_map(|(name, param)| Some((name, param.default.clone()?))) {
            let value = form.entry(name.clone()).or_insert(Value::Null);
            if value.is_null() {
                *value = default;
            }
        }
        let search = question.search.trim();
        let (asked, words) = match listing.search {
            Some(_) => (search, Vec::new()),
            None => ("", search.to_lowercase().split_whitespace().map(str::to_owned).collect()),
        };
        let depends: Vec<_> = from(choices).iter().map(|name| form.get(name).cloned().unwrap_or_default()).collect();
        let key = serde_json::to_string(&(
            question.scope.0,
            &manifest.connector,
            name,
            question.connection.as_ref().map(|(name, revision)| (name.as_str(), *revision)),
            depends,
            asked,
        ))
        .unwrap_or_default();
        let mut kept = self.kept(&key, question.anew);
        let wanted = question.after + PAGE;
        let mut meta = Meta::new(question.scope);
        meta.connection = question.connection.map(|(name, _)| name);
        let place = Outside {
            outbound: &self.inner.outbound,
            meta,
            workspace: question.workspace.to_owned(),
            timezone: "UTC",
            sandbox: &self.inner.sandbox,
            manifest: manifest.clone(),
            answered: &|| {},
            answers: AtomicUsize::new(0),
        };
        let reading = async {
            let mut settings = manifest.defaults();
            if let Some(connection) = &place.meta.connection {
                settings.extend(place.outbound.settings(place.meta.scope, connection).await?);
            }
            read_on(&place, &listing, (&settings, &form), (asked, &words), wanted, &mut kept).await
        };
        let read = tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| {
            let detail = format!("{} did not give the list within {} seconds", manifest.title, PATIENCE.as_secs());
            Err(NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail))
        });
        let fitting: Vec<&Choice> = kept.items.iter().filter(|choice| fits(choice, &words)).collect();
        let more = fitting.len() > wanted || (!matches!(kept.next, Next::End) && kept.items.len() < MOST);
        let items: Vec<Choice> = fitting.into_iter().skip(question.after).take(PAGE).cloned().collect();
        let next = more.then(|| question.after + items.len());
        self.keep(key, kept);
        read.map_err(told)?;
        Ok(Offered { items, next })
    }

    fn now(&self) -> u128 {
        self.inner.clock.unix_time().as_millis()
    }

    /// Takes what is kept of a list, or begins it.
    fn kept(&self, key: &str, anew: bool) -> Kept {
        let now = self.now();
        let kept = self.inner.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        kept.filter(|kept| !anew && now.saturating_sub(kept.began) < KEPT.as_millis()).unwrap_or(Kept {
            items: Vec::new(),
            next: Next::Begin,
            began: now,
        })
    }

    fn keep(&self, key: String, kept: Kept) {
        let now = self.now();
        let mut all = self.inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_LISTS {
            all.retain(|_, kept| now.saturating_sub(kept.began) < KEPT.as_millis());
        }
        if all.len() < MOST_LISTS && !matches!(kept.next, Next::Begin) {
            all.insert(key, kept);
        }
    }
}

/// The parameters of an operation or trigger.
fn params_of(manifest: &Manifest, name: &str) -> Option<IndexMap<String, Param>> {
    match manifest.operations.get(name) {
        Some(operation) => Some(operation.params.clone()),
        None => Some(manifest.triggers.get(name)?.params.clone()),
    }
}

/// The list that is offered at a pointer below the node; an element of a list has that of the list.
fn offered_at<'p>(params: &'p IndexMap<String, Param>, pointer: &str) -> Option<&'p str> {
    let mut steps = pointer.strip_prefix("/params/")?.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut param = params.get(&steps.next()?)?;
    for step in steps {
        let element = step.parse::<usize>().is_ok() || step == "-";
        param = match (element, &param.items) {
            (true, Some(items)) if items.choices.is_some() || !items.fields.is_empty() => items,
            (true, _) => param,
            (false, _) => param.fields.get(&step)?,
        };
    }
    param.choices.as_deref()
}

fn fits(choice: &Choice, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let about = choice.about.as_deref().unwrap_or_default();
    let text = format!("{} {} {about}", choice.label, to_text(choice.value.clone())).to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

/// A failure as a person reads it who fills in a form.
fn told(error: NodeError) -> Problem {
    let mut problem = error.problem;
    if let Some(millis) = error.later_millis {
        problem.retry_after.get_or_insert(millis.div_ceil(1000));
    }
    let hint = match error.category {
        Category::Auth => "look whether the connection is good and may read this, or write the value by hand",
        Category::RateLimit => "try again in a while, or write the value by hand",
        Category::Timeout | Category::Unavailable => "try again, or write the value by hand",
        Category::BadData => "look at what the list depends on, or write the value by hand",
        Category::Refused | Category::Code | Category::Bug => "write the value by hand",
    };
    problem.hint.get_or_insert_with(|| hint.to_owned());
    problem
}

/// Reads on until there are as many choices as are wanted, the list ends, or it is enough for once.
async fn read_on(
    place: &dyn World,
    listing: &Listing,
    (settings, form): (&Map, &Map),
    (asked, words): (&str, &[String]),
    wanted: usize,
    kept: &mut Kept,
) -> Result<(), NodeError> {
    for _ in 0..MOST_PAGES {
        let enough = kept.items.iter().filter(|choice| fits(choice, words)).count() >= wanted;
        if enough || kept.items.len() >= MOST {
            break;
        }
        let from = match &kept.next {
            Next::Begin => None,
            Next::At(position) => Some((**position).clone()),
            Next::End => break,
        };
        let (items, next) = listing.page(place, settings, form, asked, from).await?;
        for choice in items {
            if kept.items.len() < MOST && kept.items.iter().all(|known| known.value != choice.value) {
                kept.items.push(choice);
            }
        }
        kept.next = next.map_or(Next::End, |position| Next::At(Box::new(position)));
    }
    Ok(())
}
