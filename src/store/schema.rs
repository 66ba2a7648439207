//! The versions of the file: what each is made of, and how an earlier one becomes the present one.
//!
//! A file of an earlier version is compared with the schema of that version, and taken to the present
//! one in a single transaction: after a stop at any moment it is either as it was or as it is now.
//! Nothing that was recorded is changed by it: leaves keep their bytes and hashes. A later version is
//! refused. No copy is made: a copy would be a second log.

use super::StoreError;
use crate::crash;
use rusqlite::{Connection, params};
use std::path::Path;

/// `aeDB`, in the header of the file: what it belongs to, for `file` and for us.
const APPLICATION_ID: i64 = 0x6165_4442;
/// The version of the file that this program makes, and writes.
pub const SCHEMA_VERSION: i64 = 3;
/// The first version that has a row of its own and a seal beside it.
pub(super) const SEALED_SINCE: i64 = 2;
const SCHEMA: &str = include_str!("schema.sql");

/// A version before the present one.
struct Earlier {
    /// Its number, as `user_version` has it.
    version: i64,
    /// What a file of it is made of.
    schema: &'static str,
    /// The statements that take it to the next version.
    step: &'static str,
}

/// The versions before the present one, the oldest first, none left out.
const EARLIER: [Earlier; 2] = [
    Earlier { version: 1, schema: include_str!("schema_1.sql"), step: include_str!("step_2.sql") },
    Earlier { version: 2, schema: include_str!("schema_2.sql"), step: include_str!("step_3.sql") },
];

/// Says whose the file is and which version it has. Reads only, and comes before anything that would
/// write to it.
pub(super) fn check_owner(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
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
    if schema_of_version(version).is_none() {
        return Err(foreign(format!("it has version {version}, which never existed")));
    }
    Ok(version)
}

/// Schema, owner and the row of this file in one transaction: after a crash there is either all of it
/// or nothing.
pub(super) fn create(connection: &Connection, file_id: &str) -> Result<(), StoreError> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(SCHEMA)?;
    insert_store(&transaction, file_id, 0)?;
    own(&transaction)?;
    Ok(transaction.commit()?)
}

/// Takes a file of an earlier version to the present one. `file_id` becomes its own where it has none.
///
/// # Errors
/// When the file is not what its version is made of, or the disk refuses. It is then as it was.
pub(super) fn migrate(
    connection: &Connection,
    version: i64,
    file_id: &str,
) -> Result<(), StoreError> {
    check_schema(connection)?;
    let transaction = connection.unchecked_transaction()?;
    for earlier in EARLIER.iter().filter(|earlier| earlier.version >= version) {
        transaction.execute_batch(earlier.step)?;
        crash::failpoint("store.step");
    }
    if version < SEALED_SINCE {
        let sql = "SELECT coalesce(max(seq) + 1, 0) FROM leaf";
        let records = transaction.query_row(sql, [], |row| row.get(0))?;
        insert_store(&transaction, file_id, records)?;
    }
    own(&transaction)?;
    check_schema(&transaction)?;
    crash::failpoint("store.migrated");
    transaction.commit()?;
    crash::failpoint("store.committed");
    Ok(())
}

fn insert_store(connection: &Connection, file_id: &str, heads_from: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO store (one, file_id, commits, heads_from) VALUES (1, ?1, 0, ?2)";
    connection.execute(sql, params![file_id, heads_from]).map(drop)
}

fn own(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)
}

pub(super) fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Whether the file holds nothing at all: what is there before its schema was committed.
pub(super) fn is_blank(connection: &Connection) -> bool {
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables = connection.query_row(tables, [], |row| row.get::<_, i64>(0));
    let unowned = pragma(connection, "application_id").is_ok_and(|id| id == 0)
        && pragma(connection, "user_version").is_ok_and(|version| version == 0);
    unowned && tables.is_ok_and(|count| count == 0)
}

fn schema_of_version(version: i64) -> Option<&'static str> {
    let earlier = EARLIER.iter().find(|earlier| earlier.version == version);
    let earlier = earlier.map(|earlier| earlier.schema);
    earlier.or((version == SCHEMA_VERSION).then_some(SCHEMA))
}

/// Compares tables, indexes and triggers with those that a file of its version is made of.
///
/// # Errors
/// [`StoreError::Altered`] names the first that is missing, foreign or different.
pub fn check_schema(connection: &Connection) -> Result<(), StoreError> {
    let altered = |what: String| Err(StoreError::Altered { what });
    let version = pragma(connection, "user_version")?;
    let Some(schema) = schema_of_version(version) else {
        return altered(format!("version {version} never existed"));
    };
    let made = Connection::open_in_memory()?;
    made.execute_batch(schema)?;
    let (made, found) = (schema_of(&made)?, schema_of(connection)?);
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn file(version: i64) -> Connection {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(schema_of_version(version).expect("known")).expect("made");
        own(&connection).expect("owned");
        connection.pragma_update(None, "user_version", version).expect("set");
        connection
    }

    #[test]
    fn every_earlier_version_becomes_the_present_one_and_an_altered_one_stays_as_it_is() {
        for version in EARLIER.map(|earlier| earlier.version) {
            let migrated = file(version);
            migrate(&migrated, version, ID).expect("migrated");
            assert_eq!(check_owner(&migrated, Path::new("x")).expect("ours"), SCHEMA_VERSION);
            check_schema(&migrated).expect("the very schema of a new file");
            let altered = file(version);
            altered.execute_batch("DROP TRIGGER leaf_update").expect("dropped");
            let refused = migrate(&altered, version, ID).expect_err("refused").to_string();
            assert!(refused.contains("leaf_update is missing"), "{refused}");
            assert_eq!(pragma(&altered, "user_version").expect("read"), version);
        }
    }
}
