//! What only the browser knows: which keys are pressed, and what time it is where the reader sits.
//!
//! The keys never act: `?` shows help, `/` moves the focus to the search of the log, and the palette leads
//! somewhere. They can be turned off. Beside each time stands the local one, and its age, which goes on whether the server is heard or not.
#![expect(missing_docs, reason = "the island macro makes items of its own beside each function")]
#![expect(clippy::must_use_candidate, reason = "the island macro calls what it makes")]

// Only the browser has a window; elsewhere the same names do nothing.
#[cfg(feature = "hydrate")]
#[path = "client_chrome/browser.rs"]
mod window;
#[cfg(not(feature = "hydrate"))]
#[path = "client_chrome/noscript.rs"]
mod window;

// How a page shows that its server is heard.
#[cfg(feature = "hydrate")]
#[path = "client_chrome/connection.rs"]
pub(in crate::ui) mod connection;

#[cfg(feature = "hydrate")]
pub(in crate::ui) use window::label_all_times;
#[cfg(feature = "hydrate")]
use window::{label_times, span};

use crate::ui::live;
use leptos::html::Dialog;
use leptos::prelude::*;

/// Every key that is listened to, with what it does.
pub const KEYS: [(&str, &str); 3] = [
    ("?", "shows this list"),
    ("/", "goes to the search of the log, but not from a page with a form"),
    ("Ctrl K", "opens a list of pages, nodes and forms to go to"),
];

/// What the keys are, wherever they are listed.
#[must_use]
pub fn key_list() -> AnyView {
    let rows = KEYS
        .map(|(key, does)| {
            view! {
                <div>
                    <dt>
                        <kbd>{key}</kbd>
                    </dt>
                    <dd>{does}</dd>
                </div>
            }
        })
        .into_iter()
        .collect_view();
    view! { <dl class="facts">{rows}</dl> }.into_any()
}

/// Listens to the keys, where they are wanted, puts local times beside the times of the page, and follows
/// what stands on every page where nothing else on the page does.
#[island]
pub fn Here(keys: bool, follows: bool) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    // Effects run in the browser only.
    Effect::new(move |_| {
        window::label_all_times();
        live::hear(follows);
        if keys {
            window::listen(move || dialog.get_untracked());
        }
    });
    let close = move |_| window::close(dialog.get_untracked());
    view! {
        <dialog class="help" node_ref=dialog aria-label="Keys">
            <h2>"Keys"</h2>
            {key_list()}
            <p>
                "No key asks for anything or confirms anything. "
                <a href="/help">"Help, and how to turn these keys off"</a>
            </p>
            <button type="button" on:click=close>
                "Close"
            </button>
        </dialog>
    }
}
