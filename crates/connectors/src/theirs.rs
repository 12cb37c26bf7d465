//! n8n's nodes of an operation or a trigger: which they are, and how parameters come and go.

use std::sync::Arc;

use model::{Code, Map, Problem};
use part::n8n::{Lifted, Mapping, Node, Version};

use crate::lift;
use crate::manifest::{FromN8n, Manifest};
use crate::node::{kept, kept_list};

/// What a node type knows of n8n's nodes that are it.
pub struct Theirs {
    manifest: Arc<Manifest>,
    from: Vec<FromN8n>,
    /// `returnAll` and `limit` become ours by themselves.
    pages: bool,
    /// The types of n8n's, each with its versions.
    pub mappings: &'static [Mapping],
    /// Places of their parameters that change nothing.
    pub idle: &'static [&'static str],
}

impl Theirs {
    /// Those of the mappings of an operation or trigger. `idle` are places beside the manifest's that change nothing.
    pub fn new(manifest: &Arc<Manifest>, from: &[FromN8n], pages: bool, idle: &[&'static str]) -> Theirs {
        let mut places = idle.to_vec();
        for from in from {
            places.extend(lift::idle(manifest, from).into_iter().map(kept));
        }
        Theirs {
            mappings: mappings(manifest, from),
            idle: kept_list(places),
            manifest: manifest.clone(),
            from: from.to_vec(),
            pages,
        }
    }

    /// How well a node fits: the number of values that it was asked for.
    pub fn fits(&self, node: &Node) -> Option<usize> {
        lift::best(&self.manifest, &self.from, node).map(|(wanted, _)| wanted)
    }

    /// Our parameters for a node's.
    ///
    /// # Errors
    /// The node is none of these.
    pub fn lift(&self, node: &Node) -> Result<Lifted, Problem> {
        match lift::best(&self.manifest, &self.from, node) {
            Some((_, from)) => Ok(lift::lift(&self.manifest, from, node, self.pages)),
            None => Err(Problem::new(Code::LossyImport, "what the node does is not one of these")),
        }
    }

    /// n8n's parameters for ours.
    pub fn lower(&self, params: &Map, to: &Version) -> Map {
        lift::lower_by_best(&self.manifest, &self.from, params, to, self.pages)
    }
}

/// The types of n8n that mappings stand for.
fn mappings(manifest: &Manifest, from: &[FromN8n]) -> &'static [Mapping] {
    let mut mappings: Vec<(String, Vec<f64>)> = Vec::new();
    for from in from {
        let Some(node_type) = lift::type_of(manifest, from) else { continue };
        let declared = manifest.n8n.iter().find(|n8n| lift::full(&n8n.node_type) == node_type);
        let versions = if from.versions.is_empty() {
            declared.map(|n8n| n8n.versions.clone()).unwrap_or_default()
        } else {
            from.versions.clone()
        };
        match mappings.iter_mut().find(|(known, _)| *known == node_type) {
            Some((_, known)) => known.extend(versions),
            None => mappings.push((node_type, versions)),
        }
    }
    let kept_mapping = |(node_type, mut versions): (String, Vec<f64>)| {
        versions.sort_by(f64::total_cmp);
        versions.dedup();
        Mapping { node_type: kept(node_type), versions: kept_list(versions) }
    };
    kept_list(mappings.into_iter().map(kept_mapping).collect())
}
