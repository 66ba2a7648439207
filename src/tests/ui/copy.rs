//! What a button copies is what stands beside it, and without a script there is no button.

use crate::harness::TestApp;
use serde_json::{Value, json};

/// Every part of a page that can be copied: what is shown, and what the button was given.
fn copyable(page: &str) -> Vec<(String, Value)> {
    let unescaped = |text: &str| {
        let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
        text.replace("&amp;", "&")
    };
    let mut found = Vec::new();
    for part in page.split("<div class=\"copyable\">").skip(1) {
        let (shown, button) = part.split_once("<leptos-island").expect("a button");
        let (tag, button) = button.split_once('>').expect("the end of a tag");
        let props = tag.split("data-props=\"").nth(1).and_then(|rest| rest.split('"').next());
        let props = serde_json::from_str(&unescaped(props.expect("props"))).expect("JSON");
        let (button, _) = button.split_once("</button>").expect("a button");
        assert!(button.contains("disabled"), "it cannot be pressed without a script: {button}");
        found.push((unescaped(shown), props));
    }
    found
}

#[tokio::test]
async fn a_button_copies_exactly_what_is_shown_beside_it() {
    let app = TestApp::new().await;
    let done = app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let id = done["id"].as_str().expect("an id");
    let snapshot = done["records"][1]["entry"]["snapshot"].as_str().expect("an observation");
    for (path, wanted) in [
        (format!("/actions/{id}"), &["the id", "the command", "the digest", "the address"][..]),
        (format!("/actions/{id}/report"), &["the id", "the command", "the digest", "the address"]),
        ("/log/4".to_owned(), &["the hash", "the address"]),
        (format!("/observations/{snapshot}"), &["the address"]),
        ("/nodes/n2".to_owned(), &["the address"]),
    ] {
        let page = app.observer().get(&path).await.expect(200).body;
        let found = copyable(&page);
        let what: Vec<_> = found.iter().map(|(_, props)| props["what"].clone()).collect();
        assert_eq!(what, *wanted, "{path}");
        for (shown, props) in found {
            let of = &props["of"];
            let text = of["Text"].as_str().or_else(|| of["Address"].as_str()).expect("a text");
            assert!(shown.contains(text), "{path}: {text} is not in {shown}");
            assert!(of["Address"].is_null() || text == path, "{path}: {text}");
        }
    }
    let page = app.observer().get(&format!("/actions/{id}")).await.expect(200).body;
    let digest = done["digest"].as_str().expect("a digest");
    let buttons = copyable(&page);
    assert!(buttons.iter().any(|(_, props)| props["of"] == json!({ "Text": digest })), "{digest}");
    assert!(buttons.iter().any(|(_, props)| props["of"] == json!({ "Text": id })), "{id}");
}
