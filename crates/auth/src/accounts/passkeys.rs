//! Passkeys: what is asked of an authenticator, and what its answer is worth. [`crate::webauthn`] verifies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use model::id::PrincipalId;
use model::{Code, Problem, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::PasskeyRow;

use super::challenge::PATIENCE;
use super::me::keep_a_way;
use super::people::checked_name;
use super::site::Origin;
use super::{Accounts, SignedIn, Visitor};
use crate::Grant;
use crate::webauthn::{self, ALGORITHMS, Expected};

/// Passkeys that a person has at most.
const MOST: usize = 20;
const CREATE: &str = "passkey create";
const GET: &str = "passkey get";

/// A passkey as its owner sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyInfo {
    /// Id, base64url.
    pub id: String,
    /// Name that its owner gave it.
    pub name: String,
    /// When it was added, milliseconds since 1970.
    pub created_at: i64,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_at: Option<i64>,
}

/// What a browser is to be asked: the argument of `navigator.credentials.create` or `get`, with bytes as base64url.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ceremony {
    /// The member `publicKey`, in the form that `PublicKeyCredential.parseCreationOptionsFromJSON` and
    /// `parseRequestOptionsFromJSON` read.
    pub public_key: Value,
}

/// An authenticator's new passkey. Bytes are base64url.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasskey {
    /// Name for lists.
    pub name: String,
    /// `response.clientDataJSON`.
    pub client_data: String,
    /// `response.attestationObject`.
    pub attestation: String,
}

/// An authenticator's answer. Bytes are base64url.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeyAnswer {
    /// Id of the passkey.
    pub id: String,
    /// `response.clientDataJSON`.
    pub client_data: String,
    /// `response.authenticatorData`.
    pub authenticator_data: String,
    /// `response.signature`.
    pub signature: String,
}

/// For whom a passkey is made.
#[derive(Serialize, Deserialize)]
struct For {
    user: PrincipalId,
    origin: String,
}

/// Where it is to be used.
#[derive(Serialize, Deserialize)]
struct At {
    origin: String,
}

/// The part of the client's data that says which challenge was answered.
#[derive(Deserialize)]
struct Answered {
    challenge: String,
}

impl Accounts {
    /// Asks for a new passkey of the person who has signed in.
    pub async fn ask_new_passkey(&self, grant: &Grant, headers: &HeaderMap) -> Result<Ceremony, Problem> {
        self.require_recent(grant).await?;
        let user = self.own(grant).await?;
        let origin = self.place(headers)?;
        let known = self.inner.store.passkeys_of(user.id).await?;
        if known.len() >= MOST {
            return Err(Problem::new(Code::TooMany, format!("a person has at most {MOST} passkeys")));
        }
        let challenge = self.carry(CREATE, For { user: user.id, origin: origin.text.clone() })?;
        let exclude: Vec<Value> =
            known.iter().map(|key| json!({ "type": "public-key", "id": text(&key.id) })).collect();
        let algorithms: Vec<Value> =
            ALGORITHMS.iter().map(|algorithm| json!({ "type": "public-key", "alg": algorithm })).collect();
        Ok(Ceremony {
            public_key: json!({
                "challenge": text(challenge.as_bytes()),
                "rp": { "id": origin.host, "name": "Fishplate" },
                "user": { "id": text(user.id.to_string().as_bytes()), "name": user.email, "displayName": user.name },
                "pubKeyCredParams": algorithms,
                "timeout": PATIENCE,
                "excludeCredentials": exclude,
                "attestation": "none",
                // Kept by the authenticator, so that nobody has to say who they are; and it asks for a finger or a PIN,
                // so that a key that was found in the street opens nothing.
                "authenticatorSelection": {
                    "residentKey": "required", "requireResidentKey": true, "userVerification": "required"
                }
            }),
        })
    }

    /// Keeps a passkey that was asked for.
    pub async fn add_passkey(&self, grant: &Grant, new: NewPasskey) -> Result<PasskeyInfo, Problem> {
        let name = checked_name(&new.name)?;
        let (user, _) = grant.session()?;
        let client_data = bytes(&new.client_data)?;
        let challenge = challenge_of(&client_data)?;
        let asked: For = self.brought(CREATE, std::str::from_utf8(&challenge).unwrap_or_default()).await?;
        if asked.user != user {
            return Err(refused("the passkey was asked for by somebody else"));
        }
        let origin = self.known_origin(&asked.origin)?;
        let expected = Expected { challenge: &challenge, origin: &origin.text, rp_id: &origin.host };
        let made = webauthn::registered(&client_data, &bytes(&new.attestation)?, expected).map_err(refused)?;
        if !made.verified {
            return Err(unverified());
        }
        let now = crate::now_millis();
        let row = PasskeyRow {
            id: made.id.into(),
            user,
            name,
            public_key: made.public_key.into(),
            uses: made.uses,
            created_at: now,
            used_at: None,
        };
        let shown = info(&row);
        self.inner.store.add_passkey(row).await?;
        Ok(shown)
    }

    /// One's passkeys, the oldest first.
    pub async fn passkeys(&self, grant: &Grant) -> Result<Vec<PasskeyInfo>, Problem> {
        let (user, _) = grant.session()?;
        Ok(self.inner.store.passkeys_of(user).await?.iter().map(info).collect())
    }

    /// Takes one of one's passkeys away.
    pub async fn remove_passkey(&self, grant: &Grant, id: &str) -> Result<(), Problem> {
        let missing = || Problem::new(Code::NotFound, "there is no such passkey");
        let user = self.own(grant).await?;
        let id = bytes(id).map_err(|_| missing())?;
        let known = self.inner.store.passkeys_of(user.id).await?;
        if !known.iter().any(|key| key.id == id) {
            return Err(missing());
        }
        keep_a_way(&user, known.len() > 1 || !self.inner.store.identities_of(user.id).await?.is_empty())?;
        Ok(self.inner.store.remove_passkey(user.id, &id, grant.actor(), crate::now_millis()).await?)
    }

    /// Asks whoever stands before the door for a passkey. Which one is for the browser to know.
    pub fn ask_passkey(&self, headers: &HeaderMap) -> Result<Ceremony, Problem> {
        let origin = self.place(headers)?;
        let challenge = self.carry(GET, At { origin: origin.text.clone() })?;
        Ok(Ceremony {
            public_key: json!({
                "challenge": text(challenge.as_bytes()),
                "rpId": origin.host,
                "timeout": PATIENCE,
                "userVerification": "required",
                "allowCredentials": []
            }),
        })
    }

    /// Lets somebody in by passkey.
    pub async fn sign_in_by_passkey(&self, visitor: &Visitor, answer: PasskeyAnswer) -> Result<SignedIn, Problem> {
        self.brake(visitor, None).await?;
        let client_data = bytes(&answer.client_data)?;
        let challenge = challenge_of(&client_data)?;
        let asked: At = self.brought(GET, std::str::from_utf8(&challenge).unwrap_or_default()).await?;
        let origin = self.known_origin(&asked.origin)?;
        let id = bytes(&answer.id)?;
        let found = self.inner.store.passkey(&id).await?.filter(|(_, user)| user.disabled_at.is_none());
        let Some((key, user)) = found else {
            self.refused(visitor, "", "passkey").await?;
            return Err(refused("this server does not know the passkey"));
        };
        let expected = Expected { challenge: &challenge, origin: &origin.text, rp_id: &origin.host };
        let (data, signature) = (bytes(&answer.authenticator_data)?, bytes(&answer.signature)?);
        let said = match webauthn::asserted(&client_data, &data, &signature, &key.public_key, expected) {
            Ok(said) => said,
            Err(why) => {
                self.refused(visitor, &user.email, "passkey").await?;
                return Err(refused(why));
            }
        };
        if !said.verified {
            return Err(unverified());
        }
        if !self.inner.store.use_passkey(&id, said.uses, crate::now_millis()).await? {
            self.refused(visitor, &user.email, "passkey copy").await?;
            return Err(refused("the passkey has been copied: its count of uses does not rise")
                .hint("remove it, and add another one"));
        }
        self.forgive_visitor(visitor).await?;
        self.open_session(&user, "passkey", visitor).await
    }

    /// Where a ceremony takes place. Authenticators know sites by name, so an address will not do.
    fn place(&self, headers: &HeaderMap) -> Result<&Origin, Problem> {
        let site = &self.inner.site;
        let unfit =
            |detail: String| Problem::new(Code::Conflict, detail).hint(format!("open {} and try there", site.base()));
        let origin = site
            .origin_of(headers)
            .ok_or_else(|| unfit("passkeys work at the server's public address only".to_owned()))?;
        let is_name = origin.host.parse::<std::net::IpAddr>().is_err() && !origin.host.starts_with('[');
        if !is_name {
            let local = origin.text.replace(&origin.host, "localhost");
            return Err(unfit("browsers have no passkeys for an address without a name".to_owned())
                .hint(format!("open {local} and try there")));
        }
        Ok(origin)
    }

    fn known_origin(&self, text: &str) -> Result<&Origin, Problem> {
        self.inner.site.origin(text).ok_or_else(|| refused("the server has another address now"))
    }
}

fn info(row: &PasskeyRow) -> PasskeyInfo {
    PasskeyInfo { id: text(&row.id), name: row.name.clone(), created_at: row.created_at, used_at: row.used_at }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &str) -> Result<Vec<u8>, Problem> {
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Problem::new(Code::Malformed, "what the passkey said is no base64url"))
}

/// Which challenge was answered: the bytes that we gave out.
fn challenge_of(client_data: &[u8]) -> Result<Vec<u8>, Problem> {
    let answered: Answered =
        serde_json::from_slice(client_data).map_err(|_| refused("the client's data is no JSON"))?;
    bytes(&answered.challenge)
}

fn refused(why: &str) -> Problem {
    Problem::new(Code::SignInRefused, why)
}

fn unverified() -> Problem {
    refused("the authenticator did not verify who was there").hint("use one with a PIN, a finger or a face")
}
