//! One connection to an MQTT broker.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use model::Code;
use outbound::{BoxedStream, Login, Meta, Outbound};
use part::{Category, NodeError};
use rumqttc::mqttbytes;
use rumqttc::mqttbytes::v4::{Codec, Connect, ConnectReturnCode, Packet};
use tokio::time::timeout;
use tokio_util::codec::Framed;

use crate::brokers::node::{REACH, refused, silent, unreachable};

/// Largest packet that is taken or sent. The protocol's own limit is four times as much.
const PACKET_LIMIT: usize = 64 << 20;

/// Who connects.
pub(super) struct Caller {
    /// Its id at the broker.
    pub client_id: String,
    /// The broker keeps nothing for it when it goes.
    pub clean: bool,
    /// After how much silence the broker takes it for gone.
    pub keep_alive: Duration,
}

/// A connection that the broker has accepted.
pub(crate) struct Wire {
    framed: Framed<BoxedStream, Codec>,
}

impl Wire {
    /// Connects. Beside the connection: whether the broker has kept a session of this caller.
    pub(super) async fn open(
        outbound: &Outbound,
        login: &Login,
        meta: Meta,
        caller: Caller,
    ) -> Result<(Wire, bool), NodeError> {
        let stream = outbound.dial_login(login, meta).await?;
        let codec = Codec { max_incoming_size: PACKET_LIMIT, max_outgoing_size: PACKET_LIMIT };
        let mut wire = Wire { framed: Framed::new(stream, codec) };
        let mut connect = Connect::new(caller.client_id);
        connect.clean_session = caller.clean;
        connect.keep_alive = u16::try_from(caller.keep_alive.as_secs()).unwrap_or(u16::MAX);
        if !login.user.is_empty() {
            connect.set_login(login.user.as_str(), login.secret("password").unwrap_or_default());
        }
        wire.send(Packet::Connect(connect)).await?;
        let answer =
            timeout(REACH, wire.next()).await.map_err(|_| silent("it was asked to accept the connection"))??;
        let Packet::ConnAck(answer) = answer else { return Err(unexpected(&answer)) };
        match answer.code {
            ConnectReturnCode::Success => Ok((wire, answer.session_present)),
            ConnectReturnCode::BadUserNamePassword => Err(refused("the broker refuses the user or the password")),
            ConnectReturnCode::NotAuthorized => Err(refused("the broker lets this user or client not in")),
            ConnectReturnCode::BadClientId => {
                let error = refused("the broker refuses the client id");
                Err(error.hint("set another `clientId` in the connection's settings"))
            }
            ConnectReturnCode::RefusedProtocolVersion => {
                let detail = "the broker does not speak MQTT 3.1.1";
                Err(NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail).permanent())
            }
            ConnectReturnCode::ServiceUnavailable => Err(unreachable("the broker says that it is not available")),
        }
    }

    /// Sends a packet. A peer that takes nothing for a while is gone.
    pub(super) async fn send(&mut self, packet: Packet) -> Result<(), NodeError> {
        let sent = timeout(REACH, self.framed.send(packet)).await;
        sent.map_err(|_| silent("it takes no bytes any more"))?.map_err(broken)
    }

    /// The next packet. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Result<Packet, NodeError> {
        match self.framed.next().await {
            Some(packet) => packet.map_err(broken),
            None => Err(unreachable("the broker has closed the connection")),
        }
    }

    /// Takes leave; that the broker hears it is not needed.
    pub(super) async fn close(mut self) {
        if self.send(Packet::Disconnect).await.is_ok() {
            let _ = timeout(REACH, self.framed.close()).await;
        }
    }
}

/// The packet is none that may come now.
pub(super) fn unexpected(packet: &Packet) -> NodeError {
    let kind = match packet {
        Packet::Connect(_) => "CONNECT",
        Packet::ConnAck(_) => "CONNACK",
        Packet::Publish(_) => "PUBLISH",
        Packet::PubAck(_) => "PUBACK",
        Packet::PubRec(_) => "PUBREC",
        Packet::PubRel(_) => "PUBREL",
        Packet::PubComp(_) => "PUBCOMP",
        Packet::Subscribe(_) => "SUBSCRIBE",
        Packet::SubAck(_) => "SUBACK",
        Packet::Unsubscribe(_) => "UNSUBSCRIBE",
        Packet::UnsubAck(_) => "UNSUBACK",
        Packet::PingReq => "PINGREQ",
        Packet::PingResp => "PINGRESP",
        Packet::Disconnect => "DISCONNECT",
    };
    let detail = format!("the broker sent {kind} where it has no place");
    NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
}

fn broken(error: mqttbytes::Error) -> NodeError {
    match error {
        mqttbytes::Error::Io(error) => unreachable(format!("the connection to the broker broke: {error}")),
        mqttbytes::Error::OutgoingPacketTooLarge { pkt_size, max } => {
            let detail = format!("the message has {pkt_size} bytes, and {max} is the most that is sent");
            NodeError::new(Code::TooLarge, Category::BadData, detail).permanent()
        }
        mqttbytes::Error::PayloadSizeLimitExceeded(size) => {
            let detail =
                format!("the broker sent a message of {size} bytes, and {PACKET_LIMIT} is the most that is taken");
            NodeError::new(Code::TooLarge, Category::BadData, detail)
        }
        other => {
            let detail = format!("the broker does not keep to MQTT 3.1.1: {other}");
            NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
        }
    }
}
