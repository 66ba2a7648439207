//! The one stream of the server that the pages of a browser hear, and whether it is heard.
//!
//! All pages of a browser share it: whoever holds a lock of this name opens it and passes on what it hears,
//! so that twenty open pages cost one connection; where the page goes, the next one in line takes over.
//! A browser that knows no such lock opens a stream for each page.
//!
//! The server speaks every few seconds. A connection that is cut, or a server that stands still, says
//! nothing, not even an error: so silence is counted, and after two words that did not come the connection
//! is lost. The one timer here counts that silence and the ages; it reads nothing and sends nothing.

use crate::model::answer::StateVersion;
use crate::ui::client_chrome::connection;
use crate::ui::live::StreamEvent;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::js_sys::{Function, Promise, Reflect};
use web_sys::{EventSource, MessageEvent, window};

/// Where the server says that something changed, and in between that it is there.
const EVENTS: &str = "/api/v1/events";
const CHANGED: &str = "changed";
const ALIVE: &str = "alive";
/// The lock and the channel of the pages of one browser.
const SHARED: &str = "aerodb-events";
/// What a page asks whoever hears the server, and what it is told when that hears nothing any more.
const WHICH: &str = "which";
const LOST: &str = "lost";
/// How long nothing may be heard: two words of the server, and half of another.
const SILENCE_MS: f64 = 10_000.0;
const TICK_MS: i32 = 1_000;

/// Whoever is told what was heard.
type Listener = Rc<dyn Fn(StreamEvent)>;

#[derive(Default)]
struct SharedStream {
    listeners: RefCell<Vec<Listener>>,
    /// The stream, where this page is the one that opens it.
    source: RefCell<Option<EventSource>>,
    /// How the other pages are told.
    others: RefCell<Option<BroadcastChannel>>,
    /// When the server was last heard, and when its stream was last opened.
    heard: Cell<f64>,
    opened: Cell<f64>,
    is_lost: Cell<bool>,
    was_heard: Cell<bool>,
    /// Which state the server last named, where it could name one.
    present: Cell<Option<StateVersion>>,
}

thread_local! {
    static STREAM: RefCell<Option<Rc<SharedStream>>> = const { RefCell::new(None) };
}

/// Listens until the page is left. Who comes later than the first is told at once what was heard last.
pub(super) fn listen(on: impl Fn(StreamEvent) + 'static) {
    let (ear, is_first) = STREAM.with_borrow_mut(|ear| match ear {
        Some(ear) => (Rc::clone(ear), false),
        None => (Rc::clone(ear.insert(Rc::default())), true),
    });
    let on: Listener = Rc::new(on);
    ear.listeners.borrow_mut().push(Rc::clone(&on));
    if ear.was_heard.get() && !ear.is_lost.get() {
        on(StreamEvent::Present(ear.present.get()));
    }
    if is_first {
        ear.heard.set(monotonic());
        ear.begin();
    }
}

impl SharedStream {
    fn begin(self: &Rc<Self>) {
        if self.share().is_none() {
            self.open();
        }
        connection::guard();
        let ear = Rc::clone(self);
        let ticks = Cell::new(0_u32);
        let tick = Closure::<dyn Fn()>::new(move || {
            ticks.set(ticks.get().wrapping_add(1));
            ear.tick(ticks.get());
        });
        if let Some(window) = window() {
            let _ = window.set_interval_with_callback_and_timeout_and_arguments_0(
                tick.as_ref().unchecked_ref(),
                TICK_MS,
            );
        }
        // It lives as long as the page.
        tick.forget();
    }

    /// Stands in line for the one stream of this browser, and hears meanwhile what its holder passes on.
    fn share(self: &Rc<Self>) -> Option<()> {
        let navigator: JsValue = window()?.navigator().into();
        let locks = Reflect::get(&navigator, &JsValue::from_str("locks")).ok()?;
        let request = Reflect::get(&locks, &JsValue::from_str("request")).ok()?;
        let request = request.dyn_into::<Function>().ok()?;
        let others = BroadcastChannel::new(SHARED).ok()?;
        let ear = Rc::clone(self);
        let told = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            if let Some(text) = message.data().as_string() {
                ear.told(&text);
            }
        });
        others.set_onmessage(told.as_ref().unchecked_ref());
        told.forget();
        others.post_message(WHICH);
        self.others.replace(Some(others));
        let ear = Rc::clone(self);
        let granted = Closure::once_into_js(move || {
            ear.open();
            // Kept until the page is gone.
            Promise::new(&mut |_, _| {})
        });
        request.call2(&locks, &JsValue::from_str(SHARED), &granted).ok().map(|_| ())
    }

    /// What another page of this browser says.
    fn told(&self, text: &str) {
        match text {
            WHICH if self.source.borrow().is_some() && self.was_heard.get() => {
                self.pass_on(&written(self.present.get()));
            }
            WHICH => {}
            LOST => self.lose(),
            version => self.hear(StateVersion::parse(version)),
        }
    }

    fn pass_on(&self, text: &str) {
        if let Some(others) = &*self.others.borrow() {
            others.post_message(text);
        }
    }

    fn open(self: &Rc<Self>) {
        self.opened.set(monotonic());
        let Ok(source) = EventSource::new(EVENTS) else {
            self.lose();
            return;
        };
        let ear = Rc::clone(self);
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            let text = message.data().as_string().unwrap_or_default();
            ear.pass_on(&text);
            ear.hear(StateVersion::parse(&text));
        });
        let ear = Rc::clone(self);
        let alive = Closure::<dyn Fn()>::new(move || {
            // It follows the first `changed` of this stream, or another page heard that one.
            if ear.was_heard.get() {
                ear.pass_on(&written(ear.present.get()));
                ear.hear(ear.present.get());
            }
        });
        for (event, heard) in [(CHANGED, heard.as_ref()), (ALIVE, alive.as_ref())] {
            let _ = source.add_event_listener_with_callback(event, heard.unchecked_ref());
        }
        heard.forget();
        alive.forget();
        let ear = Rc::clone(self);
        let lost = Closure::<dyn Fn()>::new(move || {
            ear.pass_on(LOST);
            ear.lose();
        });
        source.set_onerror(Some(lost.as_ref().unchecked_ref()));
        lost.forget();
        if let Some(old) = self.source.replace(Some(source)) {
            old.close();
        }
    }

    fn hear(&self, present: Option<StateVersion>) {
        self.heard.set(monotonic());
        let is_found = self.is_lost.replace(false);
        let is_first = !self.was_heard.replace(true);
        let is_news = self.present.replace(present) != present || is_first;
        if is_found || is_first {
            connection::found(is_found);
            self.count(1);
        }
        if is_found || is_news {
            self.tell(StreamEvent::Present(present));
        }
    }

    fn lose(&self) {
        if !self.is_lost.replace(true) {
            connection::lost();
            self.count(1);
            self.tell(StreamEvent::Lost);
        }
    }

    fn tell(&self, event: StreamEvent) {
        // Whoever is told may bring somebody to life who listens too.
        let listeners = self.listeners.borrow().clone();
        for listener in listeners {
            listener(event);
        }
    }

    fn tick(self: &Rc<Self>, number: u32) {
        let now = monotonic();
        let silence = now - self.heard.get();
        if silence > SILENCE_MS {
            self.lose();
            let is_holder = self.source.borrow().is_some();
            if is_holder && now - self.opened.get() > SILENCE_MS {
                self.open();
            }
        }
        self.count(number);
    }

    /// Shows how long nothing was heard: a line that appears has its age from the first moment.
    fn count(&self, tick: u32) {
        connection::count((monotonic() - self.heard.get()) / 1_000.0, tick);
    }
}

fn written(present: Option<StateVersion>) -> String {
    present.map(|present| present.to_string()).unwrap_or_default()
}

#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    /// Milliseconds of a clock that nobody sets.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn monotonic() -> f64;

    type BroadcastChannel;
    #[wasm_bindgen(constructor, catch)]
    fn new(name: &str) -> Result<BroadcastChannel, JsValue>;
    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &BroadcastChannel, told: &Function);
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post_message(this: &BroadcastChannel, text: &str);
}
