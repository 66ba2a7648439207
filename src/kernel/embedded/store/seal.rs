//! The seal of a node's file: by it bytes that were damaged are told from those that were written.
//!
//! SQLite looks at the form of its pages and not at what is in them, and takes a write-ahead log
//! that was cut for one that is shorter. So the node keeps, in `node.seal` beside its file, the
//! SHA-256 of the file as the last checkpoint left it, and how many saves it has made. The file
//! changes in a checkpoint only, and while one runs the seal is open. The count is written after
//! each save and not synced: a kill does not lose it, and a power cut leaves one that is too small,
//! never one that is too large.

use super::StoreError;
use crate::model::canonical::Hash;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Bytes that are hashed at once.
const PART_BYTES: usize = 1 << 16;
/// A digest that no file has: the seal is open.
const OPEN: [u8; 32] = [0; 32];

/// The open seal of one file.
#[derive(Debug)]
pub(super) struct Seal {
    file: File,
    of: PathBuf,
    saves: u64,
    digest: Hash,
}

fn failed(doing: &str, error: &io::Error) -> StoreError {
    StoreError::corrupt(format!("cannot {doing}: {error}"))
}

/// The name of a file, as it is named to an operator.
fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

impl Seal {
    fn path(of: &Path) -> PathBuf {
        of.with_extension("seal")
    }

    /// Seals a file that was just made and is closed.
    pub(super) fn create(of: &Path) -> Result<(), StoreError> {
        let file = File::create_new(Self::path(of)).map_err(|e| failed("make node.seal", &e))?;
        let mut seal = Self { file, of: of.to_owned(), saves: 0, digest: Hash::from_bytes(OPEN) };
        seal.close()
    }

    /// Reads the seal of a file, and compares the file with it. Nobody has the file open.
    pub(super) fn open(of: &Path) -> Result<Self, StoreError> {
        let path = Self::path(of);
        let file = File::options().read(true).write(true).open(&path);
        let file = file.map_err(|e| failed("open node.seal", &e))?;
        let mut text = String::new();
        (&file).take(1024).read_to_string(&mut text).map_err(|e| failed("read node.seal", &e))?;
        let (saves, digest) = parse(&text).ok_or_else(|| {
            StoreError::corrupt("node.seal is damaged: it is not what was written")
        })?;
        let seal = Self { file, of: of.to_owned(), saves, digest };
        if seal.is_closed() {
            let found = seal.digest_of_the_file()?;
            if found != digest {
                return Err(StoreError::corrupt(format!(
                    "{} is damaged: its SHA-256 is {found}, and the last checkpoint left {digest}",
                    name(of)
                )));
            }
        }
        Ok(seal)
    }

    /// The same seal, for somebody who only reads.
    pub(super) fn beside(&self) -> Result<Self, StoreError> {
        let file = self.file.try_clone().map_err(|e| failed("open node.seal again", &e))?;
        Ok(Self { file, of: self.of.clone(), saves: self.saves, digest: self.digest })
    }

    /// Whether the file is what it was when the seal was closed. While it is open, a checkpoint was
    /// interrupted, and the write-ahead log still holds what it had begun to move.
    pub(super) fn is_closed(&self) -> bool {
        self.digest.bytes() != &OPEN
    }

    /// Compares how many saves the file holds with how many were made.
    pub(super) fn compare(&self, held: u64) -> Result<(), StoreError> {
        if held >= self.saves {
            return Ok(());
        }
        Err(StoreError::corrupt(format!(
            "{}-wal is damaged: with it the file holds {held} saves, and {} were made",
            name(&self.of),
            self.saves
        )))
    }

    /// Notes how many saves were made.
    pub(super) fn note(&mut self, saves: u64) -> Result<(), StoreError> {
        self.saves = saves;
        self.write()
    }

    /// Opens the seal before a checkpoint; durable when this returns.
    pub(super) fn break_open(&mut self) -> Result<(), StoreError> {
        self.digest = Hash::from_bytes(OPEN);
        self.write_durably()
    }

    /// Closes the seal after a checkpoint; durable when this returns.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        self.digest = self.digest_of_the_file()?;
        self.write_durably()
    }

    fn write_durably(&self) -> Result<(), StoreError> {
        self.write()?;
        self.file.sync_all().map_err(|e| failed("sync node.seal", &e))
    }

    fn write(&self) -> Result<(), StoreError> {
        let line = line(self.saves, self.digest);
        self.file.write_all_at(line.as_bytes(), 0).map_err(|e| failed("write node.seal", &e))
    }

    fn digest_of_the_file(&self) -> Result<Hash, StoreError> {
        let doing = |e: io::Error| failed(&format!("read {}", name(&self.of)), &e);
        let mut file = File::open(&self.of).map_err(doing)?;
        let (mut hasher, mut part) = (Sha256::new(), vec![0; PART_BYTES]);
        loop {
            let length = file.read(&mut part).map_err(doing)?;
            let Some(read) = part.get(..length).filter(|read| !read.is_empty()) else { break };
            hasher.update(read);
        }
        Ok(Hash::from_bytes(hasher.finalize().into()))
    }
}

/// What stands in the file: always of the same length, and written in one piece.
fn line(saves: u64, digest: Hash) -> String {
    let text = format!("{saves:020} {digest}");
    format!("{text} {}\n", Hash::of(text.as_bytes()))
}

fn parse(text: &str) -> Option<(u64, Hash)> {
    let mut words = text.trim_end().split(' ');
    let (saves, digest) = (words.next()?.parse().ok()?, Hash::parse(words.next()?)?);
    (text == line(saves, digest)).then_some((saves, digest))
}
