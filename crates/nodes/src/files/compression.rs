//! `core.compression`: packs files of items, and unpacks them.

use bytes::Bytes;
use formats::{archive, kind};
use model::{Binary, Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Group, NodeError, One, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::{TIME, described, refusal, wanted};
use crate::lenient;
use crate::lift::{by_comma, named, renamed};

/// What `core.compression` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Pack or unpack.
    #[schemars(extend("default" = "decompress"))]
    #[serde(default)]
    operation: Operation,
    /// Names of the files in the item, separated by commas.
    #[schemars(title = "Files of the item", example = &"data, invoice", extend("x-form" = { "as": "commas" }))]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    binary_property_name: String,
    /// What is packed into.
    #[schemars(title = "Packed as", extend("default" = "zip", "x-form" = { "when": { "operation": "compress" } }))]
    #[serde(default)]
    output_format: Format,
    /// Name of the packed file.
    #[schemars(
        title = "Name of the packed file",
        example = &"orders.zip",
        extend("x-form" = { "when": { "operation": "compress" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: String,
    /// Name that the packed file gets in the item.
    #[schemars(title = "Into the file", extend("x-form" = { "when": { "operation": "compress" } }))]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    binary_property_output: String,
    /// What the names of unpacked files in the item begin with; a number follows.
    #[schemars(
        title = "Names of the files begin with",
        example = &"file_",
        extend("x-form" = { "when": { "operation": "decompress" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    output_prefix: String,
    /// GZIP files are named as the first version of n8n's node names them: `<prefix>0`, `<file>.gzip`.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    numbered: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Packs files.
    Compress,
    /// Unpacks files.
    #[default]
    Decompress,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A file for each.
    Gzip,
    /// One archive of all.
    Tar,
    /// One archive of all, packed.
    Targz,
    /// One archive of all.
    #[default]
    Zip,
}

fn data() -> String {
    "data".into()
}

/// Packs and unpacks files.
pub struct Compression;

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("outputFormat", "outputFormat"),
    ("fileName", "fileName"),
    ("binaryPropertyOutput", "binaryPropertyOutput"),
    ("outputPrefix", "outputPrefix"),
];

/// Most bytes that the archives of an item take, packed and unpacked.
const PACKED: usize = 256 << 20;
const UNPACKED: usize = if cfg!(test) { 8 << 20 } else { 512 << 20 };

/// Files that are packed already.
const DENSE: &[&str] = &[
    "7z", "aifc", "bz2", "doc", "docx", "gif", "gz", "heic", "heif", "jpg", "jpeg", "mov", "mp3", "mp4", "pdf", "png",
    "ppt", "pptx", "rar", "webm", "webp", "xls", "xlsx", "zip",
];

impl Plain for Compression {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["zip", "unzip", "gzip", "tar", "archive", "pack", "decompress"],
        ..Descriptor::pure::<Params>(
            "core.compression",
            Group::Transform,
            "Compression",
            "Packs files into ZIP, TAR or GZIP, and unpacks them",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.compression", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = NAMES;

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = named(node, NAMES);
        if node.version < 1.1 {
            params.insert("numbered".into(), true.into());
        }
        // The first version's list of formats begins with none, with which it does nothing.
        params.retain(|key, value| key != "outputFormat" || value.as_str() != Some(""));
        Lifted::plain(params)
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        renamed(params, NAMES)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        ctx.each_async(params, |one| {
            Box::pin(async move {
                let One { ctx, params, item, position } = one;
                let made = match params.operation {
                    Operation::Compress => pack(ctx, &params, &item, position).await?,
                    _ => unpack(ctx, &params, &item, position).await?,
                };
                Ok(vec![made])
            })
        })
        .await
    }
}

async fn write(ctx: &Ctx, bytes: Vec<u8>, file: Binary) -> Result<Binary, NodeError> {
    let bytes = Bytes::from(bytes);
    ctx.write_file(Box::pin(futures_util::stream::once(std::future::ready(Ok(bytes)))), file).await
}

/// The part of a name before its first dot.
fn stem(file: &Binary) -> &str {
    file.file_name.as_deref().and_then(|name| name.split('.').next()).unwrap_or("undefined")
}

async fn pack(ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Item, NodeError> {
    let mut made = Item::new(item.json.clone());
    let mut files: Vec<(String, Bytes, bool)> = Vec::new();
    let mut left = PACKED;
    for (number, name) in by_comma(&params.binary_property_name).iter().enumerate() {
        let file = wanted(item, &Value::from(name.as_str()), position)?;
        let bytes = ctx.read_file_whole(&file, left).await?;
        left -= bytes.len();
        let extension = file.file_extension.as_deref().unwrap_or_default().to_lowercase();
        if params.output_format != Format::Gzip {
            let name = file.file_name.clone().unwrap_or_else(|| name.clone());
            files.push((name, bytes, DENSE.contains(&extension.as_str())));
            continue;
        }
        let (place, name) = if params.numbered {
            let prefix = if params.output_prefix.is_empty() { "data" } else { &params.output_prefix };
            (format!("{prefix}{number}"), format!("{}.gzip", stem(&file)))
        } else {
            let number = if number == 0 { String::new() } else { number.to_string() };
            let name = match params.file_name.as_str() {
                "" => stem(&file).to_owned(),
                name => name.replacen(".gz", "", 1).replacen(".gzip", "", 1),
            };
            let extension = if extension.is_empty() { extension } else { format!(".{extension}") };
            (format!("{}{number}", params.binary_property_output), format!("{name}{extension}.gz"))
        };
        let packed = ctx.compute(TIME, move || archive::gzip(&bytes)).await?;
        let kind = described(Some(&name), None, &packed);
        made.set_file(place, write(ctx, packed, kind).await?);
    }
    if params.output_format == Format::Gzip {
        return Ok(made);
    }
    let format = params.output_format;
    let packed = ctx.compute(TIME, move || {
        let all = files.iter().map(|(name, bytes, dense)| (name.as_str(), &bytes[..], *dense));
        match format {
            Format::Tar | Format::Targz => {
                archive::tar(all.map(|(name, bytes, _)| (name, bytes)), format == Format::Targz)
            }
            Format::Zip | Format::Gzip => archive::zip(all.map(|(name, bytes, dense)| (name, bytes, !dense))),
        }
    });
    let packed = packed.await?.map_err(refusal)?;
    let kind = described(Some(&params.file_name), None, &packed);
    made.set_file(&params.binary_property_output, write(ctx, packed, kind).await?);
    Ok(made)
}

async fn unpack(ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Item, NodeError> {
    let mut made = Item::new(item.json.clone());
    let prefix = if params.output_prefix.is_empty() { "file_" } else { &params.output_prefix };
    let (mut number, mut left) = (0, UNPACKED);
    for (index, name) in by_comma(&params.binary_property_name).iter().enumerate() {
        let file = wanted(item, &Value::from(name.as_str()), position)?;
        let Some(extension) = file.file_extension.as_deref().map(str::to_lowercase).filter(|e| !e.is_empty()) else {
            return Err(NodeError::bad_data(format!("File extension not found for binary data {name}")));
        };
        let bytes = ctx.read_file_whole(&file, PACKED).await?;
        let full = file.file_name.clone().unwrap_or_default();
        let tar = extension == "tar" || extension == "tgz" || full.to_lowercase().ends_with(".tar.gz");
        if extension == "zip" || tar {
            let unpacked = ctx.compute(TIME, move || {
                let mut files = Vec::new();
                let sink = |name: String, content: Vec<u8>| files.push((name, content));
                if tar { archive::untar(&bytes, left, sink) } else { archive::unzip(&bytes, left, sink) }
                    .map(|()| files)
            });
            for (name, content) in unpacked.await?.map_err(refusal)? {
                // What macOS puts beside the files.
                if name.contains("__MACOSX") {
                    continue;
                }
                left -= content.len();
                let kind = described(Some(&within(&name)), None, &content);
                made.set_file(format!("{prefix}{number}"), write(ctx, content, kind).await?);
                number += 1;
            }
        } else if extension == "gz" || extension == "gzip" {
            let content = ctx.compute(TIME, move || archive::gunzip(&bytes, left)).await?.map_err(refusal)?;
            left -= content.len();
            let inner = full.strip_suffix(".gz").and_then(|inner| inner.rsplit_once('.')).map(|(_, inner)| inner);
            let mime = inner.and_then(|inner| kind::of_name(&format!("x.{inner}")));
            let mut kind = described(Some(stem(&file)), mime.as_deref(), &content);
            let inner = inner.map(str::to_owned).or_else(|| kind::extension(&kind.mime_type));
            kind.file_extension.clone_from(&inner);
            kind.file_name = Some(match inner {
                Some(inner) => format!("{}.{inner}", stem(&file)),
                None => stem(&file).to_owned(),
            });
            made.set_file(format!("{prefix}{index}"), write(ctx, content, kind).await?);
        } else {
            let detail = format!("Unsupported archive format \".{extension}\" for binary data {name}");
            return Err(NodeError::bad_data(detail).hint("supported formats: zip, tar, tgz, tar.gz, gz, gzip"));
        }
    }
    Ok(made)
}

/// A name that stays in the folder that a later node may unpack into.
fn within(name: &str) -> String {
    if !archive::leads_out(name) {
        return name.to_owned();
    }
    let steps = name.split(['/', '\\']).filter(|step| !matches!(*step, "" | "." | "..") && !step.ends_with(':'));
    steps.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure};

    use super::super::file::testing::{content, item};
    use super::*;
    use crate::lift::check_round_trip;

    /// Name in the item, name of the file, type, content.
    type File = (String, String, String, Vec<u8>);

    #[track_caller]
    fn files(params: Value, input: Value) -> Vec<File> {
        let mut bench = Bench::new(&Compression, params).unwrap();
        let ran = bench.run(&[json!([input])]).unwrap();
        let shown = |(name, file): (String, Binary)| {
            (name, file.file_name.clone().unwrap_or_default(), file.mime_type.clone(), content(bench.host(), &file))
        };
        ran.files(0, 0).into_iter().map(shown).collect()
    }

    fn zip(name: &str, content: &[u8]) -> Vec<u8> {
        archive::zip([(name, content, true)]).unwrap()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Compression);
        let packed = item("a.zip", "application/zip", zip("a.txt", b"x"));
        contract::runs(&Compression, json!({}), &[json!([packed])]);
    }

    #[test]
    fn archives_are_unpacked() {
        let packed = archive::zip([("d/a.txt", &b"x"[..], true), ("__MACOSX/a", b"", true), ("b.csv", b"y", false)]);
        let made = files(json!({}), item("a.zip", "application/zip", packed.unwrap()));
        assert_eq!(
            made,
            [
                ("file_0".into(), "a.txt".into(), "text/plain".into(), b"x".to_vec()),
                ("file_1".into(), "b.csv".into(), "text/csv".into(), b"y".to_vec()),
            ]
        );
        let packed = archive::tar([("a.txt", &b"x"[..])], true).unwrap();
        for name in ["a.tgz", "a.tar.gz"] {
            let made = files(json!({ "outputPrefix": "f" }), item(name, "application/gzip", &packed));
            assert_eq!(made, [("f0".into(), "a.txt".into(), "text/plain".into(), b"x".to_vec())]);
        }
        let made = files(json!({}), item("notes.csv.gz", "application/gzip", archive::gzip(b"a,b")));
        assert_eq!(made, [("file_0".into(), "notes.csv".into(), "text/csv".into(), b"a,b".to_vec())]);
    }

    #[test]
    fn names_in_archives_do_not_lead_out() {
        for name in ["../../etc/passwd", "/etc/passwd", "..\\..\\etc\\passwd"] {
            let mut bench = Bench::new(&Compression, json!({})).unwrap();
            let ran = bench.run(&[json!([item("a.zip", "application/zip", zip(name, b"x"))])]).unwrap();
            let file = ran.files(0, 0).remove("file_0").unwrap();
            assert_eq!((file.directory.as_deref(), file.file_name.as_deref()), (Some("etc"), Some("passwd")), "{name}");
        }
    }

    #[test]
    fn bombs_and_what_is_no_archive_are_refused() {
        let bomb = archive::gzip(&vec![0; UNPACKED + 1]);
        let detail = failure(&Compression, json!({}), &[json!([item("a.gz", "application/gzip", bomb)])]);
        assert!(detail.contains("unpacks to more than"), "{detail}");
        let fails = |name: &str| failure(&Compression, json!({}), &[json!([item(name, "x/y", b"nonsense")])]);
        assert!(fails("a.zip").contains("not a ZIP archive"));
        assert_eq!(fails("a.rar"), "Unsupported archive format \".rar\" for binary data data");
        assert_eq!(fails("a"), "File extension not found for binary data data");
    }

    #[test]
    fn files_are_packed() {
        let mut two = item("a.txt", "text/plain", b"x");
        two["binary"]["other"] = item("b.png", "image/png", b"y")["binary"]["data"].clone();
        let params = |format: &str, name: &str| json!({ "operation": "compress", "binaryPropertyName": "data, other", "outputFormat": format, "fileName": name });
        let made = files(params("zip", "all.zip"), two.clone());
        assert_eq!(
            (made[0].0.as_str(), made[0].1.as_str(), made[0].2.as_str()),
            ("data", "all.zip", "application/zip")
        );
        let mut names = Vec::new();
        archive::unzip(&made[0].3, 9, |name, _| names.push(name)).unwrap();
        assert_eq!(names, ["a.txt", "b.png"]);
        let made = files(params("targz", "all.tar.gz"), two.clone());
        let mut names = Vec::new();
        archive::untar(&made[0].3, 9, |name, _| names.push(name)).unwrap();
        assert_eq!(names, ["a.txt", "b.png"]);
        let made = files(params("gzip", ""), two.clone());
        assert_eq!((made[0].1.as_str(), made[1].0.as_str(), made[1].1.as_str()), ("a.txt.gz", "data1", "b.png.gz"));
        assert_eq!(archive::gunzip(&made[1].3, 9).unwrap(), b"y");
        let mut numbered = params("gzip", "");
        numbered["numbered"] = true.into();
        let made = files(numbered, two);
        assert_eq!((made[0].0.as_str(), made[0].1.as_str()), ("data0", "a.gzip"));
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.1, json!({ "operation": "decompress", "binaryPropertyName": "a,b", "outputPrefix": "x" })),
            (
                1.1,
                json!({ "operation": "compress", "outputFormat": "targz", "fileName": "a", "binaryPropertyOutput": "z" }),
            ),
        ] {
            check_round_trip(&Compression, version, parameters);
        }
    }
}
