//! A press: a server that tells numbers, as events of a stream (`/events`) and as entries of a feed (`/feed`).
//!
//! Its stream goes on after the event that a client names as its last, and stays open, as servers of events do that
//! keep what they have said.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A press of a test. It ends when this is dropped.
pub struct Press {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    told: u32,
    /// Counts lives: threads of an earlier one end.
    life: u32,
    streams: Vec<TcpStream>,
}

impl Press {
    /// One that has told nothing yet.
    pub fn start() -> Result<Press> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let press = Press { port, shared: Arc::default() };
        press.open(listener)?;
        Ok(press)
    }

    /// Where it listens on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Tells the next so many numbers.
    pub fn tell(&self, count: u32) {
        self.shared.lock().told += count;
        self.shared.more.notify_all();
    }

    /// Ends all its streams, and begins again with what it has told.
    pub fn restart(&self) -> Result<()> {
        self.close();
        loop {
            // The thread that holds the port ends when it is called.
            match TcpListener::bind(("127.0.0.1", self.port)) {
                Ok(listener) => return self.open(listener),
                Err(_) => std::thread::yield_now(),
            }
        }
    }

    fn open(&self, listener: TcpListener) -> Result<()> {
        let (shared, life) = (self.shared.clone(), self.shared.lock().life);
        std::thread::Builder::new().name("press".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(()) = shared.keep(&stream, life) else { return };
                let shared = shared.clone();
                // A client that goes away is no failure of the press.
                std::thread::spawn(move || drop(shared.serve(stream, life)));
            }
        })?;
        Ok(())
    }

    fn close(&self) {
        let mut state = self.shared.lock();
        state.life += 1;
        for stream in state.streams.drain(..) {
            // It may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.more.notify_all();
        // Wakes the thread that accepts, so that it sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Drop for Press {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a stream for the end of this life; nothing when it is over.
    fn keep(&self, stream: &TcpStream, life: u32) -> Option<()> {
        let mut state = self.lock();
        if state.life != life {
            return None;
        }
        state.streams.extend(stream.try_clone().ok());
        Some(())
    }

    fn serve(&self, stream: TcpStream, life: u32) -> Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        while let Some(Ok(request)) = lines.next() {
            let mut last = None;
            for line in lines.by_ref() {
                let line = line?.to_ascii_lowercase();
                match line.split_once(':') {
                    Some(("last-event-id", id)) => last = id.trim().parse().ok(),
                    Some(_) => {}
                    None => break,
                }
            }
            if request.starts_with("HEAD ") {
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
                return (&stream).write_all(head);
            } else if request.contains(" /feed") {
                let feed = feed(self.lock().told);
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", feed.len());
                (&stream).write_all(head.as_bytes())?;
                (&stream).write_all(feed.as_bytes())?;
            } else {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
                (&stream).write_all(head.as_bytes())?;
                return self.tell_all(&stream, last, life);
            }
        }
        Ok(())
    }

    fn tell_all(&self, mut stream: &TcpStream, last: Option<u32>, life: u32) -> Result<()> {
        let mut next = match last {
            Some(last) => last + 1,
            None => self.lock().told,
        };
        loop {
            let state = self.lock();
            let waits = |state: &mut State| state.told <= next && state.life == life;
            let state = self.more.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
            if state.life != life {
                return Ok(());
            }
            let until = state.told;
            drop(state);
            for number in next..until {
                stream.write_all(format!("id: {number}\ndata: {{\"number\":{number}}}\n\n").as_bytes())?;
            }
            next = until;
        }
    }
}

/// All numbers, newest first, as feeds have them.
fn feed(told: u32) -> String {
    let entry = |number: u32| format!("<item><guid>{number}</guid><title>{number}</title></item>");
    let entries: String = (0..told).rev().map(entry).collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>numbers</title>{entries}</channel></rss>")
}
