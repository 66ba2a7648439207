//! Room on the disk: a disk that is full stops the nodes and the log with it.
//!
//! How much is free, and how much each node holds, are facts of an observation. An order that copies the
//! state has room for the copy among its pre-conditions (`checks`). What clients write stops sooner than
//! what operators ask for: it is refused with nothing appended, and is taken again as soon as there is
//! room.

use super::cluster::Cluster;
use super::data::DataError;
use super::store::NodeStore;
use crate::model::ambient::Timestamp;
use crate::model::facts::{Fact, Since};

/// Facts about room are whole mebibytes: what changes all the time would be a change on every page.
const MEBIBYTE: u64 = 1024 * 1024;
/// Bytes that what clients write leaves to orders and records.
const WRITES_RESERVE_BYTES: u64 = 64 * MEBIBYTE;

impl Cluster {
    /// How many bytes can still be written, and not more.
    pub(super) fn free_bytes(&self, now: Timestamp) -> Fact<u64> {
        match self.home.room.free_bytes(&self.home.dir) {
            Ok(free) => Fact::Known(free - free % MEBIBYTE),
            Err(error) => Fact::unknown(now, error),
        }
    }

    /// How many bytes the files of a node hold, and not less.
    pub(super) fn stored_bytes(store: &NodeStore, now: Timestamp) -> Fact<u64> {
        match store.bytes_used() {
            Ok(used) => Fact::Known(used.div_ceil(MEBIBYTE).saturating_mul(MEBIBYTE)),
            Err(error) => Fact::unknown(now, error.to_string()),
        }
    }

    /// Refuses what clients write where it would fill the disk under the nodes and the log.
    pub(super) fn room_for_writes(&self, now: Timestamp) -> Result<(), DataError> {
        let why = match self.home.room.free_bytes(&self.home.dir) {
            Ok(free) if free >= WRITES_RESERVE_BYTES => return Ok(()),
            Ok(free) => format!(
                "{free} bytes are free on its disk, and {WRITES_RESERVE_BYTES} are kept for orders and \
                 records"
            ),
            Err(error) => format!("it is not known how much room there is ({error})"),
        };
        Err(DataError::Refused { error: "no_room", refused: Since { since: now, why } })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::kernel::ApplyError;
    use crate::kernel::embedded::spec::EmbeddedAction as Action;
    use crate::kernel::embedded::tests::{now, open, order, put};
    use crate::model::ambient::{RESERVE_BYTES, Room};
    use crate::model::text::NodeId;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    /// A disk that says what it is told to say.
    #[derive(Debug)]
    pub(in crate::kernel::embedded) struct FixedSpace(Mutex<Result<u64, String>>);

    impl FixedSpace {
        pub(in crate::kernel::embedded) fn with(free: Result<u64, String>) -> Arc<Self> {
            Arc::new(Self(Mutex::new(free)))
        }

        fn says(&self, free: Result<u64, String>) {
            *self.0.lock().unwrap() = free;
        }
    }

    impl Room for FixedSpace {
        fn free_bytes(&self, _: &Path) -> Result<u64, String> {
            self.0.lock().unwrap().clone()
        }
    }

    #[test]
    fn what_clients_write_leaves_room_to_orders_and_is_taken_again_when_there_is_some() {
        let dir = tempfile::tempdir().unwrap();
        let mut cluster = open(&dir, 3).cluster;
        let disk = FixedSpace::with(Ok(WRITES_RESERVE_BYTES));
        cluster.home.room = disk.clone();
        put(&mut cluster, "a").unwrap();
        let last = cluster.ensemble.most_advanced().unwrap().vitals().unwrap().last;
        for free in [Ok(WRITES_RESERVE_BYTES - 1), Ok(0), Err("no answer".to_owned())] {
            disk.says(free);
            let Err(DataError::Refused { error, .. }) = put(&mut cluster, "b") else {
                panic!("it is written")
            };
            assert_eq!(error, "no_room");
            let end = cluster.ensemble.most_advanced().unwrap().vitals().unwrap().last;
            assert_eq!(end, last, "something was appended");
            assert_eq!(cluster.read("a").unwrap().as_deref(), Some(&b"a"[..]));
            // What an operator asks for still has room.
            cluster.alive().unwrap();
        }
        let stop = order(1, Action::StopWrites {}, 1);
        cluster.apply(&stop, now()).unwrap();
        cluster.apply(&order(2, Action::ResumeWrites {}, 1), now()).unwrap();
        disk.says(Ok(WRITES_RESERVE_BYTES));
        put(&mut cluster, "b").unwrap();
    }

    #[test]
    fn a_copy_that_has_no_room_is_refused_before_it_is_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let mut cluster = open(&dir, 3).cluster;
        put(&mut cluster, "a").unwrap();
        let disk = FixedSpace::with(Ok(RESERVE_BYTES));
        cluster.home.room = disk.clone();
        let name = crate::model::text::PlaceName::parse("b1").unwrap();
        let backup = Action::CreateBackup { name };
        let checkpoint = Action::TakeCheckpoint { node: NodeId::numbered(1) };
        for (number, action) in [(1, &backup), (2, &checkpoint)] {
            for free in [Ok(RESERVE_BYTES), Err("no answer".to_owned())] {
                disk.says(free);
                let ended = cluster.apply(&order(number, action.clone(), 1), now());
                let Err(ApplyError::Refused(refused)) = ended else { panic!("{ended:?}") };
                assert_eq!(refused.rule, "copy_has_room");
            }
        }
        assert!(!dir.path().join("kernel/backups").exists());
        disk.says(Ok(u64::MAX));
        cluster.apply(&order(1, backup, 1), now()).unwrap();
        cluster.apply(&order(2, checkpoint, 1), now()).unwrap();
    }
}
