//! What is done to a data directory without serving it: by a command beside the server, or while
//! none runs.

use super::host_user::host_user;
use super::{ServeError, SystemDeps, config};
use crate::files::private::check_directory;
use crate::ledger::{Ledger, open_key};
use crate::model::text::Reason;
use crate::store::{DATABASE_FILE, Store, StoreError};
use crate::workflow;
use crate::workflow::access::Access;
use crate::workflow::log_key::Rotated;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where everything that lasts is kept, by the settings and the command line.
///
/// # Errors
/// When the settings cannot be used, or there are none and no directory was named.
pub fn data_dir(config: Option<&Path>, data: Option<&Path>) -> Result<PathBuf, ServeError> {
    match data {
        Some(data) => Ok(data.to_owned()),
        None => Ok(config::load(config::find(config).as_deref(), &[])?.data),
    }
}

/// The accounts in a data directory, for a command that runs beside the server or without one. Its
/// records name who runs it, and why where that is given.
///
/// # Errors
/// When the directory cannot be opened.
pub fn access(
    config: Option<&Path>,
    data: Option<&Path>,
    reason: Option<Reason>,
) -> Result<Access, ServeError> {
    let dir = data_dir(config, data)?;
    private(&dir)?;
    let store = Store::open_beside(&dir)?;
    let ambient = SystemDeps::of_this_machine();
    let ledger = signing(&store, &dir, &ambient)?.on_host(host_user(reason));
    Ok(Access::new(ledger, ambient.clock, ambient.entropy, ambient.password_cost))
}

/// Sees that nobody but its owner reaches what is in a data directory that exists.
pub(super) fn private(dir: &Path) -> Result<(), ServeError> {
    if dir.exists() {
        check_directory(dir).map_err(StoreError::from)?;
    }
    Ok(())
}

/// The log of a directory, with the key that it names: a command signs what it appends as a server does.
fn signing(store: &Store, dir: &Path, ambient: &SystemDeps) -> Result<Ledger, ServeError> {
    let ledger = Ledger::open(store, Arc::clone(&ambient.clock))?;
    let Some(named) = ledger.reader().log_key()? else { return Ok(ledger) };
    let signer = open_key(dir, named.name(), Some(&named), &*ambient.entropy)?;
    Ok(ledger.signing(signer))
}

/// Gives the log in a data directory another key, while no control plane runs on it.
///
/// # Errors
/// When there is no log, a control plane runs, or the key cannot be changed.
pub async fn rotate_log_key(
    config: Option<&Path>,
    data: Option<&Path>,
    reason: Reason,
) -> Result<Rotated, ServeError> {
    let dir = data_dir(config, data)?;
    private(&dir)?;
    let database = dir.join(DATABASE_FILE);
    if let Err(source) = std::fs::metadata(&database) {
        let what = format!("there is no log at {}", database.display());
        return Err(ServeError::Io { what, source });
    }
    let ambient = SystemDeps::of_this_machine();
    let store = match Store::open(&dir) {
        Err(StoreError::Locked { .. }) => {
            let store = Store::open_beside(&dir)?;
            let ledger = signing(&store, &dir, &ambient)?.on_host(host_user(None));
            let declined = workflow::log_key::decline_rotation(&ledger, &reason).await?;
            return Err(ServeError::Refused(declined));
        }
        opened => opened?,
    };
    let ledger = Ledger::open(&store, ambient.clock)?.on_host(host_user(None));
    Ok(workflow::log_key::rotate_log_key(ledger, &dir, &*ambient.entropy, reason).await?)
}
