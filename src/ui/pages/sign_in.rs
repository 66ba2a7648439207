//! Signing in, and creating the first operator.

use crate::ui::components::words::say;
use crate::ui::{SetUp, SignIn, pages};
use leptos::prelude::*;

/// The sign-in form.
pub(super) fn sign_in(data: &SignIn) -> AnyView {
    let next = data.next.as_deref().filter(|next| is_local(next)).map(str::to_owned);
    let next = next.map(|next| view! { <input type="hidden" name="next" value=next/> });
    view! {
        {pages::refusal(data.refusal.as_ref())}
        <form class="form" method="post" action="/login">
            {next}
            {name_field(data.name.clone())}
            <p class="field">
                <label for="password">"Password"</label>
                <input
                    type="password"
                    id="password"
                    name="password"
                    required
                    autocomplete="current-password"
                />
            </p>
            <button type="submit">"Sign in"</button>
        </form>
        <p class="none">"Accounts are made on the server: aerodb-control account add NAME."</p>
    }
    .into_any()
}

/// Whether an address leads to a page of this site: an absolute path without a host, of visible
/// characters. Anything else is dropped, so that a link cannot send a person elsewhere.
fn is_local(next: &str) -> bool {
    let plain = next.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    plain && next.starts_with('/') && !next.starts_with("//")
}

/// The form behind the one-time link.
pub(super) fn set_up(data: &SetUp) -> AnyView {
    view! {
        {pages::refusal(data.refusal.as_ref())}
        <p>"This link works once. It makes the first account, with the role of operator: it asks \
            for actions and confirms them. There is no default password."</p>
        <form class="form" method="post" action="/setup">
            <input type="hidden" name="token" value=say(&data.token)/>
            {name_field(data.name.clone())}
            <p class="field">
                <label for="password">"Password"</label>
                <input
                    type="password"
                    id="password"
                    name="password"
                    required
                    autocomplete="new-password"
                />
            </p>
            <button type="submit">"Create the operator"</button>
        </form>
    }
    .into_any()
}

fn name_field(typed_before: Option<String>) -> AnyView {
    let typed_before = typed_before.map(|name| say(&name));
    view! {
        <p class="field">
            <label for="name">"Name"</label>
            <input
                type="text"
                id="name"
                name="name"
                required
                autocomplete="username"
                autocapitalize="none"
                spellcheck="false"
                value=typed_before
            />
        </p>
    }
    .into_any()
}
