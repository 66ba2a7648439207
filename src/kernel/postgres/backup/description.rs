//! What this program says of a backup, in a file beside it.

use super::{BaseBackupError, DESCRIPTION};
use crate::kernel::postgres::replication::WalPosition;
use crate::model::canonical::Hash;
use crate::model::receipt::Receipt;
use crate::model::text::PlaceName;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the description.
pub(super) const FORMAT: u32 = 1;

/// What a base backup contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupContents {
    /// The system that it is of.
    pub system_identifier: u64,
    /// The checkpoint from which a restore replays.
    pub begins: WalPosition,
    /// A restore that has replayed up to here is consistent.
    pub ends: WalPosition,
    /// How many files the archive holds.
    pub files: usize,
    /// The size of the archive, in bytes.
    pub bytes: u64,
    /// The SHA-256 of the archive, as `sha256sum` prints it.
    pub sha256: Hash,
    /// The SHA-256 of the manifest.
    pub manifest_sha256: Hash,
    /// What the server warned of meanwhile, in its words.
    pub warnings: Vec<String>,
}

/// What this program says of a backup, in a file beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupDescription {
    /// The version of the description.
    pub format: u32,
    /// Its name.
    pub name: PlaceName,
    /// What it contains.
    pub contents: BackupContents,
    /// The proof that the order was executed.
    pub receipt: Receipt,
}

/// A description as it is written: with a checksum, as the manifest has one.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredDescription {
    description: BackupDescription,
    /// Of the description in one line.
    sha256: Hash,
}

impl BackupDescription {
    /// The bytes of the file that it is written into.
    pub(super) fn text(&self) -> Result<Vec<u8>, serde_json::Error> {
        let sha256 = Hash::of(&serde_json::to_vec(self)?);
        let stored = StoredDescription { description: self.clone(), sha256 };
        let mut text = serde_json::to_vec_pretty(&stored)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads the file of a backup: it holds what this program writes, to the byte.
    pub(super) fn parse(dir: &Path, text: &[u8]) -> Result<Self, BaseBackupError> {
        let damaged = |what: String| BaseBackupError::damaged(&dir.join(DESCRIPTION), what);
        let unreadable = |error: serde_json::Error| damaged(format!("it cannot be read: {error}"));
        let stored: StoredDescription = serde_json::from_slice(text).map_err(unreadable)?;
        let StoredDescription { description, .. } = stored;
        if description.format != FORMAT {
            let format = description.format;
            return Err(damaged(format!(
                "it has format {format}, and this program reads {FORMAT}"
            )));
        }
        if description.text().map_err(unreadable)? != text {
            return Err(damaged("it is not what was written there".to_owned()));
        }
        Ok(description)
    }
}
