//! Attempts to sign in, counted before they are judged, so that many at once gain nothing.

use crate::db::{Tx, params};
use crate::{Error, Millis, Store};

/// How attempts of one account or one address are slowed down.
#[derive(Clone, Debug, PartialEq)]
pub struct Brake {
    /// Whose attempts.
    pub subject: String,
    /// Failures that cost nothing.
    pub free: u32,
    /// Delay after the first one that does; it doubles with each further one.
    pub first: Millis,
    /// Longest delay.
    pub most: Millis,
    /// How long after the last failure all are forgotten.
    pub forget: Millis,
}

impl Brake {
    /// When the next attempt may be made after that many failures.
    fn until(&self, failures: u32, now: Millis) -> Millis {
        match failures.checked_sub(self.free) {
            None | Some(0) => now,
            Some(over) => now + self.first.saturating_mul(1 << (over - 1).min(40)).min(self.most),
        }
    }
}

impl Store {
    /// Counts an attempt as a failure before it is judged, unless one of the brakes says to wait: then the time until
    /// which. [`Self::forgive_attempts`] takes back what turned out well.
    pub async fn begin_attempt(&self, brakes: Vec<Brake>, now: Millis) -> Result<Option<Millis>, Error> {
        self.write((brakes, now), |tx, (brakes, now)| Box::pin(begin(tx, brakes, *now))).await
    }

    /// Takes back an attempt that turned out well: the failures of `clear` are forgotten, and of those of `lessen` one.
    /// An address that comes in once must not be able to clear what it tried on others.
    pub async fn forgive_attempts(&self, clear: Vec<String>, lessen: Vec<String>) -> Result<(), Error> {
        self.write((clear, lessen), |tx, (clear, lessen)| {
            Box::pin(async move {
                for subject in clear {
                    tx.execute("DELETE FROM attempt WHERE subject = $1", params![subject]).await?;
                }
                for subject in lessen {
                    let sql = "UPDATE attempt SET failures = failures - 1, until_at = 0 \
                               WHERE subject = $1 AND failures > 0";
                    tx.execute(sql, params![subject]).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

async fn begin(tx: &mut Tx, brakes: &[Brake], now: Millis) -> Result<Option<Millis>, Error> {
    let mut wait = None;
    let mut counted = Vec::new();
    for brake in brakes {
        // The row is made before it is read, so that two first attempts at once do not both find none.
        let sql = "INSERT INTO attempt (subject, failures, last_at, until_at) VALUES ($1, 0, $2, 0) \
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, params![&brake.subject, now]).await?;
        let sql =
            format!("SELECT failures, last_at, until_at FROM attempt WHERE subject = $1{}", tx.dialect().for_update());
        let Some(mut row) = tx.first(&sql, params![&brake.subject]).await? else { continue };
        let (failures, last_at, until_at): (u32, Millis, Millis) = (row.number()?, row.int()?, row.int()?);
        if until_at > now {
            wait = wait.max(Some(until_at));
        }
        counted.push(if now - last_at >= brake.forget { 1 } else { failures.saturating_add(1) });
    }
    if wait.is_some() {
        return Ok(wait);
    }
    for (brake, failures) in brakes.iter().zip(counted) {
        let sql = "UPDATE attempt SET failures = $1, last_at = $2, until_at = $3 WHERE subject = $4";
        tx.execute(sql, params![failures, now, brake.until(failures, now), &brake.subject]).await?;
    }
    Ok(None)
}
