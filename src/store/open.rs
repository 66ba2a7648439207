//! Opens and checks the file before the first write is taken.

use super::schema::{self, check_owner, check_schema, pragma};
use super::{StoreDefect, StoreError};
use crate::crash::{InjectedBug, has_injected_bug};
use crate::files::{
    DirectoryLock, FileDigest, FileDigestError, private, sync_directory, sync_parent,
};
use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// The name of the file in the data directory.
pub const DATABASE_FILE: &str = "control.sqlite";
/// The file whose lock said in earlier versions that a control plane has the directory open.
const EARLIER_LOCK_FILE: &str = "control.lock";
/// How long a statement may wait for a lock that another program holds, such as one that reads the
/// file for the first time, or a command that adds an account while the control plane runs.
const LOCK_WAIT: Duration = Duration::from_secs(1);
const STATEMENTS_KEPT: usize = 64;

/// The file, open to be written, with its seal; or with what speaks against writing to it.
pub(super) struct OpenedFile {
    pub(super) connection: Connection,
    pub(super) sealed: Result<FileDigest, StoreDefect>,
}

/// Who else may have the file open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileSharing {
    /// Only this process: it has the lock of the directory.
    Alone,
    /// A control plane has the lock, and this process writes beside it.
    Beside,
}

/// Takes the lock on a directory that exists.
pub(super) fn lock(dir: &Path) -> Result<DirectoryLock, StoreError> {
    if fs::metadata(dir).is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
        return Err(StoreError::NotFounded { dir: dir.to_owned(), found: "is not there" });
    }
    let lock = DirectoryLock::take(dir)?;
    is_free_of_earlier_versions(dir)?;
    Ok(lock)
}

/// Earlier versions locked a file in the directory instead of the directory. Where one of them is
/// still running, that lock is held. The file is not made any more.
fn is_free_of_earlier_versions(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(EARLIER_LOCK_FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::file("open", &path, source)),
    };
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::file("lock", &path, source)),
    }
}

/// Makes the file and its seal where there is no log. What a stop in the middle of it left is blank,
/// or a file into which nothing was ever written, and is replaced.
pub(super) fn found(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let seal = FileDigest::path(path);
    if !is_unused(path)? {
        return Err(StoreError::Founded { path: path.to_owned() });
    }
    match FileDigest::look(path) {
        Err(FileDigestError::Missing { .. }) => {}
        Ok((_, 0)) => fs::remove_file(&seal)
            .map_err(|source| StoreError::file("remove the unused", &seal, source))?,
        Ok(_) | Err(_) => return Err(StoreError::Founded { path: seal }),
    }
    if !path.exists() {
        // SQLite gives its other files the mode of this one.
        let file = private::create_file(path)?;
        file.sync_all().map_err(|source| StoreError::file("make", path, source))?;
    }
    let connection = connect_to_write(path)?;
    configure(&connection)?;
    if schema::is_blank(&connection) {
        schema::create(&connection, &new_file_id(&connection)?)?;
    }
    checkpoint(&connection, "TRUNCATE")?;
    FileDigest::create(path, &file_id(&connection)?, 0)?;
    drop(connection);
    // The names of the files have to be as durable as what is in them. SQLite syncs its own too, and
    // ignores the error.
    sync_directory(dir)?;
    sync_parent(dir)?;
    Ok(())
}

/// Whether there is no file, or one into which nothing was ever written.
fn is_unused(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(source) => return Err(StoreError::file("read", path, source)),
        Ok(meta) if meta.len() == 0 => return Ok(true),
        Ok(_) => {}
    }
    let connection = connect_to_write(path)?;
    if schema::is_blank(&connection) {
        return Ok(true);
    }
    Ok(check_owner(&connection, path)? >= schema::SEALED_SINCE && commits(&connection)? == 0)
}

/// The connection that writes, on a file that has to be there and ours. It is taken to the present
/// version where it has an earlier one. An error in an earlier fsync shows up here, before anything
/// relies on the file.
pub(super) fn existing(path: &Path, holder: FileSharing) -> Result<OpenedFile, StoreError> {
    is_there(path)?;
    opened(path, holder).map_err(|error| error.of_opening(path))
}

fn opened(path: &Path, holder: FileSharing) -> Result<OpenedFile, StoreError> {
    let connection = connect_to_write(path)?;
    if schema::is_blank(&connection) {
        return Err(lost(path, "holds nothing"));
    }
    let version = check_owner(&connection, path)?;
    configure(&connection)?;
    check_schema(&connection)?;
    let sealed = if version == schema::SCHEMA_VERSION {
        open_seal(&connection, path)?
    } else {
        if holder == FileSharing::Beside {
            let path = path.to_owned();
            return Err(StoreError::ServedEarlier { path, found: version });
        }
        if version < schema::SEALED_SINCE {
            migrated(&connection, path, version)?
        } else {
            let sealed = open_seal(&connection, path)?;
            // What the seal speaks against stays as it is until somebody accepts it.
            if sealed.is_ok() {
                schema::migrate(&connection, version, &file_id(&connection)?)?;
            }
            sealed
        }
    };
    if sealed.is_ok() {
        checkpoint(&connection, "PASSIVE")?;
    }
    Ok(OpenedFile { connection, sealed })
}

/// A file that is gone or empty is never made again: whatever it held would be forgotten.
fn is_there(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(meta) if meta.len() > 0 => Ok(()),
        Ok(_) => Err(lost(path, "is empty")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(lost(path, "is missing")),
        Err(source) => Err(StoreError::file("read", path, source)),
    }
}

fn lost(path: &Path, found: &'static str) -> StoreError {
    let dir = path.parent().unwrap_or(Path::new("")).to_owned();
    match FileDigest::look(path) {
        Err(FileDigestError::Missing { .. }) if found == "is missing" => {
            StoreError::NotFounded { dir, found: "holds no log" }
        }
        Ok((_, commits)) => StoreError::Lost {
            path: path.to_owned(),
            found,
            known_by: format!(
                "{} says that {commits} were written",
                FileDigest::path(path).display()
            ),
        },
        Err(seal) => StoreError::Lost { path: path.to_owned(), found, known_by: seal.to_string() },
    }
}

/// The seal comes first: a stop after it leaves an earlier file beside a seal that names no commit.
fn migrated(
    connection: &Connection,
    path: &Path,
    version: i64,
) -> Result<Result<FileDigest, StoreDefect>, StoreError> {
    let file_id = match FileDigest::look(path) {
        Err(FileDigestError::Missing { .. }) => {
            let id = new_file_id(connection)?;
            FileDigest::create(path, &id, 0)?;
            if let Some(dir) = path.parent() {
                sync_directory(dir)?;
            }
            id
        }
        Ok((id, 0)) => id,
        Ok((_, made)) => return Ok(Err(StoreDefect::Older { held: 0, made })),
        Err(other) => return found_of(other).map(Err),
    };
    schema::migrate(connection, version, &file_id)?;
    open_seal(connection, path)
}

/// Compares the file with its seal.
fn open_seal(
    connection: &Connection,
    path: &Path,
) -> Result<Result<FileDigest, StoreDefect>, StoreError> {
    let owner = file_id(connection)?;
    loop {
        let held = commits(connection)?;
        match FileDigest::open(path, &owner, held) {
            Ok(seal) => return Ok(Ok(seal)),
            // Another process has written between the two readings.
            Err(FileDigestError::Older { .. }) if commits(connection)? > held => {}
            Err(other) => return found_of(other).map(Err),
        }
    }
}

/// What a seal says against its database, where it could be read.
fn found_of(error: FileDigestError) -> Result<StoreDefect, StoreError> {
    match error {
        FileDigestError::Older { held, made, .. } => Ok(StoreDefect::Older { held, made }),
        FileDigestError::Missing { path } => Ok(StoreDefect::SealMissing { path }),
        FileDigestError::Damaged { path } => Ok(StoreDefect::SealDamaged { path }),
        FileDigestError::Foreign { path, .. } => Ok(StoreDefect::SealForeign { path }),
        FileDigestError::Io { .. } => Err(error.into()),
    }
}

/// How many transactions have written.
pub(super) fn commits(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.query_row("SELECT commits FROM store", [], |row| row.get(0))?)
}

pub(super) fn file_id(connection: &Connection) -> Result<String, StoreError> {
    Ok(connection.query_row("SELECT file_id FROM store", [], |row| row.get(0))?)
}

/// A name that no other file has. It stands in no record and decides nothing, so it may come from
/// SQLite.
fn new_file_id(connection: &Connection) -> Result<String, StoreError> {
    Ok(connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?)
}

fn connect_to_write(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT)?;
    Ok(connection)
}

/// A connection that cannot write, on a file that is known to be ours.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    finish_reader(Connection::open_with_flags(path, flags)?, path)
}

/// The same for a file on a medium where SQLite cannot make its `-shm`. Only for a file that has no
/// log beside it: on a live one this would miss what was committed last.
pub(super) fn reader_of_sealed(path: &Path) -> Result<Connection, StoreError> {
    let escaped = path.display().to_string().replace('%', "%25").replace('?', "%3f");
    let uri = format!("file:{}?immutable=1", escaped.replace('#', "%23"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    finish_reader(Connection::open_with_flags(uri, flags)?, path)
}

fn finish_reader(connection: Connection, path: &Path) -> Result<Connection, StoreError> {
    connection.busy_timeout(LOCK_WAIT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    check_owner(&connection, path)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    // SQLite answers with the mode that it could get, and calls that a success.
    let mode = stepped::<String>(connection, "PRAGMA journal_mode = WAL")?;
    if mode != "wal" {
        let why = format!("the file system allows only journal mode {mode}, and WAL is needed");
        return Err(StoreError::unavailable(why));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // An automatic checkpoint hides the errors of its fsync. Ours are explicit, and checked.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    for (name, required) in [("synchronous", 2), ("foreign_keys", 1), ("wal_autocheckpoint", 0)] {
        let found = pragma(connection, name)?;
        if found != required {
            let why = format!("{name} is {found} and must be {required}");
            return Err(StoreError::unavailable(why));
        }
    }
    if has_injected_bug(InjectedBug::SyncLazily) {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    Ok(())
}

/// Moves the log into the database and reports an error of any fsync on the way.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> Result<(), StoreError> {
    // The row says whether a reader held it up, which is no error: the next one gets further.
    stepped::<i64>(connection, &format!("PRAGMA wal_checkpoint({mode})"))?;
    Ok(())
}

/// The first value that a statement answers, after all of it has run. `query_row` stops at the first
/// row, and an error of the commit that follows the row is lost with that: an fsync that failed
/// while the journal mode was set was not reported.
fn stepped<T: FromSql>(connection: &Connection, sql: &str) -> rusqlite::Result<T> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let value = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.get(0)?;
    while rows.next()?.is_some() {}
    Ok(value)
}
