//! What stands on every page: the cluster now, and what people have begun with it.

use crate::harness::{TestApp, id};
use crate::ui::all::{OPERATOR, every_page, options};
use crate::ui::fixtures as made;
use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::model::action::Stage;
use aerodb_control::model::actor::ActorRole;
use aerodb_control::model::facts::Fact;
use aerodb_control::model::refusal::{Refusal, RefusalCode};
use aerodb_control::model::spec::PRIMARY;
use aerodb_control::model::status::{ClusterStatus, UnfinishedAction, UnfinishedActions};
use aerodb_control::model::text::ActorName;
use aerodb_control::ui::{EnvironmentClass, Frame, Page};
use aerodb_control::web::render;
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::json;

async fn drawn(frame: Frame, page: Page) -> String {
    let response = render::page(&options(), frame, page, StatusCode::OK).await;
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(body.to_vec()).expect("text").replace("<!>", "")
}

async fn with(status: ClusterStatus, page: Page) -> String {
    drawn(Frame { status: Some(status), ..made::frame(OPERATOR) }, page).await
}

/// The strip of a page, from its element to the end of its section.
fn strip(html: &str) -> &str {
    let (_, rest) = html.split_once("<div id=\"status\"").expect("a strip");
    rest.split_once("</section>").expect("its end").0
}

fn title(html: &str) -> &str {
    let (_, rest) = html.split_once("<title").expect("a title");
    let (_, rest) = rest.split_once('>').expect("its text");
    rest.split_once("</title>").expect("its end").0
}

fn unfinished(number: u8, by: &str, stage: Stage) -> UnfinishedAction {
    UnfinishedAction {
        id: aerodb_control::model::action::ActionId::from_random([number; 16]),
        action: made::answer(stage, "plain").action,
        by: ActorName::parse(by).expect("a name"),
        since: made::at(i64::from(number)),
        stage,
    }
}

#[tokio::test]
async fn every_page_of_a_reader_has_the_strip_once_and_no_page_of_a_stranger_has_it() {
    for (name, page) in every_page("plain") {
        let html = drawn(made::frame(OPERATOR), page.clone()).await;
        assert_eq!(html.matches("id=\"status\"").count(), 1, "{name}");
        assert!(strip(&html).contains("<dt>Primary</dt>"), "{name}");
        assert!(strip(&html).contains("<dt>Writes</dt>"), "{name}");
        let html = drawn(made::frame(None), page).await;
        assert!(!html.contains("id=\"status\""), "{name}: nobody is signed in");
    }
}

/// C8.4: what could not be read is said, and nothing stands in its place.
#[tokio::test]
async fn a_cluster_that_cannot_be_observed_is_said_to_be_so_in_strip_and_title() {
    let why = Refusal::new(RefusalCode::KernelUnreachable, "no node answers");
    let status = ClusterStatus { state: Err(why.clone()), ..made::status(made::settled()) };
    let html = with(status, Page::Help).await;
    let strip = strip(&html);
    assert!(strip.contains("not observed") && strip.contains("no node answers"), "{strip}");
    assert!(!strip.contains("<dt>Primary</dt>"), "{strip}");
    assert!(title(&html).starts_with("Not observed · Help"), "{}", title(&html));
    let status = ClusterStatus { unfinished: Err(why), ..made::status(made::settled()) };
    let html = with(status, Page::Help).await;
    assert!(self::strip(&html).contains("<dt>Open actions</dt><dd><strong>unknown</strong>"));
}

#[tokio::test]
async fn the_title_says_that_nobody_is_primary_and_that_it_is_not_known_who_is() {
    let html = with(made::status(made::headless("gone")), Page::Help).await;
    assert!(title(&html).starts_with("Primary: nobody · Help · "), "{}", title(&html));
    assert!(html.contains("data-trouble=\"Primary: nobody\""), "{html}");
    assert!(html.contains("data-says=\"Primary: nobody. Writes: stopped.\""), "{html}");
    let mut state = made::settled();
    state.facts.set(PRIMARY, Fact::unknown(made::at(-61), "no answer"));
    let html = with(made::status(state), Page::Help).await;
    assert!(title(&html).starts_with("Primary: unknown · Help"), "{}", title(&html));
    let html = with(made::status(made::settled()), Page::Help).await;
    assert!(title(&html).starts_with("Help · staging aerodb"), "{}", title(&html));
    assert!(html.contains("data-trouble=\"\""), "{html}");
}

#[tokio::test]
async fn what_is_not_over_is_named_with_who_and_since_when_and_the_rest_is_counted() {
    let waiting = vec![
        unfinished(3, "maria", Stage::Explained),
        unfinished(2, "olga", Stage::FirstConfirmed),
    ];
    let running = unfinished(4, "otto", Stage::Dispatched);
    let mut state = made::settled();
    let far = aerodb_control::model::progress::Progress {
        action_id: running.id,
        ..made::progress("reading")
    };
    state.under_way = Some(far);
    let status = ClusterStatus {
        unfinished: Ok(UnfinishedActions {
            in_doubt: Some(unfinished(1, "ines", Stage::Unknown)),
            running: Some(running),
            waiting,
            waiting_in_all: 7,
        }),
        freeze: Ok(made::overview(made::settled(), "plain").freeze),
        ..made::status(state)
    };
    let html = with(status, Page::Help).await;
    let strip = strip(&html);
    for says in [
        "<dt>Outcome unknown</dt>",
        "by ines since",
        "<dt>Running</dt>",
        "by otto since",
        "reading: 3 of 7 rows",
        "<dt>Waiting for confirmation</dt>",
        "by maria since",
        "by olga since",
        "and 5 older requests",
    ] {
        assert!(strip.contains(says), "{says}: {strip}");
    }
}

/// A stakeholder would be refused behind each of these links.
#[tokio::test]
async fn a_stakeholder_reads_the_strip_and_is_led_nowhere_by_it() {
    let waiting = vec![unfinished(3, "maria", Stage::Explained)];
    let unfinished = UnfinishedActions { waiting, waiting_in_all: 1, ..Default::default() };
    let status = ClusterStatus { unfinished: Ok(unfinished), ..made::status(made::settled()) };
    let frame = Frame { status: Some(status), ..made::frame(Some(ActorRole::Stakeholder)) };
    let html = drawn(frame, Page::Help).await;
    assert!(strip(&html).contains("Waiting for confirmation"), "{html}");
    assert!(!strip(&html).contains("href="), "{}", strip(&html));
}

#[tokio::test]
async fn production_looks_unlike_the_rest_and_says_so_in_words() {
    let view = |frame| drawn(frame, crate::ui::all::view(made::answer(Stage::Explained, "plain")));
    let plain = view(made::frame(OPERATOR)).await;
    assert!(!plain.contains("This is production.") && !plain.contains("data-environment"));
    let environment = EnvironmentClass::Production;
    let html = view(Frame { environment, ..made::frame(OPERATOR) }).await;
    assert!(html.contains("<body data-environment=\"production\">"), "{html}");
    assert!(html.contains("<dt>Class</dt><dd>Production</dd>"), "{html}");
    let (_, form) = html.split_once("/confirm\"").expect("a form");
    assert!(form.split_once("<button").expect("a button").0.contains("This is production."));
}

/// C7.2: a request is named from the moment it waits until somebody ends it, however it ends.
#[tokio::test]
async fn a_request_waits_on_every_page_until_it_is_confirmed_or_withdrawn() {
    let app = TestApp::new().await;
    let reader = app.observer();
    let count = async |client: &crate::harness::Client| {
        let page = client.get("/log").await.expect(200).body;
        strip(&page).matches("/actions/").count()
    };
    assert_eq!(count(&reader).await, 0);
    let first = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    app.operator().request(2, "switchover", json!({"to": "n3"})).await.expect(201);
    assert_eq!(count(&reader).await, 2);
    let page = reader.get("/timeline").await.expect(200).body;
    let strip = strip(&page);
    assert!(strip.contains(&format!("/actions/{}", id(1))), "{strip}");
    assert!(strip.contains("Switchover to n3") && strip.contains(" by olga since "), "{strip}");
    let why = json!({"reason": "not now"});
    app.operator().post(&format!("/api/v1/actions/{}/withdraw", id(2)), &why).await.expect(200);
    assert_eq!(count(&reader).await, 1);
    app.operator().confirm(&first.json()).await.expect(200);
    assert_eq!(count(&reader).await, 0);
    let page = reader.get("/log").await.expect(200).body;
    assert!(self::strip(&page).contains("<a href=\"/nodes/n2\">n2</a>"), "{page}");
}

/// C8.4: strip and overview are of one observation.
#[tokio::test]
async fn the_overview_and_its_strip_show_one_observation() {
    let app = TestApp::new().await;
    for path in ["/", "/parts/overview", "/nodes/n1", "/actions/new?kind=switchover"] {
        let page = app.operator().get(path).await.expect(200).body.replace("<!>", "");
        let of = |text: &str| {
            let (_, rest) = text.split_once("<time datetime=\"").expect("a time");
            rest.split_once('"').expect("its end").0.to_owned()
        };
        let (_, observed) = page.split_once("<dt>Observed</dt>").expect("in the strip");
        let (_, made) = page.split_once("made ").expect("on the page");
        assert_eq!(of(observed), of(made), "{path}");
    }
}

/// C1.3: the strip has no word for a fact but that of its kernel.
#[tokio::test]
async fn facts_of_the_cluster_are_called_in_the_strip_as_their_kernel_calls_them() {
    let shown = made::status(made::headless("gone"));
    let drawn = with(shown, Page::Help).await;
    let labels = SPEC.facts.iter().map(|fact| fact.label);
    let dt = strip(&drawn).split("<dt>").skip(1).filter_map(|rest| rest.split_once("</dt>"));
    let own = ["Observed"];
    for (word, _) in dt {
        assert!(own.contains(&word) || labels.clone().any(|label| label == word), "{word}");
    }
}
