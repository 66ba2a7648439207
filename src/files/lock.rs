//! The lock that says which process serves a directory.

use super::FileError;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The lock on a directory, held as long as this lives.
///
/// The directory itself is locked and no file in it: a file can be unlinked while it is locked, and
/// whoever makes another one of that name locks that too. What can still happen is that the whole
/// directory is moved away and another one put in its place; [`DirectoryLock::still_held`] notices it.
#[derive(Debug)]
pub struct DirectoryLock {
    dir: PathBuf,
    file: File,
    device: u64,
    inode: u64,
}

impl DirectoryLock {
    /// Takes the lock on a directory that exists.
    ///
    /// # Errors
    /// [`FileError::Locked`] when another process has it; when there is no such directory.
    pub fn take(dir: &Path) -> Result<Self, FileError> {
        let failed = |source| FileError::io("lock", dir, source);
        let file = File::open(dir).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileError::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let meta = file.metadata().map_err(failed)?;
        Ok(Self { dir: dir.to_owned(), device: meta.dev(), inode: meta.ino(), file })
    }

    /// Compares the directory that is locked with the one at its path.
    ///
    /// # Errors
    /// A sentence that names the directory, when it is gone or is another one: then another process
    /// may serve what is at the path.
    pub fn still_held(&self) -> Result<(), String> {
        let name = self.dir.display();
        let meta = fs::metadata(&self.dir).map_err(|e| format!("{name} is gone: {e}"))?;
        if (meta.dev(), meta.ino()) == (self.device, self.inode) {
            Ok(())
        } else {
            Err(format!("{name} was replaced by another directory while it was served"))
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Said, not left to the end of the descriptor: a process that is being started elsewhere may
        // hold a copy of that for a moment.
        let _ = self.file.unlock();
    }
}
