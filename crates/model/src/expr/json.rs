//! `JSON.parse` and `JSON.stringify`, exact to the last digit.

use std::rc::Rc;

use super::lexer::decimal_length;
use super::number;
use super::value::*;
use crate::Value;

const MAX_DEPTH: usize = 96;

/// `JSON.parse(text)`.
pub(super) fn parse<'a>(text: &str) -> Eval<Val<'a>> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.skip_blank();
    if parser.at < text.len() { parser.unexpected() } else { Ok(value) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected<T>(&self) -> Eval<T> {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(letter) => throw(format!("Unexpected token '{letter}' in JSON at position {}", self.at)),
            None => throw("Unexpected end of JSON input"),
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value<'a>(&mut self, depth: usize) -> Eval<Val<'a>> {
        if depth > MAX_DEPTH {
            return Err(Stop::JavaScript);
        }
        self.skip_blank();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Val::from(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [("true", Val::Bool(true)), ("false", Val::Bool(false)), ("null", Val::Null)] {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                self.unexpected()
            }
        }
    }

    fn object<'a>(&mut self, depth: usize) -> Eval<Val<'a>> {
        self.at += 1;
        let mut object = Object::default();
        self.skip_blank();
        if self.eat(b'}') {
            return Ok(Val::from(object));
        }
        loop {
            self.skip_blank();
            if self.peek() != Some(b'"') {
                return self.unexpected();
            }
            let key = self.string()?;
            self.skip_blank();
            if !self.eat(b':') {
                return self.unexpected();
            }
            let value = self.value(depth + 1)?;
            object.set(Text::Shared(key.into()), value);
            self.skip_blank();
            if self.eat(b'}') {
                return Ok(Val::from(object));
            }
            if !self.eat(b',') {
                return self.unexpected();
            }
        }
    }

    fn list<'a>(&mut self, depth: usize) -> Eval<Val<'a>> {
        self.at += 1;
        let mut list = Vec::new();
        self.skip_blank();
        if self.eat(b']') {
            return Ok(Val::from(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            self.skip_blank();
            if self.eat(b']') {
                return Ok(Val::from(list));
            }
            if !self.eat(b',') {
                return self.unexpected();
            }
        }
    }

    fn number<'a>(&mut self) -> Eval<Val<'a>> {
        let negative = self.eat(b'-');
        let rest = &self.text[self.at..];
        let length = decimal_length(rest.as_bytes());
        let literal = &rest[..length];
        let bytes = literal.as_bytes();
        let is_bare_fraction = literal.split(['e', 'E']).next().is_some_and(|mantissa| mantissa.ends_with('.'));
        if bytes.is_empty()
            || !bytes[0].is_ascii_digit()
            || (bytes[0] == b'0' && matches!(bytes.get(1), Some(b'0'..=b'9')))
        {
            return self.unexpected();
        }
        if is_bare_fraction {
            return self.unexpected();
        }
        self.at += length;
        let number: f64 = literal.parse().map_err(|_| Stop::JavaScript)?;
        Ok(Val::Number(if negative { -number } else { number }))
    }

    fn string(&mut self) -> Eval<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|letter: char| letter == '"' || letter == '\\' || letter < ' ').unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut text)?;
                }
                _ => return self.unexpected(),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Eval<()> {
        let letter = match self.peek() {
            Some(letter @ (b'"' | b'\\' | b'/')) => letter as char,
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex()?;
                let letter = match char::from_u32(u32::from(first)) {
                    Some(letter) => letter,
                    None => {
                        // A lone half of a surrogate pair cannot be held here.
                        if !self.text[self.at..].starts_with("\\u") {
                            return Err(Stop::JavaScript);
                        }
                        self.at += 2;
                        let second = self.hex()?;
                        let pair = String::from_utf16(&[first, second]).map_err(|_| Stop::JavaScript)?;
                        text.push_str(&pair);
                        return Ok(());
                    }
                };
                text.push(letter);
                return Ok(());
            }
            _ => return self.unexpected(),
        };
        self.at += 1;
        text.push(letter);
        Ok(())
    }

    fn hex(&mut self) -> Eval<u16> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
            return self.unexpected();
        };
        self.at += 4;
        Ok(code)
    }
}

/// `JSON.stringify(value, replacer, space)`. Replacers are left to the sandbox.
pub(super) fn stringify<'a>(value: &Val<'a>, replacer: &Val<'a>, space: &Val<'a>) -> Eval<Val<'a>> {
    if !replacer.is_nullish() {
        return Err(Stop::JavaScript);
    }
    let indent = match space {
        Val::Number(count) => " ".repeat(number::to_integer(*count).clamp(0.0, 10.0) as usize),
        Val::String(text) => text.slice(0, utf16_len(text).min(10))?.to_string(),
        _ => String::new(),
    };
    let mut writer = Writer { text: String::new(), indent };
    Ok(if writer.value(value, 0)? { Val::from(writer.text) } else { Val::Undefined })
}

struct Writer {
    text: String,
    indent: String,
}

impl Writer {
    /// Writes a value; `false` when JSON has nothing for it.
    fn value(&mut self, value: &Val<'_>, depth: usize) -> Eval<bool> {
        if depth > MAX_DEPTH || self.text.len() > MAX_TEXT {
            return Err(Stop::JavaScript);
        }
        match value {
            Val::Undefined | Val::Arrow(_) | Val::Builtin(_) => return Ok(false),
            Val::Null => self.text.push_str("null"),
            Val::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Val::Number(value) if value.is_finite() => self.text.push_str(&number::to_string(*value)),
            Val::Number(_) => self.text.push_str("null"),
            Val::String(text) => self.string(text),
            Val::List(values) => {
                self.list(values.len(), depth, |writer, at| writer.value(&Val::from(&values[at]), depth + 1))?
            }
            Val::Array(values) => {
                self.list(values.len(), depth, |writer, at| writer.value(&values[at], depth + 1))?;
            }
            Val::Map(map) => {
                let fields = ordered_map(map);
                self.object(fields.iter().map(|(key, value)| (key.as_str(), Field::Data(value))), depth)?;
            }
            Val::Object(object) => {
                let fields = object.ordered();
                self.object(fields.iter().map(|(key, value)| (&**key, Field::Made(value))), depth)?;
            }
            Val::Host(_) => return Err(Stop::JavaScript),
        }
        Ok(true)
    }

    fn list(&mut self, length: usize, depth: usize, mut write: impl FnMut(&mut Self, usize) -> Eval<bool>) -> Eval<()> {
        self.text.push('[');
        for at in 0..length {
            if at > 0 {
                self.text.push(',');
            }
            self.line(depth + 1);
            if !write(self, at)? {
                self.text.push_str("null");
            }
        }
        if length > 0 {
            self.line(depth);
        }
        self.text.push(']');
        Ok(())
    }

    fn object<'v, 'a: 'v>(&mut self, fields: impl Iterator<Item = (&'v str, Field<'v, 'a>)>, depth: usize) -> Eval<()> {
        self.text.push('{');
        let mut is_empty = true;
        for (key, field) in fields {
            if key == "toJSON" {
                return Err(Stop::JavaScript);
            }
            let before = self.text.len();
            if !is_empty {
                self.text.push(',');
            }
            self.line(depth + 1);
            self.string(key);
            self.text.push_str(if self.indent.is_empty() { ":" } else { ": " });
            let written = match field {
                Field::Data(value) => self.value(&Val::from(value), depth + 1)?,
                Field::Made(value) => self.value(value, depth + 1)?,
            };
            if written {
                is_empty = false;
            } else {
                self.text.truncate(before);
            }
        }
        if !is_empty {
            self.line(depth);
        }
        self.text.push('}');
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if !self.indent.is_empty() {
            self.text.push('\n');
            for _ in 0..depth {
                self.text.push_str(&self.indent);
            }
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut start = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escape = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                8 => "\\b",
                12 => "\\f",
                0..32 => "",
                _ => continue,
            };
            self.text.push_str(&text[start..at]);
            if escape.is_empty() {
                self.text.push_str(&format!("\\u{byte:04x}"));
            } else {
                self.text.push_str(escape);
            }
            start = at + 1;
        }
        self.text.push_str(&text[start..]);
        self.text.push('"');
    }
}

enum Field<'v, 'a> {
    Data(&'v Value),
    Made(&'v Val<'a>),
}

/// Deep equality of data, as n8n's set methods compare. Objects that are no data are left to the sandbox.
pub(super) fn deep_equal(left: &Val<'_>, right: &Val<'_>, depth: usize) -> Eval<bool> {
    if depth > MAX_DEPTH {
        return Err(Stop::JavaScript);
    }
    if let (Val::Number(left), Val::Number(right)) = (left, right) {
        return Ok(left == right || (left.is_nan() && right.is_nan()));
    }
    if !left.is_object() || !right.is_object() {
        return strict_equal(left, right);
    }
    if let (Val::Array(left), Val::Array(right)) = (left, right)
        && Rc::ptr_eq(left, right)
    {
        return Ok(true);
    }
    if let (Some(left), Some(right)) = (left.elements(), right.elements()) {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(&right) {
            if !deep_equal(left, right, depth + 1)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let (Some(left), Some(right)) = (left.fields(), right.fields()) {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (key, value) in &left {
            let Some((_, other)) = right.iter().find(|(name, _)| **name == **key) else { return Ok(false) };
            if !deep_equal(value, other, depth + 1)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if left.is_list() != right.is_list() && !matches!((left, right), (Val::Host(_), _) | (_, Val::Host(_))) {
        return Ok(false);
    }
    Err(Stop::JavaScript)
}
