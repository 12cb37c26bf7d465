//! Functions that are called by name: `Math.round`, `JSON.parse`, `Object.keys`, `parseInt` …

use super::builtin::{Builtin, Math};
use super::eval::{Evaluator, argument};
use super::value::*;
use super::{extension, json, number, uri};

pub(super) fn builtin<'a>(evaluator: &mut Evaluator<'a>, function: Builtin, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let first = argument(arguments, 0);
    Ok(match function {
        Builtin::Boolean => Val::Bool(first.is_truthy()),
        Builtin::Not => Val::Bool(!first.is_truthy()),
        Builtin::Number => match arguments.is_empty() {
            true => Val::Number(0.0),
            false => Val::Number(first.to_number()?),
        },
        Builtin::String => match arguments.is_empty() {
            true => Val::from(""),
            false => Val::String(first.to_text()?),
        },
        Builtin::ParseInt => {
            let radix = number::to_u32(argument(arguments, 1).to_number()?) as i32;
            Val::Number(number::parse_integer(&first.to_text()?, radix))
        }
        Builtin::ParseFloat => Val::Number(number::parse_prefix(&first.to_text()?)),
        Builtin::IsNaN => Val::Bool(first.to_number()?.is_nan()),
        Builtin::IsFinite => Val::Bool(first.to_number()?.is_finite()),
        Builtin::NumberIsNaN => Val::Bool(matches!(first, Val::Number(number) if number.is_nan())),
        Builtin::NumberIsFinite => Val::Bool(matches!(first, Val::Number(number) if number.is_finite())),
        Builtin::NumberIsInteger => {
            Val::Bool(matches!(first, Val::Number(number) if number.is_finite() && number.fract() == 0.0))
        }
        Builtin::NumberIsSafeInteger => Val::Bool(matches!(
            first,
            Val::Number(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0
        )),
        Builtin::EncodeUriComponent => Val::from(uri::encode(&first.to_text()?, uri::COMPONENT)),
        Builtin::EncodeUri => Val::from(uri::encode(&first.to_text()?, uri::WHOLE)),
        Builtin::DecodeUriComponent => Val::from(uri::decode(&first.to_text()?, "")?),
        Builtin::DecodeUri => Val::from(uri::decode(&first.to_text()?, uri::RESERVED)?),
        Builtin::JsonParse => {
            let text = first.to_text()?;
            evaluator.spend(text.len() / 8)?;
            json::parse(&text)?
        }
        Builtin::JsonStringify => {
            let text = json::stringify(first, argument(arguments, 1), argument(arguments, 2))?;
            if let Val::String(text) = &text {
                evaluator.spend(text.len() / 8)?;
            }
            text
        }
        Builtin::Math(function) => return math(function, arguments),
        Builtin::ObjectKeys => {
            let fields = own_fields(evaluator, first)?;
            Val::from(fields.into_iter().map(|(key, _)| Val::String(key)).collect::<Vec<_>>())
        }
        Builtin::ObjectValues => {
            let fields = own_fields(evaluator, first)?;
            Val::from(fields.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        }
        Builtin::ObjectEntries => {
            let fields = own_fields(evaluator, first)?;
            let pairs = fields.into_iter().map(|(key, value)| Val::from(vec![Val::String(key), value]));
            Val::from(pairs.collect::<Vec<_>>())
        }
        Builtin::ObjectAssign => return assign(evaluator, arguments),
        Builtin::ObjectFromEntries => return from_entries(evaluator, first),
        Builtin::ArrayIsArray => match first {
            Val::Host(_) => return Err(Stop::JavaScript),
            other => Val::Bool(other.is_list()),
        },
        Builtin::ArrayOf => Val::from(arguments.to_vec()),
        Builtin::ArrayFrom => return array_from(evaluator, first, arguments.get(1)),
        Builtin::IfEmpty => {
            if arguments.len() != 2 {
                return fail("expected two arguments (value, defaultValue) for this function");
            }
            if extension::is_blank(first)? { arguments[1].clone() } else { first.clone() }
        }
        Builtin::Average => return extension::average(arguments),
        Builtin::NumberList => return number_list(evaluator, first, argument(arguments, 1)),
        Builtin::Zip => return zip(first, argument(arguments, 1)),
    })
}

fn math<'a>(function: Math, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let mut numbers = Vec::with_capacity(arguments.len());
    for value in arguments {
        numbers.push(value.to_number()?);
    }
    let first = numbers.first().copied().unwrap_or(f64::NAN);
    Ok(Val::Number(match function {
        Math::Abs => first.abs(),
        Math::Ceil => first.ceil(),
        Math::Floor => first.floor(),
        Math::Trunc => first.trunc(),
        Math::Sqrt => first.sqrt(),
        Math::Sign => match first {
            number if number.is_nan() || number == 0.0 => number,
            number => number.signum(),
        },
        // Halves go up, also below zero; numbers without a fraction stay as they are.
        Math::Round => {
            let floor = first.floor();
            let rounded = if first - floor >= 0.5 { floor + 1.0 } else { floor };
            if rounded == 0.0 && first.is_sign_negative() { -0.0 } else { rounded }
        }
        Math::Max => numbers.into_iter().fold(f64::NEG_INFINITY, |most, number| extreme(most, number, most < number)),
        Math::Min => numbers.into_iter().fold(f64::INFINITY, |least, number| extreme(least, number, number < least)),
    }))
}

fn extreme(known: f64, number: f64, is_better: bool) -> f64 {
    if known.is_nan() || number.is_nan() {
        f64::NAN
    } else if is_better {
        number
    } else {
        known
    }
}

/// The enumerable fields of a value, as `Object.entries` sees them.
fn own_fields<'a>(evaluator: &mut Evaluator<'a>, value: &Val<'a>) -> Eval<Vec<(Text<'a>, Val<'a>)>> {
    match value {
        Val::Undefined | Val::Null => throw("Cannot convert undefined or null to object"),
        Val::Host(super::host::Host::Files(None)) => Ok(Vec::new()),
        Val::Host(super::host::Host::Files(Some(files))) => {
            let view = |file| Val::Host(super::host::Host::File(file));
            Ok(files.iter().map(|(name, file)| (Text::Borrowed(name.as_str()), view(file))).collect())
        }
        Val::String(text) if text.is_ascii() => {
            let letters = evaluator.iterate(value)?.into_iter().enumerate();
            Ok(letters.map(|(at, letter)| (Text::Shared(at.to_string().into()), letter)).collect())
        }
        Val::Host(_) | Val::Arrow(_) | Val::Builtin(_) | Val::String(_) => Err(Stop::JavaScript),
        Val::Bool(_) | Val::Number(_) => Ok(Vec::new()),
        value => {
            let fields = match value.fields() {
                Some(fields) => fields,
                None => {
                    let list = value.elements().unwrap_or_default().into_iter().enumerate();
                    list.map(|(at, value)| (Text::Shared(at.to_string().into()), value)).collect()
                }
            };
            evaluator.spend(fields.len())?;
            Ok(fields)
        }
    }
}

fn assign<'a>(evaluator: &mut Evaluator<'a>, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    // The target is changed, which is only unseen when the expression has just made it.
    let Some((Val::Object(target), sources)) = arguments.split_first() else { return Err(Stop::JavaScript) };
    if std::rc::Rc::strong_count(target) > 1 {
        return Err(Stop::JavaScript);
    }
    let mut object = Object::clone(target);
    for source in sources {
        evaluator.copy_fields(&mut object, source)?;
    }
    Ok(Val::from(object))
}

fn from_entries<'a>(evaluator: &mut Evaluator<'a>, pairs: &Val<'a>) -> Eval<Val<'a>> {
    let mut object = Object::default();
    for pair in pairs.elements().ok_or(Stop::JavaScript)? {
        evaluator.spend(1)?;
        if !pair.is_list() {
            return Err(Stop::JavaScript);
        }
        let key = evaluator.get_index(&pair, 0)?.to_key()?;
        let value = evaluator.get_index(&pair, 1)?;
        if &*key == "__proto__" {
            return Err(Stop::JavaScript);
        }
        object.set(key, value);
    }
    Ok(Val::from(object))
}

fn array_from<'a>(evaluator: &mut Evaluator<'a>, source: &Val<'a>, function: Option<&Val<'a>>) -> Eval<Val<'a>> {
    let list = match source {
        Val::Map(_) | Val::Object(_) => {
            let length = evaluator.get(source, "length")?.to_number()?;
            let length = number::to_integer(length).max(0.0);
            if length > 1e6 {
                return Err(Stop::JavaScript);
            }
            evaluator.spend(length as usize)?;
            let mut list = Vec::with_capacity(length as usize);
            for at in 0..length as usize {
                list.push(evaluator.get_index(source, at)?);
            }
            list
        }
        Val::Undefined | Val::Null => return throw("undefined is not iterable"),
        Val::Bool(_) | Val::Number(_) => Vec::new(),
        other => evaluator.iterate(other)?,
    };
    match function {
        None | Some(Val::Undefined) => Ok(Val::from(list)),
        Some(function) => {
            let mut mapped = Vec::with_capacity(list.len());
            for (at, value) in list.into_iter().enumerate() {
                mapped.push(evaluator.call(function, &[value, Val::from(at)])?);
            }
            Ok(Val::from(mapped))
        }
    }
}

fn number_list<'a>(evaluator: &mut Evaluator<'a>, start: &Val<'a>, end: &Val<'a>) -> Eval<Val<'a>> {
    let (Val::Number(start), Val::Number(end)) = (start, end) else { return Err(Stop::JavaScript) };
    if start.fract() != 0.0 || end.fract() != 0.0 || (start - end).abs() > 1e6 {
        return Err(Stop::JavaScript);
    }
    let count = (start - end).abs() as usize + 1;
    evaluator.spend(count)?;
    let step = if start < end { 1.0 } else { -1.0 };
    Ok(Val::from((0..count).map(|at| Val::Number(start + step * at as f64)).collect::<Vec<_>>()))
}

fn zip<'a>(keys: &Val<'a>, values: &Val<'a>) -> Eval<Val<'a>> {
    let (Some(keys), Some(values)) = (keys.elements(), values.elements()) else {
        return fail("keys and values must be arrays");
    };
    if keys.len() != values.len() {
        return fail("keys and values not of equal length");
    }
    let mut object = Object::default();
    for (key, value) in keys.into_iter().zip(values) {
        let key = key.to_key()?;
        if &*key == "__proto__" {
            return Err(Stop::JavaScript);
        }
        object.set(key, value);
    }
    Ok(Val::from(object))
}
