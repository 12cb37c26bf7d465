//! Receives what services send to addresses that they were told.

use std::collections::BTreeMap;
use std::time::Duration;

use auth::signature::{Incoming, Place, Verdict};
use axum::body::Body;
use http::{Method, Response};
use model::{Binary, Code, Item, Map, Problem, RunId, Value};
use part::runs::DedupeKey;
use part::{Admit, Admitted, Items, WorkflowRef};
use store::ArrivalVerdict;

use super::{Receiver, answer, body, log, nobody, request_json};

/// How long a key is remembered: longer than any service goes on to send an event again.
const REMEMBER: Duration = Duration::from_secs(14 * 24 * 3600);
/// Longest key that is kept as it is.
const LONGEST_KEY: usize = 200;

impl Receiver {
    pub(super) async fn called(
        &self,
        parts: &http::request::Parts,
        body: Body,
        (scope, id): (&str, &str),
        seen: &mut log::Seen,
    ) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let hooks = options.hooks.as_ref().ok_or_else(|| nobody(&parts.method, parts.uri.path()))?;
        let call = hooks.find(scope, id).await?.ok_or_else(|| nobody(&parts.method, parts.uri.path()))?;
        let (info, now) = (call.info(), options.clock.now());
        if call.draft().is_none() {
            seen.place = Some(log::Place::Trigger(info.scope_id, info.workflow.clone(), info.node.clone()));
        }
        let body = body::whole(body, &parts.headers, None, &options.limits).await?;
        seen.body = Some(body.clone()).filter(|body| body.len() as u64 <= log::KEPT_BODY);
        let read = async || {
            let target = body::Target { files: &*options.files, scope: info.scope_id, now };
            let wanted = body::Wanted::default();
            body::read(Body::from(body.clone()), &parts.headers, &wanted, &options.limits, target, false).await
        };
        let mut parsed = None;
        if info.hooked.asks {
            let read = parsed.insert(read().await?);
            let request = request_json(parts, Map::new(), read.value.clone());
            if let Some(told) = call.answer(&request).await? {
                seen.made = Some((ArrivalVerdict::Answered, None));
                return answer::whole(told, &*options.files, info.scope_id).await;
            }
        }
        let is_question = parts.method == Method::GET || parts.method == Method::HEAD;
        let url =
            [self.url_of(parts), parts.uri.query().map_or_else(String::new, |query| format!("?{query}"))].concat();
        let request = Incoming {
            method: parts.method.as_str(),
            url: &url,
            headers: &parts.headers,
            body: &body,
            now: now.div_euclid(1000),
        };
        let told = match call.judge(&*options.verifier, request).await? {
            Verdict::Challenge(answer) => {
                seen.made = Some((ArrivalVerdict::Answered, None));
                return Ok(answer::challenge(answer));
            }
            Verdict::Event { id, shown } => {
                seen.shown = shown;
                id
            }
        };
        if is_question {
            // Events have a body. Who comes without one looks whether somebody is there.
            seen.made = Some((ArrivalVerdict::Answered, None));
            return Ok(taken());
        }
        let parsed = match parsed {
            Some(parsed) => parsed,
            None => read().await?,
        };
        let key = told.and_then(|place| value_at(&place, parts, &parsed.value));
        let json = request_json(parts, Map::new(), parsed.value);
        let weighed = call.weigh(&json).await?;
        if weighed.ignored {
            seen.made = Some((ArrivalVerdict::Answered, None));
            return Ok(taken());
        }
        let items = items_of(weighed.items, parsed.files);
        let place = match call.draft() {
            Some(rehearsal) => Some(rehearsal.claim(now).ok_or_else(|| nobody(&parts.method, parts.uri.path()))?),
            None => None,
        };
        let key = weighed.key.or(key).filter(|key| !key.is_empty());
        let event = Admit {
            scope: info.scope.clone(),
            workflow: match place {
                Some(_) => WorkflowRef::Draft(info.workflow.clone()),
                None => WorkflowRef::Active(info.workflow.clone()),
            },
            trigger: Some(info.node.clone()),
            input: Items::from_vec(items),
            output: 0,
            mode: if place.is_some() { "test" } else { "trigger" },
            started_by: match call.draft() {
                Some(rehearsal) => rehearsal.by().to_owned(),
                None => format!("{}:{}", info.hooked.service, info.node),
            },
            // What is tried now may be said to the live workflow, too, and must be new to it.
            dedupe: key.filter(|_| place.is_none()).map(|key| dedupe(&info.hooked.service, &key)),
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: place.is_some(),
        };
        let (verdict, run) = match options.runs.admit(event).await? {
            Admitted::New(run) => (ArrivalVerdict::Accepted, run),
            Admitted::Known { run, .. } => (ArrivalVerdict::Known, run),
        };
        seen.made = Some((verdict, Some(run)));
        if let Some(place) = place {
            place.began(run);
        }
        call.heard().await;
        Ok(taken())
    }
}

impl Receiver {
    /// Starts a run of what a service has called for before.
    pub(super) async fn called_again(
        &self,
        (scope, id): (&str, &str),
        (parts, body): (http::request::Parts, Body),
        (draft, by): (bool, &str),
    ) -> Result<RunId, Problem> {
        let options = &self.inner.options;
        let hooks = options.hooks.as_ref().ok_or_else(|| nobody(&parts.method, parts.uri.path()))?;
        let call = hooks.find(scope, id).await?.ok_or_else(|| nobody(&parts.method, parts.uri.path()))?;
        let info = call.info();
        let target = body::Target { files: &*options.files, scope: info.scope_id, now: options.clock.now() };
        let wanted = body::Wanted::default();
        let parsed = body::read(body, &parts.headers, &wanted, &options.limits, target, false).await?;
        let weighed = call.weigh(&request_json(&parts, Map::new(), parsed.value)).await?;
        if weighed.ignored {
            return Err(Problem::new(Code::NotResumable, "the trigger does not want it"));
        }
        let event = Admit {
            scope: info.scope.clone(),
            workflow: match draft {
                true => WorkflowRef::Draft(info.workflow.clone()),
                false => WorkflowRef::Active(info.workflow.clone()),
            },
            trigger: Some(info.node.clone()),
            input: Items::from_vec(items_of(weighed.items, parsed.files)),
            output: 0,
            mode: if draft { "test" } else { "trigger" },
            started_by: by.to_owned(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        let (Admitted::New(run) | Admitted::Known { run, .. }) = options.runs.admit(event).await?;
        Ok(run)
    }
}

/// Items of an event; its files stand with the first.
#[expect(clippy::box_collection, reason = "it is moved into an item, which keeps it so")]
fn items_of(values: Vec<Value>, files: Option<Box<BTreeMap<String, Binary>>>) -> Vec<Item> {
    let mut items: Vec<Item> = values.into_iter().map(Item::from_value).collect();
    if let Some(first) = items.first_mut() {
        first.binary = files;
    }
    items
}

/// An event of one key is the same event, whatever its sender counts in it.
fn dedupe(service: &str, key: &str) -> DedupeKey {
    let fingerprint = store::digest(key.as_bytes());
    let key = if key.len() > LONGEST_KEY { fingerprint.to_string() } else { key.to_owned() };
    DedupeKey { key: format!("{service}/{key}"), fingerprint, ttl: REMEMBER }
}

/// What stands at a place of a request.
fn value_at(place: &Place, parts: &http::request::Parts, body: &Value) -> Option<String> {
    if let Some(name) = place.header() {
        return parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    }
    match body.pointer(place.pointer()?)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// That an event has arrived. Services look at the status alone.
fn taken() -> Response<Body> {
    answer::head(200, &[], Body::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_kept_as_their_digest() {
        assert_eq!(dedupe("github", "a").key, "github/a");
        let long = dedupe("github", &"a".repeat(300));
        assert!(long.key.len() < 100 && long.fingerprint == store::digest("a".repeat(300).as_bytes()));
    }
}
