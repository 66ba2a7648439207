//! What the embedded kernel must keep, through the port. What every kernel must keep is in `any_kernel`,
//! and a kernel is put under it by a `Bench` with `Samples`.

use crate::in_epoch::in_epoch;
use crate::kernel::any_kernel::{Samples, at_rest, keeps_the_contract};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::{SPEC, facts};
use aerodb_control::kernel::embedded::view::View;
use aerodb_control::kernel::{
    ApplyError, CommandKernel, Order, PendingOrder, Resolution, ResolveError,
};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::attestation::Request;
use aerodb_control::model::canonical::{Hash, canonical_json};
use aerodb_control::model::cluster::{ClusterState, ReceiptStatus};
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::facts::{Fact, FactChange, FactSubject, FactValue};
use aerodb_control::model::invariant::InvariantId;
use aerodb_control::model::receipt::{KernelRefusal, LedgerRef, Receipt};
use aerodb_control::model::session::Session;
use aerodb_control::model::text::NodeId;

/// A kernel that survives a restart. That of the embedded kernel has nodes n1, n2 ... and n1 is primary.
pub(crate) trait Bench {
    fn kernel(&self) -> &dyn CommandKernel;
    fn restart(&mut self);
}

pub(crate) fn id(number: u8) -> ActionId {
    ActionId::from_random([number; 16])
}

pub(crate) fn n(number: u64) -> NodeId {
    NodeId::numbered(number)
}

pub(crate) fn pending(number: u8, action: Action, expected_epoch: Option<u64>) -> PendingOrder {
    PendingOrder::new(id(number), action.into(), in_epoch(expected_epoch))
}

fn witness(number: u8) -> LedgerRef {
    LedgerRef { seq: u64::from(number), hash: Hash::of(&[number]) }
}

pub(crate) fn order(number: u8, action: Action, expected_epoch: Option<u64>) -> Order {
    pending(number, action, expected_epoch).dispatched(witness(number))
}

/// Opens a session for an order, which changes nothing, and sends the order in it.
pub(crate) async fn sent(
    kernel: &dyn CommandKernel,
    number: u8,
    action: Action,
    expected_epoch: Option<u64>,
) -> (Session, Result<Receipt, ApplyError>) {
    sends(kernel, number, pending(number, action, expected_epoch)).await
}

/// The same for an order that was confirmed in any state.
pub(crate) async fn sends(
    kernel: &dyn CommandKernel,
    number: u8,
    pending: PendingOrder,
) -> (Session, Result<Receipt, ApplyError>) {
    let seen = async || {
        let state = at_rest(kernel.spec(), kernel.observe().await.unwrap());
        (state, kernel.receipt(id(number)).await.unwrap(), *kernel.changes().borrow())
    };
    let before = seen().await;
    let session = match kernel.open(&pending).await {
        Ok(session) => session,
        Err(error) => return (Session::none(), Err(error)),
    };
    assert_eq!(seen().await, before, "opening changes nothing");
    let stored = canonical_json(&session);
    assert_eq!(serde_json::from_slice::<Session>(&stored).unwrap(), session, "a record keeps it");
    (session.clone(), kernel.apply(pending.dispatched(witness(number)), session).await)
}

/// An order that no kernel of ours would be sent by a page.
pub(crate) fn foreign_order(number: u8, action: aerodb_control::model::action::Action) -> Order {
    PendingOrder::new(id(number), action.into(), in_epoch(Some(1))).dispatched(witness(number))
}

/// An observation in the types of its kernel.
pub(crate) trait TypedState {
    /// The kernel's own view.
    fn view(&self) -> View;
}

impl TypedState for ClusterState {
    fn view(&self) -> View {
        View::read(self)
    }
}

/// The epoch, where it is known.
pub(crate) fn epoch(state: &ClusterState) -> Option<u64> {
    state.view().cluster.epoch.known().copied()
}

/// Applies an action in the state that is observed, and holds the prediction against what follows.
pub(crate) async fn run(kernel: &dyn CommandKernel, number: u8, action: Action) -> Receipt {
    let before = kernel.observe().await.unwrap();
    let checks = kernel.checks(&before, &action.clone().into());
    for check in &checks.checks {
        assert_eq!(check.verdict, Verdict::Pass, "{}: {check:?}", action.title());
    }
    let title = action.title();
    let receipt = sent(kernel, number, action, epoch(&before)).await.1.expect(&title);
    assert!(!receipt.duplicate);
    let after = kernel.observe().await.unwrap();
    let mut moved = before.pinned(&SPEC, None).moved(&after.pinned(&SPEC, None));
    SPEC.sort(&mut moved);
    moved.extend(moved_on_disk(&before, &after, &receipt));
    // What is said to stay binds the digest, and is no move.
    let stays = |effect: &&FactChange| effect.before == effect.after;
    let predicted: Vec<_> = checks.effects.iter().filter(|e| !stays(e)).cloned().collect();
    assert_eq!(moved, predicted, "{title}");
    receipt
}

/// What moved on the disk of the node that the action is about, where that is all that it does.
fn moved_on_disk(
    before: &ClusterState,
    after: &ClusterState,
    receipt: &Receipt,
) -> Vec<FactChange> {
    let (Action::TakeCheckpoint { node } | Action::PurgeLog { node, .. }) =
        &Action::try_from(&receipt.action).unwrap()
    else {
        return Vec::new();
    };
    let value =
        |state: &ClusterState, key: &str| FactValue::of(state.node(node).unwrap().facts.get(key));
    let moved = |key: &'static str| {
        let (before, mut after) = (value(before, key), value(after, key));
        let is_entry = |at: u64| key == facts::CHECKPOINT && after == FactValue::Known(at.into());
        if receipt.position.is_some_and(is_entry) {
            after = FactValue::OfThisAction;
        }
        let (subject, fact) = (FactSubject::Node(node.clone()), key.into());
        (before != after).then_some(FactChange { subject, fact, before, after })
    };
    [facts::FIRST, facts::CHECKPOINT].into_iter().filter_map(moved).collect()
}

/// Applies an action that the kernel must refuse by itself, and shows that nothing moved.
pub(crate) async fn refused(
    kernel: &dyn CommandKernel,
    number: u8,
    action: Action,
    expected_epoch: Option<u64>,
) -> KernelRefusal {
    let before = kernel.observe().await.unwrap();
    let title = action.title();
    let error = sent(kernel, number, action, expected_epoch).await.1.expect_err(&title);
    let ApplyError::Refused(refusal) = error else { panic!("{title}: {error}") };
    assert_eq!(kernel.observe().await.unwrap(), before, "{title}");
    assert!(matches!(
        kernel.receipt(id(number)).await.unwrap(),
        ReceiptStatus::NoneYet { .. } | ReceiptStatus::Voided { .. }
    ));
    refusal
}

async fn ids_that_are_unknown_or_wrong(kernel: &dyn CommandKernel) {
    assert!(matches!(kernel.receipt(id(200)).await.unwrap(), ReceiptStatus::NoneYet { .. }));
    let stop = Action::StopWrites {};
    assert_eq!(refused(kernel, 1, stop, Some(7)).await.rule, "epoch_moved");
    let to_n2 = Action::Switchover { to: n(2) };
    assert_eq!(refused(kernel, 1, to_n2.clone(), Some(2)).await.rule, "epoch_moved");
    // A change of primary without an epoch could run twice.
    assert_eq!(refused(kernel, 1, to_n2, None).await.rule, "epoch_moved");
}

/// Each pre-condition that fails is refused by the kernel itself: nobody asked `checks` before.
async fn every_pre_condition(kernel: &dyn CommandKernel) {
    let e = Some(1);
    let cases = [
        (Action::Switchover { to: n(9) }, "node_is_member"),
        (Action::Switchover { to: n(1) }, "target_is_standby"),
        (Action::Failover { to: n(2) }, "no_primary_alive"),
        (Action::Failover { to: n(9) }, "node_is_member"),
        (Action::ResumeWrites {}, "write_fence_standing"),
        (Action::TakeOffline { node: n(9) }, "node_is_member"),
        (Action::BringOnline { node: n(9) }, "node_is_member"),
        (Action::BringOnline { node: n(2) }, "node_offline"),
    ];
    for (number, (action, rule)) in (10..).zip(cases) {
        assert_eq!(refused(kernel, number, action.clone(), e).await.rule, rule, "{action:?}");
    }
    run(kernel, 20, Action::StopWrites {}).await;
    assert_eq!(refused(kernel, 21, Action::StopWrites {}, e).await.rule, "write_fence_lifted");
    run(kernel, 22, Action::ResumeWrites {}).await;
    run(kernel, 23, Action::TakeOffline { node: n(3) }).await;
    let to_n3 = Action::Switchover { to: n(3) };
    let refusal = refused(kernel, 24, to_n3, e).await;
    let cited: Vec<&str> = refusal.invariants.iter().map(InvariantId::word).collect();
    assert_eq!(cited, ["target_is_standby", "target_reachable", "target_in_epoch"]);
    let again = Action::TakeOffline { node: n(3) };
    assert_eq!(refused(kernel, 25, again, e).await.rule, "node_online");
    // As many more as leave a majority without n1, and none without it.
    let nodes = kernel.observe().await.unwrap().nodes.len() as u64;
    let more = 4..=(nodes - 1) / 2 + 2;
    for (number, node) in (200..).zip(more.clone()) {
        run(kernel, number, Action::TakeOffline { node: n(node) }).await;
    }
    run(kernel, 26, Action::TakeOffline { node: n(1) }).await;
    // A majority is gone: nothing that needs a majority is possible, and no epoch is known.
    for action in [Action::Failover { to: n(2) }, Action::StopWrites {}] {
        assert_eq!(refused(kernel, 27, action, e).await.rule, "epoch_moved");
    }
    let refusal = refused(kernel, 28, Action::ResumeWrites {}, None).await;
    assert_eq!(refusal.rule, "primary_alive");
    run(kernel, 29, Action::BringOnline { node: n(1) }).await;
    run(kernel, 30, Action::Failover { to: n(1) }).await;
    run(kernel, 31, Action::BringOnline { node: n(3) }).await;
    for (number, node) in (220..).zip(more) {
        run(kernel, number, Action::BringOnline { node: n(node) }).await;
    }
}

async fn duplicates_and_resolving(kernel: &dyn CommandKernel) {
    let first = run(kernel, 40, Action::StopWrites {}).await;
    let before = kernel.observe().await.unwrap();
    // The same id again, in its own epoch, in another one, and with another body.
    let resume = Action::ResumeWrites {};
    let mut session = Session::none();
    for (action, epoch) in [(Action::StopWrites {}, Some(2)), (resume, Some(99))] {
        let (again_in, again) = sent(kernel, 40, action, epoch).await;
        session = again_in;
        assert_eq!(again.unwrap(), Receipt { duplicate: true, ..first.clone() });
    }
    assert_eq!(kernel.observe().await.unwrap(), before);
    assert_eq!(kernel.resolve(id(40), &session).await.unwrap(), Resolution::Executed(first));
    run(kernel, 41, Action::ResumeWrites {}).await;
    // An id that the kernel never saw is void from now on; the order that comes late is refused.
    let Resolution::Voided(tombstone) = kernel.resolve(id(42), &Session::none()).await.unwrap()
    else {
        panic!("it never ran")
    };
    assert_eq!(
        kernel.resolve(id(42), &Session::none()).await.unwrap(),
        Resolution::Voided(tombstone)
    );
    assert_eq!(refused(kernel, 42, Action::StopWrites {}, Some(2)).await.rule, "voided");
    // An id that was refused before it began can be voided as well.
    assert!(matches!(
        kernel.resolve(id(10), &Session::none()).await.unwrap(),
        Resolution::Voided(_)
    ));
}

async fn the_same_after_a_restart(bench: &mut dyn Bench) {
    let ids = [20, 26, 40, 42, 200];
    let mut before = Vec::new();
    for number in ids {
        before.push(bench.kernel().receipt(id(number)).await.unwrap());
    }
    bench.restart();
    for (number, before) in ids.into_iter().zip(before) {
        assert_eq!(bench.kernel().receipt(id(number)).await.unwrap(), before);
    }
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(state.view().cluster.primary, Fact::Known(None), "nobody is primary until asked");
    assert!(bench.kernel().describe().start_note.contains("nobody is primary"));
    bench.restart();
    let again = bench.kernel().observe().await.unwrap();
    assert_eq!(again.view().cluster.without_primary, state.view().cluster.without_primary);
    assert_eq!(epoch(&again), Some(2));
    run(bench.kernel(), 50, Action::Failover { to: n(2) }).await;
}

async fn checks_are_pure(kernel: &dyn CommandKernel) {
    let state = kernel.observe().await.unwrap();
    for action in [
        Action::Switchover { to: n(1) },
        Action::Failover { to: n(9) },
        Action::TakeOffline { node: n(2) },
    ] {
        let action = action.into();
        let (one, two) = (kernel.checks(&state, &action), kernel.checks(&state, &action));
        assert_eq!(canonical_json(&one), canonical_json(&two));
        let all_pass = one.checks.iter().all(|check| check.verdict == Verdict::Pass);
        assert_eq!(one.effects.is_empty(), !all_pass, "what is refused changes nothing");
    }
    assert_eq!(kernel.observe().await.unwrap(), state);
}

impl Samples for Embedded {
    fn runs(&self) -> Vec<Request> {
        [
            Action::StopWrites {},
            Action::ResumeWrites {},
            Action::TakeCheckpoint { node: n(2) },
            Action::Switchover { to: n(2) },
        ]
        .map(Into::into)
        .to_vec()
    }

    fn refused(&self) -> Vec<(aerodb_control::model::action::Action, &'static str)> {
        [
            (Action::Switchover { to: n(9) }, "node_is_member"),
            (Action::Failover { to: n(2) }, "no_primary_alive"),
            (Action::ResumeWrites {}, "write_fence_standing"),
            (Action::BringOnline { node: n(2) }, "node_offline"),
        ]
        .map(|(action, rule)| (action.into(), rule))
        .to_vec()
    }
}

/// C1.3, C4.2, C11.1: the part of the contract that no kernel is excused from.
#[tokio::test]
async fn the_embedded_kernel_keeps_what_every_kernel_must_keep() {
    keeps_the_contract(Embedded::found(3)).await;
}

pub(crate) async fn contract(mut bench: impl Bench) {
    ids_that_are_unknown_or_wrong(bench.kernel()).await;
    every_pre_condition(bench.kernel()).await;
    duplicates_and_resolving(bench.kernel()).await;
    the_same_after_a_restart(&mut bench).await;
    checks_are_pure(bench.kernel()).await;
}

/// C1.3, C4.2, C11.1.
/// It refuses by `target_in_epoch`, `write_fence_lifted`, `write_fence_standing`, `node_online`,
/// `node_offline` and `epoch_unchanged`.
#[tokio::test]
async fn the_embedded_kernel_keeps_the_contract_with_three_five_and_seven_nodes() {
    for nodes in [3, 5, 7] {
        contract(Embedded::found(nodes)).await;
    }
}

/// C1.3, C4.2, C11.1. Alone, a node is its own majority, and nothing can take over from it.
#[tokio::test]
async fn the_embedded_kernel_keeps_the_contract_with_one_node() {
    let mut bench = Embedded::found(1);
    ids_that_are_unknown_or_wrong(bench.kernel()).await;
    let cases = [
        (Action::Switchover { to: n(1) }, "target_is_standby"),
        (Action::Switchover { to: n(2) }, "node_is_member"),
        (Action::Failover { to: n(1) }, "no_primary_alive"),
        (Action::BringOnline { node: n(1) }, "node_offline"),
        (Action::GrantVote { node: n(1) }, "target_is_learner"),
        (Action::AddReplica { node: n(1) }, "node_is_new"),
    ];
    for (number, (action, rule)) in (10..).zip(cases) {
        assert_eq!(refused(bench.kernel(), number, action.clone(), Some(1)).await.rule, rule);
    }
    let remove = refused(bench.kernel(), 17, Action::RemoveReplica { node: n(1) }, Some(1)).await;
    let cited: Vec<&str> = remove.invariants.iter().map(InvariantId::word).collect();
    assert_eq!(cited, ["target_not_primary", "voter_remains", "quorum_remains"]);
    // Taken offline it is primary no longer, and nobody decides anything until it is back.
    run(bench.kernel(), 20, Action::TakeOffline { node: n(1) }).await;
    assert_eq!(
        refused(bench.kernel(), 21, Action::StopWrites {}, None).await.rule,
        "primary_alive"
    );
    run(bench.kernel(), 22, Action::BringOnline { node: n(1) }).await;
    run(bench.kernel(), 23, Action::Failover { to: n(1) }).await;
    duplicates_and_resolving(bench.kernel()).await;
    bench.restart();
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(state.view().cluster.primary, Fact::Known(None), "nobody is primary until asked");
    for number in [20, 40] {
        let found = bench.kernel().receipt(id(number)).await.unwrap();
        assert!(matches!(found, ReceiptStatus::Executed { .. }), "{found:?}");
    }
    run(bench.kernel(), 50, Action::Failover { to: n(1) }).await;
    // It grows only by what operators ask for.
    run(bench.kernel(), 51, Action::AddReplica { node: n(2) }).await;
    run(bench.kernel(), 52, Action::GrantVote { node: n(2) }).await;
    run(bench.kernel(), 53, Action::Switchover { to: n(2) }).await;
    checks_are_pure(bench.kernel()).await;
}

#[tokio::test]
async fn an_accepted_order_needs_a_primary_to_be_resolved_only_if_it_may_be_in_a_log() {
    let bench = Embedded::found(3);
    run(bench.kernel(), 1, Action::TakeOffline { node: n(1) }).await;
    assert!(matches!(
        bench.kernel().resolve(id(2), &Session::none()).await,
        Ok(Resolution::Voided(_))
    ));
    let never: Result<Resolution, ResolveError> =
        bench.kernel().resolve(id(1), &Session::none()).await;
    assert!(matches!(never, Ok(Resolution::Executed(_))));
}
