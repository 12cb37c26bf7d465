//! Documents of real vendors become connectors whose requests are those that the documents describe.

use std::path::{Path, PathBuf};

use connectors::{catalog, fixture, openapi};
use sandbox::{Options, Sandbox};

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
