//! The contract of the control plane: every clause, and where the evidence for it is (C12).
//!
//! The clauses are a closed list. The evidence is read from the sources by a test and checked in as
//! `docs/contract.json`: a test that cites a clause stands under it by its path and name. What is
//! compiled in here is that file.

use crate::model::spec::{Catalogue, InvariantSpec};
use serde::{Deserialize, Serialize};

macro_rules! clauses {
    ($($variant:ident $id:literal $promise:literal;)*) => {
        /// One clause, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Clause {
            $(#[doc = $promise] $variant,)*
        }

        impl Clause {
            /// Every clause, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The id that tests, invariants and documents cite.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// What is promised.
            #[must_use]
            pub fn promise(self) -> &'static str {
                match self { $(Self::$variant => $promise),* }
            }
        }
    };
}

clauses! {
    Purpose "C1.1" "People see a cluster in trouble as it is, and change it only by asking for exactly that.";
    Downstream "C1.2" "The kernel is as correct, and survives a crash as well, without the control plane as with it.";
    OnePort "C1.3" "There is one port to the kernel, and no meaning is added to what comes through it.";
    NoDecision "C2.1" "Nothing is failed over, promoted or repaired because the program thinks so.";
    NoHeuristic "C2.2" "No threshold, ranking, advice or pre-selection follows from the state of the cluster.";
    NoLoop "C2.3" "Nothing watches, decides and acts; nothing that changes something is tried twice.";
    NoHiddenIntent "C2.4" "Nothing is confirmed in advance, in secret or in the background.";
    NoOverride "C2.5" "No way leads past durability, the one writer or a closed failure; there is no flag for it.";
    NothingHidden "C2.6" "No partial success is called a success, and nothing is promised for later.";
    OneRequest "C3.1" "Every change begins with one request of a known operator who says why.";
    ExplainedFirst "C3.2" "Nothing runs that was not explained before.";
    ConfirmedThat "C3.3" "What runs is what the operator read and confirmed, and nothing that differs from it.";
    VisibleEnd "C3.4" "What came of it is shown and recorded, whatever it is.";
    KernelDecides "C4.1" "Whether something is correct is for the kernel to say.";
    RefusedInWords "C4.2" "What is refused is refused by name, and the kernel's refusal is final and shown as it is.";
    OneForOne "C4.3" "One confirmed action is one order to the kernel; nothing is chained to it.";
    SameAnswer "C5.1" "Equal state and an equal request give equal bytes, through every door and after every start.";
    NoTiming "C5.2" "No decision depends on the order, the time or the repetition of what a client does.";
    UnknownRejects "C6.1" "What cannot be shown to hold is rejected, and unknown is an answer of its own.";
    CrashSafe "C6.2" "A stop at any instruction leaves no half of an action.";
    NoRollForward "C6.3" "Nothing that a stop left behind is finished, repaired or tried again by itself.";
    AuditBefore "C6.4" "Without a durable record nothing runs.";
    OnceOrNever "C7.1" "A confirmed action runs once or not at all.";
    Repetition "C7.2" "A delivery that is repeated, at any later time, is answered with the first outcome or refused.";
    UnknownSaid "C7.3" "What may have run is called unknown, and holds up further changes until it is closed.";
    OneOrder "C8.1" "Every transition of kernel and actions can be seen in one order, and gaps are shown.";
    Trail "C8.2" "Every decision is explained, every refusal names invariants, every action leaves a trail.";
    Passive "C8.3" "Looking changes nothing and triggers nothing.";
    OneObservation "C8.4" "A page shows one observation; what could not be read is unknown since a time, never a number.";
    FullAccount "C9.1" "A record says who, when by which clock, why, on what state, by which rules, and with what outcome.";
    TamperEvident "C9.2" "The log only grows, survives crashes, and shows any change to tools that are not ours.";
    Reconstruction "C9.3" "The log alone gives back what an operator saw, byte for byte.";
    AttemptsToo "C9.4" "What was refused, stale, repeated, abandoned or denied is on record too.";
    MutualWitness "C9.5" "Log and kernel are held against each other, and nothing is changed on top of a mismatch that nobody accepted on record.";
    Roles "C10.1" "Who sees, who acts and who audits is explicit, and so is what each may reach.";
    Boundary "C10.2" "What serves observers cannot reach a change, by construction and on the server.";
    Freedom "C11.1" "Console, command line and programs are clients of one interface, and kernels stand behind a port.";
    Specified "C12.1" "Every action and every way in which it can fail is written down from the types that run.";
    NoAutomation "C12.2" "That nothing acts by itself is shown by a test.";
    Demonstrated "C12.3" "Every invariant has a test that fails when it is broken, and the log is shown to be complete.";
}

impl Clause {
    /// The clause with this id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|clause| clause.id() == id)
    }

    /// The invariants that serve it, of these kernels and of the control plane.
    pub fn invariants(self, catalogue: Catalogue) -> impl Iterator<Item = InvariantSpec> {
        catalogue.invariants().filter(move |invariant| invariant.clause == self.id())
    }
}

/// A test, by where it is and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TestPlace {
    /// The file, from the folder of the project.
    pub path: String,
    /// Its name, which is a sentence.
    pub name: String,
}

/// An invariant, and the tests that fail when it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvariantTests {
    /// The id of the invariant.
    pub id: String,
    /// The tests that name it, in their documentation or in what they compare.
    pub tests: Vec<TestPlace>,
}

/// What stands behind one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseEvidence {
    /// The id of the clause.
    pub clause: String,
    /// What is promised.
    pub promise: String,
    /// The invariants that serve it.
    pub invariants: Vec<InvariantTests>,
    /// The tests that cite it.
    pub tests: Vec<TestPlace>,
    /// The parts of documents that are about it, as `FILE: heading`.
    pub documents: Vec<String>,
}

impl ClauseEvidence {
    /// Whether no test stands behind the clause, or behind one of its invariants: then it is a wish.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.tests.is_empty() || self.invariants.iter().any(|held| held.tests.is_empty())
    }
}

/// The evidence of this version, clause by clause, as it was checked in.
#[must_use]
pub fn evidence() -> Vec<ClauseEvidence> {
    let text = include_str!("../../docs/contract.json");
    serde_json::from_str(text).expect("a test compares the file with what it is made from")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_invariant_serves_a_clause_that_exists() {
        for invariant in Catalogue::default().invariants() {
            assert!(Clause::parse(invariant.clause).is_some(), "{}", invariant.id);
        }
        let ids: BTreeSet<_> = Clause::ALL.iter().map(|clause| clause.id()).collect();
        assert_eq!(ids.len(), Clause::ALL.len());
    }
}
