//! Accounts of people that a provider of OpenID Connect vouches for. The provider says at each sign-in who
//! it is and, by the list in the settings, which role that gives; this control plane says the rest.
//!
//! The account of a person is found by what the provider calls the person and by nothing else. A name is
//! taken from the provider once, for a new account, and never again: a name there can pass to somebody
//! else, and records would name two people by it.

use super::accounts::{self, RoleChange};
use super::{Denied, Proven, sessions};
use crate::identity::{ProxyName, VerifiedIdentity};
use crate::model::actor::{ActorRole, ProviderIdentity};
use crate::model::ambient::Timestamp;
use crate::model::text::{ActorName, InputError};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// What the word of a provider led to.
#[derive(Debug)]
pub enum ProviderSignIn {
    /// The person may begin a session.
    In {
        /// Who, for the session.
        proven: Proven,
        /// The role from here on.
        role: ActorRole,
        /// What the word changed.
        news: News,
    },
    /// The person may not.
    Out {
        /// The account, where the person had one.
        name: Option<ActorName>,
        /// Sessions of it that ended: the provider has withdrawn what they rested on.
        sessions_ended: u64,
        /// The rule that refuses the person.
        denied: Denied,
    },
}

/// What the word of a provider changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The account and its role are as they were.
    Nothing,
    /// The person came for the first time, and has an account now.
    Created,
    /// The person has another role than at the sign-in before. The sessions of that role ended.
    Role(RoleChange),
}

/// Takes the word of a provider about one person.
///
/// # Errors
/// When the store refuses.
pub fn admit(
    transaction: &Transaction<'_>,
    vouched: &VerifiedIdentity,
    now: Timestamp,
) -> Result<ProviderSignIn, Denied> {
    let account = find(transaction, vouched.identity())?;
    let role = match role(vouched) {
        Ok(role) => role,
        Err(denied) => return out(transaction, account, denied, now),
    };
    let Some(name) = account else {
        return Ok(match create(transaction, vouched, role, now) {
            Ok(name) => ProviderSignIn::In {
                proven: Proven::by_provider(name, vouched.proved_at()),
                role,
                news: News::Created,
            },
            Err(denied @ Denied::Unnamed { .. }) => {
                ProviderSignIn::Out { name: None, sessions_ended: 0, denied }
            }
            Err(other) => return Err(other),
        });
    };
    let Some(before) = accounts::role_of(transaction, &name)? else {
        let denied = Denied::Removed(name.clone());
        return out(transaction, Some(name), denied, now);
    };
    // Also where it was the last operator: what the provider withdrew is withdrawn.
    let news = if before == role {
        News::Nothing
    } else {
        News::Role(accounts::set_role(transaction, &name, before, role, now)?)
    };
    Ok(ProviderSignIn::In { proven: Proven::by_provider(name, vouched.proved_at()), role, news })
}

/// Takes the word of a proxy about one person: the name of an account that was made here. The role is the
/// one that the account has.
///
/// # Errors
/// [`Denied::NotOfProxy`], also where a provider says who signs in with the account.
pub fn of_proxy(connection: &Connection, named: &ProxyName) -> Result<Proven, Denied> {
    let name = named.name();
    let is_ours =
        accounts::role_of(connection, name)?.is_some() && !is_federated(connection, name)?;
    if is_ours { Ok(Proven::by_proxy(name.clone())) } else { Err(Denied::NotOfProxy(name.clone())) }
}

/// Whether a provider says who signs in with this account.
pub(super) fn is_federated(connection: &Connection, name: &ActorName) -> Result<bool, Denied> {
    let sql = "SELECT EXISTS (SELECT 1 FROM identity WHERE account = ?1)";
    Ok(connection.query_row(sql, params![name.as_str()], |row| row.get(0))?)
}

fn find(connection: &Connection, who: &ProviderIdentity) -> Result<Option<ActorName>, Denied> {
    let sql = "SELECT account FROM identity WHERE issuer = ?1 AND subject = ?2";
    let found: Option<String> =
        connection.query_row(sql, params![who.issuer, who.subject], |row| row.get(0)).optional()?;
    found.map(|name| ActorName::parse(&name)).transpose().map_err(Denied::from)
}

/// The one role that was given. An operator and an auditor see what an observer sees, so only these two
/// exclude one another.
fn role(vouched: &VerifiedIdentity) -> Result<ActorRole, Denied> {
    let has = |role| vouched.roles().contains(&role);
    let said = || vouched.said().to_owned();
    match (has(ActorRole::Operator), has(ActorRole::Auditor), has(ActorRole::Observer)) {
        (true, true, _) => Err(Denied::RolesExclude { said: said() }),
        (true, false, _) => Ok(ActorRole::Operator),
        (false, true, _) => Ok(ActorRole::Auditor),
        (false, false, true) => Ok(ActorRole::Observer),
        (false, false, false) => Err(Denied::NoRole { said: said() }),
    }
}

fn create(
    transaction: &Transaction<'_>,
    vouched: &VerifiedIdentity,
    role: ActorRole,
    now: Timestamp,
) -> Result<ActorName, Denied> {
    let wanted = vouched.wanted_name().unwrap_or_default();
    let unnamed = || {
        let found = InputError::new("name", wanted, "").found;
        Denied::Unnamed { found }
    };
    let name = ActorName::parse(wanted).map_err(|_| unnamed())?;
    match accounts::insert(transaction, &name, role, None, now) {
        Err(Denied::NameTaken(_) | Denied::NameReserved(_)) => return Err(unnamed()),
        other => other?,
    }
    let ProviderIdentity { issuer, subject } = vouched.identity();
    transaction.execute(
        "INSERT INTO identity (issuer, subject, account) VALUES (?1, ?2, ?3)",
        params![issuer, subject, name.as_str()],
    )?;
    Ok(name)
}

fn out(
    transaction: &Transaction<'_>,
    name: Option<ActorName>,
    denied: Denied,
    now: Timestamp,
) -> Result<ProviderSignIn, Denied> {
    let sessions_ended = match &name {
        Some(name) => sessions::end_all(transaction, name, now)?,
        None => 0,
    };
    Ok(ProviderSignIn::Out { name, sessions_ended, denied })
}
