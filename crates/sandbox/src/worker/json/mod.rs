//! JSON in and out of the engine, in place of the engine's own reader and writer.
//!
//! A step's data goes in and out as one text, so this is most of what a child does for a code node. The engine's
//! reader makes a string of every key before it looks its name up, and its writer makes a list of keys, and strings of
//! them, for every object. Items have the same keys over and over, so here the names are looked up once.
//!
//! The answers are those of `JSON.parse` and `JSON.stringify`: whatever is out of the ordinary (an error, a proxy, a
//! boxed number) is handed to the engine itself.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::{Failed, items, write};

use rquickjs::{Ctx, qjs};

/// Deepest nesting that is read and written here; what is deeper is left to the engine, which watches its stack.
const MAX_DEPTH: usize = 128;

/// A value that is given up when it goes out of scope.
struct Held<'a, 'js> {
    ctx: &'a Ctx<'js>,
    value: qjs::JSValue,
}

impl<'a, 'js> Held<'a, 'js> {
    /// Takes a value over from the engine; an exception is an error.
    fn take(ctx: &'a Ctx<'js>, value: qjs::JSValue) -> rquickjs::Result<Held<'a, 'js>> {
        // SAFETY: only the tag is read.
        if unsafe { qjs::JS_IsException(value) } {
            return Err(rquickjs::Error::Exception);
        }
        Ok(Held { ctx, value })
    }

    /// Hands the value on.
    fn release(self) -> qjs::JSValue {
        let value = self.value;
        std::mem::forget(self);
        value
    }
}

impl Drop for Held<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: this owns the value.
        unsafe { qjs::JS_FreeValue(self.ctx.as_raw().as_ptr(), self.value) };
    }
}

/// An atom that is given up when it goes out of scope.
struct Atom<'a, 'js> {
    ctx: &'a Ctx<'js>,
    atom: qjs::JSAtom,
}

impl<'a, 'js> Atom<'a, 'js> {
    fn new(ctx: &'a Ctx<'js>, text: &str) -> rquickjs::Result<Atom<'a, 'js>> {
        // SAFETY: the text lives over the call.
        let atom = unsafe { qjs::JS_NewAtomLen(ctx.as_raw().as_ptr(), text.as_ptr().cast(), text.len() as _) };
        if atom == qjs::JS_ATOM_NULL { Err(rquickjs::Error::Exception) } else { Ok(Atom { ctx, atom }) }
    }
}

impl Drop for Atom<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: this owns the atom.
        unsafe { qjs::JS_FreeAtom(self.ctx.as_raw().as_ptr(), self.atom) };
    }
}

#[cfg(test)]
mod tests {
    use rquickjs::{Context, Function, Runtime, Value};

    use super::*;

    fn with(test: impl FnOnce(&Ctx<'_>)) {
        let runtime = Runtime::new().unwrap();
        Context::full(&runtime).unwrap().with(|ctx| test(&ctx));
    }

    fn own<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Option<String> {
        write(ctx, &value, u64::MAX).unwrap().map(|text| String::from_utf8(text).unwrap())
    }

    /// Both readers make the same of a text, or both refuse it.
    fn same_read<'js>(ctx: &Ctx<'js>, text: &str) {
        let theirs = ctx.json_parse(text).ok();
        let ours = read(ctx, text).ok();
        drop(ctx.catch());
        let show: Function<'js> = ctx
            .eval(
                "(value) => { const show = (value) => typeof value !== 'object' || value === null \
                 ? (Object.is(value, -0) ? '-0' : typeof value + ' ' + String(value)) \
                 : (Array.isArray(value) ? 'a' : Object.getPrototypeOf(value) === Object.prototype ? 'o' : '?') + '{' \
                 + Reflect.ownKeys(value).map((key) => JSON.stringify(Object.getOwnPropertyDescriptor(value, key), \
                 (name, inner) => name === 'value' ? key + '=' + show(inner) : inner)).join() + '}'; \
                 return JSON.stringify(show(value)) }",
            )
            .unwrap();
        let text_of = |value: Option<Value<'js>>| value.map(|value| show.call::<_, String>((value,)).unwrap());
        assert_eq!(text_of(ours), text_of(theirs), "{text}");
    }

    #[test]
    fn texts_are_read_as_the_engine_reads_them() {
        with(|ctx| {
            for text in [
                "1",
                "-0",
                "0",
                "-1",
                "2147483647",
                "2147483648",
                "-2147483648",
                "123456789012345678901",
                "1.5",
                "1e400",
                "-1e-7",
                "0.1e1",
                "1E+2",
                "01",
                "1.",
                ".5",
                "-",
                "+1",
                "1e",
                "tru",
                "true",
                "false",
                "null",
                "nul",
                "nulll",
                "",
                " ",
                "[",
                "]",
                "[]",
                "[1,]",
                "[,1]",
                "[1 2]",
                "{}",
                "{",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{a:1}",
                "{'a':1}",
                " [ 1 , 2 ] ",
                "\t{\r\n\"a\" : [ ] }",
                "[1]x",
                "\u{feff}1",
                "[1]\0",
                r#""""#,
                r#""a\"b\\c\/\b\f\n\r\t""#,
                r#""\u00e9\u0000\u2028""#,
                r#""\ud83d\ude00 \ud83d x""#,
                r#""\ude00""#,
                r#""\uD83D\u0041""#,
                r#""\x""#,
                r#""\u12""#,
                "\"a\nb\"",
                "\"é漢😀\"",
                "\"\u{7f}\"",
                "\"",
                r#"{"__proto__":1,"constructor":2,"toString":3,"":4,"0":5,"a b":6,"é":7}"#,
                r#"{"a":1,"a":2}"#,
                r#"{"2":1,"1":2,"a":3}"#,
                r#"{"4294967295":1,"4294967294":2}"#,
                r#"{"\u0061":1,"a":2,"b\n":3}"#,
                r#"[{"a":1,"b":2},{"a":3,"b":4},{"b":5,"a":6},{"a":7}]"#,
                r#"{"a":{"a":{"a":[[],[[]]]}}}"#,
                r#"[{"__proto__":{"x":1}},{"__proto__":null}]"#,
            ] {
                same_read(ctx, text);
            }
            for depth in [10, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 2 * MAX_DEPTH, 100_000] {
                let text = "[".repeat(depth) + &"]".repeat(depth);
                assert_eq!(read(ctx, &text).is_ok(), ctx.json_parse(text).is_ok(), "{depth}");
                drop(ctx.catch());
            }
        });
    }

    #[test]
    fn values_are_written_as_the_engine_writes_them() {
        with(|ctx| {
            for source in [
                "1",
                "-0",
                "0.1",
                "1e21",
                "1e-7",
                "123456789.125",
                "1e20",
                "5e-324",
                "NaN",
                "-Infinity",
                "2**53",
                "-1.5",
                "100",
                "1.7976931348623157e308",
                "true",
                "null",
                "undefined",
                "Symbol()",
                "() => 1",
                "''",
                "'a\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u2028é漢😀'",
                "'\\ud83d'",
                "'a\\ude00b\\ud83d'",
                "'x'.repeat(3) + 'y'.repeat(5000)",
                "[]",
                "{}",
                "({})",
                "[1,undefined,() => 1,Symbol(),null]",
                "[,1,,2]",
                "Object.assign([1], { a: 1 })",
                "({ a: undefined, b: () => 1, [Symbol()]: 1, c: null })",
                "({ 2: 'b', 1: 'a', c: 1, '-1': 0, '01': 1 })",
                "({ 'é': 1, 'a\"b': 2, '': 3, '\\ud800': 4 })",
                "Object.defineProperty({ a: 1 }, 'b', { value: 2 })",
                "({ get a() { return 3 } })",
                "Object.create({ a: 1 }, { b: { value: 2, enumerable: true } })",
                "Object.create(null)",
                "new Date(0)",
                "[new Date(0)]",
                "({ at: new Date(0), odd: new Date(NaN) })",
                "({ a: { toJSON(key) { return [key, this.b] }, b: 1 } })",
                "[{ toJSON: (key) => typeof key + key }]",
                "({ toJSON() { return undefined } })",
                "[{ toJSON() { return undefined } }]",
                "({ a: { toJSON() { return undefined } } })",
                "({ toJSON: 1, b: { toJSON: null } })",
                "(() => { const list = [1]; list.toJSON = () => 'list'; return { list } })()",
                "new Map([[1, 2]])",
                "new Set([1])",
                "/x/g",
                "new Error('x')",
                "Object.assign(new Error('x'), { a: 1 })",
                "new Number(3)",
                "[new String('s'), new Boolean(false)]",
                "new Uint8Array([1, 2])",
                "new ArrayBuffer(2)",
                "new (class Point { x = 1; #y = 2; get z() { return 3 } })()",
                "new Proxy({ a: 1 }, {})",
                "new Proxy([1, 2], {})",
                "({ a: new Proxy({ b: 1 }, { ownKeys: () => ['b'] }) })",
                "(() => arguments)",
                "(function () { return arguments })(1, 2)",
                "globalThis.JSON",
                "Math",
                "JSON.rawJSON('1e1000')",
                "({ n: JSON.rawJSON('12345678901234567890') })",
                "Promise.resolve(1)",
                "Array.from({ length: 3 }, (_, index) => ({ id: index, name: 'n' + index }))",
                "(() => { const one = { a: 1 }; return [one, one, { one }] })()",
                "[[[[]]], [{}]]",
            ] {
                let value = || ctx.eval::<Value, _>(source).unwrap();
                let theirs = ctx.json_stringify(value()).unwrap().map(|text| text.to_string().unwrap());
                assert_eq!(own(ctx, value()), theirs, "{source}");
            }
            for source in [
                "1n",
                "({ a: [1n] })",
                "(() => { const a = {}; a.a = a; return a })()",
                "(() => { const a = []; a.push({ a }); return a })()",
                "(() => { const a = {}; a.a = new Proxy({ a }, {}); return a })()",
                "({ get a() { throw new Error('no') } })",
                "({ toJSON() { throw new Error('no') } })",
                "(() => { let deep = {}; for (let i = 0; i < 1e6; i++) deep = { deep }; return deep })()",
            ] {
                let value = || ctx.eval::<Value, _>(source).unwrap();
                let message = || ctx.catch().as_exception().and_then(rquickjs::Exception::message);
                assert!(ctx.json_stringify(value()).is_err());
                let theirs = message();
                assert!(write(ctx, &value(), u64::MAX).is_err(), "{source}");
                assert_eq!(message(), theirs, "{source}");
            }
            let value = ctx.eval::<Value, _>("BigInt.prototype.toJSON = function () { return String(this) }; [2n]");
            assert_eq!(own(ctx, value.unwrap()).as_deref(), Some("[\"2\"]"));
        });
    }

    #[test]
    fn numbers_are_written_as_the_engine_writes_them() {
        with(|ctx| {
            let source = "(() => { const all = []; let seed = 7; const view = new DataView(new ArrayBuffer(8)); \
                          const word = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) ^ (seed << 13); \
                          for (let i = 0; i < 20000; i++) { view.setInt32(0, word()); view.setInt32(4, word()); \
                          all.push(view.getFloat64(0), word() / 1000, word() * 1e12, word() / 1e9 / (1 + i), \
                          word() * 1e4 * (i % 7)); } return all })()";
            let value = || ctx.eval::<Value, _>(source).unwrap();
            let theirs = ctx.json_stringify(value()).unwrap().unwrap().to_string().unwrap();
            assert!(own(ctx, value()).unwrap() == theirs);
        });
    }

    #[test]
    fn only_items_as_they_should_be_are_written_as_they_are() {
        with(|ctx| {
            for (source, expect) in [
                ("[]", Some("[]")),
                (
                    "[{ json: { a: 1 } }, { json: {}, pairedItem: 0 }]",
                    Some(r#"[{"json":{"a":1}},{"json":{},"pairedItem":0}]"#),
                ),
                ("[{ pairedItem: { item: 1 }, json: {} }]", Some(r#"[{"pairedItem":{"item":1},"json":{}}]"#)),
                ("[{ json: {} }, { a: 1 }]", None),
                ("[{ json: {}, binary: {} }]", None),
                ("[{ json: {}, extra: 1 }]", None),
                ("[{ json: [] }]", None),
                ("[{ json: new Date(0) }]", None),
                ("[{ json: null }]", None),
                ("[{ json: undefined }]", None),
                ("[{ json: { toJSON: () => 1 } }]", None),
                ("[{ json: {}, toJSON: () => 1 }]", None),
                ("[null]", None),
                ("[1]", None),
                ("[[{ json: {} }]]", None),
                ("({ json: {} })", None),
                ("null", None),
                ("new Proxy([{ json: {} }], {})", None),
            ] {
                let value = ctx.eval::<Value, _>(source).unwrap();
                let text = items(ctx, &value, u64::MAX).unwrap().map(|text| String::from_utf8(text).unwrap());
                assert_eq!(text.as_deref(), expect, "{source}");
            }
        });
    }
}
