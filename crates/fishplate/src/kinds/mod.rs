//! Kinds whose specs live below `part`, so that their crates cannot register them themselves, and those of registers.

mod connection;
mod egress;
mod evaluation;
mod variable;
mod vendor;

pub use connection::ConnectionKind;
pub use egress::EgressKind;
pub use evaluation::{Criterion, Evaluation, EvaluationKind};
pub use variable::{Variable, VariableKind};
pub use vendor::{Contract, Cost, Judgement, Outcome, Per, Vendor, VendorKind};

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
        KindEntry::of::<VendorKind>(),
        KindEntry::of::<EvaluationKind>(),
    ]
}
