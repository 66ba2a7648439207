//! `GET /help`: the keys, and what a browser can prefer.

use crate::model::actor::ActorRole;
use crate::ui::Frame;
use crate::ui::client_chrome::key_list;
use crate::ui::preferences::KeyShortcuts;
use leptos::prelude::*;

/// The keys and the preferences.
pub(super) fn help(frame: &Frame) -> AnyView {
    let buttons = KeyShortcuts::ALL
        .map(|keys| {
            let pressed = if keys == frame.preferences.keys { "true" } else { "false" };
            view! {
                <button type="submit" name="keys" value=keys.word() aria-pressed=pressed>
                    {keys.word()}
                </button>
            }
        })
        .into_iter()
        .collect_view();
    // Neither the log nor the reference is for somebody with a link.
    let is_guest = frame.viewer() == Some(ActorRole::Stakeholder);
    let keys = (!is_guest).then(|| view! {
        <section>
            <h2>"Keys"</h2>
            {key_list()}
            <p>
                "No key asks for anything or confirms anything. They are listened to where the browser \
                runs scripts and somebody is signed in; single keys never while a field has the focus."
            </p>
            <form class="looks" method="get" action="/preferences">
                <span id="keys-label">"Listen to these keys"</span>
                <span class="looks" role="group" aria-labelledby="keys-label">
                    {buttons}
                </span>
            </form>
        </section>
    });
    // This page knows nobody by a link: whoever is not signed in is not led there.
    let is_signed_in = frame.viewer().is_some() && !is_guest;
    let words = is_signed_in.then(|| {
        view! {
            <section>
                <h2>"Where everything is"</h2>
                <p>
                    <a href="/go">"Go to"</a>
                    ": every page, node and form as one list. It is what Ctrl K opens over a page."
                </p>
            </section>
            <section>
                <h2>"What the words mean"</h2>
                <p>
                    <a href="/reference">"Reference"</a>
                    ": every action, invariant, role and refusal. "
                    <a href="/reference/failures">"What can go wrong"</a>
                    ": every failure mode, with what you see."
                </p>
            </section>
        }
    });
    view! {
        {keys}
        <section>
            <h2>"Times"</h2>
            <p>
                "Every time is UTC and says so with a Z. Where the browser runs scripts, the time of \
                where you are stands beside it, with its age when the page was loaded."
            </p>
        </section>
        <section>
            <h2>"Without a script"</h2>
            <p>
                "Every page is complete without a script: it shows one observation, and every form \
                works. With one, the overview follows the cluster, other pages say that something \
                changed, and records can be verified in the browser."
            </p>
        </section>
        {words}
    }
    .into_any()
}
