//! Any address that was refused.

use crate::model::refusal::Refusal;
use crate::ui::ConsoleScope;
use crate::ui::components::notice;
use leptos::prelude::*;

/// The refusal, and a way on.
pub(super) fn refused(refusal: &Refusal, console: ConsoleScope) -> AnyView {
    let (address, words) = if console == ConsoleScope::Whole && notice::needs_sign_in(refusal) {
        ("/login", "Sign in")
    } else {
        ("/", "Go to the overview")
    };
    view! {
        {notice::refusal(refusal)}
        <p>
            <a href=address>{words}</a>
        </p>
    }
    .into_any()
}
