//! `core.read-write-file`: files in the server's folder for files, and n8n's three old nodes for the same.

use std::io::{Read, Write};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use model::workflow::OnUncertain;
use model::{Binary, Digest, Item, Map, Value};
use part::ctx::{ByteStream, CallFailure, CallSpec, Outputs};
use part::folder::{self, Open};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::convert::all;
use super::file::{described, wanted};
use crate::lenient;

/// What `core.read-write-file` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Read or write.
    #[serde(default)]
    operation: Operation,
    /// Reading: the files, a name or a pattern such as `in/*.csv`. Names are below the server's folder for files.
    #[schemars(title = "Files", example = &"in/*.csv", extend("x-form" = { "when": { "operation": "read" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    file_selector: String,
    /// Writing: name of the file.
    #[schemars(title = "File", example = &"out/orders.csv", extend("x-form" = { "when": { "operation": "write" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: String,
    /// Name of the file in the item.
    #[schemars(title = "Name of the file in the item", example = &"data")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    data_property_name: String,
    /// Writing: at the end of a file that exists. After a crash the same may be written twice.
    #[schemars(title = "At the end of a file that is there", extend("x-form" = { "when": { "operation": "write" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    append: bool,
    /// Reading: brackets and parentheses in names are just that, and no pattern.
    #[schemars(title = "Brackets are no pattern", extend("x-form" = { "when": { "operation": "read" }, "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    literal_brackets: bool,
    /// Reading: no file is no failure.
    #[schemars(title = "No file is no failure", extend("x-form" = { "when": { "operation": "read" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    may_be_none: bool,
    /// Reading: name that the file gets.
    #[schemars(extend("x-form" = { "when": { "operation": "read" }, "more": true }))]
    #[serde(default)]
    set_name: Option<String>,
    /// Reading: extension that it gets.
    #[schemars(extend("x-form" = { "when": { "operation": "read" }, "more": true }))]
    #[serde(default)]
    set_extension: Option<String>,
    /// Reading: type that it gets.
    #[schemars(extend("x-form" = { "when": { "operation": "read" }, "more": true }))]
    #[serde(default)]
    set_type: Option<String>,
    /// Reading: whether items are those that came, or say what the file is.
    #[schemars(title = "Put out", extend("x-form" = { "when": { "operation": "read" }, "old": true }))]
    #[serde(default)]
    items: Kept,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Reads files.
    #[default]
    Read,
    /// Writes a file for each item.
    Write,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Kept {
    /// New ones that say what the file is, for each item.
    #[default]
    Described,
    /// Those that came, with the file.
    Same,
    /// New ones without fields, once for all items.
    Empty,
}

fn data() -> String {
    "data".into()
}

fn yes() -> bool {
    true
}

/// Files of the server's folder.
pub struct Disk;

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("fileSelector", "fileSelector"),
    ("fileName", "fileName"),
    ("dataPropertyName", "dataPropertyName"),
    ("append", "options.append"),
    ("literalBrackets", "options.literalBrackets"),
    ("setName", "options.fileName"),
    ("setExtension", "options.fileExtension"),
    ("setType", "options.mimeType"),
];

/// The place of n8n's parameters that `dataPropertyName` stands for: reading, it is an option of the newest node.
fn places(node_type: &str, operation: &str) -> Vec<(&'static str, &'static str)> {
    let mut names = NAMES.to_vec();
    let place = |names: &mut Vec<(&'static str, &'static str)>, ours: &str, theirs: &'static str| {
        names.iter_mut().filter(|(name, _)| *name == ours).for_each(|(_, place)| *place = theirs);
    };
    match node_type.rsplit('.').next().unwrap_or_default() {
        "readBinaryFile" => {
            place(&mut names, "fileSelector", "filePath");
            names.retain(|(ours, _)| ["fileSelector", "dataPropertyName"].contains(ours));
        }
        "readBinaryFiles" => names.retain(|(ours, _)| ["fileSelector", "dataPropertyName"].contains(ours)),
        "writeBinaryFile" => names.retain(|(ours, _)| ["fileName", "dataPropertyName", "append"].contains(ours)),
        _ if operation == "write" => names.retain(|(_, place)| *place != "options.fileName"),
        _ => place(&mut names, "dataPropertyName", "options.dataPropertyName"),
    }
    names
}

impl Plain for Disk {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "core.read-write-file",
        version: 1,
        title: "Read and write files",
        summary: "Reads and writes files in the server's folder for files",
        group: Group::Action,
        effect: Effect::Effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["disk", "folder", "local", "save", "load", "glob"],
    };
    const N8N: &'static [Mapping] = &[
        Mapping { node_type: "n8n-nodes-base.readWriteFile", versions: &[1.0, 1.1] },
        Mapping { node_type: "n8n-nodes-base.readBinaryFile", versions: &[1.0] },
        Mapping { node_type: "n8n-nodes-base.readBinaryFiles", versions: &[1.0] },
        Mapping { node_type: "n8n-nodes-base.writeBinaryFile", versions: &[1.0] },
    ];
    const NAMES: n8n::Names = NAMES;

    fn lift(node: &n8n::Node) -> Lifted {
        let operation = node.text("operation", "read");
        let mut params = Map::new();
        for (ours, theirs) in places(&node.node_type, operation) {
            crate::lift::copy(node, theirs, &mut params, ours);
        }
        let mut set = |name: &str, value: Value| _ = params.insert(name.to_owned(), value);
        match node.node_type.rsplit('.').next().unwrap_or_default() {
            "readBinaryFile" => set("items", "same".into()),
            "readBinaryFiles" => {
                set("items", "empty".into());
                set("literalBrackets", false.into());
                set("mayBeNone", true.into());
            }
            "writeBinaryFile" => set("operation", "write".into()),
            _ if node.version < 1.1 && operation == "read" => set("mayBeNone", true.into()),
            _ => {}
        }
        Lifted::plain(params)
    }

    fn lower(params: &Map, to: &Version) -> Map {
        let operation = params.get("operation").and_then(Value::as_str).unwrap_or("read");
        let mut lowered = Map::new();
        for (ours, theirs) in places(&to.node_type, operation) {
            crate::lift::put(&mut lowered, theirs, params.get(ours).cloned().unwrap_or_default());
        }
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        let first = ctx.typed_once(params).await;
        if let Ok(first) = &first
            && first.items == Kept::Empty
            && first.operation == Operation::Read
        {
            let count = ctx.input(0).len();
            if let Err(error) = read(ctx, &mut outputs, first, None, (0, all(count))).await {
                let item = ctx.input(0).get(0, ctx.spool()).await?.unwrap_or_default();
                outputs.fail(0, &item, error).await?;
            }
            return outputs.done().await;
        }
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let origin = Origin::item(position);
                let done = match params {
                    Ok(params) if params.operation == Operation::Read => {
                        read(ctx, &mut outputs, &params, Some(item), (position, origin)).await
                    }
                    Ok(params) => match write(ctx, &params, item, position).await {
                        Ok(made) => outputs.push(0, made, origin).await,
                        Err(error) => Err(error),
                    },
                    Err(error) => Err(error),
                };
                if let Err(error) = done {
                    outputs.fail(position, item, error).await?;
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

/// Brackets and parentheses as themselves.
fn literal(pattern: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for c in pattern.chars() {
        if matches!(c, '(' | ')' | '[' | ']') && !escaped {
            out.push('\\');
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

async fn read(
    ctx: &Ctx,
    outputs: &mut Outputs,
    params: &Params,
    item: Option<&Item>,
    (position, origin): (usize, Origin),
) -> Result<(), NodeError> {
    let pattern = params.file_selector.as_str();
    let one = params.items == Kept::Same;
    let selector = if params.literal_brackets && !one { literal(pattern) } else { pattern.to_owned() };
    let host = ctx.host().clone();
    // What was found, and the content as it was then, is the outcome: a step that runs again gives the same items.
    let spec = CallSpec {
        name: "read".into(),
        item: item.map(|_| position as u32),
        request: json!({ "operation": "read", "files": selector }),
    };
    let found = ctx.call(spec, |_| {
        Box::pin(async move {
            let folder = folder::needed(host.folder())?;
            let names = if one { vec![selector] } else { folder.find(&selector)? };
            let mut files = Vec::new();
            for name in names {
                let file = folder.file(&name, Open::Read)?;
                let (digest, size) = host.write_blob(content(file)).await?;
                files.push(json!({ "name": name, "blob": digest.to_string(), "size": size }));
            }
            Ok::<Value, CallFailure>(files.into())
        })
    });
    let found = found.await?;
    let files = found.as_array().map(Vec::as_slice).unwrap_or_default();
    if files.is_empty() && !params.may_be_none {
        let hint = format!("no file in the folder for files fits `{pattern}`");
        return Err(NodeError::bad_data("No file(s) found").hint(hint));
    }
    for found in files {
        let name = found["name"].as_str().unwrap_or_default();
        let digest: Option<Digest> = found["blob"].as_str().and_then(|digest| digest.parse().ok());
        let digest = digest.ok_or_else(|| NodeError::bug("the outcome of reading a file has no content"))?;
        let mut file = Binary {
            blob: Some(digest),
            size: found["size"].as_u64().unwrap_or_default(),
            ..described(Some(name), None, b"")
        };
        if let Some(name) = &params.set_name {
            file.file_name = Some(name.clone());
        }
        if let Some(extension) = &params.set_extension {
            file.file_extension = Some(extension.clone());
        }
        if let Some(mime) = &params.set_type {
            file.mime_type.clone_from(mime);
        }
        let mut made = match (params.items, item) {
            (Kept::Same, Some(item)) => item.clone(),
            (Kept::Empty, _) => Item::default(),
            _ => Item::new(about(&file)),
        };
        made.set_file(&params.data_property_name, file);
        outputs.push(0, made, origin.clone()).await?;
    }
    Ok(())
}

/// What an item says of its file.
fn about(file: &Binary) -> Map {
    let mut map = Map::new();
    map.insert("mimeType".into(), file.mime_type.as_str().into());
    let kind = match file.mime_type.split('/').next().unwrap_or_default() {
        _ if file.mime_type == "application/json" => Some("json"),
        _ if file.mime_type == "text/html" => Some("html"),
        _ if file.mime_type == "application/pdf" => Some("pdf"),
        "image" => Some("image"),
        "video" => Some("video"),
        "audio" => Some("audio"),
        "text" => Some("text"),
        _ => None,
    };
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    put("fileType", kind.map(Value::from));
    put("fileName", file.file_name.clone().map(Value::from));
    put("fileExtension", file.file_extension.clone().map(Value::from));
    put("fileSize", Some(size_text(file.size).into()));
    map
}

/// `1.5 kB`, as n8n writes it.
fn size_text(size: u64) -> String {
    const UNITS: &[&str] = &["B", "kB", "MB", "GB", "TB"];
    let mut number = size as f64;
    let mut unit = 0;
    while number >= 1000.0 && unit + 1 < UNITS.len() {
        number /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        return format!("{size} B");
    }
    // Three digits.
    let digits = if number >= 100.0 {
        0
    } else if number >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{number:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    format!("{text} {}", UNITS[unit])
}

/// A file's content, part by part, read where waiting hurts nobody.
fn content(file: std::fs::File) -> ByteStream {
    Box::pin(stream::try_unfold(Some(file), |file| async move {
        let Some(mut file) = file else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; 256 << 10];
            let count = file.read(&mut part)?;
            part.truncate(count);
            Ok::<_, std::io::Error>((part, file))
        });
        let (part, file) = read
            .await
            .map_err(|_| NodeError::bug("a file could not be read"))?
            .map_err(|error| NodeError::bad_data(format!("the file could not be read: {error}")))?;
        if part.is_empty() { Ok(None) } else { Ok(Some((Bytes::from(part), Some(file)))) }
    }))
}

async fn write(ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Item, NodeError> {
    let file = wanted(item, &params.data_property_name.as_str().into(), position)?;
    let name = params.file_name.clone();
    let host = ctx.host().clone();
    let append = params.append;
    let spec = CallSpec {
        name: "write".into(),
        item: Some(position as u32),
        request: json!({
            "operation": if append { "append" } else { "write" }, "file": name,
            "content": file.blob.map(|digest| digest.to_string()), "inline": file.inline, "size": file.size,
        }),
    };
    let mut stream = ctx.read_file(&file).await?;
    let call = ctx.call(spec, |_| {
        Box::pin(async move {
            let open = if append { Open::Append } else { Open::Write };
            let mut target = folder::needed(host.folder())?.file(&name, open)?;
            while let Some(part) = stream.next().await {
                let part = part?;
                let written = tokio::task::spawn_blocking(move || target.write_all(&part).map(|()| target));
                let failed = |detail: String| CallFailure { error: NodeError::bad_data(detail), uncertain: true };
                target = written
                    .await
                    .map_err(|_| NodeError::bug("a file could not be written"))?
                    .map_err(|error| failed(format!("the file could not be written: {error}")))?;
            }
            let done = tokio::task::spawn_blocking(move || target.sync_all()).await;
            done.map_err(|_| NodeError::bug("a file could not be written"))?
                .map_err(|error| NodeError::bad_data(format!("the file could not be written: {error}")))?;
            Ok::<Value, CallFailure>(Value::Null)
        })
    });
    call.await?;
    let mut made = item.clone();
    made.json.insert("fileName".into(), params.file_name.as_str().into());
    Ok(made)
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use testkit::contract;
    use testkit::step::{Bench, failure};

    use part::folder::Folder;

    use super::super::file::testing::{content, item};
    use super::*;
    use crate::lift::node;

    fn place() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("in")).unwrap();
        for name in ["in/a.csv", "in/b [1].csv", "in/c.json"] {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        let folder = Folder::open(place.path()).unwrap();
        (place, folder)
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Disk);
    }

    #[test]
    fn files_that_fit_a_pattern_are_read() {
        let (_place, folder) = place();
        let mut bench = Bench::new(&Disk, json!({ "fileSelector": "in/*.csv" })).unwrap().folder(folder);
        let ran = bench.run(&[json!([{ "k": 1 }])]).unwrap();
        assert_eq!(
            ran.json()[0],
            json!([
                { "mimeType": "text/csv", "fileType": "text", "fileName": "a.csv", "fileExtension": "csv", "fileSize": "8 B" },
                { "mimeType": "text/csv", "fileType": "text", "fileName": "b [1].csv", "fileExtension": "csv", "fileSize": "12 B" },
            ])
        );
        let file = ran.files(0, 0).remove("data").unwrap();
        assert_eq!(content(bench.host(), &file), b"in/a.csv");
        assert_eq!(file.directory.as_deref(), Some("in"));
        assert_eq!(ran.origins(0), [[(0, 0)], [(0, 0)]]);
        assert_eq!(bench.host().made().len(), 1);
    }

    #[test]
    fn brackets_are_literal_unless_they_are_not() {
        let names = |params: Value| {
            let (_place, folder) = place();
            let mut bench = Bench::new(&Disk, params).unwrap().folder(folder).on_error(OnError::Continue);
            let ran = bench.run(&[json!([{}])]).unwrap();
            ran.json()[0].as_array().unwrap().iter().map(|item| item["fileName"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(json!({ "fileSelector": "in/b [1].csv" })), ["b [1].csv"]);
        assert_eq!(names(json!({ "fileSelector": "in/[a-b].csv", "literalBrackets": false })), ["a.csv"]);
        assert_eq!(names(json!({ "fileSelector": "in/[a-b].csv" })), [Value::Null], "and then there is none");
        assert_eq!(names(json!({ "fileSelector": "none", "mayBeNone": true })), Vec::<Value>::new());
        let set = json!({ "fileSelector": "in/c.json", "setName": "x", "setType": "a/b", "setExtension": "y" });
        assert_eq!(names(set), ["x"]);
    }

    #[test]
    fn files_are_written_and_appended() {
        let (place, folder) = place();
        let params = json!({ "operation": "write", "fileName": "={{ $json.to }}" });
        let mut bench = Bench::new(&Disk, params).unwrap().folder(folder);
        let mut input = item("x", "text/plain", "one");
        input["json"] = json!({ "to": "out.txt" });
        let ran = bench.run(&[json!([input])]).unwrap();
        assert_eq!(ran.json()[0], json!([{ "to": "out.txt", "fileName": "out.txt" }]));
        assert_eq!(ran.files(0, 0).len(), 1);
        assert_eq!(std::fs::read(place.path().join("out.txt")).unwrap(), b"one");
        let params = json!({ "operation": "write", "fileName": "out.txt", "append": true });
        let mut bench = Bench::new(&Disk, params).unwrap().folder(Folder::open(place.path()).unwrap());
        bench.run(&[json!([item("x", "text/plain", " two")])]).unwrap();
        assert_eq!(std::fs::read(place.path().join("out.txt")).unwrap(), b"one two");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let (_place, _) = place();
        for name in ["../x", "/etc/passwd", "in/../../x", "/etc/../etc/passwd"] {
            for params in [
                json!({ "fileSelector": name }),
                json!({ "fileSelector": name, "items": "same" }),
                json!({ "operation": "write", "fileName": name }),
            ] {
                let (_place, folder) = place();
                let mut bench = Bench::new(&Disk, params).unwrap().folder(folder);
                let error = bench.run(&[json!([item("x", "text/plain", "one")])]).unwrap_err();
                assert!(error.to_string().contains("leads out of the folder"), "{error}");
            }
        }
        let detail = failure(&Disk, json!({ "fileSelector": "x" }), &[json!([{}])]);
        assert_eq!(detail, "this server has no folder for files");
    }

    #[test]
    fn old_nodes_are_read_as_they_were_meant() {
        let lift = |node_type: &str, parameters: Value| {
            let node_type = format!("n8n-nodes-base.{node_type}");
            let node = node(&node_type, 1.0, parameters.clone());
            let lifted = Value::Object(Disk::lift(&node).params);
            let to = Version { node_type, version: 1.0 };
            assert_eq!(Value::Object(Disk::lower(lifted.as_object().unwrap(), &to)), parameters);
            lifted
        };
        let one = lift("readBinaryFile", json!({ "filePath": "a", "dataPropertyName": "f" }));
        assert_eq!(one, json!({ "fileSelector": "a", "dataPropertyName": "f", "items": "same" }));
        let many = lift("readBinaryFiles", json!({ "fileSelector": "*.jpg" }));
        assert_eq!(many["items"], "empty");
        let write = lift("writeBinaryFile", json!({ "fileName": "a", "options": { "append": true } }));
        assert_eq!(write, json!({ "fileName": "a", "append": true, "operation": "write" }));
        lift(
            "readWriteFile",
            json!({ "fileSelector": "a", "options": { "dataPropertyName": "f", "fileName": "x", "mimeType": "a/b" } }),
        );
        lift(
            "readWriteFile",
            json!({ "operation": "write", "fileName": "a", "dataPropertyName": "f", "options": { "append": true } }),
        );
        let (_place, folder) = place();
        let mut bench = Bench::new(&Disk, one).unwrap().folder(folder);
        assert!(bench.run(&[json!([{ "k": 1 }])]).unwrap_err().to_string().contains("there is none"));
    }

    #[test]
    fn sizes_are_written_for_people() {
        for (size, text) in [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (12_345, "12.3 kB"), (2_000_000, "2 MB")] {
            assert_eq!(size_text(size), text);
        }
    }
}
