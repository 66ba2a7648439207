//! How the kernel opens its SQLite files: alone, with a write-ahead log, an fsync at every commit, and
//! checkpoints that are asked for and checked, because an automatic one hides its errors.
//!
//! Alone means that SQLite holds the lock of the file from the first read to the end ("unix-excl"): a
//! client of another process is told that the database is locked, so none can take itself for the last
//! one and remove the write-ahead log. Connections of this process share that lock. It holds as long as
//! nothing but SQLite opens the file: closing any other descriptor would drop it.

use crate::crash::{self, InjectedBug};
use crate::files::{FileDigestError, FileError, private};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;

/// The file layer of SQLite that holds the lock of a file from the first read to the end.
const ALONE: &str = "unix-excl";
/// How long a start waits for another process that has a file open.
const IN_USE_FOR: Duration = Duration::from_secs(2);
/// Commits between two checkpoints; it bounds the write-ahead log to a few megabytes.
const COMMITS_PER_CHECKPOINT: u32 = 1000;
/// Statements kept prepared; there are fewer than this in the whole kernel.
const STATEMENTS_CACHED: usize = 64;

/// A file of the kernel could not be read or written, or holds what the kernel never wrote.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// SQLite reported an error.
    #[error("{doing}: {source}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Another process has the file open.
    #[error("{file} is in use by another process: end it, and start again")]
    InUse {
        /// The name of the file.
        file: String,
    },
    /// The file holds something that the kernel never wrote.
    #[error("{what}")]
    Corrupt {
        /// What was found, as a clause.
        what: String,
    },
}

impl DiskError {
    /// A file that holds what the kernel never wrote.
    pub(in crate::kernel) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    /// A file that holds fewer saves than were made, by what its seal says.
    pub(super) fn older(path: &Path, held: u64, made: u64) -> Self {
        let file = name_of(path);
        Self::corrupt(format!(
            "{file} holds {held} saves, and {made} were made: it, or {file}-wal, is older than it \
             was, damaged or gone"
        ))
    }

    /// The same error, which names the file that it is about.
    pub(in crate::kernel) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::InUse { .. } => self,
            other => Self::corrupt(format!("{} is damaged: {other}", name_of(path))),
        }
    }

    /// The same error, which names the file where another process has it open.
    fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Sqlite { source, .. }
                if source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                Self::InUse { file: name_of(path) }
            }
            other => other,
        }
    }
}

impl From<FileError> for DiskError {
    fn from(error: FileError) -> Self {
        Self::corrupt(error.to_string())
    }
}

impl From<FileDigestError> for DiskError {
    fn from(error: FileDigestError) -> Self {
        Self::corrupt(error.to_string())
    }
}

/// The name of a file, as it is named to an operator.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Names what was being done when SQLite failed.
pub(in crate::kernel) trait Doing<T> {
    /// The same result, whose error says what was being done.
    fn doing(self, doing: &'static str) -> Result<T, DiskError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, DiskError> {
        self.map_err(|source| DiskError::Sqlite { doing, source })
    }
}

/// One open file, and the count of commits since its last checkpoint.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    commits: u32,
}

impl Database {
    /// Creates an empty file, which only its owner can read; fails when there is one already.
    pub(super) fn create(path: &Path) -> Result<Self, DiskError> {
        drop(private::create_file(path)?);
        Self::open(path)
    }

    /// Opens a file that exists, and that changes in a checkpoint that is asked for and never else:
    /// by itself SQLite would make one when it closes the file.
    pub(super) fn open(path: &Path) -> Result<Self, DiskError> {
        let database = Self { connection: Self::connect(path)?, commits: 0 };
        database.set_durability(path).map_err(|error| error.of_file(path))?;
        Ok(database)
    }

    /// Another connection to the same file, which can only read, and reads the file as it is now
    /// for as long as it lives, whatever is committed meanwhile.
    pub(super) fn snapshot(&self) -> Result<Self, DiskError> {
        let path = self.connection.path().unwrap_or_default();
        let connection = Self::connect(Path::new(path))?;
        // Only a read pins what a transaction sees.
        connection
            .execute_batch(
                "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;
                 BEGIN; SELECT count(*) FROM sqlite_schema;",
            )
            .doing("begin to read the file")?;
        Ok(Self { connection, commits: 0 })
    }

    /// Opens a file that exists. Also to read it: a connection that could not write would take the
    /// lock of the file in another way than the others do.
    fn connect(path: &Path) -> Result<Connection, DiskError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags_and_vfs(path, flags, ALONE).doing("open the file")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        // A tool that looks at the file for a moment keeps nobody out: it is waited for, here and never
        // again, because from now on the lock is ours.
        connection.busy_timeout(IN_USE_FOR).doing("open the file")?;
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .doing("keep the file from changing when it is closed")?;
        Ok(connection)
    }

    fn set_durability(&self, path: &Path) -> Result<(), DiskError> {
        let connection = &self.connection;
        // The first read takes the lock.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
            .doing("open the file")?;
        connection.busy_timeout(Duration::ZERO).doing("open the file")?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF;
                 PRAGMA recursive_triggers = ON; PRAGMA temp_store = MEMORY;",
            )
            .doing("set the durability of the file")?;
        let text = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, String>(0));
        let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        // Checked after it was set: SQLite answers an impossible mode by keeping the old one.
        let mode = text("PRAGMA journal_mode").doing("read the journal mode")?;
        let sync = number("PRAGMA synchronous").doing("read the synchronous mode")?;
        if mode != "wal" || sync != 2 {
            return Err(DiskError::corrupt(format!(
                "the file system under {} does not allow a write-ahead log with full fsync",
                path.display()
            )));
        }
        if crash::has_injected_bug(InjectedBug::AnswerEarly) {
            let early = connection.execute_batch("PRAGMA synchronous = NORMAL");
            early.doing("set the durability of the file")?;
        }
        Ok(())
    }

    /// The connection, for reads.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Begins a transaction that is rolled back unless it is committed.
    pub(super) fn begin(&self) -> Result<Transaction<'_>, DiskError> {
        Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
            .doing("begin a transaction")
    }

    /// Ends the transaction that was left open by a migration, if there was one.
    pub(super) fn end_migration(&self, is_migrated: bool) -> Result<(), DiskError> {
        if !is_migrated {
            return Ok(());
        }
        self.connection.execute_batch("COMMIT; PRAGMA cache_spill = ON").doing("commit")?;
        self.empty_log()
    }

    /// Counts one commit; gives whether a checkpoint is due, which the caller then makes.
    pub(super) fn is_due(&mut self) -> bool {
        self.commits += 1;
        let is_due = self.commits >= COMMITS_PER_CHECKPOINT;
        if is_due {
            self.commits = 0;
        }
        is_due
    }

    /// Moves what the write-ahead log holds into the file.
    pub(super) fn checkpoint(&self) -> Result<(), DiskError> {
        self.moved_by("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// The same, and leaves nothing in the write-ahead log.
    pub(super) fn empty_log(&self) -> Result<(), DiskError> {
        self.moved_by("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    fn moved_by(&self, checkpoint: &str) -> Result<(), DiskError> {
        let busy: i64 = self
            .connection
            .query_row(checkpoint, [], |row| row.get(0))
            .doing("checkpoint the file")?;
        if busy == 0 {
            Ok(())
        } else {
            Err(DiskError::corrupt("another process reads or writes a file of the kernel"))
        }
    }
}

/// The JSON text of a value of the model.
pub(in crate::kernel) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("model types hold text keys and integers only")
}

/// Reads JSON text that the kernel wrote.
pub(in crate::kernel) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, DiskError> {
    serde_json::from_str(text)
        .map_err(|error| DiskError::corrupt(format!("a stored value cannot be read: {error}")))
}
