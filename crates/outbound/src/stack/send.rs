//! The egress check and the dial: hands the request to the client whose resolver pins checked addresses.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Call;
use super::decode::{Chunk, Coding};
use crate::handle::Shared;
use crate::stats::Counters;
use crate::{Body, BodyStream, Error, Meta, Response, Timing, clients};

/// Headers that belong to one stream between two peers, not to the request.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("te"),
];

pub(super) async fn call(shared: Arc<Shared>, call: Call) -> Result<Response, Error> {
    let Call { request, meta, connection, progress, .. } = call;
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let reach = connection.as_ref().map(|(_, reach)| &**reach);
    let left = progress.deadline.saturating_duration_since(tokio::time::Instant::now());
    let client = shared.clients.get(&shared, &meta, reach, &request.url, left)?;

    let mut headers = request.headers;
    prepare(&mut headers, &shared.options.user_agent);
    let mut builder = client.request(request.method, request.url.clone());
    let body = request.body.clone();
    builder = match request.body {
        Body::Empty => builder,
        Body::Bytes(bytes) => builder.body(bytes),
        Body::Stream(source) => {
            if let Some(length) = source.length {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            builder.body(reqwest::Body::wrap_stream(source.reader()))
        }
    };

    // From here on a byte may leave at any moment; only a failure to connect proves that none did.
    progress.sent.store(true, Relaxed);
    progress.attempts.fetch_add(1, Relaxed);
    let answered = builder.headers(headers).send().await.map_err(|error| clients::translate(&host, error));
    let answer = answered.map_err(|error| match error {
        error if error.before_send() && body.is_fresh() => {
            progress.sent.store(false, Relaxed);
            error
        }
        error => match body.failed() {
            Some(detail) => Error::RequestBody { detail },
            None => error,
        },
    })?;

    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let announced = answer.content_length();
    if announced.is_some_and(|length| length > meta.max_body) {
        return Err(Error::BodyTooLarge { host, limit: meta.max_body });
    }
    let counters = shared.counters.clone();
    let raw = answer.bytes_stream().map(move |chunk| match chunk {
        Ok(chunk) => {
            Counters::add(&counters.received_bytes, chunk.len() as u64);
            Ok(chunk)
        }
        Err(error) => Err(error.without_url().into()),
    });
    let coding = if meta.decode { Coding::take(&mut headers) } else { None };
    let stream = match coding {
        Some(coding) => coding.decode(raw),
        None => raw.boxed(),
    };
    let body = limited(stream, host, meta);
    Ok(Response { status, headers, url: request.url, body, timing: Timing::default(), generation: None })
}

fn prepare(headers: &mut HeaderMap, user_agent: &str) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    if !headers.contains_key(USER_AGENT)
        && let Ok(value) = HeaderValue::from_str(user_agent)
    {
        headers.insert(USER_AGENT, value);
    }
}

struct Reading {
    stream: BoxStream<'static, Chunk>,
    host: String,
    meta: Arc<Meta>,
    read: u64,
}

/// The body as the caller reads it: bounded in size and silence, ended by the call's token.
fn limited(stream: BoxStream<'static, Chunk>, host: String, meta: Arc<Meta>) -> BodyStream {
    let reading = Reading { stream, host, meta, read: 0 };
    stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        match reading.next().await {
            Ok(None) => None,
            Ok(Some(chunk)) => Some((Ok(chunk), Some(reading))),
            // Nothing follows an error.
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let stall = self.meta.stall.min(Duration::from_secs(24 * 3600));
        let next = tokio::select! {
            biased;
            () = self.meta.cancel.cancelled() => return Err(Error::Canceled { sent: true }),
            next = tokio::time::timeout(stall, self.stream.next()) => next,
        };
        let host = || self.host.clone();
        match next {
            Err(_) => Err(Error::Timeout { host: host(), after: stall, sent: true }),
            Ok(None) => Ok(None),
            Ok(Some(Err(error))) => {
                let detail = "its body is damaged or was cut off".into();
                Err(Error::Protocol { host: host(), detail, source: Some(error) })
            }
            Ok(Some(Ok(chunk))) => {
                self.read += chunk.len() as u64;
                if self.read > self.meta.max_body {
                    return Err(Error::BodyTooLarge { host: host(), limit: self.meta.max_body });
                }
                Ok(Some(chunk))
            }
        }
    }
}
