//! How far the kernel is with an action that takes long.

use crate::model::progress::Progress;
use crate::ui::components::words::escaped;
use leptos::prelude::*;

/// How far it is, as a bar and in words. It predicts no end.
#[must_use]
pub fn progress(progress: &Progress) -> AnyView {
    // An empty part is done.
    let (done, total) = if progress.total == 0 { (1, 1) } else { (progress.done, progress.total) };
    view! {
        <p class="progress">
            <progress aria-hidden="true" max=total value=done></progress>
            {escaped(&progress.to_string())}
        </p>
    }
    .into_any()
}

/// The same, with the action that it belongs to.
#[must_use]
pub fn with_link(of: &Progress) -> AnyView {
    view! {
        <section aria-label="Under way">
            <p>
                "The kernel is working on the action "
                <a href=format!("/actions/{}", of.action_id)>{of.action_id.to_string()}</a>
            </p>
            {progress(of)}
        </section>
    }
    .into_any()
}
