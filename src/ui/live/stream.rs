//! What a page follows: after each event of the stream, the part is read again and put in place.
//!
//! While one reading is under way, any number of events lead to one more, so a busy cluster cannot pile
//! readings up. A reading that was under way when the server was lost is given up: its answer would come
//! from before.

use super::carry::Carried;
use crate::ui::client_chrome::connection;
use crate::ui::live::{Following, StreamEvent};
use crate::ui::place;
use gloo_net::http::Request;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::{AbortController, Element, window};

pub(super) use super::ear::listen;

/// What a part says while it is followed, and once it is not.
const LIVE: &str = "data-live";
const LOST: &str = "data-lost";
/// What stands on every page: whoever is told its title is told of it too.
const STATUS: &str = "status";
/// The answer to somebody who has the part already.
const NOT_MODIFIED: u16 = 304;

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
    /// Where it is read, with others of this page where the answer holds more.
    at: String,
    /// The tag of what is shown, where it has one.
    tag: RefCell<Option<String>>,
    reading: Cell<FetchState>,
    /// Whether the server is heard, as far as the browser knows.
    is_heard: Cell<bool>,
    /// What gives up the reading that is under way.
    stop: RefCell<Option<AbortController>>,
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
        is_heard: Cell::new(false),
        stop: RefCell::default(),
        says,
    });
    listen(move |event| {
        part.is_heard.set(event != StreamEvent::Lost);
        match event {
            StreamEvent::Present(_) => ask(&part),
            StreamEvent::Lost => {
                if let Some(stop) = part.stop.take() {
                    stop.abort();
                }
                part.say(false);
            }
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
            part.say(is_read && part.is_heard.get());
        }
        part.reading.set(FetchState::Idle);
    });
}

impl<F: Fn(Following)> FollowedPart<F> {
    fn say(&self, is_live: bool) {
        let name = if is_live { LIVE } else { LOST };
        let says = shown(&self.id).and_then(|shown| shown.get_attribute(name)).unwrap_or_default();
        (self.says)(if is_live { Following::Live(says) } else { Following::Lost(says) });
    }

    async fn read(&self) -> Option<()> {
        let stop = AbortController::new().ok()?;
        let request = Request::get(&self.at).abort_signal(Some(&stop.signal()));
        let request = match &*self.tag.borrow() {
            Some(tag) => request.header("if-none-match", tag),
            None => request,
        };
        self.stop.replace(Some(stop));
        let response = request.send().await.ok()?;
        if response.status() == NOT_MODIFIED {
            return Some(());
        }
        if !response.ok() {
            return None;
        }
        let tag = response.headers().get("etag");
        let html = response.text().await.ok()?;
        let parts = place::parts(&html).filter(|parts| parts.iter().any(|p| p.id() == self.id))?;
        // Whoever is pressing something, or selecting, is not to lose it under the pointer.
        while parts.iter().any(|part| shown(&part.id()).is_some_and(|old| is_pressed(&old))) {
            place::released().await?;
        }
        for new in parts {
            // A form that this reader has not is not drawn for them.
            let Some(old) = shown(&new.id()) else { continue };
            let carried = Carried::of(&old);
            place::put(&old, &new)?;
            carried.onto(&new);
            if new.id() == STATUS {
                connection::status_replaced(&old, &new);
            }
        }
        self.tag.replace(tag);
        Some(())
    }
}

/// An element as it stands in the page.
fn shown(id: &str) -> Option<Element> {
    window()?.document()?.get_element_by_id(id)
}

fn is_pressed(part: &Element) -> bool {
    part.matches(":active").unwrap_or(false)
}
