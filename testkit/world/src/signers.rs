//! Webhooks as the packages of their senders sign them.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{folder, package};
use crate::npm;

const PACKAGES: [&str; 3] = ["standardwebhooks@1.0.0", "stripe@17.7.0", "@octokit/webhooks-methods@5.1.1"];

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
