//! What the settings alone make a start refuse: looked at before anything is opened, listened on or asked, and
//! by a command that starts nothing.

use super::ServeError;
use super::config::{
    self, Config, ConfigError, KernelSettings, SettingInForce, SettingOverride, SettingProblem,
    SettingSource,
};
use super::founding;
use super::tls::{self, ServerCertificate};
use crate::kernel::postgres::connection::Dialer;
use crate::model::ambient::{Clock as _, Timestamp};
use crate::serve::ambient::SystemClock;
use crate::web::render::check_site;
use std::path::{Path, PathBuf};

/// What a start finds in its settings and in the files that they name.
pub(super) struct Preflight {
    /// The certificate, where there is one and nothing is wrong with it.
    pub(super) certified: Option<ServerCertificate>,
    /// Why it does not start, in the order in which a start looks.
    pub(super) refused: Vec<ServeError>,
}

/// Looks at the settings and reads the files that they name. Nothing is opened in the data directory, no
/// port is taken, and nobody is asked.
pub(super) fn of(config: &Config, now: Timestamp) -> Preflight {
    let mut refused = Vec::new();
    let (reach, console) = (&config.reach, config.leptos.site_addr);
    // What the program carries was looked at as it was read.
    if config.embedded.is_none() {
        refused.extend(check_site(&config.leptos).err().map(ServeError::from));
    }
    refused.extend(reach.permits("the console", console).err());
    let observers = config.observer_listen;
    let permitted = observers.map(|at| reach.permits("the console of observers", at));
    refused.extend(permitted.and_then(Result::err));
    match &config.kernel {
        // It asks nobody who they are, so no setting opens it.
        KernelSettings::Embedded { data_api, .. } if !data_api.ip().is_loopback() => {
            refused.push(ServeError::NotLoopback { what: "the data API", address: *data_api });
        }
        KernelSettings::Embedded { .. } => {}
        KernelSettings::Postgres(settings) => {
            let dialer = Dialer::new(&founding::postgres_of(config, settings));
            refused.extend(dialer.err().map(ServeError::from));
        }
    }
    let certified = match reach.tls.as_ref().map(|files| tls::load(files, now)) {
        None => None,
        Some(Ok(certified)) => Some(certified),
        Some(Err(error)) => {
            refused.push(error);
            None
        }
    };
    let mut providers = config.providers.clone();
    providers.served_at(reach.url(console));
    refused.extend(providers.open(console, reach, config.reauth_lifetime).err());
    Preflight { certified, refused }
}

/// Every setting as a server with these options would have it, and the file that was read, if any was.
///
/// # Errors
/// With all that is wrong with them.
pub fn settings_in_force(
    named: Option<&Path>,
    overrides: &[SettingOverride],
) -> Result<(Option<PathBuf>, Vec<SettingInForce>), ConfigError> {
    let path = config::find(named);
    let config = config::load(path.as_deref(), overrides)?;
    Ok((path, config.in_force))
}

/// What a look at a settings file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFileReport {
    /// The variables of the environment that win over a key of it.
    pub variables: Vec<String>,
    /// All that is wrong; a start refuses each.
    pub problems: Vec<SettingProblem>,
}

/// Says what is wrong with a settings file, under the variables of this environment, as a start would.
/// Nothing is started, opened or asked; the files that it names are read. `site` is what the program carries.
#[must_use]
pub fn check_settings(path: &Path, site: Option<&'static [u8]>) -> SettingsFileReport {
    let of_file = |what: String| SettingProblem { place: path.display().to_string(), what };
    let config = match config::load(Some(path), &[]) {
        Ok(config) => config.carrying(site).map_err(|error| vec![of_file(error.to_string())]),
        Err(ConfigError::Refused(problems)) => Err(problems),
        Err(ConfigError::Unreadable { source, .. }) => Err(vec![of_file(source.to_string())]),
        Err(error) => Err(vec![of_file(error.to_string())]),
    };
    match config {
        Ok(config) => {
            let refused = of(&config, SystemClock.now()).refused;
            let variable = |setting: SettingInForce| match setting.source {
                SettingSource::Variable(name) => Some(name),
                SettingSource::Default | SettingSource::File(_) | SettingSource::Flag(_) => None,
            };
            SettingsFileReport {
                variables: config.in_force.into_iter().filter_map(variable).collect(),
                problems: refused.iter().map(|error| of_file(error.to_string())).collect(),
            }
        }
        Err(problems) => SettingsFileReport { variables: Vec::new(), problems },
    }
}
