//! A way out for drivers that open their sockets themselves: an address on this machine that leads to one target.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::handle::Shared;
use crate::{BoxedStream, Error, Meta, Target, dial};

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

/// Opens the far end of a tunnel, once for each stream of the driver.
pub type Opener = Arc<dyn Fn() -> BoxFuture<'static, Result<BoxedStream, Error>> + Send + Sync>;

/// Opens a tunnel. A target that may not be called is refused here, not at the first stream.
pub(crate) async fn open(shared: &Arc<Shared>, target: Target, meta: Meta) -> Result<Tunnel, Error> {
    dial::check(shared, &target, &meta).await?;
    let (shared, cancel) = (shared.clone(), meta.cancel.clone());
    let opener = move || -> BoxFuture<'static, Result<BoxedStream, Error>> {
        let (shared, target, meta) = (shared.clone(), target.clone(), meta.clone());
        Box::pin(async move { dial::dial(&shared, target, &meta).await })
    };
    through(Arc::new(opener), cancel).await
}

/// Opens a tunnel whose far end is opened like that.
pub(crate) async fn through(opener: Opener, cancel: CancellationToken) -> Result<Tunnel, Error> {
    let fail = |error| Error::dial("127.0.0.1", error);
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    let failed = Arc::default();
    let mut serving = JoinSet::new();
    serving.spawn(serve(listener, opener, cancel, Arc::clone(&failed)));
    Ok(Tunnel { address, failed, _serving: serving })
}

async fn serve(listener: TcpListener, opener: Opener, cancel: CancellationToken, failed: Arc<Mutex<Option<Error>>>) {
    let mut streams = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((near, _)) => {
                let (opened, cancel, failed) = (opener(), cancel.clone(), failed.clone());
                streams.spawn(async move {
                    match opened.await {
                        Ok(far) => carry(near, far, &cancel).await,
                        Err(error) => *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error),
                    }
                });
            }
            // Out of descriptors, most likely; others give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while streams.try_join_next().is_some() {}
    }
}

async fn carry(mut near: TcpStream, mut far: BoxedStream, cancel: &CancellationToken) {
    let _ = near.set_nodelay(true);
    tokio::select! {
        // How a stream ends is the driver's business.
        _ = copy_bidirectional(&mut near, &mut far) => {}
        () = cancel.cancelled() => {}
    }
}
