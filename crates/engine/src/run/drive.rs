//! The loop around the machine: asks what is next, does it, journals what came of it.
//!
//! A pure step is run to its end inside the loop, without a task or a commit of its own. What does not finish at once
//! (a call, a spooled chunk, the sandbox) is kept in a set and polled beside the others.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use model::{Code, Item, Map};
use part::ctx::StepInfo;
use part::node::Outcome;
use part::{Category, Ctx, Indices, Items, NodeError, Origins, Resumed, Suspend};
use tokio::time::Instant;

use super::core::{Core, Shared};
use super::host::StepRun;
use crate::event::{Event, Handled, Inputs, NodeIndex, PortRecord, StepNumber};
use crate::journal::{self, MAX_ITEM_DEPTH};
use crate::machine::{LiveStep, Next, StepStatus, Verdict};
use crate::ports::VariableSet;

/// How long running calls may go on after a cancel.
const CANCEL_GRACE: Duration = Duration::from_secs(10);
/// Longest time that a run stays in memory only to wait for a timer.
const NAP: i64 = 1_000;

/// One attempt that has ended.
struct Finished {
    step: Arc<StepRun>,
    result: Result<Outcome, NodeError>,
    micros: u64,
}

type Running = FuturesUnordered<BoxFuture<'static, Finished>>;

/// Why the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// The run has ended, and its end is committed.
    Ended,
    /// It waits for something, and that is committed; whoever wakes it loads it again.
    Waiting,
    /// It cannot be written from here any more.
    Lost,
    /// The engine stops; what is under way is recovered at the next start.
    Stopped,
}

/// Works on a run until it has ended or waits.
pub async fn drive(shared: &Arc<Shared>) -> Left {
    let mut running: Running = FuturesUnordered::new();
    recover(shared, &mut running);
    let mut look_at_inbox = true;
    let mut grace: Option<Instant> = None;
    loop {
        if std::mem::take(&mut look_at_inbox) && !shared.engine.read_inbox(shared).await {
            return Left::Lost;
        }
        if decide(shared, &mut running).await.is_err() {
            return Left::Lost;
        }
        let (ended, cancel_requested, buffered, full) = {
            let core = shared.core();
            let ended = core.machine.end().is_some();
            (ended, core.machine.cancel_requested(), core.has_buffered(), core.is_full())
        };
        if ended {
            return match shared.flush_inline().await {
                Ok(()) => Left::Ended,
                Err(_) => Left::Lost,
            };
        }
        if cancel_requested && grace.is_none() {
            shared.cancel.cancel();
            grace = Some(Instant::now() + CANCEL_GRACE);
        }
        let held = shared.core().is_held();
        let timer = if held { None } else { shared.core().machine.next_timer() };
        let nap = timer.map(|at| at - shared.engine.clock.now());
        if running.is_empty() {
            if buffered && shared.flush_inline().await.is_err() {
                return Left::Lost;
            }
            if shared.engine.stop.is_cancelled() {
                return Left::Stopped;
            }
            // Short waits stay in memory; for long ones the timer service loads the run again.
            if nap.is_none_or(|nap| nap > NAP) {
                if shared.engine.leave(shared) {
                    if held {
                        shared.engine.look_after_hold(shared).await;
                    }
                    return Left::Waiting;
                }
                look_at_inbox = true;
                continue;
            }
        }
        // An answer or a live view waits: it is not kept waiting while a slow step runs.
        if buffered && (full || shared.core().wants_flush()) && shared.flush().await.is_err() {
            return Left::Lost;
        }
        shrink(shared).await;
        let flush_at = shared.core().flush_at();
        tokio::select! {
            biased;
            Some(finished) = running.next() => handle(shared, finished),
            () = shared.wake.notified() => look_at_inbox = true,
            () = shared.engine.stop.cancelled() => {
                let _ = shared.flush().await;
                return Left::Stopped;
            }
            () = sleep_until(flush_at) => {
                if shared.flush().await.is_err() {
                    return Left::Lost;
                }
            }
            () = sleep_until(nap.map(|nap| Instant::now() + Duration::from_millis(nap.max(0) as u64))) => {}
            () = sleep_until(grace), if !running.is_empty() => {
                abandon(shared, &mut running);
            }
        }
        if shared.committed.error().is_some() {
            return Left::Lost;
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Steps whose attempt was under way when the process ended are run again: finished calls answer from the journal.
fn recover(shared: &Arc<Shared>, running: &mut Running) {
    let mut core = shared.core();
    if core.machine.answer_open() {
        // The bytes after the last commit are lost; the receiver has seen a broken stream.
        core.emit(Event::AnswerEnded { digest: None, size: 0 });
    }
    let again: Vec<StepNumber> = core
        .machine
        .live()
        .iter()
        .filter(|(_, step)| step.status == StepStatus::Running && step.parent.is_none())
        .map(|(number, _)| *number)
        .collect();
    drop(core);
    for step in again {
        running.push(attempt(shared, step, shared.engine.variables.current(shared.head.scope)));
    }
}

/// The variables that were looked at, or the current ones.
fn current<'v>(known: &'v mut Option<Arc<VariableSet>>, shared: &Shared) -> &'v Arc<VariableSet> {
    known.get_or_insert_with(|| shared.engine.variables.current(shared.head.scope))
}

/// Does everything that can be done without waiting.
async fn decide(shared: &Arc<Shared>, running: &mut Running) -> Result<(), ()> {
    // A long chain of pure steps gives other runs a turn, and looks at the variables once in each of its own.
    let mut turns = 0u32;
    let mut known: Option<Arc<VariableSet>> = None;
    loop {
        turns += 1;
        if turns.is_multiple_of(64) {
            known = None;
            if shared.core().is_full() && shared.flush().await.is_err() {
                return Err(());
            }
            shrink(shared).await;
            tokio::task::yield_now().await;
        }
        let started = {
            let mut core = shared.core();
            let now = shared.engine.clock.now();
            if core.is_held() {
                return Ok(());
            }
            match core.machine.next(now) {
                Next::Idle | Next::Ended => return Ok(()),
                Next::Start { step, node, run_index, inputs } => {
                    if let Some(error) = over_limit(shared, &core, now) {
                        core.emit(Event::RunFailed { at: now, step: None, error: Box::new(error) });
                        shared.engine.ended(shared, &mut core);
                        continue;
                    }
                    let seed = shared.engine.clock.random();
                    let variables = current(&mut known, shared).position;
                    core.emit(Event::StepStarted { s: step, n: node, run_index, i: inputs, at: now, seed, variables });
                    step
                }
                Next::Attempt { step } => {
                    let seed = shared.engine.clock.random();
                    let variables = current(&mut known, shared).position;
                    core.emit(Event::AttemptStarted { s: step, at: now, seed, variables });
                    step
                }
                Next::Resume { step, by } => {
                    let seed = shared.engine.clock.random();
                    let variables = current(&mut known, shared).position;
                    core.emit(Event::StepResumed { s: step, by, at: now, seed, variables });
                    step
                }
                Next::Release(moves) => {
                    core.emit(Event::JoinReleased { moves });
                    continue;
                }
                Next::Complete => {
                    core.emit(Event::RunCompleted { at: now });
                    shared.engine.ended(shared, &mut core);
                    continue;
                }
                Next::Fail { step, error } => {
                    core.emit(Event::RunFailed { at: now, step: Some(step), error });
                    shared.engine.ended(shared, &mut core);
                    continue;
                }
                Next::Cancel => {
                    core.emit(Event::RunCanceled { at: now, superseded_by: None });
                    shared.engine.ended(shared, &mut core);
                    continue;
                }
            }
        };
        let mut future = attempt(shared, started, current(&mut known, shared).clone());
        match poll_once(&mut future).await {
            Some(finished) => handle(shared, finished),
            None => running.push(future),
        }
    }
}

/// Moves what a long run does not need now out of memory. What cannot be moved stays: the next look tries again.
async fn shrink(shared: &Arc<Shared>) {
    if let Err(error) = shared.compact().await {
        tracing::warn!(run = %shared.head.id, error = %error.problem, "the run could not be made smaller");
    }
}

/// Polls a future once with the task's own waker, so that it can be polled on later.
async fn poll_once(future: &mut BoxFuture<'static, Finished>) -> Option<Finished> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(finished) => std::task::Poll::Ready(Some(finished)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

fn over_limit(shared: &Shared, core: &Core, now: i64) -> Option<NodeError> {
    let limit = shared.memory_limit();
    if core.data.bytes() > limit {
        let detail = format!("the run holds more than {limit} bytes in memory, which is its ceiling");
        let error = NodeError::new(Code::CeilingReached, Category::Refused, detail);
        return Some(error.hint("process fewer items at once, or raise `settings.memoryLimit` of the workflow"));
    }
    let timeout = shared.definition.spec.settings.timeout?;
    let started = core.started_at?;
    (now - started > timeout.0.as_millis() as i64)
        .then(|| NodeError::new(Code::RunTimeout, Category::Timeout, format!("the run took longer than {timeout}")))
}

/// One attempt at a live step.
fn attempt(shared: &Arc<Shared>, step: StepNumber, variables: Arc<VariableSet>) -> BoxFuture<'static, Finished> {
    let begun = std::time::Instant::now();
    let prepared = {
        let core = shared.core();
        let Some(live) = core.machine.live_step(step) else {
            let error = NodeError::bug("a step was started that is not live");
            let run = StepRun::new(
                shared.clone(),
                (step, 0, 0),
                Inputs::default(),
                Arc::default(),
                (0, 0),
                Arc::default(),
                None,
            );
            return Box::pin(std::future::ready(Finished { step: run, result: Err(error), micros: 0 }));
        };
        let run = prepare(shared, &core, step, live, variables);
        (run, live.attempt, live.resumed.clone(), core.use_pins)
    };
    let (run, attempt, resumed, use_pins) = prepared;
    Box::pin(async move {
        let mut result = execute(&run, attempt, resumed, use_pins).await;
        if let Err(error) = accept_children(&run).await {
            result = Err(error);
        }
        Finished { step: run, result, micros: begun.elapsed().as_micros() as u64 }
    })
}

/// Spooled input of children is read here, where waiting is allowed.
async fn accept_children(run: &StepRun) -> Result<(), NodeError> {
    if run.staged().children.is_empty() {
        return Ok(());
    }
    let mut children = std::mem::take(&mut run.staged().children);
    for child in &mut children {
        run.shared.engine.accept_spooled(&run.shared, child).await?;
    }
    run.staged().children = children;
    Ok(())
}

/// What a live step gets for its attempt.
pub(super) fn prepare(
    shared: &Arc<Shared>,
    core: &Core,
    step: StepNumber,
    live: &LiveStep,
    variables: Arc<VariableSet>,
) -> Arc<StepRun> {
    let count = shared.definition.graph.node(live.node).inputs.max(live.inputs.len() as u16);
    let defined = shared.definition.node(live.node);
    let items = (0..count as usize).map(|port| {
        let items = core.data.gather(live.inputs.get(port).unwrap_or_default());
        if defined.execute_once { items.select(&Indices::all(items.len().min(1))) } else { items }
    });
    let items: Arc<[Items]> = items.collect();
    StepRun::new(
        shared.clone(),
        (step, live.node, live.run_index),
        live.inputs.clone(),
        items,
        (live.at, live.seed),
        variables,
        // Only an attempt with a deadline of its own ends apart from the run.
        defined.timeout.is_some().then(|| shared.cancel.child_token()),
    )
}

/// Runs the node of a step, with its deadline; a panic is a bug of the node type, not of the run.
pub(super) async fn execute(
    run: &Arc<StepRun>,
    attempt: u32,
    resumed: Option<Resumed>,
    use_pins: bool,
) -> Result<Outcome, NodeError> {
    let defined = run.shared.definition.node(run.node);
    if let Some(pinned) = defined.pinned.as_ref().filter(|_| use_pins) {
        let origins = Origins::unknown(pinned.len());
        return Ok(Outcome::Done(vec![part::PortOutput::Items { items: pinned.clone(), origins }]));
    }
    let Some(node) = &defined.node else {
        // Disabled: what came in at the first input goes on.
        let len = run.input_items.first().map_or(0, Items::len);
        return Ok(Outcome::Done(vec![part::PortOutput::pass(len)]));
    };
    // Only drafts come here with it: what is live has been checked. Like n8n, a node does not make do with what it has.
    if let Some(problem) = &defined.lacks {
        return Err(NodeError::from(problem.clone()).permanent());
    }
    let shared = &run.shared;
    let info = StepInfo {
        scope: shared.scope.clone(),
        scope_id: shared.head.scope,
        run: shared.head.id,
        workflow: shared.workflow.clone(),
        step: run.step,
        node: defined.name.clone(),
        run_index: run.run_index,
        attempt,
        tries: defined.tries,
        now: run.now,
        seed: run.seed,
        on_error: shared.definition.graph.node(run.node).on_error,
        timezone: shared.definition.timezone.clone(),
        mode: shared.mode.clone(),
        connections: defined.connections.clone(),
    };
    let host: Arc<dyn part::StepHost> = run.clone();
    let mut ctx = Ctx::new(host, info, run.input_items.clone(), resumed);
    let work = AssertUnwindSafe(node.run(&mut ctx)).catch_unwind();
    let result = match defined.timeout {
        None => work.await,
        Some(timeout) => match tokio::time::timeout(timeout, work).await {
            Ok(result) => result,
            Err(_) => {
                run.cancel().cancel();
                let detail = format!("the attempt took longer than {} ms", timeout.as_millis());
                return Err(NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail));
            }
        },
    };
    let result = result.unwrap_or_else(|_| {
        tracing::error!(run = %shared.head.id, node = %defined.name, "a node type panicked");
        Err(NodeError::bug(format!("node `{}` stopped with a fault of its own", defined.name)))
    });
    match &result {
        Ok(Outcome::Done(outputs)) if outputs.iter().any(is_too_deep) => Err(too_deep()),
        _ => result,
    }
}

/// A record must be readable by whoever reads JSON; a loop that wraps its items each time would never stop.
fn is_too_deep(output: &part::PortOutput) -> bool {
    let part::PortOutput::Items { items, .. } = output else { return false };
    let deep = |item: &Arc<Item>| item.json.values().any(|value| journal::is_deeper(value, MAX_ITEM_DEPTH - 1));
    // Who makes items as text has looked at its depth.
    let taken_apart = items.segments().iter().filter(|segment| !matches!(segment.chunk, part::Chunk::Text(_)));
    taken_apart.filter_map(part::Segment::in_memory).any(|items| items.iter().any(deep))
}

/// What is said about items that are nested too deep.
pub(super) fn too_deep() -> NodeError {
    let detail = format!("the items are nested deeper than {MAX_ITEM_DEPTH} levels");
    let hint = "keep what is needed of them; a step of a loop may wrap its items each time";
    NodeError::new(Code::TooDeep, Category::BadData, detail).hint(hint).permanent()
}

/// Journals what an attempt came to.
fn handle(shared: &Arc<Shared>, finished: Finished) {
    let Finished { step: run, result, micros } = finished;
    let staged = std::mem::take(&mut *run.staged());
    let mut core = shared.core();
    if core.machine.live_step(run.step).is_none() {
        return;
    }
    let logs = staged.logs;
    match result {
        Ok(Outcome::Done(outputs)) => {
            let out = complete(shared, &run, outputs);
            start_children(shared, &mut core, &run, staged.children);
            let moves = core.machine.moves_after(run.node, run.step, &out);
            core.stage(staged.local);
            core.emit(Event::StepCompleted {
                s: run.step,
                out,
                moves,
                micros,
                state: staged.state,
                held: staged.held,
                logs,
                error: None,
            });
        }
        Ok(Outcome::Suspend(on)) => {
            start_children(shared, &mut core, &run, staged.children);
            core.stage(staged.local);
            core.emit(Event::StepSuspended { s: run.step, on, state: staged.state, logs });
        }
        Err(_) if staged.asks && !core.machine.cancel_requested() => {
            let on = Suspend::Signal { name: crate::machine::SETTLE.into(), until: None, door: None };
            core.emit(Event::StepSuspended { s: run.step, on, state: None, logs });
        }
        Err(error) => match core.machine.on_failure(run.step, &error, shared.engine.clock.now()) {
            Verdict::Retry { at, counted } => {
                // A person has to do something first. The run is held as a whole, and goes on with this step at once.
                let now = shared.engine.clock.now();
                let held = error.waits_for().is_some().then(|| Box::new(error.problem.clone()));
                let next = if held.is_some() { now } else { at };
                core.emit(Event::AttemptFailed { s: run.step, error: Box::new(error), next, counted });
                if let Some(problem) = held.filter(|_| !core.held) {
                    core.emit(Event::Held { at: now, problem });
                }
            }
            Verdict::Absorb(handled) => {
                let out = absorb(shared, &run, handled, &error);
                let moves = core.machine.moves_after(run.node, run.step, &out);
                core.emit(Event::StepCompleted {
                    s: run.step,
                    out,
                    moves,
                    micros,
                    state: None,
                    held: Vec::new(),
                    logs,
                    error: Some((handled, Box::new(error))),
                });
            }
            Verdict::Fail => core.emit(Event::StepFailed { s: run.step, error: Box::new(error), micros, logs }),
        },
    }
}

/// One record per output port of the graph.
pub(super) fn complete(shared: &Shared, run: &StepRun, outputs: Vec<part::PortOutput>) -> Vec<PortRecord> {
    let node = shared.definition.graph.node(run.node);
    let mut out: Vec<PortRecord> = outputs.into_iter().map(PortRecord::from).collect();
    while out.last().is_some_and(|port| matches!(port, PortRecord::Nothing)) {
        out.pop();
    }
    if node.always_output_data && out.iter().all(PortRecord::is_empty) {
        let sources =
            (0..run.input_items.first().map_or(0, Items::len)).map(|at| part::Source { input: 0, item: at as u32 });
        let origins = std::iter::once(part::Origin::Many(sources.take(1_000).collect())).collect();
        out = vec![PortRecord::items(Items::from_vec(vec![Item::default()]), origins)];
    }
    out
}

/// What goes on when a failure is absorbed.
pub(super) fn absorb(shared: &Shared, run: &StepRun, handled: Handled, error: &NodeError) -> Vec<PortRecord> {
    let node = shared.definition.graph.node(run.node);
    let input = run.input_items.first().cloned().unwrap_or_default();
    match handled {
        Handled::Fallback => {
            let items = shared.definition.node(run.node).fallback.clone().unwrap_or_default();
            let origins = Origins::unknown(items.len());
            vec![PortRecord::items(items, origins)]
        }
        Handled::Continue => vec![PortRecord::Select { input: 0, indices: Indices::all(input.len()) }],
        Handled::ErrorBranch => {
            let failed = |item: &Item| {
                let mut failed = item.clone();
                failed.json.insert("error".into(), error.for_item());
                failed
            };
            let items: Vec<Item> = match input.as_slice() {
                Some([]) | None => vec![failed(&Item::new(Map::new()))],
                Some(items) => items.iter().map(|item| failed(item)).collect(),
            };
            let origins = if items.len() == input.len() { Origins::straight(items.len()) } else { Origins::unknown(1) };
            let mut out = vec![PortRecord::Nothing; node.error_output.unwrap_or_default() as usize];
            out.push(PortRecord::items(Items::from_vec(items), origins));
            out
        }
    }
}

/// Journals the children that a step starts; their rows are part of the same commit.
fn start_children(shared: &Arc<Shared>, core: &mut Core, run: &StepRun, children: Vec<part::ChildStart>) {
    for child in children {
        let (item, detached) = (child.item, child.detached);
        match shared.engine.admit_child(shared, core, run.step, child) {
            Ok(id) => core.emit(Event::ChildStarted { s: run.step, item, run: id, detached }),
            // Its workflow was checked when the node asked; it can only have changed since. The parent sees a child
            // that has failed.
            Err(error) => {
                let clock = &shared.engine.clock;
                let id = shared.engine.new_run_id();
                let random = (u128::from(clock.random()) << 64) | u128::from(clock.random());
                let signal = model::SignalId::from_parts(clock.now() as u64, random);
                core.emit(Event::ChildStarted { s: run.step, item, run: id, detached });
                core.emit(Event::ChildEnded { run: id, signal, items: None, error: Some(Box::new(error)) });
            }
        }
    }
}

/// The grace after a cancel is over: what still runs is given up; calls without an outcome stay uncertain.
fn abandon(shared: &Arc<Shared>, running: &mut Running) {
    running.clear();
    let mut core = shared.core();
    let live: Vec<StepNumber> = core.machine.live().keys().copied().collect();
    for step in live {
        let error = NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled while this step ran");
        core.emit(Event::StepFailed { s: step, error: Box::new(error), micros: 0, logs: Vec::new() });
    }
}

/// Runs an attached node inside the attempt of the node that it is attached to.
pub(super) async fn run_nested(
    parent: &StepRun,
    (step, node, run_index): (StepNumber, NodeIndex, u32),
    input: Items,
    (now, seed): (i64, u64),
) -> Result<Items, NodeError> {
    let shared = &parent.shared;
    let begun = std::time::Instant::now();
    let variables = parent.variables.clone();
    // Always one of its own: a deadline of the attached node must not end its caller.
    let cancel = Some(parent.cancel().child_token());
    let (place, inputs) = ((step, node, run_index), Inputs::default());
    let run = StepRun::new(shared.clone(), place, inputs, [input].into(), (now, seed), variables, cancel);
    let future: BoxFuture<'_, _> = Box::pin(execute(&run, 1, None, false));
    let result = future.await;
    let staged = std::mem::take(&mut *run.staged());
    let micros = begun.elapsed().as_micros() as u64;
    let mut core = shared.core();
    match result {
        Ok(Outcome::Done(outputs)) => {
            let out = complete(shared, &run, outputs);
            core.stage(staged.local);
            core.emit(Event::StepCompleted {
                s: step,
                out,
                moves: Vec::new(),
                micros,
                state: staged.state,
                held: Vec::new(),
                logs: staged.logs,
                error: None,
            });
            let items = core.data.step(step).and_then(|done| done.outputs.first().map(|port| port.items.clone()));
            Ok(items.unwrap_or_default())
        }
        Ok(Outcome::Suspend(_)) => {
            let error = NodeError::bug("an attached node cannot wait");
            core.emit(Event::StepFailed { s: step, error: Box::new(error.clone()), micros, logs: staged.logs });
            Err(error)
        }
        Err(error) => {
            core.emit(Event::StepFailed { s: step, error: Box::new(error.clone()), micros, logs: staged.logs });
            Err(error)
        }
    }
}
