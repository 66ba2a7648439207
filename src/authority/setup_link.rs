//! The link that makes the first operator. There is no default password and no default account.

use super::credential::{Purpose, hash_of};
use super::{Denied, HashedPassword, Proven, Secret, accounts};
use crate::model::actor::ActorRole;
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::canonical::Hash;
use crate::model::text::ActorName;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use subtle::ConstantTimeEq as _;

/// Issues a link and ends the one before it; `None` when there is an operator, who makes the other
/// accounts.
///
/// # Errors
/// When the store refuses.
pub fn issue(
    transaction: &Transaction<'_>,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Option<Secret>, Denied> {
    transaction.execute("DELETE FROM setup_link", [])?;
    if accounts::has_operator(transaction)? {
        return Ok(None);
    }
    let secret = Secret::new(Purpose::SetupLink, entropy);
    transaction.execute(
        "INSERT INTO setup_link (one, sha256, issued_ms) VALUES (1, ?1, ?2)",
        params![secret.hash().bytes(), now.millis()],
    )?;
    Ok(Some(secret))
}

/// Uses the link up and makes the first operator, who can start a session with the answer.
///
/// # Errors
/// [`Denied::SetupLinkSpent`]; [`Denied::NameTaken`], and then the link is still good.
pub fn redeem(
    transaction: &Transaction<'_>,
    link: &str,
    name: &ActorName,
    password: &HashedPassword,
    now: Timestamp,
) -> Result<Proven, Denied> {
    check(transaction, link)?;
    accounts::create(transaction, name, ActorRole::Operator, password, now)?;
    transaction.execute("DELETE FROM setup_link", [])?;
    Ok(Proven::by_setup_link(name.clone()))
}

/// Whether the link is the current one, and there is no operator yet.
pub(super) fn check(connection: &Connection, link: &str) -> Result<(), Denied> {
    if accounts::has_operator(connection)? {
        return Err(Denied::SetupLinkSpent);
    }
    let current: Option<[u8; 32]> =
        connection.query_row("SELECT sha256 FROM setup_link", [], |row| row.get(0)).optional()?;
    let given = hash_of(Purpose::SetupLink, link);
    match current.zip(given.as_ref().map(Hash::bytes)) {
        Some((current, given)) if bool::from(current.ct_eq(given)) => Ok(()),
        Some(_) | None => Err(Denied::SetupLinkSpent),
    }
}
