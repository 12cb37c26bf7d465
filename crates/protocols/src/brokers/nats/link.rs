//! One connection to a NATS server.

use std::sync::Arc;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, HeaderMap, RequestErrorKind};
use futures_util::future::BoxFuture;
use model::{Map, Value};
use outbound::{BoxedStream, Encryption, Error, Login, Meta, Outbound, Target, Tunnel};
use part::NodeError;
use tokio::io::{AsyncReadExt, join, split};
use tokio::time::timeout;

use crate::brokers::node::{REACH, refused, silent, unreachable};

/// Longest greeting of a server.
const GREETING: usize = 64 << 10;

/// A connection that the server has accepted.
pub(super) struct Link {
    pub client: Client,
    /// The driver opens its socket itself, and it leads through here.
    _tunnel: Tunnel,
}

impl Link {
    /// Connects.
    pub(super) async fn open(outbound: &Outbound, login: &Login, meta: Meta) -> Result<Link, NodeError> {
        let tunnel = tunnel(outbound, login, meta).await?;
        let mut options = ConnectOptions::new().name("fishplate").ignore_discovered_servers().connection_timeout(REACH);
        // A connection that is gone is begun again by whoever holds it, so that it is known to have gone.
        options = options.max_reconnects(1);
        if let Some(token) = login.secret("token") {
            options = options.token(token.to_owned());
        } else if !login.user.is_empty() {
            let password = login.secret("password").unwrap_or_default();
            options = options.user_and_password(login.user.clone(), password.to_owned());
        }
        match timeout(REACH, options.connect(format!("nats://{}", tunnel.address()))).await {
            Ok(Ok(client)) => Ok(Link { client, _tunnel: tunnel }),
            Ok(Err(error)) => Err(tunnel.take_error().map_or_else(
                || match error.kind() {
                    ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                        refused("the server refuses the user, the password or the token")
                    }
                    _ => unreachable(format!("the server cannot be reached: {error}")),
                },
                NodeError::from,
            )),
            Err(_) => Err(tunnel.take_error().map_or_else(|| silent("it was asked to let us in"), NodeError::from)),
        }
    }
}

impl Link {
    /// Whether the server answers what was sent behind everything else. Nobody listens on an inbox that was made up
    /// here, so the server itself says so.
    pub(super) async fn proves_alive(&self) -> Result<(), NodeError> {
        let asked = self.client.request(self.client.new_inbox(), bytes::Bytes::new());
        match timeout(REACH, asked).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
            Ok(Err(error)) if error.kind() == RequestErrorKind::TimedOut => {
                Err(silent("it was asked whether it is there"))
            }
            Ok(Err(error)) => Err(unreachable(format!("the connection to the server broke: {error}"))),
            Err(_) => Err(silent("it was asked whether it is there")),
        }
    }
}

async fn tunnel(outbound: &Outbound, login: &Login, meta: Meta) -> Result<Tunnel, NodeError> {
    let first = login.settings.get("tlsFirst").is_some_and(|first| first == true);
    if login.encryption == Encryption::None || first {
        return Ok(outbound.tunnel_login(login, meta).await?);
    }
    // NATS greets in the clear and begins TLS behind the greeting.
    let (outbound_too, login, cancel) = (outbound.clone(), login.clone(), meta.cancel.clone());
    let opener = move || -> BoxFuture<'static, Result<BoxedStream, Error>> {
        let (outbound, login, meta) = (outbound_too.clone(), login.clone(), meta.clone());
        Box::pin(async move {
            let mut clear = outbound.dial(Target::tcp(login.host.clone(), login.port), meta).await?;
            let greeted = timeout(REACH, greeting(&mut clear)).await.ok().flatten();
            let greeting = greeted.ok_or_else(|| {
                let detail = "it sends no greeting of NATS; set `tlsFirst` if it begins TLS before that".to_owned();
                Error::Protocol { host: login.host.clone(), detail, source: None }
            })?;
            let (far, send) = split(outbound.encrypt(clear, &login).await?);
            let stream: BoxedStream = Box::new(join(std::io::Cursor::new(greeting).chain(far), send));
            Ok(stream)
        })
    };
    Ok(outbound.tunnel_through(Arc::new(opener), cancel).await?)
}

/// The greeting of a server, as the driver shall see it: TLS is not its business.
async fn greeting(stream: &mut BoxedStream) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        // What comes behind it is TLS, and must not be read here.
        line.push(stream.read_u8().await.ok()?);
        if line.len() > GREETING {
            return None;
        }
    }
    let text = String::from_utf8(line).ok()?;
    let mut said: Map = serde_json::from_str(text.strip_prefix("INFO ")?.trim_end()).ok()?;
    for flag in ["tls_required", "tls_verify", "tls_available"] {
        said.shift_remove(flag);
    }
    Some(format!("INFO {}\r\n", Value::Object(said)).into_bytes())
}

/// Headers as an item shows them: a text, or a list where a name comes more than once.
pub(super) fn shown(headers: Option<&HeaderMap>) -> Map {
    let mut map = Map::new();
    for (name, values) in headers.into_iter().flat_map(HeaderMap::iter) {
        let mut values: Vec<Value> = values.iter().map(|value| value.as_str().into()).collect();
        let value = if values.len() == 1 { values.remove(0) } else { values.into() };
        map.insert(name.to_string(), value);
    }
    map.sort_keys();
    map
}
