//! The campaign of the migration: the start that takes a data directory of version dd35be5 to the
//! present one is killed again and again, at random times and before random calls of the disk (C9.2).
//!
//! After each kill every file is of that version or of this one, all records of that version have their
//! bytes and hashes, and every node its data. The next start finds it so, and is killed too or goes
//! on to its end; then an operator makes a node primary and reads what was written under that version.
//! `make test` makes a few kills of the fixture as it is; `make migration-kills` as many as it is told,
//! with as many records more as it is told. The choices follow from a seed, which is printed.

use crate::faults::campaign::number;
use crate::faults::campaign_net::pass;
use crate::faults::fault_disk::{DiskFault, FaultDisk, Rng, SYNC, TRUNCATE, WRITE};
use crate::serve::fixture_dd35be5::{grown, invariant_old_records_stay, unpacked};
use crate::serve::prepared::copy;
use crate::serve::server::ServerDir;
use aerodb_control::ledger::{ExpectedLog, verify_file};
use aerodb_control::model::canonical::Hash;
use aerodb_control::store::DATABASE_FILE;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// The fixture with every kind of record, and one that was killed under writes.
const FIXTURES: [&str; 2] = ["stopped", "killed"];
/// The files that a start takes to the present version.
const FILES: [&str; 5] = [
    DATABASE_FILE,
    "kernel/switchboard.sqlite",
    "kernel/n1/node.sqlite",
    "kernel/n2/node.sqlite",
    "kernel/n3/node.sqlite",
];
/// Of so many kills one is followed by a start that goes on to its end, whatever the kill left.
const WHOLE_STARTS: u64 = 8;
/// Every so many directories the whole log is verified at the end.
const VERIFIED: u64 = 25;

/// What one database is made of: its version and the words of its tables.
type FileShape = (i64, Vec<(String, String)>);

/// A data directory of that version, and what is known of it.
struct Old {
    name: &'static str,
    place: ServerDir,
    shapes: BTreeMap<&'static str, [FileShape; 2]>,
    rows: BTreeMap<&'static str, String>,
    records: u64,
    /// The key that is read at the end, and its value.
    wrote: (&'static str, &'static str),
    /// Calls of the disk by a start that nobody kills, and how many milliseconds it takes.
    calls: u32,
    millis: u64,
}

/// What was found after the kills.
#[derive(Debug, Default)]
struct Figures {
    kills: u64,
    before_calls: u64,
    directories: u64,
    whole_starts: u64,
    old: u64,
    on_the_way: u64,
    present: u64,
}

fn open(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).expect("a database")
}

fn shape(db: &Connection) -> FileShape {
    let sql = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1, 2";
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    let mut tables = db.prepare(sql).expect("the tables");
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("the tables");
    (version, tables.collect::<Result<_, _>>().expect("the tables"))
}

/// A sum over what may not change by a migration: the first records of the log, or what a node holds.
fn sum_of(db: &Connection, file: &str, records: u64) -> String {
    let sql = match file {
        DATABASE_FILE => "SELECT seq, hash, bytes FROM leaf WHERE seq < ?1 ORDER BY seq",
        "kernel/switchboard.sqlite" => "SELECT members FROM members WHERE ?1 >= 0",
        _ => "SELECT * FROM kv WHERE ?1 >= 0 ORDER BY key",
    };
    let mut sum = Sha256::new();
    let mut statement = db.prepare(sql).expect("a statement");
    let columns = statement.column_count();
    let mut found = statement.query([records]).expect("rows");
    let mut count = 0;
    while let Some(row) = found.next().expect("a row") {
        count += 1;
        for column in 0..columns {
            match row.get_ref(column).expect("a value") {
                ValueRef::Null => sum.update([0]),
                ValueRef::Integer(value) => sum.update(value.to_be_bytes()),
                ValueRef::Real(value) => sum.update(value.to_be_bytes()),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    sum.update(bytes.len().to_be_bytes());
                    sum.update(bytes);
                }
            }
        }
    }
    format!("{count} rows, {}", Hash::from_bytes(sum.finalize().into()))
}

fn place_of(data: &Path) -> ServerDir {
    let place = ServerDir::new();
    let settings = std::fs::read_to_string(place.settings()).expect("the settings");
    let settings = settings.replace("environment = \"test\"", "environment = \"fixture\"");
    std::fs::write(place.settings(), settings).expect("a file");
    copy(data, &place.data());
    place
}

impl Old {
    /// Makes the fixture larger, and looks at a start of it that nobody kills.
    fn new(name: &'static str, more: u64) -> Self {
        let dir = unpacked(name);
        let data = dir.path().join("data");
        let records = grown(&data, more);
        let place = place_of(&data);
        let wrote = match name {
            "stopped" => ("key-0339", "value 339, written in order"),
            _ => ("key-0039", "value 39, written in order"),
        };
        let (shapes, rows, calls, millis) = (BTreeMap::new(), BTreeMap::new(), 0, 0);
        let mut old = Self { name, place, shapes, rows, records, wrote, calls, millis };
        let seen = place_of(&old.place.data());
        let disk = disk_under(&seen);
        disk.arm(WRITE | SYNC | TRUNCATE, 0, DiskFault::Kill);
        let (started, took) = timed(|| seen.start_under(disk.variables()));
        let server = started.expect("the server said where it listens");
        old.calls = disk.disarm().counted;
        old.millis = took;
        server.terminate();
        assert!(server.ended_well());
        for file in FILES {
            let (was, is) = (open(&old.place.data().join(file)), open(&seen.data().join(file)));
            old.shapes.insert(file, [shape(&was), shape(&is)]);
            let (was, is) = (sum_of(&was, file, records), sum_of(&is, file, records));
            assert_eq!(was, is, "{file} of {name}: what a whole start leaves");
            old.rows.insert(file, was);
        }
        old
    }

    /// Looks at every file after a kill: how many are of the present version.
    fn invariant_old_or_present(&self, data: &Path, what: &str) -> usize {
        let mut present = 0;
        for file in FILES {
            let db = open(&data.join(file));
            let found = shape(&db);
            let [was, is] = &self.shapes[file];
            assert!(found == *was || found == *is, "{file} is neither: {found:?} ({what})");
            assert_eq!(sum_of(&db, file, self.records), self.rows[file], "{file} ({what})");
            present += usize::from(found == *is);
        }
        present
    }

    /// Kills starts of one directory until one goes on to its end, which it does in time.
    fn attack(&self, kills: u64, rng: &mut Rng, figures: &mut Figures) {
        let place = place_of(&self.place.data());
        let disk = disk_under(&place);
        figures.directories += 1;
        while figures.kills < kills {
            let number = figures.kills;
            let what = if rng.below(2) == 0 {
                let at = 1 + u32::try_from(rng.below(self.calls.into())).expect("a call");
                disk.arm(WRITE | SYNC | TRUNCATE, at, DiskFault::Kill);
                // A directory that came further before makes fewer calls, and serves.
                if let Some(server) = place.start_under(disk.variables()) {
                    server.kill();
                }
                figures.before_calls += u64::from(disk.disarm().failed > 0);
                format!("kill {number} of {}, before call {at}", self.name)
            } else {
                let millis = rng.below(self.millis);
                kill_after(&place, millis);
                format!("kill {number} of {}, after {millis} ms", self.name)
            };
            figures.kills += 1;
            match self.invariant_old_or_present(&place.data(), &what) {
                0 => figures.old += 1,
                present if present < FILES.len() => figures.on_the_way += 1,
                _ => {
                    figures.present += 1;
                    break;
                }
            }
            if rng.below(WHOLE_STARTS) == 0 {
                break;
            }
        }
        self.goes_on(&place, figures);
    }

    /// A start that nobody kills: an operator goes on where that version was stopped.
    fn goes_on(&self, place: &ServerDir, figures: &mut Figures) {
        figures.whole_starts += 1;
        let server = place.start(None);
        let session = server.sign_in();
        let (_, shown) = server.get(&session, "/api/v1/overview");
        if let Some(id) = shown["in_doubt"]["action_id"].as_str() {
            let why = json!({"reason": "after the kill"});
            let path = format!("/api/v1/actions/{id}/resolve");
            assert_eq!(server.post(&session, &path, &why).0, 200);
        }
        let id = crate::harness::id(1);
        let explained = server.request(&session, &id, "failover", json!({"to": "n1"}));
        let (status, done) = server.confirm(&session, &explained);
        assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
        let (key, value) = self.wrote;
        assert_eq!(server.read(key), (200, value.to_owned()));
        server.kill();
        let data = place.data();
        for file in FILES {
            let db = open(&data.join(file));
            assert_eq!(shape(&db), self.shapes[file][1], "{file} of {}", self.name);
        }
        let path = data.join(DATABASE_FILE);
        assert_eq!(sum_of(&open(&path), DATABASE_FILE, self.records), self.rows[DATABASE_FILE]);
        invariant_old_records_stay(&data, self.name);
        if figures.directories % VERIFIED == 1 {
            verify_file(&path, &ExpectedLog::default(), &mut |_| ()).expect("a log");
        }
    }
}

/// A disk on which every file of the data directory counts.
fn disk_under(place: &ServerDir) -> FaultDisk {
    let disk = FaultDisk::under(place);
    disk.count_on(&place.data().canonicalize().expect("a directory"));
    disk
}

fn kill_after(place: &ServerDir, millis: u64) {
    let server = place.begin(Vec::<(&'static str, OsString)>::new());
    pass(millis);
    server.kill();
}

/// How long something takes, in milliseconds, at least one.
#[expect(clippy::disallowed_methods, reason = "a kill comes at a random time of what this took")]
fn timed<T>(act: impl FnOnce() -> T) -> (T, u64) {
    let begun = std::time::Instant::now();
    let done = act();
    (done, u64::try_from(begun.elapsed().as_millis()).expect("a time").max(1))
}

/// C9.2, C6.1.
#[test]
fn a_migration_that_is_killed_anywhere_leaves_each_file_as_it_was_or_as_it_is_now() {
    let (kills, seed) = (number("MIGRATION_RUNS", 12), number("MIGRATION_SEED", 20_261_123));
    let more = number("MIGRATION_RECORDS", 0);
    let mut rng = Rng::seeded(seed);
    let mut figures = Figures::default();
    let old: Vec<Old> = FIXTURES.iter().map(|name| Old::new(name, more)).collect();
    for old in &old {
        let (records, calls, millis) = (old.records, old.calls, old.millis);
        println!("{}: {records} records, a start of {calls} calls and {millis} ms", old.name);
    }
    for old in old.iter().cycle() {
        if figures.kills == kills {
            break;
        }
        old.attack(kills, &mut rng, &mut figures);
    }
    println!("seed {seed}: {figures:?}");
    assert!(figures.before_calls > 0, "{figures:?}");
}
