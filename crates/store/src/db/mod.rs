//! One small language for two databases.
//!
//! A query group is written once, as `async fn`s over [`Tx`]. On SQLite every call returns at once (the writer thread
//! and the readers poll a group's future exactly once); on PostgreSQL it waits for the server. Placeholders are `$1`,
//! `$2` … in the order in which they first appear: PostgreSQL's own style, and in SQLite names that get just those
//! numbers.

mod checkpoint;
pub(crate) mod library;
mod log_file;
mod many;
mod params;
pub(crate) mod postgres;
pub(crate) mod sqlite;
mod tls;

use std::pin::Pin;

pub(crate) use many::{Column, Many, Rows};
pub(crate) use params::{Param, Row, Value, params};
pub(crate) use tls::refusal;

use crate::Error;

/// What a query group returns through the borders of this module.
pub(crate) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 't>>;

/// Which database it is, for the few places where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Embedded.
    Sqlite,
    /// Server.
    Postgres,
}

impl Dialect {
    /// Keeps the rows that a query names from changing until the transaction ends. SQLite has one writer anyway.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE",
        }
    }

    /// As [`Self::for_update`], but without rows that another transaction works on.
    pub(crate) fn for_update_of_free(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// As [`Self::for_update`], but several transactions may hold it at once.
    pub(crate) fn for_share(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR SHARE",
        }
    }
}

/// A connection inside a transaction.
pub(crate) enum Tx {
    /// The writer's or a reader's connection.
    Sqlite(sqlite::Connection),
    /// A pooled connection.
    Postgres(postgres::Connection),
}

impl Tx {
    /// Which database this is.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Tx::Sqlite(_) => Dialect::Sqlite,
            Tx::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; returns the number of rows that it changed.
    pub(crate) async fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        match self {
            Tx::Sqlite(connection) => connection.execute(sql, params),
            Tx::Postgres(connection) => connection.execute(sql, params).await,
        }
    }

    /// Runs a query; returns all its rows. Queries over growing tables carry a `LIMIT`.
    pub(crate) async fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        match self {
            Tx::Sqlite(connection) => connection.query(sql, params),
            Tx::Postgres(connection) => connection.query(sql, params).await,
        }
    }

    /// Runs a query that returns at most one row.
    pub(crate) async fn first(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs one statement for many rows; returns the number of rows that it changed.
    pub(crate) async fn execute_many(&mut self, many: &Many, rows: &Rows<'_>) -> Result<u64, Error> {
        if rows.is_empty() {
            return Ok(0);
        }
        match self {
            Tx::Sqlite(connection) => connection.execute_many(many, rows),
            Tx::Postgres(connection) => connection.execute_many(many, rows).await,
        }
    }

    /// Runs one statement for many rows and says of each whether it changed something. Only SQLite can; nothing on
    /// PostgreSQL, where one statement with `RETURNING` is the way, which costs SQLite a temporary table a row.
    pub(crate) fn execute_each(&mut self, many: &Many, rows: &Rows<'_>) -> Result<Option<Vec<bool>>, Error> {
        match self {
            Tx::Sqlite(connection) => connection.execute_each(many, rows).map(Some),
            Tx::Postgres(_) => Ok(None),
        }
    }

    /// Runs one query for many rows of parameters; returns all answers together, in no promised order.
    pub(crate) async fn query_many(&mut self, many: &Many, rows: &Rows<'_>) -> Result<Vec<Row>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Tx::Sqlite(connection) => connection.query_many(many, rows),
            Tx::Postgres(connection) => connection.query_many(many, rows).await,
        }
    }

    /// Runs several statements without parameters.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            Tx::Sqlite(connection) => connection.batch(sql),
            Tx::Postgres(connection) => connection.batch(sql).await,
        }
    }
}
