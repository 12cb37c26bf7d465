//! Which process this is among those that share a store, and which one it follows.
//!
//! Leases of runs outlive a process that is killed, and nobody may touch those runs until they end. But whoever holds
//! the lock of a data folder knows that the process before it is dead: its leases are freed at once, so that a server
//! that was killed works again as soon as it is started.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use model::{Code, Problem};
use store::Store;

/// File in the data folder with the name of the process that uses it.
const FILE: &str = "node";

/// This process, while it holds its data folder.
pub struct Node {
    /// Its name, new with every start.
    pub name: String,
    /// Its lock ends with the process, however that ends.
    _lock: File,
}

impl Node {
    /// Takes the data folder, frees what the process before held in the store, and leaves the own name for the next.
    pub async fn enter(data: &Path, store: &Store) -> Result<Node, Problem> {
        let path = data.join(FILE);
        let fault = |error: std::io::Error| {
            Problem::new(Code::Unavailable, format!("the file `{}` cannot be used: {error}", path.display()))
        };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let problem = format!("another process uses the data folder `{}`", data.display());
                return Err(Problem::new(Code::Unavailable, problem).hint("give each server a folder of its own"));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(fault(error)),
        }
        let mut before = String::new();
        file.read_to_string(&mut before).map_err(fault)?;
        // Freed before the own name is written: a start that is killed between the two is done again.
        let before = before.trim();
        let freed = if before.is_empty() { 0 } else { store.retire_node(before).await? };
        if freed > 0 {
            tracing::info!(partitions = freed, "the process before did not stop properly; its runs are taken over");
        }
        let name = format!("node-{}", auth::random_text());
        file.seek(std::io::SeekFrom::Start(0)).map_err(fault)?;
        file.write_all(format!("{name}\n").as_bytes()).map_err(fault)?;
        file.set_len(name.len() as u64 + 1).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        Ok(Node { name, _lock: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_leases_of_a_dead_process_are_free_at_once_and_a_living_one_keeps_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(crate::backup::store_options(folder.path(), None)).await.unwrap();
        let first = Node::enter(folder.path(), &store).await.unwrap();
        let held = store.acquire_partitions(&first.name, 64, 60_000, 0).await.unwrap();
        assert_eq!(held.len(), 64);
        assert_eq!(Node::enter(folder.path(), &store).await.err().unwrap().code, Code::Unavailable);
        drop(first);
        let second = Node::enter(folder.path(), &store).await.unwrap();
        let taken = store.acquire_partitions(&second.name, 64, 60_000, 0).await.unwrap();
        assert_eq!(taken.len(), 64, "although the leases had not ended");
        assert!(taken.iter().zip(&held).all(|(new, old)| new.token > old.token));
        store.close().await;
    }
}
