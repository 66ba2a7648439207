//! Which nodes there are, as far as the kernel has to know it before it can ask them.

use super::ClusterMetadata;
use crate::kernel::embedded::membership::Members;
use crate::kernel::embedded::sqlite::{DiskError, Doing, from_json, to_json};
use rusqlite::Connection;

impl ClusterMetadata {
    /// The nodes whose files are opened.
    pub(in crate::kernel::embedded) fn listed(&self) -> Result<Vec<u64>, DiskError> {
        let mut statement = self
            .file
            .connection()
            .prepare("SELECT node FROM listed ORDER BY node")
            .doing("read the list of nodes")?;
        let rows = statement.query_map([], |row| row.get(0)).doing("read the list of nodes")?;
        rows.collect::<rusqlite::Result<_>>().doing("read the list of nodes")
    }

    /// Puts a node on the list.
    pub(in crate::kernel::embedded) fn list_node(&mut self, number: u64) -> Result<(), DiskError> {
        self.file.save(|db| list(db, number))
    }

    /// Takes a node off the list.
    pub(in crate::kernel::embedded) fn forget_node(
        &mut self,
        number: u64,
    ) -> Result<(), DiskError> {
        self.file.save(|db| {
            db.execute("DELETE FROM listed WHERE node = ?1", [number])
                .doing("take a node off the list")?;
            Ok(())
        })
    }

    /// The members, as they were known last.
    pub(in crate::kernel::embedded) fn members(&self) -> Result<Members, DiskError> {
        let text: String = self
            .file
            .connection()
            .query_row("SELECT members FROM members", [], |row| row.get(0))
            .doing("read the members")?;
        from_json(&text)
    }

    /// Remembers the members; writes only what differs.
    pub(in crate::kernel::embedded) fn remember_members(
        &mut self,
        members: &Members,
    ) -> Result<(), DiskError> {
        let members = to_json(members);
        let differs: bool = self
            .file
            .connection()
            .prepare_cached("SELECT members <> ?1 FROM members")
            .and_then(|mut s| s.query_row([&members], |row| row.get(0)))
            .doing("read the members")?;
        if !differs {
            return Ok(());
        }
        self.file.save(|db| {
            db.execute("UPDATE members SET members = ?1", [members])
                .doing("remember the members")?;
            Ok(())
        })
    }
}

/// Puts a node on the list of those whose files are opened.
pub(super) fn list(db: &Connection, number: u64) -> Result<(), DiskError> {
    db.execute("INSERT INTO listed (node) VALUES (?1) ON CONFLICT (node) DO NOTHING", [number])
        .doing("put a node on the list")?;
    Ok(())
}
