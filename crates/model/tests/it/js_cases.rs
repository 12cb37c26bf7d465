//! Replays `tests/data/js_cases.json`: the answers of a real JavaScript engine.

use model::Value;
use model::expr::{Engine, EvalError, Template};
use serde::Deserialize;

use crate::world::World;

#[derive(Deserialize)]
struct Cases {
    inputs: Vec<Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    input: usize,
    expression: String,
    expected: String,
}

/// The most cases, per hundred, that may be left to the sandbox; all others are answered exactly.
const LEFT_PER_HUNDRED: usize = 8;

fn eval(expression: &str, world: &World) -> Result<Option<Value>, EvalError> {
    match Template::parse(&format!("{{{{ {expression} }}}}")) {
        Ok(template) if template.engine() == Engine::Native => template.eval(world),
        Ok(_) => Err(EvalError::NeedsJavaScript),
        Err(error) => panic!("{expression}: {error}"),
    }
}

/// Equal values; numbers may differ by the last digit, because `serde_json` does not read all of them exactly.
fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap_or(0.0), right.as_f64().unwrap_or(0.0));
            left == right || (left - right).abs() <= f64::EPSILON * left.abs()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| alike(value, other)))
        }
        _ => left == right,
    }
}

#[test]
fn answers_are_those_of_a_javascript_engine() {
    let cases: Cases = serde_json::from_str(include_str!("../data/js_cases.json")).expect("the cases are JSON");
    assert!(cases.cases.len() >= 1_500, "only {} cases", cases.cases.len());
    let worlds: Vec<World> = cases.inputs.into_iter().map(World::new).collect();
    let (mut wrong, mut left) = (Vec::new(), Vec::new());
    for case in &cases.cases {
        let world = &worlds[case.input];
        // The templates' brackets cannot hold these; they are about JavaScript alone.
        if case.expression.contains("}}") || case.expression.contains("{{") {
            continue;
        }
        let value = match eval(&case.expression, world) {
            Err(EvalError::NeedsJavaScript) => {
                left.push(&case.expression);
                continue;
            }
            Err(EvalError::Failed { message }) => {
                wrong.push(format!("{} failed: {message}; expected {}", case.expression, case.expected));
                continue;
            }
            Ok(value) => value,
        };
        let is_right = match case.expected.as_str() {
            "undefined" | "throws" => value.is_none(),
            expected => {
                let parsed: Value = serde_json::from_str(expected).expect("the answer is JSON");
                // The text is exact where the parsed value may not be.
                let text = eval(&format!("JSON.stringify({}\n)", case.expression), world);
                value.as_ref().is_some_and(|value| alike(value, &parsed))
                    && (text == Err(EvalError::NeedsJavaScript) || text == Ok(Some(Value::from(expected))))
            }
        };
        if !is_right {
            let text = eval(&format!("JSON.stringify({}\n)", case.expression), world);
            wrong.push(format!("{} gave {value:?} ({text:?}); expected {}", case.expression, case.expected));
        }
    }
    println!("{} cases, {} left to the sandbox", cases.cases.len(), left.len());
    left.iter().for_each(|expression| println!("left: {expression}"));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(left.len() * 100 <= cases.cases.len() * LEFT_PER_HUNDRED, "{} cases are not native", left.len());
}
