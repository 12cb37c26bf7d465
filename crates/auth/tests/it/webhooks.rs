//! Packages of senders sign, and the presets of these senders check it.

use auth::signature::{Incoming, Keys, presets};
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
