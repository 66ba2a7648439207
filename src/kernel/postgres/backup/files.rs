//! The files of base backups: written as they arrive, read back, listed.

use super::archive::ArchiveListing;
use super::{
    ARCHIVE, BackupContents, BackupDescription, BaseBackupError, DESCRIPTION, MANIFEST,
    MANIFEST_BYTES_MAX, WrittenArchive,
};
use crate::files::sync_directory;
use crate::kernel::postgres::manifest::BackupManifest;
use crate::kernel::progress::ProgressReporter;
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::model::progress::Unit;
use crate::model::receipt::Receipt;
use crate::model::text::PlaceName;
use bytes::{Buf as _, Bytes};
use rustix::fs::{Advice, fadvise};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// The longest description that is read, in bytes: what the server warned of is the longest part of it.
const DESCRIPTION_BYTES_MAX: u64 = 1024 * 1024;
/// How much of a file is read at once, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;
const UNFINISHED: &str = ".partial";

/// Where a backup of this name is written. No name begins with a dot, so this is no backup.
pub(super) fn unfinished_path(dir: &Path, name: &PlaceName) -> PathBuf {
    dir.join(format!(".{name}{UNFINISHED}"))
}

/// An archive on its way from the server into a file: what is read of it was written first.
pub(super) struct ArrivingArchive<W> {
    parts: mpsc::Receiver<Bytes>,
    part: Bytes,
    file: W,
    sum: RunningSum,
}

/// How much was read, its hash, and why reading failed.
#[derive(Default)]
struct RunningSum {
    bytes: u64,
    hasher: Sha256,
    failed: Option<io::Error>,
}

impl RunningSum {
    fn add(&mut self, part: &[u8]) {
        self.bytes = self.bytes.saturating_add(part.len().try_into().unwrap_or(u64::MAX));
        self.hasher.update(part);
    }

    /// Keeps why reading failed: what reads the archive has its own words for it.
    fn fail(&mut self, error: io::Error) -> io::Error {
        let kind = error.kind();
        self.failed.get_or_insert(error);
        kind.into()
    }

    /// What was read, where it is one whole archive.
    fn end(
        &mut self,
        doing: &'static str,
        path: &Path,
        listing: io::Result<ArchiveListing>,
    ) -> Result<WrittenArchive, BaseBackupError> {
        if let Some(error) = self.failed.take() {
            return Err(BaseBackupError::io(doing, path)(error));
        }
        let listing = listing.map_err(|error| BaseBackupError::damaged(path, error.to_string()))?;
        let sha256 = Hash::from_bytes(std::mem::take(&mut self.hasher).finalize().into());
        Ok(WrittenArchive { listing, bytes: self.bytes, sha256 })
    }
}

impl<W: Write> ArrivingArchive<W> {
    pub(super) fn new(file: W, parts: mpsc::Receiver<Bytes>) -> Self {
        Self { parts, part: Bytes::new(), file, sum: RunningSum::default() }
    }

    /// Writes all of it.
    pub(super) fn read_whole(&mut self, path: &Path) -> Result<WrittenArchive, BaseBackupError> {
        let listing = ArchiveListing::read(self);
        self.sum.end("write", path, listing)
    }

    /// The file that it is in.
    pub(super) fn into_file(self) -> W {
        self.file
    }
}

impl<W: Write> Read for ArrivingArchive<W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            let Some(part) = self.parts.blocking_recv() else { return Ok(0) };
            if let Err(error) = self.file.write_all(&part) {
                return Err(self.sum.fail(error));
            }
            self.sum.add(&part);
            self.part = part;
        }
        let length = buffer.len().min(self.part.len());
        let (to, from) = (buffer.get_mut(..length), self.part.get(..length));
        if let (Some(to), Some(from)) = (to, from) {
            to.copy_from_slice(from);
        }
        self.part.advance(length);
        Ok(length)
    }
}

/// An archive that is read from a file.
struct StoredArchive<'a> {
    file: File,
    sum: RunningSum,
    progress: &'a ProgressReporter,
}

impl Read for StoredArchive<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = match self.file.read(buffer) {
            Ok(length) => length,
            Err(error) => return Err(self.sum.fail(error)),
        };
        let part = buffer.get(..length).unwrap_or_default();
        self.sum.add(part);
        self.progress.advance(length.try_into().unwrap_or(u64::MAX));
        Ok(length)
    }
}

/// Whether an archive and its manifest are those of a description, and go together.
pub(super) fn check_contents(
    dir: &Path,
    contents: &BackupContents,
    manifest: &[u8],
    archive: &WrittenArchive,
) -> Result<(), BaseBackupError> {
    let manifest_path = dir.join(MANIFEST);
    let in_manifest = |what: String| BaseBackupError::damaged(&manifest_path, what);
    let found = Hash::of(manifest);
    if found != contents.manifest_sha256 {
        let required = contents.manifest_sha256;
        return Err(in_manifest(format!("its SHA-256 is {found}, and should be {required}")));
    }
    let read = BackupManifest::parse(manifest).map_err(in_manifest)?;
    if let Some(of) = read.system_identifier.filter(|of| *of != contents.system_identifier) {
        let required = contents.system_identifier;
        return Err(in_manifest(format!("it is of the system {of}, and should be of {required}")));
    }
    read.check_wal(contents.begins, contents.ends).map_err(in_manifest)?;
    let path = dir.join(ARCHIVE);
    archive.listing.compare(&read).map_err(|what| BaseBackupError::damaged(&path, what))?;
    let found = (archive.bytes, archive.sha256, archive.listing.len());
    if found == (contents.bytes, contents.sha256, contents.files) {
        return Ok(());
    }
    let ((bytes, sha256, files), of) = (found, contents);
    let what = format!(
        "it has {bytes} bytes, {files} files and the SHA-256 {sha256}, and should have {}, {} and {}",
        of.bytes, of.files, of.sha256
    );
    Err(BaseBackupError::damaged(&path, what))
}

/// Reads a backup whole from the disk.
pub(super) fn read_back(
    dir: &Path,
    progress: &ProgressReporter,
) -> Result<BackupDescription, BaseBackupError> {
    let description = read_description(dir)?;
    let manifest = dir.join(MANIFEST);
    let limit = u64::try_from(MANIFEST_BYTES_MAX).unwrap_or(u64::MAX);
    let manifest = read_limited(&manifest, limit)?;
    let path = dir.join(ARCHIVE);
    let io = |doing| BaseBackupError::io(doing, &path);
    let file = File::open(&path).map_err(io("open"))?;
    let size = file.metadata().map_err(io("read"))?.len();
    // What was written a moment ago is in memory still, and would be compared with itself. A file system
    // that cannot forget it reads what it has.
    let _ = fadvise(&file, 0, None, Advice::DontNeed);
    progress.begin("reading the base backup back", Unit::Bytes, size);
    let mut stored = StoredArchive { file, sum: RunningSum::default(), progress };
    let listing =
        ArchiveListing::read(&mut io::BufReader::with_capacity(BUFFER_BYTES, &mut stored));
    let archive = stored.sum.end("read", &path, listing)?;
    check_contents(dir, &description.contents, &manifest, &archive)?;
    Ok(description)
}

/// Reads a backup whole and compares it with its manifest and its description; gives the latter.
///
/// # Errors
/// When a file is missing, cannot be read, or is not what the others say of it; the error names it.
pub fn verify_backup(
    dir: &Path,
    progress: &ProgressReporter,
) -> Result<BackupDescription, BaseBackupError> {
    let description = read_back(dir, progress)?;
    let name = dir.file_name().and_then(|name| name.to_str());
    if name == Some(description.name.as_str()) {
        return Ok(description);
    }
    let what = format!("it describes the backup {}", description.name);
    Err(BaseBackupError::damaged(&dir.join(DESCRIPTION), what))
}

/// The receipt of an action in the backup of this name, where there is one and it was made for that
/// action. The answer is for ever: where there is none, the order that would have made it has ended.
///
/// # Errors
/// When something of that name is there that is no whole backup, or the directory cannot be read.
pub fn kept(
    dir: &Path,
    name: &PlaceName,
    id: ActionId,
) -> Result<Option<Receipt>, BaseBackupError> {
    let path = dir.join(name.as_str());
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BaseBackupError::io("look for", &path)(error)),
        Ok(_) => {}
    }
    // It may have been renamed without that being durable.
    sync_directory(dir)?;
    let description = verify_backup(&path, &ProgressReporter::unheard())?;
    Ok(Some(description.receipt).filter(|receipt| receipt.action_id == id))
}

/// The backups in a directory, in the order of their names. One whose description cannot be read has none
/// here, and its name is taken all the same. None of their archives is read.
///
/// # Errors
/// When the directory cannot be read. One that is not there holds none.
pub fn list_backups(
    dir: &Path,
) -> Result<Vec<(PlaceName, Option<BackupDescription>)>, BaseBackupError> {
    let names = entries(dir)?.into_iter().filter_map(|name| PlaceName::parse(&name).ok());
    let described = |name: PlaceName| {
        let description = read_description(&dir.join(name.as_str())).ok();
        let description = description.filter(|description| description.name == name);
        (name, description)
    };
    Ok(names.map(described).collect())
}

/// The names of backups that were begun and did not come to their end. Nothing reads or removes what is
/// left of them but another attempt under the same name.
///
/// # Errors
/// When the directory cannot be read.
pub fn unfinished_backups(dir: &Path) -> Result<Vec<String>, BaseBackupError> {
    let inner = |name: String| Some(name.strip_prefix('.')?.strip_suffix(UNFINISHED)?.to_owned());
    Ok(entries(dir)?.into_iter().filter_map(inner).collect())
}

/// The names in a directory that are text, in their order.
fn entries(dir: &Path) -> Result<Vec<String>, BaseBackupError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(BaseBackupError::io("read", dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BaseBackupError::io("read", dir))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn read_description(dir: &Path) -> Result<BackupDescription, BaseBackupError> {
    BackupDescription::parse(dir, &read_limited(&dir.join(DESCRIPTION), DESCRIPTION_BYTES_MAX)?)
}

/// Reads a file that is no longer than `limit` bytes.
fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, BaseBackupError> {
    let file = File::open(path).map_err(BaseBackupError::io("open", path))?;
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(BaseBackupError::io("read", path))?;
    if u64::try_from(read).is_ok_and(|read| read <= limit) {
        return Ok(bytes);
    }
    Err(BaseBackupError::damaged(path, format!("it has more than {limit} bytes")))
}
