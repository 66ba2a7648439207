//! The parts that the browser keeps up to date. They read when told that something changed, and
//! never send anything else (C8.3).
//!
//! Without a script each of them is what the server drew: one observation, and a sentence that says
//! so. A page never needs them.
#![expect(missing_docs, reason = "the island macro makes items of its own beside each function")]
#![expect(clippy::must_use_candidate, reason = "the island macro calls what it makes")]

// The browser's half talks to the server; elsewhere the same names do nothing.
#[cfg(feature = "hydrate")]
#[path = "live/stream.rs"]
mod stream;
#[cfg(not(feature = "hydrate"))]
#[path = "live/still.rs"]
mod stream;

use crate::model::actor::ActorRole;
use crate::model::answer::Overview;
use crate::model::pinned::{Moved, Pinned};
use crate::ui::components::overview::overview;
use crate::ui::components::words::{counted, say};
use leptos::prelude::*;

/// What the server says about its stream of changes, or that it cannot be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The number of the present state. The server sends it when the stream opens, and after each
    /// change; `None` where it cannot be read.
    Present(Option<u64>),
    /// The stream is lost. The browser opens it again by itself.
    Lost,
}

/// Whether a live part follows the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Following {
    /// Drawn by the server; no stream yet.
    NotYet,
    /// The stream is open and the last reading succeeded.
    Live,
    /// The stream is lost, or a reading failed.
    Lost,
}

/// How many moved facts a notice names; it has a fixed size, and the page must not move.
const MOVED_NAMED_MAX: usize = 3;

/// The overview, redrawn whole with each new observation.
#[island]
pub fn LiveOverview(first: Overview, viewer: Option<ActorRole>) -> impl IntoView {
    let shown = RwSignal::new(first);
    let following = RwSignal::new(Following::NotYet);
    stream::overviews(
        move |read| match read {
            Some(next) => {
                shown.set(next);
                following.set(Following::Live);
            }
            None => following.set(Following::Lost),
        },
        move || following.set(Following::Lost),
    );
    let words = move || match following.get() {
        Following::NotYet => "Not live: this page shows one observation.".to_owned(),
        Following::Live => "Live: updated on each change.".to_owned(),
        Following::Lost => {
            let at = shown.with(|shown| shown.state.observation.observed_at);
            format!("Not live since {at}: reload to see the present.")
        }
    };
    let state = move || match following.get() {
        Following::NotYet => "not-yet",
        Following::Live => "live",
        Following::Lost => "lost",
    };
    view! {
        <p class="live" role="status" data-state=state>
            {words}
        </p>
        {move || shown.with(|shown| overview(shown, viewer))}
    }
}

/// Says beside an open confirmation that facts moved which it is bound to. It replaces nothing.
#[island]
pub fn MovedNotice(pinned: Pinned) -> impl IntoView {
    let moved = RwSignal::new(Vec::<Moved>::new());
    let following = RwSignal::new(Following::NotYet);
    stream::overviews(
        move |read| match read {
            Some(now) => {
                let (unresolved, freeze) = (now.unresolved.clone(), now.freeze.clone());
                let present = Pinned { freeze, ..now.state.pinned(unresolved) };
                moved.set(pinned.moved(&present));
                following.set(Following::Live);
            }
            None => following.set(Following::Lost),
        },
        move || following.set(Following::Lost),
    );
    let words = move || moved.with(|moved| moved_words(moved, following.get()));
    let state = move || {
        let still = moved.with(Vec::is_empty);
        if still { "still" } else { "moved" }
    };
    view! {
        <p class="moved-notice" role="status" data-state=state>
            {words}
        </p>
    }
}

fn moved_words(moved: &[Moved], following: Following) -> String {
    if moved.is_empty() {
        return match following {
            Following::NotYet | Following::Live => {
                "This page does not move. A confirmation is \
                compared with the cluster at that moment; if a pinned fact has moved, it is \
                refused and nothing runs."
            }
            Following::Lost => {
                "This page no longer hears of changes. A confirmation is compared \
                with the cluster at that moment."
            }
        }
        .to_owned();
    }
    let named: Vec<_> = moved.iter().take(MOVED_NAMED_MAX).map(Moved::to_string).collect();
    let more = moved.len().saturating_sub(MOVED_NAMED_MAX);
    let more = if more > 0 { format!("; and {}", counted(more, "fact")) } else { String::new() };
    format!(
        "The cluster changed after this explanation was made: {}{more}. As things stand, a \
         confirmation would be refused.",
        say(&named.join("; "))
    )
}

/// Says that something changed after the page was made. It replaces nothing.
#[island]
pub fn ChangeNotice() -> impl IntoView {
    let changed = RwSignal::new(false);
    let first = StoredValue::new(None);
    stream::listen(move |event| {
        if let Event::Present(number) = event
            && first.try_update_value(|first| is_news(first, number)) == Some(true)
        {
            changed.set(true);
        }
    });
    let words = move || {
        if changed.get() {
            "Something changed after this page was made. Reload to see the present."
        } else {
            "This page shows the moment at which it was made."
        }
    };
    let state = move || if changed.get() { "changed" } else { "not-yet" };
    view! {
        <p class="live" role="status" data-state=state>
            {words}
        </p>
    }
}

/// Whether a number says that something changed since the first one. The first says only where the
/// stream began, also when it is opened again.
fn is_news(first: &mut Option<u64>, number: Option<u64>) -> bool {
    match (*first, number) {
        (_, None) => true,
        (None, Some(_)) => {
            *first = number;
            false
        }
        (Some(first), Some(now)) => first != now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(name: &str) -> Moved {
        Moved { fact: name.to_owned(), before: "yes".to_owned(), after: "no".to_owned() }
    }

    #[test]
    fn a_notice_names_at_most_three_facts_and_counts_the_rest() {
        let facts: Vec<_> = ["a", "b", "c", "d", "e"].map(fact).into();
        let words = moved_words(&facts, Following::Live);
        assert!(words.contains("a: yes -> no; b: yes -> no; c: yes -> no; and 2 facts"), "{words}");
    }

    #[test]
    fn the_first_number_is_no_news_and_a_later_one_is() {
        let mut first = None;
        assert!(!is_news(&mut first, Some(7)), "where the stream began");
        assert!(!is_news(&mut first, Some(7)), "opened again, and nothing changed");
        assert!(is_news(&mut first, Some(8)));
        assert!(is_news(&mut first, None), "what cannot be read is not taken for no change");
    }

    #[test]
    fn a_lost_stream_is_never_shown_as_no_change() {
        let words = moved_words(&[], Following::Lost);
        assert!(words.contains("no longer hears"), "{words}");
    }
}
