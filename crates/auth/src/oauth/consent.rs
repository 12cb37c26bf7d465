//! Connecting: a person consents at the service, in the browser or on another device, and tokens come of it.
//!
//! What has to come back with the browser (`state`) is known here by its hash alone, once, for ten minutes; the
//! verifier of the exchange (RFC 7636) never leaves the server; and the browser that returns has to be the one that
//! went. The address that services send people back to is the server's own and is taken from no request.

use model::{Code, Map, Name, Problem, ScopeId, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{ConsentRow, TokenRight};
use url::Url;

use super::wire::{self, Ask, Fault, Tokens};
use super::{ACCESS, Flow, OAuth, REFRESH, fill};
use crate::session::Session;
use crate::source::Source;
use crate::status::Status;
use crate::vault::{Opened, Vault};
use crate::{Connection, Error, Place, session};

/// How long a person may take to consent.
pub const PATIENCE: i64 = 10 * 60 * 1000;
/// How long a link to connect again is good.
pub const LINK_LIFE: i64 = 3 * 24 * 3600 * 1000;
/// Longest time that another device is waited for, whatever the service offers.
const DEVICE: i64 = 30 * 60;
/// The path that services send people back to.
pub const CALLBACK: &str = "/oauth/callback";

/// Where a person goes to consent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The service's page.
    pub location: String,
    /// What the account may be used for afterwards.
    pub scopes: Vec<String>,
    /// Until when it may be answered, in milliseconds since 1970.
    pub expires_at: i64,
}

/// What a person types in on another device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceCode {
    /// What this is asked for by.
    pub handle: String,
    /// The code to type in.
    pub user_code: String,
    /// Where to type it in.
    pub verification_uri: String,
    /// The same with the code in it, for a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// What the account may be used for afterwards.
    pub scopes: Vec<String>,
    /// Seconds between two looks.
    pub interval: i64,
    /// Until when it may be answered, in milliseconds since 1970.
    pub expires_at: i64,
}

/// What became of a code on another device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceAnswer {
    /// It is connected; otherwise nobody has consented so far.
    pub connected: bool,
    /// Look less often from now on.
    pub slower: bool,
}

/// A link by which somebody connects again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReconnectLink {
    /// The address; it is good once.
    pub url: String,
    /// Until when, in milliseconds since 1970.
    pub expires_at: i64,
    /// Whom to send it to: who connected it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// What stands in the address that a person comes back with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// What we gave the browser.
    pub state: Option<&'a str>,
    /// What tokens are handed out for.
    pub code: Option<&'a str>,
    /// Why there are none.
    pub error: Option<&'a str>,
    /// The same in words.
    pub error_description: Option<&'a str>,
}

/// What stays here while a person consents.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
enum Pending {
    /// In the browser.
    Browser { verifier: Option<String>, redirect_uri: String, revision: u64 },
    /// On another device.
    Device { code: String, revision: u64 },
    /// Nobody has begun yet: a link.
    Link,
}

impl Vault {
    /// Sends a person to consent. `base`: how people reach this server. `browser`: what only the browser that asks has;
    /// none when a program asks for a person.
    pub async fn begin_consent(
        &self,
        scope: ScopeId,
        name: &Name,
        base: &str,
        browser: Option<&str>,
        by: &str,
    ) -> Result<Consent, Problem> {
        let opened = self.with_oauth(scope, name, &[Flow::AuthorizationCode]).await?;
        let (oauth, settings) = oauth_of(name, &opened)?;
        let lacks = |reason: String| incomplete(name, &reason);
        let page = fill(oauth.authorize_url.as_deref().unwrap_or_default(), settings).map_err(lacks)?;
        let mut location = super::address(&page, opened.connection.allow_private).map_err(lacks)?;
        let redirect_uri = format!("{base}{CALLBACK}");
        let state = secret();
        let verifier = oauth.pkce.then(secret);
        put_params(&mut location, oauth, settings, &redirect_uri, &state, verifier.as_deref()).map_err(lacks)?;
        let pending = Pending::Browser { verifier, redirect_uri, revision: opened.revision };
        let until = crate::now_millis() + PATIENCE;
        self.wait_for(scope, name, &state, browser, by, &pending, until).await?;
        Ok(Consent { location: location.into(), scopes: oauth.scopes.clone(), expires_at: until })
    }

    /// Takes in a person who comes back from a service. Gives the connection that is good now.
    pub async fn finish_consent(&self, said: Said<'_>, browser: Option<&str>) -> Result<(ScopeId, Name), Problem> {
        let strange = || {
            refusal("this answer belongs to no consent that was begun here, or it was answered before")
                .hint("begin again on the connection's page")
        };
        let state = said.state.filter(|state| !state.is_empty()).ok_or_else(strange)?;
        let hash = store::digest(state.as_bytes());
        let now = crate::now_millis();
        let found = self.inner.store.consent(&hash, now).await.map_err(Error::from)?.ok_or_else(strange)?;
        // Looked at before it is taken: who merely knows the state ends nobody's consent.
        if found.browser.is_some_and(|known| browser.map(|text| store::digest(text.as_bytes())) != Some(known)) {
            return Err(refusal("this answer belongs to a consent that was begun in another browser")
                .hint("begin and end it in the same browser, without clearing its cookies in between"));
        }
        let taken = self.inner.store.take_consent(&hash, now).await.map_err(Error::from)?.ok_or_else(strange)?;
        let Pending::Browser { verifier, redirect_uri, revision } = self.pending(&taken)? else {
            return Err(strange());
        };
        if let Some(error) = said.error {
            let why: String = said.error_description.unwrap_or(error).chars().take(200).collect();
            return Err(refusal(format!("the service says: {why}")));
        }
        let code = said.code.filter(|code| !code.is_empty()).ok_or_else(strange)?;
        let (scope, name) = (taken.scope, taken.connection);
        let opened = self.unchanged(scope, &name, revision).await?;
        let ask = Ask::Code { code, redirect_uri: &redirect_uri, verifier: verifier.as_deref() };
        let tokens = self.ask(scope, &name, &opened, ask).await.map_err(|fault| no_token(&fault))?;
        self.connected(scope, &name, &opened, tokens, &taken.asked_by).await?;
        Ok((scope, name))
    }

    /// Asks for a code that a person types in on another device.
    pub async fn begin_device(&self, scope: ScopeId, name: &Name, by: &str) -> Result<DeviceCode, Problem> {
        let opened = self.with_oauth(scope, name, &[Flow::DeviceCode]).await?;
        let (oauth, settings) = oauth_of(name, &opened)?;
        let lacks = |reason: String| incomplete(name, &reason);
        let url = fill(oauth.device_url.as_deref().unwrap_or_default(), settings).map_err(lacks)?;
        let url = super::address(&url, opened.connection.allow_private).map_err(lacks)?;
        let form = wire::device_form(oauth, &opened.secrets).map_err(lacks)?;
        let (status, body) = self.post(scope, name, url, form).await.map_err(|fault| no_token(&fault))?;
        let answer = wire::value_of(&body);
        let hide: Vec<&str> = opened.secrets.texts().collect();
        let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let uri = text("verification_uri").or_else(|| text("verification_url"));
        let (Some(code), Some(user_code), Some(uri)) = (text("device_code"), text("user_code"), uri) else {
            return Err(no_token(&wire::fault(status, &answer, &hide)));
        };
        let seconds = |name: &str| answer.get(name).and_then(wire::number).filter(|seconds| *seconds > 0);
        let until = crate::now_millis() + seconds("expires_in").unwrap_or(DEVICE).min(DEVICE) * 1000;
        let handle = secret();
        let pending = Pending::Device { code: code.to_owned(), revision: opened.revision };
        self.wait_for(scope, name, &handle, None, by, &pending, until).await?;
        Ok(DeviceCode {
            handle,
            user_code: user_code.to_owned(),
            verification_uri: web_address(uri)?,
            verification_uri_complete: text("verification_uri_complete").map(web_address).transpose()?,
            scopes: oauth.scopes.clone(),
            interval: seconds("interval").unwrap_or(5).min(60),
            expires_at: until,
        })
    }

    /// Looks whether a person has consented on the other device.
    pub async fn poll_device(&self, scope: ScopeId, name: &Name, handle: &str) -> Result<DeviceAnswer, Problem> {
        let late = || refusal("this code is over").hint("ask for another one");
        let hash = store::digest(handle.as_bytes());
        let found = self.inner.store.consent(&hash, crate::now_millis()).await.map_err(Error::from)?;
        let found = found.filter(|row| row.scope == scope && row.connection == *name).ok_or_else(late)?;
        let Pending::Device { code, revision } = self.pending(&found)? else { return Err(late()) };
        let opened = self.unchanged(scope, name, revision).await?;
        let waiting = |slower| Ok(DeviceAnswer { connected: false, slower });
        match self.ask(scope, name, &opened, Ask::Device { code: &code }).await {
            Ok(tokens) => {
                self.take(&hash).await?;
                self.connected(scope, name, &opened, tokens, &found.asked_by).await?;
                Ok(DeviceAnswer { connected: true, slower: false })
            }
            Err(Fault::Refused { error, .. }) if error == "authorization_pending" => waiting(false),
            Err(Fault::Refused { error, .. }) if error == "slow_down" => waiting(true),
            Err(fault @ Fault::Refused { .. }) => {
                self.take(&hash).await?;
                Err(no_token(&fault))
            }
            // It is asked again anyway.
            Err(Fault::Unavailable(_)) => waiting(true),
        }
    }

    /// Tries an account again, whatever was known of it, and gets or renews its token where nobody has to consent.
    pub async fn connect(&self, scope: ScopeId, name: &Name) -> Result<Status, Problem> {
        self.forget(scope, name);
        let opened = self.opened(scope, name).await.map_err(|error| error.problem())?;
        // A person who tries again knows more than what was written down.
        if opened.state.dead.is_some() {
            self.revive(scope, name).await?;
        }
        if opened.is_renewable() {
            self.wait_no_more(scope, name).await;
            self.renew_now(scope, name, opened.token()).await.map_err(|error| error.problem())?;
        }
        self.status(scope, name).await
    }

    /// Makes the tokens void at the service, where it takes that, and forgets them here. Says whether the service knows.
    pub async fn disconnect(&self, scope: ScopeId, name: &Name, by: &str) -> Result<bool, Problem> {
        self.forget(scope, name);
        let opened = self.opened(scope, name).await.map_err(|error| error.problem())?;
        let told = match opened.connection.source() {
            Some(Source::Login(session)) => self.log_out(scope, name, &opened, session).await,
            _ => self.revoke(scope, name, &opened).await?,
        };
        self.clear_tokens(scope, name, by).await?;
        Ok(told)
    }

    async fn revoke(&self, scope: ScopeId, name: &Name, opened: &Opened) -> Result<bool, Problem> {
        let (oauth, settings) = oauth_of(name, opened)?;
        let Some(url) = &oauth.revoke_url else { return Ok(false) };
        let held = [(REFRESH, "refresh_token"), (ACCESS, "access_token")];
        let token = held.iter().find_map(|(field, hint)| Some((opened.secrets.optional(field).ok()??, *hint)));
        let url = fill(url, settings).and_then(|url| super::address(&url, opened.connection.allow_private));
        if let (Some((token, hint)), Ok(url)) = (token, url)
            && let Ok(form) = wire::revoke_form(oauth, &opened.secrets, token, hint)
        {
            return Ok(self.post(scope, name, url, form).await.is_ok_and(|(status, _)| (200..300).contains(&status)));
        }
        Ok(false)
    }

    async fn log_out(&self, scope: ScopeId, name: &Name, opened: &Opened, session: &Session) -> bool {
        let (Some(exchange), Some(token)) = (&session.logout, opened.token()) else { return false };
        let Connection { settings, allow_private, .. } = &opened.connection;
        let request = session::wire::request(exchange, session, settings, &opened.secrets, *allow_private);
        let Ok(mut request) = request else { return false };
        if session.put(&token, &mut request.url, &mut request.headers).is_err() {
            return false;
        }
        self.send_for_token(scope, name, request).await.is_ok_and(|answer| (200..400).contains(&answer.status))
    }

    /// A link by which the owner of a connection connects it again, without an account here.
    pub async fn reconnect_link(
        &self,
        scope: ScopeId,
        name: &Name,
        base: &str,
        by: &str,
    ) -> Result<ReconnectLink, Problem> {
        let opened = self.with_oauth(scope, name, &[Flow::AuthorizationCode]).await?;
        let (link, until) = (secret(), crate::now_millis() + LINK_LIFE);
        self.wait_for(scope, name, &link, None, by, &Pending::Link, until).await?;
        let url = format!("{base}/oauth/reconnect?link={link}");
        Ok(ReconnectLink { url, expires_at: until, owner: opened.state.connected_by.clone() })
    }

    /// What a link is for: connection and scopes.
    pub async fn look_at_link(&self, link: &str) -> Result<(Name, Vec<String>), Problem> {
        let found = self.inner.store.consent(&store::digest(link.as_bytes()), crate::now_millis()).await;
        let found = found.map_err(Error::from)?.ok_or_else(used)?;
        if !matches!(self.pending(&found)?, Pending::Link) {
            return Err(used());
        }
        let opened = self.with_oauth(found.scope, &found.connection, &[Flow::AuthorizationCode]).await?;
        let scopes = oauth_of(&found.connection, &opened)?.0.scopes.clone();
        Ok((found.connection, scopes))
    }

    /// Sends whoever has a link to consent; it is used by that.
    pub async fn use_link(&self, link: &str, base: &str, browser: &str) -> Result<Consent, Problem> {
        self.look_at_link(link).await?;
        let taken = self.take(&store::digest(link.as_bytes())).await?.ok_or_else(used)?;
        self.begin_consent(taken.scope, &taken.connection, base, Some(browser), &taken.asked_by).await
    }

    /// A text that a browser keeps, so that it is known again: the one that it has, or a new one.
    pub fn browser_secret(known: Option<&str>) -> String {
        let fits = |text: &&str| text.len() == 52 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        known.filter(fits).map_or_else(secret, str::to_owned)
    }

    async fn take(&self, hash: &model::Digest) -> Result<Option<ConsentRow>, Problem> {
        Ok(self.inner.store.take_consent(hash, crate::now_millis()).await.map_err(Error::from)?)
    }

    async fn connected(
        &self,
        scope: ScopeId,
        name: &Name,
        opened: &Opened,
        tokens: Tokens,
        by: &str,
    ) -> Result<(), Problem> {
        let kept = self.keep(scope, name, opened, tokens, TokenRight::Consent, by).await;
        kept.map_err(|error| error.problem())
    }

    /// The connection, which must be one of these flows.
    async fn with_oauth(&self, scope: ScopeId, name: &Name, flows: &[Flow]) -> Result<std::sync::Arc<Opened>, Problem> {
        self.forget(scope, name);
        let opened = self.opened(scope, name).await.map_err(|error| error.problem())?;
        let (oauth, _) = oauth_of(name, &opened)?;
        if !flows.contains(&oauth.flow) {
            let detail = format!("connection `{name}` is connected in another way than this");
            return Err(Problem::new(Code::InvalidSpec, detail).at("/auth/flow"));
        }
        Ok(opened)
    }

    /// The connection as it was when the consent was begun: nobody has consented to another one.
    async fn unchanged(&self, scope: ScopeId, name: &Name, revision: u64) -> Result<std::sync::Arc<Opened>, Problem> {
        self.forget(scope, name);
        let opened = self.opened(scope, name).await.map_err(|error| error.problem())?;
        if opened.revision != revision {
            return Err(refusal(format!("connection `{name}` was changed meanwhile")).hint("begin again"));
        }
        Ok(opened)
    }

    async fn wait_for(
        &self,
        scope: ScopeId,
        name: &Name,
        secret: &str,
        browser: Option<&str>,
        by: &str,
        pending: &Pending,
        expires_at: i64,
    ) -> Result<(), Problem> {
        let text = serde_json::to_vec(pending).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let hash = store::digest(secret.as_bytes());
        let place = Place { scope, connection: name, field: "consent", generation: expires_at as u64 };
        let row = ConsentRow {
            hash,
            scope,
            connection: name.clone(),
            browser: browser.map(|text| store::digest(text.as_bytes())),
            asked_by: by.to_owned(),
            sealed: self.inner.keyring.seal(place, &text)?.into(),
            created_at: crate::now_millis(),
            expires_at,
        };
        Ok(self.inner.store.begin_consent(row).await.map_err(Error::from)?)
    }

    fn pending(&self, row: &ConsentRow) -> Result<Pending, Problem> {
        let generation = row.expires_at as u64;
        let place = Place { scope: row.scope, connection: &row.connection, field: "consent", generation };
        let text = self.inner.keyring.open(place, &row.sealed)?;
        serde_json::from_slice(&text).map_err(|error| Problem::new(Code::StoreCorrupt, error.to_string()))
    }
}

/// The page of consent with everything that has to be asked (RFC 6749, section 4.1.1).
fn put_params(
    location: &mut Url,
    oauth: &OAuth,
    settings: &Map,
    redirect_uri: &str,
    state: &str,
    verifier: Option<&str>,
) -> Result<(), String> {
    let mut more = Vec::new();
    for (name, value) in &oauth.authorize_params {
        more.push((name, fill(value, settings)?));
    }
    let mut pairs = location.query_pairs_mut();
    pairs.append_pair("response_type", "code").append_pair("client_id", &oauth.client_id);
    pairs.append_pair("redirect_uri", redirect_uri).append_pair("state", state);
    if !oauth.scopes.is_empty() {
        pairs.append_pair("scope", &oauth.scope());
    }
    if let Some(verifier) = verifier {
        let challenge = data_encoding::BASE64URL_NOPAD.encode(&store::digest(verifier.as_bytes()).0);
        pairs.append_pair("code_challenge", &challenge).append_pair("code_challenge_method", "S256");
    }
    for (name, value) in more {
        pairs.append_pair(name, &value);
    }
    Ok(())
}

fn oauth_of<'a>(name: &Name, opened: &'a Opened) -> Result<(&'a OAuth, &'a Map), Problem> {
    let missing = || {
        let detail = format!("connection `{name}` does not show itself by OAuth, so there is nothing to consent to");
        Problem::new(Code::InvalidSpec, detail).at("/auth/type").hint("set its secrets instead")
    };
    Ok((opened.connection.oauth().ok_or_else(missing)?, &opened.connection.settings))
}

/// An address that a person is shown: a service must not put a script in its place.
fn web_address(text: &str) -> Result<String, Problem> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(String::from).ok_or_else(|| refusal("the service names a page that is none"))
}

fn incomplete(name: &Name, reason: &str) -> Problem {
    Problem::new(Code::ConnectionMissing, format!("connection `{name}` {reason}"))
}

fn refusal(detail: impl Into<String>) -> Problem {
    Problem::new(Code::ConsentRefused, detail)
}

fn used() -> Problem {
    refusal("this link was used before, or it is over").hint("ask for another one")
}

fn no_token(fault: &Fault) -> Problem {
    match fault {
        Fault::Refused { words, .. } => refusal(format!("the service gives no token: {words}"))
            .hint("compare client id, secret, scopes and the redirect address with what is registered at the service"),
        Fault::Unavailable(words) => Problem::new(Code::Unavailable, format!("the service gives no token: {words}")),
    }
}

/// 256 random bits that somebody carries.
fn secret() -> String {
    format!("{}{}", crate::random_text(), crate::random_text())
}
