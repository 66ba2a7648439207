//! The browser's ear: an event stream that carries ids, and a reading after each.
//!
//! There is no timer here. The browser opens a lost stream again by itself; while one reading is
//! under way, any number of events lead to one more, so a busy cluster cannot pile readings up.

use super::carry::Carried;
use crate::model::answer::StateVersion;
use crate::ui::live::{Following, StreamEvent};
use crate::ui::place;
use gloo_net::http::Request;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, EventSource, MessageEvent, window};

/// Where the server says that something changed.
const EVENTS: &str = "/api/v1/events";
/// What a part says while it is followed, and once it is not.
const LIVE: &str = "data-live";
const LOST: &str = "data-lost";
/// The answer to somebody who has the part already.
const NOT_MODIFIED: u16 = 304;

/// Listens until the page is left. Where the stream cannot be opened at all, that is `Lost`.
pub(super) fn listen(on: impl Fn(StreamEvent) + 'static) {
    let Ok(source) = EventSource::new(EVENTS) else {
        on(StreamEvent::Lost);
        return;
    };
    let on = Rc::new(on);
    let heard = Rc::clone(&on);
    let changed = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let present = message.data().as_string().and_then(|text| StateVersion::parse(&text));
        heard(StreamEvent::Present(present));
    });
    let gone = Rc::clone(&on);
    let lost = Closure::<dyn Fn()>::new(move || gone(StreamEvent::Lost));
    source.set_onerror(Some(lost.as_ref().unchecked_ref()));
    let listening =
        source.add_event_listener_with_callback("changed", changed.as_ref().unchecked_ref());
    if listening.is_err() {
        on(StreamEvent::Lost);
    }
    // An island lives as long as its page, and so do its ears.
    changed.forget();
    lost.forget();
}

/// One reading at a time, and whether another one is due after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FetchState {
    Idle,
    Busy,
    BusyAndDue,
}

/// A part of the page that is followed.
struct FollowedPart<F> {
    id: String,
    at: String,
    /// The tag of what is shown, where it has one.
    tag: RefCell<Option<String>>,
    reading: Cell<FetchState>,
    /// Whether the stream is open, as far as the browser knows.
    is_open: Cell<bool>,
    says: F,
}

/// Fetches the part whenever the stream opens and after each change, so that nothing that happened in
/// between is missed, and puts it in place. A part that could not be fetched is left as it was, and
/// said to be lost.
pub(super) fn follow(part: String, at: String, says: impl Fn(Following) + 'static) {
    let part = Rc::new(FollowedPart {
        id: part,
        at,
        tag: RefCell::default(),
        reading: Cell::new(FetchState::Idle),
        is_open: Cell::new(false),
        says,
    });
    listen(move |event| {
        part.is_open.set(event != StreamEvent::Lost);
        match event {
            StreamEvent::Present(_) => ask(&part),
            StreamEvent::Lost => part.say(false),
        }
    });
}

fn ask<F: Fn(Following) + 'static>(part: &Rc<FollowedPart<F>>) {
    if part.reading.get() != FetchState::Idle {
        part.reading.set(FetchState::BusyAndDue);
        return;
    }
    part.reading.set(FetchState::BusyAndDue);
    let part = Rc::clone(part);
    spawn_local(async move {
        while part.reading.get() == FetchState::BusyAndDue {
            part.reading.set(FetchState::Busy);
            let is_read = part.read().await.is_some();
            // It may have been lost while the answer was on its way.
            part.say(is_read && part.is_open.get());
        }
        part.reading.set(FetchState::Idle);
    });
}

impl<F: Fn(Following)> FollowedPart<F> {
    /// The element as it stands in the page.
    fn shown(&self) -> Option<Element> {
        window()?.document()?.get_element_by_id(&self.id)
    }

    fn say(&self, is_live: bool) {
        let name = if is_live { LIVE } else { LOST };
        let says = self.shown().and_then(|shown| shown.get_attribute(name)).unwrap_or_default();
        (self.says)(if is_live { Following::Live(says) } else { Following::Lost(says) });
    }

    async fn read(&self) -> Option<()> {
        let request = Request::get(&self.at);
        let request = match &*self.tag.borrow() {
            Some(tag) => request.header("if-none-match", tag),
            None => request,
        };
        let response = request.send().await.ok()?;
        if response.status() == NOT_MODIFIED {
            return Some(());
        }
        if !response.ok() {
            return None;
        }
        let tag = response.headers().get("etag");
        let new = place::part(&response.text().await.ok()?, &self.id)?;
        // Whoever is pressing something, or selecting, is not to lose it under the pointer.
        while self.shown()?.matches(":active").ok()? {
            place::released().await?;
        }
        let old = self.shown()?;
        let carried = Carried::of(&old);
        place::put(&old, &new)?;
        carried.onto(&new);
        self.tag.replace(tag);
        Some(())
    }
}
