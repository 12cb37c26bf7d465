//! Every problem code has a page, every page has a code.

use super::{Finding, Rule, Tree};

/// Where the table is.
pub const TABLE: &str = "crates/model/src/codes.rs";
const PAGES: &str = "docs/errors/";

pub const RULE: Rule = Rule {
    name: "error-pages",
    why: "whoever meets a problem code can look up what it means and what to do",
    mend: "run `cargo xtask error-pages` for the overview and for pages to fill in; delete pages of codes that are gone",
    check,
};

/// A line of the table.
#[derive(Debug, PartialEq)]
pub struct ErrorCode<'t> {
    /// `FPnnnn`.
    pub code: String,
    /// HTTP status.
    pub status: &'t str,
    /// `No` or `Backoff`.
    pub class: &'t str,
    /// One line for people.
    pub title: &'t str,
}

/// The codes of the table's text.
pub fn error_codes(table: &str) -> Vec<ErrorCode<'_>> {
    table.lines().filter_map(error_code).collect()
}

fn error_code(line: &str) -> Option<ErrorCode<'_>> {
    let (number, rest) = line.trim().strip_prefix('"')?.split_once("\" ")?;
    if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (facts, title) = rest.split_once(" \"")?;
    let mut facts = facts.split(' ').skip(1);
    let (status, class) = (facts.next()?, facts.next()?);
    Some(ErrorCode { code: format!("FP{number}"), status, class, title: title.strip_suffix("\";")? })
}

impl ErrorCode<'_> {
    /// Path of its page.
    pub fn page(&self) -> String {
        format!("{PAGES}{}.md", self.code)
    }

    /// First line of its page.
    pub fn heading(&self) -> String {
        format!("# {}: {}", self.code, self.title)
    }

    /// The line that says how a program should take it.
    pub fn facts(&self) -> String {
        let again = match self.class {
            "Backoff" => "the same request may succeed later; back off between tries",
            _ => "the same request fails again",
        };
        format!("HTTP status {}; {again}.", self.status)
    }
}

/// The overview of all pages; written by `error-pages`, never by hand.
pub const INDEX: &str = "docs/errors/README.md";

/// Groups of codes by their first two digits.
const GROUPS: &[(&str, &str)] = &[
    ("FP00", "Requests and access"),
    ("FP01", "Resources"),
    ("FP02", "Workflows"),
    ("FP03", "Runs"),
    ("FP04", "Expressions and code"),
    ("FP05", "Calls to the outside"),
    ("FP06", "Events coming in"),
    ("FP07", "The store"),
    ("FP08", "Import and export"),
];

/// The text of the overview.
pub fn index(codes: &[ErrorCode<'_>]) -> String {
    let mut text = String::from(
        "# Problem codes\n\nEvery refusal has a code; over HTTP it comes as `application/problem+json` (RFC 9457) with \
         `code`, `detail`, a JSON `pointer` to the place and, where possible, a `hint`.\nThe table in \
         `crates/model/src/codes.rs` is the source, and `cargo xtask error-pages` writes this page.\n",
    );
    for (prefix, title) in GROUPS {
        text += &format!("\n## {title}\n\n| code | status | what |\n|---|---|---|\n");
        for code in codes.iter().filter(|code| code.code.starts_with(prefix)) {
            let ErrorCode { code, status, title, .. } = code;
            text += &format!("| [{code}]({code}.md) | {status} | {title} |\n");
        }
    }
    text
}

/// Words that a generated page begins with and a finished one does not have.
pub const UNWRITTEN: &str = "(to be written)";

fn check(tree: &Tree) -> Vec<Finding> {
    let codes = error_codes(tree.text(TABLE).unwrap_or_default());
    let mut findings = Vec::new();
    for code in &codes {
        let path = code.page();
        let Some(page) = tree.text(&path) else {
            findings.push(Finding::of(TABLE, format!("{} has no page {path}", code.code)));
            continue;
        };
        if page.lines().next() != Some(&code.heading()) {
            findings.push(Finding::at(&path, 1, format!("the page must begin with `{}`", code.heading())));
        }
        if !page.lines().any(|line| line == code.facts()) {
            findings.push(Finding::of(&path, format!("the page must have the line `{}`", code.facts())));
        }
        for section in ["## What it means", "## Likely causes", "## What to do"] {
            if !page.lines().any(|line| line == section) {
                findings.push(Finding::of(&path, format!("the page has no section `{section}`")));
            }
        }
        if page.contains(UNWRITTEN) {
            findings.push(Finding::of(&path, "the page is not written yet"));
        }
    }
    if tree.text(INDEX) != Some(&index(&codes)) {
        findings.push(Finding::of(INDEX, "the overview is not that of the table"));
    }
    for code in codes.iter().filter(|code| GROUPS.iter().all(|(prefix, _)| !code.code.starts_with(prefix))) {
        findings.push(Finding::of(TABLE, format!("{} is in no group of xtask/src/tidy/codes.rs", code.code)));
    }
    let pages = tree.files().filter(|(path, _)| path.starts_with(PAGES) && *path != INDEX);
    for (path, _) in pages.filter(|(path, _)| codes.iter().all(|code| code.page() != *path)) {
        findings.push(Finding::of(path, "there is no such code in the table"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    const LINES: &str = "codes! {\n    \"0001\" Malformed 400 No \"it cannot be read\";\n    \"0002\" Gone 503 Backoff \"it is away\";\n}";

    #[test]
    fn the_table_is_read() {
        let codes = error_codes(LINES);
        let title = "it cannot be read";
        assert_eq!(codes[0], ErrorCode { code: "FP0001".into(), status: "400", class: "No", title });
        assert_eq!(codes[1].facts(), "HTTP status 503; the same request may succeed later; back off between tries.");
        assert_eq!(codes.len(), 2);
    }

    #[test]
    fn pages_and_table_must_agree() {
        let page = "# FP0001: it cannot be read\n\nHTTP status 400; the same request fails again.\n\n\
                    ## What it means\n## Likely causes\n## What to do\n";
        let old = "# FP0009: old\n";
        let overview = index(&error_codes(LINES));
        let index_file = (INDEX, overview.as_str());
        let files = [(TABLE, LINES), ("docs/errors/FP0001.md", page), ("docs/errors/FP0009.md", old), index_file];
        let found = findings(&RULE, &files);
        assert_eq!(
            found,
            [
                "crates/model/src/codes.rs FP0002 has no page docs/errors/FP0002.md",
                "docs/errors/FP0009.md there is no such code in the table",
            ]
        );
        let stale = page.replace("400", "404");
        let found = findings(&RULE, &[(TABLE, &LINES[..60]), ("docs/errors/FP0001.md", &stale), index_file]);
        let facts = "the page must have the line `HTTP status 400; the same request fails again.`";
        let overview = "docs/errors/README.md the overview is not that of the table";
        assert_eq!(found, [format!("docs/errors/FP0001.md {facts}"), overview.to_owned()]);
    }
}
