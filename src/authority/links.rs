//! Links for stakeholders: a secret that is exchanged once for a session that only looks (C10.2).
//!
//! A link is opened by a page and exchanged by the form on it. A program that follows links, such as the
//! scanner of a mail server, sends no form and so uses none up. The exchange makes another secret: the
//! link itself, in a mailbox or a history, opens nothing any more. There is one session to a link, and
//! both end with the row, so a revoked link has no session that outlives it.

use super::access::AccessCursor;
use super::credential::{Purpose, hash_of};
use super::sessions::{AHEAD, AHEAD_MS_MAX, is_ahead};
use super::{Carrier, Denied, Secret, accounts};
use crate::model::action::ActionId;
use crate::model::actor::{Actor, ActorRole, CredentialKind};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::canonical::Hash;
use crate::model::link::{LINK_LASTS_MS_MAX, LinkLine};
use crate::model::text::{ActorName, InputError};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct LinkRequest {
    /// The id, made before it is sent: the same link under the same id is one link (C7.2).
    pub id: ActionId,
    /// For whom, or for what.
    pub name: ActorName,
    /// The one action that it shows beside the cluster and the timeline.
    pub shows: Option<ActionId>,
    /// How long it lasts, in milliseconds.
    pub lasts_ms: i64,
}

/// What came of it.
#[derive(Debug)]
pub enum IssuedLink {
    /// A link, with the secret that opens it; it cannot be shown again.
    New(LinkLine, Secret),
    /// The same link was issued before. Its secret is not known any more.
    Before(LinkLine),
}

/// Issues a link. Its name is one that no account, no token and no other link ever had, because
/// records name its holder by it.
///
/// # Errors
/// When it would last no time or longer than [`LINK_LASTS_MS_MAX`], the name is taken, or the id
/// stands for another link.
pub fn issue(
    transaction: &Transaction<'_>,
    operator: &ActorName,
    wanted: LinkRequest,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<IssuedLink, Denied> {
    let LinkRequest { id, name, shows, lasts_ms } = wanted;
    if let Some(known) = find(transaction, id)? {
        let lasts = known.expires_at.millis() - known.issued_at.millis();
        let is_same = (&known.name, known.shows, &known.issued_by, lasts)
            == (&name, shows, operator, lasts_ms);
        return if is_same { Ok(IssuedLink::Before(known)) } else { Err(Denied::LinkReused(id)) };
    }
    if !(1..=LINK_LASTS_MS_MAX).contains(&lasts_ms) {
        let found = format!("{} minutes", lasts_ms / (60 * 1000));
        return Err(InputError::new("expires", &found, "more than no time and up to 7 days").into());
    }
    accounts::check_name(transaction, &name)?;
    let secret = Secret::new(Purpose::Link, entropy);
    let expires_at = now.plus_millis(lasts_ms);
    transaction.execute(
        "INSERT INTO link (id, name, shows, issued_by, sha256, created_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            id.bytes(),
            name.as_str(),
            shows.as_ref().map(|id| id.bytes().as_slice()),
            operator.as_str(),
            secret.hash().bytes(),
            now.millis(),
            expires_at.millis()
        ],
    )?;
    let line = LinkLine {
        id,
        name,
        shows,
        issued_by: operator.clone(),
        issued_at: now,
        expires_at,
        used_at: None,
        ended_at: None,
        revoked_at: None,
    };
    Ok(IssuedLink::New(line, secret))
}

/// The session that a link was exchanged for.
#[derive(Debug)]
pub struct LinkSession {
    /// The link that was used up.
    pub id: ActionId,
    /// The secret for the cookie.
    pub secret: Secret,
    /// Who holds it, as records name them.
    pub actor: Actor,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
}

/// Uses a link up and makes its one session.
///
/// # Errors
/// [`Denied::LinkSpent`], which says the same of a link that never was, was used, was revoked or has
/// ended.
pub fn redeem(
    transaction: &Transaction<'_>,
    link: &str,
    carrier: Carrier,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<LinkSession, Denied> {
    let given = hash_of(Purpose::Link, link).ok_or(Denied::LinkSpent)?;
    let found = transaction
        .query_row(&format!("{LINE} WHERE sha256 = ?1"), params![given.bytes()], line)
        .optional()?
        .transpose()?
        .ok_or(Denied::LinkSpent)?;
    let is_good = found.used_at.is_none()
        && found.revoked_at.is_none()
        && !is_ahead(found.issued_at.millis(), now)
        && now < found.expires_at;
    if !is_good {
        return Err(Denied::LinkSpent);
    }
    let secret = Secret::new(Purpose::stakeholder(carrier), entropy);
    transaction.execute(
        "UPDATE link SET session = ?2, used_ms = ?3 WHERE id = ?1 AND session IS NULL",
        params![found.id.bytes(), secret.hash().bytes(), now.millis()],
    )?;
    Ok(LinkSession { id: found.id, secret, actor: actor(found.name), expires_at: found.expires_at })
}

/// What a revocation did.
#[derive(Debug)]
pub enum LinkRevocation {
    /// The link and its session have ended.
    Now(LinkLine),
    /// They had ended by an earlier revocation.
    Before(LinkLine),
}

/// Withdraws a link: neither it nor its session works from the next request on. One that expired can
/// be revoked too; it says that nobody shall use it.
///
/// # Errors
/// [`Denied::NoSuchLink`].
pub fn revoke(
    transaction: &Transaction<'_>,
    id: ActionId,
    now: Timestamp,
) -> Result<LinkRevocation, Denied> {
    let line = find(transaction, id)?.ok_or(Denied::NoSuchLink(id))?;
    if line.revoked_at.is_some() {
        return Ok(LinkRevocation::Before(line));
    }
    transaction.execute(
        "UPDATE link SET revoked_ms = ?2 WHERE id = ?1",
        params![id.bytes(), now.millis()],
    )?;
    Ok(LinkRevocation::Now(LinkLine { revoked_at: Some(now), ..line }))
}

/// Who holds the session of a link that has not ended.
pub(super) struct LinkGuest {
    pub(super) actor: Actor,
    pub(super) shows: Option<ActionId>,
    pub(super) expires_at: Timestamp,
}

/// Who holds this session now. Asked for every request, so a revocation holds from the next one on.
pub(super) fn holder(
    connection: &Connection,
    hash: Hash,
    now: Timestamp,
) -> Result<LinkGuest, Denied> {
    let found = connection
        .prepare_cached(&format!("{LINE} WHERE session = ?1"))?
        .query_row(params![hash.bytes()], line)
        .optional()?
        .transpose()?;
    let line = found.ok_or_else(|| Denied::not_signed_in("There is no such session."))?;
    if line.revoked_at.is_some() {
        return Err(Denied::not_signed_in("The link was withdrawn."));
    }
    if line.ended_at.is_some() {
        return Err(Denied::not_signed_in("The session was ended."));
    }
    let latest = line.used_at.map_or(line.issued_at, |used| used.max(line.issued_at));
    if is_ahead(latest.millis(), now) {
        return Err(Denied::not_signed_in(AHEAD));
    }
    if now >= line.expires_at {
        return Err(Denied::not_signed_in("The link has ended."));
    }
    Ok(LinkGuest { actor: actor(line.name), shows: line.shows, expires_at: line.expires_at })
}

/// Ends for good the links that were issued or used ahead of the present. Answers their ids.
pub(super) fn end_ahead(
    transaction: &Transaction<'_>,
    now: Timestamp,
) -> Result<Vec<ActionId>, Denied> {
    let sql = "UPDATE link SET revoked_ms = ?1
               WHERE revoked_ms IS NULL AND (created_ms > ?2 OR used_ms > ?2) RETURNING id";
    let mut statement = transaction.prepare_cached(sql)?;
    let ahead = params![now.millis(), now.millis().saturating_add(AHEAD_MS_MAX)];
    let ids = statement.query_map(ahead, |row| row.get::<_, [u8; 16]>(0))?;
    let mut ids =
        ids.map(|id| Ok(ActionId::from_bytes(id?))).collect::<Result<Vec<ActionId>, Denied>>()?;
    ids.sort();
    Ok(ids)
}

/// Ends the one session of a link, by whoever holds it. There is no other: the link was used up by it.
pub(super) fn end(
    transaction: &Transaction<'_>,
    session: Hash,
    now: Timestamp,
) -> Result<Actor, Denied> {
    let guest = holder(transaction, session, now)?;
    transaction.execute(
        "UPDATE link SET ended_ms = ?2 WHERE session = ?1",
        params![session.bytes(), now.millis()],
    )?;
    Ok(guest.actor)
}

/// The newest links, newest first.
pub(super) fn newest(
    connection: &Connection,
    after: Option<AccessCursor<'_>>,
    limit: u32,
) -> Result<Vec<LinkLine>, Denied> {
    let parsed = |key: AccessCursor<'_>| match ActionId::parse(key.mark) {
        Ok(id) => Ok((key.created_ms, id)),
        Err(error) => Err(InputError::new("after", key.mark, error.required)),
    };
    let after = after.map(parsed).transpose()?;
    let sql = format!(
        "{LINE} WHERE ?1 IS NULL OR created_ms < ?1 OR (created_ms = ?1 AND id > ?2)
         ORDER BY created_ms DESC, id LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let created = after.map(|(created_ms, _)| created_ms);
    let id = after.as_ref().map(|(_, id)| id.bytes().as_slice());
    let lines = statement.query_map(params![created, id, limit], line)?;
    lines.map(|line| line?).collect()
}

fn find(connection: &Connection, id: ActionId) -> Result<Option<LinkLine>, Denied> {
    let sql = format!("{LINE} WHERE id = ?1");
    connection.query_row(&sql, params![id.bytes()], line).optional()?.transpose()
}

/// The role is a constant, not a column: no row can make a link more than it is.
fn actor(name: ActorName) -> Actor {
    Actor { name, role: ActorRole::Stakeholder, via: CredentialKind::Link }
}

const LINE: &str = "SELECT id, name, shows, issued_by, created_ms, expires_ms, used_ms, revoked_ms, \
     ended_ms FROM link";

fn line(row: &Row<'_>) -> rusqlite::Result<Result<LinkLine, Denied>> {
    let time = |at: Option<i64>| at.map(Timestamp::from_millis);
    let (name, issued_by) = (row.get::<_, String>(1)?, row.get::<_, String>(3)?);
    let shows: Option<[u8; 16]> = row.get(2)?;
    let (id, issued, expires) = (row.get(0)?, row.get(4)?, row.get(5)?);
    let (used_at, revoked_at) = (time(row.get(6)?), time(row.get(7)?));
    let ended_at = time(row.get(8)?);
    let parsed = || -> Result<LinkLine, Denied> {
        Ok(LinkLine {
            id: ActionId::from_bytes(id),
            name: ActorName::parse(&name)?,
            shows: shows.map(ActionId::from_bytes),
            issued_by: ActorName::parse(&issued_by)?,
            issued_at: Timestamp::from_millis(issued),
            expires_at: Timestamp::from_millis(expires),
            used_at,
            ended_at,
            revoked_at,
        })
    };
    Ok(parsed())
}
