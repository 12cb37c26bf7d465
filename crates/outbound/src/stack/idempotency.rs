//! Puts the call's idempotency key on the request.

use std::sync::Arc;

use http::HeaderValue;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Error, Response};

pub(super) async fn call(_: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    if let Some(key) = &call.meta.idempotency_key
        && !call.request.headers.contains_key(&call.meta.idempotency_header)
    {
        let value = HeaderValue::from_str(key)
            .map_err(|_| Error::InvalidRequest("the idempotency key is no header value".into()))?;
        call.request.headers.insert(call.meta.idempotency_header.clone(), value);
    }
    next.run(call).await
}
