//! That something changed, as server-sent events: a number and nothing else. Whoever hears it asks
//! again; it triggers nothing on the server (C8.3).

use super::Reading;
use super::gate::SignedIn;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use std::convert::Infallible;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

/// Streams a `changed` event for the present state and for each later one. It ends when the server
/// stops, so that an open page does not hold the server up.
pub(super) async fn stream(
    _: SignedIn,
    State(site): State<Reading>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = WatchStream::new(site.read.changes()).map(Some);
    let stopping = WatchStream::from_changes(site.stopping.clone()).map(|()| None);
    let events = changes
        .merge(stopping)
        .take_while(Option::is_some)
        .filter_map(|number| number)
        .map(|number| Ok(Event::default().event("changed").data(number.to_string())));
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// What ends every stream: the sender half belongs to the server.
pub(super) type Stopping = watch::Receiver<()>;
