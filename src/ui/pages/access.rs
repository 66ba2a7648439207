//! `GET /access`: the links and the reader's own sessions; `GET /access/everybody`: all of it.

use super::link::shows;
use crate::model::actor::ActorRole;
use crate::model::link::{
    ACCESS_ROWS_MAX, AccountLine, EverybodyAnswer, LinkLine, SessionLine, TokenLine,
};
use crate::model::text::ACTOR_NAME_CHARS_MAX;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::time;
use crate::ui::{AccessView, Frame, pages};
use leptos::prelude::*;

/// The links and the reader's own sessions. Only an operator has forms.
pub(super) fn own(data: &AccessView, frame: &Frame) -> AnyView {
    let viewer = frame.viewer();
    let operates = viewer == Some(ActorRole::Operator);
    let issue =
        if operates { issue(data) } else { pages::for_operators(viewer, "issue and revoke links") };
    let everybody = (viewer == Some(ActorRole::Auditor)).then(|| {
        view! {
            <p>
                <a href="/access/everybody">"Every account, session, link and token"</a>
            </p>
        }
    });
    view! {
        {everybody}
        <section>
            <h2>"Links for stakeholders"</h2>
            <p>
                "A link opens one session that only looks, with what is sensitive redacted. It ends \
                at its time or when an operator revokes it, and its session with it."
            </p>
            {links(&data.answer.links, operates)}
        </section>
        {issue}
        <section>
            <h2>"Your sessions"</h2>
            {sessions(&data.answer.sessions)}
        </section>
    }
    .into_any()
}

/// Everybody who can get in. An auditor reads it; nobody acts and reads this in one session.
pub(super) fn everybody(data: &EverybodyAnswer) -> AnyView {
    view! {
        <p>
            {format!(
                "What an auditor alone sees. No secret is in it: none is kept. Each list holds at most \
                {ACCESS_ROWS_MAX}, the newest; the log holds all.",
            )}
        </p>
        <section>
            <h2>"Accounts"</h2>
            {accounts(&data.accounts)}
        </section>
        <section>
            <h2>"Sessions"</h2>
            {sessions(&data.sessions)}
        </section>
        <section>
            <h2>"Links"</h2>
            {links(&data.links, false)}
        </section>
        <section>
            <h2>"Tokens"</h2>
            {tokens(&data.tokens)}
        </section>
    }
    .into_any()
}

fn issue(data: &AccessView) -> AnyView {
    let choice = |value: &'static str, words: &'static str| {
        let id = format!("expires-{value}");
        view! {
            <p>
                <input type="radio" id=id.clone() name="expires" value=value required/>
                <label for=id>{words}</label>
            </p>
        }
    };
    view! {
        <form class="form" method="post" action="/links" autocomplete="off">
            <h2>"Issue a link"</h2>
            <p>"The address is shown once, on the next page. Issuing it is recorded."</p>
            <input type="hidden" name="link_id" value=data.link_id.to_string()/>
            <p class="field">
                <label for="link-name">"For whom, or for what"</label>
                <input
                    type="text"
                    id="link-name"
                    name="name"
                    required
                    maxlength=ACTOR_NAME_CHARS_MAX.to_string()
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby="link-name-hint"
                />
                <small id="link-name-hint">
                    "Lower-case letters, digits and - . _ @. No account, token or link ever had it. \
                    Recorded."
                </small>
            </p>
            <p class="field">
                <label for="link-scope">"Shows"</label>
                <input
                    type="text"
                    id="link-scope"
                    name="scope"
                    required
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby="link-scope-hint"
                />
                <small id="link-scope-hint">
                    "cluster: the overview and the timeline. The id of an action: these, and that one."
                </small>
            </p>
            <fieldset class="choice">
                <legend>"Ends after"</legend>
                {choice("1h", "1 hour")}
                {choice("12h", "12 hours")}
                {choice("1d", "1 day")}
                {choice("7d", "7 days")}
            </fieldset>
            <button type="submit" data-tone="act">
                "Issue the link"
            </button>
        </form>
    }
    .into_any()
}

fn links(links: &[LinkLine], operates: bool) -> AnyView {
    if links.is_empty() {
        return view! { <p class="none">"No link was ever issued."</p> }.into_any();
    }
    let rows = links.iter().map(|link| row(link, operates)).collect_view();
    table("Links, newest first", &["For", "Shows", "Issued", "Ends", "State"], rows.into_any())
}

fn row(link: &LinkLine, operates: bool) -> AnyView {
    let since = link.revoked_at.or(link.used_at).map(|at| view! { " since " {time(at)} });
    let revoke = (operates && link.revoked_at.is_none()).then(|| {
        view! {
            <form class="form" method="post" action=format!("/links/{}/revoke", link.id)>
                <button type="submit">{format!("Revoke {}", link.name)}</button>
            </form>
        }
    });
    view! {
        <tr>
            <th scope="row">
                {link.name.to_string()} <small>" " <code>{link.id.to_string()}</code></small>
            </th>
            <td>{shows(link)}</td>
            <td>{time(link.issued_at)} " by " {link.issued_by.to_string()}</td>
            <td>{time(link.expires_at)}</td>
            <td>{link.word()} {since} {revoke}</td>
        </tr>
    }
    .into_any()
}

fn sessions(sessions: &[SessionLine]) -> AnyView {
    let row = |session: &SessionLine| {
        view! {
            <tr>
                <th scope="row">{session.account.to_string()}</th>
                <td>{session.role.word()}</td>
                <td>{session.by.words()}</td>
                <td>{time(session.began_at)}</td>
                <td>{time(session.seen_at)}</td>
                <td>{time(session.expires_at)}</td>
            </tr>
        }
    };
    let rows = sessions.iter().map(row).collect_view();
    let columns = ["Account", "Role", "Signed in by", "Began", "Last used", "Ends at the latest"];
    table("Sessions that were not ended, newest first", &columns, rows.into_any())
}

fn accounts(accounts: &[AccountLine]) -> AnyView {
    let row = |account: &AccountLine| {
        let state = account.removed_at.map_or_else(
            || "not removed".into_any(),
            |at| view! { "removed since " {time(at)} }.into_any(),
        );
        view! {
            <tr>
                <th scope="row">{account.name.to_string()}</th>
                <td>{account.role.word()}</td>
                <td>{time(account.made_at)}</td>
                <td>{state}</td>
            </tr>
        }
    };
    let rows = accounts.iter().map(row).collect_view();
    table("Accounts, by name", &["Account", "Role", "Made", "State"], rows.into_any())
}

fn tokens(tokens: &[TokenLine]) -> AnyView {
    if tokens.is_empty() {
        return view! { <p class="none">"No token was ever issued."</p> }.into_any();
    }
    let row = |token: &TokenLine| {
        let state = token.revoked_at.map_or_else(
            || "not revoked".into_any(),
            |at| view! { "revoked since " {time(at)} }.into_any(),
        );
        view! {
            <tr>
                <th scope="row">{token.name.to_string()}</th>
                <td>{time(token.issued_at)}</td>
                <td>{time(token.expires_at)}</td>
                <td>{state}</td>
            </tr>
        }
    };
    let rows = tokens.iter().map(row).collect_view();
    table("Tokens, newest first", &["Token", "Issued", "Ends", "State"], rows.into_any())
}

fn table(caption: &'static str, columns: &[&'static str], rows: AnyView) -> AnyView {
    let columns = columns.iter().map(|name| view! { <th scope="col">{*name}</th> }).collect_view();
    scrolling(
        caption,
        view! {
            <table>
                <caption>{caption}</caption>
                <thead>
                    <tr>{columns}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}
