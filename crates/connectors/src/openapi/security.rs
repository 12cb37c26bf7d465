//! Ways to show an account, as a document declares them.

use std::collections::BTreeMap;

use model::{Map, Value};
use serde_json::json;

use super::names::identifier;
use super::servers::Base;
use super::{Document, Notes, sentence};

/// Most ways to show an account that are taken over.
const MOST: usize = 12;

/// What the operations of a document ask for.
pub struct Security<'a> {
    document: &'a Document,
    /// Schemes by name.
    declared: &'a Value,
    /// Requirements of the whole document.
    usual: &'a Value,
}

impl<'a> Security<'a> {
    /// Of a document.
    pub fn of(document: &'a Document) -> Security<'a> {
        let root = &document.root;
        let declared = if document.old { &root["securityDefinitions"] } else { &root["components"]["securitySchemes"] };
        Security { document, declared, usual: &root["security"] }
    }

    fn scheme(&self, name: &str) -> &'a Value {
        self.declared.get(name).map_or(&Value::Null, |scheme| self.document.resolve(scheme))
    }

    fn requirements(&self, spec: &'a Value) -> &'a [Value] {
        spec.get("security").unwrap_or(self.usual).as_array().map_or(&[], Vec::as_slice)
    }

    /// Scopes that an operation needs.
    pub fn scopes(&self, spec: &'a Value) -> Vec<String> {
        let mut scopes = Vec::new();
        for requirement in self.requirements(spec) {
            for (name, needed) in requirement.as_object().into_iter().flatten() {
                let oauth = self.scheme(name)["type"] == "oauth2";
                let needed = needed.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|_| oauth);
                needed.for_each(|scope| {
                    if !scopes.iter().any(|known| known == scope) {
                        scopes.push(scope.to_owned());
                    }
                });
            }
        }
        scopes
    }

    /// Whether an account is shown in a header or cookie of this name (in small letters), so that it is no parameter.
    pub fn shows(&self, place: &str, name: &str) -> bool {
        self.declared.as_object().into_iter().flatten().any(|(_, scheme)| {
            let scheme = self.document.resolve(scheme);
            match scheme["type"].as_str() {
                Some("apiKey") => {
                    scheme["in"] == place && scheme["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name))
                }
                Some(_) => place == "header" && name == "authorization",
                None => false,
            }
        })
    }

    /// The manifest's `auth`: what most operations ask for first, and several keys at once as one account.
    pub fn accounts(&self, title: &str, base: &Base, header: Option<&str>, notes: &mut Notes) -> Map {
        let mut counts: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
        for (_, methods) in self.document.root["paths"].as_object().into_iter().flatten() {
            for (_, spec) in super::methods(self.document.resolve(methods)) {
                for requirement in self.requirements(spec) {
                    let names: Vec<&str> =
                        requirement.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                    *counts.entry(names).or_default() += 1;
                }
            }
        }
        let mut asked: Vec<(Vec<&str>, usize)> = counts.into_iter().filter(|(names, _)| !names.is_empty()).collect();
        asked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut wanted: Vec<Vec<&str>> = asked.into_iter().map(|(names, _)| names).collect();
        for (name, _) in self.declared.as_object().into_iter().flatten() {
            if !wanted.iter().any(|names| names.contains(&name.as_str())) {
                wanted.push(vec![name]);
            }
        }
        let mut auth = Map::new();
        for names in wanted.into_iter().take(MOST) {
            let made = match names.as_slice() {
                [name] => self.one(name, title, base, notes),
                several => self.together(several, title, notes),
            };
            if let Some(made) = made.filter(|made| !auth.values().any(|known| known == made)) {
                auth.insert(identifier(&names.join("-")), made);
            }
        }
        if auth.is_empty() {
            let help = format!("Make one in the settings of {title}.");
            match header {
                Some(name) => drop(auth.insert("key".into(), json!({ "type": "header", "title": name, "help": help, "name": name }))),
                None => notes.add("the document does not say how an account is shown, so none is asked for; if the service wants one, write it at `auth`", None),
            }
        }
        auth
    }

    fn one(&self, name: &str, title: &str, base: &Base, notes: &mut Notes) -> Option<Value> {
        let scheme = self.scheme(name);
        let about = scheme["description"].as_str().unwrap_or_default();
        let help = sentence(Some(about), &format!("Make one in the settings of {title}."));
        let label = |otherwise: &str| scheme["x-displayName"].as_str().unwrap_or(otherwise).to_owned();
        let wire = scheme["name"].as_str().unwrap_or_default();
        let bearer = || json!({ "type": "bearer", "title": label("Token"), "help": help });
        match (scheme["type"].as_str().unwrap_or_default(), scheme["in"].as_str().unwrap_or_default()) {
            ("basic", _) => Some(json!({ "type": "basic", "title": "User and password", "help": help })),
            ("http", _) => match scheme["scheme"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
                "basic" => Some(json!({ "type": "basic", "title": "User and password", "help": help })),
                "bearer" | "oauth" | "jwt" => Some(bearer()),
                "digest" => {
                    notes.add(format!("the account `{name}` is shown by digest, which a manifest cannot say: set `auth.type` of the connection to `digest`"), None);
                    Some(json!({ "type": "basic", "title": "User and password", "help": help }))
                }
                other => {
                    notes.add(format!("the account `{name}` is shown by `{other}`, which is taken as a prefix of the header `Authorization`"), None);
                    Some(
                        json!({ "type": "header", "title": label("Secret"), "help": help, "name": "Authorization", "prefix": other }),
                    )
                }
            },
            // Many documents know no better way to say that a word stands before the token.
            ("apiKey", "header") if wire.eq_ignore_ascii_case("authorization") && about.contains("Bearer") => {
                Some(bearer())
            }
            ("apiKey", "header") if !wire.is_empty() => {
                Some(json!({ "type": "header", "title": label("API key"), "help": help, "name": wire }))
            }
            ("apiKey", "query") if !wire.is_empty() => {
                Some(json!({ "type": "query", "title": label("API key"), "help": help, "name": wire }))
            }
            ("apiKey", "cookie") if !wire.is_empty() => Some(json!({
                "type": "custom", "title": label("Cookie"), "help": help, "secrets": { "value": wire },
                "headers": { "cookie": format!("{wire}={{value}}") },
            })),
            ("oauth2", _) => Some(self.oauth(name, scheme, title, &help, base, notes)),
            ("openIdConnect", _) => {
                let address = scheme["openIdConnectUrl"].as_str().unwrap_or_default();
                notes.add(format!("the account `{name}` is one of OpenID Connect ({address}): a token is put in by hand; for a sign-in, write `oauth2` with the addresses that stand there"), None);
                Some(bearer())
            }
            ("mutualTLS", _) => {
                notes.add(
                    format!("the account `{name}` is a certificate of the client's: give it to the connection (`tls`)"),
                    None,
                );
                None
            }
            _ => {
                notes
                    .add(format!("the way `{name}` of showing an account is not understood; write it at `auth`"), None);
                None
            }
        }
    }

    /// Several at once: keys and tokens, each with a secret of its own.
    fn together(&self, names: &[&str], title: &str, notes: &mut Notes) -> Option<Value> {
        let (mut secrets, mut headers, mut query) = (Map::new(), Map::new(), Map::new());
        for name in names {
            let scheme = self.scheme(name);
            let secret = identifier(name);
            let wire = scheme["name"].as_str().unwrap_or_default();
            let filled = Value::from(format!("{{{secret}}}"));
            let bearer = scheme["scheme"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("bearer"));
            match (scheme["type"].as_str().unwrap_or_default(), scheme["in"].as_str().unwrap_or_default()) {
                ("apiKey", "header") => drop(headers.insert(wire.to_owned(), filled)),
                ("apiKey", "query") => drop(query.insert(wire.to_owned(), filled)),
                ("apiKey", "cookie") => {
                    let before = headers.get("cookie").and_then(Value::as_str).map(|before| format!("{before}; "));
                    let cookie = format!("{}{wire}={{{secret}}}", before.unwrap_or_default());
                    headers.insert("cookie".into(), cookie.into());
                }
                ("http", _) if bearer => {
                    drop(headers.insert("Authorization".into(), format!("Bearer {{{secret}}}").into()))
                }
                ("oauth2" | "openIdConnect", _) => {
                    drop(headers.insert("Authorization".into(), format!("Bearer {{{secret}}}").into()))
                }
                _ => {
                    notes.add(
                        format!(
                            "the accounts {} are to be shown at once, which is not understood; write it at `auth`",
                            names.join(" and ")
                        ),
                        None,
                    );
                    return None;
                }
            }
            let shown = if wire.is_empty() { crate::schema::title(&secret) } else { wire.to_owned() };
            secrets.insert(secret, shown.into());
        }
        let mut made = json!({
            "type": "custom", "title": format!("Keys of {title}"), "help": format!("Make them in the settings of {title}."), "secrets": secrets,
        });
        for (key, map) in [("headers", headers), ("query", query)] {
            if !map.is_empty() {
                made[key] = map.into();
            }
        }
        Some(made)
    }

    fn oauth(&self, name: &str, scheme: &Value, title: &str, help: &str, base: &Base, notes: &mut Notes) -> Value {
        let flow = |name: &str, old: &str| match self.document.old {
            true => (scheme["flow"] == old).then_some(scheme),
            false => scheme["flows"].get(name),
        };
        let whole = |address: &Value| whole(address.as_str()?, &base.address);
        let made = |flow: &Value, kind: &str, authorize: Option<String>| {
            let token = whole(&flow["tokenUrl"])?;
            let mut made = json!({ "type": "oauth2", "title": format!("Sign in with {title}"), "help": help, "flow": kind, "tokenUrl": token });
            if let Some(authorize) = authorize {
                made["authorizeUrl"] = authorize.into();
            }
            Some(made)
        };
        let code = flow("authorizationCode", "accessCode");
        let code = code.and_then(|flow| made(flow, "authorizationCode", Some(whole(&flow["authorizationUrl"])?)));
        let own = || flow("clientCredentials", "application").and_then(|flow| made(flow, "clientCredentials", None));
        code.or_else(own).unwrap_or_else(|| {
            // The flows that are left hand a token to whoever asks in a browser, or want the person's password.
            notes.add(
                format!("the sign-in `{name}` has no flow that a server can do, so a token is put in by hand"),
                None,
            );
            json!({ "type": "bearer", "title": "Token", "help": help })
        })
    }
}

/// A whole address; one that is only a path is on the service's host.
fn whole(address: &str, base: &str) -> Option<String> {
    let address = address.trim();
    if address.starts_with("https://") || address.starts_with("http://") || address.starts_with('{') {
        return Some(address.to_owned()).filter(|address| !address.contains(char::is_whitespace));
    }
    let path = address.strip_prefix('/')?;
    let host = match base.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => base.split('/').next().unwrap_or_default().to_owned(),
    };
    Some(format!("{host}/{path}")).filter(|address| address.contains("://") || address.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(root: Value) -> (Value, Vec<String>) {
        let old = root.get("swagger").is_some();
        let document = Document { root, old, lost: Vec::new() };
        let mut notes = Notes::default();
        let base = Base { address: "https://api.shop.example/v1".into(), ..Base::default() };
        let auth = Security::of(&document).accounts("Shop", &base, None, &mut notes);
        (auth.into(), notes.lines())
    }

    #[test]
    fn what_most_operations_ask_for_is_offered_first() {
        let (auth, notes) = accounts(json!({
            "openapi": "3.1.0", "security": [{ "key": [], "app": [] }], "paths": { "/a": { "get": {} }, "/b": { "get": { "security": [{ "jar": [] }] } },
                "/c": { "get": {} } },
            "components": { "securitySchemes": {
                "jar": { "type": "apiKey", "in": "cookie", "name": "sid" },
                "key": { "type": "apiKey", "in": "header", "name": "X-Key" }, "app": { "type": "apiKey", "in": "query", "name": "app" },
                "tls": { "type": "mutualTLS" }, "sign": { "type": "oauth2", "flows": { "implicit": { "authorizationUrl": "/o", "scopes": {} } } },
            } },
        }));
        let names: Vec<&String> = auth.as_object().unwrap().keys().collect();
        assert_eq!(names, ["keyApp", "jar", "sign"]);
        assert_eq!(auth["keyApp"]["headers"], json!({ "X-Key": "{key}" }));
        assert_eq!(auth["keyApp"]["query"], json!({ "app": "{app}" }));
        assert_eq!(auth["jar"]["headers"], json!({ "cookie": "sid={value}" }));
        assert!(
            notes.iter().any(|note| note.contains("certificate")) && notes.iter().any(|note| note.contains("by hand"))
        );
    }

    #[test]
    fn addresses_of_a_sign_in_are_whole() {
        let flows = json!({ "authorizationCode": { "authorizationUrl": "/oauth/authorize", "tokenUrl": "oauth/token", "scopes": {} },
            "clientCredentials": { "tokenUrl": "/oauth/token", "scopes": {} } });
        let (auth, _) = accounts(
            json!({ "openapi": "3.0.0", "components": { "securitySchemes": { "o": { "type": "oauth2", "flows": flows } } } }),
        );
        // An address that leads nowhere is no address.
        assert_eq!(auth["o"]["flow"], "clientCredentials");
        assert_eq!(auth["o"]["tokenUrl"], "https://api.shop.example/oauth/token");
    }

    #[test]
    fn who_asks_for_nothing_gets_no_account() {
        let (auth, notes) = accounts(json!({ "openapi": "3.0.0" }));
        assert_eq!((auth, notes.len()), (json!({}), 1));
        let (auth, _) =
            accounts(json!({ "swagger": "2.0", "securityDefinitions": { "t": { "type": "apiKey", "in": "header",
            "name": "Authorization", "description": "Send `Bearer <token>`." } } }));
        assert_eq!(auth["t"]["type"], "bearer");
    }
}
