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

use super::App;

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
    let public = |method: Method, path: &str, id: &str| Operation::new(method, path, id, Access::Public);
    vec![
        public(Method::GET, "/api/v1/sign-in", "signInWays")
            .about("sign-in", "Tells by what one can sign in.")
            .gives::<Door>()
            .handle({
                let app = app.clone();
                move |call| {
                    let app = app.clone();
                    async move {
                        let (providers, needs_owner) = (app.accounts.ways().await?, app.accounts.needs_owner().await?);
                        let signed_in = app.accounts.has_session(&call.headers).await;
                        Reply::json(&Door { providers, needs_owner, signed_in })
                    }
                }
            }),
        public(Method::POST, "/api/v1/sign-in/password", "signInByPassword")
            .about("sign-in", "Opens a session by password; the cookie comes with the answer.")
            .takes::<ByPassword>()
            .gives::<SignedIn>()
            .secret()
            .handle({
                let app = app.clone();
                move |mut call| {
                    let app = app.clone();
                    async move {
                        let said: ByPassword = call.json().await?;
                        let visitor = visitor(&app, &call);
                        welcome(&app.accounts.sign_in(&visitor, &said.email, &said.password).await?)
                    }
                }
            }),
        public(Method::POST, "/api/v1/sign-in/passkey/begin", "askPasskey")
            .about("sign-in", "Tells what to ask an authenticator for.")
            .gives::<Ceremony>()
            .handle({
                let app = app.clone();
                move |call| {
                    let app = app.clone();
                    async move { Reply::json(&app.accounts.ask_passkey(&call.headers)?) }
                }
            }),
        public(Method::POST, "/api/v1/sign-in/passkey", "signInByPasskey")
            .about("sign-in", "Opens a session by passkey; the cookie comes with the answer.")
            .takes::<PasskeyAnswer>()
            .gives::<SignedIn>()
            .secret()
            .handle({
                let app = app.clone();
                move |mut call| {
                    let app = app.clone();
                    async move {
                        let answer: PasskeyAnswer = call.json().await?;
                        let visitor = visitor(&app, &call);
                        welcome(&app.accounts.sign_in_by_passkey(&visitor, answer).await?)
                    }
                }
            }),
        public(Method::POST, "/api/v1/sign-in/{provider}/begin", "departForProvider")
            .about("sign-in", "Tells where to go to sign in with a provider.")
            .takes::<Destination>()
            .gives::<Departure>()
            .secret()
            .handle({
                let app = app.clone();
                move |mut call| {
                    let app = app.clone();
                    async move {
                        let to: Destination = call.json_or_default().await?;
                        let journey = Journey { next: to.next, link: to.link, attach: None };
                        depart(&app, &call, journey).await
                    }
                }
            }),
        public(Method::GET, "/api/v1/sign-in/{provider}/return", "returnFromProvider")
            .about("sign-in", "Where a provider sends people back to: opens a session and leads on.")
            .param("code", ParamKind::Text, "What the provider gives for who it is.")
            .param("state", ParamKind::Text, "What we gave the browser to bring back.")
            .param("iss", ParamKind::Text, "Who the provider is.")
            .param("session_state", ParamKind::Text, "Not read.")
            .param("scope", ParamKind::Text, "Not read.")
            .param("authuser", ParamKind::Text, "Not read.")
            .param("prompt", ParamKind::Text, "Not read.")
            .param("hd", ParamKind::Text, "Not read.")
            .param("error", ParamKind::Text, "Why there is nobody.")
            .param("error_description", ParamKind::Text, "The same in words.")
            .param("error_uri", ParamKind::Text, "Not read.")
            .status(303)
            .handle({
                let app = app.clone();
                move |call| arrive(app.clone(), call)
            }),
        public(Method::POST, "/api/v1/links/look", "lookAtLink")
            .about("sign-in", "Tells what a one-time link is good for.")
            .takes::<LinkSecret>()
            .gives::<LinkInfo>()
            .handle({
                let app = app.clone();
                move |mut call| {
                    let app = app.clone();
                    async move {
                        let said: LinkSecret = call.json().await?;
                        Reply::json(&app.accounts.look(&visitor(&app, &call), &said.secret).await?)
                    }
                }
            }),
        public(Method::POST, "/api/v1/links/accept", "acceptLink")
            .about("sign-in", "Uses a one-time link: makes the account or sets its password, and opens a session.")
            .takes::<Acceptance>()
            .gives::<SignedIn>()
            .secret()
            .handle({
                let app = app.clone();
                move |mut call| {
                    let app = app.clone();
                    async move {
                        let said: Acceptance = call.json().await?;
                        welcome(&app.accounts.accept(&visitor(&app, &call), said).await?)
                    }
                }
            }),
    ]
}

/// What is known of whoever asks.
pub(super) fn visitor(app: &App, call: &Call) -> Visitor {
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
