//! How a step fails.

use std::time::Duration;

use model::{Code, Name, Problem, Retry, Value};
use serde::{Deserialize, Serialize};

/// What kind of failure it was, and so what a person would do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// Credentials are wrong or have lapsed: mend the connection, then retry.
    Auth,
    /// The service asks to wait: it is retried by itself.
    RateLimit,
    /// No answer in time.
    Timeout,
    /// The items do not have what the node needs: edit the input and retry.
    BadData,
    /// User code or an expression failed: mend the workflow, then retry on the newest revision.
    Code,
    /// The service cannot be reached or answered 5xx: retry later.
    Unavailable,
    /// A rule of ours refused it (egress, limits, cancel).
    Refused,
    /// Fishplate did something wrong.
    Bug,
}

impl Category {
    /// The next act that the run's page suggests.
    pub fn suggestion(self) -> &'static str {
        match self {
            Category::Auth => "mend the connection, then retry from the failed step",
            Category::RateLimit => "wait, then retry from the failed step",
            Category::Timeout => "retry from the failed step, or give the node a longer timeout",
            Category::BadData => "edit the step's input and retry",
            Category::Code => "mend the expression or code, publish, and retry on the newest revision",
            Category::Unavailable => "retry from the failed step when the service is back",
            Category::Refused => "change the rule or the address, then retry",
            Category::Bug => "report it with the run's id; retrying may help",
        }
    }
}

/// Why a step, or one of its items, failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{}", problem.detail)]
pub struct NodeError {
    /// The refusal, with code and hint.
    pub problem: Problem,
    /// Its kind.
    pub category: Category,
    /// The item that it happened on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// More, for the error's page: an upstream's answer, a stack of user code. Masked before it gets here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
    /// What an item that goes on with the error carries as its `error`; absent: the problem's detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Value>,
    /// Milliseconds after which the engine tries again by itself, not counted as a try (`Later`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later_millis: Option<u64>,
    /// Doing the same again cannot help, so the retry policy is skipped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub permanent: bool,
}

impl NodeError {
    /// An error of that code and category.
    pub fn new(code: Code, category: Category, detail: impl Into<String>) -> Self {
        NodeError {
            problem: Problem::new(code, detail),
            category,
            item: None,
            context: None,
            carried: None,
            later_millis: None,
            permanent: false,
        }
    }

    /// The items do not have what the node needs.
    pub fn bad_data(detail: impl Into<String>) -> Self {
        NodeError::new(Code::StepFailed, Category::BadData, detail)
    }

    /// A parameter's value is not what it must be.
    pub fn parameter(pointer: &str, detail: impl Into<String>) -> Self {
        let mut error = NodeError::new(Code::InvalidParameter, Category::BadData, detail);
        error.problem.pointer = Some(pointer.to_owned());
        error
    }

    /// Fishplate did something wrong.
    pub fn bug(detail: impl Into<String>) -> Self {
        NodeError::new(Code::Internal, Category::Bug, detail)
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = Some(hint.into());
        self
    }

    /// Names the item that it happened on.
    #[must_use]
    pub fn on_item(mut self, item: usize) -> Self {
        self.item.get_or_insert(item as u32);
        self
    }

    /// Takes from another reading of the same failure what this one does not say.
    #[must_use]
    pub fn also(mut self, other: &NodeError) -> Self {
        self.context = self.context.or_else(|| other.context.clone());
        self.carried = self.carried.or_else(|| other.carried.clone());
        self.later_millis = self.later_millis.or(other.later_millis);
        self
    }

    /// Adds what a person needs to understand it.
    #[must_use]
    pub fn with_context(mut self, context: Value) -> Self {
        self.context = Some(context);
        self
    }

    /// Sets what an item that goes on with the error carries as its `error`.
    #[must_use]
    pub fn carried_as(mut self, value: Value) -> Self {
        self.carried = Some(value);
        self
    }

    /// What an item that goes on with the error carries as its `error`.
    pub fn for_item(&self) -> Value {
        self.carried.clone().unwrap_or_else(|| Value::String(self.problem.detail.clone()))
    }

    /// Asks the engine to try again after a time that is too long to wait inside the attempt.
    #[must_use]
    pub fn later(mut self, after: Duration) -> Self {
        self.later_millis = Some(after.as_millis() as u64);
        self
    }

    /// Says that doing the same again cannot help.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.permanent = true;
        self
    }

    /// The connection that a person has to connect again before this can go on. The run is held until then, whatever
    /// follows other failures.
    pub fn waits_for(&self) -> Option<Name> {
        let place = self.problem.pointer.as_deref().filter(|_| self.problem.code == Code::ConnectionDead)?;
        place.strip_prefix("/connections/")?.parse().ok()
    }

    /// Whether doing the same again can help.
    pub fn retry(&self) -> Retry {
        match (self.permanent, self.later_millis) {
            (_, Some(millis)) => Retry::Later(Duration::from_millis(millis)),
            (true, None) => Retry::No,
            (false, None) => Retry::Backoff,
        }
    }
}

impl From<outbound::Error> for NodeError {
    fn from(error: outbound::Error) -> Self {
        let mut made = NodeError::from(error.problem());
        match error.retry() {
            Retry::Later(after) => made.later_millis = Some(after.as_millis() as u64),
            Retry::No if !error.uncertain() => made.permanent = true,
            Retry::No | Retry::Backoff => {}
        }
        made
    }
}

impl From<Problem> for NodeError {
    fn from(problem: Problem) -> Self {
        let category = match problem.code {
            Code::EgressRefused | Code::HostNotAllowed | Code::RunCanceled | Code::CeilingReached => Category::Refused,
            Code::CredentialRejected | Code::ConnectionMissing | Code::ConnectionDead => Category::Auth,
            Code::RateLimited => Category::RateLimit,
            Code::UpstreamTimeout | Code::CodeTimeout | Code::RunTimeout => Category::Timeout,
            Code::InvalidExpression | Code::ExpressionFailed | Code::CodeFailed | Code::CodeMemory | Code::BadItems => {
                Category::Code
            }
            Code::DialFailed | Code::BreakerOpen | Code::UpstreamStatus | Code::UpstreamProtocol => {
                Category::Unavailable
            }
            Code::StoreUnavailable | Code::Unavailable | Code::DiskFull | Code::SandboxUnavailable => {
                Category::Unavailable
            }
            Code::Internal | Code::StoreCorrupt => Category::Bug,
            _ => Category::BadData,
        };
        NodeError { problem, category, item: None, context: None, carried: None, later_millis: None, permanent: false }
    }
}
