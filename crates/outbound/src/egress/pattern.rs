//! Patterns of hosts: `api.example.com`, `*.example.com`, `10.0.0.0/8`, `[fd00::1]:8080`, `*`.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Host;

/// A host, all hosts below a domain, or a network; with a port or for every port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    /// `*`
    Any,
    /// `api.example.com`, in lower-case ASCII without a trailing dot.
    Name(String),
    /// `*.example.com`, kept as `.example.com`.
    Below(String),
    /// A network; a single address is one of full length.
    Network(IpAddr, u8),
}

/// The text is no host pattern.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error(
    "`{0}` is no host pattern: write `api.example.com`, `*.example.com`, `10.0.0.0/8` or `[fd00::1]`, \
     optionally with `:port`"
)]
pub struct InvalidPattern(String);

impl HostPattern {
    /// Whether it is `*`, for whatever port.
    pub fn is_any(&self) -> bool {
        self.what == What::Any
    }

    /// Whether it is a network or an address.
    pub fn is_network(&self) -> bool {
        matches!(self.what, What::Network(..))
    }

    /// Whether a host as written is meant. A name is compared without case and trailing dot.
    pub fn matches_host(&self, host: &Host<&str>, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match host {
            Host::Ipv4(address) => self.matches_address(IpAddr::V4(*address), port),
            Host::Ipv6(address) => self.matches_address(IpAddr::V6(*address), port),
            Host::Domain(name) => {
                let name = canonical(name);
                match &self.what {
                    What::Any => true,
                    What::Name(own) => *own == *name,
                    What::Below(suffix) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
                    What::Network(..) => false,
                }
            }
        }
    }

    /// Whether an address is meant: by `*` or by its network.
    pub fn matches_address(&self, address: IpAddr, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match self.what {
            What::Any => true,
            What::Network(network, length) => contains(network, length, address.to_canonical()),
            _ => false,
        }
    }
}

fn canonical(name: &str) -> Cow<'_, str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

fn contains(network: IpAddr, length: u8, address: IpAddr) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let shift = width - u32::from(length).min(width);
    shift == 128 || network >> shift == address >> shift
}

impl FromStr for HostPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let refuse = || InvalidPattern(text.chars().take(300).collect());
        let (host, port) = split_port(text).ok_or_else(refuse)?;
        let what = if host == "*" {
            What::Any
        } else if let Some((network, length)) = host.split_once('/') {
            let network: IpAddr = network.trim_matches(['[', ']']).parse().map_err(|_| refuse())?;
            let length: u8 = length.parse().map_err(|_| refuse())?;
            if length > if network.is_ipv4() { 32 } else { 128 } {
                return Err(refuse());
            }
            What::Network(network, length)
        } else if let Some(domain) = host.strip_prefix("*.") {
            match Host::parse(domain).map_err(|_| refuse())? {
                Host::Domain(domain) => What::Below(format!(".{}", canonical(&domain))),
                _ => return Err(refuse()),
            }
        } else {
            let bare: Result<IpAddr, _> = host.parse();
            let host = match bare {
                Ok(IpAddr::V4(address)) => Host::Ipv4(address),
                Ok(IpAddr::V6(address)) => Host::Ipv6(address),
                Err(_) => Host::parse(host).map_err(|_| refuse())?,
            };
            match host {
                Host::Domain(domain) if domain.contains('*') => return Err(refuse()),
                Host::Domain(domain) => What::Name(canonical(&domain).into_owned()),
                Host::Ipv4(address) => What::Network(IpAddr::V4(address), 32),
                Host::Ipv6(address) => match IpAddr::V6(address).to_canonical() {
                    IpAddr::V4(address) => What::Network(IpAddr::V4(address), 32),
                    address => What::Network(address, 128),
                },
            }
        };
        Ok(HostPattern { what, port })
    }
}

/// Splits `host:port`; a bare IPv6 address has colons but no port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    if text.starts_with('[') {
        let end = text.find(']')?;
        let slash = text[end..].find('/');
        return match (slash, text[end + 1..].strip_prefix(':')) {
            (Some(_), _) => Some((text, None)),
            (None, Some(port)) => Some((&text[..=end], Some(port.parse().ok()?))),
            (None, None) => (end + 1 == text.len()).then_some((text, None)),
        };
    }
    match text.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((text, None)),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Any => out.write_str("*")?,
            What::Name(name) => out.write_str(name)?,
            What::Below(suffix) => write!(out, "*{suffix}")?,
            What::Network(IpAddr::V4(address), 32) => write!(out, "{address}")?,
            What::Network(IpAddr::V6(address), 128) => write!(out, "[{address}]")?,
            What::Network(network, length) => write!(out, "{network}/{length}")?,
        }
        self.port.map_or(Ok(()), |port| write!(out, ":{port}"))
    }
}

impl Serialize for HostPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for HostPattern {
    fn schema_name() -> Cow<'static, str> {
        "HostPattern".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": 300,
            "description": "A host (`api.example.com`), all hosts below a domain (`*.example.com`), a network \
                            (`10.0.0.0/8`) or an address, optionally with `:port`.",
            "examples": ["api.example.com", "*.example.com:8443", "10.0.0.0/8"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str, port: u16) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        let parsed = url::Host::parse(host).unwrap();
        let host = match &parsed {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        };
        pattern.matches_host(&host, port)
    }

    #[test]
    fn patterns_match_what_they_say_and_nothing_else() {
        for (pattern, host, port, expected) in [
            ("api.example.com", "API.example.com.", 443, true),
            ("api.example.com", "evil-api.example.com", 443, false),
            ("api.example.com", "api.example.com.evil.org", 443, false),
            ("api.example.com:8443", "api.example.com", 443, false),
            ("api.example.com:8443", "api.example.com", 8443, true),
            ("*.example.com", "a.b.example.com", 443, true),
            ("*.example.com", "example.com", 443, false),
            ("*.example.com", "notexample.com", 443, false),
            ("*", "anything.example", 1, true),
            ("*:443", "anything.example", 80, false),
            ("10.0.0.0/8", "10.255.0.1", 443, true),
            ("10.0.0.0/8", "11.0.0.1", 443, false),
            ("10.0.0.0/8", "0xa.1", 443, true),
            ("0.0.0.0/0", "203.0.113.9", 443, true),
            ("::/0", "[2001:db8::1]", 443, true),
            ("[fd00::1]:8080", "[fd00:0::1]", 8080, true),
            ("fd00::/8", "[fdff::9]", 1, true),
            ("127.0.0.1", "2130706433", 80, true),
            ("10.0.0.0/8", "[::ffff:10.1.2.3]", 80, true),
            ("bücher.example", "xn--bcher-kva.example", 443, true),
        ] {
            assert_eq!(matches(pattern, host, port), expected, "{pattern} against {host}:{port}");
        }
    }

    #[test]
    fn patterns_print_as_they_are_read() {
        for text in ["api.example.com:8443", "*.example.com", "*", "10.0.0.0/8", "10.1.2.3:80", "[fd00::1]:8080"] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in
            ["", "a b", "10.0.0.0/33", "fd00::/129", "*.10.0.0.1", "a:99999", "x*y.example", "[::1", "a/b", ":80"]
        {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
