//! Tags of too many attributes: parsers compare each attribute with all before it, so that a few megabytes of them take
//! hours.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Most attributes of a tag.
pub(super) const ATTRIBUTES: usize = 1_000;

/// Bytes that are read at a time.
const PART: usize = 16 << 10;

/// Most bytes of a tag on a page of which not every place could be looked at.
const LONG: usize = 64 << 10;

/// Gives a page to a parser part by part. `parse` says how many tokens there were so far.
///
/// What is a tag, and what a script, a comment or the value of an attribute, only the parser knows. So every place where
/// a tag of too many attributes could be is cut out: when the parser finds no token in it, it is one.
///
/// # Errors
/// There is such a tag, or `parse` says so.
pub(crate) fn feed(text: &str, parse: &mut dyn FnMut(&str) -> Result<usize>) -> Result<()> {
    let (crowds, all) = crowds(text);
    let mut begun = BTreeMap::<usize, usize>::new();
    let mut cuts: Vec<usize> = crowds.iter().flat_map(|(from, to)| [*from, *to]).collect();
    cuts.extend((PART..text.len()).step_by(PART).map(|at| text.ceil_char_boundary(at)));
    cuts.push(text.len());
    cuts.sort_unstable();
    cuts.dedup();
    let ends: BTreeMap<usize, usize> = crowds.iter().map(|(from, to)| (*to, *from)).collect();
    let starts: BTreeMap<usize, usize> = crowds.into_iter().collect();
    let (mut at, mut tokens, mut last) = (0, 0, 0);
    for cut in cuts {
        if starts.contains_key(&at) {
            begun.insert(at, tokens);
        }
        let now = parse(&text[at..cut])?;
        if now != tokens {
            (tokens, last) = (now, cut);
        }
        at = cut;
        let crowded = ends.get(&at).and_then(|from| begun.get(from)).is_some_and(|before| *before == tokens);
        if crowded || !all && at - last > LONG {
            return Err(Error::limit(format!("a tag of the page has more than {ATTRIBUTES} attributes")));
        }
    }
    Ok(())
}

/// Whether there could be such a tag.
pub(super) fn is_suspect(text: &str) -> bool {
    let (crowds, all) = crowds(text);
    !crowds.is_empty() || !all
}

/// Where tags of too many attributes could be: where each begins, and its first attribute too many. The latest beginning
/// of those that have that attribute in common. False when there was too much to look at all of it.
fn crowds(text: &str) -> (Vec<(usize, usize)>, bool) {
    let bytes = text.as_bytes();
    let mut found = BTreeMap::new();
    let mut effort = bytes.len().saturating_mul(16) + (1 << 20);
    for (at, _) in text.match_indices('<') {
        if !bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let (end, taken) = crowd(bytes, at + 2);
        if let Some(end) = end {
            found.insert(end, at);
        }
        match effort.checked_sub(taken) {
            Some(left) => effort = left,
            None => return (found.into_iter().map(|(to, from)| (from, to)).collect(), false),
        }
    }
    (found.into_iter().map(|(to, from)| (from, to)).collect(), true)
}

/// Reads a tag from its name on, as parsers do: where its first attribute too many is, and how many bytes were read.
fn crowd(bytes: &[u8], from: usize) -> (Option<usize>, usize) {
    let (mut quote, mut names, mut between, mut after_equals) = (None, 0, false, false);
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => (quote, between) = (None, true),
            (Some(_), _) => {}
            (None, b'>') => return (None, at - from),
            (None, b'"' | b'\'') if after_equals => (quote, after_equals) = (Some(*byte), false),
            (None, b'=') => after_equals = true,
            (None, byte) if byte.is_ascii_whitespace() => between = true,
            (None, b'/') if !after_equals => between = true,
            (None, _) => {
                // The value after an equals sign is no name.
                names += usize::from(between && !after_equals);
                (between, after_equals) = (false, false);
                if names > ATTRIBUTES {
                    return (Some(at), at - from);
                }
            }
        }
    }
    (None, bytes.len().saturating_sub(from))
}
