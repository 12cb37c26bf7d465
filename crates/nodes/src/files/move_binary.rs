//! `core.move-binary`: fields into files and files into fields, as an old node of n8n does it.
//! `core.convert-to-file` and `core.extract-from-file` are for what is new.

use bytes::Bytes;
use formats::text;
use model::{Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Group, NodeError, One, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::{WHOLE, described, refusal};
use crate::lift::{named, renamed};
use crate::path::Path;
use crate::{js, lenient};

/// What `core.move-binary` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The direction.
    #[schemars(title = "Do")]
    #[serde(default)]
    mode: Mode,
    /// The file becomes the whole item, which it must be the JSON of (`binaryToJson`).
    #[schemars(title = "The file becomes the whole item", extend("x-form" = { "when": { "mode": "binaryToJson" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    set_all_data: bool,
    /// The whole item becomes the file (`jsonToBinary`).
    #[schemars(title = "The whole item becomes the file", extend("x-form" = { "when": { "mode": "jsonToBinary" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    convert_all_data: bool,
    /// Name of the file or field that is taken. Items without it are left out.
    #[schemars(title = "From")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    source_key: String,
    /// Name of the field or file that is made.
    #[schemars(title = "Into")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    destination_key: String,
    /// Encoding of the text.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    encoding: String,
    /// A byte order mark comes first.
    #[schemars(
        title = "With a byte order mark",
        extend("x-form" = { "when": { "mode": "jsonToBinary" }, "more": true })
    )]
    #[serde(default, rename = "addBOM", deserialize_with = "lenient::flag")]
    add_bom: bool,
    /// A byte order mark at the start is left out.
    #[schemars(
        title = "Without a byte order mark",
        extend("x-form" = { "when": { "mode": "binaryToJson" }, "more": true })
    )]
    #[serde(default = "yes", rename = "stripBOM", deserialize_with = "lenient::flag")]
    strip_bom: bool,
    /// The field holds base64.
    #[schemars(
        title = "The field holds base64",
        extend("x-form" = { "when": { "mode": "jsonToBinary" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    data_is_base64: bool,
    /// The field's text is written as it is, not as JSON.
    #[schemars(title = "As text, not as JSON", extend("x-form" = { "when": { "mode": "jsonToBinary" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    use_raw_data: bool,
    /// The file is JSON, and the field gets its value.
    #[schemars(
        title = "Read JSON",
        extend("x-form" = { "when": { "mode": "binaryToJson", "setAllData": false }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    json_parse: bool,
    /// The field gets the file as base64.
    #[schemars(extend("x-form" = { "when": { "mode": "binaryToJson", "setAllData": false }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    keep_as_base64: bool,
    /// What was taken stays.
    #[schemars(title = "Keep what was taken", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    keep_source: bool,
    /// Name of the file.
    #[schemars(extend("x-form" = { "when": { "mode": "jsonToBinary" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: String,
    /// Type of the file.
    #[schemars(extend("x-form" = { "when": { "mode": "jsonToBinary" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    mime_type: String,
    /// Files are described as the first version of n8n's node does it: without a name unless one is given, and as JSON
    /// unless a type is given.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    plain_description: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Files become fields.
    #[default]
    BinaryToJson,
    /// Fields become files.
    JsonToBinary,
}

fn data() -> String {
    "data".into()
}

fn yes() -> bool {
    true
}

/// Fields into files and files into fields.
pub struct MoveBinary;

const NAMES: n8n::Names = &[
    ("mode", "mode"),
    ("setAllData", "setAllData"),
    ("convertAllData", "convertAllData"),
    ("sourceKey", "sourceKey"),
    ("destinationKey", "destinationKey"),
    ("encoding", "options.encoding"),
    ("addBOM", "options.addBOM"),
    ("stripBOM", "options.stripBOM"),
    ("dataIsBase64", "options.dataIsBase64"),
    ("useRawData", "options.useRawData"),
    ("jsonParse", "options.jsonParse"),
    ("keepAsBase64", "options.keepAsBase64"),
    ("keepSource", "options.keepSource"),
    ("fileName", "options.fileName"),
    ("mimeType", "options.mimeType"),
];

impl Plain for MoveBinary {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["binary", "base64", "json", "legacy"],
        ..Descriptor::pure::<Params>(
            "core.move-binary",
            Group::Transform,
            "Move binary data",
            "Moves fields into files and files into fields (of old workflows)",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.moveBinaryData", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = NAMES;

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = named(node, NAMES);
        if node.version < 1.1 {
            params.insert("plainDescription".into(), true.into());
        }
        let mut lifted = Lifted::default();
        if let Some(name) = params.get("encoding").and_then(Value::as_str)
            && !name.starts_with('=')
            && !text::is_known(name)
        {
            let why = format!("`{name}` is an encoding that is not known here");
            crate::lift::not_honoured(&mut lifted, "options.encoding", why);
        }
        Lifted { params, ..lifted }
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        renamed(params, NAMES)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        ctx.each_async(params, |one| {
            Box::pin(async move {
                let One { ctx, params, item, .. } = one;
                let made = match params.mode {
                    Mode::BinaryToJson => to_field(ctx, &params, &item).await?,
                    _ => to_file(ctx, &params, &item).await?,
                };
                Ok(made.into_iter().collect())
            })
        })
        .await
    }
}

async fn to_field(ctx: &Ctx, params: &Params, item: &Item) -> Result<Option<Item>, NodeError> {
    let Some(file) = item.file(&params.source_key) else { return Ok(None) };
    let bytes = ctx.read_file_whole(file, WHOLE).await?;
    let parse = |text: &str| {
        serde_json::from_str::<Value>(text)
            .map_err(|error| NodeError::bad_data(format!("the file `{}` is not JSON: {error}", params.source_key)))
    };
    let base64 = params.keep_as_base64 && !params.set_all_data;
    let text = match base64 {
        true => part::params::to_base64(&bytes),
        false => text::decode(&bytes, &params.encoding, params.strip_bom).map_err(refusal)?,
    };
    let mut made = if params.set_all_data {
        match parse(&text)? {
            Value::Object(map) => Item::new(map),
            other => Item::from_value(other),
        }
    } else {
        let mut made = Item::new(item.json.clone());
        let value = if params.json_parse { parse(&text)? } else { text.into() };
        Path::new(&params.destination_key, true).set(&mut made.json, value);
        made
    };
    made.binary.clone_from(&item.binary);
    if !params.keep_source
        && let Some(files) = &mut made.binary
    {
        files.remove(&params.source_key);
        if files.is_empty() {
            made.binary = None;
        }
    }
    Ok(Some(made))
}

async fn to_file(ctx: &Ctx, params: &Params, item: &Item) -> Result<Option<Item>, NodeError> {
    let path = Path::new(&params.source_key, true);
    let whole;
    let value = if params.convert_all_data {
        whole = Value::Object(item.json.clone());
        &whole
    } else {
        match path.get(&item.json) {
            Some(value) => value,
            None => return Ok(None),
        }
    };
    let mut mime = params.mime_type.as_str();
    let bytes = if params.data_is_base64 {
        let Value::String(base64) = value else {
            let detail =
                format!("the field `{}` must hold base64, not {}", params.source_key, js::type_of(Some(value)));
            return Err(NodeError::bad_data(detail));
        };
        text::from_base64(base64.as_bytes())
    } else {
        let json = !params.use_raw_data || matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
        if json && mime.is_empty() {
            mime = "application/json";
        }
        let text = if json { js::json_text(value) } else { js::text(value) };
        text::encode(&text, &params.encoding, params.add_bom).map_err(refusal)?
    };
    if mime.is_empty() && params.plain_description {
        mime = "application/json";
    }
    let mut file = described(Some(&params.file_name), Some(mime), &bytes);
    if file.file_name.is_none() && !params.plain_description {
        let extension = file.file_extension.as_ref().map(|extension| format!(".{extension}")).unwrap_or_default();
        file.file_name = Some(format!("file{extension}"));
    }
    let bytes = Bytes::from(bytes);
    let file = ctx.write_file(Box::pin(futures_util::stream::once(std::future::ready(Ok(bytes)))), file).await?;
    let mut made = item.clone();
    made.set_file(&params.destination_key, file);
    if !params.keep_source {
        match params.convert_all_data {
            true => made.json = Map::new(),
            false => _ = path.remove(&mut made.json),
        }
    }
    Ok(Some(made))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::super::file::testing::{content, item};
    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&MoveBinary);
        contract::runs(&MoveBinary, json!({}), &[json!([item("a.json", "application/json", "{\"a\":1}")])]);
    }

    #[test]
    fn files_become_fields() {
        let made = |params: Value, file: Value| {
            let ran = Bench::new(&MoveBinary, params).unwrap().run(&[json!([file, { "no": "file" }])]).unwrap();
            (ran.json()[0].clone(), ran.files(0, 0).len())
        };
        let file = || item("a.json", "application/json", "\u{FEFF}{\"a\":1}");
        assert_eq!(made(json!({}), file()), (json!([{ "a": 1 }]), 0), "items without the file are left out");
        assert_eq!(made(json!({ "keepSource": true }), file()).1, 1);
        let field = |more: Value| {
            let mut params = json!({ "setAllData": false, "destinationKey": "x.y" });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            made(params, file()).0[0]["x"]["y"].clone()
        };
        assert_eq!(field(json!({})), "{\"a\":1}");
        assert_eq!(field(json!({ "stripBOM": false })), "\u{FEFF}{\"a\":1}");
        assert_eq!(field(json!({ "jsonParse": true })), json!({ "a": 1 }));
        assert_eq!(field(json!({ "keepAsBase64": true })), "77u/eyJhIjoxfQ==");
        let detail = failure(&MoveBinary, json!({}), &[json!([item("a", "x/y", "{")])]);
        assert!(detail.starts_with("the file `data` is not JSON"), "{detail}");
    }

    #[test]
    fn fields_become_files() {
        let made = |more: Value| {
            let mut params = json!({ "mode": "jsonToBinary" });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut bench = Bench::new(&MoveBinary, params).unwrap();
            let ran = bench.run(&[json!([{ "data": "aGk=", "k": 1.0 }])]).unwrap();
            let file = ran.files(0, 0).remove("data").unwrap();
            let text = String::from_utf8(content(bench.host(), &file)).unwrap();
            (ran.json()[0][0].clone(), file.file_name.clone(), file.mime_type.clone(), text)
        };
        let json = || "application/json".to_owned();
        let whole = "{\"data\":\"aGk=\",\"k\":1}".to_owned();
        assert_eq!(made(json!({})), (json!({}), Some("file.json".into()), json(), whole));
        let one = json!({ "convertAllData": false });
        assert_eq!(made(one), (json!({ "k": 1.0 }), Some("file.json".into()), json(), "\"aGk=\"".into()));
        let raw = json!({ "convertAllData": false, "useRawData": true, "keepSource": true, "fileName": "a.txt" });
        let both = json!({ "data": "aGk=", "k": 1.0 });
        assert_eq!(made(raw), (both, Some("a.txt".into()), "text/plain".into(), "aGk=".into()));
        let base64 = json!({ "convertAllData": false, "dataIsBase64": true, "plainDescription": true });
        assert_eq!(made(base64), (json!({ "k": 1.0 }), None, json(), "hi".into()));
        let params = json!({ "mode": "jsonToBinary", "convertAllData": false, "sourceKey": "no" });
        assert_eq!(run(&MoveBinary, params, &[json!([{}])]).unwrap()[0], json!([]));
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (
                1.0,
                json!({ "setAllData": false, "sourceKey": "f", "options": { "jsonParse": true, "encoding": "ucs2" } }),
            ),
            (
                1.1,
                json!({ "mode": "jsonToBinary", "convertAllData": false, "options": { "fileName": "a", "useRawData": true } }),
            ),
        ] {
            check_round_trip(&MoveBinary, version, parameters);
        }
    }
}
