//! Answers to whoever started a run and waits.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use model::{Digest, RunId};
use serde::{Deserialize, Serialize};

/// A whole answer. Journaled before its first byte leaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers in order; names in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: AnswerBody,
}

/// The body of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnswerBody {
    /// None.
    #[default]
    Empty,
    /// Text (JSON included), as it is sent.
    Text(String),
    /// A stored file.
    Blob {
        /// Its address.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
    },
    /// It was streamed; this is what had been sent at the end.
    Streamed {
        /// Digest of all bytes; absent while the stream is open or when it was cut.
        digest: Option<Digest>,
        /// Length in bytes.
        size: u64,
        /// The stream broke before its end.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cut: bool,
    },
}

/// Whom to answer: a request that some node of the cluster holds open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Id of the server process that holds the request.
    pub node: String,
    /// Number of the request there.
    pub request: u64,
}

/// Carries answers to the process that holds the request. Called only after the commit of what is answered.
pub trait Replies: Send + Sync {
    /// Sends a whole answer. A request that is gone (the sender left) is no error.
    fn answer(&self, to: &ReplyTo, run: RunId, answer: Answer);
    /// Begins a streamed answer.
    fn begin(&self, to: &ReplyTo, run: RunId, status: u16, headers: Vec<(String, String)>);
    /// Sends a part of a streamed answer; resolves to false when the receiver is gone.
    fn chunk<'a>(&'a self, to: &'a ReplyTo, bytes: Bytes) -> BoxFuture<'a, bool>;
    /// Ends a streamed answer; `complete` false makes the connection break, never look whole.
    fn end(&self, to: &ReplyTo, complete: bool);
}
