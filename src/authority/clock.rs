//! A clock that goes back, and what has ended by that.
//!
//! How long a session has lasted is told by the clock. Where that was ahead when something was issued, or
//! was put back since, it would live for hours or years too long, so it has ended: refused where it is
//! shown, and ended for good, on record, by the next request that anybody sends (C5.2, C6.1).

use super::{Denied, links, sessions, tokens};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::text::ActorName;
use rusqlite::Transaction;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The latest reading of the clock that was seen. Copies share it.
#[derive(Clone, Debug)]
pub struct Latest(Arc<AtomicI64>);

impl Default for Latest {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl Latest {
    /// Notes a reading, and answers the latest before it where the clock went back by more than
    /// [`sessions::AHEAD_MS_MAX`]. Steps back that are smaller add up until they are more.
    #[must_use]
    pub fn went_back(&self, now: Timestamp) -> Option<Timestamp> {
        let latest = self.0.fetch_max(now.millis(), Ordering::SeqCst);
        sessions::is_ahead(latest, now).then(|| Timestamp::from_millis(latest))
    }

    /// From here on this reading is the latest: what it ended has ended.
    pub fn begin_again(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

/// What has ended because the clock went back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedAccess {
    /// How many sessions of accounts.
    pub sessions: u64,
    /// Names of the API tokens that ended.
    pub tokens: Vec<ActorName>,
    /// Ids of the links that ended.
    pub links: Vec<ActionId>,
}

/// Which sessions a clock that went back ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Those that were begun, used or proved ahead of the present.
    Ahead,
    /// All: the clock was seen to go back, so how long each has lasted is not known.
    All,
}

/// Ends for good what cannot be older than nothing.
///
/// # Errors
/// When the store refuses.
pub fn end_ahead(
    transaction: &Transaction<'_>,
    which: Sessions,
    now: Timestamp,
) -> Result<EndedAccess, Denied> {
    Ok(EndedAccess {
        sessions: sessions::end_ahead(transaction, which == Sessions::All, now)?,
        tokens: tokens::end_ahead(transaction, now)?,
        links: links::end_ahead(transaction, now)?,
    })
}
