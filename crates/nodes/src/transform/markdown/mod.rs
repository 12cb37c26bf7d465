//! `core.markdown`: makes HTML of Markdown, and Markdown of HTML.
//!
//! ```json
//! { "mode": "markdownToHtml", "markdown": "# Hello" }
//! ```
//! makes `{ "data": "<h1 id=\"hello\">Hello</h1>" }`. `html` writes HTML, `text` writes Markdown.

mod html;
mod text;

use model::{Code, Item, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names};
use part::{Ctx, Descriptor, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::lenient;
use crate::lift::not_honoured;
use crate::path::Path;

/// What `core.markdown` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Which of the two is made.
    #[schemars(title = "Do")]
    #[serde(default)]
    mode: Mode,
    /// The HTML that Markdown is made of.
    #[schemars(title = "HTML", extend("x-form" = { "when": { "mode": "htmlToMarkdown" }, "as": "html" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    html: String,
    /// The Markdown that HTML is made of.
    #[schemars(extend("x-form" = { "when": { "mode": "markdownToHtml" }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    markdown: String,
    /// Name of the field that takes the result; dots lead into nested values.
    #[schemars(title = "Into the field", example = &"data")]
    #[serde(default = "data")]
    destination_key: String,
    /// How HTML is written.
    #[schemars(
        title = "How HTML is written",
        extend("x-form" = { "when": { "mode": "markdownToHtml" }, "more": true })
    )]
    #[serde(default)]
    to_html: html::Options,
    /// How Markdown is written.
    #[schemars(
        title = "How Markdown is written",
        extend("x-form" = { "when": { "mode": "htmlToMarkdown" }, "more": true })
    )]
    #[serde(default)]
    to_markdown: text::Options,
}

fn data() -> String {
    "data".into()
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Makes Markdown of HTML.
    #[default]
    HtmlToMarkdown,
    /// Makes HTML of Markdown.
    MarkdownToHtml,
}

/// Names of elements, separated by commas.
fn elements<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = lenient::text(deserializer)?;
    Ok(names.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect())
}

/// Makes HTML of Markdown, and Markdown of HTML.
pub struct Markdown;

/// Options that showdown, which n8n uses, has and we do not.
const NOT_HONOURED: [(&str, &str); 5] = [
    ("emoji", "is not there: names of emoji stay as they are"),
    ("backslashEscapesHTMLTags", "is not there: a backslash before a tag hides the bracket alone"),
    ("literalMidWordAsterisks", "is not there: asterisks inside a word make emphasis, as in CommonMark"),
    ("smartIndentationFix", "is not there: lines keep their indentation"),
    ("splitAdjacentBlockquotes", "is always so: an empty line ends a quotation"),
];

impl Plain for Markdown {
    type Params = Params;

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        let of_html = node.params.get("mode").is_none_or(|mode| mode == "htmlToMarkdown");
        let place = if of_html { "html" } else { "markdown" };
        match node.params.get(place).is_none_or(|text| text == "") {
            true => vec![Problem::new(Code::InvalidParameter, "there is no text").at(format!("/params/{place}"))],
            false => Vec::new(),
        }
    }

    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["html", "convert", "text", "commonmark"],
        ..Descriptor::pure::<Params>(
            "core.markdown",
            Group::Transform,
            "Markdown",
            "Makes HTML of Markdown, and Markdown of HTML",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.markdown", versions: &[1.0] }];
    const NAMES: Names = &[
        ("mode", "mode"),
        ("html", "html"),
        ("markdown", "markdown"),
        ("destinationKey", "destinationKey"),
        ("toHtml.openLinksInNewWindow", "options.openLinksInNewWindow"),
        ("toHtml.simplifiedAutoLink", "options.simplifiedAutoLink"),
        ("toHtml.excludeTrailingPunctuationFromUrls", "options.excludeTrailingPunctuationFromURLs"),
        ("toHtml.completeHtmlDocument", "options.completeHTMLDocument"),
        ("toHtml.customizedHeaderId", "options.customizedHeaderId"),
        ("toHtml.ghCodeBlocks", "options.ghCodeBlocks"),
        ("toHtml.ghCompatibleHeaderId", "options.ghCompatibleHeaderId"),
        ("toHtml.ghMentions", "options.ghMentions"),
        ("toHtml.ghMentionsLink", "options.ghMentionsLink"),
        ("toHtml.tasklists", "options.tasklists"),
        ("toHtml.headerLevelStart", "options.headerLevelStart"),
        ("toHtml.requireSpaceBeforeHeadingText", "options.requireSpaceBeforeHeadingText"),
        ("toHtml.literalMidWordUnderscores", "options.literalMidWordUnderscores"),
        ("toHtml.noHeaderId", "options.noHeaderId"),
        ("toHtml.parseImgDimensions", "options.parseImgDimensions"),
        ("toHtml.prefixHeaderId", "options.prefixHeaderId"),
        ("toHtml.rawHeaderId", "options.rawHeaderId"),
        ("toHtml.rawPrefixHeaderId", "options.rawPrefixHeaderId"),
        ("toHtml.simpleLineBreaks", "options.simpleLineBreaks"),
        ("toHtml.indentBy2", "options.disableForced4SpacesIndentedSublists"),
        ("toHtml.strikethrough", "options.strikethrough"),
        ("toHtml.tables", "options.tables"),
        ("toHtml.tablesHeaderId", "options.tablesHeaderId"),
        ("toMarkdown.bulletMarker", "options.bulletMarker"),
        ("toMarkdown.codeFence", "options.codeFence"),
        ("toMarkdown.codeBlockStyle", "options.codeBlockStyle"),
        ("toMarkdown.emDelimiter", "options.emDelimiter"),
        ("toMarkdown.strongDelimiter", "options.strongDelimiter"),
        ("toMarkdown.globalEscape", "options.globalEscape.value"),
        ("toMarkdown.lineStartEscape", "options.lineStartEscape.value"),
        ("toMarkdown.textReplace", "options.textReplace.values"),
        ("toMarkdown.ignore", "options.ignore"),
        ("toMarkdown.blockElements", "options.blockElements"),
        ("toMarkdown.keepDataImages", "options.keepDataImages"),
        ("toMarkdown.maxConsecutiveNewlines", "options.maxConsecutiveNewlines"),
        ("toMarkdown.useLinkReferenceDefinitions", "options.useLinkReferenceDefinitions"),
    ];
    // Addresses are never scrambled: it hides nothing from whoever reads pages by program.
    const IDLE: &'static [&'static str] = &["options.encodeEmails"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut lifted = Lifted::default();
        for (ours, theirs) in Self::NAMES {
            n8n::put(&mut lifted.params, ours, node.param(theirs).clone());
        }
        for (option, why) in NOT_HONOURED {
            let place = format!("options.{option}");
            if !matches!(node.param(&place), Value::Null | Value::Bool(false)) {
                not_honoured(&mut lifted, &place, why);
            }
        }
        lifted
    }

    fn lower(params: &model::Map, _to: &n8n::Version) -> model::Map {
        let mut map = model::Map::new();
        for (ours, theirs) in Self::NAMES {
            let value = match ours.split_once('.') {
                Some((group, name)) => params.get(group).and_then(|group| group.get(name)),
                None => params.get(*ours),
            };
            n8n::put(&mut map, theirs, value.cloned().unwrap_or_default());
        }
        map
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        ctx.each(params, |params, item| {
            let made = match params.mode {
                Mode::HtmlToMarkdown => text::write(&params.html, &params.to_markdown)?,
                Mode::MarkdownToHtml => html::write(&params.markdown, &params.to_html),
            };
            // As in n8n, files do not come along.
            let mut made_of = Item::new(item.json.clone());
            Path::new(&params.destination_key, true).set(&mut made_of.json, Value::String(made));
            Ok(vec![made_of])
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Markdown);
        contract::runs(&Markdown, json!({ "html": "<p>x</p>" }), &[json!([{}])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let params = json!({ "mode": "markdownToHtml", "markdown": "# Hello" });
        let outputs = run(&Markdown, params, &[json!([{}])]).unwrap();
        assert_eq!(outputs, [json!([{ "data": "<h1 id=\"hello\">Hello</h1>" }])]);
    }

    #[test]
    fn the_result_joins_the_other_fields() {
        let params = json!({ "html": "={{ $json.h }}", "destinationKey": "out.md" });
        let input = json!([{ "json": { "h": "<b>x</b>" }, "binary": { "f": { "mimeType": "x/y" } } }]);
        let ran = Bench::new(&Markdown, params).unwrap().run(&[input]).unwrap();
        assert_eq!(ran.json(), [json!([{ "h": "<b>x</b>", "out": { "md": "**x**" } }])]);
        assert!(ran.files(0, 0).is_empty());
    }

    #[test]
    fn hostile_documents_are_refused_or_end_soon() {
        for levels in [600, 200_000] {
            let deep = "<div>".repeat(levels);
            assert!(failure(&Markdown, json!({ "html": deep }), &[json!([{}])]).contains("nested"), "{levels}");
        }
        let crowded: String = (0..50_000).map(|number| format!(" a{number}")).collect();
        let html = format!("<p{crowded}>x</p>");
        assert!(failure(&Markdown, json!({ "html": html }), &[json!([{}])]).contains("attributes"));
        for markdown in ["[".repeat(50_000), "> ".repeat(5000), "*a_".repeat(20_000), "![](".repeat(20_000)] {
            let params = json!({ "mode": "markdownToHtml", "markdown": markdown });
            assert!(run(&Markdown, params, &[json!([{}])]).is_ok());
        }
    }

    #[test]
    fn all_parameters_come_back_and_what_is_not_there_is_named() {
        let options = json!({ "bulletMarker": "-", "ignore": "nav", "globalEscape": { "value": { "pattern": "a", "replacement": "b" } } });
        check_round_trip(&Markdown, 1.0, json!({ "html": "x", "options": options }));
        let options = json!({ "tables": true, "headerLevelStart": 2, "completeHTMLDocument": true });
        check_round_trip(&Markdown, 1.0, json!({ "mode": "markdownToHtml", "markdown": "x", "options": options }));
        let node = crate::lift::node("n8n-nodes-base.markdown", 1.0, json!({ "options": { "emoji": true } }));
        assert_eq!(Markdown::lift(&node).problems[0].pointer.as_deref(), Some("/parameters/options/emoji"));
    }
}
