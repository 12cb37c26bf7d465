//! Conditions over values: what `if`, `filter` and `switch` decide by. Semantics and words are those of n8n's filter.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use model::{Code, Item, Map, Value};
use part::{Category, Ctx, NodeError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::convert::{self, Kind};
use crate::pattern::{self, Patterns};
use crate::plan::{Leaf, Leaves, Row};
use crate::{dates, js};

/// Conditions and how they are combined.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conditions {
    /// The conditions; without any, everything passes under `and` and nothing under `or`.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Whether all or any must hold.
    #[serde(default)]
    pub combinator: Combinator,
    /// How values are compared.
    #[serde(default)]
    pub options: Options,
}

/// One condition.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// Id in the editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// The value that is looked at.
    #[serde(default)]
    pub left_value: Value,
    /// What it is compared with.
    #[serde(default)]
    pub right_value: Value,
    /// The comparison.
    pub operator: Operator,
}

/// A comparison.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operator {
    /// Type that both values are compared as.
    #[serde(rename = "type", default)]
    pub kind: Kind,
    /// What must hold.
    pub operation: Operation,
    /// Type of the right value, when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right_type: Option<Kind>,
    /// The right value does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_value: bool,
    /// Name in the editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    Exists,
    NotExists,
    Empty,
    NotEmpty,
    Equals,
    NotEquals,
    Contains,
    NotContains,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Regex,
    NotRegex,
    Gt,
    Lt,
    Gte,
    Lte,
    After,
    Before,
    AfterOrEquals,
    BeforeOrEquals,
    True,
    False,
    LengthEquals,
    LengthNotEquals,
    LengthGt,
    LengthLt,
    LengthGte,
    LengthLte,
}

/// How conditions are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Combinator {
    /// All must hold.
    #[default]
    And,
    /// One must hold.
    Or,
}

/// How values are compared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Upper and lower case differ.
    #[serde(default = "yes")]
    pub case_sensitive: bool,
    /// What happens to a value of another type.
    #[serde(default)]
    pub type_validation: TypeValidation,
    /// Rules of conversion, 1 to 3: from 2 on `"false"` is read as false, from 3 on an empty text is no number.
    #[serde(default = "newest")]
    pub version: u8,
    /// Not used; the editor of n8n writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_value: Option<Value>,
}

/// What happens to a value of another type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TypeValidation {
    /// It is an error.
    #[default]
    Strict,
    /// It is converted; an error when it cannot be.
    Loose,
    /// It is compared as JavaScript does, as the first versions of n8n's nodes did.
    None,
}

fn yes() -> bool {
    true
}
fn newest() -> u8 {
    3
}

impl Default for Options {
    fn default() -> Self {
        Options { case_sensitive: true, type_validation: TypeValidation::Strict, version: 3, left_value: None }
    }
}

/// Conditions that are ready to be tested.
pub struct Tests {
    tests: Vec<Test>,
    any: bool,
    ignore_case: bool,
    types: TypeValidation,
    version: u8,
    patterns: Patterns,
}

struct Test {
    left: Leaf,
    right: Leaf,
    operation: Operation,
    kind: Kind,
    right_kind: Kind,
    single: bool,
}

impl Tests {
    /// Compiles conditions that stand at a JSON pointer.
    pub fn new(conditions: &Conditions, pointer: &str, leaves: &mut Leaves) -> Tests {
        let test = |(index, condition): (usize, &Condition)| {
            let place = |side: &str| format!("{pointer}/conditions/{index}/{side}");
            let kind = condition.operator.kind;
            Test {
                left: leaves.leaf(&condition.left_value, || place("leftValue")),
                right: leaves.leaf(&condition.right_value, || place("rightValue")),
                operation: condition.operator.operation,
                kind,
                right_kind: condition.operator.right_type.unwrap_or(kind),
                single: condition.operator.single_value,
            }
        };
        Tests {
            tests: conditions.conditions.iter().enumerate().map(test).collect(),
            any: conditions.combinator == Combinator::Or,
            ignore_case: !conditions.options.case_sensitive,
            types: conditions.options.type_validation,
            version: conditions.options.version,
            patterns: Patterns::default(),
        }
    }

    /// Whether an item passes.
    ///
    /// # Errors
    /// A value of the wrong type.
    pub async fn pass(&self, row: &Row, ctx: &Ctx, item: &Arc<Item>, position: usize) -> Result<bool, NodeError> {
        let mut answers = HashMap::new();
        loop {
            let case = Case { tests: self, zone: &ctx.info().timezone, answers: &answers, position };
            match case.pass(row) {
                Ok(pass) => return Ok(pass),
                Err(Halt::Failed(error)) => return Err(*error),
                Err(Halt::Ask(script)) => {
                    let answer = pattern::ask(ctx, item, position, &script).await?;
                    answers.insert(script, answer);
                }
            }
        }
    }
}

/// Why a condition has no answer yet.
enum Halt {
    /// JavaScript must say what this gives.
    Ask(String),
    Failed(Box<NodeError>),
}

fn failed(error: NodeError) -> Halt {
    Halt::Failed(Box::new(error))
}

struct Case<'a> {
    tests: &'a Tests,
    zone: &'a str,
    answers: &'a HashMap<String, Value>,
    position: usize,
}

/// A value as the operator's type.
enum Operand<'a> {
    Nothing,
    Flag(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Time(i64),
    Value(Cow<'a, Value>),
}

impl Operand<'_> {
    fn as_text(&self) -> &str {
        match self {
            Operand::Text(text) => text,
            _ => "",
        }
    }
}

impl Case<'_> {
    fn pass(&self, row: &Row) -> Result<bool, Halt> {
        for (index, test) in self.tests.tests.iter().enumerate() {
            let (left, right) = (row.get(&test.left), row.get(&test.right));
            let pass = match self.tests.types {
                TypeValidation::None => self.untyped(test, left, right)?,
                _ => self.typed(test, index, left, right)?,
            };
            if pass == self.tests.any {
                return Ok(pass);
            }
        }
        Ok(!self.tests.any)
    }

    fn typed(&self, test: &Test, index: usize, left: Option<&Value>, right: Option<&Value>) -> Result<bool, Halt> {
        use Operation::*;
        let (left_operand, right_operand) = (self.operand(left, test.kind)?, self.operand(right, test.right_kind)?);
        let right_operand = match (right_operand, test.single) {
            (None, true) => Some(Operand::Nothing),
            (operand, _) => operand,
        };
        let (Some(a), Some(b)) = (&left_operand, &right_operand) else {
            return Err(failed(self.wrong_type(test, index, left_operand.is_none().then_some(left), right)));
        };
        let exists = !matches!(a, Operand::Nothing);
        match test.operation {
            Exists => return Ok(exists),
            NotExists => return Ok(!exists),
            _ => {}
        }
        let answer = match test.kind {
            Kind::String => return self.text(test.operation, a, b),
            Kind::Number => numbers(test.operation, a, b),
            Kind::DateTime => times(test.operation, a, b),
            Kind::Boolean => flags(test.operation, a, b),
            Kind::Array => self.lists(test.operation, a, b),
            Kind::Object => objects(test.operation, a),
            Kind::Any | Kind::Binary => None,
        };
        // n8n warns in its log and goes on with `false`.
        Ok(answer.unwrap_or(false))
    }

    /// The value as a type; `None` when it is not of it and may not be converted.
    fn operand<'v>(&self, value: Option<&'v Value>, kind: Kind) -> Result<Option<Operand<'v>>, Halt> {
        let strict = self.tests.types == TypeValidation::Strict;
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Some(Operand::Nothing)) };
        let operand = match kind {
            Kind::Any | Kind::Binary => Some(Operand::Value(Cow::Borrowed(value))),
            Kind::Boolean if !strict => {
                let converted = if self.tests.version >= 2 { convert::boolean(value) } else { None };
                Some(Operand::Flag(converted.unwrap_or_else(|| js::truthy(Some(value)))))
            }
            Kind::Boolean => value.as_bool().map(Operand::Flag),
            Kind::Number if self.tests.version >= 3 && is_blank(value) => Some(Operand::Nothing),
            Kind::Number if strict => value.as_f64().map(Operand::Number),
            Kind::Number => convert::number(value).map(Operand::Number),
            Kind::String => match value {
                Value::String(text) => Some(Operand::Text(Cow::Borrowed(text))),
                _ if strict => None,
                other => Some(Operand::Text(Cow::Owned(convert::string(other)))),
            },
            Kind::Array => match value {
                Value::Array(_) => Some(Operand::Value(Cow::Borrowed(value))),
                _ if strict => None,
                other => convert::array(other).map(|list| Operand::Value(Cow::Owned(Value::Array(list)))),
            },
            Kind::Object => match value {
                Value::Object(_) => Some(Operand::Value(Cow::Borrowed(value))),
                _ if strict => None,
                other => convert::object(other).map(|map| Operand::Value(Cow::Owned(Value::Object(map)))),
            },
            Kind::DateTime => self.time(value)?.map(Operand::Time),
        };
        Ok(operand)
    }

    fn time(&self, value: &Value) -> Result<Option<i64>, Halt> {
        let text = js::text(value);
        if let Some(time) = dates::parse(&text, self.zone) {
            return Ok(Some(time));
        }
        if !text.contains(|c: char| c.is_ascii_digit()) || text.len() > 200 {
            return Ok(None);
        }
        self.ask(format!("Date.parse({})", pattern::quoted(&text))).map(|value| value.as_f64().map(|time| time as i64))
    }

    fn ask(&self, script: String) -> Result<&Value, Halt> {
        self.answers.get(&script).ok_or(Halt::Ask(script))
    }

    fn matches(&self, regex: &str, ignore_case: bool, text: &str) -> Result<bool, Halt> {
        match self.tests.patterns.test(regex, ignore_case, text) {
            Some(found) => Ok(found),
            None => match self.ask(pattern::script(regex, ignore_case, text))? {
                Value::Bool(found) => Ok(*found),
                _ => {
                    let detail = format!("Invalid regular expression: `{regex}`");
                    Err(failed(NodeError::bad_data(detail).hint("write it as JavaScript does, with or without `/…/i`")))
                }
            },
        }
    }

    fn text(&self, operation: Operation, left: &Operand, right: &Operand) -> Result<bool, Halt> {
        use Operation::*;
        let ignore_case = self.tests.ignore_case;
        let (left, right) = (left.as_text(), right.as_text());
        match operation {
            Empty => return Ok(left.is_empty()),
            NotEmpty => return Ok(!left.is_empty()),
            Regex => return self.matches(right, ignore_case, left),
            NotRegex => return self.matches(right, ignore_case, left).map(|found| !found),
            _ => {}
        }
        let lower = |text| if ignore_case { Cow::Owned(str::to_lowercase(text)) } else { Cow::Borrowed(text) };
        let (left, right): (Cow<str>, Cow<str>) = (lower(left), lower(right));
        Ok(match operation {
            Equals => left == right,
            NotEquals => left != right,
            Contains => left.contains(&*right),
            NotContains => !left.contains(&*right),
            StartsWith => left.starts_with(&*right),
            NotStartsWith => !left.starts_with(&*right),
            EndsWith => left.ends_with(&*right),
            NotEndsWith => !left.ends_with(&*right),
            _ => false,
        })
    }

    fn lists(&self, operation: Operation, left: &Operand, right: &Operand) -> Option<bool> {
        use Operation::*;
        let list = match left {
            Operand::Value(value) => value.as_array().map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        let contains = || {
            let wanted = match right {
                Operand::Value(value) => Cow::Borrowed(&**value),
                Operand::Text(text) => Cow::Owned(Value::from(text.as_ref())),
                Operand::Number(number) => Cow::Owned(js::number_value(*number)),
                Operand::Flag(flag) => Cow::Owned(Value::Bool(*flag)),
                Operand::Nothing | Operand::Time(_) => Cow::Owned(Value::Null),
            };
            match wanted.as_str().filter(|_| self.tests.ignore_case) {
                Some(text) => {
                    list.iter().any(|entry| entry.as_str().is_some_and(|e| e.to_lowercase() == text.to_lowercase()))
                }
                None => list.iter().any(|entry| js::identical(Some(entry), Some(&wanted))),
            }
        };
        let length = list.len() as f64;
        let number = match right {
            Operand::Number(number) => *number,
            _ => f64::NAN,
        };
        Some(match operation {
            Contains => contains(),
            NotContains => !contains(),
            LengthEquals => length == number,
            LengthNotEquals => length != number,
            LengthGt => length > number,
            LengthLt => length < number,
            LengthGte => length >= number,
            LengthLte => length <= number,
            Empty => list.is_empty(),
            NotEmpty => !list.is_empty(),
            _ => return None,
        })
    }

    /// As the first versions of n8n's nodes compared: JavaScript's operators on whatever came.
    fn untyped(&self, test: &Test, left: Option<&Value>, right: Option<&Value>) -> Result<bool, Halt> {
        use Operation::*;
        if test.kind == Kind::DateTime {
            let (left, right) = (self.untyped_time(left)?, self.untyped_time(right)?);
            return Ok(if test.operation == Before { left < right } else { left > right });
        }
        let or_zero =
            |value: Option<&Value>| value.filter(|value| js::truthy(Some(value))).cloned().unwrap_or(0.into());
        let order = || js::compare(&or_zero(left), &or_zero(right));
        let or_empty =
            |value: Option<&Value>| value.filter(|value| js::truthy(Some(value))).map(js::text).unwrap_or_default();
        let is_empty = || match left {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            Some(_) => false,
        };
        let texts = |method: &str| match left {
            Some(Value::String(text)) => Ok((text.as_str(), js::text_of(right))),
            _ => {
                let detail = format!("value1.{method} is not a function");
                Err(failed(NodeError::bad_data(detail).hint("compare a text, or convert the first value to one")))
            }
        };
        Ok(match test.operation {
            Equals => js::identical(left, right),
            NotEquals => !js::identical(left, right),
            Gt => order().is_some_and(|order| order.is_gt()),
            Gte => order().is_some_and(|order| order.is_ge()),
            Lt => order().is_some_and(|order| order.is_lt()),
            Lte => order().is_some_and(|order| order.is_le()),
            Contains => or_empty(left).contains(&or_empty(right)),
            NotContains => !or_empty(left).contains(&or_empty(right)),
            StartsWith => texts("startsWith").map(|(left, right)| left.starts_with(&right))?,
            NotStartsWith => texts("startsWith").map(|(left, right)| !left.starts_with(&right))?,
            EndsWith => texts("endsWith").map(|(left, right)| left.ends_with(&right))?,
            NotEndsWith => texts("endsWith").map(|(left, right)| !left.ends_with(&right))?,
            Regex => self.matches(&or_empty(right), false, &or_empty(left))?,
            NotRegex => !self.matches(&or_empty(right), false, &or_empty(left))?,
            Empty => is_empty(),
            NotEmpty => !is_empty(),
            _ => false,
        })
    }

    fn untyped_time(&self, value: Option<&Value>) -> Result<i64, Halt> {
        let time = match value {
            Some(Value::Number(number)) => number.as_f64().map(|time| time as i64),
            Some(text @ Value::String(_)) => self.time(text)?,
            _ => None,
        };
        time.ok_or_else(|| {
            let detail = format!("The value \"{}\" is not a valid DateTime.", js::text_of(value));
            failed(NodeError::bad_data(detail))
        })
    }

    /// `left` is the left value when that is the wrong one.
    fn wrong_type(&self, test: &Test, index: usize, left: Option<Option<&Value>>, right: Option<&Value>) -> NodeError {
        let strict = self.tests.types == TypeValidation::Strict;
        let (kind, value) = match left {
            Some(left) => (test.kind.name(), left),
            None => (test.right_kind.name(), right),
        };
        let from = js::type_of(value);
        let both = left.is_some_and(|left| js::type_of(left) == js::type_of(right)) && !test.single;
        let right_wrong = || !matches!(self.operand(right, test.right_kind), Ok(Some(_)));
        let place = format!("[condition {index}, item {}]", self.position);
        let text = js::text_of(value);
        let detail = if both && right_wrong() {
            format!("Comparison type expects {} but both fields are {}", article(test.kind.name()), article(from))
        } else if strict {
            format!("Wrong type: '{text}' is {} but was expecting {} {place}", article(from), article(kind))
        } else {
            format!("Conversion error: the {from} '{text}' can't be converted to {} {place}", article(kind))
        };
        let hint = match strict {
            true => "change the type of comparison, or set `options.typeValidation` to `loose` to convert values",
            false => "change the type of the comparison",
        };
        NodeError::new(Code::StepFailed, Category::BadData, detail).hint(hint)
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn numbers(operation: Operation, left: &Operand, right: &Operand) -> Option<bool> {
    use Operation::*;
    let exists = !matches!(left, Operand::Nothing);
    // JavaScript orders `null` as zero, but it equals only itself.
    let value = |operand: &Operand| if let Operand::Number(number) = operand { *number } else { 0.0 };
    let same_kind =
        matches!((left, right), (Operand::Nothing, Operand::Nothing) | (Operand::Number(_), Operand::Number(_)));
    let (left, right) = (value(left), value(right));
    Some(match operation {
        Empty => !exists,
        NotEmpty => exists,
        Equals => same_kind && left == right,
        NotEquals => !(same_kind && left == right),
        Gt => left > right,
        Lt => left < right,
        Gte => left >= right,
        Lte => left <= right,
        _ => return None,
    })
}

fn times(operation: Operation, left: &Operand, right: &Operand) -> Option<bool> {
    use Operation::*;
    match operation {
        Empty => return Some(matches!(left, Operand::Nothing)),
        NotEmpty => return Some(!matches!(left, Operand::Nothing)),
        _ => {}
    }
    let (Operand::Time(left), Operand::Time(right)) = (left, right) else { return Some(false) };
    Some(match operation {
        Equals => left == right,
        NotEquals => left != right,
        After => left > right,
        Before => left < right,
        AfterOrEquals => left >= right,
        BeforeOrEquals => left <= right,
        _ => return None,
    })
}

fn flags(operation: Operation, left: &Operand, right: &Operand) -> Option<bool> {
    use Operation::*;
    let value = |operand: &Operand| if let Operand::Flag(flag) = operand { Some(*flag) } else { None };
    let (left, right) = (value(left), value(right));
    Some(match operation {
        Empty => left.is_none(),
        NotEmpty => left.is_some(),
        True => left == Some(true),
        False => left != Some(true),
        Equals => left == right,
        NotEquals => left != right,
        _ => return None,
    })
}

fn objects(operation: Operation, left: &Operand) -> Option<bool> {
    let empty = match left {
        Operand::Value(value) => value.as_object().is_none_or(Map::is_empty),
        _ => true,
    };
    match operation {
        Operation::Empty => Some(empty),
        Operation::NotEmpty => Some(!empty),
        _ => None,
    }
}
