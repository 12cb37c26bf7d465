//! Files to tables.

use std::cell::RefCell;
use std::io::Cursor;

use calamine::{Data, DataRef, Ods, Reader, Xls, Xlsx};
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use quick_xml::events::Event;

use super::tame;
use crate::page::tags;
use crate::table::{CELLS, Cell, Table};
use crate::{Error, Result, archive, text};

/// Most bytes that a spreadsheet unpacks to.
const UNPACKED: usize = if cfg!(test) { 16 << 20 } else { 256 << 20 };

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Excel since 2007.
    Xlsx,
    /// Excel before.
    Xls,
    /// OpenDocument.
    Ods,
    /// The first table of a web page. `raw`: texts stay texts.
    Html {
        /// Texts stay texts.
        raw: bool,
    },
    /// The tables of a rich text.
    Rtf,
}

/// Bytes at the end of an archive in which the names of a workbook's files are looked for.
const NAMES: usize = 64 << 10;

impl Source {
    /// What the first bytes show, if they show anything.
    pub fn of_bytes(bytes: &[u8]) -> Option<Source> {
        if bytes.starts_with(b"PK\x03\x04") {
            // The names of an archive's files stand at its end; some writers put the mark of a format elsewhere than first.
            let names = &bytes[bytes.len().saturating_sub(NAMES)..];
            let holds = |name: &[u8]| names.windows(name.len()).any(|part| part == name);
            let ods = holds(b"content.xml") && !holds(b"[Content_Types].xml");
            return Some(if ods { Source::Ods } else { Source::Xlsx });
        }
        if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
            return Some(Source::Xls);
        }
        if bytes.starts_with(b"{\\rtf") {
            return Some(Source::Rtf);
        }
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
        ["<html", "<table", "<!doctype html", "<body"]
            .iter()
            .any(|tag| head.contains(tag))
            .then_some(Source::Html { raw: false })
    }
}

/// What was read: names of all sheets, and the table of one.
#[derive(Debug)]
pub struct Workbook {
    /// Names in the order of the file.
    pub names: Vec<String>,
    /// The sheet that was asked for, or the first one. Absent when there is none of that name.
    pub table: Option<Table>,
}

/// Reads one sheet.
///
/// # Errors
/// The bytes are not of the format, or hold too much.
pub fn read(bytes: &[u8], source: Source, sheet: Option<&str>) -> Result<Workbook> {
    // The reader of compound files believes what they say of themselves, and panics where they lie. Nothing that it
    // has touched is used afterwards.
    let read = std::panic::AssertUnwindSafe(|| read_sheet(bytes, source, sheet));
    std::panic::catch_unwind(read).unwrap_or_else(|_| Err(Error::broken("the file is broken")))
}

fn read_sheet(bytes: &[u8], source: Source, sheet: Option<&str>) -> Result<Workbook> {
    match source {
        Source::Xlsx => {
            let mut believable = Ok(());
            archive::unzip(bytes, UNPACKED, |name, content| {
                if believable.is_ok() {
                    believable = tame::shared_texts(&name, &content);
                }
            })?;
            believable?;
        }
        Source::Ods => archive::unzip(bytes, UNPACKED, |_, _| {})?,
        Source::Xls | Source::Html { .. } | Source::Rtf => {}
    }
    let pick = |names: Vec<String>, read: &mut dyn FnMut(&str) -> Result<Table>| {
        let name = match sheet {
            Some(sheet) => names.iter().find(|name| *name == sheet),
            None => names.first(),
        };
        let table = name.map(|name| read(name)).transpose()?;
        Ok(Workbook { names, table })
    };
    match source {
        Source::Xlsx => {
            let mut book = Xlsx::new(Cursor::new(bytes)).map_err(Error::broken)?;
            pick(book.sheet_names(), &mut |name| xlsx(&mut book, name))
        }
        Source::Xls => {
            let mut book = Xls::new(Cursor::new(tame::old_workbook(bytes)?)).map_err(Error::broken)?;
            pick(book.sheet_names(), &mut |name| dense(&book.worksheet_range(name).map_err(Error::broken)?))
        }
        Source::Ods => {
            repeats(bytes)?;
            let dense_text = without_blanks(bytes)?;
            let bytes = dense_text.as_deref().unwrap_or(bytes);
            let mut book = Ods::new(Cursor::new(bytes)).map_err(Error::broken)?;
            pick(book.sheet_names(), &mut |name| dense(&book.worksheet_range(name).map_err(Error::broken)?))
        }
        Source::Html { raw } => {
            let mut tables = pages(bytes, raw)?;
            let names = (1..=tables.len()).map(|number| format!("Sheet{number}")).collect();
            pick(names, &mut |name| {
                let at = name.strip_prefix("Sheet").and_then(|at| at.parse::<usize>().ok()).unwrap_or(1);
                Ok(std::mem::take(&mut tables[at - 1]))
            })
        }
        Source::Rtf => {
            let table = rich(bytes)?;
            let mut table = Some(table);
            pick(vec!["Sheet1".into()], &mut |_| Ok(table.take().unwrap_or_default()))
        }
    }
}

fn xlsx(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Table> {
    let mut table = Table::default();
    let mut cells = book.worksheet_cells_reader(name).map_err(Error::broken)?;
    while let Some(cell) = cells.next_cell().map_err(Error::broken)? {
        let (row, column) = cell.get_position();
        let value = match cell.get_value() {
            DataRef::Int(number) => Cell::Number(*number as f64),
            DataRef::Float(number) => Cell::Number(*number),
            DataRef::String(text) => Cell::Text(text.clone()),
            DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
            DataRef::Bool(flag) => Cell::Bool(*flag),
            DataRef::DateTime(day) => Cell::Number(day.as_f64()),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
            DataRef::Error(_) | DataRef::Empty => continue,
        };
        table.put(row, column, value)?;
    }
    Ok(table)
}

/// The book without blanks between its cells, which some writers put there for people and the reader refuses. `None`:
/// there are none.
fn without_blanks(bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    archive::unzip(bytes, UNPACKED, |name, content| files.push((name, content)))?;
    let Some((_, content)) = files.iter_mut().find(|(name, _)| name == "content.xml") else { return Ok(None) };
    let Some(short) = std::str::from_utf8(content).ok().and_then(short) else { return Ok(None) };
    *content = short.into_bytes();
    archive::zip(files.iter().map(|(name, content)| (name.as_str(), &content[..], false))).map(Some)
}

/// A document without the blanks that stand between its tags, but for those in texts of cells. `None`: it has none.
fn short(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut paragraphs = 0_usize;
    for piece in text.split_inclusive('>') {
        let (blank, tag) = piece.split_at(piece.find('<').unwrap_or(0));
        if paragraphs > 0 || !blank.trim().is_empty() {
            out.push_str(blank);
        }
        if tag.starts_with("<text:p") && !tag.ends_with("/>") {
            paragraphs += 1;
        } else if tag.starts_with("</text:p") {
            paragraphs = paragraphs.saturating_sub(1);
        }
        out.push_str(tag);
    }
    (out.len() < text.len()).then_some(out)
}

fn dense(range: &calamine::Range<Data>) -> Result<Table> {
    let mut table = Table::default();
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (row, column, cell) in range.used_cells() {
        let value = match cell {
            Data::Int(number) => Cell::Number(*number as f64),
            Data::Float(number) => Cell::Number(*number),
            Data::String(text) => Cell::Text(text.clone()),
            Data::Bool(flag) => Cell::Bool(*flag),
            Data::DateTime(day) => Cell::Number(day.as_f64()),
            Data::DateTimeIso(text) => Cell::guess(text).unwrap_or_else(|| Cell::Text(text.clone())),
            Data::DurationIso(text) => Cell::Text(text.clone()),
            Data::Error(_) | Data::Empty => continue,
        };
        table.put(first_row + row as u32, first_column + column as u32, value)?;
    }
    Ok(table)
}

/// An OpenDocument sheet says how often rows and cells are repeated, and its reader writes them all out: what they come
/// to is counted first.
fn repeats(bytes: &[u8]) -> Result<()> {
    let mut content = Vec::new();
    archive::unzip(bytes, UNPACKED, |name, file| {
        if name == "content.xml" {
            content = file;
        }
    })?;
    let mut reader = quick_xml::Reader::from_reader(content.as_slice());
    let (mut rows, mut width, mut total, mut last) = (1usize, 0usize, 0usize, (0usize, 0usize));
    let count = |tag: &quick_xml::events::BytesStart, name: &str| -> usize {
        let value = tag.attributes().with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == name);
        value.and_then(|value| value.value.trim().parse().ok()).unwrap_or(1)
    };
    loop {
        match reader.read_event().map_err(Error::broken)? {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name();
                match name.as_ref() {
                    "table:table" => last = (0, 0),
                    "table:table-row" => {
                        rows = count(&tag, "table:number-rows-repeated");
                        (width, last.0) = (0, last.0.saturating_add(rows));
                    }
                    "table:table-cell" | "table:covered-table-cell" => {
                        let repeated = count(&tag, "table:number-columns-repeated");
                        width = width.saturating_add(repeated);
                        if tag.attributes().any(|attribute| {
                            attribute.is_ok_and(|attribute| attribute.key.as_ref().starts_with("office:value"))
                        }) {
                            total = total.saturating_add(repeated.saturating_mul(rows));
                            last.1 = last.1.max(width);
                            // The reader's table is as wide as its widest row, all the way down.
                            total = total.max(last.0.saturating_mul(last.1));
                        }
                    }
                    _ => {}
                }
                if total > CELLS {
                    return Err(Error::limit(format!("the table has more than {CELLS} cells")));
                }
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The tables of a page. One inside another is read as a table of its own.
fn pages(bytes: &[u8], raw: bool) -> Result<Vec<Table>> {
    let page = text::decode(bytes, text::detect(bytes), true)?;
    let sink = Page(RefCell::new(Tables { raw, ..Tables::default() }));
    let tokenizer = Tokenizer::new(sink, Default::default());
    let queue = BufferQueue::default();
    tags::feed(&page, &mut |part| {
        queue.push_back(part.into());
        let _ = tokenizer.feed(&queue);
        Ok(tokenizer.sink.0.borrow().heard)
    })?;
    tokenizer.end();
    let tables = tokenizer.sink.0.into_inner();
    match tables.failed {
        Some(error) => Err(error),
        None if tables.done.is_empty() => Err(Error::broken("Invalid HTML: could not find <table>")),
        None => Ok(tables.done),
    }
}

struct Page(RefCell<Tables>);

#[derive(Default)]
struct Tables {
    raw: bool,
    /// How many tokens there were.
    heard: usize,
    done: Vec<Table>,
    inside: bool,
    row: Option<u32>,
    column: u32,
    /// Rows down to which a column is taken by a cell above.
    taken: Vec<u32>,
    open: Option<Open>,
    failed: Option<Error>,
}

struct Open {
    text: String,
    columns: u32,
    rows: u32,
    kind: Option<String>,
    value: Option<String>,
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut tables = self.0.borrow_mut();
        // Complaints come from inside of tags, too.
        tables.heard += usize::from(!matches!(token, Token::ParseError(_)));
        if tables.failed.is_some() {
            return TokenSinkResult::Continue;
        }
        let done = match token {
            Token::TagToken(tag) => tables.tag(&tag),
            Token::CharacterTokens(text) => {
                if let Some(open) = &mut tables.open {
                    open.text.push_str(&text);
                }
                Ok(())
            }
            _ => Ok(()),
        };
        tables.failed = done.err();
        TokenSinkResult::Continue
    }
}

impl Tables {
    fn tag(&mut self, tag: &Tag) -> Result<()> {
        let starts = tag.kind == TagKind::StartTag;
        match (&*tag.name, starts) {
            ("table", true) => {
                self.end_cell()?;
                self.done.push(Table::default());
                (self.inside, self.row) = (true, None);
                self.taken.clear();
            }
            ("table", false) => {
                self.end_cell()?;
                self.inside = false;
            }
            ("tr", true) if self.inside => {
                self.end_cell()?;
                self.row = Some(self.row.map_or(0, |row| row + 1));
                self.column = 0;
            }
            ("tr", false) => self.end_cell()?,
            ("td" | "th", true) if self.inside => {
                self.end_cell()?;
                let attribute = |name: &str| {
                    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
                    found.map(|attribute| attribute.value.to_string())
                };
                let span = |name: &str| attribute(name).and_then(|text| text.trim().parse::<u32>().ok()).unwrap_or(1);
                self.open = Some(Open {
                    text: String::new(),
                    columns: span("colspan").clamp(1, 1 << 14),
                    rows: span("rowspan").clamp(1, 1 << 16),
                    kind: attribute("data-t"),
                    value: attribute("data-v"),
                });
            }
            ("td" | "th", false) => self.end_cell()?,
            ("br", _) => {
                if let Some(open) = &mut self.open {
                    open.text.push('\u{1}');
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let row = *self.row.get_or_insert(0);
        while self.taken.get(self.column as usize).is_some_and(|until| *until > row) {
            self.column += 1;
        }
        let column = self.column;
        self.column = column.saturating_add(open.columns);
        if self.column > 1 << 16 {
            return Err(Error::limit("the table has more than 65536 columns"));
        }
        if open.rows > 1 {
            self.taken.resize(self.taken.len().max(self.column as usize), 0);
            self.taken[column as usize..self.column as usize].fill(row + open.rows);
        }
        // Space of a page is one blank, and none at a line break.
        let words: Vec<String> = open
            .text
            .split('\u{1}')
            .map(|line| {
                line.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let shown = words.join("\n");
        let cell = match (open.kind.as_deref(), open.value) {
            (Some("s"), value) => Some(Cell::Text(value.map_or(shown, |value| value.replace("<br/>", "\n")))),
            (Some("b" | "n"), Some(value)) => Cell::guess(&value),
            (Some("z"), _) => None,
            _ if shown.is_empty() => None,
            _ if self.raw => Some(Cell::Text(shown)),
            _ => Cell::guess(&shown),
        };
        match (cell, self.done.last_mut()) {
            (Some(cell), Some(table)) => table.put(row, column, cell),
            _ => Ok(()),
        }
    }
}

/// The tables of a rich text, one below the other.
fn rich(bytes: &[u8]) -> Result<Table> {
    if !bytes.starts_with(b"{\\rtf") {
        return Err(Error::broken("the file is not a rich text"));
    }
    let mut table = Table::default();
    let (mut row, mut column, mut cell, mut inside) = (0u32, 0u32, Vec::<u8>::new(), false);
    let mut wide = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        if byte != b'\\' {
            if inside && !b"{}\r\n".contains(&byte) {
                cell.push(byte);
            }
            continue;
        }
        let Some(next) = bytes.get(at) else { break };
        if *next == b'\'' {
            let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
            if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                cell.push(byte);
            }
            at = (at + 3).min(bytes.len());
            continue;
        }
        if !next.is_ascii_alphabetic() {
            if inside && b"\\{}".contains(next) {
                cell.push(*next);
            }
            at += 1;
            continue;
        }
        let word = at;
        while bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            at += 1;
        }
        let word = &bytes[word..at];
        let number = at;
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-') {
            at += 1;
        }
        let number = std::str::from_utf8(&bytes[number..at]).ok().and_then(|number| number.parse::<i32>().ok());
        if bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        let mut flush = |cell: &mut Vec<u8>| wide.push_str(&western_or_utf8(&std::mem::take(cell)));
        match word {
            b"trowd" => (inside, column) = (true, 0),
            b"intbl" => {
                cell.clear();
                wide.clear();
            }
            b"par" | b"line" if inside => cell.push(b'\n'),
            b"tab" if inside => cell.push(b'\t'),
            b"u" if inside => {
                flush(&mut cell);
                let unit = number.map(|number| if number < 0 { number + 65_536 } else { number } as u32);
                wide.push(unit.and_then(char::from_u32).unwrap_or('\u{FFFD}'));
                // The sign that follows is for readers who do not know this one.
                at = (at + 1).min(bytes.len());
            }
            b"cell" => {
                flush(&mut cell);
                if let Some(value) = Cell::guess(&std::mem::take(&mut wide)) {
                    table.put(row, column, value)?;
                }
                column += 1;
            }
            b"row" => (row, inside) = (row + 1, false),
            _ => {}
        }
    }
    Ok(table)
}

fn western_or_utf8(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| text::western(bytes), str::to_owned)
}
