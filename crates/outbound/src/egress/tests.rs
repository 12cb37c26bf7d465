use super::*;

fn rules(json: serde_json::Value) -> EgressRules {
    serde_json::from_value(json).unwrap()
}

/// `host` resolves to `address`; the answer is the refusal's reason or nothing.
fn check(rules: &EgressRules, host: &str, address: &str, port: u16) -> Option<String> {
    let problem = rules.check(host, address.parse().unwrap(), port).err()?;
    assert_eq!(problem.code, Code::EgressRefused);
    Some(problem.detail.rsplit_once(": ").map(|(_, reason)| reason.to_owned()).unwrap_or(problem.detail))
}

#[test]
fn the_default_lets_public_addresses_be_called_and_no_others() {
    let default = EgressRules::default();
    assert_eq!(check(&default, "api.example.com", "93.184.215.14", 443), None);
    for (host, address) in [
        ("localhost", "127.0.0.1"),
        ("localhost.", "::1"),
        ("intern.example", "10.0.0.9"),
        ("rebind.example", "192.168.1.1"),
        ("meta.example", "169.254.169.254"),
        ("mapped.example", "::ffff:127.0.0.1"),
        ("nat64.example", "64:ff9b::a9fe:a9fe"),
        ("sixtofour.example", "2002:c0a8:0101::1"),
        ("ula.example", "fd00::1"),
        ("cgnat.example", "100.64.0.1"),
        ("multicast.example", "224.0.0.251"),
        ("zero.example", "0.0.0.0"),
    ] {
        assert!(check(&default, host, address, 80).is_some(), "{host} at {address}");
    }
}

#[test]
fn every_spelling_of_an_address_is_that_address() {
    let default = EgressRules::default();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "::1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "１２７.０.０.１",
        "%31%32%37.0.0.1",
    ] {
        let parsed = parse_host(host).unwrap();
        let policy = Policy { rules: Arc::new(default.clone()), opened: Arc::from([]) };
        assert!(policy.check_host(&borrow_host(&parsed), 80).is_err(), "{host} is refused before any look-up");
    }
    for host in ["", "a b", "exa%00mple", "[::1", "1.2.3.4.5", "256.0.0.1"] {
        assert!(parse_host(host).is_err(), "{host}");
    }
}

#[test]
fn private_opens_this_network_but_no_metadata_service() {
    let private = EgressRules::private();
    for address in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "169.254.7.7", "100.64.0.1"] {
        assert_eq!(check(&private, "host.example", address, 80), None, "{address}");
    }
    for address in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "168.63.129.16", "224.0.0.1"] {
        assert!(check(&private, "host.example", address, 80).is_some(), "{address}");
    }
}

#[test]
fn open_names_what_may_be_called_in_private_ranges() {
    let rules = rules(serde_json::json!({
        "open": ["10.1.0.0/16", "db.intern.example:5432", "169.254.169.254", "[fd00:1::]:8080"]
    }));
    for (host, address, port, open) in [
        ("any.example", "10.1.2.3", 443, true),
        ("any.example", "::ffff:10.1.2.3", 443, true),
        ("any.example", "10.2.0.1", 443, false),
        ("db.intern.example", "10.9.9.9", 5432, true),
        ("db.intern.example", "10.9.9.9", 5433, false),
        ("db.intern.example", "169.254.169.253", 5432, true),
        ("169.254.169.254", "169.254.169.254", 80, true),
        ("six.example", "fd00:1::", 8080, true),
        ("six.example", "fd00:1::", 8081, false),
        ("public.example", "93.184.215.14", 443, true),
    ] {
        assert_eq!(check(&rules, host, address, port).is_none(), open, "{host} at {address}:{port}");
    }
}

#[test]
fn a_wildcard_opens_no_metadata_service() {
    let rules = rules(serde_json::json!({ "open": ["*"] }));
    assert_eq!(check(&rules, "host.example", "10.0.0.1", 80), None);
    assert!(check(&rules, "host.example", "169.254.169.254", 80).is_some());
}

#[test]
fn deny_beats_everything() {
    let rules = rules(serde_json::json!({
        "private": true, "open": ["10.0.0.0/8"], "allow": ["*"], "deny": ["10.0.0.1", "*.bad.example", "93.0.0.0/8:25"]
    }));
    for (host, address, port, open) in [
        ("host.example", "10.0.0.1", 80, false),
        ("host.example", "::ffff:10.0.0.1", 80, false),
        ("host.example", "64:ff9b::10.0.0.1", 80, false),
        ("host.example", "10.0.0.2", 80, true),
        ("very.bad.example", "10.0.0.2", 80, false),
        ("VERY.BAD.example.", "10.0.0.2", 80, false),
        ("mail.example", "93.184.215.14", 25, false),
        ("mail.example", "93.184.215.14", 587, true),
    ] {
        assert_eq!(check(&rules, host, address, port).is_none(), open, "{host} at {address}:{port}");
    }
}

#[test]
fn an_allow_list_and_a_port_list_restrict() {
    let rules = rules(serde_json::json!({
        "allow": ["*.example.com", "bücher.example", "198.51.0.0/16"], "ports": [443]
    }));
    for (host, address, port, open) in [
        ("api.example.com", "93.184.215.14", 443, true),
        ("api.example.com", "93.184.215.14", 80, false),
        ("api.example.com", "10.0.0.1", 443, false),
        ("other.example", "93.184.215.14", 443, false),
        ("other.example", "198.51.7.7", 443, true),
        ("xn--bcher-kva.example", "93.184.215.14", 443, true),
        ("BÜCHER.example", "93.184.215.14", 443, true),
    ] {
        assert_eq!(check(&rules, host, address, port).is_none(), open, "{host} at {address}:{port}");
    }
}

#[test]
fn a_connection_opens_its_own_hosts_only() {
    let policy =
        Policy { rules: Arc::new(EgressRules::default()), opened: Arc::from(["intern.example".parse().unwrap()]) };
    let address = "10.0.0.1".parse().unwrap();
    assert!(policy.check_address(&Host::Domain("intern.example"), address, 80).is_ok());
    assert!(policy.check_address(&Host::Domain("other.example"), address, 80).is_err());
}

#[test]
fn rules_refuse_unknown_fields_and_bad_patterns() {
    for json in [r#"{"alow": []}"#, r#"{"allow": ["a b"]}"#, r#"{"ports": [70000]}"#] {
        assert!(serde_json::from_str::<EgressRules>(json).is_err(), "{json}");
    }
    let text = r#"{"allow":["*.example.com:443"],"private":true}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<EgressRules>(text).unwrap()).unwrap(), text);
}
