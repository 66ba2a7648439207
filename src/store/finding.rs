//! What speaks against writing to a file that can be read.

use std::path::PathBuf;

/// The file is not the newest that it was, or nothing says that it is. It can be read; nothing is
/// written to it until a person has accepted it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreDefect {
    /// The file lost commits: it, or its write-ahead log, is older than it was.
    #[error(
        "the log holds {held} commits, and {made} were made: it, or its write-ahead log, is older \
         than it was"
    )]
    Older {
        /// How many commits it holds.
        held: u64,
        /// How many were made, by the seal.
        made: u64,
    },
    /// There is no seal beside the file.
    #[error("{} is missing: nothing says whether the log is whole", path.display())]
    SealMissing {
        /// Where the seal of the log should be.
        path: PathBuf,
    },
    /// The seal is not what was written.
    #[error("{} is damaged: nothing says whether the log is whole", path.display())]
    SealDamaged {
        /// The seal that does not read.
        path: PathBuf,
    },
    /// The seal is that of another log.
    #[error("{} belongs to another log: one of the two was replaced", path.display())]
    SealForeign {
        /// The seal that names another log.
        path: PathBuf,
    },
}
