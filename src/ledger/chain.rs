//! What makes a sequence of leaves a log: pure, so that a server, a command without a server and a
//! browser check it with the same code (C9.2).

use crate::ledger::note::LogKey;
use crate::ledger::rotation::check_rotation;
use crate::ledger::tree::{Tile, Tree, TreeHead};
use crate::model::action::{ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::answer::LogHead;
use crate::model::canonical::Hash;
use crate::model::record::{Entry, LEAF_BYTES_MAX, RECORD_VERSION, Record};
use crate::model::text::ActorName;
use std::collections::{BTreeMap, BTreeSet};

/// A log that holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many records it has.
    pub size: u64,
    /// The hash of the last one.
    pub head: Option<Hash>,
    /// The root of the tree over all of them.
    pub root: Hash,
    /// How many of them the newest good signature covers. The chain itself knows of none.
    pub signed: u64,
    /// How often the clock read less than at the record before.
    pub clock_back: u64,
    /// What the clock read at the last one.
    pub newest: Option<Timestamp>,
}

impl From<Verified> for LogHead {
    fn from(verified: Verified) -> Self {
        Self { size: verified.size, hash: verified.head }
    }
}

/// The first place where a log does not hold together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq}: {why}")]
pub struct Broken {
    /// The sequence number at which it shows.
    pub seq: u64,
    /// What is wrong there, as a clause.
    pub why: String,
}

/// One leaf that was found to follow the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The record in the leaf.
    pub record: Record,
    /// The hash of its leaf.
    pub hash: Hash,
    /// The stage that its action was in before it; `None` where it had none.
    pub left: Option<Stage>,
    /// The tiles of the tree that it fills, the lowest first.
    pub tiles: Vec<Tile>,
}

/// Checks leaves one after the other. It keeps one stage per action and the edge of the tree, and
/// nothing else that grows.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    size: u64,
    head: Option<Hash>,
    at: Option<Timestamp>,
    clock_back: u64,
    stages: BTreeMap<ActionId, Stage>,
    frozen: Option<u64>,
    freeze_ids: BTreeSet<ActionId>,
    /// Who confirmed an action as the first of two, while it waits for the second.
    first: BTreeMap<ActionId, Option<ActorName>>,
    remembered: Option<LogHead>,
    tree: Tree,
    /// The key that signs the heads, and the record that named it first.
    log_key: Option<(u64, String)>,
}

impl Chain {
    /// A chain without a leaf.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, for a log that is known to have had this head once. Only so can a log be found out
    /// whose last records were cut off, or that was written anew from some record on.
    #[must_use]
    pub fn expecting(remembered: LogHead) -> Self {
        Self { remembered: Some(remembered), ..Self::default() }
    }

    /// How many leaves were found good; the sequence number that the next one must have.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree over the leaves that were found good.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The key that signs the heads of the log from here on, as the first start or the newest
    /// rotation names it.
    #[must_use]
    pub fn log_key(&self) -> Option<&str> {
        self.log_key.as_ref().map(|(_, key)| key.as_str())
    }

    /// The record that named this key first.
    #[must_use]
    pub fn log_key_since(&self) -> Option<u64> {
        self.log_key.as_ref().map(|(seq, _)| *seq)
    }

    /// The actions that are confirmed, dispatched or unknown, in the order of their ids.
    pub fn open(&self) -> impl Iterator<Item = (ActionId, Stage)> {
        self.stages.iter().filter(|(_, stage)| stage.is_open()).map(|(id, stage)| (*id, *stage))
    }

    /// Checks the next leaf.
    ///
    /// # Errors
    /// When it is too long, is not a canonical record of a known version, has another sequence
    /// number or predecessor, does not say by how much its clock went back, takes a step that its action cannot take or that
    /// a freeze forbids, or is not the one that was remembered.
    pub fn push(&mut self, leaf: &[u8]) -> Result<ChainLink, Broken> {
        let seq = self.size;
        let broken = |why: String| Broken { seq, why };
        let record = parse(leaf).map_err(broken)?;
        if record.seq != seq {
            return Err(broken(format!("it says that it is record {}", record.seq)));
        }
        if record.prev != self.head {
            return Err(broken("it does not name the hash of the record before it".to_owned()));
        }
        let back = self.at.and_then(|before| clock_back_ms(before, record.at));
        if record.clock_back_ms != back {
            return Err(broken(marked_wrong(back)));
        }
        let hash = Hash::of_leaf(leaf);
        let last = self.remembered.as_ref().filter(|head| head.size == seq + 1);
        if last.is_some_and(|head| head.hash != Some(hash)) {
            return Err(broken("it is not the record that was remembered".to_owned()));
        }
        let frozen = self.freeze(&record).map_err(broken)?;
        let left = self.step(&record).map_err(broken)?;
        // Before the record is in the tree: a rotation is about the records before it.
        let before = || TreeHead { size: seq, root: self.tree.root() };
        let log_key = named_key(&record.entry, self.log_key(), before).map_err(broken)?;
        self.frozen = frozen;
        if let Entry::Frozen { freeze_id: Some(id), .. } = &record.entry {
            self.freeze_ids.insert(*id);
        }
        self.size += 1;
        self.head = Some(hash);
        self.at = Some(record.at);
        self.clock_back += u64::from(back.is_some());
        let tiles = self.tree.push(hash);
        if let Some(key) = log_key {
            self.log_key = Some((seq, key));
        }
        Ok(ChainLink { record, hash, left, tiles })
    }

    /// The freeze that stands after a record.
    fn freeze(&self, record: &Record) -> Result<Option<u64>, String> {
        if let Entry::Frozen { freeze_id: Some(id), .. } = &record.entry
            && self.freeze_ids.contains(id)
        {
            return Err(format!("it declares a freeze under the id {id} again"));
        }
        match (&record.entry, self.frozen) {
            (Entry::Frozen { .. } | Entry::Unfrozen { .. }, _) if record.actor.is_none() => {
                Err("it is a freeze of nobody".to_owned())
            }
            (Entry::Frozen { .. }, None) => Ok(Some(record.seq)),
            (Entry::Unfrozen { freeze, .. }, Some(stands)) if *freeze == stands => Ok(None),
            (Entry::Unfrozen { freeze, .. }, _) => {
                Err(format!("it lifts the freeze of record {freeze}, which does not stand"))
            }
            (
                Entry::Frozen { .. }
                | Entry::Explained { .. }
                | Entry::FirstConfirmed { .. }
                | Entry::Confirmed { .. },
                Some(stands),
            ) => {
                let kind = record.entry.word();
                Err(format!("it is {kind} while the freeze of record {stands} stands"))
            }
            (_, stands) => Ok(stands),
        }
    }

    fn step(&mut self, record: &Record) -> Result<Option<Stage>, String> {
        let before = record.action_id.and_then(|id| self.stages.get(&id).copied());
        let Some(to) = record.entry.stage() else { return Ok(before) };
        let Some(id) = record.action_id else {
            return Err(format!("it is a step to {to} without an action"));
        };
        if !is_step(before, to) {
            let from = before.map_or("nothing", Stage::word);
            return Err(format!("action {id} cannot go from {from} to {to}"));
        }
        let by = record.actor.as_ref().map(|actor| actor.name.clone());
        if before == Some(Stage::FirstConfirmed) {
            let first = self.first.remove(&id).flatten();
            if to == Stage::Confirmed && (by.is_none() || first.is_none() || by == first) {
                return Err(format!("action {id} is confirmed by no second operator"));
            }
        }
        if to == Stage::FirstConfirmed {
            self.first.insert(id, by);
        }
        self.stages.insert(id, to);
        Ok(before)
    }

    /// Ends the log.
    ///
    /// # Errors
    /// When it is shorter than it is known to have been.
    pub fn finish(self) -> Result<Verified, Broken> {
        if let Some(head) = self.remembered.filter(|head| head.size > self.size) {
            let why = format!("the log ends here, and it had {} records once", head.size);
            return Err(Broken { seq: self.size, why });
        }
        Ok(Verified {
            size: self.size,
            head: self.head,
            root: self.tree.root(),
            signed: 0,
            clock_back: self.clock_back,
            newest: self.at,
        })
    }
}

/// Checks a whole log, leaf by leaf.
///
/// # Errors
/// The first record that is wrong; see [`Chain::push`].
pub fn verify<L: AsRef<[u8]>>(leaves: impl IntoIterator<Item = L>) -> Result<Verified, Broken> {
    let mut chain = Chain::new();
    for leaf in leaves {
        chain.push(leaf.as_ref())?;
    }
    chain.finish()
}

/// The key that a record gives the log, where it is another one than before. Only a rotation that the
/// key before has signed may do that. `head` is that of the records before this one.
///
/// # Errors
/// What is wrong with the record, as a clause.
pub fn named_key(
    entry: &Entry,
    before: Option<&str>,
    head: impl FnOnce() -> TreeHead,
) -> Result<Option<String>, String> {
    match (entry, before) {
        (
            Entry::Boot { log_key: Some(key), .. }
            | Entry::Founded { log_key: key, .. }
            | Entry::Restored { log_key: key, .. },
            None,
        ) => Ok(Some(key.clone())),
        (Entry::Founded { .. } | Entry::Restored { .. }, Some(_)) => {
            Err("it founds a log that was founded before".to_owned())
        }
        (Entry::Boot { log_key: Some(key), .. }, Some(before)) if key != before => {
            Err("it names another key of the log, and no record gave it one".to_owned())
        }
        (Entry::LogKeyRotated { old, new, note, .. }, Some(before)) if old == before => {
            let key = |text: &str| LogKey::parse(text).map_err(|e| e.to_string());
            let seen = check_rotation(&key(old)?, &key(new)?, note);
            let seen = seen.map_err(|e| format!("its rotation of the key is not good: {e}"))?;
            if seen == head() {
                return Ok(Some(new.clone()));
            }
            Err("its rotation of the key is about other records".to_owned())
        }
        (Entry::LogKeyRotated { .. }, _) => {
            Err("it rotates another key than the log has".to_owned())
        }
        _ => Ok(None),
    }
}

/// By how much a clock reads less than at the record before, in milliseconds; `None` where it does not.
#[must_use]
pub fn clock_back_ms(before: Timestamp, now: Timestamp) -> Option<u64> {
    let back = before.millis().saturating_sub(now.millis());
    u64::try_from(back).ok().filter(|back| *back > 0)
}

fn marked_wrong(back: Option<u64>) -> String {
    match back {
        Some(back) => format!(
            "its clock read {back} ms less than at the record before, and it does not say so"
        ),
        None => "it says that its clock went back, and it did not".to_owned(),
    }
}

/// Whether an action may go from one stage to another; `None` is "no record yet".
#[must_use]
pub fn is_step(from: Option<Stage>, to: Stage) -> bool {
    from.map_or(to == Stage::Requested, |from| from.next().contains(&to))
}

/// Reads a leaf, and refuses one that is not the canonical form of what it says: two leaves that
/// mean the same would have two hashes.
///
/// # Errors
/// A clause that says what is wrong.
pub fn parse(leaf: &[u8]) -> Result<Record, String> {
    if leaf.len() > LEAF_BYTES_MAX {
        return Err(format!("it has {} bytes, and {LEAF_BYTES_MAX} are the limit", leaf.len()));
    }
    let record: Record =
        serde_json::from_slice(leaf).map_err(|e| format!("it is not a record: {e}"))?;
    if record.v != RECORD_VERSION {
        return Err(format!("it has version {}, and {RECORD_VERSION} is known", record.v));
    }
    if record.leaf() != leaf {
        return Err("it is not in canonical form".to_owned());
    }
    Ok(record)
}
