//! HTML of Markdown. The text is read as CommonMark; what n8n's node reads otherwise is put right first (`prepared`),
//! and the elements are written as it writes them.

use std::collections::HashMap;
use std::sync::LazyLock;

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Parser, Tag, TagEnd};
use regex::{Captures, Regex};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;

/// How HTML is written, and what of Markdown is read beside the common ground.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// Links open in a window of their own.
    open_links_in_new_window: bool,
    /// Addresses in the text become links.
    simplified_auto_link: bool,
    /// A full stop and the like at the end of an address are not part of it.
    #[serde(rename = "excludeTrailingPunctuationFromUrls")]
    exclude_trailing_punctuation_from_urls: bool,
    /// The result is a whole document.
    complete_html_document: bool,
    /// `# Title {name}` gives a heading the id `name`.
    customized_header_id: bool,
    /// Code stands between lines of three backticks.
    gh_code_blocks: bool,
    /// Ids of headings are those of GitHub.
    gh_compatible_header_id: bool,
    /// `@name` becomes a link.
    gh_mentions: bool,
    /// Where it leads; `{u}` stands for the name.
    gh_mentions_link: String,
    /// `- [x]` becomes a box with a tick.
    tasklists: bool,
    /// Level of the highest heading.
    #[serde(deserialize_with = "lenient::whole")]
    header_level_start: u8,
    /// `#Title` without a space is no heading.
    require_space_before_heading_text: bool,
    /// Underscores inside a word are underscores.
    literal_mid_word_underscores: bool,
    /// Headings get no ids.
    no_header_id: bool,
    /// `![alt](address =100x50)` says how large a picture is; `*` leaves a side open.
    parse_img_dimensions: bool,
    /// What ids of headings begin with.
    prefix_header_id: String,
    /// Ids of headings keep all but spaces and quotes.
    raw_header_id: bool,
    /// What ids begin with is not changed.
    raw_prefix_header_id: bool,
    /// A line break is one in HTML, too.
    simple_line_breaks: bool,
    /// Lists inside lists may be indented by two or three spaces; otherwise it takes four.
    indent_by2: bool,
    /// `~~text~~` is struck through.
    strikethrough: bool,
    /// Tables are read.
    tables: bool,
    /// Cells of a table's head get ids.
    tables_header_id: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            open_links_in_new_window: false,
            simplified_auto_link: false,
            exclude_trailing_punctuation_from_urls: false,
            complete_html_document: false,
            customized_header_id: false,
            gh_code_blocks: true,
            gh_compatible_header_id: false,
            gh_mentions: false,
            gh_mentions_link: "https://github.com/{u}".into(),
            tasklists: false,
            header_level_start: 1,
            require_space_before_heading_text: false,
            literal_mid_word_underscores: false,
            no_header_id: false,
            parse_img_dimensions: false,
            prefix_header_id: String::new(),
            raw_header_id: false,
            raw_prefix_header_id: false,
            simple_line_breaks: false,
            indent_by2: false,
            strikethrough: false,
            tables: false,
            tables_header_id: false,
        }
    }
}

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is fixed")
}

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)\b(?:(?:https?|ftp)://|www\.)[^\s<>"'`]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"#));
static TRAILING: LazyLock<Regex> = LazyLock::new(|| pattern(r##"[!"#$%&'()*+,./:;=?@\[\]_{|}~-]+$"##));
static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)(^|\s)@([a-z0-9]+(?:[a-z0-9.-]*[a-z0-9])?)"));
static MID_WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"_([^\s_](?:[^_\n]*[^\s_])?)_"));
static BOTH: LazyLock<Regex> = LazyLock::new(|| pattern(r"<em><strong>([^<]*)</strong></em>"));
static OWN_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s*\{([^{}]+)\}\s*$"));
static SIZE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(!\[[^\]\n]*\]\()([^\s()]+)\s+=(\d{1,6}|\*)x(\d{1,6}|\*)(\s+"[^"\n]*")?\)"#));

/// Between an address and a size; never part of either.
const SIZE_MARK: char = '\u{2}';

/// Writes a text.
pub fn write(markdown: &str, options: &Options) -> String {
    let mut reads = pulldown_cmark::Options::empty();
    reads.set(pulldown_cmark::Options::ENABLE_TABLES, options.tables);
    reads.set(pulldown_cmark::Options::ENABLE_STRIKETHROUGH, options.strikethrough);
    reads.set(pulldown_cmark::Options::ENABLE_TASKLISTS, options.tasklists);
    let text = prepared(markdown, options);
    let events: Vec<(Event<'_>, &str)> =
        Parser::new_ext(&text, reads).into_offset_iter().map(|(event, range)| (event, &text[range])).collect();
    let mut writer = Writer {
        out: String::new(),
        options,
        ids: HashMap::new(),
        links: 0,
        lists: 0,
        code: false,
        images: Vec::new(),
        cells: Cells::default(),
    };
    for (at, (event, source)) in events.iter().enumerate() {
        writer.event(event, source, &events[at + 1..]);
    }
    // Of three asterisks, the outer two are the strong ones.
    let body = BOTH.replace_all(writer.out.trim_end(), "<strong><em>$1</em></strong>");
    let body = indented_quotes(&body);
    match options.complete_html_document {
        true => format!(
            "<!DOCTYPE HTML>\n<html>\n<head>\n<meta charset=\"utf-8\">\n</head>\n<body>\n{body}\n</body>\n</html>"
        ),
        false => body,
    }
}

/// The text with the lines that CommonMark would read otherwise.
fn prepared(markdown: &str, options: &Options) -> String {
    let mut lines = Vec::new();
    let mut fence: Option<&str> = None;
    for line in markdown.lines() {
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        if let Some(open) = fence {
            if inner.starts_with(open) {
                fence = None;
            }
            lines.push(line.to_owned());
            continue;
        }
        if indent < 4 && options.gh_code_blocks && (inner.starts_with("```") || inner.starts_with("~~~")) {
            fence = Some(&inner[..3]);
            lines.push(line.to_owned());
            continue;
        }
        let level = inner.bytes().take_while(|byte| *byte == b'#').count();
        let heading = (1..=6).contains(&level) && indent < 4;
        if heading && !options.require_space_before_heading_text && !inner[level..].starts_with([' ', '\t']) {
            lines.push(format!("{} {}", &inner[..level], &inner[level..]));
        } else if (1..4).contains(&indent) && !options.indent_by2 && begins_item(inner) {
            lines.push(inner.to_owned());
        } else if options.tables && indent < 4 && divides_too_little(inner) {
            lines.push(format!("\\{inner}"));
        } else {
            lines.push(line.replace('\t', "    "));
        }
    }
    let text = lines.join("\n");
    if !options.parse_img_dimensions {
        return text;
    }
    let sized = |found: &Captures<'_>| {
        let title = found.get(5).map_or("", |title| title.as_str());
        format!("{}<{}{SIZE_MARK}{}x{}>{title})", &found[1], &found[2], &found[3], &found[4])
    };
    SIZE.replace_all(&text, sized).into_owned()
}

/// Whether a line divides the head of a table from its rows for CommonMark, and not for n8n: that wants two dashes in
/// each of the first columns.
fn divides_too_little(line: &str) -> bool {
    let divides = line.contains('|') && line.contains('-') && line.chars().all(|c| "|:- \t".contains(c));
    let columns = line.trim().trim_start_matches('|').split('|').take(2);
    divides && columns.filter(|column| !column.is_empty()).any(|column| column.matches('-').count() < 2)
}

fn begins_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        0 => line.starts_with(['-', '*', '+']) && line[1..].starts_with(' '),
        _ => line[digits..].starts_with(". "),
    }
}

/// What stands in quotations is indented by two spaces a level.
fn indented_quotes(html: &str) -> String {
    let (mut depth, mut code) = (0_usize, false);
    let mut lines = Vec::new();
    for line in html.split('\n') {
        if line == "</blockquote>" && !code {
            depth = depth.saturating_sub(1);
        }
        lines.push(if depth > 0 && !code { format!("{}{line}", "  ".repeat(depth)) } else { line.to_owned() });
        if line == "<blockquote>" && !code {
            depth += 1;
        }
        code = (code || line.starts_with("<pre>")) && !line.ends_with("</pre>");
    }
    lines.join("\n")
}

/// The table that is being written.
#[derive(Default)]
struct Cells {
    alignments: Vec<Alignment>,
    column: usize,
    head: bool,
}

struct Writer<'o> {
    out: String,
    options: &'o Options,
    /// How often an id was given.
    ids: HashMap<String, usize>,
    /// Links that are open.
    links: usize,
    /// Lists that are open.
    lists: usize,
    /// A block of code is open.
    code: bool,
    /// Pictures that are open, and where they begin: what is in them is their text, which stands in `alt`.
    images: Vec<(usize, String)>,
    cells: Cells,
}

impl Writer<'_> {
    /// Begins a line, unless one has begun.
    fn line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn event(&mut self, event: &Event<'_>, source: &str, next: &[(Event<'_>, &str)]) {
        match event {
            Event::Start(tag) => self.start(tag, next),
            Event::End(tag) => self.end(*tag),
            Event::Text(text) => self.text(text, source),
            Event::Code(code) => self.out.push_str(&format!("<code>{}</code>", escaped(code))),
            Event::Html(html) | Event::InlineHtml(html) => self.out.push_str(html),
            Event::SoftBreak if self.options.simple_line_breaks => self.out.push_str("<br />\n"),
            Event::SoftBreak => self.out.push('\n'),
            // A backslash at the end of a line is a backslash.
            Event::HardBreak if source.starts_with('\\') => self.out.push_str("\\\n"),
            Event::HardBreak => self.out.push_str("<br />\n"),
            Event::Rule => {
                self.line();
                self.out.push_str("<hr />\n");
            }
            Event::TaskListMarker(done) => {
                let checked = if *done { " checked" } else { "" };
                self.out.push_str(&format!(
                    "<input type=\"checkbox\" disabled style=\"margin: 0px 0.35em 0.25em -1.6em; vertical-align: middle;\"{checked}> "
                ));
            }
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) => self.out.push_str(source),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, next: &[(Event<'_>, &str)]) {
        match tag {
            Tag::Paragraph => {
                if !self.out.ends_with("<li>") {
                    self.line();
                }
                self.out.push_str("<p>");
            }
            Tag::Heading { level, .. } => {
                self.line();
                let id = self.heading_id(next);
                let level = self.level(*level);
                self.out.push_str(&match id {
                    Some(id) => format!("<h{level} id=\"{}\">", quoted(&id)),
                    None => format!("<h{level}>"),
                });
            }
            Tag::BlockQuote(_) => {
                self.line();
                self.out.push_str("<blockquote>\n");
            }
            Tag::CodeBlock(kind) => {
                self.code = true;
                self.line();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default().to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.out.push_str(&match language.as_str() {
                    "" => "<pre><code>".to_owned(),
                    language => format!("<pre><code class=\"{0} language-{0}\">", quoted(language)),
                });
            }
            Tag::List(first) => {
                if self.out.ends_with("</p>") {
                    self.out.push('\n');
                }
                if !self.out.ends_with('\n') && !self.out.is_empty() && !self.in_item() {
                    self.out.push('\n');
                }
                self.lists += 1;
                self.out.push_str(&match first {
                    None => "<ul>\n".to_owned(),
                    Some(1) => "<ol>\n".to_owned(),
                    Some(first) => format!("<ol start=\"{first}\">\n"),
                });
            }
            Tag::Item => {
                self.line();
                let task = next.iter().take(2).any(|(event, _)| matches!(event, Event::TaskListMarker(_)));
                self.out.push_str(match task {
                    true => "<li class=\"task-list-item\" style=\"list-style-type: none;\">",
                    false => "<li>",
                });
            }
            Tag::Table(alignments) => {
                self.line();
                self.cells = Cells { alignments: alignments.clone(), column: 0, head: false };
                self.out.push_str("<table>\n");
            }
            Tag::TableHead => {
                self.cells.head = true;
                self.cells.column = 0;
                self.out.push_str("<thead>\n<tr>\n");
            }
            Tag::TableRow => {
                self.cells.column = 0;
                self.out.push_str("<tr>\n");
            }
            Tag::TableCell => self.cell(next),
            Tag::HtmlBlock => self.line(),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Link { link_type, dest_url, title, .. } => {
                self.links += 1;
                let mail = *link_type == LinkType::Email && !dest_url.starts_with("mailto:");
                let address = if mail { format!("mailto:{dest_url}") } else { dest_url.to_string() };
                self.link(&address, title);
            }
            Tag::Image { dest_url, title, .. } => self.image(dest_url, title, next),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.out.push_str("</p>"),
            TagEnd::Heading(level) => {
                let level = self.level(level);
                if self.options.customized_header_id {
                    let start = self.out.rfind(&format!("<h{level}")).unwrap_or(0);
                    let text = OWN_ID.replace(&self.out[start..], "").into_owned();
                    self.out.truncate(start);
                    self.out.push_str(&text);
                }
                self.out.push_str(&format!("</h{level}>\n"));
            }
            TagEnd::BlockQuote(_) => {
                self.line();
                self.out.push_str("</blockquote>\n");
            }
            TagEnd::CodeBlock => {
                self.code = false;
                // Indented code at the end of a text has no end of its last line.
                if !self.out.ends_with('\n') && !self.out.ends_with("<code>") {
                    self.out.push('\n');
                }
                self.out.push_str("</code></pre>\n");
            }
            TagEnd::List(ordered) => {
                self.lists = self.lists.saturating_sub(1);
                // The end of a list in a list stands on the line of its last item.
                if self.lists == 0 {
                    self.line();
                }
                self.out.push_str(if ordered { "</ol>" } else { "</ul>" });
            }
            TagEnd::Item => {
                let text = self.out.trim_end_matches('\n').len();
                self.out.truncate(text);
                self.out.push_str("</li>");
            }
            TagEnd::Table => self.out.push_str("</tbody>\n</table>\n"),
            TagEnd::TableHead => {
                self.cells.head = false;
                self.out.push_str("</tr>\n</thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.out.push_str("</tr>\n"),
            TagEnd::TableCell => {
                self.out.push_str(if self.cells.head { "</th>\n" } else { "</td>\n" });
                self.cells.column += 1;
            }
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => self.out.push_str("</strong>"),
            TagEnd::Strikethrough => self.out.push_str("</del>"),
            TagEnd::Link => {
                self.links = self.links.saturating_sub(1);
                self.out.push_str("</a>");
            }
            TagEnd::Image => {
                if let Some((start, image)) = self.images.pop() {
                    self.out.truncate(start);
                    self.out.push_str(&image);
                }
            }
            _ => {}
        }
    }

    /// The text of a list's item has begun and no element in it is closed.
    fn in_item(&self) -> bool {
        let line = self.out.rsplit('\n').next().unwrap_or_default();
        line.starts_with("<li")
    }

    fn level(&self, level: HeadingLevel) -> usize {
        (level as usize + usize::from(self.options.header_level_start.max(1)) - 1).min(6)
    }

    fn cell(&mut self, next: &[(Event<'_>, &str)]) {
        let name = if self.cells.head { "th" } else { "td" };
        let id = match self.cells.head && self.options.tables_header_id {
            true => format!(" id=\"{}\"", quoted(&plain(next, TagEnd::TableCell).replace(' ', "_").to_lowercase())),
            false => String::new(),
        };
        let style = match self.cells.alignments.get(self.cells.column) {
            Some(Alignment::Left) => " style=\"text-align:left;\"",
            Some(Alignment::Right) => " style=\"text-align:right;\"",
            Some(Alignment::Center) => " style=\"text-align:center;\"",
            _ => "",
        };
        self.out.push_str(&format!("<{name}{id}{style}>"));
    }

    /// What lets a link open in a window of its own.
    fn window(&self) -> &'static str {
        match self.options.open_links_in_new_window {
            true => " rel=\"noopener noreferrer\" target=\"_blank\"",
            false => "",
        }
    }

    fn link(&mut self, address: &str, title: &str) {
        let title = if title.is_empty() { String::new() } else { format!(" title=\"{}\"", quoted(title)) };
        let window = self.window();
        self.out.push_str(&format!("<a href=\"{}\"{title}{window}>", quoted(address)));
    }

    fn image(&mut self, address: &str, title: &str, next: &[(Event<'_>, &str)]) {
        let (address, size) = address.split_once(SIZE_MARK).unwrap_or((address, ""));
        let mut image = format!("<img src=\"{}\" alt=\"{}\"", quoted(address), quoted(&plain(next, TagEnd::Image)));
        if !title.is_empty() {
            image.push_str(&format!(" title=\"{}\"", quoted(title)));
        }
        if let Some((width, height)) = size.split_once('x') {
            let side = |side: &str| if side == "*" { "auto".to_owned() } else { side.to_owned() };
            image.push_str(&format!(" width=\"{}\" height=\"{}\"", side(width), side(height)));
        }
        self.images.push((self.out.len(), format!("{image} />")));
    }

    fn text(&mut self, text: &CowStr<'_>, source: &str) {
        // Entities stay as they were written.
        if source.len() > 2 && source.starts_with('&') && source.ends_with(';') && !source.contains(char::is_whitespace)
        {
            self.out.push_str(source);
            return;
        }
        if self.code {
            return self.out.push_str(&escaped(text));
        }
        let mut html = escaped(text).replace("...", "…");
        if self.links == 0 && self.options.simplified_auto_link {
            html = ADDRESS.replace_all(&html, |found: &Captures<'_>| self.address(&found[0])).into_owned();
        }
        if self.links == 0 && self.options.gh_mentions {
            let link = |found: &Captures<'_>| {
                let address = self.options.gh_mentions_link.replace("{u}", &found[2]);
                format!("{}<a href=\"{}\"{}>@{}</a>", &found[1], quoted(&address), self.window(), &found[2])
            };
            html = MENTION.replace_all(&html, link).into_owned();
        }
        let changed = html.contains("<a ");
        if !self.options.literal_mid_word_underscores && !changed && source.len() == text.len() {
            html = MID_WORD.replace_all(&html, "<em>$1</em>").into_owned();
        }
        self.out.push_str(&html);
    }

    fn address(&self, found: &str) -> String {
        let mut address = found;
        if self.options.exclude_trailing_punctuation_from_urls {
            address = &found[..TRAILING.find(found).map_or(found.len(), |end| end.start())];
        }
        let start = address.get(..4).map(str::to_ascii_lowercase).unwrap_or_default();
        let target = match address {
            mail if !mail.contains("://") && mail.contains('@') => format!("mailto:{mail}"),
            page if start == "www." => format!("http://{page}"),
            other => other.to_owned(),
        };
        let window = self.window();
        format!("<a href=\"{target}\"{window}>{address}</a>{}", &found[address.len()..])
    }

    fn heading_id(&mut self, next: &[(Event<'_>, &str)]) -> Option<String> {
        if self.options.no_header_id {
            return None;
        }
        let mut title = plain(next, TagEnd::Heading(HeadingLevel::H1));
        if self.options.customized_header_id
            && let Some(own) = OWN_ID.captures(&title)
        {
            title = own[1].to_owned();
        }
        let dashed = |text: &str| text.replace([' ', '>', '"', '\''], "-");
        let prefix = match self.options.raw_prefix_header_id {
            true => self.options.prefix_header_id.clone(),
            false => dashed(&self.options.prefix_header_id),
        };
        let id = if self.options.gh_compatible_header_id {
            let kept = |c: &char| !"&+$,/:;=?@\"#{}|^¨~[]`\\*)(%.!'<>".contains(*c);
            format!("{prefix}{title}").replace(' ', "-").chars().filter(kept).collect::<String>().to_lowercase()
        } else if self.options.raw_header_id {
            format!("{prefix}{}", dashed(&title)).to_lowercase()
        } else {
            let kept = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            format!("{prefix}{title}").chars().filter(kept).collect::<String>().to_lowercase()
        };
        let count = self.ids.entry(id.clone()).or_insert(0);
        *count += 1;
        Some(if *count > 1 { format!("{id}-{}", *count - 1) } else { id })
    }
}

/// The text of an element without marks, up to its end.
fn plain(events: &[(Event<'_>, &str)], end: TagEnd) -> String {
    let ends = |event: &Event<'_>| match (event, end) {
        (Event::End(TagEnd::Heading(_)), TagEnd::Heading(_)) => true,
        (Event::End(found), end) => *found == end,
        _ => false,
    };
    let mut text = String::new();
    for (event, _) in events.iter().take_while(|(event, _)| !ends(event)) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn quoted(text: &str) -> String {
    text.replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(markdown: &str, options: Value, expect: &str) {
        let options: Options = serde_json::from_value(options).unwrap();
        assert_eq!(write(markdown, &options), expect, "{markdown}");
    }

    #[test]
    fn texts_become_what_n8n_makes_of_them() {
        for (markdown, expect) in [
            (
                "# T\n\na **b** *c* `x`\n\n- a\n- b\n\n1. x\n2. y\n",
                "<h1 id=\"t\">T</h1>\n<p>a <strong>b</strong> <em>c</em> <code>x</code></p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol>\n<li>x</li>\n<li>y</li>\n</ol>",
            ),
            (
                "# Hello World\n## Hello World\n# Ä ö!",
                "<h1 id=\"helloworld\">Hello World</h1>\n<h2 id=\"helloworld-1\">Hello World</h2>\n<h1 id=\"\">Ä ö!</h1>",
            ),
            ("| a | b |\n|---|---|\n| 1 | 2 |\n", "<p>| a | b |\n|---|---|\n| 1 | 2 |</p>"),
            (
                "~~x~~ http://a.b [l](http://x \"t\") ![i](u)",
                "<p>~~x~~ http://a.b <a href=\"http://x\" title=\"t\">l</a> <img src=\"u\" alt=\"i\" /></p>",
            ),
            ("```js\nlet a;\n```", "<pre><code class=\"js language-js\">let a;\n</code></pre>"),
            ("a\nb  \nc", "<p>a\nb<br />\nc</p>"),
            (
                "> q\n\n---\n\n<b>h</b> & <",
                "<blockquote>\n  <p>q</p>\n</blockquote>\n<hr />\n<p><b>h</b> &amp; &lt;</p>",
            ),
            ("a_b_c", "<p>a<em>b</em>c</p>"),
            ("", ""),
            ("    code\n\ntext", "<pre><code>code\n</code></pre>\n<p>text</p>"),
            ("text\n\n    code", "<p>text</p>\n<pre><code>code\n</code></pre>"),
            ("Setext\n===\nsub\n---", "<h1 id=\"setext\">Setext</h1>\n<h2 id=\"sub\">sub</h2>"),
            ("#T", "<h1 id=\"t\">T</h1>"),
            ("* a\n\n  b\n* c", "<ul>\n<li><p>a</p>\n<p>b</p></li>\n<li><p>c</p></li>\n</ul>"),
            ("- a\n  - b\n  - c\n- d", "<ul>\n<li>a</li>\n<li>b</li>\n<li>c</li>\n<li>d</li>\n</ul>"),
            (
                "- a\n    - b\n        - c\n- d",
                "<ul>\n<li>a<ul>\n<li>b<ul>\n<li>c</li></ul></li></ul></li>\n<li>d</li>\n</ul>",
            ),
            ("1. a\n\n2. b\n\ntext", "<ol>\n<li><p>a</p></li>\n<li><p>b</p></li>\n</ol>\n<p>text</p>"),
            (
                "> a\n> b\n>\n> - c\n> - d",
                "<blockquote>\n  <p>a\n  b</p>\n  <ul>\n  <li>c</li>\n  <li>d</li>\n  </ul>\n</blockquote>",
            ),
            (
                "a *b* **c** _e_ __f__ `g<h>` \\* &copy; &amp; \"q\" 's'",
                "<p>a <em>b</em> <strong>c</strong> <em>e</em> <strong>f</strong> <code>g&lt;h&gt;</code> * &copy; &amp; \"q\" 's'</p>",
            ),
            (
                "[a](http://x \"t\") [b][r] <http://y> ![i](u \"t\")\n\n[r]: http://z \"tt\"",
                "<p><a href=\"http://x\" title=\"t\">a</a> <a href=\"http://z\" title=\"tt\">b</a> <a href=\"http://y\">http://y</a> <img src=\"u\" alt=\"i\" title=\"t\" /></p>",
            ),
            ("para\n\n\npara2\n", "<p>para</p>\n<p>para2</p>"),
            ("```\na < b\n\nc\n```\n\ntext", "<pre><code>a &lt; b\n\nc\n</code></pre>\n<p>text</p>"),
            ("text\n```js\nx\n```", "<p>text</p>\n<pre><code class=\"js language-js\">x\n</code></pre>"),
            ("<div class=\"x\">\n*no*\n</div>\n\n*yes*", "<div class=\"x\">\n*no*\n</div>\n<p><em>yes</em></p>"),
            ("a<br>b <span>*x*</span>", "<p>a<br>b <span><em>x</em></span></p>"),
            ("* * *\n___\n***", "<hr />\n<hr />\n<hr />"),
            ("# A #\n## B\ntext after", "<h1 id=\"a\">A</h1>\n<h2 id=\"b\">B</h2>\n<p>text after</p>"),
            ("5. x\n6. y", "<ol start=\"5\">\n<li>x</li>\n<li>y</li>\n</ol>"),
            (
                "# Hi **b** `c`!\n# Hi b c",
                "<h1 id=\"hibc\">Hi <strong>b</strong> <code>c</code>!</h1>\n<h1 id=\"hibc-1\">Hi b c</h1>",
            ),
            ("**Bold**\n* item\n* item2", "<p><strong>Bold</strong></p>\n<ul>\n<li>item</li>\n<li>item2</li>\n</ul>"),
            (
                "text:\n\n1. **A**: b\n2. **C**: d\n\n## H\n",
                "<p>text:</p>\n<ol>\n<li><strong>A</strong>: b</li>\n<li><strong>C</strong>: d</li>\n</ol>\n<h2 id=\"h\">H</h2>",
            ),
            ("<p>html</p>", "<p>html</p>"),
            ("a\\\nb", "<p>a\\\nb</p>"),
            ("- [ ] x\n- y", "<ul>\n<li>[ ] x</li>\n<li>y</li>\n</ul>"),
            ("snake_case_word and *it*", "<p>snake<em>case</em>word and <em>it</em></p>"),
            ("[x](<a b> \"t\")", "<p><a href=\"a b\" title=\"t\">x</a></p>"),
            ("[a](http://x?a=1&b=2) x?a=1&b=2", "<p><a href=\"http://x?a=1&b=2\">a</a> x?a=1&amp;b=2</p>"),
            ("text\n\n<div>x</div>\n\nmore", "<p>text</p>\n<div>x</div>\n<p>more</p>"),
            (
                "- a\n\n    ```\n    code\n    ```\n- b",
                "<ul>\n<li><p>a</p>\n<pre><code>code\n</code></pre></li>\n<li><p>b</p></li>\n</ul>",
            ),
            (
                "> a\n>> b\n> c",
                "<blockquote>\n  <p>a</p>\n  <blockquote>\n    <p>b\n    c</p>\n  </blockquote>\n</blockquote>",
            ),
            ("[![alt](i.png)](http://x)", "<p><a href=\"http://x\"><img src=\"i.png\" alt=\"alt\" /></a></p>"),
            ("text\n\n---\n\nmore", "<p>text</p>\n<hr />\n<p>more</p>"),
            ("1. a\n    text\n2. b", "<ol>\n<li>a\ntext</li>\n<li>b</li>\n</ol>"),
            (
                "# A\n\ntext\n\n## B\n\n- x\n- y\n\ntext2",
                "<h1 id=\"a\">A</h1>\n<p>text</p>\n<h2 id=\"b\">B</h2>\n<ul>\n<li>x</li>\n<li>y</li>\n</ul>\n<p>text2</p>",
            ),
            ("a & b &lt; c > d", "<p>a &amp; b &lt; c &gt; d</p>"),
            ("***bold italic***", "<p><strong><em>bold italic</em></strong></p>"),
            ("line<br/>next", "<p>line<br/>next</p>"),
            ("text\n# H\ntext", "<p>text</p>\n<h1 id=\"h\">H</h1>\n<p>text</p>"),
            ("* a\n* b\n\n\n* c", "<ul>\n<li><p>a</p></li>\n<li><p>b</p></li>\n<li><p>c</p></li>\n</ul>"),
            ("a\r\nb\r\n\r\nc", "<p>a\nb</p>\n<p>c</p>"),
            ("- a\n- b\ntext", "<ul>\n<li>a</li>\n<li>b\ntext</li>\n</ul>"),
            ("\"q\" -- it's...", "<p>\"q\" -- it's…</p>"),
            ("**a_b_c**", "<p><strong>a<em>b</em>c</strong></p>"),
            ("<a@b.co>", "<p><a href=\"mailto:a@b.co\">a@b.co</a></p>"),
        ] {
            check(markdown, json!({}), expect);
        }
    }

    #[test]
    fn options_change_what_is_read_and_written() {
        check(
            "| a | b |\n|:--|--:|\n| *1* | `2` |\n| 3 |",
            json!({ "tables": true }),
            "<table>\n<thead>\n<tr>\n<th style=\"text-align:left;\">a</th>\n<th style=\"text-align:right;\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td style=\"text-align:left;\"><em>1</em></td>\n<td style=\"text-align:right;\"><code>2</code></td>\n</tr>\n<tr>\n<td style=\"text-align:left;\">3</td>\n<td style=\"text-align:right;\"></td>\n</tr>\n</tbody>\n</table>",
        );
        check(
            "~~x~~ http://a.b",
            json!({ "strikethrough": true, "simplifiedAutoLink": true }),
            "<p><del>x</del> <a href=\"http://a.b\">http://a.b</a></p>",
        );
        check(
            "x http://a.b/c. y",
            json!({ "simplifiedAutoLink": true, "excludeTrailingPunctuationFromUrls": true }),
            "<p>x <a href=\"http://a.b/c\">http://a.b/c</a>. y</p>",
        );
        let task = "<li class=\"task-list-item\" style=\"list-style-type: none;\"><input type=\"checkbox\" disabled style=\"margin: 0px 0.35em 0.25em -1.6em; vertical-align: middle;\"";
        check(
            "- [x] a\n- [ ] b",
            json!({ "tasklists": true }),
            &format!("<ul>\n{task} checked> a</li>\n{task}> b</li>\n</ul>"),
        );
        check("a\nb", json!({ "simpleLineBreaks": true }), "<p>a<br />\nb</p>");
        check("# T", json!({ "noHeaderId": true }), "<h1>T</h1>");
        check("# T", json!({ "headerLevelStart": 3 }), "<h3 id=\"t\">T</h3>");
        check("# T", json!({ "prefixHeaderId": "p" }), "<h1 id=\"pt\">T</h1>");
        check("# T", json!({ "rawHeaderId": true, "prefixHeaderId": "a b" }), "<h1 id=\"a-bt\">T</h1>");
        check("# My & Title", json!({ "ghCompatibleHeaderId": true }), "<h1 id=\"my--title\">My &amp; Title</h1>");
        check("# T {my id}", json!({ "customizedHeaderId": true }), "<h1 id=\"myid\">T</h1>");
        check("#T", json!({ "requireSpaceBeforeHeadingText": true }), "<p>#T</p>");
        check("a_b_c __d__", json!({ "literalMidWordUnderscores": true }), "<p>a_b_c <strong>d</strong></p>");
        check("@user", json!({ "ghMentions": true }), "<p><a href=\"https://github.com/user\">@user</a></p>");
        check(
            "[l](http://x)",
            json!({ "openLinksInNewWindow": true }),
            "<p><a href=\"http://x\" rel=\"noopener noreferrer\" target=\"_blank\">l</a></p>",
        );
        check(
            "![i](u =10x20)",
            json!({ "parseImgDimensions": true }),
            "<p><img src=\"u\" alt=\"i\" width=\"10\" height=\"20\" /></p>",
        );
        check("- a\n  - b", json!({ "indentBy2": true }), "<ul>\n<li>a<ul>\n<li>b</li></ul></li>\n</ul>");
        let document = "<!DOCTYPE HTML>\n<html>\n<head>\n<meta charset=\"utf-8\">\n</head>\n<body>\n<h1 id=\"t\">T</h1>\n</body>\n</html>";
        check("# T", json!({ "completeHtmlDocument": true }), document);
    }
}
