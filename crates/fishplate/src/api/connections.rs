//! Connections beyond what is written down: consenting at a service, how they are, and the pages that people see who
//! have no session here.

use auth::oauth::consent::{Consent, DeviceAnswer, DeviceCode, PATIENCE, ReconnectLink, Said};
use auth::{Access, Credential, Permission, Status, Vault};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, Method, header};
use model::resource::Ref;
use model::{Code, Name, Problem, ScopeId};
use outbound::Meta;
use part::http::{Call, Operation, ParamKind, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{App, malformed, on};

/// Kind of the cookie by which a browser is known again that went to consent.
const COOKIE: &str = "consent";

/// Connections that somebody has to do something about.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Warnings {
    /// They are dead, or end within a week.
    items: Vec<Status>,
}

/// A code that was asked for before.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Poll {
    /// Its `handle`.
    handle: String,
}

/// What to try.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Trial {
    /// An address to read with the connection; absent: tokens are renewed, and secrets looked at.
    url: Option<String>,
}

/// What came of a trial.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tried {
    /// How the connection is.
    status: Status,
    /// Status that the address answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<u16>,
}

/// What became of tokens.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Disconnected {
    /// The service has made them void, too. Otherwise it may know them until they end.
    told: bool,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let path = |rest: &str| format!("/api/v1/connections/{{name}}/{rest}");
    let public = |path: &str, id: &str, about: &str| {
        Operation::new(Method::GET, path, id, Access::Public).about("connections", about).gives_bytes(&["text/html"])
    };
    vec![
        on(
            app,
            Operation::get("/api/v1/connection-warnings", "connectionWarnings", Permission::ResourceRead)
                .about(
                    "connections",
                    "Connections that services do not take any more, and those that end within a week.",
                )
                .gives::<Warnings>(),
            async |app, call| {
                let scope = app.scope(&call.scope).await?;
                Reply::json(&Warnings { items: app.vault.ailing(scope).await? })
            },
        ),
        on(
            app,
            Operation::get(path("status"), "connectionStatus", Permission::ResourceRead)
                .about("connections", "How a connection is, until when, and what is missing.")
                .gives::<Status>(),
            async |app, call| {
                let (scope, name) = place(&app, &call).await?;
                let status = app.vault.status(scope, &name).await?;
                Reply::json(&status.reached_at(app.accounts.site().base()))
            },
        ),
        on(
            app,
            Operation::post(path("authorize"), "authorizeConnection", Permission::SecretWrite)
                .about("connections", "Tells where a person consents. The answer comes back to `/oauth/callback`.")
                .gives::<Consent>()
                .secret(),
            authorize,
        ),
        on(
            app,
            Operation::post(path("device"), "beginDevice", Permission::SecretWrite)
                .about("connections", "Asks for a code that a person types in on another device.")
                .gives::<DeviceCode>()
                .secret(),
            async |app, call| {
                let (scope, name) = place(&app, &call).await?;
                Reply::json(&app.vault.begin_device(scope, &name, call.grant()?.actor()).await?)
            },
        ),
        on(
            app,
            Operation::post(path("device/poll"), "pollDevice", Permission::SecretWrite)
                .about("connections", "Looks whether a person has consented on the other device.")
                .takes::<Poll>()
                .gives::<DeviceAnswer>(),
            async |app, mut call| {
                let said: Poll = call.json().await?;
                let (scope, name) = place(&app, &call).await?;
                Reply::json(&app.vault.poll_device(scope, &name, &said.handle).await?)
            },
        ),
        on(
            app,
            Operation::post(path("test"), "testConnection", Permission::ConnectionUse)
                .about(
                    "connections",
                    "Tries a connection again, whatever is known of it: renews its token, or reads an address that is named.",
                )
                .takes::<Trial>()
                .gives::<Tried>(),
            test,
        ),
        on(
            app,
            Operation::post(path("disconnect"), "disconnectConnection", Permission::SecretWrite)
                .about("connections", "Makes tokens void at the service, where it takes that, and forgets them.")
                .gives::<Disconnected>(),
            async |app, call| {
                let (scope, name) = place(&app, &call).await?;
                let told = app.vault.disconnect(scope, &name, call.grant()?.actor()).await?;
                Reply::json(&Disconnected { told })
            },
        ),
        on(
            app,
            Operation::post(path("reconnect-link"), "reconnectLink", Permission::SecretWrite)
                .about("connections", "Makes a link by which the account's owner consents again, good once.")
                .gives::<ReconnectLink>()
                .secret(),
            async |app, call| {
                let (scope, name) = place(&app, &call).await?;
                let base = app.accounts.site().base();
                Reply::json(&app.vault.reconnect_link(scope, &name, base, call.grant()?.actor()).await?)
            },
        ),
        on(
            app,
            public("/oauth/callback", "oauthCallback", "Where services send people back to who have consented.")
                .param("code", ParamKind::Text, "What tokens are handed out for.")
                .param("state", ParamKind::Text, "What we gave the browser to bring back.")
                .param("error", ParamKind::Text, "Why there are none.")
                .param("error_description", ParamKind::Text, "The same in words.")
                // Services add words of their own, which are to be ignored (RFC 6749, section 4.1.2).
                .any_query(),
            callback,
        ),
        on(
            app,
            public("/oauth/reconnect", "oauthReconnect", "Where a link to connect again leads to.")
                .param("link", ParamKind::Text, "The secret of the link.")
                .param("go", ParamKind::Boolean, "Go on to the service; the link is used by that."),
            reconnect,
        ),
    ]
}

/// The connection that a request is about; what is not there is not found.
pub(super) async fn place(app: &App, call: &Call) -> Result<(ScopeId, Name), Problem> {
    let name = call.name("name")?;
    app.resources.get(&call.scope, &Ref { kind: "connection".into(), name: name.clone() }).await?;
    Ok((app.scope(&call.scope).await?, name))
}

/// What the browser has that went to consent, which it keeps for its next consent.
fn browser(app: &App, headers: &HeaderMap) -> (String, String) {
    let site = app.accounts.site();
    let known = Vault::browser_secret(site.cookie(headers, COOKIE));
    let cookie = site.set_cookie(COOKIE, Some(&known), (PATIENCE / 1000) as u64);
    (known, cookie)
}

async fn authorize(app: App, call: Call) -> Result<Reply, Problem> {
    let (scope, name) = place(&app, &call).await?;
    let (grant, site) = (call.grant()?, app.accounts.site());
    let Credential::Session { .. } = grant.credential() else {
        // A program asks for a person, whose browser cannot be known yet.
        return Reply::json(&app.vault.begin_consent(scope, &name, site.base(), None, grant.actor()).await?);
    };
    if site.origin_of(&call.headers).is_some_and(|origin| origin != site.public()) {
        let detail = format!("services send people back to `{}`, and this page is at another address", site.base());
        return Err(Problem::new(Code::ConsentRefused, detail).hint(format!("open the app at {}", site.base())));
    }
    let (browser, cookie) = browser(&app, &call.headers);
    let consent = app.vault.begin_consent(scope, &name, site.base(), Some(&browser), grant.actor()).await?;
    Ok(Reply::json(&consent)?.header(header::SET_COOKIE, cookie))
}

async fn test(app: App, mut call: Call) -> Result<Reply, Problem> {
    let trial: Trial = call.json_or_default().await?;
    let (scope, name) = place(&app, &call).await?;
    let Some(url) = trial.url else {
        return Reply::json(&Tried { status: app.vault.connect(scope, &name).await?, answered: None });
    };
    let url = url.parse().map_err(|_| malformed("this is no address").at("/url"))?;
    let mut meta = Meta::new(scope);
    meta.connection = Some(name.clone());
    meta.deadline = std::time::Duration::from_secs(30);
    meta.throttle = outbound::Throttle::Answer;
    let answer = app.outbound.send(outbound::Request::new(Method::GET, url), meta).await;
    let answered = Some(answer.map_err(|error| error.problem())?.status.as_u16());
    Reply::json(&Tried { status: app.vault.status(scope, &name).await?, answered })
}

async fn callback(app: App, call: Call) -> Result<Reply, Problem> {
    let said = Said {
        state: call.text("state"),
        code: call.text("code"),
        error: call.text("error"),
        error_description: call.text("error_description"),
    };
    let browser = app.accounts.site().cookie(&call.headers, COOKIE);
    match app.vault.finish_consent(said, browser).await {
        Ok((_, name)) => {
            Ok(page(200, "Connected", &[&format!("{name} is connected. You may close this window.")], true))
        }
        Err(problem) => Ok(refusal(&problem)),
    }
}

async fn reconnect(app: App, call: Call) -> Result<Reply, Problem> {
    let link = call.text("link").unwrap_or_default();
    if call.flag("go") {
        let (browser, cookie) = browser(&app, &call.headers);
        return match app.vault.use_link(link, app.accounts.site().base(), &browser).await {
            Ok(consent) => Ok(Reply::empty()
                .status(303)
                .header(header::LOCATION, consent.location)
                .header(header::SET_COOKIE, cookie)
                .header(header::REFERRER_POLICY, "no-referrer")),
            Err(problem) => Ok(refusal(&problem)),
        };
    }
    let (name, scopes) = match app.vault.look_at_link(link).await {
        Ok(found) => found,
        Err(problem) => return Ok(refusal(&problem)),
    };
    let asked = match scopes.is_empty() {
        true => "The service will tell you what it is used for.".to_owned(),
        false => format!("It asks for: {}.", scopes.join(", ")),
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("link", link).finish();
    let words = format!("Workflows wait for the account “{name}”. {asked}");
    let body = format!("<p>{}</p><p><a href=\"?{}&amp;go\">Connect it again</a></p>", escaped(&words), escaped(&query));
    Ok(html(200, "Connect again", &body, false))
}

/// A person looks at this answer, so what went wrong is said in words and not as JSON.
fn refusal(problem: &Problem) -> Reply {
    let words: Vec<&str> = std::iter::once(problem.detail.as_str()).chain(problem.hint.as_deref()).collect();
    page(problem.code.status(), "Not connected", &words, false)
}

fn page(status: u16, title: &str, paragraphs: &[&str], closes: bool) -> Reply {
    let body: String = paragraphs.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
    html(status, title, &body, closes)
}

/// A window that was opened for a consent closes itself.
const CLOSE: &str = "window.close()";
const STYLE: &str =
    "body{font:16px/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}";

/// A page that takes nothing from elsewhere and runs nothing but what is written here.
fn html(status: u16, title: &str, body: &str, closes: bool) -> Reply {
    let hash = |text: &str| BASE64.encode(store::digest(text.as_bytes()).0);
    let script = if closes { format!("<script>{CLOSE}</script>") } else { String::new() };
    let text = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title} – Fishplate</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main>{script}"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(CLOSE)
    );
    Reply::bytes("text/html; charset=utf-8", text)
        .status(status)
        .header(header::CONTENT_SECURITY_POLICY, policy)
        // The address holds what is good once; the next page must not learn it.
        .header(header::REFERRER_POLICY, "no-referrer")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_no_markup() {
        let problem = Problem::new(Code::ConsentRefused, "the service says: <script>alert(1)</script>");
        let reply = refusal(&problem);
        assert_eq!(reply.0.status(), 403);
        assert!(reply.0.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
