//! Accounts on a service as connections: what a manifest says of them, in the words of `auth::Connection`.

use auth::Flow;
use indexmap::IndexMap;
use model::{Map, Value};
use serde_json::json;

use crate::catalog::{self, Connector};
use crate::manifest::{Auth, Manifest};

/// A way to show an account, as the app offers it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The connection's spec, to be filled in.
    pub spec: Value,
    /// Secrets that a person sets, with what the service calls them.
    pub secrets: IndexMap<String, String>,
    /// Places of the spec that only whoever has the account knows.
    pub fill_in: Vec<String>,
}

/// What a connection by this way of showing an account looks like.
pub fn offer(manifest: &Manifest, auth: &Auth) -> Offer {
    let mut fill_in = Vec::new();
    let mut secrets = IndexMap::new();
    let mut secret = |name: &str, title: &str| drop(secrets.insert(name.to_owned(), title.to_owned()));
    let scheme = match auth {
        Auth::Bearer { title, prefix, .. } => {
            secret("token", title);
            with_prefix(json!({ "type": "bearer" }), prefix.as_deref())
        }
        Auth::Header { title, name, prefix, .. } => {
            secret("value", title);
            with_prefix(json!({ "type": "header", "name": name }), prefix.as_deref())
        }
        Auth::Query { title, name, .. } => {
            secret("value", title);
            json!({ "type": "query", "name": name })
        }
        Auth::Basic { username, password_title, .. } => {
            secret("password", password_title.as_deref().unwrap_or("Password"));
            if username.is_none() {
                fill_in.push("/auth/username".to_owned());
            }
            json!({ "type": "basic", "username": username.clone().unwrap_or_default() })
        }
        Auth::Custom { secrets: named, headers, query, body, path, .. } => {
            named.iter().for_each(|(name, title)| secret(name, title));
            let names: Vec<&String> = named.keys().collect();
            let mut scheme = json!({ "type": "custom", "headers": headers, "query": query, "body": body,
                "secretParts": names });
            if let Some(path) = path {
                scheme["path"] = json!(path);
            }
            scheme
        }
        Auth::Session { secrets: named, session, .. } => {
            for field in session.secret_fields() {
                let title = named.get(&field).map_or("Password", String::as_str);
                secret(&field, title);
            }
            if session.username.is_empty() && session.asks_for_user() {
                fill_in.push("/auth/username".to_owned());
            }
            let mut scheme = json!({ "type": "session", "username": session.username });
            if let (Some(scheme), Value::Object(said)) = (scheme.as_object_mut(), json!(session)) {
                scheme.extend(said);
            }
            scheme
        }
        Auth::Jwt { title, algorithm, lifetime, .. } => {
            secret("key", title);
            json!({ "type": "jwt", "algorithm": algorithm, "lifetime": lifetime })
        }
        Auth::AwsSigV4 { service, .. } => {
            secret("accessKeyId", "Access key id");
            secret("secretAccessKey", "Secret access key");
            json!({ "type": "awsSigV4", "service": service, "region": "{region}" })
        }
        Auth::Oauth2(oauth) => {
            if oauth.flow == Flow::JwtBearer {
                secret("privateKey", "Private key");
            } else {
                secret("clientSecret", "Client secret");
            }
            fill_in.push("/auth/clientId".to_owned());
            let mut scheme = json!({
                "type": "oauth2", "flow": oauth.flow, "clientId": "", "tokenUrl": oauth.token_url, "scopes": scopes(manifest, &oauth.scopes),
                "scopeSeparator": oauth.scope_separator, "pkce": oauth.pkce, "authorizeParams": oauth.authorize_params,
                "tokenParams": oauth.token_params, "tokenAuth": oauth.token_auth, "tokenPath": oauth.token_path,
                "prefix": oauth.prefix, "keep": oauth.keep, "claims": oauth.claims,
            });
            let further = [
                ("authorizeUrl", oauth.authorize_url.as_ref().map(|url| json!(url))),
                ("deviceUrl", oauth.device_url.as_ref().map(|url| json!(url))),
                ("revokeUrl", oauth.revoke_url.as_ref().map(|url| json!(url))),
                ("lifetime", oauth.lifetime.map(|seconds| json!(seconds))),
            ];
            for (name, value) in further {
                if let Some(value) = value {
                    scheme[name] = value;
                }
            }
            scheme
        }
    };
    let settings = manifest.defaults();
    let open = manifest.settings.iter().filter(|(name, setting)| setting.required && !settings.contains_key(*name));
    fill_in.extend(open.map(|(name, _)| format!("/settings/{name}")));
    let hosts = hosts(manifest, &settings);
    let mut spec = json!({
        "title": manifest.title, "connector": manifest.connector, "auth": scheme, "settings": settings, "hosts": hosts,
    });
    if let Some(rate) = &manifest.limits.rate {
        spec["limit"] = json!({ "calls": rate.calls, "per": rate.per });
    }
    Offer { spec, secrets, fill_in }
}

fn with_prefix(mut scheme: Value, prefix: Option<&str>) -> Value {
    if let Some(prefix) = prefix {
        scheme["prefix"] = prefix.into();
    }
    scheme
}

/// Scopes that are asked for: those of the account, and what operations need.
fn scopes(manifest: &Manifest, always: &[String]) -> Vec<String> {
    let mut scopes = always.to_vec();
    if scopes.is_empty() {
        let needed = manifest.operations.values().flat_map(|operation| &operation.scopes);
        for scope in needed.chain(manifest.triggers.values().flat_map(|trigger| &trigger.scopes)) {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
    }
    scopes
}

/// Hosts that the secret may be sent to. A host that a setting makes is put in when the setting is known; until then a
/// star stands for the part.
pub fn hosts(manifest: &Manifest, settings: &Map) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    let base = host_of(&manifest.base);
    for host in base.iter().map(String::as_str).chain(manifest.hosts.iter().map(String::as_str)) {
        let filled = fill(host, settings);
        // A setting that is a whole address names its own host.
        let filled = host_of(&filled).unwrap_or(filled);
        if !filled.is_empty() && !hosts.contains(&filled) {
            hosts.push(filled);
        }
    }
    hosts
}

fn host_of(address: &str) -> Option<String> {
    match address.split_once("://") {
        Some((_, rest)) => Some(rest.split(['/', '?', ':']).next().unwrap_or_default().to_owned()),
        None => address.starts_with('{').then(|| address.split('/').next().unwrap_or_default().to_owned()),
    }
}

fn fill(text: &str, settings: &Map) -> String {
    let mut filled = text.to_owned();
    for (name, value) in settings {
        filled = filled.replace(&format!("{{{name}}}"), &part::lenient::to_text(value.clone()));
    }
    while let Some((before, after)) = filled.clone().split_once('{') {
        let after = after.split_once('}').map_or("", |(_, after)| after);
        // One label at the front can stand for any.
        filled = if before.is_empty() && after.starts_with('.') { format!("*{after}") } else { String::new() };
    }
    filled
}

/// The connector and the way of showing an account that a credential of n8n is.
pub fn for_credential(credential_type: &str) -> Option<(&'static Connector, &'static Auth)> {
    catalog::known().find_map(|connector| {
        let auth = connector.manifest.auth.values().find(|auth| auth.n8n().contains_key(credential_type))?;
        Some((connector, auth))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(base: &str, hosts: Value, settings: Value) -> Manifest {
        serde_json::from_value(json!({ "connector": "x", "title": "X", "summary": "x", "docs": "https://x.example",
            "base": base, "hosts": hosts, "settings": settings,
            "auth": { "key": { "type": "header", "title": "Key", "help": "There.", "name": "x-key" } } }))
        .unwrap()
    }

    #[test]
    fn a_session_is_offered_with_the_secrets_that_its_login_names() {
        let mut manifest = manifest("https://api.x.example", json!([]), json!({}));
        let auth: Auth = serde_json::from_value(json!({ "type": "session", "title": "User", "help": "There.",
            "secrets": { "pin": "PIN" }, "session": {
                "login": { "url": "https://api.x.example/login", "json": { "u": "{username}", "p": "{secret.password}", "n": "{secret.pin}" } },
                "token": { "from": "body", "path": "id" }, "send": { "as": "header", "name": "x-session" } } }))
        .unwrap();
        manifest.auth.insert("user".into(), auth);
        let offered = offer(&manifest, &manifest.auth["user"]);
        let secrets: Vec<_> = offered.secrets.iter().map(|(name, title)| (name.as_str(), title.as_str())).collect();
        assert_eq!(secrets, [("password", "Password"), ("pin", "PIN")]);
        assert_eq!(offered.fill_in, ["/auth/username"]);
        let connection: auth::Connection = serde_json::from_value(offered.spec).unwrap();
        assert!(connection.check().is_empty(), "{:?}", connection.check());
    }

    #[test]
    fn an_account_may_be_sent_to_the_service_s_hosts_only() {
        let plain = manifest("https://api.x.example/v1", json!(["files.x.example"]), json!({}));
        let offered = offer(&plain, &plain.auth["key"]);
        assert_eq!(offered.spec["hosts"], json!(["api.x.example", "files.x.example"]));
        assert_eq!(offered.spec["auth"], json!({ "type": "header", "name": "x-key" }));
        assert_eq!(offered.secrets["value"], "Key");
        let shop = manifest("https://{shop}.x.example/api", json!([]), json!({ "shop": { "required": true } }));
        let offered = offer(&shop, &shop.auth["key"]);
        assert_eq!(
            (offered.spec["hosts"].clone(), offered.fill_in),
            (json!(["*.x.example"]), vec!["/settings/shop".into()])
        );
        let own = manifest("{server}/api", json!([]), json!({ "server": { "default": "https://chat.x.example" } }));
        assert_eq!(offer(&own, &own.auth["key"]).spec["hosts"], json!(["chat.x.example"]));
    }
}
