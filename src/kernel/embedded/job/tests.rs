//! Work beside the kernel, step by step.

use super::{Job, ProgressReporter, Started};
use crate::kernel::embedded::cluster::Cluster;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::tests::{id, now, open, order, put};
use crate::kernel::embedded::view::View;
use crate::kernel::{ApplyError, Order, Resolution, ResolveError};
use crate::model::progress::Unit;
use crate::model::text::{NodeId, PlaceName};
use tempfile::TempDir;

/// The beginning of an order that takes long.
fn begin(cluster: &mut Cluster, order: &Order) -> Job {
    match cluster.begin(order, ProgressReporter::new(order.action_id(), None), now()) {
        Started::Long(work) => work,
        Started::Ended(ending) => panic!("it has ended: {ending:?}"),
        Started::Copying(_, receipt) => panic!("it copies: {receipt:?}"),
    }
}

#[test]
fn a_backup_is_of_the_moment_at_which_it_began_and_meanwhile_the_cluster_takes_writes_only() {
    let dir = TempDir::new().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    put(&mut cluster, "before").unwrap();
    let create = Action::CreateBackup { name: PlaceName::parse("monday").unwrap() };
    let first = order(1, create.clone(), 1);
    let work = begin(&mut cluster, &first);
    assert_eq!(cluster.observe(now()).unwrap().under_way, None, "no part of it has begun");
    let applied = cluster.ensemble.node(1).unwrap().store().unwrap().applied();
    let written = put(&mut cluster, "meanwhile").unwrap();
    assert!(written.position > applied);

    // The same id again has no end yet, another order has no turn, and nothing can be settled.
    let again = cluster.apply(&first, now());
    assert!(matches!(again, Err(ApplyError::Unknown { .. })), "{again:?}");
    let other = cluster.apply(&order(2, Action::StopWrites {}, 1), now());
    let Err(ApplyError::Refused(refusal)) = other else { panic!("{other:?}") };
    assert_eq!(refusal.rule, "busy");
    let undecided = cluster.resolve(id(1), now());
    assert!(matches!(undecided, Err(ResolveError::Unobservable(_))), "{undecided:?}");

    let ending = work.run();
    let progress = cluster.observe(now()).unwrap().under_way.unwrap();
    assert_eq!(progress.action_id, id(1));
    assert_eq!(progress.doing, "reading state.jsonl.zst back");
    assert_eq!((progress.done, progress.total > 0), (progress.total, true));
    let receipt = cluster.end(id(1), &create, ending, now()).unwrap();
    assert!(receipt.result.contains(&format!("up to position {applied},")), "{}", receipt.result);
    let state = cluster.observe(now()).unwrap();
    assert_eq!(state.under_way, None);
    assert_eq!(View::read(&state).cluster.backups, [PlaceName::parse("monday").unwrap()]);
    assert!(cluster.apply(&first, now()).unwrap().duplicate);
    cluster.apply(&order(2, Action::StopWrites {}, 1), now()).unwrap();
}

#[test]
fn a_verification_that_is_left_without_an_end_is_void_and_the_kernel_takes_orders_again() {
    let dir = TempDir::new().unwrap();
    let mut opened = open(&dir, 3);
    let verify = Action::VerifyNode { node: NodeId::numbered(2) };
    let work = begin(&mut opened.cluster, &order(1, verify.clone(), 1));
    // As a kill leaves it: the work is nowhere, and no end was recorded.
    drop(work);
    drop(opened);
    let mut cluster = open(&dir, 3).cluster;
    let failover = order(2, Action::Failover { to: NodeId::numbered(1) }, 1);
    cluster.apply(&failover, now()).unwrap();
    let settled = cluster.resolve(id(1), now()).unwrap();
    assert!(matches!(settled, Resolution::Voided(_)), "{settled:?}");
    let work = begin(&mut cluster, &order(3, verify.clone(), 2));
    put(&mut cluster, "meanwhile").unwrap();
    let ending = work.run();
    let receipt = cluster.end(id(3), &verify, ending, now()).unwrap();
    assert!(receipt.result.contains("everything is what it must be"), "{}", receipt.result);
}

#[test]
fn a_meter_tells_of_each_part_and_of_each_percent_and_of_no_more() {
    let (announce, heard) = tokio::sync::watch::channel(0);
    let meter = ProgressReporter::new(id(1), Some(announce));
    meter.advance(5);
    assert_eq!(meter.read(), None, "nothing has begun");
    meter.begin("reading the log", Unit::Entries, 100_000);
    for _ in 0..100_000 {
        meter.advance(1);
    }
    let progress = meter.read().unwrap();
    assert_eq!(progress.to_string(), "reading the log: 100000 of 100000 entries");
    assert_eq!(*heard.borrow(), 101);
    meter.begin("nothing", Unit::Rows, 0);
    meter.advance(0);
    assert_eq!(*heard.borrow(), 102);
}

#[test]
fn a_backup_that_cannot_be_read_is_never_settled_as_one_that_never_was() {
    let dir = TempDir::new().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    let create = Action::CreateBackup { name: PlaceName::parse("monday").unwrap() };
    let first = begin(&mut cluster, &order(5, create, 1)).run().unwrap();
    // A stop between the backup and the record of its receipt.
    drop(cluster);
    let manifest = dir.path().join("kernel/backups/monday/manifest.json");
    let bytes = std::fs::read(&manifest).unwrap();
    std::fs::write(&manifest, "{}").unwrap();
    let mut cluster = open(&dir, 3).cluster;
    let refused = cluster.resolve(id(5), now()).unwrap_err();
    assert!(refused.to_string().contains("manifest"), "{refused}");
    std::fs::write(&manifest, bytes).unwrap();
    for _ in 0..2 {
        let Ok(Resolution::Executed(receipt)) = cluster.resolve(id(5), now()) else {
            panic!("there")
        };
        assert_eq!((receipt.action_id, &receipt.result), (first.action_id, &first.result));
        drop(cluster);
        cluster = open(&dir, 3).cluster;
    }
}
