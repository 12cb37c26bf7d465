//! Calls of resume addresses: what the waiting step has put at its door decides who comes in and what they see.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Body;
use http::request::Parts;
use http::{Method, Response};
use model::{Code, Map, Problem, ScopeId, SignalId, Value};
use part::Suspend;
use part::door::Door;
use part::net::AddressRange;
use part::trigger::Respond;

use super::{Receiver, answer, body, forms, gate, request_json};
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
        let standing = options.runs.standing(&wait.scope, wait.run, Some(wait.step)).await?;
        // Files go where the run's files are.
        let scope = standing.scope;
        // The wait that a call with this step's address resumes: the step's own, or, when the address was shown by a
        // step before it, the one that would take the signal.
        let here = standing.waits.get_key_value(&wait.step).or_else(|| standing.waits.first_key_value());
        let own = standing.waited.as_ref().map(door_of).transpose()?.flatten();
        if let Some(door) = own.filter(|door| door.form.is_some()) {
            return Ok(self
                .form_step(&door, &standing, parts, body, &wait, peer)
                .await
                .unwrap_or_else(|problem| forms::trouble(&problem)));
        }
        if here.is_none() && standing.waited.is_some() && standing.is_over && !standing.status.is_final() {
            let problem = Problem::new(Code::RunEnded, "the step has gone on already");
            return Err(problem.hint("look at the run to see what it went on with"));
        }
        let door = match here {
            Some((step, on)) => door_of(on)?.map(|door| (*step, door)),
            None => None,
        };
        if let Some((step, door)) = &door
            && door.form.is_some()
        {
            // Each page has its own address, whoever has shown which.
            let wait = Wait { step: *step, ..wait };
            return Ok(match parts.method {
                Method::POST => {
                    let standing = options.runs.standing(&wait.scope, wait.run, Some(wait.step)).await?;
                    let sent = self.form_step(door, &standing, parts, body, &wait, peer).await;
                    sent.unwrap_or_else(|problem| forms::trouble(&problem))
                }
                _ => answer::see(&with_query(&options.signer.path(&wait), parts)),
            });
        }
        let door = door.map(|(_, door)| door);
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
        let parsed = self.read(parts, body, body::Wanted::of(webhook), scope).await?;
        let now = options.clock.now();
        let id = signal_id(wait, parts, &parsed, now);
        let files = parsed.files.map(|files| *files);
        let mut payload = payload(request_json(parts, Map::new(), parsed.value), files.as_ref(), parts);
        payload.insert("door".into(), true.into());
        if webhook.respond == Respond::Immediately {
            self.tell(wait, id, payload).await?;
            return answer::whole(webhook.answer_started(), &*options.files, scope).await;
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

/// What stands at the door of a wait, if anything does.
fn door_of(on: &Suspend) -> Result<Option<Door>, Problem> {
    match on {
        Suspend::Signal { door: Some(door), .. } => read_door(door.clone()).map(Some),
        _ => Ok(None),
    }
}

/// An address with the query of a request.
fn with_query(path: &str, parts: &Parts) -> String {
    parts.uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

pub(super) fn read_door(door: Value) -> Result<Door, Problem> {
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
