//! The HTML document round every page: head, header, navigation, main.

use crate::model::actor::ActorRole;
use crate::model::spec::Catalogue;
use crate::model::status::ClusterStatus;
use crate::ui::client_chrome::Here;
use crate::ui::components::{notice, status};
use crate::ui::preferences::{KeyShortcuts, Theme};
use crate::ui::{EnvironmentClass, Frame, NavItem, Page, pages, parts};
use leptos::config::LeptosOptions;
use leptos::hydration::HydrationScripts;
use leptos::prelude::*;

/// The whole document. `stylesheet` is the address of the style sheet.
#[must_use]
pub fn document(options: &LeptosOptions, stylesheet: String, frame: &Frame, page: Page) -> AnyView {
    let (identity, catalogue) = (&frame.identity, Catalogue::from(frame.spec));
    provide_context(catalogue);
    let place = format!("{} {}", identity.environment, identity.cluster);
    let base = format!("{} · {place} · AeroDB control plane", page.title(catalogue));
    let trouble = frame.status.as_ref().and_then(|shown| status::trouble(frame.spec, shown));
    let title = match trouble {
        Some(trouble) => format!("{trouble} · {base}"),
        None => base.clone(),
    };
    let theme = frame.preferences.theme;
    let themed = (theme != Theme::Auto).then(|| theme.word());
    let is_live = page.is_live() && frame.session.is_some();
    let is_guest = frame.viewer() == Some(ActorRole::Stakeholder);
    let keys = frame.preferences.keys == KeyShortcuts::On && !is_guest;
    // The overview draws both itself, because there they are kept up to date with all the rest.
    let is_drawn = matches!(page, Page::Overview(_));
    let here = is_live.then(|| view! { <Here keys=keys follows=!is_drawn/> });
    let waits = matches!(&page, Page::Action(view) if view.answer.stage.waits());
    let strip = frame.status.as_ref().map(|shown| strip(frame, shown, base.clone(), waits));
    let class = match frame.environment {
        EnvironmentClass::Production => Some("production"),
        EnvironmentClass::Other => None,
    };
    let scripts =
        is_live.then(|| view! { <HydrationScripts options=options.clone() islands=true/> });
    let header = header(frame, page.nav());
    let heading = page.title(catalogue);
    let unrecordable = frame.unrecordable.as_deref().map(notice::unrecordable);
    let mismatch = frame.mismatch.as_ref().map(notice::mismatch);
    let is_outside = frame.mismatch.is_some() && frame.session.is_none();
    let reading = is_outside.then(notice::reading_while_held);
    // Who froze and why is not for somebody with a link; that it is so stands in the strip.
    let freeze = (!is_drawn && !is_guest).then(|| notice::freeze(frame.freeze())).flatten();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=themed>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content=theme.color_scheme()/>
                <meta name="robots" content="noindex"/>
                <title>{title}</title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=stylesheet/>
                {scripts}
            </head>
            <body data-environment=class>
                <a class="skip" href="#main">"Skip to the content"</a>
                {header}
                {strip}
                <main class="page" id="main" tabindex="-1">
                    <h1>{heading}</h1>
                    {mismatch}
                    {reading}
                    {unrecordable}
                    {freeze}
                    {pages::body(frame, page)}
                </main>
                <footer class="foot">
                    <p>
                        "This console observes, explains and asks. It decides nothing and does \
                        nothing on its own. All times are UTC."
                    </p>
                    {themes(theme)}
                </footer>
                {here}
            </body>
        </html>
    }
    .into_any()
}

/// What stands on every page, and what is shown in its place when the server is not heard any more. While a
/// confirmation is open it has a fixed size, so that nothing beneath it moves.
fn strip(frame: &Frame, shown: &ClusterStatus, base: String, is_fixed: bool) -> AnyView {
    let size = if is_fixed { "fixed" } else { "free" };
    view! {
        <div
            class="connection"
            id="connection"
            hidden
            data-title=base
            data-trouble="Connection lost"
            data-says="The connection to the server is lost. What the page shows is not of now."
        >
            <p>
                <strong>"Connection lost."</strong>
                " The server was last heard "
                <span data-heard></span>
                " ago. What stands below is from then, and nothing is sent until the server is heard."
            </p>
        </div>
        <p class="spoken" id="spoken" role="status"></p>
        <section class="status" aria-label="Status" data-size=size>
            {parts::status(frame.spec, shown, frame.viewer())}
            <p class="heard">
                <span data-when="still">"As of the time shown. Reload for the present."</span>
                <span data-when="live">"Live. The server was heard " <span data-heard></span> " ago."</span>
                <span data-when="lost">"Not live."</span>
            </p>
        </section>
    }
    .into_any()
}

fn header(frame: &Frame, current: Option<NavItem>) -> AnyView {
    let identity = &frame.identity;
    let production = (frame.environment == EnvironmentClass::Production)
        .then(|| view! { <div data-kind="production"><dt>"Class"</dt><dd>"Production"</dd></div> });
    let nav = frame.viewer().map(|role| navigation(role, frame, current));
    let person = frame.session.as_ref().map(|session| {
        let name = session.name.to_string();
        let role = match session.role {
            ActorRole::Observer => "Observer (read-only)",
            ActorRole::Operator => "operator: asks and confirms",
            ActorRole::Auditor => "auditor: sees and verifies the log",
            ActorRole::Stakeholder => "stakeholder: sees what a link shows",
        };
        let sign_out = frame.can_sign_out.then_some(());
        view! {
            <div class="person">
                <p>
                    <strong>{name}</strong>
                    <small>{role}</small>
                </p>
                {sign_out.map(|()| view! {
                    <form method="post" action="/logout">
                        <button type="submit">"Sign out"</button>
                    </form>
                })}
            </div>
        }
    });
    view! {
        <header class="top">
            <p class="brand">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <path d="M12 2 21 7V17L12 22 3 17V7Z"/>
                    <path d="M12 7V12M12 12 7.5 15M12 12 16.5 15"/>
                </svg>
                <span>"AeroDB control plane"</span>
            </p>
            <dl class="place">
                <div>
                    <dt>"Environment"</dt>
                    <dd>{identity.environment.to_string()}</dd>
                </div>
                {production}
                <div>
                    <dt>"Cluster"</dt>
                    <dd>{identity.cluster.to_string()}</dd>
                </div>
            </dl>
            {person}
            {nav}
        </header>
    }
    .into_any()
}

/// The choice of colours. A form, so that it works without a script; it changes nothing but a cookie.
fn themes(now: Theme) -> AnyView {
    let buttons = Theme::ALL
        .map(|theme| {
            let pressed = if theme == now { "true" } else { "false" };
            view! {
                <button type="submit" name="theme" value=theme.word() aria-pressed=pressed>
                    {theme.word()}
                </button>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <form class="looks" method="get" action="/preferences">
            <span id="theme-label">"Theme"</span>
            <span class="looks" role="group" aria-labelledby="theme-label">
                {buttons}
            </span>
            <a href="/help">"Help"</a>
        </form>
    }
    .into_any()
}

fn navigation(role: ActorRole, frame: &Frame, current: Option<NavItem>) -> AnyView {
    let shown = frame.shows.map(|id| {
        view! {
            <li>
                <a href=format!("/actions/{id}")>"Action"</a>
            </li>
        }
    });
    let items = NavItem::of(role)
        .iter()
        .copied()
        .map(|item| {
            let here = (current == Some(item)).then_some("page");
            view! {
                <li>
                    <a href=item.address() aria-current=here>
                        {item.word()}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="nav" aria-label="Console">
            <ul>{items} {shown}</ul>
        </nav>
    }
    .into_any()
}
