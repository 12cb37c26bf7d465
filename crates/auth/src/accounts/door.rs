//! Who asks: a token in a header, or a session in a cookie and then only from our own pages.

use aws_lc_rs::constant_time;
use http::{HeaderMap, Method, header};
use model::{Code, Digest, Problem};

use super::Accounts;
use super::sign_in::IDLE;
use crate::tokens::{rules_of, user_actor};
use crate::{Access, Credential, Grant};

/// The header in which our own pages show that they can read what other sites cannot.
pub const CSRF_HEADER: &str = "fishplate-csrf";

/// How exactly the last use of a session is known. More often would only write.
const SEEN_EVERY: i64 = 60_000;

/// What is known of a request before anybody acts on it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Method.
    pub method: &'a Method,
    /// Headers.
    pub headers: &'a HeaderMap,
}

impl Asked<'_> {
    /// Whether it could change something. A WebSocket is one of those: no browser asks before it opens one, and what
    /// comes over it can be read by the page that opened it.
    fn is_unsafe(&self) -> bool {
        !matches!(*self.method, Method::GET | Method::HEAD | Method::OPTIONS)
            || self.headers.contains_key(header::UPGRADE)
    }

    fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }
}

impl Accounts {
    /// Who asks, or why that is not to be told. Nobody is asked for what is public.
    pub async fn admit(&self, access: Access, asked: Asked<'_>) -> Result<Option<Grant>, Problem> {
        if access == Access::Public {
            // Also what lets people in must not be done for them by a page of another site.
            if asked.is_unsafe() {
                self.inner.site.check_origin(asked.headers)?;
            }
            return Ok(None);
        }
        // A token stands in a header that only a program sets, so no other site can make a browser send it.
        let grant = match asked.bearer() {
            Some(token) => self.inner.tokens.authenticate(token).await?,
            None => self.by_session(asked).await?,
        };
        if access == Access::Session {
            grant.session()?;
        }
        Ok(Some(grant))
    }

    /// The session of a request that only reads, such as the return from a provider.
    pub(crate) async fn by_session_of(&self, headers: &HeaderMap) -> Result<Grant, Problem> {
        self.by_session(Asked { method: &Method::GET, headers }).await
    }

    /// Whether a browser has a session that has not ended.
    pub async fn has_session(&self, headers: &HeaderMap) -> bool {
        self.by_session_of(headers).await.is_ok()
    }

    async fn by_session(&self, asked: Asked<'_>) -> Result<Grant, Problem> {
        let site = &self.inner.site;
        let Some(secret) = site.cookie(asked.headers, "") else {
            return Err(Problem::new(Code::Unauthenticated, "this needs a token or a session").hint(
                "sign in, or send `Authorization: Bearer fpt_…`; the owner's token is in the file `token` of the data \
                 folder",
            ));
        };
        let ended = || Problem::new(Code::Unauthenticated, "the session has ended").hint("sign in again");
        let now = crate::now_millis();
        let found = self.inner.store.session(&session_hash(secret), now).await?;
        let (session, user) = found.filter(|(_, user)| user.disabled_at.is_none()).ok_or_else(ended)?;
        if asked.is_unsafe() {
            site.check_origin(asked.headers)?;
            // A WebSocket cannot carry the header; its origin is always told and was just checked.
            if !asked.headers.contains_key(header::UPGRADE) {
                check_csrf(asked.headers, secret)?;
            }
        }
        if now - session.seen_at >= SEEN_EVERY {
            self.inner.store.touch_session(session.id, now, now + IDLE).await?;
        }
        let credential = Credential::Session { id: session.id, user: user.id };
        Ok(Grant::new(user_actor(&user), rules_of(&user.grants), credential))
    }

    /// What pages have to show with whatever could change something, if the request comes with a session.
    pub fn csrf(&self, headers: &HeaderMap) -> Option<String> {
        self.inner.site.cookie(headers, "").map(csrf_token)
    }
}

fn check_csrf(headers: &HeaderMap, secret: &str) -> Result<(), Problem> {
    let shown = headers.get(CSRF_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    constant_time::verify_slices_are_equal(shown, csrf_token(secret).as_bytes()).map_err(|_| {
        Problem::new(Code::CrossSite, format!("the header `{CSRF_HEADER}` is missing or belongs to another session"))
            .hint("send what `GET /api/v1/me` gives as `csrf`")
    })
}

/// Bound to the session, and of no use to find its secret.
pub(crate) fn csrf_token(secret: &str) -> String {
    let hash = store::digest(format!("fishplate csrf {secret}").as_bytes());
    data_encoding::BASE32_NOPAD.encode(&hash.0[..20]).to_ascii_lowercase()
}

/// Sessions carry 256 random bits, so one round of a fast hash keeps them as safe as a slow one would.
pub(crate) fn session_hash(secret: &str) -> Digest {
    store::digest(secret.as_bytes())
}
