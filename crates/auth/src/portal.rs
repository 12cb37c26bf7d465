//! Passes to the portal: a customer looks after their own subscribers, without an account here.
//!
//! A pass is signed and kept nowhere. It names one customer in one scope, ends by itself, and ends with the key.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use model::{Code, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::grant::{Credential, Grant, Rule};
use crate::{Permission, Role};

/// How passes begin, so that people and scanners know one when they see it.
const PREFIX: &str = "fpp_";

/// How the portal looks, so that it fits into the page around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortalTheme {
    /// Name at its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Colour of buttons and links, as `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// Light or dark; absent: as the customer's system is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<PortalMode>,
    /// Radius of corners, in pixels, at most 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radius: Option<u8>,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortalMode {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What a pass says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortalPass {
    /// Where the customer's subscribers are.
    pub scope: Scope,
    /// Whose they are; never empty.
    pub customer: String,
    /// Until when, milliseconds since 1970.
    pub until: i64,
    /// Nothing can be changed with it.
    #[serde(default)]
    pub read_only: bool,
    /// Who made it.
    pub by: String,
    /// How the portal looks.
    #[serde(default)]
    pub theme: PortalTheme,
}

impl PortalTheme {
    /// Refuses what a page could not be made of.
    pub fn check(&self) -> Result<(), Problem> {
        let refuse = |pointer: &str, detail: &str| Err(Problem::new(Code::InvalidSpec, detail).at(pointer));
        let is_colour = |text: &str| {
            text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        match self {
            PortalTheme { accent: Some(accent), .. } if !is_colour(accent) => {
                refuse("/theme/accent", "a colour is `#` and six hexadecimal digits")
            }
            PortalTheme { title: Some(title), .. } if title.chars().count() > 80 => {
                refuse("/theme/title", "a title has at most 80 letters")
            }
            PortalTheme { radius: Some(radius), .. } if *radius > 24 => {
                refuse("/theme/radius", "a radius is at most 24 pixels")
            }
            _ => Ok(()),
        }
    }
}

/// Makes and reads passes.
#[derive(Clone)]
pub struct PortalKey(hmac::Key);

impl std::fmt::Debug for PortalKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PortalKey")
    }
}

impl PortalKey {
    /// Passes under a secret of the server.
    pub fn new(secret: &[u8]) -> PortalKey {
        PortalKey(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The text of a pass.
    pub fn seal(&self, pass: &PortalPass) -> String {
        // The type serializes to JSON by construction.
        let claims = serde_json::to_vec(pass).unwrap_or_default();
        let tag = hmac::sign(&self.0, &claims);
        format!("{PREFIX}{}.{}", BASE64URL.encode(&claims), BASE64URL.encode(tag.as_ref()))
    }

    /// The pass of a text at `now`, with what it lets somebody do.
    pub fn open(&self, text: &str, now: i64) -> Result<(PortalPass, Grant), Problem> {
        let refuse = |detail: &str| {
            Problem::new(Code::Unauthenticated, detail).hint("ask for a new link where this one came from")
        };
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
        let (claims, tag) = parts.ok_or_else(|| refuse("this is no pass to the portal"))?;
        let decode = |text: &str| BASE64URL.decode(text.as_bytes()).map_err(|_| refuse("this pass is damaged"));
        let (claims, tag) = (decode(claims)?, decode(tag)?);
        hmac::verify(&self.0, &claims, &tag)
            .map_err(|_| refuse("this pass was not made here, or its key was changed"))?;
        let pass: PortalPass = serde_json::from_slice(&claims).map_err(|_| refuse("this pass is damaged"))?;
        if pass.until <= now {
            return Err(refuse("this pass has ended"));
        }
        let mut allowed = vec![Permission::ResourceRead, Permission::RunRead];
        if !pass.read_only {
            allowed.extend([Permission::ResourceWrite, Permission::SecretWrite, Permission::RunControl]);
        }
        let rule = Rule {
            workspace: Some(pass.scope.workspace.clone()),
            environment: Some(pass.scope.environment.clone()),
            role: Role::Editor,
        };
        let grant = Grant::new(format!("portal:{}", pass.customer), vec![rule], Credential::Portal);
        Ok((pass, grant.only(Some(allowed))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass() -> PortalPass {
        PortalPass {
            scope: Scope::default(),
            customer: "acme".into(),
            until: 1_000,
            read_only: false,
            by: "user:ada@example.com".into(),
            theme: PortalTheme { accent: Some("#aa00FF".into()), ..PortalTheme::default() },
        }
    }

    #[test]
    fn a_pass_is_good_until_it_ends_and_for_what_it_says() {
        let key = PortalKey::new(b"server");
        let text = key.seal(&pass());
        let (read, grant) = key.open(&text, 999).unwrap();
        assert_eq!(read, pass());
        assert_eq!(grant.actor(), "portal:acme");
        assert!(grant.allows(Permission::ResourceWrite, &Scope::default()));
        assert!(!grant.allows(Permission::WorkflowActivate, &Scope::default()));
        let elsewhere = Scope { workspace: "other".parse().unwrap(), ..Scope::default() };
        assert!(!grant.allows(Permission::ResourceRead, &elsewhere));
        let looking = key.seal(&PortalPass { read_only: true, ..pass() });
        assert!(!key.open(&looking, 0).unwrap().1.allows(Permission::ResourceWrite, &Scope::default()));

        let refused = |text: &str, now| key.open(text, now).unwrap_err().detail;
        assert!(refused(&text, 1_000).contains("has ended"));
        assert!(refused("fp_x", 0).contains("no pass"));
        assert!(PortalKey::new(b"another").open(&text, 0).is_err());
        let (claims, tag) = text.split_once('.').unwrap();
        let changed = format!("{claims}x.{tag}");
        assert!(key.open(&changed, 0).is_err());
    }

    #[test]
    fn themes_are_plain_values() {
        assert!(pass().theme.check().is_ok());
        let bad = PortalTheme { accent: Some("red;}".into()), ..PortalTheme::default() };
        assert_eq!(bad.check().unwrap_err().pointer.as_deref(), Some("/theme/accent"));
        let bad = PortalTheme { radius: Some(99), ..PortalTheme::default() };
        assert!(bad.check().is_err());
    }
}
