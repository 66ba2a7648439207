//! Somebody at the host accepts that log and kernel do not say the same, by name and on record
//! (C9.5). No control plane may run meanwhile: the lock on the data directory is held from the
//! comparison to the record, so what is accepted is what was read. The kernel does not start: nothing in
//! its files changes, whether something is accepted or not.

use super::kernels::StoppedCore;
use super::{ServeError, SystemDeps, config, hold, witness};
use crate::cross_check::Depth;
use crate::kernel::embedded::OpenError;
use crate::ledger::{Ledger, existing_key};
use crate::model::answer::StoredRecord;
use crate::model::finding::Mismatch;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::Reason;
use crate::store::Store;
use crate::workflow;
use std::path::Path;
use std::sync::Arc;

/// A data directory that was compared, and is still locked.
pub struct Examined {
    ledger: Ledger,
    mismatch: Mismatch,
    cluster: String,
    // Its files are read only, and nobody else opens them, until the record is durable.
    _kernel: StoppedCore,
}

/// Compares log and kernel of a data directory that nobody serves.
///
/// # Errors
/// When a control plane runs on it, or a side cannot be opened.
pub async fn examine(named: Option<&Path>, data: Option<&Path>) -> Result<Examined, ServeError> {
    let said = config::SettingOverride::data(data)?;
    let config = config::load(config::find(named).as_deref(), &said)?;
    examine_with(&config, SystemDeps::of_this_machine()).await
}

/// The same, with these settings.
///
/// # Errors
/// As [`examine`].
pub async fn examine_with(
    config: &config::Config,
    ambient: SystemDeps,
) -> Result<Examined, ServeError> {
    let kernel_dir = config.data.join("kernel");
    if !kernel_dir.is_dir() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::Io { doing: "open", path: kernel_dir, source }.into());
    }
    let store = Store::open(&config.data)?;
    let ledger = Ledger::open(&store, Arc::clone(&ambient.clock))?;
    let hold::StartComparison { kernel, mismatch } =
        hold::compared(config, &ledger, &ambient).await?;
    let named = ledger.reader().log_key()?;
    let signer = match &named {
        Some(named) => existing_key(&config.data, Some(named))?,
        None => None,
    };
    let ledger = match signer {
        Some(signer) => ledger.signing(signer),
        None => ledger,
    };
    let cluster = kernel.identity().cluster.to_string();
    Ok(Examined { ledger, mismatch, cluster, _kernel: kernel })
}

/// Records that a cluster was restored on purpose: its kernel holds receipts of the cluster that the
/// backup was made of, and its own log holds none of them. `None` where there were none.
///
/// # Errors
/// When the directory cannot be opened, there is more than can be named, or the record cannot be made
/// durable. The cluster stands, and its first start holds until this is accepted.
pub async fn accept_restored(
    dir: &Path,
    reason: Reason,
    os_user: String,
) -> Result<Option<StoredRecord>, ServeError> {
    let store = Store::open(dir)?;
    let ledger = Ledger::open(&store, SystemDeps::of_this_machine().clock)?;
    let named = ledger.reader().log_key()?;
    let ledger = match existing_key(dir, named.as_ref())? {
        Some(signer) => ledger.signing(signer),
        None => ledger,
    };
    let (log, tables) = (ledger.reader(), store.reader());
    let kernel = witness::stopped(dir)?;
    let (_kernel, mismatch) = kernel.compare(&log, &tables, Depth::Start).await?;
    if mismatch.is_empty() {
        return Ok(None);
    }
    if !mismatch.can_be_accepted() {
        let sentence = format!("Found: {mismatch}. That is more than a record names.");
        return Err(Refusal::new(RefusalCode::Rejected, sentence).into());
    }
    Ok(Some(workflow::acceptance::accept(&ledger, &mismatch, reason, os_user).await?))
}

impl Examined {
    /// What was found and no record accepts.
    #[must_use]
    pub fn mismatch(&self) -> &Mismatch {
        &self.mismatch
    }

    /// The name of the cluster, which is typed to accept.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Records that exactly this was accepted, and gives the record.
    ///
    /// # Errors
    /// When nothing was found, when two histories were, when another name was typed, or the record
    /// cannot be made durable. Nothing was accepted then.
    pub async fn accept(
        self,
        typed: &str,
        reason: Reason,
        os_user: String,
    ) -> Result<StoredRecord, ServeError> {
        let Self { ledger, mismatch, cluster, _kernel } = self;
        if mismatch.is_empty() {
            let sentence = "Log, kernel and access rights say the same. Nothing was accepted.";
            return Err(Refusal::new(RefusalCode::NotFound, sentence).into());
        }
        if !mismatch.can_be_accepted() {
            let sentence = format!(
                "Found: {mismatch}. Two histories, or more than can be named, are not accepted in \
                 place. Nothing was accepted: restore the side that is wrong, the audit log \
                 (control.sqlite) or the kernel (the folder kernel), from a copy that matches the other."
            );
            return Err(Refusal::new(RefusalCode::Rejected, sentence).into());
        }
        if typed != cluster {
            let sentence =
                "The name that was typed is not that of the cluster. Nothing was accepted.";
            return Err(Refusal::new(RefusalCode::TargetMistyped, sentence)
                .with_evidence(typed, cluster)
                .into());
        }
        ledger.store().accept_with_next_write().await?;
        Ok(workflow::acceptance::accept(&ledger, &mismatch, reason, os_user).await?)
    }
}
