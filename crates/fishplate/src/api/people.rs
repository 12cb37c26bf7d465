//! People: who is let in and as what, and the providers that they sign in with.

use auth::accounts::oidc::{NewProvider, ProviderInfo};
use auth::accounts::people::{Invitation, LinkInfo, MadeLink, Person};
use auth::{Permission, Rule};
use model::Problem;
use part::http::{Call, Operation, Page, Reply};
use schemars::JsonSchema;
use serde::Deserialize;

use super::me::{Ended, page};
use super::{App, on};

/// What somebody may do from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// Everything that they may do where.
    rules: Vec<Rule>,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let (manage, providers) = (Permission::UserManage, Permission::SignInWrite);
    vec![
        on(
            app,
            Operation::get("/api/v1/users", "listUsers", manage)
                .about("users", "Lists the people whom one may see.")
                .paged()
                .gives::<Page<Person>>(),
            async |app, call| {
                let all = app.accounts.people(call.grant()?).await?;
                Reply::json(&Page::cut(&call, all, |person| person.profile.id.clone())?)
            },
        ),
        on(
            app,
            Operation::post("/api/v1/users/invite", "inviteUser", manage)
                .about("users", "Makes a one-time link that lets somebody in. It is shown this once.")
                .takes::<Invitation>()
                .gives::<MadeLink>()
                .status(201)
                .secret(),
            async |app, mut call| {
                let invitation: Invitation = call.json().await?;
                Reply::json(&app.accounts.invite(call.grant()?, invitation).await?)
            },
        ),
        on(
            app,
            Operation::post("/api/v1/users/owner-link", "makeOwnerLink", providers)
                .about("users", "Makes a one-time link by which whoever has it becomes an owner.")
                .gives::<MadeLink>()
                .status(201)
                .secret(),
            async |app, call| Reply::json(&app.accounts.make_owner_link(call.grant()?).await?),
        ),
        on(
            app,
            Operation::get("/api/v1/users/links", "listLinks", manage)
                .about("users", "Lists the one-time links that wait, without their secrets.")
                .gives::<Page<LinkInfo>>(),
            async |app, call| page(app.accounts.links(call.grant()?).await?),
        ),
        on(
            app,
            Operation::delete("/api/v1/users/links/{id}", "dropLink", manage)
                .about("users", "Takes a one-time link back."),
            async |app, call| {
                app.accounts.drop_link(call.grant()?, call.segment("id")).await?;
                Ok(Reply::empty())
            },
        ),
        on(
            app,
            Operation::post("/api/v1/users/{id}/reset", "resetUser", manage)
                .about("users", "Makes a one-time link by which somebody sets a new password.")
                .gives::<MadeLink>()
                .status(201)
                .secret(),
            async |app, call| Reply::json(&app.accounts.reset_link(call.grant()?, call.id("id", "person")?).await?),
        ),
        on(
            app,
            Operation::put("/api/v1/users/{id}/rules", "changeUserRules", manage)
                .about("users", "Changes what somebody may do; their sessions end.")
                .takes::<Rules>()
                .gives::<Person>(),
            async |app, mut call| {
                let said: Rules = call.json().await?;
                let id = call.id("id", "person")?;
                Reply::json(&app.accounts.change_rules(call.grant()?, id, said.rules).await?)
            },
        ),
        on(
            app,
            Operation::post("/api/v1/users/{id}/disable", "disableUser", manage)
                .about("users", "Shuts somebody out: their sessions, tokens and links end.")
                .gives::<Person>(),
            async |app, call| set_disabled(app, call, true).await,
        ),
        on(
            app,
            Operation::post("/api/v1/users/{id}/enable", "enableUser", manage)
                .about("users", "Lets somebody in again.")
                .gives::<Person>(),
            async |app, call| set_disabled(app, call, false).await,
        ),
        on(
            app,
            Operation::delete("/api/v1/users/{id}/sessions", "endUserSessions", manage)
                .about("users", "Ends all sessions of somebody.")
                .gives::<Ended>(),
            async |app, call| {
                let ended = app.accounts.end_sessions_of(call.grant()?, call.id("id", "person")?).await?;
                Reply::json(&Ended { ended })
            },
        ),
        on(
            app,
            Operation::get("/api/v1/sign-in/providers", "listProviders", providers)
                .about("users", "Lists the providers that people sign in with, without their secrets.")
                .gives::<Page<ProviderInfo>>(),
            async |app, call| page(app.accounts.providers(call.grant()?).await?),
        ),
        on(
            app,
            Operation::put("/api/v1/sign-in/providers/{name}", "putProvider", providers)
                .about("users", "Sets a provider up that people sign in with (OpenID Connect). It is asked at once.")
                .takes::<NewProvider>()
                .gives::<ProviderInfo>(),
            async |app, mut call| {
                let new: NewProvider = call.json().await?;
                Reply::json(&app.accounts.put_provider(call.grant()?, &call.name("name")?, new).await?)
            },
        ),
        on(
            app,
            Operation::delete("/api/v1/sign-in/providers/{name}", "deleteProvider", providers)
                .about("users", "Drops a provider, and with it who is known by it."),
            async |app, call| {
                app.accounts.delete_provider(call.grant()?, call.segment("name")).await?;
                Ok(Reply::empty())
            },
        ),
    ]
}

async fn set_disabled(app: App, call: Call, disabled: bool) -> Result<Reply, Problem> {
    Reply::json(&app.accounts.set_disabled(call.grant()?, call.id("id", "person")?, disabled).await?)
}
