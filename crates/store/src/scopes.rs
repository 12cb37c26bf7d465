//! Workspaces and environments, and the numbers that stand for them in keys.

use model::{Scope, ScopeId};

use crate::audit::{self, AuditEntry};
use crate::db::{Tx, params};
use crate::{Error, Millis, Store};

impl Store {
    /// The number of a scope, or nothing when it does not exist. `main/prod` is always 1.
    pub async fn scope(&self, scope: &Scope) -> Result<Option<ScopeId>, Error> {
        self.read(scope.clone(), |tx, scope| Box::pin(find(tx, scope))).await
    }

    /// The number of a scope, which is made when it does not exist.
    pub async fn ensure_scope(&self, scope: &Scope) -> Result<ScopeId, Error> {
        self.write(scope.clone(), |tx, scope| Box::pin(ensure(tx, scope))).await
    }

    /// Makes a scope because somebody says so: audited, unless it is there already. The number, and whether it is new.
    pub async fn create_scope(&self, scope: &Scope, by: &str, now: Millis) -> Result<(ScopeId, bool), Error> {
        self.write((scope.clone(), by.to_owned(), now), |tx, (scope, by, now)| Box::pin(create(tx, scope, by, *now)))
            .await
    }

    /// All scopes in the order of their making.
    pub async fn scopes(&self) -> Result<Vec<(ScopeId, Scope)>, Error> {
        self.read((), |tx, ()| Box::pin(all(tx))).await
    }
}

async fn find(tx: &mut Tx, scope: &Scope) -> Result<Option<ScopeId>, Error> {
    let row = tx
        .first(
            "SELECT scope.id FROM scope JOIN workspace ON workspace.id = scope.workspace \
             WHERE workspace.name = $1 AND scope.environment = $2",
            params![scope.workspace.as_str(), scope.environment.as_str()],
        )
        .await?;
    row.map(|mut row| row.int().map(ScopeId)).transpose()
}

async fn ensure(tx: &mut Tx, scope: &Scope) -> Result<ScopeId, Error> {
    let workspace = scope.workspace.as_str();
    tx.execute("INSERT INTO workspace (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", params![workspace]).await?;
    tx.execute(
        "INSERT INTO scope (workspace, environment) SELECT id, $1 FROM workspace WHERE name = $2 \
         ON CONFLICT (workspace, environment) DO NOTHING",
        params![scope.environment.as_str(), workspace],
    )
    .await?;
    find(tx, scope).await?.ok_or_else(|| Error::NotFound(scope.to_string()))
}

async fn create(tx: &mut Tx, scope: &Scope, by: &str, now: Millis) -> Result<(ScopeId, bool), Error> {
    if let Some(id) = find(tx, scope).await? {
        return Ok((id, false));
    }
    let id = ensure(tx, scope).await?;
    let subject = scope.to_string();
    let entry = AuditEntry { at: now, actor: by, action: "scope.create", subject: &subject, detail: "{}".into() };
    audit::append(tx, id, entry).await?;
    Ok((id, true))
}

async fn all(tx: &mut Tx) -> Result<Vec<(ScopeId, Scope)>, Error> {
    let sql = "SELECT scope.id, workspace.name, scope.environment FROM scope \
               JOIN workspace ON workspace.id = scope.workspace ORDER BY scope.id";
    let mut scopes = Vec::new();
    for mut row in tx.query(sql, &[]).await? {
        let id = ScopeId(row.int()?);
        scopes.push((id, Scope { workspace: name(&row.text()?)?, environment: name(&row.text()?)? }));
    }
    Ok(scopes)
}

/// Reads a stored name.
pub(crate) fn name(text: &str) -> Result<model::Name, Error> {
    text.parse().map_err(|error| Error::Corrupt(format!("{error}")))
}

/// Number of the workspace that a scope belongs to.
pub(crate) async fn workspace_of(tx: &mut Tx, scope: ScopeId) -> Result<i64, Error> {
    match tx.first("SELECT workspace FROM scope WHERE id = $1", params![scope]).await? {
        Some(mut row) => row.int(),
        None => Err(Error::NoScope(scope.0)),
    }
}

/// The scope of a number.
pub(crate) async fn scope_of(tx: &mut Tx, scope: ScopeId) -> Result<Scope, Error> {
    let sql = "SELECT workspace.name, scope.environment FROM scope \
               JOIN workspace ON workspace.id = scope.workspace WHERE scope.id = $1";
    match tx.first(sql, params![scope]).await? {
        Some(mut row) => Ok(Scope { workspace: name(&row.text()?)?, environment: name(&row.text()?)? }),
        None => Err(Error::NoScope(scope.0)),
    }
}
