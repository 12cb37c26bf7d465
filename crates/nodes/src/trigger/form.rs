//! `form.trigger`: a person who fills in a form starts the run. `inbound` shows the form, checks what is sent and
//! leads the visitor on; this file says what may be set and how n8n says it.

use std::sync::Arc;

use model::workflow::{OnUncertain, Rate};
use model::{Code, Map, NodeSpec, Problem, Value};
use part::door::Form;
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::{FormTrigger as Endpoint, Respond, ResponseData, Trigger, Webhook, WebhookAuth};
use part::{Descriptor, Effect, Group, Node, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::form;
use crate::lift::{by_comma, copy, not_honoured, put};

pub(super) struct FormTrigger;

/// A form that starts runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Path below `/forms/<workspace>/<environment>/`.
    path: String,
    /// What the visitor sees and fills in.
    #[serde(default)]
    form: Form,
    /// Who may fill it in: anybody, or who knows a name and a password.
    #[serde(default)]
    auth: WebhookAuth,
    /// What the visitor is shown, and when. With a form page or form ending behind it, that comes next in any case.
    #[serde(default)]
    respond: When,
    /// Addresses or CIDR ranges that may open it; empty: any.
    #[serde(default)]
    senders: Vec<String>,
    /// Refuse crawlers and link previews.
    #[serde(default)]
    ignore_bots: bool,
    /// Most bytes of everything that is sent at once, files included; absent: 200 MiB.
    #[serde(default)]
    body_limit: Option<u64>,
    /// Requests per time and sender; absent: no limit of its own.
    #[serde(default)]
    rate: Option<Rate>,
}

/// When the visitor of a form is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum When {
    /// As soon as the form is kept.
    #[default]
    Submitted,
    /// When the run has ended.
    LastNode,
    /// When a respond node says so: a text, markup, a redirect or a file.
    RespondNode,
}

impl NodeType for FormTrigger {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "form.trigger",
            version: 1,
            title: "Form",
            summary: "Starts a run when somebody fills in a form",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["form", "survey", "questionnaire", "upload", "page", "submission", "input"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Params::clone(&*super::fixed::<Params>(node)?);
        let mut problems = form::check(&params.form, "/form");
        let mut auth = params.auth;
        let mut incomplete = Vec::new();
        match &mut auth {
            WebhookAuth::None => {}
            WebhookAuth::Basic { connection } => {
                *connection = node.connections.get("auth").cloned().or(connection.take());
                if connection.is_none() {
                    let problem =
                        Problem::new(Code::ConnectionMissing, "visitors cannot be checked without a connection");
                    let hint = "choose the connection that holds the name and the password";
                    incomplete.push(problem.at("/connections/auth").hint(hint));
                }
            }
            WebhookAuth::Header { .. } | WebhookAuth::Jwt { .. } | WebhookAuth::Signed { .. } => {
                let detail = "a browser can show neither a secret header nor a token nor a signature; expected `none` or `basic`";
                problems.push(Problem::new(Code::InvalidParameter, detail).at("/params/auth/kind"));
            }
        }
        let webhook = Webhook {
            methods: ["GET", "HEAD", "POST"].map(str::to_owned).to_vec(),
            path: params.path,
            auth,
            respond: match params.respond {
                When::Submitted => Respond::Immediately,
                When::LastNode => Respond::LastNode { data: ResponseData::NoData },
                When::RespondNode => Respond::RespondNode,
            },
            senders: params.senders,
            ignore_bots: params.ignore_bots,
            body_limit: params.body_limit,
            rate: params.rate,
            ..Webhook::default()
        };
        if let Err(refused) = super::webhook::check(&webhook) {
            problems.extend(refused.0);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let trigger = Trigger::Form(Box::new(Endpoint { webhook, form: params.form }));
        Ok(Arc::new(super::TriggerNode { trigger, outputs: 1, incomplete }))
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        &[part::node::Slot { slot: "auth", kinds: &["basic"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.formTrigger", versions: &[1.0, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // The path is stored without slashes around it; the others are at their default, or belong to another choice.
        &[
            "path",
            "options.path",
            "authentication",
            "requireExecuteAccess",
            "responseMode",
            "formFields.values.*.fieldName",
            "formFields.values.*.fieldType",
            "formFields.values.*.fieldOptions",
            "formFields.values.*.limitSelection",
            "formFields.values.*.multiselect",
            "formFields.values.*.multipleFiles",
            "formFields.values.*.numberOfSelections",
            "formFields.values.*.minSelections",
            "formFields.values.*.maxSelections",
            "formFields.values.*.defaultValue",
            "options.formSubmittedText",
            "options.ignoreBots",
            "options.ipWhitelist",
            "options.includeUserInOutput",
            "options.useWorkflowTimezone",
            "options.respondWithOptions.values.respondWith",
            "options.respondWithOptions.values.redirectUrl",
            "options.respondWithOptions.values.formSubmittedText",
        ]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        lower(&node.params, to.version)
    }
}

/// The first version whose `submittedAt` is in the workflow's time zone.
fn is_local(version: f64) -> bool {
    version > 2.0
}

fn lift(node: &part::n8n::Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    params.insert("path".into(), path(node).into());
    let mut form = Map::new();
    copy(node, "formTitle", &mut form, "title");
    copy(node, "formDescription", &mut form, "description");
    let fields = form::lift_fields(node.param("formFields.values"), node.version >= 2.4);
    if fields.as_array().is_some_and(|fields| !fields.is_empty()) {
        form.insert("fields".into(), fields);
    }
    form::lift_options(node, &mut form);
    if node.param("options.respondWithOptions").is_null() {
        copy(node, "options.formSubmittedText", &mut form, "completion");
    }
    if !node.flag("options.useWorkflowTimezone", is_local(node.version)) {
        form.insert("utc".into(), true.into());
    }
    let mut form = Value::Object(form);
    form::settle_expressions(&mut form, "formFields", &mut lifted);
    params.insert("form".into(), form);
    match node.text("authentication", "none") {
        "none" => {}
        other => {
            params.insert("auth".into(), json!({ "kind": "basic" }));
            lifted.slots.insert("httpBasicAuth".into(), "auth".into());
            if other != "basicAuth" {
                // A form must not become public because its check is not known here.
                not_honoured(
                    &mut lifted,
                    "authentication",
                    format_args!("`{other}` is not there: visitors must show a name and a password instead"),
                );
            }
        }
    }
    match node.text("responseMode", "onReceived") {
        "lastNode" => put(&mut params, "respond", "lastNode"),
        "responseNode" => put(&mut params, "respond", "respondNode"),
        _ => {}
    }
    let senders = by_comma(node.text("options.ipWhitelist", ""));
    if !senders.is_empty() {
        params.insert("senders".into(), senders.into());
    }
    if node.flag("options.ignoreBots", false) {
        params.insert("ignoreBots".into(), true.into());
    }
    lifted.params = params;
    lifted
}

/// n8n's path: that of an older or a newer version, or the node's own id.
fn path(node: &part::n8n::Node) -> String {
    let given = [node.text("path", ""), node.text("options.path", ""), node.webhook_id.as_deref().unwrap_or_default()];
    let path = given.into_iter().map(|path| path.trim().trim_matches('/')).find(|path| !path.is_empty());
    path.unwrap_or("form").trim_start_matches('=').to_owned()
}

fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    let form = get("form");
    put(&mut lowered, if version < 2.2 { "path" } else { "options.path" }, get("path"));
    put(&mut lowered, "formTitle", form["title"].clone());
    put(&mut lowered, "formDescription", form["description"].clone());
    let fields = form::lower_fields(&form["fields"]);
    if fields.as_array().is_some_and(|fields| !fields.is_empty()) {
        put(&mut lowered, "formFields.values", fields);
    }
    if version < 2.0 {
        put(&mut lowered, "options.formSubmittedText", form["completion"].clone());
    } else {
        form::lower_options(&form, &mut lowered);
    }
    let utc = form["utc"] == true;
    if utc == is_local(version) {
        put(&mut lowered, "options.useWorkflowTimezone", !utc);
    }
    if get("auth")["kind"] == "basic" {
        put(&mut lowered, "authentication", "basicAuth");
    }
    match get("respond").as_str() {
        Some("lastNode") => put(&mut lowered, "responseMode", "lastNode"),
        Some("respondNode") => put(&mut lowered, "responseMode", "responseNode"),
        _ => {}
    }
    let senders = get("senders");
    let senders: Vec<&str> = senders.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !senders.is_empty() {
        put(&mut lowered, "options.ipWhitelist", senders.join(", "));
    }
    put(&mut lowered, "options.ignoreBots", get("ignoreBots"));
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(params: Value) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = params.as_object().cloned().unwrap();
        FormTrigger.prepare(&NodeSpec { name: "F".into(), params, ..NodeSpec::default() })
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&FormTrigger);
        let params = json!({ "path": "ask", "form": { "fields": [{ "label": "Name" }] } });
        testkit::contract::runs(&FormTrigger, params, &[json!([{ "Name": "Ada" }])]);
    }

    #[test]
    fn it_listens_as_a_page_does() {
        let node = prepared(json!({ "path": "ask", "respond": "lastNode", "auth": { "kind": "basic" } })).unwrap();
        let Some(Trigger::Form(form)) = node.trigger() else { panic!("no form") };
        assert_eq!(form.webhook.methods, ["GET", "HEAD", "POST"]);
        assert_eq!(form.webhook.respond, Respond::LastNode { data: ResponseData::NoData });
        assert_eq!(node.incomplete()[0].pointer.as_deref(), Some("/connections/auth"));
    }

    #[test]
    fn what_cannot_stand_at_an_address_is_refused() {
        for (params, at) in [
            (json!({ "path": "/" }), "/params/path"),
            (json!({ "path": "a", "auth": { "kind": "jwt" } }), "/params/auth/kind"),
            (json!({ "path": "a", "form": { "fields": [{}] } }), "/params/form/fields/0/label"),
            (json!({ "path": "a", "form": { "title": "={{ 1 }}" } }), "/params/form/title"),
            (json!({ "path": "a", "senders": ["here"] }), "/params/senders/0"),
        ] {
            let problems = prepared(params.clone()).err().unwrap();
            assert_eq!(problems[0].pointer.as_deref(), Some(at), "{params}");
        }
    }

    #[test]
    fn lowering_undoes_lifting() {
        let fields = json!({ "values": [
            { "fieldLabel": "Name", "requiredField": true, "placeholder": "Ada" },
            { "fieldLabel": "Size", "fieldType": "dropdown", "fieldOptions": { "values": [{ "option": "S" }] }, "defaultValue": "S" },
            { "fieldLabel": "CV", "fieldType": "file", "acceptFileTypes": ".pdf" },
            { "fieldName": "ref", "fieldType": "hiddenField", "fieldValue": "x" },
        ] });
        for (version, parameters) in [
            (
                1.0,
                json!({ "path": "a", "formTitle": "T", "formFields": fields, "options": { "formSubmittedText": "Thanks" } }),
            ),
            (
                2.0,
                json!({ "path": "a", "formTitle": "T", "formDescription": "D", "responseMode": "lastNode", "options": { "useWorkflowTimezone": true } }),
            ),
            (
                2.1,
                json!({ "path": "a", "authentication": "basicAuth", "responseMode": "responseNode", "options": { "useWorkflowTimezone": false } }),
            ),
            (
                2.2,
                json!({ "formTitle": "T", "formFields": fields, "options": {
                    "path": "a", "buttonLabel": "Go", "appendAttribution": false, "ignoreBots": true, "ipWhitelist": "10.0.0.1, 10.0.0.2",
                    "customCss": ":root { --a: 1 }", "respondWithOptions": { "values": { "respondWith": "redirect", "redirectUrl": "https://a.example" } } } }),
            ),
            (
                2.3,
                json!({ "options": { "path": "a", "respondWithOptions": { "values": { "formSubmittedText": "Thanks" } } } }),
            ),
            (
                2.5,
                json!({ "formFields": { "values": [{ "fieldLabel": "Your name", "fieldName": "name" }] }, "options": { "path": "a", "showHeaders": true } }),
            ),
        ] {
            crate::lift::check_round_trip(&FormTrigger, version, parameters);
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let lifted = |version: f64, parameters: Value| {
            let mut node = crate::lift::node("n8n-nodes-base.formTrigger", version, parameters);
            node.webhook_id = Some("hook-1".into());
            FormTrigger.lift(&node).unwrap()
        };
        let user = lifted(2.6, json!({ "authentication": "n8nUserAuth" }));
        assert_eq!(user.params["auth"]["kind"], "basic", "it does not become public");
        assert_eq!(user.problems.len(), 1);
        let titled = lifted(2.2, json!({ "formTitle": "=Hello", "formDescription": "={{ $now }}" }));
        assert_eq!((&titled.params["form"]["title"], titled.problems.len()), (&json!("Hello"), 1));
        assert_eq!(titled.params["path"], "hook-1");
        let named = json!({ "formFields": { "values": [{ "fieldLabel": "A", "fieldName": "a" }] } });
        assert!(lifted(2.3, named.clone()).params["form"]["fields"][0].get("name").is_none());
        assert_eq!(lifted(2.4, named).params["form"]["fields"][0]["name"], "a");
    }
}
