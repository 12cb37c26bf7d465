//! Connectors: outside services, declared in data.
//!
//! A manifest (`catalog/connectors/<name>/connector.yaml`) says everything that sets a service apart; one interpreter
//! makes node types of it. Start reading at [`manifest`].
//!
//! No service has code here: what a manifest cannot say is said by a new word for all manifests.

pub mod manifest;
