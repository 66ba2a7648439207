//! What holds in every state that the workflow can reach, and how each way to build it wrong shows.

use crate::workflow::model::WorkflowModel;
use crate::workflow::world::{ACTIONS, KernelEntry, ModelBug, ModelEvent, ModelWorld};
use aerodb_control::model::action::Stage;
use stateright::{Checker as _, Model as _, Path, Property};
use std::collections::BTreeSet;

const ONCE: &str = "an id runs at most once (C7.1)";
const RECORDED: &str = "what ran was confirmed and dispatched in the log before (C6.4)";
const NO_FALSE_END: &str = "what is said not to have run did not, and never will (C7.3)";
const PROVEN: &str = "what is said to have run has a receipt (C7.3)";
const NEVER_SENT: &str = "confirmed without dispatched was never sent (C6.2)";
const ONE_OPEN: &str = "one action is open at a time (C4.3)";
const FREEZE: &str = "nothing is confirmed while a freeze stands (C3.1)";
const TWO: &str = "where two operators have to confirm, one alone never does (C3.1)";
/// Everything that is promised.
const ALWAYS: [&str; 8] = [ONCE, RECORDED, NO_FALSE_END, PROVEN, NEVER_SENT, ONE_OPEN, FREEZE, TWO];

/// No counterexample to these faults is longer, so a search that goes deeper has missed one.
const DEPTH_MAX: usize = 16;

fn every(world: &ModelWorld, holds: impl Fn(usize, Option<Stage>) -> bool) -> bool {
    (0..ACTIONS).all(|action| holds(action, world.ledger.stage[action]))
}

pub(crate) fn properties() -> Vec<Property<WorkflowModel>> {
    let mut all = vec![
        Property::always(ONCE, |_, world: &ModelWorld| every(world, |a, _| world.ran[a] <= 1)),
        Property::always(RECORDED, |_, world: &ModelWorld| {
            let ledger = &world.ledger;
            every(world, |a, _| world.ran[a] == 0 || (ledger.confirmed[a] && ledger.dispatched[a]))
        }),
        Property::always(NO_FALSE_END, |_, world: &ModelWorld| {
            every(world, |a, stage| !says_it_did_not_run(stage) || world.ran[a] == 0)
        }),
        Property::always(PROVEN, |_, world: &ModelWorld| {
            every(world, |a, stage| {
                stage != Some(Stage::Executed) || world.held[a] == KernelEntry::Receipt
            })
        }),
        Property::always(NEVER_SENT, |_, world: &ModelWorld| {
            let sent = |a: usize| world.wire.iter().any(|(action, _)| *action == a);
            every(world, |a, stage| {
                stage != Some(Stage::Confirmed) || (world.ran[a] == 0 && !sent(a))
            })
        }),
        Property::always(ONE_OPEN, |_, world: &ModelWorld| {
            world.ledger.stage.iter().flatten().filter(|stage| stage.is_open()).count() <= 1
        }),
        Property::always(FREEZE, |_, world: &ModelWorld| !world.ledger.broke_freeze),
        Property::always(TWO, |_, world: &ModelWorld| !world.ledger.broke_two),
    ];
    all.extend([
        Property::sometimes("something runs", |_, world: &ModelWorld| world.ran[0] == 1),
        Property::sometimes(
            "something runs while its outcome is unknown",
            |_, world: &ModelWorld| {
                every(world, |a, stage| a > 0 || stage == Some(Stage::Unknown)) && world.ran[0] == 1
            },
        ),
        Property::sometimes("both actions come to an end", |_, world: &ModelWorld| {
            every(world, |_, stage| stage.is_some_and(|stage| stage.next().is_empty()))
        }),
    ]);
    all
}

/// Stages that say "nothing ran". A finding is an operator's word and promises nothing here.
fn says_it_did_not_run(stage: Option<Stage>) -> bool {
    match stage {
        Some(
            Stage::Rejected | Stage::Withdrawn | Stage::Stale | Stage::Refused | Stage::Voided,
        ) => true,
        Some(
            Stage::Requested
            | Stage::Explained
            | Stage::FirstConfirmed
            | Stage::Confirmed
            | Stage::Dispatched
            | Stage::Executed
            | Stage::Unknown
            | Stage::FoundExecuted
            | Stage::FoundNotExecuted,
        )
        | None => false,
    }
}

#[test]
fn every_reachable_state_keeps_the_promises_and_every_step_of_the_table_is_reached() {
    let mut taken = BTreeSet::new();
    let one = [true, false].map(|can_resolve| WorkflowModel::new(ModelBug::None, can_resolve));
    for model in one.into_iter().chain([WorkflowModel::of_two_operators()]) {
        let (can_resolve, two) = (model.can_resolve, model.two_operators);
        let steps = model.taken.clone();
        let checker = model.checker().spawn_bfs().join();
        assert!(checker.is_done(), "the search came to its end");
        checker.assert_properties();
        println!(
            "settling {can_resolve}, two operators {two}: {} states, {} transitions, every promise holds in each",
            checker.unique_state_count(),
            checker.state_count()
        );
        taken.extend(steps.lock().unwrap().iter().copied());
    }
    let table: BTreeSet<_> =
        Stage::ALL.into_iter().flat_map(|f| f.next().iter().map(move |t| (f, *t))).collect();
    assert_eq!(taken, table, "the model takes exactly the steps of the table");
    println!("{} steps of the table, all of them taken", table.len());
}

#[test]
fn every_way_to_build_it_wrong_has_a_counterexample() {
    for (fault, breaks) in [
        (ModelBug::SendBeforeRecord, RECORDED),
        (ModelBug::SendBeforeRecord, NEVER_SENT),
        (ModelBug::Retry, NO_FALSE_END),
        (ModelBug::AbsenceIsProof, NO_FALSE_END),
        (ModelBug::LazySync, RECORDED),
        (ModelBug::FreezeLookedAt, FREEZE),
        (ModelBug::ManyOpen, ONE_OPEN),
        (ModelBug::SelfApproval, TWO),
    ] {
        let events = shortest(fault, breaks);
        println!("{fault:?} breaks \"{breaks}\" in {} steps: {events:?}", events.len());
        assert!(ALWAYS.contains(&breaks));
    }
}

/// The shortest way to break a promise: each depth is searched before the next one.
fn shortest(fault: ModelBug, breaks: &'static str) -> Vec<ModelEvent> {
    let at = |depth: usize| {
        let model = WorkflowModel::new(fault, true).checker().target_max_depth(depth);
        model.spawn_bfs().join().discovery(breaks).map(Path::into_actions)
    };
    let found = (2..=DEPTH_MAX).find_map(at);
    found.unwrap_or_else(|| panic!("{fault:?} is not found out: {breaks}"))
}
