//! What can go wrong with a job.

use model::{Code, Problem};
use serde::{Deserialize, Serialize};

/// An error that user JavaScript threw or did not avoid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptError {
    /// Class of the error, for example `TypeError`.
    #[serde(default)]
    pub name: String,
    /// What it says.
    pub message: String,
    /// Line in the user's text, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Item that was being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Longer explanation, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The stack inside the user's text, one frame a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stack: String,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)?;
        if let Some(line) = self.line {
            write!(out, " [line {line}]")?;
        }
        if let Some(item) = self.item {
            write!(out, " [item {item}]")?;
        }
        Ok(())
    }
}

/// Why a job has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user's expression or code threw.
    #[error("{error}")]
    Script {
        /// What it threw.
        error: Box<ScriptError>,
        /// Whether the job was an expression (else a code node).
        expression: bool,
    },
    /// The code ended, but did not return items.
    #[error("{0}")]
    Items(Box<ScriptError>),
    /// The job used more wall or CPU time than its limits allow.
    #[error("the code ran longer than its limit")]
    Timeout,
    /// The job needs more memory than its limit.
    #[error("the code needs more memory than its limit")]
    Memory,
    /// The result is larger than the limit.
    #[error("the result has {size} bytes, the limit is {limit}")]
    OutputTooLarge {
        /// Bytes of the result.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The job with its data does not fit into a frame.
    #[error("the input of the step is larger than a sandbox takes")]
    InputTooLarge,
    /// The child ended in the middle of the job.
    #[error("the sandbox process ended unexpectedly ({status})")]
    Crashed {
        /// Exit status as the system tells it.
        status: String,
    },
    /// No child could be started.
    #[error("the sandbox process could not be started")]
    Unavailable(#[source] std::io::Error),
    /// The sandbox was shut down while the job waited or ran.
    #[error("the sandbox was shut down")]
    Canceled,
    /// The child sent what the protocol does not know, or failed inside.
    #[error("the sandbox process broke the protocol: {0}")]
    Protocol(String),
}

impl Error {
    /// Code of the problem that a person sees.
    pub fn code(&self) -> Code {
        match self {
            Error::Script { expression: true, .. } => Code::ExpressionFailed,
            Error::Script { expression: false, .. } => Code::CodeFailed,
            Error::Items(_) => Code::BadItems,
            Error::Timeout => Code::CodeTimeout,
            Error::Memory => Code::CodeMemory,
            Error::OutputTooLarge { .. } | Error::InputTooLarge => Code::TooLarge,
            Error::Crashed { .. } => Code::CodeFailed,
            Error::Unavailable(_) | Error::Canceled | Error::Protocol(_) => Code::SandboxUnavailable,
        }
    }

    /// The refusal as a person reads it, with a hint where there is one.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.code(), self.to_string());
        match self.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Error::Script { error, .. } | Error::Items(error) => return error.hint.clone(),
            Error::Timeout => "look for a loop that does not end, or raise the node's time limit",
            Error::Memory => "work on fewer items at a time, for example with a loop over items",
            Error::OutputTooLarge { .. } => "return only the fields that later nodes need",
            Error::InputTooLarge => "work on fewer items at a time, for example with a loop over items",
            Error::Crashed { .. } => "other steps are not affected; if it happens again, please report the code",
            Error::Unavailable(_) => "`fishplate doctor` shows what the sandbox needs",
            Error::Canceled | Error::Protocol(_) => return None,
        };
        Some(text.to_owned())
    }
}
