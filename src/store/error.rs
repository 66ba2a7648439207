//! What can go wrong with the file, and which of it ends all writing.

use super::DATABASE_FILE;
use crate::files::{FileDigestError, FileError};
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory is in use.
    #[error("another control plane serves {}", dir.display())]
    Locked {
        /// The data directory, as the settings name it.
        dir: PathBuf,
    },
    /// There is no log, and nothing says that there was one.
    #[error("{} {found}: `aerodb-control init` founds one", dir.display())]
    NotFounded {
        /// The data directory, as the settings name it.
        dir: PathBuf,
        /// What was found of it, as a clause.
        found: &'static str,
    },
    /// There is a log already, or what is left of one.
    #[error("{} is there: nothing is founded beside it", path.display())]
    Founded {
        /// What stands in the way: the log, or what is left of one.
        path: PathBuf,
    },
    /// The file is gone, and was there: another one is never made in its place.
    #[error("{} {found}, and {known_by}: put it back", path.display())]
    Lost {
        /// Where the log has to be put back.
        path: PathBuf,
        /// What was found, as a clause.
        found: &'static str,
        /// How it is known that there was more.
        known_by: String,
    },
    /// An earlier version of the program serves the file.
    #[error(
        "{} has version {found}, and an earlier version of the program serves it: stop that first",
        path.display()
    )]
    ServedEarlier {
        /// The log that the earlier version holds open.
        path: PathBuf,
        /// `user_version` of the file.
        found: i64,
    },
    /// The seal cannot be read or written.
    #[error(transparent)]
    Seal(#[from] FileDigestError),
    /// The file is something else.
    #[error("{} is not a store of this program: {found}", path.display())]
    Foreign {
        /// The file that stands where the log should.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// The file was written by a later version.
    #[error("{} has version {found}, and {known} is the newest known here", path.display())]
    Newer {
        /// The log, which is left as it is.
        path: PathBuf,
        /// `user_version` of the file.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// Tables, indexes or triggers are not those that this program makes.
    #[error("the schema of the store ({DATABASE_FILE}) was altered: {what}")]
    Altered {
        /// The first table, index or trigger that differs, as a clause.
        what: String,
    },
    /// A file operation failed.
    #[error("cannot {what} {}", path.display())]
    File {
        /// The operation, as a verb.
        what: &'static str,
        /// The file or directory that the operation was for.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A file or directory is not as it has to be.
    #[error(transparent)]
    Files(FileError),
    /// The database cannot be opened: it is no database, or a damaged one.
    #[error("{} cannot be opened: {source}", path.display())]
    Unopened {
        /// The file that SQLite did not open.
        path: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// A statement failed. What the transaction did before is rolled back.
    #[error("the database ({DATABASE_FILE}) refused: {0}")]
    Sql(#[from] rusqlite::Error),
    /// Nothing is written until somebody accepted what was found at the start (C9.5).
    #[error("nothing is written: {why}")]
    Held {
        /// The defect that was found at the start, as a clause.
        why: String,
    },
    /// A write is not known to be durable, or was not tried because an earlier one was not.
    #[error("the store takes no writes: {why}")]
    Unavailable {
        /// The failure of the disk, or the write that failed before, as a clause.
        why: String,
    },
}

/// An error that a write can end with. The store has to see a failure of the disk inside it, or it
/// would go on after one.
pub trait WriteError: From<StoreError> + Send + 'static {
    /// The error of the store, where this is one.
    fn storage(&self) -> Option<&StoreError>;
}

impl WriteError for StoreError {
    fn storage(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Locked { dir } => Self::Locked { dir },
            other => Self::Files(other),
        }
    }
}

impl StoreError {
    pub(super) fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into() }
    }

    pub(super) fn file(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { what, path: path.to_owned(), source }
    }

    /// The same error of an opening, which names the file.
    pub(super) fn of_opening(self, path: &Path) -> Self {
        match self {
            Self::Sql(source) => Self::Unopened { path: path.to_owned(), source },
            other => other,
        }
    }

    /// Whether this means that the file or the disk cannot be relied on, as against a statement
    /// that the schema refused.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Sql(error) | Self::Unopened { source: error, .. } => {
                error.sqlite_error_code().is_some_and(is_failure)
            }
            Self::Unavailable { .. }
            | Self::File { .. }
            | Self::Files(_)
            | Self::Lost { .. }
            | Self::Seal(_)
            | Self::Altered { .. } => true,
            Self::Locked { .. }
            | Self::NotFounded { .. }
            | Self::Founded { .. }
            | Self::ServedEarlier { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Held { .. } => false,
        }
    }
}

fn is_failure(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::InternalMalfunction
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None).into()
    }

    #[test]
    fn a_disk_that_fails_is_told_from_a_statement_that_the_schema_refuses() {
        // The extended codes, as SQLite gives them: EIO in fsync and write, a full disk, a
        // read-only file, a moved file, a damaged page.
        for code in [1034, 778, 266, 13, 8, 1032, 11, 26, 14, 15, 7] {
            assert!(sql(code).is_failure(), "{code}");
        }
        // A CHECK, a trigger, a primary key, a foreign key; a busy file.
        for code in [275, 1811, 1555, 787, 5] {
            assert!(!sql(code).is_failure(), "{code}");
        }
        assert!(!StoreError::from(rusqlite::Error::QueryReturnedNoRows).is_failure());
    }
}
