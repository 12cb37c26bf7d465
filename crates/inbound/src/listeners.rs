//! What active workflows listen for: collected from their trigger nodes whenever an activation changes.

use model::{Name, Problem, Scope, ScopeId, WorkflowSpec};
use part::catalogue::Snapshot;
use part::trigger::Trigger;

use crate::routes::{Endpoint, Routes};
use crate::schedules::{Handle, Timer};

/// Endpoints and timers of all active workflows.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Webhooks.
    pub endpoints: Vec<Endpoint>,
    /// Schedules.
    pub timers: Vec<Timer>,
}

/// An active workflow, or a draft that is being tried.
#[derive(Clone, Copy, Debug)]
pub struct Listening<'a> {
    /// Where it is.
    pub scope: &'a Scope,
    /// The store's number of that scope.
    pub scope_id: ScopeId,
    /// Its name.
    pub name: &'a Name,
    /// Its text.
    pub spec: &'a WorkflowSpec,
    /// It is a draft: only its webhooks listen, under the test addresses.
    pub draft: bool,
}

impl Listeners {
    /// Adds a workflow's triggers. Schedules without a zone of their own are in `timezone`, the server's. What cannot
    /// listen is returned, with pointers into the workflow; the rest listens all the same.
    pub fn add(&mut self, workflow: Listening<'_>, types: &Snapshot, timezone: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (at, node) in workflow.spec.nodes.iter().enumerate() {
            // A type that is not known is the graph check's to report.
            let Some(entry) = types.get(&node.node_type, node.version).filter(|_| !node.disabled) else { continue };
            if entry.node_type.descriptor().group != part::Group::Trigger {
                continue;
            }
            let prepared = match entry.node_type.prepare(node) {
                Ok(prepared) => prepared,
                Err(found) => {
                    problems.extend(found.into_iter().map(|problem| problem.below(&format!("/nodes/{at}"))));
                    continue;
                }
            };
            match prepared.trigger() {
                Some(Trigger::Webhook(webhook)) => self.endpoints.push(Endpoint {
                    scope: workflow.scope.clone(),
                    scope_id: workflow.scope_id,
                    workflow: workflow.name.clone(),
                    node: node.name.clone(),
                    webhook: (**webhook).clone(),
                    draft: workflow.draft,
                }),
                Some(Trigger::Schedule(schedule)) if !workflow.draft => {
                    let timezone = workflow.spec.settings.timezone.as_deref().unwrap_or(timezone);
                    if let Err(problem) = crate::schedule::zone(timezone) {
                        problems.push(problem.at("/settings/timezone"));
                        continue;
                    }
                    self.timers.push(Timer {
                        scope: workflow.scope.clone(),
                        scope_id: workflow.scope_id,
                        workflow: workflow.name.clone(),
                        node: node.name.clone(),
                        schedule: schedule.clone(),
                        timezone: timezone.to_owned(),
                    });
                }
                _ => {}
            }
        }
        problems
    }

    /// Lets them listen, instead of all that listened before.
    pub fn install(self, routes: &Routes, schedules: &Handle) {
        routes.set_routes(self.endpoints);
        schedules.set_timers(self.timers);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::BoxFuture;
    use model::workflow::OnUncertain;
    use model::{Code, NodeSpec};
    use part::catalogue::Catalogue;
    use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome};
    use serde_json::json;

    use super::*;

    /// A trigger whose parameters are the trigger itself.
    struct Any;

    struct Prepared(Trigger);

    impl Node for Prepared {
        fn effect(&self) -> Effect {
            Effect::Pure
        }
        fn trigger(&self) -> Option<&Trigger> {
            Some(&self.0)
        }
        fn run<'a>(&'a self, _: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
            Box::pin(std::future::ready(Ok(Outcome::Done(Vec::new()))))
        }
    }

    impl NodeType for Any {
        fn descriptor(&self) -> &Descriptor {
            static DESCRIPTOR: Descriptor = Descriptor {
                id: "test.any",
                version: 1,
                title: "Any",
                summary: "Listens for anything",
                group: Group::Trigger,
                effect: Effect::Pure,
                on_uncertain: OnUncertain::Retry,
                params: || schemars::json_schema!({ "type": "object" }),
                keywords: &[],
            };
            &DESCRIPTOR
        }
        fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
            let trigger = serde_json::from_value(node.params.clone().into());
            let trigger =
                trigger.map_err(|error| vec![Problem::new(Code::InvalidParameter, error.to_string()).at("/params")]);
            trigger.map(|trigger| Arc::new(Prepared(trigger)) as Arc<dyn Node>)
        }
    }

    #[test]
    fn triggers_of_a_workflow_listen_and_broken_ones_are_named() {
        let webhook = json!({ "kind": "webhook", "methods": ["GET"], "path": "a" });
        let schedule = json!({ "kind": "schedule", "rules": [{ "every": "minutes", "count": 1 }] });
        let node =
            |name: &str, params: &serde_json::Value| json!({ "name": name, "type": "test.any", "params": params });
        let mut disabled = node("off", &webhook);
        disabled["disabled"] = true.into();
        let spec = json!({
            "nodes": [
                node("hook", &webhook), node("tick", &schedule), disabled, node("broken", &json!({ "kind": "moon" })),
                { "name": "other", "type": "test.unknown" },
            ],
            "settings": { "timezone": "Europe/Vienna" },
        });
        let spec: WorkflowSpec = serde_json::from_value(spec).unwrap();
        let (scope, name) = (Scope::default(), "flow".parse().unwrap());
        let listening = Listening { scope: &scope, scope_id: ScopeId(1), name: &name, spec: &spec, draft: false };
        let types = Catalogue::new([Arc::new(Any) as Arc<dyn NodeType>]).snapshot();
        let mut listeners = Listeners::default();
        let problems = listeners.add(listening, &types, "UTC");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].pointer.as_deref(), Some("/nodes/3/params"));
        assert_eq!(listeners.add(Listening { draft: true, ..listening }, &types, "UTC").len(), 1);
        let names: Vec<(&str, bool)> = listeners.endpoints.iter().map(|e| (e.node.as_str(), e.draft)).collect();
        assert_eq!(names, [("hook", false), ("hook", true)]);
        assert_eq!(listeners.timers.len(), 1, "a draft's schedule does not fire");
        assert_eq!(listeners.timers[0].timezone, "Europe/Vienna");
        let mut elsewhere = spec.clone();
        elsewhere.settings.timezone = Some("Moon/Base".into());
        let listening = Listening { spec: &elsewhere, ..listening };
        assert!(
            listeners.add(listening, &types, "UTC").iter().any(|p| p.pointer.as_deref() == Some("/settings/timezone"))
        );
    }
}
