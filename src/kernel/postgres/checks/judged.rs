//! What was found of one requirement, and how requirements make a check.

use crate::kernel::postgres::spec::PostgresInvariant;
use crate::model::ambient::Timestamp;
use crate::model::explanation::{Check, Evidence, Verdict};
use crate::model::facts::Fact;

/// One thing that was looked at: what holds, what was found, what is required and where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was found.
    pub observed: String,
    /// What has to be found.
    pub required: String,
    /// Where it was read.
    pub source: String,
    /// Since when it cannot be read.
    pub since: Option<Timestamp>,
}

impl Judged {
    /// What was read.
    #[must_use]
    pub fn known(holds: bool, observed: impl Into<String>) -> Self {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        Self::with(verdict, observed.into(), None)
    }

    /// What nobody can say, with the reason.
    #[must_use]
    pub fn unknown(observed: impl Into<String>) -> Self {
        Self::with(Verdict::Unknown, observed.into(), None)
    }

    /// A fact, judged where it was read; unknown where it was not (C6.1).
    #[must_use]
    pub fn of<T>(fact: &Fact<T>, what: &str, judge: impl FnOnce(&T) -> Self) -> Self {
        match fact {
            Fact::Known(value) => judge(value),
            Fact::Unknown { unknown, .. } => {
                let observed = format!("{what} is unknown because {}", unknown.why);
                Self::with(Verdict::Unknown, observed, Some(unknown.since))
            }
        }
    }

    fn with(verdict: Verdict, observed: String, since: Option<Timestamp>) -> Self {
        Self { verdict, observed, required: String::new(), source: String::new(), since }
    }

    /// The same, with what is required.
    #[must_use]
    pub fn requires(self, required: impl Into<String>) -> Self {
        Self { required: required.into(), ..self }
    }

    /// The same, with where it was read.
    #[must_use]
    pub fn read_from(self, source: impl Into<String>) -> Self {
        Self { source: source.into(), ..self }
    }

    fn evidence(self) -> Evidence {
        let Self { verdict: _, observed, required, source, since } = self;
        Evidence { observed, required, source, since }
    }
}

/// What several requirements come to together: one that fails fails all, and one that is unknown leaves them
/// unknown.
#[must_use]
pub fn all(judged: &[Judged]) -> Verdict {
    let any = |verdict| judged.iter().any(|one| one.verdict == verdict);
    if any(Verdict::Fail) {
        Verdict::Fail
    } else if any(Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::Pass
    }
}

/// The check of an invariant, which holds where every requirement does.
#[must_use]
pub fn check(rule: PostgresInvariant, judged: Vec<Judged>) -> Check {
    let verdict = all(&judged);
    with_verdict(rule, verdict, judged)
}

/// The check of an invariant whose verdict does not come of every requirement.
#[must_use]
pub fn with_verdict(rule: PostgresInvariant, verdict: Verdict, judged: Vec<Judged>) -> Check {
    Check {
        invariant: rule.id(),
        statement: rule.statement().to_owned(),
        verdict,
        evidence: judged.into_iter().map(Judged::evidence).collect(),
    }
}
