//! A store as it was at one moment, to be read beside the one that goes on.

use super::NodeStore;
use crate::kernel::embedded::sqlite::DiskError;
use std::cell::Cell;
use std::ops::Deref;

/// A store as it was at one moment. Nothing of it can be changed: it is never lent for writing.
#[derive(Debug)]
pub(in crate::kernel::embedded) struct StoreSnapshot(NodeStore);

impl Deref for StoreSnapshot {
    type Target = NodeStore;

    fn deref(&self) -> &NodeStore {
        &self.0
    }
}

impl NodeStore {
    /// The store as it is now, for reading in another thread while this one goes on.
    pub(in crate::kernel::embedded) fn snapshot(&self) -> Result<StoreSnapshot, DiskError> {
        Ok(StoreSnapshot(Self {
            file: self.file.snapshot()?,
            identity: self.identity.clone(),
            hard_state: self.hard_state.clone(),
            extent: self.extent,
            members: self.members.clone(),
            bytes_used: Cell::default(),
        }))
    }
}
