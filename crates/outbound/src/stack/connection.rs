//! Looks the connection up and refuses a host that it does not name.

use std::sync::Arc;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Error, Response};

pub(super) async fn call(shared: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    if let Some(connection) = call.meta.connection.clone() {
        let reach = shared.credentials.reach(call.meta.scope, &connection).await?;
        if !reach.names(&call.request.url) {
            return Err(Error::HostNotAllowed { connection, host: call.host() });
        }
        call.connection = Some((connection, reach));
    }
    next.run(call).await
}
