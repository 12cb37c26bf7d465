//! The one way in: webhooks, resume addresses and schedules become events of [`part::Runs`].
//!
//! Every request passes one gate, in this order: size → credentials → sender → body → dedupe key → commit → answer.
//! A sender's signature is over the body: it is checked when that has been read, and before anything is made of it.
//! What is refused is a problem with a hint; what is accepted has its row committed before its answer leaves.
//!
//! What this crate must never do: run a workflow, keep state that a restart may not lose, or answer before
//! [`part::Runs::admit`] has.
//!
//! Start reading at [`webhooks::Receiver`], then [`endpoints`] (which workflows get what), [`hooks`] (services that are told an address and call it), [`replies`] (answers on their way back) and [`schedule`] (pure) with
//! its service [`schedules`].

pub mod clock;
pub mod deliveries;
pub mod endpoints;
pub mod files;
pub mod hooks;
pub mod listeners;
pub mod rehearsal;
pub mod replies;
pub mod resume;
pub mod routes;
pub mod schedule;
pub mod schedules;
#[cfg(test)]
mod testing;
pub mod verify;
pub mod webhooks;

pub use clock::{Clock, SystemClock};
pub use rehearsal::Rehearsal;
pub use replies::Local;
pub use routes::Endpoint;
pub use webhooks::Receiver;

/// The kinds of resources that this crate acts on.
pub fn kinds() -> Vec<part::KindEntry> {
    vec![part::KindEntry::of::<endpoints::EndpointKind>()]
}
