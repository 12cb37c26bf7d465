//! The outside: an HTTP server that reads every request to its end and answers `{"ok":true}`, but for `/silence`,
//! which it never answers.

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

/// A running one, on a thread of its own for as long as the process lives.
pub struct Echo {
    /// Where it listens.
    pub address: SocketAddr,
    received: Arc<AtomicU64>,
}

impl Echo {
    /// Starts one on a free port.
    pub fn start() -> Result<Echo> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let echo = Echo { address: listener.local_addr()?, received: Arc::default() };
        let received = echo.received.clone();
        std::thread::spawn(move || runtime.block_on(accept(listener, received)));
        Ok(echo)
    }

    /// Bytes of bodies so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, received: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let received = received.clone();
        let service = service_fn(move |request: http::Request<Incoming>| answer(request, received.clone()));
        tokio::spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
    }
}

async fn answer(
    request: http::Request<Incoming>,
    received: Arc<AtomicU64>,
) -> Result<Response<axum::body::Body>, hyper::Error> {
    if request.uri().path() == "/silence" {
        std::future::pending::<()>().await;
    }
    let mut body = request.into_body();
    while let Some(frame) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
        received.fetch_add(frame?.data_ref().map_or(0, Bytes::len) as u64, Ordering::Relaxed);
    }
    let mut response = Response::new(axum::body::Body::from(r#"{"ok":true}"#));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(response)
}
