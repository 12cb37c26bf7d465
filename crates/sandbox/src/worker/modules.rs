//! The JavaScript that comes with the sandbox, compiled once per process.

use std::cell::RefCell;
use std::collections::HashMap;

use rquickjs::module::{WriteOptions, WriteOptionsEndianness};
use rquickjs::{Ctx, Module, Result, Value};

/// Every module: its name and its text. A module's default export is a function of `(native, shared)`.
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
            "\nreturn shared.load('dates')(luxon); };"
        ),
    ),
    ("dates", include_str!("../../js/dates.js")),
    (
        "jmespath",
        concat!(
            "export default () => { const exports = {};\n",
            include_str!("../../js/vendor/jmespath.js"),
            "\nreturn exports; };"
        ),
    ),
];

thread_local! {
    static COMPILED: RefCell<HashMap<&'static str, &'static [u8]>> = RefCell::new(HashMap::new());
}

/// The default export of a module, evaluated in this context.
pub(super) fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let (name, source) = SOURCES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| rquickjs::Exception::throw_message(ctx, &format!("there is no part `{name}`")))?;
    let known = COMPILED.with_borrow(|compiled| compiled.get(name).copied());
    let bytecode = match known {
        Some(bytecode) => bytecode,
        None => {
            let module = Module::declare(ctx.clone(), *name, *source)?;
            let options = WriteOptions { endianness: WriteOptionsEndianness::Native, ..WriteOptions::default() };
            // The engine refers to the bytes for as long as it lives; there is one copy of each module per process.
            let bytecode: &'static [u8] = Box::leak(module.write(options)?.into_boxed_slice());
            COMPILED.with_borrow_mut(|compiled| compiled.insert(name, bytecode));
            bytecode
        }
    };
    // SAFETY: the bytes were written by this engine in this process, and live for ever.
    let module = unsafe { Module::load(ctx.clone(), bytecode) }?;
    let (module, _) = module.eval()?;
    module.get("default")
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
