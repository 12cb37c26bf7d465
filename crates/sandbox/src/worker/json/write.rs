//! Values to text.

use std::collections::HashMap;

use rquickjs::{Ctx, Value, qjs};

use super::{Atom, Held, MAX_DEPTH};

/// Why a value was not written.
#[derive(Debug)]
pub(in crate::worker) enum Failed {
    /// The engine failed; usually an exception is pending.
    Engine(rquickjs::Error),
    /// So many bytes were written, which is more than allowed, and there would be more.
    TooLarge(u64),
}

impl From<rquickjs::Error> for Failed {
    fn from(error: rquickjs::Error) -> Failed {
        Failed::Engine(error)
    }
}

type Written<T> = Result<T, Failed>;

/// The JSON of a value, as `JSON.stringify` gives it: `None` for what has none. The text lies outside of the script's
/// memory, hence the limit.
pub(in crate::worker) fn write<'js>(ctx: &Ctx<'js>, value: &Value<'js>, limit: u64) -> Written<Option<Vec<u8>>> {
    let mut writer = Writer::new(ctx, limit)?;
    let written = writer.value(value.as_raw(), Name::Text(""), 0)?;
    Ok(written.then_some(writer.out))
}

/// The JSON of a list of items that needs no mending: each is `{json}` or `{json, pairedItem}`, and `json` is a plain
/// object. `None` for anything else.
pub(in crate::worker) fn items<'js>(ctx: &Ctx<'js>, value: &Value<'js>, limit: u64) -> Written<Option<Vec<u8>>> {
    let mut writer = Writer::new(ctx, limit)?;
    Ok(writer.items(value.as_raw())?.then_some(writer.out))
}

/// What a value is called where it stands, for `toJSON`.
#[derive(Clone, Copy)]
enum Name {
    Text(&'static str),
    Index(u32),
    Atom(qjs::JSAtom),
}

struct Writer<'a, 'js> {
    ctx: &'a Ctx<'js>,
    raw: *mut qjs::JSContext,
    out: Vec<u8>,
    limit: u64,
    /// Classes of plain objects and of arrays.
    plain: qjs::JSClassID,
    array: qjs::JSClassID,
    to_json: Atom<'a, 'js>,
    json: Atom<'a, 'js>,
    paired: Atom<'a, 'js>,
    /// Keys that were met, quoted and with their colon. They are held, so that an atom's number stays its own.
    keys: HashMap<qjs::JSAtom, (Atom<'a, 'js>, Box<[u8]>), std::hash::BuildHasherDefault<Number>>,
    /// Objects that are open, for finding circles.
    open: Vec<*mut core::ffi::c_void>,
}

/// The hash of an atom: its number, spread. Scripts do not choose these numbers freely, and a collision costs time of
/// their own.
#[derive(Default)]
struct Number(u64);

impl std::hash::Hasher for Number {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 29;
    }
}

impl<'a, 'js> Writer<'a, 'js> {
    fn new(ctx: &'a Ctx<'js>, limit: u64) -> rquickjs::Result<Self> {
        let raw = ctx.as_raw().as_ptr();
        // SAFETY: the context lives.
        let (object, array) = unsafe { (qjs::JS_NewObject(raw), qjs::JS_NewArray(raw)) };
        let (object, array) = (Held::take(ctx, object)?, Held::take(ctx, array)?);
        Ok(Writer {
            ctx,
            raw,
            out: Vec::with_capacity(8 << 10),
            limit,
            // SAFETY: both are objects.
            plain: unsafe { qjs::JS_GetClassID(object.value) },
            // SAFETY: as above.
            array: unsafe { qjs::JS_GetClassID(array.value) },
            to_json: Atom::new(ctx, "toJSON")?,
            json: Atom::new(ctx, "json")?,
            paired: Atom::new(ctx, "pairedItem")?,
            keys: HashMap::default(),
            open: Vec::new(),
        })
    }

    /// Writes a value; `false` when it has no JSON.
    fn value(&mut self, value: qjs::JSValue, name: Name, depth: usize) -> Written<bool> {
        // SAFETY: the value is alive over the call; each accessor is used for its own tag.
        unsafe {
            match qjs::JS_VALUE_GET_NORM_TAG(value) {
                qjs::JS_TAG_INT => self.integer(qjs::JS_VALUE_GET_INT(value)),
                qjs::JS_TAG_FLOAT64 => return self.float(value),
                qjs::JS_TAG_BOOL => {
                    self.out.extend_from_slice(if qjs::JS_VALUE_GET_BOOL(value) { b"true" } else { b"false" });
                }
                qjs::JS_TAG_NULL => self.out.extend_from_slice(b"null"),
                qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE => self.string(value)?,
                qjs::JS_TAG_OBJECT => return self.object(value, name, depth),
                qjs::JS_TAG_UNDEFINED | qjs::JS_TAG_SYMBOL => return Ok(false),
                _ => return Ok(self.engine(value)?),
            }
        }
        Ok(true)
    }

    fn object(&mut self, value: qjs::JSValue, name: Name, depth: usize) -> Written<bool> {
        if depth >= MAX_DEPTH {
            return Ok(self.engine(value)?);
        }
        let method = self.get(value, self.to_json.atom)?;
        // SAFETY: the method is alive.
        if unsafe { qjs::JS_IsFunction(self.raw, method.value) } {
            let name = self.name(name)?;
            let mut arguments = [name.value];
            // SAFETY: function, object and argument are alive; the engine does not take them over.
            let made = unsafe { qjs::JS_Call(self.raw, method.value, value, 1, arguments.as_mut_ptr()) };
            let made = Held::take(self.ctx, made)?;
            // SAFETY: the value is alive.
            return match unsafe { qjs::JS_IsObject(made.value) } {
                true => self.plain_object(made.value, depth),
                false => self.value(made.value, Name::Text(""), depth),
            };
        }
        drop(method);
        self.plain_object(value, depth)
    }

    /// Writes an object that has no `toJSON`, or came from one.
    fn plain_object(&mut self, value: qjs::JSValue, depth: usize) -> Written<bool> {
        // SAFETY: the value is an object.
        let (class, place) = unsafe { (qjs::JS_GetClassID(value), qjs::JS_VALUE_GET_PTR(value)) };
        if class != self.plain && class != self.array {
            return Ok(self.engine(value)?);
        }
        if self.open.contains(&place) {
            // The engine words the error.
            return Ok(self.engine(value)?);
        }
        self.open.push(place);
        if class == self.array {
            self.elements(value, depth)?
        } else {
            self.fields(value, depth)?
        }
        self.open.pop();
        Ok(true)
    }

    fn elements(&mut self, array: qjs::JSValue, depth: usize) -> Written<()> {
        self.out.push(b'[');
        for index in 0..self.length(array)? {
            if index > 0 {
                self.out.push(b',');
            }
            self.check()?;
            let element = self.element(array, index)?;
            if !self.value(element.value, Name::Index(index), depth + 1)? {
                self.out.extend_from_slice(b"null");
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn fields(&mut self, object: qjs::JSValue, depth: usize) -> Written<()> {
        self.out.push(b'{');
        let names = Names::of(self.ctx, object)?;
        let mut first = true;
        for atom in names.iter() {
            self.check()?;
            let value = self.get(object, atom)?;
            let start = self.out.len();
            if !first {
                self.out.push(b',');
            }
            self.key(atom)?;
            match self.value(value.value, Name::Atom(atom), depth + 1)? {
                true => first = false,
                false => self.out.truncate(start),
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    fn items(&mut self, list: qjs::JSValue) -> Written<bool> {
        // SAFETY: the value is alive.
        if unsafe { qjs::JS_GetClassID(list) } != self.array || self.converts(list)? {
            return Ok(false);
        }
        self.open.push(self.pointer(list));
        self.out.push(b'[');
        for index in 0..self.length(list)? {
            if index > 0 {
                self.out.push(b',');
            }
            let item = self.element(list, index)?;
            if !self.item(item.value)? {
                return Ok(false);
            }
        }
        self.out.push(b']');
        Ok(true)
    }

    fn item(&mut self, item: qjs::JSValue) -> Written<bool> {
        // SAFETY: the value is alive.
        if unsafe { qjs::JS_GetClassID(item) } != self.plain || self.converts(item)? {
            return Ok(false);
        }
        let names = Names::of(self.ctx, item)?;
        let known = |atom: &qjs::JSAtom| *atom == self.json.atom || *atom == self.paired.atom;
        if !names.iter().all(|atom| known(&atom)) || !names.iter().any(|atom| atom == self.json.atom) {
            return Ok(false);
        }
        self.open.push(self.pointer(item));
        self.out.push(b'{');
        for (position, atom) in names.iter().enumerate() {
            let value = self.get(item, atom)?;
            // SAFETY: the value is alive.
            let class = unsafe { qjs::JS_GetClassID(value.value) };
            if atom == self.json.atom && (class != self.plain || self.converts(value.value)?) {
                return Ok(false);
            }
            let start = self.out.len();
            if position > 0 && self.out.last() != Some(&b'{') {
                self.out.push(b',');
            }
            self.key(atom)?;
            let written = match atom == self.json.atom {
                true => self.plain_object(value.value, 2)?,
                false => self.value(value.value, Name::Atom(atom), 2)?,
            };
            if !written {
                self.out.truncate(start);
            }
        }
        self.out.push(b'}');
        self.open.pop();
        Ok(true)
    }

    fn check(&self) -> Written<()> {
        let size = self.out.len() as u64;
        if size > self.limit { Err(Failed::TooLarge(size)) } else { Ok(()) }
    }

    fn pointer(&self, value: qjs::JSValue) -> *mut core::ffi::c_void {
        // SAFETY: the value is an object.
        unsafe { qjs::JS_VALUE_GET_PTR(value) }
    }

    /// Whether an object says by itself what its JSON is.
    fn converts(&self, value: qjs::JSValue) -> rquickjs::Result<bool> {
        let method = self.get(value, self.to_json.atom)?;
        // SAFETY: the method is alive.
        Ok(unsafe { qjs::JS_IsFunction(self.raw, method.value) })
    }

    fn get(&self, object: qjs::JSValue, atom: qjs::JSAtom) -> rquickjs::Result<Held<'a, 'js>> {
        // SAFETY: object and atom are alive.
        Held::take(self.ctx, unsafe { qjs::JS_GetProperty(self.raw, object, atom) })
    }

    fn element(&self, array: qjs::JSValue, index: u32) -> rquickjs::Result<Held<'a, 'js>> {
        // SAFETY: the array is alive.
        Held::take(self.ctx, unsafe { qjs::JS_GetPropertyUint32(self.raw, array, index) })
    }

    fn length(&self, array: qjs::JSValue) -> rquickjs::Result<u32> {
        let mut length = 0;
        // SAFETY: the array is alive, and its length fits 32 bits.
        match unsafe { qjs::JS_GetLength(self.raw, array, &mut length) } {
            0 => Ok(length as u32),
            _ => Err(rquickjs::Error::Exception),
        }
    }

    fn name(&self, name: Name) -> rquickjs::Result<Held<'a, 'js>> {
        let text = |text: &str| {
            // SAFETY: the text lives over the call.
            Held::take(self.ctx, unsafe { qjs::JS_NewStringLen(self.raw, text.as_ptr().cast(), text.len() as _) })
        };
        match name {
            Name::Text(name) => text(name),
            Name::Index(index) => text(&index.to_string()),
            // SAFETY: the atom is alive.
            Name::Atom(atom) => Held::take(self.ctx, unsafe { qjs::JS_AtomToString(self.raw, atom) }),
        }
    }

    fn key(&mut self, atom: qjs::JSAtom) -> rquickjs::Result<()> {
        if let Some((_, quoted)) = self.keys.get(&atom) {
            self.out.extend_from_slice(quoted);
            return Ok(());
        }
        let start = self.out.len();
        let name = self.name(Name::Atom(atom))?;
        self.string(name.value)?;
        self.out.push(b':');
        // SAFETY: the atom is alive; the copy is given up with the writer.
        let held = Atom { ctx: self.ctx, atom: unsafe { qjs::JS_DupAtom(self.raw, atom) } };
        // Data with ever new keys would fill the memory that no limit of the script counts.
        if self.keys.len() < 4096 {
            self.keys.insert(atom, (held, self.out[start..].into()));
        }
        Ok(())
    }

    fn integer(&mut self, number: i32) {
        // A list of bytes takes everything.
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    fn float(&mut self, value: qjs::JSValue) -> Written<bool> {
        // SAFETY: the value is a number.
        let number = unsafe { qjs::JS_VALUE_GET_FLOAT64(value) };
        if number == 0.0 {
            self.out.push(b'0');
            return Ok(true);
        }
        let start = self.out.len();
        let _ = serde_json::to_writer(&mut self.out, &number);
        let written = &self.out[start..];
        if written.contains(&b'e') {
            // Large and small ones are written in another way by JavaScript.
            self.out.truncate(start);
            return Ok(self.engine(value)?);
        }
        if written.ends_with(b".0") {
            self.out.truncate(self.out.len() - 2);
        }
        Ok(true)
    }

    fn string(&mut self, value: qjs::JSValue) -> rquickjs::Result<()> {
        let mut length = 0;
        // SAFETY: the text is read before it is freed, and nothing runs in between.
        unsafe {
            let text = qjs::JS_ToCStringLen(self.raw, &mut length, value);
            if text.is_null() {
                return Err(rquickjs::Error::Exception);
            }
            quote(std::slice::from_raw_parts(text.cast(), length), &mut self.out);
            qjs::JS_FreeCString(self.raw, text);
        }
        Ok(())
    }

    /// Leaves a value to the engine.
    fn engine(&mut self, value: qjs::JSValue) -> rquickjs::Result<bool> {
        // A circle that leads out of what the engine is given is one that it finds by itself.
        // SAFETY: the value is alive.
        let text = unsafe { qjs::JS_JSONStringify(self.raw, value, qjs::JS_UNDEFINED, qjs::JS_UNDEFINED) };
        let text = Held::take(self.ctx, text)?;
        // SAFETY: only the tag is read.
        if unsafe { qjs::JS_IsUndefined(text.value) } {
            return Ok(false);
        }
        let mut length = 0;
        // SAFETY: the text is read before it is freed.
        unsafe {
            let bytes = qjs::JS_ToCStringLen(self.raw, &mut length, text.value);
            if bytes.is_null() {
                return Err(rquickjs::Error::Exception);
            }
            self.out.extend_from_slice(std::slice::from_raw_parts(bytes.cast(), length));
            qjs::JS_FreeCString(self.raw, bytes);
        }
        Ok(true)
    }
}

/// Writes a text in quotes. The engine's texts are UTF-8 but for halves of pairs, which are escaped.
fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut written = 0;
    for (at, byte) in text.iter().enumerate() {
        let half = *byte == 0xED && text.get(at + 1).is_some_and(|next| *next >= 0xA0);
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' && !half {
            continue;
        }
        out.extend_from_slice(&text[written..at]);
        written = at + 1;
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            0x08 => b'b',
            0x0C => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => 0,
        };
        if short != 0 {
            out.extend_from_slice(&[b'\\', short]);
            continue;
        }
        let unit = if half {
            written = at + 3;
            0xD000 | u16::from(text[at + 1] & 0x3F) << 6 | text.get(at + 2).map_or(0, |last| u16::from(last & 0x3F))
        } else {
            u16::from(*byte)
        };
        out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
    }
    out.extend_from_slice(&text[written.min(text.len())..]);
    out.push(b'"');
}

/// The names of an object's own fields, as `Object.keys` gives them.
struct Names<'a, 'js> {
    ctx: &'a Ctx<'js>,
    list: *mut qjs::JSPropertyEnum,
    count: u32,
}

impl<'a, 'js> Names<'a, 'js> {
    fn of(ctx: &'a Ctx<'js>, object: qjs::JSValue) -> rquickjs::Result<Names<'a, 'js>> {
        let (mut list, mut count) = (std::ptr::null_mut(), 0);
        let what = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as i32;
        // SAFETY: the object is alive; the list is given up with this value.
        match unsafe { qjs::JS_GetOwnPropertyNames(ctx.as_raw().as_ptr(), &mut list, &mut count, object, what) } {
            0 => Ok(Names { ctx, list, count }),
            _ => Err(rquickjs::Error::Exception),
        }
    }

    fn iter(&self) -> impl Iterator<Item = qjs::JSAtom> + '_ {
        // SAFETY: the engine gave a list of that length.
        (0..self.count as usize).map(|at| unsafe { (*self.list.add(at)).atom })
    }
}

impl Drop for Names<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: the list is the engine's and is used no more.
        unsafe { qjs::JS_FreePropertyEnum(self.ctx.as_raw().as_ptr(), self.list, self.count) };
    }
}
