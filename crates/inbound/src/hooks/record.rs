//! What is remembered of an address that a service was told, and how it is named and sealed.

use auth::{Keyring, MasterKey};
use aws_lc_rs::hmac;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use model::{Name, Problem, ScopeId, Value};
use part::hook::{HookInfo, Hooked};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::resume::{hex, unhex};

/// The space of our own store that records lie in.
const SPACE: &str = "hook";
/// Records that are read at a time.
const PAGE: usize = 500;

/// Keeps records over restarts, for all nodes of an installation.
pub trait Registry: Send + Sync + 'static {
    /// All of a scope, by their ids.
    fn list(&self, scope: ScopeId) -> BoxFuture<'_, Result<Vec<(String, Bytes)>, Problem>>;
    /// One of them.
    fn read<'a>(&'a self, scope: ScopeId, id: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>>;
    /// Puts `after` in the place of `before`, and says whether that was still there.
    fn swap<'a>(
        &'a self,
        scope: ScopeId,
        id: &'a str,
        before: Option<Bytes>,
        after: Option<Bytes>,
    ) -> BoxFuture<'a, Result<bool, Problem>>;
}

impl Registry for store::Store {
    fn list(&self, scope: ScopeId) -> BoxFuture<'_, Result<Vec<(String, Bytes)>, Problem>> {
        Box::pin(async move {
            let mut all: Vec<(String, Bytes)> = Vec::new();
            loop {
                let after = all.last().map(|(id, _)| id.clone());
                let page = self.local_list(scope, SPACE, after.as_deref(), PAGE, 0).await?;
                let count = page.len();
                all.extend(page.into_iter().map(|kept| (kept.key, kept.value)));
                if count < PAGE {
                    return Ok(all);
                }
            }
        })
    }

    fn read<'a>(&'a self, scope: ScopeId, id: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        Box::pin(async move { Ok(self.local(scope, SPACE, id, 0).await?) })
    }

    fn swap<'a>(
        &'a self,
        scope: ScopeId,
        id: &'a str,
        before: Option<Bytes>,
        after: Option<Bytes>,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move { Ok(self.swap_local(scope, SPACE, id, before, after).await?) })
    }
}

/// How far a service is with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Stage {
    /// It is being told, or its answer was lost.
    Asked,
    /// It has not taken it.
    Refused,
    /// It has taken it, or a person sees to that.
    Taken,
}

/// What is remembered of an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// What was wanted when it was told.
    pub info: HookInfo,
    /// For a draft, until this time, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_until: Option<i64>,
    /// Digest of what was wanted.
    pub digest: String,
    /// How many addresses were told for the same before, and lost.
    pub generation: u32,
    /// The address.
    pub url: String,
    /// How far the service is.
    pub stage: Stage,
    /// Another address is told the next time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_spent: bool,
    /// What the service gave, sealed, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// When it was told.
    pub told_at: i64,
    /// The process that told it.
    pub told_by: String,
    /// Since when it is to be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving_since: Option<i64>,
    /// When the service called for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_heard_at: Option<i64>,
}

/// A record as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub id: String,
    pub record: Record,
    /// Its very bytes, which whoever changes it has to know.
    bytes: Bytes,
}

impl Kept {
    /// The trigger that it is of.
    pub fn place(&self) -> Place {
        Place::of(&self.record.info, self.record.draft_until.is_some())
    }

    /// Reads one. What cannot be read is of a version that is not ours, and left alone.
    pub fn read(id: String, bytes: Bytes) -> Option<Kept> {
        let record = serde_json::from_slice(&bytes)
            .inspect_err(|error| tracing::error!(%error, id, "a record of an address cannot be read"));
        Some(Kept { id, record: record.ok()?, bytes })
    }

    /// Writes a new one; `None` when there is one of that id already.
    pub async fn write(registry: &dyn Registry, id: String, record: Record) -> Result<Option<Kept>, Problem> {
        let bytes = bytes_of(&record)?;
        let written = registry.swap(record.info.scope_id, &id, None, Some(bytes.clone())).await?;
        Ok(written.then_some(Kept { id, record, bytes }))
    }

    /// Writes it anew; `None` when somebody else has changed it.
    pub async fn exchange(&self, registry: &dyn Registry, record: Record) -> Result<Option<Kept>, Problem> {
        let bytes = bytes_of(&record)?;
        let scope = self.record.info.scope_id;
        let written = registry.swap(scope, &self.id, Some(self.bytes.clone()), Some(bytes.clone())).await?;
        Ok(written.then(|| Kept { id: self.id.clone(), record, bytes }))
    }

    /// Drops it.
    pub async fn remove(&self, registry: &dyn Registry) -> Result<bool, Problem> {
        registry.swap(self.record.info.scope_id, &self.id, Some(self.bytes.clone()), None).await
    }
}

fn bytes_of(record: &Record) -> Result<Bytes, Problem> {
    let text = serde_json::to_vec(record);
    text.map(Bytes::from).map_err(|error| Problem::new(model::Code::Internal, error.to_string()))
}

/// Makes ids and secrets of addresses, and seals what services give. All follow from one secret of the server, so that
/// all nodes make the same, and what a person has entered at a service holds when a workflow is activated again.
pub(super) struct Names {
    key: hmac::Key,
    keyring: Keyring,
    place: Name,
}

impl Names {
    pub fn new(secret: [u8; 32]) -> Result<Names, Problem> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let keyring = Keyring::new(MasterKey::new(secret));
        let place = "addresses".parse().map_err(|_| Problem::new(model::Code::Internal, "no place for secrets"))?;
        Ok(Names { key, keyring, place })
    }

    fn made(&self, parts: &[&str]) -> String {
        hex(&hmac::sign(&self.key, parts.join("\n").as_bytes()).as_ref()[..16])
    }

    /// The last part of an address.
    pub fn id(&self, info: &HookInfo, draft: bool, digest: &str, generation: u32) -> String {
        let (scope, generation) = (info.scope_id.0.to_string(), generation.to_string());
        let kind = if draft { "draft" } else { "live" };
        self.made(&["address", &scope, kind, info.workflow.as_str(), &info.node, digest, &generation])
    }

    /// The secret that was made for an address.
    pub fn secret(&self, id: &str) -> String {
        self.made(&["secret", id])
    }

    pub fn seal(&self, scope: ScopeId, id: &str, state: &Value) -> Result<String, Problem> {
        let place = auth::Place { scope, connection: &self.place, field: id, generation: 1 };
        let sealed = self.keyring.seal(place, state.to_string().as_bytes());
        Ok(hex(&sealed.map_err(Problem::from)?))
    }

    /// What a service gave; null where there is nothing, or it was sealed with a secret that is lost.
    pub fn open(&self, kept: &Kept) -> Value {
        let Some(sealed) = kept.record.sealed.as_ref().and_then(|sealed| unhex(sealed)) else {
            return Value::Null;
        };
        let scope = kept.record.info.scope_id;
        let place = auth::Place { scope, connection: &self.place, field: &kept.id, generation: 1 };
        let opened = self.keyring.open(place, &sealed).inspect_err(|error| {
            tracing::error!(%error, id = kept.id, "what a service gave for an address cannot be opened");
        });
        opened.ok().and_then(|state| serde_json::from_slice(&state).ok()).unwrap_or_default()
    }
}

/// What tells one wish from another: the service, what it is told, by which account, at which address of ours. An
/// address that a person enters stays whatever else changes.
pub(super) fn digest_of(info: &HookInfo, public_url: &str) -> String {
    let Hooked { registrar, service, settings, registers, .. } = &info.hooked;
    let wish = match registers {
        true => serde_json::json!([registrar, service, settings, info.connections, public_url]),
        false => serde_json::json!([registrar, service]),
    };
    store::digest(wish.to_string().as_bytes()).to_string().chars().take(32).collect()
}
