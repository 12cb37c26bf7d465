//! Drafts: workflows that are being edited, shared, each with a version that keeps two people from writing over each
//! other.

use std::collections::BTreeMap;

use auth::{Grant, Permission};
use model::resource::Manifest;
use model::{Code, Name, Problem, Scope, Value, WorkflowSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::DraftRow;

use super::write::{Expectation, Put};
use super::{Resources, Written, authorise, judge, reference, rfc3339};

/// A workflow that is being edited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Workflow; it need not exist yet.
    pub workflow: Name,
    /// Counts the writes; also the draft's `ETag`.
    pub version: u64,
    /// Revision that it began from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_revision: Option<u64>,
    /// The text.
    pub spec: WorkflowSpec,
    /// When it was last written, RFC 3339.
    pub updated_at: String,
    /// Who wrote it last.
    pub updated_by: String,
    /// What keeps it from being activated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// A draft to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutDraft {
    /// The text.
    pub spec: WorkflowSpec,
    /// Revision that it began from; kept when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_revision: Option<u64>,
}

impl Resources {
    /// The draft of a workflow.
    pub async fn draft(&self, scope: &Scope, workflow: &Name) -> Result<Draft, Problem> {
        let id = self.scope(scope).await?;
        let row = self.inner.store.draft(id, workflow).await?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, format!("workflow `{workflow}` has no draft")))?;
        self.show_draft(scope, row).await
    }

    async fn show_draft(&self, scope: &Scope, row: DraftRow) -> Result<Draft, Problem> {
        let id = self.scope(scope).await?;
        let stored: Value = serde_json::from_str(&row.text)
            .map_err(|_| Problem::new(Code::StoreCorrupt, "the stored draft cannot be read"))?;
        let decoded = self.kind("workflow")?.decode(None, stored.clone())?;
        let catalogue = self.inner.catalogue.snapshot();
        let targets = decoded.refs(&catalogue).into_iter().map(|place| place.target);
        let found = self.find(id, targets, &BTreeMap::new()).await?;
        Ok(Draft {
            workflow: row.workflow,
            version: row.version,
            base_revision: row.base_revision,
            spec: part::kind::parse(stored)?,
            updated_at: rfc3339(row.updated_at),
            updated_by: row.updated_by,
            problems: judge::runnable(&*decoded, &catalogue, &found),
        })
    }

    /// Writes a draft. `version` is the one that the writer has seen; absent: there must be none yet, or the writer
    /// does not care when `force` is set.
    pub async fn put_draft(
        &self,
        grant: &Grant,
        scope: &Scope,
        workflow: &Name,
        draft: PutDraft,
        version: Option<u64>,
    ) -> Result<Draft, Problem> {
        authorise(grant, Permission::ResourceWrite, scope)?;
        let id = self.scope(scope).await?;
        let manifest = self.draft_manifest(workflow, BTreeMap::new(), &draft.spec)?;
        let judged = judge::judge(&self.inner.kinds, &self.inner.catalogue.snapshot(), &manifest)?;
        let now = self.inner.store.draft(id, workflow).await?;
        let stored = self.inner.store.resource(id, "workflow", workflow).await?;
        let base_revision = draft
            .base_revision
            .or(now.as_ref().and_then(|now| now.base_revision))
            .or(stored.filter(|_| now.is_none()).map(|row| row.revision));
        let change = self.change(grant, false);
        let row = DraftRow {
            scope: id,
            workflow: workflow.clone(),
            text: judged.value.to_string(),
            version: version.unwrap_or(0),
            base_revision,
            pinned: None,
            updated_at: change.at,
            updated_by: change.by,
        };
        let version = self.inner.store.put_draft(row.clone()).await?;
        self.show_draft(scope, DraftRow { version, ..row }).await
    }

    fn draft_manifest(
        &self,
        workflow: &Name,
        labels: BTreeMap<String, String>,
        spec: &WorkflowSpec,
    ) -> Result<Manifest, Problem> {
        let spec = serde_json::to_value(spec).map_err(|error| Problem::new(Code::InvalidSpec, error.to_string()))?;
        Ok(Manifest { kind: "workflow".into(), name: workflow.clone(), spec_version: None, labels, spec })
    }

    /// Drops a draft.
    pub async fn delete_draft(&self, grant: &Grant, scope: &Scope, workflow: &Name) -> Result<(), Problem> {
        authorise(grant, Permission::ResourceWrite, scope)?;
        let id = self.scope(scope).await?;
        if self.inner.store.delete_draft(id, workflow).await? {
            return Ok(());
        }
        Err(Problem::new(Code::NotFound, format!("workflow `{workflow}` has no draft")))
    }

    /// Makes a revision of a draft, and drops the draft. Refused when somebody published meanwhile.
    pub async fn publish(
        &self,
        grant: &Grant,
        scope: &Scope,
        workflow: &Name,
        version: Option<u64>,
    ) -> Result<Written, Problem> {
        let id = self.scope(scope).await?;
        let draft = self.draft(scope, workflow).await?;
        if let Some(version) = version.filter(|version| *version != draft.version) {
            let detail = format!("the draft is at version {}, not at {version}", draft.version);
            return Err(Problem::new(Code::PreconditionFailed, detail).hint("look at it again, then publish"));
        }
        let stored = self.inner.store.resource(id, "workflow", workflow).await?;
        let expect = match (draft.base_revision, &stored) {
            (Some(revision), _) => Expectation::Revision(revision),
            (None, _) => Expectation::Absent,
        };
        let labels = stored.map(|row| row.labels).unwrap_or_default();
        let manifest = self.draft_manifest(workflow, labels, &draft.spec)?;
        let written = self.put(grant, scope, Put::new(manifest, expect), false).await;
        let written = written.map_err(|problem| match problem.code {
            Code::PreconditionFailed => Problem::new(
                Code::Conflict,
                format!("workflow `{workflow}` was published by somebody else since the draft began"),
            )
            .hint("compare the draft with the newest revision, and write it with that as `baseRevision`"),
            _ => problem,
        })?;
        self.inner.store.delete_draft(id, &reference("workflow", workflow).name).await?;
        Ok(written)
    }
}
