//! Filtering a list without a reload. The form is a plain one, and works without a script: the page
//! that the server answers is the same, and only the part below the form is put in place of the old.
//!
//! It reads, and changes nothing but the page and its address. Whatever goes wrong ends in the load
//! that would have happened without it.
#![expect(clippy::must_use_candidate, reason = "the island macro calls what it makes")]

// Only the browser has a form that can be sent; elsewhere the same name does nothing.
#[cfg(feature = "hydrate")]
#[path = "filter/swap.rs"]
mod swap;
#[cfg(not(feature = "hydrate"))]
#[path = "filter/noscript.rs"]
mod swap;

use leptos::prelude::*;

/// The part of a page that a filter changes; there is one on a page. `says` counts what it shows.
#[must_use]
pub fn found(says: String, part: AnyView) -> AnyView {
    view! {
        <div id="found" data-says=says>
            {part}
        </div>
    }
    .into_any()
}

/// Takes over the search form of the page, and tells a screen reader what a filter left.
#[island]
pub fn FilterInPlace() -> impl IntoView {
    let said = RwSignal::new(String::new());
    // Effects run in the browser only.
    Effect::new(move |_| swap::listen(move |words| said.set(words)));
    view! {
        <p class="spoken" role="status">
            {said}
        </p>
    }
}
