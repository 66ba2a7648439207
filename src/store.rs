//! The one file in which the control plane keeps what it must not lose: `control.sqlite`.
//!
//! One writer thread and read-only readers. A write resolves only when it is on the disk, and the
//! first sign that this cannot be relied on ends all writing until an operator restarts the program
//! (C6.4). This room never repairs the file, never repeats a write or an fsync, never changes the
//! file in the background, and knows nothing of what the rows mean: it imports
//! no other room but `crash`, `files` and `measure`.

mod error;
mod open;
mod reader;
mod writer;

pub use error::{StoreError, WriteError};
pub use open::{DATABASE_FILE, check_schema};
pub use reader::Reader;

use crate::files::{DirectoryLock, sync_directory};
use crate::measure::Durations;
use rusqlite::{Connection, Transaction};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};
use writer::{Job, Writer};

/// Writes that may wait for the writer thread. More than that wait for a place in the queue.
const WAITING_WRITES_MAX: usize = 1024;

/// The open store. Clones share one writer; the last one to go closes the file.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    reader: Reader,
    failure: Arc<OnceLock<String>>,
    writes: Durations,
    // Given back last, when the writer thread has ended; absent beside a control plane that runs.
    _lock: Option<Arc<DirectoryLock>>,
}

impl Store {
    /// Opens `DIR/control.sqlite`, and makes directory and file where they do not exist.
    ///
    /// # Errors
    /// When another control plane has the directory open, when the file is not ours, is newer than
    /// this program or has an altered schema, or when the disk refuses.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(dir)?;
        let connection = open::writer(dir, &dir.join(DATABASE_FILE))?;
        Self::start(dir, connection, Some(lock))
    }

    /// Opens the file for a command that writes a row or two, also while a control plane has the
    /// directory open: the database itself puts the two writers in an order.
    ///
    /// # Errors
    /// As [`Store::open`], but for the lock.
    pub fn open_beside(dir: &Path) -> Result<Self, StoreError> {
        match open::lock(dir) {
            Ok(lock) => {
                let connection = open::writer(dir, &dir.join(DATABASE_FILE))?;
                Self::start(dir, connection, Some(lock))
            }
            Err(StoreError::Locked { .. }) => {
                let connection = open::existing(&dir.join(DATABASE_FILE))?;
                Self::start(dir, connection, None)
            }
            Err(other) => Err(other),
        }
    }

    fn start(
        dir: &Path,
        connection: Connection,
        lock: Option<DirectoryLock>,
    ) -> Result<Self, StoreError> {
        let lock = lock.map(Arc::new);
        let path = dir.join(DATABASE_FILE);
        let (committed, commits) = watch::channel(0);
        let failure = Arc::new(OnceLock::new());
        let reader = Reader::beside_writer(&path, commits, Arc::clone(&failure))?;
        let mut writer =
            Writer::new(connection, &path, lock.clone(), Arc::clone(&failure), committed)?;
        // By now the log of the database has its file. The next write relies on it.
        sync_directory(dir)?;
        let (queue, mut jobs) = mpsc::channel::<Job>(WAITING_WRITES_MAX);
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
        let inner = Inner {
            path,
            queue: Some(queue),
            thread: Some(thread),
            reader,
            failure,
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
    /// What `work` answers; [`StoreError::Unavailable`] when the write is not known to be durable.
    /// Then nothing may go on that relies on it.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: WriteError,
    {
        let running = self.inner.writes.begin();
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |writer| {
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

    /// How long it took until a write was durable, its place in the queue included.
    #[must_use]
    pub fn writes(&self) -> &Durations {
        &self.inner.writes
    }

    /// Read-only access to the same file. It goes on when writing has failed.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.inner.reader.clone()
    }

    /// Why writing has ended; `None` while it goes on.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.inner.failure.get().map(String::as_str)
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

impl Drop for Inner {
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
