//! Log and kernel are compared before anything in the kernel changes: nothing in its files does by an
//! acceptance, nor by a start that holds (C9.5).

use crate::harness::TestApp;
use crate::serve::fixture_dd35be5::{ALL, unpacked};
use crate::serve::opened::{SomeRoom, ambient, config, host_user};
use crate::serve::witness_kept::{Side, accept, examined, keep, put_back};
use crate::still_time::ManualClock;
use aerodb_control::kernel::embedded::StoppedKernel;
use aerodb_control::kernel::memory::MEMORY_ROWS_MAX;
use aerodb_control::model::ambient::Room;
use aerodb_control::model::text::NodeId;
use aerodb_control::serve::found;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every file of the kernel. An empty write-ahead log is none: whoever opens a file to read it makes one.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.join("kernel")];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory");
            left.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else {
            let bytes = fs::read(&path).expect("a file");
            if !(bytes.is_empty() && path.to_string_lossy().ends_with("-wal")) {
                found.insert(path, bytes);
            }
        }
    }
    assert!(found.len() > 3, "{found:?}");
    found
}

/// Not the bytes: a difference of them says nothing.
fn is_unchanged(before: &BTreeMap<PathBuf, Vec<u8>>, dir: &Path) {
    let after = files(dir);
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(before), names(&after));
    let changed: Vec<_> =
        before.iter().filter(|(path, bytes)| after.get(*path) != Some(*bytes)).collect();
    assert!(changed.is_empty(), "{:?}", changed.iter().map(|(path, _)| path).collect::<Vec<_>>());
}

async fn refuses_to_accept(dir: &Path, typed: &str, because: &str) {
    let before = files(dir);
    let refused = accept(dir, typed).await.expect_err("it is refused");
    assert!(refused.contains(because), "{refused}");
    is_unchanged(&before, dir);
}

/// C9.5, C2.1: `witnesses_agree`. Whoever looks whether there is something to accept starts nothing.
#[tokio::test]
async fn an_acceptance_makes_nobody_primary_in_a_cluster_that_was_never_served() {
    let dir = tempfile::tempdir().expect("a directory");
    let ambient = ambient(ManualClock::new(), Arc::default());
    found(&config(dir.path(), 3), &ambient, host_user()).await.expect("a cluster");
    refuses_to_accept(dir.path(), "aerodb", "Nothing was accepted").await;
    refuses_to_accept(dir.path(), "aerodb", "Nothing was accepted").await;
}

/// C9.5: `witnesses_agree`.
#[tokio::test]
async fn an_acceptance_changes_nothing_in_the_kernel() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let mut log = None;
    let app = app
        .restart_after(async |dir| {
            refuses_to_accept(dir, "aerodb", "Nothing was accepted").await;
            log = Some(keep(dir, Side::Log));
        })
        .await;
    app.operator().run(2, "failover", json!({"to": "n1"})).await;
    let log = log.expect("a copy");
    let app = app
        .restart_after(async |dir| {
            put_back(log.path(), dir, Side::Log);
            refuses_to_accept(dir, "another", "not that of the cluster").await;
            let before = files(dir);
            assert!(!examined(dir).await.mismatch().is_empty());
            accept(dir, "aerodb").await.expect("it is accepted");
            is_unchanged(&before, dir);
        })
        .await;
    assert_eq!(app.house.mismatch, None);
}

/// C9.5, C6.1: `witnesses_agree`. The kernel is as a kill left it, with what its write-ahead logs hold.
#[tokio::test]
async fn a_start_that_holds_changes_nothing_in_the_kernel() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let mut log = None;
    let app = app.restart_after(async |dir| log = Some(keep(dir, Side::Log))).await;
    app.operator().run(2, "failover", json!({"to": "n1"})).await;
    app.data().put("/kv/k", "v").await.expect(200);
    let killed = keep(app.dir(), Side::Kernel);
    let log = log.expect("a copy");
    let mut before = BTreeMap::new();
    let app = app
        .restart_after(async |dir| {
            put_back(log.path(), dir, Side::Log);
            put_back(killed.path(), dir, Side::Kernel);
            before = files(dir);
        })
        .await;
    assert!(before.iter().any(|(path, _)| path.to_string_lossy().ends_with("-wal")));
    let mismatch = app.house.mismatch.clone().expect("something is found");
    let cluster = app.cluster().await;
    assert_eq!(cluster["primary"], json!(null), "{cluster}");
    app.operator().get("/api/v1/kernel/events").await.expect(200);
    app.data().put("/kv/k", "w").await.expect(503);
    app.kernel().partition(&NodeId::numbered(2)).await;
    app.house.record_stop().await.expect("nothing is recorded");
    is_unchanged(&before, app.dir());
    let app = app.restart_after(async |dir| is_unchanged(&before, dir)).await;
    assert_eq!(app.house.mismatch, Some(mismatch), "it finds the same again");
}

/// C9.5: `witnesses_agree`. Files of the version before are read, and become files of this one by a start only.
#[test]
fn a_kernel_of_the_version_before_is_read_and_not_migrated() {
    let room: Arc<dyn Room> = Arc::new(SomeRoom);
    for name in ALL {
        let dir = unpacked(name);
        let data = dir.path().join("data");
        let before = files(&data);
        let stopped = StoppedKernel::open(&data.join("kernel"), &room, &*ManualClock::new());
        let page = stopped.expect(name).memory(None, MEMORY_ROWS_MAX).expect(name);
        assert!(page.reach.is_whole, "{name}");
        assert_eq!(page.rows.is_empty(), name == "killed-unsent", "{name}: {page:?}");
        is_unchanged(&before, &data);
    }
}
