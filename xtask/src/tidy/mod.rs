//! Rules of the repository that neither the compiler nor clippy knows. One file a rule, one line of [`RULES`] each.
//!
//! A rule looks at a [`Tree`] (paths and texts) and says what is wrong where; why it exists and how to mend it is
//! said once, beside it. What is right all the same stands in `xtask/tidy.allow`, with its reason.

mod allow;
mod calls;
mod changelog;
mod code;
mod codemap;
mod codes;
mod crate_docs;
mod dependencies;
mod edges;
mod hosts;
mod ignored_tests;
mod length;
mod links;
mod macros;
mod manifest;
mod sentences;
mod test_sleep;
mod tree;

pub use codes::{ErrorCode, INDEX, TABLE, UNWRITTEN, error_codes, index};
pub use tree::{Tree, root};

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};

/// A rule.
pub struct Rule {
    /// Name, as the allow-list and the output write it.
    pub name: &'static str,
    /// Why it is there.
    pub why: &'static str,
    /// What to do about a finding.
    pub mend: &'static str,
    /// Looks for what breaks it.
    pub check: fn(&Tree) -> Vec<Finding>,
}

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File, relative to the root.
    pub path: String,
    /// Line from 1, when it is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// Part of the rule that the allow-list may name: `calls.spawn` for part `spawn`.
    pub part: Option<&'static str>,
}

impl Finding {
    fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Finding { path: path.to_owned(), line: Some(line), what: what.into(), part: None }
    }

    fn of(path: &str, what: impl Into<String>) -> Self {
        Finding { path: path.to_owned(), line: None, what: what.into(), part: None }
    }
}

/// All rules.
const RULES: &[&Rule] = &[
    &edges::RULE,
    &dependencies::RULE,
    &length::RULE,
    &ignored_tests::RULE,
    &test_sleep::RULE,
    &macros::RULE,
    &calls::RULE,
    &crate_docs::RULE,
    &codemap::RULE,
    &codes::RULE,
    &changelog::RULE,
    &links::RULE,
    &sentences::RULE,
    &hosts::RULE,
];

/// `tidy [rule…]`: checks the working tree, all rules or the named ones.
pub fn run(arguments: Vec<OsString>) -> Result<ExitCode> {
    let named: Vec<String> = arguments.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if let Some(unknown) = named.iter().find(|name| RULES.iter().all(|rule| rule.name != *name)) {
        let known: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        bail!("there is no rule `{unknown}`; known are {}", known.join(", "));
    }
    let chosen: Vec<&Rule> =
        RULES.iter().copied().filter(|rule| named.is_empty() || named.iter().any(|name| name == rule.name)).collect();
    let tree = Tree::read()?;
    let mut allowed = allow::Allowed::parse(tree.text(allow::FILE).unwrap_or_default())?;
    let mut count = 0;
    for (rule, findings) in judge(&tree, &chosen, &mut allowed) {
        count += findings.len();
        report(rule, &findings);
    }
    let stale = if named.is_empty() { allowed.unused() } else { Vec::new() };
    count += stale.len();
    for (line, entry) in stale {
        println!("{}:{line}: `{entry}` allows nothing any more; delete the line", allow::FILE);
    }
    println!("tidy: {} rules, {} files, {count} findings", chosen.len(), tree.len());
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What breaks the rules and is not allowed.
fn judge<'r>(tree: &Tree, rules: &[&'r Rule], allowed: &mut allow::Allowed) -> Vec<(&'r Rule, Vec<Finding>)> {
    let judged = rules.iter().map(|rule| {
        let mut findings = (rule.check)(tree);
        findings.retain(|finding| !allowed.covers(rule, finding));
        findings.sort();
        (*rule, findings)
    });
    judged.collect()
}

fn report(rule: &Rule, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    println!("{}: {}", rule.name, rule.why);
    for finding in findings {
        let place = finding.line.map_or_else(|| finding.path.clone(), |line| format!("{}:{line}", finding.path));
        let part = finding.part.map_or_else(String::new, |part| format!(" [{}.{part}]", rule.name));
        println!("  {place}: {}{part}", finding.what);
    }
    println!("  to mend: {}\n", rule.mend);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings of a rule in a tree of these files, as `path:line what`.
    pub fn findings(rule: &Rule, files: &[(&str, &str)]) -> Vec<String> {
        let mut found = (rule.check)(&Tree::of(files));
        found.sort();
        let place = |finding: &Finding| finding.line.map_or(String::new(), |line| format!(":{line}"));
        found.iter().map(|finding| format!("{}{} {}", finding.path, place(finding), finding.what)).collect()
    }

    /// The same as `cargo xtask tidy`, so that `make test` alone shows what was forgotten.
    #[test]
    fn the_repository_is_tidy() {
        let tree = Tree::read().unwrap();
        let mut allowed = allow::Allowed::parse(tree.text(allow::FILE).unwrap()).unwrap();
        let found: Vec<Finding> = judge(&tree, RULES, &mut allowed).into_iter().flat_map(|(_, found)| found).collect();
        assert!(found.is_empty(), "run `cargo xtask tidy`; it says how to mend these: {found:#?}");
        assert_eq!(allowed.unused(), [], "these lines of {} allow nothing any more", allow::FILE);
    }

    #[test]
    fn rules_have_names_of_their_own() {
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
