//! Comma-separated values, read part by part and never held whole.
//!
//! Two things keep this from being `csv-core`: delimiters of several characters, and that a quote in the wrong place, a
//! row of the wrong length or an open quote at the end is an error with its line. `csv-core` takes all of them, and what
//! was a broken file would become other rows than the workflow was written for.

use crate::text::Decoder;
use crate::{Error, Result};

/// Most columns of a row. Spreadsheets have 16,384.
const COLUMNS: usize = 1 << 16;

/// Most bytes of a row: what is larger is a quote that nobody closed.
const ROW_BYTES: usize = 32 << 20;

/// How a file is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// What stands between fields.
    pub delimiter: String,
    /// The first row holds names.
    pub header: bool,
    /// A quote in the wrong place is text.
    pub relax_quotes: bool,
    /// Rows that cannot be read are left out and counted.
    pub skip_errors: bool,
    /// Most rows, names not counted.
    pub rows: Option<u64>,
    /// Line to begin with, from 1.
    pub from_line: u64,
    /// A byte order mark at the start says the encoding and is no text.
    pub strip_bom: bool,
    /// Encoding of the file.
    pub encoding: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            delimiter: ",".into(),
            header: true,
            relax_quotes: false,
            skip_errors: false,
            rows: None,
            from_line: 1,
            strip_bom: false,
            encoding: "utf8".into(),
        }
    }
}

/// Reads rows out of the parts of a file.
pub struct Reader {
    options: Options,
    decoder: Option<Decoder>,
    delimiter: Vec<u8>,
    /// Bytes that end a field or need a look, by value.
    stops: [bool; 256],
    row_end: Option<&'static [u8]>,
    rest: Vec<u8>,
    started: bool,
    field: Vec<u8>,
    row: Vec<String>,
    row_bytes: usize,
    names: Option<Vec<String>>,
    length: Option<usize>,
    enabled: bool,
    quoting: bool,
    was_quoting: bool,
    row_failed: bool,
    line: u64,
    after_line: bool,
    count: u64,
    skipped: u64,
    done: bool,
}

impl Reader {
    /// A reader at the start of a file.
    ///
    /// # Errors
    /// An option has no such value.
    pub fn new(options: Options) -> Result<Reader> {
        if options.delimiter.is_empty() {
            let text = "Invalid option delimiter: delimiter must be a non empty string or buffer or array of \
                        string|buffer, got \"\"";
            return Err(Error::Option(text.into()));
        }
        if options.rows == Some(0) {
            return Err(Error::Option("Invalid Option: to must be a positive integer greater than 0, got 0".into()));
        }
        let delimiter = options.delimiter.clone().into_bytes();
        let mut stops = [false; 256];
        for byte in [b'"', b'\r', b'\n', delimiter[0]] {
            stops[byte as usize] = true;
        }
        let decoder = Decoder::unless_utf8(&options.encoding)?;
        Ok(Reader {
            decoder,
            delimiter,
            stops,
            row_end: None,
            rest: Vec::new(),
            started: false,
            field: Vec::new(),
            row: Vec::new(),
            row_bytes: 0,
            names: None,
            length: None,
            enabled: options.from_line <= 1,
            quoting: false,
            was_quoting: false,
            row_failed: false,
            line: 1,
            after_line: false,
            count: 0,
            skipped: 0,
            done: false,
            options,
        })
    }

    /// Names of the columns, once they are known.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Errors that were left out.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether no more rows are asked for.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Reads a part; `last` says that no other follows. `row` gets each row's fields, one for each name.
    ///
    /// # Errors
    /// The file is broken, or takes more than a row may.
    pub fn read(&mut self, part: &[u8], last: bool, row: &mut dyn FnMut(&mut Vec<String>)) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.rest);
        match &mut self.decoder {
            None => bytes.extend_from_slice(part),
            Some(decoder) => decoder.feed(part, last, &mut bytes),
        }
        if !self.started {
            // A mark is three bytes, and says nothing before they are there.
            if bytes.len() < 3 && !last {
                self.rest = bytes;
                return Ok(());
            }
            self.started = true;
            if self.options.strip_bom && bytes.starts_with(b"\xEF\xBB\xBF") {
                bytes.drain(..3);
            }
        }
        let end = self.scan(&bytes, last, row)?;
        self.rest = bytes.split_off(end);
        if last && !self.done {
            self.finish(row)?;
        }
        Ok(())
    }

    /// How far the bytes were read.
    fn scan(&mut self, bytes: &[u8], last: bool, row: &mut dyn FnMut(&mut Vec<String>)) -> Result<usize> {
        // A quote is judged by what follows it, a line end by its second byte.
        let ahead = if last { 0 } else { self.delimiter.len().max(2) + 1 };
        let end = bytes.len().saturating_sub(ahead);
        let mut at = 0;
        while at < end {
            if self.done {
                return Ok(bytes.len());
            }
            if self.after_line {
                self.line += 1;
                self.after_line = false;
            }
            let byte = bytes[at];
            if !self.stops[byte as usize] {
                let run = bytes[at..end].iter().position(|byte| self.stops[*byte as usize]).unwrap_or(end - at);
                self.take(&bytes[at..at + run])?;
                at += run;
                continue;
            }
            if byte == b'\r' || byte == b'\n' {
                if self.row_end.is_none() && !self.quoting {
                    self.row_end = line_end(bytes, at);
                }
                self.after_line = true;
            }
            if byte == b'"' {
                match self.quote(bytes, at)? {
                    Quote::Taken(count) => {
                        at += count;
                        continue;
                    }
                    Quote::Text => {}
                }
            }
            if !self.quoting {
                if let Some(row_end) = self.row_end.filter(|row_end| bytes[at..].starts_with(row_end)) {
                    at += row_end.len();
                    self.end_row(row)?;
                    continue;
                }
                if bytes[at..].starts_with(&self.delimiter) {
                    at += self.delimiter.len();
                    self.end_field()?;
                    continue;
                }
            }
            self.take(&bytes[at..=at])?;
            at += 1;
        }
        Ok(at)
    }

    fn quote(&mut self, bytes: &[u8], at: usize) -> Result<Quote> {
        if !self.quoting {
            if self.field.is_empty() {
                self.quoting = true;
                return Ok(Quote::Taken(1));
            }
            if !self.options.relax_quotes {
                let name = match &self.names {
                    Some(names) => names.get(self.row.len()).cloned(),
                    None => None,
                };
                let column = name.map_or_else(|| self.row.len().to_string(), |name| format!("{name:?}"));
                let value = String::from_utf8_lossy(&self.field);
                let text = format!(
                    "Invalid Opening Quote: a quote is found on field {column} at line {}, value is {value:?}",
                    self.line
                );
                self.fail(text)?;
            }
            return Ok(Quote::Text);
        }
        let after = &bytes[at + 1..];
        if after.first() == Some(&b'"') {
            self.take(b"\"")?;
            return Ok(Quote::Taken(2));
        }
        let row_end = match self.row_end {
            Some(row_end) => after.starts_with(row_end),
            None => matches!(after.first(), Some(b'\r' | b'\n')),
        };
        if after.is_empty() || row_end || after.starts_with(&self.delimiter) {
            (self.quoting, self.was_quoting) = (false, true);
            return Ok(Quote::Taken(1));
        }
        if self.options.relax_quotes {
            (self.quoting, self.was_quoting) = (false, true);
            self.field.insert(0, b'"');
            return Ok(Quote::Text);
        }
        let text = format!(
            "Invalid Closing Quote: got {:?} at line {} instead of delimiter, record delimiter, trimable character (if \
             activated) or comment",
            char::from(after[0]).to_string(),
            self.line
        );
        self.fail(text)?;
        Ok(Quote::Text)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.row_bytes += bytes.len();
        if self.row_bytes > ROW_BYTES {
            return Err(Error::limit(format!("the row at line {} is larger than {ROW_BYTES} bytes", self.line)));
        }
        self.field.extend_from_slice(bytes);
        Ok(())
    }

    fn end_field(&mut self) -> Result<()> {
        self.was_quoting = false;
        if !self.enabled {
            self.field.clear();
            self.row_bytes = 0;
            return Ok(());
        }
        if self.row.len() == COLUMNS {
            return Err(Error::limit(format!("the row at line {} has more than {COLUMNS} columns", self.line)));
        }
        let field = match std::str::from_utf8(&self.field) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(&self.field).into_owned(),
        };
        self.field.clear();
        self.row.push(field);
        Ok(())
    }

    fn end_row(&mut self, sink: &mut dyn FnMut(&mut Vec<String>)) -> Result<()> {
        if !self.enabled && self.line + 1 >= self.options.from_line {
            self.enabled = true;
            self.field.clear();
            self.was_quoting = false;
            self.clear();
            return Ok(());
        }
        if !self.was_quoting && self.row.is_empty() && self.field.is_empty() {
            return Ok(());
        }
        self.end_field()?;
        if !self.enabled {
            return Ok(());
        }
        let length = self.row.len();
        if self.options.header && self.names.is_none() {
            self.length = Some(length);
            self.names = Some(std::mem::take(&mut self.row));
            self.clear();
            return Ok(());
        }
        if !self.options.header && self.count == 0 {
            self.length = Some(length);
        }
        if self.length != Some(length) {
            let expected = self.length.unwrap_or_default();
            let line = self.line;
            self.fail(match self.options.header {
                true => format!("Invalid Record Length: columns length is {expected}, got {length} on line {line}"),
                false => format!("Invalid Record Length: expect {expected}, got {length} on line {line}"),
            })?;
        }
        if std::mem::take(&mut self.row_failed) {
            self.clear();
            return Ok(());
        }
        self.count += 1;
        sink(&mut self.row);
        self.clear();
        self.done = self.options.rows.is_some_and(|rows| self.count >= rows);
        Ok(())
    }

    fn clear(&mut self) {
        self.row.clear();
        self.row_bytes = 0;
    }

    fn finish(&mut self, sink: &mut dyn FnMut(&mut Vec<String>)) -> Result<()> {
        if self.quoting {
            let text = "Quote Not Closed: the parsing is finished with an opening quote at line";
            return self.fail(format!("{text} {}", self.line));
        }
        if self.was_quoting || !self.row.is_empty() || !self.field.is_empty() {
            self.end_row(sink)?;
        }
        Ok(())
    }

    fn fail(&mut self, text: String) -> Result<()> {
        if !self.options.skip_errors {
            return Err(Error::Broken(text));
        }
        self.skipped += 1;
        self.row_failed = true;
        Ok(())
    }
}

enum Quote {
    /// That many bytes were read.
    Taken(usize),
    /// It is text.
    Text,
}

/// The line end that a file begins with is the one that it has.
fn line_end(bytes: &[u8], at: usize) -> Option<&'static [u8]> {
    Some(match (bytes[at], bytes.get(at + 1)) {
        (b'\n', _) => b"\n",
        (_, Some(b'\n')) => b"\r\n",
        _ => b"\r",
    })
}

/// Adds a field as spreadsheets write it: in quotes where it must be.
pub fn write_field(out: &mut String, field: &str, delimiter: &str) {
    let mark = delimiter.chars().next().unwrap_or(',');
    if field.contains([mark, '\n', '"']) {
        out.push('"');
        out.push_str(&field.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = Vec<Vec<String>>;

    fn read_in(bytes: &[u8], options: &Options, size: usize) -> Result<(Rows, u64)> {
        let mut reader = Reader::new(options.clone())?;
        let mut rows = Vec::new();
        let mut sink = |row: &mut Vec<String>| rows.push(row.clone());
        for part in bytes.chunks(size) {
            reader.read(part, false, &mut sink)?;
        }
        reader.read(&[], true, &mut sink)?;
        if let Some(names) = reader.names() {
            rows.insert(0, names.to_vec());
        }
        Ok((rows, reader.skipped()))
    }

    /// Whatever the parts are, the rows are the same.
    #[track_caller]
    fn check(bytes: impl AsRef<[u8]>, options: Options, expect: &[&[&str]]) {
        let bytes = bytes.as_ref();
        for size in [1, 2, 3, 7, 1 << 20] {
            let (rows, _) = read_in(bytes, &options, size).unwrap();
            assert_eq!(rows, expect, "in parts of {size}");
        }
    }

    #[track_caller]
    fn refused(text: &str, options: Options) -> String {
        let refusals: Vec<Error> =
            [1, 1 << 20].iter().map(|size| read_in(text.as_bytes(), &options, *size).unwrap_err()).collect();
        assert_eq!(refusals[0], refusals[1]);
        refusals[0].to_string()
    }

    fn with(change: impl FnOnce(&mut Options)) -> Options {
        let mut options = Options::default();
        change(&mut options);
        options
    }

    #[test]
    fn rows_are_read_whatever_the_parts_are() {
        let plain = Options::default;
        check("a,b\r\n1,\"x, \"\"y\"\"\"\r\n\r\n 3 ,4", plain(), &[&["a", "b"], &["1", "x, \"y\""], &[" 3 ", "4"]]);
        check("\n\na,b\n\n1,2\n\n", plain(), &[&["a", "b"], &["1", "2"]]);
        check("a,b\r1,2\r", plain(), &[&["a", "b"], &["1", "2"]]);
        check("a,b\n1,2\r\n3,4\r\n", plain(), &[&["a", "b"], &["1", "2\r"], &["3", "4\r"]]);
        check("a,b\n1,\"x\ny\"\n", plain(), &[&["a", "b"], &["1", "x\ny"]]);
        check("a\n\"\"\nx", plain(), &[&["a"], &[""], &["x"]]);
        check("a,b\n,\n", plain(), &[&["a", "b"], &["", ""]]);
        check("", plain(), &[]);
        check(b"a,b\n\xE9,\xFF\n", plain(), &[&["a", "b"], &["\u{FFFD}", "\u{FFFD}"]]);
        check("a||b\n1||2|\n", with(|o| o.delimiter = "||".into()), &[&["a", "b"], &["1", "2|"]]);
        check("1,2\n3,\n", with(|o| o.header = false), &[&["1", "2"], &["3", ""]]);
    }

    #[test]
    fn marks_encodings_and_bounds_are_honoured() {
        check("\u{FEFF}a\n1\n", Options::default(), &[&["\u{FEFF}a"], &["1"]]);
        check("\u{FEFF}a\n1\n", with(|o| o.strip_bom = true), &[&["a"], &["1"]]);
        check(b"a,b\n\xE9,1\n", with(|o| o.encoding = "latin1".into()), &[&["a", "b"], &["é", "1"]]);
        let wide: Vec<u8> = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&wide, with(|o| o.encoding = "utf16le".into()), &[&["a", "b"], &["1", "2"]]);
        check("a\n1\n2\n3", with(|o| o.rows = Some(2)), &[&["a"], &["1"], &["2"]]);
        check("a,b\n1,2\n3,4", with(|o| o.from_line = 2), &[&["1", "2"], &["3", "4"]]);
    }

    #[test]
    fn broken_rows_are_named_with_their_line() {
        let plain = Options::default;
        assert_eq!(refused("a,b\n1,2,3\n", plain()), "Invalid Record Length: columns length is 2, got 3 on line 2");
        assert_eq!(refused("a,b\n1\n", plain()), "Invalid Record Length: columns length is 2, got 1 on line 2");
        let list = with(|o| o.header = false);
        assert_eq!(refused("1,2\n3\n", list), "Invalid Record Length: expect 2, got 1 on line 2");
        assert_eq!(
            refused("a,b\n1,x\"y\n2,3\n", plain()),
            "Invalid Opening Quote: a quote is found on field \"b\" at line 2, value is \"x\""
        );
        assert_eq!(
            refused("a,b\n1,\"x\"y\n2,3\n", plain()),
            "Invalid Closing Quote: got \"y\" at line 2 instead of delimiter, record delimiter, trimable character (if \
             activated) or comment"
        );
        assert_eq!(
            refused("a,b\n1,\"xy\n2,3\n", plain()),
            "Quote Not Closed: the parsing is finished with an opening quote at line 3"
        );
        assert_eq!(refused("", with(|o| o.encoding = "foo".into())), "Unknown encoding: foo");
    }

    #[test]
    fn quotes_can_be_relaxed_and_broken_rows_left_out() {
        let relaxed = || with(|o| o.relax_quotes = true);
        check("a,b\n1,x\"y\n2,3\n", relaxed(), &[&["a", "b"], &["1", "x\"y"], &["2", "3"]]);
        check("a,b\n1,\"x\"y\"z\"\n2,3\n", relaxed(), &[&["a", "b"], &["1", "\"x\"y\"z\""], &["2", "3"]]);
        let skip = || with(|o| o.skip_errors = true);
        check("a,b\n1,2,3\n4,5\n6\n7,8\n", skip(), &[&["a", "b"], &["4", "5"], &["7", "8"]]);
        check("a,b\n1,x\"y\n2,3\n", skip(), &[&["a", "b"], &["2", "3"]]);
        assert_eq!(read_in(b"a,b\n1,2,3\n4,5\n6\n7,8\n", &skip(), 9).unwrap().1, 2);
        assert_eq!(read_in(b"a,b\n1,\"x\"y\n2,3\n", &skip(), 9).unwrap(), (vec![vec!["a".into(), "b".into()]], 2));
    }

    #[test]
    fn rows_without_bounds_are_refused() {
        let wide = ",".repeat(1_000_000);
        assert!(matches!(read_in(wide.as_bytes(), &Options::default(), 4096), Err(Error::Limit(_))));
        let open = format!("a\n\"{}", "x".repeat(ROW_BYTES + 1));
        assert!(matches!(read_in(open.as_bytes(), &Options::default(), 4096), Err(Error::Limit(_))));
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (field, expect) in
            [("x", "x"), ("x,y", "\"x,y\""), ("q\"z", "\"q\"\"z\""), ("a\nb", "\"a\nb\""), (" ", " ")]
        {
            let mut out = String::new();
            write_field(&mut out, field, ",");
            assert_eq!(out, expect);
        }
    }
}
