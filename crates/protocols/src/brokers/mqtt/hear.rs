//! `mqtt.trigger`: what may be set, and how n8n says it. [`super::listen`] listens.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{Descriptor, Effect, Group, Node, NodeType, lenient};
use rumqttc::mqttbytes::v4::Publish;
use schemars::JsonSchema;
use serde::Deserialize;

use super::listen::SERVICE;
use super::{SLOT, SLOTS};

/// What `mqtt.trigger` is set up with. Its connection is a login of protocol `mqtt`.
///
/// With quality of service 1 or 2 each message starts exactly one run, also those that come while the server is away:
/// the broker keeps them for the trigger's session, and a message is acknowledged when its run is committed. With 0
/// what comes while nobody listens is lost; that is what 0 means. The setting `clean` of the connection gives the
/// session up, and with it what comes while the server is away. Each trigger has a client id of its own, which
/// begins with the connection's setting `clientId`. Messages that the broker retains come when a topic is subscribed
/// to for the first time, and again when the broker has lost the session.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Topics to subscribe to, with commas between them. `+` stands for one level, `#` at the end for all below. A
    /// colon and `0`, `1` or `2` after a topic is its quality of service, 0 when there is none: `a/b:1,c/#:2`.
    #[schemars(example = &"shop/+/orders, alarms/#:1", extend("x-form" = { "as": "commas" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) topics: String,
    /// A message that is JSON is put out as what it says; others stay text.
    #[schemars(title = "Read JSON")]
    #[serde(default, deserialize_with = "lenient::flag")]
    json_parse_body: bool,
    /// Items have the message alone, as their field `0`, and not its topic.
    #[schemars(title = "Only the message", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    only_message: bool,
    /// Runs of several messages may be under way at a time. Off: the next message waits until the run of the one before
    /// it has ended, and messages keep their order.
    #[schemars(title = "Several runs at a time", extend("x-form" = { "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub(super) parallel_processing: bool,
}

fn yes() -> bool {
    true
}

/// Starts runs.
pub(crate) struct Heard;

const NAMES: Names = &[
    ("topics", "topics"),
    ("jsonParseBody", "options.jsonParseBody"),
    ("onlyMessage", "options.onlyMessage"),
    ("parallelProcessing", "options.parallelProcessing"),
];

impl NodeType for Heard {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "mqtt.trigger",
            version: 1,
            title: "MQTT trigger",
            summary: "Starts a run for each message of MQTT topics",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["mosquitto", "iot", "topic", "broker", "subscribe", "queue"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        crate::brokers::node::prepare::<Params>(node, SERVICE, SLOT, |params| match params.filters() {
            Ok(_) => Vec::new(),
            Err(problem) => vec![problem],
        })
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        SLOTS
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.mqttTrigger", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let slots = [(SLOT.to_owned(), SLOT.to_owned())].into();
        Ok(Lifted { params: n8n::named(node, NAMES), slots, ..Lifted::default() })
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        n8n::renamed(&node.params, NAMES)
    }
}

impl Params {
    /// Topics, each with its quality of service.
    pub(super) fn filters(&self) -> Result<BTreeMap<String, u8>, Problem> {
        let refuse = |detail: String| Problem::new(Code::InvalidParameter, detail).at("/params/topics");
        let mut filters = BTreeMap::new();
        for part in n8n::by_comma(&self.topics) {
            let (filter, qos) = match part.rsplit_once(':') {
                Some((filter, qos)) if !qos.is_empty() && qos.bytes().all(|byte| byte.is_ascii_digit()) => {
                    // As in n8n, what is no quality of service is the lowest.
                    (filter, qos.parse().ok().filter(|qos| *qos <= 2).unwrap_or(0))
                }
                _ => (part.as_str(), 0),
            };
            if !rumqttc::mqttbytes::valid_filter(filter) {
                let problem = refuse(format!("`{filter}` is no topic to subscribe to"));
                return Err(problem.hint("`+` stands for a whole level, `#` for all levels at the end"));
            }
            filters.insert(filter.to_owned(), qos);
        }
        match filters.is_empty() {
            true => Err(refuse("a trigger subscribes to at least one topic".into())),
            false => Ok(filters),
        }
    }

    /// The item of a message.
    pub(super) fn item(&self, message: &Publish) -> Item {
        let text = String::from_utf8_lossy(&message.payload);
        let parsed = if self.json_parse_body { serde_json::from_str(&text).ok() } else { None };
        let content = parsed.unwrap_or_else(|| Value::String(text.into_owned()));
        let mut json = Map::new();
        if self.only_message {
            // n8n's item is a list of one here, which expressions see as a field `0`.
            json.insert("0".into(), content);
        } else {
            json.insert("message".into(), content);
            json.insert("topic".into(), message.topic.as_str().into());
        }
        Item::new(json)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::lift::check_round_trip;

    use super::*;

    fn filters(topics: &str) -> Result<BTreeMap<String, u8>, Problem> {
        serde_json::from_value::<Params>(json!({ "topics": topics })).unwrap().filters()
    }

    #[test]
    fn topics_are_read_with_their_quality_of_service() {
        let expect = |pairs: &[(&str, u8)]| pairs.iter().map(|(topic, qos)| ((*topic).to_owned(), *qos)).collect();
        assert_eq!(filters("a, b/+/c:1 ,#:2"), Ok(expect(&[("a", 0), ("b/+/c", 1), ("#", 2)])));
        assert_eq!(filters("a:9,urn:x"), Ok(expect(&[("a", 0), ("urn:x", 0)])));
        assert!(filters(" , ").unwrap_err().detail.contains("at least one"));
        assert!(filters("a/#/b").unwrap_err().detail.contains("`a/#/b`"));
    }

    #[test]
    fn a_trigger_without_topics_or_connection_says_what_is_missing() {
        let node = Heard.prepare(&NodeSpec::default()).unwrap();
        let pointers: Vec<_> = node.incomplete().into_iter().filter_map(|problem| problem.pointer).collect();
        assert_eq!(pointers, ["/connections/mqtt", "/params/topics"]);
        let params = json!({ "topics": "={{ $json.topic }}" }).as_object().cloned().unwrap();
        let Err(refused) = Heard.prepare(&NodeSpec { params, ..NodeSpec::default() }) else { panic!("it is taken") };
        assert_eq!(refused[0].pointer.as_deref(), Some("/params/topics"));
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({}),
            json!({ "topics": "a:1", "options": { "jsonParseBody": true, "onlyMessage": true } }),
            json!({ "topics": "a", "options": { "parallelProcessing": false } }),
        ] {
            check_round_trip(&Heard, 1.0, parameters);
        }
    }
}
