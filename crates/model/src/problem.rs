//! Problems: refusals that a person can act on (RFC 9457 over HTTP).

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Code;

/// A refusal: what, where, why, and how to mend it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{detail}")]
pub struct Problem {
    /// Stable code such as `FP0104`; its page is `docs/errors/FP0104.md`.
    pub code: Code,
    /// What happened, in words that are safe to show.
    pub detail: String,
    /// JSON pointer to the offending part of the input, if it lies in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Further problems, when a check found several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Seconds after which the same request may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Whether doing the same again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request fails again.
    No,
    /// It may succeed after this long.
    Later(Duration),
    /// It may succeed; back off with jitter.
    Backoff,
}

impl Problem {
    /// A problem of that code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem { code, detail: detail.into(), pointer: None, hint: None, problems: Vec::new(), retry_after: None }
    }

    /// Points at the offending part.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts `prefix` in front of the pointer, for a part that was checked on its own.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.pointer = Some(format!("{prefix}{}", self.pointer.unwrap_or_default()));
        self
    }

    /// One problem out of several: the only one, or a summary that carries them all.
    pub fn from_many(mut problems: Vec<Problem>) -> Option<Problem> {
        match problems.len() {
            0 => None,
            1 => problems.pop(),
            count => {
                let mut whole = Problem::new(problems[0].code, format!("{count} problems were found"));
                whole.problems = problems;
                Some(whole)
            }
        }
    }
}

/// Collects all problems of a check instead of stopping at the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing was found.
    pub fn into_result(self) -> Result<(), Problem> {
        Problem::from_many(self.0).map_or(Ok(()), Err)
    }
}

/// Escapes one step of a JSON pointer.
pub fn pointer_step(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}
