//! The log of everything that was asked, explained, confirmed and done (C9).
//!
//! Records are only ever appended, each naming the hash of the one before it, and an action's stage
//! is the fold of its records. This room decides nothing about an action: it refuses a step that
//! [`Stage::next`](crate::model::action::Stage::next) does not know, a record that cannot be read
//! back, and a write that is not durable. It never changes, deletes or repairs a record.
//!
//! The records are also the leaves of a Merkle tree whose head is signed, in the public forms of C2SP:
//! so a program that is not ours can check the log, and whoever remembers a head can tell whether the
//! log was written anew. [`chain`], [`tree`], [`note`], [`rotation`]
//! and [`head_check`] are pure and run in the browser too.

pub mod chain;
pub mod head_check;
pub mod note;
pub mod rotation;
pub mod tree;

#[cfg(feature = "ssr")]
mod append;
#[cfg(feature = "ssr")]
mod blob;
#[cfg(feature = "ssr")]
mod clock;
#[cfg(feature = "ssr")]
mod error;
#[cfg(feature = "ssr")]
mod export;
#[cfg(feature = "ssr")]
mod fault;
#[cfg(feature = "ssr")]
mod files;
#[cfg(feature = "ssr")]
mod heads;
#[cfg(feature = "ssr")]
mod index;
#[cfg(feature = "ssr")]
mod index_sums;
#[cfg(feature = "ssr")]
mod key_file;
#[cfg(feature = "ssr")]
mod layout;
#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
mod prove;
#[cfg(feature = "ssr")]
mod read;
#[cfg(feature = "ssr")]
mod recall;
#[cfg(feature = "ssr")]
mod stage_number;
#[cfg(feature = "ssr")]
mod step;
#[cfg(feature = "ssr")]
mod tiles;
#[cfg(feature = "ssr")]
mod told;
#[cfg(feature = "ssr")]
mod verify;
#[cfg(feature = "ssr")]
mod verify_export;
#[cfg(feature = "ssr")]
mod waiting;
#[cfg(feature = "ssr")]
mod way_out;
#[cfg(feature = "ssr")]
mod window;

#[cfg(feature = "ssr")]
pub use crate::model::log_filter::LogFilter;
#[cfg(feature = "ssr")]
pub use append::{Draft, Ledger};
#[cfg(feature = "ssr")]
pub use blob::BLOB_BYTES_MAX;
#[cfg(feature = "ssr")]
pub use clock::{CLOCK_AHEAD_MS, ClockReport};
#[cfg(feature = "ssr")]
pub use error::LedgerError;
#[cfg(feature = "ssr")]
pub use export::{ExportError, Exported, export};
#[cfg(feature = "ssr")]
pub use key_file::{
    KEY_FILE, KeyError, NEXT_KEY_FILE, existing_key, make_next, open_key, take_next,
};
#[cfg(feature = "ssr")]
pub use read::{ActionRow, ActionRows, LedgerReader, TRAIL_OTHERS_MAX};
#[cfg(feature = "ssr")]
pub use recall::{Recalled, RecalledPage, RecordedOutcome};
#[cfg(feature = "ssr")]
pub use told::{RecordedExplanation, each_of};
#[cfg(feature = "ssr")]
pub use verify::{ExpectedLog, VerifyError, verify_file};
#[cfg(feature = "ssr")]
pub use verify_export::{ExportFiles, is_export, verify_export, verify_files};
#[cfg(feature = "ssr")]
pub use waiting::{WaitingChanges, WaitingStep};
#[cfg(feature = "ssr")]
pub use window::TimeWindow;
