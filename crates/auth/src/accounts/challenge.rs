//! Challenges and memories that a browser carries for us: signed, so that only ours are taken, ended by time, and each
//! answered once. Nothing is stored for those who never come back.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Accounts;

/// How long somebody may take to touch a key or to consent at a provider.
pub(crate) const PATIENCE: i64 = 10 * 60 * 1000;

/// Bytes of a signature.
const MAC: usize = 32;

/// Something of ours that comes back.
#[derive(Serialize, serde::Deserialize)]
struct Carried<T> {
    /// What it is for.
    purpose: String,
    /// Until when it is taken.
    until: i64,
    /// Makes each one different.
    salt: String,
    content: T,
}

impl Accounts {
    /// Text that a browser brings back, or signs: it holds `content` in the open and our signature over it.
    pub(crate) fn carry<T: Serialize>(&self, purpose: &str, content: T) -> Result<String, Problem> {
        let until = crate::now_millis() + PATIENCE;
        let carried = Carried { purpose: purpose.to_owned(), until, salt: crate::random_text(), content };
        let mut bytes =
            serde_json::to_vec(&carried).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let mac = hmac::sign(&self.inner.key, &bytes);
        bytes.extend(mac.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What [`Self::carry`] was given, if it is ours, for that purpose, in time, and comes for the first time.
    pub(crate) async fn brought<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Result<T, Problem> {
        let late = || Problem::new(Code::SignInRefused, "this took too long, or was answered before").hint("try again");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| late())?;
        let at = bytes.len().checked_sub(MAC).ok_or_else(late)?;
        let (content, mac) = bytes.split_at(at);
        hmac::verify(&self.inner.key, content, mac).map_err(|_| late())?;
        let carried: Carried<T> = serde_json::from_slice(content).map_err(|_| late())?;
        if carried.purpose != purpose || carried.until <= crate::now_millis() {
            return Err(late());
        }
        if !self.inner.store.spend(store::digest(content), carried.until).await? {
            return Err(late());
        }
        Ok(carried.content)
    }
}
