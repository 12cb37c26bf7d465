//! Places in a text of YAML, and what is wrong there.

use std::fmt;

/// A step of a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a map, by a word.
    Field(String),
    /// Into a list.
    Element(usize),
}

/// Where something stands: steps from the top of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<Step>);

impl Place {
    /// The place of words below each other.
    pub fn at<const N: usize>(words: [&str; N]) -> Place {
        Place(words.into_iter().map(|word| Step::Field(word.to_owned())).collect())
    }

    /// The place one word below.
    pub fn field(&self, word: &str) -> Place {
        self.with(Step::Field(word.to_owned()))
    }

    /// The place of an element of the list.
    pub fn element(&self, index: usize) -> Place {
        self.with(Step::Element(index))
    }

    fn with(&self, step: Step) -> Place {
        Place([&self.0[..], &[step]].concat())
    }

    /// Its last step, as people write it.
    pub fn last(&self) -> String {
        match self.0.last() {
            Some(Step::Field(word)) => word.clone(),
            Some(Step::Element(index)) => format!("[{index}]"),
            None => String::new(),
        }
    }

    /// The place that a reader stopped at.
    pub(super) fn of_error(path: &serde_path_to_error::Path) -> Place {
        use serde_path_to_error::Segment;
        let step = |segment: &Segment| match segment {
            Segment::Seq { index } => Some(Step::Element(*index)),
            Segment::Map { key } => Some(Step::Field(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        Place(path.iter().map_while(step).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(word) if at == 0 => write!(out, "{word}")?,
                Step::Field(word) => write!(out, ".{word}")?,
                Step::Element(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, from the connector's folder.
    pub file: String,
    /// Its line, from 1, where one can be named.
    pub line: Option<usize>,
    /// The place in it; empty: all of it.
    pub at: Place,
    /// What is wrong, and how to mend it.
    pub said: String,
}

impl Fault {
    /// What is wrong with a file as a whole.
    pub fn of_file(file: &str, said: impl Into<String>) -> Fault {
        Fault { file: file.to_owned(), line: None, at: Place::default(), said: said.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.at.0.is_empty() {
            write!(out, ": `{}`", self.at)?;
        }
        write!(out, ": {}", self.said)
    }
}
