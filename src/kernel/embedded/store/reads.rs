//! What the state machine of a node holds, for those who ask.

use super::{LogId, NodeStore, checkpoint};
use crate::kernel::embedded::job::ProgressReporter;
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use crate::kernel::embedded::state_machine::{self, Epoch};
use crate::kernel::embedded::state_snapshot::{self, SnapshotHeader};
use crate::kernel::embedded::view::Fence;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::facts::Since;
use crate::model::receipt::{Receipt, Tombstone};
use rusqlite::Connection;

impl NodeStore {
    /// The file, to read what it holds under action ids.
    pub(in crate::kernel::embedded) fn reading(&self) -> &Connection {
        self.file.connection()
    }

    /// The write fence, and since when it stands.
    pub fn fence(&self) -> Result<(Fence, Option<Since>), DiskError> {
        state_machine::fence(self.file.connection())
    }

    /// How many bytes of the file hold something. Only a save changes it, so it is read once after each.
    pub(in crate::kernel::embedded) fn bytes_used(&self) -> Result<u64, DiskError> {
        if let Some(bytes) = self.bytes_used.get() {
            return Ok(bytes);
        }
        let number = |pragma: &str| -> Result<u64, DiskError> {
            let mut statement =
                self.file.connection().prepare_cached(pragma).doing("read the size of the file")?;
            statement.query_row([], |row| row.get(0)).doing("read the size of the file")
        };
        let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
        let bytes = pages.saturating_mul(number("PRAGMA page_size")?);
        self.bytes_used.set(Some(bytes));
        Ok(bytes)
    }

    /// Packs the image of the state as it is, frame by frame; gives what it is of, and its digest.
    pub(in crate::kernel::embedded) fn pack(
        &self,
        meter: &ProgressReporter,
        to: &mut dyn FnMut(&[u8]) -> Result<(), DiskError>,
    ) -> Result<(SnapshotHeader, Hash), DiskError> {
        let place = LogId { position: self.extent.applied, epoch: self.applied_epoch()? };
        let db = self.file.connection();
        let about = checkpoint::about(db, &self.identity, place)?;
        let digest = state_snapshot::pack(db, &about, meter, to)?;
        Ok((about, digest))
    }

    /// The receipt under an id.
    pub fn receipt(&self, id: ActionId) -> Result<Option<Receipt>, DiskError> {
        state_machine::receipt(self.file.connection(), id)
    }

    /// The tombstone under an id.
    pub fn tombstone(&self, id: ActionId) -> Result<Option<Tombstone>, DiskError> {
        state_machine::tombstone(self.file.connection(), id)
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Result<Option<Vec<u8>>, DiskError> {
        state_machine::value(self.file.connection(), key)
    }

    /// The history of epochs, oldest first.
    pub fn epochs(&self) -> Result<Vec<Epoch>, DiskError> {
        state_machine::epochs(self.file.connection())
    }

    /// What happened by the log before a place, newest first.
    pub fn events(
        &self,
        before: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<KernelEvent>, DiskError> {
        state_machine::events(self.file.connection(), before, limit)
    }

    /// The birth record: its sentence, and when the cluster was founded.
    pub fn birth(&self) -> Result<Option<(String, Timestamp)>, DiskError> {
        state_machine::birth(self.file.connection())
    }
}
