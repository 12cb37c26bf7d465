//! How a call fails, and what may be done about it.

use std::fmt;
use std::io;
use std::time::Duration;

use model::{Code, Name, Problem, Retry};

/// After what time a call with a dead connection is tried again where nobody tells that it is well.
const DEAD_FOR: Duration = Duration::from_secs(3600);

/// What lies behind an error; for the log, never for the user.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call that brought no usable answer. The text is safe to show: it names hosts and connections, never URLs with
/// queries, headers or secrets. [`Error::chain`] is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment's egress rules do not let this address be called.
    #[error("`{host}` may not be called: {reason}")]
    EgressRefused {
        /// Host as it was asked for.
        host: String,
        /// Which rule said so.
        reason: String,
    },
    /// The connection does not name this host.
    #[error("connection `{connection}` may not be sent to `{host}`")]
    HostNotAllowed {
        /// The connection.
        connection: Name,
        /// Host as it was asked for.
        host: String,
    },
    /// The connection does not exist, is not complete, or its credentials could not be made.
    #[error("connection `{connection}` {reason}")]
    Connection {
        /// The connection.
        connection: Name,
        /// For example "does not exist".
        reason: String,
        /// What lies behind it.
        #[source]
        source: Option<Cause>,
    },
    /// The service does not take the account any more, and a person has to connect it again.
    #[error("connection `{connection}` is not taken any more: {reason}")]
    Dead {
        /// The connection.
        connection: Name,
        /// In the service's words, or ours.
        reason: String,
    },
    /// No stream to the host could be opened: name, network or handshake.
    #[error("`{host}` cannot be reached: {reason}")]
    Dial {
        /// The host.
        host: String,
        /// In a few words, safe to show.
        reason: &'static str,
        /// What lies behind it.
        #[source]
        source: Cause,
    },
    /// The host's certificate is not trusted.
    #[error("the certificate of `{host}` is not trusted")]
    Tls {
        /// The host.
        host: String,
        /// What lies behind it.
        #[source]
        source: Cause,
    },
    /// The call took longer than its deadline, or its body fell silent.
    #[error("`{host}` did not answer within {after:?}")]
    Timeout {
        /// The host.
        host: String,
        /// The limit that was passed.
        after: Duration,
        /// A byte may have been sent.
        sent: bool,
    },
    /// The call must wait longer than this crate may; the engine makes a durable timer of it.
    #[error("`{host}` may be called again in {after:?}: {reason}")]
    Later {
        /// The host.
        host: String,
        /// How long to wait.
        after: Duration,
        /// Who asks for the wait.
        reason: LaterReason,
    },
    /// The peer broke off or sent what is no HTTP.
    #[error("the answer of `{host}` cannot be read: {detail}")]
    Protocol {
        /// The host.
        host: String,
        /// What was wrong with it.
        detail: String,
        /// What lies behind it.
        #[source]
        source: Option<Cause>,
    },
    /// The response body is larger than the caller allows.
    #[error("the answer of `{host}` is larger than {limit} bytes")]
    BodyTooLarge {
        /// The host.
        host: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The request's own body failed while it was sent.
    #[error("the request body could not be sent: {detail}")]
    RequestBody {
        /// What was wrong with it.
        detail: String,
    },
    /// The request is not one that can be sent.
    #[error("the request is not valid: {0}")]
    InvalidRequest(String),
    /// The caller's token was canceled.
    #[error("the call was canceled")]
    Canceled {
        /// A byte may have been sent.
        sent: bool,
    },
}

/// Who asks to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterReason {
    /// Our own rate limit for the connection or operation. Nothing was sent.
    RateLimit,
    /// Too many calls failed; the breaker is open. Nothing was sent.
    BreakerOpen,
    /// An earlier answer asked for a pause that is not over. Nothing was sent.
    Paused,
    /// What is shown to the service has ended. Either what renews it does not answer just now, or it was renewed after the
    /// service had refused a body that only its maker can send again.
    Renewal,
    /// The service answered with this status: it refused the request and asks to wait.
    Status(u16),
}

impl fmt::Display for LaterReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LaterReason::RateLimit => out.write_str("the rate limit is used up"),
            LaterReason::BreakerOpen => out.write_str("calls are held back after many failures"),
            LaterReason::Paused => out.write_str("the service asked to wait"),
            LaterReason::Renewal => out.write_str("its token has ended and is being renewed"),
            LaterReason::Status(status) => write!(out, "the service answered {status}"),
        }
    }
}

impl Error {
    /// A connection that cannot be used, without a deeper cause.
    pub fn connection(connection: &Name, reason: impl Into<String>) -> Error {
        Error::Connection { connection: connection.clone(), reason: reason.into(), source: None }
    }

    /// A failed dial, its reason read from the cause.
    pub fn dial(host: impl Into<String>, source: impl Into<Cause>) -> Error {
        let source = source.into();
        Error::Dial { host: host.into(), reason: dial_reason(&*source), source }
    }

    /// The problem code.
    pub fn code(&self) -> Code {
        match self {
            Error::EgressRefused { .. } => Code::EgressRefused,
            Error::HostNotAllowed { .. } => Code::HostNotAllowed,
            Error::Connection { .. } => Code::ConnectionMissing,
            Error::Dead { .. } => Code::ConnectionDead,
            Error::Dial { .. } | Error::Tls { .. } => Code::DialFailed,
            Error::Timeout { .. } => Code::UpstreamTimeout,
            Error::Later { reason: LaterReason::BreakerOpen, .. } => Code::BreakerOpen,
            Error::Later { reason: LaterReason::Renewal, .. } => Code::Unavailable,
            Error::Later { .. } => Code::RateLimited,
            Error::Protocol { .. } => Code::UpstreamProtocol,
            Error::BodyTooLarge { .. } => Code::TooLarge,
            Error::RequestBody { .. } | Error::InvalidRequest(_) => Code::Malformed,
            Error::Canceled { .. } => Code::RunCanceled,
        }
    }

    /// Whether it is certain that no byte of the request was sent, so that sending it again cannot double an effect.
    pub fn before_send(&self) -> bool {
        match self {
            Error::EgressRefused { .. }
            | Error::HostNotAllowed { .. }
            | Error::Connection { .. }
            | Error::Dead { .. }
            | Error::Dial { .. }
            | Error::Tls { .. }
            | Error::InvalidRequest(_) => true,
            Error::Later { reason, .. } => !matches!(reason, LaterReason::Status(_)),
            Error::Timeout { sent, .. } | Error::Canceled { sent } => !sent,
            Error::Protocol { .. } | Error::BodyTooLarge { .. } | Error::RequestBody { .. } => false,
        }
    }

    /// Whether the request may have taken effect although no answer says so. A service that answers 429 or 503 with
    /// `Retry-After` says that it refused, so that is not uncertain.
    pub fn uncertain(&self) -> bool {
        !self.before_send() && !matches!(self, Error::Later { .. } | Error::BodyTooLarge { .. })
    }

    /// Whether doing the same again can help.
    pub fn retry(&self) -> Retry {
        match self {
            Error::Later { after, .. } => Retry::Later(*after),
            // Whoever knows the connection wakes the run when it is well again; this is for who does not.
            Error::Dead { .. } => Retry::Later(DEAD_FOR),
            Error::Dial { .. } | Error::Timeout { .. } | Error::Protocol { .. } => Retry::Backoff,
            _ => Retry::No,
        }
    }

    /// The problem to show.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code(), self.to_string());
        problem.hint = match self {
            Error::EgressRefused { .. } => {
                Some("let the address be called in the environment's `egress` resource or by the connection".into())
            }
            Error::HostNotAllowed { host, .. } => Some(format!("add `{host}` to the connection's hosts")),
            Error::Connection { connection, .. } => Some(format!("complete connection `{connection}`")),
            Error::Dead { connection, .. } => {
                problem.pointer = Some(format!("/connections/{connection}"));
                Some(format!("connect `{connection}` again; runs that wait for it go on by themselves"))
            }
            _ => None,
        };
        if let Error::Later { after, .. } = self {
            problem.retry_after = Some(after.as_secs() + u64::from(after.subsec_nanos() > 0));
        }
        problem
    }

    /// The whole chain of causes on one line, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

/// The nearest known reason in a chain of causes.
fn dial_reason(error: &(dyn std::error::Error + 'static)) -> &'static str {
    causes(error).find_map(known_reason).unwrap_or("no stream could be opened")
}

fn known_reason(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if refuses_certificate(error) {
        return Some("it does not take the client certificate, or wants one and sees none");
    }
    if error.is::<rustls::Error>() {
        return Some("the TLS handshake failed");
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some("the connection was refused"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => {
            Some("the connection was broken off")
        }
        io::ErrorKind::TimedOut => Some("nobody answered in time"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some("there is no way to its network"),
        io::ErrorKind::NotFound => Some("its name has no address"),
        _ => None,
    }
}

/// Whether a peer ends TLS because of the certificate that it was shown, or was not.
pub(crate) fn refuses_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    use rustls::AlertDescription as Alert;
    let Some(rustls::Error::AlertReceived(alert)) = error.downcast_ref::<rustls::Error>() else { return false };
    matches!(
        alert,
        Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            // The signature over it, by its authority or by us.
            | Alert::DecryptError
            | Alert::CertificateRequired
    )
}

/// An error and what lies behind it, outermost first. What an I/O error wraps counts as behind it, although its
/// `source` skips that.
pub(crate) fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |current| {
        let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| current.source())
    })
}
