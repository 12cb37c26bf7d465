//! The child: seals itself off, then serves jobs from its standard input until that is closed.
//!
//! Each job gets a runtime and a context that no other job has touched: they are made once, and put back to what they
//! were after every job ([`heap`]), while the child would wait anyway.

mod channel;
mod crypto;
mod heap;
mod json;
mod locales;
mod modules;
mod native;
mod step;
mod text;
mod zones;

use std::time::Duration;

use crate::isolation::{self, Bounds};

/// The hidden argument by which an executable recognises that it is to be a child.
pub const ARGUMENT: &str = "sandbox-worker";

/// Exit code when the child cannot seal itself off; it reads no job then.
const UNSEALED: i32 = 71;

/// Serves jobs and ends the process. `args` are the arguments after [`ARGUMENT`].
///
/// Call it first thing in `main`: the process must have one thread and no open files.
///
/// ```no_run
/// if std::env::args().nth(1).as_deref() == Some(sandbox::worker::ARGUMENT) {
///     sandbox::worker_main(std::env::args().skip(2));
/// }
/// ```
pub fn worker_main(args: impl Iterator<Item = String>) {
    if let Err(code) = seal(args) {
        std::process::exit(code);
    }
    keep_freed_memory();
    let mut channel = channel::Channel::new();
    // What making the engine and reading the job cost counts for the job.
    let mut reported = cpu_time();
    let mut engine = step::Engine::new();
    loop {
        let Some(body) = channel.next_job() else { std::process::exit(0) };
        let frame = engine.run(&body, &mut channel, &mut reported);
        if !channel.send(&frame) {
            std::process::exit(0);
        }
        engine.renew();
    }
}

/// Seals the process off as [`worker_main`] does, for probes that try to get out.
///
/// # Errors
/// The exit code of a child that cannot be sealed.
#[doc(hidden)]
pub fn seal(mut args: impl Iterator<Item = String>) -> Result<(), i32> {
    let mut number = |default: u64| args.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let bounds = Bounds { memory: number(512 << 20), cpu_seconds: number(180) };
    // SAFETY: this process has one thread.
    unsafe { std::env::set_var("TZ", "UTC0") };
    isolation::enter(bounds).map_err(|_| UNSEALED)
}

/// Large values and the texts of jobs are given up at a job's end. Handing those pages back to the system and faulting
/// them in again for the next job costs more than the job's own work, so up to 16 MiB are kept while the child lives.
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for parameter in [libc::M_TRIM_THRESHOLD, libc::M_MMAP_THRESHOLD] {
        // SAFETY: plain integers; an allocator that does not know the parameter changes nothing.
        unsafe { libc::mallopt(parameter, 16 << 20) };
    }
}

/// CPU time of this process.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives over the call.
    if unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) } != 0 {
        return Duration::ZERO;
    }
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}
