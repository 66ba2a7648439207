//! Every action of the catalogue: refused by each of its own rules, and then run as it was explained.

use super::app::PgApp;
use super::machine::TestCluster;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::{SUPERUSER, ServerNode};
use crate::postgres_bench::template::APP;
use crate::postgres_bench::until;
use aerodb_control::kernel::postgres::spec::SPEC;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Child;

fn sync() -> ClusterLayout {
    ClusterLayout { sync_rule: "ANY 1 (n2, n3)".to_owned(), ..ClusterLayout::default() }
}

/// A session of somebody else, until it is dropped.
struct OpenClient(Child);

impl OpenClient {
    fn new(node: &ServerNode, role: &str, name: &str) -> Self {
        let mut client = node.client("psql", role, SUPERUSER);
        client.env("PGAPPNAME", name).args(["-X", "-c", "select pg_sleep(600)"]);
        let this = Self(client.spawn().unwrap());
        let there = format!(
            "select count(*) from pg_stat_activity where application_name = '{name}' and state = 'active'"
        );
        let is_there = || Ok((node.sql(SUPERUSER, &there)? == "1").then_some(()));
        until("the session is open", is_there).unwrap();
        this
    }

    /// What the kernel calls it.
    fn item(node: &ServerNode, name: &str) -> String {
        let sql = format!(
            "select pid || '-' || (extract(epoch from backend_start) * 1000000)::bigint \
             from pg_stat_activity where application_name = '{name}'"
        );
        node.sql(SUPERUSER, &sql).unwrap()
    }
}

impl Drop for OpenClient {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// C4.2, C6.1: on a cluster where nothing is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_on_a_sound_cluster_is_refused_by_the_rule_that_says_why() {
    let app = PgApp::over(TestCluster::laid_out(sync())).await;
    let n1 = app.cluster.node(0).unwrap();
    let ours = OpenClient::new(n1, SUPERUSER, "superuser");
    let superusers = OpenClient::item(n1, "superuser");
    let refusals = [
        ("checkpoint", json!({"node": "n9"}), "node_configured"),
        ("promote", json!({"node": "n1"}), "is_standby"),
        ("promote", json!({"node": "n2"}), "no_primary_answers"),
        ("promote", json!({"node": "n2"}), "not_receiving"),
        ("promote", json!({"node": "n2"}), "acknowledged_commits_kept"),
        ("promote", json!({"node": "n2"}), "no_other_writer"),
        ("stop_logins", json!({"node": "n2"}), "is_primary"),
        ("resume_logins", json!({"node": "n2"}), "one_primary"),
        ("resume_logins", json!({"node": "n1"}), "logins_stopped"),
        ("end_sessions", json!({"node": "n1"}), "logins_stopped"),
        ("mark_barrier", json!({"node": "n2"}), "one_primary"),
        ("mark_barrier", json!({"node": "n1"}), "logins_stopped"),
        ("mark_branch", json!({"node": "n2"}), "one_primary"),
        ("declare_sync_contract", json!({"node": "n2"}), "one_primary"),
        ("withdraw_sync_contract", json!({"node": "n1"}), "rule_as_contract"),
        ("write_sync_standbys", json!({"node": "n1", "rule": "FIRST (n2"}), "rule_parses"),
        ("write_sync_standbys", json!({"node": "n1", "rule": "FIRST 5 (n2)"}), "rule_can_be_met"),
        ("write_sync_standbys", json!({"node": "n1", "rule": "ANY 1 (n9)"}), "rule_can_be_met"),
        ("write_upstream", json!({"node": "n2", "upstream": "n9"}), "upstream_configured"),
        ("write_upstream", json!({"node": "n2", "upstream": "n2"}), "no_cycle"),
        (
            "write_setting",
            json!({"node": "n1", "setting": "archive_command", "value": "true"}),
            "setting_allowed",
        ),
        (
            "write_setting",
            json!({"node": "n1", "setting": "wal_keep_size", "value": "1'; select 1"}),
            "setting_allowed",
        ),
        ("pause_replay", json!({"node": "n1"}), "is_standby"),
        ("resume_replay", json!({"node": "n1"}), "is_standby"),
        ("resume_replay", json!({"node": "n2"}), "replay_paused"),
        ("create_slot", json!({"node": "n1", "slot": "n2"}), "slot_name_free"),
        ("create_slot", json!({"node": "n1", "slot": "with-hyphen"}), "slot_name_free"),
        ("drop_slot", json!({"node": "n1", "slot": "absent"}), "slot_known"),
        ("drop_slot", json!({"node": "n1", "slot": "n2"}), "slot_inactive"),
        ("drop_slot", json!({"node": "n1", "slot": "n2"}), "slot_unneeded"),
        ("terminate_session", json!({"node": "n1", "session": "1-1"}), "session_is_that"),
        (
            "terminate_session",
            json!({"node": "n1", "session": superusers}),
            "session_not_superuser",
        ),
        ("cancel_query", json!({"node": "n2", "session": superusers}), "session_is_that"),
        ("cancel_query", json!({"node": "n1", "session": superusers}), "session_not_superuser"),
        ("switch_wal", json!({"node": "n2"}), "one_primary"),
        ("create_restore_point", json!({"node": "n3", "name": "before"}), "one_primary"),
    ];
    for (kind, params, rule) in refusals {
        let rules = app.refuses(kind, params.clone(), json!({})).await;
        assert!(rules.contains(&rule.to_owned()), "{kind} {params}: {rules:?}");
    }
    drop(ours);
}

/// C3.1, C8.2: each runs once, and what follows is what was explained.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_but_a_promotion_runs_as_it_was_explained() {
    let app = PgApp::over(TestCluster::laid_out(sync())).await;
    let n1 = app.cluster.node(0).unwrap();
    let [long, other, third] =
        ["long", "other", "third"].map(|name| OpenClient::new(n1, APP, name));
    let session = |name: &str| json!({"node": "n1", "session": OpenClient::item(n1, name)});
    let (long_item, other_item) = (session("long"), session("other"));
    let runs: Vec<(&str, Value)> = vec![
        ("mark_branch", json!({"node": "n1"})),
        ("cancel_query", long_item),
        ("terminate_session", other_item),
        ("checkpoint", json!({"node": "n1"})),
        ("checkpoint", json!({"node": "n2"})),
        ("switch_wal", json!({"node": "n1"})),
        ("create_restore_point", json!({"node": "n1", "name": "before"})),
        ("create_slot", json!({"node": "n1", "slot": "reports"})),
        ("drop_slot", json!({"node": "n1", "slot": "reports"})),
        ("declare_sync_contract", json!({"node": "n1"})),
        ("withdraw_sync_contract", json!({"node": "n1"})),
        ("write_sync_standbys", json!({"node": "n1", "rule": "FIRST 1 (n3)"})),
        ("reload", json!({"node": "n1"})),
        ("write_sync_standbys", json!({"node": "n1", "rule": "none"})),
        ("reload", json!({"node": "n1"})),
        ("pause_replay", json!({"node": "n2"})),
        ("resume_replay", json!({"node": "n2"})),
        ("write_setting", json!({"node": "n3", "setting": "wal_keep_size", "value": "64MB"})),
        ("reload", json!({"node": "n3"})),
        ("write_upstream", json!({"node": "n3", "upstream": "n2"})),
        ("reload", json!({"node": "n3"})),
        ("create_backup", json!({"node": "n2", "name": "first"})),
        ("verify_node", json!({"node": "n1"})),
        ("stop_logins", json!({"node": "n1"})),
        ("end_sessions", json!({"node": "n1"})),
        ("mark_barrier", json!({"node": "n1"})),
        ("resume_logins", json!({"node": "n1"})),
    ];
    let ran: BTreeSet<_> = runs.iter().map(|(kind, _)| *kind).collect();
    let kinds: BTreeSet<_> = SPEC.actions.iter().map(|action| action.kind.word()).collect();
    assert_eq!(kinds.difference(&ran).collect::<Vec<_>>(), [&"promote"]);
    for (kind, params) in runs {
        app.runs(kind, params).await;
    }
    drop((long, other, third));
    assert_eq!(
        app.refuses("mark_branch", json!({"node": "n1"}), json!({})).await,
        ["branch_unnamed"]
    );
    let twice = json!({"node": "n3", "name": "first"});
    let rules = app.refuses("create_backup", twice, json!({})).await;
    assert_eq!(rules, ["backup_has_new_name"]);
}

/// C2.5, C6.1: each thing that is wrong is a rule of its own, and is gone with what was wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_cluster_is_the_rule_that_refuses() {
    let mut app = PgApp::over(TestCluster::laid_out(sync())).await;
    let checkpoint = || ("checkpoint", json!({"node": "n1"}));
    let only = async |app: &PgApp, (kind, params): (&str, Value), rule: &str| {
        let rules = app.refuses(kind, params, json!({})).await;
        assert_eq!(rules, [rule], "{kind}");
    };
    let sql = |app: &PgApp, text: &str| app.cluster.node(0).unwrap().sql(SUPERUSER, text).unwrap();

    // Another program that acts on the cluster, and another control plane.
    for name in ["Patroni", "aerodb-control/0badcafe/observe"] {
        let other = OpenClient::new(app.cluster.node(0).unwrap(), SUPERUSER, name);
        only(&app, checkpoint(), "no_other_authority").await;
        let item = OpenClient::item(app.cluster.node(0).unwrap(), name);
        let ends =
            format!("select pg_terminate_backend({}, 5000)", item.split('-').next().unwrap());
        assert_eq!(sql(&app, &ends), "t");
        drop(other);
    }

    // A right that somebody took back.
    sql(&app, "revoke pg_checkpoint from aerodb_operator");
    only(&app, checkpoint(), "rights_held").await;
    sql(&app, "grant pg_checkpoint to aerodb_operator");
    app.runs("checkpoint", json!({"node": "n1"})).await;

    // Files that the server cannot read, and edits of somebody else.
    sql(&app, "alter system set wal_keep_size = '48MB'");
    let explained = app.asks("reload", json!({"node": "n1"}), json!({})).await.expect(201).json();
    sql(&app, "alter system set max_slot_wal_keep_size = '1GB'");
    let stale = app.olga.confirm(&explained).await.expect(409).json();
    assert_eq!(stale["refusal"]["code"], "stale");
    sql(&app, "alter system reset all");
    let auto = app.cluster.node(0).unwrap().data().join("postgresql.auto.conf");
    let text = std::fs::read_to_string(&auto).unwrap();
    std::fs::write(&auto, format!("{text}wal_keep_size = 'a lot'\n")).unwrap();
    let rules = app.refuses("reload", json!({"node": "n1"}), json!({})).await;
    assert!(rules.contains(&"settings_readable".to_owned()), "{rules:?}");
    std::fs::write(&auto, text).unwrap();

    // As many slots as there may be.
    sql(&app, "select pg_create_physical_replication_slot('s' || n) from generate_series(1, 8) n");
    only(&app, ("create_slot", json!({"node": "n1", "slot": "one_more"})), "slot_room").await;
    sql(&app, "select pg_drop_replication_slot('s' || n) from generate_series(1, 8) n");

    // A session may have said that its commits wait until this standby has replayed them.
    only(&app, ("pause_replay", json!({"node": "n2"})), "not_waited_for").await;

    // A contract, and what would make it a false proof.
    app.runs("declare_sync_contract", json!({"node": "n1"})).await;
    only(&app, ("declare_sync_contract", json!({"node": "n1"})), "contract_joint").await;
    app.runs("write_sync_standbys", json!({"node": "n1", "rule": "none"})).await;
    only(&app, ("reload", json!({"node": "n1"})), "contract_kept").await;
    app.runs("withdraw_sync_contract", json!({"node": "n1"})).await;
    app.runs("reload", json!({"node": "n1"})).await;
    let rules = app.refuses("declare_sync_contract", json!({"node": "n1"}), json!({})).await;
    assert_eq!(rules, ["sync_set_satisfied", "contract_joint"], "there is no rule to promise");

    // A node that is not there, and a rule that waits for it.
    app.cluster.node_mut(2).unwrap().stop().unwrap();
    let rules = app.refuses("checkpoint", json!({"node": "n3"}), json!({})).await;
    assert!(
        rules.starts_with(&["node_reachable".to_owned(), "same_cluster".to_owned()]),
        "{rules:?}"
    );
    let waits = json!({"node": "n1", "rule": "FIRST 1 (n3)"});
    only(&app, ("write_sync_standbys", waits), "named_stream").await;
    sql(&app, "alter system set synchronous_standby_names = 'FIRST 1 (n3)'");
    sql(&app, "select pg_reload_conf()");
    let in_force = "select current_setting('synchronous_standby_names')";
    until("it is in force", || Ok((sql(&app, in_force) == "FIRST 1 (n3)").then_some(()))).unwrap();
    only(&app, ("declare_sync_contract", json!({"node": "n1"})), "sync_set_satisfied").await;
}

/// C3.3, C7.1: what was explained of one incarnation of a server is not confirmed on the next one, and the
/// process of a server can be the same in both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_recovered_is_not_the_one_that_was_explained() {
    let mut app = PgApp::over(TestCluster::new()).await;
    let asks = async |app: &PgApp, node: &str| {
        app.asks("checkpoint", json!({"node": node}), json!({})).await.expect(201).json()
    };
    let (first, second) = (asks(&app, "n1").await, asks(&app, "n2").await);
    let started = "select pg_postmaster_start_time(), pg_conf_load_time()";
    let before = app.cluster.node(0).unwrap().sql(SUPERUSER, started).unwrap();
    app.cluster.node(0).unwrap().crash().unwrap();
    assert_eq!(app.cluster.node(0).unwrap().sql(SUPERUSER, started).unwrap(), before);
    app.cluster.node_mut(1).unwrap().stop().unwrap();
    app.cluster.node_mut(1).unwrap().start().unwrap();
    app.cluster.streams(0).unwrap();
    for explained in [first, second] {
        let stale = app.olga.confirm(&explained).await.expect(409).json();
        assert_eq!(stale["refusal"]["code"], "stale", "{stale:#}");
    }
    // What is explained now is confirmed now, once.
    let explained = asks(&app, "n1").await;
    for duplicate in [false, true] {
        let done = app.olga.confirm(&explained).await.expect(200).json();
        assert_eq!((&done["stage"], &done["duplicate"]), (&json!("executed"), &json!(duplicate)));
    }
}
