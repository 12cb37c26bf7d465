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
