//! The receipts that no log holds, on their way into a backup and out of it.

use super::{ClusterMetadata, insert_order, insert_receipt};
use crate::kernel::embedded::command::Accepted;
use crate::kernel::embedded::spec::EmbeddedAction;
use crate::kernel::embedded::sqlite::{DiskError, Doing, from_json};
use crate::model::receipt::Receipt;
use rusqlite::Connection;

impl ClusterMetadata {
    /// The file, to read what it holds under action ids.
    pub(in crate::kernel::embedded) fn reading(&self) -> &Connection {
        self.file.connection()
    }

    /// The receipts of what is no entry of a log: switches, backups and verifications. In the order of
    /// their ids.
    pub(in crate::kernel::embedded) fn receipts_in_no_log(
        &self,
    ) -> Result<Vec<Receipt>, DiskError> {
        let texts: Vec<String> = self
            .file
            .connection()
            .prepare("SELECT receipt FROM receipts ORDER BY action_id")
            .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
            .doing("read the receipts")?;
        let receipts: Result<Vec<Receipt>, DiskError> =
            texts.iter().map(|text| from_json(text)).collect();
        Ok(receipts?.into_iter().filter(|receipt| receipt.position.is_none()).collect())
    }

    /// Keeps receipts of the cluster that a backup was made of: their ids stay spent.
    pub(super) fn take_over(&mut self, receipts: &[Receipt]) -> Result<(), DiskError> {
        self.file.save(|db| {
            for receipt in receipts {
                let unknown = |error| DiskError::corrupt(format!("an order is unknown: {error}"));
                let action = EmbeddedAction::try_from(&receipt.action).map_err(unknown)?;
                let order = Accepted {
                    action_id: receipt.action_id,
                    action,
                    expected_epoch: receipt.generation,
                    witness: receipt.witness.clone(),
                    at: receipt.executed_at,
                };
                insert_order(db, &order)?;
                insert_receipt(db, receipt)?;
            }
            Ok(())
        })
    }
}
