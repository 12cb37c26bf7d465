//! Tables in files, as items: what `core.extract-from-file` and `core.spreadsheet-file` share.

use std::sync::Arc;

use formats::csv::{self, Reader};
use formats::sheet::{self, Source};
use formats::table::{self, Shape};
use futures_util::StreamExt;
use model::workflow::OnError;
use model::{Binary, Item, Map, Value};
use part::ctx::Outputs;
use part::{Ctx, NodeError, Origin};

use super::file::{TIME, WHOLE, refusal};

/// How a table is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// How a CSV file is read.
    pub csv: csv::Options,
    /// Most rows that may be left out.
    pub most_skipped: Option<u64>,
    /// Fields without content are there, empty.
    pub keep_empty: bool,
    /// The part of a spreadsheet.
    pub range: Option<String>,
    /// Texts of a web page stay texts.
    pub raw: bool,
    /// The sheet of a spreadsheet.
    pub sheet: Option<String>,
}

/// Puts out an item for each row of a file. `format` is what the file is said to be: `csv`, `xlsx` …
///
/// # Errors
/// The file is not of the format, or the step failed.
pub async fn rows(
    ctx: &Ctx,
    outputs: &mut Outputs,
    reading: &Reading,
    (file, format): (&Binary, &str),
    position: usize,
) -> Result<(), NodeError> {
    let read = match format {
        "csv" => separated(ctx, outputs, reading, file, position).await,
        _ => spreadsheet(ctx, outputs, reading, (file, format), position).await,
    };
    read.map_err(|error| match &file.file_extension {
        Some(extension) if extension != format && error.problem.code != model::Code::TooLarge => {
            let detail = format!("The file selected in 'Input Binary Field' is not in {format} format");
            let hint = format!("change the operation or choose a file in {format} format ({})", error.problem.detail);
            NodeError::bad_data(detail).hint(hint)
        }
        _ => error,
    })
}

/// Reads part by part: no more than a row and the open chunk of items is in memory.
async fn separated(
    ctx: &Ctx,
    outputs: &mut Outputs,
    reading: &Reading,
    file: &Binary,
    position: usize,
) -> Result<(), NodeError> {
    // Of an item that fails and does not stop the step no rows go on, so the file is looked through first.
    if ctx.info().on_error != OnError::Stop {
        let mut reader = Reader::new(reading.csv.clone()).map_err(refusal)?;
        let mut stream = ctx.read_file(file).await?;
        while let Some(part) = stream.next().await {
            reader.read(&part?, false, &mut |_| {}).map_err(refusal)?;
        }
        reader.read(&[], true, &mut |_| {}).map_err(refusal)?;
        check_skipped(reading, &reader)?;
    }
    let mut reader = Reader::new(reading.csv.clone()).map_err(refusal)?;
    let mut order: Option<Arc<Columns>> = None;
    let mut stream = ctx.read_file(file).await?;
    loop {
        let part = stream.next().await.transpose()?;
        let mut rows: Vec<Vec<String>> = Vec::new();
        reader
            .read(part.as_deref().unwrap_or_default(), part.is_none(), &mut |row| rows.push(std::mem::take(row)))
            .map_err(refusal)?;
        if order.is_none()
            && let Some(names) = reader.names()
        {
            order = Some(Arc::new(Columns::new(names)));
        }
        for row in rows {
            let item = match &order {
                Some(columns) => columns.item(row, reading.keep_empty),
                None => list(row, reading.keep_empty),
            };
            outputs.push(0, item, Origin::item(position)).await?;
        }
        if part.is_none() || reader.is_done() {
            return check_skipped(reading, &reader);
        }
    }
}

fn check_skipped(reading: &Reading, reader: &Reader) -> Result<(), NodeError> {
    match reading.most_skipped {
        Some(most) if reader.skipped() > most => Err(NodeError::bad_data("Max number of skipped records exceeded")),
        _ => Ok(()),
    }
}

/// Names of columns, and the order in which an object lists them.
struct Columns {
    names: Vec<String>,
    order: Vec<usize>,
}

impl Columns {
    fn new(names: &[String]) -> Columns {
        let order = table::key_order(&names.iter().map(String::as_str).collect::<Vec<_>>());
        Columns { names: names.to_vec(), order }
    }

    fn item(&self, mut row: Vec<String>, keep_empty: bool) -> Item {
        let mut json = Map::with_capacity(row.len());
        for at in &self.order {
            let (Some(name), Some(field)) = (self.names.get(*at), row.get_mut(*at)) else { continue };
            json.insert(name.clone(), Value::String(std::mem::take(field)));
        }
        if !keep_empty {
            json.retain(|_, field| field.as_str() != Some(""));
        }
        Item::new(json)
    }
}

/// A row of a file without names: a list, or an object of the fields that are not empty.
fn list(row: Vec<String>, keep_empty: bool) -> Item {
    let row: Value = match keep_empty {
        true => row.into(),
        false => {
            let fields = row.into_iter().enumerate().filter(|(_, field)| !field.is_empty());
            fields.map(|(at, field)| (at.to_string(), Value::String(field))).collect::<Map>().into()
        }
    };
    Item::new(Map::from_iter([("row".to_owned(), row)]))
}

async fn spreadsheet(
    ctx: &Ctx,
    outputs: &mut Outputs,
    reading: &Reading,
    (file, format): (&Binary, &str),
    position: usize,
) -> Result<(), NodeError> {
    let bytes = ctx.read_file_whole(file, WHOLE).await?;
    // What the bytes show counts, as in n8n.
    let source = match (Source::of_bytes(&bytes), format) {
        (Some(Source::Html { .. }), _) | (None, "html") => Source::Html { raw: reading.raw },
        (Some(source), _) => source,
        (None, "ods") => Source::Ods,
        (None, "xls") => Source::Xls,
        (None, "rtf") => Source::Rtf,
        (None, _) => Source::Xlsx,
    };
    let shape = Shape { lists: !reading.csv.header, fill: reading.keep_empty, range: reading.range.clone() };
    let sheet = reading.sheet.clone().filter(|sheet| !sheet.is_empty());
    let wanted = sheet.clone();
    let book = ctx.compute(TIME, move || sheet::read(&bytes, source, wanted.as_deref())).await?.map_err(refusal)?;
    let Some(table) = book.table else {
        return Err(match sheet {
            Some(sheet) => {
                let names: Vec<String> = book.names.iter().map(|name| format!("`{name}`")).collect();
                NodeError::bad_data(format!("Spreadsheet does not contain sheet called \"{sheet}\"!"))
                    .hint(format!("its sheets are {}", names.join(", ")))
            }
            None => NodeError::bad_data("Spreadsheet does not have any sheets!"),
        });
    };
    let lists = shape.lists;
    let made = ctx.compute(TIME, move || {
        let mut made = Vec::new();
        table.records(&shape, |record| made.push(record)).map(|()| made)
    });
    for record in made.await?.map_err(refusal)? {
        let json = match record {
            Value::Object(map) if !lists => map,
            row => Map::from_iter([("row".to_owned(), row)]),
        };
        outputs.push(0, Item::new(json), Origin::item(position)).await?;
    }
    Ok(())
}
