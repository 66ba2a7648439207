//! How a step of a verification fails.

use super::LedgerError;
use super::chain::Broken;

/// How a step of the verification fails, before it is known at which record.
pub(super) enum StepFault {
    /// A record is not what it has to be.
    Broken(Broken),
    /// What is derived from the records is not.
    Derived(String),
    /// The file cannot be read.
    Ledger(LedgerError),
}

impl From<rusqlite::Error> for StepFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<LedgerError> for StepFault {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<Broken> for StepFault {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}
