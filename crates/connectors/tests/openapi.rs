//! Documents of real vendors become connectors whose requests are those that the documents describe.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use connectors::manifest::Manifest;
use connectors::{catalog, fixture, openapi};
use model::Value;
use sandbox::{Options, Sandbox};
use serde_json::json;
use testkit::step::{Bench, items};

fn documents() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/openapi");
    let mut found: Vec<PathBuf> = std::fs::read_dir(corpus)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "json") && !path.ends_with("manifest.json"))
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_of_a_document_becomes_one_that_can_be_called() {
    let sandbox = Sandbox::new(Options::with_worker(testkit::step::worker().unwrap()));
    for document in documents() {
        let made = openapi::generate(&std::fs::read(&document).unwrap(), None).unwrap();
        assert_eq!(made.operations, made.described, "{}", document.display());
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(made.name.as_str());
        std::fs::create_dir_all(folder.join("fixtures")).unwrap();
        std::fs::write(folder.join("connector.yaml"), &made.manifest).unwrap();
        for (name, text) in &made.fixtures {
            std::fs::write(folder.join("fixtures").join(format!("{name}.yaml")), text).unwrap();
        }
        let connector = catalog::of_folder(&folder).unwrap();
        let outcomes = fixture::run_all(&folder, &connector, &sandbox).await.unwrap();
        assert_eq!(outcomes.len(), made.operations);
        let faults: Vec<String> = outcomes
            .into_iter()
            .filter_map(|outcome| Some(format!("{}: {}", outcome.operation, outcome.fault?)))
            .collect();
        assert!(faults.is_empty(), "{}:\n{}", document.display(), faults.join("\n"));
        eprintln!("| {} | {} | {} notes |", document.file_stem().unwrap().display(), made.operations, made.notes.len());
    }
    sandbox.shutdown().await;
}

/// Share of operations that a server of the document takes as they are sent, in percent.
const CALLABLE: f64 = 95.0;

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_check_requests_by_the_document_take_them() {
    let (mut all, mut taken, mut faults) = (0, 0, Vec::new());
    for document in documents() {
        let text = std::fs::read(&document).unwrap();
        let made = openapi::generate(&text, None).unwrap();
        // Accounts are tested elsewhere; here is no vendor who would know one.
        let place = tempfile::tempdir().unwrap();
        let bare = place.path().join("document.json");
        let mut whole: Value = serde_json::from_slice(&text).unwrap();
        without_security(&mut whole);
        std::fs::write(&bare, whole.to_string()).unwrap();
        let server = testkit::prism::start(&bare).unwrap();
        let mut manifest: Value = serde_yaml_ng::from_str(&made.manifest).unwrap();
        manifest["base"] = format!("http://{}", server.address).into();
        manifest["auth"] = json!({});
        let manifest: Manifest = serde_json::from_value(manifest).unwrap();
        let types = connectors::node::types(&Arc::new(manifest)).unwrap();
        for (name, fixture) in &made.fixtures {
            let cases: Value = serde_yaml_ng::from_str(fixture).unwrap();
            let id = format!("{}.{name}", made.name);
            let kind = types.iter().find(|kind| kind.descriptor().id == id).unwrap();
            let params = match &cases[0]["params"] {
                Value::Null => json!({}),
                params => params.clone(),
            };
            let file =
                json!({ "data": { "mimeType": "text/plain", "fileName": "a.txt", "data": "Y29udGVudA==", "size": 7 } });
            let item = json!([{ "json": {}, "binary": file }]);
            let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
            let bench = Bench::new(&**kind, params).unwrap().outbound(outbound);
            all += 1;
            match bench.attempt_async(vec![items(&item)], None).await {
                Ok(_) => taken += 1,
                Err(error) => {
                    let status = error.context.as_ref().and_then(|context| context["status"].as_u64());
                    // It is the document that gives no example of an answer.
                    // So it is when the answer is not packed as the document says.
                    let unread = error.problem.code == model::Code::UpstreamProtocol;
                    let theirs = unread || status.is_some_and(|status| status >= 500);
                    taken += usize::from(theirs);
                    if !theirs {
                        faults.push(format!("{id}: {error}"));
                    }
                }
            }
        }
    }
    let share = f64::from(taken as u32) * 100.0 / f64::from(all.max(1) as u32);
    eprintln!("{taken} of {all} operations are taken ({share:.1} %)\n{}", faults.join("\n"));
    assert!(all == 0 || share >= CALLABLE, "{taken} of {all}:\n{}", faults.join("\n"));
}

fn without_security(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("security");
            map.values_mut().for_each(without_security);
        }
        Value::Array(list) => list.iter_mut().for_each(without_security),
        _ => {}
    }
}
