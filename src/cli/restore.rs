//! `kernel restore`: a new cluster from a backup, on this machine, without a server.

use super::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::host_arguments::RestoreArguments;
use super::local::{not_served, wait};
use crate::files::private;
use crate::kernel::embedded::restore::{RestoreTarget, restore};
use crate::model::text::Reason;
use crate::serve;
use crate::serve::accept_restored;
use crate::serve::ambient::{SystemClock, SystemEntropy, SystemRoom};
use crate::text::lines::TextLines;
use serde_json::json;
use std::fmt::Display;

/// The file that says what is in a base backup of PostgreSQL.
const POSTGRES_MANIFEST: &str = "backup_manifest";

/// Restores a backup.
pub(super) fn run(options: &RestoreArguments) -> Result<Report, Failure> {
    // Its owner's alone: a start refuses one that others can read.
    let nothing =
        |error: &dyn Display| Failure::here(Exit::Local, format!("Nothing was restored: {error}."));
    if options.backup.join(POSTGRES_MANIFEST).is_file() {
        let backup = options.backup.display();
        return Err(nothing(&format!(
            "{backup} is a base backup of PostgreSQL servers, and this restores those of the embedded \
             kernel: unpack its archive into the empty data directory of a server, and start that"
        )));
    }
    if options.into.exists() {
        private::check_directory(&options.into).map_err(|error| nothing(&error))?;
    }
    let target = RestoreTarget { into: &options.into, nodes: options.nodes, room: &SystemRoom };
    let restored = restore(&options.backup, target, &SystemClock, &SystemEntropy)
        .map_err(|error| nothing(&error))?;
    let recorded =
        serve::record_restored(&options.into, &options.backup, &restored, options.reason.clone());
    let key = wait(recorded)?.map_err(not_served)?;
    let accepted = accept(options)?;
    let mut text = TextLines::new();
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
    text.line(format!("The first record of its log says so. key: {key}"));
    if let Some(seq) = accepted {
        text.line(format!("Record {seq} of its own log accepts the receipts of that cluster."));
    }
    text.line("Nobody is primary until an operator asks for a failover.");
    let json = json!({
        "cluster_id": restored.cluster_id,
        "dir": restored.dir.display().to_string(),
        "name": restored.name,
        "nodes": restored.nodes,
        "position": restored.position,
        "key": key,
    });
    Ok(Report { text, json: format!("{json}\n"), exit: Exit::Done })
}

/// The first record of the new cluster: its kernel holds receipts of the cluster of the backup.
fn accept(options: &RestoreArguments) -> Result<Option<u64>, Failure> {
    let reason = Reason::parse("restored from a backup on purpose").expect("a reason");
    let os_user = serve::host_user(None).user;
    let accepted = wait(accept_restored(&options.into, reason, os_user))?.map_err(not_served)?;
    Ok(accepted.map(|stored| stored.record.seq))
}
