//! What calls to outside services have shown, as the integrations page tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What calls with a connection, or with all of a service, have shown since the server started. Times are in
/// milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallHealth {
    /// Calls.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Calls of the last minutes.
    pub recent_calls: u64,
    /// Those of them that failed.
    pub recent_errors: u64,
    /// When one last succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_at: Option<i64>,
    /// When one last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_at: Option<i64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Half of the answers were faster, in milliseconds; of several connections, the slowest one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<u64>,
    /// What the service lets through; of several connections, the one that has the least left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<CallQuota>,
}

/// What a service lets through, as it said itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallQuota {
    /// Calls in its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Calls that are left of them.
    pub left: u64,
    /// When it is whole again, milliseconds since 1970.
    pub resets_at: i64,
}

impl CallHealth {
    /// What calls with several connections have shown together; nothing of none.
    pub fn together(all: impl Iterator<Item = CallHealth>) -> Option<CallHealth> {
        all.reduce(|one, other| {
            let (failure_at, failure) = match one.failure_at >= other.failure_at {
                true => (one.failure_at, one.failure),
                false => (other.failure_at, other.failure),
            };
            CallHealth {
                calls: one.calls + other.calls,
                errors: one.errors + other.errors,
                recent_calls: one.recent_calls + other.recent_calls,
                recent_errors: one.recent_errors + other.recent_errors,
                success_at: one.success_at.max(other.success_at),
                failure_at,
                failure,
                latency: one.latency.max(other.latency),
                quota: one.quota.into_iter().chain(other.quota).min_by_key(|quota| quota.left),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_connections_the_worst_is_told() {
        let quota = |left| Some(CallQuota { limit: Some(100), left, resets_at: 9 });
        let one = CallHealth {
            calls: 10,
            errors: 1,
            recent_calls: 4,
            success_at: Some(50),
            failure_at: Some(20),
            failure: Some("early".into()),
            latency: Some(120),
            quota: quota(40),
            ..CallHealth::default()
        };
        let other = CallHealth {
            calls: 5,
            errors: 5,
            recent_calls: 5,
            recent_errors: 5,
            failure_at: Some(30),
            failure: Some("late".into()),
            latency: Some(80),
            quota: quota(3),
            ..CallHealth::default()
        };
        let expect = CallHealth {
            calls: 15,
            errors: 6,
            recent_calls: 9,
            recent_errors: 5,
            success_at: Some(50),
            failure_at: Some(30),
            failure: Some("late".into()),
            latency: Some(120),
            quota: quota(3),
        };
        assert_eq!(CallHealth::together([one, other].into_iter()), Some(expect));
        assert_eq!(CallHealth::together(std::iter::empty()), None);
    }
}
