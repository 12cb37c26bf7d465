//! A sealed child that tries to get out by native calls, as code that broke out of QuickJS would. For tests only.
//!
//! It seals itself off as a worker does, makes one call after the other, and writes `name=result` lines to its standard
//! output: `ok` for a call that went through, else the error number.

#[cfg(target_os = "linux")]
fn main() {
    let before: Vec<libc::c_int> = open_descriptors();
    if let Err(code) = sandbox::worker::seal(std::env::args().skip(2)) {
        std::process::exit(code);
    }
    let mut report = format!("descriptors={before:?}\n");
    for (name, call) in PROBES {
        let result = call();
        let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        report.push_str(&if result >= 0 { format!("{name}=ok\n") } else { format!("{name}={error}\n") });
    }
    // SAFETY: the buffer lives over the call.
    unsafe { libc::write(1, report.as_ptr().cast(), report.len()) };
    // What must go on working: memory in large pieces, and time.
    let memory = vec![1u8; 32 << 20];
    let alive = format!("memory={}\ntime={}\n", memory.len(), std::time::Instant::now().elapsed().as_secs());
    // SAFETY: the buffer lives over the call.
    unsafe { libc::write(1, alive.as_ptr().cast(), alive.len()) };
}

#[cfg(target_os = "linux")]
fn open_descriptors() -> Vec<libc::c_int> {
    // SAFETY: asking about a descriptor has no effect on it.
    (3..256).filter(|descriptor| unsafe { libc::fcntl(*descriptor, libc::F_GETFD) } >= 0).collect()
}

#[cfg(target_os = "linux")]
type Probe = (&'static str, fn() -> libc::c_long);

#[cfg(target_os = "linux")]
const PROBES: &[Probe] = {
    use libc::{c_long, syscall};
    const NULL: usize = 0;
    macro_rules! probe {
        ($name:literal, $($argument:expr),+) => {{
            fn call() -> c_long {
                // SAFETY: the arguments are valid; what the call does to this process is what the test is about.
                unsafe { syscall($($argument),+) }
            }
            ($name, call as fn() -> c_long)
        }};
    }
    &[
        probe!("open", libc::SYS_openat, libc::AT_FDCWD, c"/etc/passwd".as_ptr(), libc::O_RDONLY),
        probe!("create", libc::SYS_openat, libc::AT_FDCWD, c"/tmp/x".as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o600),
        probe!("unlink", libc::SYS_unlinkat, libc::AT_FDCWD, c"/tmp/x".as_ptr(), 0),
        probe!("stat", libc::SYS_newfstatat, libc::AT_FDCWD, c"/".as_ptr(), NULL, 0),
        probe!("socket", libc::SYS_socket, libc::AF_INET, libc::SOCK_STREAM, 0),
        probe!("unix-socket", libc::SYS_socket, libc::AF_UNIX, libc::SOCK_STREAM, 0),
        probe!("socketpair", libc::SYS_socketpair, libc::AF_UNIX, libc::SOCK_STREAM, 0, NULL),
        probe!("ptrace", libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, NULL, NULL),
        probe!("kill-parent", libc::SYS_kill, 1, 0),
        probe!("kill-self", libc::SYS_tgkill, 1, 1, 0),
        probe!("fork", libc::SYS_clone, libc::SIGCHLD, NULL, NULL, NULL, NULL),
        probe!("clone3", libc::SYS_clone3, NULL, 0),
        probe!("execve", libc::SYS_execve, c"/bin/true".as_ptr(), NULL, NULL),
        probe!("prctl", libc::SYS_prctl, libc::PR_SET_DUMPABLE, 1, 0, 0, 0),
        probe!("prlimit", libc::SYS_prlimit64, 0, libc::RLIMIT_CPU, NULL, NULL),
        probe!("seccomp", libc::SYS_seccomp, 1, 0, NULL),
        probe!("mount", libc::SYS_mount, NULL, NULL, NULL, 0, NULL),
        probe!("unshare", libc::SYS_unshare, libc::CLONE_NEWUSER),
        probe!("setuid", libc::SYS_setuid, 0),
        probe!("bpf", libc::SYS_bpf, 0, NULL, 0),
        probe!("io-uring", libc::SYS_io_uring_setup, 1, NULL),
        probe!("userfaultfd", libc::SYS_userfaultfd, 0),
        probe!("memfd", libc::SYS_memfd_create, c"x".as_ptr(), 0),
        probe!("dup", libc::SYS_dup, 1),
        probe!("pipe", libc::SYS_pipe2, NULL, 0),
        probe!("ioctl", libc::SYS_ioctl, 0, 0x5401, NULL),
        probe!("read-memory", libc::SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0),
        probe!("keyctl", libc::SYS_keyctl, 0, 0, 0),
        probe!("nanosleep", libc::SYS_nanosleep, NULL, NULL),
        probe!("pidfd", libc::SYS_pidfd_open, 1, 0),
        probe!("perf", libc::SYS_perf_event_open, NULL, 0, -1, -1, 0),
        probe!("shared-memory", libc::SYS_shmget, 0, 4096, 0o600),
        probe!("eventfd", libc::SYS_eventfd2, 0, 0),
        probe!("inotify", libc::SYS_inotify_init1, 0),
        probe!("splice", libc::SYS_splice, 0, NULL, 1, NULL, 1, 0),
        probe!("send-descriptor", libc::SYS_sendmsg, 1, NULL, 0),
        probe!("personality", libc::SYS_personality, 0),
        probe!("change-root", libc::SYS_chroot, c"/".as_ptr()),
        probe!("signal-handler", libc::SYS_rt_sigaction, libc::SIGXCPU, NULL, NULL, 8),
        probe!("lift-limit", libc::SYS_setrlimit, libc::RLIMIT_AS, NULL),
        probe!("read-output", libc::SYS_read, 1, NULL, 0),
        probe!("make-executable", libc::SYS_mprotect, NULL, 4096, libc::PROT_READ | libc::PROT_EXEC),
        probe!("other-descriptor", libc::SYS_write, 2, c"x".as_ptr(), 1),
        probe!(
            "executable-memory",
            libc::SYS_mmap,
            NULL,
            4096,
            libc::PROT_READ | libc::PROT_EXEC,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0
        ),
    ]
};

#[cfg(not(target_os = "linux"))]
fn main() {}
