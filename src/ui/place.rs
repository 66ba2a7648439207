//! A part of a page that the server drew, put in place of another.
//!
//! What is put in place was read as a document of its own: nothing in it is loaded, and no script of it
//! runs, in place or before. It has none, and the policy of the page would refuse one.

use crate::ui::client_chrome;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Function, Promise, Reflect};
use web_sys::{AddEventListenerOptions, Document, DomParser, Element, SupportedType, window};

/// What makes an island that came with a new part live. The framework's own script defines it.
const HYDRATE: &str = "__hydrateIsland";

/// The element with this id in a text of HTML; nothing where it has none, as a refusal.
pub(super) fn part(html: &str, id: &str) -> Option<Element> {
    read(html)?.get_element_by_id(id)
}

/// Every part in a text of HTML: the elements of its body, all of which have an id.
pub(super) fn parts(html: &str) -> Option<Vec<Element>> {
    let found = read(html)?.query_selector_all("body > [id]").ok()?;
    (0..found.length()).map(|number| found.item(number)?.dyn_into().ok()).collect()
}

fn read(html: &str) -> Option<Document> {
    DomParser::new().ok()?.parse_from_string(html, SupportedType::TextHtml).ok()
}

/// Puts the new part in place of the old one, and brings its islands to life.
pub(super) fn put(old: &Element, new: &Element) -> Option<()> {
    let hydrate = Reflect::get(&window()?.into(), &JsValue::from_str(HYDRATE)).ok()?;
    let hydrate = hydrate.dyn_into::<Function>().ok()?;
    old.replace_with_with_node_1(new).ok()?;
    let islands = new.query_selector_all("leptos-island").ok()?;
    for number in 0..islands.length() {
        let island: Element = islands.item(number)?.unchecked_into();
        let name = island.get_attribute("data-component")?;
        hydrate.call2(&JsValue::NULL, &island, &JsValue::from_str(&name)).ok()?;
    }
    client_chrome::label_all_times();
    Some(())
}

/// Ends when the pointer is let go, and what the press leads to is done.
pub(super) async fn released() -> Option<()> {
    let window = window()?;
    let promise = Promise::new(&mut |resolve, _| {
        let once = AddEventListenerOptions::new();
        once.set_once(true);
        for event in ["pointerup", "pointercancel"] {
            let _ = window.add_event_listener_with_callback_and_add_event_listener_options(
                event, &resolve, &once,
            );
        }
    });
    JsFuture::from(promise).await.ok()?;
    // The click comes after the pointer is up: let the browser finish it.
    let promise = Promise::new(&mut |resolve, _| {
        let _ = window.set_timeout_with_callback(&resolve);
    });
    JsFuture::from(promise).await.ok().map(|_| ())
}
