//! The contract of a kind of resource: a spec type with its schema, its checks, its references, and how older shapes
//! of it are lifted. CRUD, watch, diff, export, OpenAPI and forms come from it, once, for all kinds.
//!
//! A kind is a marker type that implements [`Kind`], and one line in its area's list ([`crate::Part::kinds`]).

use std::collections::BTreeSet;
use std::marker::PhantomData;

use auth::Permission;
use model::problem::pointer_step;
use model::resource::Ref;
use model::{Code, Problem, Problems, Value};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalogue::Snapshot;

/// A reference and where in the spec it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// What it leads to.
    pub target: Ref,
    /// JSON pointer below the spec.
    pub pointer: String,
    /// Nothing works without it. Otherwise it may also be made while it is used.
    pub needed: bool,
}

/// A value that at most one resource of a scope may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueKey {
    /// What is counted, for example `webhook`.
    pub space: String,
    /// The value, for example `GET /orders/:id`.
    pub key: String,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there and can be used.
    Ready,
    /// It is there, but this is missing.
    Incomplete(String),
    /// It is not there.
    Missing,
}

/// What a check may look at beside the spec itself.
pub struct CheckEnv<'a> {
    /// Node types of this moment.
    pub catalogue: &'a Snapshot,
    /// What references lead to in the scope of the resource.
    pub find: &'a (dyn Fn(&Ref) -> Found + Sync),
}

impl CheckEnv<'_> {
    /// What is missing of what is needed: references that lead nowhere, or to what is not complete.
    pub fn unresolved(&self, uses: Vec<Use>, problems: &mut Problems) {
        for place in uses.into_iter().filter(|place| place.needed) {
            let problem = match (self.find)(&place.target) {
                Found::Ready => continue,
                Found::Missing => Problem::new(Code::UnresolvedReference, format!("`{}` does not exist", place.target))
                    .hint(format!("make it, or name another {}", place.target.kind)),
                Found::Incomplete(what) => {
                    Problem::new(Code::ConnectionMissing, format!("`{}` is not complete: {what}", place.target))
                }
            };
            problems.push(problem.at(place.pointer));
        }
    }
}

/// A kind of resource.
pub trait Kind: Send + Sync + 'static {
    /// `kebab-case`, singular.
    const NAME: &'static str;
    /// As it stands in addresses.
    const PLURAL: &'static str;
    /// Version of the spec's shape that is written and served.
    const SPEC_VERSION: u32 = 1;
    /// One sentence for documents and forms.
    const SUMMARY: &'static str;
    /// What a writer needs.
    const WRITE: Permission = Permission::ResourceWrite;
    /// The only name that a resource of the kind may have, when there can be one per scope.
    const ONLY_NAME: Option<&'static str> = None;
    /// The configured content. It must refuse unknown fields.
    type Spec: Serialize + DeserializeOwned + JsonSchema + Send + Sync;

    /// Judges what can be judged from the spec alone. A problem refuses the write. Pointers begin below the spec.
    fn check(_spec: &Self::Spec) -> Problems {
        Problems::default()
    }

    /// Judges whether it can work here and now. Unresolved references are found by the caller from [`Self::refs`].
    fn runnable(_spec: &Self::Spec, _env: &CheckEnv<'_>) -> Problems {
        Problems::default()
    }

    /// The resources that it names.
    fn refs(_spec: &Self::Spec, _catalogue: &Snapshot) -> Vec<Use> {
        Vec::new()
    }

    /// Values that no other resource of the scope may hold.
    fn unique_keys(_spec: &Self::Spec) -> Vec<UniqueKey> {
        Vec::new()
    }

    /// Brings a spec of `version` to `version + 1`. Called as often as needed; never taken out once released.
    fn lift(version: u32, _spec: Value) -> Result<Value, Problem> {
        Err(Problem::new(Code::Unsupported, format!("`{}` has no spec version {version}", Self::NAME)))
    }

    /// Names of fields whose values are sealed, not in the spec.
    fn secret_fields(_spec: &Self::Spec) -> Vec<String> {
        Vec::new()
    }

    /// Writes down which of them have a value.
    fn flag_secrets(_spec: &mut Self::Spec, _set: &BTreeSet<String>) {}
}

/// A decoded spec of some kind.
pub trait Checked: Send + Sync {
    /// As it is stored and served.
    fn value(&self) -> Value;
    /// See [`Kind::check`].
    fn check(&self) -> Problems;
    /// See [`Kind::runnable`].
    fn runnable(&self, env: &CheckEnv<'_>) -> Problems;
    /// See [`Kind::refs`].
    fn refs(&self, catalogue: &Snapshot) -> Vec<Use>;
    /// See [`Kind::unique_keys`].
    fn unique_keys(&self) -> Vec<UniqueKey>;
    /// See [`Kind::secret_fields`].
    fn secret_fields(&self) -> Vec<String>;
    /// See [`Kind::flag_secrets`].
    fn flag_secrets(&mut self, set: &BTreeSet<String>);
}

struct Decoded<K: Kind> {
    spec: K::Spec,
    kind: PhantomData<K>,
}

impl<K: Kind> Checked for Decoded<K> {
    fn value(&self) -> Value {
        // A spec type serializes to JSON by construction: it was read from it.
        serde_json::to_value(&self.spec).unwrap_or(Value::Null)
    }
    fn check(&self) -> Problems {
        K::check(&self.spec)
    }
    fn runnable(&self, env: &CheckEnv<'_>) -> Problems {
        K::runnable(&self.spec, env)
    }
    fn refs(&self, catalogue: &Snapshot) -> Vec<Use> {
        K::refs(&self.spec, catalogue)
    }
    fn unique_keys(&self) -> Vec<UniqueKey> {
        K::unique_keys(&self.spec)
    }
    fn secret_fields(&self) -> Vec<String> {
        K::secret_fields(&self.spec)
    }
    fn flag_secrets(&mut self, set: &BTreeSet<String>) {
        K::flag_secrets(&mut self.spec, set);
    }
}

/// A kind with its type erased, as lists hold it.
#[derive(Clone, Copy)]
pub struct KindEntry {
    /// See [`Kind::NAME`].
    pub name: &'static str,
    /// See [`Kind::PLURAL`].
    pub plural: &'static str,
    /// See [`Kind::SPEC_VERSION`].
    pub spec_version: u32,
    /// See [`Kind::SUMMARY`].
    pub summary: &'static str,
    /// See [`Kind::WRITE`].
    pub write: Permission,
    /// See [`Kind::ONLY_NAME`].
    pub only_name: Option<&'static str>,
    /// Adds the spec's schema to a generator's definitions.
    pub schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    parse: fn(Value) -> Result<Box<dyn Checked>, Problem>,
    lift: fn(u32, Value) -> Result<Value, Problem>,
}

impl std::fmt::Debug for KindEntry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "KindEntry({})", self.name)
    }
}

impl KindEntry {
    /// The entry of a kind.
    pub fn of<K: Kind>() -> KindEntry {
        KindEntry {
            name: K::NAME,
            plural: K::PLURAL,
            spec_version: K::SPEC_VERSION,
            summary: K::SUMMARY,
            write: K::WRITE,
            only_name: K::ONLY_NAME,
            schema: |generator| generator.subschema_for::<K::Spec>(),
            parse: |value| {
                let spec = parse::<K::Spec>(value)?;
                Ok(Box::new(Decoded::<K> { spec, kind: PhantomData }))
            },
            lift: K::lift,
        }
    }

    /// Lifts a spec of an older version to the newest and decodes it, unknown fields refused. Pointers of the problem
    /// begin below the spec.
    pub fn decode(&self, version: Option<u32>, spec: Value) -> Result<Box<dyn Checked>, Problem> {
        (self.parse)(self.lifted(version, spec)?)
    }

    /// Lifts a spec of an older version to the newest.
    pub fn lifted(&self, version: Option<u32>, mut spec: Value) -> Result<Value, Problem> {
        let version = version.unwrap_or(self.spec_version);
        if version > self.spec_version || version == 0 {
            let detail =
                format!("`{}` has spec versions 1 to {}, but this one says {version}", self.name, self.spec_version);
            return Err(Problem::new(Code::Unsupported, detail).hint("use a release that knows this version"));
        }
        for step in version..self.spec_version {
            spec = (self.lift)(step, spec)?;
        }
        Ok(spec)
    }

    /// The JSON Schema (2020-12) of the spec, complete in itself.
    pub fn json_schema(&self) -> Value {
        let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
        let schema = (self.schema)(&mut generator);
        let mut whole = schema.to_value();
        let definitions = generator.take_definitions(true);
        if let Some(map) = whole.as_object_mut().filter(|_| !definitions.is_empty()) {
            map.insert("$defs".into(), Value::Object(definitions));
        }
        whole
    }
}

/// Reads a value as `T`; what does not fit is refused with a JSON pointer.
pub fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer_of(error.path());
        Problem::new(Code::InvalidSpec, error.inner().to_string()).at(pointer)
    })
}

/// The JSON pointer of a place that serde complains about.
pub fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", pointer_step(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Spec {
        size: u32,
        #[serde(default)]
        tags: Vec<String>,
    }

    struct Box2;
    impl Kind for Box2 {
        const NAME: &'static str = "box";
        const PLURAL: &'static str = "boxes";
        const SPEC_VERSION: u32 = 3;
        const SUMMARY: &'static str = "A box.";
        type Spec = Spec;
        fn lift(version: u32, mut spec: Value) -> Result<Value, Problem> {
            let map = spec.as_object_mut().ok_or_else(|| Problem::new(Code::InvalidSpec, "not an object"))?;
            match version {
                1 => map.insert("length".into(), map.get("len").cloned().unwrap_or_default()),
                _ => map.insert("size".into(), map.get("length").cloned().unwrap_or_default()),
            };
            map.shift_remove(if version == 1 { "len" } else { "length" });
            Ok(spec)
        }
    }

    #[test]
    fn older_specs_are_lifted_and_unknown_fields_refused() {
        let kind = KindEntry::of::<Box2>();
        let lifted = kind.decode(Some(1), json!({ "len": 4 })).unwrap();
        assert_eq!(lifted.value(), json!({ "size": 4, "tags": [] }));
        let refusal = kind.decode(None, json!({ "size": 4, "tags": ["a", 1] })).err().unwrap();
        assert_eq!(refusal.pointer.as_deref(), Some("/tags/1"));
        let refusal = kind.decode(None, json!({ "size": 4, "colour": "red" })).err().unwrap();
        assert_eq!(refusal.pointer.as_deref(), Some("/colour"));
        assert!(kind.decode(Some(4), json!({})).is_err() && kind.decode(Some(0), json!({})).is_err());
        assert!(kind.json_schema().to_string().contains("\"size\""));
    }
}
