//! Files stay short enough to be read at one go.

use super::{Finding, Rule, Tree};

/// Most lines of a Rust file.
const MOST: usize = 800;

pub const RULE: Rule = Rule {
    name: "length",
    why: "a file holds one idea; past 800 lines it holds two",
    mend: "split it by idea, for example the tests, or a part with a name of its own",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let long = tree.ending(".rs").map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > MOST);
    long.map(|(path, lines)| Finding::of(path, format!("{lines} lines, at most {MOST}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn long_files_are_found() {
        let (right, long) = ("x\n".repeat(MOST), "x\n".repeat(MOST + 1));
        let found = findings(&RULE, &[("a.rs", &right), ("b.rs", &long), ("c.json", &long)]);
        assert_eq!(found, ["b.rs 801 lines, at most 800"]);
    }
}
