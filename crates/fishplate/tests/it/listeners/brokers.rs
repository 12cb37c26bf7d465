//! Brokers and mailboxes.

use std::ops::Range;

use serde_json::{Value, json};
use testkit::{dovecot, mosquitto, nats, rabbitmq};

use super::{Outside, survives};

impl Outside for mosquitto::Server {
    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)> {
        let auth = json!({
            "type": "login", "protocol": "mqtt", "host": "127.0.0.1", "port": port, "encryption": "none",
        });
        Some((auth, None))
    }

    fn trigger(&self, _: u16) -> Value {
        json!({ "type": "mqtt.trigger", "params": { "topics": "numbers:1" }, "connections": { "mqtt": "outside" } })
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            mosquitto::Server::publish(self, "numbers", 1, false, &[number.to_string()]).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["message"].as_str()?.parse().ok()
    }
}

impl Outside for rabbitmq::Server {
    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)> {
        let auth = json!({
            "type": "login", "protocol": "amqp", "host": "127.0.0.1", "port": port, "encryption": "none",
            "user": "guest",
        });
        Some((auth, Some("guest")))
    }

    fn trigger(&self, _: u16) -> Value {
        json!({ "type": "rabbitmq.trigger", "params": { "queue": "numbers" }, "connections": { "rabbitmq": "outside" } })
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            self.send("numbers", &[number.to_string()]).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["content"].as_str()?.trim().parse().ok()
    }
}

impl Outside for nats::Server {
    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)> {
        let auth = json!({
            "type": "login", "protocol": "nats", "host": "127.0.0.1", "port": port, "encryption": "none",
        });
        Some((auth, None))
    }

    fn trigger(&self, _: u16) -> Value {
        json!({ "type": "nats.trigger", "params": { "stream": "numbers" }, "connections": { "nats": "outside" } })
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            self.keep("numbers", &number.to_string()).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["message"].as_u64()?.try_into().ok()
    }
}

#[tokio::test]
async fn rabbitmq_messages_are_neither_lost_nor_doubled() {
    let server = rabbitmq::Server::start().unwrap();
    server.queue("numbers").unwrap();
    survives(server).await;
}

#[tokio::test]
async fn jetstream_messages_are_neither_lost_nor_doubled() {
    let server = nats::Server::start().unwrap();
    server.stream("numbers", "numbers").unwrap();
    survives(server).await;
}

#[tokio::test]
async fn mqtt_messages_are_neither_lost_nor_doubled() {
    survives(mosquitto::Server::start().unwrap()).await;
}

impl Outside for dovecot::Dovecot {
    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)> {
        let auth = json!({
            "type": "login", "protocol": "imap", "host": "127.0.0.1", "port": port, "encryption": "none",
            "user": dovecot::USER,
        });
        Some((auth, Some(dovecot::PASSWORD)))
    }

    fn trigger(&self, _: u16) -> Value {
        json!({ "type": "mail.trigger", "params": { "first": "all" }, "connections": { "imap": "outside" } })
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            let mail = format!("Subject: {number}\r\nMessage-ID: <{number}@a.example>\r\n\r\ntext\r\n");
            self.deliver(mail.as_bytes()).unwrap();
        }
    }

    fn restart(&mut self) {
        self.end();
        self.begin().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["subject"].as_str()?.parse().ok()
    }
}

#[tokio::test]
async fn mail_is_neither_lost_nor_doubled() {
    survives(dovecot::start().unwrap()).await;
}
