//! Connections as credentials: the only place where a sealed value is opened.
//!
//! A value leaves this module on a request to a host that the connection names, in a form to where the connection says
//! that tokens are handed out ([`crate::oauth`], [`crate::session`]), in a comparison with what a sender showed, or as the signature of a
//! token; as itself only to a node that works with [keys](Scheme::Keys).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use jsonwebtoken::DecodingKey;
use model::{Code, Map, Name, Problem, ScopeId, Value};
use outbound::{Credentials, Login, Outbound, Reach, ShownRequest, Signable};
use store::{Change, ConnectionState, SealedRow, Store};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::connection::{CLIENT_KEY, CLIENT_KEY_PASSPHRASE, Connection, JwtAlgorithm, Scheme};
use crate::jwt::{TokenChecks, TokenRequest};
use crate::renewal::Gates;
use crate::secrets::Secrets;
use crate::{Error, Keyring, Place};

/// Longest secret value.
pub const SECRET_LIMIT: usize = 64 << 10;

/// How long an opened connection is used without asking the store whether another process wrote a new secret.
const FRESH: Duration = Duration::from_secs(10);

/// Opened connections that are kept at most.
const MOST_OPEN: usize = 1_000;

/// Connections and their secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    open: Mutex<HashMap<(ScopeId, Name), Arc<Opened>>>,
    /// Who this process is, where one of several renews a token.
    pub(crate) node: String,
    /// The way to where tokens are handed out, once there is one.
    pub(crate) way_out: OnceLock<Outbound>,
    pub(crate) gates: Gates,
    /// What goes on when whoever began it has gone.
    pub(crate) tasks: TaskTracker,
    /// Counts changes of what is known of connections.
    changes: watch::Sender<u64>,
}

pub(crate) struct Opened {
    /// Position of resources that was newest before it was read.
    position: u64,
    at: Instant,
    /// Which writing of the resource it is.
    pub(crate) revision: u64,
    pub(crate) connection: Connection,
    pub(crate) secrets: Secrets,
    pub(crate) state: ConnectionState,
    pub(crate) reach: Arc<Reach>,
}

impl Opened {
    /// The algorithm and the key that tokens are checked with.
    fn checking_key(
        &self,
        connection: &Name,
        other: Option<JwtAlgorithm>,
    ) -> Result<(JwtAlgorithm, DecodingKey), Problem> {
        let fault = |reason: String| Problem::new(Code::ConnectionMissing, reason);
        match &self.connection.auth {
            Scheme::Jwt { algorithm, .. } if algorithm.is_symmetric() => {
                let key = self.secrets.get("key");
                let key = key.map_err(|reason| fault(format!("connection `{connection}` {reason}")))?;
                Ok((of_its_kind(connection, *algorithm, other)?, DecodingKey::from_secret(key)))
            }
            Scheme::Jwt { algorithm, public_key: Some(pem), .. } => {
                let algorithm = of_its_kind(connection, *algorithm, other)?;
                Ok((algorithm, crate::jwt::public_key(algorithm, pem).map_err(fault)?))
            }
            Scheme::Jwt { .. } => {
                Err(fault(format!("connection `{connection}` has no public key to check tokens with")))
            }
            _ => Err(fault(format!("connection `{connection}` is no `jwt` connection"))),
        }
    }
}

/// Another algorithm for a key, where it is one for keys of that kind: what is public of a pair of keys must never
/// serve as a secret.
fn of_its_kind(connection: &Name, own: JwtAlgorithm, other: Option<JwtAlgorithm>) -> Result<JwtAlgorithm, Problem> {
    match other {
        None => Ok(own),
        Some(other) if other.is_symmetric() == own.is_symmetric() => Ok(other),
        Some(other) => {
            let detail =
                format!("{other:?} does not go with the key of connection `{connection}`, which is for {own:?}");
            Err(Problem::new(Code::InvalidSpec, detail).hint("choose an algorithm for keys of that kind"))
        }
    }
}

/// A key of a connection. Never printed.
pub struct Key(Vec<u8>);

impl Key {
    /// A key that a test has.
    pub fn of_test(bytes: &[u8]) -> Key {
        Key(bytes.to_vec())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key")
    }
}

/// What a webhook's sender has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// User and password.
    Basic,
    /// The connection's header.
    Header,
    /// A signed token.
    Jwt,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Vault")
    }
}

impl Vault {
    /// The vault of a store, opened with that keyring.
    pub fn new(store: Store, keyring: Keyring) -> Vault {
        let inner = Inner {
            store,
            keyring,
            open: Mutex::default(),
            node: crate::random_text(),
            way_out: OnceLock::new(),
            gates: Gates::default(),
            tasks: TaskTracker::new(),
            changes: watch::channel(0).0,
        };
        Vault { inner: Arc::new(inner) }
    }

    /// Lets it ask for tokens, under the same rules as everybody's calls.
    pub fn go_out(&self, outbound: &Outbound) -> Result<(), outbound::Error> {
        let way_out = outbound.beside(Arc::new(TokenHosts(Arc::downgrade(&self.inner))))?;
        // A second one would be the same.
        let _ = self.inner.way_out.set(way_out);
        Ok(())
    }

    /// Rises when a connection has died, or was connected again, in this process.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Tells whoever waits for a connection to be well.
    pub(crate) fn changed(&self) {
        self.inner.changes.send_modify(|count| *count += 1);
    }

    /// Seals a value and keeps it as the next generation of its field.
    pub async fn put_secret(
        &self,
        scope: ScopeId,
        connection: &Name,
        field: &str,
        value: &[u8],
        by: &str,
    ) -> Result<(), Error> {
        if value.is_empty() || value.len() > SECRET_LIMIT {
            let detail = format!("a secret has 1 to {SECRET_LIMIT} bytes");
            return Err(Problem::new(Code::TooLarge, detail).at("/value").into());
        }
        if [CLIENT_KEY, CLIENT_KEY_PASSPHRASE].contains(&field) {
            self.check_certificate(scope, connection, field, value).await?;
        }
        let newest = self.inner.store.secret(scope, connection, field).await?;
        let generation = newest.map_or(0, |row| row.generation) + 1;
        let sealed = self.inner.keyring.seal(Place { scope, connection, field, generation }, value)?;
        let now = crate::now_millis();
        let row = SealedRow { field: field.to_owned(), generation, sealed: sealed.into(), written_at: now };
        self.inner.store.put_secret(scope, connection, row, Change::new(by, now)).await?;
        self.forget(scope, connection);
        self.changed();
        Ok(())
    }

    /// Whether a key fits the certificate that a connection shows, if that can be said by now.
    async fn check_certificate(&self, scope: ScopeId, name: &Name, field: &str, value: &[u8]) -> Result<(), Error> {
        self.forget(scope, name);
        let Ok(opened) = self.opened(scope, name).await else { return Ok(()) };
        let mut secrets = Secrets([(field.to_owned(), value.to_vec())].into());
        // A key comes before its passphrase, and the passphrase of the key before says nothing about it.
        if field == CLIENT_KEY_PASSPHRASE
            && let Ok(key) = opened.secrets.get(CLIENT_KEY)
        {
            secrets.0.insert(CLIENT_KEY.to_owned(), key.to_vec());
        }
        let faults = opened.connection.brings(&secrets).faults();
        let Some((_, reason)) = faults.into_iter().find(|(at, _)| [CLIENT_KEY, CLIENT_KEY_PASSPHRASE].contains(at))
        else {
            return Ok(());
        };
        let problem = Problem::new(Code::InvalidSpec, format!("connection `{name}` then {reason}")).at("/value");
        Err(problem.hint("write the certificate into the connection before its key").into())
    }

    /// Drops a value; says whether there was one.
    pub async fn delete_secret(&self, scope: ScopeId, connection: &Name, field: &str, by: &str) -> Result<bool, Error> {
        let change = Change::new(by, crate::now_millis());
        let gone = self.inner.store.delete_secret(scope, connection, field, change).await?;
        self.forget(scope, connection);
        Ok(gone)
    }

    /// Fields of a connection that have a value.
    pub async fn fields(&self, scope: ScopeId, connection: &Name) -> Result<BTreeSet<String>, Error> {
        Ok(self.inner.store.secrets(scope, connection).await?.into_iter().map(|row| row.field).collect())
    }

    /// The newest values of a connection, sealed for another name of it.
    pub async fn resealed(&self, scope: ScopeId, from: &Name, to: &Name) -> Result<Vec<SealedRow>, Error> {
        let mut resealed = Vec::new();
        for row in newest(self.inner.store.secrets(scope, from).await?).into_values() {
            let place = Place { scope, connection: from, field: &row.field, generation: row.generation };
            let value = self.inner.keyring.open(place, &row.sealed)?;
            let place = Place { scope, connection: to, field: &row.field, generation: 1 };
            let sealed = Bytes::from(self.inner.keyring.seal(place, &value)?);
            resealed.push(SealedRow { sealed, generation: 1, ..row });
        }
        Ok(resealed)
    }

    /// Wraps every data key again under the key that seals now; says how many were changed.
    pub async fn rewrap(&self) -> Result<u64, Error> {
        let store = &self.inner.store;
        let (mut after, mut changed) = (None, 0);
        loop {
            let page = store.sealed_connections(after.take(), 100).await?;
            let Some(last) = page.last().cloned() else { return Ok(changed) };
            for (scope, connection) in &page {
                for row in store.secrets(*scope, connection).await? {
                    if self.inner.keyring.is_current(&row.sealed) {
                        continue;
                    }
                    let place = Place { scope: *scope, connection, field: &row.field, generation: row.generation };
                    let sealed = Bytes::from(self.inner.keyring.rewrap(place, &row.sealed)?);
                    store.replace_sealed(*scope, connection, SealedRow { sealed, ..row }).await?;
                    changed += 1;
                }
            }
            after = Some(last);
        }
    }

    /// Compares what a sender shows with a connection, in constant time. Gives the claims of a token.
    pub async fn verify(
        &self,
        scope: ScopeId,
        connection: &Name,
        shown: Shown,
        headers: &HeaderMap,
    ) -> Result<Option<Value>, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let refuse = |detail: &str| Problem::new(Code::SignatureRejected, detail);
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let after_scheme = |wanted: &str| {
            let (scheme, rest) = authorization?.split_once(' ')?;
            scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
        };
        let secret = |field: &str| {
            let detail = |reason| Problem::new(Code::ConnectionMissing, format!("connection `{connection}` {reason}"));
            opened.secrets.get(field).map_err(detail)
        };
        match (&opened.connection.auth, shown) {
            (Scheme::Basic { username }, Shown::Basic) => {
                use base64::Engine;
                let sent = after_scheme("basic")
                    .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
                    .unwrap_or_default();
                let wanted = [username.as_bytes(), b":", secret("password")?].concat();
                if crate::same(&sent, &wanted) { Ok(None) } else { Err(refuse("user or password is wrong")) }
            }
            (Scheme::Header { name, .. }, Shown::Header) => {
                let sent = headers.get(name.as_str()).map_or(&b""[..], |value| value.as_bytes());
                if crate::same(sent, secret("value")?) { Ok(None) } else { Err(refuse("the header's value is wrong")) }
            }
            (Scheme::Jwt { .. }, Shown::Jwt) => {
                let (algorithm, key) = opened.checking_key(connection, None)?;
                let token = after_scheme("bearer").ok_or_else(|| refuse("there is no token"))?;
                let checks = TokenChecks::at(crate::now_millis() / 1000);
                crate::jwt::check(algorithm, &key, token, &checks).map(Some).map_err(refuse)
            }
            _ => Err(Problem::new(
                Code::ConnectionMissing,
                format!("connection `{connection}` is of another type than the webhook asks for"),
            )),
        }
    }

    /// A token with these claims, signed with the key of a `jwt` connection.
    pub async fn make_token(
        &self,
        scope: ScopeId,
        connection: &Name,
        request: &TokenRequest,
    ) -> Result<String, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let fault =
            |reason: String| Problem::new(Code::ConnectionMissing, format!("connection `{connection}` {reason}"));
        let Scheme::Jwt { algorithm, claims: own, key_id, .. } = &opened.connection.auth else {
            return Err(fault("is no `jwt` connection".into()));
        };
        let algorithm = of_its_kind(connection, *algorithm, request.algorithm)?;
        let mut all = own.clone();
        all.extend(request.claims.clone());
        all.entry("iat").or_insert_with(|| (crate::now_millis() / 1000).into());
        let key = opened.secrets.get("key").map_err(fault)?;
        crate::jwt::signed(algorithm, key, &request.head, &all, key_id.as_deref()).map_err(fault)
    }

    /// A key of a `keys` connection.
    pub async fn key(&self, scope: ScopeId, connection: &Name, field: &str) -> Result<Key, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let fault =
            |reason: String| Problem::new(Code::ConnectionMissing, format!("connection `{connection}` {reason}"));
        if opened.connection.auth != (Scheme::Keys {}) {
            return Err(fault("holds no keys".into()).hint("choose a connection of type `keys`"));
        }
        opened.secrets.get(field).map(|bytes| Key(bytes.to_vec())).map_err(fault)
    }

    /// Every secret of a connection by its field, tokens included, for who looks for them in what is about to be shown.
    pub async fn to_mask(&self, scope: ScopeId, connection: &Name) -> Result<Vec<(String, Key)>, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let secrets = opened.secrets.0.iter().filter(|(_, value)| !value.is_empty());
        Ok(secrets.map(|(field, value)| (field.clone(), Key(value.clone()))).collect())
    }

    /// The claims of a token that is good, as the key of a `jwt` connection says.
    pub async fn check_token(
        &self,
        scope: ScopeId,
        connection: &Name,
        token: &str,
        checks: &TokenChecks,
    ) -> Result<Value, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let (algorithm, key) = opened.checking_key(connection, checks.algorithm)?;
        crate::jwt::check(algorithm, &key, token, checks).map_err(|reason| Problem::new(Code::StepFailed, reason))
    }

    /// 32 random bytes that belong to the server itself, made when they are first asked for. They are kept as the
    /// secret of a connection that nobody can make, so that backups and changes of the master key carry them along.
    /// `anew` puts others in the place of those that cannot be opened any more.
    pub async fn server_secret(&self, purpose: &str, mut anew: bool) -> Result<Vec<u8>, Error> {
        loop {
            match self.given_server_secret(purpose).await {
                Ok(Some(value)) => return Ok(value),
                Ok(None) => {}
                Err(Error::Sealed(_)) if anew => {}
                Err(error) => return Err(error),
            }
            anew = false;
            let value: [u8; 32] = crate::seal::random();
            match self.put_server_secret(purpose, &value, "server").await {
                // Another process was faster; its value counts.
                Ok(()) | Err(Error::Store(store::Error::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps a secret of the server itself, in the place of the one before.
    pub(crate) async fn put_server_secret(&self, purpose: &str, value: &[u8], by: &str) -> Result<(), Error> {
        self.put_secret(ScopeId(1), &server_name()?, purpose, value, by).await
    }

    /// A secret of the server itself, if there is one.
    pub(crate) async fn given_server_secret(&self, purpose: &str) -> Result<Option<Vec<u8>>, Error> {
        let (scope, connection) = (ScopeId(1), server_name()?);
        let Some(row) = self.inner.store.secret(scope, &connection, purpose).await? else { return Ok(None) };
        let place = Place { scope, connection: &connection, field: purpose, generation: row.generation };
        self.inner.keyring.open(place, &row.sealed).map(Some)
    }

    /// Forgets a secret of the server itself.
    pub(crate) async fn drop_server_secret(&self, purpose: &str, by: &str) -> Result<(), Error> {
        self.delete_secret(ScopeId(1), &server_name()?, purpose, by).await.map(drop)
    }

    /// Takes a connection out of memory.
    pub fn forget(&self, scope: ScopeId, connection: &Name) {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&(scope, connection.clone()));
    }

    pub(crate) async fn opened(&self, scope: ScopeId, name: &Name) -> Result<Arc<Opened>, outbound::Error> {
        let position = *self.inner.store.watch_position().borrow();
        let key = (scope, name.clone());
        let known = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known.filter(|known| known.position == position && known.at.elapsed() < FRESH) {
            return Ok(known);
        }
        let failed = |error: store::Error| outbound::Error::Connection {
            connection: name.clone(),
            reason: "cannot be read just now".into(),
            source: Some(Box::new(error)),
        };
        let row = self.inner.store.resource(scope, "connection", name).await.map_err(failed)?;
        let row = row.ok_or_else(|| outbound::Error::connection(name, "does not exist"))?;
        let connection: Connection = serde_json::from_str(&row.spec).map_err(|error| outbound::Error::Connection {
            connection: name.clone(),
            reason: "has a spec that cannot be read".into(),
            source: Some(Box::new(error)),
        })?;
        let sealed = newest(self.inner.store.secrets(scope, name).await.map_err(failed)?);
        let mut secrets = BTreeMap::new();
        let mut writings = 0;
        for (field, row) in sealed {
            let place = Place { scope, connection: name, field: &field, generation: row.generation };
            let value = self.inner.keyring.open(place, &row.sealed).map_err(|error| outbound::Error::Connection {
                connection: name.clone(),
                reason: format!("has a secret `{field}` that cannot be opened"),
                source: Some(Box::new(error)),
            })?;
            writings += row.generation;
            secrets.insert(field, value);
        }
        let state = self.inner.store.connection_state(scope, name).await.map_err(failed)?;
        let mut secrets = Secrets(secrets);
        crate::session::unpack(&connection, &mut secrets);
        // Both only grow, so their sum rises with every change of either.
        let reach = Arc::new(connection.reach(&secrets, row.revision + writings));
        let (at, revision) = (Instant::now(), row.revision);
        let opened = Opened { position, at, revision, connection, secrets, state, reach };
        let opened = Arc::new(opened);
        let mut open = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST_OPEN {
            open.retain(|_, known| known.position == position && known.at.elapsed() < FRESH);
        }
        open.insert(key, opened.clone());
        Ok(opened)
    }
}

impl Credentials for Vault {
    fn reach<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, outbound::Error>> {
        Box::pin(async move { Ok(self.opened(scope, connection).await?.reach.clone()) })
    }

    fn login<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Login, outbound::Error>> {
        Box::pin(async move {
            let opened = self.opened(scope, connection).await?;
            let login = opened.connection.login(&opened.secrets, opened.reach.generation);
            login.map_err(|reason| outbound::Error::connection(connection, reason))
        })
    }

    fn sign<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        request: Signable<'a>,
    ) -> BoxFuture<'a, Result<(), outbound::Error>> {
        Box::pin(async move {
            let opened = self.opened(scope, connection).await?;
            if let Some((_, reason)) = &opened.state.dead {
                return Err(crate::renewal::dead(connection, reason));
            }
            let opened = self.ready(scope, connection, opened).await?;
            let now = crate::now_millis() / 1000;
            let signed = opened.connection.sign(&opened.secrets, now, request);
            signed.map_err(|reason| outbound::Error::connection(connection, reason))
        })
    }

    fn renew<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        shown: ShownRequest<'a>,
    ) -> BoxFuture<'a, Result<bool, outbound::Error>> {
        Box::pin(self.renew_refused(scope, connection, shown))
    }

    fn settings<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Map, outbound::Error>> {
        Box::pin(async move { Ok(self.opened(scope, connection).await?.settings()) })
    }

    fn connector<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
    ) -> BoxFuture<'a, Result<Option<Name>, outbound::Error>> {
        Box::pin(async move { Ok(self.opened(scope, connection).await?.connection.connector.clone()) })
    }

    fn refused<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        generation: Option<u64>,
        reason: &'a str,
    ) -> BoxFuture<'a, outbound::Error> {
        Box::pin(self.refused_by_service(scope, connection, generation, reason))
    }

    fn is_well<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, bool> {
        Box::pin(self.is_fine(scope, connection))
    }

    fn answer<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        challenge: &'a http::HeaderMap,
        request: Signable<'a>,
    ) -> BoxFuture<'a, Result<bool, outbound::Error>> {
        Box::pin(async move {
            let opened = self.opened(scope, connection).await?;
            let answered = opened.connection.answer(&opened.secrets, challenge, request);
            answered.map_err(|reason| outbound::Error::connection(connection, reason))
        })
    }
}

/// What may be called to ask for tokens: where the connection says that they are handed out, and nothing else.
struct TokenHosts(Weak<Inner>);

impl Credentials for TokenHosts {
    fn reach<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, outbound::Error>> {
        Box::pin(async move {
            let gone = || outbound::Error::connection(connection, "is not there any more");
            let vault = Vault { inner: self.0.upgrade().ok_or_else(gone)? };
            let opened = vault.opened(scope, connection).await?;
            let source = opened.connection.source();
            let urls = source.map(|source| source.addresses(&opened.connection.settings)).unwrap_or_default();
            let hosts = urls.iter().filter_map(|url| url.host_str()?.parse().ok()).collect();
            // A certificate is shown to hosts of the connection alone.
            let tls = opened.reach.tls.clone().filter(|_| urls.iter().all(|url| opened.reach.names(url)));
            Ok(Arc::new(Reach { hosts, private: opened.connection.allow_private, tls, ..Reach::default() }))
        })
    }

    fn sign<'a>(
        &'a self,
        _: ScopeId,
        connection: &'a Name,
        _: Signable<'a>,
    ) -> BoxFuture<'a, Result<(), outbound::Error>> {
        Box::pin(async move { Err(outbound::Error::connection(connection, "shows itself in the form")) })
    }
}

/// The name under which the server keeps secrets of its own. Its fields are none that a connection can have.
fn server_name() -> Result<Name, Problem> {
    "fishplate.server".parse().map_err(|_| Problem::new(Code::Internal, "the server's own name is no name"))
}

/// The newest generation of each field.
fn newest(rows: Vec<SealedRow>) -> BTreeMap<String, SealedRow> {
    let mut newest: BTreeMap<String, SealedRow> = BTreeMap::new();
    for row in rows {
        if newest.get(&row.field).is_none_or(|known| known.generation < row.generation) {
            newest.insert(row.field.clone(), row);
        }
    }
    newest
}

pub(crate) fn unusable(connection: &Name, error: outbound::Error) -> Problem {
    tracing::warn!(%connection, error = &error as &dyn std::error::Error, "a connection cannot be used");
    Problem::new(Code::ConnectionMissing, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Incoming;
    use http::HeaderValue;
    use serde_json::json;
    use store::{Expect, ResourceWrite};

    async fn vault(connections: &[(&str, Value)]) -> (Vault, ScopeId) {
        let store = Store::temporary().await.unwrap();
        let scope = store.ensure_scope(&model::Scope::default()).await.unwrap();
        let write = |(name, auth): &(&str, Value)| ResourceWrite {
            kind: "connection".into(),
            name: name.parse().unwrap(),
            spec_version: 1,
            labels: BTreeMap::new(),
            spec: json!({ "auth": auth, "hosts": ["api.example.com"] }).to_string(),
            refs: Vec::new(),
            keys: Vec::new(),
            expect: Expect::Any,
        };
        let writes = connections.iter().map(write).collect();
        store.put_resources(scope, writes, Change::new("test", 1)).await.unwrap();
        (Vault::new(store, Keyring::new(crate::MasterKey::generate())), scope)
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_new_secret_is_used_at_the_next_call_and_raises_the_generation() {
        let (vault, scope) = vault(&[("crm", json!({ "type": "bearer" }))]).await;
        let crm = name("crm");
        let signed = async |vault: &Vault| {
            let (mut url, mut headers) = (url::Url::parse("https://api.example.com/").unwrap(), HeaderMap::new());
            let body = &mut outbound::Body::Empty;
            let request = Signable { method: &http::Method::GET, url: &mut url, headers: &mut headers, body };
            vault.sign(scope, &name("crm"), request).await.map(|()| headers["authorization"].clone())
        };
        assert!(signed(&vault).await.is_err(), "no value yet");
        vault.put_secret(scope, &crm, "token", b"one", "test").await.unwrap();
        assert_eq!(signed(&vault).await.unwrap(), "Bearer one");
        let before = vault.reach(scope, &crm).await.unwrap().generation;
        vault.put_secret(scope, &crm, "token", b"two", "test").await.unwrap();
        assert_eq!(signed(&vault).await.unwrap(), "Bearer two");
        assert!(vault.reach(scope, &crm).await.unwrap().generation > before);
        assert!(vault.delete_secret(scope, &crm, "token", "test").await.unwrap());
        assert!(signed(&vault).await.is_err());
        assert!(vault.reach(scope, &name("gone")).await.is_err());
    }

    #[tokio::test]
    async fn senders_are_checked_against_the_connection() {
        let (vault, scope) = vault(&[
            ("basic", json!({ "type": "basic", "username": "ann" })),
            ("header", json!({ "type": "header", "name": "X-Key" })),
            ("jwt", json!({ "type": "jwt", "algorithm": "HS256" })),
            ("keys", json!({ "type": "keys" })),
        ])
        .await;
        for (connection, field) in [("basic", "password"), ("header", "value"), ("jwt", "key"), ("keys", "hmacSecret")]
        {
            vault.put_secret(scope, &name(connection), field, b"s3cret", "test").await.unwrap();
        }
        let request = TokenRequest::default();
        let token = vault.make_token(scope, &name("jwt"), &request).await.unwrap();
        let checks = TokenChecks::at(crate::now_millis() / 1000);
        let claims = vault.check_token(scope, &name("jwt"), &token, &checks).await.unwrap();
        assert_eq!(claims.as_object().unwrap().keys().collect::<Vec<_>>(), ["iat"]);
        let public = TokenRequest { algorithm: Some(JwtAlgorithm::RS256), ..request };
        assert!(vault.make_token(scope, &name("jwt"), &public).await.is_err(), "a secret is no pair of keys");
        let public = TokenChecks { algorithm: Some(JwtAlgorithm::RS256), ..checks };
        assert!(vault.check_token(scope, &name("jwt"), &token, &public).await.is_err());
        assert_eq!(vault.key(scope, &name("keys"), "hmacSecret").await.unwrap().bytes(), b"s3cret");
        assert!(vault.key(scope, &name("keys"), "passphrase").await.is_err(), "it has no value");
        assert!(vault.key(scope, &name("basic"), "password").await.is_err(), "only keys come out");
        for (connection, token) in [("jwt", format!("{token}x")), ("basic", token.clone())] {
            assert!(vault.check_token(scope, &name(connection), &token, &checks).await.is_err(), "{connection}");
        }
        let cases = [
            ("basic", Shown::Basic, "authorization", "Basic YW5uOnMzY3JldA==".to_owned(), true),
            ("basic", Shown::Basic, "authorization", "Basic YW5uOndyb25n".to_owned(), false),
            ("header", Shown::Header, "x-key", "s3cret".to_owned(), true),
            ("header", Shown::Header, "x-key", "s3cre".to_owned(), false),
            ("jwt", Shown::Jwt, "authorization", format!("Bearer {token}"), true),
            ("jwt", Shown::Jwt, "authorization", format!("Bearer {token}x"), false),
            ("basic", Shown::Jwt, "authorization", "Basic YW5uOnMzY3JldA==".to_owned(), false),
        ];
        for (connection, shown, header, value, good) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header, HeaderValue::from_str(&value).unwrap());
            let answer = vault.verify(scope, &name(connection), shown, &headers).await;
            assert_eq!(answer.is_ok(), good, "{connection} {header}");
            assert!(vault.verify(scope, &name(connection), shown, &HeaderMap::new()).await.is_err());
        }
        vault.delete_secret(scope, &name("header"), "value", "test").await.unwrap();
        let nothing = vault.verify(scope, &name("header"), Shown::Header, &HeaderMap::new()).await;
        assert!(nothing.is_err(), "a secret that was taken away is not matched by sending nothing");
    }

    #[tokio::test]
    async fn the_previous_secret_of_a_sender_is_good_until_its_last_day() {
        let hook = json!({ "type": "webhook", "sender": "gitlab", "previousEndsOn": "1970-01-01" });
        let (vault, scope) = vault(&[("hook", hook), ("crm", json!({ "type": "bearer" }))]).await;
        let judge = async |shown: &str, now: i64| {
            let mut headers = HeaderMap::new();
            headers.insert("x-gitlab-token", HeaderValue::from_str(shown).unwrap());
            let request = Incoming { method: "POST", url: "", headers: &headers, body: b"{}", now };
            vault.judge(scope, &name("hook"), &request).await.is_ok()
        };
        assert!(!judge("new", 0).await, "no secret yet");
        vault.put_secret(scope, &name("hook"), "secret", b"new", "test").await.unwrap();
        vault.put_secret(scope, &name("hook"), "previousSecret", b"old", "test").await.unwrap();
        assert!(judge("new", 0).await && judge("old", 86_399).await);
        assert!(!judge("old", 86_400).await && judge("new", 86_400).await && !judge("", 0).await);
        vault.delete_secret(scope, &name("hook"), "secret", "test").await.unwrap();
        assert!(!judge("", 0).await && !judge("new", 0).await, "what was taken away lets nobody in");
        let headers = HeaderMap::new();
        let request = Incoming { method: "POST", url: "", headers: &headers, body: b"", now: 0 };
        assert!(vault.judge(scope, &name("crm"), &request).await.is_err(), "another type of connection");
    }

    #[tokio::test]
    async fn after_a_change_of_keys_the_old_one_can_go() {
        let (vault, scope) = vault(&[("crm", json!({ "type": "bearer" }))]).await;
        vault.put_secret(scope, &name("crm"), "token", b"x", "test").await.unwrap();
        let own = vault.server_secret("resume", false).await.unwrap();
        assert_eq!(vault.server_secret("resume", false).await.unwrap(), own, "it is made once");
        let (old, new) = (vault.inner.keyring.clone(), crate::MasterKey::generate());
        let with = |keyring| Vault::new(vault.inner.store.clone(), keyring);
        let lost = with(Keyring::new(new.clone()));
        assert!(matches!(lost.server_secret("resume", false).await, Err(Error::Sealed(_))));
        assert_eq!(with(old.clone().under(new.clone())).rewrap().await.unwrap(), 2);
        assert_eq!(with(Keyring::new(new.clone())).server_secret("resume", false).await.unwrap(), own);
        assert!(with(old).server_secret("resume", false).await.is_err());
        let other = with(Keyring::new(crate::MasterKey::generate()));
        assert_ne!(other.server_secret("resume", true).await.unwrap(), own, "what is lost is made anew when asked for");
    }

    #[tokio::test]
    async fn a_renamed_connection_keeps_its_secrets_under_its_new_name_only() {
        let (vault, scope) = vault(&[("old", json!({ "type": "bearer" }))]).await;
        vault.put_secret(scope, &name("old"), "token", b"x", "test").await.unwrap();
        vault.put_secret(scope, &name("old"), "token", b"y", "test").await.unwrap();
        let rows = vault.resealed(scope, &name("old"), &name("new")).await.unwrap();
        let open = |connection: &Name| {
            vault.inner.keyring.open(Place { scope, connection, field: "token", generation: 1 }, &rows[0].sealed)
        };
        assert_eq!((rows.len(), open(&name("new")).unwrap()), (1, b"y".to_vec()));
        assert!(open(&name("old")).is_err());
    }
}
