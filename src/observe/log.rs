//! What can be read of the log: its records, proofs about it, and reports from it alone.

use super::{ReadSide, report, unreadable};
use crate::ledger::LogFilter;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::answer::{ConsistencyProof, InclusionProof, LogPage, SignedHead, StoredRecord};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::report::{ActionReport, WindowReport};

impl ReadSide {
    /// One page of the log, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn log(
        &self,
        before: Option<u64>,
        limit: u32,
        filter: &LogFilter,
    ) -> Result<LogPage, Refusal> {
        self.ledger.page(before, limit, filter).map_err(unreadable)
    }

    /// One record.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub fn record(&self, seq: u64) -> Result<StoredRecord, Refusal> {
        let record = self.ledger.record(seq).map_err(unreadable)?;
        record.ok_or_else(|| {
            Refusal::new(RefusalCode::NotFound, format!("The log holds no record {seq}."))
        })
    }

    /// The report of one action, from the log alone.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub fn report(&self, id: ActionId) -> Result<ActionReport, Refusal> {
        report::action(&self.ledger, id)
    }

    /// One page of the report of a window of time, from the log alone.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn window(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<WindowReport, Refusal> {
        let window = self.ledger.window(from, to).map_err(unreadable)?;
        report::window(&self.ledger, &window, after, limit)
    }

    /// The end of the log, signed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn head(&self) -> Result<SignedHead, Refusal> {
        self.ledger.signed_head().map_err(unreadable)
    }

    /// The proof that a record is in the log of `size` records, or of all.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub fn proof(&self, seq: u64, size: Option<u64>) -> Result<InclusionProof, Refusal> {
        let proof = self.ledger.proof(seq, size).map_err(unreadable)?;
        let of = size.map_or_else(String::new, |size| format!(" of {size} records"));
        let sentence = format!("There is no log{of} that holds a record {seq}.");
        proof.ok_or_else(|| Refusal::new(RefusalCode::NotFound, sentence))
    }

    /// The proof that the log of `from` records is the beginning of that of `to`, or of all.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub fn consistency(&self, from: u64, to: Option<u64>) -> Result<ConsistencyProof, Refusal> {
        let proof = self.ledger.consistency(from, to).map_err(unreadable)?;
        let of = to.map_or_else(|| "the log".to_owned(), |to| format!("a log of {to} records"));
        let sentence = format!("{from} records are not the beginning of {of}.");
        proof.ok_or_else(|| Refusal::new(RefusalCode::NotFound, sentence))
    }
}
