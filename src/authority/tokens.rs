//! Tokens of programs. They read and never confirm: a program carries no intent (C3.1).

use super::access::AccessCursor;
use super::credential::{CredentialHolder, Purpose};
use super::sessions::{AHEAD, AHEAD_MS_MAX, is_ahead};
use super::{Denied, Secret, accounts};
use crate::model::actor::{Actor, ActorRole, CredentialKind};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::canonical::Hash;
use crate::model::link::TokenLine;
use crate::model::text::{ActorName, InputError};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

/// How long a token lasts at most, in milliseconds: 90 days, so that a forgotten one ends.
pub const LASTS_MS_MAX: i64 = 90 * 24 * 60 * 60 * 1000;

/// A token that was just issued.
#[derive(Debug)]
pub struct IssuedToken {
    /// The secret for the program; it cannot be shown again.
    pub secret: Secret,
    /// When the token ends, at most 90 days from its issue.
    pub expires_at: Timestamp,
}

/// Issues a token under a name that no account and no other token ever had.
///
/// # Errors
/// When the name is taken, or the token would last no time or longer than [`LASTS_MS_MAX`].
pub fn issue(
    transaction: &Transaction<'_>,
    name: &ActorName,
    lasts_ms: i64,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<IssuedToken, Denied> {
    if !(1..=LASTS_MS_MAX).contains(&lasts_ms) {
        let found = format!("{} hours", lasts_ms / (60 * 60 * 1000));
        return Err(
            InputError::new("expires", &found, "more than no time and up to 90 days").into()
        );
    }
    accounts::check_name(transaction, name)?;
    let secret = Secret::new(Purpose::Token, entropy);
    let expires_at = now.plus_millis(lasts_ms);
    transaction.execute(
        "INSERT INTO token (sha256, name, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4)",
        params![secret.hash().bytes(), name.as_str(), now.millis(), expires_at.millis()],
    )?;
    Ok(IssuedToken { secret, expires_at })
}

/// What a revocation did.
#[derive(Debug)]
pub enum TokenRevocation {
    /// The token has ended.
    Now(TokenLine),
    /// It had ended by an earlier revocation.
    Before(TokenLine),
}

/// Withdraws a token: from the next request on it works nowhere. One that expired can be revoked too; it
/// says that nobody shall use it.
///
/// # Errors
/// [`Denied::NoSuchToken`].
pub fn revoke(
    transaction: &Transaction<'_>,
    name: &ActorName,
    now: Timestamp,
) -> Result<TokenRevocation, Denied> {
    let found = transaction
        .query_row(&format!("{LINE} WHERE name = ?1"), params![name.as_str()], line)
        .optional()?
        .transpose()?
        .ok_or_else(|| Denied::NoSuchToken(name.clone()))?;
    if found.revoked_at.is_some() {
        return Ok(TokenRevocation::Before(found));
    }
    transaction.execute(
        "UPDATE token SET revoked_ms = ?2 WHERE name = ?1",
        params![name.as_str(), now.millis()],
    )?;
    Ok(TokenRevocation::Now(TokenLine { revoked_at: Some(now), ..found }))
}

/// The newest tokens, newest first.
pub(super) fn newest(
    connection: &Connection,
    after: Option<AccessCursor<'_>>,
    limit: u32,
) -> Result<Vec<TokenLine>, Denied> {
    let sql = format!(
        "{LINE} WHERE ?1 IS NULL OR created_ms < ?1 OR (created_ms = ?1 AND name > ?2)
         ORDER BY created_ms DESC, name LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (created, name) = (after.map(|key| key.created_ms), after.map(|key| key.mark));
    let lines = statement.query_map(params![created, name, limit], line)?;
    lines.map(|line| line?).collect()
}

const LINE: &str = "SELECT name, created_ms, expires_ms, revoked_ms FROM token";

fn line(row: &Row<'_>) -> rusqlite::Result<Result<TokenLine, Denied>> {
    let name: String = row.get(0)?;
    let (issued, expires): (i64, i64) = (row.get(1)?, row.get(2)?);
    let revoked: Option<i64> = row.get(3)?;
    let parsed = || -> Result<TokenLine, Denied> {
        Ok(TokenLine {
            name: ActorName::parse(&name)?,
            issued_at: Timestamp::from_millis(issued),
            expires_at: Timestamp::from_millis(expires),
            revoked_at: revoked.map(Timestamp::from_millis),
        })
    };
    Ok(parsed())
}

/// Ends for good the tokens that were issued ahead of the present. Answers their names.
pub(super) fn end_ahead(
    transaction: &Transaction<'_>,
    now: Timestamp,
) -> Result<Vec<ActorName>, Denied> {
    let sql = "UPDATE token SET revoked_ms = ?1 WHERE revoked_ms IS NULL AND created_ms > ?2
               RETURNING name";
    let mut statement = transaction.prepare_cached(sql)?;
    let ahead = params![now.millis(), now.millis().saturating_add(AHEAD_MS_MAX)];
    let names = statement.query_map(ahead, |row| row.get::<_, String>(0))?;
    let mut names = names
        .map(|name| Ok(ActorName::parse(&name?)?))
        .collect::<Result<Vec<ActorName>, Denied>>()?;
    names.sort();
    Ok(names)
}

/// Who holds this token now.
pub(super) fn holder(
    connection: &Connection,
    hash: Hash,
    now: Timestamp,
) -> Result<CredentialHolder, Denied> {
    let row = connection
        .prepare_cached(
            "SELECT name, expires_ms, revoked_ms, created_ms FROM token WHERE sha256 = ?1",
        )?
        .query_row(params![hash.bytes()], |row| {
            let times = (row.get::<_, i64>(1)?, row.get::<_, i64>(3)?);
            Ok((row.get::<_, String>(0)?, times, row.get::<_, Option<i64>>(2)?))
        })
        .optional()?;
    let (name, (expires, issued), revoked) =
        row.ok_or_else(|| Denied::not_signed_in("There is no such token."))?;
    let expires_at = Timestamp::from_millis(expires);
    if revoked.is_some() {
        return Err(Denied::not_signed_in("The token was revoked."));
    }
    if is_ahead(issued, now) {
        return Err(Denied::not_signed_in(AHEAD));
    }
    if now >= expires_at {
        return Err(Denied::not_signed_in("The token has expired."));
    }
    let name = ActorName::parse(&name)?;
    // The role is a constant, not a column: no row can make a token confirm anything.
    let actor = Actor { name, role: ActorRole::Observer, via: CredentialKind::Token };
    Ok(CredentialHolder { actor, expires_at, begun_by: None, proof: None, last_seen: None })
}
