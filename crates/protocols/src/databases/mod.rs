//! Databases: SQL (`postgres`, `mysql`, `sqlite`), documents (`mongodb`) and key-value (`redis`).
//!
//! Shared by those that speak SQL: [`sql`], from a node's parameters to bound statements, batches and streamed rows.
//! Shared by those that keep streams open: [`pool`].

mod mongodb;
mod mysql;
mod pool;
mod postgres;
mod redis;
mod sql;
mod sqlite;

use std::sync::Arc;

use part::NodeType;
use part::listen::Source;

/// Node types of databases.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(mongodb::Mongodb::default()),
        Arc::new(mysql::Mysql::default()),
        Arc::new(postgres::Postgres::default()),
        Arc::new(postgres::trigger::Heard),
        Arc::new(redis::Redis::default()),
        Arc::new(redis::trigger::Heard),
        Arc::new(sqlite::Sqlite),
    ]
}

/// What triggers of databases listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    vec![Arc::new(postgres::trigger::Listener), Arc::new(redis::trigger::Listener)]
}
