//! What kind of place an address is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of place that an address leads to, from harmless to never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressClass {
    /// Anywhere on the internet.
    Public,
    /// RFC 1918, shared address space (100.64/10), benchmarking, unique local and site local addresses.
    Private,
    /// 169.254/16 and fe80::/10.
    LinkLocal,
    /// This machine, 0.0.0.0 included: dialling it reaches the machine itself.
    Loopback,
    /// The metadata services of clouds, which hand out credentials to whoever asks.
    Metadata,
    /// Multicast, broadcast, documentation and reserved addresses, which no service lives at.
    Special,
}

impl fmt::Display for AddressClass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            AddressClass::Public => "a public address",
            AddressClass::Private => "a private address",
            AddressClass::LinkLocal => "a link-local address",
            AddressClass::Loopback => "an address of this machine",
            AddressClass::Metadata => "a metadata service",
            AddressClass::Special => "a reserved address",
        })
    }
}

/// The class of an address, and the IPv4 address that an IPv6 one carries, if it does: mapped, compatible, NAT64,
/// 6to4, Teredo and ISATAP addresses end at the IPv4 address inside, so they are as bad as that one.
pub fn classify(address: IpAddr) -> (AddressClass, Option<IpAddr>) {
    match address {
        IpAddr::V4(address) => (classify_v4(address), None),
        IpAddr::V6(address) => {
            let own = classify_v6(address);
            match embedded(address) {
                Some(inner) => (own.max(classify_v4(inner)), Some(IpAddr::V4(inner))),
                None => (own, None),
            }
        }
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        // AWS, Azure, Google and most others; Alibaba; Oracle; Azure's wire server.
        [169, 254, 169, 254] | [169, 254, 170, 2] | [169, 254, 170, 23] => AddressClass::Metadata,
        [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => AddressClass::Metadata,
        [127, ..] | [0, ..] => AddressClass::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => {
            AddressClass::Private
        }
        [169, 254, ..] => AddressClass::LinkLocal,
        [192, 0, 0, _] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            AddressClass::Special
        }
        [224..=255, ..] => AddressClass::Special,
        _ => AddressClass::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    let parts = address.segments();
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => AddressClass::Loopback,
        // AWS and Google publish their metadata services here.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => AddressClass::Metadata,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressClass::Private,
        // NAT64 of local use (RFC 8215): where it ends is the network's own affair.
        [0x0064, 0xff9b, 0x0001, ..] => AddressClass::Private,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xff00..=0xffff, ..] => AddressClass::Special,
        // Documentation, discard-only, segment routing, ORCHID.
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] | [0x0100, 0, 0, 0, ..] | [0x5f00, ..] => AddressClass::Special,
        [0x2001, 0x0010..=0x002f, ..] => AddressClass::Special,
        // Mapped, compatible and NAT64 addresses are judged by what they carry.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x0064, 0xff9b, 0, 0, 0, 0, ..] => AddressClass::Public,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        // Outside the global unicast block nothing is assigned.
        _ => AddressClass::Special,
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let join = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(join(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        [0x2001, 0, .., high, low] => Some(join(!high, !low)),
        [.., 0x0000 | 0x0200, 0x5efe, high, low] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::AddressClass::*;
    use super::*;

    #[test]
    fn every_range_has_its_class() {
        for (address, class) in [
            ("8.8.8.8", Public),
            ("1.1.1.1", Public),
            ("172.15.255.255", Public),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("172.32.0.0", Public),
            ("10.0.0.1", Private),
            ("192.168.1.1", Private),
            ("100.63.255.255", Public),
            ("100.64.0.1", Private),
            ("100.127.255.255", Private),
            ("100.128.0.0", Public),
            ("198.18.0.1", Private),
            ("198.20.0.1", Public),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("0.0.0.0", Loopback),
            ("0.1.2.3", Loopback),
            ("169.254.1.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("192.0.0.192", Metadata),
            ("192.0.2.1", Special),
            ("224.0.0.1", Special),
            ("239.255.255.255", Special),
            ("240.0.0.1", Special),
            ("255.255.255.255", Special),
            ("2606:4700:4700::1111", Public),
            ("::", Loopback),
            ("::1", Loopback),
            ("fc00::1", Private),
            ("fd12:3456::1", Private),
            ("fec0::1", Private),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fd00:ec2::254", Metadata),
            ("ff02::1", Special),
            ("2001:db8::1", Special),
            ("100::1", Special),
            ("4000::1", Special),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:8.8.8.8", Public),
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:0:10.0.0.1", Special),
            ("::10.0.0.1", Private),
            ("64:ff9b::10.0.0.1", Private),
            ("64:ff9b::8.8.8.8", Public),
            ("64:ff9b:1::8.8.8.8", Private),
            ("2002:7f00:1::1", Loopback),
            ("2002:a9fe:a9fe::1", Metadata),
            ("2002:808:808::1", Public),
            ("2001:0:4136:e378:8000:63bf:80ff:fffe", Loopback),
            ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", Public),
            ("2606::5efe:192.168.0.1", Private),
        ] {
            assert_eq!(classify(address.parse().unwrap()).0, class, "{address}");
        }
    }
}
