//! Verification of a node: the server reads every page of every database and compares it with its
//! checksum, and sends none of them. It changes nothing but that it makes a checkpoint first.

use super::replication::{
    BackupPart, BackupTarget, NoticeLog, ReplicationClient, ReplicationError,
};
use crate::kernel::progress::ProgressReporter;
use crate::model::action::ActionId;
use crate::model::progress::Unit;
use crate::model::receipt::Verification;
use crate::model::text::NodeId;

/// What the server calls data that is not what it must be.
const DATA_CORRUPTED: &str = "XX001";
/// The setting that says whether pages carry checksums, and its value where all of them do.
const CHECKSUMS: (&str, &str) = ("data_checksums", "on");

/// Why a node was not verified. It says nothing of its pages.
#[derive(Debug, thiserror::Error)]
pub enum NodeVerifyError {
    /// Pages carry no checksums, or not all of them.
    #[error("data_checksums is {found} there, so its pages cannot be verified; nothing was read")]
    NoChecksums {
        /// What the server says of them.
        found: String,
    },
    /// The server did not come to an end of it.
    #[error(transparent)]
    Server(#[from] ReplicationError),
}

/// Lets a node read all its pages; gives what was found as a sentence and as a verdict.
///
/// # Errors
/// When the server cannot do it, or gave up before its end for another reason than a rotten page.
pub async fn verify_node(
    client: &mut ReplicationClient,
    node: &NodeId,
    id: ActionId,
    progress: &ProgressReporter,
) -> Result<(String, Verification), NodeVerifyError> {
    let (setting, required) = CHECKSUMS;
    let found = client.setting(setting).await?;
    if found != required {
        return Err(NodeVerifyError::NoChecksums { found });
    }
    drop(client.take_notices());
    let ended = read_pages(client, id, progress).await;
    let notices = client.take_notices();
    let read = match ended {
        Ok(read) => read,
        Err(error) => {
            let findings = rotten_pages(&error, &notices).ok_or(error)?;
            let sentence = format!("DAMAGED, pages of {node}: {}.", findings.join("; "));
            return Ok((sentence, Verification::Damaged { findings }));
        }
    };
    let warnings = notices.warnings();
    if warnings.is_empty() {
        let sentence = format!(
            "The server read {read} bytes of {node}, and every page has the checksum that it carries."
        );
        return Ok((sentence, Verification::Sound));
    }
    // It came to its end and warned on the way: not every page was compared.
    let why = warnings.join("; ");
    let sentence = format!("Not every page of {node} was compared: {why}.");
    Ok((sentence, Verification::NotCompared { why }))
}

/// How many bytes were read.
async fn read_pages(
    client: &mut ReplicationClient,
    id: ActionId,
    progress: &ProgressReporter,
) -> Result<u64, ReplicationError> {
    let mut stream = client.base_backup(BackupTarget::Blackhole, id).await?;
    progress.begin("reading every page", Unit::Bytes, stream.bytes());
    let mut read = 0_u64;
    while let Some(part) = stream.next().await? {
        match part {
            BackupPart::Progress(done) => {
                progress.advance(done.saturating_sub(read));
                read = read.max(done);
            }
            BackupPart::Archive(_) | BackupPart::Manifest(_) => {
                let what = "pages that were to stay there".to_owned();
                return Err(ReplicationError::Unexpected { what });
            }
        }
    }
    Ok(read)
}

/// What the server found in pages, in its words, where it gave up because of them; `None` where it gave up
/// for another reason. Its warnings name the files and blocks, its error only that there were some.
pub(super) fn rotten_pages(error: &ReplicationError, notices: &NoticeLog) -> Option<Vec<String>> {
    let ReplicationError::Refused { code, message } = error else { return None };
    (code == DATA_CORRUPTED).then(|| {
        let mut findings = notices.warnings();
        findings.push(message.clone());
        findings
    })
}
