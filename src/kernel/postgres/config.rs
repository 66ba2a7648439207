//! What the PostgreSQL kernel is told: the nodes, how it proves to them who it is, and how long it waits.
//!
//! A password is never in here: its file is named, and read anew for each connection.

use crate::files::{FileError, private};
use crate::model::text::{InputError, NodeId, PlaceName};
use rustls::pki_types::ServerName;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most nodes of one cluster. An observation asks all of them at once, and a page shows each.
pub const NODES_MAX: usize = 16;
/// The longest password, in bytes: the server reads no longer message before it knows who asks.
const PASSWORD_BYTES_MAX: usize = 1_000;

/// One node and where it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// What the node is called here, and by its standbys' slots and connections.
    pub id: NodeId,
    /// A host name or an address, which a certificate of the node has to name.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl NodeAddress {
    /// Reads `host:port`, with an IPv6 address in brackets.
    ///
    /// # Errors
    /// When either is missing or cannot be; the field is `nodes`.
    pub fn parse(id: NodeId, text: &str) -> Result<Self, InputError> {
        let required = "a host and a port such as db1.example:5432 or [::1]:5432";
        let wrong = || InputError::new("nodes", text, required);
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').filter(|inner| inner.contains(':')),
            None => Some(host).filter(|host| !host.contains(':')),
        };
        let host = host.ok_or_else(wrong)?.to_owned();
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        // What no certificate could name is no host.
        ServerName::try_from(host.as_str()).map_err(|_| wrong())?;
        Ok(Self { id, host, port })
    }

    /// Whether what is sent there stays on this machine. A name that only begins like such an address
    /// is a name.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, host, port } = self;
        if host.contains(':') {
            write!(f, "{id} at [{host}]:{port}")
        } else {
            write!(f, "{id} at {host}:{port}")
        }
    }
}

/// A role of the servers and the file with its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseCredential {
    /// The role.
    pub role: String,
    /// One line, in a file of mode 0600. `None` where the servers ask for no password.
    pub password_file: Option<PathBuf>,
}

impl DatabaseCredential {
    /// Reads the password as it is now: who changes the file needs no restart.
    ///
    /// # Errors
    /// When the file cannot be read, others can reach it, or it is not one line. The error names the file
    /// and never what it holds.
    pub fn password(&self) -> Result<Option<RolePassword>, PasswordFileError> {
        let Some(path) = &self.password_file else { return Ok(None) };
        let wrong = || PasswordFileError::NotOneLine { path: path.clone() };
        let bytes = private::read_secret(path, PASSWORD_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.len() > PASSWORD_BYTES_MAX || line.contains(char::is_control) {
            return Err(wrong());
        }
        Ok(Some(RolePassword(line.to_owned())))
    }
}

/// A password, which no output of the program shows.
#[derive(Clone, PartialEq, Eq)]
pub struct RolePassword(String);

impl RolePassword {
    /// The bytes of it, to be proven to a server.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for RolePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RolePassword(redacted)")
    }
}

/// Why the file of a password cannot be used. Nothing was sent to a server.
#[derive(Debug, thiserror::Error)]
pub enum PasswordFileError {
    /// It cannot be read, or others can reach it.
    #[error(transparent)]
    File(#[from] FileError),
    /// What it holds is no password.
    #[error(
        "{} does not hold one line of 1 to {PASSWORD_BYTES_MAX} bytes without control characters",
        path.display()
    )]
    NotOneLine {
        /// The file.
        path: PathBuf,
    },
}

/// How connections to the nodes are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all. Only where no node is reached over a network.
    Plain,
    /// The authorities of this file, in PEM form, vouch for the certificates of the nodes.
    Ca(PathBuf),
}

/// How long the kernel waits for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For a connection: the network, the encryption and the proof of who asks, together.
    pub connect: Duration,
    /// For each statement that reads.
    pub observe: Duration,
    /// For the statement of an order. What has no answer by then is unknown, and is not cancelled.
    pub order: Duration,
}

/// Whether the servers hold a database of this control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnSchema {
    /// `prepare` was run: receipts, stopped logins, contracts and branches are rows there.
    Present,
    /// Whoever administers the servers wants no such database: what needs it is not offered.
    Refused,
}

/// Everything that the PostgreSQL kernel is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// Where the kernel keeps what it alone remembers.
    pub dir: PathBuf,
    /// The name of the cluster.
    pub cluster: PlaceName,
    /// The name of the environment.
    pub environment: PlaceName,
    /// The nodes, in the order of their names.
    pub nodes: Vec<NodeAddress>,
    /// The database that connections are made to.
    pub database: String,
    /// The role that reads.
    pub observer: DatabaseCredential,
    /// The role that carries out orders.
    pub operator: DatabaseCredential,
    /// How connections are protected.
    pub encryption: Encryption,
    /// How long is waited.
    pub deadlines: Deadlines,
    /// How often is looked while somebody watches; `None` means never.
    pub watch: Option<Duration>,
    /// Whether there is a database of ours.
    pub own_schema: OwnSchema,
}

impl PostgresConfig {
    /// Sees that the parts go together: a number of nodes that can be observed, no address twice, and no
    /// password on a network without encryption.
    ///
    /// # Errors
    /// Names the setting and what it has to be.
    pub fn check(&self) -> Result<(), InputError> {
        let count = self.nodes.len();
        if count == 0 || count > NODES_MAX {
            let required = format!("1 to {NODES_MAX} nodes");
            return Err(InputError::new("nodes", &count.to_string(), required));
        }
        for (at, node) in self.nodes.iter().enumerate() {
            let same = |other: &&NodeAddress| (&other.host, other.port) == (&node.host, node.port);
            if let Some(other) = self.nodes.iter().take(at).find(same) {
                let required = format!("another address than that of {}", other.id);
                return Err(InputError::new("nodes", &node.to_string(), required));
            }
        }
        let far = self.nodes.iter().find(|node| !node.is_loopback());
        match (&self.encryption, far) {
            (Encryption::Plain, Some(node)) => {
                let required =
                    format!("the file of an authority, because {node} is no loopback address");
                Err(InputError::new("tls-ca", "", required))
            }
            _ => Ok(()),
        }
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&NodeAddress> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The file with what this kernel alone remembers.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    fn node(id: &str, at: &str) -> NodeAddress {
        NodeAddress::parse(NodeId::parse(id).expect("a name"), at).expect("an address")
    }

    fn config(nodes: Vec<NodeAddress>, encryption: Encryption) -> PostgresConfig {
        let role = |role: &str| DatabaseCredential { role: role.to_owned(), password_file: None };
        let second = Duration::from_secs(1);
        PostgresConfig {
            dir: PathBuf::new(),
            cluster: PlaceName::parse_field("cluster", "c").expect("a name"),
            environment: PlaceName::parse_field("environment", "e").expect("a name"),
            nodes,
            database: "aerodb_control".to_owned(),
            observer: role("aerodb_observer"),
            operator: role("aerodb_operator"),
            encryption,
            deadlines: Deadlines { connect: second, observe: second, order: second },
            watch: None,
            own_schema: OwnSchema::Present,
        }
    }

    #[test]
    fn an_address_that_names_no_host_or_no_port_is_refused() {
        let id = NodeId::parse("n1").expect("a name");
        for bad in [
            "",
            "db1",
            ":5432",
            "db1:",
            "db1:0",
            "db1:65536",
            "db1:x",
            "::1:5432",
            "[::1]",
            "[db1]:1",
            "[::1:5432",
            "a b:1",
            "db1/x:1",
            "user@db1:1",
            "db\u{202e}1:1",
        ] {
            assert_eq!(NodeAddress::parse(id.clone(), bad).expect_err(bad).field, "nodes");
        }
        for (text, host) in
            [("db1.example:5432", "db1.example"), ("10.0.0.1:1", "10.0.0.1"), ("[::1]:9", "::1")]
        {
            assert_eq!(NodeAddress::parse(id.clone(), text).expect(text).host, host);
        }
    }

    #[test]
    fn a_password_never_leaves_this_machine_in_the_clear() {
        for far in ["10.0.0.1:1", "127.0.0.1.example:1", "localhost.example:1", "[::2]:1"] {
            let nodes = vec![node("n1", "127.0.0.1:1"), node("n2", far)];
            let said = config(nodes.clone(), Encryption::Plain).check().expect_err(far);
            assert!(said.field == "tls-ca" && said.required.contains("n2 at "), "{said}");
            config(nodes, Encryption::Ca(PathBuf::from("ca.pem"))).check().expect(far);
        }
        let near =
            vec![node("n1", "127.8.9.1:1"), node("n2", "localhost:1"), node("n3", "[::1]:1")];
        config(near, Encryption::Plain).check().expect("they stay here");
    }

    #[test]
    fn two_nodes_of_one_address_and_none_at_all_are_refused() {
        let twice = vec![node("n1", "127.0.0.1:1"), node("n2", "127.0.0.1:1")];
        let said = config(twice, Encryption::Plain).check().expect_err("twice").to_string();
        assert!(said.contains("n2 at 127.0.0.1:1") && said.contains("that of n1"), "{said}");
        assert_eq!(config(Vec::new(), Encryption::Plain).check().expect_err("none").field, "nodes");
        let port = |n| node(&format!("n{n}"), &format!("127.0.0.1:{n}"));
        let most: Vec<_> = (1..=NODES_MAX).map(port).collect();
        config(most.clone(), Encryption::Plain).check().expect("the most");
        let more: Vec<_> = (1..=NODES_MAX + 1).map(port).collect();
        config(more, Encryption::Plain).check().expect_err("one too many");
    }

    #[test]
    fn a_file_that_others_reach_or_that_is_no_line_is_named_and_not_quoted() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("password");
        let credential =
            DatabaseCredential { role: "r".to_owned(), password_file: Some(path.clone()) };
        let said = credential.password().expect_err("no file").to_string();
        assert!(said.contains("password"), "{said}");
        let long = "hunter2".repeat(200);
        for bad in ["", "\n", "hunter2\nhunter3\n", "hunter2\0", "\r\n", &long] {
            fs::write(&path, bad).expect("a file");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
            let said = credential.password().expect_err(bad).to_string();
            assert!(said.contains("password does not hold"), "{said}");
            assert!(!said.contains("hunter"), "{said}");
        }
        fs::write(&path, "hunter2\n").expect("a file");
        for mode in [0o640, 0o604, 0o660, 0o601] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("ours");
            let said = credential.password().expect_err("exposed").to_string();
            assert!(said.contains(&format!("{mode:03o}")) && !said.contains("hunter"), "{said}");
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("ours");
            let read = credential.password().expect("ours").expect("a password");
            assert_eq!(read.as_bytes(), b"hunter2");
            assert_eq!(format!("{read:?}"), "RolePassword(redacted)");
        }
        fs::write(&path, "hunter2\r\n").expect("a file");
        let read = credential.password().expect("ours").expect("a password");
        assert_eq!(read.as_bytes(), b"hunter2");
    }
}
