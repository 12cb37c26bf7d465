//! Kind `egress`: what may be called from an environment. See [`outbound::EgressRules`].

use auth::Permission;
use outbound::EgressRules;
use part::Kind;

/// Kind `egress`.
pub struct EgressKind;

impl Kind for EgressKind {
    const NAME: &'static str = "egress";
    const PLURAL: &'static str = "egress";
    const SUMMARY: &'static str = "What may be called from an environment; the resource named `default` applies.";
    const WRITE: Permission = Permission::BoundaryWrite;
    const ONLY_NAME: Option<&'static str> = Some("default");
    type Spec = EgressRules;
}
