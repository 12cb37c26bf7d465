//! GraphQL: documents of manifests, and schemas of vendors that they are held against.
//!
//! Start reading at [`document`] for what a document is and at [`schema`] for what a schema says. [`valid`] holds one
//! against the other, [`variables`] what is sent against the variables, [`answers`] what is read against what is asked
//! for. All of them work without a schema, too, and then say what can be said without one.
//!
//! Nothing is executed here, and nothing is fetched.

pub mod answers;
pub mod document;
mod near;
pub mod schema;
mod sdl;
pub mod valid;
pub mod variables;

use crate::drift::{Kind, Level};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it means for calls.
    pub level: Level,
    /// What it is.
    pub kind: Kind,
    /// Where it is: fields of the selection (`issues.nodes.title`), or a variable and its fields (`$input.title`).
    pub path: String,
    /// In a sentence.
    pub says: String,
    /// The name that is there and most like the one that is not.
    pub nearest: Option<String>,
}

impl Fault {
    fn new(kind: Kind, path: impl Into<String>, says: impl Into<String>) -> Fault {
        Fault { level: kind.level(), kind, path: path.into(), says: says.into(), nearest: None }
    }

    fn near<'n>(mut self, name: &str, known: impl IntoIterator<Item = &'n str>) -> Fault {
        self.nearest = near::nearest(name, known).map(str::to_owned);
        self
    }

    fn warns(mut self) -> Fault {
        self.level = Level::Warns;
        self
    }

    fn breaks(mut self) -> Fault {
        self.level = Level::Breaks;
        self
    }
}

/// A path and the next name of it.
fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
