//! One pass over a trigger: what is wanted is told to its service, what is not wanted any more is taken back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use model::{Code, Problem, Value};
use part::NodeError;
use part::hook::Untaken;

use super::record::{Kept, Record};
use super::{Place, Shared, Stage, Wanted, url_of};

/// Longest time that a service may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so long another process is not at it any more, in milliseconds.
const ASKED_FOR: i64 = PATIENCE.as_millis() as i64 + 15_000;
/// After so long nobody tries any more to take an address back.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a pass came to.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Since when the service has what is wanted.
    pub taken_at: Option<i64>,
    /// What has failed.
    pub problem: Option<Problem>,
    /// The service asks not to be asked for so long.
    pub not_before: Option<Duration>,
    /// Another node is at work on it, so what is known of it is old.
    pub is_elsewhere: bool,
}

impl Pass {
    fn fail(&mut self, problem: Problem) {
        if problem.code == Code::Conflict {
            self.is_elsewhere = true;
            return;
        }
        self.not_before = self.not_before.max(problem.retry_after.map(Duration::from_secs));
        // What keeps the service from calling says more than what is left over.
        if self.problem.is_none() {
            self.problem = Some(problem);
        }
    }
}

/// Whether a record is what is wanted, and the service has it.
pub(super) fn is_current(wanted: &Wanted, kept: &Kept) -> bool {
    kept.record.stage == Stage::Taken && kept.record.digest == wanted.digest
}

/// Whether there is anything to do.
pub(super) fn is_needed(wanted: Option<&Wanted>, records: &[Arc<Kept>]) -> bool {
    match wanted {
        None => !records.is_empty(),
        Some(wanted) => records.len() != 1 || !records.iter().all(|kept| is_current(wanted, kept)),
    }
}

impl Shared {
    /// Does what is to be done, as far as it can be.
    pub(super) async fn settle(&self, place: &Place, wanted: Option<&Wanted>, records: Vec<Arc<Kept>>) -> Pass {
        let mut pass = Pass::default();
        let Some(wanted) = wanted else {
            self.leave_all(records, &mut pass).await;
            return pass;
        };
        let (mut own, others): (Vec<Arc<Kept>>, Vec<Arc<Kept>>) =
            records.into_iter().partition(|kept| kept.record.digest == wanted.digest);
        if let Some(current) = own.iter().find(|kept| is_current(wanted, kept)) {
            pass.taken_at = Some(current.record.told_at);
            own.retain(|kept| !is_current(wanted, kept));
            own.extend(others);
            self.leave_all(own, &mut pass).await;
            return pass;
        }
        if let Err(problem) = self.is_ready(place, wanted) {
            pass.fail(problem);
            return pass;
        }
        let mut others = Some(others);
        if wanted.info.hooked.exclusive.is_some() {
            self.leave_all(others.take().unwrap_or_default(), &mut pass).await;
        }
        match self.tell(place, wanted, own).await {
            Ok(at) => {
                pass.taken_at = Some(at);
                self.leave_all(others.unwrap_or_default(), &mut pass).await;
            }
            Err(problem) => {
                pass.problem = None;
                pass.fail(problem);
            }
        }
        pass
    }

    /// Whether a service can be told at all.
    fn is_ready(&self, place: &Place, wanted: &Wanted) -> Result<(), Problem> {
        if self.options.public_url.is_none() {
            return Err(no_public_address());
        }
        self.rival(place, wanted, None).map_or(Ok(()), Err)
    }

    /// Tells the service an address; gives when.
    async fn tell(&self, place: &Place, wanted: &Wanted, own: Vec<Arc<Kept>>) -> Result<i64, Problem> {
        let (info, registry) = (&wanted.info, &*self.options.registry);
        let base = self.options.public_url.as_deref().ok_or_else(no_public_address)?;
        let registrar = self.registrar(info)?;
        // An address that a service may know although it has not said so is not told again: another one is.
        let now = self.options.clock.now();
        let mut known = None;
        let mut generation = 0;
        for kept in own {
            match kept.record.stage {
                Stage::Refused if !kept.record.is_spent => known = Some(kept),
                Stage::Asked if kept.record.told_by != self.own && now - kept.record.told_at < ASKED_FOR => {
                    return Err(elsewhere());
                }
                Stage::Asked | Stage::Refused | Stage::Taken => {
                    generation = generation.max(kept.record.generation + 1);
                    tracing::warn!(url = kept.record.url, "a service may know this address already; it gets another");
                    kept.remove(registry).await?;
                    self.forget(&kept);
                }
            }
        }
        let generation = known.as_ref().map_or(generation, |kept| kept.record.generation);
        let id = self.names.id(info, place.draft, &wanted.digest, generation);
        let record = Record {
            info: info.clone(),
            draft_until: wanted.draft.as_ref().map(|draft| draft.until()),
            digest: wanted.digest.clone(),
            generation,
            url: url_of(base, info, &id),
            stage: if info.hooked.registers { Stage::Asked } else { Stage::Taken },
            is_spent: false,
            sealed: None,
            told_at: now,
            told_by: self.own.clone(),
            leaving_since: None,
            first_heard_at: None,
        };
        let written = match &known {
            Some(known) => known.exchange(registry, record).await?,
            None => Kept::write(registry, id, record).await?,
        };
        let asked = self.know(written.ok_or_else(elsewhere)?);
        // Two that want it at once have both found it free.
        if let Some(problem) = self.rival(place, wanted, Some(&asked)) {
            if asked.remove(registry).await? {
                self.forget(&asked);
            }
            return Err(problem);
        }
        if !info.hooked.registers {
            return Ok(now);
        }
        let line = self.line(info, &asked.id, &asked.record.url);
        let told = tokio::time::timeout(PATIENCE, registrar.register(&line)).await.unwrap_or_else(|_| {
            let detail = format!("`{}` has not answered within {} seconds", info.hooked.service, PATIENCE.as_secs());
            let error = NodeError::new(Code::UpstreamTimeout, part::Category::Timeout, detail);
            Err(Untaken { error, uncertain: true })
        });
        let (record, outcome) = match told {
            Ok(state) => {
                let sealed = match state {
                    Value::Null => None,
                    state => Some(self.names.seal(info.scope_id, &asked.id, &state)?),
                };
                (Record { stage: Stage::Taken, sealed, ..asked.record.clone() }, Ok(now))
            }
            Err(Untaken { error, uncertain }) => {
                let stage = if uncertain { Stage::Asked } else { Stage::Refused };
                // Who refuses what is asked may have met this very address before.
                let is_spent = error.category == part::Category::BadData;
                let problem = problem_of(error, &format!("`{}` was not told the address", info.hooked.service));
                tracing::warn!(workflow = %info.workflow, node = info.node, %problem, "a service does not call a trigger");
                (Record { stage, is_spent, ..asked.record.clone() }, Err(problem))
            }
        };
        let written = asked.exchange(registry, record).await?;
        self.know(written.ok_or_else(elsewhere)?);
        outcome
    }

    /// That the one address that the service knows is another trigger's. Of two that are being told, the one that was
    /// first has it.
    fn rival(&self, place: &Place, wanted: &Wanted, own: Option<&Kept>) -> Option<Problem> {
        let hooked = &wanted.info.hooked;
        hooked.exclusive.as_ref()?;
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let rival = records.values().find(|kept| {
            let other = &kept.record.info;
            kept.place() != *place
                && other.scope_id == wanted.info.scope_id
                && match (kept.record.stage, own) {
                    (Stage::Taken, _) => true,
                    (Stage::Asked, Some(own)) => (kept.record.told_at, &kept.id) < (own.record.told_at, &own.id),
                    _ => false,
                }
                && other.hooked.service == hooked.service
                && other.hooked.exclusive == hooked.exclusive
                && other.connections == wanted.info.connections
        })?;
        let other = &rival.record.info;
        let detail = format!(
            "`{}` calls one address for an account, and `{}` of workflow `{}` has it",
            hooked.service, other.node, other.workflow
        );
        Some(Problem::new(Code::AddressTaken, detail).hint("deactivate that workflow, or use another account"))
    }

    async fn leave_all(&self, records: Vec<Arc<Kept>>, pass: &mut Pass) {
        for kept in records {
            if let Err(problem) = self.leave(kept).await {
                pass.fail(problem);
            }
        }
    }

    /// Takes an address back.
    async fn leave(&self, kept: Arc<Kept>) -> Result<(), Problem> {
        let (registry, now) = (&*self.options.registry, self.options.clock.now());
        let info = &kept.record.info;
        if kept.record.stage == Stage::Taken && info.hooked.registers {
            let since = kept.record.leaving_since.unwrap_or(now);
            let line = self.line(info, &kept.id, &kept.record.url);
            let state = self.names.open(&kept);
            let asked = self.registrar(info)?.unregister(&line, &state);
            let taken_back = tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
                let detail =
                    format!("`{}` has not answered within {} seconds", info.hooked.service, PATIENCE.as_secs());
                Err(NodeError::new(Code::UpstreamTimeout, part::Category::Timeout, detail))
            });
            if let Err(error) = taken_back {
                let is_lost = error.problem.code == Code::ConnectionMissing;
                let problem = problem_of(error, &format!("`{}` still calls an address of before", info.hooked.service));
                if !is_lost && now - since < GIVEN_UP_AFTER.as_millis() as i64 {
                    tracing::warn!(workflow = %info.workflow, node = info.node, %problem, "an address was not taken back");
                    if kept.record.leaving_since.is_none() {
                        let record = Record { leaving_since: Some(now), ..kept.record.clone() };
                        self.know(kept.exchange(registry, record).await?.ok_or_else(elsewhere)?);
                    }
                    return Err(problem.hint("it is tried again by itself; it can also be taken away at the service"));
                }
                tracing::error!(url = kept.record.url, %problem, "an address is left at its service, and has to be taken away there");
            }
        }
        if kept.remove(registry).await? {
            self.forget(&kept);
            return Ok(());
        }
        Err(elsewhere())
    }
}

fn problem_of(error: NodeError, what: &str) -> Problem {
    let later = error.later_millis.map(|millis| millis / 1_000 + 1);
    let mut problem = error.problem;
    problem.detail = format!("{what}: {}", problem.detail);
    problem.retry_after = problem.retry_after.or(later);
    problem
}

/// A record was changed by another node meanwhile.
fn elsewhere() -> Problem {
    Problem::new(Code::Conflict, "another node is at work on this trigger")
}

/// That nobody has said how the server is reached.
pub fn no_public_address() -> Problem {
    Problem::new(Code::NoPublicAddress, "a service has to be told an address, and this server does not know its own")
        .hint("start it with `--public-url https://…`, the address at which the service reaches it")
}
