//! Every node type that is taken in from n8n is held against n8n's in at least three cases.

use std::collections::{BTreeMap, BTreeSet};

use differential::CaseFile;

/// Node types that cannot be held against n8n's, and why.
const NOT_COMPARED: &[(&str, &str)] = &[
    (
        "n8n-nodes-base.start",
        "n8n 2 has no such node any more: it is read for old workflows, and stands for a trigger by hand",
    ),
    (
        "n8n-nodes-base.evaluationTrigger",
        "it starts only where n8n's editor begins an evaluation; elsewhere both stand still, which two cases hold",
    ),
    (
        "n8n-nodes-base.awsS3",
        "n8n puts the bucket into the name of Amazon's host, which no store on this machine answers; the cases of `s3` hold \
         the same operations",
    ),
];

/// Cases that each node type has at least.
const LEAST: usize = 3;

#[test]
fn every_node_type_has_at_least_three_cases() {
    let mut counts = BTreeMap::new();
    for (kind, count) in differential::files().unwrap().iter().flat_map(CaseFile::types) {
        *counts.entry(kind).or_insert(0) += count;
    }
    let types = nodes::built_in().into_iter().chain(protocols::nodes());
    let theirs: BTreeSet<&str> = types.flat_map(|kind| kind.n8n().iter().map(|mapping| mapping.node_type)).collect();
    for (kind, _) in NOT_COMPARED {
        let count = counts.get(*kind).copied().unwrap_or(0);
        assert!(theirs.contains(kind) && count < LEAST, "`{kind}` has {count} cases, and stands among those without");
    }
    let few = |kind: &&&str| counts.get(**kind).is_none_or(|count| *count < LEAST);
    let excused = |kind: &str| NOT_COMPARED.iter().any(|(other, _)| *other == kind);
    let missing: Vec<&str> = theirs.iter().filter(few).copied().filter(|kind| !excused(kind)).collect();
    assert!(missing.is_empty(), "fewer than {LEAST} cases: {}", missing.join(", "));
    for (kind, count) in counts.iter().filter(|(kind, _)| theirs.contains(kind.as_str())) {
        eprintln!("| {} | {count} |", kind.trim_start_matches("n8n-nodes-base."));
    }
}
