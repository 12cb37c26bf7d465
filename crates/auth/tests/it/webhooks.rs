//! Packages of senders sign, and the presets of these senders check it.

use auth::signature::{Incoming, Keys, presets};
use auth::standard_webhooks::{Signing, SigningKeys};
use http::{HeaderMap, HeaderName, HeaderValue};

#[test]
fn what_the_packages_of_senders_sign_is_right_and_what_was_changed_is_not() {
    let (secret, body, now) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", r#"{"id":"evt_1","text":"ü"}"#, 1_700_000_000);
    let signed = world::signers::sign(secret, body, now).unwrap();
    let senders: Vec<&str> = signed.iter().map(|signed| signed.sender.as_str()).collect();
    assert_eq!(senders, ["standard-webhooks", "stripe", "github"]);
    for signed in &signed {
        let pair = |(name, value): &(String, String)| -> (HeaderName, HeaderValue) {
            (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let headers: HeaderMap = signed.headers.iter().map(pair).collect();
        let sender = &presets::named(&signed.sender).unwrap().signature;
        let judge = |secret: &str, body: &str| {
            let request = Incoming { method: "POST", url: "", headers: &headers, body: body.as_bytes(), now };
            sender
                .judge(Keys { signing: &[secret.as_bytes()], verify_token: None }, &request)
                .map_err(|refusal| refusal.reason())
        };
        assert!(judge(secret, body).is_ok(), "{}: {:?}", signed.sender, judge(secret, body));
        assert_eq!(judge(secret, &body.replace('1', "2")), Err("signature_mismatch"), "{}", signed.sender);
        assert_eq!(judge("whsec_AAAA", body), Err("signature_mismatch"), "{}", signed.sender);
    }
}

#[test]
fn the_rust_package_of_standard_webhooks_signs_for_us_and_checks_what_we_sign() {
    let key = SigningKeys::new(b"server").of(model::ScopeId(1), "crm", b"salt", Signing::Hmac).unwrap();
    let (secret, body, now) = (key.for_receiver(), r#"{"text": "ü"}"#, auth::now_millis() / 1000);
    let package = standardwebhooks::Webhook::new(&secret).unwrap();
    let (ours, theirs) =
        (key.sign("msg_1", now, body.as_bytes()), package.sign("msg_1", now, body.as_bytes()).unwrap());
    let headers = |id: &str, signature: &str| -> HeaderMap {
        let all = [("webhook-id", id), ("webhook-timestamp", &now.to_string()), ("webhook-signature", signature)];
        all.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
            .into_iter()
            .collect()
    };
    let sender = &presets::named("standard-webhooks").unwrap().signature;
    let judge = |id: &str, body: &str| {
        let headers = headers(id, &theirs);
        let request = Incoming { method: "POST", url: "", headers: &headers, body: body.as_bytes(), now };
        let keys = Keys { signing: &[secret.as_bytes()], verify_token: None };
        sender.judge(keys, &request).is_ok()
    };
    assert_eq!((judge("msg_1", body), judge("msg_1", "{}"), judge("msg_2", body)), (true, false, false));
    let check = |id: &str, body: &str| package.verify(body.as_bytes(), &headers(id, &ours)).is_ok();
    assert_eq!((check("msg_1", body), check("msg_1", "{}"), check("msg_2", body)), (true, false, false));
}

#[test]
fn the_python_package_of_standard_webhooks_signs_for_us_and_checks_what_we_sign() {
    use world::signers::python;
    let key = SigningKeys::new(b"server").of(model::ScopeId(1), "crm", b"salt", Signing::Hmac).unwrap();
    let (secret, body, now) = (key.for_receiver(), r#"{"text": "ü"}"#, auth::now_millis() / 1000);
    let (ours, timestamp) = (key.sign("msg_1", now, body.as_bytes()), now.to_string());
    let theirs = python::sign(&secret, "msg_1", now, body).unwrap();
    assert_eq!(theirs, ours);
    let mut headers = HeaderMap::new();
    for (name, value) in [("webhook-id", "msg_1"), ("webhook-timestamp", &timestamp), ("webhook-signature", &theirs)] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let sender = &presets::named("standard-webhooks").unwrap().signature;
    let judge = |body: &str| {
        let request = Incoming { method: "POST", url: "", headers: &headers, body: body.as_bytes(), now };
        let keys = Keys { signing: &[secret.as_bytes()], verify_token: None };
        sender.judge(keys, &request).map_err(|refusal| refusal.reason())
    };
    assert!(judge(body).is_ok());
    assert_eq!(judge("{}"), Err("signature_mismatch"));
    let check = |id: &str, body: &str| {
        let headers = [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", ours.as_str())];
        python::check(&secret, &headers, body).unwrap()
    };
    assert_eq!(check("msg_1", body).as_deref(), Ok(body));
    assert_eq!(check("msg_2", body).unwrap_err(), "No matching signature found");
    assert_eq!(check("msg_1", "{}").unwrap_err(), "No matching signature found");
}

#[test]
fn the_package_of_standard_webhooks_checks_what_we_sign() {
    let key = SigningKeys::new(b"server").of(model::ScopeId(1), "crm", b"salt", Signing::Hmac).unwrap();
    let (body, now) = (r#"{"type":"invoice.paid","data":{"text":"ü"}}"#, auth::now_millis() / 1000);
    let (signature, timestamp) = (key.sign("msg_1", now, body.as_bytes()), now.to_string());
    // As while a key is exchanged: two signatures, of which one is right.
    let both = format!("v1,AAAA {signature}");
    let check = |id: &str, signature: &str, body: &str| {
        let headers = [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", signature)];
        world::signers::check(&key.for_receiver(), &headers, body).unwrap()
    };
    assert_eq!(check("msg_1", &signature, body).as_deref(), Ok(body));
    assert_eq!(check("msg_1", &both, body).as_deref(), Ok(body));
    assert_eq!(check("msg_2", &signature, body).unwrap_err(), "No matching signature found");
    assert_eq!(check("msg_1", &signature, &body.replace('ü', "u")).unwrap_err(), "No matching signature found");

    // And our own check of the same.
    for signing in [Signing::Hmac, Signing::Ed25519] {
        let key = SigningKeys::new(b"server").of(model::ScopeId(1), "crm", b"salt", signing).unwrap();
        let mut headers = HeaderMap::new();
        let signature = key.sign("msg_1", now, body.as_bytes());
        for (name, value) in [("id", "msg_1"), ("timestamp", &timestamp), ("signature", &signature)] {
            let name: HeaderName = format!("webhook-{name}").parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let request = Incoming { method: "POST", url: "", headers: &headers, body: body.as_bytes(), now };
        let sender = match signing {
            Signing::Hmac => "standard-webhooks",
            Signing::Ed25519 => "standard-webhooks-ed25519",
        };
        let Some(sender) = presets::named(sender) else { panic!("there is no preset {sender}") };
        let secret = key.for_receiver();
        let keys = Keys { signing: &[secret.as_bytes()], verify_token: None };
        assert!(sender.signature.judge(keys, &request).is_ok(), "{signing:?}");
    }
}
