//! Text and markup on their way into a page. Text is escaped; markup that people wrote is read as a browser reads it
//! and written anew with the elements of a list and nothing else, so that whatever is in it, it only says something.

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::Attribute;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// Elements that may be in markup. None of them runs, asks for anything typed, or changes how the rest is read.
const ELEMENTS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "video",
];
/// Those that have no end.
const VOID: &[&str] = &["br", "hr", "img", "source"];
/// Elements whose content goes with them: it is no text for a reader.
const DROPPED: &[&str] = &[
    "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg", "template",
    "textarea", "title", "xmp",
];

/// Text for a page or for an attribute in double quotes.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// Line breaks that people have written as `\n`.
pub fn with_lines(text: &str) -> Cow<'_, str> {
    if text.contains("\\n") { Cow::Owned(text.replace("\\n", "\n")) } else { Cow::Borrowed(text) }
}

/// Markup with nothing in it but what may be there.
pub fn clean(markup: &str) -> String {
    if !markup.contains(['<', '&']) {
        return escape(markup).into_owned();
    }
    let cleaner = Cleaner::default();
    let tokenizer = Tokenizer::new(cleaner, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(markup));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut state = tokenizer.sink.state.take();
    while let Some(name) = state.open.pop() {
        state.close(name);
    }
    state.out
}

#[derive(Default)]
struct Cleaner {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    out: String,
    /// Elements that are open, from the outside in.
    open: Vec<&'static str>,
    /// Elements that are left out with their content, from the outside in.
    dropped: Vec<&'static str>,
}

impl TokenSink for Cleaner {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(text) if state.dropped.is_empty() => state.out.push_str(&escape(&text)),
            Token::TagToken(tag) => return state.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn known(list: &'static [&'static str], name: &str) -> Option<&'static str> {
    list.iter().find(|known| **known == name).copied()
}

impl State {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let (name, begins) = (&*tag.name, tag.kind == TagKind::StartTag);
        if let Some(dropped) = known(DROPPED, name) {
            if begins && !(tag.self_closing && matches!(dropped, "svg" | "math")) {
                self.dropped.push(dropped);
                return raw(dropped);
            }
            if !begins && let Some(at) = self.dropped.iter().rposition(|open| *open == dropped) {
                self.dropped.truncate(at);
            }
            return TokenSinkResult::Continue;
        }
        if !self.dropped.is_empty() {
            return TokenSinkResult::Continue;
        }
        let Some(name) = known(ELEMENTS, name) else { return TokenSinkResult::Continue };
        if begins {
            self.begin(name, &tag.attrs);
        } else if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            // What was left open inside ends with it, so that no element of the page around can be ended from here.
            while self.open.len() > at {
                if let Some(inner) = self.open.pop() {
                    self.close(inner);
                }
            }
        }
        TokenSinkResult::Continue
    }

    fn begin(&mut self, name: &'static str, attributes: &[Attribute]) {
        self.out.push('<');
        self.out.push_str(name);
        for attribute in attributes {
            let (key, value) = (&*attribute.name.local, &*attribute.value);
            if allowed(name, key, value) {
                self.out.push(' ');
                self.out.push_str(key);
                self.out.push_str("=\"");
                self.out.push_str(&escape(value));
                self.out.push('"');
            }
        }
        if name == "a" {
            self.out.push_str(" rel=\"noopener noreferrer nofollow\"");
        }
        self.out.push('>');
        if !VOID.contains(&name) {
            self.open.push(name);
        }
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }
}

/// How a browser reads what is inside.
fn raw(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "iframe" | "noembed" | "noframes" | "style" | "xmp" => TokenSinkResult::RawData(RawKind::Rawtext),
        "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
        _ => TokenSinkResult::Continue,
    }
}

fn allowed(element: &str, key: &str, value: &str) -> bool {
    match (element, key) {
        ("a", "href") => is_safe(value, &["http", "https", "mailto"]),
        ("img" | "source", "src") | ("video", "poster") => is_safe(value, &["https", "http"]),
        ("a", "target") => value == "_blank",
        ("a", "title")
        | ("img", "alt" | "title" | "width" | "height")
        | ("video", "controls" | "loop" | "muted" | "width" | "height")
        | ("source", "type")
        | ("td" | "th", "colspan" | "rowspan" | "scope" | "headers") => true,
        _ => false,
    }
}

/// Whether an address has one of the schemes, or none. Browsers overlook white space and control characters in it.
fn is_safe(address: &str, schemes: &[&str]) -> bool {
    let plain: String = address.chars().filter(|letter| !letter.is_whitespace() && !letter.is_control()).collect();
    let end = plain.find(['/', '?', '#', '\\']).unwrap_or(plain.len());
    match plain[..end].split_once(':') {
        Some((scheme, _)) => schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)),
        None => !plain.starts_with("//") && !plain.contains('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_something_stays() {
        for text in [
            "<p>Two <b>words</b><br>and <a href=\"https://a.example/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">a link</a></p>",
            "<ul><li>a</li><li>b</li></ul>",
            "<img src=\"https://a.example/x.png\" alt=\"x\">",
            "plain, 1 &lt; 2 &amp; 3",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn what_could_do_harm_goes() {
        for (hostile, left) in [
            ("<script>alert(1)</script>a", "a"),
            ("<SCRIPT\n>alert(1)</sCript >a", "a"),
            ("<img src=x onerror=alert(1)>", "<img src=\"x\">"),
            ("<a href=\"java\tscript:alert(1)\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<a href=\" &#106;avascript:alert(1)\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<a href=\"//evil.example\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<svg><p><style><img src=x onerror=alert(1)></style></svg>a", "a"),
            ("<math><mtext></p><img src=x onerror=alert(1)></math>a", "a"),
            ("<iframe srcdoc=\"<script>1</script>\"></iframe>a", "a"),
            ("<form action=https://evil.example><input name=x><button>go</button></form>", "go"),
            ("<base href=https://evil.example><meta http-equiv=refresh content=0><link rel=stylesheet>a", "a"),
            ("</main></form></div>a", "a"),
            ("<div><b>a", "<div><b>a</b></div>"),
            ("<b><i>a</b>c</i>", "<b><i>a</i></b>c"),
            ("<textarea><img src=x onerror=alert(1)></textarea>a", "a"),
            ("<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">a", "<img src=\"x\">&quot;&gt;a"),
            ("<!--><script>1</script>-->a", "--&gt;a"),
            ("<p style=\"position:fixed\" onclick=x class=c id=main>a</p>", "<p>a</p>"),
            ("<template><script>1</script></template>a", "a"),
        ] {
            let cleaned = clean(hostile);
            let lower = cleaned.to_ascii_lowercase();
            for word in ["<script", "onerror", "javascript", "<iframe", "<form", "<input", "style=", "<meta", "srcdoc"]
            {
                assert!(!lower.contains(word), "{hostile} became {cleaned}");
            }
            if !hostile.starts_with("<noscript") {
                assert_eq!(cleaned, left, "{hostile}");
            }
            assert_eq!(clean(&cleaned), cleaned, "cleaning twice changes nothing");
        }
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("a\"'<b>&"), "a&quot;&#39;&lt;b&gt;&amp;");
        assert_eq!(with_lines("a\\nb"), "a\nb");
    }
}
