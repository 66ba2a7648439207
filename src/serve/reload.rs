//! Reads the settings and the certificate again while the server runs, when it is told to (SIGHUP).
//!
//! Another certificate is served from then on. What else changed in the file is named and stays as it
//! was at the start: who may act, and how, changes with a start, which is on record. Where anything
//! cannot be read, everything stays as it was.

use super::config::{SettingInForce, SettingOverride};
use super::stop::Reload;
use super::{config, tls};
use crate::metrics::CertificateExpiry;
use crate::model::ambient::Clock;
use axum_server::tls_rustls::RustlsConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tracing::{error, info, warn};

/// The settings that are in force without a restart, where connections are encrypted already.
const RELOADED: [&str; 2] = ["control.tls-cert", "control.tls-key"];

/// What a running server needs to read its files again.
pub(super) struct Reloader {
    /// The settings file, where there is one.
    pub(super) path: Option<PathBuf>,
    /// What the command line said instead of it.
    pub(super) overrides: Vec<SettingOverride>,
    /// The settings as they were at the start: each with its value.
    pub(super) in_force: BTreeMap<String, String>,
    /// What the listeners encrypt with; `None` where they do not.
    pub(super) tls: Option<RustlsConfig>,
    /// Until when that is valid, for the figures.
    pub(super) expiry: CertificateExpiry,
    /// The clock that certificates are judged by.
    pub(super) clock: Arc<dyn Clock>,
}

impl Reloader {
    /// Reads again each time it is told to.
    pub(super) async fn follow(mut self, mut signal: Reload) {
        loop {
            signal.told().await;
            self.again();
        }
    }

    fn again(&mut self) {
        let read = config::load(self.path.as_deref(), &self.overrides);
        let mut read = match read {
            Ok(read) => read,
            Err(why) => {
                error!("Nothing was reloaded: {why}. The settings and the certificate stay.");
                return;
            }
        };
        let now = values(&read.in_force);
        if let (Some(tls), Some(files)) = (&self.tls, read.reach.tls.take()) {
            match tls::load(&files, self.clock.now()) {
                Ok(certified) => {
                    tls.reload_from_config(certified.config);
                    self.expiry.set(certified.not_after.millis() / 1_000);
                    for key in RELOADED {
                        take_over(&mut self.in_force, &now, key);
                    }
                    let until = certified.not_after;
                    info!("The certificate was reloaded. It is valid until {until}.");
                }
                Err(why) => error!("The certificate was not reloaded: {why}. The last one stays."),
            }
        }
        let changed = changed(&self.in_force, &now);
        if changed.is_empty() {
            info!("The settings were read again and did not change.");
        } else {
            warn!("These settings changed and need a restart: {}.", changed.join(", "));
        }
    }
}

/// Each setting with its value, whatever it came from.
pub(super) fn values(settings: &[SettingInForce]) -> BTreeMap<String, String> {
    settings.iter().map(|setting| (setting.name.clone(), setting.value.clone())).collect()
}

fn take_over(into: &mut BTreeMap<String, String>, from: &BTreeMap<String, String>, key: &str) {
    match from.get(key) {
        Some(value) => into.insert(key.to_owned(), value.clone()),
        None => into.remove(key),
    };
}

/// The keys with another value, and those that only one of both has.
fn changed(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != now.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_came_went_or_has_another_value_has_changed() {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let before = map(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let now = map(&[("a", "1"), ("b", "3"), ("d", "3")]);
        assert_eq!(changed(&before, &now), ["b", "c", "d"]);
        assert!(changed(&before, &before).is_empty());
    }
}
