//! A data directory that is made once, and copied for every node of every cluster of a process.
//!
//! A copy of a cluster that was stopped in order is a base backup. So all nodes of a template have one
//! system identifier, and the slots, roles and databases that were made in it.

use super::binaries::Binaries;
use super::node::{SUPERUSER, ServerFiles, ServerNode, said};
use super::{TrialError, cluster::free_ports, private};
use std::fs;
use std::path::{Path, PathBuf};

/// The role that standbys connect as, and the role and the database of an application.
pub const REPLICATOR: &str = "replicator";
/// The role of the application, which owns its database.
pub const APP: &str = "app";

/// The settings that every node of a trial has. A server that is made to be thrown away syncs all the same:
/// what a rule says of `fsync` can be tried then. What it shares in memory is a file of its own folder: a
/// killed server removes nothing.
const SETTINGS: &str = "\
unix_socket_directories = ''
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
wal_level = replica
hot_standby = on
wal_log_hints = on
autovacuum = off
jit = off
max_wal_size = 64MB
wal_keep_size = 32
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
wal_receiver_timeout = 5s
wal_sender_timeout = 5s
log_checkpoints = on
log_replication_commands = on
recovery_target_timeline = 'latest'
";

/// Who may connect: everybody, from this machine, with a password.
const WHO_CONNECTS: &str = "\
host all all 127.0.0.0/8 scram-sha-256
host replication all 127.0.0.0/8 scram-sha-256
";

/// The passwords of the roles of a trial: letters, digits and hyphens, so that they need no quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct TrialPasswords(Vec<(String, String)>);

impl std::fmt::Debug for TrialPasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrialPasswords")
    }
}

impl TrialPasswords {
    /// A password for each of the roles of a trial, and for `others`.
    ///
    /// # Errors
    /// When one of them has another character.
    pub fn new(
        others: &[&str],
        mut password: impl FnMut(&str) -> Result<String, TrialError>,
    ) -> Result<Self, TrialError> {
        let roles = [SUPERUSER, REPLICATOR, APP].into_iter().chain(others.iter().copied());
        let with = |role: &str| Ok((role.to_owned(), password(role)?));
        let all: Vec<_> = roles.map(with).collect::<Result<_, TrialError>>()?;
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match all.iter().find(|(_, password)| password.is_empty() || !is_plain(password)) {
            None => Ok(Self(all)),
            Some((role, _)) => {
                let found = format!("the password of {role} is not made of");
                Err(TrialError::new(format!("{found} letters, digits and hyphens")))
            }
        }
    }

    /// The password of a role.
    ///
    /// # Errors
    /// When it has none here.
    pub fn of(&self, role: &str) -> Result<&str, TrialError> {
        let found = self.0.iter().find(|(name, _)| name == role);
        let absent = || TrialError::new(format!("{role} has no password here"));
        found.map(|(_, password)| password.as_str()).ok_or_else(absent)
    }

    /// As a file of libpq has them: for any server and database.
    pub fn file(&self) -> String {
        let line = |(role, password): &(String, String)| format!("*:*:*:{role}:{password}");
        let lines: Vec<String> = self.0.iter().map(line).collect();
        lines.join("\n") + "\n"
    }

    /// The statement that gives a role its password.
    pub fn statement(&self, role: &str) -> Result<String, TrialError> {
        Ok(format!("alter role {role} password '{}';\n", self.of(role)?))
    }
}

/// What is made in a template before it is copied.
#[derive(Clone, Debug)]
pub struct TemplatePlan {
    /// The names of all nodes, the first of which is the primary.
    pub nodes: Vec<String>,
    /// The passwords.
    pub passwords: TrialPasswords,
    /// Run by `psql` as the superuser in the database `postgres`, after the roles of a trial are there.
    pub script: String,
}

/// A data directory to copy.
#[derive(Debug)]
pub struct ClusterTemplate {
    binaries: Binaries,
    plan: TemplatePlan,
    data: PathBuf,
    passwords: PathBuf,
}

impl ClusterTemplate {
    /// Makes it in an empty folder that belongs to the user who runs the servers.
    ///
    /// # Errors
    /// When a program of PostgreSQL fails, or the script is refused.
    pub fn make(binaries: &Binaries, dir: &Path, plan: TemplatePlan) -> Result<Self, TrialError> {
        let (data, passwords) = (dir.join("template"), dir.join("passwords"));
        let give = |path: &Path, text: &str| {
            private(path, text)?;
            binaries.give(path)
        };
        give(&passwords, &plan.passwords.file())?;
        let first = dir.join("first-password");
        give(&first, plan.passwords.of(SUPERUSER)?)?;
        let mut initdb = binaries.program("initdb");
        initdb.arg("-D").arg(&data).arg(format!("--pwfile={}", first.display()));
        initdb.args(["-U", SUPERUSER, "-A", "scram-sha-256", "--data-checksums", "--no-sync"]);
        initdb.args(["--wal-segsize=1", "-E", "UTF8", "--locale=C"]);
        said(&mut initdb, "initdb", "")?;
        fs::remove_file(&first).map_err(TrialError::io("to remove a password"))?;
        append(&data.join("postgresql.conf"), SETTINGS)?;
        let who = data.join("pg_hba.conf");
        fs::write(&who, WHO_CONNECTS).map_err(TrialError::io("to write pg_hba.conf"))?;
        let this = Self { binaries: binaries.clone(), plan, data, passwords };
        this.fill(dir)?;
        Ok(this)
    }

    /// Runs it once, to make what every copy has.
    fn fill(&self, dir: &Path) -> Result<(), TrialError> {
        let port =
            *free_ports("127.0.0.1", 1)?.first().ok_or_else(|| TrialError::new("no port"))?;
        let place = format!("listen_addresses = '127.0.0.1'\nport = {port}\n");
        let settings = self.data.join("postgresql.auto.conf");
        append(&settings, &place)?;
        let mut node = ServerNode::new(
            ServerFiles {
                name: "template".to_owned(),
                host: "127.0.0.1".to_owned(),
                port,
                data: self.data.clone(),
                log: dir.join("template.log"),
                passwords: self.passwords.clone(),
            },
            self.binaries.clone(),
        );
        node.start()?;
        let passwords = &self.plan.passwords;
        let mut script = format!(
            "create role {REPLICATOR} login replication;\ncreate role {APP} login;\n\
             create database {APP} owner {APP};\n"
        );
        for role in [REPLICATOR, APP] {
            script += &passwords.statement(role)?;
        }
        for name in &self.plan.nodes {
            script += &format!("select pg_create_physical_replication_slot('{name}', true);\n");
        }
        node.sql(SUPERUSER, &script)?;
        if !self.plan.script.is_empty() {
            node.sql(SUPERUSER, &self.plan.script)?;
        }
        node.stop()?;
        fs::write(&settings, "").map_err(TrialError::io("to write postgresql.auto.conf"))
    }

    /// The plan that it was made by.
    pub fn plan(&self) -> &TemplatePlan {
        &self.plan
    }

    /// The programs that it was made with.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The file of passwords that its servers and clients connect with.
    pub fn passwords(&self) -> &Path {
        &self.passwords
    }

    /// Copies it to where nothing is. A node has a slot for every other one, and none for itself.
    pub fn copy(&self, name: &str, to: &Path, settings: &str) -> Result<(), TrialError> {
        let mut copy = self.binaries.command("cp");
        copy.args(["-R", "-p"]).arg(&self.data).arg(to);
        said(&mut copy, &format!("to copy a node to {}", to.display()), "")?;
        let own = to.join("pg_replslot").join(name);
        fs::remove_dir_all(&own).map_err(TrialError::io("to remove a slot of a copy"))?;
        append(&to.join("postgresql.conf"), settings)
    }
}

/// Adds to a file that is there.
fn append(path: &Path, text: &str) -> Result<(), TrialError> {
    use std::io::Write as _;
    let tried = format!("to add to {}", path.display());
    let file = fs::File::options().append(true).open(path);
    let added = file.and_then(|mut file| file.write_all(text.as_bytes()));
    added.map_err(TrialError::io(tried))
}
