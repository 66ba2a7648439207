//! One rule for every file that matters: the log, the files of the nodes, what belongs to the cluster,
//! keys, backups and exports.
//!
//! - **Who has it open.** One process serves a directory: it holds a lock on the directory itself,
//!   which cannot be unlinked beside it ([`DirectoryLock`]). A database file is opened by SQLite and by
//!   nothing else in the process: closing any descriptor of a file drops all POSIX locks that the
//!   process has on it, and the next foreign client then takes itself for the last one and removes the
//!   write-ahead log. `src/tests/layers.rs` holds that.
//! - **Whole, older or foreign.** Beside each database stands a seal: whose file it is, and how many
//!   commits were made ([`Seal`]). What holds fewer is older than it was.
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
pub use seal::{Seal, SealError};
pub use space::free_bytes;
pub use watch::Watched;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file or directory cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another process serves the directory.
    #[error("another process serves {}", dir.display())]
    Locked {
        /// The directory.
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
        /// Its permissions.
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

/// Makes the names in a directory durable: a file that was synced can still be lost with its name.
///
/// # Errors
/// When the directory cannot be opened or synced.
pub fn sync_directory(dir: &Path) -> Result<(), FileError> {
    let done = File::open(dir).and_then(|dir| dir.sync_all());
    done.map_err(|source| FileError::io("sync the directory", dir, source))
}
