//! Files over SSH.

use futures_util::StreamExt;
use model::{Code, Map, Value};
use part::{ByteStream, CallFailure, Category, NodeError};
use russh_sftp::client::error::Error;
use russh_sftp::client::{RawSftpSession, SftpSession};
use russh_sftp::protocol::{File, FileAttributes, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::listing::{self, Entry};
use super::names;
use crate::shells::session::Session;

/// A session that files go over.
pub(crate) struct Sftp {
    session: Session,
    files: SftpSession,
}

impl Sftp {
    pub(crate) async fn over(session: Session) -> Result<Sftp, CallFailure> {
        let files = session.sftp().await?;
        Ok(Sftp { session, files })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.session.is_open()
    }

    /// The path with `~/` as the folder that the session starts in.
    pub(crate) async fn at_home(&self, path: &str) -> Result<String, CallFailure> {
        let Some(rest) = path.strip_prefix("~/") else { return Ok(path.to_owned()) };
        let home = self.files.canonicalize(".").await.map_err(|error| failure(error, "find", "~", false))?;
        Ok(names::join(&home, rest))
    }

    /// Opens a file to be read.
    pub(crate) async fn read(&self, path: &str) -> Result<russh_sftp::client::fs::File, CallFailure> {
        self.files.open(path).await.map_err(|error| failure(error, "read", path, false))
    }

    /// Writes a file anew.
    pub(crate) async fn write(&self, path: &str, mut content: ByteStream) -> Result<(), CallFailure> {
        let mut file = self.files.create(path).await.map_err(|error| failure(error, "write", path, false))?;
        let broken = |error: std::io::Error| failure(error.into(), "write", path, true);
        while let Some(part) = content.next().await {
            let part = part.map_err(|error| CallFailure { error, uncertain: true })?;
            file.write_all(&part).await.map_err(broken)?;
        }
        file.close().await.map_err(broken)
    }

    /// Makes a folder and those above it, as far as they are missing.
    pub(crate) async fn make_folders(&self, folder: &str) -> Result<(), CallFailure> {
        let mut missing = Vec::new();
        for step in names::steps(folder).into_iter().rev() {
            match self.files.metadata(step).await {
                Ok(_) => break,
                Err(error) if status(&error) == Some(StatusCode::NoSuchFile) => missing.push(step),
                Err(error) => return Err(failure(error, "look at", step, false)),
            }
        }
        for step in missing.into_iter().rev() {
            self.files.create_dir(step).await.map_err(|error| failure(error, "make the folder", step, true))?;
        }
        Ok(())
    }

    pub(crate) async fn rename(&self, from: &str, to: &str) -> Result<(), CallFailure> {
        self.files.rename(from, to).await.map_err(|error| failure(error, "rename", from, true))
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), CallFailure> {
        self.files.remove_file(path).await.map_err(|error| failure(error, "delete", path, true))
    }

    /// Removes a folder; with `recursive` with all that is in it. Links in it are removed, not followed.
    pub(crate) async fn delete_folder(&self, path: &str, recursive: bool) -> Result<(), CallFailure> {
        let mut folders = vec![path.to_owned()];
        if recursive {
            let raw = self.session.raw_sftp().await?;
            let mut next = 0;
            while let Some(folder) = folders.get(next).cloned() {
                for file in read_folder(&raw, &folder).await? {
                    let path = names::join(&folder, &file.filename);
                    if file.attrs.is_dir() {
                        folders.push(path);
                    } else {
                        self.delete(&path).await?;
                    }
                }
                next += 1;
            }
        }
        for folder in folders.iter().rev() {
            self.files.remove_dir(folder).await.map_err(|error| failure(error, "delete the folder", folder, true))?;
        }
        Ok(())
    }

    /// What is in a folder.
    pub(crate) async fn list(&self, folder: &str, recursive: bool) -> Result<Value, CallFailure> {
        let raw = self.session.raw_sftp().await?;
        let mut whole = listing::Listing::of(folder);
        while let Some(folder) = whole.next() {
            let files = read_folder(&raw, &folder).await?;
            whole.add(&folder, files.into_iter().map(entry), recursive)?;
        }
        Ok(whole.into())
    }
}

/// The entries of a folder, by name.
async fn read_folder(raw: &RawSftpSession, folder: &str) -> Result<Vec<File>, CallFailure> {
    let broken = |error| failure(error, "list", folder, false);
    let handle = raw.opendir(folder).await.map_err(broken)?.handle;
    let mut files = Vec::new();
    loop {
        match raw.readdir(handle.as_str()).await {
            Ok(some) => files.extend(some.files),
            Err(error) if status(&error) == Some(StatusCode::Eof) => break,
            Err(error) => return Err(broken(error)),
        }
        listing::check_count(files.len())?;
    }
    raw.close(handle.as_str()).await.map_err(broken)?;
    files.retain(|file| names::is_entry(&file.filename));
    files.sort_by(|one, other| one.filename.cmp(&other.filename));
    Ok(files)
}

fn entry(file: File) -> Entry {
    let File { filename, longname, attrs } = file;
    let shown = if longname.len() >= 10 && longname.is_ascii() { longname[..10].to_owned() } else { mode(&attrs) };
    let rights = |from: usize| shown[from..from + 3].replace('-', "");
    let mut json = Map::new();
    json.insert("type".into(), shown[..1].into());
    json.insert("name".into(), filename.as_str().into());
    json.insert("size".into(), attrs.size.into());
    json.insert("modifyTime".into(), listing::time(attrs.mtime.map(i64::from)));
    json.insert("accessTime".into(), listing::time(attrs.atime.map(i64::from)));
    json.insert("rights".into(), json!({ "user": rights(1), "group": rights(4), "other": rights(7) }));
    json.insert("owner".into(), attrs.uid.into());
    json.insert("group".into(), attrs.gid.into());
    json.insert("longname".into(), longname.into());
    Entry { name: filename, is_folder: attrs.is_dir() || shown.starts_with('d'), json }
}

/// `drwxr-x---`, for servers that show no line of `ls`.
fn mode(attrs: &FileAttributes) -> String {
    let kind = match attrs {
        attrs if attrs.is_symlink() => 'l',
        attrs if attrs.is_dir() => 'd',
        _ => '-',
    };
    let bits = attrs.permissions.unwrap_or_default();
    let right = |at: u32, c: char| if bits & (1 << at) != 0 { c } else { '-' };
    let rights = (0..9).map(|at| right(8 - at, ['r', 'w', 'x'][at as usize % 3]));
    std::iter::once(kind).chain(rights).collect()
}

fn status(error: &Error) -> Option<StatusCode> {
    match error {
        Error::Status(status) => Some(status.status_code),
        _ => None,
    }
}

/// What a server's refusal, or its silence, comes to. It is uncertain only when nobody has answered.
fn failure(error: Error, act: &str, path: &str, changes: bool) -> CallFailure {
    let (code, category) = match &error {
        Error::Status(status) if status.status_code == StatusCode::PermissionDenied => {
            (Code::UpstreamStatus, Category::Refused)
        }
        Error::Status(_) | Error::Limited(_) => (Code::UpstreamStatus, Category::BadData),
        Error::Timeout => (Code::UpstreamTimeout, Category::Timeout),
        Error::IO(_) | Error::UnexpectedPacket | Error::UnexpectedBehavior(_) => {
            (Code::UpstreamProtocol, Category::Unavailable)
        }
    };
    let said = match &error {
        Error::Status(status) if status.status_code != StatusCode::Failure => status.status_code.to_string(),
        Error::Status(status) => status.error_message.clone(),
        other => other.to_string(),
    };
    let answered = matches!(error, Error::Status(_) | Error::Limited(_));
    let detail = format!("the server could not {act} `{path}`: {said}");
    CallFailure { error: NodeError::new(code, category, detail), uncertain: changes && !answered }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_shows_no_line_of_ls_is_read_by_its_bits() {
        let attrs = FileAttributes { permissions: Some(0o040_754), size: Some(1), ..FileAttributes::default() };
        assert_eq!(mode(&attrs), "drwxr-xr--");
        let entry = entry(File { filename: "x".into(), longname: String::new(), attrs });
        assert!(entry.is_folder);
        assert_eq!(entry.json["rights"], json!({ "user": "rwx", "group": "rx", "other": "r" }));
        assert_eq!(entry.json["modifyTime"], Value::Null);
    }
}
