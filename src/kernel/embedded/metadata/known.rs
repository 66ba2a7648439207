//! What the cluster metadata knows of the whole cluster, as rows.

use super::{ClusterRecord, LastKnown};
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use crate::kernel::embedded::view::Fence;
use crate::model::ambient::Timestamp;
use crate::model::facts::Since;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Writes what is known of the whole cluster.
pub(super) fn write_known(db: &Connection, known: &LastKnown) -> Result<(), DiskError> {
    db.execute(
        "UPDATE cluster SET epoch = ?1, fence = ?2, nobody_since = ?3, nobody_why = ?4",
        params![
            known.epoch,
            known.fence.word(),
            known.nobody.as_ref().map(|nobody| nobody.since.millis()),
            known.nobody.as_ref().map(|nobody| nobody.why.as_str()),
        ],
    )
    .doing("remember the state of the cluster")?;
    Ok(())
}

/// Which cluster it is, and what was last known of it.
pub(super) fn read_cluster(db: &Connection) -> Result<(ClusterRecord, LastKnown), DiskError> {
    db.query_row(
        "SELECT cluster_id, name, environment, nodes, founded_at, epoch, fence, nobody_since,
                nobody_why FROM cluster",
        [],
        |row| {
            let cluster = ClusterRecord {
                cluster_id: row.get(0)?,
                name: row.get(1)?,
                environment: row.get(2)?,
                nodes: row.get(3)?,
                founded_at: Timestamp::from_millis(row.get(4)?),
            };
            let fence: String = row.get(6)?;
            let since: Option<i64> = row.get(7)?;
            let why: Option<String> = row.get(8)?;
            let known = LastKnown {
                epoch: row.get(5)?,
                fence: if fence == "standing" { Fence::Standing } else { Fence::Lifted },
                nobody: since
                    .zip(why)
                    .map(|(since, why)| Since { since: Timestamp::from_millis(since), why }),
            };
            Ok((cluster, known))
        },
    )
    .doing("read which cluster this is")
}

/// Which nodes are switched off, and since when.
pub(super) fn read_switched_off(db: &Connection) -> Result<BTreeMap<u64, Timestamp>, DiskError> {
    let mut statement =
        db.prepare("SELECT node, since FROM switched_off").doing("read the switches")?;
    statement
        .query_map([], |row| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?))))
        .doing("read the switches")?
        .collect::<rusqlite::Result<_>>()
        .doing("read the switches")
}
