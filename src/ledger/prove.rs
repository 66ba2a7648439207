//! Heads and proofs, for those who may only read.

use super::note::{LogKey, LogSigner};
use super::read::{last, record_at};
use super::tiles::{self, Nodes};
use super::tree::{self, TreeHead};
use super::{LedgerError, LedgerReader};
use crate::model::answer::{ConsistencyProof, InclusionProof, LogHead, SignedHead};
use crate::model::record::Entry;
use rusqlite::{Connection, Transaction, params};

impl LedgerReader {
    /// The end of the log with its root, signed now. A reader sees only what is durable, so the
    /// signature never runs ahead of the disk.
    ///
    /// # Errors
    /// [`LedgerError::NoKey`] where the log was opened without one; when the last record or the edge
    /// of the tree is damaged, or the file cannot be read.
    pub fn signed_head(&self) -> Result<SignedHead, LedgerError> {
        let signer = self.signer.as_ref().ok_or(LedgerError::NoKey)?;
        let (head, seen) = self.reader.read(|connection| {
            let last = last(connection)?;
            let size = last.as_ref().map_or(0, |last| last.record.seq + 1);
            let root = root_of(connection, size)?;
            let head = LogHead { size, hash: last.map(|last| last.hash) };
            Ok::<_, LedgerError>((head, TreeHead { size, root }))
        })?;
        let key = signer.public().to_string();
        Ok(SignedHead { head, root: seen.root, note: signer.sign(seen), key })
    }

    /// The proof that record `seq` is in the tree of the first `size` records, or of all; `None`
    /// when there is no such record or tree.
    ///
    /// # Errors
    /// When the record or a tile is damaged, or the file cannot be read.
    pub fn proof(
        &self,
        seq: u64,
        size: Option<u64>,
    ) -> Result<Option<InclusionProof>, LedgerError> {
        self.reader.read(|connection| {
            let all = tiles::size(connection)?;
            let size = size.unwrap_or(all);
            if size > all || seq >= size {
                return Ok(None);
            }
            let Some(record) = record_at(connection, seq)? else { return Ok(None) };
            let mut nodes = Nodes::new(connection);
            let Some(path) = tree::inclusion(seq, size, |node| nodes.read(node))? else {
                return Ok(None);
            };
            let root = tree::root(size, |node| nodes.read(node))?;
            // A proof that does not hold would accuse a good record: the damage is elsewhere.
            let good = tree::verify_inclusion(seq, size, record.hash, &path, root);
            let why = |e| LedgerError::Damaged { seq, why: format!("its tile is damaged: {e}") };
            good.map_err(why)?;
            Ok(Some(InclusionProof { record, size, root, path }))
        })
    }

    /// The proof that the first `from` records are the beginning of the first `to`, or of all;
    /// `None` when there are not so many, or `from` is none.
    ///
    /// # Errors
    /// When a tile is damaged or the file cannot be read.
    pub fn consistency(
        &self,
        from: u64,
        to: Option<u64>,
    ) -> Result<Option<ConsistencyProof>, LedgerError> {
        self.reader.read(|connection| {
            let all = tiles::size(connection)?;
            let to = to.unwrap_or(all);
            if to > all {
                return Ok(None);
            }
            let mut nodes = Nodes::new(connection);
            let Some(path) = tree::consistency(from, to, |node| nodes.read(node))? else {
                return Ok(None);
            };
            let from_root = tree::root(from, |node| nodes.read(node))?;
            let to_root = tree::root(to, |node| nodes.read(node))?;
            Ok(Some(ConsistencyProof { from, to, from_root, to_root, path }))
        })
    }

    /// The key that the newest start or rotation names; `None` before the first start.
    ///
    /// # Errors
    /// When that record is damaged, or the file cannot be read.
    pub fn log_key(&self) -> Result<Option<LogKey>, LedgerError> {
        self.reader.read(log_key)
    }
}

/// The root of the tree over the first `size` leaves.
fn root_of(
    connection: &Connection,
    size: u64,
) -> Result<crate::model::canonical::Hash, LedgerError> {
    let mut nodes = Nodes::new(connection);
    tree::root(size, |node| nodes.read(node))
}

pub(super) const KEYS: &str = "SELECT max(seq) FROM entry
     WHERE kind IN ('boot', 'log_key_rotated', 'founded', 'restored')";
const KEYS_OF_VERSION_1: &str =
    "SELECT max(seq) FROM entry WHERE kind IN ('boot', 'log_key_rotated')";

fn has_newer_kinds(connection: &Connection) -> Result<bool, LedgerError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version > 1)
}

pub(super) fn log_key(connection: &Connection) -> Result<Option<LogKey>, LedgerError> {
    // In the very words of the index: a file of an earlier version has another one.
    let sql = if has_newer_kinds(connection)? { KEYS } else { KEYS_OF_VERSION_1 };
    let seq: Option<u64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    let Some(seq) = seq else { return Ok(None) };
    let entry = record_at(connection, seq)?.map(|stored| stored.record.entry);
    let Some(key) = entry.and_then(Entry::into_log_key) else { return Ok(None) };
    let why = |e| LedgerError::Damaged { seq, why: format!("the key that it names: {e}") };
    LogKey::parse(&key).map(Some).map_err(why)
}

/// Stores the signed head of all records of a transaction. It is stored once.
pub(super) fn store_head(
    transaction: &Transaction<'_>,
    signer: &LogSigner,
    seen: TreeHead,
) -> Result<(), LedgerError> {
    let newest = "SELECT coalesce(max(size), 0) FROM checkpoint";
    let newest: u64 = transaction.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
    if seen.size <= newest {
        return Ok(());
    }
    transaction
        .prepare_cached("INSERT INTO checkpoint (size, root, note) VALUES (?1, ?2, ?3)")?
        .execute(params![seen.size, seen.root.bytes(), signer.sign(seen)])?;
    Ok(())
}
