//! What is known of connections: whether they are taken, until when, and what to do about it.

use std::collections::BTreeMap;

use model::resource::Ref;
use model::{Map, Name, Problem, ScopeId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{ConnectionState, Selector};

use crate::Error;
use crate::connection::Connection;
use crate::oauth::{ACCESS, REFRESH};
use crate::renewal::Need;
use crate::secrets::Secrets;
use crate::source::Source;
use crate::vault::{Opened, Vault};

/// Connections that are read at once.
const PAGE: usize = 500;
/// What ends within this time is told.
const FORECAST: i64 = 7 * 24 * 3600 * 1000;

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// As far as is known, the service takes it.
    Good,
    /// Nobody has consented yet, or secrets are missing.
    Incomplete,
    /// It ends within a week.
    Ending,
    /// The service does not take it any more: runs that need it wait until it is connected again.
    Dead,
}

/// What is known of a connection. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The connection.
    pub name: String,
    /// How it is.
    pub state: Health,
    /// A person connects it by consenting at the service.
    pub needs_consent: bool,
    /// The address that has to be registered at the service, for people to be sent back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// End of what is shown in calls; it is renewed before by itself, unless `endsAt` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When a person has to do something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// Scopes that are asked for.
    pub scopes: Vec<String>,
    /// Scopes that were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<Vec<String>>,
    /// Who consented last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_by: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<i64>,
    /// When tokens were renewed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refresh: Option<i64>,
    /// Since when the service does not take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_since: Option<i64>,
    /// Why, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Status {
    /// The same with the address that people are sent back to, where they are.
    #[must_use]
    pub fn reached_at(mut self, base: &str) -> Status {
        self.redirect_uri = self.needs_consent.then(|| format!("{base}{}", crate::oauth::consent::CALLBACK));
        self
    }
}

impl Vault {
    /// What is known of a connection.
    pub async fn status(&self, scope: ScopeId, name: &Name) -> Result<Status, Problem> {
        // Another process may know more.
        self.forget(scope, name);
        let opened = self.opened(scope, name).await.map_err(|error| error.problem())?;
        Ok(of(name, &opened.connection, &opened.secrets, &opened.state, crate::now_millis()))
    }

    /// The connections of a scope that somebody has to do something about.
    pub async fn ailing(&self, scope: ScopeId) -> Result<Vec<Status>, Error> {
        let states: BTreeMap<Name, ConnectionState> =
            self.inner.store.connection_states(scope).await?.into_iter().collect();
        let selector = Selector { kind: Some("connection".into()), ..Selector::default() };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let rows = self.inner.store.resources(scope, selector.clone(), after.take(), PAGE).await?;
            for row in &rows {
                let state = states.get(&row.name).cloned().unwrap_or_default();
                // Most are well, and are not opened for this.
                let soon = |end: Option<i64>| end.is_some_and(|end| end - crate::now_millis() < FORECAST);
                let tells = ["secretsEndOn", "clientCertificate"].iter().any(|word| row.spec.contains(word));
                let ends = soon(state.ends_at) || soon(state.expires_at);
                if state.dead.is_none() && !ends && !tells {
                    continue;
                }
                let Ok(opened) = self.opened(scope, &row.name).await else { continue };
                let status = of(&row.name, &opened.connection, &opened.secrets, &state, crate::now_millis());
                if matches!(status.state, Health::Dead | Health::Ending) {
                    found.push(status);
                }
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => {
                    after = Some(Ref { kind: "connection".into(), name: last.name.clone() });
                }
                _ => break,
            }
        }
        Ok(found)
    }

    /// Whether calls with a connection may be begun.
    pub(crate) async fn is_fine(&self, scope: ScopeId, name: &Name) -> bool {
        self.forget(scope, name);
        match self.opened(scope, name).await {
            Ok(opened) => opened.state.dead.is_none() && !matches!(opened.need(name), Need::Person(_)),
            // What is missing makes calls fail with words of its own.
            Err(_) => true,
        }
    }
}

/// What is known of a connection at a time.
fn of(name: &Name, connection: &Connection, secrets: &Secrets, state: &ConnectionState, now: i64) -> Status {
    let oauth = connection.source().and_then(Source::oauth);
    let needs_consent = connection.source().is_some_and(Source::needs_consent);
    // Without what renews it, the token itself is what ends.
    let last = needs_consent && !secrets.has(REFRESH);
    let certificate = connection.end_of_certificate(secrets);
    let ends = [state.ends_at, state.expires_at.filter(|_| last), connection.end_of_secrets(), certificate];
    let ends_at = ends.into_iter().flatten().min();
    let missing = connection.missing_secrets_of(secrets);
    let incomplete = match missing.first() {
        Some(field) => Some(format!("the secret `{field}` has no value")),
        None if needs_consent && !secrets.has(ACCESS) => Some("nobody has consented yet".to_owned()),
        None => connection.brings(secrets).faults().into_iter().next().map(|(_, reason)| format!("it {reason}")),
    };
    let over = ends_at.is_some_and(|end| end <= now);
    let (health, reason) = match (&state.dead, incomplete) {
        (Some((_, reason)), _) => (Health::Dead, Some(reason.clone())),
        (None, Some(what)) => (Health::Incomplete, Some(what)),
        (None, None) if over && last => (Health::Dead, Some("its token has ended, and nothing renews it".to_owned())),
        (None, None) if ends_at.is_some_and(|end| end - now < FORECAST) => {
            let is_certificate = certificate.is_some() && certificate == ends_at;
            let words = if over { "its client certificate has ended" } else { "its client certificate ends" };
            (Health::Ending, is_certificate.then(|| words.to_owned()))
        }
        (None, None) => (Health::Good, None),
    };
    let dead_since = state.dead.as_ref().map(|(since, _)| *since).or(ends_at.filter(|_| health == Health::Dead));
    let separator = oauth.map_or(" ", |oauth| oauth.scope_separator.as_str());
    let words = |text: &String| -> Vec<String> {
        let parts = text.split(|letter: char| letter.is_whitespace() || separator.contains(letter));
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    Status {
        name: name.to_string(),
        state: health,
        needs_consent,
        redirect_uri: None,
        expires_at: state.expires_at,
        ends_at,
        scopes: oauth.map(|oauth| oauth.scopes.clone()).unwrap_or_default(),
        granted: state.scopes.as_ref().map(words),
        connected_by: state.connected_by.clone(),
        connected_at: state.connected_at,
        last_refresh: state.refreshed_at,
        dead_since,
        reason,
    }
}

impl Opened {
    /// What a person and the service have told about the account beside its secrets.
    pub(crate) fn settings(&self) -> Map {
        let mut settings = self.connection.settings.clone();
        let kept: Map = serde_json::from_str(&self.state.kept).unwrap_or_default();
        settings.extend(kept);
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_772_442_000_000;
    const DAY: i64 = 24 * 3600 * 1000;

    fn look(spec: serde_json::Value, secrets: &[&str], state: ConnectionState) -> Status {
        let connection: Connection = serde_json::from_value(spec).unwrap();
        let secrets = Secrets(secrets.iter().map(|field| ((*field).to_owned(), b"x".to_vec())).collect());
        of(&"crm".parse().unwrap(), &connection, &secrets, &state, NOW)
    }

    #[test]
    fn what_ends_is_told_a_week_ahead() {
        let oauth = json!({ "auth": {
            "type": "oauth2", "clientId": "us", "authorizeUrl": "https://x.example/a", "tokenUrl": "https://x.example/t",
            "scopes": ["read"], "scopeSeparator": ","
        }});
        let check = |secrets: &[&str], state: ConnectionState, expect: Health| {
            let status = look(oauth.clone(), secrets, state);
            assert_eq!(status.state, expect, "{status:?}");
            status
        };
        let none = ConnectionState::default;
        check(&[], none(), Health::Incomplete);
        check(&["accessToken"], none(), Health::Good);
        let hour = ConnectionState { expires_at: Some(NOW + 3_600_000), ..none() };
        check(&["accessToken", "refreshToken"], hour.clone(), Health::Good);
        check(&["accessToken"], hour, Health::Ending);
        check(&["accessToken"], ConnectionState { expires_at: Some(NOW - 1), ..none() }, Health::Dead);
        let ends = |days| ConnectionState { ends_at: Some(NOW + days * DAY), ..none() };
        check(&["accessToken", "refreshToken"], ends(8), Health::Good);
        check(&["accessToken", "refreshToken"], ends(6), Health::Ending);
        let dead =
            ConnectionState { dead: Some((NOW - 5, "revoked".into())), scopes: Some("read,write".into()), ..none() };
        let dead = check(&["accessToken"], dead, Health::Dead);
        assert_eq!((dead.dead_since, dead.reason.as_deref()), (Some(NOW - 5), Some("revoked")));
        assert_eq!(dead.granted.unwrap(), ["read", "write"]);
        let bearer = json!({ "auth": { "type": "bearer" }, "secretsEndOn": "2026-03-05" });
        assert_eq!(look(bearer.clone(), &["token"], none()).state, Health::Ending);
        assert_eq!(look(bearer, &[], none()).state, Health::Incomplete);
    }
}
