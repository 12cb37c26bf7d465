//! Pages as plain text, as JavaScript's `html-to-text` lays them out: lines of at most eighty characters, headings in
//! capitals, links with their addresses.

use super::{Data, Id, Page};

/// Longest line.
const WIDTH: usize = 80;

impl Page {
    /// What is inside of an element, as plain text. What `skip` names is left out.
    pub fn plain(&self, id: Id, skip: &[Id]) -> String {
        // Of a whole page it is the body.
        let body = self.nodes[id].children.iter().copied().find(|child| self.name(*child) == Some("body"));
        let mut writer =
            Writer { page: self, skip, blocks: vec![Block::new(WIDTH, 0, false)], capitals: 0, link: Vec::new() };
        writer.inside(body.unwrap_or(id));
        writer.blocks.pop().map(|block| block.text()).unwrap_or_default()
    }
}

/// Words laid out in lines.
struct Lines {
    done: Vec<String>,
    words: Vec<String>,
    width: usize,
    room: isize,
    space: bool,
}

impl Lines {
    fn new(width: usize) -> Lines {
        Lines { done: Vec::new(), words: Vec::new(), width, room: width as isize, space: false }
    }

    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.words.is_empty()
    }

    fn end_line(&mut self) {
        self.done.push(std::mem::take(&mut self.words).join(" "));
        self.room = self.width as isize;
        self.space = false;
    }

    fn push(&mut self, word: String) {
        if self.room <= 0 {
            self.end_line();
        }
        let first = self.words.is_empty();
        let length = word.encode_utf16().count() as isize;
        let cost = length + isize::from(!first);
        if cost > self.room && !first {
            self.end_line();
            self.room -= length;
        } else {
            self.room -= cost;
        }
        self.words.push(word);
    }

    fn join(&mut self, word: &str) {
        match self.words.pop() {
            Some(last) => {
                self.room += last.encode_utf16().count() as isize;
                self.push(last + word);
            }
            None => self.push(word.to_owned()),
        }
    }

    fn text(&self) -> String {
        let last = self.words.join(" ");
        self.done.iter().map(String::as_str).chain([last.as_str()]).collect::<Vec<_>>().join("\n")
    }
}

struct Block {
    raw: String,
    lines: Lines,
    leading: usize,
    stashed: usize,
    exact: bool,
}

impl Block {
    fn new(width: usize, leading: usize, exact: bool) -> Block {
        Block { raw: String::new(), lines: Lines::new(width), leading, stashed: 0, exact }
    }

    fn text(&self) -> String {
        match self.lines.is_empty() {
            true => self.raw.clone(),
            false => format!("{}{}{}", self.raw, "\n".repeat(self.stashed), self.lines.text()),
        }
    }

    fn add(&mut self, text: &str, leading: usize, trailing: usize) {
        let before = self.text();
        let breaks = self.stashed.max(leading);
        self.lines = Lines::new(self.lines.width);
        if before.is_empty() {
            self.raw = text.to_owned();
            self.leading = breaks;
        } else {
            self.raw = format!("{before}{}{text}", "\n".repeat(breaks));
        }
        self.stashed = trailing;
    }
}

struct Writer<'a> {
    page: &'a Page,
    skip: &'a [Id],
    blocks: Vec<Block>,
    capitals: usize,
    /// Whether a link that is open has words.
    link: Vec<bool>,
}

fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{C}' | '\u{200B}')
}

impl Writer<'_> {
    fn block(&mut self) -> Option<&mut Block> {
        self.blocks.last_mut()
    }

    fn inside(&mut self, id: Id) {
        let page = self.page;
        page.nodes[id].children.iter().for_each(|child| self.node(*child));
    }

    fn open(&mut self, leading: usize, reserved: usize, exact: bool) {
        let width = self.blocks.last().map_or(WIDTH, |block| block.lines.width);
        self.blocks.push(Block::new(width.saturating_sub(reserved).max(20), leading, exact));
    }

    fn close(&mut self, trailing: usize, change: impl FnOnce(String) -> String) {
        let Some(block) = self.blocks.pop() else { return };
        let text = change(block.text());
        if let Some(parent) = self.block() {
            parent.add(&text, block.leading, block.stashed.max(trailing));
        }
    }

    /// Words; `plain` ones are neither written in capitals nor count as a link's.
    fn words(&mut self, text: &str, plain: bool) {
        let shown = if self.capitals > 0 && !plain { text.to_uppercase() } else { text.to_owned() };
        let words = text.chars().any(|c| !blank(c));
        if words && !plain {
            self.link.iter_mut().for_each(|has| *has = true);
        }
        let Some(block) = self.block() else { return };
        if block.exact {
            block.raw.push_str(&shown);
            return;
        }
        if shown.is_empty() || block.stashed > 0 && block.lines.is_empty() && !words {
            return;
        }
        let lines = &mut block.lines;
        let mut parts = shown.split(blank).filter(|part| !part.is_empty()).peekable();
        if shown.starts_with(blank) {
            lines.space = true;
        }
        if parts.peek().is_none() {
            return;
        }
        for (at, word) in parts.enumerate() {
            if at > 0 || lines.space {
                lines.push(word.to_owned());
            } else {
                lines.join(word);
            }
        }
        lines.space = shown.ends_with(blank);
    }

    fn node(&mut self, id: Id) {
        if self.skip.contains(&id) {
            return;
        }
        let page = self.page;
        let name = match &page.nodes[id].data {
            Data::Text(text) => return self.words(text, false),
            Data::Element { name, .. } => name.as_str(),
            _ => return,
        };
        match name {
            "script" | "style" => {}
            "br" => {
                if let Some(block) = self.block() {
                    if block.exact { block.raw.push('\n') } else { block.lines.end_line() }
                }
            }
            "p" | "table" => self.around(id, 2, 2),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let leading = if matches!(name, "h1" | "h2" | "h3") { 3 } else { 2 };
                self.capitals += 1;
                self.around(id, leading, 2);
                self.capitals -= 1;
            }
            "div" | "article" | "aside" | "footer" | "form" | "header" | "main" | "nav" | "section" => {
                self.around(id, 1, 1);
            }
            "hr" => {
                self.open(2, 0, false);
                self.words(&"-".repeat(WIDTH), false);
                self.close(2, |text| text);
            }
            "pre" => {
                self.open(2, 0, true);
                self.inside(id);
                self.close(2, |text| text);
            }
            "blockquote" => {
                self.open(2, 2, false);
                self.inside(id);
                self.close(2, |text| {
                    let lines: Vec<String> =
                        text.trim_matches('\n').split('\n').map(|line| format!("> {line}")).collect();
                    lines.join("\n")
                });
            }
            "ul" | "ol" => self.list(id, name == "ol"),
            "a" => self.anchor(id),
            "img" => {
                let source = page.attribute(id, "src").unwrap_or_default();
                let text = match (page.attribute(id, "alt").unwrap_or_default(), source) {
                    (alt, "") => alt.to_owned(),
                    ("", source) => format!("[{source}]"),
                    (alt, source) => format!("{alt} [{source}]"),
                };
                self.words(&text, true);
            }
            _ => self.inside(id),
        }
    }

    fn around(&mut self, id: Id, leading: usize, trailing: usize) {
        self.open(leading, 0, false);
        self.inside(id);
        self.close(trailing, |text| text);
    }

    fn anchor(&mut self, id: Id) {
        let address = self.page.attribute(id, "href").unwrap_or_default();
        let address = address.strip_prefix("mailto:").unwrap_or(address);
        if address.is_empty() || address.starts_with('#') {
            return self.inside(id);
        }
        self.link.push(false);
        self.inside(id);
        match self.link.pop() {
            Some(true) => self.words(&format!(" [{address}]"), true),
            _ => self.words(address, true),
        }
    }

    fn list(&mut self, id: Id, ordered: bool) {
        let page = self.page;
        let nested = page.nodes[id].parent.and_then(|parent| page.name(parent)) == Some("li");
        let children: Vec<Id> = page.nodes[id]
            .children
            .iter()
            .copied()
            .filter(|child| match &page.nodes[*child].data {
                Data::Text(text) => !text.chars().all(char::is_whitespace),
                Data::Element { .. } => true,
                _ => false,
            })
            .collect();
        if children.is_empty() {
            return;
        }
        let mut number: i64 = page.attribute(id, "start").and_then(|start| start.parse().ok()).unwrap_or(1);
        let mut prefixes = Vec::new();
        for child in &children {
            prefixes.push(match (page.name(*child) == Some("li"), ordered) {
                (false, _) => String::new(),
                (true, false) => " * ".to_owned(),
                (true, true) => {
                    number += 1;
                    format!(" {}. ", number - 1)
                }
            });
        }
        if nested {
            prefixes.iter_mut().for_each(|prefix| *prefix = prefix.trim_start().to_owned());
        }
        let indent = prefixes.iter().map(String::len).max().unwrap_or_default();
        let around = if nested { 1 } else { 2 };
        self.open(around, 0, false);
        for (child, prefix) in children.into_iter().zip(prefixes) {
            self.open(0, indent, false);
            match prefix.is_empty() {
                true => self.node(child),
                false => self.inside(child),
            }
            let Some(item) = self.blocks.pop() else { return };
            let text: Vec<String> = item
                .text()
                .split('\n')
                .enumerate()
                .map(|(at, line)| format!("{:indent$}{line}", if at == 0 { prefix.as_str() } else { "" }))
                .collect();
            if let Some(list) = self.block() {
                let leading = if list.text().is_empty() { 0 } else { 1 };
                list.add(&text.join("\n"), leading, 1);
                // What an item's own blocks stashed is inside of it.
                list.leading = around;
            }
        }
        self.close(around, |text| text);
    }
}
