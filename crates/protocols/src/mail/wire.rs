//! A dialled stream in the shape that mail drivers want, with a bound on what a server may say at once.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use lettre::transport::smtp::client::AsyncTokioStream;
use outbound::BoxedStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream to a mail server.
pub(super) struct Wire {
    /// Never locked: drivers ask for streams that can be shared between threads, and then share them with nobody.
    stream: Mutex<BoxedStream>,
    /// Read before anything that comes through the stream.
    before: Bytes,
    /// How many bytes the server may still send.
    left: u64,
    /// What the server said first, for whoever asks.
    heard: Option<Heard>,
}

/// What a server said first, up to [`HEARD`] bytes.
pub(super) type Heard = Arc<Mutex<Vec<u8>>>;

/// Most bytes that are kept of what a server says first.
const HEARD: usize = 8 << 10;

impl Wire {
    /// A stream through which at most so many bytes come until [`Wire::allow`] says otherwise.
    pub(super) fn new(stream: BoxedStream, limit: u64) -> Wire {
        Wire { stream: Mutex::new(stream), before: Bytes::new(), left: limit, heard: None }
    }

    /// The same, for a driver that waits for a greeting which was read already.
    pub(super) fn greeted(self, greeting: &'static [u8]) -> Wire {
        Wire { before: Bytes::from_static(greeting), ..self }
    }

    /// The same, and what the server says first is kept.
    pub(super) fn heard(self, heard: Heard) -> Wire {
        Wire { heard: Some(heard), ..self }
    }

    /// Lets the server send so many bytes from now on.
    pub(super) fn allow(&mut self, bytes: u64) {
        self.left = bytes;
    }

    /// The stream itself.
    pub(super) fn into_inner(self) -> BoxedStream {
        self.stream.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&mut self) -> Pin<&mut BoxedStream> {
        Pin::new(self.stream.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Wire").field("left", &self.left).finish_non_exhaustive()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.has_remaining() {
            let count = self.before.len().min(out.remaining());
            out.put_slice(&self.before.split_to(count));
            return Poll::Ready(Ok(()));
        }
        if self.left == 0 {
            let detail = "the server says more than it was asked for";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, detail)));
        }
        let filled = out.filled().len();
        ready!(self.stream().poll_read(context, out))?;
        self.left = self.left.saturating_sub((out.filled().len() - filled) as u64);
        if let Some(heard) = &self.heard {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            let room = HEARD.saturating_sub(heard.len());
            heard.extend(out.filled()[filled..].iter().take(room));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        // What was dialled is the way out's business.
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_server_that_says_too_much_is_cut_off() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(b"0123456789").await.unwrap();
        let mut wire = Wire::new(Box::new(near), 10).greeted(b"hi ");
        let mut said = [0; 13];
        wire.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"hi 0123456789");
        far.write_all(b"!").await.unwrap();
        assert_eq!(wire.read_u8().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        wire.allow(1);
        assert_eq!(wire.read_u8().await.unwrap(), b'!');
    }
}
