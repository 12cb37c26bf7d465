//! The catalogue of node types: a snapshot put together from lists and providers, exchanged at run time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

use crate::NodeType;
use crate::n8n::Node;

/// Where a node type comes from; part of a run's pin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Provider {
    /// `built-in`, a manifest's or a module's name.
    pub name: String,
    /// Digest of its content; for built-in types the digest changes only with a new version of the type.
    pub digest: String,
}

impl Provider {
    /// The node types that are compiled in.
    pub fn built_in() -> Self {
        Provider { name: "built-in".into(), digest: "1".into() }
    }
}

/// A node type and where it comes from.
#[derive(Clone)]
pub struct Entry {
    /// The type.
    pub node_type: Arc<dyn NodeType>,
    /// Its provider.
    pub provider: Provider,
}

/// All node types at one moment.
#[derive(Clone, Default)]
pub struct Snapshot {
    types: HashMap<&'static str, BTreeMap<u32, Entry>>,
    by_n8n: HashMap<&'static str, Vec<Arc<dyn NodeType>>>,
    /// Rises with each change, so that compiled definitions know when to look again.
    pub generation: u64,
}

impl Snapshot {
    /// The type of that id and version.
    pub fn get(&self, id: &str, version: u32) -> Option<&Entry> {
        self.types.get(id)?.get(&version)
    }

    /// The newest version of a type.
    pub fn newest(&self, id: &str) -> Option<&Entry> {
        self.types.get(id)?.values().next_back()
    }

    /// The type that stands for a node of n8n. A type of n8n that has one version runs under any number, as in n8n,
    /// whose nodes look at the number only where there are several.
    pub fn for_n8n(&self, node: &Node) -> Option<&Arc<dyn NodeType>> {
        let (node_type, version) = (node.node_type.as_str(), node.version);
        let candidates = self.by_n8n.get(node_type)?;
        let mapping = |candidate: &Arc<dyn NodeType>| {
            candidate.n8n().iter().find(|mapping| mapping.node_type == node_type).map(|mapping| mapping.versions)
        };
        let understands = |candidate: &&Arc<dyn NodeType>| {
            let versions = mapping(candidate).unwrap_or_default();
            versions.iter().any(|known| (known - version).abs() < 1e-9)
        };
        let one_version =
            |candidate: &&Arc<dyn NodeType>| mapping(candidate).is_some_and(|versions| versions.len() == 1);
        let best = |fitting: &dyn Fn(&&Arc<dyn NodeType>) -> bool| {
            let mut best: Option<(usize, &Arc<dyn NodeType>)> = None;
            for candidate in candidates.iter().filter(fitting) {
                let fit = NodeType::fits(&**candidate, node).filter(|fit| best.is_none_or(|(known, _)| *fit > known));
                best = fit.map(|fit| (fit, candidate)).or(best);
            }
            best.map(|(_, candidate)| candidate)
        };
        best(&understands).or_else(|| best(&one_version))
    }

    /// Versions of an n8n type that are understood; absent when the type is not known at all.
    pub fn n8n_versions(&self, node_type: &str) -> Option<Vec<f64>> {
        let candidates = self.by_n8n.get(node_type)?;
        let mappings = candidates.iter().flat_map(|candidate| candidate.n8n());
        Some(mappings.filter(|mapping| mapping.node_type == node_type).flat_map(|m| m.versions.to_vec()).collect())
    }

    /// All types, newest version of each, in the order of their ids.
    pub fn all(&self) -> Vec<&Entry> {
        let mut all: Vec<(&&str, &Entry)> =
            self.types.iter().filter_map(|(id, versions)| Some((id, versions.values().next_back()?))).collect();
        all.sort_by_key(|(id, _)| **id);
        all.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// The current snapshot, and the way to change it.
#[derive(Clone, Default)]
pub struct Catalogue {
    current: Arc<RwLock<Arc<Snapshot>>>,
}

impl Catalogue {
    /// A catalogue of built-in types.
    pub fn new(built_in: impl IntoIterator<Item = Arc<dyn NodeType>>) -> Self {
        let catalogue = Catalogue::default();
        catalogue.register([(Provider::built_in(), built_in.into_iter().collect())]);
        catalogue
    }

    /// The snapshot of this moment.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Adds the types of providers, all in one change; a type of the same id and version is replaced.
    pub fn register(&self, providers: impl IntoIterator<Item = (Provider, Vec<Arc<dyn NodeType>>)>) {
        self.change(|snapshot| {
            for (provider, types) in providers {
                for node_type in types {
                    let (id, version) = (node_type.descriptor().id, node_type.descriptor().version);
                    for mapping in node_type.n8n() {
                        snapshot.by_n8n.entry(mapping.node_type).or_default().push(node_type.clone());
                    }
                    let entry = Entry { node_type, provider: provider.clone() };
                    snapshot.types.entry(id).or_default().insert(version, entry);
                }
            }
        });
    }

    /// Takes a provider's types out. Runs that are pinned to them are held.
    pub fn unregister(&self, provider: &str) {
        self.change(|snapshot| {
            let mut gone: Vec<Arc<dyn NodeType>> = Vec::new();
            for versions in snapshot.types.values_mut() {
                versions.retain(|_, entry| {
                    let keep = entry.provider.name != provider;
                    if !keep {
                        gone.push(entry.node_type.clone());
                    }
                    keep
                });
            }
            snapshot.types.retain(|_, versions| !versions.is_empty());
            for candidates in snapshot.by_n8n.values_mut() {
                candidates.retain(|candidate| !gone.iter().any(|out| Arc::ptr_eq(out, candidate)));
            }
        });
    }

    fn change(&self, edit: impl FnOnce(&mut Snapshot)) {
        let mut current = self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut next = Snapshot::clone(&current);
        edit(&mut next);
        next.generation += 1;
        *current = Arc::new(next);
    }
}
