//! Files that people hand over: manifests and workflows of n8n. What is read comes back as it was.

#![no_main]

use std::sync::{Arc, LazyLock};

use engine::bundle::{self, Content, Format};
use engine::n8n;
use libfuzzer_sys::fuzz_target;
use part::Catalogue;
use part::catalogue::Snapshot;

static CATALOGUE: LazyLock<Arc<Snapshot>> =
    LazyLock::new(|| Catalogue::new([nodes::built_in(), protocols::nodes()].concat()).snapshot());

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Content::Manifests(manifests)) = bundle::decode(bytes) {
        for format in [Format::Json, Format::Yaml] {
            let text = bundle::encode(&manifests, format).expect("what was read can be written");
            assert_eq!(bundle::decode(text.as_bytes()), Ok(Content::Manifests(manifests.clone())), "{text}");
        }
    }
    let Ok(import) = n8n::import(bytes, "fuzz.json", &CATALOGUE) else { return };
    for workflow in import.workflows {
        assert!(workflow.report.round_trip, "the export differs from the file");
        let out = n8n::export(&workflow.spec, &workflow.name, &CATALOGUE).workflow;
        let again = n8n::import(out.to_string().as_bytes(), "fuzz.json", &CATALOGUE).expect("an export can be read");
        assert!(again.workflows[0].report.round_trip, "the second export differs from the first");
    }
});
