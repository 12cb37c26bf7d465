//! The one table of problem codes. Status, retry class and page follow from the code.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a caller may do about a problem of this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The request must change.
    No,
    /// The same request may succeed later.
    Backoff,
}

macro_rules! codes {
    ($($number:literal $name:ident $status:literal $class:ident $title:literal;)*) => {
        /// A problem code. The names are for code, the `FPnnnn` form is for people and machines.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// `FPnnnn`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => concat!("FP", $number)),* }
            }

            /// HTTP status that a problem of this code is answered with.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status),* }
            }

            /// Whether the same request may succeed later.
            pub fn class(self) -> Class {
                match self { $(Code::$name => Class::$class),* }
            }

            /// One line for people.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }

            /// Reads the `FPnnnn` form.
            pub fn parse(text: &str) -> Option<Code> {
                match text { $(concat!("FP", $number) => Some(Code::$name),)* _ => None }
            }
        }
    };
}

// 00xx requests and access, 01xx resources, 02xx workflows, 03xx runs, 04xx expressions and code,
// 05xx outbound, 06xx inbound, 07xx store, 08xx import and export.
codes! {
    "0001" Malformed 400 No "the request cannot be read";
    "0002" Unauthenticated 401 No "the request carries no valid token or session";
    "0003" Forbidden 403 No "the token does not allow this";
    "0004" NotFound 404 No "there is no such thing, or you may not see it";
    "0005" TooLarge 413 No "the input is larger than its limit";
    "0006" TooDeep 400 No "the input is nested deeper than its limit";
    "0007" TooMany 429 Backoff "too many requests";
    "0008" Internal 500 Backoff "something in Fishplate went wrong";
    "0009" Unavailable 503 Backoff "a part that is needed is not ready";
    "0010" Unsupported 422 No "this is not supported";
    "0011" IdempotencyMismatch 422 No "the idempotency key was used for another request";
    "0012" SlowBody 408 Backoff "the body did not arrive in time";
    "0013" SignInRefused 401 No "this does not let anybody in";
    "0014" CrossSite 403 No "the request came from another site";
    "0015" WeakPassword 422 No "the password is guessed too easily";
    "0016" SignInAgain 403 No "the session is too old for this; sign in again";
    "0101" InvalidSpec 422 No "the spec is not valid";
    "0102" UnknownKind 404 No "there is no such kind of resource";
    "0103" Conflict 409 No "somebody else changed it first";
    "0104" UnresolvedReference 422 No "a reference leads to nothing";
    "0105" InUse 409 No "something that is active uses it";
    "0106" PreconditionFailed 412 No "the revision is not the one named in `If-Match`";
    "0107" NotUnique 409 No "another resource holds that value already";
    "0108" InvalidName 422 No "this is no valid name";
    "0109" PositionExpired 410 No "the position is past the horizon; list again";
    "0201" UnknownNodeType 422 No "the node type is not known here";
    "0202" InvalidGraph 422 No "the graph is not sound";
    "0203" InvalidParameter 422 No "a parameter is not valid";
    "0204" NotRunnable 422 No "the workflow cannot be activated as it is";
    "0205" DuplicateNode 422 No "two nodes have the same name";
    "0206" DanglingEdge 422 No "an edge leads to no node";
    "0207" NoTrigger 422 No "the workflow has no trigger that fits";
    "0301" RunNotFound 404 No "there is no such run";
    "0302" RunEnded 409 No "the run has ended";
    "0303" RunHeld 409 No "the run's pinned definition cannot be satisfied";
    "0304" StepFailed 500 No "a step failed";
    "0305" RunTimeout 504 No "the run took longer than it may";
    "0306" CeilingReached 507 No "the run needs more than its ceiling";
    "0307" Uncertain 409 No "it is not known whether a call took effect";
    "0308" StaleLease 409 No "another node owns this run now";
    "0309" StopRequested 500 No "the workflow stopped itself with an error";
    "0310" RunCanceled 409 No "the run was canceled";
    "0311" NotResumable 409 No "the run cannot be resumed from there";
    "0312" GrantGone 409 No "the grant that the run acts under is gone";
    "0401" InvalidExpression 422 No "the expression cannot be read";
    "0402" ExpressionFailed 422 No "the expression failed";
    "0403" CodeFailed 422 No "the code failed";
    "0404" CodeTimeout 504 No "the code ran longer than it may";
    "0405" CodeMemory 507 No "the code needs more memory than it may";
    "0406" SandboxUnavailable 503 Backoff "the sandbox could not be started";
    "0407" BadItems 422 No "the code did not return items";
    "0501" EgressRefused 403 No "this address may not be called";
    "0502" DialFailed 502 Backoff "the service cannot be reached";
    "0503" UpstreamTimeout 504 Backoff "the service did not answer in time";
    "0504" UpstreamStatus 502 No "the service answered with an error";
    "0505" RateLimited 429 Backoff "the service asks to wait";
    "0506" BreakerOpen 503 Backoff "calls to the service are held back after many failures";
    "0507" UpstreamProtocol 502 Backoff "the service's answer cannot be read";
    "0508" CredentialRejected 502 No "the service refused the connection's credentials";
    "0509" ConnectionMissing 422 No "the connection does not exist or is not complete";
    "0510" HostNotAllowed 403 No "the connection may not be sent to that host";
    "0511" ConnectionDead 409 No "the connection has to be connected again";
    "0512" ConsentRefused 403 No "the consent cannot be taken";
    "0601" NoSuchEndpoint 404 No "no active workflow listens on this address";
    "0602" SignatureRejected 401 No "the sender's credentials or signature are wrong";
    "0603" DuplicateEvent 422 No "the dedupe key was used for another request";
    "0604" StillRunning 202 No "the event is accepted and still being worked on";
    "0605" MethodNotAllowed 405 No "this address does not answer that method";
    "0606" SenderNotAllowed 403 No "the sender's address is not allowed";
    "0607" NoPublicAddress 422 No "the server does not know the address that services reach it at";
    "0608" AddressTaken 409 No "the service calls one address only, and another trigger has it";
    "0701" StoreUnavailable 503 Backoff "the store cannot be reached";
    "0702" DiskFull 507 Backoff "the disk is full";
    "0703" StoreCorrupt 500 No "the store is damaged";
    "0704" MigrationRefused 409 No "the store cannot be migrated now";
    "0705" BackupFailed 500 Backoff "the backup could not be made";
    "0801" UnreadableFile 422 No "the file cannot be read as a workflow";
    "0802" LossyImport 422 No "a part of the import was kept but not understood";
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Code::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no problem code")))
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}
