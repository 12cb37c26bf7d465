//! The outside: an HTTP server that reads every request to its end and answers `{"ok":true}`, at `/gate` only when it
//! is let through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use http::Response;
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A running one, on a thread of its own for as long as the process lives.
pub struct Echo {
    /// Where it listens.
    pub address: SocketAddr,
    outside: Arc<Outside>,
}

struct Outside {
    received: AtomicU64,
    gate: Semaphore,
}

impl Echo {
    /// Starts one on a free port.
    pub fn start() -> Result<Echo> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let outside = Arc::new(Outside { received: AtomicU64::new(0), gate: Semaphore::new(0) });
        let echo = Echo { address: listener.local_addr()?, outside: outside.clone() };
        std::thread::spawn(move || runtime.block_on(accept(listener, outside)));
        Ok(echo)
    }

    /// Bytes of bodies so far.
    pub fn received(&self) -> u64 {
        self.outside.received.load(Ordering::Relaxed)
    }

    /// Lets so many requests through at `/gate`: those that wait there first, then those that come.
    pub fn open(&self, requests: usize) {
        self.outside.gate.add_permits(requests);
    }
}

async fn accept(listener: TcpListener, outside: Arc<Outside>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let outside = outside.clone();
        let service = service_fn(move |request: http::Request<Incoming>| answer(request, outside.clone()));
        tokio::spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
    }
}

async fn answer(
    request: http::Request<Incoming>,
    outside: Arc<Outside>,
) -> Result<Response<axum::body::Body>, hyper::Error> {
    if request.uri().path() == "/gate"
        && let Ok(permit) = outside.gate.acquire().await
    {
        permit.forget();
    }
    let mut body = request.into_body();
    while let Some(frame) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
        outside.received.fetch_add(frame?.data_ref().map_or(0, Bytes::len) as u64, Ordering::Relaxed);
    }
    let mut response = Response::new(axum::body::Body::from(r#"{"ok":true}"#));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(response)
}
