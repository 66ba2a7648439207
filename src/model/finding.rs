//! Where the audit log, the kernel and the tables beside the log do not say the same (C9.5).
//!
//! A finding is a value: equal files give equal findings in the same order. It says what was found
//! first and what the other side expects, and recommends nothing (C2.2).

use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Most findings that are listed one by one; there may be more, and then their number is said. So
/// many are read by nobody: one side is restored.
pub const FINDINGS_LISTED_MAX: usize = 10_000;
/// Most findings that a page or a text names one by one.
pub const FINDINGS_SHOWN_MAX: usize = 20;

/// Which side lacks what the other one remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Log and kernel tell two histories. It is never accepted in place: one side is restored.
    Contradiction,
    /// The kernel lacks what the log says that it did.
    KernelOlder,
    /// The log lacks what the kernel was told.
    LogOlder,
    /// Who may act, by the tables, differs from what the records say.
    RightsDiffer,
}

impl FindingKind {
    /// Every kind, in the order in which findings are listed.
    pub const ALL: [Self; 4] =
        [Self::Contradiction, Self::KernelOlder, Self::LogOlder, Self::RightsDiffer];

    /// The word in JSON and in metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Contradiction => "contradiction",
            Self::KernelOlder => "kernel_older",
            Self::LogOlder => "log_older",
            Self::RightsDiffer => "rights_differ",
        }
    }

    /// What it means, as a title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Contradiction => "Audit log and kernel contradict each other",
            Self::KernelOlder => "The kernel is older than the audit log",
            Self::LogOlder => "The audit log is older than the kernel",
            Self::RightsDiffer => "Access rights differ from the audit log",
        }
    }

    /// Whether an operator at the host can accept it in place.
    #[must_use]
    pub fn can_be_accepted(self) -> bool {
        self != Self::Contradiction
    }
}

/// A table of access rights that records are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RightsTable {
    /// Accounts.
    Account,
    /// Who signs in with an account by the word of a provider.
    Identity,
    /// Tokens of programs.
    Token,
    /// Links for stakeholders.
    Link,
    /// Sessions of people.
    Session,
}

impl RightsTable {
    /// The word in sentences.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Identity => "identity",
            Self::Token => "token",
            Self::Link => "link",
            Self::Session => "session",
        }
    }
}

/// What a finding is about, exactly: an acceptance names it, and covers nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum FindingSubject {
    /// A receipt that the kernel holds, with the hash of its canonical JSON.
    Receipt {
        /// The action.
        action_id: ActionId,
        /// The hash.
        hash: Hash,
    },
    /// A tombstone that the kernel holds, with the hash of its canonical JSON.
    Tombstone {
        /// The action.
        action_id: ActionId,
        /// The hash.
        hash: Hash,
    },
    /// The outcome that a record names.
    Outcome {
        /// The record.
        seq: u64,
        /// The hash of the record.
        hash: Hash,
    },
    /// The position of the replication log that a record names.
    Position {
        /// The record.
        seq: u64,
        /// The position.
        position: u64,
    },
    /// The generation of the cluster that a record names. It is written as that of the first kernel was.
    #[serde(rename = "epoch")]
    Generation {
        /// The record.
        seq: u64,
        /// The generation, in the kernel's numbers.
        #[serde(rename = "epoch")]
        generation: u64,
    },
    /// The audit log as a whole, by how many commits its file had.
    Commits {
        /// How many the file holds.
        held: u64,
        /// How many were made.
        made: u64,
    },
    /// A row of a table of access rights.
    Row {
        /// The table.
        table: RightsTable,
        /// Its name or id.
        key: String,
        /// The hash of what the table holds; absent where it holds no such row.
        content: Option<Hash>,
    },
    /// The explanation that a record names.
    Explanation {
        /// The record.
        seq: u64,
        /// The hash of the record.
        hash: Hash,
    },
}

/// One thing about which two sides do not say the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Which side lacks it.
    pub kind: FindingKind,
    /// What it is about.
    pub subject: FindingSubject,
    /// What was found, as a clause.
    pub found: String,
    /// What the other side expects, as a clause.
    pub expected: String,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(
        kind: FindingKind,
        subject: FindingSubject,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { kind, subject, found: found.into(), expected: expected.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}; expected {}.", self.kind.title(), self.found, self.expected)
    }
}

/// Everything that was found and not accepted, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Mismatch {
    /// Which kinds occur.
    pub kinds: BTreeSet<FindingKind>,
    /// How many findings there are.
    pub total: u64,
    /// The findings, at most [`FINDINGS_LISTED_MAX`] of them.
    pub findings: Vec<Finding>,
}

impl Mismatch {
    /// Adds a finding; beyond the limit it is only counted.
    pub fn add(&mut self, finding: Finding) {
        self.total += 1;
        self.kinds.insert(finding.kind);
        if self.findings.len() < FINDINGS_LISTED_MAX {
            self.findings.push(finding);
        }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The same with the findings that are named one by one where people read.
    #[must_use]
    pub fn shown(&self) -> Self {
        let findings = self.findings.iter().take(FINDINGS_SHOWN_MAX).cloned().collect();
        Self { findings, ..self.without_findings() }
    }

    /// The same without what the findings are about, for those who may not see that.
    #[must_use]
    pub fn without_findings(&self) -> Self {
        Self { kinds: self.kinds.clone(), total: self.total, findings: Vec::new() }
    }

    /// Whether all of it can be accepted in place.
    #[must_use]
    pub fn can_be_accepted(&self) -> bool {
        self.kinds.iter().all(|kind| kind.can_be_accepted())
            && self.findings.len() as u64 == self.total
    }
}

impl fmt::Display for Mismatch {
    /// The kinds and the number, without what the findings are about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles: Vec<&str> = self.kinds.iter().map(|kind| kind.title()).collect();
        let noun = if self.total == 1 { "finding" } else { "findings" };
        write!(f, "{} ({} {noun})", titles.join("; "), self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: u64) -> Finding {
        let subject = FindingSubject::Generation { seq: 7, generation: number };
        Finding::new(FindingKind::KernelOlder, subject, "term 2", "term 3, as record 7 names")
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let mut mismatch = Mismatch::default();
        assert!(mismatch.is_empty());
        for number in 0..FINDINGS_LISTED_MAX as u64 + 2 {
            mismatch.add(finding(number));
        }
        assert_eq!(mismatch.findings.len(), FINDINGS_LISTED_MAX);
        assert_eq!(mismatch.total, FINDINGS_LISTED_MAX as u64 + 2);
        assert_eq!(mismatch.to_string(), "The kernel is older than the audit log (10002 findings)");
        assert_eq!(mismatch.shown().findings.len(), FINDINGS_SHOWN_MAX);
        assert_eq!(mismatch.without_findings().to_string(), mismatch.to_string());
        assert!(!mismatch.can_be_accepted(), "what is not listed cannot be named");
    }

    #[test]
    fn only_two_histories_cannot_be_accepted_in_place() {
        let refused: Vec<_> =
            FindingKind::ALL.into_iter().filter(|k| !k.can_be_accepted()).collect();
        assert_eq!(refused, [FindingKind::Contradiction]);
        assert_eq!(
            finding(3).to_string(),
            "The kernel is older than the audit log: found term 2; expected term 3, as record 7 names."
        );
    }
}
