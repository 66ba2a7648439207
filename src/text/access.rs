//! Links, sessions, accounts and tokens as text: what the console shows as tables.

use crate::model::access_list::{AccessList, More};
use crate::model::link::{
    AccessAnswer, EverybodyAnswer, LinkAnswer, LinkLine, SessionLine, TokenAnswer, TokenLine,
};
use crate::text::lines::TextLines;

/// A link that was issued: its address, and what is to know about it. `url` is where the control plane
/// is.
#[must_use]
pub fn link_issued(answer: &LinkAnswer, url: &str) -> (TextLines, TextLines) {
    let (mut address, mut lines) = (TextLines::new(), TextLines::new());
    match &answer.path {
        Some(path) => {
            address.line(format!("{url}{path}"));
            lines.line("It is shown this once. It works once, for whoever opens it first.");
        }
        None => lines.line("The link was issued before. Its address is not shown again."),
    }
    add_link(&mut lines, &answer.link);
    (address, lines)
}

/// A link that was revoked.
#[must_use]
pub fn link_revoked(answer: &LinkAnswer) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(if answer.duplicate {
        "The link was revoked before."
    } else {
        "The link is revoked, and its session has ended."
    });
    add_link(&mut lines, &answer.link);
    lines
}

/// The links.
#[must_use]
pub fn links(issued: &[LinkLine]) -> TextLines {
    let mut lines = TextLines::new();
    if issued.is_empty() {
        lines.line("No link was ever issued.");
    }
    for link in issued {
        add_link(&mut lines, link);
    }
    lines
}

/// The links of an answer, and the command that shows the rest of them.
#[must_use]
pub fn links_of(answer: &AccessAnswer, option: &str) -> TextLines {
    let mut lines = links(&answer.links);
    let more = answer.more.iter().filter(|more| more.list == AccessList::Links);
    add_more(&mut lines, &format!("access{option}"), &more.cloned().collect::<Vec<_>>());
    lines
}

/// The reader's own sessions, the links and the tokens.
#[must_use]
pub fn access(answer: &AccessAnswer, option: &str) -> TextLines {
    let mut lines = TextLines::new();
    let shows = |list| answer.list.is_none_or(|only| only == list);
    if shows(AccessList::Sessions) {
        add_sessions(&mut lines, "Your sessions", &answer.sessions);
    }
    add_links_and_tokens(&mut lines, shows, &answer.links, &answer.tokens);
    add_more(&mut lines, &format!("access{option}"), &answer.more);
    lines
}

/// The links and the tokens, as far as they are shown.
fn add_links_and_tokens(
    lines: &mut TextLines,
    shows: impl Fn(AccessList) -> bool,
    issued: &[LinkLine],
    tokens: &[TokenLine],
) {
    if shows(AccessList::Links) {
        lines.gap();
        lines.line("Links");
        lines.append(&links(issued));
    }
    if shows(AccessList::Tokens) {
        lines.gap();
        lines.line("Tokens");
        add_tokens(lines, tokens);
    }
}

/// The commands that show the rest of lists that are longer than a page.
fn add_more(lines: &mut TextLines, command: &str, more: &[More]) {
    for More { list, after } in more {
        let list = list.word();
        lines.gap();
        lines.line(format!("More {list}: aerodb-control {command} --list {list} --after {after}"));
    }
}

/// A token that was revoked.
#[must_use]
pub fn token_revoked(answer: &TokenAnswer) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(if answer.duplicate {
        "The token was revoked before."
    } else {
        "The token is revoked: it works nowhere any more."
    });
    add_tokens(&mut lines, std::slice::from_ref(&answer.token));
    lines
}

/// Everybody who can get in.
#[must_use]
pub fn everybody(answer: &EverybodyAnswer, option: &str) -> TextLines {
    let mut lines = TextLines::new();
    let shows = |list| answer.list.is_none_or(|only| only == list);
    if shows(AccessList::Accounts) {
        lines.line("Accounts");
    }
    for account in &answer.accounts {
        let removed = account.removed_at.map(|at| format!("  removed {at}")).unwrap_or_default();
        let (name, role, made) = (&account.name, account.role, account.made_at);
        lines.line(format!("{name}  {role}  made {made}{removed}"));
    }
    if shows(AccessList::Sessions) {
        lines.gap();
        add_sessions(&mut lines, "Sessions", &answer.sessions);
    }
    add_links_and_tokens(&mut lines, shows, &answer.links, &answer.tokens);
    add_more(&mut lines, &format!("access --all{option}"), &answer.more);
    lines
}

fn add_tokens(lines: &mut TextLines, tokens: &[TokenLine]) {
    for token in tokens {
        let revoked = token.revoked_at.map(|at| format!("  revoked {at}")).unwrap_or_default();
        lines.line(format!(
            "{}  issued {}  ends {}{revoked}",
            token.name, token.issued_at, token.expires_at
        ));
    }
    if tokens.is_empty() {
        lines.line("No token was ever issued.");
    }
}

fn add_sessions(lines: &mut TextLines, title: &str, sessions: &[SessionLine]) {
    lines.line(title);
    for session in sessions {
        lines.line(format!(
            "{}  {}  by {}  began {}  last used {}  ends {} at the latest",
            session.account,
            session.role,
            session.by.words(),
            session.began_at,
            session.seen_at,
            session.expires_at
        ));
    }
    if sessions.is_empty() {
        lines.line("None.");
    }
}

fn add_link(lines: &mut TextLines, link: &LinkLine) {
    let since = link.since().map(|at| format!(" since {at}"));
    let shows = link.shows.map_or_else(String::new, |id| format!(" and action {id}"));
    lines.line(format!("{}  {}  {}{}", link.id, link.name, link.word(), since.unwrap_or_default()));
    lines.line(format!(
        "    shows the cluster{shows}; issued {} by {}; ends {}",
        link.issued_at, link.issued_by, link.expires_at
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::ActionId;
    use crate::model::ambient::Timestamp;
    use crate::model::text::ActorName;

    fn link() -> LinkLine {
        LinkLine {
            id: ActionId::from_random([7; 16]),
            name: ActorName::parse("the-board").expect("a name"),
            shows: None,
            issued_by: ActorName::parse("olga").expect("a name"),
            issued_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(3_600_000),
            used_at: None,
            ended_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn a_link_that_was_issued_before_has_no_address_and_one_that_is_new_has() {
        let mut answer = LinkAnswer { link: link(), path: None, duplicate: true };
        let again = link_issued(&answer, "http://127.0.0.1:7400");
        assert_eq!(again.0.as_str(), "");
        assert!(!again.1.as_str().contains("http"), "{}", again.1.as_str());
        answer.path = Some("/link/aerodb_link_1".to_owned());
        let new = link_issued(&answer, "http://127.0.0.1:7400");
        assert_eq!(new.0.as_str(), "http://127.0.0.1:7400/link/aerodb_link_1\n");
        assert!(!new.1.as_str().contains("aerodb_link_1"));
    }

    #[test]
    fn a_revoked_link_says_so_and_since_when() {
        let mut revoked = link();
        revoked.used_at = Some(Timestamp::from_millis(1_000));
        assert!(links(&[revoked.clone()]).as_str().contains("used since 1970-01-01T00:00:01.000Z"));
        revoked.revoked_at = Some(Timestamp::from_millis(2_000));
        assert!(links(&[revoked]).as_str().contains("revoked since 1970-01-01T00:00:02.000Z"));
    }
}
