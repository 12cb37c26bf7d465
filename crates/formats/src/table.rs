//! Tables as all spreadsheets, web pages and rich texts give them, and the records that are in them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::{Error, Result, number};

/// Most cells of a table, and of the records that are made of it.
pub const CELLS: usize = 8_000_000;

/// Most bytes of texts in a table: a spreadsheet says a text once that a million cells show.
const TEXTS: usize = if cfg!(test) { 64 << 20 } else { 512 << 20 };

/// What is in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A text; points in time are ISO 8601.
    Text(String),
    /// A number; days of a spreadsheet are numbers, too.
    Number(f64),
    /// True or false.
    Bool(bool),
}

/// Cells by row and column; absent ones take no room.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: BTreeMap<u32, BTreeMap<u32, Cell>>,
    count: usize,
    texts: usize,
}

/// Which part of a table is read, and how.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The first row holds no names: each record is a list.
    pub lists: bool,
    /// Absent cells are empty texts.
    pub fill: bool,
    /// A row to begin with, from 0, or cells such as `B2:D9`.
    pub range: Option<String>,
}

struct Bounds {
    rows: (u32, u32),
    columns: (u32, u32),
}

impl Table {
    /// Puts a cell.
    ///
    /// # Errors
    /// There are too many.
    pub fn put(&mut self, row: u32, column: u32, cell: Cell) -> Result<()> {
        self.count += 1;
        if self.count > CELLS {
            return Err(Error::limit(format!("the table has more than {CELLS} cells")));
        }
        if let Cell::Text(text) = &cell {
            self.texts += text.len();
        }
        if self.texts > TEXTS {
            return Err(Error::limit(format!("the texts of the table have more than {TEXTS} bytes")));
        }
        self.rows.entry(row).or_default().insert(column, cell);
        Ok(())
    }

    fn bounds(&self, range: Option<&str>) -> Result<Option<Bounds>> {
        let (Some((first, _)), Some((last, _))) = (self.rows.first_key_value(), self.rows.last_key_value()) else {
            return Ok(None);
        };
        let columns = self.rows.values().filter_map(|row| Some((*row.first_key_value()?.0, *row.last_key_value()?.0)));
        let columns = columns.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default();
        let mut bounds = Bounds { rows: (*first, *last), columns };
        match range.map(str::trim).filter(|range| !range.is_empty()) {
            None => {}
            Some(range) => match range.parse::<f64>() {
                Ok(row) if row >= 0.0 => bounds.rows.0 = row as u32,
                _ => {
                    let wrong = || Error::Option(format!("`{range}` is no range of cells such as `B2:D9`"));
                    let (from, to) = range.split_once(':').unwrap_or((range, range));
                    let (from, to) = (address(from).ok_or_else(wrong)?, address(to).ok_or_else(wrong)?);
                    bounds = Bounds { rows: (from.0, to.0.min(*last)), columns: (from.1, to.1) };
                }
            },
        }
        Ok(Some(bounds))
    }

    /// The records, in order. `sink` gets each.
    ///
    /// # Errors
    /// The range is none, or there are too many cells.
    pub fn records(&self, shape: &Shape, mut sink: impl FnMut(Value)) -> Result<()> {
        let Some(bounds) = self.bounds(shape.range.as_deref())? else { return Ok(()) };
        let width = (bounds.columns.1.saturating_sub(bounds.columns.0) as usize).saturating_add(1);
        let height = (bounds.rows.1.saturating_sub(bounds.rows.0) as usize).saturating_add(1);
        if (shape.fill || shape.lists) && width.saturating_mul(height) > CELLS {
            return Err(Error::limit(format!("the range has more than {CELLS} cells")));
        }
        if bounds.rows.0 > bounds.rows.1 || bounds.columns.0 > bounds.columns.1 {
            return Ok(());
        }
        if shape.lists {
            for row in bounds.rows.0..=bounds.rows.1 {
                sink(Value::Array(self.list(row, &bounds, shape.fill)));
            }
            return Ok(());
        }
        let names = self.names(&bounds)?;
        let order = key_order(&names.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>());
        for (_, row) in self.rows.range(bounds.rows.0..=bounds.rows.1).skip_while(|(row, _)| **row == bounds.rows.0) {
            let mut record = Map::new();
            let mut empty = true;
            for at in &order {
                let (column, name) = &names[*at];
                match row.get(column) {
                    Some(cell) => {
                        empty = false;
                        record.insert(name.clone(), cell.json());
                    }
                    None if shape.fill => drop(record.insert(name.clone(), "".into())),
                    None => {}
                }
            }
            if !empty {
                sink(Value::Object(record));
            }
        }
        Ok(())
    }

    fn list(&self, row: u32, bounds: &Bounds, fill: bool) -> Vec<Value> {
        let empty = BTreeMap::new();
        let row = self.rows.get(&row).unwrap_or(&empty);
        let mut list = Vec::new();
        if fill {
            list.resize((bounds.columns.1 - bounds.columns.0 + 1) as usize, Value::from(""));
        }
        for (column, cell) in row.range(bounds.columns.0..=bounds.columns.1) {
            let at = (column - bounds.columns.0) as usize;
            if list.len() <= at {
                list.resize(at + 1, Value::Null);
            }
            list[at] = cell.json();
        }
        list
    }

    /// Names of the columns; one that is taken gets a number.
    fn names(&self, bounds: &Bounds) -> Result<Vec<(u32, String)>> {
        let header = self.rows.get(&bounds.rows.0);
        let width = bounds.columns.1 - bounds.columns.0;
        if width as usize > 1 << 16 {
            return Err(Error::limit("the table has more than 65536 columns"));
        }
        let mut counts: HashMap<String, u32> = HashMap::new();
        let mut names = Vec::new();
        for column in bounds.columns.0..=bounds.columns.1 {
            let name = header.and_then(|row| row.get(&column)).map_or_else(|| "__EMPTY".to_owned(), Cell::shown);
            let mut own = name.clone();
            match counts.get(&name).copied() {
                None => drop(counts.insert(name, 1)),
                Some(mut count) => {
                    loop {
                        own = format!("{name}_{count}");
                        count += 1;
                        if !counts.contains_key(&own) {
                            break;
                        }
                    }
                    counts.insert(name, count);
                    counts.insert(own.clone(), 1);
                }
            }
            names.push((column, own));
        }
        Ok(names)
    }
}

impl Cell {
    /// What a text in a web page or a rich text stands for.
    pub fn guess(text: &str) -> Option<Cell> {
        let plain = text.trim();
        Some(match plain {
            "" => return None,
            "TRUE" | "true" => Cell::Bool(true),
            "FALSE" | "false" => Cell::Bool(false),
            _ => match (number::parse(plain), date(plain)) {
                (Some(number), _) => Cell::Number(number),
                (None, Some(date)) => Cell::Text(date),
                (None, None) => Cell::Text(text.to_owned()),
            },
        })
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        match self {
            Cell::Text(text) => text.as_str().into(),
            Cell::Bool(flag) => (*flag).into(),
            Cell::Number(number) => number_json(*number),
        }
    }

    /// As a spreadsheet shows it.
    pub fn shown(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Bool(true) => "TRUE".into(),
            Cell::Bool(false) => "FALSE".into(),
            Cell::Number(number) => number::general(*number),
        }
    }
}

/// A number as JavaScript writes it: whole ones without a fraction.
pub fn number_json(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    if number.fract() == 0.0 && number.abs() <= EXACT { (number as i64).into() } else { number.into() }
}

/// `2024-01-02` and `1/2/2024`, with a time or not, as ISO 8601 in UTC.
fn date(text: &str) -> Option<String> {
    let (day, time) = text.split_once(['T', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    let parts = |text: &str, sign: char| -> Option<Vec<u32>> {
        text.split(sign)
            .map(|part| part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())))
            .collect::<Option<Vec<u32>>>()
    };
    let (year, month, date) = match (parts(day, '-').as_deref(), parts(day, '/').as_deref()) {
        (Some([year, month, date]), _) if day.find('-') == Some(4) => (*year, *month, *date),
        (_, Some([month, date, year])) if *year >= 1000 => (*year, *month, *date),
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let last = *days.get(month.checked_sub(1)? as usize)?;
    if !(1..=last).contains(&date) || year > 9999 {
        return None;
    }
    let (mut clock, mut millis) = ([0u32; 3], 0);
    if let Some(time) = time {
        let time = time.strip_suffix('Z').unwrap_or(time);
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let parts = parts(time, ':')?;
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        clock[..parts.len()].copy_from_slice(&parts);
        millis = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    }
    let [hour, minute, second] = clock;
    let valid = hour < 24 && minute < 60 && second < 60;
    valid.then(|| format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"))
}

/// `B2` → row 1, column 1.
fn address(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().replace('$', "");
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = text.split_at(digits);
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let column = letters.chars().try_fold(0u32, |column, letter| {
        letter.is_ascii_alphabetic().then(|| column * 26 + u32::from(letter.to_ascii_uppercase()) - 64)
    })?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column - 1))
}

/// The order in which a JavaScript object with these keys lists them: whole numbers first, by size. Of keys that are
/// the same the last one is there, in the place of the first.
pub fn key_order(names: &[&str]) -> Vec<usize> {
    let index = |name: &str| -> Option<u32> {
        let number = name.parse::<u32>().ok().filter(|number| *number < u32::MAX)?;
        (number.to_string() == name).then_some(number)
    };
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|at| index(names[*at]).map_or((1, 0), |number| (0, number)));
    order
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(rows: &[&[Option<Cell>]]) -> Table {
        let mut table = Table::default();
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                if let Some(cell) = cell {
                    table.put(row as u32, column as u32, cell.clone()).unwrap();
                }
            }
        }
        table
    }

    fn text(text: &str) -> Option<Cell> {
        Some(Cell::Text(text.into()))
    }

    fn number(number: f64) -> Option<Cell> {
        Some(Cell::Number(number))
    }

    fn sample() -> Table {
        let yes = Some(Cell::Bool(true));
        let no = Some(Cell::Bool(false));
        table(&[
            &[text("n"), text(""), text("n"), text("d"), None, text("n_1")],
            &[number(1.0), text("x"), yes, number(45_293.5), None, number(1.25)],
            &[],
            &[None, text(""), no],
        ])
    }

    fn records(shape: Shape) -> Value {
        let mut all = Vec::new();
        sample().records(&shape, |record| all.push(record)).unwrap();
        all.into()
    }

    #[test]
    fn records_are_named_by_the_first_row() {
        assert_eq!(
            records(Shape::default()),
            json!([{ "n": 1, "": "x", "n_1": true, "d": 45293.5, "n_1_1": 1.25 }, { "": "", "n_1": false }])
        );
        assert_eq!(
            records(Shape { fill: true, ..Shape::default() })[1],
            json!({ "n": "", "": "", "n_1": false, "d": "", "__EMPTY": "", "n_1_1": "" })
        );
        assert_eq!(
            records(Shape { lists: true, ..Shape::default() }),
            json!([["n", "", "n", "d", null, "n_1"], [1, "x", true, 45293.5, null, 1.25], [], [null, "", false]])
        );
    }

    #[test]
    fn a_range_is_a_row_or_cells() {
        let range = |range: &str| Shape { range: Some(range.into()), ..Shape::default() };
        assert_eq!(records(range("1")), json!([{ "x": "", "TRUE": false }]));
        assert_eq!(records(range("B1:C2")), json!([{ "": "x", "n": true }]));
        assert!(sample().records(&range("nonsense"), drop).is_err());
        assert!(sample().records(&Shape { fill: true, ..range("A1:XFD1048576") }, drop).is_ok());
        let mut far = sample();
        far.put(1_048_575, 16_383, Cell::Bool(true)).unwrap();
        let refused = far.records(&Shape { fill: true, ..Shape::default() }, drop).unwrap_err();
        assert!(matches!(refused, Error::Limit(_)));
        assert!(far.records(&Shape::default(), drop).is_ok(), "what is absent takes no room");
    }

    #[test]
    fn texts_of_pages_are_guessed() {
        for (text, expect) in [
            ("1,234.5", Some(Cell::Number(1234.5))),
            ("2024-01-02", Some(Cell::Text("2024-01-02T00:00:00.000Z".into()))),
            ("1/2/2024", Some(Cell::Text("2024-01-02T00:00:00.000Z".into()))),
            ("2024-01-02T03:04:05.6Z", Some(Cell::Text("2024-01-02T03:04:05.600Z".into()))),
            ("2023-02-29", Some(Cell::Text("2023-02-29".into()))),
            ("TRUE", Some(Cell::Bool(true))),
            (" x ", Some(Cell::Text(" x ".into()))),
            ("  ", None),
        ] {
            assert_eq!(Cell::guess(text), expect, "{text}");
        }
        assert_eq!(key_order(&["10", "b", "2", "01"]), [2, 0, 1, 3]);
    }
}
