//! Signing in at a provider (OpenID Connect Core 1.0, authorization code flow with PKCE).
//!
//! What has to come back with the browser (state, nonce, verifier) travels in a cookie that we have signed, so nothing
//! is kept for those who never return. Who somebody is here is said by issuer and subject alone: an address at a
//! provider opens an account only where an owner has said that the provider's addresses can be trusted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jsonwebtoken::jwk::{JwkSet, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use model::id::PrincipalId;
use model::{Code, Name, Problem, ScopeId};
use outbound::{EgressRules, Meta, NoCredentials, Outbound, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{IdentityRow, LinkPurpose, ProviderRow, UserRow};
use url::Url;

use super::challenge::PATIENCE;
use super::site::next_place;
use super::{Accounts, SignedIn, Visitor, email};
use crate::{Grant, Permission, Rule};

/// Kind of the cookie that waits for somebody's return.
const COOKIE: &str = "oidc";
/// How long what a provider says of itself is taken for true.
const FRESH: i64 = 3600 * 1000;
/// How often the keys of a provider are asked for when a token names one that is not known.
const KEYS_EVERY: i64 = 30 * 1000;
/// What stands in the addresses of other ways in, where the name of a provider would.
const RESERVED: [&str; 3] = ["password", "passkey", "providers"];
/// Most bytes that a provider is listened to.
const LIMIT: u64 = 1 << 20;
/// Algorithms that identities may be signed with: those of public keys only.
const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// A provider that people may sign in with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// Name on the sign-in page, for example `Keycloak`.
    pub title: String,
    /// Issuer, for example `https://id.example.com/realms/main`; what it says of itself is read below
    /// `/.well-known/openid-configuration`.
    pub issuer: String,
    /// Our name at the provider.
    pub client_id: String,
    /// What is asked for beside `openid email profile`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether an address that the provider calls verified opens the account of that address here. Only for providers
    /// who own the addresses that they hand out.
    #[serde(default)]
    pub trust_email: bool,
    /// What somebody who comes for the first time may do; absent: only who was invited comes in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub newcomers: Vec<Rule>,
    /// Domains of addresses that newcomers must have; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

/// A provider as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderInfo {
    /// Name in addresses.
    pub name: String,
    /// How it is asked.
    pub spec: Provider,
    /// Whether it has a client secret; the secret itself is never shown.
    pub has_secret: bool,
    /// The address that has to be registered there.
    pub redirect_uri: String,
}

/// A provider to set up.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProvider {
    /// How it is asked.
    pub spec: Provider,
    /// Our password there; absent: the one before stays.
    #[serde(default)]
    pub client_secret: Option<String>,
}

/// A way in that the sign-in page offers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// Name in addresses.
    pub name: String,
    /// Name for people.
    pub title: String,
}

/// Where to go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// The provider's page.
    pub location: String,
    /// The header that lets us know them again.
    #[serde(skip)]
    #[schemars(skip)]
    pub cookie: String,
}

/// What somebody wants who goes to a provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Journey {
    /// Where to go afterwards, a path of our own.
    pub next: Option<String>,
    /// Secret of a link that lets them in.
    pub link: Option<String>,
    /// The person who wants to come in by the provider from now on.
    pub attach: Option<PrincipalId>,
}

/// What comes back with a browser.
#[derive(Serialize, Deserialize)]
struct Waiting {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    journey: Journey,
}

/// Somebody has returned.
pub struct Arrival {
    /// Where to go on.
    pub next: String,
    /// The session, unless they had one.
    pub signed_in: Option<SignedIn>,
    /// The header that takes the waiting cookie away.
    pub cookie: String,
}

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Clone)]
struct Known {
    metadata: Metadata,
    keys: JwkSet,
    at: i64,
    keys_at: i64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// Some providers write it as a text.
    #[serde(default)]
    email_verified: serde_json::Value,
    #[serde(default)]
    name: Option<String>,
}

/// What is known of providers, and the way to them.
#[derive(Default)]
pub(crate) struct Providers {
    known: Mutex<HashMap<String, Arc<Known>>>,
    /// Made when somebody first goes to a provider.
    way_out: OnceLock<Outbound>,
}

impl Accounts {
    /// The ways that the sign-in page offers.
    pub async fn ways(&self) -> Result<Vec<Way>, Problem> {
        let all = self.inner.store.providers().await?;
        let way = |row: &ProviderRow| Some(Way { name: row.name.clone(), title: spec_of(row).ok()?.title });
        Ok(all.iter().filter_map(way).collect())
    }

    /// All providers.
    pub async fn providers(&self, grant: &Grant) -> Result<Vec<ProviderInfo>, Problem> {
        grant.require_everywhere(Permission::SignInWrite)?;
        let mut shown = Vec::new();
        for row in self.inner.store.providers().await? {
            let has_secret =
                self.inner.vault.given_server_secret(&secret_name(&row.name)).await.is_ok_and(|s| s.is_some());
            let redirect_uri = self.redirect_uri(&row.name);
            shown.push(ProviderInfo { spec: spec_of(&row)?, name: row.name, has_secret, redirect_uri });
        }
        Ok(shown)
    }

    /// Sets a provider up. It is asked first, so that a wrong address is told at once.
    pub async fn put_provider(&self, grant: &Grant, name: &Name, new: NewProvider) -> Result<ProviderInfo, Problem> {
        grant.require_everywhere(Permission::SignInWrite)?;
        if RESERVED.contains(&name.as_str()) {
            return Err(Problem::new(Code::InvalidName, format!("a provider cannot be called `{name}`"))
                .at("/name")
                .hint("that stands for another way of signing in"));
        }
        let NewProvider { spec, client_secret } = new;
        check_spec(&spec)?;
        if let Some(at) = spec.newcomers.iter().position(|rule| !grant.may_give(rule)) {
            return Err(Problem::new(Code::Forbidden, "you cannot give a role that you do not have yourself")
                .at(format!("/spec/newcomers/{at}")));
        }
        self.forget(name.as_str());
        self.learn(name.as_str(), &spec).await?;
        let row = ProviderRow {
            name: name.to_string(),
            spec: serde_json::to_string(&spec).map_err(|error| Problem::new(Code::Internal, error.to_string()))?,
            updated_at: crate::now_millis(),
            updated_by: grant.actor().to_owned(),
        };
        if let Some(secret) = client_secret.filter(|secret| !secret.is_empty()) {
            self.inner.vault.put_server_secret(&secret_name(name.as_str()), secret.as_bytes(), grant.actor()).await?;
        }
        self.inner.store.put_provider(row).await?;
        let has_secret = self.inner.vault.given_server_secret(&secret_name(name.as_str())).await?.is_some();
        Ok(ProviderInfo { redirect_uri: self.redirect_uri(name.as_str()), name: name.to_string(), spec, has_secret })
    }

    /// Drops a provider, and with it who is known by it.
    pub async fn delete_provider(&self, grant: &Grant, name: &str) -> Result<(), Problem> {
        grant.require_everywhere(Permission::SignInWrite)?;
        self.inner.store.delete_provider(name, grant.actor(), crate::now_millis()).await?;
        self.forget(name);
        Ok(self.inner.vault.drop_server_secret(&secret_name(name), grant.actor()).await?)
    }

    /// Sends somebody to a provider.
    pub async fn depart(&self, name: &str, journey: Journey) -> Result<Departure, Problem> {
        let spec = self.provider(name).await?;
        let known = self.learn(name, &spec).await?;
        let (state, nonce) = (crate::random_text(), crate::random_text());
        let verifier = format!("{}{}", crate::random_text(), crate::random_text());
        let challenge = URL_SAFE_NO_PAD.encode(store::digest(verifier.as_bytes()).0);
        let mut scopes = vec!["openid", "email", "profile"];
        scopes.extend(spec.scopes.iter().map(String::as_str));
        let mut location = safe_address(&known.metadata.authorization_endpoint).map_err(|why| untrue(&spec, why))?;
        location
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &spec.client_id)
            .append_pair("redirect_uri", &self.redirect_uri(name))
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let waiting = Waiting { provider: name.to_owned(), state, nonce, verifier, journey };
        let carried = self.carry(COOKIE, waiting)?;
        let cookie = self.inner.site.set_cookie(COOKIE, Some(&carried), (PATIENCE / 1000) as u64);
        Ok(Departure { location: location.into(), cookie })
    }

    /// Takes somebody in who comes back from a provider with these words in the address.
    pub async fn arrive(
        &self,
        name: &str,
        visitor: &Visitor,
        headers: &HeaderMap,
        said: &HashMap<&str, &str>,
    ) -> Result<Arrival, Problem> {
        let strange =
            || Problem::new(Code::SignInRefused, "the answer belongs to no sign-in of this browser").hint("try again");
        let carried = self.inner.site.cookie(headers, COOKIE).ok_or_else(strange)?;
        let waiting: Waiting = self.brought(COOKIE, carried).await?;
        if waiting.provider != name || said.get("state").is_none_or(|state| **state != *waiting.state) {
            return Err(strange());
        }
        let spec = self.provider(name).await?;
        let known = self.learn(name, &spec).await?;
        // A provider that says who it is must not be another one (RFC 9207).
        let issuer = said.get("iss").copied();
        let silent = issuer.is_none() && known.metadata.authorization_response_iss_parameter_supported;
        if silent || issuer.is_some_and(|issuer| issuer != known.metadata.issuer) {
            return Err(strange());
        }
        if let Some(error) = said.get("error") {
            let why: String = said.get("error_description").unwrap_or(error).chars().take(200).collect();
            return Err(Problem::new(Code::SignInRefused, format!("{} says: {why}", spec.title)));
        }
        let code = said.get("code").ok_or_else(strange)?;
        let claims = self.redeem(name, &spec, &known, code, &waiting).await?;
        let next = next_place(waiting.journey.next.as_deref());
        let cookie = self.inner.site.set_cookie(COOKIE, None, 0);
        if let Some(user) = waiting.journey.attach {
            // The session that asked must still be there: whoever has signed out since wants nothing any more.
            let grant = self.by_session_of(headers).await?;
            if grant.session()?.0 != user {
                return Err(strange());
            }
            self.known_as(name, &claims.sub, user, grant.actor()).await?;
            return Ok(Arrival { next, signed_in: None, cookie });
        }
        let user = self.whoever(name, &spec, visitor, &claims, waiting.journey.link.as_deref()).await?;
        let signed_in = self.open_session(&user, name, visitor).await?;
        Ok(Arrival { next, signed_in: Some(signed_in), cookie })
    }

    /// Who somebody at a provider is here.
    async fn whoever(
        &self,
        name: &str,
        spec: &Provider,
        visitor: &Visitor,
        claims: &Claims,
        link: Option<&str>,
    ) -> Result<UserRow, Problem> {
        let shut = || Problem::new(Code::SignInRefused, "this account is disabled").hint("ask an admin");
        if let Some(user) = self.inner.store.identity(name, &claims.sub).await? {
            return if user.disabled_at.is_none() { Ok(user) } else { Err(shut()) };
        }
        let address = claims.email.as_deref().map(email).transpose()?;
        let verified = matches!(&claims.email_verified, serde_json::Value::Bool(true))
            || claims.email_verified.as_str() == Some("true");
        if let Some(secret) = link {
            let link = self.good_link(visitor, secret).await?;
            if link.purpose == LinkPurpose::Reset {
                return Err(Problem::new(Code::SignInRefused, "this link sets a password, and does nothing else"));
            }
            // The link proves that it reached whom it was sent to, so the provider's address need not be the same.
            let known_as = match link.email.is_empty() {
                true => address.ok_or_else(|| no_address(spec))?,
                false => link.email.clone(),
            };
            let user = self.join(&link, known_as, called(claims, &link.email), None).await?;
            self.known_as(name, &claims.sub, user.id, &crate::tokens::user_actor(&user)).await?;
            return Ok(user);
        }
        let stranger = || {
            Problem::new(Code::SignInRefused, format!("{} knows you, but you have no account here", spec.title)).hint(
                "ask an admin for an invitation, or sign in another way and add the provider on your account page",
            )
        };
        let Some(address) = address.filter(|_| verified) else { return Err(stranger()) };
        if let Some(user) = self.inner.store.user_by_email(&address).await? {
            if !spec.trust_email {
                return Err(stranger());
            }
            if user.disabled_at.is_some() {
                return Err(shut());
            }
            self.known_as(name, &claims.sub, user.id, &crate::tokens::user_actor(&user)).await?;
            return Ok(user);
        }
        let domain = address.rsplit('@').next().unwrap_or_default();
        let welcome = spec.domains.is_empty() || spec.domains.iter().any(|known| known.eq_ignore_ascii_case(domain));
        if spec.newcomers.is_empty() || !welcome {
            return Err(stranger());
        }
        let user = self.newcomer(name, spec, address.clone(), called(claims, &address)).await?;
        self.known_as(name, &claims.sub, user.id, &crate::tokens::user_actor(&user)).await?;
        Ok(user)
    }

    async fn newcomer(&self, name: &str, spec: &Provider, email: String, called: String) -> Result<UserRow, Problem> {
        let now = crate::now_millis();
        let grants = serde_json::to_string(&spec.newcomers);
        let user = UserRow {
            id: PrincipalId::from_parts(now as u64, crate::random_u128()),
            email,
            name: called,
            grants: grants.map_err(|error| Problem::new(Code::Internal, error.to_string()))?,
            // Nobody becomes an owner by being known elsewhere; `check_spec` refuses that.
            is_owner: false,
            password: None,
            created_at: now,
            created_by: format!("provider:{name}"),
            signed_in_at: None,
            disabled_at: None,
        };
        self.inner.store.create_user(user.clone(), None).await?;
        self.refresh().await?;
        Ok(user)
    }

    async fn known_as(&self, provider: &str, subject: &str, user: PrincipalId, by: &str) -> Result<(), Problem> {
        let identity = IdentityRow {
            provider: provider.to_owned(),
            subject: subject.to_owned(),
            user,
            created_at: crate::now_millis(),
        };
        self.inner.store.link_identity(identity, by).await.map_err(|error| match error {
            store::Error::Exists(_) => Problem::new(Code::Conflict, "that name at the provider belongs to an account"),
            other => other.into(),
        })
    }

    async fn provider(&self, name: &str) -> Result<Provider, Problem> {
        let all = self.inner.store.providers().await?;
        let row = all.iter().find(|row| row.name == name);
        row.map(spec_of).ok_or_else(|| Problem::new(Code::NotFound, format!("there is no provider `{name}`")))?
    }

    fn redirect_uri(&self, name: &str) -> String {
        format!("{}/api/v1/sign-in/{name}/return", self.inner.site.base())
    }

    fn forget(&self, name: &str) {
        self.inner.providers.known.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// What a provider says of itself, read anew every hour.
    async fn learn(&self, name: &str, spec: &Provider) -> Result<Arc<Known>, Problem> {
        let kept = self.inner.providers.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = kept.filter(|known| crate::now_millis() - known.at < FRESH) {
            return Ok(known);
        }
        let issuer = spec.issuer.trim_end_matches('/');
        let metadata: Metadata =
            self.fetch(spec, Method::GET, &format!("{issuer}/.well-known/openid-configuration"), None).await?;
        if metadata.issuer.trim_end_matches('/') != issuer {
            let detail = format!("the provider calls itself `{}`, not `{issuer}`", metadata.issuer);
            return Err(Problem::new(Code::InvalidSpec, detail).at("/spec/issuer"));
        }
        let userinfo = metadata.userinfo_endpoint.as_ref();
        let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        for address in endpoints.into_iter().chain(userinfo) {
            safe_address(address).map_err(|why| untrue(spec, why))?;
        }
        let keys: JwkSet = self.fetch(spec, Method::GET, &metadata.jwks_uri, None).await?;
        let now = crate::now_millis();
        self.remember(name, Known { metadata, keys, at: now, keys_at: now })
    }

    fn remember(&self, name: &str, known: Known) -> Result<Arc<Known>, Problem> {
        let known = Arc::new(known);
        let mut all = self.inner.providers.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    /// Exchanges a code for who it is.
    async fn redeem(
        &self,
        name: &str,
        spec: &Provider,
        known: &Arc<Known>,
        code: &str,
        waiting: &Waiting,
    ) -> Result<Claims, Problem> {
        let secret = self.inner.vault.given_server_secret(&secret_name(name)).await?;
        let form =
            token_form(spec, &known.metadata, secret.as_deref(), &self.redirect_uri(name), code, &waiting.verifier)?;
        let answer: TokenAnswer = self.fetch(spec, Method::POST, &known.metadata.token_endpoint, Some(form)).await?;
        let claims = match verify(&answer.id_token, spec, known) {
            // Providers change their keys; a token that names an unknown one is worth one more look.
            Err(Unverified::Key) if crate::now_millis() - known.keys_at > KEYS_EVERY => {
                let keys = self.fetch(spec, Method::GET, &known.metadata.jwks_uri, None).await?;
                let known =
                    self.remember(name, Known { keys, keys_at: crate::now_millis(), ..known.as_ref().clone() })?;
                verify(&answer.id_token, spec, &known)
            }
            other => other,
        };
        let doubted =
            |why: &str| Problem::new(Code::SignInRefused, format!("what {} says cannot be trusted: {why}", spec.title));
        let claims = claims.map_err(|error| doubted(error.as_str()))?;
        if claims.nonce.as_deref() != Some(&waiting.nonce) {
            return Err(doubted("it answers another sign-in"));
        }
        if claims.azp.as_ref().is_some_and(|party| *party != spec.client_id) {
            return Err(doubted("it was made for another program"));
        }
        if claims.sub.is_empty() || claims.sub.len() > 255 {
            return Err(doubted("it names nobody"));
        }
        // Whoever follows the specification to the letter tells name and address apart from who it is (section 5.4).
        let (Some(address), Some(token), None) =
            (&known.metadata.userinfo_endpoint, answer.access_token, &claims.email)
        else {
            return Ok(claims);
        };
        let told: Claims = self.fetch(spec, Method::GET, address, Some(Form::bearer(&token)?)).await?;
        if told.sub != claims.sub {
            return Err(doubted("it tells of somebody else"));
        }
        Ok(Claims { email: told.email, email_verified: told.email_verified, name: told.name.or(claims.name), ..claims })
    }

    /// JSON from a provider. It was set up by an owner, so it may be in one's own network.
    async fn fetch<T: DeserializeOwned>(
        &self,
        spec: &Provider,
        method: Method,
        address: &str,
        form: Option<Form>,
    ) -> Result<T, Problem> {
        let mut request = Request::new(method, safe_address(address).map_err(|why| untrue(spec, why))?);
        if let Some(form) = form {
            request.headers.extend(form.authorization.map(|value| (header::AUTHORIZATION, value)));
            if !form.text.is_empty() {
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers.insert(header::CONTENT_TYPE, kind);
                request = request.body(Bytes::from(form.text));
            }
        }
        let silent = |why: String| {
            Problem::new(Code::Unavailable, format!("{} ({}) cannot be asked: {why}", spec.title, spec.issuer))
                .hint("look whether the provider works; signing in by password goes on")
        };
        let way_out = match self.inner.providers.way_out.get() {
            Some(known) => known.clone(),
            None => {
                let options = outbound::Options {
                    egress: EgressRules::private(),
                    cache_bytes: 0,
                    ..outbound::Options::default()
                };
                let made = Outbound::new(options, Arc::new(NoCredentials)).map_err(|error| silent(error.chain()))?;
                self.inner.providers.way_out.get_or_init(|| made).clone()
            }
        };
        let mut meta = Meta::new(ScopeId(1));
        meta.deadline = Duration::from_secs(10);
        meta.stall = Duration::from_secs(10);
        meta.max_body = LIMIT;
        meta.follow_redirects = 0;
        meta.throttle = outbound::Throttle::Answer;
        let answer = way_out.send(request, meta).await.map_err(|error| silent(error.chain()))?;
        let status = answer.status;
        let bytes = answer.bytes(LIMIT).await.map_err(|error| silent(error.chain()))?;
        if !status.is_success() {
            let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let why: String =
                said["error_description"].as_str().or(said["error"].as_str()).unwrap_or("").chars().take(200).collect();
            return Err(silent(format!("it answers {status} {why}")));
        }
        serde_json::from_slice(&bytes).map_err(|error| silent(format!("it answers what is not expected: {error}")))
    }
}

/// What is sent to a provider.
struct Form {
    text: String,
    authorization: Option<HeaderValue>,
}

impl Form {
    /// Nothing but the right to ask.
    fn bearer(token: &str) -> Result<Form, Problem> {
        Ok(Form { text: String::new(), authorization: Some(secret_header(&format!("Bearer {token}"))?) })
    }
}

fn secret_header(text: &str) -> Result<HeaderValue, Problem> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| Problem::new(Code::Internal, "a secret cannot be sent as a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Asks for an identity in exchange for a code (RFC 6749, sections 2.3.1 and 4.1.3; RFC 7636).
fn token_form(
    spec: &Provider,
    metadata: &Metadata,
    secret: Option<&[u8]>,
    redirect_uri: &str,
    code: &str,
    verifier: &str,
) -> Result<Form, Problem> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_verifier", verifier);
    let methods = &metadata.token_endpoint_auth_methods_supported;
    // What a provider does not say is basic (OpenID Connect Discovery, section 3).
    let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
    let authorization = match secret.map(String::from_utf8_lossy) {
        Some(secret) if basic => {
            let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let both = STANDARD.encode(format!("{}:{}", encode(&spec.client_id), encode(&secret)));
            Some(secret_header(&format!("Basic {both}"))?)
        }
        secret => {
            form.append_pair("client_id", &spec.client_id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", &secret);
            }
            None
        }
    };
    Ok(Form { text: form.finish(), authorization })
}

/// Why an identity is not believed.
#[derive(Debug, PartialEq)]
enum Unverified {
    /// It was signed with a key that is not known.
    Key,
    Other(&'static str),
}

impl Unverified {
    fn as_str(&self) -> &'static str {
        match self {
            Unverified::Key => "it is signed with an unknown key",
            Unverified::Other(why) => why,
        }
    }
}

/// Checks signature, issuer, audience and time of an identity (OpenID Connect Core, section 3.1.3.7).
fn verify(token: &str, spec: &Provider, known: &Known) -> Result<Claims, Unverified> {
    use jsonwebtoken::errors::ErrorKind;
    let head = jsonwebtoken::decode_header(token).map_err(|_| Unverified::Other("it is no signed token"))?;
    if !ALGORITHMS.contains(&head.alg) {
        return Err(Unverified::Other("it is signed with an algorithm that is not taken"));
    }
    let fits = |key: &&jsonwebtoken::jwk::Jwk| {
        let signs = key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
            && key.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        signs && (head.kid.is_none() || key.common.key_id == head.kid)
    };
    let mut validation = Validation::new(head.alg);
    validation.set_audience(&[&spec.client_id]);
    validation.set_issuer(&[&known.metadata.issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    let mut found = Unverified::Key;
    for key in known.keys.keys.iter().filter(fits) {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(token) => return Ok(token.claims),
            Err(error) => {
                found = match error.kind() {
                    ErrorKind::ExpiredSignature => Unverified::Other("it has expired"),
                    ErrorKind::InvalidAudience => Unverified::Other("it was made for another program"),
                    ErrorKind::InvalidIssuer => Unverified::Other("it comes from another issuer"),
                    // Without a name of the key the next one may be the right one.
                    ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Unverified::Key,
                    _ => Unverified::Other("it lacks something"),
                };
            }
        }
    }
    Err(found)
}

fn spec_of(row: &ProviderRow) -> Result<Provider, Problem> {
    serde_json::from_str(&row.spec)
        .map_err(|error| Problem::new(Code::Internal, format!("the provider `{}` cannot be read: {error}", row.name)))
}

fn check_spec(spec: &Provider) -> Result<(), Problem> {
    let wrong = |why: &str, at: &str| Err(Problem::new(Code::InvalidSpec, why).at(format!("/spec/{at}")));
    if spec.title.trim().is_empty() || spec.title.len() > 60 {
        return wrong("a provider has a title of 1 to 60 bytes", "title");
    }
    if spec.client_id.trim().is_empty() || spec.client_id.len() > 500 {
        return wrong("a provider knows us by a client id", "clientId");
    }
    match safe_address(&spec.issuer) {
        Err(why) => return wrong(&why, "issuer"),
        Ok(issuer) if issuer.query().is_some() || issuer.fragment().is_some() => {
            return wrong("an issuer has neither a query nor a fragment", "issuer");
        }
        Ok(_) => {}
    }
    if spec.newcomers.iter().any(|rule| rule.role == crate::Role::Owner) {
        return wrong("nobody becomes an owner by being known elsewhere", "newcomers");
    }
    Ok(())
}

/// What is read from a provider decides who comes in, so nobody on the way may change it.
fn safe_address(text: &str) -> Result<Url, String> {
    let address = Url::parse(text).map_err(|_| format!("`{text}` is no address"))?;
    let own = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match address.scheme() {
        "https" => Ok(address),
        "http" if own => Ok(address),
        _ => Err(format!("`{text}` is no https address")),
    }
}

fn untrue(spec: &Provider, why: String) -> Problem {
    Problem::new(Code::InvalidSpec, format!("{} names an address that is not taken: {why}", spec.title))
        .at("/spec/issuer")
}

/// Where the secret of a provider is.
fn secret_name(provider: &str) -> String {
    format!("provider-{provider}")
}

fn no_address(spec: &Provider) -> Problem {
    Problem::new(Code::SignInRefused, format!("{} does not tell your address", spec.title))
        .hint("use the link with a password")
}

/// What somebody is called, from what the provider says.
fn called(claims: &Claims, address: &str) -> String {
    let plain = |text: &String| text.chars().filter(|letter| !letter.is_control()).take(60).collect::<String>();
    let name = claims.name.as_ref().map(plain).filter(|name| !name.trim().is_empty());
    name.unwrap_or_else(|| address.split('@').next().filter(|part| !part.is_empty()).unwrap_or("somebody").to_owned())
}
