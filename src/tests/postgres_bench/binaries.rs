//! Where the programs of PostgreSQL are, and the user who runs them.

use super::TrialError;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The programs that are needed. `pg_config` and the wrappers of a distribution are not enough.
const NEEDED: [&str; 4] = ["initdb", "postgres", "psql", "pg_controldata"];
/// Where Debian and its relatives put them, one folder for each major version.
const OF_DISTRIBUTION: &str = "/usr/lib/postgresql";
/// Nobody, where the user `postgres` does not exist.
const NOBODY: u32 = 65_534;

/// The programs of one version of PostgreSQL.
#[derive(Clone, Debug)]
pub struct Binaries {
    dir: PathBuf,
    user: ServerUser,
}

/// Who runs a server. PostgreSQL refuses the superuser of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ServerUser {
    /// Whoever runs this process.
    Same(u32),
    /// Another one, because this process is root's.
    Other { uid: u32, gid: u32, name: String },
}

impl Binaries {
    /// Finds them: in `PG_BIN`, else in the folders of the distribution, the newest first, else on `PATH`.
    ///
    /// # Errors
    /// When they are in none of these: every place that was looked at, and how to install them.
    pub fn find() -> Result<Self, TrialError> {
        let places = places();
        let whole = |dir: &&PathBuf| NEEDED.iter().all(|name| dir.join(name).is_file());
        let Some(dir) = places.iter().find(whole) else {
            return Err(TrialError::new(absent(&places)));
        };
        Ok(Self { dir: dir.clone(), user: ServerUser::find()? })
    }

    /// The folder that they are in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Who runs them, in words.
    pub fn user(&self) -> String {
        match &self.user {
            ServerUser::Same(uid) => format!("the user of this process (uid {uid})"),
            ServerUser::Other { uid, name, .. } => format!("{name} (uid {uid})"),
        }
    }

    /// A program of PostgreSQL, in a language and a time zone that do not depend on the machine.
    pub fn program(&self, name: &str) -> Command {
        self.command(self.dir.join(name))
    }

    /// Any program, as the user who runs the servers, apart from the terminal's group of processes: a
    /// Ctrl-C is for this process, which then ends what it started.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PGTZ", "UTC");
        if let Some(path) = env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.current_dir("/").process_group(0).stdin(Stdio::null());
        if let ServerUser::Other { uid, gid, .. } = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a file to the user who runs the servers.
    pub fn give(&self, path: &Path) -> Result<(), TrialError> {
        let ServerUser::Other { uid, gid, .. } = self.user else { return Ok(()) };
        let tried = format!("to give {} to uid {uid}", path.display());
        chown(path, Some(uid), Some(gid)).map_err(TrialError::io(tried))
    }
}

impl ServerUser {
    fn find() -> Result<Self, TrialError> {
        let process = fs::metadata("/proc/self").map_err(TrialError::io("to read /proc/self"))?;
        if process.uid() != 0 {
            return Ok(Self::Same(process.uid()));
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Ok(users.lines().find_map(postgres_in).unwrap_or_else(|| Self::Other {
            uid: NOBODY,
            gid: NOBODY,
            name: "nobody".to_owned(),
        }))
    }
}

/// The user `postgres` of a line of the list of users.
fn postgres_in(line: &str) -> Option<ServerUser> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| *name == "postgres")?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(ServerUser::Other { uid, gid, name })
}

/// Every folder that is looked at, in order.
fn places() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("PG_BIN") {
        return vec![named.into()];
    }
    let versions = fs::read_dir(OF_DISTRIBUTION).into_iter().flatten().flatten();
    let major = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(major(path)));
    let versions = versions.into_iter().map(|path| path.join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    versions.chain(env::split_paths(&path)).collect()
}

/// What is said when they are nowhere.
fn absent(places: &[PathBuf]) -> String {
    let looked: Vec<String> = places.iter().map(|path| format!("  {}", path.display())).collect();
    format!(
        "PostgreSQL was not found: no folder has all of {}. Looked in\n  {OF_DISTRIBUTION}/*/bin\n{}\n\
         On Debian 12, as root, without a server that starts by itself:\n  \
         mkdir -p /etc/postgresql-common/createcluster.d\n  \
         echo \"create_main_cluster = false\" > /etc/postgresql-common/createcluster.d/none.conf\n  \
         apt-get install postgresql-15\n\
         Elsewhere, PG_BIN names the folder.",
        NEEDED.join(", "),
        looked.join("\n"),
    )
}
