//! The allow-list: what breaks a rule for a reason.
//!
//! A line is `<rule>[.<part>] <path> : <reason>`; a path that ends in `/` stands for everything below it. Lines that
//! allow nothing any more are findings themselves, so that the list stays as short as it can be.

use anyhow::{Result, bail};

use super::{Finding, Rule};

/// Where the list is.
pub const FILE: &str = "xtask/tidy.allow";

/// The list.
#[derive(Debug)]
pub struct Allowed(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    line: usize,
    rule: String,
    path: String,
    used: bool,
}

impl Allowed {
    /// Reads the list. Blank lines and lines that begin with `#` say nothing.
    pub fn parse(text: &str) -> Result<Self> {
        let mut entries = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (place, reason) = line.split_once(" : ").unwrap_or((line, ""));
            let mut words = place.split_whitespace();
            let (Some(rule), Some(path), None) = (words.next(), words.next(), words.next()) else {
                bail!("{FILE}:{}: expected `<rule>[.<part>] <path> : <reason>`", at + 1);
            };
            if reason.trim().is_empty() {
                bail!("{FILE}:{}: an exception needs a reason behind ` : `", at + 1);
            }
            entries.push(Entry { line: at + 1, rule: rule.to_owned(), path: path.to_owned(), used: false });
        }
        Ok(Allowed(entries))
    }

    /// The finding is allowed.
    pub fn covers(&mut self, rule: &Rule, finding: &Finding) -> bool {
        let whole = rule.name.to_owned();
        let part = finding.part.map(|part| format!("{}.{part}", rule.name));
        let fits = |entry: &&mut Entry| {
            let below = entry.path.ends_with('/') && finding.path.starts_with(&entry.path);
            (entry.rule == whole || Some(&entry.rule) == part.as_ref()) && (below || entry.path == finding.path)
        };
        let mut covered = false;
        for entry in self.0.iter_mut().filter(fits) {
            entry.used = true;
            covered = true;
        }
        covered
    }

    /// Line number and text of the entries that allowed nothing.
    pub fn unused(&self) -> Vec<(usize, String)> {
        let unused = self.0.iter().filter(|entry| !entry.used);
        unused.map(|entry| (entry.line, format!("{} {}", entry.rule, entry.path))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { name: "calls", why: "", mend: "", check: |_| Vec::new() };

    fn finding(path: &str, part: &'static str) -> Finding {
        Finding { part: Some(part), ..Finding::at(path, 1, "") }
    }

    #[test]
    fn an_exception_covers_its_part_below_its_path_only() {
        let mut allowed = Allowed::parse("# why\n\ncalls.sql crates/store/ : it owns SQL\ncalls a.rs : all\n").unwrap();
        assert!(allowed.covers(&RULE, &finding("crates/store/src/db.rs", "sql")));
        assert!(!allowed.covers(&RULE, &finding("crates/store/src/db.rs", "spawn")));
        assert!(!allowed.covers(&RULE, &finding("crates/storehouse.rs", "sql")));
        assert_eq!(allowed.unused(), [(4, "calls a.rs".to_owned())]);
        assert!(allowed.covers(&RULE, &finding("a.rs", "spawn")));
        assert_eq!(allowed.unused(), []);
    }

    #[test]
    fn an_exception_without_a_reason_is_refused() {
        assert!(Allowed::parse("calls a.rs").is_err());
        assert!(Allowed::parse("calls a.rs : ").is_err());
        assert!(Allowed::parse("calls : a.rs").is_err());
    }
}
