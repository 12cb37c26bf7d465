//! Every crate says what it is before anything else.

use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "crate-docs",
    why: "whoever opens a crate reads first what it is, what it must never do, and where to start",
    mend: "begin the file with `//!`: what this is, what it must never do, where to start reading",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs"))
    {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let words = head.iter().flat_map(|line| line[3..].split_whitespace()).count();
        // Fewer words than these cannot say it.
        if words < 8 {
            findings.push(Finding::at(path, 1, "the crate does not say what it is"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn a_crate_without_words_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "//! Workflows that survive: the machine, the runner, and repair.\n\nmod b;\n"),
            ("crates/b/src/lib.rs", "mod c;\n"),
            ("crates/c/src/main.rs", "//! to come\n"),
            ("crates/a/src/b.rs", "fn c() {}\n"),
        ];
        let found = findings(&RULE, &files);
        assert_eq!(
            found,
            [
                "crates/b/src/lib.rs:1 the crate does not say what it is",
                "crates/c/src/main.rs:1 the crate does not say what it is",
            ]
        );
    }
}
