//! Nothing in the repository knows the machine that it was made on.

use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "hosts",
    why: "a clone builds on any machine, from the public registries",
    mend: "write a path relative to the repository; take addresses of mirrors from the user's own configuration",
    check,
};

/// Folders that are there on somebody's machine only. In two parts, so that this file does not find itself.
const FOLDERS: &[(&str, &str)] =
    &[("/root", "/"), ("/work", "/"), ("/home", "/"), ("/Users", "/"), ("C:\\", "Users"), ("/tmp/", "bash")];
/// Lines of lock files that name where a package came from, and the only address that they may name.
const SOURCES: &[(&str, &str, &str)] = &[
    ("Cargo.lock", "source = \"", "registry+https://github.com/rust-lang/crates.io-index"),
    ("package-lock.json", "\"resolved\": \"", "https://registry.npmjs.org/"),
];
/// Settings that send package managers to a mirror.
const MIRRORS: &[(&str, &str)] = &[("replace", "-with"), ("_config", "_registry"), ("index", "-url")];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (at, line) in text.lines().enumerate() {
            let found = folder(line).or_else(|| mirror(path, line)).or_else(|| source(path, line));
            findings.extend(found.map(|what| Finding::at(path, at + 1, what)));
        }
    }
    findings
}

fn folder(line: &str) -> Option<String> {
    let begins =
        |at: usize| !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || "._-})~*".contains(letter));
    let named = |first: &str, second: &str| {
        let whole = format!("{first}{second}");
        line.match_indices(&whole).any(|(at, _)| begins(at)).then_some(whole)
    };
    let whole = FOLDERS.iter().find_map(|(first, second)| named(first, second))?;
    Some(format!("`{whole}…` is a folder of one machine"))
}

fn mirror(path: &str, line: &str) -> Option<String> {
    if path.ends_with(".md") || path.ends_with(".rs") {
        return None;
    }
    let named = MIRRORS.iter().any(|(first, second)| line.contains(&format!("{first}{second}")));
    named.then(|| "a package registry's mirror is configured".to_owned())
}

fn source(path: &str, line: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let (_, begin, allowed) = SOURCES.iter().find(|(name, _, _)| *name == file)?;
    let value = line.trim_start().strip_prefix(begin)?;
    (!value.starts_with(allowed)).then(|| "a package comes from another place than the public registry".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn traces_of_a_machine_are_found() {
        let home = format!("cd {}{}ann/project\nhttps://example.com{}{}x\n", "/home", "/", "/home", "/");
        let config = format!("[source.crates-io]\n{}{} = \"mirror\"\n", "replace", "-with");
        let found = findings(
            &RULE,
            &[
                ("a.sh", &home),
                (".cargo/config.toml", &config),
                (
                    "Cargo.lock",
                    "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"registry+https://else/\"\n",
                ),
            ],
        );
        assert_eq!(
            found,
            [
                ".cargo/config.toml:2 a package registry's mirror is configured",
                "Cargo.lock:2 a package comes from another place than the public registry",
                &format!("a.sh:1 `{}{}…` is a folder of one machine", "/home", "/"),
            ]
        );
    }
}
