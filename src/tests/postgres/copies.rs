//! Orders that take a whole node: what people are told of them, and a control plane that ends in the middle
//! of one.

use super::app::PgApp;
use super::machine::TestCluster;
use super::program::{INIT, place, run};
use super::verify_node::{rot, table};
use crate::harness::id;
use aerodb_control::kernel::postgres::backup::{unfinished_backups, verify_backup};
use aerodb_control::kernel::progress::ProgressReporter;
use serde_json::json;

/// C6.1, C8.2: the words of the server are the finding, and nothing is copied that it says is rotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotten_page_is_the_finding_of_a_verification_and_refuses_a_backup() {
    let app = PgApp::over(TestCluster::new()).await;
    let node = app.cluster.node(0).unwrap();
    let file = table(node);
    rot(&file, &[1]);
    let name = file.strip_prefix(node.data()).unwrap().display().to_string();
    let done = app.runs("verify_node", json!({"node": "n1"})).await.to_string();
    assert!(done.contains(r#""verdict":"damaged""#) && done.contains(&name), "{done}");
    let params = json!({"node": "n1", "name": "rotten"});
    let explained = app.asks("create_backup", params, json!({})).await.expect(201).json();
    let refused = app.olga.confirm(&explained).await.json();
    assert_eq!(refused["stage"], "refused", "{refused:#}");
    let said = refused.to_string();
    assert!(said.contains("There is no backup, because pages of the node are rotten"), "{said}");
    assert!(said.contains(&name), "{said}");
    assert_eq!(app.shows().await["backups"], json!([]));
    app.runs("create_backup", json!({"node": "n2", "name": "sound"})).await;
    assert_eq!(app.shows().await["backups"], json!(["sound"]));
    let backup = app.dir().join("data/kernel/backups/sound");
    verify_backup(&backup, &ProgressReporter::unheard()).expect("it is whole");
}

/// C2.6, C6.2, C7.1: there is a whole backup and its receipt, or none and never will be.
#[test]
fn a_stop_in_the_middle_of_a_backup_leaves_a_whole_one_or_none_and_resolving_says_which() {
    let cluster = TestCluster::new();
    let place = place(&cluster);
    let (code, said) = run(&place, &INIT);
    assert_eq!(code, Some(0), "{said}");
    let server = place.start(None);
    let session = server.set_up();
    server.kill();
    let mut there = Vec::new();
    for (number, point, is_whole) in [
        (1, "workflow.dispatched", false),
        (2, "kernel.base_backup_archive_written", false),
        (3, "kernel.base_backup_verified", false),
        (4, "kernel.base_backup_renamed", true),
        (5, "workflow.answered", true),
    ] {
        let name = format!("b{number}");
        let server = place.start(Some(point));
        let params = json!({"node": "n2", "name": name});
        let explained = server.request(&session, &id(number), "create_backup", params);
        assert_eq!(server.confirm(&session, &explained).0, 0, "{point}: there is no answer");
        assert!(server.ended(), "{point}: it ended at the point");
        let server = place.start(None);
        let path = format!("/api/v1/actions/{}", id(number));
        assert_eq!(server.get(&session, &path).1["stage"], "unknown", "{point}");
        let reason = json!({"reason": "after the stop"});
        let (status, end) = server.post(&session, &format!("{path}/resolve"), &reason);
        assert_eq!((status, end["stage"] == "executed"), (200, is_whole), "{point}: {end:#}");
        there.extend(is_whole.then_some(name));
        let (_, observed) = server.get(&session, "/api/v1/cluster");
        assert_eq!(observed["backups"], json!(there), "{point}");
        let (status, late) = server.confirm(&session, &explained);
        assert_eq!((status, &late["stage"]), (200, &end["stage"]), "{point}: it runs once");
        server.kill();
    }
    let backups = place.data().join("kernel/backups");
    assert_eq!(unfinished_backups(&backups).unwrap(), ["b2", "b3"]);
    for name in there {
        verify_backup(&backups.join(name), &ProgressReporter::unheard()).expect("it is whole");
    }
    let (code, said) = run(&place, &["verify-log", "--config", "Leptos.toml"]);
    assert_eq!(code, Some(0), "{said}");
}
