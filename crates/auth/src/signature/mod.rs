//! How senders of webhooks sign: a description that is data, and the check that follows it.
//!
//! A [`Signature`] names the algorithm, the place of the signature, what is signed and how old it may be;
//! [`Signature::judge`] holds a request against it. Descriptions of well-known senders are [`presets`].
//! Pure: the clock and the secrets come in as arguments.

mod check;
mod faults;
mod form;
mod place;
pub mod presets;
mod proof;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod tests;
mod token;

use model::{Code, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use form::parameter as header_parameter;
pub use place::{Incoming, Place, Template};
pub use token::Token;

/// How a sender signs what it sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    /// The kind of proof.
    pub algorithm: Algorithm,
    /// Where the proof is.
    pub place: Place,
    /// Other places of a proof, such as the header of a second key. One that is right is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<Place>,
    /// An array in the body whose items carry a proof each: `item:/pointer` is a place in the one at hand, and all of
    /// them have to be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Place>,
    /// What stands before a signature, such as `sha256=`. What begins otherwise is no signature of this kind.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The marks that stand between the parts of the header, beside white space, where it holds several, such as `,` in
    /// `t=1,v1=abc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// How bytes are written as text.
    #[serde(default)]
    pub encoding: Encoding,
    /// The text that is signed. In braces: `{body}`, `{timestamp}`, `{id}`, `{url}`, `{method}`, `{path}`, `{query}`,
    /// `{target}` (path and query), `{form}` (names and values of a form, sorted and joined), `{phpForm}` (the same as
    /// PHP serializes it), `{sortedUrl}` (the address with its query sorted, and the form behind it), and places such as
    /// `{header:name}`, `{query:name}`, `{body:/pointer}`. A name that ends in `?` may be absent, and what stands in
    /// brackets is left out when a name there is absent. What stands behind a `|` is made of the value: `lower`, `sha256`
    /// (in hexadecimal), `escaped` (a backslash before `\` and `:`), `unescaped` (an address whose marks are not
    /// percent-encoded). A digest is made of a text that has `{secret}` in it.
    #[serde(default = "body_alone")]
    pub signed: Template,
    /// Other texts that the sender may have signed in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_signed: Vec<Template>,
    /// How the secret is read.
    #[serde(default)]
    pub key: KeyText,
    /// What a secret may begin with that is no part of the key, such as `whsec_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// What tells an event from others, however often it is sent: in a header or in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Place>,
    /// What says which kind of event it is: in a header, in the query or in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<Place>,
    /// Query parameter with the SHA-256 of the body in hexadecimal, where the signature leaves the body out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_digest: Option<String>,
    /// What a JSON web token must say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// Senders that know the address with and without its port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_port: bool,
    /// Questions of the sender whether somebody is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<Challenge>,
}

fn body_alone() -> Template {
    Template("{body}".into())
}

/// The kind of proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Algorithm {
    /// HMAC with MD5.
    HmacMd5,
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519; the secret is the sender's public key.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, in ASN.1; the secret is the sender's public key.
    EcdsaP256,
    /// RSA (PKCS #1 v1.5) with SHA-1; the secret is the sender's public key.
    RsaSha1,
    /// RSA (PKCS #1 v1.5) with SHA-256; the secret is the sender's public key.
    RsaSha256,
    /// RSA (PKCS #1 v1.5) with SHA-512; the secret is the sender's public key.
    RsaSha512,
    /// RSA (PSS) with SHA-512; the secret is the sender's public key.
    RsaPssSha512,
    /// SHA-1 of a text that has the secret in it.
    Sha1,
    /// SHA-256 of a text that has the secret in it.
    Sha256,
    /// SHA-512 of a text that has the secret in it.
    Sha512,
    /// A JSON web token; the secret is the key of its signature, or the sender's public key in PEM.
    Jwt,
    /// User and password; the secret is both with a `:` between them.
    Basic,
    /// The secret itself is sent.
    Token,
}

impl Algorithm {
    pub(crate) fn is_hmac(self) -> bool {
        use Algorithm::{HmacMd5, HmacSha1, HmacSha256, HmacSha384, HmacSha512};
        matches!(self, HmacMd5 | HmacSha1 | HmacSha256 | HmacSha384 | HmacSha512)
    }

    pub(crate) fn is_digest(self) -> bool {
        matches!(self, Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512)
    }

    /// Whether a text of the request is signed.
    pub(crate) fn signs_text(self) -> bool {
        !matches!(self, Algorithm::Jwt | Algorithm::Basic | Algorithm::Token)
    }
}

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Encoding {
    /// Hexadecimal, in small or capital letters.
    #[default]
    Hex,
    /// Base64, with or without padding.
    Base64,
    /// Base64 for addresses, with or without padding.
    Base64Url,
    /// Base64 of hexadecimal text.
    HexInBase64,
}

/// How a secret is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KeyText {
    /// Its bytes are the key.
    #[default]
    Text,
    /// It is base64 of the key.
    Base64,
    /// It is base64 of the key, as for addresses.
    Base64Url,
    /// It is hexadecimal.
    Hex,
    /// Its SHA-1 is the key.
    Sha1,
    /// It is PEM of a public key.
    Pem,
}

/// When a request was signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timestamp {
    /// Where it is; `part:t=` is the part of the signature's header that begins with `t=`, and `part:#1` its first.
    pub place: Place,
    /// How it is written.
    #[serde(default)]
    pub unit: TimeUnit,
    /// Seconds between it and our clock at most. Absent: it is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<u32>,
    /// A clock of the sender that is ahead of ours is let pass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_ahead: bool,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TimeUnit {
    /// Seconds since 1970.
    #[default]
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// RFC 3339.
    Rfc3339,
}

/// A sender's question whether somebody is there, and the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenge {
    /// Method of the question; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What only a question has; absent: its method tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<Place>,
    /// The text that must stand there; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
    /// Where the token is that we gave the sender: the secret `verifyToken`, or `secret` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Place>,
    /// The question is signed as events are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_signed: bool,
    /// Status of the answer.
    #[serde(default = "ok", skip_serializing_if = "is_ok")]
    pub status: u16,
    /// Content type of the answer.
    #[serde(default = "plain")]
    pub content_type: String,
    /// The answer, with places in braces as in `signed`; `{sign:base64:query:crc_token}` is the signature of what is
    /// there, and `{verifyToken}` the secret of that name.
    #[serde(default)]
    pub answer: Template,
    /// A header of the question that is sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
}

fn plain() -> String {
    "text/plain".into()
}

fn ok() -> u16 {
    200
}

fn is_ok(status: &u16) -> bool {
    *status == ok()
}

/// The secrets that a request is held against.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// What signatures are made with: the secret, and while it is exchanged the one before.
    pub signing: &'a [&'a [u8]],
    /// What a sender shows when it asks whether somebody is there.
    pub verify_token: Option<&'a [u8]>,
}

/// What a request turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An event of the sender.
    Event {
        /// Where it says what tells it from others.
        id: Option<Place>,
        /// Where the secret itself stands, of senders that show it. It is nothing to keep.
        shown: Vec<Place>,
    },
    /// A question whether somebody is there, with its answer.
    Challenge(Answer),
}

/// The answer to a [`Challenge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Content type.
    pub content_type: String,
    /// Body.
    pub body: String,
    /// A header that is sent back.
    pub header: Option<(String, String)>,
}

/// Why a request is no event of the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The proof, its time or its id is not there.
    #[error("`{0}` is missing")]
    MissingHeader(String),
    /// What is there cannot be read.
    #[error("{0} cannot be read")]
    MalformedHeader(String),
    /// It is too old, or from the future.
    #[error("it was signed {0} s {1}, which is more than the tolerance")]
    Timestamp(u64, &'static str),
    /// Signed with another secret, or changed on its way.
    #[error("the signature is not that of this body and secret")]
    SignatureMismatch,
    /// A question whether somebody is there with the wrong token.
    #[error("the token of the question is wrong")]
    WrongToken,
    /// The secret at hand cannot be a key of this kind.
    #[error("the secret {0}")]
    BadSecret(&'static str),
}

impl Refusal {
    /// What its sender is told.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(Code::SignatureRejected, format!("{}: {self}", self.reason()));
        problem.hint("compare secret, sender and the server's clock with what the sender's page of webhooks says")
    }

    /// A word for logs and tests.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::MissingHeader(_) => "missing_header",
            Refusal::MalformedHeader(_) => "malformed_header",
            Refusal::Timestamp(..) => "timestamp",
            Refusal::SignatureMismatch => "signature_mismatch",
            Refusal::WrongToken => "wrong_token",
            Refusal::BadSecret(_) => "bad_secret",
        }
    }
}
