//! What people write, read strictly: manifests and fixtures as texts of YAML. A word that nobody knows, a word that is
//! missing and a value of another kind are told all at once, each with its file, its line and its place.
//!
//! What may stand where is taken from the schema of the type that is read ([`words`]), so nothing is listed twice.

mod lines;
mod near;
mod place;
mod words;

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use self::lines::Lines;
pub use self::near::nearest;
pub use self::place::{Fault, Place, Step};

/// Reads a text of YAML. `file` is what faults call it.
///
/// # Errors
/// All that is wrong with its form; at least one.
pub fn read<T: DeserializeOwned + JsonSchema>(file: &str, text: &[u8]) -> Result<T, Vec<Fault>> {
    let lines = Lines::of(file, text);
    let (value, twice) = lines.value().map_err(|fault| vec![fault])?;
    let mut faults: Vec<Fault> = twice
        .into_iter()
        .map(|place| {
            let first = lines.line(&place).map(|line| format!(", and first in line {line}")).unwrap_or_default();
            let said = format!("`{}` stands here a second time{first}; take one of them away", place.last());
            lines.second(place, said)
        })
        .collect();
    let schema = serde_json::to_value(schemars::schema_for!(T)).unwrap_or_default();
    faults.extend(words::faults(&schema, &value).into_iter().map(|(place, said)| lines.fault(place, said)));
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| vec![lines.fault(Place::of_error(error.path()), error.inner().to_string())])
}

/// Reads a file of YAML.
///
/// # Errors
/// It cannot be read, or its form is wrong; at least one fault.
pub fn read_file<T: DeserializeOwned + JsonSchema>(name: &str, file: &Path) -> Result<T, Vec<Fault>> {
    let text = std::fs::read(file).map_err(|error| {
        let said = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => format!("it cannot be read: {error}"),
        };
        vec![Fault::of_file(name, said)]
    })?;
    read(name, &text)
}

/// Several faults as one text, a line each.
pub fn joined(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    const GOOD: &str = "connector: desk\ntitle: Desk\nsummary: Rooms.\ndocs: https://desk.example\n\
                        base: https://desk.example\n";

    fn said(rest: &str) -> Vec<String> {
        let read = read::<Manifest>("connector.yaml", format!("{GOOD}{rest}").as_bytes());
        read.err().unwrap_or_default().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn a_word_that_nobody_knows_is_told_with_its_line_and_the_nearest_one() {
        let said = said(
            "operations:\n  room.list:\n    title: List\n    summary: Lists\n    request: GET /rooms\n    pagging: all\n",
        );
        let [said] = &said[..] else { panic!("{said:?}") };
        assert!(
            said.starts_with(
                "connector.yaml:11: `operations.room.list.pagging`: there is no such word here; did you mean `paging`? \
                 Allowed are `title`, `summary`, "
            ),
            "{said}"
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_in_no_words_of_the_program() {
        let said = said(
            "keyword: x\ncategories: chat\nlimits: { rate: { calls: many, per: 1 minute } }\nsummary: Again.\n\
             auth:\n  a: { type: oauth, title: A, help: B }\n  b: { type: header, title: A, help: B }\n\
             operations:\n  a.b:\n    title: 5\n    request: GET /a\n    params: [a]\n    expect: ['404', 70000]\n",
        );
        let all = said.join("\n");
        for wanted in [
            "connector.yaml:9: `summary`: `summary` stands here a second time",
            "connector.yaml:6: `keyword`: there is no such word here; did you mean `keywords`?",
            "connector.yaml:7: `categories`: a list is wanted, and here is the text `chat`; write `[chat]`",
            "connector.yaml:8: `limits.rate.calls`: a whole number is wanted, and here is the text `many`",
            "connector.yaml:8: `limits.rate.per`: `1 minute` does not fit; write it like `30s` or `2h30m`",
            "connector.yaml:11: `auth.a.type`: there is no `oauth`; did you mean `oauth2`? Allowed are `oauth2`, ",
            "connector.yaml:12: `auth.b`: `name` is missing",
            "connector.yaml:14: `operations.a.b`: `summary` is missing",
            "connector.yaml:15: `operations.a.b.title`: a text is wanted, and here is the number `5`; put it into quotes",
            "connector.yaml:17: `operations.a.b.params`: words with values are wanted, and here is a list",
            "connector.yaml:18: `operations.a.b.expect[0]`: a whole number is wanted, and here is the text `404`",
            "connector.yaml:18: `operations.a.b.expect[1]`: at most 65535, and here is `70000`",
        ] {
            assert!(all.contains(wanted), "{wanted}\nis not in\n{all}");
        }
        assert_eq!(said.len(), 12, "{all}");
        for word in ["struct", "enum", "variant", "sequence", "invalid type", "untagged"] {
            assert!(!all.contains(word), "{word}: {all}");
        }
    }
}
