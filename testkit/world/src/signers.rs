//! Webhooks as the packages of their senders sign them.

pub mod python;

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{folder, package};
use crate::npm;

const PACKAGES: [&str; 3] = ["standardwebhooks@1.0.0", "stripe@17.7.0", "@octokit/webhooks-methods@5.1.1"];

/// Lets the `standardwebhooks` package check a request with a secret: the body as it reads it, or what it refuses it
/// for. It takes only requests of the last five minutes.
pub fn check(secret: &str, headers: &[(&str, &str)], body: &str) -> Result<Result<String, String>> {
    let modules = npm::modules("signers", &PACKAGES)?;
    let (node, place) = (package("node", &["nodejs"])?, folder("signers")?);
    let script = place.path().join("check.mjs");
    std::fs::write(&script, include_str!("signers/check.mjs"))?;
    let headers: serde_json::Map<String, serde_json::Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let headers = serde_json::Value::Object(headers).to_string();
    let done = Command::new(node).arg(script).arg(modules).args([secret, &headers, body]).output()?;
    ensure!(done.status.success(), "the package did not run: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout)?;
    let (taken, said) = text.trim_end().split_once(' ').context("no answer")?;
    Ok(if taken == "taken" { Ok(said.to_owned()) } else { Err(said.to_owned()) })
}

/// A request as a package signed it.
#[derive(Debug)]
pub struct Signed {
    /// Who signed: `standard-webhooks`, `stripe` or `github`.
    pub sender: String,
    /// Headers that carry the signature.
    pub headers: Vec<(String, String)>,
}

/// Lets every package sign the body with the secret (base64, after `whsec_` for Standard Webhooks) at that moment, in
/// seconds since 1970.
pub fn sign(secret: &str, body: &str, now: i64) -> Result<Vec<Signed>> {
    let modules = npm::modules("signers", &PACKAGES)?;
    let (node, place) = (package("node", &["nodejs"])?, folder("signers")?);
    let script = place.path().join("sign.mjs");
    std::fs::write(&script, include_str!("signers/sign.mjs"))?;
    let done = Command::new(node).arg(script).arg(modules).args([secret, body, &now.to_string()]).output()?;
    ensure!(done.status.success(), "the packages did not sign: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout)?;
    let signed = text.lines().map(|line| {
        let mut words = line.split('\t');
        let sender = words.next().context("a line without a sender")?.to_owned();
        let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Signed { sender, headers: words.filter_map(pair).collect() })
    });
    signed.collect()
}
