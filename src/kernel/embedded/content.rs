//! The sum over everything that a file of the kernel holds: it tells a file that was damaged from one
//! that was written.
//!
//! Each row has a SHA-256, and their sum does not depend on their order, so it is kept up row by row:
//! triggers of the connection see every row that comes, goes or changes. The same list of tables and
//! columns makes the triggers and the reading of the whole file, so the two cannot differ. What is in
//! no row is compared with what the kernel would make: the tables, their indexes and their triggers.

use super::sqlite::{DiskError, Doing};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SCHEMA: &str = include_str!("content.sql");
/// The function that the triggers call: whether the row comes or goes, its table, its values.
const COUNT: &str = "count_row";

/// A sum of digests, modulo 2^256; the lowest part first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum([u64; 4]);

impl Sum {
    fn of_row<'a>(table: &str, values: impl IntoIterator<Item = ValueRef<'a>>) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(table.as_bytes());
        for value in values {
            match value {
                ValueRef::Null => hasher.update([0]),
                ValueRef::Integer(number) => {
                    hasher.update([1]);
                    hasher.update(number.to_be_bytes());
                }
                ValueRef::Real(number) => {
                    hasher.update([2]);
                    hasher.update(number.to_bits().to_be_bytes());
                }
                ValueRef::Text(bytes) => long(&mut hasher, 3, bytes),
                ValueRef::Blob(bytes) => long(&mut hasher, 4, bytes),
            }
        }
        Self::from_bytes(&hasher.finalize())
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let (parts, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|at| parts.get(at).copied().map_or(0, u64::from_le_bytes)))
    }

    fn bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|part| part.to_le_bytes()).collect()
    }

    fn plus(self, other: Self) -> Self {
        let (mut sum, mut carry) = (self.0, false);
        for (part, more) in sum.iter_mut().zip(other.0) {
            let (added, over) = part.overflowing_add(more);
            let (carried, once_more) = added.overflowing_add(u64::from(carry));
            (*part, carry) = (carried, over || once_more);
        }
        Self(sum)
    }

    fn minus(self, other: Self) -> Self {
        // The two's complement of what goes.
        self.plus(Self(other.0.map(|part| !part))).plus(Self([1, 0, 0, 0]))
    }
}

fn long(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

struct ContentTable {
    name: String,
    columns: Vec<String>,
}

/// Every table but the one that holds the sum.
fn tables(db: &Connection) -> Result<Vec<ContentTable>, DiskError> {
    let read = || -> rusqlite::Result<Vec<ContentTable>> {
        let mut names = db.prepare(
            "SELECT name FROM main.sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'content' ORDER BY name",
        )?;
        let names: Vec<String> =
            names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let mut columns =
            db.prepare("SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
        let table = |name: String| {
            let columns =
                columns.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(ContentTable { name, columns })
        };
        names.into_iter().map(table).collect()
    };
    read().doing("read which tables there are")
}

/// Reads every row of a file.
pub(super) fn read_all(db: &Connection) -> Result<Sum, DiskError> {
    let mut sum = Sum::default();
    for table in tables(db)? {
        let sql = format!("SELECT {} FROM main.{}", table.columns.join(", "), table.name);
        let mut statement = db.prepare(&sql).doing("read every row")?;
        let mut rows = statement.query([]).doing("read every row")?;
        while let Some(row) = rows.next().doing("read every row")? {
            let values: rusqlite::Result<Vec<ValueRef<'_>>> =
                (0..table.columns.len()).map(|column| row.get_ref(column)).collect();
            sum = sum.plus(Sum::of_row(&table.name, values.doing("read every row")?));
        }
    }
    Ok(sum)
}

/// The sum as it is now, kept up by the triggers of one connection.
#[derive(Debug)]
pub(super) struct ContentSum(Arc<Mutex<Sum>>);

impl ContentSum {
    /// Counts every row that comes, goes or changes by this connection from here on.
    pub(super) fn begin(db: &Connection, sum: Sum) -> Result<Self, DiskError> {
        let held = Arc::new(Mutex::new(sum));
        let counted = Arc::clone(&held);
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        db.create_scalar_function(COUNT, -1, flags, move |call| {
            let comes: bool = call.get(0)?;
            let table: String = call.get(1)?;
            let row = Sum::of_row(&table, (2..call.len()).map(|at| call.get_raw(at)));
            let mut sum = lock(&counted);
            *sum = if comes { sum.plus(row) } else { sum.minus(row) };
            Ok(Null)
        })
        .doing("count rows")?;
        for table in tables(db)? {
            db.execute_batch(&triggers(&table)).doing("count rows")?;
        }
        Ok(Self(held))
    }

    /// The sum over what the connection sees.
    pub(super) fn sum(&self) -> Sum {
        *lock(&self.0)
    }
}

fn lock(sum: &Mutex<Sum>) -> MutexGuard<'_, Sum> {
    // One number, whole after every statement.
    sum.lock().unwrap_or_else(PoisonError::into_inner)
}

fn triggers(table: &ContentTable) -> String {
    let name = &table.name;
    let row = |comes: u8, which: &str| {
        let values: Vec<_> =
            table.columns.iter().map(|column| format!("{which}.{column}")).collect();
        format!("{COUNT}({comes}, '{name}', {})", values.join(", "))
    };
    let (new, old) = (row(1, "new"), row(0, "old"));
    format!(
        "CREATE TEMP TRIGGER {name}_comes AFTER INSERT ON main.{name} BEGIN SELECT {new}; END;
         CREATE TEMP TRIGGER {name}_goes AFTER DELETE ON main.{name} BEGIN SELECT {old}; END;
         CREATE TEMP TRIGGER {name}_changes AFTER UPDATE ON main.{name}
           BEGIN SELECT {old}, {new}; END;"
    )
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContentClaim {
    /// How many saves were made.
    pub(super) saves: u64,
    /// How many saves of every other file were known by then.
    pub(super) known: BTreeMap<String, u64>,
}

impl ContentClaim {
    fn total(&self, known: &str, rows: Sum) -> Result<Sum, DiskError> {
        let saves = i64::try_from(self.saves)
            .map_err(|_| DiskError::corrupt("there were more saves than can be counted"))?;
        let own = [ValueRef::Integer(saves), ValueRef::Text(known.as_bytes())];
        Ok(rows.plus(Sum::of_row("content", own)))
    }

    /// Makes the table in a file that has none.
    pub(super) fn create(&self, db: &Connection, rows: Sum) -> Result<(), DiskError> {
        db.execute_batch(SCHEMA).doing("create the tables")?;
        self.write_by(
            db,
            rows,
            "INSERT INTO content (one, saves, known, sum) VALUES (1, ?1, ?2, ?3)",
        )
    }

    /// Writes what the file says of itself, as a part of a save.
    pub(super) fn write(&self, db: &Connection, rows: Sum) -> Result<(), DiskError> {
        self.write_by(db, rows, "UPDATE content SET saves = ?1, known = ?2, sum = ?3")
    }

    fn write_by(&self, db: &Connection, rows: Sum, sql: &str) -> Result<(), DiskError> {
        let known = super::sqlite::to_json(&self.known);
        let total = self.total(&known, rows)?;
        db.prepare_cached(sql)
            .and_then(|mut s| s.execute(params![self.saves, known, total.bytes()]))
            .doing("write what the file holds")?;
        Ok(())
    }

    /// Reads every row, and compares their sum with what the file says of itself.
    pub(super) fn check(db: &Connection) -> Result<(Self, Sum), DiskError> {
        let (saves, known, said): (u64, String, Vec<u8>) = db
            .query_row("SELECT saves, known, sum FROM content", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .doing("read what the file says of itself")?;
        let content = Self { saves, known: super::sqlite::from_json(&known)? };
        let rows = read_all(db)?;
        if content.total(&known, rows)?.bytes() == said {
            Ok((content, rows))
        } else {
            Err(DiskError::corrupt("its rows are not those that were written"))
        }
    }
}

/// The tables, indexes and triggers of a file, as they were made.
type TableShape = BTreeSet<(String, String, String, Option<String>)>;

fn shape(db: &Connection) -> rusqlite::Result<TableShape> {
    let mut statement = db.prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    statement.query_map([], row)?.collect()
}

/// A file in memory with the tables that a file should have.
pub(super) fn model(schema: &str) -> Result<Connection, DiskError> {
    let db = Connection::open_in_memory().doing("make the tables in memory")?;
    db.execute_batch(&format!("{schema}\n{SCHEMA}")).doing("make the tables in memory")?;
    Ok(db)
}

/// Compares the tables, indexes and triggers of a file with those that it should have.
pub(super) fn check_shape(db: &Connection, schema: &str) -> Result<(), DiskError> {
    let should = shape(&model(schema)?).doing("read which tables there are")?;
    let found = shape(db).doing("read which tables there are")?;
    match found.symmetric_difference(&should).next() {
        None => Ok(()),
        Some((kind, name, ..)) => {
            Err(DiskError::corrupt(format!("the {kind} {name} is not as it was made")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB) STRICT;
         CREATE TABLE log (position INTEGER PRIMARY KEY, data TEXT) STRICT;";

    #[test]
    fn the_sum_that_is_kept_up_is_the_sum_that_is_read_whatever_the_statement() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF").unwrap();
        db.execute_batch(TABLE).unwrap();
        let tally = ContentSum::begin(&db, Sum::default()).unwrap();
        for sql in [
            "INSERT INTO kv VALUES ('a', x'01'), ('b', NULL)",
            "INSERT INTO kv VALUES ('a', x'02') ON CONFLICT (key) DO UPDATE SET value = x'03'",
            "INSERT OR REPLACE INTO kv VALUES ('b', x'')",
            "INSERT OR IGNORE INTO kv VALUES ('b', x'09')",
            "UPDATE kv SET value = x'05'",
            "INSERT INTO log SELECT column1, 'x' FROM (VALUES (1), (2), (3))",
            "DELETE FROM log WHERE position = 2",
            "DELETE FROM log",
        ] {
            db.execute(sql, []).unwrap();
            assert_eq!(tally.sum(), read_all(&db).unwrap(), "{sql}");
        }
        assert_ne!(tally.sum(), Sum::default());
        db.execute("DELETE FROM kv", []).unwrap();
        assert_eq!(tally.sum(), Sum::default());
    }

    #[test]
    fn rows_of_other_tables_types_or_columns_have_other_sums() {
        let one = |table: &str, values: &[ValueRef<'_>]| Sum::of_row(table, values.iter().copied());
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        let sums = [
            one("a", &[text("b"), text("c")]),
            one("a", &[text("bc"), text("")]),
            one("a", &[text("b"), ValueRef::Blob(b"c")]),
            one("a", &[text("b"), ValueRef::Null]),
            one("ab", &[text("b"), text("c")]),
        ];
        for (at, sum) in sums.iter().enumerate() {
            assert_eq!(sums.iter().position(|other| other == sum), Some(at));
            assert_eq!(Sum::default().plus(*sum).minus(*sum), Sum::default());
        }
    }
}
