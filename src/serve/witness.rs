//! Log and kernel of a data directory, held against each other without serving it: for verification,
//! which changes nothing (C9.5).

use super::ServeError;
use crate::cross_check::{self, Depth};
use crate::files::DirectoryLock;
use crate::kernel::embedded::{OpenError, StoppedKernel};
use crate::kernel::memory::MEMORY_ROWS_MAX;
use crate::ledger::LedgerReader;
use crate::model::finding::Mismatch;
use crate::store::{DATABASE_FILE, Reader};
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
    let tables = Reader::open_read_only(&dir.join(DATABASE_FILE))?;
    let log = LedgerReader::new(tables.clone());
    // Held until both sides were read: while they are written they are not of one moment.
    let lock = DirectoryLock::take(dir).map_err(|error| error.to_string());
    let kernel = lock.and_then(|lock| {
        let kernel = StoppedKernel::open(&dir.join("kernel")).map_err(|error| error.to_string())?;
        Ok((lock, Mutex::new(kernel)))
    });
    let (_lock, kernel) = match kernel {
        Ok(locked) => locked,
        Err(why) => {
            let mismatch = cross_check::compare(None, &log, &tables, Depth::Whole).await?;
            return Ok(Witnessed { mismatch, unread: Some(why) });
        }
    };
    let ask = |after| -> crate::kernel::Answer<'_, _> {
        // A panic elsewhere leaves nothing half read.
        let kernel = kernel.lock().unwrap_or_else(PoisonError::into_inner);
        let page = kernel.memory(after, MEMORY_ROWS_MAX);
        Box::pin(std::future::ready(page))
    };
    let mismatch = cross_check::compare(Some(&ask), &log, &tables, Depth::Whole).await?;
    Ok(Witnessed { mismatch, unread: None })
}

/// Compares a log that is open here with the files of a kernel that nobody has opened.
pub(super) async fn compare_stopped(
    dir: &Path,
    log: &LedgerReader,
    tables: &Reader,
) -> Result<Mismatch, ServeError> {
    let dir = dir.join("kernel");
    let kernel = StoppedKernel::open(&dir);
    let kernel = kernel.map_err(|source| OpenError::Switchboard { dir, source })?;
    let kernel = Mutex::new(kernel);
    let ask = |after| -> crate::kernel::Answer<'_, _> {
        let kernel = kernel.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(std::future::ready(kernel.memory(after, MEMORY_ROWS_MAX)))
    };
    Ok(cross_check::compare(Some(&ask), log, tables, Depth::Start).await?)
}
