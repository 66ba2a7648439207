//! Compares the index of terms with the records, without reading it once per record.
//!
//! Every pair of a record and a term has a number. What the records say is added, what the index
//! holds is taken away, and nothing may be left. The numbers depend on bytes that nobody knew who
//! made the file, so no other set of pairs can be chosen that leaves nothing either. A rest says in
//! which range of records it is; only that range is then compared term by term.

use super::chain::{Broken, parse};
use super::fault::StepFault;
use super::index::{self, ActionColumns};
use crate::model::record::Record;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Ranges into which the records are divided: what is kept in memory, whatever the size of the log.
const RANGES: u64 = 4096;

pub(super) struct IndexSums {
    salt: [u8; 32],
    size: u64,
    /// How many records a range has.
    width: u64,
    rests: Vec<u128>,
}

impl IndexSums {
    /// Begins for a log of `size` records.
    pub(super) fn new(salt: [u8; 32], size: u64) -> Self {
        let width = size.div_ceil(RANGES).max(1);
        let ranges = usize::try_from(size.div_ceil(width)).expect("few ranges");
        Self { salt, size, width, rests: vec![0; ranges] }
    }

    /// Adds what a record says of itself.
    pub(super) fn expect(&mut self, record: &Record, about: &ActionColumns) {
        for term in index::terms(record, about) {
            let number = self.number(record.seq, &term);
            if let Some(rest) = self.rest(record.seq) {
                *rest = rest.wrapping_add(number);
            }
        }
    }

    /// Takes away what the index holds, and finds the first record for which something is left.
    pub(super) fn compare(mut self, connection: &Connection) -> Result<(), StepFault> {
        let mut statement = connection.prepare("SELECT doc, term FROM entry_index_term")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let seq = u64::try_from(seq).ok().filter(|seq| *seq < self.size);
            let beyond = || Broken {
                seq: self.size,
                why: "the index holds terms of records that are not there".to_owned(),
            };
            let seq = seq.ok_or_else(beyond)?;
            let term = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let number = self.number(seq, term);
            if let Some(rest) = self.rest(seq) {
                *rest = rest.wrapping_sub(number);
            }
        }
        let left = (0u64..).zip(&self.rests).find(|(_, rest)| **rest != 0);
        let Some((range, _)) = left else { return Ok(()) };
        let first = range * self.width;
        Err(named(connection, first, first + self.width)?.into())
    }

    fn rest(&mut self, seq: u64) -> Option<&mut u128> {
        self.rests.get_mut(usize::try_from(seq / self.width).ok()?)
    }

    fn number(&self, seq: u64, term: &str) -> u128 {
        let mut hasher = Sha256::new();
        hasher.update(self.salt);
        hasher.update(seq.to_be_bytes());
        hasher.update(term.as_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        let (half, _) = digest.split_first_chunk::<16>().expect("32 bytes have 16");
        u128::from_be_bytes(*half)
    }
}

/// The first record of a range of which the index says something else than the record.
fn named(connection: &Connection, first: u64, end: u64) -> Result<Broken, StepFault> {
    let mut found = BTreeSet::new();
    let sql = "SELECT doc, term FROM entry_index_term WHERE doc >= ?1 AND doc < ?2";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![first, end])?;
    while let Some(row) = rows.next()? {
        let pair: (u64, String) = (row.get(0)?, row.get(1)?);
        if !found.insert(pair.clone()) {
            return Ok(says(pair.0, "twice", &pair.1));
        }
    }
    let sql = "SELECT bytes FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![first, end])?;
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(0)?;
        let record = parse(&leaf).map_err(|why| Broken { seq: first, why })?;
        let about = index::about(connection, &record)?;
        let said = index::terms(&record, &about);
        if let Some(term) = said.iter().find(|t| !found.contains(&(record.seq, (*t).clone()))) {
            return Ok(says(record.seq, "not", term));
        }
        let mut held = found.range((record.seq, String::new())..(record.seq + 1, String::new()));
        if let Some((_, term)) = held.find(|(_, term)| !said.contains(term)) {
            return Ok(says(record.seq, "wrongly", term));
        }
    }
    Ok(Broken { seq: first, why: "the index does not say what the records say".to_owned() })
}

fn says(seq: u64, how: &str, term: &str) -> Broken {
    Broken { seq, why: format!("the index holds it {how} under {term}") }
}
