//! The proof that somebody was authenticated, and what that somebody may do where.

use std::sync::Arc;

use model::{Code, Name, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Permission, Role};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token: a declared public endpoint.
    Public,
    /// Anybody with a valid token.
    Authenticated,
    /// Whoever has the permission in the request's scope.
    Needs(Permission),
}

/// A role somewhere. An absent name means every workspace, or every environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The workspace; absent: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Name>,
    /// The environment; absent: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// The role there.
    pub role: Role,
}

impl Rule {
    /// A role everywhere.
    pub fn everywhere(role: Role) -> Rule {
        Rule { workspace: None, environment: None, role }
    }

    pub(crate) fn covers(&self, scope: &Scope) -> bool {
        self.workspace.as_ref().is_none_or(|own| *own == scope.workspace)
            && self.environment.as_ref().is_none_or(|own| *own == scope.environment)
    }

    /// Whether this rule gives everything that `other` gives.
    fn includes(&self, other: &Rule) -> bool {
        self.role >= other.role
            && (self.workspace.is_none() || self.workspace == other.workspace)
            && (self.environment.is_none() || self.environment == other.environment)
    }
}

/// Proof of who asks. Only this crate makes one, so a function that takes a `&Grant` cannot be reached by somebody
/// who was not authenticated.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    actor: Arc<str>,
    rules: Arc<[Rule]>,
}

impl Grant {
    pub(crate) fn new(actor: impl Into<Arc<str>>, rules: Vec<Rule>) -> Grant {
        Grant { actor: actor.into(), rules: rules.into() }
    }

    /// The grant of the machine's own operator: a command that works on a data folder it could read anyway.
    /// Holding the keyring is the proof.
    pub fn operator(_: &crate::Keyring, command: &str) -> Grant {
        Grant::new(format!("cli:{command}"), vec![Rule::everywhere(Role::Owner)])
    }

    /// Who it is, as audit entries and revisions name it, for example `token:deploy`.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// What was granted.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The strongest role in a scope.
    pub fn role(&self, scope: &Scope) -> Option<Role> {
        self.rules.iter().filter(|rule| rule.covers(scope)).map(|rule| rule.role).max()
    }

    /// Whether the permission is held in the scope.
    pub fn allows(&self, permission: Permission, scope: &Scope) -> bool {
        self.role(scope).is_some_and(|role| role.has(permission))
    }

    /// Refuses what is not allowed. A scope in which the caller has no role at all does not exist for them.
    pub fn require(&self, permission: Permission, scope: &Scope) -> Result<(), Problem> {
        match self.role(scope) {
            Some(role) if role.has(permission) => Ok(()),
            Some(role) => Err(Problem::new(
                Code::Forbidden,
                format!("this needs `{}`, which the role `{}` does not have", permission.as_str(), role.as_str()),
            )
            .hint(format!("use a token with the role `{}` or above", permission.least_role().as_str()))),
            None => Err(Problem::new(Code::NotFound, format!("there is no scope `{scope}`"))),
        }
    }

    /// Refuses whoever does not hold the permission in every scope: for acts on the whole installation.
    pub fn require_everywhere(&self, permission: Permission) -> Result<(), Problem> {
        let everywhere = |rule: &Rule| rule.workspace.is_none() && rule.environment.is_none();
        if self.rules.iter().any(|rule| everywhere(rule) && rule.role.has(permission)) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, format!("this needs `{}` in every scope", permission.as_str())))
    }

    /// Whether the holder may hand out `rule`: nobody gives more than they have.
    pub fn may_give(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|own| own.includes(rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn rules_bind_to_their_scope() {
        let rules = vec![
            Rule { workspace: Some(name("acme")), environment: None, role: Role::Viewer },
            Rule { workspace: Some(name("acme")), environment: Some(name("dev")), role: Role::Editor },
        ];
        let grant = Grant::new("token:t", rules);
        let scope = |workspace, environment| Scope { workspace: name(workspace), environment: name(environment) };
        assert_eq!(grant.role(&scope("acme", "dev")), Some(Role::Editor));
        assert_eq!(grant.role(&scope("acme", "prod")), Some(Role::Viewer));
        let refusal = grant.require(Permission::ResourceWrite, &scope("acme", "prod")).unwrap_err();
        assert_eq!(refusal.code, Code::Forbidden);
        let refusal = grant.require(Permission::ResourceRead, &scope("other", "prod")).unwrap_err();
        assert_eq!(refusal.code, Code::NotFound);
        assert!(!grant.may_give(&Rule::everywhere(Role::Viewer)));
        assert!(grant.may_give(&Rule { workspace: Some(name("acme")), environment: None, role: Role::Viewer }));
    }
}
