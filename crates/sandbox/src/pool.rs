//! The pool of child processes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::process::Process;
use crate::wire::{Failure, JobHeader, KindHeader, Parcel, ResultHeader, Tag};
use crate::{Context, Error, Host, Isolation, Job, Json, Kind, Limits, Mode, Outcome};

/// A child that has used this much CPU is replaced after its job: its kernel limit counts its whole life.
const CPU_PER_LIFE: Duration = Duration::from_secs(120);

/// A child gets this much longer than the job's wall time to stop by itself before it is killed.
const GRACE: Duration = Duration::from_millis(250);

/// How a [`Sandbox`] works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Executable of the child: this one, or a worker of the tests.
    pub worker: PathBuf,
    /// Arguments that make it call [`crate::worker_main`].
    pub worker_args: Vec<String>,
    /// Children at the same time, idle ones included.
    pub max_children: usize,
    /// How long an idle child stays.
    pub idle: Duration,
    /// Bytes of heap that any job may have; the kernel's limit of a child follows from it.
    pub memory: u64,
    /// Limits of jobs that have none of their own; also the upper bound of a job's CPU time.
    pub defaults: Limits,
}

impl Options {
    /// Children made of this executable, as many as there are cores.
    ///
    /// # Errors
    /// When the system cannot tell where the executable is.
    pub fn this_executable() -> std::io::Result<Options> {
        Ok(Options::with_worker(std::env::current_exe()?))
    }

    /// Children made of another executable.
    pub fn with_worker(worker: PathBuf) -> Options {
        Options {
            worker,
            worker_args: vec![crate::worker::ARGUMENT.into()],
            max_children: std::thread::available_parallelism().map_or(2, usize::from),
            idle: Duration::from_secs(30),
            memory: 512 << 20,
            defaults: Limits::default(),
        }
    }
}

/// Runs user JavaScript in child processes. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    /// One permit for each job that runs; waiting jobs are served in the order in which they came.
    permits: Semaphore,
    state: Mutex<State>,
    count: watch::Sender<usize>,
    stop: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// Most recently used last.
    idle: Vec<Process>,
    busy: usize,
    reaping: bool,
}

impl Sandbox {
    /// A pool without children; they start on first use.
    pub fn new(mut options: Options) -> Sandbox {
        options.max_children = options.max_children.max(1);
        let shared = Shared {
            permits: Semaphore::new(options.max_children),
            state: Mutex::default(),
            count: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            options,
        };
        Sandbox { shared: Arc::new(shared) }
    }

    /// Limits of jobs that have none of their own.
    pub fn defaults(&self) -> Limits {
        self.shared.options.defaults
    }

    /// Which measures hold for the children on this system.
    pub fn isolation(&self) -> Isolation {
        Isolation::of_this_system()
    }

    /// Children that exist now.
    pub fn children(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// The number of children, for waiting until it changes.
    ///
    /// Do not hold what the receiver lends over a start or an end of a job: both change the number.
    pub fn watch_children(&self) -> watch::Receiver<usize> {
        self.shared.count.subscribe()
    }

    /// Numbers that the system gave to the idle children of a workspace.
    pub fn idle_process_ids(&self, workspace: &str) -> Vec<u32> {
        let state = self.shared.state();
        state.idle.iter().filter(|process| process.workspace == workspace).filter_map(Process::id).collect()
    }

    /// Runs a job in a child that serves this workspace only. Waits when all children are busy.
    ///
    /// Dropping the future cancels the job: its child is ended.
    ///
    /// # Errors
    /// See [`Error`]; none of them affects another job.
    pub async fn run(&self, workspace: &str, job: Job, host: &dyn Host) -> Result<Outcome, Error> {
        let frame = frame(&job, &self.shared.options)?;
        let expression = matches!(job.kind, Kind::Expressions { .. });
        let limits = job.limits;
        drop(job);

        let mut stop = self.shared.stop.subscribe();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => Err(Error::Canceled),
            outcome = self.run_frame(workspace, &frame, limits, expression, host) => outcome,
        }
    }

    async fn run_frame(
        &self,
        workspace: &str,
        frame: &[u8],
        limits: Limits,
        expression: bool,
        host: &dyn Host,
    ) -> Result<Outcome, Error> {
        let _permit = self.shared.permits.acquire().await.map_err(|_| Error::Canceled)?;
        let mut lease = self.shared.lease(workspace)?;
        let exchange = lease.process().exchange(frame, host);
        let body = tokio::time::timeout(limits.wall + GRACE, exchange).await.map_err(|_| Error::Timeout)??;
        let (outcome, header) = read_result(&body)?;
        let cpu = lease.process().cpu_micros + header.cpu_micros;
        lease.process().cpu_micros = cpu;
        let spent = matches!(header.failure, Some(Failure::Timeout | Failure::Memory | Failure::Internal(_)));
        if !spent && Duration::from_micros(cpu) < CPU_PER_LIFE {
            lease.give_back();
        }
        match header.failure {
            None => Ok(outcome),
            Some(Failure::Script(error)) => Err(Error::Script { error: Box::new(error), expression }),
            Some(Failure::Items(error)) => Err(Error::Items(Box::new(error))),
            Some(Failure::Timeout) => Err(Error::Timeout),
            Some(Failure::Memory) => Err(Error::Memory),
            Some(Failure::OutputTooLarge(size)) => Err(Error::OutputTooLarge { size, limit: limits.output }),
            Some(Failure::Internal(text)) => Err(Error::Protocol(text)),
        }
    }

    /// Ends all children; jobs that wait or run fail with [`Error::Canceled`], and so does every later one.
    pub async fn shutdown(&self) {
        self.shared.stop.send_replace(true);
        self.shared.permits.close();
        let idle = std::mem::take(&mut self.shared.state().idle);
        self.shared.publish();
        for process in idle {
            process.end().await;
        }
        let mut count = self.watch_children();
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in a guarded section can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self) {
        // Counted under the channel's own lock: of two changes at once, the later count is the one that stays.
        self.count.send_if_modified(|known| {
            let state = self.state();
            let count = state.idle.len() + state.busy;
            std::mem::replace(known, count) != count
        });
    }

    /// A child of that workspace: an idle one, or a new one in place of the longest idle one of another workspace.
    fn lease(self: &Arc<Self>, workspace: &str) -> Result<Lease, Error> {
        let mut state = self.state();
        let known = state.idle.iter().rposition(|process| process.workspace == workspace);
        let mut displaced = None;
        let process = match known {
            Some(index) => Some(state.idle.remove(index)),
            None => {
                if state.idle.len() + state.busy >= self.options.max_children && !state.idle.is_empty() {
                    displaced = Some(state.idle.remove(0));
                }
                None
            }
        };
        state.busy += 1;
        drop(state);
        drop(displaced);

        let mut lease = Lease { shared: self.clone(), process };
        if lease.process.is_none() {
            let options = &self.options;
            let mut args = options.worker_args.clone();
            args.push(options.memory.to_string());
            // Room for one job that is admitted just below the limit, and rounding.
            let cpu = CPU_PER_LIFE + options.defaults.cpu * 2 + Duration::from_secs(5);
            args.push(cpu.as_secs().to_string());
            lease.process = Some(Process::start(&options.worker, &args, workspace)?);
        }
        self.publish();
        Ok(lease)
    }

    /// Ends children that have been idle for long; returns when there is none left to wait for.
    async fn reap(shared: Weak<Shared>) {
        loop {
            let Some(this) = shared.upgrade() else { return };
            let (expired, next) = this.expire(Instant::now());
            for process in expired {
                process.end().await;
            }
            this.publish();
            drop(this);
            let Some(next) = next else { return };
            tokio::time::sleep_until(next).await;
        }
    }

    /// Takes out the children whose time is over, and tells when the next one's will be.
    fn expire(&self, now: Instant) -> (Vec<Process>, Option<Instant>) {
        let mut state = self.state();
        let idle = self.options.idle;
        let (expired, kept): (Vec<Process>, Vec<Process>) =
            std::mem::take(&mut state.idle).into_iter().partition(|process| process.idle_since + idle <= now);
        state.idle = kept;
        let next = state.idle.iter().map(|process| process.idle_since + idle).min();
        state.reaping = next.is_some();
        (expired, next)
    }
}

/// A busy child. Dropped without [`Lease::give_back`] (an error, a cancelled job), it ends.
struct Lease {
    shared: Arc<Shared>,
    process: Option<Process>,
}

impl Lease {
    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("a lease has its process until it is given back")
    }

    fn give_back(mut self) {
        let Some(mut process) = self.process.take() else { return };
        if *self.shared.stop.borrow() {
            return;
        }
        process.idle_since = Instant::now();
        let mut state = self.shared.state();
        state.idle.push(process);
        if !state.reaping {
            state.reaping = true;
            drop(state);
            tokio::spawn(Shared::reap(Arc::downgrade(&self.shared)));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.process.take());
        self.shared.state().busy -= 1;
        self.shared.publish();
    }
}

/// Facts that every script has at hand, in one small JSON text.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts<'a> {
    item_index: u32,
    run_index: u32,
    now: i64,
    timezone: &'a str,
    workflow: &'a crate::WorkflowInfo,
    execution: &'a crate::ExecutionInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_node: Option<&'a crate::PrevNode>,
    node_name: &'a str,
    node_id: &'a str,
    node_version: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lineage: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    globals: Vec<&'a String>,
}

fn frame(job: &Job, options: &Options) -> Result<Vec<u8>, Error> {
    let limits = job.limits;
    let (kind, sources, items) = match &job.kind {
        Kind::Expressions { sources, items } => (KindHeader::Expressions, sources.clone(), [items.start, items.end]),
        Kind::Code { source, mode: Mode::All } => (KindHeader::CodeAll, vec![source.clone()], [0, 0]),
        Kind::Code { source, mode: Mode::EachItem } => (KindHeader::CodeEachItem, vec![source.clone()], [0, 0]),
        Kind::Code { source, mode: Mode::EachItemGoingOn } => {
            (KindHeader::CodeEachItemGoingOn, vec![source.clone()], [0, 0])
        }
    };
    let header = JobHeader {
        kind,
        sources,
        items,
        wall_millis: limits.wall.as_millis() as u64,
        cpu_millis: limits.cpu.min(options.defaults.cpu).as_millis() as u64,
        memory: limits.memory.min(options.memory),
        output: limits.output,
        seed: job.context.seed,
    };
    let unwritable = |error: serde_json::Error| Error::Protocol(error.to_string());
    let header = serde_json::to_string(&header).map_err(unwritable)?;
    let context = &job.context;
    let facts = Facts {
        item_index: context.item_index,
        run_index: context.run_index,
        now: context.now_millis,
        timezone: &context.timezone,
        workflow: &context.workflow,
        execution: &context.execution,
        prev_node: context.prev_node.as_ref(),
        node_name: &context.node_name,
        node_id: &context.node_id,
        node_version: context.node_version,
        lineage: context.lineage,
        globals: context.globals.keys().collect(),
    };
    let facts = serde_json::to_string(&facts).map_err(unwritable)?;
    let names: Vec<String> = context
        .nodes
        .keys()
        .map(|name| format!("node:{name}"))
        .chain(context.globals.keys().map(|name| format!("global:{name}")))
        .collect();
    let named = context.nodes.values().chain(context.globals.values());
    let mut texts: Vec<(&str, &str)> = vec![("facts", &facts), ("items", context.items.as_str())];
    texts.extend(optional_texts(context));
    texts.extend(names.iter().zip(named).map(|(name, text)| (name.as_str(), text.as_str())));
    Parcel::write(Tag::Job, &header, &texts).ok_or(Error::InputTooLarge)
}

fn optional_texts(context: &Context) -> impl Iterator<Item = (&str, &str)> {
    [
        ("vars", &context.vars),
        ("env", &context.env),
        ("parameters", &context.parameters),
        ("static:global", &context.static_global),
        ("static:node", &context.static_node),
        ("context", &context.node_context),
    ]
    .into_iter()
    .filter_map(|(name, text)| text.as_ref().map(|text| (name, text.as_str())))
}

fn read_result(body: &[u8]) -> Result<(Outcome, ResultHeader), Error> {
    let broken = || Error::Protocol("a result cannot be read".into());
    let parcel = Parcel::read(body).ok_or_else(broken)?;
    let mut header: ResultHeader = serde_json::from_str(parcel.header).map_err(|_| broken())?;
    let mut outcome = Outcome {
        result: String::new(),
        logs: std::mem::take(&mut header.logs),
        static_global: None,
        static_node: None,
        custom_data: None,
        notes: Vec::new(),
        cpu_micros: header.cpu_micros,
    };
    for (name, text) in parcel.texts {
        match name {
            "result" => outcome.result = text.to_owned(),
            "static:global" => outcome.static_global = Some(Json::from_text(text)),
            "static:node" => outcome.static_node = Some(Json::from_text(text)),
            "notes" => outcome.notes = serde_json::from_str(text).map_err(|_| broken())?,
            "customData" => outcome.custom_data = Some(serde_json::from_str(text).map_err(|_| broken())?),
            _ => return Err(broken()),
        }
    }
    Ok((outcome, header))
}
