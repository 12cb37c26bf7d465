//! What is wrong with the folder of a connector: words that nobody knows, what refers to nothing, what nobody can
//! understand, what nobody has tried. Everything is told at once, each with its file, its line and its place.

mod choices;
mod files;
mod graphql;
mod names;
mod texts;

use std::path::Path;
use std::sync::Arc;

use crate::catalog::{self, Connector};
use crate::manifest::Manifest;
use crate::node;
use crate::written::{self, Fault, Lines, Place};

/// The manifest's file.
pub const MANIFEST: &str = "connector.yaml";

/// What was found in a folder.
pub struct Checked {
    /// The connector, where it can be used.
    pub connector: Option<Connector>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
}

/// Reads a folder, and looks at all that is in it.
pub fn folder(folder: &Path) -> Checked {
    let text = match std::fs::read(folder.join(MANIFEST)) {
        Ok(text) => text,
        Err(_) => return Checked { connector: None, faults: vec![files::no_manifest(folder)] },
    };
    let mut notes = Notes { lines: Lines::of(MANIFEST, &text), list: Vec::new() };
    let manifest = match written::read::<Manifest>(MANIFEST, &text) {
        Ok(manifest) => Arc::new(manifest),
        Err(mut faults) => {
            files::picture(folder, &mut faults);
            files::fixtures(folder, None, &mut faults);
            return Checked { connector: None, faults };
        }
    };
    let types = node::types(&manifest);
    if let Err(faults) = &types {
        faults.iter().for_each(|(at, said)| notes.at(at.clone(), said.clone()));
    }
    names::faults(&manifest, folder, &mut notes);
    texts::faults(&manifest, &mut notes);
    choices::faults(&manifest, folder, &mut notes);
    graphql::faults(&manifest, folder, &mut notes);
    let mut faults = notes.list;
    faults.sort_by_key(|fault| fault.line);
    files::picture(folder, &mut faults);
    files::fixtures(folder, Some(&manifest), &mut faults);
    // Without an address, every call would say the same again.
    let nowhere = faults.iter().any(|fault| fault.at == Place::at(["base"]));
    let types = types.ok().filter(|_| !nowhere);
    let connector = types.map(|types| catalog::made(manifest, types, &text));
    Checked { connector, faults }
}

/// Faults of a manifest as they are found.
struct Notes<'t> {
    lines: Lines<'t>,
    list: Vec<Fault>,
}

impl Notes<'_> {
    /// Whether something is wrong with an operation itself, so that nothing can be said of who uses it.
    fn is_broken(&self, operation: &str) -> bool {
        self.list.iter().any(|fault| fault.at == Place::at(["operations", operation]))
    }

    fn at(&mut self, at: Place, said: impl Into<String>) {
        self.list.push(self.lines.fault(at, said));
    }
}

/// That something is not there, and what may have been meant.
fn absent<'k>(what: &str, name: &str, known: impl Iterator<Item = &'k String> + Clone) -> String {
    if let Some(near) = written::nearest(name, known.clone().map(String::as_str)) {
        return format!("there is no {what} `{name}`; did you mean `{near}`?");
    }
    let known: Vec<String> = known.take(12).map(|name| format!("`{name}`")).collect();
    match known.is_empty() {
        true => format!("there is no {what} `{name}`, nor any other; say it, or take the name out"),
        false => format!("there is no {what} `{name}`; there are {}", known.join(", ")),
    }
}
