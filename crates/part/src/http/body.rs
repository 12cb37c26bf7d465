//! Reading request bodies within limits of size, time and depth.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use model::{Code, Problem};
use serde::de::DeserializeOwned;

use crate::kind::pointer_of;

/// Most bytes of a JSON body.
pub const JSON_LIMIT: usize = 4 << 20;

/// Deepest nesting of a JSON body.
pub const DEPTH_LIMIT: usize = 64;

/// Longest silence between two parts of a body.
pub const SILENCE: Duration = Duration::from_secs(30);

/// Reads a whole body of at most `limit` bytes.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    if HttpBody::size_hint(&body).lower() > limit as u64 {
        return Err(too_large(limit as u64));
    }
    let mut parts = Parts::new(body, limit as u64);
    let mut whole = BytesMut::new();
    while let Some(part) = parts.next().await? {
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

fn too_large(limit: u64) -> Problem {
    Problem::new(Code::TooLarge, format!("the body is larger than {limit} bytes"))
}

/// A body that is read part by part, for what is never held whole.
pub struct Parts {
    body: Body,
    left: u64,
    limit: u64,
}

impl Parts {
    /// The parts of a body of at most `limit` bytes.
    pub(crate) fn new(body: Body, limit: u64) -> Parts {
        Parts { body, left: limit, limit }
    }

    /// The next part; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = tokio::time::timeout(SILENCE, self.body.frame()).await.map_err(|_| {
                Problem::new(Code::SlowBody, format!("no part of the body came for {} s", SILENCE.as_secs()))
            })?;
            match frame {
                None => return Ok(None),
                Some(Err(_)) => return Err(Problem::new(Code::Malformed, "the body broke off before its end")),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.left = self.left.checked_sub(data.len() as u64).ok_or_else(|| too_large(self.limit))?;
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads JSON within the depth limit; what does not fit is refused with a pointer.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if depth(bytes) > DEPTH_LIMIT {
        return Err(Problem::new(Code::TooDeep, format!("the JSON is nested deeper than {DEPTH_LIMIT} levels")));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let code = if error.inner().is_data() { Code::InvalidSpec } else { Code::Malformed };
        Problem::new(code, error.inner().to_string()).at(pointer_of(error.path()))
    })?;
    reader.end().map_err(|error| Problem::new(Code::Malformed, error.to_string()))?;
    Ok(value)
}

/// How deep the brackets of a JSON text go, strings left out. Needs no valid JSON, so it can run before the parser.
pub fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut most, mut text, mut escaped) = (0usize, 0usize, false, false);
    for byte in bytes {
        match (text, *byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => text = !text,
            (false, b'[' | b'{') => {
                now += 1;
                most = most.max(now);
            }
            (false, b']' | b'}') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Value;

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[[\"[["}]}"#), 3);
        assert_eq!(depth(b"]]]][["), 2);
        let deep = "[".repeat(100_000);
        assert_eq!(json::<Value>(deep.as_bytes()).unwrap_err().code, Code::TooDeep);
        assert_eq!(json::<Value>(b"{").unwrap_err().code, Code::Malformed);
        assert_eq!(json::<Value>(b"{} x").unwrap_err().code, Code::Malformed);
        assert_eq!(json::<Vec<u8>>(b"[1,\"a\"]").unwrap_err().pointer.as_deref(), Some("/1"));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        assert_eq!(read(Body::from("12345"), 4).await.unwrap_err().code, Code::TooLarge);
        let parts = futures_util::stream::iter(["123", "45"].map(Ok::<_, std::convert::Infallible>));
        assert_eq!(read(Body::from_stream(parts), 4).await.unwrap_err().code, Code::TooLarge);
        assert_eq!(read(Body::from("1234"), 4).await.unwrap(), "1234");
    }
}
