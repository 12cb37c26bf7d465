//! The ranking of an evaluation's candidates. The app ranks while somebody types, by the same cases
//! (`ranking-cases.json`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vendors::mean;
use crate::kinds::{Criterion, Evaluation};

/// How an evaluation stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ranking {
    /// The candidates, the best first; those that lack a must-have stand last.
    pub items: Vec<Standing>,
}

/// How a candidate stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Name of the candidate.
    pub name: String,
    /// Its place, from 1; equals share one. None: it is out, or nothing is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// Weighted mean of what is judged, 0 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Criteria by which it is not judged yet.
    pub missing: Vec<String>,
    /// Must-haves that it lacks: it is out.
    pub failed: Vec<String>,
}

/// Ranks the candidates.
pub fn ranking(evaluation: &Evaluation) -> Ranking {
    let mut items: Vec<Standing> = evaluation
        .candidates
        .iter()
        .map(|candidate| {
            let score = |criterion: &Criterion| candidate.scores.get(&criterion.name).and_then(|mark| mark.score);
            let names = |wanted: &dyn Fn(&Criterion) -> bool| -> Vec<String> {
                let criteria = evaluation.criteria.iter().filter(|criterion| wanted(criterion));
                criteria.map(|criterion| criterion.name.clone()).collect()
            };
            let judged = evaluation.criteria.iter().filter_map(|one| Some((one.weight, score(one)?)));
            Standing {
                name: candidate.name.clone(),
                place: None,
                score: mean(judged),
                missing: names(&|one| score(one).is_none()),
                failed: names(&|one| one.must_have && score(one).is_some_and(|score| score < one.at_least)),
            }
        })
        .collect();
    let worth = |one: &Standing| one.score.unwrap_or(-1.0);
    // Stable: who is as good stands in the order of the evaluation.
    items.sort_by(|one, other| {
        one.failed.is_empty().cmp(&other.failed.is_empty()).reverse().then(worth(other).total_cmp(&worth(one)))
    });
    for at in 0..items.len() {
        if items[at].score.is_none() || !items[at].failed.is_empty() {
            continue;
        }
        let twin = at.checked_sub(1).map(|before| &items[before]).filter(|twin| twin.score == items[at].score);
        items[at].place = twin.map_or(Some(at + 1), |twin| twin.place);
    }
    Ranking { items }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        evaluation: Evaluation,
        expect: Vec<Standing>,
    }

    #[test]
    fn candidates_are_ranked_as_the_cases_say() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("ranking-cases.json")).unwrap();
        assert!(cases.len() > 4);
        for case in cases {
            assert_eq!(ranking(&case.evaluation).items, case.expect, "{}", case.name);
        }
    }
}
