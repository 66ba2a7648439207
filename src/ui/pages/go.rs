//! `GET /go`: every place that a reader can go to, as one list. The palette shows the same list over a page.

use crate::model::actor::ActorRole;
use crate::ui::components::words::{self, escaped};
use crate::ui::{Frame, NavItem, pages};
use leptos::prelude::*;

/// A place, and the words that it is found by.
struct Destination {
    words: String,
    address: String,
}

impl Destination {
    fn new(words: impl Into<String>, address: impl Into<String>) -> Self {
        Self { words: words.into(), address: address.into() }
    }

    /// Whether each of the words stands in it, in whatever case.
    fn has(&self, typed: &str) -> bool {
        let text = self.words.to_lowercase();
        typed.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The list, or what is left of it by what was typed.
pub(super) fn go(frame: &Frame, typed: &str) -> AnyView {
    let groups = groups(frame).map(|(title, places)| {
        (title, places.into_iter().filter(|place| place.has(typed)).collect::<Vec<_>>())
    });
    let count = groups.iter().map(|(_, places)| places.len()).sum::<usize>();
    let groups = groups.into_iter().filter(|(_, places)| !places.is_empty());
    let groups = groups.map(|(title, places)| group(title, places)).collect_view();
    view! {
        <section id="go">
            <form class="form" method="get" action="/go">
                <p class="field">
                    <label for="go-text">"Page, node or form"</label>
                    <input
                        type="text"
                        id="go-text"
                        name="q"
                        value=escaped(typed)
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                    />
                </p>
                <button type="submit">"Find"</button>
            </form>
            <p role="status">{words::counted(count, "place")}</p>
            {groups}
        </section>
    }
    .into_any()
}

fn group(title: &'static str, places: Vec<Destination>) -> AnyView {
    let items = places.into_iter().map(|place| {
        view! {
            <li>
                <a href=place.address>{escaped(&place.words)}</a>
            </li>
        }
    });
    view! {
        <section>
            <h2>{title}</h2>
            <ul>{items.collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// In the order of the navigation, of the nodes and of the catalogue, whatever the state is (C2.2).
fn groups(frame: &Frame) -> [(&'static str, Vec<Destination>); 3] {
    let viewer = frame.viewer();
    let entries = viewer.map_or(&[][..], NavItem::of).iter();
    let mut places: Vec<_> =
        entries.map(|item| Destination::new(item.word(), item.address())).collect();
    places.push(Destination::new("Reference: what can go wrong", "/reference/failures"));
    places.push(Destination::new("Help", "/help"));
    if viewer == Some(ActorRole::Auditor) && pages::is_whole(frame) {
        places.push(Destination::new("Access: all", "/access/all"));
    }
    let nodes = frame.nodes();
    let nodes =
        nodes.iter().map(|id| Destination::new(format!("Node {id}"), format!("/nodes/{id}")));
    let form = |kind, title: &str| {
        Destination::new(format!("Request: {title}"), format!("/actions/new?kind={kind}"))
    };
    let forms = words::catalogue().actions().map(|entry| form(entry.kind, entry.title));
    let forms = if viewer == Some(ActorRole::Operator) { forms.collect() } else { Vec::new() };
    [("Pages", places), ("Nodes", nodes.collect()), ("Forms", forms)]
}
