//! How much room a file system has.

use super::FileError;
use std::path::Path;

/// How many bytes can still be written below a directory by this process.
///
/// # Errors
/// When the file system does not say.
pub fn free_bytes(dir: &Path) -> Result<u64, FileError> {
    let stat = rustix::fs::statvfs(dir);
    let stat = stat.map_err(|e| FileError::io("see how much room is left below", dir, e.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
