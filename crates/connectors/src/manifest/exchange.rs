//! One request and its answer: what is sent, how long lists are read on, how a service says no, how much it allows.

use indexmap::IndexMap;
use model::{HumanDuration, Map, Value};
use schemars::JsonSchema;
use serde::Deserialize;

/// One request and what is made of its answer. Expressions see `$params` (the operation's parameters), `$settings`
/// (the connection's), `$steps` (bodies of the steps before, by name) and `$item`, the item that comes in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// Method and path: `POST /chat.postMessage`, `GET /files/{file}`. `{name}` is a parameter or a setting. A whole
    /// address (`GET https://…`) leaves the base aside; its host must be among `hosts`.
    #[serde(default)]
    pub request: Option<String>,
    /// A GraphQL document, sent to the manifest's `graphql` endpoint. Parameters become variables.
    #[serde(default)]
    pub graphql: Option<String>,
    /// Fixed parts of the request. Parameters are put over them.
    #[serde(default)]
    pub send: Send,
    /// How the body is written.
    #[serde(default)]
    pub body: BodyKind,
    /// Path of dots to the list or object in the answer that becomes items. Absent: the whole answer. Below `data` for
    /// GraphQL.
    #[serde(default)]
    pub items: Option<String>,
    /// Each of the items is what stands at this path of it.
    #[serde(default)]
    pub each: Option<String>,
    /// How the list is read on, by its name in `paging`.
    #[serde(default)]
    pub paging: Option<String>,
    /// The answer is a file, put into the item under the name that the parameter of this name says; `=…` or a fixed
    /// name are possible, too.
    #[serde(default)]
    pub download: Option<String>,
    /// Statuses that are no failure although they are outside of 2xx.
    #[serde(default)]
    pub expect: Vec<u16>,
}

/// Fixed parts of a request; expressions are possible everywhere.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// In the query.
    #[serde(default)]
    pub query: Map,
    /// Headers.
    #[serde(default)]
    pub headers: Map,
    /// The body: an object that parameters are put into, or an expression that is the whole body.
    #[serde(default)]
    pub body: Value,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BodyKind {
    /// JSON, where there is anything to send.
    #[default]
    Json,
    /// A form.
    Form,
    /// A form with files.
    Multipart,
    /// The file that the parameter of type `file` names, alone.
    File,
    /// `multipart/related`: JSON of the parameters, then the file (Google's uploads).
    Related,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
    /// Into the body.
    Body,
    /// It is the whole body.
    Whole,
    /// Nowhere by itself: expressions use it.
    None,
}

/// How a long list is read on. `all` and `limit` are parameters of every operation that pages: everything, or so many.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type", deny_unknown_fields)]
pub enum Paging {
    /// The answer gives a text that asks for the next page.
    Cursor {
        /// Path of the text in the answer; a dot's step `-1` is the last element of a list.
        from: String,
        /// Parameter that takes it.
        param: String,
        /// Where the parameter goes.
        #[serde(default = "query")]
        r#in: Place,
        /// Path of what says whether there is more; absent: there is while there is a text.
        #[serde(default)]
        more: Option<String>,
        /// Parameter for the size of a page.
        #[serde(default)]
        size: Option<Size>,
    },
    /// Pages have numbers.
    Page {
        /// Parameter that takes the number.
        param: String,
        /// Where the parameter goes.
        #[serde(default = "query")]
        r#in: Place,
        /// Number of the first.
        #[serde(default = "one")]
        first: u64,
        /// Path of what says whether there is more; absent: there is while pages are full.
        #[serde(default)]
        more: Option<String>,
        /// Path of the number of pages.
        #[serde(default)]
        pages: Option<String>,
        /// Parameter for the size of a page.
        #[serde(default)]
        size: Option<Size>,
    },
    /// The next page begins after so many.
    Offset {
        /// Parameter that takes the count.
        param: String,
        /// Where the parameter goes.
        #[serde(default = "query")]
        r#in: Place,
        /// The first count.
        #[serde(default)]
        first: u64,
        /// Path of what says whether there is more; absent: there is while pages are full.
        #[serde(default)]
        more: Option<String>,
        /// Path of the number of all.
        #[serde(default)]
        total: Option<String>,
        /// Parameter for the size of a page.
        #[serde(default)]
        size: Option<Size>,
    },
    /// The header `Link` names the next page (RFC 8288).
    Link {
        /// Parameter for the size of a page.
        #[serde(default)]
        size: Option<Size>,
    },
    /// The answer gives the address of the next page.
    Next {
        /// Path of the address in the answer.
        from: String,
        /// Parameter for the size of a page.
        #[serde(default)]
        size: Option<Size>,
    },
    /// GraphQL's connections: `{ pageInfo { hasNextPage endCursor } }`.
    Graphql {
        /// Path of the connection below `data`.
        connection: String,
        /// Variable that takes the cursor.
        #[serde(default = "after")]
        variable: String,
        /// Variable for the size of a page.
        #[serde(default)]
        size: Option<Size>,
    },
    /// Time is asked for in windows, the oldest first.
    Window {
        /// Parameter for the beginning.
        from: String,
        /// Parameter for the end.
        to: String,
        /// Length of a window.
        length: HumanDuration,
    },
}

/// The parameter for the size of a page.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Name of the parameter, where the service has one. It goes where the other parameter of the paging goes.
    #[serde(default)]
    pub param: Option<String>,
    /// The most that it takes.
    pub most: u64,
}

/// How a service says no.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorRule {
    /// Statuses that it applies to; none: all, 2xx included.
    #[serde(default)]
    pub status: Vec<u16>,
    /// Path in the body that must be there.
    #[serde(default)]
    pub path: Option<String>,
    /// What stands at the path; absent: anything but null, false, an empty text or an empty list.
    #[serde(default)]
    pub is: Option<Value>,
    /// Path of the sentence that says why; of a list, the first is shown.
    #[serde(default)]
    pub message: Option<String>,
    /// Path of the service's code for it.
    #[serde(default)]
    pub code: Option<String>,
    /// What codes mean, by code; `*` stands for the others.
    #[serde(default)]
    pub kinds: IndexMap<String, ErrorKind>,
    /// Path of the seconds after which it may be asked again.
    #[serde(default)]
    pub retry_after: Option<String>,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// The account is not taken any more: the connection is dead until a person mends it.
    Dead,
    /// The account may not do this.
    Auth,
    /// Too many calls.
    RateLimit,
    /// What was asked for makes no sense, or is not there.
    BadData,
    /// Try again later.
    Unavailable,
    /// It took too long.
    Timeout,
    /// It is no failure at all: the answer counts, as if it were empty.
    Empty,
}

/// How much a service lets an account ask.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// What it promises in its documentation.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// Header with the calls that are left.
    #[serde(default)]
    pub remaining: Option<String>,
    /// Header with the calls that there are in all.
    #[serde(default)]
    pub limit: Option<String>,
    /// Header with the time at which they are there again.
    #[serde(default)]
    pub reset: Option<String>,
    /// What that time counts.
    #[serde(default)]
    pub reset_unit: ResetUnit,
    /// A budget that calls use up by different amounts, where answers say what is left of it.
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// Where an answer says what is left of a budget, and what the call has cost.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cost {
    /// What is left.
    pub left: Told,
    /// What there is at most.
    #[serde(default)]
    pub most: Option<Told>,
    /// What comes back in each second.
    #[serde(default)]
    pub restore: Option<Told>,
    /// When all of it is back; `resetUnit` says what it counts.
    #[serde(default)]
    pub reset: Option<Told>,
    /// What the call has cost, or would have.
    #[serde(default)]
    pub cost: Option<Told>,
}

/// Where an answer says a number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Told {
    /// A path in the body.
    Body(String),
    /// A header.
    Header(InHeader),
    /// It is always the same.
    Fixed(f64),
}

/// A header that says a number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InHeader {
    /// Its name.
    pub header: String,
}

/// How reads are made quicker, and kept going while the service fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reads {
    /// For so long the last answer to the same question is given again.
    #[serde(default)]
    pub cache: Option<HumanDuration>,
    /// For so much longer it is given when the service fails.
    #[serde(default)]
    pub stale_on_error: Option<HumanDuration>,
    /// The service is asked a second time when it is slow: `true`, or after so long.
    #[serde(default)]
    pub hedge: Option<Hedge>,
}

/// Whether, and when, the service is asked a second time.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Hedge {
    /// After the time that nineteen of twenty answers take; or never.
    Usual(bool),
    /// After so long.
    After(HumanDuration),
}

/// So many calls in a time.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls.
    pub calls: u32,
    /// In this time.
    pub per: HumanDuration,
}

/// What a time of reset counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ResetUnit {
    /// Seconds from now.
    #[default]
    Seconds,
    /// Milliseconds from now.
    Millis,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMillis,
    /// A moment as text.
    Moment,
}

fn query() -> Place {
    Place::Query
}

fn one() -> u64 {
    1
}

fn after() -> String {
    "after".into()
}
