//! How workflows are started: what a trigger node asks `inbound` to listen for.

use model::workflow::Rate;
use model::{HumanDuration, Name, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::Form;
use crate::hook::Hooked;

/// What starts runs at a trigger node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Trigger {
    /// A person or the command line.
    Manual,
    /// A failed run of a workflow that names this one as its error workflow.
    Error,
    /// Another workflow.
    Called(Called),
    /// An HTTP request.
    Webhook(Box<Webhook>),
    /// A form that a person fills in.
    Form(Box<FormTrigger>),
    /// The clock.
    Schedule(Schedule),
    /// A service that is told an address of ours and calls it.
    Hooked(Box<Hooked>),
    /// A service that an area registers under this name, with its own settings.
    Provided {
        /// Name of the service.
        service: String,
        /// Its settings.
        settings: Value,
    },
}

impl Trigger {
    /// What it listens for under an address, if it does.
    pub fn endpoint(&self) -> Option<&Webhook> {
        match self {
            Trigger::Webhook(webhook) => Some(webhook),
            Trigger::Form(form) => Some(&form.webhook),
            _ => None,
        }
    }

    /// The service that is told an address, if one is. The address is made when it is, so it is no [`Self::endpoint`].
    pub fn hooked(&self) -> Option<&Hooked> {
        match self {
            Trigger::Hooked(hooked) => Some(hooked),
            _ => None,
        }
    }

    /// The form that stands at its address.
    pub fn form(&self) -> Option<&Form> {
        match self {
            Trigger::Form(form) => Some(&form.form),
            _ => None,
        }
    }

    /// The methods of its address that say something to a person: a form is opened, and its page does the rest.
    pub fn shown_methods(&self) -> impl Iterator<Item = &str> {
        let methods = self.endpoint().map_or(&[][..], |webhook| &webhook.methods);
        let count = if self.form().is_some() { 1 } else { methods.len() };
        methods.iter().take(count).map(String::as_str)
    }

    /// The first part of its address: forms and webhooks have paths of their own, so that both may have the same.
    pub fn prefix(&self) -> &'static str {
        if self.form().is_some() { "forms" } else { "hooks" }
    }
}

/// A form at an address of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormTrigger {
    /// Path, senders, credentials, and when a visitor is answered; its methods are those of a page.
    pub webhook: Webhook,
    /// What a visitor fills in.
    pub form: Form,
}

/// Called by another workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Called {
    /// Fields that a caller must give; empty: anything is accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}

/// A named, typed field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Name.
    pub name: String,
    /// `any`, `string`, `number`, `boolean`, `array` or `object`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub field_type: Option<String>,
}

/// An HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Methods that it answers.
    pub methods: Vec<String>,
    /// Path below `/hooks/<workspace>/<environment>/`, with `:name` segments.
    pub path: String,
    /// Who may call it.
    #[serde(default)]
    pub auth: WebhookAuth,
    /// When and with what it answers.
    #[serde(default)]
    pub respond: Respond,
    /// Status of the answer when no node gives one.
    #[serde(default = "ok_status")]
    pub status: u16,
    /// Headers of the answer when no node gives one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Fixed body (`immediately`), or absent for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Content type of a fixed or property answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Field of the first item that is answered instead of the whole item; dots go into objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Name of the file that is answered (`firstEntryBinary`).
    #[serde(default = "data_field")]
    pub response_file: String,
    /// `Access-Control-Allow-Origin` values; empty: `*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Sender addresses or CIDR ranges; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<String>,
    /// Refuse crawlers and link previews.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_bots: bool,
    /// Keep the body as it came, in the file of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_body: Option<String>,
    /// Name of the file that a binary body is put in, `data` when absent. Multipart files get it as prefix, with a
    /// number behind it; when absent they are named as the form's fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_field: Option<String>,
    /// Header or field that carries the sender's dedupe key; absent: `Idempotency-Key`, when it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<Dedupe>,
    /// Longest time that the sender waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<HumanDuration>,
    /// Largest body in bytes; absent: the server's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<u64>,
    /// Requests per time and sender; absent: no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// Methods that an address can answer.
pub const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// What one listener of a scope holds alone: a method with a path, the names of its segments left out, because `/a/:x`
/// and `/a/:y` are the same address.
pub fn address_key(method: &str, path: &str) -> String {
    let steps = path.trim_matches('/').split('/').map(|step| if step.starts_with(':') { ":" } else { step });
    format!("{} /{}", method.to_ascii_uppercase(), steps.collect::<Vec<_>>().join("/"))
}

fn ok_status() -> u16 {
    200
}
fn data_field() -> String {
    "data".into()
}

impl Default for Webhook {
    fn default() -> Self {
        Webhook {
            methods: Vec::new(),
            path: String::new(),
            auth: WebhookAuth::None,
            respond: Respond::Immediately,
            status: ok_status(),
            headers: Vec::new(),
            body: None,
            content_type: None,
            property: None,
            response_file: data_field(),
            origins: Vec::new(),
            senders: Vec::new(),
            ignore_bots: false,
            raw_body: None,
            file_field: None,
            dedupe: None,
            deadline: None,
            body_limit: None,
            rate: None,
        }
    }
}

/// Who may call a webhook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum WebhookAuth {
    /// Anybody: a declared public endpoint.
    #[default]
    None,
    /// User and password of a `basic` connection.
    Basic {
        /// Connection that holds them.
        connection: Option<Name>,
    },
    /// Header of a `header` connection.
    Header {
        /// Connection that holds it.
        connection: Option<Name>,
    },
    /// A JSON web token signed with the key of a `jwt` connection.
    Jwt {
        /// Connection that holds the key.
        connection: Option<Name>,
    },
    /// A signature of the sender whose secret a `webhook` connection holds. Questions of the sender whether somebody is
    /// there are answered, and an event that is sent again starts no second run.
    Signed {
        /// Connection that holds the secret and says how the sender signs.
        connection: Option<Name>,
    },
}

impl WebhookAuth {
    /// Whether callers are checked by a signature, which takes the whole request.
    pub fn is_signed(&self) -> bool {
        matches!(self, WebhookAuth::Signed { .. })
    }

    /// The connection that callers are checked with, where one is named.
    pub fn connection(&self) -> Option<&Name> {
        match self {
            WebhookAuth::None => None,
            WebhookAuth::Basic { connection }
            | WebhookAuth::Header { connection }
            | WebhookAuth::Jwt { connection }
            | WebhookAuth::Signed { connection } => connection.as_ref(),
        }
    }

    /// Its place, to be filled in; `None` when nobody is checked.
    pub fn connection_mut(&mut self) -> Option<&mut Option<Name>> {
        match self {
            WebhookAuth::None => None,
            WebhookAuth::Basic { connection }
            | WebhookAuth::Header { connection }
            | WebhookAuth::Jwt { connection }
            | WebhookAuth::Signed { connection } => Some(connection),
        }
    }
}

/// When and with what a webhook answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "when")]
pub enum Respond {
    /// As soon as the event is committed.
    #[default]
    Immediately,
    /// When the run has ended, with items of the last node.
    LastNode {
        /// What of them.
        data: ResponseData,
    },
    /// When a respond node says so.
    RespondNode,
    /// As the nodes stream it.
    Streaming,
}

/// What of the last node's items is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ResponseData {
    /// All items, as an array.
    AllEntries,
    /// The first item's JSON.
    #[default]
    FirstEntryJson,
    /// The first item's file.
    FirstEntryBinary,
    /// No body.
    NoData,
}

/// Where the sender's dedupe key is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dedupe {
    /// Header name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// JSON pointer into the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// How long a key is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<HumanDuration>,
}

/// Runs started by the clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// Each rule starts runs on its own.
    pub rules: Vec<Rule>,
    /// What happens to times that passed while no server ran.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// The item that starts a run is empty; otherwise it tells the time in words and numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untold: bool,
}

/// One rule of a schedule. Times are in the workflow's time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "every")]
pub enum Rule {
    /// So many seconds.
    Seconds {
        /// How many.
        count: u32,
    },
    /// So many minutes.
    Minutes {
        /// How many.
        count: u32,
    },
    /// So many hours, at a minute.
    Hours {
        /// How many.
        count: u32,
        /// Minute of the hour.
        minute: u8,
    },
    /// So many days, at a time.
    Days {
        /// How many.
        count: u32,
        /// Hour.
        hour: u8,
        /// Minute.
        minute: u8,
    },
    /// So many weeks, on days, at a time.
    Weeks {
        /// How many.
        count: u32,
        /// Days, 0 is Sunday.
        days: Vec<u8>,
        /// Hour.
        hour: u8,
        /// Minute.
        minute: u8,
    },
    /// So many months, on a day, at a time.
    Months {
        /// How many.
        count: u32,
        /// Day of the month, 1 to 31; a shorter month takes its last day.
        day: u8,
        /// Hour.
        hour: u8,
        /// Minute.
        minute: u8,
    },
    /// A cron expression of five or six fields.
    Cron {
        /// The expression.
        expression: String,
    },
}

/// What happens to times that passed while no server ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CatchUp {
    /// They are let go, as in n8n.
    #[default]
    Skip,
    /// One run for all of them.
    Once,
    /// One run for each, oldest first, at most 1,000.
    All,
}
