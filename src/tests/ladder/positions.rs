//! Distances between positions: bytes in binary units on one timeline, and none between two.

use super::app::LadderApp;
use serde_json::json;

#[tokio::test]
async fn what_a_node_is_behind_is_said_in_binary_units_on_one_timeline() {
    let app = LadderApp::new().await;
    let page = app.page("/").await;
    assert!(page.contains("16.0 KiB behind"), "{page}");
    assert!(page.contains("0 bytes behind"), "{page}");
    assert!(page.contains("3/16818176"), "{page}");
    let node = app.page("/nodes/n4").await;
    assert!(node.contains("16.0 KiB behind"), "{node}");
}

#[tokio::test]
async fn between_two_timelines_there_is_no_distance_no_bar_and_no_line_and_the_page_says_so() {
    let app = LadderApp::new().await;
    app.page("/").await;
    app.olga.run(1, "stop_writes_of", json!({"node": "n1"})).await;
    app.olga.run(2, "promote_standby", json!({"to": "n2"})).await;
    app.ladder.change(|state| state.write(3 << 20));
    let page = app.page("/").await;
    assert!(page.contains("on another timeline: no distance"), "{page}");
    assert!(page.contains("on timeline 4; a place on another timeline has no bar"), "{page}");
    assert!(page.contains("data-known=\"elsewhere\""), "{page}");
    assert!(page.contains("what lies on another timeline is not drawn"), "{page}");
    let node = app.page("/nodes/n1").await;
    assert!(node.contains("on another timeline: no distance"), "{node}");
}

#[tokio::test]
async fn the_topology_draws_whom_each_node_follows_and_whose_upstream_is_unknown() {
    let app = LadderApp::new().await;
    let page = app.page("/").await;
    assert!(page.contains("link: follows n2, timeline 3"), "{page}");
    assert!(page.contains("primary of timeline 3"), "{page}");
    assert!(page.contains("cascading standby"), "{page}");
    // It was never reached: what it was last is said as that, and as nothing else.
    let node = app.page("/nodes/n3").await;
    assert!(node.contains("last known: 3/16785408"), "{node}");
    assert!(node.contains("no answer on its port"), "{node}");
    app.ladder.cut(2);
    let page = app.page("/").await;
    assert!(page.contains("waiting"), "{page}");
    assert!(page.contains("data-tone=\"stop\""), "{page}");
}
