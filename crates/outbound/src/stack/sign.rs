//! Puts the connection's credentials on the request.

use std::sync::Arc;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Error, Response, Signable};

pub(super) async fn call(shared: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    let Some((connection, _)) = call.connection.clone() else { return next.run(call).await };
    let plain = call.request.url.clone();
    let request = &mut call.request;
    let signable = Signable {
        method: &request.method,
        url: &mut request.url,
        headers: &mut request.headers,
        body: request.body.bytes(),
    };
    shared.credentials.sign(call.meta.scope, &connection, signable).await?;
    if call.request.url.origin() != plain.origin() {
        return Err(Error::connection(&connection, "signs requests for another host than the one that is called"));
    }
    let mut response = next.run(call).await?;
    // A secret in the query must not come back to the caller.
    response.url = plain;
    Ok(response)
}
