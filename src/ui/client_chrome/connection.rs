//! How a page shows whether the server is heard. All words stand in the page; what runs here shows them,
//! counts, and sends no form while nobody would answer.

use super::label_times;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, Event, window};

/// The root of the document carries it once the server was heard; while it is lost the style sheet dims the
/// values.
const STATE: &str = "data-connection";
const LOST: &str = "lost";
const LIVE: &str = "live";
/// The line across the page, and where words are put for whoever hears the page.
const BANNER: &str = "connection";
const SPOKEN: &str = "spoken";
/// The strip, with what the title begins with and what is read out.
const STATUS: &str = "status";
const TROUBLE: &str = "data-trouble";
const SAYS: &str = "data-says";
/// Since when nothing was heard.
const HEARD: &str = "[data-heard]";
/// How many ticks pass between two looks at every time of the page.
const TICKS_FOR_ALL: u32 = 10;

fn document() -> Option<Document> {
    window()?.document()
}

fn by_id(id: &str) -> Option<Element> {
    document()?.get_element_by_id(id)
}

fn root() -> Option<Element> {
    document()?.document_element()
}

fn is_lost() -> bool {
    root().is_some_and(|root| root.get_attribute(STATE).as_deref() == Some(LOST))
}

/// Shows that nothing is heard any more.
pub(in crate::ui) fn lost() {
    if let Some(root) = root() {
        let _ = root.set_attribute(STATE, LOST);
    }
    let banner = by_id(BANNER);
    if let Some(banner) = &banner {
        let _ = banner.remove_attribute("hidden");
    }
    speak(banner.and_then(|banner| banner.get_attribute(SAYS)));
    retitle();
}

/// Shows that the server is heard, for the first time or again.
pub(in crate::ui) fn found(was_lost: bool) {
    if let Some(root) = root() {
        let _ = root.set_attribute(STATE, LIVE);
    }
    if !was_lost {
        return;
    }
    if let Some(banner) = by_id(BANNER) {
        let _ = banner.set_attribute("hidden", "");
    }
    speak(by_id(STATUS).and_then(|status| status.get_attribute(SAYS)));
    retitle();
}

/// Says what a new strip says, where the one before it said something else.
pub(in crate::ui) fn status_replaced(old: &Element, new: &Element) {
    let says = new.get_attribute(SAYS);
    if old.get_attribute(SAYS) != says {
        speak(says);
    }
    retitle();
}

/// Shows how long nothing was heard, and lets the ages go on.
pub(in crate::ui) fn count(silence: f64, tick: u32) {
    let all = tick.is_multiple_of(TICKS_FOR_ALL);
    label_times(if all { "time[datetime]" } else { "#status time[datetime]" });
    let Some(places) = document().and_then(|d| d.query_selector_all(HEARD).ok()) else { return };
    let words = super::span(silence);
    for number in 0..places.length() {
        let place = places.item(number).and_then(|node| node.dyn_into::<Element>().ok());
        if let Some(place) = place {
            place.set_text_content(Some(&words));
        }
    }
}

/// Keeps forms that write from being sent while nobody would answer: what hangs would run later (C2.4).
pub(in crate::ui) fn guard() {
    let Some(document) = document() else { return };
    let submit = Closure::<dyn Fn(Event)>::new(|event: Event| {
        let form = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let writes =
            form.and_then(|form| form.get_attribute("method")).is_some_and(|m| m == "post");
        if writes && is_lost() {
            event.prevent_default();
            if let Some(banner) = by_id(BANNER) {
                banner.scroll_into_view();
            }
        }
    });
    let submit = submit.into_js_value();
    let _ = document.add_event_listener_with_callback("submit", submit.unchecked_ref());
}

fn retitle() {
    let (Some(document), Some(banner)) = (document(), by_id(BANNER)) else { return };
    let Some(base) = banner.get_attribute("data-title") else { return };
    let lost = Some(banner).filter(|_| is_lost()).and_then(|banner| banner.get_attribute(TROUBLE));
    let trouble = by_id(STATUS).and_then(|status| status.get_attribute(TROUBLE));
    let before: String = [lost, trouble]
        .into_iter()
        .flatten()
        .filter(|words| !words.is_empty())
        .map(|words| words + " · ")
        .collect();
    document.set_title(&(before + &base));
}

fn speak(words: Option<String>) {
    if let Some(place) = by_id(SPOKEN) {
        place.set_text_content(words.as_deref());
    }
}
