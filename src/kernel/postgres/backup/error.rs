//! What can be wrong with a base backup.

use crate::files::FileError;
use crate::kernel::postgres::replication::ReplicationError;
use crate::model::ambient::NoRoom;
use std::io;
use std::path::{Path, PathBuf};
use tokio::task::JoinError;

/// A base backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BaseBackupError {
    /// The server did not give one.
    #[error(transparent)]
    Server(#[from] ReplicationError),
    /// The server found pages whose checksum is wrong.
    #[error("pages of the node are rotten: {}", findings.join("; "))]
    Rotten {
        /// Each finding, in the words of the server.
        findings: Vec<String>,
    },
    /// The node belongs to another system than the one that was meant.
    #[error("the node belongs to the system {found}, and {required} was meant")]
    OtherSystem {
        /// The system identifier that the node answers with.
        found: u64,
        /// The one that was meant.
        required: u64,
    },
    /// The cluster has tablespaces, which one archive does not hold.
    #[error("the cluster has a tablespace of its own at {}", locations.join(" and at "))]
    Tablespaces {
        /// Where they are on the server.
        locations: Vec<String>,
    },
    /// There is not enough room.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// There is something of that name.
    #[error("{} is there already", path.display())]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// A file or directory cannot be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it must be.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A file or directory could not be made or synced.
    #[error(transparent)]
    File(#[from] FileError),
    /// The thread that writes ended without a word.
    #[error("what writes the files failed: {0}")]
    Writer(#[from] JoinError),
}

impl BaseBackupError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}
