//! The child's two pipes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;

use crate::wire::{self, Tag};

/// Standard input and output, unbuffered and never closed.
pub(super) struct Channel {
    input: ManuallyDrop<File>,
    output: ManuallyDrop<File>,
    /// Answers that came while another one was awaited.
    early: BTreeMap<u32, Result<String, String>>,
}

impl Channel {
    pub(super) fn new() -> Channel {
        Channel { input: standard(0), output: standard(1), early: BTreeMap::new() }
    }

    /// The body of the next job; `None` when the server is gone.
    pub(super) fn next_job(&mut self) -> Option<Vec<u8>> {
        self.early.clear();
        loop {
            match self.read_frame()? {
                (Tag::Job, body) => return Some(body),
                // An answer that the last job did not wait for.
                (Tag::Answer, _) => {}
                _ => return None,
            }
        }
    }

    /// The answer to that call, or to any call when no number is given; `None` when the server is gone.
    pub(super) fn next_answer(&mut self, wanted: Option<u32>) -> Option<(u32, Result<String, String>)> {
        let known = match wanted {
            Some(number) => self.early.remove(&number).map(|answer| (number, answer)),
            None => self.early.pop_first(),
        };
        if known.is_some() {
            return known;
        }
        loop {
            let (Tag::Answer, body) = self.read_frame()? else { return None };
            let (number, answer) = wire::read_answer(&body)?;
            let answer = answer.map(str::to_owned).map_err(str::to_owned);
            if wanted.is_none_or(|wanted| wanted == number) {
                return Some((number, answer));
            }
            self.early.insert(number, answer);
        }
    }

    /// Writes a whole frame; `false` when the server is gone.
    pub(super) fn send(&mut self, frame: &[u8]) -> bool {
        self.output.write_all(frame).is_ok()
    }

    fn read_frame(&mut self) -> Option<(Tag, Vec<u8>)> {
        let mut head = [0; wire::HEAD];
        self.input.read_exact(&mut head).ok()?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let tag = Tag::from_byte(head[4])?;
        if length > wire::MAX_BODY {
            return None;
        }
        let mut body = vec![0; length];
        self.input.read_exact(&mut body).ok()?;
        Some((tag, body))
    }
}

#[cfg(unix)]
fn standard(descriptor: i32) -> ManuallyDrop<File> {
    use std::os::fd::FromRawFd;
    // SAFETY: descriptors 0 and 1 are open for the life of the process, and `ManuallyDrop` never closes them.
    ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) })
}

#[cfg(windows)]
fn standard(descriptor: i32) -> ManuallyDrop<File> {
    use std::os::windows::io::{AsRawHandle, FromRawHandle};
    let handle = if descriptor == 0 { std::io::stdin().as_raw_handle() } else { std::io::stdout().as_raw_handle() };
    // SAFETY: the standard handles are open for the life of the process, and `ManuallyDrop` never closes them.
    ManuallyDrop::new(unsafe { File::from_raw_handle(handle) })
}
