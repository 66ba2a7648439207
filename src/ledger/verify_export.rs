//! Verifies an export without a server, a database or a key of ours: from its files alone (C9.2).

use super::blob::BLOB_BYTES_MAX;
use super::chain::{Broken, Verified};
use super::layout;
use super::note::{LogKey, NOTE_BYTES_MAX};
use super::tree::{TILE_HEIGHT, TILE_WIDTH, Tile, TreeHead, tile_hashes};
use super::verify::{ExpectedLog, VerifyError};
use crate::model::canonical::Hash;
use crate::model::record::LEAF_BYTES_MAX;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Whether a directory is an export, and not a data directory.
#[must_use]
pub fn is_export(dir: &Path) -> bool {
    dir.join(layout::CHECKPOINT).is_file()
}

/// Where the files of an export are read, by their names in the public layout.
pub trait ExportFiles {
    /// Reads a file that has at most so many bytes.
    ///
    /// # Errors
    /// When it is not there, is longer, or cannot be read.
    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>>;
}

/// The files below one directory.
struct Directory<'a>(&'a Path);

impl ExportFiles for Directory<'_> {
    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.0.join(name))?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Verifies an export in a directory; see [`verify_files`].
///
/// # Errors
/// As [`verify_files`].
pub fn verify_export(
    dir: &Path,
    expected: &ExpectedLog,
    progress: &mut dyn FnMut(u64),
) -> Result<Verified, VerifyError> {
    verify_files(&Directory(dir), expected, progress)
}

/// Verifies an export: the signature of its head, each record from its bytes, their chain and steps,
/// every tile, every blob that a record names, and that all this has the root that was signed.
/// Memory does not grow with the records, only with one stage per action.
///
/// # Errors
/// The first record that is wrong, by its sequence number; or that the head is not good.
pub fn verify_files(
    files: &dyn ExportFiles,
    expected: &ExpectedLog,
    progress: &mut dyn FnMut(u64),
) -> Result<Verified, VerifyError> {
    let mut export = Export { files, checked: BTreeSet::new() };
    let (key, head) = export.head()?;
    let (mut chain, mut watch) = (expected.chain(), expected.watch());
    for index in 0..head.size.div_ceil(WIDTH) {
        let count = usize::try_from(WIDTH.min(head.size - index * WIDTH)).unwrap_or(TILE_WIDTH);
        let name = layout::entries(index, count);
        let bundle =
            export.read(&name, BUNDLE_BYTES_MAX).map_err(|e| at(chain.size(), &name, &e))?;
        let hashes = export.hashes(index, count)?;
        let mut rest = bundle.as_slice();
        for hash in hashes {
            let seq = chain.size();
            let broken = |why: String| Broken { seq, why };
            let leaf = layout::take(&mut rest).ok_or_else(|| broken(format!("{name} is cut")))?;
            // The chain alone would notice some changes only at the record after this one.
            if Hash::of_leaf(leaf) != hash {
                return Err(broken("it does not have its hash in the tile".to_owned()).into());
            }
            let link = chain.push(leaf)?;
            watch.look(&chain);
            for tile in &link.tiles {
                export.compare(tile)?;
            }
            for hash in link.record.entry.blobs() {
                export.check_blob(hash).map_err(broken)?;
            }
            if seq % 1000 == 999 {
                progress(seq + 1);
            }
        }
        if !rest.is_empty() {
            let why = format!("{name} goes on after its last record");
            return Err(Broken { seq: chain.size(), why }.into());
        }
    }
    for tile in chain.tree().edge() {
        export.compare(&tile)?;
    }
    if chain.tree().root() != head.root {
        let why = "these are not the records that were signed".to_owned();
        return Err(Broken { seq: head.size.saturating_sub(1), why }.into());
    }
    if chain.log_key() != Some(key.to_string().as_str()) {
        let what = "no record names the key of the head".to_owned();
        let unnamed = VerifyError::Derived { size: chain.size(), what };
        let why = "it names another key than the one that signs the head".to_owned();
        return Err(chain.log_key_since().map_or(unnamed, |seq| Broken { seq, why }.into()));
    }
    let verified = Verified { signed: head.size, ..chain.finish()? };
    watch.finish(verified.size)?;
    progress(verified.size);
    Ok(verified)
}

const WIDTH: u64 = TILE_WIDTH as u64;
/// The longest file of 256 leaves.
const BUNDLE_BYTES_MAX: usize = TILE_WIDTH * (LEAF_BYTES_MAX + 2);

fn at(seq: u64, name: &str, error: &io::Error) -> Broken {
    Broken { seq, why: format!("{name} cannot be read: {error}") }
}

/// Blobs that are remembered as good, so that the one that many records name is read once.
const CHECKED_BLOBS_MAX: usize = 4096;

struct Export<'a> {
    files: &'a dyn ExportFiles,
    checked: BTreeSet<Hash>,
}

impl Export<'_> {
    /// Reads a file that is at most so long.
    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(name, limit)?;
        if bytes.len() > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too long"));
        }
        Ok(bytes)
    }

    fn head(&self) -> Result<(LogKey, TreeHead), VerifyError> {
        let head = |why: String| VerifyError::Head { why };
        let text = |name: &str| {
            let bytes = self.read(name, NOTE_BYTES_MAX).map_err(|e| format!("{name}: {e}"))?;
            String::from_utf8(bytes).map_err(|_| format!("{name} is not text"))
        };
        let key = text(layout::KEY).map_err(head)?;
        let key = LogKey::parse(key.trim_end()).map_err(|e| head(e.to_string()))?;
        let note = text(layout::CHECKPOINT).map_err(head)?;
        let seen = key.open(&note).map_err(|e| head(e.to_string()))?;
        Ok((key, seen))
    }

    /// The hashes in the file of a tile, which is to hold so many; `first` is its first record.
    fn tile(&self, name: &str, first: u64, count: usize) -> Result<Vec<Hash>, Broken> {
        let bytes = self.read(name, TILE_WIDTH * 32).map_err(|e| at(first, name, &e))?;
        let found = tile_hashes(&bytes).filter(|found| found.len() == count);
        found.ok_or_else(|| Broken { seq: first, why: format!("{name} has another length") })
    }

    /// The hashes of the records of one bundle.
    fn hashes(&self, index: u64, count: usize) -> Result<Vec<Hash>, Broken> {
        self.tile(&layout::tile(0, index, count), index << TILE_HEIGHT, count)
    }

    /// The file of a tile holds the hashes that the records give.
    fn compare(&self, tile: &Tile) -> Result<(), Broken> {
        let height = TILE_HEIGHT * tile.level;
        let first = tile.index << (height + TILE_HEIGHT);
        let name = layout::tile(tile.level, tile.index, tile.hashes.len());
        let found = self.tile(&name, first, tile.hashes.len())?;
        let wrong = |seq, why: &str| Broken { seq, why: format!("{name} {why}") };
        let differs = (0u64..).zip(found.iter().zip(&tile.hashes)).find(|(_, (a, b))| a != b);
        match differs {
            Some((at, _)) => Err(wrong(first + (at << height), "has another hash for it")),
            None => Ok(()),
        }
    }

    fn check_blob(&mut self, hash: Hash) -> Result<(), String> {
        if self.checked.contains(&hash) {
            return Ok(());
        }
        let name = layout::blob(hash);
        let bytes = self.read(&name, BLOB_BYTES_MAX).map_err(|e| format!("{name}: {e}"))?;
        if Hash::of(&bytes) != hash {
            return Err(format!("{name} has other bytes"));
        }
        if self.checked.len() < CHECKED_BLOBS_MAX {
            self.checked.insert(hash);
        }
        Ok(())
    }
}
