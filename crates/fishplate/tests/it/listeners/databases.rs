//! Tables of PostgreSQL whose changes are kept, and streams of Redis.

use std::ops::Range;

use serde_json::{Value, json};
use testkit::{postgres, redis};

use super::{Outside, survives};

/// Rows of a table.
struct Rows {
    database: Option<postgres::Database>,
    server: postgres::Server,
}

impl Rows {
    fn address(&self) -> (&str, u16) {
        let url = &self.database.as_ref().expect("it lives as long as this").url;
        let (_, place) = url.split_once('@').expect("its user is named");
        let (_, address) = place.split_once(':').expect("its port is named");
        let (port, name) = address.split_once('/').expect("its name is named");
        (name, port.parse().expect("a port"))
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        // Before its server.
        drop(self.database.take());
    }
}

impl Outside for Rows {
    fn port(&self) -> u16 {
        self.address().1
    }

    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)> {
        let auth = json!({
            "type": "login", "protocol": "postgres", "host": "127.0.0.1", "port": port, "encryption": "none",
            "user": "postgres", "settings": { "database": self.address().0 },
        });
        Some((auth, Some("any")))
    }

    fn trigger(&self, _: u16) -> Value {
        let params = json!({ "tableName": "numbers", "keepChanges": true });
        json!({ "type": "postgres.trigger", "params": params, "connections": { "postgres": "outside" } })
    }

    fn publish(&self, numbers: Range<u32>) {
        let database = self.database.as_ref().expect("it lives as long as this");
        for number in numbers {
            database.run(&format!("INSERT INTO numbers VALUES ({number})")).unwrap();
        }
    }

    fn restart(&mut self) {
        self.server.restart().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["payload"]["number"].as_u64()?.try_into().ok()
    }
}

impl Outside for redis::Server {
    fn port(&self) -> u16 {
        redis::Server::port(self)
    }

    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)> {
        let auth = json!({
            "type": "login", "protocol": "redis", "host": "127.0.0.1", "port": port, "encryption": "none",
        });
        Some((auth, Some(redis::PASSWORD)))
    }

    fn trigger(&self, _: u16) -> Value {
        let params = json!({ "stream": "numbers", "jsonParseBody": true });
        json!({ "type": "redis.trigger", "params": params, "connections": { "redis": "outside" } })
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            self.ask(&["XADD", "numbers", "*", "number", &number.to_string()]).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["message"]["number"].as_u64()?.try_into().ok()
    }
}

#[tokio::test]
async fn rows_of_a_table_are_neither_lost_nor_doubled() {
    let Ok(server) = postgres::Server::start(postgres::Durability::Fast) else {
        postgres::shout("no PostgreSQL: the test of its trigger is left out");
        return;
    };
    let database = server.database().unwrap();
    database.run("CREATE TABLE numbers (number int)").unwrap();
    survives(Rows { database: Some(database), server }).await;
}

#[tokio::test]
async fn entries_of_a_redis_stream_are_neither_lost_nor_doubled() {
    survives(redis::Server::keeping().unwrap()).await;
}
