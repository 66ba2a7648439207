//! What can be read of the log: its records, proofs about it, and reports from it alone.

use super::{QueryService, report, unreadable};
use crate::ledger::{ClockReport, LogFilter, TimeWindow};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::answer::{
    ActionPage, ConsistencyProof, InclusionProof, LogPage, PAGE_ROWS_MAX, SignedHead, StoredRecord,
};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::report::{ActionReport, WindowReport};

impl QueryService {
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

    /// What the log says of the clock, which reads `now`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn clock_report(&self, now: Timestamp) -> Result<ClockReport, Refusal> {
        self.ledger.clock(now).map_err(unreadable)
    }

    /// Finds a window of time: what it holds by then, and nothing that is added later.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn find_window(&self, from: Timestamp, to: Timestamp) -> Result<TimeWindow, Refusal> {
        self.ledger.window(from, to).map_err(unreadable)
    }

    /// One page of the report of a window that was found.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn window_page(
        &self,
        window: &TimeWindow,
        after: Option<u64>,
        limit: u32,
    ) -> Result<WindowReport, Refusal> {
        report::window(&self.ledger, window, after, limit)
    }

    /// The same, without its actions.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn window_records(
        &self,
        window: &TimeWindow,
        after: Option<u64>,
        limit: u32,
    ) -> Result<WindowReport, Refusal> {
        report::window_records(&self.ledger, window, after, limit)
    }

    /// Every record that matches, newest first, page by page: those that the log holds by now.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn log_pages(
        &self,
        filter: LogFilter,
    ) -> Result<impl Iterator<Item = Result<LogPage, Refusal>> + Send + use<>, Refusal> {
        let (read, newest) = (self.clone(), self.ledger.head().map_err(unreadable)?.size);
        Ok(pages(newest, move |before| {
            let page = read.log(Some(before), PAGE_ROWS_MAX, &filter)?;
            let next = page.next_before;
            Ok((page, next))
        }))
    }

    /// Every action whose request the filter names, newest first, page by page: those that were asked for by
    /// now.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn action_pages(
        &self,
        filter: LogFilter,
    ) -> Result<impl Iterator<Item = Result<ActionPage, Refusal>> + Send + use<>, Refusal> {
        let (read, newest) = (self.clone(), self.ledger.head().map_err(unreadable)?.size);
        Ok(pages(newest, move |before| {
            let page = read.actions(Some(before), PAGE_ROWS_MAX, &filter)?;
            let next = page.next_before;
            Ok((page, next))
        }))
    }

    /// The end of the log, signed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn head(&self) -> Result<SignedHead, Refusal> {
        self.ledger.signed_head().map_err(unreadable)
    }

    /// One file of an export of the log as it is now, by its name in the public layout of tlog-tiles.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub fn log_file(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        let file = self.ledger.file(name).map_err(unreadable)?;
        let sentence = "The log has no file of this name.";
        file.ok_or_else(|| Refusal::new(RefusalCode::NotFound, sentence))
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

/// Pages from a key on, each read when it is asked for; none after one that could not be read.
fn pages<T>(
    newest: u64,
    mut read: impl FnMut(u64) -> Result<(T, Option<u64>), Refusal>,
) -> impl Iterator<Item = Result<T, Refusal>> {
    let mut next = Some(newest);
    std::iter::from_fn(move || {
        let before = next.take()?;
        Some(read(before).map(|(page, key)| {
            next = key;
            page
        }))
    })
}
