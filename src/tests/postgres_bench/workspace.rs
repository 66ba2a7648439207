//! A folder for what is thrown away, which is removed even when this process is killed.

use super::TrialError;
use super::binaries::Binaries;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// How many names are tried for a folder: those of processes that had the same id and were killed.
const NAMES: u32 = 1_000;

/// Waits for the end of its input, and removes the folder as soon as the servers in it are gone.
const REMOVE_AT_THE_END: &str = "read -r nothing
for turn in 1 2 3 4 5 6 7 8 9 10; do rm -rf \"$1\" 2>/dev/null && exit; sleep 1; done";

/// A folder, removed at the end of this value or this process.
#[derive(Debug)]
pub struct Workspace {
    dir: PathBuf,
    shell: Child,
    /// `None` once the end was asked for.
    end: Option<ChildStdin>,
}

impl Workspace {
    /// A new folder below `parent` for the user who runs the servers.
    ///
    /// # Errors
    /// When it cannot be made, or that user cannot reach it.
    pub fn for_servers(binaries: &Binaries, parent: &Path) -> Result<Self, TrialError> {
        let dir = new_dir(parent)?;
        binaries.give(&dir)?;
        let tried = format!("to reach {} as {}", dir.display(), binaries.user());
        let mut reach = binaries.command("ls");
        super::node::said(reach.arg("-a").arg(&dir), &tried, "")?;
        Self::removed_by(binaries.command("sh"), dir)
    }

    /// A new folder below `parent` for the user of this process.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn for_this_process(parent: &Path) -> Result<Self, TrialError> {
        let mut shell = Command::new("sh");
        shell.process_group(0);
        Self::removed_by(shell, new_dir(parent)?)
    }

    fn removed_by(mut shell: Command, dir: PathBuf) -> Result<Self, TrialError> {
        shell.arg("-c").arg(REMOVE_AT_THE_END).arg("remove").arg(&dir);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.spawn().map_err(TrialError::io("to start a shell"))?;
        let end = shell.stdin.take();
        Ok(Self { dir, shell, end })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A folder in it that is not there yet, for the user who runs the servers.
    pub fn folder(&self, binaries: &Binaries, name: &str) -> Result<PathBuf, TrialError> {
        let dir = self.dir.join(name);
        make(&dir).map_err(TrialError::io(format!("to make {}", dir.display())))?;
        binaries.give(&dir)?;
        Ok(dir)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.end = None;
        drop(self.shell.wait());
    }
}

fn new_dir(parent: &Path) -> Result<PathBuf, TrialError> {
    for number in 0..NAMES {
        let dir = parent.join(format!("aerodb-postgres-{}-{number}", std::process::id()));
        match make(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(TrialError::io(format!("to make {}", dir.display()))(error)),
        }
    }
    Err(TrialError::new(format!("{NAMES} folders of killed processes are in {}", parent.display())))
}

fn make(dir: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(dir)
}
