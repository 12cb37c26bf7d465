//! What a handler answers.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use model::{Code, Problem};
use serde::Serialize;

/// What a handler answers.
#[derive(Debug)]
pub struct Reply(pub Response<Body>);

impl Reply {
    /// No content.
    pub fn empty() -> Reply {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Reply(response)
    }

    /// JSON with status 200.
    pub fn json<T: Serialize>(value: &T) -> Result<Reply, Problem> {
        let text = serde_json::to_vec(value).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "an answer could not be written as JSON");
            Problem::new(Code::Internal, "the answer could not be written")
        })?;
        Ok(Reply::bytes("application/json", text))
    }

    /// Bytes of a media type, with status 200.
    pub fn bytes(media_type: &'static str, bytes: impl Into<Bytes>) -> Reply {
        Reply::body(media_type, Body::from(bytes.into()))
    }

    /// A body of a media type, with status 200.
    pub fn body(media_type: &'static str, body: Body) -> Reply {
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Reply(response)
    }

    /// Another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Reply {
        *self.0.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// Adds `ETag` with a revision.
    #[must_use]
    pub fn etag(self, revision: u64) -> Reply {
        self.header(header::ETAG, format!("\"{revision}\""))
    }

    /// Adds a header; a value that cannot stand in one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Reply {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }
}
