//! Sessions with a PostgreSQL server.

use std::collections::HashMap;
use std::error::Error as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::Stream as _;
use model::{Code, Map, Value};
use outbound::{Login, Meta};
use part::{CallFailure, Category, NodeError};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Gated, Watch};
use super::values::{Bound, Field, Reading, literal_type, type_of};
use crate::databases::pool::Pool;
use crate::databases::sql::batch::{self, Failure};
use crate::databases::sql::lease::{CANCEL, Caller, Work, canceled};
use crate::databases::sql::rows::Sink;
use crate::databases::sql::text::Piece;

/// Sessions of all accounts, and what is left to do for those that ended in the middle of a query.
#[derive(Default)]
pub struct Sessions {
    pool: Pool<Open>,
    cancels: Mutex<JoinSet<()>>,
}

/// A session that is logged in.
pub struct Open {
    client: Client,
    gate: Gate,
    /// Statements that the server knows already, by their text.
    prepared: HashMap<String, Statement>,
    /// Moves the stream; ends with the session.
    _driver: JoinSet<()>,
}

impl Open {
    /// What takes statements.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// Logs in. Whatever the server says unasked goes to `unasked`.
pub async fn connect(caller: &Caller, unasked: impl FnMut(AsyncMessage) + Send + 'static) -> Result<Open, CallFailure> {
    let login = &caller.login;
    let mut config = Config::new();
    config.user(&login.user).application_name("fishplate");
    config.dbname(login.setting("database").unwrap_or(if login.user.is_empty() { "postgres" } else { &login.user }));
    if let Some(password) = login.secret("password") {
        config.password(password);
    }
    let stream =
        caller.outbound.dial(outbound::Target::tcp(login.host.clone(), login.port), caller.meta.clone()).await?;
    let gate = Gate::default();
    let stream = Gated { stream, gate: gate.clone() };
    let mut driver = JoinSet::new();
    let greet = async {
        match login.tls() {
            None => {
                config.ssl_mode(SslMode::Disable);
                let (client, connection) = config.connect_raw(stream, NoTls).await?;
                driver.spawn(drive(connection, unasked));
                Ok(client)
            }
            Some(_) => {
                config.ssl_mode(SslMode::Require);
                let (client, connection) = config.connect_raw(stream, tls(login)?).await?;
                driver.spawn(drive(connection, unasked));
                Ok(client)
            }
        }
    };
    let greeted: Result<Client, tokio_postgres::Error> = tokio::select! {
        greeted = tokio::time::timeout(caller.meta.deadline, greet) => greeted.map_err(|_| NodeError::from(
            outbound::Error::Timeout { host: login.host.clone(), after: caller.meta.deadline, sent: false },
        ))?,
        () = caller.meta.cancel.cancelled() => return Err(canceled().into()),
    };
    let client = greeted.map_err(|error| refused(&error, login))?;
    Ok(Open { client, gate, prepared: HashMap::new(), _driver: driver })
}

fn tls(login: &Login) -> Result<<MakeRustlsConnect as MakeTlsConnect<Gated>>::TlsConnect, tokio_postgres::Error> {
    let config = login.tls().map(|config| (*config).clone());
    let mut make = MakeRustlsConnect::new(config.unwrap_or_else(|| unreachable!("asked for accounts with TLS only")));
    let made = <MakeRustlsConnect as MakeTlsConnect<Gated>>::make_tls_connect(&mut make, &login.host);
    made.map_err(|never| match never {})
}

async fn drive<S, T>(
    mut connection: tokio_postgres::Connection<S, T>,
    mut unasked: impl FnMut(AsyncMessage) + Send + 'static,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    // Its end is what the client sees.
    while let Some(Ok(message)) = std::future::poll_fn(|ctx| connection.poll_message(ctx)).await {
        unasked(message);
    }
}

/// Lent to one step. Dropped in the middle of a query, it has the server end that query.
pub struct Lease {
    open: Option<Open>,
    caller: Caller,
    reading: Reading,
    sessions: Arc<Sessions>,
    /// A query is under way.
    busy: bool,
    /// The session's settings may have been changed.
    touched: bool,
    /// It must not be used again.
    spent: bool,
}

/// Opens sessions for a step.
pub struct Opener {
    /// Where they are kept.
    pub sessions: Arc<Sessions>,
    /// Who wants them.
    pub caller: Caller,
    /// How answers are read.
    pub reading: Reading,
    /// Statements are the user's own, and may change settings of the session.
    pub foreign: bool,
}

impl batch::Opener for Opener {
    type Session = Lease;

    async fn open(&self) -> Result<Lease, CallFailure> {
        let target = outbound::Target::tcp(self.caller.login.host.clone(), self.caller.login.port);
        // Rules may have changed since a session was opened.
        self.caller.outbound.check(&target, &self.caller.meta).await?;
        let kept = self.caller.key().and_then(|key| self.sessions.pool.take(&key, |open| !open.client.is_closed()));
        let kept = match kept {
            // A server that went away is noticed before anything is sent that has an effect.
            Some(open) => match tokio::time::timeout(CANCEL, open.client.check_connection()).await {
                Ok(Ok(())) => Some(open),
                _ => None,
            },
            None => None,
        };
        let open = match kept {
            Some(open) => open,
            None => connect(&self.caller, |_| ()).await?,
        };
        Ok(Lease {
            open: Some(open),
            caller: self.caller.clone(),
            reading: self.reading,
            sessions: self.sessions.clone(),
            busy: false,
            touched: self.foreign,
            spent: false,
        })
    }
}

impl Lease {
    /// Rows of a statement of ours.
    pub async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Map>, Failure> {
        let piece = Piece { sql: sql.to_owned(), values: values.to_vec() };
        let (open, mut guard, reading) = self.begin_work()?;
        let read = async {
            let mut rows = Vec::new();
            let stream = start(open, &piece).await?;
            let (watch, mut stream) = (open.gate.watch(), std::pin::pin!(stream));
            while let Some(row) = next(&watch, stream.as_mut()).await {
                rows.push(to_map(&row.map_err(|error| failure(&error, &piece.sql))?, reading));
            }
            Ok(rows)
        };
        guard.wait(read).await
    }

    async fn simple(&mut self, sql: &'static str) -> Result<(), Failure> {
        let (open, mut guard, _) = self.begin_work()?;
        guard.wait(async { open.client.batch_execute(sql).await.map_err(|error| failure(&error, sql)) }).await
    }

    /// The session, and what notes how work with it ends. The session stays where `drop` finds it.
    fn begin_work(&mut self) -> Result<(&mut Open, Work<'_>, Reading), Failure> {
        let Lease { open: Some(open), busy, spent, caller, reading, .. } = self else {
            return Err(NodeError::bug("the session was given back").into());
        };
        Ok((open, Work { busy, spent, stop: &caller.meta.cancel }, *reading))
    }
}

/// The next row. The gate knows whether somebody waits for it.
async fn next(
    watch: &Watch<'_>,
    mut rows: Pin<&mut tokio_postgres::RowStream>,
) -> Option<Result<tokio_postgres::Row, tokio_postgres::Error>> {
    let row = std::future::poll_fn(|ctx| {
        let polled = rows.as_mut().poll_next(ctx);
        if polled.is_pending() {
            watch.hungry();
        }
        polled
    });
    let row = row.await;
    watch.fed();
    row
}

/// Sends a statement; the rows come as they are read.
async fn start(open: &mut Open, piece: &Piece) -> Result<tokio_postgres::RowStream, Failure> {
    let statement = prepare(open, piece).await?;
    if statement.params().len() != piece.values.len() {
        let detail = format!(
            "the statement takes {} query parameters and is given {}",
            statement.params().len(),
            piece.values.len()
        );
        return Err(NodeError::bad_data(detail)
            .hint("PostgreSQL takes parameters in SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES only")
            .permanent()
            .into());
    }
    let values: Vec<Bound<'_>> = piece.values.iter().map(Bound).collect();
    open.client.query_raw(&statement, &values).await.map_err(|error| failure(&error, &piece.sql))
}

/// Has the server read a statement. That has no effect, so a session that turns out to be broken costs nothing.
async fn prepare(open: &mut Open, piece: &Piece) -> Result<Statement, Failure> {
    // Numbers keep their type, as literals do; whatever else there is takes the type of its place.
    let mut types: Vec<Type> = piece.values.iter().map(|value| literal_type(value).unwrap_or(Type::UNKNOWN)).collect();
    let key = format!("{types:?}{}", piece.sql);
    if let Some(known) = open.prepared.get(&key) {
        return Ok(known.clone());
    }
    loop {
        match open.client.prepare_typed(&piece.sql, &types).await {
            Ok(statement) => {
                // Statements that say something else each time would fill the server's memory.
                if open.prepared.len() >= 100 {
                    open.prepared.clear();
                }
                open.prepared.insert(key, statement.clone());
                return Ok(statement);
            }
            Err(error) => {
                // Where nothing tells the type, it is that of a literal.
                let open_type = (error.as_db_error())
                    .filter(|said| *said.code() == SqlState::INDETERMINATE_DATATYPE)
                    .and_then(|said| placeholder(said.message()))
                    .filter(|at| types.get(*at) == Some(&Type::UNKNOWN));
                match open_type {
                    Some(at) => types[at] = type_of(&piece.values[at]),
                    None => {
                        let failure = failure(&error, &piece.sql);
                        return Err(Failure { unknown: false, ..failure });
                    }
                }
            }
        }
    }
}

/// The first `$n` of a message, from 0.
fn placeholder(message: &str) -> Option<usize> {
    let digits: String = message.split_once('$')?.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<usize>().ok()?.checked_sub(1)
}

fn to_map(row: &tokio_postgres::Row, reading: Reading) -> Map {
    let mut map = Map::new();
    for (at, column) in row.columns().iter().enumerate() {
        let value = row.try_get::<_, Field<'_>>(at).map_or(Value::Null, |field| field.read(column.type_(), reading));
        map.insert(column.name().to_owned(), value);
    }
    map
}

impl batch::Session for Lease {
    const TOGETHER_IS_ONE: bool = true;

    async fn run<'a>(&'a mut self, piece: &'a Piece, item: usize, sink: &'a mut Sink<'_>) -> Result<(), Failure> {
        let (open, mut work, reading) = self.begin_work()?;
        let read = async {
            let stream = start(open, piece).await?;
            let (watch, mut stream) = (open.gate.watch(), std::pin::pin!(stream));
            while let Some(row) = next(&watch, stream.as_mut()).await {
                let row = row.map_err(|error| failure(&error, &piece.sql))?;
                sink.row(item, to_map(&row, reading)).await?;
            }
            Ok(())
        };
        work.wait(read).await
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        // Nothing has happened yet, whatever becomes of it.
        self.simple("BEGIN").await.map_err(|failure| Failure { unknown: false, ..failure })
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        self.simple("COMMIT").await
    }

    async fn roll_back(&mut self) {
        if self.simple("ROLLBACK").await.is_err() {
            self.spent = true;
        }
    }

    async fn release(mut self) {
        if self.spent || self.busy {
            return;
        }
        // What the statements of one user set must not be seen by the next.
        if self.touched && self.simple("DISCARD ALL").await.is_err() {
            return;
        }
        let touched = self.touched;
        if let (Some(mut open), Some(key)) = (self.open.take(), self.caller.key()) {
            if touched {
                open.prepared.clear();
            }
            self.sessions.pool.put(key, open, self.caller.idle);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(open), Ok(runtime)) = (self.open.take().filter(|_| self.busy), Handle::try_current()) else { return };
        let (token, caller) = (open.client.cancel_token(), self.caller.clone());
        let mut cancels = self.sessions.cancels.lock().unwrap_or_else(PoisonError::into_inner);
        while cancels.try_join_next().is_some() {}
        let work = async move {
            // Whether it worked, the server does not say. The session is closed afterwards in any case.
            if let Ok(Err(error)) = tokio::time::timeout(CANCEL, cancel(token, caller)).await {
                tracing::debug!(%error, "a query could not be canceled on the server");
            }
            drop(open);
        };
        cancels.spawn_on(work, &runtime);
    }
}

async fn cancel(token: CancelToken, caller: Caller) -> Result<(), String> {
    // The step's own token is what has ended already.
    let meta = Meta { cancel: CancellationToken::new(), deadline: CANCEL, ..caller.meta };
    let target = outbound::Target::tcp(caller.login.host.clone(), caller.login.port);
    let stream = caller.outbound.dial(target, meta).await.map_err(|error| error.to_string())?;
    let stream = Gated { stream, gate: Gate::default() };
    let sent = match caller.login.tls() {
        None => token.cancel_query_raw(stream, NoTls).await,
        Some(_) => token.cancel_query_raw(stream, tls(&caller.login).map_err(|error| error.to_string())?).await,
    };
    sent.map_err(|error| error.to_string())
}

/// Why the server does not take the login.
fn refused(error: &tokio_postgres::Error, login: &Login) -> NodeError {
    let host = &login.host;
    let Some(said) = error.as_db_error() else {
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let detail = format!("`{host}` does not speak PostgreSQL as this account expects: {why}");
        return NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
            .hint("look at the connection's host, port and encryption");
    };
    let class = &said.code().code()[..2];
    let (code, category) = match class {
        "28" | "3D" | "42" => (Code::CredentialRejected, Category::Auth),
        _ => (Code::DialFailed, Category::Unavailable),
    };
    NodeError::new(code, category, format!("`{host}` refuses the login: {}", said.message()))
        .with_context(context(said, ""))
}

/// What a failed statement becomes.
pub fn failure(error: &tokio_postgres::Error, sql: &str) -> Failure {
    let Some(said) = error.as_db_error() else {
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let closed = error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>());
        let code = if closed { Code::DialFailed } else { Code::UpstreamProtocol };
        let detail = format!("the connection to the database broke: {why}");
        return Failure { error: NodeError::new(code, Category::Unavailable, detail), unknown: true };
    };
    let class = said.code().code().get(..2).unwrap_or_default();
    let (code, category, permanent) = match class {
        "28" => (Code::CredentialRejected, Category::Auth, true),
        // Told to end, or going down, or out of room.
        "57" | "53" | "58" | "08" => (Code::DialFailed, Category::Unavailable, false),
        // Two transactions were in each other's way: the same may work next time.
        "40" | "55" => (Code::StepFailed, Category::BadData, false),
        _ => (Code::StepFailed, Category::BadData, true),
    };
    let mut message = said.message().to_owned();
    if let Some((_, near)) = message.split_once("syntax error at or near ") {
        message = format!("Syntax error at line {} near {near}", place(said, sql).map_or(1, |(line, _)| line));
    }
    let context = context(said, sql);
    let mut carried = Map::from_iter([("message".to_owned(), Value::String(message.clone()))]);
    carried.extend(context.as_object().cloned().unwrap_or_default());
    let mut made = NodeError::new(code, category, message).with_context(context).carried_as(Value::Object(carried));
    if let Some(hint) = said.hint().or(said.detail()) {
        made = made.hint(hint);
    }
    if permanent {
        made = made.permanent();
    }
    Failure { error: made, unknown: false }
}

/// Line and column of the fault, from 1.
fn place(said: &DbError, sql: &str) -> Option<(usize, usize)> {
    let Some(ErrorPosition::Original(position)) = said.position() else { return None };
    let before: Vec<char> = sql.chars().take((*position as usize).saturating_sub(1)).collect();
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    Some((line, column))
}

fn context(said: &DbError, sql: &str) -> Value {
    let mut context = Map::new();
    context.insert("code".into(), said.code().code().into());
    let fields = [
        ("detail", said.detail()),
        ("hint", said.hint()),
        ("schema", said.schema()),
        ("table", said.table()),
        ("column", said.column()),
        ("constraint", said.constraint()),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            context.insert(name.into(), value.into());
        }
    }
    if let Some((line, column)) = place(said, sql) {
        context.insert("position".into(), json!({ "line": line, "column": column }));
    }
    Value::Object(context)
}
