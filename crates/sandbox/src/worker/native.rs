//! What the sandbox's own JavaScript may ask of the child. User code never sees these functions.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::context::EvalOptions;
use rquickjs::function::Opt;
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result, Value};

use super::channel::Channel;
use super::zones::Zones;
use super::{crypto, json, modules, text};
use crate::{Level, LogLine, wire};

/// Lines that a job's console keeps, and bytes of them.
const LOG_LINES: usize = 1_000;
const LOG_BYTES: usize = 256 << 10;

/// Name under which user code is compiled; the sandbox's own code looks for it in stacks.
const USER: &str = "<user>";

/// What the functions of one job share.
#[derive(Default)]
pub(super) struct Desk {
    pub texts: RefCell<HashMap<String, String>>,
    pub seed: Cell<u64>,
    pub logs: RefCell<Vec<LogLine>>,
    log_bytes: Cell<usize>,
    /// Set while a job runs.
    pub channel: RefCell<Option<Channel>>,
    next_call: Cell<u32>,
    random_counter: Cell<u64>,
    /// Calls that were sent and whose answers nobody has read.
    pub outstanding: Cell<u32>,
}

impl Desk {
    /// Lays out what a job brings; nothing of the job before is left.
    pub(super) fn lay_out(&self, seed: u64, texts: HashMap<String, String>) {
        self.texts.replace(texts);
        self.logs.take();
        self.seed.set(seed);
        for counter in [&self.next_call, &self.outstanding] {
            counter.set(0);
        }
        self.log_bytes.set(0);
        self.random_counter.set(0);
    }

    fn send(&self, ctx: &Ctx<'_>, name: &str, args: &str) -> Result<u32> {
        let number = self.next_call.get();
        self.next_call.set(number.wrapping_add(1));
        let frame = wire::write_call(number, name, args)
            .ok_or_else(|| Exception::throw_range(ctx, "the arguments of the call are too large"))?;
        let mut channel = self.channel.borrow_mut();
        if !channel.as_mut().is_some_and(|channel| channel.send(&frame)) {
            // The server is gone: nobody waits for this job any more.
            std::process::exit(0);
        }
        Ok(number)
    }

    /// The next answer of the host.
    pub(super) fn answer(&self, wanted: Option<u32>) -> (u32, std::result::Result<String, String>) {
        let mut channel = self.channel.borrow_mut();
        match channel.as_mut().and_then(|channel| channel.next_answer(wanted)) {
            Some(answer) => answer,
            None => std::process::exit(0),
        }
    }

    fn log(&self, level: u8, mut text: String) {
        let mut logs = self.logs.borrow_mut();
        let room = LOG_BYTES.saturating_sub(self.log_bytes.get());
        if logs.len() >= LOG_LINES || room == 0 {
            return;
        }
        if logs.len() == LOG_LINES - 1 {
            text = "… further lines were dropped".into();
        } else if text.len() > room {
            let mut end = room;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push_str(" … cut");
        }
        self.log_bytes.set(self.log_bytes.get() + text.len());
        let level = match level {
            0 => Level::Debug,
            1 => Level::Info,
            2 => Level::Warn,
            _ => Level::Error,
        };
        logs.push(LogLine { level, text });
    }
}

/// Four seed words out of one, so that near seeds give far sequences (splitmix64).
fn seed_words(seed: u64) -> [i32; 4] {
    let mut state = seed;
    let mut word = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let (low, high) = (word(), word());
    [low as i32, (low >> 32) as i32, high as i32, (high >> 32) as i32]
}

/// The object that the sandbox's own modules get as `native`.
///
/// Its functions are made once, before the image of the heap is taken. While a job runs nothing may be put into the
/// heap that refers to memory outside of it, since the job's end frees no single value: buffers are copied.
pub(super) fn object<'js>(ctx: &Ctx<'js>, desk: &Rc<Desk>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;

    let shared = desk.clone();
    native.set(
        "json",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, name: String| -> Result<Value<'js>> {
            match shared.texts.borrow_mut().remove(&name) {
                Some(text) => json::read(&ctx, &text),
                None => Ok(Value::new_undefined(ctx)),
            }
        })?,
    )?;

    let shared = desk.clone();
    native.set("seed", Function::new(ctx.clone(), move || seed_words(shared.seed.get()).to_vec())?)?;

    native.set(
        "load",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| -> Result<Value<'js>> { modules::load(&ctx, &name) })?,
    )?;

    native.set(
        "compile",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, source: String| -> Result<Value<'js>> {
            let mut options = EvalOptions::default();
            options.strict = false;
            options.filename = Some(USER.into());
            ctx.eval_with_options(source, options)
        })?,
    )?;

    let shared = desk.clone();
    native.set("log", Function::new(ctx.clone(), move |level: u8, text: String| shared.log(level, text))?)?;

    let shared = desk.clone();
    native.set(
        "call",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, name: String, args: String| -> Result<Value<'js>> {
            let number = shared.send(&ctx, &name, &args)?;
            match shared.answer(Some(number)).1 {
                Ok(text) => json::read(&ctx, &text),
                Err(message) => Err(Exception::throw_message(&ctx, &message)),
            }
        })?,
    )?;

    let shared = desk.clone();
    native.set(
        "send",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, name: String, args: String| -> Result<u32> {
            let number = shared.send(&ctx, &name, &args)?;
            shared.outstanding.set(shared.outstanding.get() + 1);
            Ok(number)
        })?,
    )?;

    texts(ctx, &native)?;
    secrets(ctx, &native, desk)?;
    zones(ctx, &native)?;
    Ok(native)
}

fn bytes<'js>(ctx: &Ctx<'js>, buffer: &ArrayBuffer<'js>) -> Result<Vec<u8>> {
    // SAFETY: the bytes are copied before any script can run and change or free them.
    match unsafe { buffer.as_bytes() } {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(Exception::throw_type(ctx, "the buffer is detached")),
    }
}

fn texts<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "encode",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, value: String, encoding: String| {
            ArrayBuffer::new_copy(ctx, text::encode(&value, &encoding))
        })?,
    )?;
    native.set(
        "decode",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, buffer: ArrayBuffer<'js>, encoding: String| -> Result<String> {
            Ok(text::decode(&bytes(&ctx, &buffer)?, &encoding))
        })?,
    )?;
    native.set("percentDecode", Function::new(ctx.clone(), |value: String| text::percent_decode(&value))?)?;
    native.set(
        "url",
        Function::new(ctx.clone(), |value: String, base: Opt<Option<String>>| {
            text::parse_url(&value, base.0.flatten().as_deref())
        })?,
    )?;
    native.set(
        "urlSet",
        Function::new(ctx.clone(), |url: String, field: String, value: String| text::set_url(&url, &field, &value))?,
    )
}

fn secrets<'js>(ctx: &Ctx<'js>, native: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    let unknown = |ctx: &Ctx<'js>| Exception::throw_message(ctx, "Digest method not supported");
    native.set("hashes", Function::new(ctx.clone(), || crypto::HASHES.to_vec())?)?;
    native.set(
        "hash",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, name: String, data: ArrayBuffer<'js>| {
            let made = crypto::hash(&name, &[&bytes(&ctx, &data)?]).ok_or_else(|| unknown(&ctx))?;
            ArrayBuffer::new_copy(ctx, made)
        })?,
    )?;
    native.set(
        "hmac",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, name: String, key: ArrayBuffer<'js>, data: ArrayBuffer<'js>| {
                let (key, data) = (bytes(&ctx, &key)?, bytes(&ctx, &data)?);
                let made = crypto::hmac(&name, &key, &data).ok_or_else(|| unknown(&ctx))?;
                ArrayBuffer::new_copy(ctx, made)
            },
        )?,
    )?;
    native.set(
        "pbkdf2",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>,
                  name: String,
                  password: ArrayBuffer<'js>,
                  salt: ArrayBuffer<'js>,
                  rounds: u32,
                  length: u32| {
                let (password, salt) = (bytes(&ctx, &password)?, bytes(&ctx, &salt)?);
                let made = crypto::derive(&name, &password, &salt, rounds, length.min(1 << 16) as usize)
                    .ok_or_else(|| unknown(&ctx))?;
                ArrayBuffer::new_copy(ctx, made)
            },
        )?,
    )?;
    native.set(
        "cipherCheck",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String, key: usize, iv: usize| -> Result<()> {
            crypto::check(&name, key, iv).map_err(|error| Exception::throw_message(&ctx, &error))
        })?,
    )?;
    native.set(
        "cipher",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             options: Object<'js>,
             key: ArrayBuffer<'js>,
             iv: ArrayBuffer<'js>,
             data: ArrayBuffer<'js>,
             aad: ArrayBuffer<'js>| {
                let name: String = options.get("name")?;
                let (encrypt, padding) = (options.get("encrypt")?, options.get("padding")?);
                let (key, iv, aad) = (bytes(&ctx, &key)?, bytes(&ctx, &iv)?, bytes(&ctx, &aad)?);
                let data = bytes(&ctx, &data)?;
                let request = crypto::Request { name: &name, encrypt, key: &key, iv: &iv, data, aad: &aad, padding };
                let made = crypto::cipher(request).map_err(|error| Exception::throw_message(&ctx, &error))?;
                ArrayBuffer::new_copy(ctx, made)
            },
        )?,
    )?;
    let shared = desk.clone();
    native.set(
        "random",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, length: u32| {
            if length > 1 << 24 {
                return Err(Exception::throw_range(&ctx, "too many random bytes at once"));
            }
            let mut counter = shared.random_counter.get();
            let made = crypto::random(shared.seed.get(), &mut counter, length as usize);
            shared.random_counter.set(counter);
            ArrayBuffer::new_copy(ctx, made)
        })?,
    )
}

fn zones<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    thread_local! {
        static ZONES: Zones = Zones::new();
    }
    native.set("zone", Function::new(ctx.clone(), |name: String| ZONES.with(|zones| zones.canonical(&name)))?)?;
    native.set(
        "offset",
        Function::new(ctx.clone(), |name: String, millis: f64| {
            ZONES.with(|zones| zones.offset(&name, millis)).map_or(f64::NAN, |(minutes, _)| minutes)
        })?,
    )?;
    native.set(
        "isDaylightSaving",
        Function::new(ctx.clone(), |name: String, millis: f64| {
            ZONES.with(|zones| zones.offset(&name, millis)).is_some_and(|(_, daylight)| daylight)
        })?,
    )?;
    native.set("locale", Function::new(ctx.clone(), |name: String| modules::locale(&name))?)
}
