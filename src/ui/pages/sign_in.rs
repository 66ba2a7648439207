//! Signing in, the way to a provider and back, and creating the first operator.

use crate::ui::components::words::escaped;
use crate::ui::{Leaving, OtherWays, ProviderRedirect, Returned, SetUp, SignIn, pages};
use leptos::prelude::*;

/// The sign-in form.
pub(super) fn sign_in(data: &SignIn) -> AnyView {
    let next = data.next.as_deref().filter(|next| is_local(next)).map(str::to_owned);
    // A browser keeps its session from a page that a link elsewhere led to, and sends it with this one.
    let asked = next.clone().filter(|_| data.refusal.is_none()).map(|next| {
        view! {
            <p>
                "Signed in already, and here by a link from elsewhere? "
                <a href=next>"Open the page that was asked for"</a>
            </p>
        }
    });
    view! {
        {pages::refusal(data.refusal.as_ref())}
        {asked}
        {others(&data.others, next.as_deref(), data.anew)}
        <form class="form" method="post" action="/login">
            {hidden_next(next.as_deref())}
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

/// A button for each other way. What it does is a POST, because it leaves something behind.
fn others(ways: &OtherWays, next: Option<&str>, anew: bool) -> AnyView {
    let button = |action: &'static str, words: String, anew: bool| {
        view! {
            <form class="form" method="post" action=action>
                {hidden_next(next)}
                {anew.then(|| view! { <input type="hidden" name="anew" value="yes"/> })}
                <button type="submit">{words}</button>
            </form>
        }
    };
    let provider = ways
        .provider
        .as_ref()
        .map(|name| button("/login/openid", format!("Sign in with {}", escaped(name)), anew));
    let proxy = ways.by_proxy.then(|| {
        let words = "Sign in as the proxy in front of this console knows you".to_owned();
        button("/login/proxy", words, false)
    });
    view! {
        {provider}
        {proxy}
    }
    .into_any()
}

fn hidden_next(next: Option<&str>) -> Option<AnyView> {
    let next = next?.to_owned();
    Some(view! { <input type="hidden" name="next" value=next/> }.into_any())
}

/// The way to a provider. A browser goes by itself, because a header says where; this is for one that
/// does not.
pub(super) fn leaving(data: &Leaving) -> AnyView {
    let words = format!("Go on to {}", escaped(&data.provider));
    let way = if leads_away(&data.address) {
        view! { <a href=data.address.clone()>{words}</a> }.into_any()
    } else {
        words.into_any()
    };
    let provider = escaped(&data.provider);
    let what = match data.way {
        ProviderRedirect::In => format!(
            "{provider} is asked who you are, in this browser. It sends you back here; you have 10 minutes."
        ),
        ProviderRedirect::Out => format!(
            "You are signed out here. {provider} may still know this browser, and is asked to forget it."
        ),
    };
    view! {
        <p>{what}</p>
        <p>{way}</p>
    }
    .into_any()
}

/// Whether an address leads to another site in a way that a browser shows.
fn leads_away(address: &str) -> bool {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    is_web && address.chars().all(|c| c.is_ascii_graphic())
}

/// What a provider sent somebody back with. Opening the page does nothing, so that neither a link to it
/// nor a browser that loads it again signs anybody in; its button does.
pub(super) fn returned(data: &Returned) -> AnyView {
    let provider = escaped(&data.provider);
    if let Some(error) = &data.error {
        return view! {
            <p>
                {format!(
                    "{provider} did not say who you are: {}. Nobody was signed in; a session that was open \
                     goes on as it was.",
                    escaped(error),
                )}
            </p>
            <p>
                <a href="/login">"Sign in"</a>
            </p>
        }
        .into_any();
    }
    let field = |name: &'static str, value: &str| {
        view! { <input type="hidden" name=name value=escaped(value)/> }
    };
    view! {
        <p>
            {format!(
                "{provider} has answered. What it says is checked now, and that you signed in is recorded.",
            )}
        </p>
        <form class="form" method="post" action="/login/openid/finish">
            {field("state", &data.state)}
            {field("code", &data.code)}
            {data.issuer.as_deref().map(|issuer| field("iss", issuer))}
            <button type="submit">"Finish signing in"</button>
        </form>
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
            <input type="hidden" name="token" value=escaped(&data.token)/>
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
    let typed_before = typed_before.map(|name| escaped(&name));
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
