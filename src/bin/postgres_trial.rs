//! A throw-away PostgreSQL cluster of three nodes with a control plane over it, to look at and to break:
//! `make run-postgres`.
//!
//! It starts the servers, applies what `aerodb-control kernel postgres prepare` prints, writes a settings
//! file, runs `aerodb-control init` and `aerodb-control serve`, and on Ctrl-C stops what it started. All of
//! it is in a temporary folder: the user who runs the servers need not be able to reach the folder of the
//! project, and a log of a cluster that is gone is of no use to the next one.

#[allow(dead_code, unreachable_pub, reason = "the rest of it is for the tests")]
#[path = "../tests/postgres_bench/bench.rs"]
mod postgres_bench;

use postgres_bench::binaries::Binaries;
use postgres_bench::cluster::{ClusterLayout, TrialCluster};
use postgres_bench::guard::{GuardedServer, Signal};
use postgres_bench::template::{APP, ClusterTemplate, TemplatePlan, TrialPasswords};
use postgres_bench::workspace::Workspace;
use postgres_bench::{TrialError, private};
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, fs};
use tokio::signal::unix::{SignalKind, signal};

/// The roles of the control plane, as `prepare` makes them.
const OBSERVER: &str = "aerodb_observer";
const OPERATOR: &str = "aerodb_operator";
/// How often is looked whether the server has ended by itself.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A usage of the command line, or a machine, that cannot be: nothing was started.
const NOTHING_STARTED: u8 = 2;

fn main() -> ExitCode {
    let binaries = match Binaries::find() {
        Ok(found) => found,
        Err(absent) => {
            complain(&absent);
            return ExitCode::from(NOTHING_STARTED);
        }
    };
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    match run(&binaries, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs all of it; `arguments` go to `serve`.
fn run(binaries: &Binaries, arguments: &[std::ffi::OsString]) -> Result<(), TrialError> {
    let program = beside("aerodb-control")?;
    tell(&format!("PostgreSQL: {}, run by {}", binaries.dir().display(), binaries.user()));
    let servers = Workspace::for_servers(binaries, &env::temp_dir())?;
    // What belongs to the control plane, such as its passwords, is its own user's.
    let own = Workspace::for_this_process(&env::temp_dir())?;

    let prepared = printed(&program, &["kernel", "postgres", "prepare", "--logins", APP])?;
    let passwords = passwords()?;
    let mut script = prepared;
    for role in [OBSERVER, OPERATOR] {
        script += &passwords.statement(role)?;
    }
    let plan = TemplatePlan {
        nodes: ["n1", "n2", "n3"].map(str::to_owned).to_vec(),
        passwords: passwords.clone(),
        // It changes the database on its way.
        script,
    };
    let template = ClusterTemplate::make(binaries, servers.dir(), plan)?;
    tell("prepared: the roles and the database of the control plane, as `prepare` prints them");
    let layout =
        ClusterLayout { sync_rule: "ANY 1 (n2, n3)".to_owned(), ..ClusterLayout::default() };
    let mut cluster = TrialCluster::start(&template, servers.dir(), &layout)?;
    for (number, node) in cluster.nodes().iter().enumerate() {
        let (host, port) = cluster.address(number)?;
        let pid_file = node.data().join("postmaster.pid");
        tell(&format!("{}: {host}:{port}, its process in {}", node.name(), pid_file.display()));
    }
    tell(&format!(
        "as superuser: PGPASSFILE={} psql -h 127.0.0.1 -p {} -U postgres",
        template.passwords().display(),
        cluster.address(0)?.1,
    ));

    let pg_ctl = binaries.dir().join("pg_ctl");
    tell(&format!(
        "to stop a node, and to start it again, as {}: PGPASSFILE={} {} -D DIRECTORY -m fast -l FILE stop|start",
        binaries.user(),
        template.passwords().display(),
        pg_ctl.display(),
    ));

    let settings = settings(&cluster, own.dir(), &passwords)?;
    tell(&format!("settings: {}", settings.display()));
    tell(&printed(&program, &["init".as_ref(), "--config".as_ref(), settings.as_os_str()])?);
    serve(&program, &settings, arguments)?;
    cluster.stop()?;
    for name in cluster.stop_those_started_by_hand(binaries) {
        tell(&format!("{name}: started by hand, and stopped with the others"));
    }
    tell("stopped, and removed");
    Ok(())
}

/// Serves until it is told to stop, or ends by itself.
fn serve(
    program: &Path,
    settings: &Path,
    arguments: &[std::ffi::OsString],
) -> Result<(), TrialError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(TrialError::io("to wait for a signal"))?;
    let mut shell = Command::new("sh");
    // Ctrl-C comes to this process, which tells the server.
    shell.process_group(0);
    let start = ["serve".as_ref(), "--config".as_ref(), settings.as_os_str()];
    let all: Vec<&OsStr> =
        start.into_iter().chain(arguments.iter().map(std::ffi::OsString::as_os_str)).collect();
    runtime.block_on(async {
        let listen = |kind| signal(kind).map_err(TrialError::io("to listen to signals"));
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        let mut server =
            GuardedServer::start(shell, Signal::Fast, program, &all, Stdio::inherit())?;
        let mut look = tokio::time::interval(LOOK_EVERY);
        while !server.has_ended()? {
            tokio::select! {
                _ = interrupt.recv() => server.send(Signal::Fast)?,
                _ = terminate.recv() => server.send(Signal::Fast)?,
                _ = look.tick() => {}
            }
        }
        Ok(())
    })
}

/// Writes the settings and the passwords of the control plane's roles.
fn settings(
    cluster: &TrialCluster,
    dir: &Path,
    passwords: &TrialPasswords,
) -> Result<PathBuf, TrialError> {
    for role in [OBSERVER, OPERATOR] {
        private(&dir.join(role), &format!("{}\n", passwords.of(role)?))?;
    }
    let mut nodes = String::new();
    for (number, node) in cluster.nodes().iter().enumerate() {
        let (host, port) = cluster.address(number)?;
        nodes += &format!("{} = \"{host}:{port}\"\n", node.name());
    }
    let target = beside("")?;
    let site = target.parent().unwrap_or(&target).join("site");
    let text = format!(
        "[control]\ndata = \"data\"\nkernel = \"postgres\"\nenvironment = \"trial\"\ncluster = \"orders\"\n\
         reauth-minutes = 5\n\n\
         [control.postgres]\n\
         observer-password-file = \"{OBSERVER}\"\noperator-password-file = \"{OPERATOR}\"\n\n\
         [control.postgres.nodes]\n{nodes}\n\
         [package.metadata.leptos]\noutput-name = \"aerodb-control\"\nsite-root = \"{}\"\n\
         site-pkg-dir = \"pkg\"\nsite-addr = \"127.0.0.1:7400\"\nhash-files = true\n\
         hash-file = \"hash.txt\"\nenv = \"PROD\"\n",
        site.display(),
    );
    let path = dir.join("Leptos.toml");
    fs::write(&path, text).map_err(TrialError::io(format!("to write {}", path.display())))?;
    Ok(path)
}

/// Random passwords of letters and digits.
fn passwords() -> Result<TrialPasswords, TrialError> {
    let mut bytes = [0; 16];
    let mut random = || {
        let failed = |error| TrialError::new(format!("{error}: to make a password"));
        getrandom::fill(&mut bytes).map_err(failed)?;
        Ok(hex::encode(bytes))
    };
    TrialPasswords::new(&[OBSERVER, OPERATOR], |_| random())
}

/// A program of the same build.
fn beside(name: &str) -> Result<PathBuf, TrialError> {
    let own = env::current_exe().map_err(TrialError::io("to find this program"))?;
    Ok(own.with_file_name(name))
}

/// What a command of the control plane prints.
fn printed(program: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<String, TrialError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    let tried = format!("to run {}", program.display());
    let done = command.output().map_err(TrialError::io(tried.clone()))?;
    if !done.status.success() {
        return Err(TrialError::new(format!("{}: {tried}", done.status)));
    }
    let text = String::from_utf8(done.stdout);
    text.map_err(|_| TrialError::new(format!("its output is no text: {tried}")))
}

/// A line for whoever looks. That nobody does is no reason to stop.
fn tell(line: &str) {
    drop(writeln!(io::stdout(), "{}", line.trim_end()));
}

fn complain(error: &TrialError) {
    drop(writeln!(io::stderr(), "{error}"));
}
