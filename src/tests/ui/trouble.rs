//! What an incident needs stands first: the trouble and its cause, the verdict, the way to the decision.

use crate::ui::all::{OPERATOR, draw, view};
use crate::ui::fixtures as made;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::model::action::Stage;
use aerodb_control::model::actor::ActorRole;
use aerodb_control::model::facts::{Fact, Value};
use aerodb_control::model::refusal::{Refusal, RefusalCode};
use aerodb_control::ui::{Page, ProofShown};

async fn overview(viewer: Option<ActorRole>, state: &str) -> String {
    let state = if state == "settled" { made::settled() } else { made::headless(state) };
    draw(viewer, made::overview_page(made::overview(state, "plain"))).await.replace("<!>", "")
}

fn at(html: &str, words: &str) -> usize {
    html.find(words).unwrap_or_else(|| panic!("{words}: {html}"))
}

/// What is not folded away.
fn open_parts(html: &str) -> String {
    let mut parts = html.split("<details");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.filter_map(|part| part.split_once("</details>"));
    rest.fold(first, |all, (_, after)| all + after)
}

#[tokio::test]
async fn a_healthy_overview_has_no_trouble_and_nothing_that_is_drawn_as_stopped() {
    let html = overview(OPERATOR, "settled").await;
    assert!(!html.contains("data-notice=\"trouble\""), "{html}");
    let (_, now) = html.split_once("id=\"now\"").expect("the part");
    let shown = open_parts(now);
    assert!(!shown.contains("data-tone=\"stop\""), "{shown}");
    assert!(!shown.contains("data-verdict=\"fail\""), "{shown}");
    assert!(html.contains("<summary><h2>Unavailable actions</h2></summary>"), "{html}");
}

#[tokio::test]
async fn trouble_stands_before_everything_else_and_a_cause_is_told_once() {
    let html = overview(OPERATOR, "its disk does not answer").await;
    let (_, now) = html.split_once("id=\"now\"").expect("the part");
    assert!(at(now, "data-notice=\"trouble\"") < at(now, "aria-label=\"Cluster\""));
    let (_, trouble) = now.split_once("data-notice=\"trouble\"").expect("it");
    let (trouble, _) = trouble.split_once("</section>").expect("its end");
    let cause = "<strong class=\"cause\"><a href=\"/nodes/n3\">n3</a>: its disk does not answer";
    assert!(trouble.contains(cause), "{trouble}");
    assert!(trouble.contains("<strong class=\"cause\">The control plane was restarted."));
    for says in ["Reachable: no", "Primary: nobody", "Writes: stopped"] {
        assert!(trouble.contains(says), "{says}: {trouble}");
    }
    assert_eq!(trouble.matches("its disk does not answer").count(), 1, "{trouble}");
}

/// Everything as it should be, but for this many voters in reach of whom two are needed.
async fn with_reached(reached: u64) -> String {
    let mut state = made::settled();
    state.facts.set("voters_reached", Fact::Known(Value::Number(reached)));
    draw(OPERATOR, made::overview_page(made::overview(state, "plain"))).await.replace("<!>", "")
}

/// What carries a fact of the cluster: its tone, and all that stands there.
fn tile(html: &str, label: &str) -> (String, String) {
    let (_, rest) = html.split_once("aria-label=\"Cluster\"").expect("the tiles");
    let (before, rest) = rest.split_once(&format!("<dt>{label}</dt>")).expect("the tile");
    let (_, tone) = before.rsplit_once("data-tone=\"").expect("a tone");
    let body = rest.split_once("</dd>").expect("its end").0;
    (tone.split_once('"').expect("its end").0.to_owned(), body.to_owned())
}

/// The cause is not the one calm tile among those that follow from it.
#[tokio::test]
async fn fewer_voters_than_are_needed_are_the_trouble_and_as_many_say_that_no_failure_is_left() {
    let html = with_reached(1).await;
    let (tone, says) = tile(&html, "Reachable voters");
    assert_eq!(tone, "stop");
    assert!(says.contains("Fewer than the 2 that are needed"), "{says}");
    let (_, trouble) = html.split_once("data-notice=\"trouble\"").expect("trouble");
    let (trouble, _) = trouble.split_once("</section>").expect("its end");
    assert!(trouble.contains("class=\"cause\">fewer than the 2 that are needed"), "{trouble}");
    let html = with_reached(2).await;
    let (tone, says) = tile(&html, "Reachable voters");
    assert_eq!(tone, "edge");
    assert!(says.contains("No further failure tolerated"), "{says}");
    assert!(!html.contains("data-notice=\"trouble\""), "nothing has stopped: {html}");
    let (tone, says) = tile(&with_reached(3).await, "Reachable voters");
    assert_eq!((tone.as_str(), says.contains("class=\"margin\"")), ("plain", false), "{says}");
}

/// C8.4: how many are left is not said where it is not known how many are reached.
#[tokio::test]
async fn an_unknown_number_of_voters_is_unknown_and_no_margin() {
    let mut state = made::settled();
    state.facts.set("voters_reached", Fact::unknown(made::at(-5), "no answer"));
    let html = draw(OPERATOR, made::overview_page(made::overview(state, "plain"))).await;
    let (tone, says) = tile(&html.replace("<!>", ""), "Reachable voters");
    assert_eq!(tone, "unknown");
    assert!(!says.contains("class=\"margin\""), "{says}");
}

/// C2.2: facts with links, in the order of the names.
#[tokio::test]
async fn where_nobody_is_primary_the_nodes_that_pass_stand_in_that_tile_unranked() {
    let tile = |html: &str| tile(html, "Primary").1;
    let shown = tile(&overview(OPERATOR, "gone").await);
    let nodes: Vec<_> = ["n1", "n2"].map(|node| at(&shown, &format!(">{node}</a> last "))).into();
    assert!(nodes.is_sorted(), "{shown}");
    assert!(shown.contains("/actions/new?kind=failover&amp;to=n2"), "{shown}");
    assert!(!shown.contains("n3"), "what does not pass is no target: {shown}");
    let shown = tile(&overview(Some(ActorRole::Observer), "gone").await);
    assert!(shown.contains("/nodes/n2") && !shown.contains("/actions/new"), "{shown}");
    let shown = tile(&overview(OPERATOR, "settled").await);
    assert!(!shown.contains("class=\"targets\""), "{shown}");
}

#[tokio::test]
async fn an_explanation_begins_with_verdict_change_and_digest_and_leads_to_the_decision() {
    let answer = made::answer(Stage::Explained, "plain");
    let short: String = answer.digest.to_string().chars().take(12).collect();
    let html = draw(OPERATOR, view(answer)).await.replace("<!>", "");
    let order = [
        "<p class=\"answer\">",
        "3 checks: 3 pass, 0 fail, 0 unknown",
        "Primary n1 -&gt; n2, and 3 more facts",
        &short,
        "href=\"#decision\"",
        "3 checks that pass</summary>",
        "<h3>Effects</h3>",
        "id=\"decision\"",
        "/confirm\"",
        "/withdraw\"",
        "More of the explanation",
        "<h3>Digest</h3>",
    ];
    let places: Vec<_> = order.iter().map(|words| at(&html, words)).collect();
    assert!(places.is_sorted(), "{order:?} {places:?}");
    assert!(!open_parts(&html).contains("data-verdict=\"pass\""), "passing checks are folded");
}

#[tokio::test]
async fn a_rejection_says_what_was_found_before_the_rule_and_its_checks_are_open() {
    let html = draw(OPERATOR, view(made::answer(Stage::Rejected, "n2 is silent"))).await;
    let html = html.replace("<!>", "");
    let rule = EngineInvariant::TargetReachable.id().to_string();
    assert!(at(&html, "<h2>Rejected</h2>") < at(&html, "<dt>Stage</dt>"), "the outcome first");
    let (_, said) = html.split_once("<h2>Rejected</h2>").expect("it");
    assert!(at(said, "Found: n2 is silent.") < at(said, "Required: reachable."), "{said}");
    assert!(at(said, "Required: reachable.") < at(said, &rule), "{said}");
    assert!(open_parts(&html).contains("data-verdict=\"fail\""), "{html}");
    assert!(at(&html, "Checks that do not pass") < at(&html, "Checks that pass"));
}

/// The password manager fills in the account beside the password, and never the target.
#[tokio::test]
async fn the_password_stands_beside_its_account_and_the_focus_where_it_was_refused() {
    let mut shown = crate::ui::all::action_view(made::answer(Stage::Explained, "plain"));
    shown.proof = ProofShown::Asked;
    shown.reader = aerodb_control::model::text::ActorName::parse("maria").ok();
    let mut refusal = Refusal::new(RefusalCode::TargetMistyped, "typed n3");
    refusal.field = Some("typed_target".to_owned());
    shown.refusal = Some(refusal);
    let html = draw(OPERATOR, Page::Action(Box::new(shown))).await;
    let order =
        ["id=\"typed-target\"", "autocomplete=\"username\"", "autocomplete=\"current-password\""];
    let places: Vec<_> = order.iter().map(|words| at(&html, words)).collect();
    assert!(places.is_sorted(), "{places:?}");
    let focused: Vec<_> = html.split('<').filter(|tag| tag.contains(" autofocus")).collect();
    assert!(matches!(focused[..], [one] if one.contains("id=\"typed-target\"")), "{focused:?}");
    assert!(at(&html, "id=\"decision\"") < at(&html, "role=\"alert\""), "beside the field");
    assert!(at(&html, "role=\"alert\"") < at(&html, "id=\"typed-target\""));
}
