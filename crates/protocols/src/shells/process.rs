//! Programs on the server's own machine: without our secrets, within limits, and gone when their step has gone.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use model::Code;
use part::powers::Powers;
use part::{CallFailure, Category, NodeError};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::session::{MOST_OUTPUT, canceled, too_much};

/// How long a program may take to end when it is told to.
const GRACE: Duration = Duration::from_secs(2);

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ended {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// A program that sees nothing of the server's environment but what is meant for it.
pub(crate) fn program(name: &str, powers: &Powers) -> Command {
    let mut command = Command::new(name);
    command.env_clear().envs(powers.environment.iter().cloned());
    command
}

/// Runs it to its end, and to the end of what it writes. It has no input.
pub(crate) async fn run(
    mut command: Command,
    longest: Duration,
    cancel: &CancellationToken,
) -> Result<Ended, CallFailure> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it starts can be ended with it.
    command.process_group(0).kill_on_drop(true);
    let child = command.spawn().map_err(|error| {
        let detail = format!("`{name}` cannot be started: {error}");
        NodeError::new(Code::Unavailable, Category::Unavailable, detail)
            .hint(format!("install `{name}` where the server runs, in a folder of its `PATH`"))
    })?;
    let mut group = Group { child };
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let outputs = async {
        let (stdout, stderr) = tokio::try_join!(drain(stdout), drain(stderr))?;
        // Only now is its number given back, so that whoever gets it next is never ended in its place.
        let status = group.child.wait().await.map_err(|_| NodeError::bug("a program cannot be waited for"))?;
        Ok::<_, NodeError>(Ended { status, stdout, stderr })
    };
    let ended = tokio::select! {
        ended = outputs => ended,
        () = tokio::time::sleep(longest) => {
            let detail = format!("`{name}` took longer than {} seconds and was ended", longest.as_secs_f64());
            Err(NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail).permanent())
        }
        () = cancel.cancelled() => Err(canceled()),
    };
    match ended {
        Ok(ended) => Ok(ended),
        Err(error) => {
            let uncertain = error.problem.code == Code::RunCanceled;
            group.end().await;
            Err(CallFailure { error, uncertain })
        }
    }
}

async fn drain(output: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, NodeError> {
    let mut whole = Vec::new();
    let Some(output) = output else { return Ok(whole) };
    let mut output = output.take(MOST_OUTPUT as u64 + 1);
    // An output that cannot be read has ended.
    let _ = output.read_to_end(&mut whole).await;
    if whole.len() > MOST_OUTPUT { Err(too_much()) } else { Ok(whole) }
}

/// A program and all that it has started. Ended when it is dropped before its end.
struct Group {
    child: Child,
}

impl Group {
    fn tell(&self, signal: Signal) {
        // Without a number it has ended, and the number may be somebody else's by now.
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Asks it to end, and ends it when it does not listen. Members that outlive it are ended, too.
    async fn end(&mut self) {
        self.tell(Signal::TERM);
        let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else { return };
        let end = tokio::time::Instant::now() + GRACE;
        // The leader is not waited for yet, so its group keeps its number.
        while tokio::time::Instant::now() < end && alive(pid) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.tell(Signal::KILL);
        let _ = self.child.wait().await;
    }
}

/// Whether the leader of the group runs; one that has ended and is not waited for does not.
fn alive(pid: Pid) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(pid), look), Ok(None))
}

impl Drop for Group {
    fn drop(&mut self) {
        self.tell(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use part::powers::Power;

    use testkit::daemon::comes_to_pass;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = program("/bin/sh", &Powers::of([Power::Commands]));
        command.args(["-c", script]);
        command
    }

    async fn gone(file: &Path) -> bool {
        let Ok(pid) = std::fs::read_to_string(file) else { return false };
        let stat = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        // Nobody may be there to wait for it: what has ended and is not waited for is gone, too.
        comes_to_pass(|| stat().is_empty() || stat().contains(") Z ")).await
    }

    #[tokio::test]
    async fn a_program_gives_what_it_says_and_sees_nothing_of_ours() {
        let ended = run(shell("env; echo no >&2; exit 4"), Duration::from_secs(20), &CancellationToken::new()).await;
        let ended = ended.ok().unwrap();
        assert_eq!((ended.status.code(), ended.stderr().as_str()), (Some(4), "no\n"));
        let names: Vec<String> =
            ended.stdout().lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
        assert!(names.iter().all(|name| ["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(&&**name)), "{names:?}");
        assert!(run(shell("cat"), Duration::from_secs(20), &CancellationToken::new()).await.is_ok(), "no input");
        let missing = program("no-such-program", &Powers::default());
        let failed = run(missing, Duration::from_secs(1), &CancellationToken::new()).await.err().unwrap();
        assert!(failed.error.to_string().contains("cannot be started") && !failed.uncertain);
    }

    #[tokio::test]
    async fn what_a_program_has_started_ends_with_it() {
        let place = tempfile::tempdir().unwrap();
        let script = |trap: &str| format!("{trap} sleep 600 & echo $! > {}/pid; wait", place.path().display());
        let pid = place.path().join("pid");
        let late = run(shell(&script("")), Duration::from_millis(300), &CancellationToken::new()).await.err().unwrap();
        assert!(late.error.to_string().contains("took longer than 0.3 seconds"), "{}", late.error);
        assert!(gone(&pid).await);

        std::fs::remove_file(&pid).unwrap();
        let cancel = CancellationToken::new();
        let started = async {
            comes_to_pass(|| !std::fs::read_to_string(&pid).unwrap_or_default().is_empty()).await;
            cancel.cancel();
        };
        let stubborn = script("trap '' TERM;");
        let (ran, ()) = tokio::join!(run(shell(&stubborn), Duration::from_secs(60), &cancel), started);
        assert!(ran.err().unwrap().uncertain);
        assert!(gone(&pid).await);

        std::fs::remove_file(&pid).unwrap();
        let (script, never) = (script(""), CancellationToken::new());
        let forgotten = run(shell(&script), Duration::from_secs(60), &never);
        let forgotten = tokio::time::timeout(Duration::from_millis(300), forgotten);
        assert!(forgotten.await.is_err());
        assert!(gone(&pid).await, "also when nobody asks any more");
    }

    #[tokio::test]
    async fn a_program_that_writes_without_end_is_ended() {
        let failed = run(shell("yes"), Duration::from_secs(60), &CancellationToken::new()).await.err().unwrap();
        assert!(failed.error.to_string().contains("more than 10 MiB"), "{}", failed.error);
    }
}
