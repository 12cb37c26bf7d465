//! The same event in n8n and here, and what differs between the answers: the proof before somebody switches.
//!
//! [`compare`] is the judge and [`tally`] the book-keeper; both are pure. [`event`] is what is sent and what is logged,
//! [`sides`] sends it to both, [`proxy`] stands before both and takes the traffic of a caller. [`executions`] needs no
//! traffic: it makes runs of what n8n has recorded, with every outward effect answered from the record.

pub mod compare;
pub mod event;
pub mod executions;
pub mod proxy;
pub mod sides;
pub mod tally;
