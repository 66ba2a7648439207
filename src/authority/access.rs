//! Who can get in, as lists without a secret in them. Each is limited; the log holds everybody.

use super::{Denied, links};
use crate::model::actor::{ActorRole, Means};
use crate::model::ambient::Timestamp;
use crate::model::link::{
    ACCESS_ROWS_MAX, AccessAnswer, AccountLine, EverybodyAnswer, SessionLine, TokenLine,
};
use crate::model::text::ActorName;
use rusqlite::{Connection, params};

/// The links, and the sessions of one account.
pub(super) fn of_one(
    connection: &Connection,
    name: &ActorName,
    now: Timestamp,
) -> Result<AccessAnswer, Denied> {
    let sessions = sessions(connection, Some(name), now)?;
    Ok(AccessAnswer { sessions, links: links::newest(connection, ACCESS_ROWS_MAX)? })
}

/// Every account, and the newest of everything else.
pub(super) fn of_all(connection: &Connection, now: Timestamp) -> Result<EverybodyAnswer, Denied> {
    Ok(EverybodyAnswer {
        accounts: accounts(connection)?,
        sessions: sessions(connection, None, now)?,
        links: links::newest(connection, ACCESS_ROWS_MAX)?,
        tokens: tokens(connection)?,
    })
}

fn accounts(connection: &Connection) -> Result<Vec<AccountLine>, Denied> {
    let sql = "SELECT name, role, created_ms, removed_ms FROM account ORDER BY name LIMIT ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![ACCESS_ROWS_MAX], |row| {
        let times = (row.get::<_, i64>(2)?, row.get::<_, Option<i64>>(3)?);
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, times))
    })?;
    rows.map(|row| {
        let (name, role, (made, removed)) = row?;
        Ok(AccountLine {
            name: ActorName::parse(&name)?,
            role: ActorRole::parse(&role)?,
            made_at: Timestamp::from_millis(made),
            removed_at: removed.map(Timestamp::from_millis),
        })
    })
    .collect()
}

/// The sessions that were neither ended nor have reached their longest time. One that was not used for
/// too long is listed until then, and opens nothing.
fn sessions(
    connection: &Connection,
    of: Option<&ActorName>,
    now: Timestamp,
) -> Result<Vec<SessionLine>, Denied> {
    let sql =
        "SELECT account.name, account.role, means, session.created_ms, last_seen_ms, expires_ms
               FROM session JOIN account ON account.name = session.account
               WHERE revoked_ms IS NULL AND expires_ms > ?1 AND (?2 IS NULL OR account.name = ?2)
               ORDER BY session.created_ms DESC, session.sha256 LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let of = of.map(ActorName::as_str);
    let rows = statement.query_map(params![now.millis(), of, ACCESS_ROWS_MAX], |row| {
        let times = (row.get::<_, i64>(3)?, row.get::<_, i64>(4)?, row.get::<_, i64>(5)?);
        let who = (row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?);
        Ok((who, times))
    })?;
    rows.map(|row| {
        let ((account, role, by), (began, seen, expires)) = row?;
        Ok(SessionLine {
            account: ActorName::parse(&account)?,
            role: ActorRole::parse(&role)?,
            by: Means::parse(&by)?,
            began_at: Timestamp::from_millis(began),
            seen_at: Timestamp::from_millis(seen),
            expires_at: Timestamp::from_millis(expires),
        })
    })
    .collect()
}

fn tokens(connection: &Connection) -> Result<Vec<TokenLine>, Denied> {
    let sql = "SELECT name, created_ms, expires_ms, revoked_ms FROM token
               ORDER BY created_ms DESC, name LIMIT ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![ACCESS_ROWS_MAX], |row| {
        let times = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, Option<i64>>(3)?);
        Ok((row.get::<_, String>(0)?, times))
    })?;
    rows.map(|row| {
        let (name, (issued, expires, revoked)) = row?;
        Ok(TokenLine {
            name: ActorName::parse(&name)?,
            issued_at: Timestamp::from_millis(issued),
            expires_at: Timestamp::from_millis(expires),
            revoked_at: revoked.map(Timestamp::from_millis),
        })
    })
    .collect()
}
