//! Kind `connection`: see [`auth::Connection`].

use std::collections::BTreeSet;

use auth::Connection;
use auth::oauth::TOKENS;
use model::{Code, Problem, Problems};
use part::Kind;
use part::kind::CheckEnv;

/// Kind `connection`.
pub struct ConnectionKind;

impl Kind for ConnectionKind {
    const NAME: &'static str = "connection";
    const PLURAL: &'static str = "connections";
    const SUMMARY: &'static str = "An account on an outside service, and the hosts that it may be sent to.";
    type Spec = Connection;

    fn check(spec: &Connection) -> Problems {
        spec.check()
    }

    fn runnable(spec: &Connection, _: &CheckEnv<'_>) -> Problems {
        let missing = spec.missing_secrets().into_iter().map(|field| {
            Problem::new(Code::ConnectionMissing, format!("the secret `{field}` has no value"))
                .at("/secrets")
                .hint(format!("set it with PUT …/secrets/{field}"))
        });
        Problems(missing.collect())
    }

    fn secret_fields(spec: &Connection) -> Vec<String> {
        spec.secret_fields()
    }

    fn flag_secrets(spec: &mut Connection, set: &BTreeSet<String>) {
        // Tokens come and go by themselves, and are told by the connection's status.
        spec.secrets = set.iter().filter(|field| !TOKENS.contains(&field.as_str())).cloned().collect();
    }
}
