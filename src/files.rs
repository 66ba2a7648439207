//! One rule for every file that matters: the log, the files of the nodes, what belongs to the cluster,
//! keys, backups and exports.
//!
//! - **Who has it open.** One process serves a directory: it holds a lock on the directory itself,
//!   which cannot be unlinked beside it ([`DirectoryLock`]). A database file is opened by SQLite and by
//!   nothing else in the process: closing any descriptor of a file drops all POSIX locks that the
//!   process has on it, and the next foreign client then takes itself for the last one and removes the
//!   write-ahead log. `src/tests/source/layers.rs` holds that.
//! - **Whole, older or foreign.** Beside each database stands a seal: whose file it is, and how many
//!   commits were made ([`FileDigest`]). What holds fewer is older than it was.
//! - **While it runs.** Before anything is answered as durable, the files at their paths are compared
//!   with those that are open ([`Watched`]).
//! - **Permissions.** Directories are made 0700 and files 0600; a data directory that others can read
//!   refuses the start ([`private`]).
//! - **Room.** What an operator starts looks first how much is free ([`free_bytes`]).
//! - **Never.** Nothing here founds, repairs, or removes what it did not make.

pub mod private;

mod lock;
mod seal;
mod space;
mod watch;

pub use lock::DirectoryLock;
pub use seal::{FileDigest, FileDigestError};
pub use space::free_bytes;
pub use watch::Watched;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file or directory cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another process serves the directory.
    #[error("another process serves {}", dir.display())]
    Locked {
        /// The data directory whose lock is held.
        dir: PathBuf,
    },
    /// Others than its owner can read or change it.
    #[error(
        "{} is open to others than its owner (mode {mode:03o}, and {required:03o} is the most): \
         run `chmod {required:03o} {}`",
        path.display(), path.display()
    )]
    Exposed {
        /// The file or directory.
        path: PathBuf,
        /// The permission bits that were found, as `stat` gives them.
        mode: u32,
        /// The widest permissions that are allowed.
        required: u32,
    },
    /// A file operation failed.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }
}

/// The first thing that a directory holds beside `nothing`, the names that count as none; `None` where
/// it holds nothing else or is not there.
///
/// # Errors
/// When it cannot be read.
pub fn first_entry(dir: &Path, nothing: &[&str]) -> Result<Option<String>, FileError> {
    let failed = |source| FileError::io("read", dir, source);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let names = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| !nothing.contains(&name.as_str())).min())
}

/// Makes the name of a directory durable: it has to last as long as what is in it.
///
/// # Errors
/// When the directory above it cannot be opened or synced.
pub fn sync_parent(dir: &Path) -> Result<(), FileError> {
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_directory(parent),
        // The working directory is nobody's to make.
        None => Ok(()),
    }
}

/// Makes the names in a directory durable: a file that was synced can still be lost with its name.
///
/// # Errors
/// When the directory cannot be opened or synced.
pub fn sync_directory(dir: &Path) -> Result<(), FileError> {
    let done = File::open(dir).and_then(|dir| dir.sync_all());
    done.map_err(|source| FileError::io("sync the directory", dir, source))
}
