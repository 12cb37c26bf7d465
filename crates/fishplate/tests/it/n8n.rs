//! An n8n for one test: a real one where `FISHPLATE_TEST_N8N` names it (`make shadow-n8n`), else its recorded answers.

use std::collections::BTreeMap;

use serde_json::Value;
use world::recorder::{Condition, Recorder, Rule};

/// What every n8n of the tests answers to a key that is not its own.
const KEY_HEADER: &str = "x-n8n-api-key";

/// An n8n.
pub struct N8n {
    pub url: String,
    pub key: String,
    /// Where it is recorded; it ends with this.
    _recorder: Option<Recorder>,
}

impl N8n {
    pub async fn start() -> N8n {
        match (std::env::var("FISHPLATE_TEST_N8N"), std::env::var("FISHPLATE_TEST_N8N_KEY")) {
            (Ok(url), Ok(key)) => N8n { url, key, _recorder: None },
            _ => N8n::recorded().await,
        }
    }

    /// The recorded one, also where a real one is at hand.
    pub async fn recorded() -> N8n {
        let text = std::fs::read(differential::live::answers_path()).unwrap();
        let answers: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let recorder = Recorder::start().await.unwrap();
        let key = "recorded".to_owned();
        let mut by_path: BTreeMap<String, Vec<(Condition, Rule)>> = BTreeMap::new();
        for answer in &answers {
            let text = |field: &str| answer[field].as_str().unwrap().to_owned();
            let whole = text("path");
            let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
            let headers = answer["headers"].as_object().unwrap().iter();
            let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
            let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
            let rule = Rule::Answer { status, headers, body: text("body") };
            let asked = answer["key"].as_bool();
            let condition = Condition {
                method: Some(text("method")),
                query: query
                    .split('&')
                    .find(|part| part.starts_with("cursor="))
                    .map(|part| part.replace('=', "%3D").replacen("%3D", "=", 1)),
                header: (asked == Some(true)).then(|| (KEY_HEADER.to_owned(), key.clone())),
                body: Some(text("sent")).filter(|body| !body.is_empty()),
            };
            by_path.entry(path.to_owned()).or_default().push((condition, rule));
        }
        // Every other path says what n8n says of a path that it does not have.
        let nothing = by_path["/api/v1/no-such-thing"][0].1.clone();
        recorder.on("/", nothing.clone());
        for (path, mut cases) in by_path {
            // What asks for more is tried first.
            cases.sort_by_key(|(condition, _)| (condition.query.is_none(), condition.header.is_none()));
            recorder.on(&path, Rule::Match { cases, otherwise: Box::new(nothing.clone()) });
        }
        N8n { url: recorder.url(""), key, _recorder: Some(recorder) }
    }
}
