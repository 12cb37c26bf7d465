//! The files beside a manifest: fixtures and the picture.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{MANIFEST, absent};
use crate::fixture::{self, Case};
use crate::manifest::Manifest;
use crate::written::{Fault, Lines, Place, nearest};

/// The fixture of lists of choices.
pub(super) const CHOICES: &str = "choices";

/// The folder of fixtures.
const FIXTURES: &str = "fixtures";

/// The picture's file.
const PICTURE: &str = crate::catalog::ICON;

/// Letters of a picture at most.
const MOST_OF_PICTURE: usize = 600;

/// That a folder has no manifest, and what is there in its place.
pub(super) fn no_manifest(folder: &Path) -> Fault {
    let there = names(folder);
    let said = match there.iter().find(|name| nearest(MANIFEST, [name.as_str()]).is_some()) {
        Some(other) => format!("there is no such file; rename `{other}`"),
        None if folder.is_dir() => "there is no such file; `fishplate connector new` writes a frame".to_owned(),
        None => format!("there is no folder `{}`", folder.display()),
    };
    Fault::of_file(MANIFEST, said)
}

/// The picture: there, plain, and nothing that a browser would run or load.
pub(super) fn picture(folder: &Path, faults: &mut Vec<Fault>) {
    let mut say = |said: &str| faults.push(Fault::of_file(PICTURE, said));
    let Ok(bytes) = std::fs::read(folder.join(PICTURE)) else {
        let advice = "draw one path in a square of 24 by 24 (`viewBox=\"0 0 24 24\"`) in the service's colour";
        return say(&format!("there is no such file; {advice}"));
    };
    let Some(text) = String::from_utf8(bytes).ok().filter(|text| text.trim_start().starts_with("<svg")) else {
        return say("it is no SVG: it begins with `<svg`, without anything before");
    };
    let small = text.to_ascii_lowercase();
    for (part, why) in [
        ("<script", "a picture runs nothing"),
        ("<foreignobject", "a picture holds no other documents"),
        ("<image", "a picture is made of paths"),
        ("<style", "a picture is drawn without a style sheet"),
        ("javascript:", "a picture runs nothing"),
        ("href", "a picture loads nothing"),
        ("<!entity", "a picture loads nothing"),
    ] {
        if small.contains(part) {
            say(&format!("it has `{part}`, and {why}; take it out"));
        }
    }
    let handles = small.split(|c: char| c.is_whitespace() || c == '"' || c == '\'').any(|word| {
        word.strip_prefix("on")
            .and_then(|rest| rest.split_once('='))
            .is_some_and(|(event, _)| !event.is_empty() && event.chars().all(|c| c.is_ascii_lowercase()))
    });
    if handles {
        say("it has a handler of events (`on…=`), and a picture runs nothing; take it out");
    }
    if !text.contains("viewBox") {
        say("it has no `viewBox`, so it cannot be drawn in another size; write `viewBox=\"0 0 24 24\"`");
    }
    let letters = text.chars().count();
    if letters > MOST_OF_PICTURE {
        say(&format!("it has {letters} letters, and {MOST_OF_PICTURE} are enough for a plain path"));
    }
}

/// The fixtures: that each can be read, belongs to something, and that nothing is untested. Without a manifest, only
/// their form is looked at.
pub(super) fn fixtures(folder: &Path, manifest: Option<&Manifest>, faults: &mut Vec<Fault>) {
    let mut tried = BTreeSet::new();
    for name in names(&folder.join(FIXTURES)) {
        let shown = format!("{FIXTURES}/{name}");
        let Some(of) = name.strip_suffix(".yaml") else {
            let of = name.rsplit_once('.').map_or(name.as_str(), |(of, _)| of);
            faults.push(Fault::of_file(
                &shown,
                format!("only files that end in `.yaml` are read; rename it to `{of}.yaml`"),
            ));
            tried.insert(of.to_owned());
            continue;
        };
        let known = |manifest: &Manifest| {
            of == CHOICES || manifest.operations.contains_key(of) || manifest.triggers.contains_key(of)
        };
        if let Some(manifest) = manifest.filter(|manifest| !known(manifest)) {
            let said = absent("operation or trigger", of, manifest.operations.keys().chain(manifest.triggers.keys()));
            faults.push(Fault::of_file(&shown, format!("it belongs to nothing: {said}")));
        }
        tried.insert(of.to_owned());
        let file = folder.join(FIXTURES).join(&name);
        match fixture::strictly(&shown, &file) {
            Err(found) => faults.extend(found),
            Ok(cases) => looked_at(&shown, &file, &cases, faults),
        }
    }
    let Some(manifest) = manifest else { return };
    let of = manifest.operations.keys().map(|name| ("operation", name));
    for (what, name) in of.chain(manifest.triggers.keys().map(|name| ("trigger", name))) {
        if !tried.contains(name) {
            let said = format!("{what} `{name}` is untested: there is no such file; write a case of it");
            faults.push(Fault::of_file(&format!("{FIXTURES}/{name}.yaml"), said));
        }
    }
}

/// Cases that are read, and say too little to be told apart.
fn looked_at(shown: &str, file: &Path, cases: &[Case], faults: &mut Vec<Fault>) {
    if cases.is_empty() {
        faults.push(Fault::of_file(shown, "it holds no case, so nothing is tested; a case begins with `- name: …`"));
    }
    let text = std::fs::read(file).unwrap_or_default();
    let lines = Lines::of(shown, &text);
    for (index, case) in cases.iter().enumerate() {
        if cases[..index].iter().any(|before| before.name == case.name) {
            let said = format!("a case before is called `{}`, too; give it another name", case.name);
            faults.push(lines.fault(Place::default().element(index).field("name"), said));
        }
    }
}

/// The names of a folder's files, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path: &PathBuf| path.is_file());
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned()).filter(|name| !name.starts_with('.'));
    let mut names: Vec<String> = files.filter_map(name).collect();
    names.sort();
    names
}
