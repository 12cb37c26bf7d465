//! Evaluates a tree over borrowed data.

use super::ast::*;
use super::builtin;
use super::data::Data;
use super::host::{self, Host};
use super::number;
use super::value::*;
use super::{call, extension, methods};

/// Native steps per `{{ }}`, about 50 ms; what needs more is left to the sandbox, which limits time and memory.
const BUDGET: usize = 1_000_000;

/// Bytes of made text that count as one step, so that a budget is at most 64 MiB.
const BYTES_PER_STEP: usize = 64;

/// Bytes of text looked through that count as one step.
const BYTES_SEEN_PER_STEP: usize = 256;

/// Deepest nesting that a function may return; it bounds the recursion over values, their destructor included.
const MAX_DEPTH: usize = 200;

/// The state of one evaluation.
pub(super) struct Evaluator<'a> {
    pub data: &'a dyn Data,
    /// Parameters of the arrow functions that are being called, outermost first.
    locals: Vec<Val<'a>>,
    budget: usize,
}

impl<'a> Evaluator<'a> {
    pub fn new(data: &'a dyn Data) -> Self {
        Evaluator { data, locals: Vec::new(), budget: BUDGET }
    }

    /// Pays for work in proportion to data.
    pub fn spend(&mut self, steps: usize) -> Eval<()> {
        self.budget = self.budget.checked_sub(steps).ok_or(Stop::JavaScript)?;
        Ok(())
    }

    /// Pays for text that was made.
    fn pay_text(&mut self, value: Val<'a>) -> Eval<Val<'a>> {
        if let Val::String(Text::Shared(text)) = &value {
            self.spend(text.len() / BYTES_PER_STEP)?;
        }
        Ok(value)
    }

    /// Pays for looking through text.
    fn weigh(&mut self, values: &[Val<'a>]) -> Eval<()> {
        let bytes = |value: &Val<'a>| if let Val::String(text) = value { text.len() } else { 0 };
        self.spend(values.iter().map(bytes).sum::<usize>() / BYTES_SEEN_PER_STEP)
    }

    /// Evaluates an expression.
    pub fn expr(&mut self, expr: &'a Expr) -> Eval<Val<'a>> {
        Ok(match expr {
            Expr::Undefined => Val::Undefined,
            Expr::Null => Val::Null,
            Expr::Bool(value) => Val::Bool(*value),
            Expr::Number(number) => Val::Number(*number),
            Expr::String(text) => Val::String(Text::Borrowed(text)),
            Expr::Template(texts, values) => {
                let value = self.template(texts, values)?;
                return self.pay_text(value);
            }
            Expr::Root(root) => return self.root(*root),
            Expr::Builtin(function) => Val::Builtin(*function),
            Expr::Local(position) => self.locals.get(*position).cloned().ok_or(Stop::JavaScript)?,
            Expr::Member(object, steps) => {
                let object = self.expr(object)?;
                return self.member(object, steps);
            }
            Expr::Method(method) => {
                let value = self.method(method)?;
                return self.pay_text(value);
            }
            Expr::Call(function, arguments) => {
                let arguments = self.elements(arguments)?;
                self.weigh(&arguments)?;
                let value = call::builtin(self, *function, &arguments)?;
                return self.pay_text(value);
            }
            Expr::Node(name) => return self.node(name),
            Expr::Items(name) => return self.items(name.as_deref()),
            Expr::ItemScope(index) => return self.item_scope(index),
            Expr::Chain(inner) => match self.expr(inner) {
                Err(Stop::Nothing) => Val::Undefined,
                other => return other,
            },
            Expr::Unary(operator, operand) => {
                let operand = self.expr(operand)?;
                return unary(*operator, &operand);
            }
            Expr::Binary(operator, left, right) => {
                let sides = [self.expr(left)?, self.expr(right)?];
                self.weigh(&sides)?;
                let value = binary(*operator, &sides[0], &sides[1])?;
                return self.pay_text(value);
            }
            Expr::Logical(operator, left, right) => {
                let left = self.expr(left)?;
                let decided = match operator {
                    Logical::And => !left.is_truthy(),
                    Logical::Or => left.is_truthy(),
                    Logical::Nullish => !left.is_nullish(),
                };
                return if decided { Ok(left) } else { self.expr(right) };
            }
            Expr::Conditional(test, yes, no) => {
                let branch = if self.expr(test)?.is_truthy() { yes } else { no };
                return self.expr(branch);
            }
            Expr::Array(elements) => Val::from(self.elements(elements)?),
            Expr::Object(properties) => return self.object(properties),
            Expr::Arrow(arrow) => Val::Arrow(arrow),
            Expr::Sequence(all) => {
                let mut last = Val::Undefined;
                for one in all {
                    last = self.expr(one)?;
                }
                last
            }
        })
    }

    fn root(&mut self, root: Root) -> Eval<Val<'a>> {
        let data = self.data;
        Ok(match root {
            Root::Json => data.item().map_or(Val::Undefined, |item| Val::Map(&item.json)),
            Root::Binary => match data.item() {
                Some(item) => Val::Host(Host::Files(item.binary.as_deref())),
                None => Val::Undefined,
            },
            Root::Input => Val::Host(Host::Input),
            Root::NodeMap => Val::Host(Host::NodeMap(data.item_index())),
            Root::Vars => Val::Host(Host::Vars),
            Root::Env => Val::Host(Host::Env),
            Root::Execution => Val::Host(Host::Execution),
            Root::Workflow => Val::Host(Host::Workflow),
            Root::PrevNode => Val::Host(Host::PrevNode),
            Root::Parameter => Val::Host(Host::Parameter(data.params().ok_or(Stop::JavaScript)?)),
            Root::ItemIndex => Val::from(data.item_index()),
            Root::RunIndex => Val::from(data.meta().run_index),
            Root::Mode => Val::from(data.meta().execution.mode.as_str()),
        })
    }

    fn template(&mut self, texts: &'a [Box<str>], values: &'a [Expr]) -> Eval<Val<'a>> {
        let mut whole = String::new();
        for (at, text) in texts.iter().enumerate() {
            whole.push_str(text);
            if let Some(value) = values.get(at) {
                let value = self.expr(value)?;
                whole.push_str(&value.to_text()?);
            }
            if whole.len() > MAX_TEXT {
                return Err(Stop::JavaScript);
            }
        }
        Ok(Val::from(whole))
    }

    fn member(&mut self, mut object: Val<'a>, steps: &'a [Step]) -> Eval<Val<'a>> {
        for step in steps {
            if step.optional && object.is_nullish() {
                return Err(Stop::Nothing);
            }
            if let Val::String(text) = &object {
                self.spend(text.len() / BYTES_SEEN_PER_STEP)?;
            }
            object = match &step.key {
                Key::Name(name) => self.get(&object, name)?,
                Key::Index(index) => self.get_index(&object, *index)?,
                Key::Computed(key) => match self.expr(key)? {
                    Val::Number(number) if (0.0..4e9).contains(&number) && number.fract() == 0.0 => {
                        self.get_index(&object, number as usize)?
                    }
                    key => {
                        let key = key.to_key()?;
                        self.get(&object, &key)?
                    }
                },
            };
        }
        Ok(object)
    }

    /// Reads a property by name.
    pub fn get(&self, object: &Val<'a>, key: &str) -> Eval<Val<'a>> {
        match object {
            Val::Map(map) => match map.get(key) {
                Some(value) => return Ok(Val::from(value)),
                None if is_object_name(key) => return Err(Stop::JavaScript),
                None => return Ok(Val::Undefined),
            },
            Val::Object(object) => match object.get(key) {
                Some(value) => return Ok(value.clone()),
                None if is_object_name(key) => return Err(Stop::JavaScript),
                None => return Ok(Val::Undefined),
            },
            Val::Undefined => return throw(format!("Cannot read properties of undefined (reading '{key}')")),
            Val::Null => return throw(format!("Cannot read properties of null (reading '{key}')")),
            Val::Host(host) => return host.get(key, self.data),
            Val::String(text) if key == "length" => return Ok(Val::from(utf16_len(text))),
            Val::List(values) if key == "length" => return Ok(Val::from(values.len())),
            Val::Array(values) if key == "length" => return Ok(Val::from(values.len())),
            Val::Arrow(_) | Val::Builtin(_) => return Err(Stop::JavaScript),
            _ => {}
        }
        match array_index(key) {
            Some(index) => self.get_index(object, index as usize),
            None if builtin::is_inherited(key) => Err(Stop::JavaScript),
            None => Ok(Val::Undefined),
        }
    }

    /// Reads the element at a position.
    pub fn get_index(&self, object: &Val<'a>, index: usize) -> Eval<Val<'a>> {
        Ok(match object {
            Val::List(values) => values.get(index).map_or(Val::Undefined, Val::from),
            Val::Array(values) => values.get(index).cloned().unwrap_or(Val::Undefined),
            Val::Host(Host::Items(items)) => {
                items.get(index).map_or(Val::Undefined, |item| Val::Host(Host::Item(item)))
            }
            Val::String(text) => {
                if index < utf16_len(text) {
                    Val::String(text.slice(index, index + 1)?)
                } else {
                    Val::Undefined
                }
            }
            Val::Bool(_) | Val::Number(_) => Val::Undefined,
            _ => return self.get(object, &index.to_string()),
        })
    }

    /// Evaluates elements or arguments, spreads included.
    pub fn elements(&mut self, elements: &'a [Element]) -> Eval<Vec<Val<'a>>> {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::One(expr) => {
                    let value = self.expr(expr)?;
                    // A function is only called where it is written: its outer locals are not kept.
                    if matches!(value, Val::Arrow(_)) && !matches!(expr, Expr::Arrow(_)) {
                        return Err(Stop::JavaScript);
                    }
                    values.push(value);
                }
                Element::Spread(expr) => {
                    let list = self.expr(expr)?;
                    let list = self.iterate(&list)?;
                    if list.iter().any(|value| matches!(value, Val::Arrow(_))) {
                        return Err(Stop::JavaScript);
                    }
                    values.extend(list);
                }
            }
        }
        Ok(values)
    }

    /// The elements that `...` or a destructuring sees.
    pub fn iterate(&mut self, value: &Val<'a>) -> Eval<Vec<Val<'a>>> {
        let list = match value {
            Val::Host(host) => host.as_list().ok_or(Stop::JavaScript)?,
            Val::String(text) => text.chars().map(|letter| Val::from(letter.to_string())).collect(),
            Val::Undefined | Val::Null | Val::Bool(_) | Val::Number(_) => {
                return throw("Spread syntax requires ...iterable[Symbol.iterator] to be a function");
            }
            other => other.elements().ok_or(Stop::JavaScript)?,
        };
        self.spend(list.len())?;
        Ok(list)
    }

    fn object(&mut self, properties: &'a [Property]) -> Eval<Val<'a>> {
        let mut object = Object::default();
        for property in properties {
            match property {
                Property::Field(key, value) => {
                    let value = self.expr(value)?;
                    object.set(Text::Borrowed(key), value);
                }
                Property::Computed(key, value) => {
                    let key = self.expr(key)?.to_key()?;
                    let value = self.expr(value)?;
                    object.set(key, value);
                }
                Property::Spread(value) => {
                    let value = self.expr(value)?;
                    self.copy_fields(&mut object, &value)?;
                }
            }
        }
        Ok(Val::from(object))
    }

    /// Copies a value's own fields, as `{...value}` and `Object.assign` do.
    pub fn copy_fields(&mut self, object: &mut Object<'a>, value: &Val<'a>) -> Eval<()> {
        if let Some(fields) = value.fields() {
            self.spend(fields.len())?;
            fields.into_iter().for_each(|(key, value)| object.set(key, value));
            return Ok(());
        }
        match value {
            Val::Undefined | Val::Null | Val::Bool(_) | Val::Number(_) => Ok(()),
            // A string's fields are UTF-16 units; only plain ones are the same as letters.
            Val::String(text) if !text.is_ascii() => Err(Stop::JavaScript),
            Val::List(_) | Val::Array(_) | Val::String(_) => {
                for (at, value) in self.iterate(value)?.into_iter().enumerate() {
                    object.set(Text::Shared(at.to_string().into()), value);
                }
                Ok(())
            }
            _ => Err(Stop::JavaScript),
        }
    }

    fn node(&mut self, name: &'a Expr) -> Eval<Val<'a>> {
        match self.expr(name)? {
            Val::String(name) if !name.is_empty() => host::node(&name, self.data),
            name if !name.is_truthy() => fail("When calling $(), please specify a node"),
            _ => Err(Stop::JavaScript),
        }
    }

    fn items(&mut self, name: Option<&'a Expr>) -> Eval<Val<'a>> {
        match name.map(|name| self.expr(name)).transpose()? {
            Some(Val::String(name)) => host::node_items(&name, self.data),
            None => self.data.input().map(|items| Val::Host(Host::Items(items))).ok_or(Stop::JavaScript),
            _ => Err(Stop::JavaScript),
        }
    }

    fn item_scope(&mut self, index: &'a Expr) -> Eval<Val<'a>> {
        let index = self.expr(index)?.to_number()?;
        if (0.0..4e9).contains(&index) && index.fract() == 0.0 {
            Ok(Val::Host(Host::Scope(index as usize)))
        } else {
            Err(Stop::JavaScript)
        }
    }

    fn method(&mut self, method: &'a Method) -> Eval<Val<'a>> {
        let object = self.expr(&method.object)?;
        if method.optional && object.is_nullish() {
            return Err(Stop::Nothing);
        }
        let name = &*method.name;
        let arguments = self.elements(&method.arguments)?;
        self.weigh(&arguments)?;
        self.weigh(std::slice::from_ref(&object))?;
        let object = match object {
            Val::Host(host) => match host.call(name, &arguments, self.data)? {
                Some(value) => return Ok(value),
                None => Val::from(host.as_list().ok_or(Stop::JavaScript)?),
            },
            other => other,
        };
        if extension::is_extension(name) {
            return extension::call(self, object, name, &arguments);
        }
        methods::call(self, object, name, &arguments)
    }

    /// Calls a function that was handed to a method.
    pub fn call(&mut self, function: &Val<'a>, arguments: &[Val<'a>]) -> Eval<Val<'a>> {
        self.spend(1)?;
        let arrow = match function {
            Val::Arrow(arrow) => *arrow,
            Val::Builtin(function) => return call::builtin(self, *function, arguments),
            Val::Host(_) => return Err(Stop::JavaScript),
            other => return throw(format!("{} is not a function", describe(other))),
        };
        let base = self.locals.len();
        let result = self.bind(arrow, arguments).and_then(|()| self.expr(&arrow.body));
        self.locals.truncate(base);
        match result {
            // A chain does not reach across functions.
            Err(Stop::Nothing) => Err(Stop::JavaScript),
            Ok(value) if value.depth() > MAX_DEPTH => Err(Stop::JavaScript),
            other => other,
        }
    }

    fn bind(&mut self, arrow: &'a Arrow, arguments: &[Val<'a>]) -> Eval<()> {
        for (at, pattern) in arrow.parameters.iter().enumerate() {
            self.take_apart(pattern, arguments.get(at).cloned().unwrap_or(Val::Undefined))?;
        }
        Ok(())
    }

    fn take_apart(&mut self, pattern: &'a Pattern, value: Val<'a>) -> Eval<()> {
        match pattern {
            Pattern::Name => self.locals.push(value),
            Pattern::Array(patterns) => {
                if value.is_nullish() {
                    return throw(format!("{} is not iterable", describe(&value)));
                }
                if !value.is_list() {
                    return Err(Stop::JavaScript);
                }
                for (at, pattern) in patterns.iter().enumerate() {
                    if let Some(pattern) = pattern {
                        let element = self.get_index(&value, at)?;
                        self.take_apart(pattern, element)?;
                    }
                }
            }
            Pattern::Object(fields) => {
                if value.is_nullish() {
                    return throw(format!("Cannot destructure '{0}' as it is {0}.", describe(&value)));
                }
                for (key, pattern) in fields {
                    let field = self.get(&value, key)?;
                    self.take_apart(pattern, field)?;
                }
            }
        }
        Ok(())
    }
}

/// A value as error messages name it.
pub(super) fn describe(value: &Val<'_>) -> String {
    match value {
        Val::String(text) => format!("\"{}\"", &**text),
        Val::Undefined | Val::Null | Val::Bool(_) | Val::Number(_) => {
            value.to_text().map_or_else(|_| String::new(), |text| text.to_string())
        }
        other => format!("#<{}>", if other.is_list() { "Array" } else { "Object" }),
    }
}

/// Names that every object inherits.
pub(super) fn is_object_name(name: &str) -> bool {
    matches!(
        name,
        "constructor"
            | "hasOwnProperty"
            | "isPrototypeOf"
            | "propertyIsEnumerable"
            | "toLocaleString"
            | "toString"
            | "valueOf"
    ) || name.starts_with("__")
}

fn unary<'a>(operator: Unary, operand: &Val<'a>) -> Eval<Val<'a>> {
    Ok(match operator {
        Unary::Not => Val::Bool(!operand.is_truthy()),
        Unary::Minus => Val::Number(-operand.to_number()?),
        Unary::Plus => Val::Number(operand.to_number()?),
        Unary::BitNot => Val::Number(f64::from(!(number::to_u32(operand.to_number()?) as i32))),
        Unary::Typeof => Val::from(operand.type_name()),
        Unary::Void => Val::Undefined,
    })
}

fn binary<'a>(operator: Binary, left: &Val<'a>, right: &Val<'a>) -> Eval<Val<'a>> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let compare = |accept: fn(std::cmp::Ordering) -> bool| compare(left, right).map(|order| order.is_some_and(accept));
    let answer = match operator {
        Binary::Add => return add(left, right),
        Binary::Equal => loose_equal(left, right)?,
        Binary::NotEqual => !loose_equal(left, right)?,
        Binary::StrictEqual => strict_equal(left, right)?,
        Binary::StrictNotEqual => !strict_equal(left, right)?,
        Binary::Less => compare(|order| order == Less)?,
        Binary::LessEqual => compare(|order| matches!(order, Less | Equal))?,
        Binary::Greater => compare(|order| order == Greater)?,
        Binary::GreaterEqual => compare(|order| matches!(order, Greater | Equal))?,
        _ => return arithmetic(operator, left.to_number()?, right.to_number()?),
    };
    Ok(Val::Bool(answer))
}

fn add<'a>(left: &Val<'a>, right: &Val<'a>) -> Eval<Val<'a>> {
    let (left, right) = (left.to_primitive()?, right.to_primitive()?);
    if !matches!(left, Val::String(_)) && !matches!(right, Val::String(_)) {
        return Ok(Val::Number(left.to_number()? + right.to_number()?));
    }
    let (left, right) = (left.to_text()?, right.to_text()?);
    if left.len() + right.len() > MAX_TEXT {
        return Err(Stop::JavaScript);
    }
    Ok(Val::from([&*left, &*right].concat()))
}

fn arithmetic<'a>(operator: Binary, left: f64, right: f64) -> Eval<Val<'a>> {
    let bits =
        |combine: fn(i32, i32) -> i32| f64::from(combine(number::to_u32(left) as i32, number::to_u32(right) as i32));
    Ok(Val::Number(match operator {
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        Binary::Remainder => left % right,
        Binary::Power => return power(left, right),
        Binary::BitAnd => bits(|left, right| left & right),
        Binary::BitOr => bits(|left, right| left | right),
        Binary::BitXor => bits(|left, right| left ^ right),
        Binary::ShiftLeft => bits(|left, right| left.wrapping_shl(right as u32)),
        Binary::ShiftRight => bits(|left, right| left.wrapping_shr(right as u32)),
        Binary::ShiftRightUnsigned => f64::from(number::to_u32(left).wrapping_shr(number::to_u32(right))),
        _ => return Err(Stop::JavaScript),
    }))
}

/// Powers whose result is exact; others depend on the mathematical library and are left to the sandbox.
fn power<'a>(base: f64, exponent: f64) -> Eval<Val<'a>> {
    if exponent.is_nan() {
        return Ok(Val::Number(f64::NAN));
    }
    if exponent == 0.0 {
        return Ok(Val::Number(1.0));
    }
    let whole = base.is_finite() && base.fract() == 0.0 && exponent.fract() == 0.0;
    if !whole || !(0.0..=1000.0).contains(&exponent) {
        return Err(Stop::JavaScript);
    }
    let is_odd = exponent % 2.0 != 0.0;
    let size = base.abs();
    // Sizes 0 and 1 never leave themselves; powers of two stay exact far beyond 2^53.
    let result = if size <= 1.0 {
        size
    } else {
        let result = (0..exponent as u32).fold(1.0, |product, _| product * size);
        let is_exact = result <= 9_007_199_254_740_992.0 || (size == 2.0 && result.is_finite());
        if !is_exact {
            return Err(Stop::JavaScript);
        }
        result
    };
    Ok(Val::Number(if is_odd && base.is_sign_negative() { -result } else { result }))
}

/// The function that a callback argument must be.
pub(super) fn callback<'v, 'a>(arguments: &'v [Val<'a>]) -> Eval<&'v Val<'a>> {
    match arguments.first() {
        Some(function @ (Val::Arrow(_) | Val::Builtin(_))) => Ok(function),
        Some(Val::Host(_)) => Err(Stop::JavaScript),
        Some(other) => throw(format!("{} is not a function", describe(other))),
        None => throw("undefined is not a function"),
    }
}

/// An argument, `undefined` when it was not given.
pub(super) fn argument<'v, 'a>(arguments: &'v [Val<'a>], at: usize) -> &'v Val<'a> {
    arguments.get(at).unwrap_or(&Val::Undefined)
}
