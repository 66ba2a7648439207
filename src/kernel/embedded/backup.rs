//! Backups: the image of the state in a file of its own, with a manifest that says what it must be.
//!
//! A backup is written under a name that no backup can have, made durable, read back and compared,
//! and only then renamed. So there is a whole one or none (C2.6). Its manifest holds the receipt of
//! the order: the backup and the proof that it was made appear together (C7.1).

use super::job::ProgressReporter;
use super::sqlite::DiskError;
use super::state_snapshot::{self, Lines, SnapshotHeader};
use super::store::NodeStore;
use crate::crash;
use crate::files::{FileError, private};
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::model::pinned::ClusterIdentity;
use crate::model::progress::Unit;
use crate::model::receipt::Receipt;
use crate::model::text::PlaceName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

/// The version of the manifest.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const STATE: &str = "state.jsonl.zst";
const BACKUPS: &str = "backups";

/// A backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or directory cannot be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The files are not what the manifest says.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The state could not be read, or written into a node.
    #[error(transparent)]
    Store(#[from] DiskError),
    /// A file or directory could not be made.
    #[error(transparent)]
    File(#[from] FileError),
}

impl BackupError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// What a backup is, and what its file must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the manifest.
    pub format: u32,
    /// Its name.
    pub name: PlaceName,
    /// The cluster that it was made of.
    pub cluster: ClusterIdentity,
    /// How many nodes the founding of that cluster made.
    pub founders: u64,
    /// What the state contains.
    pub about: SnapshotHeader,
    /// The SHA-256 of the lines of the state.
    pub digest: Hash,
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file, as `sha256sum` prints it.
    pub sha256: Hash,
    /// The proof that the order was executed.
    pub receipt: Receipt,
    /// The receipts that no log holds: of switches, earlier backups and verifications.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
}

/// The state of a backup, as it was written.
pub(super) struct State {
    pub(super) about: SnapshotHeader,
    pub(super) digest: Hash,
    bytes: u64,
    sha256: Hash,
}

/// Makes a backup in the directory of a cluster; gives its manifest. What was begun is removed where
/// it does not come to its end.
///
/// # Errors
/// When it could not be made. `renamed` says whether it may be there all the same.
pub(super) fn create(
    dir: &Path,
    name: &PlaceName,
    store: &NodeStore,
    manifest: impl FnOnce(State) -> Manifest,
    meter: &ProgressReporter,
    renamed: &mut bool,
) -> Result<Manifest, BackupError> {
    let backups = dir.join(BACKUPS);
    private::create_directories(&backups)?;
    sync(dir)?;
    // No name begins with a dot, so this is no backup.
    let unfinished = backups.join(format!(".{name}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|e| BackupError::io("remove", &unfinished, e))?;
    }
    let made = write_out(&unfinished, store, manifest, meter).and_then(|manifest| {
        let place = backups.join(name.as_str());
        if place.exists() {
            return Err(BackupError::damaged(&place, "the name is taken"));
        }
        *renamed = true;
        fs::rename(&unfinished, &place).map_err(|e| BackupError::io("rename", &place, e))?;
        sync(&backups)?;
        crash::failpoint("kernel.backup_renamed");
        Ok(manifest)
    });
    if made.is_err() && !*renamed {
        // Room for the record of the refusal, which may be what there is none for. What cannot be
        // removed is named by the next start.
        let _ = fs::remove_dir_all(&unfinished);
    }
    made
}

/// Writes a backup under a name that none can have, durably, and reads it back.
fn write_out(
    unfinished: &Path,
    store: &NodeStore,
    manifest: impl FnOnce(State) -> Manifest,
    meter: &ProgressReporter,
) -> Result<Manifest, BackupError> {
    private::create_directory(unfinished)?;
    let manifest = manifest(write_state(&unfinished.join(STATE), store, meter)?);
    crash::failpoint("kernel.backup_state_written");
    let text = serde_json::to_vec_pretty(&manifest).expect("a manifest holds text keys only");
    let path = unfinished.join(MANIFEST);
    let mut file = private::create_file(&path)?;
    let written = file.write_all(&text).and_then(|()| file.sync_all());
    written.map_err(|e| BackupError::io("write", &path, e))?;
    sync(unfinished)?;
    if check(unfinished, meter)?.0 != manifest {
        return Err(BackupError::damaged(unfinished, "it reads back as something else"));
    }
    crash::failpoint("kernel.backup_verified");
    Ok(manifest)
}

fn write_state(
    path: &Path,
    store: &NodeStore,
    meter: &ProgressReporter,
) -> Result<State, BackupError> {
    let mut file = private::create_file(path)?;
    let (mut bytes, mut hasher) = (0, Sha256::new());
    let mut failed = None;
    let packed = store.pack(meter, &mut |frame| {
        bytes += frame.len() as u64;
        hasher.update(frame);
        file.write_all(frame).map_err(|error| {
            let what = DiskError::corrupt(error.to_string());
            failed = Some(error);
            what
        })
    });
    if let Some(error) = failed {
        return Err(BackupError::io("write", path, error));
    }
    let (about, digest) = packed?;
    file.sync_all().map_err(|e| BackupError::io("write", path, e))?;
    Ok(State { about, digest, bytes, sha256: Hash::from_bytes(hasher.finalize().into()) })
}

/// The receipt of an action in the backup of this name, where there is one and it is of that action.
///
/// # Errors
/// When something of that name is there that is no whole backup, or the directory cannot be synced.
pub(super) fn kept(
    dir: &Path,
    name: &PlaceName,
    id: ActionId,
) -> Result<Option<Receipt>, BackupError> {
    let backups = dir.join(BACKUPS);
    let place = backups.join(name.as_str());
    if !place.try_exists().map_err(|e| BackupError::io("look for", &place, e))? {
        return Ok(None);
    }
    // It may have been renamed without that being durable; the answer is for ever.
    sync(&backups)?;
    let (manifest, _) = check(&place, &ProgressReporter::unheard())?;
    Ok(Some(manifest.receipt).filter(|receipt| receipt.action_id == id))
}

/// Reads a backup whole, and compares it with its manifest. Gives that, and how many bytes the lines of
/// the state have unpacked.
///
/// # Errors
/// When a file is missing or is not what the manifest says; the error names it.
pub fn read(dir: &Path) -> Result<(Manifest, u64), BackupError> {
    check(dir, &ProgressReporter::unheard())
}

/// The packed state of a backup, to be read. Who reads it compares its lines with their digest.
pub(super) fn open_state(dir: &Path) -> Result<File, BackupError> {
    let path = dir.join(STATE);
    File::open(&path).map_err(|e| BackupError::io("read", &path, e))
}

/// The manifest, and how many bytes the lines have, where the files are what it says.
fn check(dir: &Path, meter: &ProgressReporter) -> Result<(Manifest, u64), BackupError> {
    let manifest = read_manifest(dir)?;
    let path = dir.join(STATE);
    let file = open_state(dir)?;
    let size = file.metadata().map_err(|e| BackupError::io("read", &path, e))?.len();
    if size != manifest.bytes {
        let what = format!("it has {size} bytes, and should have {}", manifest.bytes);
        return Err(BackupError::damaged(&path, what));
    }
    meter.begin(format!("reading {} back", name_of(&path)), Unit::Bytes, size);
    let mut reader = Hashed { file, hasher: Sha256::new(), meter };
    let lines = state_snapshot::read(&mut reader);
    // Also what the lines do not reach.
    io::copy(&mut reader, &mut io::sink()).map_err(|e| BackupError::io("read", &path, e))?;
    let sha256 = Hash::from_bytes(reader.hasher.finalize().into());
    if sha256 != manifest.sha256 {
        let what = format!("its SHA-256 is {sha256}, and should be {}", manifest.sha256);
        return Err(BackupError::damaged(&path, what));
    }
    let lines = lines.map_err(|e| BackupError::damaged(&path, e.to_string()))?;
    let Lines { about, digest, bytes } = lines;
    if (&about, digest) != (&manifest.about, manifest.digest) {
        return Err(BackupError::damaged(&path, "its lines are not those of the manifest"));
    }
    Ok((manifest, bytes))
}

/// Reads a file, and hashes what it reads.
struct Hashed<'a> {
    file: File,
    hasher: Sha256,
    meter: &'a ProgressReporter,
}

impl Read for Hashed<'_> {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(part)?;
        self.hasher.update(part.get(..length).unwrap_or_default());
        self.meter.advance(length as u64);
        Ok(length)
    }
}

fn read_manifest(dir: &Path) -> Result<Manifest, BackupError> {
    let path = dir.join(MANIFEST);
    let text = fs::read(&path).map_err(|e| BackupError::io("read", &path, e))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|e| BackupError::damaged(&path, format!("it cannot be read: {e}")))?;
    if manifest.format != FORMAT {
        let what = format!("it has format {}, and this program reads {FORMAT}", manifest.format);
        return Err(BackupError::damaged(&path, what));
    }
    Ok(manifest)
}

/// The backups in the directory of a cluster, with the receipts in their manifests. A directory
/// without a manifest that can be read is no backup.
pub(super) fn list(dir: &Path) -> BTreeMap<PlaceName, Receipt> {
    let entries = fs::read_dir(dir.join(BACKUPS)).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = PlaceName::parse(entry.file_name().to_str()?).ok()?;
            let manifest = read_manifest(&entry.path()).ok()?;
            (manifest.name == name).then_some((name, manifest.receipt))
        })
        .collect()
}

/// The names of backups that were begun and did not come to their end. Nothing reads or removes what
/// is left of them but another attempt under the same name.
pub(super) fn unfinished(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join(BACKUPS)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_prefix('.')?.strip_suffix(".unfinished")?.to_owned())
        })
        .collect();
    names.sort_unstable();
    names
}

impl Manifest {
    /// A manifest of this version.
    pub(super) fn new(
        name: PlaceName,
        cluster: ClusterIdentity,
        founders: u64,
        state: State,
        receipt: Receipt,
        receipts: Vec<Receipt>,
    ) -> Self {
        let State { about, digest, bytes, sha256 } = state;
        Self {
            format: FORMAT,
            name,
            cluster,
            founders,
            about,
            digest,
            bytes,
            sha256,
            receipt,
            receipts,
        }
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes a file or the entries of a directory durable.
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    let done = File::open(path).and_then(|file| file.sync_all());
    done.map_err(|e| BackupError::io("make durable", path, e))
}
