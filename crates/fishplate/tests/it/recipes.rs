//! The recipes of `examples/` come to what stands beside them, as whoever tries them sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use world::recorder::{Recorder, Rule};

use crate::server::BINARY;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn data(name: &str) -> PathBuf {
    folder().join("data").join(name)
}

/// What the nodes put out that the expectation names.
async fn run(name: &str, variable: Option<String>, nodes: &[String]) -> Value {
    let mut arguments = vec!["--output".to_owned(), "json".into(), "run".into()];
    arguments.push(folder().join(format!("{name}.yaml")).display().to_string());
    let input = data(&format!("{name}.input.json"));
    if input.exists() {
        arguments.extend(["--input".into(), input.display().to_string()]);
    }
    arguments.extend(variable.into_iter().flat_map(|variable| ["--variable".into(), variable]));
    let ran = tokio::task::spawn_blocking(move || {
        Command::new(BINARY).args(arguments).env_remove("FISHPLATE_TOKEN").output().unwrap()
    });
    let ran = ran.await.unwrap();
    let whole: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|_| panic!("{name}: {}", String::from_utf8_lossy(&ran.stderr)));
    assert_eq!(whole["run"]["status"], "completed", "{name}: {whole}");
    let plain =
        |items: &Value| -> Vec<Value> { items.as_array().unwrap().iter().map(|item| item["json"].clone()).collect() };
    let mut seen = Map::new();
    for node in nodes {
        let outputs = whole["nodes"][node][0]["outputs"].as_array();
        let outputs: Vec<Vec<Value>> = outputs.into_iter().flatten().map(plain).collect();
        seen.insert(node.clone(), json!(outputs));
    }
    Value::Object(seen)
}

#[tokio::test]
async fn every_recipe_comes_to_what_it_promises() {
    let outside = Recorder::start().await.unwrap();
    let file = |name: &str, content: &str| Rule::Answer {
        status: 200,
        headers: vec![("content-type".into(), content.into())],
        body: std::fs::read_to_string(data(name)).unwrap(),
    };
    let good = Box::new(Rule::json(&json!({ "ok": true })));
    outside
        .on("/feed", file("rss-digest.xml", "application/rss+xml"))
        .on("/page", file("scrape.html", "text/html"))
        .on("/flaky", Rule::Failing { times: 2, first: Box::new(Rule::status(500)), then: good })
        .on("/broken", Rule::status(500));
    let mut expectations: Vec<PathBuf> =
        std::fs::read_dir(folder().join("data")).unwrap().map(|entry| entry.unwrap().path()).collect();
    expectations.retain(|path| path.to_string_lossy().ends_with(".expected.json"));
    expectations.sort();
    assert!(expectations.len() >= 10, "there are only {} recipes", expectations.len());
    for path in expectations {
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".expected.json");
        let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let nodes: Vec<String> = expected.as_object().unwrap().keys().cloned().collect();
        let variable = match name {
            "rss-digest" => Some(format!("FEED={}", outside.url("/feed"))),
            "scrape" => Some(format!("PAGE={}", outside.url("/page"))),
            "retry" => Some(format!("SERVICE={}", outside.url(""))),
            _ => None,
        };
        let seen = run(name, variable, &nodes).await;
        assert_eq!(seen, expected, "{name}");
        let recipe = std::fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
        assert!(recipe.starts_with("# "), "{name} says what it is for");
        assert!(recipe.contains(&format!("fishplate run examples/{name}.yaml")), "{name} says how to try it");
    }
    let asked = |path: &str| outside.requests().iter().filter(|request| request.path == path).count();
    assert_eq!((asked("/flaky"), asked("/broken")), (3, 2), "every try is one call");
}
