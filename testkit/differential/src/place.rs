//! What is elsewhere on each side: the server that answers and the folder of files. Cases name them `$SERVER`, `$HOST`
//! and `$FOLDER`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::Outcome;

/// Files that lie in the folder at first.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("files")
}

/// Where things are on one side.
#[derive(Clone, Debug)]
pub struct Place {
    /// `127.0.0.1:4000`
    pub host: String,
    /// The folder that nodes may read and write files in.
    pub folder: PathBuf,
}

impl Place {
    /// Lays the files that cases read into the folder.
    pub fn furnish(&self) -> Result<()> {
        copy(&fixtures(), &self.folder)
    }

    /// A text with the places in it.
    pub fn fill(&self, text: &str) -> String {
        text.replace("$SERVER", &format!("http://{}", self.host))
            .replace("$HOST", &self.host)
            .replace("$FOLDER", &self.folder.to_string_lossy())
    }

    /// Gives the places of an outcome their names back.
    pub fn hide(&self, outcome: &mut Outcome) {
        for item in outcome.outputs.iter_mut().flatten() {
            self.hide_in(&mut item.json);
        }
        if let Some(error) = &mut outcome.error {
            *error = self.hidden(error);
        }
    }

    fn hidden(&self, text: &str) -> String {
        text.replace(&format!("http://{}", self.host), "$SERVER")
            .replace(&self.host, "$HOST")
            .replace(&*self.folder.to_string_lossy(), "$FOLDER")
    }

    fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hidden(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.hide_in(value)),
            _ => {}
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(std::fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
