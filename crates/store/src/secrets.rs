//! The sealed table: secret values of connections, encrypted by `auth` before they come here.

use bytes::Bytes;
use model::{Name, ScopeId};

use crate::audit::{self, AuditEntry};
use crate::db::{Row, Tx, params};
use crate::{Change, Error, Millis, Store};

/// A sealed value.
#[derive(Clone, PartialEq)]
pub struct SealedRow {
    /// Field of the connection.
    pub field: String,
    /// Which writing of the field, from 1; the seal is bound to it.
    pub generation: u64,
    /// Sealed bytes.
    pub sealed: Bytes,
    /// When it was written.
    pub written_at: Millis,
}

/// Where a sealed value is, without the value.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedField {
    /// The connection.
    pub connection: Name,
    /// Field of the connection.
    pub field: String,
    /// Its newest generation.
    pub generation: u64,
    /// When that was written.
    pub written_at: Millis,
}

impl std::fmt::Debug for SealedRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SealedRow({} #{}, {} bytes)", self.field, self.generation, self.sealed.len())
    }
}

impl Store {
    /// Writes the next generation of a field: `sealed.generation` must be the newest one plus 1, else
    /// [`Error::Conflict`]. Audited, without the value. Older generations stay for calls that are under way.
    pub async fn put_secret(
        &self,
        scope: ScopeId,
        connection: &Name,
        sealed: SealedRow,
        change: Change,
    ) -> Result<(), Error> {
        self.write((scope, connection.clone(), sealed, change), |tx, (scope, connection, sealed, change)| {
            Box::pin(put(tx, *scope, connection, sealed, change))
        })
        .await
    }

    /// The newest generation of a field.
    pub async fn secret(&self, scope: ScopeId, connection: &Name, field: &str) -> Result<Option<SealedRow>, Error> {
        self.read((scope, connection.clone(), field.to_owned()), |tx, (scope, connection, field)| {
            Box::pin(async move {
                let sql = format!(
                    "{SELECT} WHERE scope = $1 AND connection = $2 AND field = $3 ORDER BY generation DESC LIMIT 1"
                );
                let row = tx.first(&sql, params![*scope, connection.as_str(), field]).await?;
                row.map(|mut row| read(&mut row)).transpose()
            })
        })
        .await
    }

    /// All generations of all fields of a connection, by field and generation.
    pub async fn secrets(&self, scope: ScopeId, connection: &Name) -> Result<Vec<SealedRow>, Error> {
        self.read((scope, connection.clone()), |tx, (scope, connection)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE scope = $1 AND connection = $2 ORDER BY field, generation");
                let rows = tx.query(&sql, params![*scope, connection.as_str()]).await?;
                rows.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// The newest generations of all fields of a scope, by connection and field; at most 10,000.
    pub async fn sealed_fields(&self, scope: ScopeId) -> Result<Vec<SealedField>, Error> {
        self.read(scope, |tx, scope| {
            Box::pin(async move {
                let sql = "SELECT connection, field, generation, written_at FROM sealed WHERE scope = $1 \
                           AND generation = (SELECT max(generation) FROM sealed other WHERE other.scope = sealed.scope \
                            AND other.connection = sealed.connection AND other.field = sealed.field) \
                           ORDER BY connection, field LIMIT 10000";
                let rows = tx.query(sql, params![*scope]).await?;
                let field = |mut row: Row| {
                    Ok(SealedField {
                        connection: crate::scopes::name(&row.text()?)?,
                        field: row.text()?,
                        generation: row.number()?,
                        written_at: row.int()?,
                    })
                };
                rows.into_iter().map(field).collect()
            })
        })
        .await
    }

    /// Connections that have secrets, for a change of the master key: scope and name, after `after`.
    pub async fn sealed_connections(
        &self,
        after: Option<(ScopeId, Name)>,
        limit: usize,
    ) -> Result<Vec<(ScopeId, Name)>, Error> {
        let after = after.map_or((i64::MIN, String::new()), |(scope, name)| (scope.0, name.as_str().to_owned()));
        self.read((after, limit), |tx, (after, limit)| {
            Box::pin(async move {
                let sql = "SELECT DISTINCT scope, connection FROM sealed WHERE (scope, connection) > ($1, $2) \
                           ORDER BY scope, connection LIMIT $3";
                let rows = tx.query(sql, params![after.0, &after.1, *limit]).await?;
                rows.into_iter().map(|mut row| Ok((ScopeId(row.int()?), crate::scopes::name(&row.text()?)?))).collect()
            })
        })
        .await
    }

    /// Replaces the bytes of a generation, sealed anew with another master key; [`Error::NotFound`] when it is gone.
    pub async fn replace_sealed(&self, scope: ScopeId, connection: &Name, sealed: SealedRow) -> Result<(), Error> {
        self.write((scope, connection.clone(), sealed), |tx, (scope, connection, sealed)| {
            Box::pin(async move {
                let sql = "UPDATE sealed SET sealed = $1 \
                           WHERE scope = $2 AND connection = $3 AND field = $4 AND generation = $5";
                let values = params![&sealed.sealed, *scope, connection.as_str(), &sealed.field, sealed.generation];
                match tx.execute(sql, values).await? {
                    0 => Err(Error::NotFound(format!("{connection}/{} #{}", sealed.field, sealed.generation))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    /// Drops a field with all its generations; returns whether there was one. Audited.
    pub async fn delete_secret(
        &self,
        scope: ScopeId,
        connection: &Name,
        field: &str,
        change: Change,
    ) -> Result<bool, Error> {
        self.write((scope, connection.clone(), field.to_owned(), change), |tx, (scope, connection, field, change)| {
            Box::pin(async move {
                let sql = "DELETE FROM sealed WHERE scope = $1 AND connection = $2 AND field = $3";
                let gone = tx.execute(sql, params![*scope, connection.as_str(), field]).await?;
                if gone > 0 {
                    log(tx, *scope, connection, field, "secret.delete", change).await?;
                }
                Ok(gone > 0)
            })
        })
        .await
    }
}

const SELECT: &str = "SELECT field, generation, sealed, written_at FROM sealed";

fn read(row: &mut Row) -> Result<SealedRow, Error> {
    Ok(SealedRow { field: row.text()?, generation: row.number()?, sealed: row.blob()?, written_at: row.int()? })
}

async fn insert(tx: &mut Tx, scope: ScopeId, connection: &Name, sealed: &SealedRow) -> Result<u64, Error> {
    tx.execute(
        "INSERT INTO sealed (scope, connection, field, generation, sealed, written_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (scope, connection, field, generation) DO NOTHING",
        params![scope, connection.as_str(), &sealed.field, sealed.generation, &sealed.sealed, sealed.written_at],
    )
    .await
}

async fn put(tx: &mut Tx, scope: ScopeId, connection: &Name, sealed: &SealedRow, change: &Change) -> Result<(), Error> {
    append(tx, scope, connection, sealed).await?;
    crate::connections::revive(tx, scope, connection).await?;
    log(tx, scope, connection, &sealed.field, "secret.put", change).await
}

/// Writes the next generation of a field.
pub(crate) async fn append(tx: &mut Tx, scope: ScopeId, connection: &Name, sealed: &SealedRow) -> Result<(), Error> {
    let sql = "SELECT coalesce(max(generation), 0) FROM sealed WHERE scope = $1 AND connection = $2 AND field = $3";
    let newest = match tx.first(sql, params![scope, connection.as_str(), &sealed.field]).await? {
        Some(mut row) => row.number::<u64>()?,
        None => 0,
    };
    if newest + 1 != sealed.generation || insert(tx, scope, connection, sealed).await? == 0 {
        let what = format!("connection/{connection} {}", sealed.field);
        return Err(Error::Conflict { what, expected: sealed.generation.saturating_sub(1), found: newest });
    }
    Ok(())
}

async fn log(
    tx: &mut Tx,
    scope: ScopeId,
    connection: &Name,
    field: &str,
    action: &str,
    change: &Change,
) -> Result<(), Error> {
    let subject = format!("{} connection/{connection}", crate::scopes::scope_of(tx, scope).await?);
    let detail = serde_json::json!({ "field": field }).to_string();
    audit::append(tx, scope, AuditEntry { at: change.at, actor: &change.by, action, subject: &subject, detail }).await
}

/// Drops all secrets of a connection.
pub(crate) async fn remove(tx: &mut Tx, scope: ScopeId, connection: &Name) -> Result<(), Error> {
    let sql = "DELETE FROM sealed WHERE scope = $1 AND connection = $2";
    tx.execute(sql, params![scope, connection.as_str()]).await.map(|_| ())
}

/// Puts the secrets that were sealed for a connection's new name in the place of the old ones.
pub(crate) async fn reseal(
    tx: &mut Tx,
    scope: ScopeId,
    from: &Name,
    to: &Name,
    resealed: &[SealedRow],
) -> Result<(), Error> {
    remove(tx, scope, from).await?;
    remove(tx, scope, to).await?;
    for sealed in resealed {
        insert(tx, scope, to, sealed).await?;
    }
    Ok(())
}
