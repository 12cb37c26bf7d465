//! The caller: who they are, and what people do with their own account.

use auth::accounts::me::{IdentityInfo, SessionInfo};
use auth::accounts::oidc::{Departure, Journey};
use auth::accounts::passkeys::{Ceremony, NewPasskey, PasskeyInfo};
use auth::accounts::{Profile, SignedIn};
use auth::{Access, MadeToken, NewToken, Permission, Rule, TokenInfo};
use http::{Method, header};
use model::{Problem, Value};
use part::http::{Call, Operation, Page, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sign_in::{depart, welcome};
use super::{App, on};

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
struct Me {
    /// Name, as audit entries show it.
    actor: String,
    /// What they may do where.
    rules: Vec<Rule>,
    /// What a token is narrowed to; absent: everything that its rules give.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Vec<Permission>>,
    /// The person, when it is one or a token of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Profile>,
    /// With a session: what pages send in the header `fishplate-csrf` with whatever could change something.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<String>,
}

/// Another name for oneself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    /// The name.
    name: String,
}

/// Another password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    /// The one until now; not needed when there is none.
    #[serde(default)]
    current: String,
    /// The one from now on.
    password: String,
}

/// Where to come back to.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Back {
    /// A path of the app; absent: its first page.
    next: Option<String>,
}

/// How many sessions have ended.
#[derive(Serialize, JsonSchema)]
pub(super) struct Ended {
    /// How many.
    pub ended: u64,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let session = |method: Method, path: &str, id: &str| Operation::new(method, path, id, Access::Session);
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    vec![
        on(
            app,
            Operation::new(Method::GET, "/api/v1/me", "whoAmI", Access::Authenticated)
                .about("me", "Tells who asks, by session or token.")
                .gives::<Me>(),
            who,
        ),
        on(
            app,
            session(Method::PATCH, "/api/v1/me", "renameMe")
                .about("me", "Gives oneself another name.")
                .takes::<Rename>()
                .gives::<Profile>(),
            async |app, mut call| {
                let said: Rename = call.json().await?;
                Reply::json(&app.accounts.rename(call.grant()?, &said.name).await?)
            },
        ),
        on(
            app,
            session(post.clone(), "/api/v1/me/sign-out", "signOut").about("me", "Ends the session."),
            async |app, call| {
                let cookie = app.accounts.sign_out(call.grant()?).await?;
                Ok(Reply::empty().header(header::SET_COOKIE, cookie))
            },
        ),
        on(
            app,
            session(post.clone(), "/api/v1/me/password", "changePassword")
                .about("me", "Sets another password; every other session ends, and this one gets a new cookie.")
                .takes::<ChangePassword>()
                .gives::<SignedIn>()
                .secret(),
            async |app, mut call| {
                let said: ChangePassword = call.json().await?;
                welcome(&app.accounts.change_password(call.grant()?, &said.current, &said.password).await?)
            },
        ),
        on(
            app,
            session(get.clone(), "/api/v1/me/sessions", "listSessions")
                .about("me", "Lists one's sessions, the newest first.")
                .gives::<Page<SessionInfo>>(),
            async |app, call| page(app.accounts.sessions(call.grant()?).await?),
        ),
        on(
            app,
            session(delete.clone(), "/api/v1/me/sessions", "endOtherSessions")
                .about("me", "Ends all of one's sessions but this one.")
                .gives::<Ended>(),
            async |app, call| Reply::json(&Ended { ended: app.accounts.end_other_sessions(call.grant()?).await? }),
        ),
        on(
            app,
            session(delete.clone(), "/api/v1/me/sessions/{id}", "endSession")
                .about("me", "Ends one of one's sessions."),
            async |app, call| {
                app.accounts.end_session(call.grant()?, call.id("id", "session")?).await?;
                Ok(Reply::empty())
            },
        ),
        on(
            app,
            session(get.clone(), "/api/v1/me/passkeys", "listPasskeys")
                .about("me", "Lists one's passkeys, the oldest first.")
                .gives::<Page<PasskeyInfo>>(),
            async |app, call| page(app.accounts.passkeys(call.grant()?).await?),
        ),
        on(
            app,
            session(post.clone(), "/api/v1/me/passkeys/begin", "askNewPasskey")
                .about("me", "Tells what to ask an authenticator for that is to make a passkey.")
                .gives::<Ceremony>(),
            async |app, call| Reply::json(&app.accounts.ask_new_passkey(call.grant()?, &call.headers).await?),
        ),
        on(
            app,
            session(post.clone(), "/api/v1/me/passkeys", "addPasskey")
                .about("me", "Keeps a passkey that an authenticator has made.")
                .takes::<NewPasskey>()
                .gives::<PasskeyInfo>()
                .status(201),
            async |app, mut call| {
                let new: NewPasskey = call.json().await?;
                Reply::json(&app.accounts.add_passkey(call.grant()?, new).await?)
            },
        ),
        on(
            app,
            session(delete.clone(), "/api/v1/me/passkeys/{id}", "removePasskey")
                .about("me", "Takes one of one's passkeys away."),
            async |app, call| {
                app.accounts.remove_passkey(call.grant()?, call.segment("id")).await?;
                Ok(Reply::empty())
            },
        ),
        on(
            app,
            session(get.clone(), "/api/v1/me/identities", "listIdentities")
                .about("me", "Lists by which providers one comes in.")
                .gives::<Page<IdentityInfo>>(),
            async |app, call| page(app.accounts.identities(call.grant()?).await?),
        ),
        on(
            app,
            session(post.clone(), "/api/v1/me/identities/{provider}", "attachIdentity")
                .about("me", "Tells where to go to come in by a provider from now on.")
                .takes::<Back>()
                .gives::<Departure>()
                .secret(),
            async |app, mut call| {
                let back: Back = call.json_or_default().await?;
                let (user, _) = call.grant()?.session()?;
                app.accounts.require_recent(call.grant()?).await?;
                depart(&app, &call, Journey { next: back.next, link: None, attach: Some(user) }).await
            },
        ),
        on(
            app,
            session(delete.clone(), "/api/v1/me/identities/{provider}", "detachIdentity")
                .about("me", "Comes in by a provider no more."),
            async |app, call| {
                app.accounts.unlink(call.grant()?, call.segment("provider")).await?;
                Ok(Reply::empty())
            },
        ),
        on(
            app,
            session(get, "/api/v1/me/tokens", "listMyTokens")
                .about("me", "Lists one's personal tokens, without their texts.")
                .gives::<Page<TokenInfo>>(),
            async |app, call| page(app.accounts.tokens().list_own(call.grant()?).await?),
        ),
        on(
            app,
            session(post, "/api/v1/me/tokens", "createMyToken")
                .about(
                    "me",
                    "Makes a personal token, which never has more than its person. Its text is shown this once.",
                )
                .takes::<NewToken>()
                .gives::<MadeToken>()
                .status(201)
                .secret(),
            async |app, mut call| {
                let new: NewToken = call.json().await?;
                app.accounts.require_recent(call.grant()?).await?;
                Reply::json(&app.accounts.tokens().create_own(call.grant()?, new).await?)
            },
        ),
        on(
            app,
            session(delete, "/api/v1/me/tokens/{id}", "revokeMyToken").about("me", "Takes a personal token back."),
            async |app, call| {
                app.accounts.tokens().revoke_own(call.grant()?, call.id("id", "token")?).await?;
                Ok(Reply::empty())
            },
        ),
    ]
}

async fn who(app: App, call: Call) -> Result<Reply, Problem> {
    let grant = call.grant()?;
    let csrf = grant.session().ok().and_then(|_| app.accounts.csrf(&call.headers));
    Reply::json(&Me {
        actor: grant.actor().to_owned(),
        rules: grant.rules().to_vec(),
        permissions: grant.permissions().map(<[Permission]>::to_vec),
        user: app.accounts.profile(grant).await?,
        csrf,
    })
}

/// A list that is never long enough to need pages.
pub(super) fn page<T: Serialize>(items: Vec<T>) -> Result<Reply, Problem> {
    Reply::json(&json!({ "items": serde_json::to_value(items).unwrap_or(Value::Null) }))
}
