//! Who is let in, as what, and until when: one-time links, and changes of what somebody may do. Nobody gives or takes
//! more than they have themselves.

use model::id::PrincipalId;
use model::{Code, Digest, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{LinkPurpose, LinkRow, UserChange, UserRow};

use super::sign_in::DAY;
use super::{Accounts, Profile, SignedIn, Visitor, email};
use crate::tokens::rules_of;
use crate::{Grant, Permission, Role, Rule, password};

/// What the secret of every link begins with, so that scanners of mails and logs know one when they see it.
pub const LINK_PREFIX: &str = "fpl_";

/// How long the link that makes an owner is good.
const OWNER_LINK: i64 = DAY;
/// How long an invitation is good.
const INVITATION: i64 = 7 * DAY;
/// How long a link that sets a password is good.
const RESET: i64 = DAY;
/// Longest name of a person, in bytes.
const LONGEST_NAME: usize = 128;

/// A person as lists show one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Who.
    #[serde(flatten)]
    pub profile: Profile,
    /// Whether they can come in by password.
    pub has_password: bool,
    /// Passkeys that they have.
    pub passkeys: usize,
    /// Names of the providers that they can come in by.
    pub providers: Vec<String>,
    /// When they came, milliseconds since 1970.
    pub created_at: i64,
    /// Who let them in.
    pub created_by: String,
    /// When they last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<i64>,
    /// Since when they may not come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<i64>,
}

/// Whom to let in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invitation {
    /// Address; nobody else can use the link.
    pub email: String,
    /// What they may do where.
    pub rules: Vec<Rule>,
}

/// A link that was just made: the only time that it is shown.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeLink {
    /// Where to go. Whoever has it comes in.
    pub url: String,
    /// When it ends, milliseconds since 1970.
    pub expires_at: i64,
}

/// A link that waits, as lists and its page show it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkInfo {
    /// Id, of no use to come in by.
    pub id: String,
    /// `owner`, `invite` or `reset`.
    pub purpose: String,
    /// Whom it was made for; empty when whoever comes says so.
    pub email: String,
    /// What they will be allowed to do where.
    pub rules: Vec<Rule>,
    /// Who made it.
    pub created_by: String,
    /// When it ends, milliseconds since 1970.
    pub expires_at: i64,
}

/// What somebody with a link says.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    /// The link's secret, `fpl_…`.
    pub secret: String,
    /// Address, where the link names none.
    #[serde(default)]
    pub email: Option<String>,
    /// Name; absent: the address up to its `@`.
    #[serde(default)]
    pub name: Option<String>,
    /// The password to come in by from now on.
    pub password: String,
}

impl Accounts {
    /// Whether nobody owns everything yet, so that a link has to be shown.
    pub async fn needs_owner(&self) -> Result<bool, Problem> {
        Ok(!self.inner.store.users().await?.iter().any(|user| user.is_owner && user.disabled_at.is_none()))
    }

    /// A link by which whoever has it becomes an owner; the one before ends.
    pub async fn owner_link(&self, by: &str) -> Result<MadeLink, Problem> {
        self.link(LinkPurpose::Owner, String::new(), &[Rule::everywhere(Role::Owner)], None, by, OWNER_LINK).await
    }

    /// The same, for whoever is an owner.
    pub async fn make_owner_link(&self, grant: &Grant) -> Result<MadeLink, Problem> {
        may_give(grant, &Rule::everywhere(Role::Owner), "")?;
        self.owner_link(grant.actor()).await
    }

    /// A link that lets somebody in for the first time.
    pub async fn invite(&self, grant: &Grant, invitation: Invitation) -> Result<MadeLink, Problem> {
        let address = email(&invitation.email)?;
        let rules = checked_rules(invitation.rules)?;
        for (at, rule) in rules.iter().enumerate() {
            may_give(grant, rule, &format!("/rules/{at}"))?;
        }
        if self.inner.store.user_by_email(&address).await?.is_some() {
            return Err(Problem::new(Code::Conflict, format!("`{address}` has an account already"))
                .at("/email")
                .hint("change what they may do instead, or make a link that sets a new password"));
        }
        self.link(LinkPurpose::Invite, address, &rules, None, grant.actor(), INVITATION).await
    }

    /// A link by which somebody sets a new password. Whoever has it acts as they do, so it takes all that they have.
    pub async fn reset_link(&self, grant: &Grant, id: PrincipalId) -> Result<MadeLink, Problem> {
        let user = self.managed(grant, id).await?;
        if user.disabled_at.is_some() {
            return Err(Problem::new(Code::Conflict, "a disabled account has no use for a password")
                .hint("let them in again first"));
        }
        let rules = rules_of(&user.grants);
        self.link(LinkPurpose::Reset, user.email, &rules, Some(id), grant.actor(), RESET).await
    }

    async fn link(
        &self,
        purpose: LinkPurpose,
        address: String,
        rules: &[Rule],
        user: Option<PrincipalId>,
        by: &str,
        lifetime: i64,
    ) -> Result<MadeLink, Problem> {
        let secret = format!("{LINK_PREFIX}{}{}", crate::random_text(), crate::random_text());
        let now = crate::now_millis();
        let row = LinkRow {
            hash: link_hash(&secret),
            purpose,
            email: address,
            grants: text_of(rules)?,
            user,
            created_at: now,
            created_by: by.to_owned(),
            expires_at: now + lifetime,
        };
        let expires_at = row.expires_at;
        self.inner.store.create_link(row).await?;
        // Behind the hash, so that no server and no proxy on the way logs it.
        Ok(MadeLink { url: format!("{}/join#{secret}", self.inner.site.base()), expires_at })
    }

    /// The links that wait and that the caller could have made.
    pub async fn links(&self, grant: &Grant) -> Result<Vec<LinkInfo>, Problem> {
        let all = self.inner.store.links(crate::now_millis()).await?;
        Ok(all.iter().map(info).filter(|link| link.rules.iter().all(|rule| grant.may_give(rule))).collect())
    }

    /// Takes a link back.
    pub async fn drop_link(&self, grant: &Grant, id: &str) -> Result<(), Problem> {
        let missing = || Problem::new(Code::NotFound, format!("there is no link `{id}`"));
        let hash: Digest = id.parse().map_err(|_| missing())?;
        let mine = self.links(grant).await?.into_iter().any(|link| link.id == id);
        if !mine {
            return Err(missing());
        }
        Ok(self.inner.store.drop_link(hash, grant.actor(), crate::now_millis()).await?)
    }

    /// What a link is good for.
    pub async fn look(&self, visitor: &Visitor, secret: &str) -> Result<LinkInfo, Problem> {
        self.good_link(visitor, secret).await.map(|link| info(&link))
    }

    pub(crate) async fn good_link(&self, visitor: &Visitor, secret: &str) -> Result<LinkRow, Problem> {
        let found = self.inner.store.link(&link_hash(secret), crate::now_millis()).await?;
        match found {
            Some(link) => Ok(link),
            None => {
                // 256 bits are not guessed; the brake is for whoever tries all the same, and fills the log.
                self.brake(visitor, None).await?;
                Err(link_gone())
            }
        }
    }

    /// Lets somebody in who has a link: makes their account or sets its password, and opens a session.
    pub async fn accept(&self, visitor: &Visitor, acceptance: Acceptance) -> Result<SignedIn, Problem> {
        let link = self.good_link(visitor, &acceptance.secret).await?;
        if link.purpose == LinkPurpose::Reset {
            password::check(&acceptance.password, &[&link.email])?;
            let hash = self.inner.passwords.hash(&acceptance.password).await?;
            let id = self.inner.store.reset_password(link.hash, hash, crate::now_millis()).await.map_err(gone)?;
            self.end_streams().await?;
            let user = self.inner.store.user(id).await?.ok_or_else(link_gone)?;
            return self.open_session(&user, "password", visitor).await;
        }
        let address = match link.email.is_empty() {
            true => email(acceptance.email.as_deref().unwrap_or_default())?,
            false => link.email.clone(),
        };
        let name = match acceptance.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => checked_name(name)?,
            None => address.split('@').next().unwrap_or_default().to_owned(),
        };
        password::check(&acceptance.password, &[&address, &name])?;
        let hash = self.inner.passwords.hash(&acceptance.password).await?;
        let user = self.join(&link, address, name, Some(hash)).await?;
        self.open_session(&user, "password", visitor).await
    }

    /// Makes the account that a link was made for.
    pub(crate) async fn join(
        &self,
        link: &LinkRow,
        address: String,
        name: String,
        password: Option<String>,
    ) -> Result<UserRow, Problem> {
        let now = crate::now_millis();
        let user = UserRow {
            id: PrincipalId::from_parts(now as u64, crate::random_u128()),
            email: address,
            name,
            grants: link.grants.clone(),
            is_owner: is_owner(&rules_of(&link.grants)),
            password,
            created_at: now,
            created_by: link.created_by.clone(),
            signed_in_at: None,
            disabled_at: None,
        };
        self.inner.store.create_user(user.clone(), Some(link.hash)).await.map_err(|error| match error {
            store::Error::Exists(address) => {
                Problem::new(Code::Conflict, format!("`{address}` has an account already"))
                    .at("/email")
                    .hint("sign in, or give another address")
            }
            other => gone(other),
        })?;
        self.refresh().await?;
        Ok(user)
    }

    /// The people whom the caller may see: everybody, or those of the workspaces that they manage.
    pub async fn people(&self, grant: &Grant) -> Result<Vec<Person>, Problem> {
        let mut people = Vec::new();
        for user in self.inner.store.users().await? {
            if may_see(grant, &user) {
                people.push(self.person(user).await?);
            }
        }
        Ok(people)
    }

    async fn person(&self, user: UserRow) -> Result<Person, Problem> {
        let store = &self.inner.store;
        Ok(Person {
            profile: Profile::of(&user),
            has_password: user.password.is_some(),
            passkeys: store.passkeys_of(user.id).await?.len(),
            providers: store.identities_of(user.id).await?.into_iter().map(|identity| identity.provider).collect(),
            created_at: user.created_at,
            created_by: user.created_by,
            signed_in_at: user.signed_in_at,
            disabled_at: user.disabled_at,
        })
    }

    /// Changes what somebody may do; their sessions end.
    pub async fn change_rules(&self, grant: &Grant, id: PrincipalId, rules: Vec<Rule>) -> Result<Person, Problem> {
        let user = self.seen(grant, id).await?;
        let (old, rules) = (rules_of(&user.grants), checked_rules(rules)?);
        // What stays as it was is nobody's business; what comes and what goes must be the caller's to give.
        let changed = old.iter().filter(|rule| !rules.contains(rule)).map(|rule| (rule, None));
        let added = rules.iter().enumerate().filter(|(_, rule)| !old.contains(rule)).map(|(at, rule)| (rule, Some(at)));
        for (rule, at) in changed.chain(added) {
            may_give(grant, rule, &at.map_or_else(|| "/rules".to_owned(), |at| format!("/rules/{at}")))?;
        }
        let detail = serde_json::json!({ "before": old, "after": rules }).to_string();
        let change = UserChange::Grants { grants: text_of(&rules)?, is_owner: is_owner(&rules), detail };
        self.change(grant, id, change).await
    }

    /// Shuts somebody out, or lets them in again. Their sessions, tokens and links end.
    pub async fn set_disabled(&self, grant: &Grant, id: PrincipalId, disabled: bool) -> Result<Person, Problem> {
        self.managed(grant, id).await?;
        self.change(grant, id, UserChange::Disabled(disabled)).await
    }

    /// Ends all sessions of somebody.
    pub async fn end_sessions_of(&self, grant: &Grant, id: PrincipalId) -> Result<u64, Problem> {
        self.managed(grant, id).await?;
        let ended = self.inner.store.end_sessions(id, None, grant.actor(), crate::now_millis()).await?;
        self.end_streams().await?;
        Ok(ended)
    }

    async fn change(&self, grant: &Grant, id: PrincipalId, change: UserChange) -> Result<Person, Problem> {
        self.inner.store.change_user(id, change, grant.actor(), crate::now_millis()).await.map_err(
            |error| match error {
                store::Error::Refused(why) => Problem::new(Code::Conflict, why)
                    .hint("make somebody else an owner first: `fishplate user invite … --role owner`"),
                other => other.into(),
            },
        )?;
        self.refresh().await?;
        let user = self.inner.store.user(id).await?.ok_or_else(|| nobody(id))?;
        self.person(user).await
    }

    async fn seen(&self, grant: &Grant, id: PrincipalId) -> Result<UserRow, Problem> {
        let user = self.inner.store.user(id).await?;
        user.filter(|user| may_see(grant, user)).ok_or_else(|| nobody(id))
    }

    /// Somebody who has no more than the caller.
    async fn managed(&self, grant: &Grant, id: PrincipalId) -> Result<UserRow, Problem> {
        let user = self.seen(grant, id).await?;
        match rules_of(&user.grants).iter().all(|rule| grant.may_give(rule)) {
            true => Ok(user),
            false => Err(Problem::new(Code::Forbidden, format!("`{}` may do more than you, or elsewhere", user.email))),
        }
    }
}

fn may_see(grant: &Grant, user: &UserRow) -> bool {
    let manages = |rule: &Rule| grant.may_give(&Rule { role: Role::Viewer, ..rule.clone() });
    grant.require_everywhere(Permission::UserManage).is_ok() || rules_of(&user.grants).iter().any(manages)
}

fn may_give(grant: &Grant, rule: &Rule, at: &str) -> Result<(), Problem> {
    if grant.may_give(rule) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "you cannot give or take a role that you do not have yourself").at(at))
}

fn is_owner(rules: &[Rule]) -> bool {
    rules.contains(&Rule::everywhere(Role::Owner))
}

fn checked_rules(rules: Vec<Rule>) -> Result<Vec<Rule>, Problem> {
    match rules.len() {
        0 => Err(Problem::new(Code::InvalidSpec, "a person needs at least one rule")
            .at("/rules")
            .hint("to shut somebody out, disable them")),
        1..=100 => Ok(rules),
        _ => Err(Problem::new(Code::InvalidSpec, "a person has at most 100 rules").at("/rules")),
    }
}

pub(crate) fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        let detail = format!("a name has 1 to {LONGEST_NAME} bytes and no control characters");
        return Err(Problem::new(Code::InvalidSpec, detail).at("/name"));
    }
    Ok(name.to_owned())
}

fn text_of(rules: &[Rule]) -> Result<String, Problem> {
    serde_json::to_string(rules).map_err(|error| Problem::new(Code::Internal, error.to_string()))
}

/// Links carry 256 random bits, so one round of a fast hash keeps them as safe as a slow one would.
fn link_hash(secret: &str) -> Digest {
    store::digest(secret.as_bytes())
}

fn info(link: &LinkRow) -> LinkInfo {
    LinkInfo {
        id: link.hash.to_string(),
        purpose: link.purpose.as_str().to_owned(),
        email: link.email.clone(),
        rules: rules_of(&link.grants),
        created_by: link.created_by.clone(),
        expires_at: link.expires_at,
    }
}

fn link_gone() -> Problem {
    Problem::new(Code::SignInRefused, "the link was used, taken back, or has expired")
        .hint("ask whoever sent it for another one; an owner's link is made with `fishplate owner-link`")
}

fn gone(error: store::Error) -> Problem {
    match error {
        store::Error::NotFound(_) => link_gone(),
        other => other.into(),
    }
}

fn nobody(id: PrincipalId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no person `{id}`"))
}
