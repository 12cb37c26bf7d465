//! Changes that wait in a table until they have started their run: written by the database's trigger in the transaction
//! that changes the row, taken out once the event is committed.
//!
//! A notification only says that there is something to look for. The table is also looked at each time that the
//! connection proves itself, so one that is lost costs seconds and nothing else.

use model::Problem;
use part::NodeError;
use part::listen::Ear;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Notification};

use super::{PING, broken, in_time, item};

/// How many changes are read at a time.
const TOGETHER: usize = 100;

/// Makes the table. What a change is known by must not come again when the table is made anew, so it is no counter.
pub(super) fn creation(queue: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {queue} (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
         mark text NOT NULL DEFAULT md5(random()::text || clock_timestamp()::text), \
         process int NOT NULL, payload text NOT NULL);"
    )
}

pub(super) async fn hear(
    ear: &Ear,
    client: &Client,
    told: &mut mpsc::UnboundedReceiver<Notification>,
    queue: &str,
    channel: &str,
) -> Result<(), NodeError> {
    let mut next = tokio::time::interval(PING);
    loop {
        while take(ear, client, queue, channel).await? == TOGETHER {}
        tokio::select! {
            notification = told.recv() => {
                if notification.is_none() {
                    return Err(broken("the connection to the database broke"));
                }
                // One look finds what many have told of.
                while told.try_recv().is_ok() {}
            }
            _ = next.tick() => {}
        }
    }
}

/// Makes events of what waits longest; how many.
async fn take(ear: &Ear, client: &Client, queue: &str, channel: &str) -> Result<usize, NodeError> {
    let sql = format!("SELECT number, mark, process, payload FROM {queue} ORDER BY number LIMIT {TOGETHER}");
    let rows = in_time(client.query(&sql, &[]), &sql).await?;
    ear.alive();
    let sql = format!("DELETE FROM {queue} WHERE number = $1");
    let broken_row =
        |error: tokio_postgres::Error| NodeError::bad_data(format!("our table holds other things: {error}"));
    for row in &rows {
        let number: i64 = row.try_get(0).map_err(broken_row)?;
        let (mark, process, payload): (String, i32, &str) = (
            row.try_get(1).map_err(broken_row)?,
            row.try_get(2).map_err(broken_row)?,
            row.try_get(3).map_err(broken_row)?,
        );
        let run = ear.admit(vec![item(channel, process, payload)], Some(mark)).await;
        match run {
            Ok(_) => {}
            // Told to stop while the server was too busy: the table keeps the change.
            Err(problem) if ear.stop().is_cancelled() => return Err(problem.into()),
            // It would be refused again, for ever.
            Err(problem) => refused(ear, &problem),
        }
        in_time(client.execute(&sql, &[&number]), &sql).await?;
        ear.alive();
    }
    Ok(rows.len())
}

fn refused(ear: &Ear, problem: &Problem) {
    let info = ear.info();
    tracing::warn!(%problem, workflow = %info.workflow, node = info.node, "a change is refused");
}
