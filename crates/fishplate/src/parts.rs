//! The list of parts: everything that areas add to the house, in one place.

use std::sync::Arc;

use connectors::hook::Telling;
use connectors::poll::Poller;
use part::hook::Registrar;
use part::listen::Source;
use part::{Catalogue, KindEntry};
use sandbox::Sandbox;

/// Every kind of resource.
#[derive(Clone, Debug)]
pub struct Kinds(Vec<KindEntry>);

impl Kinds {
    /// The kind of that name.
    pub fn named(&self, name: &str) -> Option<&KindEntry> {
        self.0.iter().find(|kind| kind.name == name)
    }

    /// All kinds, in the order in which an import writes them: what others refer to comes first.
    pub fn all(&self) -> &[KindEntry] {
        &self.0
    }
}

/// Every kind of resource.
pub fn kinds() -> Kinds {
    Kinds([crate::kinds::list(), engine::kinds::list(), inbound::kinds()].concat())
}

/// The node types that are compiled in, those of the connectors that are shipped, and those of the operator's own.
pub fn catalogue() -> Catalogue {
    let catalogue = Catalogue::new([nodes::built_in(), protocols::nodes()].concat());
    catalogue.register(connectors::catalog::types().iter().cloned());
    catalogue.register(connectors::catalog::own().map(|own| (own.provider.clone(), own.types.clone())));
    catalogue
}

/// What triggers can listen to.
pub fn sources(sandbox: &Sandbox) -> Vec<Arc<dyn Source>> {
    let polls: Arc<dyn Source> = Arc::new(Poller::new(sandbox.clone()));
    [nodes::sources(), protocols::sources(), vec![polls]].concat()
}

/// Who tells services the addresses of triggers that they call.
pub fn registrars(sandbox: &Sandbox) -> Vec<Arc<dyn Registrar>> {
    vec![Arc::new(Telling::new(sandbox.clone()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kinds_are_unique_and_kebab_case() {
        let kinds = kinds();
        for (at, kind) in kinds.all().iter().enumerate() {
            assert!(kind.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", kind.name);
            assert!(!kind.summary.is_empty());
            let twins = kinds.all()[..at].iter().filter(|other| other.name == kind.name || other.plural == kind.plural);
            assert_eq!(twins.count(), 0, "{} is there twice", kind.name);
            assert!(kind.json_schema().is_object());
        }
    }
}
