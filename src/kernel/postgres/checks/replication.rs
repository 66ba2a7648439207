//! What is required of replay and of slots.

use super::judged::{Judged, check};
use super::subject::OrderNode;
use crate::kernel::postgres::spec::{PostgresInvariant as Rule, facts as key};
use crate::kernel::postgres::view::{NOT_PAUSED, PAUSED, PostgresRole, ServerView};
use crate::model::explanation::Check;
use crate::model::facts::Fact;
use crate::model::text::{NodeId, PlaceName};

/// What the server calls a follower that no commit waits for now.
const ASYNC: &str = "async";

impl<'a> OrderNode<'a> {
    fn replay(&self, wanted: &str) -> Judged {
        let judge = |state: &Option<String>| match state {
            None => Judged::known(false, format!("{} is not in recovery", self.id)),
            Some(state) => Judged::known(state == wanted, format!("its replay is {state}")),
        };
        self.judged(|s| s.text_or_none(key::REPLAY), "the state of the replay", judge)
            .requires(wanted)
    }

    pub(super) fn replay_goes_on(&self) -> Check {
        check(Rule::ReplayGoesOn, vec![self.replay(NOT_PAUSED)])
    }

    pub(super) fn replay_paused(&self) -> Check {
        check(Rule::ReplayPaused, vec![self.replay(PAUSED)])
    }

    /// What a session has set for `synchronous_commit` nobody sees, so no commit may wait for it at all. A
    /// standby that nobody is seen to send to is one that its upstream does not show.
    pub(super) fn not_waited_for(&self) -> Check {
        let judged = self.judged(
            |server| server.node.facts.node_or_none(key::FOLLOWS),
            "the upstream",
            |upstream| match upstream {
                None => Judged::known(true, format!("{} follows nobody", self.id)),
                Some(upstream) => self.asynchronous(upstream),
            },
        );
        check(Rule::NotWaitedFor, vec![judged.requires("asynchronous at its upstream")])
    }

    fn asynchronous(&self, upstream: &NodeId) -> Judged {
        let sender = self.view.node(upstream).filter(|server| server.answers());
        let item = sender.and_then(|server| server.item(key::FOLLOWER, self.id.as_str()));
        let Some(item) = item else {
            return Judged::unknown(format!("{upstream} does not show {} as a follower", self.id));
        };
        Judged::of(&item.facts.text(key::SYNC_STATE), "what it is to its upstream", |state| {
            Judged::known(state == ASYNC, format!("{} is {state} at {upstream}", self.id))
        })
    }

    /// Whether the node has a slot; unknown where the node was not read, and so shows none.
    fn has_slot(&self, slot: &PlaceName) -> Fact<bool> {
        let Some(server) = self.server.filter(|server| server.answers()) else {
            let at = self.view.state.observation.observed_at;
            return Fact::unknown(at, format!("{} was not read", self.id));
        };
        Fact::Known(server.item(key::SLOT, slot.as_str()).is_some())
    }

    pub(super) fn slot_name_free(&self, slot: &PlaceName) -> Check {
        let free = Judged::of(&self.has_slot(slot), "which slots there are", |is| {
            let observed = if *is { "there is one" } else { "there is none" };
            Judged::known(!is, format!("{observed} of the name {slot}"))
        });
        let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let form = Judged::known(slot.as_str().chars().all(is_taken), format!("the name {slot}"));
        let judged = vec![
            free.requires("no slot of this name").read_from(self.source()),
            form.requires("lower-case letters, digits and underscores").read_from("the request"),
        ];
        check(Rule::SlotNameFree, judged)
    }

    pub(super) fn slot_room(&self) -> Check {
        check(Rule::SlotRoom, vec![self.at_least_one(key::SLOTS_FREE, "slots that can be made")])
    }

    pub(super) fn slot_known(&self, slot: &PlaceName) -> Check {
        let judged = Judged::of(&self.has_slot(slot), "which slots there are", |is| {
            let observed = if *is { "there is" } else { "there is no" };
            Judged::known(*is, format!("{observed} slot {slot} on {}", self.id))
        });
        let judged = judged.requires(format!("the slot {slot}")).read_from(self.source());
        check(Rule::SlotKnown, vec![judged])
    }

    pub(super) fn slot_inactive(&self, slot: &PlaceName) -> Check {
        let item = self.server.and_then(|server| server.item(key::SLOT, slot.as_str()));
        let judged = match item {
            None => Judged::unknown(format!("{} shows no such slot", self.id)),
            Some(item) => {
                Judged::of(&item.facts.flag(key::SLOT_ACTIVE), "whether it is read", |is| {
                    Judged::known(!is, if *is { "somebody reads it" } else { "nobody reads it" })
                })
            }
        };
        let judged = judged.requires("nobody reads it").read_from(self.source());
        check(Rule::SlotInactive, vec![judged])
    }

    /// A slot is called after the node that uses it. Who is not read may come back for it.
    pub(super) fn slot_unneeded(&self, slot: &PlaceName) -> Check {
        let named = NodeId::parse(slot.as_str()).ok();
        let user = named.filter(|node| node != self.id).and_then(|node| self.view.node(&node));
        let judged = match user {
            None => vec![Judged::known(true, format!("{slot} is the name of no other node"))],
            Some(user) => [key::UPSTREAM, key::UPSTREAM_WRITTEN]
                .map(|key| self.needs_no_slot(user, key))
                .into(),
        };
        let required = format!("no configured node of that name that follows {}", self.id);
        let judged = judged.into_iter().map(|one| one.requires(&required));
        let source = user.map_or("the settings", |user| user.node.source.as_str());
        check(Rule::SlotUnneeded, judged.map(|one| one.read_from(source)).collect())
    }

    fn needs_no_slot(&self, user: ServerView<'a>, key: &'static str) -> Judged {
        let id = user.id();
        if user.role() == Fact::Known(PostgresRole::Primary) {
            return Judged::known(true, format!("{id} is primary, and follows nobody"));
        }
        Judged::of(
            &user.text_or_none(key),
            &format!("whom {id} follows"),
            |upstream| match upstream {
                None => Judged::known(true, format!("{id} is to follow nobody")),
                Some(name) => {
                    let observed = format!("{id} is to follow {name}");
                    Judged::known(name != self.id.as_str(), observed)
                }
            },
        )
    }
}
