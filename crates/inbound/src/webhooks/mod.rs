//! Receives webhooks: one gate for all of them, and as little work as possible for a small one.

mod again;
mod answer;
mod body;
mod called;
mod forms;
mod gate;
pub mod log;
mod multipart;
mod resume;
mod routed;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use auth::signature::{Incoming, Place, Verdict};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use http::{HeaderMap, Method, Request, Response};
use model::{Code, Item, Map, Problem, RunId, Scope, ScopeId, Value};
use part::net::AddressRange;
use part::trigger::{Respond, Webhook, WebhookAuth};
use part::{Admit, Admitted, Items, Runs, WorkflowRef};
use store::ArrivalVerdict;

use crate::files::Files;
use crate::replies::{Local, Open, Reply};
use crate::resume::Signer;
use crate::routes::{Found, Prepared, Routes};
use crate::verify::Verifier;
use crate::{Clock, SystemClock};

pub use body::Limits;
#[cfg(fuzzing)]
pub mod fuzzing;
pub use gate::sender;

/// What a receiver works with.
pub struct Options {
    /// Who runs what comes in.
    pub runs: Arc<dyn Runs>,
    /// Checks credentials.
    pub verifier: Arc<dyn Verifier>,
    /// Stores uploaded files.
    pub files: Arc<dyn Files>,
    /// Signs and reads resume addresses.
    pub signer: Arc<Signer>,
    /// The requests that are held open; the engine answers through the same registry.
    pub replies: Local,
    /// The endpoints.
    pub routes: Routes,
    /// What services that were told an address call for; absent: none was.
    pub hooks: Option<crate::hooks::Handle>,
    /// The calendar.
    pub clock: Arc<dyn Clock>,
    /// Limits of bodies.
    pub limits: Limits,
    /// Longest time that a sender waits for an answer unless the endpoint says otherwise.
    pub deadline: Duration,
    /// How long a dedupe key is remembered unless the endpoint says otherwise.
    pub dedupe_ttl: Duration,
    /// The server's public address without a path, for `webhookUrl`; absent: what the request was sent to.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where it is written down what came; absent: nowhere.
    pub log: Option<log::Log>,
}

impl Options {
    /// Options with the limits of a server.
    pub fn new(
        runs: Arc<dyn Runs>,
        verifier: Arc<dyn Verifier>,
        files: Arc<dyn Files>,
        signer: Arc<Signer>,
        replies: Local,
        routes: Routes,
    ) -> Options {
        Options {
            runs,
            verifier,
            files,
            signer,
            replies,
            routes,
            hooks: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            deadline: Duration::from_secs(120),
            dedupe_ttl: Duration::from_secs(24 * 3600),
            public_url: None,
            trusted_proxies: Vec::new(),
            log: None,
        }
    }
}

/// The first parts of all addresses that a [`Receiver`] answers. Those without a scope in them are n8n's.
pub const PREFIXES: &[&str] = &[
    "/hooks",
    "/hooks-test",
    "/webhook",
    "/webhook-test",
    "/events",
    "/resume",
    "/forms",
    "/forms-test",
    "/form",
    "/form-test",
    "/form-run",
];

/// How the address of a form ends that n8n's first version of forms has below `/webhook/`.
const OLD_FORM: &str = "/n8n-form";

/// Whether a [`Receiver`] answers a path.
pub fn is_ours(path: &str) -> bool {
    PREFIXES.iter().any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')))
}

/// Receives webhooks, forms and calls of resume addresses. Cheap to clone.
#[derive(Clone)]
pub struct Receiver {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    rates: gate::Rates,
}

/// What a signed request turned out to be.
enum Signed {
    /// An event, with the place of what tells it from others, and those of secrets that its sender has shown.
    Event { body: Body, id: Option<Place>, shown: Vec<Place> },
    /// A question whether somebody is there.
    Challenge(auth::signature::Answer),
}

/// Where a path leads.
enum Address<'a> {
    /// Scope as `workspace/environment` and path of an endpoint.
    Hook { scope: &'a str, path: &'a str, draft: bool },
    /// The same of a form.
    Form { scope: &'a str, path: &'a str, draft: bool },
    /// Scope as `workspace/environment` and the id of an address that a service was told.
    Called { scope: &'a str, id: &'a str },
    /// What follows `/form-run/`.
    Visit(&'a str),
    /// What follows `/resume/`.
    Resume(&'a str),
}

impl Receiver {
    /// A receiver.
    pub fn new(options: Options) -> Receiver {
        Receiver { inner: Arc::new(Inner { options, rates: gate::Rates::default() }) }
    }

    /// The table of endpoints, to be exchanged when activations change.
    pub fn routes(&self) -> &Routes {
        &self.inner.options.routes
    }

    /// The routes below all [`PREFIXES`]. Serve them with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, or every sender is unknown.
    pub fn router(self) -> Router {
        let router = PREFIXES.iter().fold(Router::new(), |router, prefix| {
            router.route(&format!("{prefix}/{{*rest}}"), axum::routing::any(handle))
        });
        router.with_state(self)
    }

    /// Receives one request. `peer` is the address of the other end of the connection.
    pub async fn receive(&self, request: Request<Body>, peer: Option<IpAddr>) -> Response<Body> {
        let origin = request.headers().get(http::header::ORIGIN).cloned();
        let (parts, body) = request.into_parts();
        let mut cross = None;
        let answered = match address(parts.uri.path()) {
            Some(Address::Form { scope, path, draft }) => {
                let answered = match self.inner.options.routes.find_form(scope, path, draft) {
                    Some(found) => self.form(&parts, body, &found, peer).await,
                    None => Err(Problem::new(Code::NoSuchEndpoint, "there is no form at this address")),
                };
                Ok(answered.unwrap_or_else(|problem| forms::trouble(&problem)))
            }
            Some(Address::Visit(rest)) => {
                Ok(self.visit(&parts, rest).await.unwrap_or_else(|problem| forms::trouble(&problem)))
            }
            Some(Address::Hook { scope, path, draft }) => match self.inner.options.routes.find(scope, path, draft) {
                Some(found) => {
                    cross = found.route.endpoints.first().cloned();
                    let mut seen = log::Seen::default();
                    let answered = self.hook(&parts, body, &found, peer, &mut seen).await;
                    if let Some(log) = &self.inner.options.log {
                        log.add(&parts, seen, answered.as_ref().err());
                    }
                    answered
                }
                None if draft => Err(nobody_tries(&parts.method, path)),
                None => Err(nobody(&parts.method, path)),
            },
            Some(Address::Called { scope, id }) => {
                let sender = gate::sender(peer, &parts.headers, &self.inner.options.trusted_proxies);
                let mut seen = log::Seen { sender, ..log::Seen::default() };
                let answered = self.called(&parts, body, (scope, id), &mut seen).await;
                if let Some(log) = &self.inner.options.log {
                    log.add(&parts, seen, answered.as_ref().err());
                }
                answered
            }
            Some(Address::Resume(rest)) => self.resume(&parts, body, rest, peer).await,
            None => Err(nobody(&parts.method, parts.uri.path())),
        };
        let mut response = answered.unwrap_or_else(|problem| answer::problem(&problem));
        if let (Some(origin), Some(prepared)) = (origin, cross) {
            answer::allow_origin(&mut response, &origin, &prepared.endpoint.webhook.origins);
        }
        response
    }

    async fn hook(
        &self,
        parts: &http::request::Parts,
        body: Body,
        found: &Found,
        peer: Option<IpAddr>,
        seen: &mut log::Seen,
    ) -> Result<Response<Body>, Problem> {
        let route = &found.route;
        let Some((prepared, output)) = route.for_method(parts.method.as_str()) else {
            if parts.method == Method::OPTIONS {
                return Ok(answer::preflight(&parts.headers, &route.methods()));
            }
            if let Some(answer) = self.asked(parts, body, found, peer).await? {
                return Ok(answer);
            }
            let problem =
                Problem::new(Code::MethodNotAllowed, format!("this address does not answer {}", parts.method));
            let mut response = answer::problem(&problem.hint(format!("it answers {}", route.methods())));
            if let Ok(value) = http::HeaderValue::try_from(route.methods()) {
                response.headers_mut().insert(http::header::ALLOW, value);
            }
            return Ok(response);
        };
        let options = &self.inner.options;
        let endpoint = &prepared.endpoint;
        let webhook = &endpoint.webhook;
        if endpoint.draft.is_none() {
            let (scope, name) = (endpoint.scope_id, endpoint.workflow.clone());
            seen.place = Some(match endpoint.routing {
                Some(_) => log::Place::Endpoint(scope, name),
                None => log::Place::Trigger(scope, name, endpoint.node.clone()),
            });
            seen.in_some_header = matches!(webhook.auth, WebhookAuth::Header { .. });
        }
        if let (Some(length), Some(limit)) = (body::length(&parts.headers)?, webhook.body_limit)
            && length > limit
        {
            return Err(body::too_large(limit));
        }
        let is_signed = webhook.auth.is_signed();
        let claims = match is_signed {
            true => None,
            false => gate::authenticate(&*options.verifier, endpoint.scope_id, &webhook.auth, &parts.headers).await?,
        };
        let sender = gate::sender(peer, &parts.headers, &options.trusted_proxies);
        seen.sender = sender;
        gate::check_sender(webhook, &prepared.senders, sender, &parts.headers)?;
        self.inner.rates.check(prepared, sender)?;
        let body = match (&options.log, body::length(&parts.headers)?) {
            (Some(_), Some(length)) if length <= log::KEPT_BODY => {
                let whole = body::whole(body, &parts.headers, webhook.body_limit, &options.limits).await?;
                seen.body = Some(whole.clone());
                Body::from(whole)
            }
            (Some(_), None) if parts.method == Method::GET || parts.method == Method::HEAD => {
                seen.body = Some(bytes::Bytes::new());
                body
            }
            _ => body,
        };
        let (body, told) = match is_signed {
            true => match self.signed(parts, body, prepared).await? {
                Signed::Event { body, id, shown } => {
                    seen.shown = shown;
                    (body, id)
                }
                Signed::Challenge(answer) => {
                    seen.made = Some((ArrivalVerdict::Answered, None));
                    return Ok(answer::challenge(answer));
                }
            },
            false => (body, None),
        };
        if endpoint.unanswered {
            // A run would do its work, and its sender would send again what nobody has answered.
            return answer::whole(Webhook::answer_missing(), &*options.files, endpoint.scope_id).await;
        }

        let now = options.clock.now();
        // A sender that vouches for its events may count its tries in them: its id says that they are the same.
        let compares =
            webhook.dedupe.is_some() || (told.is_none() && parts.headers.contains_key(gate::IDEMPOTENCY_KEY));
        let wants_key = compares || told.is_some();
        let parsed = body::read(
            body,
            &parts.headers,
            &body::Wanted::of(webhook),
            &options.limits,
            body::Target { files: &*options.files, scope: endpoint.scope_id, now },
            compares,
        )
        .await?;
        let dedupe = match wants_key {
            true => gate::dedupe_key(webhook, parts, &parsed, told.as_ref(), options.dedupe_ttl)?,
            false => None,
        };
        let mut item = self.item(parts, found, prepared, parsed, claims);
        // Its sender was checked; the run, which is kept, has no use for the secret.
        log::mask(&mut item.json, &seen.shown);
        if let Some(routing) = &endpoint.routing {
            return self.routed(prepared, routing, item, dedupe, seen).await;
        }
        let place = match &endpoint.draft {
            Some(rehearsal) => match rehearsal.claim(now) {
                Some(place) => Some(place),
                None => return Err(nobody_tries(&parts.method, &webhook.path)),
            },
            None => None,
        };
        let waits = webhook.respond != Respond::Immediately;
        let mut open = waits.then(|| options.replies.open());
        let event = Admit {
            scope: endpoint.scope.clone(),
            workflow: match place {
                Some(_) => WorkflowRef::Draft(endpoint.workflow.clone()),
                None => WorkflowRef::Active(endpoint.workflow.clone()),
            },
            trigger: Some(endpoint.node.clone()),
            input: Items::from_vec(vec![item]),
            output,
            mode: if place.is_some() { "test" } else { "webhook" },
            started_by: prepared.started_by.clone(),
            dedupe,
            reply_to: open.as_ref().map(|open| open.address()),
            destination: None,
            start_at: None,
            use_pins: place.is_some(),
        };
        let admitted = options.runs.admit(event).await?;
        let (verdict, run) = match &admitted {
            Admitted::New(run) => (ArrivalVerdict::Accepted, *run),
            Admitted::Known { run, .. } => (ArrivalVerdict::Known, *run),
        };
        seen.made = Some((verdict, Some(run)));
        if let Some(place) = place {
            place.began(run);
        }
        if let Admitted::Known { answer: Some(answer), .. } = admitted {
            return answer::whole(answer, &*options.files, endpoint.scope_id).await;
        }
        let Some(open) = &mut open else {
            return answer::whole(webhook.answer_started(), &*options.files, endpoint.scope_id).await;
        };
        if let Admitted::Known { done: true, .. } = admitted {
            let problem =
                Problem::new(Code::RunEnded, format!("the first event of this key ran as {run} and gave no answer"));
            return Err(problem.hint("look at the run; send a new key to run it again"));
        }
        self.reply(open, webhook, run, endpoint.scope_id).await
    }

    /// Checks a request by its sender's signature. The body is read whole, and comes back as it came.
    async fn signed(&self, parts: &http::request::Parts, body: Body, prepared: &Prepared) -> Result<Signed, Problem> {
        let options = &self.inner.options;
        let endpoint = &prepared.endpoint;
        let body = body::whole(body, &parts.headers, endpoint.webhook.body_limit, &options.limits).await?;
        let url =
            [self.url_of(parts), parts.uri.query().map_or_else(String::new, |query| format!("?{query}"))].concat();
        let request = Incoming {
            method: parts.method.as_str(),
            url: &url,
            headers: &parts.headers,
            body: &body,
            now: options.clock.now().div_euclid(1000),
        };
        let connection = endpoint.webhook.auth.connection();
        match gate::judge(&*options.verifier, endpoint.scope_id, connection, request).await? {
            Verdict::Challenge(answer) => Ok(Signed::Challenge(answer)),
            Verdict::Event { id, shown } => Ok(Signed::Event { body: Body::from(body), id, shown }),
        }
    }

    /// The answer to a sender's question that comes by another method than its events; `None` when nobody is checked by
    /// a signature here, or an event came by a wrong method.
    async fn asked(
        &self,
        parts: &http::request::Parts,
        body: Body,
        found: &Found,
        peer: Option<IpAddr>,
    ) -> Result<Option<Response<Body>>, Problem> {
        let is_signed = |prepared: &&Arc<Prepared>| prepared.endpoint.webhook.auth.is_signed();
        let Some(prepared) = found.route.endpoints.iter().find(is_signed) else { return Ok(None) };
        let sender = gate::sender(peer, &parts.headers, &self.inner.options.trusted_proxies);
        gate::check_sender(&prepared.endpoint.webhook, &prepared.senders, sender, &parts.headers)?;
        self.inner.rates.check(prepared, sender)?;
        match self.signed(parts, body, prepared).await? {
            Signed::Challenge(answer) => Ok(Some(answer::challenge(answer))),
            Signed::Event { .. } => Ok(None),
        }
    }

    /// What a run answers to a request that waits for it.
    async fn reply(
        &self,
        open: &mut Open,
        webhook: &Webhook,
        run: RunId,
        scope: ScopeId,
    ) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let deadline = webhook.deadline.map_or(options.deadline, |deadline| deadline.0);
        match tokio::time::timeout(deadline, open.reply()).await {
            Ok(Some(Reply::Whole(_, answer))) => answer::whole(answer, &*options.files, scope).await,
            Ok(Some(Reply::Stream { status, headers, parts, .. })) => Ok(answer::stream(status, &headers, parts)),
            Ok(None) => Err(Problem::new(Code::Unavailable, "the server is stopping").hint("send it again later")),
            Err(_) => {
                let problem =
                    Problem::new(Code::StillRunning, format!("the event is accepted; {run} is still working on it"));
                let mut response =
                    answer::problem(&problem.hint("ask for the run later, or send the same dedupe key again"));
                if let Ok(value) = http::HeaderValue::try_from(run.to_string()) {
                    response.headers_mut().insert("x-fishplate-run", value);
                }
                Ok(response)
            }
        }
    }

    /// The item that the trigger puts out, in n8n's shape.
    fn item(
        &self,
        parts: &http::request::Parts,
        found: &Found,
        prepared: &Prepared,
        parsed: body::Parsed,
        claims: Option<Value>,
    ) -> Item {
        let mut json = request_json(parts, found.params.clone(), parsed.value);
        let webhook_url = self.url_of(parts);
        json.insert("webhookUrl".into(), webhook_url.into());
        let mode = if prepared.endpoint.draft.is_some() { "test" } else { "production" };
        json.insert("executionMode".into(), mode.into());
        if let Some(claims) = claims {
            json.insert("jwtPayload".into(), claims);
        }
        Item { json, binary: parsed.files }
    }

    fn url_of(&self, parts: &http::request::Parts) -> String {
        let path = parts.uri.path();
        match &self.inner.options.public_url {
            Some(base) => [base.trim_end_matches('/'), path].concat(),
            None => {
                let host =
                    parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
                ["http://", host, path].concat()
            }
        }
    }
}

async fn handle(
    State(receiver): State<Receiver>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    request: Request<Body>,
) -> Response<Body> {
    let peer = peer.map(|axum::Extension(ConnectInfo(peer))| peer.ip());
    receiver.receive(request, peer).await
}

fn address(path: &str) -> Option<Address<'_>> {
    static DEFAULT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| Scope::default().to_string());
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    let scoped = || {
        let slash = rest.find('/')?;
        let end = slash + 1 + rest[slash + 1..].find('/')?;
        Some((&rest[..end], &rest[end + 1..]))
    };
    match first {
        "hooks" => scoped().map(|(scope, path)| Address::Hook { scope, path, draft: false }),
        "hooks-test" => scoped().map(|(scope, path)| Address::Hook { scope, path, draft: true }),
        "forms" => scoped().map(|(scope, path)| Address::Form { scope, path, draft: false }),
        "forms-test" => scoped().map(|(scope, path)| Address::Form { scope, path, draft: true }),
        "events" => scoped().map(|(scope, id)| Address::Called { scope, id }),
        "form" => Some(Address::Form { scope: DEFAULT.as_str(), path: rest, draft: false }),
        "form-test" => Some(Address::Form { scope: DEFAULT.as_str(), path: rest, draft: true }),
        "form-run" => Some(Address::Visit(rest)),
        "webhook" | "webhook-test" => Some(match rest.strip_suffix(OLD_FORM) {
            Some(path) => Address::Form { scope: DEFAULT.as_str(), path, draft: first == "webhook-test" },
            None => Address::Hook { scope: DEFAULT.as_str(), path: rest, draft: first == "webhook-test" },
        }),
        "resume" => Some(Address::Resume(rest)),
        _ => None,
    }
}

fn nobody(method: &Method, path: &str) -> Problem {
    let shown: String = path.chars().take(200).collect();
    Problem::new(Code::NoSuchEndpoint, format!("no active workflow listens on {method} `{shown}`"))
        .hint("activate the workflow, and compare method and path with its webhook")
}

fn nobody_tries(method: &Method, path: &str) -> Problem {
    let shown: String = path.chars().take(200).collect();
    Problem::new(Code::NoSuchEndpoint, format!("nobody listens for a test event on {method} `{shown}`")).hint(
        "`fishplate listen WORKFLOW` lets its draft hear one event here; what is active listens on `/hooks/…` instead",
    )
}

/// `{headers, params, query, body}`.
fn request_json(parts: &http::request::Parts, params: Map, body: Value) -> Map {
    let mut json = Map::new();
    json.insert("headers".into(), Value::Object(header_json(&parts.headers)));
    json.insert("params".into(), Value::Object(params));
    let query = parts.uri.query().map_or_else(Map::new, |query| body::query(query.as_bytes()));
    json.insert("query".into(), Value::Object(query));
    json.insert("body".into(), body);
    json
}

/// Headers as Node's HTTP server gives them: lower case, repeated ones joined.
fn header_json(headers: &HeaderMap) -> Map {
    let mut map = Map::new();
    for (name, value) in headers {
        let text = match value.to_str() {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        match map.get_mut(name.as_str()) {
            Some(Value::String(before)) => {
                before.push_str(if *name == http::header::COOKIE { "; " } else { ", " });
                before.push_str(&text);
            }
            _ => drop(map.insert(name.as_str().to_owned(), Value::String(text))),
        }
    }
    map
}
