//! A node type of which only the index is known until it is used.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem};
use part::n8n::{Lifted, Mapping, Version};
use part::node::Slot;
use part::{Descriptor, Effect, Group, Node, NodeType};
use serde::{Deserialize, Serialize};

use crate::catalog::Shipped;
use crate::node::{kept, kept_list, with_signing};

/// A node type as the index has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexedType {
    id: String,
    version: u32,
    title: String,
    summary: String,
    group: Group,
    effect: Effect,
    on_uncertain: OnUncertain,
    keywords: Vec<String>,
    /// It takes a connection with the secret that its service signs with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    signing: bool,
    /// n8n's types that it stands for, each with its versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    n8n: Vec<(String, Vec<f64>)>,
}

impl IndexedType {
    /// What the index says of a type.
    pub fn of(kind: &dyn NodeType) -> IndexedType {
        let about = kind.descriptor();
        IndexedType {
            id: about.id.to_owned(),
            version: about.version,
            title: about.title.to_owned(),
            summary: about.summary.to_owned(),
            group: about.group,
            effect: about.effect,
            on_uncertain: about.on_uncertain,
            signing: kind.connections().iter().any(|slot| slot.slot == part::hook::SIGNING),
            keywords: about.keywords.iter().map(|word| (*word).to_owned()).collect(),
            n8n: kind.n8n().iter().map(|of| (of.node_type.to_owned(), of.versions.to_vec())).collect(),
        }
    }
}

/// Reads its connector when something is asked that the index does not say.
pub struct LazyType {
    shipped: &'static Shipped,
    descriptor: Descriptor,
    slots: &'static [Slot],
    mappings: &'static [Mapping],
}

impl LazyType {
    pub(crate) fn new(shipped: &'static Shipped, of: IndexedType, slots: &'static [Slot]) -> LazyType {
        let mapping = |(node_type, versions)| Mapping { node_type: kept(node_type), versions: kept_list(versions) };
        LazyType {
            shipped,
            descriptor: Descriptor {
                id: kept(of.id),
                version: of.version,
                title: kept(of.title),
                summary: kept(of.summary),
                group: of.group,
                effect: of.effect,
                on_uncertain: of.on_uncertain,
                params: part::node::schema_of::<Map>,
                keywords: kept_list(of.keywords.into_iter().map(kept).collect()),
            },
            slots: if of.signing { with_signing(slots) } else { slots },
            mappings: kept_list(of.n8n.into_iter().map(mapping).collect()),
        }
    }

    fn whole(&self) -> Result<&Arc<dyn NodeType>, Problem> {
        let connector = self.shipped.connector().map_err(|fault| Problem::new(Code::Internal, fault))?;
        let own = connector.types.iter().find(|kind| kind.descriptor().id == self.descriptor.id);
        own.ok_or_else(|| {
            let detail =
                format!("`{}` is in the index of connectors, and its manifest does not have it", self.descriptor.id);
            Problem::new(Code::Internal, detail)
        })
    }
}

impl NodeType for LazyType {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn schema(&self) -> schemars::Schema {
        self.whole().map_or_else(|_| (self.descriptor.params)(), |kind| kind.schema())
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        self.whole().map_err(|problem| vec![problem])?.prepare(node)
    }

    fn connections(&self) -> &'static [Slot] {
        self.slots
    }

    fn n8n(&self) -> &'static [Mapping] {
        self.mappings
    }

    fn fits(&self, node: &part::n8n::Node) -> Option<usize> {
        self.whole().ok()?.fits(node)
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        self.whole().map_or(&[], |kind| kind.n8n_idle())
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        self.whole()?.lift(node)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        self.whole().map_or_else(|_| node.params.clone(), |kind| kind.lower(node, to))
    }
}
