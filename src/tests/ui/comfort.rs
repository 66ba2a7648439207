//! What makes the console bearable in an incident, and changes nothing: colours, keys, and the pages
//! that say what the words mean.

use crate::harness::TestApp;
use crate::kernel_words::CATALOGUE;
use aerodb_control::model::sensitive::SensitiveFact;
use aerodb_control::web::policy::ACTS;
use axum::body::Body;
use axum::http::{Request, header};
use axum::response::Response;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// A `GET` of somebody who is not signed in, with these headers.
async fn ask(app: &TestApp, path: &str, headers: &[(header::HeaderName, &str)]) -> Response {
    let mut request = Request::get(path).header(header::HOST, "127.0.0.1:7400");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    app.house.console.clone().oneshot(request).await.expect("the router answers")
}

fn header_of(response: &Response, name: header::HeaderName) -> String {
    let value = response.headers().get(name).map(|value| value.to_str().expect("text"));
    value.unwrap_or_default().to_owned()
}

async fn body(response: Response) -> String {
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn a_preference_that_is_none_is_refused_and_one_that_is_leaves_a_cookie_and_no_record() {
    let app = TestApp::new().await;
    let (records, cluster) = (app.record_kinds().await, app.cluster().await);
    for query in ["theme=blue", "theme=DARK", "keys=maybe", "colour=dark"] {
        let refused = ask(&app, &format!("/preferences?{query}"), &[]).await;
        assert_eq!(refused.status().as_u16(), 400, "{query}");
        assert_eq!(header_of(&refused, header::SET_COOKIE), "", "{query}");
    }
    let from = (header::REFERER, "http://127.0.0.1:7400/log?actor=olga");
    let set = ask(&app, "/preferences?theme=dark", &[from]).await;
    assert_eq!(set.status().as_u16(), 303);
    assert_eq!(header_of(&set, header::LOCATION), "/log?actor=olga");
    let cookie = header_of(&set, header::SET_COOKIE);
    assert!(cookie.starts_with("aerodb_preferences=dark.on; Path=/;"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    // The other preference stays as it is.
    let held = (header::COOKIE, "aerodb_preferences=dark.on");
    let set = ask(&app, "/preferences?keys=off", &[held]).await;
    assert!(header_of(&set, header::SET_COOKIE).contains("=dark.off;"));
    let elsewhere = (header::REFERER, "http://evil.example/log");
    let set = ask(&app, "/preferences?theme=light", &[elsewhere]).await;
    assert_eq!(header_of(&set, header::LOCATION), "/");
    assert_eq!((app.record_kinds().await, app.cluster().await), (records, cluster));
}

#[tokio::test]
async fn the_theme_is_in_the_document_as_it_arrives_on_every_page() {
    let app = TestApp::new().await;
    for (cookie, root, scheme) in [
        (
            "aerodb_preferences=dark.on",
            "<html lang=\"en\" data-theme=\"dark\">",
            "content=\"dark\"",
        ),
        ("a=b; aerodb_preferences=light.off", "data-theme=\"light\">", "content=\"light\""),
        ("aerodb_preferences=auto.on", "<html lang=\"en\">", "content=\"light dark\""),
        ("aerodb_preferences=<script>", "<html lang=\"en\">", "content=\"light dark\""),
        ("", "<html lang=\"en\">", "content=\"light dark\""),
    ] {
        for path in ["/login", "/help", "/nothing-is-here"] {
            let page = body(ask(&app, path, &[(header::COOKIE, cookie)]).await).await;
            assert!(page.contains(root), "{cookie} on {path}: {page}");
            let head = format!("<meta name=\"color-scheme\" {scheme}>");
            assert!(page.contains(&head), "{cookie} on {path}: {page}");
        }
    }
    let page = body(ask(&app, "/help", &[(header::COOKIE, "aerodb_preferences=dark.off")]).await);
    let page = page.await;
    let pressed = |name: &str, value: &str, pressed: &str| {
        let button = page.split("<button").find(|tag| {
            tag.contains(&format!("name=\"{name}\"")) && tag.contains(&format!("value=\"{value}\""))
        });
        let button = button.unwrap_or_else(|| panic!("{name} {value}: {page}"));
        assert!(button.contains(&format!("aria-pressed=\"{pressed}\"")), "{button}");
    };
    pressed("theme", "dark", "true");
    pressed("theme", "auto", "false");
    pressed("keys", "off", "true");
}

#[tokio::test]
async fn whoever_is_signed_in_has_the_keys_on_every_page_and_whoever_is_not_has_no_script() {
    let app = TestApp::new().await;
    for path in ["/", "/actions", "/timeline", "/log", "/reference", "/help", "/nodes/n1"] {
        let page = app.observer().get(path).await.expect(200).body;
        assert!(page.contains("<dialog") && page.contains("<kbd>?</kbd>"), "{path}");
        assert_eq!(page.matches("id=\"main\"").count(), 1, "{path}: where the skip link leads");
    }
    for path in ["/login", "/help", "/setup/x"] {
        let page = app.anonymous().get(path).await.expect(200).body;
        assert!(!page.contains("<script"), "{path}");
    }
}

#[tokio::test]
async fn every_action_has_a_reference_of_its_own_and_every_failure_mode_stands_on_one_page() {
    let app = TestApp::new().await;
    app.observer().get("/reference/actions/promote").await.expect(400);
    for entry in CATALOGUE.actions() {
        let kind = entry.kind;
        let page = app.observer().get(&format!("/reference/actions/{kind}")).await.expect(200).body;
        for text in entry.effects.iter().chain(entry.not_checked) {
            assert!(page.contains(&escaped(text)), "{kind}: {text}");
        }
    }
    let failures = app.observer().get("/reference/failures").await.expect(200).body;
    let mut modes = 0;
    for entry in CATALOGUE.actions() {
        assert!(failures.contains(&format!("/reference/actions/{}", entry.kind)), "{}", entry.kind);
        for mode in entry.failure_modes {
            assert!(failures.contains(&escaped(mode.when)), "{}", mode.when);
            assert!(failures.contains(&escaped(mode.seen)), "{}", mode.seen);
            modes += 1;
        }
    }
    let rows = failures.matches("<tr").count();
    assert_eq!(rows, modes + 1, "one row for each, and the head");
}

#[tokio::test]
async fn what_is_privileged_and_what_is_sensitive_is_listed_from_the_tables_that_run() {
    let app = TestApp::new().await;
    let page = app.observer().get("/reference").await.expect(200).body;
    for (_, path, needs) in ACTS {
        let row = format!("<code>POST {path}</code></th><td>{}</td>", needs.word());
        assert!(page.replace("<!>", "").contains(&row), "{row}");
    }
    for fact in SensitiveFact::ALL {
        assert!(page.contains(&format!("<code>{}</code>", fact.id())), "{fact:?}");
        assert!(page.contains(&escaped(fact.what())), "{fact:?}");
    }
    for secret in aerodb_control::model::sensitive::SECRETS {
        assert!(page.contains(secret), "{secret}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
