//! The JavaScript that comes with the sandbox, compiled once per process.
//!
//! The files are scripts, not modules of the engine: a module would be found by `import()` of user code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;

use rquickjs::{Ctx, Exception, Result, Value, qjs};

/// Every part: its name and its text. What it exports is a function of `(native, shared)`.
const SOURCES: &[(&str, &str)] = &[
    ("core", include_str!("../../js/core.js")),
    ("expressions", include_str!("../../js/expressions.js")),
    ("code", include_str!("../../js/code.js")),
    ("inspect", include_str!("../../js/inspect.js")),
    ("buffer", include_str!("../../js/buffer.js")),
    ("web", include_str!("../../js/web.js")),
    ("url", include_str!("../../js/url.js")),
    ("crypto", include_str!("../../js/crypto.js")),
    ("intl", include_str!("../../js/intl.js")),
    ("extensions", include_str!("../../js/extensions.js")),
    (
        "luxon",
        concat!(
            "export default (native, shared) => {\n",
            include_str!("../../js/vendor/luxon.min.js"),
            "\nreturn shared.load('dates')(luxon); }"
        ),
    ),
    ("dates", include_str!("../../js/dates.js")),
    (
        "jmespath",
        concat!(
            "export default () => { const exports = {};\n",
            include_str!("../../js/vendor/jmespath.js"),
            "\nreturn exports; }"
        ),
    ),
];

thread_local! {
    static COMPILED: RefCell<HashMap<&'static str, &'static [u8]>> = RefCell::new(HashMap::new());
}

/// The function that a part exports, made in this context.
pub(super) fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let (name, source) = SOURCES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Exception::throw_message(ctx, &format!("there is no part `{name}`")))?;
    let known = COMPILED.with_borrow(|compiled| compiled.get(name).copied());
    let bytecode = match known {
        Some(bytecode) => bytecode,
        None => {
            let bytecode = compile(ctx, name, source)?;
            COMPILED.with_borrow_mut(|compiled| compiled.insert(name, bytecode));
            bytecode
        }
    };
    let flags = (qjs::JS_READ_OBJ_BYTECODE | qjs::JS_READ_OBJ_ROM_DATA) as i32;
    // SAFETY: the bytes were written by this engine in this process and live for ever, as ROM_DATA asks for. The value
    // of `JS_ReadObject` is given to `JS_EvalFunction`, which frees it.
    let value = unsafe {
        let raw = ctx.as_raw().as_ptr();
        let function = qjs::JS_ReadObject(raw, bytecode.as_ptr(), bytecode.len() as _, flags);
        if qjs::JS_IsException(function) {
            return Err(rquickjs::Error::Exception);
        }
        let value = qjs::JS_EvalFunction(raw, function);
        if qjs::JS_IsException(value) {
            return Err(rquickjs::Error::Exception);
        }
        Value::from_raw(ctx.clone(), value)
    };
    Ok(value)
}

/// Bytecode of a part. There is one copy per process, which is never freed: contexts refer to it.
fn compile(ctx: &Ctx<'_>, name: &str, source: &str) -> Result<&'static [u8]> {
    // As an expression, the value of the script is the function.
    let script = CString::new(format!("{}\n)", source.replacen("export default ", "(", 1)))?;
    let file = CString::new(format!("<{name}>"))?;
    let flags = (qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_STRICT | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as i32;
    // SAFETY: both texts end with a zero and live over the call; the compiled function is freed after it was written
    // out, and so is the engine's buffer after it was copied.
    unsafe {
        let raw = ctx.as_raw().as_ptr();
        let function = qjs::JS_Eval(raw, script.as_ptr(), script.as_bytes().len() as _, file.as_ptr(), flags);
        if qjs::JS_IsException(function) {
            return Err(rquickjs::Error::Exception);
        }
        let mut length = 0;
        // Without source and line table a part is read in half the time; only users' own lines are ever shown.
        let what = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE | qjs::JS_WRITE_OBJ_STRIP_DEBUG;
        let written = qjs::JS_WriteObject(raw, &mut length, function, what as i32);
        qjs::JS_FreeValue(raw, function);
        if written.is_null() {
            return Err(rquickjs::Error::Exception);
        }
        let bytecode = std::slice::from_raw_parts(written, length as usize).to_vec();
        qjs::js_free(raw, written.cast());
        Ok(Box::leak(bytecode.into_boxed_slice()))
    }
}

/// Words and patterns of a locale, as JSON; of another one of the same language when that one is not known.
pub(super) fn locale(name: &str) -> Option<&'static str> {
    let exact = super::locales::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let language = name.split(['-', '_']).next().unwrap_or(name).to_ascii_lowercase();
    let language = if language == "no" { "nb" } else { language.as_str() };
    // English and German are listed under several countries: the plain language means these.
    let usual = ["en-US", "de-DE", "fr-FR", "es-ES", "pt-BR"];
    let by_language = || {
        let known = || super::locales::ALL.iter().filter(|(known, _)| known.split('-').next() == Some(language));
        known().find(|(known, _)| usual.contains(known)).or_else(|| known().next())
    };
    exact.or_else(by_language).map(|(_, text)| *text)
}
