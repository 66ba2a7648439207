//! A node that comes back with a long log missing, slice by slice.

use crate::kernel::embedded::Write;
use crate::kernel::embedded::cluster::Cluster;
use crate::kernel::embedded::job::{ProgressReporter, Started};
use crate::kernel::embedded::opening::OpenedCluster;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::tests::in_epoch::in_epoch;
use crate::kernel::embedded::tests::{id, now, open, order, put};
use crate::kernel::embedded::view::View;
use crate::kernel::{ApplyError, PendingOrder, ResolveError};
use crate::model::cluster::ReceiptStatus;
use crate::model::facts::Fact;
use crate::model::receipt::Receipt;
use crate::model::text::NodeId;
use tempfile::TempDir;

const MISSED: usize = 1_500;

fn n3() -> NodeId {
    NodeId::numbered(3)
}

/// A cluster of which n3 is offline, and has missed more than a slice holds.
fn with_n3_behind(dir: &TempDir) -> OpenedCluster {
    let mut opened = open(dir, 3);
    let cluster = &mut opened.cluster;
    put(cluster, "before").unwrap();
    cluster.apply(&order(1, Action::TakeOffline { node: n3() }, 1), now()).unwrap();
    for batch in 0..MISSED / 250 {
        let write = |number| Write::Put { key: format!("{batch}-{number}"), value: vec![7; 1024] };
        let written = cluster.write((0..250).map(write).collect(), now());
        assert!(written.iter().all(Result::is_ok));
    }
    opened
}

fn bring_online(cluster: &mut Cluster) -> Started {
    let bring = order(2, Action::BringOnline { node: n3() }, 1);
    cluster.begin(&bring, ProgressReporter::new(id(2), None), now())
}

fn copying(begun: Started) -> Receipt {
    match begun {
        Started::Copying(_, receipt) => receipt,
        Started::Ended(ending) => panic!("it has ended: {ending:?}"),
        Started::Long(_) => panic!("nothing runs beside the kernel"),
    }
}

fn last(cluster: &Cluster, number: u64) -> u64 {
    cluster.ensemble.last_of(number)
}

#[test]
fn while_a_node_catches_up_everybody_is_served_and_no_other_order_has_a_turn() {
    let dir = TempDir::new().unwrap();
    let mut cluster = with_n3_behind(&dir).cluster;
    let receipt = copying(bring_online(&mut cluster));
    let total = cluster.observe(now()).unwrap().under_way.unwrap().total;
    assert!(total >= MISSED as u64, "{total}");

    let (mut slices, mut done) = (0, 0);
    while cluster.copy_on(now()) {
        slices += 1;
        let state = cluster.observe(now()).unwrap();
        let progress = state.under_way.clone().unwrap();
        assert_eq!((progress.action_id, progress.total), (id(2), total));
        assert_eq!(progress.doing, "copying the log to n3");
        assert!(progress.done >= done && progress.done <= total, "{progress:?}");
        done = progress.done;
        // It can be reached, and is seen where it is.
        let view = View::read(&state);
        let node = view.node(&n3()).unwrap();
        assert_eq!(node.pinned.reachable, Fact::Known(true));
        assert_eq!(node.positions.last, Fact::Known(last(&cluster, 3)));
        if slices == 2 {
            assert!(last(&cluster, 3) < last(&cluster, 1));
            put(&mut cluster, "meanwhile").unwrap();
            assert_eq!(cluster.read("meanwhile").unwrap().unwrap(), b"meanwhile");
            assert!(last(&cluster, 3) < last(&cluster, 1), "no write waits for it");
            let other = cluster.apply(&order(3, Action::StopWrites {}, 1), now());
            let Err(ApplyError::Refused(refusal)) = other else { panic!("{other:?}") };
            assert_eq!(refusal.rule, "busy");
            let undecided = cluster.resolve(id(2), now());
            assert!(matches!(undecided, Err(ResolveError::Unobservable(_))), "{undecided:?}");
        }
    }
    assert!(slices > 3, "{slices}");
    let action = Action::BringOnline { node: n3() };
    assert_eq!(cluster.end(id(2), &action, Ok(receipt.clone()), now()).unwrap(), receipt);
    assert_eq!(cluster.observe(now()).unwrap().under_way, None);
    assert_eq!(last(&cluster, 3), last(&cluster, 1));
    cluster.apply(&order(3, Action::Switchover { to: n3() }, 1), now()).unwrap();
    assert_eq!(cluster.read("meanwhile").unwrap().unwrap(), b"meanwhile");
}

#[test]
fn an_order_that_ends_early_brings_the_node_up_to_date_all_the_same() {
    let dir = TempDir::new().unwrap();
    let mut cluster = with_n3_behind(&dir).cluster;
    let receipt = copying(bring_online(&mut cluster));
    assert!(cluster.copy_on(now()));
    cluster.end(id(2), &Action::BringOnline { node: n3() }, Ok(receipt), now()).unwrap();
    assert_eq!(last(&cluster, 3), last(&cluster, 1));
}

#[test]
fn a_node_that_a_majority_needs_is_up_to_date_before_anything_is_acknowledged() {
    let dir = TempDir::new().unwrap();
    let mut cluster = with_n3_behind(&dir).cluster;
    cluster.apply(&order(4, Action::TakeOffline { node: NodeId::numbered(2) }, 1), now()).unwrap();
    put(&mut cluster, "alone").unwrap_err();
    let order = order(2, Action::BringOnline { node: n3() }, 1);
    let unknown_epoch =
        PendingOrder::new(order.action_id(), order.request().clone(), in_epoch(None));
    let unknown_epoch = unknown_epoch.dispatched(order.witness().clone());
    let begun = cluster.begin(&unknown_epoch, ProgressReporter::new(id(2), None), now());
    assert!(matches!(begun, Started::Ended(Ok(_))));
    assert_eq!(last(&cluster, 3), last(&cluster, 1));
    put(&mut cluster, "together").unwrap();
}

#[test]
fn a_node_that_is_needed_later_is_brought_up_to_date_then() {
    let dir = TempDir::new().unwrap();
    let mut cluster = with_n3_behind(&dir).cluster;
    copying(bring_online(&mut cluster));
    assert!(cluster.copy_on(now()));
    cluster.partition(2, now());
    put(&mut cluster, "without n2").unwrap();
    assert_eq!(last(&cluster, 3), last(&cluster, 1));
    assert!(!cluster.copy_on(now()));
}

#[test]
fn a_stop_in_the_middle_leaves_a_node_that_is_online_and_an_order_with_its_receipt() {
    let dir = TempDir::new().unwrap();
    let mut opened = with_n3_behind(&dir);
    let receipt = copying(bring_online(&mut opened.cluster));
    assert!(opened.cluster.copy_on(now()));
    assert!(last(&opened.cluster, 3) < last(&opened.cluster, 1));
    drop(opened);
    let mut cluster = open(&dir, 3).cluster;
    let found = cluster.receipt(id(2)).unwrap();
    let ReceiptStatus::Executed { receipt: found, .. } = found else { panic!("{found:?}") };
    assert_eq!(found, receipt);
    let failover = order(5, Action::Failover { to: NodeId::numbered(1) }, 1);
    cluster.apply(&failover, now()).unwrap();
    assert_eq!(last(&cluster, 3), last(&cluster, 1));
    assert_eq!(cluster.read("before").unwrap().unwrap(), b"before");
}

#[test]
fn a_new_node_receives_what_it_lacks_in_slices_too() {
    let dir = TempDir::new().unwrap();
    let mut cluster = with_n3_behind(&dir).cluster;
    let add = Action::AddReplica { node: NodeId::numbered(4) };
    let begun = cluster.begin(&order(6, add.clone(), 1), ProgressReporter::new(id(6), None), now());
    let receipt = copying(begun);
    put(&mut cluster, "meanwhile").unwrap();
    while cluster.copy_on(now()) {}
    cluster.end(id(6), &add, Ok(receipt), now()).unwrap();
    assert_eq!(last(&cluster, 4), last(&cluster, 1));
    cluster.apply(&order(7, Action::GrantVote { node: NodeId::numbered(4) }, 1), now()).unwrap();
}
