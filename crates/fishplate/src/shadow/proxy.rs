//! Stands before both sides: takes a caller's request, answers with one side's answer, and sends the same to the other.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Code, Problem};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::event::{Event, Exchange};
use super::sides::{Outcome, Side, Sides, passed_on};

/// Largest body that is taken.
const MOST_BYTES: usize = 64 << 20;
/// Events that may wait for the book-keeper.
const WAITING: usize = 1024;

/// The proxy, listening.
pub struct Proxy {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Proxy {
    /// Takes the port.
    pub async fn bind(address: SocketAddr) -> Result<Proxy, Problem> {
        let listening = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok::<_, std::io::Error>(Proxy { listener, address })
        };
        listening.await.map_err(|error| {
            Problem::new(Code::Unavailable, format!("cannot listen on {address}: {error}"))
                .hint("choose another port with `--listen`")
        })
    }

    /// Takes requests until it is told to stop, and then finishes those that it has. `each` hears of every event.
    pub async fn run(self, sides: Sides, stop: CancellationToken, mut each: impl FnMut(Exchange)) {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let working = TaskTracker::new();
        let sides = Arc::new(sides);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(exchange) = receiver.recv() => each(exchange),
                accepted = self.listener.accept() => {
                    // A client that left before it was taken concerns nobody.
                    let Ok((stream, _)) = accepted else { continue };
                    let (sides, sender, stop, inner) = (sides.clone(), sender.clone(), stop.clone(), working.clone());
                    working.spawn(async move {
                        let service = service_fn(move |request| {
                            let (sides, sender, inner) = (sides.clone(), sender.clone(), inner.clone());
                            async move { Ok::<_, Infallible>(answer(sides, sender, inner, request).await) }
                        });
                        let connection = hyper::server::conn::http1::Builder::new()
                            .timer(TokioTimer::new())
                            .serve_connection(TokioIo::new(stream), service);
                        tokio::pin!(connection);
                        tokio::select! {
                            // A client that breaks off is its own affair.
                            _ = connection.as_mut() => {}
                            () = stop.cancelled() => {
                                connection.as_mut().graceful_shutdown();
                                let _ = connection.await;
                            }
                        }
                    });
                }
            }
        }
        drop(sender);
        working.close();
        while let Some(exchange) = receiver.recv().await {
            each(exchange);
        }
        working.wait().await;
    }
}

/// Answers a caller as soon as the answering side has; the other side is waited for behind its back.
async fn answer(
    sides: Arc<Sides>,
    sender: mpsc::Sender<Exchange>,
    working: TaskTracker,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was broken off\n"),
    };
    let method: Method = parts.method.clone();
    let event = Event::new(auth::now_millis(), &method, &parts.uri, &parts.headers, &body);
    let (first, second) = match sides.answer {
        Side::N8n => (Side::N8n, Side::Here),
        Side::Here => (Side::Here, Side::N8n),
    };
    let shadow = sides.doubles(&method).then(|| {
        let (sides, event) = (sides.clone(), event.clone());
        working.spawn(async move { sides.send(second, &event).await })
    });
    let answered = sides.send(first, &event).await;
    let response = respond(&answered);
    working.spawn(async move {
        let shadowed: Option<Outcome> = match shadow {
            Some(task) => task.await.ok(),
            None => None,
        };
        let exchange = match first {
            Side::N8n => sides.judge(event, Some(&answered), shadowed.as_ref()),
            Side::Here => sides.judge(event, shadowed.as_ref(), Some(&answered)),
        };
        // The book-keeper is gone when the command ends.
        let _ = sender.send(exchange).await;
    });
    response
}

fn respond(outcome: &Outcome) -> Response<Full<Bytes>> {
    match outcome {
        Ok((answer, _)) => {
            let mut response = Response::new(Full::from(answer.body.clone()));
            *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
            *response.headers_mut() = passed_on(&answer.headers);
            response
        }
        Err((why, _)) => plain(StatusCode::BAD_GATEWAY, &format!("the answering side gives no answer: {why}\n")),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    response
}
