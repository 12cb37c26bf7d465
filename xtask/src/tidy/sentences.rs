//! One sentence per line in Markdown.

use super::links::prose;
use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "sentences",
    why: "with one sentence per line, a diff shows which sentence changed",
    mend: "begin a new line behind the full stop",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        let lines = prose(text).filter(|(_, line)| !line.trim_start().starts_with('|'));
        for (line, _) in lines.filter(|(_, line)| has_two(line)) {
            findings.push(Finding::at(path, line, "two sentences on one line"));
        }
    }
    findings
}

/// A full stop, question or exclamation mark, a space, and a capital letter, outside inline code.
fn has_two(line: &str) -> bool {
    let outside: String = line.split('`').enumerate().map(|(at, part)| if at % 2 == 0 { part } else { "x" }).collect();
    // The number of a list's entry ends no sentence.
    let text = outside.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit());
    let letters: Vec<char> = text.chars().collect();
    letters.windows(4).any(|four| {
        let ends = matches!(four[1], '.' | '!' | '?') && (four[0].is_lowercase() || matches!(four[0], ')' | '*'));
        ends && four[2] == ' ' && four[3].is_uppercase()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_told_from_other_full_stops() {
        assert!(has_two("It runs. Then it ends."));
        assert!(has_two("Use `x`. Then `y`."));
        assert!(!has_two("1. First it runs, see `a. B`."));
        assert!(!has_two("Version 1. It"));
        assert!(!has_two("It runs, e.g. on Linux."[..8].trim()));
    }
}
