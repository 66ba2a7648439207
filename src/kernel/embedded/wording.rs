//! Why a fact is missing, in words. They are for people: no prediction and no verdict rests on them.

use crate::kernel::embedded::view::{Cause, Unreachable};
use crate::model::ambient::Timestamp;
use crate::model::facts::Since;
use crate::model::text::NodeId;

const OFFLINE: &str = "an operator took it offline";
const SEVERED: &str = "it is cut off from the network";
const FAILED: &str =
    "its store failed, and even when the cause is gone it is not opened again before a restart";

/// Why a node cannot be reached. The causes do not exclude each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// An operator switched it off, since then.
    pub(super) offline: Option<Timestamp>,
    /// The network does not carry its messages, since then.
    pub(super) severed: Option<Timestamp>,
    /// Its store failed.
    pub(super) failed: Option<Since>,
}

impl Cut {
    /// Since when and why, or `None` for a node that can be reached.
    pub(super) fn since(&self) -> Option<Unreachable> {
        let times = [self.offline, self.severed, self.failed.as_ref().map(|failed| failed.since)];
        let since = times.into_iter().flatten().min()?;
        let offline = self.offline.map(|_| (Cause::TakenOffline, OFFLINE.to_owned()));
        let severed = self.severed.map(|_| (Cause::CutOff, SEVERED.to_owned()));
        let failed = self.failed.as_ref();
        let failed = failed.map(|f| (Cause::StoreFailed, format!("{FAILED} ({})", f.why)));
        let (causes, whys): (Vec<_>, Vec<_>) =
            [offline, severed, failed].into_iter().flatten().unzip();
        Some(Unreachable { since, why: whys.join(", and "), causes })
    }
}

/// Why nothing is known about the whole cluster.
pub(super) fn no_majority(reachable: usize, of: usize, quorum: usize) -> String {
    format!("only {reachable} of {of} voters can be reached and {quorum} make a majority")
}

/// Why it is not known who is primary.
pub(super) fn primary_cut_off(node: &NodeId) -> String {
    format!("{node} was primary when it was cut off from the network")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_says_every_cause() {
        let at = Timestamp::from_millis;
        assert_eq!(Cut::default().since(), None);
        let offline = Cut { offline: Some(at(5)), ..Cut::default() }.since().unwrap();
        assert!(offline.is_taken_offline() && !offline.has_other_cause());
        let severed = Cut { severed: Some(at(3)), ..Cut::default() }.since().unwrap();
        assert!(!severed.is_taken_offline() && severed.has_other_cause());
        let failed = Some(Since { since: at(9), why: "disk full".to_owned() });
        let all = Cut { offline: Some(at(5)), severed: Some(at(3)), failed }.since().unwrap();
        assert!(all.is_taken_offline() && all.has_other_cause());
        assert_eq!(all.since, at(3));
        assert!(all.why.contains("disk full"));
    }
}
