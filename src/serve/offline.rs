//! What is done to a data directory without serving it: by a command beside the server, or while
//! none runs.

use super::{Ambient, ServeError, config};
use crate::ledger::Ledger;
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
/// When there are no settings and no directory was named.
pub fn data_dir(config: Option<&Path>, data: Option<&Path>) -> Result<PathBuf, ServeError> {
    match data {
        Some(data) => Ok(data.to_owned()),
        None => Ok(config::load(&config::find(config)?)?.data),
    }
}

/// The accounts in a data directory, for a command that runs beside the server or without one.
///
/// # Errors
/// When the directory cannot be opened.
pub fn access(config: Option<&Path>, data: Option<&Path>) -> Result<Access, ServeError> {
    let store = Store::open_beside(&data_dir(config, data)?)?;
    let ambient = Ambient::of_this_machine();
    let ledger = Ledger::open(&store, Arc::clone(&ambient.clock))?;
    Ok(Access::new(ledger, ambient.clock, ambient.entropy, ambient.password_cost))
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
    let database = dir.join(DATABASE_FILE);
    if let Err(source) = std::fs::metadata(&database) {
        let what = format!("there is no log at {}", database.display());
        return Err(ServeError::Io { what, source });
    }
    let ambient = Ambient::of_this_machine();
    let store = match Store::open(&dir) {
        Err(StoreError::Locked { .. }) => {
            let ledger = Ledger::open(&Store::open_beside(&dir)?, ambient.clock)?;
            let declined = workflow::log_key::decline_rotation(&ledger, &reason).await?;
            return Err(ServeError::Refused(declined));
        }
        opened => opened?,
    };
    let ledger = Ledger::open(&store, ambient.clock)?;
    Ok(workflow::log_key::rotate_log_key(ledger, &dir, &*ambient.entropy, reason).await?)
}
