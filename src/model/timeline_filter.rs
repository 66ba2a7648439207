//! What somebody wants to see of the timeline: the same fields in an address, a form and a command.
//!
//! A filter takes away and orders nothing: what is left stands in the order that it had.

use crate::model::action::ActionId;
use crate::model::event::{EventKind, KernelEvent};
use crate::model::log_filter::{LogFilter, field};
use crate::model::record::Entry;
use crate::model::spec::Catalogue;
use crate::model::text::{ActorName, InputError, NodeId};

/// Records that are steps of an action, from the request to its end.
const STEPS: [&str; 14] = [
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
];
/// Records of what was not done, and of who was not let in (C9.4).
const REFUSALS: [&str; 6] =
    ["rejected", "stale", "refused", "declined", "denied", "sign_in_failed"];
/// Records that keep an observation of the cluster.
const OBSERVED: [&str; 6] =
    ["explained", "rejected", "stale", "first_confirmed", "confirmed", "executed"];

/// Several kinds that are asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineGroup {
    /// Every step of an action, and what actions did in the kernel.
    Actions,
    /// Everything that was refused, by whomever.
    Refusals,
    /// Records that keep an observation of the cluster.
    Observations,
    /// Everything that happened in the kernel.
    KernelEvents,
}

impl TimelineGroup {
    /// Every group, in the order in which a form offers them.
    pub const ALL: [Self; 4] =
        [Self::Actions, Self::Refusals, Self::Observations, Self::KernelEvents];

    /// The group in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Refusals => "refusals",
            Self::Observations => "observations",
            Self::KernelEvents => "kernel_events",
        }
    }

    /// What is in it, for people.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Actions => "actions: every step, and what they did in the kernel",
            Self::Refusals => "refusals: by a rule, the kernel or the control plane",
            Self::Observations => "observations: records that keep one",
            Self::KernelEvents => "kernel_events: everything in the kernel",
        }
    }

    /// The kinds of its records.
    fn records(self) -> &'static [&'static str] {
        match self {
            Self::Actions => &STEPS,
            Self::Refusals => &REFUSALS,
            Self::Observations => &OBSERVED,
            Self::KernelEvents => &[],
        }
    }

    fn has(self, catalogue: Catalogue, event: &KernelEvent) -> bool {
        match self {
            Self::Actions => event.action_id.is_some(),
            Self::Refusals => catalogue.is_refusal(event.kind),
            Self::Observations => false,
            Self::KernelEvents => true,
        }
    }
}

/// What a filter names as a kind. No word means two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineKind {
    /// Several kinds together.
    Group(TimelineGroup),
    /// Records of one kind, as [`Entry::word`] spells it.
    Record(&'static str),
    /// Events of one kind.
    Event(EventKind),
}

impl TimelineKind {
    /// The kind in a word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Group(group) => group.word(),
            Self::Record(word) => word,
            Self::Event(kind) => kind.word(),
        }
    }

    /// Every word that can be asked for, in the order in which a form offers them.
    #[must_use]
    pub fn words(catalogue: Catalogue) -> Vec<String> {
        let groups = TimelineGroup::ALL.into_iter().map(TimelineGroup::word);
        let events = catalogue.events().map(|event| event.kind.to_string());
        groups.chain(Entry::WORDS).map(str::to_owned).chain(events).collect()
    }

    /// Parses the word.
    ///
    /// # Errors
    /// When it is none of [`Self::words`].
    pub fn parse(catalogue: Catalogue, text: &str) -> Result<Self, InputError> {
        let group = TimelineGroup::ALL.into_iter().find(|group| group.word() == text);
        let record = || Entry::WORDS.into_iter().find(|word| *word == text).map(Self::Record);
        let event = || catalogue.events().map(|e| e.kind).find(|kind| kind.word() == text);
        let found = group.map(Self::Group).or_else(record).or_else(|| event().map(Self::Event));
        let required = || format!("one of {}", Self::words(catalogue).join(", "));
        found.ok_or_else(|| InputError::new("kind", text, required()))
    }
}

/// What a page of the timeline holds. Every condition that is present must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineFilter {
    /// Of this kind, or of these kinds.
    pub kind: Option<TimelineKind>,
    /// Records of actions on this node, and events about it.
    pub node: Option<NodeId>,
    /// Records of this account. An event of the kernel names no account, so none is shown.
    pub actor: Option<ActorName>,
    /// Records and events of this action.
    pub action: Option<ActionId>,
}

impl TimelineFilter {
    /// The names of the fields, in the order in which a form shows them.
    pub const FIELDS: [&str; 4] = ["kind", "node", "actor", "action"];

    /// Reads the filter from fields: `take` answers a field by its name, and nothing for one that is
    /// absent or empty.
    ///
    /// # Errors
    /// Names the first field that cannot be what was sent.
    pub fn parse(
        catalogue: Catalogue,
        mut take: impl FnMut(&str) -> Option<String>,
    ) -> Result<Self, InputError> {
        Ok(Self {
            kind: field(&mut take, "kind", |text| TimelineKind::parse(catalogue, text))?,
            node: field(&mut take, "node", NodeId::parse)?,
            actor: field(&mut take, "actor", ActorName::parse)?,
            action: field(&mut take, "action", ActionId::parse)?,
        })
    }

    /// The fields that are present, as an address carries them.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let kind = self.kind.map(|kind| ("kind", kind.word().to_owned()));
        let node = self.node.as_ref().map(|node| ("node", node.to_string()));
        let actor = self.actor.as_ref().map(|actor| ("actor", actor.to_string()));
        let action = self.action.map(|action| ("action", action.to_string()));
        [kind, node, actor, action].into_iter().flatten().collect()
    }

    /// The records that it leaves; `None` where it leaves none.
    #[must_use]
    pub fn records(&self) -> Option<LogFilter> {
        let (kind, kinds) = match self.kind {
            None => (None, &[][..]),
            Some(TimelineKind::Record(word)) => (Some(word), &[][..]),
            Some(TimelineKind::Group(group)) if !group.records().is_empty() => {
                (None, group.records())
            }
            Some(TimelineKind::Group(_) | TimelineKind::Event(_)) => return None,
        };
        let (node, actor, action) = (self.node.clone(), self.actor.clone(), self.action);
        Some(LogFilter { action, kind, kinds, actor, node, ..LogFilter::default() })
    }

    /// Whether it can leave any event of the kernel.
    #[must_use]
    pub fn has_events(&self) -> bool {
        let of_kind = match self.kind {
            None | Some(TimelineKind::Event(_)) => true,
            Some(TimelineKind::Group(group)) => group != TimelineGroup::Observations,
            Some(TimelineKind::Record(_)) => false,
        };
        of_kind && self.actor.is_none()
    }

    /// Whether it leaves this event.
    #[must_use]
    pub fn leaves(&self, catalogue: Catalogue, event: &KernelEvent) -> bool {
        let of_kind = match self.kind {
            None => true,
            Some(TimelineKind::Event(kind)) => event.kind == kind,
            Some(TimelineKind::Group(group)) => group.has(catalogue, event),
            Some(TimelineKind::Record(_)) => false,
        };
        let of_node = self.node.is_none() || self.node == event.node;
        let of_action = self.action.is_none() || self.action == event.action_id;
        of_kind && of_node && of_action && self.actor.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::tried::catalogue;
    use std::collections::{BTreeMap, BTreeSet};

    fn parse(pairs: &[(&str, &str)]) -> Result<TimelineFilter, InputError> {
        let mut fields: BTreeMap<_, _> = pairs.iter().copied().collect();
        TimelineFilter::parse(catalogue(), |name| fields.remove(name).map(str::to_owned))
    }

    #[test]
    fn a_field_that_nothing_can_have_is_refused_by_its_name() {
        for (name, bad) in [
            ("kind", "promoted"),
            ("kind", "Actions"),
            ("node", "n 1"),
            ("actor", "Alice"),
            ("action", "7"),
        ] {
            assert_eq!(parse(&[(name, bad)]).expect_err(bad).field, name, "{bad:?}");
        }
    }

    #[test]
    fn every_word_means_one_thing_and_reads_back() {
        let words = TimelineKind::words(catalogue());
        assert_eq!(words.len(), words.iter().collect::<BTreeSet<_>>().len(), "{words:?}");
        for word in words {
            assert_eq!(TimelineKind::parse(catalogue(), &word).expect(&word).word(), word);
        }
        let given = [
            ("kind", "refusals"),
            ("node", "n2"),
            ("actor", "alice"),
            ("action", "6f1c2a34-0b5d-4e6f-8a90-112233445566"),
        ];
        assert_eq!(given.map(|(name, _)| name), TimelineFilter::FIELDS);
        let pairs = parse(&given).expect("valid").pairs();
        let pairs: Vec<_> = pairs.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(pairs, given);
    }

    /// A new kind of record has to be put into a group, or here.
    #[test]
    fn every_kind_of_record_is_in_a_group_or_known_to_be_in_none() {
        let in_none = [
            "boot",
            "frozen",
            "unfrozen",
            "duplicate",
            "log_key_rotated",
            "setup_link_issued",
            "account_created",
            "signed_in",
            "signed_out",
            "proved_again",
            "token_issued",
            "token_revoked",
            "link_issued",
            "link_used",
            "link_revoked",
            "role_changed",
            "account_removed",
            "password_changed",
            "sessions_ended",
            "mismatch_accepted",
            "access_ended",
            "founded",
            "restored",
            "stopped",
        ];
        let grouped = STEPS.iter().chain(&REFUSALS).chain(&OBSERVED).chain(&in_none);
        let grouped: BTreeSet<_> = grouped.copied().collect();
        assert_eq!(grouped, BTreeSet::from(Entry::WORDS));
    }
}
