//! Values on their way into a statement and out of a row.

use bytes::{Bytes, BytesMut};
use model::id::{PrincipalId, SessionId};
use model::{ArrivalId, Digest, MessageId, RunId, ScopeId, SignalId};
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::Error;

/// A value bound to a placeholder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Param<'a> {
    /// SQL `NULL`.
    Null,
    /// Every integer is 64 bits in both databases.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// An id by value, so that callers need no place to keep its bytes.
    Id([u8; 16]),
}

macro_rules! from {
    ($($source:ty, $value:ident => $result:expr;)*) => {$(
        impl<'a> From<$source> for Param<'a> {
            fn from($value: $source) -> Self {
                $result
            }
        }
    )*};
}

from! {
    i64, value => Param::Int(value);
    u64, value => Param::Int(value as i64);
    u32, value => Param::Int(value.into());
    u16, value => Param::Int(value.into());
    u8, value => Param::Int(value.into());
    i8, value => Param::Int(value.into());
    bool, value => Param::Int(value.into());
    usize, value => Param::Int(value as i64);
    &'a str, value => Param::Text(value);
    &'a String, value => Param::Text(value);
    &'a [u8], value => Param::Blob(value);
    &'a Vec<u8>, value => Param::Blob(value);
    &'a Bytes, value => Param::Blob(value);
    &'a Digest, value => Param::Blob(&value.0);
    ScopeId, value => Param::Int(value.0);
    RunId, value => Param::Id(value.to_bytes());
    SignalId, value => Param::Id(value.to_bytes());
    MessageId, value => Param::Id(value.to_bytes());
    ArrivalId, value => Param::Id(value.to_bytes());
    PrincipalId, value => Param::Id(value.to_bytes());
    SessionId, value => Param::Id(value.to_bytes());
}

impl<'a, T> From<Option<T>> for Param<'a>
where
    Param<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Param::from)
    }
}

/// `params![a, b]`: a slice of [`Param`]s.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Param::from($value)),*] };
}
pub(crate) use params;

impl<'a> Param<'a> {
    /// The integer, if it is one.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Param::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&'a str> {
        match self {
            Param::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it has some.
    pub(crate) fn as_blob(&self) -> Option<&[u8]> {
        match self {
            Param::Blob(value) => Some(value),
            Param::Id(value) => Some(value),
            _ => None,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Param::Null => Ok(IsNull::Yes),
            Param::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Param::Int(value) => value.to_sql(kind, out),
            Param::Text(value) => value.to_sql(kind, out),
            Param::Blob(value) => value.to_sql(kind, out),
            Param::Id(value) => value.as_slice().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // The schema knows three types only, and each Param writes exactly one of them.
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A value read from a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// SQL `NULL`.
    Null,
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row, read from left to right: each call takes the next column. A value of another type than expected is
/// [`Error::Corrupt`], never a panic.
#[derive(Debug)]
pub(crate) struct Row {
    values: std::vec::IntoIter<Value>,
}

impl Row {
    /// A row of these values.
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Row { values: values.into_iter() }
    }

    /// What is left of the row.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values.collect()
    }

    fn next(&mut self) -> Result<Value, Error> {
        self.values.next().ok_or_else(|| Error::Corrupt("a row has too few columns".into()))
    }

    /// Next column: a number or nothing.
    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>, Error> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(value)),
            other => Err(unexpected("a number", &other)),
        }
    }

    /// Next column: a number.
    pub(crate) fn int(&mut self) -> Result<i64, Error> {
        self.opt_int()?.ok_or_else(|| unexpected("a number", &Value::Null))
    }

    /// Next column: a number that fits the wanted type.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, Error> {
        let value = self.int()?;
        T::try_from(value).map_err(|_| Error::Corrupt(format!("{value} is out of range")))
    }

    /// Next column: a number that fits, or nothing.
    pub(crate) fn opt_number<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, Error> {
        match self.opt_int()? {
            None => Ok(None),
            Some(value) => match T::try_from(value) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(Error::Corrupt(format!("{value} is out of range"))),
            },
        }
    }

    /// Next column: 0 or 1.
    pub(crate) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.int()? != 0)
    }

    /// Next column: text or nothing.
    pub(crate) fn opt_text(&mut self) -> Result<Option<String>, Error> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            other => Err(unexpected("text", &other)),
        }
    }

    /// Next column: text.
    pub(crate) fn text(&mut self) -> Result<String, Error> {
        self.opt_text()?.ok_or_else(|| unexpected("text", &Value::Null))
    }

    /// Next column: bytes or nothing.
    pub(crate) fn opt_blob(&mut self) -> Result<Option<Bytes>, Error> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Blob(value) => Ok(Some(value.into())),
            other => Err(unexpected("bytes", &other)),
        }
    }

    /// Next column: bytes.
    pub(crate) fn blob(&mut self) -> Result<Bytes, Error> {
        self.opt_blob()?.ok_or_else(|| unexpected("bytes", &Value::Null))
    }

    fn exactly<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.blob()?;
        <[u8; N]>::try_from(bytes.as_ref()).map_err(|_| Error::Corrupt(format!("{} bytes instead of {N}", bytes.len())))
    }

    /// Next column: a run's id.
    pub(crate) fn run_id(&mut self) -> Result<RunId, Error> {
        Ok(RunId::from_bytes(self.exactly()?))
    }

    /// Next column: a run's id or nothing.
    pub(crate) fn opt_run_id(&mut self) -> Result<Option<RunId>, Error> {
        match self.opt_blob()? {
            None => Ok(None),
            Some(bytes) => match <[u8; 16]>::try_from(bytes.as_ref()) {
                Ok(bytes) => Ok(Some(RunId::from_bytes(bytes))),
                Err(_) => Err(Error::Corrupt(format!("{} bytes instead of 16", bytes.len()))),
            },
        }
    }

    /// Next column: a signal's id.
    pub(crate) fn signal_id(&mut self) -> Result<SignalId, Error> {
        Ok(SignalId::from_bytes(self.exactly()?))
    }

    /// Next column: the id of a webhook that came.
    pub(crate) fn arrival_id(&mut self) -> Result<ArrivalId, Error> {
        Ok(ArrivalId::from_bytes(self.exactly()?))
    }

    /// Next column: a message's id.
    pub(crate) fn message_id(&mut self) -> Result<MessageId, Error> {
        Ok(MessageId::from_bytes(self.exactly()?))
    }

    /// Next column: the id of a token or user.
    pub(crate) fn principal_id(&mut self) -> Result<PrincipalId, Error> {
        Ok(PrincipalId::from_bytes(self.exactly()?))
    }

    /// Next column: the id of a token or user, or nothing.
    pub(crate) fn opt_principal_id(&mut self) -> Result<Option<PrincipalId>, Error> {
        match self.opt_blob()? {
            None => Ok(None),
            Some(bytes) => match <[u8; 16]>::try_from(bytes.as_ref()) {
                Ok(bytes) => Ok(Some(PrincipalId::from_bytes(bytes))),
                Err(_) => Err(Error::Corrupt(format!("{} bytes instead of 16", bytes.len()))),
            },
        }
    }

    /// Next column: the id of a session.
    pub(crate) fn session_id(&mut self) -> Result<SessionId, Error> {
        Ok(SessionId::from_bytes(self.exactly()?))
    }

    /// Next column: a digest.
    pub(crate) fn digest(&mut self) -> Result<Digest, Error> {
        Ok(Digest(self.exactly()?))
    }

    /// Next column: a digest or nothing.
    pub(crate) fn opt_digest(&mut self) -> Result<Option<Digest>, Error> {
        match self.opt_blob()? {
            None => Ok(None),
            Some(bytes) => match <[u8; 32]>::try_from(bytes.as_ref()) {
                Ok(bytes) => Ok(Some(Digest(bytes))),
                Err(_) => Err(Error::Corrupt(format!("{} bytes instead of 32", bytes.len()))),
            },
        }
    }
}

fn unexpected(wanted: &str, found: &Value) -> Error {
    let found = match found {
        Value::Null => "nothing",
        Value::Int(_) => "a number",
        Value::Text(_) => "text",
        Value::Blob(_) => "bytes",
    };
    Error::Corrupt(format!("a column holds {found} instead of {wanted}"))
}
