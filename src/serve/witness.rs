//! Log and kernel of a data directory, held against each other without serving it: for verification,
//! which changes nothing (C9.5).

use super::kernels::{StoppedCore, why_not_offline};
use super::{ServeError, SystemDeps};
use crate::cross_check::{self, Depth};
use crate::files::DirectoryLock;
use crate::kernel::embedded::{OpenError, StoppedKernel};
use crate::ledger::LedgerReader;
use crate::model::finding::Mismatch;
use crate::store::{DATABASE_FILE, StoreReader};
use std::path::Path;

/// What a verification of both sides came to.
pub struct Witnessed {
    /// What was found and no record accepts.
    pub mismatch: Mismatch,
    /// Why the kernel's side was not read; `None` where it was.
    pub unread: Option<String>,
}

/// Compares the log in a data directory with the kernel's files and the tables beside it.
///
/// # Errors
/// When the log or the tables cannot be read. A kernel that cannot be read is said, and no error.
pub async fn witness(dir: &Path) -> Result<Witnessed, ServeError> {
    let tables = StoreReader::open_read_only(&dir.join(DATABASE_FILE))?;
    let log = LedgerReader::new(tables.clone());
    // Held until both sides were read: while they are written they are not of one moment.
    let lock = DirectoryLock::take(dir).map_err(|error| error.to_string());
    let kernel = lock.and_then(|lock| {
        if let Some(why) = why_not_offline(&dir.join("kernel")) {
            return Err(why);
        }
        let kernel = stopped(dir).map_err(|error| error.to_string())?;
        Ok((lock, kernel))
    });
    let (_lock, kernel) = match kernel {
        Ok(locked) => locked,
        Err(why) => {
            let mismatch = cross_check::compare(None, &log, &tables, Depth::Whole).await?;
            return Ok(Witnessed { mismatch, unread: Some(why) });
        }
    };
    let (_, mismatch) = kernel.compare(&log, &tables, Depth::Whole).await?;
    Ok(Witnessed { mismatch, unread: None })
}

/// The embedded kernel in a data directory that nobody serves.
pub(super) fn stopped(dir: &Path) -> Result<StoppedCore, OpenError> {
    let SystemDeps { clock, room, .. } = SystemDeps::of_this_machine();
    let kernel = StoppedKernel::open(&dir.join("kernel"), &room, &*clock)?;
    Ok(StoppedCore::Embedded(Box::new(kernel)))
}
