//! A cluster of servers that stream from one another, on loopback ports that the system chose.

use super::binaries::Binaries;
use super::node::{SUPERUSER, ServerFiles, ServerNode, said};
use super::proxy::TcpProxy;
use super::template::{ClusterTemplate, REPLICATOR};
use super::{TrialError, until};
use std::net::TcpListener;
use std::path::Path;

/// How a cluster is laid out.
#[derive(Clone, Debug)]
pub struct ClusterLayout {
    /// The loopback address that all of it listens at.
    pub host: String,
    /// The sync rule of the primary, such as `ANY 1 (n2, n3)`; empty: none.
    pub sync_rule: String,
    /// Whether a proxy stands before every node. The standbys connect through them too.
    pub proxied: bool,
    /// Lines for the settings of every node.
    pub settings: String,
}

impl Default for ClusterLayout {
    fn default() -> Self {
        let (sync_rule, settings) = (String::new(), String::new());
        Self { host: "127.0.0.1".to_owned(), sync_rule, proxied: false, settings }
    }
}

/// A running cluster, which ends with this value. Its first node is the primary at first; every other
/// streams from it through the slot that is named after itself.
#[derive(Debug)]
pub struct TrialCluster {
    nodes: Vec<ServerNode>,
    proxies: Vec<TcpProxy>,
}

impl TrialCluster {
    /// Copies the template into an empty folder for every node of its plan, and starts them.
    ///
    /// # Errors
    /// When a node does not start, or does not stream.
    pub fn start(
        template: &ClusterTemplate,
        dir: &Path,
        layout: &ClusterLayout,
    ) -> Result<Self, TrialError> {
        let names = &template.plan().nodes;
        let ports = free_ports(&layout.host, names.len())?;
        let mut proxies = Vec::new();
        if layout.proxied {
            for port in &ports {
                proxies.push(TcpProxy::start(&layout.host, (&layout.host, *port))?);
            }
        }
        let primary = proxies.first().map(TcpProxy::port).or(ports.first().copied());
        let mut nodes: Vec<ServerNode> = Vec::new();
        for (name, port) in names.iter().zip(&ports) {
            let is_first = nodes.is_empty();
            let data = dir.join(name);
            template.copy(name, &data, &settings(name, *port, is_first, primary, layout))?;
            let files = ServerFiles {
                name: name.clone(),
                host: layout.host.clone(),
                port: *port,
                data,
                log: dir.join(format!("{name}.log")),
                passwords: template.passwords().to_owned(),
            };
            let node = ServerNode::new(files, template.binaries().clone());
            if !is_first {
                node.make_standby()?;
            }
            nodes.push(node);
        }
        let mut cluster = Self { nodes, proxies };
        if let Some((first, others)) = cluster.nodes.split_first_mut() {
            first.start()?;
            others.iter_mut().try_for_each(ServerNode::begin)?;
            others.iter_mut().try_for_each(ServerNode::ready)?;
        }
        cluster.streams(0)?;
        Ok(cluster)
    }

    /// Waits until every other node streams from the one with this number.
    pub fn streams(&self, primary: usize) -> Result<(), TrialError> {
        let (node, others) = (self.node(primary)?, self.nodes.len().saturating_sub(1));
        let count = "select count(*) from pg_stat_replication where state = 'streaming'";
        until(&format!("{others} standbys stream from {}", node.name()), || {
            Ok((node.sql(SUPERUSER, count)? == others.to_string()).then_some(()))
        })
    }

    /// The node with this number, the first being 0.
    pub fn node(&self, number: usize) -> Result<&ServerNode, TrialError> {
        self.nodes.get(number).ok_or_else(|| absent(number))
    }

    /// The same, to start and stop it.
    pub fn node_mut(&mut self, number: usize) -> Result<&mut ServerNode, TrialError> {
        self.nodes.get_mut(number).ok_or_else(|| absent(number))
    }

    /// All nodes.
    pub fn nodes(&self) -> &[ServerNode] {
        &self.nodes
    }

    /// The proxy before a node, where the layout asked for proxies.
    pub fn proxy(&self, number: usize) -> Result<&TcpProxy, TrialError> {
        self.proxies.get(number).ok_or_else(|| absent(number))
    }

    /// Where a node is reached: at its proxy, where there is one.
    pub fn address(&self, number: usize) -> Result<(String, u16), TrialError> {
        let (host, port) = self.node(number)?.address();
        let port = self.proxies.get(number).map_or(port, TcpProxy::port);
        Ok((host.to_owned(), port))
    }

    /// Stops all nodes in order, the primary first so that every standby has its last record.
    pub fn stop(&mut self) -> Result<(), TrialError> {
        for node in &mut self.nodes {
            if node.is_running()? {
                node.stop()?;
            }
        }
        Ok(())
    }

    /// Stops the servers that somebody started by hand on a data directory of this cluster, and says of which
    /// nodes: the directories go with the cluster.
    pub fn stop_those_started_by_hand(&self, binaries: &Binaries) -> Vec<&str> {
        let mut stopped = Vec::new();
        for node in self.nodes.iter().filter(|node| node.data().join("postmaster.pid").exists()) {
            let mut stop = binaries.program("pg_ctl");
            stop.arg("-D").arg(node.data()).args(["-m", "fast", "-w", "stop"]);
            if said(&mut stop, "to stop a server that was started by hand", "").is_ok() {
                stopped.push(node.name());
            }
        }
        stopped
    }
}

fn absent(number: usize) -> TrialError {
    TrialError::new(format!("the cluster has no node with the number {number}"))
}

/// The settings of one node. It can become the primary or a standby without another name for itself.
fn settings(
    name: &str,
    port: u16,
    is_first: bool,
    primary: Option<u16>,
    layout: &ClusterLayout,
) -> String {
    let host = &layout.host;
    let mut text = format!(
        "listen_addresses = '{host}'\nport = {port}\ncluster_name = '{name}'\n\
         primary_slot_name = '{name}'\n{}\n",
        layout.settings
    );
    if is_first {
        text += &format!("synchronous_standby_names = '{}'\n", layout.sync_rule);
    } else if let Some(primary) = primary {
        text += &format!(
            "primary_conninfo = 'host={host} port={primary} user={REPLICATOR} \
             application_name={name}'\n"
        );
    }
    text
}

/// Ports that nobody listens at on an address. They are all held until the last one is known, so no two are
/// the same; the system gives a port that was freed to somebody else last.
pub fn free_ports(host: &str, count: usize) -> Result<Vec<u16>, TrialError> {
    let listen = |_| TcpListener::bind((host, 0));
    let held: Result<Vec<TcpListener>, _> = (0..count).map(listen).collect();
    let ports = held.and_then(|held| {
        held.iter().map(|one| one.local_addr().map(|address| address.port())).collect()
    });
    ports.map_err(TrialError::io(format!("to find {count} ports at {host}")))
}
