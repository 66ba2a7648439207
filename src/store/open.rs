//! Opens and checks the file before the first write is taken.

use super::StoreError;
use crate::crash::{Sabotage, sabotaged};
use crate::files::{DirectoryLock, private, sync_directory};
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

/// `aeDB`, in the header of the file: what it belongs to, for `file` and for us.
const APPLICATION_ID: i64 = 0x6165_4442;
/// The version of the schema.
const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = include_str!("schema.sql");
/// How long a statement may wait for a lock that another program holds, such as one that reads the
/// file for the first time, or a command that adds an account while the control plane runs.
const LOCK_WAIT: Duration = Duration::from_secs(1);
const STATEMENTS_KEPT: usize = 64;

/// Makes the directory where needed, and takes the lock on it.
pub(super) fn lock(dir: &Path) -> Result<DirectoryLock, StoreError> {
    private::create_directories(dir)?;
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

/// The connection that writes, on a file that is known to be ours.
pub(super) fn writer(dir: &Path, path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        // SQLite gives its other files the mode of this one.
        let file = private::create_file(path)?;
        file.sync_all().map_err(|source| StoreError::file("make", path, source))?;
    }
    let connection = connect_to_write(path)?;
    if is_blank(&connection, path)? {
        configure(&connection)?;
        create(&connection)?;
        checkpoint(&connection, "TRUNCATE")?;
        drop(connection);
        // The name of the file has to be as durable as what is in it. SQLite syncs it too, and
        // ignores the error.
        sync_directory(dir)?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_directory(parent)?;
        }
        // An error in the first fsyncs shows up here, before anything relies on the file.
        return existing(path);
    }
    drop(connection);
    existing(path)
}

/// The connection that writes, on a file that has to be there and ours.
pub(super) fn existing(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect_to_write(path)?;
    check_owner(&connection, path)?;
    configure(&connection)?;
    check_schema(&connection)?;
    checkpoint(&connection, "PASSIVE")?;
    Ok(connection)
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

/// Says whose the file is. Reads only, and comes before anything that would write to it.
fn check_owner(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let foreign = |found: String| StoreError::Foreign { path: path.to_owned(), found };
    let id = match pragma(connection, "application_id") {
        Ok(id) => id,
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(foreign("it is not an SQLite database".to_owned()));
        }
        Err(e) => return Err(e.into()),
    };
    if id != APPLICATION_ID {
        return Err(foreign(format!("its application id is {id}, not {APPLICATION_ID}")));
    }
    let version = pragma(connection, "user_version")?;
    if version > SCHEMA_VERSION {
        let path = path.to_owned();
        return Err(StoreError::Newer { path, found: version, known: SCHEMA_VERSION });
    }
    if version != SCHEMA_VERSION {
        return Err(foreign(format!("it has version {version}, which never existed")));
    }
    Ok(())
}

fn is_blank(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let empty = fs::metadata(path).map(|meta| meta.len() == 0);
    if empty.map_err(|source| StoreError::file("read", path, source))? {
        return Ok(true);
    }
    // A crash while the schema was made leaves a valid file without tables. A file that is not a
    // database is named by `check_owner`.
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables = connection.query_row(tables, [], |row| row.get::<_, i64>(0));
    let unowned = pragma(connection, "application_id").is_ok_and(|id| id == 0)
        && pragma(connection, "user_version").is_ok_and(|version| version == 0);
    Ok(unowned && tables.is_ok_and(|count| count == 0))
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
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
    if sabotaged(Sabotage::SyncLazily) {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    Ok(())
}

/// Schema and owner in one transaction: after a crash there is either all of it or nothing.
fn create(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;\n{SCHEMA}\nPRAGMA application_id = {APPLICATION_ID};\n\
         PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
    ))?;
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

/// Compares tables, indexes and triggers with those that this program makes.
///
/// # Errors
/// [`StoreError::Altered`] names the first that is missing, foreign or different.
pub fn check_schema(connection: &Connection) -> Result<(), StoreError> {
    let made = Connection::open_in_memory()?;
    made.execute_batch(SCHEMA)?;
    let (made, found) = (schema_of(&made)?, schema_of(connection)?);
    let altered = |what: String| Err(StoreError::Altered { what });
    for (name, sql) in &made {
        match found.iter().find(|(other, _)| other == name) {
            None => return altered(format!("{name} is missing")),
            Some((_, other)) if other != sql => return altered(format!("{name} is different")),
            Some(_) => {}
        }
    }
    match found.iter().find(|(name, _)| !made.iter().any(|(other, _)| other == name)) {
        Some((name, _)) => altered(format!("{name} does not belong to it")),
        None => Ok(()),
    }
}

fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    // The statistics of ANALYZE change no meaning. The tables in which FTS5 keeps an index are made
    // by SQLite, in its own words of the time.
    let sql = "SELECT type || ' ' || name, sql FROM sqlite_schema
               WHERE name NOT LIKE 'sqlite_stat%' AND NOT (type = 'table' AND name IN
                   ('entry_index_data', 'entry_index_idx', 'entry_index_config'))
               ORDER BY 1";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
