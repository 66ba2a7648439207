//! Reads one server: by one statement that takes the same form on a primary and on a standby, and by a few
//! that need what a server may not have, such as the right to its files of settings, or the tables of this
//! control plane.

use super::config::{OwnSchema, PostgresConfig};
use super::connection::{Connection, Row, SqlError};
use super::prepare::literal;
use super::reading::{NodeReading, ServerReading};
use super::rights::{self, ExpectedRights};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::time::Duration;

const SERVER: &str = include_str!("reading.sql");
/// The timeline of a server, as one value. Every statement that compares timelines reads it so.
pub(super) const TIMELINE: &str = include_str!("timeline.sql");
const FILES: &str = include_str!("reading_files.sql");
const OWN: &str = include_str!("reading_own.sql");
const DATA_BYTES: &str = "select sum(pg_database_size(oid))::text from pg_database";
/// How many tables of this control plane [`OWN`] reads.
const OWN_TABLES: u64 = 5;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadingDepth<'a> {
    /// Everything; how much the databases hold only where adding it up takes no longer than this.
    Whole(Duration),
    /// What is compared with this reading before. What takes longer is as it was then.
    Again(&'a NodeReading),
}

/// A session, and which statements the server has prepared in it: to plan them takes longer than to run them.
#[derive(Debug)]
pub(super) struct ReadingSession {
    session: Connection,
    prepared: BTreeSet<&'static str>,
}

impl ReadingSession {
    pub(super) fn new(session: Connection) -> Self {
        Self { session, prepared: BTreeSet::new() }
    }

    async fn rows(&mut self, name: &'static str, sql: &str) -> Result<Vec<Row>, SqlError> {
        if !self.prepared.contains(name) {
            self.session.batch(&format!("prepare {name} as {sql}")).await?;
            self.prepared.insert(name);
        }
        self.session.query(&format!("execute {name}"), &[]).await
    }

    async fn json<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        sql: &str,
    ) -> Result<T, ReadError> {
        let form = |why: String| ReadError::Form { why };
        let rows = self.rows(name, sql).await?;
        let [row] = rows.as_slice() else { return Err(form(format!("{} rows", rows.len()))) };
        let text: &str = row.try_get(0).map_err(|error| form(error.to_string()))?;
        serde_json::from_str(text).map_err(|error| form(error.to_string()))
    }
}

/// What is the same in every reading of one cluster.
#[derive(Clone, Debug)]
pub(super) struct ReadingScope {
    sessions_prefix: String,
    operator: String,
    own_schema: OwnSchema,
    server: String,
    rights: String,
}

impl ReadingScope {
    /// What is read for a control plane of this instance with these settings.
    #[must_use]
    pub(super) fn new(instance: &str, config: &PostgresConfig) -> Self {
        let sessions_prefix = format!("aerodb-control/{instance}/");
        let PostgresConfig { observer, operator, own_schema, .. } = config;
        let (observer, operator) = (observer.role.as_str(), operator.role.as_str());
        let expected = ExpectedRights { observer, operator, own_schema: *own_schema };
        Self {
            server: SERVER
                .replace(":sessions", &literal(&sessions_prefix))
                .replace(":timeline", TIMELINE),
            rights: rights::statement(expected),
            operator: operator.to_owned(),
            own_schema: *own_schema,
            sessions_prefix,
        }
    }

    /// What the sessions that read are called.
    #[must_use]
    pub(super) fn application_name(&self) -> String {
        format!("{}observe", self.sessions_prefix)
    }

    /// Reads everything that a server says of itself. Changes nothing.
    ///
    /// # Errors
    /// When what every server says could not be read, in the words of its kind. What only some say is in
    /// the reading as what could not be read.
    pub(super) async fn read(
        &self,
        session: &mut ReadingSession,
        depth: ReadingDepth<'_>,
    ) -> Result<NodeReading, ReadError> {
        let ServerReading { pinned, moving } = session.json("reading", &self.server).await?;
        let files = if pinned.files_readable {
            optional(session.json("files", FILES).await)?
        } else {
            Err("the observer's role may not read pg_file_settings".to_owned())
        };
        let own = match (self.own_schema, pinned.own_tables) {
            (OwnSchema::Present, OWN_TABLES) => optional(session.json("own", OWN).await)?,
            (OwnSchema::Present, _) => Err("the tables of this control plane are not there, or \
                                            the observer's role may not read them"
                .to_owned()),
            (OwnSchema::Refused, _) => {
                Err("the settings say that there is no schema of this control plane".to_owned())
            }
        };
        let (rights, data_bytes) = match depth {
            ReadingDepth::Again(before) => (before.rights.clone(), before.data_bytes.clone()),
            ReadingDepth::Whole(limit) => {
                (self.rights(session).await?, data_bytes(session, limit).await?)
            }
        };
        Ok(NodeReading { pinned, moving, files, own, rights, data_bytes })
    }

    /// What the role that carries out orders lacks.
    async fn rights(
        &self,
        session: &mut ReadingSession,
    ) -> Result<Result<Vec<String>, String>, ReadError> {
        let rows = session.rows("rights", &self.rights).await.map_err(ReadError::from);
        let form = |error: tokio_postgres::Error| ReadError::Form { why: error.to_string() };
        let lacking = rows.and_then(|rows| {
            let mut lacking = Vec::new();
            for row in rows {
                let is_excess: bool = row.try_get(0).map_err(form)?;
                let role: &str = row.try_get(1).map_err(form)?;
                let right: &str = row.try_get(2).map_err(form)?;
                if !is_excess && role == self.operator {
                    lacking.push(right.to_owned());
                }
            }
            lacking.sort();
            Ok(lacking)
        });
        optional(lacking)
    }
}

/// Why a server was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    /// The statement has no result.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// What it answered is not what it was asked for.
    #[error("its answer cannot be read: {why}")]
    Form {
        /// What is wrong with it.
        why: String,
    },
}

/// Adds up what the databases hold. The server looks at every file for that, so it is given up sooner than
/// everything else: that it takes long says nothing against the server.
async fn data_bytes(
    session: &mut ReadingSession,
    limit: Duration,
) -> Result<Result<u64, String>, ReadError> {
    let limit = limit.as_millis().max(1);
    session.session.batch(&format!("set statement_timeout = {limit}")).await?;
    let size = optional(session.json("sizes", DATA_BYTES).await)?;
    session.session.batch("reset statement_timeout").await?;
    Ok(size)
}

/// What the server refused, or answered in another form, is a gap; a session that ended is no reading.
fn optional<T>(read: Result<T, ReadError>) -> Result<Result<T, String>, ReadError> {
    match read {
        Ok(value) => Ok(Ok(value)),
        Err(error @ (ReadError::Sql(SqlError::Refused { .. }) | ReadError::Form { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error),
    }
}
