//! Calls of resume addresses: what the waiting step has put at its door decides who comes in and what they see.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Body;
use http::request::Parts;
use http::{Method, Response};
use model::{Code, Map, Problem, ScopeId, SignalId, Value};
use part::Suspend;
use part::door::{Door, Form};
use part::net::AddressRange;
use part::trigger::Respond;

use super::{Receiver, answer, body, form, gate, request_json};
use crate::resume::Wait;

impl Receiver {
    pub(super) async fn resume(
        &self,
        parts: &Parts,
        body: Body,
        rest: &str,
        peer: Option<IpAddr>,
    ) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let wait = options.signer.read(rest)?;
        // The scope of a resume address has no endpoint, so files go where the run's files are.
        let scope = options.routes.scope_id(&wait.scope).unwrap_or_default();
        let door = match options.runs.waits(&wait.scope, wait.run, wait.step).await? {
            Some(Suspend::Signal { door: Some(door), .. }) => Some(read_door(door)?),
            _ => None,
        };
        match door {
            Some(door) => self.through(&door, parts, body, &wait, scope, peer).await,
            // Nobody waits yet, or whoever does takes any call: the signal is kept, and the step decides.
            None => {
                let parsed = self.read(parts, body, body::Wanted::default(), scope).await?;
                let id = signal_id(&wait, parts, &parsed, options.clock.now());
                let files = parsed.files.map(|files| *files);
                let json = request_json(parts, Map::new(), parsed.value);
                self.tell(&wait, id, payload(json, files.as_ref(), parts)).await?;
                Ok(answer::accepted())
            }
        }
    }

    async fn through(
        &self,
        door: &Door,
        parts: &Parts,
        body: Body,
        wait: &Wait,
        scope: ScopeId,
        peer: Option<IpAddr>,
    ) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let webhook = &door.webhook;
        if !webhook.methods.iter().any(|method| method.eq_ignore_ascii_case(parts.method.as_str())) {
            let problem = Problem::new(Code::MethodNotAllowed, format!("this wait does not answer {}", parts.method));
            return Err(problem.hint(format!("it answers {}", webhook.methods.join(", "))));
        }
        gate::authenticate(&*options.verifier, scope, &webhook.auth, &parts.headers).await?;
        let senders: Vec<AddressRange> = webhook.senders.iter().filter_map(|sender| sender.parse().ok()).collect();
        let sender = gate::sender(peer, &parts.headers, &options.trusted_proxies);
        gate::check_sender(webhook, &senders, sender, &parts.headers)?;
        if let Some(form) = door.form.as_ref().filter(|_| parts.method != Method::POST) {
            return Ok(answer::page(200, &form::policy(form), form::page(form, &Map::new(), &BTreeMap::new())));
        }
        let parsed = self.read(parts, body, body::Wanted::of(webhook), scope).await?;
        let now = options.clock.now();
        let id = signal_id(wait, parts, &parsed, now);
        let mut payload = match &door.form {
            None => {
                let files = parsed.files.map(|files| *files);
                payload(request_json(parts, Map::new(), parsed.value), files.as_ref(), parts)
            }
            Some(form) => {
                let entered = parsed.value.as_object().cloned().unwrap_or_default();
                match form::read(form, &entered, parsed.files.as_deref(), &time_text(now)) {
                    Ok(item) => payload(item.json, item.binary.as_deref(), parts),
                    Err(problems) => {
                        let page = form::page(form, &entered, &problems);
                        return Ok(answer::page(422, &form::policy(form), page));
                    }
                }
            }
        };
        payload.insert("door".into(), true.into());
        if webhook.respond == Respond::Immediately {
            self.tell(wait, id, payload).await?;
            return match &door.form {
                Some(form) => Ok(thanks(form)),
                None => answer::whole(webhook.answer_started(), &*options.files, scope).await,
            };
        }
        let mut open = options.replies.open();
        // The run answers this request from here on, as this door says.
        payload.insert("reply".into(), serde_json::json!({ "to": open.address(), "as": webhook }));
        self.tell(wait, id, payload).await?;
        self.reply(&mut open, webhook, wait.run, scope).await
    }

    async fn read(
        &self,
        parts: &Parts,
        body: Body,
        wanted: body::Wanted<'_>,
        scope: ScopeId,
    ) -> Result<body::Parsed, Problem> {
        let options = &self.inner.options;
        let target = body::Target { files: &*options.files, scope, now: options.clock.now() };
        body::read(body, &parts.headers, &wanted, &options.limits, target, true).await
    }

    async fn tell(&self, wait: &Wait, id: SignalId, payload: Map) -> Result<(), Problem> {
        let name = format!("resume:{}", wait.step);
        self.inner.options.runs.signal(&wait.scope, wait.run, id, &name, Value::Object(payload)).await
    }
}

fn read_door(door: Value) -> Result<Door, Problem> {
    serde_json::from_value(door).map_err(|error| {
        let detail = format!("what the step waits for cannot be read: {error}");
        Problem::new(Code::Internal, detail)
    })
}

fn payload(json: Map, files: Option<&BTreeMap<String, model::Binary>>, parts: &Parts) -> Map {
    let mut payload = Map::new();
    payload.insert("json".into(), Value::Object(json));
    if let Some(files) = files {
        // Files of an item always have a JSON form.
        payload.insert("binary".into(), serde_json::to_value(files).unwrap_or_default());
    }
    payload.insert("method".into(), parts.method.as_str().into());
    payload
}

/// What a visitor sees who has sent a form.
fn thanks(form: &Form) -> Response<Body> {
    let target = form.redirect.as_deref().and_then(|target| target.trim().parse::<url::Url>().ok());
    match target.filter(|target| matches!(target.scheme(), "http" | "https")) {
        Some(target) => answer::redirect(&target),
        None => answer::page(200, &form::policy(form), form::completed(form)),
    }
}

fn time_text(millis: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The signal's id. A sender that repeats itself with an idempotency key sends the same signal; without one, calls
/// within one second that are the same are one (mail clients fetch a link twice).
fn signal_id(wait: &Wait, parts: &Parts, parsed: &body::Parsed, now: i64) -> SignalId {
    let mut hasher = store::Hasher::default();
    hasher.update(format!("{}\n{}\n{}\n{}\n", wait.run, wait.step, parts.method, parts.uri).as_bytes());
    match parts.headers.get(gate::IDEMPOTENCY_KEY) {
        Some(key) => hasher.update(key.as_bytes()),
        None => {
            hasher.update(&now.div_euclid(1000).to_be_bytes());
            if let Some(digest) = parsed.digest {
                hasher.update(&digest.0);
            }
        }
    }
    let digest = hasher.finish();
    let mut random = [0; 16];
    random[6..].copy_from_slice(&digest.0[..10]);
    // The time is the run's, not ours: a repeated call must give the same id whenever it comes.
    SignalId::from_parts(wait.run.millis(), u128::from_be_bytes(random))
}
