//! A webhook that came happens again, because a person wants it to.

use axum::body::Body;
use http::{Method, Request};
use model::{Code, Problem, RunId, Scope};
use part::{Admit, Admitted, Items, WorkflowRef};
use store::Arrival;

use super::routed::Again;
use super::{Receiver, body, log};

impl Receiver {
    /// Starts a run of what a webhook brought, or one of each workflow that its endpoint gives it to now: of the live
    /// revision, or of the draft. It is not judged again, counts as an event of its own, and is answered to nobody.
    /// `only`: no other workflow of an endpoint gets it.
    pub async fn again(
        &self,
        scope: &Scope,
        arrival: &Arrival,
        (draft, only): (bool, Option<&str>),
        by: &str,
    ) -> Result<Vec<RunId>, Problem> {
        let options = &self.inner.options;
        let gone = |detail: String| Problem::new(Code::NoSuchEndpoint, detail);
        let path = arrival.target.split('?').next().unwrap_or_default();
        let address = super::address(path);
        let found = match &address {
            Some(super::Address::Hook { scope, path, .. }) => options.routes.find(scope, path, false),
            _ => None,
        };
        if found.is_none() && !matches!(address, Some(super::Address::Called { .. })) {
            let detail = format!("no active workflow listens on `{path}` any more");
            return Err(gone(detail).hint("activate the workflow first"));
        }
        let Some(bytes) = arrival.body.clone() else {
            let problem = Problem::new(Code::NotResumable, "its body was not kept");
            return Err(problem.hint(format!("bodies of up to {} KiB are kept", log::KEPT_BODY >> 10)));
        };
        let method = Method::from_bytes(arrival.method.as_bytes());
        let mut request = Request::builder().uri(arrival.target.as_str());
        for (name, value) in log::unmasked(&arrival.headers) {
            request = request.header(name, value);
        }
        let malformed = |reason: String| Problem::new(Code::Malformed, format!("it cannot be read any more: {reason}"));
        let request = request
            .method(method.map_err(|error| malformed(error.to_string()))?)
            .body(Body::from(bytes))
            .map_err(|error| malformed(error.to_string()))?;
        let (parts, body) = request.into_parts();
        if let Some(super::Address::Called { scope, id }) = address {
            return self.called_again((scope, id), (parts, body), (draft, by)).await.map(|run| vec![run]);
        }
        let Some(found) = found else { return Err(gone(format!("nobody listens on `{path}`"))) };
        let Some((prepared, output)) = found.route.for_method(&arrival.method) else {
            return Err(gone(format!("`{path}` does not answer {} any more", arrival.method)));
        };
        let endpoint = &prepared.endpoint;
        let parsed = body::read(
            body,
            &parts.headers,
            &body::Wanted::of(&endpoint.webhook),
            &options.limits,
            body::Target { files: &*options.files, scope: endpoint.scope_id, now: options.clock.now() },
            false,
        )
        .await?;
        let item = self.item(&parts, &found, prepared, parsed, None);
        if let Some(routing) = &endpoint.routing {
            return self.routed_again(endpoint, routing, item, &Again { by, draft, only }).await;
        }
        let event = Admit {
            scope: scope.clone(),
            workflow: match draft {
                true => WorkflowRef::Draft(endpoint.workflow.clone()),
                false => WorkflowRef::Active(endpoint.workflow.clone()),
            },
            trigger: Some(endpoint.node.clone()),
            input: Items::from_vec(vec![item]),
            output,
            mode: if draft { "test" } else { "webhook" },
            started_by: by.to_owned(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        match options.runs.admit(event).await? {
            Admitted::New(run) | Admitted::Known { run, .. } => Ok(vec![run]),
        }
    }
}
