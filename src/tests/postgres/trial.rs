//! The program behind `make run-postgres`.

use crate::postgres_bench::until;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TRIAL: &str = env!("CARGO_BIN_EXE_postgres_trial");

#[test]
fn without_postgresql_it_ends_with_2_and_says_where_it_looked_and_what_installs_it() {
    let done = Command::new(TRIAL).env("PG_BIN", "/nowhere/bin").output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    let said = String::from_utf8(done.stderr.clone()).unwrap();
    for part in ["/nowhere/bin", "create_main_cluster = false", "apt-get install postgresql-15"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(done.stdout.is_empty(), "nothing was started: {done:?}");
}

#[test]
fn when_it_is_killed_its_servers_and_its_folders_are_gone() {
    let parent = tempfile::tempdir().unwrap();
    // The user who runs the servers has to pass through it.
    open_to_all(parent.path());
    let mut trial = Command::new(TRIAL)
        .env("TMPDIR", parent.path())
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(trial.stdout.take().unwrap()).lines();
    let mut servers = Vec::new();
    while servers.len() < 3 {
        let line = lines.next().expect("it names its servers").unwrap();
        let Some((_, file)) = line.split_once("its process in ") else { continue };
        let pid = fs::read_to_string(file).unwrap();
        servers.push(PathBuf::from(format!("/proc/{}", pid.lines().next().unwrap())));
    }
    assert!(servers.iter().all(|server| server.exists()), "they run: {servers:?}");
    trial.kill().unwrap();
    trial.wait().unwrap();
    for server in servers {
        until("a server is gone", || Ok((!server.exists()).then_some(()))).unwrap();
    }
    let left = || fs::read_dir(parent.path()).unwrap().count();
    until("the folders are gone", || Ok((left() == 0).then_some(()))).unwrap();
}

fn open_to_all(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
}
