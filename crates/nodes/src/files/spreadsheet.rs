//! `core.spreadsheet-file`: tables in files, as an old node of n8n does it. `core.convert-to-file` and
//! `core.extract-from-file` are for what is new, and do the work here, too.

use formats::csv;
use formats::sheet::{self, Target};
use model::{Item, Map};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::convert::{all, table_file};
use super::file::wanted;
use super::rows::{self, Reading};
use crate::lenient;
use crate::lift::{named, renamed};

/// What `core.spreadsheet-file` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Read or write.
    #[schemars(title = "Do")]
    #[serde(default)]
    operation: Operation,
    /// The format. Reading, by default what the file seems to be; writing, `xls`.
    #[schemars(title = "Format")]
    #[serde(default)]
    file_format: Option<Format>,
    /// Name of the file in the item.
    #[schemars(title = "Name of the file in the item", example = &"data")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    binary_property_name: String,
    /// Writing: name of the file. By default `spreadsheet` and the format.
    #[schemars(title = "Name of the file", extend("x-form" = { "when": { "operation": "toFile" } }))]
    #[serde(default)]
    file_name: Option<String>,
    /// Writing: the file is packed. Ours always are.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "compression", default, deserialize_with = "lenient::flag")]
    _compression: bool,
    /// The first row holds the names of the columns.
    #[schemars(title = "First row holds names")]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    header_row: bool,
    /// Name of the sheet; reading, by default the first one.
    #[schemars(title = "Sheet", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    sheet_name: String,
    /// Reading CSV: what stands between fields.
    #[schemars(extend("x-form" = { "when": { "operation": "fromFile" }, "more": true }))]
    #[serde(default = "comma", deserialize_with = "lenient::text")]
    delimiter: String,
    /// Reading CSV: the encoding.
    #[schemars(extend("x-form" = { "when": { "operation": "fromFile" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    encoding: String,
    /// Reading CSV: a byte order mark at the start is left out.
    #[schemars(
        title = "Without a byte order mark",
        extend("x-form" = { "when": { "operation": "fromFile" }, "more": true })
    )]
    #[serde(default, rename = "enableBOM", deserialize_with = "lenient::flag")]
    enable_bom: bool,
    /// Reading CSV: a quote in the wrong place is text.
    #[schemars(
        title = "Quotes may be anywhere",
        extend("x-form" = { "when": { "operation": "fromFile" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    relax_quotes: bool,
    /// Reading CSV: the line to begin with.
    #[schemars(title = "Begin with line", extend("x-form" = { "when": { "operation": "fromFile" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    from_line: Option<u64>,
    /// Reading CSV: most rows; -1: all.
    #[schemars(title = "Rows at most", extend("x-form" = { "when": { "operation": "fromFile" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    max_row_count: Option<i64>,
    /// Reading CSV: rows that cannot be read are left out.
    #[schemars(
        title = "Leave broken rows out",
        extend("x-form" = { "when": { "operation": "fromFile" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    skip_records_with_errors: bool,
    /// Reading CSV: most rows that may be left out; -1: any number.
    #[schemars(
        title = "Broken rows at most",
        extend("x-form" = { "when": { "operation": "fromFile", "skipRecordsWithErrors": true }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    max_skipped_records: Option<i64>,
    /// Reading: empty cells become empty texts.
    #[schemars(title = "With empty cells", extend("x-form" = { "when": { "operation": "fromFile" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    include_empty_cells: bool,
    /// Reading: a row to begin with, from 0, or cells such as `B2:D9`.
    #[schemars(example = &"B2:D9", extend("x-form" = { "when": { "operation": "fromFile" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    range: String,
    /// Reading: texts are not read as numbers and dates.
    #[schemars(
        title = "Leave texts as they are",
        extend("x-form" = { "when": { "operation": "fromFile" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    raw_data: bool,
    /// Kept for n8n's sake: signs are read rightly without it.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "readAsString", default, deserialize_with = "lenient::flag")]
    _read_as_string: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// An item for each row of a file.
    #[default]
    FromFile,
    /// A file of all items.
    ToFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// What the file seems to be.
    Autodetect,
    /// Comma-separated values.
    Csv,
    /// A table in a web page.
    Html,
    /// OpenDocument.
    Ods,
    /// A table in a rich text.
    Rtf,
    /// Excel before 2007.
    Xls,
    /// Excel.
    Xlsx,
}

fn data() -> String {
    "data".into()
}

fn comma() -> String {
    ",".into()
}

fn yes() -> bool {
    true
}

/// Tables in files.
pub struct Spreadsheet;

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("fileFormat", "fileFormat"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("fileName", "options.fileName"),
    ("compression", "options.compression"),
    ("headerRow", "options.headerRow"),
    ("sheetName", "options.sheetName"),
    ("delimiter", "options.delimiter"),
    ("encoding", "options.encoding"),
    ("enableBOM", "options.enableBOM"),
    ("relaxQuotes", "options.relaxQuotes"),
    ("fromLine", "options.fromLine"),
    ("maxRowCount", "options.maxRowCount"),
    ("skipRecordsWithErrors", "options.skipRecordsWithErrors.value.enabled"),
    ("maxSkippedRecords", "options.skipRecordsWithErrors.value.maxSkippedRecords"),
    ("includeEmptyCells", "options.includeEmptyCells"),
    ("range", "options.range"),
    ("rawData", "options.rawData"),
    ("readAsString", "options.readAsString"),
];

impl Plain for Spreadsheet {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["csv", "xlsx", "excel", "ods", "legacy", "table"],
        ..Descriptor::pure::<Params>(
            "core.spreadsheet-file",
            Group::Transform,
            "Spreadsheet file",
            "Reads and writes tables in files (of old workflows)",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.spreadsheetFile", versions: &[1.0, 2.0] }];
    const NAMES: n8n::Names = NAMES;

    fn lift(node: &n8n::Node) -> Lifted {
        Lifted::plain(named(node, NAMES))
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        renamed(params, NAMES)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let first = ctx.typed_once(params).await;
        let mut outputs = ctx.outputs(1);
        if let Ok(params) = &first
            && params.operation == Operation::ToFile
        {
            let input = ctx.input(0);
            match params.write(ctx).await {
                Ok(item) => outputs.push(0, item, all(input.len())).await?,
                Err(error) => {
                    let item = input.get(0, ctx.spool()).await?.unwrap_or_default();
                    outputs.fail(0, &item, error).await?;
                }
            }
            return outputs.done().await;
        }
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let read = match &params {
                    Ok(params) => match wanted(item, &params.binary_property_name.as_str().into(), position) {
                        Ok(file) => {
                            let format = params.format(&file);
                            rows::rows(ctx, &mut outputs, &params.reading(), (&file, format), position).await
                        }
                        Err(error) => Err(error),
                    },
                    Err(error) => Err(error.clone()),
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

impl Params {
    async fn write(&self, ctx: &Ctx) -> Result<Item, NodeError> {
        let (target, extension) = match self.file_format {
            Some(Format::Csv) => (Target::Csv, "csv"),
            Some(Format::Html) => (Target::Html, "html"),
            Some(Format::Ods) => (Target::Ods, "ods"),
            Some(Format::Rtf) => (Target::Rtf, "rtf"),
            Some(Format::Xlsx) => (Target::Xlsx, "xlsx"),
            Some(Format::Xls) | None => (Target::Xls, "xls"),
            Some(Format::Autodetect) => {
                return Err(NodeError::parameter("/params/fileFormat", "a file cannot be written as `autodetect`"));
            }
        };
        let sheet = if self.sheet_name.is_empty() { "Sheet" } else { &self.sheet_name };
        let options =
            sheet::Options { header: self.header_row, sheet: sheet.into(), now: ctx.now(), ..Default::default() };
        let name = self.file_name.clone().unwrap_or_else(|| format!("spreadsheet.{extension}"));
        let mut item = Item::default();
        item.set_file(&self.binary_property_name, table_file(ctx, target, options, &name).await?);
        Ok(item)
    }

    fn format(&self, file: &model::Binary) -> &'static str {
        let extension = file.file_extension.as_deref().unwrap_or_default();
        let separated = file.mime_type == "text/csv" || file.mime_type == "text/plain" && extension == "csv";
        match self.file_format {
            Some(Format::Csv) => "csv",
            Some(Format::Html) => "html",
            Some(Format::Ods) => "ods",
            Some(Format::Rtf) => "rtf",
            Some(Format::Xls) => "xls",
            Some(Format::Xlsx) => "xlsx",
            Some(Format::Autodetect) | None if separated => "csv",
            Some(Format::Autodetect) | None => match extension {
                "ods" => "ods",
                "xls" => "xls",
                "rtf" => "rtf",
                "html" => "html",
                _ => "xlsx",
            },
        }
    }

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
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, run};

    use super::super::file::testing::{content, item};
    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Spreadsheet);
        contract::runs(&Spreadsheet, json!({ "operation": "toFile" }), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn what_is_written_is_read() {
        for format in ["csv", "html", "ods", "rtf", "xls", "xlsx"] {
            let params = json!({ "operation": "toFile", "fileFormat": format });
            let mut bench = Bench::new(&Spreadsheet, params).unwrap();
            let ran = bench.run(&[json!([{ "n": "a", "b": { "c": true } }, { "n": "b" }])]).unwrap();
            let file = ran.files(0, 0).remove("data").unwrap();
            let name = format!("spreadsheet.{format}");
            assert_eq!(file.file_name.as_deref(), Some(name.as_str()));
            assert_eq!(ran.origins(0), [[(0, 0), (0, 1)]]);
            let input = item(&name, &file.mime_type, content(bench.host(), &file));
            let outputs = run(&Spreadsheet, json!({ "enableBOM": true }), &[json!([input])]).unwrap();
            let flag = if format == "csv" { json!("TRUE") } else { json!(true) };
            assert_eq!(outputs[0], json!([{ "n": "a", "b.c": flag }, { "n": "b" }]), "{format}");
        }
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (
                1.0,
                json!({ "operation": "toFile", "fileFormat": "csv", "options": { "fileName": "a.csv", "headerRow": false } }),
            ),
            (
                2.0,
                json!({ "fileFormat": "xlsx", "options": { "sheetName": "S", "range": 3, "includeEmptyCells": true } }),
            ),
        ] {
            check_round_trip(&Spreadsheet, version, parameters);
        }
    }
}
