//! Reading a document: JSON or YAML, of one file or of several that refer to each other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use model::{Code, Map, Problem, Value};
use serde::Deserialize;
use serde::de::{self, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{DEEP, mistaken};

/// Largest document, with all of its files.
const LARGEST: usize = 128 << 20;
/// Most files of one document.
const MOST_FILES: usize = 2_000;
/// Where the other files of a document are put in it.
const FILES: &str = "x-files";

/// A document that is read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The whole of it; references lead to places in it.
    pub root: Value,
    /// Swagger 2.0, whose words are others.
    pub old: bool,
    /// References that lead nowhere: to addresses, and to files that are not there.
    pub lost: Vec<String>,
}

impl Document {
    /// A document of JSON or YAML.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(text: &[u8]) -> Result<Document, Problem> {
        if text.len() > LARGEST {
            let problem = Problem::new(Code::TooLarge, format!("the document has more than {} MB", LARGEST >> 20));
            return Err(problem.hint("give the one in which shared parts stand once and are referred to (`$ref`)"));
        }
        let root = mistaken::parsed(text)?;
        let old = root.get("swagger").is_some();
        if !old && root.get("openapi").is_none() {
            return Err(mistaken::other(&root));
        }
        Ok(Document { root, old, lost: Vec::new() })
    }

    /// The document of a file, with the files that it refers to. Nothing is fetched from addresses.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Document, Problem> {
        let text = std::fs::read(path).map_err(|error| mistaken::no_file(path, &error))?;
        let mut document = Document::read(&text)?;
        let mut files = Files { size: text.len(), ..Files::default() };
        let here = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        files.places.insert(here.clone(), None);
        files.lead(&mut document.root, &here, None);
        while let Some((file, number)) = files.waiting.pop() {
            let Some(mut content) = files.load(&file) else { continue };
            files.lead(&mut content, &file, Some(number));
            files.contents.insert(number.to_string(), content);
        }
        if let (Some(root), false) = (document.root.as_object_mut(), files.contents.is_empty()) {
            root.insert(FILES.into(), files.contents.into());
        }
        files.lost.sort();
        files.lost.dedup();
        document.lost = files.lost;
        Ok(document)
    }

    /// What a reference leads to, or the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..DEEP {
            let Some(place) = value.get("$ref").and_then(Value::as_str) else { return value };
            match place.strip_prefix('#').and_then(|pointer| self.at(pointer)) {
                Some(next) => value = next,
                None => return &Value::Null,
            }
        }
        &Value::Null
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        match self.root.pointer(pointer) {
            None if pointer.contains('%') => self.root.pointer(&decoded(pointer)),
            found => found,
        }
    }

    /// Its version, as it says it itself.
    pub fn version(&self) -> String {
        let name = if self.old { "swagger" } else { "openapi" };
        let version = match &self.root[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{} {version}", if self.old { "Swagger" } else { "OpenAPI" })
    }
}

/// A pointer in a fragment, as addresses encode it.
fn decoded(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The files of a document.
#[derive(Default)]
struct Files {
    /// Numbers by path; the document itself has none.
    places: BTreeMap<PathBuf, Option<usize>>,
    waiting: Vec<(PathBuf, usize)>,
    contents: Map,
    lost: Vec<String>,
    size: usize,
}

impl Files {
    /// Lets the references of a file lead to where everything is in the whole.
    fn lead(&mut self, value: &mut Value, file: &Path, number: Option<usize>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(place)) = map.get_mut("$ref")
                    && let Some(leads) = self.led(place, file, number)
                {
                    *place = leads;
                }
                // What tools of others find in extensions is no part of the description.
                let own = map.iter_mut().filter(|(key, _)| !key.starts_with("x-"));
                own.for_each(|(_, inner)| self.lead(inner, file, number));
            }
            Value::Array(list) => list.iter_mut().for_each(|inner| self.lead(inner, file, number)),
            _ => {}
        }
    }

    fn led(&mut self, place: &str, file: &Path, number: Option<usize>) -> Option<String> {
        let (name, pointer) = place.split_once('#').unwrap_or((place, ""));
        let number = if name.is_empty() {
            number
        } else {
            let path = file.parent()?.join(decoded(name));
            let path = path.canonicalize().ok().filter(|path| path.is_file());
            let Some(path) = path.filter(|_| !name.contains("://") && self.places.len() < MOST_FILES) else {
                self.lost.push(name.to_owned());
                return None;
            };
            let next = self.places.len();
            *self.places.entry(path.clone()).or_insert_with(|| {
                self.waiting.push((path, next));
                Some(next)
            })
        };
        Some(match number {
            Some(number) => format!("#/{FILES}/{number}{pointer}"),
            None => format!("#{pointer}"),
        })
    }

    fn load(&mut self, path: &Path) -> Option<Value> {
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default().to_ascii_lowercase();
        let text = std::fs::read(path).ok().filter(|_| matches!(kind.as_str(), "json" | "yaml" | "yml" | ""));
        self.size += text.as_ref().map_or(0, Vec::len);
        let content = text.filter(|_| self.size <= LARGEST).and_then(|text| mistaken::parsed(&text).ok());
        if content.is_none() {
            self.lost.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
        content
    }
}

/// A value of YAML as JSON has it: numbers that are too large for whole ones, keys that are numbers, tags, and what
/// `<<` takes over.
pub(super) struct Plain(pub Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Taker).map(Plain)
    }
}

struct Taker;

impl<'de> Visitor<'de> for Taker {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::from(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::from(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Taker)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Plain(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let (mut map, mut taken_over) = (Map::new(), Vec::new());
        while let Some((Plain(key), Plain(value))) = entries.next_entry()? {
            match (key, value) {
                (Value::String(key), Value::Object(more)) if key == "<<" => taken_over.push(more),
                (Value::String(key), Value::Array(list)) if key == "<<" => {
                    taken_over.extend(list.into_iter().filter_map(|more| more.as_object().cloned()));
                }
                (Value::String(key), value) => drop(map.insert(key, value)),
                (key, value) => drop(map.insert(key.to_string(), value)),
            }
        }
        for (key, value) in taken_over.into_iter().flatten() {
            map.entry(key).or_insert(value);
        }
        Ok(map.into())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_, inner): (de::IgnoredAny, _) = tagged.variant()?;
        Ok(inner.newtype_variant::<Plain>()?.0)
    }
}
