//! Decisions: what happens next, and what a failure leads to.

use model::Code;
use model::workflow::{OnError, Order};
use part::node::Required;
use part::{NodeError, Resumed, Suspend};

use super::order::{self, Plan};
use super::{Machine, Slot, StepStatus, parallel};
use crate::event::{Feed, Handled, Inputs, Move, NodeIndex, PortRecord, StepNumber};

/// What has to happen next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// A step starts.
    Start {
        /// Its number.
        step: StepNumber,
        /// Node.
        node: NodeIndex,
        /// How often the node ran before.
        run_index: u32,
        /// Input.
        inputs: Inputs,
    },
    /// A step's backoff is over: a further attempt starts.
    Attempt {
        /// Step.
        step: StepNumber,
    },
    /// A waiting step goes on.
    Resume {
        /// Step.
        step: StepNumber,
        /// Why.
        by: Resumed,
    },
    /// A join is released.
    Release(Vec<Move>),
    /// The run has ended well.
    Complete,
    /// The run has failed.
    Fail {
        /// The step.
        step: StepNumber,
        /// Why.
        error: Box<NodeError>,
    },
    /// The run ends as was asked.
    Cancel,
    /// Nothing, until something comes from outside: a result, a signal, or the time of [`Machine::next_timer`].
    Idle,
    /// Nothing, ever: the run has ended.
    Ended,
}

/// What a failed attempt leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt.
    Retry {
        /// When.
        at: i64,
        /// It counts as a try.
        counted: bool,
    },
    /// The run goes on.
    Absorb(Handled),
    /// The step, and so the run, fails.
    Fail,
}

/// The longest wait between two tries.
const MAX_BACKOFF_MILLIS: u64 = 24 * 3600 * 1000;

impl Machine {
    /// What has to happen next. `now` is in milliseconds since 1970.
    pub fn next(&self, now: i64) -> Next {
        let state = &self.state;
        if state.end.is_some() || !state.started {
            return if state.end.is_some() { Next::Ended } else { Next::Idle };
        }
        // A nested step runs inside an attempt of its caller, and not without one.
        let running = state.live.values().any(|step| step.status == StepStatus::Running && step.parent.is_none());
        if state.cancel_requested {
            return if running { Next::Idle } else { Next::Cancel };
        }
        if let Some((step, error)) = &state.failure {
            return if running { Next::Idle } else { Next::Fail { step: *step, error: error.clone() } };
        }
        if state.paused {
            return Next::Idle;
        }
        if let Some(next) = self.due(now) {
            return next;
        }
        let parallel = self.graph.order == Order::Parallel;
        let busy = state.live.values().any(|step| step.parent.is_none());
        if let Some(ready) = state.ready.iter().find(|ready| self.may_start(ready.node, busy)) {
            let inputs = match state.override_input {
                Some(feed) => ready.inputs.replace_first(feed),
                None => ready.inputs.clone(),
            };
            let run_index = state.run_counts[ready.node as usize];
            return Next::Start { step: state.next_step, node: ready.node, run_index, inputs };
        }
        if parallel && let Some(moves) = parallel::release(self) {
            return Next::Release(moves);
        }
        if busy {
            return Next::Idle;
        }
        // n8n ends here, too: joins that still wait when the destination was last are not completed.
        if state.destination.is_some() && state.destination == state.last_completed.map(|(_, node)| node) {
            return Next::Complete;
        }
        self.release_waiting().map_or(Next::Complete, Next::Release)
    }

    /// Orders v0 and v1 run one step at a time. In parallel order a node does: its runs keep the order of their
    /// inputs, or what follows would depend on which of them is faster.
    fn may_start(&self, node: NodeIndex, busy: bool) -> bool {
        match self.graph.order {
            Order::Parallel => !self.state.live.values().any(|step| step.parent.is_none() && step.node == node),
            Order::V0 | Order::V1 => !busy,
        }
    }

    /// A step whose time or signal has come, the lowest first.
    fn due(&self, now: i64) -> Option<Next> {
        for (number, step) in &self.state.live {
            match &step.status {
                StepStatus::Backoff { at } if *at <= now => return Some(Next::Attempt { step: *number }),
                StepStatus::Suspended(Suspend::Timer { at }) if *at <= now => {
                    return Some(Next::Resume { step: *number, by: Resumed::Timer });
                }
                StepStatus::Suspended(Suspend::Signal { name, until, .. }) if name != super::SETTLE => {
                    if let Some((_, _, payload)) = step.inbox.first().or(self.state.early.front()) {
                        let by = Resumed::Signal { payload: payload.clone() };
                        return Some(Next::Resume { step: *number, by });
                    }
                    if until.is_some_and(|until| until <= now) {
                        return Some(Next::Resume { step: *number, by: Resumed::TimedOut });
                    }
                }
                StepStatus::Suspended(Suspend::Children)
                    if step.children.iter().all(|child| child.ended || child.detached) =>
                {
                    return Some(Next::Resume { step: *number, by: Resumed::Children });
                }
                _ => {}
            }
        }
        None
    }

    /// What gets ready when `node` has put these out in `step`.
    pub fn moves_after(&self, node: NodeIndex, step: StepNumber, out: &[PortRecord]) -> Vec<Move> {
        let len = |port: &PortRecord| (!matches!(port, PortRecord::Nothing)).then(|| port.len());
        let lens: Vec<Option<usize>> = out.iter().map(len).collect();
        self.moves_for(node, step, &lens)
    }

    /// The same, for numbers of items (absent: nothing came there).
    pub fn moves_for(&self, node: NodeIndex, step: StepNumber, lens: &[Option<usize>]) -> Vec<Move> {
        if self.state.destination == Some(node) {
            return Vec::new();
        }
        match self.graph.order {
            Order::Parallel => parallel::after(self, node, step, lens),
            Order::V1 => Plan::new(self, true).after(node, step, lens),
            Order::V0 => Plan::new(self, false).after(node, step, lens),
        }
    }

    /// Moves of a run that starts at a node with given items (they are step 0).
    pub fn moves_at(&self, node: NodeIndex) -> Vec<Move> {
        vec![Move::Back { n: node, i: Inputs::one(Feed { step: 0, output: 0 }) }]
    }

    /// The run has a destination and this node does not lead to it, or it has none.
    pub(super) fn may_run(&self, node: NodeIndex) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed[node as usize])
    }

    /// Sets the destination before the first record, so that the first moves heed it.
    pub fn set_destination(&mut self, node: NodeIndex) {
        self.state.destination = Some(node);
        self.allowed = Some(self.graph.ancestors(node));
    }

    /// Orders v0 and v1: nothing can run, so joins that lack data run with what they have, one at a time.
    fn release_waiting(&self) -> Option<Vec<Move>> {
        let mut moves = Vec::new();
        let mut slots: Vec<&Slot> = self.state.slots.iter().collect();
        loop {
            let chosen = slots.iter().enumerate().find(|(_, slot)| {
                let first =
                    slots.iter().find(|other| other.node == slot.node).is_some_and(|other| other.slot == slot.slot);
                first && self.is_releasable(slot, &slots)
            });
            let Some((position, slot)) = chosen else { return (!moves.is_empty()).then_some(moves) };
            moves.push(Move::Close { n: slot.node, s: slot.slot });
            if slot.filled {
                let inputs = order::inputs_of(slot, self.graph.node(slot.node).connected_inputs());
                moves.push(Move::Back { n: slot.node, i: inputs });
                return Some(moves);
            }
            slots.remove(position);
        }
    }

    fn is_releasable(&self, slot: &Slot, slots: &[&Slot]) -> bool {
        let node = self.graph.node(slot.node);
        let arrived = |input: &u16| slot.arrived.contains_key(input);
        let enough = match &node.required {
            // Order v0 knows no required inputs.
            _ if self.graph.order == Order::V0 => true,
            Required::Any => !slot.arrived.is_empty(),
            Required::All => false,
            Required::These(inputs) => inputs.len() < node.inputs as usize && inputs.iter().all(arrived),
        };
        let mut ancestors = self.graph.ancestors(slot.node);
        // In a loop a join is its own ancestor; it does not wait for itself.
        ancestors[slot.node as usize] = false;
        enough && !slots.iter().any(|other| ancestors[other.node as usize])
    }

    /// What a failed attempt leads to: the first that applies of retry, fallback, error branch, failure.
    pub fn on_failure(&self, step: StepNumber, error: &NodeError, now: i64) -> Verdict {
        let Some(live) = self.state.live.get(&step) else { return Verdict::Fail };
        let fatal = matches!(error.problem.code, Code::CeilingReached | Code::RunTimeout | Code::RunCanceled);
        if self.state.cancel_requested || fatal || live.parent.is_some() {
            return Verdict::Fail;
        }
        if let Some(millis) = error.later_millis {
            return Verdict::Retry { at: now.saturating_add(millis.min(MAX_BACKOFF_MILLIS) as i64), counted: false };
        }
        let node = self.graph.node(live.node);
        if let Some(policy) = node.retry.filter(|policy| !error.permanent && live.tries < policy.tries) {
            let growth = u64::from(policy.factor.max(1)).saturating_pow(live.tries.saturating_sub(1));
            let wait = (policy.wait.0.as_millis() as u64).saturating_mul(growth).min(MAX_BACKOFF_MILLIS);
            return Verdict::Retry { at: now.saturating_add(wait as i64), counted: true };
        }
        if node.has_fallback {
            return Verdict::Absorb(Handled::Fallback);
        }
        match node.on_error {
            OnError::Stop => Verdict::Fail,
            OnError::Continue => Verdict::Absorb(Handled::Continue),
            OnError::ErrorBranch => Verdict::Absorb(Handled::ErrorBranch),
        }
    }
}
