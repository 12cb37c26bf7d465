//! What goes over the network: requests for tokens, and what the answers mean (RFC 6749, 7523, 8628, 7009). Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use model::{Map, Value};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::{OAuth, TokenAuth, fill};
use crate::connection::JwtAlgorithm;
use crate::secrets::Secrets;

/// How long an assertion is good for, in seconds: time enough for clocks that differ.
const ASSERTION: i64 = 600;
/// Longest part of a service's own words that is shown.
const WORDS: usize = 300;

/// What a token is asked for with.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// A person has consented.
    Code { code: &'a str, redirect_uri: &'a str, verifier: Option<&'a str> },
    /// The token before is renewed.
    Refresh { token: &'a str },
    /// The application itself has the account.
    Client,
    /// A person consents on another device.
    Device { code: &'a str },
    /// A service account signs.
    Assertion,
}

/// A request with a form.
pub(crate) struct Form {
    pub(crate) text: String,
    pub(crate) authorization: Option<HeaderValue>,
}

/// Tokens that a service has handed out.
#[derive(Debug, PartialEq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    /// Seconds.
    pub(crate) lifetime: Option<i64>,
    /// Seconds until what renews them ends.
    pub(crate) refresh_lifetime: Option<i64>,
    pub(crate) scopes: Option<String>,
    pub(crate) kept: Map,
}

/// Why there is no token.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// The service says no, and will say it again.
    Refused { error: String, words: String },
    /// The service does not answer, or not what it should; it may later.
    Unavailable(String),
}

/// A request for a token.
pub(crate) fn token_form(
    oauth: &OAuth,
    settings: &Map,
    secrets: &Secrets,
    ask: Ask<'_>,
    now: i64,
) -> Result<Form, String> {
    let mut form = Serializer::new(String::new());
    let scope = oauth.scope();
    match ask {
        Ask::Code { code, redirect_uri, verifier } => {
            form.append_pair("grant_type", "authorization_code");
            form.append_pair("code", code).append_pair("redirect_uri", redirect_uri);
            if let Some(verifier) = verifier {
                form.append_pair("code_verifier", verifier);
            }
        }
        Ask::Refresh { token } => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token);
        }
        Ask::Client => {
            form.append_pair("grant_type", "client_credentials");
            if !scope.is_empty() {
                form.append_pair("scope", &scope);
            }
        }
        Ask::Device { code } => {
            form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
            form.append_pair("device_code", code);
        }
        Ask::Assertion => {
            form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
            form.append_pair("assertion", &assertion(oauth, settings, secrets, now)?);
            if !scope.is_empty() && !oauth.claims.contains_key("scope") {
                form.append_pair("scope", &scope);
            }
        }
    }
    for (name, value) in &oauth.token_params {
        form.append_pair(name, &fill(value, settings)?);
    }
    // Whoever signs has shown who it is.
    let authorization = match ask {
        Ask::Assertion => None,
        _ => show_client(oauth, secrets, &mut form)?,
    };
    Ok(Form { text: form.finish(), authorization })
}

/// A request for a code that a person types in (RFC 8628, section 3.1).
pub(crate) fn device_form(oauth: &OAuth, secrets: &Secrets) -> Result<Form, String> {
    let mut form = Serializer::new(String::new());
    let scope = oauth.scope();
    if !scope.is_empty() {
        form.append_pair("scope", &scope);
    }
    let authorization = show_client(oauth, secrets, &mut form)?;
    Ok(Form { text: form.finish(), authorization })
}

/// A request to make a token void (RFC 7009).
pub(crate) fn revoke_form(oauth: &OAuth, secrets: &Secrets, token: &str, hint: &str) -> Result<Form, String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token).append_pair("token_type_hint", hint);
    let authorization = show_client(oauth, secrets, &mut form)?;
    Ok(Form { text: form.finish(), authorization })
}

/// The application shows itself (RFC 6749, section 2.3.1); a public one only tells its name.
fn show_client(
    oauth: &OAuth,
    secrets: &Secrets,
    form: &mut Serializer<'_, String>,
) -> Result<Option<HeaderValue>, String> {
    let secret = secrets.optional("clientSecret")?;
    match (secret, oauth.token_auth) {
        (Some(secret), TokenAuth::Basic) => {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let both = STANDARD.encode(format!("{}:{}", encode(&oauth.client_id), encode(secret)));
            let mut value = HeaderValue::from_str(&format!("Basic {both}"))
                .map_err(|_| "has a client secret that cannot be sent".to_owned())?;
            value.set_sensitive(true);
            Ok(Some(value))
        }
        (secret, _) => {
            if !oauth.client_id.is_empty() {
                form.append_pair("client_id", &oauth.client_id);
            }
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret);
            }
            Ok(None)
        }
    }
}

/// What a service account signs (RFC 7523, section 3).
fn assertion(oauth: &OAuth, settings: &Map, secrets: &Secrets, now: i64) -> Result<String, String> {
    let mut known = settings.clone();
    known.insert("scopes".into(), oauth.scope().into());
    let mut claims = Map::new();
    for (name, value) in &oauth.claims {
        let value = match value {
            Value::String(text) => Value::String(fill(text, &known)?),
            other => other.clone(),
        };
        claims.insert(name.clone(), value);
    }
    if !oauth.client_id.is_empty() {
        claims.entry("iss").or_insert_with(|| oauth.client_id.clone().into());
    }
    if !claims.contains_key("aud") {
        claims.insert("aud".into(), fill(&oauth.token_url, settings)?.into());
    }
    claims.entry("iat").or_insert_with(|| now.into());
    claims.entry("exp").or_insert_with(|| (now + ASSERTION).into());
    // Services that take each assertion once tell them apart by this.
    claims.entry("jti").or_insert_with(|| crate::random_text().into());
    let key = secrets.get("privateKey")?;
    let kinds = [JwtAlgorithm::RS256, JwtAlgorithm::ES256, JwtAlgorithm::EdDSA];
    let key_id = oauth.key_id.as_deref();
    let signed = kinds.into_iter().find_map(|kind| crate::jwt::signed(kind, key, &Map::new(), &claims, key_id).ok());
    signed.ok_or_else(|| "has a `privateKey` that is no private key in PEM of RSA, P-256 or Ed25519".to_owned())
}

/// What a service has answered to a request for a token. `hide`: what must not be repeated in words.
pub(crate) fn read(oauth: &OAuth, status: u16, body: &[u8], hide: &[&str]) -> Result<Tokens, Fault> {
    let answer = value_of(body);
    let found = at(&answer, &oauth.token_path).and_then(Value::as_str).filter(|token| !token.is_empty());
    let Some(access) = found.filter(|_| (200..300).contains(&status)) else {
        return Err(fault(status, &answer, hide));
    };
    // What belongs to a token stands beside it.
    let beside = |name: &str| match oauth.token_path.rsplit_once('.') {
        Some((place, _)) => at(&answer, &format!("{place}.{name}")).or_else(|| answer.get(name)),
        None => answer.get(name),
    };
    let seconds = |name: &str| beside(name).and_then(number).filter(|seconds| *seconds > 0);
    let text = |name: &str| beside(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let kept = oauth.keep.iter().filter_map(|(name, path)| Some((name.clone(), at(&answer, path)?.clone()))).collect();
    Ok(Tokens {
        access: access.to_owned(),
        refresh: text("refresh_token"),
        lifetime: seconds("expires_in").or(oauth.lifetime.and_then(|seconds| i64::try_from(seconds).ok())),
        refresh_lifetime: seconds("refresh_token_expires_in").or_else(|| seconds("refresh_expires_in")),
        scopes: text("scope"),
        kept,
    })
}

/// What is in the way, as RFC 6749 (section 5.2) and those who follow it loosely say it.
pub(crate) fn fault(status: u16, answer: &Value, hide: &[&str]) -> Fault {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let error = answer.get("error").and_then(|error| text(error).or_else(|| text(error.get("code")?)));
    let said = ["error_description", "message", "error_message"].iter().find_map(|name| text(answer.get(*name)?));
    let passing = matches!(status, 408 | 429 | 500..=599);
    match error {
        Some(error) if !passing && !matches!(error.as_str(), "temporarily_unavailable" | "server_error") => {
            let words = match said {
                Some(said) => format!("{error}: {said}"),
                None => error.clone(),
            };
            Fault::Refused { words: shown(&words, hide), error: shown(&error, hide) }
        }
        error => {
            let said = said.or(error).map(|said| format!(": {said}")).unwrap_or_default();
            Fault::Unavailable(shown(&format!("it answers {status} and no token{said}"), hide))
        }
    }
}

/// Words of a service, short and without what it was sent.
pub(crate) fn shown(words: &str, hide: &[&str]) -> String {
    let mut words = words.to_owned();
    for secret in hide.iter().filter(|secret| secret.len() >= 4) {
        words = words.replace(secret, "•••");
    }
    words.chars().filter(|letter| !letter.is_control()).take(WORDS).collect()
}

/// JSON, or a form as some services answer.
pub(crate) fn value_of(body: &[u8]) -> Value {
    if let Ok(value @ Value::Object(_)) = serde_json::from_slice(body) {
        return value;
    }
    let pairs = url::form_urlencoded::parse(body);
    Value::Object(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
}

/// What stands at a path of dots.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        _ => value.get(step),
    })
}

/// A number, also one in a text.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)).or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn oauth(more: Value) -> OAuth {
        let mut spec =
            json!({ "clientId": "a b", "authorizeUrl": "https://x.example/a", "tokenUrl": "https://x.example/t" });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn secrets(secret: &str) -> Secrets {
        Secrets([("clientSecret".to_owned(), secret.as_bytes().to_vec())].into())
    }

    #[test]
    fn an_application_shows_itself_in_the_form_or_as_a_user() {
        let ask = Ask::Code { code: "c", redirect_uri: "https://us.example/oauth/callback", verifier: Some("v") };
        let body = token_form(&oauth(json!({})), &Map::new(), &secrets("s&t"), ask, 0).unwrap();
        assert_eq!(
            body.text,
            "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fus.example%2Foauth%2Fcallback\
             &code_verifier=v&client_id=a+b&client_secret=s%26t"
        );
        assert!(body.authorization.is_none());
        let basic = oauth(json!({ "tokenAuth": "basic", "tokenParams": { "audience": "{site}" } }));
        let settings = json!({ "site": "acme" });
        let ask = Ask::Refresh { token: "r" };
        let form = token_form(&basic, settings.as_object().unwrap(), &secrets("s&t"), ask, 0).unwrap();
        assert_eq!(form.text, "grant_type=refresh_token&refresh_token=r&audience=acme");
        let shown = form.authorization.unwrap();
        assert_eq!((shown.to_str().unwrap(), shown.is_sensitive()), ("Basic YStiOnMlMjZ0", true));
        let public = token_form(&oauth(json!({})), &Map::new(), &Secrets::default(), Ask::Client, 0).unwrap();
        assert_eq!(public.text, "grant_type=client_credentials&client_id=a+b");
    }

    #[test]
    fn answers_are_read_as_services_write_them() {
        let plain = json!({ "access_token": "t", "expires_in": "3600", "refresh_token": "r", "scope": "read" });
        let tokens = read(&oauth(json!({})), 200, plain.to_string().as_bytes(), &[]).unwrap();
        assert_eq!((tokens.access.as_str(), tokens.lifetime, tokens.refresh.as_deref()), ("t", Some(3600), Some("r")));
        assert_eq!(tokens.scopes.as_deref(), Some("read"));
        let form = read(&oauth(json!({ "lifetime": 60 })), 200, b"access_token=t&token_type=bearer", &[]).unwrap();
        assert_eq!((form.access.as_str(), form.lifetime, form.refresh), ("t", Some(60), None));
        let deep = json!({ "tokenPath": "authed_user.access_token", "keep": { "team": "team.id" } });
        let answer = json!({
            "ok": true, "access_token": "bot", "team": { "id": "T1" },
            "authed_user": { "access_token": "user", "refresh_token": "r", "expires_in": 10 }
        });
        let tokens = read(&oauth(deep), 200, answer.to_string().as_bytes(), &[]).unwrap();
        assert_eq!((tokens.access.as_str(), tokens.refresh.as_deref(), tokens.lifetime), ("user", Some("r"), Some(10)));
        assert_eq!(Value::Object(tokens.kept), json!({ "team": "T1" }));
    }

    #[test]
    fn a_no_is_told_from_a_not_now() {
        let check = |status: u16, body: Value, refused: bool| {
            let fault = read(&oauth(json!({})), status, body.to_string().as_bytes(), &["secret"]).unwrap_err();
            assert_eq!(matches!(fault, Fault::Refused { .. }), refused, "{status} {body}");
            assert!(!format!("{fault:?}").contains("secret"), "{fault:?}");
        };
        check(400, json!({ "error": "invalid_grant", "error_description": "`secret` was revoked" }), true);
        check(401, json!({ "error": "invalid_client" }), true);
        check(200, json!({ "error": "bad_verification_code" }), true);
        check(200, json!({ "ok": false, "error": "token_revoked" }), true);
        check(400, json!({ "error": "temporarily_unavailable" }), false);
        check(503, json!({ "error": "invalid_grant" }), false);
        check(502, json!("<html>"), false);
        check(200, json!({}), false);
    }

    #[test]
    fn a_service_account_signs_for_the_address_that_it_asks() {
        let key = include_bytes!("../../tests/it/ed25519.pem");
        let service = oauth(json!({
            "flow": "jwtBearer", "clientId": "", "scopes": ["a", "b"], "keyId": "k1",
            "claims": { "iss": "{email}", "scope": "{scopes}", "sub": "ada@example.com" }
        }));
        let secrets = Secrets([("privateKey".to_owned(), key.to_vec())].into());
        let settings = json!({ "email": "robot@example.com" });
        let form = token_form(&service, settings.as_object().unwrap(), &secrets, Ask::Assertion, 1_000).unwrap();
        let pairs = value_of(form.text.as_bytes());
        assert!(pairs.get("scope").is_none(), "the claims say it");
        let token = pairs["assertion"].as_str().unwrap();
        let part = |number: usize| -> Value {
            let text = token.split('.').nth(number).unwrap();
            serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!((part(0)["alg"].as_str(), part(0)["kid"].as_str()), (Some("EdDSA"), Some("k1")));
        let claims = part(1);
        assert_eq!((claims["iss"].as_str(), claims["scope"].as_str()), (Some("robot@example.com"), Some("a b")));
        assert_eq!((claims["aud"].as_str(), claims["exp"].as_i64()), (Some("https://x.example/t"), Some(1_600)));
        assert!(token_form(&service, &Map::new(), &secrets, Ask::Assertion, 0).is_err(), "the setting is missing");
    }
}
