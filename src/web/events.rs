//! That something changed, as server-sent events: two numbers and nothing else. Whoever hears them
//! asks again; they trigger nothing on the server (C8.3).

use super::ReadState;
use crate::authority::Credential;
use crate::model::answer::StateVersion;
use crate::model::refusal::{Refusal, RefusalCode};
use axum::http::{HeaderName, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

/// Streams that one session may hold open: the pages of one person on one machine.
pub const STREAMS_PER_SESSION: usize = 16;
/// Streams that are open at most, of all sessions together. Each costs a few kilobytes.
pub const STREAMS_IN_ALL: usize = 4_096;
/// How often a stream without news says that it is alive. It says so in an event with a name: a comment
/// is kept from the page by its browser, and stripped by some proxies. A page that misses two of them says
/// that the connection is lost.
const HEARTBEAT: Duration = Duration::from_secs(4);
/// When a browser opens a lost stream again.
const REOPEN: Duration = Duration::from_secs(2);

/// Streams one `changed` event for the present state and for each later one, and an `alive` event whenever
/// there was none for a while. It ends when the session does, at the next event, and when the
/// server stops: an open page holds nothing up.
pub(super) fn stream(site: &ReadState, held: Credential) -> Result<Response, Refusal> {
    let alive = Event::default().event("alive").data("alive");
    let alive = KeepAlive::new().interval(HEARTBEAT).event(alive);
    let events = Sse::new(events(site, held)?).keep_alive(alive);
    Ok((PASSED_ON_AT_ONCE, events).into_response())
}

/// What tells a proxy to pass each event on as it comes: nginx collects answers until a buffer is full
/// unless the first says otherwise, and others compress what the second does not forbid.
const PASSED_ON_AT_ONCE: [(HeaderName, &str); 2] = [
    (HeaderName::from_static("x-accel-buffering"), "no"),
    (header::CACHE_CONTROL, "no-cache, no-transform"),
];

fn events(
    site: &ReadState,
    held: Credential,
) -> Result<impl Stream<Item = Result<Event, Infallible>> + use<>, Refusal> {
    let site = site.clone();
    let place = site.streams.open(&held)?;
    let [cluster, log] = site.read.changes();
    let news = WatchStream::new(cluster).merge(WatchStream::new(log)).map(|_| Some(()));
    let stopping = WatchStream::from_changes(site.stopping.clone()).map(|()| None);
    let mut last: Option<StateVersion> = None;
    let events = news.merge(stopping).map_while(move |news| {
        // Given back when the stream is dropped, however it ends.
        let _place = &place;
        news?;
        site.authority.onlooker(&held, site.clock.now()).ok()?;
        // Where the log cannot be read, the page hears that the stream is lost, and not silence.
        let present = site.read.present().ok()?;
        Some((last.replace(present) != Some(present)).then_some(present))
    });
    Ok(events.filter_map(|present| present).map(|present| {
        Ok(Event::default().event("changed").retry(REOPEN).data(present.to_string()))
    }))
}

/// What ends every stream: the sender half belongs to the server.
pub(super) type Stopping = watch::Receiver<()>;

/// The streams that are open, counted by session.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<BTreeMap<Credential, usize>>>);

/// The place of one open stream, given back when it is dropped.
struct StreamSlot {
    streams: Streams,
    held: Credential,
}

impl Streams {
    /// How many are open.
    pub(super) fn open_now(&self) -> usize {
        self.lock().values().sum()
    }

    fn open(&self, held: &Credential) -> Result<StreamSlot, Refusal> {
        let mut open = self.lock();
        let here = open.get(held).copied().unwrap_or_default();
        let in_all: usize = open.values().sum();
        let too_many = |found: usize, limit: usize, whose: &str| {
            let sentence = format!(
                "{found} streams of events are open {whose}, and {limit} may be. This page does \
                 not hear of changes; nothing else is refused."
            );
            Refusal::new(RefusalCode::TooManyStreams, sentence)
        };
        if here >= STREAMS_PER_SESSION {
            return Err(too_many(here, STREAMS_PER_SESSION, "in this session"));
        }
        if in_all >= STREAMS_IN_ALL {
            return Err(too_many(in_all, STREAMS_IN_ALL, "in all"));
        }
        open.insert(held.clone(), here + 1);
        Ok(StreamSlot { streams: self.clone(), held: held.clone() })
    }

    // A panic while it was held left whole numbers behind.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Credential, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        match open.get(&self.held).copied() {
            Some(count) if count > 1 => open.insert(self.held.clone(), count - 1),
            _ => open.remove(&self.held),
        };
    }
}
