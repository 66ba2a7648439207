//! Turns a state, a request and the kernel's checks into an explanation. Pure: no clock, no
//! randomness, no I/O, so the browser, the API and the command line get the same bytes (C5.1).

use crate::model::action::Action;
use crate::model::attestation::{Attestations, Request, command};
use crate::model::cluster::ClusterState;
use crate::model::explanation::{
    ActionPreview, Candidate, Check, Checks, EXPLANATION_FORMAT, Evidence, Explanation, Verdict,
};
use crate::model::invariant::Invariant;
use crate::model::pinned::{Freeze, InDoubt, Pinned};
use crate::model::spec::{ActionClass, ActionSpec, Catalogue, Impact, KernelSpec, Target, WayOut};
use crate::model::text::{ActorName, NodeId, Reason};

/// What the control plane itself relies on whenever it runs an action.
const RELIED_ON: [Invariant; 6] = [
    Invariant::OperatorIntent,
    Invariant::ExplanationConfirmed,
    Invariant::OneAtATime,
    Invariant::AuditFirst,
    Invariant::ObservationWhole,
    Invariant::ActionIdOnce,
];

/// A request as it is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorRequest<'a> {
    /// What is asked.
    pub action: &'a Action,
    /// What was attested with it.
    pub attested: &'a Attestations,
    /// Who asks.
    pub operator: &'a ActorName,
    /// Why.
    pub reason: &'a Reason,
}

impl OperatorRequest<'_> {
    /// The request as a kernel judges it.
    #[must_use]
    pub fn to_kernel(&self) -> Request {
        Request { action: self.action.clone(), attested: self.attested.by(self.operator) }
    }
}

/// What the control plane's own records put in the way of every mutation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blockers {
    /// The action whose outcome is not known, where there is one.
    pub in_doubt: Option<InDoubt>,
    /// The freeze that stands, where there is one.
    pub freeze: Option<Freeze>,
    /// The classes of actions that a second operator has to confirm too, by the settings.
    pub second_operator: Vec<ActionClass>,
}

/// What a kernel is asked for here. Both functions are pure.
pub struct Rules<'a> {
    /// What the kernel says of itself.
    pub spec: &'static KernelSpec,
    /// Its own pre-conditions, effects and limits for a request in the state that is explained.
    pub checks: &'a dyn Fn(&Request) -> Checks,
}

impl Rules<'_> {
    fn entry(&self, action: &Action) -> Option<&'static ActionSpec> {
        self.spec.action(action.kind())
    }
}

/// Explains a request in a state.
///
/// The kernel answers for any action in this state; it is asked for the request itself and, where
/// the action chooses a primary, for every node as its object.
pub fn explain(
    state: &ClusterState,
    request: &OperatorRequest<'_>,
    standing: Blockers,
    rules: &Rules<'_>,
) -> Explanation {
    let action = request.action;
    let entry = rules.entry(action);
    let asked = request.to_kernel();
    let own = (rules.checks)(&asked);
    let checks = all_checks(state, action, &standing, rules, own.checks);
    let mut consequences = own.consequences;
    let candidates = match entry.filter(|entry| entry.chooses_primary) {
        Some(entry) => candidates(state, entry, &standing, rules, Some(&asked)),
        None => Vec::new(),
    };
    let pinned = pinned(state, rules.spec, entry, standing);
    if let Some(open) = &pinned.in_doubt {
        consequences.push(format!(
            "The action {} ({}) has an outcome that is not known. Its effect is not part of this explanation.",
            open.action_id, open.kind
        ));
    }
    let mut relies_on = own.relies_on;
    relies_on.extend(RELIED_ON.map(Invariant::id));
    let typed_target = typed_target(state, action, entry);
    if typed_target.is_some() {
        relies_on.extend([Invariant::TargetTyped.id(), Invariant::ProvedRecently.id()]);
    }
    if pinned.second_operator {
        relies_on.push(Invariant::SecondOperator.id());
        consequences.push("It runs only after a second operator has confirmed it too.".to_owned());
    }
    Explanation {
        format: EXPLANATION_FORMAT,
        action: action.clone(),
        operator: request.operator.clone(),
        reason: request.reason.clone(),
        attested: request.attested.clone(),
        pinned,
        checks,
        effects: own.effects,
        consequences,
        not_checked: own.not_checked,
        relies_on: Catalogue::from(rules.spec).in_order(relies_on),
        command: command(action, request.attested, request.reason.as_str()),
        engine_command: own.engine_command,
        typed_target,
        candidates,
    }
}

/// The facts that a confirmation of an action is bound to: those of the state, and what the control
/// plane's own records say now.
#[must_use]
pub fn pinned(
    state: &ClusterState,
    spec: &KernelSpec,
    entry: Option<&ActionSpec>,
    standing: Blockers,
) -> Pinned {
    let Blockers { in_doubt, freeze, second_operator } = standing;
    let second_operator = entry.is_some_and(|entry| second_operator.contains(&entry.class));
    Pinned { freeze, second_operator, ..state.pinned(spec, in_doubt) }
}

/// Every member as the object of an action of this kind, with every rule that speaks against it.
/// Nothing is ranked: the order is that of the names (C2.2).
#[must_use]
pub fn why_not(
    state: &ClusterState,
    entry: &ActionSpec,
    standing: &Blockers,
    rules: &Rules<'_>,
) -> Vec<Candidate> {
    candidates(state, entry, standing, rules, None)
}

/// The same; what was attested with a request stands for the node of that request and for no other.
fn candidates(
    state: &ClusterState,
    entry: &ActionSpec,
    standing: &Blockers,
    rules: &Rules<'_>,
    asked: Option<&Request>,
) -> Vec<Candidate> {
    let candidate = |node: &NodeId| {
        let action = entry.on(node)?;
        let asked = asked.filter(|asked| asked.action == action).cloned();
        let request = asked.unwrap_or_else(|| action.into());
        let own = (rules.checks)(&request).checks;
        let checks = all_checks(state, &request.action, standing, rules, own);
        Some(Candidate { node: node.clone(), against: against(checks) })
    };
    let members = if entry.is_about_member() { state.nodes.as_slice() } else { &[] };
    members.iter().filter_map(|node| candidate(&node.id)).collect()
}

/// Those of the offered actions that are about this node: whether each could be confirmed now, and
/// every rule that speaks against it. In the order given; nothing is ranked (C2.2).
#[must_use]
pub fn on_node(
    state: &ClusterState,
    node: &NodeId,
    offers: Vec<Action>,
    standing: &Blockers,
    rules: &Rules<'_>,
) -> Vec<ActionPreview> {
    let of_node = offers.into_iter().filter(|action| action.node().as_ref() == Some(node));
    of_node.map(|action| prospect(state, action, standing, rules)).collect()
}

/// Those of the offered actions that take no parameter, in the order given.
#[must_use]
pub fn cluster_actions(
    state: &ClusterState,
    offers: Vec<Action>,
    standing: &Blockers,
    rules: &Rules<'_>,
) -> Vec<ActionPreview> {
    let of_cluster = offers.into_iter().filter(|action| action.params().is_empty());
    of_cluster.map(|action| prospect(state, action, standing, rules)).collect()
}

fn prospect(
    state: &ClusterState,
    action: Action,
    standing: &Blockers,
    rules: &Rules<'_>,
) -> ActionPreview {
    let request = Request::from(action);
    let own = (rules.checks)(&request).checks;
    let Request { action, .. } = request;
    let checks = all_checks(state, &action, standing, rules, own);
    let verdict = Verdict::of(&checks);
    ActionPreview { action, verdict, checked: checks.len(), against: against(checks) }
}

/// Every check of an action: those of the kernel, and those of the control plane's own records. A
/// request is explained by these, and so is every table that says why not (C5.1).
fn all_checks(
    state: &ClusterState,
    action: &Action,
    standing: &Blockers,
    rules: &Rules<'_>,
    mut checks: Vec<Check>,
) -> Vec<Check> {
    checks.extend(own_checks(state, rules, rules.entry(action), standing));
    checks
}

fn against(checks: Vec<Check>) -> Vec<Check> {
    checks.into_iter().filter(|check| check.verdict != Verdict::Pass).collect()
}

/// The checks that the control plane makes of its own records, for every action.
fn own_checks(
    state: &ClusterState,
    rules: &Rules<'_>,
    entry: Option<&ActionSpec>,
    standing: &Blockers,
) -> [Check; 2] {
    [
        nothing_in_doubt(state, rules, entry, standing.in_doubt.as_ref()),
        not_frozen(standing.freeze.as_ref()),
    ]
}

/// What has to be typed to confirm: the node for an action on a node, else the cluster.
fn typed_target(
    state: &ClusterState,
    action: &Action,
    entry: Option<&ActionSpec>,
) -> Option<String> {
    // An action that the kernel does not know fails its checks, so nothing confirms it.
    let entry = entry?;
    match (entry.impact, entry.target) {
        (Impact::Contained, _) => None,
        (Impact::Disruptive | Impact::Irreversible, Target::Node) => {
            action.node().map(|node| node.to_string())
        }
        (Impact::Disruptive | Impact::Irreversible, Target::Cluster) => {
            Some(state.identity.cluster.to_string())
        }
    }
}

/// Whether an action is the way out beside one in doubt. An action that the kernel does not know may have made
/// a node primary.
fn leads_out(
    state: &ClusterState,
    rules: &Rules<'_>,
    entry: &ActionSpec,
    in_doubt: Option<&InDoubt>,
) -> bool {
    let primary = state.primary();
    match entry.way_out {
        WayOut::Never => false,
        WayOut::Always => primary.known() == Some(&None),
        // A primary that does not answer is not known to be none. Whether there is one, the action's own
        // rules say.
        WayOut::UnlessPrimaryInDoubt => {
            let chooses =
                |open: &InDoubt| rules.spec.action(open.kind).map(|it| it.chooses_primary);
            let nobody_is_known = primary.known().is_none_or(Option::is_none);
            nobody_is_known && in_doubt.is_none_or(|open| chooses(open) == Some(false))
        }
    }
}

/// While an outcome is unknown nothing else runs, with one exception: what the kernel calls the way out,
/// while nobody is primary. Resolving can need a primary, and without the exception neither could ever
/// happen.
fn nothing_in_doubt(
    state: &ClusterState,
    rules: &Rules<'_>,
    entry: Option<&ActionSpec>,
    in_doubt: Option<&InDoubt>,
) -> Check {
    let way_out = entry.filter(|entry| leads_out(state, rules, entry, in_doubt));
    let is_way_out = way_out.is_some();
    let (verdict, observed) = match in_doubt {
        None => (Verdict::Pass, "none".to_owned()),
        Some(open) => (
            if is_way_out { Verdict::Pass } else { Verdict::Fail },
            format!("{} {}", open.kind, open.action_id),
        ),
    };
    let required = match way_out.filter(|_| in_doubt.is_some()) {
        Some(entry) => {
            let kind = entry.kind.word().replace('_', " ");
            format!("none, or a {kind} while nobody is primary, which resolving may need")
        }
        None => "none".to_owned(),
    };
    Check {
        invariant: Invariant::NothingUnresolved.id(),
        statement: Invariant::NothingUnresolved.statement().to_owned(),
        verdict,
        evidence: vec![Evidence {
            observed,
            required,
            source: "the ledger of the control plane".to_owned(),
            since: None,
        }],
    }
}

/// While a freeze stands nothing passes, without exception: an operator lifts it first (C3.1).
fn not_frozen(freeze: Option<&Freeze>) -> Check {
    Check {
        invariant: Invariant::NotFrozen.id(),
        statement: Invariant::NotFrozen.statement().to_owned(),
        verdict: if freeze.is_none() { Verdict::Pass } else { Verdict::Fail },
        evidence: vec![Evidence {
            observed: freeze.map_or_else(|| "none".to_owned(), ToString::to_string),
            required: "none".to_owned(),
            source: "the ledger of the control plane".to_owned(),
            since: freeze.map(|freeze| freeze.since),
        }],
    }
}

#[cfg(test)]
mod tests;
