//! What the tables say of who may act, as it is stored, so that the records can be held against it
//! (C9.5). Reads only, and judges nothing.

use super::sessions::LASTS_MS;
use super::{Credential, Denied, HashedPassword, Secret};
use crate::model::action::ActionId;
use crate::model::actor::ProviderIdentity;
use crate::model::canonical::{Hash, canonical_json};
use rusqlite::{Connection, OptionalExtension as _, Row};

/// An account, as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// Unique account name; never used for another one.
    pub name: String,
    /// The word of its role.
    pub role: String,
    /// The mark of its password, where it signs in with one.
    pub password: Option<Hash>,
    /// Who signs in with it by the word of a provider.
    pub identity: Option<ProviderIdentity>,
    /// Whether it was removed.
    pub is_removed: bool,
}

/// A token of a program, as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Unique token name; never used for another one.
    pub name: String,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: i64,
    /// Whether it was withdrawn.
    pub is_revoked: bool,
    /// The mark of its secret.
    pub secret: Hash,
}

/// A link for a stakeholder, as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLink {
    /// The link as records and addresses name it.
    pub id: ActionId,
    /// For whom, or for what.
    pub name: String,
    /// The one action that it shows.
    pub shows: Option<ActionId>,
    /// Account name of the operator that issued it.
    pub issued_by: String,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: i64,
    /// The mark of its secret.
    pub secret: Hash,
    /// The mark of the session that it was exchanged for.
    pub session: Option<Hash>,
    /// Whether that session was ended by whoever held it.
    pub is_ended: bool,
    /// Whether it was withdrawn.
    pub is_revoked: bool,
}

/// A session that was not ended, as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Name of the account that is signed in.
    pub account: String,
    /// The word of what it was begun by.
    pub means: String,
    /// When it began, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it ends at the latest, in milliseconds since 1970.
    pub expires_ms: i64,
    /// Hash of the session secret.
    pub mark: Hash,
}

impl StoredSession {
    /// Whether it ends when a session that began then ends.
    #[must_use]
    pub fn has_its_length(&self) -> bool {
        self.created_ms.checked_add(LASTS_MS) == Some(self.expires_ms)
    }
}

/// Everything that the tables say of who may act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredRights {
    /// All accounts, removed ones too.
    pub accounts: Vec<StoredAccount>,
    /// Identities that belong to no account.
    pub strays: Vec<ProviderIdentity>,
    /// All API tokens, revoked and expired ones too.
    pub tokens: Vec<StoredToken>,
    /// All links, revoked and expired ones too.
    pub links: Vec<StoredLink>,
    /// The sessions that were not ended.
    pub sessions: Vec<StoredSession>,
}

/// Reads the tables.
///
/// # Errors
/// When the file cannot be read.
pub fn stored_rights(connection: &Connection) -> Result<StoredRights, Denied> {
    Ok(StoredRights {
        accounts: rows(
            connection,
            "SELECT name, role, password, removed_ms IS NOT NULL, issuer, subject
             FROM account LEFT JOIN identity ON identity.account = account.name ORDER BY name",
            |row| {
                let identity = row.get::<_, Option<String>>(4)?.zip(row.get(5)?);
                Ok(StoredAccount {
                    name: row.get(0)?,
                    role: row.get(1)?,
                    password: row
                        .get::<_, Option<String>>(2)?
                        .as_deref()
                        .map(|text| Hash::of(text.as_bytes())),
                    is_removed: row.get(3)?,
                    identity: identity
                        .map(|(issuer, subject)| ProviderIdentity { issuer, subject }),
                })
            },
        )?,
        strays: rows(
            connection,
            "SELECT issuer, subject FROM identity
             WHERE account NOT IN (SELECT name FROM account) ORDER BY issuer, subject",
            |row| Ok(ProviderIdentity { issuer: row.get(0)?, subject: row.get(1)? }),
        )?,
        tokens: rows(
            connection,
            "SELECT name, expires_ms, revoked_ms IS NOT NULL, sha256 FROM token ORDER BY name",
            |row| {
                let (name, expires_ms, is_revoked) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(StoredToken { name, expires_ms, is_revoked, secret: mark(&row.get(3)?) })
            },
        )?,
        links: rows(
            connection,
            "SELECT id, name, shows, issued_by, expires_ms, session, ended_ms IS NOT NULL,
                    revoked_ms IS NOT NULL, sha256 FROM link ORDER BY id",
            link,
        )?,
        sessions: rows(
            connection,
            &format!("{SESSION} WHERE revoked_ms IS NULL ORDER BY account, created_ms, sha256"),
            session,
        )?,
    })
}

fn link(row: &Row<'_>) -> rusqlite::Result<StoredLink> {
    let shows: Option<[u8; 16]> = row.get(2)?;
    Ok(StoredLink {
        id: ActionId::from_bytes(row.get(0)?),
        name: row.get(1)?,
        shows: shows.map(ActionId::from_bytes),
        issued_by: row.get(3)?,
        expires_ms: row.get(4)?,
        session: row.get::<_, Option<[u8; 32]>>(5)?.as_ref().map(mark),
        is_ended: row.get(6)?,
        is_revoked: row.get(7)?,
        secret: mark(&row.get(8)?),
    })
}

const SESSION: &str =
    "SELECT account, means, created_ms, expires_ms, sha256, proved_ms, proved_by FROM session";

/// The mark of a session is over everything of its row but when it was last used and that it ended.
fn session(row: &Row<'_>) -> rusqlite::Result<StoredSession> {
    let (account, means): (String, String) = (row.get(0)?, row.get(1)?);
    let (created_ms, expires_ms): (i64, i64) = (row.get(2)?, row.get(3)?);
    let (secret, proved_ms) = (row.get::<_, [u8; 32]>(4)?, row.get::<_, Option<i64>>(5)?);
    let proved_by: Option<String> = row.get(6)?;
    let whole =
        (hex::encode(secret), &account, &means, created_ms, expires_ms, proved_ms, proved_by);
    let mark = Hash::of(&canonical_json(&whole));
    Ok(StoredSession { account, means, created_ms, expires_ms, mark })
}

/// The mark of the session behind a credential; `None` where it is no session of an account.
///
/// # Errors
/// When the file cannot be read.
pub fn session_mark(
    connection: &Connection,
    credential: &Credential,
) -> Result<Option<Hash>, Denied> {
    let sql = format!("{SESSION} WHERE sha256 = ?1");
    let found = connection.query_row(&sql, [credential.hash().bytes()], session).optional()?;
    Ok(found.map(|session| session.mark))
}

/// The mark of what is stored of a secret: a hash of that, so a record tells nothing about it.
#[must_use]
pub fn secret_mark(secret: &Secret) -> Hash {
    mark(secret.hash().bytes())
}

/// The mark of what is stored of a password. The salt in it keeps guesses from being tried on it.
#[must_use]
pub fn password_mark(stored: &HashedPassword) -> Hash {
    Hash::of(stored.as_str().as_bytes())
}

fn mark(hash: &[u8; 32]) -> Hash {
    Hash::of(hash)
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Denied> {
    let mut statement = connection.prepare(sql)?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}
