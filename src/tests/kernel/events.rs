//! What happened in the kernel is kept, in one order, with its gaps named.

use crate::kernel::contract::{Bench, id, n, refused, run};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::CommandKernel;
use aerodb_control::kernel::embedded::Write;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineEvent;
use aerodb_control::model::action::LogPosition;
use aerodb_control::model::event::{EventPage, EventPlace, KernelEvent};

async fn page(kernel: &dyn CommandKernel, before: Option<EventPlace>, limit: u32) -> EventPage {
    kernel.events(before, limit).await.unwrap()
}

/// Every event, oldest first.
async fn all(kernel: &dyn CommandKernel) -> Vec<KernelEvent> {
    let page = page(kernel, None, 1000).await;
    assert_eq!((page.next_before, page.gap), (None, None));
    page.events.into_iter().rev().collect()
}

/// Kind and node of each event after `from`, as one line.
fn words(events: &[KernelEvent], from: usize) -> String {
    let word = |event: &KernelEvent| match &event.node {
        Some(node) => format!("{} {node}", event.kind.word()),
        None => event.kind.word().to_owned(),
    };
    events.iter().skip(from).map(word).collect::<Vec<_>>().join(", ")
}

async fn put(bench: &Embedded, key: &str) {
    let write = Write::Put { key: key.to_owned(), value: key.into() };
    bench.own().write(write).await.unwrap();
}

/// Everything that can happen, once.
async fn eventful() -> Embedded {
    let mut bench = Embedded::found(3);
    run(bench.kernel(), 1, Action::Switchover { to: n(2) }).await;
    run(bench.kernel(), 2, Action::StopWrites {}).await;
    run(bench.kernel(), 3, Action::ResumeWrites {}).await;
    bench.own().partition(&n(3)).await;
    put(&bench, "missed by n3").await;
    let checkpoint = Action::TakeCheckpoint { node: n(2) };
    let kept = run(bench.kernel(), 4, checkpoint).await.position.unwrap();
    let up_to = LogPosition::parse_field("up_to", &kept.to_string()).unwrap();
    run(bench.kernel(), 5, Action::PurgeLog { node: n(2), up_to }).await;
    bench.own().heal(&n(3)).await;
    run(bench.kernel(), 6, Action::TakeOffline { node: n(2) }).await;
    bench.own().partition(&n(1)).await;
    bench.own().heal(&n(1)).await;
    bench.restart();
    run(bench.kernel(), 7, Action::BringOnline { node: n(2) }).await;
    run(bench.kernel(), 8, Action::Failover { to: n(3) }).await;
    bench
}

/// C8.1.
#[tokio::test]
async fn what_happened_is_kept_in_the_order_in_which_it_happened() {
    let mut bench = eventful().await;
    let events = all(bench.kernel()).await;
    let expected = "started, epoch_began n1, epoch_began n2, writes_stopped n?, writes_resumed, \
        node_lost n3, checkpoint_taken n2, log_purged n2, state_received n3, node_regained n3, \
        node_lost n2, primary_lost, node_lost n1, quorum_lost, node_regained n1, quorum_regained, \
        started, node_regained n2, epoch_began n3";
    assert_eq!(words(&events, 0), expected.replace(" n?", ""));
    assert!(events.is_sorted_by(|a, b| a.place < b.place), "one order, without ties");
    // The history of epochs: who, from which place on, by which action.
    let epochs: Vec<_> =
        events.iter().filter(|e| e.kind == EngineEvent::EpochBegan.kind()).collect();
    let by: Vec<_> = epochs.iter().map(|e| (e.place.branch, e.action_id)).collect();
    assert_eq!(by, [(1, None), (2, Some(id(1))), (3, Some(id(8)))]);
    // What an action brought about names it, also where it is no entry of the log.
    let caused = |kind| events.iter().find(|e| e.kind == kind).unwrap().action_id;
    assert_eq!(caused(EngineEvent::PrimaryLost.kind()), Some(id(6)));
    assert_eq!(caused(EngineEvent::CheckpointTaken.kind()), Some(id(4)));
    assert_eq!(caused(EngineEvent::NodeLost.kind()), None, "a cable has no id");
    let started = events.iter().filter(|e| e.kind == EngineEvent::Started.kind()).nth(1).unwrap();
    assert!(started.sentence.contains("is not recorded"), "{}", started.sentence);
    // The clock jumps back an hour: the order is that of the places.
    bench.clock.advance(-3_600_000);
    bench.restart();
    let later = all(bench.kernel()).await;
    assert_eq!(later[..events.len()], events);
    assert_eq!(words(&later, events.len()), "started, primary_lost");
    assert!(later.is_sorted_by(|a, b| a.place < b.place));
}

#[tokio::test]
async fn pages_put_together_are_the_whole_list() {
    let bench = eventful().await;
    let whole = all(bench.kernel()).await;
    for limit in [1, 2, 7, 18, 19] {
        let (mut together, mut before) = (Vec::new(), None);
        loop {
            let part = page(bench.kernel(), before, limit).await;
            assert!(part.events.len() <= limit as usize);
            together.extend(part.events);
            before = part.next_before;
            if before.is_none() {
                break;
            }
        }
        together.reverse();
        assert_eq!(together, whole, "pages of {limit}");
    }
}

/// C8.1: a gap is shown as a gap.
#[tokio::test]
async fn without_a_majority_a_page_says_what_may_be_missing() {
    let bench = Embedded::found(3);
    bench.own().partition(&n(1)).await;
    bench.own().partition(&n(2)).await;
    let cut = page(bench.kernel(), None, 100).await;
    assert!(cut.gap.is_some_and(|gap| gap.contains("missing")));
    bench.own().partition(&n(3)).await;
    let alone = page(bench.kernel(), None, 100).await;
    assert!(alone.gap.is_some());
    assert!(alone.events.iter().all(|e| e.place.number > 0), "no log can be read");
    for node in 1..=3 {
        bench.own().heal(&n(node)).await;
    }
    assert_eq!(page(bench.kernel(), None, 100).await.gap, None);
}

#[tokio::test]
async fn looking_and_being_refused_make_no_event() {
    let bench = Embedded::found(3);
    let before = all(bench.kernel()).await;
    let changes = *bench.kernel().changes().borrow();
    refused(bench.kernel(), 1, Action::ResumeWrites {}, Some(1)).await;
    bench.kernel().observe().await.unwrap();
    put(&bench, "a").await;
    assert_eq!(all(bench.kernel()).await, before, "data is no event");
    assert_eq!(*bench.kernel().changes().borrow(), changes + 1, "the write, and nothing else");
}
