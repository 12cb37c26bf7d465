//! The router: made from the list of operations, and the only way to a handler. Every request passes, in this order:
//! request id → token → scope and permission → query → idempotency key → handler.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use auth::accounts::door::Asked;
use auth::{Access, Accounts, Grant};
use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::routing::{MethodFilter, MethodRouter};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Method, Response, header};
use model::{Code, Problem, Scope};
use store::Store;

use super::call::scope_of;
use super::idempotency::Idempotency;
use super::operation::Gives;
use super::{Call, Operation, Peer, problem};

/// Counts answered requests, for the metrics page.
pub type Observe = Arc<dyn Fn(&str, u16) + Send + Sync>;

/// What all operations share.
#[derive(Clone)]
pub struct Kit {
    inner: Arc<Inner>,
}

struct Inner {
    accounts: Accounts,
    idempotency: Idempotency,
    observe: Observe,
}

impl Kit {
    /// A kit that knows callers by `accounts`, which also ends their live streams, and keeps answers to idempotency
    /// keys in `store`. `observe` is told the operation and status of each answer.
    pub fn new(accounts: Accounts, store: Store, observe: Observe) -> Kit {
        Kit { inner: Arc::new(Inner { accounts, idempotency: Idempotency::new(store), observe }) }
    }

    /// The router of a list of operations. What no operation answers is a problem.
    pub fn router(&self, operations: &[Operation]) -> Router {
        let mut paths: BTreeMap<&str, MethodRouter> = BTreeMap::new();
        for operation in operations {
            let filter = match operation.method {
                Method::GET => MethodFilter::GET,
                Method::POST => MethodFilter::POST,
                Method::PUT => MethodFilter::PUT,
                Method::PATCH => MethodFilter::PATCH,
                Method::DELETE => MethodFilter::DELETE,
                _ => continue,
            };
            let (kit, own) = (self.clone(), Arc::new(operation.clone()));
            let handler = move |request: Request| {
                let (kit, own) = (kit.clone(), own.clone());
                async move { kit.answer(own, request).await }
            };
            let known = paths.remove(operation.path.as_str()).unwrap_or_default();
            paths.insert(&operation.path, known.on(filter, handler));
        }
        let refuse_method = || async {
            let id = request_id();
            let problem = Problem::new(Code::MethodNotAllowed, "this address does not answer that method");
            finish(problem::response(&problem, &id), &id)
        };
        let mut router = Router::new();
        for (path, methods) in paths {
            router = router.route(path, methods.fallback(refuse_method));
        }
        router.fallback(|request: Request| async move {
            let id = request_id();
            let detail =
                format!("there is nothing at `{}`", request.uri().path().chars().take(200).collect::<String>());
            finish(problem::response(&Problem::new(Code::NotFound, detail), &id), &id)
        })
    }

    async fn answer(&self, operation: Arc<Operation>, request: Request) -> Response<Body> {
        let id = request_id();
        let handled = AssertUnwindSafe(self.handle(&operation, request, &id)).catch_unwind().await;
        let response = match handled {
            Ok(Ok(response)) => response,
            Ok(Err(problem)) => problem::response(&problem, &id),
            Err(_) => {
                tracing::error!(request = id, operation = operation.id, "a handler panicked");
                problem::response(&Problem::new(Code::Internal, "something in Fishplate went wrong"), &id)
            }
        };
        (self.inner.observe)(&operation.id, response.status().as_u16());
        finish(response, &id)
    }

    async fn handle(&self, operation: &Operation, request: Request, id: &str) -> Result<Response<Body>, Problem> {
        let (mut parts, body) = request.into_parts();
        let query: Vec<(String, String)> = pairs(parts.uri.query().unwrap_or_default());
        let asked = Asked { method: &parts.method, headers: &parts.headers };
        let grant = self.inner.accounts.admit(operation.access, asked).await?;
        let scope = scope_of(&query, &parts.headers)?;
        authorise(operation.access, grant.as_ref(), &scope)?;
        let path = path_params(&mut parts).await;
        let upgrade = match operation.gives {
            Gives::Live(_) => WebSocketUpgrade::from_request_parts(&mut parts, &()).await.ok(),
            _ => None,
        };
        // Only what lives on has to be told when its credential ends.
        let stop = match operation.gives {
            Gives::Live(_) => self.inner.accounts.stop_of(grant.as_ref()),
            _ => self.inner.accounts.stop_of(None),
        };
        let call = Call {
            stop,
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0),
            grant,
            scope,
            request_id: id.to_owned(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            path,
            query,
            body: Mutex::new(Some(body)),
            upgrade: Mutex::new(upgrade),
        };
        call.check_query(operation)?;
        let handler = |call: Call| -> BoxFuture<'_, Result<Response<Body>, Problem>> {
            let answer = (operation.handler)(call);
            Box::pin(async move {
                let mut response = answer.await?.0;
                if response.status() == http::StatusCode::OK && operation.status != 200 {
                    *response.status_mut() = http::StatusCode::from_u16(operation.status).unwrap_or_default();
                }
                Ok(response)
            })
        };
        match call.header("idempotency-key") {
            // Whoever is nobody yet has no memory of their own, and must not get what another one was answered.
            Some(_) if operation.method == Method::POST && operation.access != Access::Public => {
                self.inner.idempotency.once(operation, call, handler).await
            }
            _ => handler(call).await,
        }
    }
}

fn authorise(access: Access, grant: Option<&Grant>, scope: &Scope) -> Result<(), Problem> {
    match (access, grant) {
        (Access::Public, _) | (Access::Authenticated, Some(_)) => Ok(()),
        (Access::Session, Some(grant)) => grant.session().map(drop),
        (Access::Needs(permission), Some(grant)) => grant.require(permission, scope),
        (_, None) => Err(Problem::new(Code::Unauthenticated, "this needs a token")),
    }
}

async fn path_params(parts: &mut Parts) -> HashMap<String, String> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => HashMap::new(),
    }
}

/// The pairs of a query string, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into(), value.into())).collect()
}

fn request_id() -> String {
    format!("req_{}", auth::random_text())
}

fn finish(mut response: Response<Body>, id: &str) -> Response<Body> {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert("request-id", value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
