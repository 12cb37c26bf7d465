//! Events of endpoints: to whom they go, and their runs in one commit.

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use model::{Code, Item, Map, Problem, RunId, Value};
use part::runs::{AdmitMany, AdmittedMany, DedupeKey};
use part::{Admit, Items, WorkflowRef};
use store::ArrivalVerdict;

use super::{Receiver, answer, log};
use crate::endpoints::{Decision, Routing, Taker};
use crate::routes::{Endpoint, Prepared};

/// Who lets an event happen again, and where.
pub(super) struct Again<'a> {
    /// Who.
    pub by: &'a str,
    /// The drafts of the workflows run, instead of what is live.
    pub draft: bool,
    /// Only this workflow gets it.
    pub only: Option<&'a str>,
}

impl Receiver {
    /// Gives an event to the workflows that want it, and answers.
    pub(super) async fn routed(
        &self,
        prepared: &Arc<Prepared>,
        routing: &Routing,
        item: Item,
        dedupe: Option<DedupeKey>,
        seen: &mut log::Seen,
    ) -> Result<Response<Body>, Problem> {
        let options = &self.inner.options;
        let endpoint = &prepared.endpoint;
        let (item, decision, shown_type) = self.decided(endpoint, routing, item).await?;
        let takers = match decision {
            Decision::Takers(takers) => takers,
            Decision::Dropped => {
                seen.made = Some((ArrivalVerdict::Answered, None));
                seen.note = Some(format!("no route wants {shown_type}"));
                return answer::whole(endpoint.webhook.answer_started(), &*options.files, endpoint.scope_id).await;
            }
            Decision::Refused => {
                let problem = Problem::new(Code::NoSuchEndpoint, format!("no route wants {shown_type}"));
                return Err(problem.hint("look at the routes of the endpoint"));
            }
        };
        let order = routing.order(&item)?;
        let events = events(endpoint, item, &takers, &prepared.started_by, false);
        let dedupe = dedupe.map(|key| (routing.source(), key));
        let (verdict, runs) = match options.runs.admit_many(AdmitMany { events, dedupe, order }).await.map_err(gone)? {
            AdmittedMany::New(runs) => (ArrivalVerdict::Accepted, runs),
            AdmittedMany::Known(first) => (ArrivalVerdict::Known, vec![first]),
        };
        seen.made = Some((verdict, runs.first().copied()));
        seen.runs = takers.iter().map(|taker| taker.workflow.to_string()).zip(runs).collect();
        answer::whole(endpoint.webhook.answer_started(), &*options.files, endpoint.scope_id).await
    }

    /// Gives an event that came before to the workflows that want it now. It keeps its order as the live ones do.
    pub(super) async fn routed_again(
        &self,
        endpoint: &Endpoint,
        routing: &Routing,
        item: Item,
        again: &Again<'_>,
    ) -> Result<Vec<RunId>, Problem> {
        let (item, decision, shown_type) = self.decided(endpoint, routing, item).await?;
        let mut takers = match decision {
            Decision::Takers(takers) => takers,
            Decision::Dropped | Decision::Refused => Vec::new(),
        };
        takers.retain(|taker| again.only.is_none_or(|only| taker.workflow.as_str() == only));
        if takers.is_empty() {
            let problem = Problem::new(Code::NotResumable, format!("no route wants {shown_type} any more"));
            return Err(problem.hint("look at the routes of the endpoint"));
        }
        let order = if again.draft { None } else { routing.order(&item)? };
        let events = events(endpoint, item, &takers, again.by, again.draft);
        match self.inner.options.runs.admit_many(AdmitMany { events, dedupe: None, order }).await.map_err(gone)? {
            AdmittedMany::New(runs) => Ok(runs),
            AdmittedMany::Known(first) => Ok(vec![first]),
        }
    }

    /// The event with its type in it, who gets it, and its type in words.
    async fn decided(
        &self,
        endpoint: &Endpoint,
        routing: &Routing,
        mut item: Item,
    ) -> Result<(Item, Decision, String), Problem> {
        let auth = &endpoint.webhook.auth;
        let told = match auth.connection().filter(|_| auth.is_signed() && !routing.names_type()) {
            Some(connection) => self.inner.options.verifier.event_type(endpoint.scope_id, connection).await?,
            None => None,
        };
        let event_type = routing.type_of(&item, told.as_ref())?;
        let mut event = Map::new();
        event.insert("endpoint".into(), routing.name.as_str().into());
        event.insert("type".into(), event_type.clone().map_or(Value::Null, Value::String));
        item.json.insert("event".into(), Value::Object(event));
        let decision = routing.decide(&item, event_type.as_deref())?;
        let shown = match &event_type {
            Some(event_type) => format!("`{}`", event_type.chars().take(100).collect::<String>()),
            None => "an event without a type".to_owned(),
        };
        Ok((item, decision, shown))
    }
}

/// What each of them gets: the request, and by which route it came.
fn events(endpoint: &Endpoint, item: Item, takers: &[Taker], started_by: &str, draft: bool) -> Vec<Admit> {
    let of = |taker: &Taker| {
        let mut item = item.clone();
        if let Some(Value::Object(event)) = item.json.get_mut("event") {
            event.insert("route".into(), taker.route.clone().map_or(Value::Null, Value::String));
        }
        let name = taker.workflow.clone();
        Admit {
            scope: endpoint.scope.clone(),
            workflow: if draft { WorkflowRef::Draft(name) } else { WorkflowRef::Active(name) },
            trigger: None,
            input: Items::from_vec(vec![item]),
            output: 0,
            mode: "endpoint",
            started_by: started_by.to_owned(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        }
    };
    takers.iter().map(of).collect()
}

/// A workflow that a route leads to and that nobody has made live: nothing of the event is taken.
fn gone(problem: Problem) -> Problem {
    match problem.code {
        Code::NotFound | Code::NoTrigger => {
            Problem::new(Code::NoSuchEndpoint, problem.detail).hint("activate the workflow that the route leads to")
        }
        _ => problem,
    }
}
