//! Verifies a file without a server: the chain, the columns that repeat it, every blob, the tree with
//! its tiles, and every signed head (C9.2).

use super::blob;
use super::chain::{Broken, Chain, ChainLink, Verified};
use super::fault::StepFault;
use super::heads::{HeadRule, Heads};
use super::index::{self, ActionColumns};
use super::index_sums::IndexSums;
use super::note::LogKey;
use super::page::has_clock_back;
use super::read::check_stages;
use super::tree::{TILE_HEIGHT, Tile, levels, perfect_root};
use super::{LedgerError, stage_number, tiles};
use crate::model::action::ActionId;
use crate::model::answer::LogHead;
use crate::model::canonical::Hash;
use crate::store::{StoreError, StoreReader, check_schema};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::path::Path;

/// Why a file is not a good log.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The first record that is wrong.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// All records are good, and what is derived from them is not.
    #[error("all {size} records are good, but {what}")]
    Derived {
        /// How many records there are.
        size: u64,
        /// The derived table that differs, as a clause.
        what: String,
    },
    /// The signed head is not good, or is not there.
    #[error("its signed head is not good: {why}")]
    Head {
        /// What is wrong with it.
        why: String,
    },
    /// The file could not be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was noted down earlier about a log. Without it, a log whose last records were cut off cannot
/// be told from one that ended there, nor one that was written and signed anew from the first one.
#[derive(Clone, Debug, Default)]
pub struct ExpectedLog {
    /// A head that the log had once.
    pub head: Option<LogHead>,
    /// The key that signs its heads.
    pub key: Option<LogKey>,
    /// Bytes that nobody could know who prepared the file: the index of a database is compared by sums
    /// over it that are made with them. Zeros are enough where the file is no adversary's.
    pub salt: [u8; 32],
}

impl ExpectedLog {
    /// The chain that finds out about the head.
    pub(super) fn chain(&self) -> Chain {
        self.head.clone().map_or_else(Chain::new, Chain::expecting)
    }

    /// What watches for the key.
    pub(super) fn watch(&self) -> KeyWatch {
        KeyWatch { noted: self.key.as_ref().map(ToString::to_string), first: None, met: false }
    }
}

/// Watches whether a log names the key that was noted: as its first, or as one that a rotation led
/// to. From there on the chain of rotations answers for the others.
pub(super) struct KeyWatch {
    noted: Option<String>,
    /// The first record that names a key.
    first: Option<u64>,
    met: bool,
}

impl KeyWatch {
    /// Looks at the key of the log after one more record.
    pub(super) fn look(&mut self, chain: &Chain) {
        if let Some(noted) = self.noted.as_ref().filter(|_| !self.met) {
            self.first = self.first.or(chain.log_key_since());
            self.met = chain.log_key() == Some(noted);
        }
    }

    /// Ends the watch; `size` is that of the log.
    pub(super) fn finish(self, size: u64) -> Result<(), VerifyError> {
        match (self.noted, self.first) {
            (Some(_), Some(seq)) if !self.met => {
                let why = "it names another key of the log than was noted down".to_owned();
                Err(Broken { seq, why }.into())
            }
            (Some(_), None) => {
                let what = "no record names a key, and one was noted down".to_owned();
                Err(VerifyError::Derived { size, what })
            }
            _ => Ok(()),
        }
    }
}

/// Verifies the log in a database file, which may be live, from one snapshot of it.
///
/// `progress` hears the number of records verified,
/// every thousand and at the end. Memory does not grow with the records, only with one stage per
/// action.
///
/// # Errors
/// The first record that is wrong, by its sequence number.
pub fn verify_file(
    path: &Path,
    expected: &ExpectedLog,
    progress: &mut dyn FnMut(u64),
) -> Result<Verified, VerifyError> {
    StoreReader::open_read_only(path)?.read(|connection| {
        let (mut chain, mut watch) = (expected.chain(), expected.watch());
        let walked = walk(connection, expected, &mut chain, &mut watch, progress);
        let signed = walked.map_err(|e| at_record(e, chain.size()))?;
        let open: Vec<ActionId> = chain.open().map(|(id, _)| id).collect();
        let verified = Verified { signed, ..chain.finish()? };
        watch.finish(verified.size)?;
        let derived = check_derived(connection, verified.size, &open);
        derived.map_err(|e| at_record(e, verified.size))?;
        progress(verified.size);
        Ok(verified)
    })
}

/// A page of the file that cannot be read is the fault of the record that was to be read from it.
fn at_record(fault: StepFault, seq: u64) -> VerifyError {
    match fault {
        StepFault::Broken(broken) => VerifyError::Broken(broken),
        StepFault::Derived(what) => VerifyError::Derived { size: seq, what },
        StepFault::Ledger(error) => {
            VerifyError::Broken(Broken { seq, why: format!("it cannot be read: {error}") })
        }
    }
}

fn walk(
    connection: &Connection,
    expected: &ExpectedLog,
    chain: &mut Chain,
    watch: &mut KeyWatch,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, StepFault> {
    let mut statement = connection.prepare(
        "SELECT leaf.bytes, leaf.seq, leaf.hash, entry.at_ms, entry.kind, entry.actor, entry.action,
             entry.action_kind, entry.node
         FROM leaf LEFT JOIN entry ON entry.seq = leaf.seq ORDER BY leaf.seq",
    )?;
    let mut rows = statement.query([])?;
    let mut heads = connection.prepare("SELECT size, root, note FROM checkpoint ORDER BY size")?;
    let mut heads = Heads::new(heads.query([])?)?;
    let with_clock = has_clock_back(connection)?;
    let mut sums = IndexSums::new(expected.salt, tiles::size(connection)?);
    while let Some(row) = rows.next()? {
        let seq = chain.size();
        let bytes: Vec<u8> = row.get(0)?;
        let link = chain.push(&bytes)?;
        let about = index::about(connection, &link.record)?;
        compare(row, &link, &about).map_err(|why| Broken { seq, why })?;
        sums.expect(&link.record, &about);
        compare_step(connection, &link)?;
        if with_clock {
            compare_clock(connection, &link)?;
        }
        check_blobs(connection, &link)?;
        for tile in &link.tiles {
            compare_tile(connection, tile)?;
        }
        watch.look(chain);
        heads.check(chain)?;
        if seq % 1000 == 999 {
            progress(seq + 1);
        }
    }
    let signed = heads.finish(chain, HeadRule::of(connection)?)?;
    sums.compare(connection)?;
    Ok(signed)
}

/// The stored tile is the one that the records give. A replay of the records alone would never read
/// it, and every proof is made from it.
fn compare_tile(connection: &Connection, tile: &Tile) -> Result<(), StepFault> {
    let height = TILE_HEIGHT * tile.level;
    let first = tile.index << (height + TILE_HEIGHT);
    let broken = |seq: u64, why: String| StepFault::Broken(Broken { seq, why });
    let name = format!("tile {} of level {}", tile.index, tile.level);
    let stored = tiles::full(connection, tile.level, tile.index);
    let (root, hashes) = match stored {
        Ok(Some(stored)) => stored,
        Ok(None) => return Err(broken(first, format!("the {name} is missing"))),
        Err(LedgerError::Damaged { seq, why }) => return Err(broken(seq, why)),
        Err(other) => return Err(other.into()),
    };
    let differs = (0u64..).zip(hashes.iter().zip(&tile.hashes)).find(|(_, (a, b))| a != b);
    if let Some((at, _)) = differs {
        return Err(broken(first + (at << height), format!("the {name} has another hash for it")));
    }
    if perfect_root(&tile.hashes) != Some(root) {
        return Err(broken(first, format!("the {name} has another root")));
    }
    Ok(())
}

/// The columns beside a leaf say what the leaf says.
fn compare(row: &Row<'_>, link: &ChainLink, about: &ActionColumns) -> Result<(), String> {
    let record = &link.record;
    let actor = record.actor.as_ref().map(|actor| actor.name.as_str());
    let equal = |column: &str, equal: rusqlite::Result<bool>| match equal {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(format!("its column {column} does not say what it says")),
    };
    equal("leaf.seq", row.get::<_, u64>(1).map(|seq| seq == record.seq))?;
    equal("leaf.hash", row.get(2).map(|hash| Hash::from_bytes(hash) == link.hash))?;
    equal("at_ms", row.get::<_, i64>(3).map(|at| at == record.at.millis()))?;
    equal("kind", row.get::<_, String>(4).map(|kind| kind == record.entry.word()))?;
    equal("actor", row.get::<_, Option<String>>(5).map(|name| name.as_deref() == actor))?;
    let action = row.get::<_, Option<[u8; 16]>>(6).map(|id| id.map(ActionId::from_bytes));
    equal("action", action.map(|id| id == record.action_id))?;
    equal("action_kind", row.get(7).map(|kind: Option<String>| kind == about.action_kind))?;
    equal("node", row.get(8).map(|node: Option<String>| node == about.node))
}

fn compare_step(connection: &Connection, link: &ChainLink) -> Result<(), StepFault> {
    let seq = link.record.seq;
    let found: Option<([u8; 16], i64, i64)> = connection
        .prepare_cached("SELECT action, f, t FROM transition WHERE seq = ?1")?
        .query_row(params![seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let from = link.left.map_or(stage_number::NONE, stage_number::of);
    let to = link.record.entry.stage().map(stage_number::of);
    let said = link.record.action_id.zip(to).map(|(id, to)| (*id.bytes(), from, to));
    if found == said {
        return Ok(());
    }
    Err(Broken { seq, why: "the table of steps does not say what it says".to_owned() }.into())
}

/// The table of where the clock went back says what the record says.
fn compare_clock(connection: &Connection, link: &ChainLink) -> Result<(), StepFault> {
    let seq = link.record.seq;
    let sql = "SELECT 1 FROM clock_back WHERE seq = ?1";
    let listed = connection.prepare_cached(sql)?.exists(params![seq])?;
    if listed == link.record.clock_back_ms.is_some() {
        return Ok(());
    }
    let why = "the table of where the clock went back does not say what it says".to_owned();
    Err(Broken { seq, why }.into())
}

/// Everything that the record names is there, and what it was the first to name is undamaged.
fn check_blobs(connection: &Connection, link: &ChainLink) -> Result<(), StepFault> {
    let seq = link.record.seq;
    let broken = |why: String| StepFault::Broken(Broken { seq, why });
    let named = link.record.entry.blobs();
    for hash in &named {
        let first: Option<u64> = connection
            .prepare_cached("SELECT seq FROM blob WHERE sha256 = ?1")?
            .query_row(params![hash.bytes()], |row| row.get(0))
            .optional()?;
        if first.is_none_or(|first| first > seq) {
            return Err(broken(format!("its blob {hash} is missing")));
        }
    }
    let mut statement = connection.prepare_cached("SELECT sha256 FROM blob WHERE seq = ?1")?;
    let mut rows = statement.query(params![seq])?;
    while let Some(row) = rows.next()? {
        let hash = Hash::from_bytes(row.get(0)?);
        if !named.contains(&hash) {
            return Err(broken(format!("it does not name the blob {hash} that stands under it")));
        }
        match blob::load(connection, hash) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(broken(format!("its blob {hash} is missing"))),
            Err(LedgerError::Damaged { why, .. }) => return Err(broken(why)),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

/// Nothing stands beside the records that they do not say, and the rules of the file are ours.
fn check_derived(connection: &Connection, size: u64, open: &[ActionId]) -> Result<(), StepFault> {
    let clock = has_clock_back(connection)?.then_some("clock_back");
    for table in ["entry", "transition", "blob"].into_iter().chain(clock) {
        let sql = format!("SELECT count(*) FROM {table} WHERE seq < 0 OR seq >= ?1");
        let beyond: u64 = connection.query_row(&sql, params![size], |row| row.get(0))?;
        if beyond > 0 {
            let why = format!("{beyond} rows of {table} stand beyond the last record");
            return Err(Broken { seq: size, why }.into());
        }
    }
    for level in 0..=levels(size) {
        let sql = "SELECT count(*) FROM tile WHERE level = ?1";
        let found: u64 = connection.query_row(sql, params![level], |row| row.get(0))?;
        if found != size >> (TILE_HEIGHT * (level + 1)) {
            let what = format!("{found} tiles of level {level} are stored");
            return Err(StepFault::Derived(what));
        }
    }
    let sql = "SELECT action FROM open_action ORDER BY action";
    let mut statement = connection.prepare(sql)?;
    let found = statement.query_map([], |row| row.get(0).map(ActionId::from_bytes))?;
    let found: Vec<ActionId> = found.collect::<Result<_, _>>()?;
    if found != open {
        return Err(StepFault::Derived("the table of open actions is wrong".to_owned()));
    }
    // An index that lost a row would hide a record from a page.
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(StepFault::Derived(format!("the file is damaged: {found}")));
    }
    check_stages(connection).map_err(|e| StepFault::Derived(e.to_string()))?;
    check_schema(connection).map_err(|e| StepFault::Derived(e.to_string()))
}
