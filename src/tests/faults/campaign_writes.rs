//! The crash campaign of the kernel: clients write data while actions run and the process is killed.
//!
//! Every write has a key of its own. One that was acknowledged has to be on so many nodes after the
//! kill that every majority of the voters holds it (C7.1, C2.6).

use crate::faults::campaign::{number, wide_campaign};
use crate::faults::campaign_clients::Plan;
use crate::faults::campaign_net::{exchange, fetch, pass, request};
use crate::faults::fault_disk::Rng;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Clients that write at once.
pub const WRITERS: usize = 3;
/// Rounds in which an operator brings everything back at the end.
const ROUNDS: usize = 12;
const NODES: [&str; 5] = ["n1", "n2", "n3", "n4", "n5"];

/// The clients of one installation, and what they were told.
#[derive(Default)]
pub struct Writers {
    acknowledged: Mutex<BTreeSet<String>>,
    sent: AtomicU64,
}

impl Writers {
    /// Writes one key after the other until the server is gone.
    pub fn write(&self, data: SocketAddr, over: &AtomicBool) {
        while !over.load(Ordering::SeqCst) {
            let key = format!("w{}", self.sent.fetch_add(1, Ordering::SeqCst));
            let put = request("PUT", &format!("/kv/{key}"), "", "what was written");
            match fetch(data, &put) {
                Some((status, _)) if status < 300 => {
                    self.acknowledged.lock().expect("what was told").insert(key);
                }
                // Refused, or gone.
                _ => pass(2),
            }
        }
    }

    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.lock().expect("what was told").len() as u64
    }

    /// The writes that a majority of the voters could lack, in the files of a kernel that is gone.
    pub fn lost(&self, data: &Path) -> Vec<String> {
        let kernel = data.join("kernel");
        let switchboard = open(&kernel.join("switchboard.sqlite"));
        let members: String = switchboard
            .query_row("SELECT members FROM members", [], |row| row.get(0))
            .expect("members");
        let members: Value = serde_json::from_str(&members).expect("JSON");
        let voters: Vec<u64> = members["voters"]
            .as_array()
            .expect("voters")
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        let held: Vec<BTreeSet<String>> =
            voters.iter().map(|n| keys(&kernel.join(format!("n{n}/node.sqlite")))).collect();
        let quorum = voters.len() / 2 + 1;
        let told = self.acknowledged.lock().expect("what was told");
        let lacking = |key: &&String| held.iter().filter(|held| !held.contains(*key)).count();
        let lost = told.iter().filter(|key| lacking(key) >= quorum);
        lost.map(|key| format!("writes_kept: {key} was acknowledged, and a majority lacks it"))
            .collect()
    }
}

fn open(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).expect("a database")
}

/// The keys that a node holds: in its state, and in the log that it has not applied.
fn keys(path: &Path) -> BTreeSet<String> {
    let db = open(path);
    let mut keys = BTreeSet::new();
    for sql in [
        "SELECT key FROM kv",
        "SELECT json_extract(CAST(data AS TEXT), '$.key') FROM log
         WHERE CAST(data AS TEXT) LIKE '{\"command\":\"put\"%'",
    ] {
        let mut statement = db.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        keys.extend(rows.map(|row| row.expect("a key")));
    }
    keys
}

/// An operator who works alone, before the clients of a run and after the last one.
pub struct Lone<'a> {
    /// The server.
    pub server: SocketAddr,
    /// The session.
    pub token: &'a str,
}

impl Lone<'_> {
    /// Makes some node primary, if that is possible now.
    pub fn appoint(&self, rng: &mut Rng) -> Option<()> {
        self.close_in_doubt()?;
        for node in &NODES[..3] {
            if self.act(rng, "failover", &json!({ "to": node }))? {
                break;
            }
        }
        Some(())
    }

    /// Brings everything back; what is open after that is a violation.
    pub fn resolve(&self, rng: &mut Rng) -> Option<String> {
        for _ in 0..ROUNDS {
            if self.open()?.is_null() {
                return None;
            }
            for node in NODES {
                self.act(rng, "bring_online", &json!({ "node": node }))?;
            }
            self.appoint(rng)?;
        }
        let open = self.open()?;
        (!open.is_null()).then(|| format!("resolved: {open} has no end"))
    }

    fn open(&self) -> Option<Value> {
        let get = request("GET", "/api/v1/overview", self.token, "");
        Some(exchange(self.server, &get)?.1["in_doubt"].take())
    }

    fn close_in_doubt(&self) -> Option<()> {
        if let Some(id) = self.open()?["action_id"].as_str() {
            let why = json!({"reason": "before the run"}).to_string();
            let path = format!("/api/v1/actions/{id}/resolve");
            exchange(self.server, &request("POST", &path, self.token, &why))?;
        }
        Some(())
    }

    fn act(&self, rng: &mut Rng, kind: &str, params: &Value) -> Option<bool> {
        let id = Plan::new(rng).id;
        let body = json!({"action_id": id, "kind": kind, "params": params, "reason": "a campaign"});
        let ask = request("POST", "/api/v1/actions", self.token, &body.to_string());
        let (status, asked) = exchange(self.server, &ask)?;
        if status != 201 || asked["stage"] != "explained" {
            return Some(false);
        }
        let body = crate::harness::confirmation(&asked).to_string();
        let path = format!("/api/v1/actions/{id}/confirm");
        let (_, done) = exchange(self.server, &request("POST", &path, self.token, &body))?;
        Some(done["stage"] == "executed")
    }
}

#[test]
fn a_kernel_that_is_killed_under_writes_and_actions_loses_nothing_that_it_acknowledged() {
    let (runs, seed) = (number("CAMPAIGN_RUNS", 12), number("CAMPAIGN_SEED", 20_261_123));
    let figures = wide_campaign(runs, seed, true);
    println!("seed {seed}\n{}", figures.in_words());
    assert_eq!(figures.violations, Vec::<String>::new(), "seed {seed}");
    assert!(figures.written > runs, "{} writes were acknowledged", figures.written);
}
