//! Text to values.

use std::collections::HashMap;

use rquickjs::{Ctx, Value, qjs};

use super::{Atom, Held, MAX_DEPTH};

/// The value of a JSON text, as `JSON.parse` gives it.
pub(in crate::worker) fn read<'js>(ctx: &Ctx<'js>, text: &str) -> rquickjs::Result<Value<'js>> {
    let mut reader = Reader {
        ctx,
        text,
        at: 0,
        keys: Vec::new(),
        places: HashMap::new(),
        last: 0,
        open: Vec::new(),
        names: Vec::new(),
        forms: Vec::new(),
        steps: Vec::new(),
    };
    let value = reader.document();
    reader.give_up();
    match value {
        // SAFETY: the value is new and belongs to this context.
        Ok(value) => Ok(unsafe { Value::from_raw(ctx.clone(), value) }),
        Err(Stop::Thrown) => Err(rquickjs::Error::Exception),
        // The engine says what is wrong with the text, or reads what is too deep here.
        Err(Stop::Odd) => ctx.json_parse(text),
    }
}

enum Stop {
    /// An exception is pending.
    Thrown,
    /// The text is not what this reader reads.
    Odd,
}

impl From<rquickjs::Error> for Stop {
    fn from(_: rquickjs::Error) -> Stop {
        Stop::Thrown
    }
}

type Read<T> = Result<T, Stop>;

/// A key that was met.
struct Key<'a, 'js> {
    /// As it stands in the text, without quotes.
    raw: &'a str,
    atom: Atom<'a, 'js>,
    /// The key that came after it the last time.
    next: usize,
}

struct Reader<'a, 'js> {
    ctx: &'a Ctx<'js>,
    text: &'a str,
    at: usize,
    keys: Vec<Key<'a, 'js>>,
    places: HashMap<&'a str, usize>,
    /// The key that was met last.
    last: usize,
    /// Elements of the arrays that are open, in order.
    open: Vec<qjs::JSValue>,
    /// Keys of the objects that are open, in order.
    names: Vec<usize>,
    /// Lists of keys that objects had, by their hash, and whether [`Self::ease`] was done for them.
    forms: Vec<(u64, bool)>,
    /// What [`Self::ease`] made.
    steps: Vec<qjs::JSValue>,
}

/// Lists of keys that are remembered, and the longest one for which it pays.
const FORMS: usize = 32;
const LONGEST: usize = 24;

impl<'a, 'js> Reader<'a, 'js> {
    fn document(&mut self) -> Read<qjs::JSValue> {
        let value = self.value(0)?;
        let value = Held { ctx: self.ctx, value };
        self.space();
        if self.at < self.text.len() { Err(Stop::Odd) } else { Ok(value.release()) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Read<()> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(Stop::Odd);
        }
        self.at += 1;
        Ok(())
    }

    /// Whether the list goes on after an element.
    fn goes_on(&mut self, end: u8) -> Read<bool> {
        self.space();
        let byte = self.peek().ok_or(Stop::Odd)?;
        self.at += 1;
        match byte {
            b',' => Ok(true),
            byte if byte == end => Ok(false),
            _ => Err(Stop::Odd),
        }
    }

    fn value(&mut self, depth: usize) -> Read<qjs::JSValue> {
        self.space();
        match self.peek().ok_or(Stop::Odd)? {
            b'{' | b'[' if depth >= MAX_DEPTH => Err(Stop::Odd),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", qjs::JS_TRUE),
            b'f' => self.word("false", qjs::JS_FALSE),
            b'n' => self.word("null", qjs::JS_NULL),
            _ => Err(Stop::Odd),
        }
    }

    fn word(&mut self, word: &str, value: qjs::JSValue) -> Read<qjs::JSValue> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Stop::Odd);
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Read<qjs::JSValue> {
        let raw = self.ctx.as_raw().as_ptr();
        self.at += 1;
        // SAFETY: the context lives.
        let object = Held::take(self.ctx, unsafe { qjs::JS_NewObject(raw) })?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(object.release());
        }
        let first = self.names.len();
        loop {
            let key = self.key()?;
            self.names.push(key);
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            let atom = self.keys[key].atom.atom;
            // SAFETY: the engine takes the value over; object and atom are alive. Defined, not set: a key `__proto__`
            // is a property like any other.
            if unsafe { qjs::JS_DefinePropertyValue(raw, object.value, atom, value, qjs::JS_PROP_C_W_E as _) } < 0 {
                return Err(Stop::Thrown);
            }
            if !self.goes_on(b'}')? {
                self.ease(first)?;
                self.names.truncate(first);
                return Ok(object.release());
            }
        }
    }

    /// Makes further objects with the keys from `first` on cheap, when some came before.
    ///
    /// The engine shares the description of an object's fields among objects with the same ones, as long as one of
    /// them lives. While an object gets its fields one by one it goes through the descriptions of each length, which
    /// no finished object has, so they are made and dropped for every object. Objects of each length keep them.
    fn ease(&mut self, first: usize) -> Read<()> {
        let names = &self.names[first..];
        if names.len() < 2 || names.len() > LONGEST {
            return Ok(());
        }
        let form = names.iter().fold(0u64, |form, name| (form ^ *name as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let Some((_, done)) = self.forms.iter_mut().find(|(known, _)| *known == form) else {
            // The first of its kind may be the only one.
            if self.forms.len() < FORMS {
                self.forms.push((form, false));
            }
            return Ok(());
        };
        if std::mem::replace(done, true) {
            return Ok(());
        }
        let raw = self.ctx.as_raw().as_ptr();
        for length in 1..names.len() {
            // SAFETY: the context lives.
            let object = Held::take(self.ctx, unsafe { qjs::JS_NewObject(raw) })?;
            for name in &names[..length] {
                let (atom, flags) = (self.keys[*name].atom.atom, qjs::JS_PROP_C_W_E as _);
                // SAFETY: object and atom are alive.
                if unsafe { qjs::JS_DefinePropertyValue(raw, object.value, atom, qjs::JS_NULL, flags) } < 0 {
                    return Err(Stop::Thrown);
                }
            }
            self.steps.push(object.release());
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Read<qjs::JSValue> {
        self.at += 1;
        let first = self.open.len();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                // What is in `open` when reading stops is given up at the end.
                let value = self.value(depth + 1)?;
                self.open.push(value);
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        let count = i32::try_from(self.open.len() - first).map_err(|_| Stop::Odd)?;
        let elements = self.open.split_off(first);
        // SAFETY: the engine takes the elements over, also when it fails.
        let array = unsafe { qjs::JS_NewArrayFrom(self.ctx.as_raw().as_ptr(), count, elements.as_ptr()) };
        Ok(Held::take(self.ctx, array)?.release())
    }

    /// The index of the key that comes next.
    fn key(&mut self) -> Read<usize> {
        self.expect(b'"')?;
        // Objects of a list have the same keys in the same order: try that one first.
        if let Some(guess) = self.keys.get(self.last).map(|last| last.next) {
            let raw = self.keys[guess].raw;
            let rest = &self.text.as_bytes()[self.at..];
            if rest.len() > raw.len() && rest.starts_with(raw.as_bytes()) && rest[raw.len()] == b'"' {
                self.at += raw.len() + 1;
                self.last = guess;
                return Ok(guess);
            }
        }
        let (raw, escaped) = self.quoted()?;
        let place = match self.places.get(raw) {
            Some(place) => *place,
            None => {
                let atom = if escaped { Atom::new(self.ctx, &unescape(raw)?)? } else { Atom::new(self.ctx, raw)? };
                self.keys.push(Key { raw, atom, next: 0 });
                self.places.insert(raw, self.keys.len() - 1);
                self.keys.len() - 1
            }
        };
        self.keys[self.last].next = place;
        self.last = place;
        Ok(place)
    }

    /// What stands between quotes, of which the first is read, and whether it has escapes.
    fn quoted(&mut self) -> Read<(&'a str, bool)> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut escaped = false;
        loop {
            match bytes.get(self.at).ok_or(Stop::Odd)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                0..0x20 => return Err(Stop::Odd),
                _ => self.at += 1,
            }
        }
        // Quotes are letters of their own in UTF-8, so both ends are between letters.
        let raw = self.text.get(start..self.at).ok_or(Stop::Odd)?;
        self.at += 1;
        Ok((raw, escaped))
    }

    fn string(&mut self) -> Read<qjs::JSValue> {
        self.at += 1;
        let (raw, escaped) = self.quoted()?;
        let plain;
        let text = if escaped {
            plain = unescape(raw)?;
            plain.as_str()
        } else {
            raw
        };
        let (pointer, length) = (text.as_ptr().cast(), text.len() as _);
        // SAFETY: the text lives over the call.
        let value = unsafe { qjs::JS_NewStringLen(self.ctx.as_raw().as_ptr(), pointer, length) };
        Ok(Held::take(self.ctx, value)?.release())
    }

    fn number(&mut self) -> Read<qjs::JSValue> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let negative = bytes[start] == b'-';
        let mut at = start + usize::from(negative);
        let digits = at;
        let mut whole = 0u64;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        if at == digits || (bytes[digits] == b'0' && at > digits + 1) {
            return Err(Stop::Odd);
        }
        let mut plain = true;
        let mut fraction = |at: &mut usize| {
            plain = false;
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            if *at == from { Err(Stop::Odd) } else { Ok(()) }
        };
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            fraction(&mut at)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            fraction(&mut at)?;
        }
        self.at = at;
        // Every whole number of at most 15 digits is one that the engine's numbers hold exactly.
        let number = if plain && at - digits <= 15 {
            if negative { -(whole as f64) } else { whole as f64 }
        } else {
            self.text[start..at].parse().map_err(|_| Stop::Odd)?
        };
        Ok(qjs::JS_NewFloat64(number))
    }

    /// Gives up what was made on the way, and what is left when reading stopped half-way.
    fn give_up(&mut self) {
        for value in self.open.drain(..).chain(self.steps.drain(..)) {
            drop(Held { ctx: self.ctx, value });
        }
    }
}

/// A quoted text with its escapes replaced. One that is no Unicode (half of a pair) is left to the engine.
fn unescape(raw: &str) -> Read<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let letter = *rest.as_bytes().get(at + 1).ok_or(Stop::Odd)?;
        let mut taken = 2;
        text.push(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = |at: usize| {
                    let digits = rest.get(at..at + 4).filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
                    digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or(Stop::Odd)
                };
                let first = unit(at + 2)?;
                taken = 6;
                if (0xD800..0xDC00).contains(&first) {
                    if rest.get(at + 6..at + 8) != Some("\\u") {
                        return Err(Stop::Odd);
                    }
                    let second = unit(at + 8)?;
                    taken = 12;
                    char::decode_utf16([first, second]).next().and_then(Result::ok).ok_or(Stop::Odd)?
                } else {
                    char::from_u32(u32::from(first)).ok_or(Stop::Odd)?
                }
            }
            _ => return Err(Stop::Odd),
        });
        rest = rest.get(at + taken..).ok_or(Stop::Odd)?;
    }
    text.push_str(rest);
    Ok(text)
}
