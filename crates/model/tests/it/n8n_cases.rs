//! Replays `tests/data/n8n_cases.json`: the answers of n8n's own evaluator to whole templates.

use model::Value;
use model::expr::{EvalError, Template};
use serde::Deserialize;

use crate::world::World;

#[derive(Deserialize)]
struct Cases {
    json: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    expected: String,
}

/// The most cases, per hundred, that may be left to the sandbox; all others are answered as n8n answers.
const LEFT_PER_HUNDRED: usize = 20;

#[test]
fn answers_are_those_of_n8n() {
    let cases: Cases = serde_json::from_str(include_str!("../data/n8n_cases.json")).expect("the cases are JSON");
    let world = World::new(cases.json);
    let (mut wrong, mut left) = (Vec::new(), Vec::new());
    for case in &cases.cases {
        let outcome = match Template::parse(&case.template).map(|template| template.eval(&world)) {
            Ok(Err(EvalError::NeedsJavaScript)) => {
                left.push(&case.template);
                continue;
            }
            Ok(Err(EvalError::Failed { message })) => format!("fails: {message}"),
            Ok(Ok(None)) => "undefined".to_owned(),
            Ok(Ok(Some(value))) => value.to_string(),
            Err(error) => format!("unreadable: {error}"),
        };
        if outcome != case.expected {
            wrong.push(format!("{} gave {outcome}; expected {}", case.template, case.expected));
        }
    }
    println!("{} cases, {} left to the sandbox", cases.cases.len(), left.len());
    left.iter().for_each(|template| println!("left: {template}"));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(left.len() * 100 <= cases.cases.len() * LEFT_PER_HUNDRED, "{} cases are not native", left.len());
}
