//! Excel's files before 2007: records in one stream of a compound file. Written here because nothing well-kept writes
//! them, and because a compound file names the time that it was made at, which would differ from run to run.

use std::collections::HashMap;

use crate::table::Cell;
use crate::{Error, Result};

const ROWS: u32 = 1 << 16;
const COLUMNS: u32 = 1 << 8;

/// Most bytes of a record's content.
const RECORD: usize = 8224;

/// A sheet that is being written.
#[derive(Default)]
pub struct Sheet {
    cells: Vec<u8>,
    texts: Vec<String>,
    places: HashMap<String, u32>,
    uses: u32,
    rows: u32,
    columns: u32,
}

fn record(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend((content.len() as u16).to_le_bytes());
    out.extend(content);
}

/// How a text is stored: a byte a character where that is enough.
fn units(text: &str) -> (bool, Vec<u16>) {
    let units: Vec<u16> = text.encode_utf16().collect();
    (units.iter().any(|unit| *unit > 0xFF), units)
}

fn put_unit(out: &mut Vec<u8>, wide: bool, unit: u16) {
    match wide {
        true => out.extend(unit.to_le_bytes()),
        false => out.push(unit as u8),
    }
}

impl Sheet {
    /// Puts a cell.
    ///
    /// # Errors
    /// The format has no such place, or none for so long a text.
    pub fn put(&mut self, row: u32, column: u32, cell: Cell) -> Result<()> {
        if row >= ROWS || column >= COLUMNS {
            return Err(Error::limit(format!(
                "an `xls` file has at most {ROWS} rows and {COLUMNS} columns; use `xlsx`"
            )));
        }
        self.rows = self.rows.max(row + 1);
        self.columns = self.columns.max(column + 1);
        let mut content = Vec::with_capacity(14);
        content.extend((row as u16).to_le_bytes());
        content.extend((column as u16).to_le_bytes());
        content.extend(15u16.to_le_bytes());
        let kind = match cell {
            Cell::Number(number) => {
                content.extend(number.to_le_bytes());
                0x0203
            }
            Cell::Bool(flag) => {
                content.extend([u8::from(flag), 0]);
                0x0205
            }
            Cell::Text(text) => {
                if text.encode_utf16().count() > 32_767 {
                    return Err(Error::limit("Text length must not exceed 32767 characters"));
                }
                self.uses += 1;
                let next = self.texts.len() as u32;
                let place = *self.places.entry(text.clone()).or_insert(next);
                if place == next {
                    self.texts.push(text);
                }
                content.extend(place.to_le_bytes());
                0x00FD
            }
        };
        record(&mut self.cells, kind, &content);
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// It would be larger than the format allows.
    pub fn file(self, name: &str) -> Result<Vec<u8>> {
        let mut stream = Vec::new();
        record(&mut stream, 0x0809, &start(5));
        record(&mut stream, 0x0042, &1200u16.to_le_bytes());
        record(&mut stream, 0x003D, &[0x68, 1, 0x0E, 1, 0x5C, 0x3A, 0xBE, 0x23, 0x38, 0, 0, 0, 0, 0, 1, 0, 0x58, 2]);
        for _ in 0..5 {
            let mut font = vec![200, 0, 0, 0, 0xFF, 0x7F, 0x90, 1, 0, 0, 0, 0, 0, 0, 5, 0];
            font.extend(b"Arial");
            record(&mut stream, 0x0031, &font);
        }
        for style in 0..16u16 {
            let mut format = vec![0, 0, 0, 0];
            // Fifteen styles, then the format of all cells.
            format.extend(if style < 15 { 0xFFF5u16 } else { 1 }.to_le_bytes());
            format.extend([0x20, 0, 0, if style < 15 { 0xF4 } else { 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0x20]);
            record(&mut stream, 0x00E0, &format);
        }
        record(&mut stream, 0x0293, &[0, 0x80, 0, 0xFF]);
        let (wide, units) = units(name);
        let mut sheet = vec![0, 0, 0, 0, 0, 0, units.len() as u8, u8::from(wide)];
        units.iter().for_each(|unit| put_unit(&mut sheet, wide, *unit));
        let place = stream.len() + 4;
        record(&mut stream, 0x0085, &sheet);
        self.write_texts(&mut stream);
        record(&mut stream, 0x000A, &[]);
        let offset = stream.len() as u32;
        stream[place..place + 4].copy_from_slice(&offset.to_le_bytes());
        record(&mut stream, 0x0809, &start(0x10));
        let mut size = Vec::new();
        size.extend(0u32.to_le_bytes());
        size.extend(self.rows.to_le_bytes());
        size.extend(0u16.to_le_bytes());
        size.extend((self.columns as u16).to_le_bytes());
        size.extend([0, 0]);
        record(&mut stream, 0x0200, &size);
        stream.extend(&self.cells);
        record(&mut stream, 0x023E, &[0xB6, 6, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        record(&mut stream, 0x000A, &[]);
        compound(stream)
    }

    /// The list of texts. One that does not fit goes on in another record, which says again how it is stored.
    fn write_texts(&self, stream: &mut Vec<u8>) {
        let mut kind = 0x00FC;
        let mut content = Vec::new();
        content.extend(self.uses.to_le_bytes());
        content.extend((self.texts.len() as u32).to_le_bytes());
        for text in &self.texts {
            let (wide, units) = units(text);
            if content.len() + 5 > RECORD {
                record(stream, kind, &std::mem::take(&mut content));
                kind = 0x003C;
            }
            content.extend((units.len() as u16).to_le_bytes());
            content.push(u8::from(wide));
            for unit in units {
                if content.len() + 2 > RECORD {
                    record(stream, kind, &std::mem::take(&mut content));
                    kind = 0x003C;
                    content.push(u8::from(wide));
                }
                put_unit(&mut content, wide, unit);
            }
        }
        record(stream, kind, &content);
    }
}

fn start(kind: u8) -> [u8; 16] {
    [0, 6, kind, 0, 0xBB, 0x0D, 0xCC, 7, 0x41, 0, 0, 0, 6, 0, 0, 0]
}

const SECTOR: usize = 512;
const FREE: u32 = 0xFFFF_FFFF;
const END: u32 = 0xFFFF_FFFE;
const TABLE: u32 = 0xFFFF_FFFD;
const TABLE_OF_TABLES: u32 = 0xFFFF_FFFC;

/// A compound file with one stream.
pub(super) fn compound(mut stream: Vec<u8>) -> Result<Vec<u8>> {
    // Short streams are kept in another way; this one is made long enough.
    stream.resize(stream.len().max(4096).next_multiple_of(SECTOR), 0);
    let content = stream.len() / SECTOR;
    // Content, folder, then the tables, which hold a number for each sector: themselves, too.
    let (mut tables, mut tops) = (0usize, 0usize);
    loop {
        let needed = (content + 1 + tables + tops).div_ceil(SECTOR / 4);
        let above = needed.saturating_sub(109).div_ceil(SECTOR / 4 - 1);
        if (needed, above) == (tables, tops) {
            break;
        }
        (tables, tops) = (needed, above);
    }
    if content > 1 << 21 {
        return Err(Error::limit("the table is too large for an `xls` file; use `xlsx`"));
    }
    let (folder, first_table) = (content as u32, content as u32 + 1);
    let first_top = first_table + tables as u32;
    let mut out = Vec::with_capacity((content + tables + tops + 2) * SECTOR);
    out.extend([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    out.extend([0; 16]);
    out.extend([0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    out.extend([0; 10]);
    for number in [tables as u32, folder, 0, 4096, END, 0, if tops > 0 { first_top } else { END }, tops as u32] {
        out.extend(number.to_le_bytes());
    }
    for at in 0..109 {
        out.extend(if at < tables { first_table + at as u32 } else { FREE }.to_le_bytes());
    }
    out.extend(&stream);
    out.extend(entry("Root Entry", 5, 1, END, 0));
    out.extend(entry("Workbook", 2, FREE, 0, stream.len() as u32));
    out.extend(entry("", 0, FREE, 0, 0));
    out.extend(entry("", 0, FREE, 0, 0));
    let mut chain: Vec<u32> = (1..content as u32).chain([END, END]).collect();
    chain.extend(std::iter::repeat_n(TABLE, tables));
    chain.extend(std::iter::repeat_n(TABLE_OF_TABLES, tops));
    chain.resize(tables * SECTOR / 4, FREE);
    chain.iter().for_each(|next| out.extend(next.to_le_bytes()));
    for top in 0..tops {
        let first = 109 + top * (SECTOR / 4 - 1);
        for at in first..first + SECTOR / 4 - 1 {
            out.extend(if at < tables { first_table + at as u32 } else { FREE }.to_le_bytes());
        }
        out.extend(if top + 1 < tops { first_top + top as u32 + 1 } else { END }.to_le_bytes());
    }
    Ok(out)
}

fn entry(name: &str, kind: u8, child: u32, first: u32, size: u32) -> [u8; 128] {
    let mut entry = [0; 128];
    for (at, unit) in name.encode_utf16().enumerate() {
        entry[at * 2..at * 2 + 2].copy_from_slice(&unit.to_le_bytes());
    }
    let length = if name.is_empty() { 0 } else { (name.len() as u16 + 1) * 2 };
    entry[64..66].copy_from_slice(&length.to_le_bytes());
    (entry[66], entry[67]) = (kind, 1);
    entry[68..72].copy_from_slice(&FREE.to_le_bytes());
    entry[72..76].copy_from_slice(&FREE.to_le_bytes());
    entry[76..80].copy_from_slice(&child.to_le_bytes());
    entry[116..120].copy_from_slice(&first.to_le_bytes());
    entry[120..124].copy_from_slice(&size.to_le_bytes());
    entry
}
