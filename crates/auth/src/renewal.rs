//! Tokens are renewed ahead of their end, once at a time for each connection, and never lost on the way.
//!
//! Within a process a gate lets one caller renew while the others wait for what it brings; among processes a lease in
//! the store does. A new token is kept, together with the one that renews it next, before anybody shows it. A renewal
//! that was begun goes on when whoever asked for it has gone, because some services take each renewing token only once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use model::{Map, Name, ScopeId};
use outbound::{Error, LaterReason, Meta, Request, ShownRequest};
use store::{Change, ConnectionState, SealedRow, TokenRight};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;
use url::Url;

use crate::connection::Connection;
use crate::oauth::wire::{self, Ask, Fault, Form, Tokens};
use crate::oauth::{ACCESS, Flow, OAuth, REFRESH, address, fill};
use crate::session::{self, Session};
use crate::source::Source;
use crate::vault::{Opened, Vault};

/// Least time ahead of its end that a token is renewed.
const AHEAD: i64 = 60_000;
/// Share of a token's life that it is renewed ahead of its end.
const SHARE: i64 = 10;
/// A token that ends this soon is not shown any more: the call takes its time, and clocks differ.
const TOO_SOON: i64 = 10_000;
/// How long one process may take to renew before another one tries.
const LEASE: i64 = 60_000;
/// Longest time that a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest time that is waited for what another process renews.
const OTHERS: Duration = Duration::from_secs(25);
/// Most bytes of an answer.
const LIMIT: u64 = 1 << 20;
/// Pauses between tries within a call.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(1000)];
/// First and longest time until it is tried again after that.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A token that was just renewed because the one before was refused is not renewed again for so long: the service
/// refuses for another reason.
const JUST_RENEWED: Duration = Duration::from_secs(60);
/// Tokens of connections that nobody uses are renewed after so long, so that what renews them does not end unseen.
const IDLE: i64 = 24 * 3600 * 1000;
/// Idle connections that are renewed in one round.
const ROUND: usize = 100;

/// What is remembered between renewals of a connection.
#[derive(Default)]
pub(crate) struct Turn {
    failures: u32,
    not_before: Option<Instant>,
    /// When a refused token was last renewed, and the generation that this brought.
    forced: Option<(Instant, u64)>,
}

/// What is answered where tokens are handed out.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One at a time goes through.
type Gate = Arc<tokio::sync::Mutex<Turn>>;

/// The gates of connections.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<(ScopeId, Name), Gate>>);

impl Gates {
    fn of(&self, scope: ScopeId, name: &Name) -> Gate {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry((scope, name.clone())).or_default().clone()
    }
}

/// What the token of a connection needs.
#[derive(Debug, PartialEq)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// It is good for some more time; somebody should renew it.
    Soon,
    /// It cannot be shown.
    Now,
    /// It cannot be shown, and only a person can change that.
    Person(&'static str),
}

/// What the token of a connection needs at a time.
pub(crate) fn need(source: Source<'_>, has: (bool, bool), state: &ConnectionState, salt: u8, now: i64) -> Need {
    let (has_access, has_refresh) = has;
    let renewable = has_refresh || !source.needs_consent();
    if !has_access {
        return if renewable { Need::Now } else { Need::Person("it has not been connected yet") };
    }
    let Some(expires_at) = state.expires_at else { return Need::Nothing };
    if !renewable {
        let over = now >= expires_at;
        return if over { Need::Person("its token has ended, and nothing renews it") } else { Need::Nothing };
    }
    let life = state.refreshed_at.map_or(0, |since| expires_at - since).max(1);
    let ahead = AHEAD.max(life / SHARE).min(life / 2);
    // Connections that were made together are not all renewed together.
    let ahead = ahead + ahead / 10 * i64::from(salt) / 255;
    match expires_at - now {
        left if left <= TOO_SOON.min(life / 10) => Need::Now,
        left if left <= ahead => Need::Soon,
        _ => Need::Nothing,
    }
}

impl Opened {
    /// What its token needs, if it has one.
    pub(crate) fn need(&self, name: &Name) -> Need {
        let Some(source) = self.connection.source() else { return Need::Nothing };
        let salt = store::digest(name.as_str().as_bytes()).0[0];
        let has = (self.secrets.has(ACCESS), self.secrets.has(REFRESH));
        need(source, has, &self.state, salt, crate::now_millis())
    }

    /// Whether nobody has to consent for another token.
    pub(crate) fn is_renewable(&self) -> bool {
        self.connection.source().is_some_and(|source| self.secrets.has(REFRESH) || !source.needs_consent())
    }

    /// What is shown in a call.
    pub(crate) fn token(&self) -> Option<String> {
        self.secrets.optional(ACCESS).ok()?.map(str::to_owned)
    }

    /// Whether a request shows what is good now.
    fn is_shown(&self, shown: ShownRequest<'_>) -> bool {
        let token = self.connection.source().zip(self.secrets.optional(ACCESS).ok().flatten());
        token.is_some_and(|(source, token)| source.shows(token, shown))
    }
}

impl Vault {
    /// The connection with a token that may be shown.
    pub(crate) async fn ready(&self, scope: ScopeId, name: &Name, opened: Arc<Opened>) -> Result<Arc<Opened>, Error> {
        match opened.need(name) {
            Need::Nothing => Ok(opened),
            Need::Soon => {
                let (vault, name) = (self.clone(), name.clone());
                let gate = self.inner.gates.of(scope, &name);
                // Who comes while it is being renewed goes on with what there is.
                if let Ok(turn) = gate.try_lock_owned() {
                    self.inner.tasks.spawn(async move {
                        if let Err(error) = vault.renewed(scope, name.clone(), None, turn).await {
                            tracing::info!(connection = %name, %error, "a token was not renewed ahead of its end");
                        }
                    });
                }
                Ok(opened)
            }
            Need::Now => self.renew_now(scope, name, None).await,
            Need::Person(why) => Err(dead(name, why)),
        }
    }

    /// Renews, unless somebody else has done it meanwhile. `refused`: the token that the service does not take any more.
    pub(crate) async fn renew_now(
        &self,
        scope: ScopeId,
        name: &Name,
        refused: Option<String>,
    ) -> Result<Arc<Opened>, Error> {
        let turn = self.inner.gates.of(scope, name).lock_owned().await;
        let (vault, own) = (self.clone(), name.clone());
        let task = self.inner.tasks.spawn(async move { vault.renewed(scope, own, refused, turn).await });
        task.await.unwrap_or_else(|_| Err(Error::connection(name, "could not be renewed")))
    }

    /// What `Credentials::renew` answers.
    pub(crate) async fn renew_refused(
        &self,
        scope: ScopeId,
        name: &Name,
        shown: ShownRequest<'_>,
    ) -> Result<bool, Error> {
        let opened = self.opened(scope, name).await?;
        if !opened.is_shown(shown) {
            return Ok(true);
        }
        // Another process may have renewed it, and made this one void by that.
        self.forget(scope, name);
        let opened = self.opened(scope, name).await?;
        if !opened.is_shown(shown) {
            return Ok(true);
        }
        if !opened.is_renewable() {
            return Ok(false);
        }
        if self.just_renewed(scope, name, opened.reach.generation).await {
            return Ok(false);
        }
        self.renew_now(scope, name, opened.token()).await.map(|_| true)
    }

    /// A service that did not answer may be asked again at once.
    pub(crate) async fn wait_no_more(&self, scope: ScopeId, name: &Name) {
        let gate = self.inner.gates.of(scope, name);
        gate.lock().await.not_before = None;
    }

    /// Whether this very token was brought by a renewal that a refusal caused, a moment ago.
    async fn just_renewed(&self, scope: ScopeId, name: &Name, generation: u64) -> bool {
        let gate = self.inner.gates.of(scope, name);
        let turn = gate.lock().await;
        turn.forced.is_some_and(|(at, brought)| brought == generation && at.elapsed() < JUST_RENEWED)
    }

    /// What `Credentials::refused` answers.
    pub(crate) async fn refused_by_service(
        &self,
        scope: ScopeId,
        name: &Name,
        generation: Option<u64>,
        reason: &str,
    ) -> Error {
        self.forget(scope, name);
        let opened = match self.opened(scope, name).await {
            Ok(opened) => opened,
            Err(error) => return error,
        };
        if let Some((_, reason)) = &opened.state.dead {
            return dead(name, reason);
        }
        if generation.is_some_and(|shown| shown != opened.reach.generation) {
            return again(name);
        }
        if opened.is_renewable() && !self.just_renewed(scope, name, opened.reach.generation).await {
            return match self.renew_now(scope, name, opened.token()).await {
                Ok(_) => again(name),
                Err(error) => error,
            };
        }
        let reason: String = reason.chars().filter(|letter| !letter.is_control()).take(300).collect();
        self.kill(scope, name, None, &reason).await;
        dead(name, reason)
    }

    /// Renews. The turn is this call's alone.
    async fn renewed(
        &self,
        scope: ScopeId,
        name: Name,
        refused: Option<String>,
        mut turn: OwnedMutexGuard<Turn>,
    ) -> Result<Arc<Opened>, Error> {
        let is_new = |opened: &Opened| {
            let good = matches!(opened.need(&name), Need::Nothing) && opened.state.dead.is_none();
            good && refused.as_ref().is_none_or(|refused| opened.token().as_ref() != Some(refused))
        };
        let opened = self.opened(scope, &name).await?;
        if is_new(&opened) {
            return Ok(opened);
        }
        if let Some(wait) = turn.not_before.map(|at| at.saturating_duration_since(Instant::now()))
            && !wait.is_zero()
        {
            return self.what_is_left(&name, opened, refused.is_some(), wait);
        }
        let Some(lease) = self.lease(scope, &name, &is_new).await? else { return self.opened(scope, &name).await };
        // Another process may have renewed between the look and the lease.
        self.forget(scope, &name);
        let opened = self.opened(scope, &name).await?;
        if is_new(&opened) {
            self.free(scope, &name, lease).await;
            return Ok(opened);
        }
        if let Some((_, reason)) = &opened.state.dead {
            self.free(scope, &name, lease).await;
            return Err(dead(&name, reason));
        }
        let outcome = self.ask_again(scope, &name, &opened).await;
        match outcome {
            Ok(tokens) => {
                self.keep(scope, &name, &opened, tokens, TokenRight::Lease(lease), "server").await?;
                let opened = self.opened(scope, &name).await?;
                let forced = refused.is_some().then(|| (Instant::now(), opened.reach.generation));
                *turn = Turn { forced, ..Turn::default() };
                Ok(opened)
            }
            Err(Fault::Refused { words, .. }) => {
                self.kill(scope, &name, Some(lease), &words).await;
                Err(dead(&name, words))
            }
            Err(Fault::Unavailable(words)) => {
                self.free(scope, &name, lease).await;
                let wait = FIRST_WAIT.saturating_mul(1 << turn.failures.min(10)).min(LONGEST_WAIT);
                let wait = wait.mul_f64(0.75 + 0.5 * chance());
                turn.failures += 1;
                turn.not_before = Some(Instant::now() + wait);
                tracing::warn!(connection = %name, why = words, ?wait, "a token cannot be renewed just now");
                self.what_is_left(&name, opened, refused.is_some(), wait)
            }
        }
    }

    /// The token as it is, while it is good for some time; otherwise the call has to wait.
    fn what_is_left(
        &self,
        name: &Name,
        opened: Arc<Opened>,
        is_refused: bool,
        after: Duration,
    ) -> Result<Arc<Opened>, Error> {
        if !is_refused && opened.need(name) == Need::Soon {
            return Ok(opened);
        }
        Err(Error::Later { host: name.to_string(), after, reason: LaterReason::Renewal })
    }

    /// The right to renew; none when another process has done it meanwhile.
    async fn lease(
        &self,
        scope: ScopeId,
        name: &Name,
        is_new: &(dyn Fn(&Opened) -> bool + Sync),
    ) -> Result<Option<i64>, Error> {
        let until = Instant::now() + OTHERS;
        loop {
            let now = crate::now_millis();
            let leased = self.inner.store.lease_connection(scope, name, &self.inner.node, LEASE, now).await;
            if let Some(lease) = leased.map_err(|error| unreadable(name, error))? {
                return Ok(Some(lease));
            }
            tokio::time::sleep(Duration::from_millis(100).mul_f64(1.0 + chance())).await;
            self.forget(scope, name);
            let opened = self.opened(scope, name).await?;
            if is_new(&opened) {
                return Ok(None);
            }
            if let Some((_, reason)) = &opened.state.dead {
                return Err(dead(name, reason));
            }
            if Instant::now() >= until {
                let after = Duration::from_secs(5);
                return Err(Error::Later { host: name.to_string(), after, reason: LaterReason::Renewal });
            }
        }
    }

    async fn free(&self, scope: ScopeId, name: &Name, lease: i64) {
        if let Err(error) = self.inner.store.free_connection(scope, name, lease).await {
            tracing::warn!(connection = %name, %error, "a lease could not be given back; it ends by itself");
        }
    }

    /// Notes that a connection is dead, and tells whoever wants to know.
    pub(crate) async fn kill(&self, scope: ScopeId, name: &Name, lease: Option<i64>, reason: &str) {
        let now = crate::now_millis();
        match self.inner.store.kill_connection(scope, name, lease, reason, now).await {
            Ok(true) => tracing::warn!(connection = %name, reason, "a connection is not taken any more"),
            Ok(false) => {}
            Err(error) => tracing::warn!(connection = %name, %error, "a connection's end could not be written"),
        }
        self.forget(scope, name);
        self.changed();
    }

    /// Asks for new tokens with what there is; a service that does not answer is asked a few times.
    async fn ask_again(&self, scope: ScopeId, name: &Name, opened: &Opened) -> Result<Tokens, Fault> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let asked = match opened.connection.source() {
                Some(Source::OAuth(oauth)) => self.ask(scope, name, opened, next_ask(oauth, opened)?).await,
                Some(Source::Login(session)) => self.log_in(scope, name, opened, session).await,
                None => return Err(Fault::Unavailable("it has no tokens".into())),
            };
            match (&asked, pauses.next()) {
                (Err(Fault::Unavailable(_)), Some(pause)) => tokio::time::sleep(pause.mul_f64(0.5 + chance())).await,
                _ => return asked,
            }
        }
    }

    /// Logs in, once.
    async fn log_in(&self, scope: ScopeId, name: &Name, opened: &Opened, session: &Session) -> Result<Tokens, Fault> {
        let Connection { settings, allow_private, .. } = &opened.connection;
        let request = session::wire::request(&session.login, session, settings, &opened.secrets, *allow_private);
        let request = request.map_err(lacks)?;
        let origin = session::wire::origin(&request, &session.token);
        let answer = self.send_for_token(scope, name, request).await?;
        let hide = session::wire::spellings(session, &opened.secrets);
        let hide: Vec<&str> = hide.iter().map(String::as_str).collect();
        let (headers, body, now) = (&answer.headers, &answer.body, crate::now_millis());
        let tokens = session::wire::read(session, answer.status, headers, body, &hide, now)?;
        Ok(Tokens { access: session::kept(&origin, &tokens.access), ..tokens })
    }

    /// Asks for tokens, once.
    pub(crate) async fn ask(
        &self,
        scope: ScopeId,
        name: &Name,
        opened: &Opened,
        ask: Ask<'_>,
    ) -> Result<Tokens, Fault> {
        let Some(oauth) = opened.connection.oauth() else { return Err(Fault::Unavailable("it has no tokens".into())) };
        let settings = &opened.connection.settings;
        let form =
            wire::token_form(oauth, settings, &opened.secrets, ask, crate::now_millis() / 1000).map_err(lacks)?;
        let url = fill(&oauth.token_url, settings).map_err(lacks)?;
        let url = address(&url, opened.connection.allow_private).map_err(lacks)?;
        let (status, body) = self.post(scope, name, url, form).await?;
        let mut hide: Vec<&str> = opened.secrets.texts().collect();
        match ask {
            Ask::Code { code, verifier, .. } => hide.extend([Some(code), verifier].into_iter().flatten()),
            Ask::Refresh { token } | Ask::Device { code: token } => hide.push(token),
            Ask::Client | Ask::Assertion => {}
        }
        wire::read(oauth, status, &body, &hide)
    }

    /// Sends a form to where tokens are handed out.
    pub(crate) async fn post(&self, scope: ScopeId, name: &Name, url: Url, form: Form) -> Result<(u16, Bytes), Fault> {
        let mut request = Request::new(Method::POST, url).body(form.text);
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        // Some services answer in a form unless they are told better.
        request.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.headers.extend(form.authorization.map(|value| (header::AUTHORIZATION, value)));
        let answer = self.send_for_token(scope, name, request).await?;
        Ok((answer.status, answer.body))
    }

    /// Sends a request that carries secrets to where tokens are handed out.
    pub(crate) async fn send_for_token(&self, scope: ScopeId, name: &Name, request: Request) -> Result<Answer, Fault> {
        let Some(way_out) = self.inner.way_out.get() else {
            return Err(Fault::Unavailable("there is no way out from here".into()));
        };
        let mut meta = Meta::new(scope);
        meta.connection = Some(name.clone());
        meta.signed = true;
        meta.deadline = PATIENCE;
        meta.stall = PATIENCE;
        meta.max_body = LIMIT;
        // A redirect would carry the secrets in it to somebody else.
        meta.follow_redirects = 0;
        meta.throttle = outbound::Throttle::Answer;
        let silent = |error: Error| {
            tracing::info!(connection = %name, error = error.chain(), "a token could not be asked for");
            Fault::Unavailable(error.to_string())
        };
        let answer = way_out.send(request, meta).await.map_err(silent)?;
        let (status, headers) = (answer.status.as_u16(), answer.headers.clone());
        Ok(Answer { status, headers, body: answer.bytes(LIMIT).await.map_err(silent)? })
    }

    /// Keeps new tokens, and what is known of them. While the store cannot be reached it is tried again: some services
    /// have made the ones before void by now.
    pub(crate) async fn keep(
        &self,
        scope: ScopeId,
        name: &Name,
        opened: &Opened,
        tokens: Tokens,
        right: TokenRight,
        by: &str,
    ) -> Result<(), Error> {
        let now = crate::now_millis();
        let end = |seconds: Option<i64>| seconds.map(|seconds| now.saturating_add(seconds.saturating_mul(1000)));
        let before = &opened.state;
        let mut kept: Map = serde_json::from_str(&before.kept).unwrap_or_default();
        kept.extend(tokens.kept);
        let consented = right == TokenRight::Consent;
        let asked = opened.connection.oauth().map(OAuth::scope).filter(|scope| !scope.is_empty());
        let state = ConnectionState {
            connected_by: if consented { Some(by.to_owned()) } else { before.connected_by.clone() },
            connected_at: if consented { Some(now) } else { before.connected_at.or(Some(now)) },
            refreshed_at: Some(now),
            expires_at: end(tokens.lifetime),
            // What stays in use keeps its end.
            ends_at: end(tokens.refresh_lifetime).or(before.ends_at.filter(|_| tokens.refresh.is_none() && !consented)),
            // A service that does not say has given what was asked for (RFC 6749, section 5.1).
            scopes: tokens.scopes.or_else(|| before.scopes.clone().filter(|_| !consented)).or(asked),
            kept: if kept.is_empty() { String::new() } else { serde_json::to_string(&kept).unwrap_or_default() },
            dead: None,
        };
        let mut patience = PAUSES.into_iter().chain([Duration::from_secs(3), Duration::from_secs(9)]);
        loop {
            // Without a token that renews it, a consent leaves none of the account before.
            let refresh = tokens.refresh.as_deref().or(consented.then_some(""));
            let written = self.write_tokens(scope, name, (&tokens.access, refresh), &state, right, by);
            match written.await {
                Ok(()) => {
                    self.forget(scope, name);
                    self.changed();
                    return Ok(());
                }
                Err(crate::Error::Store(error)) if error.is_transient() => match patience.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(unreadable(name, error)),
                },
                // A renewal has come between; a person's consent counts.
                Err(crate::Error::Store(store::Error::Conflict { .. })) if consented => match patience.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(Error::connection(name, "is being renewed all the time")),
                },
                // Somebody has connected it again, or another process was faster: theirs counts.
                Err(crate::Error::Store(store::Error::Conflict { .. })) => {
                    self.forget(scope, name);
                    return Ok(());
                }
                Err(error) => {
                    tracing::error!(connection = %name, %error, "a new token could not be kept");
                    return Err(Error::connection(name, "has a new token that could not be kept"));
                }
            }
        }
    }

    async fn write_tokens(
        &self,
        scope: ScopeId,
        name: &Name,
        (access, refresh): (&str, Option<&str>),
        state: &ConnectionState,
        right: TokenRight,
        by: &str,
    ) -> Result<(), crate::Error> {
        let now = crate::now_millis();
        let mut rows = Vec::new();
        for (field, value) in [(ACCESS, Some(access)), (REFRESH, refresh)] {
            let Some(value) = value else { continue };
            let newest = self.inner.store.secret(scope, name, field).await?;
            if value.is_empty() && newest.is_none() {
                continue;
            }
            let generation = newest.map_or(0, |row| row.generation) + 1;
            let place = crate::Place { scope, connection: name, field, generation };
            let sealed = self.inner.keyring.seal(place, value.as_bytes())?.into();
            rows.push(SealedRow { field: field.to_owned(), generation, sealed, written_at: now });
        }
        self.inner.store.put_tokens(scope, name, right, rows, state.clone(), Change::new(by, now)).await?;
        Ok(())
    }

    /// Forgets tokens. Empty ones take their place, so that generations go on rising.
    pub(crate) async fn clear_tokens(&self, scope: ScopeId, name: &Name, by: &str) -> Result<(), crate::Error> {
        let nothing = ConnectionState::default();
        self.write_tokens(scope, name, ("", Some("")), &nothing, TokenRight::Disconnect, by).await?;
        self.forget(scope, name);
        self.changed();
        Ok(())
    }

    /// Takes back that a connection is dead, because a person wants it tried again.
    pub(crate) async fn revive(&self, scope: ScopeId, name: &Name) -> Result<(), crate::Error> {
        self.inner.store.revive_connection(scope, name).await?;
        self.forget(scope, name);
        self.changed();
        Ok(())
    }

    /// Renews tokens of connections that nobody has used for a while; says how many.
    pub async fn renew_idle(&self, now: i64) -> Result<usize, crate::Error> {
        let idle = self.inner.store.idle_connections(now - IDLE, ROUND).await?;
        let mut renewed = 0;
        for (scope, name) in idle {
            let Ok(opened) = self.opened(scope, &name).await else { continue };
            if !opened.is_renewable() {
                continue;
            }
            match self.renew_now(scope, &name, opened.token()).await {
                Ok(_) => renewed += 1,
                Err(error) => tracing::info!(connection = %name, %error, "an idle connection was not renewed"),
            }
        }
        Ok(renewed)
    }

    /// Waits for what is being renewed: a token that was handed out must be kept.
    pub async fn settle(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

pub(crate) fn dead(name: &Name, reason: impl Into<String>) -> Error {
    Error::Dead { connection: name.clone(), reason: reason.into() }
}

/// What an OAuth connection asks for its next token with.
fn next_ask<'a>(oauth: &OAuth, opened: &'a Opened) -> Result<Ask<'a>, Fault> {
    let refresh = opened.secrets.optional(REFRESH).ok().flatten();
    match (refresh, oauth.flow) {
        (_, Flow::ClientCredentials) => Ok(Ask::Client),
        (_, Flow::JwtBearer) => Ok(Ask::Assertion),
        (Some(token), _) => Ok(Ask::Refresh { token }),
        (None, _) => {
            let words = "it has to be connected first".to_owned();
            Err(Fault::Refused { error: "invalid_grant".into(), words })
        }
    }
}

/// What a connection lacks a person has to give, as after a refusal.
fn lacks(words: String) -> Fault {
    Fault::Refused { error: "incomplete".into(), words: format!("it {words}") }
}

/// The next try finds a newer token.
fn again(name: &Name) -> Error {
    Error::Later { host: name.to_string(), after: Duration::from_secs(1), reason: LaterReason::Renewal }
}

fn unreadable(name: &Name, error: store::Error) -> Error {
    let reason = "cannot be read just now".into();
    Error::Connection { connection: name.clone(), reason, source: Some(Box::new(error)) }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    f64::from(u32::from_be_bytes(crate::seal::random())) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state(since: i64, life: i64) -> ConnectionState {
        let (refreshed_at, expires_at) = (Some(since), Some(since + life));
        ConnectionState { refreshed_at, expires_at, ..ConnectionState::default() }
    }

    #[test]
    fn tokens_are_renewed_ahead_of_their_end_and_not_all_at_once() {
        let spec = json!({ "clientId": "a", "authorizeUrl": "https://x.example/a", "tokenUrl": "https://x.example/t" });
        let oauth: OAuth = serde_json::from_value(spec.clone()).unwrap();
        let hour = state(0, 3_600_000);
        let check = |state: &ConnectionState, salt, now, expect| {
            assert_eq!(need(Source::OAuth(&oauth), (true, true), state, salt, now), expect, "at {now}");
        };
        check(&hour, 0, 3_239_999, Need::Nothing);
        check(&hour, 0, 3_240_000, Need::Soon);
        check(&hour, 255, 3_204_000, Need::Soon);
        check(&hour, 0, 3_589_999, Need::Soon);
        check(&hour, 0, 3_590_000, Need::Now);
        let minutes = state(0, 300_000);
        check(&minutes, 0, 239_999, Need::Nothing);
        check(&minutes, 0, 240_000, Need::Soon);
        let seconds = state(0, 4_000);
        check(&seconds, 0, 1_999, Need::Nothing);
        check(&seconds, 0, 2_000, Need::Soon);
        check(&seconds, 0, 3_600, Need::Now);
        check(&ConnectionState::default(), 0, 1 << 50, Need::Nothing);
        let without = |now| need(Source::OAuth(&oauth), (true, false), &hour, 0, now);
        assert_eq!(without(3_599_999), Need::Nothing, "nothing renews it, so it serves to its end");
        assert!(matches!(without(3_600_000), Need::Person(_)));
        assert!(matches!(need(Source::OAuth(&oauth), (false, false), &hour, 0, 0), Need::Person(_)));
        let mut own = spec;
        own["flow"] = json!("clientCredentials");
        let own: OAuth = serde_json::from_value(own).unwrap();
        assert_eq!(need(Source::OAuth(&own), (false, false), &ConnectionState::default(), 0, 0), Need::Now);
        assert_eq!(need(Source::OAuth(&own), (true, false), &hour, 0, 3_600_000), Need::Now);
    }
}
