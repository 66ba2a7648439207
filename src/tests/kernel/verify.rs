//! A node whose file was damaged is found, and the damage is named; looking changes nothing.

use crate::kernel::contract::{Bench, n, refused, run};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::embedded::Write;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::model::receipt::Verification;

fn verify(node: u64) -> Action {
    Action::VerifyNode { node: n(node) }
}

/// A cluster of three with data and checkpoints, whose n2 was damaged by this from outside.
async fn damaged(sql: &str) -> Embedded {
    let bench = Embedded::found(3);
    for key in ["a", "b", "c"] {
        let write = Write::Put { key: key.to_owned(), value: key.into() };
        bench.own().write(write).await.unwrap();
    }
    run(bench.kernel(), 1, Action::TakeCheckpoint { node: n(2) }).await;
    let db = rusqlite::Connection::open(bench.dir.path().join("kernel/n2/node.sqlite")).unwrap();
    db.execute_batch(sql).unwrap();
    drop(db);
    // Another connection of this process can write into the file, which no other process can: a start
    // would find it, and until then only a comparison with another node can show it.
    bench
}

#[tokio::test]
async fn a_node_that_cannot_be_read_is_not_verified() {
    let bench = Embedded::found(3);
    assert_eq!(refused(bench.kernel(), 1, verify(9), Some(1)).await.rule, "node_is_member");
    bench.own().partition(&n(2)).await;
    assert_eq!(refused(bench.kernel(), 2, verify(2), Some(1)).await.rule, "target_reachable");
}

#[tokio::test]
async fn a_sound_node_is_said_to_be_sound_and_nothing_moves() {
    let mut bench = damaged("SELECT 1").await;
    let before = bench.kernel().observe().await.unwrap();
    for node in 1..=3 {
        let receipt = run(bench.kernel(), 10 + u8::try_from(node).unwrap(), verify(node)).await;
        let sound = receipt.result.contains("everything is what it must be");
        assert!(sound, "{}", receipt.result);
        assert_eq!(receipt.verification, Some(Verification::Sound));
    }
    assert_eq!(bench.kernel().observe().await.unwrap(), before);
    // Also while nobody is primary: it needs none.
    bench.restart();
    run(bench.kernel(), 20, verify(1)).await;
}

#[tokio::test]
async fn damage_is_found_wherever_it_is() {
    for (sql, word) in [
        ("UPDATE kv SET value = x'00' WHERE key = 'b'", "its state has the digest"),
        ("DELETE FROM refused_late; DELETE FROM kv WHERE key = 'a'", "its state has the digest"),
        ("UPDATE log SET data = x'7b7d' WHERE position = 3", "cannot be read"),
        (
            "UPDATE log SET data = CAST(replace(CAST(data AS TEXT), '62', '63') AS BLOB)
             WHERE position = 3",
            "its entry at 3",
        ),
        ("UPDATE checkpoint SET digest = zeroblob(32)", "the checkpoint at position"),
    ] {
        let bench = damaged(sql).await;
        let receipt = run(bench.kernel(), 10, verify(2)).await;
        let Some(Verification::Damaged { findings }) = receipt.verification else {
            panic!("{sql}: {:?}", receipt.verification)
        };
        let result = receipt.result;
        assert!(findings.iter().all(|found| found.starts_with("n2/node.sqlite")), "{findings:?}");
        assert!(findings.iter().any(|found| found.contains(word)), "{sql}: {findings:?}");
        assert!(result.contains("DAMAGED, in n2/node.sqlite"), "{sql}: {result}");
        assert!(result.contains(word), "{sql}: {result}");
        let other = run(bench.kernel(), 11, verify(3)).await.result;
        assert!(other.contains("what it must be"), "{sql}: {other}");
    }
}
