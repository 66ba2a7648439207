//! One server of a trial: its files, its process, and what is asked of it as its superuser.

use super::binaries::Binaries;
use super::guard::{GuardedServer, Signal};
use super::{TrialError, until};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The superuser of every cluster of a trial.
pub const SUPERUSER: &str = "postgres";

/// Where a server can be reached, and the files that it needs.
#[derive(Clone, Debug)]
pub struct ServerFiles {
    /// The name of the node, which is its `application_name` and that of its slot.
    pub name: String,
    /// The address that it listens at.
    pub host: String,
    /// The port that it listens at.
    pub port: u16,
    /// The data directory.
    pub data: PathBuf,
    /// What its standard error goes to.
    pub log: PathBuf,
    /// The passwords that a server connects to another one with, in the form of libpq.
    pub passwords: PathBuf,
}

/// One server, which runs or not.
#[derive(Debug)]
pub struct ServerNode {
    files: ServerFiles,
    binaries: Binaries,
    process: Option<GuardedServer>,
}

impl ServerNode {
    /// A server that does not run yet.
    pub fn new(files: ServerFiles, binaries: Binaries) -> Self {
        Self { files, binaries, process: None }
    }

    /// The name of the node.
    pub fn name(&self) -> &str {
        &self.files.name
    }

    /// Where it listens itself, with no proxy between.
    pub fn address(&self) -> (&str, u16) {
        (&self.files.host, self.files.port)
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.files.data
    }

    /// What it wrote into its log.
    pub fn log(&self) -> Result<String, TrialError> {
        let tried = format!("to read {}", self.files.log.display());
        fs::read_to_string(&self.files.log).map_err(TrialError::io(tried))
    }

    /// Begins to start it.
    ///
    /// # Errors
    /// When it runs already, or its process cannot be started.
    pub fn begin(&mut self) -> Result<(), TrialError> {
        if self.process.is_some() {
            return Err(TrialError::new(format!("{} runs: to start it", self.name())));
        }
        let path = &self.files.log;
        let log = fs::File::options().create(true).append(true).open(path);
        let log = log.map_err(TrialError::io(format!("to open {}", path.display())))?;
        let mut shell = self.binaries.command("sh");
        shell.env("PGPASSFILE", &self.files.passwords);
        let arguments = ["-D".as_ref(), self.files.data.as_os_str()];
        let program = self.binaries.dir().join("postgres");
        let last = Signal::Immediate;
        self.process = Some(GuardedServer::start(shell, last, &program, &arguments, log)?);
        Ok(())
    }

    /// Waits until it accepts connections.
    ///
    /// # Errors
    /// When it ended instead: with its log.
    pub fn ready(&mut self) -> Result<(), TrialError> {
        let (name, log) = (self.name().to_owned(), self.files.log.clone());
        let pid_file = self.files.data.join("postmaster.pid");
        let process = self.running()?;
        until(&format!("{name} accepts connections"), || {
            if process.has_ended()? {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(TrialError::new(format!("{name} ended as it started:\n{said}")));
            }
            // A file of an earlier process names that one.
            let text = fs::read_to_string(&pid_file).unwrap_or_default();
            let mut lines = text.lines();
            let is_its = lines.next().is_some_and(|pid| pid == process.pid().to_string());
            Ok((is_its && lines.nth(6).is_some_and(|state| state.trim() == "ready")).then_some(()))
        })
    }

    /// Starts it, and returns when it accepts connections.
    pub fn start(&mut self) -> Result<(), TrialError> {
        self.begin()?;
        self.ready()
    }

    /// Ends its sessions and stops it in order.
    pub fn stop(&mut self) -> Result<(), TrialError> {
        self.end(Signal::Fast)
    }

    /// Stops it at once: at its next start it recovers as after a crash.
    pub fn stop_immediately(&mut self) -> Result<(), TrialError> {
        self.end(Signal::Immediate)
    }

    /// Kills every process of it. The one thing that it cannot leave in its own folder, a segment of shared
    /// memory, is removed.
    pub fn kill(&mut self) -> Result<(), TrialError> {
        self.end(Signal::Kill)?;
        let text = fs::read_to_string(self.files.data.join("postmaster.pid")).unwrap_or_default();
        if let Some((_, id)) = text.lines().nth(6).and_then(|line| line.trim().rsplit_once(' ')) {
            // It may be gone by itself, which is as good.
            drop(said(self.binaries.command("ipcrm").args(["-m", id]), "ipcrm", ""));
        }
        Ok(())
    }

    /// One process of it crashes; the server ends the others, and recovers by itself under the same process
    /// as before.
    pub fn crash(&self) -> Result<(), TrialError> {
        let sql = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
        let before = self.sql(SUPERUSER, sql)?;
        let mut kill = self.binaries.command("sh");
        said(kill.args(["-c", "kill -KILL \"$1\"", "kill", &before]), "to crash a process", "")?;
        until(&format!("{} has recovered", self.name()), || {
            // While it recovers it refuses everybody.
            let now = self.sql(SUPERUSER, sql).unwrap_or_default();
            Ok((!now.is_empty() && now != before).then_some(()))
        })
    }

    /// Every process of it stands still.
    pub fn pause(&mut self) -> Result<(), TrialError> {
        self.running()?.send(Signal::Pause)
    }

    /// They go on.
    pub fn go_on(&mut self) -> Result<(), TrialError> {
        self.running()?.send(Signal::Continue)
    }

    /// Whether its process runs.
    pub fn is_running(&mut self) -> Result<bool, TrialError> {
        match &mut self.process {
            Some(process) => Ok(!process.has_ended()?),
            None => Ok(false),
        }
    }

    /// What it is told to make it end, without waiting for it.
    pub fn tell(&mut self, signal: Signal) -> Result<(), TrialError> {
        self.running()?.send(signal)
    }

    fn end(&mut self, signal: Signal) -> Result<(), TrialError> {
        self.tell(signal)?;
        self.gone()
    }

    /// Waits until it is gone, after it was told to end.
    pub fn gone(&mut self) -> Result<(), TrialError> {
        self.running()?.wait()?;
        self.process = None;
        Ok(())
    }

    fn running(&mut self) -> Result<&mut GuardedServer, TrialError> {
        let gone = || TrialError::new(format!("{} does not run", self.files.name));
        self.process.as_mut().ok_or_else(gone)
    }

    /// Makes it a standby at its next start.
    pub fn make_standby(&self) -> Result<(), TrialError> {
        let signal = self.files.data.join("standby.signal");
        let tried = format!("to write {}", signal.display());
        fs::write(&signal, "").map_err(TrialError::io(tried))?;
        self.binaries.give(&signal)
    }

    /// What `pg_controldata` says of its files.
    pub fn control_data(&self) -> Result<String, TrialError> {
        let mut program = self.binaries.program("pg_controldata");
        said(program.arg("-D").arg(&self.files.data), "pg_controldata", "")
    }

    /// A program of PostgreSQL that connects to it as a role, such as `pgbench`. What it says is lost where
    /// nobody asks for it.
    pub fn client(&self, program: &str, role: &str, database: &str) -> Command {
        let mut client = self.binaries.program(program);
        let port = self.files.port.to_string();
        client.args(["-h", &self.files.host, "-p", &port, "-U", role]);
        client.env("PGDATABASE", database).env("PGPASSFILE", &self.files.passwords);
        client.env("PGCONNECT_TIMEOUT", "10").env("PGAPPNAME", program);
        client.stdout(Stdio::null()).stderr(Stdio::null());
        client
    }

    /// Runs statements as the superuser, one after another, each its own transaction; the rows as lines,
    /// their columns apart by `|`. What `psql` reads can stand in it, such as `\connect`.
    ///
    /// # Errors
    /// At the first statement that is refused.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, TrialError> {
        let mut client = self.client("psql", SUPERUSER, database);
        client.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        let rows = said(&mut client, &format!("{} at {}", statements, self.name()), statements)?;
        Ok(rows.trim_end().to_owned())
    }
}

/// Runs a program to its end: what it said, where it succeeded.
pub(super) fn said(command: &mut Command, tried: &str, input: &str) -> Result<String, TrialError> {
    let output = run(command, input).map_err(TrialError::io(tried.to_owned()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(TrialError::new(format!("{}: {}: {tried}", why.trim(), output.status)))
}

fn run(command: &mut Command, input: &str) -> std::io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that ended before it read all says why by itself.
        drop(pipe.write_all(input.as_bytes()));
    }
    child.wait_with_output()
}
