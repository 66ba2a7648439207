//! What the ladder promises.

use aerodb_control::model::invariant::InvariantId;
use aerodb_control::model::spec::InvariantSpec;

macro_rules! rules {
    ($($variant:ident $id:literal $statement:literal $reason:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Rule { $($variant,)* }

        impl Rule {
            pub(super) const SPECS: &[InvariantSpec] = &[$(InvariantSpec {
                id: InvariantId::of($id),
                clause: "C6.1",
                statement: $statement,
                reason: $reason,
            }),*];

            pub(super) const fn id(self) -> InvariantId {
                match self { $(Self::$variant => InvariantId::of($id)),* }
            }

            pub(super) const fn statement(self) -> &'static str {
                match self { $(Self::$variant => $statement),* }
            }
        }
    };
}

rules! {
    IsMember "rung_known" "The node named is a member." "Of another node nothing is known.";
    IsStandby "rung_replays" "The node replays the log of another." "Only what replays can be promoted or detached.";
    IsPrimary "rung_writes" "The node is the primary." "Only the primary has writes to stop.";
    NotPrimary "rung_copies" "The node is not the primary." "A copy of itself would be a copy of nothing.";
    IsReached "rung_reached" "The node can be reached." "A node that cannot be reached cannot be told anything.";
    WritesFlow "writes_flow" "Clients can write, or wait for a standby." "What is stopped cannot be stopped.";
    WritesHalted "writes_halted" "No node accepts writes." "Two nodes that accept writes would write two histories.";
    ReplayedAll "replayed_all" "The node has replayed all that any node that can be read has on its timeline." "What it lacks would be lost.";
    FollowsSomebody "follows_somebody" "The node follows another." "What follows nobody cannot be detached.";
    HasNoFollowers "follows_nobody_else" "No other node follows it." "They would be cut off with it.";
    HasSlot "slot_known" "The node has a slot of that name." "Of another slot nothing is known.";
    SlotIdle "slot_idle" "Nobody reads the slot." "A consumer would lose what it is reading.";
    HostIsOff "host_is_off" "The node does not answer, and somebody attests that its host is off." "No program can see that a host is off, and two of one name would both be followed.";
    TimelineUnchanged "timeline_unchanged" "The timeline at execution is the one that was explained." "On another timeline the explanation is about another history.";
}
