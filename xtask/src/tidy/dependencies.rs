//! Every outside dependency has a line that says whose it is and why it is there.

use super::manifest::Manifest;
use super::{Finding, Rule, Tree};

/// Where the lines are.
const RECORD: &str = "docs/adr/0002-dependencies.md";

pub const RULE: Rule = Rule {
    name: "dependencies",
    why: "a dependency costs build time and trust for ever, so somebody owns it and says why",
    mend: "add a row | `name` | owner | licence | why | to docs/adr/0002-dependencies.md, or delete the one that is left",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.text("Cargo.toml") else { return Vec::new() };
    let record = tree.text(RECORD).unwrap_or_default();
    let rows: Vec<(usize, &str)> =
        record.lines().enumerate().filter_map(|(at, line)| Some((at + 1, row(line)?))).collect();
    let root = Manifest::parse("Cargo.toml", root);
    let outside: Vec<_> = root.dependencies.iter().filter(|dependency| !dependency.is_path).collect();
    let mut findings = Vec::new();
    for dependency in &outside {
        if !rows.iter().any(|(_, name)| *name == dependency.name) {
            let what = format!("`{}` has no row in {RECORD}", dependency.name);
            findings.push(Finding::at("Cargo.toml", dependency.line, what));
        }
    }
    for (line, name) in rows {
        if !outside.iter().any(|dependency| dependency.name == name) {
            findings.push(Finding::at(RECORD, line, format!("`{name}` is no dependency of the workspace")));
        }
    }
    findings
}

/// The dependency that a line of the table is about.
fn row(line: &str) -> Option<&str> {
    line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn list_and_record_must_agree() {
        let root = "[workspace.dependencies]\nmodel = { path = \"crates/model\" }\nserde = \"1\"\ntar = \"1\"\n";
        let record = "| dependency | owner |\n|---|---|\n| `serde` | model |\n| `zip` | fishplate |\n";
        let found = findings(&RULE, &[("Cargo.toml", root), (RECORD, record)]);
        assert_eq!(
            found,
            [
                "Cargo.toml:4 `tar` has no row in docs/adr/0002-dependencies.md",
                "docs/adr/0002-dependencies.md:4 `zip` is no dependency of the workspace",
            ]
        );
    }
}
