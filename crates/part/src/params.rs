//! Typed parameters: a Rust struct whose JSON may hold expressions.

use std::sync::Arc;

use model::template::Params;
use model::{Code, Map, Problem, Value};
use serde::de::DeserializeOwned;

use crate::{Category, NodeError};

/// Parameters of type `T`. Without expressions they are read once; with them, once per item.
#[derive(Debug)]
pub struct Typed<T> {
    params: Params,
    fixed: Option<Arc<T>>,
}

impl<T: DeserializeOwned> Typed<T> {
    /// Compiles a node's parameters. Literal parts are checked now, expressions when they have values.
    pub fn compile(map: &Map) -> Result<Self, Vec<Problem>> {
        let params = Params::compile(map).map_err(below_params)?;
        let fixed = match params.literal() {
            Some(literal) => Some(Arc::new(check::<T>(literal.clone()).map_err(|problem| vec![problem])?)),
            None => {
                check_literals::<T>(map).map_err(|problem| vec![problem])?;
                None
            }
        };
        Ok(Typed { params, fixed })
    }

    /// The compiled tree.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The value, when no expression is in it.
    pub fn fixed(&self) -> Option<&Arc<T>> {
        self.fixed.as_ref()
    }
}

fn below_params(problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| problem.below("/params")).collect()
}

/// Reads evaluated parameters.
pub fn parse<T: DeserializeOwned>(map: Map) -> Result<T, NodeError> {
    check(map).map_err(|problem| {
        let mut error = NodeError::new(problem.code, Category::BadData, problem.detail.clone());
        error.problem = problem;
        error
    })
}

fn check<T: DeserializeOwned>(map: Map) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| invalid(&error))
}

/// Checks a tree that holds expressions: a complaint about a place that an expression fills is no complaint.
fn check_literals<T: DeserializeOwned>(map: &Map) -> Result<(), Problem> {
    let Err(error) = serde_path_to_error::deserialize::<_, T>(Value::Object(map.clone())) else { return Ok(()) };
    let problem = invalid(&error);
    let pointer = problem.pointer.as_deref().and_then(|pointer| pointer.strip_prefix("/params")).unwrap_or_default();
    let whole = Value::Object(map.clone());
    // A tagged enum reports its parent, so an expression anywhere below the place silences the complaint too.
    let place = whole.pointer(pointer);
    if place.is_none_or(has_expression) { Ok(()) } else { Err(problem) }
}

fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with('='),
        Value::Array(values) => values.iter().any(has_expression),
        Value::Object(map) => map.values().any(has_expression),
        _ => false,
    }
}

fn invalid(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let mut pointer = String::from("/params");
    for segment in error.path() {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", model::problem::pointer_step(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    Problem::new(Code::InvalidParameter, error.inner().to_string()).at(pointer)
}

/// Encodes as standard, padded base64.
pub fn to_base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Decodes standard or URL-safe base64, padded or not.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    use base64::engine::DecodePaddingMode;
    use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &base64::alphabet::URL_SAFE } else { &base64::alphabet::STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        max: u32,
        #[serde(default)]
        keep: Option<Keep>,
    }

    #[derive(serde::Deserialize, Debug)]
    #[serde(rename_all = "camelCase")]
    enum Keep {
        First,
        Last,
    }

    fn compile(value: Value) -> Result<Typed<Limit>, Vec<Problem>> {
        Typed::compile(value.as_object().unwrap())
    }

    #[test]
    fn literals_are_checked_and_expressions_are_left_for_later() {
        let fixed = compile(json!({ "max": 3, "keep": "last" })).unwrap();
        assert!(matches!(fixed.fixed().unwrap().as_ref(), Limit { max: 3, keep: Some(Keep::Last) }));
        assert!(compile(json!({ "max": "={{ $json.max }}" })).unwrap().fixed().is_none());
        let problems = compile(json!({ "max": "three" })).unwrap_err();
        assert_eq!(problems[0].pointer.as_deref(), Some("/params/max"));
        let problems = compile(json!({ "max": "={{ 1 }}", "keep": "middle" }));
        assert!(problems.is_ok(), "only the first complaint is known, and an expression explains it");
        assert!(compile(json!({ "max": 1, "keep": "=first", "more": 1 })).is_err());
    }
}
