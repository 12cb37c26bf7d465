//! `mail.trigger`: mail that arrives starts runs, one for each.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version, put};
use part::node::Slot;
use part::{Descriptor, Effect, Group, Node, NodeType, lenient};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::criteria;
use super::message::Format;
use crate::each::lacks;
use crate::listens;

/// Name of what it listens to.
pub(super) const SERVICE: &str = "imap";
/// Where the account stands among a node's connections.
pub(super) const SLOT: &str = "imap";

/// What `mail.trigger` is set up with.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The mailbox.
    #[schemars(example = &"INBOX")]
    #[serde(default = "inbox", deserialize_with = "lenient::text")]
    pub(super) mailbox: String,
    /// What becomes of a mail once its run is there to stay.
    #[schemars(title = "What becomes of a mail")]
    #[serde(default)]
    pub(super) after: After,
    /// How it is put out.
    #[schemars(title = "Put out")]
    #[serde(default)]
    pub(super) format: Format,
    /// `simple`: files come along.
    #[schemars(title = "With attachments", extend("x-form" = { "when": { "format": "simple" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) attachments: bool,
    /// What the files are called in the item, with a number behind it.
    #[schemars(title = "Names of attachments begin with", extend("x-form" = { "more": true }))]
    #[serde(default = "prefix", deserialize_with = "lenient::text")]
    pub(super) prefix: String,
    /// Which mails are meant, as a JSON list: `["UNSEEN"]`, `["UNSEEN", ["FROM", "ada@example.com"]]`.
    #[schemars(title = "Which mails", example = &"[\"UNSEEN\"]", extend("x-form" = { "as": "json", "more": true }))]
    #[serde(default = "unseen", deserialize_with = "lenient::text")]
    pub(super) criteria: String,
    /// Which mails of before count when listening begins the first time.
    #[schemars(title = "Mails from before")]
    #[serde(default)]
    pub(super) first: First,
    /// Only mails behind the last one that was heard are looked at.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub(super) only_new: bool,
    /// Connects anew after so many minutes, for servers that want it; 0 stays.
    #[schemars(title = "Connect anew after", extend("x-form" = { "unit": "minutes", "more": true }))]
    #[serde(default, deserialize_with = "lenient::number")]
    pub(super) reconnect_minutes: f64,
    /// Any certificate of the server will do.
    #[schemars(title = "Accept any certificate", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) accept_invalid_certificates: bool,
    /// The item says which number the mail has in its mailbox.
    #[schemars(title = "Say the mail's number", extend("x-form" = { "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub(super) attributes: bool,
}

/// What becomes of a mail once its run is there to stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum After {
    /// It is marked as read.
    #[default]
    Read,
    /// It is left as it is.
    Nothing,
}

/// Which mails of before count when listening begins the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum First {
    /// None.
    #[default]
    None,
    /// All that fit.
    All,
}

fn inbox() -> String {
    "INBOX".into()
}
fn prefix() -> String {
    "attachment_".into()
}
fn unseen() -> String {
    "[\"UNSEEN\"]".into()
}
fn yes() -> bool {
    true
}

/// Hears of mail.
pub struct MailTrigger;

const NAMES: n8n::Names = &[
    ("mailbox", "mailbox"),
    ("after", "postProcessAction"),
    ("format", "format"),
    ("attachments", "downloadAttachments"),
    ("prefix", "dataPropertyAttachmentsPrefixName"),
    ("criteria", "options.customEmailConfig"),
    ("reconnectMinutes", "options.forceReconnect"),
    ("acceptInvalidCertificates", "options.allowUnauthorizedCerts"),
];

impl NodeType for MailTrigger {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "mail.trigger",
            version: 1,
            title: "Email trigger",
            summary: "Starts a run for each mail that arrives in a mailbox (IMAP)",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Params>,
            keywords: &["imap", "mail", "inbox", "receive", "read"],
        };
        &DESCRIPTOR
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:imap"] }]
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        listens::prepare::<Params>(node, SERVICE, |params| {
            criteria::parse(&params.criteria).map_err(|error| vec![error.problem])?;
            Ok(lacks(node, SLOT))
        })
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.emailReadImap", versions: &[1.0, 2.0, 2.1, 2.2] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        &["downloadAttachments", "dataPropertyAttachmentsPrefixName", "options.trackLastMessageId"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = n8n::named(node, NAMES);
        let mut put = |name: &str, value: Value| drop(params.insert(name.to_owned(), value));
        // Older versions take whatever is unread when they hear of the first mail.
        if node.version < 2.1 {
            put("first", "all".into());
        }
        if node.version < 2.0 {
            put("attributes", false.into());
        }
        if node.version >= 2.1 && !node.flag("options.trackLastMessageId", true) {
            put("onlyNew", false.into());
        }
        let mut lifted = Lifted::plain(params);
        lifted.slots.insert("imap".into(), SLOT.into());
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        let mut lowered = n8n::renamed(&node.params, NAMES);
        if node.params.get("onlyNew") == Some(&Value::Bool(false)) {
            put(&mut lowered, "options.trackLastMessageId", false);
        }
        lowered
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::lift::{check_round_trip, node};

    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&MailTrigger);
    }

    #[test]
    fn lowering_undoes_lifting() {
        let options = json!({ "customEmailConfig": "[\"ALL\"]", "forceReconnect": 30, "trackLastMessageId": false });
        for (version, parameters) in [
            (1.0, json!({ "options": { "allowUnauthorizedCerts": true } })),
            (2.0, json!({ "mailbox": "Work", "postProcessAction": "nothing", "format": "resolved" })),
            (
                2.1,
                json!({ "downloadAttachments": true, "dataPropertyAttachmentsPrefixName": "file", "options": options }),
            ),
            (2.2, json!({ "format": "raw" })),
        ] {
            check_round_trip(&MailTrigger, version, parameters);
        }
    }

    #[test]
    fn versions_differ_in_what_counts_at_first() {
        let first = |version| {
            let lifted = MailTrigger.lift(&node("n8n-nodes-base.emailReadImap", version, json!({}))).unwrap();
            (lifted.params.get("first").cloned(), lifted.params.get("attributes").cloned())
        };
        assert_eq!(first(1.0), (Some("all".into()), Some(false.into())));
        assert_eq!(first(2.0), (Some("all".into()), None));
        assert_eq!(first(2.1), (None, None));
    }

    #[test]
    fn bad_criteria_and_expressions_are_refused_before_anybody_listens() {
        let refusal = |params: Value| {
            let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
            MailTrigger.prepare(&spec).err().unwrap()[0].pointer.clone().unwrap()
        };
        assert_eq!(refusal(json!({ "criteria": "[UNSEEN" })), "/params/criteria");
        assert_eq!(refusal(json!({ "criteria": "[[\"FROM\"]]" })), "/params/criteria");
        assert_eq!(refusal(json!({ "mailbox": "={{ $json.box }}" })), "/params/mailbox");
    }
}
