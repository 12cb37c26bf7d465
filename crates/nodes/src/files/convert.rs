//! `core.convert-to-file`: writes items, or values in them, into files.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use formats::sheet::{self, Target, Writer};
use formats::{table, text};
use futures_util::stream;
use model::{Binary, Item, Map, Value};
use part::ctx::ByteStream;
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Group, Items, NodeError, Origin, Outcome, Plain, Source, StepHost, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::convert_event::{Event, write_event};
use super::file::{described, refusal};
use crate::lift::{named, renamed};
use crate::path::Path;
use crate::{js, lenient};

/// What `core.convert-to-file` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is written.
    #[serde(default)]
    pub operation: Operation,
    /// Whether `toJson` writes all items into one file.
    #[schemars(extend("x-form" = { "when": { "operation": "toJson" } }))]
    #[serde(default)]
    mode: Mode,
    /// Name of the field with the text (`toText`) or the base64 (`toBinary`); dots lead into nested fields. Empty: the
    /// whole item.
    #[schemars(title = "Field", extend("x-form" = { "when": { "operation": ["toText", "toBinary", "toJson"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    source_property: String,
    /// Name that the file gets in the item.
    #[schemars(title = "Into the file", example = &"data")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    pub binary_property_name: String,
    /// Name of the file; its extension says what type the file is of.
    #[schemars(title = "Name of the file", example = &"orders.csv")]
    #[serde(default)]
    pub file_name: Option<String>,
    /// Type of the file (`toBinary`), for example `image/png`.
    #[schemars(
        title = "Type of the file",
        example = &"image/png",
        extend("x-form" = { "when": { "operation": "toBinary" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    mime_type: String,
    /// Encoding of texts, for example `utf8` or `windows1252`.
    #[schemars(
        extend("x-form" = {
            "when": { "operation": ["csv", "html", "rtf", "toJson", "toText", "toBinary"] },
            "more": true
        })
    )]
    #[serde(default = "utf8", deserialize_with = "lenient::text")]
    encoding: String,
    /// A byte order mark comes first, which tells some programs the encoding.
    #[schemars(
        title = "With a byte order mark",
        extend("x-form" = { "when": { "operation": ["csv", "toJson", "toText", "toBinary"] }, "more": true })
    )]
    #[serde(default, rename = "addBOM", deserialize_with = "lenient::flag")]
    add_bom: bool,
    /// JSON is written with line breaks and indents.
    #[schemars(
        title = "With line breaks and indents",
        extend("x-form" = { "when": { "operation": "toJson" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    format: bool,
    /// The field of `toBinary` holds base64; otherwise a text.
    #[schemars(title = "The field holds base64", extend("x-form" = { "when": { "operation": "toBinary" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    data_is_base64: bool,
    /// What stands between the fields of a CSV file.
    #[schemars(extend("x-form" = { "when": { "operation": "csv" }, "more": true }))]
    #[serde(default = "comma", deserialize_with = "lenient::text")]
    delimiter: String,
    /// Names of the columns come first.
    #[schemars(
        title = "Names of the columns first",
        extend("x-form" = { "when": { "operation": ["csv", "html", "ods", "rtf", "xls", "xlsx"] }, "more": true })
    )]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub header_row: bool,
    /// Name of the sheet in a spreadsheet.
    #[schemars(
        title = "Name of the sheet",
        extend("x-form" = { "when": { "operation": ["ods", "xls", "xlsx"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub sheet_name: String,
    /// Spreadsheets are packed. Ours always are.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "compression", default, deserialize_with = "lenient::flag")]
    _compression: bool,
    /// Title of the event (`iCal`).
    #[schemars(extend("x-form" = { "when": { "operation": "iCal" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    title: String,
    /// When the event starts.
    #[schemars(extend("x-form" = { "when": { "operation": "iCal" }, "as": "moment" }))]
    #[serde(default)]
    start: Value,
    /// When it ends; empty: when it starts.
    #[schemars(extend("x-form" = { "when": { "operation": "iCal" }, "as": "moment" }))]
    #[serde(default)]
    end: Value,
    /// It lasts whole days.
    #[schemars(extend("x-form" = { "when": { "operation": "iCal" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    all_day: bool,
    /// More about the event.
    #[schemars(title = "More about the event", extend("x-form" = { "when": { "operation": "iCal" }, "more": true }))]
    #[serde(default)]
    event: Event,
}

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// All items as a table of comma-separated values.
    #[default]
    Csv,
    /// All items as a table in a web page.
    Html,
    /// Each item's event as a calendar file.
    ICal,
    /// Items as JSON.
    ToJson,
    /// All items as an OpenDocument sheet.
    Ods,
    /// All items as a table in a rich text.
    Rtf,
    /// A field of each item as a text file.
    #[serde(alias = "text")]
    ToText,
    /// All items as a sheet of Excel before 2007.
    Xls,
    /// All items as a sheet of Excel.
    Xlsx,
    /// A field with base64 of each item as the file that it was.
    ToBinary,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// One file with a list of all items.
    #[default]
    Once,
    /// A file for each item.
    Each,
}

fn data() -> String {
    "data".into()
}

fn utf8() -> String {
    "utf8".into()
}

fn comma() -> String {
    ",".into()
}

fn yes() -> bool {
    true
}

/// Writes items into files.
pub struct Convert;

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("mode", "mode"),
    ("sourceProperty", "sourceProperty"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("fileName", "options.fileName"),
    ("mimeType", "options.mimeType"),
    ("encoding", "options.encoding"),
    ("addBOM", "options.addBOM"),
    ("format", "options.format"),
    ("dataIsBase64", "options.dataIsBase64"),
    ("delimiter", "options.delimiter"),
    ("headerRow", "options.headerRow"),
    ("sheetName", "options.sheetName"),
    ("compression", "options.compression"),
    ("title", "title"),
    ("start", "start"),
    ("end", "end"),
    ("allDay", "allDay"),
    ("event", "additionalFields"),
];

impl Plain for Convert {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["csv", "xlsx", "excel", "json", "ics", "base64", "export", "spreadsheet", "binary"],
        ..Descriptor::pure::<Params>(
            "core.convert-to-file",
            Group::Transform,
            "Convert to file",
            "Writes items into a file: CSV, spreadsheets, JSON, text, events",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.convertToFile", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = NAMES;
    // From version 1.1 on, base64 is what `toBinary` takes.
    const IDLE: &'static [&'static str] = &["options.dataIsBase64"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = named(node, NAMES);
        if node.version > 1.0 {
            params.shift_remove("dataIsBase64");
        }
        let mut lifted = Lifted::default();
        if let Some(name) = params.get("encoding").and_then(Value::as_str)
            && !name.starts_with('=')
            && !text::is_known(name)
        {
            crate::lift::not_honoured(
                &mut lifted,
                "options.encoding",
                format!("`{name}` is an encoding that is not known here"),
            );
        }
        Lifted { params, ..lifted }
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        renamed(params, NAMES)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let first = ctx.typed_once(params).await;
        let once = match &first {
            Ok(params) => {
                params.target().is_some() || params.operation == Operation::ToJson && params.mode == Mode::Once
            }
            Err(_) => false,
        };
        if let (Ok(params), true) = (&first, once) {
            return at_once(ctx, params).await;
        }
        let mut outputs = ctx.outputs(1);
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let made = match params {
                    Ok(params) => each(ctx, &params, item, position).await,
                    Err(error) => Err(error),
                };
                match made {
                    Ok(made) => outputs.push(0, made, Origin::item(position)).await?,
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

impl Params {
    /// Whether the file begins with a mark of its bytes' order. n8n offers one for these encodings only.
    fn marks_order(&self) -> bool {
        self.add_bom && matches!(self.encoding.as_str(), "" | "utf8" | "utf-8" | "cesu8" | "ucs2")
    }

    fn target(&self) -> Option<Target> {
        Some(match self.operation {
            Operation::Csv => Target::Csv,
            Operation::Html => Target::Html,
            Operation::Ods => Target::Ods,
            Operation::Rtf => Target::Rtf,
            Operation::Xls => Target::Xls,
            Operation::Xlsx => Target::Xlsx,
            Operation::ICal | Operation::ToJson | Operation::ToText | Operation::ToBinary => return None,
        })
    }
}

/// Most items of which each is named as the origin of a file; that all of them went into it needs no list.
const ORIGINS: usize = 1 << 16;

/// One item with one file of all items.
async fn at_once(ctx: &Ctx, params: &Params) -> Result<Outcome, NodeError> {
    let input = ctx.input(0);
    let made = match params.target() {
        Some(target) => {
            let options = sheet::Options {
                header: params.header_row,
                sheet: Some(params.sheet_name.as_str()).filter(|name| !name.is_empty()).unwrap_or("Sheet").into(),
                delimiter: Some(params.delimiter.as_str()).filter(|sign| !sign.is_empty()).unwrap_or(",").into(),
                now: ctx.now(),
            };
            let name = params.file_name.clone().unwrap_or_else(|| format!("File.{}", extension(target)));
            table_file(ctx, target, options, &name).await
        }
        None => json_file(ctx, params).await,
    };
    let mut outputs = ctx.outputs(1);
    match made {
        Ok(file) => {
            let mut item = Item::default();
            item.set_file(&params.binary_property_name, file);
            outputs.push(0, item, all(input.len())).await?;
        }
        Err(error) => {
            let item = input.get(0, ctx.spool()).await?.unwrap_or_default();
            outputs.fail(0, &item, error).await?;
        }
    }
    outputs.done().await
}

/// All items of the first input.
pub fn all(count: usize) -> Origin {
    match count {
        0 => Origin::None,
        1 => Origin::item(0),
        2..=ORIGINS => Origin::Many((0..count as u32).map(|item| Source { input: 0, item }).collect()),
        _ => Origin::Unknown,
    }
}

fn extension(target: Target) -> &'static str {
    match target {
        Target::Csv => "csv",
        Target::Html => "html",
        Target::Ods => "ods",
        Target::Rtf => "rtf",
        Target::Xls => "xls",
        Target::Xlsx => "xlsx",
    }
}

/// Fields of an item as columns: what lies in lists and objects has a column of its own, `a.0.b`.
fn flat<'a>(item: &'a Item, out: &mut Vec<(String, &'a Value)>) {
    fn walk<'a>(prefix: &str, value: &'a Value, out: &mut Vec<(String, &'a Value)>) {
        let name = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(&name(key), value, out)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| walk(&name(&at.to_string()), value, out));
            }
            value => out.push((prefix.to_owned(), value)),
        }
    }
    out.clear();
    let names: Vec<&str> = item.json.keys().map(String::as_str).collect();
    if names.iter().any(|name| name.as_bytes().first().is_some_and(u8::is_ascii_digit)) {
        for at in table::key_order(&names) {
            walk(names[at], &item.json[names[at]], out);
        }
    } else {
        item.json.iter().for_each(|(key, value)| walk(key, value, out));
    }
}

/// Most columns of a table.
const COLUMNS: usize = 1 << 16;

/// A table of all items. They are read twice: which columns there are is known at the end only.
pub async fn table_file(ctx: &Ctx, target: Target, options: sheet::Options, name: &str) -> Result<Binary, NodeError> {
    let input = ctx.input(0);
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut columns: Vec<String> = Vec::new();
    for segment in input.segments() {
        let items = segment.load(ctx.spool()).await?;
        let mut cells = Vec::new();
        for item in items.iter() {
            flat(item, &mut cells);
            for (name, _) in cells.drain(..) {
                if !places.contains_key(&name) {
                    if columns.len() == COLUMNS {
                        return Err(refusal(formats::Error::Limit(format!(
                            "the items have more than {COLUMNS} fields"
                        ))));
                    }
                    places.insert(name.clone(), columns.len());
                    columns.push(name);
                }
            }
        }
    }
    let file = described(Some(name), None, b"");
    let writer = sheet::write(target, columns, options).map_err(refusal)?;
    let rows = Rows { host: ctx.host().clone(), input, places, next: 0, writer: Some(writer), state: State::Start };
    ctx.write_file(rows.stream(), file).await
}

struct Rows {
    host: Arc<dyn StepHost>,
    input: Items,
    places: HashMap<String, usize>,
    next: usize,
    writer: Option<Writer>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Start,
    Rows,
    End,
}

impl Rows {
    fn stream(self) -> ByteStream {
        Box::pin(stream::try_unfold(self, |mut rows| async move {
            let part = rows.part().await?;
            Ok(part.map(|part| (part, rows)))
        }))
    }

    async fn part(&mut self) -> Result<Option<Bytes>, NodeError> {
        let Some(writer) = &mut self.writer else { return Ok(None) };
        match self.state {
            State::Start => {
                self.state = State::Rows;
                Ok(Some(writer.begin().map_err(refusal)?.into()))
            }
            State::Rows => {
                let Some(segment) = self.input.segments().get(self.next) else {
                    self.state = State::End;
                    return Ok(Some(Bytes::new()));
                };
                self.next += 1;
                let items = segment.load(&*self.host).await?;
                let (mut out, mut cells) = (Vec::new(), Vec::new());
                for item in items.iter() {
                    flat(item, &mut cells);
                    let mut row: Vec<Option<&Value>> = vec![None; self.places.len()];
                    for (name, value) in &cells {
                        if let Some(place) = self.places.get(name) {
                            row[*place] = Some(value);
                        }
                    }
                    out.extend(writer.row(&row).map_err(refusal)?);
                }
                Ok(Some(out.into()))
            }
            State::End => {
                let Some(writer) = self.writer.take() else { return Ok(None) };
                // Packing a large sheet keeps a processor busy for a while.
                let end = tokio::task::spawn_blocking(|| writer.end()).await;
                Ok(Some(end.map_err(|_| NodeError::bug("a sheet could not be packed"))?.map_err(refusal)?.into()))
            }
        }
    }
}

/// A list of all items as JSON.
async fn json_file(ctx: &Ctx, params: &Params) -> Result<Binary, NodeError> {
    text::encode("", &params.encoding, false).map_err(refusal)?;
    let head = params.file_name.as_deref().unwrap_or_default();
    let file = named_or_file(described(Some(head), Some("application/json"), b""));
    struct List {
        host: Arc<dyn StepHost>,
        input: Items,
        next: usize,
        pretty: bool,
        encoding: String,
        bom: bool,
    }
    let list = List {
        host: ctx.host().clone(),
        input: ctx.input(0),
        next: 0,
        pretty: params.format,
        encoding: params.encoding.clone(),
        bom: params.marks_order(),
    };
    let bytes = stream::try_unfold(list, |mut list| async move {
        let count = list.input.segments().len();
        if list.next > count {
            return Ok::<_, NodeError>(None);
        }
        let first = list.next == 0;
        let mut out = String::new();
        if first {
            out.push('[');
        }
        match list.input.segments().get(list.next) {
            None => out.push_str(if list.pretty && count > 0 { "\n]" } else { "]" }),
            Some(segment) => {
                for (at, item) in segment.load(&*list.host).await?.iter().enumerate() {
                    if !first || at > 0 {
                        out.push(',');
                    }
                    let json = Value::Object(item.json.clone());
                    if list.pretty {
                        out.push_str("\n  ");
                        pretty(&json, 1, &mut out);
                    } else {
                        out.push_str(&js::json_text(&json));
                    }
                }
            }
        }
        list.next += 1;
        let encoding = if first { &list.encoding } else { text::following(&list.encoding) };
        let bytes = text::encode(&out, encoding, list.bom && first).map_err(refusal)?;
        Ok(Some((Bytes::from(bytes), list)))
    });
    ctx.write_file(Box::pin(bytes), file).await
}

/// `JSON.stringify(value, null, 2)`.
fn pretty(value: &Value, depth: usize, out: &mut String) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(": ");
                pretty(value, depth + 1, out);
            }
            line(out, depth);
            out.push('}');
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                pretty(value, depth + 1, out);
            }
            line(out, depth);
            out.push(']');
        }
        value => out.push_str(&js::json_text(value)),
    }
}

/// A file without a name is called `file`.
fn named_or_file(mut file: Binary) -> Binary {
    if file.file_name.is_none() {
        let extension = file.file_extension.as_ref().map(|extension| format!(".{extension}")).unwrap_or_default();
        file.file_name = Some(format!("file{extension}"));
    }
    file
}

/// An item with a file of its own.
async fn each(ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Item, NodeError> {
    let (bytes, file) = match params.operation {
        Operation::ICal => {
            let bytes =
                write_event(ctx, position, &params.title, (&params.start, &params.end), params.all_day, &params.event)?;
            (bytes, described(Some(params.event.name()), Some("text/calendar"), b""))
        }
        _ => value_file(params, item)?,
    };
    let bytes = Bytes::from(bytes);
    let file = ctx.write_file(Box::pin(stream::once(std::future::ready(Ok(bytes)))), file).await?;
    let mut made = Item::default();
    made.set_file(&params.binary_property_name, file);
    Ok(made)
}

fn value_file(params: &Params, item: &Item) -> Result<(Vec<u8>, Binary), NodeError> {
    let whole;
    let name = params.source_property.as_str();
    let value = match params.operation {
        Operation::ToText | Operation::ToBinary if !name.is_empty() => Path::new(name, true)
            .get(&item.json)
            .ok_or_else(|| NodeError::bad_data(format!("The value in \"{name}\" is not set")))?,
        _ => {
            whole = Value::Object(item.json.clone());
            &whole
        }
    };
    let file_name = params.file_name.as_deref().filter(|name| !name.is_empty());
    if params.operation == Operation::ToBinary && params.data_is_base64 {
        let Value::String(base64) = value else {
            let detail = format!("The value in \"{name}\" must be a base64 text, not {}", js::type_of(Some(value)));
            return Err(NodeError::bad_data(detail));
        };
        let bytes = text::from_base64(base64.as_bytes());
        let mime = Some(params.mime_type.as_str());
        return Ok((bytes.clone(), named_or_file(described(file_name, mime, &bytes))));
    }
    let (file_name, mime) = match params.operation {
        Operation::ToText => (Some(file_name.unwrap_or("file.txt")), "text/plain"),
        Operation::ToJson => (file_name, "application/json"),
        _ => (file_name, params.mime_type.as_str()),
    };
    let (text, mime) = match value {
        Value::Object(_) | Value::Array(_) | Value::Null if params.format => {
            let mut out = String::new();
            pretty(value, 0, &mut out);
            (out, "application/json")
        }
        Value::Object(_) | Value::Array(_) | Value::Null => (js::json_text(value), "application/json"),
        // As in n8n, a zero and a `false` leave an empty file.
        value if !js::truthy(Some(value)) => (String::new(), mime),
        value => (js::text(value), mime),
    };
    let bytes = text::encode(&text, &params.encoding, params.marks_order()).map_err(refusal)?;
    let file = named_or_file(described(file_name, Some(mime), &bytes));
    Ok((bytes, file))
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
