//! Compares the signed heads that are stored with the records that they are about.

use super::LedgerError;
use super::chain::{Broken, Chain};
use super::fault::StepFault;
use super::note::LogKey;
use crate::model::canonical::Hash;
use rusqlite::{Connection, Rows};

/// One row of the table of heads.
struct HeadRow {
    size: u64,
    root: Hash,
    note: String,
}

/// The stored heads, in the order of their sizes, beside a walk over the records.
pub(super) struct Heads<'a> {
    rows: Rows<'a>,
    next: Option<HeadRow>,
    /// The key that was parsed last, with its text: it changes with a start at most.
    key: Option<(String, LogKey)>,
    /// How many records the newest head is of that was found good.
    signed: u64,
}

/// Most records at the end of a log of version 1 that no stored head covers. There every append stored
/// the head of what was there before it, so these are the last transaction, and what commands did
/// while no control plane ran. Without a limit, whoever removes all heads could write a whole log anew.
pub(super) const UNSIGNED_RECORDS_MAX: u64 = 1024;

/// What the heads of a file have to cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadRule {
    /// A file of version 1: all but the last records.
    AllButTheLast,
    /// Every commit after this many records stored the head of all.
    EachCommitFrom(u64),
}

impl HeadRule {
    /// The rule of a file.
    pub(super) fn of(connection: &Connection) -> Result<Self, LedgerError> {
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 1 {
            return Ok(Self::AllButTheLast);
        }
        let sql = "SELECT heads_from FROM store";
        Ok(Self::EachCommitFrom(connection.query_row(sql, [], |row| row.get(0))?))
    }
}

impl<'a> Heads<'a> {
    /// Begins before the first; the rows are `size, root, note`.
    pub(super) fn new(rows: Rows<'a>) -> Result<Self, LedgerError> {
        let mut heads = Self { rows, next: None, key: None, signed: 0 };
        heads.advance()?;
        Ok(heads)
    }

    fn advance(&mut self) -> Result<(), LedgerError> {
        let Some(row) = self.rows.next()? else {
            self.next = None;
            return Ok(());
        };
        let root = Hash::from_bytes(row.get(1)?);
        self.next = Some(HeadRow { size: row.get(0)?, root, note: row.get(2)? });
        Ok(())
    }

    /// Checks the head of the records that the chain has by now, where one is stored.
    pub(super) fn check(&mut self, chain: &Chain) -> Result<(), StepFault> {
        let Some(head) = self.next.take_if(|head| head.size <= chain.size()) else {
            return Ok(());
        };
        self.compare(&head, chain).map_err(|why| {
            let seq = chain.size().saturating_sub(1);
            Broken { seq, why: format!("the signed head of {} records: {why}", head.size) }
        })?;
        self.signed = head.size;
        Ok(self.advance()?)
    }

    fn compare(&mut self, head: &HeadRow, chain: &Chain) -> Result<(), String> {
        if head.size != chain.size() {
            return Err("it stands in another place".to_owned());
        }
        let named = chain.log_key().ok_or("no record before it names a key")?;
        if self.key.as_ref().is_none_or(|(text, _)| text != named) {
            let key = LogKey::parse(named).map_err(|e| e.to_string())?;
            self.key = Some((named.to_owned(), key));
        }
        let (_, key) = self.key.as_ref().ok_or("no record before it names a key")?;
        let signed = key.open(&head.note).map_err(|e| e.to_string())?;
        if signed.size != head.size || signed.root != head.root {
            return Err("its columns do not say what is signed".to_owned());
        }
        if signed.root != chain.tree().root() {
            return Err("these are not the records that were signed".to_owned());
        }
        Ok(())
    }

    /// Ends the walk: no head may be of more records than there are, nor of fewer than the rule says.
    /// Answers how many records the newest one is of.
    pub(super) fn finish(&self, chain: &Chain, rule: HeadRule) -> Result<u64, StepFault> {
        if let Some(head) = &self.next {
            let why = format!("the log ends here, and a head of {} records was signed", head.size);
            return Err(Broken { seq: chain.size(), why }.into());
        }
        self.covers(chain, rule)?;
        Ok(self.signed)
    }

    /// The newest head is of all records, or of all but the last where they are of an earlier version.
    /// A log without a key has no heads.
    fn covers(&self, chain: &Chain, rule: HeadRule) -> Result<(), StepFault> {
        let Some(named) = chain.log_key_since() else { return Ok(()) };
        let unsigned = chain.size() - self.signed.max(named).min(chain.size());
        let allowed = match rule {
            HeadRule::EachCommitFrom(from) if chain.size() != from => 0,
            HeadRule::EachCommitFrom(_) | HeadRule::AllButTheLast => UNSIGNED_RECORDS_MAX,
        };
        // The record that names the key is the first that has to be covered.
        let unsigned = if allowed == 0 { chain.size() - self.signed } else { unsigned };
        if unsigned <= allowed {
            return Ok(());
        }
        let why = format!("no signed head covers it, nor the {} records after it", unsigned - 1);
        Err(Broken { seq: self.signed, why }.into())
    }
}
