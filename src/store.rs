//! The one file in which the control plane keeps what it must not lose: `control.sqlite`.
//!
//! One writer thread and read-only readers. A write resolves only when it is on the disk, and the
//! first sign that this cannot be relied on ends all writing until an operator restarts the program
//! (C6.4). This room never repairs the file, never makes another in its place, never repeats a write
//! or an fsync, never changes the file in the background, and knows nothing of what the rows mean: it
//! imports no other room but `crash`, `files` and `measure`.
//!
//! Every transaction that writes raises a count in the file, and the seal beside it repeats the count.
//! A file that holds fewer commits than its seal can be read and takes no writes ([`StoreDefect`]).

mod error;
mod finding;
mod open;
mod reader;
mod schema;
mod writer;

pub use error::{StoreError, WriteError};
pub use finding::StoreDefect;
pub use open::DATABASE_FILE;
pub use reader::StoreReader;
pub use schema::{SCHEMA_VERSION, check_schema};

use crate::files::{DirectoryLock, private, sync_directory};
use crate::metrics::Durations;
use open::{FileSharing, OpenedFile};
use rusqlite::Transaction;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};
use writer::{WriteJob, Writer};

/// Writes that may wait for the writer thread. More than that wait for a place in the queue.
const WAITING_WRITES_MAX: usize = 1024;

/// The open store. Clones share one writer; the last one to go closes the file.
#[derive(Clone)]
pub struct Store {
    inner: Arc<StoreInner>,
}

struct StoreInner {
    path: PathBuf,
    queue: Option<mpsc::Sender<WriteJob>>,
    thread: Option<JoinHandle<()>>,
    reader: StoreReader,
    failure: Arc<OnceLock<String>>,
    finding: Option<StoreDefect>,
    held: OnceLock<String>,
    writes: Durations,
    // Given back last, when the writer thread has ended; absent beside a control plane that runs.
    _lock: Option<Arc<DirectoryLock>>,
}

impl Store {
    /// Makes `DIR/control.sqlite` with its seal, and opens it. The directory is made where there is
    /// none. What an earlier call left that was stopped on the way is replaced.
    ///
    /// # Errors
    /// When there is a log already or what is left of one, another control plane has the directory
    /// open, or the disk refuses.
    pub fn found(dir: &Path) -> Result<Self, StoreError> {
        private::create_directories(dir)?;
        let lock = open::lock(dir)?;
        let path = dir.join(DATABASE_FILE);
        open::found(dir, &path)?;
        Self::start(dir, open::existing(&path, FileSharing::Alone)?, Some(lock))
    }

    /// Opens `DIR/control.sqlite`, which has to be there. A file of an earlier version is taken to the
    /// present one. Where the seal says that the file is older than it was, the store can be read and
    /// takes no writes: [`Store::finding`] says so.
    ///
    /// # Errors
    /// When there is no log, another control plane has the directory open, the file is gone or empty
    /// beside its seal, is not ours, is newer than this program or has an altered schema, or when the
    /// disk refuses.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(dir)?;
        let opened = open::existing(&dir.join(DATABASE_FILE), FileSharing::Alone)?;
        Self::start(dir, opened, Some(lock))
    }

    /// Opens the file for a command that writes a row or two, also while a control plane has the
    /// directory open: the database itself puts the two writers in an order.
    ///
    /// # Errors
    /// As [`Store::open`], but for the lock; and when a control plane of an earlier version runs.
    pub fn open_beside(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(DATABASE_FILE);
        match open::lock(dir) {
            Ok(lock) => Self::start(dir, open::existing(&path, FileSharing::Alone)?, Some(lock)),
            Err(StoreError::Locked { .. }) => {
                Self::start(dir, open::existing(&path, FileSharing::Beside)?, None)
            }
            Err(other) => Err(other),
        }
    }

    fn start(
        dir: &Path,
        opened: OpenedFile,
        lock: Option<DirectoryLock>,
    ) -> Result<Self, StoreError> {
        let lock = lock.map(Arc::new);
        let path = dir.join(DATABASE_FILE);
        let (committed, commits) = watch::channel(0);
        let failure = Arc::new(OnceLock::new());
        let reader = StoreReader::beside_writer(&path, commits, Arc::clone(&failure))?;
        let finding = opened.sealed.as_ref().err().cloned();
        let mut writer = Writer::new(opened, &path, lock.clone(), Arc::clone(&failure), committed)?;
        // By now the log of the database has its file. The next write relies on it.
        sync_directory(dir)?;
        let (queue, mut jobs) = mpsc::channel::<WriteJob>(WAITING_WRITES_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                while let Some(job) = jobs.blocking_recv() {
                    job(&mut writer);
                    writer.checkpoint_when_due();
                }
                writer.close();
            })
            .map_err(|source| StoreError::file("start the writer thread", &path, source))?;
        let inner = StoreInner {
            path,
            queue: Some(queue),
            thread: Some(thread),
            reader,
            failure,
            finding,
            held: OnceLock::new(),
            writes: Durations::default(),
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs `work` in one transaction and resolves when it is durable (C6.4).
    ///
    /// An error of `work` rolls everything back and is returned. Once the future has been polled,
    /// dropping it does not undo the write. `work` runs on the writer thread: it must be short, and
    /// must neither begin, commit nor roll back by itself.
    ///
    /// # Errors
    /// What `work` answers; [`StoreError::Unavailable`] when the write is not known to be durable:
    /// then nothing may go on that relies on it. [`StoreError::Held`] where there is a finding.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: WriteError,
    {
        if let Some(why) = self.inner.held.get() {
            return Err(StoreError::Held { why: why.clone() }.into());
        }
        let running = self.inner.writes.begin();
        let (answer, answered) = oneshot::channel();
        let job: WriteJob = Box::new(move |writer| {
            // Nobody may be waiting any more. The write stands all the same.
            let _ = answer.send(writer.write(work));
        });
        let ended = || E::from(StoreError::unavailable("the writer thread has ended"));
        let queue = self.inner.queue.as_ref().ok_or_else(ended)?;
        queue.send(job).await.map_err(|_| ended())?;
        let written = answered.await.unwrap_or_else(|_| Err(ended()))?;
        running.done();
        Ok(written)
    }

    /// From now on every write is refused with this reason, for as long as the store is open: the one
    /// place that all records and all rights go through (C9.5). Reading goes on.
    pub fn hold(&self, why: impl Into<String>) {
        // Held once is held: the first reason stays.
        let _ = self.inner.held.set(why.into());
    }

    /// How long it took until a write was durable, its place in the queue included.
    #[must_use]
    pub fn writes(&self) -> &Durations {
        &self.inner.writes
    }

    /// Read-only access to the same file. It goes on when writing has failed.
    #[must_use]
    pub fn reader(&self) -> StoreReader {
        self.inner.reader.clone()
    }

    /// Why writing has ended; `None` while it goes on.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.inner.failure.get().map(String::as_str)
    }

    /// Why nothing is written to the file, although it can be read; `None` where it is whole.
    #[must_use]
    pub fn finding(&self) -> Option<&StoreDefect> {
        self.inner.finding.as_ref()
    }

    /// The next write is the record by which a person accepts what was found: it is let through, and the
    /// seal is made anew when it is durable (C9.5).
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn accept_with_next_write(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: WriteJob = Box::new(move |writer| {
            writer.accept_with_next_write();
            // Nobody may be waiting any more.
            let _ = answer.send(());
        });
        let ended = || StoreError::unavailable("the writer thread has ended");
        let queue = self.inner.queue.as_ref().ok_or_else(ended)?;
        queue.send(job).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Drop for StoreInner {
    /// Waits for the writes in the queue, so that the directory is free when this returns.
    fn drop(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else { return };
        // The last clone may go inside a write; a thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() {
            // A writer that panicked has rolled back, and every later write was refused.
            let _ = thread.join();
        }
    }
}
