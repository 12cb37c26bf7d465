//! The memory of `core.remove-duplicates`: what earlier runs have seen.
//!
//! It lies in our own store and changes with the commit of the step's result: a step that fails or is attempted again
//! has remembered nothing. Values are kept as digests in [`BUCKETS`] lists, so that a run reads and writes only those
//! that its items fall into; one more entry says how many there are, or which value was the highest.

use std::collections::{BTreeMap, HashSet};

use aws_lc_rs::digest;
use bytes::Bytes;
use model::{Code, Value};
use part::{Category, Ctx, Indices, Level, NodeError, Outcome, PortOutput, Typed};
use serde::{Deserialize, Serialize};

use super::remove_duplicates::{Logic, Params, Scope, by_text};
use crate::{dates, js, pattern};

/// Lists of digests; a digest's first byte says in which one it is.
const BUCKETS: usize = 256;

/// Bytes of a digest that are kept: two values are taken for one with a chance of less than one in 10^20, for a
/// million of them.
const DIGEST: usize = 16;

/// Name of the entry that says what is in the others.
const HEAD: &str = "head";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    mode: Mode,
    /// Number of digests.
    #[serde(default)]
    count: u64,
    /// The highest number, or the latest date in milliseconds since 1970.
    #[serde(default)]
    highest: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Mode {
    #[default]
    Entries,
    IncrementalKey,
    Date,
}

/// A place in our own store.
struct Memory<'a> {
    ctx: &'a Ctx,
    space: String,
}

impl<'a> Memory<'a> {
    fn new(ctx: &'a Ctx, scope: Scope) -> Memory<'a> {
        let (workflow, node) = (&ctx.info().workflow, &ctx.info().node);
        let space = match scope {
            Scope::Node => format!("seen:{workflow}/{node}"),
            Scope::Workflow => format!("seen:{workflow}"),
        };
        Memory { ctx, space }
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, NodeError> {
        self.ctx.local_get(&self.space, key).await
    }

    fn put(&self, key: &str, value: impl Into<Bytes>) {
        self.ctx.local_put(&self.space, key, value);
    }

    async fn head(&self, mode: Mode) -> Result<Option<Head>, NodeError> {
        let Some(bytes) = self.get(HEAD).await? else { return Ok(None) };
        let head: Head = serde_json::from_slice(&bytes)
            .map_err(|error| NodeError::bug(format!("what was remembered cannot be read: {error}")))?;
        if head.mode == mode {
            return Ok(Some(head));
        }
        let detail = "Deduplication data was originally saved with an incompatible setting of the ‘Keep Items Where’ \
                      parameter. Try ’Clean Database’ operation to reset.";
        Err(NodeError::bad_data(detail).hint("clear the history, then run it again"))
    }

    fn put_head(&self, head: &Head) {
        self.put(HEAD, serde_json::to_vec(head).unwrap_or_default());
    }
}

/// Lets items through that no earlier run has seen, and remembers them.
pub async fn across(typed: &Typed<Params>, params: &Params, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let texts = texts(typed, params.logic, ctx).await?;
    let memory = Memory::new(ctx, params.scope);
    let kept = match params.logic {
        Logic::Unseen => unseen(&memory, params, texts).await?,
        Logic::Higher => higher(&memory, Mode::IncrementalKey, numbers(&texts)?).await?,
        Logic::Later => {
            let dates = moments(ctx, &texts).await?;
            higher(&memory, Mode::Date, dates).await?
        }
    };
    Ok(Outcome::Done(vec![PortOutput::Select { input: 0, indices: kept }]))
}

/// Forgets everything.
pub async fn clear(scope: Scope, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let memory = Memory::new(ctx, scope);
    let keys = (0..BUCKETS).map(bucket).chain([HEAD.to_owned()]);
    if memory.get(HEAD).await?.is_some() {
        for key in keys {
            ctx.local_delete(&memory.space, &key);
        }
    }
    Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
}

/// The value that each item is known by.
async fn texts(typed: &Typed<Params>, logic: Logic, ctx: &Ctx) -> Result<Vec<String>, NodeError> {
    let mut texts = Vec::with_capacity(ctx.input(0).len());
    for segment in ctx.input(0).segments() {
        let items = segment.load(ctx.spool()).await?;
        for params in ctx.typed(typed, &items, texts.len()).await? {
            let params = params?;
            let value = match logic {
                Logic::Unseen => &params.dedupe_value,
                Logic::Higher => &params.incremental_dedupe_value,
                Logic::Later => &params.date_dedupe_value,
            };
            let text = if value.is_null() { String::new() } else { js::text(value) };
            if text.is_empty() && logic != Logic::Unseen {
                let detail = "The `Value to Dedupe` On is empty. Please provide a value.";
                return Err(NodeError::bad_data(detail).on_item(texts.len()));
            }
            texts.push(text);
        }
    }
    Ok(texts)
}

fn bucket(number: usize) -> String {
    format!("bucket {number:02x}")
}

async fn unseen(memory: &Memory<'_>, params: &Params, texts: Vec<String>) -> Result<Indices, NodeError> {
    let mut head = memory.head(Mode::Entries).await?.unwrap_or_default();
    let most = params.history_size;
    if head.count + texts.len() as u64 > most {
        let detail = "The number of items to be processed exceeds the maximum history size. Please increase the \
                      history size or reduce the number of items to be processed.";
        return Err(
            NodeError::new(Code::TooLarge, Category::BadData, detail).hint("raise `historySize`, or clear the history")
        );
    }
    let groups = by_text(texts);
    let digests: Vec<[u8; DIGEST]> = groups.iter().map(|(text, _)| digest_of(text)).collect();
    let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, digest) in digests.iter().enumerate() {
        wanted.entry(usize::from(digest[0])).or_default().push(at);
    }
    let mut new = HashSet::new();
    for (number, places) in wanted {
        let mut known = memory.get(&bucket(number)).await?.unwrap_or_default().to_vec();
        let seen: HashSet<&[u8]> = known.chunks_exact(DIGEST).collect();
        let added: Vec<usize> = places.into_iter().filter(|at| !seen.contains(digests[*at].as_slice())).collect();
        if !added.is_empty() {
            added.iter().for_each(|at| known.extend_from_slice(&digests[*at]));
            head.count += added.len() as u64;
            new.extend(added);
            memory.put(&bucket(number), known);
        }
    }
    memory.put_head(&head);
    if most > 0 && head.count as f64 / most as f64 > 0.5 {
        let text = format!(
            "{} of {most} values are remembered; a full history refuses further items: raise `historySize` in time",
            head.count
        );
        memory.ctx.log(Level::Warn, text);
    }
    let kept = groups.iter().enumerate().filter(|(at, _)| new.contains(at));
    Ok(kept.flat_map(|(_, (_, positions))| positions.iter().copied()).collect())
}

fn digest_of(text: &str) -> [u8; DIGEST] {
    let whole = digest::digest(&digest::SHA256, text.as_bytes());
    let mut short = [0; DIGEST];
    short.copy_from_slice(&whole.as_ref()[..DIGEST]);
    short
}

/// Positions by value, in the order of n8n.
type ByValue = Vec<(f64, Vec<u32>)>;

fn numbers(texts: &[String]) -> Result<ByValue, NodeError> {
    let mut numbers = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let number = js::number(&Value::from(text.as_str()));
        if number.is_nan() {
            let detail = format!("The value '{text}' is not a number. Please provide a number.");
            return Err(NodeError::bad_data(detail).on_item(at));
        }
        numbers.push(js::number_text(number));
    }
    let value = |(text, positions): (String, Vec<u32>)| (js::number(&Value::from(text)), positions);
    Ok(by_text(numbers).into_iter().map(value).collect())
}

async fn moments(ctx: &Ctx, texts: &[String]) -> Result<ByValue, NodeError> {
    let mut values = Vec::new();
    for (text, positions) in by_text(texts.iter().cloned()) {
        let position = positions.first().copied().unwrap_or_default() as usize;
        let known = dates::parse(&text, &ctx.info().timezone).map(|millis| millis as f64);
        let moment = match known {
            Some(moment) => Some(moment),
            None => {
                let script = format!("Date.parse({})", pattern::quoted(&text));
                let item = ctx.input(0).get(position, ctx.spool()).await?.unwrap_or_default();
                pattern::ask(ctx, &item, position, &script).await?.as_f64()
            }
        };
        let Some(moment) = moment.filter(|moment| moment.is_finite()) else {
            let detail = format!("The value '{text}' is not a valid date. Please provide a valid date.");
            return Err(NodeError::bad_data(detail).on_item(position));
        };
        values.push((moment, positions));
    }
    Ok(values)
}

/// What lies above the highest value of earlier runs.
async fn higher(memory: &Memory<'_>, mode: Mode, mut values: ByValue) -> Result<Indices, NodeError> {
    let before = memory.head(mode).await?;
    let top = values.iter().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max);
    let highest = before.as_ref().map_or(top, |head| head.highest.max(top));
    if highest.is_finite() {
        memory.put_head(&Head { mode, count: 0, highest });
    }
    if let Some(head) = before {
        values.retain(|(value, _)| *value > head.highest);
        values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    }
    Ok(values.into_iter().flat_map(|(_, positions)| positions).collect())
}

#[cfg(test)]
mod tests {
    use part::Effect;
    use serde_json::json;
    use testkit::step::Bench;

    use super::super::remove_duplicates::RemoveDuplicates;
    use super::*;

    fn bench(logic: &str, field: &str, more: Value) -> Bench {
        let mut params = json!({ "operation": "removeItemsSeenInPreviousExecutions", "logic": logic });
        params[field] = json!("={{ $json.id }}");
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Bench::new(&RemoveDuplicates, params).unwrap()
    }

    fn values(more: Value) -> Bench {
        bench("removeItemsWithAlreadySeenKeyValues", "dedupeValue", more)
    }

    fn ids(bench: &mut Bench, ids: Value) -> Value {
        let items: Value = ids.as_array().unwrap().iter().map(|id| json!({ "id": id })).collect();
        let items = bench.run(&[items]).unwrap().json()[0].clone();
        items.as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    }

    #[test]
    fn values_are_let_through_once_for_all_runs() {
        let mut bench = values(json!({}));
        assert_eq!(bench.node().effect(), Effect::Local);
        assert_eq!(ids(&mut bench, json!([7, "b", 3, "b", 7])), json!([3, 7, 7, "b", "b"]), "in n8n's order");
        assert_eq!(ids(&mut bench, json!(["b", 4, "7", 3])), json!([4]));
        assert_eq!(ids(&mut bench, json!([null, ""])), json!([null, ""]), "no value is a value, too");
        assert_eq!(ids(&mut bench, json!([""])), json!([]));
    }

    #[test]
    fn an_attempt_that_was_not_committed_has_seen_nothing() {
        let mut bench = values(json!({ "historySize": 3 }));
        ids(&mut bench, json!([1, 2]));
        let full = bench.run(&[json!([{ "id": 2 }, { "id": 3 }])]).unwrap_err().problem.detail;
        assert!(full.starts_with("The number of items to be processed exceeds the maximum history size."));
        assert_eq!(ids(&mut bench, json!([3])), json!([3]));
        assert!(bench.host().logs().iter().any(|(_, text)| text.contains("raise `historySize`")));
    }

    #[test]
    fn a_history_is_cleared_whole() {
        let mut bench = values(json!({}));
        ids(&mut bench, json!([1, 2]));
        let head = || bench.host().local("seen:bench/Node", HEAD);
        assert!(head().is_some());
        let clearing = Bench::new(&RemoveDuplicates, json!({ "operation": "clearDeduplicationHistory" })).unwrap();
        for bucket in (0..BUCKETS).map(bucket) {
            if let Some(bytes) = bench.host().local("seen:bench/Node", &bucket) {
                clearing.host().put_local("seen:bench/Node", &bucket, bytes);
            }
        }
        clearing.host().put_local("seen:bench/Node", HEAD, head().unwrap());
        let ran = clearing.attempt(vec![testkit::step::items(&json!([{ "id": 1 }]))], None).unwrap();
        assert_eq!(ran.json(), [json!([{ "id": 1 }])]);
        let left = (0..BUCKETS).map(bucket).chain([HEAD.to_owned()]);
        assert!(left.into_iter().all(|key| clearing.host().local("seen:bench/Node", &key).is_none()));
    }

    #[test]
    fn numbers_and_dates_must_grow() {
        let mut numbers = bench("removeItemsUpToStoredIncrementalKey", "incrementalDedupeValue", json!({}));
        assert_eq!(ids(&mut numbers, json!([5, "-1", 2])), json!([2, 5, "-1"]));
        assert_eq!(ids(&mut numbers, json!([7, 5, 6.5, 1])), json!([6.5, 7]));
        assert_eq!(ids(&mut numbers, json!([7])), json!([]));
        let wrong = numbers.run(&[json!([{ "id": "x" }])]).unwrap_err();
        assert_eq!(wrong.problem.detail, "The value 'x' is not a number. Please provide a number.");
        let empty = numbers.run(&[json!([{ "id": null }])]).unwrap_err();
        assert_eq!(empty.problem.detail, "The `Value to Dedupe` On is empty. Please provide a value.");
        let mut dates = bench("removeItemsUpToStoredDate", "dateDedupeValue", json!({}));
        assert_eq!(ids(&mut dates, json!(["2024-05-06", "2024-05-05"])), json!(["2024-05-06", "2024-05-05"]));
        let later = json!(["2024-05-07T10:00:00Z", "2024-05-06T00:00:00Z", "Mon, 06 May 2024 12:00:00 GMT"]);
        assert_eq!(ids(&mut dates, later), json!(["Mon, 06 May 2024 12:00:00 GMT", "2024-05-07T10:00:00Z"]));
    }

    #[test]
    fn another_way_to_compare_needs_a_cleared_history() {
        let mut seen = values(json!({}));
        ids(&mut seen, json!([1]));
        let numbers = bench("removeItemsUpToStoredIncrementalKey", "incrementalDedupeValue", json!({}));
        numbers.host().put_local("seen:bench/Node", HEAD, seen.host().local("seen:bench/Node", HEAD).unwrap());
        let error = numbers.attempt(vec![testkit::step::items(&json!([{ "id": 2 }]))], None).unwrap_err();
        assert!(error.problem.detail.contains("incompatible setting"));
    }

    #[test]
    fn a_workflow_s_nodes_can_share_what_they_have_seen() {
        let mut bench = values(json!({ "scope": "workflow" }));
        ids(&mut bench, json!([1]));
        assert!(bench.host().local("seen:bench", HEAD).is_some());
    }
}
