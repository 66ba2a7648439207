//! The ladder under the contract of the port.

use super::SPEC;
use super::port::Ladder;
use super::state::{LadderLoss, n};
use crate::kernel::any_kernel::{Samples, keeps_the_contract};
use crate::kernel::contract::{Bench, id};
use aerodb_control::kernel::{ApplyError, CommandKernel, ObserveKernel as _, Order};
use aerodb_control::model::action::Action;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::cluster::ReceiptStatus;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::receipt::LedgerRef;
use serde_json::json;

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

impl Samples for OnBench {
    fn runs(&self) -> Vec<Action> {
        vec![
            action("run_checkpoint", &json!({"node": "n4"})),
            action("drop_slot", &json!({"node": "n1", "slot": "reports"})),
            action("stop_writes_of", &json!({"node": "n1"})),
            action("promote_standby", &json!({"to": "n2"})),
            action("run_checkpoint", &json!({"node": "n2"})),
        ]
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
            (action("rebuild_node", &json!({"node": "n3"})), "host_is_off"),
        ]
    }
}

/// C1.3, C4.2, C11.1.
#[tokio::test]
async fn a_kernel_of_another_shape_keeps_the_contract() {
    keeps_the_contract(OnBench(Some(Ladder::new()))).await;
}

fn verdicts(ladder: &Ladder, action: &Action) -> Vec<(String, Verdict)> {
    let state = ladder.change(|state| state.observe());
    let checks = ladder.checks(&state, action).checks;
    checks.into_iter().map(|check| (check.invariant.to_string(), check.verdict)).collect()
}

/// C6.1: what a node followed last proves nothing about whom it follows now.
#[test]
fn a_node_that_was_never_reached_makes_a_rule_unknown_and_unknown_rejects() {
    let ladder = Ladder::new();
    let detach = action("detach_standby", &json!({"node": "n4"}));
    let found = verdicts(&ladder, &detach);
    assert!(found.contains(&("follows_nobody_else".to_owned(), Verdict::Unknown)), "{found:?}");
    ladder.regain(3);
    let found = verdicts(&ladder, &detach);
    assert!(found.iter().all(|(_, verdict)| *verdict == Verdict::Pass), "{found:?}");
}

/// What an attestation would say nobody can say yet.
#[test]
fn an_action_that_needs_an_attestation_is_rejected_as_unknown() {
    let ladder = Ladder::new();
    let rebuild = action("rebuild_node", &json!({"node": "n3"}));
    let found = verdicts(&ladder, &rebuild);
    assert!(found.contains(&("host_is_off".to_owned(), Verdict::Unknown)), "{found:?}");
}

/// C7.3: an order whose answer is lost has run or not, and the kernel cannot tell which.
#[tokio::test]
async fn what_was_not_noted_can_neither_be_proven_nor_ruled_out() {
    for (number, loss, runs) in
        [(1, LadderLoss::OnTheWay, false), (2, LadderLoss::BeforeTheNote, true)]
    {
        let ladder = Ladder::new();
        ladder.loses(loss);
        let witness = LedgerRef { seq: 1, hash: Hash::of(&[1]) };
        let action = action("run_checkpoint", &json!({"node": "n2"}));
        let place = |ladder: &Ladder| ladder.change(|state| state.nodes[&n(2)].restart_point);
        let before = place(&ladder);
        let answer = ladder.apply(Order::new(id(number), action, Some(3), witness)).await;
        assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{answer:?}");
        assert_eq!(place(&ladder) != before, runs);
        let held = ladder.receipt(id(number)).await.expect("an answer");
        assert_eq!(held, ReceiptStatus::NoneYet { action_id: id(number) });
        assert!(ladder.resolve(id(number)).await.is_err());
    }
}
