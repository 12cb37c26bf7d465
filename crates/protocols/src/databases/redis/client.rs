//! Sessions with a Redis server.

use std::time::Duration;

use model::Code;
use outbound::{Login, Meta, Outbound};
use part::{CallFailure, Category, NodeError};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError};
use tokio::task::JoinSet;

/// Longest time that a command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session that is logged in.
pub struct Open {
    /// What takes commands.
    pub connection: MultiplexedConnection,
    /// Moves the stream; ends with the session.
    driver: JoinSet<()>,
}

impl Open {
    /// Whether its stream still stands, as far as is known.
    pub fn stands(&mut self) -> bool {
        self.driver.try_join_next().is_none() && !self.driver.is_empty()
    }
}

/// Logs in.
pub async fn connect(outbound: &Outbound, meta: &Meta, login: &Login) -> Result<Open, CallFailure> {
    let stream = outbound.dial_login(login, meta.clone()).await?;
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let info = info(login);
    let greeted = tokio::select! {
        greeted = MultiplexedConnection::new_with_config(&info, stream, config) => greeted,
        () = tokio::time::sleep(meta.deadline) => {
            let timeout = outbound::Error::Timeout { host: login.host.clone(), after: meta.deadline, sent: false };
            return Err(timeout.into());
        }
        () = meta.cancel.cancelled() => return Err(outbound::Error::Canceled { sent: false }.into()),
    };
    let (connection, work) = greeted.map_err(|error| CallFailure { uncertain: false, ..failure(&error) })?;
    let mut driver = JoinSet::new();
    driver.spawn(work);
    Ok(Open { connection, driver })
}

/// What the driver logs in with.
pub fn info(login: &Login) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default();
    if let Some(database) = login.settings.get("database") {
        let number = database.as_i64().or_else(|| database.as_str().and_then(|text| text.trim().parse().ok()));
        info = info.set_db(number.unwrap_or_default());
    }
    if !login.user.is_empty() {
        info = info.set_username(&login.user);
    }
    if let Some(password) = login.secret("password") {
        info = info.set_password(password);
    }
    info
}

/// What a failed command becomes. The server's own words say that it did nothing.
pub fn failure(error: &RedisError) -> CallFailure {
    let words = || {
        let code = error.code().unwrap_or_default();
        let detail = error.detail().unwrap_or_default();
        if code.is_empty() { error.to_string() } else { format!("{code} {detail}").trim().to_owned() }
    };
    let fail = |code, category, detail: String| NodeError::new(code, category, detail);
    if error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM"))
    {
        let refused = fail(Code::CredentialRejected, Category::Auth, format!("Redis refuses the login: {}", words()));
        return CallFailure { error: refused.permanent(), uncertain: false };
    }
    if error.is_timeout() {
        let late = fail(Code::UpstreamTimeout, Category::Timeout, "Redis did not answer in time".into());
        return CallFailure { error: late, uncertain: true };
    }
    if error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error() {
        let broken = fail(Code::DialFailed, Category::Unavailable, format!("the connection to Redis broke: {error}"));
        return CallFailure { error: broken, uncertain: true };
    }
    let busy = matches!(error.code(), Some("LOADING" | "BUSY" | "MASTERDOWN" | "TRYAGAIN" | "READONLY" | "OOM"));
    let said = fail(Code::StepFailed, if busy { Category::Unavailable } else { Category::BadData }, words());
    CallFailure { error: if busy { said } else { said.permanent() }, uncertain: false }
}
