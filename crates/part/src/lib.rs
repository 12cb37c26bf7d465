//! The contract of an area: what it adds to the house ([`Part`]), how node types are written ([`NodeType`], [`Node`],
//! [`Ctx`]), how areas meet ([`Runs`], [`Replies`]), and the life cycle of services.
//!
//! This crate never acts by itself: it holds types and traits, and the HTTP kit that all areas share.
//! Start reading at [`node`] for node types, at [`runs`] for what `engine` offers to the others.

pub mod answer;
mod area;
pub mod catalogue;
mod columns;
pub mod ctx;
pub mod custom;
pub mod door;
pub mod error;
pub mod events;
pub mod exchange;
pub mod folder;
pub mod hints;
pub mod hook;
pub mod house;
pub mod http;
pub mod items;
pub mod kind;
pub mod lenient;
pub mod listen;
pub mod n8n;
pub mod net;
pub mod node;
pub mod origins;
pub mod params;
mod plain;
pub mod powers;
pub mod runs;
pub mod service;
pub mod tables;
pub mod trigger;
mod trigger_answer;

pub use answer::{Answer, AnswerBody, Replies, ReplyTo};
pub use area::Part;
pub use catalogue::{Catalogue, Provider};
pub use ctx::{
    Attached, ByteStream, CallFailure, CallSpec, ChildEnd, ChildStart, ChildWorkflow, CodeJob, CodeMode, CodeResult,
    Ctx, Level, One, Outputs, StepHost, StepInfo, Ticket,
};
pub use error::{Category, NodeError};
pub use events::Events;
pub use items::{CHUNK_ITEMS, Chunk, Indices, Items, SPOOL_THRESHOLD, Segment, Spool, StoredChunk};
pub use kind::{Kind, KindEntry};
pub use node::{Descriptor, Effect, Group, Node, NodeType, Outcome, PortOutput, Ports, Required, Resumed, Suspend};
pub use origins::{Origin, Origins, Source};
pub use params::Typed;
pub use plain::{NoParams, Plain};
pub use runs::{Admit, Admitted, Runs, WorkflowRef};
pub use service::Service;
pub use tables::Tables;
