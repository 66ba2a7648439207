//! A button that puts what is shown on the clipboard. It reads nothing but what it was given, and
//! changes nothing but the clipboard of whoever pressed it.
//!
//! Without a script there is no button: its place is empty, and the text beside it can be selected.
#![expect(missing_docs, reason = "the island macro makes items of its own beside each function")]
#![expect(clippy::must_use_candidate, reason = "the island macro calls what it makes")]

// Only the browser has a clipboard; elsewhere the same name does nothing.
#[cfg(feature = "hydrate")]
#[path = "copy/clipboard.rs"]
mod clipboard;
#[cfg(not(feature = "hydrate"))]
#[path = "copy/noscript.rs"]
mod clipboard;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What a button copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Copied {
    /// This text.
    Text(String),
    /// The address of this path on the console that the page came from.
    Address(String),
}

/// How the last press ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressed {
    NotYet,
    Done,
    Failed,
}

impl Pressed {
    /// What the button says. All three have the same size.
    fn label(self) -> &'static str {
        match self {
            Self::NotYet => "Copy",
            Self::Done => "Copied",
            Self::Failed => "Failed",
        }
    }

    /// What a screen reader is told.
    fn words(self, what: &str) -> String {
        match self {
            Self::NotYet => String::new(),
            Self::Done => format!("Copied {what}."),
            Self::Failed => format!("This browser did not copy {what}. Select the text instead."),
        }
    }
}

/// Copies something when it is pressed, and says whether that worked. The focus stays on it.
#[island]
pub fn CopyButton(what: String, of: Copied) -> impl IntoView {
    let pressed = RwSignal::new(Pressed::NotYet);
    let alive = RwSignal::new(false);
    // Effects run in the browser only: until then the button is disabled, and so not to be seen.
    Effect::new(move |_| alive.set(true));
    let copy = move |_| {
        // Emptied first: the same words again would not be told again.
        pressed.set(Pressed::NotYet);
        clipboard::write(&of, move |ok| {
            pressed.set(if ok { Pressed::Done } else { Pressed::Failed });
        });
    };
    let name = format!(" {what}");
    view! {
        <span class="copy">
            <button type="button" disabled=move || !alive.get() on:click=copy>
                {move || pressed.get().label()}
                <span class="spoken">{name}</span>
            </button>
            <span class="spoken" role="status">
                {move || pressed.get().words(&what)}
            </span>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_that_failed_is_never_told_as_copied() {
        assert!(!Pressed::Failed.words("the digest").starts_with("Copied"));
        assert_eq!(Pressed::NotYet.words("the digest"), "");
        assert_eq!(Pressed::Done.words("the digest"), "Copied the digest.");
        let labels = [Pressed::NotYet, Pressed::Done, Pressed::Failed].map(Pressed::label);
        assert!(labels.iter().all(|label| label.len() <= 6), "the size of the button is fixed");
    }
}
