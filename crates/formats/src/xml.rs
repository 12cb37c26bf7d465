//! XML to values and back, with the shapes and options of JavaScript's `xml2js`.

use std::borrow::Cow;
use std::fmt::Write as _;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, escape};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Deepest nesting of elements; items are no deeper.
const DEPTH: usize = 100;

/// How XML becomes a value.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Field of an element's attributes, where they are not merged.
    pub attribute_key: String,
    /// Field of an element's text, where it has more.
    pub text_key: String,
    /// Children are lists even when there is one.
    pub explicit_array: bool,
    /// The root's name is a field.
    pub explicit_root: bool,
    /// Attributes are left out.
    pub ignore_attributes: bool,
    /// Attributes are fields beside the children.
    pub merge_attributes: bool,
    /// White space inside texts becomes one blank.
    pub normalize: bool,
    /// Names are written small.
    pub normalize_tags: bool,
    /// Texts have no white space at their ends.
    pub trim: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Reading {
            attribute_key: "$".into(),
            text_key: "_".into(),
            explicit_array: false,
            explicit_root: true,
            ignore_attributes: false,
            merge_attributes: true,
            normalize: false,
            normalize_tags: false,
            trim: false,
        }
    }
}

/// How a value becomes XML.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Field of an element's attributes.
    pub attribute_key: String,
    /// Field of an element's text.
    pub text_key: String,
    /// Texts with signs that mean something in XML stand in CDATA sections.
    pub cdata: bool,
    /// No declaration comes first.
    pub headless: bool,
    /// Name of the root, unless the value has one field and this is `root`.
    pub root: String,
}

impl Default for Writing {
    fn default() -> Self {
        Writing { attribute_key: "$".into(), text_key: "_".into(), cdata: false, headless: false, root: "root".into() }
    }
}

/// An element that is not closed yet.
struct Open {
    name: String,
    text: String,
    cdata: bool,
    fields: Map<String, Value>,
}

/// The value of a document; `null` for one without anything.
///
/// # Errors
/// It is no XML, refers to entities of its own, or is nested too deeply.
pub fn read(text: &str, options: &Reading) -> Result<Value> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    if !text.trim_start().starts_with('<') {
        return Err(before_first_tag(text, 0));
    }
    let mut reader = Reader::from_str(text);
    let mut stack: Vec<Open> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| wrong(&reader, &error))?;
        match event {
            Event::Start(tag) => {
                if stack.len() == DEPTH {
                    return Err(Error::limit(format!("the document is nested more than {DEPTH} levels deep")));
                }
                stack.push(open(&tag, options)?);
            }
            Event::Empty(tag) => {
                let element = open(&tag, options)?;
                if let Some(whole) = close(element, &mut stack, options) {
                    return Ok(whole);
                }
            }
            Event::End(_) => {
                let Some(element) = stack.pop() else { return Err(Error::broken("Unexpected close tag")) };
                if let Some(whole) = close(element, &mut stack, options) {
                    // What follows the root is not looked at.
                    return Ok(whole);
                }
            }
            Event::Text(part) => match stack.last_mut() {
                Some(element) => element.text.push_str(&part.xml_content(Default::default())),
                None if part.xml_content(Default::default()).trim().is_empty() => {}
                None => return Err(before_first_tag(text, reader.buffer_position() as usize)),
            },
            Event::CData(part) => {
                if let Some(element) = stack.last_mut() {
                    element.text.push_str(&part.xml_content(Default::default()));
                    element.cdata = true;
                }
            }
            Event::GeneralRef(name) => {
                if let Some(element) = stack.last_mut() {
                    match name.resolve_char_ref().map_err(Error::broken)? {
                        Some(sign) => element.text.push(sign),
                        // Entities of the document's own are not: what they may grow to has no bound.
                        None => match escape::resolve_html5_entity(&name.xml_content(Default::default())) {
                            Some(signs) => element.text.push_str(signs),
                            None => return Err(Error::broken("Invalid character entity")),
                        },
                    }
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => return Err(Error::broken("Unclosed root tag")),
        }
    }
}

/// Text where a tag should be, with the place of its first letter at or after `from`.
fn before_first_tag(text: &str, from: usize) -> Error {
    let found = text.char_indices().find(|(at, letter)| *at >= from && !letter.is_whitespace());
    let (at, letter) = found.unwrap_or((0, ' '));
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Error::Broken(format!("Non-whitespace before first tag.\nLine: {line}\nColumn: {column}\nChar: {letter}"))
}

fn wrong(reader: &Reader<&[u8]>, error: &quick_xml::Error) -> Error {
    let place = reader.error_position();
    match error {
        quick_xml::Error::IllFormed(quick_xml::errors::IllFormedError::MismatchedEndTag { .. }) => {
            Error::Broken(format!("Unexpected close tag: {error}, at byte {place}"))
        }
        error => Error::Broken(format!("{error}, at byte {place}")),
    }
}

fn open(tag: &BytesStart, options: &Reading) -> Result<Open> {
    let mut name = tag.name().as_ref().to_owned();
    if options.normalize_tags {
        name = name.to_lowercase();
    }
    let mut fields = Map::new();
    let mut attributes = Map::new();
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(Error::broken)?;
        let key = safe(attribute.key.as_ref());
        if options.ignore_attributes {
            continue;
        }
        let value = escape::unescape(&attribute.value).map_err(Error::broken)?;
        // The first of two attributes of one name counts.
        attributes.entry(key).or_insert_with(|| value.into_owned().into());
    }
    if options.merge_attributes {
        attributes.into_iter().for_each(|(key, value)| add(&mut fields, key, value, options));
    } else if !attributes.is_empty() {
        fields.insert(options.attribute_key.clone(), attributes.into());
    }
    Ok(Open { name: safe(&name), text: String::new(), cdata: false, fields })
}

/// Names that mean something to objects of JavaScript are not used as they are.
fn safe(name: &str) -> String {
    match name {
        "__proto__" | "constructor" | "prototype" => format!("sanitized_{name}"),
        name => name.to_owned(),
    }
}

/// Puts a closed element into the one around it; the root is the whole value.
fn close(element: Open, stack: &mut [Open], options: &Reading) -> Option<Value> {
    let Open { name, text, cdata, mut fields } = element;
    let blank = text.chars().all(char::is_whitespace) && !cdata;
    let value = if blank {
        if fields.is_empty() { Value::String(text) } else { fields.into() }
    } else {
        let mut text = Cow::Borrowed(text.as_str());
        if options.trim {
            text = text.trim().to_owned().into();
        }
        if options.normalize {
            text = single_spaced(text.trim()).into();
        }
        if fields.is_empty() {
            text.into_owned().into()
        } else {
            match fields.get_mut(&options.text_key) {
                // An element or attribute of this name is in the way.
                Some(taken) => *taken = format!(",{}{text}", show(taken)).into(),
                None => _ = fields.shift_insert(0, options.text_key.clone(), text.into_owned().into()),
            }
            fields.into()
        }
    };
    match stack.last_mut() {
        Some(parent) => {
            add(&mut parent.fields, name, value, options);
            None
        }
        None if options.explicit_root => Some(Map::from_iter([(name, value)]).into()),
        None => Some(value),
    }
}

fn show(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn single_spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    let mut last = ' ';
    for c in text.chars() {
        if c.is_whitespace() {
            (run, last) = (run + 1, c);
            continue;
        }
        match run {
            0 => {}
            1 => out.push(last),
            _ => out.push(' '),
        }
        run = 0;
        out.push(c);
    }
    out
}

fn add(fields: &mut Map<String, Value>, key: String, value: Value, options: &Reading) {
    match fields.get_mut(&key) {
        None if options.explicit_array => _ = fields.insert(key, Value::Array(vec![value])),
        None => _ = fields.insert(key, value),
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

/// The document of a value.
///
/// # Errors
/// A name or a text has signs that XML has no place for, or the value is nested too deeply.
pub fn write(value: &Value, options: &Writing) -> Result<String> {
    let empty = Map::new();
    let fields = value.as_object().unwrap_or(&empty);
    let (name, inner) = match fields.iter().next() {
        Some((name, inner)) if fields.len() == 1 && options.root == "root" => (name.as_str(), inner),
        _ => (options.root.as_str(), value),
    };
    let mut root = Element::new(name)?;
    root.fill(inner, options, 0)?;
    let mut out = String::new();
    if !options.headless {
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
    }
    root.print(&mut out, 0);
    Ok(out)
}

struct Element<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, String)>,
    inside: Vec<Inside<'a>>,
}

enum Inside<'a> {
    Element(Element<'a>),
    Text(String),
}

impl<'a> Element<'a> {
    fn new(name: &'a str) -> Result<Element<'a>> {
        check_name(name)?;
        Ok(Element { name, attributes: Vec::new(), inside: Vec::new() })
    }

    fn child(&mut self, name: &'a str, value: &'a Value, options: &Writing, depth: usize) -> Result<()> {
        let mut child = Element::new(name)?;
        child.fill(value, options, depth + 1)?;
        self.inside.push(Inside::Element(child));
        Ok(())
    }

    fn text(&mut self, value: &Value, options: &Writing) -> Result<()> {
        let text = match value {
            Value::Null => String::new(),
            value => plain(value),
        };
        if let Some(at) = text.chars().position(|c| !allowed(c)) {
            return Err(Error::Broken(format!("Invalid character in string: {text} at index {at}")));
        }
        if options.cdata && value.is_string() && text.contains(['<', '>', '&']) {
            let inner = text.replacen("]]>", "]]]]><![CDATA[>", 1);
            self.inside.push(Inside::Text(format!("<![CDATA[{inner}]]>")));
        } else if !text.is_empty() {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;");
            self.inside.push(Inside::Text(text));
        }
        Ok(())
    }

    fn fill(&mut self, value: &'a Value, options: &Writing, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(Error::limit(format!("the value is nested more than {DEPTH} levels deep")));
        }
        match value {
            // A list in place of an element: the fields of its elements are the children.
            Value::Array(list) => {
                for (name, inner) in list.iter().filter_map(Value::as_object).flatten() {
                    self.child(name, inner, options, depth)?;
                }
            }
            Value::Object(fields) => {
                for (name, inner) in fields {
                    match inner {
                        Value::Object(attributes) if *name == options.attribute_key => {
                            for (name, value) in attributes.iter().filter(|(_, value)| !value.is_null()) {
                                check_name(name)?;
                                self.attributes.push((name, plain(value)));
                            }
                        }
                        _ if *name == options.attribute_key => {}
                        inner if *name == options.text_key => self.text(inner, options)?,
                        Value::Array(list) => {
                            for inner in list {
                                self.child(name, inner, options, depth)?;
                            }
                        }
                        inner => self.child(name, inner, options, depth)?,
                    }
                }
            }
            value => self.text(value, options)?,
        }
        Ok(())
    }

    fn print(&self, out: &mut String, depth: usize) {
        _ = write!(out, "<{}", self.name);
        for (name, value) in &self.attributes {
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            let value = value.replace('\t', "&#x9;").replace('\n', "&#xA;").replace('\r', "&#xD;");
            _ = write!(out, " {name}=\"{value}\"");
        }
        let texts = self.inside.iter().all(|inside| matches!(inside, Inside::Text(_)));
        if self.inside.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for inside in &self.inside {
            if !texts {
                out.push('\n');
                out.push_str(&"  ".repeat(depth + 1));
            }
            match inside {
                Inside::Text(text) => out.push_str(text),
                Inside::Element(element) => element.print(out, depth + 1),
            }
        }
        if !texts {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
        _ = write!(out, "</{}>", self.name);
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => crate::table::number_json(float).to_string(),
            _ => number.to_string(),
        },
        value => value.to_string(),
    }
}

fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn check_name(name: &str) -> Result<()> {
    let first = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    let mut chars = name.chars();
    let valid = chars.next().is_some_and(first)
        && chars.all(|c| first(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}'));
    if valid { Ok(()) } else { Err(Error::Broken(format!("Invalid character in name: `{name}`"))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(change: impl FnOnce(&mut Reading)) -> Reading {
        let mut options = Reading::default();
        change(&mut options);
        options
    }

    #[track_caller]
    fn reads(text: &str, options: Reading, expect: Value) {
        // As text, so that the order of fields counts.
        assert_eq!(read(text, &options).unwrap().to_string(), expect.to_string(), "{text}");
    }

    #[test]
    fn documents_become_values() {
        let plain = Reading::default;
        reads(
            "<a x=\"1\"><b>t</b><b y=\"2\">u</b><c/>  <d> </d></a>",
            plain(),
            json!({ "a": { "x": "1", "b": ["t", { "_": "u", "y": "2" }], "c": "", "d": " " } }),
        );
        reads("<a x=\"1\"><x>2</x></a>", plain(), json!({ "a": { "x": ["1", "2"] } }));
        reads("<a>x<b/>y</a>", plain(), json!({ "a": { "_": "xy", "b": "" } }));
        reads("<a>t<![CDATA[<c>]]>u</a>", plain(), json!({ "a": "t<c>u" }));
        reads("<a><![CDATA[]]></a>", plain(), json!({ "a": "" }));
        reads("<a b=\"&lt;x&#10;y\nz\"/>", plain(), json!({ "a": { "b": "<x\ny\nz" } }));
        reads("<a b=\"1\" b=\"2\"/>", plain(), json!({ "a": { "b": "1" } }));
        reads("<a>&nbsp;&amp;&#65;</a>", plain(), json!({ "a": "\u{A0}&A" }));
        reads(
            "<!--c--><n:a xmlns:n=\"u\"><n:b>1</n:b></n:a>",
            plain(),
            json!({ "n:a": { "xmlns:n": "u", "n:b": "1" } }),
        );
        reads("\u{FEFF}<?xml version=\"1.0\"?><a/>text", plain(), json!({ "a": "" }));
        reads("<a/><b/>", plain(), json!({ "a": "" }));
        reads(" ", plain(), json!(null));
        reads("<__proto__>x</__proto__>", plain(), json!({ "sanitized___proto__": "x" }));
        reads("<a _=\"1\">t</a>", plain(), json!({ "a": { "_": ",1t" } }));
    }

    #[test]
    fn options_change_the_shape() {
        reads("<a x=\"1\">t</a>", with(|o| o.ignore_attributes = true), json!({ "a": "t" }));
        reads("<a><b>t</b></a>", with(|o| o.explicit_root = false), json!({ "b": "t" }));
        reads("<A><B>x</B></A>", with(|o| o.normalize_tags = true), json!({ "a": { "b": "x" } }));
        reads("<a>  x   y  </a>", with(|o| o.trim = true), json!({ "a": "x   y" }));
        reads("<a>  x   y\tz  </a>", with(|o| o.normalize = true), json!({ "a": "x y\tz" }));
        reads("<a x=\"1\"><b>q</b></a>", with(|o| o.explicit_array = true), json!({ "a": { "x": ["1"], "b": ["q"] } }));
        reads(
            "<a x=\"1\">text<b>t</b></a>",
            with(|o| o.merge_attributes = false),
            json!({ "a": { "_": "text", "$": { "x": "1" }, "b": "t" } }),
        );
        let keys = with(|o| (o.merge_attributes, o.attribute_key, o.text_key) = (false, "@".into(), "#".into()));
        reads("<a x=\"1\">t</a>", keys, json!({ "a": { "#": "t", "@": { "x": "1" } } }));
    }

    #[test]
    fn broken_and_hostile_documents_are_refused() {
        for text in ["<a><b></a>", "<a>", "x", "<a b=1/>", "<a b/>", "{\"a\":1}", "<a>1 & 2</a>", "<", "<a>&x;</a>"] {
            assert!(matches!(read(text, &Reading::default()), Err(Error::Broken(_))), "{text}");
        }
        let laughs = "<!DOCTYPE a [<!ENTITY x \"ha\"><!ENTITY y \"&x;&x;&x;\">]><a>&y;</a>";
        assert_eq!(read(laughs, &Reading::default()), Err(Error::Broken("Invalid character entity".into())));
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(matches!(read(&deep, &Reading::default()), Err(Error::Limit(_))));
    }

    #[track_caller]
    fn writes(value: Value, options: Writing, expect: &str) {
        let whole = write(&value, &options).unwrap();
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
        assert_eq!(whole.strip_prefix(head).unwrap_or(&whole), expect, "{value}");
    }

    #[test]
    fn values_become_documents() {
        let plain = Writing::default;
        writes(
            json!({ "a": 1, "b": { "$": { "x": 1 }, "_": "t<&>\"" }, "c": [1, "2", { "d": "x" }], "e": null, "h": [], "i": {} }),
            plain(),
            "<root>\n  <a>1</a>\n  <b x=\"1\">t&lt;&amp;&gt;\"</b>\n  <c>1</c>\n  <c>2</c>\n  <c>\n    <d>x</d>\n  \
             </c>\n  <e/>\n  <i/>\n</root>",
        );
        writes(json!({ "one": { "a": 1.0 } }), plain(), "<one>\n  <a>1</a>\n</one>");
        writes(json!({ "one": "x" }), plain(), "<one>x</one>");
        writes(json!({}), plain(), "<root/>");
        writes(json!({ "one": [1, 2] }), plain(), "<one/>");
        writes(json!({ "one": [{ "a": 1 }, { "a": 2 }] }), plain(), "<one>\n  <a>1</a>\n  <a>2</a>\n</one>");
        writes(json!({ "_": "text", "a": 1 }), plain(), "<root>\n  text\n  <a>1</a>\n</root>");
        writes(json!({ "a": { "$": { "x": null } }, "b": 1 }), plain(), "<root>\n  <a/>\n  <b>1</b>\n</root>");
        let named = || Writing { root: "R".into(), ..Writing::default() };
        writes(json!({ "one": { "a": 1 } }), named(), "<R>\n  <one>\n    <a>1</a>\n  </one>\n</R>");
        let cdata = Writing { cdata: true, ..Writing::default() };
        writes(
            json!({ "a": "<x>", "b": "]]>", "c": "x" }),
            cdata,
            "<root>\n  <a><![CDATA[<x>]]></a>\n  <b><![CDATA[]]]]><![CDATA[>]]></b>\n  <c>x</c>\n</root>",
        );
        let keys = Writing { attribute_key: "@".into(), text_key: "#".into(), headless: true, ..Writing::default() };
        writes(json!({ "a": { "@": { "k": "v\"<&\n" }, "#": "t" } }), keys, "<a k=\"v&quot;&lt;&amp;&#xA;\">t</a>");
    }

    #[test]
    fn what_xml_cannot_hold_is_refused() {
        for value in [json!({ "bad name": 1, "x": 2 }), json!({ "a": "\u{1}", "b": 1 }), json!({ "1": 1, "b": 1 })] {
            assert!(write(&value, &Writing::default()).is_err(), "{value}");
        }
        let mut deep = json!(1);
        (0..200).for_each(|_| deep = json!({ "a": deep.take() }));
        assert!(matches!(write(&deep, &Writing::default()), Err(Error::Limit(_))));
    }
}
