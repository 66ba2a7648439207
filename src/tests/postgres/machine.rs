//! The clusters of this process: one template, and as many copies of it as tests ask for.

use crate::postgres_bench::binaries::Binaries;
use crate::postgres_bench::cluster::{ClusterLayout, TrialCluster};
use crate::postgres_bench::template::{APP, ClusterTemplate, TemplatePlan, TrialPasswords};
use crate::postgres_bench::workspace::Workspace;
use aerodb_control::kernel::postgres::config::OwnSchema;
use aerodb_control::kernel::postgres::prepare::{
    self, LoginRole, OBSERVER_ROLE, OPERATOR_ROLE, PrepareOptions,
};
use rustix::fs::statvfs;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a password of a test ends with, so that it can be looked for.
pub const CANARY: &str = "canary-that-nobody-may-see";

/// The names of the nodes, the first of which is the primary at first.
pub const NODES: [&str; 3] = ["n1", "n2", "n3"];
/// The roles of the control plane.
pub const OWN_ROLES: [&str; 2] = [OBSERVER_ROLE, OPERATOR_ROLE];

/// Twenty clusters of three nodes.
const MEMORY_BYTES_MIN: u64 = 2 << 30;

/// What all tests of a process share: the programs, a folder and a template.
struct TestMachine {
    binaries: Binaries,
    workspace: Workspace,
    template: ClusterTemplate,
    made: AtomicU8,
}

static MACHINE: LazyLock<TestMachine> = LazyLock::new(|| {
    let binaries = Binaries::find().unwrap_or_else(|absent| panic!("{absent}"));
    let workspace = Workspace::for_servers(&binaries, &parent()).expect("a folder");
    let dir = workspace.folder(&binaries, "t").expect("a folder");
    let password = |role: &str| Ok(format!("{}-{CANARY}", role.replace('_', "-")));
    let passwords = TrialPasswords::new(&OWN_ROLES, password).expect("plain");
    let plan = TemplatePlan {
        nodes: NODES.map(str::to_owned).to_vec(),
        script: OWN_ROLES.iter().fold(prepared(), |script, role| {
            script + &passwords.statement(role).expect("it has one")
        }),
        passwords,
    };
    let template = ClusterTemplate::make(&binaries, &dir, plan).expect("a template");
    TestMachine { binaries, workspace, template, made: AtomicU8::new(0) }
});

/// What an administrator runs, as it is printed.
fn prepared() -> String {
    let logins = vec![LoginRole::parse(APP).expect("a role")];
    let options = PrepareOptions { version: None, logins, own_schema: OwnSchema::Present };
    prepare::script(&options).expect("a script").to_string()
}

/// Memory, where the machine has enough of it for all clusters that run at once: a server that is killed
/// finds its files there as well, and a sync costs nothing.
fn parent() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let free = statvfs(&memory).map_or(0, |found| found.f_bavail * found.f_frsize);
    if free >= MEMORY_BYTES_MIN { memory } else { std::env::temp_dir() }
}

/// A cluster of a test, whose files go with it.
pub struct TestCluster {
    cluster: Option<TrialCluster>,
    dir: PathBuf,
}

impl TestCluster {
    /// Three nodes without a sync rule.
    pub fn new() -> Self {
        Self::laid_out(ClusterLayout::default())
    }

    /// Three nodes, laid out so. Each cluster has a loopback address of its own: a port that a node gives
    /// up while it is stopped is nobody else's there.
    pub fn laid_out(layout: ClusterLayout) -> Self {
        let number = MACHINE.made.fetch_add(1, Ordering::Relaxed);
        let [.., high, low] = std::process::id().to_be_bytes();
        let host = format!("127.{}.{low}.{}", 64 + high % 64, number + 1);
        let dir = MACHINE.workspace.folder(&MACHINE.binaries, &number.to_string());
        let dir = dir.expect("a folder");
        let layout = ClusterLayout { host, ..layout };
        let cluster = TrialCluster::start(&MACHINE.template, &dir, &layout).expect("a cluster");
        Self { cluster: Some(cluster), dir }
    }
}

impl TestCluster {
    /// A folder that the servers' user can write to, which goes with the cluster.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The passwords that the servers of every cluster connect with, in the form of libpq.
pub fn passwords() -> &'static Path {
    MACHINE.template.passwords()
}

impl Deref for TestCluster {
    type Target = TrialCluster;

    fn deref(&self) -> &TrialCluster {
        self.cluster.as_ref().expect("it ends with this value")
    }
}

impl DerefMut for TestCluster {
    fn deref_mut(&mut self) -> &mut TrialCluster {
        self.cluster.as_mut().expect("it ends with this value")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        self.cluster = None;
        drop(fs::remove_dir_all(&self.dir));
    }
}
