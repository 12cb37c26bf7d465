//! The proof that somebody was authenticated, and what that somebody may do where.

use std::sync::Arc;

use model::id::{PrincipalId, SessionId};
use model::{Code, Name, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Permission, Role};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token: a declared public endpoint.
    Public,
    /// Anybody with a valid token or session.
    Authenticated,
    /// A person who has signed in, and no token: for acts on the account itself.
    Session,
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

    /// What both rules give together, if anything.
    fn both(&self, other: &Rule) -> Option<Rule> {
        fn narrow(one: &Option<Name>, other: &Option<Name>) -> Option<Option<Name>> {
            match (one, other) {
                (Some(one), Some(other)) if one != other => None,
                (one, other) => Some(one.clone().or_else(|| other.clone())),
            }
        }
        Some(Rule {
            workspace: narrow(&self.workspace, &other.workspace)?,
            environment: narrow(&self.environment, &other.environment)?,
            role: self.role.min(other.role),
        })
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
    /// What a token is narrowed to; absent: everything that the rules give.
    only: Option<Arc<[Permission]>>,
    credential: Credential,
}

/// What a grant was got for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// Access to the machine itself.
    Operator,
    /// A token, of the installation or of a person.
    Token {
        /// Which.
        id: PrincipalId,
        /// Whose, when it is a person's.
        of: Option<PrincipalId>,
    },
    /// A pass to the portal, which names one customer.
    Portal,
    /// A session in a browser.
    Session {
        /// Which.
        id: SessionId,
        /// Whose.
        user: PrincipalId,
    },
}

/// What two lists of rules give together: a token never has more than its owner.
pub(crate) fn common(one: &[Rule], other: &[Rule]) -> Vec<Rule> {
    let mut all: Vec<Rule> = Vec::new();
    for rule in one.iter().flat_map(|one| other.iter().filter_map(|other| one.both(other))) {
        if !all.contains(&rule) {
            all.push(rule);
        }
    }
    all
}

impl Grant {
    pub(crate) fn new(actor: impl Into<Arc<str>>, rules: Vec<Rule>, credential: Credential) -> Grant {
        Grant { actor: actor.into(), rules: rules.into(), only: None, credential }
    }

    pub(crate) fn only(mut self, permissions: Option<Vec<Permission>>) -> Grant {
        self.only = permissions.map(Into::into);
        self
    }

    /// The grant of the machine's own operator: a command that works on a data folder it could read anyway.
    /// Holding the keyring is the proof.
    pub fn operator(_: &crate::Keyring, command: &str) -> Grant {
        Grant::new(format!("cli:{command}"), vec![Rule::everywhere(Role::Owner)], Credential::Operator)
    }

    /// Who it is, as audit entries and revisions name it, for example `token:deploy`.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// What was granted.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What a token is narrowed to; absent: everything that the rules give.
    pub fn permissions(&self) -> Option<&[Permission]> {
        self.only.as_deref()
    }

    /// What it was got for.
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// The person who asks, by session or by a token of theirs.
    pub fn user(&self) -> Option<PrincipalId> {
        match self.credential {
            Credential::Operator | Credential::Portal => None,
            Credential::Token { of, .. } => of,
            Credential::Session { user, .. } => Some(user),
        }
    }

    /// Whose preferences are meant: the person's, or those of a token that is nobody's.
    pub fn holder(&self) -> Option<PrincipalId> {
        match self.credential {
            Credential::Token { id, of: None } => Some(id),
            _ => self.user(),
        }
    }

    /// The person who has signed in, and their session; tokens are refused.
    pub fn session(&self) -> Result<(PrincipalId, SessionId), Problem> {
        match self.credential {
            Credential::Session { id, user } => Ok((user, id)),
            _ => Err(Problem::new(Code::Forbidden, "this is for people who have signed in, not for tokens")
                .hint("sign in in the browser")),
        }
    }

    fn narrowed(&self, permission: Permission) -> bool {
        self.only.as_ref().is_some_and(|only| !only.contains(&permission))
    }

    /// The strongest role in a scope.
    pub fn role(&self, scope: &Scope) -> Option<Role> {
        self.rules.iter().filter(|rule| rule.covers(scope)).map(|rule| rule.role).max()
    }

    /// Whether the permission is held in the scope.
    pub fn allows(&self, permission: Permission, scope: &Scope) -> bool {
        !self.narrowed(permission) && self.role(scope).is_some_and(|role| role.has(permission))
    }

    /// Refuses what is not allowed. A scope in which the caller has no role at all does not exist for them.
    pub fn require(&self, permission: Permission, scope: &Scope) -> Result<(), Problem> {
        match self.role(scope) {
            Some(_) if self.narrowed(permission) => {
                Err(Problem::new(Code::Forbidden, format!("the token is not made for `{}`", permission.as_str()))
                    .hint("make a token with that permission among its `permissions`"))
            }
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
        if !self.narrowed(permission) && self.rules.iter().any(|rule| everywhere(rule) && rule.role.has(permission)) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, format!("this needs `{}` in every scope", permission.as_str())))
    }

    /// Whether the holder may hand out `rule`: nobody gives more than they have, and a token that is narrowed to some
    /// permissions gives nothing, because a role is more than some.
    pub fn may_give(&self, rule: &Rule) -> bool {
        self.only.is_none() && self.rules.iter().any(|own| own.includes(rule))
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
        let grant = Grant::new("token:t", rules, Credential::Operator);
        let scope = |workspace, environment| Scope { workspace: name(workspace), environment: name(environment) };
        assert_eq!(grant.role(&scope("acme", "dev")), Some(Role::Editor));
        assert_eq!(grant.role(&scope("acme", "prod")), Some(Role::Viewer));
        let refusal = grant.require(Permission::ResourceWrite, &scope("acme", "prod")).unwrap_err();
        assert_eq!(refusal.code, Code::Forbidden);
        let refusal = grant.require(Permission::ResourceRead, &scope("other", "prod")).unwrap_err();
        assert_eq!(refusal.code, Code::NotFound);
        let narrow = grant.clone().only(Some(vec![Permission::ResourceRead]));
        assert!(narrow.allows(Permission::ResourceRead, &scope("acme", "dev")));
        assert!(!narrow.allows(Permission::ResourceWrite, &scope("acme", "dev")));
        assert!(narrow.require(Permission::ResourceWrite, &scope("acme", "dev")).is_err());
        assert!(!narrow.may_give(&grant.rules()[0]));
        assert!(!grant.may_give(&Rule::everywhere(Role::Viewer)));
        assert!(grant.may_give(&Rule { workspace: Some(name("acme")), environment: None, role: Role::Viewer }));
    }

    #[test]
    fn a_token_has_what_both_it_and_its_owner_have() {
        let rule = |workspace: Option<&str>, environment: Option<&str>, role| Rule {
            workspace: workspace.map(name),
            environment: environment.map(name),
            role,
        };
        let owner = [rule(Some("acme"), None, Role::Editor), rule(Some("other"), Some("dev"), Role::Admin)];
        let token = [rule(None, Some("dev"), Role::Owner), rule(Some("acme"), Some("prod"), Role::Viewer)];
        let both = [
            rule(Some("acme"), Some("dev"), Role::Editor),
            rule(Some("other"), Some("dev"), Role::Admin),
            rule(Some("acme"), Some("prod"), Role::Viewer),
        ];
        assert_eq!(common(&token, &owner), both);
        assert!(common(&token, &[]).is_empty());
    }
}
