//! Connectors: outside services, declared in data.
//!
//! A manifest (`catalog/connectors/<name>/connector.yaml`) says everything that sets a service apart; one interpreter
//! makes node types of it. Start reading at [`manifest`] for what can be said, at [`operate`] for what is done with it,
//! and at [`lift`] for how n8n's nodes become operations.
//!
//! No service has code here: what a manifest cannot say is said by a new word for all manifests.

pub mod account;
pub mod apart;
mod budget;
pub mod catalog;
pub mod check;
pub mod choices;
pub mod drift;
pub mod fixture;
pub mod graphql;
pub mod hook;
mod judge;
mod lazy;
pub mod lift;
pub mod manifest;
pub mod mask;
pub mod node;
pub mod openapi;
pub mod operate;
mod outside;
pub mod page;
mod paging;
mod path;
pub mod poll;
mod reads;
pub mod record;
mod request;
pub mod schema;
mod template;
mod theirs;
mod value;
pub mod written;

pub use catalog::Connector;
pub use template::Evaluate;
