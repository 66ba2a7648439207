//! A tour of every page and every answer over the ladder, with hostile text wherever a person or a node
//! can put it, and no word of another kernel anywhere.

use super::app::LadderApp;
use super::state::{LadderLoss, n};
use super::words::foreign;
use super::{SPEC, events_known};
use crate::harness::id;
use serde_json::json;

const HOSTILE: &str = "<script>alert(1)</script> \" onload=\"x\u{202e}";
/// As hostile as a reason can be: markup is no plain text, and is refused.
const REASON: &str = "a drill \" onload=\"x";

/// An app in which every stage of an action stands, and what was said is hostile.
async fn lived_in() -> LadderApp {
    let app = LadderApp::new().await;
    app.ladder.change(|state| {
        let n1 = state.nodes.get_mut(&n(1)).expect("n1");
        n1.slots.get_mut("reports").expect("a slot").consumer = Some(HOSTILE);
        let n3 = state.nodes.get_mut(&n(3)).expect("n3");
        let (_, why) = n3.unreached.as_mut().expect("it was never reached");
        HOSTILE.clone_into(why);
    });
    let ask = async |number: u8, kind: &str, params: serde_json::Value| {
        let body = json!({
            "action_id": id(number), "kind": kind, "params": params, "reason": REASON,
        });
        app.olga.post("/api/v1/actions", &body).await
    };
    let node = json!({"node": "n2"});
    app.page("/").await;
    ask(1, "promote_standby", json!({"to": "n2"})).await.expect(412);
    let executed = ask(2, "run_checkpoint", node.clone()).await.expect(201).json();
    app.olga.confirm(&executed).await.expect(200);
    let stale = ask(3, "run_checkpoint", node.clone()).await.expect(201).json();
    app.ladder.cut(4);
    app.olga.confirm(&stale).await.expect(409);
    app.ladder.regain(4);
    let unknown = ask(4, "run_checkpoint", node.clone()).await.expect(201).json();
    app.ladder.loses(LadderLoss::AfterIt);
    app.olga.confirm(&unknown).await.expect(200);
    // What is not known is looked at before the kernel is asked, after that, and when it is closed.
    events_scanned(&app, &format!("/actions/{}", id(4))).await;
    let resolve = format!("/api/v1/actions/{}/resolve", id(4));
    app.olga.post(&resolve, &json!({"reason": REASON})).await.expect(409);
    events_scanned(&app, &format!("/actions/{}", id(4))).await;
    events_scanned(&app, "/").await;
    events_scanned(&app, "/actions/new?kind=promote_standby&to=n2").await;
    let found = json!({"executed": "yes", "evidence": REASON});
    app.olga.post(&format!("/api/v1/actions/{}/finding", id(4)), &found).await.expect(200);
    ask(5, "stop_writes_of", json!({"node": "n1"})).await.expect(201);
    let withdrawn = json!({"reason": REASON});
    app.olga.post(&format!("/api/v1/actions/{}/withdraw", id(5)), &withdrawn).await.expect(200);
    app.olga.run(6, "stop_writes_of", json!({"node": "n1"})).await;
    app.olga.run(7, "promote_standby", json!({"to": "n2"})).await;
    ask(8, "drop_slot", json!({"node": "n1", "slot": "reports"})).await.expect(201);
    app.olga.confirm(&app.action(&id(8)).await).await.expect(200);
    ask(9, "run_checkpoint", node).await.expect(201);
    let attested = json!({
        "action_id": id(10), "kind": "rebuild_node", "params": {"node": "n3"}, "reason": REASON,
        "attested": {"host_off": "yes"},
    });
    app.olga.post("/api/v1/actions", &attested).await.expect(201);
    app
}

/// What holds of every page, whoever draws it.
fn is_a_page(path: &str, html: &str) {
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    assert!(html.contains("<html lang=\"en\">"), "{path}");
    assert_eq!(html.matches("<main").count(), 1, "{path}");
    assert_eq!(html.matches("<table").count(), html.matches("<caption>").count(), "{path}");
    assert_eq!(html.matches("<table").count(), html.matches("<tbody>").count(), "{path}");
    assert!(html.contains("<dd>staging</dd>") && html.contains("<dd>orders</dd>"), "{path}");
    assert!(!html.contains("<script>alert"), "{path}");
    for tag in html.split('<').filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        let outside = tag.split('"').step_by(2).collect::<String>();
        assert!(!outside.contains("onload"), "{path}: an attribute was broken out of: {tag}");
    }
    assert!(!html.contains(['\u{202e}', '\u{1b}']), "{path}: a character that hides text");
    assert_eq!(foreign(&without_nonce(html)), Vec::<String>::new(), "{path}");
}

/// The page without its nonce, which is random and spells any word sooner or later.
fn without_nonce(html: &str) -> String {
    let nonce = html.split_once(" nonce=\"").and_then(|(_, rest)| rest.split_once('"'));
    nonce.map_or_else(|| html.to_owned(), |(nonce, _)| html.replace(nonce, "NONCE"))
}

async fn events_scanned(app: &LadderApp, path: &str) -> String {
    let mut first = String::new();
    for client in [&app.olga, &app.oscar, &app.anna] {
        let page = client.get(path).await.expect(200).body;
        is_a_page(path, &page);
        if first.is_empty() {
            first = page;
        }
    }
    first
}

/// C5.1, C11.1.
#[tokio::test]
async fn every_page_stands_over_a_kernel_of_another_shape() {
    let app = lived_in().await;
    let mut paths: Vec<String> = ["/", "/actions", "/actions/new", "/timeline", "/log", "/access"]
        .into_iter()
        .chain(["/reference", "/reference/failures", "/help", "/nodes/n1", "/nodes/n2"])
        .chain(["/nodes/n3", "/nodes/n4", "/timeline?limit=3", "/log?kind=executed"])
        .chain(["/report?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"])
        .map(str::to_owned)
        .collect();
    for action in SPEC.actions {
        let node = action.node_parameter().expect("every action of it is about a node").name;
        paths.push(format!("/actions/new?kind={}&{node}=n2", action.kind));
        paths.push(format!("/reference/actions/{}", action.kind));
    }
    for number in 1..=10 {
        paths.push(format!("/actions/{}", id(number)));
        paths.push(format!("/actions/{}/report", id(number)));
    }
    let log = app.anna.get("/api/v1/log?limit=200").await.expect(200).json();
    for record in log["records"].as_array().expect("records") {
        paths.push(format!("/log/{}", record["seq"]));
        if let Some(hash) = record["entry"]["snapshot"].as_str() {
            paths.push(format!("/observations/{hash}"));
        }
    }
    for path in &paths {
        events_scanned(&app, path).await;
    }
    println!("{} pages, each for three readers", paths.len());
}

/// The title of an action is a phrase of its kernel, in every stage.
#[tokio::test]
async fn an_action_is_called_what_its_kernel_calls_it() {
    let app = lived_in().await;
    for (number, title, stage) in [
        (1, "Promote n2", "rejected"),
        (2, "Run a checkpoint on n2", "executed"),
        (3, "Run a checkpoint on n2", "stale"),
        (4, "Run a checkpoint on n2", "found_executed"),
        (5, "Stop the writes of n1", "withdrawn"),
        (8, "Drop the slot reports of n1", "executed"),
        (9, "Run a checkpoint on n2", "explained"),
        (10, "Rebuild n3", "explained"),
    ] {
        let page = app.page(&format!("/actions/{}", id(number))).await;
        assert!(page.contains(&format!("<h1>{title}</h1>")), "{title}: {page}");
        assert!(page.contains(&format!("data-stage=\"{stage}\"")), "{title}");
    }
}

/// A part is drawn by itself in the same words as in its page.
#[tokio::test]
async fn every_part_is_drawn_in_the_words_of_its_kernel() {
    let app = lived_in().await;
    let page = app.page("/").await;
    let part = app.page("/parts/overview").await;
    let (strip, rest) = part.split_at(part.find("<div id=\"now\"").expect("two parts"));
    assert!(page.contains(rest) && page.contains(strip) && rest.len() > 1000);
    app.ladder.cut(4);
    for what in ["moved", "progress"] {
        let part = app.page(&format!("/parts/actions/{}/{what}", id(9))).await;
        assert_eq!(foreign(&part), Vec::<String>::new(), "{what}");
    }
}

/// C11.1: every answer for programs, held against the description over this kernel.
#[tokio::test]
async fn every_answer_for_programs_and_their_description_know_no_other_kernel() {
    let app = lived_in().await;
    let (one, window) = (id(2), "from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z");
    let mut paths: Vec<String> =
        ["cluster", "overview", "catalogue", "kernel/spec", "kernel/events?limit=200", "actions"]
            .into_iter()
            .chain(["timeline?limit=50", "log?limit=200", "log/head", "session", "access"])
            .chain(["log.csv", "log.json", "log.md", "actions.csv", "actions.md", "openapi.json"])
            .map(str::to_owned)
            .collect();
    paths.extend(
        (1..=4).flat_map(|node| [format!("nodes/n{node}"), format!("nodes/n{node}/overview")]),
    );
    paths.extend((1..=10).map(|number| format!("actions/{}", id(number))));
    paths.extend([format!("actions/{one}/report"), format!("report?{window}")]);
    paths.push("explain?kind=promote_standby&to=n4&reason=r".to_owned());
    for path in &paths {
        let answer = app.anna.get(&format!("/api/v1/{path}")).await.expect(200);
        assert_eq!(foreign(&answer.body), Vec::<String>::new(), "{path}");
        assert_eq!(answer.headers["aerodb-kernel"], "ladder", "{path}");
    }
    for path in ["/metrics", "/actions/00000000-0000-4000-8000-000000000002/report.md"] {
        let answer = app.anna.get(path).await.expect(200);
        assert_eq!(foreign(&answer.body), Vec::<String>::new(), "{path}");
    }
    for (path, status) in [("nodes/n9", 404), ("explain?kind=x&reason=r", 400), ("actions/x", 400)]
    {
        let refused = app.anna.get(&format!("/api/v1/{path}")).await.expect(status);
        assert_eq!(foreign(&refused.body), Vec::<String>::new(), "{path}");
        assert_eq!(refused.headers["aerodb-kernel"], "ladder", "{path}");
    }
    let events = app.anna.get("/api/v1/kernel/events?limit=200").await.expect(200).json();
    assert!(events_known(&events), "{events}");
}

/// Writes pages for eyes to look at, beside the style sheet, into a folder that is not kept.
#[tokio::test]
async fn its_pages_can_be_looked_at() {
    let app = lived_in().await;
    let root = crate::source::files::root();
    let folder = root.join("target/preview");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::copy(root.join("style/main.css"), folder.join("main.css")).expect("the style sheet");
    let fresh = LadderApp::new().await;
    for (app, name, path) in [
        (&fresh, "ladder-overview", "/"),
        (&app, "ladder-promoted", "/"),
        (&fresh, "ladder-node", "/nodes/n1"),
        (&fresh, "ladder-lost", "/nodes/n3"),
    ] {
        let page = app.page(path).await.replace("/pkg/aerodb-control.css", "main.css");
        std::fs::write(folder.join(format!("{name}.html")), page).expect("a file");
    }
}
