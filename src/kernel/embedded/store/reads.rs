//! What the state machine of a node holds, for those who ask.

use super::NodeStore;
use crate::kernel::embedded::machine::{self, Epoch};
use crate::kernel::embedded::sqlite::StoreError;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::pinned::{Fence, Since};
use crate::model::receipt::{Receipt, Tombstone};

impl NodeStore {
    /// The write fence, and since when it stands.
    pub fn fence(&self) -> Result<(Fence, Option<Since>), StoreError> {
        machine::fence(self.database.connection())
    }

    /// The receipt under an id.
    pub fn receipt(&self, id: ActionId) -> Result<Option<Receipt>, StoreError> {
        machine::receipt(self.database.connection(), id)
    }

    /// The tombstone under an id.
    pub fn tombstone(&self, id: ActionId) -> Result<Option<Tombstone>, StoreError> {
        machine::tombstone(self.database.connection(), id)
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        machine::value(self.database.connection(), key)
    }

    /// The history of epochs, oldest first.
    pub fn epochs(&self) -> Result<Vec<Epoch>, StoreError> {
        machine::epochs(self.database.connection())
    }

    /// What happened by the log before a place, newest first.
    pub fn events(
        &self,
        before: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<KernelEvent>, StoreError> {
        machine::events(self.database.connection(), before, limit)
    }

    /// The birth record: its sentence, and when the cluster was founded.
    pub fn birth(&self) -> Result<Option<(String, Timestamp)>, StoreError> {
        machine::birth(self.database.connection())
    }
}
