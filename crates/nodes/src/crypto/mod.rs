//! Node types that make digests, signatures and tokens.

mod cipher;
#[expect(clippy::module_inception, reason = "the node type is called so")]
mod crypto;
mod hash;
mod jwt;
mod totp;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(crypto::Crypto), Arc::new(jwt::Jwt), Arc::new(totp::Totp)]
}
