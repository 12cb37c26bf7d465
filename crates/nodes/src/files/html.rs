//! `core.html`: templates of web pages, what is in pages, and tables of items.

use std::borrow::Cow;
use std::sync::Arc;

use formats::page::{Page, Selector};
use formats::text;
use model::{Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Group, NodeError, One, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::convert::all;
use super::file::{TIME, WHOLE, refusal, wanted};
use crate::lift::{named, renamed};
use crate::path::Path;
use crate::{js, lenient};

/// What `core.html` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[serde(default)]
    operation: Operation,
    /// The template: HTML with `{{ … }}` in it (`generateHtmlTemplate`).
    #[schemars(title = "HTML", extend("x-form" = { "when": { "operation": "generateHtmlTemplate" }, "as": "html" }))]
    #[schemars(with = "String")]
    #[serde(default = "template")]
    html: Template,
    /// Where the page is (`extractHtmlContent`).
    #[schemars(
        title = "HTML is in",
        extend("default" = "json", "x-form" = { "when": { "operation": "extractHtmlContent" } })
    )]
    #[serde(default)]
    source_data: Source,
    /// Name of the field or file with the page. A field may hold a list of pages.
    #[schemars(
        title = "Field or file",
        example = &"data",
        extend("x-form" = { "when": { "operation": "extractHtmlContent" } })
    )]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    data_property_name: String,
    /// What is taken from the page.
    #[schemars(title = "Take out", extend("x-form" = { "when": { "operation": "extractHtmlContent" } }))]
    #[serde(default)]
    values: Vec<Wanted>,
    /// White space at the ends of values is left out.
    #[schemars(extend("x-form" = { "when": { "operation": "extractHtmlContent" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    trim_values: bool,
    /// Line breaks in values are left out, and white space becomes one blank.
    #[schemars(extend("x-form" = { "when": { "operation": "extractHtmlContent" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    clean_up_text: bool,
    /// Texts are taken as they are in the page, of all elements that are found; otherwise the text of the first is laid
    /// out as plain text, with lines, lists and addresses of links.
    #[schemars(extend("x-form" = { "when": { "operation": "extractHtmlContent" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    plain_text: bool,
    /// Names of columns begin with a capital, and `_` in them is a blank (`convertToHtmlTable`).
    #[schemars(
        title = "Capitals in headings",
        extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    capitalize: bool,
    /// The table brings no look of its own.
    #[schemars(
        title = "Without our styles",
        extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    custom_styling: bool,
    /// Caption of the table.
    #[schemars(extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    caption: String,
    /// Attributes of the table's element.
    #[schemars(extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    table_attributes: String,
    /// Attributes of the header's element.
    #[schemars(extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    header_attributes: String,
    /// Attributes of each row's element.
    #[schemars(extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    row_attributes: String,
    /// Attributes of each cell's element.
    #[schemars(extend("x-form" = { "when": { "operation": "convertToHtmlTable" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    cell_attributes: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Each item's page of a template.
    #[default]
    GenerateHtmlTemplate,
    /// What is in each item's page.
    ExtractHtmlContent,
    /// One table of all items.
    ConvertToHtmlTable,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Source {
    /// In a file.
    Binary,
    /// In a field.
    #[default]
    Json,
}

/// A value to take from a page.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Wanted {
    /// Field that it goes into.
    #[schemars(title = "Into the field", example = &"price")]
    #[serde(deserialize_with = "lenient::text")]
    key: String,
    /// The elements that it is in, a selector of CSS.
    #[schemars(title = "CSS selector", example = &".price")]
    #[serde(deserialize_with = "lenient::text")]
    css_selector: String,
    /// What of them.
    #[schemars(title = "Take", extend("default" = "text"))]
    return_value: Kind,
    /// Name of the attribute.
    #[schemars(example = &"href", extend("x-form" = { "when": { "returnValue": "attribute" } }))]
    #[serde(deserialize_with = "lenient::text")]
    attribute: String,
    /// Elements inside whose text is left out, selectors separated by commas.
    #[schemars(title = "But not", example = &".note", extend("x-form" = { "when": { "returnValue": "text" } }))]
    #[serde(deserialize_with = "lenient::text")]
    skip_selectors: String,
    /// A list with a value for each element.
    #[serde(deserialize_with = "lenient::flag")]
    return_array: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Kind {
    /// An attribute.
    Attribute,
    /// The HTML inside.
    Html,
    /// The text inside.
    #[default]
    Text,
    /// The value of a field of a form.
    Value,
}

fn data() -> String {
    "data".into()
}

/// A template, whole or taken apart.
#[derive(Deserialize)]
#[serde(untagged)]
enum Template {
    Parts(Vec<Part>),
    Whole(Value),
}

/// Text, or what an expression in a template comes to.
#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Filled {
        #[serde(default, deserialize_with = "lenient::given")]
        value: Option<Value>,
    },
}

impl Template {
    fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            // As in n8n's node, and nowhere else: what is not there is shown to be.
            Part::Filled { value } => js::text_of(value.as_ref()),
        };
        match self {
            Template::Parts(parts) => parts.iter().map(part).collect(),
            Template::Whole(value) => lenient::to_text(value.clone()),
        }
    }
}

/// Texts and expressions of a template.
fn parts(template: &str) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find("{{")
        && let Some(close) = rest[open..].find("}}").map(|close| open + close + 2)
    {
        parts.push(rest[..open].into());
        parts.push(json!({ "value": format!("={}", &rest[open..close]) }));
        rest = &rest[close..];
    }
    parts.push(rest.into());
    parts
}

fn template() -> Template {
    let text = "<!DOCTYPE html>\n\n<html>\n<head>\n  <meta charset=\"UTF-8\" />\n  <title>My HTML document</title>\n</head>\n<body>\n\
     </body>\n</html>";
    Template::Whole(text.into())
}

/// Pages and tables.
pub struct Html;

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("html", "html"),
    ("sourceData", "sourceData"),
    ("dataPropertyName", "dataPropertyName"),
    ("values", "extractionValues.values"),
    ("trimValues", "options.trimValues"),
    ("cleanUpText", "options.cleanUpText"),
    ("capitalize", "options.capitalize"),
    ("customStyling", "options.customStyling"),
    ("caption", "options.caption"),
    ("tableAttributes", "options.tableAttributes"),
    ("headerAttributes", "options.headerAttributes"),
    ("rowAttributes", "options.rowAttributes"),
    ("cellAttributes", "options.cellAttributes"),
];

impl Plain for Html {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["extract", "scrape", "selector", "template", "table", "web", "page"],
        ..Descriptor::pure::<Params>(
            "core.html",
            Group::Transform,
            "HTML",
            "Takes values from web pages, fills templates and makes tables",
        )
    };
    const N8N: &'static [Mapping] = &[
        Mapping { node_type: "n8n-nodes-base.html", versions: &[1.0, 1.1, 1.2] },
        Mapping { node_type: "n8n-nodes-base.htmlExtract", versions: &[1.0] },
    ];
    const NAMES: n8n::Names = NAMES;

    fn compiled(params: &Map) -> Cow<'_, Map> {
        let fills = params.get("operation").is_none_or(|operation| operation == "generateHtmlTemplate");
        let template = params.get("html").and_then(Value::as_str).and_then(|html| html.strip_prefix('='));
        let Some(template) = template.filter(|_| fills) else { return Cow::Borrowed(params) };
        let mut params = params.clone();
        // A text that begins like an expression is none here.
        let texts = parts(template);
        let is_plain = |part: &Value| part.as_str().is_none_or(|text| !text.starts_with('='));
        if texts.iter().all(is_plain) {
            params.insert("html".into(), texts.into());
        }
        Cow::Owned(params)
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = named(node, NAMES);
        if node.node_type.ends_with(".htmlExtract") {
            params.insert("operation".into(), "extractHtmlContent".into());
        }
        if node.version < 1.2 {
            params.insert("plainText".into(), true.into());
        }
        // A template without `=` is one all the same: its `{{ … }}` are filled in.
        if let Some(html) = params.get("html").and_then(Value::as_str)
            && !html.starts_with('=')
            && html.contains("{{")
        {
            params.insert("html".into(), format!("={html}").into());
        }
        Lifted::plain(params)
    }

    fn lower(params: &Map, to: &Version) -> Map {
        let mut lowered = renamed(params, NAMES);
        if to.node_type.ends_with(".htmlExtract") {
            lowered.shift_remove("operation");
        }
        if let Some(html) = lowered.get("html").and_then(Value::as_str).and_then(|html| html.strip_prefix('='))
            && html.contains("{{")
        {
            lowered.insert("html".into(), html.to_owned().into());
        }
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        if let Ok(first) = ctx.typed_once(params).await
            && first.operation == Operation::ConvertToHtmlTable
            && !ctx.input(0).is_empty()
        {
            return table(ctx, params, &first).await;
        }
        ctx.each_async(params, |one| {
            Box::pin(async move {
                let One { ctx, params, item, position } = one;
                match params.operation {
                    Operation::ExtractHtmlContent => extract(ctx, &params, &item, position).await,
                    _ => Ok(vec![Item::new(Map::from_iter([("html".to_owned(), params.html.text().into())]))]),
                }
            })
        })
        .await
    }
}

/// Items for the pages of one.
async fn extract(ctx: &Ctx, params: &Arc<Params>, item: &Item, position: usize) -> Result<Vec<Item>, NodeError> {
    let name = &params.data_property_name;
    let pages: Vec<String> = match params.source_data {
        Source::Json => match Path::new(name, true).get(&item.json) {
            None => return Err(NodeError::bad_data(format!("No property named \"{name}\" exists!"))),
            Some(Value::Array(list)) => list.iter().map(js::text).collect(),
            Some(value) => vec![js::text(value)],
        },
        Source::Binary => {
            let file = wanted(item, &name.as_str().into(), position)?;
            let bytes = ctx.read_file_whole(&file, WHOLE).await?;
            vec![text::decode(&bytes, "utf8", false).map_err(refusal)?]
        }
    };
    let params = params.clone();
    let made =
        ctx.compute(TIME, move || pages.iter().map(|page| params.values_of(page)).collect::<Result<Vec<_>, _>>());
    Ok(made.await?.map_err(refusal)?.into_iter().map(Item::new).collect())
}

impl Params {
    fn values_of(&self, text: &str) -> formats::Result<Map> {
        let page = Page::read(text)?;
        let mut map = Map::new();
        for wanted in &self.values {
            let found = match wanted.css_selector.trim() {
                "" => Vec::new(),
                selector => page.select(&Selector::read(selector)?)?,
            };
            let mut skipped = Vec::new();
            for selector in wanted.skip_selectors.split(',').map(str::trim).filter(|selector| !selector.is_empty()) {
                skipped.extend(page.select(&Selector::read(selector)?)?);
            }
            let value = |ids: &[usize]| -> Option<Value> {
                let first = *ids.first().unwrap_or(&usize::MAX);
                let given = |text: String| (!text.is_empty()).then_some(text);
                let value = match wanted.return_value {
                    Kind::Text if self.plain_text => given(ids.iter().map(|id| page.text(*id)).collect())?,
                    Kind::Text if ids.is_empty() => String::new(),
                    Kind::Text => page.plain(first, &skipped),
                    _ if ids.is_empty() => return None,
                    Kind::Attribute => page.attribute(first, &wanted.attribute)?.to_owned(),
                    Kind::Html => given(page.inner(first))?,
                    Kind::Value => page.value(first)?,
                };
                Some(self.cleaned(value).into())
            };
            if wanted.return_array {
                let list: Vec<Value> = found.iter().map(|id| value(&[*id]).unwrap_or_default()).collect();
                map.insert(wanted.key.clone(), list.into());
            } else if let Some(value) = value(&found) {
                map.insert(wanted.key.clone(), value);
            }
        }
        Ok(map)
    }

    fn cleaned(&self, value: String) -> String {
        let value = if self.trim_values { value.trim().to_owned() } else { value };
        if !self.clean_up_text {
            return value;
        }
        let mut out = String::new();
        for c in value.trim().chars().filter(|c| !matches!(c, '\r' | '\n')) {
            match c.is_whitespace() {
                true if out.ends_with(' ') => {}
                true => out.push(' '),
                false => out.push(c),
            }
        }
        out
    }
}

/// Most bytes of a table.
const TABLE: usize = 64 << 20;

/// One table of all items.
async fn table(ctx: &Ctx, params: &Typed<Params>, first: &Params) -> Result<Outcome, NodeError> {
    let input = ctx.input(0);
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for segment in input.segments() {
        for item in segment.load(ctx.spool()).await?.iter() {
            for name in item.json.keys().filter(|name| !known.contains(*name)).collect::<Vec<_>>() {
                names.push(name.clone());
            }
            known.extend(item.json.keys().cloned());
        }
    }
    let (table_style, header_style, cell_style) = match first.custom_styling {
        true => ("", "", ""),
        false => (
            "style='border-spacing:0; font-family:helvetica,arial,sans-serif'",
            "style='margin:0; padding:7px 20px 7px 0px; border-bottom:1px solid #eee; text-align:left; color:#888; \
             font-weight:normal'",
            "style='margin:0; padding:7px 20px 7px 0px; border-bottom:1px solid #eee'",
        ),
    };
    let mut out = format!("<table {table_style} {}>", first.table_attributes);
    if !first.caption.is_empty() {
        out.push_str(&format!("<caption>{}</caption>", first.caption));
    }
    out.push_str(&format!("<thead {header_style} {}><tr>", first.header_attributes));
    for name in &names {
        out.push_str(&format!("<th>{}</th>", header(name, first.capitalize)));
    }
    out.push_str("</tr></thead><tbody>");
    let mut position = 0;
    for segment in input.segments() {
        let items = segment.load(ctx.spool()).await?;
        for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
            let params = params?;
            out.push_str(&format!("<tr  {}>", params.row_attributes));
            for name in &names {
                out.push_str(&format!("<td {cell_style} {}>", params.cell_attributes));
                match item.json.get(name) {
                    Some(Value::Bool(true)) => out.push_str("<input type=\"checkbox\" checked=\"checked\"/>"),
                    Some(Value::Bool(false)) => out.push_str("<input type=\"checkbox\" />"),
                    value => out.push_str(&js::text_of(value)),
                }
                out.push_str("</td>");
            }
            out.push_str("</tr>");
            position += 1;
        }
        if out.len() > TABLE {
            return Err(refusal(formats::Error::Limit(format!("the table has more than {TABLE} bytes"))));
        }
    }
    out.push_str("</tbody></table>");
    let mut outputs = ctx.outputs(1);
    outputs.push(0, Item::new(Map::from_iter([("table".to_owned(), out.into())])), all(input.len())).await?;
    outputs.done().await
}

/// `first_name` → `First Name`.
fn header(name: &str, capitalize: bool) -> String {
    if !capitalize {
        return name.to_owned();
    }
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    name.split('_').filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::super::file::testing::item;
    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Html);
        contract::runs(&Html, json!({}), &[json!([{}])]);
    }

    #[test]
    fn a_template_is_filled_for_each_item() {
        let params = json!({ "html": "=<b>{{ $json.n }}</b> and {{ $json.n + 1 }}" });
        let outputs = run(&Html, params, &[json!([{ "n": 1 }, { "n": 2 }])]).unwrap();
        assert_eq!(outputs[0], json!([{ "html": "<b>1</b> and 2" }, { "html": "<b>2</b> and 3" }]));
        let odd = json!({ "html": "={{ $json.gone }}|{{ null }}|{{ [1, [2]] }}|{{ { a: 1 } }}|{{ $json.t }}" });
        let outputs = run(&Html, odd, &[json!([{ "t": "=x" }])]).unwrap();
        assert_eq!(outputs[0], json!([{ "html": "undefined|null|1,2|[object Object]|=x" }]));
        let whole = json!({ "html": "={{ $json.gone }}= {{ 1 }}" });
        assert_eq!(run(&Html, whole, &[json!([{}])]).unwrap()[0], json!([{ "html": "= 1" }]));
        let lifted = Html::lift(&crate::lift::node("n8n-nodes-base.html", 1.2, json!({ "html": "<b>{{ 1 }}</b>" })));
        assert_eq!(lifted.params["html"], "=<b>{{ 1 }}</b>");
    }

    fn take(values: Value, more: Value, page: Value) -> Value {
        let mut params = json!({ "operation": "extractHtmlContent", "values": values });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(&Html, params, &[json!([{ "data": page }])]).unwrap().remove(0)
    }

    #[test]
    fn values_are_taken_from_pages() {
        let page = "<div><p class=\"x\"> one <b>b</b></p><p>two</p><a href=\"/u\">l</a><input value=\"v\"></div>";
        let values = json!([
            { "key": "text", "cssSelector": "p" },
            { "key": "all", "cssSelector": "p", "returnArray": true },
            { "key": "html", "cssSelector": ".x", "returnValue": "html" },
            { "key": "link", "cssSelector": "a", "returnValue": "attribute", "attribute": "href" },
            { "key": "value", "cssSelector": "input", "returnValue": "value" },
            { "key": "none", "cssSelector": "em", "returnValue": "html" },
            { "key": "no text", "cssSelector": "em" },
            { "key": "skipped", "cssSelector": ".x", "skipSelectors": "b" },
        ]);
        assert_eq!(
            take(values.clone(), json!({}), json!(page)),
            json!([{
                "text": "one b", "all": ["one b", "two"], "html": " one <b>b</b>", "link": "/u", "value": "v",
                "no text": "", "skipped": "one",
            }])
        );
        let old = take(values, json!({ "plainText": true, "trimValues": true }), json!(page));
        assert_eq!(
            old,
            json!([{
                "text": "one btwo", "all": ["one b", "two"], "html": "one <b>b</b>", "link": "/u", "value": "v",
                "skipped": "one b",
            }])
        );
    }

    #[test]
    fn lists_of_pages_and_files_are_read_and_texts_cleaned() {
        let values = || json!([{ "key": "t", "cssSelector": "p" }]);
        let two = take(values(), json!({}), json!(["<p>a</p>", "<p>b</p>"]));
        assert_eq!(two, json!([{ "t": "a" }, { "t": "b" }]));
        let cleaned = take(values(), json!({ "cleanUpText": true }), json!("<p>a<br>b  c</p>"));
        assert_eq!(cleaned, json!([{ "t": "ab c" }]), "line breaks are left out, as in n8n");
        let params = json!({ "operation": "extractHtmlContent", "sourceData": "binary", "values": values() });
        let outputs = run(&Html, params, &[json!([item("a.html", "text/html", "<p>é</p>")])]).unwrap();
        assert_eq!(outputs[0], json!([{ "t": "é" }]));
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        let params = |selector: &str| json!({ "operation": "extractHtmlContent", "values": [{ "key": "t", "cssSelector": selector }] });
        assert_eq!(failure(&Html, params("p"), &[json!([{}])]), "No property named \"data\" exists!");
        let detail = failure(&Html, params("p:nope"), &[json!([{ "data": "<p>" }])]);
        assert!(detail.starts_with("`p:nope` is no selector"), "{detail}");
        let deep = "<div>".repeat(10_000);
        let detail = failure(&Html, params("p"), &[json!([{ "data": deep }])]);
        assert!(detail.contains("nested more than"), "{detail}");
    }

    #[test]
    fn items_become_one_table() {
        let params = json!({
            "operation": "convertToHtmlTable", "customStyling": true, "capitalize": true, "caption": "C",
            "tableAttributes": "id=t", "rowAttributes": "={{ 'r' + $json.first_name }}",
        });
        let ran = Bench::new(&Html, params).unwrap();
        let mut ran = ran;
        let ran = ran.run(&[json!([{ "first_name": 1 }, { "first_name": 2, "ok": true }])]).unwrap();
        assert_eq!(
            ran.json()[0],
            json!([{ "table": "<table  id=t><caption>C</caption><thead  ><tr><th>First Name</th><th>Ok</th></tr></thead>\
                               <tbody><tr  r1><td  >1</td><td  >undefined</td></tr><tr  r2><td  >2</td><td  ><input \
                               type=\"checkbox\" checked=\"checked\"/></td></tr></tbody></table>" }])
        );
        assert_eq!(ran.origins(0), [[(0, 0), (0, 1)]]);
        let plain = run(&Html, json!({ "operation": "convertToHtmlTable" }), &[json!([{ "a": 1 }])]).unwrap();
        let text = plain[0][0]["table"].as_str().unwrap();
        assert!(
            text.starts_with("<table style='border-spacing:0; font-family:helvetica,arial,sans-serif' ><thead style=")
        );
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.2, json!({ "html": "<b>{{ $json.a }}</b>" })),
            (
                1.1,
                json!({ "operation": "extractHtmlContent", "extractionValues": { "values": [{ "key": "a", "cssSelector": "p", "returnValue": "attribute", "attribute": "x", "returnArray": true }] }, "options": { "trimValues": false, "cleanUpText": true } }),
            ),
            (1.2, json!({ "operation": "convertToHtmlTable", "options": { "capitalize": true, "caption": "c" } })),
        ] {
            check_round_trip(&Html, version, parameters);
        }
    }
}
