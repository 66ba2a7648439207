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
use crate::model::answer::{Overview, Present};
use crate::model::pinned::{Moved, Pinned};
use crate::model::progress::Progress;
use crate::ui::components::overview::overview;
use crate::ui::components::progress;
use crate::ui::components::words::{counted, say};
use leptos::prelude::*;

/// What the server says about its stream of changes, or that it cannot be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Which state is the present one. The server sends it when the stream opens, and after each
    /// change; `None` where it cannot be read.
    Present(Option<Present>),
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
                // A setting: it is the same until a restart.
                let second_operator = pinned.second_operator;
                let present = Pinned { freeze, second_operator, ..now.state.pinned(unresolved) };
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

/// How far the kernel is with the action of this page, read again whenever it moved.
#[island]
pub fn LiveProgress(first: Progress) -> impl IntoView {
    let id = first.action_id;
    let shown = RwSignal::new(Some(first));
    let following = RwSignal::new(Following::NotYet);
    stream::overviews(
        move |read| match read {
            Some(now) => {
                shown.set(now.state.under_way.filter(|progress| progress.action_id == id));
                following.set(Following::Live);
            }
            None => following.set(Following::Lost),
        },
        move || following.set(Following::Lost),
    );
    let words = move || match (shown.with(Option::is_some), following.get()) {
        (_, Following::Lost) => "Not live: reload to see how far it is now.",
        (true, Following::NotYet) => "So far; reload to see how far it is now.",
        (true, Following::Live) => "Live: updated as it goes on. Leaving this page stops nothing.",
        (false, _) => "The kernel has ended its work. Reload to see what came of it.",
    };
    view! {
        <section aria-label="Under way">
            <p role="status">{words}</p>
            {move || shown.with(|shown| shown.as_ref().map(progress::progress))}
        </section>
    }
}

/// Says that something changed after the page was made. It replaces nothing.
#[island]
pub fn ChangeNotice() -> impl IntoView {
    let news = RwSignal::new(None::<String>);
    let first = StoredValue::new(None);
    stream::listen(move |event| {
        if let Event::Present(present) = event
            && let Some(found) =
                first.try_update_value(|first| news_since(first, present)).flatten()
        {
            news.set(Some(found));
        }
    });
    let words = move || {
        news.get().unwrap_or_else(|| "This page shows the moment at which it was made.".to_owned())
    };
    let state = move || if news.with(Option::is_some) { "changed" } else { "not-yet" };
    view! {
        <p class="live" role="status" data-state=state>
            {words}
        </p>
    }
}

/// What changed since the first state, in a sentence. The first says only where the stream began,
/// also when it is opened again.
fn news_since(first: &mut Option<Present>, present: Option<Present>) -> Option<String> {
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
    fn the_first_state_is_no_news_and_a_later_one_says_what_changed() {
        let at = |cluster, log| Some(Present { cluster, log });
        let mut first = None;
        assert_eq!(news_since(&mut first, at(7, 3)), None, "where the stream began");
        assert_eq!(news_since(&mut first, at(7, 3)), None, "opened again, and nothing changed");
        let mut says = |present| news_since(&mut first, present).expect("news");
        assert!(says(at(8, 3)).starts_with("The cluster changed after"));
        assert!(says(at(7, 4)).starts_with("The log grew by 1 record after"));
        assert!(says(at(9, 5)).starts_with("The cluster changed and the log grew by 2 records"));
        assert!(says(None).contains("unknown"), "what cannot be read is not taken for no change");
    }

    #[test]
    fn a_lost_stream_is_never_shown_as_no_change() {
        let words = moved_words(&[], Following::Lost);
        assert!(words.contains("no longer hears"), "{words}");
    }
}
