//! Timelines and forks: whether a node holds WAL that is not part of the cluster's history. Pure; an LSN
//! means something on one timeline only, and equal numbers with different names are two histories.

use crate::kernel::postgres::replication::WalPosition;

/// Whether what a node holds is part of the cluster's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Divergence {
    /// It is a beginning of it, or the whole.
    None,
    /// It holds other WAL: how much beyond the fork, where that can be counted.
    Beyond(Option<u64>),
    /// It cannot be told, because of this.
    Unknown(String),
}

/// One node's place in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistoryPlace {
    pub(super) standby: bool,
    pub(super) timeline: u64,
    pub(super) flushed: Option<u64>,
    /// What it holds as the name of its timeline.
    pub(super) branch: Option<String>,
    /// Whether it receives WAL from the primary.
    pub(super) streams: bool,
}

/// The cluster's history, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterHistory {
    /// The newest timeline.
    pub(super) timeline: u64,
    /// How many nodes on it are primary.
    pub(super) primaries: usize,
    /// How far the only primary on it has flushed; `None` where there is not exactly one.
    pub(super) primary_flushed: Option<u64>,
    /// What the newest timeline is named, where that is known.
    pub(super) branch: Option<String>,
    /// Where each timeline before it ended; or why that was not read.
    pub(super) forks: Result<Vec<WalPosition>, String>,
}

impl ClusterHistory {
    /// Where a node stands to it.
    pub(super) fn divergence(&self, node: &HistoryPlace) -> Divergence {
        if node.timeline < self.timeline { self.on_older(node) } else { self.on_newest(node) }
    }

    fn on_older(&self, node: &HistoryPlace) -> Divergence {
        let forks = match &self.forks {
            Ok(forks) => forks,
            Err(why) => return Divergence::Unknown(why.clone()),
        };
        let Some(fork) = forks.iter().find(|fork| u64::from(fork.timeline) == node.timeline) else {
            // It is on a timeline that the newest one does not come from.
            return Divergence::Beyond(None);
        };
        match node.flushed {
            None => Divergence::Unknown("it is not known how far it is".to_owned()),
            Some(flushed) if flushed > fork.lsn => Divergence::Beyond(Some(flushed - fork.lsn)),
            // A primary that stands before the fork writes beyond it with its next record.
            Some(_) if !node.standby => Divergence::Beyond(Some(0)),
            Some(_) => Divergence::None,
        }
    }

    fn on_newest(&self, node: &HistoryPlace) -> Divergence {
        match (&self.branch, &node.branch) {
            (Some(ours), Some(its)) if ours != its => return Divergence::Beyond(None),
            _ => {}
        }
        if self.primaries > 1 && !node.standby {
            let why = format!("more than one node is primary on timeline {}", self.timeline);
            return Divergence::Unknown(why);
        }
        match (self.primary_flushed, node.flushed) {
            // The primary was read after every standby, so no standby of it is ahead.
            (Some(primary), Some(flushed)) if node.standby && flushed > primary => {
                Divergence::Beyond(Some(flushed - primary))
            }
            (_, None) => Divergence::Unknown("it is not known how far it is".to_owned()),
            _ if self.branch.is_some() && node.branch.is_none() && !node.streams => {
                let why = "it does not hold the name of the timeline, and receives nothing from the primary";
                Divergence::Unknown(why.to_owned())
            }
            _ => Divergence::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> ClusterHistory {
        ClusterHistory {
            timeline: 3,
            primaries: 1,
            primary_flushed: Some(900),
            branch: None,
            forks: Ok(vec![WalPosition { timeline: 1, lsn: 500 }]),
        }
    }

    fn standby(timeline: u64, flushed: u64) -> HistoryPlace {
        HistoryPlace {
            standby: true,
            timeline,
            flushed: Some(flushed),
            branch: None,
            streams: true,
        }
    }

    #[test]
    fn a_node_beyond_the_fork_is_diverged_by_what_lies_between() {
        let of = |node| history().divergence(&node);
        assert_eq!(of(standby(1, 501)), Divergence::Beyond(Some(1)));
        assert_eq!(of(standby(1, 500)), Divergence::None);
        let primary = HistoryPlace { standby: false, ..standby(1, 500) };
        assert_eq!(of(primary), Divergence::Beyond(Some(0)), "it goes on writing there");
    }

    #[test]
    fn a_timeline_that_the_newest_does_not_come_from_is_another_history() {
        assert_eq!(history().divergence(&standby(2, 1)), Divergence::Beyond(None));
    }

    #[test]
    fn what_was_not_read_is_unknown_and_never_the_same_history() {
        let unread = ClusterHistory { forks: Err("n1 does not say".to_owned()), ..history() };
        let said = unread.divergence(&standby(1, 1));
        assert_eq!(said, Divergence::Unknown("n1 does not say".to_owned()));
        let nowhere = HistoryPlace { flushed: None, ..standby(1, 1) };
        assert!(matches!(history().divergence(&nowhere), Divergence::Unknown(_)));
        let nowhere = HistoryPlace { flushed: None, ..standby(3, 1) };
        assert!(matches!(history().divergence(&nowhere), Divergence::Unknown(_)));
    }

    #[test]
    fn equal_numbers_with_different_names_are_two_histories() {
        let named = ClusterHistory { branch: Some("a".to_owned()), ..history() };
        let of = |branch: Option<&str>, streams| {
            let branch = branch.map(str::to_owned);
            named.divergence(&HistoryPlace { branch, streams, ..standby(3, 800) })
        };
        assert_eq!(of(Some("b"), true), Divergence::Beyond(None));
        assert_eq!(of(Some("a"), false), Divergence::None);
        assert_eq!(of(None, true), Divergence::None, "it has not replayed so far");
        assert!(matches!(of(None, false), Divergence::Unknown(_)));
    }

    #[test]
    fn a_standby_ahead_of_its_primary_is_on_another_history() {
        assert_eq!(history().divergence(&standby(3, 901)), Divergence::Beyond(Some(1)));
        assert_eq!(history().divergence(&standby(3, 900)), Divergence::None);
    }

    #[test]
    fn of_two_primaries_on_one_timeline_nobody_knows_which_has_the_history() {
        let two = ClusterHistory { primaries: 2, primary_flushed: None, ..history() };
        let primary = HistoryPlace { standby: false, ..standby(3, 800) };
        assert!(matches!(two.divergence(&primary), Divergence::Unknown(_)));
    }
}
