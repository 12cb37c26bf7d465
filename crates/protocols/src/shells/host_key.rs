//! Which machine is at the other end of an SSH session.
//!
//! A connection pins its server's key. Nothing is trusted on first use: a workflow runs while nobody looks, so the
//! first use would hand a password to whoever answers, and nobody would compare what was remembered. Instead the first
//! use is refused, before any secret is sent, with the key that the server showed: a person compares it and pins it.

use model::Code;
use outbound::Login;
use part::{Category, NodeError};
use russh::keys::{Algorithm, HashAlg, PublicKey, parse_public_key_base64};

/// The keys that a server may show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum HostKeys {
    /// Any: the account says that every certificate will do.
    Any,
    /// These. None: nothing was pinned yet.
    Pinned(Vec<Pin>),
}

/// A key, or its fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pin {
    Key(Box<PublicKey>),
    /// `SHA256:…`, without padding.
    Fingerprint(String),
}

impl HostKeys {
    /// Reads the setting `hostKey`: lines (or a list with commas) of `SHA256:…`, of public keys, or of `known_hosts`.
    pub(crate) fn of(login: &Login) -> Result<HostKeys, NodeError> {
        let Some(text) = login.setting("hostKey") else {
            return Ok(if login.accept_invalid_certs { HostKeys::Any } else { HostKeys::Pinned(Vec::new()) });
        };
        let lines = text.split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pins: Option<Vec<Pin>> = lines.map(pin).collect();
        pins.map(HostKeys::Pinned).ok_or_else(|| {
            let detail = "the connection's setting `hostKey` is no key: expected `SHA256:…` or `ssh-ed25519 AAAA…`";
            NodeError::new(Code::ConnectionMissing, Category::Auth, detail)
                .hint("`ssh-keyscan HOST` shows the keys of a server; one a line")
                .permanent()
        })
    }

    pub(crate) fn allow(&self, key: &PublicKey) -> bool {
        match self {
            HostKeys::Any => true,
            HostKeys::Pinned(pins) => pins.iter().any(|pin| match pin {
                Pin::Key(pinned) => pinned.key_data() == key.key_data(),
                Pin::Fingerprint(pinned) => *pinned == fingerprint(key),
            }),
        }
    }

    /// Algorithms that the server must be asked for, so that it shows one of the pinned keys and not another of its.
    pub(crate) fn algorithms(&self) -> Option<Vec<Algorithm>> {
        let HostKeys::Pinned(pins) = self else { return None };
        let mut algorithms = Vec::new();
        for pin in pins {
            match pin {
                Pin::Fingerprint(_) => return None,
                Pin::Key(key) if key.algorithm().is_rsa() => {
                    let hashes = [HashAlg::Sha512, HashAlg::Sha256];
                    algorithms.extend(hashes.map(|hash| Algorithm::Rsa { hash: Some(hash) }));
                }
                Pin::Key(key) => algorithms.push(key.algorithm()),
            }
        }
        Some(algorithms).filter(|algorithms| !algorithms.is_empty())
    }

    /// The refusal of a key that was shown.
    pub(crate) fn refusal(&self, host: &str, shown: &PublicKey) -> NodeError {
        let shown = format!("{} ({})", fingerprint(shown), shown.algorithm());
        let (detail, hint) = match self {
            HostKeys::Pinned(pins) if pins.is_empty() => (
                format!("`{host}` shows the host key {shown}, and the connection names none"),
                "compare it with the one that the server's owner knows, then set `hostKey` in the connection's settings",
            ),
            _ => (
                format!("`{host}` shows the host key {shown}, which is not the one that the connection names"),
                "either the server has got a new key, or somebody else answers in its place: ask its owner",
            ),
        };
        NodeError::new(Code::DialFailed, Category::Auth, detail).hint(hint).permanent()
    }
}

fn pin(line: &str) -> Option<Pin> {
    line.split_whitespace().find_map(|word| match word.strip_prefix("SHA256:") {
        Some(digest) if digest.len() >= 43 => {
            Some(Pin::Fingerprint(format!("SHA256:{}", digest.trim_end_matches('='))))
        }
        Some(_) => None,
        None if word.starts_with("AAAA") => parse_public_key_base64(word).ok().map(|key| Pin::Key(Box::new(key))),
        None => None,
    })
}

/// `SHA256:…`, as `ssh-keygen -l` shows it.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

#[cfg(test)]
mod tests {
    use outbound::Protocol;

    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn keys(host_key: &str) -> Result<HostKeys, NodeError> {
        let mut login = Login::new(Protocol::Ssh, "host", 22);
        login.settings.insert("hostKey".into(), host_key.into());
        HostKeys::of(&login)
    }

    #[test]
    fn a_pinned_key_is_read_in_every_form_that_tools_write() {
        let key = parse_public_key_base64(KEY).unwrap();
        let print = fingerprint(&key);
        for text in [
            format!("ssh-ed25519 {KEY} root@host"),
            format!("host.example ssh-ed25519 {KEY}\n"),
            format!("[host.example]:2222 ssh-ed25519 {KEY}"),
            KEY.to_owned(),
            print.clone(),
            format!("256 {print} root@host (ED25519)"),
            format!("# comment\nSHA256:{}\n{print}", "A".repeat(43)),
        ] {
            assert!(keys(&text).unwrap().allow(&key), "{text}");
        }
        assert!(!keys(&format!("SHA256:{}", "A".repeat(43))).unwrap().allow(&key));
        assert_eq!(keys(KEY).unwrap().algorithms(), Some(vec![Algorithm::Ed25519]));
        assert_eq!(keys(&print).unwrap().algorithms(), None);
        for text in ["yes", "SHA256:", "ssh-ed25519 AAAA", "MD5:aa:bb"] {
            assert!(keys(text).unwrap_err().to_string().contains("is no key"), "{text}");
        }
    }

    #[test]
    fn without_a_pinned_key_only_an_account_that_says_so_takes_any() {
        let key = parse_public_key_base64(KEY).unwrap();
        let mut login = Login::new(Protocol::Ssh, "host", 22);
        let none = HostKeys::of(&login).unwrap();
        assert!(!none.allow(&key));
        let refusal = none.refusal("host", &key);
        assert!(refusal.to_string().contains(&fingerprint(&key)), "{refusal}");
        login.accept_invalid_certs = true;
        assert!(HostKeys::of(&login).unwrap().allow(&key));
    }
}
