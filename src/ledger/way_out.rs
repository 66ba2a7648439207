//! What may be confirmed beside an action that has no outcome: the kernel says it, the database holds it.

use super::{Ledger, LedgerError};
use crate::model::action::ActionKind;
use rusqlite::Transaction;
use std::collections::BTreeSet;

impl Ledger {
    /// Says which kinds of actions may be confirmed beside one that has no outcome: what the kernel
    /// calls the way out. The database holds every confirmation against it, and it stays until another
    /// start says otherwise.
    ///
    /// # Errors
    /// Nothing was written. [`LedgerError::Unavailable`] means that it is not known to be durable.
    pub async fn declare_ways_out(&self, kinds: Vec<ActionKind>) -> Result<(), LedgerError> {
        let wanted: BTreeSet<String> = kinds.iter().map(ActionKind::to_string).collect();
        let known = self.store().reader().read(|connection| {
            let mut statement = connection.prepare("SELECT kind FROM way_out")?;
            let kinds: rusqlite::Result<BTreeSet<String>> =
                statement.query_map([], |row| row.get(0))?.collect();
            Ok::<_, LedgerError>(kinds?)
        })?;
        if known == wanted {
            return Ok(());
        }
        let declare = move |transaction: &Transaction<'_>| {
            transaction.execute("DELETE FROM way_out", [])?;
            for kind in &wanted {
                transaction.execute("INSERT INTO way_out (kind) VALUES (?1)", [kind])?;
            }
            Ok::<_, LedgerError>(())
        };
        self.store().write(declare).await
    }
}
