//! The browser's ear: an event stream that carries ids, and a reading after each.
//!
//! There is no timer here. The browser opens a lost stream again by itself; while one reading is
//! under way, any number of events lead to one more, so a busy cluster cannot pile readings up.

use crate::model::answer::{Overview, Present};
use crate::ui::live::Event;
use gloo_net::http::Request;
use leptos::task::spawn_local;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// Where the server says that something changed.
const EVENTS: &str = "/api/v1/events";
/// Where the overview is read.
const OVERVIEW: &str = "/api/v1/overview";

/// Listens until the page is left. Where the stream cannot be opened at all, that is `Lost`.
pub(super) fn listen(on: impl Fn(Event) + 'static) {
    let Ok(source) = EventSource::new(EVENTS) else {
        on(Event::Lost);
        return;
    };
    let on = Rc::new(on);
    let heard = Rc::clone(&on);
    let changed = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let present = message.data().as_string().and_then(|text| Present::parse(&text));
        heard(Event::Present(present));
    });
    let gone = Rc::clone(&on);
    let lost = Closure::<dyn Fn()>::new(move || gone(Event::Lost));
    source.set_onerror(Some(lost.as_ref().unchecked_ref()));
    let listening =
        source.add_event_listener_with_callback("changed", changed.as_ref().unchecked_ref());
    if listening.is_err() {
        on(Event::Lost);
    }
    // An island lives as long as its page, and so do its ears.
    changed.forget();
    lost.forget();
}

/// One reading at a time, and whether another one is due after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Idle,
    Busy,
    BusyAndDue,
}

/// Hands over the overview whenever the stream opens and after each change, so that nothing that
/// happened in between is missed; `None` where it could not be read.
pub(super) fn overviews(read: impl Fn(Option<Overview>) + 'static, lost: impl Fn() + 'static) {
    let read: Rc<dyn Fn(Option<Overview>)> = Rc::new(read);
    let reading = Rc::new(Cell::new(Reading::Idle));
    listen(move |event| match event {
        Event::Present(_) => ask(&reading, &read),
        Event::Lost => lost(),
    });
}

fn ask(reading: &Rc<Cell<Reading>>, read: &Rc<dyn Fn(Option<Overview>)>) {
    if reading.get() != Reading::Idle {
        reading.set(Reading::BusyAndDue);
        return;
    }
    let (reading, read) = (Rc::clone(reading), Rc::clone(read));
    spawn_local(async move {
        reading.set(Reading::BusyAndDue);
        while reading.get() == Reading::BusyAndDue {
            reading.set(Reading::Busy);
            read(overview().await);
        }
        reading.set(Reading::Idle);
    });
}

async fn overview() -> Option<Overview> {
    let response = Request::get(OVERVIEW).send().await.ok()?;
    if !response.ok() {
        return None;
    }
    response.json().await.ok()
}
