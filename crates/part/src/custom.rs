//! What a run says of itself (`$execution.customData`): a few short texts that people find with the run.
//!
//! Each step reads what the steps before it have said, and its own words are committed with its result.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use model::RunId;
use store::LocalWrite;

use crate::{Ctx, NodeError};

/// Where it lies in our own store, under the run's id.
pub const SPACE: &str = "custom-data";

/// Most keys of a run; others are let go, as n8n does.
const MOST: usize = 10;
/// Most characters of a key.
const KEY: usize = 50;
/// Most characters of a value.
const VALUE: usize = 512;
/// How long it is kept.
const KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

/// Keys and values.
pub type CustomData = BTreeMap<String, String>;

/// What was kept of a run.
pub fn read(kept: Option<&[u8]>) -> CustomData {
    kept.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

/// Keeps it.
pub fn write(run: RunId, data: &CustomData, now: i64) -> LocalWrite {
    let value = serde_json::to_vec(data).unwrap_or_default();
    LocalWrite::Put {
        space: SPACE.to_owned(),
        key: run.to_string(),
        value: Bytes::from(value),
        expires_at: Some(now + KEPT.as_millis() as i64),
    }
}

/// Says something of a run, as the engine's own scripts do it.
///
/// # Errors
/// The key is none.
pub fn set(data: &mut CustomData, key: &str, value: &str) -> Result<(), NodeError> {
    let short: String = key.chars().take(KEY).collect();
    if !data.contains_key(&short) && data.len() >= MOST {
        return Ok(());
    }
    if !key.chars().all(|c| c.is_alphanumeric() || c == '_') {
        let detail = format!("Custom data key can only contain letters, numbers, and underscores (key \"{key}\")");
        return Err(NodeError::bad_data(detail).permanent());
    }
    data.insert(short, value.chars().take(VALUE).collect());
    Ok(())
}

/// What the run has said so far.
pub async fn of(ctx: &Ctx) -> Result<CustomData, NodeError> {
    Ok(read(ctx.local_get(SPACE, &ctx.info().run.to_string()).await?.as_deref()))
}

/// Takes effect with the step's result.
pub fn keep(ctx: &Ctx, data: &CustomData) {
    ctx.host().stage(write(ctx.info().run, data, ctx.now()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_so_much_and_no_more() {
        let mut data = CustomData::default();
        set(&mut data, &"k".repeat(60), &"ä".repeat(600)).unwrap();
        assert_eq!(data.iter().map(|(key, value)| (key.len(), value.chars().count())).collect::<Vec<_>>(), [(50, 512)]);
        (0..20).for_each(|number| set(&mut data, &format!("größe_{number}"), "x").unwrap());
        assert_eq!(data.len(), 10);
        set(&mut data, "größe_0", "y").unwrap();
        assert_eq!(data["größe_0"], "y");
        data.clear();
        assert!(set(&mut data, "a b", "x").unwrap_err().to_string().contains("letters, numbers, and underscores"));
    }
}
