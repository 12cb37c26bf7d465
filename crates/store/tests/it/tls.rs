//! PostgreSQL over TLS: a real server with a certificate that the test has made.

use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store::{Change, Error, Expect, Options, ResourceWrite, Store};

use crate::postgres::{Identity, tls_server};

/// An authority of our own, as a PEM file can show it.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn options(url: String, folder: &Path) -> Options {
    let blobs = folder.join("blobs");
    Options::Postgres { url, blobs, patience: Duration::from_secs(10), migrate_without_backup: false }
}

#[tokio::test]
async fn a_database_is_used_over_tls_when_its_certificate_is_good_for_its_name() {
    let issuer = authority();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    let Some(server) = tls_server(&Identity { certificate: &certificate, key: &key }) else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, issuer.pem()).unwrap();
    let stranger = folder.path().join("stranger.pem");
    std::fs::write(&stranger, authority().pem()).unwrap();
    let socket = server.database().await;
    let at = |host: &str, query: String| format!("{}?{query}", server.over_tcp(&socket, host));
    let with = |mode: &str, root: &Path| format!("sslmode={mode}&sslrootcert={}", root.display());

    // The server takes no connection over TCP that is not encrypted, so what works is.
    let plain = Store::open(options(at("localhost", "sslmode=disable".into()), folder.path())).await;
    assert!(plain.is_err(), "the server insists on TLS");
    for mode in ["require", "verify-full"] {
        let refused = async |host: &str, root: &Path| {
            let refused = Store::open(options(at(host, with(mode, root)), folder.path())).await;
            assert!(matches!(refused, Err(Error::Tls(_))), "{mode} {host}: {refused:?}");
        };
        refused("localhost", &stranger).await;
        refused("127.0.0.1", &root).await;
    }

    let open = || Store::open(options(at("localhost", with("verify-full", &root)), folder.path()));
    let (one, two) = (open().await.unwrap(), open().await.unwrap());
    let scope = one.ensure_scope(&model::Scope::default()).await.unwrap();
    let mut heard = two.watch_position();
    let write = ResourceWrite {
        kind: "variable".into(),
        name: "a".parse().unwrap(),
        spec_version: 1,
        labels: Default::default(),
        spec: "1".into(),
        refs: Vec::new(),
        keys: Vec::new(),
        expect: Expect::Any,
    };
    let written = one.put_resources(scope, vec![write], Change::new("test", 1)).await.unwrap();
    // Notices travel on a connection of their own, which is made in the same way.
    heard.wait_for(|position| *position >= written[0].revision).await.unwrap();
    assert!(two.resource(scope, "variable", &"a".parse().unwrap()).await.unwrap().is_some());
    one.close().await;
    two.close().await;
}
