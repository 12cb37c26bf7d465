//! Schedules: kept, paused and triggered; what starts by the clock starts when a test says so.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::moment;
use super::state::{Refusal, State, Status, now};

/// Most times that are told at once.
const MOST_TIMES: usize = 1000;

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What it is, as it was sent.
    pub schedule: Value,
    /// What is kept with it.
    pub memo: Map<String, Value>,
    /// What it has started: workflow and run.
    pub started: Vec<(String, String)>,
    made: String,
    changed: Option<String>,
    version: u64,
}

impl Schedule {
    /// It starts nothing.
    pub fn is_paused(&self) -> bool {
        self.schedule["state"]["paused"] == true
    }

    /// What says which version of it somebody has seen.
    fn token(&self) -> String {
        // Base64 of a number of three digits has no padding.
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = format!("{:03}", self.version % 1000);
        let bits = digits.bytes().fold(0usize, |bits, byte| bits << 8 | usize::from(byte));
        [18, 12, 6, 0].iter().map(|shift| char::from(LETTERS[bits >> shift & 63])).collect()
    }

    fn info(&self) -> Value {
        let action = |(workflow, run): &(String, String)| json!({ "actualTime": self.made, "startWorkflowResult": { "workflowId": workflow, "runId": run } });
        let actions: Vec<Value> = self.started.iter().map(action).collect();
        let mut info = json!({ "actionCount": self.started.len().to_string(), "createTime": self.made });
        if !actions.is_empty() {
            info["recentActions"] = actions.into();
        }
        if let Some(changed) = &self.changed {
            info["updateTime"] = changed.as_str().into();
        }
        info
    }
}

type Key = (String, String);

fn missing() -> Refusal {
    Refusal::of(5, "schedule not found").detail("NotFoundFailure", json!({}))
}

/// `CreateSchedule`
pub fn create(state: &mut State, key: Key, body: &Value) -> Result<Value, Refusal> {
    if body["schedule"]["action"]["startWorkflow"]["workflowId"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::of(3, "WorkflowId is not set on request."));
    }
    if state.schedules.contains_key(&key) {
        return Err(Refusal::of(6, "schedule with this ID is already registered"));
    }
    let schedule = Schedule {
        schedule: body["schedule"].clone(),
        memo: body["memo"]["fields"].as_object().cloned().unwrap_or_default(),
        started: Vec::new(),
        made: now(),
        changed: None,
        version: 1,
    };
    let token = schedule.token();
    state.schedules.insert(key.clone(), schedule);
    if body["initialPatch"].is_object() {
        patched(state, &key, &body["initialPatch"])?;
    }
    Ok(json!({ "conflictToken": token }))
}

/// `DescribeSchedule`
pub fn describe(state: &State, key: &Key) -> Result<Value, Refusal> {
    let found = state.schedules.get(key).ok_or_else(missing)?;
    let mut told = json!({ "schedule": found.schedule, "info": found.info(), "conflictToken": found.token() });
    if !found.memo.is_empty() {
        told["memo"] = json!({ "fields": found.memo });
    }
    Ok(told)
}

/// `ListSchedules`: an entry for each.
pub fn list(state: &State, namespace: &str, query: &str) -> Result<Vec<Value>, Refusal> {
    let wanted = match query.trim() {
        "" => None,
        "TemporalSchedulePaused = true" => Some(true),
        "TemporalSchedulePaused = false" => Some(false),
        other => return Err(Refusal::of(3, format!("invalid query: {other}"))),
    };
    let fitting = state
        .schedules
        .iter()
        .filter(|((place, _), one)| place == namespace && wanted.is_none_or(|paused| paused == one.is_paused()));
    Ok(fitting
        .map(|((_, id), one)| {
            let mut info = json!({ "paused": one.is_paused() });
            for (name, value) in [
                ("spec", &one.schedule["spec"]),
                ("workflowType", &one.schedule["action"]["startWorkflow"]["workflowType"]),
                ("notes", &one.schedule["state"]["notes"]),
            ] {
                if !value.is_null() {
                    info[name] = value.clone();
                }
            }
            json!({ "scheduleId": id, "info": info })
        })
        .collect())
}

/// `UpdateSchedule`
pub fn update(state: &mut State, key: &Key, body: &Value) -> Result<Value, Refusal> {
    let found = state.schedules.get_mut(key).ok_or_else(missing)?;
    if body["conflictToken"].as_str().is_some_and(|token| !token.is_empty() && token != found.token()) {
        return Err(Refusal::of(9, "mismatched conflict token"));
    }
    found.schedule = body["schedule"].clone();
    found.changed = Some(now());
    found.version += 1;
    Ok(json!({}))
}

/// `PatchSchedule`
pub fn patch(state: &mut State, key: &Key, body: &Value) -> Result<Value, Refusal> {
    patched(state, key, &body["patch"])?;
    Ok(json!({}))
}

fn patched(state: &mut State, key: &Key, patch: &Value) -> Result<(), Refusal> {
    let found = state.schedules.get_mut(key).ok_or_else(missing)?;
    for (name, paused) in [("pause", true), ("unpause", false)] {
        if let Some(note) = patch[name].as_str().filter(|note| !note.is_empty()) {
            if !found.schedule["state"].is_object() {
                found.schedule["state"] = json!({});
            }
            found.schedule["state"]["paused"] = paused.into();
            found.schedule["state"]["notes"] = note.into();
            found.version += 1;
        }
    }
    let backfills = patch["backfillRequest"].as_array().cloned().unwrap_or_default();
    let mut times = Vec::new();
    for one in &backfills {
        times.extend(matching(found, &one["startTime"], &one["endTime"]));
    }
    if patch["triggerImmediately"].is_object() {
        times.push(now());
    }
    times.iter().for_each(|time| fire(state, key, time));
    Ok(())
}

/// `DeleteSchedule`
pub fn delete(state: &mut State, key: &Key) -> Result<Value, Refusal> {
    state.schedules.remove(key).map(|_| json!({})).ok_or_else(missing)
}

/// `ListScheduleMatchingTimes`
pub fn times(state: &State, key: &Key, from: &str, to: &str) -> Result<Value, Refusal> {
    let found = state.schedules.get(key).ok_or_else(missing)?;
    Ok(json!({ "startTime": matching(found, &from.into(), &to.into()) }))
}

/// When its intervals begin between two moments. What it has of calendars and cron is not computed.
fn matching(schedule: &Schedule, from: &Value, to: &Value) -> Vec<String> {
    let second = |value: &Value| value.as_str().and_then(moment::seconds);
    let (Some(from), Some(to)) = (second(from), second(to)) else { return Vec::new() };
    let span = |value: &Value| {
        value.as_str().and_then(|text| text.trim_end_matches('s').parse::<f64>().ok()).unwrap_or_default() as u64
    };
    let mut all = Vec::new();
    for interval in schedule.schedule["spec"]["interval"].as_array().into_iter().flatten() {
        let (every, phase) = (span(&interval["interval"]).max(1), span(&interval["phase"]));
        let first = from.saturating_sub(phase).div_ceil(every) * every + phase;
        all.extend((first..=to).step_by(every as usize).take(MOST_TIMES));
    }
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|at| moment::later("1970-01-01T00:00:00Z", Duration::from_secs(at))).collect()
}

/// Lets it start its workflow, as at that time.
pub fn fire(state: &mut State, key: &Key, time: &str) {
    let Some(found) = state.schedules.get(key) else { return };
    let action = found.schedule["action"]["startWorkflow"].clone();
    let still = found.started.last().and_then(|(workflow, run)| state.find(&key.0, workflow, run));
    let runs = still.is_some_and(|run| run.status == Status::Running);
    // Without a word of it, a start is left out while the one before still runs.
    let policy = found.schedule["policies"]["overlapPolicy"].as_str().unwrap_or("SCHEDULE_OVERLAP_POLICY_SKIP");
    if runs && policy != "SCHEDULE_OVERLAP_POLICY_ALLOW_ALL" {
        return;
    }
    let second = time.get(..19).unwrap_or(time);
    let workflow = format!("{}-{second}Z", action["workflowId"].as_str().unwrap_or_default());
    let at = state.begin(&key.0, &workflow, &action, None);
    let run = state.runs[at].run.clone();
    if let Some(found) = state.schedules.get_mut(key) {
        found.started.push((workflow, run));
    }
}
