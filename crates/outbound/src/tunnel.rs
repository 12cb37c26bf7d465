//! A way out for drivers that open their sockets themselves: an address on this machine that leads to one target.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::handle::Shared;
use crate::{Error, Meta, Target, dial};

/// Leads to one target for as long as it is kept; every stream through it is checked, pinned and counted as
/// [`crate::Outbound::dial`] does it. Streams under way end with it.
///
/// It listens on loopback, so whoever may open sockets on this machine can reach the target through it while it is
/// there. It carries no credentials: those, the driver sends.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    failed: Arc<Mutex<Option<Error>>>,
    _serving: JoinSet<()>,
}

impl Tunnel {
    /// Where the driver connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why the last stream could not be opened, once. The driver only sees that its stream was closed.
    pub fn take_error(&self) -> Option<Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Opens a tunnel. A target that may not be called is refused here, not at the first stream.
pub(crate) async fn open(shared: &Arc<Shared>, target: Target, meta: Meta) -> Result<Tunnel, Error> {
    dial::check(shared, &target, &meta).await?;
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(|error| Error::dial(&target.host, error))?;
    let address = listener.local_addr().map_err(|error| Error::dial(&target.host, error))?;
    let failed = Arc::default();
    let mut serving = JoinSet::new();
    serving.spawn(serve(listener, shared.clone(), target, meta, Arc::clone(&failed)));
    Ok(Tunnel { address, failed, _serving: serving })
}

async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    target: Target,
    meta: Meta,
    failed: Arc<Mutex<Option<Error>>>,
) {
    let mut streams = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((near, _)) => {
                let (shared, target, meta, failed) = (shared.clone(), target.clone(), meta.clone(), failed.clone());
                streams.spawn(async move {
                    if let Err(error) = carry(near, &shared, target, &meta).await {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    }
                });
            }
            // Out of descriptors, most likely; others give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while streams.try_join_next().is_some() {}
    }
}

async fn carry(mut near: TcpStream, shared: &Shared, target: Target, meta: &Meta) -> Result<(), Error> {
    let mut far = dial::dial(shared, target, meta).await?;
    let _ = near.set_nodelay(true);
    tokio::select! {
        // How a stream ends is the driver's business.
        _ = copy_bidirectional(&mut near, &mut far) => Ok(()),
        () = meta.cancel.cancelled() => Ok(()),
    }
}
