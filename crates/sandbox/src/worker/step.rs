//! One job: an untouched runtime and context, the job's loop, and the result frame.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Persistent, Runtime, Value};

use super::channel::Channel;
use super::heap::Heap;
use super::native::{self, Desk};
use super::{cpu_time, json, modules};
use crate::ScriptError;
use crate::wire::{Failure, JobHeader, KindHeader, Parcel, ResultHeader, Tag};

/// Bytes of native stack that JavaScript may use; the main thread has 8 MiB.
const STACK: usize = 1 << 20;

/// Bytes of heap at which the engine looks for cyclic garbage for the first time.
const GC_THRESHOLD: usize = 16 << 20;

/// The interrupt handler is asked every few thousand operations; reading clocks each time would cost too much.
const TICKS_PER_CLOCK: u32 = 4;

/// A runtime in which no user code has run since it was made or renewed.
pub(super) struct Engine {
    runtime: Runtime,
    context: Context,
    desk: Rc<Desk>,
    /// What `core.js` gives: the entry points.
    core: Persistent<Object<'static>>,
    heap: Heap,
}

/// Why the handler stopped the script.
#[derive(Default)]
struct Watch {
    stopped: Cell<bool>,
}

impl Engine {
    pub(super) fn new() -> Engine {
        // Without memory for an engine the process is of no use; the server reports that it ended.
        let heap = Heap::new().expect("memory for a heap");
        let runtime = Runtime::new_with_alloc(heap.clone()).expect("memory for a runtime");
        runtime.set_max_stack_size(STACK);
        let context = Context::full(&runtime).expect("memory for a context");
        let desk = Rc::default();
        let core = context.with(|ctx| install(&ctx, &desk)).expect("the sandbox's own code is sound");
        heap.take_image();
        Engine { runtime, context, desk, core, heap }
    }

    /// Makes the engine what it was before the job.
    pub(super) fn renew(&mut self) {
        // SAFETY: what a job leaves outside of the heap is on the desk, which holds texts and numbers only; values of
        // the job live no longer than `run`. `core` was there when the image was taken.
        unsafe { self.heap.restore() };
    }

    /// Runs the job and returns the result frame, which tells the CPU time since `reported`. The engine must be renewed
    /// before the next one.
    pub(super) fn run(&mut self, body: &[u8], channel: &mut Channel, reported: &mut Duration) -> Vec<u8> {
        let cpu_at_start = cpu_time();
        let mut results = Vec::new();
        let mut header = ResultHeader::default();
        match read(body) {
            Ok((job, parcel)) => {
                let desk = &self.desk;
                let texts = parcel.texts.iter().map(|(name, text)| ((*name).into(), (*text).into()));
                desk.lay_out(job.seed, texts.collect());
                desk.channel.replace(Some(std::mem::replace(channel, Channel::new())));
                match self.execute(&job, cpu_at_start) {
                    Ok(texts) => results = texts,
                    Err(failure) => header.failure = Some(failure),
                }
                if let Some(used) = desk.channel.take() {
                    *channel = used;
                }
                header.logs = desk.logs.take();
            }
            Err(what) => header.failure = Some(Failure::Internal(what.into())),
        }
        let now = cpu_time();
        header.cpu_micros = now.saturating_sub(*reported).as_micros() as u64;
        *reported = now;
        write(&header, &results)
    }

    fn execute(&self, job: &JobHeader, cpu_at_start: Duration) -> Result<Vec<(String, String)>, Failure> {
        self.runtime.set_memory_limit(job.memory as usize);
        // A job's data is live until its end, so looking for garbage while it grows finds nothing.
        self.runtime.set_gc_threshold(GC_THRESHOLD.min(job.memory as usize / 4));
        let watch = Rc::new(Watch::default());
        self.watch(&watch, job, cpu_at_start);
        let result = self.context.with(|ctx| {
            let run = Run { ctx: ctx.clone(), desk: &self.desk, watch: &watch, output: job.output };
            match self.core.clone().restore(&ctx).catch(&ctx).map_err(Stop::Thrown).and_then(|core| run.job(&core, job))
            {
                Ok(texts) => Ok(texts),
                Err(Stop::Failure(failure)) => Err(failure),
                Err(Stop::Thrown(error)) => Err(run.failure(error)),
            }
        });
        self.runtime.set_interrupt_handler(None);
        if watch.stopped.get() { Err(Failure::Timeout) } else { result }
    }

    fn watch(&self, watch: &Rc<Watch>, job: &JobHeader, cpu_at_start: Duration) {
        let started = Instant::now();
        let wall = Duration::from_millis(job.wall_millis);
        let cpu = cpu_at_start + Duration::from_millis(job.cpu_millis);
        let ticks = Cell::new(0u32);
        let watch = watch.clone();
        let handler = move || {
            ticks.set(ticks.get().wrapping_add(1));
            if ticks.get().is_multiple_of(TICKS_PER_CLOCK) && (started.elapsed() > wall || cpu_time() > cpu) {
                watch.stopped.set(true);
            }
            watch.stopped.get()
        };
        self.runtime.set_interrupt_handler(Some(Box::new(handler)));
    }
}

/// Makes what every job starts from, and gives its entry points.
fn install<'js>(ctx: &Ctx<'js>, desk: &Rc<Desk>) -> rquickjs::Result<Persistent<Object<'static>>> {
    let install: Function = rquickjs::FromJs::from_js(ctx, modules::load(ctx, "core")?)?;
    let core: Object = install.call((native::object(ctx, desk)?,))?;
    Ok(Persistent::save(ctx, core))
}

fn read(body: &[u8]) -> Result<(JobHeader, Parcel<'_>), &'static str> {
    let parcel = Parcel::read(body).ok_or("the job cannot be read")?;
    let header = serde_json::from_str(parcel.header).map_err(|_| "the job's header cannot be read")?;
    Ok((header, parcel))
}

fn write(header: &ResultHeader, texts: &[(String, String)]) -> Vec<u8> {
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let json = serde_json::to_string(header).unwrap_or_else(|_| r#"{"cpuMicros":0}"#.into());
    Parcel::write(Tag::Result, &json, &texts).unwrap_or_else(|| {
        let failure = Failure::OutputTooLarge(texts.iter().map(|(_, text)| text.len() as u64).sum());
        let header = ResultHeader { failure: Some(failure), ..ResultHeader::default() };
        let json = serde_json::to_string(&header).unwrap_or_default();
        Parcel::write(Tag::Result, &json, &[]).unwrap_or_default()
    })
}

/// A job inside its context.
struct Run<'a, 'js> {
    ctx: Ctx<'js>,
    desk: &'a Rc<Desk>,
    watch: &'a Watch,
    output: u64,
}

enum Stop<'js> {
    Failure(Failure),
    Thrown(CaughtError<'js>),
}

impl<'js> From<CaughtError<'js>> for Stop<'js> {
    fn from(error: CaughtError<'js>) -> Self {
        Stop::Thrown(error)
    }
}

impl<'js> Run<'_, 'js> {
    fn job(&self, core: &Object<'js>, job: &JobHeader) -> Result<Vec<(String, String)>, Stop<'js>> {
        let ctx = &self.ctx;
        let begin: Function = core.get("begin").catch(ctx)?;
        let _: Value = begin.call(()).catch(ctx)?;
        let result = match job.kind {
            KindHeader::Expressions => {
                let run: Function = core.get("expressions").catch(ctx)?;
                let [from, to] = job.items;
                self.table(core, run.call((job.sources.clone(), from, to)).catch(ctx)?)?
            }
            KindHeader::CodeAll | KindHeader::CodeEachItem | KindHeader::CodeEachItemGoingOn => {
                let start: Function = core.get("code").catch(ctx)?;
                let source = job.sources.first().cloned().unwrap_or_default();
                let each = job.kind != KindHeader::CodeAll;
                let goes_on = job.kind == KindHeader::CodeEachItemGoingOn;
                let _: Value = start.call((source, each, goes_on)).catch(ctx)?;
                let value = self.settle(core)?;
                self.items(core, value, job.kind)?
            }
        };
        let mut texts = vec![("result".to_owned(), result)];
        let changes: Function = core.get("changes").catch(ctx)?;
        let changes: Object = changes.call(()).catch(ctx)?;
        for change in changes.props::<String, String>() {
            let change = change.catch(ctx)?;
            self.check_size(change.1.len())?;
            texts.push(change);
        }
        Ok(texts)
    }

    /// Runs microtasks, answers of the host and virtual timers until the code's promise is settled.
    fn settle(&self, core: &Object<'js>) -> Result<Value<'js>, Stop<'js>> {
        let ctx = &self.ctx;
        let poll: Function = core.get("poll").catch(ctx)?;
        let tick: Function = core.get("tick").catch(ctx)?;
        let answer: Function = core.get("answer").catch(ctx)?;
        loop {
            while !self.watch.stopped.get() && ctx.execute_pending_job() {}
            if self.watch.stopped.get() {
                return Err(Stop::Failure(Failure::Timeout));
            }
            let state: u32 = poll.call(()).catch(ctx)?;
            let result: Function = core.get("result").catch(ctx)?;
            match state {
                1 => return result.call(()).catch(ctx).map_err(Stop::from),
                2 => return Err(Stop::Failure(self.rejected(result.call(()).catch(ctx)?))),
                _ => {}
            }
            let outstanding = self.desk.outstanding.get();
            if outstanding > 0 {
                self.desk.outstanding.set(outstanding - 1);
                let (number, reply) = self.desk.answer(None);
                let _: Value = match reply {
                    Ok(text) => answer.call((number, true, json::read(ctx, &text).catch(ctx)?)),
                    Err(text) => answer.call((number, false, text)),
                }
                .catch(ctx)?;
            } else if !tick.call::<_, bool>(()).catch(ctx)? {
                return Err(Stop::Failure(Failure::Script(ScriptError {
                    name: "Error".into(),
                    message: "the code waits for a promise that never settles".into(),
                    hint: Some("nothing is left that could settle it; check that every promise calls resolve".into()),
                    ..ScriptError::default()
                })));
            }
        }
    }

    /// The text of a table of cells; those that JSON cannot hold are replaced by errors.
    fn table(&self, core: &Object<'js>, table: Value<'js>) -> Result<String, Stop<'js>> {
        let ctx = &self.ctx;
        match self.written(json::write(ctx, &table, self.output)) {
            Err(Stop::Thrown(error)) if !self.watch.stopped.get() && !is_out_of_memory(&error) => {
                let mend: Function = core.get("mend").catch(ctx)?;
                let table: Value = mend.call((table,)).catch(ctx)?;
                self.written(json::write(ctx, &table, self.output))
            }
            other => other,
        }
        .map(|text| text.unwrap_or_else(|| "null".into()))
    }

    /// The text of the items that the code returned.
    fn items(&self, core: &Object<'js>, value: Value<'js>, kind: KindHeader) -> Result<String, Stop<'js>> {
        let ctx = &self.ctx;
        let value = match kind {
            KindHeader::CodeAll => {
                if let Some(text) = self.written(json::items(ctx, &value, self.output))? {
                    return Ok(text);
                }
                let normalize: Function = core.get("normalize").catch(ctx)?;
                let sound: bool = normalize.call((value,)).catch(ctx)?;
                let result: Function = core.get("result").catch(ctx)?;
                let value = result.call(()).catch(ctx)?;
                if !sound {
                    return Err(Stop::Failure(self.rejected(value)));
                }
                value
            }
            _ => value,
        };
        let text = self.written(json::write(ctx, &value, self.output))?;
        Ok(text.unwrap_or_else(|| "null".into()))
    }

    fn written(&self, written: Result<Option<Vec<u8>>, json::Failed>) -> Result<Option<String>, Stop<'js>> {
        let text = match written {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(json::Failed::TooLarge(size)) => return Err(Stop::Failure(Failure::OutputTooLarge(size))),
            Err(json::Failed::Engine(error)) => {
                return Err(Stop::Thrown(CaughtError::from_error(&self.ctx, error)));
            }
        };
        self.check_size(text.len())?;
        String::from_utf8(text).map(Some).map_err(|_| Stop::Failure(Failure::Internal("the result is no text".into())))
    }

    fn check_size(&self, size: usize) -> Result<(), Stop<'js>> {
        if size as u64 > self.output {
            return Err(Stop::Failure(Failure::OutputTooLarge(size as u64)));
        }
        Ok(())
    }

    /// The code's promise was rejected; `value` is `{items, error}` as `code.js` describes it.
    fn rejected(&self, value: Value<'js>) -> Failure {
        #[derive(serde::Deserialize)]
        struct Rejected {
            items: bool,
            error: ScriptError,
        }
        let text = self.ctx.json_stringify(value).ok().flatten().and_then(|text| text.to_string().ok());
        match text.and_then(|text| serde_json::from_str::<Rejected>(&text).ok()) {
            Some(Rejected { items: true, error }) => Failure::Items(error),
            Some(Rejected { error, .. }) => script_failure(error),
            None => Failure::Script(ScriptError { message: "the code failed".into(), ..ScriptError::default() }),
        }
    }

    fn failure(&self, error: CaughtError<'js>) -> Failure {
        if self.watch.stopped.get() {
            return Failure::Timeout;
        }
        if is_out_of_memory(&error) {
            return Failure::Memory;
        }
        match error {
            CaughtError::Exception(exception) => script_failure(ScriptError {
                name: exception.as_object().get("name").unwrap_or_default(),
                line: exception.stack().as_deref().and_then(user_line),
                message: exception.message().unwrap_or_default(),
                ..ScriptError::default()
            }),
            CaughtError::Value(value) => script_failure(ScriptError {
                message: value.as_string().and_then(|text| text.to_string().ok()).unwrap_or_default(),
                ..ScriptError::default()
            }),
            CaughtError::Error(error) => Failure::Internal(error.to_string()),
        }
    }
}

const OUT_OF_MEMORY: &str = "out of memory";

fn is_out_of_memory(error: &CaughtError<'_>) -> bool {
    match error {
        CaughtError::Exception(exception) => exception.message().as_deref() == Some(OUT_OF_MEMORY),
        CaughtError::Error(rquickjs::Error::Allocation) => true,
        // QuickJS throws null when there is no memory for an error object.
        CaughtError::Value(value) => value.is_null(),
        CaughtError::Error(_) => false,
    }
}

fn script_failure(error: ScriptError) -> Failure {
    if error.name == "InternalError" && error.message == OUT_OF_MEMORY {
        return Failure::Memory;
    }
    Failure::Script(error)
}

fn user_line(stack: &str) -> Option<u32> {
    let place = stack.split("<user>:").nth(1)?;
    place.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
