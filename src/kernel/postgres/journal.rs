//! The adapter's own file: which orders were sent and what came of them, since when nodes do not answer,
//! and what happened.
//!
//! It is a kept file as those of the first kernel are: one writer, every save on the disk before it is
//! answered, a sum over everything in it, and nothing more after a save that failed (C6.1). The session of
//! an order stands in the audit log too; what is only here is a cache of that, and of the rows in the
//! database. What makes an id run at most once is the key of its orders (C7.1).

mod events;
mod highest;
mod orders;
mod unanswered;

pub use events::NewEvent;
pub use highest::HighestKnown;
pub use orders::{Acceptance, JournalEntry, OrderEnd, SentOrder, VoidReason};

use crate::files::{self, private};
use crate::kernel::Unobservable;
use crate::kernel::embedded::counts::SaveCounts;
use crate::kernel::embedded::kept::{FileSpec, KeptFile};
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::event::KernelEvent;
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The version of the tables.
pub const JOURNAL_FORMAT: u32 = 1;
/// Bytes of the instance, before they are written in hexadecimal digits.
const INSTANCE_BYTES: usize = 4;
const FORM: FileSpec = FileSpec {
    schema: include_str!("journal.sql"),
    head: "journal",
    format: JOURNAL_FORMAT,
    owner: "SELECT instance || '/postgres' FROM journal",
    counted_saves: false,
};

/// Whose journal it is. Nothing in it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalHead {
    /// Tells the sessions of this control plane from those of another one: eight hexadecimal digits.
    pub instance: String,
    /// What all nodes of the cluster have in common, as they say it.
    pub system_identifier: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What may be done with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JournalMode {
    /// It is read, and nothing is written to it or beside it (C9.5).
    ReadOnly,
    /// It is written.
    Begun,
}

/// The open journal. Clones are the same file.
#[derive(Clone, Debug)]
pub struct Journal {
    head: JournalHead,
    file: Arc<Mutex<JournalFile>>,
}

#[derive(Debug)]
struct JournalFile {
    kept: KeptFile,
    mode: JournalMode,
    /// Since when nodes do not answer, as the file says it; beside it what was found while it is held.
    unanswered: unanswered::Unanswered,
    /// The same of how far the cluster was.
    highest: HighestKnown,
}

impl Journal {
    /// Where it stands in the directory of the kernel.
    #[must_use]
    pub fn path(dir: &Path) -> PathBuf {
        dir.join("postgres.sqlite")
    }

    /// Makes the journal of a cluster, in a directory that only its owner can read. It is made where there
    /// is none, and never again.
    ///
    /// # Errors
    /// When there is one already, or it cannot be made.
    pub fn create(
        dir: &Path,
        system_identifier: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<JournalHead, DiskError> {
        private::create_directories(dir)?;
        private::check_directory(dir)?;
        let bytes = entropy.bytes();
        let instance = hex::encode(bytes.get(..INSTANCE_BYTES).unwrap_or(&bytes));
        let system_identifier = system_identifier.to_owned();
        let head = JournalHead { instance, system_identifier, made_at: now };
        KeptFile::create(&Self::path(dir), &FORM, 0, |db| {
            db.execute(
                "INSERT INTO journal (one, format, instance, system_identifier, made_at)
                 VALUES (1, ?1, ?2, ?3, ?4)",
                params![JOURNAL_FORMAT, head.instance, head.system_identifier, now.millis()],
            )
            .doing("name the cluster")?;
            Ok(())
        })?;
        files::sync_directory(dir)?;
        files::sync_parent(dir)?;
        Ok(head)
    }

    /// Reads the whole journal in a directory, and writes nothing.
    ///
    /// # Errors
    /// When there is none, it is damaged or older than it was, others can read the directory, or another
    /// process has it open.
    pub fn read(dir: &Path) -> Result<Self, DiskError> {
        private::check_directory(dir)?;
        let path = Self::path(dir);
        let kept = KeptFile::read(&path, &FORM)?.unseal(&path, SaveCounts::default())?;
        let head = head(kept.connection()).map_err(|error| error.in_file(&path))?;
        let unanswered = unanswered::Unanswered::read(kept.connection())?;
        let highest = HighestKnown::read(kept.connection())?;
        let file = JournalFile { kept, mode: JournalMode::ReadOnly, unanswered, highest };
        Ok(Self { head, file: Arc::new(Mutex::new(file)) })
    }

    /// From here on it is written. Gives the last event that it holds.
    ///
    /// # Errors
    /// When its seal cannot be written.
    pub fn begin(&self) -> Result<Option<KernelEvent>, DiskError> {
        let mut file = self.lock();
        file.kept.begin()?;
        file.mode = JournalMode::Begun;
        Ok(events::read(file.kept.connection(), None, 1)?.pop())
    }

    /// Keeps the event that a start is.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub fn keep_at_start(&self, event: NewEvent) -> Result<(), DiskError> {
        self.lock().save(|db| events::keep(db, &[event]))
    }

    /// Whose journal it is.
    #[must_use]
    pub fn head(&self) -> &JournalHead {
        &self.head
    }

    fn lock(&self) -> MutexGuard<'_, JournalFile> {
        // Whatever a panic elsewhere left, the file itself says whether its last save came to its end.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the file beside the tasks that answer people: a save waits for the disk. It
    /// comes to its end also where nobody waits for it any more.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut JournalFile) -> Result<T, DiskError> + Send + 'static,
    ) -> Result<T, DiskError> {
        let journal = self.clone();
        let done = tokio::task::spawn_blocking(move || act(&mut journal.lock())).await;
        done.unwrap_or_else(|error| {
            Err(DiskError::corrupt(format!("what was done with the journal did not end: {error}")))
        })
    }
}

impl JournalFile {
    fn save<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        match self.mode {
            JournalMode::Begun => self.kept.save(change),
            JournalMode::ReadOnly => {
                Err(DiskError::corrupt("the journal is held, and not written"))
            }
        }
    }
}

fn head(db: &Connection) -> Result<JournalHead, DiskError> {
    let sql = "SELECT instance, system_identifier, made_at FROM journal";
    db.query_row(sql, [], |row| {
        let made_at = Timestamp::from_millis(row.get(2)?);
        Ok(JournalHead { instance: row.get(0)?, system_identifier: row.get(1)?, made_at })
    })
    .doing("read whose journal it is")
}

impl From<DiskError> for Unobservable {
    fn from(error: DiskError) -> Self {
        Self { why: format!("the journal of this control plane cannot be used: {error}") }
    }
}

#[cfg(test)]
mod tests;
