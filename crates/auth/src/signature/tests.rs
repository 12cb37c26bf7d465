use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::*;

pub(super) fn headers(all: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| -> (HeaderName, HeaderValue) {
        (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    all.iter().map(pair).collect()
}

fn judge(
    preset: &str,
    secret: &str,
    headers: &HeaderMap,
    method: &str,
    url: &str,
    body: &str,
    now: i64,
) -> Result<Verdict, Refusal> {
    let keys = Keys { signing: &[secret.as_bytes()], verify_token: None };
    let request = Incoming { method, url, headers, body: body.as_bytes(), now };
    presets::named(preset).unwrap_or_else(|| panic!("there is no preset `{preset}`")).signature.judge(keys, &request)
}

#[test]
fn the_presets_are_read_and_each_says_what_it_needs() {
    assert!(presets::all().len() >= 268, "{}", presets::all().len());
    let page = include_str!("../../../../docs/concepts/signed-webhooks.md");
    for (name, preset) in presets::all() {
        assert!(page.contains(&format!("| `{name}` |")), "the page of signed webhooks does not know {name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
        assert!(preset.docs.starts_with("https://") && !preset.title.is_empty(), "{name}");
        assert_eq!(preset.signature.faults(), [], "{name}");
    }
}

#[test]
fn descriptions_that_cannot_be_followed_are_refused_with_the_place_of_their_fault() {
    let good = json!({ "algorithm": "hmacSha256", "place": "header:x-signature", "signed": "{body}" });
    let cases = [
        (json!({ "place": "x-signature" }), "/place"),
        (json!({ "place": "header:a b" }), "/place"),
        (json!({ "place": "part:v1=" }), "/place"),
        (json!({ "id": "query:id" }), "/id"),
        (json!({ "id": "body:id" }), "/id"),
        (json!({ "signed": "{timestamp}.{body}" }), "/signed"),
        (json!({ "signed": "{id}.{body}" }), "/signed"),
        (json!({ "signed": "{bodi}" }), "/signed"),
        (json!({ "signed": "always" }), "/signed"),
        (json!({ "signed": "{body|sha3}" }), "/signed"),
        (json!({ "signed": "{secret}{body}" }), "/signed"),
        (json!({ "algorithm": "sha256" }), "/signed"),
        (json!({ "algorithm": "sha256", "signed": "{secret}" }), "/signed"),
        (json!({ "alsoSigned": ["{body}", "{bodi}"] }), "/alsoSigned/1"),
        (json!({ "alsoAt": ["item:/a"] }), "/alsoAt/0"),
        (json!({ "each": "header:a" }), "/each"),
        (json!({ "algorithm": "jwt" }), "/token"),
        (json!({ "timestamp": { "place": "t=" } }), "/timestamp/place"),
        (json!({ "challenges": [{ "answer": "x" }] }), "/challenges/0/has"),
        (json!({ "challenges": [{ "method": "GET", "answer": "{challenge}" }] }), "/challenges/0/answer"),
        (json!({ "challenges": [{ "method": "GET", "status": 404 }] }), "/challenges/0/status"),
        (
            json!({ "algorithm": "ed25519", "challenges": [{ "method": "GET", "answer": "{sign:hex:query:a}" }] }),
            "/challenges/0/answer",
        ),
    ];
    for (change, pointer) in cases {
        let mut spec = good.clone();
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let faults = serde_json::from_value::<Signature>(spec).unwrap().faults();
        let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, [pointer], "{change}: {faults:?}");
    }
    assert_eq!(serde_json::from_value::<Signature>(good).unwrap().faults(), []);
}

#[test]
fn the_vectors_of_vendors_are_judged_as_they_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/webhooks/vectors.json");
    // Their own copy: what the corpus has beyond it is judged where the corpus is.
    let own = include_str!("../../tests/webhook_vectors.json").to_owned();
    let texts = [Some(own), std::fs::read_to_string(path).ok()];
    for text in texts.into_iter().flatten() {
        let all: Value = serde_json::from_str(&text).unwrap();
        let vectors = all["vectors"].as_array().unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            if text("kind") == "primitive" {
                primitive(vector);
                continue;
            }
            let sent = vector["headers"].as_object().unwrap().iter();
            let sent: Vec<(&str, &str)> = sent.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
            let now = vector["now"].as_i64().unwrap_or_default();
            let method = vector["method"].as_str().unwrap_or("POST");
            let got = judge(text("provider"), text("secret"), &headers(&sent), method, text("url"), text("body"), now);
            let reason = got.as_ref().err().map(Refusal::reason);
            assert_eq!(reason.is_none(), text("expect") == "valid", "{}: {got:?}", text("id"));
            if let Some(wanted) = vector["reason"].as_str() {
                assert_eq!(reason, Some(wanted), "{}", text("id"));
            }
            if let Some(wanted) = vector["response_body"].as_str() {
                let Ok(Verdict::Challenge(answer)) = got else { panic!("{}: {got:?}", text("id")) };
                assert_eq!(answer.body, wanted, "{}", text("id"));
            }
        }
    }
}

/// A vector of an algorithm alone, as a sender that signs its body and nothing else.
fn primitive(vector: &Value) {
    let of = |name: &str| vector[name].as_str().unwrap_or_default();
    let algorithm = of("scheme").replace("hmac-sha", "hmacSha");
    let signature: Signature = serde_json::from_value(json!({
        "algorithm": algorithm, "place": "header:signature", "key": "hex",
    }))
    .unwrap();
    let body = data_encoding::HEXLOWER_PERMISSIVE.decode(of("message_hex").as_bytes()).unwrap();
    let headers = headers(&[("signature", of("mac_hex"))]);
    let request = Incoming { method: "POST", url: "", headers: &headers, body: &body, now: 0 };
    let got = signature.judge(Keys { signing: &[of("key_hex").as_bytes()], verify_token: None }, &request);
    assert_eq!(got.is_ok(), of("expect") == "valid", "{}: {got:?}", of("id"));
}

#[test]
fn while_a_secret_is_exchanged_both_are_right() {
    let signature = &presets::named("github").unwrap().signature;
    let made = |key: &[u8]| format!("sha256={}", signature.made(key, b"{}", Encoding::Hex).unwrap());
    let check = |keys: &[&[u8]], by: &[u8]| {
        let headers = headers(&[("x-hub-signature-256", &made(by)), ("x-github-delivery", "1")]);
        let request = Incoming { method: "POST", url: "", headers: &headers, body: b"{}", now: 0 };
        signature.judge(Keys { signing: keys, verify_token: None }, &request)
    };
    let event = Verdict::Event { id: Some(Place("header:x-github-delivery".into())), shown: Vec::new() };
    assert_eq!(check(&[b"new", b"old"], b"new"), Ok(event.clone()));
    assert_eq!(check(&[b"new", b"old"], b"old"), Ok(event));
    assert_eq!(check(&[b"new"], b"old"), Err(Refusal::SignatureMismatch));
    assert_eq!(check(&[], b"old"), Err(Refusal::SignatureMismatch), "no secret lets nobody in");
    assert_eq!(check(&[b""], b"old").unwrap_err().reason(), "bad_secret", "what anybody can sign lets nobody in");
}

#[test]
fn questions_are_answered_and_wrong_tokens_refused() {
    let none = HeaderMap::new();
    let answer = |got: Result<Verdict, Refusal>| match got {
        Ok(Verdict::Challenge(answer)) => answer.body,
        other => panic!("{other:?}"),
    };
    let url =
        |token: &str| format!("https://a.example/hook?hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}");
    assert_eq!(answer(judge("meta", "s", &none, "GET", &url("s"), "", 0)), "42");
    assert_eq!(judge("meta", "s", &none, "GET", &url("t"), "", 0), Err(Refusal::WrongToken));
    let text = answer(judge("microsoft-graph", "s", &none, "POST", "https://a.example/?validationToken=a%20b", "", 0));
    assert_eq!(text, "a b");
    // The example of X's documents has the form; the value is that of HMAC-SHA256 of `token` under `secret`.
    let text = answer(judge("x", "secret", &none, "GET", "https://a.example/?crc_token=token", "", 0));
    let text: Value = serde_json::from_str(&text).unwrap();
    let tag = presets::named("x").unwrap().signature.made(b"secret", b"token", Encoding::Base64).unwrap();
    assert_eq!(text, json!({ "response_token": format!("sha256={tag}") }));
    // A question of monday's with what would break out of JSON.
    let text = answer(judge("monday", "s", &none, "POST", "", r#"{"challenge":"\"a\"b\""}"#, 0));
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "challenge": "\"a\"b\"" }));
    // Asana hands a secret over in a header, and wants it back; Trello only looks whether the address answers.
    let handed = headers(&[("x-hook-secret", "b537")]);
    let Ok(Verdict::Challenge(handed)) = judge("asana", "s", &handed, "POST", "", "", 0) else { panic!() };
    assert_eq!(handed.header, Some(("x-hook-secret".into(), "b537".into())));
    assert_eq!(answer(judge("trello", "s", &none, "HEAD", "https://a.example/", "", 0)), "");
    // One that has to be signed, and is not.
    let body = r#"{"type":"url_verification","challenge":"c"}"#;
    assert_eq!(judge("slack", "s", &none, "POST", "", body, 0).unwrap_err().reason(), "missing_header");
}

#[test]
fn public_keys_check_what_private_ones_signed() {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use base64::Engine;
    let base64 = &base64::engine::general_purpose::STANDARD;
    let pair = Ed25519KeyPair::generate().unwrap();
    let public = data_encoding::HEXLOWER.encode(pair.public_key().as_ref());
    let tag = data_encoding::HEXLOWER.encode(pair.sign(b"1000{}").as_ref());
    let sent = headers(&[("x-signature-ed25519", &tag), ("x-signature-timestamp", "1000")]);
    assert!(judge("discord", &public, &sent, "POST", "", "{}", 1000).is_ok());
    assert_eq!(judge("discord", &public, &sent, "POST", "", "{ }", 1000), Err(Refusal::SignatureMismatch));
    assert_eq!(judge("discord", &public, &sent, "POST", "", "{}", 2000).unwrap_err().reason(), "timestamp");

    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let public = base64.encode(pair.public_key().as_der().unwrap().as_ref());
    let tag = base64.encode(pair.sign(&SystemRandom::new(), b"1000[]").unwrap().as_ref());
    let name = "x-twilio-email-event-webhook-signature";
    let sent = headers(&[(name, &tag), ("x-twilio-email-event-webhook-timestamp", "1000")]);
    assert!(judge("sendgrid", &public, &sent, "POST", "", "[]", 1000).is_ok());
    assert!(judge("sendgrid", &public, &sent, "POST", "", "[1]", 1000).is_err());
}

#[test]
fn nothing_that_is_sent_makes_it_panic() {
    for (name, preset) in presets::all() {
        for value in ["", "=", "v1,", "t=,v1=", "sha256=", "v0=é", "t=1,v1=zz", "ts=99999999999999999999;h1=00"] {
            let mut sent = HeaderMap::new();
            for header in preset_headers(&preset.signature) {
                sent.insert(header, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            for body in ["", "{", "null", "[]", r#"{"signature":1}"#] {
                let got = judge(name, "c2VjcmV0", &sent, "POST", "::/?%", body, i64::MIN);
                assert!(got.is_err(), "{name} took `{value}` and `{body}`: {got:?}");
            }
        }
    }
}

fn preset_headers(signature: &Signature) -> Vec<HeaderName> {
    let times = signature.timestamp.as_ref().map(|timestamp| &timestamp.place);
    let places = [Some(&signature.place), signature.id.as_ref(), times];
    places.into_iter().flatten().filter_map(|place| place.0.strip_prefix("header:")?.parse().ok()).collect()
}
