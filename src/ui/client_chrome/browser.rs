//! The window of the browser: its keys, its focus, its clock.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::js_sys::Date;
use web_sys::{
    Document, Element, HtmlDetailsElement, HtmlDialogElement, HtmlElement, KeyboardEvent, window,
};

/// The palette, which no page has before it is asked for.
const PALETTE: &str = "/palette.js";
const PALETTE_ID: &str = "palette";

/// The field that searches the log, and where it is.
const SEARCH: &str = "filter-text";
const SEARCH_PAGE: &str = "/log#filter-text";

/// What somebody may be typing into on a page, and would lose by going elsewhere.
const TYPED: &str = "main form[method=post] :is(input:not([type=hidden]), select)";

/// The local time, and the age when it is drawn; nothing for what is no time.
fn local_time_label(at: &str) -> Option<String> {
    let (then, now) = (Date::new_0(), Date::new_0());
    then.set_time(Date::parse(at));
    if then.get_time().is_nan() {
        return None;
    }
    // The Swedish form is year-month-day and 24 hours, which nobody misreads.
    let local = then.to_locale_string("sv-SE", &wasm_bindgen::JsValue::UNDEFINED);
    let local = local.as_string()?;
    let today = now.to_locale_string("sv-SE", &wasm_bindgen::JsValue::UNDEFINED).as_string()?;
    let (day, clock) = local.split_once(' ')?;
    let is_today = today.split_once(' ').is_some_and(|(today, _)| today == day);
    let local = if is_today { clock } else { local.as_str() };
    Some(format!("{local} here, {}", age((now.get_time() - then.get_time()) / 1000.0)))
}

/// An age.
fn age(seconds: f64) -> String {
    let span = span(seconds.abs());
    if seconds < -1.0 { format!("{span} ahead") } else { format!("{span} old") }
}

/// A span of time in the largest unit of which there are two, so that it is never more than half wrong.
pub(in crate::ui::client_chrome) fn span(seconds: f64) -> String {
    let (size, unit) = match seconds {
        s if s < 120.0 => (1.0, "s"),
        s if s < 7_200.0 => (60.0, "min"),
        s if s < 172_800.0 => (3_600.0, "h"),
        _ => (86_400.0, "days"),
    };
    format!("{} {unit}", (seconds / size).floor())
}

/// Puts the local time beside every time of the page. An attribute only: the style sheet shows it, and
/// no node of another live part is touched.
pub(in crate::ui) fn label_all_times() {
    label_times("time[datetime]");
}

/// The same for the times that a selector names.
pub(in crate::ui::client_chrome) fn label_times(selector: &str) {
    let Some(document) = document() else { return };
    let Ok(times) = document.query_selector_all(selector) else { return };
    for number in 0..times.length() {
        let Some(time) = times.item(number).and_then(|node| node.dyn_into::<Element>().ok()) else {
            continue;
        };
        let words = time.get_attribute("datetime").and_then(|at| local_time_label(&at));
        if let Some(words) = words {
            let _ = time.set_attribute("data-local", &words);
        }
    }
}

/// Listens until the page is left. A key that is typed into a field belongs to the field.
pub(super) fn listen(dialog: impl Fn() -> Option<HtmlDialogElement> + 'static) {
    let Some(document) = document() else { return };
    let pressed = Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && event.key() == "k" {
            event.prevent_default();
            load_palette();
            return;
        }
        let modified = event.ctrl_key() || event.alt_key() || event.meta_key();
        if modified || is_typing() || event.default_prevented() {
            return;
        }
        match event.key().as_str() {
            "?" => {
                if let Some(dialog) = dialog().filter(|dialog| !dialog.open()) {
                    event.prevent_default();
                    let _ = dialog.show_modal();
                }
            }
            "/" => {
                event.prevent_default();
                search();
            }
            _ => {}
        }
    });
    let _ = document.add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
    // It lives as long as the page.
    pressed.forget();
}

/// Loads the script of the palette, once: it opens the palette, and listens itself from then on.
fn load_palette() {
    let Some(document) = document().filter(|d| d.get_element_by_id(PALETTE_ID).is_none()) else {
        return;
    };
    let (Ok(script), Some(body)) = (document.create_element("script"), document.body()) else {
        return;
    };
    script.set_id(PALETTE_ID);
    let _ = script.set_attribute("src", PALETTE);
    let _ = body.append_child(&script);
}

/// Closes the list of keys.
pub(super) fn close(dialog: Option<HtmlDialogElement>) {
    if let Some(dialog) = dialog {
        dialog.close();
    }
}

fn document() -> Option<Document> {
    window()?.document()
}

fn is_typing() -> bool {
    let focused = document().and_then(|document| document.active_element());
    focused.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

/// Moves the focus to the search of the log, which may be on another page; nobody is taken there from a page
/// with something to fill in.
fn search() {
    let field = document().and_then(|document| document.get_element_by_id(SEARCH));
    let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) else {
        let is_form = document().is_some_and(|d| !matches!(d.query_selector(TYPED), Ok(None)));
        if let Some(window) = window().filter(|_| !is_form) {
            let _ = window.location().set_href(SEARCH_PAGE);
        }
        return;
    };
    let around = field.closest("details").ok().flatten();
    if let Some(details) = around.and_then(|around| around.dyn_into::<HtmlDetailsElement>().ok()) {
        details.set_open(true);
    }
    let _ = field.focus();
}
