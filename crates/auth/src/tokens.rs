//! Tokens: random texts that stand for a name and its roles. Only their hash is kept. A token of the installation has
//! what it was made with; a personal one never has more than its person, and ends with them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use model::id::PrincipalId;
use model::{Code, Digest, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Store, TokenRow, UserRow};
use tokio::sync::watch;

use crate::grant::common;
use crate::{Credential, Error, Grant, Permission, Role, Rule, seal};

/// What every token begins with, so that scanners of repositories and logs know one when they see it.
pub const PREFIX: &str = "fpt_";

/// Tokens that a person has at most.
const MOST_PERSONAL: usize = 100;

/// Name of the token that the first start makes.
const OWNER: &str = "owner";

/// The tokens of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tokens {
    store: Store,
    roster: Roster,
    changes: Arc<watch::Sender<u64>>,
}

/// Everybody by the name of their acts, in memory: in whose name a run acts is asked for every event.
type Roster = Arc<RwLock<Arc<Everybody>>>;

#[derive(Debug, Default, PartialEq)]
struct Everybody {
    by_actor: HashMap<String, Vec<Standing>>,
    /// Tokens that have not ended.
    alive: HashSet<PrincipalId>,
}

/// What a token or person lets somebody delegate.
#[derive(Clone, Debug, PartialEq)]
struct Standing {
    rules: Vec<Rule>,
    only: Option<Vec<Permission>>,
    expires_at: Option<i64>,
    revoked: bool,
}

impl Standing {
    fn is_alive(&self, now: i64) -> bool {
        !self.revoked && self.expires_at.is_none_or(|end| end > now)
    }
}

/// A token to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// Name, as audit entries will show it.
    pub name: String,
    /// What it may do where.
    pub rules: Vec<Rule>,
    /// What it is narrowed to; absent: everything that its rules give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Permission>>,
    /// When it ends, milliseconds since 1970; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it may do where.
    pub rules: Vec<Rule>,
    /// What it is narrowed to; absent: everything that its rules give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Permission>>,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

/// A token that was just made: the only time that its text is shown.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeToken {
    /// As lists show it.
    #[serde(flatten)]
    pub info: TokenInfo,
    /// The text to send in `Authorization: Bearer`.
    pub token: String,
}

impl Tokens {
    /// The tokens that a store keeps. [`Self::delegates`] knows nobody before the first [`Self::refresh`].
    pub fn new(store: Store) -> Tokens {
        Tokens { store, roster: Roster::default(), changes: Arc::new(watch::Sender::new(0)) }
    }

    /// Reads the tokens that work may be delegated by. Done after every change here; another process that shares the
    /// store is heard of by doing it now and then.
    pub async fn refresh(&self) -> Result<(), Problem> {
        let mut roster = Everybody::default();
        let now = crate::now_millis();
        let users: HashMap<PrincipalId, UserRow> =
            self.store.users().await?.into_iter().map(|user| (user.id, user)).collect();
        for user in users.values() {
            let standing = Standing {
                rules: rules_of(&user.grants),
                only: None,
                expires_at: None,
                revoked: user.disabled_at.is_some(),
            };
            roster.by_actor.entry(user_actor(user)).or_default().push(standing);
        }
        for row in self.store.tokens().await? {
            let owner = row.owner.map(|owner| users.get(&owner));
            let Some((actor, rules)) = bearer(&row, owner) else { continue };
            let disabled = owner.flatten().is_some_and(|owner| owner.disabled_at.is_some());
            let revoked = row.revoked_at.is_some() || disabled;
            let standing = Standing { rules, only: permissions_of(&row), expires_at: row.expires_at, revoked };
            if standing.is_alive(now) {
                roster.alive.insert(row.id);
            }
            roster.by_actor.entry(actor).or_default().push(standing);
        }
        let mut known = self.roster.write().unwrap_or_else(PoisonError::into_inner);
        if **known != roster {
            *known = Arc::new(roster);
            drop(known);
            self.changes.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// Counts what [`Self::refresh`] has found changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Who a token stands for. Unknown, ended and revoked tokens are refused in the same words.
    pub async fn authenticate(&self, token: &str) -> Result<Grant, Problem> {
        let refuse = || {
            Problem::new(Code::Unauthenticated, "the token is not valid, or has ended").hint(
                "the owner's token is in the file `token` of the data folder; for another one ask whoever runs the server",
            )
        };
        if !token.starts_with(PREFIX) || token.len() > 128 {
            return Err(refuse());
        }
        let row = self.store.token(&hash(token)).await?.ok_or_else(refuse)?;
        let now = crate::now_millis();
        if row.revoked_at.is_some() || row.expires_at.is_some_and(|end| end <= now) {
            return Err(refuse());
        }
        let owner = match row.owner {
            None => None,
            Some(owner) => Some(self.store.user(owner).await?.filter(|owner| owner.disabled_at.is_none())),
        };
        let (actor, rules) = bearer(&row, owner.as_ref().map(Option::as_ref)).ok_or_else(refuse)?;
        let credential = Credential::Token { id: row.id, of: row.owner };
        Ok(Grant::new(actor, rules, credential).only(permissions_of(&row)))
    }

    /// Which of these tokens have not ended, as far as is known.
    pub(crate) fn is_alive(&self, id: PrincipalId) -> bool {
        self.roster.read().unwrap_or_else(PoisonError::into_inner).alive.contains(&id)
    }

    /// Makes a token. Nobody hands out more than they have.
    pub async fn create(&self, grant: &Grant, new: NewToken) -> Result<MadeToken, Problem> {
        let new = checked(grant, new)?;
        let name = new.name.clone();
        // Work is delegated by name, so a name that somebody stronger goes by is not to be had.
        let now = crate::now_millis();
        let taken = |row: &TokenRow| {
            row.owner.is_none()
                && row.name == name
                && row.revoked_at.is_none()
                && row.expires_at.is_none_or(|end| end > now)
        };
        let stronger = |row: &TokenRow| info(row).rules.iter().any(|rule| !grant.may_give(rule));
        if self.store.tokens().await?.iter().any(|row| taken(row) && stronger(row)) {
            let detail = format!("the name `{name}` belongs to a token that may do more than you");
            return Err(Problem::new(Code::Forbidden, detail).at("/name").hint("choose another name"));
        }
        let made = self.insert(grant.actor(), new, None, new_text()).await.map_err(Problem::from)?;
        self.refresh().await?;
        Ok(made)
    }

    /// Makes a token of the person who has signed in. Without rules it has theirs; it never has more than they have.
    pub async fn create_own(&self, grant: &Grant, mut new: NewToken) -> Result<MadeToken, Problem> {
        let (user, _) = grant.session()?;
        if new.rules.is_empty() {
            new.rules = grant.rules().to_vec();
        }
        let new = checked(grant, new)?;
        if new.name.contains('/') {
            return Err(Problem::new(Code::InvalidSpec, "the name of a personal token has no `/`").at("/name"));
        }
        if self.own(user).await?.iter().filter(|row| row.revoked_at.is_none()).count() >= MOST_PERSONAL {
            let detail = format!("a person has at most {MOST_PERSONAL} tokens");
            return Err(Problem::new(Code::TooMany, detail).hint("take back those that are not used any more"));
        }
        let made = self.insert(grant.actor(), new, Some(user), new_text()).await.map_err(Problem::from)?;
        self.refresh().await?;
        Ok(made)
    }

    /// The tokens of the person who has signed in, the oldest first.
    pub async fn list_own(&self, grant: &Grant) -> Result<Vec<TokenInfo>, Problem> {
        let (user, _) = grant.session()?;
        Ok(self.own(user).await?.iter().map(info).collect())
    }

    /// Takes back a token of the person who has signed in.
    pub async fn revoke_own(&self, grant: &Grant, id: PrincipalId) -> Result<(), Problem> {
        let (user, _) = grant.session()?;
        if !self.own(user).await?.iter().any(|row| row.id == id) {
            return Err(Problem::new(Code::NotFound, format!("there is no token `{id}`")));
        }
        self.store.revoke_token(id, grant.actor(), crate::now_millis()).await?;
        self.refresh().await
    }

    async fn own(&self, user: PrincipalId) -> Result<Vec<TokenRow>, Problem> {
        let all = self.store.tokens().await?;
        Ok(all.into_iter().filter(|row| row.owner == Some(user)).collect())
    }

    async fn insert(
        &self,
        by: &str,
        new: NewToken,
        owner: Option<PrincipalId>,
        text: String,
    ) -> Result<MadeToken, Error> {
        let now = crate::now_millis();
        let random = crate::random_u128();
        let row = TokenRow {
            id: PrincipalId::from_parts(now as u64, random),
            hash: hash(&text),
            name: new.name,
            grants: serde_json::to_string(&new.rules).unwrap_or_default(),
            created_at: now,
            created_by: by.to_owned(),
            last_used_at: None,
            expires_at: new.expires_at,
            revoked_at: None,
            owner,
            permissions: new.permissions.map(|all| serde_json::to_string(&all).unwrap_or_default()),
        };
        let info = info(&row);
        self.store.create_token(row).await?;
        Ok(MadeToken { info, token: text })
    }

    /// The installation's tokens that the caller could have made, the oldest first.
    pub async fn list(&self, grant: &Grant) -> Result<Vec<TokenInfo>, Problem> {
        let all = self.store.tokens().await?;
        let mine = |info: &TokenInfo| info.rules.iter().all(|rule| grant.may_give(rule));
        Ok(all.iter().filter(|row| row.owner.is_none()).map(info).filter(mine).collect())
    }

    /// Takes a token back. Doing it twice is the same as once.
    pub async fn revoke(&self, grant: &Grant, id: PrincipalId) -> Result<(), Problem> {
        let missing = || Problem::new(Code::NotFound, format!("there is no token `{id}`"));
        let all = self.store.tokens().await?;
        let row = all.iter().find(|row| row.id == id && row.owner.is_none()).ok_or_else(missing)?;
        if info(row).rules.iter().any(|rule| !grant.may_give(rule)) {
            return Err(Problem::new(Code::Forbidden, "the token has a role that you do not have yourself"));
        }
        self.store.revoke_token(id, grant.actor(), crate::now_millis()).await?;
        self.refresh().await
    }

    /// On the first start: makes the owner's token, writes it into a file that only its owner can read, and returns
    /// it. Later starts return nothing.
    pub async fn first_start(&self, file: &Path) -> Result<Option<String>, Error> {
        if !self.store.tokens().await?.is_empty() {
            return Ok(None);
        }
        let text = new_text();
        // The file first: after a crash in between there is still no token, and the next start makes another one.
        seal::write_private(file, &text)
            .map_err(|source| Error::KeyFile { path: file.display().to_string(), source })?;
        let new = NewToken {
            name: OWNER.into(),
            rules: vec![Rule::everywhere(Role::Owner)],
            permissions: None,
            expires_at: None,
        };
        Ok(Some(self.insert("first start", new, None, text).await?.token))
    }

    /// Whether work may go on in somebody's name (`runsAs`): what tokens of that name may do now has to cover acting
    /// on connections in the scope. All of them count, so that one can be exchanged for another.
    pub fn delegates(&self, actor: &str, scope: &Scope) -> Result<(), Problem> {
        // Whoever works on the data folder itself holds its key.
        if actor.starts_with("cli:") {
            return Ok(());
        }
        let gone = |why: String| {
            Err(Problem::new(Code::GrantGone, why).hint(
                "make a token of that name again, or take the run over: resume it, or activate its workflow, with a \
                 token that has `connection:use`",
            ))
        };
        if !actor.starts_with("token:") && !actor.starts_with("user:") {
            return gone("nobody answers for what the run does".into());
        }
        let roster = self.roster.read().unwrap_or_else(PoisonError::into_inner).clone();
        let now = crate::now_millis();
        let known = roster.by_actor.get(actor).map(Vec::as_slice).unwrap_or_default();
        let may = |standing: &&Standing| {
            standing.is_alive(now)
                && standing.only.as_ref().is_none_or(|only| only.contains(&Permission::ConnectionUse))
        };
        let rules = known.iter().filter(may).flat_map(|standing| &standing.rules).filter(|rule| rule.covers(scope));
        match (known.last(), rules.map(|rule| rule.role).max()) {
            (_, Some(role)) if role.has(Permission::ConnectionUse) => Ok(()),
            (_, Some(role)) => {
                let (needs, role) = (Permission::ConnectionUse.as_str(), role.as_str());
                gone(format!("`{actor}`, who the run acts for, is only `{role}` in `{scope}` and lacks `{needs}`"))
            }
            (None, None) => gone(format!("there is no `{actor}`, who the run acts for")),
            (Some(last), None) if last.revoked && actor.starts_with("user:") && !actor.contains('/') => {
                gone(format!("`{actor}`, who the run acts for, is disabled"))
            }
            (Some(last), None) if last.revoked => gone(format!("`{actor}`, who the run acts for, was revoked")),
            (Some(last), None) if !last.is_alive(now) => gone(format!("`{actor}`, who the run acts for, has expired")),
            (Some(_), None) => gone(format!("`{actor}`, who the run acts for, has no role in `{scope}`")),
        }
    }

    /// The grant under which a run acts that acts for somebody (`runsAs`): what that one may do now, and nothing when
    /// nobody of that name is left. A token that is narrowed to permissions counts where it is the only one.
    pub fn acting(&self, actor: &str) -> Result<Grant, Problem> {
        if actor.starts_with("cli:") {
            // Whoever works on the data folder itself holds its key.
            return Ok(Grant::new(actor, vec![Rule::everywhere(Role::Owner)], Credential::Operator));
        }
        let roster = self.roster.read().unwrap_or_else(PoisonError::into_inner).clone();
        let now = crate::now_millis();
        let known = roster.by_actor.get(actor).map(Vec::as_slice).unwrap_or_default();
        let alive: Vec<&Standing> = known.iter().filter(|standing| standing.is_alive(now)).collect();
        let whole: Vec<&Standing> = alive.iter().copied().filter(|standing| standing.only.is_none()).collect();
        let (chosen, only) = match (whole.is_empty(), alive.last()) {
            (false, _) => (whole, None),
            (true, Some(last)) => (vec![*last], last.only.clone()),
            (true, None) => {
                let detail = format!("there is no `{actor}` any more, who the run acts for");
                let hint = "activate the workflow, or start the run, as somebody who may do this";
                return Err(Problem::new(Code::GrantGone, detail).hint(hint));
            }
        };
        let rules = chosen.into_iter().flat_map(|standing| standing.rules.iter().cloned()).collect();
        Ok(Grant::new(actor, rules, Credential::Operator).only(only))
    }
}

/// What a new token has to be, whoever makes it. Nobody hands out more than they have.
fn checked(grant: &Grant, new: NewToken) -> Result<NewToken, Problem> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.len() > 128 {
        return Err(Problem::new(Code::InvalidSpec, "a token needs a name of 1 to 128 characters").at("/name"));
    }
    if new.rules.is_empty() {
        return Err(Problem::new(Code::InvalidSpec, "a token needs at least one rule").at("/rules"));
    }
    if new.permissions.as_ref().is_some_and(Vec::is_empty) {
        return Err(Problem::new(Code::InvalidSpec, "a token without a permission does nothing")
            .at("/permissions")
            .hint("leave `permissions` out for everything that the rules give"));
    }
    if let Some(at) = new.rules.iter().position(|rule| !grant.may_give(rule)) {
        return Err(Problem::new(Code::Forbidden, "you cannot give a role that you do not have yourself")
            .at(format!("/rules/{at}")));
    }
    Ok(NewToken { name, ..new })
}

/// Under what name a token acts, and what it may do. `owner` is the person whose it is, when it is a person's.
fn bearer(row: &TokenRow, owner: Option<Option<&UserRow>>) -> Option<(String, Vec<Rule>)> {
    let rules = rules_of(&row.grants);
    match owner {
        None => Some((format!("token:{}", row.name), rules)),
        // The slash parts them: no address and no name of a personal token has one.
        Some(owner) => {
            let owner = owner?;
            Some((format!("{}/{}", user_actor(owner), row.name), common(&rules, &rules_of(&owner.grants))))
        }
    }
}

/// Under what name a person acts.
pub(crate) fn user_actor(user: &UserRow) -> String {
    format!("user:{}", user.email)
}

/// Stored rules. What cannot be read gives nothing.
pub(crate) fn rules_of(grants: &str) -> Vec<Rule> {
    serde_json::from_str(grants).unwrap_or_default()
}

/// What a stored token is narrowed to. What cannot be read gives nothing.
fn permissions_of(row: &TokenRow) -> Option<Vec<Permission>> {
    row.permissions.as_ref().map(|text| serde_json::from_str(text).unwrap_or_default())
}

/// The text of a new token: 256 random bits.
fn new_text() -> String {
    format!("{PREFIX}{}{}", crate::random_text(), crate::random_text())
}

/// Tokens carry 256 random bits, so one round of a fast hash keeps them as safe as a slow one would.
fn hash(token: &str) -> Digest {
    store::digest(token.as_bytes())
}

fn info(row: &TokenRow) -> TokenInfo {
    TokenInfo {
        id: row.id.to_string(),
        name: row.name.clone(),
        rules: rules_of(&row.grants),
        permissions: permissions_of(row),
        created_at: row.created_at,
        created_by: row.created_by.clone(),
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn owner() -> (Tokens, Grant, tempfile::TempDir) {
        let tokens = Tokens::new(Store::temporary().await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let text = tokens.first_start(&file).await.unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(tokens.first_start(&file).await.unwrap(), None, "only the first start makes one");
        let grant = tokens.authenticate(&text).await.unwrap();
        (tokens, grant, folder)
    }

    fn new(name: &str, role: Role) -> NewToken {
        NewToken { name: name.into(), rules: vec![Rule::everywhere(role)], permissions: None, expires_at: None }
    }

    #[tokio::test]
    async fn tokens_are_good_until_they_end_or_are_taken_back() {
        let (tokens, owner, _folder) = owner().await;
        assert_eq!((owner.actor(), owner.role(&Scope::default())), ("token:owner", Some(Role::Owner)));
        let made = tokens.create(&owner, new("deploy", Role::Editor)).await.unwrap();
        assert_eq!(tokens.authenticate(&made.token).await.unwrap().actor(), "token:deploy");
        let ended = NewToken { expires_at: Some(1), ..new("old", Role::Viewer) };
        let ended = tokens.create(&owner, ended).await.unwrap();
        assert!(tokens.authenticate(&ended.token).await.is_err());
        tokens.revoke(&owner, made.info.id.parse().unwrap()).await.unwrap();
        assert_eq!(tokens.authenticate(&made.token).await.unwrap_err().code, Code::Unauthenticated);
        for bad in ["", "fpt_", "fpt_unknown", "Bearer", &"fpt_".repeat(100)] {
            assert!(tokens.authenticate(bad).await.is_err(), "{bad}");
        }
        assert!(!serde_json::to_string(&tokens.list(&owner).await.unwrap()).unwrap().contains(&made.token));
    }

    #[tokio::test]
    async fn nobody_gives_more_than_they_have() {
        let (tokens, owner, _folder) = owner().await;
        let admin = tokens.create(&owner, new("admin", Role::Admin)).await.unwrap();
        let admin = tokens.authenticate(&admin.token).await.unwrap();
        let refusal = tokens.create(&admin, new("more", Role::Owner)).await.err().unwrap();
        assert_eq!((refusal.code, refusal.pointer.as_deref()), (Code::Forbidden, Some("/rules/0")));
        let owners = tokens.list(&owner).await.unwrap().into_iter().find(|token| token.name == "owner").unwrap();
        assert!(tokens.list(&admin).await.unwrap().iter().all(|token| token.name != "owner"));
        assert_eq!(tokens.revoke(&admin, owners.id.parse().unwrap()).await.unwrap_err().code, Code::Forbidden);
        let refusal = tokens.create(&admin, new("owner", Role::Viewer)).await.err().unwrap();
        assert_eq!((refusal.code, refusal.pointer.as_deref()), (Code::Forbidden, Some("/name")));
    }

    #[tokio::test]
    async fn work_is_delegated_while_a_token_of_the_name_may_use_connections() {
        let (tokens, owner, _folder) = owner().await;
        let scope = Scope::default();
        let reason = |tokens: &Tokens, actor: &str| {
            let refusal = tokens.delegates(actor, &scope).unwrap_err();
            assert_eq!(refusal.code, Code::GrantGone);
            refusal.detail
        };
        assert!(reason(&tokens, "token:ci").contains("there is no"));
        let mut changes = tokens.changes();
        let first = tokens.create(&owner, new("ci", Role::Editor)).await.unwrap();
        assert!(changes.has_changed().unwrap());
        assert_eq!(tokens.delegates("token:ci", &scope), Ok(()));
        // A second one of the name takes over before the first is taken back.
        let second = tokens.create(&owner, new("ci", Role::Admin)).await.unwrap();
        tokens.revoke(&owner, first.info.id.parse().unwrap()).await.unwrap();
        assert_eq!(tokens.delegates("token:ci", &scope), Ok(()));
        changes.mark_unchanged();
        tokens.revoke(&owner, second.info.id.parse().unwrap()).await.unwrap();
        assert!(changes.has_changed().unwrap() && reason(&tokens, "token:ci").contains("revoked"));
        tokens.create(&owner, new("ci", Role::Operator)).await.unwrap();
        assert!(reason(&tokens, "token:ci").contains("is only `operator`"));
        let elsewhere = Rule { workspace: Some("acme".parse().unwrap()), environment: None, role: Role::Owner };
        let away = NewToken { name: "away".into(), rules: vec![elsewhere], permissions: None, expires_at: None };
        tokens.create(&owner, away).await.unwrap();
        assert!(reason(&tokens, "token:away").contains("no role"));
        let ended = NewToken { expires_at: Some(1), ..new("old", Role::Owner) };
        tokens.create(&owner, ended).await.unwrap();
        assert!(reason(&tokens, "token:old").contains("expired"));
        assert!(reason(&tokens, "webhook:/a").contains("nobody"));
        assert!(tokens.delegates("cli:import", &scope).is_ok());
    }
}
