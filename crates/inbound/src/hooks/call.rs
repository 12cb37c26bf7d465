//! What a call of a service is for, and whether it is the service's.

use std::sync::{Arc, PoisonError};

use auth::signature::{Incoming, Keys, Verdict, presets};
use model::{Code, Map, Problem, Value};
use part::Answer;
use part::hook::{HookInfo, Line, Proof, SIGNING, Weighed};

use super::record::{Kept, Record};
use super::{Handle, Place, Shared, Stage, settle};
use crate::Rehearsal;
use crate::verify::Verifier;

/// A trigger that a service calls.
pub struct Call {
    shared: Arc<Shared>,
    place: Place,
    kept: Arc<Kept>,
    line: Line,
    state: Value,
    draft: Option<Rehearsal>,
}

impl Handle {
    /// The trigger that was told to be at an address: `scope` is `workspace/environment`, `id` the last part.
    ///
    /// # Errors
    /// It cannot be looked up just now.
    pub async fn find(&self, scope: &str, id: &str) -> Result<Option<Call>, Problem> {
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let shared = &self.shared;
        let wishes = shared.wishes.borrow().clone();
        let scope = wishes.scopes.iter().find(|(_, known)| known.to_string() == scope).map(|(id, _)| *id);
        let (Some(scope), true) = (scope, is_id) else { return Ok(None) };
        let known = shared.records.read().unwrap_or_else(PoisonError::into_inner).get(&(scope, id.to_owned())).cloned();
        let kept = match known.filter(|kept| kept.record.stage == Stage::Taken) {
            Some(kept) => Some(kept),
            // Another node has told it, or is about to.
            None => {
                let stored = shared.options.registry.read(scope, id).await?;
                stored.and_then(|bytes| Kept::read(id.to_owned(), bytes)).map(Arc::new)
            }
        };
        let Some(kept) = kept else { return Ok(None) };
        let place = kept.place();
        let Some(wanted) = wishes.of(&place) else { return Ok(None) };
        let info = match wanted.digest == kept.record.digest {
            true => &wanted.info,
            false => {
                // An address of before counts until the service has the new one, so that nothing is missed.
                let records = shared.records.read().unwrap_or_else(PoisonError::into_inner);
                let is_over = records.values().any(|other| other.place() == place && settle::is_current(wanted, other));
                if is_over {
                    return Ok(None);
                }
                &kept.record.info
            }
        };
        let line = shared.line(info, id, &kept.record.url);
        let state = shared.names.open(&kept);
        Ok(Some(Call { shared: shared.clone(), place, line, state, draft: wanted.draft.clone(), kept }))
    }
}

impl Call {
    /// Which trigger it is.
    pub fn info(&self) -> &HookInfo {
        &self.line.info
    }

    /// The trial of the draft, if it is a draft's.
    pub fn draft(&self) -> Option<&Rehearsal> {
        self.draft.as_ref()
    }

    /// Whether a request comes from the service, and what it is.
    ///
    /// # Errors
    /// It does not, or that cannot be said.
    pub async fn judge(&self, verifier: &dyn Verifier, request: Incoming<'_>) -> Result<Verdict, Problem> {
        let info = self.info();
        let preset = |sender: &str| {
            let found = presets::named(sender);
            found.ok_or_else(|| Problem::new(Code::Unsupported, format!("it is not known how `{sender}` signs")))
        };
        let connection = |slot: &str| {
            info.connections.get(slot).ok_or_else(|| {
                let detail = format!("`{}` has no connection `{slot}` to check its callers with", info.node);
                Problem::new(Code::ConnectionMissing, detail)
            })
        };
        match &info.hooked.proof {
            Proof::Address => Ok(Verdict::Event { id: None, shown: Vec::new() }),
            Proof::Secret { sender } => {
                let given = self.state["secret"].as_str().filter(|secret| !secret.is_empty());
                let secret = given.unwrap_or(&self.line.secret).as_bytes();
                let keys = Keys { signing: &[secret], verify_token: Some(self.line.secret.as_bytes()) };
                preset(sender)?.signature.judge(keys, &request).map_err(|refusal| {
                    if self.kept.record.stage != Stage::Taken {
                        // The secret comes with the service's answer, and its first call was faster.
                        let detail = "the service has not yet answered with the secret that it signs with";
                        return Problem::new(Code::Unavailable, detail);
                    }
                    let (workflow, node) = (&info.workflow, &info.node);
                    tracing::warn!(%workflow, node, reason = refusal.reason(), "a call was refused: {refusal}");
                    refusal.problem()
                })
            }
            Proof::Account { sender, slot, field } => {
                let (secret, signature) = ((connection(slot)?, field.as_str()), &preset(sender)?.signature);
                verifier.judge_by(info.scope_id, secret, signature, &self.line.secret, request).await
            }
            Proof::Signing => verifier.judge(info.scope_id, connection(SIGNING)?, request).await,
        }
    }

    /// The answer to a service that asks whether somebody is there in words of its own.
    ///
    /// # Errors
    /// The question cannot be understood.
    pub async fn answer(&self, request: &Map) -> Result<Option<Answer>, Problem> {
        if !self.info().hooked.asks {
            return Ok(None);
        }
        let answer = self.shared.registrar(self.info())?.answer(&self.line, request).await;
        answer.map_err(|error| error.problem)
    }

    /// What an event is.
    ///
    /// # Errors
    /// It cannot be understood.
    pub async fn weigh(&self, request: &Map) -> Result<Weighed, Problem> {
        let weighed = self.shared.registrar(self.info())?.weigh(&self.line, &self.state, request).await;
        let weighed = weighed.map_err(|error| {
            let mut problem = error.problem;
            problem.detail =
                format!("a call of `{}` cannot be understood: {}", self.info().hooked.service, problem.detail);
            let (workflow, node) = (&self.info().workflow, &self.info().node);
            tracing::warn!(%workflow, node, %problem, "a call was refused");
            self.shared.see(&self.place, |seen| {
                seen.failures += 1;
                seen.misheard = Some(problem.clone());
            });
            problem
        })?;
        if weighed.refused {
            let detail = format!("`{}` says that this call is not its own", self.info().hooked.service);
            return Err(Problem::new(Code::SignatureRejected, detail));
        }
        Ok(weighed)
    }

    /// An event has begun a run.
    pub async fn heard(&self) {
        let now = self.shared.options.clock.now();
        self.shared.see(&self.place, |seen| {
            seen.heard_at = Some(now);
            seen.misheard = None;
            seen.events += 1;
        });
        if self.kept.record.first_heard_at.is_none() && self.kept.record.stage == Stage::Taken {
            let record = Record { first_heard_at: Some(now), ..self.kept.record.clone() };
            match self.kept.exchange(&*self.shared.options.registry, record).await {
                Ok(Some(kept)) => drop(self.shared.know(kept)),
                // Somebody else has noted it, or the next event will.
                Ok(None) => {}
                Err(problem) => tracing::debug!(%problem, "that a service has called could not be noted"),
            }
        }
    }
}
