//! What nodes of all SQL databases share: statements with bound values ([`text`], [`build`], [`table`]), how they are
//! sent ([`batch`]) and over which sessions ([`lease`]), and rows on their way out ([`rows`]).

pub mod batch;
pub mod build;
pub mod lease;
pub mod lift;
pub mod params;
pub mod rows;
pub mod table;
pub mod text;

use part::NodeError;

/// How a database writes SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// A name as it stands in a statement, whatever is in it. The one place where names get into SQL.
    pub fn quote(self, name: &str) -> Result<String, NodeError> {
        if name.is_empty() || name.contains('\0') {
            return Err(NodeError::bad_data("a table or column has no name, or one with a zero byte in it"));
        }
        let mark = match self {
            Dialect::Postgres | Dialect::Sqlite => '"',
            Dialect::Mysql => '`',
        };
        let mut quoted = String::with_capacity(name.len() + 2);
        quoted.push(mark);
        for c in name.chars() {
            if c == mark {
                quoted.push(mark);
            }
            quoted.push(c);
        }
        quoted.push(mark);
        Ok(quoted)
    }

    /// Writes the mark of the value with that number, from 1.
    pub fn mark(self, number: usize) -> String {
        match self {
            Dialect::Postgres => format!("${number}"),
            Dialect::Mysql => "?".into(),
            Dialect::Sqlite => format!("?{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names_whatever_is_in_them() {
        for (dialect, name, expected) in [
            (Dialect::Postgres, "plain", "\"plain\""),
            (Dialect::Postgres, "x\"; DROP TABLE y; --", "\"x\"\"; DROP TABLE y; --\""),
            (Dialect::Postgres, "a`b", "\"a`b\""),
            (Dialect::Postgres, "größe\n", "\"größe\n\""),
            (Dialect::Mysql, "a`; DROP TABLE y; #", "`a``; DROP TABLE y; #`"),
            (Dialect::Mysql, "back\\`", "`back\\```"),
            (Dialect::Mysql, "a\"b", "`a\"b`"),
            (Dialect::Sqlite, "x\"; DROP TABLE y; --", "\"x\"\"; DROP TABLE y; --\""),
        ] {
            assert_eq!(dialect.quote(name).unwrap(), expected);
        }
        assert!(Dialect::Postgres.quote("").is_err() && Dialect::Mysql.quote("a\0b").is_err());
    }
}
