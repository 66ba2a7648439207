//! How much can still be written: a full disk ends all writing, so it is shown before.

use super::ReadSide;
use crate::model::ambient::{Room, Timestamp};
use crate::model::pinned::Fact;
use std::path::Path;
use std::sync::Arc;

const MEBIBYTE: u64 = 1024 * 1024;

impl ReadSide {
    /// The same, which says how much can still be written to the data directory.
    #[must_use]
    pub fn with_room(self, room: Arc<dyn Room>, data: &Path) -> Self {
        Self { room: Some((room, Arc::from(data))), ..self }
    }

    /// Bytes that can still be written to the data directory, in whole mebibytes; `None` where nobody
    /// said which that is.
    #[must_use]
    pub fn free_bytes(&self, now: Timestamp) -> Option<Fact<u64>> {
        let (room, data) = self.room.as_ref()?;
        Some(match room.free_bytes(data) {
            // What changes all the time would be a change on every page.
            Ok(free) => Fact::Known(free - free % MEBIBYTE),
            Err(why) => Fact::unknown(now, why),
        })
    }
}
