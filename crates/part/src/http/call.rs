//! A request as a handler sees it: authenticated, with its scope, and with readers that keep the limits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use auth::Grant;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use model::{Code, Name, Problem, Scope};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::body;
use super::operation::{Operation, ParamKind};

/// Who is at the other end of a connection, as far as proxies of ours tell it. Whoever accepts connections puts it
/// among the extensions of a request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A request as a handler sees it.
pub struct Call {
    pub(crate) grant: Option<Grant>,
    /// Workspace and environment that the request is about.
    pub scope: Scope,
    /// Id of the request, sent back in `Request-Id` and named in problems.
    pub request_id: String,
    /// Method.
    pub method: Method,
    /// Address as the client wrote it.
    pub uri: Uri,
    /// Headers.
    pub headers: HeaderMap,
    /// Cancelled when the server stops, and when what the caller came in with has ended; live streams end then.
    pub stop: CancellationToken,
    /// Where the request comes from.
    pub peer: Option<IpAddr>,
    pub(crate) path: HashMap<String, String>,
    pub(crate) query: Vec<(String, String)>,
    // Behind locks only so that a handler may hold a `&Call` while it waits: bodies are no `Sync`.
    pub(crate) body: Mutex<Option<Body>>,
    pub(crate) upgrade: Mutex<Option<WebSocketUpgrade>>,
}

impl Call {
    /// Who asks.
    pub fn grant(&self) -> Result<&Grant, Problem> {
        self.grant.as_ref().ok_or_else(|| Problem::new(Code::Unauthenticated, "this needs a token"))
    }

    /// A segment of the path, as a name.
    pub fn name(&self, segment: &str) -> Result<Name, Problem> {
        self.segment(segment).parse().map_err(|error: model::name::InvalidName| {
            Problem::new(Code::InvalidName, error.to_string()).at(format!("/{segment}"))
        })
    }

    /// A segment of the path, as text.
    pub fn segment(&self, segment: &str) -> &str {
        self.path.get(segment).map_or("", String::as_str)
    }

    /// A segment of the path that must be an id; one that cannot be does not exist.
    pub fn id<T: FromStr>(&self, segment: &str, what: &str) -> Result<T, Problem> {
        let text = self.segment(segment);
        text.parse().map_err(|_| Problem::new(Code::NotFound, format!("there is no {what} `{}`", short(text))))
    }

    /// A query parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A boolean query parameter; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), Some("" | "true" | "1"))
    }

    /// A number in the query.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// The values of a list in the query.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values.flat_map(|(_, value)| value.split(',')).filter(|part| !part.is_empty()).collect()
    }

    /// Most entries of a page: `limit`, 1 to 1000, 50 when absent.
    pub fn limit(&self) -> u32 {
        self.number("limit").map_or(50, |limit| limit.clamp(1, 1000) as u32)
    }

    /// `cursor`, when there is one.
    pub fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        self.text("cursor").filter(|text| !text.is_empty()).map(super::Cursor::read).transpose()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The revision that `If-Match` demands. `*` demands that it exists, which is `Some(None)`.
    pub fn if_match(&self) -> Result<Option<IfMatch>, Problem> {
        let Some(value) = self.headers.get(header::IF_MATCH) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Some(IfMatch::Any));
        }
        let bare = text.trim_start_matches("W/").trim_matches('"');
        let revision = bare.parse().map_err(|_| {
            Problem::new(
                Code::Malformed,
                format!("`If-Match` must be a revision such as `\"42\"`, not `{}`", short(text)),
            )
        })?;
        Ok(Some(IfMatch::Revision(revision)))
    }

    /// `If-None-Match: *`: only create.
    pub fn create_only(&self) -> bool {
        self.headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == b"*")
    }

    /// The body as JSON.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let bytes = self.bytes(body::JSON_LIMIT).await?;
        body::json(&bytes)
    }

    /// The body as JSON, or the default when there is none.
    pub async fn json_or_default<T: DeserializeOwned + Default>(&mut self) -> Result<T, Problem> {
        let bytes = self.bytes(body::JSON_LIMIT).await?;
        if bytes.is_empty() { Ok(T::default()) } else { body::json(&bytes) }
    }

    /// The whole body, at most `limit` bytes.
    pub async fn bytes(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        body::read(body.unwrap_or_default(), limit).await
    }

    /// The body in parts as they come, at most `limit` bytes in all.
    pub fn parts(&mut self, limit: u64) -> body::Parts {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        body::Parts::new(body.unwrap_or_default(), limit)
    }

    /// Puts a body in the place of the one that was read.
    pub(crate) fn set_body(&mut self, bytes: Bytes) {
        *self.body.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(Body::from(bytes));
    }

    /// The upgrade to a WebSocket, if the client asks for one.
    pub(crate) fn take_upgrade(&mut self) -> Option<WebSocketUpgrade> {
        self.upgrade.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The position after which a live stream is to go on.
    pub fn after(&self) -> Result<Option<u64>, Problem> {
        let text = self.header("last-event-id").or_else(|| self.text("after"));
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text
            .parse()
            .map_err(|_| Problem::new(Code::Malformed, format!("`{}` is no position of this stream", short(text))))?;
        Ok(Some(number))
    }

    /// Refuses query parameters that the operation does not have, and values of the wrong shape.
    pub(crate) fn check_query(&self, operation: &Operation) -> Result<(), Problem> {
        let params = &operation.params;
        for (name, value) in &self.query {
            if matches!(name.as_str(), "workspace" | "environment") {
                continue;
            }
            let Some(param) = params.iter().find(|param| param.name == name) else {
                if operation.any_query {
                    continue;
                }
                let known: Vec<String> = params.iter().map(|param| format!("`{}`", param.name)).collect();
                let mut problem =
                    Problem::new(Code::Malformed, format!("there is no query parameter `{}`", short(name)));
                if !known.is_empty() {
                    problem = problem.hint(format!("this operation knows {}", known.join(", ")));
                }
                return Err(problem);
            };
            let fits = match param.kind {
                ParamKind::Text | ParamKind::List => true,
                ParamKind::Integer => value.parse::<u64>().is_ok(),
                ParamKind::Boolean => matches!(value.as_str(), "" | "true" | "false" | "1" | "0"),
            };
            if !fits {
                let wanted = if param.kind == ParamKind::Integer { "a whole number" } else { "`true` or `false`" };
                let detail = format!("query parameter `{name}` must be {wanted}, not `{}`", short(value));
                return Err(Problem::new(Code::Malformed, detail));
            }
        }
        Ok(())
    }
}

/// What `If-Match` demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// That it exists.
    Any,
    /// That it is at this revision.
    Revision(u64),
}

/// The scope that a request names, in its query or in headers; `main/prod` when it names none.
pub(crate) fn scope_of(query: &[(String, String)], headers: &HeaderMap) -> Result<Scope, Problem> {
    let named = |key: &str, header: &str| -> Result<Option<Name>, Problem> {
        let in_query = query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let text = in_query.or_else(|| headers.get(header)?.to_str().ok());
        let parse =
            |text: &str| text.parse::<Name>().map_err(|error| Problem::new(Code::InvalidName, error.to_string()));
        text.map(parse).transpose()
    };
    let default = Scope::default();
    Ok(Scope {
        workspace: named("workspace", "fishplate-workspace")?.unwrap_or(default.workspace),
        environment: named("environment", "fishplate-environment")?.unwrap_or(default.environment),
    })
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
