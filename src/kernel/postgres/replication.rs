//! The replication protocol of PostgreSQL, as far as three commands need it: which system and timeline a
//! node is on, the history of a timeline, and a base backup.
//!
//! It needs the right of replication and no other. Every wait has a deadline and every message a longest
//! length. Nothing is asked twice: a connection that fails is an error, and whoever wants an answer asks
//! again.

mod startup;
mod stream;
mod timeline;
mod wire;

pub use stream::{BackupPart, BackupStream, BackupTarget, TablespaceSize};
pub use timeline::WalPosition;
pub use wire::NoticeLog;

use super::config::{DatabaseCredential, Deadlines, NodeAddress};
use super::connection::ConnectError;
use rustls::ClientConfig;
use startup::LoginRequest;
use std::io;
use std::str;
use std::sync::Arc;
use std::time::Duration;
pub(super) use timeline::parse_lsn;
use timeline::{parse_history, parse_number};
use tokio::time::timeout;
use wire::{MessageStream, TextRow};

/// Why the replication protocol gave no answer. Only [`ReplicationError::Refused`] is the word of the
/// server; the others prove nothing of what it did. None holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicationError {
    /// The server answered with an error.
    #[error("the server refuses: {code}: {message}")]
    Refused {
        /// Its SQLSTATE.
        code: String,
        /// Its words.
        message: String,
    },
    /// The connection could not be made, or ended.
    #[error("the connection was lost: {why}")]
    Lost {
        /// What the system says.
        why: String,
    },
    /// Nothing came for too long.
    #[error("nothing came for {} ms, while {doing}", after.as_millis())]
    Deadline {
        /// What was being done.
        doing: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The other side sent what the protocol does not allow there, or what is too long.
    #[error("the server sent {what}")]
    Unexpected {
        /// What.
        what: String,
    },
}

impl ReplicationError {
    fn lost(error: &io::Error) -> Self {
        Self::Lost { why: error.to_string() }
    }

    /// The SQLSTATE, where the server answered.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Which system a node belongs to, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemIdentity {
    /// The system identifier, which all copies of one cluster have in common.
    pub system_identifier: u64,
    /// The timeline, and on a primary how far its WAL is flushed, on a standby how far it is received.
    pub position: WalPosition,
}

/// A connection that speaks the replication protocol.
#[derive(Debug)]
pub struct ReplicationClient {
    wire: MessageStream,
    backend_pid: i32,
    order: Duration,
}

impl ReplicationClient {
    /// Signs in. After that no answer is awaited for longer than the deadline of an order, and of a base
    /// backup no part of it.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn connect(
        node: &NodeAddress,
        credential: &DatabaseCredential,
        encryption: Option<Arc<ClientConfig>>,
        deadlines: Deadlines,
        application_name: &str,
    ) -> Result<Self, ConnectError> {
        let (role, password) = (credential.role.as_str(), credential.password()?);
        let Deadlines { connect: after, order, .. } = deadlines;
        let silence = after;
        let request = LoginRequest { node, role, password, application_name, encryption, silence };
        let signed_in = timeout(after, startup::sign_in(&request)).await;
        let (wire, backend_pid) = signed_in.map_err(|_| ConnectError::Deadline { after })??;
        Ok(Self { wire, backend_pid, order })
    }

    /// The process of the server that serves this connection.
    #[must_use]
    pub fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    /// Which system the node belongs to, its timeline, and how far it is.
    ///
    /// # Errors
    /// When the server refuses or does not answer in time, or its answer is none.
    pub async fn identify_system(&mut self) -> Result<SystemIdentity, ReplicationError> {
        let rows = self.query("asking which system it is", "IDENTIFY_SYSTEM").await?;
        let row = only(&rows)?;
        let system_identifier = number(row, 0)?;
        Ok(SystemIdentity { system_identifier, position: wal_position(row, 2, 1)? })
    }

    /// Where each timeline before this one ended, oldest first. The first timeline has none before it,
    /// and nobody is asked.
    ///
    /// # Errors
    /// When the server refuses, as it does where it has no such history; when it does not answer in time;
    /// when what it sends is no history of that timeline.
    pub async fn timeline_history(
        &mut self,
        timeline: u32,
    ) -> Result<Vec<WalPosition>, ReplicationError> {
        if timeline == 1 {
            return Ok(Vec::new());
        }
        let command = format!("TIMELINE_HISTORY {timeline}");
        let rows = self.query("asking for the history of a timeline", &command).await?;
        let row = only(&rows)?;
        match (field(row, 0)?, row.get(1)) {
            (name, Some(Some(contents))) if name == format!("{timeline:08X}.history") => {
                parse_history(timeline, contents)
            }
            _ => Err(ReplicationError::Unexpected { what: "another history".to_owned() }),
        }
    }

    /// A setting that is in force, as the server writes it.
    ///
    /// # Errors
    /// When the server refuses, or does not answer in time.
    pub(super) async fn setting(&mut self, name: &'static str) -> Result<String, ReplicationError> {
        let rows = self.query("asking for a setting", &format!("SHOW {name}")).await?;
        field(only(&rows)?, 0).map(str::to_owned)
    }

    /// What the server said beside its answers since this was last asked.
    pub fn take_notices(&mut self) -> NoticeLog {
        self.wire.take_notices()
    }

    /// Takes leave of the server.
    pub async fn close(self) {
        self.wire.close().await;
    }

    /// The rows that a command answers with, within the deadline of an order.
    async fn query(
        &mut self,
        doing: &'static str,
        command: &str,
    ) -> Result<Vec<TextRow>, ReplicationError> {
        let wire = &mut self.wire;
        wire.set_silence(self.order);
        let answer = timeout(self.order, async {
            wire.command(doing, command).await?;
            let rows = wire.result(doing).await?;
            wire.ready(doing).await?;
            Ok(rows)
        });
        match answer.await {
            Ok(rows) => rows,
            // Its answer may still come, and would be taken for that of the next command.
            Err(_) => {
                self.wire.judged(Err(ReplicationError::Deadline { doing, after: self.order }))
            }
        }
    }
}

/// The one row of a result.
fn only(rows: &[TextRow]) -> Result<&TextRow, ReplicationError> {
    match rows {
        [row] => Ok(row),
        rows => Err(ReplicationError::Unexpected {
            what: format!("{} rows where one belongs", rows.len()),
        }),
    }
}

fn text(value: &[u8]) -> Result<&str, ReplicationError> {
    str::from_utf8(value)
        .map_err(|_| ReplicationError::Unexpected { what: "a value that is no text".to_owned() })
}

fn field(row: &TextRow, column: usize) -> Result<&str, ReplicationError> {
    match row.get(column) {
        Some(Some(value)) => text(value),
        _ => Err(ReplicationError::Unexpected { what: "a row without a value".to_owned() }),
    }
}

fn number<T: str::FromStr>(row: &TextRow, column: usize) -> Result<T, ReplicationError> {
    let value = field(row, column)?;
    parse_number(value)
        .ok_or_else(|| ReplicationError::Unexpected { what: format!("{value:?} for a number") })
}

fn wal_position(
    row: &TextRow,
    lsn: usize,
    timeline: usize,
) -> Result<WalPosition, ReplicationError> {
    let value = field(row, lsn)?;
    let position = parse_lsn(value)
        .ok_or_else(|| ReplicationError::Unexpected { what: format!("{value:?} for an LSN") })?;
    Ok(WalPosition { timeline: number(row, timeline)?, lsn: position })
}
