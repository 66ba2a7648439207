//! Files that are lost, cut, zeroed, flipped, older, foreign or swapped at the next start (C6.1, C9.5).
//!
//! One history is made with the real program and kept three times: early, stopped and killed. Each case
//! takes the stopped or the killed one, damages one file, one directory or one side of it, and starts
//! the program. There are three right answers: it refuses and names what it found; it runs and
//! nothing can be changed; or it runs, and everything that was acknowledged is there. `LOSSES=all`
//! plays every case and prints the table of `docs/files.md`, and `LOSSES_SEED` turns other bits; the
//! ordinary run plays some of each kind.

use crate::fault_panel::Rng;
use crate::serve::prepared::copy;
use crate::serve::server::{ClientSession, ServerDir, TestServer, agent};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// In the ordinary run one case of so many is played.
const ONE_OF: usize = 5;
/// Records that are asked for at once.
const PAGE: usize = 100;

/// What is damaged: paths in the data directory, and a word that a refusal has to contain.
struct Loss {
    name: &'static str,
    paths: &'static [&'static str],
    named: &'static [&'static str],
}

const LOG: &[&str] =
    &["control.sqlite", "control.sqlite-wal", "control.sqlite-shm", "control.seal"];
const TARGETS: &[Loss] = &[
    Loss { name: "log", paths: &["control.sqlite"], named: &["control.sqlite"] },
    Loss { name: "log, its WAL", paths: &["control.sqlite-wal"], named: &["control.sqlite"] },
    Loss { name: "log, its seal", paths: &["control.seal"], named: &["control.seal"] },
    Loss { name: "log, all files", paths: LOG, named: &["control.sqlite"] },
    Loss { name: "key of the log", paths: &["log.key"], named: &["log.key"] },
    Loss {
        name: "cluster metadata",
        paths: &["kernel/switchboard.sqlite"],
        named: &["switchboard"],
    },
    Loss {
        name: "cluster metadata, its WAL",
        paths: &["kernel/switchboard.sqlite-wal"],
        named: &["switchboard"],
    },
    Loss {
        name: "cluster metadata, its seal",
        paths: &["kernel/switchboard.seal"],
        named: &["switchboard"],
    },
    Loss { name: "one node, its file", paths: &["kernel/n1/node.sqlite"], named: &["n1"] },
    Loss { name: "one node, its WAL", paths: &["kernel/n1/node.sqlite-wal"], named: &["n1"] },
    Loss { name: "one node, its seal", paths: &["kernel/n1/node.seal"], named: &["n1"] },
    Loss { name: "one node, all files", paths: &["kernel/n1"], named: &["n1"] },
    Loss {
        name: "all nodes",
        paths: &["kernel/n1", "kernel/n2", "kernel/n3"],
        named: &["n1", "n2", "n3"],
    },
    Loss { name: "kernel", paths: &["kernel"], named: &["kernel"] },
];

/// What is done to each file of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FileDamage {
    Removed,
    CutInHalf,
    CutByOne,
    Emptied,
    Zeroed,
    BitFlipped,
    Older,
    Foreign,
    OfAnotherNode,
}

const FAULTS: [FileDamage; 9] = [
    FileDamage::Removed,
    FileDamage::CutInHalf,
    FileDamage::CutByOne,
    FileDamage::Emptied,
    FileDamage::Zeroed,
    FileDamage::BitFlipped,
    FileDamage::Older,
    FileDamage::Foreign,
    FileDamage::OfAnotherNode,
];

impl FileDamage {
    fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::CutInHalf => "cut in half",
            Self::CutByOne => "cut by one byte",
            Self::Emptied => "emptied",
            Self::Zeroed => "zeroed",
            Self::BitFlipped => "one bit flipped",
            Self::Older => "an older copy",
            Self::Foreign => "of another cluster",
            Self::OfAnotherNode => "of another node",
        }
    }
}

/// What was acknowledged by the end of a history.
#[derive(Clone, Default)]
struct AcknowledgedWrites {
    keys: BTreeMap<String, String>,
    records: BTreeSet<String>,
}

struct End {
    name: &'static str,
    data: PathBuf,
    known: AcknowledgedWrites,
}

struct LossHistory {
    _places: Vec<ServerDir>,
    token: String,
    early: PathBuf,
    foreign: PathBuf,
    ends: [End; 2],
}

fn history() -> &'static LossHistory {
    static MADE: OnceLock<LossHistory> = OnceLock::new();
    MADE.get_or_init(make)
}

fn make() -> LossHistory {
    let (place, other) = (ServerDir::new(), ServerDir::new());
    let foreign = other.start(None);
    foreign.set_up();
    foreign.terminate();
    assert!(foreign.ended_well());
    let kept = |name: &str| place.folder().join(name);
    let mut known = AcknowledgedWrites::default();
    let server = place.start(None);
    let session = server.set_up();
    write(&server, &mut known, 0..30);
    act(&server, &session, 1, "switchover", &json!({"to": "n2"}));
    server.terminate();
    assert!(server.ended_well());
    copy(&place.data(), &kept("early"));
    let server = place.start(None);
    act(&server, &session, 2, "failover", &json!({"to": "n1"}));
    write(&server, &mut known, 20..60);
    act(&server, &session, 3, "take_offline", &json!({"node": "n3"}));
    act(&server, &session, 4, "bring_online", &json!({"node": "n3"}));
    known.records = records(&server, &session);
    server.terminate();
    assert!(server.ended_well());
    copy(&place.data(), &kept("stopped"));
    let stopped = known.clone();
    let server = place.start(None);
    act(&server, &session, 5, "failover", &json!({"to": "n1"}));
    write(&server, &mut known, 40..80);
    known.records = records(&server, &session);
    server.kill();
    copy(&place.data(), &kept("killed"));
    LossHistory {
        token: session.0,
        early: kept("early"),
        foreign: other.data(),
        ends: [
            End { name: "stopped", data: kept("stopped"), known: stopped },
            End { name: "killed", data: kept("killed"), known },
        ],
        _places: vec![place, other],
    }
}

fn write(server: &TestServer, known: &mut AcknowledgedWrites, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let (key, value) = (format!("k{number}"), format!("{number} after {}", known.keys.len()));
        let (status, said) = server.put(&key, &value);
        assert!(status < 300, "{said}");
        known.keys.insert(key, value);
    }
}

fn act(server: &TestServer, session: &ClientSession, number: u8, kind: &str, params: &Value) {
    let explained = server.request(session, &crate::harness::id(number), kind, params.clone());
    let (status, done) = server.confirm(session, &explained);
    assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
}

/// The hashes of all records that the server shows.
fn records(server: &TestServer, session: &ClientSession) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut path = format!("/api/v1/log?limit={PAGE}");
    loop {
        let (status, page) = server.get(session, &path);
        assert_eq!(status, 200, "{page}");
        let records = page["records"].as_array().expect("records");
        found.extend(records.iter().filter_map(|r| r["hash"].as_str()).map(str::to_owned));
        let Some(last) = records.last().and_then(|r| r["seq"].as_u64()) else { break };
        if last == 0 {
            break;
        }
        path = format!("/api/v1/log?limit={PAGE}&before={last}");
    }
    found
}

/// Damages one path; whether there was something to damage, and it is another thing now.
fn damage(data: &Path, name: &str, fault: FileDamage, rng: &mut Rng) -> bool {
    let path = data.join(name);
    let replace = |source: &Path| {
        if source.exists() == path.exists() && same(source, &path) {
            return false;
        }
        remove(&path);
        match source.is_dir() {
            true => copy(source, &path),
            false if source.exists() => drop(fs::copy(source, &path).expect("a copy")),
            false => {}
        }
        true
    };
    match fault {
        FileDamage::Older => return replace(&history().early.join(name)),
        FileDamage::Foreign => return replace(&history().foreign.join(name)),
        FileDamage::OfAnotherNode => {
            let other = name.replacen("n1", "n2", 1);
            return other != name && replace(&data.join(other));
        }
        _ if !path.exists() => return false,
        FileDamage::Removed => {
            remove(&path);
            return true;
        }
        _ if path.is_dir() => {
            let entries = fs::read_dir(&path).expect("a directory");
            let names = entries.map(|e| e.expect("an entry").file_name());
            let names: BTreeSet<String> =
                names.map(|n| format!("{name}/{}", n.to_string_lossy())).collect();
            return names.iter().filter(|inner| damage(data, inner, fault, rng)).count() > 0;
        }
        _ => {}
    }
    let bytes = fs::read(&path).expect("the file");
    if bytes.is_empty() {
        return false;
    }
    let mut changed = bytes.clone();
    match fault {
        FileDamage::CutInHalf => changed.truncate(bytes.len() / 2),
        FileDamage::CutByOne => changed.truncate(bytes.len() - 1),
        FileDamage::Emptied => changed.clear(),
        FileDamage::Zeroed => changed.fill(0),
        _ => {
            let at = usize::try_from(rng.below(bytes.len() as u64)).expect("an index");
            *changed.get_mut(at).expect("a byte") ^= 1 << rng.below(8);
        }
    }
    fs::write(&path, &changed).expect("written");
    changed != bytes
}

fn same(left: &Path, right: &Path) -> bool {
    match (fs::read(left), fs::read(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => !left.exists() && !right.exists(),
    }
}

fn remove(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).expect("removed");
    } else if path.exists() {
        fs::remove_file(path).expect("removed");
    }
}

/// What a start after the damage came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StartOutcome {
    /// Nothing was there to damage.
    Nothing,
    Refused,
    /// Everything can be read, and nothing changed.
    Held,
    /// It runs, and no majority is left that could be led.
    NoMajority,
    Whole,
}

impl StartOutcome {
    fn word(self) -> &'static str {
        match self {
            Self::Nothing => "-",
            Self::Refused => "refused, named",
            Self::Held => "read only, named",
            Self::NoMajority => "runs, nodes named",
            Self::Whole => "nothing lost",
        }
    }
}

fn play(end: &End, target: &Loss, fault: FileDamage, rng: &mut Rng) -> StartOutcome {
    let case = format!("{} {fault:?} after {}", target.name, end.name);
    let place = ServerDir::new();
    copy(&end.data, &place.data());
    let touched = target.paths.iter().filter(|path| damage(&place.data(), path, fault, rng));
    if touched.count() == 0 {
        return StartOutcome::Nothing;
    }
    let server = match place.start_or_say() {
        Ok(server) => server,
        Err(said) => {
            let is_named = target.named.iter().any(|word| said.contains(word));
            assert!(is_named, "{case}: the refusal names nothing of it: {said}");
            return StartOutcome::Refused;
        }
    };
    let session = ClientSession(history().token.clone());
    let ready = agent().get(format!("{}/readyz", server.console)).call();
    let mut ready = ready.expect("an answer");
    let told = ready.body_mut().read_to_string().expect("text");
    if ready.status().as_u16() == 503 && told.contains("nothing can be changed") {
        changes_nothing(&server, &session, &case);
        return StartOutcome::Held;
    }
    let lost: Vec<_> = end.known.records.difference(&records(&server, &session)).cloned().collect();
    assert!(lost.is_empty(), "{case}: silent loss of {} records", lost.len());
    let Some(()) = lead(&server, &session) else {
        let (_, cluster) = server.get(&session, "/api/v1/cluster");
        let text = cluster.to_string();
        assert!(text.contains("node."), "{case}: no primary, and no file is named: {text}");
        return StartOutcome::NoMajority;
    };
    for (key, value) in &end.known.keys {
        let answer = agent().get(format!("{}/kv/{key}", server.data)).call();
        let found = answer.expect("an answer").body_mut().read_to_string().expect("text");
        assert_eq!(&found, value, "{case}: silent loss of {key}");
    }
    StartOutcome::Whole
}

/// Nothing that acts is accepted, and nobody is let in.
fn changes_nothing(server: &TestServer, session: &ClientSession, case: &str) {
    let (status, _) = server.put("k1", "on top of it");
    assert!(status >= 400, "{case}: a write was accepted");
    let ask = json!({"action_id": crate::harness::id(9), "kind": "failover",
        "params": {"to": "n2"}, "reason": "on top of it"});
    let (status, said) = server.post(session, "/api/v1/actions", &ask);
    assert!(status == 503 || status == 401, "{case}: a request was answered {status} {said}");
    assert!(server.setup.is_none(), "{case}: a set-up link was offered");
}

/// Makes some node primary, as an operator would.
fn lead(server: &TestServer, session: &ClientSession) -> Option<()> {
    ["n1", "n2", "n3"].iter().enumerate().find_map(|(at, node)| {
        let id = crate::harness::id(0x60 + u8::try_from(at).expect("three"));
        let ask = json!({"action_id": id, "kind": "failover", "params": {"to": node},
            "reason": "after the damage"});
        let (_, explained) = server.post(session, "/api/v1/actions", &ask);
        if explained["stage"] != "explained" {
            return None;
        }
        let (_, done) = server.confirm(session, &explained);
        (done["stage"] == "executed").then_some(())
    })
}

/// C6.1, C9.5.
#[test]
fn a_start_after_any_damage_loses_nothing_in_silence() {
    let is_whole = std::env::var("LOSSES").is_ok_and(|which| which == "all");
    let seed = std::env::var("LOSSES_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut rng = Rng::seeded(seed.unwrap_or(20_261_129));
    let mut table: BTreeMap<(usize, FileDamage), [StartOutcome; 2]> = BTreeMap::new();
    let (mut number, mut played) = (0, 0);
    for (at, target) in TARGETS.iter().enumerate() {
        for fault in FAULTS {
            let mut row = [StartOutcome::Nothing; 2];
            for (cell, end) in row.iter_mut().zip(&history().ends) {
                number += 1;
                if is_whole || number % ONE_OF == 0 {
                    *cell = play(end, target, fault, &mut rng);
                    played += usize::from(*cell != StartOutcome::Nothing);
                }
            }
            table.insert((at, fault), row);
        }
    }
    println!("| what | damage | after a stop | after a kill |\n|---|---|---|---|");
    for ((at, fault), [stopped, killed]) in &table {
        let name = TARGETS.get(*at).map_or("", |target| target.name);
        println!("| {name} | {} | {} | {} |", fault.word(), stopped.word(), killed.word());
    }
    println!("{played} starts after damage, 0 silent losses");
}
