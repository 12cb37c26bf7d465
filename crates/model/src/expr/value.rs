//! Values while an expression is evaluated, and JavaScript's conversions between their types.
//!
//! Data is borrowed: a path to a string or an object copies nothing. What an expression makes is shared by `Rc`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use super::ast::Arrow;
use super::builtin::Builtin;
use super::host::Host;
use super::number;
use crate::{Map, Value};

/// Why evaluation stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// The case is outside the native subset.
    JavaScript,
    /// JavaScript throws; the value of the `{{ }}` becomes `undefined`.
    Throw(Box<str>),
    /// n8n fails the expression.
    Fail(Box<str>),
    /// `?.` met nothing; caught at the end of the chain.
    Nothing,
}

pub(super) type Eval<T> = Result<T, Stop>;

pub(super) fn throw<T>(message: impl Into<Box<str>>) -> Eval<T> {
    Err(Stop::Throw(message.into()))
}

pub(super) fn fail<T>(message: impl Into<Box<str>>) -> Eval<T> {
    Err(Stop::Fail(message.into()))
}

/// A JavaScript value.
#[derive(Clone)]
pub(super) enum Val<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(Text<'a>),
    /// A list of the data.
    List(&'a [Value]),
    /// An object of the data.
    Map(&'a Map),
    /// A list that the expression made.
    Array(Rc<Array<'a>>),
    /// An object that the expression made.
    Object(Rc<Object<'a>>),
    /// What n8n offers beside data: `$input`, `$('x')`, items, files.
    Host(Host<'a>),
    Arrow(&'a Arrow),
    Builtin(Builtin),
}

/// A string, borrowed from data or code where possible.
#[derive(Clone)]
pub(super) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Rc<str>),
}

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

/// A list that the expression made.
pub(super) struct Array<'a> {
    values: Vec<Val<'a>>,
    depth: usize,
}

impl<'a> Array<'a> {
    pub fn into_values(self) -> Vec<Val<'a>> {
        self.values
    }
}

impl<'a> std::ops::Deref for Array<'a> {
    type Target = [Val<'a>];
    fn deref(&self) -> &[Val<'a>] {
        &self.values
    }
}

/// An object that the expression made: fields in the order in which they were set.
#[derive(Clone, Default)]
pub(super) struct Object<'a> {
    depth: usize,
    fields: Vec<(Text<'a>, Val<'a>)>,
    /// Built when a linear search would be slow.
    index: HashMap<Rc<str>, usize>,
}

const INDEXED_FROM: usize = 24;

impl<'a> Object<'a> {
    fn position(&self, key: &str) -> Option<usize> {
        if self.index.is_empty() {
            self.fields.iter().position(|(name, _)| &**name == key)
        } else {
            self.index.get(key).copied()
        }
    }

    pub fn get(&self, key: &str) -> Option<&Val<'a>> {
        self.position(key).map(|position| &self.fields[position].1)
    }

    pub fn set(&mut self, key: Text<'a>, value: Val<'a>) {
        self.depth = self.depth.max(value.depth());
        if let Some(position) = self.position(&key) {
            self.fields[position].1 = value;
            return;
        }
        self.fields.push((key, value));
        if self.fields.len() == INDEXED_FROM {
            self.index = self.fields.iter().enumerate().map(|(at, (name, _))| (Rc::from(&**name), at)).collect();
        } else if self.fields.len() > INDEXED_FROM {
            let last = self.fields.len() - 1;
            self.index.insert(Rc::from(&*self.fields[last].0), last);
        }
    }

    /// Fields in JavaScript's order: whole numbers first, ascending, then the rest as they were set.
    pub fn ordered(&self) -> Vec<(Text<'a>, Val<'a>)> {
        let mut fields = self.fields.clone();
        order_fields(&mut fields, |(key, _)| key);
        fields
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }
}

/// The number that a property name is as an array index, if it is one.
pub(super) fn array_index(key: &str) -> Option<u32> {
    let bytes = key.as_bytes();
    if bytes.is_empty() || bytes.len() > 10 || (bytes[0] == b'0' && bytes.len() > 1) {
        return None;
    }
    if !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    key.parse().ok().filter(|index| *index != u32::MAX)
}

fn order_fields<T>(fields: &mut [T], key: impl Fn(&T) -> &str) {
    if fields.iter().any(|field| array_index(key(field)).is_some()) {
        // The sort is stable, so names keep their order behind the numbers.
        fields.sort_by_key(|field| array_index(key(field)).map_or(u64::MAX, u64::from));
    }
}

/// The fields of a data object in JavaScript's order.
pub(super) fn ordered_map(map: &Map) -> Vec<(&String, &Value)> {
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    order_fields(&mut fields, |(key, _)| key);
    fields
}

impl<'a> From<&'a Value> for Val<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Val::Null,
            Value::Bool(value) => Val::Bool(*value),
            Value::Number(number) => Val::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Val::String(Text::Borrowed(text)),
            Value::Array(values) => Val::List(values),
            Value::Object(map) => Val::Map(map),
        }
    }
}

impl<'a> From<String> for Val<'a> {
    fn from(text: String) -> Self {
        Val::String(Text::Shared(text.into()))
    }
}

impl<'a> From<&'a str> for Val<'a> {
    fn from(text: &'a str) -> Self {
        Val::String(Text::Borrowed(text))
    }
}

impl<'a> From<f64> for Val<'a> {
    fn from(number: f64) -> Self {
        Val::Number(number)
    }
}

impl<'a> From<usize> for Val<'a> {
    fn from(number: usize) -> Self {
        Val::Number(number as f64)
    }
}

impl<'a> From<bool> for Val<'a> {
    fn from(value: bool) -> Self {
        Val::Bool(value)
    }
}

impl<'a> From<Vec<Val<'a>>> for Val<'a> {
    fn from(values: Vec<Val<'a>>) -> Self {
        let depth = values.iter().map(Val::depth).max().unwrap_or(0);
        Val::Array(Rc::new(Array { values, depth }))
    }
}

impl<'a> From<Object<'a>> for Val<'a> {
    fn from(object: Object<'a>) -> Self {
        Val::Object(Rc::new(object))
    }
}

impl<'a> Val<'a> {
    pub fn is_nullish(&self) -> bool {
        matches!(self, Val::Undefined | Val::Null)
    }

    /// How deep lists and objects that the expression made are nested in it.
    pub fn depth(&self) -> usize {
        match self {
            Val::Array(array) => array.depth + 1,
            Val::Object(object) => object.depth + 1,
            _ => 0,
        }
    }

    pub fn is_truthy(&self) -> bool {
        match self {
            Val::Undefined | Val::Null => false,
            Val::Bool(value) => *value,
            Val::Number(number) => *number != 0.0 && !number.is_nan(),
            Val::String(text) => !text.is_empty(),
            _ => true,
        }
    }

    pub fn is_list(&self) -> bool {
        matches!(self, Val::List(_) | Val::Array(_))
    }

    /// An object in JavaScript's sense: anything but a primitive.
    pub fn is_object(&self) -> bool {
        matches!(
            self,
            Val::List(_)
                | Val::Map(_)
                | Val::Array(_)
                | Val::Object(_)
                | Val::Host(_)
                | Val::Arrow(_)
                | Val::Builtin(_)
        )
    }

    /// `typeof`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Val::Undefined => "undefined",
            Val::Null => "object",
            Val::Bool(_) => "boolean",
            Val::Number(_) => "number",
            Val::String(_) => "string",
            Val::Arrow(_) | Val::Builtin(_) => "function",
            _ => "object",
        }
    }

    /// The elements of a list. `None` for anything else.
    pub fn elements(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Val::List(values) => Some(values.iter().map(Val::from).collect()),
            Val::Array(values) => Some(values.to_vec()),
            _ => None,
        }
    }

    /// The fields of an object in JavaScript's order. `None` for anything else.
    pub fn fields(&self) -> Option<Vec<(Text<'a>, Val<'a>)>> {
        match self {
            Val::Map(map) => {
                Some(ordered_map(map).into_iter().map(|(key, value)| (Text::Borrowed(key), Val::from(value))).collect())
            }
            Val::Object(object) => Some(object.ordered()),
            _ => None,
        }
    }

    /// Converts an object to a primitive; the native kinds of object all become strings.
    pub fn to_primitive(&self) -> Eval<Val<'a>> {
        if self.is_object() { Ok(Val::String(self.to_text()?)) } else { Ok(self.clone()) }
    }

    /// `String(value)`.
    pub fn to_text(&self) -> Eval<Text<'a>> {
        Ok(match self {
            Val::String(text) => text.clone(),
            Val::Undefined => Text::Borrowed("undefined"),
            Val::Null => Text::Borrowed("null"),
            Val::Bool(true) => Text::Borrowed("true"),
            Val::Bool(false) => Text::Borrowed("false"),
            Val::Number(number) => Text::Shared(number::to_string(*number).into()),
            Val::List(_) | Val::Array(_) => Text::Shared(self.join(",", 0)?.into()),
            // A field `toString` or `valueOf` would be called, or, being no function, make the conversion throw.
            Val::Map(map) if map.contains_key("toString") || map.contains_key("valueOf") => {
                return Err(Stop::JavaScript);
            }
            Val::Object(object) if object.get("toString").is_some() || object.get("valueOf").is_some() => {
                return Err(Stop::JavaScript);
            }
            Val::Map(_) | Val::Object(_) => Text::Borrowed("[object Object]"),
            Val::Host(_) | Val::Arrow(_) | Val::Builtin(_) => return Err(Stop::JavaScript),
        })
    }

    /// `list.join(separator)`; nothing when it is no list.
    pub fn join(&self, separator: &str, depth: usize) -> Eval<String> {
        if depth > 64 {
            return Err(Stop::JavaScript);
        }
        let mut text = String::new();
        let mut push = |at: usize, value: &Val<'a>| -> Eval<()> {
            if at > 0 {
                text.push_str(separator);
            }
            match value {
                Val::Undefined | Val::Null => {}
                Val::List(_) | Val::Array(_) => text.push_str(&value.join(",", depth + 1)?),
                other => text.push_str(&other.to_text()?),
            }
            if text.len() > MAX_TEXT { Err(Stop::JavaScript) } else { Ok(()) }
        };
        match self {
            Val::List(values) => values.iter().enumerate().try_for_each(|(at, value)| push(at, &Val::from(value)))?,
            Val::Array(values) => values.iter().enumerate().try_for_each(|(at, value)| push(at, value))?,
            _ => {}
        }
        Ok(text)
    }

    /// `Number(value)`.
    pub fn to_number(&self) -> Eval<f64> {
        Ok(match self {
            Val::Undefined => f64::NAN,
            Val::Null => 0.0,
            Val::Bool(value) => f64::from(u8::from(*value)),
            Val::Number(number) => *number,
            Val::String(text) => number::parse(text),
            other => number::parse(&other.to_text()?),
        })
    }

    /// A property name.
    pub fn to_key(&self) -> Eval<Text<'a>> {
        self.to_text()
    }

    /// The JSON value that leaves the expression. `None` is `undefined`.
    pub fn into_json(self) -> Eval<Option<Value>> {
        Ok(Some(match self {
            Val::Undefined => return Ok(None),
            Val::Null => Value::Null,
            Val::Bool(value) => Value::Bool(value),
            Val::Number(number) => number_to_json(number),
            Val::String(Text::Borrowed(text)) => Value::String(text.to_owned()),
            Val::String(Text::Shared(text)) => Value::String(text.as_ref().to_owned()),
            Val::List(values) => Value::Array(values.to_vec()),
            Val::Map(map) => Value::Object(map.clone()),
            Val::Array(values) => {
                let mut list = Vec::with_capacity(values.len());
                for value in values.iter() {
                    list.push(match value {
                        Val::Arrow(_) | Val::Builtin(_) => Value::Null,
                        value => value.clone().into_json()?.unwrap_or(Value::Null),
                    });
                }
                Value::Array(list)
            }
            Val::Object(object) => {
                let mut map = Map::with_capacity(object.len());
                for (key, value) in object.ordered() {
                    if matches!(value, Val::Arrow(_) | Val::Builtin(_)) {
                        continue;
                    }
                    if let Some(value) = value.into_json()? {
                        map.insert(key.to_string(), value);
                    }
                }
                Value::Object(map)
            }
            Val::Host(host) => return host.into_json(),
            Val::Arrow(_) | Val::Builtin(_) => return fail("this is a function, please add ()"),
        }))
    }
}

/// Longest string in bytes that is made natively. Longer ones are left to the sandbox, which limits memory.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// Whole numbers that JavaScript holds exactly become integers.
pub(super) fn number_to_json(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        Value::from(number as i64)
    } else {
        serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}

/// `===`. Two objects are left to the sandbox: their identity is not kept here.
pub(super) fn strict_equal(left: &Val<'_>, right: &Val<'_>) -> Eval<bool> {
    Ok(match (left, right) {
        (Val::Undefined, Val::Undefined) | (Val::Null, Val::Null) => true,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Number(left), Val::Number(right)) => left == right,
        (Val::String(left), Val::String(right)) => **left == **right,
        _ if left.is_object() && right.is_object() => return Err(Stop::JavaScript),
        _ => false,
    })
}

/// `==`.
pub(super) fn loose_equal(left: &Val<'_>, right: &Val<'_>) -> Eval<bool> {
    Ok(match (left, right) {
        (Val::Undefined | Val::Null, Val::Undefined | Val::Null) => true,
        (Val::Undefined | Val::Null, _) | (_, Val::Undefined | Val::Null) => false,
        (Val::Number(_), Val::String(_)) | (Val::String(_), Val::Number(_)) => {
            left.to_number()? == right.to_number()?
        }
        (Val::Bool(value), _) if !matches!(right, Val::Bool(_)) => {
            loose_equal(&Val::Number(f64::from(u8::from(*value))), right)?
        }
        (_, Val::Bool(value)) if !matches!(left, Val::Bool(_)) => {
            loose_equal(left, &Val::Number(f64::from(u8::from(*value))))?
        }
        _ if left.is_object() != right.is_object() => loose_equal(&left.to_primitive()?, &right.to_primitive()?)?,
        _ => strict_equal(left, right)?,
    })
}

/// `<` and its kin: `None` when one side is not a number.
pub(super) fn compare(left: &Val<'_>, right: &Val<'_>) -> Eval<Option<Ordering>> {
    let (left, right) = (left.to_primitive()?, right.to_primitive()?);
    if let (Val::String(left), Val::String(right)) = (&left, &right) {
        return Ok(Some(compare_texts(left, right)));
    }
    Ok(left.to_number()?.partial_cmp(&right.to_number()?))
}

/// Order by UTF-16 units, as JavaScript orders strings.
pub(super) fn compare_texts(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() { left.cmp(right) } else { left.encode_utf16().cmp(right.encode_utf16()) }
}

/// White space and line ends as JavaScript's `trim` and number parsing know them.
pub(super) fn is_js_space(letter: char) -> bool {
    matches!(letter, '\u{9}'..='\u{d}' | ' ' | '\u{a0}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
        || (letter > '\u{7f}' && letter != '\u{85}' && letter.is_whitespace())
}

/// Length in UTF-16 units.
pub(super) fn utf16_len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A piece by UTF-16 positions, `start <= end`. A cut through a surrogate pair is left to the sandbox.
pub(super) fn utf16_slice(text: &str, start: usize, end: usize) -> Eval<&str> {
    if text.is_ascii() {
        return Ok(&text[start.min(text.len())..end.min(text.len())]);
    }
    let (mut unit, mut from, mut to) = (0, None, None);
    for (byte, letter) in text.char_indices() {
        if unit == start {
            from = Some(byte);
        }
        if unit == end {
            to = Some(byte);
        }
        unit += letter.len_utf16();
    }
    let position = |wanted: usize, found: Option<usize>| match found {
        Some(byte) => Ok(byte),
        None if wanted >= unit => Ok(text.len()),
        None => Err(Stop::JavaScript),
    };
    Ok(&text[position(start, from)?..position(end, to)?])
}

impl<'a> Text<'a> {
    /// A piece of this string, borrowed when this string is.
    pub fn slice(&self, start: usize, end: usize) -> Eval<Text<'a>> {
        Ok(match self {
            Text::Borrowed(text) => Text::Borrowed(utf16_slice(text, start, end)?),
            Text::Shared(text) => Text::Shared(utf16_slice(text, start, end)?.into()),
        })
    }
}
