//! What must hold for every history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::event::{Event, Handled};
use engine::graph::Graph;
use engine::journal;
use engine::machine::{End, Machine};
use model::Code;
use model::workflow::{OnUncertain, Order};
use part::Resumed;

use super::data::Data;
use super::driver::{Dangers, Driver};
use super::mutants::Mutant;
use super::naive::{self, Accidents, Outcome, Step};
use super::rng::Rng;
use super::scenario::Scenario;

/// Runs the histories of a seed: one under dangers, one from a prefix of its journal, one with other completions.
/// Gives the number of histories, 0 when the scenario takes too long.
pub fn histories(seed: u64, scenario: &Scenario, mutant: Option<Mutant>) -> Result<usize, String> {
    if naive::run(scenario, &Accidents::default()).is_none() {
        return Ok(0);
    }
    let mut rng = Rng::new(seed ^ 0x5EED);
    let graph = Arc::new(graph(scenario, mutant));
    let one = |seed: u64, dangers: Dangers, journal: Vec<Event>| -> Result<Vec<Event>, String> {
        let mut driver = Driver::new(scenario, graph.clone(), seed, dangers, mutant, journal);
        driver.run();
        judge(scenario, &graph, &driver).map_err(|breach| report(scenario, &driver, &breach))?;
        Ok(driver.journal)
    };
    let crashes = if rng.percent(75) { 1 + rng.below(4) as u32 } else { 0 };
    let turn = |rng: &mut Rng, percent: u32| rng.percent(percent).then(|| rng.below(120));
    let dangers =
        Dangers { crashes, cancel_turn: turn(&mut rng, 12), pause_turn: turn(&mut rng, 12), redriven: rng.percent(30) };
    let written = one(rng.next(), dangers, Vec::new())?;
    let mut count = 1;
    let canceled = |event: &Event| matches!(event, Event::CancelRequested { .. } | Event::Reopened { .. });
    let uncut = written.iter().position(canceled).map_or(written.len(), |at| at.saturating_sub(1));
    // A run that has ended is no prefix to go on from.
    let longest = uncut.min(written.len().saturating_sub(1));
    let prefixes: Vec<usize> = match seed % 128 {
        0 if written.len() < 200 => (1..=longest).collect(),
        _ if longest > 0 => vec![1 + rng.below(longest)],
        _ => Vec::new(),
    };
    for prefix in prefixes {
        let crashes = rng.below(2) as u32;
        one(rng.next(), Dangers { crashes, ..Dangers::default() }, written[..prefix].to_vec())
            .map_err(|breach| format!("recovered from the first {prefix} records: {breach}"))?;
        count += 1;
    }
    if scenario.order == Order::Parallel {
        one(rng.next(), Dangers::default(), Vec::new()).map_err(|breach| format!("other completions: {breach}"))?;
        count += 1;
    }
    Ok(count)
}

/// The graph that the machine runs on.
pub fn graph(scenario: &Scenario, mutant: Option<Mutant>) -> Graph {
    let (mut spec, mut ports) = scenario.workflow();
    if let Some(mutant) = mutant {
        mutant.graph(&mut spec, &mut ports);
    }
    Graph::build(&spec, &ports).expect("a sound graph")
}

fn report(scenario: &Scenario, driver: &Driver<'_>, breach: &str) -> String {
    let mut text = format!("{breach}\n{}", naive::describe(scenario));
    for event in &driver.journal {
        let mut line = Vec::new();
        journal::encode(event, &mut line);
        text += &String::from_utf8_lossy(&line);
    }
    text
}

fn judge(scenario: &Scenario, graph: &Arc<Graph>, driver: &Driver<'_>) -> Result<(), String> {
    if let Some(rule) = &driver.broken {
        return Err(rule.clone());
    }
    rules(scenario, &driver.journal)?;
    if driver.journal.iter().any(|event| matches!(event, Event::Reopened { .. })) {
        // What a second chance comes to is up to the services; it has to come to an end, by the rules.
        return if driver.is_mutant() { Ok(()) } else { replays(graph, driver) };
    }
    let accidents = accidents(scenario, &driver.journal)?;
    let Some(expected) = naive::run(scenario, &accidents) else { return Ok(()) };
    outcome(scenario, driver, &expected)?;
    // A mutant has to show in what the run does, not only in the state that it leaves.
    if driver.is_mutant() { Ok(()) } else { replays(graph, driver) }
}

/// Rules that a reader of the journal can check, whatever the outcome.
fn rules(scenario: &Scenario, events: &[Event]) -> Result<(), String> {
    let (mut canceled, mut paused, mut ended) = (false, false, false);
    let mut signals = BTreeSet::new();
    // Signals that a step may still use, by step.
    let mut unused: BTreeMap<u32, usize> = BTreeMap::new();
    let mut early = 0;
    let mut running = BTreeSet::new();
    // Invocations of attached nodes that have not failed, by caller and number.
    let mut invoked: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    // Tries that a step has left, and gets back when it is redriven.
    let mut retries: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for (position, event) in events.iter().enumerate() {
        let fresh = match event {
            Event::SignalReceived { id, step, name, .. } => {
                match step.filter(|_| name.starts_with("resume")) {
                    Some(step) if running.contains(&step) => *unused.entry(step).or_default() += 1,
                    Some(_) => early += 1,
                    None => {}
                }
                signals.insert(*id)
            }
            Event::ChildEnded { signal, .. } => signals.insert(*signal),
            _ => true,
        };
        if !fresh {
            return Err(format!("record {position}: a signal was received twice"));
        }
        match event {
            Event::StepStarted { s, .. } => drop(running.insert(*s)),
            Event::StepCompleted { s, .. } | Event::StepFailed { s, .. } => drop(running.remove(s)),
            _ => {}
        }
        let begins = matches!(
            event,
            Event::StepStarted { .. }
                | Event::AttemptStarted { .. }
                | Event::StepResumed { .. }
                | Event::JoinReleased { .. }
        );
        if begins && paused {
            return Err(format!("record {position}: something began while the run was paused"));
        }
        let calls = matches!(event, Event::CallIntended { .. } | Event::Invoked { .. });
        if (begins || calls) && canceled {
            return Err(format!("record {position}: something began after the run was canceled"));
        }
        if ended && (begins || calls || matches!(event, Event::StepCompleted { .. })) {
            return Err(format!("record {position}: something happened after the end of the run"));
        }
        match event {
            Event::CancelRequested { .. } => canceled = true,
            Event::PauseRequested { .. } => paused = true,
            Event::PauseEnded { .. } => paused = false,
            Event::RunCompleted { .. } | Event::RunFailed { .. } | Event::RunCanceled { .. } => ended = true,
            // What a step did not use is kept for the next wait.
            Event::StepCompleted { s, .. } => early += unused.remove(s).unwrap_or_default(),
            Event::StepResumed { s, by: by @ (Resumed::TimedOut | Resumed::Signal { .. }), .. } => {
                let own = unused.entry(*s).or_default();
                let kept = if *own > 0 { own } else { &mut early };
                match (by, *kept) {
                    (Resumed::TimedOut, 0) => {}
                    (Resumed::TimedOut, _) => {
                        return Err(format!("record {position}: a wait timed out although its signal had come"));
                    }
                    (_, 0) => return Err(format!("record {position}: a wait ended by a signal that had not come")),
                    _ => *kept -= 1,
                }
            }
            Event::StepStarted { s, n, .. } => {
                let again = scenario.nodes[*n as usize].tries.unwrap_or(1) - 1;
                retries.insert(*s, (again, again));
            }
            Event::AttemptFailed { s, counted: true, .. } => match retries.get_mut(s) {
                Some((left, _)) if *left > 0 => *left -= 1,
                _ => return Err(format!("record {position}: a step is tried more often than its policy allows")),
            },
            Event::Invoked { s, parent, k, .. } if invoked.insert((*parent, *k), *s).is_some() => {
                return Err(format!("record {position}: an attached node was invoked again"));
            }
            Event::StepFailed { s, .. } => invoked.retain(|_, nested| nested != s),
            Event::Reopened { .. } => {
                invoked.clear();
                (canceled, ended) = (false, false);
                retries.values_mut().for_each(|(left, again)| *left = *again);
            }
            _ => {}
        }
    }
    Ok(())
}

/// What chance decided, as the journal tells it.
fn accidents(scenario: &Scenario, events: &[Event]) -> Result<Accidents, String> {
    let mut accidents = Accidents::default();
    let mut steps = BTreeMap::new();
    for event in events {
        match event {
            Event::StepStarted { s, n, run_index, .. } => {
                steps.insert(*s, (*n as usize, *run_index));
            }
            Event::StepResumed { s, by: Resumed::TimedOut, .. } => {
                accidents.timed_out.extend(steps.get(s));
            }
            Event::StepCompleted { s, error: Some((_, error)), .. } | Event::StepFailed { s, error, .. }
                if error.problem.code == Code::Uncertain =>
            {
                let Some(step) = steps.get(s) else { continue };
                if scenario.nodes[step.0].on_uncertain == OnUncertain::Retry {
                    return Err("a call was uncertain to a node that repeats such calls".into());
                }
                accidents.uncertain.insert(*step);
            }
            _ => {}
        }
    }
    Ok(accidents)
}

/// The steps that the journal tells of, in the order in which they were started.
fn steps(events: &[Event]) -> (Vec<(Step, bool)>, u32) {
    let mut data = Data::default();
    let mut found: Vec<(u32, Step, bool)> = Vec::new();
    let mut handled = 0;
    for event in events {
        data.apply(event);
        match event {
            Event::StepStarted { s, n, run_index, i, .. } => {
                let inputs = naive::trim(i.iter().map(|feeds| data.gather(feeds)).collect());
                found.push((*s, Step { node: *n as usize, run_index: *run_index, inputs, outputs: None }, false));
            }
            Event::StepCompleted { s, error, .. } => {
                handled +=
                    u32::from(matches!(error, Some((Handled::Fallback | Handled::Continue | Handled::ErrorBranch, _))));
                if let Some((_, step, ended)) = found.iter_mut().find(|(number, _, _)| number == s) {
                    step.outputs = data.outputs(*s).map(|ports| naive::trim(ports.clone()));
                    *ended = true;
                }
            }
            Event::StepFailed { s, .. } => {
                found.iter_mut().filter(|(number, _, _)| number == s).for_each(|(_, _, ended)| *ended = true);
            }
            _ => {}
        }
    }
    (found.into_iter().map(|(_, step, ended)| (step, ended)).collect(), handled)
}

fn outcome(scenario: &Scenario, driver: &Driver<'_>, expected: &Outcome) -> Result<(), String> {
    let (found, handled) = steps(&driver.journal);
    let end = driver.end().ok_or("the run has no end")?;
    let parallel = scenario.order == Order::Parallel;
    if end == End::Completed || (end == End::Failed && !parallel) {
        let mut wanted = expected.steps.clone();
        let mut seen: Vec<Step> = found.into_iter().map(|(step, _)| step).collect();
        if parallel {
            wanted.sort();
            seen.sort();
        }
        let differs = wanted.iter().zip(&seen).position(|(wanted, seen)| wanted != seen);
        if let Some(at) = differs.or((wanted.len() != seen.len()).then_some(wanted.len().min(seen.len()))) {
            return Err(format!("step {at}: expected {:?}, found {:?}", wanted.get(at), seen.get(at)));
        }
        if expected.failed != (end == End::Failed) {
            return Err(format!("the run ended as {end:?}"));
        }
        if handled != expected.handled || driver.machine.handled_errors() != handled {
            return Err(format!("{handled} errors were absorbed, expected {}", expected.handled));
        }
        if !expected.failed && driver.result() != expected.result {
            return Err(format!("the result is {:?}, expected {:?}", driver.result(), expected.result));
        }
        return Ok(());
    }
    if end == End::Failed && !expected.failed {
        return Err("the run failed".into());
    }
    // The run was stopped on its way: what it did up to there is what it should have done.
    for (at, (step, ended)) in found.iter().enumerate() {
        let same = |wanted: &Step| {
            let started =
                (wanted.node, wanted.run_index) == (step.node, step.run_index) && wanted.inputs == step.inputs;
            started && (!ended || step.outputs.is_none() || wanted.outputs == step.outputs)
        };
        let known = if parallel { expected.steps.iter().any(same) } else { expected.steps.get(at).is_some_and(same) };
        if !known {
            return Err(format!("step {at} of a stopped run was not expected: {step:?}"));
        }
    }
    Ok(())
}

/// Folding twice, and through the journal's text, gives the same state as living through it.
fn replays(graph: &Arc<Graph>, driver: &Driver<'_>) -> Result<(), String> {
    let fold = |events: &[Event]| {
        let mut machine = Machine::new(graph.clone());
        events.iter().for_each(|event| machine.apply(event));
        machine
    };
    let first = fold(&driver.journal);
    if first.state() != driver.machine.state() || first.state() != fold(&driver.journal).state() {
        return Err("folding the journal gives another state than living through it".into());
    }
    if !driver.journal.len().is_multiple_of(8) {
        return Ok(());
    }
    let mut text = Vec::new();
    driver.journal.iter().for_each(|event| journal::encode(event, &mut text));
    let read = journal::decode(&text.into(), driver.journal.len() as u32).map_err(|error| error.to_string())?;
    if read != driver.journal {
        return Err("the journal is read otherwise than it was written".into());
    }
    let snapshot = |machine: &Machine| serde_json::to_string(machine.state()).unwrap_or_default();
    let text = snapshot(&fold(&read));
    let restored = serde_json::from_str(&text).map(|state| Machine::restore(graph.clone(), state));
    let restored = restored.map_err(|error| format!("a snapshot cannot be read: {error}"))?;
    if text != snapshot(&first) || restored.state() != first.state() {
        return Err("snapshots of one journal differ".into());
    }
    Ok(())
}
