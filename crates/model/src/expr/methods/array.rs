//! Methods of lists.

use std::cmp::Ordering;
use std::rc::Rc;

use super::{no_method, position};
use crate::expr::eval::{Evaluator, argument, callback};
use crate::expr::number::to_integer;
use crate::expr::value::*;

pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    list: Val<'a>,
    name: &str,
    arguments: &[Val<'a>],
) -> Eval<Val<'a>> {
    let first = argument(arguments, 0);
    match name {
        "join" => {
            evaluator.spend(length(&list))?;
            let separator = if matches!(first, Val::Undefined) { Text::Borrowed(",") } else { first.to_text()? };
            return Ok(Val::from(list.join(&separator, 0)?));
        }
        "toString" => return Ok(Val::from(list.join(",", 0)?)),
        "valueOf" => return Ok(list),
        "at" => {
            let length = length(&list);
            let place = to_integer(first.to_number()?);
            let place = if place < 0.0 { place + length as f64 } else { place };
            let is_inside = place >= 0.0 && place < length as f64;
            return if is_inside { evaluator.get_index(&list, place as usize) } else { Ok(Val::Undefined) };
        }
        "slice" => return slice(evaluator, &list, arguments),
        "concat" => return concat(evaluator, &list, arguments),
        "includes" | "indexOf" | "lastIndexOf" => return search(evaluator, &list, name, arguments),
        "flat" => return flat(evaluator, &list, first),
        "sort" | "toSorted" => return sort(evaluator, list, name == "sort", first),
        "reverse" | "toReversed" => {
            let mut values = if name == "reverse" { own(list)? } else { elements(evaluator, &list)? };
            values.reverse();
            return Ok(Val::from(values));
        }
        "pop" => return Ok(own(list)?.pop().unwrap_or(Val::Undefined)),
        "shift" => return Ok(own(list)?.into_iter().next().unwrap_or(Val::Undefined)),
        "push" | "unshift" => return Ok(Val::from(own(list)?.len() + arguments.len())),
        "fill" => return fill(list, arguments),
        "splice" => return splice(list, arguments),
        _ => {}
    }
    walk(evaluator, &list, name, arguments)
}

/// The methods that call a function for each element.
fn walk<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    if !matches!(
        name,
        "map"
            | "filter"
            | "find"
            | "findIndex"
            | "findLast"
            | "findLastIndex"
            | "some"
            | "every"
            | "forEach"
            | "flatMap"
            | "reduce"
            | "reduceRight"
    ) {
        return no_method(list, name);
    }
    let function = callback(arguments)?;
    let count = length(list);
    evaluator.spend(count)?;
    if name.starts_with("reduce") {
        return reduce(evaluator, list, name == "reduceRight", function, arguments.get(1));
    }
    if arguments.len() > 1 && matches!(function, Val::Builtin(_)) {
        return Err(Stop::JavaScript);
    }
    let from_end = name.starts_with("findLast");
    let mut results = Vec::new();
    for step in 0..count {
        let at = if from_end { count - 1 - step } else { step };
        let value = evaluator.get_index(list, at)?;
        let answer = evaluator.call(function, &[value.clone(), Val::from(at), list.clone()])?;
        match name {
            "map" => results.push(answer),
            "flatMap" => match answer.elements() {
                Some(inner) => {
                    evaluator.spend(inner.len())?;
                    results.extend(inner);
                }
                None if matches!(answer, Val::Host(_)) => return Err(Stop::JavaScript),
                None => results.push(answer),
            },
            "filter" if answer.is_truthy() => results.push(value),
            "find" | "findLast" if answer.is_truthy() => return Ok(value),
            "findIndex" | "findLastIndex" if answer.is_truthy() => return Ok(Val::from(at)),
            "some" if answer.is_truthy() => return Ok(Val::Bool(true)),
            "every" if !answer.is_truthy() => return Ok(Val::Bool(false)),
            _ => {}
        }
    }
    Ok(match name {
        "map" | "flatMap" | "filter" => Val::from(results),
        "findIndex" | "findLastIndex" => Val::Number(-1.0),
        "some" => Val::Bool(false),
        "every" => Val::Bool(true),
        _ => Val::Undefined,
    })
}

fn reduce<'a>(
    evaluator: &mut Evaluator<'a>,
    list: &Val<'a>,
    from_end: bool,
    function: &Val<'a>,
    initial: Option<&Val<'a>>,
) -> Eval<Val<'a>> {
    let count = length(list);
    let place = |step: usize| if from_end { count - 1 - step } else { step };
    let (mut result, start) = match initial {
        Some(value) => (value.clone(), 0),
        None if count == 0 => return throw("Reduce of empty array with no initial value"),
        None => (evaluator.get_index(list, place(0))?, 1),
    };
    for step in start..count {
        let at = place(step);
        let value = evaluator.get_index(list, at)?;
        result = evaluator.call(function, &[result, value, Val::from(at), list.clone()])?;
    }
    Ok(result)
}

fn length(list: &Val<'_>) -> usize {
    match list {
        Val::List(values) => values.len(),
        Val::Array(values) => values.len(),
        _ => 0,
    }
}

fn elements<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>) -> Eval<Vec<Val<'a>>> {
    let values = list.elements().ok_or(Stop::JavaScript)?;
    evaluator.spend(values.len())?;
    Ok(values)
}

/// The elements of a list that the method changes. That is only unseen when nothing else holds the list.
fn own<'a>(list: Val<'a>) -> Eval<Vec<Val<'a>>> {
    match list {
        Val::Array(array) => Rc::try_unwrap(array).map(Array::into_values).map_err(|_| Stop::JavaScript),
        _ => Err(Stop::JavaScript),
    }
}

fn slice<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let count = length(list);
    let start = position(argument(arguments, 0), count, 0)?;
    let end = position(argument(arguments, 1), count, count)?.max(start);
    evaluator.spend(end - start)?;
    Ok(match list {
        // A new list, which the next method may change.
        Val::List(values) => Val::from(values[start..end].iter().map(Val::from).collect::<Vec<_>>()),
        Val::Array(values) => Val::from(values[start..end].to_vec()),
        _ => return Err(Stop::JavaScript),
    })
}

/// `list.concat(…)`: lists are taken apart, everything else is appended.
fn concat<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let mut values = elements(evaluator, list)?;
    for argument in arguments {
        match argument {
            Val::Host(host) => values.extend(host.as_list().ok_or(Stop::JavaScript)?),
            argument if argument.is_list() => values.extend(elements(evaluator, argument)?),
            other => values.push(other.clone()),
        }
    }
    Ok(Val::from(values))
}

fn search<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let wanted = argument(arguments, 0);
    let count = length(list);
    evaluator.spend(count)?;
    if name == "lastIndexOf" {
        if arguments.len() > 1 {
            return Err(Stop::JavaScript);
        }
        for at in (0..count).rev() {
            if strict_equal(&evaluator.get_index(list, at)?, wanted)? {
                return Ok(Val::from(at));
            }
        }
        return Ok(Val::Number(-1.0));
    }
    let is_nan = |value: &Val<'_>| matches!(value, Val::Number(number) if number.is_nan());
    for at in position(argument(arguments, 1), count, 0)?..count {
        let value = evaluator.get_index(list, at)?;
        if strict_equal(&value, wanted)? || (name == "includes" && is_nan(&value) && is_nan(wanted)) {
            return Ok(if name == "includes" { Val::Bool(true) } else { Val::from(at) });
        }
    }
    Ok(if name == "includes" { Val::Bool(false) } else { Val::Number(-1.0) })
}

fn flat<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, depth: &Val<'a>) -> Eval<Val<'a>> {
    let depth = match depth {
        Val::Undefined => 1.0,
        depth => to_integer(depth.to_number()?),
    };
    let mut values = Vec::new();
    flatten(evaluator, list, depth.clamp(0.0, 64.0) as usize, &mut values)?;
    Ok(Val::from(values))
}

fn flatten<'a>(evaluator: &mut Evaluator<'a>, list: &Val<'a>, depth: usize, into: &mut Vec<Val<'a>>) -> Eval<()> {
    for value in elements(evaluator, list)? {
        if depth > 0 && value.is_list() {
            flatten(evaluator, &value, depth - 1, into)?;
        } else {
            into.push(value);
        }
    }
    Ok(())
}

fn fill<'a>(list: Val<'a>, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let mut values = own(list)?;
    let count = values.len();
    let start = position(argument(arguments, 1), count, 0)?;
    let end = position(argument(arguments, 2), count, count)?;
    for slot in values.iter_mut().take(end).skip(start) {
        *slot = argument(arguments, 0).clone();
    }
    Ok(Val::from(values))
}

/// `list.splice(…)`: the list itself is forgotten, what was cut out is the answer.
fn splice<'a>(list: Val<'a>, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let mut values = own(list)?;
    let count = values.len();
    let start = position(argument(arguments, 0), count, 0)?;
    let cut = match arguments {
        [] => 0,
        [_] => count - start,
        [_, amount, ..] => to_integer(amount.to_number()?).clamp(0.0, (count - start) as f64) as usize,
    };
    Ok(Val::from(values.drain(start..start + cut).collect::<Vec<_>>()))
}

fn sort<'a>(evaluator: &mut Evaluator<'a>, list: Val<'a>, in_place: bool, function: &Val<'a>) -> Eval<Val<'a>> {
    let values = if in_place { own(list)? } else { elements(evaluator, &list)? };
    let (mut values, missing): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|value| !matches!(value, Val::Undefined));
    match function {
        Val::Undefined => {
            let mut keyed = Vec::with_capacity(values.len());
            for value in values {
                keyed.push((value.to_text()?, value));
            }
            keyed.sort_by(|(left, _), (right, _)| compare_texts(left, right));
            values = keyed.into_iter().map(|(_, value)| value).collect();
        }
        Val::Arrow(_) => values = merge_sort(evaluator, values, function)?,
        _ => return Err(Stop::JavaScript),
    }
    values.extend(missing);
    Ok(Val::from(values))
}

/// A stable sort that may fail. Any stable sort gives the same result when the function is consistent; one that
/// answers with booleans is not, and is left to the sandbox.
fn merge_sort<'a>(evaluator: &mut Evaluator<'a>, values: Vec<Val<'a>>, function: &Val<'a>) -> Eval<Vec<Val<'a>>> {
    if values.len() < 2 {
        return Ok(values);
    }
    let mut left = values;
    let right = left.split_off(left.len() / 2);
    let left = merge_sort(evaluator, left, function)?;
    let right = merge_sort(evaluator, right, function)?;
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(before), Some(after)) = (left.peek(), right.peek()) {
        let order = match evaluator.call(function, &[before.clone(), after.clone()])? {
            Val::Number(number) if !number.is_nan() => number.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
            _ => return Err(Stop::JavaScript),
        };
        merged.extend(if order == Ordering::Greater { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}
