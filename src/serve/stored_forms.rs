//! The files that last, each with the version of its tables that this program makes and writes.

use crate::kernel::embedded::{METADATA_FORMAT, store::NODE_FORMAT};
use crate::kernel::postgres::journal::JOURNAL_FORMAT;
use crate::store::{DATABASE_FILE, SCHEMA_VERSION};

/// Each form with its version. An earlier one is migrated or refused when it is opened, and a later one
/// refused: the versions say which program can go on with a data directory.
#[must_use]
pub fn stored_forms() -> [(&'static str, i64); 4] {
    [
        (DATABASE_FILE, SCHEMA_VERSION),
        ("node", NODE_FORMAT.into()),
        ("cluster metadata", METADATA_FORMAT.into()),
        ("postgres journal", JOURNAL_FORMAT.into()),
    ]
}
