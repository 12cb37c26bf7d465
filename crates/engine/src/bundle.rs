//! Files of resources: manifests as YAML or JSON, and what a file is by its content.
//!
//! Pure: bytes in, manifests out, and back. A ZIP, a TAR and a folder hold one such file for each resource, at
//! [`path`]; packing and walking them is the binary's.

use model::problem::pointer_step;
use model::resource::Manifest;
use model::{Code, Map, Problem, Value};
use serde::Deserialize;

use crate::n8n::{self, MAX_BYTES};

/// Deepest nesting of a manifest: a workflow that came from n8n keeps parts of its file some levels below.
pub const MAX_DEPTH: usize = 120;

/// How manifests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object, or a list where there are several.
    Json,
    /// One document for each.
    Yaml,
}

impl Format {
    /// Ending of a file name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Yaml => "yaml",
        }
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Resources of ours.
    Manifests(Vec<Manifest>),
    /// Workflows of n8n, to be read with [`n8n::import`].
    N8n,
}

/// The place of a resource in an archive or folder: `workflow/send-mail.yaml`.
pub fn path(manifest: &Manifest, format: Format) -> String {
    format!("{}/{}.{}", manifest.kind, manifest.name, format.extension())
}

/// Writes manifests. None become an empty text (YAML) or list (JSON).
pub fn encode(manifests: &[Manifest], format: Format) -> Result<String, Problem> {
    let failed = |error: &dyn std::fmt::Display| Problem::new(Code::Internal, format!("cannot be written: {error}"));
    match (format, manifests) {
        (Format::Json, [one]) => serde_json::to_string_pretty(one),
        (Format::Json, several) => serde_json::to_string_pretty(several),
        (Format::Yaml, several) => {
            let documents: Result<Vec<String>, _> = several.iter().map(serde_yaml_ng::to_string).collect();
            return documents.map(|documents| documents.join("---\n")).map_err(|error| failed(&error));
        }
    }
    .map(|text| text + "\n")
    .map_err(|error| failed(&error))
}

/// Reads a file of manifests, YAML or JSON, or says that it is one of n8n's. All problems are returned at once.
pub fn decode(bytes: &[u8]) -> Result<Content, Problem> {
    if bytes.len() > MAX_BYTES {
        let problem = Problem::new(Code::TooLarge, format!("the file has {} bytes", bytes.len()));
        return Err(problem.hint(format!("a file may have {MAX_BYTES} bytes")));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_json = text.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| b"{[".contains(first));
    let documents = if is_json { vec![n8n::json(bytes, MAX_DEPTH)?] } else { yaml(text)? };
    let several = documents.len() > 1;
    let mut found = Found::default();
    for (index, document) in documents.into_iter().enumerate() {
        found.document(document, &if several { format!("/{index}") } else { String::new() });
    }
    match found {
        Found { problems, n8n: false, manifests } if problems.is_empty() && !manifests.is_empty() => {
            Ok(Content::Manifests(manifests))
        }
        Found { n8n: true, manifests, .. } if manifests.is_empty() && is_json => Ok(Content::N8n),
        Found { mut problems, n8n, manifests } => {
            if n8n {
                let detail = match manifests.is_empty() {
                    true => "workflows of n8n are JSON",
                    false => "the file holds both resources and workflows of n8n",
                };
                problems.push(Problem::new(Code::UnreadableFile, detail).hint("keep them in a file of their own"));
            }
            Err(Problem::from_many(problems).unwrap_or_else(|| Problem::new(Code::UnreadableFile, "the file is empty")))
        }
    }
}

#[derive(Default)]
struct Found {
    manifests: Vec<Manifest>,
    n8n: bool,
    problems: Vec<Problem>,
}

impl Found {
    fn document(&mut self, document: Value, pointer: &str) {
        match document {
            Value::Array(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    self.document(element, &format!("{pointer}/{index}"));
                }
            }
            Value::Object(map) if is_n8n(&map) => self.n8n = true,
            document => match Manifest::deserialize(document) {
                Ok(manifest) => self.manifests.push(manifest),
                Err(error) => {
                    let problem = Problem::new(Code::InvalidSpec, format!("this is no resource: {error}"));
                    self.problems.push(problem.at(pointer).hint("a resource has `kind`, `name` and `spec`"));
                }
            },
        }
    }
}

fn is_n8n(map: &Map) -> bool {
    let has = |key: &str| map.get(key).is_some_and(|value| value.is_array() || value.is_object());
    !map.contains_key("kind") && ["nodes", "workflows", "workflow", "data"].iter().any(|key| has(key))
}

/// The documents of a YAML text that are not empty.
fn yaml(bytes: &[u8]) -> Result<Vec<Value>, Problem> {
    let unreadable = |detail: String| {
        Problem::new(Code::UnreadableFile, detail).hint("a file holds resources as YAML or JSON, or a workflow of n8n")
    };
    let text = std::str::from_utf8(bytes).map_err(|error| unreadable(format!("the file is no UTF-8 text: {error}")))?;
    let mut documents = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        let value = serde_yaml_ng::Value::deserialize(document)
            .map_err(|error| unreadable(format!("the file is no YAML: {error}")))?;
        if !value.is_null() {
            documents.push(plain(value, "")?);
        }
    }
    Ok(documents)
}

/// YAML as JSON. What JSON does not have is refused: keys that are no texts, tags, numbers that are none.
fn plain(value: serde_yaml_ng::Value, pointer: &str) -> Result<Value, Problem> {
    use serde_yaml_ng::Value as Yaml;
    let refuse = |detail: &str, hint: &str| Err(Problem::new(Code::Malformed, detail).at(pointer).hint(hint));
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => flag.into(),
        Yaml::String(text) => text.into(),
        Yaml::Number(number) => {
            let exact = number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from));
            match exact.or_else(|| number.as_f64().and_then(serde_json::Number::from_f64).map(Value::from)) {
                Some(number) => number,
                None => return refuse(&format!("`{number}` is no number in JSON"), "quote it if it is a text"),
            }
        }
        Yaml::Sequence(elements) => {
            let elements = elements.into_iter().enumerate();
            let plain = elements.map(|(index, element)| plain(element, &format!("{pointer}/{index}")));
            Value::Array(plain.collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let Yaml::String(key) = key else { return refuse("a key is no text", "quote the key") };
                let value = plain(value, &format!("{pointer}/{}", pointer_step(&key)))?;
                map.insert(key, value);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            return refuse(&format!("the tag `{}` is not known", tagged.tag), "write the value without a tag");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::n8n::samples::any_json;
    use proptest::prelude::*;
    use serde_json::json;

    fn manifest(name: &str, spec: Value) -> Manifest {
        serde_json::from_value(json!({ "kind": "variable", "name": name, "spec": spec })).unwrap()
    }

    fn refused(text: &str) -> Problem {
        decode(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn files_are_told_by_their_content() {
        for text in [
            "kind: variable\nname: a\nspec: 1\n",
            "---\nkind: variable\nname: a\nspec: 1\n---\n",
            r#"{"kind":"variable","name":"a","spec":1}"#,
            "\u{feff}  [{\"kind\":\"variable\",\"name\":\"a\",\"spec\":1}]",
        ] {
            assert_eq!(decode(text.as_bytes()), Ok(Content::Manifests(vec![manifest("a", json!(1))])), "{text}");
        }
        for text in [r#"{"nodes":[],"connections":{}}"#, r#"[{"nodes":[]},{"nodes":[]}]"#, r#"{"data":[{"nodes":[]}]}"#]
        {
            assert_eq!(decode(text.as_bytes()), Ok(Content::N8n), "{text}");
        }
    }

    #[test]
    fn what_is_no_resource_is_refused_with_its_place() {
        let problem = refused("kind: variable\nname: a\nspec: 1\n---\nkind: variable\nname: UPPER\nspec: 1\n");
        assert_eq!((problem.code, problem.pointer.as_deref()), (Code::InvalidSpec, Some("/1")));
        assert!(refused("kind: variable\nname: a\nspec: 1\nstatus: new\n").detail.contains("status"));
        assert_eq!(refused(r#"[3, {"kind":1}]"#).problems.len(), 2);
        for text in
            ["", "---\n", "[]", "just text", "a: [", "\t- x", r#"[{"nodes":[]},{"kind":"a","name":"a","spec":1}]"#]
        {
            assert!(matches!(refused(text).code, Code::UnreadableFile | Code::InvalidSpec), "{text}");
        }
        assert_eq!(refused("nodes: []\n").detail, "workflows of n8n are JSON");
        for text in ["spec: !secret a", "spec: .nan", "spec: {1: a}", "spec: {a: .inf}"] {
            assert_eq!(refused(&format!("kind: variable\nname: a\n{text}\n")).code, Code::Malformed, "{text}");
        }
        assert!(refused("kind: a\nkind: b\nname: a\nspec: 1\n").detail.contains("duplicate"));
    }

    #[test]
    fn bombs_are_refused() {
        let mut aliases = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            aliases += &format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "));
        }
        assert_eq!(refused(&aliases).code, Code::UnreadableFile);
        assert_eq!(refused(&"- ".repeat(100_000)).code, Code::UnreadableFile);
        assert_eq!(refused(&"[".repeat(100_000)).code, Code::TooDeep);
        assert_eq!(decode(&vec![b' '; MAX_BYTES + 1]).unwrap_err().code, Code::TooLarge);
    }

    #[test]
    fn resources_have_a_place_in_an_archive() {
        assert_eq!(path(&manifest("a.b", json!(1)), Format::Yaml), "variable/a.b.yaml");
    }

    fn text() -> impl Strategy<Value = Value> {
        let odd = prop::sample::select(vec![
            "yes",
            "null",
            "~",
            "1e3",
            "0x1f",
            "0o7",
            "012",
            "1_000",
            ".nan",
            "-.inf",
            "2024-01-01",
            ": a",
            "- b",
            "# c",
            "a: b",
            "a #b",
            "\n",
            "a\n\nb\n",
            " lead",
            "trail ",
            "={{ $json.a }}",
            "\t",
            "\u{85}",
            "\u{feff}",
            "\u{2028}",
            "a\r\nb",
            "'",
            "\"",
            "|",
            ">",
            "<<",
            "!x",
            "&a",
            "*a",
            "%a",
            "@a",
            "`a",
            "---",
            "...",
            "\u{7}",
        ]);
        prop_oneof![
            odd.prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from)
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any_json(), texts in prop::collection::vec(text(), 0..6)) {
            let keys = texts.iter().filter_map(Value::as_str).map(|text| (text.to_owned(), json!(1)));
            let keys: Map = keys.collect();
            let manifests = [manifest("a", json!([value, texts])), manifest("b", Value::Object(keys))];
            for format in [Format::Json, Format::Yaml] {
                for some in [&manifests[..], &manifests[..1]] {
                    let text = encode(some, format).unwrap();
                    let read = decode(text.as_bytes());
                    prop_assert_eq!(&read, &Ok(Content::Manifests(some.to_vec())), "{}", text);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-a-z:\\[\\]{}&*!|>'\" \n0-9]{0,80}") {
            let _ = decode(text.as_bytes());
        }
    }
}
