//! Fragments of the change log can be put together by a program.

use super::{Finding, Rule, Tree};

const FOLDER: &str = "changelog.d/";
/// Kinds of change, in the order of the change log.
const KINDS: &[&str] = &["added", "changed", "fixed", "removed", "security"];

pub const RULE: Rule = Rule {
    name: "changelog",
    why: "a release's change log is made of the fragments, without anybody editing them",
    mend: "name it <slug>.<added|changed|fixed|removed|security>.md and write full sentences for users, one a line",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with(FOLDER) && !path.ends_with("/README.md")) {
        let name = &path[FOLDER.len()..];
        let parts: Vec<&str> = name.split('.').collect();
        let slug_fits = |slug: &str| {
            !slug.is_empty()
                && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !matches!(parts[..], [slug, kind, "md"] if slug_fits(slug) && KINDS.contains(&kind)) {
            findings.push(Finding::of(path, "the name is not <slug>.<kind>.md"));
        }
        if text.trim().is_empty() {
            findings.push(Finding::of(path, "the fragment is empty"));
        }
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            if line.starts_with('#') {
                findings.push(Finding::at(path, at + 1, "a fragment has no headings"));
            } else if !line.ends_with('.') {
                findings.push(Finding::at(path, at + 1, "a line is a sentence and ends with a full stop"));
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
    fn ill_formed_fragments_are_found() {
        let found = findings(
            &RULE,
            &[
                ("changelog.d/README.md", "# How"),
                ("changelog.d/good-one.added.md", "Workflows can be run.\n"),
                ("changelog.d/Bad.added.md", "It works.\n"),
                ("changelog.d/empty.fixed.md", "\n"),
                ("changelog.d/kind.better.md", "no sentence\n"),
            ],
        );
        assert_eq!(
            found,
            [
                "changelog.d/Bad.added.md the name is not <slug>.<kind>.md",
                "changelog.d/empty.fixed.md the fragment is empty",
                "changelog.d/kind.better.md the name is not <slug>.<kind>.md",
                "changelog.d/kind.better.md:1 a line is a sentence and ends with a full stop",
            ]
        );
    }
}
