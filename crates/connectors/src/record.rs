//! Recording: an operation is performed once against its service, or was by a run, and what went to and fro becomes a
//! case of a fixture.
//!
//! Only answers are taken down. The requests of the case are those that the operation makes of them again, after secrets
//! and people were taken out of everything and long lists were cut; so the case holds, and what it says belongs together.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use model::template::Params;
use model::{Binary, Item, Map, Name, ScopeId, Value};
use outbound::Outbound;
use part::exchange::{self, Content, Manner, Piece, Plan, Told};
use part::lenient::to_text;
use part::{Category, NodeError};
use sandbox::Sandbox;
use serde_json::json;

use crate::catalog::Connector;
use crate::fixture::{self, Case, NOW, Place, content_of, perform, query_of, replied, request_of};
use crate::manifest::{Manifest, Operation};
use crate::mask::Masks;
use crate::operate::{About, Procedure, Reply, World};
use crate::template::Evaluate;
use crate::value::Reading;
use crate::{apart, node, value};

/// Elements of a list that are kept.
const MOST_ELEMENTS: usize = 3;
/// Largest answer.
const LARGEST: u64 = 16 << 20;
/// Letters of a file that are kept.
const MOST_OF_FILE: usize = 200;
/// Headers of answers that say something to whoever reads them, beside those that limits name.
const TELLING: &[&str] = &["content-type", "content-disposition", "link", "location", "retry-after", "etag"];

/// An answer, by the name of its call.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Name of the call among those of the item.
    pub call: String,
    /// What the service told.
    pub told: Told,
}

/// What took place.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// Settings of the connection.
    pub settings: Map,
    /// Parameters, without expressions.
    pub params: Map,
    /// Answers, in order.
    pub answers: Vec<Taken>,
}

/// The way to the service.
pub struct Way<'a> {
    /// The way out.
    pub outbound: &'a Outbound,
    /// Where the connection is.
    pub scope: ScopeId,
    /// The account; absent when the service asks for none.
    pub connection: Option<Name>,
    /// Settings of the connection.
    pub settings: Map,
    /// Evaluates expressions.
    pub sandbox: &'a Sandbox,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// How a case is written.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Name of the case.
    pub name: String,
    /// The page of the vendor's documents.
    pub source: Option<String>,
    /// People stay as they are.
    pub keep_people: bool,
}

/// A case, written.
#[derive(Clone, Debug)]
pub struct Written {
    /// As a fixture has it.
    pub case: Value,
    /// Calls that it has.
    pub calls: usize,
    /// Stand-ins of secrets that stand in it.
    pub secrets: Vec<String>,
    /// People that were found, with their stand-ins.
    pub people: Vec<(String, String)>,
    /// How the operation fails, if it does.
    pub failure: Option<String>,
}

/// The operation of that name, compiled.
fn operation<'a>(connector: &'a Connector, name: &str) -> Result<(&'a Operation, Procedure), String> {
    let manifest = &connector.manifest;
    let found = manifest.operations.get(name);
    let found = found.ok_or_else(|| format!("`{}` has no operation `{name}`", manifest.connector))?;
    Ok((found, Procedure::compile(manifest, found)?))
}

/// Performs an operation once. A service that says no is recorded like any other; one that cannot be reached is not.
///
/// # Errors
/// There is no such operation, a parameter is wrong, or an answer did not come.
pub async fn take(connector: &Connector, name: &str, params: Map, way: &Way<'_>) -> Result<Tape, NodeError> {
    let bad = |fault: String| NodeError::bad_data(fault).permanent();
    let (found, procedure) = operation(connector, name).map_err(bad)?;
    let known = node::all_params(found, procedure.pages());
    let mut settings = connector.manifest.defaults();
    settings.extend(way.settings.clone());
    let read = value::read(&known, params.clone(), &Reading { zone: TimeZone::UTC }, "/params")?;
    let real = Real { manifest: &connector.manifest, way, taken: Mutex::default(), lost: Mutex::default() };
    let place = Place { world: &real, item: Item::default(), settings: &settings };
    let ended = perform(&place, found, &procedure, vec![read], &mut Vec::new(), &mut None).await;
    if let Some(error) = real.lost.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let answers = real.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
    match ended {
        Err(error) if answers.is_empty() => Err(error),
        _ => Ok(Tape { settings, params, answers }),
    }
}

/// Makes a case of what took place.
///
/// # Errors
/// The operation does not do the same with it again, or a secret would be left.
pub async fn write(
    connector: &Connector,
    name: &str,
    tape: &Tape,
    mut masks: Masks,
    wish: &Wish,
    sandbox: &Sandbox,
) -> Result<Written, String> {
    let (found, procedure) = operation(connector, name)?;
    let mut settings = connector.manifest.defaults();
    settings.extend(tape.settings.clone());
    let tape = &Tape { settings, ..tape.clone() };
    let again = async |tape: &Tape, all_headers: bool| {
        let desk = Desk { manifest: &connector.manifest, tape, sandbox, all_headers, sent: Mutex::default() };
        desk.perform(found, &procedure).await
    };
    let whole = again(tape, true).await?;
    look_for_secrets(&mut masks, tape, &whole.calls);
    let everything = json!([tape.params, tape.settings, whole.calls]);
    masks.people(&everything);
    let people = masks.found_people().to_vec();
    if wish.keep_people {
        masks.keep_people();
    }
    let mut fault = String::new();
    for (cuts, all_headers) in [(true, false), (true, true), (false, false), (false, true)] {
        let tape = masked(tape, &masks, cuts);
        let made = match again(&tape, all_headers).await {
            Ok(made) => made,
            Err(error) => {
                fault = error;
                continue;
            }
        };
        if !made.is_like(&whole) {
            fault = "it comes to something else when long lists are cut".into();
            continue;
        }
        let case = case(&connector.manifest, &tape, &made, wish);
        let text = serde_yaml_ng::to_string(&case).map_err(|error| error.to_string())?;
        let leaks = masks.leaks(&text);
        if !leaks.is_empty() {
            return Err(format!("a secret would be left in it ({})", leaks.join(", ")));
        }
        let read: Case = serde_json::from_value(case.clone()).map_err(|error| error.to_string())?;
        match fixture::run(connector, name, &read, sandbox).await {
            Ok(()) => {
                let secrets = masks.stand_ins().filter(|stand_in| text.contains(stand_in)).map(str::to_owned).collect();
                let failure = made.failure.map(|(_, said)| said);
                return Ok(Written { case, calls: made.calls.len(), secrets, people, failure });
            }
            Err(error) => fault = error,
        }
    }
    Err(fault)
}

fn look_for_secrets(masks: &mut Masks, tape: &Tape, calls: &[Value]) {
    masks.fields(&Value::Object(tape.params.clone()));
    for Taken { told, .. } in &tape.answers {
        masks.headers(&told.headers);
        masks.fields(&told.body);
    }
    for call in calls {
        call["headers"].as_object().into_iter().for_each(|headers| masks.headers(headers));
        for place in ["query", "body", "form"] {
            masks.fields(&call[place]);
        }
        masks.address(call["request"].as_str().and_then(|request| request.split_once(' ')).unwrap_or_default().1);
    }
}

/// What took place, without secrets and people.
fn masked(tape: &Tape, masks: &Masks, cuts: bool) -> Tape {
    let answer = |taken: &Taken| {
        let mut headers = masks.map(&taken.told.headers);
        headers.shift_remove("set-cookie");
        let mut body = masks.value(&taken.told.body);
        if cuts {
            cut(&mut body);
        }
        Taken { call: taken.call.clone(), told: Told { status: taken.told.status, headers, body } }
    };
    Tape {
        settings: masks.map(&tape.settings),
        params: masks.map(&tape.params),
        answers: tape.answers.iter().map(answer).collect(),
    }
}

/// Cuts long lists.
fn cut(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.truncate(MOST_ELEMENTS);
            list.iter_mut().for_each(cut);
        }
        Value::Object(map) => map.values_mut().for_each(cut),
        _ => {}
    }
}

fn case(manifest: &Manifest, tape: &Tape, made: &Made, wish: &Wish) -> Value {
    let mut case = Map::new();
    case.insert("name".into(), wish.name.clone().into());
    if let Some(source) = &wish.source {
        case.insert("source".into(), source.clone().into());
    }
    let defaults = manifest.defaults();
    let known = |name: &str| manifest.settings.contains_key(name);
    let own = tape.settings.iter().filter(|(name, value)| known(name) && defaults.get(*name) != Some(*value));
    let settings: Map = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    if !settings.is_empty() {
        case.insert("settings".into(), settings.into());
    }
    case.insert("params".into(), tape.params.clone().into());
    case.insert("calls".into(), made.calls.clone().into());
    match (&made.failure, &made.file) {
        (Some((category, said)), _) => drop(case.insert("error".into(), json!({ "category": category, "says": said }))),
        (None, Some((field, file))) => {
            let file =
                json!({ "field": field, "name": file.file_name, "type": file.mime_type, "text": content_of(file) });
            case.insert("file".into(), file);
        }
        (None, None) => drop(case.insert("items".into(), made.items.clone().into())),
    }
    case.into()
}

/// The service itself.
struct Real<'a> {
    manifest: &'a std::sync::Arc<Manifest>,
    way: &'a Way<'a>,
    taken: Mutex<Vec<Taken>>,
    /// Why an answer did not come.
    lost: Mutex<Option<NodeError>>,
}

impl Real<'_> {
    async fn ask(&self, plan: &Plan) -> Result<Told, NodeError> {
        let mut meta = outbound::Meta::new(self.way.scope);
        meta.connection.clone_from(&self.way.connection);
        meta.throttle = outbound::Throttle::Answer;
        let manner = Manner { any_status: true, ..Manner::default() };
        exchange::ask(self.way.outbound, meta, plan, &manner, LARGEST).await
    }
}

impl World for Real<'_> {
    fn call<'a>(&'a self, name: String, plan: Plan, about: About<'a>) -> BoxFuture<'a, Result<Reply, NodeError>> {
        Box::pin(async move {
            let told = match self.ask(&plan).await {
                Ok(told) => told,
                Err(error) => {
                    *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                    return Err(error);
                }
            };
            let taken = Taken { call: name, told: told.clone() };
            self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
            let text = text_of(&told);
            replied(self.manifest, about, plan.url.as_str(), told, text)
        })
    }

    fn file(&self, _: &str) -> Option<Binary> {
        None
    }

    fn pause(&self, millis: u64) -> BoxFuture<'_, Result<(), NodeError>> {
        Box::pin(async move {
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            Ok(())
        })
    }
}

impl Evaluate for Real<'_> {
    fn evaluate<'a>(&'a self, params: &'a Params, globals: &'a Map) -> BoxFuture<'a, Result<Map, NodeError>> {
        let moment = apart::Moment { now: self.way.now, zone: "UTC".into() };
        Box::pin(apart::evaluate(self.way.sandbox, "record", Item::default(), moment, params, globals))
    }
}

fn text_of(told: &Told) -> Option<String> {
    told.body.as_str().map(str::to_owned)
}

/// Where an operation is performed over what was answered, and its requests are written down.
struct Desk<'a> {
    manifest: &'a std::sync::Arc<Manifest>,
    tape: &'a Tape,
    sandbox: &'a Sandbox,
    all_headers: bool,
    sent: Mutex<Vec<Value>>,
}

/// What an operation made of it.
struct Made {
    calls: Vec<Value>,
    items: Vec<Value>,
    file: Option<(String, Binary)>,
    failure: Option<(Category, String)>,
}

impl Made {
    /// It came to the same sort of end.
    fn is_like(&self, other: &Made) -> bool {
        let category = |made: &Made| made.failure.as_ref().map(|(category, _)| *category);
        category(self) == category(other)
            && self.items.is_empty() == other.items.is_empty()
            && self.file.is_some() == other.file.is_some()
    }
}

impl Desk<'_> {
    async fn perform(self, found: &Operation, procedure: &Procedure) -> Result<Made, String> {
        let known = node::all_params(found, procedure.pages());
        let reading = Reading { zone: TimeZone::UTC };
        let said = |error: NodeError| error.to_string();
        let read = value::read(&known, self.tape.params.clone(), &reading, "/params").map_err(said)?;
        let (mut items, mut file) = (Vec::new(), None);
        let place = Place { world: &self, item: Item::default(), settings: &self.tape.settings };
        let ended = perform(&place, found, procedure, vec![read], &mut items, &mut file).await;
        let calls = self.sent.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failure = match ended {
            Ok(()) => None,
            // What nobody has answered says nothing of the service.
            Err(error) if error.category == Category::Bug => return Err(error.to_string()),
            Err(error) => Some((error.category, error.to_string())),
        };
        if calls.is_empty() {
            return Err(failure.map_or_else(|| "it makes no call".to_owned(), |(_, said)| said));
        }
        Ok(Made { calls, items, file, failure })
    }

    fn written(&self, plan: &Plan, told: &Told, about: About<'_>) -> Value {
        let mut call = Map::new();
        call.insert("request".into(), request_of(plan).into());
        let query = query_of(&plan.full_url());
        if !query.is_empty() {
            call.insert("query".into(), query.into());
        }
        let always = |name: &str| self.manifest.headers.keys().any(|known| known.eq_ignore_ascii_case(name));
        let own = plan.headers.iter().filter(|(name, value)| !always(name) && !value.is_null());
        let headers: Map = own.map(|(name, value)| (name.clone(), to_text(value.clone()).into())).collect();
        if !headers.is_empty() {
            call.insert("headers".into(), headers.into());
        }
        let (body, form, text) = match &plan.body {
            Content::None => (None, None, None),
            Content::Json(value) => (Some(value.clone()), None, None),
            Content::Form(map) => (None, Some(map.clone()), None),
            Content::Text { text, .. } => (None, None, Some(text.clone())),
            Content::File(file) => (None, None, Some(content_of(file))),
            Content::Related(value, file) => (Some(value.clone()), None, Some(content_of(file))),
            Content::Multipart(pieces) => {
                let text = |piece: &Piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::File(file) => content_of(file),
                };
                (None, Some(pieces.iter().map(|(name, piece)| (name.clone(), text(piece).into())).collect()), None)
            }
        };
        let form = form.map(Value::Object);
        for (name, value) in [("body", body), ("form", form), ("text", text.map(Value::from))] {
            value.into_iter().for_each(|value| drop(call.insert(name.into(), value)));
        }
        let mut answer = Map::new();
        if told.status != 200 {
            answer.insert("status".into(), told.status.into());
        }
        let headers = self.shown(told);
        if !headers.is_empty() {
            answer.insert("headers".into(), headers.into());
        }
        match &told.body {
            Value::Null => {}
            Value::String(text) if about.download => {
                answer.insert("text".into(), text.chars().take(MOST_OF_FILE).collect::<String>().into());
            }
            Value::String(text) => drop(answer.insert("text".into(), text.clone().into())),
            body => drop(answer.insert("body".into(), body.clone())),
        }
        call.insert("answer".into(), answer.into());
        call.into()
    }

    fn answer(&self, name: &str, plan: &Plan, about: About<'_>) -> Result<Reply, NodeError> {
        let taken = self.tape.answers.iter().find(|taken| taken.call == name);
        let taken = taken.ok_or_else(|| NodeError::bug(format!("nothing was answered to the call `{name}`")))?;
        let mut told = taken.told.clone();
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(self.written(plan, &told, about));
        // What is left out of the case must not be missed.
        told.headers = self.shown(&told);
        told.headers.entry("content-type").or_insert("application/json".into());
        let text = text_of(&told).map(|text| match about.download {
            true => text.chars().take(MOST_OF_FILE).collect(),
            false => text,
        });
        replied(self.manifest, about, plan.url.as_str(), told, text)
    }

    /// Headers of an answer that the case has.
    fn shown(&self, told: &Told) -> Map {
        let limits = &self.manifest.limits;
        let limits = [&limits.remaining, &limits.limit, &limits.reset];
        let telling = |name: &str| {
            TELLING.contains(&name)
                || limits.iter().any(|known| known.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name)))
        };
        let usual = |name: &str, value: &Value| {
            name == "content-type" && value.as_str().is_some_and(|value| value.starts_with("application/json"))
        };
        let wanted = |(name, value): &(&String, &Value)| (self.all_headers || telling(name)) && !usual(name, value);
        told.headers.iter().filter(wanted).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl World for Desk<'_> {
    fn call<'a>(&'a self, name: String, plan: Plan, about: About<'a>) -> BoxFuture<'a, Result<Reply, NodeError>> {
        Box::pin(std::future::ready(self.answer(&name, &plan, about)))
    }

    fn file(&self, _: &str) -> Option<Binary> {
        None
    }

    fn pause(&self, _: u64) -> BoxFuture<'_, Result<(), NodeError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Evaluate for Desk<'_> {
    fn evaluate<'a>(&'a self, params: &'a Params, globals: &'a Map) -> BoxFuture<'a, Result<Map, NodeError>> {
        let moment = apart::Moment { now: NOW, zone: "UTC".into() };
        Box::pin(apart::evaluate(self.sandbox, "fixtures", Item::default(), moment, params, globals))
    }
}
