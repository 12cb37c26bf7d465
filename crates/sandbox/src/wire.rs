//! Frames between the server and a child: `length: u32 LE`, `tag: u8`, body.
//!
//! One job frame goes in; call frames and one result frame come out; an answer frame goes in for every call.
//! JSON texts travel as they are, beside a small header, so that neither end parses what it only passes on.

use serde::{Deserialize, Serialize};

/// Body of [`Tag::Job`] and [`Tag::Result`]: a header in JSON and named texts.
pub(crate) struct Parcel<'a> {
    pub header: &'a str,
    pub texts: Vec<(&'a str, &'a str)>,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// In: a job.
    Job = 1,
    /// In: the answer to a call; body is its number (`u32` LE), `1` for ok or `0` for an error, and a text.
    Answer = 2,
    /// Out: a host call; body is its number (`u32` LE), a name, a newline and JSON arguments.
    Call = 3,
    /// Out: the end of the job.
    Result = 4,
}

impl Tag {
    pub(crate) fn from_byte(byte: u8) -> Option<Tag> {
        match byte {
            1 => Some(Tag::Job),
            2 => Some(Tag::Answer),
            3 => Some(Tag::Call),
            4 => Some(Tag::Result),
            _ => None,
        }
    }
}

/// Bytes before the body: length and tag.
pub(crate) const HEAD: usize = 5;

/// Largest body that either side reads.
pub(crate) const MAX_BODY: usize = 1 << 30;

/// Starts a frame; the length is filled in by [`finish`].
pub(crate) fn start(tag: Tag, capacity: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD + capacity);
    frame.extend_from_slice(&[0, 0, 0, 0, tag as u8]);
    frame
}

/// Fills in the length; `None` when the body is longer than a peer would read.
pub(crate) fn finish(mut frame: Vec<u8>) -> Option<Vec<u8>> {
    let length = frame.len() - HEAD;
    if length > MAX_BODY {
        return None;
    }
    frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Some(frame)
}

fn put(frame: &mut Vec<u8>, text: &str) {
    frame.extend_from_slice(&(text.len() as u32).to_le_bytes());
    frame.extend_from_slice(text.as_bytes());
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if tail.len() < length {
        return None;
    }
    let (text, tail) = tail.split_at(length);
    *rest = tail;
    std::str::from_utf8(text).ok()
}

impl<'a> Parcel<'a> {
    pub(crate) fn write(tag: Tag, header: &str, texts: &[(&str, &str)]) -> Option<Vec<u8>> {
        let size = texts.iter().map(|(name, text)| name.len() + text.len() + 8).sum::<usize>() + header.len() + 4;
        if size > MAX_BODY {
            return None;
        }
        let mut frame = start(tag, size);
        put(&mut frame, header);
        for (name, text) in texts {
            put(&mut frame, name);
            put(&mut frame, text);
        }
        finish(frame)
    }

    pub(crate) fn read(mut body: &'a [u8]) -> Option<Parcel<'a>> {
        let header = take(&mut body)?;
        let mut texts = Vec::new();
        while !body.is_empty() {
            let name = take(&mut body)?;
            texts.push((name, take(&mut body)?));
        }
        Some(Parcel { header, texts })
    }
}

pub(crate) fn write_call(number: u32, name: &str, args: &str) -> Option<Vec<u8>> {
    let mut frame = start(Tag::Call, 8 + name.len() + args.len());
    frame.extend_from_slice(&number.to_le_bytes());
    put(&mut frame, name);
    put(&mut frame, args);
    finish(frame)
}

pub(crate) fn read_call(body: &[u8]) -> Option<(u32, &str, &str)> {
    let (number, mut rest) = body.split_first_chunk::<4>()?;
    let name = take(&mut rest)?;
    let args = take(&mut rest)?;
    rest.is_empty().then_some((u32::from_le_bytes(*number), name, args))
}

pub(crate) fn write_answer(number: u32, answer: Result<&str, &str>) -> Option<Vec<u8>> {
    let text = answer.unwrap_or_else(|error| error);
    let mut frame = start(Tag::Answer, 5 + text.len());
    frame.extend_from_slice(&number.to_le_bytes());
    frame.push(u8::from(answer.is_ok()));
    frame.extend_from_slice(text.as_bytes());
    finish(frame)
}

pub(crate) fn read_answer(body: &[u8]) -> Option<(u32, Result<&str, &str>)> {
    let (number, rest) = body.split_first_chunk::<4>()?;
    let (ok, text) = rest.split_first()?;
    let text = std::str::from_utf8(text).ok()?;
    Some((u32::from_le_bytes(*number), if *ok == 1 { Ok(text) } else { Err(text) }))
}

/// Header of a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobHeader {
    pub kind: KindHeader,
    pub sources: Vec<String>,
    /// First item index, end (exclusive).
    pub items: [u32; 2],
    pub wall_millis: u64,
    pub cpu_millis: u64,
    pub memory: u64,
    pub output: u64,
    pub seed: u64,
}

/// What the job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum KindHeader {
    Expressions,
    CodeAll,
    CodeEachItem,
    CodeEachItemGoingOn,
}

/// Header of a result.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultHeader {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<crate::LogLine>,
    pub cpu_micros: u64,
}

/// Why a job gave no result.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Failure {
    Script(crate::ScriptError),
    Items(crate::ScriptError),
    Timeout,
    Memory,
    OutputTooLarge(u64),
    Internal(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip() {
        let frame = Parcel::write(Tag::Job, "{}", &[("items", "[1]"), ("vars", "")]).unwrap();
        assert_eq!(frame.len() - HEAD, u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize);
        let parcel = Parcel::read(&frame[HEAD..]).unwrap();
        assert_eq!((parcel.header, parcel.texts), ("{}", vec![("items", "[1]"), ("vars", "")]));
        let call = write_call(7, "node", r#"{"name":"A"}"#).unwrap();
        assert_eq!(read_call(&call[HEAD..]), Some((7, "node", r#"{"name":"A"}"#)));
        let answer = write_answer(7, Err("no")).unwrap();
        assert_eq!(read_answer(&answer[HEAD..]), Some((7, Err("no"))));
    }

    #[test]
    fn broken_frames_are_refused() {
        for body in [&b""[..], b"\xff\xff\xff\xff", b"\x02\0\0\0{", b"\x01\0\0\0\xff", b"\x02\0\0\0{}\x01"] {
            assert!(Parcel::read(body).is_none(), "{body:?}");
        }
        assert!(read_call(b"\0\0\0").is_none());
        assert!(read_call(b"\x01\0\0\0\x01\0\0\0a\0\0\0\0x").is_none());
        assert!(read_answer(b"\x01\0\0\0").is_none());
    }
}
