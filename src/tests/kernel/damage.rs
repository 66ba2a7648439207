//! The files of one node are damaged: it says which one and serves nothing, and the cluster goes on.

use crate::fault_panel::Rng;
use crate::harness::TestApp;
use crate::kernel::contract::{Bench, TypedState, epoch, n, run};
use crate::kernel::embedded_bench::{Embedded, FixedEntropy, config, founded};
use aerodb_control::kernel::ObserveKernel as _;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::view::Cause;
use aerodb_control::kernel::embedded::{EmbeddedKernel, OpenError, ServiceHistory, Write};
use aerodb_control::ledger::{ExpectedLog, verify_file};
use aerodb_control::model::ambient::Clock;
use aerodb_control::model::facts::Fact;
use serde_json::json;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

async fn put(kernel: &EmbeddedKernel, key: &str) {
    kernel.write(Write::Put { key: key.to_owned(), value: key.into() }).await.unwrap();
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if !target.to_string_lossy().ends_with("-shm") {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// The directory of a cluster of three with data: closed in order, or as a kill leaves it.
async fn stopped(is_killed: bool) -> Embedded {
    let mut bench = Embedded::found(3);
    for key in ["a", "b", "c"] {
        put(bench.own(), key).await;
    }
    let dir = bench.dir.path().to_owned();
    copy(&dir.join("kernel"), &dir.join("killed"));
    bench.close();
    if is_killed {
        fs::remove_dir_all(dir.join("kernel")).unwrap();
        fs::rename(dir.join("killed"), dir.join("kernel")).unwrap();
    }
    bench
}

fn open(bench: &Embedded) -> Result<EmbeddedKernel, OpenError> {
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    EmbeddedKernel::open(
        &config(bench.dir.path(), 3),
        ServiceHistory::Before,
        clock,
        &FixedEntropy(1),
    )
}

/// What must become of a node after its file was changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It is out, and named.
    Out,
    /// It is out, and named; or nothing that it holds was touched.
    OutOrWhole,
}

/// Opens the damaged cluster: n2 refuses and names this file, and with the others it goes on. Gives
/// whether it refused.
async fn goes_on_without_n2(bench: &Embedded, file: &str, then: Then, what: &str) -> bool {
    let kernel = open(bench).unwrap_or_else(|error| panic!("{what}: {error}"));
    let state = kernel.observe().await.unwrap();
    let n2 = state.view().node(&n(2)).unwrap().pinned.clone();
    if then == Then::OutOrWhole && n2.reachable == Fact::Known(true) {
        run(&kernel, 1, Action::Failover { to: n(2) }).await;
        for key in ["a", "b", "c"] {
            assert_eq!(kernel.read(key).await.unwrap().unwrap(), key.as_bytes(), "{what}");
        }
        let found = run(&kernel, 2, Action::VerifyNode { node: n(2) }).await.result;
        assert!(found.contains("everything is what it must be"), "{what}: {found}");
        return false;
    }
    assert_eq!(n2.reachable, Fact::Known(false), "{what}");
    let why = n2.unreachable.as_ref().unwrap();
    assert_eq!(why.causes, [Cause::StoreFailed], "{what}");
    assert!(why.why.contains("in n2: ") && why.why.contains(file), "{what}: {why:?}");
    run(&kernel, 1, Action::Failover { to: n(3) }).await;
    assert_eq!(kernel.read("b").await.unwrap().unwrap(), b"b", "{what}");
    put(&kernel, "d").await;
    true
}

/// A copy of a stopped cluster, in which one file of n2 is changed by this.
async fn damaged(
    from: &Embedded,
    (file, then): (&str, Then),
    what: &str,
    change: impl FnOnce(&Path),
) -> bool {
    let clock = Arc::clone(&from.clock);
    let dir = tempfile::tempdir().unwrap();
    copy(&from.dir.path().join("kernel"), &dir.path().join("kernel"));
    change(&dir.path().join("kernel/n2").join(file));
    let mut bench = Embedded::found(1);
    bench.close();
    (bench.dir, bench.clock, bench.nodes) = (dir, clock, 3);
    goes_on_without_n2(&bench, file, then, what).await
}

fn flip(path: &Path, bit: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    byte[0] ^= 1 << (bit % 8);
    file.write_all_at(&byte, bit / 8).unwrap();
}

fn bits(path: PathBuf) -> u64 {
    fs::metadata(path).unwrap().len() * 8
}

/// A page of a database has room that holds nothing, and a page that the write-ahead log holds anew
/// counts no more: what changes there changes nothing. The log and the seal have none.
fn then(file: &str) -> Then {
    if file == "node.sqlite" { Then::OutOrWhole } else { Then::Out }
}

#[tokio::test]
async fn one_bit_that_changed_in_any_file_of_a_node_stops_that_node_or_changed_nothing() {
    let mut rng = Rng::seeded(3);
    for (is_killed, file, times) in [
        (false, "node.sqlite", 20),
        (false, "node.seal", 8),
        (true, "node.sqlite", 6),
        (true, "node.sqlite-wal", 20),
    ] {
        let bench = stopped(is_killed).await;
        let bits = bits(bench.dir.path().join("kernel/n2").join(file));
        for _ in 0..times {
            let bit = rng.below(bits);
            let what = format!("{file} bit {bit}");
            damaged(&bench, (file, then(file)), &what, |path| flip(path, bit)).await;
        }
    }
}

/// Every bit of what a node holds is told, wherever in the file it is.
#[tokio::test]
async fn one_bit_that_changed_in_any_row_stops_its_node() {
    let bench = stopped(false).await;
    let file = fs::read(bench.dir.path().join("kernel/n2/node.sqlite")).unwrap();
    let mut told = 0;
    for needle in ["01010101-0101", "\"command\":\"put\"", "\"voters\"", "appointed primary"] {
        let places = file.windows(needle.len()).enumerate();
        let places: Vec<_> =
            places.filter(|(_, bytes)| *bytes == needle.as_bytes()).map(|(at, _)| at).collect();
        assert!(!places.is_empty(), "{needle}");
        for at in places.into_iter().take(3) {
            let bit = at as u64 * 8 + 1;
            let out = damaged(&bench, ("node.sqlite", Then::OutOrWhole), needle, |path| {
                flip(path, bit);
            });
            told += u64::from(out.await);
        }
    }
    assert!(told >= 4, "{told}");
}

#[tokio::test]
async fn a_file_that_was_cut_or_is_gone_stops_its_node_and_no_other() {
    for (is_killed, file) in [
        (false, "node.sqlite"),
        (false, "node.seal"),
        (true, "node.sqlite"),
        (true, "node.sqlite-wal"),
    ] {
        let bench = stopped(is_killed).await;
        let bytes = bits(bench.dir.path().join("kernel/n2").join(file)) / 8;
        for length in [0, 1, bytes / 2, bytes - 1] {
            let what = format!("{file} cut to {length}");
            damaged(&bench, (file, then(file)), &what, |path| {
                fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
            })
            .await;
        }
        let gone = |path: &Path| fs::remove_file(path).unwrap();
        damaged(&bench, (file, Then::Out), &format!("{file} gone"), gone).await;
    }
}

#[tokio::test]
async fn files_of_another_node_or_another_cluster_are_refused_by_what_they_say_of_themselves() {
    let bench = stopped(false).await;
    let other = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    drop(founded(&config(other.path(), 3), clock, &FixedEntropy(9)).unwrap());
    for (from, said) in [
        (bench.dir.path().join("kernel/n1"), "belongs to n1 of 3"),
        (other.path().join("kernel/n2"), "belongs to n2 of 3"),
    ] {
        damaged(&bench, ("node.sqlite", Then::Out), said, |path| {
            for name in ["node.sqlite", "node.seal"] {
                fs::copy(from.join(name), path.with_file_name(name)).unwrap();
            }
        })
        .await;
    }
}

/// Changes the id of the cluster in every place of a file where it stands.
fn damage(path: &Path) {
    let needle = b"01010101-0101";
    let file = fs::read(path).unwrap();
    let places = file.windows(needle.len()).enumerate().filter(|(_, bytes)| bytes == needle);
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "the file names its cluster");
    for at in places {
        flip(path, at as u64 * 8);
    }
}

#[tokio::test]
async fn a_cluster_of_which_no_node_can_be_used_does_not_start() {
    let bench = stopped(false).await;
    for number in 1..=3 {
        damage(&bench.dir.path().join(format!("kernel/n{number}/node.sqlite")));
    }
    let Err(OpenError::NoNode { why }) = open(&bench) else { panic!("it has no node") };
    assert!(why.contains("in n1: node.sqlite is damaged"), "{why}");
}

#[tokio::test]
async fn a_damaged_node_is_replaced_by_an_operator_and_by_nobody_else() {
    let mut bench = stopped(false).await;
    damage(&bench.dir.path().join("kernel/n2/node.sqlite"));
    bench.open().unwrap();
    run(bench.kernel(), 1, Action::Failover { to: n(1) }).await;
    bench.restart();
    let state = bench.kernel().observe().await.unwrap();
    let n2 = state.view().node(&n(2)).unwrap().pinned.clone();
    assert_eq!(n2.reachable, Fact::Known(false), "a restart repairs nothing");
    run(bench.kernel(), 2, Action::Failover { to: n(1) }).await;
    run(bench.kernel(), 3, Action::RemoveReplica { node: n(2) }).await;
    run(bench.kernel(), 4, Action::AddReplica { node: n(4) }).await;
    run(bench.kernel(), 5, Action::GrantVote { node: n(4) }).await;
    run(bench.kernel(), 6, Action::TakeOffline { node: n(3) }).await;
    put(bench.own(), "d").await;
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(epoch(&state), Some(3));
}

#[tokio::test]
async fn a_clock_that_is_set_back_an_hour_changes_times_and_nothing_else() {
    let app = TestApp::new().await;
    let operator = app.operator();
    operator.run(1, "switchover", json!({"to": "n2"})).await;
    let put = app.data().put("/kv/a", "1").await;
    assert!(put.status.is_success(), "{}", put.body);
    app.clock.advance_millis(-3_600_000);
    // How long the session has lasted is not known any more, so it has ended; a new one is good.
    let asks = json!({"node": "n3"});
    operator.request(2, "take_offline", asks.clone()).await.expect(401);
    drop(operator);
    let operator = app.sign_in("olga").await;
    let explained = operator.request(2, "take_offline", asks).await.expect(201);
    app.clock.advance_millis(-3_600_000);
    let refused = operator.confirm(&explained.json()).await.expect(401).json();
    assert_eq!(refused["refusal"]["code"], "not_signed_in", "{refused}");
    drop(operator);
    let operator = app.sign_in("olga").await;
    let page = format!("/api/v1/actions/{}", explained.json()["id"].as_str().expect("an id"));
    let again = operator.get(&page).await.expect(200).json();
    let done = operator.confirm(&again).await.expect(200).json();
    assert_eq!(done["stage"], "executed", "{done}");
    drop(operator);
    let app = app.restart().await;
    app.clock.advance_millis(-3_600_000);
    app.anonymous().get("/healthz").await.expect(200);
    let operator = app.sign_in("olga").await;
    operator.run(3, "failover", json!({"to": "n1"})).await;
    operator.run(4, "bring_online", json!({"node": "n3"})).await;
    let again = operator.request(1, "switchover", json!({"to": "n2"})).await.expect(200).json();
    assert_eq!((&again["stage"], &again["duplicate"]), (&json!("executed"), &json!(true)));
    assert_eq!(app.data().get("/kv/a").await.body, "1");
    let file = app.dir().join("control.sqlite");
    verify_file(&file, &ExpectedLog::default(), &mut |_| {}).unwrap();
}
