//! Live streams: server-sent events, or a WebSocket when the client asks for the upgrade. Both carry the same events
//! and resume after a position (`Last-Event-ID` or `?after=`).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{SinkExt, StreamExt};
use http::header;
use model::Value;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Call, Reply};

/// How often a silent stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something that a live stream tells.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveEvent {
    /// Position to resume after; absent for provisional news, which are never sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What kind of news.
    pub event: String,
    /// Its content.
    pub data: Value,
}

/// The events of a stream.
pub type Live = BoxStream<'static, LiveEvent>;

impl LiveEvent {
    /// As a server-sent event. The content is one line, because JSON escapes line breaks.
    fn to_sse(&self) -> Bytes {
        let mut text = String::new();
        if let Some(id) = &self.id {
            text.push_str("id: ");
            text.push_str(id);
            text.push('\n');
        }
        text.push_str("event: ");
        text.push_str(&self.event);
        text.push_str("\ndata: ");
        text.push_str(&self.data.to_string());
        text.push_str("\n\n");
        Bytes::from(text)
    }
}

impl Reply {
    /// Answers with a live stream, over a WebSocket if the call asks for one. It ends with the events, with the
    /// client, or when the server stops.
    pub fn live(call: &mut Call, events: Live) -> Reply {
        let stop = call.stop.clone();
        let Some(upgrade) = call.take_upgrade() else { return sse(stop, events) };
        Reply(upgrade.on_upgrade(move |socket| async move { web_socket(socket, stop, events).await }))
    }
}

fn sse(stop: CancellationToken, events: Live) -> Reply {
    let beats = stream::unfold((), |()| async {
        tokio::time::sleep(HEARTBEAT).await;
        Some((Bytes::from_static(b": alive\n\n"), ()))
    });
    let told = events.map(|event| event.to_sse());
    // The first comment makes the head leave at once, so that a client knows that it is listening.
    let opening = stream::iter([Some(Bytes::from_static(b": open\n\n"))]);
    let told = told.map(Some).chain(stream::iter([None]));
    let parts = opening.chain(stream::select(told, beats.map(Some)));
    let parts = parts
        .take_while(|part| std::future::ready(part.is_some()))
        .filter_map(std::future::ready)
        .map(Ok::<_, Infallible>)
        .take_until(stop.cancelled_owned());
    Reply::body("text/event-stream", Body::from_stream(parts)).header(header::CACHE_CONTROL, "no-store")
}

async fn web_socket(socket: WebSocket, stop: CancellationToken, mut events: Live) {
    let (mut out, mut back) = socket.split();
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.tick().await;
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => break,
            event = events.next() => match event {
                Some(event) => Message::Text(serde_json::to_string(&event).unwrap_or_default().into()),
                None => break,
            },
            _ = beat.tick() => Message::Ping(Bytes::new()),
            // What the client says is not asked for; its end is.
            said = back.next() => match said {
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        if out.send(message).await.is_err() {
            return;
        }
    }
    // The client may be gone already, which is what a close is for.
    let _ = out.send(Message::Close(None)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_one_line_each() {
        let event = LiveEvent { id: Some("7".into()), event: "step.completed".into(), data: "a\nb".into() };
        assert_eq!(event.to_sse(), "id: 7\nevent: step.completed\ndata: \"a\\nb\"\n\n");
    }
}
