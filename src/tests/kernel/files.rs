//! The files of the kernel under programs that are not the kernel: read by somebody, replaced, lost or
//! older than they were. Nothing that was acknowledged is lost without a word.

use crate::kernel::contract::{Bench, TypedState, n, run};
use crate::kernel::damage::copy;
use crate::kernel::embedded_bench::{Embedded, FixedEntropy, config, founded};
use aerodb_control::crash::InjectedBug;
use aerodb_control::kernel::ObserveKernel as _;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::{
    DataError, EmbeddedKernel, OpenError, ServiceHistory, Write,
};
use aerodb_control::model::ambient::Clock;
use aerodb_control::model::facts::Fact;
use rusqlite::Connection;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// The test that a foreign client is.
const FOREIGN: &str = "kernel::files::one_foreign_client";
/// Writes after which each node has moved its write-ahead log into its file at least once.
const MANY: usize = 400;

async fn put(kernel: &EmbeddedKernel, key: &str) -> Result<(), DataError> {
    kernel.write(Write::Put { key: key.to_owned(), value: key.into() }).await.map(|_| ())
}

async fn put_all(kernel: &EmbeddedKernel, keys: std::ops::Range<usize>) {
    for key in keys {
        put(kernel, &key.to_string()).await.expect("a write");
    }
}

/// The databases of a cluster.
fn databases(kernel: &Path, nodes: u64) -> Vec<PathBuf> {
    let node = |number| kernel.join(format!("n{number}/node.sqlite"));
    (1..=nodes).map(node).chain([kernel.join("switchboard.sqlite")]).collect()
}

/// A client of another process, such as a shell of SQLite or a tool for backups. It says what it found,
/// and ends when nobody listens any more.
#[test]
fn one_foreign_client() {
    let Some(path) = std::env::var_os("FOREIGN_CLIENT_OPENS") else { return };
    let read = || -> rusqlite::Result<Connection> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::ZERO)?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(db)
    };
    let read = read();
    match &read {
        Ok(_) => println!("\nforeign: read"),
        Err(error) => println!("\nforeign: {error}"),
    }
    let _ = std::io::stdin().read_line(&mut String::new());
    drop(read);
}

struct Foreign(Child, String);

impl Foreign {
    /// Opens a database in another process, and keeps it open.
    fn opens(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([FOREIGN, "--exact", "--nocapture"]).env("FOREIGN_CLIENT_OPENS", path);
        child.env_remove("AERODB_SABOTAGE").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut said = lines.map_while(Result::ok).filter(|line| line.starts_with("foreign: "));
        let said = said.next().expect("it says what it found");
        Self(child, said.trim_start_matches("foreign: ").to_owned())
    }

    /// Closes it; SQLite then moves the write-ahead log into the file and removes it, if nobody else
    /// has it open.
    fn closes(mut self) -> String {
        writeln!(self.0.stdin.take().unwrap()).unwrap();
        assert!(self.0.wait().unwrap().success());
        self.1
    }
}

/// What is done to the files in a directory.
type Damage<'a> = &'a dyn Fn(&Path);

fn open_at(bench: &Embedded, kernel: &Path) -> Result<EmbeddedKernel, OpenError> {
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    let mut config = config(bench.dir.path(), bench.nodes);
    kernel.clone_into(&mut config.dir);
    EmbeddedKernel::open(&config, ServiceHistory::Before, clock, &FixedEntropy(1))
}

/// What a kill would leave: the files as they are.
fn killed(bench: &Embedded, name: &str) -> PathBuf {
    let to = bench.dir.path().join(name);
    copy(&bench.dir.path().join("kernel"), &to);
    to
}

/// Every key is there, and every node is in the cluster.
async fn holds_all(kernel: &EmbeddedKernel, keys: usize) {
    let state = kernel.observe().await.unwrap();
    for node in &state.view().nodes {
        assert_eq!(node.pinned.reachable, Fact::Known(true), "{:?}", node.pinned);
    }
    run(kernel, 1, Action::Failover { to: n(2) }).await;
    for key in (0..keys).map(|key| key.to_string()) {
        assert_eq!(kernel.read(&key).await.unwrap().unwrap(), key.as_bytes());
    }
}

#[tokio::test]
async fn a_foreign_client_of_a_live_file_is_told_that_it_is_locked_and_nothing_is_lost() {
    let mut bench = Embedded::found(3);
    put_all(bench.own(), 0..MANY).await;
    let kernel = bench.dir.path().join("kernel");
    for file in databases(&kernel, 3) {
        assert_eq!(Foreign::opens(&file).closes(), "database is locked", "{}", file.display());
        assert!(kernel.join("n1/node.sqlite-wal").exists());
    }
    put_all(bench.own(), MANY..MANY + 20).await;
    let left = killed(&bench, "killed");
    bench.close();
    holds_all(&open_at(&bench, &left).unwrap(), MANY + 20).await;
}

#[tokio::test]
async fn a_foreign_client_that_empties_the_logs_after_a_kill_has_taken_nothing() {
    let mut bench = Embedded::found(3);
    put_all(bench.own(), 0..30).await;
    let left = killed(&bench, "killed");
    bench.close();
    for file in databases(&left, 3) {
        assert_eq!(Foreign::opens(&file).closes(), "read");
        assert!(!file.with_file_name("node.sqlite-wal").exists(), "it was moved into the file");
    }
    holds_all(&open_at(&bench, &left).unwrap(), 30).await;
}

#[tokio::test]
async fn a_file_that_another_process_has_open_is_named_at_once_and_never_waited_for() {
    let mut bench = Embedded::found(3);
    put_all(bench.own(), 0..3).await;
    bench.close();
    let dir = bench.dir.path().join("kernel");
    let reader = Foreign::opens(&dir.join("n2/node.sqlite"));
    let kernel = open_at(&bench, &dir).unwrap();
    let state = kernel.observe().await.unwrap();
    let n2 = state.view().node(&n(2)).unwrap().pinned.clone();
    let why = &n2.unreachable.as_ref().unwrap().why;
    assert!(why.contains("in n2: node.sqlite is in use by another process"), "{why}");
    run(&kernel, 1, Action::Failover { to: n(1) }).await;
    put(&kernel, "a").await.unwrap();
    drop(kernel);
    assert_eq!(reader.closes(), "read");
    let reader = Foreign::opens(&dir.join("switchboard.sqlite"));
    let Err(refused) = open_at(&bench, &dir) else { panic!("it is in use") };
    assert!(refused.to_string().contains("switchboard.sqlite is in use"), "{refused}");
    reader.closes();
    let kernel = open_at(&bench, &dir).unwrap();
    assert_eq!(kernel.observe().await.unwrap().nodes.len(), 3);
}

/// Puts a copy of a file or directory in its own place, as an editor or a restore would.
fn replace(path: &Path) {
    let moved = path.with_extension("moved");
    fs::rename(path, &moved).unwrap();
    if moved.is_dir() {
        copy(&moved, path);
    } else {
        fs::copy(&moved, path).unwrap();
    }
}

#[tokio::test]
async fn a_node_whose_files_are_replaced_while_it_runs_is_out_at_once_and_is_named() {
    for file in ["n2/node.sqlite", "n2/node.sqlite-wal", "n2/node.seal", "n2"] {
        let mut bench = Embedded::found(3);
        put_all(bench.own(), 0..5).await;
        replace(&bench.dir.path().join("kernel").join(file));
        put_all(bench.own(), 5..10).await;
        let state = bench.kernel().observe().await.unwrap();
        let n2 = state.view().node(&n(2)).unwrap().pinned.clone();
        let why = &n2.unreachable.as_ref().expect(file).why;
        assert!(why.contains("was replaced while it was open"), "{file}: {why}");
        let left = killed(&bench, "killed");
        bench.close();
        let kernel = open_at(&bench, &left).unwrap();
        run(&kernel, 1, Action::Failover { to: n(3) }).await;
        for key in (0..10).map(|key| key.to_string()) {
            assert_eq!(kernel.read(&key).await.unwrap().unwrap(), key.as_bytes(), "{file}");
        }
    }
}

#[tokio::test]
async fn no_write_is_acknowledged_into_files_that_were_replaced() {
    let every_node = ["n1/node.sqlite", "n2/node.sqlite", "n3/node.sqlite"];
    for files in [&every_node[..], &["switchboard.sqlite"], &["switchboard.seal"], &["."]] {
        let bench = Embedded::found(3);
        put_all(bench.own(), 0..5).await;
        let kernel = bench.dir.path().join("kernel");
        for file in files {
            replace(&if *file == "." { kernel.clone() } else { kernel.join(file) });
        }
        for key in 5..35 {
            let written = put(bench.own(), &key.to_string()).await;
            assert!(written.is_err(), "{files:?}: {key} was acknowledged");
        }
        let said = match bench.kernel().observe().await {
            Err(stopped) => stopped.why,
            Ok(state) => format!("{:?}", state.nodes),
        };
        assert!(said.contains("was replaced"), "{files:?}: {said}");
    }
}

#[tokio::test]
async fn a_switchboard_that_is_lost_cut_or_older_refuses_the_start_and_founds_nothing() {
    let mut bench = Embedded::found(3);
    run(bench.kernel(), 1, Action::TakeOffline { node: n(3) }).await;
    let dir = bench.dir.path().to_owned();
    let early = killed(&bench, "early");
    run(bench.kernel(), 2, Action::Switchover { to: n(2) }).await;
    let whole = killed(&bench, "whole");
    bench.close();
    let file = |at: &Path| at.join("switchboard.sqlite");
    let wal = |at: &Path| at.join("switchboard.sqlite-wal");
    let cut = |path: PathBuf, to: u64| {
        fs::File::options().write(true).open(path).unwrap().set_len(to).unwrap();
    };
    let faults: [(&str, Damage<'_>); 7] = [
        ("the file is gone", &|at| fs::remove_file(file(at)).unwrap()),
        ("the file is empty", &|at| cut(file(at), 0)),
        ("the file is cut", &|at| cut(file(at), 4096)),
        ("the log is gone", &|at| fs::remove_file(wal(at)).unwrap()),
        ("the log is cut", &|at| cut(wal(at), fs::metadata(wal(at)).unwrap().len() - 1)),
        ("all of it is gone", &|at| {
            for file in ["switchboard.sqlite", "switchboard.sqlite-wal", "switchboard.seal"] {
                fs::remove_file(at.join(file)).unwrap();
            }
        }),
        ("it is an older one", &|at| {
            for file in ["switchboard.sqlite", "switchboard.sqlite-wal"] {
                fs::copy(early.join(file), at.join(file)).unwrap();
            }
        }),
    ];
    for (what, fault) in faults {
        let at = dir.join("played");
        copy(&whole, &at);
        fault(&at);
        let Err(refused) = open_at(&bench, &at) else { panic!("{what}: it starts") };
        assert!(refused.to_string().contains("switchboard"), "{what}: {refused}");
        let again = founded(
            &aerodb_control::kernel::embedded::EmbeddedConfig {
                dir: at.clone(),
                ..config(&dir, 3)
            },
            Arc::clone(&bench.clock) as Arc<dyn Clock>,
            &FixedEntropy(1),
        );
        let Err(refused) = again else { panic!("{what}: it is founded anew") };
        let is_there =
            matches!(refused, OpenError::NotEmpty { .. } | OpenError::ClusterMetadata { .. });
        assert!(is_there, "{what}: {refused}");
        fs::remove_dir_all(&at).unwrap();
    }
    open_at(&bench, &whole).unwrap();
}

#[tokio::test]
async fn a_node_that_was_rolled_back_is_out_and_is_named() {
    for number in 1..=3 {
        let mut bench = Embedded::found(3);
        put_all(bench.own(), 0..5).await;
        let early = killed(&bench, "early");
        put_all(bench.own(), 5..6).await;
        let left = killed(&bench, "killed");
        bench.close();
        // With its seal: the directory is whole, and its own.
        let node = format!("n{number}");
        fs::remove_dir_all(left.join(&node)).unwrap();
        copy(&early.join(&node), &left.join(&node));
        for _ in 0..2 {
            let kernel = open_at(&bench, &left).unwrap();
            let state = kernel.observe().await.unwrap();
            let why =
                state.view().node(&n(number)).unwrap().pinned.unreachable.clone().unwrap().why;
            assert!(why.contains("remember") && why.contains("older than it was"), "{why}");
        }
        let kernel = open_at(&bench, &left).unwrap();
        run(&kernel, 1, Action::Failover { to: n(1 + number % 3) }).await;
        assert_eq!(kernel.read("5").await.unwrap().unwrap(), b"5");
    }
}

#[tokio::test]
async fn nodes_that_were_all_rolled_back_do_not_start() {
    for nodes in [1, 3] {
        let mut bench = Embedded::found(nodes);
        put_all(bench.own(), 0..5).await;
        let early = killed(&bench, "early");
        put_all(bench.own(), 5..6).await;
        let left = killed(&bench, "killed");
        bench.close();
        for node in (1..=nodes).map(|number| format!("n{number}")) {
            fs::remove_dir_all(left.join(&node)).unwrap();
            copy(&early.join(&node), &left.join(&node));
        }
        let Err(OpenError::NoNode { why }) = open_at(&bench, &left) else { panic!("older") };
        assert!(why.contains("in n1: node.sqlite holds") && why.contains("older"), "{why}");
    }
}

/// A planted fault of the kernel is found by one of these tests.
#[test]
fn every_planted_fault_of_the_files_is_found() {
    for fault in InjectedBug::FILES {
        let test = match fault {
            InjectedBug::SecondDescriptor => {
                "a_foreign_client_of_a_live_file_is_told_that_it_is_locked_and_nothing_is_lost"
            }
            InjectedBug::FoundWhereLost => {
                "a_switchboard_that_is_lost_cut_or_older_refuses_the_start_and_founds_nothing"
            }
            InjectedBug::OlderNodeAccepted => "a_node_that_was_rolled_back_is_out_and_is_named",
            other => panic!("{other:?} is no fault of the files"),
        };
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([&format!("kernel::files::{test}"), "--exact", "--nocapture"]);
        let output = child.env("AERODB_SABOTAGE", fault.word()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("test result: FAILED. 0 passed; 1 failed"), "{fault:?}: {said}");
    }
}
