//! What a record is found by: the terms of the index, from the record itself and from the request
//! that its action began with.

use super::LedgerError;
use super::LogFilter;
use crate::model::action::{ActionId, ActionKind, Stage};
use crate::model::facts::FactChange;
use crate::model::log_filter::{WORD_CHARS_MAX, words};
use crate::model::record::{Entry, Record};
use crate::model::text::{ActorName, NodeId};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What the action of a record is about, as the columns say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ActionColumns {
    pub(super) action_kind: Option<String>,
    pub(super) node: Option<String>,
}

/// What the action of a record is about: the request says it, and for later records the row of the
/// request, which stands before them.
pub(super) fn about(
    connection: &Connection,
    record: &Record,
) -> Result<ActionColumns, LedgerError> {
    if let Entry::Requested { action, .. } = &record.entry {
        let node = action.node().map(|node| node.to_string());
        return Ok(ActionColumns { action_kind: Some(action.kind().to_string()), node });
    }
    let Some(id) = record.action_id else { return Ok(ActionColumns::default()) };
    let found = connection
        .prepare_cached(
            "SELECT entry.action_kind, entry.node FROM transition JOIN entry USING (seq)
             WHERE transition.action = ?1 AND transition.f = 0 AND transition.seq < ?2",
        )?
        .query_row(params![id.bytes(), record.seq], |row| {
            Ok(ActionColumns { action_kind: row.get(0)?, node: row.get(1)? })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// The terms of a record, each once.
pub(super) fn terms(record: &Record, about: &ActionColumns) -> BTreeSet<String> {
    let actor = record.actor.as_ref().map(|actor| actor.name.as_str());
    let action = record.action_id.as_ref().map(ToString::to_string);
    let freeze = match &record.entry {
        Entry::Frozen { freeze_id, .. } => freeze_id.as_ref().map(ToString::to_string),
        _ => None,
    };
    let stage = record.entry.stage().map(Stage::word);
    let fields = [
        ("actor", actor),
        ("kind", Some(record.entry.word())),
        ("stage", stage),
        ("action_kind", about.action_kind.as_deref()),
        ("node", about.node.as_deref()),
        ("action", action.as_deref()),
        ("freeze", freeze.as_deref()),
    ];
    let fields = fields.into_iter().filter_map(|(name, text)| text.map(|text| term(name, text)));
    let texts = texts(&record.entry);
    let words = texts.iter().flat_map(|text| words(text));
    fields.chain(words.filter(|word| word.chars().count() <= WORD_CHARS_MAX)).collect()
}

fn term(name: &str, text: &str) -> String {
    // The sign keeps it apart from every word. The names have no other mark that would end a term.
    format!("{name}={text}")
}

/// Puts a record into the index.
pub(super) fn store(
    transaction: &Transaction<'_>,
    seq: u64,
    terms: &BTreeSet<String>,
) -> Result<(), LedgerError> {
    let terms = terms.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    transaction
        .prepare_cached("INSERT INTO entry_index (rowid, terms) VALUES (?1, ?2)")?
        .execute(params![seq, terms])?;
    Ok(())
}

/// What the index is asked for, in the language of FTS5; `None` where nothing but the action and the
/// time is asked for, which have indexes of their own.
pub(super) fn matching(filter: &LogFilter) -> Option<String> {
    let LogFilter {
        action,
        kind,
        kinds,
        actor,
        action_kind,
        node,
        stage,
        since: _,
        until: _,
        text,
    } = filter;
    let fields = [
        ("actor", actor.as_ref().map(ActorName::as_str)),
        ("kind", *kind),
        ("stage", stage.map(Stage::word)),
        ("action_kind", action_kind.as_ref().map(ActionKind::word)),
        ("node", node.as_ref().map(NodeId::as_str)),
    ];
    let fields = fields.into_iter().filter_map(|(name, text)| text.map(|text| term(name, text)));
    let words = text.iter().flat_map(|text| text.words().iter().cloned());
    let mut terms: Vec<String> = fields.chain(words).collect();
    if terms.is_empty() && kinds.is_empty() {
        return None;
    }
    terms.extend(action.as_ref().map(ActionId::to_string).map(|id| term("action", &id)));
    // No term holds a quote, and each is one token.
    let quoted = |term: &String| format!("\"{term}\"");
    let mut all: Vec<String> = terms.iter().map(quoted).collect();
    if !kinds.is_empty() {
        let kinds: Vec<_> = kinds.iter().map(|kind| quoted(&term("kind", kind))).collect();
        all.push(format!("({})", kinds.join(" OR ")));
    }
    Some(all.join(" AND "))
}

/// The record that declared a freeze under this id, where there is one.
pub(super) fn declared(
    connection: &Connection,
    freeze_id: &ActionId,
) -> Result<Option<u64>, LedgerError> {
    let sql = "SELECT rowid FROM entry_index WHERE entry_index MATCH ?1 ORDER BY rowid LIMIT 1";
    let quoted = format!("\"{}\"", term("freeze", &freeze_id.to_string()));
    Ok(connection.prepare_cached(sql)?.query_row([quoted], |row| row.get(0)).optional()?)
}

/// What people and programs said in a record. Names, times and hashes are found by their fields.
fn texts(entry: &Entry) -> Vec<Cow<'_, str>> {
    let changes = match entry {
        Entry::Stale { moved, .. } => moved.as_slice(),
        Entry::Executed { differences, .. } => differences,
        _ => &[],
    };
    let words =
        |change: &FactChange| [change.name(), change.before.to_string(), change.after.to_string()];
    let changes = changes.iter().flat_map(words).map(Cow::Owned);
    changes.chain(said(entry).into_iter().map(Cow::Borrowed)).collect()
}

fn said(entry: &Entry) -> Vec<&str> {
    match entry {
        Entry::Boot { version, cluster, note, settings, .. } => {
            let changed = settings.iter().flat_map(|settings| &settings.changed);
            [version, cluster, note]
                .into_iter()
                .map(String::as_str)
                .chain(changed.map(|change| change.name.as_str()))
                .collect()
        }
        Entry::Founded { version, cluster, .. } => vec![version, cluster],
        Entry::Restored { version, cluster, backup, .. } => vec![version, cluster, backup],
        Entry::Requested { reason, .. }
        | Entry::Withdrawn { reason }
        | Entry::Finding { evidence: reason, .. }
        | Entry::SettleRequested { reason }
        | Entry::Frozen { reason, .. }
        | Entry::Unfrozen { reason, .. }
        | Entry::LogKeyRotated { reason, .. } => vec![reason.as_str()],
        Entry::Executed { receipt, .. } => vec![receipt.result.as_str()],
        Entry::Refused { refusal } => vec![&refusal.rule, &refusal.sentence],
        Entry::Unknown { why } => vec![why],
        Entry::Voided { tombstone } => vec![&tombstone.result],
        Entry::Declined { attempt, refusal } | Entry::Denied { attempt, refusal, .. } => {
            vec![attempt, refusal.code.id(), &refusal.sentence]
        }
        Entry::AccountCreated { name, role, identity } => {
            let identity = identity.iter().flat_map(|who| [&*who.issuer, &*who.subject]);
            [name.as_str(), role.word()].into_iter().chain(identity).collect()
        }
        Entry::AccountRemoved { name, role, .. } => vec![name.as_str(), role.word()],
        Entry::MismatchAccepted { kinds, reason, os_user, .. } => {
            let kinds = kinds.iter().map(|kind| kind.word());
            kinds.chain([reason.as_str(), os_user.as_str()]).collect()
        }
        Entry::SignedIn { by } => vec![by.word()],
        Entry::SignInFailed { name } => vec![name],
        Entry::TokenIssued { name, .. }
        | Entry::TokenRevoked { name }
        | Entry::LinkIssued { name, .. } => vec![name.as_str()],
        Entry::AccessEnded { tokens, .. } => tokens.iter().map(ActorName::as_str).collect(),
        Entry::PasswordChanged { name, .. } | Entry::SessionsEnded { name, .. } => {
            vec![name.as_str()]
        }
        Entry::RoleChanged { name, from, to, .. } => vec![name.as_str(), from.word(), to.word()],
        Entry::Explained { .. }
        | Entry::Rejected { .. }
        | Entry::Stale { .. }
        | Entry::FirstConfirmed { .. }
        | Entry::Confirmed { .. }
        | Entry::Dispatched { .. }
        | Entry::Duplicate { .. }
        | Entry::SetupLinkIssued {}
        | Entry::LinkUsed { .. }
        | Entry::LinkRevoked { .. }
        | Entry::ProvedAgain {}
        | Entry::Stopped { .. }
        | Entry::SignedOut {} => Vec::new(),
    }
}
