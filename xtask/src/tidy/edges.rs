//! Which crate may build on which.

use super::manifest::{Manifest, Section};
use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "edges",
    why: "arrows between crates point one way; siblings meet through resources, events and node types only",
    mend: "move what both need down to `part` or `model`; a new crate gets a line in xtask/src/tidy/edges.rs",
    check,
};

const FLOOR: &[&str] = &["model", "store", "outbound", "sandbox", "auth", "part"];

/// What each crate may build on, of our own.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("store", &["model"]),
    ("outbound", &["model"]),
    ("sandbox", &["model"]),
    // Bytes in, values out; it knows nothing of ours.
    ("formats", &[]),
    ("auth", &["model", "store", "outbound"]),
    ("part", &["model", "store", "outbound", "sandbox", "auth"]),
    ("engine", FLOOR),
    ("nodes", &["model", "store", "outbound", "sandbox", "auth", "part", "formats"]),
    ("protocols", &["model", "store", "outbound", "sandbox", "auth", "part", "formats"]),
    ("connectors", FLOOR),
    ("inbound", &["model", "store", "outbound", "sandbox", "auth", "part", "formats"]),
    (
        "fishplate",
        &[
            "model",
            "store",
            "outbound",
            "sandbox",
            "auth",
            "part",
            "engine",
            "formats",
            "nodes",
            "protocols",
            "connectors",
            "inbound",
        ],
    ),
    // Never shipped. `world` plays the outside and knows nothing of ours, so that every crate may test with it.
    ("world", &[]),
    ("differential", &["formats", "world"]),
    ("testkit", &["model", "store", "outbound", "sandbox", "auth", "part", "world"]),
    ("xtask", &["world", "differential"]),
    ("fuzz", &["model", "part", "nodes", "engine", "formats", "inbound", "protocols"]),
    (
        "benches",
        &["model", "store", "outbound", "sandbox", "auth", "part", "engine", "nodes", "inbound", "world", "testkit"],
    ),
];

/// What tests may build on beyond that. The testkit builds on the floor, so crates of the floor use `world` only.
const TESTS: &[(&str, &[&str])] = &[
    ("store", &["world"]),
    ("outbound", &["world"]),
    ("auth", &["world"]),
    ("part", &["world"]),
    // Runs of real nodes; `nodes` is the wider side and tests itself on the testkit's bench.
    ("engine", &["nodes", "testkit", "world"]),
    ("nodes", &["testkit", "world"]),
    ("protocols", &["testkit", "world"]),
    ("inbound", &["testkit", "world"]),
    ("connectors", &["testkit", "world"]),
    ("fishplate", &["testkit", "world", "differential"]),
    ("testkit", &["nodes"]),
];

/// Outside dependencies with few owners: one crate of ours touches each heavy or dangerous one.
const OWNED: &[(&str, &[&str])] = &[
    ("reqwest", &["outbound"]),
    ("rquickjs", &["sandbox"]),
    ("seccompiler", &["sandbox"]),
    ("mongodb", &["protocols"]),
    ("rusqlite", &["store", "protocols"]),
    ("tokio-postgres", &["store", "protocols", "world"]),
    ("deadpool-postgres", &["store"]),
    ("jsonwebtoken", &["auth"]),
    ("calamine", &["formats"]),
    ("cfb", &["formats"]),
    ("html5ever", &["formats", "inbound", "nodes"]),
    ("lopdf", &["formats"]),
    ("rust_xlsxwriter", &["formats"]),
    ("cap-std", &["part"]),
    ("clap", &["fishplate"]),
    ("anyhow", &["fishplate", "xtask", "testkit", "world", "differential", "benches"]),
];

fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = Manifest::all(tree);
    let ours: Vec<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
    let mut findings = Vec::new();
    for manifest in &manifests {
        let find = |table: &[(&str, &'static [&'static str])]| {
            table.iter().find(|(name, _)| *name == manifest.name).map(|(_, edges)| *edges)
        };
        let Some(allowed) = find(ALLOWED) else {
            findings.push(Finding::of(&manifest.path, format!("the crate `{}` is not in the table", manifest.name)));
            continue;
        };
        let in_tests = find(TESTS).unwrap_or_default();
        for dependency in &manifest.dependencies {
            let (name, line) = (dependency.name.as_str(), dependency.line);
            let tests = dependency.section == Section::Dev;
            let fits = allowed.contains(&name) || tests && in_tests.contains(&name);
            if ours.contains(&name) && !fits {
                let what = format!("`{}` must not build on `{name}`", manifest.name);
                findings.push(Finding::at(&manifest.path, line, what));
            }
            if let Some((_, owners)) = OWNED.iter().find(|(owned, _)| *owned == name)
                && !tests
                && !owners.contains(&manifest.name.as_str())
            {
                let what = format!("`{name}` belongs to {} alone", owners.join(" and "));
                findings.push(Finding::at(&manifest.path, line, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn an_edge_against_the_arrows_is_found() {
        let found = findings(
            &RULE,
            &[
                ("crates/model/Cargo.toml", "[package]\nname = \"model\"\n[dependencies]\nserde.workspace = true\n"),
                (
                    "crates/nodes/Cargo.toml",
                    "[package]\nname = \"nodes\"\n[dependencies]\nmodel.workspace = true\nengine.workspace = true\n\
                     reqwest = { workspace = true }\n[dev-dependencies]\ntestkit.workspace = true\n",
                ),
                (
                    "crates/engine/Cargo.toml",
                    "[package]\nname = \"engine\"\n[dev-dependencies]\nnodes.workspace = true\n",
                ),
                ("testkit/Cargo.toml", "[package]\nname = \"testkit\"\n"),
                ("crates/new/Cargo.toml", "[package]\nname = \"new\"\n"),
            ],
        );
        assert_eq!(
            found,
            [
                "crates/new/Cargo.toml the crate `new` is not in the table",
                "crates/nodes/Cargo.toml:5 `nodes` must not build on `engine`",
                "crates/nodes/Cargo.toml:6 `reqwest` belongs to outbound alone",
            ]
        );
    }

    #[test]
    fn the_table_has_no_circle() {
        fn reaches(from: &str, to: &str, depth: usize) -> bool {
            let edges = ALLOWED.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, edges)| *edges);
            depth < 20 && edges.iter().any(|next| *next == to || reaches(next, to, depth + 1))
        }
        assert!(ALLOWED.iter().all(|(name, _)| !reaches(name, name, 0)));
    }
}
