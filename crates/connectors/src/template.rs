//! Expressions of manifests, compiled once.

use futures_util::future::BoxFuture;
use model::template::Params;
use model::{Map, Value};
use part::NodeError;

/// Evaluates what is no plain path: the engine's evaluator where an operation runs, another where it is tried out.
pub trait Evaluate: Sync {
    /// The parameters under these globals.
    fn evaluate<'a>(&'a self, params: &'a Params, globals: &'a Map) -> BoxFuture<'a, Result<Map, NodeError>>;
}

/// A value that may hold expressions.
#[derive(Clone, Debug)]
pub enum Template {
    /// The same for everybody.
    Fixed(Value),
    /// A global's value, or what is at a path in it (`={{ $params.name }}`): no evaluator is needed.
    Path {
        /// With its dollar.
        global: String,
        /// Path of dots; empty: the whole.
        path: String,
    },
    /// Anything else, as the field `v`, and how it is written.
    Params(Box<Params>, String),
}

impl Template {
    /// Compiles a value.
    ///
    /// # Errors
    /// An expression cannot be read; says why.
    pub fn compile(value: &Value) -> Result<Template, String> {
        if let Some(template) = value.as_str().and_then(plain_path) {
            return Ok(template);
        }
        let mut map = Map::new();
        map.insert("v".into(), value.clone());
        let params = Params::compile(&map)
            .map_err(|problems| problems.into_iter().map(|problem| problem.detail).collect::<Vec<_>>().join("; "))?;
        Ok(match params.literal() {
            Some(_) => Template::Fixed(value.clone()),
            None => Template::Params(Box::new(params), shown(value)),
        })
    }

    /// Its value; `null` where it is undefined.
    pub async fn value(&self, by: &dyn Evaluate, globals: &Map) -> Result<Value, NodeError> {
        match self {
            Template::Fixed(value) => Ok(value.clone()),
            Template::Path { global, path } => {
                let value = globals.get(global).map(|value| match value {
                    // JavaScript finds fields by their names alone.
                    Value::Object(_) | Value::Array(_) => crate::path::at(value, path),
                    other => path.is_empty().then(|| other.clone()),
                });
                Ok(value.flatten().unwrap_or_default())
            }
            Template::Params(params, text) => {
                let made = by.evaluate(params, globals).await;
                let mut map = made.map_err(|mut error| {
                    error.problem.detail = format!("{} (in `{text}`)", error.problem.detail);
                    error
                })?;
                Ok(map.swap_remove("v").unwrap_or_default())
            }
        }
    }

    /// Whether it holds true, as JavaScript reads it.
    pub async fn holds(&self, by: &dyn Evaluate, globals: &Map) -> Result<bool, NodeError> {
        Ok(match self.value(by, globals).await? {
            Value::Null => false,
            Value::Bool(flag) => flag,
            Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(_) | Value::Object(_) => true,
        })
    }
}

/// The beginning of a text, or of the first expression in a value.
fn shown(value: &Value) -> String {
    const MOST: usize = 80;
    let text = match value {
        Value::Object(map) => map.values().map(shown).find(|text| text.starts_with('=')),
        Value::Array(list) => list.iter().map(shown).find(|text| text.starts_with('=')),
        other => other.as_str().map(str::to_owned),
    };
    let text = text.unwrap_or_default();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// `={{ $name.a.b }}`.
fn plain_path(text: &str) -> Option<Template> {
    let inner = text.strip_prefix("={{")?.strip_suffix("}}")?.trim();
    let name = inner.strip_prefix('$')?;
    let plain = |step: &str| {
        !step.is_empty()
            && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !step.as_bytes()[0].is_ascii_digit()
            && step != "length"
    };
    if !name.split('.').all(plain) || matches!(name.split('.').next(), Some("json" | "now" | "today" | "input")) {
        return None;
    }
    let (global, path) = name.split_once('.').unwrap_or((name, ""));
    Some(Template::Path { global: format!("${global}"), path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_paths_need_no_evaluator_and_others_do() {
        let path = |text: &str| match Template::compile(&json!(text)).unwrap() {
            Template::Path { global, path } => format!("{global}:{path}"),
            Template::Fixed(_) => "fixed".into(),
            Template::Params(..) => "expression".into(),
        };
        for (text, expect) in [
            ("={{ $params.a.b }}", "$params:a.b"),
            ("={{$response}}", "$response:"),
            ("={{ $params.a ?? 1 }}", "expression"),
            ("={{ $params.list.length }}", "expression"),
            ("={{ $json.a }}", "expression"),
            ("=a {{ $params.a }}", "expression"),
            ("plain", "fixed"),
        ] {
            assert_eq!(path(text), expect, "{text}");
        }
        assert!(matches!(Template::compile(&json!({ "a": [1] })), Ok(Template::Fixed(_))));
        assert!(matches!(Template::compile(&json!({ "a": ["={{ 1 }}"] })), Ok(Template::Params(..))));
    }
}
