//! What rules need of a `Cargo.toml`: the package's name and its dependencies, with their lines.

use super::Tree;

/// A package.
pub struct Manifest {
    /// File.
    pub path: String,
    /// Name of the package.
    pub name: String,
    /// Dependencies of all sections.
    pub dependencies: Vec<Dependency>,
}

/// A dependency.
pub struct Dependency {
    /// Name in the manifest.
    pub name: String,
    /// Line from 1.
    pub line: usize,
    /// Where it stands.
    pub section: Section,
    /// It is a folder of ours.
    pub is_path: bool,
}

/// Kind of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Of the shipped code.
    Normal,
    /// Of build scripts.
    Build,
    /// Of tests.
    Dev,
    /// Of the workspace's list.
    Workspace,
}

impl Manifest {
    /// The manifests of all packages.
    pub fn all(tree: &Tree) -> Vec<Manifest> {
        let read = tree.files().filter(|(path, _)| path.ends_with("/Cargo.toml"));
        read.map(|(path, text)| Manifest::parse(path, text)).filter(|manifest| !manifest.name.is_empty()).collect()
    }

    /// Reads a manifest of the plain form that ours have: a table header or `key = value` per line.
    pub fn parse(path: &str, text: &str) -> Manifest {
        let mut manifest = Manifest { path: path.to_owned(), name: String::new(), dependencies: Vec::new() };
        let mut header = String::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with('[') {
                header = line.trim_matches(['[', ']']).to_owned();
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
            let (key, value) = (key.trim(), value.trim());
            if header == "package" && key == "name" {
                manifest.name = value.trim_matches('"').to_owned();
            }
            if let Some(section) = section(&header) {
                let name = key.split('.').next().unwrap_or(key).to_owned();
                let is_path = value.contains("path =");
                manifest.dependencies.push(Dependency { name, line: at + 1, section, is_path });
            }
        }
        manifest
    }
}

fn section(header: &str) -> Option<Section> {
    match header.rsplit('.').next()? {
        "dependencies" if header == "workspace.dependencies" => Some(Section::Workspace),
        "dependencies" => Some(Section::Normal),
        "build-dependencies" => Some(Section::Build),
        "dev-dependencies" => Some(Section::Dev),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_all_sections_are_read() {
        let text = "[package]\nname = \"a\"\n\n[dependencies]\n# no\nb.workspace = true\nc = { version = \"1\" }\n\
                    [target.'cfg(unix)'.dependencies]\nd = \"1\"\n[dev-dependencies]\ne = { path = \"../e\" }\n";
        let manifest = Manifest::parse("a/Cargo.toml", text);
        let found: Vec<_> =
            manifest.dependencies.iter().map(|one| (one.name.as_str(), one.line, one.section)).collect();
        assert_eq!(manifest.name, "a");
        let normal = Section::Normal;
        assert_eq!(found, [("b", 6, normal), ("c", 7, normal), ("d", 9, normal), ("e", 11, Section::Dev)]);
        assert!(manifest.dependencies[3].is_path);
    }
}
