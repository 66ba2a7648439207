//! What cannot be reached through the port: the Raft library without the checks before it, and
//! nodes whose stores fail.

#[path = "../../tests/in_epoch.rs"]
pub(super) mod in_epoch;
mod network;

use super::EmbeddedConfig;
use super::cluster::{Cluster, PrimaryStatus};
use super::command::{Accepted, Command};
use super::data::{DataError, Write};
use super::job::{JobResult, ProgressReporter, Started};
use super::opening::{self, OpenedCluster};
use super::room::tests::FixedSpace;
use super::state_machine::Applied;
use super::{ServiceHistory, bootstrap};
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::spec::EngineEvent;
use crate::kernel::embedded::view::{Fence, View, Writes};
use crate::kernel::{ApplyError, Order, PendingOrder, Resolution, ResolveError};
use crate::model::action::{ActionId, LogPosition};
use crate::model::ambient::{Clock, Entropy, Timestamp};
use crate::model::canonical::Hash;
use crate::model::cluster::ReceiptStatus;
use crate::model::facts::Fact;
use crate::model::receipt::LedgerRef;
use crate::model::text::{NodeId, PlaceName};
use in_epoch::in_epoch;
use network::Network;
use raft::eraftpb::MessageType;
use tempfile::TempDir;

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn name(&self) -> &'static str {
        "still"
    }
}

impl Entropy for FixedClock {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(1_769_852_700_000)
}

pub(super) fn open(dir: &TempDir, nodes: u64) -> OpenedCluster {
    let config = EmbeddedConfig {
        dir: dir.path().join("kernel"),
        nodes: super::NodeCount::Exactly(nodes),
        cluster: PlaceName::parse("aerodb").unwrap(),
        environment: PlaceName::parse("test").unwrap(),
        room: FixedSpace::with(Ok(64 << 30)),
    };
    let is_new = !config.dir.exists();
    if is_new {
        bootstrap::create_files(&config, &FixedClock, &FixedClock).unwrap();
    }
    let served = if is_new { ServiceHistory::Never } else { ServiceHistory::Before };
    let stopped = opening::read_asked(&config, served, &FixedClock, &FixedClock).unwrap();
    opening::start(stopped, now()).unwrap()
}

pub(super) fn id(number: u8) -> ActionId {
    ActionId::from_random([number; 16])
}

pub(super) fn order(number: u8, action: Action, epoch: u64) -> Order {
    let witness = LedgerRef { seq: 1, hash: Hash::of(b"record") };
    PendingOrder::new(id(number), action.into(), in_epoch(Some(epoch))).dispatched(witness)
}

impl Cluster {
    /// Executes an order to its end, also where it takes long.
    pub(super) fn apply(&mut self, order: &Order, now: Timestamp) -> JobResult {
        let meter = ProgressReporter::new(order.action_id(), None);
        match self.begin(order, meter, now) {
            Started::Ended(ending) => ending,
            Started::Copying(action, receipt) => {
                self.end(order.action_id(), &action, Ok(receipt), now)
            }
            Started::Long(work) => {
                let action = work.action.clone();
                let ending = work.run();
                self.end(order.action_id(), &action, ending, now)
            }
        }
    }
}

pub(super) fn put(cluster: &mut Cluster, key: &str) -> Result<super::CommittedWrite, DataError> {
    let write = Write::Put { key: key.to_owned(), value: key.into() };
    cluster.write(vec![write], now()).pop().unwrap()
}

fn off(cluster: &mut Cluster, number: u8, node: u64, epoch: u64) {
    let action = Action::TakeOffline { node: NodeId::numbered(node) };
    cluster.apply(&order(number, action, epoch), now()).unwrap();
}

fn fail(cluster: &mut Cluster, node: u64) {
    cluster.ensemble.node_mut(node).unwrap().fail("disk full", now());
}

fn elect(cluster: &mut Cluster, node: u64, id: u8, expected_epoch: u64) -> bool {
    let failover = order(id, Action::Failover { to: NodeId::numbered(node) }, expected_epoch);
    let order = Accepted::of(&failover, now());
    let command = Command::Promote { order, primary: NodeId::numbered(node) };
    let (heard, began) = cluster.ensemble.elect(node, command, now(), |ensemble| {
        ensemble.node_mut(node).unwrap().campaign(now());
    });
    assert_eq!(heard.is_some(), began);
    began
}

#[test]
fn the_library_itself_refuses_a_lagging_candidate_and_keeps_the_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    cluster.partition(3, now());
    put(&mut cluster, "a").unwrap();
    off(&mut cluster, 1, 1, 1);
    cluster.heal(3, now());
    assert!(!elect(&mut cluster, 3, 2, 1), "n3 does not hold the write");
    assert_eq!((cluster.epoch(), cluster.office()), (1, PrimaryStatus::Vacant));
    assert!(elect(&mut cluster, 2, 3, 1), "n2 does, and nothing of the lost campaign is left");
    assert_eq!((cluster.epoch(), cluster.office()), (2, PrimaryStatus::Held(NodeId::numbered(2))));
    assert_eq!(cluster.read("a").unwrap().as_deref(), Some(&b"a"[..]));
}

#[test]
fn the_library_itself_refuses_a_candidate_without_a_majority() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    off(&mut cluster, 1, 1, 1);
    cluster.partition(2, now());
    assert!(!elect(&mut cluster, 3, 2, 1));
    assert_eq!((cluster.epoch(), cluster.office()), (1, PrimaryStatus::Vacant));
    // It was withdrawn: the votes that could be given now are not asked for any more.
    cluster.heal(2, now());
    assert_eq!((cluster.epoch(), cluster.office()), (1, PrimaryStatus::Vacant));
}

#[test]
fn a_hand_over_that_did_not_happen_is_given_up_and_the_primary_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    cluster.partition(3, now());
    let switchover = order(1, Action::Switchover { to: NodeId::numbered(3) }, 1);
    let order = Accepted::of(&switchover, now());
    let command = Command::Promote { order, primary: NodeId::numbered(3) };
    let (heard, began) = cluster.ensemble.elect(3, command, now(), |ensemble| {
        ensemble.node_mut(1).unwrap().hand_over(3, now());
    });
    assert_eq!((heard, began), (None, false));
    put(&mut cluster, "a").unwrap();
    // Nothing of it is left that could happen now.
    cluster.heal(3, now());
    assert_eq!((cluster.epoch(), cluster.office()), (1, PrimaryStatus::Held(NodeId::numbered(1))));
}

#[test]
fn a_node_that_is_elected_although_nobody_asked_stops() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    off(&mut cluster, 1, 1, 1);
    cluster.ensemble.node_mut(2).unwrap().campaign(now());
    cluster.ensemble.pump(now());
    let failed = cluster.ensemble.node(2).unwrap().failed().unwrap();
    assert!(failed.why.contains("nobody had asked"), "{failed:?}");
    assert_eq!(cluster.office(), PrimaryStatus::Vacant);
}

#[test]
fn a_primary_that_was_cut_off_acknowledges_nothing_and_yields_when_it_returns() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    cluster.partition(1, now());
    let state = cluster.observe(now()).unwrap();
    assert!(
        View::read(&state).cluster.primary.missing().is_some(),
        "n1 may still believe that it is primary"
    );
    assert_eq!(View::read(&state).cluster.writes, Fact::Known(Writes::Stopped));
    assert!(matches!(put(&mut cluster, "a"), Err(DataError::Refused { .. })));
    let failover = |id, epoch| order(id, Action::Failover { to: NodeId::numbered(2) }, epoch);
    let ApplyError::Refused(refusal) = cluster.apply(&failover(1, 1), now()).unwrap_err() else {
        panic!("nothing ran");
    };
    assert_eq!(refusal.rule, "no_primary_alive");
    off(&mut cluster, 2, 1, 1);
    cluster.apply(&failover(3, 1), now()).unwrap();
    put(&mut cluster, "b").unwrap();
    cluster.heal(1, now());
    let online = Action::BringOnline { node: NodeId::numbered(1) };
    cluster.apply(&order(4, online, 2), now()).unwrap();
    assert_eq!(cluster.office(), PrimaryStatus::Held(NodeId::numbered(2)));
    assert_eq!(cluster.ensemble.node(1).unwrap().vitals().unwrap().epoch, 2);
}

#[test]
fn a_node_whose_store_failed_is_out_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    fail(&mut cluster, 3);
    put(&mut cluster, "a").unwrap();
    let state = cluster.observe(now()).unwrap();
    let n3 = View::read(&state).node(&NodeId::numbered(3)).unwrap().pinned.clone();
    assert!(n3.unreachable.as_ref().unwrap().why.contains("disk full"));
    // The second one takes the majority with it; the write before was definite, this one is too.
    fail(&mut cluster, 2);
    let Err(DataError::Refused { error, .. }) = put(&mut cluster, "b") else { panic!("refused") };
    assert_eq!(error, "no_quorum");
}

#[test]
fn a_primary_whose_store_failed_leaves_its_office_vacant_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    fail(&mut cluster, 1);
    cluster.remember(now(), "");
    let state = cluster.observe(now()).unwrap();
    assert_eq!(View::read(&state).cluster.primary, Fact::Known(None));
    assert!(View::read(&state).cluster.without_primary.unwrap().why.contains("disk full"));
    let failover = order(1, Action::Failover { to: NodeId::numbered(3) }, 1);
    assert_eq!(cluster.apply(&failover, now()).unwrap().generation, Some(2));
}

/// An order that was journaled, and whose process ended before anything else.
fn accept_only(cluster: &mut Cluster, number: u8, action: Action, epoch: u64) {
    let accepted = Accepted::of(&order(number, action, epoch), now());
    cluster.metadata.accept(&accepted).unwrap();
}

#[test]
fn an_accepted_order_without_a_receipt_is_never_executed_again_and_waits_for_a_primary() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    accept_only(&mut cluster, 1, Action::StopWrites {}, 1);
    drop(cluster);
    let mut cluster = open(&dir, 3).cluster;
    let again = cluster.apply(&order(1, Action::StopWrites {}, 1), now());
    assert!(matches!(again, Err(ApplyError::Unknown { .. })), "{again:?}");
    assert!(matches!(cluster.receipt(id(1)), Ok(ReceiptStatus::NoneYet { .. })));
    let settled = cluster.resolve(id(1), now());
    assert!(matches!(settled, Err(ResolveError::NeedsPrimary { .. })), "{settled:?}");
    let failover = order(2, Action::Failover { to: NodeId::numbered(2) }, 1);
    cluster.apply(&failover, now()).unwrap();
    let Ok(Resolution::Voided(tombstone)) = cluster.resolve(id(1), now()) else { panic!("void") };
    assert_eq!(cluster.resolve(id(1), now()), Ok(Resolution::Voided(tombstone.clone())));
    assert_eq!(cluster.receipt(id(1)), Ok(ReceiptStatus::Voided { tombstone }));
    // Its entry turns up after all: it has no effect on any node.
    let late = Accepted::of(&order(1, Action::StopWrites {}, 2), now());
    let command = Command::Fence { order: late, fence: Fence::Standing };
    cluster.ensemble.propose(2, &[command], now());
    put(&mut cluster, "a").unwrap();
    assert!(matches!(cluster.receipt(id(1)), Ok(ReceiptStatus::Voided { .. })));
}

#[test]
fn an_entry_that_was_appended_and_not_answered_is_settled_by_its_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    accept_only(&mut cluster, 1, Action::StopWrites {}, 1);
    // The primary appends the entry, and nobody else gets it before the process ends.
    cluster.ensemble.set_connected(2, false);
    cluster.ensemble.set_connected(3, false);
    let accepted = Accepted::of(&order(1, Action::StopWrites {}, 1), now());
    let command = Command::Fence { order: accepted, fence: Fence::Standing };
    assert_eq!(cluster.ensemble.propose(1, &[command], now()), [None], "not committed");
    drop(cluster);
    let mut cluster = open(&dir, 3).cluster;
    let failover = |id, to| order(id, Action::Failover { to: NodeId::numbered(to) }, 1);
    let shorter = cluster.apply(&failover(2, 2), now());
    assert!(matches!(shorter, Err(ApplyError::Refused(_))), "n1 holds a newer log: {shorter:?}");
    cluster.apply(&failover(3, 1), now()).unwrap();
    let Ok(Resolution::Executed(receipt)) = cluster.resolve(id(1), now()) else { panic!("it ran") };
    assert_eq!((receipt.generation, receipt.action_id), (Some(1), id(1)));
    assert!(matches!(put(&mut cluster, "a"), Err(DataError::Refused { .. })), "writes are stopped");
}

#[test]
fn a_node_that_was_laid_out_and_never_joined_is_opened_again_and_is_no_member() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    cluster.lay_out_node(4, now()).unwrap();
    drop(cluster);
    let mut cluster = open(&dir, 3).cluster;
    assert_eq!(cluster.observe(now()).unwrap().nodes.len(), 3);
    let failover = order(1, Action::Failover { to: NodeId::numbered(1) }, 1);
    cluster.apply(&failover, now()).unwrap();
    let add = order(2, Action::AddReplica { node: NodeId::numbered(4) }, 2);
    cluster.apply(&add, now()).unwrap();
    let state = cluster.observe(now()).unwrap();
    assert_eq!(
        View::read(&state).node(&NodeId::numbered(4)).unwrap().pinned.reachable,
        Fact::Known(true)
    );
}

#[test]
fn an_epoch_begins_with_the_order_that_asked_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 9).cluster;
    let switchover = order(1, Action::Switchover { to: NodeId::numbered(5) }, 1);
    let receipt = cluster.apply(&switchover, now()).unwrap();
    for node in cluster.ensemble.nodes() {
        let epochs = node.store().unwrap().epochs().unwrap();
        let last = epochs.last().unwrap();
        assert_eq!((last.epoch, last.primary.as_str()), (2, "n5"));
        assert_eq!((last.action_id, Some(last.first_position)), (Some(id(1)), receipt.position));
    }
}

#[test]
fn a_primary_that_has_committed_nothing_in_its_epoch_serves_no_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    put(&mut cluster, "a").unwrap();
    // n2 holds the write and does not know yet that it is committed.
    drop(cluster);
    let mut cluster = open(&dir, 3).cluster;
    cluster.ensemble.expose_to(Network::Swallows(MessageType::MsgAppend));
    let failover = order(1, Action::Failover { to: NodeId::numbered(2) }, 1);
    let answer = cluster.apply(&failover, now());
    assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{answer:?}");
    assert_eq!(cluster.office(), PrimaryStatus::Held(NodeId::numbered(2)));
    assert!(matches!(cluster.read("a"), Err(DataError::Unknown { .. })), "{:?}", cluster.read("a"));
}

#[test]
fn a_change_of_the_members_that_was_made_already_has_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    let change = |number| {
        let action = Action::RemoveReplica { node: NodeId::numbered(3) };
        Command::of(&Accepted::of(&order(number, action, 1), now())).unwrap()
    };
    let first = cluster.ensemble.propose(1, &[change(1)], now()).pop().flatten();
    assert!(matches!(first, Some((_, Applied::Executed(_)))), "{first:?}");
    // The second entry was judged before the first one was applied.
    let second = cluster.ensemble.propose(1, &[change(2)], now()).pop().flatten();
    let Some((_, Applied::Refused(refusal))) = second else { panic!("{second:?}") };
    assert_eq!(refusal.rule, "members_moved");
    assert_eq!(cluster.ensemble.members().voters, [1, 2]);
    put(&mut cluster, "a").unwrap();
}

#[test]
fn an_election_that_is_refused_is_an_event_and_moves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    off(&mut cluster, 1, 1, 1);
    cluster.ensemble.expose_to(Network::Swallows(MessageType::MsgRequestPreVoteResponse));
    let failover = |id| order(id, Action::Failover { to: NodeId::numbered(2) }, 1);
    let Err(ApplyError::Refused(refusal)) = cluster.apply(&failover(2), now()) else {
        panic!("nobody answered")
    };
    assert_eq!(refusal.rule, "not_elected");
    assert_eq!((cluster.epoch(), cluster.office()), (1, PrimaryStatus::Vacant));
    let page = cluster.events(None, 5).unwrap();
    let refused =
        page.events.iter().find(|event| event.kind == EngineEvent::ElectionRefused.kind());
    let refused = refused.unwrap_or_else(|| panic!("{page:?}"));
    let about = (refused.node.as_ref(), refused.action_id);
    assert_eq!(about, (Some(&NodeId::numbered(2)), Some(id(2))));
    cluster.ensemble.expose_to(Network::Calm);
    cluster.apply(&failover(3), now()).unwrap();
}

#[test]
fn a_state_that_did_not_arrive_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = open(&dir, 3).cluster;
    off(&mut cluster, 1, 3, 1);
    put(&mut cluster, "a").unwrap();
    let checkpoint = Action::TakeCheckpoint { node: NodeId::numbered(1) };
    let kept = cluster.apply(&order(2, checkpoint, 1), now()).unwrap().position.unwrap();
    let up_to = LogPosition::parse_field("up_to", &kept.to_string()).unwrap();
    let purge = Action::PurgeLog { node: NodeId::numbered(1), up_to };
    cluster.apply(&order(3, purge, 1), now()).unwrap();
    cluster.ensemble.expose_to(Network::Returns(MessageType::MsgSnapshot));
    let online = Action::BringOnline { node: NodeId::numbered(3) };
    cluster.apply(&order(4, online, 1), now()).unwrap();
    let applied = |cluster: &Cluster| cluster.ensemble.node(3).unwrap().vitals().unwrap().applied;
    assert!(applied(&cluster) < kept, "the state did not arrive");
    cluster.ensemble.expose_to(Network::Calm);
    cluster.ensemble.catch_up(now());
    assert!(applied(&cluster) >= kept, "it was sent again");
}
