//! A text of YAML: its value, words that stand twice in one map, and the lines of places.

use std::cell::RefCell;
use std::fmt;

use model::{Map, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::place::{Fault, Place, Step};

/// A text whose places have lines.
pub struct Lines<'t> {
    file: String,
    text: &'t [u8],
}

impl<'t> Lines<'t> {
    /// The text of a file.
    pub fn of(file: &str, text: &'t [u8]) -> Lines<'t> {
        Lines { file: file.to_owned(), text }
    }

    /// What is wrong at a place of it.
    pub fn fault(&self, at: Place, said: impl Into<String>) -> Fault {
        Fault { file: self.file.clone(), line: self.line(&at), at, said: said.into() }
    }

    /// The same where a word stands twice.
    pub(super) fn second(&self, at: Place, said: String) -> Fault {
        let line = self.found(&at.0, 2).or_else(|| self.line(&at));
        Fault { file: self.file.clone(), line, at, said }
    }

    /// The line of a place, or of what is nearest above it.
    pub fn line(&self, at: &Place) -> Option<usize> {
        (1..=at.0.len()).rev().find_map(|steps| self.found(&at.0[..steps], 1))
    }

    /// What stands in it, and the places of words that stand twice in one map.
    ///
    /// # Errors
    /// It is no YAML; says where.
    pub(crate) fn value(&self) -> Result<(Value, Vec<Place>), Fault> {
        let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if !String::from_utf8_lossy(self.text).lines().any(says) {
            return Err(Fault::of_file(&self.file, "it is empty"));
        }
        let twice = RefCell::default();
        let whole = Whole { at: Place::default(), twice: &twice };
        match whole.deserialize(serde_yaml_ng::Deserializer::from_slice(self.text)) {
            Ok(value) => Ok((value, twice.into_inner())),
            Err(error) => {
                let line = error.location().map(|location| location.line());
                let said = match std::str::from_utf8(self.text) {
                    Err(_) => "it is no text in UTF-8".to_owned(),
                    Ok(_) => {
                        let said = error.to_string();
                        // Where it stands is said before.
                        let said = said.split(" at line ").next().unwrap_or(&said);
                        format!("it is no YAML: {said}; {}", advice(self.text, line, said))
                    }
                };
                Err(Fault { file: self.file.clone(), line, at: Place::default(), said })
            }
        }
    }

    /// The reader says the line that it stops at, and is stopped where the place is.
    fn found(&self, path: &[Step], time: usize) -> Option<usize> {
        let read = (Seek { path, time }).deserialize(serde_yaml_ng::Deserializer::from_slice(self.text));
        let stopped = read.err().filter(|error| error.to_string().contains(FOUND))?;
        stopped.location().map(|location| location.line())
    }
}

/// What is usually the matter where YAML cannot be read.
fn advice(text: &[u8], line: Option<usize>, said: &str) -> &'static str {
    let lines = String::from_utf8_lossy(text);
    let line = line.and_then(|line| lines.lines().nth(line.saturating_sub(1))).unwrap_or_default();
    if line.starts_with('\t')
        || line.trim_start_matches(' ').starts_with('\t')
        || said.contains("cannot start any token")
    {
        "lines are indented by blanks, not by tabs, and a text that begins with a sign such as `@` or `%` stands in quotes"
    } else if said.contains("not allowed in this context") {
        "a text with `: ` in it stands in quotes, and words of one map are indented alike"
    } else {
        "words of one map are indented alike, and braces, brackets and quotes are closed"
    }
}

/// Reads a value, and notes which words stand twice.
struct Whole<'a> {
    at: Place,
    twice: &'a RefCell<Vec<Place>>,
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("words with values, a list, a text, a number, true or false")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(value) = list.next_element_seed(Whole { at: self.at.element(read.len()), twice: self.twice })? {
            read.push(value);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(word) = map.next_key::<String>()? {
            let at = self.at.field(&word);
            if read.contains_key(&word) {
                self.twice.borrow_mut().push(at.clone());
            }
            let value = map.next_value_seed(Whole { at, twice: self.twice })?;
            read.insert(word, value);
        }
        Ok(Value::Object(read))
    }
}

/// What the reader says that was stopped on purpose.
const FOUND: &str = "here it is";

/// Reads until it is at a place, and stops there with an error. `time`: the how many-eth of words that are the same.
struct Seek<'p> {
    path: &'p [Step],
    time: usize,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl Seek<'_> {
    fn stop<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a place")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.stop()
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.stop()
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.stop()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.stop()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.stop()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.stop()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.stop()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.stop()?;
        let wanted = match self.path {
            [Step::Element(wanted), ..] => Some(*wanted),
            _ => None,
        };
        for at in 0.. {
            let read = match wanted == Some(at) {
                true => list.next_element_seed(Seek { path: &self.path[1..], time: self.time })?,
                false => list.next_element::<IgnoredAny>()?.map(drop),
            };
            if read.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.stop()?;
        let (wanted, last) = match self.path {
            [Step::Field(wanted), rest @ ..] => (Some(wanted.as_str()), rest.is_empty()),
            _ => (None, false),
        };
        let mut time = 0;
        loop {
            let is_last = last && time + 1 == self.time;
            let Some(same) = map.next_key_seed(Word { wanted, is_last })? else { break };
            time += usize::from(same);
            match same && !last {
                true => map.next_value_seed(Seek { path: &self.path[1..], time: self.time })?,
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Whether a word is the wanted one; stops there if it is the last step.
struct Word<'p> {
    wanted: Option<&'p str>,
    is_last: bool,
}

impl<'de> DeserializeSeed<'de> for Word<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Word<'_> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a word")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<bool, E> {
        let same = self.wanted == Some(word);
        if same && self.is_last { Err(E::custom(FOUND)) } else { Ok(same) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_lines_in_blocks_in_braces_and_behind_anchors() {
        let text = b"a: &x\n  b: 1\nlist:\n  - { c: 2,\n      d: 3 }\n  - e\nf: *x\na.b: |\n  x: 1\nf: 4\n";
        let lines = Lines::of("x.yaml", text);
        let check = |place: Place, expect: Option<usize>| assert_eq!(lines.line(&place), expect, "{place}");
        check(Place::at(["a", "b"]), Some(2));
        check(Place::at(["list"]).element(0).field("d"), Some(5));
        check(Place::at(["list"]).element(1), Some(6));
        check(Place::at(["f", "b"]), Some(2));
        check(Place::at(["a.b"]), Some(8));
        check(Place::at(["list", "nothing"]), Some(3));
        check(Place::at(["nothing"]), None);
        let (value, twice) = lines.value().unwrap();
        assert_eq!(value["f"], 4);
        assert_eq!(twice, [Place::at(["f"])]);
        assert_eq!(lines.second(Place::at(["f"]), String::new()).line, Some(10));
    }
}
