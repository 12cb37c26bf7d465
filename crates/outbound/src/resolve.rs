//! Names to addresses. The egress check stands between the answer and the dial, see [`crate::egress`].

use std::io;
use std::net::IpAddr;

use futures_util::future::BoxFuture;

/// Looks names up. A port, so that tests and split-horizon set-ups can answer differently.
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of `host`, best first. An empty list is treated as "no such name".
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address.ip()) {
                    addresses.push(address.ip());
                }
            }
            Ok(addresses)
        })
    }
}
