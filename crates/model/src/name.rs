//! Names of resources, and the scope (workspace and environment) that everything lives in.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a resource: 1 to 128 of `a-z 0-9 - _ .`, beginning with a letter or digit. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Name(#[schemars(regex(pattern = r"^[a-z0-9][a-z0-9._-]{0,127}$"))] Arc<str>);

/// The text is no name.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("`{0}` is no name: use 1 to 128 of a-z, 0-9, `-`, `_` and `.`, beginning with a letter or digit")]
pub struct InvalidName(String);

impl Name {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest valid name to a title that a person wrote: `Send Mail (v2)` becomes `send-mail-v2`.
    pub fn from_title(title: &str) -> Name {
        let mut text = String::new();
        for letter in title.chars().flat_map(char::to_lowercase) {
            match letter {
                'a'..='z' | '0'..='9' | '_' | '.' => text.push(letter),
                _ if !text.ends_with('-') && !text.is_empty() => text.push('-'),
                _ => {}
            }
            if text.len() >= 96 {
                break;
            }
        }
        let text = text.trim_matches(['-', '.', '_']).to_owned();
        Name(if text.is_empty() { "untitled".into() } else { text.into() })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let rest = bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
        if first && rest && text.len() <= 128 {
            Ok(Name(text.into()))
        } else {
            Err(InvalidName(text.chars().take(140).collect()))
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A tenant and one of its environments. `main/prod` until somebody makes a second one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The tenant.
    pub workspace: Name,
    /// `dev`, `staging`, `prod` or another stage inside it.
    pub environment: Name,
}

impl Default for Scope {
    fn default() -> Self {
        Scope { workspace: Name("main".into()), environment: Name("prod".into()) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.workspace, self.environment)
    }
}

/// The small number that a store gives a [`Scope`]; the first column of every hot table's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScopeId(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_names() {
        for (title, name) in
            [("Send Mail (v2)", "send-mail-v2"), ("  ", "untitled"), ("日本", "untitled"), ("A.B", "a.b")]
        {
            assert_eq!(Name::from_title(title).as_str(), name);
            assert!(name.parse::<Name>().is_ok());
        }
        assert!("-a".parse::<Name>().is_err() && "".parse::<Name>().is_err() && "A".parse::<Name>().is_err());
    }
}
