//! Clients of MongoDB servers. The driver opens its sockets itself, so it is given the near end of a tunnel that speaks
//! TLS with the server; it talks to that one server, whatever others there are in its replica set.

use std::sync::Arc;

use model::Code;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{ClientOptions, Credential, ServerAddress};
use mongodb::{Client, Database};
use outbound::{Login, Meta, Tunnel};
use part::{CallFailure, Category, NodeError};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::databases::pool::Pool;
use crate::databases::sql::lease::{Caller, canceled};

/// Clients of all accounts.
#[derive(Default)]
pub struct Clients {
    pool: Pool<Open>,
}

struct Open {
    client: Client,
    tunnel: Tunnel,
}

/// A client, lent to one step.
pub struct Lease {
    open: Option<Open>,
    caller: Caller,
    clients: Arc<Clients>,
    /// It must not be used again.
    spent: bool,
}

impl Clients {
    /// One that was used before, or a new one. Nothing is sent yet.
    pub async fn open(self: &Arc<Self>, caller: Caller) -> Result<Lease, NodeError> {
        // Rules may have changed since it was made.
        caller.outbound.check(&caller.target(), &caller.meta).await?;
        let kept = caller.key().and_then(|key| self.pool.take(&key, |_| true));
        let open = match kept {
            Some(open) => open,
            None => make(&caller).await?,
        };
        Ok(Lease { open: Some(open), caller, clients: self.clone(), spent: false })
    }
}

async fn make(caller: &Caller) -> Result<Open, NodeError> {
    let login = &caller.login;
    // The client outlives the step, and so does the way to its server.
    let meta = Meta { cancel: CancellationToken::new(), ..caller.meta.clone() };
    // The driver asks again and again until its time is over; whoever is not there is known at once.
    drop(caller.outbound.dial_login(login, caller.meta.clone()).await?);
    let tunnel = caller.outbound.tunnel_login(login, meta).await?;
    let address = ServerAddress::Tcp { host: tunnel.address().ip().to_string(), port: Some(tunnel.address().port()) };
    let mut options = ClientOptions::default();
    options.hosts = vec![address];
    options.direct_connection = Some(true);
    options.app_name = Some("fishplate".into());
    options.connect_timeout = Some(caller.meta.deadline);
    options.server_selection_timeout = Some(caller.meta.deadline);
    options.max_pool_size = Some(2);
    if !login.user.is_empty() {
        let mut credential = Credential::default();
        credential.username = Some(login.user.clone());
        credential.password = login.secret("password").map(str::to_owned);
        // As in the driver that n8n uses, where no database is named in the address.
        credential.source = Some(login.setting("authSource").unwrap_or("admin").to_owned());
        options.credential = Some(credential);
    }
    let client = Client::with_options(options).map_err(|error| {
        NodeError::new(Code::UpstreamProtocol, Category::Auth, format!("the account cannot be used: {error}"))
    })?;
    Ok(Open { client, tunnel })
}

impl Lease {
    /// The account's database.
    pub fn database(&self) -> Result<Database, NodeError> {
        let open = self.open.as_ref().ok_or_else(|| NodeError::bug("the client was given back"))?;
        Ok(open.client.database(self.caller.login.setting("database").unwrap_or("test")))
    }

    /// Waits for the server, or for the end of the step. `writes`: what is asked for changes something.
    pub async fn wait<T>(
        &mut self,
        writes: bool,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, CallFailure> {
        let done = tokio::select! {
            done = work => done,
            () = self.caller.meta.cancel.cancelled() => {
                // Nobody reads the answer that is under way.
                self.spent = true;
                return Err(CallFailure { error: canceled(), uncertain: writes });
            }
        };
        let error = match done {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let refused = self.open.as_ref().and_then(|open| open.tunnel.take_error());
        let failure = failure(&error, refused, &self.caller.login);
        self.spent |= failure.error.category != Category::BadData;
        Err(CallFailure { uncertain: failure.uncertain && writes, ..failure })
    }

    /// Keeps it for the next step.
    pub fn release(mut self) {
        if let (false, Some(open), Some(key)) = (self.spent, self.open.take(), self.caller.key()) {
            self.clients.pool.put(key, open, self.caller.idle);
        }
    }
}

/// What the driver's error becomes.
fn failure(error: &Error, refused: Option<outbound::Error>, login: &Login) -> CallFailure {
    if let Some(refused) = refused {
        return refused.into();
    }
    let host = &login.host;
    let certain = |error: NodeError| CallFailure { error, uncertain: false };
    let refused = |code: Option<i32>, message: &str| {
        let made = NodeError::new(Code::StepFailed, Category::BadData, message.to_owned());
        let carried = json!({ "message": message, "code": code });
        certain(made.with_context(json!({ "code": code })).carried_as(carried).permanent())
    };
    match error.kind.as_ref() {
        ErrorKind::Authentication { message, .. } => {
            let detail = format!("`{host}` refuses the login: {message}");
            certain(NodeError::new(Code::CredentialRejected, Category::Auth, detail))
        }
        ErrorKind::ServerSelection { message, .. } => {
            let detail = format!("`{host}` cannot be reached as a MongoDB server: {message}");
            certain(
                NodeError::new(Code::DialFailed, Category::Unavailable, detail)
                    .hint("look at the connection's host, port and encryption"),
            )
        }
        ErrorKind::Command(said) if [13, 18].contains(&said.code) => {
            let (code, category) = match said.code {
                18 => (Code::CredentialRejected, Category::Auth),
                _ => (Code::StepFailed, Category::Refused),
            };
            certain(NodeError::new(code, category, format!("`{host}` refuses it: {}", said.message)).permanent())
        }
        ErrorKind::Command(said) => refused(Some(said.code), &said.message),
        ErrorKind::Write(WriteFailure::WriteError(said)) => refused(Some(said.code), &said.message),
        ErrorKind::InsertMany(said) => match said.write_errors.as_ref().and_then(|errors| errors.first()) {
            Some(first) => refused(Some(first.code), &first.message),
            None => refused(None, &error.to_string()),
        },
        ErrorKind::InvalidArgument { message, .. } => refused(None, message),
        ErrorKind::BsonSerialization(_) | ErrorKind::BsonDeserialization(_) => refused(None, &error.to_string()),
        _ => {
            let detail = format!("the connection to the database broke: {error}");
            CallFailure { error: NodeError::new(Code::DialFailed, Category::Unavailable, detail), uncertain: true }
        }
    }
}
