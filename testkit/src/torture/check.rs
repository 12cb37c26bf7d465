//! What was promised, held against what the senders, the outside and the runs say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::flows::CHILD;
use super::load::Event;
use super::server::Site;
use super::{Figures, Report};
use crate::recorder::Recorded;

/// Most steps that are asked for at once.
const STEPS: u32 = 1000;
/// Requests for details side by side.
const SIDE_BY_SIDE: usize = 8;

/// A run as the API shows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Its workflow.
    pub workflow: String,
    /// Its state.
    pub status: String,
    /// The run that called it.
    pub parent: Option<String>,
    /// The whole detail.
    pub detail: Value,
}

impl Run {
    /// A field of the event that it was started with.
    fn event(&self, field: &str) -> Option<&Value> {
        self.detail.pointer(&format!("/steps/0/outputs/0/0/json/body/{field}"))
    }

    fn calls(&self) -> impl Iterator<Item = (&str, &Value)> {
        let steps = self.detail["steps"].as_array().into_iter().flatten();
        steps.flat_map(|step| {
            let node = step["node"].as_str().unwrap_or_default();
            step["calls"].as_array().into_iter().flatten().map(move |call| (node, call))
        })
    }
}

/// Waits until no run is under way; gives those that still are when patience ends.
pub async fn wait_for_ends(site: &Site, patience: Duration) -> Result<Vec<String>> {
    let begun = Instant::now();
    loop {
        let open = site.call("GET", "/runs?status=queued,running,waiting,paused,held&limit=100", &Value::Null).await?;
        let open = open["items"].as_array().cloned().unwrap_or_default();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        if begun.elapsed() > patience {
            return Ok(open
                .iter()
                .map(|run| format!("{} {} is {}", run["workflow"], run["id"], run["status"]))
                .collect());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// All runs of the torture's workflows with their details. An unreadable one is a fault in the report.
pub async fn all_runs(site: &Site, report: &mut Report) -> Result<Vec<Run>> {
    let mut ids = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let more = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = site.call("GET", &format!("/runs?limit=1000{more}"), &Value::Null).await?;
        let items = page["items"].as_array().context("a page of runs has items")?;
        ids.extend(items.iter().filter_map(|run| run["id"].as_str().map(str::to_owned)));
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let mut runs = Vec::with_capacity(ids.len());
    for some in ids.chunks(SIDE_BY_SIDE) {
        let asked = some.iter().map(|id| detail(site, id));
        for (id, detail) in some.iter().zip(futures_util::future::join_all(asked).await) {
            match detail {
                Ok(detail) => runs.push(Run {
                    id: id.clone(),
                    workflow: detail["workflow"].as_str().unwrap_or_default().to_owned(),
                    status: detail["status"].as_str().unwrap_or_default().to_owned(),
                    parent: detail["parent"].as_str().map(str::to_owned),
                    detail,
                }),
                Err(error) => report.fault(format!("the journal of {id} is unreadable: {error:#}")),
            }
        }
    }
    Ok(runs)
}

/// A run with all its steps.
async fn detail(site: &Site, id: &str) -> Result<Value> {
    let mut whole = site.call("GET", &format!("/runs/{id}?items=true&limit={STEPS}"), &Value::Null).await?;
    while let Some(next) = whole["nextStep"].as_u64() {
        let path = format!("/runs/{id}?items=true&limit={STEPS}&from={next}");
        let more = site.call("GET", &path, &Value::Null).await?;
        let steps = more["steps"].as_array().cloned().unwrap_or_default();
        ensure!(!steps.is_empty(), "step {next} was promised and is not there");
        whole["steps"].as_array_mut().context("a run has steps")?.extend(steps);
        whole["nextStep"] = more["nextStep"].clone();
    }
    Ok(whole)
}

/// Checks every promise about these events; what is broken goes into the report, with the figures.
pub fn check(events: &[Event], requests: &[Recorded], runs: &[Run], report: &mut Report) {
    let mut by_event: HashMap<&str, Vec<&Run>> = HashMap::new();
    let mut children: HashMap<&str, Vec<&Run>> = HashMap::new();
    for run in runs {
        match &run.parent {
            Some(parent) => children.entry(parent).or_default().push(run),
            None => match run.event("event").and_then(Value::as_str) {
                Some(event) => by_event.entry(event).or_default().push(run),
                None => report.fault(format!("{} of {} does not show its event", run.id, run.workflow)),
            },
        }
        if run.status != "completed" {
            report.fault(format!("{} of {} is {}: {}", run.id, run.workflow, run.status, run.detail["error"]));
        }
    }
    let mut by_place: HashMap<&str, BTreeMap<(&str, u32), Vec<&Recorded>>> = HashMap::new();
    for request in requests {
        match place(&request.path) {
            Some((event, node, item)) => {
                by_place.entry(event).or_default().entry((node, item)).or_default().push(request);
            }
            None => report.fault(format!("the outside was asked for {}", request.path)),
        }
    }
    let known: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    for event in by_event.keys().chain(by_place.keys()).filter(|event| !known.contains(*event)) {
        report.fault(format!("nobody sent the event {event}"));
    }
    report.figures.runs += runs.len() as u64;
    report.figures.requests += requests.len() as u64;
    let nothing = BTreeMap::new();
    for event in events {
        let own = by_event.get(event.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let asked = by_place.get(event.id.as_str()).unwrap_or(&nothing);
        let mut one = Judge { event, run: None, calls: HashMap::new(), report: &mut *report };
        one.judge(own, &children, asked);
    }
}

/// Event, node and item of a path `/<mode>/<event>/<node>/<item>`.
fn place(path: &str) -> Option<(&str, &str, u32)> {
    let mut parts = path.strip_prefix('/')?.split('/').skip(1);
    Some((parts.next()?, parts.next()?, parts.next()?.parse().ok()?))
}

/// Judges one event.
struct Judge<'a> {
    event: &'a Event,
    run: Option<&'a Run>,
    /// The calls of its runs by key: node, and whether its outcome was lost.
    calls: HashMap<&'a str, (&'a str, bool)>,
    report: &'a mut Report,
}

impl<'a> Judge<'a> {
    fn fault(&mut self, text: String) {
        let run = self.run.map_or("no run", |run| run.id.as_str());
        let Event { id, flow, sends, accepted, keyed, .. } = self.event;
        self.report.fault(format!(
            "{id} ({}, {run}, sent {sends} times, accepted: {accepted}, key: {keyed}): {text}",
            flow.name()
        ));
    }

    fn judge(
        &mut self,
        own: &[&'a Run],
        children: &HashMap<&str, Vec<&'a Run>>,
        asked: &BTreeMap<(&str, u32), Vec<&Recorded>>,
    ) {
        let event = self.event;
        let figures = &mut self.report.figures;
        figures.events += 1;
        figures.accepted += u64::from(event.accepted);
        figures.sent_again += u64::from(event.sends > 1);
        self.run = own.first().copied();
        match own.len() {
            0 if event.accepted => self.fault("it was accepted and has no run".into()),
            0 if !asked.is_empty() => self.fault("it has no run and yet had effects".into()),
            0 | 1 => {}
            many => self.fault(format!("it has {many} runs: {:?}", own.iter().map(|run| &run.id).collect::<Vec<_>>())),
        }
        let Some(run) = self.run else { return };
        let ran = children.get(run.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        self.children(ran);
        for run in std::iter::once(run).chain(ran.iter().copied()) {
            for (node, call) in run.calls() {
                if let Some(key) = call["key"].as_str() {
                    self.calls.insert(key, (node, call["uncertain"] == true));
                }
            }
        }
        self.report.figures.calls += self.calls.len() as u64;
        self.report.figures.uncertain += self.calls.values().filter(|(_, uncertain)| *uncertain).count() as u64;
        self.effects(asked);
        self.answers(run);
    }

    fn children(&mut self, ran: &[&Run]) {
        let expected = self.event.flow.children(self.event.items);
        let mut items: Vec<Option<u64>> = ran.iter().map(|child| child.event("item").and_then(Value::as_u64)).collect();
        items.sort_unstable();
        if items != (0..expected.into()).map(Some).collect::<Vec<_>>() {
            self.fault(format!("it must have {expected} children, one for each item, and has them for {items:?}"));
        }
        if let Some(other) = ran.iter().find(|child| child.workflow != CHILD) {
            self.fault(format!("its child {} is of workflow {}", other.id, other.workflow));
        }
        self.report.figures.children += ran.len() as u64;
    }

    fn effects(&mut self, asked: &BTreeMap<(&str, u32), Vec<&Recorded>>) {
        let expected: BTreeSet<(&str, u32)> = self.event.flow.effects(self.event.items).into_iter().collect();
        for place in &expected {
            if !asked.contains_key(place) {
                self.fault(format!("{place:?} was never executed"));
            }
        }
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (place, requests) in asked {
            if !expected.contains(place) {
                self.fault(format!("{place:?} was executed and is not in the workflow"));
                continue;
            }
            let keys: BTreeSet<Option<&str>> = requests.iter().map(|one| one.header("idempotency-key")).collect();
            let executed = requests.iter().filter(|one| one.executed).count();
            let (Some(Some(key)), 1) = (keys.first().copied(), keys.len()) else {
                self.fault(format!("{place:?} was asked for under other keys than one: {keys:?}"));
                continue;
            };
            seen.insert(key);
            match self.calls.get(key) {
                None => self.fault(format!("{place:?} was asked for under {key}, which no run shows")),
                Some((node, _)) if *node != place.0 => {
                    self.fault(format!("{place:?} was asked for under {key}, which is a call of {node}"));
                }
                Some((_, false)) if requests.len() > 1 => {
                    self.fault(format!("{place:?} was asked for {} times, and {key} is not uncertain", requests.len()));
                }
                Some(_) => {}
            }
            if self.event.honoured && executed != 1 {
                self.fault(format!("{place:?} was executed {executed} times although its server honours keys"));
            }
            self.report.figures.repeated += u64::from(requests.len() > 1);
            self.report.figures.executed_again += u64::from(executed > 1);
        }
        let silent: Vec<&str> = self.calls.keys().copied().filter(|key| !seen.contains(key)).collect();
        if !silent.is_empty() {
            self.fault(format!("its run shows calls that never came: {silent:?}"));
        }
    }

    fn answers(&mut self, run: &Run) {
        let Some(first) = self.event.answers.first() else { return };
        for other in &self.event.answers {
            if other != first {
                self.fault(format!("it was answered with {} and then with {}", first.text(), other.text()));
                return;
            }
        }
        if !self.event.flow.answers() {
            return;
        }
        self.report.figures.answers_again += self.event.answers.len() as u64 - 1;
        let journaled = &run.detail["answer"];
        let body = match &journaled["body"] {
            Value::Object(body) => body.values().next().and_then(Value::as_str).unwrap_or_default(),
            Value::String(text) => text,
            _ => "",
        };
        let same = journaled["status"] == first.status && body.as_bytes() == first.body;
        if !same {
            self.fault(format!("it was answered with {}, and its run says {journaled}", first.text()));
        }
    }
}

impl Figures {
    /// One line for people.
    pub fn text(&self) -> String {
        let Figures { kills, events, accepted, sent_again, answers_again, runs, children, calls, requests, .. } = self;
        let Figures { uncertain, repeated, executed_again, slowest_start, .. } = self;
        format!(
            "{kills} kills, {events} events ({accepted} accepted, {sent_again} sent again, {answers_again} answers \
             compared), {runs} runs ({children} children), {calls} calls, {requests} requests, {uncertain} uncertain \
             calls, {repeated} asked again, {executed_again} executed again where keys are not honoured, slowest \
             start {} ms",
            slowest_start.as_millis()
        )
    }
}
