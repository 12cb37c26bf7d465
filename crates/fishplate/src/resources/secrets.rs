//! Secret values of connections: written, never read.

use auth::{Grant, Permission};
use model::resource::Ref;
use model::{Code, Name, Problem, Scope};

use super::write::{Expectation, Put};
use super::{Resources, authorise, manifest};

impl Resources {
    /// Sets a secret of a connection.
    pub async fn put_secret(
        &self,
        grant: &Grant,
        scope: &Scope,
        connection: &Name,
        field: &str,
        value: &str,
    ) -> Result<(), Problem> {
        authorise(grant, Permission::SecretWrite, scope)?;
        let of = Ref { kind: "connection".into(), name: connection.clone() };
        let resource = self.get(scope, &of).await?;
        let fields = self.kind("connection")?.decode(None, resource.spec.clone())?.secret_fields();
        if !fields.iter().any(|own| own == field) {
            let known: Vec<String> = fields.iter().map(|own| format!("`{own}`")).collect();
            let detail = format!("connection `{connection}` has no secret field `{}`", short(field));
            return Err(Problem::new(Code::NotFound, detail).hint(format!("its type has {}", known.join(", "))));
        }
        let id = self.scope(scope).await?;
        self.inner.vault.put_secret(id, connection, field, value.as_bytes(), grant.actor()).await?;
        self.write_flags(grant, scope, &of).await
    }

    /// Drops a secret of a connection.
    pub async fn delete_secret(
        &self,
        grant: &Grant,
        scope: &Scope,
        connection: &Name,
        field: &str,
    ) -> Result<(), Problem> {
        authorise(grant, Permission::SecretWrite, scope)?;
        let of = Ref { kind: "connection".into(), name: connection.clone() };
        self.get(scope, &of).await?;
        let id = self.scope(scope).await?;
        if !self.inner.vault.delete_secret(id, connection, field, grant.actor()).await? {
            return Err(Problem::new(Code::NotFound, format!("the secret `{}` has no value", short(field))));
        }
        self.write_flags(grant, scope, &of).await
    }

    /// Writes the connection again as it is: the write path puts the flags in. The same flags leave no new revision.
    async fn write_flags(&self, grant: &Grant, scope: &Scope, of: &Ref) -> Result<(), Problem> {
        let resource = self.get(scope, of).await?;
        let put = Put::new(manifest(&resource), Expectation::Any);
        self.put(grant, scope, put, false).await.map(drop)
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
