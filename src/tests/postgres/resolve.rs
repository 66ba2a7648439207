//! An order whose outcome is in doubt is resolved: whatever cut it off, what is said of it is so, and stays so.

use super::kernels::{PgKernel, action};
use super::machine::TestCluster;
use crate::kernel::contract::id;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::template::APP;
use crate::postgres_bench::until;
use aerodb_control::kernel::{
    ApplyError, CommandKernel as _, ObserveKernel as _, PendingOrder, Resolution, ResolveError,
};
use aerodb_control::model::action::Action;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::receipt::LedgerRef;
use aerodb_control::model::session::Session;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Where an order is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutOff {
    /// Before there is a session for it.
    BeforeSession,
    /// After its session is on record, before it is sent.
    SessionOnRecord,
    /// What was sent is somewhere in the network.
    OnTheWay,
    /// It is at the server, which stands still.
    ServerStandsStill,
    /// It ran, and the answer is somewhere in the network.
    AnswerOnTheWay,
    /// Nowhere.
    Answered,
}

const ALL: [CutOff; 6] = [
    CutOff::BeforeSession,
    CutOff::SessionOnRecord,
    CutOff::OnTheWay,
    CutOff::ServerStandsStill,
    CutOff::AnswerOnTheWay,
    CutOff::Answered,
];

/// A kind of order whose effect can be seen from outside: by its kind, an action with a name of its own,
/// and a query that says whether it ran.
type VisibleOrder = (&'static str, fn(u8) -> Action, fn(u8) -> String);

const ORDERS: [VisibleOrder; 3] = [
    ("a row in the transaction of its effect", stops_logins, logins_stopped),
    ("a row with a record of the WAL", restore_point, receipt),
    ("evidence", creates_slot, slot_there),
];

fn stops_logins(_: u8) -> Action {
    action("stop_logins", &json!({"node": "n1"}))
}

fn logins_stopped(_: u8) -> String {
    format!("select not rolcanlogin from pg_roles where rolname = '{APP}'")
}

fn restore_point(number: u8) -> Action {
    action("create_restore_point", &json!({"node": "n1", "name": format!("p{number}")}))
}

fn receipt(number: u8) -> String {
    let id = id(number);
    format!("select count(*) = 1 from cp.receipt where op_id = '{id}' and kind <> 'void'")
}

fn creates_slot(number: u8) -> Action {
    action("create_slot", &json!({"node": "n1", "slot": format!("s{number}")}))
}

fn slot_there(number: u8) -> String {
    format!("select count(*) = 1 from pg_replication_slots where slot_name = 's{number}'")
}

/// Whether the effect of an order is there.
fn ran(pg: &PgKernel, query: &str) -> bool {
    let node = pg.cluster.node(0).unwrap();
    match node.sql("aerodb_control", query).unwrap().as_str() {
        "t" => true,
        "f" => false,
        other => panic!("{query}: {other}"),
    }
}

fn resolved(answer: &Result<Resolution, ResolveError>) -> Option<bool> {
    match answer {
        Ok(Resolution::Executed(_)) => Some(true),
        Ok(Resolution::Voided(_)) => Some(false),
        Err(_) => None,
    }
}

/// Cuts an order off, resolves it, and holds the answer against what can be seen.
async fn sweep(pg: &mut PgKernel, number: u8, order: VisibleOrder, cut: CutOff) {
    let (what, make, query) = (format!("{}, {cut:?}", order.0), order.1, order.2(number));
    let kernel = pg.kernel();
    let before = Arc::new(kernel.observe().await.unwrap());
    let checks = kernel.checks(&before, &make(number).into());
    assert_eq!(Verdict::of(&checks.checks), Verdict::Pass, "{what}: {checks:?}");
    let pending = PendingOrder::new(id(number), make(number).into(), before);
    let witness = LedgerRef { seq: u64::from(number), hash: Hash::of(&[number]) };
    let session = match cut {
        CutOff::BeforeSession => Session::none(),
        _ => kernel.open(&pending).await.unwrap(),
    };
    let proxy = pg.cluster.proxy(0).unwrap();
    let name = id(number).to_string();
    match cut {
        CutOff::OnTheWay => proxy.set_for(&name, LinkMode::HoldRequests),
        CutOff::AnswerOnTheWay => proxy.set_for(&name, LinkMode::HoldAnswers),
        CutOff::ServerStandsStill => pg.cluster.node_mut(0).unwrap().pause().unwrap(),
        CutOff::BeforeSession | CutOff::SessionOnRecord | CutOff::Answered => {}
    }
    let kernel = pg.kernel();
    let sends = !matches!(cut, CutOff::BeforeSession | CutOff::SessionOnRecord);
    let mut late = None;
    if sends {
        let answer = kernel.apply(pending.dispatched(witness), session.clone()).await;
        match (cut, answer) {
            (CutOff::Answered, Ok(receipt)) => assert!(!receipt.duplicate, "{what}"),
            (_, Err(ApplyError::Unknown { .. })) if cut != CutOff::Answered => {}
            (_, answer) => panic!("{what}: {answer:?}"),
        }
    } else {
        late = Some(pending.dispatched(witness));
    }
    if cut == CutOff::ServerStandsStill {
        let answer = kernel.resolve(id(number), &session).await;
        assert_eq!(resolved(&answer), None, "{what}: nobody answers, {answer:?}");
        pg.cluster.node_mut(0).unwrap().go_on().unwrap();
    }
    let kernel = pg.kernel();
    let answer = kernel.resolve(id(number), &session).await;
    let said = resolved(&answer).unwrap_or_else(|| panic!("{what}: {answer:?}"));
    match cut {
        CutOff::Answered | CutOff::AnswerOnTheWay => assert!(said, "{what}: {answer:?}"),
        CutOff::ServerStandsStill => {}
        _ => assert!(!said, "{what}: {answer:?}"),
    }
    // What was on its way arrives now, and changes nothing any more.
    let proxy = pg.cluster.proxy(0).unwrap();
    proxy.set(LinkMode::Pass);
    let is_gone = || Ok((!proxy.names().iter().any(|open| open.ends_with(&name))).then_some(()));
    until("the session of the order is gone", is_gone).unwrap();
    assert_eq!(ran(pg, &query), said, "{what}: {answer:?}");
    if let Some(order) = late {
        let refused = kernel.apply(order, session.clone()).await;
        assert!(matches!(refused, Err(ApplyError::Refused(_))), "{what}: {refused:?}");
    }
    for _ in 0..2 {
        assert_eq!(kernel.resolve(id(number), &session).await, answer, "{what}");
    }
    pg.restart();
    assert_eq!(pg.kernel().resolve(id(number), &session).await, answer, "{what}, after a restart");
    assert_eq!(ran(pg, &query), said, "{what}");
}

/// C7.1, C7.3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_cuts_an_order_off_what_is_said_of_it_is_so_and_stays_so() {
    let cluster =
        TestCluster::laid_out(ClusterLayout { proxied: true, ..ClusterLayout::default() });
    let mut pg = PgKernel::over(cluster, |config| {
        config.deadlines.order = Duration::from_secs(1);
        config.deadlines.observe = Duration::from_secs(3);
        config.deadlines.connect = Duration::from_secs(3);
    })
    .await;
    let mut number = 0;
    for order in ORDERS {
        for cut in ALL {
            number += 1;
            sweep(&mut pg, number, order, cut).await;
            // The logins of the next order are stopped again.
            let again = format!(
                "\\connect aerodb_control\ndelete from cp.stopped_login; alter role {APP} login"
            );
            pg.cluster.node(0).unwrap().sql(SUPERUSER, &again).unwrap();
        }
    }
}

/// C7.3: an action that only reads leaves nothing, whatever became of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_nobody_answered_came_to_nothing() {
    let cluster =
        TestCluster::laid_out(ClusterLayout { proxied: true, ..ClusterLayout::default() });
    let pg = PgKernel::over(cluster, |config| {
        config.deadlines.connect = Duration::from_secs(1);
    })
    .await;
    let kernel = pg.kernel();
    let before = Arc::new(kernel.observe().await.unwrap());
    let look = action("verify_node", &json!({"node": "n1"}));
    let pending = PendingOrder::new(id(1), look.into(), before);
    let session = kernel.open(&pending).await.unwrap();
    let proxy = pg.cluster.proxy(0).unwrap();
    proxy.set_for(&id(1).to_string(), LinkMode::HoldRequests);
    let witness = LedgerRef { seq: 1, hash: Hash::of(&[1]) };
    let answer = kernel.apply(pending.dispatched(witness), session.clone()).await;
    let Err(ApplyError::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.rule, "node_reachable", "{refusal:?}");
    let answer = kernel.resolve(id(1), &session).await;
    assert_eq!(resolved(&answer), Some(false), "{answer:?}");
    assert_eq!(kernel.resolve(id(1), &session).await, answer);
}

/// C7.3: on a primary that was promoted over, and on a server that is not there, nobody can tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_server_that_is_gone_nothing_is_said() {
    let cluster =
        TestCluster::laid_out(ClusterLayout { proxied: true, ..ClusterLayout::default() });
    let mut pg = PgKernel::over(cluster, |config| {
        config.deadlines.order = Duration::from_secs(1);
    })
    .await;
    let kernel = pg.kernel();
    let before = Arc::new(kernel.observe().await.unwrap());
    let pending = PendingOrder::new(id(1), creates_slot(1).into(), before);
    let session = kernel.open(&pending).await.unwrap();
    pg.cluster.proxy(0).unwrap().set_for(&id(1).to_string(), LinkMode::HoldRequests);
    let witness = LedgerRef { seq: 1, hash: Hash::of(&[1]) };
    let answer = kernel.apply(pending.dispatched(witness), session.clone()).await;
    assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{answer:?}");
    pg.cluster.node_mut(0).unwrap().kill().unwrap();
    let answer = pg.kernel().resolve(id(1), &session).await;
    let Err(ResolveError::NodeUnreachable { node, .. }) = answer else { panic!("{answer:?}") };
    assert_eq!(node.as_str(), "n1");
    // It comes back: what the session was, ended with the server.
    pg.cluster.node_mut(0).unwrap().start().unwrap();
    let answer = pg.kernel().resolve(id(1), &session).await;
    assert_eq!(resolved(&answer), Some(false), "{answer:?}");
    pg.cluster.proxy(0).unwrap().set(LinkMode::Pass);
    assert!(!ran(&pg, &slot_there(1)));
}
