//! Puts the connection's credentials on the request, and answers a service that asks for them its own way.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use http::header::{CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use model::Name;
use url::Url;

use super::{Call, Next};
use crate::credentials::Refusal;
use crate::handle::Shared;
use crate::{Error, LaterReason, Reach, RefusalSign, Request, Response, ShownRequest, Signable};

/// How much of a body is looked at for a text that tells a refusal.
const LOOK: usize = 64 << 10;

pub(super) async fn call(shared: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    let Some((connection, reach)) = call.connection.clone() else { return next.run(call).await };
    let plain = call.request.url.clone();
    if call.meta.signed {
        let mut response = next.run(call).await?;
        response.url = plain;
        return Ok(response);
    }
    let unsigned = (reach.refusal != Refusal::Final).then(|| call.clone());
    shared.credentials.sign(call.meta.scope, &connection, signable(&mut call.request)).await?;
    same_origin(&connection, &plain, &call.request)?;
    let shown = (reach.refusal == Refusal::Renewed).then(|| (call.request.url.clone(), call.request.headers.clone()));
    let mut response = next.run(call).await?;
    if let Some(again) = unsigned
        && is_refusal(&reach, &mut response).await
        && let Some(answered) = answered(&shared, &next, (&connection, &reach, shown), again, &response.headers).await?
    {
        response = answered;
    }
    response.generation = Some(reach.generation);
    // A secret in the query must not come back to the caller.
    response.url = plain;
    Ok(response)
}

/// The answer to the same request, once more, shown in another way; none when there is no other.
async fn answered(
    shared: &Shared,
    next: &Next,
    (connection, reach, shown): (&Name, &Reach, Option<(Url, HeaderMap)>),
    mut again: Call,
    refused: &HeaderMap,
) -> Result<Option<Response>, Error> {
    let (scope, plain) = (again.meta.scope, again.request.url.clone());
    let is_fresh = again.request.body.is_fresh();
    match reach.refusal {
        Refusal::Challenged if refused.contains_key(WWW_AUTHENTICATE) => {
            if !is_fresh {
                let why = "has to answer a challenge, which takes a body that can be sent twice: files cannot";
                return Err(Error::connection(connection, why));
            }
            let request = signable(&mut again.request);
            if !shared.credentials.answer(scope, connection, refused, request).await? {
                return Ok(None);
            }
        }
        Refusal::Renewed => {
            let Some((url, headers)) = &shown else { return Ok(None) };
            if !shared.credentials.renew(scope, connection, ShownRequest { url, headers }).await? {
                return Ok(None);
            }
            if !is_fresh {
                // Only whoever made the body can make it again.
                let (host, after) = (again.host(), Duration::from_secs(1));
                return Err(Error::Later { host, after, reason: LaterReason::Renewal });
            }
            shared.credentials.sign(scope, connection, signable(&mut again.request)).await?;
        }
        Refusal::Challenged | Refusal::Final => return Ok(None),
    }
    same_origin(connection, &plain, &again.request)?;
    next.run(again).await.map(Some)
}

/// Whether an answer refuses what was shown.
async fn is_refusal(reach: &Reach, response: &mut Response) -> bool {
    if reach.refusal != Refusal::Renewed || reach.signs.is_empty() {
        return response.status == StatusCode::UNAUTHORIZED;
    }
    let header = |name| response.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let location = header(LOCATION).unwrap_or_default();
    let streams = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/event-stream"));
    let possible: Vec<&RefusalSign> = (reach.signs.iter())
        .filter(|sign| response.status == sign.status)
        .filter(|sign| sign.location.as_ref().is_none_or(|part| location.contains(part.as_str())))
        .collect();
    if possible.iter().any(|sign| sign.body.is_none()) {
        return true;
    }
    if possible.is_empty() || streams {
        return false;
    }
    let begin = begin(response).await;
    let begin = String::from_utf8_lossy(&begin);
    possible.iter().filter_map(|sign| sign.body.as_deref()).any(|part| begin.contains(part))
}

/// The beginning of a body, which the caller reads again.
async fn begin(response: &mut Response) -> Vec<u8> {
    let mut body = std::mem::replace(&mut response.body, stream::empty().boxed());
    let (mut read, mut begin) = (Vec::new(), Vec::new());
    while begin.len() < LOOK {
        let Some(chunk) = body.next().await else {
            // What has ended is not asked again.
            body = stream::empty().boxed();
            break;
        };
        let is_error = chunk.is_err();
        if let Ok(bytes) = &chunk {
            begin.extend_from_slice(bytes);
        }
        read.push(chunk);
        if is_error {
            break;
        }
    }
    response.body = stream::iter(read).chain(body).boxed();
    begin
}

fn signable(request: &mut Request) -> Signable<'_> {
    Signable { method: &request.method, url: &mut request.url, headers: &mut request.headers, body: &mut request.body }
}

fn same_origin(connection: &Name, plain: &Url, request: &Request) -> Result<(), Error> {
    if request.url.origin() == plain.origin() {
        return Ok(());
    }
    Err(Error::connection(connection, "signs requests for another host than the one that is called"))
}
