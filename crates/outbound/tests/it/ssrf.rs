//! The usual ways around a check of addresses, each by its name: none leads to a private one.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use outbound::{EgressRules, Error, Options, Resolver};
use url::Url;

use crate::support::*;

/// Leads every name to one address.
struct Always(&'static str);

impl Resolver for Always {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let address = self.0.parse().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    }
}

fn resolving(address: &'static str, egress: EgressRules) -> outbound::Outbound {
    with(Options { egress, resolver: Arc::new(Always(address)), ..Options::default() }, Account::at(&[]))
}

/// What is no address at all is refused before it comes to us, which is as good.
async fn refused(out: &outbound::Outbound, name: &str, text: &str) {
    let Ok(url) = text.parse::<Url>() else { return };
    let error = out.send(get(url), meta()).await.expect_err(name);
    assert!(matches!(error, Error::EgressRefused { .. }), "{name}, {text}: {}", error.chain());
    assert!(error.before_send(), "{name}");
}

#[tokio::test]
async fn this_machine_is_reached_by_no_spelling_and_no_name() {
    let server = Server::saying(200, "", "never").await;
    let out = resolving("127.0.0.1", EgressRules::default());
    for (name, host) in [
        ("plain", "127.0.0.1"),
        ("another of its addresses", "127.8.9.10"),
        ("decimal", "2130706433"),
        ("octal", "0177.0.0.1"),
        ("octal with zeros", "0000000177.0.0.01"),
        ("octal in one", "017700000001"),
        ("hexadecimal", "0x7f000001"),
        ("hexadecimal by parts", "0x7F.0x0.0x0.0x1"),
        ("mixed", "0x7f.0.1"),
        ("two parts", "127.1"),
        ("three parts", "127.0.1"),
        ("zero", "0"),
        ("zeros", "0.0.0.0"),
        ("too large a number", "4294967297"),
        ("too large a part", "127.0.0.257"),
        ("dot at the end", "127.0.0.1."),
        ("percent-encoded", "%31%32%37.0.0.1"),
        ("tab in it", "127.0\t.0.1"),
        ("line break in it", "127.0.0\n.1"),
        ("full-width digits", "１２７.０.０.１"),
        ("circled digits", "①②⑦.⓪.⓪.①"),
        ("ideographic dots", "127。0。0。1"),
        ("half-width dots", "127｡0｡0｡1"),
        ("loopback", "[::1]"),
        ("loopback in full", "[0000:0000:0000:0000:0000:0000:0000:0001]"),
        ("unspecified", "[::]"),
        ("mapped", "[::ffff:127.0.0.1]"),
        ("mapped, hexadecimal", "[::ffff:7f00:1]"),
        ("mapped, in full", "[0:0:0:0:0:ffff:127.0.0.1]"),
        ("translated", "[::ffff:0:127.0.0.1]"),
        ("compatible", "[::127.0.0.1]"),
        ("NAT64", "[64:ff9b::127.0.0.1]"),
        ("NAT64 of local use", "[64:ff9b:1::127.0.0.1]"),
        ("6to4", "[2002:7f00:1::]"),
        ("Teredo", "[2001:0:4136:e378:8000:63bf:80ff:fffe]"),
        ("ISATAP", "[2606::5efe:127.0.0.1]"),
        ("zone id", "[::1%25lo]"),
        ("bare zone id", "[::1%lo]"),
        ("link-local with zone id", "[fe80::1%25eth0]"),
        ("its name", "localhost"),
        ("its name in capitals", "LOCALHOST"),
        ("its name with a dot", "localhost."),
        ("its name in circles", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
        ("a name below it", "a.localhost"),
        ("another of its names", "ip6-localhost"),
        ("a name that spells the address", "127.0.0.1.nip.example"),
        ("a public name that leads there", "public.example"),
        ("a name of another script", "пример.example"),
        ("a user before it", "public.example@127.0.0.1"),
        ("user and password before it", "public.example:80@127.0.0.1"),
        ("two users", "127.0.0.1@public.example@127.0.0.1"),
        ("a backslash", "127.0.0.1\\@public.example"),
        ("an encoded at sign", "public.example%40127.0.0.1"),
        ("an encoded null", "127.0.0.1%00.public.example"),
    ] {
        refused(&out, name, &format!("http://{host}:{}/", server.port)).await;
        refused(&out, name, &format!("http://{host}/")).await;
    }
    for (name, text) in [
        ("fragment", format!("http://127.0.0.1:{}#@public.example/", server.port)),
        ("query", format!("http://127.0.0.1:{}?@public.example/", server.port)),
        ("three slashes", format!("http:///127.0.0.1:{}/", server.port)),
        ("no slashes", format!("http:127.0.0.1:{}/", server.port)),
        ("backslashes", format!("http:\\\\127.0.0.1:{}\\", server.port)),
        ("blanks around it", format!("  http://127.0.0.1:{}/ ", server.port)),
        ("https", format!("https://127.0.0.1:{}/", server.port)),
    ] {
        refused(&out, name, &text).await;
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn private_networks_are_closed_too() {
    let out = resolving("10.0.0.1", EgressRules::default());
    for (name, host) in [
        ("RFC 1918", "10.0.0.1"),
        ("RFC 1918, decimal", "167772161"),
        ("RFC 1918, the middle one", "172.31.255.255"),
        ("RFC 1918, the small one", "192.168.0.1"),
        ("shared space", "100.64.0.1"),
        ("link-local", "169.254.1.1"),
        ("unique local", "[fd12::1]"),
        ("site local", "[fec0::1]"),
        ("link-local, IPv6", "[fe80::1]"),
        ("NAT64 of a private one", "[64:ff9b::10.0.0.1]"),
        ("6to4 of a private one", "[2002:a00:1::]"),
        ("multicast", "224.0.0.1"),
        ("broadcast", "255.255.255.255"),
        ("a name that leads there", "intern.example"),
    ] {
        refused(&out, name, &format!("http://{host}/")).await;
    }
}

#[tokio::test]
async fn metadata_services_are_closed_even_where_private_networks_are_open() {
    for egress in [EgressRules::default(), EgressRules::private()] {
        let out = resolving("169.254.169.254", egress.clone());
        for (name, host) in [
            ("most clouds", "169.254.169.254"),
            ("decimal", "2852039166"),
            ("hexadecimal", "0xa9fea9fe"),
            ("octal", "0251.0376.0251.0376"),
            ("short", "169.254.43518"),
            ("mapped", "[::ffff:169.254.169.254]"),
            ("NAT64", "[64:ff9b::a9fe:a9fe]"),
            ("6to4", "[2002:a9fe:a9fe::]"),
            ("full-width", "１６９.２５４.１６９.２５４"),
            ("Amazon, IPv6", "[fd00:ec2::254]"),
            ("Google, IPv6", "[fd20:ce::254]"),
            ("Amazon's containers", "169.254.170.2"),
            ("Amazon's pods", "169.254.170.23"),
            ("Alibaba", "100.100.100.200"),
            ("Oracle", "192.0.0.192"),
            ("Azure's wire server", "168.63.129.16"),
            ("Google, by name", "metadata.google.internal"),
            ("Google, by name with a dot", "metadata.google.internal."),
            ("any name that leads there", "innocent.example"),
        ] {
            refused(&out, name, &format!("http://{host}/latest/meta-data/")).await;
        }
    }
}

#[tokio::test]
async fn a_redirect_opens_nothing() {
    let inner = Server::saying(200, "", "secret").await;
    let rules: EgressRules = serde_json::from_str(r#"{"open": ["127.0.0.1"]}"#).unwrap();
    let out = resolving("127.0.0.2", rules);
    for (name, host) in [
        ("another address", "127.0.0.2"),
        ("decimal", "2130706434"),
        ("IPv6", "[::1]"),
        ("a name", "localhost"),
        ("a name with a dot", "localhost."),
        ("unspecified", "0.0.0.0"),
        ("metadata", "169.254.169.254"),
        ("metadata, mapped", "[::ffff:a9fe:a9fe]"),
        ("metadata by name", "metadata.google.internal"),
        ("private", "10.0.0.1"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let location = format!("Location: http://{host}:{}/\r\n", inner.port);
            let outer = Server::start(move |_, _| Reply::new(status, &location, "")).await;
            let error = out.send(get(outer.url("/")), meta()).await.expect_err(name);
            assert!(matches!(error, Error::EgressRefused { .. }), "{name}: {}", error.chain());
        }
    }
    assert!(inner.seen().is_empty());
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_dialled_where_it_was_checked() {
    let server = Server::saying(200, "", "checked").await;
    // To these rules 127.0.0.1 is as good as public; what the name says afterwards is not.
    let rules: EgressRules = serde_json::from_str(r#"{"open": ["127.0.0.1"]}"#).unwrap();
    for after in ["127.0.0.2", "169.254.169.254", "::1"] {
        let names = Arc::new(Names::default().with("rebind.example", &[&["127.0.0.1"], &[after]]));
        let options = Options { egress: rules.clone(), resolver: names.clone(), ..Options::default() };
        let out = with(options, Account::at(&[]));
        let response = out.send(get(server.named("rebind.example", "/")), meta()).await.unwrap();
        assert_eq!((text(response).await.as_str(), names.asked()), ("checked", 1), "it was asked once");
        let error = out.send(get(server.named("rebind.example", "/")), meta()).await.unwrap_err();
        assert!(matches!(error, Error::EgressRefused { .. }), "{after}: {}", error.chain());
    }
}
