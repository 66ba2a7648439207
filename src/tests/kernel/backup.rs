//! A backup is whole or not there, says what it is, and makes a cluster that holds everything.

use crate::kernel::contract::{Bench, TypedState, id, n, order, refused, run};
use crate::kernel::embedded_bench::{Embedded, FixedEntropy, config};
use crate::serve::opened::Disk;
use aerodb_control::kernel::CommandKernel as _;
use aerodb_control::kernel::embedded::backup::read;
use aerodb_control::kernel::embedded::restore::{RestoreError, RestoreTarget, restore};
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::{EmbeddedKernel, NodeCount, ServiceHistory, Write};
use aerodb_control::kernel::{ObserveKernel as _, Resolution};
use aerodb_control::model::action::LogPosition;
use aerodb_control::model::ambient::Clock;
use aerodb_control::model::cluster::ReceiptStatus;
use aerodb_control::model::facts::Fact;
use aerodb_control::model::session::Session;
use aerodb_control::model::text::PlaceName;
use aerodb_control::serve::ambient::SystemRoom;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn backup(name: &str) -> Action {
    Action::CreateBackup { name: PlaceName::parse(name).unwrap() }
}

fn place(bench: &Embedded, name: &str) -> PathBuf {
    bench.dir.path().join("kernel/backups").join(name)
}

async fn put(kernel: &EmbeddedKernel, key: &str) {
    let write = Write::Put { key: key.to_owned(), value: key.into() };
    kernel.write(write).await.unwrap();
}

/// A cluster with data, receipts, a purged log and a fourth node, and a backup of it.
async fn backed_up() -> Embedded {
    let bench = Embedded::found(3);
    put(bench.own(), "a").await;
    run(bench.kernel(), 1, Action::Switchover { to: n(2) }).await;
    let checkpoint = Action::TakeCheckpoint { node: n(2) };
    let kept = run(bench.kernel(), 2, checkpoint).await.position.unwrap();
    let up_to = LogPosition::parse_field("up_to", &kept.to_string()).unwrap();
    run(bench.kernel(), 3, Action::PurgeLog { node: n(2), up_to }).await;
    run(bench.kernel(), 4, Action::AddReplica { node: n(4) }).await;
    put(bench.own(), "b").await;
    run(bench.kernel(), 5, backup("monday")).await;
    bench
}

#[tokio::test]
async fn a_name_is_given_once_and_a_backup_that_cannot_be_written_is_not_there() {
    let mut bench = backed_up().await;
    let e = Some(2);
    assert_eq!(refused(bench.kernel(), 10, backup("monday"), e).await.rule, "backup_name_free");
    // Something that is no backup stands in the way: refused, and nothing is left.
    fs::write(place(&bench, ".tuesday.unfinished"), "not a directory").unwrap();
    assert_eq!(refused(bench.kernel(), 11, backup("tuesday"), e).await.rule, "backup_failed");
    assert!(!place(&bench, "tuesday").exists());
    // The same id again has the same end, also after a restart.
    let again = bench.kernel().apply(order(5, backup("monday"), e), Session::none()).await.unwrap();
    assert!(again.duplicate);
    bench.restart();
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(state.view().cluster.backups, [PlaceName::parse("monday").unwrap()]);
    let refusal = refused(bench.kernel(), 12, backup("wednesday"), e).await;
    assert_eq!(refusal.rule, "primary_alive");
    fs::remove_dir_all(place(&bench, "monday")).unwrap();
    bench.restart();
    let receipt = bench.kernel().receipt(id(5)).await.unwrap();
    assert!(matches!(receipt, ReceiptStatus::Executed { .. }), "it was made, wherever it is now");
}

#[tokio::test]
async fn a_backup_that_was_damaged_is_named_and_nothing_comes_of_it() {
    let bench = backed_up().await;
    let whole = place(&bench, "monday");
    read(&whole).unwrap();
    let state = fs::read(whole.join("state.jsonl.zst")).unwrap();
    let manifest = fs::read(whole.join("manifest.json")).unwrap();
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let middle = state.len() / 2;
    let cases: Vec<(Vec<u8>, Vec<u8>, &str)> = vec![
        (flipped(&state, middle), manifest.clone(), "state.jsonl.zst"),
        (state[..middle].to_vec(), manifest.clone(), "state.jsonl.zst"),
        (Vec::new(), manifest.clone(), "state.jsonl.zst"),
        (state.clone(), manifest[..40].to_vec(), "manifest.json"),
    ];
    for (number, (state, manifest, name)) in cases.into_iter().enumerate() {
        let damaged = bench.dir.path().join(format!("damaged-{number}"));
        fs::create_dir(&damaged).unwrap();
        fs::write(damaged.join("state.jsonl.zst"), state).unwrap();
        fs::write(damaged.join("manifest.json"), manifest).unwrap();
        let into = bench.dir.path().join(format!("into-{number}"));
        let error = restore_into(&bench, &damaged, &into, None).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(!into.exists(), "nothing was made");
    }
}

fn restore_into(
    bench: &Embedded,
    from: &Path,
    into: &Path,
    nodes: Option<u64>,
) -> Result<String, RestoreError> {
    let target = RestoreTarget { into, nodes, room: &SystemRoom };
    let restored = restore(from, target, bench.clock.as_ref(), &FixedEntropy(9))?;
    Ok(restored.cluster_id)
}

#[tokio::test]
async fn a_cluster_that_was_restored_holds_everything_and_is_another_cluster() {
    for nodes in [None, Some(1), Some(5)] {
        let bench = backed_up().await;
        let old = bench.kernel().observe().await.unwrap();
        put(bench.own(), "after the backup").await;
        let into = bench.dir.path().join("restored");
        fs::create_dir(&into).unwrap();
        fs::write(into.join("something"), "").unwrap();
        let occupied = restore_into(&bench, &place(&bench, "monday"), &into, nodes);
        assert!(matches!(occupied, Err(RestoreError::NotEmpty { .. })));
        fs::remove_file(into.join("something")).unwrap();
        let cluster_id = restore_into(&bench, &place(&bench, "monday"), &into, nodes).unwrap();
        assert_ne!(cluster_id, old.identity.id);
        let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
        let mut config = config(&into, nodes.unwrap_or(3));
        config.nodes = NodeCount::Exactly(nodes.unwrap_or(3));
        let kernel =
            EmbeddedKernel::open(&config, ServiceHistory::Before, clock, &FixedEntropy(3)).unwrap();
        let state = kernel.observe().await.unwrap();
        assert_eq!(state.identity.id, cluster_id);
        assert_eq!(state.view().cluster.primary, Fact::Known(None), "until an operator asks");
        assert_eq!(state.view().cluster.next_node, n(nodes.unwrap_or(3).max(4) + 1));
        assert_eq!(state.nodes.len() as u64, nodes.unwrap_or(3));
        run(&kernel, 40, Action::Failover { to: n(1) }).await;
        for key in ["a", "b"] {
            assert_eq!(kernel.read(key).await.unwrap().unwrap(), key.as_bytes());
        }
        assert_eq!(kernel.read("after the backup").await.unwrap(), None);
        for number in 1..=4 {
            let receipt = kernel.receipt(id(number)).await.unwrap();
            assert!(matches!(receipt, ReceiptStatus::Executed { .. }), "{number}");
        }
        // What was executed then is not executed again here.
        assert!(matches!(
            kernel.resolve(id(1), &Session::none()).await,
            Ok(Resolution::Executed(_))
        ));
        put(&kernel, "new").await;
        let last = kernel.observe().await.unwrap();
        let applied: Vec<_> =
            last.view().nodes.iter().map(|node| node.positions.applied.clone()).collect();
        assert!(applied.iter().all(|applied| applied.known().is_some()));
    }
}

/// C6.4.
#[tokio::test]
async fn a_restore_that_has_no_room_is_refused_before_anything_is_made() {
    let bench = backed_up().await;
    let (from, base) = (place(&bench, "monday"), bench.dir.path());
    let into = base.join("new/data");
    let to = |room: &Disk, nodes| {
        let target = RestoreTarget { into: &into, nodes, room };
        restore(&from, target, bench.clock.as_ref(), &FixedEntropy(9))
    };
    let refused = to(&Disk(Ok(1_000)), None).unwrap_err().to_string();
    let words = refused.split(" bytes are needed").next().unwrap();
    let needed: u64 = words.rsplit(' ').next().unwrap().parse().unwrap();
    assert_eq!(
        refused,
        format!(
            "1000 bytes are free in {}, and {needed} bytes are needed; nothing was written",
            base.display()
        )
    );
    for found in [Ok(needed - 1), Err("no answer".to_owned())] {
        assert!(matches!(to(&Disk(found), None), Err(RestoreError::NoRoom(_))));
        assert!(!base.join("new").exists(), "something was made");
    }
    let more = to(&Disk(Ok(needed)), Some(4));
    assert!(matches!(more, Err(RestoreError::NoRoom(_))), "each node takes room");
    to(&Disk(Ok(needed)), None).unwrap();
    assert!(into.join("kernel/n3/node.sqlite").exists());
}

#[test]
fn the_command_line_restores_into_an_empty_directory_and_refuses_any_other() {
    let old = crate::serve::server::ServerDir::new();
    let server = old.start(None);
    let session = server.set_up();
    assert_eq!(server.put("a", "kept").0, 200);
    let params = serde_json::json!({"name": "monday"});
    let explained = server.request(&session, &crate::harness::id(1), "create_backup", params);
    let (status, done) = server.confirm(&session, &explained);
    assert_eq!((status, &done["stage"]), (200, &serde_json::json!("executed")), "{done}");
    server.kill();
    let new = crate::serve::server::ServerDir::new();
    let backup = old.data().join("kernel/backups/monday");
    let into = new.data();
    let arguments =
        ["kernel", "restore", backup.to_str().unwrap(), "--into", into.to_str().unwrap(), "--json"];
    let restored = new.command(None, &arguments, "");
    assert_eq!(restored.status.code(), Some(0), "{restored:?}");
    let json: serde_json::Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(json["nodes"], 3);
    let again = new.command(None, &arguments, "");
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stdout).contains("is not empty"), "{again:?}");
    // The new cluster starts under a control plane of its own.
    let server = new.start(None);
    let session = server.set_up();
    let (_, cluster) = server.get(&session, "/api/v1/cluster");
    assert_eq!(cluster["identity"]["id"], json["cluster_id"]);
    assert!(cluster["primary"].is_null());
    server.kill();
}

#[tokio::test]
async fn receipts_that_no_log_holds_are_in_the_backup_and_in_the_cluster_that_is_made_of_it() {
    let bench = backed_up().await;
    run(bench.kernel(), 20, Action::TakeOffline { node: n(3) }).await;
    run(bench.kernel(), 21, Action::VerifyNode { node: n(1) }).await;
    run(bench.kernel(), 22, backup("tuesday")).await;
    let into = tempfile::tempdir().unwrap();
    restore_into(&bench, &place(&bench, "tuesday"), into.path(), None).unwrap();
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    let restored = config(into.path(), 3);
    let kernel =
        EmbeddedKernel::open(&restored, ServiceHistory::Before, clock, &FixedEntropy(3)).unwrap();
    for (number, action) in [
        (1, Action::Switchover { to: n(2) }),
        (5, backup("monday")),
        (20, Action::TakeOffline { node: n(3) }),
        (21, Action::VerifyNode { node: n(1) }),
        (22, backup("tuesday")),
    ] {
        let before = bench.kernel().receipt(id(number)).await.unwrap();
        assert_eq!(kernel.receipt(id(number)).await.unwrap(), before, "{action:?}");
        assert!(matches!(before, ReceiptStatus::Executed { .. }), "{action:?}");
        // Its id is spent there too.
        assert!(
            kernel.apply(order(number, action, None), Session::none()).await.unwrap().duplicate
        );
    }
    // The switch belonged to the other cluster; its receipt only says that it was thrown.
    let n3 = kernel.observe().await.unwrap().node(&n(3)).unwrap().reachable().clone();
    assert_eq!(n3, Fact::Known(true));
}

#[tokio::test]
async fn a_start_names_the_backups_that_did_not_come_to_their_end() {
    let mut bench = backed_up().await;
    assert!(!bench.own().describe().start_note.contains("unfinished"));
    fs::create_dir(place(&bench, ".tuesday.unfinished")).unwrap();
    bench.restart();
    let note = bench.own().describe().start_note;
    assert!(note.ends_with("; unfinished, and no backup: tuesday"), "{note}");
    assert!(place(&bench, ".tuesday.unfinished").exists(), "it is named and left alone");
}
