//! A file of the kernel that is kept whole: one node's, or the switchboard.
//!
//! Every save is one transaction, which also writes what the file says of itself: how many saves were
//! made, the sum over everything in it (`content`), and how many saves of the other files were known by
//! then (`counts`). Before a save counts as durable, the files at their paths are compared with those
//! that are open. When a file is opened, all of it is read and held against all of that.

use super::content::{self, Content, Sum, Tally};
use super::counts::SaveCounts;
use super::migration::{self, Old};
use super::sqlite::{Database, Doing, StoreError, name_of};
use crate::crash::{self, Sabotage};
use crate::files::{Seal, SealError, Watched};
use rusqlite::Connection;
use std::fs::{self, File};
use std::path::Path;

/// What a file is: its tables, and its name among the files of the cluster.
pub(super) struct Form {
    /// The tables, but for what the file says of itself.
    pub(super) schema: &'static str,
    /// The table with the version, in one row.
    pub(super) head: &'static str,
    /// The version that is read and written.
    pub(super) format: u32,
    /// Whose file it is, as `CLUSTER/NAME`: one word, read from that row.
    pub(super) owner: &'static str,
    /// Whether the version before counted saves, in the table with the version, and sealed the file.
    pub(super) counted_saves: bool,
}

/// The open file.
#[derive(Debug)]
pub(super) struct KeptFile {
    database: Database,
    keeper: Option<Keeper>,
}

/// What whoever writes the file holds, and who only reads it does not.
#[derive(Debug)]
struct Keeper {
    /// Its name among the files of the cluster.
    name: String,
    tally: Tally,
    saves: u64,
    counts: SaveCounts,
    seal: Seal,
    watched: Watched,
    /// Whether every save came to its end: then the file is left whole when it is closed.
    is_sound: bool,
}

/// A file that was read whole, before its seal was looked at.
pub(super) struct Unsealed {
    database: Database,
    owner: String,
    content: Content,
    rows: Sum,
    old: Old,
}

impl Form {
    /// Whose file it is.
    pub(super) fn owner_of(&self, db: &Connection) -> Result<String, StoreError> {
        db.query_row(self.owner, [], |row| row.get(0)).doing("read whose file it is")
    }
}

impl KeptFile {
    /// Makes the file and its seal; fails when there is one. It counts saves from `saves` on.
    pub(super) fn create(
        path: &Path,
        form: &Form,
        saves: u64,
        fill: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if path.exists() {
            return Err(StoreError::corrupt(format!("{} exists already", path.display())));
        }
        let database = Database::create(path)?;
        let tx = database.begin()?;
        tx.execute_batch(form.schema).doing("create the tables")?;
        fill(&tx)?;
        let content = Content { saves, known: std::collections::BTreeMap::new() };
        content.create(&tx, content::read_all(&tx)?)?;
        let owner = form.owner_of(&tx)?;
        tx.commit().doing("commit")?;
        database.empty_log()?;
        drop(database);
        Seal::create(path, &owner, saves)?;
        Ok(())
    }

    /// Opens a file that exists, and reads all of it. One of the version before is first checked as that
    /// version did, and then made one of this version in one transaction.
    pub(super) fn read(path: &Path, form: &Form) -> Result<Unsealed, StoreError> {
        let old = Old::look(path);
        let named = |error: StoreError| error.in_file(path);
        // SQLite takes an empty file for a new one, and removes the log beside it.
        if fs::metadata(path).is_ok_and(|meta| meta.len() == 0) {
            return Err(named(StoreError::corrupt("it is empty")));
        }
        let database = Database::open(path).map_err(named)?;
        let db = database.connection();
        let format: u32 = db
            .query_row(&format!("SELECT format FROM {}", form.head), [], |row| row.get(0))
            .doing("read the version of the file")
            .map_err(named)?;
        if format + 1 == form.format {
            migration::migrate(&database, form, &old, path)?;
        } else if format != form.format {
            let program = form.format;
            let what = format!("it has format {format}, and this program reads {program}");
            return Err(StoreError::corrupt(what).in_file(path));
        }
        content::check_shape(db, form.schema).map_err(named)?;
        let (content, rows) = Content::check(db).map_err(named)?;
        let owner = form.owner_of(db).map_err(named)?;
        Ok(Unsealed { database, owner, content, rows, old })
    }

    /// The connection, for reads.
    pub(super) fn connection(&self) -> &Connection {
        self.database.connection()
    }

    /// The file as it is now, to be read beside this one.
    pub(super) fn as_it_is(&self) -> Result<Self, StoreError> {
        Ok(Self { database: self.database.as_it_is()?, keeper: None })
    }

    /// One save: makes a change durable in one transaction. After an error nothing is known about the
    /// file, and no further save is made (C6.1).
    pub(super) fn save<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let keeper = self.keeper.as_mut().ok_or_else(read_only)?;
        // What was counted for a save that failed was rolled back, or is in the file: nobody knows.
        if !keeper.is_sound {
            return Err(StoreError::corrupt("a save before this one did not come to its end"));
        }
        keeper.is_sound = false;
        let tx = self.database.begin()?;
        let done = change(&tx)?;
        let saves = keeper.saves + 1;
        let content = Content { saves, known: keeper.counts.others_of(&keeper.name) };
        content.write(&tx, keeper.tally.sum())?;
        tx.commit().doing("commit")?;
        if crash::sabotaged(Sabotage::SecondDescriptor) {
            drop(File::open(self.database.connection().path().unwrap_or_default()));
        }
        // C6.1: SQLite goes on writing to a file that was moved away; that is no save.
        keeper.watched.unchanged().map_err(StoreError::corrupt)?;
        keeper.saves = saves;
        keeper.counts.raise(&keeper.name, saves);
        keeper.seal.note(saves)?;
        if self.database.is_due() {
            self.database.checkpoint()?;
        }
        keeper.is_sound = true;
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
    pub(super) fn unchanged(&self) -> Result<(), StoreError> {
        self.keeper.iter().try_for_each(|k| k.watched.unchanged().map_err(StoreError::corrupt))
    }
}

impl Unsealed {
    /// The connection, for reads.
    pub(super) fn connection(&self) -> &Connection {
        self.database.connection()
    }

    /// Compares the file with its seal. From here on it can be written.
    pub(super) fn unseal(self, path: &Path, counts: SaveCounts) -> Result<KeptFile, StoreError> {
        let Self { database, owner, content, rows, old } = self;
        let saves = content.saves;
        old.replace_seal(path, &owner, saves)?;
        let seal = Seal::open(path, &owner, saves).map_err(|error| match error {
            SealError::Older { held, made, .. } => {
                let file = name_of(path);
                StoreError::corrupt(format!(
                    "{file} holds {held} saves, and {made} were made: it, or {file}-wal, is older \
                     than it was, damaged or gone"
                ))
            }
            other => StoreError::from(other),
        })?;
        super::store::damage::check_pages(database.connection())
            .map_err(|error| error.in_file(path))?;
        let name = owner.rsplit('/').next().unwrap_or_default().to_owned();
        counts.learn(&content.known);
        counts.raise(&name, saves);
        let tally = Tally::begin(database.connection(), rows)?;
        let watched =
            Watched::remember([path.to_owned(), Watched::beside(path, "-wal"), Seal::path(path)])?;
        let keeper = Keeper { name, tally, saves, counts, seal, watched, is_sound: true };
        Ok(KeptFile { database, keeper: Some(keeper) })
    }
}

impl Drop for KeptFile {
    /// Leaves one whole file and a durable seal behind, if every save came to its end. If that fails,
    /// the next start finds the write-ahead log as it is, and loses nothing.
    fn drop(&mut self) {
        let sound = self.keeper.as_ref().filter(|k| k.is_sound && k.watched.unchanged().is_ok());
        if let Some(keeper) = sound {
            let _ = self.database.empty_log().map(|()| keeper.seal.note_durably(keeper.saves));
        }
    }
}

fn read_only() -> StoreError {
    StoreError::corrupt("the file is open to be read, and cannot be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form {
        schema: "CREATE TABLE head (one INTEGER PRIMARY KEY, format INTEGER) STRICT;
                 CREATE TABLE numbers (number INTEGER PRIMARY KEY CHECK (number < 10)) STRICT;",
        head: "head",
        format: 4,
        owner: "SELECT 'cluster/file' FROM head",
        counted_saves: false,
    };

    fn open(path: &Path) -> KeptFile {
        KeptFile::read(path, &FORM).unwrap().unseal(path, SaveCounts::default()).unwrap()
    }

    fn insert(file: &mut KeptFile, sql: &str) -> Result<usize, StoreError> {
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
