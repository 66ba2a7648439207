//! The parts that the browser keeps up to date. They read when told that something changed, and
//! never send anything else (C8.3).
//!
//! The server draws a part; what runs here listens, fetches the part again, and puts it in place whole.
//! It knows no cluster, and has no words for one. Without a script each part is what the page was made
//! with, and a sentence says so. A page never needs them.
#![expect(missing_docs, reason = "the island macro makes items of its own beside each function")]
#![expect(clippy::must_use_candidate, reason = "the island macro calls what it makes")]

// The browser's half talks to the server; elsewhere the same names do nothing.
#[cfg(feature = "hydrate")]
#[path = "live/ear.rs"]
mod ear;
#[cfg(feature = "hydrate")]
#[path = "live/stream.rs"]
mod stream;
#[cfg(not(feature = "hydrate"))]
#[path = "live/noscript.rs"]
mod stream;

// What a reader had done to a part: only a browser has a reader.
#[cfg(feature = "hydrate")]
#[path = "live/carry.rs"]
mod carry;

use crate::model::answer::StateVersion;
use crate::ui::counted;
use leptos::prelude::*;

/// What the server says about its stream of changes, or that it cannot be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Which state is the present one. The server sends it when the stream opens, and after each
    /// change; `None` where it cannot be read.
    Present(Option<StateVersion>),
    /// The stream is lost. The browser opens it again by itself.
    Lost,
}

/// How a part stands, with what it says about that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// The stream is open, and what is shown was drawn after its last event.
    Live(String),
    /// The stream is lost, or the part could not be fetched.
    Lost(String),
}

/// Hears the server, and keeps what stands on every page up to date where this page does not do it.
pub(in crate::ui) fn hear(follows: bool) {
    if follows {
        stream::follow("status".to_owned(), "/parts/status".to_owned(), |_| ());
    } else {
        stream::listen(|_| ());
    }
}

/// Keeps one part of the page up to date: the element with the id `part`, fetched from `at`. It says
/// whether it does; until it hears the server, it says what comes `first`.
#[island]
pub fn Live(part: String, at: String, first: String) -> impl IntoView {
    let words = RwSignal::new(first);
    let state = RwSignal::new("not-yet");
    stream::follow(part, at, move |following| {
        let (now, says) = match following {
            Following::Live(says) => ("live", says),
            Following::Lost(says) => ("lost", says),
        };
        // The same words again are no news to a screen reader.
        if words.with_untracked(|words| *words != says) {
            words.set(says);
        }
        state.set(now);
    });
    view! {
        <p class="live" role="status" data-state=state>
            {words}
        </p>
    }
}

/// Says that something changed after the page was made. It replaces nothing.
#[island]
pub fn ChangeNotice() -> impl IntoView {
    let news = RwSignal::new(None::<String>);
    let first = StoredValue::new(None);
    stream::listen(move |event| {
        if let StreamEvent::Present(present) = event
            && let Some(found) =
                first.try_update_value(|first| news_since(first, present)).flatten()
        {
            news.set(Some(found));
        }
    });
    let words = move || news.get().unwrap_or_else(|| "As of the time shown above.".to_owned());
    let state = move || if news.with(Option::is_some) { "changed" } else { "not-yet" };
    view! {
        <p class="live" role="status" data-state=state>
            {words}
        </p>
    }
}

/// What changed since the first state, in a sentence. The first says only where the stream began,
/// also when it is opened again.
fn news_since(first: &mut Option<StateVersion>, present: Option<StateVersion>) -> Option<String> {
    const RELOAD: &str = "Reload to see the present.";
    let (began, now) = match (*first, present) {
        (_, None) => {
            return Some(format!("What changed after this page was made is unknown. {RELOAD}"));
        }
        (None, Some(now)) => {
            *first = Some(now);
            return None;
        }
        (Some(began), Some(now)) => (began, now),
    };
    let grown = now.log.saturating_sub(began.log);
    let grown = counted(usize::try_from(grown).unwrap_or(usize::MAX), "record");
    match (began.cluster == now.cluster, began.log == now.log) {
        (true, true) => None,
        (false, true) => Some(format!("The cluster changed after this page was made. {RELOAD}")),
        (true, false) => {
            Some(format!("The log grew by {grown} after this page was made. {RELOAD}"))
        }
        (false, false) => Some(format!(
            "The cluster changed and the log grew by {grown} after this page was made. {RELOAD}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_state_is_no_news_and_a_later_one_says_what_changed() {
        let at = |cluster, log| Some(StateVersion { cluster, log });
        let mut first = None;
        assert_eq!(news_since(&mut first, at(7, 3)), None, "where the stream began");
        assert_eq!(news_since(&mut first, at(7, 3)), None, "opened again, and nothing changed");
        let mut says = |present| news_since(&mut first, present).expect("news");
        assert!(says(at(8, 3)).starts_with("The cluster changed after"));
        assert!(says(at(7, 4)).starts_with("The log grew by 1 record after"));
        assert!(says(at(9, 5)).starts_with("The cluster changed and the log grew by 2 records"));
        assert!(says(None).contains("unknown"), "what cannot be read is not taken for no change");
    }
}
