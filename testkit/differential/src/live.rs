//! A real n8n that answers: its editor's port on loopback, filled with a small shop.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};

use crate::peer::Peer;

/// A running n8n. It ends when this is dropped.
pub struct Live {
    child: Child,
    /// Its address.
    pub url: String,
    /// Key of its API.
    pub key: String,
}

/// What n8n answers to the calls that moving from it makes, as the tests replay it.
pub fn answers_path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("n8n/answers.json")
}

impl Live {
    /// Starts it on free ports, fills it, and writes its answers to `answers`.
    pub fn start(peer: &Peer, answers: &Path) -> Result<Live> {
        let _ = std::fs::remove_dir_all(peer.home());
        std::fs::create_dir_all(peer.home())?;
        let (port, broker) = (free_port()?, free_port()?);
        let child = peer
            .command(&["start"])
            .env("N8N_PORT", port.to_string())
            .env("N8N_LISTEN_ADDRESS", "127.0.0.1")
            .env("N8N_HOST", "127.0.0.1")
            .env("N8N_SECURE_COOKIE", "false")
            .env("N8N_RUNNERS_BROKER_PORT", broker.to_string())
            // Its clock goes: the script that stops it is for cases only, and is not laid down here.
            .env_remove("NODE_OPTIONS")
            .stdout(Stdio::null())
            .spawn()
            .context("n8n cannot be started")?;
        let mut live = Live { child, url: format!("http://127.0.0.1:{port}"), key: String::new() };
        let key = peer.home().join("key");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("n8n/seed.mjs");
        let status = peer.node().arg(script).arg(&live.url).arg(answers).arg(&key).status()?;
        ensure!(status.success(), "n8n cannot be filled");
        live.key = std::fs::read_to_string(&key)?;
        Ok(live)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
