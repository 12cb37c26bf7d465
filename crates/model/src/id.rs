//! Ids: prefixed, sortable by time of making, 128 bits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is no id of the wanted kind.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("`{text}` is no id: expected `{prefix}_` and 26 letters or digits")]
pub struct InvalidId {
    text: String,
    prefix: &'static str,
}

fn write_base32(value: u128, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 26];
    for (index, slot) in text.iter_mut().enumerate() {
        *slot = ALPHABET[((value >> (125 - 5 * index)) & 31) as usize];
    }
    out.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn read_base32(text: &str) -> Option<u128> {
    if text.len() != 26 {
        return None;
    }
    let mut value: u128 = 0;
    for (index, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)? as u128;
        if index == 0 && digit > 7 {
            return None;
        }
        value = (value << 5) | digit;
    }
    Some(value)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u128);

        impl $name {
            /// The prefix in front of the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from milliseconds since 1970 and 80 random bits; later ids sort after earlier ones.
            pub fn from_parts(millis: u64, random: u128) -> Self {
                $name(((millis as u128) << 80) | (random & ((1 << 80) - 1)))
            }

            /// Milliseconds since 1970 at which the id was made.
            pub fn millis(self) -> u64 {
                (self.0 >> 80) as u64
            }

            /// The 16 bytes that stores keep; their order is the order of the ids.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// Reads what [`Self::to_bytes`] wrote.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                $name(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!($prefix, "_"))?;
                write_base32(self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(read_base32)
                    .map($name)
                    .ok_or_else(|| InvalidId { text: text.chars().take(64).collect(), prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One execution of one pinned definition.
    RunId, "run"
);
id!(
    /// A signal sent to a run; the sender may choose it, so that a repeat is one signal.
    SignalId, "sig"
);
id!(
    /// A token, user or other row that auth keeps.
    PrincipalId, "prn"
);
id!(
    /// A person's session in a browser.
    SessionId, "ses"
);
id!(
    /// A file on its way into the blob store, before its digest is known.
    BlobKey, "blob"
);

id!(
    /// An event for others, on its way to those who want to hear of it.
    MessageId, "msg"
);

id!(
    /// A webhook that came.
    ArrivalId, "arr"
);

/// The name of a call: (run, step, item, ordinal). Together with the epoch it is the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallId {
    /// Number of the step inside its run, counted from 0 in the order of scheduling.
    pub step: u32,
    /// Item that the call is made for; absent when it is made for the whole step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Name that the node gave the call, for example `request` or `page 3`.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_parse_and_sort() {
        let early = RunId::from_parts(1_700_000_000_000, 42);
        let late = RunId::from_parts(1_700_000_000_001, 7);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse::<RunId>(), Ok(early));
        assert_eq!(early.millis(), 1_700_000_000_000);
        assert!("run_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<RunId>().is_err());
        assert!("sig_00000000000000000000000000".parse::<RunId>().is_err());
    }
}
