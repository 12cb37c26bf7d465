//! Mail: sending it over SMTP, hearing of it over IMAP.

mod address;
mod ask;
mod compose;
mod criteria;
mod form_n8n;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod imap;
mod message;
mod send;
mod send_n8n;
mod smtp;
mod trigger;
mod watch;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use part::NodeType;
use part::listen::Source;

/// Longest time to reach a server: shorter than the time after which a silent trigger is called dead.
const REACH: Duration = Duration::from_secs(10);

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(send::Send), Arc::new(trigger::MailTrigger)]
}

/// What their triggers listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    vec![Arc::new(watch::Watch)]
}

#[cfg(test)]
mod tests;
