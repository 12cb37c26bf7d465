//! Texts of PDF files.

use std::collections::BTreeMap;

use lopdf::content::Content;
use lopdf::{Document, Encoding, LoadOptions, Object};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The version that n8n's reader gives.
pub const VERSION: &str = "5.4.296";

/// Most bytes that one page or font unpacks to.
const UNPACKED: usize = 32 << 20;

/// Most pages.
const PAGES: usize = 10_000;

/// Most bytes of text.
const TEXT: usize = 32 << 20;

/// What is in a file.
#[derive(Debug)]
pub struct Read {
    /// Number of pages.
    pub count: usize,
    /// Texts of the pages that were asked for.
    pub pages: Vec<String>,
    /// What the file says of itself.
    pub info: Map<String, Value>,
}

/// Reads at most so many pages.
///
/// # Errors
/// It is no PDF file, is locked by another password, or unpacks to too much.
pub fn read(bytes: &[u8], password: &str, most: Option<usize>) -> Result<Read> {
    let options = LoadOptions {
        password: Some(password.to_owned()),
        max_decompressed_size: Some(UNPACKED),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| match error {
        lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) if password.is_empty() => {
            Error::broken("No password given")
        }
        lopdf::Error::InvalidPassword => Error::broken("Incorrect Password"),
        error => Error::Broken(format!("the file is not a PDF file that can be read: {error}")),
    })?;
    let ids: Vec<_> = document.page_iter().take(PAGES + 1).collect();
    if ids.len() > PAGES {
        return Err(Error::limit(format!("the file has more than {PAGES} pages")));
    }
    let (mut pages, mut left) = (Vec::new(), TEXT);
    for id in ids.iter().take(most.unwrap_or(usize::MAX)) {
        let text = page(&document, *id)?;
        left =
            left.checked_sub(text.len()).ok_or_else(|| Error::limit(format!("the text has more than {TEXT} bytes")))?;
        pages.push(text);
    }
    Ok(Read { count: ids.len(), pages, info: info(&document) })
}

fn page(document: &Document, id: lopdf::ObjectId) -> Result<String> {
    let content = document.get_page_content_with_limit(id, UNPACKED).map_err(Error::broken)?;
    let content = Content::decode(&content).map_err(Error::broken)?;
    let fonts = document.get_page_fonts(id).unwrap_or_default();
    let fonts: BTreeMap<&[u8], Encoding> = fonts
        .iter()
        .filter_map(|(name, font)| Some((name.as_slice(), font.get_font_encoding_with_limit(document, UNPACKED).ok()?)))
        .collect();
    let mut pen = Pen::default();
    for operation in &content.operations {
        let numbers = || operation.operands.iter().map(|operand| operand.as_float().unwrap_or_default());
        let number = |at: usize| numbers().nth(at).unwrap_or_default();
        match operation.operator.as_str() {
            "BT" => (pen.line, pen.height, pen.scale) = ((0.0, 0.0), 0.0, 1.0),
            "Tf" => {
                let name = operation.operands.first().and_then(|name| name.as_name().ok());
                pen.font = name.and_then(|name| fonts.get(name));
                pen.size = number(1);
            }
            "TL" => pen.leading = number(0),
            "Td" => pen.next(number(0), number(1)),
            "TD" => {
                pen.leading = -number(1);
                pen.next(number(0), number(1));
            }
            "T*" => pen.next(0.0, -pen.leading),
            "Tm" => {
                pen.scale = if number(3) == 0.0 { 1.0 } else { number(3) };
                pen.line = (number(4), number(5));
                pen.height = number(5);
            }
            "cm" => pen.base += number(5),
            "Tj" => pen.show(operation.operands.first()),
            "'" => {
                pen.next(0.0, -pen.leading);
                pen.show(operation.operands.first());
            }
            "\"" => {
                pen.next(0.0, -pen.leading);
                pen.show(operation.operands.get(2));
            }
            "TJ" => {
                for part in operation.operands.first().and_then(|list| list.as_array().ok()).into_iter().flatten() {
                    match part.as_float() {
                        // A wide step back is how some programs write a blank.
                        Ok(step) if step < -200.0 => pen.blank(),
                        Ok(_) => {}
                        Err(_) => pen.show(Some(part)),
                    }
                }
            }
            _ => {}
        }
        if pen.text.len() > TEXT {
            return Err(Error::limit(format!("the text of a page has more than {TEXT} bytes")));
        }
    }
    Ok(pen.text)
}

#[derive(Default)]
struct Pen<'a> {
    text: String,
    font: Option<&'a Encoding<'a>>,
    size: f32,
    leading: f32,
    scale: f32,
    line: (f32, f32),
    base: f32,
    height: f32,
    last: Option<f32>,
}

impl Pen<'_> {
    fn next(&mut self, x: f32, y: f32) {
        let scale = if self.scale == 0.0 { 1.0 } else { self.scale };
        let moved = x != 0.0 && y == 0.0;
        self.line = (self.line.0 + x, self.line.1 + y * scale);
        self.height = self.line.1;
        if moved {
            self.blank();
        }
    }

    /// A blank, unless there is one.
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn show(&mut self, operand: Option<&Object>) {
        let Some(Ok(bytes)) = operand.map(Object::as_str) else { return };
        let shown = match self.font {
            Some(font) => Document::decode_text(font, bytes).unwrap_or_else(|_| crate::text::western(bytes)),
            None => crate::text::western(bytes),
        };
        if shown.is_empty() {
            return;
        }
        let height = self.height + self.base;
        // n8n begins a line where the height changes.
        if self.last.is_some_and(|last| last != height) {
            let kept = self.text.trim_end_matches(' ').len();
            self.text.truncate(kept);
            self.text.push('\n');
        }
        self.last = Some(height);
        self.text.push_str(&shown);
    }
}

fn info(document: &Document) -> Map<String, Value> {
    let mut info = Map::new();
    let catalog = document.catalog().ok();
    let has = |name: &[u8]| catalog.is_some_and(|catalog| catalog.has(name));
    info.insert("PDFFormatVersion".into(), document.version.as_str().into());
    let language = catalog.and_then(|catalog| catalog.get(b"Lang").ok()?.as_str().ok());
    info.insert("Language".into(), language.map(text).into());
    info.insert("EncryptFilterName".into(), document.was_encrypted().then_some("Standard").into());
    info.insert("IsLinearized".into(), false.into());
    info.insert("IsAcroFormPresent".into(), has(b"AcroForm").into());
    info.insert("IsXFAPresent".into(), false.into());
    info.insert("IsCollectionPresent".into(), has(b"Collection").into());
    info.insert("IsSignaturesPresent".into(), false.into());
    let stored = document.trailer.get(b"Info").ok();
    let stored = stored.and_then(|info| match info {
        Object::Reference(id) => document.get_dictionary(*id).ok(),
        other => other.as_dict().ok(),
    });
    for (name, value) in stored.into_iter().flat_map(|info| info.iter()) {
        let name = String::from_utf8_lossy(name).into_owned();
        let value = match value {
            Object::String(bytes, _) => text(bytes).into(),
            Object::Name(name) => Map::from_iter([("name".to_owned(), String::from_utf8_lossy(name).into())]).into(),
            Object::Boolean(flag) => Value::Bool(*flag),
            Object::Integer(number) => Value::from(*number),
            _ => continue,
        };
        info.insert(name, value);
    }
    info
}

/// A text outside of pages: UTF-16 or UTF-8 with a mark, or one byte a sign.
fn text(bytes: &[u8]) -> String {
    let name = match bytes {
        [0xFE, 0xFF, ..] => "utf16be",
        [0xFF, 0xFE, ..] => "utf16le",
        [0xEF, 0xBB, 0xBF, ..] => "utf8",
        _ => "windows1252",
    };
    crate::text::decode(bytes, name, true).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use lopdf::content::Operation;
    use lopdf::{Dictionary, Stream, dictionary};

    use super::*;

    fn sample(pages: &[Vec<Operation>]) -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let tree = document.new_object_id();
        let font = document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier", "Encoding" => "WinAnsiEncoding",
        });
        let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
        let kids: Vec<Object> = pages
            .iter()
            .map(|operations| {
                let content = Content { operations: operations.clone() }.encode().unwrap();
                let content = document.add_object(Stream::new(Dictionary::new(), content));
                let page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content };
                document.add_object(page).into()
            })
            .collect();
        let count = kids.len() as i64;
        document.objects.insert(
            tree,
            Object::Dictionary(dictionary! {
                "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
            }),
        );
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
        let info = document.add_object(dictionary! { "Title" => Object::string_literal("The title") });
        document.trailer.set("Root", catalog);
        document.trailer.set("Info", info);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    fn lines(texts: &[&str]) -> Vec<Operation> {
        let mut operations = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), 12.into()]),
            Operation::new("Td", vec![50.into(), 700.into()]),
        ];
        for text in texts {
            operations.push(Operation::new("Tj", vec![Object::string_literal(*text)]));
            operations.push(Operation::new("Td", vec![0.into(), (-14).into()]));
        }
        operations.push(Operation::new("ET", vec![]));
        operations
    }

    #[test]
    fn pages_are_lines_of_text() {
        let bytes = sample(&[lines(&["Hello", "world"]), lines(&["second"])]);
        let read = read(&bytes, "", None).unwrap();
        assert_eq!((read.count, read.pages), (2, vec!["Hello\nworld".to_owned(), "second".to_owned()]));
        assert_eq!(read.info["Title"], "The title");
        assert_eq!(super::read(&bytes, "", Some(1)).unwrap().pages.len(), 1);
    }

    /// What the reference gives for the same operations.
    #[test]
    fn places_of_texts_become_blanks_and_lines() {
        let text = |text: &str| vec![Object::string_literal(text)];
        let moved = |x: i64, y: i64| Operation::new("Td", vec![x.into(), y.into()]);
        let page = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), 12.into()]),
            moved(50, 700),
            Operation::new("Tj", text("Hello")),
            moved(40, 0),
            Operation::new("Tj", text("World")),
            moved(0, -14),
            Operation::new("Tj", text("second line")),
            Operation::new("ET", vec![]),
            Operation::new("BT", vec![]),
            Operation::new("Tm", vec![1.into(), 0.into(), 0.into(), 1.into(), 50.into(), 650.into()]),
            Operation::new(
                "TJ",
                vec![Object::Array(vec![
                    Object::string_literal("Te"),
                    (-20).into(),
                    Object::string_literal("st"),
                    (-400).into(),
                    Object::string_literal("x"),
                ])],
            ),
            Operation::new("T*", vec![]),
            Operation::new("Tj", text("y")),
            Operation::new("TL", vec![14.into()]),
            Operation::new("T*", vec![]),
            Operation::new("Tj", text("z")),
            Operation::new("'", text("q")),
            Operation::new("ET", vec![]),
        ];
        let read = read(&sample(&[page]), "", None).unwrap();
        assert_eq!(read.pages, ["Hello World\nsecond line\nTest xy\nz\nq"]);
        assert_eq!((&read.info["Language"], &read.info["IsLinearized"]), (&Value::Null, &Value::Bool(false)));
    }

    #[test]
    fn broken_files_and_loops_are_refused_or_read_in_part() {
        for bytes in [&b""[..], b"nonsense", b"%PDF-1.4\n%%EOF"] {
            assert!(read(bytes, "", None).is_err());
        }
        let whole = sample(&[lines(&["Hello"])]);
        for at in 0..60 {
            let _ = read(&whole[..whole.len() * at / 60], "", None);
        }
        // A tree of pages that leads back to itself.
        let mut document = Document::with_version("1.5");
        let tree = document.new_object_id();
        document.objects.insert(
            tree,
            Object::Dictionary(
                dictionary! { "Type" => "Pages", "Kids" => vec![tree.into(), tree.into()], "Count" => 2 },
            ),
        );
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
        document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        let read = read(&bytes, "", None);
        assert!(read.is_err() || read.is_ok_and(|read| read.pages.is_empty()));
    }
}
