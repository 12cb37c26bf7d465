//! Making a revision of a workflow live, and taking it out of service.

use std::collections::BTreeMap;

use auth::{Grant, Permission};
use model::resource::Ref;
use model::{Code, Name, Problem, Scope, ScopeId, WorkflowSpec};
use part::kind::UniqueKey;
use part::trigger::Trigger;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{ActivationRow, Expect, ResourceWrite};

use super::{Resources, authorise, judge, reference, rfc3339};

/// What is to be live.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Activate {
    /// Revision; absent: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Percent of new events that it gets, 1 to 100; the revision that is live now keeps the rest. Absent: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<u8>,
}

/// What is live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activation {
    /// Workflow.
    pub workflow: Name,
    /// Its triggers fire.
    pub enabled: bool,
    /// The live revision.
    pub revision: u64,
    /// Percent of new events that it gets.
    pub share: u8,
    /// The revision that gets the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u64>,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
    /// Who changed it.
    pub updated_by: String,
    /// Paths of its webhooks and forms, from `/hooks/` or `/forms/` on, and addresses that a person enters at services.
    pub addresses: Vec<String>,
    /// What keeps services from calling its triggers. They are told again by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl Resources {
    /// What is live of a workflow.
    pub async fn activation(&self, scope: &Scope, workflow: &Name) -> Result<Activation, Problem> {
        let id = self.scope(scope).await?;
        let row = self.inner.store.activation(id, workflow).await?;
        let row = row.ok_or_else(|| {
            Problem::new(Code::NotFound, format!("workflow `{workflow}` was never activated in `{scope}`"))
        })?;
        Ok(self.show(scope, id, &row))
    }

    fn show(&self, scope: &Scope, id: ScopeId, row: &ActivationRow) -> Activation {
        let view = self.inner.live.view();
        let addresses = view.workflow(id, row.workflow.as_str()).map(|live| addresses(scope, &live.triggers));
        Activation {
            workflow: row.workflow.clone(),
            enabled: row.enabled,
            revision: row.revision,
            share: row.share,
            previous: row.previous,
            updated_at: rfc3339(row.updated_at),
            updated_by: row.updated_by.clone(),
            addresses: addresses.unwrap_or_default(),
            problems: Vec::new(),
        }
    }

    /// Makes a revision live. It must be runnable, and its addresses must be free.
    pub async fn activate(
        &self,
        grant: &Grant,
        scope: &Scope,
        workflow: &Name,
        wanted: Activate,
    ) -> Result<Activation, Problem> {
        authorise(grant, Permission::WorkflowActivate, scope)?;
        let id = self.scope(scope).await?;
        let _alone = self.inner.workflows.lock().await;
        let of = reference("workflow", workflow);
        let newest = self.get(scope, &of).await?;
        let revision = wanted.revision.unwrap_or(newest.revision);
        let chosen = self.revision(scope, &of, revision).await?;
        let share = wanted.share.unwrap_or(100);
        if share == 0 || share > 100 {
            return Err(Problem::new(Code::InvalidSpec, "a share is 1 to 100 percent").at("/share"));
        }
        let catalogue = self.inner.catalogue.snapshot();
        let decoded = self.kind("workflow")?.decode(None, chosen.spec.clone())?;
        let mut targets: Vec<Ref> = decoded.refs(&catalogue).into_iter().map(|place| place.target).collect();
        let found = self.find(id, targets.iter().cloned(), &BTreeMap::new()).await?;
        let problems = judge::runnable(&*decoded, &catalogue, &found);
        if !problems.is_empty() {
            let detail = format!("`{of}` cannot be activated: {} problems were found", problems.len());
            let mut refusal = Problem::new(Code::NotRunnable, detail).hint("mend them, publish, and try again");
            refusal.problems = problems;
            return Err(refusal);
        }
        let spec: WorkflowSpec = part::kind::parse(chosen.spec)?;
        if !self.inner.reachable
            && let Some((node, _)) =
                engine::kinds::triggers(&spec, &catalogue).into_iter().find(|(_, trigger)| trigger.hooked().is_some())
        {
            let mut problem = inbound::hooks::no_public_address();
            problem.detail = format!("`{node}`: {}", problem.detail);
            let place = spec.nodes.iter().position(|known| known.name == node).unwrap_or_default();
            return Err(problem.at(format!("/nodes/{place}")));
        }
        let mut keys = engine::kinds::trigger_keys(&spec, &catalogue)?;
        let now = self.inner.store.activation(id, workflow).await?;
        let previous = match &now {
            Some(now) if share < 100 && now.enabled => {
                if now.revision == revision {
                    now.previous
                } else {
                    Some(now.revision)
                }
            }
            _ => None,
        };
        if share < 100 && previous.is_none() {
            let detail = "with a share below 100 another revision must be live that keeps the rest";
            return Err(Problem::new(Code::InvalidSpec, detail)
                .at("/share")
                .hint("activate it with all of the traffic"));
        }
        if let Some(previous) = previous {
            let earlier = self.revision(scope, &of, previous).await?;
            let decoded = self.kind("workflow")?.decode(None, earlier.spec.clone())?;
            targets.extend(decoded.refs(&catalogue).into_iter().map(|place| place.target));
            keys.extend(engine::kinds::trigger_keys(&part::kind::parse(earlier.spec)?, &catalogue)?);
        }
        targets.sort();
        targets.dedup();
        // The addresses first: while they are not ours, nothing may listen on them.
        self.hold_keys(grant, id, &of, keys).await?;
        let change = self.change(grant, false);
        let row = ActivationRow {
            scope: id,
            workflow: workflow.clone(),
            revision,
            enabled: true,
            share,
            previous,
            updated_at: change.at,
            updated_by: change.by.clone(),
        };
        let position = self.inner.store.activate(row.clone(), targets, change).await?;
        self.wait_for(position).await?;
        Ok(self.show(scope, id, &row))
    }

    /// Takes a workflow out of service. Runs that have begun go on.
    pub async fn deactivate(&self, grant: &Grant, scope: &Scope, workflow: &Name) -> Result<Activation, Problem> {
        authorise(grant, Permission::WorkflowActivate, scope)?;
        let id = self.scope(scope).await?;
        let _alone = self.inner.workflows.lock().await;
        let row = self.inner.store.activation(id, workflow).await?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, format!("workflow `{workflow}` is not active")))?;
        let change = self.change(grant, false);
        let row = ActivationRow {
            enabled: false,
            share: 100,
            previous: None,
            updated_at: change.at,
            updated_by: change.by.clone(),
            ..row
        };
        let position = self.inner.store.activate(row.clone(), Vec::new(), change).await?;
        self.wait_for(position).await?;
        // The addresses last: nobody else may have them while something still listens.
        self.hold_keys(grant, id, &reference("workflow", workflow), Vec::new()).await?;
        Ok(self.show(scope, id, &row))
    }

    /// Claims keys for a workflow, and gives others back, by writing it again in the same words: that makes no
    /// revision.
    async fn hold_keys(&self, grant: &Grant, id: ScopeId, of: &Ref, mut keys: Vec<UniqueKey>) -> Result<(), Problem> {
        keys.sort();
        keys.dedup();
        let Some(row) = self.inner.store.resource(id, &of.kind, &of.name).await? else { return Ok(()) };
        let write = ResourceWrite {
            kind: row.kind,
            name: row.name,
            spec_version: row.spec_version,
            labels: row.labels,
            spec: row.spec,
            refs: self.inner.store.refs_of(id, of).await?,
            keys: keys.into_iter().map(|key| store::UniqueKey { space: key.space, key: key.key }).collect(),
            expect: Expect::Revision(row.revision),
        };
        self.inner.store.put_resources(id, vec![write], self.change(grant, false)).await?;
        Ok(())
    }
}

/// Paths of webhooks and forms, with their methods.
fn addresses(scope: &Scope, triggers: &[(String, Trigger)]) -> Vec<String> {
    let mut all = Vec::new();
    for (_, trigger) in triggers {
        let Some(webhook) = trigger.endpoint() else { continue };
        let path = webhook.path.trim_start_matches('/');
        let address = format!("/{}/{}/{}/{path}", trigger.prefix(), scope.workspace, scope.environment);
        all.extend(trigger.shown_methods().map(|method| format!("{method} {address}")));
    }
    all
}
