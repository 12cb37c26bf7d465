//! Nothing half-done and nothing for debugging is committed.

use super::code::code_only;
use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "macros",
    why: "what is half-done must not look finished, and debugging output is no log",
    mend: "finish it, or refuse with a problem (`Code::Unsupported`); log with `tracing`",
    check,
};

const BANNED: &[&str] = &["todo!", "unimplemented!", "dbg!", "allow(dead_code"];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.ending(".rs") {
        for (at, line) in code_only(source).lines().enumerate() {
            for banned in BANNED.iter().filter(|banned| line.contains(**banned)) {
                findings.push(Finding::at(path, at + 1, format!("`{}`", banned.trim_end_matches('!'))));
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
    fn half_done_work_is_found() {
        let source = "fn a() { todo!() }\nfn b() { say(\"todo!\"); }\n#[allow(dead_code)]\n";
        assert_eq!(findings(&RULE, &[("a.rs", source)]), ["a.rs:1 `todo`", "a.rs:3 `allow(dead_code`"]);
    }
}
