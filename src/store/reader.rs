//! Read-only connections to the file.

use super::{StoreError, open};
use rusqlite::{Connection, ErrorCode};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;

/// Connections that serve all readers. They are opened at the start and never again: a connection
/// opened later would read whatever file is at the path by then.
const CONNECTIONS: usize = 4;

/// Reads. Clones share the connections.
#[derive(Clone)]
pub struct StoreReader {
    pool: Arc<ConnectionPool>,
    failure: Arc<OnceLock<String>>,
}

struct ConnectionPool {
    commits: watch::Receiver<u64>,
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl StoreReader {
    /// Opens a file for reading without a control plane, such as to verify it. It may be live.
    ///
    /// # Errors
    /// When there is no such file, or it is not a store of this program.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if let Err(source) = std::fs::metadata(path) {
            return Err(StoreError::file("read", path, source));
        }
        let connection = match open::reader(path) {
            Err(StoreError::Sql(e)) if is_unwritable_place(&e) && !has_log(path) => {
                open::reader_of_sealed(path)?
            }
            other => other?,
        };
        // Nobody in this process writes to it, so nobody says when somebody has.
        Ok(Self::over(vec![connection], watch::channel(0).1, Arc::default()))
    }

    pub(super) fn beside_writer(
        path: &Path,
        commits: watch::Receiver<u64>,
        failure: Arc<OnceLock<String>>,
    ) -> Result<Self, StoreError> {
        let connections: Result<Vec<_>, _> = (0..CONNECTIONS).map(|_| open::reader(path)).collect();
        Ok(Self::over(connections?, commits, failure))
    }

    fn over(
        connections: Vec<Connection>,
        commits: watch::Receiver<u64>,
        failure: Arc<OnceLock<String>>,
    ) -> Self {
        let idle = Mutex::new(connections);
        Self { pool: Arc::new(ConnectionPool { commits, idle, returned: Condvar::new() }), failure }
    }

    /// Why the writer beside this reader has ended; `None` while it goes on, or where there is none.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// A number that grows with each durable write of this process.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.pool.commits.clone()
    }

    /// Runs `work` on one snapshot of the file: all its statements see the same moment (C8.4).
    ///
    /// It waits while all connections are in use, so `work` is short and never reads through a
    /// `StoreReader` itself. A long read keeps the log of the database from being cut.
    ///
    /// # Errors
    /// What `work` answers, or that the file cannot be read.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let lease = self.pool.take();
        let snapshot = lease.connection().unchecked_transaction().map_err(StoreError::from)?;
        let result = work(&snapshot);
        // Nothing was written; there is nothing to lose in the end of it.
        drop(snapshot);
        result
    }
}

impl std::fmt::Debug for StoreReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl ConnectionPool {
    // A reader that panicked has given its connection back on the way; the list is sound.
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Lease<'_> {
        let mut idle = self.idle();
        loop {
            if let Some(connection) = idle.pop() {
                return Lease { pool: self, connection: Some(connection) };
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A connection on loan. It goes back when this is dropped.
struct Lease<'a> {
    pool: &'a ConnectionPool,
    connection: Option<Connection>,
}

impl Lease<'_> {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("only dropping the lease takes the connection")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.idle().push(connection);
            self.pool.returned.notify_one();
        }
    }
}

fn is_unwritable_place(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(Path::new(&log)).is_ok_and(|meta| meta.len() > 0)
}
