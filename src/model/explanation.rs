//! What an operator reads before anything can run: a deterministic value with a digest (C3.2, C5.1).

use crate::model::action::Action;
use crate::model::ambient::Timestamp;
use crate::model::attestation::Attestations;
use crate::model::canonical::{Hash, canonical_json};
use crate::model::facts::FactChange;
use crate::model::invariant::{Invariant, InvariantId};
use crate::model::pinned::Pinned;
use crate::model::text::{ActorName, InputError, NodeId, Reason};
use serde::{Deserialize, Serialize};

/// The version of the form that is hashed. It grows when the meaning of a field changes.
pub const EXPLANATION_FORMAT: u32 = 2;

/// The result of one check. Unknown is a result of its own and always rejects (C6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown to hold by the evidence.
    Pass,
    /// Shown not to hold by the evidence.
    Fail,
    /// The evidence could not be read.
    Unknown,
}

impl Verdict {
    /// The verdict in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }

    /// `Fail` if any check fails, else `Unknown` if any is unknown, else `Pass`.
    #[must_use]
    pub fn of(checks: &[Check]) -> Self {
        let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
        if any(Self::Fail) {
            Self::Fail
        } else if any(Self::Unknown) {
            Self::Unknown
        } else {
            Self::Pass
        }
    }
}

/// One thing that was looked at to reach a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// What was found.
    pub observed: String,
    /// What has to be found for a pass.
    pub required: String,
    /// Where it was read.
    pub source: String,
    /// Since when it is so, where the kernel keeps that.
    pub since: Option<Timestamp>,
}

/// One pre-condition, with its verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Check {
    /// The promise that is checked.
    pub invariant: InvariantId,
    /// The promise in words, for this request.
    pub statement: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// What a kernel says about an action in a state: its own pre-conditions and what would come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Checks {
    /// The pre-conditions.
    pub checks: Vec<Check>,
    /// The predicted changes, in the order in which facts are shown.
    pub effects: Vec<FactChange>,
    /// Consequences that are not facts of an observation, as sentences.
    pub consequences: Vec<String>,
    /// What is not looked at, as sentences.
    pub not_checked: Vec<String>,
    /// The promises that the kernel itself keeps while it executes.
    pub relies_on: Vec<InvariantId>,
    /// What the engine is told, in its own words.
    pub engine_command: String,
}

impl Checks {
    /// What is said of an action that a kernel does not know: nothing runs, and the check names what is not
    /// known.
    #[must_use]
    pub fn not_known(error: &InputError) -> Self {
        let invariant = Invariant::InputValid;
        let evidence = Evidence {
            observed: format!("{} {}", error.field, error.found),
            required: error.required.clone(),
            source: "the catalogue of the kernel".to_owned(),
            since: None,
        };
        let check = Check {
            invariant: invariant.id(),
            statement: invariant.statement().to_owned(),
            verdict: Verdict::Fail,
            evidence: vec![evidence],
        };
        Self {
            checks: vec![check],
            effects: Vec::new(),
            consequences: Vec::new(),
            not_checked: Vec::new(),
            relies_on: Vec::new(),
            engine_command: "none".to_owned(),
        }
    }
}

/// One node as the object of an action, with every rule that speaks against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Every check that does not pass; empty when all pass.
    pub against: Vec<Check>,
}

/// One action as it would be judged now: nothing was asked for, and nothing is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ActionPreview {
    /// The action, with the parameters that it was judged for.
    pub action: Action,
    /// What its checks come to; anything but a pass rejects (C6.1).
    pub verdict: Verdict,
    /// How many checks there are.
    pub checked: usize,
    /// Every check that does not pass; empty when all pass.
    pub against: Vec<Check>,
}

/// Everything that an operator is told about one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[must_use = "an explanation that nobody reads explains nothing"]
pub struct Explanation {
    /// [`EXPLANATION_FORMAT`] when it was made.
    pub format: u32,
    /// What is asked.
    pub action: Action,
    /// Who asks.
    pub operator: ActorName,
    /// Why.
    pub reason: Reason,
    /// What the operator attested with the request; absent where that was nothing.
    #[serde(default, skip_serializing_if = "Attestations::is_empty")]
    pub attested: Attestations,
    /// The facts that a confirmation is bound to.
    pub pinned: Pinned,
    /// Every pre-condition.
    pub checks: Vec<Check>,
    /// Every predicted change.
    pub effects: Vec<FactChange>,
    /// Consequences that are not facts of an observation.
    pub consequences: Vec<String>,
    /// What is not looked at.
    pub not_checked: Vec<String>,
    /// The promises that are relied on while it runs.
    pub relies_on: Vec<InvariantId>,
    /// The same request from a terminal.
    pub command: String,
    /// What the engine is told.
    pub engine_command: String,
    /// What has to be typed to confirm it; absent where a confirmation needs no name.
    pub typed_target: Option<String>,
    /// For an action that chooses a primary: every node as its object.
    pub candidates: Vec<Candidate>,
}

/// The part of an explanation that a confirmation is bound to. It holds no position, no age and no
/// evidence, or nothing could ever be confirmed on a busy cluster.
#[derive(Serialize)]
struct Bound<'a> {
    format: u32,
    action: &'a Action,
    operator: &'a ActorName,
    reason: &'a Reason,
    #[serde(skip_serializing_if = "Attestations::is_empty")]
    attested: &'a Attestations,
    pinned: &'a Pinned,
    verdicts: Vec<(InvariantId, Verdict)>,
    effects: &'a [FactChange],
}

impl Explanation {
    /// The bytes that are stored, shown and compared: RFC 8785 JSON.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// The hash that a confirmation repeats: SHA-256 over the bound part in canonical form.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let verdicts = self.checks.iter().map(|check| (check.invariant, check.verdict)).collect();
        Hash::of(&canonical_json(&Bound {
            format: self.format,
            action: &self.action,
            operator: &self.operator,
            reason: &self.reason,
            attested: &self.attested,
            pinned: &self.pinned,
            verdicts,
            effects: &self.effects,
        }))
    }

    /// `Fail` if any check fails, else `Unknown` if any is unknown, else `Pass`.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.checks)
    }

    /// The invariants that speak against the request, in the order of the checks.
    #[must_use]
    pub fn violated(&self) -> Vec<InvariantId> {
        self.checks.iter().filter(|c| c.verdict != Verdict::Pass).map(|c| c.invariant).collect()
    }
}
