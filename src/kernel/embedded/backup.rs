//! Backups: the image of the state in a file of its own, with a manifest that says what it must be.
//!
//! A backup is written under a name that no backup can have, made durable, read back and compared,
//! and only then renamed. So there is a whole one or none (C2.6). Its manifest holds the receipt of
//! the order: the backup and the proof that it was made appear together (C7.1).

use super::image::{self, About, Image};
use super::long::Meter;
use super::sqlite::StoreError;
use crate::crash;
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::model::pinned::ClusterIdentity;
use crate::model::progress::Unit;
use crate::model::receipt::Receipt;
use crate::model::text::PlaceName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

/// The version of the manifest.
const FORMAT: u32 = 1;
/// Bytes between two looks at how far it is.
const CHUNK: usize = 1024 * 1024;
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
    Store(#[from] StoreError),
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
    pub about: About,
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

/// Makes a backup in the directory of a cluster; gives its manifest.
///
/// # Errors
/// When it could not be made. `renamed` says whether it may be there all the same.
pub(super) fn create(
    dir: &Path,
    image: &Image,
    manifest: impl FnOnce((u64, Hash)) -> Manifest,
    meter: &Meter,
    renamed: &mut bool,
) -> Result<Manifest, BackupError> {
    let bytes = image.frames.concat();
    let manifest = manifest((bytes.len() as u64, Hash::of(&bytes)));
    let backups = dir.join(BACKUPS);
    fs::create_dir_all(&backups).map_err(|e| BackupError::io("create", &backups, e))?;
    sync(dir)?;
    // No name begins with a dot, so this is no backup.
    let unfinished = backups.join(format!(".{}.unfinished", manifest.name));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|e| BackupError::io("remove", &unfinished, e))?;
    }
    fs::create_dir(&unfinished).map_err(|e| BackupError::io("create", &unfinished, e))?;
    write(&unfinished.join(STATE), &bytes, meter)?;
    crash::point("kernel.backup_state_written");
    let text = serde_json::to_vec_pretty(&manifest).expect("a manifest holds text keys only");
    write(&unfinished.join(MANIFEST), &text, meter)?;
    sync(&unfinished)?;
    let (found, _) = read_back(&unfinished, meter)?;
    if found != manifest {
        return Err(BackupError::damaged(&unfinished, "it reads back as something else"));
    }
    crash::point("kernel.backup_verified");
    let place = backups.join(manifest.name.as_str());
    if place.exists() {
        return Err(BackupError::damaged(&place, "the name is taken"));
    }
    *renamed = true;
    fs::rename(&unfinished, &place).map_err(|e| BackupError::io("rename", &place, e))?;
    sync(&backups)?;
    crash::point("kernel.backup_renamed");
    Ok(manifest)
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
    let (manifest, _) = read(&place)?;
    Ok(Some(manifest.receipt).filter(|receipt| receipt.action_id == id))
}

/// Reads a backup whole, and compares it with its manifest.
///
/// # Errors
/// When a file is missing or is not what the manifest says; the error names it.
pub fn read(dir: &Path) -> Result<(Manifest, Vec<u8>), BackupError> {
    read_back(dir, &Meter::unheard())
}

fn read_back(dir: &Path, meter: &Meter) -> Result<(Manifest, Vec<u8>), BackupError> {
    let manifest = read_manifest(dir)?;
    let path = dir.join(STATE);
    let bytes = read_file(&path, meter).map_err(|e| BackupError::io("read", &path, e))?;
    if bytes.len() as u64 != manifest.bytes {
        let what = format!("it has {} bytes, and should have {}", bytes.len(), manifest.bytes);
        return Err(BackupError::damaged(&path, what));
    }
    let sha256 = Hash::of(&bytes);
    if sha256 != manifest.sha256 {
        let what = format!("its SHA-256 is {sha256}, and should be {}", manifest.sha256);
        return Err(BackupError::damaged(&path, what));
    }
    let (about, digest) =
        image::read(&bytes).map_err(|e| BackupError::damaged(&path, e.to_string()))?;
    if (&about, digest) != (&manifest.about, manifest.digest) {
        return Err(BackupError::damaged(&path, "its lines are not those of the manifest"));
    }
    Ok((manifest, bytes))
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
        image: &Image,
        receipt: Receipt,
        (bytes, sha256): (u64, Hash),
        receipts: Vec<Receipt>,
    ) -> Self {
        let (about, digest) = (image.about.clone(), image.digest);
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

fn write(path: &Path, bytes: &[u8], meter: &Meter) -> Result<(), BackupError> {
    let mut file = File::create_new(path).map_err(|e| BackupError::io("create", path, e))?;
    meter.begin(format!("writing {}", name_of(path)), Unit::Bytes, bytes.len() as u64);
    let mut written = bytes.chunks(CHUNK).try_for_each(|chunk| {
        file.write_all(chunk)?;
        meter.advance(chunk.len() as u64);
        Ok(())
    });
    written = written.and_then(|()| file.sync_all());
    written.map_err(|e| BackupError::io("write", path, e))
}

fn read_file(path: &Path, meter: &Meter) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    meter.begin(format!("reading {} back", name_of(path)), Unit::Bytes, size);
    let mut bytes = Vec::new();
    loop {
        let read = Read::take(&mut file, CHUNK as u64).read_to_end(&mut bytes)?;
        if read == 0 {
            return Ok(bytes);
        }
        meter.advance(read as u64);
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
