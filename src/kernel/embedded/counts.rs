//! How many saves each file of the cluster was known to hold: what the files remember of each other.
//!
//! A file that is rolled back together with its seal is whole, and its own. So every save of a file
//! also writes how many saves of the others were made by then. A commit is on the disk before it is
//! counted here, so no file remembers a save of another that could still be lost.
//!
//! Why a node that was rolled back cannot win an election with an acknowledged write missing: a write
//! is acknowledged after a majority saved it and after the primary saved that it is committed. A
//! follower saves it after the primary did, and the primary saves the commit after the followers
//! did. So each node that holds the write is remembered, with the save that holds it, by another.
//!
//! Beside the files of all nodes stands what was known after the last command (`saves.seal`), for the
//! case that all of them are rolled back together. It is not synced: a kill does not lose it, and a
//! power cut leaves counts that are too small, or none.

use super::sqlite::{DiskError, to_json};
use crate::files::private;
use crate::model::canonical::Hash;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counts, shared by all files of one kernel.
#[derive(Clone, Debug, Default)]
pub(in crate::kernel) struct SaveCounts(Arc<Mutex<BTreeMap<String, u64>>>);

impl SaveCounts {
    /// Counts a save that is on the disk.
    pub(super) fn raise(&self, file: &str, saves: u64) {
        let mut counts = self.lock();
        match counts.get_mut(file) {
            Some(held) => *held = saves.max(*held),
            None => drop(counts.insert(file.to_owned(), saves)),
        }
    }

    /// Learns what a file remembers.
    pub(super) fn learn(&self, known: &BTreeMap<String, u64>) {
        for (file, saves) in known {
            self.raise(file, *saves);
        }
    }

    /// How many saves of a file are known.
    pub(super) fn of(&self, file: &str) -> u64 {
        self.lock().get(file).copied().unwrap_or(0)
    }

    /// How many saves of every other file are known.
    pub(super) fn others_of(&self, file: &str) -> BTreeMap<String, u64> {
        let mut counts = self.lock().clone();
        counts.remove(file);
        counts
    }

    /// How many saves of every file are known.
    fn all(&self) -> BTreeMap<String, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        // It is whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the file beside those of the nodes.
const NOTED: &str = "saves.seal";
/// More than the counts of all nodes are long.
const NOTED_BYTES_MAX: u64 = 64 * 1024;

/// What was known after the last command, in a file that belongs to no node.
#[derive(Debug)]
pub(super) struct KeptCounts {
    path: PathBuf,
    /// `None` where there was none when it was opened.
    file: Option<File>,
    cluster_id: String,
    counts: SaveCounts,
    last: BTreeMap<String, u64>,
}

impl KeptCounts {
    /// Opens the file where there is one, and learns what stands in it. What is damaged or
    /// of another cluster says nothing.
    pub(super) fn open(
        dir: &Path,
        cluster_id: &str,
        counts: SaveCounts,
    ) -> Result<Self, DiskError> {
        let path = dir.join(NOTED);
        let file = if path.exists() {
            let opened = File::options().read(true).write(true).open(&path);
            Some(opened.map_err(|error| failed("open", &error))?)
        } else {
            None
        };
        let mut text = String::new();
        let read = file.as_ref().map(|file| file.take(NOTED_BYTES_MAX).read_to_string(&mut text));
        if let Some(known) = read.and_then(Result::ok).and_then(|_| parse(&text, cluster_id)) {
            counts.learn(&known);
        }
        Ok(Self { path, file, cluster_id: cluster_id.to_owned(), counts, last: BTreeMap::new() })
    }

    /// Writes what is known now, where it is more than what stands there. Makes the file where there is
    /// none.
    pub(super) fn note(&mut self) -> Result<(), DiskError> {
        let all = self.counts.all();
        if all == self.last {
            return Ok(());
        }
        let line = line(&self.cluster_id, &all);
        let file = match self.file.take() {
            Some(file) => file,
            None => private::create_file(&self.path)?,
        };
        let written = self.file.insert(file).write_all_at(line.as_bytes(), 0);
        written.map_err(|error| failed("write", &error))?;
        self.last = all;
        Ok(())
    }
}

fn failed(doing: &str, error: &std::io::Error) -> DiskError {
    DiskError::corrupt(format!("cannot {doing} {NOTED}: {error}"))
}

/// What stands in the file. Counts only grow, so a line is never shorter than the one before.
fn line(cluster_id: &str, known: &BTreeMap<String, u64>) -> String {
    let text = format!("{cluster_id} {}", to_json(known));
    format!("{text} {}\n", Hash::of(text.as_bytes()))
}

fn parse(text: &str, cluster_id: &str) -> Option<BTreeMap<String, u64>> {
    let known = serde_json::from_str(text.split(' ').nth(1)?).ok()?;
    (text == line(cluster_id, &known)).then_some(known)
}
