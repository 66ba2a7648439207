//! Base backups: what PostgreSQL sends, in one archive with its manifest, in a directory of this control
//! plane.
//!
//! A backup is written under a name that no backup can have. Every file in it is hashed while it arrives
//! and compared with the manifest, everything is made durable, read back from the disk and compared again,
//! and only then renamed. So there is a whole one or none (C2.6). Beside the archive stands the receipt of
//! the order: the backup and the proof that it was made appear together (C7.1).
//!
//! The archive holds the hashes of passwords and everything that the cluster holds: only the owner of this
//! process reads it. `pg_verifybackup` and `tar` read it without this program.

mod archive;
mod description;
mod error;
mod files;

use super::replication::{
    BackupPart, BackupStream, BackupTarget, ReplicationClient, ReplicationError, WalPosition,
};
use super::verify::rotten_pages;
use crate::crash;
use crate::files::{private, sync_directory, sync_parent};
use crate::kernel::progress::ProgressReporter;
use crate::model::action::ActionId;
use crate::model::ambient::Room;
use crate::model::canonical::Hash;
use crate::model::progress::Unit;
use crate::model::receipt::Receipt;
use crate::model::text::PlaceName;
use archive::ArchiveListing;
use bytes::Bytes;
use description::FORMAT;
use files::{ArrivingArchive, read_back};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

pub use description::{BackupContents, BackupDescription};
pub use error::BaseBackupError;
pub use files::{kept, list_backups, unfinished_backups, verify_backup};

/// Where backups are, in what the kernel keeps.
const BACKUPS: &str = "backups";
/// What PostgreSQL's own tools call these two.
const ARCHIVE: &str = "base.tar";
const MANIFEST: &str = "backup_manifest";
/// What this program says of it.
const DESCRIPTION: &str = "backup.json";
/// Most parts that wait to be written, each of at most 32 KiB as the server sends them.
const PARTS_MAX: usize = 32;
/// The longest manifest that is read, in bytes: that of a million files.
const MANIFEST_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why there is no backup, and whether that is certain.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct BackupFailure {
    /// What happened.
    pub error: BaseBackupError,
    /// Whether it has its name, or may have it. Where it has not, there is no backup and never will be
    /// one of this order.
    pub is_renamed: bool,
}

/// What is to be backed up, and where to.
#[derive(Clone, Debug)]
pub struct BackupPlan {
    /// The directory of all backups.
    pub dir: PathBuf,
    /// The name of this one, which is free.
    pub name: PlaceName,
    /// The action that it is made for. The server sees it in the label.
    pub action_id: ActionId,
    /// The system that the node must belong to.
    pub system_identifier: u64,
    /// How much room there is.
    pub room: Arc<dyn Room>,
    /// Told how far it is.
    pub progress: Arc<ProgressReporter>,
}

/// The directory of all backups, in the one where the kernel keeps what it alone remembers.
#[must_use]
pub fn backups_dir(kernel: &Path) -> PathBuf {
    kernel.join(BACKUPS)
}

/// Makes a base backup; gives what it says of itself. What was begun is removed where it does not come to
/// its end, and the connection is of no use after that.
///
/// # Errors
/// When it could not be made.
pub async fn create_backup(
    client: &mut ReplicationClient,
    plan: BackupPlan,
    receipt: impl FnOnce(&BackupContents) -> Receipt + Send + 'static,
) -> Result<BackupDescription, BackupFailure> {
    let certain = |error| BackupFailure { error, is_renamed: false };
    let own = plan.clone();
    let unfinished = spawn_blocking(move || prepare(&own)).await;
    let unfinished = unfinished.map_err(|error| certain(error.into()))?.map_err(certain)?;
    let received = receive(client, &plan, &unfinished).await;
    let finished = spawn_blocking(move || {
        let mut is_renamed = false;
        let finished = received
            .and_then(|received| finish(&plan, &unfinished, received, receipt, &mut is_renamed));
        if finished.is_err() && !is_renamed {
            // Room for the record of the refusal, which may be what there is none for. What cannot be
            // removed has no name that a backup can have.
            let _ = fs::remove_dir_all(&unfinished);
        }
        finished.map_err(|error| BackupFailure { error, is_renamed })
    });
    finished.await.unwrap_or_else(|error| {
        Err(BackupFailure { error: BaseBackupError::Writer(error), is_renamed: true })
    })
}

/// The directory in which it is written, empty.
fn prepare(plan: &BackupPlan) -> Result<PathBuf, BaseBackupError> {
    private::create_directories(&plan.dir)?;
    private::check_directory(&plan.dir)?;
    sync_parent(&plan.dir)?;
    check_free(&plan.dir.join(plan.name.as_str()))?;
    let unfinished = files::unfinished_path(&plan.dir, &plan.name);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BaseBackupError::io("remove", &unfinished)(error));
        }
        _ => {}
    }
    private::create_directory(&unfinished)?;
    Ok(unfinished)
}

fn check_free(path: &Path) -> Result<(), BaseBackupError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BaseBackupError::io("look for", path)(error)),
        Ok(_) => Err(BaseBackupError::Taken { path: path.to_owned() }),
    }
}

/// What arrived, written and not yet believed.
struct ReceivedBackup {
    begins: WalPosition,
    ends: WalPosition,
    manifest: Vec<u8>,
    archive: WrittenArchive,
    warnings: Vec<String>,
}

/// An archive in a file.
#[derive(Debug, PartialEq, Eq)]
struct WrittenArchive {
    listing: ArchiveListing,
    bytes: u64,
    sha256: Hash,
}

/// Lets the server send, and writes what arrives.
async fn receive(
    client: &mut ReplicationClient,
    plan: &BackupPlan,
    unfinished: &Path,
) -> Result<ReceivedBackup, BaseBackupError> {
    let found = client.identify_system().await?.system_identifier;
    if found != plan.system_identifier {
        return Err(BaseBackupError::OtherSystem { found, required: plan.system_identifier });
    }
    drop(client.take_notices());
    let mut stream = client.base_backup(BackupTarget::Client, plan.action_id).await?;
    let locations = stream.tablespaces.iter().filter_map(|one| one.location.clone());
    let locations: Vec<String> = locations.collect();
    if !locations.is_empty() {
        return Err(BaseBackupError::Tablespaces { locations });
    }
    plan.room.check(unfinished, stream.bytes())?;
    plan.progress.begin("receiving the base backup", Unit::Bytes, stream.bytes());
    let path = unfinished.join(ARCHIVE);
    let file = private::create_file(&path)?;
    let (sender, parts) = mpsc::channel(PARTS_MAX);
    let writer = spawn_blocking(move || write_archive(&path, file, parts));
    let begins = stream.begins;
    let pumped = pump(&mut stream, sender, &plan.progress).await;
    let ends = stream.ends();
    drop(stream);
    let written = writer.await?;
    let notices = client.take_notices();
    let manifest = match pumped {
        Ok(manifest) => manifest,
        Err(error) => {
            return Err(match rotten_pages(&error, &notices) {
                Some(findings) => BaseBackupError::Rotten { findings },
                None => BaseBackupError::Server(error),
            });
        }
    };
    // Where the writer failed, the sending ended for no other reason.
    let archive = written?;
    let (Some(manifest), Some(ends)) = (manifest, ends) else {
        let path = unfinished.join(ARCHIVE);
        return Err(BaseBackupError::damaged(&path, "it ended before the server did"));
    };
    Ok(ReceivedBackup { begins, ends, manifest, archive, warnings: notices.warnings() })
}

/// Hands on the archive as it arrives, and gives the manifest; `None` where nobody takes the archive any
/// more.
async fn pump(
    stream: &mut BackupStream<'_>,
    archive: mpsc::Sender<Bytes>,
    progress: &ProgressReporter,
) -> Result<Option<Vec<u8>>, ReplicationError> {
    let mut manifest = Vec::new();
    while let Some(part) = stream.next().await? {
        match part {
            BackupPart::Archive(part) => {
                progress.advance(part.len().try_into().unwrap_or(u64::MAX));
                if archive.send(part).await.is_err() {
                    return Ok(None);
                }
            }
            BackupPart::Manifest(part) => {
                if manifest.len().saturating_add(part.len()) > MANIFEST_BYTES_MAX {
                    let what = format!("a manifest of more than {MANIFEST_BYTES_MAX} bytes");
                    return Err(ReplicationError::Unexpected { what });
                }
                manifest.extend_from_slice(&part);
            }
            BackupPart::Progress(_) => {}
        }
    }
    Ok(Some(manifest))
}

/// Writes an archive while it is read, and makes it durable.
fn write_archive(
    path: &Path,
    file: File,
    parts: mpsc::Receiver<Bytes>,
) -> Result<WrittenArchive, BaseBackupError> {
    let mut arriving = ArrivingArchive::new(file, parts);
    let written = arriving.read_whole(path)?;
    arriving.into_file().sync_all().map_err(BaseBackupError::io("sync", path))?;
    crash::failpoint("kernel.base_backup_archive_written");
    Ok(written)
}

/// Believes what was received, if it is what the server says of it and reads back as that.
fn finish(
    plan: &BackupPlan,
    unfinished: &Path,
    received: ReceivedBackup,
    receipt: impl FnOnce(&BackupContents) -> Receipt,
    is_renamed: &mut bool,
) -> Result<BackupDescription, BaseBackupError> {
    let ReceivedBackup { begins, ends, manifest, archive, warnings } = received;
    let contents = BackupContents {
        system_identifier: plan.system_identifier,
        begins,
        ends,
        files: archive.listing.len(),
        bytes: archive.bytes,
        sha256: archive.sha256,
        manifest_sha256: Hash::of(&manifest),
        warnings,
    };
    files::check_contents(unfinished, &contents, &manifest, &archive)?;
    let receipt = receipt(&contents);
    let description =
        BackupDescription { format: FORMAT, name: plan.name.clone(), contents, receipt };
    write_file(&unfinished.join(MANIFEST), &manifest)?;
    let path = unfinished.join(DESCRIPTION);
    let text = description.text();
    let text = text.map_err(|error| BaseBackupError::damaged(&path, error.to_string()))?;
    write_file(&path, &text)?;
    sync_directory(unfinished)?;
    if read_back(unfinished, &plan.progress)? != description {
        return Err(BaseBackupError::damaged(unfinished, "it reads back as something else"));
    }
    crash::failpoint("kernel.base_backup_verified");
    let path = plan.dir.join(plan.name.as_str());
    // A directory that is empty would be replaced.
    check_free(&path)?;
    *is_renamed = true;
    fs::rename(unfinished, &path).map_err(BaseBackupError::io("rename", unfinished))?;
    sync_directory(&plan.dir)?;
    crash::failpoint("kernel.base_backup_renamed");
    Ok(description)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BaseBackupError> {
    let mut file = private::create_file(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(BaseBackupError::io("write", path))
}

#[cfg(test)]
mod tests;
