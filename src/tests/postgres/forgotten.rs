//! What nobody who is left can say: the end of a contract, and a timeline, whose nodes are gone.

use super::app::PgApp;
use super::failover::{detach, every_word, refused};
use super::load::make_table;
use super::machine::TestCluster;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::until;
use serde_json::json;
use std::time::Duration;

/// Every commit waits for both standbys, so that each of them alone has everything that was acknowledged.
async fn under_a_contract_of_both() -> PgApp {
    let layout = ClusterLayout {
        sync_rule: "FIRST 2 (n2, n3)".to_owned(),
        proxied: true,
        ..ClusterLayout::default()
    };
    let cluster = TestCluster::laid_out(layout);
    let short = |of: &mut aerodb_control::kernel::postgres::config::PostgresConfig| {
        of.deadlines.order = Duration::from_secs(2);
    };
    let app = PgApp::with(cluster, short).await;
    make_table(app.cluster.node(0).unwrap());
    app.runs("declare_sync_contract", json!({"node": "n1"})).await;
    app
}

async fn is_refused(app: &PgApp, why: &str) {
    let explained = app.asks("promote", json!({"node": "n3"}), every_word()).await;
    assert_eq!(explained.status.as_u16(), 412, "{}", explained.body);
    assert!(explained.body.contains(why), "{}", explained.body);
}

/// C2.2: a standby is cut off, so the contract ends without it and the rule is relaxed. That standby is then
/// the only node that is left: it holds the contract, and misses what was acknowledged after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_whose_end_was_sent_proves_nothing_on_a_standby_that_never_heard_of_it() {
    let mut app = under_a_contract_of_both().await;
    app.cluster.proxy(0).unwrap().set_for("n3", LinkMode::Refuse);
    let params = json!({"node": "n1"});
    let streams = "select count(*) from pg_stat_replication where state = 'streaming'";
    let node = app.cluster.node(0).unwrap();
    let cut = || Ok((node.sql(SUPERUSER, streams)? == "1").then_some(()));
    until("n3 is cut off", cut).unwrap();
    app.runs("withdraw_sync_contract", params.clone()).await;
    app.runs("write_sync_standbys", json!({"node": "n1", "rule": "none"})).await;
    app.runs("reload", params).await;
    let row = "insert into written (client) select 1";
    app.cluster.node(0).unwrap().sql("app", row).unwrap();
    app.cluster.node_mut(0).unwrap().kill().unwrap();
    app.cluster.node_mut(1).unwrap().kill().unwrap();
    detach(&app, "n3").await;
    assert!(
        refused(&app, "n3", every_word()).await.contains(&"acknowledged_commits_kept".to_owned())
    );
    is_refused(&app, "has ended, or its end was sent").await;
}

/// C2.2: somebody promoted another node by hand, which was seen once and is gone with what it acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_that_was_seen_once_is_not_forgotten_with_its_node() {
    let mut app = under_a_contract_of_both().await;
    app.cluster.node_mut(0).unwrap().kill().unwrap();
    detach(&app, "n3").await;
    let promoted = app.cluster.node(1).unwrap();
    promoted.sql(SUPERUSER, "alter system set synchronous_standby_names = ''").unwrap();
    promoted.sql(SUPERUSER, "select pg_reload_conf()").unwrap();
    promoted.sql(SUPERUSER, "select pg_promote()").unwrap();
    assert_eq!(app.shows().await["timeline"], 2);
    app.cluster.node_mut(1).unwrap().kill().unwrap();
    assert!(refused(&app, "n3", every_word()).await.contains(&"on_timeline".to_owned()));
    is_refused(&app, "on timeline 1, the cluster on 2").await;
}
