//! Nodes and triggers against real servers, started by the tests on loopback.

mod amqp;
mod mqtt;
mod nats;
mod tls;
