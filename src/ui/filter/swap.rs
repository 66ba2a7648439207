//! The search form of a page, answered in place.

use crate::ui::place;
use gloo_net::http::Request;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::js_sys::{Array, try_iter};
use web_sys::{Element, Event, FormData, HtmlFormElement, UrlSearchParams, window};

/// The form, the part that it changes, and how many rows are there.
const FORM: &str = "form[role=search]";
const FOUND: &str = "found";
const SAYS: &str = "data-says";

/// What is shown, and which of the requests is the last one.
#[derive(Default)]
struct SwapState {
    search: RefCell<String>,
    asked: Cell<u32>,
}

/// Listens until the page is left.
pub(super) fn listen(say: impl Fn(String) + Clone + 'static) {
    let Some(form) = window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector(FORM).ok().flatten())
        .and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
    else {
        return;
    };
    let shown = Rc::new(SwapState::default());
    *shown.search.borrow_mut() = search();
    let asked = form.clone();
    let (now, back) = (Rc::clone(&shown), shown);
    let sent = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        let Some(address) = address(&asked) else { return };
        event.prevent_default();
        let number = now.asked.get().wrapping_add(1);
        now.asked.set(number);
        let (now, say) = (Rc::clone(&now), say.clone());
        spawn_local(async move {
            let part = fetch(&address).await;
            // A later one was sent meanwhile: that one is shown.
            if now.asked.get() != number {
                return;
            }
            match part.as_ref().and_then(|part| put(part, &address)) {
                Some(words) => {
                    *now.search.borrow_mut() = search();
                    say(words);
                }
                None => load(&address),
            }
        });
    });
    let _ = form.add_event_listener_with_callback("submit", sent.as_ref().unchecked_ref());
    sent.forget();
    // Back and forward lead to addresses whose part is not here any more. A jump within the page
    // is told in the same way, and changes nothing.
    let moved = Closure::<dyn Fn(Event)>::new(move |_: Event| {
        let is_elsewhere = *back.search.borrow() != search();
        if let Some(window) = window().filter(|_| is_elsewhere) {
            let _ = window.location().reload();
        }
    });
    if let Some(window) = window() {
        let _ = window.add_event_listener_with_callback("popstate", moved.as_ref().unchecked_ref());
    }
    moved.forget();
}

/// The address that the form asks for, without the fields that are empty.
fn address(form: &HtmlFormElement) -> Option<String> {
    let fields = UrlSearchParams::new().ok()?;
    let typed = FormData::new_with_form(form).ok()?;
    for pair in try_iter(&typed).ok().flatten()? {
        let pair: Array = pair.ok()?.unchecked_into();
        let (name, value) = (pair.get(0).as_string()?, pair.get(1).as_string()?);
        if !value.is_empty() {
            fields.append(&name, &value);
        }
    }
    let path = form.get_attribute("action")?;
    let fields = String::from(fields.to_string());
    Some(if fields.is_empty() { path } else { format!("{path}?{fields}") })
}

/// The part of the page at this address; nothing where it is a refusal, or cannot be read.
async fn fetch(address: &str) -> Option<Element> {
    let response = Request::get(address).header("accept", "text/html").send().await.ok()?;
    if !response.ok() {
        return None;
    }
    place::part(&response.text().await.ok()?, FOUND)
}

/// Puts the part in place of the old one, and says how much it shows.
fn put(part: &Element, address: &str) -> Option<String> {
    let window = window()?;
    let old = window.document()?.get_element_by_id(FOUND)?;
    let history = window.history().ok()?;
    history.push_state_with_url(&JsValue::NULL, "", Some(address)).ok()?;
    place::put(&old, part)?;
    part.get_attribute(SAYS)
}

/// What stands after the question mark of the address.
fn search() -> String {
    window().and_then(|window| window.location().search().ok()).unwrap_or_default()
}

/// Goes to the address as without a script.
fn load(address: &str) {
    if let Some(window) = window() {
        let _ = window.location().set_href(address);
    }
}
