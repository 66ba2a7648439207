//! Who may act, derived from the records and held against the tables. Pure: no file, no clock.
//!
//! Every change of an account, a token or a link has its record in the same transaction, so the fold of
//! the records is what the tables have to say. A session belongs to a sign-in that is on record, and
//! none outlives a change of its account's role or the account itself.

use crate::authority::stored::{StoredRights, StoredSession};
use crate::model::action::ActionId;
use crate::model::actor::{ActorRole, CredentialKind, ProviderIdentity};
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use crate::model::finding::{Finding, FindingKind, FindingSubject, RightsTable};
use crate::model::record::{Entry, Record};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds of record that say who may act.
pub const KINDS: [&str; 14] = [
    "account_created",
    "role_changed",
    "account_removed",
    "password_changed",
    "sessions_ended",
    "token_issued",
    "token_revoked",
    "link_issued",
    "link_used",
    "link_revoked",
    "signed_in",
    "proved_again",
    "signed_out",
    "access_ended",
];

#[derive(Clone, Debug)]
struct AccountRow {
    role: ActorRole,
    identity: Option<ProviderIdentity>,
    is_removed: bool,
    /// The mark of its password, where a record names it.
    password: Option<Hash>,
    /// By what somebody signed in since the role was given, and when last, by records that name no
    /// session: those of versions before.
    signed_in_by: BTreeMap<&'static str, Timestamp>,
}

#[derive(Clone, Debug)]
struct LinkRow {
    name: String,
    shows: Option<ActionId>,
    issued_by: String,
    expires_at: Timestamp,
    is_used: bool,
    is_ended: bool,
    is_revoked: bool,
    /// The marks of its secret and its session, where records name them.
    secret: Option<Hash>,
    session: Option<Hash>,
}

#[derive(Clone, Debug)]
struct Token {
    expires_at: Timestamp,
    is_revoked: bool,
    secret: Option<Hash>,
}

/// The rights that follow from the records that were read so far.
#[derive(Clone, Debug, Default)]
pub struct RecordedRights {
    accounts: BTreeMap<String, AccountRow>,
    tokens: BTreeMap<String, Token>,
    links: BTreeMap<ActionId, LinkRow>,
    /// The sessions that are in the table: the others are not remembered.
    stored: BTreeSet<Hash>,
    /// Those of them that a record began and none has ended, with their accounts.
    sessions: BTreeMap<Hash, String>,
}

/// One line per row of every table: what it says, in words.
type RightsLines = BTreeMap<(RightsTable, String), String>;

impl RecordedRights {
    /// Nothing read so far, to be held against these tables.
    #[must_use]
    pub fn about(stored: &StoredRights) -> Self {
        let stored = stored.sessions.iter().map(|session| session.mark).collect();
        Self { stored, ..Self::default() }
    }

    /// Reads the next record.
    pub fn learn(&mut self, record: &Record) {
        let actor = record.actor.as_ref();
        if let Some(ended) = &record.ended {
            self.sessions.remove(ended);
        }
        match &record.entry {
            Entry::AccountCreated { name, role, identity } => {
                let (role, identity) = (*role, identity.clone());
                let account = AccountRow {
                    role,
                    identity,
                    is_removed: false,
                    password: record.issued,
                    signed_in_by: BTreeMap::new(),
                };
                self.accounts.insert(name.to_string(), account);
            }
            Entry::RoleChanged { name, to, .. } => {
                if let Some(account) = self.accounts.get_mut(name.as_str()) {
                    account.role = *to;
                    account.signed_in_by.clear();
                }
                self.sessions.retain(|_, account| account != name.as_str());
            }
            Entry::AccountRemoved { name, .. } => {
                if let Some(account) = self.accounts.get_mut(name.as_str()) {
                    account.is_removed = true;
                    account.signed_in_by.clear();
                }
                self.sessions.retain(|_, account| account != name.as_str());
            }
            Entry::PasswordChanged { name, .. } => {
                if let Some(account) = self.accounts.get_mut(name.as_str()) {
                    account.password = record.issued;
                    account.signed_in_by.clear();
                }
                self.sessions.retain(|_, account| account != name.as_str());
            }
            Entry::SessionsEnded { name, .. } => {
                if let Some(account) = self.accounts.get_mut(name.as_str()) {
                    account.signed_in_by.clear();
                }
                self.sessions.retain(|_, account| account != name.as_str());
            }
            Entry::SignedIn { .. } | Entry::ProvedAgain {} if record.issued.is_some() => {
                let mark = record.issued.filter(|mark| self.stored.contains(mark));
                if let Some((mark, actor)) = mark.zip(actor) {
                    self.sessions.insert(mark, actor.name.to_string());
                }
            }
            Entry::SignedIn { by } => {
                let account = actor.and_then(|actor| self.accounts.get_mut(actor.name.as_str()));
                if let Some(account) = account {
                    account.signed_in_by.insert(by.word(), record.at);
                }
            }
            Entry::SignedOut {} => {
                let guest = actor.filter(|actor| actor.via == CredentialKind::Link);
                if let Some(guest) = guest {
                    let named = |link: &&mut LinkRow| link.name == guest.name.as_str();
                    if let Some(link) = self.links.values_mut().find(named) {
                        link.is_ended = true;
                    }
                }
            }
            Entry::TokenIssued { name, expires_at } => {
                let (expires_at, secret) = (*expires_at, record.issued);
                let token = Token { expires_at, is_revoked: false, secret };
                self.tokens.insert(name.to_string(), token);
            }
            Entry::TokenRevoked { name } => {
                if let Some(token) = self.tokens.get_mut(name.as_str()) {
                    token.is_revoked = true;
                }
            }
            Entry::LinkIssued { link_id, name, shows, expires_at } => {
                let link = LinkRow {
                    name: name.to_string(),
                    shows: *shows,
                    issued_by: actor.map_or_else(String::new, |actor| actor.name.to_string()),
                    expires_at: *expires_at,
                    is_used: false,
                    is_ended: false,
                    is_revoked: false,
                    secret: record.issued,
                    session: None,
                };
                self.links.insert(*link_id, link);
            }
            Entry::LinkUsed { link_id } => self.with_link(*link_id, |link| {
                link.is_used = true;
                link.session = record.issued;
            }),
            Entry::LinkRevoked { link_id } => {
                self.with_link(*link_id, |link| link.is_revoked = true);
            }
            Entry::AccessEnded { tokens, links, .. } => {
                for name in tokens {
                    if let Some(token) = self.tokens.get_mut(name.as_str()) {
                        token.is_revoked = true;
                    }
                }
                for id in links {
                    self.with_link(*id, |link| link.is_revoked = true);
                }
            }
            _ => {}
        }
    }

    fn with_link(&mut self, id: ActionId, change: impl FnOnce(&mut LinkRow)) {
        if let Some(link) = self.links.get_mut(&id) {
            change(link);
        }
    }

    /// Where the tables say something else.
    #[must_use]
    pub fn compare(&self, stored: &StoredRights) -> Vec<Finding> {
        let (said, found) = (self.lines(), self.lines_of(stored));
        let keys: BTreeSet<_> = said.keys().chain(found.keys()).collect();
        let rows = keys.into_iter().filter_map(|key| differs(key, said.get(key), found.get(key)));
        rows.chain(stored.sessions.iter().filter_map(|session| self.stray(session))).collect()
    }

    fn lines(&self) -> RightsLines {
        let accounts = self.accounts.iter().map(|(name, a)| {
            let text = account(a.role.word(), a.identity.is_none(), a.is_removed);
            ((RightsTable::Account, name.clone()), text + &marked("password", a.password))
        });
        let identities = self.accounts.iter().filter_map(|(name, a)| {
            a.identity.as_ref().map(|who| ((RightsTable::Identity, name.clone()), identity(who)))
        });
        let tokens = self.tokens.iter().map(|(name, t)| {
            let text = token(t.expires_at, t.is_revoked) + &marked("secret", t.secret);
            ((RightsTable::Token, name.clone()), text)
        });
        let links = self.links.iter().map(|(id, l)| {
            let ends = [l.is_used, l.is_ended, l.is_revoked];
            let text = link(&l.name, l.shows, &l.issued_by, l.expires_at, ends);
            let marks = marked("secret", l.secret) + &marked("session", l.session);
            ((RightsTable::Link, id.to_string()), text + &marks)
        });
        accounts.chain(identities).chain(tokens).chain(links).collect()
    }

    /// What the tables say, with the marks of those rows whose records name one.
    fn lines_of(&self, stored: &StoredRights) -> RightsLines {
        let mut lines = RightsLines::new();
        for a in &stored.accounts {
            let known = self.accounts.get(&a.name).and_then(|known| known.password);
            let text = account(&a.role, a.password.is_some(), a.is_removed);
            let text = text + &marked("password", known.and(a.password));
            lines.insert((RightsTable::Account, a.name.clone()), text);
            if let Some(who) = &a.identity {
                lines.insert((RightsTable::Identity, a.name.clone()), identity(who));
            }
        }
        for who in &stored.strays {
            lines.insert((RightsTable::Identity, identity(who)), identity(who));
        }
        for t in &stored.tokens {
            let known = self.tokens.get(&t.name).and_then(|known| known.secret);
            let text = token(Timestamp::from_millis(t.expires_ms), t.is_revoked);
            let text = text + &marked("secret", known.map(|_| t.secret));
            lines.insert((RightsTable::Token, t.name.clone()), text);
        }
        for l in &stored.links {
            let known = self.links.get(&l.id);
            let ends = [l.session.is_some(), l.is_ended, l.is_revoked];
            let expires_at = Timestamp::from_millis(l.expires_ms);
            let text = link(&l.name, l.shows, &l.issued_by, expires_at, ends);
            let secret = known.and_then(|known| known.secret).map(|_| l.secret);
            let session = known.and_then(|known| known.session).and(l.session);
            let marks = marked("secret", secret) + &marked("session", session);
            lines.insert((RightsTable::Link, l.id.to_string()), text + &marks);
        }
        lines
    }

    /// A session that no sign-in on record can have begun.
    fn stray(&self, session: &StoredSession) -> Option<Finding> {
        if self.sessions.get(&session.mark) == Some(&session.account) {
            return None;
        }
        let account = self.accounts.get(&session.account).filter(|account| !account.is_removed);
        let last = account.and_then(|account| account.signed_in_by.get(session.means.as_str()));
        let began = Timestamp::from_millis(session.created_ms);
        if last.is_some_and(|last| began <= *last) && session.has_its_length() {
            return None;
        }
        let StoredSession { account, means, expires_ms, .. } = session;
        let to = Timestamp::from_millis(*expires_ms);
        let found = format!("a session of {account} by {means} from {began} to {to}");
        let expected = "a sign-in on record that began exactly this session and that nothing ended";
        let subject = FindingSubject::Row {
            table: RightsTable::Session,
            key: account.clone(),
            content: Some(session.mark),
        };
        Some(Finding::new(FindingKind::RightsDiffer, subject, found, expected))
    }
}

fn differs(
    (table, key): &(RightsTable, String),
    said: Option<&String>,
    found: Option<&String>,
) -> Option<Finding> {
    if said == found {
        return None;
    }
    let row = |line: Option<&String>| match line {
        Some(line) => format!("{} {key}: {line}", table.word()),
        None => format!("no {} {key}", table.word()),
    };
    let content = found.map(|line| Hash::of(line.as_bytes()));
    let subject = FindingSubject::Row { table: *table, key: key.clone(), content };
    let expected = format!("{}, as the records say", row(said));
    Some(Finding::new(FindingKind::RightsDiffer, subject, row(found), expected))
}

/// The end of a line, where a record names what was stored.
fn marked(what: &str, mark: Option<Hash>) -> String {
    mark.map_or_else(String::new, |mark| format!(", {what} {mark}"))
}

fn account(role: &str, has_password: bool, is_removed: bool) -> String {
    let by = if has_password { "with a password" } else { "without a password" };
    format!("{role} {by}{}", if is_removed { ", removed" } else { "" })
}

fn identity(who: &ProviderIdentity) -> String {
    format!("{} of {}", who.subject, who.issuer)
}

fn token(expires_at: Timestamp, is_revoked: bool) -> String {
    format!("ends {expires_at}{}", if is_revoked { ", revoked" } else { "" })
}

fn link(
    name: &str,
    shows: Option<ActionId>,
    issued_by: &str,
    expires_at: Timestamp,
    [is_used, is_ended, is_revoked]: [bool; 3],
) -> String {
    let shows = shows.map_or_else(String::new, |id| format!(", shows {id}"));
    let marks = [(is_used, ", used"), (is_ended, ", ended"), (is_revoked, ", revoked")];
    let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
    format!("for {name}, issued by {issued_by}, ends {expires_at}{shows}{marks}")
}
