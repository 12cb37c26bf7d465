//! The list of mutants: faults sown between the driver and the machine, each of which the histories must find.
//!
//! Production code has no hooks for them. A mutant changes what is recorded, what is folded, what the machine decided,
//! or the graph that it decides on.

use engine::event::{Event, Feed, Handled, Move};
use engine::machine::{CallPlan, Next, Verdict};
use model::WorkflowSpec;
use part::{NodeError, Ports, Required, Resumed};

use super::rng::Rng;

macro_rules! mutants {
    ($($(#[doc = $text:literal])* $name:ident,)*) => {
        /// A fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($(#[doc = $text])* $name,)* }
        /// All of them.
        pub const ALL: &[Mutant] = &[$(Mutant::$name,)*];
    };
}

mutants! {
    /// Recovery leaves out a record.
    RecordDropped,
    /// Recovery reads two neighbouring records in the wrong order.
    RecordsSwapped,
    /// Recovery reads a record twice.
    RecordRepeated,
    /// Outcomes of calls are not folded.
    OutcomesForgotten,
    /// Intents of calls are not folded.
    IntentsForgotten,
    /// A call is made before its intent is written.
    CallNotFlushed,
    /// A call is made without an intent.
    IntentNotJournaled,
    /// An answer leaves before its record is written.
    AnswerNotFlushed,
    /// A request is answered again by a second node, or after a crash.
    AnsweredTwice,
    /// A child starts before its record is written.
    ChildNotFlushed,
    /// Children that were started are not folded.
    ChildrenForgotten,
    /// The end of a child is not folded.
    ChildEndsForgotten,
    /// A failed child counts as a good one.
    FailedChildrenKept,
    /// A slot of a join is not closed.
    CloseForgotten,
    /// Nodes get ready behind the others instead of in front.
    BackForFront,
    /// Nodes get ready in front of the others instead of behind.
    FrontForBack,
    /// Data for a join is not kept.
    WaitForgotten,
    /// Data without items counts as items, and the other way round.
    EmptinessInverted,
    /// The inputs of a join are in the wrong order.
    InputsReversed,
    /// Joins do not heed the inputs that they require.
    RequiredIgnored,
    /// Every join requires all inputs.
    AllRequired,
    /// Joins run as soon as they have anything.
    JoinsReleasedEarly,
    /// Joins that lack data never run.
    JoinsNeverReleased,
    /// Ports without items start nodes.
    EmptyPortsStartNodes,
    /// Failures do not count as tries.
    TriesNotCounted,
    /// A request to try later counts as a try.
    LaterCounted,
    /// The retry policy is not heeded.
    RetriesSkipped,
    /// What cannot succeed is tried again.
    PermanentRetried,
    /// The fallback is not used.
    FallbackSkipped,
    /// The error branch is not used.
    ErrorBranchSkipped,
    /// The run goes on after a failure that nothing absorbs.
    FailureAbsorbed,
    /// A call that is known to have failed is repeated under its key.
    EpochNotRaised,
    /// An uncertain call is repeated under another key.
    EpochRaisedWhenUncertain,
    /// An uncertain call is repeated although its node forbids it.
    UncertainRepeated,
    /// A finished call is made again.
    KnownCallRepeated,
    /// A signal that comes twice counts twice.
    DuplicateSignalsCounted,
    /// Signals are not folded.
    SignalsForgotten,
    /// A wait times out although its signal has come.
    TimerBeatsSignal,
    /// A timer is not waited for by the step that it belongs to.
    SuspensionForgotten,
    /// Steps start after a cancel.
    CancelIgnored,
    /// Steps start during a pause.
    PauseIgnored,
    /// The end of a pause is not folded.
    PauseNeverEnds,
    /// Nodes run that do not lead to the destination.
    DestinationIgnored,
    /// Attached nodes are fed by items.
    AttachmentsScheduled,
    /// Every run of a node counts as its first.
    RunIndexForgotten,
    /// The order of the workflow is another one.
    OrderExchanged,
    /// Nested steps are not folded, so that they are made again.
    InvocationsForgotten,
    /// The run completes although it has failed.
    FailureForgotten,
}

impl Mutant {
    /// What is written instead of a record.
    pub fn record(self, mut event: Event) -> Event {
        match (self, &mut event) {
            (Mutant::RunIndexForgotten, Event::StepStarted { run_index, .. }) => *run_index = 0,
            (Mutant::LaterCounted, Event::AttemptFailed { counted, .. }) => *counted = true,
            (Mutant::TriesNotCounted, Event::AttemptFailed { counted, .. }) => *counted = false,
            _ => {}
        }
        event
    }

    /// What the machine sees of a record.
    pub fn fold(self, event: &Event) -> Option<Event> {
        let seen = match (self, event) {
            (Mutant::OutcomesForgotten, Event::CallEnded { .. })
            | (Mutant::IntentsForgotten, Event::CallIntended { .. })
            | (Mutant::ChildrenForgotten, Event::ChildStarted { .. })
            | (Mutant::ChildEndsForgotten, Event::ChildEnded { .. })
            | (Mutant::SignalsForgotten, Event::SignalReceived { .. })
            | (Mutant::SuspensionForgotten, Event::StepSuspended { .. })
            | (Mutant::CancelIgnored, Event::CancelRequested { .. })
            | (Mutant::PauseIgnored, Event::PauseRequested { .. })
            | (Mutant::PauseNeverEnds, Event::PauseEnded { .. }) => false,
            // The step ends, and the machine forgets that it failed.
            (Mutant::FailureForgotten, Event::StepFailed { s, .. }) => {
                return Some(Event::StepCompleted {
                    s: *s,
                    out: Vec::new(),
                    moves: Vec::new(),
                    micros: 0,
                    state: None,
                    held: Vec::new(),
                    logs: Vec::new(),
                    error: None,
                });
            }
            (Mutant::FailedChildrenKept, Event::ChildEnded { run, signal, items, .. }) => {
                return Some(Event::ChildEnded { run: *run, signal: *signal, items: items.clone(), error: None });
            }
            (Mutant::InvocationsForgotten, Event::Invoked { s, n, k, input, at, seed, .. }) => {
                let (s, n, k, input, at, seed) = (*s, *n, *k, input.clone(), *at, *seed);
                return Some(Event::Invoked { s, n, parent: u32::MAX, k, input, at, seed });
            }
            _ => true,
        };
        seen.then(|| event.clone())
    }

    /// What recovery reads of a journal.
    pub fn reread(self, mut events: Vec<Event>, rng: &mut Rng) -> Vec<Event> {
        if events.len() < 3 {
            return events;
        }
        let at = 1 + rng.below(events.len() - 2);
        match self {
            Mutant::RecordDropped => drop(events.remove(at)),
            Mutant::RecordsSwapped => events.swap(at, at + 1),
            Mutant::RecordRepeated => events.insert(at, events[at].clone()),
            _ => {}
        }
        events
    }

    /// What becomes of planned moves.
    pub fn moves(self, moves: Vec<Move>) -> Vec<Move> {
        let changed = moves.into_iter().filter_map(|change| match (self, change) {
            (Mutant::CloseForgotten, Move::Close { .. }) | (Mutant::WaitForgotten, Move::Wait { .. }) => None,
            (Mutant::BackForFront, Move::Front { n, i }) => Some(Move::Back { n, i }),
            (Mutant::FrontForBack, Move::Back { n, i }) => Some(Move::Front { n, i }),
            (Mutant::EmptinessInverted, Move::Wait { n, s, p, f, z }) => Some(Move::Wait { n, s, p, f, z: !z }),
            (Mutant::InputsReversed, Move::Back { n, i }) => {
                let mut ports: Vec<Vec<Feed>> = i.iter().map(<[Feed]>::to_vec).collect();
                ports.reverse();
                Some(Move::Back { n, i: ports.into() })
            }
            (_, change) => Some(change),
        });
        changed.collect()
    }

    /// What becomes of a decision.
    pub fn next(self, next: Next) -> Next {
        match (self, next) {
            (Mutant::JoinsNeverReleased, Next::Release(_)) => Next::Complete,
            (Mutant::TimerBeatsSignal, Next::Resume { step, by: Resumed::Signal { .. } }) => {
                Next::Resume { step, by: Resumed::TimedOut }
            }
            (_, next) => next,
        }
    }

    /// What becomes of a verdict over a failure.
    pub fn verdict(self, verdict: Verdict, error: &NodeError, now: i64) -> Verdict {
        match (self, verdict) {
            (Mutant::RetriesSkipped, Verdict::Retry { counted: true, .. }) => Verdict::Fail,
            (Mutant::PermanentRetried, _) if error.permanent => Verdict::Retry { at: now, counted: true },
            (Mutant::FallbackSkipped, Verdict::Absorb(Handled::Fallback)) => Verdict::Fail,
            (Mutant::ErrorBranchSkipped, Verdict::Absorb(Handled::ErrorBranch)) => Verdict::Absorb(Handled::Continue),
            (Mutant::FailureAbsorbed, Verdict::Fail) => Verdict::Absorb(Handled::Continue),
            (_, verdict) => verdict,
        }
    }

    /// What becomes of the plan for a call.
    pub fn call(self, plan: CallPlan) -> CallPlan {
        match (self, plan) {
            (Mutant::EpochNotRaised, CallPlan::Make { epoch, repeated: false }) => {
                CallPlan::Make { epoch: epoch.saturating_sub(1), repeated: false }
            }
            (Mutant::EpochRaisedWhenUncertain, CallPlan::Make { epoch, repeated: true }) => {
                CallPlan::Make { epoch: epoch + 1, repeated: true }
            }
            (Mutant::UncertainRepeated, CallPlan::Uncertain | CallPlan::Ask) => {
                CallPlan::Make { epoch: 1, repeated: true }
            }
            (Mutant::KnownCallRepeated, CallPlan::Known(_)) => CallPlan::Make { epoch: 0, repeated: false },
            (_, plan) => plan,
        }
    }

    /// What becomes of the graph.
    pub fn graph(self, spec: &mut WorkflowSpec, ports: &mut [Ports]) {
        use model::workflow::Order;
        match self {
            Mutant::RequiredIgnored => ports.iter_mut().for_each(|ports| ports.required = Required::Any),
            Mutant::AllRequired => ports.iter_mut().for_each(|ports| ports.required = Required::All),
            Mutant::AttachmentsScheduled => {
                // The attached node becomes a successor of its owner.
                for edge in spec.edges.iter_mut().filter(|edge| edge.attachment.is_some()) {
                    std::mem::swap(&mut edge.from, &mut edge.to);
                    edge.attachment = None;
                }
            }
            Mutant::OrderExchanged => {
                spec.settings.order = match spec.settings.order {
                    Order::V0 => Order::V1,
                    Order::V1 => Order::V0,
                    Order::Parallel => Order::V1,
                }
            }
            _ => {}
        }
    }
}
