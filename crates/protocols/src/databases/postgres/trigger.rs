//! `postgres.trigger`: starts a run for each row that changes in a table, or for each notification of a channel.
//! [`queue`] keeps changes while nobody listens.

mod queue;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::listen::{Ear, EarInfo, Source};
use part::n8n::{self, Lifted, Mapping, Names, Version, locator, named, put, renamed};
use part::node::Slot;
use part::{Category, Descriptor, Effect, Group, Node, NodeError, NodeType, lenient};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Notification};

use super::SLOT;
use super::client::{connect, failure};
use crate::databases::pool::IDLE;
use crate::databases::sql::Dialect::Postgres as POSTGRES;
use crate::databases::sql::lease::Caller;
use crate::each::lacks;
use crate::listens;

/// Name of the source.
const SERVICE: &str = "postgres";

/// How often the server is asked whether it is there; an answer is the proof that the trigger lives.
const PING: Duration = Duration::from_secs(4);

/// Under which is kept that function and trigger stand in the database while nobody listens.
const STANDS: &str = "stands";

/// Longest time that an answer may take.
const ANSWER: Duration = Duration::from_secs(8);

/// What `postgres.trigger` is set up with.
///
/// PostgreSQL keeps no notifications: what changes while nobody listens, because a server restarts or the network is
/// down, starts no run. Where each row counts, set `keepChanges`: then none is lost, and none starts two runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// `createTrigger` makes a trigger and its function in the database, which report the rows of a table, and drops
    /// them when the workflow is deactivated; the account must be allowed to. `listenTrigger` listens to a channel that
    /// something of yours notifies.
    #[schemars(title = "Hears of")]
    #[serde(default)]
    trigger_mode: Mode,
    /// Schema of the table.
    #[schemars(example = &"public", extend("x-form" = { "when": { "triggerMode": "createTrigger" } }))]
    #[serde(default = "public", deserialize_with = "lenient::text")]
    schema: String,
    /// Table whose rows are reported.
    #[schemars(title = "Table", example = &"orders", extend("x-form" = { "when": { "triggerMode": "createTrigger" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    table_name: String,
    /// Which changes are reported: of rows that are added, changed or deleted.
    #[schemars(title = "When rows are", extend("x-form" = { "when": { "triggerMode": "createTrigger" } }))]
    #[serde(default)]
    fires_on: FiresOn,
    /// Channel to listen to. With `createTrigger` a name is made when there is none.
    #[schemars(
        title = "Channel",
        example = &"orders",
        extend("x-form" = { "when": { "triggerMode": "listenTrigger" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    channel_name: String,
    /// With `createTrigger`: name of the function, instead of one that is made.
    #[schemars(
        title = "Name of the function",
        extend("x-form" = { "when": { "triggerMode": "createTrigger" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    function_name: String,
    /// With `createTrigger`: name of the trigger, instead of one that is made.
    #[schemars(
        title = "Name of the trigger",
        extend("x-form" = { "when": { "triggerMode": "createTrigger" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    trigger_name: String,
    /// Takes the place of a function and trigger of those names that are there already, instead of failing.
    #[schemars(
        title = "Replace what has those names",
        extend("x-form" = { "when": { "triggerMode": "createTrigger" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    replace_if_exists: bool,
    /// With `createTrigger`: changes are put into a table of ours beside yours, in the transaction that makes them, and
    /// stay there until they have started their run. So none is lost while nobody listens, and large rows come whole.
    /// The account must be allowed to make tables in the schema; table, function and trigger go when the workflow is
    /// deactivated, and with them what has started no run yet.
    #[serde(default, deserialize_with = "lenient::flag")]
    keep_changes: bool,
    /// Longest time to connect, in seconds.
    #[schemars(title = "Time to connect", extend("x-form" = { "unit": "seconds", "more": true }))]
    #[serde(default = "thirty", deserialize_with = "lenient::number")]
    connection_timeout: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Rows of a table.
    #[default]
    CreateTrigger,
    /// A channel.
    ListenTrigger,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum FiresOn {
    /// Rows that are added.
    #[default]
    Insert,
    /// Rows that are changed.
    Update,
    /// Rows that are deleted.
    Delete,
}

fn public() -> String {
    "public".into()
}

fn thirty() -> f64 {
    30.0
}

const NAMES: Names = &[
    ("triggerMode", "triggerMode"),
    ("firesOn", "firesOn"),
    ("functionName", "additionalFields.functionName"),
    ("triggerName", "additionalFields.triggerName"),
    ("replaceIfExists", "additionalFields.replaceIfExists"),
    ("connectionTimeout", "options.connectionTimeout"),
];

/// Starts runs.
pub struct Heard;

impl NodeType for Heard {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "postgres.trigger",
            version: 1,
            title: "PostgreSQL trigger",
            summary: "Starts a run for each row that changes in a table, or each notification of a channel",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["listen", "notify", "row", "insert", "update", "delete", "change", "database"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        listens::prepare::<Params>(node, SERVICE, |params| {
            let mut incomplete = lacks(node, SLOT);
            let mut missing = |name: &str, detail: &str| {
                incomplete.push(Problem::new(Code::InvalidParameter, detail).at(format!("/params/{name}")));
            };
            match params.trigger_mode {
                Mode::CreateTrigger if params.table_name.is_empty() => {
                    missing("tableName", "there is no table to watch")
                }
                Mode::ListenTrigger if params.channel_name.is_empty() => {
                    missing("channelName", "there is no channel to listen to")
                }
                _ => {}
            }
            Ok(incomplete)
        })
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:postgres"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.postgresTrigger", versions: &[1.0] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // A listener is never idle.
        &[
            "schema.__rl",
            "schema.mode",
            "schema.cachedResultName",
            "tableName.__rl",
            "tableName.mode",
            "tableName.cachedResultName",
            "options.delayClosingIdleConnection",
        ]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = named(node, NAMES);
        put(&mut params, "schema", locator(node.param("schema")).clone());
        put(&mut params, "tableName", locator(node.param("tableName")).clone());
        let listens = node.text("triggerMode", "createTrigger") == "listenTrigger";
        let place = if listens { "channelName" } else { "additionalFields.channelName" };
        put(&mut params, "channelName", node.param(place).clone());
        let mut lifted = Lifted::plain(params);
        lifted.slots.insert("postgres".into(), SLOT.into());
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        let mut lowered = renamed(&node.params, NAMES);
        for name in ["schema", "tableName"] {
            if let Some(value) = node.params.get(name) {
                lowered.insert(name.into(), json!({ "__rl": true, "mode": "list", "value": value }));
            }
        }
        let listens = node.params.get("triggerMode").and_then(Value::as_str) == Some("listenTrigger");
        let place = if listens { "channelName" } else { "additionalFields.channelName" };
        put(&mut lowered, place, node.params.get("channelName").cloned().unwrap_or_default());
        lowered
    }
}

/// Listens.
pub struct Listener;

impl Source for Listener {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let params: Params = ear.settings()?;
            let names = Made::of(&params, ear.info())?;
            let login = ear.login(SLOT).await?;
            let mut meta = ear.meta(SLOT);
            let patience = Duration::try_from_secs_f64(params.connection_timeout).unwrap_or(ANSWER);
            meta.deadline = patience.clamp(Duration::from_secs(1), ANSWER);
            let caller = Caller { outbound: ear.outbound().clone(), meta, login, idle: IDLE };
            let (said, mut heard) = mpsc::unbounded_channel();
            let open = connect(&caller, move |message| {
                if let AsyncMessage::Notification(notification) = message {
                    // Nobody hears any more when listening has ended.
                    let _ = said.send(notification);
                }
            });
            let open = open.await.map_err(|failure| failure.error)?;
            let client = open.client();
            // What stands since an earlier life is ours to replace.
            let stands = ear.recall(STANDS).await?.is_some_and(|stands| !stands.is_empty());
            names.set_up(client, &params, stands).await?;
            if params.keeps() {
                ear.remember(STANDS, "yes").await?;
            }
            ear.alive();
            let hearing = async {
                match params.keeps() {
                    true => queue::hear(ear, client, &mut heard, &names.queue(&params)?, &names.channel).await,
                    false => hear(ear, client, &mut heard).await,
                }
            };
            let ended = listens::until_stopped(ear, hearing).await;
            // What is kept waits for a server that begins again, and so must what keeps it.
            if ended.is_ok() && (ear.is_over() || !params.keeps()) {
                names.take_down(client, &params).await;
                ear.remember(STANDS, "").await?;
            }
            ended
        })
    }
}

async fn hear(ear: &Ear, client: &Client, heard: &mut mpsc::UnboundedReceiver<Notification>) -> Result<(), NodeError> {
    let mut next = tokio::time::interval(PING);
    loop {
        tokio::select! {
            notification = heard.recv() => match notification {
                Some(notification) => {
                    // PostgreSQL has no use for a receipt, and a notification has nothing that it is known by.
                    let item = item(notification.channel(), notification.process_id(), notification.payload());
                    ear.admit(vec![item], None).await?;
                    ear.alive();
                }
                None => return Err(broken("the connection to the database broke")),
            },
            _ = next.tick() => {
                in_time(client.check_connection(), "").await?;
                ear.alive();
            }
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>, sql: &str) -> Result<T, NodeError> {
    match tokio::time::timeout(ANSWER, work).await {
        Ok(done) => done.map_err(|error| failure(&error, sql).error),
        Err(_) => Err(broken("the database did not answer in time")),
    }
}

fn broken(detail: &str) -> NodeError {
    NodeError::new(Code::DialFailed, Category::Unavailable, detail)
}

/// A notification as n8n's driver shows it.
fn item(channel: &str, process: i32, payload: &str) -> Item {
    let parsed = serde_json::from_str(payload).unwrap_or_else(|_| Value::String(payload.to_owned()));
    Item::from_value(json!({
        // Of the message on the wire: two numbers, and two texts with their ends.
        "length": 8 + channel.len() + 1 + payload.len() + 1,
        "processId": process,
        "channel": channel,
        "payload": parsed,
        "name": "notification",
    }))
}

impl Params {
    /// Changes are kept in a table.
    fn keeps(&self) -> bool {
        self.keep_changes && self.trigger_mode == Mode::CreateTrigger
    }
}

/// Names in the database.
struct Made {
    function: String,
    trigger: String,
    channel: String,
    /// Of the table that keeps changes.
    queue: String,
}

impl Made {
    fn of(params: &Params, info: &EarInfo) -> Result<Made, NodeError> {
        // One trigger node has the same names in all its lives, and no two nodes share one.
        let place = format!("{}/{}/{}", info.scope_id.0, info.workflow, info.node);
        let mark = place
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let given = |name: &str, made: &str| {
            if name.is_empty() { format!("fishplate_{made}_{mark:016x}") } else { name.to_owned() }
        };
        let function = given(params.function_name.trim_end_matches("()"), "function");
        let trigger = given(&params.trigger_name, "trigger");
        let mut channel = given(&params.channel_name, "channel");
        if params.trigger_mode == Mode::ListenTrigger {
            // `NOTIFY Orders` goes to `orders`.
            channel = channel.to_lowercase();
        }
        for (name, place) in [(&function, "functionName"), (&trigger, "triggerName"), (&channel, "channelName")] {
            let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !first || name.len() > 63 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                let detail = format!(
                    "`{name}` must begin with a letter or `_`, have only those and digits, and at most 63 of them"
                );
                return Err(NodeError::parameter(&format!("/params/{place}"), detail).permanent());
            }
        }
        Ok(Made { function, trigger, channel, queue: format!("fishplate_queue_{mark:016x}") })
    }

    async fn set_up(&self, client: &Client, params: &Params, stands: bool) -> Result<(), NodeError> {
        if params.trigger_mode == Mode::CreateTrigger {
            let sql = self.creation(params, stands)?;
            in_time(client.batch_execute(&sql), &sql).await?;
        }
        let sql = format!("LISTEN {}", POSTGRES.quote(&self.channel)?);
        in_time(client.batch_execute(&sql), &sql).await
    }

    /// The table that keeps changes, as it stands in statements.
    fn queue(&self, params: &Params) -> Result<String, NodeError> {
        Ok(format!("{}.{}", POSTGRES.quote(&params.schema)?, POSTGRES.quote(&self.queue)?))
    }

    /// One transaction: a failure leaves nothing behind.
    fn creation(&self, params: &Params, stands: bool) -> Result<String, NodeError> {
        let (function, trigger) = (POSTGRES.quote(&self.function)?, POSTGRES.quote(&self.trigger)?);
        let table = format!("{}.{}", POSTGRES.quote(&params.schema)?, POSTGRES.quote(&params.table_name)?);
        let (event, row) = match params.fires_on {
            FiresOn::Insert => ("INSERT", "NEW"),
            FiresOn::Update => ("UPDATE", "NEW"),
            FiresOn::Delete => ("DELETE", "OLD"),
        };
        let own = params.function_name.is_empty() && params.trigger_name.is_empty();
        let (replace, drop) = match params.replace_if_exists || own || stands {
            true => ("OR REPLACE ", format!("DROP TRIGGER IF EXISTS {trigger} ON {table};")),
            false => ("", String::new()),
        };
        // The channel and the queue are names of letters and digits, so they can stand in the body's text; the schema
        // may be anything, so the body asks where it is.
        let channel = &self.channel;
        let (before, rights, body) = match params.keeps() {
            true => (
                queue::creation(&self.queue(params)?),
                // Who changes a row need not be allowed to write into our table.
                "SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
                format!(
                    "BEGIN EXECUTE format('INSERT INTO %I.{} (process, payload) VALUES (pg_backend_pid(), $1)', \
                     TG_TABLE_SCHEMA) USING row_to_json({row})::text; PERFORM pg_notify('{channel}', ''); \
                     RETURN NULL; END",
                    self.queue
                ),
            ),
            // A notification holds less than 8000 bytes, and one that is too long would fail the change itself.
            false => (
                String::new(),
                "",
                format!(
                    "DECLARE whole text := row_to_json({row})::text; \
                     BEGIN IF octet_length(whole) > 7900 THEN \
                     whole := json_build_object('truncated', true, 'table', TG_TABLE_NAME)::text; END IF; \
                     PERFORM pg_notify('{channel}', whole); RETURN NULL; END"
                ),
            ),
        };
        Ok(format!(
            "BEGIN; {before} CREATE {replace}FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {rights} \
             AS $body$ {body} $body$; {drop} \
             CREATE TRIGGER {trigger} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}(); COMMIT"
        ))
    }

    /// Leaves nothing behind, if the server can still be reached.
    async fn take_down(&self, client: &Client, params: &Params) {
        if params.trigger_mode != Mode::CreateTrigger {
            return;
        }
        let (Ok(function), Ok(queue)) = (POSTGRES.quote(&self.function), self.queue(params)) else { return };
        let sql = format!("DROP FUNCTION IF EXISTS {function}() CASCADE; DROP TABLE IF EXISTS {queue}");
        if let Err(error) = in_time(client.batch_execute(&sql), &sql).await {
            tracing::warn!(%error, "the trigger's function stays in the database");
        }
    }
}

#[cfg(test)]
mod tests {
    use outbound::{Login, Protocol};
    use testkit::contract;
    use testkit::lift::check_round_trip;
    use testkit::listen::Listening;

    use super::*;

    #[test]
    fn it_keeps_the_contract_and_lowering_undoes_lifting() {
        contract::check(&Heard);
        let table = json!({ "__rl": true, "mode": "list", "value": "people" });
        check_round_trip(&Heard, 1.0, json!({ "triggerMode": "listenTrigger", "channelName": "c" }));
        check_round_trip(
            &Heard,
            1.0,
            json!({ "tableName": table, "firesOn": "DELETE",
            "additionalFields": { "channelName": "c", "functionName": "f()", "replaceIfExists": true } }),
        );
    }

    #[test]
    fn changed_rows_and_notifications_start_runs() {
        let Some(server) = testkit::postgres::server() else { return };
        let database = server.database().unwrap();
        let config: tokio_postgres::Config = database.url.parse().unwrap();
        let mut login = Login::new(Protocol::Postgres, "127.0.0.1", config.get_ports()[0]);
        login.user = config.get_user().unwrap().to_owned();
        login.settings.insert("database".into(), config.get_dbname().unwrap().into());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let direct = |sql: &str| {
            let (url, sql) = (database.url.clone(), sql.to_owned());
            async move {
                let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
                let mut driver = tokio::task::JoinSet::new();
                driver.spawn(async { drop(connection.await) });
                client.simple_query(&sql).await.unwrap().len()
            }
        };
        runtime.block_on(direct("CREATE TABLE \"odd \"\"t\" (id int, x text)"));
        let listen = |settings: Value, sql: &'static str, count: usize| {
            let listening = Listening::new(SERVICE, settings, &[(SLOT, login.clone())], None);
            let heard = runtime.block_on(async {
                let speak = async {
                    // Nobody hears what is said before the listener stands.
                    while listening.proofs() == 0 {
                        tokio::task::yield_now().await;
                    }
                    direct(sql).await;
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    heard = listening.until(&Listener, |heard| heard.len() == count) => heard.unwrap(),
                    () = speak => unreachable!("it never ends"),
                }
            });
            heard.into_iter().map(|event| Value::Object(event.items[0].json.clone())).collect::<Vec<_>>()
        };
        let rows = listen(
            json!({ "tableName": "odd \"t" }),
            "INSERT INTO \"odd \"\"t\" VALUES (1, 'it''s'), (2, repeat('x', 9000))",
            2,
        );
        assert_eq!(rows[0]["payload"], json!({ "id": 1, "x": "it's" }));
        assert_eq!(rows[1]["payload"], json!({ "truncated": true, "table": "odd \"t" }));
        assert_eq!(rows[0]["name"], "notification");
        let left = runtime.block_on(direct("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"));
        assert_eq!(left, 2, "a row description and the end: nothing stays in the database");
        let deleted = listen(
            json!({ "tableName": "odd \"t", "firesOn": "DELETE", "channelName": "gone", "triggerName": "mine" }),
            "DELETE FROM \"odd \"\"t\" WHERE id = 1",
            1,
        );
        assert_eq!((&deleted[0]["channel"], &deleted[0]["payload"]["id"]), (&json!("gone"), &json!(1)));
        let texts =
            listen(json!({ "triggerMode": "listenTrigger", "channelName": "Orders" }), "NOTIFY Orders, 'no json'", 1);
        assert_eq!(texts[0]["payload"], "no json");
    }

    #[test]
    fn changes_are_kept_while_nobody_listens_and_go_with_the_workflow() {
        let Some(server) = testkit::postgres::server() else { return };
        let database = server.database().unwrap();
        let config: tokio_postgres::Config = database.url.parse().unwrap();
        let mut login = Login::new(Protocol::Postgres, "127.0.0.1", config.get_ports()[0]);
        login.user = config.get_user().unwrap().to_owned();
        login.settings.insert("database".into(), config.get_dbname().unwrap().into());
        // A schema that would end the function's text, and a role that may write into the watched table alone.
        let schema = "a$body$\"b";
        let quoted = POSTGRES.quote(schema).unwrap();
        let role = format!("guest_{}", std::process::id());
        let ready = format!(
            "CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.t (n int, x text); CREATE ROLE {role}; \
             GRANT USAGE ON SCHEMA {quoted} TO {role}; GRANT INSERT ON {quoted}.t TO {role}"
        );
        database.run(&ready).unwrap();
        let insert =
            |rows: &str| database.run(&format!("SET ROLE {role}; INSERT INTO {quoted}.t VALUES {rows}")).unwrap();
        let settings = json!({
            "schema": schema, "tableName": "t", "keepChanges": true, "functionName": "mine", "triggerName": "mine",
        });
        let listening = Listening::new(SERVICE, settings, &[(SLOT, login)], None);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(listening.once(&Listener)).unwrap();
        insert("(0, repeat('x', 9000)), (1, null)");
        for round in 1..=5 {
            let enough = round * 2;
            let heard = runtime.block_on(listening.until(&Listener, |heard| heard.len() >= enough)).unwrap();
            let numbers: Vec<_> =
                heard.iter().map(|event| event.items[0].json["payload"]["n"].as_u64().unwrap()).collect();
            assert_eq!(numbers, (0..enough as u64).collect::<Vec<_>>());
            insert(&format!("({enough}, null), ({}, null)", enough + 1));
        }
        assert_eq!(listening.heard()[0].items[0].json["payload"]["x"].as_str().unwrap().len(), 9000, "rows come whole");
        listening.is_over();
        runtime.block_on(listening.until(&Listener, |heard| heard.len() >= 12)).unwrap();
        // Whatever stood beside the table would be found in its schema; a function is in the first one of the path.
        let gone = "DO $$ BEGIN IF (SELECT count(*) FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace \
                    WHERE nspname LIKE 'a$%') <> 1 OR EXISTS (SELECT FROM pg_proc WHERE proname = 'mine') \
                    THEN RAISE 'something stays behind'; END IF; END $$";
        database.run(gone).unwrap();
        database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let listening =
            Listening::new(SERVICE, json!({ "triggerMode": "listenTrigger", "channelName": "a; DROP" }), &[], None);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(listening.until(&Listener, |_| false)).unwrap_err();
        assert_eq!(error.problem.pointer.as_deref(), Some("/params/channelName"));
    }
}
