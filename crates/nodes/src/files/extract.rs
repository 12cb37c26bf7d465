//! `core.extract-from-file`: reads what is in files of items.

use formats::{calendar, csv, pdf, text};
use futures_util::StreamExt;
use model::{Binary, Item, Map, Value};
use part::ctx::Outputs;
use part::n8n::{self, Lifted, Mapping};
use part::{Ctx, Descriptor, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::{TIME, WHOLE, refusal, wanted};
use super::rows::{self, Reading};
use crate::lenient;
use crate::path::Path;

/// What `core.extract-from-file` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What the file is, and what is read of it.
    #[schemars(title = "The file is")]
    #[serde(default)]
    operation: Operation,
    /// Name of the file in the item.
    #[schemars(title = "Name of the file in the item", example = &"data")]
    #[serde(default = "data")]
    binary_property_name: Value,
    /// Field that gets what was read: texts, JSON, events, base64. Dots lead into nested fields.
    #[schemars(
        title = "Into the field",
        example = &"data",
        extend("x-form" = { "when": { "operation": ["fromIcs", "fromJson", "text", "xml", "binaryToPropery"] } })
    )]
    #[serde(default = "field", deserialize_with = "lenient::text")]
    destination_key: String,
    /// What of the item goes along.
    #[schemars(title = "Of the item goes along", extend("x-form" = { "more": true }))]
    #[serde(default)]
    keep_source: Option<Keep>,
    /// Encoding of a text. Empty: what the file seems to be in.
    #[schemars(
        example = &"utf8",
        extend("x-form" = {
            "when": { "operation": ["csv", "fromIcs", "fromJson", "jsonLines", "text", "xml", "html", "rtf"] },
            "more": true
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    encoding: String,
    /// A byte order mark at the start of a text is left out.
    #[schemars(
        title = "Without a byte order mark",
        extend("x-form" = {
            "when": { "operation": ["fromIcs", "fromJson", "text", "xml", "jsonLines"] },
            "more": true
        })
    )]
    #[serde(default = "yes", rename = "stripBOM", deserialize_with = "lenient::flag")]
    strip_bom: bool,
    /// Texts of all pages of a PDF file are one text; otherwise a list.
    #[schemars(title = "Join pages", extend("x-form" = { "when": { "operation": "pdf" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    join_pages: bool,
    /// Most pages that are read of a PDF file; 0: all.
    #[schemars(title = "Pages at most", extend("x-form" = { "when": { "operation": "pdf" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    max_pages: Option<u32>,
    /// Opens a PDF file that is locked.
    #[schemars(extend("x-form" = { "when": { "operation": "pdf" }, "as": "password", "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    password: String,
    /// What stands between the fields of a CSV file; a tab for TSV.
    #[schemars(example = &",", extend("x-form" = { "when": { "operation": "csv" } }))]
    #[serde(default = "comma", deserialize_with = "lenient::text")]
    delimiter: String,
    /// Line of a CSV file to begin with.
    #[schemars(title = "Begin with line", extend("x-form" = { "when": { "operation": "csv" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    from_line: Option<u64>,
    /// Most rows of a CSV file; -1: all.
    #[schemars(title = "Rows at most", extend("x-form" = { "when": { "operation": "csv" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    max_row_count: Option<i64>,
    /// A byte order mark at the start of a CSV file is left out.
    #[schemars(
        title = "Without a byte order mark",
        extend("x-form" = { "when": { "operation": "csv" }, "more": true })
    )]
    #[serde(default, rename = "enableBOM", deserialize_with = "lenient::flag")]
    enable_bom: bool,
    /// A quote in the wrong place of a CSV file is text.
    #[schemars(title = "Quotes may be anywhere", extend("x-form" = { "when": { "operation": "csv" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    relax_quotes: bool,
    /// Rows of a CSV file that cannot be read are left out.
    #[schemars(title = "Leave broken rows out", extend("x-form" = { "when": { "operation": "csv" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    skip_records_with_errors: bool,
    /// Most rows that may be left out; -1: any number.
    #[schemars(
        title = "Broken rows at most",
        extend("x-form" = { "when": { "operation": "csv", "skipRecordsWithErrors": true }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    max_skipped_records: Option<i64>,
    /// The first row of a table holds the names of its columns.
    #[schemars(
        title = "First row holds names",
        extend("x-form" = { "when": { "operation": ["csv", "html", "ods", "rtf", "xls", "xlsx"] } })
    )]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    header_row: bool,
    /// Empty cells become empty texts.
    #[schemars(
        title = "With empty cells",
        extend("x-form" = { "when": { "operation": ["csv", "html", "ods", "rtf", "xls", "xlsx"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    include_empty_cells: bool,
    /// The part of a sheet: a row to begin with, from 0, or cells such as `B2:D9`.
    #[schemars(
        example = &"B2:D9",
        extend("x-form" = { "when": { "operation": ["ods", "xls", "xlsx"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    range: String,
    /// Texts in a table of a web page are not read as numbers and dates.
    #[schemars(
        title = "Leave texts as they are",
        extend("x-form" = { "when": { "operation": ["html", "ods", "rtf", "xls", "xlsx"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    raw_data: bool,
    /// Kept for n8n's sake: signs are read rightly without it.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "readAsString", default, deserialize_with = "lenient::flag")]
    _read_as_string: bool,
    /// The sheet to read; empty: the first one.
    #[schemars(title = "Sheet", extend("x-form" = { "when": { "operation": ["ods", "xls", "xlsx"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    sheet_name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Comma-separated values, an item for each row.
    #[default]
    Csv,
    /// The first table of a web page, an item for each row.
    Html,
    /// A calendar file.
    FromIcs,
    /// JSON, as one value.
    FromJson,
    /// Lines of JSON, an item for each.
    JsonLines,
    /// An OpenDocument sheet, an item for each row.
    Ods,
    /// Text and data of a PDF file.
    Pdf,
    /// Tables of a rich text, an item for each row.
    Rtf,
    /// A text.
    Text,
    /// The text of an XML file.
    Xml,
    /// A sheet of Excel before 2007, an item for each row.
    Xls,
    /// A sheet of Excel, an item for each row.
    Xlsx,
    /// The file as base64.
    #[serde(rename = "binaryToPropery")]
    Base64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Keep {
    /// Its fields.
    Json,
    /// Its files.
    Binary,
    /// Both.
    Both,
}

fn data() -> Value {
    "data".into()
}

fn field() -> String {
    "data".into()
}

fn comma() -> String {
    ",".into()
}

fn yes() -> bool {
    true
}

/// Reads what is in files of items.
pub struct Extract;

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("destinationKey", "destinationKey"),
    ("keepSource", "options.keepSource"),
    ("encoding", "options.encoding"),
    ("stripBOM", "options.stripBOM"),
    ("joinPages", "options.joinPages"),
    ("maxPages", "options.maxPages"),
    ("password", "options.password"),
    ("delimiter", "options.delimiter"),
    ("fromLine", "options.fromLine"),
    ("maxRowCount", "options.maxRowCount"),
    ("enableBOM", "options.enableBOM"),
    ("relaxQuotes", "options.relaxQuotes"),
    ("skipRecordsWithErrors", "options.skipRecordsWithErrors.value.enabled"),
    ("maxSkippedRecords", "options.skipRecordsWithErrors.value.maxSkippedRecords"),
    ("headerRow", "options.headerRow"),
    ("includeEmptyCells", "options.includeEmptyCells"),
    ("range", "options.range"),
    ("rawData", "options.rawData"),
    ("readAsString", "options.readAsString"),
    ("sheetName", "options.sheetName"),
];

impl Plain for Extract {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["csv", "tsv", "xlsx", "excel", "pdf", "json", "ics", "base64", "import", "spreadsheet", "binary"],
        ..Descriptor::pure::<Params>(
            "core.extract-from-file",
            Group::Transform,
            "Extract from file",
            "Reads files of items: CSV, spreadsheets, PDF, JSON, text",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.extractFromFile", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = NAMES;

    const IDLE: &'static [&'static str] = &["options.stripBOM"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, NAMES);
        let mut lifted = Lifted::default();
        // n8n's form has it beside these encodings alone, and what its form does not have it does not read.
        let shown = params.get("encoding").and_then(Value::as_str);
        if !shown.is_some_and(|name| name.starts_with('=') || ["utf8", "cesu8", "ucs2"].contains(&name)) {
            params.shift_remove("stripBOM");
        }
        if let Some(name) = params.get("encoding").and_then(Value::as_str)
            && !name.starts_with('=')
            && !text::is_known(name)
        {
            let why = format!("`{name}` is an encoding that is not known here");
            crate::lift::not_honoured(&mut lifted, "options.encoding", why);
        }
        Lifted { params, ..lifted }
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let read = match params {
                    Ok(params) => read(ctx, &mut outputs, &params, item, position).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = read {
                    outputs.fail(position, item, error).await?;
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

async fn read(
    ctx: &Ctx,
    outputs: &mut Outputs,
    params: &Params,
    item: &Item,
    position: usize,
) -> Result<(), NodeError> {
    let file = wanted(item, &params.binary_property_name, position)?;
    if let Some(format) = params.operation.table() {
        return rows::rows(ctx, outputs, &params.reading(), (&file, format), position).await;
    }
    let made = match params.operation {
        Operation::JsonLines => return lines(ctx, outputs, &file, position).await,
        Operation::Pdf => document(ctx, params, item, &file).await?,
        _ => whole(ctx, params, item, &file).await?,
    };
    outputs.push(0, made, Origin::item(position)).await
}

impl Operation {
    /// The format of a table.
    fn table(self) -> Option<&'static str> {
        Some(match self {
            Operation::Csv => "csv",
            Operation::Html => "html",
            Operation::Ods => "ods",
            Operation::Rtf => "rtf",
            Operation::Xls => "xls",
            Operation::Xlsx => "xlsx",
            _ => return None,
        })
    }
}

impl Params {
    fn reading(&self) -> Reading {
        Reading {
            csv: csv::Options {
                delimiter: self.delimiter.clone(),
                header: self.header_row,
                relax_quotes: self.relax_quotes,
                skip_errors: self.skip_records_with_errors,
                rows: self.max_row_count.and_then(|count| u64::try_from(count).ok()),
                from_line: self.from_line.unwrap_or(1),
                strip_bom: self.enable_bom,
                encoding: self.encoding.clone(),
            },
            most_skipped: self.max_skipped_records.and_then(|most| u64::try_from(most).ok()).filter(|most| *most > 0),
            keep_empty: self.include_empty_cells,
            range: Some(self.range.clone()),
            raw: self.raw_data,
            sheet: Some(self.sheet_name.clone()),
        }
    }

    /// A new item with what goes along. The file that was read does not, unless files are asked for.
    fn start(&self, item: &Item) -> Item {
        let json = match self.keep_source {
            Some(Keep::Json | Keep::Both) => item.json.clone(),
            _ => Map::new(),
        };
        let mut made = Item { json, binary: item.binary.clone() };
        let read = self.binary_property_name.as_str().unwrap_or_default();
        if !matches!(self.keep_source, Some(Keep::Binary | Keep::Both))
            && let Some(files) = &mut made.binary
        {
            files.remove(read);
            if files.is_empty() {
                made.binary = None;
            }
        }
        made
    }
}

/// A file that becomes one value.
async fn whole(ctx: &Ctx, params: &Params, item: &Item, file: &Binary) -> Result<Item, NodeError> {
    let bytes = ctx.read_file_whole(file, WHOLE).await?;
    let value: Value = if params.operation == Operation::Base64 {
        part::params::to_base64(&bytes).into()
    } else {
        let encoding = if params.encoding.is_empty() { text::detect(&bytes) } else { &params.encoding };
        let text = text::decode(&bytes, encoding, params.strip_bom).map_err(refusal)?;
        match params.operation {
            Operation::FromJson if text.is_empty() => Map::new().into(),
            Operation::FromJson => serde_json::from_str(&text).map_err(|error| {
                let detail = "The file selected in 'Input Binary Field' is not in JSON format";
                NodeError::bad_data(detail).hint(format!("choose a JSON file or change the operation ({error})"))
            })?,
            Operation::FromIcs => calendar::read(&text, &in_zone).map_err(refusal)?,
            _ => text.into(),
        }
    };
    let mut made = params.start(item);
    Path::new(&params.destination_key, true).set(&mut made.json, value);
    Ok(made)
}

/// A time of day in a zone, as ISO 8601 in UTC, and the zone's distance from it.
fn in_zone(zone: &str, civil: &str) -> Option<(String, String)> {
    let civil: jiff::civil::DateTime = civil.parse().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::get(zone).ok()?).ok()?;
    let utc = zoned.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    Some((utc, zoned.strftime("%z").to_string()))
}

/// Longest line of JSON.
const LINE: usize = 16 << 20;

/// An item for each line, read part by part.
async fn lines(ctx: &Ctx, outputs: &mut Outputs, file: &Binary, position: usize) -> Result<(), NodeError> {
    let mut rest: Vec<u8> = Vec::new();
    let mut number = 0;
    let mut stream = ctx.read_file(file).await?;
    loop {
        let part = stream.next().await.transpose()?;
        rest.extend_from_slice(part.as_deref().unwrap_or(b"\n"));
        let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in rest[..end].split(|byte| *byte == b'\n') {
            number += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let value: Value = serde_json::from_slice(line)
                .map_err(|error| NodeError::bad_data(format!("line {number} of the file is not JSON: {error}")))?;
            outputs.push(0, Item::from_value(value), Origin::item(position)).await?;
        }
        // The last of the split parts is the start of the next line.
        number -= 1;
        rest.drain(..end);
        if rest.len() > LINE {
            return Err(refusal(formats::Error::Limit(format!("line {number} is longer than {LINE} bytes"))));
        }
        if part.is_none() {
            return Ok(());
        }
    }
}

/// Text and data of a PDF file.
async fn document(ctx: &Ctx, params: &Params, item: &Item, file: &Binary) -> Result<Item, NodeError> {
    let bytes = ctx.read_file_whole(file, WHOLE).await?;
    let password = params.password.clone();
    let most = params.max_pages.filter(|most| *most > 0).map(|most| most as usize);
    // The reader gives up by panicking on some broken files, and its bounds do not cover all of its work.
    let read = ctx.compute(TIME, move || pdf::read(&bytes, &password, most)).await?.map_err(refusal)?;
    let mut made = params.start(item);
    made.json.insert("numpages".into(), read.count.into());
    made.json.insert("numrender".into(), read.count.into());
    made.json.insert("info".into(), Value::Object(read.info));
    made.json.insert(
        "text".into(),
        match params.join_pages {
            true => read.pages.join("\n\n").into(),
            false => read.pages.into(),
        },
    );
    // The version of the reader that n8n has; workflows look at it.
    made.json.insert("version".into(), pdf::VERSION.into());
    Ok(made)
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
