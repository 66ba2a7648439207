//! An observer of a test's cluster, as the kernel makes one.

use crate::postgres::machine::{CANARY, OWN_ROLES, TestCluster};
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::template::APP;
use crate::still_time::{CountedEntropy, ManualClock};
use aerodb_control::kernel::postgres::config::{
    DatabaseCredential, Deadlines, Encryption, NodeAddress, OwnSchema, PostgresConfig,
};
use aerodb_control::kernel::postgres::connection::Dialer;
use aerodb_control::kernel::postgres::journal::Journal;
use aerodb_control::kernel::postgres::observation::ClusterObserver;
use aerodb_control::kernel::postgres::prepare::OWN_DATABASE;
use aerodb_control::kernel::postgres::spec::SPEC;
use aerodb_control::model::cluster::{ClusterState, NodeState};
use aerodb_control::model::facts::{Fact, Value};
use aerodb_control::model::pinned::Pinned;
use aerodb_control::model::text::{NodeId, PlaceName};
use aerodb_control::serve::ambient::SystemRoom;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How long a node of a test is waited for.
pub const DEADLINE: Duration = Duration::from_millis(1_500);

/// An observer with its journal and its clock.
pub struct Observed {
    pub observer: Arc<ClusterObserver>,
    pub clock: Arc<ManualClock>,
    _dir: TempDir,
}

/// The settings of a kernel that looks after a cluster, whose files go into `dir`.
pub fn config(cluster: &TestCluster, dir: &Path) -> PostgresConfig {
    let [observer, operator] = OWN_ROLES.map(|role| {
        let file = dir.join(format!("{role}.password"));
        fs::write(&file, format!("{}-{CANARY}\n", role.replace('_', "-"))).expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("ours alone");
        DatabaseCredential { role: role.to_owned(), password_file: Some(file) }
    });
    let node = |number: usize| {
        let (host, port) = cluster.address(number).expect("a node");
        NodeAddress { id: node_id(number), host, port }
    };
    let place = |name| PlaceName::parse(name).expect("a name");
    PostgresConfig {
        dir: dir.join("kernel"),
        cluster: place("trial"),
        environment: place("test"),
        nodes: (0..cluster.nodes().len()).map(node).collect(),
        database: OWN_DATABASE.to_owned(),
        observer,
        operator,
        encryption: Encryption::Plain,
        deadlines: Deadlines { connect: DEADLINE, observe: DEADLINE, order: DEADLINE },
        watch: None,
        own_schema: OwnSchema::Present,
    }
}

/// The name of the node with this number, the first being 0.
pub fn node_id(number: usize) -> NodeId {
    NodeId::parse(&format!("n{}", number + 1)).expect("a name")
}

impl Observed {
    /// Observes a cluster, with settings as a test changes them.
    pub fn with(cluster: &TestCluster, change: impl FnOnce(&mut PostgresConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = config(cluster, dir.path());
        change(&mut config);
        let one = "select system_identifier from pg_control_system()";
        let running = cluster.nodes().iter().find_map(|node| node.sql(SUPERUSER, one).ok());
        let identifier = running.expect("a node that runs");
        let clock = ManualClock::new();
        let now = aerodb_control::model::ambient::Clock::now(&*clock);
        Journal::create(&config.dir, &identifier, now, &CountedEntropy::default())
            .expect("a journal");
        let journal = Journal::read(&config.dir).expect("a journal");
        journal.begin().expect("a seal");
        let dialer = Dialer::new(&config).expect("settings that go together");
        let time = Arc::clone(&clock);
        let observer =
            ClusterObserver::new(Arc::new(config), dialer, journal, Arc::new(SystemRoom), time);
        Self { observer: Arc::new(observer), clock, _dir: dir }
    }

    /// Observes a cluster.
    pub fn of(cluster: &TestCluster) -> Self {
        Self::with(cluster, |_| {})
    }

    /// One observation.
    pub async fn state(&self) -> ClusterState {
        self.observer.observe().await.expect("an observation")
    }

    /// Looks until an observation is as it should be.
    #[expect(clippy::disallowed_methods, reason = "a server of another process is waited for")]
    pub async fn until(&self, what: &str, wanted: impl Fn(&ClusterState) -> bool) -> ClusterState {
        let began = std::time::Instant::now();
        loop {
            match self.observer.observe().await {
                Ok(state) if wanted(&state) => return state,
                last => {
                    assert!(began.elapsed().as_secs() < 30, "not within 30 s: {what}: {last:#?}");
                }
            }
        }
    }
}

/// Clients of an application that connect anew for each transaction.
pub struct Reconnecting(Child);

impl Reconnecting {
    /// Starts them against a node.
    pub fn start(cluster: &TestCluster, number: usize) -> Self {
        let node = cluster.node(number).expect("a node");
        let table = format!("create table busy (n int);\nalter table busy owner to {APP};\n");
        node.sql(APP, &table).expect("a table");
        let script = cluster.dir().join("busy.sql");
        let lines =
            "insert into busy values (:client_id);\nselect count(*) from busy where n = 0;\n";
        fs::write(&script, lines).expect("a file");
        let mut pgbench = node.client("pgbench", APP, APP);
        pgbench.args(["-n", "-C", "-T", "600", "-c", "3", "-f"]).arg(&script);
        Self(pgbench.spawn().expect("pgbench starts"))
    }
}

impl Drop for Reconnecting {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What a confirmation would be bound to.
pub fn pinned(state: &ClusterState) -> Pinned {
    state.pinned(&SPEC, None)
}

/// A node of a state.
pub fn node(state: &ClusterState, number: usize) -> &NodeState {
    state.node(&node_id(number)).expect("a configured node")
}

/// A fact of a node, which is known.
pub fn fact(state: &ClusterState, number: usize, key: &str) -> Value {
    match node(state, number).facts.get(key) {
        Some(Fact::Known(value)) => value.clone(),
        other => panic!("{} {key}: {other:?}", node_id(number)),
    }
}

/// Whether a fact of a node is known to be this, for where a test waits until it is.
pub fn is(state: &ClusterState, number: usize, key: &str, value: &Value) -> bool {
    node(state, number).facts.get(key).and_then(Fact::known) == Some(value)
}

/// Why a fact of a node is not known.
pub fn gap(state: &ClusterState, number: usize, key: &str) -> String {
    match node(state, number).facts.get(key) {
        Some(Fact::Unknown { unknown, last: None }) => unknown.why.clone(),
        other => panic!("{} {key}: {other:?}", node_id(number)),
    }
}
