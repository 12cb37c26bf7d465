//! Markdown of HTML. The document is read by a browser's rules; white space, escapes and empty lines are written as
//! n8n's node writes them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::LazyLock;

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, QualName, local_name, ns, parse_fragment};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use part::NodeError;
use regex::{Captures, Regex};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;

/// How Markdown is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// What stands before an item of a list.
    bullet_marker: String,
    /// What encloses a block of code.
    code_fence: String,
    /// Whether blocks of code are enclosed or indented.
    code_block_style: CodeBlockStyle,
    /// What encloses emphasis.
    em_delimiter: String,
    /// What encloses strong emphasis.
    strong_delimiter: String,
    /// Replaces a text in all texts, instead of escaping what has a meaning in Markdown.
    global_escape: Option<Replacement>,
    /// Replaces a text in all texts, instead of escaping what has a meaning at the beginning of a line.
    line_start_escape: Option<Replacement>,
    /// Texts to replace in all texts.
    text_replace: Vec<Replacement>,
    /// Names of elements to leave out, separated by commas.
    #[serde(deserialize_with = "super::elements")]
    #[schemars(with = "String")]
    ignore: Vec<String>,
    /// Names of further elements that stand on lines of their own, separated by commas.
    #[serde(deserialize_with = "super::elements")]
    #[schemars(with = "String")]
    block_elements: Vec<String>,
    /// Pictures that the document itself holds (`data:`) stay.
    keep_data_images: bool,
    /// Most line breaks in a row.
    #[serde(deserialize_with = "lenient::whole")]
    max_consecutive_newlines: u16,
    /// Addresses of links are collected at the end.
    use_link_reference_definitions: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bullet_marker: "*".into(),
            code_fence: "```".into(),
            code_block_style: CodeBlockStyle::Fence,
            em_delimiter: "_".into(),
            strong_delimiter: "**".into(),
            global_escape: None,
            line_start_escape: None,
            text_replace: Vec::new(),
            ignore: Vec::new(),
            block_elements: Vec::new(),
            keep_data_images: false,
            max_consecutive_newlines: 3,
            use_link_reference_definitions: false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum CodeBlockStyle {
    /// Enclosed.
    #[default]
    Fence,
    /// Indented.
    Indented,
}

/// A text and what replaces its first occurrence.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Replacement {
    /// The text to look for.
    #[serde(default)]
    pattern: String,
    /// What stands in its place.
    #[serde(default)]
    replacement: String,
}

/// Most levels that a document may have.
const DEEPEST: usize = 500;

const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "audio",
    "blockquote",
    "body",
    "canvas",
    "center",
    "dd",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "isindex",
    "main",
    "menu",
    "nav",
    "noframes",
    "output",
    "p",
    "pre",
    "section",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
];
const IGNORED: &[&str] = &[
    "area", "base", "col", "command", "embed", "head", "input", "keygen", "link", "meta", "noscript", "param",
    "script", "source", "style", "template", "title", "track", "wbr",
];

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is fixed")
}

static SPECIAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\\`*_~\[\]]"));
static LINE_START: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^(\s*?)(\+\s|[=>-]|#{1,6}\s)|(\d+)(\.\s)"));
static LINE_BREAKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\r?\n)+"));
static INNER_BREAKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"([^\r\n])(?:\r?\n)+"));
static LINE_ENDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)(\S)[\s&&[^\r\n]]+$"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^(>*)[\s&&[^\r\n]]?"));
static CELL_END: LazyLock<Regex> = LazyLock::new(|| pattern(r" \|\s*$"));
static ROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:\|\s+)?(.+)\s*\|\s*$"));
static TICKS: LazyLock<Regex> = LazyLock::new(|| pattern("`+"));

/// Writes a document.
///
/// # Errors
/// When it is nested too deeply.
pub fn write(html: &str, options: &Options) -> Result<String, NodeError> {
    if unclosed(html) > MOST_OPEN {
        return Err(too_deep());
    }
    if formats::page::is_suspect(html) {
        formats::page::Page::read(html).map_err(|error| NodeError::bad_data(error.to_string()))?;
    }
    let name = QualName::new(None, ns!(html), local_name!("body"));
    let dom = parse_fragment(RcDom::default(), ParseOpts::default(), name, Vec::new(), false).one(html);
    let root = Node::new(&dom.document, 0)?;
    let mut writer = Writer { out: String::new(), links: Vec::new(), options };
    // What was read stands in an element of its own.
    let inside = |node: &Node| match &node.kind {
        Kind::Element { children, .. } => children.len() == 1,
        Kind::Text(_) => false,
    };
    let top = match &root.kind {
        Kind::Element { children, .. } if inside(&root) => &children[0],
        _ => &root,
    };
    if let Kind::Element { children, .. } = &top.kind {
        children.iter().for_each(|child| writer.node(child, &Scope::default(), top));
    }
    let Writer { mut out, links, .. } = writer;
    if options.use_link_reference_definitions {
        if !out.ends_with(['\r', '\n']) {
            out.push('\n');
        }
        for (at, link) in links.iter().enumerate() {
            out.push_str(&format!("\n[{}]: {link}", at + 1));
        }
    }
    let most = options.max_consecutive_newlines;
    if most > 0
        && let Ok(many) = Regex::new(&format!(r"(?:\r?\n\s*)+((?:\r?\n\s*){{{most}}})"))
    {
        out = many.replace_all(&out, "$1").into_owned();
    }
    Ok(out.trim_matches('\n').to_owned())
}

/// Elements that are never closed, or often not.
const LEFT_OPEN: &[&str] = &[
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "path", "source", "td", "th", "tr", "track", "wbr",
];

/// Most elements that may be open at once, by a count that reads no more than the names of tags. The reader's time
/// grows with its square.
const MOST_OPEN: usize = 2000;

fn unclosed(html: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let (closes, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag[..end].to_ascii_lowercase();
        if name.is_empty() || LEFT_OPEN.contains(&name.as_str()) {
            continue;
        }
        open = if closes { open.saturating_sub(1) } else { open + 1 };
        most = most.max(open);
    }
    most
}

fn too_deep() -> NodeError {
    let detail = format!("the document is nested more than {DEEPEST} levels deep");
    NodeError::bad_data(detail).hint("take a part of it, or repair tags that are never closed")
}

/// A node of the document.
struct Node {
    kind: Kind,
    /// There is something in it to write.
    filled: bool,
}

enum Kind {
    Text(String),
    Element { name: String, attributes: Vec<(String, String)>, children: Vec<Node> },
}

impl Node {
    fn new(handle: &Handle, depth: usize) -> Result<Node, NodeError> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        let (name, attributes) = match &handle.data {
            NodeData::Text { contents } => {
                return Ok(Node { kind: Kind::Text(contents.borrow().to_string()), filled: true });
            }
            NodeData::Element { name, attrs, .. } => {
                let attribute =
                    |attribute: &html5ever::Attribute| (attribute.name.local.to_string(), attribute.value.to_string());
                (name.local.to_string(), attrs.borrow().iter().map(attribute).collect())
            }
            _ => (String::new(), Vec::new()),
        };
        let mut children = Vec::new();
        for child in handle.children.borrow().iter() {
            if matches!(child.data, NodeData::Text { .. } | NodeData::Element { .. }) {
                children.push(Node::new(child, depth + 1)?);
            }
        }
        let alone = matches!(
            name.as_str(),
            "br" | "hr" | "img" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ol" | "ul" | "li" | "code" | "table" | "a"
        );
        let filled = if children.is_empty() { alone } else { children.iter().any(|child| child.filled) };
        Ok(Node { kind: Kind::Element { name, attributes, children }, filled })
    }

    fn text(&self) -> String {
        match &self.kind {
            Kind::Text(text) => text.clone(),
            Kind::Element { children, .. } => children.iter().map(Node::text).collect(),
        }
    }
}

/// Which elements mean something.
#[derive(Clone, Copy, Default, PartialEq)]
enum Place {
    #[default]
    Flow,
    Table,
    Row,
    Cell,
    Link,
    Code,
}

/// A list: its depth, and the number of its last item when they are counted.
#[derive(Clone)]
struct List {
    depth: usize,
    number: Option<Rc<Cell<usize>>>,
}

/// What an element hands to what is in it.
#[derive(Clone, Default)]
struct Scope {
    place: Place,
    keep_space: bool,
    no_escape: bool,
    list: Option<List>,
    caption: Rc<RefCell<String>>,
}

/// How an element is written.
#[derive(Default)]
struct Form {
    lines: usize,
    before: String,
    after: String,
    content: Option<String>,
    /// The delimiter is kept apart from an equal character before it.
    apart: bool,
}

struct Writer<'o> {
    out: String,
    links: Vec<String>,
    options: &'o Options,
}

impl Writer<'_> {
    fn lines(&mut self, count: usize) {
        let tail = self.out.chars().rev().take(10).take_while(|c| c.is_whitespace());
        let present = tail.filter(|c| matches!(c, '\r' | '\n')).count();
        (present..count).for_each(|_| self.out.push('\n'));
    }

    fn push(&mut self, text: &str, apart: bool) {
        if apart && !text.is_empty() && self.out.chars().next_back() == text.chars().next() {
            self.out.push(' ');
        }
        self.out.push_str(text);
    }

    fn text(&mut self, text: &str, scope: &Scope) {
        if !scope.keep_space && text.chars().all(char::is_whitespace) {
            if !self.out.is_empty() && !self.out.ends_with(char::is_whitespace) {
                self.out.push(' ');
            }
            return;
        }
        let mut text = if scope.keep_space { text.to_owned() } else { collapsed(text) };
        if !scope.no_escape {
            text = match &self.options.global_escape {
                Some(own) => text.replacen(&own.pattern, &own.replacement, 1),
                None => SPECIAL.replace_all(&text, r"\$0").into_owned(),
            };
            text = match &self.options.line_start_escape {
                Some(own) => text.replacen(&own.pattern, &own.replacement, 1),
                None => LINE_START
                    .replace_all(&text, |found: &Captures<'_>| {
                        let group = |at: usize| found.get(at).map_or("", |group| group.as_str());
                        format!("{}{}\\{}{}", group(1), group(3), group(2), group(4))
                    })
                    .into_owned(),
            };
            for Replacement { pattern, replacement } in &self.options.text_replace {
                text = text.replacen(pattern, replacement, 1);
            }
        }
        self.out.push_str(&text);
    }

    fn node(&mut self, node: &Node, scope: &Scope, parent: &Node) {
        if !node.filled {
            return;
        }
        match &node.kind {
            Kind::Text(text) => self.text(text, scope),
            Kind::Element { name, .. } => {
                let ignored = IGNORED.contains(&name.as_str()) && !self.options.block_elements.contains(name);
                if !ignored && !self.options.ignore.contains(name) {
                    self.element(node, scope, parent);
                }
            }
        }
    }

    fn element(&mut self, node: &Node, scope: &Scope, parent: &Node) {
        let Kind::Element { name, children, .. } = &node.kind else { return };
        let mut inner = scope.clone();
        match name.as_str() {
            "ul" | "ol" => {
                let depth = scope.list.as_ref().map_or(0, |list| list.depth + 1);
                let number = (name == "ol").then(|| Rc::new(Cell::new(0)));
                inner.list = Some(List { depth, number });
            }
            "li" => {
                if let Some(List { number: Some(number), .. }) = &scope.list {
                    number.set(number.get() + 1);
                }
            }
            "pre" => inner.keep_space = true,
            "table" => inner.caption = Rc::default(),
            _ => {}
        }
        let Some(form) = self.form(node, &mut inner, parent) else { return };
        let start = self.out.len();
        self.lines(form.lines);
        self.push(&form.before, false);
        match &form.content {
            Some(content) => self.push(content, form.apart),
            None => {
                let from = self.out.len();
                children.iter().for_each(|child| self.node(child, &inner, node));
                let content = self.out.split_off(from);
                match self.finished(node, content, &inner, parent) {
                    Some(content) => self.push(&content, form.apart),
                    None => {
                        self.out.truncate(start);
                        if let (Some(List { number: Some(number), .. }), "li") = (&scope.list, name.as_str()) {
                            number.set(number.get().saturating_sub(1));
                        }
                        return;
                    }
                }
            }
        }
        self.push(&form.after, false);
        self.lines(form.lines);
    }

    /// `None`: the element is left out.
    fn form(&mut self, node: &Node, scope: &mut Scope, parent: &Node) -> Option<Form> {
        let Kind::Element { name, attributes, children, .. } = &node.kind else { return None };
        let attribute = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        let block = BLOCKS.contains(&name.as_str()) || self.options.block_elements.contains(name);
        let mut form = Form { lines: if block && scope.place == Place::Flow { 2 } else { 0 }, ..Form::default() };
        let place = scope.place;
        let inline = place != Place::Table && place != Place::Row && place != Place::Code;
        match (name.as_str(), place) {
            ("br", Place::Flow) => form.content = Some("  \n".into()),
            ("br", Place::Link | Place::Code) | ("hr", Place::Link) => form.content = Some("\n".into()),
            ("hr", Place::Flow | Place::Code) => form.content = Some("---".into()),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", Place::Flow) => {
                form.before = format!("{} ", "#".repeat(usize::from(name.as_bytes()[1] - b'0')));
            }
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", Place::Code) => {
                (form.before, form.after) = ("[".into(), "]".into());
            }
            ("ol" | "ul", Place::Flow | Place::Code) => form.lines = 1,
            ("li", Place::Flow | Place::Code) => {
                let list = scope.list.as_ref();
                let marker = match list.and_then(|list| list.number.as_ref()) {
                    Some(number) => format!("{}.", number.get()),
                    None => self.options.bullet_marker.clone(),
                };
                form.before = format!("{}{marker} ", "   ".repeat(list.map_or(0, |list| list.depth)));
                form.lines = 1;
            }
            ("tr", Place::Code) => form.lines = 1,
            ("pre", Place::Flow | Place::Link) => scope.no_escape = true,
            ("strong" | "b" | "del" | "s" | "strike" | "em" | "i", _) if inline => form.apart = true,
            ("code", Place::Flow) => {
                scope.no_escape = true;
                if !is_block(parent) {
                    form.apart = true;
                } else {
                    scope.place = Place::Code;
                    if self.options.code_block_style == CodeBlockStyle::Fence {
                        let language = attribute("class").and_then(|class| {
                            let (_, language) = class.split_once("language-")?;
                            language.split_whitespace().next()
                        });
                        form.before = format!("{}{}\n", self.options.code_fence, language.unwrap_or_default());
                        form.after = format!("\n{}", self.options.code_fence);
                    }
                }
            }
            ("table", Place::Flow) => {
                form.lines = 2;
                scope.place = Place::Table;
            }
            ("caption", Place::Table) => scope.place = Place::Cell,
            ("tr", Place::Table) => {
                (form.before, form.after) = ("| ".into(), "\n".into());
                scope.place = Place::Row;
            }
            ("th" | "td", Place::Table | Place::Row) => {
                (form.before, form.after) = (" ".into(), " |".into());
                scope.place = Place::Cell;
            }
            ("a", Place::Flow | Place::Cell) => {
                let Some(address) = attribute("href").filter(|address| !address.is_empty()) else { return Some(form) };
                let encoded = address.replace('(', "%28").replace(')', "%29").replace('_', "%5F").replace('*', "%2A");
                if node.text() == *address {
                    form.content = Some(format!("<{encoded}>"));
                    return Some(form);
                }
                scope.place = Place::Link;
                form.before = "[".into();
                form.after = if self.options.use_link_reference_definitions {
                    format!("][{}]", self.link(&encoded))
                } else {
                    format!("]({encoded}{})", title(attribute("title")))
                };
            }
            ("img", _) if inline => {
                let source = attribute("src").map(String::as_str).unwrap_or_default();
                let held = source.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
                if source.is_empty() || held && !self.options.keep_data_images {
                    return None;
                }
                let alt = attribute("alt").map(String::as_str).unwrap_or_default();
                form.content = Some(format!("![{alt}]({source}{})", title(attribute("title"))));
            }
            _ => {}
        }
        // What holds nothing and is no element that means something.
        (form.content.is_some() || !children.is_empty() || !form.before.is_empty() || form.lines > 0 || form.apart)
            .then_some(form)
    }

    /// What becomes of an element's content; `None`: the element is left out.
    fn finished(&self, node: &Node, content: String, scope: &Scope, parent: &Node) -> Option<String> {
        let Kind::Element { name, attributes, .. } = &node.kind else { return Some(content) };
        // The place that the element itself stands in; its own is that of what is in it.
        let (blank, options) = (content.trim().is_empty(), self.options);
        Some(match name.as_str() {
            "strong" | "b" if scope.marks() => surrounded(&content, &options.strong_delimiter)?,
            "em" | "i" if scope.marks() => surrounded(&content, &options.em_delimiter)?,
            "del" | "s" | "strike" if scope.marks() => surrounded(&content, "~~")?,
            "li" if matches!(scope.place, Place::Flow | Place::Code) => {
                if blank {
                    return None;
                }
                let indent = "   ".repeat(scope.list.as_ref().map_or(0, |list| list.depth));
                let breaks = |found: &Captures<'_>| format!("{}  \n{indent}", &found[1]);
                let lines = INNER_BREAKS.replace_all(content.trim(), breaks);
                LINE_ENDS.replace_all(&lines, "$1  ").into_owned()
            }
            "blockquote" if scope.place == Place::Flow => {
                let quote = |found: &Captures<'_>| format!(">{} ", &found[1]);
                QUOTED.replace_all(content.trim_matches('\n'), quote).into_owned()
            }
            "code" if scope.place == Place::Flow && !is_block(parent) => {
                let longest = TICKS.find_iter(&content).map(|ticks| ticks.len()).max().unwrap_or(0);
                let (ticks, space) = ("`".repeat(longest + 1), if longest > 0 { " " } else { "" });
                format!("{ticks}{space}{content}{space}{ticks}")
            }
            "code" if scope.place == Place::Code && options.code_block_style == CodeBlockStyle::Indented => {
                content.split('\n').map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
            }
            "caption" if scope.place == Place::Cell => {
                let caption = LINE_BREAKS.replace_all(&content, " ").trim().to_owned();
                if !caption.is_empty() {
                    *scope.caption.borrow_mut() = format!("__{caption}__\n");
                }
                return None;
            }
            "tr" if scope.place == Place::Row => Some(content).filter(|content| CELL_END.is_match(content))?,
            "th" | "td" if scope.place == Place::Cell => {
                let cell = content.trim_matches('\n').replacen('|', "\\|", 1);
                LINE_BREAKS.replace_all(&cell, " ").trim().to_owned()
            }
            "table" if scope.place == Place::Table => table(&content, &scope.caption.borrow())?,
            "a" if scope.place == Place::Link && attributes.iter().any(|(name, _)| name == "href") => {
                LINE_BREAKS.replace_all(&content, " ").into_owned()
            }
            _ => content,
        })
    }

    fn link(&mut self, address: &str) -> usize {
        let known = self.links.iter().position(|link| link == address);
        known.unwrap_or_else(|| {
            self.links.push(address.to_owned());
            self.links.len() - 1
        }) + 1
    }
}

impl Scope {
    /// Emphasis means something here.
    fn marks(&self) -> bool {
        !matches!(self.place, Place::Table | Place::Row | Place::Code)
    }
}

/// An element that is a block of code when `code` is in it.
fn is_block(parent: &Node) -> bool {
    matches!(&parent.kind, Kind::Element { name, children, .. } if name == "pre" && children.len() < 2)
}

fn title(title: Option<&String>) -> String {
    title.filter(|title| !title.is_empty()).map_or_else(String::new, |title| format!(" \"{title}\""))
}

/// Every stretch of white space as one space; at both ends only where the text is not next to a line break.
fn collapsed(text: &str) -> String {
    let inner = text.trim();
    let start = text.len() - text.trim_start().len();
    let space = |c: Option<char>| c.is_some_and(|c| c.is_whitespace() && !matches!(c, '\r' | '\n'));
    let mut out = String::with_capacity(text.len());
    if space(text[..start].chars().next_back()) {
        out.push(' ');
    }
    let end = start + inner.len();
    for c in inner.chars().chain(text[end..].chars().next().filter(|c| space(Some(*c)))) {
        match c.is_whitespace() {
            true if out.ends_with(' ') => {}
            true => out.push(' '),
            false => out.push(c),
        }
    }
    out
}

/// Each line of a text between delimiters, with one space at most kept outside of them; `None`: there is nothing.
fn surrounded(content: &str, delimiter: &str) -> Option<String> {
    if content.trim().is_empty() {
        return None;
    }
    let mut content = content.to_owned();
    if content.contains(delimiter)
        && let Ok(inner) = Regex::new(&format!(r"([^\\]){}", regex::escape(delimiter)))
    {
        content = inner.replace_all(&content, "$1").into_owned();
    }
    let line = |line: &str| {
        let text = line.trim();
        if text.is_empty() {
            return line.to_owned();
        }
        let (before, after) = (&line[..line.len() - line.trim_start().len()], &line[line.trim_end().len()..]);
        let last = before.chars().next_back().map(String::from).unwrap_or_default();
        let first = after.chars().next().map(String::from).unwrap_or_default();
        format!("{last}{delimiter}{text}{delimiter}{first}")
    };
    Some(content.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

/// Rows with cells of one width; `None`: there is no row.
fn table(content: &str, caption: &str) -> Option<String> {
    let width = |text: &str| text.encode_utf16().count();
    let mut widths: Vec<usize> = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in content.split('\n').map(|line| ROW.replace(line, "$1").into_owned()).filter(|line| !line.is_empty()) {
        let cells: Vec<String> = line.split(" |").map(|cell| cell.trim().to_owned()).collect();
        for (at, cell) in cells.iter().enumerate() {
            match widths.get_mut(at) {
                Some(widest) => *widest = (*widest).max(width(cell)),
                None => widths.push(width(cell)),
            }
        }
        rows.push(cells);
    }
    if rows.is_empty() {
        return None;
    }
    let mut out = caption.to_owned();
    for (number, cells) in rows.iter().enumerate() {
        let padded = widths.iter().enumerate().map(|(at, widest)| {
            let cell = cells.get(at).map(String::as_str).unwrap_or_default();
            format!("{cell}{} |", " ".repeat(widest - width(cell)))
        });
        out.push_str(&format!("| {}\n", padded.collect::<Vec<_>>().join(" ")));
        if number == 0 {
            let lines: String = widths.iter().map(|widest| format!(" {} |", "-".repeat(*widest))).collect();
            out.push_str(&format!("|{lines}\n"));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(html: &str, options: Value, expect: &str) {
        let options: Options = serde_json::from_value(options).unwrap();
        assert_eq!(write(html, &options).unwrap(), expect, "{html}");
    }

    #[test]
    fn documents_become_what_n8n_makes_of_them() {
        for (html, expect) in [
            (
                "<h1>T</h1><p>a <b>b</b> <i>c</i> <em>e</em> <strong>s</strong> <code>x</code></p>",
                "# T\n\na **b** _c_ _e_ **s** `x`",
            ),
            (
                "<h2>T</h2><h3>U</h3><ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol><li>x</li><li>y</li></ol>",
                "## T\n\n### U\n\n* a\n* b  \n   * c\n1. x\n2. y",
            ),
            (
                "<a href=\"http://x\">l</a> <img src=\"i.png\" alt=\"al\" title=\"ti\"> <br>next<hr>end",
                "[l](http://x) ![al](i.png \"ti\")   \nnext\n\n---\n\nend",
            ),
            ("<pre><code class=\"language-js\">let a = 1;\n</code></pre>", "```js\nlet a = 1;\n\n```"),
            (
                "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
                "| a | b |\n| - | - |\n| 1 | 2 |",
            ),
            ("<blockquote>q<p>r</p></blockquote>", "> q\n> \n> r"),
            ("a * b _ c # d [x] 1. y <script>alert(1)</script><style>p{}</style>", "a \\* b \\_ c # d \\[x\\] 1\\. y "),
            ("<del>x</del><s>y</s> &amp; &lt; &nbsp; é", "~~x~~ ~~y~~ & < é"),
            ("plain text\n\nsecond", "plain text second"),
            ("<a href=\"http://x.y\">http://x.y</a>", "<http://x.y>"),
            ("<p>a <b> b </b>c<b></b> <i>c</i><i>d</i></p>", "a   **b** c _c_ _d_"),
            ("<ul><li>a<p>b</p></li><li><b>x</b>\n  y</li><li></li></ul><p>z</p>", "* a  \nb\n* **x** y\n\nz"),
            (
                "<ol><li>a<ol><li>b</li><li>c<ul><li>d</li></ul></li></ol></li><li>e</li></ol>",
                "1. a  \n   1. b  \n   2. c  \n         * d\n2. e",
            ),
            ("<div>a<div>b</div>c</div> d <span>e</span>\n<span>f</span>", "a\n\nb\n\nc\n\n d e f"),
            ("<blockquote><p>a</p><blockquote>b<br>c</blockquote></blockquote>", "> a\n> \n>> b  \n>> c"),
            (
                "<pre>raw *x*\n  y</pre><p>`t` ``u`` <code>a`b</code> <code>*</code></p>",
                "raw *x*\n  y\n\n\\`t\\` \\`\\`u\\`\\` `` a`b `` `*`",
            ),
            (
                "<table><caption>C</caption><thead><tr><th>A</th><th>B|x</th></tr></thead><tbody><tr><td>1<br>2</td><td><b>2</b></td></tr><tr><td>only</td></tr></tbody></table>",
                "__C__\n| A    | B\\|x  |\n| ---- | ----- |\n| 12   | **2** |\n| only |       |",
            ),
            (
                "<h1>a <a href=\"/u_(x)\">l <b>m</b></a></h1>- x\n<p>- y</p><p>+ z</p><p># h</p><p>> q</p><p>12. n</p><p>a = b</p><p>= b</p>",
                "# a [l **m**](/u%5F%28x%29)\n\n\\- x\n\n\\- y\n\n\\+ z\n\n\\# h\n\n\\> q\n\n12\\. n\n\na = b\n\n\\= b",
            ),
            ("<p>a</p><!-- c --><p>b &lt;x&gt; &copy; &#39; &quot;</p>", "a\n\nb <x> © ' \""),
            ("<dl><dt>t</dt><dd>d</dd></dl><label>l</label>", "t\n\nd\n\nl"),
            ("<a>no</a><a href=\"\">e</a><a href=\"#x\"></a><a href=\"y\"><img src=\"z\"></a>", "noe[](#x)[![](z)](y)"),
            ("<p>a</p><p></p><p> </p><div><div></div></div><p>b</p>", "a\n\nb"),
            ("a<hr><hr/>b<h2></h2><h3>c</h3>", "a\n\n---\n\n---\n\nb\n\n## \n\n### c"),
            ("<b>a**b</b> <b>__</b> <em>a_b</em> <s>~</s>", "**a\\*\\*b** **\\_\\_** _a\\_b_ ~~\\~~~"),
            ("<p>line<br>two<br><br>three</p>", "line  \ntwo  \n  \nthree"),
            ("<ul>\n <li>\n a\n </li>\n <li><p>p1</p><p>p2</p></li>\n</ul>\n<p>after</p>", "* a\n* p1  \np2\n\nafter"),
            ("<p>1<br><br><br><br><br>2</p>", "1  \n  \n  \n2"),
            ("&nbsp;&nbsp;x&nbsp;y", " x y"),
            ("<u>u</u><sup>2</sup><mark>m</mark><small>s</small>", "u2ms"),
            ("<h1>a\nb</h1><h1><b>x</b></h1>", "# a b\n\n# **x**"),
            ("x<code></code>y<b>b</b><i>i</i>", "x``y**b**_i_"),
            ("<html><head><title>t</title></head><body>b<br/><br/>c<input></body></html>", "b  \n  \nc"),
        ] {
            check(html, json!({}), expect);
        }
    }

    #[test]
    fn options_change_what_is_written() {
        let marks = || json!({ "strongDelimiter": "__", "emDelimiter": "*", "bulletMarker": "-", "codeFence": "~~~" });
        check("<b>x</b>", marks(), "__x__");
        check("<ul><li>a</li></ul><i>e</i><pre><code>c</code></pre>", marks(), "- a\n*e*\n\n~~~\nc\n~~~");
        let indented = json!({ "codeBlockStyle": "indented" });
        check("<i>e</i><pre><code>c</code></pre><pre>no code</pre>", indented, "_e_\n\n    c\n\nno code");
        let links = "<a href=\"http://x\">l</a> <a href=\"http://x\" title=\"t\">l</a>";
        check(links, json!({ "useLinkReferenceDefinitions": true }), "[l][1] [l][1]\n\n[1]: http://x");
        let held = "<img src=\"data:image/png;base64,AAAA\">";
        check(held, json!({ "keepDataImages": true }), "![](data:image/png;base64,AAAA)");
        check(held, json!({}), "");
        check("<p>a</p>\n\n\n\n<p>b</p><div>c</div>", json!({ "maxConsecutiveNewlines": 2 }), "a\n\nb\n\nc");
        check("<p>a.a</p>", json!({ "globalEscape": { "pattern": "a", "replacement": "b" } }), "b.a");
        check("<p>a</p>", json!({ "textReplace": [{ "pattern": "a", "replacement": "b" }] }), "b");
        check("<p>a</p><custom>x</custom><p>b</p>", json!({ "blockElements": "custom" }), "a\n\nx\n\nb");
        check("<p>a</p><nav>x</nav><p>b</p>", json!({ "ignore": "NAV, aside" }), "a\n\nb");
    }
}
