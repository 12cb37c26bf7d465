//! Entries of a stream, read in a group: Redis keeps each one until it is acknowledged, which happens once its event is
//! committed. Ended in between, the entry is read again under the same key.

use std::time::Duration;

use model::{Item, Map, Problem, Value};
use part::NodeError;
use part::listen::Ear;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisError, cmd};
use tokio::time::Instant;

use super::{ANSWER, First, PING, Params, in_time};
use crate::databases::redis::SLOT;
use crate::databases::redis::client::connect;

/// How many entries are read at a time.
const TOGETHER: usize = 100;

/// How long an entry must lie with another reader of the group to be taken over: that one has ended.
const ABANDONED: Duration = Duration::from_secs(60);

/// What a reader has in hand.
struct Reader<'a> {
    ear: &'a Ear,
    params: &'a Params,
    session: MultiplexedConnection,
    group: String,
    consumer: String,
}

/// An entry; its fields have gone when it was deleted after it was given to somebody.
struct Entry {
    id: String,
    fields: Vec<(String, Vec<u8>)>,
}

pub(super) async fn hear(ear: &Ear, params: &Params) -> Result<(), NodeError> {
    let login = ear.login(SLOT).await?;
    let mut meta = ear.meta(SLOT);
    meta.deadline = ANSWER;
    let open = connect(ear.outbound(), &meta, &login).await.map_err(|failure| failure.error)?;
    let info = ear.info();
    let place = format!("{}/{}/{}", info.scope_id.0, info.workflow, info.node);
    let own = format!("fishplate-{}", &store::digest(place.as_bytes()).to_string()[..16]);
    let given = |name: &str| if name.trim().is_empty() { own.clone() } else { name.trim().to_owned() };
    let (group, consumer) = (given(&params.group), given(&params.consumer));
    let mut reader = Reader { ear, params, session: open.connection.clone(), group, consumer };
    reader.join().await?;
    ear.alive();
    // What was given to us and never acknowledged, in an earlier life.
    while reader.read("0", None).await? > 0 {}
    let mut looked_at: Option<Instant> = None;
    loop {
        if looked_at.is_none_or(|at| at.elapsed() > ABANDONED / 2) {
            reader.take_over().await?;
            looked_at = Some(Instant::now());
        }
        reader.read(">", Some(PING)).await?;
    }
}

impl Reader<'_> {
    async fn ask<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> Result<T, NodeError> {
        in_time(command.query_async(&mut self.session)).await
    }

    /// Makes the group, unless it is there.
    async fn join(&mut self) -> Result<(), NodeError> {
        let from = if self.params.first == First::All { "0" } else { "$" };
        let mut create = cmd("XGROUP");
        create.arg("CREATE").arg(&self.params.stream).arg(&self.group).arg(from).arg("MKSTREAM");
        let made = async {
            match create.query_async::<redis::Value>(&mut self.session).await {
                Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
                other => other.map(drop),
            }
        };
        in_time::<()>(made).await
    }

    /// Reads entries from an id on, or (`>`) those that nobody has got yet, and waits for some; how many there were.
    async fn read(&mut self, from: &str, wait: Option<Duration>) -> Result<usize, NodeError> {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.group).arg(&self.consumer).arg("COUNT").arg(TOGETHER);
        if let Some(wait) = wait {
            read.arg("BLOCK").arg(wait.as_millis() as u64);
        }
        read.arg("STREAMS").arg(&self.params.stream).arg(from);
        let answer: redis::Value = self.ask(&read).await?;
        self.ear.alive();
        // One stream was asked for; nothing comes when there is nothing.
        let entries = match list(&answer).first().map(list) {
            Some([_, entries]) => entries_of(entries),
            _ => Vec::new(),
        };
        self.take(entries).await
    }

    /// Takes over what other readers of the group got and never acknowledged.
    async fn take_over(&mut self) -> Result<(), NodeError> {
        let mut start = "0-0".to_owned();
        loop {
            let mut claim = cmd("XAUTOCLAIM");
            claim.arg(&self.params.stream).arg(&self.group).arg(&self.consumer).arg(ABANDONED.as_millis() as u64);
            claim.arg(&start).arg("COUNT").arg(TOGETHER);
            let answer: redis::Value = self.ask(&claim).await?;
            let [next, entries, ..] = list(&answer) else { return Ok(()) };
            start = text(next);
            self.take(entries_of(entries)).await?;
            if start == "0-0" {
                return Ok(());
            }
        }
    }

    /// Makes events of entries, and acknowledges those that are committed.
    async fn take(&mut self, entries: Vec<Entry>) -> Result<usize, NodeError> {
        let count = entries.len();
        for entry in entries {
            if !entry.fields.is_empty() {
                let run = self.ear.admit(vec![self.item(&entry)], Some(self.key(&entry))).await;
                match run {
                    Ok(_) => {}
                    // Told to stop while the server was too busy: the stream keeps the entry.
                    Err(problem) if self.ear.stop().is_cancelled() => return Err(problem.into()),
                    // It would be refused again, for ever.
                    Err(problem) => self.refused(&problem),
                }
            }
            let mut acknowledge = cmd("XACK");
            acknowledge.arg(&self.params.stream).arg(&self.group).arg(&entry.id);
            self.ask::<redis::Value>(&acknowledge).await?;
            self.ear.alive();
        }
        Ok(count)
    }

    /// A stream that is made anew may give the same ids to other entries.
    fn key(&self, entry: &Entry) -> String {
        let mut said = Vec::new();
        for (name, value) in &entry.fields {
            said.extend_from_slice(&(name.len() as u64).to_be_bytes());
            said.extend_from_slice(name.as_bytes());
            said.extend_from_slice(&(value.len() as u64).to_be_bytes());
            said.extend_from_slice(value);
        }
        format!("{}/{}/{}/{}", self.params.stream, self.group, entry.id, store::digest(&said))
    }

    fn item(&self, entry: &Entry) -> Item {
        let fields = entry.fields.iter().map(|(name, value)| (name.clone(), self.params.value(value))).collect();
        let mut json = Map::new();
        if !self.params.only_message {
            json.insert("stream".into(), self.params.stream.clone().into());
            json.insert("id".into(), entry.id.clone().into());
        }
        json.insert("message".into(), Value::Object(fields));
        Item::new(json)
    }

    fn refused(&self, problem: &Problem) {
        let info = self.ear.info();
        tracing::warn!(%problem, workflow = %info.workflow, node = info.node, "an entry is refused");
    }
}

fn list(value: &redis::Value) -> &[redis::Value] {
    match value {
        redis::Value::Array(list) => list,
        _ => &[],
    }
}

fn bytes(value: &redis::Value) -> Vec<u8> {
    let read: Result<Vec<u8>, RedisError> = redis::from_redis_value(value.clone()).map_err(Into::into);
    read.unwrap_or_default()
}

fn text(value: &redis::Value) -> String {
    String::from_utf8_lossy(&bytes(value)).into_owned()
}

fn entries_of(value: &redis::Value) -> Vec<Entry> {
    let entry = |entry: &redis::Value| match list(entry) {
        [id, fields] => {
            let fields = list(fields).chunks_exact(2).map(|pair| (text(&pair[0]), bytes(&pair[1]))).collect();
            Some(Entry { id: text(id), fields })
        }
        _ => None,
    };
    list(value).iter().filter_map(entry).collect()
}
