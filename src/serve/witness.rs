//! Log and kernel of a data directory, held against each other without serving it: for verification,
//! which changes nothing (C9.5).

use super::{ServeError, SystemDeps};
use crate::cross_check::{self, Depth};
use crate::files::DirectoryLock;
use crate::kernel::embedded::spec::SPEC;
use crate::kernel::embedded::{OpenError, StoppedKernel};
use crate::kernel::memory::MEMORY_ROWS_MAX;
use crate::ledger::LedgerReader;
use crate::model::finding::Mismatch;
use crate::store::{DATABASE_FILE, StoreReader};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

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
    let (_, mismatch) = compare(kernel, &log, &tables, Depth::Whole).await?;
    Ok(Witnessed { mismatch, unread: None })
}

/// The kernel in a data directory that nobody serves.
pub(super) fn stopped(dir: &Path) -> Result<StoppedKernel, OpenError> {
    let SystemDeps { clock, room, .. } = SystemDeps::of_this_machine();
    StoppedKernel::open(&dir.join("kernel"), &room, &*clock)
}

/// Compares a log that is open here with a kernel that does not run.
pub(super) async fn compare(
    kernel: StoppedKernel,
    log: &LedgerReader,
    tables: &StoreReader,
    depth: Depth,
) -> Result<(StoppedKernel, Mismatch), ServeError> {
    let kernel = Mutex::new(kernel);
    let ask = |after| -> crate::kernel::KernelFuture<'_, _> {
        // A panic elsewhere leaves nothing half read.
        let kernel = kernel.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(std::future::ready(kernel.memory(after, MEMORY_ROWS_MAX)))
    };
    let asked = Some((&SPEC, &ask as &cross_check::Ask<'_>));
    let mismatch = cross_check::compare(asked, log, tables, depth).await?;
    Ok((kernel.into_inner().unwrap_or_else(PoisonError::into_inner), mismatch))
}
