//! The web app, out of the binary.
//!
//! Its files have their content in their names, so browsers keep them for ever; the page that names them is asked for
//! anew each time. Every address that a browser navigates to and that is no file shows the app, which knows its own
//! places. What goes over the network was compressed when the app was built.

use axum::body::Body;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` makes; empty when nobody has run it.
#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[exclude = ".vite/*"]
#[allow_missing = true]
struct Files;

/// Nothing but what comes from this server, no scripts in pages, nobody's frame. The canvas of the editor sets styles
/// on elements.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

/// The same for the portal, which customers see inside pages of others. It acts only on a pass, which the page around it
/// must have, and never on a cookie.
const PORTAL_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors *",
);

/// What is shown when the app was not built.
const MISSING: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Fishplate</title>\
    <h1>Fishplate works, but this binary has no web app</h1>\
    <p>It was compiled without <code>ui/dist</code>. Build both with <code>make run</code>, or run \
    <code>npm ci &amp;&amp; npm run build</code> in <code>ui/</code> and compile again.</p>\
    <p>The API is at <a href=/api/v1/openapi.json>/api/v1</a>, and the command line has everything: \
    <code>fishplate --help</code>.</p>";

/// The answer, if the request is for the app.
pub fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let others = path.starts_with("/api/") || path.starts_with("/oauth/");
    if others || !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let name = path.trim_start_matches('/');
    // The compressed copies are variants, and no files of their own.
    if !name.is_empty() && !name.ends_with(".br") && !name.ends_with(".gz") && Files::get(name).is_some() {
        return Some(file(name, method, headers));
    }
    let navigates = headers.get_all(ACCEPT).iter().any(|kinds| contains(kinds, "text/html"));
    if !navigates {
        return None;
    }
    if Files::get("index.html").is_none() {
        let mut page = Response::new(Body::from(MISSING));
        protect(page.headers_mut());
        page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        return Some(page);
    }
    let mut page = file("index.html", method, headers);
    if path == "/portal" {
        page.headers_mut().insert(CONTENT_SECURITY_POLICY, PORTAL_POLICY);
    }
    Some(page)
}

fn contains(value: &HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|text| text.contains(word))
}

/// A file of the app, in the smallest form that the browser takes.
fn file(name: &str, method: &Method, headers: &HeaderMap) -> Response<Body> {
    let accepts = |coding: &str| {
        let named = |part: &str| {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            name.trim() == coding && weight.trim() != "q=0"
        };
        let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(named)
    };
    let variant = |ending: &str, coding: &'static str| {
        let found = if accepts(coding) { Files::get(&format!("{name}.{ending}")) } else { None };
        found.map(|file| (file, Some(coding)))
    };
    let Some((found, coding)) =
        variant("br", "br").or_else(|| variant("gz", "gzip")).or_else(|| Files::get(name).map(|file| (file, None)))
    else {
        return status(StatusCode::NOT_FOUND);
    };
    let tag = tag(&found);
    let unchanged = headers.get_all(IF_NONE_MATCH).iter().any(|known| *known == tag);
    let mut response = if unchanged {
        status(StatusCode::NOT_MODIFIED)
    } else if method == Method::HEAD {
        Response::new(Body::empty())
    } else {
        Response::new(Body::from(found.data))
    };
    let sent = response.headers_mut();
    protect(sent);
    sent.insert(ETAG, tag);
    sent.insert(VARY, HeaderValue::from_static("accept-encoding"));
    // Vite puts what has its content in its name into this folder.
    let keep = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    sent.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    sent.insert(CONTENT_TYPE, HeaderValue::from_static(kind(name)));
    if let Some(coding) = coding {
        sent.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn tag(file: &EmbeddedFile) -> HeaderValue {
    let hash = file.metadata.sha256_hash();
    let text: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"none\""))
}

/// Headers of everything that a browser shows.
fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_api_and_writes_are_not_the_apps() {
        let html = headers(&[(ACCEPT, "text/html")]);
        assert!(answer(&Method::GET, "/api/v1/runs", &html).is_none());
        assert!(answer(&Method::POST, "/", &html).is_none());
        assert!(answer(&Method::GET, "/anything", &headers(&[(ACCEPT, "application/json")])).is_none());
    }

    #[test]
    fn every_place_of_the_app_is_a_page_with_a_policy() {
        for place in ["/", "/runs/run_1?step=3", "/workflows/orders/edit"] {
            let html = headers(&[(ACCEPT, "text/html,application/xhtml+xml")]);
            let page = answer(&Method::GET, place, &html).expect("a page");
            assert_eq!(page.status(), StatusCode::OK);
            assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
            assert!(contains(&page.headers()[CONTENT_SECURITY_POLICY], "script-src 'self';"));
            assert_eq!(page.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }

    #[test]
    fn what_has_its_content_in_its_name_is_kept_and_compressed() {
        // Without a built app there is nothing to keep; the build of both is tested by the browser tests.
        let Some(script) = Files::iter().find(|name| name.starts_with("assets/") && name.ends_with(".js")) else {
            assert!(Files::get("index.html").is_none(), "an app without scripts");
            return;
        };
        let asked = headers(&[(ACCEPT_ENCODING, "gzip, deflate, br;q=0")]);
        let answered = answer(&Method::GET, &format!("/{script}"), &asked).expect("a file");
        assert_eq!(answered.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert!(answered.headers().get(CONTENT_ENCODING).is_none_or(|coding| coding == "gzip"));
        let tag = answered.headers()[ETAG].clone();
        let mut again = asked;
        again.insert(IF_NONE_MATCH, tag);
        let unchanged = answer(&Method::GET, &format!("/{script}"), &again).expect("a file");
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    }
}
