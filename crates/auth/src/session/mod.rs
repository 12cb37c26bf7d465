//! Accounts that log in by a request and show the session that they get.
//!
//! A session is a token like those of OAuth: it is got when it is first needed, kept sealed, and renewed once at a time
//! ([`crate::renewal`]). Start reading at [`Session`], what a connection says, then [`wire`], what goes over the network.

pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, Method};
use model::{Code, HumanDuration, Map, Problem, Problems, Value};
use outbound::{RefusalSign, ShownRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::connection::Connection;
use crate::oauth::{ACCESS, address, fill};
use crate::put;
use crate::secrets::Secrets;
use crate::source::Source;

/// How an account logs in. Texts in braces are settings of the connection (`{server}`), its user (`{username}`) or one of
/// its secrets (`{secret.password}`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    /// The user.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The request that logs in.
    pub login: Exchange,
    /// Where the session stands in its answer.
    pub token: TokenPlace,
    /// How the session is shown in calls.
    pub send: Showing,
    /// How long a session is good. Absent: until it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<HumanDuration>,
    /// Where the answer says how long it is good, as a path of dots: seconds from now, seconds or milliseconds since
    /// 1970, or a time such as `2027-03-01T12:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// How answers look that refuse a session. Absent: their status is 401.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusalSign>,
    /// The request that ends a session when the connection is disconnected. It shows the session as calls do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout: Option<Exchange>,
}

/// A request about sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// The method.
    #[serde(default = "post", skip_serializing_if = "is_post")]
    pub method: String,
    /// The address. Only settings stand in its braces.
    pub url: String,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// User and password go along as in RFC 7617. Secret: `password`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub basic: bool,
    /// The body, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The body, as fields of a form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<String, String>,
}

/// Where a session stands in the answer to a login.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "from", deny_unknown_fields)]
pub enum TokenPlace {
    /// In its body.
    Body {
        /// The place in JSON, as a path of dots. Absent: the whole body.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        path: String,
    },
    /// In a header.
    Header {
        /// Name of the header.
        name: String,
    },
    /// In cookies.
    Cookies {
        /// Their names; each has to be there. Absent: all that are set.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        names: Vec<String>,
    },
}

/// How a session is shown in calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "as", deny_unknown_fields)]
pub enum Showing {
    /// As a header.
    Header {
        /// Name of the header.
        name: String,
        /// Text before the session. A blank is put between them, unless the text ends with one or with `=`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
    },
    /// As a cookie, or as the cookies that it came as.
    Cookie {
        /// Name of the cookie, for a session that did not come as one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
    },
    /// As a query parameter.
    Query {
        /// Name of the parameter.
        name: String,
    },
}

/// Secrets that are no part of a login: the session itself, and those of TLS.
const OTHERS: [&str; 4] = ["accessToken", "refreshToken", "clientKey", "clientKeyPassphrase"];

fn post() -> String {
    "POST".into()
}

fn is_post(method: &str) -> bool {
    method == "POST"
}

impl Session {
    /// What can be judged without looking at anything else. Pointers are below the connection. `certified`: the account
    /// shows a certificate, so that it may do without secrets in its login.
    pub(crate) fn check(&self, settings: &Map, private: bool, certified: bool) -> Problems {
        let mut problems = Problems::default();
        let mut refuse = |field: &str, detail: String| {
            problems.push(Problem::new(Code::InvalidSpec, detail).at(format!("/auth/{field}")));
        };
        for (place, exchange) in [("login", Some(&self.login)), ("logout", self.logout.as_ref())] {
            for (field, detail) in exchange.map(|exchange| exchange.faults(settings, private)).unwrap_or_default() {
                refuse(&format!("{place}/{field}"), detail);
            }
        }
        let fields = self.secret_fields();
        if let Some(field) = fields.iter().find(|field| OTHERS.contains(&field.as_str())) {
            refuse("login", format!("`{field}` is no secret that an account logs in with"));
        }
        if fields.is_empty() && !certified {
            let detail = "a login shows a secret: name one as `{secret.password}`, and set its value as a secret";
            refuse("login", detail.into());
        }
        let cookie = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic() && !b"=;,\"".contains(&byte));
        match (&self.token, &self.send) {
            (TokenPlace::Header { name }, _) if HeaderName::try_from(name).is_err() => {
                refuse("token/name", format!("`{name}` is no name of a header"));
            }
            (TokenPlace::Cookies { names }, _) if names.iter().any(|name| name.is_empty() || !cookie(name)) => {
                refuse("token/names", "this is no name of a cookie".into());
            }
            (TokenPlace::Cookies { .. }, Showing::Cookie { name }) if !name.is_empty() => {
                refuse("send/name", "cookies are shown under the names that they came with".into());
            }
            (TokenPlace::Cookies { names }, Showing::Header { .. } | Showing::Query { .. }) if names.len() != 1 => {
                refuse("token/names", "what is shown otherwise than as cookies comes as one cookie".into());
            }
            (TokenPlace::Body { .. } | TokenPlace::Header { .. }, Showing::Cookie { name })
                if name.is_empty() || !cookie(name) =>
            {
                refuse("send/name", "a cookie needs a name".into());
            }
            _ => {}
        }
        match &self.send {
            Showing::Header { name, .. } if HeaderName::try_from(name).is_err() => {
                refuse("send/name", format!("`{name}` is no name of a header"));
            }
            Showing::Query { name } if name.is_empty() => {
                refuse("send/name", "a query parameter needs a name".into());
            }
            _ => {}
        }
        if self.lifetime.is_some_and(|lifetime| lifetime.0.is_zero()) {
            refuse("lifetime", "a session is good for some time".into());
        }
        for (index, sign) in self.refused.iter().enumerate() {
            if !(200..500).contains(&sign.status) || sign.status == 429 {
                let detail = "only an answer from 200 to 499, and not 429, can say that nothing was done because of the \
                              session";
                refuse(&format!("refused/{index}/status"), detail.into());
            }
        }
        problems
    }

    /// Secrets that a person sets: those that its requests name.
    pub fn secret_fields(&self) -> Vec<String> {
        let mut fields = BTreeSet::new();
        for exchange in [Some(&self.login), self.logout.as_ref()].into_iter().flatten() {
            if exchange.basic {
                fields.insert("password".to_owned());
            }
            exchange.texts(&mut |text| fields.extend(secrets_in(text).map(str::to_owned)));
        }
        fields.into_iter().collect()
    }

    /// Whether its login names a user.
    pub fn asks_for_user(&self) -> bool {
        let mut asks = self.login.basic;
        self.login.texts(&mut |text| asks |= text.contains("{username}"));
        asks
    }

    /// Where it logs in and out, as far as that is known.
    pub(crate) fn addresses(&self, settings: &Map) -> Vec<Url> {
        let all = [Some(&self.login), self.logout.as_ref()];
        all.into_iter().flatten().filter_map(|exchange| fill(&exchange.url, settings).ok()?.parse().ok()).collect()
    }

    /// Puts a session on a request.
    pub(crate) fn put(&self, session: &str, url: &mut Url, headers: &mut http::HeaderMap) -> Result<(), String> {
        match &self.send {
            Showing::Header { name, prefix } => put::header(headers, name, put::prefixed(prefix, session).as_bytes()),
            Showing::Cookie { name } if name.is_empty() => put::cookies(headers, session),
            Showing::Cookie { name } => put::cookies(headers, &format!("{name}={session}")),
            Showing::Query { name } => {
                put::query(url, name, session);
                Ok(())
            }
        }
    }

    /// Whether a request shows this session.
    pub(crate) fn shows(&self, session: &str, shown: ShownRequest<'_>) -> bool {
        let header = |name: &str| shown.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match &self.send {
            Showing::Header { name, prefix } => header(name) == put::prefixed(prefix, session),
            Showing::Cookie { name } if name.is_empty() => header("cookie").ends_with(session),
            Showing::Cookie { name } => header("cookie").ends_with(&format!("{name}={session}")),
            Showing::Query { name } => shown.url.query_pairs().any(|(key, value)| key == *name && value == session),
        }
    }
}

/// A session as it is kept, with what it was got with.
pub(crate) fn kept(origin: &str, session: &str) -> String {
    format!("{origin} {session}")
}

/// Takes a session apart from what it was got with; one that another user, password or address gave is dropped.
pub(crate) fn unpack(connection: &Connection, secrets: &mut Secrets) {
    let Some(Source::Login(session)) = connection.source() else { return };
    let own = secrets.optional(ACCESS).ok().flatten().and_then(|kept| {
        let Connection { settings, allow_private, .. } = connection;
        let request = wire::request(&session.login, session, settings, secrets, *allow_private).ok()?;
        let (origin, token) = kept.split_once(' ')?;
        (origin == wire::origin(&request, &session.token)).then(|| token.as_bytes().to_vec())
    });
    match own {
        Some(token) => secrets.0.insert(ACCESS.to_owned(), token),
        None => secrets.0.remove(ACCESS),
    };
}

impl Exchange {
    fn faults(&self, settings: &Map, private: bool) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if Method::from_bytes(self.method.as_bytes()).is_err() || self.method.is_empty() {
            faults.push(("method".to_owned(), format!("`{}` is no method", self.method)));
        }
        if self.url.contains("{secret.") || self.url.contains("{username}") {
            faults.push(("url".to_owned(), "addresses are written down on the way, so no secret belongs there".into()));
        } else if let Ok(url) = fill(&self.url, settings)
            && let Err(why) = address(&url, private)
        {
            // One that lacks a setting becomes complete when that is set.
            faults.push(("url".to_owned(), why));
        }
        for name in self.headers.keys().filter(|name| HeaderName::try_from(name.as_str()).is_err()) {
            let pointer = format!("headers/{}", model::problem::pointer_step(name));
            faults.push((pointer, format!("`{name}` is no name of a header")));
        }
        if self.json.is_some() && !self.form.is_empty() {
            faults.push(("form".to_owned(), "a request has one body: `json` or `form`".into()));
        }
        faults
    }

    /// All texts in which braces are filled with secrets.
    fn texts(&self, see: &mut dyn FnMut(&str)) {
        self.headers.values().chain(self.form.values()).for_each(|text| see(text));
        if let Some(json) = &self.json {
            texts_of(json, see);
        }
    }
}

fn texts_of(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(list) => list.iter().for_each(|value| texts_of(value, see)),
        Value::Object(fields) => fields.values().for_each(|value| texts_of(value, see)),
        _ => {}
    }
}

/// Names of the secrets that a text has in braces.
fn secrets_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("{secret.").skip(1).filter_map(|after| Some(after.split_once('}')?.0)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(more: Value) -> Session {
        let mut spec = json!({
            "username": "ann",
            "login": { "url": "https://x.example/login",
                "json": { "user": "{username}", "more": ["{secret.password}", "{secret.pin}-{secret.password}"] } },
            "token": { "from": "body", "path": "id" },
            "send": { "as": "header", "name": "x-session" },
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn its_secrets_are_those_that_its_requests_name() {
        assert_eq!(spec(json!({})).secret_fields(), ["password", "pin"]);
        let basic = spec(json!({ "login": { "url": "https://x.example/login", "basic": true },
            "logout": { "method": "DELETE", "url": "https://x.example/login", "headers": { "x-app": "{secret.app}" } } }));
        assert_eq!(basic.secret_fields(), ["app", "password"]);
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_place() {
        let places = |more: Value| -> Vec<String> {
            let problems = spec(more).check(&Map::new(), false, false).0;
            problems.into_iter().filter_map(|problem| problem.pointer).collect()
        };
        assert!(places(json!({})).is_empty());
        let login = |more: Value| {
            let mut login = json!({ "url": "https://x.example/login", "form": { "p": "{secret.password}" } });
            login.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            places(json!({ "login": login }))
        };
        assert_eq!(login(json!({ "url": "http://x.example/login" })), ["/auth/login/url"]);
        assert!(login(json!({ "url": "{server}/login" })).is_empty(), "a setting may come later");
        assert_eq!(login(json!({ "url": "https://x.example/?p={secret.password}" })), ["/auth/login/url"]);
        assert_eq!(login(json!({ "json": {} })), ["/auth/login/form"]);
        assert_eq!(login(json!({ "method": "a b", "headers": { "a b": "" } })).len(), 2);
        assert_eq!(login(json!({ "form": { "p": "hunter2" } })), ["/auth/login"], "a password in the spec");
        assert_eq!(login(json!({ "form": { "p": "{secret.accessToken}" } })), ["/auth/login"]);
        assert_eq!(places(json!({ "send": { "as": "cookie" } })), ["/auth/send/name"]);
        let cookies = json!({ "from": "cookies", "names": ["a", "b"] });
        assert_eq!(places(json!({ "token": cookies })), ["/auth/token/names"]);
        assert!(places(json!({ "token": cookies, "send": { "as": "cookie" } })).is_empty());
        assert_eq!(places(json!({ "refused": [{ "status": 401 }, { "status": 500 }] })), ["/auth/refused/1/status"]);
        assert_eq!(places(json!({ "lifetime": "0s" })), ["/auth/lifetime"]);
    }

    #[test]
    fn a_session_is_shown_as_the_service_wants_it_and_known_again() {
        let shown = |more: Value, session: &str| {
            let session_spec = spec(more);
            let mut url = Url::parse("https://x.example/a?b=1").unwrap();
            let mut headers = http::HeaderMap::new();
            headers.insert("cookie", "own=1".parse().unwrap());
            session_spec.put(session, &mut url, &mut headers).unwrap();
            assert!(session_spec.shows(session, ShownRequest { url: &url, headers: &headers }));
            assert!(!session_spec.shows("another", ShownRequest { url: &url, headers: &headers }));
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            (url.query().unwrap().to_owned(), header("cookie").unwrap(), header("x-session"))
        };
        let plain = |query: &str, cookie: &str, header: Option<&str>| {
            (query.to_owned(), cookie.to_owned(), header.map(str::to_owned))
        };
        assert_eq!(shown(json!({}), "s1"), plain("b=1", "own=1", Some("s1")));
        let prefixed = json!({ "send": { "as": "header", "name": "x-session", "prefix": "Session" } });
        assert_eq!(shown(prefixed, "s1"), plain("b=1", "own=1", Some("Session s1")));
        assert_eq!(
            shown(json!({ "send": { "as": "cookie", "name": "sid" } }), "s1"),
            plain("b=1", "own=1; sid=s1", None)
        );
        assert_eq!(shown(json!({ "send": { "as": "cookie" } }), "a=1; b=2"), plain("b=1", "own=1; a=1; b=2", None));
        assert_eq!(
            shown(json!({ "send": { "as": "query", "name": "t" } }), "s&1"),
            plain("b=1&t=s%261", "own=1", None)
        );
    }
}
