//! The audit log and the ladder held against each other (C9.5).

use super::SPEC;
use super::app::LadderApp;
use super::port::Ladder;
use super::state::{LadderWrites, n};
use super::words::foreign;
use crate::records::ledger_beside;
use crate::still_time::ManualClock;
use aerodb_control::cross_check::{Depth, compare};
use aerodb_control::kernel::memory::MEMORY_ROWS_MAX;
use aerodb_control::kernel::{KernelFuture, ObserveKernel as _};
use aerodb_control::model::finding::{FindingKind, Mismatch};
use serde_json::json;

async fn compared(app: &LadderApp, kernel: &Ladder) -> Mismatch {
    let ledger = ledger_beside(app.dir(), ManualClock::new());
    let ask = |after| -> KernelFuture<'_, _> { kernel.memory(after, MEMORY_ROWS_MAX) };
    let tables = ledger.store().reader();
    compare(Some((&SPEC, &ask)), &ledger.reader(), &tables, Depth::Whole).await.expect("both sides")
}

/// Two positions on two timelines have no distance: an old primary that had written further than history
/// went on is no sign of a kernel that forgot.
#[tokio::test]
async fn a_place_on_a_timeline_that_history_left_is_held_against_nothing() {
    let app = LadderApp::new().await;
    app.ladder.cut(1);
    app.ladder.change(|state| {
        state.writes = LadderWrites::Stopped;
        let n1 = state.nodes.get_mut(&n(1)).expect("n1");
        (n1.flushed, n1.replayed) = (n1.flushed + (1 << 20), n1.replayed + (1 << 20));
    });
    app.olga.run(1, "promote_standby", json!({"to": "n2"})).await;
    app.ladder.regain(1);
    app.olga.run(2, "run_checkpoint", json!({"node": "n4"})).await;
    assert_eq!(compared(&app, &app.ladder).await, Mismatch::default());
}

#[tokio::test]
async fn a_kernel_that_forgot_is_found_and_told_in_its_own_words() {
    let app = LadderApp::new().await;
    app.olga.run(1, "stop_writes_of", json!({"node": "n1"})).await;
    app.olga.run(2, "promote_standby", json!({"to": "n2"})).await;
    assert_eq!(compared(&app, &app.ladder).await, Mismatch::default());
    let mismatch = compared(&app, &Ladder::new()).await;
    let told: Vec<String> = mismatch.findings.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    assert!(mismatch.findings.iter().all(|f| f.kind == FindingKind::KernelOlder), "{told}");
    for words in ["a kernel in timeline 3", "promote n2", "stop the writes of n1"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(foreign(&told), Vec::<String>::new(), "{told}");
}
