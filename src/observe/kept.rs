//! What the log keeps, each under an address of its own: the same answer for ever.

use super::{QueryService, unreadable};
use crate::model::canonical::Hash;
use crate::model::cluster::ClusterState;
use crate::model::kept::{KeptObservation, RecordAnswer};
use crate::model::refusal::{Refusal, RefusalCode};

impl QueryService {
    /// One record, with its bytes and the steps of its action.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub fn record_page(&self, seq: u64) -> Result<RecordAnswer, Refusal> {
        let record = self.record(seq)?;
        let steps = match record.record.action_id {
            Some(id) => self.ledger.steps(id).map_err(unreadable)?,
            None => Vec::new(),
        };
        let leaf = String::from_utf8_lossy(&record.record.leaf()).into_owned();
        let size = self.ledger.head().map_err(unreadable)?.size;
        Ok(RecordAnswer { record, leaf, steps, size })
    }

    /// An observation that the log keeps under this hash.
    ///
    /// # Errors
    /// `not_found` where nothing, or something else, is kept under it; or when the ledger cannot be
    /// read.
    pub fn kept_observation(&self, hash: Hash) -> Result<KeptObservation, Refusal> {
        let none = || {
            let sentence = format!("The log keeps no observation under {hash}.");
            Refusal::new(RefusalCode::NotFound, sentence)
        };
        let first = self.ledger.first_naming(hash).map_err(unreadable)?.ok_or_else(none)?;
        let bytes = self.ledger.blob(hash).map_err(unreadable)?.ok_or_else(none)?;
        let state: ClusterState = serde_json::from_slice(&bytes).map_err(|_| none())?;
        let steps = match first.record.action_id {
            Some(id) => self.ledger.steps(id).map_err(unreadable)?,
            None => vec![first],
        };
        let names_it = |record: &crate::model::record::Record| record.entry.blobs().contains(&hash);
        let named_by = steps.into_iter().filter(|step| names_it(&step.record)).collect();
        Ok(KeptObservation { hash, state, named_by })
    }
}
