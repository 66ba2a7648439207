//! The log of a cluster that was made from a backup: its first record says from which, to where, and who
//! did it.

use super::host_user::host_user;
use super::{ServeError, SystemDeps};
use crate::kernel::embedded::restore::Restored;
use crate::ledger::{Draft, Ledger, open_key};
use crate::model::canonical::Hash;
use crate::model::record::Entry;
use crate::model::text::Reason;
use crate::store::Store;
use std::path::Path;
use std::sync::Arc;

/// The file of a backup that says what is in it.
const MANIFEST: &str = "manifest.json";

/// Makes the log of a cluster that was restored into a directory, and answers the key that signs it.
///
/// # Errors
/// When the log cannot be made. A start refuses a cluster without its log.
pub async fn record_restored(
    into: &Path,
    backup: &Path,
    restored: &Restored,
    reason: Option<Reason>,
) -> Result<String, ServeError> {
    let ambient = SystemDeps::of_this_machine();
    let manifest = backup.join(MANIFEST);
    let bytes = std::fs::read(&manifest).map_err(|source| ServeError::Io {
        what: format!("cannot read {}", manifest.display()),
        source,
    })?;
    let store = Store::found(into)?;
    let ledger = Ledger::open(&store, Arc::clone(&ambient.clock))?;
    let (_, cluster) = restored.name.split_once(' ').unwrap_or(("", &restored.name));
    let name = format!("aerodb/{cluster}/{}", restored.cluster_id);
    let signer = open_key(into, &name, None, &*ambient.entropy)?;
    let log_key = signer.public().to_string();
    let entry = Entry::Restored {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: format!("{} ({})", restored.name, restored.cluster_id),
        backup: backup.display().to_string(),
        digest: Hash::of(&bytes),
        position: restored.position,
        log_key: log_key.clone(),
    };
    let ledger = ledger.signing(signer).on_host(host_user(reason));
    ledger.append(vec![Draft::new(None, None, entry)]).await?;
    Ok(log_key)
}
