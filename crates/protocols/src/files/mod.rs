//! Files on other machines.

pub(crate) mod file;
mod ftp;
mod ftp_session;
#[cfg(test)]
mod ftp_tests;
mod listing;
pub(crate) mod names;
mod s3;
pub(crate) mod sftp;

use std::sync::Arc;

use part::NodeType;

/// The node types.
pub(crate) fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(ftp::Ftp), Arc::new(s3::S3)]
}

#[cfg(test)]
pub(crate) mod testing {
    use futures_util::{FutureExt, StreamExt};
    use model::Binary;
    use part::{NodeType, StepHost};
    use serde_json::{Value, json};
    use testkit::step::Memory;

    pub(crate) fn ftp() -> &'static dyn NodeType {
        &super::ftp::Ftp
    }

    /// An item with one file, `data`.
    pub(crate) fn file(name: &str, content: &[u8]) -> Value {
        json!({ "json": {}, "binary": { "data": {
            "mimeType": "text/plain", "fileName": name, "size": content.len(),
            "data": part::params::to_base64(content),
        } } })
    }

    /// What is in a file.
    pub(crate) fn content(host: &Memory, file: &Binary) -> Vec<u8> {
        let digest = file.blob.as_ref().expect("the file has a content of its own");
        let read = async {
            let mut stream = host.read_blob(digest).await.unwrap();
            let mut all = Vec::new();
            while let Some(part) = stream.next().await {
                all.extend_from_slice(&part.unwrap());
            }
            all
        };
        read.now_or_never().expect("the test's files are in memory")
    }
}
