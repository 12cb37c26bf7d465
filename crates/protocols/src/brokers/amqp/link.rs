//! One connection with one channel to an AMQP broker.

use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::types::ShortString;
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism};
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};
use model::Code;
use outbound::{Login, Meta, Outbound, Tunnel};
use part::{Category, NodeError};
use tokio::time::timeout;

use crate::brokers::node::{REACH, refused, silent, unreachable};

/// After how much silence either side takes the other for gone, in seconds.
const HEARTBEAT: u16 = 10;

/// A connection that the broker has accepted.
pub(super) struct Link {
    pub channel: Channel,
    connection: Connection,
    /// The driver opens its socket itself, and it leads through here.
    _tunnel: Tunnel,
}

impl Link {
    /// Connects, and opens a channel.
    pub(super) async fn open(outbound: &Outbound, login: &Login, meta: Meta) -> Result<Link, NodeError> {
        let tunnel = outbound.tunnel_login(login, meta).await?;
        let by_certificate = login.user.is_empty() && login.setting("clientCertificate").is_some();
        let uri = AMQPUri {
            // What is encrypted is the tunnel's far side.
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: login.user.clone(),
                    password: login.secret("password").unwrap_or_default().to_owned(),
                },
                host: tunnel.address().ip().to_string(),
                port: tunnel.address().port(),
            },
            vhost: login.setting("vhost").unwrap_or("/").to_owned(),
            query: AMQPQueryString {
                heartbeat: Some(HEARTBEAT),
                auth_mechanism: by_certificate.then_some(SASLMechanism::External),
                ..AMQPQueryString::default()
            },
        };
        let properties = ConnectionProperties::default().with_connection_name("fishplate".into());
        let opened = async {
            let connection = Connection::connect_uri(uri, properties).await?;
            let channel = connection.create_channel().await?;
            Ok::<_, lapin::Error>((connection, channel))
        };
        match timeout(REACH, opened).await {
            Ok(Ok((connection, channel))) => Ok(Link { channel, connection, _tunnel: tunnel }),
            Ok(Err(error)) => Err(tunnel.take_error().map_or_else(|| broken(&error), NodeError::from)),
            Err(_) => Err(tunnel.take_error().map_or_else(|| silent("it was asked to let us in"), NodeError::from)),
        }
    }

    /// Takes leave; that the broker hears it is not needed.
    pub(super) async fn close(self) {
        let _ = timeout(Duration::from_secs(2), self.connection.close(200, "done".into())).await;
    }
}

/// A name as the protocol allows it. `pointer` is the parameter that it comes from.
pub(super) fn name(text: &str, pointer: &str) -> Result<ShortString, NodeError> {
    ShortString::try_new(text).map_err(|_| {
        let detail = format!("a name has at most 255 bytes in this protocol, and this one has {}", text.len());
        NodeError::parameter(pointer, detail).permanent()
    })
}

/// An answer of the broker within the time that it may take.
pub(super) async fn answer<T>(
    what: &str,
    asked: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, NodeError> {
    timeout(REACH, asked).await.map_err(|_| silent(what))?.map_err(|error| broken(&error))
}

/// What the driver says, for people.
pub(super) fn broken(error: &lapin::Error) -> NodeError {
    let ErrorKind::ProtocolError(said) = error.kind() else {
        return match error.kind() {
            ErrorKind::MissingHeartbeatError => unreachable("the broker has fallen silent"),
            _ => unreachable(format!("the connection to the broker broke: {error}")),
        };
    };
    let text = said.get_message();
    match said.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
            refused(format!("the broker refuses: {text}"))
        }
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => {
            let error = NodeError::new(Code::UpstreamStatus, Category::BadData, format!("the broker says: {text}"));
            error.hint("make it at the broker, or let the node make it").permanent()
        }
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::RESOURCELOCKED) => {
            let error = NodeError::new(Code::UpstreamStatus, Category::BadData, format!("the broker says: {text}"));
            error.hint("it is there already, made in another way: use the same options").permanent()
        }
        _ => NodeError::new(Code::UpstreamStatus, Category::Unavailable, format!("the broker says: {text}")),
    }
}
