//! Cursor paging: a page and the place where the next one begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Code, Problem};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page that a call asks for of a list that is at hand, in its order. `key` names each entry's place.
    pub fn cut<K>(call: &super::Call, all: Vec<T>, key: impl Fn(&T) -> K) -> Result<Page<T>, Problem>
    where
        K: Serialize + DeserializeOwned + PartialEq,
    {
        let after: Option<K> = call.cursor()?;
        let begin = match after {
            // An entry that has gone meanwhile is no place any more.
            Some(after) => all.iter().position(|entry| key(entry) == after).map(|at| at + 1).ok_or_else(|| {
                Problem::new(Code::Malformed, "`cursor` leads to an entry that is gone").hint("begin without a cursor")
            })?,
            None => 0,
        };
        let limit = call.limit() as usize;
        let more = all.len() > begin + limit;
        let items: Vec<T> = all.into_iter().skip(begin).take(limit).collect();
        let next_cursor = items.last().filter(|_| more).map(|last| Cursor::of(&key(last)).into_text());
        Ok(Page { items, next_cursor })
    }
}

/// A place in a list, as an opaque text. Its content is checked when it comes back, so it needs no signature: it holds
/// nothing that its reader could not ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of a place.
    pub fn of<T: Serialize>(place: &T) -> Cursor {
        // Places are ids and names, which always serialize.
        Cursor(URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default()))
    }

    /// Its text.
    pub fn into_text(self) -> String {
        self.0
    }

    /// Reads a cursor that a client sent back.
    pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| {
            Problem::new(Code::Malformed, "`cursor` is not one that this list gave out").hint("begin without a cursor")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_strange_ones_are_refused() {
        let cursor = Cursor::of(&("workflow", 7)).into_text();
        assert_eq!(Cursor::read::<(String, u64)>(&cursor).unwrap(), ("workflow".into(), 7));
        assert!(Cursor::read::<(String, u64)>("%%%").is_err());
        assert!(Cursor::read::<u64>(&cursor).is_err());
    }
}
