//! Requests and responses as callers see them.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::Error;
use crate::error::Cause;

/// Chunks of a response body.
pub type BodyStream = BoxStream<'static, Result<Bytes, Error>>;

/// Chunks of a request body.
pub type SourceStream = BoxStream<'static, Result<Bytes, Cause>>;

/// What is to be sent. `Host`, `Content-Length` and connection headers are set by the transport.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// `http` or `https`; user and password in it become basic authentication.
    pub url: Url,
    /// The caller's headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: Url) -> Request {
        Request { method, url, headers: HeaderMap::new(), body: Body::Empty }
    }

    /// The same with that body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Request {
        self.body = body.into();
        self
    }
}

/// A request body. Clones of a stream share it: it can be sent once.
#[derive(Clone, Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// In memory; can be sent again after a redirect or a failed dial.
    Bytes(Bytes),
    /// A stream; can be sent again only while nobody has read from it.
    Stream(Source),
}

impl Body {
    /// A stream whose length is known (then it is checked against what comes) or not (then it is sent chunked).
    pub fn stream(stream: SourceStream, length: Option<u64>) -> Body {
        Body::Stream(Source {
            slot: Arc::new(Mutex::new(Slot { stream: Some(stream), begun: false, failed: None })),
            length,
        })
    }

    /// The bytes, if they lie in memory.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Body::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether it can still be sent from its beginning.
    pub fn is_fresh(&self) -> bool {
        match self {
            Body::Empty | Body::Bytes(_) => true,
            Body::Stream(source) => !source.lock().begun,
        }
    }

    /// Why it could not be read to its end, if that is so.
    pub(crate) fn failed(&self) -> Option<String> {
        match self {
            Body::Empty | Body::Bytes(_) => None,
            Body::Stream(source) => source.lock().failed.clone(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Empty => out.write_str("Empty"),
            Body::Bytes(bytes) => write!(out, "Bytes({})", bytes.len()),
            Body::Stream(source) => write!(out, "Stream({:?})", source.length),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Bytes::from_static(text.as_bytes()).into()
    }
}

/// A stream that is taken by the first transport that reads from it.
#[derive(Clone)]
pub struct Source {
    slot: Arc<Mutex<Slot>>,
    /// Bytes to come, if known.
    pub length: Option<u64>,
}

struct Slot {
    stream: Option<SourceStream>,
    begun: bool,
    /// Why the body could not be read to its end.
    failed: Option<String>,
}

impl Source {
    fn lock(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream for a transport. It leaves the slot on its first poll, so that a dial that fails before that
    /// leaves the body whole. A body longer or shorter than its declared length ends with an error.
    pub(crate) fn reader(&self) -> Reader {
        Reader { source: self.clone(), stream: None, seen: 0, ended: false }
    }
}

/// See [`Source::reader`].
pub(crate) struct Reader {
    source: Source,
    stream: Option<SourceStream>,
    seen: u64,
    ended: bool,
}

impl Reader {
    fn fail(&mut self, error: Cause) -> Poll<Option<Result<Bytes, Cause>>> {
        self.ended = true;
        self.source.lock().failed = Some(error.to_string());
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, Cause>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if this.stream.is_none() {
            let mut slot = this.source.lock();
            slot.begun = true;
            this.stream = slot.stream.take();
        }
        let Some(stream) = this.stream.as_mut() else { return this.fail("the request body was already sent".into()) };
        let next = std::task::ready!(stream.poll_next_unpin(context));
        let fault = match (&next, this.source.length) {
            (Some(Ok(chunk)), Some(length)) if this.seen + chunk.len() as u64 > length => {
                Some(format!("the request body is longer than its declared {length} bytes"))
            }
            (None, Some(length)) if this.seen < length => {
                Some(format!("the request body ended after {} of its declared {length} bytes", this.seen))
            }
            _ => None,
        };
        match (next, fault) {
            (_, Some(fault)) => this.fail(fault.into()),
            (Some(Err(error)), None) => this.fail(error),
            (Some(Ok(chunk)), None) => {
                this.seen += chunk.len() as u64;
                Poll::Ready(Some(Ok(chunk)))
            }
            (None, None) => Poll::Ready(None),
        }
    }
}

/// An answer, whatever its status: a 500 is an answer, not an [`Error`].
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers of the last hop.
    pub headers: HeaderMap,
    /// The address that answered, after redirects.
    pub url: Url,
    /// The body, limited in size and silence as the call's [`crate::Meta`] says.
    pub body: BodyStream,
    /// How it went.
    pub timing: Timing,
    /// [`crate::Reach::generation`] of the connection that was shown.
    pub generation: Option<u64>,
}

/// How a call went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From the start of the call to the final response head.
    pub head: Duration,
    /// How much of it was spent waiting for a rate limit or between retries.
    pub waited: Duration,
    /// How often a request was handed to the transport; redirects count.
    pub attempts: u32,
    /// Redirects that were followed.
    pub redirects: u32,
    /// The answer came from memory, perhaps after revalidation.
    pub cached: bool,
    /// It is older than asked for, because the service fails.
    pub stale: bool,
}

impl Response {
    /// Reads the whole body, at most `limit` bytes.
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes, Error> {
        let host = self.url.host_str().unwrap_or_default().to_owned();
        let Some(first) = self.body.next().await.transpose()? else { return Ok(Bytes::new()) };
        let mut whole: Option<BytesMut> = None;
        let mut length = first.len() as u64;
        while length <= limit {
            let Some(chunk) = self.body.next().await.transpose()? else {
                return Ok(whole.map_or(first, BytesMut::freeze));
            };
            length += chunk.len() as u64;
            whole.get_or_insert_with(|| BytesMut::from(&first[..])).extend_from_slice(&chunk);
        }
        Err(Error::BodyTooLarge { host, limit })
    }

    pub(crate) fn with_body(mut self, body: Bytes) -> Response {
        self.body = stream::once(async move { Ok(body) }).boxed();
        self
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Response").field("status", &self.status).field("timing", &self.timing).finish()
    }
}
