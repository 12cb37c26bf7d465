//! Undoes `Content-Encoding: gzip` and `deflate`, a little at a time, so that a small body that unfolds to a huge one
//! meets the call's limit before it meets the machine's.

use std::io::{self, Write};

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

/// Bytes decoded in one go. Deflate unfolds at most 1,032 to 1, so no step makes more than about 4 MiB.
const STEP: usize = 4096;

/// What a body is encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

/// A chunk, or why there is none: the transport's error or a broken encoding.
pub(super) type Chunk = Result<Bytes, crate::error::Cause>;

impl Coding {
    /// Reads the headers and takes out what no longer holds once the body is decoded. Several encodings on top of
    /// each other, and those not known here, are left to the caller.
    pub(super) fn take(headers: &mut HeaderMap) -> Option<Coding> {
        let mut all = headers.get_all(CONTENT_ENCODING).iter();
        let (Some(only), None) = (all.next(), all.next()) else { return None };
        let coding = match only.to_str().ok()?.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            _ => return None,
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Some(coding)
    }

    /// The decoded body. An empty body stays empty, as answers to `HEAD` have one.
    pub(super) fn decode(self, body: impl Stream<Item = Chunk> + Send + 'static) -> BoxStream<'static, Chunk> {
        let state = Decoding { coding: self, body: body.boxed(), decoder: None, pending: Bytes::new() };
        stream::unfold(Some(state), |state| async move {
            let mut state = state?;
            match state.next().await {
                Ok(Some((chunk, last))) => Some((Ok(chunk), (!last).then_some(state))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }
}

struct Decoding {
    coding: Coding,
    body: BoxStream<'static, Chunk>,
    decoder: Option<Decoder>,
    pending: Bytes,
}

enum Decoder {
    Gzip(MultiGzDecoder<Vec<u8>>),
    /// Zlib or bare deflate, and whether its end has been seen.
    Deflate(Decompress, bool),
}

impl Decoding {
    /// The next decoded chunk, and whether it is the last one.
    async fn next(&mut self) -> Result<Option<(Bytes, bool)>, crate::error::Cause> {
        loop {
            if self.pending.is_empty() {
                match self.body.next().await.transpose()? {
                    Some(chunk) => self.pending = chunk,
                    None => {
                        let Some(decoder) = self.decoder.take() else { return Ok(None) };
                        let rest = decoder.finish()?;
                        return Ok((!rest.is_empty()).then(|| (rest.into(), true)));
                    }
                }
                continue;
            }
            let first = self.pending[0];
            let decoder = self.decoder.get_or_insert_with(|| Decoder::new(self.coding, first));
            let step = self.pending.len().min(STEP);
            let decoded = decoder.write(&self.pending[..step])?;
            self.pending.advance(step);
            if !decoded.is_empty() {
                return Ok(Some((decoded.into(), false)));
            }
        }
    }
}

impl Decoder {
    /// `deflate` means zlib by the standard and bare deflate by habit; the first byte of a zlib stream names method 8
    /// with a window of at most 32 KiB, which no bare stream of a real encoder begins with.
    fn new(coding: Coding, first: u8) -> Decoder {
        match coding {
            Coding::Gzip => Decoder::Gzip(MultiGzDecoder::new(Vec::new())),
            Coding::Deflate => Decoder::Deflate(Decompress::new(first & 0x8f == 0x08), false),
        }
    }

    fn write(&mut self, encoded: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Decoder::Gzip(decoder) => {
                decoder.write_all(encoded)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Decoder::Deflate(decoder, ended) => {
                let mut decoded = Vec::with_capacity(4 * encoded.len());
                let begin = decoder.total_in();
                // What follows the end is ignored, as browsers do.
                while !*ended {
                    let taken = (decoder.total_in() - begin) as usize;
                    let before = (taken, decoded.len());
                    let status = decoder.decompress_vec(&encoded[taken..], &mut decoded, FlushDecompress::None)?;
                    *ended = status == Status::StreamEnd;
                    let after = ((decoder.total_in() - begin) as usize, decoded.len());
                    if decoded.len() == decoded.capacity() {
                        decoded.reserve(decoded.len().max(STEP));
                    } else if after == before || after.0 == encoded.len() {
                        break;
                    }
                }
                Ok(decoded)
            }
        }
    }

    /// What is left at the end; an error when the body was cut off.
    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Decoder::Gzip(decoder) => decoder.finish(),
            Decoder::Deflate(_, true) => Ok(Vec::new()),
            Decoder::Deflate(_, false) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn text() -> Vec<u8> {
        (0..5_000u32).flat_map(|number| format!("{number},").into_bytes()).collect()
    }

    fn encode<W: Write>(mut encoder: W, finish: impl Fn(W) -> io::Result<Vec<u8>>) -> Vec<u8> {
        encoder.write_all(&text()).unwrap();
        finish(encoder).unwrap()
    }

    async fn decode(coding: Coding, body: &[u8], size: usize) -> Result<Vec<u8>, String> {
        let chunks: Vec<Chunk> = body.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let mut decoded = Vec::new();
        let mut body = coding.decode(stream::iter(chunks));
        while let Some(chunk) = body.next().await {
            decoded.extend_from_slice(&chunk.map_err(|error| error.to_string())?);
        }
        Ok(decoded)
    }

    #[tokio::test]
    async fn bodies_are_decoded_however_they_are_cut() {
        let level = Compression::default();
        let gzip = encode(GzEncoder::new(Vec::new(), level), GzEncoder::finish);
        let zlib = encode(ZlibEncoder::new(Vec::new(), level), ZlibEncoder::finish);
        let raw = encode(DeflateEncoder::new(Vec::new(), level), DeflateEncoder::finish);
        for (coding, body) in [(Coding::Gzip, &gzip), (Coding::Deflate, &zlib), (Coding::Deflate, &raw)] {
            for size in [1, 7, 4096, 1 << 20] {
                assert!(decode(coding, body, size).await.unwrap() == text(), "{coding:?} in chunks of {size}");
            }
            assert!(decode(coding, &[], 1).await.unwrap().is_empty());
        }
        for (coding, body) in [(Coding::Gzip, &gzip), (Coding::Deflate, &zlib), (Coding::Deflate, &raw)] {
            assert!(decode(coding, &body[..body.len() / 2], 100).await.is_err(), "{coding:?} cut off");
            assert!(decode(coding, &body[..body.len() - 1], 100).await.is_err(), "{coding:?} cut off at its end");
        }
        // Bare deflate has no checksum: only what has one can be found damaged for certain.
        for (coding, body) in [(Coding::Gzip, &gzip), (Coding::Deflate, &zlib)] {
            let mut broken = body.clone();
            broken[body.len() / 2] ^= 0xff;
            assert!(decode(coding, &broken, 100).await.is_err(), "{coding:?} damaged");
        }
    }

    #[test]
    fn only_a_single_known_encoding_is_taken() {
        for (value, coding) in [
            ("gzip", Some(Coding::Gzip)),
            (" X-GZip ", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("br", None),
            ("gzip, gzip", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, value.parse().unwrap());
            headers.insert(CONTENT_LENGTH, "5".parse().unwrap());
            assert_eq!(Coding::take(&mut headers), coding, "{value}");
            assert_eq!(headers.is_empty(), coding.is_some(), "{value}");
        }
    }
}
