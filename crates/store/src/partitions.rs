//! Leases of partitions: who may write which runs.
//!
//! A lease is a row with a token that rises with every change of owner. Commits carry the token and are refused when
//! it has moved on, so a node that lost its lease without noticing can do no harm.

use crate::db::{Tx, params};
use crate::{Error, Fence, Millis, Store};

impl Store {
    /// Leases up to `count` partitions that are free, expired or `node`'s own already, until `now + ttl`
    /// milliseconds. Own ones keep their token; others get a new one.
    pub async fn acquire_partitions(
        &self,
        node: &str,
        count: usize,
        ttl: Millis,
        now: Millis,
    ) -> Result<Vec<Fence>, Error> {
        self.write((node.to_owned(), count, now + ttl, now), |tx, (node, count, until, now)| {
            Box::pin(acquire(tx, node, *count, *until, *now))
        })
        .await
    }

    /// Extends leases to `now + ttl`; returns those that are still the node's. The others are lost.
    pub async fn renew_partitions(
        &self,
        node: &str,
        fences: &[Fence],
        ttl: Millis,
        now: Millis,
    ) -> Result<Vec<Fence>, Error> {
        self.write((node.to_owned(), fences.to_vec(), now + ttl), |tx, (node, fences, until)| {
            Box::pin(renew(tx, node, fences, *until))
        })
        .await
    }

    /// Gives leases back. The tokens rise, so that nothing of the node's can follow.
    pub async fn release_partitions(&self, node: &str, fences: &[Fence]) -> Result<(), Error> {
        self.write((node.to_owned(), fences.to_vec()), |tx, (node, fences)| Box::pin(release(tx, node, fences))).await
    }

    /// Frees what a node holds that is known to be dead. The tokens rise, so that nothing of the node's can follow,
    /// not even a commit that the database still works on. Returns the number of partitions.
    pub async fn retire_node(&self, node: &str) -> Result<u64, Error> {
        self.write(node.to_owned(), |tx, node| {
            Box::pin(async move {
                let free = "UPDATE partition SET owner = '', token = token + 1, expires_at = 0 WHERE owner = $1";
                tx.execute(free, params![node]).await
            })
        })
        .await
    }

    /// Takes a partition whoever has it, as when its owner is known to be dead. Returns the new right.
    pub async fn seize_partition(&self, node: &str, partition: u16, ttl: Millis, now: Millis) -> Result<Fence, Error> {
        self.write((node.to_owned(), partition, now + ttl), |tx, (node, partition, until)| {
            Box::pin(async move {
                let row = tx
                    .first(
                        "UPDATE partition SET owner = $1, token = token + 1, expires_at = $2 WHERE id = $3 \
                         RETURNING token",
                        params![node, *until, *partition],
                    )
                    .await?;
                match row {
                    Some(mut row) => Ok(Fence { partition: *partition, token: row.int()? }),
                    None => Err(Error::NotFound(format!("partition {partition}"))),
                }
            })
        })
        .await
    }
}

async fn acquire(tx: &mut Tx, node: &str, count: usize, until: Millis, now: Millis) -> Result<Vec<Fence>, Error> {
    let select = format!(
        "SELECT id, owner, token FROM partition WHERE owner = $1 OR owner = '' OR expires_at <= $2 ORDER BY id{}",
        tx.dialect().for_update()
    );
    let mut candidates = Vec::new();
    for mut row in tx.query(&select, params![node, now]).await? {
        let (partition, owner, token) = (row.number::<u16>()?, row.text()?, row.int()?);
        candidates.push((owner != node, partition, token));
    }
    // Own ones first: a node that asks again must not lose what it has to the count.
    candidates.sort_unstable();
    let mut fences = Vec::new();
    for (other, partition, token) in candidates.into_iter().take(count) {
        let token = if other { token + 1 } else { token };
        tx.execute(
            "UPDATE partition SET owner = $1, token = $2, expires_at = $3 WHERE id = $4",
            params![node, token, until, partition],
        )
        .await?;
        fences.push(Fence { partition, token });
    }
    Ok(fences)
}

async fn renew(tx: &mut Tx, node: &str, fences: &[Fence], until: Millis) -> Result<Vec<Fence>, Error> {
    let mut kept = Vec::new();
    for fence in in_order(fences) {
        let changed = tx
            .execute(
                "UPDATE partition SET expires_at = $1 WHERE id = $2 AND token = $3 AND owner = $4",
                params![until, fence.partition, fence.token, node],
            )
            .await?;
        if changed == 1 {
            kept.push(fence);
        }
    }
    Ok(kept)
}

/// By partition, as commits lock them: two that lock in different orders would wait for each other.
fn in_order(fences: &[Fence]) -> Vec<Fence> {
    let mut fences = fences.to_vec();
    fences.sort_unstable_by_key(|fence| fence.partition);
    fences
}

async fn release(tx: &mut Tx, node: &str, fences: &[Fence]) -> Result<(), Error> {
    for fence in in_order(fences) {
        tx.execute(
            "UPDATE partition SET owner = '', token = token + 1, expires_at = 0 \
             WHERE id = $1 AND token = $2 AND owner = $3",
            params![fence.partition, fence.token, node],
        )
        .await?;
    }
    Ok(())
}
