//! The figures of the cluster are of any kernel: here of one without votes, whose positions are bytes, whose
//! writes can wait, and of which a node was never reached.

use super::app::LadderApp;
use super::state::{LadderWrites, n};

async fn scrape(app: &LadderApp) -> String {
    app.olga.get("/metrics").await.expect(200).body
}

fn has(text: &str, series: &str) -> bool {
    text.lines().any(|line| line == format!("aerodb_control_{series}"))
}

fn invariant_shown(text: &str, shown: &[&str], absent: &[&str]) {
    for series in shown {
        assert!(has(text, series), "{series}\n{text}");
    }
    for series in absent {
        assert!(!text.contains(&format!("aerodb_control_{series}")), "{series}\n{text}");
    }
}

/// C8.4: a node that was never reached has no lag, not even a great one.
#[tokio::test]
async fn a_node_that_is_not_reached_has_no_lag_and_a_series_says_so() {
    let app = LadderApp::new().await;
    let text = scrape(&app).await;
    let shown = [
        "cluster_observed 1",
        "primary_present 1",
        "writes_stopped{state=\"accepted\"} 0",
        "nodes 4",
        "node_reachable{node=\"n1\"} 1",
        "node_reachable{node=\"n3\"} 0",
        "node_lag{node=\"n1\",unit=\"bytes\"} 0",
        "node_lag{node=\"n4\",unit=\"bytes\"} 16384",
        "series_unknown{series=\"node_lag\",node=\"n3\"} 1",
    ];
    invariant_shown(
        &text,
        &shown,
        &["node_lag{node=\"n3\"", "series_unknown{series=\"node_lag\",node=\"n4\""],
    );
    app.ladder.cut(1);
    let text = scrape(&app).await;
    let unknown =
        (1..=4).map(|node| format!("series_unknown{{series=\"node_lag\",node=\"n{node}\"}} 1"));
    let unknown: Vec<_> = unknown.collect();
    let unknown: Vec<_> = unknown.iter().map(String::as_str).collect();
    invariant_shown(&text, &unknown, &["node_lag{"]);
}

#[tokio::test]
async fn a_cluster_without_a_primary_says_so_and_writes_that_wait_are_not_accepted() {
    let app = LadderApp::new().await;
    app.ladder.change(|state| state.writes = LadderWrites::Waiting);
    invariant_shown(
        &scrape(&app).await,
        &["writes_stopped{state=\"waiting\"} 1"],
        &["writes_stopped{state=\"accepted\"}"],
    );
    app.ladder.change(|state| state.primary = None);
    let text = scrape(&app).await;
    invariant_shown(
        &text,
        &["primary_present 0"],
        &["series_unknown{series=\"primary_present\"", "node_lag{"],
    );
}

/// Between two branches of history there is no distance.
#[tokio::test]
async fn a_node_on_another_branch_has_no_lag() {
    let app = LadderApp::new().await;
    app.ladder.change(|state| state.nodes.get_mut(&n(2)).expect("n2").timeline = 2);
    let text = scrape(&app).await;
    let shown =
        ["series_unknown{series=\"node_lag\",node=\"n2\"} 1", "node_reachable{node=\"n2\"} 1"];
    invariant_shown(&text, &shown, &["node_lag{node=\"n2\""]);
}
