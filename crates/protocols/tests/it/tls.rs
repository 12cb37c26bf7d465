//! Brokers over TLS: only one whose certificate is good for its name, and from an authority that the account knows, is
//! told anything. Each is the real one, with a certificate for `localhost` that the test has made.

use std::collections::BTreeMap;

use outbound::{Encryption, Login, Protocol};
use serde_json::{Value, json};
use testkit::certificate::Authority;
use testkit::step::{Bench, items};
use testkit::{mosquitto, nats, rabbitmq};

use crate::mqtt::node;

/// A node that publishes.
struct Publisher {
    id: &'static str,
    slot: &'static str,
    params: Value,
    login: Login,
}

impl Publisher {
    async fn publish(&self, host: &str, authority: Option<&Authority>) -> Result<Value, part::NodeError> {
        let mut login = self.login.clone();
        login.host = host.into();
        login.encryption = Encryption::Tls;
        if let Some(authority) = authority {
            login.settings.insert("caCertificate".into(), authority.pem().into());
        }
        let bench = Bench::new(&*node(self.id), self.params.clone()).unwrap().login(self.slot, login);
        let ran = bench.attempt_async(vec![items(&json!([{ "n": 1 }]))], None).await?;
        Ok(ran.json().swap_remove(0))
    }

    async fn trusts(&self, authority: &Authority) {
        let published = self.publish("localhost", Some(authority)).await.unwrap();
        assert_eq!(published.as_array().unwrap().len(), 1);
        let stranger = Authority::new().unwrap();
        for (host, known, what) in [
            ("localhost", Some(&stranger), "an authority that the account does not know"),
            ("localhost", None, "an authority that nobody knows"),
            ("127.0.0.1", Some(authority), "a certificate of another name"),
        ] {
            let error = self.publish(host, known).await.unwrap_err();
            assert_eq!(error.to_string(), format!("the certificate of `{host}` is not trusted"), "{what}");
        }
    }
}

#[tokio::test]
async fn mosquitto_is_trusted_by_its_certificate() {
    let authority = Authority::new().unwrap();
    let settings = "allow_anonymous true\ncertfile server.pem\nkeyfile server.key\n";
    let server = mosquitto::Server::with(settings, |folder| authority.furnish(folder, "localhost")).unwrap();
    let login = Login::new(Protocol::Mqtt, "localhost", server.port);
    let params = json!({ "topic": "t", "qos": 1 });
    Publisher { id: "mqtt.publish", slot: "mqtt", params, login }.trusts(&authority).await;
}

#[tokio::test]
async fn nats_is_trusted_by_its_certificate() {
    let authority = Authority::new().unwrap();
    let server = nats::Server::with_tls(|folder| authority.furnish(folder, "localhost")).unwrap();
    let login = Login::new(Protocol::Nats, "localhost", server.port);
    let params = json!({ "subject": "s" });
    Publisher { id: "nats.publish", slot: "nats", params, login }.trusts(&authority).await;
}

#[tokio::test]
async fn rabbitmq_is_trusted_by_its_certificate() {
    let authority = Authority::new().unwrap();
    let server = rabbitmq::Server::with_tls(|folder| authority.furnish(folder, "localhost")).unwrap();
    server.queue("q").unwrap();
    let secrets = BTreeMap::from([("password".to_owned(), "guest".to_owned())]);
    let mut login = Login::new(Protocol::Amqp, "localhost", server.tls_port.unwrap()).with_secrets(secrets);
    login.user = "guest".into();
    let params = json!({ "queue": "q" });
    Publisher { id: "rabbitmq.send", slot: "rabbitmq", params, login }.trusts(&authority).await;
}
