//! Tests wait for what they wait for.

use super::code::{code_only, is_test_file, shipped};
use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "test-sleep",
    why: "a test that sleeps is slow on a fast machine and wrong on a slow one",
    mend: "wait for a signal, or pause tokio's clock and advance it",
    check,
};

/// Where one of these is, time stands still until every task waits, and then jumps: such a sleep takes no time.
const PAUSES: &[&str] = &["start_paused = true", "time::pause()"];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The tools below are no tests: they wait for servers that they started, and load them for a while.
    let tools = |path: &str| {
        ["testkit/world/src/", "testkit/differential/src/", "testkit/src/torture/", "benches/", "xtask/src/"]
            .iter()
            .any(|folder| path.starts_with(folder))
    };
    for (path, source) in tree.ending(".rs").filter(|(path, _)| !tools(path)) {
        let code = code_only(source);
        let paused = PAUSES.iter().any(|pause| code.contains(pause));
        let sleeps = |line: &str| line.contains("thread::sleep(") || line.contains("time::sleep(") && !paused;
        let tests_from = if is_test_file(path) { 0 } else { shipped(&code).lines().count() };
        for (at, line) in code.lines().enumerate().skip(tests_from) {
            if sleeps(line) {
                findings.push(Finding::at(path, at + 1, "a test sleeps"));
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
    fn sleeping_tests_are_found_and_sleeping_code_is_not() {
        let source =
            "fn a() { tokio::time::sleep(b); }\n#[cfg(test)]\nmod tests {\n    fn c() { thread::sleep(d); }\n}\n";
        let test = "fn a() { std::thread::sleep(b); }\n";
        let paused = "#[tokio::test(start_paused = true)]\nasync fn a() { tokio::time::sleep(b).await; }\n";
        let files =
            [("crates/a/src/a.rs", source), ("crates/a/tests/it/b.rs", test), ("crates/a/tests/it/c.rs", paused)];
        let found = findings(&RULE, &files);
        assert_eq!(found, ["crates/a/src/a.rs:4 a test sleeps", "crates/a/tests/it/b.rs:1 a test sleeps"]);
    }
}
