//! The ladder under the contract of the port.

use super::SPEC;
use super::actions::HOST_OFF;
use super::port::Ladder;
use super::state::{LadderLoss, n};
use crate::kernel::any_kernel::{Samples, keeps_the_contract};
use crate::kernel::contract::{Bench, id, sends};
use aerodb_control::kernel::{
    ApplyError, CommandKernel, ObserveKernel as _, PendingOrder, ResolveError,
};
use aerodb_control::model::action::Action;
use aerodb_control::model::attestation::{AFFIRMED, Request};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::cluster::ReceiptStatus;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::receipt::LedgerRef;
use aerodb_control::model::session::Session;
use aerodb_control::model::text::ActorName;
use serde_json::json;
use std::sync::Arc;

struct OnBench(Option<Ladder>);

impl Bench for OnBench {
    fn kernel(&self) -> &dyn CommandKernel {
        self.0.as_ref().expect("it is open")
    }

    fn restart(&mut self) {
        self.0 = self.0.take().map(Ladder::restarted);
    }
}

pub(super) fn action(kind: &str, params: &serde_json::Value) -> Action {
    let params = serde_json::from_value(params.clone()).expect("texts");
    SPEC.parse(kind, &params).expect("an action")
}

/// The same with somebody's word that the host is off.
pub(super) fn attested(action: Action) -> Request {
    let given = [(HOST_OFF.key.to_owned(), AFFIRMED.to_owned())].into();
    let given = SPEC.parse_attested(action.kind(), &given).expect("it takes that");
    Request { action, attested: given.by(&ActorName::parse("olga").expect("a name")) }
}

impl Samples for OnBench {
    fn runs(&self) -> Vec<Request> {
        let runs = [
            action("run_checkpoint", &json!({"node": "n4"})),
            action("drop_slot", &json!({"node": "n1", "slot": "reports"})),
            action("stop_writes_of", &json!({"node": "n1"})),
            action("promote_standby", &json!({"to": "n2"})),
            action("run_checkpoint", &json!({"node": "n2"})),
        ];
        let rebuilt = attested(action("rebuild_node", &json!({"node": "n3"})));
        runs.into_iter().map(Request::from).chain([rebuilt]).collect()
    }

    fn refused(&self) -> Vec<(Action, &'static str)> {
        vec![
            (action("promote_standby", &json!({"to": "n9"})), "rung_known"),
            (action("promote_standby", &json!({"to": "n1"})), "rung_replays"),
            (action("promote_standby", &json!({"to": "n3"})), "rung_replays"),
            (action("promote_standby", &json!({"to": "n2"})), "writes_halted"),
            (action("stop_writes_of", &json!({"node": "n2"})), "rung_writes"),
            (action("drop_slot", &json!({"node": "n1", "slot": "to_n2"})), "slot_idle"),
            (action("drop_slot", &json!({"node": "n1", "slot": "absent"})), "slot_known"),
            (action("drop_slot", &json!({"node": "n3", "slot": "reports"})), "rung_reached"),
            (action("detach_standby", &json!({"node": "n2"})), "follows_nobody_else"),
            (action("run_checkpoint", &json!({"node": "n3"})), "rung_reached"),
            (action("rebuild_node", &json!({"node": "n1"})), "rung_copies"),
            (action("rebuild_node", &json!({"node": "n2"})), "host_is_off"),
            (action("rebuild_node", &json!({"node": "n3"})), "host_is_off"),
        ]
    }
}

/// C1.3, C4.2, C11.1.
#[tokio::test]
async fn a_kernel_of_another_shape_keeps_the_contract() {
    keeps_the_contract(OnBench(Some(Ladder::new()))).await;
}

fn verdicts(ladder: &Ladder, request: &Request) -> Vec<(String, Verdict)> {
    let state = ladder.change(|state| state.observe());
    let checks = ladder.checks(&state, request).checks;
    checks.into_iter().map(|check| (check.invariant.to_string(), check.verdict)).collect()
}

/// C6.1: what a node followed last proves nothing about whom it follows now.
#[test]
fn a_node_that_was_never_reached_makes_a_rule_unknown_and_unknown_rejects() {
    let ladder = Ladder::new();
    let detach = action("detach_standby", &json!({"node": "n4"})).into();
    let found = verdicts(&ladder, &detach);
    assert!(found.contains(&("follows_nobody_else".to_owned(), Verdict::Unknown)), "{found:?}");
    ladder.regain(3);
    let found = verdicts(&ladder, &detach);
    assert!(found.iter().all(|(_, verdict)| *verdict == Verdict::Pass), "{found:?}");
}

/// C2.5, C6.1: without it the rule is unknown, with it it passes, and a node that answers breaks it.
#[test]
fn a_word_that_a_host_is_off_is_worth_nothing_against_a_node_that_answers() {
    let ladder = Ladder::new();
    let rebuild = || action("rebuild_node", &json!({"node": "n3"}));
    let of_host = |request: &Request| {
        let found = verdicts(&ladder, request);
        found.into_iter().find(|(rule, _)| rule == "host_is_off").map(|(_, verdict)| verdict)
    };
    assert_eq!(of_host(&rebuild().into()), Some(Verdict::Unknown));
    assert_eq!(of_host(&attested(rebuild())), Some(Verdict::Pass));
    ladder.regain(3);
    assert_eq!(of_host(&rebuild().into()), Some(Verdict::Fail));
    assert_eq!(of_host(&attested(rebuild())), Some(Verdict::Fail));
}

/// C7.3: a checkpoint whose answer is lost has run or not, and the kernel cannot tell which. Whatever it
/// says, nothing arrives after it.
#[tokio::test]
async fn what_left_no_note_can_neither_be_proven_nor_ruled_out_and_does_not_arrive_late() {
    for (number, loss, runs) in [(1, LadderLoss::OnTheWay, false), (2, LadderLoss::AfterIt, true)] {
        let ladder = Ladder::new();
        ladder.loses(loss);
        let place = || ladder.change(|state| state.nodes[&n(2)].restart_point);
        let before = place();
        let state = Arc::new(ladder.observe().await.expect("a state"));
        let checkpoint = || action("run_checkpoint", &json!({"node": "n2"})).into();
        let pending = || PendingOrder::new(id(number), checkpoint(), Arc::clone(&state));
        let (session, answer) = sends(&ladder, number, pending()).await;
        assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{answer:?}");
        assert!(!session.is_none());
        assert_eq!(place() != before, runs);
        let held = ladder.receipt(id(number)).await.expect("an answer");
        assert_eq!(held, ReceiptStatus::NoneYet { action_id: id(number) });
        let told = ladder.resolve(id(number), &session).await;
        assert!(matches!(told, Err(ResolveError::CannotTell { .. })), "{told:?}");
        assert_eq!(ladder.resolve(id(number), &session).await, told);
        let witness = LedgerRef { seq: 1, hash: Hash::of(&[1]) };
        let late = ladder.apply(pending().dispatched(witness), session).await;
        let Err(ApplyError::Refused(refusal)) = late else { panic!("{late:?}") };
        assert_eq!((refusal.rule.as_str(), place() != before), ("session_ended", runs));
    }
}

/// C7.1: a session is of one order, and the next one that is opened gives up the one before.
#[tokio::test]
async fn an_order_in_the_session_of_another_or_in_none_is_refused() {
    let ladder = Ladder::new();
    let state = Arc::new(ladder.observe().await.expect("a state"));
    let checkpoint = || action("run_checkpoint", &json!({"node": "n2"})).into();
    let pending = |number| PendingOrder::new(id(number), checkpoint(), Arc::clone(&state));
    let first = ladder.open(&pending(1)).await.expect("a session");
    let second = ladder.open(&pending(2)).await.expect("a session");
    assert_ne!(first, second);
    for session in [&first, &second, &Session::none()] {
        let order = pending(1).dispatched(LedgerRef { seq: 1, hash: Hash::of(&[1]) });
        let answer = ladder.apply(order, session.clone()).await;
        let Err(ApplyError::Refused(refusal)) = answer else { panic!("{answer:?}") };
        assert_eq!(refusal.rule, "session_ended");
    }
    let order = pending(2).dispatched(LedgerRef { seq: 2, hash: Hash::of(&[2]) });
    assert!(ladder.apply(order, second).await.is_ok());
}
