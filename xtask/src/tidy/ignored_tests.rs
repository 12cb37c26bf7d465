//! Every test is run.

use super::code::code_only;
use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "ignored-tests",
    why: "a test that is not run rots, and nobody notices",
    mend: "assert today's wrong answer and say why it is wrong, or mend the code",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.ending(".rs") {
        for (at, line) in code_only(source).lines().enumerate() {
            let line: String = line.split_whitespace().collect();
            if line.contains("#[ignore]") || line.contains("#[ignore=") || line.contains(",ignore)]") {
                findings.push(Finding::at(path, at + 1, "a test is ignored"));
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
    fn ignored_tests_are_found() {
        let source = "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n// #[ignore]\n#[ignore]\n#[cfg_attr(miri, ignore)]\n";
        let found = findings(&RULE, &[("a.rs", source)]);
        assert_eq!(found, ["a.rs:2 a test is ignored", "a.rs:5 a test is ignored", "a.rs:6 a test is ignored"]);
    }
}
