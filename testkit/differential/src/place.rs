//! What is elsewhere on each side: the server that answers, the folder of files, and the servers that a file of cases
//! asks for. Cases name them `$SERVER`, `$HOST`, `$FOLDER`, and so on.

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
    folder: PathBuf,
    /// What things are called, and what cases call them. Where one is part of another, the longer one comes first.
    names: Vec<(String, &'static str)>,
}

impl Place {
    /// A server (`127.0.0.1:4000`), and the folder that nodes may read and write files in.
    pub fn new(host: &str, folder: PathBuf) -> Place {
        let names = vec![
            (format!("http://{host}"), "$SERVER"),
            (host.to_owned(), "$HOST"),
            (folder.to_string_lossy().into_owned(), "$FOLDER"),
        ];
        Place { folder, names }
    }

    /// The same with further things and their names.
    #[must_use]
    pub fn with(&self, names: impl IntoIterator<Item = (String, &'static str)>) -> Place {
        let mut place = self.clone();
        place.names.extend(names);
        place
    }

    /// The folder that nodes may read and write files in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lays the files that cases read into the folder.
    pub fn furnish(&self) -> Result<()> {
        copy(&fixtures(), &self.folder)
    }

    /// A text with the places in it.
    pub fn fill(&self, text: &str) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        // `$HOST` is no beginning of `$HOSTS`.
        names.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, (real, name)| text.replace(name, real))
    }

    /// Gives the places of an outcome their names back.
    pub fn hide(&self, outcome: &mut Outcome) {
        for item in outcome.outputs.iter_mut().flatten().chain(&mut outcome.after) {
            self.hide_in(&mut item.json);
        }
        outcome.seen.iter_mut().for_each(|seen| self.hide_in(seen));
        if let Some(error) = &mut outcome.error {
            *error = self.hidden(error);
        }
    }

    fn hidden(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (real, name)| text.replace(real.as_str(), name))
    }

    fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hidden(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => {
                // Tables and folders are fields at times.
                if map.keys().any(|key| self.hidden(key) != *key) {
                    *map = std::mem::take(map).into_iter().map(|(key, value)| (self.hidden(&key), value)).collect();
                }
                map.values_mut().for_each(|value| self.hide_in(value));
            }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_filled_in_and_given_back() {
        let place = Place::new("127.0.0.1:4000", PathBuf::from("/tmp/files"));
        let place = place.with([("key007z".to_owned(), "$KEY"), ("127.0.0.1:5432".to_owned(), "$HOST_OF_ROWS")]);
        let text = "$SERVER/a $HOST $FOLDER/$KEY $HOST_OF_ROWS";
        let filled = place.fill(text);
        assert_eq!(filled, "http://127.0.0.1:4000/a 127.0.0.1:4000 /tmp/files/key007z 127.0.0.1:5432");
        let item = crate::ItemSeen { json: json!({ "key007z": [filled] }), ..Default::default() };
        let mut outcome = Outcome { outputs: vec![vec![item.clone()]], after: vec![item], ..Outcome::default() };
        place.hide(&mut outcome);
        assert_eq!(outcome.outputs[0][0].json, json!({ "$KEY": [text] }));
        assert_eq!(outcome.after[0].json, json!({ "$KEY": [text] }));
    }
}
