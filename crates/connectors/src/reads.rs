//! How reads are made quicker: what a manifest says of it, for an operation and for all of them.

use std::time::Duration;

use model::HumanDuration;
use part::exchange::Recall;

use crate::manifest::{Effect, Hedge, Manifest, Operation, Reads};
use crate::node;

/// How far answers to an operation may come from memory. Only what reads is remembered.
pub(crate) fn recall(manifest: &Manifest, operation: &Operation) -> Recall {
    if node::effect(operation) != Effect::Read {
        return Recall::default();
    }
    let Reads { cache, stale_on_error, hedge } = said(manifest, operation);
    let time = |time: Option<HumanDuration>| time.map(|time| time.0).filter(|time| *time > Duration::ZERO);
    let hedge = hedge.and_then(|hedge| match hedge {
        Hedge::Usual(false) => None,
        Hedge::Usual(true) => Some(outbound::Hedge { after: None }),
        Hedge::After(time) => Some(outbound::Hedge { after: Some(time.0) }),
    });
    let cache = time(cache);
    Recall { cache, stale_on_error: time(stale_on_error).filter(|_| cache.is_some()), hedge, reads: true }
}

/// What an operation says, or else the manifest for all that read.
pub(crate) fn said(manifest: &Manifest, operation: &Operation) -> Reads {
    let usual = manifest.reads.unwrap_or_default();
    Reads {
        cache: operation.cache.or(usual.cache),
        stale_on_error: operation.stale_on_error.or(usual.stale_on_error),
        hedge: operation.hedge.or(usual.hedge),
    }
}
