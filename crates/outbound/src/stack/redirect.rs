//! Follows redirects, each as a call of its own to the layers below.

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION};
use http::{Method, StatusCode};
use url::Url;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Body, Error, Response};

pub(super) async fn call(_: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    let mut followed = 0;
    loop {
        let mut response = next.run(call.clone()).await?;
        response.timing.redirects = followed;
        let Some(target) = target(&call.request.url, &response) else { return Ok(response) };
        if call.meta.follow_redirects == 0 {
            return Ok(response);
        }
        let fault = |detail: String| Error::Protocol { host: call.host(), detail, source: None };
        if followed >= u32::from(call.meta.follow_redirects) {
            return Err(fault(format!("more than {followed} redirects")));
        }
        followed += 1;
        let target = target.map_err(|detail| fault(detail.to_owned()))?;
        if rewrites(response.status, &call.request.method) {
            call.request.method = Method::GET;
            call.request.body = Body::Empty;
            call.request.headers.remove(http::header::CONTENT_TYPE);
            call.request.headers.remove(http::header::CONTENT_ENCODING);
        } else if !call.request.body.is_fresh() {
            return Err(fault("it redirects a body that was streamed and cannot be sent again".into()));
        }
        move_to(&mut call, target);
    }
}

/// Where a response points to: nowhere, somewhere, or somewhere that cannot be called.
fn target(base: &Url, response: &Response) -> Option<Result<Url, &'static str>> {
    let follows = matches!(
        response.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers.get(LOCATION).filter(|_| follows)?;
    let Some(mut url) = location.to_str().ok().and_then(|text| base.join(text).ok()) else {
        return Some(Err("it redirects to what is no address"));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(Err("it redirects to what is no HTTP address"));
    }
    // A server must not choose whose credentials are sent.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return Some(Err("it redirects to what is no HTTP address"));
    }
    if url.fragment().is_none() {
        url.set_fragment(base.fragment());
    }
    Some(Ok(url))
}

/// Whether the next request is a `GET` without body, as every browser and client does it.
fn rewrites(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD && *method != Method::GET,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}

/// Goes on to another address. Credentials go along to the same origin, or to a host that the connection names and
/// not from `https` down to `http`.
fn move_to(call: &mut Call, target: Url) {
    let origin = &call.request.url;
    let same = origin.origin() == target.origin();
    let downgrade = origin.scheme() == "https" && target.scheme() == "http";
    let named = call.connection.as_ref().is_some_and(|(_, reach)| reach.names(&target)) && !downgrade;
    if !named {
        call.connection = None;
    }
    if !same && !named {
        let secret: Vec<_> = (call.request.headers.iter())
            .filter(|(name, value)| value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in secret {
            call.request.headers.remove(name);
        }
    }
    // A `Host` that the caller chose was meant for the first address.
    if !same {
        call.request.headers.remove(http::header::HOST);
    }
    call.request.url = target;
}
