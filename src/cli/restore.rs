//! `kernel restore`: a new cluster from a backup, on this machine, without a server.

use super::Report;
use super::exit::Exit;
use super::failure::Failure;
use crate::kernel::embedded::restore::restore;
use crate::plain::lines::Lines;
use crate::serve::ambient::{SystemClock, SystemEntropy};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum KernelCommand {
    /// Make a new cluster from a backup, in a data directory that is empty.
    Restore(RestoreArguments),
}

#[derive(Args, Debug)]
pub(super) struct RestoreArguments {
    /// The directory of the backup.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The data directory of the new cluster.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// How many nodes it gets; as many as the cluster was founded with when it is absent.
    #[arg(long, value_name = "N")]
    nodes: Option<u64>,
}

/// Restores a backup.
pub(super) fn run(command: &KernelCommand) -> Result<Report, Failure> {
    let KernelCommand::Restore(options) = command;
    let restored =
        restore(&options.backup, &options.into, options.nodes, &SystemClock, &SystemEntropy)
            .map_err(|error| {
                Failure::here(Exit::Local, format!("Nothing was restored: {error}."))
            })?;
    let mut text = Lines::new();
    text.line(format!("A new cluster stands in {}.", restored.dir.display()));
    text.line(format!("Environment and name: {}", restored.name));
    text.line(format!(
        "Id: {} (its own; it is not the cluster of the backup)",
        restored.cluster_id
    ));
    text.line(format!(
        "Nodes: {}; everything up to position {}",
        restored.nodes, restored.position
    ));
    text.line("Nobody is primary until an operator asks for a failover.");
    let json = json!({
        "cluster_id": restored.cluster_id,
        "dir": restored.dir.display().to_string(),
        "name": restored.name,
        "nodes": restored.nodes,
        "position": restored.position,
    });
    Ok(Report { text, json: format!("{json}\n"), exit: Exit::Done })
}
