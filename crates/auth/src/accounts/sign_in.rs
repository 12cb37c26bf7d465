//! Opening sessions, and making guessing slow.

use std::net::IpAddr;

use http::{HeaderMap, header};
use model::id::SessionId;
use model::{Code, Digest, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Brake, SessionRow, UserChange, UserRow};

use super::door::{csrf_token, session_hash};
use super::{Accounts, Profile, email};
use crate::password::{self, Match};
use crate::tokens::user_actor;
use crate::{Credential, Grant};

/// How long a session may rest: a week of holidays does not end it, a stolen laptop's does not live on.
pub(crate) const IDLE: i64 = 7 * DAY;
/// How long a session lasts in any case.
const LIFETIME: i64 = 30 * DAY;
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Whoever stands before the door.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// Where they come from.
    pub address: Option<IpAddr>,
    /// What their browser calls itself.
    pub device: String,
    /// The session that the browser still has.
    pub(crate) before: Option<Digest>,
}

/// Somebody came in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// Who.
    pub user: Profile,
    /// What pages show in the header `fishplate-csrf` with whatever could change something.
    pub csrf: String,
    /// The header that gives the browser its session.
    #[serde(skip)]
    #[schemars(skip)]
    pub cookie: String,
}

impl Accounts {
    /// What a request tells of who made it.
    pub fn visitor(&self, headers: &HeaderMap, address: Option<IpAddr>) -> Visitor {
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Visitor { address, device: device(agent), before: self.inner.site.cookie(headers, "").map(session_hash) }
    }

    /// Lets somebody in by password. Whether the account exists is not told: not by words, and not by the time taken.
    pub async fn sign_in(&self, visitor: &Visitor, address: &str, password: &str) -> Result<SignedIn, Problem> {
        // What is no address is judged like one that nobody has.
        let known_as = email(address).unwrap_or_default();
        self.brake(visitor, Some(&known_as)).await?;
        let user = self.inner.store.user_by_email(&known_as).await?;
        let stored = user.as_ref().and_then(|user| user.password.as_deref());
        let matched = self.inner.passwords.compare(password, stored).await?;
        match user.filter(|user| matched != Match::No && user.disabled_at.is_none()) {
            Some(user) => {
                if matched == Match::Outdated {
                    let hash = self.inner.passwords.hash(password).await?;
                    let change = UserChange::Rehash(hash);
                    self.inner.store.change_user(user.id, change, &user_actor(&user), crate::now_millis()).await?;
                }
                let subjects = (vec![account_subject(&known_as)], visitor.subject().into_iter().collect());
                self.inner.store.forgive_attempts(subjects.0, subjects.1).await?;
                self.open_session(&user, "password", visitor).await
            }
            None => {
                self.refused(visitor, &known_as, "password").await?;
                Err(Problem::new(Code::SignInRefused, "the address or the password is not right")
                    .hint("an admin can make a link that sets a new password"))
            }
        }
    }

    /// Begins a session in the place of the one that the browser had: nobody can give somebody else a session to
    /// sign in to.
    pub(crate) async fn open_session(
        &self,
        user: &UserRow,
        method: &str,
        visitor: &Visitor,
    ) -> Result<SignedIn, Problem> {
        let now = crate::now_millis();
        let secret = new_secret();
        let session = SessionRow {
            hash: session_hash(&secret),
            id: SessionId::from_parts(now as u64, crate::random_u128()),
            user: user.id,
            method: method.to_owned(),
            device: visitor.device.clone(),
            address: visitor.address.map(|address| address.to_string()).unwrap_or_default(),
            created_at: now,
            seen_at: now,
            idle_at: now + IDLE,
            expires_at: now + LIFETIME,
        };
        self.inner.store.open_session(session, visitor.before).await?;
        if visitor.before.is_some() {
            self.end_streams().await?;
        }
        Ok(self.signed_in(user, &secret))
    }

    /// Gives the session of a grant another secret, when what it may do has changed.
    pub(crate) async fn rotate(&self, user: &UserRow, session: SessionId) -> Result<SignedIn, Problem> {
        let secret = new_secret();
        self.inner.store.rotate_session(session, session_hash(&secret)).await?;
        Ok(self.signed_in(user, &secret))
    }

    fn signed_in(&self, user: &UserRow, secret: &str) -> SignedIn {
        SignedIn {
            user: Profile::of(user),
            csrf: csrf_token(secret),
            cookie: self.inner.site.set_cookie("", Some(secret), (LIFETIME / 1000) as u64),
        }
    }

    /// Ends the session of a grant; gives the header that takes the cookie away.
    pub async fn sign_out(&self, grant: &Grant) -> Result<String, Problem> {
        if let Credential::Session { id, user } = grant.credential() {
            self.inner.store.end_session(user, id, grant.actor(), crate::now_millis()).await?;
            self.end_streams().await?;
        }
        Ok(self.inner.site.set_cookie("", None, 0))
    }

    /// Sets another password. The one before is asked for, unless there is none; every other session ends, and this one
    /// gets another secret.
    pub async fn change_password(&self, grant: &Grant, current: &str, new: &str) -> Result<SignedIn, Problem> {
        let (id, session) = grant.session()?;
        let missing = || Problem::new(Code::Unauthenticated, "the session has ended");
        let user = self.inner.store.user(id).await?.ok_or_else(missing)?;
        if let Some(stored) = &user.password {
            // A session that was left open must not be a place to guess the password at.
            self.brake(&Visitor::default(), Some(&user.email)).await?;
            if self.inner.passwords.compare(current, Some(stored)).await? == Match::No {
                return Err(Problem::new(Code::SignInRefused, "this is not your password").at("/current"));
            }
            self.inner.store.forgive_attempts(vec![account_subject(&user.email)], Vec::new()).await?;
        }
        password::check(new, &[&user.email, &user.name])?;
        let hash = self.inner.passwords.hash(new).await?;
        let change = UserChange::Password { hash, keep: Some(session) };
        self.inner.store.change_user(id, change, grant.actor(), crate::now_millis()).await?;
        let signed_in = self.rotate(&user, session).await?;
        self.end_streams().await?;
        Ok(signed_in)
    }

    /// Counts an attempt, or says how long to wait for the next one.
    pub(crate) async fn brake(&self, visitor: &Visitor, account: Option<&str>) -> Result<(), Problem> {
        let mut brakes = Vec::new();
        if let Some(account) = account {
            // After five: 1 s, 2 s … 5 min. Longer would let anybody lock anybody out.
            let subject = account_subject(account);
            brakes.push(Brake { subject, free: 5, first: 1000, most: 5 * 60 * 1000, forget: DAY });
        }
        if let Some(subject) = visitor.subject() {
            // Many people may come from one address, so it has more, and waits longer when it goes on.
            brakes.push(Brake { subject, free: 30, first: 1000, most: 15 * 60 * 1000, forget: DAY });
        }
        let now = crate::now_millis();
        match self.inner.store.begin_attempt(brakes, now).await? {
            None => Ok(()),
            Some(until) => {
                let seconds = ((until - now) / 1000 + 1).max(1) as u64;
                let mut problem = Problem::new(Code::TooMany, "too many attempts to sign in")
                    .hint(format!("try again in {seconds} s; a passkey or another provider works at once"));
                problem.retry_after = Some(seconds);
                Err(problem)
            }
        }
    }

    /// Takes back the attempt of somebody who got in without a password.
    pub(crate) async fn forgive_visitor(&self, visitor: &Visitor) -> Result<(), Problem> {
        Ok(self.inner.store.forgive_attempts(Vec::new(), visitor.subject().into_iter().collect()).await?)
    }

    /// Tells the log of an attempt that failed.
    pub(crate) async fn refused(&self, visitor: &Visitor, account: &str, method: &str) -> Result<(), Problem> {
        let address = visitor.address.map(|address| address.to_string()).unwrap_or_default();
        let detail = serde_json::json!({ "method": method, "device": visitor.device, "address": address });
        let now = crate::now_millis();
        Ok(self.inner.store.record(now, "nobody", "session.refuse", account, detail.to_string()).await?)
    }
}

impl Visitor {
    /// Whose attempts these are. A network of IPv6 belongs to one customer as a whole, so it counts as one.
    fn subject(&self) -> Option<String> {
        Some(match self.address? {
            IpAddr::V4(address) => format!("address {address}"),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => format!("address {address}"),
                None => {
                    let [a, b, c, d, ..] = address.segments();
                    format!("address {a:x}:{b:x}:{c:x}:{d:x}")
                }
            },
        })
    }
}

/// The store need not know which addresses were tried.
fn account_subject(email: &str) -> String {
    format!("account {}", store::digest(email.as_bytes()))
}

/// What a cookie holds: 256 random bits.
fn new_secret() -> String {
    format!("{}{}", crate::random_text(), crate::random_text())
}

/// What a browser calls itself, in words for a list of sessions.
fn device(agent: &str) -> String {
    let first = |known: &[(&'static str, &'static str)]| {
        known.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    // Most browsers also claim to be others; the most particular names come first.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().filter(|letter| !letter.is_control()).take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 Edg/120";
        assert_eq!(device(edge), "Edge on Windows");
        assert_eq!(
            device("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"),
            "Firefox on Linux"
        );
        assert_eq!(device("a\u{7}b"), "ab");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let subject = |address: &str| Visitor { address: address.parse().ok(), ..Visitor::default() }.subject();
        assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:ffff::9"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
    }
}
