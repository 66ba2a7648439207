//! Data directories that version dd35be5 made, under this version: no record changes its bytes, its
//! hash or its meaning, and an operator goes on where that version stopped (C9.2, C9.3).
//!
//! `fixtures/dd35be5/README.md` says what is in them and how they were made. They are never made
//! again by a later version, and nothing here writes beside them.

use crate::harness::{Client, CountedEntropy, ManualClock, PASSWORD};
use crate::records::shell;
use crate::serve::opened::{ConfigChange, open_as};
use crate::source::files::root;
use aerodb_control::ledger::note::LogKey;
use aerodb_control::ledger::{
    Draft, ExpectedLog, Ledger, LedgerReader, VerifyError, existing_key, verify_file,
};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::ambient::Clock as _;
use aerodb_control::model::answer::LogHead;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::text::PlaceName;
use aerodb_control::observe::report;
use aerodb_control::serve::ControlPlane;
use aerodb_control::serve::ambient::SystemClock;
use aerodb_control::serve::config::Config;
use aerodb_control::store::{DATABASE_FILE, Store, StoreReader};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Every data directory that is kept of that version.
pub const ALL: [&str; 4] = ["stopped", "killed", "killed-answered", "killed-unsent"];
/// The kinds of records that it knew, and of actions.
const RECORD_KINDS: usize = 34;
const ACTION_KINDS: usize = 13;
/// Kinds of records that move no action and no right: a log grows by them.
const REPEATED: [&str; 4] = ["duplicate", "declined", "denied", "sign_in_failed"];
/// Records of one append while it grows.
const BATCH: usize = 250;

fn kept(file: &str) -> PathBuf {
    root().join("src/tests/fixtures/dd35be5").join(file)
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// Unpacks an archive into a new directory that ends with the test: a data directory is `data` in it.
pub fn unpacked(name: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let file = fs::File::open(kept(&format!("{name}.tar.zst"))).expect(name);
    let plain = zstd::Decoder::new(file).expect("an archive");
    tar::Archive::new(plain).unpack(dir.path()).expect("an archive");
    dir
}

/// The number, hash and kind of every record, as that version wrote them.
fn hashes(name: &str) -> Vec<(u64, String, String)> {
    let text = fs::read_to_string(kept(&format!("{name}.hashes.txt"))).expect(name);
    let of = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let number = words.next().and_then(|word| word.parse().ok()).expect("a number");
        (number, words.next().expect("a hash"), words.next().expect("a kind"))
    };
    text.lines().map(of).collect()
}

/// What was noted down of the log: its head, its root, and the key that signed it last.
fn noted(name: &str) -> (Value, ExpectedLog) {
    let head = read_json(&kept(&format!("{name}.head.json")));
    let text = |key: &str| head[key].as_str().expect("text").to_owned();
    let hash = Some(Hash::parse(&text("hash")).expect("a hash"));
    let expected = ExpectedLog {
        head: Some(LogHead { size: head["size"].as_u64().expect("a size"), hash }),
        key: Some(LogKey::parse(&text("log_key")).expect("a key")),
        ..ExpectedLog::default()
    };
    (head, expected)
}

pub fn reader(data: &Path) -> LedgerReader {
    LedgerReader::new(StoreReader::open_read_only(&data.join(DATABASE_FILE)).expect("a log"))
}

/// The leaf as it lies in the file, whatever this version makes of it.
fn leaf(data: &Path, seq: u64) -> Vec<u8> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(data.join(DATABASE_FILE), flags).expect("a database");
    let sql = "SELECT bytes FROM leaf WHERE seq = ?1";
    file.query_row(sql, [seq], |row| row.get(0)).expect("a leaf")
}

/// The log of that version is in this file, byte for byte, perhaps with other records after it.
pub fn invariant_old_records_stay(data: &Path, name: &str) {
    let ledger = reader(data);
    for (seq, hash, kind) in hashes(name) {
        let stored = ledger.record(seq).expect("a log").expect("a record");
        let place = format!("record {seq} of {name}");
        assert_eq!(stored.hash.to_string(), hash, "{place}");
        assert_eq!(stored.record.hash().to_string(), hash, "{place}: it is written as it was");
        assert_eq!(stored.record.leaf(), leaf(data, seq), "{place}: its bytes");
        assert_eq!(stored.record.entry.word(), kind, "{place}");
    }
}

/// Makes a log of that version so many records longer, as that version would have: with records of
/// kinds that move nothing, again and again, and the newest head not yet stored. How many there are.
///
/// This version appends them, and the file is then taken back: what came after that version is
/// dropped, what it had is made anew in its words.
pub fn grown(data: &Path, more: u64) -> u64 {
    let size = reader(data).head().expect("a head").size;
    if more == 0 {
        return size;
    }
    let ledger = reader(data);
    let again: Vec<Draft> = (0..size)
        .map(|seq| ledger.record(seq).expect("a log").expect("a record").record)
        .filter(|record| REPEATED.contains(&record.entry.word()))
        .map(|record| Draft::new(record.actor, record.action_id, record.entry))
        .collect();
    drop(ledger);
    let store = Store::open(data).expect("a store");
    let ledger = Ledger::open(&store, Arc::new(SystemClock)).expect("a log");
    let named = ledger.reader().log_key().expect("a log");
    let signer = existing_key(data, named.as_ref()).expect("a key").expect("a key");
    let ledger = ledger.signing(signer);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut drafts = again.into_iter().cycle();
    let mut left = usize::try_from(more).expect("a number");
    while left > 0 {
        let part = left.min(BATCH);
        let part: Vec<_> = drafts.by_ref().take(part).collect();
        left -= part.len();
        runtime.block_on(ledger.append(part)).expect("appended");
    }
    drop((ledger, store));
    taken_back(data);
    size + more
}

/// Makes the log of the present version one of that version again.
fn taken_back(data: &Path) {
    let words = |db: &Connection| -> BTreeMap<String, (String, String)> {
        let sql = "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL";
        let mut statement = db.prepare(sql).expect("a statement");
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, (row.get::<_, String>(1)?, row.get(2)?))));
        rows.expect("rows").collect::<Result<_, _>>().expect("rows")
    };
    let model = Connection::open_in_memory().expect("a database");
    model.execute_batch(include_str!("../../store/schema_1.sql")).expect("made");
    let path = data.join(DATABASE_FILE);
    let db = shell(&path);
    // That version stored the head of its last records with the next ones.
    let last = "DROP TRIGGER checkpoint_delete;
                DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint);";
    db.execute_batch(last).expect("dropped");
    let (had, has) = (words(&model), words(&db));
    for kind in ["trigger", "index", "table"] {
        let others = has.iter().filter(|(name, what)| had.get(*name) != Some(what));
        for (name, _) in others.filter(|(_, (found, _))| found == kind) {
            db.execute_batch(&format!("DROP {kind} IF EXISTS {name}")).expect("dropped");
        }
    }
    let has = words(&db);
    for (_, (_, sql)) in had.iter().filter(|(name, _)| !has.contains_key(*name)) {
        db.execute_batch(sql).expect("made");
    }
    db.pragma_update(None, "user_version", 1).expect("a version");
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("a checkpoint");
    assert_eq!(words(&db), had);
    fs::remove_file(data.join("control.seal")).expect("a seal");
}

/// A control plane of this version on a directory, at the time at which the log ends.
pub async fn opened(data: &Path) -> (ControlPlane, Arc<ManualClock>) {
    let ledger = reader(data);
    let last = ledger.head().expect("a head").size - 1;
    let at = ledger.record(last).expect("a log").expect("a record").record.at;
    drop(ledger);
    let clock = ManualClock::new();
    clock.advance_millis(at.millis() - clock.now().millis() + 1000);
    let change: ConfigChange = Arc::new(|config: &mut Config| {
        config.environment = PlaceName::parse("fixture").expect("a name");
    });
    let entropy = Arc::new(CountedEntropy::default());
    let house = open_as(data, 3, &clock, &entropy, &change).await;
    (house, clock)
}

pub async fn signed_in(house: &ControlPlane, name: &str) -> Client {
    let session = house.access.sign_in(name, PASSWORD).await.expect(name);
    Client::new(house.console.clone(), session.token)
}

/// The id of the action that was dispatched and has no end.
pub fn open_action(data: &Path) -> ActionId {
    let open = reader(data).open_actions().expect("a log");
    assert_eq!(open.len(), 1, "one action is open");
    open[0].0
}

#[test]
fn the_fixture_holds_every_kind_of_record_and_an_execution_of_every_kind_of_action() {
    let kinds: BTreeSet<String> = hashes("stopped").into_iter().map(|(_, _, kind)| kind).collect();
    assert_eq!(kinds.len(), RECORD_KINDS, "{kinds:?}");
    let dir = unpacked("stopped");
    let data = dir.path().join("data");
    let mut executed = BTreeMap::<String, usize>::new();
    for (seq, _, kind) in hashes("stopped") {
        if kind == "executed" {
            let leaf: Value = serde_json::from_slice(&leaf(&data, seq)).expect("JSON");
            let action = &leaf["entry"]["receipt"]["action"]["kind"];
            *executed.entry(action.as_str().expect("a kind").to_owned()).or_default() += 1;
        }
    }
    assert_eq!(executed.len(), ACTION_KINDS, "{executed:?}");
}

/// C9.2.
#[test]
fn a_log_of_that_version_keeps_its_bytes_and_hashes_and_verifies_against_its_head_and_key() {
    for name in ALL {
        let dir = unpacked(name);
        let data = dir.path().join("data");
        invariant_old_records_stay(&data, name);
        let (head, expected) = noted(name);
        let file = data.join(DATABASE_FILE);
        let verified = verify_file(&file, &expected, &mut |_| ()).expect(name);
        assert_eq!(verified.root.to_string(), head["root"], "{name}");
        assert_eq!(verified.size, hashes(name).len() as u64, "{name}");
        // The head of another log is not found in this one.
        let other = ALL.iter().find(|other| **other != name).expect("another");
        let refused = verify_file(&file, &noted(other).1, &mut |_| ());
        assert!(matches!(refused, Err(VerifyError::Broken(_))), "{name}: {refused:?}");
    }
}

/// C9.3: what that version printed of each action is what this one rebuilds: records, and what an
/// operator read, byte for byte.
#[test]
fn every_action_of_that_version_is_rebuilt_as_that_version_rebuilt_it() {
    let seen = unpacked("seen");
    let mut rebuilt = 0;
    for name in ALL {
        let dir = unpacked(name);
        let ledger = reader(&dir.path().join("data"));
        for (seq, _, _) in hashes(name).into_iter().filter(|(_, _, kind)| kind == "requested") {
            let record = ledger.record(seq).expect("a log").expect("a record").record;
            let id = record.action_id.expect("an action");
            let told = report::action(&ledger, id).expect("a report");
            let now = serde_json::to_value(&told).expect("JSON");
            let file = seen.path().join(format!("seen/{name}/reconstruct-{id}.json"));
            let then = read_json(&file);
            for key in ["id", "action", "reason", "requested_by", "requested_at", "digest", "stage"]
            {
                assert_eq!(now[key], then[key], "{key} of {id}");
            }
            for key in ["moved", "outcome", "records", "more_records", "kept"] {
                assert_eq!(now[key], then[key], "{key} of {id}");
            }
            rebuilt += 1;
        }
    }
    assert!(rebuilt > 35, "{rebuilt} actions");
}

/// C9.2, C9.3, C10.1.
#[tokio::test]
async fn an_operator_goes_on_where_that_version_was_stopped() {
    let dir = unpacked("stopped");
    let data = dir.path().join("data");
    let (house, _clock) = opened(&data).await;
    // Who was removed, or has no password, is nobody; who had another role has it still.
    for (name, password) in [("robin", PASSWORD), ("ada", PASSWORD), ("olga", "another")] {
        assert!(house.access.sign_in(name, password).await.is_err(), "{name}");
    }
    let secrets = read_json(&kept("stopped.secrets.json"));
    let bearer = |what: &str| {
        let secret = secrets[what].as_str().expect("a secret").to_owned();
        Client::new(house.console.clone(), Some(secret))
    };
    bearer("token old-script").get("/api/v1/cluster").await.expect(401);
    bearer("token metrics").get("/api/v1/cluster").await.expect(200);
    let session = bearer("session of olga").get("/api/v1/session").await.expect(200).json();
    assert_eq!((&session["name"], &session["role"]), (&json!("olga"), &json!("operator")));
    signed_in(&house, "rita").await.get("/api/v1/access/all").await.expect(200);

    let olga = signed_in(&house, "olga").await;
    let seen = unpacked("seen");
    for entry in fs::read_dir(seen.path().join("seen/stopped")).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let Some(id) = name.strip_prefix("show-").and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let (then, now) = (read_json(&path), olga.get(&format!("/api/v1/actions/{id}")).await);
        let now = now.expect(200).json();
        for key in ["id", "kind", "params", "reason", "requested_by", "stage", "digest"] {
            assert_eq!(now[key], then[key], "{key} of {id}");
        }
        olga.get(&format!("/actions/{id}")).await.expect(200);
    }
    olga.run(1, "failover", json!({"to": "n1"})).await;
    let read = Client::new(house.data.clone().expect("a data API"), None)
        .get("/kv/key-0339")
        .await
        .expect(200);
    assert_eq!(read.body, "value 339, written in order");
    Client::new(house.data.clone().expect("a data API"), None)
        .get("/kv/key-0007")
        .await
        .expect(404);
    for node in ["n1", "n2", "n3"] {
        let number = 1 + node.as_bytes()[1] - b'0';
        let done = olga.run(number, "verify_node", json!({"node": node})).await;
        let result = done["outcome"]["receipt"]["result"].as_str().expect("a result");
        assert!(!result.contains("DAMAGED"), "{result}");
    }
    house.close().await;
    drop((olga, house));
    invariant_old_records_stay(&data, "stopped");
    verify_file(&data.join(DATABASE_FILE), &noted("stopped").1, &mut |_| ()).expect("a log");
}

/// C6.2, C7.3: what was open when that version was killed is open, and is resolved by what the kernel
/// holds and by nothing else.
#[tokio::test]
async fn what_was_under_way_when_that_version_was_killed_is_resolved_by_what_the_kernel_holds() {
    for (name, stage) in
        [("killed", "voided"), ("killed-answered", "executed"), ("killed-unsent", "voided")]
    {
        let dir = unpacked(name);
        let data = dir.path().join("data");
        let id = open_action(&data);
        let (house, _clock) = opened(&data).await;
        let olga = signed_in(&house, "olga").await;
        let path = format!("/api/v1/actions/{id}");
        let shown = olga.get(&path).await.expect(200).json();
        assert_eq!(shown["stage"], "unknown", "{name}");
        assert_eq!(open_action(&data), id, "{name}: nothing is closed by a start");
        let why = json!({"reason": "after the kill"});
        let resolved = olga.post(&format!("{path}/resolve"), &why).await.expect(200).json();
        assert_eq!(resolved["stage"], stage, "{name}: {resolved}");
        olga.run(1, "failover", json!({"to": "n3"})).await;
        let data_api = Client::new(house.data.clone().expect("a data API"), None);
        assert_eq!(
            data_api.get("/kv/key-0039").await.expect(200).body,
            "value 39, written in order"
        );
        house.close().await;
        drop((olga, data_api, house));
        invariant_old_records_stay(&data, name);
        verify_file(&data.join(DATABASE_FILE), &noted(name).1, &mut |_| ()).expect(name);
    }
}
