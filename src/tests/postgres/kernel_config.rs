//! What the kernel is told about a cluster of a test.

use crate::postgres::machine::{CANARY, NODES, TestCluster};
use aerodb_control::kernel::postgres::config::{
    DatabaseCredential, Deadlines, Encryption, NodeAddress, OwnSchema, PostgresConfig,
};
use aerodb_control::kernel::postgres::prepare::{OBSERVER_ROLE, OPERATOR_ROLE, OWN_DATABASE};
use aerodb_control::model::text::{NodeId, PlaceName};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// The role with its password in a file that only its owner reads.
pub fn credential(dir: &Path, role: &str) -> DatabaseCredential {
    let path = dir.join(format!("{role}.password"));
    fs::write(&path, format!("{}-{CANARY}\n", role.replace('_', "-"))).expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
    DatabaseCredential { role: role.to_owned(), password_file: Some(path) }
}

/// The settings for a cluster; what the kernel keeps and its passwords are in `dir`. Deadlines are short, for
/// servers that are on this machine.
pub fn kernel_config(cluster: &TestCluster, dir: &Path) -> PostgresConfig {
    let node = |(number, name): (usize, &str)| {
        let (host, port) = cluster.address(number).expect("a node");
        NodeAddress { id: NodeId::parse(name).expect("a name"), host, port }
    };
    PostgresConfig {
        dir: dir.join("kernel"),
        cluster: PlaceName::parse("aerodb").expect("a name"),
        environment: PlaceName::parse("test").expect("a name"),
        nodes: NODES.into_iter().enumerate().map(node).collect(),
        database: OWN_DATABASE.to_owned(),
        observer: credential(dir, OBSERVER_ROLE),
        operator: credential(dir, OPERATOR_ROLE),
        encryption: Encryption::Plain,
        deadlines: Deadlines {
            connect: Duration::from_secs(3),
            observe: Duration::from_secs(3),
            order: Duration::from_secs(10),
        },
        watch: None,
        own_schema: OwnSchema::Present,
    }
}
