//! Forms that people go through: the first page at an address of its own, further ones at the doors of steps that
//! wait, and in between an address that leads a visitor to whatever the run shows next.
//!
//! Every page that is sent is answered by a redirect to that address, so that nothing is sent twice by going back or
//! asking again, and a restart of the server between two pages loses nothing: all that a visitor has is an address.
//!
//! No token against cross-site requests is needed: a form is open to whoever has its address, and there is no session
//! that a strange page could borrow. Where visitors show a password, which browsers send along by themselves, what
//! another site sends is refused.

mod fields;
mod markup;
mod page;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method, Response, header};
use http_body_util::BodyExt;
use model::{Code, Map, Problem, ScopeId, SignalId, Value};
use part::door::{Door, Ending, Form};
use part::runs::{DedupeKey, Standing};
use part::trigger::{Respond, Trigger, Webhook, WebhookAuth};
use part::{Admit, Admitted, Answer, AnswerBody, Items, Suspend, WorkflowRef};
use store::RunStatus;

use self::page::Page;
use super::{Receiver, answer, body, gate, header_json};
use crate::resume::{Visit, Wait};
use crate::routes::{Found, Prepared};

/// The hidden field that tells one showing of a page from another.
const NONCE: &str = "form-page";
/// The number of a file in a query.
const FILE: &str = "form-file";
/// Says in a query that the visitor has seen the page that keeps them waiting.
const WAITING: &str = "form-waiting";
/// Most bytes of everything that is sent at once, unless the form says otherwise.
const MOST_BYTES: u64 = 200 << 20;
/// How long a visitor looks at the page that was sent before they are shown that it is worked on.
const FIRST_PATIENCE: Duration = Duration::from_millis(1_500);
/// How long the page that is worked on waits for what comes next before it asks again.
const PATIENCE: Duration = Duration::from_secs(25);
/// What is read of a body that is refused: a browser shows no answer before it has sent everything.
const MOST_DRAINED: u64 = 1 << 30;
/// How long it is read.
const DRAIN_TIME: Duration = Duration::from_secs(60);

/// A page of a form that is being shown or has been sent.
struct Step<'a> {
    webhook: &'a Webhook,
    form: &'a Form,
    /// The form that the run began with: what a page does not say is said there.
    first: Option<&'a Form>,
    timezone: Option<&'a str>,
    tried: bool,
}

/// What has come of a page that was sent.
enum Sent {
    /// It is shown again, or a page that says why it was not taken.
    Refused(Response<Body>),
    Item(Box<model::Item>, SentAs),
}

/// What tells a repeated page from a new one.
struct SentAs {
    nonce: Option<String>,
    fingerprint: model::Digest,
}

impl Step<'_> {
    fn title(&self) -> &str {
        match (self.form.title.as_str(), self.first) {
            ("", Some(first)) => &first.title,
            (title, _) => title,
        }
    }

    fn button(&self) -> &str {
        let own = self.form.button.as_deref().filter(|text| !text.is_empty());
        let first = self.first.and_then(|first| first.button.as_deref()).filter(|text| !text.is_empty());
        own.or(first).unwrap_or("Submit")
    }

    fn attribution(&self) -> bool {
        self.form.attribution.or(self.first.and_then(|first| first.attribution)).unwrap_or(false)
    }

    fn limit(&self, receiver: &Receiver) -> u64 {
        self.webhook.body_limit.unwrap_or(MOST_BYTES).min(receiver.inner.options.limits.file)
    }

    fn page(&self, receiver: &Receiver, query: &Map, entered: &Map, problems: &BTreeMap<usize, String>) -> Page {
        page::form(&page::Shown {
            form: self.form,
            title: self.title(),
            button: self.button(),
            nonce: &nonce(),
            entered,
            query,
            problems,
            tried: self.tried,
            attribution: self.attribution(),
            limit: self.limit(receiver),
        })
    }
}

/// Two showings of a page never have the same.
fn nonce() -> String {
    let mut random = [0; 16];
    // Without randomness a page is sent without a nonce: it is taken all the same, and a repeat of it as well.
    if aws_lc_rs::rand::fill(&mut random).is_err() {
        return String::new();
    }
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(status: u16, page: Page) -> Response<Body> {
    let mut response = answer::page(status, &page.policy, page.html);
    // What `frame-ancestors` says, for browsers that do not know it: a form that acts is not put into strange pages.
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    response
}

/// A page for people instead of a problem for programs.
pub(super) fn trouble(problem: &Problem) -> Response<Body> {
    let (title, said) = match problem.code {
        Code::TooLarge => {
            ("This is too much at once", "Choose smaller files or fewer of them, and send the form again.")
        }
        Code::SenderNotAllowed => ("This form is not open to you", "It can be opened from certain addresses only."),
        Code::SignatureRejected => ("Who are you?", "This form asks for a name and a password."),
        Code::TooMany => ("Not so fast", "The form was sent very often within a short time. Try it again in a while."),
        Code::SlowBody => ("It took too long", "What you have sent did not arrive in time. Please send it again."),
        Code::Malformed => ("This did not arrive well", "What you have sent could not be read. Please send it again."),
        Code::NoSuchEndpoint => {
            ("There is no form here", "The address may be misspelt, or the form is not open, or not any more.")
        }
        Code::RunNotFound => ("This form is gone", "What was kept of it has been deleted."),
        Code::RunEnded => ("This form is closed", "It was answered, or its time is over."),
        Code::DuplicateEvent => (
            "You have sent this already",
            "The page was sent before, with other answers: those count. Open the form anew to send another one.",
        ),
        Code::MethodNotAllowed => ("This is not how it works", "The form can be opened and sent, and nothing else."),
        Code::ConnectionMissing => ("This form is not ready", "Whoever made it has to choose who may open it."),
        _ => ("This did not work", "Please try it again in a while."),
    };
    let said = match problem.code {
        Code::TooLarge => format!("{}. {said}", capital(&problem.detail)),
        _ => said.to_owned(),
    };
    let mut response = shown(problem.code.status(), page::notice(title, &said, None));
    let headers = response.headers_mut();
    if problem.code == Code::SignatureRejected {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"form\", charset=\"UTF-8\""));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn too_large(limit: u64) -> Problem {
    Problem::new(Code::TooLarge, format!("all that is sent together may have up to {}", page::size(limit)))
}

fn query_of(parts: &Parts) -> Map {
    parts.uri.query().map_or_else(Map::new, |query| body::query(query.as_bytes()))
}

/// An address with the query that the visitor came with, so that it gives values to further pages, too.
fn with_query(path: &str, parts: &Parts, more: Option<&str>) -> String {
    let own = [WAITING, FILE];
    let kept = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .filter(|(name, _)| !own.contains(&name.as_ref()));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept);
    if let Some(more) = more {
        query.append_pair(more, "1");
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

impl Receiver {
    /// The first page of a form, at its own address.
    pub(super) async fn form(
        &self,
        parts: &Parts,
        body: Body,
        found: &Found,
        peer: Option<IpAddr>,
    ) -> Result<Response<Body>, Problem> {
        let Some((prepared, _)) = found.route.for_method(parts.method.as_str()) else {
            return Err(Problem::new(Code::MethodNotAllowed, format!("a form does not answer {}", parts.method)));
        };
        let endpoint = &prepared.endpoint;
        let Some(face) = &endpoint.form else {
            return Err(Problem::new(Code::NoSuchEndpoint, "there is no form at this address"));
        };
        let options = &self.inner.options;
        let step = Step {
            webhook: &endpoint.webhook,
            form: &face.form,
            first: None,
            timezone: Some(&face.timezone),
            tried: endpoint.draft.is_some(),
        };
        let sender = gate::sender(peer, &parts.headers, &options.trusted_proxies);
        gate::check_sender(&endpoint.webhook, &prepared.senders, sender, &parts.headers)?;
        self.let_in(&step, parts, endpoint.scope_id).await?;
        if let Some(draft) = endpoint.draft.as_ref().filter(|draft| !draft.is_listening(options.clock.now())) {
            tracing::debug!(by = draft.by(), "a form came after its trial was over");
            return Err(Problem::new(Code::NoSuchEndpoint, "nobody tries this draft any more"));
        }
        if parts.method != Method::POST {
            let page = step.page(self, &query_of(parts), &Map::new(), &BTreeMap::new());
            return Ok(shown(200, page));
        }
        self.inner.rates.check(prepared, sender)?;
        let (mut item, sent) = match self.take(&step, parts, body, endpoint.scope_id).await? {
            Sent::Refused(response) => return Ok(response),
            Sent::Item(item, sent) => (item, sent),
        };
        let query = query_of(parts);
        if !query.is_empty() {
            item.json.insert("formQueryParameters".into(), Value::Object(query));
        }
        self.begin(parts, prepared, *item, sent).await
    }

    /// Starts a run with what was sent, and leads the visitor to what it shows.
    async fn begin(
        &self,
        parts: &Parts,
        prepared: &Prepared,
        item: model::Item,
        sent: SentAs,
    ) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let endpoint = &prepared.endpoint;
        let place = match &endpoint.draft {
            Some(rehearsal) => Some(
                rehearsal
                    .claim(options.clock.now())
                    .ok_or_else(|| Problem::new(Code::NoSuchEndpoint, "nobody tries this draft any more"))?,
            ),
            None => None,
        };
        let key = parts.headers.get(gate::IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok()).map(str::to_owned);
        let key = key.or(sent.nonce.map(|nonce| format!("form:{nonce}")));
        let event = Admit {
            scope: endpoint.scope.clone(),
            workflow: match place {
                Some(_) => WorkflowRef::Draft(endpoint.workflow.clone()),
                None => WorkflowRef::Active(endpoint.workflow.clone()),
            },
            trigger: Some(endpoint.node.clone()),
            input: Items::from_vec(vec![item]),
            output: 0,
            mode: if place.is_some() { "test" } else { "webhook" },
            started_by: prepared.started_by.clone(),
            dedupe: key.map(|key| DedupeKey { key, fingerprint: sent.fingerprint, ttl: options.dedupe_ttl }),
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: place.is_some(),
        };
        let run = match options.runs.admit(event).await? {
            Admitted::New(run) | Admitted::Known { run, .. } => run,
        };
        if let Some(place) = place {
            place.began(run);
        }
        let visit = Visit { scope: endpoint.scope.clone(), run, from: None };
        Ok(answer::see(&with_query(&options.signer.visit(&visit), parts, None)))
    }

    /// A page of a form at the door of a step.
    pub(super) async fn form_step(
        &self,
        door: &Door,
        standing: &Standing,
        parts: &Parts,
        body: Body,
        wait: &Wait,
        peer: Option<IpAddr>,
    ) -> Result<Response<Body>, Problem> {
        let Some(form) = &door.form else { return Err(Problem::new(Code::Internal, "there is no form at this door")) };
        if ![Method::GET, Method::HEAD, Method::POST].contains(&parts.method) {
            return Err(Problem::new(Code::MethodNotAllowed, format!("a form does not answer {}", parts.method)));
        }
        let options = &self.inner.options;
        let scope = standing.scope;
        let first = standing.trigger.as_ref().and_then(Trigger::form);
        let in_utc = first.is_some_and(|first| first.utc);
        let timezone = door.timezone.as_deref().filter(|_| !in_utc);
        let step = Step { webhook: &door.webhook, form, first, timezone, tried: false };
        let senders: Vec<_> = door.webhook.senders.iter().filter_map(|sender| sender.parse().ok()).collect();
        let sender = gate::sender(peer, &parts.headers, &options.trusted_proxies);
        gate::check_sender(&door.webhook, &senders, sender, &parts.headers)?;
        self.let_in(&step, parts, scope).await?;
        let visit = Visit { scope: wait.scope.clone(), run: wait.run, from: Some(wait.step) };
        let onward = with_query(&options.signer.visit(&visit), parts, None);
        let is_open = standing.waits.contains_key(&wait.step);
        if parts.method != Method::POST {
            return Ok(match is_open {
                true => shown(200, step.page(self, &query_of(parts), &Map::new(), &BTreeMap::new())),
                false => over(standing, &onward),
            });
        }
        let (item, sent) = match self.take(&step, parts, body, scope).await? {
            Sent::Refused(response) => return Ok(response),
            Sent::Item(item, sent) => (item, sent),
        };
        let id = signal_id(wait, &sent);
        if is_open {
            let mut payload = Map::new();
            payload.insert("json".into(), Value::Object(item.json));
            if let Some(files) = item.binary {
                // Files of an item always have a JSON form.
                payload.insert("binary".into(), serde_json::to_value(files).unwrap_or_default());
            }
            payload.insert("method".into(), "POST".into());
            payload.insert("door".into(), true.into());
            payload.insert("page".into(), wait.step.into());
            // From here on the run answers this visitor, whatever it has answered before.
            payload.insert("reply".into(), serde_json::json!({ "as": door.webhook }));
            let name = format!("resume:{}", wait.step);
            options.runs.signal(&wait.scope, wait.run, id, &name, Value::Object(payload)).await?;
        } else if !standing.signals.contains(&id) {
            // Something else was sent before; that this is not used must not be hidden.
            return Ok(over(standing, &onward));
        }
        Ok(answer::see(&onward))
    }

    /// Whether whoever asks may come in.
    async fn let_in(&self, step: &Step<'_>, parts: &Parts, scope: ScopeId) -> Result<(), Problem> {
        let auth = &step.webhook.auth;
        gate::authenticate(&*self.inner.options.verifier, scope, auth, &parts.headers).await?;
        let strange = parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        if *auth != WebhookAuth::None && strange && parts.method == Method::POST {
            return Err(Problem::new(Code::SenderNotAllowed, "another site sent this form"));
        }
        Ok(())
    }

    /// Reads what was sent.
    async fn take(&self, step: &Step<'_>, parts: &Parts, mut body: Body, scope: ScopeId) -> Result<Sent, Problem> {
        let options = &self.inner.options;
        let limit = step.limit(self);
        let refused = |problem: Problem| if problem.code == Code::TooLarge { too_large(limit) } else { problem };
        if body::length(&parts.headers)?.is_some_and(|length| length > limit) {
            drain(&mut body).await;
            return Err(too_large(limit));
        }
        let now = options.clock.now();
        let wanted = body::Wanted { limit: Some(limit), numbered: "_", ..body::Wanted::default() };
        let target = body::Target { files: &*options.files, scope, now };
        let parsed = body::read_from(&mut body, &parts.headers, &wanted, &options.limits, target, false).await;
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(problem) => {
                drain(&mut body).await;
                return Err(refused(problem));
            }
        };
        let entered = parsed.value.as_object().cloned().unwrap_or_default();
        let query = query_of(parts);
        let headers = header_json(&parts.headers);
        let sent = fields::Sent {
            at: fields::time_text(now, step.timezone.filter(|_| !step.form.utc)),
            mode: if step.tried { "test" } else { "production" },
            headers: &headers,
        };
        let files = parsed.files.as_deref();
        let item = match fields::read(step.form, &entered, files, &query, &sent) {
            Ok(item) => item,
            Err(problems) => return Ok(Sent::Refused(shown(422, step.page(self, &query, &entered, &problems)))),
        };
        let mut hasher = store::Hasher::default();
        // Both always have a JSON form; the time is no part of what was sent.
        hasher.update(&serde_json::to_vec(&entered).unwrap_or_default());
        hasher.update(&serde_json::to_vec(&files).unwrap_or_default());
        let nonce = page::of_query(&entered, NONCE);
        let nonce = nonce.filter(|nonce| !nonce.is_empty() && nonce.len() <= 64).map(str::to_owned);
        Ok(Sent::Item(Box::new(item), SentAs { nonce, fingerprint: hasher.finish() }))
    }

    /// Leads a visitor who has sent a page to what comes next.
    pub(super) async fn visit(&self, parts: &Parts, rest: &str) -> Result<Response<Body>, Problem> {
        if ![Method::GET, Method::HEAD].contains(&parts.method) {
            return Err(Problem::new(Code::MethodNotAllowed, format!("this page does not answer {}", parts.method)));
        }
        let options = &self.inner.options;
        let visit = options.signer.read_visit(rest)?;
        let Visit { scope, run, from } = &visit;
        let mut standing = options.runs.standing(scope, *run, *from).await?;
        let (webhook, form) = came_through(&standing, *from)?;
        let query = query_of(parts);
        // After a further page a visitor is told whether it has worked, as n8n's pages tell.
        let follows = from.is_some() || standing.has_pages || webhook.respond != Respond::Immediately;
        if follows && !standing.is_at_rest(*from) {
            let patience = if query.contains_key(WAITING) { PATIENCE } else { FIRST_PATIENCE };
            if let Ok(settled) = tokio::time::timeout(patience, options.runs.settled(scope, *run, *from)).await {
                standing = settled?;
            }
        }
        if let Some(step) = standing.next_page(*from) {
            let wait = Wait { scope: scope.clone(), run: *run, step };
            return Ok(answer::see(&with_query(&options.signer.path(&wait), parts, None)));
        }
        let first = standing.trigger.as_ref().and_then(Trigger::form);
        let step = Step { webhook: &webhook, form: &form, first, timezone: None, tried: false };
        if let Some(answered) = standing.answer_for(*from) {
            return match Ending::of(answered) {
                Some(ending) => self.ending(&ending, &step, parts, &query, standing.scope).await,
                None => self.responded(answered, &step, standing.scope).await,
            };
        }
        Ok(match standing.status {
            RunStatus::Completed | RunStatus::Superseded => thanks(&step),
            RunStatus::Failed => {
                let said =
                    "Something went wrong behind this form. What you have sent is kept; whoever runs it can see why.";
                shown(500, page::notice("This did not work", said, None))
            }
            RunStatus::Canceled => {
                shown(410, page::notice("This form is closed", "Whoever runs it has ended it.", None))
            }
            RunStatus::Queued | RunStatus::Running | RunStatus::Waiting if follows => {
                let again = with_query(parts.uri.path(), parts, Some(WAITING));
                shown(200, page::working(step.title(), form.css.as_deref(), &again))
            }
            RunStatus::Paused | RunStatus::Held if follows => {
                let said = "What you have sent is kept. It goes on when whoever runs this form lets it; come back to this address then.";
                shown(200, page::notice("This form is on hold", said, None))
            }
            _ => thanks(&step),
        })
    }

    async fn ending(
        &self,
        ending: &Ending,
        step: &Step<'_>,
        parts: &Parts,
        query: &Map,
        scope: ScopeId,
    ) -> Result<Response<Body>, Problem> {
        if let Some(number) = page::of_query(query, FILE) {
            let file = number.parse().ok().and_then(|number: usize| ending.files.get(number));
            let file = file.ok_or_else(|| Problem::new(Code::NoSuchEndpoint, "there is no such file"))?;
            return self.file(file, scope).await;
        }
        if let Some(target) = ending.redirect.as_deref().and_then(target) {
            return Ok(shown(200, page::redirect(&target)));
        }
        let place = with_query(parts.uri.path(), parts, None);
        let attributed = ending.attribution.unwrap_or(step.attribution());
        Ok(shown(200, page::ending(ending, step.title(), attributed, &place)))
    }

    /// A file that an ending offers. It is saved, never shown: it has the origin of the app.
    async fn file(&self, file: &model::Binary, scope: ScopeId) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let body = match (&file.inline, file.blob) {
            (_, Some(digest)) => Body::from_stream(options.files.read(scope, digest).await?),
            (Some(inline), None) => Body::from(part::params::base64(inline).unwrap_or_default()),
            (None, None) => Body::empty(),
        };
        let name = file.file_name.as_deref().unwrap_or("file");
        let encoded: String =
            url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
        let headers = [
            ("content-type".to_owned(), file.mime_type.clone()),
            ("content-disposition".to_owned(), format!("attachment; filename*=UTF-8''{encoded}")),
            ("cache-control".to_owned(), "no-store".to_owned()),
        ];
        Ok(answer::head(200, &headers, body))
    }

    /// What a respond node has said to a visitor.
    async fn responded(&self, answered: &Answer, step: &Step<'_>, scope: ScopeId) -> Result<Response<Body>, Problem> {
        let location = answered.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str());
        let json: Value = match &answered.body {
            AnswerBody::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            AnswerBody::Empty if location.is_none() => return Ok(thanks(step)),
            AnswerBody::Streamed { .. } => return Ok(thanks(step)),
            _ => Value::Null,
        };
        let location = location.or(json["redirectURL"].as_str());
        if let Some(target) = location.and_then(target) {
            return Ok(shown(200, page::redirect(&target)));
        }
        if let Some(text) = json["formSubmittedText"].as_str() {
            let form = Form { completion: Some(text.to_owned()), ..step.form.clone() };
            return Ok(shown(200, page::thanks(&form, step.title(), step.attribution())));
        }
        answer::whole(answered.clone(), &*self.inner.options.files, scope).await
    }
}

fn target(address: &str) -> Option<url::Url> {
    address.trim().parse::<url::Url>().ok().filter(|target| matches!(target.scheme(), "http" | "https"))
}

/// What a visitor sees who has gone through a form that says nothing else.
fn thanks(step: &Step<'_>) -> Response<Body> {
    match step.form.redirect.as_deref().and_then(target) {
        Some(target) => shown(200, page::redirect(&target)),
        None => shown(200, page::thanks(step.form, step.title(), step.attribution())),
    }
}

/// A page that takes nothing any more.
fn over(standing: &Standing, onward: &str) -> Response<Body> {
    if standing.signals.is_empty() {
        let said = "Nobody has answered it in time, and things have gone on without an answer.";
        return shown(410, page::notice("The time for this page is over", said, None));
    }
    let said = "This page was answered already, and that answer counts. What is sent now is not used.";
    shown(409, page::notice("This page was answered", said, Some((onward, "Go on"))))
}

/// The form that a visitor came through: that of a step, or the run's first.
fn came_through(standing: &Standing, from: Option<u32>) -> Result<(Webhook, Form), Problem> {
    let gone = || Problem::new(Code::RunEnded, "the form that was sent is not there any more");
    match (from, &standing.waited, &standing.trigger) {
        (Some(_), Some(Suspend::Signal { door: Some(door), .. }), _) => {
            let door = super::resume::read_door(door.clone())?;
            Ok((door.webhook, door.form.ok_or_else(gone)?))
        }
        (None, _, Some(Trigger::Form(form))) => Ok((form.webhook.clone(), form.form.clone())),
        _ => Err(gone()),
    }
}

/// The id of the signal that a page becomes: the same showing of it is the same signal, whenever it comes.
fn signal_id(wait: &Wait, sent: &SentAs) -> SignalId {
    let mut hasher = store::Hasher::default();
    hasher.update(
        format!("form\n{}\n{}\n{}\n", wait.run, wait.step, sent.nonce.as_deref().unwrap_or_default()).as_bytes(),
    );
    hasher.update(&sent.fingerprint.0);
    let digest = hasher.finish();
    let mut random = [0; 16];
    random[6..].copy_from_slice(&digest.0[..10]);
    SignalId::from_parts(wait.run.millis(), u128::from_be_bytes(random))
}

/// Reads what is left of a body and forgets it.
async fn drain(body: &mut Body) {
    let all = async {
        let mut left = MOST_DRAINED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Who sends more, or slower, than this is not shown why it was refused.
    let _ = tokio::time::timeout(DRAIN_TIME, all).await;
}
