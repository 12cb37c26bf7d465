//! An endpoint: where it is, who may call it, what it takes and gives, and what it does.

use std::future::Future;
use std::sync::Arc;

use auth::{Access, Permission};
use futures_util::future::BoxFuture;
use http::Method;
use model::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Call, Reply};

/// What an operation does with a call.
pub type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Reply, Problem>> + Send + Sync>;

/// Adds a type's schema to a document.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The shape of a query parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text.
    Text,
    /// A whole number, not below zero.
    Integer,
    /// `true` or `false`; present without a value means `true`.
    Boolean,
    /// Texts parted by commas; may be repeated.
    List,
}

/// A query parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Name in the query.
    pub name: &'static str,
    /// Shape.
    pub kind: ParamKind,
    /// One sentence.
    pub about: &'static str,
}

/// What a request's body is.
#[derive(Clone)]
pub enum Takes {
    /// None.
    Nothing,
    /// JSON of that shape, at most [`super::body::JSON_LIMIT`] bytes.
    Json(SchemaOf),
    /// Anything: the media types, and the most bytes.
    Bytes(&'static [&'static str], usize),
}

/// What an answer's body is.
#[derive(Clone)]
pub enum Gives {
    /// None (204).
    Nothing,
    /// JSON of that shape.
    Json(SchemaOf),
    /// A live stream (SSE, or WebSocket when the client asks for the upgrade) of events of that shape.
    Live(SchemaOf),
    /// Bytes of one of the media types.
    Bytes(&'static [&'static str]),
}

/// An endpoint.
#[derive(Clone)]
pub struct Operation {
    /// Method.
    pub method: Method,
    /// Path with `{name}` segments.
    pub path: String,
    /// Name of the operation in clients, `camelCase` and unique.
    pub id: String,
    /// Group in documents.
    pub tag: &'static str,
    /// What it does, in a sentence.
    pub summary: String,
    /// Who may call it.
    pub access: Access,
    /// Query parameters; others are refused, unless it takes any.
    pub params: Vec<Param>,
    /// Query parameters that it does not know are ignored: somebody else's protocol says what stands in its address.
    pub any_query: bool,
    /// Request body.
    pub takes: Takes,
    /// Status of success.
    pub status: u16,
    /// Answer body.
    pub gives: Gives,
    /// It has `ETag` and honours `If-Match`.
    pub versioned: bool,
    /// Its answer holds a secret, which no memory of idempotency keys may keep.
    pub secret: bool,
    /// What it does.
    pub handler: Handler,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} {}", self.id, self.method, self.path)
    }
}

impl Operation {
    /// An operation that takes and gives nothing and that needs `access`.
    pub fn new(method: Method, path: impl Into<String>, id: impl Into<String>, access: Access) -> Operation {
        Operation {
            method,
            path: path.into(),
            id: id.into(),
            tag: "",
            summary: String::new(),
            access,
            params: Vec::new(),
            any_query: false,
            takes: Takes::Nothing,
            status: 204,
            gives: Gives::Nothing,
            versioned: false,
            secret: false,
            handler: Arc::new(|_| Box::pin(async { Ok(Reply::empty()) })),
        }
    }

    /// `GET`, for whoever has the permission.
    pub fn get(path: impl Into<String>, id: impl Into<String>, needs: Permission) -> Operation {
        Operation::new(Method::GET, path, id, Access::Needs(needs))
    }

    /// `POST`, for whoever has the permission.
    pub fn post(path: impl Into<String>, id: impl Into<String>, needs: Permission) -> Operation {
        Operation::new(Method::POST, path, id, Access::Needs(needs))
    }

    /// `PUT`, for whoever has the permission.
    pub fn put(path: impl Into<String>, id: impl Into<String>, needs: Permission) -> Operation {
        Operation::new(Method::PUT, path, id, Access::Needs(needs))
    }

    /// `DELETE`, for whoever has the permission.
    pub fn delete(path: impl Into<String>, id: impl Into<String>, needs: Permission) -> Operation {
        Operation::new(Method::DELETE, path, id, Access::Needs(needs))
    }

    /// Its group in documents, and what it does in a sentence.
    #[must_use]
    pub fn about(mut self, tag: &'static str, summary: impl Into<String>) -> Operation {
        self.tag = tag;
        self.summary = summary.into();
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn param(mut self, name: &'static str, kind: ParamKind, about: &'static str) -> Operation {
        self.params.push(Param { name, kind, about });
        self
    }

    /// Ignores query parameters that it does not know.
    #[must_use]
    pub fn any_query(mut self) -> Operation {
        self.any_query = true;
        self
    }

    /// Adds `limit` and `cursor`.
    #[must_use]
    pub fn paged(self) -> Operation {
        self.param("limit", ParamKind::Integer, "Most entries of a page, 1 to 1000; 50 when absent.").param(
            "cursor",
            ParamKind::Text,
            "`nextCursor` of the page before.",
        )
    }

    /// Takes JSON.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Operation {
        self.takes = Takes::Json(|generator| generator.subschema_for::<T>());
        self
    }

    /// Takes JSON whose schema is made by that function.
    #[must_use]
    pub fn takes_schema(mut self, schema: SchemaOf) -> Operation {
        self.takes = Takes::Json(schema);
        self
    }

    /// Takes bytes of any of the media types, at most `limit` of them.
    #[must_use]
    pub fn takes_bytes(mut self, types: &'static [&'static str], limit: usize) -> Operation {
        self.takes = Takes::Bytes(types, limit);
        self
    }

    /// Gives JSON with status 200.
    #[must_use]
    pub fn gives<T: JsonSchema>(mut self) -> Operation {
        self.gives = Gives::Json(|generator| generator.subschema_for::<T>());
        self.status = 200;
        self
    }

    /// Gives bytes with status 200.
    #[must_use]
    pub fn gives_bytes(mut self, types: &'static [&'static str]) -> Operation {
        self.gives = Gives::Bytes(types);
        self.status = 200;
        self
    }

    /// Gives a live stream of events.
    #[must_use]
    pub fn streams<T: JsonSchema>(mut self) -> Operation {
        self.gives = Gives::Live(|generator| generator.subschema_for::<T>());
        self.status = 200;
        self.param(
            "after",
            ParamKind::Text,
            "Position after which to go on; `Last-Event-ID` says the same for server-sent events.",
        )
    }

    /// Its status of success.
    #[must_use]
    pub fn status(mut self, status: u16) -> Operation {
        self.status = status;
        self
    }

    /// It has `ETag` and honours `If-Match`.
    #[must_use]
    pub fn versioned(mut self) -> Operation {
        self.versioned = true;
        self
    }

    /// Its answer holds a secret: a repeat under the same idempotency key does nothing, and does not get it again.
    #[must_use]
    pub fn secret(mut self) -> Operation {
        self.secret = true;
        self
    }

    /// What it does.
    #[must_use]
    pub fn handle<F, R>(mut self, handler: F) -> Operation
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Problem>> + Send + 'static,
    {
        self.handler = Arc::new(move |call| Box::pin(handler(call)));
        self
    }

    /// Names of the `{…}` segments of the path.
    pub fn path_params(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }
}
