//! The cluster metadata: what belongs to the cluster and to no node. Which nodes are switched off, which
//! orders were accepted, and since when nobody is primary.
//!
//! A switch, its order and its receipt are one transaction (C7.1). After an error the kernel stops:
//! nothing is written again (C6.1).

mod events;
mod known;
mod members;
mod receipts;

pub(super) use events::END;

use super::command::Accepted;
use super::counts::SaveCounts;
use super::kept::{FileSpec, KeptFile};
use super::membership::Members;
use super::sqlite::{DiskError, Doing, from_json, to_json};
use super::view::Fence;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::facts::Since;
use crate::model::receipt::{KernelRefusal, Receipt, Tombstone};
use crate::model::text::PlaceName;
use known::{read_cluster, read_switched_off, write_known};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the tables of what belongs to the cluster.
pub const METADATA_FORMAT: u32 = 3;
const FORM: FileSpec = FileSpec {
    schema: include_str!("switchboard.sql"),
    head: "cluster",
    format: METADATA_FORMAT,
    owner: "SELECT cluster_id || '/switchboard' FROM cluster",
    counted_saves: false,
};

/// Which cluster this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterRecord {
    pub(super) cluster_id: String,
    pub(super) name: String,
    pub(super) environment: String,
    pub(super) nodes: u64,
    pub(super) founded_at: Timestamp,
}

/// What the kernel knows about the whole cluster beside what its nodes say now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LastKnown {
    /// The highest epoch that any node was seen in.
    pub(super) epoch: u64,
    /// The fence, as a majority last agreed on it.
    pub(super) fence: Fence,
    /// Since when nobody is primary.
    pub(super) nobody: Option<Since>,
}

/// What became of an order after the kernel's own checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OrderState {
    /// Accepted; only a receipt says that it ran.
    Accepted { at: Timestamp },
    /// Accepted, then proven never to have run.
    Refused(KernelRefusal),
    /// Void for ever.
    Voided(Tombstone),
}

/// What an operator does to the switch of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// The node goes out of service.
    Off,
    /// The node returns to service.
    On,
}

/// The open switchboard.
#[derive(Debug)]
pub(super) struct ClusterMetadata {
    file: KeptFile,
    cluster: ClusterRecord,
    last_known: LastKnown,
    switched_off: BTreeMap<u64, Timestamp>,
}

impl ClusterMetadata {
    /// Creates the cluster metadata of a new cluster, whose founding is not over.
    pub(super) fn create(path: &Path, cluster: &ClusterRecord) -> Result<(), DiskError> {
        KeptFile::create(path, &FORM, 0, |db| {
            db.execute(
                "INSERT INTO cluster
                 (one, format, cluster_id, name, environment, nodes, founded_at, appointed, epoch,
                  fence)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 'lifted')",
                params![
                    METADATA_FORMAT,
                    cluster.cluster_id,
                    cluster.name,
                    cluster.environment,
                    cluster.nodes,
                    cluster.founded_at.millis()
                ],
            )
            .doing("name the cluster")?;
            for number in 1..=cluster.nodes {
                members::list(db, number)?;
            }
            let members = to_json(&Members::founding(cluster.nodes));
            db.execute("INSERT INTO members (one, members) VALUES (1, ?1)", [members])
                .doing("name the members")?;
            Ok(())
        })
    }

    /// Creates the cluster metadata of a cluster that is restored: there is nobody to appoint.
    pub(super) fn create_restored(
        path: &Path,
        cluster: &ClusterRecord,
        members: &Members,
        receipts: &[Receipt],
    ) -> Result<(), DiskError> {
        Self::create(path, cluster)?;
        let mut metadata = Self::open(path)?;
        metadata.remember_members(members)?;
        metadata.take_over(receipts)?;
        metadata.set_appointed()
    }

    /// Opens the cluster metadata, to be written.
    fn open(path: &Path) -> Result<Self, DiskError> {
        let mut metadata = Self::read(path, SaveCounts::default())?;
        metadata.begin()?;
        Ok(metadata)
    }

    /// From here on it can be written.
    pub(super) fn begin(&mut self) -> Result<(), DiskError> {
        self.file.begin()
    }

    /// Opens the cluster metadata, of which nothing is changed before it is begun.
    pub(super) fn read(path: &Path, counts: SaveCounts) -> Result<Self, DiskError> {
        let file = KeptFile::read(path, &FORM)?.unseal(path, counts)?;
        let (cluster, last_known) = read_cluster(file.connection())?;
        let switched_off = read_switched_off(file.connection())?;
        Ok(Self { file, cluster, last_known, switched_off })
    }

    /// How many saves it holds.
    pub(super) fn saves(&self) -> u64 {
        self.file.saves()
    }

    /// Whether the files at their paths are still those that are open.
    pub(super) fn unchanged(&self) -> Result<(), DiskError> {
        self.file.unchanged()
    }

    /// The file, for tests that look at its rows.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        self.file.connection()
    }

    pub(super) fn cluster(&self) -> &ClusterRecord {
        &self.cluster
    }

    /// Says from now on that this is known, and writes nothing.
    pub(super) fn suppose(&mut self, known: LastKnown) {
        self.last_known = known;
    }

    pub(super) fn last_known(&self) -> &LastKnown {
        &self.last_known
    }

    /// Whether the founding is over.
    pub(super) fn is_appointed(&self) -> Result<bool, DiskError> {
        self.file
            .connection()
            .query_row("SELECT appointed FROM cluster", [], |row| row.get(0))
            .doing("read whether the founding is over")
    }

    /// Ends the founding.
    pub(super) fn set_appointed(&mut self) -> Result<(), DiskError> {
        self.file.save(|db| {
            db.execute("UPDATE cluster SET appointed = 1", []).doing("end the founding")?;
            Ok(())
        })
    }

    /// Since when a node is switched off by an operator.
    pub(super) fn off_since(&self, node: u64) -> Option<Timestamp> {
        self.switched_off.get(&node).copied()
    }

    /// Whether the cluster carries these names.
    pub(super) fn is_named(&self, cluster: &PlaceName, environment: &PlaceName) -> bool {
        self.cluster.name == cluster.as_str() && self.cluster.environment == environment.as_str()
    }

    /// What became of an order; `None` when the kernel never accepted it.
    pub(super) fn order(&self, id: ActionId) -> Result<Option<OrderState>, DiskError> {
        let row: Option<(String, i64, Option<String>)> = self
            .file
            .connection()
            .prepare_cached("SELECT state, at, answer FROM orders WHERE action_id = ?1")
            .and_then(|mut s| {
                s.query_row([id.bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .optional()
            })
            .doing("look for an order")?;
        let Some((state, at, answer)) = row else { return Ok(None) };
        let state = match (state.as_str(), answer) {
            ("accepted", _) => OrderState::Accepted { at: Timestamp::from_millis(at) },
            ("refused", Some(text)) => OrderState::Refused(from_json(&text)?),
            ("voided", Some(text)) => OrderState::Voided(from_json(&text)?),
            (state, _) => {
                return Err(DiskError::corrupt(format!("an order is {state} without an answer")));
            }
        };
        Ok(Some(state))
    }

    /// What an order asked for.
    pub(super) fn ordered(&self, id: ActionId) -> Result<Option<Action>, DiskError> {
        let text: Option<Option<String>> = self
            .file
            .connection()
            .query_row("SELECT action FROM orders WHERE action_id = ?1", [id.bytes()], |row| {
                row.get(0)
            })
            .optional()
            .doing("look for an order")?;
        text.flatten().as_deref().map(from_json).transpose()
    }

    /// The receipt of a switch.
    pub(super) fn receipt(&self, id: ActionId) -> Result<Option<Receipt>, DiskError> {
        let text: Option<String> = self
            .file
            .connection()
            .prepare_cached("SELECT receipt FROM receipts WHERE action_id = ?1")
            .and_then(|mut s| s.query_row([id.bytes()], |row| row.get(0)).optional())
            .doing("look for a receipt")?;
        text.as_deref().map(from_json).transpose()
    }

    /// Makes it durable that an order passed the kernel's checks. Nothing has run yet.
    pub(super) fn accept(&mut self, order: &Accepted) -> Result<(), DiskError> {
        self.file.save(|db| insert_order(db, order))
    }

    /// Makes it durable that an accepted order never ran and never will.
    pub(super) fn close(&mut self, id: ActionId, why: &KernelRefusal) -> Result<(), DiskError> {
        self.file.save(|db| {
            db.execute(
                "UPDATE orders SET state = 'refused', answer = ?2
                 WHERE action_id = ?1 AND state = 'accepted'",
                params![id.bytes(), to_json(why)],
            )
            .doing("close an order")?;
            Ok(())
        })
    }

    /// Keeps a copy of a receipt that the log holds.
    pub(super) fn keep(&mut self, receipt: &Receipt) -> Result<(), DiskError> {
        self.file.save(|db| insert_receipt(db, receipt))
    }

    /// Voids an id for ever.
    pub(super) fn void(&mut self, tombstone: &Tombstone) -> Result<(), DiskError> {
        self.file.save(|db| {
            db.execute(
                "INSERT INTO orders (action_id, state, at, answer) VALUES (?1, 'voided', ?2, ?3)
                 ON CONFLICT (action_id) DO UPDATE SET state = 'voided', answer = ?3",
                params![
                    tombstone.action_id.bytes(),
                    tombstone.voided_at.millis(),
                    to_json(tombstone)
                ],
            )
            .doing("void an id")?;
            Ok(())
        })
    }

    /// Throws a switch: the order, the switch, its receipt and what it does to the office of
    /// primary are one transaction.
    pub(super) fn set_node_service(
        &mut self,
        order: &Accepted,
        node: u64,
        switch: Switch,
        receipt: &Receipt,
        nobody: Option<Since>,
    ) -> Result<(), DiskError> {
        let known = LastKnown {
            nobody: nobody.or_else(|| self.last_known.nobody.clone()),
            ..self.last_known.clone()
        };
        self.file.save(|db| {
            insert_order(db, order)?;
            match switch {
                Switch::Off => db.execute(
                    "INSERT INTO switched_off (node, since, action_id) VALUES (?1, ?2, ?3)",
                    params![node, order.at.millis(), order.action_id.bytes()],
                ),
                Switch::On => db.execute("DELETE FROM switched_off WHERE node = ?1", [node]),
            }
            .doing("throw a switch")?;
            insert_receipt(db, receipt)?;
            write_known(db, &known)
        })?;
        self.last_known = known;
        match switch {
            Switch::Off => self.switched_off.insert(node, order.at),
            Switch::On => self.switched_off.remove(&node),
        };
        Ok(())
    }

    /// Remembers what a majority agrees on; writes only what differs.
    pub(super) fn remember(&mut self, known: LastKnown) -> Result<(), DiskError> {
        if known == self.last_known {
            return Ok(());
        }
        self.file.save(|db| write_known(db, &known))?;
        self.last_known = known;
        Ok(())
    }
}

fn insert_order(db: &Connection, order: &Accepted) -> Result<(), DiskError> {
    db.prepare_cached(
        "INSERT INTO orders (action_id, state, action, expected_epoch, witness, at)
         VALUES (?1, 'accepted', ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut s| {
        s.execute(params![
            order.action_id.bytes(),
            to_json(&order.action),
            order.expected_epoch,
            to_json(&order.witness),
            order.at.millis()
        ])
    })
    .doing("accept an order")?;
    Ok(())
}

fn insert_receipt(db: &Connection, receipt: &Receipt) -> Result<(), DiskError> {
    db.execute(
        "INSERT INTO receipts (action_id, receipt) VALUES (?1, ?2)",
        params![receipt.action_id.bytes(), to_json(receipt)],
    )
    .doing("write a receipt")?;
    Ok(())
}
