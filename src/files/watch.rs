//! Notices that the files that are open are no longer the files at their paths.
//!
//! SQLite goes on writing to a file that was unlinked or renamed, and every commit succeeds. So its
//! files are compared before and after each write.

use super::FileError;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Files as they were when they were opened. Only their names are read again: no descriptor is made.
#[derive(Debug)]
pub struct Watched(Vec<FileIdentity>);

#[derive(Debug)]
struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Watched {
    /// Remembers files, which all exist by now.
    ///
    /// # Errors
    /// When one does not exist.
    pub fn remember(paths: impl IntoIterator<Item = PathBuf>) -> Result<Self, FileError> {
        let identity = |path: PathBuf| {
            let meta = fs::metadata(&path).map_err(|e| FileError::io("read", &path, e))?;
            Ok(FileIdentity { device: meta.dev(), inode: meta.ino(), path })
        };
        paths.into_iter().map(identity).collect::<Result<_, _>>().map(Self)
    }

    /// The file beside a database whose name has this ending, such as `-wal`.
    #[must_use]
    pub fn beside(database: &Path, ending: &str) -> PathBuf {
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    }

    /// Compares with what is there now.
    ///
    /// # Errors
    /// A sentence that names the file, when one is gone, is another, or became read-only. The last
    /// is checked here because a file that is open already does not feel it.
    pub fn unchanged(&self) -> Result<(), String> {
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
