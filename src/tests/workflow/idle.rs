//! Left alone, nothing happens: no election, no mutation, no record, whatever the nodes do (C2).

use crate::harness::TestApp;
use aerodb_control::model::text::NodeId;
use serde_json::json;

/// C2.1, C2.3, C12.2.
#[tokio::test]
async fn in_ten_idle_minutes_with_nodes_coming_and_going_nothing_is_decided() {
    let app = TestApp::new().await;
    app.data().put("/kv/a", "1").await.expect(200);
    let head = app.auditor().get("/api/v1/log/head").await.expect(200).json();
    let before = app.cluster().await;
    let mut events = 0;
    for second in 0..600u64 {
        app.clock.advance_millis(1_000);
        let node = NodeId::numbered(1 + second % 3);
        if (second / 3) % 2 == 0 {
            app.kernel().partition(&node).await;
        } else {
            app.kernel().heal(&node).await;
        }
        events += 1;
        let now = app.cluster().await;
        let leaders: Vec<_> = now["nodes"].as_array().expect("nodes").iter().collect();
        let leaders = leaders.iter().filter(|n| n["role"] == "primary" && n["id"] != "n1").count();
        assert_eq!(leaders, 0, "second {second}: {now}");
    }
    println!("{events} cuts and repairs, no election");
    for number in 1..=3 {
        app.kernel().heal(&NodeId::numbered(number)).await;
    }
    let after = app.cluster().await;
    for fact in ["epoch", "primary", "write_fence", "voters"] {
        assert_eq!(after[fact], before[fact], "{fact}");
    }
    assert_eq!(app.auditor().get("/api/v1/log/head").await.expect(200).json(), head);
}

/// C8.3.
#[tokio::test]
async fn reading_every_page_changes_neither_kernel_nor_ledger() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let board = app.stakeholder(2, "board", &crate::harness::id(1)).await;
    let ended = app.sign_in("oscar").await;
    ended.post("/api/v1/logout", &json!({})).await.expect(204);
    let (olga, oscar, anna) = (app.operator(), app.observer(), app.auditor());
    let (program, anonymous) = (app.program(), app.anonymous());
    let head = app.auditor().get("/api/v1/log/head").await.expect(200).json();
    let before = app.cluster().await;
    let mut read = 0;
    for (_, path, _) in aerodb_control::web::policy::READS {
        if *path == "/api/v1/events" {
            continue;
        }
        let path = path
            .replace("/nodes/{id}", "/nodes/n1")
            .replace("{key}/{node}", "host_maintenance/n1")
            .replace("{seq}", "0");
        let path = path.replace("{id}", &crate::harness::id(1)).replace("{token}", "spent");
        let path = path.replace("{hash}", &"0".repeat(64)).replace("{kind}", "switchover");
        for client in [&olga, &oscar, &anna, &program, &board, &anonymous, &ended] {
            client.get(&path).await;
            app.at_observers(client).get(&path).await;
            read += 2;
        }
    }
    println!("{read} reads, by seven kinds of readers at two listeners");
    let explain = "/api/v1/explain?kind=failover&to=n3&reason=a%20question";
    app.observer().get(explain).await.expect(200);
    assert_eq!(app.auditor().get("/api/v1/log/head").await.expect(200).json(), head);
    assert_eq!(app.cluster().await["epoch"], before["epoch"]);
}
