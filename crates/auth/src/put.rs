//! Where a request shows an account: in its path, its query, its headers, its body.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Map, Value};
use outbound::Body;
use url::Url;

/// Puts secrets into the path of a request: where it names them, else before it.
pub(crate) fn path(
    url: &mut Url,
    prefix: Option<&str>,
    parts: &BTreeSet<String>,
    whole: &dyn Fn(&str) -> Result<String, String>,
) -> Result<(), String> {
    let mut path = url.path().to_owned();
    let mut named = false;
    for name in parts {
        let place = format!("%7Bsecret.{name}%7D");
        if path.contains(&place) {
            named = true;
            path = path.replace(&place, &whole(&format!("{{{name}}}"))?);
        }
    }
    match prefix {
        _ if named => url.set_path(&path),
        Some(prefix) => url.set_path(&format!("{}{path}", whole(prefix)?)),
        None => {}
    }
    Ok(())
}

/// A secret with the text that stands before it.
pub(crate) fn prefixed(prefix: &str, secret: &str) -> String {
    let between = if prefix.is_empty() || prefix.ends_with([' ', '=']) { "" } else { " " };
    format!("{prefix}{between}{secret}")
}

/// Puts a secret into a header.
pub(crate) fn header(headers: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), String> {
    let name = HeaderName::try_from(name).map_err(|_| format!("names a header `{name}` that cannot be sent"))?;
    let mut value = HeaderValue::from_bytes(value)
        .map_err(|_| format!("has a value for `{name}` that cannot be sent in a header"))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// Puts a secret into a query parameter, in the place of one of that name.
pub(crate) fn query(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(key, _)| key != name).map(|(key, value)| (key.into(), value.into())).collect();
    // Rewriting the others would change their escaping, so they are touched only when the name is taken.
    if others.len() != url.query_pairs().count() {
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    url.query_pairs_mut().append_pair(name, value);
}

/// Adds fields to a body that has fields.
pub(crate) fn body(into: &mut Body, headers: &mut HeaderMap, fields: Map) -> Result<(), String> {
    if fields.is_empty() {
        return Ok(());
    }
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let bytes = match into {
        Body::Empty => &b"{}"[..],
        Body::Bytes(bytes) => bytes,
        Body::Stream(_) => &[],
    };
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let mut form = url::form_urlencoded::Serializer::new(String::from_utf8_lossy(bytes).into_owned());
        for (name, value) in &fields {
            form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
        }
        *into = form.finish().into();
        return Ok(());
    }
    let Ok(Value::Object(mut whole)) = serde_json::from_slice(bytes) else {
        return Err("puts fields into the body, which must be a JSON object or a form then".into());
    };
    whole.extend(fields);
    *into = Value::Object(whole).to_string().into();
    headers.entry(http::header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Ok(())
}

/// Puts cookies (`name=value; …`) beside those that the request has.
pub(crate) fn cookies(headers: &mut HeaderMap, cookies: &str) -> Result<(), String> {
    let before = headers.get(http::header::COOKIE).and_then(|value| value.to_str().ok());
    let all = match before {
        Some(before) if !before.is_empty() => format!("{before}; {cookies}"),
        _ => cookies.to_owned(),
    };
    header(headers, "cookie", all.as_bytes())
}
