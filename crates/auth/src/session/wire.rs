//! What goes over the network: the requests that log in and out, and what the answers mean. Pure.

use http::header::{ACCEPT, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use model::{Map, Value};
use outbound::{Body, Request};

use super::{Exchange, Session, TokenPlace};
use crate::oauth::wire::{Fault, Tokens, at, number, shown};
use crate::oauth::{address, fill};
use crate::put;
use crate::secrets::Secrets;

/// Longest session, in bytes: more than this no server takes in a header.
const LONGEST: usize = 16 << 10;

/// A request about sessions, with the account in it. The error is the end of the sentence "connection … ".
pub(crate) fn request(
    exchange: &Exchange,
    session: &Session,
    settings: &Map,
    secrets: &Secrets,
    private: bool,
) -> Result<Request, String> {
    let url = address(&fill(&exchange.url, settings)?, private)?;
    let method = Method::from_bytes(exchange.method.as_bytes())
        .map_err(|_| format!("logs in by `{}`, which is no method", exchange.method))?;
    let mut known = settings.clone();
    if !session.username.is_empty() {
        known.insert("username".into(), session.username.clone().into());
    }
    for field in session.secret_fields() {
        known.insert(format!("secret.{field}"), secrets.text(&field)?.into());
    }
    let mut request = Request::new(method, url);
    if let Some(json) = &exchange.json {
        request.body = Body::from(filled(json, &known)?.to_string());
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    } else if !exchange.form.is_empty() {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, text) in &exchange.form {
            form.append_pair(name, &fill(text, &known)?);
        }
        request.body = Body::from(form.finish());
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
    if exchange.basic {
        let pair =
            data_encoding::BASE64.encode(format!("{}:{}", session.username, secrets.text("password")?).as_bytes());
        put::header(&mut request.headers, "authorization", format!("Basic {pair}").as_bytes())?;
    }
    for (name, text) in &exchange.headers {
        put::header(&mut request.headers, name, fill(text, &known)?.as_bytes())?;
    }
    Ok(request)
}

/// The secrets in all the ways in which a login spells them: none of it may be repeated in words. The longest is first.
pub(crate) fn spellings(session: &Session, secrets: &Secrets) -> Vec<String> {
    let mut all = Vec::new();
    for secret in secrets.texts() {
        let json = Value::from(secret).to_string();
        all.push(json.trim_matches('"').to_owned());
        all.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
        all.push(data_encoding::BASE64.encode(format!("{}:{secret}", session.username).as_bytes()));
        all.push(secret.to_owned());
    }
    all.sort_by_key(|text| std::cmp::Reverse(text.len()));
    all.dedup();
    all
}

fn filled(value: &Value, known: &Map) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, known)?),
        Value::Array(list) => Value::Array(list.iter().map(|value| filled(value, known)).collect::<Result<_, _>>()?),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), filled(value, known)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// What a session was got with, in few bytes: another user, another password or another address is another login, and
/// a session of the one before is not shown for it.
pub(crate) fn origin(request: &Request, token: &TokenPlace) -> String {
    let mut text = format!("{} {} {token:?}\n", request.method, request.url).into_bytes();
    for (name, value) in &request.headers {
        text.extend([name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"].concat());
    }
    text.extend_from_slice(request.body.bytes().map_or(&[][..], |bytes| bytes));
    data_encoding::HEXLOWER.encode(&store::digest(&text).0[..16])
}

/// What a service has answered to a login. `hide`: what must not be repeated in words. `now` in milliseconds.
pub(crate) fn read(
    session: &Session,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    hide: &[&str],
    now: i64,
) -> Result<Tokens, Fault> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    // Pages with forms answer a login by sending the browser on.
    let found = (200..400).contains(&status).then(|| found(session, headers, &answer, body)).flatten();
    let Some(access) = found.filter(|text| !text.is_empty() && text.len() <= LONGEST) else {
        return Err(fault(status, &answer, hide));
    };
    let said = session.expires.as_deref().and_then(|path| seconds_left(at(&answer, path)?, now));
    let usual = session.lifetime.and_then(|lifetime| i64::try_from(lifetime.0.as_secs().max(1)).ok());
    Ok(Tokens {
        access,
        refresh: None,
        lifetime: said.or(usual),
        refresh_lifetime: None,
        scopes: None,
        kept: Map::new(),
    })
}

fn found(session: &Session, headers: &HeaderMap, answer: &Value, body: &[u8]) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match &session.token {
        TokenPlace::Body { path } if path.is_empty() => {
            text(answer).or_else(|| Some(std::str::from_utf8(body).ok()?.trim().to_owned()))
        }
        TokenPlace::Body { path } => text(at(answer, path)?),
        TokenPlace::Header { name } => Some(headers.get(name)?.to_str().ok()?.trim().to_owned()),
        TokenPlace::Cookies { names } => {
            let set = cookies(headers);
            let value = |name: &String| set.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
            match (&names[..], &session.send) {
                ([name], super::Showing::Header { .. } | super::Showing::Query { .. }) => {
                    value(name).map(str::to_owned)
                }
                ([], _) => Some(joined(set.iter().map(|(name, value)| (name.as_str(), value.as_str())))),
                (names, _) => {
                    let all: Option<Vec<_>> = names.iter().map(|name| Some((name.as_str(), value(name)?))).collect();
                    all.map(|all| joined(all.into_iter()))
                }
            }
        }
    }
}

/// Cookies that an answer sets; a later one of the same name counts. One that is taken away has no value.
fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut set: Vec<(String, String)> = Vec::new();
    for header in headers.get_all(SET_COOKIE).iter().filter_map(|header| header.to_str().ok()) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
        let is_gone = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
        set.retain(|(own, _)| own != name.trim());
        if !is_gone && !value.is_empty() {
            set.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    set
}

fn joined<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}

/// Seconds until a moment that a service tells in one of the usual ways.
fn seconds_left(value: &Value, now: i64) -> Option<i64> {
    let left = match (number(value), value.as_str()) {
        // Later than 2001 in milliseconds, and in seconds; what is less is a time from now.
        (Some(millis @ 1_000_000_000_000..), _) => (millis - now) / 1000,
        (Some(seconds @ 1_000_000_000..), _) => seconds - now / 1000,
        (Some(seconds), _) => seconds,
        (None, Some(text)) => text.parse::<jiff::Timestamp>().ok()?.as_second() - now / 1000,
        _ => return None,
    };
    Some(left.max(1))
}

/// Why there is no session. An answer that may mean a wrong password counts as one: services lock accounts that are
/// tried with it again and again.
fn fault(status: u16, answer: &Value, hide: &[&str]) -> Fault {
    let said = said(answer).map(|said| format!(": {said}")).unwrap_or_default();
    let words = shown(&format!("the login is answered with {status} and no session{said}"), hide);
    if matches!(status, 408 | 425 | 429 | 500..) {
        return Fault::Unavailable(words);
    }
    Fault::Refused { error: "login_refused".into(), words }
}

/// What the service says in words, where services usually say it.
fn said(answer: &Value) -> Option<&str> {
    const PLACES: [&str; 9] = [
        "error_description",
        "message",
        "error.message",
        "error",
        "errors.0.message",
        "errors.0",
        "errors.password",
        "detail",
        "reason",
    ];
    PLACES.iter().find_map(|path| at(answer, path)?.as_str().filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(more: Value) -> Session {
        let mut spec = json!({
            "username": "ann",
            "login": { "url": "{server}/login",
                "json": { "user": "{username}", "password": "{secret.password}", "keep": true, "in": ["{realm}"] } },
            "token": { "from": "body", "path": "data.id" },
            "send": { "as": "header", "name": "x-session" },
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn secrets(password: &str) -> Secrets {
        Secrets([("password".to_owned(), password.as_bytes().to_vec())].into())
    }

    fn asked(session: &Session, secrets: &Secrets) -> Result<Request, String> {
        let settings = json!({ "server": "https://x.example", "realm": "r" });
        request(&session.login, session, settings.as_object().unwrap(), secrets, false)
    }

    #[test]
    fn a_login_is_filled_with_settings_user_and_secrets() {
        let text = |request: &Request| String::from_utf8(request.body.bytes().unwrap().to_vec()).unwrap();
        let json = asked(&spec(json!({})), &secrets("p\"{username}")).unwrap();
        assert_eq!(json.url.as_str(), "https://x.example/login");
        assert_eq!(text(&json), r#"{"user":"ann","password":"p\"{username}","keep":true,"in":["r"]}"#);
        let form =
            spec(json!({ "login": { "url": "{server}/login", "form": { "p": "{secret.password}", "u": "{username}" },
            "headers": { "x-realm": "{realm}" } } }));
        let form = asked(&form, &secrets("a&b")).unwrap();
        assert_eq!((text(&form).as_str(), form.headers["x-realm"].to_str().unwrap()), ("p=a%26b&u=ann", "r"));
        let basic =
            asked(&spec(json!({ "login": { "url": "{server}/login", "basic": true } })), &secrets("pw")).unwrap();
        assert_eq!(basic.headers["authorization"], "Basic YW5uOnB3");
        assert!(basic.headers["authorization"].is_sensitive());
        let none = asked(&spec(json!({})), &Secrets::default()).unwrap_err();
        assert!(none.contains("`password`"), "{none}");
    }

    #[test]
    fn a_secret_is_hidden_in_every_spelling() {
        let spellings = spellings(&spec(json!({})), &secrets("p\"& w"));
        for spelling in ["p\"& w", "p\\\"& w", "p%22%26+w", "YW5uOnAiJiB3"] {
            assert!(spellings.iter().any(|known| known == spelling), "{spelling}: {spellings:?}");
        }
    }

    #[test]
    fn another_account_is_another_origin() {
        let origin = |more: Value, password: &str| {
            let session = spec(more);
            super::origin(&asked(&session, &secrets(password)).unwrap(), &session.token)
        };
        let own = origin(json!({}), "pw");
        assert_eq!(own, origin(json!({ "lifetime": "1h" }), "pw"));
        assert_ne!(own, origin(json!({}), "pw2"));
        assert_ne!(own, origin(json!({ "username": "bob" }), "pw"));
        assert_ne!(own, origin(json!({ "token": { "from": "body", "path": "id" } }), "pw"));
    }

    #[test]
    fn sessions_are_found_where_services_put_them() {
        let read = |more: Value, headers: &[(&str, &str)], body: &str| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
            super::read(&spec(more), 200, &map, body.as_bytes(), &[], 1_700_000_000_000)
        };
        let access =
            |more, headers: &[(&str, &str)], body: &str| read(more, headers, body).map(|tokens| tokens.access).ok();
        assert_eq!(access(json!({}), &[], r#"{"data":{"id":"s1"}}"#).as_deref(), Some("s1"));
        assert_eq!(access(json!({}), &[], r#"{"data":{}}"#), None);
        let whole = json!({ "token": { "from": "body" } });
        assert_eq!(access(whole.clone(), &[], "\"quoted\"").as_deref(), Some("quoted"));
        assert_eq!(access(whole.clone(), &[], " plain\n").as_deref(), Some("plain"));
        assert_eq!(access(whole, &[], ""), None);
        let header = json!({ "token": { "from": "header", "name": "X-Auth" } });
        assert_eq!(access(header, &[("x-auth", "s2")], "").as_deref(), Some("s2"));
        let set = [
            ("set-cookie", "sid=old; Path=/"),
            ("set-cookie", "sid=a=b; Path=/; HttpOnly"),
            ("set-cookie", "csrf=c; Secure"),
            ("set-cookie", "gone=x; Max-Age=0"),
        ];
        let cookies =
            |names: Value| json!({ "token": { "from": "cookies", "names": names }, "send": { "as": "cookie" } });
        assert_eq!(access(cookies(json!([])), &set, "").as_deref(), Some("sid=a=b; csrf=c"));
        assert_eq!(access(cookies(json!(["sid"])), &set, "").as_deref(), Some("sid=a=b"));
        assert_eq!(access(cookies(json!(["sid", "gone"])), &set, ""), None);
        assert_eq!(access(cookies(json!([])), &[], ""), None);
        let one = json!({ "token": { "from": "cookies", "names": ["csrf"] } });
        assert_eq!(access(one, &set, "").as_deref(), Some("c"), "as a header it is shown without its name");
    }

    #[test]
    fn how_long_it_is_good_is_told_in_several_ways() {
        let life = |more: Value, until: Value| {
            let body = json!({ "data": { "id": "s", "until": until } }).to_string();
            let session = spec(more);
            super::read(&session, 201, &HeaderMap::new(), body.as_bytes(), &[], 1_700_000_000_000).unwrap().lifetime
        };
        let told = json!({ "expires": "data.until", "lifetime": "1h" });
        assert_eq!(life(told.clone(), json!(90)), Some(90));
        assert_eq!(life(told.clone(), json!("90")), Some(90));
        assert_eq!(life(told.clone(), json!(1_700_000_060)), Some(60));
        assert_eq!(life(told.clone(), json!(1_700_000_061_000_i64)), Some(61));
        assert_eq!(life(told.clone(), json!("2023-11-14T22:15:20Z")), Some(120));
        assert_eq!(life(told.clone(), json!("soon")), Some(3600));
        assert_eq!(life(told, json!(null)), Some(3600));
        assert_eq!(life(json!({}), json!(5)), None);
    }

    #[test]
    fn a_wrong_password_is_told_from_a_service_that_is_not_there() {
        let check = |status: u16, body: Value, refused: bool| {
            let fault =
                super::read(&spec(json!({})), status, &HeaderMap::new(), body.to_string().as_bytes(), &["hunter2"], 0);
            let fault = fault.unwrap_err();
            assert_eq!(matches!(fault, Fault::Refused { .. }), refused, "{status} {body}");
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
            format!("{fault:?}")
        };
        assert!(check(401, json!({ "message": "no user with password hunter2" }), true).contains("no user with"));
        assert!(check(400, json!({ "errors": { "password": "did not match" } }), true).contains("did not match"));
        check(200, json!({ "ok": false, "error": "hunter2 is wrong" }), true);
        check(302, json!(null), true);
        check(404, json!(null), true);
        check(429, json!({ "message": "slow down" }), false);
        check(503, json!({ "data": { "id": "s" } }), false);
    }
}
