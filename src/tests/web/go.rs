//! The list of every place: for whom it has what, and that every entry of it leads somewhere.

use crate::harness::TestApp;

/// The addresses of the list, below the heading of the page.
fn addresses(page: &str) -> Vec<String> {
    let (_, list) = page.split_once("<section id=\"go\">").expect("the list");
    let (list, _) = list.split_once("</main>").expect("the end of the page");
    let links = list.split("<a href=\"").skip(1);
    links.map(|link| link.split('"').next().unwrap_or_default().replace("&amp;", "&")).collect()
}

/// C10.1, C2.4: a form is an operator's, and the list itself has nothing that could be sent but its search.
#[tokio::test]
async fn whoever_may_not_act_is_led_to_no_form_and_nobody_to_what_is_not_there() {
    let app = TestApp::new().await;
    let board = app.stakeholder(1, "board", "cluster").await;
    board.get("/go").await.expect(403);
    app.anonymous().get("/go").await.expect(303);
    app.operator().get("/go?x=y").await.expect(400);
    let observers = app.at_observers(&app.operator());
    for client in [app.observer(), app.auditor(), app.program(), observers.clone()] {
        let page = client.get("/go").await.expect(200).body;
        assert!(!addresses(&page).iter().any(|address| address.contains("kind=")), "{page}");
    }
    for client in [app.operator(), app.observer(), app.auditor(), observers] {
        let page = client.get("/go").await.expect(200).body;
        let found = addresses(&page);
        assert!(found.len() >= 12, "{found:?}");
        for address in found {
            client.get(&address).await.expect(200);
        }
        let (_, list) = page.split_once("<section id=\"go\">").expect("the list");
        assert!(!list.split("</main>").next().unwrap_or_default().contains("method=\"post\""));
    }
    let page = app.auditor().get("/go").await.expect(200).body;
    assert!(addresses(&page).contains(&"/access/all".to_owned()), "{page}");
    let page = app.operator().get("/go").await.expect(200).body;
    assert!(!addresses(&page).contains(&"/access/all".to_owned()), "{page}");
    assert!(addresses(&page).contains(&"/actions/new?kind=switchover".to_owned()), "{page}");
}

#[tokio::test]
async fn every_word_that_was_typed_has_to_stand_in_a_place_in_whatever_case() {
    let app = TestApp::new().await;
    let olga = app.operator();
    for (typed, wanted) in [
        ("N2+node", &["/nodes/n2"][..]),
        ("take+OFFLINE", &["/actions/new?kind=take_offline"]),
        ("nothing+is+called+so", &[]),
    ] {
        let page = olga.get(&format!("/go?q={typed}")).await.expect(200).body;
        assert_eq!(addresses(&page), wanted, "{typed}");
    }
    let page = olga.get("/go?q=%22%3E%3Cb%3E").await.expect(200).body;
    assert!(page.contains("value=\"&quot;&gt;&lt;b&gt;\"") && page.contains("0 places"), "{page}");
}

/// The script reads one page and goes to what is on it; whoever has it is told that it is the same.
#[tokio::test]
async fn the_script_of_the_palette_sends_nothing() {
    let app = TestApp::new().await;
    let script = app.anonymous().get("/palette.js").await.expect(200);
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.headers["cache-control"], "no-cache");
    assert!(script.headers.contains_key("etag"));
    for word in ["POST", "method", "submit()", "requestSubmit", "sendBeacon", "innerHTML", "eval"] {
        assert!(!script.body.contains(word), "{word}");
    }
    assert_eq!(script.body.matches("fetch(").count(), 1);
    assert!(script.body.len() < 4_000, "{} bytes", script.body.len());
}
