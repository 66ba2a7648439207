//! Clients of an application that write all the time, and what they were told.

use crate::postgres_bench::node::ServerNode;
use crate::postgres_bench::template::APP;
use crate::postgres_bench::until;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

const CLIENTS: &str = "4";

/// A run of `pgbench`: each client inserts one row after another, each in a transaction of its own.
pub struct ClientLoad {
    pgbench: Child,
    log: PathBuf,
}

/// Rows by client.
pub type RowsByClient = BTreeMap<u32, u64>;

/// Makes the table that the clients write into.
pub fn make_table(primary: &ServerNode) {
    let table = format!(
        "create table written (client int not null, at timestamptz default clock_timestamp());\n\
         alter table written owner to {APP};\n"
    );
    primary.sql(APP, &table).expect("a table");
}

/// The rows that a node has.
pub fn rows_on(node: &ServerNode) -> RowsByClient {
    let rows = node.sql(APP, "select client, count(*) from written group by client");
    let rows = rows.expect("rows");
    let row = |line: &str| {
        let (client, rows) = line.split_once('|').expect("two columns");
        (client.parse().expect("a client"), rows.parse().expect("a count"))
    };
    rows.lines().map(row).collect()
}

impl ClientLoad {
    /// Starts the clients against a node; what they note goes into `dir`.
    pub fn start(node: &ServerNode, dir: &Path) -> Self {
        let (script, log) = (dir.join("one-row.sql"), dir.join("acknowledged"));
        fs::write(&script, "insert into written (client) values (:client_id);\n").expect("a file");
        let mut pgbench = node.client("pgbench", APP, APP);
        pgbench.args(["-n", "-T", "600", "-l", "-c", CLIENTS, "-f"]).arg(&script);
        pgbench.arg(format!("--log-prefix={}", log.display()));
        Self { pgbench: pgbench.spawn().expect("pgbench starts"), log }
    }

    /// Waits until all clients have lost their sessions: what each was told before that is committed.
    pub fn acknowledged(mut self) -> RowsByClient {
        let ended = || Ok(self.pgbench.try_wait().expect("a process").map(drop));
        until("the clients end", ended).expect("all of them");
        let (dir, prefix) = (self.log.parent().expect("a folder"), self.log.file_name());
        let prefix = prefix.and_then(|name| name.to_str()).expect("a name");
        let mut told = RowsByClient::new();
        for entry in fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            if name.starts_with(&format!("{prefix}.")) {
                for line in fs::read_to_string(&path).expect("a log").lines() {
                    let client = line.split(' ').next().expect("a client");
                    *told.entry(client.parse().expect("a client")).or_default() += 1;
                }
            }
        }
        told
    }
}

impl Drop for ClientLoad {
    fn drop(&mut self) {
        drop(self.pgbench.kill());
        drop(self.pgbench.wait());
    }
}

/// How many rows of those that clients were told of are not there.
pub fn lost(told: &RowsByClient, there: &RowsByClient) -> u64 {
    let missing = |(client, told): (&u32, &u64)| {
        told.saturating_sub(there.get(client).copied().unwrap_or_default())
    };
    told.iter().map(missing).sum()
}

/// Waits until the clients have written at least so many rows.
pub fn until_written(node: &ServerNode, rows: u64) {
    let count = "select count(*) from written";
    let enough = || {
        let found = node.sql(APP, count)?;
        Ok((found.parse::<u64>().unwrap_or(0) >= rows).then_some(()))
    };
    until(&format!("{rows} rows"), enough).expect("they write");
}
