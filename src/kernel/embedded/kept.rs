//! A file of the kernel that is kept whole: one node's, or the switchboard.
//!
//! Every save is one transaction, which also writes what the file says of itself: how many saves were
//! made, the sum over everything in it (`content`), and how many saves of the other files were known by
//! then (`counts`). Before a save counts as durable, the files at their paths are compared with those
//! that are open. When a file is opened, all of it is read and held against all of that, and nothing is
//! written to it or beside it before it is begun (C9.5).

use super::content::{self, ContentClaim, ContentSum, Sum};
use super::counts::SaveCounts;
use super::migration::{self, PreviousFile};
use super::sqlite::{Database, DiskError, Doing};
use crate::crash::{self, InjectedBug};
use crate::files::{self, FileDigest, FileDigestError, Watched};
use rusqlite::Connection;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What a file is: its tables, and its name among the files of the cluster.
pub(in crate::kernel) struct FileSpec {
    /// The tables, but for what the file says of itself.
    pub(in crate::kernel) schema: &'static str,
    /// The table with the version, in one row.
    pub(in crate::kernel) head: &'static str,
    /// The version that is read and written.
    pub(in crate::kernel) format: u32,
    /// Whose file it is, as `CLUSTER/NAME`: one word, read from that row.
    pub(in crate::kernel) owner: &'static str,
    /// Whether the version before counted saves, in the table with the version, and sealed the file.
    pub(in crate::kernel) counted_saves: bool,
}

/// The open file.
#[derive(Debug)]
pub(in crate::kernel) struct KeptFile {
    database: Database,
    keeper: Option<Keeper>,
}

/// What whoever writes the file holds, and who only reads it does not.
#[derive(Debug)]
struct Keeper {
    /// Its name among the files of the cluster.
    name: String,
    tally: ContentSum,
    saves: u64,
    counts: SaveCounts,
    /// `None` where one of this version is made when the file is begun.
    seal: Option<FileDigest>,
    watched: Watched,
    standing: SaveState,
}

/// What may be done with the file.
#[derive(Debug)]
enum SaveState {
    /// It was read and not begun: it is left as it was found.
    Found(FoundFile),
    /// Every save came to its end: the file is left whole when it is closed.
    Sound,
    /// Nobody knows what the last save left.
    Broken,
}

/// How a file was found.
#[derive(Debug)]
struct FoundFile {
    /// Whose file it is.
    owner: String,
    /// What the version before left beside it.
    old: PreviousFile,
    /// Whether it is of the version before; the open transaction makes it one of this.
    is_migrated: bool,
}

/// A file that was read whole, before its seal was looked at.
pub(in crate::kernel) struct Unsealed {
    database: Database,
    owner: String,
    content: ContentClaim,
    rows: Sum,
    old: PreviousFile,
    is_migrated: bool,
}

impl FileSpec {
    /// Whose file it is.
    pub(super) fn owner_of(&self, db: &Connection) -> Result<String, DiskError> {
        db.query_row(self.owner, [], |row| row.get(0)).doing("read whose file it is")
    }
}

impl KeptFile {
    /// Makes the file and its seal; fails when there is one. It counts saves from `saves` on.
    pub(in crate::kernel) fn create(
        path: &Path,
        form: &FileSpec,
        saves: u64,
        fill: impl FnOnce(&Connection) -> Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        if path.exists() {
            return Err(DiskError::corrupt(format!("{} exists already", path.display())));
        }
        let database = Database::create(path)?;
        let tx = database.begin()?;
        tx.execute_batch(form.schema).doing("create the tables")?;
        fill(&tx)?;
        let content = ContentClaim { saves, known: std::collections::BTreeMap::new() };
        content.create(&tx, content::read_all(&tx)?)?;
        let owner = form.owner_of(&tx)?;
        tx.commit().doing("commit")?;
        database.empty_log()?;
        drop(database);
        FileDigest::create(path, &owner, saves)?;
        Ok(())
    }

    /// Opens a file that exists, and reads all of it. One of the version before is first checked as that
    /// version did, and then made one of this version in one transaction, which ends when it is begun.
    pub(in crate::kernel) fn read(path: &Path, form: &FileSpec) -> Result<Unsealed, DiskError> {
        let old = PreviousFile::look(path);
        let named = |error: DiskError| error.in_file(path);
        // SQLite takes an empty file for a new one, and removes the log beside it.
        if fs::metadata(path).is_ok_and(|meta| meta.len() == 0) {
            return Err(named(DiskError::corrupt("it is empty")));
        }
        let database = Database::open(path).map_err(named)?;
        let db = database.connection();
        let format: u32 = db
            .query_row(&format!("SELECT format FROM {}", form.head), [], |row| row.get(0))
            .doing("read the version of the file")
            .map_err(named)?;
        let is_migrated = format + 1 == form.format;
        if is_migrated {
            migration::migrate(&database, form, &old, path)?;
        } else if format != form.format {
            let program = form.format;
            let what = format!("it has format {format}, and this program reads {program}");
            return Err(DiskError::corrupt(what).in_file(path));
        }
        content::check_shape(db, form.schema).map_err(named)?;
        let (content, rows) = ContentClaim::check(db).map_err(named)?;
        let owner = form.owner_of(db).map_err(named)?;
        Ok(Unsealed { database, owner, content, rows, old, is_migrated })
    }

    /// The connection, for reads.
    pub(in crate::kernel) fn connection(&self) -> &Connection {
        self.database.connection()
    }

    /// The file as it is now, to be read beside this one.
    pub(super) fn snapshot(&self) -> Result<Self, DiskError> {
        Ok(Self { database: self.database.snapshot()?, keeper: None })
    }

    /// From here on it can be written. What the version before left becomes of this one.
    pub(in crate::kernel) fn begin(&mut self) -> Result<(), DiskError> {
        let keeper = self.keeper.as_mut().ok_or_else(read_only)?;
        let SaveState::Found(found) = std::mem::replace(&mut keeper.standing, SaveState::Broken)
        else {
            return Err(DiskError::corrupt("the file was begun before"));
        };
        if keeper.seal.is_none() {
            let path = PathBuf::from(self.database.connection().path().unwrap_or_default());
            let FoundFile { owner, old, is_migrated } = found;
            let seal = if let PreviousFile::Nothing = old {
                // Before the file is of this version, which is nothing without a seal.
                let seal = FileDigest::create(&path, &owner, keeper.saves)?;
                files::sync_directory(path.parent().unwrap_or(Path::new(".")))?;
                self.database.end_migration(is_migrated)?;
                seal
            } else {
                self.database.end_migration(is_migrated)?;
                PreviousFile::replace_seal(&path, &owner, keeper.saves)?;
                FileDigest::open(&path, &owner, keeper.saves)?
            };
            keeper.seal = Some(seal);
            keeper.watched = watched(&path)?;
        } else {
            self.database.end_migration(found.is_migrated)?;
        }
        keeper.standing = SaveState::Sound;
        Ok(())
    }

    /// One save: makes a change durable in one transaction. After an error nothing is known about the
    /// file, and no further save is made (C6.1).
    pub(in crate::kernel) fn save<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        let keeper = self.keeper.as_mut().ok_or_else(read_only)?;
        // What was counted for a save that failed was rolled back, or is in the file: nobody knows.
        let SaveState::Sound = std::mem::replace(&mut keeper.standing, SaveState::Broken) else {
            return Err(DiskError::corrupt("a save before this one did not come to its end"));
        };
        let tx = self.database.begin()?;
        let done = change(&tx)?;
        let saves = keeper.saves + 1;
        let content = ContentClaim { saves, known: keeper.counts.others_of(&keeper.name) };
        content.write(&tx, keeper.tally.sum())?;
        tx.commit().doing("commit")?;
        if crash::has_injected_bug(InjectedBug::SecondDescriptor) {
            drop(File::open(self.database.connection().path().unwrap_or_default()));
        }
        // C6.1: SQLite goes on writing to a file that was moved away; that is no save.
        keeper.watched.unchanged().map_err(DiskError::corrupt)?;
        keeper.saves = saves;
        keeper.counts.raise(&keeper.name, saves);
        keeper.seal.iter().try_for_each(|seal| seal.note(saves))?;
        if self.database.is_due() {
            self.database.checkpoint()?;
        }
        keeper.standing = SaveState::Sound;
        Ok(done)
    }

    /// How many saves it holds; 0 for whoever only reads it.
    pub(super) fn saves(&self) -> u64 {
        self.keeper.as_ref().map_or(0, |keeper| keeper.saves)
    }

    /// Closes the file and leaves it as it is: it is evidence.
    pub(super) fn leave(mut self) {
        self.keeper = None;
    }

    /// Compares the files at their paths with those that are open.
    pub(super) fn unchanged(&self) -> Result<(), DiskError> {
        self.keeper.iter().try_for_each(|k| k.watched.unchanged().map_err(DiskError::corrupt))
    }
}

impl Unsealed {
    /// The connection, for reads.
    pub(in crate::kernel) fn connection(&self) -> &Connection {
        self.database.connection()
    }

    /// Compares the file with its seal. Nothing is written before it is begun.
    pub(in crate::kernel) fn unseal(
        self,
        path: &Path,
        counts: SaveCounts,
    ) -> Result<KeptFile, DiskError> {
        let Self { database, owner, content, rows, old, is_migrated } = self;
        let saves = content.saves;
        old.is_held_by(path, saves)?;
        let is_sealed = match &old {
            PreviousFile::Sealed { .. } => false,
            PreviousFile::Nothing => !is_migrated || FileDigest::path(path).exists(),
        };
        let seal = is_sealed.then(|| open_seal(path, &owner, saves)).transpose()?;
        super::store::damage::check_pages(database.connection())
            .map_err(|error| error.in_file(path))?;
        let name = owner.rsplit('/').next().unwrap_or_default().to_owned();
        counts.learn(&content.known);
        counts.raise(&name, saves);
        let tally = ContentSum::begin(database.connection(), rows)?;
        let watched = watched(path)?;
        let standing = SaveState::Found(FoundFile { owner, old, is_migrated });
        let keeper = Keeper { name, tally, saves, counts, seal, watched, standing };
        Ok(KeptFile { database, keeper: Some(keeper) })
    }
}

impl Drop for KeptFile {
    /// Leaves one whole file and a durable seal behind, if every save came to its end. If that fails,
    /// the next start finds the write-ahead log as it is, and loses nothing.
    fn drop(&mut self) {
        let is_sound = |k: &&Keeper| matches!(k.standing, SaveState::Sound);
        let sound = self.keeper.as_ref().filter(is_sound);
        let sound = sound.filter(|keeper| keeper.watched.unchanged().is_ok());
        if let Some(Keeper { seal: Some(seal), saves, .. }) = sound {
            let _ = self.database.empty_log().map(|()| seal.note_durably(*saves));
        }
    }
}

/// The seal of a file that holds so many saves, if it names no more.
fn open_seal(path: &Path, owner: &str, saves: u64) -> Result<FileDigest, DiskError> {
    FileDigest::open(path, owner, saves).map_err(|error| match error {
        FileDigestError::Older { held, made, .. } => DiskError::older(path, held, made),
        other => DiskError::from(other),
    })
}

/// The files of which each save sees that they are still at their paths; the last may not be there yet.
fn watched(path: &Path) -> Result<Watched, DiskError> {
    let seal = Some(FileDigest::path(path)).filter(|seal| seal.exists());
    let files = [path.to_owned(), Watched::beside(path, "-wal")].into_iter().chain(seal);
    Ok(Watched::remember(files)?)
}

fn read_only() -> DiskError {
    DiskError::corrupt("the file is open to be read, and cannot be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: FileSpec = FileSpec {
        schema: "CREATE TABLE head (one INTEGER PRIMARY KEY, format INTEGER) STRICT;
                 CREATE TABLE numbers (number INTEGER PRIMARY KEY CHECK (number < 10)) STRICT;",
        head: "head",
        format: 4,
        owner: "SELECT 'cluster/file' FROM head",
        counted_saves: false,
    };

    fn open(path: &Path) -> KeptFile {
        let read = KeptFile::read(path, &FORM).unwrap();
        let mut file = read.unseal(path, SaveCounts::default()).unwrap();
        file.begin().unwrap();
        file
    }

    fn insert(file: &mut KeptFile, sql: &str) -> Result<usize, DiskError> {
        file.save(|db| db.execute(sql, []).doing("insert"))
    }

    #[test]
    fn nothing_is_saved_after_a_save_that_failed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.sqlite");
        KeptFile::create(&path, &FORM, 0, |db| {
            db.execute("INSERT INTO head VALUES (1, 4)", []).doing("insert")?;
            Ok(())
        })
        .unwrap();
        let mut file = open(&path);
        insert(&mut file, "INSERT INTO numbers VALUES (1)").unwrap();
        insert(&mut file, "INSERT INTO numbers VALUES (2), (11)").unwrap_err();
        let refused = insert(&mut file, "INSERT INTO numbers VALUES (3)").unwrap_err();
        assert_eq!(refused.to_string(), "a save before this one did not come to its end");
        drop(file);
        let file = open(&path);
        let numbers = "SELECT group_concat(number) FROM numbers";
        let held: String = file.connection().query_row(numbers, [], |row| row.get(0)).unwrap();
        assert_eq!((held.as_str(), file.saves()), ("1", 1));
    }
}
