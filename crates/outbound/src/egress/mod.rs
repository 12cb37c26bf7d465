//! Which addresses may be called. Pure: names and addresses in, a verdict out.
//!
//! Two questions are asked of every call. [`Policy::check_host`] judges the name and port before anything is done;
//! [`Policy::check_address`] judges each address that the name resolves to (or that was written in its place), and
//! only addresses that pass are dialled, so that a name cannot change its mind in between.

mod class;
mod pattern;

use std::net::IpAddr;
use std::sync::Arc;

use model::{Code, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Host;

pub use class::{AddressClass, classify};
pub use pattern::{HostPattern, InvalidPattern};

/// The rules of one environment (its `egress` resource). The default lets every public address be called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EgressRules {
    /// When not empty, only these hosts and networks may be called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<HostPattern>,
    /// These hosts and networks may never be called, whatever else says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<HostPattern>,
    /// When not empty, only these ports may be called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// Opens private, loopback and link-local addresses. Metadata services of clouds stay closed unless `open`
    /// names them.
    pub private: bool,
    /// Hosts and networks that may be called although they lie in private ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<HostPattern>,
}

impl EgressRules {
    /// Rules that open private, loopback and link-local addresses: for `fishplate run`, tests and benches.
    pub fn private() -> EgressRules {
        EgressRules { private: true, ..EgressRules::default() }
    }

    /// Both checks at once: may `host`, which resolves to `address`, be called on that port? `host` may be written
    /// in any way that a URL allows (`0x7f.1`, `2130706433`, `[::1]`, `exämple.com`).
    pub fn check(&self, host: &str, address: IpAddr, port: u16) -> Result<(), Problem> {
        let policy = Policy { rules: Arc::new(self.clone()), opened: Arc::from([]) };
        let asked = host;
        let refuse =
            |reason: String| Problem::new(Code::EgressRefused, format!("`{asked}` may not be called: {reason}"));
        let parsed = parse_host(host).map_err(refuse)?;
        let host = borrow_host(&parsed);
        policy.check_host(&host, port).map_err(refuse)?;
        policy.check_address(&host, address, port).map_err(refuse)
    }
}

/// The rules that apply to one call: the environment's, and what its connection opens.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The environment's rules.
    pub rules: Arc<EgressRules>,
    /// Hosts whose private addresses the call's connection opens.
    pub opened: Arc<[HostPattern]>,
}

impl Policy {
    /// Judges the host as it was asked for; an address written in its place is judged as an address too.
    /// The error is the reason, without the host.
    pub fn check_host(&self, host: &Host<&str>, port: u16) -> Result<(), String> {
        if !self.rules.ports.is_empty() && !self.rules.ports.contains(&port) {
            return Err(format!("port {port} is not open"));
        }
        match host {
            Host::Domain(name) => {
                if self.rules.deny.iter().any(|pattern| pattern.matches_host(host, port)) {
                    return Err("it is on the deny list".into());
                }
                // A network on the allow list can only be judged once the addresses are known.
                let by_name = self.rules.allow.iter().any(|pattern| pattern.matches_host(host, port));
                let by_network = self.rules.allow.iter().any(HostPattern::is_network);
                if !self.rules.allow.is_empty() && !by_name && !by_network {
                    return Err("it is not on the allow list".into());
                }
                if name.is_empty() {
                    return Err("the host is empty".into());
                }
                Ok(())
            }
            Host::Ipv4(address) => self.check_address(host, IpAddr::V4(*address), port),
            Host::Ipv6(address) => self.check_address(host, IpAddr::V6(*address), port),
        }
    }

    /// Judges an address that `host` resolved to. The error is the reason, without the host.
    pub fn check_address(&self, host: &Host<&str>, address: IpAddr, port: u16) -> Result<(), String> {
        let (class, embedded) = classify(address);
        let matches = |pattern: &HostPattern| {
            pattern.matches_host(host, port)
                || pattern.matches_address(address, port)
                || embedded.is_some_and(|inner| pattern.matches_address(inner, port))
        };
        if self.rules.deny.iter().any(matches) {
            return Err("it is on the deny list".into());
        }
        if !self.rules.allow.is_empty() && !self.rules.allow.iter().any(matches) {
            return Err("it is not on the allow list".into());
        }
        let named = || self.rules.open.iter().chain(self.opened.iter()).any(matches);
        // Who opens `*` means hosts; a metadata service or a multicast group must be meant by its address.
        let meant = || {
            self.rules
                .open
                .iter()
                .chain(self.opened.iter())
                .any(|pattern| pattern.matches_address(address, port) && !pattern.is_any())
        };
        let open = match class {
            AddressClass::Public => true,
            AddressClass::Private | AddressClass::Loopback | AddressClass::LinkLocal => self.rules.private || named(),
            AddressClass::Metadata | AddressClass::Special => meant(),
        };
        if open { Ok(()) } else { Err(format!("{address} is {class}")) }
    }
}

/// Reads a host as a URL would, so that every spelling of an address is seen as that address.
pub fn parse_host(text: &str) -> Result<Host<String>, String> {
    Host::parse(text)
        .or_else(|error| text.parse::<std::net::Ipv6Addr>().map(Host::Ipv6).map_err(|_| error))
        .map_err(|_| "it is no valid host name".to_owned())
}

/// A host that borrows its name.
pub fn borrow_host(host: &Host<String>) -> Host<&str> {
    match host {
        Host::Domain(name) => Host::Domain(name),
        Host::Ipv4(address) => Host::Ipv4(*address),
        Host::Ipv6(address) => Host::Ipv6(*address),
    }
}

#[cfg(test)]
mod tests;
