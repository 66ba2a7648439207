//! Every page, drawn through the door that the server uses.

use crate::ui::all::{OPERATOR, draw, every_page, new_action, options, refusal, view};
use crate::ui::fixtures as made;
use aerodb_control::kernel::embedded::spec::facts::EPOCH;
use aerodb_control::model::action::Stage;
use aerodb_control::model::actor::ActorRole;
use aerodb_control::model::answer::Overview;
use aerodb_control::model::facts::Fact;
use aerodb_control::model::spec::PRIMARY;
use aerodb_control::ui::{Page, SignIn};
use aerodb_control::web::render;
use axum::http::StatusCode;
use leptos::config::LeptosOptions;
use made::HOSTILE;
use std::collections::BTreeSet;

/// C5.1.
#[tokio::test]
async fn the_same_data_give_the_same_bytes_fifty_times() {
    for (name, page) in every_page("the node does not answer") {
        let first = draw(OPERATOR, page.clone()).await;
        for _ in 0..49 {
            assert_eq!(draw(OPERATOR, page.clone()).await, first, "{name}");
        }
    }
}

#[tokio::test]
async fn hostile_text_is_inert_on_every_page() {
    for (name, page) in every_page(HOSTILE) {
        let html = without_props(&draw(OPERATOR, page).await);
        assert!(!html.contains("<script>alert"), "{name}");
        for tag in html.split('<').filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
            assert!(!tag.contains("\" onload="), "{name}: an attribute was broken out of: {tag}");
        }
        assert!(!html.contains(['\u{202e}', '\u{1b}']), "{name}: a character that hides text");
        let scripts = html.matches("<script").count();
        assert_eq!(scripts, html.matches("nonce=\"NONCE\"").count(), "{name}: {html}");
    }
}

/// The document without the values that its live parts were drawn from: they are one escaped
/// attribute each, which nothing displays.
fn without_props(html: &str) -> String {
    let mut parts = html.split(" data-props=\"");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (props, rest) = part.split_once('"').unwrap();
        assert!(!props.contains(['<', '"']), "props are escaped: {props}");
        out.push_str(rest);
    }
    out
}

#[tokio::test]
async fn an_observer_and_an_auditor_find_no_form_but_sign_out() {
    for role in [ActorRole::Observer, ActorRole::Auditor] {
        for (name, page) in every_page("plain") {
            if !page.is_live() {
                continue;
            }
            let html = draw(Some(role), page).await;
            // A form that asks with GET leads to a page and changes nothing.
            let asking = html.matches("<form method=\"get\"").count();
            assert_eq!(html.matches("<form").count() - asking, 1, "{name}");
            assert!(html.contains("action=\"/logout\""), "{name}");
            assert!(!html.contains("href=\"/actions/new"), "{name}: {role}");
        }
    }
}

#[tokio::test]
async fn a_confirmation_is_offered_only_while_one_is_waited_for() {
    for stage in Stage::ALL {
        let html = draw(OPERATOR, view(made::answer(stage, "plain"))).await;
        let offered = html.contains("/confirm\"");
        assert_eq!(offered, stage.waits(), "{stage}");
        assert_eq!(html.contains("/withdraw\""), stage.waits(), "{stage}");
        assert_eq!(html.contains("/resolve\""), stage == Stage::Unknown, "{stage}");
    }
}

/// C2.4.
#[tokio::test]
async fn nothing_is_typed_ticked_or_focused_for_the_operator() {
    let html = draw(OPERATOR, view(made::answer(Stage::Explained, "plain"))).await;
    let (_, field) = html.split_once("id=\"typed-target\"").unwrap();
    let (field, _) = field.split_once('>').unwrap();
    assert!(!field.contains("value"), "{field}");
    assert!(ticked(&html).is_empty());
    // The first focus is on a link that leads to what there is to read, and on nothing that asks.
    let focused: Vec<_> = html.split('<').filter(|tag| tag.contains(" autofocus")).collect();
    let [focused] = focused[..] else { panic!("one, and one only: {focused:?}") };
    assert!(focused.starts_with("a href=\"#decision\""), "{focused}");
    assert!(html.contains("Runs this once, on staging aerodb: switchover to n2."), "{html}");
    assert!(html.contains(" to confirm, on "), "{html}");
    let html = draw(OPERATOR, new_action(None, "plain")).await;
    assert!(ticked(&html).is_empty(), "no node is chosen because of its state");
    let html = draw(OPERATOR, new_action(Some("n3"), "plain")).await;
    let ticked = ticked(&html);
    assert!(matches!(ticked[..], [one] if one.contains("value=\"n3\"")), "{ticked:?}");
}

fn ticked(html: &str) -> Vec<&str> {
    let inputs = html.split("<input").skip(1).filter_map(|rest| rest.split_once('>'));
    inputs.map(|(input, _)| input).filter(|input| input.contains(" checked")).collect()
}

/// C8.4.
#[tokio::test]
async fn what_could_not_be_read_is_the_word_unknown_with_since_and_why() {
    let mut state = made::headless("its disk does not answer");
    state.facts.set(EPOCH, Fact::unknown(made::at(-60), "no voter answers"));
    state.facts.set(PRIMARY, Fact::unknown(made::at(-61), "no voter answers"));
    let html = draw(None, made::overview_page(made::overview(state, "plain"))).await;
    let html = without_props(&html);
    let since = made::at(-60).to_string();
    let epoch = format!(
        "<dt>Epoch</dt><dd><span class=\"unknown\"><strong>unknown</strong><small> since \
         <time datetime=\"{since}\">{since}</time>, because no voter answers</small></span></dd>"
    );
    let plain = html.replace("<!>", "");
    assert!(plain.contains(&epoch), "{plain}");
    let (_, row) = plain.split_once("<th scope=\"row\"><a href=\"/nodes/n3\">n3</a></th>").unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    assert_eq!(row.matches("<strong>unknown</strong>").count(), 6, "{row}");
    assert_eq!(row.matches("its disk does not answer").count(), 1, "the reason stands once");
    assert!(!row.contains(">0<"), "{row}");
}

#[tokio::test]
async fn every_page_has_one_heading_a_language_and_the_name_of_its_place() {
    for (name, page) in every_page("plain") {
        let title = page.title(crate::kernel_words::CATALOGUE);
        let html = draw(OPERATOR, page).await;
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert!(html.contains("<html lang=\"en\">"), "{name}");
        let head = format!("<title>{title} · staging aerodb · AeroDB control plane</title>");
        assert!(html.contains(&head), "{name}");
        assert!(html.contains("<dd>staging</dd>") && html.contains("<dd>aerodb</dd>"), "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert_eq!(html.matches("<table").count(), html.matches("<caption>").count(), "{name}");
        assert_eq!(html.matches("<table").count(), html.matches("<tbody>").count(), "{name}");
    }
}

/// C2.2.
#[tokio::test]
async fn no_page_reassures_recommends_or_carries_a_style_or_a_secret() {
    for (name, page) in every_page("plain") {
        let html = without_props(&draw(OPERATOR, page).await).to_lowercase();
        for banned in ["healthy", " safe", "all good", "recommend", "should ", "force"] {
            assert!(!html.contains(banned), "{name}: {banned}");
        }
        assert!(!html.contains(" style=") && !html.contains("secret-of-the-session"), "{name}");
    }
}

/// C2.6, C3.4.
#[tokio::test]
async fn a_difference_from_the_explanation_is_never_shown_as_agreement() {
    let differs = vec![made::moved(Some("n2"), "role", "primary", "standby")];
    let html = draw(OPERATOR, view(made::executed(differs))).await;
    assert!(html.contains("Executed once, with differences"));
    assert!(!html.contains("as explained</h2>"));
    let html = draw(OPERATOR, view(made::executed(Vec::new()))).await;
    assert!(html.contains("Executed once, as explained"));
}

#[tokio::test]
async fn a_stale_action_names_each_moved_fact_and_offers_a_new_request() {
    let mut answer = made::answer(Stage::Stale, "plain");
    answer.moved = vec![made::moved(Some("n2"), "reachable", true, false)];
    let html = draw(OPERATOR, view(answer)).await;
    assert!(html.contains("<code>n2 reachable: yes -&gt; no</code>"), "{html}");
    assert!(html.contains("/actions/new?kind=switchover&amp;to=n2"));
}

#[tokio::test]
async fn a_page_of_another_status_keeps_its_status() {
    let page = Page::Refused(Box::new(refusal("plain")));
    let frame = made::frame(None);
    let response = render::page(&options(), frame, page, StatusCode::CONFLICT).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_page_without_live_parts_loads_no_script() {
    let html = draw(None, Page::SignIn(SignIn::default())).await;
    assert!(!html.contains("<script") && !html.contains("modulepreload"), "{html}");
}

#[test]
fn what_the_browser_reads_is_what_the_server_drew() {
    for state in [made::settled(), made::headless("plain"), made::crowd()] {
        let overview = made::overview(state, "plain");
        let json = serde_json::to_string(&overview).unwrap();
        assert_eq!(serde_json::from_str::<Overview>(&json).unwrap(), overview);
    }
}

#[test]
fn no_part_of_the_console_defines_a_server_function_or_a_router() {
    fn visit(dir: &std::path::Path, found: &mut usize) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                for banned in ["#[server", "leptos_router", "ServerAction", "ActionForm"] {
                    assert!(!text.contains(banned), "{}: {banned}", path.display());
                }
                *found += 1;
            }
        }
    }
    let mut found = 0;
    visit(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui"), &mut found);
    assert!(found > 20, "the console was looked at: {found} files");
}

/// A style that nothing uses is as wrong as a class that has no style.
#[tokio::test]
async fn every_class_of_a_page_has_a_style_and_every_style_a_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let css = std::fs::read_to_string(root.join("style/main.css")).unwrap();
    let css = css.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest));
    let css: String = css.collect();
    let name = |text: &str| {
        let end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        text.split(end).next().unwrap_or_default().to_owned()
    };
    let selectors = css.split(['}', ';']).filter_map(|rule| rule.rsplit_once('{'));
    let styled: BTreeSet<String> = selectors
        .flat_map(|(selector, _)| selector.split('.').skip(1).map(name).collect::<Vec<_>>())
        .collect();
    let mut used = BTreeSet::new();
    let mut pages = every_page("plain");
    pages.push(("resolved", made::overview_page(made::overview(made::settled(), "plain"))));
    for (_, page) in pages {
        let html = without_props(&draw(OPERATOR, page).await);
        for classes in html.split(" class=\"").skip(1) {
            let (classes, _) = classes.split_once('"').unwrap();
            used.extend(classes.split(' ').map(str::to_owned));
        }
    }
    assert_eq!(styled, used);
    assert!(!css.contains("!important"));
}

#[test]
fn a_site_without_its_files_is_refused_before_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("pkg");
    std::fs::create_dir(&package).unwrap();
    let options = LeptosOptions::builder()
        .output_name("aerodb-control")
        .site_root(folder.path().to_str().unwrap())
        .build();
    for kind in ["js", "wasm", "css"] {
        let error = render::check_site(&options).unwrap_err().to_string();
        assert!(error.contains(&format!("aerodb-control.{kind}")), "{error}");
        std::fs::write(package.join(format!("aerodb-control.{kind}")), "").unwrap();
    }
    render::check_site(&options).unwrap();
}

/// Writes pages for eyes to look at, beside the style sheet, into a folder that is not kept.
#[tokio::test]
async fn every_page_can_be_looked_at() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/preview");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(root.join("style/main.css"), folder.join("main.css")).unwrap();
    let mut pages = every_page("the node does not answer");
    let plain = |state| made::overview_page(made::overview(state, "the node is primary"));
    pages.push(("overview-settled", plain(made::settled())));
    pages.push(("overview-crowd", plain(made::crowd())));
    pages.push(("executed-as-explained", view(made::executed(Vec::new()))));
    pages.push(("explained-plain", view(made::answer(Stage::Explained, "reachable"))));
    for (name, page) in pages {
        let html = draw(OPERATOR, page).await;
        let html = html.replace("/pkg/aerodb-control.css", "main.css");
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
    }
}
