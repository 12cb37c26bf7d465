//! Preferences: what a person or a token keeps for itself, as JSON that the store does not read.

use model::id::PrincipalId;

use crate::db::params;
use crate::{Error, Millis, Store};

/// Preferences that one holder may keep.
pub const MOST_PREFERENCES: usize = 64;

impl Store {
    /// A preference; nothing when it was never kept.
    pub async fn preference(&self, holder: PrincipalId, name: &str) -> Result<Option<String>, Error> {
        self.read((holder, name.to_owned()), |tx, (holder, name)| {
            Box::pin(async move {
                let sql = "SELECT value FROM preference WHERE holder = $1 AND name = $2";
                tx.first(sql, params![*holder, name.as_str()]).await?.map(|mut row| row.text()).transpose()
            })
        })
        .await
    }

    /// Keeps a preference; false when the holder has [`MOST_PREFERENCES`] others already.
    pub async fn keep_preference(
        &self,
        holder: PrincipalId,
        name: &str,
        value: &str,
        now: Millis,
    ) -> Result<bool, Error> {
        self.write((holder, name.to_owned(), value.to_owned(), now), |tx, (holder, name, value, now)| {
            Box::pin(async move {
                let sql = "SELECT count(*) FROM preference WHERE holder = $1 AND name <> $2";
                let others: usize = match tx.first(sql, params![*holder, name.as_str()]).await? {
                    Some(mut row) => row.number()?,
                    None => 0,
                };
                if others >= MOST_PREFERENCES {
                    return Ok(false);
                }
                let sql = "INSERT INTO preference (holder, name, value, updated_at) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (holder, name) DO UPDATE SET value = excluded.value, \
                           updated_at = excluded.updated_at";
                tx.execute(sql, params![*holder, name.as_str(), value.as_str(), *now]).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Forgets a preference; that there was none is no error.
    pub async fn drop_preference(&self, holder: PrincipalId, name: &str) -> Result<(), Error> {
        self.write((holder, name.to_owned()), |tx, (holder, name)| {
            Box::pin(async move {
                let sql = "DELETE FROM preference WHERE holder = $1 AND name = $2";
                tx.execute(sql, params![*holder, name.as_str()]).await?;
                Ok(())
            })
        })
        .await
    }
}
