//! Notices that the files under an open database are no longer the files at its path.
//!
//! SQLite goes on writing to a file that was unlinked or renamed, and every commit succeeds. So the
//! database, its log and its index are compared before and after each write.

use super::StoreError;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

struct Watched {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// The files of one open database, as they were when it was opened.
pub(super) struct Files(Vec<Watched>);

impl Files {
    /// Remembers the database, its `-wal` and its `-shm`; all three exist once it has been read.
    pub(super) fn remember(database: &Path) -> Result<Self, StoreError> {
        let mut watched = Vec::new();
        for suffix in ["", "-wal", "-shm"] {
            let mut path = database.as_os_str().to_owned();
            path.push(suffix);
            let path = PathBuf::from(path);
            let meta =
                fs::metadata(&path).map_err(|source| StoreError::file("read", &path, source))?;
            watched.push(Watched { path, device: meta.dev(), inode: meta.ino() });
        }
        Ok(Self(watched))
    }

    /// Compares with what is there now.
    ///
    /// # Errors
    /// A sentence that names the file, when one is gone, is another, or became read-only. The last
    /// is checked here because a file that is open already does not feel it.
    pub(super) fn unchanged(&self) -> Result<(), String> {
        for file in &self.0 {
            let name = file.path.display();
            let meta = fs::metadata(&file.path).map_err(|e| format!("{name} is gone: {e}"))?;
            if (meta.dev(), meta.ino()) != (file.device, file.inode) {
                return Err(format!("{name} was replaced while it was open"));
            }
            if meta.permissions().readonly() {
                return Err(format!("{name} was made read-only while it was open"));
            }
        }
        Ok(())
    }
}
