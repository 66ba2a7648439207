//! The checkpoint of a node, and the whole state on its way from one node to another.

use super::{Extent, NodeIdentity, Place};
use crate::kernel::embedded::image::{About, Image};
use crate::kernel::embedded::long::Meter;
use crate::kernel::embedded::machine;
use crate::kernel::embedded::membership::Members;
use crate::kernel::embedded::sqlite::{Doing, StoreError, to_json};
use crate::model::canonical::Hash;
use raft::eraftpb::Snapshot;
use rusqlite::{Connection, OptionalExtension, params};

/// The image of the state as it is, which contains everything up to `place`.
pub(super) fn image(
    db: &Connection,
    identity: &NodeIdentity,
    place: Place,
    meter: &Meter,
) -> Result<Image, StoreError> {
    Image::take(db, about(db, identity, place)?, meter)
}

/// What an image of the state as it is would be of.
pub(super) fn about(
    db: &Connection,
    identity: &NodeIdentity,
    place: Place,
) -> Result<About, StoreError> {
    let (fence, since) = machine::fence(db)?;
    let since = since.map(|since| since.since);
    let at = (place.position, place.epoch);
    Ok(About::new(&identity.cluster_id, at, machine::members(db)?, (fence, since)))
}

/// Keeps an image as the checkpoint of this node, in place of the one before.
pub(super) fn keep(db: &Connection, image: &Image) -> Result<(), StoreError> {
    db.execute_batch("DELETE FROM checkpoint; DELETE FROM checkpoint_frames;")
        .doing("replace the checkpoint")?;
    db.execute(
        "INSERT INTO checkpoint (one, position, epoch, digest) VALUES (1, ?1, ?2, ?3)",
        params![image.about.position, image.about.epoch, image.digest.bytes()],
    )
    .doing("write the checkpoint")?;
    let mut insert = db
        .prepare_cached("INSERT INTO checkpoint_frames (number, frame) VALUES (?1, ?2)")
        .doing("write the checkpoint")?;
    for (number, frame) in (1u64..).zip(&image.frames) {
        insert.execute(params![number, frame]).doing("write the checkpoint")?;
    }
    Ok(())
}

/// The position that the checkpoint covers.
pub(super) fn position(db: &Connection) -> Result<Option<u64>, StoreError> {
    db.prepare_cached("SELECT position FROM checkpoint")
        .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
        .doing("look for a checkpoint")
}

/// The checkpoint that this node keeps, read back and compared with its digest.
pub(super) fn read(db: &Connection) -> Result<Option<Image>, StoreError> {
    let kept: Option<[u8; 32]> = db
        .query_row("SELECT digest FROM checkpoint", [], |row| row.get(0))
        .optional()
        .doing("read the checkpoint")?;
    let Some(digest) = kept.map(Hash::from_bytes) else { return Ok(None) };
    let frames: Vec<Vec<u8>> = db
        .prepare("SELECT frame FROM checkpoint_frames ORDER BY number")
        .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
        .doing("read the checkpoint")?;
    let (about, found) = crate::kernel::embedded::image::read(&frames.concat()[..])?;
    if found != digest {
        return Err(StoreError::corrupt(format!(
            "the checkpoint at position {} has the digest {found}, and should have {digest}",
            about.position
        )));
    }
    Ok(Some(Image { about, digest, frames }))
}

/// What a node that lags too far behind is sent: the checkpoint, which the rest of the log
/// continues, or the state as it is where there is none that serves.
pub(super) fn to_send(
    db: &Connection,
    identity: &NodeIdentity,
    place: Place,
    at_least: u64,
    to: u64,
) -> Result<Image, StoreError> {
    match read(db)? {
        // A node that joined after the checkpoint has no place in it.
        Some(kept) if kept.about.position >= at_least && kept.about.members.contains(to) => {
            Ok(kept)
        }
        Some(_) | None => image(db, identity, place, &Meter::unheard()),
    }
}

/// An image as the Raft library carries it: the digest, then the frames.
pub(super) fn snapshot(image: &Image, identity: &NodeIdentity) -> Result<Snapshot, StoreError> {
    if image.about.cluster_id != identity.cluster_id {
        return Err(StoreError::corrupt("the checkpoint is of another cluster"));
    }
    let mut snapshot = Snapshot::default();
    let metadata = snapshot.mut_metadata();
    metadata.index = image.about.position;
    metadata.term = image.about.epoch;
    metadata.set_conf_state(image.about.members.conf_state());
    snapshot.data = [image.digest.bytes().to_vec(), image.frames.concat()].concat().into();
    Ok(snapshot)
}

/// Puts the node into the state that it was sent, and keeps that as its checkpoint. The log that it
/// held is older, and goes.
pub(super) fn install(
    db: &Connection,
    identity: &NodeIdentity,
    snapshot: &Snapshot,
) -> Result<Extent, StoreError> {
    let (digest, packed) = snapshot
        .data
        .split_first_chunk::<32>()
        .ok_or_else(|| StoreError::corrupt("the state that was sent has no digest"))?;
    let image = Image::restore(db, packed, Hash::from_bytes(*digest))?;
    let place = Place { epoch: image.about.epoch, position: image.about.position };
    let metadata = snapshot.get_metadata();
    let is_announced = (place.position, place.epoch) == (metadata.index, metadata.term);
    if !is_announced || image.about.cluster_id != identity.cluster_id {
        return Err(StoreError::corrupt("the state that was sent is not what was announced"));
    }
    db.execute("DELETE FROM log", []).doing("replace the log")?;
    keep(db, &image)?;
    Ok(Extent { base: place, last: place, applied: place.position })
}

/// Puts a new node into the state of an image of another cluster.
pub(super) fn fill(
    db: &Connection,
    identity: &NodeIdentity,
    packed: &[u8],
    digest: Hash,
    members: &Members,
) -> Result<(), StoreError> {
    let place = {
        let about = Image::restore(db, packed, digest)?.about;
        Place { epoch: about.epoch, position: about.position }
    };
    db.execute("UPDATE members SET members = ?1", [to_json(members)]).doing("name the members")?;
    db.execute(
        "UPDATE node SET epoch = ?1, committed = ?2, applied = ?2, purged = ?2, purged_epoch = ?1",
        params![place.epoch, place.position],
    )
    .doing("write how far the state reaches")?;
    keep(db, &image(db, identity, place, &Meter::unheard())?)
}
