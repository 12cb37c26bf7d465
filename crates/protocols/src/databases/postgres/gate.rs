//! The stream under the driver, with a gate: the driver reads as fast as the server sends and queues without bounds,
//! so a million rows would wait in memory for whoever works on them. While rows are read, the gate lets through what
//! the reader waits for, and a bounded share more.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use outbound::BoxedStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that may be read ahead of the reader.
const AHEAD: usize = 1 << 20;

/// Lets bytes through, or holds them back.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Somebody reads rows.
    watched: bool,
    /// The reader waits; whatever comes is let through, as a row may have any size.
    hungry: bool,
    ahead: usize,
    waiting: Option<Waker>,
}

/// Rows are read until this is dropped.
#[derive(Debug)]
pub struct Watch<'a>(&'a Gate);

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds back from now on what the reader is not ready for.
    pub fn watch(&self) -> Watch<'_> {
        let mut state = self.state();
        (state.watched, state.hungry, state.ahead) = (true, false, 0);
        Watch(self)
    }
}

impl Watch<'_> {
    /// The reader waits for bytes.
    pub fn hungry(&self) {
        let mut state = self.0.state();
        state.hungry = true;
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }

    /// The reader has got something.
    pub fn fed(&self) {
        let mut state = self.0.state();
        if std::mem::take(&mut state.hungry) {
            state.ahead = 0;
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.watched = false;
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }
}

/// A dialled stream behind a gate.
pub struct Gated {
    /// The stream.
    pub stream: BoxedStream,
    /// Its gate.
    pub gate: Gate,
}

impl AsyncRead for Gated {
    fn poll_read(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        {
            let mut state = self.gate.state();
            if state.watched && !state.hungry && state.ahead >= AHEAD {
                state.waiting = Some(ctx.waker().clone());
                return Poll::Pending;
            }
        }
        let before = out.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(ctx, out);
        self.gate.state().ahead += out.filled().len() - before;
        done
    }
}

impl AsyncWrite for Gated {
    fn poll_write(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(ctx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(ctx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(ctx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_is_busy_holds_the_stream_back_and_one_that_waits_does_not() {
        let (near, mut far) = tokio::io::duplex(64 << 20);
        let gate = Gate::default();
        let mut gated = Gated { stream: Box::new(near), gate: gate.clone() };
        far.write_all(&vec![7; 4 * AHEAD]).await.unwrap();
        let watch = gate.watch();
        let mut whole = vec![0; 4 * AHEAD];
        let mut read = 0;
        while let Some(more) = futures_util::FutureExt::now_or_never(gated.read(&mut whole[read..AHEAD.max(read + 1)]))
        {
            read += more.unwrap();
        }
        assert_eq!(read, AHEAD);
        watch.hungry();
        gated.read_exact(&mut whole[AHEAD..3 * AHEAD]).await.unwrap();
        watch.fed();
        gated.read_exact(&mut whole[..AHEAD]).await.unwrap();
        assert!(futures_util::FutureExt::now_or_never(gated.read(&mut whole)).is_none());
        drop(watch);
        far.write_all(&[1]).await.unwrap();
        assert_eq!(gated.read(&mut whole).await.unwrap(), 1);
    }
}
