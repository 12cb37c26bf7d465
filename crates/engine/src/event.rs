//! The records of a run's journal. A run is rebuilt by folding them, and by nothing else.
//!
//! Nodes are named by their index in the pinned definition, steps by the order in which they were started. Inputs are
//! references ([`Feed`]); only outputs carry items, and selections carry positions alone.

use model::{Digest, RunId, SignalId, Value};
use part::{Answer, Indices, Items, NodeError, Origins, PortOutput, ReplyTo, Resumed, Suspend};
use serde::{Deserialize, Serialize};

use crate::record::{self, ItemsRecord};

/// Index of a node in the definition.
pub type NodeIndex = u32;
/// Number of a step in its run.
pub type StepNumber = u32;

/// One port's worth of data that a step was started with, or that waits at a join: an output of an earlier step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feed {
    /// The step; [`Feed::EMPTY_ITEM`] stands for one empty item.
    pub step: StepNumber,
    /// Its output port.
    pub output: u16,
}

impl Feed {
    /// One empty item, which order v0 gives to branches that it forces to run.
    pub const EMPTY_ITEM: Feed = Feed { step: u32::MAX, output: 0 };
}

impl Serialize for Feed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.step, self.output).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Feed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (step, output) = <(u32, u16)>::deserialize(deserializer)?;
        Ok(Feed { step, output })
    }
}

/// What came in at each input port, in edge order. Cheap to clone: it is kept by the queue, the step and its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(Option<Came>);

/// Almost every step has one input that one output fed; it needs no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    One([Feed; 1]),
    Ports(std::sync::Arc<[Vec<Feed>]>),
}

impl Inputs {
    /// One feed at the first port.
    pub fn one(feed: Feed) -> Self {
        Inputs(Some(Came::One([feed])))
    }

    /// Number of ports.
    pub fn len(&self) -> usize {
        match &self.0 {
            None => 0,
            Some(Came::One(_)) => 1,
            Some(Came::Ports(ports)) => ports.len(),
        }
    }

    /// Whether there is no port.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// What came in at a port.
    pub fn get(&self, port: usize) -> Option<&[Feed]> {
        match &self.0 {
            None => None,
            Some(Came::One(feeds)) => (port == 0).then_some(feeds),
            Some(Came::Ports(ports)) => ports.get(port).map(Vec::as_slice),
        }
    }

    /// What came in, port by port.
    pub fn iter(&self) -> impl Iterator<Item = &[Feed]> {
        (0..self.len()).filter_map(|port| self.get(port))
    }

    /// The same with another feed at the first port.
    pub fn replace_first(&self, feed: Feed) -> Self {
        let rest = self.iter().skip(1).map(<[Feed]>::to_vec);
        std::iter::once(vec![feed]).chain(rest).collect::<Vec<_>>().into()
    }
}

impl From<Vec<Vec<Feed>>> for Inputs {
    fn from(ports: Vec<Vec<Feed>>) -> Self {
        Inputs(match ports.as_slice() {
            [] => None,
            [feeds] if feeds.len() == 1 => Some(Came::One([feeds[0]])),
            _ => Some(Came::Ports(ports.into())),
        })
    }
}

// As JSON: a list of feeds for each port.
impl Serialize for Inputs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Vec<Feed>>::deserialize(deserializer).map(Inputs::from)
    }
}

/// How the queue of ready nodes and the joins change. Decided once, when a step ends, and journaled with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "m")]
pub enum Move {
    /// A node gets ready, in front of all others.
    #[serde(rename = "front")]
    Front {
        /// Node.
        n: NodeIndex,
        /// Its input.
        i: Inputs,
    },
    /// A node gets ready, behind all others.
    #[serde(rename = "back")]
    Back {
        /// Node.
        n: NodeIndex,
        /// Its input.
        i: Inputs,
    },
    /// Data comes to a join that goes on waiting. A new slot is opened when there is none of that number.
    #[serde(rename = "wait")]
    Wait {
        /// Node.
        n: NodeIndex,
        /// Slot: one future execution of the join.
        s: u32,
        /// Input port, or the number of the edge in parallel order.
        p: u16,
        /// What came.
        f: Feed,
        /// It came without items.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        z: bool,
    },
    /// A slot of a join is closed: its data is in a `Front` or `Back` beside this, or was empty.
    #[serde(rename = "close")]
    Close {
        /// Node.
        n: NodeIndex,
        /// Slot.
        s: u32,
    },
}

/// What a step put out at one port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PortRecord {
    /// New items.
    Items(ItemsRecord),
    /// Items of an input, by position.
    Select {
        /// Input port.
        #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
        input: u16,
        /// Positions.
        #[serde(rename = "i")]
        indices: Indices,
    },
    /// The items of a list that the node holds.
    Held {
        /// The list.
        #[serde(rename = "l")]
        list: String,
        /// Positions in it.
        #[serde(rename = "i")]
        indices: Indices,
    },
    /// Nothing came here.
    Nothing,
}

fn is_zero(value: &u16) -> bool {
    *value == 0
}

impl PortRecord {
    /// Number of items.
    pub fn len(&self) -> usize {
        match self {
            PortRecord::Items(items) => items.len(),
            PortRecord::Select { indices, .. } | PortRecord::Held { indices, .. } => indices.len(),
            PortRecord::Nothing => 0,
        }
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items that are in memory or spooled.
    pub fn items(items: Items, origins: Origins) -> Self {
        PortRecord::Items(ItemsRecord { items, origins })
    }
}

impl From<PortOutput> for PortRecord {
    fn from(output: PortOutput) -> Self {
        match output {
            PortOutput::Items { items, origins } => PortRecord::items(items, origins),
            PortOutput::Select { input, indices } => PortRecord::Select { input, indices },
            PortOutput::Held { list, indices } => PortRecord::Held { list: list.to_owned(), indices },
            PortOutput::Nothing => PortRecord::Nothing,
        }
    }
}

/// A change of a list that a node holds by reference across its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HeldChange {
    /// All items of an input port of this step are added: (list, port).
    #[serde(rename = "add")]
    Add(String, u16),
    /// The list is forgotten, after the step's outputs were taken from it.
    #[serde(rename = "drop")]
    Drop(String),
}

/// How a failure was absorbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Handled {
    /// The fallback value goes on.
    Fallback,
    /// The input goes on through the ordinary output.
    Continue,
    /// The failed items leave through the error branch.
    ErrorBranch,
}

/// The name of a call inside its step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallName {
    /// Item that it is made for.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Name that the node gave it.
    #[serde(rename = "c")]
    pub name: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallOutcome {
    /// The response as received, masked, large bodies by digest.
    Done(Value),
    /// It is known that it failed.
    Failed(NodeError),
    /// Nobody knows whether it took effect.
    Unknown(NodeError),
}

/// A log line of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// How serious.
    #[serde(rename = "l")]
    pub level: part::Level,
    /// Text, at most 8 KiB.
    #[serde(rename = "t")]
    pub text: String,
}

/// One record of the journal.
///
/// Names and shapes are kept for ever: a released variant may gain optional fields, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e")]
pub enum Event {
    /// The run exists. Counts as step 0: the trigger (or the node started at) put these items out.
    #[serde(rename = "run.started")]
    RunStarted {
        /// Trigger node; absent when the run starts at a node with given items.
        #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
        trigger: Option<NodeIndex>,
        /// When, milliseconds since 1970.
        at: i64,
        /// Output port that the items leave through.
        #[serde(rename = "o", default, skip_serializing_if = "is_zero")]
        output: u16,
        /// What the trigger put out.
        out: ItemsRecord,
        /// What gets ready by it.
        #[serde(rename = "mv", default, skip_serializing_if = "Vec::is_empty")]
        moves: Vec<Move>,
        /// Only ancestors of this node run, and it is the last.
        #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
        destination: Option<NodeIndex>,
        /// Request that waits for an answer.
        #[serde(rename = "rt", default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<ReplyTo>,
        /// Pinned data stands in for node outputs.
        #[serde(rename = "pin", default, skip_serializing_if = "std::ops::Not::not")]
        use_pins: bool,
    },
    /// This run goes on where a prefix of another one ended.
    #[serde(rename = "run.forked")]
    Forked {
        /// The run that the records before this one come from.
        from: RunId,
        /// When.
        at: i64,
        /// Who asked.
        by: String,
        /// Items that replace the first input of the next step.
        #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
        input: Option<ItemsRecord>,
        /// Number of the pseudo-step that holds them.
        #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
        step: Option<StepNumber>,
    },
    /// A failed run is run again from its failed steps.
    #[serde(rename = "run.reopened")]
    Reopened {
        /// When.
        at: i64,
        /// Who asked.
        by: String,
    },
    /// A step starts; its first attempt with it.
    #[serde(rename = "step.started")]
    StepStarted {
        /// Step.
        s: StepNumber,
        /// Node.
        n: NodeIndex,
        /// How often the node ran before.
        #[serde(rename = "r", default, skip_serializing_if = "is_zero32")]
        run_index: u32,
        /// Input.
        i: Inputs,
        /// Journaled clock reading.
        at: i64,
        /// Journaled random seed.
        #[serde(rename = "rnd")]
        seed: u64,
        /// Position of the variables that it sees.
        #[serde(rename = "vars", default, skip_serializing_if = "is_zero64")]
        variables: u64,
    },
    /// A further attempt at a step.
    #[serde(rename = "step.attempt")]
    AttemptStarted {
        /// Step.
        s: StepNumber,
        /// When.
        at: i64,
        /// Seed.
        #[serde(rename = "rnd")]
        seed: u64,
        /// Position of the variables that it sees; zero: as the step saw them before.
        #[serde(rename = "vars", default, skip_serializing_if = "is_zero64")]
        variables: u64,
    },
    /// An attached node is called by the running step; it is a step of its own, below that one.
    #[serde(rename = "step.invoked")]
    Invoked {
        /// The nested step.
        s: StepNumber,
        /// Attached node.
        n: NodeIndex,
        /// The calling step.
        parent: StepNumber,
        /// Which invocation of the calling step it is, from 0.
        k: u32,
        /// Its input.
        #[serde(rename = "in")]
        input: ItemsRecord,
        /// When.
        at: i64,
        /// Seed.
        #[serde(rename = "rnd")]
        seed: u64,
    },
    /// A call is about to be made.
    #[serde(rename = "call.intended")]
    CallIntended {
        /// Step.
        s: StepNumber,
        /// Name.
        #[serde(flatten)]
        call: CallName,
        /// Epoch of its key.
        #[serde(rename = "ep", default, skip_serializing_if = "is_zero32")]
        epoch: u32,
        /// Fingerprint of the canonical request.
        #[serde(rename = "fp")]
        fingerprint: Digest,
    },
    /// A call has ended, as far as is known.
    #[serde(rename = "call.ended")]
    CallEnded {
        /// Step.
        s: StepNumber,
        /// Name.
        #[serde(flatten)]
        call: CallName,
        /// Epoch.
        #[serde(rename = "ep", default, skip_serializing_if = "is_zero32")]
        epoch: u32,
        /// How.
        #[serde(rename = "out")]
        outcome: CallOutcome,
    },
    /// A step has read our own store: static data, a cursor. Nothing follows from it; a replay reads the same.
    #[serde(rename = "local.read")]
    LocalRead {
        /// Step.
        s: StepNumber,
        /// Where, as `space/key`.
        #[serde(rename = "k")]
        key: String,
        /// What was there, as base64.
        #[serde(rename = "val", default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// A person decided about an uncertain call.
    #[serde(rename = "call.settled")]
    CallSettled {
        /// Step.
        s: StepNumber,
        /// Decision.
        #[serde(rename = "as")]
        settle: part::runs::Settle,
        /// Who.
        by: String,
    },
    /// A step has put its items out.
    #[serde(rename = "step.completed")]
    StepCompleted {
        /// Step.
        s: StepNumber,
        /// One record per output port.
        out: Vec<PortRecord>,
        /// What gets ready by it.
        #[serde(rename = "mv", default, skip_serializing_if = "Vec::is_empty")]
        moves: Vec<Move>,
        /// Microseconds that the last attempt took.
        #[serde(rename = "us", default, skip_serializing_if = "is_zero64")]
        micros: u64,
        /// State that the node keeps for its next run.
        #[serde(rename = "st", default, skip_serializing_if = "Option::is_none")]
        state: Option<Value>,
        /// How the lists of items change that the node holds across its runs.
        #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
        held: Vec<HeldChange>,
        /// Log.
        #[serde(rename = "log", default, skip_serializing_if = "Vec::is_empty")]
        logs: Vec<LogLine>,
        /// The error that was absorbed, and how.
        #[serde(rename = "err", default, skip_serializing_if = "Option::is_none")]
        error: Option<(Handled, Box<NodeError>)>,
    },
    /// An attempt failed and another one follows at a time.
    #[serde(rename = "attempt.failed")]
    AttemptFailed {
        /// Step.
        s: StepNumber,
        /// Why.
        #[serde(rename = "err")]
        error: Box<NodeError>,
        /// When the next attempt may start.
        next: i64,
        /// It counts as a try of the retry policy.
        #[serde(rename = "try", default, skip_serializing_if = "std::ops::Not::not")]
        counted: bool,
    },
    /// A step failed for good.
    #[serde(rename = "step.failed")]
    StepFailed {
        /// Step.
        s: StepNumber,
        /// Why.
        #[serde(rename = "err")]
        error: Box<NodeError>,
        /// Microseconds of the last attempt.
        #[serde(rename = "us", default, skip_serializing_if = "is_zero64")]
        micros: u64,
        /// Log.
        #[serde(rename = "log", default, skip_serializing_if = "Vec::is_empty")]
        logs: Vec<LogLine>,
    },
    /// A step waits.
    #[serde(rename = "step.suspended")]
    StepSuspended {
        /// Step.
        s: StepNumber,
        /// For what.
        on: Suspend,
        /// State that the node keeps.
        #[serde(rename = "st", default, skip_serializing_if = "Option::is_none")]
        state: Option<Value>,
        /// Log.
        #[serde(rename = "log", default, skip_serializing_if = "Vec::is_empty")]
        logs: Vec<LogLine>,
    },
    /// A waiting step goes on.
    #[serde(rename = "step.resumed")]
    StepResumed {
        /// Step.
        s: StepNumber,
        /// Why.
        by: Resumed,
        /// When.
        at: i64,
        /// Seed of the attempt that follows.
        #[serde(rename = "rnd")]
        seed: u64,
        /// Position of the variables that it sees; zero: as the step saw them before.
        #[serde(rename = "vars", default, skip_serializing_if = "is_zero64")]
        variables: u64,
    },
    /// A child is admitted with this record's commit.
    #[serde(rename = "child.started")]
    ChildStarted {
        /// Step.
        s: StepNumber,
        /// Item that it is for.
        #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// The child.
        run: RunId,
        /// Nobody waits for it.
        #[serde(rename = "det", default, skip_serializing_if = "std::ops::Not::not")]
        detached: bool,
    },
    /// A child has ended.
    #[serde(rename = "child.ended")]
    ChildEnded {
        /// The child.
        run: RunId,
        /// Its signal.
        #[serde(rename = "id")]
        signal: SignalId,
        /// Items of its last node.
        #[serde(rename = "out", default, skip_serializing_if = "Option::is_none")]
        items: Option<ItemsRecord>,
        /// What it failed with.
        #[serde(rename = "err", default, skip_serializing_if = "Option::is_none")]
        error: Option<Box<NodeError>>,
    },
    /// A signal has come out of the inbox.
    #[serde(rename = "signal.received")]
    SignalReceived {
        /// Id.
        id: SignalId,
        /// For which step it is.
        #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
        step: Option<StepNumber>,
        /// Name.
        name: String,
        /// Content.
        #[serde(rename = "p", default, skip_serializing_if = "Value::is_null")]
        payload: Value,
    },
    /// The run was asked to stop.
    #[serde(rename = "run.cancelRequested")]
    CancelRequested {
        /// When.
        at: i64,
        /// Who.
        by: String,
    },
    /// The run was asked to pause.
    #[serde(rename = "run.pauseRequested")]
    PauseRequested {
        /// Who.
        by: String,
    },
    /// The run is held: its pinned definition cannot be satisfied here.
    #[serde(rename = "run.held")]
    Held {
        /// When.
        at: i64,
        /// What is missing.
        problem: Box<model::Problem>,
    },
    /// The pause, or the hold, has ended.
    #[serde(rename = "run.resumed")]
    PauseEnded {
        /// Who.
        by: String,
    },
    /// The answer that is sent after this record's commit.
    #[serde(rename = "answer.given")]
    Answered {
        /// The answer.
        #[serde(rename = "a")]
        answer: Answer,
    },
    /// A streamed answer begins after this record's commit.
    #[serde(rename = "answer.begun")]
    AnswerBegun {
        /// Status.
        status: u16,
        /// Headers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<(String, String)>,
    },
    /// A streamed answer has ended; without a digest it was cut.
    #[serde(rename = "answer.ended")]
    AnswerEnded {
        /// Digest of all that was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
        /// Its length.
        size: u64,
    },
    /// A join runs, or is let go, because nothing else can bring it data.
    #[serde(rename = "join.released")]
    JoinReleased {
        /// What changes.
        #[serde(rename = "mv")]
        moves: Vec<Move>,
    },
    /// The run has ended well.
    #[serde(rename = "run.completed")]
    RunCompleted {
        /// When.
        at: i64,
    },
    /// The run has failed.
    #[serde(rename = "run.failed")]
    RunFailed {
        /// When.
        at: i64,
        /// Step that failed, when it was one.
        #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
        step: Option<StepNumber>,
        /// Why.
        #[serde(rename = "err")]
        error: Box<NodeError>,
    },
    /// The run was cancelled.
    #[serde(rename = "run.canceled")]
    RunCanceled {
        /// When.
        at: i64,
        /// The newer run that it gives way to; then it was never started.
        #[serde(rename = "by", default, skip_serializing_if = "Option::is_none")]
        superseded_by: Option<RunId>,
    },
}

fn is_zero32(value: &u32) -> bool {
    *value == 0
}
fn is_zero64(value: &u64) -> bool {
    *value == 0
}

impl Event {
    /// The name of the record, as live views and the journal show it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::RunStarted { .. } => "run.started",
            Event::Forked { .. } => "run.forked",
            Event::Reopened { .. } => "run.reopened",
            Event::StepStarted { .. } => "step.started",
            Event::AttemptStarted { .. } => "step.attempt",
            Event::Invoked { .. } => "step.invoked",
            Event::CallIntended { .. } => "call.intended",
            Event::CallEnded { .. } => "call.ended",
            Event::LocalRead { .. } => "local.read",
            Event::CallSettled { .. } => "call.settled",
            Event::StepCompleted { .. } => "step.completed",
            Event::AttemptFailed { .. } => "attempt.failed",
            Event::StepFailed { .. } => "step.failed",
            Event::StepSuspended { .. } => "step.suspended",
            Event::StepResumed { .. } => "step.resumed",
            Event::ChildStarted { .. } => "child.started",
            Event::ChildEnded { .. } => "child.ended",
            Event::SignalReceived { .. } => "signal.received",
            Event::CancelRequested { .. } => "run.cancelRequested",
            Event::PauseRequested { .. } => "run.pauseRequested",
            Event::Held { .. } => "run.held",
            Event::PauseEnded { .. } => "run.resumed",
            Event::Answered { .. } => "answer.given",
            Event::AnswerBegun { .. } => "answer.begun",
            Event::AnswerEnded { .. } => "answer.ended",
            Event::JoinReleased { .. } => "join.released",
            Event::RunCompleted { .. } => "run.completed",
            Event::RunFailed { .. } => "run.failed",
            Event::RunCanceled { .. } => "run.canceled",
        }
    }

    /// Blobs that the record refers to; each needs a reference row in its commit.
    pub fn blobs(&self, out: &mut Vec<Digest>) {
        match self {
            Event::RunStarted { out: items, .. } | Event::Invoked { input: items, .. } => items.blobs(out),
            Event::Forked { input, .. } | Event::ChildEnded { items: input, .. } => {
                input.iter().for_each(|items| items.blobs(out));
            }
            Event::StepCompleted { out: ports, .. } => ports.iter().for_each(|port| {
                if let PortRecord::Items(items) = port {
                    items.blobs(out);
                }
            }),
            Event::CallEnded { outcome: CallOutcome::Done(value), .. } => record::digests_in(value, out),
            Event::Answered { answer } => {
                if let part::AnswerBody::Blob { digest, .. } = answer.body {
                    out.push(digest);
                }
            }
            _ => {}
        }
    }
}
