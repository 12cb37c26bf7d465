//! The one folder of the host's disk that nodes may read and write files in.
//!
//! Names come from workflows and from what strangers sent them, so none of them is trusted: every step of a path is
//! opened below the folder (`cap-std`), and neither `..` nor a link leads out of it.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use model::Code;

use crate::{Category, NodeError};

/// Most files and folders that a search looks at.
const LOOKED_AT: usize = 100_000;

/// Most files that a search finds.
const FOUND: usize = 10_000;

/// A folder that is open. Nodes get it by [`crate::StepHost::folder`].
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    dir: Dir,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// To be read.
    Read,
    /// To be written anew.
    Write,
    /// To be written at its end.
    Append,
}

impl Folder {
    /// Opens a folder that exists.
    ///
    /// # Errors
    /// It does not, or may not be read.
    pub fn open(root: &Path) -> io::Result<Folder> {
        let root = root.canonicalize()?;
        let dir = Dir::open_ambient_dir(&root, ambient_authority())?;
        Ok(Folder { root, dir })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place of a name below the folder, for programs that open files by their path. What is there, or the nearest
    /// folder above it that is there, is below the folder with all links followed.
    ///
    /// # Errors
    /// It leads out of the folder.
    pub fn place(&self, name: &str) -> Result<PathBuf, NodeError> {
        let place = match Path::new(name.trim()) {
            root if root == self.root || root == Path::new(".") => return Ok(self.root.clone()),
            _ => self.root.join(self.below(name)?),
        };
        let there = place.ancestors().find_map(|above| above.canonicalize().ok());
        match there {
            Some(there) if there.starts_with(&self.root) => Ok(place),
            _ => Err(self.refused(name)),
        }
    }

    /// Opens a file. A name that is not absolute is below the folder.
    ///
    /// # Errors
    /// It leads out of the folder, or the file cannot be opened.
    pub fn file(&self, name: &str, open: Open) -> Result<std::fs::File, NodeError> {
        let path = self.below(name)?;
        let mut options = OpenOptions::new();
        match open {
            Open::Read => options.read(true),
            Open::Write => options.write(true).create(true).truncate(true),
            Open::Append => options.append(true).create(true),
        };
        let file: File = self.dir.open_with(&path, &options).map_err(|error| failure(name, &error))?;
        let about = file.metadata().map_err(|error| failure(name, &error))?;
        if !about.is_file() {
            let detail = format!("`{name}` is no file");
            return Err(NodeError::bad_data(detail).hint("name a file, not a folder or a device"));
        }
        Ok(file.into_std())
    }

    /// Names of the files that fit a pattern (`*.csv`, `in/**/*.{jpg,png}`), sorted, in the form that the pattern has:
    /// absolute or below the folder.
    ///
    /// # Errors
    /// The pattern leads out of the folder, or there are too many files.
    pub fn find(&self, pattern: &str) -> Result<Vec<String>, NodeError> {
        let below = self.below(pattern)?;
        let below = below.to_str().unwrap_or_default();
        // What comes before the first sign of a pattern is a folder as it is.
        let steps: Vec<&str> = below.split('/').collect();
        let fixed =
            steps.iter().position(|step| step.contains(['*', '?', '[', '{', '(', '!', '\\'])).unwrap_or(steps.len());
        let start = steps[..fixed.min(steps.len() - 1)].join("/");
        let hidden = steps[fixed.min(steps.len() - 1)..].iter().any(|step| step.starts_with('.'));
        let (mut found, mut looked) = (Vec::new(), 0);
        let mut open = vec![start];
        while let Some(folder) = open.pop() {
            let entries = match folder.as_str() {
                "" => self.dir.entries(),
                folder => self.dir.read_dir(folder),
            };
            // A folder that is not there, or that may not be read, holds nothing.
            let Ok(entries) = entries else { continue };
            for entry in entries.flatten() {
                looked += 1;
                if looked > LOOKED_AT || found.len() > FOUND {
                    let detail = format!("`{pattern}` stands for too many files");
                    return Err(NodeError::new(Code::TooLarge, Category::BadData, detail).permanent());
                }
                let name = entry.file_name();
                let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
                if name.starts_with('.') && !hidden {
                    continue;
                }
                let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                // A link to a file is one, if it does not lead out; links to folders are not followed.
                let file =
                    kind.is_file() || kind.is_symlink() && self.dir.metadata(&path).is_ok_and(|about| about.is_file());
                if kind.is_dir() {
                    open.push(path);
                } else if file && fast_glob::glob_match(below, &path) {
                    found.push(path);
                }
            }
        }
        found.sort_unstable();
        Ok(match Path::new(pattern).is_absolute() {
            true => found.into_iter().map(|path| self.root.join(path).to_string_lossy().into_owned()).collect(),
            false => found,
        })
    }

    /// Shows what is below a folder, deepest last; `show` says of each folder whether to go into it. Links that stay
    /// inside count as what they lead to, and are not gone into.
    ///
    /// # Errors
    /// The name leads out, the folder cannot be read, or it holds too much.
    pub fn walk(&self, under: &str, show: &mut dyn FnMut(&str, &std::fs::Metadata) -> bool) -> Result<(), NodeError> {
        let start = match Path::new(under.trim()) {
            root if root == self.root || root == Path::new(".") => String::new(),
            _ => self.below(under)?.to_string_lossy().into_owned(),
        };
        let top = if start.is_empty() { self.root.clone() } else { self.place(&start)? };
        let about = std::fs::symlink_metadata(&top).map_err(|error| failure(under, &error))?;
        if !about.is_dir() {
            show(&start, &about);
            return Ok(());
        }
        let (mut open, mut looked) = (vec![start], 0);
        while let Some(folder) = open.pop() {
            let dir = if folder.is_empty() { self.dir.try_clone() } else { self.dir.open_dir(&folder) };
            let entries = dir.and_then(|dir| dir.entries());
            let entries = match entries {
                Ok(entries) => entries,
                // It has gone meanwhile, and will be missed the next time.
                Err(error) if looked > 0 && error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failure(&folder, &error)),
            };
            for entry in entries.flatten() {
                looked += 1;
                if looked > LOOKED_AT {
                    let detail = format!("`{under}` holds more than {LOOKED_AT} files and folders");
                    return Err(NodeError::new(Code::TooLarge, Category::BadData, detail).permanent());
                }
                let name = entry.file_name();
                let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
                let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                // Asked below the folder, so that a link which leads out is not there.
                if self.dir.metadata(&path).is_err() {
                    continue;
                }
                let Ok(about) = std::fs::metadata(self.root.join(&path)) else { continue };
                if show(&path, &about) && kind.is_dir() {
                    open.push(path);
                }
            }
        }
        Ok(())
    }

    /// The path below the folder.
    fn below(&self, name: &str) -> Result<PathBuf, NodeError> {
        let path = Path::new(name.trim());
        let path = match path.is_absolute() {
            true => path.strip_prefix(&self.root).map_err(|_| self.refused(name))?,
            false => path,
        };
        let mut below = PathBuf::new();
        for step in path.components() {
            match step {
                Component::Normal(step) => below.push(step),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(self.refused(name)),
            }
        }
        if below.as_os_str().is_empty() || name.contains('\0') {
            return Err(
                NodeError::new(Code::InvalidParameter, Category::BadData, "the name of the file is empty").permanent()
            );
        }
        Ok(below)
    }

    fn refused(&self, name: &str) -> NodeError {
        let detail = format!("`{name}` leads out of the folder for files");
        NodeError::new(Code::InvalidParameter, Category::Refused, detail)
            .hint(format!("use a name below `{}`", self.root.display()))
            .permanent()
    }
}

/// The folder, or what to do when the server has none.
///
/// # Errors
/// It has none.
pub fn needed(folder: Option<Arc<Folder>>) -> Result<Arc<Folder>, NodeError> {
    folder.ok_or_else(|| {
        NodeError::new(Code::InvalidParameter, Category::Refused, "this server has no folder for files")
            .hint("start it with `--files FOLDER`, or with `FISHPLATE_FILES` set")
            .permanent()
    })
}

/// Whether a path fits a pattern such as `**/*.txt`.
pub fn fits(pattern: &str, path: &str) -> bool {
    fast_glob::glob_match(pattern, path)
}

fn failure(name: &str, error: &io::Error) -> NodeError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            NodeError::bad_data(format!("The file \"{name}\" could not be accessed: there is none"))
        }
        io::ErrorKind::PermissionDenied => {
            let detail = format!("You don't have the permissions to access {name}");
            NodeError::new(Code::InvalidParameter, Category::Refused, detail)
                .hint("links that lead out of the folder for files are not followed")
        }
        io::ErrorKind::StorageFull => NodeError::new(Code::DiskFull, Category::Unavailable, "the disk is full"),
        _ => NodeError::bad_data(format!("The file \"{name}\" could not be accessed: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn sample() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("files");
        std::fs::create_dir_all(root.join("in/deep")).unwrap();
        for name in ["a.csv", "b (1).csv", "in/c.csv", "in/deep/d.txt", ".hidden.csv"] {
            std::fs::write(root.join(name), name).unwrap();
        }
        std::fs::write(place.path().join("secret"), "secret").unwrap();
        let folder = Folder::open(&root).unwrap();
        (place, folder)
    }

    fn text(folder: &Folder, name: &str) -> Result<String, NodeError> {
        let mut text = String::new();
        folder.file(name, Open::Read)?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn files_below_the_folder_are_read_and_written() {
        let (_place, folder) = sample();
        assert_eq!(text(&folder, "in/c.csv").unwrap(), "in/c.csv");
        assert_eq!(text(&folder, folder.root.join("a.csv").to_str().unwrap()).unwrap(), "a.csv");
        folder.file("new", Open::Write).unwrap().write_all(b"long text").unwrap();
        folder.file("new", Open::Write).unwrap().write_all(b"x").unwrap();
        folder.file("new", Open::Append).unwrap().write_all(b"y").unwrap();
        assert_eq!(text(&folder, "./new").unwrap(), "xy");
        assert!(text(&folder, "none").unwrap_err().to_string().contains("there is none"));
        assert!(text(&folder, "in").is_err());
        assert!(folder.file("in", Open::Write).is_err());
        assert!(folder.file("", Open::Write).is_err());
    }

    #[test]
    fn no_name_leads_out() {
        let (place, folder) = sample();
        for name in ["../secret", "in/../../secret", "/etc/passwd", "in/../a.csv", "/", "..", "a\0b"] {
            assert!(text(&folder, name).is_err(), "{name}");
            assert!(folder.file(name, Open::Write).is_err(), "{name}");
        }
        for name in ["../files/in", "/etc", "in/../../x", "..", "/", "", "a\0b"] {
            assert!(folder.place(name).is_err(), "{name}");
        }
        assert_eq!(folder.place("in/new/deep").unwrap(), folder.root().join("in/new/deep"));
        assert_eq!(folder.place(".").unwrap(), folder.root());
        assert!(folder.find("../*").is_err() && folder.find("/etc/*").is_err() && folder.find("in/../../*").is_err());
        assert_eq!(std::fs::read(place.path().join("secret")).unwrap(), b"secret");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out() {
        let (place, folder) = sample();
        std::os::unix::fs::symlink(place.path().join("secret"), folder.root.join("link")).unwrap();
        std::os::unix::fs::symlink("../secret", folder.root.join("relative")).unwrap();
        std::os::unix::fs::symlink(place.path(), folder.root.join("out")).unwrap();
        std::os::unix::fs::symlink("a.csv", folder.root.join("inside")).unwrap();
        for name in ["link", "relative", "out/secret", "out/files/a.csv"] {
            assert!(text(&folder, name).is_err(), "{name}");
            assert!(folder.file(name, Open::Write).is_err(), "{name}");
        }
        for name in ["link", "relative", "out", "out/new"] {
            assert!(folder.place(name).is_err(), "{name}");
        }
        assert_eq!(text(&folder, "inside").unwrap(), "a.csv");
        assert_eq!(folder.find("**").unwrap(), ["a.csv", "b (1).csv", "in/c.csv", "in/deep/d.txt", "inside"]);
        assert_eq!(std::fs::read(place.path().join("secret")).unwrap(), b"secret");
    }

    #[test]
    fn patterns_find_files() {
        let (_place, folder) = sample();
        assert_eq!(folder.find("*.csv").unwrap(), ["a.csv", "b (1).csv"]);
        assert_eq!(folder.find("**/*.csv").unwrap(), ["a.csv", "b (1).csv", "in/c.csv"]);
        assert_eq!(folder.find("in/**/*.{txt,csv}").unwrap(), ["in/c.csv", "in/deep/d.txt"]);
        assert_eq!(folder.find("in/c.csv").unwrap(), ["in/c.csv"]);
        assert_eq!(folder.find(".hidden*").unwrap(), [".hidden.csv"]);
        assert_eq!(folder.find("none/*").unwrap(), Vec::<String>::new());
        let absolute = folder.root.join("*.csv");
        assert!(folder.find(absolute.to_str().unwrap()).unwrap()[0].ends_with("/files/a.csv"));
    }
}
