//! Roles, permissions, and the one table that joins them.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a token or person is in a scope. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees configuration and runs.
    Viewer,
    /// Starts, stops and repairs runs.
    Operator,
    /// Changes workflows, connections and variables, and activates them.
    Editor,
    /// Changes what may be called, who may come in, and environments.
    Admin,
    /// Everything, backup included.
    Owner,
}

impl Role {
    /// Every role, the weakest first.
    pub const ALL: &'static [Role] = &[Role::Viewer, Role::Operator, Role::Editor, Role::Admin, Role::Owner];

    /// The name in files and over the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Editor => "editor",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    /// Whether the role has a permission.
    pub fn has(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }
}

macro_rules! permissions {
    ($($name:ident $text:literal $role:ident $doc:literal;)*) => {
        /// Something that may be allowed. An operation names exactly one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $(#[doc = $doc] $name,)*
        }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &'static [Permission] = &[$(Permission::$name),*];

            /// The name in documents, `thing:act`.
            pub fn as_str(self) -> &'static str {
                match self { $(Permission::$name => $text),* }
            }

            /// The permission of a name.
            pub fn parse(text: &str) -> Option<Permission> {
                match text { $($text => Some(Permission::$name),)* _ => None }
            }

            /// The weakest role that has it.
            pub fn least_role(self) -> Role {
                match self { $(Permission::$name => Role::$role),* }
            }
        }
    };
}

permissions! {
    ResourceRead "resource:read" Viewer "See resources, drafts, history and activations; never secrets.";
    RunRead "run:read" Viewer "See runs and the data that flowed through them.";
    ServerRead "server:read" Viewer "See node types, counters and the state of the server.";
    TableRead "table:read" Viewer "See the rows of data tables.";
    RunStart "run:start" Operator "Start a run of an active workflow.";
    RunControl "run:control" Operator "Cancel, pause, resume, signal, retry and settle runs; work on dead letters.";
    ConnectionUse "connection:use" Editor "Make runs that act on connections in a way of one's own: drafts, forks, edited input.";
    ResourceWrite "resource:write" Editor "Write and delete workflows, connections and variables.";
    TableWrite "table:write" Editor "Change the rows of data tables.";
    SecretWrite "secret:write" Editor "Set secret values of connections.";
    WorkflowActivate "workflow:activate" Editor "Activate and deactivate workflows.";
    BoundaryWrite "boundary:write" Admin "Write what may be called and which scopes there are.";
    AuditRead "audit:read" Admin "Read the audit log.";
    TokenManage "token:manage" Admin "List, make and revoke tokens up to one's own role.";
    UserManage "user:manage" Admin "See people, let them in, and change what they may do, up to one's own role.";
    SignInWrite "sign-in:write" Owner "Set up providers that people sign in with.";
    StoreBackup "store:backup" Owner "Take a backup of everything.";
}

impl Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Permission::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("there is no permission `{text}`")))
    }
}

impl JsonSchema for Permission {
    fn schema_name() -> Cow<'static, str> {
        "Permission".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_grow() {
        for permission in Permission::ALL {
            let holders: Vec<&str> =
                Role::ALL.iter().filter(|role| role.has(*permission)).map(|role| role.as_str()).collect();
            assert!(holders.contains(&"owner"), "{}", permission.as_str());
            assert_eq!(holders.first().copied(), Some(permission.least_role().as_str()));
        }
        assert!(!Role::Viewer.has(Permission::RunControl) && Role::Operator.has(Permission::RunControl));
        assert!(!Role::Editor.has(Permission::BoundaryWrite) && Role::Admin.has(Permission::BoundaryWrite));
    }
}
