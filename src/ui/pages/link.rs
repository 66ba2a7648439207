//! A link for a stakeholder: the page that shows it once, and the page that it opens.

use crate::model::link::LinkLine;
use crate::ui::components::copyable;
use crate::ui::components::words::{escaped, time};
use crate::ui::{IssuedView, OpenLink, pages};
use leptos::prelude::*;
use qrcode::{Color, QrCode};

/// The page behind a link. Opening it uses nothing up; its button does.
pub(super) fn open(data: &OpenLink) -> AnyView {
    view! {
        {pages::refusal(data.refusal.as_ref())}
        <p>
            "This link opens a session that only looks, once and in this browser: the overview, the \
            timeline, and an action where the link names one. Names, reasons and sentences of the \
            kernel are shown as the word redacted. Whoever issued the link can withdraw it at any \
            time. That it was opened is recorded."
        </p>
        <p>
            "Opening this link signs out the current user of this browser."
        </p>
        <form class="form" method="post" action="/link">
            <input type="hidden" name="token" value=escaped(&data.token)/>
            <button type="submit">"Open the session"</button>
        </form>
    }
    .into_any()
}

/// A link that was just issued: the one place that ever shows its address.
pub(super) fn issued(data: &IssuedView) -> AnyView {
    let address = data.address.as_ref().map_or_else(again, |address| once(address));
    view! {
        {address}
        {facts(&data.answer.link)}
        <p>
            <a href="/access">"All links"</a>
        </p>
    }
    .into_any()
}

fn once(address: &str) -> AnyView {
    view! {
        <section>
            <h2>"The address"</h2>
            <p>
                "It is shown this once. It works once, for whoever opens it first. Send it over a private channel."
            </p>
            {copyable::code(address, "the address")}
            {code(address)}
        </section>
    }
    .into_any()
}

fn again() -> AnyView {
    view! {
        <p class="none">
            "This link was issued before, by this very form. Its address was shown then and is not \
            known any more. Revoke it and issue another if it was lost."
        </p>
    }
    .into_any()
}

fn facts(link: &LinkLine) -> AnyView {
    let pair = |name: &'static str, value: AnyView| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! {
        <dl class="facts">
            {pair("For", escaped(link.name.as_str()).into_any())}
            {pair("Shows", shows(link))}
            {pair("Ends", time(link.expires_at))}
            {pair("Id", view! { <code>{link.id.to_string()}</code> }.into_any())}
        </dl>
    }
    .into_any()
}

/// What a link shows, in words.
pub(super) fn shows(link: &LinkLine) -> AnyView {
    let action = link.shows.map(|id| {
        view! {
            ", and the action "
            <a href=format!("/actions/{id}")>
                <code>{id.short()}</code>
            </a>
        }
    });
    view! { "the overview and the timeline" {action} }.into_any()
}

/// The address as a code for a camera: one path, a square for each dark module. Nothing where the text
/// is too long for one.
fn code(address: &str) -> Option<AnyView> {
    let code = QrCode::new(address).ok()?;
    let (side, edge) = (code.width(), code.width() + 8);
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, c)| *c == Color::Dark);
    // A code needs four modules of light round it.
    let squares = dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % side + 4, at / side + 4));
    let path: String = squares.collect();
    let drawn = view! {
        <svg
            class="camera-code"
            viewBox=format!("0 0 {edge} {edge}")
            role="img"
            aria-label="The address as a code for a camera"
        >
            <path d=path/>
        </svg>
    };
    Some(drawn.into_any())
}
