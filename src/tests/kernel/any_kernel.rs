//! What every kernel must keep, written against the port alone: whatever its nodes, its actions and its
//! positions are. Each kernel has a suite of its own besides.

use crate::kernel::contract::{Bench, id, sends};
use aerodb_control::kernel::{ApplyError, CommandKernel, PendingOrder, Resolution};
use aerodb_control::model::action::{Action, ActionId};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::attestation::Request;
use aerodb_control::model::canonical::canonical_json;
use aerodb_control::model::cluster::{ClusterState, ReceiptStatus};
use aerodb_control::model::event::KernelEvent;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::facts::{
    Fact, FactChange, FactKey, FactSubject, FactValue, Facts, Value,
};
use aerodb_control::model::pinned::Pinned;
use aerodb_control::model::receipt::{KernelRefusal, Receipt};
use aerodb_control::model::session::Session;
use aerodb_control::model::spec::{FactOf, KernelSpec, PRIMARY, REACHABLE, ROLE, WRITES};
use std::sync::Arc;

/// Kernels whose data is held by servers that others use too.
const OWN_SERVERS: [&str; 1] = ["postgres"];

/// What a kernel can be asked for on its bench.
pub(crate) trait Samples: Bench {
    /// Actions whose checks pass one after the other, from the state that the bench begins in.
    fn runs(&self) -> Vec<Request>;
    /// Actions that are refused in that state, each with the rule that it is refused by.
    fn refused(&self) -> Vec<(Action, &'static str)>;
}

/// Sends an action that was confirmed in the state of now, but for its generation.
async fn sent(
    kernel: &dyn CommandKernel,
    number: u8,
    request: impl Into<Request>,
    generation: Option<u64>,
) -> (Session, Result<Receipt, ApplyError>) {
    let mut before = observed(kernel).await;
    let unknown = || Fact::unknown(Timestamp::from_millis(0), "the test says so");
    let generation = generation.map_or_else(unknown, |number| Fact::Known(Value::Number(number)));
    before.facts.set(FactKey::new(kernel.spec().position.generation), generation);
    sends(kernel, number, PendingOrder::new(id(number), request.into(), Arc::new(before))).await
}

fn generation(spec: &KernelSpec, state: &ClusterState) -> Option<u64> {
    state.facts.number(spec.position.generation).known().copied()
}

async fn observed(kernel: &dyn CommandKernel) -> ClusterState {
    kernel.observe().await.expect("a state")
}

/// What has to stay as it is while nothing is done. A kernel inside this process stands still as a whole.
/// Servers of their own count sessions and write by themselves: of those only that stays which a confirmation
/// is bound to.
pub(crate) fn at_rest(spec: &KernelSpec, state: ClusterState) -> (Pinned, Option<ClusterState>) {
    let pinned = state.pinned(spec, None);
    (pinned, Some(state).filter(|_| !OWN_SERVERS.contains(&spec.kind)))
}

async fn rest(kernel: &dyn CommandKernel) -> (Pinned, Option<ClusterState>) {
    at_rest(kernel.spec(), observed(kernel).await)
}

/// Sends an order that must be refused, and shows that nothing moved.
async fn refused(
    kernel: &dyn CommandKernel,
    number: u8,
    request: impl Into<Request>,
    generation: Option<u64>,
) -> KernelRefusal {
    let before = rest(kernel).await;
    let request = request.into();
    let (_, answer) = sent(kernel, number, request.clone(), generation).await;
    let Err(ApplyError::Refused(refusal)) = answer else { panic!("{request:?}: {answer:?}") };
    assert_eq!(rest(kernel).await, before, "{request:?}");
    let held = kernel.receipt(id(number)).await.expect("an answer");
    assert!(!matches!(held, ReceiptStatus::Executed { .. }), "{held:?}");
    refusal
}

/// Every fact that is observed is declared, and so is what the rooms look for by a key.
async fn what_is_observed_is_declared(kernel: &dyn CommandKernel) {
    let (spec, state) = (kernel.spec(), observed(kernel).await);
    assert_eq!(spec.faults(), Vec::<String>::new());
    assert_eq!((kernel.describe().kind, spec.kind), (spec.kind, state.identity.kernel.as_str()));
    let declared = |subject: &FactSubject, facts: &Facts| {
        for (key, _) in facts.iter() {
            assert!(spec.fact_of(subject, key).is_some(), "{subject:?} {key}");
        }
    };
    declared(&FactSubject::Cluster, &state.facts);
    for key in [PRIMARY, WRITES, spec.position.generation] {
        assert!(state.facts.get(key).is_some(), "{key}");
    }
    for node in &state.nodes {
        declared(&FactSubject::Node(node.id.clone()), &node.facts);
        let position = [spec.position.end, spec.position.durable];
        for key in [ROLE, REACHABLE].into_iter().chain(position).chain(spec.follows) {
            assert!(node.facts.get(key).is_some(), "{} {key}", node.id);
        }
        let role = node.role();
        let role = role.known().map(String::as_str);
        assert!(role.is_none_or(|role| spec.roles.contains(&role)), "{role:?}");
    }
    for item in &state.items {
        declared(&item.subject(), &item.facts);
        assert!(spec.items.iter().any(|of| *of.kind == *item.kind), "{item:?}");
    }
    for fact in spec.facts {
        for key in fact.since.into_iter().flatten() {
            assert!(spec.fact(fact.of, key).is_some(), "{key}");
        }
        assert_ne!(fact.of, FactOf::Item(""), "{}", fact.key);
    }
}

async fn looking_changes_nothing(kernel: &dyn CommandKernel) {
    let mut changes = kernel.changes();
    changes.mark_unchanged();
    let state = observed(kernel).await;
    for offer in kernel.offers(&state) {
        let request = offer.clone().into();
        let (one, two) = (kernel.checks(&state, &request), kernel.checks(&state, &request));
        assert_eq!(canonical_json(&one), canonical_json(&two), "{offer:?}");
        assert_eq!(kernel.spec().parse(offer.kind().word(), offer.params()), Ok(offer.clone()));
        let entry = kernel.spec().action(offer.kind()).expect("an action of the catalogue");
        for check in &one.checks {
            assert!(entry.preconditions.contains(&check.invariant), "{offer:?}: {check:?}");
        }
        let passes = Verdict::of(&one.checks) == Verdict::Pass;
        assert!(passes || one.effects.is_empty(), "{offer:?}: what is refused changes nothing");
        let has_words = one.checks.iter().all(|check| !check.evidence.is_empty());
        assert!(has_words, "{offer:?}: every verdict rests on something");
    }
    kernel.events(None, 5).await.expect("a page");
    kernel.memory(None, 5).await.expect("a page");
    let none = kernel.receipt(id(200)).await.expect("an answer");
    assert_eq!(none, ReceiptStatus::NoneYet { action_id: id(200) });
    assert_eq!(rest(kernel).await, at_rest(kernel.spec(), state));
    assert!(!changes.has_changed().expect("it lives"), "nobody is told of a look");
}

async fn what_must_be_refused(
    kernel: &dyn CommandKernel,
    samples: Vec<(Action, &str)>,
    run: &Request,
) {
    let now = generation(kernel.spec(), &observed(kernel).await);
    let later = now.map(|number| number + 1);
    refused(kernel, 1, run.clone(), later).await;
    for (number, (action, rule)) in (2..).zip(samples) {
        let refusal = refused(kernel, number, action.clone(), now).await;
        assert_eq!(refusal.rule, rule, "{action:?}");
        let known = |id: &_| kernel.spec().invariants.iter().any(|invariant| invariant.id == *id);
        assert!(
            !refusal.invariants.is_empty() && refusal.invariants.iter().all(known),
            "{refusal:?}"
        );
    }
    let foreign: Action =
        serde_json::from_str(r#"{"kind":"of_no_kernel","params":{"node":"n1"}}"#).expect("a form");
    refused(kernel, 50, foreign, now).await;
}

/// Applies an action in the state that is observed, and holds the prediction against what follows.
async fn run(kernel: &dyn CommandKernel, number: u8, request: Request) -> (Session, Receipt) {
    let (spec, before) = (kernel.spec(), observed(kernel).await);
    let checks = kernel.checks(&before, &request);
    let action = request.action.clone();
    assert_eq!(Verdict::of(&checks.checks), Verdict::Pass, "{action:?}: {:?}", checks.checks);
    let (session, answer) = sent(kernel, number, request, generation(spec, &before)).await;
    let receipt = answer.expect("it runs");
    assert!(receipt.answers(id(number), &action) && !receipt.duplicate, "{receipt:?}");
    assert_eq!(receipt.witness.seq, u64::from(number));
    let after = observed(kernel).await;
    let mut moved = before.pinned(spec, None).moved(&after.pinned(spec, None));
    spec.sort(&mut moved);
    let is_bound = |effect: &&FactChange| spec.is_bound(&effect.subject, &effect.fact);
    let bound = checks.effects.iter().filter(is_bound).filter(|e| e.before != e.after);
    let bound = bound.filter_map(|effect| as_found(effect, id(number), &moved));
    assert_eq!(moved, bound.collect::<Vec<_>>(), "{action:?}");
    for effect in checks.effects.iter().filter(|effect| !is_bound(effect)) {
        if matches!(effect.subject, FactSubject::Item { .. }) {
            // A thing of which nothing is pinned can be predicted to go, and nothing else.
            assert_eq!(effect.after, FactValue::Absent, "{effect:?}");
            assert!(!after.items.iter().any(|item| item.subject() == effect.subject), "{effect:?}");
            continue;
        }
        let FactSubject::Node(node) = &effect.subject else { panic!("{effect:?}") };
        let found =
            after.node(node).and_then(|node| node.facts.position(&effect.fact).known().copied());
        if effect.after == FactValue::OfThisAction {
            assert_eq!(found.map(|found| found.offset), receipt.position, "{effect:?}");
            // Where there are branches, the place of a receipt is on the one of its generation.
            let branch = found.map(|found| found.branch).filter(|branch| *branch != 0);
            assert!(branch.is_none_or(|branch| receipt.generation == Some(branch)), "{effect:?}");
        }
    }
    (session, receipt)
}

/// A prediction with what it leaves open filled in: the id of the action, and what was predicted to be
/// unknown. Of the latter nothing is promised, not even that it moves.
fn as_found(effect: &FactChange, id: ActionId, moved: &[FactChange]) -> Option<FactChange> {
    let after = match &effect.after {
        FactValue::OfThisAction => FactValue::Known(Value::Text(id.to_string())),
        FactValue::Unknown => {
            let is_it = |m: &&FactChange| m.subject == effect.subject && m.fact == effect.fact;
            moved.iter().find(is_it)?.after.clone()
        }
        known => known.clone(),
    };
    Some(FactChange { after, ..effect.clone() })
}

async fn one_id_is_one_receipt(kernel: &dyn CommandKernel, runs: &[Request]) -> Vec<ActionId> {
    let mut ids = Vec::new();
    for (number, request) in (100..).zip(runs) {
        let (session, first) = run(kernel, number, request.clone()).await;
        let state = rest(kernel).await;
        let again = Receipt { duplicate: true, ..first.clone() };
        // The same id again, in its own generation and another one, and with another body.
        for (body, generation) in [(request, Some(1)), (request, None), (&runs[0], Some(99))] {
            let (_, answer) = sent(kernel, number, body.clone(), generation).await;
            assert_eq!(answer, Ok(again.clone()), "{request:?}");
        }
        assert_eq!(rest(kernel).await, state, "{request:?}");
        for _ in 0..2 {
            let resolved = kernel.resolve(id(number), &session).await;
            assert_eq!(resolved, Ok(Resolution::Executed(first.clone())));
        }
        ids.push(id(number));
    }
    ids
}

/// An id that the kernel never saw is void for ever, or the kernel says that it cannot tell.
async fn what_it_never_saw(kernel: &dyn CommandKernel, request: &Request) {
    let before = observed(kernel).await;
    let resolved = kernel.resolve(id(60), &Session::none()).await;
    assert_eq!(rest(kernel).await, at_rest(kernel.spec(), before.clone()));
    let again = kernel.resolve(id(60), &Session::none()).await;
    assert_eq!(resolved, again, "asking again gives the same answer");
    match resolved {
        Ok(Resolution::Voided(_)) => {
            let now = generation(kernel.spec(), &before);
            refused(kernel, 60, request.clone(), now).await;
        }
        Ok(Resolution::Executed(receipt)) => panic!("it never ran: {receipt:?}"),
        Err(_) => assert!(!kernel.describe().can_resolve, "it says that it can resolve"),
    }
}

async fn every_event(kernel: &dyn CommandKernel, at_once: u32) -> Vec<KernelEvent> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = kernel.events(before, at_once).await.expect("a page");
        assert!(page.events.len() <= at_once as usize);
        all.extend(page.events);
        before = page.next_before;
        if before.is_none() {
            return all;
        }
    }
}

async fn events_are_one_order(kernel: &dyn CommandKernel) {
    let whole = every_event(kernel, 200).await;
    assert_eq!(every_event(kernel, 1).await, whole);
    assert!(whole.windows(2).all(|pair| pair[0].place > pair[1].place), "newest first");
    for event in &whole {
        let kinds = kernel.spec().events;
        assert!(kinds.iter().any(|kind| kind.kind == event.kind), "{event:?}");
    }
}

async fn memory_holds_every_order(kernel: &dyn CommandKernel, ids: &[ActionId]) {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = kernel.memory(after, 1).await.expect("a page");
        assert!(page.reach.is_whole && page.rows.len() <= 1, "{page:?}");
        rows.extend(page.rows);
        after = page.next_after;
        if after.is_none() {
            break;
        }
    }
    assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0), "in the order of their bytes");
    for wanted in ids {
        let held = rows.iter().find(|(id, _)| id == wanted).map(|(_, held)| held);
        let held = held.unwrap_or_else(|| panic!("{wanted} is not remembered"));
        let status = kernel.receipt(*wanted).await.expect("an answer");
        let ReceiptStatus::Executed { receipt } = status else { panic!("{wanted}: {status:?}") };
        assert_eq!(held.receipts, [receipt], "{wanted}");
    }
}

/// The contract of the port.
pub(crate) async fn keeps_the_contract(mut bench: impl Samples) {
    let (runs, samples) = (bench.runs(), bench.refused());
    what_is_observed_is_declared(bench.kernel()).await;
    looking_changes_nothing(bench.kernel()).await;
    what_must_be_refused(bench.kernel(), samples, &runs[0]).await;
    what_it_never_saw(bench.kernel(), &runs[0]).await;
    let ids = one_id_is_one_receipt(bench.kernel(), &runs).await;
    looking_changes_nothing(bench.kernel()).await;
    events_are_one_order(bench.kernel()).await;
    memory_holds_every_order(bench.kernel(), &ids).await;
    bench.restart();
    memory_holds_every_order(bench.kernel(), &ids).await;
    what_is_observed_is_declared(bench.kernel()).await;
    events_are_one_order(bench.kernel()).await;
    looking_changes_nothing(bench.kernel()).await;
}
