//! The map of the house names every room.

use super::manifest::Manifest;
use super::{Finding, Rule, Tree};

const MAP: &str = "docs/architecture.md";

pub const RULE: Rule = Rule {
    name: "code-map",
    why: "a newcomer finds every crate in docs/architecture.md",
    mend: "add a row for the crate to the code map there",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let map = tree.text(MAP).unwrap_or_default();
    let missing = Manifest::all(tree).into_iter().filter(|manifest| !map.contains(&format!("| `{}` |", manifest.name)));
    missing.map(|manifest| Finding::of(MAP, format!("the code map has no row for `{}`", manifest.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn a_crate_that_is_not_on_the_map_is_found() {
        let files = [
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
            (MAP, "| `a` | first |\n"),
        ];
        assert_eq!(findings(&RULE, &files), ["docs/architecture.md the code map has no row for `b`"]);
    }
}
