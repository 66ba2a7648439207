//! A base backup as the server sends it: what it is about to send, then an archive and a manifest in parts,
//! then where it ended.

use super::timeline::{WalPosition, parse_number};
use super::wire::TextRow;
use super::{ReplicationClient, ReplicationError, only, text, wal_position};
use crate::model::action::ActionId;
use bytes::{Buf as _, Bytes};
use postgres_protocol::message::backend::Message;
use std::fmt;

const DOING: &str = "waiting for the base backup";
/// The server counts what it will send in units of this many bytes.
const SIZE_UNIT_BYTES: u64 = 1024;

/// Where a base backup goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupTarget {
    /// Here, with a manifest and with the WAL that it needs.
    Client,
    /// Nowhere: the server reads every page, and sends none.
    Blackhole,
}

impl BackupTarget {
    /// The command, labelled with the action that it belongs to. In both the server checks the checksum of
    /// every page, where pages carry one.
    fn command(self, id: ActionId) -> impl fmt::Display {
        let label = format!("LABEL 'aerodb-control {id}', CHECKPOINT 'fast', PROGRESS true");
        match self {
            Self::Client => format!(
                "BASE_BACKUP ({label}, WAL true, WAIT false, MANIFEST 'yes', \
                 MANIFEST_CHECKSUMS 'SHA256', VERIFY_CHECKSUMS true)"
            ),
            Self::Blackhole => format!(
                "BASE_BACKUP ({label}, TARGET 'blackhole', WAIT false, MANIFEST 'no', \
                 VERIFY_CHECKSUMS true)"
            ),
        }
    }
}

/// One part of what the server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPart {
    /// Some bytes of the archive.
    Archive(Bytes),
    /// Some bytes of the manifest.
    Manifest(Bytes),
    /// How many bytes the server has read of the files that it counted before.
    Progress(u64),
}

/// What the copied part is about now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CopyPhase {
    /// No archive has begun.
    Nothing,
    Archive,
    Manifest,
}

/// A base backup that the server has begun.
#[derive(Debug)]
pub struct BackupStream<'a> {
    client: &'a mut ReplicationClient,
    target: BackupTarget,
    /// Where it begins: the checkpoint from which a restore replays.
    pub begins: WalPosition,
    /// The tablespaces.
    pub tablespaces: Vec<TablespaceSize>,
    phase: CopyPhase,
    ends: Option<WalPosition>,
    /// Whether the server may still send something of it.
    is_open: bool,
}

/// One tablespace of a base backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablespaceSize {
    /// Where it is on the server; `None` for the data directory itself.
    pub location: Option<String>,
    /// How many bytes its files have, as the server counted them before.
    pub bytes: u64,
}

impl ReplicationClient {
    /// Begins a base backup. The server makes a checkpoint first, at its full speed.
    ///
    /// # Errors
    /// When the server refuses, or sends what does not belong there.
    pub async fn base_backup(
        &mut self,
        target: BackupTarget,
        id: ActionId,
    ) -> Result<BackupStream<'_>, ReplicationError> {
        self.wire.set_silence(self.order);
        self.wire.command(DOING, &target.command(id).to_string()).await?;
        let begins = self.wire.result(DOING).await?;
        let begins = only(&begins).and_then(|row| wal_position(row, 0, 1));
        let begins = self.wire.judged(begins)?;
        let tablespaces = self.wire.result(DOING).await?;
        let tablespaces = tablespaces.iter().map(tablespace).collect();
        let tablespaces = self.wire.judged(tablespaces)?;
        let Message::CopyOutResponse(_) = self.wire.next(DOING).await? else {
            return Err(self.wire.out_of_place(DOING));
        };
        Ok(BackupStream {
            client: self,
            target,
            begins,
            tablespaces,
            phase: CopyPhase::Nothing,
            ends: None,
            is_open: true,
        })
    }
}

impl Drop for BackupStream<'_> {
    /// What the server still sends of it would be taken for the answer to the next command.
    fn drop(&mut self) {
        if self.is_open {
            self.client.wire.give_up("the base backup was given up");
        }
    }
}

impl BackupStream<'_> {
    /// How many bytes the server will read, as it counted them before. It writes on meanwhile, and the
    /// WAL is not among them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tablespaces.iter().map(|one| one.bytes).fold(0, u64::saturating_add)
    }

    /// The next part; `None` when the server says that it sent everything.
    ///
    /// # Errors
    /// When the server gives it up, which it also does at its end where a page had a wrong checksum; when
    /// the connection is lost; when a second archive comes here.
    pub async fn next(&mut self) -> Result<Option<BackupPart>, ReplicationError> {
        // What is not read to its end, because somebody waits no longer, stays open.
        let next = self.read_next().await;
        self.is_open = matches!(next, Ok(Some(_)));
        next
    }

    async fn read_next(&mut self) -> Result<Option<BackupPart>, ReplicationError> {
        while self.ends.is_none() {
            match self.client.wire.next(DOING).await? {
                Message::CopyData(data) => {
                    let part = self.part(data.into_bytes());
                    if let Some(part) = self.client.wire.judged(part)? {
                        return Ok(Some(part));
                    }
                }
                Message::CopyDone => self.end().await?,
                _ => return Err(self.client.wire.out_of_place(DOING)),
            }
        }
        Ok(None)
    }

    /// Where it ended: a restore that has replayed up to here is consistent. `None` before the server
    /// said so.
    #[must_use]
    pub fn ends(&self) -> Option<WalPosition> {
        self.ends
    }

    /// The part in one message, which says in its first byte what it is.
    fn part(&mut self, mut data: Bytes) -> Result<Option<BackupPart>, ReplicationError> {
        let unexpected = |what: &str| Err(ReplicationError::Unexpected { what: what.to_owned() });
        let kind = data.first().copied();
        data.advance(usize::from(kind.is_some()));
        match (kind, self.phase) {
            (Some(b'n'), CopyPhase::Nothing) => {
                self.phase = CopyPhase::Archive;
                Ok(None)
            }
            // One for each tablespace; of those that stay there, there is nothing to tell apart.
            (Some(b'n'), CopyPhase::Archive) if self.target == BackupTarget::Blackhole => Ok(None),
            (Some(b'n'), _) => unexpected("a second archive"),
            (Some(b'm'), CopyPhase::Archive) => {
                self.phase = CopyPhase::Manifest;
                Ok(None)
            }
            (Some(b'd'), CopyPhase::Archive) => Ok(Some(BackupPart::Archive(data))),
            (Some(b'd'), CopyPhase::Manifest) => Ok(Some(BackupPart::Manifest(data))),
            (Some(b'p'), _) => match <[u8; 8]>::try_from(&data[..]) {
                Ok(bytes) => Ok(Some(BackupPart::Progress(u64::from_be_bytes(bytes)))),
                Err(_) => unexpected("a report of its progress that is no number"),
            },
            _ => unexpected("a part of a base backup that does not belong there"),
        }
    }

    async fn end(&mut self) -> Result<(), ReplicationError> {
        let wire = &mut self.client.wire;
        let rows = wire.result(DOING).await?;
        let ends = only(&rows).and_then(|row| wal_position(row, 0, 1));
        let ends = wire.judged(ends)?;
        // The command as a whole is complete too.
        let Message::CommandComplete(_) = wire.next(DOING).await? else {
            return Err(wire.out_of_place(DOING));
        };
        wire.ready(DOING).await?;
        self.ends = Some(ends);
        Ok(())
    }
}

fn tablespace(row: &TextRow) -> Result<TablespaceSize, ReplicationError> {
    let [_, location, Some(size)] = &row[..] else {
        let what = "a list of tablespaces that is none".to_owned();
        return Err(ReplicationError::Unexpected { what });
    };
    let units: Option<u64> = parse_number(text(size)?);
    let units = units.ok_or_else(|| ReplicationError::Unexpected {
        what: "a size of a tablespace that is no number".to_owned(),
    })?;
    let location =
        location.as_ref().map(|location| text(location).map(str::to_owned)).transpose()?;
    Ok(TablespaceSize { location, bytes: units.saturating_mul(SIZE_UNIT_BYTES) })
}
