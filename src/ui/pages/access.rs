//! `GET /access`: the links and the reader's own sessions; `GET /access/all`: all of it.

use super::link::shows;
use crate::model::access_list::{AccessList, More};
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
    let issue = if operates {
        issue(data)
    } else {
        pages::for_operators(viewer, "issue and revoke links, and revoke tokens")
    };
    let everybody = (viewer == Some(ActorRole::Auditor)).then(|| {
        view! {
            <p>
                <a href="/access/all">"Every account, session, link and token"</a>
            </p>
        }
    });
    let answer = &data.answer;
    let part = AccessSection { page: "/access", list: answer.list, more: &answer.more };
    let all_links = part.section(AccessList::Links, "Links for stakeholders", || {
        view! {
            <p>
                "A link opens one session that only looks, with what is sensitive redacted. It ends \
                at its time or when an operator revokes it, and its session with it."
            </p>
            {links(&answer.links, operates)}
        }
        .into_any()
    });
    let all_tokens = part.section(AccessList::Tokens, "API tokens", || {
        view! {
            <p>
                "A token reads and never confirms. It is issued on the server: aerodb-control token \
                issue NAME."
            </p>
            {tokens(&answer.tokens, operates)}
        }
        .into_any()
    });
    let own = part.section(AccessList::Sessions, "Your sessions", || sessions(&answer.sessions));
    view! {
        {part.list.is_none().then_some(everybody)}
        {part.way_back()}
        {all_links}
        {part.list.is_none().then_some(issue)}
        {all_tokens}
        {own}
    }
    .into_any()
}

/// Which part of the lists a page shows.
struct AccessSection<'a> {
    page: &'static str,
    list: Option<AccessList>,
    more: &'a [More],
}

impl AccessSection<'_> {
    /// A list, where it is shown, with the way to the rest of it.
    fn section(
        &self,
        list: AccessList,
        title: &'static str,
        rows: impl FnOnce() -> AnyView,
    ) -> Option<AnyView> {
        self.list.is_none_or(|only| only == list).then(|| {
            let more = self.more.iter().find(|more| more.list == list).map(|more| {
                let after = address(&more.after);
                let address = format!("{}?list={}&after={after}", self.page, list.word());
                view! {
                    <p>
                        <a href=address>{format!("The next {ACCESS_ROWS_MAX} {}", list.word())}</a>
                    </p>
                }
            });
            view! {
                <section>
                    <h2>{title}</h2>
                    {rows()}
                    {more}
                </section>
            }
            .into_any()
        })
    }

    /// The way from a part of one list to the beginning of all.
    fn way_back(&self) -> Option<AnyView> {
        let list = self.list?;
        let words = format!("A part of the {}. All lists from their beginnings", list.word());
        Some(view! { <p><a href=self.page>{words}</a></p> }.into_any())
    }
}

/// A key as a part of an address.
fn address(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    key.bytes()
        .map(|byte| match char::from(byte) {
            c if plain(c) => c.to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Everybody who can get in. An auditor reads it; nobody acts and reads this in one session.
pub(super) fn everybody(data: &EverybodyAnswer) -> AnyView {
    let part = AccessSection { page: "/access/all", list: data.list, more: &data.more };
    view! {
        <p>"What an auditor alone sees. No secret is in it: none is kept."</p>
        {part.way_back()}
        {part.section(AccessList::Accounts, "Accounts", || accounts(&data.accounts))}
        {part.section(AccessList::Sessions, "Sessions", || sessions(&data.sessions))}
        {part.section(AccessList::Links, "Links", || links(&data.links, false))}
        {part.section(AccessList::Tokens, "Tokens", || tokens(&data.tokens, false))}
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
                    "Lower-case letters, digits and - . _ @. Must be unique; names are never reused, \
                    and those of roles, nodes and the system are reserved. Recorded."
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
    let since = link.since().map(|at| view! { " since " {time(at)} });
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
    table("Active sessions, newest first", &columns, rows.into_any())
}

fn accounts(accounts: &[AccountLine]) -> AnyView {
    let row = |account: &AccountLine| {
        let state = account.removed_at.map_or_else(
            || "Active".into_any(),
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

fn tokens(tokens: &[TokenLine], operates: bool) -> AnyView {
    if tokens.is_empty() {
        return view! { <p class="none">"No token was ever issued."</p> }.into_any();
    }
    let row = |token: &TokenLine| {
        let state = token.revoked_at.map_or_else(
            || "Active".into_any(),
            |at| view! { "revoked since " {time(at)} }.into_any(),
        );
        let revoke = (operates && token.revoked_at.is_none()).then(|| {
            view! {
                <form class="form" method="post" action=format!("/tokens/{}/revoke", token.name)>
                    <button type="submit">{format!("Revoke {}", token.name)}</button>
                </form>
            }
        });
        view! {
            <tr>
                <th scope="row">{token.name.to_string()}</th>
                <td>{time(token.issued_at)}</td>
                <td>{time(token.expires_at)}</td>
                <td>{state} {revoke}</td>
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
