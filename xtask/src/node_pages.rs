//! Makes `docs/nodes/` of the node types, and `docs/connectors/` of the connectors.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::tidy;

/// The tests that compare pages and node types write the pages when they are asked to: they have the node types, and
/// this program is built without them. Package, target and test.
const TESTS: [[&str; 3]; 3] = [
    ["fishplate", "it", "node_pages::every_node_type_has_its_page"],
    ["connectors", "pages", "the_index_says_what_the_manifests_say"],
    ["connectors", "pages", "every_connector_has_a_page_that_says_what_its_manifest_says"],
];

/// Writes the pages.
pub fn run(_: Vec<OsString>) -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for [package, target, test] in TESTS {
        let written = Command::new(&cargo)
            .args(["test", "--quiet", "--package", package, "--test", target, "--", "--exact", test])
            .env("FISHPLATE_WRITE_NODE_PAGES", "1")
            .current_dir(tidy::root())
            .status()
            .context("cargo could not be started")?;
        ensure!(written.success(), "the pages of {package} were not written");
    }
    println!("docs/nodes and docs/connectors are up to date");
    Ok(ExitCode::SUCCESS)
}
