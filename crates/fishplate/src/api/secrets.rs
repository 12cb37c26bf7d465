//! Secret values: written, never read.

use auth::Permission;
use model::Problem;
use part::http::{Call, Operation, Reply};
use schemars::JsonSchema;
use serde::Deserialize;

use super::App;

/// A secret value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Secret {
    /// The value.
    value: String,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let path = "/api/v1/connections/{name}/secrets/{field}";
    vec![
        Operation::put(path, "putSecret", Permission::SecretWrite)
            .about("connections", "Sets a secret of a connection. It is never shown again.")
            .takes::<Secret>()
            .handle({
                let app = app.clone();
                move |call| put(app.clone(), call)
            }),
        Operation::delete(path, "deleteSecret", Permission::SecretWrite)
            .about("connections", "Drops a secret of a connection.")
            .handle({
                let app = app.clone();
                move |call| delete(app.clone(), call)
            }),
    ]
}

async fn put(app: App, mut call: Call) -> Result<Reply, Problem> {
    let secret: Secret = call.json().await?;
    let name = call.name("name")?;
    app.resources.put_secret(call.grant()?, &call.scope, &name, call.segment("field"), &secret.value).await?;
    Ok(Reply::empty())
}

async fn delete(app: App, call: Call) -> Result<Reply, Problem> {
    let name = call.name("name")?;
    app.resources.delete_secret(call.grant()?, &call.scope, &name, call.segment("field")).await?;
    Ok(Reply::empty())
}
