//! Coming in: what a person does before they are anybody.

use std::collections::HashMap;

use auth::Access;
use auth::accounts::SignedIn;
use auth::accounts::oidc::{Departure, Journey, Way};
use auth::accounts::passkeys::{Ceremony, PasskeyAnswer};
use auth::accounts::people::{Acceptance, LinkInfo};
use auth::accounts::sign_in::Visitor;
use http::{HeaderValue, Method, header};
use model::Problem;
use part::http::{Call, Operation, ParamKind, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{App, on};

/// What the sign-in page offers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Door {
    /// Providers to sign in with.
    providers: Vec<Way>,
    /// Nobody owns the server yet: the link that the server printed makes an owner.
    needs_owner: bool,
    /// Whether the browser has a session already.
    signed_in: bool,
}

/// An address and its password.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ByPassword {
    /// Address.
    email: String,
    /// Password.
    password: String,
}

/// A link that somebody has.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LinkSecret {
    /// Its secret, `fpl_…`.
    secret: String,
}

/// Where somebody wants to go.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Destination {
    /// A path of the app to come back to; absent: its first page.
    next: Option<String>,
    /// Secret of a link that lets them in.
    link: Option<String>,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let public = |method: Method, path: &str, id: &str, about: &str| {
        Operation::new(method, path, id, Access::Public).about("sign-in", about)
    };
    let (get, post) = (Method::GET, Method::POST);
    vec![
        on(
            app,
            public(get.clone(), "/api/v1/sign-in", "signInWays", "Tells by what one can sign in.").gives::<Door>(),
            async |app, call| {
                let (providers, needs_owner) = (app.accounts.ways().await?, app.accounts.needs_owner().await?);
                let signed_in = app.accounts.has_session(&call.headers).await;
                Reply::json(&Door { providers, needs_owner, signed_in })
            },
        ),
        on(
            app,
            public(
                post.clone(),
                "/api/v1/sign-in/password",
                "signInByPassword",
                "Opens a session by password; the cookie comes with the answer.",
            )
            .takes::<ByPassword>()
            .gives::<SignedIn>()
            .secret(),
            async |app, mut call| {
                let said: ByPassword = call.json().await?;
                welcome(&app.accounts.sign_in(&visitor(&app, &call), &said.email, &said.password).await?)
            },
        ),
        on(
            app,
            public(
                post.clone(),
                "/api/v1/sign-in/passkey/begin",
                "askPasskey",
                "Tells what to ask an authenticator for.",
            )
            .gives::<Ceremony>(),
            async |app, call| Reply::json(&app.accounts.ask_passkey(&call.headers)?),
        ),
        on(
            app,
            public(
                post.clone(),
                "/api/v1/sign-in/passkey",
                "signInByPasskey",
                "Opens a session by passkey; the cookie comes with the answer.",
            )
            .takes::<PasskeyAnswer>()
            .gives::<SignedIn>()
            .secret(),
            async |app, mut call| {
                let answer: PasskeyAnswer = call.json().await?;
                welcome(&app.accounts.sign_in_by_passkey(&visitor(&app, &call), answer).await?)
            },
        ),
        on(
            app,
            public(
                post.clone(),
                "/api/v1/sign-in/{provider}/begin",
                "departForProvider",
                "Tells where to go to sign in with a provider.",
            )
            .takes::<Destination>()
            .gives::<Departure>()
            .secret(),
            async |app, mut call| {
                let to: Destination = call.json_or_default().await?;
                depart(&app, &call, Journey { next: to.next, link: to.link, attach: None }).await
            },
        ),
        on(
            app,
            public(
                get,
                "/api/v1/sign-in/{provider}/return",
                "returnFromProvider",
                "Where a provider sends people back to: opens a session and leads on.",
            )
            .param("code", ParamKind::Text, "What the provider gives for who it is.")
            .param("state", ParamKind::Text, "What we gave the browser to bring back.")
            .param("iss", ParamKind::Text, "Who the provider is.")
            .param("error", ParamKind::Text, "Why there is nobody.")
            .param("error_description", ParamKind::Text, "The same in words.")
            // Providers add words of their own, which are to be ignored (RFC 6749, section 4.1.2).
            .any_query()
            .status(303),
            arrive,
        ),
        on(
            app,
            public(post.clone(), "/api/v1/links/look", "lookAtLink", "Tells what a one-time link is good for.")
                .takes::<LinkSecret>()
                .gives::<LinkInfo>(),
            async |app, mut call| {
                let said: LinkSecret = call.json().await?;
                Reply::json(&app.accounts.look(&visitor(&app, &call), &said.secret).await?)
            },
        ),
        on(
            app,
            public(
                post,
                "/api/v1/links/accept",
                "acceptLink",
                "Uses a one-time link: makes the account or sets its password, and opens a session.",
            )
            .takes::<Acceptance>()
            .gives::<SignedIn>()
            .secret(),
            async |app, mut call| {
                let said: Acceptance = call.json().await?;
                welcome(&app.accounts.accept(&visitor(&app, &call), said).await?)
            },
        ),
    ]
}

/// What is known of whoever asks.
fn visitor(app: &App, call: &Call) -> Visitor {
    app.accounts.visitor(&call.headers, call.peer)
}

/// An answer that gives the browser its session.
pub(super) fn welcome(signed_in: &SignedIn) -> Result<Reply, Problem> {
    Ok(Reply::json(signed_in)?.header(header::SET_COOKIE, &signed_in.cookie))
}

/// Sends somebody to a provider.
pub(super) async fn depart(app: &App, call: &Call, journey: Journey) -> Result<Reply, Problem> {
    let departure = app.accounts.depart(call.segment("provider"), journey).await?;
    Ok(Reply::json(&departure)?.header(header::SET_COOKIE, &departure.cookie))
}

/// A person looks at this answer, so what went wrong is shown by the sign-in page and not as JSON.
async fn arrive(app: App, call: Call) -> Result<Reply, Problem> {
    let names = ["code", "state", "iss", "error", "error_description"];
    let said: HashMap<&str, &str> = names.iter().filter_map(|name| Some((*name, call.text(name)?))).collect();
    let arrived = app.accounts.arrive(call.segment("provider"), &visitor(&app, &call), &call.headers, &said).await;
    let (place, cookies) = match arrived {
        Ok(arrival) => {
            let session = arrival.signed_in.map(|signed_in| signed_in.cookie);
            (arrival.next, [Some(arrival.cookie), session])
        }
        Err(problem) => {
            let words = [Some(problem.detail.as_str()), problem.hint.as_deref()];
            let words = words.into_iter().flatten().collect::<Vec<_>>().join(" – ");
            (refusal_page(&words), [None, None])
        }
    };
    let mut reply = Reply::empty().status(303).header(header::LOCATION, place);
    for cookie in cookies.into_iter().flatten() {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            reply.0.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    Ok(reply)
}

/// The sign-in page with what went wrong.
fn refusal_page(words: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("refused", words).finish();
    format!("/sign-in?{query}")
}
