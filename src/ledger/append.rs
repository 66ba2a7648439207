//! Appends records: one transaction for all of a step, durable when it is answered.

use super::chain::{clock_back_ms, named_key, parse};
use super::error::malformed;
use super::note::LogSigner;
use super::prove::{log_key, store_head};
use super::read::{LedgerReader, last, standing_freeze};
use super::rotation::rotate;
use super::step::{insert_step, legal_step};
use super::tree::{Tree, TreeHead};
use super::{LedgerError, blob, index, tiles};
use crate::model::action::ActionId;
use crate::model::actor::Actor;
use crate::model::ambient::{Clock, Timestamp};
use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::model::record::{Entry, HostUser, LEAF_BYTES_MAX, RECORD_VERSION, Record};
use crate::model::text::Reason;
use crate::store::Store;
use rusqlite::{Transaction, params};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A record that has no place in the log yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who acts; `None` where the system records something about itself.
    pub actor: Option<Actor>,
    /// The action that it belongs to.
    pub action_id: Option<ActionId>,
    /// What happened, by kind.
    pub entry: Entry,
    /// The bytes whose hashes the entry names, where they are not stored already.
    pub blobs: Vec<Vec<u8>>,
    /// A hash over what the same transaction stores of a password, a secret or a session.
    pub issued: Option<Hash>,
    /// The same of a session that it ends or gives another secret.
    pub ended: Option<Hash>,
}

impl Draft {
    /// A draft that names no blob.
    #[must_use]
    pub fn new(actor: Option<Actor>, action_id: Option<ActionId>, entry: Entry) -> Self {
        Self { actor, action_id, entry, blobs: Vec::new(), issued: None, ended: None }
    }

    /// The same draft, with what its transaction stores of a password, a secret or a session, and what
    /// it ends.
    #[must_use]
    pub fn marked(self, issued: Option<Hash>, ended: Option<Hash>) -> Self {
        Self { issued, ended, ..self }
    }

    /// The same draft with the bytes of what it names.
    #[must_use]
    pub fn with_blobs(mut self, blobs: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.blobs.extend(blobs);
        self
    }
}

/// The log, for those who may write it. Clones write the same log.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    clock: Arc<dyn Clock>,
    reader: LedgerReader,
    signer: Option<Arc<LogSigner>>,
    host: Option<Arc<HostUser>>,
    /// The tree as it was at the last append, so that the next one reads only what came after. Only
    /// records that are durable are in it.
    tree: Arc<Mutex<Tree>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Ledger {
    /// The log in this store, without a key: it is read, and takes records only while it names none.
    /// Its times come from `clock`, whose name every record carries (C9.1).
    ///
    /// # Errors
    /// When the stages in the file are not those of this program, or the last record or the edge of
    /// the tree is damaged. Nothing else is read: a long log opens as fast as a short one.
    pub fn open(store: &Store, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let reader = LedgerReader::new(store.reader());
        reader.check_stages()?;
        reader.head()?;
        let tree = store.reader().read(|c| tiles::resume(c, tiles::size(c)?))?;
        let tree = Arc::new(Mutex::new(tree));
        Ok(Self { store: store.clone(), clock, reader, signer: None, host: None, tree })
    }

    /// The same log, with the key that it names, or that its first record is about to name.
    #[must_use]
    pub fn signing(mut self, signer: LogSigner) -> Self {
        let signer = Arc::new(signer);
        self.reader = self.reader.signing(Arc::clone(&signer));
        self.signer = Some(signer);
        self
    }

    /// The same log, for a command on the host: its records name who ran it.
    #[must_use]
    pub fn on_host(self, user: HostUser) -> Self {
        Self { host: Some(Arc::new(user)), ..self }
    }

    /// The same log, for reading.
    #[must_use]
    pub fn reader(&self) -> LedgerReader {
        self.reader.clone()
    }

    /// The store that holds the log, for writes that belong into one transaction with a record.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The present time by the clock of the log.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Appends all drafts in one transaction, and resolves when they are durable (C6.4). The signed head
    /// of all records is in the same transaction: the newest head always covers the whole log, and a
    /// record without one is found out. A head leaves the process only after the commit, so a crash
    /// takes back nothing that anybody has seen.
    ///
    /// # Errors
    /// Nothing was written. [`LedgerError::Unavailable`] means that it is not known to be durable;
    /// [`LedgerError::NoKey`] that the log names a key and this value has none.
    pub async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<StoredRecord>, LedgerError> {
        let ledger = self.clone();
        let signer = self.signer.clone();
        let append = move |transaction: &Transaction<'_>| {
            ledger.append_first(transaction, drafts, signer.as_deref())
        };
        self.store.write(append).await
    }

    /// Gives the log another key: from this record on its heads are signed with `new`. This value and
    /// its clones sign with the old key and must not append any more, so it is spent.
    ///
    /// # Errors
    /// As [`Ledger::append`]; [`LedgerError::NoKey`] where the log was opened without a key.
    pub async fn rotate_key(
        self,
        actor: Actor,
        new: LogSigner,
        reason: Reason,
    ) -> Result<StoredRecord, LedgerError> {
        let store = self.store.clone();
        let appended = store.write(move |transaction| {
            let old = self.signer.as_ref().ok_or(LedgerError::NoKey)?;
            let tree = self.tree_in(transaction)?;
            let before = TreeHead { size: tree.size(), root: tree.root() };
            let entry = Entry::LogKeyRotated {
                old: old.public().to_string(),
                new: new.public().to_string(),
                reason,
                note: rotate(old, &new, before),
            };
            self.append_first(transaction, vec![Draft::new(Some(actor), None, entry)], Some(&new))
        });
        let appended = appended.await?;
        appended.into_iter().next().ok_or_else(|| malformed("nothing was appended"))
    }

    /// Appends in a transaction in which nothing was written yet, so what is there is durable.
    fn append_first(
        &self,
        transaction: &Transaction<'_>,
        drafts: Vec<Draft>,
        signer: Option<&LogSigner>,
    ) -> Result<Vec<StoredRecord>, LedgerError> {
        let durable = self.tree_in(transaction)?;
        *self.remembered() = durable.clone();
        self.append_to(transaction, durable, drafts, signer)
    }

    /// The tree over all records that this transaction sees.
    fn tree_in(&self, transaction: &Transaction<'_>) -> Result<Tree, LedgerError> {
        let mut tree = self.remembered().clone();
        // Another process may have appended: the commands on a data directory do.
        tiles::catch_up(&mut tree, transaction, tiles::size(transaction)?)?;
        Ok(tree)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Tree> {
        // It is replaced as a whole, so a panic elsewhere leaves nothing half done.
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends the drafts inside a transaction of [`Store::write`], so that other rows and their
    /// record become durable together or not at all. The head of all records is stored with them, as
    /// by [`Ledger::append`].
    ///
    /// # Errors
    /// As [`Ledger::append`]. The transaction must then be given up.
    pub fn append_in(
        &self,
        transaction: &Transaction<'_>,
        drafts: Vec<Draft>,
    ) -> Result<Vec<StoredRecord>, LedgerError> {
        // What another connection sees is durable; this transaction may have appended already.
        let mut durable = self.remembered().clone();
        let size = self.reader.reader.read(tiles::size)?;
        if size >= durable.size() {
            tiles::catch_up(&mut durable, transaction, size)?;
            *self.remembered() = durable;
        }
        let tree = self.tree_in(transaction)?;
        self.append_to(transaction, tree, drafts, self.signer.as_deref())
    }

    fn append_to(
        &self,
        transaction: &Transaction<'_>,
        mut tree: Tree,
        drafts: Vec<Draft>,
        signer: Option<&LogSigner>,
    ) -> Result<Vec<StoredRecord>, LedgerError> {
        let mut before = last(transaction)?;
        let at = self.clock.now();
        let mut appended = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let record = Record {
                v: RECORD_VERSION,
                seq: before.as_ref().map_or(0, |last| last.record.seq + 1),
                // What the clock read, also where it was set back: the order is that of the numbers.
                at,
                clock: self.clock.name().to_owned(),
                actor: draft.actor,
                action_id: draft.action_id,
                entry: draft.entry,
                prev: before.as_ref().map(|last| last.hash),
                host: self.host.as_deref().cloned(),
                clock_back_ms: before.as_ref().and_then(|last| clock_back_ms(last.record.at, at)),
                issued: draft.issued,
                ended: draft.ended,
            };
            check_key(transaction, &record.entry, &tree)?;
            let stored = insert(transaction, record, &draft.blobs)?;
            for tile in tree.push(stored.hash) {
                tiles::store(transaction, &tile)?;
            }
            before = Some(stored.clone());
            appended.push(stored);
        }
        match signer {
            Some(signer) => {
                store_head(transaction, signer, TreeHead { size: tree.size(), root: tree.root() })?;
            }
            None if log_key(transaction)?.is_some() => return Err(LedgerError::NoKey),
            None => {}
        }
        Ok(appended)
    }
}

/// A key that nobody could follow would break the log for ever.
fn check_key(transaction: &Transaction<'_>, entry: &Entry, tree: &Tree) -> Result<(), LedgerError> {
    if !matches!(
        entry,
        Entry::Boot { .. }
            | Entry::LogKeyRotated { .. }
            | Entry::Founded { .. }
            | Entry::Restored { .. }
    ) {
        return Ok(());
    }
    let before = log_key(transaction)?.map(|key| key.to_string());
    let head = || TreeHead { size: tree.size(), root: tree.root() };
    named_key(entry, before.as_deref(), head).map(drop).map_err(malformed)
}

fn insert(
    transaction: &Transaction<'_>,
    record: Record,
    blobs: &[Vec<u8>],
) -> Result<StoredRecord, LedgerError> {
    let leaf = record.leaf();
    if leaf.len() > LEAF_BYTES_MAX {
        let what = format!("a record of the kind {}", record.entry.word());
        return Err(LedgerError::TooLarge { what, bytes: leaf.len(), limit: LEAF_BYTES_MAX });
    }
    // What cannot be read back would break the log for ever.
    match parse(&leaf) {
        Ok(read) if read == record => {}
        Ok(_) => return Err(malformed("it reads back as another record")),
        Err(why) => return Err(malformed(why)),
    }
    let step = legal_step(transaction, &record)?;
    check_freeze(transaction, &record)?;
    let hash = Hash::of_leaf(&leaf);
    let about = index::about(transaction, &record)?;
    transaction
        .prepare_cached(
            "INSERT INTO entry (seq, at_ms, kind, actor, action, action_kind, node)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            record.seq,
            record.at.millis(),
            record.entry.word(),
            record.actor.as_ref().map(|actor| actor.name.as_str()),
            record.action_id.as_ref().map(ActionId::bytes),
            about.action_kind,
            about.node,
        ])?;
    transaction
        .prepare_cached("INSERT INTO leaf (seq, hash, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![record.seq, hash.bytes(), leaf])?;
    index::store(transaction, record.seq, &index::terms(&record, &about))?;
    store_blobs(transaction, &record, blobs)?;
    if let Some((id, from, to)) = step {
        insert_step(transaction, record.seq, id, from, to)?;
    }
    Ok(StoredRecord { record, hash })
}

/// A freeze is declared while none stands, lifted by its own number, and keeps out what would lead
/// to an execution. The triggers of the file hold the same rules.
fn check_freeze(transaction: &Transaction<'_>, record: &Record) -> Result<(), LedgerError> {
    match &record.entry {
        Entry::Frozen { .. } | Entry::Unfrozen { .. } if record.actor.is_none() => {
            Err(malformed("a freeze is declared and lifted by somebody"))
        }
        Entry::Frozen { .. }
        | Entry::Explained { .. }
        | Entry::FirstConfirmed { .. }
        | Entry::Confirmed { .. } => {
            if let Entry::Frozen { freeze_id: Some(id), .. } = &record.entry
                && let Some(seq) = index::declared(transaction, id)?
            {
                return Err(LedgerError::FreezeKnown { seq });
            }
            match standing_freeze(transaction)? {
                None => Ok(()),
                Some(freeze) => Err(LedgerError::Frozen { freeze }),
            }
        }
        Entry::Unfrozen { freeze, .. } => match standing_freeze(transaction)? {
            Some(stands) if stands.seq == *freeze => Ok(()),
            stands => Err(LedgerError::NoFreeze { asked: *freeze, stands }),
        },
        _ => Ok(()),
    }
}

/// The blobs of a record are exactly those that it names: nothing that it names is missing, and
/// nothing is stored that no record names (C9.3).
fn store_blobs(
    transaction: &Transaction<'_>,
    record: &Record,
    blobs: &[Vec<u8>],
) -> Result<(), LedgerError> {
    let named = record.entry.blobs();
    for bytes in blobs {
        if !named.contains(&Hash::of(bytes)) {
            return Err(malformed("it carries a blob that it does not name"));
        }
        blob::store(transaction, record.seq, bytes)?;
    }
    for hash in named {
        if !blob::is_stored(transaction, hash)? {
            return Err(malformed(format!("it names the blob {hash}, which is not there")));
        }
    }
    Ok(())
}
