//! Web pages: read as browsers read them, searched by selectors, and written as HTML or as plain text.

mod plain;
mod select;
pub(crate) mod tags;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, ExpandedName, ParseOpts, QualName, local_name, ns};

pub use select::Selector;

use crate::{Error, Result};

/// Most nodes of a page, and the deepest nesting.
const NODES: usize = 2_000_000;
const DEPTH: usize = 500;

/// A node of a page.
pub type Id = usize;

/// A page.
pub struct Page {
    nodes: Vec<Node>,
}

/// Whether other parsers than [`Page::read`] may take very long for the attributes of a page's tags. Then it goes through
/// that one first, which refuses it if so.
pub fn is_suspect(text: &str) -> bool {
    tags::is_suspect(text)
}

struct Node {
    parent: Option<Id>,
    children: Vec<Id>,
    depth: usize,
    data: Data,
}

enum Data {
    Document,
    Element { name: String, attributes: Vec<(String, String)> },
    Text(String),
    Comment(String),
    Doctype(String),
}

impl Page {
    /// Reads a page. Whatever the text is, it is one; only its size and depth have bounds.
    ///
    /// # Errors
    /// It is too large or nested too deeply.
    pub fn read(text: &str) -> Result<Page> {
        let tree = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
        let sink = Tree { nodes: RefCell::new(Vec::new()), deep: Cell::new(false), heard: Cell::new(0) };
        sink.nodes.borrow_mut().push(Node { parent: None, children: Vec::new(), depth: 0, data: Data::Document });
        let options = ParseOpts { tree_builder: tree, ..ParseOpts::default() };
        let mut parser = html5ever::parse_document(sink, options);
        // Part by part: with what is open, the time that each tag takes grows.
        tags::feed(text, &mut |part| {
            parser.process(part.into());
            let sink = &parser.tokenizer.sink.sink;
            match sink.deep.get() {
                true => Err(Error::limit(format!("the page is nested more than {DEPTH} levels deep"))),
                false => Ok(sink.heard.get()),
            }
        })?;
        let page = parser.finish();
        if page.nodes.len() > NODES {
            return Err(Error::limit(format!("the page has more than {NODES} nodes")));
        }
        // Children are after their parents in no order, so depths are found from the top.
        let mut open = vec![(0, 0)];
        while let Some((id, depth)) = open.pop() {
            if depth > DEPTH {
                return Err(Error::limit(format!("the page is nested more than {DEPTH} levels deep")));
            }
            open.extend(page.nodes[id].children.iter().map(|child| (*child, depth + 1)));
        }
        Ok(page)
    }

    /// The name of an element.
    pub fn name(&self, id: Id) -> Option<&str> {
        match &self.nodes[id].data {
            Data::Element { name, .. } => Some(name),
            _ => None,
        }
    }

    /// An attribute of an element.
    pub fn attribute(&self, id: Id, wanted: &str) -> Option<&str> {
        match &self.nodes[id].data {
            Data::Element { attributes, .. } => {
                attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
            }
            _ => None,
        }
    }

    /// All text below a node.
    pub fn text(&self, id: Id) -> String {
        let mut text = String::new();
        self.add_text(id, &mut text);
        text
    }

    fn add_text(&self, id: Id, out: &mut String) {
        match &self.nodes[id].data {
            Data::Text(text) => out.push_str(text),
            _ => self.nodes[id].children.iter().for_each(|child| self.add_text(*child, out)),
        }
    }

    /// What is inside of an element, as HTML.
    pub fn inner(&self, id: Id) -> String {
        let mut out = String::new();
        self.nodes[id].children.iter().for_each(|child| self.write(*child, &mut out));
        out
    }

    fn write(&self, id: Id, out: &mut String) {
        let node = &self.nodes[id];
        match &node.data {
            Data::Document => node.children.iter().for_each(|child| self.write(*child, out)),
            Data::Doctype(name) => out.push_str(&format!("<!DOCTYPE {name}>")),
            Data::Comment(text) => out.push_str(&format!("<!--{text}-->")),
            Data::Text(text) => {
                let parent = node.parent.and_then(|parent| self.name(parent)).unwrap_or_default();
                match parent {
                    "style" | "script" | "xmp" | "iframe" | "noembed" | "noframes" | "plaintext" => out.push_str(text),
                    _ => {
                        let text = text.replace('&', "&amp;").replace('\u{A0}', "&nbsp;");
                        out.push_str(&text.replace('<', "&lt;").replace('>', "&gt;"));
                    }
                }
            }
            Data::Element { name, attributes } => {
                out.push('<');
                out.push_str(name);
                for (name, value) in attributes {
                    let value = value.replace('&', "&amp;").replace('\u{A0}', "&nbsp;").replace('"', "&quot;");
                    out.push_str(&format!(" {name}=\"{value}\""));
                }
                out.push('>');
                if VOID.contains(&name.as_str()) {
                    return;
                }
                node.children.iter().for_each(|child| self.write(*child, out));
                out.push_str(&format!("</{name}>"));
            }
        }
    }

    /// The value of a field of a form.
    pub fn value(&self, id: Id) -> Option<String> {
        match self.name(id)? {
            "textarea" => Some(self.text(id)),
            "select" => {
                let mut options: Vec<Id> = Vec::new();
                self.below(id, &mut |child| {
                    if self.name(child) == Some("option") {
                        options.push(child);
                    }
                });
                let chosen: Vec<Id> =
                    options.iter().copied().filter(|option| self.attribute(*option, "selected").is_some()).collect();
                let value =
                    |option: &Id| self.attribute(*option, "value").map_or_else(|| self.text(*option), str::to_owned);
                match self.attribute(id, "multiple") {
                    Some(_) => Some(chosen.iter().map(value).collect::<Vec<_>>().join(",")),
                    None => chosen.first().or(options.first()).map(value),
                }
            }
            "option" => Some(self.attribute(id, "value").map_or_else(|| self.text(id), str::to_owned)),
            _ => self.attribute(id, "value").map(str::to_owned),
        }
    }

    /// Calls for each node below one, in order.
    fn below(&self, id: Id, seen: &mut dyn FnMut(Id)) {
        for child in &self.nodes[id].children {
            seen(*child);
            self.below(*child, seen);
        }
    }
}

const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "basefont", "bgsound", "frame", "keygen",
];

/// Builds a page.
struct Tree {
    nodes: RefCell<Vec<Node>>,
    /// A node is deeper than any may be.
    deep: Cell<bool>,
    /// How often the parser has made or placed something.
    heard: Cell<usize>,
}

#[derive(Clone)]
struct Handle {
    id: Id,
    name: Rc<QualName>,
}

impl Tree {
    fn add(&self, data: Data, name: QualName) -> Handle {
        self.heard.update(|heard| heard + 1);
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { parent: None, children: Vec::new(), depth: 0, data });
        Handle { id: nodes.len() - 1, name: Rc::new(name) }
    }

    fn place(&self, parent: Id, at: Option<usize>, child: NodeOrText<Handle>) {
        self.heard.update(|heard| heard + 1);
        let mut nodes = self.nodes.borrow_mut();
        let end = at.unwrap_or(nodes[parent].children.len());
        let id = match child {
            NodeOrText::AppendNode(node) => {
                detach(&mut nodes, node.id);
                node.id
            }
            NodeOrText::AppendText(text) => {
                let before = end.checked_sub(1).map(|before| nodes[parent].children[before]);
                if let Some(before) = before
                    && let Data::Text(known) = &mut nodes[before].data
                {
                    known.push_str(&text);
                    return;
                }
                nodes.push(Node { parent: None, children: Vec::new(), depth: 0, data: Data::Text(text.to_string()) });
                nodes.len() - 1
            }
        };
        let end = end.min(nodes[parent].children.len());
        nodes[parent].children.insert(end, id);
        nodes[id].parent = Some(parent);
        nodes[id].depth = nodes[parent].depth + 1;
        if nodes[id].depth > DEPTH {
            self.deep.set(true);
        }
    }
}

fn detach(nodes: &mut [Node], id: Id) {
    if let Some(parent) = nodes[id].parent.take() {
        nodes[parent].children.retain(|child| *child != id);
    }
}

fn nameless() -> QualName {
    QualName::new(None, ns!(), local_name!(""))
}

impl TreeSink for Tree {
    type Handle = Handle;
    type Output = Page;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Page {
        Page { nodes: self.nodes.into_inner() }
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle { id: 0, name: Rc::new(nameless()) }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        let attributes = attributes.into_iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
        self.add(Data::Element { name: name.local.to_string(), attributes }, name)
    }

    fn create_comment(&self, text: StrTendril) -> Handle {
        self.add(Data::Comment(text.to_string()), nameless())
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> Handle {
        self.add(Data::Comment(format!("?{target} {data}")), nameless())
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.place(parent.id, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, before: &Handle, child: NodeOrText<Handle>) {
        let placed = self.nodes.borrow()[element.id].parent.is_some();
        match placed {
            true => self.append_before_sibling(element, child),
            false => self.append(before, child),
        }
    }

    fn append_doctype_to_document(&self, name: StrTendril, _: StrTendril, _: StrTendril) {
        let node = self.add(Data::Doctype(name.to_string()), nameless());
        self.place(0, None, NodeOrText::AppendNode(node));
    }

    fn get_template_contents(&self, target: &Handle) -> Handle {
        // What is in a template is found like anything else.
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, node: NodeOrText<Handle>) {
        if let NodeOrText::AppendNode(node) = &node {
            detach(&mut self.nodes.borrow_mut(), node.id);
        }
        let place = {
            let nodes = self.nodes.borrow();
            nodes[sibling.id].parent.and_then(|parent| {
                Some((parent, nodes[parent].children.iter().position(|child| *child == sibling.id)?))
            })
        };
        if let Some((parent, at)) = place {
            self.place(parent, Some(at), node);
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, more: Vec<Attribute>) {
        if let Data::Element { attributes, .. } = &mut self.nodes.borrow_mut()[target.id].data {
            self.heard.update(|heard| heard + 1);
            // A second `body` adds to the first, and so may a millionth.
            for attribute in more.into_iter().take(tags::ATTRIBUTES.saturating_sub(attributes.len())) {
                let name = attribute.name.local.to_string();
                if !attributes.iter().any(|(known, _)| *known == name) {
                    attributes.push((name, attribute.value.to_string()));
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        detach(&mut self.nodes.borrow_mut(), target.id);
    }

    fn reparent_children(&self, node: &Handle, parent: &Handle) {
        let mut nodes = self.nodes.borrow_mut();
        let children = std::mem::take(&mut nodes[node.id].children);
        for child in &children {
            nodes[*child].parent = Some(parent.id);
        }
        nodes[parent.id].children.extend(children);
    }
}

#[cfg(test)]
mod tests;
