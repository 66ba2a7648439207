//! The one place where a record gets the name of a person.
//!
//! Whoever acts is looked at again in the transaction that appends the record (C3.1): between the head
//! of a request and its turn a role is taken, an account removed, a session ended. Then nothing is
//! appended but the denial. `tests/source/layers.rs` holds that no other file names a person in a draft.
//!
//! What came of an order that was sent is appended without that look: it happened, whatever became of
//! whoever confirmed it, and a record that is missing would make it unknown (C7.3).

use super::access::Failed;
use crate::authority::{Authority, Authorized, Operator};
use crate::crash::{InjectedBug, has_injected_bug};
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::model::action::ActionId;
use crate::model::actor::Actor;
use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use rusqlite::Transaction;

/// What is recorded, with the bytes that it names.
pub(super) type Entries = Vec<(Entry, Vec<Vec<u8>>)>;

/// Appends in one transaction what an operator does, if they still may and `holds` says so too; durable
/// when this returns.
///
/// # Errors
/// When they may not any more, `holds` refuses, or the ledger does. Nothing was appended then.
pub(super) async fn act(
    (ledger, authority): (&Ledger, &Authority),
    operator: &Operator,
    action_id: Option<ActionId>,
    entries: Entries,
    holds: impl FnOnce(&Authorized<'_>) -> Result<(), Refusal> + Send + 'static,
) -> Result<Vec<StoredRecord>, Failed> {
    if has_injected_bug(InjectedBug::AuthorityBeforeBody) {
        let drafts = drafts(operator.actor(), action_id, entries);
        return Ok(ledger.append(drafts).await?);
    }
    let (claim, appending) = (authority.claim(operator), ledger.clone());
    let appended = ledger.store().write(move |tx| -> Result<_, Failed> {
        let who = claim.authorize(tx, appending.now())?;
        holds(&who)?;
        Ok(appending.append_in(tx, drafts(who.actor(), action_id, entries))?)
    });
    appended.await
}

/// Appends what an operator does besides rows of their own, in the transaction of these.
pub(super) fn act_in(
    tx: &Transaction<'_>,
    ledger: &Ledger,
    who: &Authorized<'_>,
    (entry, issued): (Entry, Option<Hash>),
) -> Result<(), Failed> {
    let draft = Draft::new(Some(who.actor().clone()), None, entry).marked(issued, None);
    ledger.append_in(tx, vec![draft])?;
    Ok(())
}

/// Appends that somebody came or went: the rows that this transaction wrote say who it was. The record
/// names by a hash what was stored of a password, a secret or a session, and what of one was ended.
pub(super) fn came_or_went(
    tx: &Transaction<'_>,
    ledger: &Ledger,
    actor: Actor,
    entry: Entry,
    [issued, ended]: [Option<Hash>; 2],
) -> Result<(), Failed> {
    let is_of_that = matches!(
        entry,
        Entry::AccountCreated { .. }
            | Entry::RoleChanged { .. }
            | Entry::SignedIn { .. }
            | Entry::SignedOut {}
            | Entry::ProvedAgain {}
            | Entry::LinkUsed { .. }
            | Entry::AccessEnded { .. }
    );
    assert!(is_of_that, "{} is an act, and needs a second look", entry.word());
    let draft = Draft::new(Some(actor), None, entry).marked(issued, ended);
    ledger.append_in(tx, vec![draft])?;
    Ok(())
}

/// Appends what came of asking the kernel, under the name of whoever asked.
pub(super) async fn outcome(
    ledger: &Ledger,
    operator: &Operator,
    id: ActionId,
    entry: Entry,
    blobs: Vec<Vec<u8>>,
) -> Result<Vec<StoredRecord>, LedgerError> {
    let is_outcome = matches!(
        entry,
        Entry::Executed { .. }
            | Entry::Refused { .. }
            | Entry::Unknown { .. }
            | Entry::Voided { .. }
            | Entry::Declined { .. }
    );
    assert!(is_outcome, "{} is an act, and needs a second look", entry.word());
    ledger.append(drafts(operator.actor(), Some(id), vec![(entry, blobs)])).await
}

/// Appends that somebody tried what they may not.
pub(super) async fn denial(
    ledger: &Ledger,
    actor: Option<Actor>,
    attempt: String,
    refusal: Refusal,
) -> Result<(), LedgerError> {
    let action_id = refusal.action_id;
    let entry = Entry::Denied { attempt, refusal, times: None };
    ledger.append(vec![Draft::new(actor, action_id, entry)]).await?;
    Ok(())
}

fn drafts(actor: &Actor, action_id: Option<ActionId>, entries: Entries) -> Vec<Draft> {
    let draft = |(entry, blobs): (Entry, Vec<Vec<u8>>)| {
        Draft::new(Some(actor.clone()), action_id, entry).with_blobs(blobs)
    };
    entries.into_iter().map(draft).collect()
}
