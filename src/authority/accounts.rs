//! Accounts: a name, a role, and a hashed password where no provider says who signs in.

use super::{Denied, HashedPassword, names, providers, sessions};
use crate::model::actor::ActorRole;
use crate::model::ambient::Timestamp;
use crate::model::text::ActorName;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// Makes an account.
///
/// # Errors
/// [`Denied::NameTaken`] when an account, a token or a link has the name: a record names its actor by it.
/// [`Denied::NameReserved`].
pub fn create(
    transaction: &Transaction<'_>,
    name: &ActorName,
    role: ActorRole,
    password: &HashedPassword,
    now: Timestamp,
) -> Result<(), Denied> {
    insert(transaction, name, role, Some(password), now)
}

/// Makes an account, with a password or for somebody that a provider vouches for.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    name: &ActorName,
    role: ActorRole,
    password: Option<&HashedPassword>,
    now: Timestamp,
) -> Result<(), Denied> {
    check_name(transaction, name)?;
    let password = password.map(HashedPassword::as_str);
    transaction.execute(
        "INSERT INTO account (name, role, password, created_ms) VALUES (?1, ?2, ?3, ?4)",
        params![name.as_str(), role.word(), password, now.millis()],
    )?;
    Ok(())
}

/// What a change of a role, or a removal, did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// The role until then.
    pub from: ActorRole,
    /// How many sessions ended.
    pub sessions_ended: u64,
}

/// Gives an account another role and ends its sessions: nobody acts and audits in one session.
///
/// # Errors
/// [`Denied::NoSuchName`]; [`Denied::SameRole`]; [`Denied::RoleIsGiven`], because the next sign-in would
/// take it back; [`Denied::LastOperator`], or a set-up link would make the next one.
pub fn change_role(
    transaction: &Transaction<'_>,
    name: &ActorName,
    role: ActorRole,
    now: Timestamp,
) -> Result<RoleChange, Denied> {
    let before = role_of(transaction, name)?.ok_or_else(|| Denied::NoSuchName(name.clone()))?;
    if before == role {
        return Err(Denied::SameRole { name: name.clone(), role });
    }
    if providers::is_federated(transaction, name)? {
        return Err(Denied::RoleIsGiven(name.clone()));
    }
    let change = set_role(transaction, name, before, role, now)?;
    if before == ActorRole::Operator && !has_operator(transaction)? {
        return Err(Denied::LastOperator(name.clone()));
    }
    Ok(change)
}

/// Gives an account another role, and ends its sessions.
pub(super) fn set_role(
    transaction: &Transaction<'_>,
    name: &ActorName,
    from: ActorRole,
    to: ActorRole,
    now: Timestamp,
) -> Result<RoleChange, Denied> {
    transaction.execute(
        "UPDATE account SET role = ?2 WHERE name = ?1",
        params![name.as_str(), to.word()],
    )?;
    Ok(RoleChange { from, sessions_ended: sessions::end_all(transaction, name, now)? })
}

/// Gives an account another password and ends its sessions: whoever has the old one is out. Answers how many
/// sessions there were.
///
/// # Errors
/// [`Denied::NoSuchName`]; [`Denied::NoPassword`], because a provider says who signs in with it.
pub fn change_password(
    transaction: &Transaction<'_>,
    name: &ActorName,
    password: &HashedPassword,
    now: Timestamp,
) -> Result<u64, Denied> {
    role_of(transaction, name)?.ok_or_else(|| Denied::NoSuchName(name.clone()))?;
    password_of(transaction, name)?.ok_or_else(|| Denied::NoPassword(name.clone()))?;
    transaction.execute(
        "UPDATE account SET password = ?2 WHERE name = ?1",
        params![name.as_str(), password.as_str()],
    )?;
    sessions::end_all(transaction, name, now)
}

/// Ends the sessions of an account, and answers how many there were.
///
/// # Errors
/// [`Denied::NoSuchName`].
pub fn end_sessions(
    transaction: &Transaction<'_>,
    name: &ActorName,
    now: Timestamp,
) -> Result<u64, Denied> {
    role_of(transaction, name)?.ok_or_else(|| Denied::NoSuchName(name.clone()))?;
    sessions::end_all(transaction, name, now)
}

/// Removes an account and ends its sessions: nobody signs in with it again. The row stays, because
/// records name it and nobody else may get the name.
///
/// # Errors
/// [`Denied::NoSuchName`]; [`Denied::LastOperator`], or a set-up link would make the next one.
pub fn remove(
    transaction: &Transaction<'_>,
    name: &ActorName,
    now: Timestamp,
) -> Result<RoleChange, Denied> {
    let from = role_of(transaction, name)?.ok_or_else(|| Denied::NoSuchName(name.clone()))?;
    let sessions_ended = sessions::end_all(transaction, name, now)?;
    transaction.execute(
        "UPDATE account SET removed_ms = ?2 WHERE name = ?1",
        params![name.as_str(), now.millis()],
    )?;
    if from == ActorRole::Operator && !has_operator(transaction)? {
        return Err(Denied::LastOperator(name.clone()));
    }
    Ok(RoleChange { from, sessions_ended })
}

/// Whether any account is an operator.
///
/// # Errors
/// When the file cannot be read.
pub fn has_operator(connection: &Connection) -> Result<bool, Denied> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM account WHERE role = 'operator' AND removed_ms IS NULL)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Whether an account, a token or a link has this name, or ever had.
///
/// # Errors
/// When the file cannot be read.
pub fn is_taken(connection: &Connection, name: &ActorName) -> Result<bool, Denied> {
    let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE name = ?1)
                   OR EXISTS (SELECT 1 FROM token WHERE name = ?1)
                   OR EXISTS (SELECT 1 FROM link WHERE name = ?1)";
    Ok(connection.query_row(sql, params![name.as_str()], |row| row.get(0))?)
}

/// Lets a name through that is not reserved and was never anybody's.
pub(super) fn check_name(connection: &Connection, name: &ActorName) -> Result<(), Denied> {
    names::check(name)?;
    if is_taken(connection, name)? { Err(Denied::NameTaken(name.clone())) } else { Ok(()) }
}

pub(super) fn password_of(
    connection: &Connection,
    name: &ActorName,
) -> Result<Option<String>, Denied> {
    let sql = "SELECT password FROM account WHERE name = ?1 AND removed_ms IS NULL";
    let stored = connection.query_row(sql, params![name.as_str()], |row| row.get(0)).optional()?;
    Ok(stored.flatten())
}

pub(super) fn role_of(
    connection: &Connection,
    name: &ActorName,
) -> Result<Option<ActorRole>, Denied> {
    let sql = "SELECT role FROM account WHERE name = ?1 AND removed_ms IS NULL";
    let word: Option<String> =
        connection.query_row(sql, params![name.as_str()], |row| row.get(0)).optional()?;
    word.map(|word| ActorRole::parse(&word)).transpose().map_err(Denied::from)
}
