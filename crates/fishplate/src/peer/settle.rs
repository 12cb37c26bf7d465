//! What becomes of each resource: written, left as it is, or shown as a conflict.
//!
//! An import leaves a mark on what it writes (label `n8n.mark`): the digest of the spec and labels as they were written.
//! With it three texts can be told apart without keeping any of them: what n8n has now, what the last import wrote, and
//! what is stored here. What a person has changed here is never overwritten unasked.

use std::collections::BTreeMap;

use model::resource::{Manifest, Resource};
use model::{Problem, Value};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::convert::{FROM, ID};
use crate::parts::Kinds;
use crate::resources::judge;

/// Label: digest of what the import wrote.
pub const MARK: &str = "n8n.mark";

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// It was not here.
    Created,
    /// It has changed in n8n, and nobody has changed it here.
    Updated,
    /// It is here already.
    Unchanged,
    /// It was changed here and not in n8n: it stays as it is here.
    Kept,
    /// It was changed on both sides, or another resource has its name: it stays as it is here.
    Conflict,
    /// It was changed here, and is overwritten because that was asked for.
    Forced,
    /// It cannot be stored.
    Refused,
}

impl Decision {
    /// Whether it is written.
    pub fn writes(self) -> bool {
        matches!(self, Decision::Created | Decision::Updated | Decision::Forced)
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Created => "created",
            Decision::Updated => "updated",
            Decision::Unchanged => "unchanged",
            Decision::Kept => "kept as changed here",
            Decision::Conflict => "conflict",
            Decision::Forced => "overwritten",
            Decision::Refused => "refused",
        }
    }
}

/// A resource and what becomes of it.
#[derive(Debug)]
pub struct Settled {
    /// To be written, with its mark, where the decision says so.
    pub manifest: Manifest,
    /// What becomes of it.
    pub decision: Decision,
    /// The revision that must still be stored when it is written; absent: it must not be there.
    pub revision: Option<u64>,
    /// Why it is refused or in conflict.
    pub problem: Option<Problem>,
}

/// Decides about one resource.
pub fn settle(kinds: &Kinds, mut manifest: Manifest, stored: Option<&Resource>, force: bool) -> Settled {
    let spec = match judge::decode(kinds, &manifest) {
        Ok((_, spec)) => {
            let problems = spec.check().0;
            if let Some(problem) = Problem::from_many(problems) {
                return refused(manifest, problem.below("/spec"));
            }
            spec.value()
        }
        Err(problem) => return refused(manifest, problem),
    };
    manifest.spec = spec;
    let new = mark(&manifest.kind, &manifest.spec, &manifest.labels);
    let revision = stored.map(|resource| resource.revision);
    let decision = match stored {
        None => Decision::Created,
        Some(resource) => {
            let now = mark(&resource.kind, &resource.spec, &resource.labels);
            let before = resource.labels.get(MARK);
            let same_origin = [ID, FROM].iter().all(|key| resource.labels.get(*key) == manifest.labels.get(*key));
            let changed_here = before.is_none_or(|mark| *mark != now);
            let changed_there = before.is_none_or(|mark| *mark != new);
            match (same_origin, changed_here, changed_there) {
                _ if now == new => Decision::Unchanged,
                // An account is filled in here, where n8n tells nothing: what is there is always better.
                (true, ..) if resource.kind == "connection" => Decision::Kept,
                (true, false, _) => Decision::Updated,
                _ if force => Decision::Forced,
                (true, true, false) => Decision::Kept,
                _ => Decision::Conflict,
            }
        }
    };
    let problem = (decision == Decision::Conflict).then(|| conflict(&manifest, stored));
    if decision.writes() {
        // What people have put on it beside the import's own stays.
        let own = |key: &str| [ID, FROM, MARK].contains(&key) || key.starts_with("tag.");
        let kept = stored.into_iter().flat_map(|resource| &resource.labels).filter(|(key, _)| !own(key));
        let kept: Vec<(String, String)> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
        for (key, value) in kept {
            manifest.labels.entry(key).or_insert(value);
        }
        let written = mark(&manifest.kind, &manifest.spec, &manifest.labels);
        manifest.labels.insert(MARK.into(), written);
    }
    Settled { manifest, decision, revision, problem }
}

fn refused(manifest: Manifest, problem: Problem) -> Settled {
    Settled { manifest, decision: Decision::Refused, revision: None, problem: Some(problem) }
}

fn conflict(manifest: &Manifest, stored: Option<&Resource>) -> Problem {
    let place = format!("{}/{}", manifest.kind, manifest.name);
    let foreign = stored.is_some_and(|resource| resource.labels.get(ID) != manifest.labels.get(ID));
    let detail = match foreign {
        true => format!("`{place}` is here already and does not come from this n8n"),
        false => format!("`{place}` was changed here and in n8n since the last import"),
    };
    Problem::new(model::Code::Conflict, detail)
        .hint("look with `fishplate get` and rename one of them, or import again with `--force` to take n8n's")
}

/// A digest of what an import writes. The server's own lists in a spec and people's labels are no part of it.
fn mark(kind: &str, spec: &Value, labels: &BTreeMap<String, String>) -> String {
    let spec = if kind == "connection" { auth::Connection::without_flags(spec) } else { spec.clone() };
    let tags: BTreeMap<&String, &String> = labels.iter().filter(|(key, _)| key.starts_with("tag.")).collect();
    let text = json!({ "spec": spec, "tags": tags }).to_string();
    store::digest(text.as_bytes()).to_string().chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: &str) -> Manifest {
        Manifest {
            kind: "variable".into(),
            name: "a".parse().unwrap(),
            spec_version: None,
            labels: [(ID.to_owned(), "1".to_owned()), (FROM.to_owned(), "here".to_owned())].into(),
            spec: json!({ "value": value }),
        }
    }

    fn stored(manifest: Manifest) -> Resource {
        Resource {
            kind: manifest.kind,
            name: manifest.name,
            scope: model::Scope::default(),
            spec_version: 1,
            revision: 7,
            labels: manifest.labels,
            spec: manifest.spec,
            created_at: String::new(),
            updated_at: String::new(),
            updated_by: String::new(),
        }
    }

    #[test]
    fn what_people_changed_here_is_kept_until_they_say_otherwise() {
        let kinds = crate::parts::kinds();
        let first = settle(&kinds, variable("1"), None, false);
        assert_eq!((first.decision, first.revision), (Decision::Created, None));
        let mut here = stored(first.manifest);
        here.labels.insert("team".into(), "mine".into());
        let check = |here: &Resource, value: &str, force: bool| {
            let settled = settle(&kinds, variable(value), Some(here), force);
            (settled.decision, settled.manifest.labels.get("team").cloned())
        };
        let mine = Some("mine".to_owned());
        assert_eq!(check(&here, "1", false).0, Decision::Unchanged);
        assert_eq!(check(&here, "2", false), (Decision::Updated, mine.clone()));
        here.spec = json!({ "value": "mine" });
        assert_eq!(check(&here, "1", false).0, Decision::Kept);
        assert_eq!(check(&here, "2", false).0, Decision::Conflict);
        assert_eq!(check(&here, "1", true), (Decision::Forced, mine.clone()));
        assert_eq!(check(&here, "2", true), (Decision::Forced, mine));
        assert_eq!(check(&here, "mine", false).0, Decision::Unchanged, "both sides came to the same");
        here.labels.clear();
        let settled = settle(&kinds, variable("1"), Some(&here), false);
        assert_eq!(settled.decision, Decision::Conflict, "a stranger of that name");
        assert!(settled.problem.unwrap().detail.contains("does not come from this n8n"));
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        let mut broken = variable("1");
        broken.spec = json!({ "valeu": 1 });
        let settled = settle(&crate::parts::kinds(), broken, None, true);
        assert!(settled.decision == Decision::Refused && settled.problem.is_some());
    }
}
