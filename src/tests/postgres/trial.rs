//! The program behind `make run-postgres`.

use crate::postgres_bench::binaries::Binaries;
use crate::postgres_bench::until;
use std::fs;
use std::io::{BufRead, BufReader, Lines, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

/// A trial that runs, with the lines that it prints and where its servers wrote their process numbers.
struct RunningTrial {
    parent: tempfile::TempDir,
    /// What the browser would be given, where the browser's half was not built.
    _site: tempfile::TempDir,
    child: Child,
    lines: Lines<BufReader<PipeReader>>,
    pid_files: Vec<PathBuf>,
}

impl RunningTrial {
    fn start() -> Self {
        let parent = tempfile::tempdir().unwrap();
        // The user who runs the servers has to pass through it.
        open_to_all(parent.path());
        let site = tempfile::tempdir().unwrap();
        fs::create_dir(site.path().join("pkg")).unwrap();
        for kind in ["js", "wasm", "css"] {
            fs::write(site.path().join(format!("pkg/aerodb-control.{kind}")), "").unwrap();
        }
        // What the server says comes by the other one.
        let (both, end) = std::io::pipe().unwrap();
        let child = Command::new(TRIAL)
            .env("TMPDIR", parent.path())
            .env("LEPTOS_HASH_FILES", "false")
            .env("LEPTOS_SITE_ROOT", site.path())
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(end.try_clone().unwrap())
            .stderr(end)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(both).lines();
        let mut pid_files = Vec::new();
        while pid_files.len() < 3 {
            let line = lines.next().expect("it names its servers").unwrap();
            let Some((_, file)) = line.split_once("its process in ") else { continue };
            pid_files.push(PathBuf::from(file));
        }
        Self { parent, _site: site, child, lines, pid_files }
    }

    fn servers(&self) -> Vec<PathBuf> {
        let process = |file: &PathBuf| {
            let pid = fs::read_to_string(file).unwrap();
            PathBuf::from(format!("/proc/{}", pid.lines().next().unwrap()))
        };
        let servers: Vec<_> = self.pid_files.iter().map(process).collect();
        assert!(servers.iter().all(|server| server.exists()), "they run: {servers:?}");
        servers
    }

    fn is_gone_with(&self, servers: &[PathBuf]) {
        for server in servers {
            until("a server is gone", || Ok((!server.exists()).then_some(()))).unwrap();
        }
        let left = || fs::read_dir(self.parent.path()).unwrap().count();
        until("the folders are gone", || Ok((left() == 0).then_some(()))).unwrap();
    }
}

#[test]
fn when_it_is_killed_its_servers_and_its_folders_are_gone() {
    let mut trial = RunningTrial::start();
    let servers = trial.servers();
    trial.child.kill().unwrap();
    trial.child.wait().unwrap();
    trial.is_gone_with(&servers);
}

/// A drill stops a node and starts it again: it is the cluster's all the same.
#[test]
fn a_server_that_was_started_by_hand_is_stopped_before_its_folder_goes() {
    let mut trial = RunningTrial::start();
    let ready =
        |line: &std::io::Result<String>| line.as_ref().is_ok_and(|it| it.starts_with("console: "));
    trial.lines.by_ref().find(ready).expect("it serves").unwrap();
    let n3 = trial.pid_files[2].parent().unwrap().to_owned();
    for word in ["stop", "start"] {
        let mut by_hand = Binaries::find().unwrap().program("pg_ctl");
        by_hand.arg("-D").arg(&n3).args(["-m", "fast", "-w", "-l", "/dev/null", word]);
        let by_hand = by_hand.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(by_hand.status().unwrap().success(), "{word}");
    }
    let servers = trial.servers();
    let pid = trial.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let said: Vec<String> = trial.lines.by_ref().map_while(Result::ok).collect();
    assert!(trial.child.wait().unwrap().success(), "{said:?}");
    assert!(
        said.contains(&"n3: started by hand, and stopped with the others".to_owned()),
        "{said:?}"
    );
    trial.is_gone_with(&servers);
}

fn open_to_all(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
}
