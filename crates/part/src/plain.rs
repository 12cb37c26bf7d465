//! Node types of the common shape, written with nothing but what sets them apart.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Map, NodeSpec, Problem};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::n8n::{self, Lifted, Mapping, Names, Version};
use crate::node::Slot;
use crate::trigger::Trigger;
use crate::{Ctx, Descriptor, Effect, Node, NodeError, NodeType, Outcome, Ports, Typed};

/// A node type whose parameters are one struct, whose ports and effect do not depend on them, and whose n8n
/// counterpart differs in names at most. Whatever implements it is a [`NodeType`]; one that needs more implements
/// that instead.
pub trait Plain: Send + Sync + 'static {
    /// Its parameters.
    type Params: DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What it is; [`Descriptor::pure`] fills in what most have in common.
    const ABOUT: &'static Descriptor;
    /// Its ports.
    const PORTS: Ports = Ports::ONE;
    /// How it starts runs, if it does.
    const TRIGGER: Option<&'static Trigger> = None;
    /// See [`NodeType::connections`].
    const SLOTS: &'static [Slot] = &[];
    /// See [`NodeType::n8n`].
    const N8N: &'static [Mapping] = &[];
    /// Its parameters and n8n's.
    const NAMES: Names = &[];
    /// See [`NodeType::n8n_idle`].
    const IDLE: &'static [&'static str] = &[];

    /// See [`Node::run`].
    fn run<'a>(
        params: &'a Typed<Self::Params>,
        ctx: &'a mut Ctx,
    ) -> impl Future<Output = Result<Outcome, NodeError>> + Send + 'a;

    /// See [`Node::incomplete`].
    fn incomplete(_node: &NodeSpec) -> Vec<Problem> {
        Vec::new()
    }

    /// The parameters as they are compiled, where that is not as they are written.
    fn compiled(params: &Map) -> Cow<'_, Map> {
        Cow::Borrowed(params)
    }

    /// See [`NodeType::lift`]; for one whose values differ from n8n's, too.
    fn lift(node: &n8n::Node) -> Lifted {
        Lifted::plain(n8n::named(node, Self::NAMES))
    }

    /// See [`NodeType::lower`].
    fn lower(params: &Map, _to: &Version) -> Map {
        n8n::renamed(params, Self::NAMES)
    }
}

impl<T: Plain> NodeType for T {
    fn descriptor(&self) -> &Descriptor {
        T::ABOUT
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::compile(&T::compiled(&node.params))?;
        Ok(Arc::new(Prepared::<T> { params, incomplete: T::incomplete(node) }))
    }

    fn connections(&self) -> &'static [Slot] {
        T::SLOTS
    }

    fn n8n(&self) -> &'static [Mapping] {
        T::N8N
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        T::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(T::lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        T::lower(&node.params, to)
    }
}

struct Prepared<T: Plain> {
    params: Typed<T::Params>,
    incomplete: Vec<Problem>,
}

impl<T: Plain> Node for Prepared<T> {
    fn ports(&self) -> Ports {
        T::PORTS
    }

    fn effect(&self) -> Effect {
        T::ABOUT.effect
    }

    fn trigger(&self) -> Option<&Trigger> {
        T::TRIGGER
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(T::run(&self.params, ctx))
    }
}

/// Parameters of a node type that has none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}
