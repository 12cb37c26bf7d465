//! Sessions with a MySQL or MariaDB server.
//!
//! The driver opens its sockets itself, so it is given the near end of a tunnel, and speaks TLS through it.

use std::sync::{Arc, Mutex, PoisonError};

use model::{Code, Map, Value};
use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{ClientIdentity, Column, Conn, OptsBuilder, QueryResult, Row, ServerError, SslOpts};
use outbound::{Login, Meta, Tunnel};
use part::{CallFailure, Category, NodeError};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::values::{self, Reading, bound, read};
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

/// A session that is logged in, and the way to its server.
struct Open {
    conn: Conn,
    _tunnel: Tunnel,
}

async fn connect(caller: &Caller) -> Result<Open, CallFailure> {
    let login = &caller.login;
    // The session outlives the step, and so does the way to its server.
    let meta = Meta { cancel: CancellationToken::new(), ..caller.meta.clone() };
    let tunnel = caller.outbound.tunnel(caller.target(), meta).await?;
    let mut options = OptsBuilder::default()
        .ip_or_hostname(tunnel.address().ip().to_string())
        .tcp_port(tunnel.address().port())
        .prefer_socket(false)
        .user(Some(login.user.clone()))
        .pass(login.secret("password").map(str::to_owned))
        .db_name(login.setting("database").map(str::to_owned));
    if login.tls().is_some() {
        let mut tls = SslOpts::default()
            .with_danger_tls_hostname_override(Some(login.host.clone()))
            .with_danger_accept_invalid_certs(login.accept_invalid_certs)
            .with_danger_skip_domain_validation(login.accept_invalid_certs);
        if let Some(own) = login.setting("caCertificate") {
            tls = tls.with_root_certs(vec![own.as_bytes().to_vec().into()]);
        }
        if let (Some(own), Some(key)) = (login.setting("clientCertificate"), login.secret("clientKey")) {
            let (own, key) = (own.as_bytes().to_vec(), key.as_bytes().to_vec());
            tls = tls.with_client_identity(Some(ClientIdentity::new(own.into(), key.into())));
        }
        options = options.ssl_opts(tls);
    }
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(caller.meta.deadline, Conn::new(options)) => greeted,
        () = caller.meta.cancel.cancelled() => return Err(canceled().into()),
    };
    match greeted {
        Ok(Ok(conn)) => Ok(Open { conn, _tunnel: tunnel }),
        // What the driver sees is only that its stream to the tunnel has ended.
        Ok(Err(error)) => Err(match tunnel.take_error() {
            Some(refused) => refused.into(),
            None => refused(&error, login).into(),
        }),
        Err(_) => {
            let late = outbound::Error::Timeout { host: login.host.clone(), after: caller.meta.deadline, sent: false };
            Err(late.into())
        }
    }
}

/// How what a statement gave is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// Its rows; a statement without rows shows nothing.
    #[default]
    Rows,
    /// Its rows; a statement without rows shows what it did.
    Outcome,
    /// One item with the statement, and its rows or what it did.
    Detailed,
}

/// Lent to one step. Dropped in the middle of a query, it has the server end that query.
pub struct Lease {
    open: Option<Open>,
    caller: Caller,
    reading: Reading,
    shown: Shown,
    sessions: Arc<Sessions>,
    busy: bool,
    touched: bool,
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
    /// How they are shown.
    pub shown: Shown,
    /// Statements are the user's own, and may change settings of the session.
    pub foreign: bool,
}

impl batch::Opener for Opener {
    type Session = Lease;

    async fn open(&self) -> Result<Lease, CallFailure> {
        // Rules may have changed since a session was opened.
        self.caller.outbound.check(&self.caller.target(), &self.caller.meta).await?;
        let kept = self.caller.key().and_then(|key| self.sessions.pool.take(&key, |open| !open.conn.is_disconnected()));
        let kept = match kept {
            // A server that went away is noticed before anything is sent that has an effect.
            Some(mut open) => match tokio::time::timeout(CANCEL, open.conn.ping()).await {
                Ok(Ok(())) => Some(open),
                _ => None,
            },
            None => None,
        };
        let open = match kept {
            Some(open) => open,
            None => connect(&self.caller).await?,
        };
        Ok(Lease {
            open: Some(open),
            caller: self.caller.clone(),
            reading: self.reading,
            shown: self.shown,
            sessions: self.sessions.clone(),
            busy: false,
            touched: self.foreign,
            spent: false,
        })
    }
}

impl Lease {
    /// The session, and what notes how work with it ends. The session stays where `drop` finds it.
    fn begin_work(&mut self) -> Result<(&mut Conn, Work<'_>), Failure> {
        let Lease { open: Some(open), busy, spent, caller, .. } = self else {
            return Err(NodeError::bug("the session was given back").into());
        };
        Ok((&mut open.conn, Work { busy, spent, stop: &caller.meta.cancel }))
    }

    async fn simple(&mut self, sql: &'static str) -> Result<(), Failure> {
        let (conn, mut work) = self.begin_work()?;
        work.wait(async { conn.query_drop(sql).await.map_err(|error| failure(&error, sql)) }).await
    }
}

/// Takes what a statement gives.
struct Taking<'a, 's> {
    piece: &'a Piece,
    item: usize,
    sink: &'a mut Sink<'s>,
    reading: Reading,
    shown: Shown,
}

impl Taking<'_, '_> {
    async fn all<P: mysql_async::prelude::Protocol>(
        &mut self,
        mut result: QueryResult<'_, '_, P>,
    ) -> Result<(), Failure> {
        let columns = result.columns_ref().len();
        let mut data = Vec::new();
        while let Some(row) = result.next().await.map_err(|error| failure(&error, &self.piece.sql))? {
            let row = to_map(&row, self.reading);
            match self.shown {
                Shown::Detailed => data.push(Value::Object(row)),
                _ => self.sink.row(self.item, row).await?,
            }
        }
        let info = result.info();
        let done = json!({
            "fieldCount": 0,
            "affectedRows": result.affected_rows(),
            "insertId": result.last_insert_id().unwrap_or(0),
            "info": info,
            // What the driver does not tell: that changes are kept at once.
            "serverStatus": 2,
            "warningStatus": result.warnings(),
            "changedRows": changed(&info),
        });
        let header = match done {
            Value::Object(header) => header,
            _ => Map::new(),
        };
        match self.shown {
            Shown::Rows => {}
            Shown::Outcome if columns > 0 => {}
            Shown::Outcome => self.sink.row(self.item, header).await?,
            Shown::Detailed => {
                let data = if columns > 0 { Value::Array(data) } else { Value::Object(header) };
                let sql = values::filled(&self.piece.sql, &self.piece.values);
                let item = Map::from_iter([("sql".to_owned(), sql.into()), ("data".to_owned(), data)]);
                self.sink.row(self.item, item).await?;
            }
        }
        result.drop_result().await.map_err(|error| failure(&error, &self.piece.sql))
    }
}

/// How many rows are not as they were: of those that an update found, the server says it in words alone.
fn changed(info: &str) -> u64 {
    let number = info.split_once("Changed: ").map(|(_, rest)| rest.split(' ').next().unwrap_or_default());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn to_map(row: &Row, reading: Reading) -> Map {
    let mut map = Map::new();
    for (at, column) in row.columns_ref().iter().enumerate() {
        let value = row.as_ref(at).map_or(Value::Null, |value| read(value, column, reading));
        map.insert(column.name_str().into_owned(), value);
    }
    map
}

impl batch::Session for Lease {
    const TOGETHER_IS_ONE: bool = false;
    const ERRORS_ARE_WORDS: bool = true;

    async fn run<'a>(&'a mut self, piece: &'a Piece, item: usize, sink: &'a mut Sink<'_>) -> Result<(), Failure> {
        let (reading, shown) = (self.reading, self.shown);
        let (conn, mut work) = self.begin_work()?;
        let mut taking = Taking { piece, item, sink, reading, shown };
        let read = async {
            if piece.values.is_empty() {
                // Some statements can be asked for in words only.
                let result = conn.query_iter(piece.sql.as_str()).await.map_err(|error| failure(&error, &piece.sql))?;
                return taking.all(result).await;
            }
            let values: Vec<mysql_async::Value> = piece.values.iter().map(bound).collect();
            let statement = conn.prep(piece.sql.as_str()).await.map_err(|error| {
                // Nothing has been done yet.
                Failure { unknown: false, ..failure(&error, &piece.sql) }
            })?;
            let result = conn.exec_iter(&statement, values).await.map_err(|error| failure(&error, &piece.sql))?;
            taking.all(result).await
        };
        work.wait(read).await
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        // Nothing has happened yet, whatever becomes of it.
        self.simple("START TRANSACTION").await.map_err(|failure| Failure { unknown: false, ..failure })
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
        let touched = self.touched;
        let (Some(mut open), Some(key)) = (self.open.take(), self.caller.key()) else { return };
        // What the statements of one user set must not be seen by the next.
        if touched && !matches!(tokio::time::timeout(CANCEL, open.conn.reset()).await, Ok(Ok(true))) {
            return;
        }
        self.sessions.pool.put(key, open, self.caller.idle);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(open), Ok(runtime)) = (self.open.take().filter(|_| self.busy), Handle::try_current()) else { return };
        // The step's own token is what has ended already.
        let meta = Meta { cancel: CancellationToken::new(), deadline: CANCEL, ..self.caller.meta.clone() };
        let caller = Caller { meta, ..self.caller.clone() };
        let mut cancels = self.sessions.cancels.lock().unwrap_or_else(PoisonError::into_inner);
        while cancels.try_join_next().is_some() {}
        let work = async move {
            let kill = async {
                if let Ok(mut other) = connect(&caller).await {
                    // A session may always end what its own user has begun.
                    let _ = other.conn.query_drop(format!("KILL QUERY {}", open.conn.id())).await;
                }
            };
            let _ = tokio::time::timeout(CANCEL, kill).await;
            drop(open);
        };
        cancels.spawn_on(work, &runtime);
    }
}

/// Why the server does not take the login.
fn refused(error: &mysql_async::Error, login: &Login) -> NodeError {
    let host = &login.host;
    let mysql_async::Error::Server(said) = error else {
        let detail = format!("`{host}` does not speak MySQL as this account expects: {error}");
        return NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
            .hint("look at the connection's host, port and encryption");
    };
    let (code, category) = match said.code {
        1044 | 1045 | 1049 | 1130 | 1251 | 1698 => (Code::CredentialRejected, Category::Auth),
        _ => (Code::DialFailed, Category::Unavailable),
    };
    NodeError::new(code, category, format!("`{host}` refuses the login: {}", said.message))
}

/// What a failed statement becomes.
fn failure(error: &mysql_async::Error, sql: &str) -> Failure {
    let mysql_async::Error::Server(said) = error else {
        let detail = format!("the connection to the database broke: {error}");
        return Failure { error: NodeError::new(Code::DialFailed, Category::Unavailable, detail), unknown: true };
    };
    let (code, category, permanent) = match said.code {
        // Going down, killed, out of room, read only for now.
        1053 | 1040 | 1041 | 1021 | 1290 | 1317 => (Code::DialFailed, Category::Unavailable, false),
        // Two transactions were in each other's way: the same may work next time.
        1205 | 1213 => (Code::StepFailed, Category::BadData, false),
        _ => (Code::StepFailed, Category::BadData, true),
    };
    let message = message(said, sql);
    let context = json!({ "code": said.code, "state": said.state });
    let carried = json!({ "message": message, "code": said.code, "state": said.state });
    let made = NodeError::new(code, category, message).with_context(context).carried_as(carried);
    Failure { error: if permanent { made.permanent() } else { made }, unknown: false }
}

/// The server's words, with the line of a fault in the syntax.
fn message(said: &ServerError, sql: &str) -> String {
    let near = said.message.split_once("near '").and_then(|(_, rest)| rest.rsplit_once("' at line "));
    match near {
        Some((near, line)) if said.code == 1064 => {
            // What is left of the statement, of which the first line says enough.
            let near = near.lines().next().unwrap_or_default();
            let line = line.trim().parse::<usize>().unwrap_or(1).min(sql.lines().count().max(1));
            format!("You have an error in your SQL syntax on line {line} near '{near}'")
        }
        _ => said.message.clone(),
    }
}

/// Whether a column holds bytes and not text.
pub fn is_binary(column: &Column) -> bool {
    /// The character set that is none.
    const BINARY: u16 = 63;
    let texts = matches!(
        column.column_type(),
        ColumnType::MYSQL_TYPE_TINY_BLOB
            | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
            | ColumnType::MYSQL_TYPE_LONG_BLOB
            | ColumnType::MYSQL_TYPE_BLOB
            | ColumnType::MYSQL_TYPE_VARCHAR
            | ColumnType::MYSQL_TYPE_VAR_STRING
            | ColumnType::MYSQL_TYPE_STRING
    );
    texts && column.character_set() == BINARY
}
