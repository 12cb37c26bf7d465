//! The workflows of `examples/` could be activated as they are.

use std::path::Path;

use engine::bundle::{Content, decode};
use engine::kinds::Workflow;
use model::WorkflowSpec;
use model::resource::{Manifest, Ref};
use part::kind::{CheckEnv, Found, Kind};

#[test]
fn every_example_is_runnable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut manifests: Vec<Manifest> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Beside them lies what they are tried with.
        if path.is_dir() {
            continue;
        }
        match decode(&std::fs::read(&path).unwrap()) {
            Ok(Content::Manifests(found)) => manifests.extend(found),
            other => panic!("{} holds no manifests: {other:?}", path.display()),
        }
    }
    let catalogue = part::Catalogue::new(nodes::built_in()).snapshot();
    let known = |target: &Ref| manifests.iter().any(|one| one.kind == target.kind && one.name == target.name);
    let find = |target: &Ref| if known(target) { Found::Ready } else { Found::Missing };
    let env = CheckEnv { catalogue: &catalogue, find: &find };
    let workflows: Vec<&Manifest> = manifests.iter().filter(|manifest| manifest.kind == "workflow").collect();
    assert!(workflows.len() >= 20, "only {} workflows were found", workflows.len());
    for manifest in workflows {
        let spec: WorkflowSpec = serde_json::from_value(manifest.spec.clone()).unwrap();
        let mut problems = Workflow::check(&spec).0;
        problems.extend(Workflow::runnable(&spec, &env).0);
        assert!(problems.is_empty(), "{}: {problems:#?}", manifest.name);
    }
}
