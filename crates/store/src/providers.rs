//! Providers that people may sign in with. Their secrets are sealed values, kept elsewhere.

use crate::db::{Row, params};
use crate::{Error, Millis, Store, users};

/// A provider as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderRow {
    /// Name in addresses.
    pub name: String,
    /// How it is asked, as JSON that `auth` understands; no secret.
    pub spec: String,
    /// When it was written.
    pub updated_at: Millis,
    /// Who wrote it.
    pub updated_by: String,
}

impl Store {
    /// Keeps a provider, in the place of one of the name; audited.
    pub async fn put_provider(&self, provider: ProviderRow) -> Result<(), Error> {
        self.write(provider, |tx, row| {
            Box::pin(async move {
                let sql = "INSERT INTO provider (name, spec, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, updated_at = excluded.updated_at, \
                           updated_by = excluded.updated_by";
                tx.execute(sql, params![&row.name, &row.spec, row.updated_at, &row.updated_by]).await?;
                users::log(tx, row.updated_at, &row.updated_by, "provider.put", &row.name, row.spec.clone()).await
            })
        })
        .await
    }

    /// All providers by name.
    pub async fn providers(&self) -> Result<Vec<ProviderRow>, Error> {
        self.read((), |tx, ()| {
            Box::pin(async move {
                let sql = "SELECT name, spec, updated_at, updated_by FROM provider ORDER BY name LIMIT 100";
                let read = |mut row: Row| {
                    Ok(ProviderRow {
                        name: row.text()?,
                        spec: row.text()?,
                        updated_at: row.int()?,
                        updated_by: row.text()?,
                    })
                };
                tx.query(sql, &[]).await?.into_iter().map(read).collect()
            })
        })
        .await
    }

    /// Drops a provider, and with it who is known by it; audited. [`Error::NotFound`] when there is none.
    pub async fn delete_provider(&self, name: &str, by: &str, now: Millis) -> Result<(), Error> {
        self.write((name.to_owned(), by.to_owned(), now), |tx, (name, by, now)| {
            Box::pin(async move {
                if tx.execute("DELETE FROM provider WHERE name = $1", params![name]).await? == 0 {
                    return Err(Error::NotFound(name.clone()));
                }
                // Another provider of the same name would know other people by the same subjects.
                tx.execute("DELETE FROM identity WHERE provider = $1", params![name]).await?;
                users::log(tx, *now, by, "provider.delete", name, "{}".into()).await
            })
        })
        .await
    }
}
