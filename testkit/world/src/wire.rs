//! A wire between a client and a server of a test: it can be cut, fall silent, forget its streams and be taken away.
//!
//! A stopped process still has a kernel that answers for it; a broken network has not. So what must survive a network
//! is tried with a wire, and what must survive a server with [`crate::daemon`].

use std::io::{Error, Result};
use std::net::TcpListener as StdListener;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How a wire is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Everything gets through.
    Whole,
    /// Streams stand and are even begun, and nothing gets through.
    Silent,
    /// Streams are cut, and no new one is accepted.
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    way: Way,
    /// Streams that are older than this were cut.
    cuts: u32,
    /// Streams that are older than this carry nothing any more, and nobody says so.
    forgotten: u32,
}

/// A wire from a port of its own to another one of this machine. It ends when this is dropped.
pub struct Wire {
    port: u16,
    shape: watch::Sender<Shape>,
}

impl Wire {
    /// A whole one.
    pub fn to(server: u16) -> Result<Wire> {
        let listener = StdListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (shape, seen) = watch::channel(Shape { way: Way::Whole, cuts: 0, forgotten: 0 });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // A thread of its own: tests call from inside and outside of runtimes, and block theirs at times.
        std::thread::Builder::new()
            .name("wire".into())
            .spawn(move || runtime.block_on(carry(listener, server, seen)))?;
        Ok(Wire { port, shape })
    }

    /// The end that clients are led to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything gets through, and what was held back in streams that still stand.
    pub fn mend(&self) {
        self.shape.send_modify(|shape| shape.way = Way::Whole);
    }

    /// Ends all streams that there are; new ones get through.
    pub fn cut(&self) {
        self.shape.send_modify(|shape| shape.cuts += 1);
    }

    /// Nothing gets through until [`Wire::mend`], and no stream ends: both sides wait for each other.
    pub fn silence(&self) {
        self.shape.send_modify(|shape| shape.way = Way::Silent);
    }

    /// Streams that there are carry nothing any more, for ever, as behind a router that was restarted; new ones do.
    pub fn forget(&self) {
        self.shape.send_modify(|shape| shape.forgotten += 1);
    }

    /// Ends all streams, and refuses new ones until [`Wire::mend`].
    pub fn remove(&self) {
        self.shape.send_modify(|shape| shape.way = Way::Gone);
    }
}

async fn carry(listener: StdListener, server: u16, mut seen: watch::Receiver<Shape>) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = TcpListener::from_std(listener).ok();
    let mut streams = JoinSet::new();
    loop {
        let shape = *seen.borrow_and_update();
        match (shape.way, &listener) {
            (Way::Gone, Some(_)) => {
                listener = None;
                streams.abort_all();
            }
            // Somebody else may hold the port for a moment.
            (Way::Whole | Way::Silent, None) => listener = TcpListener::bind(address).await.ok(),
            _ => {}
        }
        while streams.try_join_next().is_some() {}
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return },
            accepted = next(listener.as_ref()) => if let Ok(client) = accepted {
                streams.spawn(stream(client, server, shape, seen.clone()));
            },
        }
    }
}

/// The next client; without a listener, the time to try once more to have one.
async fn next(listener: Option<&TcpListener>) -> Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(Error::other("nobody listens"))
        }
    }
}

async fn stream(mut client: TcpStream, server: u16, born: Shape, mut seen: watch::Receiver<Shape>) -> Result<()> {
    let ended = seen.clone();
    let work = async move {
        through(&mut seen, born).await?;
        let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let there = pump(from_client, to_server, born, seen.clone());
        let back = pump(from_server, to_client, born, seen);
        tokio::try_join!(there, back).map(drop)
    };
    tokio::select! {
        done = work => done,
        () = cut(ended, born) => Ok(()),
    }
}

/// Resolves while something gets through.
async fn through(seen: &mut watch::Receiver<Shape>, born: Shape) -> Result<()> {
    let passes = |shape: &Shape| shape.way == Way::Whole && shape.forgotten == born.forgotten;
    seen.wait_for(passes).await.map(drop).map_err(Error::other)
}

async fn cut(mut seen: watch::Receiver<Shape>, born: Shape) {
    // When the wire has gone, so have its streams.
    let _ = seen.wait_for(|shape| shape.cuts != born.cuts).await;
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    born: Shape,
    mut seen: watch::Receiver<Shape>,
) -> Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        through(&mut seen, born).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpStream as Stream;

    use super::*;

    /// A server that says back what it hears.
    fn echo() -> u16 {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                std::thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
            }
        });
        port
    }

    fn dial(wire: &Wire) -> Stream {
        let stream = Stream::connect(("127.0.0.1", wire.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream
    }

    fn says_back(mut stream: &Stream, word: &[u8]) -> Result<bool> {
        stream.write_all(word)?;
        let mut heard = vec![0; word.len()];
        stream.read_exact(&mut heard)?;
        Ok(heard == word)
    }

    #[test]
    fn a_wire_breaks_in_four_ways() {
        let wire = Wire::to(echo()).unwrap();
        let first = dial(&wire);
        assert!(says_back(&first, b"hello").unwrap());
        wire.silence();
        let waits = |stream: &Stream| {
            matches!(says_back(stream, b"x").unwrap_err().kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
        };
        let second = dial(&wire);
        assert!(waits(&first) && waits(&second), "streams stand, and nothing comes");
        wire.mend();
        let mut late = [0];
        (&first).read_exact(&mut late).unwrap();
        assert_eq!(&late, b"x", "it comes late");
        wire.forget();
        assert!(waits(&first), "a stream that was forgotten says nothing");
        let third = dial(&wire);
        assert!(says_back(&third, b"hello").unwrap());
        wire.cut();
        assert!(!waits(&third), "a stream that was cut has ended");
        assert!(says_back(&dial(&wire), b"hello").unwrap());
        wire.remove();
        while Stream::connect(("127.0.0.1", wire.port())).is_ok() {
            std::thread::yield_now();
        }
        wire.mend();
        while Stream::connect(("127.0.0.1", wire.port())).is_err() {
            std::thread::yield_now();
        }
        assert!(says_back(&dial(&wire), b"hello").unwrap());
    }
}
