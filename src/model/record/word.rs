//! The kind of a record in a word: what stands in the leaf, in the index and in a filter.

use super::Entry;

impl Entry {
    /// Every kind of entry, in order: what a filter of the log may name.
    pub const WORDS: [&str; 34] = [
        "boot",
        "requested",
        "explained",
        "rejected",
        "first_confirmed",
        "confirmed",
        "stale",
        "withdrawn",
        "dispatched",
        "executed",
        "refused",
        "unknown",
        "voided",
        "finding",
        "settle_requested",
        "frozen",
        "unfrozen",
        "duplicate",
        "declined",
        "denied",
        "log_key_rotated",
        "setup_link_issued",
        "account_created",
        "signed_in",
        "signed_out",
        "proved_again",
        "sign_in_failed",
        "token_issued",
        "token_revoked",
        "link_issued",
        "link_used",
        "link_revoked",
        "role_changed",
        "account_removed",
    ];

    /// The kind of the entry, as it stands in the leaf and in the index.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Boot { .. } => "boot",
            Self::Requested { .. } => "requested",
            Self::Explained { .. } => "explained",
            Self::Rejected { .. } => "rejected",
            Self::FirstConfirmed { .. } => "first_confirmed",
            Self::Confirmed { .. } => "confirmed",
            Self::Stale { .. } => "stale",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Dispatched { .. } => "dispatched",
            Self::Executed { .. } => "executed",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
            Self::Voided { .. } => "voided",
            Self::Finding { .. } => "finding",
            Self::SettleRequested { .. } => "settle_requested",
            Self::Frozen { .. } => "frozen",
            Self::Unfrozen { .. } => "unfrozen",
            Self::Duplicate { .. } => "duplicate",
            Self::Declined { .. } => "declined",
            Self::Denied { .. } => "denied",
            Self::LogKeyRotated { .. } => "log_key_rotated",
            Self::SetupLinkIssued {} => "setup_link_issued",
            Self::AccountCreated { .. } => "account_created",
            Self::SignedIn { .. } => "signed_in",
            Self::SignedOut {} => "signed_out",
            Self::ProvedAgain {} => "proved_again",
            Self::SignInFailed { .. } => "sign_in_failed",
            Self::TokenIssued { .. } => "token_issued",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::LinkIssued { .. } => "link_issued",
            Self::LinkUsed { .. } => "link_used",
            Self::LinkRevoked { .. } => "link_revoked",
            Self::RoleChanged { .. } => "role_changed",
            Self::AccountRemoved { .. } => "account_removed",
        }
    }
}
