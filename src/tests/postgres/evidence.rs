//! Orders that leave no row: what is said of one that was cut off is what is left of it, and where that
//! could be anybody's doing, that nobody can tell.

use super::kernels::{PgKernel, action};
use super::machine::TestCluster;
use crate::kernel::contract::id;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::template::APP;
use crate::postgres_bench::until;
use aerodb_control::kernel::{
    ApplyError, CommandKernel as _, ObserveKernel as _, PendingOrder, Resolution, ResolveError,
};
use aerodb_control::model::action::Action;
use aerodb_control::model::attestation::{Attestations, Request};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::{LedgerRef, Receipt};
use aerodb_control::model::session::Session;
use aerodb_control::model::text::ActorName;
use serde_json::json;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

/// What came of resolving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResolvedAs {
    Executed,
    Voided,
    CannotTell,
}

async fn over(layout: ClusterLayout) -> PgKernel {
    let cluster = TestCluster::laid_out(ClusterLayout { proxied: true, ..layout });
    PgKernel::over(cluster, |config| {
        config.deadlines.order = Duration::from_secs(1);
        config.deadlines.observe = Duration::from_secs(5);
        config.deadlines.connect = Duration::from_secs(5);
    })
    .await
}

/// Opens a session for an order that is confirmed in the state of now.
async fn opened(
    pg: &PgKernel,
    number: u8,
    request: Request,
) -> Result<(PendingOrder, Session), ApplyError> {
    let before = Arc::new(pg.kernel().observe().await.unwrap());
    let pending = PendingOrder::new(id(number), request, before);
    let session = pg.kernel().open(&pending).await?;
    Ok((pending, session))
}

fn witness(number: u8) -> LedgerRef {
    LedgerRef { seq: u64::from(number), hash: Hash::of(&[number]) }
}

async fn runs(pg: &PgKernel, number: u8, request: impl Into<Request>) -> Receipt {
    let (pending, session) = opened(pg, number, request.into()).await.expect("it opens");
    let answer = pg.kernel().apply(pending.dispatched(witness(number)), session).await;
    answer.expect("it runs")
}

/// Sends an order whose bytes, or whose answer, stay on the way at the proxy of its node, and resolves it.
async fn cut_off(
    pg: &PgKernel,
    number: u8,
    request: impl Into<Request>,
    mode: LinkMode,
) -> (ResolvedAs, String) {
    let request = request.into();
    let what = format!("{:?} {mode:?}", request.action);
    let node = request.action.node().and_then(|node| node.number()).expect("a node") - 1;
    let (pending, session) = opened(pg, number, request).await.expect(&what);
    let proxy = pg.cluster.proxy(usize::try_from(node).unwrap()).unwrap();
    let name = id(number).to_string();
    proxy.set_for(&name, mode);
    let answer = pg.kernel().apply(pending.dispatched(witness(number)), session.clone()).await;
    assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{what}: {answer:?}");
    let first = pg.kernel().resolve(id(number), &session).await;
    proxy.set(LinkMode::Pass);
    let gone = || Ok((!proxy.names().iter().any(|open| open.ends_with(&name))).then_some(()));
    until("the session of the order is gone", gone).unwrap();
    // What was on its way has arrived, where there was nobody any more to take it.
    let told = match &first {
        Ok(Resolution::Executed(_)) => ResolvedAs::Executed,
        Ok(Resolution::Voided(_)) => ResolvedAs::Voided,
        Err(ResolveError::CannotTell { .. }) => ResolvedAs::CannotTell,
        Err(other) => panic!("{what}: {other:?}"),
    };
    if told != ResolvedAs::CannotTell {
        assert_eq!(pg.kernel().resolve(id(number), &session).await, first, "{what}");
    }
    (told, format!("{what}: {first:?}"))
}

fn seen(pg: &PgKernel, node: usize, query: &str) -> String {
    pg.cluster.node(node).unwrap().sql("aerodb_control", query).unwrap()
}

fn client(pg: &PgKernel) -> Child {
    let mut client = pg.cluster.node(0).unwrap().client("psql", APP, APP);
    let client = client.args(["-c", "select pg_sleep(600)"]).spawn().unwrap();
    let there = format!("select count(*) > 0 from pg_stat_activity where usename = '{APP}'");
    until("the client is there", || Ok((seen(pg, 0, &there) == "t").then_some(()))).unwrap();
    client
}

/// The name of the one session of the application.
async fn its_session(pg: &PgKernel) -> String {
    let state = pg.kernel().observe().await.unwrap();
    let of_app = |facts: &aerodb_control::model::facts::Facts| {
        facts.text("login").known().is_some_and(|role| role == APP)
    };
    let mut items = state.items.iter().filter(|item| of_app(&item.facts));
    items.next().expect("a session of the application").name.clone()
}

fn on(kind: &str, node: &str) -> Action {
    action(kind, &json!({ "node": node }))
}

/// C7.3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_of_an_order_says_whether_it_ran_or_that_nobody_can_tell() {
    use LinkMode::{HoldAnswers, HoldRequests};
    use ResolvedAs::{CannotTell, Executed, Voided};
    let pg = over(ClusterLayout::default()).await;
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    // Each order twice: first its bytes stay on the way, then its answer.
    let slot = action("create_slot", &json!({"node": "n1", "slot": "left"}));
    runs(&pg, next(), slot).await;
    let drop = action("drop_slot", &json!({"node": "n1", "slot": "left"}));
    let pending = "select setting from pg_settings where name = 'wal_keep_size'";
    let written = action(
        "write_setting",
        &json!({"node": "n1", "setting": "wal_keep_size", "value": "48MB"}),
    );
    runs(&pg, next(), written).await;
    let paused = "select pg_get_wal_replay_pause_state()";
    let named = "select count(*) from pg_replication_slots where slot_name = 'left'";
    for (order, node, query, before, after) in [
        (drop, 0, named, "1", "0"),
        (on("reload", "n1"), 0, pending, "32", "48"),
        (on("pause_replay", "n2"), 1, paused, "not paused", "paused"),
        (on("resume_replay", "n2"), 1, paused, "paused", "not paused"),
    ] {
        for (mode, wanted, found) in
            [(HoldRequests, Voided, before), (HoldAnswers, Executed, after)]
        {
            let (told, what) = cut_off(&pg, next(), order.clone(), mode).await;
            assert_eq!(told, wanted, "{what}");
            assert_eq!(seen(&pg, node, query), found, "{what}");
        }
    }
    // A segment ends by itself too.
    seen(&pg, 0, "create table if not exists public.t ()");
    let (told, what) = cut_off(&pg, next(), on("switch_wal", "n1"), HoldRequests).await;
    assert_eq!(told, Voided, "{what}");
    let (told, what) = cut_off(&pg, next(), on("switch_wal", "n1"), HoldAnswers).await;
    assert_eq!(told, CannotTell, "{what}");
    // And so does a session.
    let mut psql = client(&pg);
    for (kind, mode) in [
        ("terminate_session", HoldRequests),
        ("cancel_query", HoldRequests),
        ("terminate_session", HoldAnswers),
    ] {
        let session = its_session(&pg).await;
        let order = action(kind, &json!({"node": "n1", "session": session}));
        let (told, what) = cut_off(&pg, next(), order, mode).await;
        assert_eq!(told, CannotTell, "{what}");
    }
    psql.wait().unwrap();
    // Those of stopped roles come back no more.
    let mut psql = client(&pg);
    runs(&pg, next(), on("stop_logins", "n1")).await;
    let (told, what) = cut_off(&pg, next(), on("end_sessions", "n1"), HoldRequests).await;
    assert_eq!(told, CannotTell, "{what}");
    let (told, what) = cut_off(&pg, next(), on("end_sessions", "n1"), HoldAnswers).await;
    assert_eq!(told, Executed, "{what}");
    psql.wait().unwrap();
}

/// C7.3: what can carry no condition is looked at right before, and where that has no answer nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_without_a_condition_is_not_sent_where_its_look_has_no_answer() {
    let pg = over(ClusterLayout::default()).await;
    let rule = action("write_sync_standbys", &json!({"node": "n1", "rule": "ANY 1 (n2, n3)"}));
    for (number, order) in [(1, rule.clone()), (2, on("checkpoint", "n1"))] {
        let (pending, session) = opened(&pg, number, order.into()).await.unwrap();
        let proxy = pg.cluster.proxy(0).unwrap();
        proxy.set_for(&id(number).to_string(), LinkMode::HoldRequests);
        let answer = pg.kernel().apply(pending.dispatched(witness(number)), session.clone()).await;
        assert!(matches!(answer, Err(ApplyError::Refused(_))), "{answer:?}");
        proxy.set(LinkMode::Pass);
        let resolved = pg.kernel().resolve(id(number), &session).await;
        assert!(matches!(resolved, Ok(Resolution::Voided(_))), "{resolved:?}");
    }
    runs(&pg, 3, rule).await;
    let written = "select setting from pg_file_settings \
         where name = 'synchronous_standby_names' order by seqno desc limit 1";
    assert_eq!(seen(&pg, 0, written), "ANY 1 (n2, n3)");
}

/// C7.3: a row whose commit waits for a standby is there once its session is ended, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_waits_for_a_standby_ran_once_its_session_is_ended() {
    let sync_rule = "ANY 1 (n2, n3)".to_owned();
    let pg = over(ClusterLayout { sync_rule, ..ClusterLayout::default() }).await;
    let order = on("declare_sync_contract", "n1");
    let (pending, session) = opened(&pg, 1, order.into()).await.unwrap();
    // Both standbys receive, and what they say does not arrive.
    let proxy = pg.cluster.proxy(0).unwrap();
    proxy.set_for("n2", LinkMode::HoldRequests);
    proxy.set_for("n3", LinkMode::HoldRequests);
    let answer = pg.kernel().apply(pending.dispatched(witness(1)), session.clone()).await;
    assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{answer:?}");
    let waits = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
    assert_eq!(seen(&pg, 0, waits), "1", "it is not cancelled");
    let resolved = pg.kernel().resolve(id(1), &session).await;
    assert!(matches!(resolved, Ok(Resolution::Executed(_))), "{resolved:?}");
    assert_eq!(seen(&pg, 0, "select rule from cp.contract"), "ANY 1 (n2, n3)");
    assert_eq!(seen(&pg, 0, waits), "0");
}

/// C7.1, C7.3: a promotion whose bytes are held never comes, and one whose answer is held is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_that_was_cut_off_never_comes_late() {
    let mut pg = over(ClusterLayout::default()).await;
    pg.cluster.node_mut(0).unwrap().stop().unwrap();
    for (number, node) in [(1, "n2"), (2, "n3")] {
        runs(&pg, number, on("checkpoint", node)).await;
    }
    let said = pg.cluster.node(0).unwrap().control_data().unwrap();
    let said = json!({"control_data": said, "old_primary_out": "yes"});
    let said: Attestations = serde_json::from_value(said).unwrap();
    let attested = said.by(&ActorName::parse("olga").unwrap());
    let promote = || Request { action: on("promote", "n2"), attested: attested.clone() };
    let standby = "select pg_is_in_recovery()";
    let (told, what) = cut_off(&pg, 3, promote(), LinkMode::HoldRequests).await;
    assert_eq!((told, &*seen(&pg, 1, standby)), (ResolvedAs::Voided, "t"), "{what}");
    // The signal is sent, and the standby needs a moment to follow it.
    let (pending, session) = opened(&pg, 4, promote()).await.unwrap();
    let proxy = pg.cluster.proxy(1).unwrap();
    proxy.set_for(&id(4).to_string(), LinkMode::HoldAnswers);
    let answer = pg.kernel().apply(pending.dispatched(witness(4)), session.clone()).await;
    assert!(matches!(answer, Err(ApplyError::Unknown { .. })), "{answer:?}");
    proxy.set(LinkMode::Pass);
    let resolved = until("its end is decided", || {
        let asked = pg.kernel().resolve(id(4), &session);
        let answer =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(asked));
        Ok((!matches!(answer, Err(ResolveError::Unobservable(_)))).then_some(answer))
    });
    let resolved = resolved.unwrap();
    let Ok(Resolution::Executed(receipt)) = resolved else { panic!("{resolved:?}") };
    assert_eq!((receipt.generation, &*seen(&pg, 1, standby)), (Some(2), "f"));
    // It is done, and cannot be done again.
    let again = pg.kernel().apply(opened_again(&pg, 4, promote()).await, Session::none()).await;
    assert_eq!(again, Ok(Receipt { duplicate: true, ..receipt }));
    assert_eq!(seen(&pg, 1, ITS_TIMELINE), "00000002");
}

const ITS_TIMELINE: &str = "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

async fn opened_again(
    pg: &PgKernel,
    number: u8,
    request: Request,
) -> aerodb_control::kernel::Order {
    let before = Arc::new(pg.kernel().observe().await.unwrap());
    let pending = PendingOrder::new(id(number), request, before);
    assert_eq!(pg.kernel().open(&pending).await, Ok(Session::none()));
    pending.dispatched(witness(number))
}
