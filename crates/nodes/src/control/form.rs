//! `form.page`: a further page of a form that somebody goes through, or what they see at its end. A page waits as long
//! as the visitor takes; an ending keeps nobody waiting, it says what the visitor is shown and hands its items on.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Binary, Map, NodeSpec, Problem, Value};
use part::door::{Door, Ending, Form};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::Webhook;
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, PortOutput, Resumed, Suspend, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::wait::{Limit, opens};
use super::wait_n8n::{lift_limit, lower_limit};
use crate::form;
use crate::lift::{by_comma, copy, put};

pub(super) struct Page;

/// A page of a form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// A page to fill in, or what is shown at the end.
    #[serde(default)]
    show: Show,
    /// `page`: what the visitor sees and fills in. Title and button are those of the form's first page where they are
    /// not set.
    #[serde(default)]
    form: Form,
    /// `page`: the fields as JSON in n8n's words, instead of those of the form; a text or a list.
    #[serde(default)]
    json: Value,
    /// `page`: when the run goes on although nobody has sent it.
    #[serde(default)]
    limit: Option<Limit>,
    /// `end`: what the visitor sees.
    #[serde(default)]
    end: End,
}

/// Which kind of page it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Show {
    /// Fields to fill in; the run waits for them.
    #[default]
    Page,
    /// The end of the form; the run goes on at once.
    End,
}

/// What a visitor sees at the end of a form.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct End {
    /// How they are answered.
    #[serde(default)]
    with: With,
    /// `text` and `file`: heading.
    #[schemars(title = "Heading", extend("x-form" = { "when": { "with": ["text", "file"] } }))]
    #[serde(default)]
    title: String,
    /// `text` and `file`: message below the heading; simple markup is shown.
    #[schemars(extend("x-form" = { "when": { "with": ["text", "file"] }, "as": "text" }))]
    #[serde(default)]
    message: String,
    /// `redirect`: address that the visitor is led to.
    #[schemars(
        title = "Address",
        example = &"https://example.com/thanks",
        extend("x-form" = { "when": { "with": "redirect" } })
    )]
    #[serde(default)]
    url: String,
    /// `markup`: the page itself; what could do harm is taken out.
    #[schemars(extend("x-form" = { "when": { "with": "markup" }, "as": "html" }))]
    #[serde(default)]
    markup: String,
    /// `file`: names of the files of the item that can be saved, separated by commas.
    #[schemars(title = "Files to save", example = &"data", extend("x-form" = { "when": { "with": "file" } }))]
    #[serde(default = "data")]
    files: String,
    /// Title of the page in the browser; that of the form where it is empty.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    page_title: String,
    /// Rules of style (CSS) that follow our own ones.
    #[schemars(extend("x-form" = { "as": "css", "more": true }))]
    #[serde(default)]
    css: Option<String>,
    /// Whether a line below says what serves the page; absent: as the form says.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    attribution: Option<bool>,
}

/// How a visitor is answered at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum With {
    /// A heading and a message.
    #[default]
    Text,
    /// Another address.
    Redirect,
    /// A page of one's own.
    Markup,
    /// A heading, a message, and files to save.
    File,
}

fn data() -> String {
    "data".into()
}

impl NodeType for Page {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "form.page",
            version: 1,
            title: "Form page",
            summary: "Shows the next page of a form, or its end",
            group: Group::Flow,
            effect: Effect::Local,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["form", "next page", "step", "completion", "ending", "thanks", "survey"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        if let Some(fixed) = params.fixed() {
            let mut problems = form::check(&fixed.form, "/form");
            if !fixed.json.is_null() && !node.params["json"].is_null() {
                problems.extend(form::fields_of_json(&fixed.json).err().map(|error| error.problem));
            }
            if !problems.is_empty() {
                return Err(problems);
            }
        }
        Ok(Arc::new(Prepared { params }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.form", versions: &[1.0, 2.3, 2.4, 2.5] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // Defaults, settings of the other kind of page, and the time that an ending waits, which keeps nobody waiting.
        &[
            "operation",
            "defineForm",
            "jsonOutput",
            "formFields",
            "limitWaitTime",
            "limitType",
            "resumeAmount",
            "resumeUnit",
            "maxDateAndTime",
            "respondWith",
            "redirectUrl",
            "completionTitle",
            "completionMessage",
            "responseText",
            "inputDataFieldName",
            "options.buttonLabel",
            "options.formDescription",
        ]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(lift(node))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        lower(&node.params)
    }
}

struct Prepared {
    params: Typed<Params>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Local
    }

    fn shows_pages(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.show(ctx))
    }
}

impl Prepared {
    async fn show(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(&self.params).await?;
        let pass = || Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]));
        if params.show == Show::End {
            let ending = ending(&params.end, ctx).await?;
            // The first answer of a run counts; a visitor who was answered before has seen that.
            ctx.host().respond(ending.answer());
            return pass();
        }
        let mut shown = params.form.clone();
        if !params.json.is_null() {
            shown.fields = form::fields_of_json(&params.json)?;
        }
        let until = params.limit.as_ref().map(|limit| limit.until(ctx)).transpose()?;
        let webhook = Webhook { methods: ["GET", "HEAD", "POST"].map(str::to_owned).to_vec(), ..Webhook::default() };
        let timezone = (!shown.utc).then(|| ctx.info().timezone.to_string());
        let door = Door { webhook, form: Some(shown), timezone };
        match ctx.resumed() {
            Some(Resumed::Signal { payload }) if opens(payload, "POST", Some(&door), ctx.info().step) => {
                form::sent(payload.clone(), ctx)
            }
            Some(Resumed::TimedOut | Resumed::Timer) => pass(),
            _ => {
                let door = serde_json::to_value(door).unwrap_or_default();
                Ok(Outcome::Suspend(Suspend::Signal { name: "form".into(), until, door: Some(door) }))
            }
        }
    }
}

async fn ending(end: &End, ctx: &Ctx) -> Result<Ending, NodeError> {
    let text = matches!(end.with, With::Text | With::File);
    let mut ending = Ending {
        title: if text { end.title.clone() } else { String::new() },
        text: match end.with {
            With::Text | With::File => end.message.clone(),
            With::Markup => end.markup.clone(),
            With::Redirect => String::new(),
        },
        page_title: end.page_title.clone(),
        redirect: None,
        bare: end.with == With::Markup,
        files: Vec::new(),
        css: end.css.clone(),
        attribution: end.attribution,
    };
    match end.with {
        With::Redirect => {
            let target = end.url.trim().parse::<url::Url>().ok();
            let target = target.filter(|target| matches!(target.scheme(), "http" | "https"));
            let target = target.ok_or_else(|| {
                let detail =
                    format!("`{}` is no address to lead a visitor to; expected one that begins with https://", end.url);
                NodeError::parameter("/params/end/url", detail)
            })?;
            ending.redirect = Some(target.into());
        }
        With::File => {
            let names = by_comma(&end.files);
            let input = ctx.input(0);
            let items = input.collect(ctx.spool()).await?;
            for name in if names.is_empty() { vec![end.files.clone()] } else { names } {
                let found: Option<Binary> = items.iter().find_map(|item| item.file(&name).cloned());
                let found = found.ok_or_else(|| {
                    let detail = format!("No binary data with field {name} found.");
                    NodeError::parameter("/params/end/files", detail)
                })?;
                ending.files.push(found);
            }
        }
        With::Text | With::Markup => {}
    }
    Ok(ending)
}

fn lift(node: &part::n8n::Node) -> Lifted {
    let mut params = Map::new();
    if node.text("operation", "page") == "completion" {
        params.insert("show".into(), "end".into());
        let mut end = Map::new();
        let with = node.text("respondWith", "text");
        match with {
            "redirect" => {
                put(&mut end, "with", "redirect");
                copy(node, "redirectUrl", &mut end, "url");
            }
            "showText" => {
                put(&mut end, "with", "markup");
                copy(node, "responseText", &mut end, "markup");
            }
            _ => {
                if with == "returnBinary" {
                    put(&mut end, "with", "file");
                    copy(node, "inputDataFieldName", &mut end, "files");
                }
                copy(node, "completionTitle", &mut end, "title");
                copy(node, "completionMessage", &mut end, "message");
            }
        }
        copy(node, "options.formTitle", &mut end, "pageTitle");
        copy(node, "options.customCss", &mut end, "css");
        copy(node, "options.appendAttribution", &mut end, "attribution");
        params.insert("end".into(), Value::Object(end));
        return Lifted::plain(params);
    }
    let mut form = Map::new();
    copy(node, "options.formTitle", &mut form, "title");
    copy(node, "options.formDescription", &mut form, "description");
    copy(node, "options.buttonLabel", &mut form, "button");
    copy(node, "options.customCss", &mut form, "css");
    if node.text("defineForm", "fields") == "json" {
        params.insert("json".into(), node.value("jsonOutput", "[]"));
    } else {
        let fields = form::lift_fields(node.param("formFields.values"), node.version >= 2.4);
        if fields.as_array().is_some_and(|fields| !fields.is_empty()) {
            form.insert("fields".into(), fields);
        }
    }
    if !form.is_empty() {
        params.insert("form".into(), Value::Object(form));
    }
    lift_limit(node, &mut params);
    Lifted::plain(params)
}

fn lower(params: &Map) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    if get("show") == "end" {
        put(&mut lowered, "operation", "completion");
        let end = get("end");
        match end["with"].as_str() {
            Some("redirect") => {
                put(&mut lowered, "respondWith", "redirect");
                put(&mut lowered, "redirectUrl", end["url"].clone());
            }
            Some("markup") => {
                put(&mut lowered, "respondWith", "showText");
                put(&mut lowered, "responseText", end["markup"].clone());
            }
            with => {
                if with == Some("file") {
                    put(&mut lowered, "respondWith", "returnBinary");
                    put(&mut lowered, "inputDataFieldName", end["files"].clone());
                }
                put(&mut lowered, "completionTitle", end["title"].clone());
                put(&mut lowered, "completionMessage", end["message"].clone());
            }
        }
        put(&mut lowered, "options.formTitle", end["pageTitle"].clone());
        put(&mut lowered, "options.customCss", end["css"].clone());
        put(&mut lowered, "options.appendAttribution", end["attribution"].clone());
        return lowered;
    }
    let form = get("form");
    if get("json").is_null() {
        let fields = form::lower_fields(&form["fields"]);
        if fields.as_array().is_some_and(|fields| !fields.is_empty()) {
            put(&mut lowered, "formFields.values", fields);
        }
    } else {
        put(&mut lowered, "defineForm", "json");
        put(&mut lowered, "jsonOutput", get("json"));
    }
    put(&mut lowered, "options.formTitle", form["title"].clone());
    put(&mut lowered, "options.formDescription", form["description"].clone());
    put(&mut lowered, "options.buttonLabel", form["button"].clone());
    put(&mut lowered, "options.customCss", form["css"].clone());
    lower_limit(&get("limit"), &mut lowered);
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use testkit::step::{Bench, NOW, Ran, failure, items};

    fn attempt(params: Value, resumed: Option<Resumed>) -> Ran {
        let bench = Bench::new(&Page, params).unwrap().info(|info| info.timezone = "Europe/Vienna".into());
        bench.attempt(vec![items(&json!([{ "n": 1 }, { "n": 2 }]))], resumed).unwrap()
    }

    fn door_of(ran: &Ran) -> (Door, Option<i64>) {
        let Some(Suspend::Signal { door: Some(door), until, .. }) = ran.suspended() else { panic!("there is no door") };
        (serde_json::from_value(door.clone()).unwrap(), *until)
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Page);
        testkit::contract::runs(&Page, json!({ "form": { "fields": [{ "label": "A" }] } }), &[json!([{}])]);
        testkit::contract::runs(&Page, json!({ "show": "end", "end": { "title": "Thanks" } }), &[json!([{}])]);
    }

    #[test]
    fn a_page_waits_and_goes_on_with_what_was_sent() {
        let params = json!({ "form": { "title": "Page {{ 2 }}", "fields": [{ "label": "Age", "type": "number" }] },
                             "limit": { "kind": "interval", "amount": 2, "unit": "minutes" } });
        let (door, until) = door_of(&attempt(params.clone(), None));
        assert_eq!((door.timezone.as_deref(), until), (Some("Europe/Vienna"), Some(NOW + 120_000)));
        assert_eq!(door.form.unwrap().fields[0].label, "Age");
        let sent = |step: u32| {
            let payload =
                json!({ "json": { "Age": 7, "formMode": "production" }, "method": "POST", "door": true, "page": step });
            attempt(params.clone(), Some(Resumed::Signal { payload }))
        };
        let step = Bench::new(&Page, json!({})).map(|bench| {
            let mut step = 0;
            let _ = bench.info(|info| step = info.step);
            step
        });
        let step = step.unwrap();
        let mode = if sent(step).json()[0][0]["formMode"] == "test" { "test" } else { "production" };
        assert_eq!(sent(step).json(), [json!([{ "Age": 7, "formMode": mode }])]);
        assert!(sent(step + 1).suspended().is_some(), "what was meant for another page opens none");
        assert_eq!(attempt(params, Some(Resumed::TimedOut)).items(0).len(), 2);
    }

    #[test]
    fn fields_may_be_written_as_json_with_expressions() {
        let json = "=[{ \"fieldLabel\": \"Wish {{ $json.n }}\" }]";
        let (door, _) = door_of(&attempt(json!({ "json": json }), None));
        assert_eq!(door.form.unwrap().fields[0].label, "Wish 1");
        assert_eq!(
            Bench::new(&Page, json!({ "json": "[{ \"oops\": 1 }]" })).err().unwrap().pointer.as_deref(),
            Some("/params/json")
        );
    }

    #[test]
    fn an_ending_says_what_is_shown_and_hands_its_items_on() {
        let shown = |params: Value| {
            let bench = Bench::new(&Page, json!({ "show": "end", "end": params })).unwrap();
            bench.host().await_answer();
            let item = json!([{ "json": {}, "binary": { "cv": { "mimeType": "text/plain", "data": "aGk=", "fileName": "a.txt" } } }]);
            let ran = bench.attempt(vec![items(&item)], None).unwrap();
            assert_eq!(ran.items(0).len(), 1);
            Ending::of(&bench.host().answers()[0]).unwrap()
        };
        assert_eq!(shown(json!({ "title": "Thanks", "message": "Bye" })).title, "Thanks");
        assert_eq!(
            shown(json!({ "with": "redirect", "url": "https://a.example/x" })).redirect.unwrap(),
            "https://a.example/x"
        );
        assert!(shown(json!({ "with": "markup", "markup": "<b>x</b>" })).bare);
        assert_eq!(shown(json!({ "with": "file", "files": "cv" })).files[0].file_name.as_deref(), Some("a.txt"));
        let fails = |end: Value| failure(&Page, json!({ "show": "end", "end": end }), &[json!([{}])]);
        assert!(fails(json!({ "with": "redirect", "url": "javascript:alert(1)" })).contains("is no address"));
        assert_eq!(fails(json!({ "with": "file" })), "No binary data with field data found.");
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (
                1.0,
                json!({ "formFields": { "values": [{ "fieldLabel": "A" }] }, "options": { "formTitle": "T", "buttonLabel": "Next" } }),
            ),
            (1.0, json!({ "defineForm": "json", "jsonOutput": "=[{ \"fieldLabel\": \"{{ $json.a }}\" }]" })),
            (
                2.3,
                json!({ "formFields": { "values": [{ "fieldType": "html", "elementName": "e", "html": "<b>{{ $json.a }}</b>" }] } }),
            ),
            (2.3, json!({ "limitWaitTime": true, "resumeAmount": 45, "resumeUnit": "minutes" })),
            (2.3, json!({ "limitWaitTime": true, "limitType": "atSpecifiedTime", "maxDateAndTime": "2030-01-01" })),
            (
                1.0,
                json!({ "operation": "completion", "completionTitle": "Done", "completionMessage": "={{ $json.a }}" }),
            ),
            (2.5, json!({ "operation": "completion", "respondWith": "redirect", "redirectUrl": "https://a.example" })),
            (2.3, json!({ "operation": "completion", "respondWith": "showText", "responseText": "<b>x</b>" })),
            (
                2.4,
                json!({ "operation": "completion", "respondWith": "returnBinary", "completionTitle": "T", "inputDataFieldName": "a, b",
                        "options": { "formTitle": "P", "appendAttribution": false, "customCss": "b {}" } }),
            ),
        ] {
            crate::lift::check_round_trip(&Page, version, parameters);
        }
    }
}
