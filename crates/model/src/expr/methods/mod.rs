//! Methods that JavaScript's own values have.

mod array;
mod object;
mod primitive;
mod string;

use super::eval::{Evaluator, describe};
use super::value::*;

pub(super) use primitive::fixed;

/// Calls a method of JavaScript's own.
pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    object: Val<'a>,
    name: &str,
    arguments: &[Val<'a>],
) -> Eval<Val<'a>> {
    match &object {
        Val::Undefined | Val::Null => {
            throw(format!("Cannot read properties of {} (reading '{name}')", describe(&object)))
        }
        Val::String(text) => string::call(evaluator, text, name, arguments),
        Val::List(_) | Val::Array(_) => array::call(evaluator, object, name, arguments),
        Val::Number(number) => primitive::number(*number, name, arguments),
        Val::Bool(value) => primitive::boolean(*value, name),
        Val::Map(_) | Val::Object(_) => object::call(evaluator, &object, name, arguments),
        Val::Host(_) | Val::Arrow(_) | Val::Builtin(_) => Err(Stop::JavaScript),
    }
}

/// What calling a name that no method above has ends in: the few that JavaScript has all the same are left to the
/// sandbox, any other is not there. Names outside the native table never come here.
fn no_method<'a>(value: &Val<'a>, name: &str) -> Eval<Val<'a>> {
    match name {
        "hasOwnProperty" => Err(Stop::JavaScript),
        "keys" | "values" if value.is_list() => Err(Stop::JavaScript),
        _ => throw(not_function(value, name)),
    }
}

fn not_function(value: &Val<'_>, name: &str) -> String {
    format!("{}.{name} is not a function", describe(value))
}

/// A position argument as `slice` and its kin read it: whole, from the end when negative, within the length.
fn position(value: &Val<'_>, length: usize, default: usize) -> Eval<usize> {
    if matches!(value, Val::Undefined) {
        return Ok(default);
    }
    let place = super::number::to_integer(value.to_number()?);
    let place = if place < 0.0 { (length as f64 + place).max(0.0) } else { place.min(length as f64) };
    Ok(place as usize)
}
