//! The secrets of one connection, opened.

use std::collections::BTreeMap;

/// Opened secret values by field. Never printed.
#[derive(Default)]
pub struct Secrets(pub(crate) BTreeMap<String, Vec<u8>>);

impl Secrets {
    /// A value, if there is one.
    pub(crate) fn find(&self, field: &str) -> Option<&[u8]> {
        // An empty one stands where one was taken away, and must not be compared with what nobody has sent.
        self.0.get(field).map(Vec::as_slice).filter(|value| !value.is_empty())
    }

    pub(crate) fn get(&self, field: &str) -> Result<&[u8], String> {
        self.find(field).ok_or_else(|| format!("has no value for its secret `{field}`"))
    }

    /// Whether there is a value. An empty one stands where one was taken away.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.get(field).is_some_and(|value| !value.is_empty())
    }

    /// A text, if there is one.
    pub(crate) fn optional(&self, field: &str) -> Result<Option<&str>, String> {
        if self.has(field) { self.text(field).map(Some) } else { Ok(None) }
    }

    /// All that are texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter_map(|value| std::str::from_utf8(value).ok())
    }

    pub(crate) fn text(&self, field: &str) -> Result<&str, String> {
        std::str::from_utf8(self.get(field)?).map_err(|_| format!("has a secret `{field}` that is no text"))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}
