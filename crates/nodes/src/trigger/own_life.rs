//! `core.own-life`: the workflow itself was published, another version of it was, or the server has started.
//!
//! Who knows that is told to the source with each beginning of its listening. A publication that a server could not
//! tell of, because it stopped right then, is told of when the next one starts.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Item, Map, NodeSpec, Problem, Value};
use part::listen::{Beginning, Ear, How, OWN_LIFE, PROOF, Source};
use part::n8n::{self, Lifted, Mapping, Version};
use part::trigger::Trigger;
use part::{Descriptor, Effect, Group, Node, NodeError, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What starts a run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What starts a run: `init`, `activate`, `update`. None: nothing does.
    #[serde(default)]
    events: Vec<Event>,
    /// What a publication is called in the item.
    #[serde(default)]
    words: Words,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Event {
    /// The server has started.
    Init,
    /// This workflow was published, and was not before.
    Activate,
    /// Another version of this workflow was published.
    Update,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Words {
    /// `Workflow published`.
    #[default]
    Published,
    /// `Workflow activated`, as n8n's older trigger says.
    Activated,
}

/// The trigger.
pub(super) struct OwnLife;

/// n8n's older trigger, which knows nothing of the server.
const WORKFLOW_TRIGGER: &str = "n8n-nodes-base.workflowTrigger";

impl NodeType for OwnLife {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.own-life",
            version: 1,
            title: "Fishplate trigger",
            summary: "Starts a run when this workflow is published or updated, or the server starts",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["n8n trigger", "workflow trigger", "activated", "published", "updated", "started", "init"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        super::fixed::<Params>(node)?;
        let settings = Value::Object(node.params.clone());
        Ok(super::TriggerNode::with_one_output(Trigger::Provided { service: OWN_LIFE.to_owned(), settings }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[
            Mapping { node_type: "n8n-nodes-base.n8nTrigger", versions: &[1.0] },
            Mapping { node_type: WORKFLOW_TRIGGER, versions: &[1.0] },
        ]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // What the editor shows.
        &["notice", "oldVersionNotice"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = Map::new();
        n8n::copy(node, "events", &mut params, "events");
        if node.node_type == WORKFLOW_TRIGGER {
            params.insert("words".into(), "activated".into());
        }
        Ok(Lifted::plain(params))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        let mut lowered = Map::new();
        n8n::put(&mut lowered, "events", node.params.get("events").cloned().unwrap_or_default());
        lowered
    }
}

/// What the trigger listens to.
pub(super) struct Life;

/// The revision of which was told.
const TOLD: &str = "revision";
/// The event that was told last.
const LAST: &str = "last";

impl Source for Life {
    fn service(&self) -> &'static str {
        OWN_LIFE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let params: Params = ear.settings()?;
            match ear.info().beginning {
                Some(beginning) => tell(ear, &params, beginning).await?,
                // A draft that is tried out: it is the trial that happens.
                None => drop(ear.admit(vec![item(ear, "Manual execution", None)], None).await?),
            }
            loop {
                ear.alive();
                tokio::select! {
                    () = ear.stop().cancelled() => return Ok(()),
                    () = tokio::time::sleep(PROOF / 2) => {}
                }
            }
        })
    }
}

/// Tells of a beginning, and of a publication before it that nobody has told of.
async fn tell(ear: &Ear, params: &Params, beginning: Beginning) -> Result<(), NodeError> {
    let Beginning { how, at, revision, published_at } = beginning;
    let told = ear.recall(TOLD).await?.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse::<u64>().ok());
    let missed = match (how, told) {
        (How::Started, None) => Some((Event::Activate, published_at)),
        (How::Started, Some(told)) if told != revision => Some((Event::Update, published_at)),
        _ => None,
    };
    let event = match how {
        How::Started => Event::Init,
        How::Published => Event::Activate,
        How::Updated => Event::Update,
    };
    for (event, at) in missed.into_iter().chain([(event, at)]) {
        if !params.events.contains(&event) {
            continue;
        }
        // Keys are forgotten some day, and a listener may begin anew after that.
        let key = format!("{event:?}/{revision}/{at}");
        if ear.recall(LAST).await?.is_some_and(|last| last == key.as_bytes()) {
            continue;
        }
        let words = match (event, params.words) {
            (Event::Init, _) => "Instance started",
            (Event::Update, _) => "Workflow updated",
            (Event::Activate, Words::Published) => "Workflow published",
            (Event::Activate, Words::Activated) => "Workflow activated",
        };
        ear.admit(vec![item(ear, words, Some(at))], Some(key.clone())).await?;
        ear.remember(LAST, key.into_bytes()).await?;
    }
    Ok(ear.remember(TOLD, revision.to_string().into_bytes()).await?)
}

fn item(ear: &Ear, event: &str, at: Option<i64>) -> Item {
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let timestamp = at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
    let mut item = Map::from_iter([("event".to_owned(), Value::from(event))]);
    // Of a trial, the run itself says when it is.
    item.extend(timestamp.map(|timestamp| ("timestamp".to_owned(), timestamp.into())));
    item.insert("workflow_id".into(), json!(ear.info().workflow));
    Item::new(item)
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::listen::Listening;

    use super::*;
    use crate::lift::check_round_trip;

    const STARTED: Beginning = Beginning { how: How::Started, at: 5_000, revision: 3, published_at: 1_000 };

    /// What runs are started by, over several beginnings of one trigger.
    fn told(events: Value, beginnings: &[Beginning]) -> Vec<Value> {
        let settings = json!({ "events": events });
        let trigger = Listening::new(OWN_LIFE, settings, &[], None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for beginning in beginnings {
            runtime.block_on(trigger.begun(*beginning).once(&Life)).unwrap();
        }
        trigger.heard().into_iter().map(|heard| heard.items[0].json["event"].clone()).collect()
    }

    #[test]
    fn it_keeps_the_contract_and_n8n_s_parameters_come_back() {
        contract::check(&OwnLife);
        check_round_trip(&OwnLife, 1.0, json!({ "events": ["init", "update"] }));
        let old = OwnLife.lift(&crate::lift::node(WORKFLOW_TRIGGER, 1.0, json!({ "events": ["activate"] }))).unwrap();
        assert_eq!(Value::Object(old.params), json!({ "events": ["activate"], "words": "activated" }));
    }

    #[test]
    fn each_event_is_told_once_and_only_if_it_is_asked_for() {
        let published = Beginning { how: How::Published, at: 1_000, ..STARTED };
        let updated = Beginning { how: How::Updated, revision: 4, at: 6_000, published_at: 6_000 };
        let all = json!(["init", "activate", "update"]);
        assert_eq!(
            told(all.clone(), &[published, published, STARTED, STARTED, updated]),
            ["Workflow published", "Instance started", "Workflow updated"]
        );
        assert_eq!(told(json!(["update"]), &[published, STARTED, updated]), ["Workflow updated"]);
        assert_eq!(told(json!([]), &[published, STARTED, updated]), [Value::Null; 0]);
    }

    #[test]
    fn a_publication_that_a_stopped_server_kept_to_itself_is_told_of_by_the_next() {
        let all = json!(["init", "activate", "update"]);
        assert_eq!(told(all.clone(), &[STARTED]), ["Workflow published", "Instance started"]);
        let later = Beginning { revision: 4, at: 9_000, published_at: 8_000, ..STARTED };
        assert_eq!(
            told(all, &[STARTED, later]),
            ["Workflow published", "Instance started", "Workflow updated", "Instance started"]
        );
    }
}
