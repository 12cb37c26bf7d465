//! One child process, seen from the server.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

use crate::wire::{self, Tag};
use crate::{Error, Host};

/// Bytes that a pipe holds, so that a usual step needs one write and one wake-up at each end.
#[cfg(target_os = "linux")]
const PIPE: libc::c_int = 1 << 20;

/// A child that waits for a job. Dropping it ends the process.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Workspace that it belongs to, for good.
    pub workspace: String,
    /// Since when it has had nothing to do.
    pub idle_since: Instant,
    /// CPU that its jobs used, in microseconds.
    pub cpu_micros: u64,
}

/// A frame from the child.
struct Frame {
    tag: Tag,
    body: Vec<u8>,
}

impl Process {
    pub(crate) fn start(worker: &Path, args: &[String], workspace: &str) -> Result<Process, Error> {
        let mut child = Command::new(worker)
            .args(args)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::Unavailable)?;
        let missing = || Error::Unavailable(std::io::Error::other("the child has no pipes"));
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        #[cfg(target_os = "linux")]
        for descriptor in [std::os::fd::AsRawFd::as_raw_fd(&input), std::os::fd::AsRawFd::as_raw_fd(&output)] {
            // SAFETY: the descriptor is open; where the system refuses the size, the default one serves.
            unsafe { libc::fcntl(descriptor, libc::F_SETPIPE_SZ, PIPE) };
        }
        Ok(Process { child, input, output, workspace: workspace.to_owned(), idle_since: Instant::now(), cpu_micros: 0 })
    }

    /// The system's number of the process, for tests and logs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a job frame, answers the calls it causes, and returns the body of the result frame.
    pub(crate) async fn exchange(&mut self, job: &[u8], host: &dyn Host) -> Result<Vec<u8>, Error> {
        let sent = self.input.write_all(job).await;
        let result = match sent {
            Ok(()) => self.converse(host).await,
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(body) => Ok(body),
            Err(Broken::Pipe) => Err(Error::Crashed { status: self.status().await }),
            Err(Broken::Protocol(what)) => Err(Error::Protocol(what.to_owned())),
        }
    }

    async fn converse(&mut self, host: &dyn Host) -> Result<Vec<u8>, Broken> {
        use futures_util::stream::{FuturesUnordered, StreamExt};

        let mut answers = FuturesUnordered::new();
        let mut frames = Reader::default();
        // Answers on their way. Frames are read meanwhile, else both ends could wait for the other to read.
        let mut outbox: Vec<u8> = Vec::new();
        loop {
            // Every branch is safe to drop: the reader keeps what it has read, and `write` tells what it wrote.
            tokio::select! {
                frame = frames.next(&mut self.output) => {
                    let frame = frame?;
                    match frame.tag {
                        Tag::Result => return Ok(frame.body),
                        Tag::Call => {
                            let (number, name, args) =
                                wire::read_call(&frame.body).ok_or(Broken::Protocol("a call cannot be read"))?;
                            let args: model::Value =
                                serde_json::from_str(args).map_err(|_| Broken::Protocol("arguments are no JSON"))?;
                            let name = name.to_owned();
                            answers.push(async move { (number, host.call(&name, args).await) });
                        }
                        Tag::Job | Tag::Answer => return Err(Broken::Protocol("a frame goes the wrong way")),
                    }
                }
                Some((number, answer)) = answers.next(), if !answers.is_empty() => {
                    let text = answer.as_ref().map(crate::Json::as_str).map_err(String::as_str);
                    let frame = wire::write_answer(number, text)
                        .or_else(|| wire::write_answer(number, Err("the answer is too large")))
                        .ok_or(Broken::Protocol("an answer cannot be written"))?;
                    outbox.extend_from_slice(&frame);
                }
                written = self.input.write(&outbox), if !outbox.is_empty() => {
                    outbox.drain(..written?);
                }
            }
        }
    }

    async fn status(&mut self) -> String {
        // The pipe is closed, so the process is ending; a child that closed it and lives on is ended.
        let _ = self.child.start_kill();
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Ends the process and waits until it is gone.
    pub(crate) async fn end(mut self) {
        let _ = self.child.kill().await;
    }
}

enum Broken {
    Pipe,
    Protocol(&'static str),
}

impl From<std::io::Error> for Broken {
    fn from(_: std::io::Error) -> Broken {
        Broken::Pipe
    }
}

/// Reads frames without losing bytes when a read is given up half-way.
#[derive(Default)]
struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    async fn next(&mut self, output: &mut ChildStdout) -> Result<Frame, Broken> {
        loop {
            let wanted = match self.buffer.first_chunk::<4>() {
                Some(length) if self.buffer.len() >= wire::HEAD => {
                    let length = u32::from_le_bytes(*length) as usize;
                    if length > wire::MAX_BODY {
                        return Err(Broken::Protocol("a frame is too long"));
                    }
                    let end = wire::HEAD + length;
                    if self.buffer.len() >= end {
                        let tag = Tag::from_byte(self.buffer[4]).ok_or(Broken::Protocol("a frame has no known tag"))?;
                        let rest = self.buffer.split_off(end);
                        let mut body = std::mem::replace(&mut self.buffer, rest);
                        body.drain(..wire::HEAD);
                        return Ok(Frame { tag, body });
                    }
                    end - self.buffer.len()
                }
                _ => 64 << 10,
            };
            // The length is the child's word: memory is taken as the bytes arrive, not on its word.
            self.buffer.reserve(wanted.clamp(4 << 10, 1 << 20));
            if output.read_buf(&mut self.buffer).await? == 0 {
                return Err(Broken::Pipe);
            }
        }
    }
}
