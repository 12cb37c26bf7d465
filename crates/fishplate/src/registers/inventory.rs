//! The inventory of secrets: where each is, who set it, how old it is, and which somebody should look at. Values are
//! never read for it.

use std::collections::BTreeMap;

use auth::oauth::TOKENS;
use auth::{Connection, Scheme, Status};
use model::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{ConnectionState, SealedField};

use super::day::end_of_day;
use super::uses::{WorkflowUse, WorkflowUses};

const DAY: i64 = 24 * 3600 * 1000;
/// What ends within this time is told.
const FORECAST: i64 = 7 * DAY;

/// The inventory of secrets of a scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretsInventory {
    /// Days after which a secret that a person has set is stale.
    pub stale_after_days: u64,
    /// All secrets, by connection and field.
    pub items: Vec<SecretEntry>,
}

/// A secret, without its value. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretEntry {
    /// The connection that it belongs to.
    pub connection: String,
    /// Title of the connection, empty when it has none.
    pub title: String,
    /// Connector that the connection is an account of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Its name.
    pub field: String,
    /// The server gets it from the service and renews it.
    pub automatic: bool,
    /// Who set it, or who consented at the service; absent: it is not known any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it was set or renewed last.
    pub set_at: i64,
    /// Whole days since then.
    pub age_days: u64,
    /// When it was last used, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
    /// When it ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Workflows that use the connection, the active ones first.
    pub used_by: Vec<WorkflowUse>,
    /// Why somebody should look at it.
    pub flags: Vec<SecretFlag>,
}

/// Why somebody should look at a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretFlag {
    /// It has ended.
    Expired,
    /// It ends within a week.
    Expiring,
    /// It was set too long ago.
    Stale,
    /// No workflow uses the connection.
    Unused,
}

/// A connection with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownConnection {
    /// Its name.
    pub name: Name,
    /// Its spec.
    pub spec: Connection,
    /// What the server knows of it.
    pub state: ConnectionState,
    /// How it is, where somebody has to do something about it.
    pub ailing: Option<Status>,
}

/// Who set which secret: by its field and the moment.
pub type Setters = BTreeMap<(String, i64), String>;

/// The inventory at a moment.
pub fn inventory(
    connections: &[KnownConnection],
    sealed: &[SealedField],
    workflows: &[WorkflowUses],
    setters: &Setters,
    stale_after_days: u64,
    now: i64,
) -> SecretsInventory {
    let users = users(workflows);
    let known: BTreeMap<&Name, &KnownConnection> = connections.iter().map(|one| (&one.name, one)).collect();
    let entries = sealed.iter().filter_map(|row| {
        let connection = known.get(&row.connection)?;
        let automatic = TOKENS.contains(&row.field.as_str());
        let state = &connection.state;
        // Tokens that were given back leave their place, with nothing in it.
        if automatic && state.connected_at.is_none() && state.refreshed_at.is_none() {
            return None;
        }
        let owner = match automatic {
            true => state.connected_by.clone(),
            false => setters.get(&(row.field.clone(), row.written_at)).cloned(),
        };
        let used_by = users.get(&row.connection).cloned().unwrap_or_default();
        let expires_at = expires_at(connection, &row.field);
        // A token that something renews ends all the time, and nobody has to know.
        let ends = expires_at.filter(|end| {
            row.field != "accessToken" || connection.ailing.as_ref().is_some_and(|status| status.ends_at == Some(*end))
        });
        let age_days = u64::try_from((now - row.written_at) / DAY).unwrap_or(0);
        let all = [
            (SecretFlag::Expired, ends.is_some_and(|end| end <= now)),
            (SecretFlag::Expiring, ends.is_some_and(|end| end > now && end - now <= FORECAST)),
            (SecretFlag::Stale, !automatic && age_days > stale_after_days),
            (SecretFlag::Unused, used_by.is_empty()),
        ];
        Some(SecretEntry {
            connection: connection.name.to_string(),
            title: connection.spec.title.clone(),
            connector: connection.spec.connector.as_ref().map(ToString::to_string),
            field: row.field.clone(),
            automatic,
            owner,
            set_at: row.written_at,
            age_days,
            last_used_at: last_used_at(connection, &row.field),
            expires_at,
            used_by,
            flags: all.into_iter().filter_map(|(flag, is_so)| is_so.then_some(flag)).collect(),
        })
    });
    SecretsInventory { stale_after_days, items: entries.collect() }
}

/// Workflows by the connections that they use, the active ones first.
pub fn users(workflows: &[WorkflowUses]) -> BTreeMap<Name, Vec<WorkflowUse>> {
    let mut users: BTreeMap<Name, Vec<WorkflowUse>> = BTreeMap::new();
    for one in workflows {
        for connection in one.nodes.iter().flat_map(|node| &node.connections) {
            let list = users.entry(connection.clone()).or_default();
            if !list.contains(&one.workflow) {
                list.push(one.workflow.clone());
            }
        }
    }
    for list in users.values_mut() {
        list.sort_by(|one, other| other.active.cmp(&one.active).then_with(|| one.name.cmp(&other.name)));
    }
    users
}

fn expires_at(connection: &KnownConnection, field: &str) -> Option<i64> {
    match (field, &connection.spec.auth) {
        ("accessToken", _) => connection.state.expires_at,
        ("refreshToken", _) => connection.state.ends_at,
        ("previousSecret", Scheme::Webhook { previous_ends_on, .. }) => end_of_day(previous_ends_on.as_deref()?),
        _ => end_of_day(connection.spec.secrets_end_on.as_deref()?),
    }
}

/// Tokens are renewed with what stands for the application, and so is it used.
fn last_used_at(connection: &KnownConnection, field: &str) -> Option<i64> {
    let renews = matches!(field, "clientSecret" | "privateKey" | "refreshToken");
    connection.state.refreshed_at.filter(|_| renews && connection.spec.oauth().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::uses::NodeUse;
    use serde_json::{Value, json};

    const NOW: i64 = 1_772_442_000_000;

    fn connection(name: &str, spec: Value, state: ConnectionState) -> KnownConnection {
        let spec = serde_json::from_value(spec).unwrap();
        KnownConnection { name: name.parse().unwrap(), spec, state, ailing: None }
    }

    fn sealed(connection: &str, field: &str, days_ago: i64) -> SealedField {
        let written_at = NOW - days_ago * DAY;
        SealedField { connection: connection.parse().unwrap(), field: field.into(), generation: 1, written_at }
    }

    fn workflow(name: &str, active: bool, connections: &[&str]) -> WorkflowUses {
        let connections = connections.iter().map(|name| name.parse().unwrap()).collect();
        WorkflowUses {
            workflow: WorkflowUse { name: name.into(), title: String::new(), active },
            nodes: vec![NodeUse { connections, ..NodeUse::default() }],
        }
    }

    /// Flags by connection and field.
    fn flags(found: &SecretsInventory) -> Vec<(String, Vec<SecretFlag>)> {
        let name = |entry: &SecretEntry| format!("{}.{}", entry.connection, entry.field);
        found.items.iter().map(|entry| (name(entry), entry.flags.clone())).collect()
    }

    #[test]
    fn old_unused_and_ending_secrets_are_flagged() {
        let bearer = json!({ "auth": { "type": "bearer" } });
        let ends = |on: &str| json!({ "auth": { "type": "bearer" }, "secretsEndOn": on });
        let sender = json!({ "auth": { "type": "webhook", "sender": "stripe", "previousEndsOn": "2026-03-01" } });
        let none = ConnectionState::default;
        let connections = [
            connection("calm", bearer.clone(), none()),
            connection("idle", bearer, none()),
            connection("soon", ends("2026-03-05"), none()),
            connection("past", ends("2026-03-01"), none()),
            connection("hook", sender, none()),
        ];
        let rows = [
            sealed("calm", "token", 365),
            sealed("gone", "token", 1),
            sealed("hook", "previousSecret", 40),
            sealed("hook", "secret", 1),
            sealed("idle", "token", 366),
            sealed("past", "token", 1),
            sealed("soon", "token", 1),
        ];
        let workflows = [workflow("b", false, &["calm"]), workflow("c", true, &["calm", "soon", "past", "hook"])];
        let setters = Setters::from([(("token".to_owned(), NOW - 366 * DAY), "ada".to_owned())]);
        let found = inventory(&connections, &rows, &workflows, &setters, 365, NOW);
        let expect = [
            ("calm.token", vec![]),
            ("hook.previousSecret", vec![SecretFlag::Expired]),
            ("hook.secret", vec![]),
            ("idle.token", vec![SecretFlag::Stale, SecretFlag::Unused]),
            ("past.token", vec![SecretFlag::Expired]),
            ("soon.token", vec![SecretFlag::Expiring]),
        ];
        assert_eq!(flags(&found), expect.map(|(name, flags)| (name.to_owned(), flags)));
        let users: Vec<&str> = found.items[0].used_by.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(users, ["c", "b"], "what is active stands first");
        let idle = &found.items[3];
        assert_eq!((idle.owner.as_deref(), idle.age_days, idle.automatic), (Some("ada"), 366, false));
        assert_eq!(found.items[0].owner, None);
        let strict = inventory(&connections, &rows, &workflows, &setters, 364, NOW);
        assert_eq!(strict.items[0].flags, [SecretFlag::Stale]);
    }

    #[test]
    fn tokens_are_never_stale_and_end_only_when_nothing_renews_them() {
        let oauth = json!({ "auth": {
            "type": "oauth2", "clientId": "us", "authorizeUrl": "https://x.example/a", "tokenUrl": "https://x.example/t"
        }});
        let state = ConnectionState {
            connected_by: Some("ada".into()),
            connected_at: Some(NOW - 900 * DAY),
            refreshed_at: Some(NOW - 500),
            expires_at: Some(NOW + 3_600_000),
            ..ConnectionState::default()
        };
        let mut last = connection("last", oauth.clone(), state.clone());
        last.ailing = Some(Status {
            ends_at: state.expires_at,
            ..serde_json::from_value(json!({ "name": "last", "state": "ending", "needsConsent": true, "scopes": [] }))
                .unwrap()
        });
        let left = connection("left", oauth.clone(), ConnectionState::default());
        let connections = [connection("crm", oauth, state), last, left];
        let rows = [
            sealed("crm", "accessToken", 900),
            sealed("crm", "clientSecret", 10),
            sealed("crm", "refreshToken", 900),
            sealed("last", "accessToken", 900),
            sealed("left", "accessToken", 900),
        ];
        let workflows = [workflow("w", true, &["crm", "last"])];
        let found = inventory(&connections, &rows, &workflows, &Setters::new(), 365, NOW);
        let expect = [
            ("crm.accessToken", vec![]),
            ("crm.clientSecret", vec![]),
            ("crm.refreshToken", vec![]),
            ("last.accessToken", vec![SecretFlag::Expiring]),
        ];
        assert_eq!(flags(&found), expect.map(|(name, flags)| (name.to_owned(), flags)));
        let token = &found.items[0];
        assert_eq!((token.automatic, token.owner.as_deref(), token.last_used_at), (true, Some("ada"), None));
        assert_eq!(found.items[1].last_used_at, Some(NOW - 500), "the token was renewed with it");
    }
}
