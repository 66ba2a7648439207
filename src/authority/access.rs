//! Who can get in, as lists without a secret in them, each paged by a key; the log holds everybody.

use super::{Denied, links, sessions, tokens};
use crate::model::access_list::{AccessList, AccessPart, More};
use crate::model::actor::{ActorRole, AuthMethod};
use crate::model::ambient::Timestamp;
use crate::model::link::{
    ACCESS_ROWS_MAX, AccessAnswer, AccountLine, EverybodyAnswer, LinkLine, SessionLine, TokenLine,
};
use crate::model::text::{ActorName, InputError};
use rusqlite::{Connection, params};

/// One row more than a page has tells that there are more.
const LIMIT: u32 = ACCESS_ROWS_MAX + 1;
/// How much of the hash of a session stands in a key, in hexadecimal digits: enough to tell two apart.
const MARK_CHARS: u32 = 16;

/// What is read: all lists from their beginnings, or a part of one.
struct AccessQuery<'a> {
    connection: &'a Connection,
    now: Timestamp,
    part: Option<&'a AccessPart>,
    more: Vec<More>,
}

/// The links, the tokens, and the sessions of one account.
pub(super) fn of_one(
    connection: &Connection,
    name: &ActorName,
    part: Option<&AccessPart>,
    now: Timestamp,
) -> Result<AccessAnswer, Denied> {
    if part.is_some_and(|part| part.list == AccessList::Accounts) {
        let required = "sessions, links or tokens; accounts are shown to an auditor";
        return Err(InputError::new("list", AccessList::Accounts.word(), required).into());
    }
    let mut reading = AccessQuery { connection, now, part, more: Vec::new() };
    Ok(AccessAnswer {
        list: part.map(|part| part.list),
        sessions: reading.sessions(Some(name))?,
        links: reading.links()?,
        tokens: reading.tokens()?,
        more: reading.more,
    })
}

/// Every account, and everything else.
pub(super) fn of_all(
    connection: &Connection,
    part: Option<&AccessPart>,
    now: Timestamp,
) -> Result<EverybodyAnswer, Denied> {
    let mut reading = AccessQuery { connection, now, part, more: Vec::new() };
    Ok(EverybodyAnswer {
        list: part.map(|part| part.list),
        accounts: reading.accounts()?,
        sessions: reading.sessions(None)?,
        links: reading.links()?,
        tokens: reading.tokens()?,
        more: reading.more,
    })
}

/// The key of a list of the newest: when a row was made, and what tells it from others of that moment.
#[derive(Clone, Copy)]
pub(super) struct AccessCursor<'a> {
    pub(super) created_ms: i64,
    pub(super) mark: &'a str,
}

impl<'a> AccessCursor<'a> {
    fn parse(key: &'a str) -> Result<Self, InputError> {
        let parsed = key.split_once('.').and_then(|(created, mark)| {
            created.parse().ok().map(|created_ms| Self { created_ms, mark })
        });
        parsed.ok_or_else(|| InputError::new("after", key, "a key that an answer named in more"))
    }

    fn of(created: Timestamp, mark: impl std::fmt::Display) -> String {
        format!("{}.{mark}", created.millis())
    }
}

impl<'a> AccessQuery<'a> {
    /// Whether a list is wanted.
    fn wants(&self, list: AccessList) -> bool {
        self.part.is_none_or(|part| part.list == list)
    }

    /// The key that the one list begins after.
    fn after(&self) -> Option<&'a str> {
        self.part.and_then(|part| part.after.as_deref())
    }

    /// The rows of a page, without the one that tells that there are more.
    fn cut<T>(&mut self, list: AccessList, rows: Vec<(String, T)>) -> Vec<T> {
        let most = usize::try_from(ACCESS_ROWS_MAX).unwrap_or(usize::MAX);
        if rows.len() > most
            && let Some((after, _)) = rows.get(most - 1)
        {
            self.more.push(More { list, after: after.clone() });
        }
        rows.into_iter().take(most).map(|(_, row)| row).collect()
    }

    fn accounts(&mut self) -> Result<Vec<AccountLine>, Denied> {
        if !self.wants(AccessList::Accounts) {
            return Ok(Vec::new());
        }
        let sql = "SELECT name, role, created_ms, removed_ms FROM account WHERE name > ?1
                   ORDER BY name LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows =
            statement.query_map(params![self.after().unwrap_or_default(), LIMIT], |row| {
                let times = (row.get::<_, i64>(2)?, row.get::<_, Option<i64>>(3)?);
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, times))
            })?;
        let lines: Result<Vec<_>, Denied> = rows
            .map(|row| {
                let (name, role, (made, removed)) = row?;
                let line = AccountLine {
                    name: ActorName::parse(&name)?,
                    role: ActorRole::parse(&role)?,
                    made_at: Timestamp::from_millis(made),
                    removed_at: removed.map(Timestamp::from_millis),
                };
                Ok((name, line))
            })
            .collect();
        Ok(self.cut(AccessList::Accounts, lines?))
    }

    /// The sessions that were neither ended nor have reached their longest time. One that was not used
    /// for too long is listed until then, and opens nothing.
    fn sessions(&mut self, of: Option<&ActorName>) -> Result<Vec<SessionLine>, Denied> {
        if !self.wants(AccessList::Sessions) {
            return Ok(Vec::new());
        }
        let after = self.after().map(AccessCursor::parse).transpose()?;
        let sql = "SELECT account.name, account.role, means, session.created_ms, last_seen_ms,
                          expires_ms, lower(substr(hex(sha256), 1, ?3)) AS mark
                   FROM session JOIN account ON account.name = session.account
                   WHERE revoked_ms IS NULL AND removed_ms IS NULL AND expires_ms > ?1
                       AND session.created_ms <= ?1 + ?7
                       AND (?2 IS NULL OR account.name = ?2)
                       AND (?4 IS NULL OR session.created_ms < ?4
                            OR (session.created_ms = ?4 AND mark > ?5))
                   ORDER BY session.created_ms DESC, mark LIMIT ?6";
        let mut statement = self.connection.prepare_cached(sql)?;
        let (created, mark) = (after.map(|key| key.created_ms), after.map(|key| key.mark));
        let of = of.map(ActorName::as_str);
        let ahead = sessions::AHEAD_MS_MAX;
        let asked = params![self.now.millis(), of, MARK_CHARS, created, mark, LIMIT, ahead];
        let rows = statement.query_map(asked, |row| {
            let times = (row.get::<_, i64>(3)?, row.get::<_, i64>(4)?, row.get::<_, i64>(5)?);
            let who =
                (row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?);
            Ok((who, times, row.get::<_, String>(6)?))
        })?;
        let lines: Result<Vec<_>, Denied> = rows
            .map(|row| {
                let ((account, role, by), (began, seen, expires), mark) = row?;
                let line = SessionLine {
                    account: ActorName::parse(&account)?,
                    role: ActorRole::parse(&role)?,
                    by: AuthMethod::parse(&by)?,
                    began_at: Timestamp::from_millis(began),
                    seen_at: Timestamp::from_millis(seen),
                    expires_at: Timestamp::from_millis(expires),
                };
                Ok((AccessCursor::of(line.began_at, mark), line))
            })
            .collect();
        Ok(self.cut(AccessList::Sessions, lines?))
    }

    fn links(&mut self) -> Result<Vec<LinkLine>, Denied> {
        if !self.wants(AccessList::Links) {
            return Ok(Vec::new());
        }
        let after = self.after().map(AccessCursor::parse).transpose()?;
        let lines = links::newest(self.connection, after, LIMIT)?;
        let keyed = lines.into_iter().map(|line| (AccessCursor::of(line.issued_at, line.id), line));
        Ok(self.cut(AccessList::Links, keyed.collect()))
    }

    fn tokens(&mut self) -> Result<Vec<TokenLine>, Denied> {
        if !self.wants(AccessList::Tokens) {
            return Ok(Vec::new());
        }
        let after = self.after().map(AccessCursor::parse).transpose()?;
        let lines = tokens::newest(self.connection, after, LIMIT)?;
        let keyed =
            lines.into_iter().map(|line| (AccessCursor::of(line.issued_at, &line.name), line));
        Ok(self.cut(AccessList::Tokens, keyed.collect()))
    }
}
