//! Every connector of the catalogue is sound, and its fixtures hold.
//!
//! `FISHPLATE_CATALOG` names another catalogue, `FISHPLATE_ONLY` one connector of it.

use std::path::PathBuf;

use connectors::catalog;
use connectors::fixture::run_all;
use sandbox::{Options, Sandbox};

fn catalogue() -> PathBuf {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../catalog/connectors");
    std::env::var_os("FISHPLATE_CATALOG").map_or_else(own, PathBuf::from)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_is_sound_and_its_fixtures_hold() {
    let only = std::env::var("FISHPLATE_ONLY").ok();
    let sandbox = Sandbox::new(Options::with_worker(testkit::step::worker().unwrap()));
    let (mut faults, mut cases, mut operations, mut mapped) = (Vec::new(), 0, 0, 0);
    for folder in catalog::folders(&catalogue()).unwrap() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let checked = connectors::check::folder(&folder);
        faults.extend(checked.faults.into_iter().map(|fault| format!("{name}: {fault}")));
        let Some(connector) = checked.connector else { continue };
        for kind in &connector.types {
            let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| testkit::contract::check(&**kind)));
            if let Err(said) = broken {
                let said = said.downcast_ref::<String>().cloned();
                faults.push(said.unwrap_or_else(|| format!("{name}: a rule of node types is broken")));
            }
        }
        operations += connector.manifest.operations.len();
        mapped += connector.manifest.operations.values().filter(|operation| !operation.n8n.is_empty()).count();
        match run_all(&folder, &connector, &sandbox).await {
            Ok(outcomes) => {
                cases += outcomes.len();
                faults.extend(outcomes.into_iter().filter_map(|outcome| {
                    Some(format!("{name}: {}: {}: {}", outcome.operation, outcome.case, outcome.fault?))
                }));
            }
            Err(fault) => faults.push(fault),
        }
    }
    sandbox.shutdown().await;
    eprintln!("{operations} operations, {mapped} of them for nodes of n8n, {cases} cases");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
