//! Files and folders of the command line.

use std::path::{Path, PathBuf};

use engine::bundle::{self, Content};
use model::resource::Manifest;
use model::{Code, Problem};

use super::archive::{TEXT_LIMIT, unpack};

/// All files below the given ones that could hold resources, in the order of their paths.
pub fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut files = Vec::new();
    for path in paths {
        walk(path, true, &mut files)?;
    }
    Ok(files)
}

fn walk(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(Code::UnreadableFile, format!("`{}` cannot be read: {error}", path.display()))
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        let known = path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| {
            matches!(ending.to_ascii_lowercase().as_str(), "json" | "yaml" | "yml" | "zip" | "tar")
        });
        if named || known {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        inside.push(entry.map_err(unreadable)?.path());
    }
    inside.sort();
    inside.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    inside.iter().try_for_each(|path| walk(path, false, files))
}

/// Reads one file of limited size.
pub fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(Code::UnreadableFile, format!("`{}` cannot be read: {error}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > 4 * TEXT_LIMIT as u64 {
        return Err(Problem::new(Code::TooLarge, format!("`{}` has {size} bytes, too many to read", path.display())));
    }
    std::fs::read(path).map_err(unreadable)
}

/// All manifests of files, folders and archives. A file that holds none is refused.
pub fn read_manifests(paths: &[PathBuf]) -> Result<Vec<Manifest>, Problem> {
    let mut all = Vec::new();
    for path in collect(paths)? {
        for (name, bytes) in unpack(&path.display().to_string(), read(&path)?)? {
            match bundle::decode(&bytes).map_err(|problem| in_file(&name, problem))? {
                Content::Manifests(manifests) => all.extend(manifests),
                Content::N8n => {
                    let problem = Problem::new(Code::UnreadableFile, format!("`{name}` holds workflows of n8n"));
                    return Err(problem.hint("read it with `fishplate import`"));
                }
            }
        }
    }
    Ok(all)
}

/// Says which file a problem is about.
pub fn in_file(name: &str, mut problem: Problem) -> Problem {
    problem.detail = format!("`{name}`: {}", problem.detail);
    problem
}
