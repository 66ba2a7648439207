//! What somebody checks who is shown a log and remembers an earlier head of it. Pure, so that the
//! browser does it with the same code as everything else here.
//!
//! It trusts no root, size or hash that it is sent: each is recomputed, or signed and compared.

use crate::ledger::note::{LogKey, NoteError};
use crate::ledger::rotation::check_rotation;
use crate::ledger::tree::{
    PROOF_HASHES_MAX, ProofError, TreeHead, verify_consistency, verify_inclusion,
};
use crate::model::answer::{ConsistencyProof, InclusionProof, SignedHead, StoredRecord};
use crate::model::canonical::Hash;
use crate::model::record::Entry;
use serde::{Deserialize, Serialize};

/// What is kept of a head that was found good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedHead {
    /// The key that signed it, in the form of signed notes.
    pub key: String,
    /// How many records there were.
    pub size: u64,
    /// Root hash of the tree of that size.
    pub root: Hash,
}

/// Why a log is not what it is said to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The head is not signed as it should be.
    #[error("the head of the log is not good: {0}")]
    Head(#[from] NoteError),
    /// The head says one thing beside its note and another in it.
    #[error("the head of the log does not say what is signed")]
    HeadDiffers,
    /// Another key signs than before.
    #[error("the log is signed with {now}, and was signed with {before}")]
    OtherKey {
        /// The key that was remembered.
        before: String,
        /// The key that signs now.
        now: String,
    },
    /// The log is shorter than it was.
    #[error("the log has {now} records, and had {before}")]
    Shrunk {
        /// How many were remembered.
        before: u64,
        /// How many there are now.
        now: u64,
    },
    /// The log does not begin with the records that were remembered.
    #[error("the log does not begin with the {before} records that were seen earlier: {why}")]
    Rewritten {
        /// How many were remembered.
        before: u64,
        /// What the proof lacks.
        why: ProofError,
    },
    /// What is remembered does not read.
    #[error("what was remembered of the log cannot be read")]
    Memory,
    /// A record is not in the log, or not as it was shown.
    #[error("record {seq} is not in the log as it is shown: {why}")]
    Record {
        /// The sequence number of the record.
        seq: u64,
        /// What is wrong with it, as a clause.
        why: String,
    },
}

/// Checks the head of a log whose key was not changed; see [`check_head_after`].
///
/// # Errors
/// When it cannot be a later head of the log that is remembered.
pub fn check_head(
    head: &SignedHead,
    remembered: Option<&TrustedHead>,
) -> Result<TrustedHead, HeadError> {
    check_head_after(head, remembered, &[])
}

/// Checks the head: its signature, and that it can be a later head of the log that is remembered.
/// `rotations` are the records that gave the log another key, oldest first: another key than the one
/// that is remembered is believed only where it leads to it, each signed by the one before.
///
/// # Errors
/// When it cannot.
pub fn check_head_after(
    head: &SignedHead,
    remembered: Option<&TrustedHead>,
    rotations: &[StoredRecord],
) -> Result<TrustedHead, HeadError> {
    if let Some(before) = remembered.filter(|before| before.key != head.key) {
        let led_to = follow(before, rotations)?;
        if led_to != head.key {
            let (before, now) = (before.key.clone(), head.key.clone());
            return Err(HeadError::OtherKey { before, now });
        }
    }
    let signed = LogKey::parse(&head.key)?.open(&head.note)?;
    if signed.size != head.head.size || signed.root != head.root {
        return Err(HeadError::HeadDiffers);
    }
    if let Some(before) = remembered.filter(|before| before.size > signed.size) {
        return Err(HeadError::Shrunk { before: before.size, now: signed.size });
    }
    Ok(TrustedHead { key: head.key.clone(), size: signed.size, root: signed.root })
}

/// The key to which rotations lead from the one that is remembered.
fn follow(remembered: &TrustedHead, rotations: &[StoredRecord]) -> Result<String, HeadError> {
    let mut key = remembered.key.clone();
    for stored in rotations {
        let Entry::LogKeyRotated { old, new, note, .. } = &stored.record.entry else { continue };
        if *old != key {
            continue;
        }
        let seen = check_rotation(&LogKey::parse(old)?, &LogKey::parse(new)?, note)?;
        // A head that the old key signed after it was put away is somebody else's.
        if seen.size < remembered.size {
            return Err(HeadError::OtherKey { before: key, now: new.clone() });
        }
        key.clone_from(new);
    }
    Ok(key)
}

/// Checks that the log begins with the records that are remembered.
///
/// # Errors
/// When the proof does not show it.
pub fn check_past(
    remembered: &TrustedHead,
    now: &TrustedHead,
    proof: Option<&ConsistencyProof>,
) -> Result<(), HeadError> {
    let path = proof.map_or(&[][..], |proof| proof.path.as_slice());
    let (before, after) = (seen(remembered), seen(now));
    let checked = if path.len() > PROOF_HASHES_MAX {
        Err(ProofError::Length)
    } else {
        verify_consistency(before, after, path)
    };
    checked.map_err(|why| HeadError::Rewritten { before: remembered.size, why })
}

/// Checks that a record has the hash that is shown, from its own bytes, and is in the log.
///
/// # Errors
/// When it does not, or is not.
pub fn check_record(
    seq: u64,
    shown: Hash,
    now: &TrustedHead,
    proof: &InclusionProof,
) -> Result<(), HeadError> {
    let record = &proof.record.record;
    let wrong = |why: &str| Err(HeadError::Record { seq, why: why.to_owned() });
    if record.seq != seq {
        return wrong("another record was sent");
    }
    if record.hash() != shown {
        return wrong("its bytes do not have the hash that is shown");
    }
    if proof.path.len() > PROOF_HASHES_MAX {
        return wrong("its proof is too long");
    }
    let checked = verify_inclusion(seq, now.size, shown, &proof.path, now.root);
    checked.map_err(|why| HeadError::Record { seq, why: why.to_string() })
}

fn seen(memory: &TrustedHead) -> TreeHead {
    TreeHead { size: memory.size, root: memory.root }
}
