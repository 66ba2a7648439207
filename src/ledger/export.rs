//! Writes a log as files that tools of others read: C2SP `tlog-tiles`, and the blobs.

use super::chain::{Broken, Chain, Verified};
use super::fault::StepFault;
use super::heads::{HeadRule, Heads};
use super::note::{LogKey, LogSigner};
use super::tree::{TILE_WIDTH, Tile, TreeHead};
use super::{LedgerError, blob, layout};
use crate::model::ambient::{NoRoom, Room};
use crate::model::canonical::Hash;
use crate::store::{StoreError, StoreReader};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What a file takes of a disk beyond its bytes, at most.
const BLOCK_BYTES: u64 = 4096;

/// Why nothing was exported. The target is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The target holds something.
    #[error("{} is there and not empty; name a new directory", path.display())]
    Occupied {
        /// The directory that was named as the target.
        path: PathBuf,
    },
    /// An export to the same target was interrupted, or is running.
    #[error("{} is what an interrupted export left behind; remove it first", path.display())]
    Unfinished {
        /// Where it was written.
        path: PathBuf,
    },
    /// The disk of the target is too full.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The log has no record, so no key and no head.
    #[error("the log is empty")]
    Empty,
    /// The key is not the one that the log names.
    #[error("the key at hand is {key}, and the log names {}", named.as_deref().unwrap_or("none"))]
    OtherKey {
        /// The key at hand.
        key: String,
        /// The key that the log names.
        named: Option<String>,
    },
    /// The first record that is wrong. A log that does not verify is not signed.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The log could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// The file of the export that is not complete.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<StepFault> for ExportError {
    fn from(fault: StepFault) -> Self {
        match fault {
            StepFault::Broken(broken) => Self::Broken(broken),
            StepFault::Ledger(error) => Self::Ledger(error),
            StepFault::Derived(why) => Self::Broken(Broken { seq: 0, why }),
        }
    }
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The log as it was recomputed on the way.
    pub log: Verified,
    /// The key that checks the signed head.
    pub key: LogKey,
    /// Number of blobs beside the tiles.
    pub blobs: u64,
}

/// Exports one snapshot of the log in a database file, which may be live, to a directory that is new
/// or empty. The records are checked on the way.
///
/// Everything is written and synced under another name first: the target is there whole, or not at
/// all, and where there is too little room for it nothing is begun. `progress` hears the number of records, every thousand.
///
/// # Errors
/// When the target holds something, the disk has too little room, the log does not verify or names
/// another key, or the disk refuses.
pub fn export(
    database: &Path,
    signer: &LogSigner,
    target: &Path,
    room: &dyn Room,
    progress: &mut dyn FnMut(u64),
) -> Result<Exported, ExportError> {
    let unfinished = check_target(target)?;
    let reader = StoreReader::open_read_only(database)?;
    room.check(&parent(target), reader.read(bytes_max)?)?;
    let mut files = ExportDir::begin(&unfinished)?;
    let exported = reader.read(|connection| write_all(connection, signer, &mut files, progress));
    let exported = match exported {
        Ok(exported) => exported,
        Err(why) => {
            // Ours, made a moment ago and worth nothing. If it stays, the next export says so.
            let _ = fs::remove_dir_all(&unfinished);
            return Err(why);
        }
    };
    files.finish()?;
    fs::rename(&unfinished, target).map_err(|e| failed(target, e))?;
    sync_dir(&parent(target))?;
    Ok(exported)
}

/// Where the export is written before it has its name.
fn check_target(target: &Path) -> Result<PathBuf, ExportError> {
    let occupied = || ExportError::Occupied { path: target.to_owned() };
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(occupied()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Err(occupied()),
        Err(e) => return Err(failed(target, e)),
    }
    let name = target.file_name().ok_or_else(occupied)?;
    let name = format!(".{}.unfinished", name.to_string_lossy());
    let unfinished = parent(target).join(name);
    // It takes room too, and is the better news.
    if unfinished.exists() {
        return Err(ExportError::Unfinished { path: unfinished });
    }
    Ok(unfinished)
}

/// The most bytes that an export of this log can have: what the file holds of the records and their
/// hashes, and each blob unpacked in a file of its own.
fn bytes_max(connection: &Connection) -> Result<u64, ExportError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    let held = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    let blobs = number("SELECT coalesce(sum(raw_len), 0) FROM blob")?;
    let in_blocks = number("SELECT count(*) FROM blob")?.saturating_mul(BLOCK_BYTES);
    Ok(held.saturating_add(blobs).saturating_add(in_blocks))
}

fn parent(target: &Path) -> PathBuf {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn write_all(
    connection: &Connection,
    signer: &LogSigner,
    files: &mut ExportDir,
    progress: &mut dyn FnMut(u64),
) -> Result<Exported, ExportError> {
    let mut chain = Chain::new();
    let mut bundle = Vec::new();
    let mut statement = connection.prepare("SELECT bytes FROM leaf ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut heads = connection.prepare("SELECT size, root, note FROM checkpoint ORDER BY size")?;
    let mut heads = Heads::new(heads.query([])?)?;
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(0)?;
        let link = chain.push(&leaf)?;
        // What was signed before and is not there any more must not be signed over.
        heads.check(&chain)?;
        layout::put(&mut bundle, &leaf);
        for tile in &link.tiles {
            files.tile(tile)?;
        }
        if chain.size().is_multiple_of(TILE_WIDTH as u64) {
            let index = chain.size() / TILE_WIDTH as u64 - 1;
            files.write(&layout::entries(index, TILE_WIDTH), &bundle)?;
            bundle.clear();
        }
        if chain.size().is_multiple_of(1000) {
            progress(chain.size());
        }
    }
    heads.finish(&chain, HeadRule::of(connection)?)?;
    let size = chain.size();
    let rest = usize::try_from(size % TILE_WIDTH as u64).expect("less than a tile");
    if rest > 0 {
        files.write(&layout::entries(size / TILE_WIDTH as u64, rest), &bundle)?;
    }
    for tile in chain.tree().edge() {
        files.tile(&tile)?;
    }
    let key = signer.public();
    if size == 0 {
        return Err(ExportError::Empty);
    }
    if chain.log_key() != Some(key.to_string().as_str()) {
        let named = chain.log_key().map(str::to_owned);
        return Err(ExportError::OtherKey { key: key.to_string(), named });
    }
    let blobs = write_blobs(connection, files)?;
    let head = TreeHead { size, root: chain.tree().root() };
    files.write(layout::KEY, format!("{key}\n").as_bytes())?;
    files.write(layout::CHECKPOINT, signer.sign(head).as_bytes())?;
    Ok(Exported { log: Verified { signed: size, ..chain.finish()? }, key, blobs })
}

fn write_blobs(connection: &Connection, files: &mut ExportDir) -> Result<u64, ExportError> {
    let mut statement = connection.prepare("SELECT sha256, seq FROM blob ORDER BY seq, sha256")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (hash, seq) = (Hash::from_bytes(row.get(0)?), row.get(1)?);
        let missing = || Broken { seq, why: format!("its blob {hash} is missing") };
        let bytes = blob::load(connection, hash)?.ok_or_else(missing)?;
        files.write(&layout::blob(hash), &bytes)?;
        count += 1;
    }
    Ok(count)
}

/// Files below one directory, each durable when it is written, their names when it is finished.
struct ExportDir {
    root: PathBuf,
    dirs: BTreeSet<PathBuf>,
}

impl ExportDir {
    fn begin(root: &Path) -> Result<Self, ExportError> {
        match DirBuilder::new().mode(0o700).create(root) {
            Ok(()) => Ok(Self { root: root.to_owned(), dirs: BTreeSet::from([root.to_owned()]) }),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Err(ExportError::Unfinished { path: root.to_owned() })
            }
            Err(e) => Err(failed(root, e)),
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.root.join(name);
        for dir in path.ancestors().skip(1).take_while(|dir| *dir != self.root) {
            self.dirs.insert(dir.to_owned());
        }
        let dir = parent(&path);
        DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(|e| failed(&dir, e))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| failed(&path, e))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| failed(&path, e))
    }

    fn tile(&mut self, tile: &Tile) -> Result<(), ExportError> {
        let name = layout::tile(tile.level, tile.index, tile.hashes.len());
        self.write(&name, &tile.bytes())
    }

    fn finish(self) -> Result<(), ExportError> {
        self.dirs.iter().try_for_each(|dir| sync_dir(dir))
    }
}

fn sync_dir(dir: &Path) -> Result<(), ExportError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| failed(dir, e))
}

fn failed(path: &Path, source: io::Error) -> ExportError {
    ExportError::File { path: path.to_owned(), source }
}
