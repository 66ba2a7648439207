//! What the command line may say of a server instead of the settings file.

use super::config::Config;
use super::{Announcement, ServeError, listen_policy, log_stream};
use crate::authority::ReauthLifetime;
use crate::model::text::PlaceName;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the command line may say instead of the settings file.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The settings file.
    pub config: Option<PathBuf>,
    /// Where everything that lasts is kept.
    pub data: Option<PathBuf>,
    /// Where the console listens.
    pub listen: Option<SocketAddr>,
    /// Where observers alone are served.
    pub observer_listen: Option<SocketAddr>,
    /// Where the embedded kernel serves data.
    pub data_listen: Option<SocketAddr>,
    /// How many nodes a new cluster is founded with.
    pub nodes: Option<u64>,
    /// The name of the environment.
    pub environment: Option<String>,
    /// For how many minutes a proof of identity is recent.
    pub reauth_minutes: Option<u32>,
    /// How the console can be reached.
    pub reach: listen_policy::ListenOverrides,
    /// In which form records are told on standard error.
    pub log: log_stream::LogFormat,
    /// In which form it is said on standard output where it is served.
    pub announcement: Announcement,
}

impl ServeOptions {
    /// Lays this over the settings file.
    ///
    /// # Errors
    /// When a value cannot be.
    pub(super) fn over(self, config: &mut Config) -> Result<(), ServeError> {
        if let Some(data) = self.data {
            config.data = data;
        }
        if let Some(listen) = self.listen {
            config.leptos.site_addr = listen;
        }
        if let Some(listen) = self.data_listen {
            config.kernel.serve_data_on(listen)?;
        }
        if let Some(listen) = self.observer_listen {
            config.observer_listen = Some(listen);
        }
        if let Some(nodes) = self.nodes {
            config.kernel.exactly(nodes)?;
        }
        if let Some(name) = self.environment {
            config.environment = PlaceName::parse_field("environment", &name)?;
        }
        if let Some(minutes) = self.reauth_minutes {
            config.reauth_lifetime = ReauthLifetime::of_minutes(minutes)?;
        }
        self.reach.over(&mut config.reach)?;
        Ok(())
    }
}
