//! Gives the log another key: an act of whoever holds the data directory, recorded like any other.
//!
//! The new key is on the disk before the record that names it, and takes the old one's place after.
//! At any stop in between the log names a key that is there, so nothing is lost or finished by itself.

use super::access::console;
use crate::crash;
use crate::ledger::{
    Draft, KEY_FILE, KeyError, Ledger, LedgerError, NEXT_KEY_FILE, existing_key, make_next,
    take_next,
};
use crate::model::ambient::Entropy;
use crate::model::record::Entry;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::Reason;
use std::path::Path;

/// What came of a request for another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The log has another key since this record.
    Now {
        /// The record.
        seq: u64,
        /// The key until then, in the form of signed notes.
        old: String,
        /// The key from then on.
        new: String,
    },
    /// An earlier request was stopped after its record and before the old key was gone. Now it is.
    Before {
        /// The key that the log has had since.
        new: String,
    },
}

/// Why the log has the key that it had.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The log has no key yet: the first start of a control plane makes it.
    #[error("the log names no key; the first start makes one")]
    NoKey,
    /// The key is not there, or not the one that the log names.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The record could not be made.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Records that somebody asked for another key while a control plane signs with the present one, and
/// gives the refusal back (C9.4). The ledger is one beside that control plane's.
///
/// # Errors
/// When it cannot be recorded. Nothing else was done either way.
pub async fn decline_rotation(ledger: &Ledger, reason: &Reason) -> Result<Refusal, LedgerError> {
    let sentence = format!(
        "A control plane runs on this data directory and signs its log, so the key was not changed \
         (reason given: {reason}). Stop it first. Nothing was done."
    );
    let refusal = Refusal::new(RefusalCode::InUse, sentence)
        .with_evidence("a control plane that runs", "none that runs");
    let entry = Entry::Declined { attempt: "rotate-log-key".to_owned(), refusal: refusal.clone() };
    ledger.append(vec![Draft::new(Some(console()), None, entry)]).await?;
    Ok(refusal)
}

/// Gives the log in this directory another key. The caller holds the lock of the directory, so that
/// no control plane signs with the old one meanwhile.
///
/// # Errors
/// When the key at hand is not the one that the log names, or record or key cannot be written. Then
/// the log has the key that it had, but for [`LedgerError::Unavailable`]: the next start says which.
pub async fn rotate_log_key(
    ledger: Ledger,
    dir: &Path,
    entropy: &dyn Entropy,
    reason: Reason,
) -> Result<Rotated, RotateError> {
    let named = ledger.reader().log_key()?.ok_or(RotateError::NoKey)?;
    let other = |path: &str, found: String| KeyError::Other {
        path: dir.join(path),
        found,
        named: named.to_string(),
    };
    let missing = || KeyError::Missing { path: dir.join(KEY_FILE), named: named.to_string() };
    let signer = existing_key(dir, Some(&named))?.ok_or_else(missing)?;
    if signer.public() != named {
        return Err(other(KEY_FILE, signer.public().to_string()).into());
    }
    let in_place = existing_key(dir, None)?.is_some_and(|held| held.public() == named);
    if !in_place {
        take_next(dir)?;
        return Ok(Rotated::Before { new: named.to_string() });
    }
    let next = make_next(dir, named.name(), entropy)?;
    let new = next.public();
    if new == named {
        return Err(other(NEXT_KEY_FILE, "the same key again".to_owned()).into());
    }
    crash::failpoint("log_key.made");
    let rotated = ledger.signing(signer).rotate_key(console(), next, reason).await?;
    crash::failpoint("log_key.recorded");
    take_next(dir)?;
    let (old, new) = (named.to_string(), new.to_string());
    Ok(Rotated::Now { seq: rotated.record.seq, old, new })
}
