//! How a child seals itself off before it reads user code.

use serde::{Deserialize, Serialize};

/// Which measures hold for the children on this system. `doctor` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Isolation {
    /// User code runs in a process of its own, with an empty environment.
    pub process: bool,
    /// System calls beyond reading, writing, memory, clock and exit are refused by the kernel.
    pub syscall_filter: bool,
    /// The process can never gain privileges.
    pub no_new_privileges: bool,
    /// The kernel bounds memory, CPU time, files and processes.
    pub resource_limits: bool,
    /// No descriptor but the two pipes is open.
    pub descriptors_closed: bool,
}

impl Isolation {
    /// What this build does on this system.
    pub fn of_this_system() -> Isolation {
        let filter = cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));
        Isolation {
            process: true,
            syscall_filter: filter,
            no_new_privileges: cfg!(target_os = "linux"),
            resource_limits: cfg!(unix),
            descriptors_closed: cfg!(target_os = "linux"),
        }
    }
}

/// Bytes of address space beside the script's heap: stack, the text of a job and of its result.
const SLACK: u64 = 192 << 20;

/// Bounds of the whole child; a job's own limits lie below them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of heap that any job may have.
    pub memory: u64,
    /// Seconds of CPU that the process may use in its life.
    pub cpu_seconds: u64,
}

/// Seals the calling process off. It must have one thread.
pub(crate) fn enter(bounds: Bounds) -> std::io::Result<()> {
    #[cfg(unix)]
    limits(bounds)?;
    #[cfg(target_os = "linux")]
    {
        close_descriptors()?;
        forbid_privileges()?;
    }
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    filter::install()?;
    #[cfg(not(unix))]
    let _ = bounds;
    Ok(())
}

#[cfg(unix)]
fn limits(bounds: Bounds) -> std::io::Result<()> {
    let address_space = address_space_in_use() + bounds.memory.saturating_mul(2) + SLACK;
    let wanted: [(_, u64); 5] = [
        (libc::RLIMIT_AS, address_space),
        (libc::RLIMIT_CPU, bounds.cpu_seconds),
        (libc::RLIMIT_FSIZE, 0),
        (libc::RLIMIT_CORE, 0),
        // No process may be forked, whoever the user is.
        (libc::RLIMIT_NPROC, 0),
    ];
    for (resource, value) in wanted {
        // The result leaves through a pipe, which the file size limit does not count.
        let limit = libc::rlimit { rlim_cur: value as libc::rlim_t, rlim_max: value as libc::rlim_t };
        // SAFETY: `limit` lives over the call and is only read.
        if unsafe { libc::setrlimit(resource, &limit) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The executable's own mappings do not count against the script.
#[cfg(unix)]
fn address_space_in_use() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().next().and_then(|pages| pages.parse::<u64>().ok()));
    // SAFETY: `sysconf` has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(4096) as u64;
    pages.map_or(4 << 30, |pages| pages * page)
}

#[cfg(target_os = "linux")]
fn close_descriptors() -> std::io::Result<()> {
    // SAFETY: nothing in this process holds a descriptor above 2: it has not opened any.
    if unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) } == 0 {
        return Ok(());
    }
    // Before Linux 5.9: one by one, up to the limit.
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives over the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    for descriptor in 3..limit.rlim_cur.min(65_536) as libc::c_int {
        // SAFETY: as above; closing a descriptor that is not open fails without effect.
        unsafe { libc::close(descriptor) };
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn forbid_privileges() -> std::io::Result<()> {
    // SAFETY: plain integer arguments. Not dumpable: no other process of the user may attach to it.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
    };
    if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch,
    };

    /// Everything that is not listed fails with `EPERM`; what only an attacker would try ends the process.
    pub(super) fn install() -> std::io::Result<()> {
        let arch = if cfg!(target_arch = "x86_64") { TargetArch::x86_64 } else { TargetArch::aarch64 };
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules()?, refuse, SeccompAction::Allow, arch).map_err(invalid)?;
        let program: BpfProgram = filter.try_into().map_err(invalid)?;
        seccompiler::apply_filter(&program).map_err(invalid)
    }

    fn rules() -> std::io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
        let is = |argument: u8, value: i32| {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value as u64)
                .and_then(|condition| SeccompRule::new(vec![condition]))
                .map_err(invalid)
        };
        let lacks = |argument: u8, bits: i32| {
            let comparison = SeccompCmpOp::MaskedEq(bits as u64);
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, 0)
                .and_then(|condition| SeccompRule::new(vec![condition]))
                .map_err(invalid)
        };
        let mut rules = BTreeMap::from([
            (libc::SYS_read, vec![is(0, libc::STDIN_FILENO)?]),
            (libc::SYS_write, vec![is(0, libc::STDOUT_FILENO)?]),
            // Memory, but never executable: QuickJS makes no machine code.
            (libc::SYS_mmap, vec![lacks(2, libc::PROT_EXEC)?]),
            (libc::SYS_mprotect, vec![lacks(2, libc::PROT_EXEC)?]),
        ]);
        let free = [
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_madvise,
            libc::SYS_brk,
            libc::SYS_futex,
            libc::SYS_clock_gettime,
            libc::SYS_gettimeofday,
            libc::SYS_getrandom,
            libc::SYS_rt_sigreturn,
            libc::SYS_rt_sigprocmask,
            libc::SYS_sigaltstack,
            libc::SYS_sched_yield,
            libc::SYS_exit,
            libc::SYS_exit_group,
        ];
        rules.extend(free.map(|call| (call, Vec::new())));
        Ok(rules)
    }

    fn invalid<E: std::error::Error + Send + Sync + 'static>(error: E) -> std::io::Error {
        std::io::Error::other(error)
    }
}
