//! Documents of real vendors become connectors whose requests are those that the documents describe.
//!
//! They are those of the shared corpus, where there is one, and those of a folder of one's own:
//! `FISHPLATE_OPENAPI=/path/to/documents cargo nextest run -p connectors -E 'binary(openapi)' --no-capture` tries each
//! `.json`, `.yaml` and `.yml` in it, and prints a row for each: operations, how many were made, how many a server takes
//! that checks requests by the document, seconds and memory of the making.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use connectors::manifest::Manifest;
use connectors::openapi::{Document, Made, Options};
use connectors::{catalog, fixture, openapi};
use model::Value;
use sandbox::Sandbox;
use serde_json::json;
use testkit::step::{Bench, items};

fn documents() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/openapi");
    let folder = std::env::var_os("FISHPLATE_OPENAPI").map_or(corpus, PathBuf::from);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let kind = path.extension().and_then(|kind| kind.to_str());
            matches!(kind, Some("json" | "yaml" | "yml")) && !path.ends_with("manifest.json")
        })
        .collect();
    found.sort();
    found
}

fn made(path: &Path) -> (Document, Made) {
    let document = Document::open(path).unwrap_or_else(|problem| panic!("{}: {}", path.display(), problem.detail));
    let made = openapi::make(&document, &Options::default());
    let made = made.unwrap_or_else(|problem| panic!("{}: {}", path.display(), problem.detail));
    (document, made)
}

/// Most memory that this process has had since the last look, in MB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    peak.unwrap_or_default() / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_of_a_document_becomes_one_that_can_be_called() {
    let sandbox = Sandbox::new(sandbox::Options::with_worker(testkit::step::worker().unwrap()));
    for document in documents() {
        memory();
        let begin = Instant::now();
        let (_, made) = made(&document);
        let row = format!("{:.1} s | {} MB", begin.elapsed().as_secs_f64(), memory());
        assert_eq!(made.operations, made.described, "{}", document.display());
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(made.name.as_str());
        std::fs::create_dir_all(folder.join("fixtures")).unwrap();
        std::fs::write(folder.join("connector.yaml"), &made.manifest).unwrap();
        std::fs::write(folder.join("icon.svg"), "<svg viewBox=\"0 0 24 24\"/>").unwrap();
        for (name, text) in &made.fixtures {
            std::fs::write(folder.join("fixtures").join(format!("{name}.yaml")), text).unwrap();
        }
        let connector = catalog::of_folder(&folder).unwrap_or_else(|fault| panic!("{}: {fault}", document.display()));
        let mut faults: Vec<String> =
            connectors::check::folder(&folder).faults.iter().map(ToString::to_string).collect();
        let outcomes = fixture::run_all(&folder, &connector, &sandbox).await.unwrap();
        assert_eq!(outcomes.len(), made.operations);
        faults.extend(
            outcomes.into_iter().filter_map(|outcome| Some(format!("{}: {}", outcome.operation, outcome.fault?))),
        );
        assert!(faults.is_empty(), "{}:\n{}", document.display(), faults.join("\n"));
        let name = document.file_stem().unwrap().display();
        eprintln!("| {name} | {} | {} | {row} | {} notes |", made.described, made.operations, made.notes.len());
    }
    sandbox.shutdown().await;
}

/// Share of operations that a server of the document takes as they are sent, in percent.
const CALLABLE: f64 = 95.0;

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_check_requests_by_the_document_take_them() {
    let (mut all, mut taken, mut poor) = (0, 0, Vec::new());
    for path in documents() {
        let (document, made) = made(&path);
        let place = tempfile::tempdir().unwrap();
        let server = match started(&document, place.path()) {
            Ok(server) => server,
            // What the server cannot read says nothing about the requests.
            Err(error) => {
                eprintln!("| {} | {} | no server: {error:.120} |", made.name, made.operations);
                continue;
            }
        };
        let base = format!("http://{}", server.address);
        let mut manifest: Value = serde_yaml_ng::from_str(&made.manifest).unwrap();
        for operation in manifest["operations"].as_object_mut().unwrap().values_mut() {
            operation["request"] = here(operation["request"].as_str().unwrap(), &document, &base).into();
        }
        manifest["base"] = base.into();
        manifest["auth"] = json!({});
        let manifest: Manifest = serde_json::from_value(manifest).unwrap();
        let types = connectors::node::types(&Arc::new(manifest)).unwrap();
        let (mut own, mut count, mut faults) = (0, 0, Vec::new());
        let mut seen = BTreeSet::new();
        for ((name, fixture), place) in made.fixtures.iter().zip(described(&document)) {
            // A server cannot tell apart what differs behind the path only.
            if !seen.insert(place) {
                continue;
            }
            count += 1;
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
            match bench.attempt_async(vec![items(&item)], None).await {
                Ok(_) => own += 1,
                Err(error) => {
                    own += u32::from(is_documents_own(&error));
                    if !is_documents_own(&error) {
                        let violations =
                            error.context.as_ref().map(|context| context["headers"]["sl-violations"].to_string());
                        faults.push(format!("{id}: {error}: {:.300}", violations.unwrap_or_default()));
                    }
                }
            }
        }
        let share = f64::from(own) * 100.0 / f64::from(count.max(1));
        let same = made.fixtures.len() - count as usize;
        let shown = path.file_stem().unwrap().display();
        eprintln!("| {shown} | {count} | {own} | {share:.1} % | {same} not told apart |\n{}", faults.join("\n"));
        all += count;
        taken += own;
        if share < CALLABLE {
            poor.push(format!("{}: {own} of {count}:\n{}", path.display(), faults.join("\n")));
        }
    }
    eprintln!("{taken} of {all} operations are taken");
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}

/// Methods and paths of a document, in its order, without what stands behind a path.
fn described(document: &Document) -> Vec<(String, String)> {
    const METHODS: [&str; 9] = ["get", "put", "post", "delete", "patch", "head", "options", "trace", "query"];
    let mut places = Vec::new();
    for (path, methods) in document.root["paths"].as_object().into_iter().flatten() {
        let plain = path.split(['?', '#']).next().unwrap_or_default();
        let methods = document.resolve(methods).as_object().into_iter().flatten();
        let own = methods.filter(|(method, spec)| METHODS.contains(&method.as_str()) && spec.is_object());
        places.extend(own.map(|(method, _)| (method.clone(), plain.to_owned())));
    }
    places
}

/// Whether it is the document that gives no good answer, and not the request that is refused.
fn is_documents_own(error: &part::NodeError) -> bool {
    // What is not packed as its headers say.
    if error.problem.code == model::Code::UpstreamProtocol {
        return true;
    }
    let Some(context) = &error.context else { return false };
    let (status, headers) = (context["status"].as_u64().unwrap_or_default(), &context["headers"]);
    // No example of an answer, one that leads elsewhere, or one in another type than those that are taken.
    let none = status >= 500 || (300..400).contains(&status) || status == 406;
    // A refusal that the document gives as its only answer.
    let only = headers["sl-violations"].is_null()
        && !headers["content-type"].as_str().unwrap_or_default().contains("problem+json");
    none || only
}

/// A server of a document. Accounts are tested elsewhere, and here is no vendor who would know one.
fn started(document: &Document, place: &Path) -> Result<testkit::prism::Prism, String> {
    let mut whole = document.root.clone();
    without_accounts(&mut whole);
    // Swagger lets an operation say nothing of the type of its body; this server then takes no body at all.
    if document.old && whole.get("consumes").is_none() {
        whole["consumes"] = json!(["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]);
    }
    // What stands behind a path, no request to it has: the server would look for it in the path.
    if let Some(paths) = whole["paths"].as_object_mut() {
        for path in paths.keys().filter(|path| path.contains(['?', '#'])).cloned().collect::<Vec<_>>() {
            let plain = path.split(['?', '#']).next().unwrap_or_default().to_owned();
            let methods = paths.shift_remove(&path).unwrap_or_default();
            let known = paths.entry(plain).or_insert_with(|| json!({}));
            for (method, spec) in methods.as_object().into_iter().flatten() {
                if known.get(method).is_none() {
                    known[method] = spec.clone();
                }
            }
        }
    }
    let bare = place.join("document.json");
    std::fs::write(&bare, whole.to_string()).map_err(|error| error.to_string())?;
    testkit::prism::start(&bare).map_err(|error| format!("{error:#}"))
}

fn without_accounts(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("security");
            if map.get("$ref").and_then(Value::as_str).is_some_and(|place| !place.starts_with('#')) {
                map.clear();
            }
            if map.get("in").is_some_and(|place| place == "header")
                && map
                    .get("name")
                    .and_then(Value::as_str)
                    .is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
            {
                map.insert("required".into(), false.into());
            }
            map.values_mut().for_each(without_accounts);
        }
        Value::Array(list) => list.iter_mut().for_each(without_accounts),
        _ => {}
    }
}

/// A request to a server elsewhere as one to the server here.
fn here(request: &str, document: &Document, base: &str) -> String {
    let (method, address) = request.split_once(' ').unwrap();
    if address.starts_with('/') {
        return request.to_owned();
    }
    let folded = |text: &str| {
        let mut plain = String::new();
        let mut inside = false;
        for letter in text.chars() {
            inside = (inside || letter == '{') && letter != '}';
            if !inside {
                plain.push(letter);
            }
        }
        plain
    };
    let paths = document.root["paths"].as_object().into_iter().flatten();
    let fit = paths.map(|(path, _)| path.as_str()).filter(|path| folded(address).ends_with(&folded(path)));
    let steps = fit.map(|path| path.matches('/').count()).max().unwrap_or(1);
    let start = address.rmatch_indices('/').nth(steps - 1).map_or(0, |(at, _)| at);
    format!("{method} {base}{}", &address[start..])
}
