//! Methods of numbers and booleans.

use super::no_method;
use crate::expr::eval::argument;
use crate::expr::number as format;
use crate::expr::value::*;

pub(super) fn number<'a>(number: f64, name: &str, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
    let first = argument(arguments, 0);
    match name {
        "toFixed" => {
            let places = format::to_integer(first.to_number()?);
            if !(0.0..=100.0).contains(&places) {
                return throw("toFixed() digits argument must be between 0 and 100");
            }
            Ok(Val::from(fixed(number, places as usize)))
        }
        "toPrecision" => {
            if matches!(first, Val::Undefined) || !number.is_finite() {
                return Ok(Val::from(format::to_string(number)));
            }
            let digits = format::to_integer(first.to_number()?);
            if !(1.0..=100.0).contains(&digits) {
                return throw("toPrecision() argument must be between 1 and 100");
            }
            format::to_precision(number, digits as usize).map(Val::from).ok_or(Stop::JavaScript)
        }
        "toString" => {
            let radix = match first {
                Val::Undefined => 10.0,
                value => format::to_integer(value.to_number()?),
            };
            if !(2.0..=36.0).contains(&radix) {
                return throw("toString() radix must be between 2 and 36");
            }
            if radix == 10.0 || !number.is_finite() {
                return Ok(Val::from(format::to_string(number)));
            }
            format::to_radix(number, radix as u32).map(Val::from).ok_or(Stop::JavaScript)
        }
        "valueOf" => Ok(Val::Number(number)),
        _ => no_method(&Val::Number(number), name),
    }
}

/// `number.toFixed(places)`.
pub(in crate::expr) fn fixed(number: f64, places: usize) -> String {
    if !number.is_finite() || number.abs() >= 1e21 {
        return format::to_string(number);
    }
    format::to_fixed(number, places)
}

pub(super) fn boolean<'a>(value: bool, name: &str) -> Eval<Val<'a>> {
    match name {
        "toString" => Ok(Val::String(Val::Bool(value).to_text()?)),
        "valueOf" => Ok(Val::Bool(value)),
        _ => no_method(&Val::Bool(value), name),
    }
}
