//! The promises that a decision rests on, so that every refusal can cite one (C4.2): a closed list for
//! the control plane, and one for each kernel.

use crate::model::word::word_type;

word_type! {
    /// The id of an invariant, of the control plane or of whichever kernel a record is about.
    InvariantId "invariant"
}

/// A closed list of invariants: an enum for the code that relies on them, and their specs for everybody.
macro_rules! invariants {
    ($(#[$doc:meta])* $name:ident {
        $($variant:ident $id:literal $clause:literal $statement:literal $reason:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $statement] $variant,)*
        }

        impl $name {
            /// Every invariant, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What is said of every invariant, in the same order.
            pub const SPECS: &[$crate::model::spec::InvariantSpec] = &[$(Self::$variant.spec()),*];

            /// The id that refusals, records and documents cite.
            #[must_use]
            pub const fn id(self) -> $crate::model::invariant::InvariantId {
                match self { $(Self::$variant => $crate::model::invariant::InvariantId::of($id)),* }
            }

            /// The promise, stated positively.
            #[must_use]
            pub const fn statement(self) -> &'static str {
                match self { $(Self::$variant => $statement),* }
            }

            /// What is said of it.
            #[must_use]
            pub const fn spec(self) -> $crate::model::spec::InvariantSpec {
                match self {
                    $(Self::$variant => $crate::model::spec::InvariantSpec {
                        id: self.id(),
                        clause: $clause,
                        statement: $statement,
                        reason: $reason,
                    }),*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.id().word())
            }
        }

        impl From<$name> for $crate::model::invariant::InvariantId {
            fn from(invariant: $name) -> Self {
                invariant.id()
            }
        }

        impl PartialEq<$name> for $crate::model::invariant::InvariantId {
            fn eq(&self, other: &$name) -> bool {
                *self == other.id()
            }
        }
    };
}

#[cfg(feature = "ssr")]
pub(crate) use invariants;

invariants! {
    /// One promise of the control plane itself: how people act through it. What an engine promises is in
    /// the spec of its kernel.
    Invariant {
    OperatorIntent "operator_intent" "C3.1"
        "A mutation is asked for and confirmed by a person who signed in as an operator."
        "A program, an observer and an auditor carry no intent to act.";
    ExplanationConfirmed "explanation_confirmed" "C3.3"
        "What runs is what was explained: its digest at execution equals the digest confirmed."
        "A confirmation of something else is no confirmation.";
    TargetTyped "target_typed" "C2.4"
        "A disruptive action is confirmed by typing the name of its target."
        "A hand that types the wrong name stops before the wrong node does.";
    ProvedRecently "proved_recently" "C3.1"
        "Who confirms a disruptive action proved who they are within the time that is set."
        "A session that was left open is not the person who began it.";
    SecondOperator "second_operator" "C3.1"
        "Where the settings say so, two operators confirm the same explanation before it runs."
        "What was named there is too much for one pair of eyes, or for one password that was stolen.";
    OneAtATime "one_at_a_time" "C4.3"
        "One mutating action runs at a time."
        "Two actions at once would each change what the other was explained for.";
    NothingUnresolved "nothing_unresolved" "C7.3"
        "No earlier action of this cluster has an outcome that is not known."
        "On top of an unknown outcome nothing can be explained truthfully.";
    NoProof "no_proof" "C7.3"
        "The kernel can prove nothing about the outcome."
        "The word of an operator stands in for a proof only where there is none.";
    NotFrozen "not_frozen" "C3.1"
        "No freeze stands."
        "A freeze is the word of an operator that nothing is to change until one lifts it.";
    FreezeStanding "freeze_standing" "C4.2"
        "The freeze that is to be lifted stands."
        "What lifts one freeze must not lift the next one, which somebody declared for another reason.";
    AuditFirst "audit_first" "C6.4"
        "The record is durable before the kernel is called."
        "An act without a record cannot be accounted for.";
    ObservationWhole "observation_whole" "C8.4"
        "Everything that the decision needs was read in one observation."
        "Facts of two moments describe a cluster that never was.";
    WitnessesAgree "witnesses_agree" "C9.5"
        "Audit log, kernel and access rights say the same, or a record accepts where they do not."
        "A change on top of what was lost or contradicted would bury it.";
    ActionIdOnce "action_id_once" "C7.2"
        "One action id stands for one request, for ever."
        "A repeated request is shown what became of the first.";
    StageOrder "stage_order" "C3.2"
        "An action passes its stages in order, each at most once."
        "What was not explained cannot be confirmed, and what was confirmed cannot be confirmed again.";
    InputValid "input_valid" "C4.2"
        "Every field of the request is what the catalogue says it must be."
        "A request that cannot be read exactly is not guessed at.";
    }
}
