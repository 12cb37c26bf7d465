//! Kinds whose specs live below `part`, so that their crates cannot register them themselves.

mod connection;
mod egress;
mod variable;

pub use connection::ConnectionKind;
pub use egress::EgressKind;
pub use variable::{Variable, VariableKind};

use part::KindEntry;
use part::events::{EventTypeKind, SubscriberKind};
use part::tables::DataTableKind;

/// All of them.
pub fn list() -> Vec<KindEntry> {
    vec![
        KindEntry::of::<ConnectionKind>(),
        KindEntry::of::<VariableKind>(),
        KindEntry::of::<EgressKind>(),
        KindEntry::of::<DataTableKind>(),
        KindEntry::of::<EventTypeKind>(),
        KindEntry::of::<SubscriberKind>(),
    ]
}
