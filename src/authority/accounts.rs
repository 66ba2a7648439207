//! Accounts: a name, a role, a hashed password.

use super::{Denied, HashedPassword};
use crate::model::actor::ActorRole;
use crate::model::ambient::Timestamp;
use crate::model::text::ActorName;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// Makes an account.
///
/// # Errors
/// [`Denied::NameTaken`] when an account or a token has the name: a record names its actor by it.
pub fn create(
    transaction: &Transaction<'_>,
    name: &ActorName,
    role: ActorRole,
    password: &HashedPassword,
    now: Timestamp,
) -> Result<(), Denied> {
    if is_taken(transaction, name)? {
        return Err(Denied::NameTaken(name.clone()));
    }
    transaction.execute(
        "INSERT INTO account (name, role, password, created_ms) VALUES (?1, ?2, ?3, ?4)",
        params![name.as_str(), role.word(), password.as_str(), now.millis()],
    )?;
    Ok(())
}

/// Gives an account another role. It holds from the next request on.
///
/// # Errors
/// [`Denied::NoSuchName`]; [`Denied::LastOperator`], or a set-up link would make the next one.
pub fn change_role(
    transaction: &Transaction<'_>,
    name: &ActorName,
    role: ActorRole,
) -> Result<(), Denied> {
    let before = role_of(transaction, name)?.ok_or_else(|| Denied::NoSuchName(name.clone()))?;
    transaction.execute(
        "UPDATE account SET role = ?2 WHERE name = ?1",
        params![name.as_str(), role.word()],
    )?;
    if before == ActorRole::Operator && !has_operator(transaction)? {
        return Err(Denied::LastOperator(name.clone()));
    }
    Ok(())
}

/// Whether any account is an operator.
///
/// # Errors
/// When the file cannot be read.
pub fn has_operator(connection: &Connection) -> Result<bool, Denied> {
    let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE role = 'operator')";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

pub(super) fn is_taken(connection: &Connection, name: &ActorName) -> Result<bool, Denied> {
    let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE name = ?1)
                   OR EXISTS (SELECT 1 FROM token WHERE name = ?1)";
    Ok(connection.query_row(sql, params![name.as_str()], |row| row.get(0))?)
}

pub(super) fn password_of(
    connection: &Connection,
    name: &ActorName,
) -> Result<Option<String>, Denied> {
    let sql = "SELECT password FROM account WHERE name = ?1";
    Ok(connection.query_row(sql, params![name.as_str()], |row| row.get(0)).optional()?)
}

pub(super) fn role_of(
    connection: &Connection,
    name: &ActorName,
) -> Result<Option<ActorRole>, Denied> {
    let sql = "SELECT role FROM account WHERE name = ?1";
    let word: Option<String> =
        connection.query_row(sql, params![name.as_str()], |row| row.get(0)).optional()?;
    word.map(|word| ActorRole::parse(&word)).transpose().map_err(Denied::from)
}
