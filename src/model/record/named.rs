//! What a record names by its hash, because it is too big for a record.

use super::Entry;
use crate::model::canonical::Hash;

impl Entry {
    /// The hashes of the blobs that this entry names, in the order in which they stand in it.
    #[must_use]
    pub fn blobs(&self) -> Vec<Hash> {
        match self {
            Self::Explained { explanation, snapshot, .. }
            | Self::Rejected { explanation, snapshot, .. }
            | Self::Stale { explanation, snapshot, .. } => vec![*explanation, *snapshot],
            Self::FirstConfirmed { snapshot, .. } | Self::Confirmed { snapshot, .. } => {
                vec![*snapshot]
            }
            Self::Executed { snapshot, .. } | Self::Stopped { snapshot, .. } => {
                snapshot.iter().copied().collect()
            }
            Self::MismatchAccepted { findings, .. } => vec![*findings],
            Self::Boot { .. }
            | Self::Requested { .. }
            | Self::Withdrawn { .. }
            | Self::Dispatched { .. }
            | Self::Refused { .. }
            | Self::Unknown { .. }
            | Self::Voided { .. }
            | Self::Finding { .. }
            | Self::SettleRequested { .. }
            | Self::Frozen { .. }
            | Self::Unfrozen { .. }
            | Self::Duplicate { .. }
            | Self::Declined { .. }
            | Self::Denied { .. }
            | Self::LogKeyRotated { .. }
            | Self::SetupLinkIssued {}
            | Self::AccountCreated { .. }
            | Self::SignedIn { .. }
            | Self::SignedOut {}
            | Self::ProvedAgain {}
            | Self::SignInFailed { .. }
            | Self::TokenIssued { .. }
            | Self::TokenRevoked { .. }
            | Self::LinkIssued { .. }
            | Self::LinkUsed { .. }
            | Self::LinkRevoked { .. }
            | Self::RoleChanged { .. }
            | Self::AccountRemoved { .. }
            | Self::PasswordChanged { .. }
            | Self::SessionsEnded { .. }
            | Self::Founded { .. }
            | Self::Restored { .. }
            | Self::AccessEnded { .. } => Vec::new(),
        }
    }

    /// The hash of the observation that this entry names, where it names one.
    #[must_use]
    pub fn snapshot(&self) -> Option<Hash> {
        match self {
            Self::Explained { snapshot, .. }
            | Self::Rejected { snapshot, .. }
            | Self::Stale { snapshot, .. }
            | Self::FirstConfirmed { snapshot, .. }
            | Self::Confirmed { snapshot, .. } => Some(*snapshot),
            Self::Executed { snapshot, .. } | Self::Stopped { snapshot, .. } => *snapshot,
            _ => None,
        }
    }
}
