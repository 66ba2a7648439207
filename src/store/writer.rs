//! The one connection that writes, and the rule that the first failure is the last write.

use super::open::{self, OpenedFile};
use super::{StoreDefect, StoreError, WriteError};
use crate::files::{DirectoryLock, FileDigest, Watched};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// One write, as it waits in the queue.
pub(super) type WriteJob = Box<dyn FnOnce(&mut Writer) + Send>;

/// Writes between two checkpoints: keeps the log at a few megabytes without paying two more fsyncs
/// for every write.
const WRITES_PER_CHECKPOINT: u32 = 128;

/// What ends a failure of the store, in a clause.
const UNTIL_RESTARTED: &str =
    "even when the cause is gone, nothing is recorded until the control plane is restarted";

pub(super) struct Writer {
    connection: Connection,
    sealed: Result<FileDigest, StoreDefect>,
    accepts: bool,
    files: Watched,
    lock: Option<Arc<DirectoryLock>>,
    failure: Arc<OnceLock<String>>,
    writes_since_checkpoint: u32,
    commits: watch::Sender<u64>,
}

/// How a transaction can end without effect.
enum TransactionError<E> {
    /// Rolled back, and the store is sound.
    Refused(E),
    /// The store cannot be relied on any more.
    Failed(String),
}

impl Writer {
    pub(super) fn new(
        opened: OpenedFile,
        path: &Path,
        lock: Option<Arc<DirectoryLock>>,
        failure: Arc<OnceLock<String>>,
        commits: watch::Sender<u64>,
    ) -> Result<Self, StoreError> {
        let OpenedFile { connection, sealed } = opened;
        // All three exist once the file has been read.
        let mut paths = ["", "-wal", "-shm"].map(|ending| Watched::beside(path, ending)).to_vec();
        if sealed.is_ok() {
            paths.push(FileDigest::path(path));
        }
        let files = Watched::remember(paths)?;
        Ok(Self {
            connection,
            sealed,
            accepts: false,
            files,
            lock,
            failure,
            writes_since_checkpoint: 0,
            commits,
        })
    }

    /// One transaction. `Ok` means that it is on the disk, in the file that is at the path.
    pub(super) fn write<T, E: WriteError>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(why) = self.failure.get() {
            return Err(StoreError::unavailable(why.as_str()).into());
        }
        if let (Err(finding), false) = (&self.sealed, self.accepts) {
            return Err(StoreError::Held { why: finding.to_string() }.into());
        }
        self.in_place().map_err(|why| self.fail(why))?;
        match transaction(&mut self.connection, work) {
            Ok((value, commits)) => {
                // A commit into a file that was replaced meanwhile is not durable at the path.
                self.in_place().map_err(|why| self.fail(why))?;
                if self.accepts {
                    self.seal_anew(commits).map_err(|e| self.fail(e.to_string()))?;
                }
                self.note(commits);
                self.writes_since_checkpoint += 1;
                self.commits.send_modify(|count| *count += 1);
                Ok(value)
            }
            Err(TransactionError::Refused(error)) => Err(error),
            Err(TransactionError::Failed(why)) => Err(self.fail(why).into()),
        }
    }

    /// The files that are open, and the directory that is locked, are those at their paths.
    fn in_place(&self) -> Result<(), String> {
        self.lock.as_ref().map_or(Ok(()), |lock| lock.still_held())?;
        self.files.unchanged()
    }

    /// Lets the next write through although the file is not what its seal says.
    pub(super) fn accept_with_next_write(&mut self) {
        self.accepts = self.sealed.is_err();
    }

    /// What the seal said against the file is accepted on record now, so there is another seal. A stop
    /// before this leaves the old one, and the next start finds the same again.
    fn seal_anew(&mut self, commits: u64) -> Result<(), StoreError> {
        let path = self.connection.path().map(PathBuf::from).unwrap_or_default();
        let owner = open::file_id(&self.connection)?;
        self.sealed = Ok(FileDigest::replace(&path, &owner, commits)?);
        self.accepts = false;
        Ok(())
    }

    /// Repeats the count in the seal. This write stands; without a seal there is no next one.
    fn note(&self, commits: u64) {
        let Ok(seal) = &self.sealed else { return };
        if let Err(e) = seal.note(commits) {
            self.fail(format!("the seal of the log could not be written: {e}"));
        }
    }

    /// Ends all writing. There is no way back but a restart by an operator: an fsync that failed
    /// once may report success the next time without having written anything. A disk that has room
    /// again is no proof either, so everybody who is refused hears what ends it.
    fn fail(&self, why: String) -> StoreError {
        let why = self.failure.get_or_init(|| format!("{why}; {UNTIL_RESTARTED}"));
        StoreError::unavailable(why.as_str())
    }

    pub(super) fn checkpoint_when_due(&mut self) {
        if self.writes_since_checkpoint >= WRITES_PER_CHECKPOINT {
            self.writes_since_checkpoint = 0;
            self.checkpoint("PASSIVE");
        }
    }

    /// Leaves one complete file behind, where no reader is in the way, and a seal that is on the disk.
    pub(super) fn close(mut self) {
        self.checkpoint("TRUNCATE");
        let Ok(seal) = &self.sealed else { return };
        if self.failure.get().is_none()
            && let Ok(commits) = open::commits(&self.connection)
            && let Err(e) = seal.note_durably(commits)
        {
            self.fail(format!("the seal of the log could not be written: {e}"));
        }
    }

    fn checkpoint(&mut self, mode: &str) {
        if self.failure.get().is_some() || self.sealed.is_err() {
            return;
        }
        let done = self.in_place().and_then(|()| {
            open::checkpoint(&self.connection, mode)
                .map_err(|e| format!("a checkpoint failed: {e}"))
        });
        if let Err(why) = done {
            self.fail(why);
        }
    }
}

impl Drop for Writer {
    /// A panic in a write ends this thread, and with it all writing; then it is said so.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.fail("the writer thread ended in a panic".to_owned());
        }
    }
}

fn transaction<T, E: WriteError>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<(T, u64), TransactionError<E>> {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            let why = "another program holds the write lock of the file; nothing was written";
            return Err(TransactionError::Refused(StoreError::unavailable(why).into()));
        }
        Err(e) => {
            return Err(TransactionError::Failed(format!("a transaction could not begin: {e}")));
        }
    };
    let result = work(&transaction);
    // SQLite ends a transaction by itself when the disk fails; work that ends one is a bug of ours.
    // Either way, what was written cannot be told any more.
    if transaction.is_autocommit() {
        return Err(TransactionError::Failed("a transaction ended before its commit".to_owned()));
    }
    match result {
        Ok(value) => {
            let counted = count(&transaction).map_err(|e| {
                TransactionError::Failed(format!("a commit could not be counted: {e}"))
            })?;
            match transaction.commit() {
                Ok(()) => Ok((value, counted)),
                Err(e) => Err(TransactionError::Failed(format!("a commit failed: {e}"))),
            }
        }
        Err(error) => {
            let failure = error.storage().filter(|e| e.is_failure()).map(ToString::to_string);
            match (transaction.rollback(), failure) {
                (Err(e), _) => Err(TransactionError::Failed(format!("a rollback failed: {e}"))),
                (Ok(()), Some(why)) => Err(TransactionError::Failed(why)),
                (Ok(()), None) => Err(TransactionError::Refused(error)),
            }
        }
    }
}

/// Counts one commit more, in the transaction that makes it.
fn count(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    transaction
        .prepare_cached("UPDATE store SET commits = commits + 1 RETURNING commits")?
        .query_row([], |row| row.get(0))
}
