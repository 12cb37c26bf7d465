//! The methods and rules that n8n adds to values. A name in these tables is n8n's wherever it is called; what a
//! value's type does not have falls back to JavaScript's own method, then fails with n8n's message.

use super::eval::{Evaluator, argument};
use super::value::*;
use super::{json, methods, number, uri};

/// The types with extensions, in the order in which n8n's messages list them.
const TYPES: &[(&str, &[&str])] = &[
    (
        "Array",
        &[
            "append",
            "average",
            "chunk",
            "compact",
            "difference",
            "first",
            "intersection",
            "isEmpty",
            "isNotEmpty",
            "last",
            "max",
            "merge",
            "mergeIntoObject",
            "min",
            "pluck",
            "randomItem",
            "removeDuplicates",
            "renameKeys",
            "smartJoin",
            "sum",
            "toBoolean",
            "toDateTime",
            "toFloat",
            "toInt",
            "toJsonString",
            "union",
            "unique",
        ],
    ),
    (
        "Date",
        &[
            "beginningOf",
            "diffTo",
            "diffToNow",
            "endOfMonth",
            "extract",
            "format",
            "isBetween",
            "isDst",
            "isInLast",
            "isWeekend",
            "minus",
            "plus",
            "toBoolean",
            "toDateTime",
            "toFloat",
            "toInt",
        ],
    ),
    (
        "Number",
        &[
            "abs",
            "ceil",
            "floor",
            "format",
            "isEven",
            "isInteger",
            "isOdd",
            "round",
            "toBoolean",
            "toDateTime",
            "toFloat",
            "toInt",
        ],
    ),
    (
        "Object",
        &[
            "compact",
            "hasField",
            "isEmpty",
            "isNotEmpty",
            "keepFieldsContaining",
            "keys",
            "removeField",
            "removeFieldsContaining",
            "toBoolean",
            "toDateTime",
            "toFloat",
            "toInt",
            "toJsonString",
            "urlEncode",
            "values",
        ],
    ),
    (
        "String",
        &[
            "base64Decode",
            "base64Encode",
            "extractDomain",
            "extractEmail",
            "extractUrl",
            "extractUrlPath",
            "hash",
            "isBlank",
            "isDomain",
            "isEmail",
            "isEmpty",
            "isNotBlank",
            "isNotEmpty",
            "isNumeric",
            "isUrl",
            "length",
            "parseJson",
            "quote",
            "removeMarkdown",
            "removeTags",
            "replaceSpecialChars",
            "toBoolean",
            "toDate",
            "toDateTime",
            "toDecimalNumber",
            "toFloat",
            "toInt",
            "toJsonString",
            "toNumber",
            "toSentenceCase",
            "toSnakeCase",
            "toTitleCase",
            "toWholeNumber",
            "urlDecode",
            "urlEncode",
        ],
    ),
    ("Boolean", &["toBoolean", "toDateTime", "toFloat", "toInt", "toNumber"]),
];

/// Extensions for which no type has a native answer.
const NEVER_NATIVE: &[&str] = &[
    "beginningOf",
    "diffTo",
    "diffToNow",
    "endOfMonth",
    "extract",
    "extractDomain",
    "extractUrl",
    "extractUrlPath",
    "format",
    "hash",
    "isBetween",
    "isDomain",
    "isDst",
    "isInLast",
    "isUrl",
    "isWeekend",
    "merge",
    "mergeIntoObject",
    "minus",
    "plus",
    "randomItem",
    "removeMarkdown",
    "renameKeys",
    "smartJoin",
    "toDate",
    "toDateTime",
    "toTitleCase",
];

/// Whether n8n has an extension of that name for some type.
pub(super) fn is_extension(name: &str) -> bool {
    TYPES.iter().any(|(_, names)| names.contains(&name))
}

/// Whether a call of that extension may be native.
pub(super) fn is_native(name: &str) -> bool {
    is_extension(name) && !NEVER_NATIVE.contains(&name)
}

/// Calls an extension.
pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    object: Val<'a>,
    name: &str,
    arguments: &[Val<'a>],
) -> Eval<Val<'a>> {
    let type_name = match &object {
        Val::List(_) | Val::Array(_) => "Array",
        // n8n takes such a string for a date.
        Val::String(text) if looks_like_date(text) => return Err(Stop::JavaScript),
        Val::String(_) => "String",
        Val::Number(_) => "Number",
        Val::Map(_) | Val::Object(_) => "Object",
        Val::Bool(_) => "Boolean",
        Val::Undefined | Val::Null => return on_nothing(&object, name),
        Val::Host(_) | Val::Arrow(_) | Val::Builtin(_) => return Err(Stop::JavaScript),
    };
    let has_own = TYPES.iter().any(|(owner, names)| *owner == type_name && names.contains(&name));
    if !has_own {
        return fall_back(evaluator, object, name, arguments);
    }
    match &object {
        Val::String(text) => on_string(text, name, arguments),
        Val::Number(value) => on_number(*value, name, arguments),
        Val::Bool(value) => Ok(match name {
            "toBoolean" => Val::Bool(*value),
            "toDateTime" => Val::Undefined,
            _ => Val::Number(f64::from(u8::from(*value))),
        }),
        Val::Map(_) | Val::Object(_) => on_object(evaluator, &object, name, arguments),
        _ => on_list(evaluator, &object, name, arguments),
    }
}

fn on_nothing<'a>(object: &Val<'a>, name: &str) -> Eval<Val<'a>> {
    match name {
        "isEmpty" => Ok(Val::Bool(true)),
        "isNotEmpty" => Ok(Val::Bool(false)),
        _ => fail(format!("{name} can't be used on {} value", &*object.to_text()?)),
    }
}

/// A name that another type has: JavaScript's own method, n8n's general one, or an error.
fn fall_back<'a>(evaluator: &mut Evaluator<'a>, object: Val<'a>, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    match methods::call(evaluator, object.clone(), name, arguments) {
        Err(Stop::Throw(_)) => {}
        other => return other,
    }
    match name {
        "isEmpty" => return Ok(Val::Bool(!object.is_truthy())),
        "isNotEmpty" => return Ok(Val::Bool(object.is_truthy())),
        _ => {}
    }
    let owners: Vec<String> =
        TYPES.iter().filter(|(_, names)| names.contains(&name)).map(|(owner, _)| format!("\"{owner}\"")).collect();
    match owners.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            fail(format!("{name}() is only callable on types {}, and {last}", rest.join(", ")))
        }
        Some((only, _)) => fail(format!("{name}() is only callable on type {only}")),
        None => Err(Stop::JavaScript),
    }
}

/// Text that holds a complete ISO instant and may be one itself.
fn looks_like_date(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    matches!(text.len(), 24 | 27)
        && text.as_bytes()[text.len() - SHAPE.len()..].iter().zip(SHAPE).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            shape => byte == shape,
        })
}

/// What `$ifEmpty` replaces.
pub(super) fn is_blank(value: &Val<'_>) -> Eval<bool> {
    Ok(match value {
        Val::Undefined | Val::Null => true,
        Val::String(text) => text.is_empty(),
        Val::List(values) => values.is_empty(),
        Val::Array(values) => values.is_empty(),
        Val::Map(map) => map.is_empty(),
        Val::Object(object) => object.len() == 0,
        Val::Host(_) => return Err(Stop::JavaScript),
        _ => false,
    })
}

fn on_string<'a>(text: &Text<'a>, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let first = argument(arguments, 0);
    Ok(match name {
        "isEmpty" => Val::Bool(text.is_empty()),
        "isNotEmpty" => Val::Bool(!text.is_empty()),
        // The blank tests are younger than the release that the recorded cases come from.
        "isBlank" => Val::Bool(text.trim_matches(is_js_space).is_empty()),
        "isNotBlank" => Val::Bool(!text.trim_matches(is_js_space).is_empty()),
        "length" => Val::from(utf16_len(text)),
        "toJsonString" => json::stringify(&Val::String(text.clone()), &Val::Undefined, &Val::Undefined)?,
        "parseJson" => match json::parse(text) {
            Err(Stop::Throw(_)) if text.contains('\'') => {
                return fail("Parsing failed. Check you're using double quotes");
            }
            Err(Stop::Throw(_)) => return fail("Parsing failed"),
            other => other?,
        },
        "removeTags" => Val::from(remove_tags(text)),
        "toBoolean" => {
            let lower = text.to_lowercase();
            Val::Bool(!matches!(lower.as_str(), "" | "false" | "no" | "0"))
        }
        "toNumber" => numeric(number::parse(&without_currency(text)?), "cannot convert to number")?,
        "toInt" | "toWholeNumber" => {
            let radix = number::to_u32(first.to_number()?) as i32;
            numeric(number::parse_integer(&without_currency(text)?, radix), "cannot convert to integer")?
        }
        "toFloat" | "toDecimalNumber" => {
            if text.contains(',') {
                return fail("cannot convert to float, expected . as decimal separator");
            }
            numeric(number::parse_prefix(&without_currency(text)?), "cannot convert to float")?
        }
        "isNumeric" => {
            Val::Bool(!text.contains(' ') && !number::parse(text).is_nan() && !number::parse_prefix(text).is_nan())
        }
        "toSnakeCase" => Val::from(snake_case(text)),
        "toSentenceCase" if text.is_ascii() => Val::from(sentence_case(text)),
        "replaceSpecialChars" if text.is_ascii() => Val::String(text.clone()),
        "urlEncode" => Val::from(uri::encode(text, if first.is_truthy() { uri::WHOLE } else { uri::COMPONENT })),
        "urlDecode" => Val::from(uri::decode(text, if first.is_truthy() { uri::RESERVED } else { "" })?),
        "base64Encode" => Val::from(uri::to_base64(text)),
        "base64Decode" => Val::from(uri::from_base64(text)?),
        "quote" => quote(text, first)?,
        "isEmail" => match email(text)? {
            Some(_) => Val::Bool(!text.contains(' ')),
            None => Val::Bool(false),
        },
        "extractEmail" => email(text)?.map_or(Val::Undefined, |found| Val::from(found.to_owned())),
        _ => return Err(Stop::JavaScript),
    })
}

fn numeric<'a>(number: f64, message: &str) -> Eval<Val<'a>> {
    if number.is_nan() { fail(message) } else { Ok(Val::Number(number)) }
}

/// The text without currency signs. n8n also drops letters that are currencies somewhere (`P`, `kr` …), so texts
/// with letters other than an exponent's are left to the sandbox.
fn without_currency(text: &str) -> Eval<String> {
    let mut kept = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '0'..='9' | '.' | ',' | '-' | '+' | '_' | '%' | ' ' | '\n' | '\r' | '\t' | 'e' | 'E' => kept.push(letter),
            '$' | '€' | '£' | '¥' | '₹' | '¢' => {}
            _ => return Err(Stop::JavaScript),
        }
    }
    Ok(kept)
}

fn remove_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        kept.push_str(&rest[..open]);
        rest = match rest[open..].find('>') {
            Some(close) => &rest[open + close + 1..],
            None => "",
        };
    }
    kept.push_str(rest);
    kept
}

fn snake_case(text: &str) -> String {
    let is_dropped = |letter: char| {
        matches!(letter, '\u{2000}'..='\u{206f}' | '\u{2e00}'..='\u{2e7f}')
            || "\\'!\"#$%&()*+,./:;<=>?@[]^`{|}~".contains(letter)
    };
    text.to_lowercase().replace([' ', '-'], "_").replace(is_dropped, "")
}

/// Upper case for the first letter of each sentence, lower case for what follows it.
fn sentence_case(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.find(|letter: char| letter.is_ascii_alphabetic()) {
        let end = rest[letter..].find(['!', '?', '.']).map_or(rest.len(), |end| letter + end + 1);
        // An end mark in front of the first letter closes an empty sentence.
        if let Some(early) = rest[..letter].find(['!', '?', '.']) {
            let (head, tail) = rest.split_at(early + 1);
            result.push_str(head);
            rest = tail;
            continue;
        }
        result.push_str(&rest[..letter]);
        result.push(rest.as_bytes()[letter].to_ascii_uppercase() as char);
        result.push_str(&rest[letter + 1..end].to_ascii_lowercase());
        rest = &rest[end..];
    }
    result.push_str(rest);
    result
}

fn quote<'a>(text: &str, mark: &Val<'a>) -> Eval<Val<'a>> {
    let mark = match mark {
        Val::Undefined => "\"",
        Val::String(mark) if &**mark == "\"" => "\"",
        Val::String(mark) if &**mark == "'" => "'",
        _ => return Err(Stop::JavaScript),
    };
    let escaped = text.replace('\\', "\\\\").replace(mark, &format!("\\{mark}"));
    Ok(Val::from(format!("{mark}{escaped}{mark}")))
}

/// The first e-mail address in a text, as n8n's pattern finds it. Quoted names and bracketed hosts are left to the
/// sandbox.
fn email(text: &str) -> Eval<Option<&str>> {
    if !text.is_ascii() || text.contains(['"', '[']) {
        return Err(Stop::JavaScript);
    }
    let bytes = text.as_bytes();
    let is_local = |byte: u8| !b"<>()[]\\.,;:@\"".contains(&byte) && !is_js_space(byte as char);
    for at in (0..bytes.len()).filter(|at| bytes[*at] == b'@') {
        let mut start = at;
        while start > 0 && (is_local(bytes[start - 1]) || is_inner_dot(bytes, start - 1, at, is_local)) {
            start -= 1;
        }
        if start < at
            && let Some(length) = domain_length(&text[at + 1..])
        {
            return Ok(Some(&text[start..at + 1 + length]));
        }
    }
    Ok(None)
}

/// A dot with a local letter on both sides.
fn is_inner_dot(bytes: &[u8], dot: usize, end: usize, is_local: impl Fn(u8) -> bool) -> bool {
    bytes[dot] == b'.' && dot > 0 && dot + 1 < end && is_local(bytes[dot - 1]) && is_local(bytes[dot + 1])
}

/// Length of the host name at the start of a text: labels, the last beginning with at least two letters.
fn domain_length(text: &str) -> Option<usize> {
    let run = text.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '.'));
    let run = &text[..run.unwrap_or(text.len())];
    let (mut best, mut offset) = (None, 0);
    for (place, label) in run.split('.').enumerate() {
        let letters = label.bytes().take_while(u8::is_ascii_alphabetic).count();
        if place > 0 && letters >= 2 {
            best = Some(offset + letters);
        }
        if label.is_empty() {
            break;
        }
        offset += label.len() + 1;
    }
    best
}

fn on_number<'a>(value: f64, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let is_whole = value.is_finite() && value.fract() == 0.0;
    Ok(match name {
        "floor" => Val::Number(value.floor()),
        "ceil" => Val::Number(value.ceil()),
        "abs" => Val::Number(value.abs()),
        "isInteger" => Val::Bool(is_whole),
        "isEven" | "isOdd" if !is_whole => return fail(format!("{name}() is only callable on integers")),
        "isEven" => Val::Bool(value % 2.0 == 0.0),
        "isOdd" => Val::Bool(value.abs() % 2.0 == 1.0),
        "round" => {
            let places = match argument(arguments, 0) {
                Val::Undefined => 0.0,
                places => number::to_integer(places.to_number()?),
            };
            if !(0.0..=100.0).contains(&places) {
                return throw("toFixed() digits argument must be between 0 and 100");
            }
            round(value, places as usize)
        }
        "toInt" => round(value, 0),
        "toFloat" => Val::Number(value),
        "toBoolean" => Val::Bool(value != 0.0),
        _ => return Err(Stop::JavaScript),
    })
}

/// `+value.toFixed(places)`, as n8n rounds.
fn round<'a>(value: f64, places: usize) -> Val<'a> {
    Val::Number(number::parse(&methods::fixed(value, places)))
}

fn on_object<'a>(evaluator: &mut Evaluator<'a>, object: &Val<'a>, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let fields = object.fields().ok_or(Stop::JavaScript)?;
    evaluator.spend(fields.len())?;
    let first = argument(arguments, 0);
    let keep = |keep: &dyn Fn(&Text<'a>, &Val<'a>) -> bool| -> Val<'a> {
        let mut kept = Object::default();
        fields.iter().filter(|(key, value)| keep(key, value)).for_each(|(key, value)| {
            kept.set(key.clone(), value.clone());
        });
        Val::from(kept)
    };
    Ok(match name {
        "isEmpty" => Val::Bool(fields.is_empty()),
        "isNotEmpty" => Val::Bool(!fields.is_empty()),
        "keys" => Val::from(fields.iter().map(|(key, _)| Val::String(key.clone())).collect::<Vec<_>>()),
        "values" => Val::from(fields.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>()),
        "toJsonString" => json::stringify(object, &Val::Undefined, &Val::Undefined)?,
        "toInt" | "toFloat" | "toBoolean" | "toDateTime" => Val::Undefined,
        "hasField" | "removeField" => {
            let wanted = first.to_key()?;
            if super::eval::is_object_name(&wanted) {
                return Err(Stop::JavaScript);
            }
            if name == "hasField" {
                Val::Bool(fields.iter().any(|(key, _)| **key == *wanted))
            } else {
                keep(&|key, _| **key != *wanted)
            }
        }
        "removeFieldsContaining" | "keepFieldsContaining" => {
            let Val::String(wanted) = first else { return fail(expected_text(name)) };
            if wanted.is_empty() {
                return fail(expected_text(name));
            }
            let holds = |value: &Val<'a>| matches!(value, Val::String(text) if text.contains(&**wanted));
            if name == "keepFieldsContaining" {
                keep(&|_, value| holds(value))
            } else {
                keep(&|_, value| !holds(value))
            }
        }
        "compact" => compact(object, 0)?,
        "urlEncode" => {
            let mut query = String::new();
            for (key, value) in &fields {
                if !query.is_empty() {
                    query.push('&');
                }
                query.push_str(&uri::encode(key, uri::QUERY).replace(' ', "+"));
                query.push('=');
                query.push_str(&uri::encode(&value.to_text()?, uri::QUERY).replace(' ', "+"));
            }
            Val::from(query)
        }
        _ => return Err(Stop::JavaScript),
    })
}

fn expected_text(name: &str) -> &'static str {
    match name {
        "keepFieldsContaining" => "argument of keepFieldsContaining must be a non-empty string",
        _ => "removeFieldsContaining(): expected non-empty string arg",
    }
}

/// Whether `compact` drops a value.
fn is_hollow(value: &Val<'_>) -> bool {
    match value {
        Val::Undefined | Val::Null => true,
        Val::String(text) => matches!(&**text, "" | "nil"),
        Val::List(values) => values.is_empty(),
        Val::Array(values) => values.is_empty(),
        Val::Map(map) => map.is_empty(),
        Val::Object(object) => object.len() == 0,
        _ => false,
    }
}

/// An object without empty fields, at every level. n8n turns lists inside into objects; that is left to the sandbox.
fn compact<'a>(value: &Val<'a>, depth: usize) -> Eval<Val<'a>> {
    if depth > 64 || value.is_list() || matches!(value, Val::Host(_)) {
        return Err(Stop::JavaScript);
    }
    let Some(fields) = value.fields() else { return Ok(value.clone()) };
    let mut kept = Object::default();
    for (key, value) in fields.into_iter().filter(|(_, value)| !is_hollow(value)) {
        kept.set(key, compact(&value, depth + 1)?);
    }
    Ok(Val::from(kept))
}

fn on_list<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    match (name, list) {
        ("first", _) => return evaluator.get_index(list, 0),
        ("isEmpty", Val::List(values)) => return Ok(Val::Bool(values.is_empty())),
        ("isNotEmpty", Val::List(values)) => return Ok(Val::Bool(!values.is_empty())),
        ("last", Val::List(values)) => return Ok(values.last().map_or(Val::Undefined, Val::from)),
        ("toJsonString", _) => return json::stringify(list, &Val::Undefined, &Val::Undefined),
        ("toInt" | "toFloat" | "toBoolean" | "toDateTime", _) => return Ok(Val::Undefined),
        _ => {}
    }
    let mut values = list.elements().ok_or(Stop::JavaScript)?;
    evaluator.spend(values.len())?;
    let first = argument(arguments, 0);
    Ok(match name {
        "isEmpty" => Val::Bool(values.is_empty()),
        "isNotEmpty" => Val::Bool(!values.is_empty()),
        "last" => values.pop().unwrap_or(Val::Undefined),
        "sum" => Val::Number(numbers(&values, name)?.iter().fold(0.0, |sum, number| sum + number)),
        "average" => average(&values)?,
        "min" | "max" => {
            let numbers = numbers(&values, name)?;
            let function = if name == "min" { super::builtin::Math::Min } else { super::builtin::Math::Max };
            let arguments: Vec<Val<'a>> = numbers.into_iter().map(Val::Number).collect();
            return super::call::builtin(evaluator, super::builtin::Builtin::Math(function), &arguments);
        }
        "compact" => {
            let mut kept = Vec::with_capacity(values.len());
            for value in values.iter().filter(|value| !is_hollow(value)) {
                kept.push(compact(value, 0)?);
            }
            Val::from(kept)
        }
        "chunk" => match first {
            Val::Number(size) if *size >= 1.0 && size.fract() == 0.0 => {
                Val::from(values.chunks(*size as usize).map(|chunk| Val::from(chunk.to_vec())).collect::<Vec<_>>())
            }
            Val::Number(size) if *size != 0.0 => return Err(Stop::JavaScript),
            _ => return fail("chunk(): expected non-zero numeric arg, e.g. .chunk(5)"),
        },
        "pluck" if arguments.is_empty() => Val::from(values),
        "pluck" => pluck(values, arguments)?,
        "append" => {
            values.extend(arguments.iter().cloned());
            Val::from(values)
        }
        "unique" | "removeDuplicates" if arguments.is_empty() => unique(evaluator, values)?,
        "union" | "difference" | "intersection" => {
            let Some(others) = first.elements() else {
                return fail(format!("{name}(): expected array arg, e.g. .{name}([1, 2, 3, 4])"));
            };
            combine(evaluator, values, others, name)?
        }
        _ => return Err(Stop::JavaScript),
    })
}

fn numbers(values: &[Val<'_>], name: &str) -> Eval<Vec<f64>> {
    let mut numbers = Vec::with_capacity(values.len());
    for value in values {
        let Val::Number(number) = value else { return fail(format!("{name}(): all array elements must be numbers")) };
        numbers.push(*number);
    }
    Ok(numbers)
}

/// The average of numbers; of none it is 0.
pub(super) fn average<'a>(values: &[Val<'a>]) -> Eval<Val<'a>> {
    let numbers = numbers(values, "average")?;
    if numbers.is_empty() {
        return Ok(Val::Number(0.0));
    }
    Ok(Val::Number(numbers.iter().fold(0.0, |sum, number| sum + number) / numbers.len() as f64))
}

fn pluck<'a>(values: Vec<Val<'a>>, names: &[Val<'a>]) -> Eval<Val<'a>> {
    let mut all = Vec::new();
    for value in &values {
        if value.is_list() || matches!(value, Val::Host(_)) {
            return Err(Stop::JavaScript);
        }
        let mut plucked = Vec::new();
        for (key, value) in value.fields().unwrap_or_default() {
            let matches = names.iter().filter(|name| matches!(name, Val::String(name) if **name == *key)).count();
            plucked.extend(std::iter::repeat_n(value, matches));
        }
        match plucked.len() {
            0 => {}
            1 => all.append(&mut plucked),
            _ => all.push(Val::from(plucked)),
        }
    }
    Ok(Val::from(all))
}

fn contains<'a>(evaluator: &mut Evaluator<'a>, values: &[Val<'a>], wanted: &Val<'a>) -> Eval<bool> {
    evaluator.spend(values.len())?;
    for value in values {
        if json::deep_equal(value, wanted, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unique<'a>(evaluator: &mut Evaluator<'a>, values: Vec<Val<'a>>) -> Eval<Val<'a>> {
    let mut kept: Vec<Val<'a>> = Vec::new();
    for value in values {
        if !contains(evaluator, &kept, &value)? {
            kept.push(value);
        }
    }
    Ok(Val::from(kept))
}

fn combine<'a>(evaluator: &mut Evaluator<'a>, values: Vec<Val<'a>>, others: Vec<Val<'a>>, name: &str) -> Eval<Val<'a>> {
    let mut all = Vec::new();
    match name {
        "union" => {
            all = values;
            all.extend(others);
        }
        _ => {
            let wanted = name == "intersection";
            for value in &values {
                if contains(evaluator, &others, value)? == wanted {
                    all.push(value.clone());
                }
            }
        }
    }
    unique(evaluator, all)
}
