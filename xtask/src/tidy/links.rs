//! Links between documents lead somewhere.

use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "links",
    why: "a document that points nowhere is worse than none",
    mend: "mend the path (relative to the document) or the heading behind `#`",
    check,
};

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, target) in links(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) };
            let Some(file) = file.filter(|file| tree.has(file)) else {
                findings.push(Finding::at(path, line, format!("`{target}` leads nowhere")));
                continue;
            };
            let known =
                tree.text(&file).is_none_or(|text| anchor.is_empty() || anchors(text).any(|known| known == anchor));
            if !known {
                findings.push(Finding::at(path, line, format!("`{file}` has no heading `#{anchor}`")));
            }
        }
    }
    findings
}

/// Targets of the inline links, outside code.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(line, text)| {
        text.match_indices("](").filter_map(move |(at, _)| {
            let target = &text[at + 2..];
            let in_code = text[..at].matches('`').count() % 2 == 1;
            (!in_code).then(|| target.find(')').map(|end| (line, &target[..end]))).flatten()
        })
    })
}

/// Numbered lines outside fenced code.
pub fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, line))
    })
}

/// What headings are called in links.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter_map(|(_, line)| {
        let title = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
        let letters = title.chars().flat_map(char::to_lowercase);
        let kept = letters.filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        Some(kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect())
    })
}

/// Path from the root of what a document at `from` calls `target`.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "\
# One: the first
[a](b.md#two-words) [b](../README.md) [c](gone.md) [d](https://example.com/x)
[e](#one-the-first) [f](b.md#three) `[g](no.md)` [h](../../out.md) [i](errors)
```
[j](no.md)
```
";
        let files = [("docs/a.md", text), ("docs/b.md", "## Two words\n"), ("README.md", ""), ("docs/errors/x.md", "")];
        assert_eq!(
            findings(&RULE, &files),
            [
                "docs/a.md:2 `gone.md` leads nowhere",
                "docs/a.md:3 `../../out.md` leads nowhere",
                "docs/a.md:3 `docs/b.md` has no heading `#three`",
            ]
        );
    }
}
