//! Turns a state, a request and the kernel's checks into an explanation. Pure: no clock, no
//! randomness, no I/O, so the browser, the API and the command line get the same bytes (C5.1).

use crate::model::action::{Action, ActionKind, LogPosition};
use crate::model::catalogue::{ActionClass, Impact, Target, entry};
use crate::model::cluster::ClusterState;
use crate::model::explanation::{
    Candidate, Check, Checks, EXPLANATION_FORMAT, Evidence, Explanation, Prospect, Verdict,
};
use crate::model::invariant::Invariant;
use crate::model::pinned::{Freeze, Pinned, Unresolved};
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
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What is asked.
    pub action: &'a Action,
    /// Who asks.
    pub operator: &'a ActorName,
    /// Why.
    pub reason: &'a Reason,
}

/// What the control plane's own records put in the way of every mutation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The action whose outcome is not known, where there is one.
    pub unresolved: Option<Unresolved>,
    /// The freeze that stands, where there is one.
    pub freeze: Option<Freeze>,
    /// The classes of actions that a second operator has to confirm too, by the settings.
    pub second_operator: Vec<ActionClass>,
}

/// Explains a request in a state.
///
/// `kernel` answers for any action in this state; it is asked for the request itself and, where
/// the action chooses a primary, for every node as its object.
pub fn explain(
    state: &ClusterState,
    request: &Request<'_>,
    standing: Standing,
    kernel: impl Fn(&ClusterState, &Action) -> Checks,
) -> Explanation {
    let action = request.action;
    let own = kernel(state, action);
    let checks = all_checks(state, action, &standing, own.checks);
    let mut consequences = own.consequences;
    let candidates = if action.kind().chooses_primary() {
        why_not(state, action.kind(), &standing, kernel)
    } else {
        Vec::new()
    };
    let Standing { unresolved, freeze, second_operator } = standing;
    let second_operator = second_operator.contains(&entry(action.kind()).class);
    if let Some(open) = &unresolved {
        consequences.push(format!(
            "The action {} ({}) has an outcome that is not known. Its effect is not part of this explanation.",
            open.action_id, open.kind
        ));
    }
    let mut relies_on = own.relies_on;
    relies_on.extend(RELIED_ON);
    if typed_target(state, action).is_some() {
        relies_on.extend([Invariant::TargetTyped, Invariant::ProvedRecently]);
    }
    if second_operator {
        relies_on.push(Invariant::SecondOperator);
        consequences.push("It runs only after a second operator has confirmed it too.".to_owned());
    }
    relies_on.sort_unstable();
    relies_on.dedup();
    Explanation {
        format: EXPLANATION_FORMAT,
        action: action.clone(),
        operator: request.operator.clone(),
        reason: request.reason.clone(),
        pinned: Pinned { freeze, second_operator, ..state.pinned(unresolved) },
        checks,
        effects: own.effects,
        consequences,
        not_checked: own.not_checked,
        relies_on,
        command: action.command(request.reason.as_str()),
        engine_command: own.engine_command,
        typed_target: typed_target(state, action),
        candidates,
    }
}

/// Every node as the object of an action of this kind, with every rule that speaks against it.
/// Nothing is ranked: the order is that of the names (C2.2).
pub fn why_not(
    state: &ClusterState,
    kind: ActionKind,
    standing: &Standing,
    kernel: impl Fn(&ClusterState, &Action) -> Checks,
) -> Vec<Candidate> {
    let candidate = |node: &NodeId| {
        let action = kind.on(node.clone())?;
        let checks = all_checks(state, &action, standing, kernel(state, &action).checks);
        Some(Candidate { node: node.clone(), against: against(checks) })
    };
    let members = if kind.is_about_member() { state.nodes.as_slice() } else { &[] };
    members.iter().filter_map(|node| candidate(&node.pinned.id)).collect()
}

/// Every action that names a node, on this node: whether it could be confirmed now, and every rule
/// that speaks against it. In the order of the catalogue; nothing is ranked (C2.2).
///
/// An action that takes a position too is judged for the end of the checkpoint of the node, and for
/// position 1 where none is known: no page selects it, and the action says which it was.
pub fn on_node(
    state: &ClusterState,
    node: &NodeId,
    standing: &Standing,
    kernel: impl Fn(&ClusterState, &Action) -> Checks,
) -> Vec<Prospect> {
    let action = |kind: ActionKind| match kind {
        ActionKind::PurgeLog => {
            let kept = state.node(node).and_then(|n| n.positions.checkpoint.known().copied());
            let up_to = kept.flatten().unwrap_or(1).to_string();
            let up_to = LogPosition::parse_field("up_to", &up_to).ok()?;
            Some(Action::PurgeLog { node: node.clone(), up_to })
        }
        kind => kind.on(node.clone()),
    };
    let actions = ActionKind::ALL.into_iter().filter_map(action);
    actions.map(|action| prospect(state, action, standing, &kernel)).collect()
}

/// Every action that takes no parameter, in the order of the catalogue.
pub fn on_cluster(
    state: &ClusterState,
    standing: &Standing,
    kernel: impl Fn(&ClusterState, &Action) -> Checks,
) -> Vec<Prospect> {
    let actions = [Action::StopWrites {}, Action::ResumeWrites {}];
    actions.map(|action| prospect(state, action, standing, &kernel)).into()
}

fn prospect(
    state: &ClusterState,
    action: Action,
    standing: &Standing,
    kernel: impl Fn(&ClusterState, &Action) -> Checks,
) -> Prospect {
    let checks = all_checks(state, &action, standing, kernel(state, &action).checks);
    let verdict = Verdict::of(&checks);
    Prospect { action, verdict, checked: checks.len(), against: against(checks) }
}

/// Every check of an action: those of the kernel, and those of the control plane's own records. A
/// request is explained by these, and so is every table that says why not (C5.1).
fn all_checks(
    state: &ClusterState,
    action: &Action,
    standing: &Standing,
    mut checks: Vec<Check>,
) -> Vec<Check> {
    checks.extend(own_checks(state, action, standing));
    checks
}

fn against(checks: Vec<Check>) -> Vec<Check> {
    checks.into_iter().filter(|check| check.verdict != Verdict::Pass).collect()
}

/// The checks that the control plane makes of its own records, for every action.
fn own_checks(state: &ClusterState, action: &Action, standing: &Standing) -> [Check; 2] {
    [
        nothing_unresolved(state, action, standing.unresolved.as_ref()),
        not_frozen(standing.freeze.as_ref()),
    ]
}

/// What has to be typed to confirm: the node for an action on a node, else the cluster.
fn typed_target(state: &ClusterState, action: &Action) -> Option<String> {
    let entry = entry(action.kind());
    match (entry.impact, entry.target) {
        (Impact::Contained, _) => None,
        (Impact::Disruptive, Target::Node) => action.node().map(ToString::to_string),
        (Impact::Disruptive, Target::Cluster) => Some(state.cluster.identity.cluster.to_string()),
    }
}

/// While an outcome is unknown nothing else runs, with one exception: a failover while nobody is
/// primary. Settling can need a primary, and without the exception neither could ever happen.
fn nothing_unresolved(
    state: &ClusterState,
    action: &Action,
    unresolved: Option<&Unresolved>,
) -> Check {
    let nobody_leads = state.cluster.primary.known() == Some(&None);
    let is_way_out = action.kind() == ActionKind::Failover && nobody_leads;
    let (verdict, observed) = match unresolved {
        None => (Verdict::Pass, "none".to_owned()),
        Some(open) => (
            if is_way_out { Verdict::Pass } else { Verdict::Fail },
            format!("{} {}", open.kind, open.action_id),
        ),
    };
    let required = if is_way_out && unresolved.is_some() {
        "none, or a failover while nobody is primary, which settling may need"
    } else {
        "none"
    };
    Check {
        invariant: Invariant::NothingUnresolved,
        statement: Invariant::NothingUnresolved.statement().to_owned(),
        verdict,
        evidence: vec![Evidence {
            observed,
            required: required.to_owned(),
            source: "the ledger of the control plane".to_owned(),
            since: None,
        }],
    }
}

/// While a freeze stands nothing passes, without exception: an operator lifts it first (C3.1).
fn not_frozen(freeze: Option<&Freeze>) -> Check {
    Check {
        invariant: Invariant::NotFrozen,
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
