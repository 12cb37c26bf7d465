//! A way out that knows accounts of other protocols, for nodes and triggers on the bench.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Name, ScopeId};
use outbound::{Credentials, EgressRules, Error, Login, Options, Outbound, Reach, Signable};

/// A way out that may call this machine and has these accounts.
///
/// # Panics
/// When a host is no host.
pub fn outbound(logins: BTreeMap<Name, Login>) -> Outbound {
    let options = Options { egress: EgressRules::private(), ..Options::default() };
    Outbound::new(options, Arc::new(Logins(logins))).expect("it needs no network")
}

struct Logins(BTreeMap<Name, Login>);

impl Logins {
    fn named(&self, connection: &Name) -> Result<&Login, Error> {
        self.0.get(connection).ok_or_else(|| Error::connection(connection, "does not exist"))
    }
}

impl Credentials for Logins {
    fn reach<'a>(&'a self, _: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, Error>> {
        Box::pin(async move {
            let login = self.named(connection)?;
            let host = login.host.parse().map_err(|_| Error::connection(connection, "names no host"))?;
            Ok(Arc::new(Reach { hosts: vec![host], private: true, ..Reach::default() }))
        })
    }

    fn sign<'a>(&'a self, _: ScopeId, connection: &'a Name, _: Signable<'a>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { Err(Error::connection(connection, "is a login and cannot be shown in a request")) })
    }

    fn login<'a>(&'a self, _: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Login, Error>> {
        Box::pin(async move { self.named(connection).cloned() })
    }
}
