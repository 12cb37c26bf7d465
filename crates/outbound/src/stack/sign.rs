//! Puts the connection's credentials on the request, and answers a service that asks for them its own way.

use std::sync::Arc;
use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};
use model::Name;

use super::{Call, Next};
use crate::credentials::Refusal;
use crate::handle::Shared;
use crate::{Error, LaterReason, Reach, Request, Response, Signable};

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
    let shown = (reach.refusal == Refusal::Renewed).then(|| call.request.headers.clone());
    let mut response = next.run(call).await?;
    if let Some(again) = unsigned
        && response.status == StatusCode::UNAUTHORIZED
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
    (connection, reach, shown): (&Name, &Reach, Option<HeaderMap>),
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
            if !shared.credentials.renew(scope, connection, &shown.unwrap_or_default()).await? {
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

fn signable(request: &mut Request) -> Signable<'_> {
    Signable { method: &request.method, url: &mut request.url, headers: &mut request.headers, body: &mut request.body }
}

fn same_origin(connection: &Name, plain: &url::Url, request: &Request) -> Result<(), Error> {
    if request.url.origin() == plain.origin() {
        return Ok(());
    }
    Err(Error::connection(connection, "signs requests for another host than the one that is called"))
}
