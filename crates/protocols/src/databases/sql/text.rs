//! Statements that people wrote: where one ends and the next begins, and where values go.
//!
//! Only as much of SQL is read as that takes: strings, quoted names, comments, and placeholders between them. Values
//! never become text, but where the author's modifier says so (`$1:raw`) or where they stand inside a string of the
//! author's, which they cannot leave.

use model::Value;
use part::{NodeError, lenient};

use super::Dialect;

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its text, with the database's marks where values go.
    pub sql: String,
    /// The values.
    pub values: Vec<Value>,
}

/// The statements of a text, with its placeholders (`$1`, `$2` …) bound to values. Placeholders in strings get their
/// value too unless `quoted_are_text`.
pub fn bind(dialect: Dialect, text: &str, values: &[Value], quoted_are_text: bool) -> Result<Vec<Piece>, NodeError> {
    let mut reader = Reader { dialect, values, quoted_are_text, rest: text, done: Vec::new(), now: Open::default() };
    while !reader.rest.is_empty() {
        reader.step()?;
    }
    reader.end_statement();
    Ok(reader.done)
}

/// Whether all of these statements only read, so that no rows mean nothing rather than success.
pub fn only_reads(pieces: &[Piece]) -> bool {
    pieces.iter().all(|piece| main_verb(&piece.sql).as_deref() == Some("SELECT"))
}

/// Whether a statement begins or ends a transaction itself.
pub fn controls_transactions(sql: &str) -> bool {
    let first = words(sql).next().map(|(word, _)| word).unwrap_or_default();
    matches!(first.as_str(), "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE")
}

/// The verb that says what a statement does; that of `WITH` comes after its parentheses.
fn main_verb(sql: &str) -> Option<String> {
    const VERBS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"];
    words(sql).find(|(word, depth)| *depth == 0 && VERBS.contains(&word.as_str())).map(|(word, _)| word)
}

/// Words outside of strings, names and comments, in capitals, with the number of parentheses around them.
fn words(sql: &str) -> impl Iterator<Item = (String, usize)> + '_ {
    let mut rest = sql;
    let mut depth = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            let skipped = opaque(Dialect::Postgres, rest, false);
            if skipped > 0 {
                rest = &rest[skipped..];
            } else if is_word(first) {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let word = rest[..end].to_ascii_uppercase();
                rest = &rest[end..];
                return Some((word, depth));
            } else {
                match first {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                rest = &rest[first.len_utf8()..];
            }
        }
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[derive(Default)]
struct Open {
    sql: String,
    values: Vec<Value>,
    /// Something else than space and comments is in it.
    meant: bool,
    /// Where the last word begins, if nothing but space came after it.
    word: Option<usize>,
    /// The first words, by which bodies are known that hold `;` themselves.
    head: Vec<String>,
}

struct Reader<'a> {
    dialect: Dialect,
    values: &'a [Value],
    quoted_are_text: bool,
    rest: &'a str,
    done: Vec<Piece>,
    now: Open,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), NodeError> {
        let Some(first) = self.rest.chars().next() else { return Ok(()) };
        let escapes = self.dialect == Dialect::Mysql || self.escape_string();
        let length = opaque(self.dialect, self.rest, escapes);
        if length > 0 {
            let (token, rest) = self.rest.split_at(length);
            self.rest = rest;
            let comment = token.starts_with("--") || token.starts_with("/*") || token.starts_with('#');
            if token.starts_with('\'') && self.dialect == Dialect::Postgres && !self.quoted_are_text {
                self.string(token, escapes)?;
            } else {
                self.now.sql.push_str(token);
            }
            if !comment {
                self.now.meant = true;
                self.now.word = None;
            }
            return Ok(());
        }
        if first == ';' && !self.has_body() {
            self.rest = &self.rest[1..];
            self.end_statement();
            return Ok(());
        }
        if first == '$'
            && let Some((placeholder, length)) = Placeholder::read(self.dialect, self.rest)
        {
            self.rest = &self.rest[length..];
            self.now.meant = true;
            return self.place(&placeholder);
        }
        if is_word(first) {
            let end = self.rest.find(|c| !(is_word(c) || c == '$')).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            self.now.word = Some(self.now.sql.len());
            self.now.meant = true;
            if self.now.head.len() < 40 {
                self.now.head.push(word.to_ascii_uppercase());
            }
            self.now.sql.push_str(word);
            return Ok(());
        }
        if !first.is_whitespace() {
            self.now.meant = true;
            self.now.word = None;
        }
        self.now.sql.push(first);
        self.rest = &self.rest[first.len_utf8()..];
        Ok(())
    }

    /// Whether the string that begins here is PostgreSQL's `E'…'`.
    fn escape_string(&self) -> bool {
        let before = self.now.sql.as_bytes();
        let prefix = before.last().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'e'));
        prefix && self.now.word == Some(before.len() - 1)
    }

    /// A body of statements hangs on this one, and a `;` does not end it.
    fn has_body(&self) -> bool {
        let head = &self.now.head;
        let has = |word: &str| head.iter().any(|known| known == word);
        match self.dialect {
            Dialect::Postgres => has("CREATE") && has("BEGIN") && has("ATOMIC"),
            Dialect::Mysql => {
                let made = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"].iter().any(|word| has(word));
                head.first().is_some_and(|word| word == "CREATE") && made && has("BEGIN")
            }
            Dialect::Sqlite => head.first().is_some_and(|word| word == "CREATE") && has("TRIGGER") && has("BEGIN"),
        }
    }

    fn end_statement(&mut self) {
        let Open { sql, values, meant, .. } = std::mem::take(&mut self.now);
        if meant {
            self.done.push(Piece { sql: sql.trim().to_owned(), values });
        }
    }

    fn value(&self, number: usize) -> Result<&Value, NodeError> {
        number.checked_sub(1).and_then(|at| self.values.get(at)).ok_or_else(|| {
            let detail = format!("the query asks for `${number}`, and it has {} query parameters", self.values.len());
            NodeError::parameter("/params/queryParameters", detail).permanent()
        })
    }

    fn bind(&mut self, value: Value) {
        self.now.values.push(value);
        let mark = self.dialect.mark(self.now.values.len());
        self.now.sql.push_str(&mark);
    }

    fn place(&mut self, placeholder: &Placeholder) -> Result<(), NodeError> {
        let value = self.value(placeholder.number)?.clone();
        match (placeholder.modifier, value) {
            // They have no lists, so one is what stands in `IN (…)`.
            (Modifier::Plain, Value::Array(list)) if self.dialect != Dialect::Postgres => self.bind_all(list),
            (Modifier::Plain, value) => match self.typed_literal() {
                Some(kind) => {
                    self.now.sql.push_str("CAST(");
                    self.bind(value);
                    self.now.sql.push_str(&format!(" AS {kind})"));
                }
                None => self.bind(value),
            },
            (Modifier::Json, value) => self.bind(Value::String(value.to_string())),
            (Modifier::List, Value::Array(list)) => self.bind_all(list),
            (Modifier::List, Value::Object(map)) => self.bind_all(map.into_iter().map(|(_, value)| value).collect()),
            (Modifier::List, value) => self.bind(value),
            (Modifier::Name, value) => {
                let names = self.names(&value)?;
                self.now.sql.push_str(&names);
            }
            (Modifier::Open | Modifier::Raw, value) => self.now.sql.push_str(&lenient::to_text(value)),
        }
        self.now.word = None;
        Ok(())
    }

    fn bind_all(&mut self, values: Vec<Value>) {
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.now.sql.push_str(", ");
            }
            self.bind(value);
        }
    }

    fn names(&self, value: &Value) -> Result<String, NodeError> {
        let quoted: Vec<String> = match value {
            Value::String(all) if all == "*" => return Ok("*".into()),
            Value::Array(list) => {
                let quote = |name: &Value| self.dialect.quote(&lenient::to_text(name.clone()));
                list.iter().map(quote).collect::<Result<_, _>>()?
            }
            Value::Object(map) => map.keys().map(|name| self.dialect.quote(name)).collect::<Result<_, _>>()?,
            // MySQL's users write `database.table` in one parameter.
            other if self.dialect == Dialect::Mysql => vec![super::build::dotted(&lenient::to_text(other.clone()))?],
            other => vec![self.dialect.quote(&lenient::to_text(other.clone()))?],
        };
        Ok(quoted.join(", "))
    }

    /// The type's name before a value, as in `INTERVAL '1 day'`: PostgreSQL takes only a literal there. It is taken out.
    fn typed_literal(&mut self) -> Option<&'static str> {
        if self.dialect != Dialect::Postgres {
            return None;
        }
        let start = self.now.word?;
        let word = self.now.sql[start..].trim().to_ascii_lowercase();
        let known = ["interval", "date", "time", "timestamp", "timestamptz"];
        let kind = known.into_iter().find(|kind| **kind == word)?;
        self.now.sql.truncate(start);
        Some(kind)
    }

    /// A string of the author's with placeholders in it: values are written into it and cannot leave it.
    fn string(&mut self, token: &str, escapes: bool) -> Result<(), NodeError> {
        let mut rest = token;
        while let Some(at) = rest.find('$') {
            self.now.sql.push_str(&rest[..at]);
            rest = &rest[at..];
            let found = Placeholder::read(self.dialect, rest).filter(|(placeholder, _)| {
                // A text that only looks like a placeholder stays what it is.
                placeholder.number <= self.values.len() && placeholder.number > 0
            });
            match found {
                Some((placeholder, length)) => {
                    let mut text = lenient::to_text(self.value(placeholder.number)?.clone()).replace('\'', "''");
                    if escapes {
                        text = text.replace('\\', "\\\\");
                    }
                    self.now.sql.push_str(&text);
                    rest = &rest[length..];
                }
                None => {
                    self.now.sql.push('$');
                    rest = &rest[1..];
                }
            }
        }
        self.now.sql.push_str(rest);
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Modifier {
    Plain,
    Json,
    List,
    Name,
    Open,
    Raw,
}

struct Placeholder {
    number: usize,
    modifier: Modifier,
}

impl Placeholder {
    /// A placeholder at the start of the text, and its length.
    fn read(dialect: Dialect, text: &str) -> Option<(Placeholder, usize)> {
        let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
        let number = text[1..=digits].parse().ok()?;
        let after = &text[1 + digits..];
        let long: &[(&str, Modifier)] = match dialect {
            Dialect::Postgres => &[
                (":raw", Modifier::Raw),
                (":name", Modifier::Name),
                (":alias", Modifier::Name),
                (":json", Modifier::Json),
                (":csv", Modifier::List),
                (":list", Modifier::List),
                (":value", Modifier::Open),
                ("^", Modifier::Raw),
                ("~", Modifier::Name),
                ("#", Modifier::Open),
            ],
            Dialect::Mysql => &[(":name", Modifier::Name)],
            Dialect::Sqlite => &[
                (":name", Modifier::Name),
                (":json", Modifier::Json),
                (":csv", Modifier::List),
                (":list", Modifier::List),
            ],
        };
        let fits = |(word, _): &&(&str, Modifier)| {
            let next = after.strip_prefix(word).map(|rest| rest.chars().next());
            match next {
                None => false,
                // `$1#>>'{a}'` is an operator, and `$1:names` nothing that we know.
                Some(Some('>' | '-')) if *word == "#" => false,
                Some(Some(c)) if word.starts_with(':') => !is_word(c),
                Some(_) => true,
            }
        };
        let (length, modifier) = long.iter().find(fits).map_or((0, Modifier::Plain), |(word, m)| (word.len(), *m));
        Some((Placeholder { number, modifier }, 1 + digits + length))
    }
}

/// Length of the string, quoted name, comment or dollar-quoted text at the start; 0: none begins here.
fn opaque(dialect: Dialect, text: &str, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    match bytes {
        [b'\'', ..] => quoted(bytes, b'\'', escapes),
        [b'"', ..] => quoted(bytes, b'"', escapes && dialect == Dialect::Mysql),
        [b'`', ..] if dialect != Dialect::Postgres => quoted(bytes, b'`', false),
        [b'[', ..] if dialect == Dialect::Sqlite => until("]", 1),
        [b'#', ..] if dialect == Dialect::Mysql => until("\n", 0),
        // MySQL reads `1--1` as a subtraction of a negative number.
        [b'-', b'-', rest @ ..] if dialect != Dialect::Mysql || rest.first().is_none_or(u8::is_ascii_whitespace) => {
            until("\n", 0)
        }
        [b'/', b'*', ..] if dialect == Dialect::Postgres => nested_comment(bytes),
        [b'/', b'*', ..] => until("*/", 2),
        [b'$', ..] if dialect == Dialect::Postgres => {
            let end = 1 + text[1..].find(|c: char| !is_word(c)).unwrap_or(text.len() - 1);
            let valid = text[end..].starts_with('$') && !text[1..].starts_with(|c: char| c.is_ascii_digit());
            let tag = if valid { &text[..=end] } else { "" };
            if valid { until(tag, tag.len()) } else { 0 }
        }
        _ => 0,
    }
}

fn quoted(bytes: &[u8], mark: u8, escapes: bool) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == mark && bytes.get(at + 1) == Some(&mark) => at += 2,
            byte if byte == mark => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn nested_comment(bytes: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => {
                (depth, at) = (depth.saturating_sub(1), at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pieces(dialect: Dialect, text: &str, values: Value) -> Vec<(String, Value)> {
        let values = values.as_array().unwrap().clone();
        let bound = bind(dialect, text, &values, false).unwrap();
        bound.into_iter().map(|piece| (piece.sql, Value::Array(piece.values))).collect()
    }

    #[track_caller]
    fn postgres(text: &str, values: Value, expected: &[(&str, Value)]) {
        let expected: Vec<(String, Value)> = expected.iter().map(|(sql, v)| ((*sql).to_owned(), v.clone())).collect();
        assert_eq!(pieces(Dialect::Postgres, text, values), expected);
    }

    #[test]
    fn values_are_bound_and_never_become_text() {
        let evil = "'; DROP TABLE t; --";
        postgres("SELECT $1, $2, $1", json!([evil, 2]), &[("SELECT $1, $2, $3", json!([evil, 2, evil]))]);
        postgres(
            "SELECT * FROM $1:name WHERE id IN ($2:csv) AND j = $3:json",
            json!(["a\"b", [1, 2], { "x": 1 }]),
            &[("SELECT * FROM \"a\"\"b\" WHERE id IN ($1, $2) AND j = $3", json!([1, 2, "{\"x\":1}"]))],
        );
        postgres("SELECT $1~, $2^", json!([["a", "b"], "now()"]), &[("SELECT \"a\", \"b\", now()", json!([]))]);
        postgres("SELECT $1::int, $1 ~ 'x'", json!([1]), &[("SELECT $1::int, $2 ~ 'x'", json!([1, 1]))]);
        postgres(
            "SELECT j#>>'{a}' FROM t WHERE $1#>'{b}' = j",
            json!([1]),
            &[("SELECT j#>>'{a}' FROM t WHERE $1#>'{b}' = j", json!([1]))],
        );
        let error = bind(Dialect::Postgres, "SELECT $2", &[json!(1)], false).unwrap_err().to_string();
        assert_eq!(error, "the query asks for `$2`, and it has 1 query parameters");
    }

    #[test]
    fn a_value_inside_a_string_cannot_leave_it() {
        postgres("SELECT '%$1:value%'", json!(["it's"]), &[("SELECT '%it''s%'", json!([]))]);
        postgres("SELECT E'a\\'$1'", json!(["\\' OR 1"]), &[("SELECT E'a\\'\\\\'' OR 1'", json!([]))]);
        postgres("SELECT INTERVAL '$1 days'", json!([7]), &[("SELECT INTERVAL '7 days'", json!([]))]);
        postgres("SELECT '$5', '$', '$x'", json!([7]), &[("SELECT '$5', '$', '$x'", json!([]))]);
        let kept = bind(Dialect::Postgres, "SELECT '$1'", &[json!(7)], true).unwrap();
        assert_eq!(kept[0].sql, "SELECT '$1'");
    }

    #[test]
    fn a_type_before_a_value_becomes_a_cast() {
        postgres(
            "SELECT now() - INTERVAL $1, DATE  $2",
            json!(["1 day", "2024-01-01"]),
            &[("SELECT now() - CAST($1 AS interval), CAST($2 AS date)", json!(["1 day", "2024-01-01"]))],
        );
        postgres("SELECT \"date\" = $1", json!([1]), &[("SELECT \"date\" = $1", json!([1]))]);
    }

    #[test]
    fn statements_end_where_sql_says() {
        let text = "SELECT ';' ; -- a; b\nSELECT \";\" /* ; /* ; */ ; */; ;DO $f$ BEGIN; END $f$; SELECT $$;$$;";
        let sql: Vec<String> = bind(Dialect::Postgres, text, &[], false).unwrap().into_iter().map(|p| p.sql).collect();
        assert_eq!(
            sql,
            ["SELECT ';'", "-- a; b\nSELECT \";\" /* ; /* ; */ ; */", "DO $f$ BEGIN; END $f$", "SELECT $$;$$"]
        );
        let mysql = "SELECT 'a\\';' ; SELECT `;` # ;\n; SELECT 5--1 ; CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW \
                     BEGIN SET @a = 1; SET @b = 2; END";
        let sql: Vec<String> = bind(Dialect::Mysql, mysql, &[], false).unwrap().into_iter().map(|p| p.sql).collect();
        assert_eq!(sql.len(), 4);
        assert_eq!((sql[0].as_str(), sql[2].as_str()), ("SELECT 'a\\';'", "SELECT 5--1"));
        assert!(sql[3].ends_with("SET @b = 2; END"), "{sql:?}");
        assert!(bind(Dialect::Postgres, " ; -- nothing\n/* at all */", &[], false).unwrap().is_empty());
    }

    #[test]
    fn mysql_gets_question_marks_and_names() {
        let bound = pieces(Dialect::Mysql, "SELECT '$1', $2, $1 FROM $3:name", json!([1, "two", "db.t"]));
        assert_eq!(bound, [("SELECT '$1', ?, ? FROM `db`.`t`".to_owned(), json!(["two", 1]))]);
    }

    #[test]
    fn sqlite_gets_numbered_marks_and_its_triggers_stay_whole() {
        let text = "SELECT '$1', [$1], $2:csv FROM $1:name -- $9\n; CREATE TRIGGER t AFTER INSERT ON x BEGIN \
                    DELETE FROM y; DELETE FROM z; END";
        let bound = pieces(Dialect::Sqlite, text, json!(["a\"b", [1, "two"]]));
        assert_eq!(bound[0], ("SELECT '$1', [$1], ?1, ?2 FROM \"a\"\"b\" -- $9".to_owned(), json!([1, "two"])));
        assert!(bound.len() == 2 && bound[1].0.ends_with("DELETE FROM z; END"), "{bound:?}");
    }

    #[test]
    fn what_only_reads_is_known_by_its_verb() {
        let reads = |text: &str| only_reads(&bind(Dialect::Postgres, text, &[], false).unwrap());
        assert!(reads("select 1; -- UPDATE\n WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a"));
        assert!(!reads("WITH a AS (SELECT 1) UPDATE t SET x = 'SELECT'"));
        assert!(!reads("SELECT 1; VACUUM"));
        assert!(reads(""));
        assert!(controls_transactions(" /* x */ begin") && !controls_transactions("SELECT 'begin'"));
    }

    #[test]
    fn unfinished_texts_end_somewhere() {
        for text in ["'", "\"a", "$", "$x$ a", "/* /*", "--", "$1:", "E'\\", "'\\", "$é$", "`", "["] {
            for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
                let _ = bind(dialect, text, &[json!("é")], false);
                let _ = only_reads(&[Piece { sql: text.into(), values: vec![] }]);
            }
        }
    }
}
