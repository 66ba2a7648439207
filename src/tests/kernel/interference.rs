//! Whether anybody looks or not, the kernel does the same, byte for byte (C1.2, C8.3).

use crate::harness::TestApp;
use crate::kernel::contract::{Bench, TypedState, n, order};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::embedded::Write;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::{CommandKernel as _, ObserveKernel as _};
use aerodb_control::model::session::Session;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Every row of every table of every file of a kernel that is closed, as text.
fn contents(kernel: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    let nodes = (1..=9).map(|number| kernel.join(format!("n{number}/node.sqlite")));
    for path in nodes.chain([kernel.join("switchboard.sqlite")]).filter(|path| path.exists()) {
        let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut tables = db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(tables.len() >= 7, "{tables:?}");
        let file = path.strip_prefix(kernel).unwrap().display();
        for table in tables {
            let mut all = db
                .prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))
                .or_else(|_| db.prepare(&format!("SELECT * FROM {table} ORDER BY 1")));
            let statement = all.as_mut().unwrap();
            let columns = statement.column_count();
            let mut found = statement.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                let values = (0..columns).map(|column| match row.get_ref(column).unwrap() {
                    ValueRef::Blob(bytes) => hex::encode(bytes),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    other => format!("{other:?}"),
                });
                rows.push(format!("{file} {table}: {}", values.collect::<Vec<_>>().join(" | ")));
            }
        }
    }
    rows
}

/// The workload: writes, deletes, actions of most kinds, cuts, and a restart.
async fn work(bench: &mut Embedded, mut between: impl AsyncFnMut(&Embedded)) {
    let actions = [
        Action::TakeCheckpoint { node: n(2) },
        Action::Switchover { to: n(2) },
        Action::StopWrites {},
        Action::Switchover { to: n(1) },
        Action::ResumeWrites {},
        Action::TakeOffline { node: n(3) },
        Action::AddReplica { node: n(4) },
        Action::GrantVote { node: n(4) },
        Action::BringOnline { node: n(3) },
        Action::VerifyNode { node: n(3) },
        Action::RemoveReplica { node: n(3) },
        Action::Failover { to: n(4) },
    ];
    for (number, action) in (1..).zip(actions) {
        for key in 0..4 {
            let key = format!("k{}", key * u64::from(number) % 5);
            let write = if number % 4 == 3 && key == "k1" {
                Write::Delete { key }
            } else {
                Write::Put { key, value: format!("{number}").into() }
            };
            let _ = bench.own().write(write).await;
            between(bench).await;
        }
        bench.clock.advance(250);
        if number == 6 {
            bench.own().partition(&n(2)).await;
            bench.own().heal(&n(2)).await;
        }
        if number == 12 {
            bench.restart();
        }
        let epoch = bench.own().observe().await.unwrap().view().cluster.epoch.known().copied();
        let _ = bench.own().apply(order(number, action, epoch), Session::none()).await;
        between(bench).await;
        let resolved = number.wrapping_add(100);
        if number % 5 == 0 {
            let _ =
                bench.own().resolve(crate::kernel::contract::id(resolved), &Session::none()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kernel_that_everybody_looks_at_does_what_one_does_that_nobody_looks_at() {
    let mut alone = Embedded::found(3);
    work(&mut alone, async |_| {}).await;
    alone.close();
    let expected = contents(&alone.dir.path().join("kernel"));
    assert!(expected.len() > 200, "{}", expected.len());

    let mut watched = Embedded::found(3);
    let looked = Arc::new(AtomicBool::new(false));
    work(&mut watched, async |bench| {
        // In parts, at once, and with answers that nobody waits for.
        let kernel = bench.own();
        let _listener = kernel.changes();
        let state = kernel.observe().await.unwrap();
        let _ = tokio::join!(
            kernel.events(None, 50),
            kernel.receipt(crate::kernel::contract::id(2)),
            kernel.receipt(crate::kernel::contract::id(99)),
            kernel.read("k1"),
            kernel.observe(),
        );
        for node in 1..=4 {
            kernel.checks(&state, &Action::Failover { to: n(node) }.into());
            kernel.checks(&state, &Action::RemoveReplica { node: n(node) }.into());
        }
        drop(kernel.observe());
        looked.store(true, Ordering::SeqCst);
    })
    .await;
    watched.close();
    assert!(looked.load(Ordering::SeqCst));
    let found = contents(&watched.dir.path().join("kernel"));
    for (one, other) in expected.iter().zip(&found) {
        assert_eq!(one, other);
    }
    assert_eq!(expected.len(), found.len());
}

/// What an operator does through the control plane, with whatever happens between two steps.
async fn operate(app: &TestApp, mut between: impl AsyncFnMut()) {
    let steps = [
        ("switchover", json!({"to": "n2"})),
        ("take_checkpoint", json!({"node": "n1"})),
        ("stop_writes", json!({})),
        ("resume_writes", json!({})),
        ("take_offline", json!({"node": "n3"})),
        ("bring_online", json!({"node": "n3"})),
        ("verify_node", json!({"node": "n3"})),
    ];
    for (number, (kind, params)) in (1..).zip(steps) {
        for key in ["a", "b", "c"] {
            let put = app.data().put(&format!("/kv/{key}"), kind).await;
            // While writes are stopped, that is the answer.
            assert!(put.status.is_success() || kind == "resume_writes", "{}", put.body);
            between().await;
        }
        app.clock.advance_millis(500);
        let explained = app.operator().request(number, kind, params).await.expect(201).json();
        between().await;
        assert_eq!(
            app.operator().confirm(&explained).await.expect(200).json()["stage"],
            "executed"
        );
        between().await;
    }
}

#[tokio::test]
async fn pages_streams_and_programs_that_read_leave_no_trace_in_the_kernel() {
    let alone = TestApp::new().await;
    operate(&alone, async || {}).await;
    let watched = TestApp::new().await;
    let stream = watched.observer().response("/api/v1/events").await;
    operate(&watched, async || {
        for path in [
            "/api/v1/cluster",
            "/api/v1/overview",
            "/api/v1/kernel/events",
            "/api/v1/log?limit=20",
            "/api/v1/log/head",
            "/api/v1/explain?kind=failover&to=n2&reason=a%20look",
            "/api/v1/actions",
            "/",
            "/actions",
            "/log",
        ] {
            watched.auditor().get(path).await.expect(200);
        }
    })
    .await;
    drop(stream);
    let kernels = [&alone, &watched].map(|app| app.dir().join("kernel"));
    let [expected, found] = kernels.map(|kernel| contents(&kernel));
    for (one, other) in expected.iter().zip(&found) {
        assert_eq!(one, other);
    }
    assert_eq!(expected.len(), found.len());
    assert!(expected.iter().filter(|row| row.contains(" log: ")).count() > 60);
}
