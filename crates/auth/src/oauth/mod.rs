//! OAuth 2.0 for connections: how tokens are got ([`consent`]). How they are kept and renewed is the same for everything
//! that ends (`renewal`), and so is what is known of them ([`crate::status`]).
//!
//! Tokens are secrets of the connection that only the server writes, `accessToken` and `refreshToken`. They and what is
//! known of them are written in one transaction before anybody uses them. Start reading at [`OAuth`], what a
//! connection says, then [`wire`], what goes over the network.

pub mod consent;
pub(crate) mod wire;

use std::collections::BTreeMap;

use model::{Code, Map, Problem, Problems, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Secret fields that only the server writes.
pub const TOKENS: [&str; 2] = [ACCESS, REFRESH];
pub(crate) const ACCESS: &str = "accessToken";
pub(crate) const REFRESH: &str = "refreshToken";

/// How an account is shown by OAuth 2.0. Texts in braces, such as `{subdomain}`, are settings of the connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuth {
    /// How a token is got.
    #[serde(default)]
    pub flow: Flow,
    /// Our name at the service. Absent: as some service accounts have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// Where people consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// Where tokens are handed out.
    pub token_url: String,
    /// Where a device asks for a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_url: Option<String>,
    /// Where tokens are made void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
    /// What the account may be used for, in the service's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What stands between scopes.
    #[serde(default = "blank")]
    pub scope_separator: String,
    /// The consent is bound to whoever asked for it (RFC 7636).
    #[serde(default = "yes")]
    pub pkce: bool,
    /// Further parameters of the page of consent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_params: BTreeMap<String, String>,
    /// Further parameters of requests for tokens.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub token_params: BTreeMap<String, String>,
    /// How the application shows itself where tokens are handed out.
    #[serde(default)]
    pub token_auth: TokenAuth,
    /// Where the token stands in the answer, as a path of dots.
    #[serde(default = "access_token")]
    pub token_path: String,
    /// What stands before the token in the header `Authorization`.
    #[serde(default = "bearer")]
    pub prefix: String,
    /// How long tokens live when the answer does not say so, in seconds. Absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<u64>,
    /// Fields of the answer that become settings of the connection: paths of dots by setting.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keep: BTreeMap<String, String>,
    /// Claims of the assertion, for service accounts. `iss`, `aud`, `iat` and `exp` are added; `{scopes}` are the scopes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map,
    /// `kid` in the head of the assertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// How a token is got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Flow {
    /// A person consents in the browser. Secret: `clientSecret`, unless the application is a public one.
    #[default]
    AuthorizationCode,
    /// The application itself has the account. Secret: `clientSecret`.
    ClientCredentials,
    /// A person consents on another device. Secret: `clientSecret`, where the service wants one.
    DeviceCode,
    /// A service account signs an assertion (RFC 7523). Secret: `privateKey` as PEM.
    JwtBearer,
}

impl Flow {
    /// A person has to consent before there is a token.
    pub fn needs_consent(self) -> bool {
        matches!(self, Flow::AuthorizationCode | Flow::DeviceCode)
    }
}

/// How an application shows itself where tokens are handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TokenAuth {
    /// In the form.
    #[default]
    Body,
    /// As user and password.
    Basic,
}

impl OAuth {
    /// What can be judged without looking at anything else. Pointers are below the connection.
    pub(crate) fn check(&self, settings: &Map, private: bool) -> Problems {
        let mut problems = Problems::default();
        let mut refuse = |field: &str, detail: String| {
            problems.push(Problem::new(Code::InvalidSpec, detail).at(format!("/auth/{field}")));
        };
        let addresses = [
            ("authorizeUrl", self.authorize_url.as_deref()),
            ("tokenUrl", Some(self.token_url.as_str())),
            ("deviceUrl", self.device_url.as_deref()),
            ("revokeUrl", self.revoke_url.as_deref()),
        ];
        for (field, text) in addresses.into_iter().filter_map(|(field, text)| Some((field, text?))) {
            // One that lacks a setting becomes complete when that is set.
            if let Ok(text) = fill(text, settings)
                && let Err(why) = address(&text, private)
            {
                refuse(field, why);
            }
        }
        match self.flow {
            Flow::AuthorizationCode if self.authorize_url.is_none() => {
                refuse("authorizeUrl", "people need an address to consent at".into());
            }
            Flow::DeviceCode if self.device_url.is_none() => {
                refuse("deviceUrl", "a device needs an address to ask for its code at".into());
            }
            _ => {}
        }
        if self.flow != Flow::JwtBearer && self.client_id.is_empty() {
            refuse("clientId", "the service has to know who asks: register an application there".into());
        }
        if let Some(name) = self.authorize_params.keys().find(|name| OURS.contains(&name.as_str())) {
            refuse(&format!("authorizeParams/{name}"), format!("`{name}` is set by Fishplate itself"));
        }
        if self.token_path.is_empty() {
            refuse("tokenPath", "the token has to stand somewhere in the answer".into());
        }
        problems
    }

    /// Secrets that a person sets.
    pub(crate) fn secret_fields(&self) -> Vec<String> {
        match self.flow {
            Flow::JwtBearer => vec!["privateKey".into()],
            _ => vec!["clientSecret".into()],
        }
    }

    /// Those that it cannot work without.
    pub(crate) fn wanted_secrets(&self) -> Vec<String> {
        match self.flow {
            Flow::AuthorizationCode | Flow::DeviceCode => Vec::new(),
            Flow::ClientCredentials | Flow::JwtBearer => self.secret_fields(),
        }
    }

    /// The addresses that tokens are asked for and given back at, as far as they are known.
    pub(crate) fn token_addresses(&self, settings: &Map) -> Vec<Url> {
        let all = [Some(&self.token_url), self.device_url.as_ref(), self.revoke_url.as_ref()];
        all.into_iter().flatten().filter_map(|text| fill(text, settings).ok()?.parse().ok()).collect()
    }

    /// The scopes in one text.
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(&self.scope_separator)
    }
}

/// Parameters of the page of consent that nobody else sets.
const OURS: [&str; 7] =
    ["response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "scope"];

/// A text with settings in the place of their names. The error is the end of the sentence "connection … ".
pub(crate) fn fill(template: &str, settings: &Map) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        match settings.get(name) {
            Some(Value::String(text)) if !text.is_empty() => filled.push_str(text),
            Some(Value::Number(number)) => filled.push_str(&number.to_string()),
            _ => return Err(format!("has no setting `{name}`")),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// An address that secrets may be sent to: by TLS, but for services that one runs oneself.
pub(crate) fn address(text: &str, private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("`{text}` is no address"))?;
    match url.scheme() {
        "https" => {}
        "http" if private => {}
        _ => return Err(format!("`{text}` is no https address")),
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{text}` has a user or a fragment, which no such address has"));
    }
    Ok(url)
}

fn yes() -> bool {
    true
}

fn blank() -> String {
    " ".into()
}

fn access_token() -> String {
    "access_token".into()
}

fn bearer() -> String {
    "Bearer".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(more: Value) -> OAuth {
        let mut spec = json!({
            "clientId": "us",
            "authorizeUrl": "https://{site}.example.com/authorize",
            "tokenUrl": "https://{site}.example.com/token",
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn settings() -> Map {
        json!({ "site": "acme" }).as_object().unwrap().clone()
    }

    #[test]
    fn settings_stand_in_addresses() {
        assert_eq!(fill("https://{site}.example.com/", &settings()).unwrap(), "https://acme.example.com/");
        assert!(fill("https://{other}.example.com/", &settings()).unwrap_err().contains("`other`"));
        assert_eq!(spec(json!({})).token_addresses(&settings())[0].as_str(), "https://acme.example.com/token");
        assert!(spec(json!({})).token_addresses(&Map::new()).is_empty());
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_place() {
        let check = |more: Value, place: &str| {
            let problems = spec(more).check(&settings(), false).0;
            assert_eq!(problems.first().and_then(|problem| problem.pointer.as_deref()), Some(place));
        };
        assert!(spec(json!({})).check(&settings(), false).is_empty());
        assert!(spec(json!({})).check(&Map::new(), false).is_empty(), "a setting may come later");
        check(json!({ "tokenUrl": "http://id.example.com/token" }), "/auth/tokenUrl");
        check(json!({ "tokenUrl": "https://user@id.example.com/token" }), "/auth/tokenUrl");
        check(json!({ "authorizeUrl": null }), "/auth/authorizeUrl");
        check(json!({ "flow": "deviceCode" }), "/auth/deviceUrl");
        check(json!({ "clientId": "" }), "/auth/clientId");
        check(
            json!({ "authorizeParams": { "redirect_uri": "https://evil.example" } }),
            "/auth/authorizeParams/redirect_uri",
        );
        let own = spec(json!({ "tokenUrl": "http://10.0.0.7/token" }));
        assert!(own.check(&settings(), true).is_empty(), "one's own network may do without TLS");
    }
}
