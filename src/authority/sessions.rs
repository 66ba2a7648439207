//! Sessions of people: from signing in to signing out, or to the end of their time.

use super::credential::{CredentialHolder, Purpose};
use super::{Credential, Denied, Proven, Secret, accounts, links};
use crate::model::actor::{
    Actor, ActorRole, AuthMethod, CredentialKind, ReauthMethod, Reauthentication,
};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::canonical::Hash;
use crate::model::text::{ActorName, InputError};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// How long a session lasts at most, in milliseconds: a shift.
pub const LASTS_MS: i64 = 12 * HOUR_MS;
/// How long an operator may be away, in milliseconds.
pub const OPERATOR_IDLE_MS: i64 = 60 * MINUTE_MS;
/// How long anybody else may be away, in milliseconds: a screen on a wall is not touched.
pub const IDLE_MS: i64 = 8 * HOUR_MS;
/// How often the use of a session is noted, in milliseconds; it is that much less exact.
pub const NOTE_EVERY_MS: i64 = MINUTE_MS;
/// How far the clock may have gone back since something was issued or used, in milliseconds: a clock that
/// is kept by another one is put right by less. What lies further ahead of the present has ended.
pub const AHEAD_MS_MAX: i64 = 10 * 1000;
/// Sessions of one account at the same time. The next one ends the oldest.
pub const PER_ACCOUNT_MAX: u32 = 10;

/// A session that has just begun.
#[derive(Debug)]
pub struct StartedSession {
    /// The secret for the cookie or the command line.
    pub secret: Secret,
    /// Who it belongs to, with the role of this moment.
    pub actor: Actor,
    /// By what the person proved to have the account.
    pub by: AuthMethod,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// How many older sessions of the account ended, because there were [`PER_ACCOUNT_MAX`] already.
    pub ended: u64,
}

/// Begins a session. Sessions of the account whose time is over are forgotten.
///
/// # Errors
/// [`Denied::SignInFailed`] when the account is gone by now.
pub fn start(
    transaction: &Transaction<'_>,
    proven: Proven,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<StartedSession, Denied> {
    let (name, by, proof) = (proven.name().clone(), proven.by(), proven.proof(now));
    let purpose = Purpose::session(proven.carrier());
    drop(proven);
    let role = accounts::role_of(transaction, &name)?.ok_or(Denied::SignInFailed)?;
    let secret = Secret::new(purpose, entropy);
    let expires_at = now.plus_millis(LASTS_MS);
    transaction.execute(
        "DELETE FROM session WHERE account = ?1 AND expires_ms <= ?2",
        params![name.as_str(), now.millis()],
    )?;
    transaction.execute(
        "INSERT INTO session (sha256, account, means, created_ms, last_seen_ms, expires_ms,
                              proved_ms, proved_by)
         VALUES (?1, ?2, ?5, ?3, ?3, ?4, ?6, ?7)",
        params![
            secret.hash().bytes(),
            name.as_str(),
            now.millis(),
            expires_at.millis(),
            by.word(),
            proof.map(|proof| proof.at.millis()),
            proof.map(|proof| proof.by.word()),
        ],
    )?;
    let ended = transaction.execute(
        "UPDATE session SET revoked_ms = ?2 WHERE sha256 IN (
             SELECT sha256 FROM session WHERE account = ?1 AND revoked_ms IS NULL AND sha256 <> ?3
             ORDER BY created_ms DESC, sha256 LIMIT -1 OFFSET ?4)",
        params![name.as_str(), now.millis(), secret.hash().bytes(), PER_ACCOUNT_MAX - 1],
    )?;
    let ended = u64::try_from(ended).unwrap_or(u64::MAX);
    Ok(StartedSession {
        secret,
        actor: Actor { name, role, via: CredentialKind::Session },
        by,
        expires_at,
        ended,
    })
}

/// Signs out: the session never works again, whether it is one of an account or one of a link. Answers who
/// it belonged to.
///
/// # Errors
/// [`Denied::NotSignedIn`] when it had ended already, or is no session.
pub fn end(
    transaction: &Transaction<'_>,
    credential: &Credential,
    now: Timestamp,
) -> Result<Actor, Denied> {
    if credential.stakeholder(transaction, now)?.is_some() {
        return links::end(transaction, credential.hash(), now);
    }
    let actor = credential.holder(transaction, now)?.actor;
    let ended = transaction.execute(
        "UPDATE session SET revoked_ms = ?2 WHERE sha256 = ?1 AND revoked_ms IS NULL",
        params![credential.hash().bytes(), now.millis()],
    )?;
    if ended == 0 {
        return Err(Denied::not_signed_in("A token is no session; it can be revoked."));
    }
    Ok(actor)
}

/// Ends every session of an account, also one that looks expired: a clock that is ahead says so of each,
/// and is put right later. Answers how many there were.
///
/// # Errors
/// When the store refuses.
pub(super) fn end_all(
    transaction: &Transaction<'_>,
    name: &ActorName,
    now: Timestamp,
) -> Result<u64, Denied> {
    let ended = transaction.execute(
        "UPDATE session SET revoked_ms = ?2 WHERE account = ?1 AND revoked_ms IS NULL",
        params![name.as_str(), now.millis()],
    )?;
    Ok(u64::try_from(ended).unwrap_or(u64::MAX))
}

/// Notes that a session was in use. One that was ended meanwhile stays ended.
pub(super) fn note(
    transaction: &Transaction<'_>,
    credential: &Credential,
    now: Timestamp,
) -> Result<(), Denied> {
    transaction.execute(
        "UPDATE session SET last_seen_ms = max(last_seen_ms, ?2) WHERE sha256 = ?1",
        params![credential.hash().bytes(), now.millis()],
    )?;
    Ok(())
}

/// Whose session it is, and by what it was begun.
pub(super) fn begun_by(
    connection: &Connection,
    hash: Hash,
) -> Result<Option<(ActorName, AuthMethod)>, Denied> {
    let found = connection
        .prepare_cached("SELECT account, means FROM session WHERE sha256 = ?1")?
        .query_row(params![hash.bytes()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let parsed =
        |(name, by): (String, String)| Ok((ActorName::parse(&name)?, AuthMethod::parse(&by)?));
    found.map(parsed).transpose()
}

/// Whether this lies ahead of the present: it was made under a clock that was ahead, or the clock was put
/// back since. How old it is cannot be told, so it has ended (C6.1).
pub(super) fn is_ahead(at_ms: i64, now: Timestamp) -> bool {
    at_ms > now.millis().saturating_add(AHEAD_MS_MAX)
}

/// What whoever holds such a thing is told.
pub(super) const AHEAD: &str =
    "It was issued or used at a time that is yet to come: the clock was put back. It has ended.";

/// Ends for good what lies ahead of the present, and every session where `clock` went back meanwhile:
/// how long those have lasted is not known. Answers how many they were.
pub(super) fn end_ahead(
    transaction: &Transaction<'_>,
    every: bool,
    now: Timestamp,
) -> Result<u64, Denied> {
    let ended = transaction.execute(
        "UPDATE session SET revoked_ms = ?1 WHERE revoked_ms IS NULL AND (?3 OR created_ms > ?2
             OR last_seen_ms > ?2 OR (proved_ms > ?2 AND proved_by <> 'provider'))",
        params![now.millis(), now.millis().saturating_add(AHEAD_MS_MAX), every],
    )?;
    Ok(u64::try_from(ended).unwrap_or(u64::MAX))
}

/// Who holds this session now. The role is the one that the account has now.
pub(super) fn holder(
    connection: &Connection,
    hash: Hash,
    now: Timestamp,
) -> Result<CredentialHolder, Denied> {
    let row = connection
        .prepare_cached(
            "SELECT account.name, account.role, last_seen_ms, expires_ms, revoked_ms,
                    proved_ms, proved_by, means, session.created_ms, account.removed_ms
             FROM session JOIN account ON account.name = session.account WHERE sha256 = ?1",
        )?
        .query_row(params![hash.bytes()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, Option<i64>>(4)?,
                row.get::<_, Option<i64>>(5)?.zip(row.get::<_, Option<String>>(6)?),
                row.get::<_, String>(7)?,
                (row.get::<_, i64>(8)?, row.get::<_, Option<i64>>(9)?),
            ))
        })
        .optional()?;
    let (name, role, seen, expires, revoked, proved, means, (began, removed)) =
        row.ok_or_else(|| Denied::not_signed_in("There is no such session. Sign in again."))?;
    let role = ActorRole::parse(&role)?;
    let idle_ms = match role {
        ActorRole::Operator => OPERATOR_IDLE_MS,
        ActorRole::Observer | ActorRole::Auditor | ActorRole::Stakeholder => IDLE_MS,
    };
    let last_seen = Timestamp::from_millis(seen);
    let expires_at = Timestamp::from_millis(expires);
    if revoked.is_some() {
        return Err(Denied::not_signed_in("The session was ended. Sign in again."));
    }
    if removed.is_some() {
        return Err(Denied::not_signed_in("The account was removed."));
    }
    // A provider says when somebody proved who they are by a clock of its own.
    let proved_here = proved.as_ref().filter(|(_, by)| by != ReauthMethod::Provider.word());
    let latest = proved_here.map_or(seen, |(at, _)| seen.max(*at)).max(began);
    if is_ahead(latest, now) {
        return Err(Denied::not_signed_in(AHEAD));
    }
    if now >= expires_at {
        return Err(Denied::not_signed_in("The session reached its longest time. Sign in again."));
    }
    if now >= last_seen.plus_millis(idle_ms) {
        return Err(Denied::not_signed_in("The session was not used for too long. Sign in again."));
    }
    let actor = Actor { name: ActorName::parse(&name)?, role, via: CredentialKind::Session };
    let proof = proved.map(|(at, by)| -> Result<Reauthentication, InputError> {
        Ok(Reauthentication { at: Timestamp::from_millis(at), by: ReauthMethod::parse(&by)? })
    });
    let (proof, begun_by) = (proof.transpose()?, Some(AuthMethod::parse(&means)?));
    Ok(CredentialHolder { actor, expires_at, begun_by, proof, last_seen: Some(last_seen) })
}
