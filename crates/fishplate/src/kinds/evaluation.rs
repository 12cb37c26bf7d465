//! Kind `evaluation`: which of several services to take, judged by criteria that were agreed on before.

use std::collections::{BTreeMap, BTreeSet};

use model::resource::Ref;
use model::{Name, Problems};
use part::Kind;
use part::catalogue::Snapshot;
use part::kind::Use;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vendor::{BEST, Faults, is_one, one};

/// Which of several services to take, judged by criteria that were agreed on before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evaluation {
    /// Title for people.
    pub title: String,
    /// What a service is wanted for, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question: String,
    /// What candidates are judged by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
    /// That those who decide have agreed on criteria and weights, before candidates were scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Agreement>,
    /// What there is to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// What was chosen; absent: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// What candidates are judged by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Criterion {
    /// Its name, unique in the evaluation.
    pub name: String,
    /// How much it counts beside the others, 1 to 100.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// What counts, and what a good score takes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
    /// Who does not reach `atLeast` is out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_have: bool,
    /// The least score that a must-have takes.
    #[serde(default = "enough", skip_serializing_if = "is_enough")]
    pub at_least: u8,
}

/// Who agreed, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Agreement {
    /// Who.
    pub by: String,
    /// On which day, such as `2027-03-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub on: Option<String>,
}

/// Something that could be chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Candidate {
    /// Its name, unique in the evaluation.
    pub name: String,
    /// The vendor that it is, when it is in the register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Name>,
    /// Scores by the names of criteria.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, Mark>,
    /// Whatever else is to be known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

/// How good a candidate is by a criterion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mark {
    /// 0 (useless) to 5 (could not be better); absent: not judged yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    /// Name of the candidate.
    pub chosen: String,
    /// On which day, such as `2027-03-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub on: Option<String>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

fn enough() -> u8 {
    3
}

fn is_enough(score: &u8) -> bool {
    *score == enough()
}

/// Kind `evaluation`.
pub struct EvaluationKind;

impl Kind for EvaluationKind {
    const NAME: &'static str = "evaluation";
    const PLURAL: &'static str = "evaluations";
    const SUMMARY: &'static str = "Which of several services to take, judged by criteria that were agreed on before.";
    type Spec = Evaluation;

    fn check(spec: &Evaluation) -> Problems {
        let mut found = Faults::default();
        found.title("/title", &spec.title);
        let mut criteria = BTreeSet::new();
        for (at, criterion) in spec.criteria.iter().enumerate() {
            let place = format!("/criteria/{at}");
            found.title(&format!("{place}/name"), &criterion.name);
            if !criteria.insert(criterion.name.as_str()) {
                found.refuse(&format!("{place}/name"), format!("there are two criteria `{}`", criterion.name));
            }
            found.weight(&format!("{place}/weight"), criterion.weight);
            if criterion.at_least == 0 || criterion.at_least > BEST {
                found.refuse(&format!("{place}/atLeast"), format!("a must-have takes a score of 1 to {BEST}"));
            }
        }
        if let Some(agreed) = &spec.agreed {
            found.title("/agreed/by", &agreed.by);
            found.day("/agreed/on", agreed.on.as_deref());
        }
        let mut candidates = BTreeSet::new();
        for (at, candidate) in spec.candidates.iter().enumerate() {
            let place = format!("/candidates/{at}");
            found.title(&format!("{place}/name"), &candidate.name);
            if !candidates.insert(candidate.name.as_str()) {
                found.refuse(&format!("{place}/name"), format!("there are two candidates `{}`", candidate.name));
            }
            for (criterion, mark) in &candidate.scores {
                let place = format!("{place}/scores/{}", model::problem::pointer_step(criterion));
                if !criteria.contains(criterion.as_str()) {
                    found.refuse(&place, format!("there is no criterion `{criterion}`"));
                }
                found.score(&format!("{place}/score"), mark.score);
            }
        }
        if let Some(decision) = &spec.decision {
            if !candidates.contains(decision.chosen.as_str()) {
                found.refuse("/decision/chosen", format!("there is no candidate `{}`", decision.chosen));
            }
            found.day("/decision/on", decision.on.as_deref());
        }
        found.0
    }

    fn refs(spec: &Evaluation, _: &Snapshot) -> Vec<Use> {
        let candidates = spec.candidates.iter().enumerate();
        let vendors = candidates.filter_map(|(at, candidate)| {
            let target = Ref { kind: "vendor".into(), name: candidate.vendor.clone()? };
            Some(Use { target, pointer: format!("/candidates/{at}/vendor"), needed: false })
        });
        vendors.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(spec: Value, expect: &[&str]) {
        let spec: Evaluation = serde_json::from_value(spec).unwrap();
        let found = EvaluationKind::check(&spec).0;
        let places: Vec<&str> = found.iter().map(|problem| problem.pointer.as_deref().unwrap_or_default()).collect();
        assert_eq!(places, expect, "{found:?}");
    }

    #[test]
    fn scores_belong_to_criteria_and_the_choice_to_the_candidates() {
        check(
            json!({
                "title": "Mail", "criteria": [{ "name": "price" }],
                "candidates": [{ "name": "Acme", "scores": { "price": { "score": 5 } } }],
                "decision": { "chosen": "Acme" }
            }),
            &[],
        );
        check(
            json!({
                "title": "", "criteria": [{ "name": "a/b", "weight": 101 }, { "name": "a/b", "atLeast": 0 }],
                "agreed": { "by": "", "on": "2027-02-29" },
                "candidates": [
                    { "name": "Acme", "scores": { "a/b": { "score": 6 }, "c/d": {} } },
                    { "name": "Acme" }
                ],
                "decision": { "chosen": "Other", "on": "now" }
            }),
            &[
                "/title",
                "/criteria/0/weight",
                "/criteria/1/name",
                "/criteria/1/atLeast",
                "/agreed/by",
                "/agreed/on",
                "/candidates/0/scores/a~1b/score",
                "/candidates/0/scores/c~1d",
                "/candidates/1/name",
                "/decision/chosen",
                "/decision/on",
            ],
        );
    }

    #[test]
    fn candidates_refer_to_vendors() {
        let spec = json!({ "title": "Mail", "candidates": [{ "name": "A" }, { "name": "B", "vendor": "acme" }] });
        let spec: Evaluation = serde_json::from_value(spec).unwrap();
        let uses = EvaluationKind::refs(&spec, &part::Catalogue::default().snapshot());
        let places: Vec<(String, &str)> =
            uses.iter().map(|place| (place.target.to_string(), place.pointer.as_str())).collect();
        assert_eq!(places, [("vendor/acme".to_owned(), "/candidates/1/vendor")]);
    }
}
