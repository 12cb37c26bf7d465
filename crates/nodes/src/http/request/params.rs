//! What can be set on `http.request`.

use model::{Code, Map, Problem, Value};
use part::NodeError;
use part::exchange::QueryArrays;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::pages::PaginationForm;
use crate::lenient::{self, Millis};

/// The schema of all parameters. Pagination is compiled apart from the others, and its schema is put in here.
pub fn schema() -> Schema {
    let mut whole = schemars::schema_for!(Params);
    let mut pages: Map = schemars::schema_for!(PaginationForm).to_value().as_object().cloned().unwrap_or_default();
    pages.remove("$schema");
    let inner = pages.remove("$defs");
    let object = whole.ensure_object();
    if let (Some(Value::Object(all)), Some(Value::Object(inner))) = (object.get_mut("$defs"), inner) {
        all.extend(inner);
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.insert("pagination".into(), Value::Object(pages));
    }
    whole
}

/// The parameters that are known before the first call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// HTTP method.
    #[serde(default = "get", deserialize_with = "lenient::text")]
    pub method: String,
    /// Address, `http://` or `https://`.
    // An expression that finds nothing leaves it out.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: String,
    /// Whether the connection of slot `auth` signs the call, and which kind was meant.
    #[serde(default)]
    pub authentication: Authentication,
    /// Kind of credential that an import named, for example `httpHeaderAuth` or `slackApi`.
    #[serde(default)]
    pub credential_type: Option<String>,
    /// Query parameters: a list of names and values, an object, or its JSON text.
    #[serde(default)]
    pub query: Option<Fields>,
    /// Headers: a list of names and values, an object, or its JSON text.
    #[serde(default)]
    pub headers: Option<Fields>,
    /// The body.
    #[serde(default)]
    pub body: Body,
    /// How a list is written in the query.
    #[serde(default)]
    pub query_arrays: QueryArrays,
    /// What becomes of a name that is given twice.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// Calls in groups, with a pause between them.
    #[serde(default)]
    pub batch: Option<Batch>,
    /// Whether redirects are followed.
    #[serde(default)]
    pub redirects: Redirects,
    /// What becomes of the answer.
    #[serde(default)]
    pub response: Response,
    /// Proxy to call through, for example `http://proxy.example:3128`.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Longest time to the head of the answer.
    #[serde(default)]
    pub timeout: Option<Millis>,
    /// Call although the certificate cannot be trusted.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub allow_invalid_certificates: bool,
    /// Ask for an answer that is not compressed.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub uncompressed: bool,
    /// Header that carries the call's idempotency key when the method is not a reading one; empty sends none.
    #[serde(default)]
    pub idempotency_header: Option<String>,
}

fn get() -> String {
    "GET".into()
}

/// How the call is authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Authentication {
    /// Not at all.
    #[default]
    None,
    /// As a known service wants it.
    Predefined,
    /// Basic, header, bearer, query or JWT.
    Generic,
}

/// Named values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a list of names and values, an object, or its JSON text")]
pub enum Fields {
    /// In order; a name may come twice.
    Pairs(Vec<Pair>),
    /// One value each.
    Object(Map),
    /// An object's JSON text.
    Text(String),
}

/// A name and its value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// Value.
    #[serde(default)]
    pub value: Value,
}

/// The body of the call.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type", deny_unknown_fields)]
pub enum Body {
    /// None.
    #[default]
    None,
    /// JSON.
    Json {
        /// Names and values, or any JSON value or its text.
        #[serde(default)]
        value: Value,
        /// Dots in names make objects.
        #[serde(default = "yes")]
        dots: bool,
    },
    /// A form, URL-encoded.
    Form {
        /// The fields, or the encoded text.
        #[serde(default)]
        fields: Value,
    },
    /// A form with files.
    Multipart {
        /// The parts, in order.
        #[serde(default)]
        parts: Vec<FormPart>,
    },
    /// Text of any type.
    Raw {
        /// Media type.
        #[serde(default, deserialize_with = "lenient::text")]
        content_type: String,
        /// The text.
        #[serde(default, deserialize_with = "lenient::text")]
        text: String,
    },
    /// A file of the item.
    File {
        /// Name of the file in the item.
        #[serde(deserialize_with = "lenient::text")]
        field: String,
    },
}

fn yes() -> bool {
    true
}

/// A part of a form with files: a value or a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormPart {
    /// Name of the form's field.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// Its value.
    #[serde(default)]
    pub value: Value,
    /// Name of a file in the item, instead of a value.
    #[serde(default)]
    pub file: Option<String>,
}

/// What becomes of a name that is given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Duplicates {
    /// Its values become a list.
    #[default]
    All,
    /// The last one counts.
    Last,
}

/// Calls in groups.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Items in a group; below 1: one.
    #[serde(default = "fifty", deserialize_with = "lenient::whole")]
    size: i64,
    /// Pause between groups.
    #[serde(default = "second")]
    pub interval: Millis,
}

fn fifty() -> i64 {
    50
}
fn second() -> Millis {
    Millis(1000)
}

impl Batch {
    /// Items in a group, at least one.
    pub fn size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(1).max(1)
    }
}

/// Whether redirects are followed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirects {
    /// Which calls follow them.
    #[serde(default)]
    pub follow: Follow,
    /// How many, at most 255.
    #[serde(default = "twenty_one", deserialize_with = "lenient::whole")]
    pub max: u8,
}

fn twenty_one() -> u8 {
    21
}

impl Default for Redirects {
    fn default() -> Self {
        Redirects { follow: Follow::All, max: 21 }
    }
}

/// Which calls follow redirects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Follow {
    /// All.
    #[default]
    All,
    /// `GET` and `HEAD`.
    Get,
    /// None: a redirect is an error.
    None,
}

/// What becomes of the answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Response {
    /// Put out status and headers too.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub full: bool,
    /// Take every status for a success.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub never_error: bool,
    /// How the body is read.
    #[serde(default)]
    pub format: Format,
    /// Field or file that a text or file is put into.
    #[serde(default = "data", deserialize_with = "lenient::text")]
    pub field: String,
    /// A JSON list becomes an item each.
    #[serde(default = "yes")]
    pub split: bool,
}

fn data() -> String {
    "data".into()
}

impl Default for Response {
    fn default() -> Self {
        Response { full: false, never_error: false, format: Format::Auto, field: data(), split: true }
    }
}

/// How a body is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// As its media type says.
    #[default]
    Auto,
    /// As JSON.
    Json,
    /// As text.
    Text,
    /// As a file.
    File,
}

impl Params {
    /// Finds what is wrong with parameters that hold no expression.
    pub fn check(&self, problems: &mut Vec<Problem>) {
        let mut refuse = |error: NodeError, pointer: &str| {
            let pointer = error.problem.pointer.clone().unwrap_or_else(|| pointer.to_owned());
            problems.push(Problem { pointer: Some(pointer), ..error.problem });
        };
        if let Err(error) = self.method() {
            refuse(error, "/params/method");
        }
        if !self.url.trim().is_empty()
            && let Err(error) = super::send::parse_url(&self.url)
        {
            refuse(error, "/params/url");
        }
        if let Err(error) = self.proxy() {
            refuse(error, "/params/proxy");
        }
    }

    /// The method.
    pub fn method(&self) -> Result<http::Method, NodeError> {
        let text = self.method.trim().to_ascii_uppercase();
        http::Method::from_bytes(text.as_bytes())
            .map_err(|_| NodeError::parameter("/params/method", format!("`{text}` is no HTTP method")))
    }

    /// The proxy, if there is one.
    pub fn proxy(&self) -> Result<Option<url::Url>, NodeError> {
        let Some(text) = self.proxy.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let refuse = |_| NodeError::parameter("/params/proxy", format!("`{text}` is no address of a proxy"));
        text.parse().map(Some).map_err(refuse)
    }

    /// The header that carries the idempotency key of a call with that method.
    pub fn key_header(&self, method: &http::Method) -> Result<Option<http::HeaderName>, NodeError> {
        if method.is_safe() {
            return Ok(None);
        }
        match self.idempotency_header.as_deref() {
            None => Ok(Some(http::HeaderName::from_static("idempotency-key"))),
            Some("") => Ok(None),
            Some(name) => name.parse().map(Some).map_err(|_| {
                NodeError::parameter("/params/idempotencyHeader", format!("`{name}` is no name of a header"))
            }),
        }
    }
}

impl Fields {
    /// The names and values in order. `what` names them in an error.
    pub fn pairs(&self, what: &str) -> Result<Vec<(String, Value)>, NodeError> {
        let object = |map: Map| map.into_iter().collect();
        match self {
            Fields::Pairs(pairs) => {
                let named = pairs.iter().filter(|pair| !pair.name.is_empty());
                Ok(named.map(|pair| (pair.name.clone(), pair.value.clone())).collect())
            }
            Fields::Object(map) => Ok(object(map.clone())),
            Fields::Text(text) => {
                let value = Value::String(text.clone());
                lenient::object(&value, what).map(object).map_err(|error| refuse(error, Code::InvalidParameter))
            }
        }
    }
}

fn refuse(mut error: NodeError, code: Code) -> NodeError {
    error.problem.code = code;
    error
}

/// An object out of pairs; a name that comes twice counts as `duplicates` says.
pub fn collect(pairs: impl IntoIterator<Item = (String, Value)>, duplicates: Duplicates) -> Map {
    let mut map = Map::new();
    for (name, value) in pairs {
        match (map.get_mut(&name), duplicates) {
            (Some(Value::Array(values)), Duplicates::All) => values.push(value),
            (Some(before), Duplicates::All) => *before = Value::Array(vec![before.take(), value]),
            _ => drop(map.insert(name, value)),
        }
    }
    map
}
