//! Where the token of a connection comes from: OAuth, or a login. What keeps and renews it asks only this.

use http::HeaderMap;
use model::Map;
use outbound::ShownRequest;
use url::Url;

use crate::oauth::OAuth;
use crate::put;
use crate::session::Session;

/// What hands out the token of a connection, and how that is shown.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Tokens of OAuth 2.0.
    OAuth(&'a OAuth),
    /// Sessions of a login.
    Login(&'a Session),
}

impl<'a> Source<'a> {
    /// OAuth, if it is that.
    pub(crate) fn oauth(self) -> Option<&'a OAuth> {
        match self {
            Source::OAuth(oauth) => Some(oauth),
            Source::Login(_) => None,
        }
    }

    /// A person has to consent before there is a token.
    pub(crate) fn needs_consent(self) -> bool {
        self.oauth().is_some_and(|oauth| oauth.flow.needs_consent())
    }

    /// Where tokens are asked for and given back, as far as that is known.
    pub(crate) fn addresses(self, settings: &Map) -> Vec<Url> {
        match self {
            Source::OAuth(oauth) => oauth.token_addresses(settings),
            Source::Login(session) => session.addresses(settings),
        }
    }

    /// Puts a token on a request.
    pub(crate) fn put(self, token: &str, url: &mut Url, headers: &mut HeaderMap) -> Result<(), String> {
        match self {
            Source::OAuth(oauth) => {
                put::header(headers, "authorization", put::prefixed(&oauth.prefix, token).as_bytes())
            }
            Source::Login(session) => session.put(token, url, headers),
        }
    }

    /// Whether a request shows this token.
    pub(crate) fn shows(self, token: &str, shown: ShownRequest<'_>) -> bool {
        match self {
            Source::OAuth(oauth) => {
                let header = shown.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                header == Some(&put::prefixed(&oauth.prefix, token))
            }
            Source::Login(session) => session.shows(token, shown),
        }
    }
}
