//! Records to files.

use std::fmt::Write as _;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use serde_json::Value;

use super::xls;
use crate::table::Cell;
use crate::{Error, Result, archive, csv};

/// Most bytes of a file that is not written row by row.
const WHOLE: usize = 128 << 20;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Comma-separated values, with a byte order mark.
    Csv,
    /// A web page with a table.
    Html,
    /// OpenDocument.
    Ods,
    /// Rich text with a table.
    Rtf,
    /// Excel before 2007.
    Xls,
    /// Excel since.
    Xlsx,
}

/// How a file is written.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names of the columns come first.
    pub header: bool,
    /// Name of the sheet.
    pub sheet: String,
    /// What stands between the fields of [`Target::Csv`].
    pub delimiter: String,
    /// Milliseconds since 1970 that a file says it was made at.
    pub now: i64,
}

impl Default for Options {
    fn default() -> Self {
        Options { header: true, sheet: "Sheet".into(), delimiter: ",".into(), now: 0 }
    }
}

/// Writes a file, row by row where the format allows.
pub fn write(target: Target, columns: Vec<String>, options: Options) -> Result<Writer> {
    let sheet = &options.sheet;
    let named = matches!(target, Target::Ods | Target::Xls | Target::Xlsx);
    if named && sheet.chars().count() > 31 {
        return Err(Error::Option("Sheet names cannot exceed 31 chars".into()));
    }
    if named && sheet.contains(['\\', '/', '?', '*', '[', ']', ':']) {
        return Err(Error::Option("Sheet name cannot contain : \\ / ? * [ ]".into()));
    }
    let body = match target {
        Target::Csv | Target::Html | Target::Rtf => Body::Text,
        Target::Ods => Body::Ods(String::new()),
        Target::Xls => Body::Xls(Box::default()),
        Target::Xlsx => {
            let mut book = Workbook::new();
            let made = ExcelDateTime::from_timestamp(options.now.div_euclid(1000)).map_err(Error::broken)?;
            book.set_properties(&DocProperties::new().set_creation_datetime(&made));
            book.add_worksheet().set_name(sheet).map_err(Error::broken)?;
            Body::Xlsx(Box::new(book), 0)
        }
    };
    Ok(Writer { target, columns, options, body, row: 0 })
}

/// A file that is being written.
pub struct Writer {
    target: Target,
    columns: Vec<String>,
    options: Options,
    body: Body,
    pub(super) row: u32,
}

enum Body {
    Text,
    Ods(String),
    Xls(Box<xls::Sheet>),
    /// And how many bytes of text are in it.
    Xlsx(Box<Workbook>, usize),
}

/// What a value of an item is in a cell; lists and objects are taken apart before.
pub fn json_cell(value: &Value) -> Option<Cell> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Cell::Bool(*flag)),
        Value::Number(number) => number.as_f64().map(Cell::Number),
        Value::String(text) => Some(Cell::Text(text.clone())),
        other => Some(Cell::Text(other.to_string())),
    }
}

impl Writer {
    /// The start of the file: add it, then the rows, then the end.
    ///
    /// # Errors
    /// The format does not hold so much.
    pub fn begin(&mut self) -> Result<Vec<u8>> {
        let mut out = match self.target {
            Target::Csv => "\u{FEFF}".to_owned(),
            Target::Html => {
                "<html><head><meta charset=\"utf-8\"/><title>SheetJS Table Export</title></head><body><table>".into()
            }
            Target::Rtf => "{\\rtf1\\ansi".into(),
            _ => String::new(),
        };
        if self.options.header {
            let names: Vec<Value> = self.columns.iter().map(|name| name.as_str().into()).collect();
            let names: Vec<Option<&Value>> = names.iter().map(Some).collect();
            let row = self.row(&names)?;
            out.push_str(&String::from_utf8_lossy(&row));
        }
        Ok(out.into_bytes())
    }

    /// A row: one value for each column, or none.
    ///
    /// # Errors
    /// The format does not hold so much.
    pub fn row(&mut self, values: &[Option<&Value>]) -> Result<Vec<u8>> {
        let row = self.row;
        self.row += 1;
        let mut out = String::new();
        match (&mut self.body, self.target) {
            (Body::Text, Target::Csv) => {
                if row > 0 {
                    out.push('\n');
                }
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push_str(&self.options.delimiter);
                    }
                    match value.and_then(json_cell).map(|cell| cell.shown()) {
                        // Excel takes a file that begins with these letters for another format.
                        Some(shown) if shown == "ID" && row == 0 && at == 0 => out.push_str("\"ID\""),
                        Some(shown) => csv::write_field(&mut out, &shown, &self.options.delimiter),
                        None => {}
                    }
                }
            }
            (Body::Text, Target::Html) => html_row(&mut out, row, values),
            (Body::Text, _) => rtf_row(&mut out, values),
            (Body::Ods(sheet), _) => {
                ods_row(sheet, values);
                if sheet.len() > WHOLE {
                    return Err(too_large());
                }
            }
            (Body::Xls(sheet), _) => {
                for (column, value) in values.iter().enumerate() {
                    if let Some(cell) = value.and_then(json_cell) {
                        sheet.put(row, column as u32, cell)?;
                    }
                }
            }
            (Body::Xlsx(book, taken), _) => {
                let sheet = book.worksheet_from_index(0).map_err(Error::broken)?;
                for (column, value) in values.iter().enumerate() {
                    let wide = || Error::limit("the table has more than 16384 columns");
                    let column = u16::try_from(column).ok().filter(|column| *column < 1 << 14).ok_or_else(wide)?;
                    let written = match value.and_then(json_cell) {
                        None => continue,
                        Some(Cell::Bool(flag)) => sheet.write_boolean(row, column, flag),
                        Some(Cell::Number(number)) => sheet.write_number(row, column, number),
                        Some(Cell::Text(text)) if text.encode_utf16().count() > 32_767 => {
                            return Err(Error::limit("Text length must not exceed 32767 characters"));
                        }
                        Some(Cell::Text(text)) => {
                            *taken += text.len();
                            sheet.write_string(row, column, text)
                        }
                    };
                    written.map_err(Error::broken)?;
                    *taken += 32;
                }
                if *taken > WHOLE {
                    return Err(too_large());
                }
            }
        }
        Ok(out.into_bytes())
    }

    /// The end of the file.
    ///
    /// # Errors
    /// The format does not hold so much.
    pub fn end(self) -> Result<Vec<u8>> {
        match self.body {
            Body::Text => Ok(match self.target {
                Target::Html => b"</table></body></html>".to_vec(),
                Target::Rtf => b"}".to_vec(),
                _ => Vec::new(),
            }),
            Body::Ods(sheet) => ods_file(&self.options.sheet, &sheet),
            Body::Xls(sheet) => sheet.file(&self.options.sheet),
            Body::Xlsx(mut book, _) => book.save_to_buffer().map_err(Error::broken),
        }
    }
}

fn too_large() -> Error {
    Error::limit(format!("the table has more than {WHOLE} bytes; write it as CSV"))
}

/// Text of a page or of an XML file.
fn escape(text: &str, out: &mut String, line: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str(line),
            c if c < ' ' => _ = write!(out, "&#x{:04x};", c as u32),
            c => out.push(c),
        }
    }
}

fn html_row(out: &mut String, row: u32, values: &[Option<&Value>]) {
    out.push_str("<tr>");
    for (column, value) in values.iter().enumerate() {
        let id = format!("id=\"sjs-{}{}\"", letters(column), row + 1);
        let Some(cell) = value.and_then(json_cell) else {
            let kind = if value.is_some() { "data-t=\"z\" " } else { "" };
            _ = write!(out, "<td {kind}{id}></td>");
            continue;
        };
        let (kind, stored) = match &cell {
            Cell::Text(text) => ("s", text.clone()),
            Cell::Bool(flag) => ("b", flag.to_string()),
            Cell::Number(number) => ("n", plain(*number)),
        };
        _ = write!(out, "<td data-t=\"{kind}\" data-v=\"");
        escape(&stored, out, "<br/>");
        _ = write!(out, "\" {id}");
        let shown = cell.shown();
        if shown.starts_with(char::is_whitespace) || shown.ends_with(char::is_whitespace) {
            out.push_str(" xml:space=\"preserve\"");
        }
        out.push('>');
        escape(&shown, out, "<br/>");
        out.push_str("</td>");
    }
    out.push_str("</tr>");
}

/// A number as JavaScript writes it.
fn plain(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        return "0".into();
    }
    if (1e-6..1e21).contains(&size) {
        return format!("{number}");
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => text,
    }
}

/// `0` → `A`, `26` → `AA`.
fn letters(column: usize) -> String {
    let mut left = column + 1;
    let mut letters = Vec::new();
    while left > 0 {
        letters.push(b'A' + ((left - 1) % 26) as u8);
        left = (left - 1) / 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

fn rtf_row(out: &mut String, values: &[Option<&Value>]) {
    out.push_str("\\trowd\\trautofit1");
    (1..=values.len()).for_each(|number| _ = write!(out, "\\cellx{number}"));
    out.push_str("\\pard\\intbl");
    for value in values {
        out.push(' ');
        let shown = value.and_then(json_cell).map(|cell| cell.shown()).unwrap_or_default();
        for c in shown.chars() {
            match c {
                '\\' | '{' | '}' => out.extend(['\\', c]),
                '\n' => out.push_str("\\par "),
                c if c.is_ascii() => out.push(c),
                c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| _ = write!(out, "\\u{}?", *unit as i16)),
            }
        }
        out.push_str("\\cell");
    }
    out.push_str("\\pard\\intbl\\row");
}

fn ods_row(out: &mut String, values: &[Option<&Value>]) {
    out.push_str("<table:table-row>");
    for value in values {
        match value.and_then(json_cell) {
            None => out.push_str("<table:table-cell/>"),
            Some(Cell::Number(number)) => {
                _ = write!(out, "<table:table-cell office:value-type=\"float\" office:value=\"{}\">", plain(number));
                _ = write!(out, "<text:p>{}</text:p></table:table-cell>", plain(number));
            }
            Some(Cell::Bool(flag)) => {
                _ = write!(out, "<table:table-cell office:value-type=\"boolean\" office:boolean-value=\"{flag}\">");
                _ = write!(out, "<text:p>{}</text:p></table:table-cell>", Cell::Bool(flag).shown());
            }
            Some(Cell::Text(text)) => {
                out.push_str("<table:table-cell office:value-type=\"string\">");
                for line in text.split('\n') {
                    out.push_str("<text:p>");
                    // Blanks that follow each other, and those at the ends, would be one or none.
                    let mut blank = true;
                    for c in line.chars() {
                        match c {
                            ' ' if blank => out.push_str("<text:s/>"),
                            '\t' => out.push_str("<text:tab/>"),
                            // XML has no sign for these.
                            c if c < ' ' => {}
                            c => escape(c.encode_utf8(&mut [0; 4]), out, ""),
                        }
                        blank = c == ' ';
                    }
                    out.push_str("</text:p>");
                }
                out.push_str("</table:table-cell>");
            }
        }
    }
    out.push_str("</table:table-row>");
}

fn ods_file(sheet: &str, rows: &str) -> Result<Vec<u8>> {
    const TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";
    let mut content = String::with_capacity(rows.len() + 1024);
    content.push_str(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
         office:version=\"1.2\"><office:body><office:spreadsheet><table:table table:name=\"",
    );
    escape(sheet, &mut content, " ");
    content.push_str("\"><table:table-column/>");
    content.push_str(rows);
    content.push_str("</table:table></office:spreadsheet></office:body></office:document-content>");
    let manifest = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.2\"><manifest:file-entry manifest:full-path=\"/\" manifest:media-type=\"{TYPE}\"/>\
         <manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>"
    );
    archive::open_document(TYPE, &[("content.xml", content.as_bytes()), ("META-INF/manifest.xml", manifest.as_bytes())])
}
