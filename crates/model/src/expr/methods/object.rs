//! Methods that every object has.

use crate::expr::eval::{Evaluator, argument};
use crate::expr::value::*;

pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    object: &Val<'a>,
    name: &str,
    arguments: &[Val<'a>],
) -> Eval<Val<'a>> {
    match name {
        "hasOwnProperty" | "toString" | "valueOf" if has_own(object, name) => throw(super::not_function(object, name)),
        "hasOwnProperty" => Ok(Val::Bool(has_own(object, &argument(arguments, 0).to_key()?))),
        "toString" => Ok(Val::from("[object Object]")),
        "valueOf" => Ok(object.clone()),
        _ => {
            // Data holds no functions; what the expression made might.
            let field = if has_own(object, name) { evaluator.get(object, name)? } else { Val::Undefined };
            match field {
                Val::Arrow(_) | Val::Builtin(_) | Val::Host(_) => Err(Stop::JavaScript),
                _ => throw(super::not_function(object, name)),
            }
        }
    }
}

fn has_own(object: &Val<'_>, key: &str) -> bool {
    match object {
        Val::Map(map) => map.contains_key(key),
        Val::Object(object) => object.get(key).is_some(),
        _ => false,
    }
}
