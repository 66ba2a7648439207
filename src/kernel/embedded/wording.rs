//! Why a fact is missing, in words that the kernel's own checks read back.
//!
//! An observation is all that [`super::checks`] may look at (C5.1). Where a prediction needs more
//! than the fact that something is missing, the reason says it, and the two sides stand here.

use crate::model::ambient::Timestamp;
use crate::model::pinned::Since;
use crate::model::text::NodeId;

const OFFLINE: &str = "an operator took it offline";
const SEVERED: &str = "it is cut off from the network";
const FAILED: &str = "its store failed and only a restart of the kernel opens it again";
const KNOWN: &str = "known to a majority was ";
const LED: &str = " was primary when it was cut off from the network";

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
    pub(super) fn since(&self) -> Option<Since> {
        let times = [self.offline, self.severed, self.failed.as_ref().map(|failed| failed.since)];
        let since = times.into_iter().flatten().min()?;
        let mut causes = Vec::new();
        if self.offline.is_some() {
            causes.push(OFFLINE.to_owned());
        }
        if self.severed.is_some() {
            causes.push(SEVERED.to_owned());
        }
        if let Some(failed) = &self.failed {
            causes.push(format!("{FAILED} ({})", failed.why));
        }
        Some(Since { since, why: causes.join(", and ") })
    }
}

/// Whether an operator switched the node off.
pub(super) fn is_offline(unreachable: &Since) -> bool {
    unreachable.why.starts_with(OFFLINE)
}

/// Whether the node would stay unreachable with its switch on.
pub(super) fn is_cut_otherwise(unreachable: &Since) -> bool {
    unreachable.why != OFFLINE
}

/// Why nothing is known about the whole cluster, with what was known last.
pub(super) fn no_majority(reachable: usize, of: usize, quorum: usize, last: &str) -> String {
    format!(
        "only {reachable} of {of} voters can be reached and {quorum} make a majority; the last \
         value {KNOWN}{last}"
    )
}

/// What was known last, where a reason says it.
pub(super) fn last_known(why: &str) -> Option<&str> {
    why.split_once(KNOWN).map(|(_, last)| last)
}

/// Why it is not known who is primary.
pub(super) fn primary_cut_off(node: &NodeId) -> String {
    format!("{node}{LED}")
}

/// The node that may still be primary, where a reason says it.
pub(super) fn perhaps_primary(why: &str) -> Option<&str> {
    why.strip_suffix(LED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_says_every_cause_and_reads_back() {
        let at = Timestamp::from_millis;
        assert_eq!(Cut::default().since(), None);
        let offline = Cut { offline: Some(at(5)), ..Cut::default() }.since().unwrap();
        assert!(is_offline(&offline) && !is_cut_otherwise(&offline));
        let severed = Cut { severed: Some(at(3)), ..Cut::default() }.since().unwrap();
        assert!(!is_offline(&severed) && is_cut_otherwise(&severed));
        let failed = Some(Since { since: at(9), why: "disk full".to_owned() });
        let all = Cut { offline: Some(at(5)), severed: Some(at(3)), failed }.since().unwrap();
        assert!(is_offline(&all) && is_cut_otherwise(&all));
        assert_eq!(all.since, at(3));
        assert!(all.why.contains("disk full"));
    }

    #[test]
    fn what_was_known_last_and_who_led_read_back() {
        assert_eq!(last_known(&no_majority(1, 3, 2, "standing")), Some("standing"));
        assert_eq!(last_known("the dog ate it"), None);
        let n1 = NodeId::numbered(1);
        assert_eq!(perhaps_primary(&primary_cut_off(&n1)), Some("n1"));
    }
}
