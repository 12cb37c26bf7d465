//! Every sender that is known, held against requests that were signed as its documents say or that it has published.

use std::collections::BTreeSet;

use http::HeaderMap;
use serde_json::{Value, json};

use super::tests::headers;
use super::*;

/// What a request turns out to be.
fn judge(
    preset: &str,
    secret: &str,
    headers: &HeaderMap,
    (method, url): (&str, &str),
    body: &str,
    now: i64,
) -> Result<Verdict, Refusal> {
    let keys = Keys { signing: &[secret.as_bytes()], verify_token: None };
    let request = Incoming { method, url, headers, body: body.as_bytes(), now };
    presets::named(preset).unwrap_or_else(|| panic!("there is no preset `{preset}`")).signature.judge(keys, &request)
}

fn answer(preset: &str, sent: &[(&str, &str)], line: (&str, &str), body: &str) -> Answer {
    let keys = Keys { signing: &[b"s3cret"], verify_token: Some(b"public") };
    let headers = headers(sent);
    let request = Incoming { method: line.0, url: line.1, headers: &headers, body: body.as_bytes(), now: 0 };
    match presets::named(preset).unwrap().signature.judge(keys, &request) {
        Ok(Verdict::Challenge(answer)) => answer,
        other => panic!("{preset}: {other:?}"),
    }
}

#[test]
fn each_sender_is_known_by_what_it_signs_and_by_nothing_else() {
    let all: Value = serde_json::from_str(include_str!("../../tests/webhook_senders.json")).unwrap();
    let mut seen = BTreeSet::new();
    for vector in all["vectors"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let (name, id, body) = (text("provider"), text("id"), text("body"));
        seen.insert(name.to_owned());
        let sent = vector["headers"].as_object().unwrap().iter();
        let sent: Vec<(&str, &str)> = sent.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let sent = headers(&sent);
        let now = vector["now"].as_i64().unwrap();
        let line = (text("method"), text("url"));
        let judge = |secret: &str, body: &str, now: i64| {
            judge(name, secret, &sent, line, body, now).map_err(|refusal| refusal.reason())
        };
        let secret = text("secret");
        assert!(judge(secret, body, now).is_ok(), "{id}: {:?}", judge(secret, body, now));
        let other = judge("b3RoZXI", body, now).unwrap_err();
        assert!(["signature_mismatch", "bad_secret"].contains(&other), "{id} with another secret: {other}");
        assert_eq!(judge("", body, now), Err("bad_secret"), "{id} without a secret");
        let changed = match text("covers") {
            "body" => Some(format!("{body} ")),
            "form" => Some(format!("{body}&more=1")),
            _ => None,
        };
        if let Some(changed) = changed {
            assert_eq!(judge(secret, &changed, now), Err("signature_mismatch"), "{id} with another body");
        }
        let signature = &presets::named(name).unwrap().signature;
        let window = signature.timestamp.as_ref().and_then(|timestamp| timestamp.tolerance).map(i64::from);
        let window = window.or_else(|| signature.token.as_ref()?.tolerance.map(i64::from));
        if let Some(window) = window {
            assert!(judge(secret, body, now + window - 100).is_ok() || window < 100, "{id} within its window");
            assert_eq!(judge(secret, body, now + window + 101), Err("timestamp"), "{id} after its window");
        }
        let places = std::iter::once(&signature.place).chain(&signature.also_at);
        let proofs: Vec<&str> = places.filter_map(Place::header).collect();
        if !proofs.is_empty() {
            let mut without = sent.clone();
            for proof in proofs {
                without.remove(proof);
            }
            let refusal = super::senders::judge(name, secret, &without, line, body, now).unwrap_err();
            assert_eq!(refusal.reason(), "missing_header", "{id} without its proof");
        }
    }
    let unseen: Vec<&String> = presets::all().keys().filter(|name| !seen.contains(*name)).collect();
    assert_eq!(unseen, Vec::<&String>::new(), "these senders were compared with nothing");
}

#[test]
fn senders_that_ask_get_the_answer_that_they_want() {
    let url = |query: &str| format!("https://hooks.example/a?{query}");
    let plain = |preset: &str, sent: &[(&str, &str)], method: &str, query: &str, body: &str| {
        answer(preset, sent, (method, &url(query)), body).body
    };
    assert_eq!(plain("nylas", &[], "GET", "challenge=a%20b", ""), "a b");
    assert_eq!(plain("onfleet", &[], "GET", "check=31d5", ""), "31d5");
    assert_eq!(plain("sharepoint", &[], "POST", "validationtoken=t%3A1", ""), "t:1");
    assert_eq!(plain("websub", &[], "GET", "hub.mode=unsubscribe&hub.challenge=7", ""), "7");
    assert_eq!(plain("youtube", &[], "GET", "hub.challenge=7&hub.verify_token=public", ""), "7");
    assert_eq!(plain("front", &[("x-front-challenge", "c1")], "POST", "", "{}"), "c1");
    assert_eq!(plain("mailchimp", &[], "GET", "secret=s3cret", ""), "");
    assert_eq!(plain("mandrill", &[], "HEAD", "", ""), "");
    // WooCommerce tries an address with a form before it signs anything.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(plain("woocommerce", &form, "POST", "", "webhook_id=7"), "");
    // Discord asks whether somebody is there by an event of its own, signed, and wants no content.
    let discord = &presets::named("discord").unwrap().signature.challenges[0];
    assert_eq!((discord.status, discord.is_signed), (204, true));
    let json = |body: String| serde_json::from_str::<Value>(&body).unwrap();
    let signature = |preset: &str| &presets::named(preset).unwrap().signature;
    let hex = |preset: &str, text: &[u8]| signature(preset).made(b"s3cret", text, Encoding::Hex).unwrap();
    let asked = [("x-okta-verification-challenge", "c\"1")];
    assert_eq!(json(plain("okta", &asked, "GET", "", "")), json!({ "verification": "c\"1" }));
    let oura = plain("oura", &[], "GET", "verification_token=public&challenge=c1", "");
    assert_eq!(json(oura), json!({ "challenge": "c1" }));
    let linked = plain("linkedin", &[], "GET", "challengeCode=c1", "");
    assert_eq!(json(linked), json!({ "challengeCode": "c1", "challengeResponse": hex("linkedin", b"c1") }));
    let smart = plain("smartcar", &[], "POST", "", r#"{"eventType":"VERIFY","data":{"challenge":"c1"}}"#);
    assert_eq!(json(smart), json!({ "challenge": hex("smartcar", b"c1") }));
    // The SDKs of Braintree answer with the public key and the HMAC under the digest of the private key.
    assert_eq!(
        plain("braintree", &[], "GET", "bt_challenge=20f9", ""),
        format!("public|{}", hex("braintree", b"20f9"))
    );
    let header = |preset: &str, name: &str| answer(preset, &[(name, "v1")], ("POST", &url("")), "").header;
    assert_eq!(header("clio", "x-hook-secret"), Some(("x-hook-secret".into(), "v1".into())));
    assert_eq!(header("ringcentral", "validation-token"), Some(("validation-token".into(), "v1".into())));
    // Tebex signs its question too.
    let body = r#"{"id":"w1","type":"validation.webhook"}"#;
    let tag = hex("tebex", super::proof::sha256(body.as_bytes()).as_bytes());
    assert_eq!(json(plain("tebex", &[("x-signature", &tag)], "POST", "", body)), json!({ "id": "w1" }));
    let none = HeaderMap::new();
    let unsigned = judge("tebex", "s3cret", &none, ("POST", ""), body, 0).unwrap_err();
    assert_eq!(unsigned.reason(), "missing_header");
    let stranger = url("verification_token=other&challenge=c1");
    assert_eq!(judge("oura", "s3cret", &none, ("GET", &stranger), "", 0), Err(Refusal::WrongToken));
}

#[test]
fn every_item_of_a_body_has_to_be_right() {
    let none = HeaderMap::new();
    let judge = |body: &str| {
        judge("microsoft-graph", "s3cret", &none, ("POST", "https://a.example"), body, 0)
            .map_err(|refusal| refusal.reason())
    };
    assert!(judge(r#"{"value":[{"clientState":"s3cret"},{"clientState":"s3cret"}]}"#).is_ok());
    assert_eq!(judge(r#"{"value":[{"clientState":"s3cret"},{"clientState":"other"}]}"#), Err("signature_mismatch"));
    assert_eq!(judge(r#"{"value":[{"clientState":"s3cret"},{}]}"#), Err("missing_header"));
    assert_eq!(judge(r#"{"value":[]}"#), Err("missing_header"));
    assert_eq!(judge(r#"{"value":{"clientState":"s3cret"}}"#), Err("missing_header"));
}

#[test]
fn a_token_counts_for_the_request_that_it_was_made_for() {
    let claims = |body: &str, url: &str| {
        let digest = |text: &str| super::proof::sha256(text.as_bytes());
        let claims = json!({
            "iss": "MessageBird", "nbf": 1000, "exp": 1060, "payload_hash": digest(body), "url_hash": digest(url),
        });
        claims.as_object().unwrap().clone()
    };
    let made = |algorithm: crate::jwt::JwtAlgorithm, key: &[u8], claims: &model::Map| {
        crate::jwt::signed(algorithm, key, &model::Map::new(), claims, None).unwrap()
    };
    let check = |token: &str, body: &str, url: &str, now: i64| {
        let sent = headers(&[("messagebird-signature-jwt", token)]);
        judge("messagebird", "s3cret", &sent, ("POST", url), body, now).map_err(|refusal| refusal.reason())
    };
    use crate::jwt::JwtAlgorithm::{HS256, HS512};
    let url = "https://a.example/?a=1";
    let token = made(HS256, b"s3cret", &claims("{}", url));
    assert!(check(&token, "{}", url, 1000).is_ok());
    assert_eq!(check(&token, "{ }", url, 1000), Err("signature_mismatch"), "another body");
    assert_eq!(check(&token, "{}", "https://a.example/", 1000), Err("signature_mismatch"), "another address");
    assert_eq!(check(&token, "{}", url, 1200), Err("timestamp"), "after its end");
    assert_eq!(check(&token, "{}", url, 900), Err("timestamp"), "before its begin");
    let other = made(HS512, b"s3cret", &claims("{}", url));
    assert_eq!(check(&other, "{}", url, 1000), Err("signature_mismatch"), "another algorithm");
    let mut stranger = claims("{}", url);
    stranger.insert("iss".into(), "somebody".into());
    assert_eq!(check(&made(HS256, b"s3cret", &stranger), "{}", url, 1000), Err("signature_mismatch"));
    let mut silent = claims("{}", url);
    silent.remove("payload_hash");
    let silent = made(HS256, b"s3cret", &silent);
    assert_eq!(check(&silent, "{}", url, 1000), Err("signature_mismatch"), "a body that the token does not know");
    assert!(check(&silent, "", url, 1000).is_ok(), "nothing has no digest");
    assert_eq!(check("e30.e30.", "{}", url, 1000), Err("signature_mismatch"));
}

#[test]
fn of_a_field_that_comes_twice_nobody_says_which_is_meant() {
    let form = headers(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
    let kofi = |body: &str| {
        judge("ko-fi", "s3cret", &form, ("POST", "https://a.example"), body, 0).map_err(|refusal| refusal.reason())
    };
    let data = r#"data={"verification_token":"s3cret"}"#;
    assert!(kofi(data).is_ok());
    assert_eq!(kofi(&format!("{data}&{data}")), Err("missing_header"));
    let sent = headers(&[("content-type", "multipart/form-data; boundary=\"b-1\"")]);
    let part = |name: &str, value: &str| format!("--b-1\r\ncontent-disposition: form-data; {name}\r\n\r\n{value}\r\n");
    let parts = |all: &[String]| format!("{}--b-1--", all.concat());
    let kofi = |body: &str| {
        judge("ko-fi", "s3cret", &sent, ("POST", "https://a.example"), body, 0).map_err(|refusal| refusal.reason())
    };
    let (file, data) =
        (part("name=\"data\"; filename=\"a\"", "x"), part("name=\"data\"", r#"{"verification_token":"s3cret"}"#));
    assert!(kofi(&parts(&[file.clone(), data.clone()])).is_ok());
    assert_eq!(kofi(&parts(&[data.clone(), data.clone()])), Err("missing_header"));
    assert_eq!(kofi(&parts(&[file])), Err("missing_header"));
    // A name that an item reads as `data` is one here, and what cannot be read to its end is no form.
    let hidden = part("name=\"da%0Dta\"", "{}");
    assert_eq!(kofi(&parts(&[data.clone(), hidden])), Err("missing_header"));
    let odd = data.replacen("--b-1\r\n", "--b-1 odd\r\n", 1);
    assert_eq!(kofi(&parts(&[data.clone(), odd])), Err("missing_header"));
    assert_eq!(kofi(&format!("{data}--b-1\r\n")), Err("missing_header"));
    assert_eq!(kofi(&data), Err("missing_header"));
    for broken in ["", "--b-1", "--b-1--", "--b-1\r\n", "--b-1\r\n\r\n\r\n--b-1--"] {
        assert_eq!(kofi(broken), Err("missing_header"), "{broken:?}");
    }
}

#[test]
fn a_body_that_no_signature_covers_is_refused() {
    let url = "https://a.example/?a=1";
    let check = |preset: &str, name: &str, text: &str, body: &str| {
        let signature = &presets::named(preset).unwrap().signature;
        let tag = signature.made(b"s3cret", text.as_bytes(), Encoding::Base64).unwrap();
        let mut sent = headers(&[("content-type", "application/json"), ("x-plivo-signature-v3-nonce", "1")]);
        sent.insert(http::HeaderName::try_from(name).unwrap(), tag.parse().unwrap());
        judge(preset, "s3cret", &sent, ("POST", url), body, 0).map_err(|refusal| refusal.reason())
    };
    assert!(check("twilio", "x-twilio-signature", url, "").is_ok());
    assert_eq!(check("twilio", "x-twilio-signature", url, "{}"), Err("missing_header"));
    assert!(check("plivo", "x-plivo-signature-v3", &format!("{url}.1"), "").is_ok());
    assert_eq!(check("plivo", "x-plivo-signature-v3", &format!("{url}.1"), "{}"), Err("missing_header"));
}

#[test]
fn what_is_optional_and_what_stands_in_brackets_may_be_absent() {
    let filled = |template: &str| {
        let fill = |name: &str| match name {
            "a" => Some(b"A:\\".to_vec()),
            "url" => Some(b"https%3A//x%2fy?q=%20%zz%4".to_vec()),
            _ => None,
        };
        Template(template.into()).grouped(fill).map(|text| String::from_utf8(text).unwrap())
    };
    assert_eq!(filled("{a}-{b?}-"), Ok("A:\\--".into()));
    assert_eq!(filled("[x{b};][y{a};]z]"), Ok("yA:\\;z]".into()));
    assert_eq!(filled("{b}"), Err("b".into()));
    assert_eq!(filled("{a|escaped}"), Ok("A\\:\\\\".into()));
    assert_eq!(filled("{a|lower}"), Ok("a:\\".into()));
    assert_eq!(filled("{b?|sha256}"), Ok("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".into()));
    assert_eq!(filled("{url|unescaped}"), Ok("https://x/y?q=%20%zz%4".into()));
}

#[test]
fn the_mac_with_md5_is_that_of_rfc_2202() {
    let patreon = &presets::named("patreon").unwrap().signature;
    let made = |key: &[u8], text: &[u8]| patreon.made(key, text, Encoding::Hex).unwrap();
    assert_eq!(made(&[0x0b; 16], b"Hi There"), "9294727a3638bb1c13f48ef8158bfc9d");
    assert_eq!(made(b"Jefe", b"what do ya want for nothing?"), "750c783e6ab0b503eaa86e310a5db738");
    let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert_eq!(made(&[0xaa; 80], long), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}

#[test]
fn json_that_is_signed_as_it_stands_is_found_as_it_stands() {
    let request = |body: &'static str| Incoming {
        method: "POST",
        url: "",
        headers: Box::leak(Box::default()),
        body: body.as_bytes(),
        now: 0,
    };
    let at = |body: &'static str, place: &str| {
        let request = request(body);
        super::place::Reading::new(&request).at(place).map(|text| text.into_owned())
    };
    assert_eq!(at(r#"{"a":{ "b" : 1.0 },"c":2}"#, "raw:/a").as_deref(), Some(r#"{ "b" : 1.0 }"#));
    assert_eq!(at(r#"{"a/~":[1, [2 ,3]]}"#, "raw:/a~1~0/1").as_deref(), Some("[2 ,3]"));
    assert_eq!(at(r#"{"a":1}"#, "raw:/b"), None);
    assert_eq!(at("[1", "raw:/0"), None);
}
