//! Runs as people see them: folded from committed records alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_updates::updates_of;
use futures_util::Stream;
use model::{Code, Item, Problem, Value};
use part::custom;
use part::runs::{CallView, InputView, LogView, RunDetail, RunSummary, RunUpdate, StepView};
use store::RunRow;

use super::Inner;
use super::children::ParentLink;
use super::repair::load_problem;
use crate::definition::Definition;
use crate::event::{CallOutcome, Event, LogLine, StepNumber};
use crate::run::data::{NO_NODE, RunData, StepData};
use crate::run::{Away, decode_page, read_page};

/// Which steps are shown.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The first one.
    pub from_step: u32,
    /// How many.
    pub limit: u32,
    /// With their items.
    pub with_items: bool,
}

/// A run's row as lists show it.
pub fn summary(row: &RunRow) -> RunSummary {
    let link = row.head.parent.as_deref().and_then(|link| serde_json::from_str::<ParentLink>(link).ok());
    RunSummary {
        id: row.head.id,
        workflow: row.head.workflow.clone(),
        revision: row.head.revision,
        status: row.state.status,
        mode: row.head.mode.clone(),
        started_by: row.head.started_by.clone(),
        runs_as: row.head.runs_as.clone(),
        created_at: row.head.created_at,
        started_at: row.state.started_at,
        ended_at: row.state.ended_at,
        wake_at: row.state.wake_at,
        step_count: row.state.step_count,
        handled_error_count: row.state.handled_error_count,
        uncertain_count: row.state.uncertain_count,
        dead: row.state.dead,
        error: row.state.error.as_deref().and_then(|error| serde_json::from_str(error).ok()),
        origin: row.head.origin,
        parent: link.map(|link| link.run),
    }
}

impl Inner {
    /// A run with its steps. The journal is read once and never held whole.
    pub(super) async fn detail(&self, row: RunRow, window: Window) -> Result<RunDetail, Problem> {
        let definition = self.stored_definition(row.head.scope, row.head.definition).await;
        let mut fold = Fold::new(definition.as_ref().ok(), row.head.id.to_string(), window);
        self.each_event(&row, |event| fold.apply(&event)).await?;
        let count = fold.count;
        let mut steps: Vec<StepView> = fold.steps.into_values().collect();
        if window.with_items {
            let mut data = self.data_of(&row).await?;
            let spool = self.spool_of(&row);
            for step in &mut steps {
                let found = self.step_of(&row, &mut data, step.step).await?;
                step.outputs = Some(match found {
                    Some(done) => items_of_step(&done, &spool).await?,
                    None => Vec::new(),
                });
            }
        }
        let next = window.from_step.saturating_add(window.limit);
        let (id, now) = (row.head.id.to_string(), self.clock.now());
        let said = self.store.local(row.head.scope, custom::SPACE, &id, now).await.map_err(super::store_problem)?;
        Ok(RunDetail {
            custom_data: custom::read(said.as_deref()),
            answer: row.state.answer.as_deref().and_then(|answer| serde_json::from_str(answer).ok()),
            steps,
            next_step: (next < count).then_some(next),
            summary: summary(&row),
        })
    }

    /// An item that a step has put out; nothing when it is not there.
    pub(super) async fn item_of(
        &self,
        row: &RunRow,
        step: StepNumber,
        port: usize,
        position: usize,
    ) -> Result<Option<Arc<Item>>, Problem> {
        let mut data = self.data_of(row).await?;
        let spool = self.spool_of(row);
        let Some(done) = self.step_of(row, &mut data, step).await? else { return Ok(None) };
        let Some(port) = done.outputs.get(port) else { return Ok(None) };
        port.items.get(position, &spool).await.map_err(|error| error.problem)
    }

    /// What a run has put out, also when its definition cannot be satisfied any more.
    async fn data_of(&self, row: &RunRow) -> Result<RunData, Problem> {
        if let Ok(definition) = self.stored_definition(row.head.scope, row.head.definition).await {
            return Ok(self.replay(row, &definition).await.map_err(load_problem)?.data);
        }
        let mut data = RunData::default();
        self.each_event(row, |event| data.apply(&event)).await?;
        Ok(data)
    }

    fn spool_of(&self, row: &RunRow) -> super::load::StoreSpool {
        super::load::StoreSpool { store: self.store.clone(), scope: row.head.scope, last: std::sync::Mutex::default() }
    }

    /// A step that has put its items out, read from its page when it is in one.
    async fn step_of(
        &self,
        row: &RunRow,
        data: &mut RunData,
        step: StepNumber,
    ) -> Result<Option<Arc<StepData>>, Problem> {
        loop {
            let Away(page) = match data.find(step) {
                Ok(found) => return Ok(found.cloned()),
                Err(away) => away,
            };
            let steps = match data.pending_page(page) {
                Some(bytes) => decode_page(&bytes).map_err(|error| Problem::new(Code::Internal, error.to_string()))?,
                None => {
                    let read = read_page(&self.store, row.head.scope, row.head.id, page).await;
                    read.map_err(|error| error.problem)?
                }
            };
            data.keep_page(page, steps);
        }
    }

    /// Committed records after a position, then further ones as they come, until the run has ended; provisional news
    /// in between.
    pub(super) fn updates(self: Arc<Self>, row: RunRow, after: u64) -> impl Stream<Item = RunUpdate> + Send {
        updates_of(self, row, after)
    }
}

/// The items of a step by port, spooled ones read back; at most [`MAX_ITEMS`] a port.
async fn items_of_step(done: &StepData, spool: &super::load::StoreSpool) -> Result<Vec<Vec<Value>>, Problem> {
    let mut ports = Vec::with_capacity(done.outputs.len());
    for port in &done.outputs {
        let mut items = Vec::new();
        for segment in port.items.segments() {
            if items.len() >= MAX_ITEMS {
                break;
            }
            let loaded = segment.load(spool).await.map_err(|error| error.problem)?;
            let room = MAX_ITEMS - items.len();
            items.extend(loaded.iter().take(room).map(|item| serde_json::to_value(&**item).unwrap_or_default()));
        }
        ports.push(items);
    }
    Ok(ports)
}

/// Items of a port shown at most.
pub const MAX_ITEMS: usize = 10_000;

/// Folds records into what is shown of the steps in a window; of the others only the node is known.
struct Fold<'a> {
    definition: Option<&'a Arc<Definition>>,
    run: String,
    window: Window,
    steps: BTreeMap<StepNumber, StepView>,
    /// Node of each step, by number.
    starts: Vec<u32>,
    /// Steps so far.
    count: u32,
}

impl<'a> Fold<'a> {
    fn new(definition: Option<&'a Arc<Definition>>, run: String, window: Window) -> Self {
        Fold { definition, run, window, steps: BTreeMap::new(), starts: Vec::new(), count: 0 }
    }

    fn name(&self, node: u32) -> (String, String) {
        match self.definition.and_then(|definition| definition.nodes.get(node as usize)) {
            Some(node) => (node.name.to_string(), node.node_type.clone()),
            None if node == NO_NODE => ("(given items)".into(), String::new()),
            None => (format!("node {node}"), String::new()),
        }
    }

    /// A step begins; the view of it when it is in the window.
    fn open(
        &mut self,
        step: StepNumber,
        node: u32,
        run_index: u32,
        at: i64,
        parent: Option<StepNumber>,
    ) -> Option<&mut StepView> {
        if self.starts.len() <= step as usize {
            self.starts.resize(step as usize + 1, NO_NODE);
        }
        self.starts[step as usize] = node;
        let position = self.count;
        self.count += 1;
        let Window { from_step, limit, .. } = self.window;
        if position < from_step || position - from_step >= limit {
            return None;
        }
        let (name, node_type) = self.name(node);
        let view = StepView {
            step,
            node: name,
            node_type,
            run_index,
            status: "running".into(),
            attempts: 1,
            started_at: at,
            duration_micros: None,
            inputs: Vec::new(),
            output_counts: Vec::new(),
            outputs: None,
            error: None,
            calls: Vec::new(),
            logs: Vec::new(),
            parent_step: parent,
        };
        Some(self.steps.entry(step).insert_entry(view).into_mut())
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { trigger, at, output, out, .. } => {
                if let Some(view) = self.open(0, trigger.unwrap_or(NO_NODE), 0, *at, None) {
                    view.status = "completed".into();
                    view.output_counts = vec![0; *output as usize];
                    view.output_counts.push(out.len() as u64);
                    view.duration_micros = Some(0);
                }
            }
            Event::Forked { input: Some(input), step: Some(step), at, .. } => {
                if let Some(view) = self.open(*step, NO_NODE, 0, *at, None) {
                    view.status = "completed".into();
                    view.output_counts = vec![input.len() as u64];
                }
            }
            Event::StepStarted { s, n, run_index, i, at, .. } => {
                if self.open(*s, *n, *run_index, *at, None).is_none() {
                    return;
                }
                let inputs = i.iter().map(|port| {
                    let feed = |feed: &crate::event::Feed| {
                        let node = self.starts.get(feed.step as usize).map(|node| self.name(*node).0);
                        InputView { node: node.unwrap_or_default(), step: feed.step, output: feed.output }
                    };
                    port.iter().map(feed).collect()
                });
                let inputs = inputs.collect();
                self.change(*s, |view| view.inputs = inputs);
            }
            Event::Invoked { s, n, parent, at, .. } => {
                self.open(*s, *n, 0, *at, Some(*parent));
            }
            Event::AttemptStarted { s, .. } => self.change(*s, |view| {
                view.attempts += 1;
                view.status = "running".into();
            }),
            Event::StepResumed { s, .. } => self.change(*s, |view| view.status = "running".into()),
            Event::CallIntended { s, call, epoch, .. } => {
                let item = call.item.map(|item| format!("{item}.")).unwrap_or_default();
                let key = format!("{}.{s}.{item}{}.{epoch}", self.run, call.name.replace(' ', "-"));
                self.change(*s, |view| {
                    let known = view.calls.iter_mut().find(|known| known.key == key);
                    match known {
                        Some(known) => {
                            known.status = "repeated".into();
                            known.uncertain = true;
                        }
                        None => view.calls.push(CallView {
                            name: call.name.clone(),
                            item: call.item,
                            epoch: *epoch,
                            key,
                            status: "running".into(),
                            uncertain: false,
                        }),
                    }
                });
            }
            Event::CallEnded { s, call, epoch, outcome } => self.change(*s, |view| {
                let same =
                    |known: &&mut CallView| known.name == call.name && known.item == call.item && known.epoch == *epoch;
                if let Some(known) = view.calls.iter_mut().find(same) {
                    known.status = match outcome {
                        CallOutcome::Done(_) => "completed",
                        CallOutcome::Failed(_) => "failed",
                        CallOutcome::Unknown(_) => "uncertain",
                    }
                    .into();
                    known.uncertain |= matches!(outcome, CallOutcome::Unknown(_));
                }
            }),
            Event::StepCompleted { s, out, micros, logs, error, .. } => self.change(*s, |view| {
                view.status = "completed".into();
                view.duration_micros = Some(*micros);
                view.output_counts = out.iter().map(|port| port.len() as u64).collect();
                view.error = error.as_ref().and_then(|(_, error)| serde_json::to_value(error).ok());
                view.logs.extend(logs.iter().map(log_view));
            }),
            Event::AttemptFailed { s, error, .. } => self.change(*s, |view| {
                view.status = "waiting".into();
                view.error = serde_json::to_value(error).ok();
            }),
            Event::StepFailed { s, error, micros, logs } => self.change(*s, |view| {
                view.status = "failed".into();
                view.duration_micros = Some(*micros);
                view.error = serde_json::to_value(error).ok();
                view.logs.extend(logs.iter().map(log_view));
            }),
            Event::StepSuspended { s, logs, .. } => self.change(*s, |view| {
                view.status = "waiting".into();
                view.logs.extend(logs.iter().map(log_view));
            }),
            Event::RunCanceled { .. } | Event::RunFailed { .. } => {
                let open = self.steps.values_mut().filter(|view| matches!(view.status.as_str(), "running" | "waiting"));
                open.for_each(|view| view.status = "canceled".into());
            }
            _ => {}
        }
    }

    fn change(&mut self, step: StepNumber, edit: impl FnOnce(&mut StepView)) {
        if let Some(view) = self.steps.get_mut(&step) {
            edit(view);
        }
    }
}

fn log_view(line: &LogLine) -> LogView {
    LogView { level: line.level, text: line.text.clone() }
}

mod async_updates {
    //! The live stream of a run's records.

    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::Stream;
    use part::runs::RunUpdate;
    use store::{RunNotice, RunRow};
    use tokio::sync::broadcast;

    use crate::engine::Inner;
    use crate::journal;

    struct State {
        engine: Arc<Inner>,
        row: RunRow,
        next: u64,
        ready: VecDeque<RunUpdate>,
        notices: broadcast::Receiver<RunNotice>,
        news: Option<broadcast::Receiver<RunUpdate>>,
    }

    pub(super) fn updates_of(engine: Arc<Inner>, row: RunRow, after: u64) -> impl Stream<Item = RunUpdate> + Send {
        // Subscribed before the first read, so that nothing falls between.
        let notices = engine.store.watch_runs();
        let news = engine.live().get(&row.head.id).and_then(|live| live.shared.as_ref()).map(|run| run.news());
        let state = State { engine, row, next: after + 1, ready: VecDeque::new(), notices, news };
        futures_util::stream::unfold(state, |mut state| async move {
            loop {
                if let Some(update) = state.ready.pop_front() {
                    return Some((update, state));
                }
                if state.read().await {
                    continue;
                }
                if state.row.state.status.is_final() {
                    return None;
                }
                if let Some(update) = state.wait().await {
                    return Some((update, state));
                }
            }
        })
    }

    impl State {
        /// Reads further records; false when there are none.
        async fn read(&mut self) -> bool {
            let (scope, run) = (self.row.head.scope, self.row.head.id);
            // The row first: when it says that the run has ended, the journal read after it is complete.
            match self.engine.store.run(scope, run).await {
                Ok(Some(row)) => self.row = row,
                Ok(None) => return false,
                Err(_) => return false,
            }
            let Ok(chunks) = self.engine.store.journal(scope, run, self.next, 1 << 20).await else { return false };
            for chunk in chunks {
                let Ok(events) = journal::decode(&chunk.data, chunk.count) else { return false };
                for (seq, event) in (chunk.first_seq..).zip(events) {
                    if seq >= self.next {
                        let data = serde_json::to_value(&event).unwrap_or_default();
                        self.ready.push_back(RunUpdate { seq: Some(seq), event: event.name().into(), data });
                        self.next = seq + 1;
                    }
                }
            }
            !self.ready.is_empty()
        }

        /// Waits until there may be further records, or gives a piece of provisional news.
        async fn wait(&mut self) -> Option<RunUpdate> {
            let run = self.row.head.id;
            loop {
                let news = async {
                    match &mut self.news {
                        Some(news) => news.recv().await.ok(),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    update = news => match update {
                        Some(update) => return Some(update),
                        None => self.news = None,
                    },
                    notice = self.notices.recv() => match notice {
                        Ok(RunNotice::Changed { run: changed, .. }) if changed != run => {}
                        Ok(RunNotice::Admitted { .. } | RunNotice::Signal { .. }) => {}
                        _ => return None,
                    },
                    () = tokio::time::sleep(Duration::from_secs(10)) => return None,
                }
            }
        }
    }
}
