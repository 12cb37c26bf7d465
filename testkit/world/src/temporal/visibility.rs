//! List Filters: conditions over runs, as `ListWorkflowExecutions` takes them.
//!
//! There are comparisons, `IN`, `NOT IN`, `BETWEEN`, `IS NULL`, `STARTS_WITH`, `AND`, `OR`, parentheses, and at the end
//! `ORDER BY` (which is taken and not followed) or `GROUP BY` one field.

use serde_json::Value;

use super::moment;
use super::state::{Run, Status};

/// A condition.
#[derive(Debug, PartialEq)]
pub enum Condition {
    /// Everything.
    All,
    /// One of them.
    Or(Vec<Condition>),
    /// All of them.
    And(Vec<Condition>),
    /// A field is in a relation to values.
    Is(String, Relation, Vec<String>),
}

/// A relation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `BETWEEN`
    Between,
    /// `IS NULL`
    Null,
    /// `IS NOT NULL`
    NotNull,
    /// `STARTS_WITH`
    StartsWith,
}

/// A condition, and the field that counts are grouped by.
#[derive(Debug, PartialEq)]
pub struct Filter {
    /// Which runs.
    pub condition: Condition,
    /// `GROUP BY`
    pub group: Option<String>,
}

impl Filter {
    /// Reads a text.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(text: &str) -> Result<Filter, String> {
        let mut words = Words { words: words(text)?, at: 0 };
        let condition = match words.peek() {
            None => Condition::All,
            Some(Word::Name(name)) if ["GROUP", "ORDER"].contains(&name.to_ascii_uppercase().as_str()) => {
                Condition::All
            }
            Some(_) => words.either()?,
        };
        let mut group = None;
        if words.keyword("GROUP") {
            words.must("BY")?;
            group = Some(words.name()?);
        } else if words.keyword("ORDER") {
            words.must("BY")?;
            words.at = words.words.len();
        }
        match words.peek() {
            None => Ok(Filter { condition, group }),
            Some(word) => Err(format!("{word:?} was not expected")),
        }
    }
}

impl Condition {
    /// Whether it holds for a run.
    pub fn holds(&self, run: &Run) -> bool {
        match self {
            Condition::All => true,
            Condition::Or(parts) => parts.iter().any(|part| part.holds(run)),
            Condition::And(parts) => parts.iter().all(|part| part.holds(run)),
            Condition::Is(field, relation, values) => related(value(run, field), *relation, values),
        }
    }
}

/// A field of a run; none if it has none.
pub fn value(run: &Run, field: &str) -> Option<String> {
    Some(match field {
        "WorkflowId" => run.workflow.clone(),
        "RunId" => run.run.clone(),
        "WorkflowType" => run.kind.clone(),
        "TaskQueue" => run.queue.clone(),
        "ExecutionStatus" => run.status.name().to_owned(),
        "StartTime" | "ExecutionTime" => moment::sortable(&run.started),
        "CloseTime" => moment::sortable(run.closed.as_deref()?),
        other => match run.attributes.get(other)? {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        },
    })
}

fn related(there: Option<String>, relation: Relation, values: &[String]) -> bool {
    let Some(there) = there else { return relation == Relation::Null };
    let first = values.first().map(String::as_str).unwrap_or_default();
    match relation {
        Relation::Equal => there == first,
        Relation::Unequal => there != first,
        Relation::Less => there.as_str() < first,
        Relation::AtMost => there.as_str() <= first,
        Relation::More => there.as_str() > first,
        Relation::AtLeast => there.as_str() >= first,
        Relation::In => values.contains(&there),
        Relation::NotIn => !values.contains(&there),
        Relation::Between => values.len() == 2 && there.as_str() >= first && there <= values[1],
        Relation::Null => false,
        Relation::NotNull => true,
        Relation::StartsWith => there.starts_with(first),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 9] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ","];

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            words.push(Word::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '\'' || first == '"' {
            let mut value = String::new();
            let mut letters = rest[1..].char_indices().peekable();
            let end = loop {
                match letters.next() {
                    // A quote that stands twice stands for itself.
                    Some((_, letter)) if letter == first && letters.peek().is_some_and(|next| next.1 == first) => {
                        value.push(letter);
                        letters.next();
                    }
                    Some((at, letter)) if letter == first => break at + 2,
                    Some((_, letter)) => value.push(letter),
                    None => return Err("a text has no end".into()),
                }
            };
            words.push(Word::Text(value));
            rest = &rest[end..];
        } else {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && !"_.-`".contains(letter));
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            if word.is_empty() {
                return Err(format!("`{first}` was not expected"));
            }
            words.push(Word::Name(word.trim_matches('`').to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(words)
}

struct Words {
    words: Vec<Word>,
    at: usize,
}

impl Words {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn next(&mut self) -> Result<Word, String> {
        let word = self.peek().cloned().ok_or("the condition ends too early")?;
        self.at += 1;
        Ok(word)
    }

    fn keyword(&mut self, wanted: &str) -> bool {
        let there = matches!(self.peek(), Some(Word::Name(name)) if name.eq_ignore_ascii_case(wanted));
        self.at += usize::from(there);
        there
    }

    fn sign(&mut self, wanted: &str) -> bool {
        let there = matches!(self.peek(), Some(Word::Sign(sign)) if *sign == wanted);
        self.at += usize::from(there);
        there
    }

    fn must(&mut self, wanted: &str) -> Result<(), String> {
        if self.keyword(wanted) || self.sign(wanted) { Ok(()) } else { Err(format!("`{wanted}` was expected")) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next()? {
            Word::Name(name) => Ok(name),
            word => Err(format!("a field was expected, not {word:?}")),
        }
    }

    fn either(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.both()?];
        while self.keyword("OR") {
            parts.push(self.both()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn both(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.one()?];
        while self.keyword("AND") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.sign("(") {
            let inner = self.either()?;
            self.must(")")?;
            return Ok(inner);
        }
        let field = self.name()?;
        let relation = match self.next()? {
            Word::Sign("=") => Relation::Equal,
            Word::Sign("!=") => Relation::Unequal,
            Word::Sign("<") => Relation::Less,
            Word::Sign("<=") => Relation::AtMost,
            Word::Sign(">") => Relation::More,
            Word::Sign(">=") => Relation::AtLeast,
            Word::Name(word) => match word.to_ascii_uppercase().as_str() {
                "IN" => Relation::In,
                "NOT" => {
                    self.must("IN")?;
                    Relation::NotIn
                }
                "BETWEEN" => Relation::Between,
                "STARTS_WITH" => Relation::StartsWith,
                "IS" => {
                    let not = self.keyword("NOT");
                    self.must("NULL")?;
                    if not { Relation::NotNull } else { Relation::Null }
                }
                _ => return Err(format!("`{word}` is no relation")),
            },
            word => return Err(format!("{word:?} is no relation")),
        };
        let mut values = Vec::new();
        match relation {
            Relation::Null | Relation::NotNull => {}
            Relation::In | Relation::NotIn => {
                self.must("(")?;
                values.push(self.value(&field)?);
                while self.sign(",") {
                    values.push(self.value(&field)?);
                }
                self.must(")")?;
            }
            Relation::Between => {
                values.push(self.value(&field)?);
                self.must("AND")?;
                values.push(self.value(&field)?);
            }
            _ => values.push(self.value(&field)?),
        }
        Ok(Condition::Is(field, relation, values))
    }

    fn value(&mut self, field: &str) -> Result<String, String> {
        let (Word::Text(text) | Word::Name(text)) = self.next()? else { return Err("a value was expected".into()) };
        let statuses = [
            Status::Running,
            Status::Completed,
            Status::Failed,
            Status::Canceled,
            Status::Terminated,
            Status::ContinuedAsNew,
            Status::TimedOut,
        ];
        match field {
            "StartTime" | "CloseTime" | "ExecutionTime" => Ok(moment::sortable(&text)),
            "ExecutionStatus" if statuses.iter().all(|status| status.name() != text) => {
                Err(format!("invalid ExecutionStatus value '{text}'"))
            }
            _ => Ok(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        let read = |text: &str| Filter::read(text).unwrap();
        assert_eq!(read(""), Filter { condition: Condition::All, group: None });
        assert_eq!(read("GROUP BY ExecutionStatus").group.as_deref(), Some("ExecutionStatus"));
        let is = |field: &str, relation, values: &[&str]| {
            Condition::Is(field.into(), relation, values.iter().map(|value| (*value).to_owned()).collect())
        };
        let whole = "CloseTime >= '2026-03-02T09:00:00.000Z' AND WorkflowType = 'Ada''s' AND (ExecutionStatus IN ('Failed', \
                     'TimedOut') OR CustomerId IS NULL)";
        let parts = Condition::And(vec![
            is("CloseTime", Relation::AtLeast, &["2026-03-02T09:00:00"]),
            is("WorkflowType", Relation::Equal, &["Ada's"]),
            Condition::Or(vec![
                is("ExecutionStatus", Relation::In, &["Failed", "TimedOut"]),
                is("CustomerId", Relation::Null, &[]),
            ]),
        ]);
        assert_eq!(read(whole).condition, parts);
        for wrong in ["WorkflowType", "WorkflowType = ", "A = 'x", "ExecutionStatus = 'Ended'", "A ~ 'x'", "A = 'x' B"]
        {
            assert!(Filter::read(wrong).is_err(), "{wrong}");
        }
    }
}
