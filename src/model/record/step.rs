//! What an entry does to its action, and to the key of the log.

use super::Entry;
use crate::model::action::Stage;

impl Entry {
    /// The stage that this entry moves its action to; `None` for entries that move none.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Requested { .. } => Some(Stage::Requested),
            Self::Explained { .. } => Some(Stage::Explained),
            Self::Rejected { .. } => Some(Stage::Rejected),
            Self::FirstConfirmed { .. } => Some(Stage::FirstConfirmed),
            Self::Confirmed { .. } => Some(Stage::Confirmed),
            Self::Stale { .. } => Some(Stage::Stale),
            Self::Withdrawn { .. } => Some(Stage::Withdrawn),
            Self::Dispatched { .. } => Some(Stage::Dispatched),
            Self::Executed { .. } => Some(Stage::Executed),
            Self::Refused { .. } => Some(Stage::Refused),
            Self::Unknown { .. } => Some(Stage::Unknown),
            Self::Voided { .. } => Some(Stage::Voided),
            Self::Finding { executed, .. } => Some(executed.stage()),
            Self::Boot { .. }
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
            | Self::Stopped { .. }
            | Self::MismatchAccepted { .. }
            | Self::AccessEnded { .. } => None,
        }
    }

    /// The key that this entry names for the heads of the log, in the form of signed notes.
    #[must_use]
    pub fn into_log_key(self) -> Option<String> {
        match self {
            Self::Boot { log_key, .. } => log_key,
            Self::LogKeyRotated { new: key, .. }
            | Self::Founded { log_key: key, .. }
            | Self::Restored { log_key: key, .. } => Some(key),
            _ => None,
        }
    }
}
