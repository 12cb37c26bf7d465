//! Methods of strings. Positions and lengths count UTF-16 units.

use super::{no_method, position};
use crate::expr::eval::{Evaluator, argument};
use crate::expr::number::{to_integer, to_u32};
use crate::expr::value::*;

pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    text: &Text<'a>,
    name: &str,
    arguments: &[Val<'a>],
) -> Eval<Val<'a>> {
    let first = argument(arguments, 0);
    let second = argument(arguments, 1);
    Ok(match name {
        "toString" | "valueOf" => Val::String(text.clone()),
        "toLowerCase" | "toLocaleLowerCase" => Val::from(text.to_lowercase()),
        "toUpperCase" | "toLocaleUpperCase" => Val::from(text.to_uppercase()),
        "trim" => part(text, text.trim_matches(is_js_space)),
        "trimStart" | "trimLeft" => part(text, text.trim_start_matches(is_js_space)),
        "trimEnd" | "trimRight" => part(text, text.trim_end_matches(is_js_space)),
        "at" | "charAt" | "charCodeAt" | "codePointAt" => return at(text, name, first),
        "slice" => {
            let length = utf16_len(text);
            let start = position(first, length, 0)?;
            let end = position(second, length, length)?;
            Val::String(text.slice(start, end.max(start))?)
        }
        "substring" => {
            let length = utf16_len(text);
            let clamp = |value: &Val<'_>, default: usize| -> Eval<usize> {
                match value {
                    Val::Undefined => Ok(default),
                    value => Ok(to_integer(value.to_number()?).clamp(0.0, length as f64) as usize),
                }
            };
            let (start, end) = (clamp(first, 0)?, clamp(second, length)?);
            Val::String(text.slice(start.min(end), start.max(end))?)
        }
        "substr" => {
            let length = utf16_len(text);
            let start = position(first, length, 0)?;
            let count = match second {
                Val::Undefined => length - start,
                value => to_integer(value.to_number()?).clamp(0.0, (length - start) as f64) as usize,
            };
            Val::String(text.slice(start, start + count)?)
        }
        "includes" | "startsWith" | "endsWith" | "indexOf" | "lastIndexOf" => {
            return search(text, name, first, second);
        }
        "concat" => {
            let mut whole = text.to_string();
            for argument in arguments {
                whole.push_str(&argument.to_text()?);
            }
            if whole.len() > MAX_TEXT {
                return Err(Stop::JavaScript);
            }
            Val::from(whole)
        }
        "repeat" => {
            let count = to_integer(first.to_number()?);
            if count < 0.0 || count.is_infinite() {
                return throw(format!("Invalid count value: {}", &*first.to_text()?));
            }
            if count * text.len() as f64 > MAX_TEXT as f64 {
                return Err(Stop::JavaScript);
            }
            Val::from(text.repeat(count as usize))
        }
        "padStart" | "padEnd" => return pad(text, name == "padStart", first, second),
        "split" => return split(evaluator, text, first, second),
        "replace" | "replaceAll" => return replace(evaluator, text, name == "replaceAll", first, second),
        _ => return no_method(&Val::String(text.clone()), name),
    })
}

/// A piece of a text that was found by reference, borrowed when the text is.
fn part<'a>(text: &Text<'a>, piece: &str) -> Val<'a> {
    match text {
        Text::Borrowed(whole) => {
            let start = piece.as_ptr() as usize - whole.as_ptr() as usize;
            Val::String(Text::Borrowed(&whole[start..start + piece.len()]))
        }
        Text::Shared(_) => Val::from(piece.to_owned()),
    }
}

fn at<'a>(text: &Text<'a>, name: &str, index: &Val<'a>) -> Eval<Val<'a>> {
    let length = utf16_len(text) as f64;
    let mut place = to_integer(index.to_number()?);
    if name == "at" && place < 0.0 {
        place += length;
    }
    if !(place >= 0.0 && place < length) {
        return Ok(match name {
            "charAt" => Val::from(""),
            "charCodeAt" => Val::Number(f64::NAN),
            _ => Val::Undefined,
        });
    }
    let place = place as usize;
    Ok(match name {
        "charCodeAt" => Val::Number(f64::from(text.encode_utf16().nth(place).unwrap_or(0))),
        "codePointAt" => {
            let mut units = text.encode_utf16().skip(place);
            let (first, second) = (units.next().unwrap_or(0), units.next().unwrap_or(0));
            match char::decode_utf16([first, second]).next() {
                Some(Ok(letter)) => Val::Number(f64::from(letter as u32)),
                _ => Val::Number(f64::from(first)),
            }
        }
        _ => Val::String(text.slice(place, place + 1)?),
    })
}

fn search<'a>(text: &str, name: &str, wanted: &Val<'a>, from: &Val<'a>) -> Eval<Val<'a>> {
    let wanted = wanted.to_text()?;
    let length = utf16_len(text);
    Ok(match name {
        "endsWith" => {
            let end = match from {
                Val::Undefined => length,
                value => to_integer(value.to_number()?).clamp(0.0, length as f64) as usize,
            };
            Val::Bool(utf16_slice(text, 0, end)?.ends_with(&*wanted))
        }
        "lastIndexOf" => {
            if !matches!(from, Val::Undefined) {
                return Err(Stop::JavaScript);
            }
            found(text, text.rfind(&*wanted))
        }
        _ => {
            let start = to_integer(from.to_number()?).clamp(0.0, length as f64) as usize;
            let rest = utf16_slice(text, start, length)?;
            match name {
                "startsWith" => Val::Bool(rest.starts_with(&*wanted)),
                "includes" => Val::Bool(rest.contains(&*wanted)),
                _ => found(text, rest.find(&*wanted).map(|at| at + text.len() - rest.len())),
            }
        }
    })
}

/// A byte position as JavaScript counts, -1 for none.
fn found<'a>(text: &str, at: Option<usize>) -> Val<'a> {
    at.map_or(Val::Number(-1.0), |at| Val::from(utf16_len(&text[..at])))
}

fn pad<'a>(text: &Text<'a>, at_start: bool, length: &Val<'a>, fill: &Val<'a>) -> Eval<Val<'a>> {
    let wanted = to_integer(length.to_number()?);
    let fill = if matches!(fill, Val::Undefined) { Text::Borrowed(" ") } else { fill.to_text()? };
    let known = utf16_len(text);
    let unit = utf16_len(&fill);
    if wanted <= known as f64 || unit == 0 {
        return Ok(Val::String(text.clone()));
    }
    if wanted > MAX_TEXT as f64 {
        return Err(Stop::JavaScript);
    }
    let missing = wanted as usize - known;
    let mut filling = fill.repeat(missing / unit);
    filling.push_str(utf16_slice(&fill, 0, missing % unit)?);
    Ok(Val::from(if at_start { filling + text } else { [&**text, &filling].concat() }))
}

fn split<'a>(evaluator: &mut Evaluator<'a>, text: &Text<'a>, separator: &Val<'a>, limit: &Val<'a>) -> Eval<Val<'a>> {
    let limit = match limit {
        Val::Undefined => usize::MAX,
        limit => to_u32(limit.to_number()?) as usize,
    };
    if matches!(separator, Val::Undefined) {
        return Ok(Val::from(if limit == 0 { Vec::new() } else { vec![Val::String(text.clone())] }));
    }
    let separator = separator.to_text()?;
    if separator.is_empty() {
        // Letters outside the basic plane would be cut in halves.
        if text.chars().any(|letter| letter.len_utf16() > 1) {
            return Err(Stop::JavaScript);
        }
        let letters = text.char_indices().take(limit).map(|(at, letter)| part(text, &text[at..at + letter.len_utf8()]));
        return Ok(Val::from(letters.collect::<Vec<_>>()));
    }
    let pieces: Vec<Val<'a>> = text.split(&*separator).take(limit).map(|piece| part(text, piece)).collect();
    evaluator.spend(pieces.len() + text.len() / 64)?;
    Ok(Val::from(pieces))
}

fn replace<'a>(evaluator: &mut Evaluator<'a>, text: &str, all: bool, pattern: &Val<'a>, by: &Val<'a>) -> Eval<Val<'a>> {
    let pattern = pattern.to_text()?;
    let by = match by {
        function @ (Val::Arrow(_) | Val::Builtin(_)) => function.clone(),
        other => Val::String(other.to_text()?),
    };
    // An empty pattern also matches between the halves of a surrogate pair.
    if pattern.is_empty() && !text.is_ascii() {
        return Err(Stop::JavaScript);
    }
    let mut whole = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, _) in text.match_indices(&*pattern) {
        evaluator.spend(1)?;
        whole.push_str(&text[copied..at]);
        match &by {
            Val::String(by) => expand(&mut whole, by, text, &pattern, at),
            function => {
                let arguments = [Val::String(pattern.clone()), found(text, Some(at)), Val::from(text.to_owned())];
                whole.push_str(&evaluator.call(function, &arguments)?.to_text()?);
            }
        }
        copied = at + pattern.len();
        if whole.len() > MAX_TEXT {
            return Err(Stop::JavaScript);
        }
        if !all {
            break;
        }
    }
    whole.push_str(&text[copied..]);
    Ok(Val::from(whole))
}

/// Writes a replacement, with `$$`, `$&`, `` $` `` and `$'` expanded.
fn expand(whole: &mut String, by: &str, text: &str, pattern: &str, at: usize) {
    let mut rest = by;
    while let Some(dollar) = rest.find('$') {
        whole.push_str(&rest[..dollar]);
        let (piece, length) = match rest.as_bytes().get(dollar + 1) {
            Some(b'$') => ("$", 2),
            Some(b'&') => (pattern, 2),
            Some(b'`') => (&text[..at], 2),
            Some(b'\'') => (&text[at + pattern.len()..], 2),
            _ => ("$", 1),
        };
        whole.push_str(piece);
        rest = &rest[dollar + length..];
    }
    whole.push_str(rest);
}
