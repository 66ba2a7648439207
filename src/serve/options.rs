//! What a server is told on the command line.

use super::config::SettingOverride;
use super::{Announcement, log_stream};
use std::path::PathBuf;

/// What a server is told on the command line.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The settings file.
    pub config: Option<PathBuf>,
    /// What is said instead of the file and of the environment.
    pub overrides: Vec<SettingOverride>,
    /// In which form records are told on standard error.
    pub log: log_stream::LogFormat,
    /// The site that the program carries; `None`: it is in a folder.
    pub site: Option<&'static [u8]>,
    /// In which form it is said on standard output where it is served.
    pub announcement: Announcement,
}
