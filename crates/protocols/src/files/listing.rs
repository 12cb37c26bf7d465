//! Listings of folders on other machines, as n8n shows them.

use std::collections::VecDeque;

use jiff::Timestamp;
use model::{Code, Map, Value};
use part::{Category, NodeError};

use super::names;

/// Most entries of a listing.
const MOST: usize = 100_000;

/// Most folders below each other: a server that lies, or a link to a folder above, would never end.
const DEEPEST: usize = 64;

/// One entry of a folder.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    /// All that is known of it but its path.
    pub(crate) json: Map,
}

/// A listing under way: folders to look into, entries found.
pub(crate) struct Listing {
    open: VecDeque<(String, usize)>,
    depth: usize,
    found: Vec<Value>,
}

impl Listing {
    pub(crate) fn of(folder: &str) -> Listing {
        Listing { open: VecDeque::from([(folder.to_owned(), 0)]), depth: 0, found: Vec::new() }
    }

    /// The next folder to look into.
    pub(crate) fn next(&mut self) -> Option<String> {
        let (folder, depth) = self.open.pop_front()?;
        self.depth = depth;
        Some(folder)
    }

    /// Adds the entries of that folder.
    pub(crate) fn add(
        &mut self,
        folder: &str,
        entries: impl IntoIterator<Item = Entry>,
        recursive: bool,
    ) -> Result<(), NodeError> {
        for Entry { name, is_folder, mut json } in entries {
            let path = names::join(folder, &name);
            if recursive && is_folder && self.depth < DEEPEST {
                self.open.push_back((path.clone(), self.depth + 1));
            }
            json.insert("path".into(), path.into());
            self.found.push(Value::Object(json));
            check_count(self.found.len())?;
        }
        Ok(())
    }
}

impl From<Listing> for Value {
    fn from(listing: Listing) -> Value {
        Value::Array(listing.found)
    }
}

/// Refuses a listing that is too long.
pub(crate) fn check_count(count: usize) -> Result<(), NodeError> {
    if count <= MOST {
        return Ok(());
    }
    let detail = format!("the folder holds more than {MOST} entries, which is the most that this node lists");
    Err(NodeError::new(Code::TooLarge, Category::BadData, detail).hint("list a folder further down").permanent())
}

/// `2024-05-06T07:08:09.000Z`
pub(crate) fn time(seconds: Option<i64>) -> Value {
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_looked_into_and_one_in_itself_ends() {
        let entry = |name: &str, is_folder| Entry { name: name.into(), is_folder, json: Map::new() };
        let mut listing = Listing::of("/");
        let mut looked = 0;
        while let Some(folder) = listing.next() {
            looked += 1;
            listing.add(&folder, [entry("loop", true), entry("file", false)], true).unwrap();
        }
        assert_eq!(looked, DEEPEST + 1);
        let Value::Array(found) = Value::from(listing) else { panic!("a listing is an array") };
        assert_eq!(found[1]["path"], "/file");
        assert_eq!(found[2]["path"], "/loop/loop");
        assert!(check_count(MOST + 1).unwrap_err().permanent);
        assert_eq!(time(Some(1_714_979_289)), "2024-05-06T07:08:09.000Z");
    }
}
