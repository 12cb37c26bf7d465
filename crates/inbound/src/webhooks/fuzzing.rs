//! A door for fuzz targets to the reader of bodies.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, stream};
use http::{HeaderMap, HeaderValue};
use model::{Code, Digest, Problem, ScopeId, Value};

use super::body::{Limits, Target, Wanted, read};
use crate::files::{FileStream, FileWriter, Files};

/// Files that are looked at and not kept.
struct Nowhere;

#[derive(Default)]
struct Writer(store::Hasher, u64);

impl Files for Nowhere {
    fn create(&self, _: ScopeId) -> BoxFuture<'_, Result<Box<dyn FileWriter>, Problem>> {
        Box::pin(async { Ok(Box::new(Writer::default()) as Box<dyn FileWriter>) })
    }

    fn read(&self, _: ScopeId, _: Digest) -> BoxFuture<'_, Result<FileStream, Problem>> {
        Box::pin(async { Err(Problem::new(Code::NotFound, "no file is kept")) })
    }
}

impl FileWriter for Writer {
    fn write(&mut self, content: Bytes) -> BoxFuture<'_, Result<(), Problem>> {
        self.0.update(&content);
        self.1 += content.len() as u64;
        Box::pin(async { Ok(()) })
    }

    fn finish(self: Box<Self>, _: i64) -> BoxFuture<'static, Result<(Digest, u64), Problem>> {
        Box::pin(async move { Ok((self.0.finish(), self.1)) })
    }
}

/// What a body becomes that comes in parts: its value and files as JSON, or the code of its problem.
pub fn body(content_type: &str, parts: Vec<Bytes>) -> Result<Value, Code> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_str(content_type).map_err(|_| Code::Malformed)?);
    let body = Body::from_stream(stream::iter(parts.into_iter().map(Ok::<_, io::Error>)));
    let target = Target { files: &Nowhere, scope: ScopeId(1), now: 0 };
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    let wanted = Wanted::default();
    let reading = read(body, &headers, &wanted, &limits, target, true);
    // Nothing in it waits for anybody.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|_| Code::Internal)?;
    let parsed = runtime.block_on(reading.boxed()).map_err(|problem| problem.code)?;
    let files = parsed.files.unwrap_or_default();
    for file in files.values() {
        assert!(!file.file_name.as_deref().unwrap_or_default().contains(['/', '\\']), "{file:?}");
    }
    let digest = parsed.digest.map(|digest| digest.to_string());
    Ok(serde_json::json!({ "value": parsed.value, "files": files, "digest": digest }))
}
