//! Commands, on other machines and on the server's own: off unless the operator allows them ([`part::powers`]).

mod command;
pub(crate) mod git;
pub(crate) mod host_key;
pub(crate) mod process;
mod quote;
pub(crate) mod session;
mod ssh;
#[cfg(test)]
mod ssh_tests;

use std::sync::Arc;

use part::NodeType;

/// The node types.
pub(crate) fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(ssh::Ssh), Arc::new(command::Execute), Arc::new(git::GitNode)]
}
