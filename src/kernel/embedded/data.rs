//! Reads and writes of clients: definite, or said to be unknown.

use super::cluster::Cluster;
use super::command::{Bytes, Command};
use super::state_machine::Applied;
use crate::crash::{self, InjectedBug};
use crate::model::ambient::Timestamp;
use crate::model::facts::Since;

/// Writes that are made durable together.
pub(super) const WRITES_PER_BATCH_MAX: usize = 256;

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The key takes a value.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Vec<u8>,
    },
    /// The key loses its value, if it has one.
    Delete {
        /// The key.
        key: String,
    },
}

/// The proof that a write is committed by a majority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommittedWrite {
    /// The epoch in which it was written.
    pub epoch: u64,
    /// Its position in the log.
    pub position: u64,
}

/// Why a read or a write was not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Nothing was appended to any log.
    #[error("{}", refused.why)]
    Refused {
        /// The reason in a word: `no_primary`, `no_quorum`, `writes_stopped`, `no_room`,
        /// `kernel_stopped`.
        error: &'static str,
        /// Since when it is so, and why.
        refused: Since,
    },
    /// It may be committed, now or later.
    #[error("{why}")]
    Unknown {
        /// What is known.
        why: String,
    },
}

impl From<Write> for Command {
    fn from(write: Write) -> Self {
        match write {
            Write::Put { key, value } => Self::Put { key, value: Bytes(value) },
            Write::Delete { key } => Self::Delete { key },
        }
    }
}

impl Cluster {
    /// Writes a batch; each write gets its own answer.
    pub(super) fn write(
        &mut self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Vec<Result<CommittedWrite, DataError>> {
        let count = writes.len();
        let primary = match self.serving().and_then(|primary| self.unfenced(primary)) {
            Ok(primary) => primary,
            Err(error) => return vec![Err(error); count],
        };
        if let Err(error) = self.room_for_writes(now) {
            return vec![Err(error); count];
        }
        let commands: Vec<Command> = writes.into_iter().map(Command::from).collect();
        let heard = self.ensemble.propose(primary, &commands, now);
        self.remember(now, "the primary failed during a write");
        if heard.is_empty() {
            let refused = Since { since: now, why: "the primary stopped".to_owned() };
            return vec![Err(DataError::Refused { error: "no_primary", refused }); count];
        }
        let stopped = self.stopped().map(|stopped| stopped.why.clone());
        heard
            .into_iter()
            .map(|heard| match heard {
                // C6.1: what was written may be in a file that was moved away.
                _ if stopped.is_some() => {
                    let why = stopped.clone().unwrap_or_default();
                    Err(DataError::Unknown { why: format!("the kernel stopped because {why}") })
                }
                Some((place, Applied::Done)) => {
                    Ok(CommittedWrite { epoch: place.epoch, position: place.position })
                }
                Some((_, Applied::Refused(refusal))) => Err(DataError::Refused {
                    error: "writes_stopped",
                    refused: Since { since: now, why: refusal.sentence },
                }),
                Some((_, Applied::Executed(_) | Applied::Resolved(_))) | None => {
                    let why = "the write was appended, and it is not known whether it will be kept";
                    Err(DataError::Unknown { why: why.to_owned() })
                }
            })
            .collect()
    }

    /// The value of a key, as the last acknowledged write left it.
    pub(super) fn read(&self, key: &str) -> Result<Option<Vec<u8>>, DataError> {
        let mut primary = self.serving()?;
        // At rest the primary of the highest epoch, with a majority and an entry of its own epoch
        // committed, has applied every acknowledged write; so its own state is the latest one.
        if !self.decides() {
            let why = "the primary has not committed an entry of its epoch, so what was acknowledged \
                       before may not be in its state yet";
            return Err(DataError::Unknown { why: why.to_owned() });
        }
        if crash::has_injected_bug(InjectedBug::StaleServes) {
            primary = self.ensemble.anybody_cut_off().unwrap_or(primary);
        }
        let store = self.ensemble.node(primary).and_then(|node| node.store());
        let store = store.expect("a primary runs");
        store.value(key).map_err(|error| DataError::Unknown { why: error.to_string() })
    }

    /// The primary, if it has a majority.
    fn serving(&self) -> Result<u64, DataError> {
        if let Some(stopped) = self.stopped() {
            let refused = stopped.clone();
            return Err(DataError::Refused { error: "kernel_stopped", refused });
        }
        let refused = self.writes_refused(None);
        match (self.primary(), refused) {
            (Some(primary), None) => Ok(primary),
            (Some(_), Some(refused)) => Err(DataError::Refused { error: "no_quorum", refused }),
            (None, refused) => {
                let refused = refused.expect("without a primary there is a reason");
                Err(DataError::Refused { error: "no_primary", refused })
            }
        }
    }

    fn unfenced(&self, primary: u64) -> Result<u64, DataError> {
        let store = self.ensemble.node(primary).and_then(|node| node.store());
        let fence = store.expect("a primary runs").fence();
        match fence.map_err(|error| DataError::Unknown { why: error.to_string() })? {
            (_, Some(refused)) => Err(DataError::Refused { error: "writes_stopped", refused }),
            (_, None) => Ok(primary),
        }
    }
}
