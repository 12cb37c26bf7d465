//! The pure half of the write path: decode, lift, check, and what a resource refers to.

use std::collections::BTreeMap;

use model::resource::{Manifest, Ref};
use model::{Code, Problem, Value};
use part::KindEntry;
use part::catalogue::Snapshot;
use part::kind::{CheckEnv, Checked, Found, UniqueKey};

use crate::parts::Kinds;

/// Largest spec, as JSON: 1 MiB. Bigger content is a blob.
pub const SPEC_LIMIT: usize = 1 << 20;
/// Most labels of a resource, and the longest key or value.
const LABEL_LIMITS: (usize, usize) = (64, 256);

/// A manifest that may be stored.
pub struct Judged {
    /// Its kind.
    pub kind: KindEntry,
    /// The spec as it will be stored.
    pub value: Value,
    /// The decoded spec.
    pub spec: Box<dyn Checked>,
    /// What it refers to, each once.
    pub refs: Vec<Ref>,
    /// Values that nobody else of the scope may hold.
    pub keys: Vec<UniqueKey>,
}

/// Decodes a manifest's spec: unknown kinds, versions and fields are refused.
pub fn decode(kinds: &Kinds, manifest: &Manifest) -> Result<(KindEntry, Box<dyn Checked>), Problem> {
    let kind = *kinds.named(&manifest.kind).ok_or_else(|| {
        let known: Vec<&str> = kinds.all().iter().map(|kind| kind.name).collect();
        let detail = format!("there is no kind `{}`", manifest.kind.chars().take(80).collect::<String>());
        Problem::new(Code::UnknownKind, detail).at("/kind").hint(format!("kinds are {}", known.join(", ")))
    })?;
    if let Some(only) = kind.only_name.filter(|only| *only != manifest.name.as_str()) {
        let detail = format!("there is one `{}` in a scope, and its name is `{only}`", kind.name);
        return Err(Problem::new(Code::InvalidName, detail).at("/name"));
    }
    let spec = kind.decode(manifest.spec_version, manifest.spec.clone()).map_err(|problem| problem.below("/spec"))?;
    Ok((kind, spec))
}

/// Judges whether a manifest may be stored. All problems are returned, with pointers into the manifest.
pub fn judge(kinds: &Kinds, catalogue: &Snapshot, manifest: &Manifest) -> Result<Judged, Problem> {
    check_labels(&manifest.labels)?;
    let (kind, spec) = decode(kinds, manifest)?;
    let value = spec.value();
    let size = serde_json::to_vec(&value).map_or(0, |text| text.len());
    if size > SPEC_LIMIT {
        let detail = format!("the spec has {size} bytes as JSON, and at most {SPEC_LIMIT} are kept");
        return Err(Problem::new(Code::TooLarge, detail).at("/spec"));
    }
    let found = spec.check().0;
    if let Some(problem) = Problem::from_many(found.into_iter().map(|problem| problem.below("/spec")).collect()) {
        return Err(problem);
    }
    let mut refs: Vec<Ref> = spec.refs(catalogue).into_iter().map(|place| place.target).collect();
    refs.sort();
    refs.dedup();
    let keys = spec.unique_keys();
    Ok(Judged { kind, value, spec, refs, keys })
}

/// What keeps a resource from working, given what its references lead to.
pub fn runnable(spec: &dyn Checked, catalogue: &Snapshot, found: &BTreeMap<Ref, Found>) -> Vec<Problem> {
    let find = |target: &Ref| found.get(target).cloned().unwrap_or(Found::Missing);
    let env = CheckEnv { catalogue, find: &find };
    spec.runnable(&env).0.into_iter().map(|problem| problem.below("/spec")).collect()
}

fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), Problem> {
    let (most, longest) = LABEL_LIMITS;
    if labels.len() > most {
        return Err(Problem::new(Code::TooLarge, format!("a resource has at most {most} labels")).at("/labels"));
    }
    for (key, value) in labels {
        let place = format!("/labels/{}", model::problem::pointer_step(key));
        if key.is_empty() || key.len() > longest || value.len() > longest || key.contains(['=', ',']) {
            let detail =
                format!("a label's key has 1 to {longest} bytes without `=` and `,`, its value at most {longest}");
            return Err(Problem::new(Code::InvalidSpec, detail).at(place));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(manifest: Value) -> Result<Judged, Problem> {
        let manifest: Manifest = serde_json::from_value(manifest).unwrap();
        judge(&crate::parts::kinds(), &crate::parts::catalogue().snapshot(), &manifest)
    }

    #[test]
    fn what_cannot_be_stored_is_refused_with_its_place() {
        let refuse = |manifest: Value| {
            let problem = judged(manifest).err().unwrap();
            (problem.code, problem.pointer.unwrap_or_default())
        };
        let (code, place) = refuse(json!({ "kind": "nothing", "name": "a", "spec": {} }));
        assert_eq!((code, place.as_str()), (Code::UnknownKind, "/kind"));
        let (code, place) = refuse(json!({ "kind": "variable", "name": "a", "spec": { "value": 1, "secret": 2 } }));
        assert_eq!((code, place.as_str()), (Code::InvalidSpec, "/spec/secret"));
        let (code, place) = refuse(json!({ "kind": "egress", "name": "other", "spec": {} }));
        assert_eq!((code, place.as_str()), (Code::InvalidName, "/name"));
        let (code, _) = refuse(json!({ "kind": "variable", "name": "a", "spec": { "value": "x".repeat(SPEC_LIMIT) } }));
        assert_eq!(code, Code::TooLarge);
        let (code, _) = refuse(json!({ "kind": "variable", "name": "a", "specVersion": 9, "spec": { "value": 1 } }));
        assert_eq!(code, Code::Unsupported);
    }

    #[test]
    fn an_unresolved_workflow_is_storable_and_its_problems_are_listed() {
        let manifest = json!({
            "kind": "workflow", "name": "a",
            "spec": { "nodes": [{ "name": "Call", "type": "n8n.slack", "connections": { "auth": "gone" } }] }
        });
        let judged = judged(manifest).unwrap();
        assert_eq!(judged.refs.iter().map(Ref::to_string).collect::<Vec<_>>(), ["connection/gone"]);
        let problems = runnable(&*judged.spec, &crate::parts::catalogue().snapshot(), &BTreeMap::new());
        let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&Code::UnknownNodeType) && codes.contains(&Code::UnresolvedReference), "{codes:?}");
    }
}
