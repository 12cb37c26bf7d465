//! Puts the connection's credentials on the request, and answers a service that asks for them its own way.

use std::sync::Arc;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use model::Name;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Error, Request, Response, Signable};

pub(super) async fn call(shared: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    let Some((connection, reach)) = call.connection.clone() else { return next.run(call).await };
    let plain = call.request.url.clone();
    if call.meta.signed {
        let mut response = next.run(call).await?;
        response.url = plain;
        return Ok(response);
    }
    let unsigned = reach.challenged.then(|| call.clone());
    shared.credentials.sign(call.meta.scope, &connection, signable(&mut call.request)).await?;
    same_origin(&connection, &plain, &call.request)?;
    let mut response = next.run(call).await?;
    if let Some(mut again) = unsigned
        && response.status == StatusCode::UNAUTHORIZED
        && response.headers.contains_key(WWW_AUTHENTICATE)
    {
        if !again.request.body.is_fresh() {
            let why = "has to answer a challenge, which takes a body that can be sent twice: files cannot";
            return Err(Error::connection(&connection, why));
        }
        let scope = again.meta.scope;
        let request = signable(&mut again.request);
        if shared.credentials.answer(scope, &connection, &response.headers, request).await? {
            same_origin(&connection, &plain, &again.request)?;
            response = next.run(again).await?;
        }
    }
    // A secret in the query must not come back to the caller.
    response.url = plain;
    Ok(response)
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
