//! The checkpoint of a node, and the whole state on its way from one node to another.

use super::{LogExtent, LogId, NodeIdentity};
use crate::kernel::embedded::job::ProgressReporter;
use crate::kernel::embedded::membership::Members;
use crate::kernel::embedded::sqlite::{DiskError, Doing, to_json};
use crate::kernel::embedded::state_machine;
use crate::kernel::embedded::state_snapshot::{self, Lines, SnapshotHeader};
use crate::model::canonical::Hash;
use raft::eraftpb::Snapshot;
use rusqlite::{Connection, OptionalExtension, params};
use std::io::{self, Cursor, Read};

const DIGEST_BYTES: usize = 32;

/// What an image of the state as it is would be of.
pub(super) fn about(
    db: &Connection,
    identity: &NodeIdentity,
    place: LogId,
) -> Result<SnapshotHeader, DiskError> {
    let (fence, since) = state_machine::fence(db)?;
    let since = since.map(|since| since.since);
    let at = (place.position, place.epoch);
    Ok(SnapshotHeader::new(&identity.cluster_id, at, state_machine::members(db)?, (fence, since)))
}

/// Keeps the image of the state as it is as the checkpoint of this node, in place of the one before;
/// gives its digest. Each frame is written as it is read.
pub(super) fn keep(db: &Connection, about: &SnapshotHeader) -> Result<Hash, DiskError> {
    db.execute_batch("DELETE FROM checkpoint; DELETE FROM checkpoint_frames;")
        .doing("replace the checkpoint")?;
    let mut insert = db
        .prepare_cached("INSERT INTO checkpoint_frames (number, frame) VALUES (?1, ?2)")
        .doing("write the checkpoint")?;
    let mut number = 0u64;
    let digest = state_snapshot::pack(db, about, &ProgressReporter::unheard(), &mut |frame| {
        number += 1;
        insert.execute(params![number, frame]).doing("write the checkpoint")?;
        Ok(())
    })?;
    db.execute(
        "INSERT INTO checkpoint (one, position, epoch, digest) VALUES (1, ?1, ?2, ?3)",
        params![about.position, about.epoch, digest.bytes()],
    )
    .doing("write the checkpoint")?;
    Ok(digest)
}

/// The position that the checkpoint covers.
pub(super) fn position(db: &Connection) -> Result<Option<u64>, DiskError> {
    db.prepare_cached("SELECT position FROM checkpoint")
        .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
        .doing("look for a checkpoint")
}

/// The checkpoint that this node keeps, read back and compared with its digest.
pub(super) fn read(db: &Connection) -> Result<Option<Lines>, DiskError> {
    let kept: Option<[u8; 32]> = db
        .query_row("SELECT digest FROM checkpoint", [], |row| row.get(0))
        .optional()
        .doing("read the checkpoint")?;
    let Some(digest) = kept.map(Hash::from_bytes) else { return Ok(None) };
    let lines = state_snapshot::read(Frames::of(db))?;
    if lines.digest != digest {
        return Err(DiskError::corrupt(format!(
            "the checkpoint at position {} has the digest {}, and should have {digest}",
            lines.about.position, lines.digest
        )));
    }
    Ok(Some(lines))
}

/// The packed checkpoint, of which one frame is held in memory.
struct Frames<'a> {
    db: &'a Connection,
    number: u64,
    frame: Cursor<Vec<u8>>,
}

impl<'a> Frames<'a> {
    fn of(db: &'a Connection) -> Self {
        Self { db, number: 0, frame: Cursor::default() }
    }

    fn next(&self) -> rusqlite::Result<Option<Vec<u8>>> {
        let sql = "SELECT frame FROM checkpoint_frames WHERE number = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        statement.query_row([self.number + 1], |row| row.get(0)).optional()
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        let read = self.frame.read(part)?;
        if read > 0 || part.is_empty() {
            return Ok(read);
        }
        let Some(frame) = self.next().map_err(io::Error::other)? else { return Ok(0) };
        (self.number, self.frame) = (self.number + 1, Cursor::new(frame));
        self.frame.read(part)
    }
}

/// What a node that lags too far behind is sent: the checkpoint, which the rest of the log continues,
/// or the state as it is where there is none that serves. As the Raft library carries it: the digest,
/// then the packed lines.
pub(super) fn snapshot(
    db: &Connection,
    identity: &NodeIdentity,
    place: LogId,
    at_least: u64,
    to: u64,
) -> Result<Snapshot, DiskError> {
    // A node that joined after the checkpoint has no place in it.
    let kept =
        read(db)?.filter(|kept| kept.about.position >= at_least && kept.about.members.contains(to));
    let mut data = vec![0; DIGEST_BYTES];
    let (about, digest) = if let Some(kept) = kept {
        Frames::of(db).read_to_end(&mut data).map_err(|error| {
            DiskError::corrupt(format!("the checkpoint cannot be read: {error}"))
        })?;
        (kept.about, kept.digest)
    } else {
        let about = about(db, identity, place)?;
        let digest =
            state_snapshot::pack(db, &about, &ProgressReporter::unheard(), &mut |frame| {
                data.extend_from_slice(frame);
                Ok(())
            })?;
        (about, digest)
    };
    if about.cluster_id != identity.cluster_id {
        return Err(DiskError::corrupt("the checkpoint is of another cluster"));
    }
    data.splice(..DIGEST_BYTES, *digest.bytes());
    let mut snapshot = Snapshot::default();
    let metadata = snapshot.mut_metadata();
    metadata.index = about.position;
    metadata.term = about.epoch;
    metadata.set_conf_state(about.members.conf_state());
    snapshot.data = data.into();
    Ok(snapshot)
}

/// Puts the node into the state that it was sent, and keeps that as its checkpoint. The log that it
/// held is older, and goes.
pub(super) fn install(
    db: &Connection,
    identity: &NodeIdentity,
    snapshot: &Snapshot,
) -> Result<LogExtent, DiskError> {
    let (digest, packed) = snapshot
        .data
        .split_first_chunk::<DIGEST_BYTES>()
        .ok_or_else(|| DiskError::corrupt("the state that was sent has no digest"))?;
    let digest = Hash::from_bytes(*digest);
    let about = state_snapshot::restore(db, packed, digest)?;
    let place = LogId { epoch: about.epoch, position: about.position };
    let metadata = snapshot.get_metadata();
    let is_announced = (place.position, place.epoch) == (metadata.index, metadata.term);
    if !is_announced || about.cluster_id != identity.cluster_id {
        return Err(DiskError::corrupt("the state that was sent is not what was announced"));
    }
    db.execute("DELETE FROM log", []).doing("replace the log")?;
    state_snapshot::judge(keep(db, &about)?, digest)?;
    Ok(LogExtent { base: place, last: place, applied: place.position })
}

/// Puts a new node into the state of an image of another cluster.
pub(super) fn fill(
    db: &Connection,
    identity: &NodeIdentity,
    packed: impl Read,
    digest: Hash,
    members: &Members,
) -> Result<(), DiskError> {
    let restored = state_snapshot::restore(db, packed, digest)?;
    let found = state_snapshot::pack(db, &restored, &ProgressReporter::unheard(), &mut |_| Ok(()))?;
    state_snapshot::judge(found, digest)?;
    let place = LogId { epoch: restored.epoch, position: restored.position };
    db.execute("UPDATE members SET members = ?1", [to_json(members)]).doing("name the members")?;
    db.execute(
        "UPDATE node SET epoch = ?1, committed = ?2, applied = ?2, purged = ?2, purged_epoch = ?1",
        params![place.epoch, place.position],
    )
    .doing("write how far the state reaches")?;
    keep(db, &about(db, identity, place)?)?;
    Ok(())
}
