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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{World, get, post, with, world};
    use super::*;
    use crate::routes::tests::endpoint;
    use crate::testing::run_id;

    /// A receiver with an endpoint of the sender `gitlab`, which shows its secret.
    fn shop(spec: Value) -> World {
        let spec = part::kind::parse(spec).unwrap();
        let (routing, webhook) = Routing::new("shop".parse().unwrap(), spec).unwrap();
        let own = endpoint(json!({ "methods": [], "path": "" }));
        let name = "shop".parse().unwrap();
        world(vec![Endpoint { workflow: name, node: String::new(), routing: Some(Arc::new(routing)), webhook, ..own }])
    }

    fn event(kind: &str, id: &str, body: Value) -> http::Request<Body> {
        let request = post("/hooks/main/prod/shop", "application/json", body.to_string());
        let request = with(with(request, "x-gitlab-token", "s3cret"), "x-gitlab-event-uuid", id);
        if kind.is_empty() { request } else { with(request, "x-gitlab-event", kind) }
    }

    #[tokio::test]
    async fn all_of_an_events_workflows_get_it_at_once_with_its_type_and_route() {
        let world = shop(json!({
            "path": "shop", "mode": "all", "auth": { "kind": "signed", "connection": "gitlab" },
            "key": "{{ $json.body.customer }}", "answer": { "status": 202, "body": "{}", "contentType": "application/json" },
            "routes": [
                { "name": "all", "workflow": "audit" },
                { "name": "orders", "when": { "type": ["order.*"] }, "workflow": "orders" },
            ],
        }));
        let paid = json!({ "customer": "acme", "n": 1 });
        assert_eq!(world.send(event("order.paid", "1", paid.clone())).await, (202, "{}".into()));
        assert_eq!(world.send(event("order.paid", "1", paid.clone())).await.0, 202, "it is known");
        assert_eq!(world.send(event("customer.made", "2", json!({}))).await.0, 202);
        let admitted = world.fake.admitted();
        let names: Vec<String> = admitted.iter().map(|event| format!("{:?}", event.workflow)).collect();
        assert!(names.len() == 3 && names[0].contains("audit") && names[1].contains("orders"), "{names:?}");
        assert_eq!((admitted[0].mode, admitted[0].started_by.as_str()), ("endpoint", "endpoint:shop"));
        assert!(admitted.iter().all(|event| event.reply_to.is_none() && event.dedupe.is_none()));
        let order = json!({ "endpoint": "shop", "type": "order.paid", "route": "orders" });
        assert_eq!((&world.item(1)["event"], &world.item(1)["body"]), (&order, &paid));
        assert_eq!(world.item(0)["event"]["route"], "all");
        assert_ne!(world.item(1)["headers"]["x-gitlab-token"], "s3cret", "it is masked");
        let orders = world.fake.orders();
        assert_eq!(orders.len(), 1, "what has no key keeps no order");
        assert_eq!((orders[0].lane.as_str(), orders[0].key.as_str()), ("endpoint:shop", "acme"));
        let wrong = with(event("order.paid", "3", json!({})), "x-gitlab-token", "guess");
        assert_eq!(world.refused(wrong).await.0, 401);
        assert_eq!(world.refused(get("/hooks/main/prod/shop")).await.0, 401, "nobody asks without the secret");
        assert_eq!(world.fake.admitted().len(), 3);
    }

    #[tokio::test]
    async fn what_nobody_wants_is_answered_or_refused_and_what_nobody_runs_is_refused() {
        let spec = |rest: Value| {
            json!({
                "path": "shop", "auth": { "kind": "signed", "connection": "gitlab" }, "else": rest,
                "routes": [{ "name": "orders", "when": { "type": ["order.*"] }, "workflow": "orders" }],
            })
        };
        let drops = shop(spec(json!("drop")));
        assert_eq!(drops.send(event("other", "1", json!({}))).await, (200, String::new()));
        let refuses = shop(spec(json!("refuse")));
        assert_eq!(refuses.refused(event("", "1", json!({}))).await, (404, Code::NoSuchEndpoint.to_string()));
        assert!(drops.fake.admitted().is_empty() && refuses.fake.admitted().is_empty());
        let catches = shop(spec(json!({ "workflow": "rest" })));
        assert_eq!(catches.send(event("other", "1", json!({}))).await.0, 200);
        assert_eq!(catches.item(0)["event"], json!({ "endpoint": "shop", "type": "other", "route": null }));
        drops.fake.fail_next(1, Problem::new(Code::NotFound, "there is no active workflow `orders`"));
        let refused = drops.refused(event("order.paid", "2", json!({}))).await;
        assert_eq!(refused, (404, Code::NoSuchEndpoint.to_string()));
    }

    #[tokio::test]
    async fn an_event_happens_again_by_the_routes_of_now() {
        let world = shop(json!({
            "path": "shop", "mode": "all", "key": "{{ $json.body.customer }}",
            "routes": [
                { "name": "a", "when": { "type": ["order.*"] }, "workflow": "a" },
                { "name": "b", "workflow": "b", "when": { "conditions": [{ "field": "body.n", "greaterThan": 1 }] } },
            ],
        }));
        let arrival = |body: Value| store::Arrival {
            scope: model::ScopeId(1),
            id: model::ArrivalId::from_parts(1, 1),
            workflow: String::new(),
            node: String::new(),
            method: "POST".into(),
            target: "/hooks/main/prod/shop".into(),
            headers: r#"[["content-type","application/json"]]"#.into(),
            sender: String::new(),
            body: Some(body.to_string().into()),
            verdict: ArrivalVerdict::Refused,
            code: None,
            reason: None,
            run: None,
            endpoint: "shop".into(),
            runs: Vec::new(),
        };
        let both = arrival(json!({ "type": "order.paid", "customer": "acme", "n": 2 }));
        let again = async |arrival: &store::Arrival, draft: bool, only: Option<&str>| {
            world.receiver.again(&model::Scope::default(), arrival, (draft, only), "ada").await
        };
        assert_eq!(again(&both, false, None).await.unwrap(), [run_id(1), run_id(2)]);
        assert_eq!(again(&both, true, Some("b")).await.unwrap(), [run_id(3)]);
        let admitted = world.fake.admitted();
        assert!(matches!(&admitted[0].workflow, WorkflowRef::Active(name) if name.as_str() == "a"));
        assert!(matches!(&admitted[2].workflow, WorkflowRef::Draft(name) if name.as_str() == "b"));
        assert_eq!(admitted[2].started_by, "ada");
        assert_eq!(world.fake.orders().len(), 1, "a draft waits for nobody");
        let none = again(&arrival(json!({ "type": "other" })), false, None).await.unwrap_err();
        assert_eq!(none.code, Code::NotResumable);
    }
}
