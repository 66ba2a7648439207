//! The memory of a kernel that does not run, from its files: for verification, which changes nothing.

use super::page_of;
use crate::kernel::Unobservable;
use crate::kernel::embedded::membership::Members;
use crate::kernel::embedded::sqlite::{Doing, StoreError, from_json};
use crate::kernel::memory::{MemoryPage, Reach};
use crate::model::action::ActionId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The files of a kernel, opened to be read.
#[derive(Debug)]
pub struct StoppedKernel {
    board: Connection,
    node: Option<Connection>,
    reach: Reach,
}

/// How far the file of one node reaches.
struct NodeReach {
    epoch: u64,
    last: u64,
    applied: u64,
}

impl StoppedKernel {
    /// Opens the switchboard and every node that can be read. A node that cannot be read is unknown.
    ///
    /// # Errors
    /// When the switchboard cannot be read: while a kernel runs, its files are locked.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let board = read_only(&dir.join(crate::kernel::embedded::founding::SWITCHBOARD))?;
        let epoch: u64 = board
            .query_row("SELECT epoch FROM cluster", [], |row| row.get(0))
            .doing("read the highest epoch")?;
        let members: String = board
            .query_row("SELECT members FROM members", [], |row| row.get(0))
            .doing("read the members")?;
        let members: Members = from_json(&members)?;
        let mut reach = Reach { epoch, last: 0, applied: 0, is_whole: false };
        let (mut node, mut voters) = (None, 0);
        for number in members.voters.iter().chain(&members.learners) {
            let path = dir.join(format!("n{number}")).join("node.sqlite");
            let Ok((connection, found)) = read_only(&path).and_then(node_reach) else { continue };
            voters += usize::from(members.voters.contains(number));
            reach.epoch = reach.epoch.max(found.epoch);
            reach.last = reach.last.max(found.last);
            if node.is_none() || found.applied > reach.applied {
                reach.applied = found.applied;
                node = Some(connection);
            }
        }
        reach.is_whole = voters >= members.quorum();
        Ok(Self { board, node, reach })
    }

    /// One page of what it holds, as the kernel itself would give it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn memory(&self, after: Option<ActionId>, limit: u32) -> Result<MemoryPage, Unobservable> {
        let page = page_of(&self.board, self.node.as_ref(), self.reach, after, limit);
        page.map_err(|error| Unobservable { why: error.to_string() })
    }
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing("open a file to read it")?;
    // Whoever only reads leaves the file and its write-ahead log as they are.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .doing("keep a file from changing when it is closed")?;
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; SELECT count(*) FROM sqlite_schema;")
        .doing("read a file")?;
    Ok(connection)
}

fn node_reach(connection: Connection) -> Result<(Connection, NodeReach), StoreError> {
    let sql = "SELECT epoch, applied,
                      coalesce((SELECT max(position) FROM log), purged) FROM node";
    let found = connection
        .query_row(sql, [], |row| {
            Ok(NodeReach { epoch: row.get(0)?, applied: row.get(1)?, last: row.get(2)? })
        })
        .doing("read how far a node reaches")?;
    Ok((connection, found))
}
