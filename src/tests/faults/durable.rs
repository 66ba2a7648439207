//! What is on the disk after a stop, read by hand: the kernel's own files against the ledger's.
//!
//! Nothing here asks the program. A record counts if it is in the file, an execution counts if the
//! kernel's files hold its receipt or the entry of its log.

use crate::serve::prepared::prepared;
use aerodb_control::model::action::ActionKind;
use protobuf::Message as _;
use raft::eraftpb::ConfChangeV2;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What the kernel's files say about one id.
#[derive(Clone, Debug, Default)]
pub struct KernelEntries {
    /// The order, where one was accepted: its state, its witness, and when.
    pub order: Option<(String, Value, i64)>,
    /// Every receipt that any file holds.
    pub receipts: Vec<Value>,
    /// Every tombstone that any file holds.
    pub tombstones: Vec<Value>,
    /// Most entries with this id in the log of one node.
    pub entries: usize,
    /// Witnesses that the entries carry.
    pub witnesses: Vec<Value>,
}

/// What the ledger's file says about one id.
#[derive(Clone, Debug, Default)]
pub struct LedgerEntries {
    /// The records with this id, oldest first.
    pub records: Vec<(u64, String, Value)>,
}

impl LedgerEntries {
    /// The record of a kind.
    pub fn find(&self, kind: &str) -> Option<&(u64, String, Value)> {
        self.records.iter().find(|(_, _, record)| record["entry"]["kind"] == kind)
    }
}

/// Both sides, by action id.
#[derive(Default)]
pub struct DurableState {
    /// The kernel.
    pub kernel: BTreeMap<String, KernelEntries>,
    /// The ledger.
    pub ledger: BTreeMap<String, LedgerEntries>,
    /// The hash of every record, by its number.
    pub hashes: BTreeMap<u64, String>,
    /// When a control plane started: the number of the record and its time.
    pub boots: Vec<(u64, i64)>,
}

fn open(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).expect("a database")
}

fn each(db: &Connection, sql: &str, mut row: impl FnMut(&rusqlite::Row<'_>)) {
    let mut statement = db.prepare(sql).expect("a statement");
    let mut rows = statement.query([]).expect("rows");
    while let Some(found) = rows.next().expect("a row") {
        row(found);
    }
}

fn id(bytes: &[u8]) -> String {
    uuid::Uuid::from_slice(bytes).expect("an id").hyphenated().to_string()
}

fn text(row: &rusqlite::Row<'_>, column: usize) -> Value {
    let text: String = row.get(column).expect("text");
    serde_json::from_str(&text).expect("JSON")
}

impl DurableState {
    /// Reads a data directory that no program has open.
    pub fn read(data: &Path) -> Self {
        let mut disk = Self::default();
        disk.read_ledger(&data.join("control.sqlite"));
        disk.read_switchboard(&data.join("kernel/switchboard.sqlite"));
        for entry in std::fs::read_dir(data.join("kernel")).expect("a directory") {
            let node = entry.expect("an entry").path().join("node.sqlite");
            if node.exists() {
                disk.read_node(&node);
            }
        }
        for entry in std::fs::read_dir(data.join("kernel/backups")).into_iter().flatten() {
            let place = entry.expect("an entry").path();
            // A name with a dot is of one that was not finished.
            let name = place.file_name().expect("a name").to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let manifest = std::fs::read(place.join("manifest.json"));
            let manifest = manifest.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            disk.read_manifest(manifest.unwrap_or_default());
        }
        disk
    }

    /// What is under the name of a backup and whole is one, and so its receipt is kept.
    fn read_manifest(&mut self, manifest: Value) {
        if let Some(id) = manifest["receipt"]["action_id"].as_str() {
            self.kernel
                .entry(id.to_owned())
                .or_default()
                .receipts
                .push(manifest["receipt"].clone());
        }
    }

    fn held(&mut self, row: &rusqlite::Row<'_>) -> &mut KernelEntries {
        let bytes: Vec<u8> = row.get(0).expect("an id");
        self.kernel.entry(id(&bytes)).or_default()
    }

    fn read_ledger(&mut self, path: &Path) {
        let sql =
            "SELECT entry.action, seq, hash, bytes FROM entry JOIN leaf USING (seq) ORDER BY seq";
        each(&open(path), sql, |row| {
            let (seq, hash): (u64, Vec<u8>) = (row.get(1).expect("seq"), row.get(2).expect("hash"));
            let bytes: Vec<u8> = row.get(3).expect("bytes");
            let record: Value = serde_json::from_slice(&bytes).expect("a record");
            self.hashes.insert(seq, hex::encode(&hash));
            if record["entry"]["kind"] == "boot" {
                self.boots.push((seq, millis(&record["at"])));
            }
            let action: Option<Vec<u8>> = row.get(0).expect("an id");
            if let Some(action) = action {
                let recorded = self.ledger.entry(id(&action)).or_default();
                recorded.records.push((seq, hex::encode(&hash), record));
            }
        });
    }

    fn read_switchboard(&mut self, path: &Path) {
        let db = open(path);
        each(&db, "SELECT action_id, state, witness, at, answer FROM orders", |row| {
            let state: String = row.get(1).expect("a state");
            let (at, voided) = (row.get(3).expect("a time"), state == "voided");
            let witness: Option<String> = row.get(2).expect("a witness");
            let held = self.held(row);
            if voided {
                held.tombstones.push(text(row, 4));
            }
            if let Some(witness) = witness {
                let witness = serde_json::from_str(&witness).expect("a witness");
                held.order = Some((state, witness, at));
            }
        });
        each(&db, "SELECT action_id, receipt FROM receipts", |row| {
            let receipt = text(row, 1);
            self.held(row).receipts.push(receipt);
        });
    }

    fn read_node(&mut self, path: &Path) {
        let db = open(path);
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: u64 = db.query_row(tables, [], |row| row.get(0)).expect("a count");
        if tables == 0 {
            // Killed while it was laid out: its tables come in one transaction.
            return;
        }
        each(&db, "SELECT action_id, receipt FROM receipts", |row| {
            let receipt = text(row, 1);
            self.held(row).receipts.push(receipt);
        });
        each(&db, "SELECT action_id, tombstone FROM voided", |row| {
            let tombstone = text(row, 1);
            self.held(row).tombstones.push(tombstone);
        });
        let mut entries: BTreeMap<String, usize> = BTreeMap::new();
        each(&db, "SELECT context, data FROM log WHERE length(context) = 16", |row| {
            let context: Vec<u8> = row.get(0).expect("an id");
            *entries.entry(id(&context)).or_default() += 1;
            let data: Vec<u8> = row.get(1).expect("an entry");
            // A change of the members carries its command inside the library's own message.
            let command: Value = serde_json::from_slice(&data).unwrap_or_else(|_| {
                let change =
                    ConfChangeV2::parse_from_bytes(&data).expect("a change of the members");
                serde_json::from_slice(&change.context).expect("a command")
            });
            self.held(row).witnesses.push(command["order"]["witness"].clone());
        });
        for (action, count) in entries {
            let held = self.kernel.entry(action).or_default();
            held.entries = held.entries.max(count);
        }
    }

    /// What the kernel holds about an id.
    pub fn kernel_of(&self, action: &str) -> KernelEntries {
        self.kernel.get(action).cloned().unwrap_or_default()
    }

    /// What the ledger holds about an id.
    pub fn ledger_of(&self, action: &str) -> LedgerEntries {
        self.ledger.get(action).cloned().unwrap_or_default()
    }
}

impl KernelEntries {
    /// Whether the kernel ever took up this id on an order: then it was called.
    pub fn was_called(&self) -> bool {
        self.order.is_some() || !self.receipts.is_empty() || self.entries > 0
    }

    /// Every witness of the ledger that the kernel kept.
    pub fn witnesses(&self) -> Vec<&Value> {
        let order = self.order.iter().map(|(_, witness, _)| witness);
        let receipts = self.receipts.iter().map(|receipt| &receipt["witness"]);
        order.chain(receipts).chain(&self.witnesses).collect()
    }
}

/// A time of a record, in milliseconds.
pub fn millis(at: &Value) -> i64 {
    match at {
        Value::Number(number) => number.as_i64().expect("a time"),
        Value::String(text) => text.parse::<jiff::Timestamp>().expect("a time").as_millisecond(),
        other => panic!("no time: {other}"),
    }
}

/// C6.1: a kill in the middle of laying out a node that joins.
#[test]
fn a_node_that_a_kill_left_without_tables_holds_nothing_and_is_made_anew() {
    let place = prepared().place();
    let route = prepared().route(ActionKind::of("add_replica"));
    let node = route.params["node"].as_str().expect("a node");
    let left = place.data().join("kernel").join(node);
    assert!(!left.exists(), "{node} is new");
    std::fs::create_dir(&left).expect("a directory");
    let blank = Connection::open(left.join("node.sqlite")).expect("a database");
    blank.execute_batch("PRAGMA journal_mode = WAL").expect("a blank one");
    drop(blank);
    DurableState::read(&place.data());
    let server = place.start(None);
    let last = (ActionKind::of("add_replica"), route.params.clone());
    prepared().walk(&server, &[&route.before[..], &[last]].concat());
    server.kill();
    let held = DurableState::read(&place.data()).kernel;
    assert!(held.values().any(|held| !held.receipts.is_empty()));
}
