//! Ways to show an account.

use auth::{Flow, JwtAlgorithm, Session, TokenAuth};
use indexmap::IndexMap;
use model::{HumanDuration, Map};
use schemars::JsonSchema;
use serde::Deserialize;

/// A way to show an account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of them in a manifest")]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type", deny_unknown_fields)]
pub enum Auth {
    /// OAuth 2.0.
    Oauth2(Box<OAuth>),
    /// `Authorization: Bearer …`.
    Bearer {
        /// Name in the form, as the service calls it.
        title: String,
        /// Where a person finds the secret.
        help: String,
        /// Text before the secret.
        #[serde(default)]
        prefix: Option<String>,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// User and password, or a key in place of one of them.
    Basic {
        /// Name in the form.
        title: String,
        /// Where a person finds them.
        help: String,
        /// The user, when it is always the same or made of settings (`{email}/token`).
        #[serde(default)]
        username: Option<String>,
        /// What the service calls the user.
        #[serde(default)]
        username_title: Option<String>,
        /// What the service calls the password.
        #[serde(default)]
        password_title: Option<String>,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// A header.
    Header {
        /// Name in the form.
        title: String,
        /// Where a person finds the secret.
        help: String,
        /// Name of the header.
        name: String,
        /// Text before the secret.
        #[serde(default)]
        prefix: Option<String>,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// A query parameter.
    Query {
        /// Name in the form.
        title: String,
        /// Where a person finds the secret.
        help: String,
        /// Name of the parameter.
        name: String,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// Several headers, query parameters and fields of the body, each with a secret of its own. Also a secret in the
    /// path: `{secret.token}` in `base`.
    Custom {
        /// Name in the form.
        title: String,
        /// Where a person finds them.
        help: String,
        /// Titles of the secrets by name.
        secrets: IndexMap<String, String>,
        /// Headers; `{name}` is a secret or a setting.
        #[serde(default)]
        headers: IndexMap<String, String>,
        /// Query parameters; `{name}` is a secret or a setting.
        #[serde(default)]
        query: IndexMap<String, String>,
        /// Fields of the body; `{name}` is a secret or a setting.
        #[serde(default)]
        body: IndexMap<String, String>,
        /// What the path of every request begins with; `{name}` is a secret or a setting.
        #[serde(default)]
        path: Option<String>,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// A session that a request of its own gives.
    Session {
        /// Name in the form.
        title: String,
        /// Where a person finds user and password.
        help: String,
        /// Titles of the secrets by name, where they are called otherwise than `password`.
        #[serde(default)]
        secrets: IndexMap<String, String>,
        /// How it logs in, in the words of a connection.
        session: Box<Session>,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// A JSON web token that is made and signed for each call.
    Jwt {
        /// Name in the form, as the service calls it.
        title: String,
        /// Where a person finds the key.
        help: String,
        /// How it is signed.
        algorithm: JwtAlgorithm,
        /// How long a token is good.
        lifetime: HumanDuration,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
    /// Amazon's signature, version 4.
    AwsSigV4 {
        /// Name in the form.
        title: String,
        /// Where a person finds the keys.
        help: String,
        /// The service's name in the signature, such as `s3`.
        service: String,
        /// Credentials of n8n that are this.
        #[serde(default)]
        n8n: IndexMap<String, Credential>,
    },
}

impl Auth {
    /// Credentials of n8n that are this.
    pub fn n8n(&self) -> &IndexMap<String, Credential> {
        match self {
            Auth::Oauth2(oauth) => &oauth.n8n,
            Auth::Bearer { n8n, .. }
            | Auth::Basic { n8n, .. }
            | Auth::Header { n8n, .. }
            | Auth::Query { n8n, .. }
            | Auth::Custom { n8n, .. }
            | Auth::Session { n8n, .. }
            | Auth::Jwt { n8n, .. }
            | Auth::AwsSigV4 { n8n, .. } => n8n,
        }
    }

    /// What the service calls it, and where a person finds it.
    pub fn words(&self) -> (&str, &str) {
        match self {
            Auth::Oauth2(oauth) => (&oauth.title, &oauth.help),
            Auth::Bearer { title, help, .. }
            | Auth::Basic { title, help, .. }
            | Auth::Header { title, help, .. }
            | Auth::Query { title, help, .. }
            | Auth::Custom { title, help, .. }
            | Auth::Session { title, help, .. }
            | Auth::Jwt { title, help, .. }
            | Auth::AwsSigV4 { title, help, .. } => (title, help),
        }
    }

    /// Whether a person consents at the service.
    pub fn needs_consent(&self) -> bool {
        matches!(self, Auth::Oauth2(oauth) if oauth.flow.needs_consent())
    }

    /// Schemes of connections that are this, as `auth::Connection` names them.
    pub fn scheme(&self) -> &'static str {
        match self {
            Auth::Oauth2(_) => "oauth2",
            Auth::Bearer { .. } => "bearer",
            Auth::Basic { .. } => "basic",
            Auth::Header { .. } => "header",
            Auth::Query { .. } => "query",
            Auth::Custom { .. } => "custom",
            Auth::Session { .. } => "session",
            Auth::Jwt { .. } => "jwt",
            Auth::AwsSigV4 { .. } => "awsSigV4",
        }
    }
}

/// How a credential of n8n becomes a connection: our setting or secret by the field of theirs. Empty: nothing of it can
/// be taken along but its name.
pub type Credential = IndexMap<String, String>;

/// OAuth 2.0.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuth {
    /// Name in the form.
    pub title: String,
    /// Where a person registers an application, and with what.
    pub help: String,
    /// How a token is got.
    #[serde(default)]
    pub flow: Flow,
    /// Where people consent. `{name}` is a setting.
    #[serde(default)]
    pub authorize_url: Option<String>,
    /// Where tokens are handed out. `{name}` is a setting.
    pub token_url: String,
    /// Where a device asks for a code.
    #[serde(default)]
    pub device_url: Option<String>,
    /// Where tokens are made void.
    #[serde(default)]
    pub revoke_url: Option<String>,
    /// The consent is bound to whoever asked for it (RFC 7636).
    #[serde(default = "yes")]
    pub pkce: bool,
    /// Scopes that are asked for in any case. Those of operations are added as they are used.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What stands between scopes.
    #[serde(default = "blank")]
    pub scope_separator: String,
    /// Further parameters of the page of consent.
    #[serde(default)]
    pub authorize_params: IndexMap<String, String>,
    /// Further parameters of the request for a token.
    #[serde(default)]
    pub token_params: IndexMap<String, String>,
    /// How the application shows itself where tokens are handed out.
    #[serde(default)]
    pub token_auth: TokenAuth,
    /// Where the token stands in the answer.
    #[serde(default = "access_token")]
    pub token_path: String,
    /// What stands before the token in the header.
    #[serde(default = "bearer")]
    pub prefix: String,
    /// How long tokens live when the answer does not say so, in seconds. Absent: for ever.
    #[serde(default)]
    pub lifetime: Option<u64>,
    /// Fields of the answer that become settings of the connection, by setting.
    #[serde(default)]
    pub keep: IndexMap<String, String>,
    /// Claims of the assertion, for service accounts.
    #[serde(default)]
    pub claims: Map,
    /// Credentials of n8n that are this.
    #[serde(default)]
    pub n8n: IndexMap<String, Credential>,
}

fn yes() -> bool {
    true
}

fn blank() -> String {
    " ".into()
}

fn access_token() -> String {
    "access_token".into()
}

fn bearer() -> String {
    "Bearer".into()
}
