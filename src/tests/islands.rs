//! What of `ui` the browser has: islands, which put in place what the server drew, and know no cluster.

use crate::source::files::{Source, rust};
use crate::source::layers::places;

/// The islands, and what they are made of: all of `ui` that the browser has.
const ISLANDS: [&str; 6] = ["client_chrome", "copy", "filter", "live", "place", "verify"];

/// What of `ui` is built for the browser, by its door.
fn built_for_the_browser(door: &str) -> Vec<&str> {
    let lines: Vec<_> = door.lines().collect();
    let is_for_all = |pair: &&[&str]| !pair.concat().contains("cfg(feature = \"ssr\")");
    let modules = lines.windows(2).filter(is_for_all).filter_map(|pair| {
        let line = pair.last()?.trim_start_matches("pub ");
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    modules.collect()
}

/// What an island may not name: a page, a component, or a value that the server draws.
fn drawn_by(source: &Source) -> Vec<String> {
    let banned = [
        "ui::components",
        "ui::pages",
        "ui::parts",
        "ui::views",
        "Overview",
        "ClusterState",
        "NodeState",
        "Pinned",
        "Explanation",
        "Progress",
        "model::cluster",
        "model::pinned",
    ];
    let found = source.code().filter_map(|(number, line)| {
        let word = banned.iter().find(|word| line.contains(**word))?;
        Some(format!("{}:{number}: {word}", source.path))
    });
    found.collect()
}

/// There is one drawing, on the server: what the browser has puts parts in place and knows no cluster.
#[test]
fn the_browser_has_islands_and_no_page_component_nor_value_of_the_cluster() {
    let all = rust();
    let door = all.iter().find(|source| source.path == "src/ui.rs").expect("the door");
    let mut built = built_for_the_browser(&door.text);
    built.sort_unstable();
    assert_eq!(built, ISLANDS);
    let is_island = |source: &&Source| {
        let inner = source.path.strip_prefix("src/ui/").unwrap_or_default();
        let first = inner.split('/').next().unwrap_or_default();
        ISLANDS.contains(&first.trim_end_matches(".rs")) || source.room() == Some("browser")
    };
    let islands: Vec<_> = all.iter().filter(is_island).collect();
    assert!(islands.len() >= 12, "{} files", islands.len());
    let found: Vec<_> = islands.into_iter().flat_map(drawn_by).collect();
    assert_eq!(found, Vec::<String>::new());
    let elsewhere = places("#[island]")
        .into_iter()
        .filter(|path| !ISLANDS.iter().any(|island| *path == format!("src/ui/{island}.rs")));
    assert_eq!(elsewhere.collect::<Vec<_>>(), Vec::<String>::new());
    let text = "use crate::model::answer::Overview;".to_owned();
    assert_eq!(drawn_by(&Source { path: "src/ui/live.rs".to_owned(), text }).len(), 1);
    assert_eq!(built_for_the_browser("// It draws.\npub mod pages;"), ["pages"]);
}
