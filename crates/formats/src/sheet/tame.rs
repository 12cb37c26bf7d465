//! What the readers of workbooks believe of a file without looking, looked at before they see it: numbers by which they
//! make room at once, for which a process has no room and ends.

use std::io::{Cursor, Read};

use quick_xml::events::Event;

use super::xls::compound;
use crate::table::CELLS;
use crate::{Error, Result};

/// A file of texts that cells share says how many there are. Each takes at least a tag.
pub(super) fn shared_texts(name: &str, content: &[u8]) -> Result<()> {
    if !name.to_ascii_lowercase().ends_with("sharedstrings.xml") {
        return Ok(());
    }
    let mut reader = quick_xml::Reader::from_reader(content);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                let mut attributes = tag.attributes();
                let said =
                    attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == "uniqueCount");
                let count = said.and_then(|said| said.value.trim().parse::<u64>().ok()).unwrap_or(0);
                return match count > content.len() as u64 {
                    true => Err(Error::broken(format!("the workbook has no room for {count} texts"))),
                    false => Ok(()),
                };
            }
            // What is broken is the reader's to say.
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

/// A workbook of before 2007 with nothing in it but its sheets, none of which is larger than it may be.
pub(super) fn old_workbook(bytes: &[u8]) -> Result<Vec<u8>> {
    let broken = |error: std::io::Error| Error::broken(format!("the file is not a workbook that can be read: {error}"));
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(broken)?;
    let name = ["/Workbook", "/Book"].into_iter().find(|name| file.is_stream(name));
    let name = name.ok_or_else(|| Error::broken("there is no workbook in the file"))?;
    let mut stream = Vec::new();
    file.open_stream(name).and_then(|from| from.take(bytes.len() as u64).read_to_end(&mut stream)).map_err(broken)?;
    bounded(&mut stream)?;
    compound(stream)
}

/// Rows and columns of what was seen of a sheet.
#[derive(Default)]
struct Seen(Option<((usize, usize), (usize, usize))>);

impl Seen {
    fn cell(&mut self, row: u16, column: u16) -> Result<()> {
        let (row, column) = (usize::from(row), usize::from(column));
        let (rows, columns) = self.0.get_or_insert(((row, row), (column, column)));
        *rows = (rows.0.min(row), rows.1.max(row));
        *columns = (columns.0.min(column), columns.1.max(column));
        // The reader's table is as large as the rectangle around its cells.
        match (rows.1 - rows.0 + 1) * (columns.1 - columns.0 + 1) > CELLS {
            true => Err(Error::limit(format!("the table has more than {CELLS} cells"))),
            false => Ok(()),
        }
    }
}

fn bounded(stream: &mut [u8]) -> Result<()> {
    let (mut at, mut seen) = (0, Seen::default());
    while let Some(head) = stream.get(at..at + 4) {
        let (kind, length) = (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
        let end = (at + 4 + usize::from(length)).min(stream.len());
        let data = &mut stream[at + 4..end];
        let number = |data: &[u8], at: usize| data.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]));
        match kind {
            // Another sheet begins.
            0x0809 => seen = Seen::default(),
            // How large a sheet says that it is. Without it, it is as large as its cells.
            0x0200 => data.fill(0),
            // A row of numbers: its last column stands at its end.
            0x00BD => {
                let (row, first) = (number(data, 0).unwrap_or(0), number(data, 2).unwrap_or(0));
                let last = data.len().checked_sub(2).and_then(|at| number(data, at)).unwrap_or(0);
                seen.cell(row, first)?;
                seen.cell(row, last)?;
            }
            // Cells: a formula, a shared text, a text of its own, a number in two forms, a rich text, true or false.
            0x0006 | 0x00FD | 0x0204 | 0x0203 | 0x027E | 0x00D6 | 0x0205 => {
                seen.cell(number(data, 0).unwrap_or(0), number(data, 2).unwrap_or(0))?;
            }
            _ => {}
        }
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{Source, read};
    use crate::table::Shape;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
    }

    /// A workbook of one sheet with these records.
    fn workbook(records: &[Vec<u8>]) -> Vec<u8> {
        let begin = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let head = begin(5);
        let name = |place: u32| record(0x0085, &[&place.to_le_bytes()[..], &[0, 0, 1, 0, b'a']].concat());
        let end = record(0x000A, &[]);
        let place = head.len() + name(0).len() + end.len();
        let sheet = [begin(0x10), records.concat(), end.clone()].concat();
        compound([head, name(place as u32), end, sheet].concat()).unwrap()
    }

    fn cell(row: u16, column: u16) -> Vec<u8> {
        let data = [&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], &1.5f64.to_le_bytes()].concat();
        record(0x0203, &data)
    }

    #[test]
    fn an_old_workbook_is_as_large_as_its_cells_whatever_it_says() {
        let size = |rows: u32, columns: u16| {
            let data = [&[0; 4][..], &rows.to_le_bytes(), &[0, 0], &columns.to_le_bytes(), &[0, 0]].concat();
            record(0x0200, &data)
        };
        for said in [size(1, 1), size(4_000_000_000, 256), size(u32::MAX, u16::MAX), size(65_536, 256)] {
            let book = read(&workbook(&[said, cell(0, 0), cell(3, 2)]), Source::Xls, None).unwrap();
            let (mut count, shape) = (0, Shape { lists: true, fill: true, ..Shape::default() });
            book.table.unwrap().records(&shape, |_| count += 1).unwrap();
            assert_eq!(count, 4, "four rows, two of them empty");
        }
        let far = read(&workbook(&[cell(0, 0), cell(u16::MAX, u16::MAX)]), Source::Xls, None);
        assert!(matches!(far, Err(Error::Limit(_))), "{far:?}");
        // A row of numbers that ends far away.
        let long = record(0x00BD, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]);
        let far = read(&workbook(&[long, cell(u16::MAX, 0)]), Source::Xls, None);
        assert!(matches!(far, Err(Error::Limit(_))), "{far:?}");
    }
}
